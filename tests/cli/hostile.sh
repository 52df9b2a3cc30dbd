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
runs 1 'standard input is empty' sh -c "printf '' | $t route $m --json"
runs 1 'standard input is empty' "$t" route $m - < /dev/null
runs 0 '"tier"' "$t" route $m --json ""
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
runs 1 'dir.tierce: cannot be written' "$t" train -q --tiers flash,pro "$T/a.jsonl" -o "$T/no/such/dir.tierce"
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
# a request that is cut off, is not JSON, is somewhere else; prompts by other roads
runs 1 'cannot be read' "$t" route $m -r "$T/none.json"
runs 1 'cannot be read' "$t" route $m -r "$T"
runs 1 'none.json: cannot be read' "$t" features -r "$T/none.json"
printf '{\n  "messages": [\n    {"role": "user", "content": "Prove it"}\n  ]\n}\n' > "$T/pretty.json"
runs 0 '"tier"' "$t" route $m --json -r "$T/pretty.json"
runs 0 'pair .*prove it' "$t" features -r "$T/pretty.json"
runs 1 'one value a line' sh -c "cat $T/pretty.json $T/pretty.json | $t features -r -"
runs 0 'pair .*prove it' "$t" features Prove it
runs 0 '"truncated": true' sh -c "(printf '{\"prompt\":\"'; head -c 10000000 /dev/zero | tr '\\0' b; printf '\"}') | $t route $m --json -r -"
# depth of every kind, sizes of every kind
nest() { awk -v n="$1" -v o="$2" -v c="$3" 'BEGIN { printf "{\"prompt\":\"x\",\"a\":"; for (i = 0; i < n; i++) printf "%s", o; printf "1"; for (i = 0; i < n; i++) printf "%s", c; print "}" }' > "$T/l.jsonl"; }
nest 999 '[' ']'; runs 0 '"tier"' "$t" score $m "$T/l.jsonl"
nest 1000 '[' ']'; runs 1 'deeper than 1000' "$t" score $m "$T/l.jsonl"
nest 1000 '{"k":' '}'; runs 1 'deeper than 1000' "$t" score $m "$T/l.jsonl"
awk 'BEGIN { printf "{\"prompt\":\"x\",\"tools\":[{\"name\":\"f\",\"parameters\":"; for (i = 0; i < 990; i++) printf "{\"properties\":"; printf "1"; for (i = 0; i < 990; i++) printf "}"; print "}]}" }' > "$T/l.jsonl"
runs 0 '"tier"' "$t" score $m "$T/l.jsonl"
head -c 10000000 /dev/zero | tr '\0' '[' > "$T/l.jsonl"; runs 1 'expected a JSON object' "$t" score $m "$T/l.jsonl"
awk 'BEGIN { printf "{\"messages\":["; for (i = 0; i < 100000; i++) printf "%s{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"\"}", i ? "," : ""; print "]}" }' > "$T/l.jsonl"
runs 0 '"truncated": true' "$t" score $m "$T/l.jsonl"
line '{"prompt":"x","a":'"$(head -c 400 /dev/zero | tr '\0' 9)"'}'; runs 0 '"tier"' "$t" score $m "$T/l.jsonl"
line '{"prompt":"x","a":1e999}'; runs 0 '"tier"' "$t" score $m "$T/l.jsonl"
line '{"prompt":"x","a":a value}'; runs 1 'not a JSON value' "$t" score $m "$T/l.jsonl"
line '{"Messages":[{"role":"user","content":"x"}]}'; runs 1 'no request' "$t" score $m "$T/l.jsonl"
printf '{"prompt":"a"}\n\n  \n\r\n{"prompt":"b"}\n' > "$T/l.jsonl"; runs 0 '2 decided, 0 bad' "$t" score $m "$T/l.jsonl"
: > "$T/l.jsonl"; runs 0 '0 decided, 0 bad' "$t" score $m "$T/l.jsonl"
gzip -c < /dev/null > "$T/e.gz"; runs 0 '0 decided' "$t" score $m "$T/e.gz"
(gzip -c "$T/a.jsonl"; printf 'garbage') > "$T/g.gz"; runs 0 '400 decided' "$t" score $m "$T/g.gz"
(printf '{"prompt":"'; head -c 30000000 /dev/zero; printf '"}') | gzip -c > "$T/bomb.gz"
runs 1 'more than 1000000 bytes' "$t" score $m --max-line 1000000 "$T/bomb.gz"
line '{"id":"same","prompt":"a"}'; cat "$T/l.jsonl" "$T/l.jsonl" > "$T/l2.jsonl"; runs 0 '2 decided' "$t" score $m "$T/l2.jsonl"
mkfifo "$T/pipe"; (cat "$T/a.jsonl" > "$T/pipe" &); runs 0 '400 decided' "$t" score $m "$T/pipe"
(sleep 0.1; cat "$T/m.tierce" > "$T/pipe") & runs 0 '"tier"' "$t" route -m "$T/pipe" --json hi
runs 1 'exceeds a size limit' "$t" route -m /dev/zero hi
ln -s "$T/loop" "$T/loop"; runs 1 'cannot read the file; check the path' "$t" route -m "$T/loop" hi
# names
runs 1 'it has "flash", "pro"' "$t" route $m --allow zzz hi
runs 1 'not among the tiers' "$t" route $m --allow flash --default-tier pro hi
runs 0 '^flash' "$t" route $m --allow flash --min-probability 1 hi
runs 2 'unknown option -x' "$t" route -x
runs 2 'stands alone' "$t" features --list hi
printf '{"tiers":[{"name":"a\\u001b[2J","outcomes":["flash"]}]}' > "$T/t.json"; runs 1 'without control characters' "$t" train --tiers "$T/t.json" "$T/a.jsonl" -o "$T/x.tierce"
printf '{"tiers":[{"name":"%s","outcomes":["flash"]}]}' "$(head -c 70000 "$T/long")" > "$T/t.json"; runs 1 'at most 200 bytes' "$t" train --tiers "$T/t.json" "$T/a.jsonl" -o "$T/x.tierce"
for bad in 'tiers' '[]' '{}' '{"tiers":[]}' '{"tiers":[{"name":"a"},{"name":"a"}]}' '{"tiers":[{"name":7}]}' '{"tiers":[{"name":"a","outcomes":[]}]}' \
    '{"tiers":[{"name":"a","prices":{"input":1}}]}' '{"tiers":[{"name":"a","prices":{"input":-1,"output":1}}]}' '{"tiers":[{"name":"a","prices":{"input":NaN,"output":1}}]}' \
    '{"tiers":[{"name":"a","prices":{"input":1,"output":1,"long":{"input":1,"output":1}}}]}' '{"tiers":[{"name":"a","context_window":"x"}]}' '{"tiers":[{"name":"a","tools":1}]}'; do
    printf '%s' "$bad" > "$T/t.json"; runs 1 'train: .*t.json' "$t" train --tiers "$T/t.json" "$T/a.jsonl" -o "$T/x.tierce"
