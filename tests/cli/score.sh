#!/bin/sh
# tierce score as a filter, by byte ranges, and as a maker of batch files. $1: build directory.
B=$1
. "$(dirname "$0")/lib.sh"
t=$B/tierce
runs 0 '' "$t" simulate -n 900 --seed 11 -o "$T/r.jsonl"
runs 0 '' "$t" train -q --tiers flash,pro "$T/r.jsonl" -o "$T/m.tierce"
s="$t score -m $T/m.tierce"

# ---- byte ranges: any cut of the file is a cut of its lines ----
{ # short lines, long ones, CRLF, no id, blank ones, the last without a line break
    printf '{"id":"a","prompt":"one"}\n\n{"prompt":"no id"}\r\n'
    printf '{"id":"b","messages":[{"role":"user","content":"\303\251\357\273\277\377\376 bytes that look like marks"}]}\n'
    printf '   \n{"id":"c","prompt":"x"}\n{"id":"last","prompt":"no break"}'
} > "$T/small.jsonl"
size=$(wc -c < "$T/small.jsonl")
$s -q "$T/small.jsonl" > "$T/whole"
cut=0 wrong=0
while [ "$cut" -le "$size" ]; do
    { $s -q --byte-range "0-$cut" "$T/small.jsonl" && $s -q --byte-range "$cut-" "$T/small.jsonl"; } > "$T/two"
    cmp -s "$T/whole" "$T/two" || { wrong=$((wrong + 1)); echo "cut at $cut differs"; }
    cut=$((cut + 1))
done
runs 0 '^0$' echo "$wrong"
a=0 step=7
: > "$T/many"
while [ "$a" -lt "$size" ]; do
    $s -q --byte-range "$a-$((a + step))" "$T/small.jsonl" >> "$T/many"
    a=$((a + step))
done
runs 0 '' cmp "$T/whole" "$T/many"
runs 0 '' sh -c "$s -q --byte-range 100000- $T/small.jsonl > $T/none && [ ! -s $T/none ]"
gzip -c "$T/small.jsonl" > "$T/small.jsonl.gz"
runs 1 'needs the plain file' $s --byte-range 0-10 "$T/small.jsonl.gz"
runs 2 'A-B, A- or -B' $s --byte-range 9-3 "$T/small.jsonl"
runs 2 'A-B, A- or -B' $s --byte-range ten "$T/small.jsonl"
runs 2 'one FILE' $s --byte-range 0-10
printf '{"id":"a","prompt":"1"}\n{"id":"b","prompt":"2"}\n{"broken\n' > "$T/late.jsonl"
runs 1 'late.jsonl:3: byte' $s --byte-range 30- "$T/late.jsonl"

# ---- keys, counters, exit status ----
printf 'k1\t{"id":"a","prompt":"hi"}\n\t{"id":"b","prompt":"hi"}\n' > "$T/keyed"
runs 0 '^k1	\{"id": "a"' $s -q --keyed "$T/keyed"
runs 0 '^	\{"id": "b"' $s -q --keyed "$T/keyed"
runs 1 'KEY<tab>JSON' $s --keyed "$T/small.jsonl"
runs 0 'reporter:counter:tierce,decided,5' $s --counters hadoop "$T/small.jsonl"
runs 0 'reporter:counter:tierce,to (flash|pro),' $s --counters hadoop "$T/small.jsonl"
runs 2 'did you mean hadoop' $s --counters hadop "$T/small.jsonl"
runs 0 '' sh -c "$s --counters none $T/small.jsonl 2> $T/quiet > /dev/null; [ ! -s $T/quiet ]"
runs 3 '1 bad line,' $s --max-bad 1 "$T/late.jsonl"
runs 1 'stopped after 1 bad line' $s "$T/late.jsonl"
[ -c /dev/full ] && runs 1 'cannot write the output' sh -c "$s $T/r.jsonl > /dev/full"

# ---- GNU parallel on two cores gives the bytes of one process ----
if command -v parallel > /dev/null 2>&1; then
    $s -q "$T/r.jsonl" > "$T/one"
    parallel --will-cite --pipe-part -a "$T/r.jsonl" --block 60k -j2 --keep-order "$s -q" > "$T/par" 2> "$T/err"
    runs 0 '' cmp "$T/one" "$T/par"
    size=$(wc -c < "$T/r.jsonl")
    seq 0 100000 "$size" | parallel --will-cite -j2 --keep-order "$s -q --byte-range {}-\$(({} + 100000)) $T/r.jsonl" > "$T/par2"
    runs 0 '' cmp "$T/one" "$T/par2"
