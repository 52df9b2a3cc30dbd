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
rm -f "$D"/in.* "$D"/text.*
for f in "$C"/*.jsonl.gz; do gzip -dc "$f" > "$D/in.$(basename "$f" .jsonl.gz)"; done
ft=""
if command -v fasttext >/dev/null && command -v python3 >/dev/null; then
    ft=yes
    # what peers.py gives to fastText: all messages and tools, lower case, marks apart
    python3 - "$D" "$D"/in.* <<'P'
import json, re, sys
def text(r):
    parts = [r['prompt']] if isinstance(r.get('prompt'), str) else []
    for m in r.get('messages') or []:
        c = m.get('content') or ''
        parts += [c] if isinstance(c, str) else [p.get('text') or '' for p in c]
    return '\n'.join(parts + [json.dumps(t) for t in r.get('tools') or []])
for path in sys.argv[2:]:
    name = path.rsplit('/in.', 1)[1]
    train = open(sys.argv[1] + '/train.txt', 'w') if name == 'flash_pro' else None
    with open(sys.argv[1] + '/text.' + name, 'w') as f:
        for l in open(path):
            r = json.loads(l)
            t = re.sub(r'\s+', ' ', re.sub(r'([^\w\s])', r' \1 ', text(r).lower()))
            f.write(t + '\n')
            if train:
                train.write('__label__%d %s\n' % (r['outcomes']['flash']['score'] >= .5, t))
P
    fasttext supervised -input "$D/train.txt" -output "$D/ft" -dim 16 -wordNgrams 2 -bucket 200000 -thread 1 -epoch 1 -verbose 0 >/dev/null 2>&1
    cat "$D"/text.* > "$D/all" && mv "$D/all" "$D/text.all"
fi
cat "$D"/in.* > "$D/all" && mv "$D/all" "$D/in.all"
# one corpus: the programs in turn, nine times; medians
score_row() {
    parse="" score="" fast=""
    for i in 1 2 3 4 5 6 7 8 9; do
        parse="$parse $(cpu 1 "$D/bench" cjson "$D/in.$1")"
        score="$score $(cpu 1 "$B/tierce" score -q -m "$M" "$D/in.$1")"
        [ -z "$ft" ] || fast="$fast $(cpu 1 fasttext predict-prob "$D/ft.bin" "$D/text.$1" 2)"
    done
    # shellcheck disable=SC2086
    echo "$1 $(wc -l < "$D/in.$1") $(wc -c < "$D/in.$1") $(middle $parse) $(middle $score) $([ -z "$ft" ] || middle $fast)" |
        awk '{ printf "%-26s %6d %9d %7.3f %7.3f %9s  %7.2f  %8s\n", $1, $2, $3, $4, $5, $6 ? $6 : "-", $4 / $5, $6 ? sprintf("%.2f", $6 / $5) : "-" }'
}
middle() { printf '%s\n' "$@" | sort -g | sed -n 5p; }
echo "== scoring, CPU seconds (medians of 9 in turn). speed: of cJSON's (bar: 0.4); less: than fastText (bar: 3)"
echo "corpus                      lines     bytes   cJSON   score  fastText    speed      less"
for f in "$C"/*.jsonl.gz; do score_row "$(basename "$f" .jsonl.gz)"; done
score_row all
echo "== training on $F"
train=$(cpu 1 "$B/tierce" train -q --tiers flash,pro "$F" -o "$D/bench.tierce")
echo "tierce train $train CPU seconds"
if [ -f "$C/../peers/peers.py" ] && /usr/bin/python3 -c 'import sklearn' 2>/dev/null && command -v fasttext >/dev/null; then
    echo "peers.py, five folds:"
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $pin /usr/bin/python3 "$C/../peers/peers.py" "$F" flash pro "$D/peers" --folds 5 | grep tfidf
fi