done
# fits that have nothing to fit
runs 2 'BLOCK=NUMBER' "$t" train --tiers flash,pro --scale pair= "$T/a.jsonl" -o "$T/x.tierce"
runs 2 'calibrate on nothing' "$t" train --tiers flash,pro --inner-folds 1 "$T/a.jsonl" -o "$T/x.tierce"
head -60 "$T/a.jsonl" > "$T/few.jsonl"
head -3 "$T/a.jsonl" > "$T/three.jsonl"; runs 1 'records are left to fit on' "$t" eval --tiers flash,pro --folds 2 "$T/three.jsonl"
none=$(for b in word pair skip earlier system tools result named level; do for k in "" general. cost.; do printf '%s%s=0,' "$k" "$b"; done; done)
runs 0 'held out' "$t" train --tiers flash,pro --scale "${none%,}" "$T/few.jsonl" -o "$T/x.tierce"
runs 0 '"tier"' "$t" route -m "$T/x.tierce" --json --explain hi
runs 0 'held out' "$t" train --tiers flash "$T/few.jsonl" -o "$T/x.tierce"
runs 0 'nothing to compare' "$t" route -m "$T/x.tierce" --explain hi
# costs at their edges
sed 's/"cost_usd": *[0-9.e-]*/"cost_usd": 0/g' "$T/few.jsonl" > "$T/free.jsonl"
runs 0 'mean cost \$0.000000' "$t" train --tiers flash,pro "$T/free.jsonl" -o "$T/x.tierce"
runs 0 'about \$0.000000' "$t" route -m "$T/x.tierce" hi
sed 's/"cost_usd": *[0-9.e-]*/"cost_usd": 1e300/g' "$T/few.jsonl" > "$T/dear.jsonl"
runs 1 'above 1e9; is the unit right' "$t" train --tiers flash,pro "$T/dear.jsonl" -o "$T/x.tierce"
sed 's/"input_tokens": *[0-9]*/"input_tokens": 900000000/g' "$T/few.jsonl" > "$T/tokens.jsonl"
sed 's/"name": "old", "outcomes": \["flash"\]/"name": "old", "outcomes": ["pro"]/' tests/data/golden-tiers.json > "$T/prices.json"
runs 0 'held out' "$t" train --tiers "$T/prices.json" "$T/tokens.jsonl" -o "$T/x.tierce"
runs 0 '"tier"' "$t" route -m "$T/x.tierce" --json hi
[ -w /dev/full ] && runs 1 'cannot write' sh -c "$t eval --tiers flash,pro --resamples 0 --folds 2 $T/few.jsonl > /dev/full"
[ -w /dev/full ] && runs 1 'cannot write the predictions' "$t" eval --tiers flash,pro --resamples 0 --folds 2 --predictions /dev/full "$T/few.jsonl"
[ -w /dev/full ] && runs 1 'cannot write' sh -c "$t inspect $T/m.tierce > /dev/full"
[ -w /dev/full ] && runs 1 'cannot write' sh -c "$t features hi > /dev/full"
[ -w /dev/full ] && runs 1 'No space left' sh -c "$t simulate -n 9999 > /dev/full"
# whatever command: standard output that cannot be written is an error, and one line says so
if [ -w /dev/full ]; then
    : > "$T/none.json"; printf '{"tiers": [{"name": "flash"}, {"name": "pro"}]}' > "$T/two.json"
    for c in "data stats $T/a.jsonl" "data stats --json $T/a.jsonl" "data check $T/a.jsonl" 'data --help' 'data stats --help' 'import --formats' 'import --help' \
        'tiers --help' "tiers check $T/two.json" --version --help 'route --help' "route -m $T/m.tierce hi" "route --json -m $T/m.tierce hi" "inspect --json $T/m.tierce" \
        "inspect $T/m.tierce" 'features --list' 'features hi' "diff $T/m.tierce $T/m.tierce" "train --tiers flash,pro $T/a.jsonl -o $T/full.tierce" \
        "eval --folds 2 --resamples 0 --shuffles 0 --tiers flash,pro $T/a.jsonl" "score -q -m $T/m.tierce $T/a.jsonl" "data sample -n 5 -o $T/full.jsonl $T/a.jsonl"; do
        runs 1 'cannot write the output' sh -c "$t $c > /dev/full"
        runs 0 '^1$' sh -c "$t $c 2>&1 > /dev/full | grep -c cannot"
    done
