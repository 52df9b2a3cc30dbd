#!/bin/sh
# The dispatcher's suites with ThreadSanitizer. $1: build directory, $2: compiler. Where the compiler has
# none, it says "skipped".
B=$1 CC=${2:-cc}
T=$B/tsan
mkdir -p "$T"
STD="-std=c11 -D_POSIX_C_SOURCE=200809L -ffp-contract=off -I. -fsanitize=thread -O1 -g"
LIBS="-lcjson -lzstd -lz -lm -lcurl -levent_core -lsqlite3 -pthread"
if printf '#include <hiredis/hiredis.h>\n' | $CC -fsyntax-only -x c - 2>/dev/null; then
    STD="$STD -DHAVE_HIREDIS" LIBS="$LIBS -lhiredis"
fi
if printf '#include <libdeflate.h>\n' | $CC -fsyntax-only -x c - 2>/dev/null; then
    STD="$STD -DHAVE_LIBDEFLATE" LIBS="$LIBS -ldeflate"
fi
echo 'int main(void) { return 0; }' > "$T/probe.c"
# shellcheck disable=SC2086
if ! { $CC $STD "$T/probe.c" -o "$T/probe" && "$T/probe"; } 2> /dev/null; then echo "0 passed, 0 failed, 1 skipped"; exit 0; fi
for f in features/*.c models/*.c data/*.c infer/dispatch/*.c infer/router.c infer/router_file.c infer/policy.c infer/swap.c infer/open.c infer/deflate.c infer/decision_out.c; do
    o=$T/$(echo "$f" | tr / _ | sed 's/\.c$/.o/')
    [ "$o" -nt "$f" ] && [ -z "$(find features models data infer -name '*.h' -newer "$o")" ] && continue
    echo "$f $o"
done | xargs -r -P 2 -L 1 sh -c "$CC $STD -c \$0 -o \$1" && $CC $STD "$T"/*.o -o "$T/tierce-dispatch" $LIBS || { echo "0 passed, 1 failed"; exit 1; }
export TSAN_OPTIONS="halt_on_error=0 exitcode=66"
sh tests/dispatch/run.sh "$B" "$T" "$CC" "scenarios hostile loops workers limits operators batch loop"
