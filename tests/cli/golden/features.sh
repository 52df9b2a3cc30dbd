# vectors by name
run tierce features "Prove it: 2 + 2 = 4?"
run tierce features --block named "Write a function parse_date(s) in Python."
run tierce features --json --block pair "one two three"
run tierce features -m golden.tierce --block word "Prove that the file is open"
printf '{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Find it"},{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"grep","arguments":"{\\"q\\":1}"}}]},{"role":"tool","tool_call_id":"1","content":"error"}],"tools":[{"name":"grep","description":"search","parameters":{"type":"object"}}]}' > loop.json
for b in earlier system tools result level; do run tierce features -r loop.json --block $b; done
run tierce features --list
