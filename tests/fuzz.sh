#!/bin/sh
# make fuzz: each target for $2 seconds under clang's libFuzzer, ASan and UBSan. $1: build directory.
B=$1 S=${2:-60} status=0
command -v clang >/dev/null || { echo "needs clang (Debian: clang)"; exit 1; }
mkdir -p "$B/fuzz"
src="$(ls features/*.c models/*.c data/*.c data/import/*.c) infer/router.c infer/router_file.c infer/policy.c infer/swap.c"
for t in $(ls tests/fuzz/fuzz_*.c | sed "s,.*fuzz_,,;s,\.c$,,"); do
    # shellcheck disable=SC2086
    clang -std=c11 -D_POSIX_C_SOURCE=200809L -DTIERCE_FUZZING -O1 -g -ffp-contract=off -I. \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
        tests/fuzz/fuzz_$t.c $src -o "$B/fuzz/$t" -lcjson -lzstd -lz -lm || exit 1
    mkdir -p "$B/fuzz/corpus_$t"
    # real files of the format, where they are; folders of ../shared/harness-logs are called by importers
    real=../shared/harness-logs/$(echo "${t#import_}" | tr _ -)
    [ "$t" = import_csv ] && real=../shared/harness-logs/routellm-csv
    [ -d "$real" ] || real=
    echo "== $t, $S s"
    "$B/fuzz/$t" -max_total_time="$S" -timeout=10 -rss_limit_mb=4000 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix="$B/fuzz/" "$B/fuzz/corpus_$t" "tests/fuzz/corpus/$t" $real > "$B/fuzz/$t.log" 2>&1 || { status=1; tail -30 "$B/fuzz/$t.log"; }
    grep -E 'stat::number_of_executed|DONE' "$B/fuzz/$t.log"
done
exit $status
