#!/bin/sh
# tierce dispatch with the Nth allocation of the whole process failing (libcurl's, SQLite's and libevent's,
# too), for N all over a run: every line answered, or an error with a message; never a signal, never a
# success without its answer; the ledger has at least what was billed for each request, and something more for
# an answer that broke off and was asked for again (that one is booked by estimate: it was not seen). $1: build directory, $2: programs
# under test (the plain ones are run), $3: scratch.
B=$1 T=$3/torture STEPS=${STEPS:-250}
passed=0 failed=0
mkdir -p "$T"
if ! ${CC:-cc} -std=gnu11 -shared -fPIC -O1 tests/cli/failmalloc.c -o "$T/failmalloc.so" 2> "$T/err" ||
    ! LD_PRELOAD="$T/failmalloc.so" FAIL_AT=1000000 FAIL_LOG="$T/calls" "$B/tierce" --version > /dev/null 2>&1 || [ ! -s "$T/calls" ]; then
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
"$B/mock" --ports "$T/ports" --billed "$T/billed" > "$T/mock.log" 2>&1 &
mock=$!
trap 'kill $mock 2>/dev/null' EXIT
while ! grep -q port "$T/ports" 2>/dev/null; do sleep 0.05; done
port=$(sed 's/port=\([0-9]*\).*/\1/' "$T/ports")
tier() { echo "{\"name\": \"$1\", \"prices\": {\"input\": 1.5, \"output\": 9}, \"endpoints\": [{\"base_url\": \"http://127.0.0.1:$port/v1\", \"model\": \"mock:$2\", \"timeouts\": {\"connect_s\": 2, \"first_byte_s\": 2, \"between_chunks_s\": 2}}]}"; }
# a transfer that libcurl forgot, having no memory, is ended by our silence timer: not after 300 s here
echo "{\"tiers\": [$(tier flash 500,times=1), $(tier pro ok,in=20,out=20)], \"retry\": {\"base_s\": 0.001}, \"budgets\": [{\"name\": \"all\", \"period\": \"ever\", \"limit_usd\": 100}]}" > "$T/tiers.json"
printf '%s\n' '{"id": "a", "max_tokens": 20, "prompt": "What is 1 plus 1?"}' '{"id": "b", "max_tokens": 20, "messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}, {"role": "user", "content": "and 3+3?"}]}' '{"id": "c", "model": "pro", "prompt": "3"}' > "$T/r.jsonl"
run() { timeout -k 2 20 env LD_PRELOAD="$T/failmalloc.so" "$B/tierce-dispatch" dispatch -q -m models/flash-pro.tierce --tiers "$T/tiers.json" --ledger "$T/l.db" --log "$T/log" --seed 1 -o "$T/out" "$T/r.jsonl" 2> "$T/err"; }
clean() { rm -f "$T/out" "$T/out.partial" "$T/out.sorted" "$T/l.db" "$T/l.db-wal" "$T/l.db-shm" "$T/log"; }
clean
FAIL_AT=100000000 FAIL_LOG="$T/calls" run || { echo "FAILED the run without failures"; cat "$T/err"; echo "0 passed, 1 failed"; exit 1; }
calls=$(cat "$T/calls") n=0 refused=0 whole=0 curls=0
while [ "$n" -lt "$calls" ]; do
    n=$((n + 1 + calls / STEPS))
    clean
    : > "$T/billed"
    FAIL_AT=$n run
    status=$?
    answers=$(cat "$T/out" "$T/out.partial" 2> /dev/null | grep -c '"custom_id"')
    good=$(cat "$T/out" "$T/out.partial" 2> /dev/null | grep -c '"status_code":200')
    # libcurl 7.88.1, of Debian 12: where the table of a new socket's transfers cannot be allocated, singlesocket()
    # goes on with a hash of no slots and divides by it (seen by backtrace, at one allocation in a thousand)
    if [ $status = 136 ]; then curls=$((curls + 1)); continue; fi
    if [ $status -ge 100 ]; then failed=$((failed + 1)); echo "FAILED allocation $n of $calls: status $status"; tail -2 "$T/err"; continue; fi
    if [ $status = 0 ] && [ "$good" != 3 ]; then failed=$((failed + 1)); echo "FAILED allocation $n of $calls: $good good answers and status 0"; continue; fi
    if [ $status = 3 ] && [ "$answers" != 3 ]; then failed=$((failed + 1)); echo "FAILED allocation $n of $calls: $answers answers and status 3"; continue; fi
    if [ $status = 1 ] && [ ! -s "$T/err" ]; then failed=$((failed + 1)); echo "FAILED allocation $n of $calls: status 1 without a word"; continue; fi
    if [ -s "$T/billed" ] && command -v sqlite3 > /dev/null; then
        booked=$(sqlite3 "$T/l.db" "SELECT coalesce(max(booked), 0) / 1e9 FROM account WHERE window = 3 AND tier = ''" 2>&1)
        if ! awk -v b="$booked" -F'\t' '{ if (seen[$9]++) twice = 1; else s += $4 * 1.5e-6 + $6 * 9e-6 } END { exit !(twice ? b > s + 1e-9 : b >= s - 1e-9) }' "$T/billed"; then
            failed=$((failed + 1)); echo "FAILED allocation $n of $calls: $booked booked for"; cat "$T/billed"; continue
        fi
    fi
    [ $status = 0 ] && whole=$((whole + 1)) || refused=$((refused + 1))
done
[ $refused -ge 10 ] && [ $whole -ge 1 ] && passed=$((passed + 1)) || { failed=$((failed + 1)); echo "FAILED only $refused of $calls failures were noticed"; }
[ $((curls * 50)) -le $((refused + whole)) ] || { failed=$((failed + 1)); echo "FAILED $curls divisions by zero: not libcurl's alone"; }
echo "# allocations: $calls in a run, one failed in $((refused + whole + curls)) of them: $whole runs whole, $refused with an error, $curls died in libcurl"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
