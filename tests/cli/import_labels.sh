#!/bin/sh
# tierce import: labels, costs and tokens must not go wrong without a word. Each case is a mistake that a person
# makes, or a file that says two things. $1: build directory.
B=$1
. "$(dirname "$0")/lib.sh"
t=$B/tierce
R=$T/r.jsonl
says() { runs 0 "$1" cat "$2"; }
# has TEXT: the records hold it, to the letter; lacks PATTERN: they do not
has() { runs 0 '' grep -qF -- "$1" "$R"; }
lacks() { runs 1 '' grep -qE "$1" "$R"; }
# quiet PATTERN: what the last import said lacks it
quiet() {
    cat "$T/out" "$T/err" > "$T/told"
    runs 1 '' grep -qE "$1" "$T/told"
}
# import STATUS PATTERN ARGS...: into $R
import() {
    want_status=$1 want_pattern=$2
    shift 2
    rm -f "$R"
    runs "$want_status" "$want_pattern" "$t" import "$@" -o "$R"
}

# ---- two models under one name ----
printf 'prompt,a,b\none,1,0\ntwo,1,0\n' > "$T/ab.csv"
import 1 'ab.csv:2: --rename a=b: a model here is called "b" itself.*say so: --rename a=b,b=b$' "$T/ab.csv" --rename a=b
import 0 'models joined under one name by --rename.*' "$T/ab.csv" --rename a=b,b=b
says '"outcomes": \{"b": \{"score": 0.5' "$R"
import 0 '"b" and "a" are "x"|"a" and "b" are "x"' "$T/ab.csv" --rename a=x,b=x
import 0 '' "$T/ab.csv" --rename a=b,b=a
quiet 'joined'
says '"outcomes": \{"b": \{"score": 1\}, "a": \{"score": 0\}\}' "$R"
printf 'prompt,b\nthree,1\n' > "$T/b.csv"
printf 'prompt,a\nthree,0\n' > "$T/a.csv"
import 1 'b.csv:2: --rename a=b: a model here' "$T/a.csv" "$T/b.csv" --rename a=b
import 0 'conflicting scores' "$T/a.csv" "$T/b.csv" --rename a=b,b=b
import 2 'a is renamed twice|"a" is renamed twice' "$T/ab.csv" --rename a=x,a=y
import 2 'must be OLD=NEW' "$T/ab.csv" --rename a=
import 2 'must be OLD=NEW' "$T/ab.csv" --rename =b
import 2 'must be OLD=NEW' "$T/ab.csv" --rename a
pairs=$(i=0; while [ $i -lt 70 ]; do printf 'm%s=n%s,' $i $i; i=$((i + 1)); done)
printf 'prompt,%sz\nx,%s1\n' "$(i=0; while [ $i -lt 70 ]; do [ $i = 5 ] || printf 'm%s,' $i; i=$((i + 1)); done)" "$(i=0; while [ $i -lt 69 ]; do printf 1,; i=$((i + 1)); done)" > "$T/wide.csv"
import 1 'rename m5: no model of that name' "$T/wide.csv" --rename "$pairs"

# ---- outcomes that are means already ----
printf 'prompt,a,a|trials\nx,0.25,3\nx,0.75,1\ny,0.1,3\nz,1,\n' > "$T/trials.csv"
import 0 '^  a +3 .*means of 8 trials' "$T/trials.csv"
quiet 'a.trials'
has '"prompt": "x", "outcomes": {"a": {"score": 0.375, "trials": 4}}}'
has '"prompt": "y", "outcomes": {"a": {"score": 0.1, "trials": 3}}}'
has '"prompt": "z", "outcomes": {"a": {"score": 1}}}'
import 0 '' "$T/trials.csv" --score-columns a
has '{"score": 0.1, "trials": 3}'
printf 'prompt,a,a|trials,a|total_cost\nx,1,3,0.5\nx,1,3,0.5\ny,1,2,0.25\ny,1,1,0.25\n' > "$T/trials.csv"
import 0 'duplicate: 1 x the same outcome of another number of trials' "$T/trials.csv"
runs 0 'trials.csv:5: model "a": trials 1; .*trials.csv:4 has 2' "$t" import "$T/trials.csv" -o "$R"
has '"prompt": "x", "outcomes": {"a": {"score": 1, "cost_usd": 0.5, "trials": 3}}}'
has '"prompt": "y", "outcomes": {"a": {"score": 1, "cost_usd": 0.25, "trials": 3}}}'
import 0 '' "$T/trials.csv" --duplicates first
has '"prompt": "y", "outcomes": {"a": {"score": 1, "cost_usd": 0.25, "trials": 2}}}'
for bad in 0 -1 0.5 three 1e15; do
    printf 'prompt,a,a|trials\nx,1,%s\n' $bad > "$T/trials.csv"
    import 0 "trials.csv:2: column \"a.trials\" has \"$bad\"" "$T/trials.csv"
    lacks '"trials":'
done
for name in trials n_trials 'b trials'; do
    printf 'prompt,a,%s\nx,1,1\ny,0,1\n' "$name" > "$T/tries.csv"
    import 0 'by their names are no model' "$T/tries.csv"
    lacks '"trials|trials"'
done
printf '{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"messages":[{"role":"user","content":"x"}]}}\n' > "$T/tin.jsonl"
printf '{"custom_id":"a","response":{"status_code":200,"body":{"model":"m","usage":{"prompt_tokens":1,"completion_tokens":1}}},"error":null}\n' > "$T/tout.jsonl"
echo '{"id":"a","score":0.7,"trials":5}' > "$T/tsc.jsonl"
import 0 'means of 5 trials' "$T/tin.jsonl" "$T/tout.jsonl" --scores "$T/tsc.jsonl"
has '"m": {"score": 0.7, "input_tokens": 1, "output_tokens": 1, "trials": 5}'
echo '{"id":"a","score":0.7,"trials":0}' > "$T/tsc.jsonl"
import 0 'no number of them, from 1 on: taken for one' "$T/tin.jsonl" "$T/tout.jsonl" --scores "$T/tsc.jsonl"

printf '%s\n' '{"prompt":"x","model":"m","score":0.5,"trials":4}' '{"prompt":"y","model":"m","score":0.5,"trials":-4}' > "$T/trials.jsonl"
import 0 'lines with "/trials" that is no number of them' generic "$T/trials.jsonl"
has '"prompt": "x", "outcomes": {"m": {"score": 0.5, "trials": 4}}}'
has '"prompt": "y", "outcomes": {"m": {"score": 0.5}}}'

# ---- columns that are no scores by their names, though their numbers could be ----
printf 'prompt,gpt-4,b,gpt-4_cost,b_latency_s,cost_b,gpt4InputTokens,b_tok,B confidence,zz_ms\none,1,0,0.2,0.5,0.1,1,1,0.9,1\ntwo,0,1,0.3,0.5,0.2,1,1,0.8,1\n' > "$T/cost.csv"
import 0 '"gpt-4_cost" .as "gpt-4|total_cost".*"b_latency_s" .as "b|latency_s", in seconds.*"cost_b" .as "b|total_cost".*"gpt4InputTokens" .as "gpt-4|input_tokens".*"b_tok" .as "b|input_tokens" or "|output_tokens"' "$T/cost.csv"
lacks 'confidence|_tok|_cost|cost_|_ms|latency'
import 0 'by their names are no model.s score.*' "$T/cost.csv"
runs 0 '"B confidence"' "$t" import "$T/cost.csv" -o "$R"
import 0 '^  b_latency_s +2 +0.5000' "$T/cost.csv" --score-columns b,b_latency_s
awk 'BEGIN { printf "prompt,m"; for (i = 0; i < 60; i++) printf ",a_long_name_of_a_column_%d_cost", i; print ""; printf "x,1"; for (i = 0; i < 60; i++) printf ",0.5"; print "" }' > "$T/many.csv"
import 0 'column_0_cost" .as "m|total_cost".* and [0-9]+ more' "$T/many.csv"
printf 'prompt,a_cost\nx,0.5\n' > "$T/only.csv"
import 1 'only.csv:1: no column holds scores.*by their names these are something else: "a_cost"' "$T/only.csv"
printf 'prompt,a,a|total_cost,a|cost_usd\nx,1,0.5,0.7\n' > "$T/twice.csv"
import 1 'twice.csv:1: columns "a.total_cost" and "a.cost_usd" are the same cost; take one' "$T/twice.csv"
printf 'prompt, a , a|total_cost\nx, 1 , 0.5\n' > "$T/space.csv"
import 0 '' "$T/space.csv"
has '"outcomes": {"a": {"score": 1, "cost_usd": 0.5}}'
printf 'prompt,a,a|total_cost,a|input_tokens\nx,1,$0.02,n/a\ny,1,0.5,7\n' > "$T/usd.csv"
import 0 'usd.csv:2: column "a|total_cost" has "\$0.02"' "$T/usd.csv"
import 1 'no column "zz"; the columns are "prompt", "gpt-4", "b", .*"zz_ms"' "$T/cost.csv" --score-columns b,zz
import 1 'no column "gpt4"; did you mean "gpt-4"\?; the columns' "$T/cost.csv" --score-columns gpt4
import 1 'no column "promt"; did you mean "prompt"' "$T/cost.csv" --prompt-column promt
import 1 '"b" stands twice' "$T/cost.csv" --score-columns b,b
# decimal commas where no comma parts the cells: read where they can be nothing else
printf 'prompt;a;a|total_cost;a|input_tokens\none;0,5;0,02;1.234\ntwo;1,000;12,5;7\nthree;0,25;1,234;1,5\n' > "$T/comma.csv"
import 0 'comma.csv:2: column "a.input_tokens" has "1.234"' "$T/comma.csv"
has '"prompt": "one", "outcomes": {"a": {"score": 0.5, "cost_usd": 0.02}}}'
has '"prompt": "two", "outcomes": {"a": {"score": 1, "cost_usd": 12.5, "input_tokens": 7}}}'
has '"prompt": "three", "outcomes": {"a": {"score": 0.25}}}'
import 1 'comma.csv:3: a score whose comma may part thousands or decimals.*"1,000"' "$T/comma.csv" --score-columns a --score-range 0:2000
printf 'prompt,a\none,"0,5"\ntwo,1\n' > "$T/commas.csv"
import 1 'commas.csv:2: .*a decimal comma\? write a point.*: "0,5"' "$T/commas.csv" --score-columns a

