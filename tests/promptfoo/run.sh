#!/bin/sh
# A real promptfoo evaluates 20 prompts on three fake tiers; its results are imported, trained on and
# judged. $1: build directory. Skipped, and counted, where node, npm or the registry is not there.
B=$1 here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/lib.sh"
t=$(cd "$B" && pwd)/tierce
skip() { echo "promptfoo: skipped: $1"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || skip "no node or npm"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit((a === 20 && b >= 20) || (a === 22 && b >= 22) || a > 22 ? 0 : 1)' || skip "this promptfoo wants Node 20.20 or 22.22"
mkdir -p "$B/promptfoo"
dir=$(cd "$B/promptfoo" && pwd)
if ! cmp -s "$here/package.json" "$dir/installed.json"; then # once: kept until package.json changes
    cp "$here/package.json" "$dir/package.json"
    (cd "$dir" && timeout 200 npm install --no-audit --no-fund --ignore-scripts --omit=optional > npm.log 2>&1) ||
        skip "npm install failed (no network, or another platform); see $dir/npm.log"
    cp "$here/package.json" "$dir/installed.json"
fi
export PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1 PROMPTFOO_CONFIG_DIR="$dir/home" CI=1
promptfoo() { timeout 120 node "$dir/node_modules/promptfoo/dist/src/entrypoint.js" "$@"; }
promptfoo eval -c "$here/promptfooconfig.js" --no-cache --no-progress-bar -o "$T/results.json" -o "$T/results.jsonl" > "$T/promptfoo.log" 2>&1
[ -s "$T/results.json" ] || { tail -5 "$T/promptfoo.log"; echo "0 passed, 1 failed, 0 skipped"; exit 1; }
# its own sums, per provider: score over rows without the error
node -e '
const rows = require(process.argv[1]).results.prompts, by = {};
for (const p of rows) {
  const s = (by[p.provider] = by[p.provider] || { score: 0, n: 0 });
  s.score += p.metrics.score;
  s.n += p.metrics.testPassCount + p.metrics.testFailCount;
}
for (const tier of ["small", "medium", "large"]) console.log(`${tier} ${by[tier].n} ${(by[tier].score / by[tier].n).toFixed(4)}`);
' "$T/results.json" > "$T/own"
runs 0 'taken for promptfoo results' "$t" import "$T/results.json" -o "$T/r.jsonl"
cp "$T/err" "$T/report"
runs 0 '60 records, 59 with an outcome of every model' cat "$T/report"
runs 0 'missing: 1 x errors of the provider or the harness' cat "$T/report"
while read -r tier n mean; do runs 0 "$tier +$n +$mean" cat "$T/report"; done < "$T/own"
runs 0 '' "$t" import -q "$T/results.jsonl" -o "$T/l.jsonl"
runs 0 '' cmp "$T/r.jsonl" "$T/l.jsonl"
runs 0 'held out' "$t" train --tiers small,medium,large "$T/r.jsonl" -o "$T/m.tierce"
runs 0 'beats a random mix|DOES NOT BEAT|WORSE THAN|does not beat' "$t" eval --tiers small,medium,large --folds 3 --resamples 20 "$T/r.jsonl"
runs 0 '^(small|medium|large)' "$t" route -m "$T/m.tierce" "Prove that the harbour is finite."
done_
