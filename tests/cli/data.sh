#!/bin/sh
# tierce data and tierce tiers. $1: build directory (with sanitizers), $2: a plain one, for what is slow.
B=$1
P=${2:-$1}
. "$(dirname "$0")/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
t=$B/tierce
d="$t data"
runs 0 '' "$P/tierce" simulate -n 400 --seed 21 -o "$T/r.jsonl"

# ---- usage ----
for c in stats check sample split merge export; do runs 0 "usage: tierce data $c" $d $c --help; done
runs 0 'usage: tierce data SUBCOMMAND' $d --help
runs 2 'did you mean "split"' $d splti
runs 2 'name the files' $d stats
runs 1 'nowhere.jsonl: No such file' $d stats "$T/nowhere.jsonl"

# ---- stats: counted by hand ----
cat > "$T/h.jsonl" <<'J'
{"id":"1","source":"s1","workload":"w","prompt":"one","outcomes":{"a":{"score":1,"cost_usd":0.5,"input_tokens":10,"output_tokens":20},"b":{"score":0}}}
{"id":"2","source":"s1","workload":"w","prompt":"four","outcomes":{"a":{"score":0,"cost_usd":1.5},"b":{"score":1}}}
{"id":"3","source":"s2","prompt":"sevenxx","outcomes":{"b":{"score":0.5}}}
J
runs 0 '^3 records, 2 sources, 2 workloads, 2 tiers; 0 bad lines' $d stats "$T/h.jsonl"
runs 0 '^  a +2 +1  0\.5000 .* 100\.0 % +1\.000000 +10 +20 +- *$' $d stats "$T/h.jsonl"
runs 0 '^  b +3 +0  0\.5000 .* 0\.0 % +- ' $d stats "$T/h.jsonl"
runs 0 '^  s1: 2; 3, 4, 4, 4$' $d stats "$T/h.jsonl"
runs 0 '^    a +0 +1$' $d stats "$T/h.jsonl"
runs 0 '"mean_cost_usd": 1' $d stats --json "$T/h.jsonl"
echo '{"id":"4","prompt":"x","outcomes":{"a":{"score":2}}}' >> "$T/h.jsonl"
runs 1 'h.jsonl:4: .*outside 0..1' $d stats "$T/h.jsonl"
runs 0 '3 records.*1 bad line$' $d stats --max-bad 1 "$T/h.jsonl"

# ---- check ----
head -3 "$T/h.jsonl" > "$T/c.jsonl"
runs 3 'costs are known for less than half' $d check "$T/c.jsonl"
sed -n 1p "$T/h.jsonl" > "$T/ok.jsonl"
printf '%s\n' '{"id":"9","prompt":"quite another text","outcomes":{"a":{"score":1,"cost_usd":1},"b":{"score":1,"cost_usd":1}}}' >> "$T/ok.jsonl"
runs 0 '2 records read: 0 faults, 0 warnings' $d check "$T/ok.jsonl"
sed -n 1p "$T/h.jsonl" >> "$T/ok.jsonl"
runs 1 'an id that stood before' $d check "$T/ok.jsonl"
runs 1 'ok.jsonl:3: id "1", and .*ok.jsonl:1' $d check "$T/ok.jsonl"
printf '%s\n' '{"id":"5","prompt":" one\n","outcomes":{"a":{"score":0,"cost_usd":1}}}' > "$T/again.jsonl"
sed -n 1p "$T/h.jsonl" >> "$T/again.jsonl"
runs 3 'the same request under another id' $d check "$T/again.jsonl"
runs 3 'another score for the same tier' $d check "$T/again.jsonl"
runs 1 'outside 0..1; scale it' $d check "$T/h.jsonl"
runs 1 'no tier of --tiers' $d check --tiers a,bb "$T/c.jsonl"
runs 1 '"b"; the nearest is "bb"' $d check --tiers bb,a "$T/c.jsonl"
runs 3 'without any outcome' $d check --tiers a,b,nobody "$T/c.jsonl"
long='the quick brown fox jumps over the lazy dog while the small cat sleeps in the warm sun near the old red barn by the river'
printf '{"id":"%s","prompt":"%s","outcomes":{"a":{"score":1,"cost_usd":1}}}\n' n1 "$long" n2 "$long today" n3 'something else entirely, with words of its own that nobody shares' > "$T/near.jsonl"
runs 3 'warning +2  near-duplicates' $d check "$T/near.jsonl"
runs 0 '0 warnings' $d check --near 0 "$T/near.jsonl"
runs 0 '0 warnings' $d check --near 1 "$T/near.jsonl"