# ---- what comes twice: alike it is kept once, unlike it is a run of its own, cost and all ----
cat > "$T/runs.csv" <<'C'
prompt,a,a|total_cost
same,1,0.25
same,1,0.25
cost,1,0.25
cost,1,0.75
mixed,1,0.25
mixed,1,0.25
mixed,0,1
C
import 0 'taken for a wide CSV table: 1 file, 7 rows' "$T/runs.csv"
runs 0 'duplicate: 1 x the same outcome twice for a request and model; kept once' "$t" import "$T/runs.csv" -o "$R"
runs 0 'another cost, tokens or latency for a request and model: taken for a run of its own; averaged' "$t" import "$T/runs.csv" -o "$R"
runs 0 'runs.csv:5: model "a": cost 0.75; .*runs.csv:4 has 0.25' "$t" import "$T/runs.csv" -o "$R"
runs 0 'duplicate: 1 x an outcome again, beside others of its request and model; averaged' "$t" import "$T/runs.csv" -o "$R"
has '"prompt": "same", "outcomes": {"a": {"score": 1, "cost_usd": 0.25}}}'
has '"prompt": "cost", "outcomes": {"a": {"score": 1, "cost_usd": 0.5, "trials": 2}}}'
has '"prompt": "mixed", "outcomes": {"a": {"score": 0.66666666666666663, "cost_usd": 0.5, "trials": 3}}}'
import 0 'another cost, tokens or latency for a request and model; the first was kept' "$T/runs.csv" --duplicates first
has '"prompt": "cost", "outcomes": {"a": {"score": 1, "cost_usd": 0.25}}}'
head -5 "$T/runs.csv" > "$T/five.csv"
import 1 'five.csv:5: conflicting outcomes of one request: model "a": cost 0.75' "$T/five.csv" --duplicates error
printf 'prompt,a,a|total_cost\none,1,\none,0,0.5\n' > "$T/first.csv"
import 0 '' "$T/first.csv" --duplicates first
has '"outcomes": {"a": {"score": 1}}}'
import 0 '1 file, 2 rows' "$T/ab.csv"
printf '%s\n' '{"prompt":"x","s":{"a":1,"b":0.5}}' > "$T/wide.jsonl"
import 0 '1 file, 1 row$' generic "$T/wide.jsonl" --score-fields a=/s/a,b=/s/b

# ---- generic: keys that are almost those that are read ----
cat > "$T/keys.jsonl" <<'J'
{"idx":7,"prompt":"x","model":"m","score":1,"cost":0.5,"latency_ms":900,"usage":{"prompt_tokens":5,"completion_tokens":6},"tokens_in":5,"thinking_tokens":3,"dataset":"d","note":"mine"}
{"idx":8,"prompt":"y","model":"m","score":0,"cost":0.25,"cost_usd":0.25}
J
import 0 'note: 1 x lines with "/cost", which is not read \(--cost-field /cost would, in USD\)' generic "$T/keys.jsonl"
for w in '--latency-field /latency_ms would, in seconds' '--input-field /usage/prompt_tokens would' '--output-field /usage/completion_tokens would' '--input-field /tokens_in would' '"/reasoning_tokens" would be' '--source-field /dataset would' '--id-field /idx would'; do
    runs 0 "not read .$w" "$t" import generic "$T/keys.jsonl" -o "$R"
done
runs 0 'first: .*keys.jsonl:1$' "$t" import generic "$T/keys.jsonl" -o "$R"
quiet 'note"|mine'
import 0 '' generic "$T/keys.jsonl" --cost-field /cost --input-field /usage/prompt_tokens --id-field /idx
quiet '"/cost"|/usage/prompt_tokens|tokens_in|/idx'
has '"cost_usd": 0.5, "input_tokens": 5'
import 1 'cost-field /usd: nothing stands there in any line' generic "$T/keys.jsonl" --cost-field /usd
import 1 'score-fields b=/s/c: nothing stands there in any line' generic "$T/wide.jsonl" --score-fields a=/s/a,b=/s/c
import 1 'cost-field is of lines with one outcome each' generic "$T/wide.jsonl" --score-fields a=/s/a --cost-field /cost
echo '{"prompt":"x","s":{"a":1},"cost":0.5}' > "$T/wc.jsonl"
import 0 'lines with "/cost", which is not read: with --score-fields' generic "$T/wc.jsonl" --score-fields a=/s/a
echo '{"prompt":"x","model":"m","score":1,"cost_usd":"0.5 USD"}' > "$T/text.jsonl"
import 0 'that is no number was left out' generic "$T/text.jsonl"
printf '%s\n' '{"id":12345678901234567,"prompt":"x","model":"m","score":1}' '{"id":12345678901234568,"prompt":"x","model":"m","score":0}' > "$T/big.jsonl"
import 1 'big.jsonl:1: an id of more digits than a number keeps; write it as a string' generic "$T/big.jsonl"

# ---- what is tierce's own already; names that are not there ----
echo '{"id":"1","prompt":"x","outcomes":{"a":{"score":1}}}' > "$T/rec.jsonl"
import 1 "rec.jsonl: these are tierce's records already and need no import: tierce data" "$T/rec.jsonl"
import 1 "line 1: this is one of tierce's records already" generic "$T/rec.jsonl"
echo '{"id":"1","prompt":"x","usage":{"a":{"cost_usd":1}}}' > "$T/use.jsonl"
import 1 'records already, of requests without outcomes: tierce score' "$T/use.jsonl"
echo '{"id":"1","tier":"a","p":{"a":1},"cost":{},"reason":"X"}' > "$T/dec.jsonl"
import 1 'dec.jsonl: these are decisions that tierce score wrote' "$T/dec.jsonl"
echo '{"prompt":"x","model":"m","score":1}' > "$T/truth0.jsonl"
echo '{"q":1,"who":2,"mark":3}' > "$T/g0.jsonl"
echo '{"a":1}' > "$T/odd.jsonl"
import 1 'of no known format \(1 file looked at\)' "$T/odd.jsonl"
cp "$T/odd.jsonl" "$T/odd2.jsonl"
import 1 'of no known format \(2 files looked at\)' "$T/odd.jsonl" "$T/odd2.jsonl"
import 1 'metric means nothing to the format csv; its columns are "prompt", "a", "b"; its options: --prompt-column' "$T/ab.csv" --metric foo
import 1 'its first line has "q", "who", "mark"' generic "$T/g0.jsonl" --metric foo
import 1 'metric means nothing to the format generic; its first line has "prompt", "model", "score"; its options: --id-field' generic "$T/truth0.jsonl" --metric foo
import 2 'no file "lm-evil", and unknown format "lm-evil"; did you mean "lm-eval"' lm-evil
import 2 'did you mean "lm-eval"' lm-evaluation-harness "$T/odd.jsonl"
import 2 'did you mean "openai-batch"' batch "$T/odd.jsonl"
import 2 'did you mean --prompt-column, --score-columns or --id-column\?' "$T/ab.csv" --colums a
import 2 'did you mean --id-column or --id-field\?' "$T/ab.csv" --id x
printf '{"results":{"results":[{"promptIdx":0,"testIdx":0,"provider":{"id":"m"},"prompt":{"raw":"x"},"success":true,"score":1,"namedScores":{"tone":1,"facts":0}}]}}' > "$T/pf.json"
import 1 'metric tune: no record came of it: nothing here has it; there are "tone", "facts", "success"; did you mean "tone"' "$T/pf.json" --metric tune

