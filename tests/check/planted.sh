#!/bin/sh
# The checks must be able to fail: plants one violation at a time in a copy of the tree.
root=$(pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
fresh() { rm -rf "$tmp/t" && mkdir "$tmp/t" && cp -r "$root/features" "$root/models" "$root/data" "$root/infer" "$root/train" "$root/tests" "$tmp/t/"; }
# expect NAME PATTERN COMMAND...: the command fails and says PATTERN
expect() {
    name=$1 pattern=$2
    shift 2
    if out=$(cd "$tmp/t" && "$@" 2>&1); then
        echo "FAILED: $name was not found"; failed=$((failed + 1))
    elif printf '%s' "$out" | grep -q "$pattern"; then
        passed=$((passed + 1))
    else
        echo "FAILED: $name: wrong message: $out"; failed=$((failed + 1))
    fi
}
fresh; echo '#include "models/model.h"' >> "$tmp/t/features/scan.c"
expect "include against the arrows" "against the arrows" sh tests/check/arrows.sh
fresh; echo '#include "scan.h"' >> "$tmp/t/features/scan.c"
expect "include without its folder" "does not name its folder" sh tests/check/arrows.sh
fresh; echo '#include "features/extractors.h"' >> "$tmp/t/features/scan.h"
expect "include cycle" "include cycle" sh tests/check/arrows.sh
fresh; echo '#include <cjson/cJSON.h>' >> "$tmp/t/data/json.c"
expect "second includer of cJSON" "each heavy library by one" sh tests/check/arrows.sh
fresh; echo '#include <zstd.h>' >> "$tmp/t/data/lines.c"
expect "second includer of zstd" "each heavy library by one" sh tests/check/arrows.sh
fresh; echo 'void tm_shout(void); void tm_shout(void) { printf("x"); }' >> "$tmp/t/models/maths.c"
expect "printf in the edge library" "does not print" sh tests/check/arrows.sh
fresh; echo 'static int counter;' >> "$tmp/t/models/maths.c"
expect "mutable static" "mutable static" sh tests/check/arrows.sh
fresh; printf 'int tm_x(void);\nint getpid(void);\nint tm_x(void) { return getpid(); }\n' > "$tmp/x.c"
${CC:-cc} -c "$tmp/x.c" -o "$tmp/x.o" && ar rcs "$tmp/x.a" "$tmp/x.o"
expect "foreign symbol" "getpid" sh tests/check/symbols.sh "$tmp/x.a"
printf 'int helper(void);\nint helper(void) { return 1; }\n' > "$tmp/y.c"
${CC:-cc} -c "$tmp/y.c" -o "$tmp/y.o" && ar rcs "$tmp/y.a" "$tmp/y.o"
expect "export without prefix" "without its prefix" sh tests/check/symbols.sh "$tmp/y.a"
fresh; echo 'int tm_sigmoid(int);' >> "$tmp/t/models/bytes.c"
expect "clash in the single file" "conflicting types" sh tests/check/single.sh "$tmp/single"
fresh; echo '/* new */' > "$tmp/t/models/new.h"
expect "header missing from the single file" "is not in the list" sh tests/check/single.sh "$tmp/single"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
