#!/bin/sh
# The WebAssembly package: built, packed, tested in Node and in Chromium, held against native.
# wasm.sh BUILD. Skipped where the compiler, Node or Chromium is missing.
B=$1
P=$B/npm/package
M=models/flash-pro.tierce
passed=0 failed=0 skipped=0
ok() { passed=$((passed + 1)); echo "ok: $1"; }
bad() { failed=$((failed + 1)); echo "FAILED: $1"; }
skip() { skipped=$((skipped + 1)); echo "skipped: $1"; }
end() { echo "$passed passed, $failed failed, $skipped skipped"; [ $failed = 0 ]; exit; }
for tool in clang wasm-ld node npm; do
    command -v $tool > /dev/null 2>&1 || { skip "the WebAssembly package (no $tool)"; end; }
done
[ -f /usr/lib/wasm32-wasi/libc.a ] || { skip "the WebAssembly package (no wasi-libc)"; end; }
sh infer/wasm/package.sh "$B" > "$B/npm.log" 2>&1 || { bad "package: $(tail -3 "$B/npm.log")"; end; }
ok "$(tail -1 "$B/npm.log")"
gz=$(gzip -9c "$P/tierce.wasm" | wc -c)
if [ "$gz" -le 40960 ]; then ok "module $gz bytes gzip"; else bad "module $gz bytes gzip, above 40 KiB"; fi
${CC:-cc} -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -ffp-contract=off -I. tests/wasm/native.c data/json.c data/request_json.c data/lines.c \
    "$B/libtierce.a" -o "$B/npm/native" -lz -lm || { bad "native.c does not build"; end; }
"$B/tierce" simulate -n 2000 --seed 21 -o "$B/npm/sim.jsonl" && node tests/wasm/requests.mjs "$B/npm/sim.jsonl" "$B/npm/requests"
node tests/wasm/requests.mjs -500 "$B/npm/short"
"$B/npm/native" bits $M "$B/npm/requests" > "$B/npm/bits" || bad "native bits"
"$B/npm/native" bits tests/golden/v1-tiny.tierce "$B/npm/requests" > "$B/npm/bits-tiny" || bad "native bits of a tiny file"
TIERCE_PACKAGE=$PWD/$P TIERCE_MODELS=$PWD/tests/golden TIERCE_MODEL=$PWD/$M TIERCE_REQUESTS=$PWD/$B/npm/requests \
    TIERCE_BITS=$PWD/$B/npm/bits node --test tests/wasm/package.test.mjs > "$B/npm/node.log" 2>&1
status=$?
p=$(sed -n 's/^# pass //p' "$B/npm/node.log") f=$(sed -n 's/^# fail //p' "$B/npm/node.log")
passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0}))
[ $status -eq 0 ] || { grep -a -A12 '^not ok' "$B/npm/node.log" | head -40; [ "${f:-0}" != 0 ] || bad "node --test: $(tail -3 "$B/npm/node.log")"; }
memory=$(node tests/wasm/time.mjs "$P" tests/golden/v1-two.tierce "$B/npm/short" 200 | cut -d' ' -f2)
if [ "${memory:-9999999}" -le 4194304 ]; then ok "memory $memory bytes with a small model"; else bad "memory $memory bytes"; fi
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -n "$chromium" ]; then
    if node tests/wasm/page.mjs "$chromium" "$P" $M "$B/npm/requests" "$B/npm/bits" > "$B/npm/page.log" 2>&1; then
        ok "$(tail -1 "$B/npm/page.log")"
    else bad "Chromium: $(tail -3 "$B/npm/page.log")"; fi
else skip "the package in a browser (no chromium)"; fi
end
