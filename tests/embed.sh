#!/bin/sh
# The embedding examples of docs/embed, each run: the C program by pkg-config and as single files, the route daemon
# behind the distribution's real nginx and HAProxy. embed.sh BUILD
B=$1
. "$(dirname "$0")/cli/lib.sh"
skipped=0
CC=${CC:-cc}
D=docs/embed
M=$T/m.tierce
"$B/tierce" simulate -n 400 --seed 5 -o "$T/a.jsonl" && "$B/tierce" train -q --tiers flash,pro "$T/a.jsonl" -o "$M" || exit 1
# prompts of both tiers' liking, and what the command line says about them
sed -n 's/.*"content":"\([^"\\]*\)"}\],"outcomes.*/\1/p' "$T/a.jsonl" | sort -u > "$T/prompts"
while read -r p; do printf '{"prompt":"%s"}\n' "$p"; done < "$T/prompts" > "$T/prompts.jsonl"
said() { "$B/tierce" score -q -m "$M" "$@" "$T/prompts.jsonl" | sed 's/.*"tier": "\([a-z]*\)".*/\1/'; }
said > "$T/tiers"
paste "$T/tiers" "$T/prompts" | awk -F '\t' 'n[$1]++ < 12 { print $2 }' > "$T/some" # a dozen for each tier
mv "$T/some" "$T/prompts"
while read -r p; do printf '{"prompt":"%s"}\n' "$p"; done < "$T/prompts" > "$T/prompts.jsonl"
said > "$T/tiers"
said --value 0.05 > "$T/tiers5"
runs 0 '^2$' sh -c "sort -u $T/tiers | wc -l"

make -s install B="$B" DESTDIR="$T/root" PREFIX=/usr > "$T/out" 2>&1 || { echo "FAILED make install"; failed=$((failed + 1)); }
if command -v pkg-config > /dev/null 2>&1; then
    pc="env PKG_CONFIG_PATH=$T/root/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$T/root pkg-config"
    runs 0 '' sh -c "$CC -Wall -Wextra -Werror $D/plain.c \$($pc --cflags --libs tierce) -o $T/plain"
    runs 0 '' sh -c "LD_LIBRARY_PATH=$T/root/usr/lib $T/plain $M < $T/prompts | cmp - $T/tiers5"
    runs 0 '' sh -c "$CC -static-libgcc $D/plain.c \$($pc --cflags tierce) $T/root/usr/lib/libtierce.a \$($pc --static --libs-only-l tierce | sed 's/-ltierce//') -o $T/plain2 && $T/plain2 $M < $T/prompts | cmp - $T/tiers5"
else
    skipped=$((skipped + 3)); echo "skipped pkg-config (needs pkg-config)"
fi
sh tests/check/single.sh "$T/single" > /dev/null || exit 1
runs 0 '' sh -c "$CC -O2 -DTIERCE_SINGLE -I$T/single $D/plain.c $T/single/tierce.c -lz -lm -o $T/plain3 && $T/plain3 $M < $T/prompts | cmp - $T/tiers5"
runs 0 '^4[0-9]$|^3[0-9]$' sh -c "wc -l < $D/plain.c"

