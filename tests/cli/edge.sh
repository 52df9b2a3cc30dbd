#!/bin/sh
# shrink, diff, and what inspect says about size. $1: directory of the programs.
B=$1
. "$(dirname "$0")/lib.sh"
t=$B/tierce
"$t" simulate -n 500 --seed 8 -o "$T/a.jsonl"
"$t" simulate -n 200 --seed 9 | sed 's/"id": *"sim/"id":"other/' > "$T/b.jsonl"
"$t" train -q --tiers flash,pro "$T/a.jsonl" -o "$T/a.tierce" || exit 1
at_most() { [ "$(wc -c < "$1")" -le "$2" ]; }
runs 0 'usage: tierce shrink' "$t" shrink --help
runs 0 'usage: tierce diff' "$t" diff --help
runs 0 'packed alone: SPEC [0-9]+ .* WGHT [0-9]+' "$t" inspect "$T/a.tierce"
# under the size, the curve, the whole model last, and what was done is in the file
runs 0 '<- written' "$t" shrink -m "$T/a.tierce" --size 12K --folds 2 --resamples 40 --curve "$T/c.tsv" "$T/a.jsonl" -o "$T/s.tierce"
runs 0 '^[0-9]+.*' tail -1 "$T/c.tsv"
runs 0 '' at_most "$T/s.tierce" 12288
runs 0 '^3$' sh -c "grep -vc '^#' $T/c.tsv"
runs 0 'shrunk from [0-9]+ to 12288 bytes' "$t" inspect "$T/s.tierce"
runs 0 "log-loss above the whole" "$t" inspect "$T/s.tierce"
runs 0 ', 2 folds by crc32' "$t" shrink -m "$T/a.tierce" --size 12K --only --folds 2 --resamples 0 "$T/a.jsonl" -o "$T/s3.tierce"
# what a small file does without is said by every command that would use it
runs 0 'no filter of record ids' "$t" inspect "$T/s.tierce"
runs 0 'no portrait of the training records' "$t" inspect "$T/s.tierce"
runs 0 '^NOTE: small files carry no filter' "$t" eval --resamples 0 -m "$T/s.tierce" "$T/a.jsonl"
runs 0 'NOTE: model A: small files' "$t" compare "$T/s.tierce" "$T/a.tierce" "$T/a.jsonl"
cp "$T/s.tierce" "$T/tuned.tierce"
runs 0 '^NOTE: small files carry no filter' "$t" tune -m "$T/tuned.tierce" --max-share pro=0.5 "$T/a.jsonl"
runs 1 'small files do without' "$t" drift -m "$T/s.tierce" "$T/a.jsonl"
runs 0 '^0$' sh -c "$t eval --resamples 0 -m $T/a.tierce $T/b.jsonl | grep -c NOTE; true"
# not a blind cut: with all of them to choose from, what is kept was fitted again (same records, same seed: same bytes)
runs 0 '' "$t" shrink -q --only --folds 0 -m "$T/a.tierce" --size 12K "$T/a.jsonl" -o "$T/s2.tierce"
runs 0 'weights alike' "$t" diff "$T/s.tierce" "$T/s2.tierce"
runs 0 '' "$t" train -q --size 9K --tiers flash,pro "$T/a.jsonl" -o "$T/nine.tierce"
runs 0 '' at_most "$T/nine.tierce" 9216
# what always stays (votes) must leave room for the rest, or the file would be larger than asked for
runs 0 '' "$t" train -q --size 6K --tiers flash,pro "$T/a.jsonl" -o "$T/six.tierce"
runs 0 '' at_most "$T/six.tierce" 6144
runs 0 'largest model' "$t" eval --size 9K --folds 2 --resamples 0 --tiers flash,pro "$T/a.jsonl"
runs 0 'another|not the records' "$t" shrink --only --folds 0 -m "$T/a.tierce" --size 16K "$T/b.jsonl" -o "$T/o.tierce"
# prices and model ids of the tiers come along
cat > "$T/tiers.json" <<'J'
{"date": "2026-08", "tiers": [{"name": "flash", "model": "v/flash", "prices": {"input": 1.5, "output": 9}, "context_window": 9000},
  {"name": "pro", "prices": {"input": 2, "output": 12}, "tools": false}]}