else
    skipped=$((${skipped:-0} + 2))
fi

# ---- batch files ----
"$t" data export --batch --model ORIG "$T/r.jsonl" -o "$T/in.jsonl" 2> /dev/null
runs 0 '900 requests routed into' $s --batch "$T/in.jsonl" --out-dir "$T/files" -j 2
runs 0 '^900' wc -l "$T/files/decisions.jsonl"
# nothing but the model changed: put back, the lines are those of the input, byte for byte
cat "$T"/files/flash-*.jsonl "$T"/files/pro-*.jsonl | sed 's/"model": "flash"/"model": "ORIG"/;s/"model": "pro"/"model": "ORIG"/' | sort > "$T/back"
sort "$T/in.jsonl" > "$T/orig"
runs 0 '' cmp "$T/orig" "$T/back"
runs 0 '' sh -c "! grep -L '\"model\": \"flash\"' $T/files/flash-00001.jsonl | grep ."
# each line went where its decision says
sed -n 's/^{"id": "\([^"]*\)", "tier": "pro".*/\1/p' "$T/files/decisions.jsonl" > "$T/ids1"
sed 's/^{"custom_id": *"\([^"]*\)".*/\1/' "$T/files/pro-00001.jsonl" > "$T/ids2"
runs 0 '' cmp "$T/ids1" "$T/ids2"
# decisions are those of the filter
$s -q "$T/in.jsonl" > "$T/plain"
runs 0 '' cmp "$T/plain" "$T/files/decisions.jsonl"
# and all of it is the same for any number of threads
runs 0 '' $s -q --batch "$T/in.jsonl" --out-dir "$T/files4" -j 4
runs 0 '' diff -r "$T/files" "$T/files4"
# parts by lines and by bytes
runs 0 '' $s -q --batch "$T/in.jsonl" --out-dir "$T/parts" --part-lines 100
runs 0 '' sh -c "for f in $T/parts/*-0*.jsonl; do [ \$(wc -l < \$f) -le 100 ] || exit 1; done; cat $T/parts/pro-*.jsonl | cmp - $T/files/pro-00001.jsonl"
runs 0 '' $s -q --batch "$T/in.jsonl" --out-dir "$T/bytes" --part-bytes 20000
runs 0 '' sh -c "for f in $T/bytes/*-0*.jsonl; do [ \$(wc -c < \$f) -le 20000 ] || exit 1; done; cat $T/bytes/flash-*.jsonl | cmp - $T/files/flash-00001.jsonl"
runs 1 'longer than a whole batch file' $s --batch "$T/in.jsonl" --out-dir "$T/tiny" --part-bytes 100
# no model: one is put in; two: refused; odd spellings are found
l() { printf '%s\n' "$1" > "$T/l.jsonl"; rm -rf "$T/lo"; }
l '{"custom_id":"1","body":{"messages":[{"role":"user","content":"hi"}]}}'
runs 0 '"body":\{"model": "(flash|pro)", "messages":' sh -c "$s -q --batch $T/l.jsonl --out-dir $T/lo && cat $T/lo/[fp]*-00001.jsonl"
l '{ "body" : { "mod\u0065l" : "a\"b" , "prompt":"hi"} , "custom_id" : "1" }'
runs 0 '^\{ "body" : \{ "mod.u0065l" : "(flash|pro)" , "prompt":"hi"\} , "custom_id" : "1" \}$' sh -c "$s -q --batch $T/l.jsonl --out-dir $T/lo && cat $T/lo/[fp]*-00001.jsonl"
l '{"custom_id":"1","body":{"model":"a","prompt":"hi","model":"b"}}'
runs 1 'l.jsonl:1: byte [0-9]+: "model" stands twice' $s --batch "$T/l.jsonl" --out-dir "$T/lo"
l '{"custom_id":"1","body":{"prompt":"hi","metadata":{"model":"deep"}}}'
runs 0 '"metadata":\{"model":"deep"\}' sh -c "$s -q --batch $T/l.jsonl --out-dir $T/lo && cat $T/lo/[fp]*-00001.jsonl"
l '{"body":{"prompt":"hi"}}'; runs 1 'no "custom_id"' $s --batch "$T/l.jsonl" --out-dir "$T/lo"
l '{"id":"1","prompt":"hi"}'; runs 1 'no "body"' $s --batch "$T/l.jsonl" --out-dir "$T/lo"
l '{"id":"r","custom_id":"1","response":{"status_code":200,"body":{}}}'; runs 1 'no request|a batch.s answer|stands twice|both "id"' $s --batch "$T/l.jsonl" --out-dir "$T/lo"
printf '%s\n' '{"custom_id":"1","body":{"prompt":"a"}}' '{"custom_id":"1","body":{"prompt":"b"}}' '{"custom_id":"2","body":{"prompt":"b"}}' > "$T/l.jsonl"
runs 1 'l.jsonl:2: .*earlier line' $s --batch "$T/l.jsonl" --out-dir "$T/lo"
runs 0 '' [ ! -e "$T/lo" ]
runs 3 '2 requests routed' $s --batch "$T/l.jsonl" --out-dir "$T/lo" --max-bad 1
runs 1 'is not empty' $s --batch "$T/l.jsonl" --out-dir "$T/lo" --max-bad 1
runs 1 'cannot be replaced whole' $s --batch "$T/in.jsonl" --out-dir .
runs 1 'is not a folder' $s --batch "$T/in.jsonl" --out-dir "$T/r.jsonl"
runs 2 'belong together' $s --batch "$T/in.jsonl"
runs 2 'need --batch' $s --tiers x.json "$T/in.jsonl"
# names that are no file names stay apart
runs 0 '' sh -c "sed 's/\"flash\":/\"a\\/b\":/;s/\"pro\":/\"a_b\":/' $T/r.jsonl > $T/slash.jsonl; $t train -q --tiers a/b,a_b $T/slash.jsonl -o $T/slash.tierce"
runs 0 '' sh -c "$t score -q -m $T/slash.tierce --batch $T/in.jsonl --out-dir $T/slash && cat $T/slash/a_b-*.jsonl $T/slash/a_b_1-*.jsonl | wc -l | grep -x 900"
# forecasts: at the tiers.json's prices; not known; assumed and called so
cat > "$T/tiers.json" <<'J'
{"tiers": [{"name": "flash", "model": "flash-id", "prices": {"input": 1, "output": 2, "batch": {"input": 0.5, "output": 1}}},
           {"name": "pro", "prices": {"input": 10, "output": 20}}]}
