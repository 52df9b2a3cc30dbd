# one line of JSON
run tierce route -m golden.tierce --json "What is the capital of Australia?"
run tierce route -m golden.tierce --json --value 0.05 --max-cost 0.01 "What is the capital of Australia?"
printf '{"id":"r \\"1\\"","prompt":"hi"}' > r.json
run tierce route -m golden.tierce --json -r r.json
printf '{"custom_id":"b1","body":{"messages":[{"role":"user","content":"hi"}]}}' > b.json
run tierce route -m golden.tierce --json -r b.json
