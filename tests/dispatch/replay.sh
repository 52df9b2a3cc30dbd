#!/bin/sh
# Real records replayed through dispatch -> serve -> a mock that answers with the recorded outcomes:
# the same decisions as `tierce score`, the same spend as the recorded costs.
# $1: build directory, $2: programs under test, $3: scratch, then: RECORDS VALUE TIER...
B=$1 P=$2 T=$3/replay R=$4 V=$5
shift 5
passed=0 failed=0
[ -f "$R" ] || { echo "skipped: no $R"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
is() { if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED $1: $2, wanted $3"; fi; }
rm -rf "$T"; mkdir -p "$T"
name=$(basename "$R" .jsonl.gz)
list=$(echo "$*" | tr ' ' ,)
"$B/tierce" train -q --slots 8192 --inner-folds 2 --tiers "$list" "$R" -o "$T/m.tierce" 2> "$T/err" || { cat "$T/err"; echo "0 passed, 1 failed"; exit 1; }
# only records that have an outcome of every tier: the mock knows no other
gzip -dc "$R" | awk -v list="$*" 'BEGIN { n = split(list, t, " ") } { for (i = 1; i <= n; i++) if (!index($0, "\"" t[i] "\": {\"score\"")) next; print }' > "$T/records.jsonl"
n=$(wc -l < "$T/records.jsonl")
"$B/mock" --ports "$T/ports" --recorded "$T/records.jsonl" --billed "$T/billed" --latency-scale 0 > "$T/mock.log" 2>&1 &
mock=$!
serve=
trap 'kill $mock $serve 2>/dev/null' EXIT
i=0
while ! grep -q port "$T/ports" 2> /dev/null && [ $i -lt 400 ]; do sleep 0.05; i=$((i + 1)); done
port=$(sed 's/port=\([0-9]*\).*/\1/' "$T/ports")
tiers() { # PORT PATH [MODEL]: every tier there, asked for MODEL or its own name
    printf '{"retry": {"retries": 0}, "tiers": ['
    s=
    for t in $list_of; do printf '%s{"name": "%s", "prices": {"input": 0, "output": 0}, "endpoints": [{"base_url": "http://127.0.0.1:%s%s/v1", "model": "%s"}]}' "$s" "$t" "$1" "$2" "${3:-$t}"; s=', '; done
    printf ']}\n'
}
list_of=$*
tiers "$port" /s/recorded > "$T/inner.json"
"$P/tierce-dispatch" serve -m "$T/m.tierce" --value "$V" --tiers "$T/inner.json" --log "$T/log.jsonl" --listen 127.0.0.1:0 --port-file "$T/port" 2> "$T/serve.err" &
serve=$!
i=0
while ! [ -s "$T/port" ] && [ $i -lt 400 ]; do sleep 0.05; i=$((i + 1)); done
# the outer dispatch forces one tier, behind which stands "tierce" on the server
tiers "$(cat "$T/port")" "" tierce > "$T/outer.json"
sed "s/^{/{\"model\": \"$1\", /" "$T/records.jsonl" > "$T/requests.jsonl"
"$P/tierce-dispatch" dispatch -m "$T/m.tierce" --tiers "$T/outer.json" -c 1 -o "$T/answers" "$T/requests.jsonl" 2> "$T/err"
is "$name: all answered" $? 0
kill $serve; wait $serve
is "$name: the server ends well" $? 0
"$B/tierce" score -q -m "$T/m.tierce" --value "$V" "$T/records.jsonl" > "$T/scored"
sed 's/.*"tier": "\([^"]*\)", "p".*/\1/' "$T/scored" > "$T/want"
sed 's/.*"body":{[^{]*"model":"\([^"]*\)".*/\1/' "$T/answers" > "$T/got"
is "$name: $n decisions as tierce score's" "$(cmp -s "$T/want" "$T/got" && wc -l < "$T/got")" "$n"
# the recorded cost of the decided tier, line by line, against what the server booked
spent=$(sed 's/.*"cost_usd": \([0-9.e+-]*\).*/\1/' "$T/log.jsonl" | awk '{ s += $1 } END { printf "%.8f", s }')
truth=$(paste -d '\t' "$T/want" "$T/records.jsonl" | awk -F '\t' '{ k = "\"" $1 "\": {"; r = substr($2, index($2, k)); r = substr(r, 1, index(r, "}")); if (match(r, /"cost_usd": [0-9.e+-]+/)) s += substr(r, RSTART + 12, RLENGTH - 12) } END { printf "%.8f", s }')
dear=$(awk -v t="$list_of" 'BEGIN { n = split(t, x, " ") } { for (i = 1; i <= n; i++) { k = "\"" x[i] "\": {"; r = substr($0, index($0, k)); r = substr(r, 1, index(r, "}")); if (match(r, /"cost_usd": [0-9.e+-]+/)) s[i] += substr(r, RSTART + 12, RLENGTH - 12) } } END { m = 0; for (i in s) if (s[i] > m) m = s[i]; printf "%.8f", m }' "$T/records.jsonl")
is "$name: spend as recorded ($truth)" "$(awk -v a="$spent" -v b="$truth" 'BEGIN { d = a - b; if (d < 0) d = -d; print (d < 1e-6 * (1 + b) && b > 0 ? "yes" : a) }')" yes
echo "# replay $name: $n decisions, \$$spent booked, \$$truth recorded, \$$dear with the dearest tier alone"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