J
runs 0 'flash: costs learned from records' $s --batch "$T/in.jsonl" --out-dir "$T/f1" --tiers "$T/tiers.json"
runs 0 '"model": "flash-id"' head -1 "$T/f1/flash-00001.jsonl"
runs 0 '' "$t" train -q --tiers "$T/tiers.json" "$T/r.jsonl" -o "$T/priced.tierce"
runs 0 'flash: tokens learned from records, at the tiers.json.s batch rates' "$t" score -m "$T/priced.tierce" --batch "$T/in.jsonl" --out-dir "$T/f2" --tiers "$T/tiers.json"
sed 's/"input": 1, "output": 2,/"input": 1, "output": 2, "effective_to": "2020-12-31",/' "$T/tiers.json" > "$T/old.json"
runs 0 'prices of flash expired on 2020-12-31' $s --batch "$T/in.jsonl" --out-dir "$T/f9" --tiers "$T/old.json"
# decided at the prices of the batch: where pro is free there, nobody pays for flash
sed 's/{"input": 10, "output": 20}/{"input": 10, "output": 20, "batch": {"input": 0, "output": 0}}/' "$T/tiers.json" > "$T/free.json"
runs 0 'pro +900 requests' "$t" score -m "$T/priced.tierce" --value 0.0001 --batch "$T/in.jsonl" --out-dir "$T/f7" --tiers "$T/free.json"
runs 0 'flash +900 requests' "$t" score -m "$T/priced.tierce" --value 0.0001 --batch "$T/in.jsonl" --out-dir "$T/f8" --tiers "$T/tiers.json"
# what is too unlike the training records goes to the default tier there, too
runs 0 'pro +900 requests' "$t" score -m "$T/priced.tierce" --value 0.0001 --min-familiarity 1 --default-tier pro --batch "$T/in.jsonl" --out-dir "$T/f10" --tiers "$T/tiers.json"
runs 1 '' grep -v DEFAULT_UNFAMILIAR "$T/f10/decisions.jsonl"
# half the rates in a batch: half of what the model says at its own (usual) rates
runs 0 '' "$t" score -q -m "$T/priced.tierce" --batch "$T/in.jsonl" --out-dir "$T/f3"
runs 0 'within' sh -c "cat $T/f2/forecast.json $T/f3/forecast.json | sed -n 's/^  \"flash\": {\"cost_usd\": \([0-9.]*\),.*/\1/p' | tr '\n' ' ' | awk '{ if (\$1 > 0 && \$1 / \$2 > .4999 && \$1 / \$2 < .5001) print \"within\"; else print }'"
sed 's/"cost_usd":[0-9.]*,"input_tokens":[0-9]*,"output_tokens":[0-9]*,//g' "$T/r.jsonl" > "$T/free.jsonl"
runs 0 '' "$t" train -q --tiers flash,pro "$T/free.jsonl" -o "$T/free.tierce"
runs 0 'as routed +not known' "$t" score -m "$T/free.tierce" --batch "$T/in.jsonl" --out-dir "$T/f4" --tiers "$T/tiers.json"
runs 0 'flash: ASSUMED: input at 4 bytes a token, 500 output tokens' "$t" score -m "$T/free.tierce" --batch "$T/in.jsonl" --out-dir "$T/f5" --tiers "$T/tiers.json" --assume-output 500
# a value of a success that no cost stands against: said, counted, in the decision
f="$t score -m $T/free.tierce"
runs 0 '5 with a tier whose cost is not known: it counts as free' $f --value 0.1 "$T/small.jsonl"
runs 0 'reporter:counter:tierce,without known cost,5' $f --value 0.1 --counters hadoop "$T/small.jsonl"
runs 0 '"no_cost": \["flash", "pro"\]' $f -q --value 0.1 "$T/small.jsonl"
runs 0 '"no_cost": \["pro"\]' $f -q --max-cost 1 --allow pro "$T/small.jsonl"
runs 1 '' sh -c "$f $T/small.jsonl 2>&1 | grep -E 'no_cost|not known'"
runs 1 '' sh -c "$s --value 0.1 $T/small.jsonl 2>&1 | grep -E 'no_cost|not known'"
runs 0 'no cost is known for pro: it counts as free' "$t" route -m "$T/free.tierce" --value 0.1 hi
echo '{"tiers": [{"name": "flash"}]}' > "$T/one.json"
# nothing in is nothing made; a range may be empty
: > "$T/none.jsonl"
runs 1 'no requests in the input; .*f11 was not made' $s --batch "$T/none.jsonl" --out-dir "$T/f11"
runs 0 '' [ ! -e "$T/f11" ]
runs 0 '0 requests routed' $s --batch --byte-range 0-0 "$T/in.jsonl" --out-dir "$T/f12"
# context windows and tools: the tiers.json's, else the model's; no line goes to a tier that cannot take it
tier_with() { sed "s/\"name\": \"flash\",/\"name\": \"flash\", $1/" "$T/tiers.json" > "$T/window.json"; }
long=$(awk 'BEGIN { for (i = 0; i < 1000; i++) printf "word " }') tools='[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}]'
printf '{"custom_id":"%s","body":{"messages":[{"role":"user","content":"%s"}]%s}}\n' small hi '' long "$long" '' tool hi ",\"tools\":$tools" > "$T/w.jsonl"
p="$t score -m $T/priced.tierce --value 0.0001 --batch $T/w.jsonl"
runs 0 'flash +3 requests' $p --out-dir "$T/w1" --tiers "$T/tiers.json"
runs 1 '' sh -c "$p --out-dir $T/w1b --tiers $T/tiers.json 2>&1 | grep moved"
tier_with '"context_window": 1000,'
runs 0 'moved on from flash, which cannot take it: 1 request .context window of 1000 tokens' $p --out-dir "$T/w2" --tiers "$T/window.json"
runs 0 'note: .*window.json: context_window 1000 of flash holds for this batch; tierce route and serve decide by the model.s own, 0 .none; train' $p --out-dir "$T/w2b" --tiers "$T/window.json"
runs 0 '"custom_id":"long"' cat "$T/w2/pro-00001.jsonl"
runs 1 '' grep '"custom_id":"long"' "$T/w2/flash-00001.jsonl"
runs 0 '"long".*"tier": "pro".*ONLY_ONE' grep long "$T/w2/decisions.jsonl"
runs 0 '"cannot_take": 1' cat "$T/w2/forecast.json"
# the window is that many tokens, at four bytes each
tier_with '"context_window": 1250,'; runs 1 '' sh -c "$p --out-dir $T/w3 --tiers $T/window.json 2>&1 | grep moved"
tier_with '"context_window": 1249,'; runs 0 'moved on from flash' $p --out-dir "$T/w4" --tiers "$T/window.json"
tier_with '"context_window": 1000, "tools": false,'
runs 0 'moved on from flash, which cannot take them: 2 requests .context window of 1000 tokens, no tools' $p --out-dir "$T/w5" --tiers "$T/window.json"
runs 0 '^2$' sh -c "wc -l < $T/w5/pro-00001.jsonl"
tier_with '"tools": "no",'; runs 1 'window.json:1: tiers.0.: tools must be true or false' $p --out-dir "$T/w6" --tiers "$T/window.json"
tier_with '"tools": true, "tools": true,'; runs 1 'tools stands twice' $p --out-dir "$T/w6" --tiers "$T/window.json"
# none can take it: a bad line, in no file
tier_with '"context_window": 1000,'
sed 's/"name": "pro",/"name": "pro", "context_window": 900,/' "$T/window.json" > "$T/both.json"
runs 1 'w.jsonl:2: .*no tier that may be chosen can take it: it is longer than their context windows' $p --out-dir "$T/w7" --tiers "$T/both.json"
runs 0 '' [ ! -e "$T/w7" ]
runs 3 '2 requests routed into .*, 1 bad line left out' $p --out-dir "$T/w7" --tiers "$T/both.json" --max-bad 1
runs 1 '' grep -r '"custom_id":"long"' "$T/w7"
runs 1 'can take it' $p --out-dir "$T/w8" --tiers "$T/window.json" --allow flash
# the default tier is no better off; nor is the one of the unfamiliar
runs 0 '"long".*"tier": "pro"' sh -c "$p -q --out-dir $T/w9 --tiers $T/window.json --default-tier flash --min-probability 1 && grep long $T/w9/decisions.jsonl"
runs 0 '"long".*"tier": "pro"' sh -c "$p -q --out-dir $T/w10 --tiers $T/window.json --default-tier flash --min-familiarity 1 && grep long $T/w10/decisions.jsonl"
runs 0 '"small".*"tier": "flash".*DEFAULT_UNFAMILIAR' grep small "$T/w10/decisions.jsonl"
# a model that was trained with the window: route, score and score --batch agree, without --tiers and with a file that says nothing
runs 0 '' "$t" train -q --tiers "$T/window.json" "$T/r.jsonl" -o "$T/window.tierce"
p="$t score -m $T/window.tierce --value 0.0001"
for more in '' "--tiers $T/tiers.json" "--tiers $T/window.json"; do
    rm -rf "$T/w11"
    runs 0 'moved on from flash, which cannot take it: 1 request' $p --batch "$T/w.jsonl" --out-dir "$T/w11" $more
    for from in "$T/w11/decisions.jsonl" -; do
        { if [ "$from" = - ]; then $p -q "$T/w.jsonl"; else cat "$from"; fi; } | sed 's/.*\("id": "[a-z]*"\).*\("tier": "[a-z]*"\).*\("reason": "[A-Z_]*"\).*/\1 \2 \3/' >> "$T/w.same"
    done
