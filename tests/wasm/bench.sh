#!/bin/sh
# The WebAssembly build beside native in one run: every record's decision bit for bit in Node and in Chromium, the median of
# 10,000 decisions on prompts of 500 characters, memory. bench.sh BUILD CORPUS.jsonl.gz [SMALL_MODEL]; make wasm first.
B=$1 C=$2 SMALL=${3:-tests/golden/v1-two.tierce}
P=$B/npm/package M=models/flash-pro.tierce
[ -f "$P/tierce.wasm" ] && [ -f "$C" ] || { echo "usage: bench.sh BUILD CORPUS [SMALL_MODEL], after make wasm" >&2; exit 2; }
${CC:-cc} -std=c11 -D_POSIX_C_SOURCE=200809L -O3 -ffp-contract=off -I. tests/wasm/native.c data/json.c data/request_json.c data/lines.c \
    "$B/libtierce.a" -o "$B/npm/native" -lz -lm || exit 1
node tests/wasm/requests.mjs "$C" "$B/npm/all" && node tests/wasm/requests.mjs -500 "$B/npm/short" || exit 1
"$B/npm/native" bits $M "$B/npm/all" > "$B/npm/all.bits" || exit 1
node --input-type=module -e "
import { loadSync } from '$PWD/$P/index.node.js';
import { decideAll } from '$PWD/tests/wasm/lines.js';
import { readFileSync } from 'node:fs';
const a = decideAll(loadSync(readFileSync('$M')), readFileSync('$B/npm/all', 'utf8')).trimEnd().split('\n');
const b = readFileSync('$B/npm/all.bits', 'utf8').trimEnd().split('\n');
let wrong = Math.abs(a.length - b.length);
a.forEach((l, i) => { wrong += l !== b[i]; });
console.log(a.length + ' decisions in Node, ' + wrong + ' differ from native');
process.exit(wrong ? 1 : 0);" || status=1
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
[ -z "$chromium" ] || node tests/wasm/page.mjs "$chromium" "$P" $M "$B/npm/all" "$B/npm/all.bits" || status=1
for m in $M "$SMALL"; do
    native=$("$B/npm/native" time "$m" "$B/npm/short" 10000)
    set -- $(node tests/wasm/time.mjs "$P" "$m" "$B/npm/short" 10000)
    echo "$(basename "$m") ($(wc -c < "$m") bytes): 500 characters, median of 10,000: native $native us, Node $1 us; instance memory $2 bytes"
done
echo "module $(wc -c < "$P/tierce.wasm") bytes, $(gzip -9c "$P/tierce.wasm" | wc -c) gzip"
exit ${status:-0}
