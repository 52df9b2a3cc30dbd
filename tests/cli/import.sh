#!/bin/sh
# tierce import: a fixture for every format and for every trap the formats have. $1: build directory.
# Inspect's archives are in tests/unit/test_import.c, which can write them.
B=$1
. "$(dirname "$0")/lib.sh"
t=$B/tierce
skipped=0
R=$T/r.jsonl
# says PATTERN FILE: the file has it
says() { runs 0 "$1" cat "$2"; }
# has TEXT: the records hold it, to the letter
has() { runs 0 '' grep -qF -- "$1" "$R"; }
# lacks PATTERN FILE
lacks() { runs 1 '' grep -qE "$1" "$2"; }
# import STATUS PATTERN ARGS...: into $R
import() {
    want_status=$1 want_pattern=$2
    shift 2
    rm -f "$R"
    runs "$want_status" "$want_pattern" "$t" import "$@" -o "$R"
}

# ---- the frame ----
runs 0 'usage: tierce import' "$t" import --help
runs 0 'lm-eval .*samples' "$t" import --formats
runs 2 'did you mean --score-range' "$t" import --score-rang 0:1 x -o y
runs 2 'which files' "$t" import -o y
runs 2 '-o RECORDS' "$t" import x.csv
runs 2 'unknown format "lm-evil"; did you mean "lm-eval"' "$t" import lm-evil "$T" -o y
runs 2 'must be average, first or error' "$t" import --duplicates avrage x -o y
runs 2 'must be LOW:HIGH' "$t" import --score-range 5 x -o y
mkdir "$T/empty" "$T/loop"
import 1 'no file in this folder' "$T/empty"
import 1 'empty: no file in this folder' lm-eval "$T/empty"
# what is named twice is read once, and told
mkdir -p "$T/again/in"
printf 'prompt,a\nx,1\n' > "$T/again/in/a.csv"
for twice in "$T/again" "$T/again/in" "$T/again/in/a.csv" "$T/again/in/../in/a.csv"; do
    import 0 'taken for a wide CSV table: 1 file, 1 row' "$T/again" "$twice"
    runs 0 'note: [12] x files or folders that were named twice, and are read once' "$t" import "$twice" "$T/again" -o "$T/x.jsonl"
