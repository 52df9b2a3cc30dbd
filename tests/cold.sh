#!/bin/sh
# make cold: cold start beside what else there is, in one run. cold.sh BUILD [FASTTEXT_BIN [FASTTEXT_FTZ]]
# load: wall time of the program with the model and no input; decision: what one line of input adds. Medians of 21.
B=$1 BIN=$2 FTZ=$3
D=$B/cold
mkdir -p "$D"
${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 tests/cold.c -o "$D/cold" || exit 1
: > "$D/none"
echo "Prove that the sum of the first n odd numbers is n squared, then write a function in Python that checks it up to ten thousand and prints the time it took." > "$D/text"
printf '{"prompt":"%s"}\n' "$(cat "$D/text")" > "$D/json"
row() { # NAME FILE NONE ONE COMMAND...
    name=$1 file=$2 none=$3 one=$4
    shift 4
    a=$("$D/cold" 21 "$none" "$@") && b=$("$D/cold" 21 "$one" "$@") || { echo "$name failed"; return; }
    echo "$a $b" | awk -v n="$name" -v s="$(wc -c < "$file")" '{ d = $3 - $1; printf "%-34s %11d  %9.2f  %9.2f  %10.1f\n", n, s, $1, (d > 0 ? d : 0), $4 / 1024 }'
}
printf '%-34s %11s  %9s  %9s  %10s\n' "" "model bytes" "load ms" "decision" "memory MiB"
t=$B/tierce
row "tierce, flash-pro" models/flash-pro.tierce "$D/none" "$D/json" "$t" score -q -m models/flash-pro.tierce -
for s in 64K 16K; do
    [ -f "$D/$s.tierce" ] && row "tierce, shrunk to $s" "$D/$s.tierce" "$D/none" "$D/json" "$t" score -q -m "$D/$s.tierce" -
done
if command -v node > /dev/null 2>&1 && [ -d "$B/npm/package" ]; then
    cat > "$D/one.mjs" <<J
import { loadSync } from '$PWD/$B/npm/package/index.node.js';
import { readFileSync } from 'node:fs';
const router = loadSync(readFileSync(process.argv[2]));
const text = readFileSync(0, 'utf8');
if (text) console.log(router.route(text).tier);
J
    : > "$D/nothing.mjs"
    row "(node itself, doing nothing)" "$D/nothing.mjs" "$D/none" "$D/text" node "$D/nothing.mjs"
    row "tierce in node (WebAssembly)" models/flash-pro.tierce "$D/none" "$D/text" node "$D/one.mjs" models/flash-pro.tierce
fi
if command -v fasttext > /dev/null 2>&1; then
    [ -f "$BIN" ] && row "fastText" "$BIN" "$D/none" "$D/text" fasttext predict-prob "$BIN" - 2
    [ -f "$FTZ" ] && row "fastText, quantised" "$FTZ" "$D/none" "$D/text" fasttext predict-prob "$FTZ" - 2
fi
echo "fastText decides about one tier with one model; a router needs two"
