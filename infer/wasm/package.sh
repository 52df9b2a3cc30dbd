#!/bin/sh
# make wasm: the npm package in BUILD/npm/package and its tarball beside it. package.sh BUILD
set -e
B=$1
P=$B/npm/package
rm -rf "$P"
mkdir -p "$P"
sh infer/wasm/build.sh "$P/tierce.wasm"
cp infer/wasm/npm/* LICENSE "$P"
cp docs/wasm.md "$P/README.md"
chmod 644 "$P"/*
(cd "$P" && npm pack --silent --pack-destination .. > /dev/null 2>&1)
echo "$(ls "$B"/npm/tierce-*.tgz): $(wc -c < "$P/tierce.wasm") bytes of module, $(gzip -9c "$P/tierce.wasm" | wc -c) gzip; tarball $(wc -c < "$(ls "$B"/npm/tierce-*.tgz)")"
