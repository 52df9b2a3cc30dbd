#!/bin/sh
# The edge library as one tierce.c and one tierce.h: single.sh OUTDIR. It works only because the arrows
# run one way. File-scope names that two files share get a suffix per file.
set -e
out=$1
mkdir -p "$out"
api="features/status.h features/request.h models/allocator.h infer/router.h infer/swap.h"
strip='/^#include "/d'
{
    echo "/* tierce, the edge library in one header: made by \`make single\`. MIT licence. */"
    for f in $api; do
        sed "$strip" "$f"
    done
} > "$out/tierce.h"

headers="features/clones.h features/hash.h features/lexicon.h features/named.h features/bytes.h features/scan.h features/columns.h features/columns_512.h features/tokens.h features/tokens_512.h features/words.h features/extract.h features/extractors.h features/hash_512.h features/named_512.h models/arena.h models/bytes.h models/coder.h models/maths.h models/model.h models/adding.h models/adding_avx2.h models/adding_512.h models/format.h infer/router_state.h"
for h in features/*.h models/*.h infer/router.h infer/swap.h infer/router_state.h; do
    case " $api $headers " in *" $h "*) ;; *) echo "$h is not in the list of tests/check/single.sh"; exit 1 ;; esac
done
sources="$(ls features/*.c models/*.c) infer/router.c infer/router_file.c infer/policy.c infer/swap.c"
# static functions and objects, enum constants and macros of each .c file
statics() {
    sed -n 's/^static [^=(;]*[ *]\([A-Za-z_][A-Za-z_0-9]*\)\(\[[^=]*\)\?\((.*\| =.*\|;\|\)$/\1/p' "$1"
    sed -n 's/^} \([a-z_][a-z_0-9]*\)\(\[.*\)\? = {$/\1/p;s/^} \([a-z_][a-z_0-9]*\);$/\1/p' "$1"
    sed -n 's/^enum { \(.*\) };.*$/\1/p' "$1" | tr -d ' ' | tr ',' '\n'
}
{
    echo "/* tierce, the edge library in one file: made by \`make single\`. Needs libc, libm, zlib. MIT licence. */"
    # whoever compiles this file may not know the flag: no a * b + c in one rounding
    printf '#if defined(__clang__)\n#pragma STDC FP_CONTRACT OFF\n#elif defined(__GNUC__)\n#pragma GCC optimize("fp-contract=off")\n#endif\n'
    echo '#include "tierce.h"'
    for f in $headers; do
        echo "/* ---- $f ---- */"
        sed "$strip" "$f"
    done
    for f in $sources; do
        tag=$(basename "$f" .c)
        echo "/* ---- $f ---- */"
        names=$(statics "$f" | sort -u)
        for n in $names; do echo "#define $n ${n}_in_$tag"; done
        sed "$strip" "$f"
        for n in $names; do echo "#undef $n"; done
        sed -n 's/^#define \([A-Za-z_][A-Za-z_0-9]*\).*/#undef \1/p' "$f" | sort -u
    done
} > "$out/tierce.c"
CC=${CC:-cc}
$CC -std=c11 -O2 -Wall -Wextra -ffp-contract=off -I"$out" -c "$out/tierce.c" -o "$out/tierce.o"
cat > "$out/use.c" <<'C'
#include "tierce.h"
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
    tierce_router *router;
    tierce_error error;
    if (argc < 2 || tierce_router_open_file(&router, argv[1], NULL, &error) != TIERCE_OK)
        return argc < 2 ? 0 : 1;
    tierce_scratch *scratch = tierce_scratch_init(router, malloc(tierce_scratch_size(router)), NULL);
    tierce_part part;
    tierce_request request = tierce_request_of_prompt(&part, "hello", 5);
    tierce_policy policy = tierce_policy_default(router);
    tierce_decision decision;
    if (tierce_decide(router, scratch, &request, &policy, &decision, &error) != TIERCE_OK)
        return 1;
    printf("%s\n", tierce_tier_name(router, decision.order[0]));
    return 0;
}
C
$CC -std=c11 -Wall -Wextra -I"$out" "$out/use.c" "$out/tierce.o" -o "$out/use" -lz -lm
"$out/use"
echo "single: $(wc -l < "$out/tierce.c") lines in $out/tierce.c, compiles and links"
