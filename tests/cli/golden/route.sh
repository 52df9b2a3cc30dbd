# decisions for people
run tierce route -m golden.tierce "What is the capital of Australia?"
run tierce route -m golden.tierce Prove that the sum of two even numbers is even.
run tierce route -m golden.tierce ""
printf 'from standard input' | run tierce route -m golden.tierce
printf 'from standard input' | run tierce route -m golden.tierce -
# constraints, each with what dropped the others
run tierce route -m golden.tierce --value 0.05 "What is the capital of Australia?"
run tierce route -m golden.tierce --value 100 "What is the capital of Australia?"
run tierce route -m golden.tierce --allow old,flash "What is the capital of Australia?"
run tierce route -m golden.tierce --max-cost 0.001 "What is the capital of Australia?"
run tierce route -m golden.tierce --max-cost 0.001 --default-tier flash "What is the capital of Australia?"
run tierce route -m golden.tierce --min-probability 0.99 "What is the capital of Australia?"
run tierce route -m golden.tierce --min-probability 0.99 --max-cost 0.0029 --allow flash,pro "What is the capital of Australia?"
run tierce route -m golden.tierce --max-cost 0.001 --allow flash "What is the capital of Australia?"
printf "%014000d" 7 > long.txt
run tierce route -m golden.tierce - < long.txt
# requests
printf '{"messages":[{"role":"user","content":"Book a flight to Rome"}],"tools":[{"name":"book_flight","parameters":{"type":"object"}}]}' > tools.json
run tierce route -m golden.tierce -r tools.json
