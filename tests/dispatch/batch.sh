#!/bin/sh
# tierce dispatch as people run it: order, bad lines, resume, kill -9, budgets. $1: build directory,
# $2: programs under test, $3: scratch.
B=$1 P=$2 T=$3/batch
. tests/dispatch/lib.sh
export K=sk-test-0123456789abcdef
start_mock --billed "$T/billed"
# tiers FLASH PRO [BUDGETS]
tiers() {
    cat > "$T/tiers.json" <<EOT
{"tiers": [{"name": "flash", "prices": {"input": 1.5, "output": 9},
            "endpoints": [{"base_url": "http://127.0.0.1:$port/v1", "model": "mock:$1", "key_env": "K"}]},
           {"name": "pro", "prices": {"input": 2, "output": 12},
            "endpoints": [{"base_url": "http://127.0.0.1:$port/v1", "model": "mock:$2", "key_env": "K"}]}]${3:+,}
 $3, "retry": {"retries": 0}}
EOT
    sed -i 's/^ , /, /' "$T/tiers.json"
}
requests() { i=1; while [ $i -le "$1" ]; do echo "{\"id\": \"r$i\", \"max_tokens\": 20, \"messages\": [{\"role\": \"user\", \"content\": \"What is $i plus $i?\"}]}"; i=$((i + 1)); done; }
send() { "$P/tierce-dispatch" dispatch -m models/flash-pro.tierce --tiers "$T/tiers.json" "$@" 2> "$T/err"; }
ids() { sed 's/.*"custom_id":"\([^"]*\)".*/\1/' "$1"; }

tiers ok,in=20,out=20,first=5 ok,in=20,out=20
requests 60 > "$T/60.jsonl"
ids_of_60=$(sed 's/.*"id": "\(r[0-9]*\)".*/\1/' "$T/60.jsonl")

send "$T/60.jsonl" > "$T/out"; is "status" $? 0
is "order on standard output" "$(ids "$T/out")" "$ids_of_60"
send --unordered -c 50 "$T/60.jsonl" > "$T/out"; is "unordered: all" "$(ids "$T/out" | sort -V)" "$ids_of_60"
send -o "$T/o" "$T/60.jsonl"; is "order in a file" "$(ids "$T/o")" "$ids_of_60"
[ ! -f "$T/o.partial" ] && ok || bad "the partial file stays"
send -o "$T/o" "$T/60.jsonl"; is "an existing file is not touched" $? 1
gzip -c "$T/60.jsonl" | send > "$T/out"; is "gzip on standard input" "$(ids "$T/out")" "$ids_of_60"
grep -q '60 answered, 0 failed, 0 bad lines, 0 answered before' "$T/err" && ok || bad "counters"
tiers ok,in=20,out=20,first=60 ok,in=20,out=20
send --progress -c 1 -o "$T/eta" "$T/60.jsonl"; is "with progress" $? 0
grep -q '^[0-9]* answered, .* [0-9.]*/s, \$0\.[0-9]* spent, about [0-9]* s left$' "$T/err" && ok || bad "rate, spend and time left"
tiers ok,in=20,out=20,first=5 ok,in=20,out=20
(head -5 "$T/60.jsonl"; sleep 1; tail -5 "$T/60.jsonl") | send > "$T/out"; is "a slow pipe" "$(wc -l < "$T/out")" 10

