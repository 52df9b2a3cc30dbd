#!/bin/sh
# A quick look at real records, where they are: small ones only, so that the suite stays short.
B=$1 C=../shared/corpora
. tests/cli/lib.sh
t=$B/tierce
runs 0 'beats a random mix' "$t" eval -j 2 --resamples 40 --predictions "$T/p" --tiers gpt-4o-mini-2024-07-18-FC,gpt-4o-2024-08-06-FC $C/bfcl_v1.jsonl.gz
runs 0 'APGR 0\.[89]' python3 ../shared/peers/judge.py $C/bfcl_v1.jsonl.gz gpt-4o-mini-2024-07-18-FC gpt-4o-2024-08-06-FC "$T/p"
runs 0 'Gemini-3.1-Pro .*DOMINATED by' "$t" eval -j 2 --resamples 0 --tiers Gemini-3-Flash,Gemini-3.5-Flash,Gemini-3.1-Pro $C/openhands_swebench.jsonl.gz
runs 0 'held out' "$t" train --tiers gemini-2-5-flash,gemini-2-5-pro $C/mcpmark.jsonl.gz -o "$T/m"
runs 0 '"tier"' sh -c "$t score -m $T/m $C/agentdojo.jsonl.gz"
[ -f models/flash-pro.tierce ] && runs 0 'likely to succeed' "$t" route "Prove it."
done_
