#!/bin/sh
# Goals, promises, verdicts, logs and drift on the command line. $1: build directory.
B=$1
. "$(dirname "$0")/lib.sh"
t=$B/tierce
"$t" simulate -n 3000 --seed 11 -o "$T/all.jsonl" || exit 1
head -1500 "$T/all.jsonl" > "$T/a.jsonl"
tail -1500 "$T/all.jsonl" > "$T/b.jsonl"
"$t" train -q --c 0.5 --tiers flash,pro "$T/a.jsonl" -o "$T/m" || exit 1
cp "$T/m" "$T/fresh"
for c in tune compare drift; do runs 0 "usage: tierce $c" "$t" $c --help; done

# tune: usage
runs 2 'which model' "$t" tune --all "$T/b.jsonl"
runs 2 'one goal' "$t" tune -m "$T/m" "$T/b.jsonl"
runs 2 'one goal' "$t" tune -m "$T/m" --keep-quality 0.9 --max-cost-per-1k 1 "$T/b.jsonl"
runs 2 'held-out records' "$t" tune -m "$T/m" --all
runs 2 'must be PART or PART:TIER' "$t" tune -m "$T/m" --keep-quality lots "$T/b.jsonl"
runs 2 'did you mean "pro"' "$t" tune -m "$T/m" --keep-quality 0.9:pr0 "$T/b.jsonl"
runs 2 'must be TIER=PART' "$t" tune -m "$T/m" --max-share 0.2 "$T/b.jsonl"
runs 2 'letters, digits' "$t" tune -m "$T/m" --keep-quality 0.9 --name 'a b' "$T/b.jsonl"
runs 2 'names its points itself' "$t" tune -m "$T/m" --all --name x "$T/b.jsonl"
runs 1 'cannot read the file' "$t" tune -m "$T/none" --all "$T/b.jsonl"
# what is wrong with a goal is said before any record is read, or judged to be seen
runs 2 'must be PART or PART:TIER' "$t" tune -m "$T/m" --keep-quality lots "$T/a.jsonl"
runs 2 'did you mean "pro"' "$t" tune -m "$T/m" --keep-quality 0.9:pr0 "$T/not-there.jsonl"
runs 2 'must be TIER=PART' "$t" tune -m "$T/m" --max-share 0.2 "$T/not-there.jsonl"
# refusals: seen records, too few, out of reach
runs 4 'trained the model' "$t" tune -m "$T/m" --all "$T/a.jsonl"
head -50 "$T/b.jsonl" > "$T/few.jsonl"
runs 4 'too few to promise' "$t" tune -m "$T/m" --all "$T/few.jsonl"
runs 4 'REFUSED: 1.5 is not reachable with confidence from 1[0-9]+ records .*; [01]\.[0-9]+ is' "$t" tune -m "$T/m" --keep-quality 1.5 "$T/b.jsonl"
runs 4 'REFUSED: \$0.01 per 1,000 .* is the least' "$t" tune -m "$T/m" --max-cost-per-1k 0.01 "$T/b.jsonl"
runs 0 '' cmp "$T/m" "$T/fresh"
runs 0 '"reached": true' "$t" tune -m "$T/m" --dry-run --json --keep-quality 0.9 "$T/b.jsonl"
runs 0 '' cmp "$T/m" "$T/fresh"
# a refusal names a goal that is not refused
near=$("$t" tune -m "$T/m" --json --dry-run --keep-quality 1.5 "$T/b.jsonl" 2>/dev/null | sed 's/.*"nearest": \([0-9.]*\).*/\1/')
runs 0 '"reached": true' "$t" tune -m "$T/m" --json --dry-run --keep-quality "$near" "$T/b.jsonl"
# stored, shown, routed by
runs 0 'keep 95 % of pro' "$t" tune -m "$T/m" --all "$T/b.jsonl"
runs 0 'at most 20 % to pro' "$t" tune -m "$T/m" --max-share pro=0.2 --name fifth "$T/b.jsonl"
runs 0 'a success is worth' "$t" tune -m "$T/m" --value-usd 0.5 --name worth --abstain "$T/b.jsonl"
runs 0 'operating points: [345]' "$t" inspect "$T/m"
runs 0 'held-out records' "$t" inspect "$T/m"
runs 0 'pro charged -?0\.[0-9]+ of probability' "$t" inspect "$T/m"
runs 0 'abstains below familiarity' "$t" inspect "$T/m"
runs 0 '"charge": \{"flash": 0, "pro": ' "$t" inspect --json "$T/m"
runs 0 'familiarity' "$t" route -m "$T/m" --point fifth "What is a monad?"
runs 0 'too unlike the training records to judge' "$t" route -m "$T/m" --point worth "zxqv wvut qponm zzyx"
runs 1 'no operating point "nothere"; it has' "$t" route -m "$T/m" --point nothere x
runs 0 '' sh -c "$t tune -m $T/fresh -o $T/copy --keep-quality 0.9 $T/b.jsonl > /dev/null && cmp $T/fresh $T/m; $t inspect $T/copy | grep -q 'operating points: 1'"
# the share promised for the records it was tuned on is the share that score gives them
"$t" score -q -m "$T/m" --point fifth "$T/b.jsonl" > "$T/s"
runs 0 '' awk '/"tier": "pro"/ { n++ } END { exit !(n / NR < 0.22 && n / NR > 0.02) }' "$T/s"
# traffic
runs 0 'nothing was sent' "$t" tune -m "$T/m" --traffic "$T/b.jsonl" --point fifth
runs 0 'expected spend \$' "$t" tune -m "$T/m" --traffic "$T/b.jsonl" --point fifth
runs 2 'go together' "$t" tune -m "$T/m" --traffic "$T/b.jsonl"
runs 1 'no operating point' "$t" tune -m "$T/m" --traffic "$T/b.jsonl" --point x
printf '{"prompt": "hello"}\nbroken\n' > "$T/bad.jsonl"
runs 1 'bad.jsonl:2' "$t" tune -m "$T/m" --traffic "$T/bad.jsonl" --point fifth
runs 0 '1 bad line skipped' "$t" tune -m "$T/m" --traffic "$T/bad.jsonl" --point fifth --max-bad 1

