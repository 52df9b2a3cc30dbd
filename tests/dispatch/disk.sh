#!/bin/sh
# A reservation is on the disk before its request leaves, and many share one fdatasync: with a disk that
# takes 300 ms, and with one that refuses. And the wall clock jumps by days while requests are under way:
# timeouts, waits and latencies do not notice. $1: build directory, $2: programs under test (sanitizers want to
# come first, so the plain ones are run), $3: scratch.
B=$1 T=$3/disk
. tests/dispatch/lib.sh
cat > "$T/slow.c" <<'EOT'
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
/* Only those that requests wait for: SQLite's own, at opening and closing, are the main thread's. */
int fdatasync(int fd)
{
    char link[40], path[400];
    const struct timespec t = {0, 300000000};
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    if (!getenv("SLOW_DISK") || gettid() == getpid() || n < 4 || strcmp(path + n - 4, "-wal"))
        return fsync(fd);
    FILE *f = fopen(getenv("SLOW_DISK"), "a");
    if (f) {
        fputs("sync\n", f);
        fclose(f);
    }
    nanosleep(&t, NULL);
    if (!getenv("BAD_DISK"))
        return fsync(fd);
    errno = EIO;
    return -1;
}
EOT
${CC:-cc} -O1 -fPIC -shared "$T/slow.c" -o "$T/slow.so" || { echo "0 passed, 1 failed"; exit 1; }
start_mock --billed "$T/billed"
tier() { echo "{\"name\": \"$1\", \"prices\": {\"input\": 1.5, \"output\": 9}, \"endpoints\": [{\"base_url\": \"http://127.0.0.1:$port/v1\", \"model\": \"mock:ok,in=20,out=20\"}]}"; }
echo "{\"tiers\": [$(tier flash), $(tier pro)]}" > "$T/tiers.json"
i=1; while [ $i -le 200 ]; do echo "{\"id\": \"r$i\", \"max_tokens\": 20, \"prompt\": \"What is $i plus $i?\"}"; i=$((i + 1)); done > "$T/200.jsonl"
send() { LD_PRELOAD="$T/slow.so" SLOW_DISK="$T/syncs" "$B/tierce-dispatch" dispatch -m models/flash-pro.tierce --tiers "$T/tiers.json" --fsync never "$@" "$T/200.jsonl" 2> "$T/err"; }

: > "$T/syncs"; from=$(date +%s%N)
send -c 200 --ledger "$T/a.db" > "$T/out"; is "status" $? 0
took=$((($(date +%s%N) - from) / 1000000)) syncs=$(wc -l < "$T/syncs")
is "all are answered" "$(grep -c '"status_code":200' "$T/out")" 200
is "none before the disk has it ($took ms)" "$([ $took -ge 300 ] && echo yes)" yes
is "200 at once share calls ($syncs)" "$([ "$syncs" -ge 1 ] && [ "$syncs" -le 5 ] && echo yes)" yes
echo "# a disk of 300 ms a call: 200 requests at once, $syncs calls, $took ms"

: > "$T/syncs"
send -c 200 --ledger "$T/b.db" --ledger-fsync never > "$T/out"; is "never: status" $? 0
is "never: no call" "$(wc -l < "$T/syncs")" 0

before=$(wc -l < "$T/billed")
export BAD_DISK=1
send -c 50 --ledger "$T/c.db" > "$T/out"; is "a disk that refuses" $? 3
unset BAD_DISK
is "all are told" "$(grep -c '"status_code":503.*ledger_unavailable' "$T/out")" 200
is "and nothing was sent" "$(wc -l < "$T/billed")" "$before"
grep -q 'the disk refuses' "$T/err" && ok || bad "the reason is on stderr"
send -c 200 --ledger-fsync never > "$T/out"; is "without --ledger it is wrong usage" $? 2
send -c 200 --ledger "$T/d.db" --ledger-fsync alway > "$T/out"; is "an unknown word" $? 2
# a clock that is a day ahead in one half of every second, a day behind in the other
cat > "$T/jump.c" <<'EOT'
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t which, struct timespec *t)
{
    const long got = syscall(SYS_clock_gettime, which, t);
    if (which == CLOCK_REALTIME)
        t->tv_sec += t->tv_nsec < 500000000 ? 86400 : -86400;
    return (int)got;
}
EOT
${CC:-cc} -O1 -fPIC -shared "$T/jump.c" -o "$T/jump.so" || { echo "0 passed, 1 failed"; exit 1; }
sed -i 's/mock:ok,in=20,out=20/mock:500,times=1,then=ok,first=150/g; s/"tiers"/"retry": {"base_s": 0.05, "cap_s": 0.1, "breaker_failures": 1000}, "tiers"/' "$T/tiers.json"
LD_PRELOAD="$T/jump.so" timeout 60 "$B/tierce-dispatch" dispatch -m models/flash-pro.tierce --tiers "$T/tiers.json" -c 20 --ledger "$T/e.db" --log "$T/jump.log" "$T/200.jsonl" > "$T/out" 2> "$T/err"
is "the clock jumps: status" $? 0
is "the clock jumps: all are answered" "$(grep -c '"status_code":200' "$T/out")" 200
is "the clock jumps: latencies are true" "$(sed 's/.*"latency_s": \([0-9.e-]*\).*/\1/' "$T/jump.log" | awk '$1 > 0.1 && $1 < 10 { n++ } END { print n }')" 200
is "the clock did jump" "$(sed 's/.*"time": "\([0-9-]*\)T.*/\1/' "$T/jump.log" | sort -u | wc -l)" 2
echo "$passed passed, $failed failed"
[ $failed = 0 ]
