# For the dispatcher's shell tests, sourced once B, P and the folder T are set: counting, and the mock upstream.
passed=0 failed=0
mkdir -p "$T"
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAILED $1"; tail -c 600 "$T/err"; }
is() { if [ "$2" = "$3" ]; then ok; else bad "$1: $2, wanted $3"; fi; }
# says NAME PATTERN: the last complaint
says() { if grep -q "$2" "$T/err"; then ok; else bad "$1: no '$2'"; fi; }
# start_mock OPTIONS...: its port is $port; it ends with the script
start_mock() {
    "$B/mock" --ports "$T/ports" "$@" > "$T/mock.log" 2>&1 &
    mock=$!
    trap 'kill $mock 2>/dev/null' EXIT
    while ! grep -q port "$T/ports" 2> /dev/null; do sleep 0.05; done
    port=$(sed 's/port=\([0-9]*\).*/\1/' "$T/ports")
}
