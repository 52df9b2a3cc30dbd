#!/bin/sh
# make test: everything, counted. $1: build directory, $2: compiler.
B=$1 CC=${2:-cc}
passed=0 failed=0 skipped=0
LOG=$B/test.log
: > "$LOG"
ok() { passed=$((passed + 1)); printf 'ok      %s\n' "$1"; }
bad() { failed=$((failed + 1)); printf 'FAILED  %s\n' "$1"; }
skip() { skipped=$((skipped + 1)); printf 'skipped %s\n' "$1"; }
# check NAME COMMAND...: passes when the command does; its output goes to the log, and on failure here.
check() {
    name=$1
    shift
    if "$@" > "$B/one.log" 2>&1; then ok "$name"; else bad "$name"; tail -25 "$B/one.log"; fi
    { echo "== $name"; cat "$B/one.log"; } >> "$LOG"
}
# tally NAME STATUS LOG SECONDS: counts a suite by the last line of its log, "N passed, N failed[, N skipped]", or
# cmocka's lines.
tally() {
    { echo "== $1"; cat "$3"; } >> "$LOG"
    p=$(sed -n 's/^\([0-9]*\) passed, .*/\1/p;s/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$3" | tail -1)
    f=$(sed -n 's/^[0-9]* passed, \([0-9]*\) failed.*/\1/p;s/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$3" | tail -1)
    s=$(sed -n 's/^.*failed, \([0-9]*\) skipped.*/\1/p;s/^\[  SKIPPED \] \([0-9]*\) test.*/\1/p' "$3" | tail -1)
    if [ "$2" -ne 0 ] && [ "${f:-0}" = 0 ]; then f=1; fi
    if [ -z "$p" ] && [ "$2" -eq 0 ]; then f=1; fi
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
    took=
    [ "$4" -lt 10 ] || took=", $4 s"
    if [ "${f:-0}" = 0 ]; then printf 'ok      %s (%s%s)\n' "$1" "$p" "$took"; else printf 'FAILED  %s\n' "$1"; grep -E 'FAILED|ERROR|error|not equal|failed' "$3" | head -20; fi
}
# suite NAME COMMAND...
suite() {
    name=$1
    shift
    began=$(date +%s)
    "$@" > "$B/one.log" 2>&1
    tally "$name" $? "$B/one.log" $(($(date +%s) - began))
}
# aside N NAME COMMAND...: a long suite that waits more than it computes, or runs on one core, for a lane beside the
# others; a lane runs its suites one after the other, and told N says how each went.
aside() {
    lane=$1 name=$2
    shift 2
    began=$(date +%s)
    "$@" > "$B/aside.$lane.log" 2>&1
    echo "$? $(($(date +%s) - began)) $name" > "$B/aside.$lane"
}
told() {
    if ! [ -f "$B/aside.$1" ]; then bad "a lane said nothing of its suite $1"; return; fi
    read -r status seconds name < "$B/aside.$1"
    tally "$name" "$status" "$B/aside.$1.log" "$seconds"
}

SAN="-fsanitize=address,undefined -fno-sanitize-recover=undefined -O1 -g"
STD="-std=c11 -D_POSIX_C_SOURCE=200809L -ffp-contract=off -I."
LIBS="-lcmocka -llinear -lcjson -lzstd -lz -lm -lcurl -levent_core -lsqlite3 -pthread"
if printf '#include <hiredis/hiredis.h>\n' | $CC -fsyntax-only -x c - 2>/dev/null; then
    STD="$STD -DHAVE_HIREDIS" LIBS="$LIBS -lhiredis"
fi
if printf '#include <libdeflate.h>\n' | $CC -fsyntax-only -x c - 2>/dev/null; then
    STD="$STD -DHAVE_LIBDEFLATE" LIBS="$LIBS -ldeflate"
fi
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1

# the first lane beside the others: what needs nothing of the sanitizers' build
rm -f "$B"/aside.*
{
    aside 1 "the same bits everywhere" sh tests/check/bits.sh "$B" models/flash-pro.tierce tests/golden/v1-three.tierce tests/golden/v1-tiny.tierce
    aside 2 "1,000 swaps under 8 threads, ThreadSanitizer" sh tests/check/swaps.sh "$B" "$CC"
    if [ -f tests/promptfoo/run.sh ]; then aside 3 "a real promptfoo, from npm" sh tests/promptfoo/run.sh "$B"; fi
} &
# house rules
[ -f tests/check/arrows.sh ] && check "arrows and house rules" sh tests/check/arrows.sh
[ -f tests/check/symbols.sh ] && check "symbols of the edge library" sh tests/check/symbols.sh "$B/libtierce.a"
[ -f tests/check/single.sh ] && check "single-file amalgamation" sh tests/check/single.sh "$B/single"
[ -f tests/check/planted.sh ] && suite "planted violations are found" sh tests/check/planted.sh
printf '#include "infer/router.h"\nint main() { return tierce_status_text(TIERCE_OK) == 0; }\n' > "$B/api.cpp"
if command -v c++ >/dev/null 2>&1; then check "public headers parse as C++" c++ -std=c++11 -I. -fsyntax-only "$B/api.cpp"; else skip "public headers parse as C++ (no c++)"; fi

suite "golden model files" sh tests/check/golden.sh "$B"

# the whole tree once more, with sanitizers
mkdir -p "$B/san"
san_build() {
    # shellcheck disable=SC2086
    for f in $(find features models data infer train -name '*.c' -not -path 'infer/wasm/*'); do
        o=$B/san/$(echo "$f" | tr / _ | sed 's/\.c$/.o/')
        [ "$o" -nt "$f" ] && [ -z "$(find features models data infer train -name '*.h' -newer "$o")" ] && continue
        echo "$f $o"
    done | xargs -r -P 2 -L 1 sh -c "$CC $STD $SAN -c \$0 -o \$1"
}
check "sanitizer build" san_build
mains="$B/san/infer_main.o $B/san/train_main.o $B/san/infer_dispatch_main.o"
objects=$(ls "$B"/san/*.o | grep -v -e infer_main -e train_main -e infer_dispatch_main)
# shellcheck disable=SC2086
check "sanitizer programs" sh -c "$CC $SAN $B/san/infer_dispatch_main.o $(echo $objects | tr '\n' ' ') -o $B/san/tierce-dispatch $LIBS && $CC $SAN $B/san/infer_main.o $(echo $objects | tr '\n' ' ') -o $B/san/tierce $LIBS && $CC $SAN $B/san/train_main.o $(echo $objects | tr '\n' ' ') -o $B/san/tierce-train $LIBS"
# the second: the dispatcher against its mock upstream, and what else takes long
{
    aside 4 "dispatch and serve, with sanitizers" sh tests/dispatch/run.sh "$B" "$B/san" "$CC"
    aside 5 "dispatch and serve, with ThreadSanitizer" sh tests/dispatch/tsan.sh "$B" "$CC"
    aside 6 "shrink and diff, with sanitizers" sh tests/cli/edge.sh "$B/san"
} &
for t in tests/unit/test_*.c; do
    name=$(basename "$t" .c)
    flags=$(sed -n '1s,^/\* link: \(.*\) \*/$,\1,p' "$t") # a test may say how it must be linked
    # shellcheck disable=SC2086
    if $CC $STD $SAN "$t" $objects $flags -o "$B/san/$name" $LIBS 2> "$B/one.log"; then
        suite "unit: $name" "$B/san/$name"
    else
        bad "unit: $name does not build"
        head -20 "$B/one.log"
    fi
done

# fuzz corpora, replayed
for t in tests/fuzz/fuzz_*.c; do
    [ -f "$t" ] || continue
    name=$(basename "$t" .c)
    corpus=tests/fuzz/corpus/${name#fuzz_}
    # shellcheck disable=SC2086
    check "replay: $name" sh -c "$CC $STD $SAN -DTIERCE_FUZZING $t tests/fuzz/replay.c models/container.c $(echo $objects | tr '\n' ' ' | sed "s,$B/san/models_container.o,,") -o $B/san/$name $LIBS && $B/san/$name $corpus"
done

# command line
if [ -f tests/cli/cli.sh ]; then suite "command line" sh tests/cli/cli.sh "$B"; fi
if [ -f tests/cli/import_agents.sh ]; then suite "import: agents and traffic" sh tests/cli/import_agents.sh "$B/san"; fi
if [ -f tests/cli/tune.sh ]; then suite "goals, verdicts, logs, drift" sh tests/cli/tune.sh "$B"; fi
if [ -f tests/cli/hostile.sh ]; then suite "hostile input, with sanitizers" sh tests/cli/hostile.sh "$B/san"; fi
if [ -f tests/cli/golden.sh ]; then suite "transcripts, word by word" sh tests/cli/golden.sh "$B"; fi
if command -v python3 > /dev/null 2>&1; then suite "transcripts of the documents" python3 tests/docs/transcripts.py --check "$B"; else skip "transcripts of the documents (no python3)"; fi
if [ -f tests/cli/torture.sh ]; then suite "every allocation of whole programs fails" sh tests/cli/torture.sh "$B"; fi
if [ -f tests/cli/report.sh ]; then suite "the report: escaped, recomputed, in a browser" sh tests/cli/report.sh "$B"; fi
if [ -f tests/cli/judge.sh ]; then suite "eval against judge.py" sh tests/cli/judge.sh "$B"; fi
if [ -f tests/cli/import.sh ]; then suite "importers, with sanitizers" sh tests/cli/import.sh "$B/san"; fi
suite "importers: labels that could go wrong" sh tests/cli/import_labels.sh "$B/san"
if [ -d /proc/self ]; then check "an import in constant memory" sh tests/import_memory.sh "$B"; else skip "an import in constant memory (no /proc)"; fi

suite "score: filter, ranges, batch files" sh tests/cli/score.sh "$B"
suite "records and prices, with sanitizers" sh tests/cli/data.sh "$B/san" "$B"
suite "records through CSV and batch lines and back" sh tests/roundtrip.sh "$B" "$CC"


# the embedding examples, with real servers
suite "embedding examples" sh tests/embed.sh "$B"

# the WebAssembly package, in Node and in a browser
suite "WebAssembly package" sh tests/wasm/wasm.sh "$B"

# real records, where they are
if [ -f ../shared/corpora/bfcl_v1.jsonl.gz ]; then
    suite "real corpora" sh tests/corpora.sh "$B"
else
    skip "real corpora (no ../shared/corpora)"
fi
wait
for lane in 1 2 3 4 5 6; do told $lane; done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
