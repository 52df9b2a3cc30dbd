#!/bin/sh
# tierce import on the formats of agents' harnesses and of traffic. $1: build directory; -r as $2 writes
# the expected outputs anew (tests/import/expected/NAME.txt: the records, then of the report each model's
# outcomes, mean and missing, and the counted problems).
B=$1
. "$(dirname "$0")/lib.sh"
t=$B/tierce-train
F=tests/import
# makes NAME ARGUMENT...: records and report are those of expected/NAME.txt
makes() {
    name=$1
    shift
    "$t" import "$@" -o - > "$T/out" 2> "$T/err"
    status=$?
    { cat "$T/out"; sed -nE 's/^  ([^ ]+) +([0-9]+) +([0-9.-]+) +([0-9]+) .*/\1 \2 \3 \4/p; /^(bad|dropped|missing|duplicate|note): /p' "$T/err"; } > "$T/both"
    if [ "$regenerate" ]; then cp "$T/both" "$F/expected/$name.txt"; fi
    if [ $status -eq 0 ] && cmp -s "$T/both" "$F/expected/$name.txt"; then
        passed=$((passed + 1))
    else
        say_bad "$name"
        diff "$F/expected/$name.txt" "$T/both" | head -20
    fi
}
[ "$2" = -r ] && regenerate=yes && mkdir -p $F/expected
makes harbor $F/harbor/jobs
makes harbor-tasks harbor --prompts $F/harbor/tasks $F/harbor/jobs/night-flash $F/harbor/jobs/night-pro
makes atif $F/atif/s-77.json $F/atif/s-78.json $F/atif/s-79.json --scores $F/atif/scores.jsonl
makes terminal-bench $F/terminal-bench
makes tau2 $F/tau2
makes tau2-folder $F/tau2-dir
makes swe-bench $F/swebench
makes helm $F/helm
makes openai-evals $F/openai-evals
makes bfcl $F/bfcl
makes openai-batch $F/openai-batch/in.jsonl $F/openai-batch/out.jsonl --scores $F/openai-batch/scores.csv
makes openai-batch-prompts openai-batch $F/openai-batch/out.jsonl --prompts $F/openai-batch/in.jsonl --keep-unscored
makes litellm $F/litellm/payloads.jsonl $F/litellm/spend.jsonl --scores $F/litellm/scores.jsonl
makes litellm-csv $F/litellm/spend.csv --scores $F/litellm/scores.jsonl
makes langfuse $F/langfuse
makes langfuse-tone $F/langfuse --metric tone
makes langfuse-csv $F/langfuse-csv
makes langfuse-api $F/langfuse-api
makes otel $F/otel
makes helicone $F/helicone/requests.jsonl
[ "$regenerate" ] && { done_; exit; }

