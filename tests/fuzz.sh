#!/bin/sh
# make fuzz: each target for $2 seconds under clang's libFuzzer, ASan and UBSan. $1: build directory; $3: only the
# targets whose names one of these patterns of the shell fits, as "import_*" or "sse reply".
B=$1 S=${2:-60} ONLY=${3:-*} status=0
wanted() {
    set -f
    for pattern in $ONLY; do
        # shellcheck disable=SC2254
        case $1 in $pattern) set +f; return 0 ;; esac
    done
    set +f
    return 1
}
command -v clang >/dev/null || { echo "needs clang (Debian: clang)"; exit 1; }
mkdir -p "$B/fuzz"
src="$(ls features/*.c models/*.c data/*.c data/import/*.c) infer/router.c infer/router_file.c infer/policy.c infer/swap.c"
for f in sse reply reply_parts reply_calls retry toolcheck config conf_read endpoints body http1; do src="$src infer/dispatch/$f.c"; done
H=../shared/harness-logs
# hunt NAME TARGET REAL LENGTH: the target, its corpus and real files where they are; finds go under NAME
hunt() {
    mkdir -p "$B/fuzz/corpus_$1"
    echo "== $1, $S s"
    # shellcheck disable=SC2086
    "$B/fuzz/$2" -max_total_time="$S" -timeout=20 -rss_limit_mb=4000 -max_len="$4" -print_final_stats=1 \
        -artifact_prefix="$B/fuzz/" "$B/fuzz/corpus_$1" "tests/fuzz/corpus/$2" $3 > "$B/fuzz/$1.log" 2>&1 || { status=1; tail -30 "$B/fuzz/$1.log"; }
    grep -E 'stat::number_of_executed|DONE' "$B/fuzz/$1.log"
}
# agents: fuzz_import_agents takes whole folders as one input; each of its formats gets the time
agents() {
    for format in $(ls tests/fuzz/corpus/import_agents | sed 's/-[0-9]*$//' | sort -u); do
        real="$B/fuzz/real_$format"
        mkdir -p "$real"
        for f in "$H/$format"/*/*_result.json "$H/$format"/*/*_results.json; do
            [ -f "$f" ] || continue
            into="$real/$(echo "$f" | tr / _)" score=${f%_result.json}_score.json
            { echo "$format"; echo "@@ m/$(basename "$f")"; cat "$f"; } > "$into"
            [ "$format" = bfcl ] && { echo "@@ m/$(basename "$score")"; cat "$score"; } >> "$into"
        done
        export TIERCE_FUZZ_FORMAT="$format"
        hunt "import_$format" import_agents "$real" 200000
    done
}
for t in $(ls tests/fuzz/fuzz_*.c | sed "s,.*fuzz_,,;s,\.c$,,"); do
    wanted "$t" || continue
    # shellcheck disable=SC2086
    clang -std=c11 -D_POSIX_C_SOURCE=200809L -DTIERCE_FUZZING -O1 -g -ffp-contract=off -I. \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
        tests/fuzz/fuzz_$t.c $src -o "$B/fuzz/$t" -lcjson -lzstd -lz -lm || exit 1
    [ "$t" = import_agents ] && { agents; continue; }
    # real files of the format, where they are; folders of ../shared/harness-logs are called by importers
    real=$H/$(echo "${t#import_}" | tr _ -)
    [ "$t" = import_csv ] && real=$H/routellm-csv
    [ -d "$real" ] || real=
    hunt "$t" "$t" "$real" 65536
done
exit $status
