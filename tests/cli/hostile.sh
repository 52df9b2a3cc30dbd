#!/bin/sh
# Bad input of every kind: each a decision or a clear error, never a crash. $1: directory of the programs.
B=$1
. "$(dirname "$0")/lib.sh"
t=$B/tierce
"$t" simulate -n 400 --seed 5 -o "$T/a.jsonl"
"$t" train -q --tiers flash,pro "$T/a.jsonl" -o "$T/m.tierce" || exit 1
m="-m $T/m.tierce"
head -c 200000 /dev/zero | tr '\0' 'a' > "$T/long"
runs 0 '"tier"' sh -c "$t route $m --json < $T/long"
head -c 10000000 /dev/urandom > "$T/huge"
runs 0 '"truncated": true' sh -c "$t route $m --json < $T/huge"
runs 0 '"tier"' sh -c "printf '' | $t route $m --json"
runs 0 '"tier"' sh -c "printf 'a\\000b\\000c' | $t route $m --json"
runs 0 '"tier"' sh -c "printf '\\377\\376\\300\\200 x' | $t route $m --json"
line() { printf '%s\n' "$1" > "$T/l.jsonl"; }
line '{"prompt":"a\u0000b"}'; runs 0 '"tier"' "$t" score $m "$T/l.jsonl"
line '{"prompt":"\ud800 lone"}'; runs 0 '"tier"' "$t" score $m "$T/l.jsonl"
line '{"messages":[]}'; runs 1 'l.jsonl:1: .*"messages" is empty' "$t" score $m "$T/l.jsonl"
line '{"messages":[{"role":"wizard","content":"x"}]}'; runs 1 'unknown role' "$t" score $m "$T/l.jsonl"
line '{"messages":[{"role":"user","content":7}]}'; runs 1 '"content" must be' "$t" score $m "$T/l.jsonl"
line '{"messages":[{"role":"user","content":null}]}'; runs 0 '"tier"' "$t" score $m "$T/l.jsonl"
line '{"prompt":"x"} trailing'; runs 1 'stands after the JSON' "$t" score $m "$T/l.jsonl"
line '{"prompt":"x"'; runs 1 'ends in the middle' "$t" score $m "$T/l.jsonl"
line '["array"]'; runs 1 'expected a JSON object' "$t" score $m "$T/l.jsonl"
line '{"prompt":"x","a":NaN}'; runs 1 'NaN' "$t" score $m "$T/l.jsonl"
line '{"prompt":"x","a":007}'; runs 1 'not a JSON number' "$t" score $m "$T/l.jsonl"
awk 'BEGIN { printf "{\"prompt\":\"x\",\"a\":"; for (i = 0; i < 990; i++) printf "["; for (i = 0; i < 990; i++) printf "]"; print "}" }' > "$T/l.jsonl"
runs 0 '"tier"' "$t" score $m "$T/l.jsonl"
awk 'BEGIN { printf "{\"prompt\":\"x\",\"a\":"; for (i = 0; i < 200000; i++) printf "["; print "}" }' > "$T/l.jsonl"
runs 1 'deeper than 1000' "$t" score $m "$T/l.jsonl"
awk 'BEGIN { printf "{\"prompt\":\"use tool_7\",\"tools\":["; for (i = 0; i < 10000; i++) printf "%s{\"type\":\"function\",\"function\":{\"name\":\"tool_%d\",\"parameters\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}}}", i ? "," : "", i; print "]}" }' > "$T/l.jsonl"
runs 0 '"truncated": true' "$t" score $m "$T/l.jsonl"
printf '\357\273\277{"prompt":"bom"}\r\n\r\n{"prompt":"no newline"}' > "$T/l.jsonl"
runs 0 '2 decided' "$t" score $m "$T/l.jsonl"
printf '\377\376{\000' > "$T/l.jsonl"; runs 1 'UTF-16' "$t" score $m "$T/l.jsonl"
gzip -c "$T/a.jsonl" | head -c 5000 > "$T/cut.jsonl.gz"; runs 1 'damaged or cut off' "$t" score $m "$T/cut.jsonl.gz"
gzip -c "$T/a.jsonl" > "$T/two.gz"; gzip -c "$T/a.jsonl" >> "$T/two.gz"; runs 0 '800 decided' "$t" score $m "$T/two.gz"
runs 1 'is a directory' "$t" score $m "$T"
runs 1 'check the path' "$t" score $m "$T/none.jsonl"
runs 1 'more than 2000 bytes' sh -c "(printf '{\"prompt\":\"'; cat $T/long; echo '\"}') | $t score $m --max-line 2000"
printf '{"prompt":"a"}\nbroken\n{"prompt":"b"}\n' > "$T/l.jsonl"
runs 1 'l.jsonl:2: byte 1: expected a JSON object' "$t" score $m "$T/l.jsonl"
runs 3 '2 decided, 1 bad' "$t" score $m --max-bad 1 "$T/l.jsonl"
[ -w /dev/full ] && runs 1 'cannot write' sh -c "$t score $m $T/a.jsonl > /dev/full"
[ -w /dev/full ] && runs 1 'cannot write' sh -c "$t route $m hello > /dev/full"
[ -w /dev/full ] && runs 1 'not saved' "$t" train -q --tiers flash,pro "$T/a.jsonl" -o /dev/full
runs 1 'not saved' "$t" train -q --tiers flash,pro "$T/a.jsonl" -o "$T/no/such/dir.tierce"
# models
runs 1 'cannot read the file' "$t" route -m "$T" hello
runs 1 'not a .tierce model' "$t" route -m "$T/a.jsonl" hello
: > "$T/empty.tierce"; runs 1 'not a .tierce model' "$t" route -m "$T/empty.tierce" hello
head -c 1000 "$T/m.tierce" > "$T/cut.tierce"; runs 1 'shorter or longer' "$t" route -m "$T/cut.tierce" hello
cat "$T/m.tierce" "$T/long" > "$T/fat.tierce"; runs 1 'shorter or longer' "$t" route -m "$T/fat.tierce" hello
# records
rec() { printf '%s\n' "$1" > "$T/r.jsonl"; }
for bad in '"yes"' null 1.5 -0.1 NaN 1e999; do
    rec '{"id":"a","prompt":"x","outcomes":{"flash":{"score":'"$bad"'}}}'
    runs 1 'r.jsonl:1: byte [0-9]+: ' "$t" train --tiers flash,pro "$T/r.jsonl" -o "$T/x.tierce"
