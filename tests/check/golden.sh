#!/bin/sh
# Model files of every released format: they load and give what they gave, or are refused by name.
# golden.sh BUILD (bits.sh has built BUILD/bits/gcc-O2)
B=$1
cd "$(dirname "$0")/../golden" || exit 2
root=$OLDPWD
passed=0 failed=0
bits=$root/$B/bits/golden
(cd "$root" && ${CC:-cc} -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -ffp-contract=off -I. tests/bits.c "$B/libtierce.a" -o "$bits" -lz -lm) || exit 1
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT
for m in v*.tierce; do
    expected=${m%.tierce}.expected
    "$bits" "$m" 40 > "$tmp" 2>&1
    status=$?
    if [ $status -eq 0 ] && { [ ! -f "$expected" ] || cmp -s "$tmp" "$expected"; }; then
        passed=$((passed + 1))
    elif [ $status -ne 0 ] && grep -q 'another version of a feature extractor' "$tmp"; then
        passed=$((passed + 1))
    else
        echo "FAILED: $m: $(head -2 "$tmp")"
        failed=$((failed + 1))
    fi
done
for m in refuse-*.tierce; do
    want=$(echo "$m" | cut -d- -f2)
    "$root/$B/tierce" route -m "$m" hello > "$tmp" 2>&1
    if [ $? -eq 1 ] && grep -q "($want, at byte" "$tmp"; then
        passed=$((passed + 1))
    else
        echo "FAILED: $m is not refused as $want: $(head -2 "$tmp")"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
