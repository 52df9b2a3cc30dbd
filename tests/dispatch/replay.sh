#!/bin/sh
# Real records replayed through dispatch -> serve -> a mock that answers with the recorded outcomes.
#   1. all records, a model of them all: the same decisions as `tierce score`, the same spend as recorded
#   2. held out: train, tune a goal and evaluate on three parts (`tierce data split` by crc32 of the id),
#      then replay the part that neither training nor tuning saw. What `tierce eval -m` says of it (score,
#      cost, saving, shares) against what the replay booked and scored; and what `tierce tune` promised
#      from other records, with its interval for as many requests as these
#   3. with the recorded latency: what the log measures
# $1: build directory, $2: programs under test, $3: scratch, then: RECORDS VALUE PART TIER...
# (PART: of the best tier's score to keep). PRICES="IN/OUT IN/OUT …", USD per million tokens: the spend is
# then tokens by these prices; else what the mock says that it charges, as some providers do.
B=$1 P=$2 T=$3/replay R=$4 V=$5 PART=$6
shift 6
passed=0 failed=0
[ -f "$R" ] || { echo "skipped: no $R"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
is() { if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED $1: $2, wanted $3"; fi; }
# near NAME GOT WANT BY: as numbers
near() { is "$1" "$(awk -v a="$2" -v b="$3" -v by="$4" 'BEGIN { d = a - b; if (d < 0) d = -d; print (a != "" && b != "" && d <= by ? "near" : a) }')" near; [ "$2" = "" ] || printf '# %s: %s, said %s\n' "$1" "$2" "$3"; }
within() { is "$1 within [$3, $4]" "$(awk -v a="$2" -v l="$3" -v h="$4" 'BEGIN { print (a != "" && l != "" && a >= l && a <= h ? "within" : a) }')" within; printf '# %s: %s, promised [%s, %s]\n' "$1" "$2" "$3" "$4"; }
die() { cat "$T/err"; echo "$passed passed, $((failed + 1)) failed"; exit 1; }
rm -rf "$T"; mkdir -p "$T"
name=$(basename "$R" .jsonl.gz) list=$(echo "$*" | tr ' ' ,) list_of=$*
mock='' serve=''
trap 'kill $mock $serve 2>/dev/null' EXIT
wait_for() { i=0; while ! [ -s "$1" ] && [ $i -lt 400 ]; do sleep 0.05; i=$((i + 1)); done; }
# only records that have an outcome of every tier: the mock knows no other, and eval judges these
whole() { awk -v list="$list_of" 'BEGIN { n = split(list, t, " ") } { for (i = 1; i <= n; i++) if (!index($0, "\"" t[i] "\": {\"score\"")) next; print }'; }
tiers() { # PORT PATH [MODEL]: every tier there, asked for MODEL or its own name
    printf '{"retry": {"retries": 0}, "tiers": ['
    s='' left=${PRICES:-}
    for t in $list_of; do
        price=${left%% *} left=${left#* }
        printf '%s{"name": "%s", "prices": {"input": %s, "output": %s}, "endpoints": [{"base_url": "http://127.0.0.1:%s%s/v1", "model": "%s"}]}' \
            "$s" "$t" "$(v=${price%/*}; echo "${v:-0}")" "$(v=${price#*/}; echo "${v:-0}")" "$1" "$2" "${3:-$t}"
        s=', '
    done
    printf ']}\n'
}
# replay RECORDS MODEL OUT SCALE CONCURRENCY OPTIONS...: answers to OUT/answers, the server's log to OUT/log
replay() {
    r=$1 m=$2 out=$3 scale=$4 c=$5
    shift 5
    mkdir -p "$out"; rm -f "$out"/*
    "$B/mock" --ports "$out/ports" --recorded "$r" --latency-scale "$scale" > "$out/mock.log" 2>&1 & mock=$!
    wait_for "$out/ports"
    tiers "$(sed 's/port=\([0-9]*\).*/\1/' "$out/ports")" "/s/recorded${PRICES:+,cost=no}" > "$out/inner.json"
    "$P/tierce-dispatch" serve -m "$m" "$@" --tiers "$out/inner.json" --log "$out/log" --log-fsync never --listen 127.0.0.1:0 --port-file "$out/port" 2> "$out/serve.err" & serve=$!
    wait_for "$out/port"
    # the outer dispatch forces one tier, behind which stands "tierce" on the server
    tiers "$(cat "$out/port")" "" tierce > "$out/outer.json"
    sed "s/^{/{\"model\": \"${list_of%% *}\", /" "$r" > "$out/requests"
    "$P/tierce-dispatch" dispatch -m "$m" --tiers "$out/outer.json" -c "$c" --fsync never -o "$out/answers" "$out/requests" 2> "$T/err"
    is "$name: all answered" $? 0
    kill $serve; wait $serve
    is "$name: the server ends well" $? 0
    kill $mock; wait $mock 2> /dev/null
    sed 's/.*"body":{[^{]*"model":"\([^"]*\)".*/\1/' "$out/answers" > "$out/got"
    awk '{ s += substr($0, index($0, "\"cost_usd\": ") + 12) } END { printf "%.8f", s }' "$out/log" > "$out/spent"
}
# recorded FIELD TIERS RECORDS: sum of the field over the tier named on each line
recorded() { paste -d '\t' "$2" "$3" | awk -F '\t' -v f="\"$1\": " '{ k = "\"" $1 "\": {"; r = substr($2, index($2, k)); r = substr(r, 1, index(r, "}")); if ((at = index(r, f))) s += substr(r, at + length(f)) } END { printf "%.8f", s }'; }
# always FIELD RECORDS: "sum tier" of every tier alone
always() { for t in $list_of; do yes "$t" | head -n "$(wc -l < "$2")" > "$T/one"; echo "$(recorded "$1" "$T/one" "$2") $t"; done; }

# ---- 1. as score decides, as recorded ----
gzip -dc "$R" | whole > "$T/all.jsonl"
n=$(wc -l < "$T/all.jsonl")
"$B/tierce" train -q --slots 8192 --inner-folds 2 --tiers "$list" "$R" -o "$T/all.tierce" 2> "$T/err" || die
replay "$T/all.jsonl" "$T/all.tierce" "$T/a" 0 1 --value "$V"
"$B/tierce" score -q -m "$T/all.tierce" --value "$V" "$T/all.jsonl" | sed 's/.*"tier": "\([^"]*\)", "p".*/\1/' > "$T/want"
is "$name: $n decisions as tierce score's" "$(cmp -s "$T/want" "$T/a/got" && wc -l < "$T/a/got")" "$n"
truth=$(recorded cost_usd "$T/want" "$T/all.jsonl") spent=$(cat "$T/a/spent")
is "$name: spend as recorded ($truth)" "$(awk -v a="$spent" -v b="$truth" 'BEGIN { d = a - b; if (d < 0) d = -d; print (d < 1e-6 * (1 + b) && b > 0 ? "yes" : a) }')" yes
echo "# replay $name: $n decisions, $(sort -u "$T/a/got" | wc -l) tiers used, \$$spent booked, \$$truth recorded, \$$(always cost_usd "$T/all.jsonl" | sort -g | tail -1 | cut -d ' ' -f 1) with the dearest tier alone"

# ---- 2. held out: promised and realised ----
"$B/tierce" data split --shares 40/10/50 -o "$T/part" "$R" > "$T/err" 2>&1 || die
whole < "$T/part-test.jsonl" > "$T/held.jsonl"
n=$(wc -l < "$T/held.jsonl")
"$B/tierce" train -q --slots 8192 --inner-folds 2 --tiers "$list" "$T/part-train.jsonl" -o "$T/m.tierce" 2> "$T/err" || die
"$B/tierce" tune -m "$T/m.tierce" --keep-quality "$PART" --name keep --rounds 200 --batch "$n" --json "$T/part-dev.jsonl" > "$T/tuned" 2> "$T/err" || die
"$B/tierce" eval -q -m "$T/m.tierce" --resamples 20 --shuffles 0 "$T/held.jsonl" > "$T/judged" 2> "$T/err" || die
replay "$T/held.jsonl" "$T/m.tierce" "$T/b" 0 1 --point keep
said() { sed -n '/^operating points/,$p' "$T/judged" | sed -n "s/.*$1.*/\\1/p" | head -1; }
spent=$(cat "$T/b/spent")
score=$(sed 's/.*"content":"\([0-9.e+-]*\)".*/\1/' "$T/b/answers" | awk '{ s += $1 } END { printf "%.6f", s / NR }')
# of what eval compares with: the best tier's cost, from the records
best=$(always score "$T/held.jsonl" | sort -rg | head -1)
yes "${best#* }" | head -n "$n" > "$T/best"
dear=$(recorded cost_usd "$T/best" "$T/held.jsonl")
per_1k=$(awk -v s="$spent" -v n="$n" 'BEGIN { printf "%.6f", 1000 * s / n }')
saving=$(awk -v s="$spent" -v d="$dear" 'BEGIN { printf "%.4f", 100 * (1 - s / d) }')
near "$name, $n held out: score" "$score" "$(said 'keep  *score \([0-9.]*\)')" 0.00005001
near "$name, $n held out: USD per 1,000" "$per_1k" "$(said 'cost \$\([0-9.]*\) per 1,000')" 0.00005001
near "$name, $n held out: % saved against always ${best#* }" "$saving" "$(said 'saves \([0-9.-]*\) %')" 0.05001
for t in $(sort -u "$T/b/got"); do
    near "$name, $n held out: % to $t" "$(grep -cx "$t" "$T/b/got" | awk -v n="$n" '{ printf "%.4f", 100 * $1 / n }')" "$(said "[ ,]$t \\([0-9.]*\\) % \\[")" 0.05001
done
# tune's JSON: "name": [held out, low, high in the long run, low, high for the next batch]
promised() { sed "s/.*\"$1\": \[\([^]]*\)\].*/\1/" "$T/tuned" | awk -F ', ' -v i="$2" '{ print $i }'; }
within "$name: score of the next $n" "$score" "$(promised score 4)" "$(promised score 5)"
within "$name: USD a request of the next $n" "$(awk -v s="$spent" -v n="$n" 'BEGIN { printf "%.9f", s / n }')" "$(promised cost_usd 4)" "$(promised cost_usd 5)"
reference=$(sed 's/.*"reference": "\([^"]*\)".*/\1/' "$T/tuned")
yes "$reference" | head -n "$n" > "$T/best"
saving=$(awk -v s="$spent" -v d="$(recorded cost_usd "$T/best" "$T/held.jsonl")" 'BEGIN { printf "%.6f", 1 - s / d }')
within "$name: saving against always $reference of the next $n" "$saving" "$(promised saving 4)" "$(promised saving 5)"

# ---- 3. latency as recorded ----
awk '!seen[substr($0, index($0, "\"messages\""), 400)]++' "$T/held.jsonl" | head -60 > "$T/few.jsonl"
replay "$T/few.jsonl" "$T/m.tierce" "$T/c" 1 60 --point keep
truth=$(recorded latency_s "$T/c/got" "$T/few.jsonl")
spent=$(awk '{ s += substr($0, index($0, "\"latency_s\": ") + 13) } END { printf "%.4f", s }' "$T/c/log")
is "$name: latency as recorded ($truth s)" "$(awk -v a="$spent" -v b="$truth" 'BEGIN { print (b > 0 && a >= b - 0.1 && a <= b * 1.05 + 60 * 0.1 ? "yes" : a) }')" yes
echo "# $name: 60 requests with the recorded latency: $truth s recorded, $spent s in the log"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