done
runs 0 '^3$' sh -c "sort $T/w.same | uniq -c | grep -c '^ *6 '"
runs 0 '^pro$' "$t" route -m "$T/window.tierce" --value 0.0001 "$long"
# a bigger one of the file holds, too
tier_with '"context_window": 100000,'
runs 0 'flash +3 requests' $p --batch "$T/w.jsonl" --out-dir "$T/w12" --tiers "$T/window.json"
runs 0 'context_window 100000 of flash holds for this batch; .* by the model.s own, 1000 .train with this file' $p --batch "$T/w.jsonl" --out-dir "$T/w13" --tiers "$T/window.json"
runs 1 'has no tier "pro"' $s --batch "$T/in.jsonl" --out-dir "$T/f6" --tiers "$T/one.json"
runs 1 'one.jsn: No such file' $s --batch "$T/in.jsonl" --out-dir "$T/f6" --tiers "$T/one.jsn"
runs 0 '' [ ! -e "$T/f6" ]
# a kill at any moment leaves nothing that looks complete
mkfifo "$T/pipe"
$s -q --batch "$T/pipe" --out-dir "$T/killed" --part-lines 10 > /dev/null 2>&1 &
victim=$!
{ cat "$T/in.jsonl"; sleep 5; } > "$T/pipe" &
feeder=$!
n=0
while [ "$(ls "$T" | grep -c '^killed.partial')" = 0 ] && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
kill -9 $victim 2> /dev/null
wait $victim 2> /dev/null
kill $feeder 2> /dev/null
runs 0 '' [ ! -e "$T/killed" ]
runs 0 'killed.partial' ls "$T"
done_