# no gold answer, no rubric, no hint in any record
runs 1 '' grep -rl gold $F/expected
# several files of a format in any order give the same records
runs 0 '' sh -c "$t import -q $F/openai-batch/out.jsonl $F/openai-batch/in.jsonl --scores $F/openai-batch/scores.csv -o - | sort > $T/1; \
$t import -q $F/openai-batch/in.jsonl $F/openai-batch/out.jsonl --scores $F/openai-batch/scores.csv -o - | sort > $T/2; cmp $T/1 $T/2 && test -s $T/1"
# packed files are read as they are
gzip -c $F/helicone/requests.jsonl > "$T/h.jsonl.gz"
runs 0 '' sh -c "$t import -q $T/h.jsonl.gz -o - > $T/1; $t import -q $F/helicone/requests.jsonl -o - > $T/2; cmp $T/1 $T/2 && test -s $T/1"
# one object a file, printed over many lines, is a row
sed -n 1p $F/litellm/payloads.jsonl | sed 's/,"trace_id"/,\n "trace_id"/' > "$T/one.json"
runs 0 '' sh -c "$t import -q litellm $T/one.json --scores $F/litellm/scores.jsonl -o - | grep -q chatcmpl-a"
# a cut gzip, a cut JSON, an empty folder, a wrong name
head -c 200 "$T/h.jsonl.gz" > "$T/cut.jsonl.gz"
runs 1 'cut.jsonl.gz: .*cut off' "$t" import helicone "$T/cut.jsonl.gz" -o "$T/x.jsonl"
mkdir -p "$T/empty" "$T/run" "$T/jobs/t1"
runs 1 'empty: no file in this folder' "$t" import harbor "$T/empty" -o "$T/x.jsonl"
runs 2 'did you mean "harbor"' "$t" import harbour "$T/run" -o "$T/x.jsonl"
head -c 300 $F/harbor/jobs/night-flash/sort-invoices__a1/result.json > "$T/jobs/t1/result.json"
runs 1 'result.json: a file that cannot be read.*max-bad' "$t" import harbor "$T/jobs" -o "$T/x.jsonl"
cp -r $F/harbor/jobs/night-pro "$T/jobs/t2"
runs 0 'bad: 1 x a file that cannot be read' "$t" import harbor --max-bad 1 "$T/jobs" -o "$T/x.jsonl"
# a run folder without metadata in a path without folders
cp $F/terminal-bench/goose_flash/results.json "$T/run/results.json"
runs 1 'say it with --model NAME' sh -c "case $t in /*) p=$t;; *) p=\$PWD/$t;; esac; cd $T/run && \$p import results.json -o ../x.jsonl"
runs 0 'gemini-9 ' "$t" import "$T/run/results.json" --model gemini-9 -o "$T/x.jsonl"
runs 0 'run  ' "$t" import "$T/run/results.json" -o "$T/x.jsonl"
# accuracy that is not that of the trials is told
sed 's/"accuracy":0.25/"accuracy":0.5/' $F/terminal-bench/goose_flash/results.json > "$T/run/results.json"
runs 0 '0.25 by its trials, 0.5 it says' "$t" import "$T/run/results.json" -o "$T/x.jsonl"
# failures alone are no records
runs 1 'records of failures alone would teach that flash-0514 always fails.*--prompts' "$t" import $F/bfcl/flash-0514 -o "$T/x.jsonl"
runs 0 'flash-0514 +4 +0.5000' "$t" import $F/bfcl/flash-0514 --prompts $F/bfcl/data -o "$T/x.jsonl"
# a folder of records that hold the questions will do, too
mkdir -p "$T/asked"
runs 0 "" sh -c "$t import -q $F/bfcl/flash-0514 --prompts $F/bfcl/data -o $T/asked/records.jsonl.gz"
runs 0 "flash-0514 +4 +0.5000" "$t" import $F/bfcl/flash-0514 --prompts "$T/asked" -o "$T/x.jsonl"
sed 's/"correct_count": 2/"correct_count": 3/' $F/bfcl/flash-0514/simple_score.json > "$T/run/simple_score.json"
cp $F/bfcl/flash-0514/simple_result.json "$T/run/"
rm "$T/run/results.json"
runs 0 '2 of 4 by the results, 3 of 4 it says' "$t" import "$T/run" --prompts $F/bfcl/data -o "$T/x.jsonl"
# the experiments' results need the problems
runs 1 'name the file of all problems: --prompts' "$t" import $F/swebench/evaluation -o "$T/x.jsonl"
runs 0 'potter-agent +5 +0.4000' "$t" import $F/swebench/evaluation --prompts $F/swebench/problems.jsonl -o "$T/x.jsonl"
runs 1 'prompts nowhere: cannot be read' "$t" import harbor $F/harbor/jobs --prompts nowhere -o "$T/x.jsonl"
# a metric that is not there; one that is
runs 1 'metric elegance: no record came of it: nothing here has it; there (is|are) ' "$t" import $F/harbor/jobs --metric elegance -o "$T/x.jsonl"
runs 0 'flash +1 +1.0000 +2' "$t" import $F/helm --metric quasi_exact_match -o "$T/x.jsonl"
runs 0 'gemini-3.5-flash +1 +0.7500' "$t" import $F/openai-evals --metric score -o "$T/x.jsonl"
runs 1 'means nothing to the format bfcl; its options: --model, --prompts' "$t" import $F/bfcl --metric x -o "$T/x.jsonl"
# evals cut at the head
tail -n +2 $F/openai-evals/260801_flash.jsonl > "$T/e.jsonl"
runs 1 'before any ..spec' "$t" import openai-evals "$T/e.jsonl" -o "$T/x.jsonl"
runs 0 'm1 +3' "$t" import openai-evals "$T/e.jsonl" --model m1 -o "$T/x.jsonl"
# damaged rows count, with their line
printf 'not json\n' > "$T/o.jsonl"
cat $F/openai-batch/out.jsonl >> "$T/o.jsonl"
runs 1 'o.jsonl:1: not valid JSON' "$t" import openai-batch "$T/o.jsonl" $F/openai-batch/in.jsonl -o "$T/x.jsonl"
runs 1 's.jsonl:1: a score needs "id" and "score"' sh -c "echo '{\"id\":1}' > $T/s.jsonl; $t import openai-batch $F/openai-batch/in.jsonl $F/openai-batch/out.jsonl --scores $T/s.jsonl -o $T/x.jsonl"
runs 1 'none.csv: No such file' "$t" import openai-batch $F/openai-batch/in.jsonl --scores "$T/none.csv" -o "$T/x.jsonl"

