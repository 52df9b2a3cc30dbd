#!/bin/sh
# make bench: speed, on one core, everything in one run so that ratios hold. $1: build directory, $2:
# compiler, $3: directory with corpora (default ../shared/corpora).
B=$1 CC=$2 C=${3:-../shared/corpora}
set -e
mkdir -p "$B/bench"
D=$B/bench
$CC -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -I. tests/bench.c data/lines.c "$B/libtierce.a" -o "$D/bench" -lcjson -lz -lm
M=models/flash-pro.tierce
[ -f "$M" ] || M=$B/demo/router.tierce
[ -f "$M" ] || { echo "no model: make demo first"; exit 1; }
pin=""
command -v taskset >/dev/null && pin="taskset -c 0"
echo "== decision in process ($M)"
$pin "$D/bench" decide "$M"
# median of $1 runs of a command: user+sys CPU seconds
cpu() {
    n=$1
    shift
    for i in $(seq "$n"); do
        ( TIMEFORMAT='%U %S'; export TIMEFORMAT; $pin /usr/bin/env bash -c 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1' _ "$@" 2>&1 | awk '{ print $1 + $2 }' )
    done | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
echo "== cold process: tierce route (21 runs)"
for i in $(seq 21); do
    $pin bash -c 'TIMEFORMAT=%R; time '"$B/tierce"' route -m '"$M"' "Why is the sky blue?" > /dev/null' 2>&1
done | sort -g | awk '{ v[NR] = $1 } END { print "wall seconds, median", v[11] }'
if [ -x /usr/bin/time ]; then /usr/bin/time -f '%M KiB resident' "$B/tierce" route -m "$M" "Why is the sky blue?" > /dev/null; fi
F=$C/flash_pro.jsonl.gz
[ -f "$F" ] || { echo "no $F: the rest needs it"; exit 0; }
gzip -dc "$F" > "$D/in.jsonl"
echo "== scoring $(wc -l < "$D/in.jsonl") lines, $(wc -c < "$D/in.jsonl") bytes, CPU seconds, median of 5"
parse=$(cpu 5 "$D/bench" cjson "$D/in.jsonl")
score=$(cpu 5 "$B/tierce" score -q -m "$M" "$D/in.jsonl")
echo "cJSON parse only $parse   tierce score $score   ratio $(awk "BEGIN { print $parse / $score }") (bar: 0.4)"
if command -v fasttext >/dev/null && command -v python3 >/dev/null; then
    python3 - "$D/in.jsonl" "$D/text" <<'P'
import json, re, sys
with open(sys.argv[2], 'w') as f, open(sys.argv[2] + '.train', 'w') as g:
    for l in open(sys.argv[1]):
        r = json.loads(l)
        t = re.sub(r'\s+', ' ', re.sub(r'([^\w\s])', r' \1 ', '\n'.join(m.get('content') or '' for m in r['messages']).lower()))
        f.write(t + '\n')
        g.write('__label__%d %s\n' % (r['outcomes']['flash']['score'] >= .5, t))
P
    [ -f "$D/ft.bin" ] || fasttext supervised -input "$D/text.train" -output "$D/ft" -dim 16 -wordNgrams 2 -bucket 200000 -thread 1 -epoch 1 -verbose 0 >/dev/null 2>&1
    ft=$(cpu 5 fasttext predict-prob "$D/ft.bin" "$D/text" 2)
    echo "fasttext predict-prob (text only, labels tokenised before) $ft   ratio $(awk "BEGIN { print $ft / $score }") (bar: 3)"
fi
echo "== training on $F"
train=$(cpu 1 "$B/tierce" train -q --tiers flash,pro "$F" -o "$D/bench.tierce")
echo "tierce train $train CPU seconds"
if [ -f "$C/../peers/peers.py" ] && /usr/bin/python3 -c 'import sklearn' 2>/dev/null && command -v fasttext >/dev/null; then
    echo "peers.py, five folds:"
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $pin /usr/bin/python3 "$C/../peers/peers.py" "$F" flash pro "$D/peers" --folds 5 | grep tfidf
fi