fi
# what is read is not written over, by any name; and no folds are fitted for a file that cannot be written
cp "$T/a.jsonl" "$T/in.jsonl"; cp "$T/m.tierce" "$T/in.tierce"; ln -s "$T/in.jsonl" "$T/alias"; ln "$T/in.tierce" "$T/twin"
lost='is also an input'
quick="--folds 2 --resamples 0 --shuffles 0"
for o in "$T/in.jsonl" "$T/alias"; do
    runs 1 "$lost" "$t" train -q --tiers flash,pro "$T/in.jsonl" -o "$o"
    runs 1 "$lost" "$t" eval $quick --tiers flash,pro --predictions "$o" "$T/in.jsonl"
    runs 1 "$lost" "$t" eval $quick --tiers flash,pro --curve "$o" "$T/in.jsonl"
    runs 1 "$lost" "$t" shrink -q --only --folds 0 -m "$T/in.tierce" --size 20K "$T/in.jsonl" -o "$o"
    runs 1 "$lost" "$t" tune -m "$T/in.tierce" --all "$T/in.jsonl" -o "$o"
    runs 1 "$lost" "$t" data sample -n 9 "$T/in.jsonl" -o "$o"
    runs 1 "$lost" "$t" data export --csv "$T/in.jsonl" -o "$o"
    runs 1 "$lost" "$t" import generic "$T/in.jsonl" -o "$o"
    runs 1 "$lost" "$t" import generic "$T/in.jsonl" -o "$T/x.jsonl" --report "$o"
