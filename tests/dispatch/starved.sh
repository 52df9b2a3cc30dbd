#!/bin/sh
# tierce serve with failing allocations (starved.c says how). $1: build directory (its plain programs are run: a
# sanitizer's own allocator cannot be told to fail), $3: scratch.
B=$1 T=$3/starved
mkdir -p "$T"
if ! ${CC:-cc} -std=gnu11 -shared -fPIC -O1 tests/cli/failmalloc.c -o "$T/failmalloc.so" 2> "$T/err" ||
    ! LD_PRELOAD="$T/failmalloc.so" FAIL_AT=1000000 FAIL_LOG="$T/probe" "$B/tierce" --version > /dev/null 2>&1 || [ ! -s "$T/probe" ]; then
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
${CC:-cc} -std=c11 -D_POSIX_C_SOURCE=200809L -O1 -g -I. tests/dispatch/drive.c tests/dispatch/http.c tests/dispatch/starved.c \
    -o "$B/dispatch_starved" || { echo "0 passed, 1 failed"; exit 1; }
# Most of it waits: side by side. EVERY=1 in the environment: every allocation fails in its turn, not every second.
# each LIBRARY ROW FIRST STEP
each() {
    mkdir -p "$T/$1-$2"
    "$B/dispatch_starved" "$B/tierce-dispatch" "$B/mock" models/flash-pro.tierce "$T/$1-$2" "$T/failmalloc.so" "$@" > "$T/$1-$2.out" 2>&1 ||
        : > "$T/$1-$2.failed"
}
rm -f "$T"/*.failed
STEP=2
[ -n "$EVERY" ] && STEP=1
{ each libcurl 1 1 $STEP; each MAIN 3 0 $((2 * STEP)); } &
{ each libcurl 5 1 $((2 * STEP)); each libevent 5 1 $((2 * STEP)); each libevent 1 1 $STEP; } &
each MAIN 1 0 $STEP
wait
cat "$T"/*.out | grep -v ' passed, '
p=$(cat "$T"/*.out | sed -n 's/^\([0-9]*\) passed, .*/\1/p' | awk '{ n += $1 } END { print n + 0 }')
f=$(cat "$T"/*.out | sed -n 's/^[0-9]* passed, \([0-9]*\) failed.*/\1/p' | awk '{ n += $1 } END { print n + 0 }')
# one that crashed said nothing of itself
[ "$f" = 0 ] && f=$(ls "$T" | grep -c '\.failed$')
echo "$p passed, $f failed"
[ "$f" = 0 ]
