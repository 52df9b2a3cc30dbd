#!/bin/sh
# The WebAssembly module, by the distribution's clang, lld and wasi-libc: build.sh OUT.wasm
# (Debian: clang lld wasi-libc libclang-rt-14-dev-wasm32). Linked by wasm-ld itself: the clang driver
# would run whatever wasm-opt is on the PATH.
out=$1
CLANG=${WASM_CC:-clang} LD=${WASM_LD:-wasm-ld}
for tool in "$CLANG" "$LD"; do
    command -v "$tool" > /dev/null 2>&1 || { echo "wasm: no $tool (Debian: apt-get install clang lld wasi-libc)" >&2; exit 1; }
done
libc=
for d in /usr/lib/wasm32-wasi /usr/lib/x86_64-linux-gnu/wasm32-wasi "$WASI_LIBC"; do [ -f "$d/libc.a" ] && libc=$d; done
[ -n "$libc" ] || { echo "wasm: no wasi-libc (Debian: apt-get install wasi-libc)" >&2; exit 1; }
objects=$(mktemp -d) || exit 1
trap 'rm -rf "$objects"' EXIT
set -e
for f in infer/wasm/module.c infer/wasm/inflate.c features/*.c models/*.c infer/router.c infer/policy.c data/json.c data/request_json.c; do
    [ "$f" = models/encode.c ] && continue # a reader writes no models
    case $f in # what runs for every byte is made fast, the rest small: 40 KB is the bar
    features/scan.c) o="-O2 -fno-unroll-loops" ;;
    models/decode*.c | models/bytes.c | models/container.c | models/tiny.c | features/named_out.c | infer/wasm/*.c | data/*.c) o=-Oz ;;
    *) o=-Os ;;
    esac
    "$CLANG" --target=wasm32-wasi -std=c11 $o -DTIERCE_NO_HELP -mbulk-memory -msimd128 -ffp-contract=off -fvisibility=hidden \
        -Wall -Wextra -Iinfer/wasm/shim -I. -c "$f" -o "$objects/$(echo "$f" | tr / _).o"
done
"$LD" --no-entry --gc-sections --strip-all -z stack-size=131072 "$objects"/*.o -L"$libc" -lc -o "$out"