# a key twice in one object: where the reader of records would take one of the two, and where it passes over
twice() { printf '%s\n' "$1" > "$T/twice.jsonl"; }
twice '{"id":"1","prompt":"x","outcomes":{"a":{"score":1,"cost_usd":1,"cost_usd":2}}}'
runs 1 'twice.jsonl:1: byte [0-9]+: a cost, token count or latency stands twice in an outcome; keep one' $d stats "$T/twice.jsonl"
runs 1 'stands twice in an outcome' $d check "$T/twice.jsonl"
twice '{"id":"1","source":"s","source":"t","prompt":"x","outcomes":{"a":{"score":1,"cost_usd":1}}}'
runs 1 '"source", "workload" or "chosen" stands twice' $d stats "$T/twice.jsonl"
# the key that is there twice is the one that is named
twice '{"custom_id":"1","custom_id":"2","prompt":"x","outcomes":{"a":{"score":1,"cost_usd":1}}}'
runs 1 ': "custom_id" stands twice; keep one' $d stats "$T/twice.jsonl"
twice '{"custom_id":"1","id":"2","prompt":"x","outcomes":{"a":{"score":1,"cost_usd":1}}}'
runs 1 ': both "id" and "custom_id"; keep one' $d stats "$T/twice.jsonl"
twice '{"id":"1","body":{"prompt":"x"},"body":{"prompt":"x"},"outcomes":{"a":{"score":1,"cost_usd":1}}}'
runs 1 ': "body" stands twice; keep one' $d stats "$T/twice.jsonl"
# parts above the whole, of input and of output
twice '{"id":"1","prompt":"x","outcomes":{"a":{"score":1,"cost_usd":1,"input_tokens":10,"cached_tokens":8,"cache_write_tokens":3}}}'
runs 3 'warning +1  token counts that contradict each other' $d check "$T/twice.jsonl"
runs 3 'twice.jsonl:1: "a": input 10, of which cached 8 and written 3' $d check "$T/twice.jsonl"
twice '{"id":"1","prompt":"x","outcomes":{"a":{"score":1,"cost_usd":1,"output_tokens":5,"reasoning_tokens":6}}}'
runs 3 '"a": output 5, of which reasoning 6' $d check "$T/twice.jsonl"
twice '{"id":"1","prompt":"x","outcomes":{"a":{"score":1,"cost_usd":1,"input_tokens":10,"cached_tokens":7,"cache_write_tokens":3,"reasoning_tokens":6}}}'
runs 0 '0 warnings' $d check "$T/twice.jsonl"
twice '{"id":"1","chosen":"a","propensity":0.5,"propensity":0.25,"prompt":"x","outcomes":{"a":{"score":1,"cost_usd":1}}}'
runs 1 '"propensity" stands twice' $d stats "$T/twice.jsonl"
twice '{"id":"1","messages":[{"role":"user","content":"x","name":"n","name":"m"}],"outcomes":{"a":{"score":1,"cost_usd":1}}}'
runs 1 'fault +1 +a key stands twice in its object' $d check "$T/twice.jsonl"
runs 1 'first: .*twice.jsonl:1: /messages/0/name' $d check "$T/twice.jsonl"
twice '{"id":"1","prompt":"x","mine":{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"k":11,"l":12,"m":13,"n":14,"c":15},"outcomes":{"a":{"score":1,"cost_usd":1}}}'
runs 1 'twice.jsonl:1: /mine/c' $d check "$T/twice.jsonl"
# a request without a word
for p in '"prompt":""' '"prompt":" \n"' '"messages":[{"role":"user","content":""},{"role":"user","content":[]}]'; do
    twice "{\"id\":\"1\",$p,\"outcomes\":{\"a\":{\"score\":1,\"cost_usd\":1}}}"
    runs 3 'a request without a word' $d check "$T/twice.jsonl"
done
twice '{"id":"1","messages":[{"role":"user","content":[{"type":"image_url"}]}],"outcomes":{"a":{"score":1,"cost_usd":1}}}'
runs 0 '0 warnings' $d check "$T/twice.jsonl"
printf '{"tiers": [{"name": "a", "name": "b"}]}' > "$T/twice.json"
runs 1 'twice.json: key "/tiers/0/name" stands twice in its object' "$t" tiers check "$T/twice.json"

