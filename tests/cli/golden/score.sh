# lines in, lines out
head -5 sample.jsonl > five.jsonl
run tierce score -m golden.tierce five.jsonl
printf '%s\n' '{"prompt":"no id"}' '' '{"id":7,"prompt":"a number"}' '{"id":"\u00e9\u0001","prompt":""}' > mixed.jsonl
run tierce score -m golden.tierce --value 0.01 mixed.jsonl
printf '%s\n' '{"id":"a","prompt":"x"}' 'broken' '{"id":"b","prompt":"x"}' '{"id":"c"}' > bad.jsonl
run tierce score -q -m golden.tierce bad.jsonl
run tierce score -m golden.tierce --max-bad 1 bad.jsonl
run tierce score -m golden.tierce --max-bad 2 bad.jsonl
run tierce score -m golden.tierce five.jsonl none.jsonl
run tierce score -m golden.tierce .
tierce score -q -m golden.tierce sample.jsonl | cksum
tierce score -q -m golden.tierce -j 3 --value 0.02 sample.jsonl | cksum
