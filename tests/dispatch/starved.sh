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
"$B/dispatch_starved" "$B/tierce-dispatch" "$B/mock" models/flash-pro.tierce "$T" "$T/failmalloc.so"
