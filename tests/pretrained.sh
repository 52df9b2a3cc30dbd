#!/bin/sh
# make pretrained: models/flash-pro.tierce and its card, where the corpora are. $1: build directory.
set -e
B=$1
CORPUS=${CORPORA:-../shared/corpora}/flash_pro.jsonl.gz
[ -f "$CORPUS" ] || { echo "no $CORPUS: the pretrained model is rebuilt only where the corpora are"; exit 1; }
"$B/tierce" train --tiers flash,pro "$CORPUS" -o models/flash-pro.tierce | tee "$B/pretrained.train"
"$B/tierce" eval --tiers flash,pro --folds 5 "$CORPUS" -j 2 --float --curve "$B/flash-pro.tsv" > "$B/pretrained.eval"
if command -v gnuplot >/dev/null 2>&1; then
    sh tests/curve.sh "$B/flash-pro.tsv" models/flash-pro.svg "flash to pro, 18,038 recorded outcomes, out of fold"
fi
{
    echo "# flash-pro.tierce"
    echo
    echo "A router between a Gemini Flash and a Gemini Pro, fitted on evaluation-harness outcomes. The model holds"
    echo "hashed weights; no prompt, answer or outcome of the sources is in it."
    echo
    echo "- made by: \`make pretrained\`, that is \`tierce train --tiers flash,pro flash_pro.jsonl.gz\`, $(date -u +%Y-%m-%d)"
    echo "- records: 18,038 in 39 sources: MMLU-Pro (TIGER-AI-Lab, Apache-2.0; gemini-1.5-flash-002 and pro-002),"
    echo "  ZeroEval (WildEval, Apache-2.0; gemini-1.5), Berkeley Function-Calling Leaderboard v1 (Apache-2.0 prompts;"
    echo "  gemini-1.5), code repair (lcb_selfrepair; gemini-1.5), OpenHands index on SWE-bench Verified"
    echo "  (Gemini 3.5 Flash and 3.1 Pro)"
    echo "- limits: mostly one-shot questions of exams and competitions in English, mostly of the 1.5 generation; costs"
    echo "  are known for a quarter of the outcomes only, so the model predicts none. Train on your own traffic for"
    echo "  decisions that cost money."
    echo
    echo "What \`tierce train\` said:"
    echo
    sed 's/^/    /' "$B/pretrained.train"
    echo
    echo "Out of fold, \`tierce eval --folds 5 --float\` (every fold refitted):"
    echo
    sed 's/^/    /' "$B/pretrained.eval"
} > models/flash-pro.md
ls -l models/flash-pro.tierce
