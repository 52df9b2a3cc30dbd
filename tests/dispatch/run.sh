#!/bin/sh
# The dispatcher against its mock upstream. $1: build directory, $2: where the programs under test are
# (the sanitized ones), $3: compiler, $4: which suites (default: all).
B=$1 P=$2 CC=${3:-cc} ONLY=${4:-scenarios hostile loops workers limits operators batch resume disk torture starved node loop replay}
passed=0 failed=0 skipped=0
M=models/flash-pro.tierce
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1
STD="-std=c11 -D_POSIX_C_SOURCE=200809L -O1 -g -I."
make -s "$B/mock" || { echo "0 passed, 1 failed"; exit 1; }
# one NAME COMMAND...: a suite of this suite
one() {
    name=$1
    shift
    case " $ONLY " in *" $name "*) ;; *) return ;; esac
    case $name in torture | starved) most=600 ;; *) most=240 ;; esac # a thousand runs
    timeout -k 5 $most "$@" > "$T/out" 2>&1
    status=$?
    cat "$T/out"
    p=$(sed -n 's/^\([0-9]*\) passed, .*/\1/p' "$T/out" | tail -1)
    f=$(sed -n 's/^[0-9]* passed, \([0-9]*\) failed.*/\1/p' "$T/out" | tail -1)
    s=$(sed -n 's/^.*failed, \([0-9]*\) skipped.*/\1/p' "$T/out" | tail -1)
    if [ $status -ne 0 ] && [ "${f:-0}" = 0 ]; then f=1; echo "FAILED $name: exit status $status"; fi
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
}
for t in scenarios hostile loops workers limits operators; do
    [ -f tests/dispatch/$t.c ] || continue
    # shellcheck disable=SC2086
    $CC $STD tests/dispatch/drive.c tests/dispatch/http.c tests/dispatch/$t.c -o "$B/dispatch_$t" -lm || { failed=$((failed + 1)); continue; }
    mkdir -p "$T/$t"
    one $t "$B/dispatch_$t" "$P/tierce-dispatch" "$B/mock" $M "$T/$t" tests/dispatch/$t.txt
done
$CC $STD tests/dispatch/http.c tests/dispatch/get.c -o "$B/dispatch_get" || failed=$((failed + 1))
for t in batch resume disk torture starved node loop; do
    [ -f tests/dispatch/$t.sh ] && one $t sh tests/dispatch/$t.sh "$B" "$P" "$T"
done
C=../shared/corpora
one replay env PRICES="0.15/0.6 2.5/10" sh tests/dispatch/replay.sh "$B" "$B" "$T" $C/bfcl_v1.jsonl.gz 0.05 0.98 gpt-4o-mini-2024-07-18-FC gpt-4o-2024-08-06-FC
one replay sh tests/dispatch/replay.sh "$B" "$B" "$T" $C/rational_cascades_9models.jsonl.gz 0.003 0.95 llama3.2-1b llama3.2-3b llama3.1-8b llama3.1-70b \
    llama3.1-405b gpt-4o-mini qwen2.5-32b-coder-instruct qwen2.5-72b-instruct gpt-4o
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
