#!/bin/sh
# make demo: the main job on a simulated sample. $1: build directory.
set -e
B=$1
D=$B/demo
mkdir -p "$D"
say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }
say tierce simulate -n 3000 -o "$D/records.jsonl"
"$B/tierce" simulate -n 3000 -o "$D/records.jsonl"
echo "3000 simulated requests with simulated outcomes of two tiers (pass rates as published for"
echo "Gemini 3.5 Flash and 3.1 Pro). Figures below say what tierce does, nothing about those models."
say tierce train --tiers flash,pro "$D/records.jsonl" -o "$D/router.tierce"
"$B/tierce" train --tiers flash,pro "$D/records.jsonl" -o "$D/router.tierce"
say tierce eval --tiers flash,pro --folds 5 --curve "$D/curve.tsv" "$D/records.jsonl"
"$B/tierce" eval --tiers flash,pro --folds 5 --curve "$D/curve.tsv" "$D/records.jsonl"
route() {
    say tierce route -m "$D/router.tierce" --value 0.50 --explain --top 5 "\"$1\""
    "$B/tierce" route -m "$D/router.tierce" --value 0.50 --explain --top 5 "$1"
}
route "Neglect terms beyond order 2. Assume that the Selberg trace formula holds to order 3. Which statement about anyonic braiding is true when the group has order 12? Give your reasoning, then the exact answer."
route "Give me 5 ideas for a quiet birthday. Keep it under 40 words. Make it formal."
route "Write a Rust function merge_queue that merges 12 sorted streams with bounded memory. Do not allocate. Input may hold 20000 items."
# an agent's request with tools, from a sample that the fit did not see
"$B/tierce" simulate -n 100 --seed 99 | grep mcp-atlas | head -1 > "$D/agent.json"
say tierce route -m "$D/router.tierce" --value 0.50 --explain --top 5 -r "$D/agent.json"
"$B/tierce" route -m "$D/router.tierce" --value 0.50 --explain --top 5 -r "$D/agent.json"
echo
echo "And one that is unlike anything in the sample: tierce says so and falls back on what holds everywhere."
route "Welcher Wein passt zu gegrilltem Fisch?"
if command -v gnuplot >/dev/null 2>&1; then
    sh tests/curve.sh "$D/curve.tsv" "$D/curve.svg" "simulated sample, out of fold" && echo && echo "cost-quality curve: $D/curve.svg"
fi
echo
echo "The programs are in $B: export PATH=\$PWD/$B:\$PATH, or make install."
echo "Next: your own records. README.md, section \"On your own data\"."
