#!/bin/sh
# tierce dispatch with the Nth allocation of the whole process failing (libcurl's, SQLite's and libevent's,
# too), alone or with some after it, for N all over a run, and for every N of what libcurl and libevent ask for
# themselves: every line answered, or an error with a message; never a signal, never a wait for the provider's
# silence (the timeouts are the default ones: minutes), never a success without its answer; the ledger has at least
# what was billed for each request, and something more for an answer that broke off and was asked for again (that one
# is booked by estimate: it was not seen). $1: build directory, $2: programs under test (the plain ones are run),
# $3: scratch. STEPS: how many points of the whole process.
B=$1 T=$3/torture STEPS=${STEPS:-250}
passed=0 failed=0 ran=0
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
tier() { echo "{\"name\": \"$1\", \"prices\": {\"input\": 1.5, \"output\": 9}, \"endpoints\": [{\"base_url\": \"http://127.0.0.1:$port/v1\", \"model\": \"mock:$2\"}]}"; }
echo "{\"tiers\": [$(tier flash 500,times=1), $(tier pro ok,in=20,out=20)], \"retry\": {\"base_s\": 0.001}, \"budgets\": [{\"name\": \"all\", \"period\": \"ever\", \"limit_usd\": 100}]}" > "$T/tiers.json"
printf '%s\n' '{"id": "a", "max_tokens": 20, "prompt": "What is 1 plus 1?"}' '{"id": "b", "max_tokens": 20, "messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}, {"role": "user", "content": "and 3+3?"}]}' '{"id": "c", "model": "pro", "prompt": "3"}' > "$T/r.jsonl"
run() { timeout -k 2 10 env LD_PRELOAD="$T/failmalloc.so" "$B/tierce-dispatch" dispatch -q -m models/flash-pro.tierce --tiers "$T/tiers.json" --ledger "$T/l.db" --log "$T/log" --seed 1 -o "$T/out" "$T/r.jsonl" 2> "$T/err"; }
clean() { rm -f "$T/out" "$T/out.partial" "$T/out.partial.sorted" "$T/out.resuming" "$T/l.db" "$T/l.db-wal" "$T/l.db-shm" "$T/log"; }
# judge STATUS: says what is wrong with the run that was, if anything is
judge() {
    answers=$(cat "$T/out" "$T/out.partial" 2> /dev/null | grep -c '"custom_id"')
    good=$(cat "$T/out" "$T/out.partial" 2> /dev/null | grep -c '"status_code":200')
    case $1 in
    0) [ "$good" = 3 ] || echo "$good good answers and status 0" ;;
    3) [ "$answers" = 3 ] || echo "$answers answers and status 3" ;;
    124 | 137) echo "it hangs" ;;
    1 | 2) [ -s "$T/err" ] || echo "status $1 without a word" ;;
    *) echo "status $1: $(tail -2 "$T/err")" ;;
    esac
    if [ -s "$T/billed" ] && command -v sqlite3 > /dev/null; then
        booked=$(sqlite3 "$T/l.db" "SELECT coalesce(max(booked), 0) / 1e9 FROM account WHERE window = 3 AND tier = ''" 2>&1)
        awk -v b="$booked" -F'\t' '$2 == "500" { next } { if (seen[$9]++) twice = 1; else s += $4 * 1.5e-6 + $6 * 9e-6 } END { exit !(twice ? b > s + 1e-9 : b >= s - 1e-9) }' "$T/billed" ||
            { echo "$booked booked for"; cat "$T/billed"; }
    fi
}
# torture LIBRARY BURST STEPS LEAST: at LEAST so many failures must be noticed; alone, some are without effect
torture() {
    export FAIL_IN="$1" FAIL_FOR="$2"
    clean
    FAIL_AT=100000000 FAIL_LOG="$T/calls" run || { failed=$((failed + 1)); echo "FAILED the run without failures"; cat "$T/err"; return; }
    calls=$(cat "$T/calls") n=0 refused=0 whole=0 bad=0
    while [ "$n" -lt "$calls" ]; do
        n=$((n + 1 + calls / $3)) ran=$((ran + 1))
        clean
        : > "$T/billed"
        FAIL_AT=$n run
        status=$?
        wrong=$(judge $status)
        [ -z "$wrong" ] || { bad=$((bad + 1)); echo "FAILED allocation $n of ${1:-all} $calls, $2 in a row: $wrong"; }
        [ $status = 0 ] && whole=$((whole + 1)) || refused=$((refused + 1))
    done
    [ $refused -ge "$4" ] && { [ "$2" -gt 1 ] || [ $whole -ge 1 ]; } || { bad=$((bad + 1)); echo "FAILED only $refused failures of $calls allocations (${1:-all}) were noticed, $whole runs were whole"; }
    [ $bad = 0 ] && passed=$((passed + 1)) || failed=$((failed + 1))
    echo "# allocations (${1:-all}): $calls in a run, $2 failed in a row in $((refused + whole)) runs: $whole whole, $refused with an error"
}
torture "" 1 "$STEPS" 10
torture "" 4 "$STEPS" 10
torture "" 60 "$((STEPS / 2))" 10
for burst in 1 4 30; do
    torture libcurl $burst 100000 5
    torture libevent $burst 100000 5
done
echo "# $ran runs in all"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