done
rec '{"id":"a","prompt":"x"}'; runs 1 'no "outcomes"' "$t" train --tiers flash,pro "$T/r.jsonl" -o "$T/x.tierce"
rec '{"prompt":"x","outcomes":{"flash":{"score":1}}}'; runs 1 'no "id"' "$t" train --tiers flash,pro "$T/r.jsonl" -o "$T/x.tierce"
rec '{"id":"a","prompt":"x","outcomes":{"flash":{"score":1}}}'; runs 1 'tier "pro" has no outcome in any' "$t" train --tiers flash,pro "$T/r.jsonl" -o "$T/x.tierce"
rec '{"id":"a","prompt":"x","outcomes":{"flash":{"score":1},"pro":{"score":0}}}'; runs 1 'too few' "$t" train --tiers flash,pro "$T/r.jsonl" -o "$T/x.tierce"
rec '{"id":"a","prompt":"x","outcomes":{"other":{"score":1}}}'; runs 1 'none of the 1 records' "$t" train --tiers flash,pro "$T/r.jsonl" -o "$T/x.tierce"
cat "$T/a.jsonl" "$T/a.jsonl" > "$T/dup.jsonl"; runs 1 'dup.jsonl:401: id .* was seen at .*dup.jsonl:1' "$t" train --tiers flash,pro "$T/dup.jsonl" -o "$T/x.tierce"
runs 0 '400 bad lines' "$t" train --tiers flash,pro --max-bad 400 "$T/dup.jsonl" -o "$T/x.tierce"
sed 's/"score": *[01]/"score": 1/g' "$T/a.jsonl" > "$T/ones.jsonl"
runs 0 '' "$t" train --tiers flash,pro "$T/ones.jsonl" -o "$T/x.tierce"
runs 0 'no gap' "$t" eval --tiers flash,pro --folds 2 --resamples 20 "$T/ones.jsonl"
sed 's/"source": *"[^"]*"/"source":"one"/' "$T/a.jsonl" > "$T/one.jsonl"
runs 0 '' "$t" train -q --tiers flash,pro "$T/one.jsonl" -o "$T/x.tierce"
runs 1 'two sources' "$t" eval --by-source --tiers flash,pro "$T/one.jsonl"
done_
