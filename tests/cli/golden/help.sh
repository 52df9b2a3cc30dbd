# the manual: options, defaults, exit codes
run tierce --help
for c in route score inspect features train eval simulate; do run tierce $c --help; done
