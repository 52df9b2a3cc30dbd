#!/bin/sh
# make quality: what routing is worth on real outcomes, judged by ../shared/peers/judge.py, which shares no
# code with us. $1: build directory, $2: directory with corpora (default ../shared/corpora), $3: `peers`
# to run fastText, TF-IDF and prompt length on the same folds too (an hour; needs fasttext, python3-sklearn).
# Random folds by crc32(id) mod 5, then one source held out at a time. Nothing here is fitted on what it
# is judged on.
B=$1 C=${2:-../shared/corpora} PEERS=$3
J=$C/../peers/judge.py
[ -f "$J" ] || { echo "no $J: the referee is needed"; exit 1; }
D=$B/quality
mkdir -p "$D"
MIXTRAL=mistralai/Mixtral-8x7B-Instruct-v0.1 GPT4=gpt-4-1106-preview
quiet() { "$@" > "$D/log" 2>&1 || { cat "$D/log"; exit 1; }; }

# pair CORPUS CHEAP STRONG
pair() {
    f=$C/$1.jsonl.gz
    [ -f "$f" ] || { echo "skipped $1: no $f"; return; }
    for how in "--folds 5" --by-source; do
        out=$D/$1$(echo "$how" | tr -d ' ').jsonl
        # shellcheck disable=SC2086
        quiet "$B/tierce" eval --tiers "$2,$3" $how -j 2 --resamples 0 --predictions "$out" "$f"
        others=""
        if [ "$PEERS" = peers ]; then
            # shellcheck disable=SC2086
            OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 quiet /usr/bin/python3 "$C/../peers/peers.py" "$f" "$2" "$3" "$D/$1-peers" $how
            others="$D/$1-peers/tfidf.jsonl $D/$1-peers/fasttext-5.jsonl $D/$1-peers/fasttext-10.jsonl $D/$1-peers/length.jsonl"
        fi
        echo "== $1, $how"
        # shellcheck disable=SC2086
        python3 "$J" "$f" "$2" "$3" "$out" $others | sed "s,$D/,,"
    done
}
# frontier CORPUS TIER,TIER,...
frontier() {
    f=$C/$1.jsonl.gz
    [ -f "$f" ] || { echo "skipped $1: no $f"; return; }
    quiet "$B/tierce" eval --tiers "$2" --folds 5 -j 2 --resamples 0 --predictions "$D/$1-frontier.jsonl" "$f"
    echo "== $1, frontier"
    python3 "$J" --frontier "$f" "$2" "$D/$1-frontier.jsonl" | sed "s,$D/,,"
}
pair flash_pro flash pro
pair mmlu_pro gemini-1.5-flash-002 gemini-1.5-pro-002
pair routellm $MIXTRAL $GPT4
frontier rational_cascades_9models llama3.1-8b,llama3.1-70b,llama3.1-405b,gpt-4o-mini,gpt-4o
frontier bfcl_v1 gpt-4o-mini-2024-07-18-FC,gemini-1.5-flash-preview-0514,gpt-4o-2024-08-06-FC,gpt-4-turbo-2024-04-09-FC
frontier openhands_swebench Gemini-3-Flash,Gemini-3.5-Flash,Gemini-3.1-Pro
