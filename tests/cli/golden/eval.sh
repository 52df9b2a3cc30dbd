# judgements, refitted here: see coarse in golden.sh; the plot, of single points, is left out
run tierce eval --tiers flash,pro --folds 3 --resamples 0 -j 2 -q --predictions p.jsonl --curve c.tsv sample.jsonl | coarse | grep -v '^ *[-0-9.]* |'
wc -l < p.jsonl
head -1 c.tsv
run tierce eval --tiers golden-tiers.json --folds 2 --resamples 0 -q sample.jsonl | coarse | grep -v '^ *[-0-9.]* |'
run tierce eval --tiers flash,pro --by-source --resamples 0 -j 2 -q --float sample.jsonl | coarse | grep -v '^ *[-0-9.]* |'
# a finished model, exact
tierce simulate -n 300 --seed 8 | sed 's/"id": *"sim/"id": "new/;s/-8","source"/","source"/' > new.jsonl
run tierce eval -m golden.tierce --tiers golden-tiers.json --resamples 0 new.jsonl | timeless
run tierce eval -m golden.tierce --tiers flash,pro --resamples 0 new.jsonl