# ---- sample ----
runs 0 '^100$' sh -c "$d sample -n 100 $T/r.jsonl 2> /dev/null | wc -l"
runs 0 '' sh -c "$d sample -n 100 $T/r.jsonl -o $T/s1 && grep -vxFf $T/r.jsonl $T/s1 | wc -l | grep -x 0"
runs 0 '' sh -c "sort -r $T/r.jsonl > $T/rev.jsonl; $d sample -n 100 $T/rev.jsonl -o $T/s2 > /dev/null; sort $T/s1 > $T/x; sort $T/s2 | cmp - $T/x"
runs 0 '' sh -c "$d sample -n 100 --seed 2 $T/r.jsonl -o $T/s3 > /dev/null; ! cmp -s $T/s1 $T/s3"
runs 0 '' sh -c "$d sample --share 1 $T/r.jsonl -o $T/all.jsonl.gz > /dev/null; gunzip -c $T/all.jsonl.gz | cmp - $T/r.jsonl"
runs 0 '' sh -c "$d sample -n 1000000 $T/r.jsonl -o - 2> /dev/null | cmp - $T/r.jsonl"
# every source keeps its share, to one record
for f in r s1; do sed 's/.*"source":"\([^"]*\)".*/\1/' "$T/$f$([ $f = r ] && echo .jsonl)" | sort | uniq -c | awk '{ print $2, $1 }' > "$T/$f.by"; done
runs 0 '' sh -c "join $T/r.by $T/s1.by | awk '{ e = \$2 / 4 - \$3; if (e >= 1 || e <= -1) exit 1 }'"
runs 2 'one of --n N and --share' $d sample "$T/r.jsonl"
runs 1 'a pipe cannot' sh -c "cat $T/r.jsonl | $d sample -n 5 -"

# ---- split ----
runs 0 'train +[0-9]+ records' $d split -o "$T/sp" "$T/r.jsonl"
runs 0 '' sh -c "cat $T/sp-train.jsonl $T/sp-test.jsonl | sort > $T/x; sort $T/r.jsonl | cmp - $T/x"
runs 0 '' sh -c "grep -xFf $T/sp-test.jsonl $T/r.jsonl | cmp - $T/sp-test.jsonl"
runs 0 '' $d split --folds 5 -o "$T/f.jsonl.gz" "$T/r.jsonl"
runs 0 '' sh -c "gunzip -c $T/f-fold4.jsonl.gz | cmp - $T/sp-test.jsonl"
# known crc32: "1" is 0x83dcefb7, "2" 0x1ad5be0d: mod 2 they part
runs 0 '' sh -c "$d split --shares 50/50 -o $T/two $T/c.jsonl > /dev/null; grep -c '\"id\":\"2\"' $T/two-test.jsonl; grep -c '\"id\":\"1\"' $T/two-test.jsonl"
# one request, many ids: never on both sides
i=0
while [ $i -lt 60 ]; do
    printf '{"id":"k%s","source":"s%s","prompt":"  request   %s","outcomes":{"a":{"score":1}}}\n' $i $((i % 6)) $((i % 20)) >> "$T/many.jsonl"
    i=$((i + 1))
done
runs 0 '20 different requests; [1-9][0-9]* records went' $d split --shares 1/1 -o "$T/m" "$T/many.jsonl"
for f in train test; do sed 's/.*"prompt":"\([^"]*\)".*/\1/' "$T/m-$f.jsonl" | sort -u > "$T/$f.p"; done
runs 1 '' sh -c "comm -12 $T/train.p $T/test.p | grep ."
runs 0 '' sh -c "[ -s $T/train.p ] && [ -s $T/test.p ]"
runs 0 '6 sources; 4 joined' $d split --by-source --shares 1/1 -o "$T/bs" "$T/many.jsonl"
for f in train test; do sed 's/.*"source":"\([^"]*\)".*/\1/' "$T/bs-$f.jsonl" | sort -u > "$T/$f.s"; done
runs 1 '' sh -c "comm -12 $T/train.s $T/test.s | grep ."
runs 1 'do not fill 3 sides' $d split --by-source --shares 1/1/1 -o "$T/bs3" "$T/many.jsonl"
runs 0 '' sh -c "$d split --shares 1/1 -o $T/nr $T/near.jsonl | grep 'records have a near-duplicate'"
runs 2 'whole numbers' $d split --shares 80:20 -o "$T/x" "$T/r.jsonl"
runs 2 '-o NAME' $d split "$T/r.jsonl"

# ---- merge ----
cat > "$T/a.jsonl" <<'J'
{"id":"1", "prompt":"p", "odd" : [1,2] ,"outcomes":{"a":{"score":1,"note":"kept"}},"tail":1}
{"id":"2","prompt":"q","outcomes":{"a":{"score":0.5}}}
J
cat > "$T/b.jsonl" <<'J'
{"id":"1","prompt":"p","outcomes":{"b":{"score":0,"cost_usd":0.25}}}
{"id":"3","prompt":"z","outcomes":{"b":{"score":1}}}
J
runs 0 '4 lines became 3 records: 1 outcome added' $d merge -o "$T/ab.jsonl" "$T/a.jsonl" "$T/b.jsonl"
runs 0 '^\{"id":"1", "prompt":"p", "odd" : \[1,2\] ,"outcomes":\{"a": \{"score":1,"note":"kept"\}, "b": \{"score":0,"cost_usd":0.25\}\},"tail":1\}$' cat "$T/ab.jsonl"
runs 0 '' sh -c "sed -n 2p $T/ab.jsonl > $T/x; sed -n 2p $T/a.jsonl | cmp - $T/x"
runs 0 '0 outcomes added, 2 given again alike, 0 conflicts' $d merge -o "$T/aa.jsonl" "$T/a.jsonl" "$T/a.jsonl"
runs 0 '' cmp "$T/a.jsonl" "$T/aa.jsonl"