# eval that says yes and no
runs 0 'RECOMMENDATION: ROUTE' "$t" eval -m "$T/m" --resamples 40 --require-gain "$T/b.jsonl"
runs 0 'operating points on these records' "$t" eval -m "$T/m" --resamples 40 "$T/b.jsonl"
runs 0 'reliability, all tiers' "$t" eval -m "$T/m" --resamples 0 --shuffles 0 "$T/b.jsonl"
runs 0 'rescue' "$t" eval -m "$T/m" --resamples 0 --shuffles 0 "$T/b.jsonl"
runs 0 'negligible' "$t" eval -m "$T/m" --resamples 0 --shuffles 0 "$T/b.jsonl"
runs 2 'needs --shuffles' "$t" eval -m "$T/m" --require-gain --shuffles 0 "$T/b.jsonl"
runs 2 'within' "$t" eval -m "$T/m" --require-gain=7 "$T/b.jsonl"
runs 2 'cannot judge a finished' "$t" eval -m "$T/m" --learning-curve "$T/b.jsonl"
# the outcomes of one record go to the next but 700: prompts say nothing of them
awk '{ i = index($0, "\"outcomes\":"); head[NR] = substr($0, 1, i - 1); tail[NR] = substr($0, i) }
     END { for (k = 1; k <= NR; k++) print head[k] tail[(k * 701 + 13) % NR + 1] }' "$T/b.jsonl" > "$T/shuffled.jsonl"
runs 4 'RECOMMENDATION: DO NOT ROUTE, send everything to' "$t" eval -m "$T/fresh" --resamples 0 --require-gain=0.01 "$T/shuffled.jsonl"
runs 0 'the last doubling: APGR' "$t" eval -q --tiers flash,pro --c 0.5 --inner-folds 2 --folds 2 --resamples 40 --shuffles 99 --learning-curve "$T/a.jsonl"

