# the report of a fit
run tierce train --tiers flash,pro sample.jsonl -o a.tierce | coarse
run tierce train -q --tiers golden-tiers.json --slots 1000 --c 0.5 --scale pair=0.5,general.named=0.1 --bits 14 sample.jsonl -o b.tierce
run tierce inspect b.tierce | coarse | head -20
