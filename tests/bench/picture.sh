#!/bin/sh
# picture.sh CORPUS CHEAP STRONG OUT.svg NAME=PREDICTIONS.jsonl...: share sent to the strong tier against mean
# score, one curve per predictions file (as judge.py reads them). Needs python3 and gnuplot.
corpus=$1 cheap=$2 strong=$3 svg=$4
shift 4
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 - "$corpus" "$cheap" "$strong" "$tmp" "$@" <<'P'
import gzip, json, sys
corpus, cheap, strong, tmp, *named = sys.argv[1:]
opener = gzip.open if corpus.endswith('.gz') else open
truth = {}
for line in opener(corpus, 'rt'):
    r = json.loads(line)
    o = r['outcomes']
    if cheap in o and strong in o:
        truth[r['id']] = (o[cheap]['score'], o[strong]['score'])
n = len(truth)
low = sum(c for c, s in truth.values()) / n
high = sum(s for c, s in truth.values()) / n
for k, item in enumerate(named):
    name, path = item.split('=', 1)
    gain = {}
    for line in open(path):
        p = json.loads(line)
        gain[p['id']] = p['p'][strong] - p['p'][cheap]
    acc = low
    with open(f'{tmp}/{k}', 'w') as f:
        f.write(f'# {name}\n0 {acc}\n')
        for i, rid in enumerate(sorted(truth, key=lambda r: -gain[r])):
            acc += (truth[rid][1] - truth[rid][0]) / n
            if i % 150 == 0 or i == n - 1:
                f.write(f'{100 * (i + 1) / n} {acc}\n')
    open(f'{tmp}/name{k}', 'w').write(name)
open(f'{tmp}/mix', 'w').write(f'0 {low}\n100 {high}\n')
open(f'{tmp}/count', 'w').write(f'{n:,}')
P
[ -f "$tmp/mix" ] || exit 1
plot="'$tmp/mix' with lines lw 2 dt 2 lc rgb '#888888' title 'random mix'"
k=0
for colour in '#1f6fb2' '#d08a1d' '#7a9a3a' '#9a5fa8' '#aaaaaa'; do
    [ -f "$tmp/$k" ] || break
    width=2
    [ $k = 0 ] && width=4
    plot="$plot, '$tmp/$k' with lines lw $width lc rgb '$colour' title '$(cat "$tmp/name$k")'"
    k=$((k + 1))
done
gnuplot <<G
set terminal svg size 760,460 dynamic enhanced font 'sans-serif,13' background '#ffffff'
set output '$svg'
set title '$cheap or $strong: $(cat "$tmp/count") recorded outcomes, every prediction out of fold'
set xlabel 'share of requests sent to $strong'
set ylabel 'mean score'
set xrange [-2:102]
set format x '%.0f %%'
set key bottom right
set grid lc rgb '#dddddd'
set tics nomirror
set border 3
plot $plot
G
