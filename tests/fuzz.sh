#!/bin/sh
# make fuzz: each target for $2 seconds under clang's libFuzzer, ASan and UBSan. $1: build directory.
B=$1 S=${2:-60} status=0
command -v clang >/dev/null || { echo "needs clang (Debian: clang)"; exit 1; }
mkdir -p "$B/fuzz"
src="$(ls features/*.c models/*.c data/*.c data/import/*.c) infer/router.c infer/policy.c"
# hunt NAME TARGET: the target, its corpus and what it found under NAME
hunt() {
    mkdir -p "$B/fuzz/corpus_$1"
    echo "== $1, $S s"
    "$B/fuzz/$2" -max_total_time="$S" -timeout=10 -rss_limit_mb=4000 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix="$B/fuzz/" "$B/fuzz/corpus_$1" "tests/fuzz/corpus/$2" > "$B/fuzz/$1.log" 2>&1 || { status=1; tail -30 "$B/fuzz/$1.log"; }
    grep -E 'stat::number_of_executed|DONE' "$B/fuzz/$1.log"
}
for t in $(ls tests/fuzz/fuzz_*.c | sed "s,.*fuzz_,,;s,\.c$,,"); do
    # shellcheck disable=SC2086
    clang -std=c11 -D_POSIX_C_SOURCE=200809L -DTIERCE_FUZZING -O1 -g -ffp-contract=off -I. \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
        tests/fuzz/fuzz_$t.c $src -o "$B/fuzz/$t" -lcjson -lzstd -lz -lm || exit 1
    if [ "$t" = import_agents ]; then # one target for many formats: each gets its time
        for format in $(ls tests/fuzz/corpus/$t | sed 's/-[0-9]*$//' | sort -u); do
            export TIERCE_FUZZ_FORMAT="$format"
            hunt "import_$format" "$t"
        done
    else
        hunt "$t" "$t"
    fi
done
exit $status
