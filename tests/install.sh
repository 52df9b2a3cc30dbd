#!/bin/sh
# Installs the packages that tierce builds and tests with, where they are missing. Debian and its kin.
# With the word "everything": also what optional tests want (WebAssembly, other machines, real servers, a browser);
# gcc-12-multilib and not gcc-multilib, which would throw the cross compilers out.
if [ "${1:-}" = everything ]; then
    root=""
    [ "$(id -u)" = 0 ] || root=sudo
    $root apt-get update -qq > /dev/null 2>&1
    for package in clang lld wasi-libc nodejs npm chromium nginx-light haproxy pkg-config qemu-user gcc-12-multilib \
        gcc-aarch64-linux-gnu gcc-s390x-linux-gnu libc6-dev-arm64-cross libc6-dev-s390x-cross fasttext; do
        case $package in nodejs | npm) command -v "${package%js}" > /dev/null 2>&1 && continue ;; esac
        dpkg -s "$package" > /dev/null 2>&1 || DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends "$package" > /dev/null 2>&1 ||
            echo "without $package: tests that want it are skipped"
    done
fi
missing=""
has() { printf '#include <%s>\nint main(void){return 0;}\n' "$1" | ${CC:-cc} -fsyntax-only -x c - 2>/dev/null; }
command -v "${CC:-cc}" >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
has linear.h || missing="$missing liblinear-dev"
has cjson/cJSON.h || missing="$missing libcjson-dev"
has zstd.h || missing="$missing libzstd-dev"
has zlib.h || missing="$missing zlib1g-dev"
has cmocka.h 2>/dev/null || [ -f /usr/include/cmocka.h ] || missing="$missing libcmocka-dev"
has curl/curl.h || missing="$missing libcurl4-openssl-dev"
has event2/event.h || missing="$missing libevent-dev"
has sqlite3.h || missing="$missing libsqlite3-dev"
want=""
command -v gnuplot >/dev/null 2>&1 || want="gnuplot-nox"
# unpacks models faster
has libdeflate.h || want="$want libdeflate-dev"
# Redis as a ledger; redis-tools has the server's binary too, but starts no service
has hiredis/hiredis.h || want="$want libhiredis-dev"
command -v redis-server >/dev/null 2>&1 || command -v redis-check-rdb >/dev/null 2>&1 || want="$want redis-tools"
command -v parallel >/dev/null 2>&1 || want="$want parallel"
[ -z "$missing" ] && exit 0
echo "installing from the distribution:$missing $want"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "no apt-get here: please install the equivalents of:$missing" >&2
    exit 1
fi
root=""
[ "$(id -u)" = 0 ] || root=sudo
export DEBIAN_FRONTEND=noninteractive
$root apt-get update -qq >/dev/null 2>&1
# shellcheck disable=SC2086
$root apt-get install -y -qq $missing >/dev/null || { echo "apt-get install$missing failed" >&2; exit 1; }
[ -z "$want" ] || $root apt-get install -y -qq $want >/dev/null 2>&1 || echo "without $want: the demo's plot stays in the terminal, tests that want them are skipped, Redis is no ledger"