# ---- no input is written over: named, found in a folder, or an option's ----
mkdir "$T/dir"
cp "$T/ab.csv" "$T/dir/ab.csv"
runs 1 'dir/ab.csv: is also an input' "$t" import "$T/dir" -o "$T/dir/ab.csv"
runs 1 'dir/ab.csv: is also an input' "$t" import "$T/dir" -o "$R" --report "$T/dir/ab.csv"
echo '{"id":"a","score":1}' > "$T/scores.jsonl"
printf '{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"m","messages":[{"role":"user","content":"x"}]}}\n' > "$T/in.jsonl"
runs 1 'scores.jsonl: is also an input' "$t" import "$T/in.jsonl" --scores "$T/scores.jsonl" -o "$T/scores.jsonl"
runs 0 '' cmp "$T/ab.csv" "$T/dir/ab.csv"

# ---- lm-eval: a model's samples under another model's name ----
runs 0 '' sh "$(dirname "$0")/../lm_eval_dir.sh" "$t" "$T/lm" 200 4
F=google__gemini-3.5-flash P=google__gemini-3.1-pro-preview
import 0 '' "$T/lm"
quiet 'mixed|another model|not called|states'
mv "$T/lm" "$T/whole"
fresh() { rm -rf "$T/lm"; cp -r "$T/whole" "$T/lm"; }
fresh; mv "$T/lm/$F" "$T/lm/x"; mv "$T/lm/$P" "$T/lm/$F"
import 1 'mixed models: its folder is called after "google__gemini-3.5-flash", but the results file in it names "google/gemini-3.1-pro-preview"' "$T/lm"
fresh; mv "$T/lm/$F" "$T/lm/goo__gle-flash"; sed -i 's/"model_name_sanitized": "[^"]*"/"model_name_sanitized": "goo__gle-flash"/' "$T/lm/goo__gle-flash"/results*
import 0 '' "$T/lm"
quiet 'not called like'
fresh; mv "$T/lm/$F" "$T/lm/run1"
import 0 'not called like the model in its results file' "$T/lm"
says '"google/gemini-3.5-flash"' "$R"
fresh; for f in "$T/lm/$F"/results*; do mv "$f" "$T/lm/$F/results_2026-08-15T00-00-00.000000.json"; done
import 0 'of whose date there is no results file' "$T/lm"
fresh; cp "$T/lm/$P/$(ls "$T/lm/$P" | grep sim_last)" "$T/lm/$F/$(ls "$T/lm/$F" | grep sim_last)"
import 0 'sim_last_exam: 0[0-9.]* here, 0[0-9.]* there' "$T/lm"
fresh; sed -i 's/"sim_chat": {"alias"/"sim_talk": {"alias"/' "$T/lm/$F"/results*
import 0 'a task that the results file of their date does not know.*' "$T/lm"
fresh
import 1 'model m would make one model of "google/gemini-3.1-pro-preview" and "google/gemini-3.5-flash", which' "$T/lm" --model m
import 0 'names another model than --model, which was taken' "$T/lm/$F" --model m
import 0 'models joined' "$T/lm" --rename google/gemini-3.5-flash=m,google/gemini-3.1-pro-preview=m
sed -i 's/"model_name": "[^"]*", *//; s/"model_args": "[^"]*"/"model_args": "pretrained=base\/model,peft=my\/lora"/' "$T/lm/$F"/results*
rm -r "$T/lm/$P"; mv "$T/lm/$F" "$T/lm/my__lora"
import 0 '^  my/lora' "$T/lm"

# ---- a key that stands twice, documents nested too deep, requests without a word ----
echo '{"prompt":"x","model":"m","score":1,"score":0}' > "$T/twice.jsonl"
import 1 'twice.jsonl:1: a key stands twice in its object, and readers differ in which they take; keep one: /score' generic "$T/twice.jsonl"
import 1 'no row could be used' generic "$T/twice.jsonl" --max-bad 1
printf '[{"prompt":"x","model":"m","score":1},\n {"prompt":"y","model":"m","score":1,"meta":{"k":1,"k":2}}]' > "$T/twice.json"
import 1 'twice.json: key "/1/meta/k" stands twice' generic "$T/twice.json"
sed 's/"model":"m"/"model":"m","model":"n"/' "$T/in.jsonl" > "$T/in2.jsonl"
import 1 'in2.jsonl:1: a key stands twice.*: /body/model' "$T/in2.jsonl"
deep=$(awk 'BEGIN { for (i = 0; i < 1100; i++) printf "["; for (i = 0; i < 1100; i++) printf "]" }')
echo "{\"prompt\":\"x\",\"model\":\"m\",\"score\":1,\"z\":$deep}" > "$T/deep.jsonl"
import 1 'deep.jsonl:1: nested deeper than 1000 levels' generic "$T/deep.jsonl"
echo "[{\"prompt\":\"x\",\"model\":\"m\",\"score\":1,\"z\":$deep}]" > "$T/deep.json"
import 1 'deep.json: nested deeper than 1000 levels' generic "$T/deep.json"
echo '{"prompt":"[[[[","model":"m","score":1' > "$T/cut.jsonl"
import 1 'cut.jsonl:1: not valid JSON' generic "$T/cut.jsonl"
echo '{"prompt":" ","model":"m","score":1}' > "$T/empty.jsonl"
import 0 'note: 1 x records whose request has no word' generic "$T/empty.jsonl"

# ---- --model over files that name several models; ids that two files use for two things ----
printf '%s\n' '{"prompt":"x","model":"m","score":1}' '{"prompt":"x","model":"n","score":0}' > "$T/two.jsonl"
import 1 'model k would make one model of "m" and "n", which the files name; where they are one, say --rename m=k,n=k' generic "$T/two.jsonl" --model k
import 0 '^  k +1 +0.5000' generic "$T/two.jsonl" --rename m=k,n=k
ans() { printf '{"custom_id":"%s","response":{"status_code":200,"body":{"model":"%s","usage":{"prompt_tokens":1,"completion_tokens":1}}},"error":null}\n' "$1" "$2"; }
{ ans a m; ans b n; } > "$T/answers.jsonl"
import 1 'model k would make one' "$T/in.jsonl" "$T/answers.jsonl" --model k
sed 's/"content":"x"/"content":"y"/' "$T/in.jsonl" > "$T/in3.jsonl"
ans a m > "$T/out.jsonl"
import 1 'in3.jsonl:1: key "a" stands for another request than at .*in.jsonl:1' "$T/in.jsonl" "$T/in3.jsonl" "$T/out.jsonl"

sed 's/"messages":\[{/"messages" : [ {\t/' "$T/in.jsonl" > "$T/in4.jsonl"
import 0 '' "$T/in.jsonl" "$T/in4.jsonl" "$T/out.jsonl" --keep-unscored
quiet 'different requests|another request'

# a score that names no model, where two answered
{ ans a m; ans a n; } > "$T/both.jsonl"
import 1 'us2.jsonl:1: the score of key "a" names no model, and several answered it .*: it needs a "model"' "$T/in.jsonl" "$T/both.jsonl" --scores "$(echo '{"id":"a","score":1}' > "$T/us2.jsonl"; echo "$T/us2.jsonl")"
printf '%s\n' '{"id":"a","score":1,"model":"m"}' '{"id":"a","score":0,"model":"n"}' > "$T/us3.jsonl"
import 0 '' "$T/in.jsonl" "$T/both.jsonl" --scores "$T/us3.jsonl"
has '"m": {"score": 1, "input_tokens": 1, "output_tokens": 1}, "n": {"score": 0'

# a report without a run in its name is of a model with a version, not of "gemini-1"
mkdir "$T/swe"
echo '{"instance_id":"i1","problem_statement":"p"}' > "$T/swe/problems.jsonl"
for m in pro flash; do echo '{"submitted_ids":["i1"],"resolved_ids":["i1"],"unresolved_ids":[],"schema_version":2}' > "$T/swe/gemini-1.5-$m.json"; done
import 0 '^  gemini-1.5-flash' "$T/swe"
mv "$T/swe/gemini-1.5-pro.json" "$T/swe/gemini-1.5-pro.run-1.json"
mv "$T/swe/gemini-1.5-flash.json" "$T/swe/gemini-1.5-flash.20260801.json"
import 0 '"gemini-1.5-flash": .*"gemini-1.5-pro"|gemini-1.5-pro +1' "$T/swe"
says '"gemini-1.5-flash": \{"score": 1\}' "$R"

# right and wrong are 1 and 0 whatever the range of the numbers beside them
printf 'prompt,a\nx,True\ny,5\n' > "$T/range.csv"
import 0 '' "$T/range.csv" --score-range 0:10
has '"prompt": "x", "outcomes": {"a": {"score": 1}}'
has '"prompt": "y", "outcomes": {"a": {"score": 0.5}}'
printf '%s\n' '{"prompt":"x","model":"m","score":true}' '{"prompt":"y","model":"m","score":5}' > "$T/range.jsonl"
import 0 '' generic "$T/range.jsonl" --score-range 0:10
has '"prompt": "x", "outcomes": {"m": {"score": 1}}'

# a yes or no about the prompt is no model; a part of the request in a column of its own
printf 'instruction,input,a,is_hard,has_code\nDo this:,x,1,1,0\nDo that:,y,0,0,1\n' > "$T/parts.csv"
import 0 'sound like a part of the request.*' "$T/parts.csv"
runs 0 '"instruction"$' "$t" import "$T/parts.csv" -o "$R"
lacks 'is_hard|has_code'
import 1 'no column "prompt" or "messages"; --prompt-column NAME says which it is of "p", "a"' "$(printf 'p,a\nx,1\n' > "$T/p.csv"; echo "$T/p.csv")"

