#!/bin/sh
# APGR against the size of the model file: docs/size-curve.svg. curve.sh BUILD CORPUS.jsonl.gz TIER,TIER [SVG]
# Out-of-fold predictions (5 folds by crc32, everything shrunk inside each fold) judged by ../shared/peers/judge.py;
# predictions that are in BUILD/size already are taken as they are. Minutes to hours, as the machine has time.
B=$1 C=$2 T=$3 SVG=${4:-docs/size-curve.svg}
D=$B/size
mkdir -p "$D"
pair="$(echo "$T" | cut -d, -f1) $(echo "$T" | rev | cut -d, -f1 | rev)"
judge=${JUDGE:-../shared/peers/judge.py}
[ -f "$judge" ] && [ -f "$C" ] || { echo "curve.sh: needs $judge and the corpus" >&2; exit 2; }
predict() { # NAME EVAL-OPTIONS...
    name=$1
    shift
    [ -s "$D/$name.jsonl" ] || "${TIERCE:-$B/tierce}" eval -q --resamples 0 --folds 5 --tiers "$T" --predictions "$D/$name.jsonl" "$@" "$C" > "$D/$name.txt" || exit 1
    sed -n 's/.*largest model \([0-9]*\) bytes.*/\1/p' "$D/$name.txt"
}
: > "$D/points"
for s in ${SIZES:-8K 16K 32K 64K 128K}; do
    predict "$s" --size "$s" > "$D/bytes" || exit 1
    echo "$s $(numfmt --from=iec "$s") $D/$s.jsonl" >> "$D/points"
done
bytes=$(predict whole) || exit 1
echo "whole $bytes $D/whole.jsonl" >> "$D/points"
# shellcheck disable=SC2086
python3 "$judge" "$C" $pair "$D/whole.jsonl" $(awk '$1 != "whole" { print $3 }' "$D/points") > "$D/judge" || exit 1
if command -v fasttext > /dev/null 2>&1; then # two sizes of it: about 4 and about 1 MB for both tiers together
    [ -s "$D/fasttext.bytes" ] || python3 tests/size/fasttext.py "$C" "$T" "$D/fasttext" "$D/ft" 100000 24000 > "$D/fasttext.bytes" || exit 1
    while read -r cutoff bytes; do
        # shellcheck disable=SC2086
        python3 "$judge" "$C" $pair "$D/fasttext-$cutoff.jsonl" >> "$D/judge"
        echo "fastText $bytes $D/fasttext-$cutoff.jsonl" >> "$D/points"
    done < "$D/fasttext.bytes"
fi
cat "$D/judge"
awk 'NR == FNR { for (i = 1; i < NF; i++) if ($i == "APGR") a[$1] = $(i + 1); next } { print $1, $2, a[$3] }' "$D/judge" "$D/points" > "$D/plot"
grep -v fastText "$D/plot" | sort -k2n > "$D/ours"
grep fastText "$D/plot" > "$D/theirs"
command -v gnuplot > /dev/null 2>&1 || { echo "no gnuplot: no picture" >&2; exit 0; }
gnuplot <<G
set terminal svg size 760,420 dynamic enhanced font 'sans-serif,13' background '#ffffff'
set output '$SVG'
set title 'flash to pro, 18,038 recorded outcomes, out of fold'
set xlabel 'bytes of the model file'
set ylabel 'APGR (a random mix: 0.5)'
set logscale x 2
set format x '%.0b %BB'
set key bottom left
set xrange [6000:9000000]
set yrange [0.7:1]
set grid lc rgb '#dddddd'
set tics nomirror
set border 3
plot '$D/ours' using 2:3 with linespoints lw 2 pt 7 lc rgb '#1f6fb2' title 'tierce', \
     '$D/ours' using 2:3:1 with labels offset 0,1 font ',11' noenhanced notitle, \
     '$D/theirs' using 2:3 with points pt 5 ps 1.2 lc rgb '#b23a1f' title 'fastText, quantised, one model a tier'
G