done
runs 1 '' sh -c "$t import $T/again/in/a.csv -o $T/x.jsonl 2>&1 | grep twice"
ln "$T/again/in/a.csv" "$T/again/in/hard.csv"
import 0 'taken for a wide CSV table: 2 files, 2 rows' "$T/again/in/a.csv" "$T/again/in/hard.csv"
import 1 'empty: no file in this folder' "$T/again" "$T/empty"
import 1 'nowhere: No such file' "$T/nowhere"
import 1 'standard input will not do' csv -
import 1 'of no known format' /etc/passwd
: > "$T/zero.csv"
import 1 'zero.csv: the file is empty' "$T/zero.csv"
runs 1 'is a folder; name a file in it' "$t" import /etc/passwd -o "$T"
runs 1 'x.jsonl: cannot be written: No such file' "$t" import /etc/passwd -o "$T/none/x.jsonl"
printf 'prompt,a,b\none,1,0\ntwo,0,1\n' > "$T/loop/t.csv"
ln -s . "$T/loop/again"
ln -s nowhere "$T/loop/dangling"
import 0 '^2 records, 2 with' "$T/loop"
import 1 'there are: a, b' "$T/loop" --rename c=d
runs 1 '' test -e "$R"
import 0 'x +2' "$T/loop" --rename a=x
import 1 'scorer means nothing to the format csv' "$T/loop" --scorer x
import 0 '' "$T/loop" --source mine --workload work
says '"source": "mine", "workload": "work"' "$R"
printf '\200\004junk' > "$T/router.pkl"
import 1 "pandas.read_pickle.*to_csv" "$T/router.pkl"
# an empty file of a folder is told
mkdir "$T/part"
printf 'prompt,a\nx,1\n' > "$T/part/a.csv"
: > "$T/part/b.csv"
import 0 'note: 1 x empty files were passed over' "$T/part"
runs 0 'first: .*part/b.csv$' "$t" import "$T/part" -o "$T/x.jsonl"
# what stands where the file should be
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n' > "$T/lfs.jsonl"
cp "$T/lfs.jsonl" "$T/lfs.csv"
for f in "$T/lfs.jsonl" "$T/lfs.csv" "generic $T/lfs.jsonl"; do import 1 'lfs.*a pointer of Git LFS stands for the file; fetch it: git lfs pull' $f; done
printf '\n<!DOCTYPE HTML>\n<html><body>404</body></html>\n' > "$T/page.json"
import 1 'page.json: a web page, not the file itself' "$T/page.json"
import 1 'page.json: a web page' promptfoo "$T/page.json"
printf 'PK\003\004\024\000\006\000xxxxxxxxxxxxxxxxxxxx\023\000[Content_Types].xml' > "$T/book.csv"
import 1 'book.csv: a workbook of Excel is not read; save its sheet as CSV' "$T/book.csv"
printf 'SQLite format 3\000xxxx' > "$T/base.db"
import 1 "base.db: a database of SQLite is not read; .*sqlite3 -header -csv" "$T/base.db"
printf 'PAR1junk' > "$T/x.parquet"
import 1 'duckdb' "$T/x.parquet"
cp "$T/x.parquet" "$T/loop/"
import 0 'note: 1 x files of a kind' "$T/loop"
printf '{"evalId":"e","results":{"results":[]}}' > "$T/loop/results.json"
import 1 'no row could be used' promptfoo "$T/loop"
printf '{"version":2,"status":"success","eval":{"task":"q","model":"m"},"samples":[]}' > "$T/loop/log.json"
import 1 'could be inspect \(.*log.json\) or promptfoo' "$T/loop"
rm "$T/loop/log.json" "$T/loop/results.json"
gzip -c "$T/loop/t.csv" > "$T/t.csv.gz"
import 0 '^2 records' "$T/t.csv.gz"
awk 'BEGIN { print "prompt,a"; for (i = 0; i < 3000; i++) print "number " i * 7919 % 3001 ",1" }' | gzip > "$T/cut.csv.gz"
head -c 5000 "$T/cut.csv.gz" > "$T/c.csv.gz"
import 1 'c.csv.gz: gzip stream is damaged or cut off' "$T/c.csv.gz"
runs 1 '' test -e "$R"
echo keep > "$T/keep.jsonl"
runs 1 '' "$t" import "$T/c.csv.gz" -o "$T/keep.jsonl"
says '^keep$' "$T/keep.jsonl"
runs 0 '' "$t" import -q "$T/loop" -o "$T/a.jsonl.gz"
runs 0 '' "$t" import -q "$T/loop" -o "$T/b.jsonl.gz"
runs 0 '' cmp "$T/a.jsonl.gz" "$T/b.jsonl.gz"
runs 0 '"records": 2' "$t" import "$T/loop" -o "$R" --report /dev/stdout
runs 1 '' sh -c "ls $T | grep part-"

