#!/bin/sh
# make demo: the main job on a simulated sample. $1: build directory.
set -e
B=$1
D=$B/demo
mkdir -p "$D"
say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }
say tierce simulate -n 3000 -o "$D/records.jsonl"
"$B/tierce" simulate -n 3000 --seed 1 -o "$D/records.jsonl"
echo "3000 simulated requests with simulated outcomes of two tiers (pass rates as published for"
echo "Gemini 3.5 Flash and 3.1 Pro). Figures below say what tierce does, nothing about those models."
say tierce train --tiers flash,pro "$D/records.jsonl" -o "$D/router.tierce"
"$B/tierce" train --tiers flash,pro "$D/records.jsonl" -o "$D/router.tierce"
say tierce eval --tiers flash,pro --folds 5 "$D/records.jsonl"
"$B/tierce" eval --tiers flash,pro --folds 5 --resamples 100 --curve "$D/curve.tsv" "$D/records.jsonl"
route() {
    say tierce route -m "$D/router.tierce" --value 0.50 --explain --top 5 "\"$1\""
    "$B/tierce" route -m "$D/router.tierce" --value 0.50 --explain --top 5 "$1"
}
route "Neglect terms beyond order 2. Assume that the Selberg trace formula holds to order 3. Which statement about anyonic braiding is true when the group has order 12? Give your reasoning, then the exact answer."
route "Give me 5 ideas for a quiet birthday. Keep it under 40 words. Make it formal."
route "Write a Rust function that merges two sorted lists. Handle empty input. Include 3 tests."
cat > "$D/agent.json" <<'J'
{"messages": [{"role": "user", "content": "If the contract of Hanna has no voucher, refund 30 percent, otherwise extend it by 14 days."}, {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "get_contract", "arguments": "{\"name\": \"Hanna\"}"}}]}, {"role": "tool", "tool_call_id": "c1", "content": "{\"id\": 7, \"voucher\": null}"}], "tools": [{"type": "function", "function": {"name": "get_contract", "description": "Reads a contract.", "parameters": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}}}, {"type": "function", "function": {"name": "refund", "description": "Refunds a share of the price.", "parameters": {"type": "object", "properties": {"id": {"type": "integer"}, "percent": {"type": "number"}}, "required": ["id", "percent"]}}}]}
J
say tierce route -m "$D/router.tierce" --value 0.50 -r "$D/agent.json"
"$B/tierce" route -m "$D/router.tierce" --value 0.50 -r "$D/agent.json"
echo
echo "And one that is unlike anything in the sample: tierce says so and falls back on what holds everywhere."
route "Welcher Wein passt zu gegrilltem Fisch?"
if command -v gnuplot >/dev/null 2>&1; then
    sh tests/curve.sh "$D/curve.tsv" "$D/curve.svg" "simulated sample, out of fold" && echo && echo "cost-quality curve: $D/curve.svg"
fi
echo
echo "Next: your own records. README.md, section \"On your own data\"."