# bad lines
{ head -2 "$T/60.jsonl"; echo '{"messages": 3}'; head -1 "$T/60.jsonl"; echo '{"stream": true, "id": "s", "prompt": "x"}'; echo; sed -n 3p "$T/60.jsonl"; } > "$T/bad.jsonl"
send "$T/bad.jsonl" > "$T/out"; is "a bad line stops" $? 1
grep -q 'bad.jsonl:3: byte' "$T/err" && ok || bad "the place of a bad line"
send --max-bad 3 "$T/bad.jsonl" > "$T/out"; is "bad lines are skipped" $? 3
is "the others are answered" "$(ids "$T/out" | tr '\n' ' ')" "r1 r2 r3 "
grep -q 'stood on an earlier line' "$T/err" && grep -q 'gathered whole here' "$T/err" && ok || bad "reasons of bad lines"
send "$T/none.jsonl" > "$T/out"; is "no such file" $? 1
send --resume "$T/60.jsonl" > "$T/out"; is "--resume without a file" $? 2
send -o "" "$T/60.jsonl" > "$T/out"; is "an empty output" $? 2
grep -q "is empty" "$T/err" && ok || bad "it says so"
send --concurency 3 > "$T/out"; is "an unknown option" $? 2
grep -q 'did you mean --concurrency' "$T/err" && ok || bad "the nearest option"
send "$T/60.jsonl" > /dev/full; is "a full disk" $? 1
grep -q 'No space left' "$T/err" && ok || bad "a full disk is named"
send -o /dev/full "$T/60.jsonl"; is "a device without room" $? 1
grep -q '/dev/full: cannot be written: No space left' "$T/err" && ! grep -q 'resume' "$T/err" && ok || bad "and nothing of --resume"
"$P/tierce-dispatch" serve --help > /dev/full 2> "$T/err"; is "help that nobody can read" $? 1
grep -q "tierce serve: cannot write the output: No space left" "$T/err" && ok || bad "and why"
send -o /dev/null --resume "$T/60.jsonl"; is "a device cannot be resumed" $? 1
grep -q 'is no file' "$T/err" && ok || bad "it says so"
send -o "$T" "$T/60.jsonl"; is "a folder" $? 1
grep -q 'is a folder' "$T/err" && ok || bad "a folder is named"
mkfifo "$T/pipe"; cat "$T/pipe" > "$T/out" & cat=$!
send -o "$T/pipe" "$T/60.jsonl"; is "a pipe" $? 0
wait $cat; is "order in a pipe" "$(ids "$T/out")" "$ids_of_60"
for o in "--log-keep 3" "--log-max-bytes 5000" "--log-fsync never" --log-prompts "--ledger-fsync never"; do
    # shellcheck disable=SC2086
    send $o "$T/60.jsonl" > "$T/out"; is "$o alone" $? 2
    grep -q 'says nothing without' "$T/err" && ok || bad "$o: what it needs"
done

# failures are asked again, refusals are not
tiers 400 ok
send -o "$T/f" "$T/60.jsonl"; is "answers with 400" $? 3
is "they are answers" "$(grep -c '"status_code":400' "$T/f")" 60
tiers 500 500
send -o "$T/g" "$T/60.jsonl"; is "failures" $? 3
tiers ok,in=20,out=20 ok
send -o "$T/f" --resume "$T/60.jsonl"; is "a 400 stays" "$(grep -c '"status_code":400' "$T/f")" 60
send -o "$T/g" --resume "$T/60.jsonl"; is "failures are asked again" $? 0
is "and all are there, in order" "$(ids "$T/g")" "$ids_of_60"

# interrupt
tiers ok,in=20,out=20,first=60 ok
requests 400 > "$T/400.jsonl"
send -o "$T/i" -c 8 "$T/400.jsonl" & pid=$!
sleep 1; kill -INT "$(pgrep -P $pid 2>/dev/null | head -1)" 2>/dev/null || kill -INT $pid
wait $pid
n=$(wc -l < "$T/i.partial")
[ "$n" -gt 0 ] && [ "$n" -lt 400 ] && ok || bad "interrupted with $n answers"
grep -q 'with --resume goes on' "$T/err" && ok || bad "the mend after an interrupt"

# kill -9, twenty times
tiers ok,in=20,out=20,first=40 ok "\"budgets\": [{\"name\": \"all\", \"period\": \"ever\", \"limit_usd\": 100}]"
: > "$T/billed.before"; cp "$T/billed" "$T/billed.before"
requests 4000 > "$T/4000.jsonl"
kills=0
while [ $kills -lt 20 ]; do
    again=""; [ -f "$T/k.partial" ] && again=--resume
    "$P/tierce-dispatch" dispatch -m models/flash-pro.tierce --tiers "$T/tiers.json" --ledger "$T/ledger.db" -c 16 -o "$T/k" $again "$T/4000.jsonl" 2> "$T/err" &
    pid=$!
    sleep "0.$(awk -v s=$kills 'BEGIN { srand(s + 1); printf "%d", 25 + rand() * 40 }')"
    kill -9 $pid 2>/dev/null || break
    wait $pid 2>/dev/null
    kills=$((kills + 1))
done
is "kills in time" $kills 20
before=$(wc -l < "$T/k.partial")
send --ledger "$T/ledger.db" -c 16 -o "$T/k" --resume "$T/4000.jsonl"; is "the end after twenty kills" $? 0
is "each request once, in order" "$(ids "$T/k" | md5sum)" "$(sed 's/.*"id": "\(r[0-9]*\)".*/\1/' "$T/4000.jsonl" | md5sum)"
tail -n +$(($(wc -l < "$T/billed.before") + 1)) "$T/billed" > "$T/billed.here"
sent=$(grep -c answered "$T/billed.here")
[ "$sent" -le $((4000 + 20 * 16)) ] && ok || bad "$sent answers billed for 4000 requests"
# the ledger, through /metrics of a server on it
"$P/tierce-dispatch" serve -m models/flash-pro.tierce --tiers "$T/tiers.json" --ledger "$T/ledger.db" --listen 127.0.0.1:0 --port-file "$T/sport" 2> "$T/err" &
serve=$!
while ! [ -s "$T/sport" ]; do sleep 0.05; done
metrics() { "$B/dispatch_get" "$(cat "$T/sport")" /metrics; }
booked=$(metrics | sed -n 's/^tierce_ledger_booked_usd //p')
kill $serve; wait $serve
is "enough was booked (booked $booked)" "$(awk -v b="$booked" -F'\t' '{ s += $4 * 1.5e-6 + $6 * 9e-6 } END { print (b >= s - 1e-9 && s > 0 ? "yes" : "no: " b " for " s) }' "$T/billed.here")" yes
echo "# kill -9: $kills kills, $before answers before the last run, $sent billed for 4000 requests, ledger \$$booked"

