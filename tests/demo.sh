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
route "Prove that every bounded sequence of real numbers has a convergent subsequence. Answer with a complete proof."
route "Rewrite this note so that it sounds friendly: the meeting moved to Thursday."
route "Fix the bug: parse_config() in src/config.c crashes with a segfault when the file is empty."
route "Write a function that merges two sorted lists, with tests."
say tierce route -m "$D/router.tierce" --value 0.50 -r "$D/agent.json"
cat > "$D/agent.json" <<'J'
{"messages": [{"role": "system", "content": "You are an agent with tools. Finish the task, then stop."}, {"role": "user", "content": "Cancel the meeting on Friday and tell everybody who was invited."}, {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "search_calendar", "arguments": "{\"day\": \"Friday\"}"}}]}, {"role": "tool", "tool_call_id": "c1", "content": "{\"events\": [{\"id\": 7, \"title\": \"Planning\", \"invited\": 5}]}"}], "tools": [{"type": "function", "function": {"name": "search_calendar", "description": "Finds events of a day.", "parameters": {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]}}}, {"type": "function", "function": {"name": "cancel_event", "description": "Cancels an event.", "parameters": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}}}]}
J
"$B/tierce" route -m "$D/router.tierce" --value 0.50 -r "$D/agent.json"
if command -v gnuplot >/dev/null 2>&1; then
    sh tests/curve.sh "$D/curve.tsv" "$D/curve.svg" "simulated sample, out of fold" && echo && echo "cost-quality curve: $D/curve.svg"
fi
echo
echo "Next: your own records. README.md, section \"On your own data\"."