# no input is written over, by whatever name it goes
cp "$T/a.jsonl" "$T/keep.jsonl"
ln -s keep.jsonl "$T/keep.link"
ln "$T/keep.jsonl" "$T/keep.hard"
for o in keep.jsonl ./keep.jsonl keep.link keep.hard ../$(basename "$T")/keep.jsonl; do
    for c in merge 'sample -n 1' 'export --csv' 'export --batch'; do runs 1 'is also an input, which would be lost; name another file' $d $c -o "$T/$o" "$T/b.jsonl" "$T/keep.jsonl"; done
done
runs 1 'is also an input' sh -c "cd $T && $(realpath "$B")/tierce data merge -o keep.jsonl keep.link"
cp "$T/r.jsonl" "$T/in-test.jsonl"
runs 1 'in-test.jsonl: is also an input' $d split -o "$T/in" "$T/in-test.jsonl"
runs 0 '' cmp "$T/r.jsonl" "$T/in-test.jsonl"
runs 0 '' [ ! -e "$T/in-train.jsonl" ]
runs 0 '' cmp "$T/a.jsonl" "$T/keep.jsonl"
runs 0 '' sh -c "cd $T && ! ls | grep part-"
sed 's/"score":1,/"score":0,/' "$T/a.jsonl" > "$T/a0.jsonl"
runs 1 'a0.jsonl:1: id "1" has another outcome of "a" than at .*a.jsonl:1' $d merge -o "$T/no.jsonl" "$T/a.jsonl" "$T/a0.jsonl"
runs 0 '' [ ! -e "$T/no.jsonl" ]
runs 0 '1 conflict, settled by --prefer first' $d merge --prefer first -o "$T/x1" "$T/a.jsonl" "$T/a0.jsonl"
runs 0 '' cmp "$T/x1" "$T/a.jsonl"
runs 0 '"a": \{"score":0,"note":"kept"\}' sh -c "$d merge --prefer last $T/a.jsonl $T/a0.jsonl 2> /dev/null"
runs 0 '"a": \{"score": 0.5, "note": "kept", "trials": 2\}' sh -c "$d merge --prefer mean $T/a.jsonl $T/a0.jsonl 2> /dev/null"
runs 0 '"a": \{"score": 0.3333333333333333, "note"' sh -c "$d merge --prefer mean $T/a.jsonl $T/a0.jsonl $T/a0.jsonl 2> /dev/null"
# a mean of means is as heavy as its trials: what importing both together gives, in either order
printf '%s\n' '{"id":"1","prompt":"p","outcomes":{"a":{"score":0.6666666666666666,"cost_usd":3,"trials":3}}}' > "$T/t3.jsonl"
printf '%s\n' '{"id":"1","prompt":"p","outcomes":{"a":{"score":0,"cost_usd":1,"input_tokens":8}}}' > "$T/t1.jsonl"
runs 0 '"a": \{"score": 0.5, "cost_usd": 2.5, "input_tokens": 8, "trials": 4\}' sh -c "$d merge --prefer mean $T/t3.jsonl $T/t1.jsonl 2> /dev/null"
runs 0 '"a": \{"score": 0.5, "cost_usd": 2.5, "input_tokens": 8, "trials": 4\}' sh -c "$d merge --prefer mean $T/t1.jsonl $T/t3.jsonl 2> /dev/null"
# outcomes of many keys: averaged whole, or refused with their place, never half written
keys() { awk -v n="$1" -v s="$2" 'BEGIN { printf "{\"id\":\"1\",\"prompt\":\"p\",\"outcomes\":{\"a\":{\"score\":%d", s; for (i = 0; i < n; i++) printf ",\"k%d\":%d", i, i; print "}}}" }'; }
keys 70 1 > "$T/k1.jsonl"; keys 70 0 > "$T/k0.jsonl"; keys 270 1 > "$T/k2.jsonl"
runs 0 '"a": \{"score": 0.5, "k0": 0, .*"k69": 69, "trials": 2\}' sh -c "$d merge --prefer mean $T/k1.jsonl $T/k0.jsonl 2> /dev/null"
runs 1 'k2.jsonl:1: .*more than 256 keys in an outcome' $d merge --prefer mean "$T/k0.jsonl" "$T/k2.jsonl"
runs 1 'has another outcome of "a"' sh -c "sed 's/,\"trials\":3//' $T/t3.jsonl > $T/t0.jsonl; $d merge $T/t3.jsonl $T/t0.jsonl"
# what only another line knows of the record is filled in; what contradicts is told, and the first stays
printf '%s\n' '{"id":"1","prompt":"p","workload":"w","outcomes":{"a":{"score":1}},"tail":1}' '{"id":"2","source":"","prompt":"q","outcomes":{"a":{"score":1}}}' > "$T/w1.jsonl"
printf '%s\n' '{"id":"1","source":"s\"1","prompt":"p","workload":"x","outcomes":{"b":{"score":1}}}' '{"id":"2","source":"s","prompt":"q","outcomes":{"a":{"score":1}}}' > "$T/w2.jsonl"
runs 0 '^\{"id":"1","prompt":"p","workload":"w","outcomes":\{"a": \{"score":1\}, "b": \{"score":1\}\}, "source": "s\\"1","tail":1\}$' sh -c "$d merge $T/w1.jsonl $T/w2.jsonl 2> /dev/null"
runs 0 '^1 source or workload that the first line lacked' $d merge "$T/w1.jsonl" "$T/w2.jsonl"
runs 0 '^warning: 1 source or workload unlike the first .*w2.jsonl:1: "workload" is "x", another than at .*w1.jsonl:1$' $d merge "$T/w1.jsonl" "$T/w2.jsonl"
runs 1 '' sh -c "$d merge $T/a.jsonl $T/b.jsonl 2>&1 | grep -E 'lacked|unlike'"
runs 1 'stands for another request' sh -c "sed 's/\"p\"/\"other\"/' $T/b.jsonl > $T/b2.jsonl; $d merge --prefer first $T/a.jsonl $T/b2.jsonl"
runs 2 'did you mean first' $d merge --prefer frist "$T/a.jsonl"