# a budget for half of a thousand, all at once: 210 micro-dollars each
rm -f "$T/race.db"
tiers ok,in=20,out=20,first=20 ok,in=20,out=20 "\"budgets\": [{\"name\": \"half\", \"period\": \"ever\", \"limit_usd\": 0.105}]"
requests 1000 > "$T/1000.jsonl"
: > "$T/billed.before"; cp "$T/billed" "$T/billed.before"
send --ledger "$T/race.db" -c 1000 "$T/1000.jsonl" > "$T/race"; is "a budget that ends" $? 3
spent=$(tail -n +$(($(wc -l < "$T/billed.before") + 1)) "$T/billed" | awk -F'\t' '{ s += $4 * 1.5e-6 + $6 * 9e-6 } END { printf "%.6f", s }')
good=$(grep -c '"status_code":200' "$T/race"); refused=$(grep -c budget_exceeded "$T/race")
is "answered or refused" $((good + refused)) 1000
is "within the budget ($spent, $good answered)" "$(awk -v s="$spent" -v g="$good" 'BEGIN { print (s <= 0.105 + 1e-9 && g > 100 ? "yes" : "no") }')" yes
echo "# budget race: $good answered, $refused refused, \$$spent of \$0.105 spent"
send --ledger "$T/race.db" -c 4 -o "$T/race2" "$T/1000.jsonl"
rest=$(grep -c '"status_code":200' "$T/race2")
is "one by one the rest fits" "$(awk -v n=$((good + rest)) 'BEGIN { print (n >= 480 && n <= 500 ? "yes" : n) }')" yes

