#!/bin/sh
# What training from a log costs: full outcomes against a logged 80/20 policy (all but one outcome hidden),
# five folds by crc32(id), judged on full outcomes by the referee.
#   sh tests/bench/logged.sh [BUILD] [CORPORA] [SEEDS] [BOTH]    BOTH: part of the records that both tiers answered
B=${1:-build} C=${2:-../shared/corpora} seeds=${3:-1} both=${4:-}
here=$(dirname "$0")
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
corpus=$C/flash_pro.jsonl.gz
for k in 0 1 2 3 4; do
    python3 "$here/folds.py" "$corpus" 5 $k "$T/train" "$T/held"
    nice -n 5 "$B/tierce" train -q --tiers flash,pro "$T/train" -o "$T/full.m"
    nice -n 5 "$B/tierce" eval -m "$T/full.m" --resamples 0 --predictions "$T/p" "$T/held" > /dev/null
    cat "$T/p" >> "$T/full.p"
    for s in $(seq "$seeds"); do
        python3 "$here/logged.py" "$T/train" "$T/log" flash 0.8 "$s$k" flash,pro ${both:+--both=$both}
        nice -n 5 "$B/tierce" train -q --tiers flash,pro "$T/log" -o "$T/log.m"
        nice -n 5 "$B/tierce" eval -m "$T/log.m" --resamples 0 --predictions "$T/p" "$T/held" > /dev/null
        cat "$T/p" >> "$T/logged-$s.p"
    done
done
python3 "$C/../peers/judge.py" "$corpus" flash pro "$T/full.p" "$T"/logged-*.p | sed "s,$T/,,g"
