#!/bin/sh
# The loop, closed: simulated records are dispatched with exploration, the log is imported with the
# scores of the answers, and the next router is trained on what came back.
# $1: build directory, $2: programs under test, $3: scratch.
B=$1 P=$2 T=$3/loop
. tests/dispatch/lib.sh
"$B/tierce" simulate -n 1500 --seed 4 -o "$T/records.jsonl" 2> "$T/err" || bad simulate
set -- flash pro
"$B/tierce" train -q --slots 8192 --inner-folds 2 --tiers "$1,$2" "$T/records.jsonl" -o "$T/m.tierce" 2> "$T/err" || bad train
"$B/tierce" simulate -n 800 --seed 5 2> "$T/err" | sed 's/"id":"/"id":"held-/' > "$T/held.jsonl"
"$B/tierce" tune -m "$T/m.tierce" --value-usd 0.05 --name frugal --rounds 100 "$T/held.jsonl" > "$T/err" 2>&1 || bad tune
start_mock --recorded "$T/records.jsonl" --latency-scale 0
tier() { echo "{\"name\": \"$1\", \"prices\": {\"input\": 1.5, \"output\": 9}, \"endpoints\": [{\"base_url\": \"http://127.0.0.1:$port/s/recorded/v1\"}]}"; }
echo "{\"tiers\": [$(tier "$1"), $(tier "$2")]}" > "$T/tiers.json"
"$P/tierce-dispatch" dispatch -m "$T/m.tierce" --value 0.02 --tiers "$T/tiers.json" --explore 0.3 --seed 9 --log "$T/log.jsonl" --log-prompts -o "$T/answers" "$T/records.jsonl" 2> "$T/err"
is "dispatched" $? 0
is "expected and real cost on every line" "$(grep -c '"cost_usd":[0-9.e-]*,"expected_usd":[0-9.e-]*,' "$T/answers")" 1500
# pace: the more of a budget is used, the less a success may cost. Its account is looked at for every request
# (per key), so the order of the file is the order of time
pro() { "$P/tierce-dispatch" dispatch -q -c 1 -m "$T/m.tierce" --no-turns --value 0.2 --tiers "$1" "$T/records.jsonl" 2> "$T/err" | sed 's/.*"tierce":{"tier":"\([^"]*\)".*/\1/' > "$T/chosen"; tail -n 500 "$T/chosen" | grep -c "$2"; }
free=$(pro "$T/tiers.json" "$2")
spend=$(sed 's/.*"cost_usd":\([0-9.e-]*\).*/\1/' "$T/answers" | awk '{ s += $1 } END { print 1.1 * s }')
sed "s/]}\$/], \"budgets\": [{\"name\": \"paced\", \"period\": \"ever\", \"limit_usd\": $spend, \"key\": \"*\", \"pace\": true, \"at_end\": \"degrade\"}]}/" "$T/tiers.json" > "$T/paced.json"
paced=$(pro "$T/paced.json" "$2")
is "pace: $paced of the last 500 to $2, $free without" "$([ "$paced" -gt 0 ] && [ $((paced * 4)) -lt $((free * 3)) ] && echo fewer)" fewer
echo "# pace: of the last 500 requests $free go to $2 without a budget, $paced with a paced one of 1.1 times the spend"
# a line may ask for an operating point; its decisions are those of tierce score --point
head -200 "$T/records.jsonl" > "$T/200.jsonl"
sed 's/^{/{"model": "tierce:frugal", /' "$T/200.jsonl" > "$T/points.jsonl"
"$P/tierce-dispatch" dispatch -m "$T/m.tierce" --no-turns --tiers "$T/tiers.json" "$T/points.jsonl" > "$T/points" 2> "$T/err"
is "an operating point" "$(sed 's/.*"tierce":{"tier":"\([^"]*\)".*/\1/' "$T/points" | md5sum)" "$("$B/tierce" score -q -m "$T/m.tierce" --point frugal "$T/200.jsonl" | sed 's/.*"tier": "\([^"]*\)", "p".*/\1/' | md5sum)"
# the mock answers with the recorded score as its text: a judge could not be shorter
sed 's/.*"custom_id":"\([^"]*\)".*"content":"\([0-9.]*\)".*/{"id": "\1", "score": \2}/' "$T/answers" > "$T/scores.jsonl"
"$B/tierce" import "$T/log.jsonl" --scores "$T/scores.jsonl" -o "$T/next.jsonl" > "$T/err" 2>&1
is "imported" $? 0
grep -q "taken for tierce's decision log" "$T/err" && ok || bad "recognised"
is "all came back" "$(wc -l < "$T/next.jsonl")" 1500
is "with one outcome each" "$(grep -c '"outcomes": {"[^"]*": {[^}]*}}' "$T/next.jsonl")" 1500
is "propensities" "$(grep -c '"propensity": [01][.0-9]*, "chosen"' "$T/next.jsonl")" 1500
is "of the explored and of those that might have been" "$(grep -c '"propensity": 0.3,' "$T/next.jsonl" | awk '{ print ($1 > 300 && $1 < 500 ? "yes" : $1) }')" yes
mean() { awk '{ while (match($0, /"score": [0-9.]+/)) { s += substr($0, RSTART + 9, RLENGTH - 9); n++; $0 = substr($0, RSTART + RLENGTH) } } END { printf "%d %.6f", n, s / n }' "$1"; }
is "the same scores" "$(mean "$T/next.jsonl")" "$(mean "$T/scores.jsonl")"
"$B/tierce" train -q --slots 8192 --inner-folds 2 --tiers "$1,$2" "$T/next.jsonl" -o "$T/next.tierce" 2> "$T/err"
is "trained anew" $? 0
"$B/tierce" route -m "$T/next.tierce" --json "Write a function." 2> "$T/err" | grep -q "\"$2\"" && ok || bad "the new router decides"
# refused by a budget, a request was answered by no model, and is no outcome of one called "none"
sed "s/]}\$/], \"budgets\": [{\"name\": \"b\", \"period\": \"ever\", \"limit_usd\": $(echo "$spend" | awk '{ print $1 / 2 }')}]}/" "$T/tiers.json" > "$T/poor.json"
"$P/tierce-dispatch" dispatch -q -m "$T/m.tierce" --value 0.02 --tiers "$T/poor.json" --log "$T/poor.log" --log-prompts -o "$T/poor" "$T/records.jsonl" 2> "$T/err"
is "refused by the budget" "$(grep -c '"error": "budget"' "$T/poor.log" | awk '{ print ($1 > 100 ? "many" : $1) }')" many
"$B/tierce" import "$T/poor.log" --scores "$T/scores.jsonl" -o "$T/poor.jsonl" > "$T/err" 2>&1
is "imported all the same" $? 0
! grep -qw none "$T/err" && ok || bad "no model called none"
sed 's/, "request": .*/}/' "$T/log.jsonl" > "$T/bare.jsonl"
"$B/tierce" import tierce-log "$T/bare.jsonl" --scores "$T/scores.jsonl" -o "$T/none.jsonl" > "$T/err" 2>&1
grep -q 'log-prompts' "$T/err" && ok || bad "a log without prompts says what to do"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
