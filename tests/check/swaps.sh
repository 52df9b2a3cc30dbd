#!/bin/sh
# The model swapped 1,000 times under running threads, with ThreadSanitizer. $1: build directory, $2: compiler.
B=$1 CC=${2:-cc}
# shellcheck disable=SC2046
if ! $CC -std=c11 -D_POSIX_C_SOURCE=200809L -ffp-contract=off -I. -fsanitize=thread -O1 -g tests/unit/test_swap.c \
    $(ls features/*.c models/*.c) infer/router.c infer/router_file.c infer/policy.c infer/swap.c -o "$B/swap_tsan" -lcmocka -lz -lm -pthread; then
    echo "0 passed, 0 failed, 1 skipped (no ThreadSanitizer in this compiler)"
    exit 0
fi
exec "$B/swap_tsan" 1000