# ---- wide CSV ----
cat > "$T/q.csv" <<'C'
prompt,flash,pro,flash_response,pro_response
"He said ""no"",
then left.",True,False,"a, b",c
plain,False,True,x,"y
z"
C
import 0 '^2 records' "$T/q.csv"
says 'He said \\"no\\",\\nthen left.' "$R"
lacks '_response|a, b' "$R"
cat > "$T/rb.csv" <<'C'
sample_id,prompt,eval_name,m1,m1|model_response,m1|total_cost,m2,m2|total_cost,oracle_model_to_route_to
mmlu.1,"['Pick A-D: it\'s', ""say \""hi\""""]",mmlu,1.0,B,0.002,0.25,0.0001,m1
mmlu.2,['one'],mmlu,,,,0.5,0.0002,no_model_correct
C
import 0 'missing: 1 x empty score cells' "$T/rb.csv"
has '{"id": "mmlu.1", "source": "mmlu", "messages": [{"role": "user", "content": "Pick A-D: it'"'"'s"}, {"role": "user", "content": "say \"hi\""}], "outcomes": {"m1": {"score": 1, "cost_usd": 0.002}, "m2": {"score": 0.25, "cost_usd": 0.0001}}}'
has '"prompt": "one", "outcomes": {"m2": {"score": 0.5, "cost_usd": 0.0002}}}'
lacks 'oracle|no_model_correct|"B"' "$R"
printf 'question;id;A;B;note\nwhy;7;1;0,5;x\n' > "$T/semi.csv"
import 0 '^  B +1 +0.5000' "$T/semi.csv"
says '"id": "7"' "$R"
printf 'text,verdict\nhello,80\nbye,20\nodd,x\n' > "$T/pc.csv"
import 1 'no column holds scores' "$T/pc.csv"
printf 'prompt,a,a\nhi,1,0\n' > "$T/twice.csv"
import 1 'twice.csv:1: column "a" stands twice; rename' "$T/twice.csv"
printf 'prompt,a,b,a_cost\nhi,1,0,3\nho,0,1,3\n' > "$T/near.csv"
import 0 'called a cost, tokens or latency that are not read' "$T/near.csv"
printf 'prompt,a,b,a|total_cost\nhi,1,0,3\nho,0,1,3\n' > "$T/right.csv"
import 0 '' "$T/right.csv"
cat "$T/out" "$T/err" > "$T/told"
lacks 'not read' "$T/told"
import 1 'pc.csv:4: a score that is neither' "$T/pc.csv" --score-columns verdict --score-range 0:100
import 0 '0.5000' "$T/pc.csv" --score-columns verdict --score-range 0:100 --max-bad 1
import 1 'no column "vrdict"' "$T/pc.csv" --score-columns vrdict
printf 'prompt,a\n"never closed,1\n' > "$T/open.csv"
import 1 'open.csv:2: a quoted cell is not closed' "$T/open.csv"
printf 'prompt,a\n"x"y,1\nok,1\n' > "$T/stray.csv"
import 1 'stray.csv:2: text behind a closing quote' "$T/stray.csv"
import 0 '^1 record$' "$T/stray.csv" --max-bad 1
printf 'prompt,a\nok,1,2\n' > "$T/cells.csv"
import 1 'cells.csv:2: a row with another number of cells than the header: 3 instead of 2' "$T/cells.csv"
printf 'prompt,a\nsame,1\nsame,0\nsame,1\n' > "$T/dup.csv"
import 0 'duplicate: 2 x|0.6667' "$T/dup.csv"
import 1 'dup.csv:3: conflicting scores' "$T/dup.csv" --duplicates error
import 0 '1.0000' "$T/dup.csv" --duplicates first
printf 'id,prompt,a,cost,temperature\n1,one,1,0.2,0.7\n' > "$T/ida.csv"
printf 'id,prompt,b\n1,two,1\n' > "$T/idb.csv"
import 0 '^1 record$' "$T/ida.csv"
lacks 'temperature|0.7' "$R"
import 1 'idb.csv:2: key "1" stands for another request than at .*ida.csv:2' "$T/ida.csv" "$T/idb.csv"
import 0 'dropped: 1 x outcomes of another request under an id that is taken' "$T/ida.csv" "$T/idb.csv" --duplicates first
printf 'id,messages,tools,flash,flash|cost_usd,flash|input_tokens,flash|cached_tokens\nk1,"[{""role"": ""user"", ""content"": ""hi""}]","[{""type"": ""function"", ""function"": {""name"": ""f""}}]",1,0.1234567891,10,4\n' > "$T/own.csv"
import 0 '' "$T/own.csv"
has '{"id": "k1", "source": "own", "messages": [{"role": "user", "content": "hi"}], "tools": [{"type": "function", "function": {"name": "f"}}], "outcomes": {"flash": {"score": 1, "cost_usd": 0.1234567891, "input_tokens": 10, "cached_tokens": 4}}}'

# score columns are told from all rows, and what looks like one and is not taken is told
awk 'BEGIN { print "prompt,a,late,none,mixed,year"; for (i = 0; i < 300; i++) print "p" i ",1,,,0.5,2020"; print "last,0,1,,0,2020" }' > "$T/late.csv"
import 0 '^  late +1 +1.0000 +300' "$T/late.csv"
import 0 'empty from top to bottom' "$T/late.csv"
runs 0 '"none"' "$t" import "$T/late.csv" -o "$R"
sed 's|^last,0,1|last,0,oops|' "$T/late.csv" > "$T/later.csv"
import 1 'later.csv:302: a score that is neither a number.*"oops"' "$T/later.csv" --score-columns a,late
printf 'prompt,a,b\nx,1,0.5\ny,0,oops\n' > "$T/mix.csv"
import 0 'columns of scores and other things' "$T/mix.csv"
printf 'prompt,a,b,b|total_cost\nx,1,0,2\n' > "$T/alone.csv"
import 0 'without the cost or response that others have' "$T/alone.csv"
# a table with a column for the source says where it is empty that there is none
printf 'prompt,source,a\nx,mine,1\ny,,1\n' > "$T/src.csv"
import 0 '' "$T/src.csv"
lacks '"source": "src"' "$R"

# ---- lm-evaluation-harness ----
runs 0 '' sh "$(dirname "$0")/../lm_eval_dir.sh" "$t" "$T/lm" 300 4
import 0 'taken for lm-evaluation-harness samples: 10 files' "$T/lm"
runs 0 'google/gemini-3.5-flash +[0-9]+ ' "$t" import "$T/lm" -o "$R"
runs 0 'missing: 1 x scores that are NaN' "$t" import "$T/lm" -o "$R"
lacks 'gold|target' "$R"
says '"id": "sim_chat/0-[0-9a-f]+", "source": "sim_chat", "messages": ...role": "user"' "$R"
import 0 'strict-match' "$T/lm" --filter flexible-extract
import 1 'filter nonesuch: no samples file has such a line; there are .*"strict-match"' "$T/lm" --filter nonesuch
import 1 'metric f1: no samples file has it; there (is|are) "acc"|metric f1: no samples file has it; there are' "$T/lm" --metric f1
import 0 'files without the chosen metric' "$T/lm" --metric acc
# the means are those that the results files state
runs 0 '' sh -c "
$t import -q $T/lm/google__gemini-3.5-flash -o $T/m.jsonl --report $T/m.json &&
grep -o '\"mean_score\": [0-9.]*' $T/m.json | sed 's/.* //' > $T/m.mean
grep '\"source\": \"sim_last_exam\"' $T/m.jsonl | awk '{ n++; s += /\"score\": 1/ } END { printf \"%.6f\n\", s / n }' > $T/exam
grep '\"sim_last_exam\": {\"alias' $T/lm/google__gemini-3.5-flash/results* | grep -qF \"\$(cat $T/exam)\""
mkdir "$T/mixed"
cp "$T"/lm/*flash/* "$T"/lm/*pro*/results* "$T/mixed"
import 0 'google/gemini-3.5-flash' "$T/mixed"
for f in "$T"/mixed/samples_*; do mv "$f" "${f%_2026*}.jsonl"; done
import 1 'mixed models: .*gemini-3.1-pro.*--model' "$T/mixed"
import 0 'mine ' "$T/mixed" --model mine
import 1 'belongs to lm-eval results, but the results themselves are not' "$T"/lm/*flash/results*
# two runs in one file
mkdir "$T/two"
s='"arguments":[["Q","A"],["Q","B"]],"resps":[[["-1.2","False"]]]'
printf '%s\n' "{\"doc_id\":0,$s,\"acc\":1,\"acc_norm\":0}" "{\"doc_id\":1,$s,\"acc\":0,\"acc_norm\":0}" "{\"doc_id\":0,$s,\"acc\":0,\"acc_norm\":0}" > "$T/two/samples_t.jsonl"
import 1 'samples_t.jsonl:3: mixed models or runs in one file' "$T/two"
import 0 'the folder.s name was taken for the model.s' "$T/two" --duplicates average
has '{"id": "t/0", "source": "t", "prompt": "Q", "outcomes": {"two": {"score": 0.5, "trials": 2}}}'
import 0 'several metrics' "$T/two" --duplicates first
import 0 '0.0000' "$T/two" --metric acc_norm
# an old file is one list; a lower score may be the better one; a number outside 0..1 says that the scale is another
mkdir "$T/old"
printf '[%s,\n%s]' "{\"doc_id\":0,\"arguments\":{\"gen_args_0\":{\"arg_0\":\"P0\",\"arg_1\":{}}},\"resps\":[],\"ter\":0.2}" "{\"doc_id\":1,\"arguments\":{\"gen_args_0\":{\"arg_0\":\"P1\"}},\"resps\":[],\"ter\":7.5}" > "$T/old/m_t.jsonl"
printf '{"results":{"m_t":{"alias":"t","ter,none":1}},"higher_is_better":{"m_t":{"ter":false}},"config":{"model_args":"pretrained=org/name,dtype=x"}}' > "$T/old/results.json"
import 1 'm_t.jsonl:2: score 7.5 of "org/name": 1 of 2 are outside 0..1' "$T/old"
import 0 'dropped: 1 x score outside' "$T/old" --max-bad 1
has '"prompt": "P0", "outcomes": {"org/name": {"score": 0.8}}'
printf '%s\n' '{"doc_id":0,"doc":{"question":"what?"},"arguments":{},"resps":[],"acc":1}' > "$T/two/samples_t.jsonl"
import 1 'samples_t.jsonl:1: no prompt in "arguments"' "$T/two"
import 0 '' "$T/two" --prompt-field question
says '"prompt": "what\?"' "$R"

# ---- Inspect, one document ----
cat > "$T/log.json" <<'J'
{"version": 2, "status": "success", "eval": {"task": "qa", "model": "google/gemini-3.5-flash", "eval_id": "e1"},
 "samples": [
  {"id": 1, "epoch": 1, "input": "attachment://0123456789abcdef0123456789abcdef", "target": "gold", "attachments": {"0123456789abcdef0123456789abcdef": "long \"text\"\nhere"},
   "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "see attachment://0123456789abcdef0123456789abcdef"}, {"type": "image", "image": "data:xx"}]},
    {"role": "assistant", "content": "4", "source": "generate"}, {"role": "user", "content": "later"}],
   "output": {"usage": {"input_tokens": 9, "output_tokens": 5, "input_tokens_cache_read": 30, "input_tokens_cache_write": 1, "reasoning_tokens": 4}},
   "model_usage": {"google/gemini-3.5-flash": {"input_tokens": 900, "output_tokens": 500}}, "scores": {"match": {"value": "C"}, "other": {"value": {"x": 0.25, "y": 1}}}, "total_time": 9, "working_time": 2.5},
  {"id": 1, "epoch": 2, "input": "q", "scores": {"match": {"value": "I"}}},
  {"id": "s-2", "epoch": 1, "input": "half", "scores": {"match": {"value": "P"}}},
  {"id": "s-2", "epoch": 2, "input": "half", "scores": {"match": {"value": NaN}}},
  {"id": 3, "epoch": 1, "input": "broken", "error": {"message": "x"}, "scores": null},
  {"id": 4, "epoch": 1, "input": "no answer", "scores": {"match": {"value": "N"}}}
 ]}
J
import 0 'taken for Inspect AI logs' "$T/log.json"
has '{"id": "qa/1", "source": "qa", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "see long \"text\"\nhere"}, {"type": "image_url"}]}], "outcomes": {"google/gemini-3.5-flash": {"score": 0.5, "input_tokens": 40, "output_tokens": 5, "latency_s": 2.5, "cached_tokens": 30, "cache_write_tokens": 1, "reasoning_tokens": 4, "trials": 2}}}'
says '"qa/s-2".*"score": 0.5' "$R"
says '"qa/4".*"score": 0}' "$R"
lacks 'gold|later|"qa/3"' "$R"
import 0 'missing: 1 x samples that ended in an error' "$T/log.json"
import 0 'several scorers' "$T/log.json"
import 0 'scores of several values|samples without a score of the chosen scorer' "$T/log.json" --scorer other --metric x
says '"score": 0.25' "$R"
import 1 'scorer nonesuch: no record came of it: nothing here has it; there are "match", "other"' "$T/log.json" --scorer nonesuch
import 1 'scorer mach: .*did you mean "match"' "$T/log.json" --scorer mach

# ---- promptfoo ----
row() { printf '{"promptIdx":%s,"testIdx":%s,"provider":{"id":"%s"},"prompt":{"raw":%s},"vars":{"gold":"secret"},"testCase":{"assert":[{"type":"equals","value":"secret"}]},%s}' "$@"; }
{
    printf '{"evalId":"e","results":{"version":3,"results":['
    row 0 0 g:flash '"hello"' '"success":true,"score":1,"failureReason":0,"latencyMs":812,"cost":0.00002,"tokenUsage":{"total":14,"prompt":9,"completion":5,"completionDetails":{"reasoning":2}}'
    printf ,
    row 1 0 g:pro '"hello"' '"success":false,"score":0,"failureReason":2,"error":"429"'
    printf ,
    row 0 1 g:flash '"[{\"role\":\"user\",\"content\":\"chat\"}]"' '"success":false,"score":0.25,"failureReason":1,"error":"no","gradingResult":{"pass":false},"response":{"cached":true},"cost":0,"latencyMs":3'
    printf ,
    row 1 1 g:pro '"[{\"role\":\"user\",\"content\":\"chat\"}]"' '"success":true,"score":1,"failureReason":0,"namedScores":{"tone":0.75}'
    printf ']}}'
} > "$T/pf.json"
import 0 'missing: 1 x errors of the provider' "$T/pf.json"
has '"prompt": "hello", "outcomes": {"g:flash": {"score": 1, "cost_usd": 2e-05, "input_tokens": 9, "output_tokens": 5, "latency_s": 0.812, "reasoning_tokens": 2}}}'
has '"messages": [{"role": "user", "content": "chat"}], "outcomes": {"g:flash": {"score": 0.25}, "g:pro": {"score": 1}}}'
lacks 'secret' "$R"
import 0 'tone|0.7500' "$T/pf.json" --metric tone
{ row 0 0 g:flash '"hello"' '"success":true,"score":1'; echo; row 0 1 g:flash '"hello"' '"success":false,"score":0'; echo; } > "$T/pf.jsonl"
import 0 'means of 2 trials' "$T/pf.jsonl"

# ---- generic ----
cat > "$T/g.jsonl" <<'J'
{"q": {"text": "one"}, "who": "a", "mark": "True", "k": 17, "usd": 0.5}

{"q": {"text": "one"}, "who": "b", "mark": 0.5, "k": 17}
{"q": {"text": "two"}, "who": "a", "mark": NaN, "k": 18}
{"q": {"text": "two"}, "who": "b", "mark": false, "k": 18}
{bad
J
import 1 'of no known format' "$T/g.jsonl"
g="--prompt-field /q/text --model-field /who --score-field /mark --id-field /k --cost-field /usd"
# shellcheck disable=SC2086
import 1 'g.jsonl:6: not valid JSON' generic "$T/g.jsonl" $g
# shellcheck disable=SC2086
import 0 '2 records, 1 with an outcome of every model' generic "$T/g.jsonl" $g --max-bad 1
has '{"id": "17", "source": "generic", "prompt": "one", "outcomes": {"a": {"score": 1, "cost_usd": 0.5}, "b": {"score": 0.5}}}'
printf '%s\n' '{"prompt":"x","s":{"a":1,"b":0.5}}' '{"messages":[{"from":"human","value":"hey"}],"s":{"a":0}}' > "$T/w.jsonl"
import 0 'missing: 1 x rows without score' generic "$T/w.jsonl" --score-fields a=/s/a,b=/s/b
says '"role": "user", "content": "hey"' "$R"
import 1 'must be MODEL=POINTER' generic "$T/w.jsonl" --score-fields a
printf '[{"prompt":"x","model":"m","score":1}]' > "$T/l.json"
import 0 'taken for JSONL by JSON pointers' "$T/l.json"
printf '%s\n' '{"prompt":"x","model":"m"}' > "$T/u.jsonl"
# where nothing at all has a score, the requests are written, and a warning that even -q lets through
import 0 '1 request was written without outcomes, to route .tierce score., not to learn' generic "$T/u.jsonl"
has '"prompt": "x", "usage": {"m": {}}}'
runs 0 '^WARNING: nothing here has a score' "$t" import -q generic "$T/u.jsonl" -o "$R"
runs 0 '"records": 1, "complete": 0, "without_outcomes": 1' "$t" import generic "$T/u.jsonl" -o "$R" --report /dev/stdout
runs 1 'no "outcomes"' "$t" train --tiers m "$R" -o "$T/none.tierce"
runs 1 'no "outcomes"' "$t" data check "$R"
# but not where the user said which score, and none was found
import 1 'no record came' generic "$T/u.jsonl" --score-field /mark
# nor beside requests that have one
{ cat "$T/u.jsonl"; echo '{"prompt":"y","model":"m","score":1}'; cat "$T/u.jsonl"; } > "$T/some.jsonl"
import 0 'dropped: 1 x requests without any score' generic "$T/some.jsonl"
lacks '"prompt": "x"' "$R"
runs 0 '' [ "$(wc -l < "$R")" = 1 ]
import 0 '' generic "$T/u.jsonl" --keep-unscored
has '"prompt": "x", "usage": {"m": {}}}'
runs 0 '"line": 1|"tier"' "$t" score -m "$(dirname "$0")/../../models/flash-pro.tierce" "$R"

# ---- real files, where they are ----
H=../shared/harness-logs
if [ -d $H ]; then
    import 0 'Mixtral-8x7B-Instruct-v0.1 +1319 +0.6384' $H/routellm-csv/gsm8k_responses.csv
    import 0 'gpt-4-1106-preview +1319 +0.8567' $H/routellm-csv/gsm8k_responses.csv
    import 0 'gpt-4o-mini +3 +0.6667' $H/inspect/2025-05-12T20-28-13-04-00_popularity.json
    import 0 'gpt-4o-mini +3 +1.0000' $H/inspect/2025-05-12T20-28-26-04-00_security-guide.json
    import 0 'llama3.1 +1 +0.0000' $H/inspect/log_formats.eval
    runs 0 '' sh -c "cp $R $T/eval.jsonl; $t import -q $H/inspect/log_formats.json -o $R && cmp $R $T/eval.jsonl"
    import 0 '6 records' $H/inspect
    # logs without scores: their requests, said loudly; a log that does not name its model
    import 0 '10 requests were written without outcomes' $H/inspect/2025-02-11T15-17-00-05-00_popularity_dPiJifoWeEQBrfWsAopzWr.eval
    import 0 '1 here, 4 by its results' $H/inspect/log_tool_call_error.json
    runs 1 '' sh -c "$t import $H/inspect/log_tool_call_error.json -o $R 2>&1 | grep -E '^  \.\.\. '"
    import 0 '^  m +0 +- +1' $H/inspect/log_tool_call_error.json --model m
    # every file and folder there: one command
    for f in $H/inspect/* $H/inspect $H/terminal-bench $H/terminal-bench/* $H/terminal-bench/*/* $H/routellm-csv $H/routellm-csv/*; do import 0 '^[0-9]+ records?' "$f"; done
    # and those that two files make, told which
    import 1 'name the folder that has both' $H/bfcl/gemini-1.5-pro-preview-0514/simple_result.json
    import 1 'multiple_function, simple come with one option more: --prompts' $H/bfcl
else
    skipped=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
