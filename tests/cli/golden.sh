#!/bin/sh
# The command line, word by word: every tests/cli/golden/NAME.sh is run, and what it prints must be NAME.out.
#
#     sh tests/cli/golden.sh [BUILD]                 checks
#     sh tests/cli/golden.sh --regenerate [BUILD]    writes the .out files anew: read the diff before committing it
#
# A script says `run COMMAND...` and gets a transcript: the command, its output and errors, its status when not 0. It starts in an
# empty folder with golden.tierce (tests/data; retrain.sh beside it says how it was made), golden-tiers.json and
# sample.jsonl, 600 simulated records. Deciding is exact on every machine, so the digits are as printed;
# what is fitted here and now goes through `coarse`, as another C library may move a last digit.
regenerate=
[ "$1" = --regenerate ] && regenerate=1 && shift
B=$(cd "${1:-build}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
passed=0 failed=0
mkdir "$T/bin"
ln -s "$B/tierce" "$T/bin/tierce"
PATH=$T/bin:$PATH
export PATH
# without the seed in the ids, so that the folds are those that the transcripts were written with
tierce simulate -n 600 --seed 3 | sed 's/-3","source"/","source"/' > "$T/sample.jsonl"
[ -s "$T/sample.jsonl" ] || exit 1
cat > "$T/lib.sh" <<'L'
run() {
    printf '$'
    for word in "$@"; do
        case $word in *[\ \"\\\{\$\?\*\;\&\|\<\>]* | '') printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac
    done
    echo
    "$@" 2>&1
    status=$?
    [ $status = 0 ] || echo "[status $status]"
}
# without what a clock says
timeless() { sed -E '/^the router itself:/d;/per million requests/d;s/[0-9.]+ s of CPU/(some) s of CPU/'; }
coarse() { timeless | sed -E 's/([0-9]+\.[0-9]{2})[0-9]+/\1/g;s/[0-9]+ bytes/(some) bytes/;s/[0-9]+ of [0-9]+ features/(some) features/'; }
L
# what a clock says
untimed() { sed -E 's/router itself: [0-9.]+ us .*\)/router itself: (some) us/;s/^  \$[0-9.e+-]+ per million requests(, [0-9.e+-]+ %)?.*/  (some) per million requests/'; }
for script in "$here"/golden/*.sh; do
    name=$(basename "$script" .sh)
    rm -rf "$T/work"
    mkdir "$T/work"
    cp "$here/../data/golden.tierce" "$here/../data/golden-tiers.json" "$T/sample.jsonl" "$T/work"
    (cd "$T/work" && . "$T/lib.sh" && . "$script") 2>&1 | untimed > "$T/out"
    if [ -n "$regenerate" ]; then
        cp "$T/out" "$here/golden/$name.out"
    elif diff -u "$here/golden/$name.out" "$T/out" > "$T/diff" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED golden/$name.sh: sh tests/cli/golden.sh --regenerate, when this is as it should be"
        head -40 "$T/diff"
    fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
