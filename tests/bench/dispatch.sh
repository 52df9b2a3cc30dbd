#!/bin/sh
# Load figures of tierce serve on loopback, beside the mock upstream alone. $1: build directory.
#
#   sh tests/bench/dispatch.sh [build] [all|added|flat]
#
# added: what serve adds at 2,000 requests/s. An open loop at a constant rate, latency counted from the
# moment a request was due (no coordinated omission), ROUNDS pairs of runs in turn: straight to the mock,
# then through serve. A pair gives one difference of p50 and one of p99; the median of the pairs is the
# figure, so that a burst of other work on the machine, which hits one run, does not decide it. serve has
# one core for itself, mock and driver share another.
# all (default): that, closed loops, CPU time a request, memory with 1,000 open streams; about two minutes.
# flat: after a burst (256 at once, 1,000 streams: the high-water mark) ten minutes of mixed load with retries,
# streams, ledger and log; resident memory minute by minute.
#
# Where other jobs run, their turns on the core are what is measured: milliseconds, with serve or without it.
# REALTIME=10 (root) gives mock, driver and serve SCHED_FIFO, so that nothing else of this machine takes a core
# from them; what a hypervisor takes remains. NICE=-15 is the milder way. AWAKE=1 keeps the cores of a virtual machine
# from going to sleep, by loops of the idle class that give way to everything: waking one up costs milliseconds on a busy
# host, and a server at 2,000 requests/s sleeps between any two. BUSY=1000 gives serve --busy-poll 1000, so that it does not.
B=${1:-build} WHAT=${2:-all} ROUNDS=${ROUNDS:-12} T=$(mktemp -d)
trap 'kill $M $S $A 2>/dev/null; rm -rf "$T"' EXIT
make -s "$B/mock" "$B/tierce-dispatch" && ${CC:-cc} -std=c11 -O2 tests/bench/load.c -o "$B/load" || exit 1
export no_proxy=127.0.0.1
ON_A="" ON_B="" ON_C=""
if command -v taskset > /dev/null && [ "$(nproc)" -ge 2 ]; then
    ON_A="taskset -c 0" ON_B="taskset -c 1" ON_C="taskset -c $([ "$(nproc)" -ge 3 ] && echo 2 || echo 1)"
fi
FIRST=""
[ -n "$NICE" ] && FIRST="nice -n $NICE"
[ -n "$REALTIME" ] && FIRST="chrt -f $REALTIME"
ON_A="$FIRST $ON_A" ON_B="$FIRST $ON_B" ON_C="$FIRST $ON_C"
A=""
if [ -n "$AWAKE" ]; then
    for core in $(seq 0 $(($(nproc) - 1))); do
        chrt -i 0 taskset -c "$core" sh -c 'while :; do :; done' & A="$A $!"
    done
