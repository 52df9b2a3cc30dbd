#!/bin/sh
# Records -> wide CSV -> records, records -> batch folder -> records, and records -> batch lines -> requests: the
# same, by an independent reading (tests/canon.c). $1: build directory, $2: compiler; the corpora join in where they are.
B=$1 CC=${2:-cc}
. "$(dirname "$0")/cli/lib.sh"
t=$B/tierce
$CC -std=c11 -D_POSIX_C_SOURCE=200809L -I. tests/canon.c "$B/data/record.o" "$B/data/record_reader.o" "$B/data/record_keys.o" "$B/data/stray_keys.o" "$B/data/nearest.o" "$B/data/text_out.o" "$B/data/starved.o" "$B/data/json.o" "$B/data/request_json.o" "$B/data/lines.o" "$B/data/outcome_raw.o" "$B/data/record_raw.o" -o "$B/canon" -lcjson -lz || exit 1
csv() { # FILE: through the CSV and back
    "$t" data export --csv -o "$T/x.csv" "$1" > "$T/told" || return 1
    "$t" import -q csv "$T/x.csv" -o "$T/x.jsonl" || return 1
    "$B/canon" "$1" | sort > "$T/before" && "$B/canon" "$T/x.jsonl" | sort > "$T/after" && cmp "$T/before" "$T/after" && [ -s "$T/after" ]
}
batch() { # FILE: through batch lines; outcomes have no place there
    "$t" data export --batch --model m -o "$T/x.batch" "$1" > "$T/told" || return 1
    "$B/canon" "$1" request | sort > "$T/before" && "$B/canon" "$T/x.batch" request | sort > "$T/after" && cmp "$T/before" "$T/after" && [ -s "$T/after" ]
}
folder() { # FILE: through a folder of batch requests, answers and scores; in the same order, too
    rm -rf "$T/dir"
    "$t" data export --batch --out-dir "$T/dir" "$1" > "$T/told" || return 1
    "$t" import -q "$T/dir" -o "$T/x.jsonl" || return 1
    "$B/canon" "$1" > "$T/before" && "$B/canon" "$T/x.jsonl" > "$T/after" && cmp "$T/before" "$T/after" && [ -s "$T/after" ]
}
"$t" simulate -n 500 --seed 31 -o "$T/sim.jsonl" || exit 1
cat > "$T/odd.jsonl" <<'J'
{"id":"1","source":"a, b","prompt":"quotes \" and\r\nlines, \u00e9 \ud83d\ude00 \u0001 tab\t","outcomes":{"m,1":{"score":0.1,"cost_usd":1e-9},"n":{"score":true}}}
{"id":"2","source":"odd","prompt":"[{\"role\":\"user\",\"content\":\"looks like a chat\"}]","outcomes":{"n":{"score":0.30000000000000004,"input_tokens":10,"cached_tokens":4,"cache_write_tokens":1,"reasoning_tokens":3,"output_tokens":5,"latency_s":0.5}}}
{"id":"3","source":"odd","prompt":"  spaces at both ends  ","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"x":{"type":"number","default":1.0}}}}}],"outcomes":{"n":{"score":0}}}
{"id":"4","source":"odd","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"data:x"}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"x\": 1}"}}]},{"role":"tool","tool_call_id":"c","content":"done"}],"outcomes":{"late":{"score":1},"n":{"score":0.5}}}
{"id":"5","source":"odd","messages":[{"role":"user","content":""}],"outcomes":{"n":{"score":1}}}
{"id":"6","source":"odd","prompt":"=1+1","outcomes":{"n":{"score":1}}}
{"id":"7","workload":"w","prompt":"no source","outcomes":{"n":{"score":1,"reasoning_tokens":2},"a/b":{"score":0,"input_tokens":0,"output_tokens":1.5},"a_b":{"score":0.25,"cached_tokens":1}}}
{"id":"8","source":"odd","prompt":"means","outcomes":{"n":{"score":0.1,"cost_usd":0.7,"input_tokens":0.3,"output_tokens":2,"latency_s":0.1,"trials":3},"m,1":{"score":0.3333333333333333,"trials":1000000},"late":{"score":1,"trials":1}}}
J
for f in "$T/sim.jsonl" "$T/odd.jsonl"; do
    runs 0 '' csv "$f"
    runs 0 '' batch "$f"
    runs 0 '' folder "$f"