# a table of scores has its columns once, and its rows all of them
printf 'id,score,score\na,1,0\n' > "$T/s2.csv"
import 1 's2.csv:1: column "score" stands twice' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/s2.csv"
printf 'id,score\na,1,0\n' > "$T/s3.csv"
import 1 's3.csv:2: a row with another number of cells' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/s3.csv"
printf 'id,score\na,True\n' > "$T/s4.csv"
import 0 '^  m +1 +1.0000' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/s4.csv"

# Inspect: one scorer for all models, long ids whole, no tokens of the grader's
log() { printf '{"version":2,"status":"success","eval":{"task":"q","model":"%s","eval_id":"%s"},"samples":[{"id":"%s","epoch":1,"input":"x","scores":{%s},"model_usage":{"%s":{"input_tokens":7,"output_tokens":1}}},{"id":"%s","epoch":1,"input":"y","scores":{%s}}]}' "$@"; }
long=$(awk 'BEGIN { for (i = 0; i < 300; i++) printf "k" }')
mkdir "$T/logs"
log p/m e1 "${long}1" '"match":{"value":"C"},"judge":{"value":"I"}' p/m "${long}2" '"match":{"value":"C"}' > "$T/logs/a.json"
log p/n e2 "${long}1" '"judge":{"value":"I"},"match":{"value":"C"}' openai/grader "${long}2" '"match":{"value":"C"}' > "$T/logs/b.json"
import 0 '^2 records, 2 with an outcome of every model' "$T/logs"
runs 0 '^  p/n +2 +1.0000 .*no tokens' "$t" import "$T/logs" -o "$R"
runs 0 '^  p/m +2 +1.0000 .*tokens of 1' "$t" import "$T/logs" -o "$R"
log p/n e2 "${long}1" '"judge":{"value":"I"}' p/n "${long}2" '"judge":{"value":"C"}' > "$T/logs/b.json"
import 0 'another scorer.s than in the log before' "$T/logs"