fi
$ON_C "$B/mock" --ports "$T/ports" > /dev/null 2>&1 & M=$!
while ! grep -q port "$T/ports" 2> /dev/null; do sleep 0.05; done
P=$(sed 's/port=\([0-9]*\).*/\1/' "$T/ports")
tier() { echo "{\"name\": \"$1\", \"prices\": {\"input\": 1.5, \"output\": 9}, \"endpoints\": [{\"base_url\": \"http://127.0.0.1:$P/v1\", \"model\": \"mock:$2\"}]}"; }
echo "{\"retry\": {\"base_s\": 0.01, \"breaker_failures\": 1000}, \"tiers\": [$(tier flash ok,in=100,out=20), $(tier pro ok,in=100,out=20), $(tier slow ok,in=100,out=60,gap=100), $(tier shaky 500,p=0.3,then=ok)]}" > "$T/tiers.json"
start() {
    rm -f "$T/port"
    $ON_A "$B/tierce-dispatch" serve -m models/flash-pro.tierce --tiers "$T/tiers.json" --listen 127.0.0.1:0 --port-file "$T/port" ${BUSY:+--busy-poll "$BUSY"} "$@" 2> "$T/err" & S=$!
    while ! [ -s "$T/port" ]; do sleep 0.05; kill -0 $S 2> /dev/null || { cat "$T/err"; exit 1; }; done
    SP=$(cat "$T/port")
}
stop() { kill $S; wait $S; }
ticks() { awk '{ print $14 + $15 }' /proc/$S/stat; }
# load NAME PORT RATE SECONDS CONNECTIONS [MODEL [stream]]: with the server's CPU time a request
load() {
    name=$1; shift
    a=$(ticks); $ON_B "$B/load" "$@" > "$T/out"; b=$(ticks)
    n=$(sed 's/.*s, \([0-9]*\) answers.*/\1/' "$T/out")
    printf '%-34s %s' "$name" "$(cat "$T/out")"
    [ "$1" = "$SP" ] && awk -v t=$((b - a)) -v n="$n" -v hz="$(getconf CLK_TCK)" 'BEGIN { printf ", %.0f us CPU a request", 1e6 * t / hz / n }'
    echo
}
median() { sort -g | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int((NR + 2) / 2)]) / 2 }'; }
quantile() { sed "s/.* $1 \([0-9.]*\).*/\1/" "$T/$2"; }
# added NAME: the figure, of the server that runs
added() {
    rm -f "$T"/d50 "$T"/d99 "$T"/m99 "$T"/s99
    for i in $(seq "$ROUNDS"); do
        $ON_B "$B/load" "$P" 2000 3 256 mock:ok,in=100,out=20 > "$T/m"
        $ON_B "$B/load" "$SP" 2000 3 256 > "$T/s"
        awk -v m="$(quantile p50 m)" -v s="$(quantile p50 s)" 'BEGIN { print s - m }' >> "$T/d50"
        awk -v m="$(quantile p99 m)" -v s="$(quantile p99 s)" 'BEGIN { print s - m }' >> "$T/d99"
        quantile p99 m >> "$T/m99"; quantile p99 s >> "$T/s99"
    done
    printf '%s at 2,000/s, %s pairs of 6,000 requests: p50 +%.3f ms, p99 +%.3f ms (medians; pairs %s; p99 mock %.3f, serve %.3f), load %s\n' "$1" "$ROUNDS" \
        "$(median < "$T/d50")" "$(median < "$T/d99")" "$(sort -g "$T/d99" | tr '\n' ' ' | sed 's/ $//')" "$(median < "$T/m99")" "$(median < "$T/s99")" "$(cut -d ' ' -f 1 /proc/loadavg)"
}
flat() {
    start --ledger "$T/ledger.db" --log "$T/log.jsonl" --log-max-bytes 20000000 --log-keep 2
    $ON_B "$B/load" "$SP" 0 3 256 > /dev/null
    $ON_B "$B/load" "$SP" 0 3 1000 slow stream > /dev/null
    for minute in 0 1 2 3 4 5 6 7 8 9 10; do
        printf 'minute %2d: %s kB resident, load %s\n' $minute "$(awk '/VmRSS/ { print $2 }' /proc/$S/status)" "$(cut -d ' ' -f 1 /proc/loadavg)"
        [ $minute = 10 ] && break
        $ON_B "$B/load" "$SP" 200 59 32 > "$T/o1" & a=$!
        $ON_B "$B/load" "$SP" 100 59 32 shaky > "$T/o2" & b=$!
        $ON_B "$B/load" "$SP" 50 59 400 slow stream > "$T/o3" & c=$!
        wait $a; wait $b; wait $c
    done
    cat "$T/o1" "$T/o2" "$T/o3"
    stop
}
[ "$WHAT" = flat ] && { flat; exit; }
start
added "serve adds"
stop
[ "$WHAT" = added ] && exit
start
load "mock alone, closed, 32" "$P" 0 4 32 mock:ok,in=100,out=20
load "serve, closed, 1" "$SP" 0 3 1
load "serve, closed, 32" "$SP" 0 4 32
load "serve, closed, 256" "$SP" 0 4 256
stop
start --ledger "$T/ledger.db" --log "$T/log.jsonl"
load "serve with ledger and log, 32" "$SP" 0 4 32
load "serve with ledger and log, 2,000/s" "$SP" 2000 4 256
stop
start
$ON_B "$B/load" "$SP" 0 3 1000 slow stream > "$T/out" & L=$!
sleep 5
printf '1,000 open streams: %s\n' "$(grep VmRSS /proc/$S/status | tr -s '\t ' ' ')"
wait $L