done
runs 0 '^in.jsonl out-a_b.jsonl out-a_b_[0-9].jsonl out-late.jsonl out-m_1.jsonl out-n.jsonl scores.jsonl' sh -c "cd $T/dir && echo *"
# trials have a column where some outcome has several, and are no model
runs 0 ',"m,1","m,1.total_cost","m,1.trials",' head -n 1 "$T/x.csv"
runs 1 '' sh -c "head -n 1 $T/x.csv | grep -E 'late.trials'"
"$t" import -q csv "$T/x.csv" -o "$T/x.jsonl"
runs 0 '"n": [{]"score": 0.1, .*"trials": 3[}]' grep '"means"' "$T/x.jsonl"
runs 1 '' grep '|trials' "$T/x.jsonl"
printf '{"id":"%s","source":"s","prompt":"x%s","outcomes":{"n":{"score":1,"trials":%s}}}\n' 1 1 0.5 2 2 '"4"' 3 3 1 > "$T/lost.jsonl"
runs 0 '; 2 members have no place in this shape, first .*lost.jsonl:1: of an outcome "trials"' "$t" data export --csv -o "$T/y.csv" "$T/lost.jsonl"
runs 1 '' grep 'trials' "$T/y.csv"
awk 'BEGIN { for (i = 0; i < 351; i++) n = n "x"; printf "{\"id\":\"1\",\"source\":\"s\",\"prompt\":\"p\",\"outcomes\":{\"%s\":{\"score\":1}}}\n", n }' > "$T/long.jsonl"
runs 1 'has a name of more than 350 bytes' "$t" data export --csv -o "$T/y.csv" "$T/long.jsonl"
for name in '' ' a' 'a '; do
    echo "{\"id\":\"1\",\"source\":\"s\",\"prompt\":\"p\",\"outcomes\":{\"$name\":{\"score\":1}}}" > "$T/blank.jsonl"
    runs 1 "the tier \"$name\" is called by nothing or has a blank at an end" "$t" data export --csv -o "$T/z.csv" "$T/blank.jsonl"
    runs 1 '' test -e "$T/z.csv"
done
mkdir "$T/alone"
cp "$T/dir/scores.jsonl" "$T/alone.jsonl"
cp "$T/dir/in.jsonl" "$T/dir/out-n.jsonl" "$T/alone"
for f in ../shared/corpora/*.jsonl.gz; do
    [ -f "$f" ] || { skipped=$((${skipped:-0} + 1)); continue; }
    runs 0 '' csv "$f"
    runs 0 '' batch "$f"
    runs 0 '' folder "$f"
done
# not into a folder that holds something; nothing is left of what failed
runs 1 'is not empty' "$t" data export --batch --out-dir "$T/dir" "$T/sim.jsonl"
echo '{"id":"1","body":{"prompt":"x"},"outcomes":{"a":{"score":1}}}' > "$T/body.jsonl"
runs 1 'body.jsonl:1: is in batch shape already' "$t" data export --batch --out-dir "$T/none" "$T/body.jsonl"
runs 0 '' sh -c "! ls -d $T/none*"
runs 2 'stands instead of --output' "$t" data export --batch --out-dir "$T/none" -o "$T/y" "$T/sim.jsonl"
# by --scores, too; and where no scores file says the source, the shape is it
runs 0 '' "$t" import -q "$T/alone" --scores "$T/alone.jsonl" -o "$T/x.jsonl"
runs 0 '"source": "odd"' cat "$T/x.jsonl"
runs 0 'reasoning_tokens": 2' cat "$T/x.jsonl"
runs 0 '"id": "7", "source": "openai-batch"' cat "$T/x.jsonl"
done_