# exploration: the declared share, with its propensity in the log; ids are the lines'
tiers ok,in=20,out=20 ok,in=20,out=20
send --explore 0.25 --seed 5 --log "$T/log.jsonl" -c 4 "$T/1000.jsonl" > "$T/out"; is "exploring" $? 0
n=$(grep -c '"reason": "EXPLORE", "propensity": 0.25' "$T/log.jsonl")
is "a quarter explores" "$(awk -v n="$n" 'BEGIN { print (n > 190 && n < 310 ? "yes" : n) }')" yes
is "the rest has its propensity" "$(grep -c '"propensity": 0.75' "$T/log.jsonl")" $((1000 - n))
is "the explored go elsewhere" "$(grep '"reason": "EXPLORE"' "$T/log.jsonl" | grep -c '"tier": "pro", "reason"')" "$n"
is "the log's ids are the lines'" "$(sed 's/{"id": "\([^"]*\)".*/\1/' "$T/log.jsonl" | sort -V | md5sum)" "$(sed 's/.*"id": "\(r[0-9]*\)".*/\1/' "$T/1000.jsonl" | md5sum)"
long=$(printf 'a%.0s' $(seq 200))
printf '{"id": "%s-%s", "prompt": "hi"}\n' "$long" 1 "$long" 2 > "$T/long.jsonl"
send --log "$T/long.log" "$T/long.jsonl" > "$T/out"; is "long ids" $? 0
is "stand in the log whole" "$(sed 's/{"id": "\([^"]*\)".*/\1/' "$T/long.log" | sort | md5sum)" "$(printf '%s-%s\n' "$long" 1 "$long" 2 | md5sum)"
grep -q 'What is' "$T/log.jsonl" && bad "a prompt is in the log" || ok
send --log-prompts --log "$T/prompts.jsonl" "$T/60.jsonl" > "$T/out"
is "prompts on demand" "$(grep -c 'What is' "$T/prompts.jsonl")" 60

# what goes out: auth header, further headers and query, the body byte for byte but for the model
"$B/mock" --ports "$T/ports2" --requests "$T/sent" > /dev/null 2>&1 & mock2=$!
while ! grep -q port "$T/ports2" 2> /dev/null; do sleep 0.05; done
port2=$(sed 's/port=\([0-9]*\).*/\1/' "$T/ports2")
cat > "$T/azure.json" <<EOT
{"tiers": [{"name": "flash", "model": "deployed", "endpoints": [{"base_url": "http://127.0.0.1:$port2/openai/", "key_env": "K", "auth_header": "api-key",
            "query": {"api-version": "2026-10-01 x"}, "headers": {"X-Title": "tierce test"}, "provider": "azure.ai.openai"}]},
           {"name": "pro", "endpoints": [{"base_url": "http://127.0.0.1:$port2/v1"}]}]}
EOT
printf '%s\n' '{"model" :  "flash", "n":1.50, "x": 9007199254740993, "prompt": "Ünï\u00e9 \/ 1e999"}' > "$T/one.jsonl"
"$P/tierce-dispatch" dispatch -q -m models/flash-pro.tierce --tiers "$T/azure.json" --log "$T/azure.log" "$T/one.jsonl" > "$T/out" 2> "$T/err"; is "Azure's manner" $? 0
grep -aq '^POST /openai/chat/completions?api-version=2026-10-01%20x HTTP/1.1' "$T/sent" && ok || bad "the path and its query"
grep -aq '^api-key: sk-test-0123456789abcdef' "$T/sent" && ! grep -aqi '^authorization:' "$T/sent" && ok || bad "the auth header"
grep -aq '^X-Title: tierce test' "$T/sent" && ok || bad "a further header"
sed 's/"flash"/"deployed"/; s/"prompt": \(".*"\)}/"messages":[{"role":"user","content":\1}]}/' "$T/one.jsonl" > "$T/want"
grep -aqF "$(cat "$T/want")" "$T/sent" && ok || { bad "the bytes"; tail -2 "$T/sent"; }
grep -q '"gen_ai.provider.name": "azure.ai.openai"' "$T/azure.log" && ok || bad "the provider's name"
head -3 "$T/60.jsonl" > "$T/feat.jsonl"; sed -n 2p "$T/60.jsonl" | sed 's/"r2"/"again"/' >> "$T/feat.jsonl"
rm -f "$T/azure.log"; "$P/tierce-dispatch" dispatch -q -c 1 -m models/flash-pro.tierce --tiers "$T/azure.json" --log "$T/azure.log" "$T/feat.jsonl" > "$T/out" 2> "$T/err"
sed 's/.*"features": "\([0-9a-f]\{16\}\)".*/\1/' "$T/azure.log" > "$T/feat"
is "a digest of features each" "$(grep -cx '[0-9a-f]\{16\}' "$T/feat")" 4
is "equal requests have equal ones" "$(sed -n 2p "$T/feat")" "$(sed -n 4p "$T/feat")"
is "others have others" "$(head -3 "$T/feat" | sort -u | wc -l)" 3
kill $mock2

# the example with endpoints is one that every command takes
"$B/tierce" tiers check --date 2026-11-24 data/examples/tiers-serve.json > "$T/out" 2>&1; is "the example: tiers check" $? 0
rm -f "$T/sport"
GEMINI_API_KEY=x OPENROUTER_API_KEY=y "$P/tierce-dispatch" serve -m models/flash-pro.tierce --tiers data/examples/tiers-serve.json --listen 127.0.0.1:0 --port-file "$T/sport" 2> "$T/err" & serve=$!
i=0; while ! [ -s "$T/sport" ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done
"$B/dispatch_get" "$(cat "$T/sport")" /metrics | grep -q 'tierce_budget_limit_usd{budget="a day"} 20' && ok || bad "the example: serve takes it"
kill $serve; wait $serve; is "the example: serve" $? 0

# a log that cannot be rotated says so, and grows
mkdir -p "$T/rot"; mkdir "$T/rot/log.1"; : > "$T/rot/log.1/x"
send --log "$T/rot/log" --log-keep 1 --log-max-bytes 4096 "$T/60.jsonl" > "$T/out"; is "a log that cannot be rotated" $? 0
is "it is told, once" "$(grep -c 'cannot be rotated' "$T/err")" 1
is "and all lines are there" "$(wc -l < "$T/rot/log")" 60
send --log "$T/rot2" --log-keep 2 --log-max-bytes 8192 "$T/60.jsonl" > "$T/out"
[ -f "$T/rot2.2" ] && [ ! -f "$T/rot2.3" ] && [ "$(wc -c < "$T/rot2.1")" -le 8192 ] && ok || bad "rotation keeps two old logs of the size"

grep -rq 0123456789abcdef "$T/err" "$T/o" "$T/k" "$T/race" && bad "the key is in an output" || ok
grep -aq 'ERROR: \|runtime error\|ThreadSanitizer' "$T/err" && bad "sanitizers" || ok
echo "$passed passed, $failed failed"
[ $failed = 0 ]