# HELM: runs of one scenario by one stat
cp -r "$(dirname "$0")/../import/helm" "$T/helm"
import 0 '' "$T/helm"
quiet 'another stat'
for f in "$T"/helm/runs/v1/*pro/per_instance_stats.json; do sed -i 's/"name":"exact_match"/"name":"f1_score"/g; s/"name":"quasi_exact_match"/"name":"other"/g' "$f"; done
import 0 'another stat than in the run before' "$T/helm"

# ---- tables of a row an outcome, and of a file a model ----
printf 'prompt,model,score,cost_usd\nx,a,1,0.5\nx,b,0,\ny,a,True,0.25\n' > "$T/long.csv"
import 1 'long.csv:1: a row an outcome, whose model stands in the column "model"; .*tierce import generic FILE --model-field model --score-field score' "$T/long.csv"
import 0 '^2 records, 1 with' generic "$T/long.csv" --model-field model --score-field score
has '"prompt": "x", "outcomes": {"a": {"score": 1, "cost_usd": 0.5}, "b": {"score": 0}}'
printf 'prompt,score\nx,1\n' > "$T/flash.csv"
printf 'prompt,score\nx,0\n' > "$T/pro.csv"
import 1 'pro.csv:1: "score" is no model.s name, and a table before has it too' "$T/flash.csv" "$T/pro.csv"
import 0 'whose model is called like any score' "$T/flash.csv"
import 0 '^  flash +1' "$T/flash.csv" --rename score=flash
import 1 '"a" stands twice; a model has one score a line' generic "$T/wide.jsonl" --score-fields a=/s/a,a=/s/b
import 1 'must be MODEL=POINTER' generic "$T/wide.jsonl" --score-fields =/s/a
import 2 'model is empty; give it a value or leave it out' generic "$T/wide.jsonl" --model ""

# lm-eval: the models of a task are read by one filter, in whatever order their lines come
line() { printf '{"doc_id":0,"doc_hash":"h","arguments":[["Q"]],"resps":[],"filter":"%s","%s":%s}\n' "$@"; }
mkdir "$T/lf" "$T/lf/a" "$T/lf/b"
{ line strict acc 1; line loose acc 0; } > "$T/lf/a/samples_t.jsonl"
{ line loose acc 0; line strict acc 1; } > "$T/lf/b/samples_t.jsonl"
import 0 '' "$T/lf"
has '"outcomes": {"a": {"score": 1}, "b": {"score": 1}}'
quiet 'not comparable'
line loose acc 0 > "$T/lf/b/samples_t.jsonl"
import 0 'samples files read by another filter or metric than those of their task before' "$T/lf"
import 0 'samples files read by another filter or metric' "$T/lf" --filter strict
line strict f1 0.5 > "$T/lf/b/samples_t.jsonl"
import 0 'samples files read by another filter or metric' "$T/lf"

# ---- tokens ----
usage() { printf '{"custom_id":"a","response":{"status_code":200,"body":{"model":"m","usage":%s}},"error":null}\n' "$1" > "$T/u.jsonl"; }
echo '{"custom_id":"a","score":1}' > "$T/us.jsonl"
usage '{"prompt_tokens":10,"completion_tokens":5,"total_tokens":105,"cache_read_input_tokens":90}'
import 0 '' "$T/in.jsonl" "$T/u.jsonl" "$T/us.jsonl"
has '"input_tokens": 100, "output_tokens": 5, "cached_tokens": 90'
usage '{"prompt_tokens":10,"completion_tokens":5,"total_tokens":45}'
import 0 '' "$T/in.jsonl" "$T/u.jsonl" "$T/us.jsonl"
has '"input_tokens": 10, "output_tokens": 35, "reasoning_tokens": 30'
printf 'prompt,a,a|input_tokens,a|cached_tokens\nx,1,5,9\n' > "$T/tok.csv"
import 0 'contradict each other: .*' "$T/tok.csv"
runs 0 'tok.csv:2: input 5, of which cached 9' "$t" import "$T/tok.csv" -o "$R"

# SWE-bench: what was resolved and not submitted; the problems of another split
rm "$T"/swe/*.json
echo '{"submitted_ids":["i1"],"resolved_ids":["i1","i2"],"unresolved_ids":[],"schema_version":2}' > "$T/swe/m.r1.json"
import 0 'resolve instances which they do not submit' "$T/swe"
rm "$T"/swe/*.json
mkdir -p "$T/swe/lite/20260801_m/results"
echo '{"no_generation":[],"no_logs":[],"resolved":["i1"]}' > "$T/swe/lite/20260801_m/results/results.json"
import 0 '' "$T/swe"
quiet 'a split that'
awk 'BEGIN { for (i = 2; i < 302; i++) printf "{\"instance_id\":\"i%d\",\"problem_statement\":\"p\"}\n", i }' >> "$T/swe/problems.jsonl"
import 0 '301 problems here, 300 in /lite/' "$T/swe"

# a price that nobody knew is no price
printf 'prompt,a,b,a|total_cost,b|total_cost\nx,1,1,0,0\ny,1,1,0,0.5\n' > "$T/free.csv"
import 0 'note: 1 x models that cost nothing' "$T/free.csv"
runs 0 'free.csv: "a"$' "$t" import "$T/free.csv" -o "$R"

# a run's number beside the score is no second model; a truth is no cost; a prompt beside messages
printf 'prompt,model,score,run\nx,a,1,0\nx,b,0,1\n' > "$T/run.csv"
import 1 'run.csv:1: a row an outcome, whose model stands in the column "model"' "$T/run.csv"
printf 'prompt,model,score,weird\nx,a,1,0\nx,b,0,1\n' > "$T/run.csv"
import 1 'run.csv:1: a row an outcome, whose model stands in the column "model"' "$T/run.csv"
printf 'prompt,a,run\nx,1,0\ny,1,1\n' > "$T/run.csv"
import 0 '' "$T/run.csv"
lacks '"run": '
echo '{"prompt":"x","model":"m","score":1,"cost_usd":true}' > "$T/truth.jsonl"
import 0 'that is no number was left out' generic "$T/truth.jsonl"
lacks 'cost_usd'
echo '{"prompt":"x","messages":[{"role":"user","content":"y"}],"model":"m","score":1}' > "$T/pm.jsonl"
import 0 'rows with a prompt and messages: the messages were taken' generic "$T/pm.jsonl"
printf 'prompt,messages,a\nx,"[{""role"":""user"",""content"":""y""}]",1\n' > "$T/pm.csv"
import 0 'rows with a prompt and messages: the messages were taken' "$T/pm.csv"

# ---- scores of another scale than 0..1: what is within it by chance is no score ----
printf '%s\n' '{"prompt":"x","model":"m","score":1}' '{"prompt":"y","model":"m","score":85}' '{"prompt":"z","model":"n","score":1}' > "$T/scale.jsonl"
import 1 'scale.jsonl:2: score 85 of "m": 1 of 2 are outside 0..1, they run from 1 to 85; .*--score-range 0:100' generic "$T/scale.jsonl"
runs 1 '' test -e "$R"
import 0 '' generic "$T/scale.jsonl" --score-range 0:100
has '"m": {"score": 0.01}'
import 0 'dropped: 1 x score outside the range' generic "$T/scale.jsonl" --max-bad 1
# a range that was given, the default one too, makes a damaged row of a score outside, and no advice to give one
for range in 0:50 0:1 -1:84.9; do
    import 1 "scale.jsonl:2: a score outside of the range that --score-range says: 85 of \"m\" is not within $(echo $range | sed 's/:/../') .*--max-bad" generic "$T/scale.jsonl" --score-range $range
    quiet 'say the scale|says another|0:100'
    runs 1 '' test -e "$R"
done
import 0 'bad: 1 x a score outside of the range that --score-range says' generic "$T/scale.jsonl" --score-range 0:50 --max-bad 1
quiet 'dropped'
runs 0 'scale.jsonl:2: 85 of "m" is not within 0..50$' "$t" import generic "$T/scale.jsonl" --score-range 0:50 --max-bad 1 -o "$R"
has '"m": {"score": 0.02}'
import 1 'scale.jsonl:1: a score outside .* 1 of "m"' generic "$T/scale.jsonl" --score-range 200:300
import 1 'no row could be used' generic "$T/scale.jsonl" --score-range 200:300 --max-bad 3
echo '{"prompt":"x","model":"m","score":1e300}' > "$T/huge.jsonl"
import 1 '1e.300 of "m" is not within 0..1' generic "$T/huge.jsonl" --score-range 0:1
printf 'prompt,a\nx,1e308\ny,-1e308\n' > "$T/wide.csv"
import 1 'as in --score-range -1e.308:1e.308' "$T/wide.csv" --score-columns a
printf 'prompt,a,b\nx,1,1\ny,0,85\n' > "$T/said.csv"
import 1 'said.csv:3: a score outside .*: 85 of "b" is not within 0..1' "$T/said.csv" --score-columns a,b --score-range 0:1
import 0 '^  b +1 +1.0000' "$T/said.csv" --score-columns a,b --score-range 0:1 --max-bad 1
import 1 'said.csv:3: score 85 of "b": .*--score-range 0:100, or drop' "$T/said.csv" --score-columns a,b
runs 0 'one outside of the range given is a damaged row' "$t" import --help
printf '%s\n' '{"prompt":"x","model":"m","score":1}' '{"prompt":"y","model":"m","score":-1}' > "$T/minus.jsonl"
import 1 'minus.jsonl:2: score -1 of "m": .*--score-range -1:1' generic "$T/minus.jsonl"
awk 'BEGIN { print "prompt,a"; for (i = 0; i < 210; i++) print "p" i "," (i < 205 ? 1 : 85) }' > "$T/far.csv"
import 1 'far.csv:207: score 85 of "a"' "$T/far.csv"
awk 'BEGIN { print "prompt,a,b,c,d,e,f"; for (i = 0; i < 210; i++) print "p" i (i < 205 ? ",1,1,1,1,1,1" : ",85,86,87,88,89,90") }' > "$T/far.csv"
import 1 'score 85 of "a".*; "b" 1 to 86; "c" 1 to 87; "d" 1 to 88; 2 more' "$T/far.csv"
printf '{"custom_id":"a","response":{"status_code":200,"body":{"model":"m","usage":{"prompt_tokens":1,"completion_tokens":1}}},"error":null}\n' > "$T/out0.jsonl"
echo '{"id":"a","score":7}' > "$T/us0.jsonl"
import 1 'us0.jsonl:1: score 7: 1 of 1 are outside 0..1.*--score-range 0:10' "$T/in.jsonl" "$T/out0.jsonl" --scores "$T/us0.jsonl"
printf '{"results":{"results":[{"promptIdx":0,"testIdx":0,"provider":{"id":"m"},"prompt":{"raw":"x"},"success":true,"score":4},{"promptIdx":0,"testIdx":1,"provider":{"id":"m"},"prompt":{"raw":"y"},"success":true,"score":1}]}}' > "$T/pf4.json"
import 1 'pf4.json: score 4 of "m": 1 of 2 .*--score-range 0:5' "$T/pf4.json"
import 1 'pf4.json: a score outside .*: 4 of "m" is not within 0..1, key "' "$T/pf4.json" --score-range 0:1
mkdir -p "$T/sc/a"
printf '{"doc_id":0,"doc_hash":"h","arguments":[["Q"]],"resps":[],"filter":"none","acc":50}\n' > "$T/sc/a/samples_t.jsonl"
import 1 'samples_t.jsonl:1: score 50 of "a": 1 of 1' "$T/sc"

# ---- lm-eval: of some metrics less is better, whether the results say so or not ----
rm -r "$T/sc/a"; mkdir "$T/sc/a"
for m in perplexity word_perplexity byte_perplexity bits_per_byte wer loss mse mae eval_loss; do
    printf '{"doc_id":0,"doc_hash":"h","arguments":[["Q"]],"resps":[],"filter":"none","%s":0.25}\n' $m > "$T/sc/a/samples_t.jsonl"
    import 0 'turned round .1 - score.' "$T/sc"
    runs 0 "samples_t.jsonl:1: $m\$" "$t" import "$T/sc" -o "$R"
    has '"a": {"score": 0.75}'
done
printf '{"doc_id":0,"doc_hash":"h","arguments":[["Q"]],"resps":[],"filter":"none","acc":0.25}\n' > "$T/sc/a/samples_t.jsonl"
import 0 '' "$T/sc"
has '"a": {"score": 0.25}'
quiet 'turned'


# ---- a failure is never 0, whatever a file of scores says of it; scores of a model that answered nothing ----
fails() { printf '{"custom_id":"%s","response":{"status_code":500,"body":{%s"error":{}}},"error":null}\n' "$1" "$2"; }
ans a m > "$T/f1.jsonl"
fails a '"model":"n",' >> "$T/f1.jsonl"
printf '%s\n' '{"id":"a","model":"m","score":1}' '{"id":"a","model":"n","score":0}' > "$T/fs.jsonl"
import 0 'fs.jsonl:2: model "n", key "a"' "$T/in.jsonl" "$T/f1.jsonl" --scores "$T/fs.jsonl"
runs 0 'scores of requests that failed, which are missing all the same' "$t" import "$T/in.jsonl" "$T/f1.jsonl" --scores "$T/fs.jsonl" -o "$R"
runs 0 '^  n +0 +- +1 ' "$t" import "$T/in.jsonl" "$T/f1.jsonl" --scores "$T/fs.jsonl" -o "$R"
has '"outcomes": {"m": {"score": 1, "input_tokens": 1, "output_tokens": 1}}'
{ ans a m; fails a ''; } > "$T/f2.jsonl"
import 0 'scores of requests that failed' "$T/f2.jsonl" "$T/in.jsonl" --scores "$T/fs.jsonl"
lacks '"n": '
{ ans a m; fails a '"model":"n",'; ans a n; } > "$T/f3.jsonl"
import 0 '' "$T/in.jsonl" "$T/f3.jsonl" --scores "$T/fs.jsonl"
has '"n": {"score": 0, '
quiet 'scores of requests that failed'
ans a gpt-5 > "$T/f4.jsonl"
echo '{"id":"a","model":"M1","score":1}' > "$T/fs2.jsonl"
import 1 'fs2.jsonl:1: a score of "M1", which answered nothing here; "gpt-5" answered this request and has none' "$T/in.jsonl" "$T/f4.jsonl" --scores "$T/fs2.jsonl"
ans a gpt-4o > "$T/f4.jsonl"
echo '{"id":"a","model":"GPT-4o","score":1}' > "$T/fs2.jsonl"
import 1 'did you mean "gpt-4o"' "$T/in.jsonl" "$T/f4.jsonl" --scores "$T/fs2.jsonl"
printf '%s\n' '{"id":"a","model":"gpt-4o","score":1}' '{"id":"a","model":"late","score":0}' > "$T/fs2.jsonl"
import 0 'note: 1 x scores of models that answered nothing here, taken for outcomes all the same: is the name a slip' "$T/in.jsonl" "$T/f4.jsonl" --scores "$T/fs2.jsonl"
runs 0 'fs2.jsonl:2: "late"$' "$t" import "$T/in.jsonl" "$T/f4.jsonl" --scores "$T/fs2.jsonl" -o "$R"
# every score of such a model is counted; what differs in writing alone is no other model, though the right name has scores, too
{ cat "$T/in.jsonl"; sed 's/"a"/"b"/; s/"content":"x"/"content":"y"/' "$T/in.jsonl"; } > "$T/in5.jsonl"
printf '%s\n' '{"id":"a","model":"gpt-4o","score":1}' '{"id":"b","model":"gpt-4o","score":1}' '{"id":"a","model":"late","score":0}' '{"id":"b","model":"late","score":0}' > "$T/fs2.jsonl"
import 0 'note: 2 x scores of models that answered nothing here' "$T/in5.jsonl" "$T/f4.jsonl" --scores "$T/fs2.jsonl"
for wrong in gpt4o GPT_4o 'gpt 4O'; do
    printf '%s\n' '{"id":"a","model":"gpt-4o","score":1}' "{\"id\":\"a\",\"model\":\"$wrong\",\"score\":0}" > "$T/fs2.jsonl"
    import 1 "fs2.jsonl:2: a score of \"$wrong\", which answered nothing here; did you mean \"gpt-4o\"" "$T/in.jsonl" "$T/f4.jsonl" --scores "$T/fs2.jsonl"
    runs 1 '' test -e "$R"
done
printf '[\n{"id":"a","model":"gpt4o","score":1}\n]\n' > "$T/fs2.json"
import 1 'fs2.json: a score of "gpt4o", .*did you mean "gpt-4o"' "$T/in.jsonl" "$T/f4.jsonl" --scores "$T/fs2.json"
# as in a folder of requests, answers and scores, without --scores
mkdir "$T/slip"
cp "$T/in.jsonl" "$T/f4.jsonl" "$T/slip"
echo '{"custom_id":"a","model":"gpt4o","score":1}' > "$T/slip/scores.jsonl"
import 1 'scores.jsonl:1: a score of "gpt4o", .*did you mean "gpt-4o"' "$T/slip"
echo '{"custom_id":"a","model":5,"score":1}' > "$T/slip/scores.jsonl"
import 1 'scores.jsonl:1: a score of "5", which answered nothing here; "gpt-4o" answered this request' "$T/slip"
echo '{"custom_id":"a","model":["gpt-4o"],"score":1}' > "$T/slip/scores.jsonl"
import 1 'scores.jsonl:1: a score whose "model" is no name' "$T/slip"

# ---- Latin-1: two prompts that differ in one letter are not one ----
printf 'prompt,a\ncaf\351,1\ncaf\340,0\n' > "$T/latin.csv"
import 1 'latin.csv:2: bytes that are not UTF-8 .*iconv -f ISO-8859-1 -t UTF-8.*: byte 0xE9 behind "caf"' "$T/latin.csv"
import 1 'no row could be used' "$T/latin.csv" --max-bad 2
printf 'prompt,a\ncaf\303\251,1\ncaf\303\240,0\n' > "$T/utf.csv"
import 0 '^2 records' "$T/utf.csv"
printf 'prompt,caf\351\nx,1\n' > "$T/latin.csv"
import 1 'latin.csv:1: bytes that are not UTF-8' "$T/latin.csv"
printf '{"prompt":"x","model":"m","score":1}\n{"prompt":"caf\351","model":"m","score":1}\n' > "$T/latin.jsonl"
import 1 'latin.jsonl:2: bytes that are not UTF-8' generic "$T/latin.jsonl"
import 0 '^1 record$' generic "$T/latin.jsonl" --max-bad 1
printf '[{"prompt":"x","model":"m","score":1},\n{"prompt":"caf\351","model":"m","score":1}]' > "$T/latin.json"
import 1 'latin.json:2: bytes that are not UTF-8' generic "$T/latin.json"
printf 'prompt,model,score\ncaf\351,m,1\n' > "$T/latin3.csv"
import 1 'latin3.csv:2: bytes that are not UTF-8' generic "$T/latin3.csv" --model-field model --score-field score
sed 's/"content":"x"/"content":"'"$(printf '\351')"'"/' "$T/in.jsonl" > "$T/latin-in.jsonl"
import 1 'latin-in.jsonl:1: bytes that are not UTF-8' "$T/latin-in.jsonl" "$T/out.jsonl" "$T/us.jsonl"
for bad in '\300\200' '\355\240\200' '\364\220\200\200' '\342\202' '\200'; do # overlong, a surrogate, too high, cut, no start
    printf "{\"prompt\":\"$bad\",\"model\":\"m\",\"score\":1}\n" > "$T/latin.jsonl"
    import 1 'not UTF-8' generic "$T/latin.jsonl"
done
printf '{"prompt":"\360\237\230\200 \342\202\254 \364\217\277\277 12345678\303\251","model":"m","score":1}\n' > "$T/utf.jsonl"
import 0 '^1 record$' generic "$T/utf.jsonl"

printf '{"results":{"results":[{"promptIdx":0,"testIdx":0,"provider":{"id":"m"},"prompt":{"raw":"x"},"success":true,"score":1},{"promptIdx":0,"testIdx":0,"provider":{"id":"m"},"prompt":{"raw":"x"},"success":true,"score":0}]}}' > "$T/pft.json"
import 1 'import: .*pft.json: mixed models or runs in one file: model "m": 0; .*pft.json has 1;' "$T/pft.json" # of the file as a whole: no line 0
# half letters that Python makes of such bytes (surrogateescape) and JSON escapes; a whole letter's halves are none, nor is what is written so
for f in '{"prompt":"%s","model":"m","score":1}\n' '[{"prompt":"%s","model":"m","score":1}]' '{"results":{"results":[{"promptIdx":0,"testIdx":0,"provider":{"id":"m"},"prompt":{"raw":"%s"},"success":true,"score":1}]}}'; do
    format=$(case $f in *results*) echo promptfoo;; *) echo generic;; esac)
    for half in 'caf\udce9' '\uDCFFx' '\\\\\udc80' '\ud83dx\udc80' '\ud83d\udc80\udc80'; do
        printf '%s' "$f" | sed 's/\\n$//' | awk -v half="$(printf '%s' "$half" | sed 's/\\/\\\\/g')" '{ i = index($0, "%s"); print substr($0, 1, i - 1) half substr($0, i + 2) }' > "$T/half.json"
        import 1 'half.json:1: a .udc80...udcff of its own: bytes that were not UTF-8 when this was written.*: .u[dD][cC].. behind' $format "$T/half.json"
    done
    for whole in '\ud83d\udc80' 'caf\\udce9' '\ud83d' '\udc40' '\udbff\udcff\u00e9'; do
        printf '%s' "$f" | sed 's/\\n$//' | awk -v half="$(printf '%s' "$whole" | sed 's/\\/\\\\/g')" '{ i = index($0, "%s"); print substr($0, 1, i - 1) half substr($0, i + 2) }' > "$T/half.json"
        import 0 '^1 record$' $format "$T/half.json"
    done
done
# whole documents, and what stands beside them, too
L=$(printf '\351') M=$(printf '\340')
mkdir -p "$T/latin/lm/m" "$T/latin/hb/t1/agent" "$T/latin/task/x" "$T/latin/hm/run" "$T/latin/tb/run"
pf() { printf '{"results":{"results":[{"promptIdx":0,"testIdx":0,"provider":{"id":"m"},"prompt":{"raw":"caf%s"},"success":true,"score":1},\n{"promptIdx":0,"testIdx":1,"provider":{"id":"m"},"prompt":{"raw":"caf%s"},"success":true,"score":0}]}}' "$1" "$2"; }
pf "$L" "$M" > "$T/latin/pf.json"
import 1 'pf.json:1: bytes that are not UTF-8 .*iconv.*: byte 0xE9 behind "' "$T/latin/pf.json"
pf e "$M" > "$T/latin/pf.json"
import 1 'pf.json:2: bytes that are not UTF-8 .*: byte 0xE0 behind "' "$T/latin/pf.json"
pf "$(printf '\303\251')" "$(printf '\303\240')" > "$T/latin/pf.json"
import 0 '^2 records' "$T/latin/pf.json"
printf '[{"doc_id":0,"doc_hash":"h","arguments":[["caf%s"]],"resps":[],"filter":"none","acc":1}]' "$L" > "$T/latin/lm/m/samples_t.json"
import 1 'samples_t.json.*:1: bytes that are not UTF-8' lm-eval "$T/latin/lm/m/samples_t.json"
printf '{"doc_id":0,"doc_hash":"h","arguments":[["Q"]],"resps":[],"filter":"none","acc":1}\n' > "$T/latin/lm/m/samples_t.jsonl"
printf '{"model_name":"caf%s","results":{"t":{"acc":1}}}' "$L" > "$T/latin/lm/m/results.json"
rm "$T/latin/lm/m/samples_t.json"
import 1 'results.json:1: bytes that are not UTF-8' "$T/latin/lm"
echo '{"task_name":"x","trial_name":"x1","id":"1","config":{"agent":{"model_name":"m"},"task":{}},"verifier_result":{"rewards":{"reward":1}}}' > "$T/latin/hb/t1/result.json"
printf 'Fix the caf%s\n' "$L" > "$T/latin/task/x/instruction.md"
import 1 'result.json: an instruction.md of bytes that are not UTF-8 .*0xE9 behind "Fix the caf"' "$T/latin/hb" --prompts "$T/latin/task"
printf 'Fix the cafe\n' > "$T/latin/task/x/instruction.md"
import 0 '^1 record$' "$T/latin/hb" --prompts "$T/latin/task"
printf '{"task_name":"x%s","trial_name":"x1","id":"1"}' "$L" > "$T/latin/hb/t1/result.json"
import 1 'result.json:1: bytes that are not UTF-8' "$T/latin/hb"
printf '{"name":"x","adapter_spec":{"model":"caf%s"}}' "$L" > "$T/latin/hm/run/run_spec.json"
echo '[{"instance_id":"id1","train_trial_index":0,"stats":[{"name":{"name":"exact_match"},"count":1,"sum":1,"mean":1}]}]' > "$T/latin/hm/run/per_instance_stats.json"
echo '{"request_states":[]}' > "$T/latin/hm/run/scenario_state.json"
import 1 'a run whose run_spec.json cannot be read: .*run_spec.json:1: bytes that are not UTF-8' helm "$T/latin/hm"
cp tests/import/terminal-bench/run-2026-01-02/results.json "$T/latin/tb/run"
printf '{"model_name":"caf%s"}' "$L" > "$T/latin/tb/run/run_metadata.json"
import 1 'run_metadata.json:1: bytes that are not UTF-8' "$T/latin/tb/run"
import 0 '' "$T/latin/tb/run" --model m
# names of folders and files are bytes, too
mkdir "$T/mod$L"
echo '{"doc_id":0,"doc_hash":"h","arguments":[["Q"]],"resps":[],"filter":"none","acc":1}' > "$T/mod$L/samples_t.jsonl"
import 1 "a model's name that is not UTF-8" "$T/mod$L"
printf 'prompt,a\nx,1\n' > "$T/t$L.csv"
import 1 "a source or id that is not UTF-8 .*rename it" "$T/t$L.csv"

# ---- columns: what is no model by its name, and what is not taken, is told ----
printf 'prompt,a\nx,1e999\n' > "$T/inf.csv"
import 1 'no score is a finite number' "$T/inf.csv" --score-columns a
printf 'prompt,a,b\nx,1,1\ny,0,"two\nlines"\n' > "$T/lines.csv"
import 0 '"b" .line 3: "two lines"' "$T/lines.csv"
for c in gold gold_label ground_truth expected reference human winner row idx repeat age top_p Gold goldLabel question_id expected_score; do
    printf 'prompt,a,%s\nx,1,0\ny,0,1\n' $c > "$T/no.csv"
    import 0 "columns that are not read" "$T/no.csv"
    runs 0 "no.csv:1: \"$c\"\$" "$t" import "$T/no.csv" -o "$R"
    lacks "\"$c\": "
done
import 0 '^  expected_score +2' "$T/no.csv" --score-columns a,expected_score
printf 'prompt,a,difficulty,label,answer,level,index,seed,notes,a_response\nx,1,0,1,0,1,0,1,text,more\n' > "$T/rest.csv"
import 0 'rest.csv:1: "difficulty", "label", "answer", "level", "index", "seed", "notes"$' "$T/rest.csv"
awk 'BEGIN { printf "prompt,m"; for (i = 0; i < 90; i++) printf ",a_long_text_%d", i; print ""; printf "x,1"; for (i = 0; i < 90; i++) printf ",t"; print "" }' > "$T/many.csv"
import 0 '"a_long_text_0", .* and [0-9]+ more' "$T/many.csv"
printf 'prompt,flash,pro,flash|total_cost,pro_cost\nx,1,0,0.1,0.2\n' > "$T/own.csv"
import 0 '"pro_cost" .as "pro.total_cost"' "$T/own.csv"
printf 'prompt,flash,flash|total_cost,pro_cost\nx,1,0.1,0.2\n' > "$T/own.csv"
import 0 '"pro_cost" .as "MODEL.total_cost"' "$T/own.csv"
for cell in 1.5 inf T '"0,5"' 85%; do
    printf 'prompt,a,b\nx,1,1\ny,0,%s\n' "$cell" > "$T/cell.csv"
    import 0 "\"b\" .line 3: \"$(echo "$cell" | tr -d '"')\"" "$T/cell.csv"
done
printf 'prompt,a,b\nx,85%%,1\ny,70%%,1\n' > "$T/cell.csv"
import 0 '"a" .line 2: "85%"; take the % away' "$T/cell.csv"
runs 0 'columns LEFT OUT, .* numbers outside the range of scores, .*--score-columns takes .*--score-range LOW:HIGH' "$t" import "$T/cell.csv" -o "$R"
printf 'prompt,a,b\nx,1,1\ny,0,1.5\n' > "$T/cell.csv"
import 0 'columns LEFT OUT, of which the records hold no outcome' "$T/cell.csv"
runs 0 'cell.csv:1: "b" .line 3: "1.5".' "$t" import "$T/cell.csv" -o "$R"
lacks '"b":'
printf 'prompt,b\nx,1\ny,1.5\n' > "$T/cell.csv"
import 1 'cell.csv:1: no column holds scores .*"b" .line 3: "1.5".*--score-range .*--score-columns takes such a column' "$T/cell.csv"
import 1 'cell.csv:3: score 1.5 of "b"' "$T/cell.csv" --score-columns b
printf 'prompt,a,b\nx,85,70\ny,70,1\n' > "$T/cell.csv"
import 1 'numbers of another scale do "a" .line 2: "85".*--score-range 0:100' "$T/cell.csv"
import 0 '^  a +2 +0.7750' "$T/cell.csv" --score-range 0:100
# headers: alone, in capitals, behind a line of Excel's, in lines without a line feed
printf 'prompt,a\n' > "$T/head.csv"
import 1 'head.csv: a header line, and no row behind it' "$T/head.csv"
import 1 'head.csv: a header line, and no row behind it' "$T/head.csv" --score-columns a
printf '\357\273\277prompt;a|total_cost;a\r\n\r\n' > "$T/head2.csv"
import 1 'head2.csv: a header line, and no row behind it' "$T/head2.csv"
import 1 'head2.csv: a header line, and no row behind it' "$T/head2.csv" --score-columns a --prompt-column prompt
import 1 'head2.csv: a header line, and no row behind it' generic "$T/head2.csv"
printf 'id,score\n' > "$T/head3.csv"
import 1 'head3.csv: a header line, and no row behind it' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/head3.csv"
printf 'prompt,a\rx,1\r' > "$T/cr.csv"
import 1 'cr.csv: its lines end in a carriage return alone.*tr ' "$T/cr.csv"
printf 'sep=;\r\nprompt;a\r\nx;0,5\r\ny;1;1\r\n' > "$T/sep.csv"
import 1 'sep.csv:4: a row with another number of cells' "$T/sep.csv"
import 0 '^  a +1 +0.5000' "$T/sep.csv" --max-bad 1
printf 'Prompt,FLASH\nx,1\n' > "$T/caps.csv"
import 1 'did you mean --prompt-column "Prompt"' "$T/caps.csv"
import 1 'no column "flash"; did you mean "FLASH"' "$T/caps.csv" --prompt-column Prompt --score-columns flash

# ---- promptfoo: a score that is no number is not replaced without a word ----
pf() { printf '{"results":{"results":[{"promptIdx":0,"testIdx":0,"provider":{"id":"m"},"prompt":{"raw":"x"},"success":true%s},{"promptIdx":0,"testIdx":1,"provider":{"id":"m"},"prompt":{"raw":"y"},"success":true,"score":0.5}]}}' "$1" > "$T/pfo.json"; }
for v in null NaN; do
    pf ",\"score\":$v"
    import 0 'missing: 1 x rows whose "score" is null or NaN' "$T/pfo.json"
    lacks '"prompt": "x"'
done
import 0 '^  m +2 ' "$T/pfo.json" --metric success
pf ',"score":"0.25"'
import 0 'number in quotes: it was taken for the number' "$T/pfo.json"
has '"prompt": "x", "outcomes": {"m": {"score": 0.25}}'
pf ',"score":"good"'
import 0 'missing: 1 x rows whose "score" is no number' "$T/pfo.json"
pf ''
import 0 'rows without "score": "success" was taken' "$T/pfo.json"
has '"prompt": "x", "outcomes": {"m": {"score": 1}}'

# ---- scores by id: where they belong, and what is wrong with them ----
echo '{"id":"a","score":1,"model":"m"}' > "$T/sid.jsonl"
import 1 'sid.jsonl: is not of the format openai-batch.*scores by id are given with --scores FILE' "$T/in.jsonl" "$T/out.jsonl" "$T/sid.jsonl"
import 1 'sid.jsonl:1: a line without "custom_id", but with "id" and "score": scores are given with --scores FILE' openai-batch "$T/in.jsonl" "$T/out.jsonl" "$T/sid.jsonl"
mkdir "$T/bdir"; cp "$T/in.jsonl" "$T/out.jsonl" "$T/sid.jsonl" "$T/bdir"
import 0 'files that look like scores by id, and are not read .--scores FILE' "$T/bdir"
echo '{"id":"a","score":"good"}' > "$T/bad.jsonl"
import 1 'bad.jsonl:1: a score that is neither a number nor true or false: "score" is "good"' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/bad.jsonl"
echo '{"key":"a","score":1}' > "$T/bad.jsonl"
import 1 'bad.jsonl:1: .*"id" is not there: it has "key", "score"' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/bad.jsonl"
printf 'id,grade\na,1\n' > "$T/bad.csv"
import 1 'bad.csv:2: .*"score" is not there: it has "id", "grade"' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/bad.csv"

echo '{"id":12345678901234567890,"score":1}' > "$T/bad.jsonl"
import 1 'bad.jsonl:1: an id of more digits than a number keeps; write it as a string' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/bad.jsonl"
echo '{"id":"a","score":"0x1"}' > "$T/bad.jsonl"
import 1 'bad.jsonl:1: .*"score" is "0x1"' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/bad.jsonl"
: > "$T/bad.csv"
import 1 'bad.csv: the file is empty' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/bad.csv"
# keys that almost are those of a score
echo '{"ID":"a","scroe":1}' > "$T/bad.jsonl"
import 1 'bad.jsonl:1: .*"id" is not there: it has "ID" .did you mean "id"\?., "scroe" .did you mean "score"\?' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/bad.jsonl"
echo '{"id":"a","Score":1}' > "$T/bad.jsonl"
import 1 'bad.jsonl:1: .*"score" is not there: it has "id", "Score" .did you mean "score"' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/bad.jsonl"
printf 'ID;grade;reward\na;1;1\n' > "$T/bad.csv"
import 1 'bad.csv:2: .*"id" is not there: it has "ID" .did you mean "id"\?., "grade", "reward" .did you mean "score"\?' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/bad.csv"
printf '%s\n' '{"id":"a","modle":"m","score":1,"latency":2,"note":"x","ID":"b","cost_usd":1,"cost":2}' > "$T/bad.jsonl"
import 0 'note: 1 x scores with "modle", which is not read; did you mean "model"' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/bad.jsonl"
runs 0 'scores with "latency", which is not read; did you mean "latency_s"' "$t" import "$T/in.jsonl" "$T/out.jsonl" --scores "$T/bad.jsonl" -o "$R"
runs 0 'first: .*bad.jsonl:1$' "$t" import "$T/in.jsonl" "$T/out.jsonl" --scores "$T/bad.jsonl" -o "$R"
quiet '"note"|"ID"|"cost"'
printf 'id,model_name,score\na,m,1\n' > "$T/bad.csv"
import 0 'scores with "model_name", which is not read; did you mean "model"' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/bad.csv"
printf 'request_id,score\na,1\n' > "$T/bad.csv"
import 1 'bad.csv:2: .*"id" is not there: it has "request_id" .did you mean "id"\?., "score"' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/bad.csv"
printf 'id,Model,score\na,m,1\n' > "$T/bad.csv"
import 0 'scores with "Model", which is not read; did you mean "model"' "$T/in.jsonl" "$T/out.jsonl" --scores "$T/bad.csv"

# ---- generic: a cost that is no number is named, not said to be unread ----
echo '{"prompt":"x","model":"m","score":1,"cost_usd":"$0.5","latency_s":1}' > "$T/dollar.jsonl"
import 0 'dollar.jsonl:1: /cost_usd is "\$0.5"' generic "$T/dollar.jsonl"
quiet 'not read'
echo '{"prompt":"x","model":"m","score":1,"price":"$0.5","latency_s":1}' > "$T/dollar.jsonl"
import 0 'dollar.jsonl:1: /price is "\$0.5"' generic "$T/dollar.jsonl" --cost-field /price
quiet 'not read'

# ---- a cell of JSON over several lines: a record is one line ----
printf 'messages,tools,flash\n"[{""role"": ""user"",\n  ""content"": ""hi""}]","[\r\n]",1\n' > "$T/wide.csv"
import 0 '1 record' "$T/wide.csv"
runs 3 '1 record read: 0 faults' "$t" data check "$R"
printf '%s\n' 'messages,flash' '"[{""role"":""user"",""content"":""a\udce9""}]",1' > "$T/half.csv"
import 1 'half.csv:2: .*udc80' "$T/half.csv"

# ---- an id that stands for two requests: no prompt gets the other's score ----
printf 'id,prompt,flash\n1,a,1\n2,b,1\n' > "$T/A.csv"
printf 'id,prompt,pro\n1,zz,0\n2,b,0\n' > "$T/B.csv"
import 1 'make ids unique' csv "$T/A.csv" "$T/B.csv"
import 1 'make ids unique' csv "$T/A.csv" "$T/B.csv" --duplicates error
for how in first average; do
    import 0 'dropped: 1 x outcomes of another request under an id that is taken' csv "$T/A.csv" "$T/B.csv" --duplicates $how
    has '"prompt": "a", "outcomes": {"flash": {"score": 1}}'
    has '"prompt": "b", "outcomes": {"flash": {"score": 1}, "pro": {"score": 0}}'
    lacks 'zz'
done

# ---- money, times and signs of other things are no models ----
for name in 'flash ($)' 'flash_$' 'flash (€)' EUR fee flash_fee flash_bill flash_charge spent expense money amount kosten_eur ttft flash_ttft wallclock tps \
    throughput finish_reason truncated contaminated cache_hit similarity toxicity agreement usage; do
    printf 'prompt,flash,pro,%s\na,1,0,0\nb,0,1,1\n' "$name" > "$T/other.csv"
    import 0 '' "$T/other.csv"
    runs 0 '' sh -c "grep -c '\"outcomes\": {\"flash\": {\"score\": [01][^{]*}, \"pro\": {\"score\": [01][^{]*}}}' '$R' | grep -qx 2"
done

# ---- failures are no 0 ----
printf '%s\n' '{"prompt":"a","model":"m","score":0,"error":"HTTP 500"}' '{"prompt":"b","model":"m","score":1,"error":null}' \
    '{"prompt":"c","model":"m","score":0,"error":""}' '{"prompt":"d","model":"m","score":0.5,"error":false}' > "$T/err.jsonl"
import 0 'missing: 1 x rows with an "error"' generic "$T/err.jsonl"
lacks '"prompt": "a"'
has '"prompt": "c", "outcomes": {"m": {"score": 0}'
printf '%s\n' '{"spec":{"eval_name":"e","completion_fns":["m"]}}' \
    '{"run_id":"r","event_id":0,"sample_id":"s.0","type":"sampling","data":{"prompt":[{"role":"user","content":"x"}],"sampled":["y"]}}' \
    '{"run_id":"r","event_id":1,"sample_id":"s.0","type":"error","data":{"type":"E","message":"down"}}' \
    '{"run_id":"r","event_id":2,"sample_id":"s.0","type":"match","data":{"correct":false}}' \
    '{"run_id":"r","event_id":3,"sample_id":"s.1","type":"sampling","data":{"prompt":[{"role":"user","content":"z"}],"sampled":["y"]}}' \
    '{"run_id":"r","event_id":4,"sample_id":"s.1","type":"match","data":{"correct":true}}' > "$T/evals.jsonl"
import 0 'missing: 1 x samples that ended with an error event' openai-evals "$T/evals.jsonl"
lacks '"score": 0'

# ---- a name of another writing is a slip, whoever failed beside it ----
req() { printf '{"custom_id":"%s","method":"POST","url":"/v1/chat/completions","body":{"model":"m","messages":[{"role":"user","content":"%s"}]}}\n' "$1" "$1"; }
ans() { printf '{"id":"b","custom_id":"%s","response":{"status_code":%s,"body":%s},"error":null}\n' "$1" "$2" "$3"; }
{ req r0; req r1; req r2; } > "$T/in3.jsonl"
good='{"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":"x"}}]}'
{ ans r0 200 "$good"; ans r1 200 "$good"; ans r2 500 '{"error":{"message":"down"}}'; } > "$T/out3.jsonl"
printf '%s\n' '{"id":"r0","score":1,"model":"GPT-4o-2024-08-06"}' '{"id":"r1","score":0,"model":"GPT-4o-2024-08-06"}' > "$T/sc3.jsonl"
import 1 'did you mean "gpt-4o-2024-08-06"' "$T/in3.jsonl" "$T/out3.jsonl" --scores "$T/sc3.jsonl"

# ---- two samples files of a task in one folder and nothing that says whose: not one model ----
mkdir -p "$T/flat/m"
sample() { printf '{"doc_id":0,"doc_hash":"h","arguments":[["Q"]],"resps":[],"filter":"none","acc":%s}\n' "$1"; }
sample 1 > "$T/flat/m/samples_t_2026-08-01T10-00-00.000000.jsonl"
import 0 "the folder's name was taken" "$T/flat"
sample 0 > "$T/flat/m/samples_t_2026-08-02T10-00-00.000000.jsonl"
import 1 'a second samples file of the task "t" in its folder.*say --model NAME' "$T/flat"
import 0 '' "$T/flat" --model both
sample 0 > "$T/flat/m/samples_u_2026-08-02T10-00-00.000000.jsonl"
rm "$T/flat/m/samples_t_2026-08-02T10-00-00.000000.jsonl"
import 0 '2 records' "$T/flat"

# ---- Inspect: an error that a scorer scored counts as the log counts it, and is told ----
printf '%s' '{"version":2,"status":"success","eval":{"task":"t","model":"m"},"samples":[{"id":"s1","epoch":1,"input":"Q","error":{"message":"down"},"scores":{"x":{"value":"I"}}},{"id":"s2","epoch":1,"input":"R","error":{"message":"down"},"scores":{}}]}' > "$T/scored.json"
import 0 'note: 1 x samples that ended in an error and were scored all the same' inspect "$T/scored.json"
runs 0 'missing: 1 x samples that ended in an error' "$t" import inspect "$T/scored.json" -o "$R"

done_
