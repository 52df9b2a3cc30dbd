#!/bin/sh
# Load figures of tierce serve on loopback, beside the mock upstream alone. $1: build directory.
# Closed loops, an open loop at 2,000 requests/s, CPU time a request, memory with 1,000 open streams.
# Only ratios within one run mean something on a machine that others use, too.
B=${1:-build} T=$(mktemp -d)
trap 'kill $M $S 2>/dev/null; rm -rf "$T"' EXIT
make -s "$B/mock" "$B/tierce-dispatch" && ${CC:-cc} -std=c11 -O2 tests/bench/load.c -o "$B/load" || exit 1
export no_proxy=127.0.0.1
"$B/mock" --ports "$T/ports" > /dev/null 2>&1 & M=$!
while ! grep -q port "$T/ports" 2> /dev/null; do sleep 0.05; done
P=$(sed 's/port=\([0-9]*\).*/\1/' "$T/ports")
tier() { echo "{\"name\": \"$1\", \"prices\": {\"input\": 1.5, \"output\": 9}, \"endpoints\": [{\"base_url\": \"http://127.0.0.1:$P/v1\", \"model\": \"mock:$2\"}]}"; }
echo "{\"tiers\": [$(tier flash ok,in=100,out=20), $(tier pro ok,in=100,out=20), $(tier slow ok,in=100,out=60,gap=100)]}" > "$T/tiers.json"
start() {
    rm -f "$T/port"
    "$B/tierce-dispatch" serve -m models/flash-pro.tierce --tiers "$T/tiers.json" --listen 127.0.0.1:0 --port-file "$T/port" "$@" 2> /dev/null & S=$!
    while ! [ -s "$T/port" ]; do sleep 0.05; done
    SP=$(cat "$T/port")
}
ticks() { awk '{ print $14 + $15 }' /proc/$S/stat; }
# load NAME PORT RATE SECONDS CONNECTIONS [MODEL [stream]]: with the server's CPU time a request
load() {
    name=$1; shift
    a=$(ticks); "$B/load" "$@" > "$T/out"; b=$(ticks)
    n=$(sed 's/.*s, \([0-9]*\) answers.*/\1/' "$T/out")
    printf '%-34s %s' "$name" "$(cat "$T/out")"
    [ "$1" = "$SP" ] && awk -v t=$((b - a)) -v n="$n" -v hz="$(getconf CLK_TCK)" 'BEGIN { printf ", %.0f us CPU a request", 1e6 * t / hz / n }'
    echo
}
start
load "mock alone, closed, 32" "$P" 0 4 32 mock:ok,in=100,out=20
load "serve, closed, 1" "$SP" 0 3 1
load "serve, closed, 32" "$SP" 0 4 32
load "serve, closed, 256" "$SP" 0 4 256
load "mock alone, 2,000/s" "$P" 2000 4 64 mock:ok,in=100,out=20
load "serve, 2,000/s" "$SP" 2000 4 64
kill $S; wait $S
start --ledger "$T/ledger.db" --log "$T/log.jsonl"
load "serve with ledger and log, 32" "$SP" 0 4 32
kill $S; wait $S
start
"$B/load" "$SP" 0 3 1000 slow stream > "$T/out" & L=$!
sleep 5
printf '1,000 open streams: %s\n' "$(grep VmRSS /proc/$S/status | tr -s '\t ' ' ')"
wait $L
