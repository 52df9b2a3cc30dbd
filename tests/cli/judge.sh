#!/bin/sh
# tierce eval against ../shared/peers/judge.py, which shares no code with it, on a simulated sample. $1: build directory.
B=$1
. "$(dirname "$0")/lib.sh"
t=$B/tierce
judge=../shared/peers/judge.py
if [ ! -f $judge ] || ! command -v python3 > /dev/null 2>&1; then
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
# same LABEL TOLERANCE PATTERN_OURS PATTERN_THEIRS: the first number behind each pattern
same() {
    ours=$(sed -n "s/.*$3 *\\([-+0-9.]*[0-9]\\).*/\\1/p" "$T/ours" | head -1)
    theirs=$(sed -n "s/.*$4 *\\([-+0-9.]*[0-9]\\).*/\\1/p" "$T/theirs" | head -1)
    if [ -n "$ours" ] && [ -n "$theirs" ] && awk -v a="$ours" -v b="$theirs" -v e="$2" 'BEGIN { d = a - b; exit !(d <= e && d >= -e) }'; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $1: eval says '$ours', judge.py '$theirs'"
    fi
}
# Where the gap divides by 2 or 5, PGR may be 0.5 or 0.8 exactly for a while and judge.py's rounding misses the start of that:
# such samples are passed over.
seed=0 done=0
while [ $done -lt 2 ] && [ $seed -lt 20 ]; do
    seed=$((seed + 1))
    "$t" simulate -n 1000 --seed $seed -o "$T/s.jsonl"
    gap=$(python3 -c 'import json,sys
print(sum(o["pro"]["score"] - o["flash"]["score"] for o in (json.loads(l)["outcomes"] for l in sys.stdin)))' < "$T/s.jsonl")
    if [ $((gap % 2)) = 0 ] || [ $((gap % 5)) = 0 ]; then continue; fi
    done=$((done + 1))
    "$t" eval -q -j 2 --folds 2 --resamples 0 --tiers flash,pro --predictions "$T/p.jsonl" "$T/s.jsonl" > "$T/ours"
    python3 $judge "$T/s.jsonl" flash pro "$T/p.jsonl" > "$T/theirs" 2>&1
    same "APGR, seed $seed" 0.0011 '  APGR' 'APGR'
    same "CPT50, seed $seed" 0.0011 '  CPT50' 'CPT50'
    same "CPT80, seed $seed" 0.0011 '  CPT80' 'CPT80'
    same "LIFT, seed $seed" 0.006 '  LIFT' 'LIFT'
    same "ECE, seed $seed" 0.0006 'ECE' 'ECE'
    same "Brier, seed $seed" 0.0006 'Brier' 'Brier'
    same "score of flash, seed $seed" 0.0001 'always flash *score' 'flash:'
    same "score of the oracle, seed $seed" 0.0001 'oracle (best tier per request) *score' 'oracle:'
    python3 $judge --frontier "$T/s.jsonl" flash,pro "$T/p.jsonl" > "$T/theirs" 2>&1
    same "AIQ, seed $seed" 0.0001 '  AIQ' 'p.jsonl *AIQ'
    same "AIQ of the mix, seed $seed" 0.0001 'random mix' 'mix AIQ'
    same "cost of pro, seed $seed" 0.0000011 'always pro .*cost \$' '  pro .*cost \$'
    same "cost of the oracle, seed $seed" 0.0000011 'oracle .*cost \$' 'oracle .*cost \$'
    if grep -q 'never reached' "$T/ours"; then runs 0 'never reached' cat "$T/theirs"; else same "saving, seed $seed" 0.051 "saving at [a-z]*'s score:" 'quality:'; fi
done
done_
