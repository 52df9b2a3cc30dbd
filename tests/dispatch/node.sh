#!/bin/sh
# The official OpenAI Node SDK against tierce serve; skipped where node, npm or the registry are not
# there. $1: build directory, $2: programs under test, $3: scratch.
B=$1 P=$2 T=$3/node
N=$B/node
skip() { echo "skipped: $1"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
command -v node > /dev/null && command -v npm > /dev/null || skip "no node or npm"
mkdir -p "$T" "$N"
cp tests/dispatch/node/package.json tests/dispatch/node/client.mjs "$N/"
[ -d "$N/node_modules/openai" ] || (cd "$N" && timeout 60 npm install --no-audit --no-fund --silent > /dev/null 2>&1) || skip "the npm registry cannot be reached"
export KEY=sk-test-0123456789abcdef CLIENT_KEYS="client-key-1, client-key-2"
"$B/mock" --ports "$T/ports" > "$T/mock.log" 2>&1 &
mock=$!
while ! grep -q port "$T/ports" 2> /dev/null; do sleep 0.05; done
port=$(sed 's/port=\([0-9]*\).*/\1/' "$T/ports")
tier() { echo "{\"name\": \"$1\", \"prices\": {\"input\": 1.5, \"output\": 9}, \"endpoints\": [{\"base_url\": \"http://127.0.0.1:$port/v1\", \"model\": \"mock:$2\", \"key_env\": \"KEY\"}]}"; }
cat > "$T/tiers.json" <<EOT
{"tiers": [$(tier flash ok,in=100,out=20), $(tier pro ok,in=100,out=20), $(tier ok ok,in=100,out=20), $(tier tool tool),
           $(tier bad 400), $(tier limited 429), $(tier broken 500), $(tier mid mid-error), $(tier cut eof), $(tier slow ok,first=5000)],
 "retry": {"base_s": 0.005, "cap_s": 0.02, "breaker_failures": 1000}}
EOT
"$P/tierce-dispatch" serve -m models/flash-pro.tierce --tiers "$T/tiers.json" --client-keys-env CLIENT_KEYS --listen 127.0.0.1:0 --port-file "$T/port" 2> "$T/err" &
serve=$!
trap 'kill $mock $serve 2>/dev/null' EXIT
i=0
while ! [ -s "$T/port" ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done
(cd "$N" && timeout 60 node client.mjs "$(cat "$T/port")") > "$T/out" 2>&1
status=$?
grep -v '^[0-9]* passed' "$T/out"
p=$(sed -n 's/^\([0-9]*\) passed.*/\1/p' "$T/out") f=$(sed -n 's/^[0-9]* passed, \([0-9]*\) failed.*/\1/p' "$T/out")
p=${p:-0} f=${f:-0}
[ $status -ne 0 ] && [ "$f" = 0 ] && f=1 && tail -3 "$T/out"
kill $serve; wait $serve
if [ $? -eq 0 ] && ! grep -q 'ERROR: \|runtime error\|ThreadSanitizer\|0123456789abcdef\|client-key' "$T/err"; then p=$((p + 1)); else f=$((f + 1)); echo "FAILED the server's end"; cat "$T/err"; fi
echo "$p passed, $f failed"
[ "$f" = 0 ]
