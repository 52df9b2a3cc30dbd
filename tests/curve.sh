#!/bin/sh
# curve.sh CURVE.tsv OUT.svg [TITLE]: the curve that `tierce eval --curve` wrote, drawn by gnuplot.
tsv=$1 svg=$2 title=${3:-cost and quality}
xname=$(head -1 "$tsv" | cut -f2)
grep '^fixed' "$tsv" | cut -f2,3 | sort -g > "$svg.fixed"
grep '^router' "$tsv" | cut -f2,3 | sort -g > "$svg.router"
range=""
case $xname in *share*) range="set format x '%.0f %%'; scale = 100.0" ;; *) range="set format x '\$%g'; scale = 1.0" ;; esac
gnuplot <<G
set terminal svg size 760,460 dynamic enhanced font 'sans-serif,13' background '#ffffff'
set output '$svg'
set title '$title'
set xlabel '$xname'
set ylabel 'mean score'
set key bottom right
set grid lc rgb '#dddddd'
set tics nomirror
set border 3
set offsets graph 0.03, graph 0.1, graph 0.05, graph 0.05
$range
if (scale > 1) { set xrange [-4:110] }
plot '$svg.fixed' using (scale*\$1):2 with lines lw 2 dt 2 lc rgb '#888888' title 'random mix of the tiers', \
     '$svg.router' using (scale*\$1):2 with lines lw 3 lc rgb '#1f6fb2' title 'tierce', \
     '< grep ^fixed "$tsv"' using (scale*\$2):3 with points pt 7 ps 1.1 lc rgb '#b23a1f' title 'always one tier', \
     '< grep ^fixed "$tsv" | tr "\t" " "' using (scale*\$2):3:4 with labels left offset 1,-0.4 font ',12' notitle
G
status=$?
rm -f "$svg.fixed" "$svg.router"
exit $status
