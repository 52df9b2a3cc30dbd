#!/bin/sh
# As curl does it: every command of the small program again and again, the Nth allocation of the whole process failing
# (zlib's, the C library's too), for every N. Each time the right output, or an error with a message;
# never a signal, never half an answer with status 0. $1: build directory.
B=$1
. "$(dirname "$0")/lib.sh"
t=$B/tierce
if ! ${CC:-cc} -std=gnu11 -shared -fPIC -O1 "$(dirname "$0")/failmalloc.c" -o "$T/failmalloc.so" 2>"$T/err" ||
    ! LD_PRELOAD="$T/failmalloc.so" FAIL_AT=1000000 FAIL_LOG="$T/calls" "$t" --version >/dev/null 2>&1 || [ ! -s "$T/calls" ]; then
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
m="-m tests/data/golden.tierce"
printf '%s\n' '{"id":"a","messages":[{"role":"system","content":"s"},{"role":"user","content":"Prove it.\n"}],"tools":[{"name":"f","parameters":{}}]}' '{"prompt":"b"}' > "$T/r.jsonl"
gzip -kc "$T/r.jsonl" > "$T/r.jsonl.gz"
head -1 "$T/r.jsonl" > "$T/r.json"
tortured() {
    "$@" > "$T/right" 2> /dev/null
    LD_PRELOAD="$T/failmalloc.so" FAIL_AT=1000000 FAIL_LOG="$T/calls" "$@" > /dev/null 2>&1
    n=0 calls=$(cat "$T/calls") refused=0
    while [ $n -lt "$calls" ]; do
        n=$((n + 1))
        LD_PRELOAD="$T/failmalloc.so" FAIL_AT=$n "$@" > "$T/out" 2> "$T/err"
        status=$?
        if [ $status -ge 100 ]; then say_bad "[allocation $n of $calls: killed] $*"; return; fi
        if [ $status = 0 ] && ! cmp -s "$T/right" "$T/out"; then say_bad "[allocation $n of $calls: wrong output] $*"; return; fi
        if [ $status != 0 ] && [ ! -s "$T/err" ]; then say_bad "[allocation $n of $calls: failed without a word] $*"; return; fi
        [ $status = 0 ] || refused=$((refused + 1))
    done
    if [ $refused -lt 3 ]; then say_bad "[only $refused of $calls failures were noticed] $*"; return; fi
    passed=$((passed + 1))
}
# importing: every format with a seed of its own, as the program that does it
mkdir "$T/lm"
cp tests/fuzz/corpus/import_lm_eval/lines "$T/lm/samples_t.jsonl"
printf '{"results":{"t":{"alias":"t"}},"model_name":"m"}' > "$T/lm/results.json"
import() { tortured "$B/tierce-train" import "$@" -q -o -; }
import "$T/lm" --metric acc
import csv tests/fuzz/corpus/import_csv/quoted
import csv tests/fuzz/corpus/import_csv/messages
import promptfoo tests/fuzz/corpus/import_promptfoo/results
import inspect tests/fuzz/corpus/import_inspect/log
import inspect tests/fuzz/corpus/import_inspect/zstd
import generic tests/fuzz/corpus/import_generic/lines
import promptfoo "$T/lm/results.json" # an error stays an error
# a folder and a file of it; answers with scores of their own file, which hold a key that is told
mkdir "$T/twice"
printf 'prompt,a,a|trials\nx,0.25,3\nx,0.75,1\ny,0.1,3\n' > "$T/twice/t.csv"
import "$T/twice" "$T/twice/t.csv"
printf '{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"messages":[{"role":"user","content":"x"}]}}\n' > "$T/in.jsonl"
printf '{"custom_id":"a","response":{"status_code":200,"body":{"model":"m","usage":{"prompt_tokens":1}}},"error":null}\n' > "$T/answers.jsonl"
printf 'id,modle,score\na,m,1\n' > "$T/scores.csv"
import "$T/in.jsonl" "$T/answers.jsonl" --scores "$T/scores.csv"
# JSON inside strings, whose trees are read apart: a starved one is no missing prompt
printf '{"id":"s-1","model":"m","messages":"[{\\"role\\":\\"user\\",\\"content\\":\\"x\\"}]","prompt_tokens":5,"completion_tokens":2}\n' > "$T/spend.jsonl"
import litellm "$T/spend.jsonl" --keep-unscored
# a folder of each agent format and gateway: what memory could not hold is not taken for what is not there
unpack() { # SEED FOLDER
    awk -v to="$2" 'NR > 1 && /^@@ / { name = substr($0, 4); f = to (name == "scores" || name == "prompts" ? "/" : "/in/") name
                        d = f; sub("/[^/]*$", "", d); system("mkdir -p \"" d "\""); next } NR > 1 { print > f }' "$1"
}
for seed in bfcl-1 helicone-1 helm-1 langfuse-2 litellm-1 otel-2 swe-bench-2 terminal-bench-1; do
    unpack "tests/fuzz/corpus/import_agents/$seed" "$T/$seed"
    set -- "${seed%-*}" "$T/$seed/in" --keep-unscored
    [ -f "$T/$seed/scores" ] && set -- "$@" --scores "$T/$seed/scores"
    [ -f "$T/$seed/prompts" ] && set -- "$@" --prompts "$T/$seed/prompts"
    import "$@"
done
# records
printf '%s\n' '{"id":"a","prompt":"x","mine":1,"outcomes":{"f":{"score":1,"cost_usd":2,"mine":2}}}' '{"id":"b","prompt":"y","outcomes":{"f":{"score":0,"cost_usd":1,"input_tokens":2}}}' > "$T/records.jsonl"
tortured "$B/tierce-train" data check "$T/records.jsonl"
tortured "$B/tierce-train" data export --csv "$T/records.jsonl"
tortured "$B/tierce-train" data export --batch "$T/records.jsonl"
printf '%s\n' '{"id":"a","prompt":"x","source":"s","outcomes":{"f":{"score":0,"trials":2},"g":{"score":1}}}' > "$T/more.jsonl"
for prefer in mean first last; do tortured "$B/tierce-train" data merge --prefer $prefer "$T/records.jsonl" "$T/more.jsonl"; done
tortured "$B/tierce-train" data export --csv "$T/more.jsonl"
tortured "$B/tierce-train" simulate -n 2
tortured "$t" route $m "Prove that 2 is prime."
tortured "$t" route $m --explain "Prove that 2 is prime."
tortured "$t" route $m --json --explain -r "$T/r.json"
tortured "$t" score -q $m "$T/r.jsonl.gz"
tortured "$t" score -q $m --threads 2 --max-bad 9 "$T/r.jsonl"
tortured "$t" inspect tests/data/golden.tierce
tortured "$t" inspect --json tests/data/golden.tierce
tortured "$t" features "Prove it"
tortured "$t" features --json $m -r "$T/r.json"
done_