# compare
"$t" train -q --c 0.5 --tiers flash,pro "$T/few.jsonl" -o "$T/small" || exit 1
tail -1400 "$T/b.jsonl" > "$T/c.jsonl"
runs 4 'B IS WORSE' "$t" compare --resamples 100 "$T/fresh" "$T/small" "$T/c.jsonl"
runs 0 'B IS BETTER' "$t" compare --resamples 100 --require-better "$T/small" "$T/fresh" "$T/c.jsonl"
runs 4 'no certain difference' "$t" compare --resamples 100 --require-better "$T/fresh" "$T/fresh" "$T/c.jsonl"
runs 0 'decisions change' "$t" compare --resamples 100 --examples 2 "$T/small" "$T/fresh" "$T/c.jsonl"
runs 0 'WARNING: model B was trained on about' "$t" compare --resamples 100 "$T/small" "$T/fresh" "$T/a.jsonl"
runs 1 'model A has no operating point' "$t" compare --point fifth "$T/fresh" "$T/m" "$T/c.jsonl"
runs 2 'name two models' "$t" compare "$T/fresh" "$T/c.jsonl"
runs 2 'read twice' "$t" compare "$T/fresh" "$T/m" -
"$t" compare --resamples 100 "$T/small" "$T/fresh" "$T/c.jsonl" > "$T/ids"
"$t" compare --resamples 100 --show-prompts "$T/small" "$T/fresh" "$T/c.jsonl" > "$T/prompts"
runs 0 '' sh -c "[ \$(wc -l < $T/prompts) -gt \$(wc -l < $T/ids) ]"

# logs: four of five to flash
awk '{ i = index($0, ",\"outcomes\":"); head = substr($0, 1, i - 1); rest = substr($0, i + 12)
       j = index(rest, ",\"pro\":"); f = substr(rest, 2, j - 2); p = substr(rest, j + 1); sub(/}}$/, "", p)
       if (NR * 7919 % 5) print head ",\"chosen\":\"flash\",\"propensity\":0.8,\"outcomes\":{" f "}}"
       else print head ",\"chosen\":\"pro\",\"propensity\":0.2,\"outcomes\":{" p "}}" }' "$T/all.jsonl" > "$T/log.jsonl"
runs 0 '3000 records' "$t" train --c 0.5 --tiers flash,pro "$T/log.jsonl" -o "$T/l"
runs 0 'logged choices' "$t" train --c 0.5 --tiers flash,pro "$T/log.jsonl" -o "$T/l"
runs 0 'from the log: 3000 records' "$t" eval -m "$T/fresh" "$T/log.jsonl"
runs 0 'always pro +600' "$t" eval -m "$T/fresh" "$T/log.jsonl"
runs 4 'is left out' "$t" eval -m "$T/fresh" --require-gain "$T/log.jsonl"
rec() { printf '%s\n' "$1" > "$T/r.jsonl"; }
rec '{"id":"a","prompt":"x","chosen":"flash","propensity":0,"outcomes":{"flash":{"score":1}}}'
runs 1 'r.jsonl:1: byte [0-9]+: "propensity" is outside' "$t" train --tiers flash,pro "$T/r.jsonl" -o "$T/x"
rec '{"id":"a","prompt":"x","propensity":0.5,"outcomes":{"flash":{"score":1}}}'
runs 1 'which tier did the policy choose' "$t" train --tiers flash,pro "$T/r.jsonl" -o "$T/x"

# drift
runs 0 'no drift' "$t" drift -m "$T/fresh" "$T/b.jsonl"
sed 's/"content":"\([^"\\]\|\\.\)*"/"content":"zxqv wvut qponm zzyx 12 %% 14 ##"/g' "$T/b.jsonl" > "$T/strange.jsonl"
runs 4 'DRIFT: this is not the traffic' "$t" drift -m "$T/fresh" "$T/strange.jsonl"
runs 4 '"drift": true' "$t" drift --json -m "$T/fresh" "$T/strange.jsonl"
runs 2 'which model' "$t" drift "$T/b.jsonl"
runs 1 'no requests' "$t" drift -m "$T/fresh" /dev/null
runs 0 ', [1-9][0-9]* abstained' "$t" score -m "$T/fresh" --abstain "$T/strange.jsonl"
[ -f models/flash-pro.tierce ] && ! "$t" inspect models/flash-pro.tierce | grep -q portrait && runs 1 'train it again' "$t" drift -m models/flash-pro.tierce "$T/b.jsonl"
# four tunes of one file at once: every point is there at the end
cp "$T/fresh" "$T/shared"
for n in one two three four; do
    "$t" tune -m "$T/shared" --keep-quality 0.9 --name $n --rounds 100 "$T/b.jsonl" > /dev/null 2>&1 &
done
wait
for n in one two three four; do runs 0 "" "$t" route -m "$T/shared" --point $n hi; done
done_