J
"$t" train -q --tiers "$T/tiers.json" "$T/a.jsonl" -o "$T/p.tierce"
runs 0 '' "$t" shrink -q --only --folds 0 -m "$T/p.tierce" --size 14K "$T/a.jsonl" -o "$T/ps.tierce"
runs 0 'input 1.5, output 9' "$t" inspect "$T/ps.tierce"
runs 0 'context window 9000' "$t" inspect "$T/ps.tierce"
# bad input
runs 2 'leaves nothing' "$t" shrink --folds 1 -m "$T/a.tierce" --size 12K "$T/a.jsonl"
runs 1 'beside a fold only' sh -c "head -60 $T/a.jsonl | $t shrink -m $T/a.tierce --size 12K --folds 2 - -o $T/few.tierce"
runs 0 'n/a .*not judged|not judged' sh -c "head -60 $T/a.jsonl | $t shrink -m $T/a.tierce --size 12K --folds 0 --only - -o $T/few.tierce"
runs 2 'at least 4096' "$t" shrink -m "$T/a.tierce" --size 64Q "$T/a.jsonl"
runs 2 'at least 4096' "$t" shrink -m "$T/a.tierce" --size 100 "$T/a.jsonl"
runs 2 'says to how much' "$t" shrink -m "$T/a.tierce" "$T/a.jsonl"
runs 2 'says what to shrink' "$t" shrink --size 64K "$T/a.jsonl"
runs 2 'name the files' "$t" shrink -m "$T/a.tierce" --size 64K
runs 2 'did you mean "signature"' "$t" shrink -m "$T/a.tierce" --size 12K --plan signatur=3 "$T/a.jsonl"
runs 2 'within 1..127' "$t" shrink -m "$T/a.tierce" --size 12K --plan levels=900 "$T/a.jsonl"
runs 2 'give both' "$t" train --plan levels=9 --tiers flash,pro "$T/a.jsonl"
runs 1 'ask for less' "$t" shrink -m "$T/a.tierce" --size 10M "$T/a.jsonl"
runs 0 '' "$t" shrink -q --only --folds 0 -m "$T/a.tierce" --size 4096 "$T/a.jsonl" -o "$T/tiny.tierce"
runs 0 '' at_most "$T/tiny.tierce" 4096
runs 1 'tier "flash" has no outcome|none of the' sh -c "sed 's/flash/alpha/g;s/\"pro\"/\"beta\"/g' $T/b.jsonl | $t shrink -m $T/a.tierce --size 12K - -o $T/none.tierce"
runs 1 'not a .tierce' "$t" shrink -m "$T/a.jsonl" --size 12K "$T/a.jsonl"
[ -w /dev/full ] && runs 1 'not saved' "$t" shrink -q --only --folds 0 -m "$T/a.tierce" --size 12K "$T/a.jsonl" -o /dev/full
# diff: the same model, others, decisions
runs 0 '0 of 200 changed' "$t" diff "$T/a.tierce" "$T/a.tierce" "$T/b.jsonl"
runs 0 'the same 2' "$t" diff "$T/a.tierce" "$T/a.tierce"
runs 0 'cosine\) 1.0000' "$t" diff "$T/a.tierce" "$T/a.tierce"
runs 0 'price of input 1.5 -> 3' sh -c "sed 's/1.5/3/' $T/tiers.json > $T/dear.json; $t train -q --tiers $T/dear.json $T/a.jsonl -o $T/q.tierce; $t diff $T/p.tierce $T/q.tierce"
runs 0 'pro: takes tools' "$t" diff "$T/p.tierce" "$T/a.tierce"
runs 0 'of 200 changed, [0-9.]+ %' "$t" diff "$T/a.tierce" "$T/nine.tierce" "$T/b.jsonl"
runs 3 'changed' "$t" diff --max-changed 0 "$T/a.tierce" "$T/nine.tierce" "$T/b.jsonl"
runs 0 'changed' "$t" diff --max-changed 1 "$T/a.tierce" "$T/nine.tierce" "$T/b.jsonl"
runs 0 'small: new' "$t" diff tests/golden/v1-two.tierce tests/golden/v1-three.tierce
runs 2 'name two models' "$t" diff "$T/a.tierce"
runs 2 'needs a file' "$t" diff --max-changed 0.1 "$T/a.tierce" "$T/a.tierce"
runs 1 'cannot read' "$t" diff "$T/a.tierce" "$T/gone.tierce"
runs 1 'no operating point' "$t" diff --point frugal "$T/a.tierce" "$T/a.tierce"
printf 'broken\n{"prompt":"a"}\n' > "$T/l"
runs 1 'l:1: byte 1' "$t" diff "$T/a.tierce" "$T/a.tierce" "$T/l"
runs 0 '1 bad line skipped' "$t" diff --max-bad 1 "$T/a.tierce" "$T/a.tierce" "$T/l"
: > "$T/l"
runs 1 'no request to decide' "$t" diff "$T/a.tierce" "$T/a.tierce" "$T/l"
done_
