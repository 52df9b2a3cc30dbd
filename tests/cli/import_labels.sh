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

done_