done
printf '{"tiers": [{"name": "flash"}, {"name": "pro"}]}' > "$T/in.json"; cp "$T/in.json" "$T/in.json.was"; ln -s in.json "$T/tiers.link"
for o in "$T/in.json" "$T/tiers.link"; do
    runs 1 "$lost" "$t" train -q --tiers "$T/in.json" "$T/in.jsonl" -o "$o"
    runs 1 "$lost" "$t" eval $quick --tiers "$T/in.json" --predictions "$o" "$T/in.jsonl"
    runs 1 "$lost" "$t" eval --folds 2 --resamples 0 --shuffles 9 --tiers "$T/in.json" --report "$o" "$T/in.jsonl"
    runs 1 "$lost" "$t" shrink -q --only --folds 0 -m "$T/in.tierce" --tiers "$T/in.json" --size 20K "$T/in.jsonl" -o "$o"
    runs 1 "$lost" "$t" tune -m "$T/in.tierce" --tiers "$T/in.json" --all "$T/in.jsonl" -o "$o"
done
runs 0 '' cmp "$T/in.json" "$T/in.json.was"
runs 1 "$lost" "$t" eval $quick -m "$T/in.tierce" --predictions "$T/twin" "$T/in.jsonl"
runs 1 "$lost" "$t" shrink -q --only --folds 0 -m "$T/in.tierce" --size 20K "$T/in.jsonl" -o "$T/twin"
cp "$T/in.jsonl" "$T/side-train.jsonl"
runs 1 "$lost" "$t" data split -o "$T/side" "$T/side-train.jsonl"
runs 0 '' cmp "$T/side-train.jsonl" "$T/a.jsonl"
runs 1 'no records in the input' "$t" data check /dev/null
runs 2 'was trained with 18' "$t" shrink --bits 20 -m "$T/m.tierce" --size 12K "$T/a.jsonl" -o "$T/x.tierce"
runs 2 'name one file' "$t" import generic "$T/in.jsonl" -o "$T/x.jsonl" --report "$T/x.jsonl"
runs 1 'name one file' "$t" eval $quick --tiers flash,pro --predictions "$T/p" --curve "$T/p" "$T/in.jsonl"
runs 1 'no/p: cannot be written' "$t" eval $quick --tiers flash,pro --predictions "$T/no/p" "$T/in.jsonl"
runs 0 '' cmp "$T/in.jsonl" "$T/a.jsonl"
runs 0 '' cmp "$T/in.tierce" "$T/m.tierce"
# /dev/stdout may lead to a plain file: it is written there, and stays what it is
if [ -L /dev/stdout ]; then
    runs 0 '"id"' "$t" data sample -n 3 "$T/in.jsonl" -o /dev/stdout
    runs 0 '"p": ' "$t" eval $quick --tiers flash,pro --predictions /dev/stdout "$T/few.jsonl"
    runs 0 'TIERCE' "$t" train -q --tiers flash,pro "$T/in.jsonl" -o /dev/stdout
    runs 0 '' test -L /dev/stdout
fi
chmod 600 "$T/in.tierce"; runs 0 '' "$t" train -q --tiers flash,pro "$T/in.jsonl" -o "$T/in.tierce"
runs 0 '^600$' stat -c %a "$T/in.tierce"
# flags that would be ignored
runs 2 'of --explain' "$t" route $m --top 3 hi
runs 2 'stands alone' "$t" features --list -b word
runs 2 'by-source refits' "$t" eval --by-source -m "$T/m.tierce" "$T/a.jsonl"
runs 2 'float refits' "$t" eval --float -m "$T/m.tierce" "$T/a.jsonl"
runs 2 'only forecasts' "$t" tune -m "$T/m.tierce" --traffic "$T/a.jsonl" --point x -o "$T/x.tierce"
runs 4 'nothing to route' "$t" eval -q --folds 2 --resamples 0 --tiers pro --require-gain "$T/few.jsonl"
done_