runs 0 '' $CC -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -I. $D/routed.c data/json.c data/request_json.c "$B/libtierce.a" -lz -lm -o "$T/routed"
command -v curl > /dev/null 2>&1 || { skipped=$((skipped + 1)); echo "skipped the servers (needs curl)"; echo "$passed passed, $failed failed, $skipped skipped"; [ $failed = 0 ]; exit; }
command -v python3 > /dev/null 2>&1 || { skipped=$((skipped + 1)); echo "skipped the servers (needs python3)"; echo "$passed passed, $failed failed, $skipped skipped"; [ $failed = 0 ]; exit; }
# two tiers that say who they are and what they got
cat > "$T/tier.py" <<'P'
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Tier(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('content-length') or 0))
        out = b'%s %s %d\n' % (sys.argv[2].encode(), (self.headers.get('x-tierce-tier') or '-').encode(), len(body))
        self.send_response(200); self.send_header('content-length', str(len(out))); self.end_headers(); self.wfile.write(out)
    do_GET = do_POST
    def log_message(self, *a): pass
ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Tier).serve_forever()
P
ports=$(python3 -c "
import socket
s = [socket.socket() for _ in range(5)]
for x in s: x.bind(('127.0.0.1', 0))
print(*[x.getsockname()[1] for x in s])")
set -- $ports
route=$1 flash=$2 pro=$3 nginx=$4 haproxy=$5
pids=
trap 'kill $pids 2> /dev/null; rm -rf "$T"' EXIT
start() { "$@" > "$T/log" 2>&1 & pids="$pids $!"; }
start python3 "$T/tier.py" "$flash" flash
start python3 "$T/tier.py" "$pro" pro
start "$T/routed" "$M" "$route"
daemon=$!
up() { for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do curl -s -o /dev/null -X POST "http://127.0.0.1:$1/" && return; sleep 0.2; done; }
up "$flash"; up "$pro"; up "$route"
fill() { sed -e "s/ROUTE_PORT/$route/;s/FLASH_PORT/$flash/;s/PRO_PORT/$pro/;s/NGINX_PORT/$nginx/;s/HAPROXY_PORT/$haproxy/;s,LUA_FILE,$PWD/$D/haproxy.lua," "$1"; }
# the request as a client sends it
body() { printf '{"model":"x","messages":[{"role":"user","content":"%s"}]}' "$1"; }
# through URL: every prompt must arrive at its tier, whole
through() {
    i=0
    while read -r p; do
        i=$((i + 1))
        tier=$(sed -n "${i}p" "$T/tiers")
        body "$p" > "$T/body"
        got=$(curl -s --max-time 5 -H 'content-type: application/json' --data-binary @"$T/body" "$1")
        [ "$got" = "$tier $tier $(wc -c < "$T/body")" ] || { echo "prompt $i: \"$got\", wanted $tier $(wc -c < "$T/body")"; return 1; }
    done < "$T/prompts"
}
runs 0 'x-tierce-tier: (flash|pro)' curl -si --data-binary 'hello' "http://127.0.0.1:$route/v1/route"

if command -v nginx > /dev/null 2>&1 || [ -x /usr/sbin/nginx ]; then
    fill $D/nginx.conf > "$T/nginx.conf"
    start "$(command -v nginx || echo /usr/sbin/nginx)" -p "$T" -c "$T/nginx.conf" -e "$T/nginx.log" -g "daemon off; pid $T/nginx.pid; user root;"
    up "$nginx"
    runs 0 '' through "http://127.0.0.1:$nginx/v1/chat/completions"
    p=$(grep -n pro "$T/tiers" | head -1 | cut -d: -f1)
    runs 0 '^pro pro 2$' curl -s -H "x-prompt: $(sed -n "${p}p" "$T/prompts")" --data 'ab' "http://127.0.0.1:$nginx/by-header"
    p=$(grep -n flash "$T/tiers" | head -1 | cut -d: -f1)
    runs 0 '^flash flash 2$' curl -s -H "x-prompt: $(sed -n "${p}p" "$T/prompts")" --data 'ab' "http://127.0.0.1:$nginx/by-header"
else
    skipped=$((skipped + 3)); echo "skipped nginx (Debian: nginx-light)"
fi
if command -v haproxy > /dev/null 2>&1 || [ -x /usr/sbin/haproxy ]; then
    fill $D/haproxy.cfg > "$T/haproxy.cfg"
    TIERCE_ROUTE=http://127.0.0.1:$route/v1/route
    export TIERCE_ROUTE
    start "$(command -v haproxy || echo /usr/sbin/haproxy)" -db -f "$T/haproxy.cfg"
    up "$haproxy"
    runs 0 '' through "http://127.0.0.1:$haproxy/v1/chat/completions"
else
    skipped=$((skipped + 1)); echo "skipped HAProxy (Debian: haproxy)"
fi
# a new model by rename and SIGHUP; a bad one leaves it in place
"$B/tierce" train -q --tiers flash,pro --slots 500 "$T/a.jsonl" -o "$T/new" && sed 's/flash/alpha/g' "$T/a.jsonl" > "$T/b.jsonl" && "$B/tierce" train -q --tiers alpha,pro "$T/b.jsonl" -o "$T/other"
head -c 3000 "$T/other" > "$T/half" && mv "$T/half" "$M" && kill -HUP $daemon
curl -s -o /dev/null --data x "http://127.0.0.1:$route/"
runs 0 'x-tierce-tier: (flash|pro)' curl -si --data-binary 'hello' "http://127.0.0.1:$route/v1/route"
mv "$T/other" "$M" && kill -HUP $daemon
curl -s -o /dev/null --data x "http://127.0.0.1:$route/"
runs 0 'x-tierce-tier: (alpha|pro)' curl -si --data-binary 'hello' "http://127.0.0.1:$route/v1/route"
# the route daemon dies: the default tier goes on
kill $daemon
sleep 0.2
[ -f "$T/nginx.conf" ] && runs 0 '^flash' curl -s --data '{"prompt":"x"}' "http://127.0.0.1:$nginx/v1/chat/completions"
[ -f "$T/haproxy.cfg" ] && runs 0 '^flash' curl -s --data '{"prompt":"x"}' "http://127.0.0.1:$haproxy/v1/chat/completions"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
