# what is said of what is wrong: every message says how to mend it
run tierce ruote
run tierce route --valeu 3 hi
run tierce route --value three hi
run tierce route --value
run tierce route --top 100001 hi
run tierce route --min-probability 1.01 hi
run tierce route --json=yes hi
run tierce route -z hi
run tierce route -m none.tierce hi
run tierce route -m sample.jsonl hi
run tierce route -m golden.tierce --allow flahs hi
run tierce route -m golden.tierce --allow claude-9 hi
run tierce route -m golden.tierce --point frugal hi
run tierce route -m golden.tierce -r none.json
run tierce route -m golden.tierce -r sample.jsonl
run tierce inspect a b
run tierce features
run tierce features --block wrod hi
run tierce score -m golden.tierce --threads 0
run tierce train sample.jsonl
run tierce train --tiers flash,pro
run tierce train --tiers flash,por sample.jsonl
run tierce train --tiers flash,flash sample.jsonl
run tierce train --tiers flash,pro --c 1,two sample.jsonl
run tierce train --tiers flash,pro --scale wrod=1 sample.jsonl
head -20 sample.jsonl > few.jsonl
run tierce train --tiers flash,pro few.jsonl
cat few.jsonl few.jsonl > twice.jsonl
run tierce train --tiers flash,pro twice.jsonl
run tierce eval --tiers flash,pro --folds 1 sample.jsonl
run tierce eval -m golden.tierce --tiers flash,pro sample.jsonl
printf '{"tiers":[{"name":"flash","pries":{}}]}' > bad.json
run tierce train --tiers bad.json sample.jsonl
printf '{"tiers":[{"name":"flash"},]}' > bad.json
run tierce train --tiers bad.json sample.jsonl
run tierce simulate 5