# the real files, where they are: the harness's own counts and means
H=../shared/harness-logs
real() { # MEAN RECORDS MODEL ARGUMENTS...
    mean=$1 records=$2 model=$3
    shift 3
    if [ -e "$1" ]; then runs 0 "$model +$records +$mean " "$t" import "$@" -o "$T/x.jsonl"; else skipped=$((skipped + 1)); fi
}
skipped=0
real 0.4875 80 goose_claude-4-opus $H/terminal-bench/goose_claude-4-opus/2025-08-27__22-13-13_results.json
real 0.4500 80 goose_claude-4-opus $H/terminal-bench/goose_claude-4-opus/2025-08-29__07-37-19_results.json
real 0.4000 80 goose_claude-4-sonnet $H/terminal-bench/goose_claude-4-sonnet/2025-08-25__12-29-38__results.json
real 0.4000 80 goose_claude-4-sonnet $H/terminal-bench/goose_claude-4-sonnet/2025-08-25__13-35-43__results.json
real 0.4688 80 goose_claude-4-opus $H/terminal-bench
real 0.4000 80 goose_claude-4-sonnet $H/terminal-bench
Q=../shared/corpora/bfcl_v1.jsonl.gz
real 0.9175 400 gemini-1.5-flash-preview-0514 $H/bfcl/gemini-1.5-flash-preview-0514/simple_result.json $H/bfcl/gemini-1.5-flash-preview-0514/simple_score.json --prompts $Q
real 0.9350 200 gemini-1.5-flash-preview-0514 $H/bfcl/gemini-1.5-flash-preview-0514/multiple_function_result.json $H/bfcl/gemini-1.5-flash-preview-0514/multiple_function_score.json --prompts $Q
real 0.8775 400 gemini-1.5-pro-preview-0514 $H/bfcl/gemini-1.5-pro-preview-0514/simple_result.json $H/bfcl/gemini-1.5-pro-preview-0514/simple_score.json --prompts $Q
real 0.9100 200 gemini-1.5-pro-preview-0514 $H/bfcl/gemini-1.5-pro-preview-0514/multiple_function_result.json $H/bfcl/gemini-1.5-pro-preview-0514/multiple_function_score.json --prompts $Q
real 0.9233 600 gemini-1.5-flash-preview-0514 $H/bfcl --prompts $Q
real 0.8883 600 gemini-1.5-pro-preview-0514 $H/bfcl --prompts $Q
if [ -e $H/bfcl ]; then runs 1 'was right in 187 of 200' "$t" import $H/bfcl -o "$T/x.jsonl"; else skipped=$((skipped + 1)); fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
