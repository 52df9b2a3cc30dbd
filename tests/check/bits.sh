#!/bin/sh
# The same bits everywhere: the edge library built by every compiler, optimisation and machine that is here
# gives the estimates of 2,000 requests, compared byte for byte with gcc -O2 on this machine.
# bits.sh BUILD MODEL... Foreign builds use infer/wasm/inflate.c, having no zlib.
B=$1/bits
shift
mkdir -p "$B"
passed=0 failed=0 skipped=0
edge="$(ls features/*.c models/*.c | grep -v models/encode.c) infer/router.c infer/policy.c $(ls infer/router_file.c 2>/dev/null)"
flags="-std=c11 -D_POSIX_C_SOURCE=200809L -I."
own="-Iinfer/wasm/shim infer/wasm/inflate.c"
reference=
# build NAME RUNNER COMMAND...: compiles, runs on every model, compares
build() {
    name=$1 run=$2
    shift 2
    # shellcheck disable=SC2086
    if ! "$@" $flags tests/bits.c $edge -o "$B/$name" $libs -lm 2> "$B/$name.log"; then
        echo "FAILED: $name does not build: $(head -3 "$B/$name.log")"
        failed=$((failed + 1))
        return
    fi
    i=0
    for m in $models; do
        i=$((i + 1))
        $run "$B/$name" "$m" > "$B/$name.$i" 2> "$B/$name.log"
        if [ $? -ne 0 ]; then
            echo "FAILED: $name on $m: $(head -3 "$B/$name.log")"
            failed=$((failed + 1))
        elif [ -z "$reference" ] || cmp "$B/$reference.$i" "$B/$name.$i"; then
            passed=$((passed + 1))
        else
            echo "FAILED: $name gives other bits than $reference on $m"
            failed=$((failed + 1))
        fi
    done
    reference=${reference:-$name}
}
skip() { skipped=$((skipped + $(echo $models | wc -w))); echo "skipped $1 (needs $2)"; }
has() { command -v "$1" > /dev/null 2>&1; }
models=$*

libs=-lz
if has gcc; then
    build gcc-O2 "" gcc -O2 -ffp-contract=off
    build gcc-O0 "" gcc -O0 -ffp-contract=off
    build gcc-O3 "" gcc -O3 -ffp-contract=off -funroll-loops
    build avx2 "" gcc -O2 -ffp-contract=off -DTIERCE_NO_AVX512
    build no-vectors "" gcc -O2 -ffp-contract=off -DTIERCE_NO_VECTORS -DTIERCE_NO_CLONES
else skip gcc gcc; fi
if has clang; then
    build clang-O0 "" clang -O0 -ffp-contract=off
    build clang-O3 "" clang -O3 -ffp-contract=off
else skip clang clang; fi
libs=
if has gcc; then
    build own-inflate "" gcc -O2 -ffp-contract=off $own
fi
if echo 'int main(void){return 0;}' | ${CC:-gcc} -m32 -x c - -o "$B/m32" 2> /dev/null && "$B/m32"; then
    build m32-sse "" gcc -m32 -O2 -ffp-contract=off -msse2 -mfpmath=sse $own
    # x87 would give other bits; it must be refused when compiled, with the mend
    if gcc -m32 -mfpmath=387 $flags -c models/maths.c -o "$B/x87.o" 2>&1 | grep -q 'msse2 -mfpmath=sse'; then
        passed=$((passed + 1))
    else
        echo "FAILED: x87 arithmetic compiles without a word"
        failed=$((failed + 1))
    fi
else skip "-m32" gcc-12-multilib; fi
# arithmetic that rounds differently must not open the model at all: its self-test vectors see to that
refused() { # NAME COMMAND...
    name=$1
    shift
    first=${models%% *}
    # shellcheck disable=SC2086
    if "$@" -w $flags tests/bits.c $edge $own -o "$B/$name" -lm 2> "$B/$name.log" &&
        ! "$B/$name" "$first" > /dev/null 2> "$B/$name.log" && grep -q self-test "$B/$name.log"; then
        passed=$((passed + 1))
    else
        echo "FAILED: $name: the model opened, or: $(head -3 "$B/$name.log")"
        failed=$((failed + 1))
    fi
}
if has gcc && grep -qw fma /proc/cpuinfo 2> /dev/null; then
    refused fused "gcc" -O2 -mfma -ffp-contract=fast
fi
if [ -f "$B/m32-sse" ]; then refused x87 gcc -m32 -O2 -D__FLT_EVAL_METHOD__=0; fi
foreign() { # ARCH QEMU
    if has "$1-linux-gnu-gcc" && has "$2"; then
        build "$1" "$2" "$1-linux-gnu-gcc" -static -O2 -ffp-contract=off $own
    else skip "$1" "gcc-$1-linux-gnu libc6-dev-cross qemu-user"; fi
}
foreign aarch64 qemu-aarch64
foreign s390x qemu-s390x
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
