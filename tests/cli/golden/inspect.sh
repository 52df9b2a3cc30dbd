# everything in a model file
run tierce inspect golden.tierce
run tierce inspect --json golden.tierce