# ---- export ----
cat > "$T/e.jsonl" <<'J'
{"id":"e,1","source":"s","workload":"w","prompt":"a \"quoted\"\nline, and more","outcomes":{"m":{"score":1,"cost_usd":0.1},"n":{"score":0}}}
{"id":"2","messages":[{"role":"system","content":"S"},{"role":"user","content":"U"}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"auto","outcomes":{"m":{"score":0.30000000000000004}}}
J
runs 0 '1 of them with messages or tools as JSON.*1 member has no place in this shape, first .*e.jsonl:2: "tool_choice"' $d export --csv -o "$T/e.csv" "$T/e.jsonl"
printf 'id,source,workload,prompt,messages,tools,m,m|total_cost,n,n|total_cost\r\n"e,1",s,w,"a ""quoted""\nline, and more",,,1,0.1,0,\r\n2,,,,"[{""role"":""system"",""content"":""S""},{""role"":""user"",""content"":""U""}]","[{""type"":""function"",""function"":{""name"":""f""}}]",0.30000000000000004,,,\r\n' > "$T/want.csv"
runs 0 '' cmp "$T/e.csv" "$T/want.csv"
runs 0 '' $d export --batch --model "m\"x" -o "$T/e.b" "$T/e.jsonl"
printf '%s\n' '{"custom_id": "e,1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m\"x", "messages": [{"role": "user", "content": "a \"quoted\"\nline, and more"}]}}' '{"custom_id": "2", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m\"x", "messages": [{"role":"system","content":"S"},{"role":"user","content":"U"}], "tools": [{"type":"function","function":{"name":"f"}}], "tool_choice": "auto"}}' > "$T/want.b"
runs 0 '' cmp "$T/e.b" "$T/want.b"
runs 2 'one of --csv and --batch' $d export "$T/e.jsonl"
runs 1 'rename it first' sh -c "sed 's/\"m\":/\"prompt\":/' $T/e.jsonl > $T/bad.jsonl; $d export --csv $T/bad.jsonl"
[ -c /dev/full ] && runs 1 'cannot be written' sh -c "$d export --csv $T/r.jsonl > /dev/full"

# ---- keys that nothing reads ----
cat > "$T/k.jsonl" <<'J'
{"id":"1","prompt":"a","team":"x","sorce":"s","outcomes":{"f":{"score":1,"cost":0.1,"note":"n"},"p":{"score":0,"cost":0.2}}}
{"id":"2","prompt":"b","team":"x","temperature":1,"source":"s","sources":1,"usage":{},"outcomes":{"f":{"score":1,"cost":0.1,"cost_usd":0.1,"trials":3},"p":{"score":0,"latency_ms":3}}}
J
# instead of a key that is read: a warning; beside it, or like none: told, and no warning
runs 3 'warning +1  unknown key "cost" in outcomes; did you mean "cost_usd"\?' $d check "$T/k.jsonl"
runs 3 'warning +1  unknown key "sorce"; did you mean "source"\?' $d check "$T/k.jsonl"
runs 3 'warning +1  unknown key "latency_ms" in outcomes; did you mean "latency_s"' $d check "$T/k.jsonl"
runs 3 'note +2  key "team", which is yours' $d check "$T/k.jsonl"
runs 3 'note +1  key "sources", which is yours' $d check "$T/k.jsonl"
runs 1 '' sh -c "$d check $T/k.jsonl | grep -E 'temperature|trials|usage'"
sed -n 2p "$T/k.jsonl" | sed 's/"latency_ms"/"mine"/;s/"cost":0.1,//' > "$T/k2.jsonl"
runs 0 '1 record read: 0 faults, 0 warnings' $d check --near 0 "$T/k2.jsonl"
# what a bad line has instead of what it lacks
runs 1 'no "outcomes".*\(it has "output": did you mean "outcomes"\?\)' sh -c "echo '{\"id\":\"3\",\"prompt\":\"c\",\"output\":{\"f\":{\"score\":1}}}' | $d check -"
runs 1 'without "score".*\(it has "scroe": did you mean "score"\?\)' sh -c "echo '{\"id\":\"4\",\"prompt\":\"d\",\"outcomes\":{\"f\":{\"scroe\":1}}}' | $d check -"
# train and eval: a line a key, with the count and the first place; none where all is known
sed 's/"cost_usd"/"cost"/' "$T/r.jsonl" > "$T/k3.jsonl"
runs 0 '^warning: 400 records: unknown key "cost" in outcomes \(did you mean "cost_usd"\?\), first at .*k3.jsonl:1$' "$P/tierce" train -q --tiers flash,pro "$T/k3.jsonl" -o "$T/k.tierce"
runs 0 'warning: 400 records: unknown key "cost"' "$P/tierce" eval -q --folds 2 --resamples 5 --tiers flash,pro "$T/k3.jsonl"
runs 0 '^1$' sh -c "$P/tierce train -q --tiers flash,pro $T/k3.jsonl -o $T/k.tierce 2>&1 | grep -c warning:"
runs 1 '' sh -c "$P/tierce train -q --tiers flash,pro $T/r.jsonl -o $T/k.tierce 2>&1 | grep warning:"

# nothing comes of nothing, and it is said
: > "$T/nothing.jsonl"
for c in stats 'sample --n 5' "split -o $T/nothing" 'merge' 'export --csv' 'export --batch' check; do runs 1 'no records in the input' $d $c "$T/nothing.jsonl"; done
runs 0 '' [ ! -e "$T/nothing-train.jsonl" ]

# what is bad is said once, and with a budget a line each
echo '{"id":1' > "$T/cut.jsonl"
for c in stats "split -o $T/cut" merge 'sample -n 5' 'export --csv'; do runs 0 '^1$' sh -c "$d $c $T/cut.jsonl 2>&1 | grep -c 'ends in the middle'"; done
runs 0 '^1$' sh -c "cat $T/cut.jsonl $T/a.jsonl > $T/cut2.jsonl; $d stats --max-bad 1 $T/cut2.jsonl 2>&1 | grep -c 'ends in the middle'"
# a side without a record is told of
head -1 "$T/a.jsonl" > "$T/single.jsonl"
runs 0 'warning: 1 side is empty: too few records' $d split -o "$T/single" "$T/single.jsonl"
runs 0 'warning: 4 sides are empty' $d split --folds 5 -o "$T/single" "$T/single.jsonl"
runs 1 '' sh -c "$d split -o $T/whole $T/r.jsonl | grep warning"

# ---- the writer ----
# a name that promises Zstandard is not given to plain text
runs 1 'x.jsonl.zst: cannot be written: Zstandard is only read' $d sample -n 5 -o "$T/x.jsonl.zst" "$T/r.jsonl"
runs 1 'x.jsonl.zst: cannot be written: Zstandard' "$P/tierce" simulate -n 5 -o "$T/x.jsonl.zst"
runs 0 '' [ ! -e "$T/x.jsonl.zst" ]
# what a link leads to is written, never the link; a file that is replaced keeps its mode
mkdir "$T/real"
ln -s real/x.jsonl "$T/link.jsonl"
runs 0 '' "$P/tierce" simulate -n 5 -o "$T/link.jsonl"
runs 0 '' [ -L "$T/link.jsonl" ]
runs 0 '' [ "$(wc -l < "$T/real/x.jsonl")" = 5 ]
chmod 600 "$T/real/x.jsonl"
runs 0 '' $d sample --n 3 -o "$T/link.jsonl" "$T/r.jsonl"
runs 0 '^3$' sh -c "wc -l < $T/real/x.jsonl"
runs 0 '^-rw-------' ls -l "$T/real/x.jsonl"
runs 0 '' sh -c "cd $T && ! ls real | grep part-"
ln -s ring "$T/ring"
runs 1 'ring: cannot be written: Too many levels' "$P/tierce" simulate -n 5 -o "$T/ring"
ln -s m2.tierce "$T/m.link"
runs 0 '' "$P/tierce" train -q --tiers flash,pro "$T/r.jsonl" -o "$T/m.link"
runs 0 '' [ -L "$T/m.link" -a -s "$T/m2.tierce" ]
# simulate packs, and is there whole or not at all; ids of other seeds are other ids
runs 0 '' sh -c "$P/tierce simulate -n 20 -o $T/s.jsonl.gz && gzip -dc $T/s.jsonl.gz > $T/s1 && $P/tierce simulate -n 20 > $T/s2 && cmp $T/s1 $T/s2"
runs 0 '"id":"sim/[a-z_]*/000000","' head -1 "$T/s1"
runs 0 '"id":"sim/[a-z_]*/000000-5","' "$P/tierce" simulate -n 1 --seed 5
"$P/tierce" simulate -n 20 --seed 2 -o "$T/s3"
runs 0 '40 lines became 40 records: 0 outcomes added' $d merge -o "$T/s4" "$T/s1" "$T/s3"

# ---- tiers ----
cat > "$T/prices.json" <<'J'
{"sample_spec": {"input_cost_per_token": 0.0, "mode": "one of: chat, embedding"},
 "gemini/gemini-3.5-flash": {"litellm_provider": "gemini", "mode": "chat", "max_input_tokens": 1048576,
   "input_cost_per_token": 1.5e-06, "output_cost_per_token": 9e-06, "cache_read_input_token_cost": 1.5e-07,
   "output_cost_per_reasoning_token": 9e-06, "input_cost_per_token_priority": 2.7e-06, "supports_function_calling": true},
 "gemini-3.1-pro-preview": {"litellm_provider": "vertex_ai-language-models", "mode": "chat",
   "input_cost_per_token": 2e-06, "output_cost_per_token": 1.2e-05},
 "gemini/gemini-3.1-pro-preview": {"litellm_provider": "gemini", "mode": "chat", "max_input_tokens": 1048576,
   "input_cost_per_token": 2e-06, "output_cost_per_token": 1.2e-05, "cache_read_input_token_cost": 2e-07,
   "input_cost_per_token_above_200k_tokens": 4e-06, "output_cost_per_token_above_200k_tokens": 1.8e-05,
   "cache_read_input_token_cost_above_200k_tokens": 4e-07, "input_cost_per_token_batches": 1e-06,
   "output_cost_per_token_batches": 6e-06, "supports_function_calling": true}}
J
runs 0 '' "$t" tiers init --from-litellm "$T/prices.json" --date 2026-08-01 flash=gemini/gemini-3.5-flash pro=gemini/gemini-3.1-pro-preview -o "$T/tiers.json"
runs 0 '"input": 1.5, "output": 9, "cached_input": 0.15, "reasoning": 9' cat "$T/tiers.json"
runs 0 '"long": \{"above_input_tokens": 200000, "input": 4, "output": 18, "cached_input": 0.4\}' cat "$T/tiers.json"
runs 0 '"effective_from": "2026-08-01"' cat "$T/tiers.json"
runs 3 'valid' "$t" tiers check --date 2026-08-02 "$T/tiers.json"
runs 3 'not yet in force: effective_from 2026-08-01 is after 2026-07-31' "$t" tiers check --date 2026-07-31 "$T/tiers.json"
runs 1 'did you mean "gemini/gemini-3.1-pro-preview"' "$t" tiers init --from-litellm "$T/prices.json" gemini-3.1-pro
sed 's/"gemini-3.1-pro-preview": {"litellm/"gemini\/gemini-3.5-flash": {"litellm/' "$T/prices.json" > "$T/prices2.json"
runs 1 '"gemini/gemini-3.5-flash" stands there 2 times' "$t" tiers init --from-litellm "$T/prices2.json" gemini/gemini-3.5-flash
sed 's/"input_cost_per_token": 1.5e-06/"input_cost_per_token": 1.5e-06, "input_cost_per_token": 2e-06/' "$T/prices.json" > "$T/prices3.json"
runs 1 'has "input_cost_per_token" twice' "$t" tiers init --from-litellm "$T/prices3.json" gemini/gemini-3.5-flash
# a rate that tiers check would refuse is not written
sed 's/"input_cost_per_token": 1.5e-06/"input_cost_per_token": 1.5/' "$T/prices.json" > "$T/dear.json"
runs 1 'dear.json: "gemini/gemini-3.5-flash": "input_cost_per_token" is 1.5: more than \$1 per token' "$t" tiers init --from-litellm "$T/dear.json" gemini/gemini-3.5-flash -o "$T/dear-tiers.json"
runs 0 '' [ ! -e "$T/dear-tiers.json" ]
# the table is not written over, by any name
cp "$T/prices.json" "$T/table.json"; ln -s table.json "$T/table.link"; ln "$T/table.json" "$T/table.hard"
for o in table.json table.link table.hard; do
    runs 1 'is also an input' "$t" tiers init --from-litellm "$T/table.json" a=gemini/gemini-3.5-flash -o "$T/$o"
done
runs 0 '' cmp "$T/prices.json" "$T/table.json"
runs 1 'has no key "sample_spec"' "$t" tiers init --from-litellm "$T/prices.json" sample_spec
runs 2 'needs --from-litellm' "$t" tiers init gemini-3.1-pro
runs 1 'not valid JSON' "$t" tiers init --from-litellm "$T/e.csv" x
runs 2 'day of the calendar' "$t" tiers check --date 2026-02-30 "$T/tiers.json"
runs 2 'did you mean "check"' "$t" tiers chekc
sed 's/"batch"/"bacth"/' "$T/tiers.json" > "$T/typo.json"
runs 1 'tiers\[1\].prices: unknown key "bacth"; did you mean "batch"' "$t" tiers check "$T/typo.json"
# tiers that look mistaken beside each other
odd() { printf '{"tiers": [%s]}' "$1" > "$T/odd.json"; }
price='"prices":{"input":1,"output":2}'
odd "{\"name\":\"cheap\",\"outcomes\":[\"flash\"],\"model\":\"m\",$price},{\"name\":\"dear\",\"outcomes\":[\"pro\",\"flash\"],\"model\":\"m\",$price}"
runs 3 'warning: dear: stands for the outcome "flash", as tier "cheap" does' "$t" tiers check "$T/odd.json"
runs 3 'warning: dear: has the model id "m" of tier "cheap"' "$t" tiers check "$T/odd.json"
runs 0 '' "$P/tierce" train -q --tiers "$T/odd.json" "$T/r.jsonl" -o "$T/odd.tierce"
head -60 "$T/r.jsonl" | sed 's/"pro":/"else":/' > "$T/less.jsonl"; tail -n +61 "$T/r.jsonl" >> "$T/less.jsonl"
runs 0 'warning: tiers "cheap" and "dear" stand for the same outcome in 60 of 400 records' "$P/tierce" train -q --tiers "$T/odd.json" "$T/less.jsonl" -o "$T/odd.tierce"
odd "{\"name\":\"cheap\",\"outcomes\":[\"flash\"],$price},{\"name\":\"dear\",\"outcomes\":[\"flash\"],$price}"
runs 1 'tiers "cheap" and "dear" stand for the same outcome in all 400 records.*: their labels are one' "$P/tierce" train -q --tiers "$T/odd.json" "$T/r.jsonl" -o "$T/never.tierce"
runs 0 '' [ ! -e "$T/never.tierce" ]
sed 's/"name":"cheap"/"name":"cheap","tools":false/' "$T/odd.json" > "$T/limits.json"
runs 0 'warning: tiers "cheap" and "dear" stand for the same outcome in 400 of 400' "$P/tierce" train -q --tiers "$T/limits.json" "$T/r.jsonl" -o "$T/odd.tierce"
odd "{\"name\":\"flash\",\"outcomes\":[\"pro\"],$price},{\"name\":\"pro\",\"outcomes\":[\"flash\"],$price}"
runs 3 'warning: flash: its outcomes name tier "pro", whose own do not: are they swapped' "$t" tiers check "$T/odd.json"
odd "{\"name\":\"flash\",$price},{\"name\":\"pro\",\"outcomes\":[\"pro\",\"pro-2\"],$price}"
runs 0 'no warnings' "$t" tiers check "$T/odd.json"
# records without any of the tiers: how many, and what they have instead
runs 1 'none of the 400 records has an outcome of the tiers "a", "b"; their outcomes are called "flash", "pro": name' "$P/tierce" train -q --tiers a,b "$T/r.jsonl" -o "$T/never.tierce"
head -60 "$T/r.jsonl" | sed 's/"pro":/"p1":/;s/"flash":/"f1":/' > "$T/part.jsonl"; tail -n +61 "$T/r.jsonl" >> "$T/part.jsonl"
runs 0 'warning: 60 of 400 records have no outcome of the tiers "flash", "pro" and are left out; their outcomes are called "f1", "p1"$' "$P/tierce" train -q --tiers flash,pro "$T/part.jsonl" -o "$T/part.tierce"
# the shipped examples load, with their dates
runs 3 'prices expired: effective_to 2026-05-31' "$t" tiers check --date 2026-11-24 "$root/data/examples/gemini-2026-05.json"
runs 3 'input 4.17, output 25' "$t" tiers check "$root/data/examples/gemini-2026-05.json"
runs 3 'above 200000 +input 4, output 18, cached 0.4' "$t" tiers check --date 2026-11-24 "$root/data/examples/gemini-2026-08.json"
runs 0 'prices USD per million tokens: input 1.5, output 9' sh -c "$P/tierce train -q --tiers $root/data/examples/gemini-2026-08.json $T/r.jsonl -o $T/m.tierce && $t inspect $T/m.tierce"
done_
