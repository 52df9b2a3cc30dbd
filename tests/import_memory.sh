#!/bin/sh
# An import in constant memory: import_memory.sh BUILD [MIB]. Makes MIB megabytes (default 64) of JSONL of
# two models, imports them, and fails where more than 64 MiB were ever resident. 2000 is the bar of the issue.
B=$1 mib=${2:-64}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
awk -v bytes="$mib" 'BEGIN {
    bytes *= 1048576
    srand(7)
    for (b = 0; b < 50; b++) for (k = 0; k < 150; k++) p[b] = p[b] sprintf("%c%c%c%c%c ", 97 + rand() * 26, 97 + rand() * 26, 97 + rand() * 26, 97 + rand() * 26, 97 + rand() * 26)
    while (used < bytes) {
        d = int(n / 2)
        s = sprintf("{\"id\":\"q%d\",\"prompt\":\"%d %s\",\"model\":\"%s\",\"score\":%d,\"cost_usd\":0.00%d,\"input_tokens\":%d}", d, d, p[d % 50], n++ % 2 ? "flash" : "pro", d % 3 != 0, d % 9, d % 1000)
        used += length(s) + 1
        print s
    }
}' > "$dir/in.jsonl"
"$B/tierce-train" import generic "$dir/in.jsonl" -o "$dir/out.jsonl" 2> "$dir/report" &
pid=$!
most=0
while now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status 2>/dev/null) && [ -n "$now" ]; do
    most=$now
    sleep 0.05
done
wait $pid || { cat "$dir/report"; exit 1; }
[ "$most" -gt 0 ] || { echo "it ended before it was looked at"; exit 1; }
echo "$(($(wc -c < "$dir/in.jsonl") / 1048576)) MiB, $(wc -l < "$dir/in.jsonl") lines, $(wc -l < "$dir/out.jsonl") records: at most $most KiB resident"
[ "$most" -le 65536 ] && [ "$(wc -l < "$dir/out.jsonl")" -eq $((($(wc -l < "$dir/in.jsonl") + 1) / 2)) ]
