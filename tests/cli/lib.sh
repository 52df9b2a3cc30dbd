# Helpers of the CLI tests. Each case counts once.
passed=0 failed=0
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
say_bad() { failed=$((failed + 1)); echo "FAILED $1: status $status"; head -c 600 "$T/out" "$T/err"; echo; }
# runs STATUS PATTERN COMMAND...: exit status, and a pattern (grep -E) in stdout or stderr
runs() {
    want=$1 pattern=$2
    shift 2
    "$@" > "$T/out" 2> "$T/err"
    status=$?
    if [ $status -ne "$want" ]; then say_bad "[want $want] $*"; return; fi
    if [ -n "$pattern" ] && ! cat "$T/out" "$T/err" | grep -aqE -- "$pattern"; then say_bad "[no /$pattern/] $*"; return; fi
    if grep -aq 'Sanitizer\|runtime error' "$T/err"; then say_bad "[sanitizer] $*"; return; fi
    passed=$((passed + 1))
}
done_() { echo "$passed passed, $failed failed${skipped:+, $skipped skipped}"; [ $failed = 0 ]; }
