#!/bin/sh
# Makes tests/data/golden.tierce anew, after a change of the file format: sh tests/data/retrain.sh [BUILD]. Then
# sh tests/cli/golden.sh --regenerate.
B=${1:-build}
"$B/tierce" simulate -n 900 --seed 3 | "$B/tierce" train -q --tiers tests/data/golden-tiers.json --slots 3000 - -o tests/data/golden.tierce
