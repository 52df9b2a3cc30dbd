# the reasons, exact and additive
run tierce route -m golden.tierce --explain "Fix the failing test in src/parser.c: expected 3, got 4"
run tierce route -m golden.tierce --explain --top 3 "Fix the failing test in src/parser.c: expected 3, got 4"
run tierce route -m golden.tierce --explain --allow flash "hello"
run tierce route -m golden.tierce --json --explain --top 5 "Fix the failing test in src/parser.c: expected 3, got 4"
run tierce route -m golden.tierce -e --top 2 "what is it?"
