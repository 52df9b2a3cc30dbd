#!/bin/sh
# The command line as people script against it. $1: build directory.
B=$1
. "$(dirname "$0")/lib.sh"
t=$B/tierce
runs 0 'usage: tierce COMMAND' "$t" --help
runs 0 'tierce 0\.' "$t" --version
runs 2 'did you mean "route"' "$t" ruote
for c in route score inspect features train eval simulate; do runs 0 'usage: tierce '"$c" "$t" $c --help; done
runs 2 'did you mean --folds' "$t" eval --fold 3
runs 2 'whole number within' "$t" eval --folds 1 --tiers a,b x
runs 2 'needs a value' "$t" route -m
runs 2 '--tiers A,B' "$t" train x.jsonl
runs 0 '' "$t" simulate -n 600 --seed 3 -o "$T/a.jsonl"
runs 0 '' "$t" simulate -n 600 --seed 3 -o "$T/b.jsonl"
runs 0 '' cmp "$T/a.jsonl" "$T/b.jsonl"
runs 0 'held out' "$t" train --tiers flash,pro "$T/a.jsonl" -o "$T/a.tierce"
runs 0 '' "$t" train -q --tiers flash,pro "$T/a.jsonl" -o "$T/b.tierce"
runs 0 '' cmp "$T/a.tierce" "$T/b.tierce"
gzip -k "$T/a.jsonl"
runs 0 '' sh -c "cat $T/a.jsonl | $t train -q --tiers flash,pro - -o $T/c.tierce && cmp $T/a.tierce $T/c.tierce"
runs 0 '' sh -c "$t train -q --tiers flash,pro $T/a.jsonl.gz -o $T/d.tierce && cmp $T/a.tierce $T/d.tierce"
runs 0 'self-test vectors: 5' "$t" inspect "$T/a.tierce"
runs 0 '"tiers": \[\{"name": "flash"' "$t" inspect --json "$T/a.tierce"
runs 0 'self-test vectors: 5' "$t" inspect -m "$T/a.tierce"
runs 2 'one model at a time' "$t" inspect -m "$T/a.tierce" "$T/b.tierce"
runs 0 'likely to succeed' "$t" route -m "$T/a.tierce" "What is a monad?"
runs 0 'exact and additive' "$t" route -m "$T/a.tierce" --explain "What is a monad?"
runs 0 '"tier": "(flash|pro)"' "$t" route -m "$T/a.tierce" --json --explain "What is a monad?"
runs 0 '^flash' "$t" route -m "$T/a.tierce" --allow flash "What is a monad?"
runs 0 'no tier reaches the minimum' "$t" route -m "$T/a.tierce" --min-probability 1 "What is a monad?"
runs 1 'did you mean "flash"' "$t" route -m "$T/a.tierce" --allow flsh x
runs 1 'no operating point' "$t" route -m "$T/a.tierce" --point frugal x
runs 1 'cannot read the file' "$t" route -m "$T/none.tierce" x
# contributions sum to the log-odds that they explain
"$t" route -m "$T/a.tierce" --explain --top 100000 "Prove that 2 is prime." > "$T/why"
runs 0 '' awk '/in all/ { all = $1; next } /^ +[+-][0-9.]+ / { sum += $1 } END { exit !(sum - all < 0.002 && all - sum < 0.002) }' "$T/why"
runs 0 'word .* prove' "$t" features "Prove it"
runs 0 '"block": "named"' "$t" features --json --block named "Prove it"
runs 0 'question.options' "$t" features --list
runs 2 'unknown block' "$t" features --block wrod x
# score: same order, same bytes for any number of threads, batch lines, missing ids
"$t" score -q -m "$T/a.tierce" "$T/a.jsonl" > "$T/s1"
"$t" score -q -m "$T/a.tierce" --threads 4 "$T/a.jsonl.gz" > "$T/s4"
runs 0 '' cmp "$T/s1" "$T/s4"
runs 0 '^600' wc -l "$T/s1"
printf '%s\n' '{"custom_id":"a1","method":"POST","url":"/v1/chat/completions","body":{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"x"}}]}]}}' '{"prompt":"no id"}' > "$T/batch.jsonl"
runs 0 '"id": "a1"' "$t" score -m "$T/a.tierce" "$T/batch.jsonl"
runs 0 '"line": 2' "$t" score -m "$T/a.tierce" "$T/batch.jsonl"
# route and score agree to the digit
runs 0 '' sh -c "printf '%s' '{\"id\":\"x\",\"prompt\":\"What is a monad?\"}' > $T/r.json; $t route -m $T/a.tierce -r $T/r.json --json > $T/r1; $t score -q -m $T/a.tierce $T/r.json > $T/r2; cmp $T/r1 $T/r2"
runs 0 'beats a random mix|DOES NOT BEAT|WORSE THAN' "$t" eval --tiers flash,pro --folds 3 --resamples 40 --predictions "$T/p.jsonl" --curve "$T/c.tsv" "$T/a.jsonl"
runs 0 '^600' wc -l "$T/p.jsonl"
runs 0 'router' head -3 "$T/c.tsv"
runs 0 '' sh -c "$t eval --tiers flash,pro --folds 3 --resamples 0 -j 2 --predictions $T/q.jsonl $T/a.jsonl && cmp $T/p.jsonl $T/q.jsonl"
runs 0 'sources were held out' "$t" eval --tiers flash,pro --by-source --resamples 0 -j 2 "$T/a.jsonl"
runs 0 'WARNING: about 100 %' "$t" eval -m "$T/a.tierce" --resamples 0 "$T/a.jsonl"
"$t" simulate -n 300 --seed 9 | sed 's/"id": *"sim/"id":"other/' > "$T/o.jsonl"
runs 0 'judged by' "$t" eval -m "$T/a.tierce" --resamples 0 "$T/o.jsonl"
cat > "$T/tiers.json" <<'J'
{"date": "2026-08", "tiers": [
  {"name": "cheap", "outcomes": ["flash"], "model": "gemini/flash", "prices": {"input": 1.5, "output": 9}, "context_window": 60, "tools": true},
  {"name": "dear", "outcomes": ["pro"], "prices": {"input": 2, "output": 12, "long": {"above_input_tokens": 200000, "input": 4, "output": 18}}}]}
J
runs 0 'cheap' "$t" train --tiers "$T/tiers.json" "$T/a.jsonl" -o "$T/t.tierce"
runs 0 'prices USD per million tokens: input 1.5, output 9' "$t" inspect "$T/t.tierce"
runs 0 'context window too small' "$t" route -m "$T/t.tierce" "$(printf '%0500d' 0)"
sed 's/"prices"/"pries"/' "$T/tiers.json" > "$T/bad.json"
runs 1 'tiers\[0\]: unknown key "pries"; did you mean "prices"' "$t" train --tiers "$T/bad.json" "$T/a.jsonl"
runs 0 '' sh -c "cp $T/a.tierce $T/keep.tierce; $t train -q --tiers flash,nothere $T/a.jsonl -o $T/keep.tierce >/dev/null 2>&1; cmp $T/a.tierce $T/keep.tierce"
done_
