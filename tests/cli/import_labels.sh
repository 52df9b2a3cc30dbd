#!/bin/sh
# tierce import: labels, costs and tokens must not go wrong without a word. Each case is a mistake that a person
# makes, or a file that says two things. $1: build directory.
B=$1
. "$(dirname "$0")/lib.sh"
t=$B/tierce
R=$T/r.jsonl
says() { runs 0 "$1" cat "$2"; }
# has TEXT: the records hold it, to the letter; lacks PATTERN: they do not
has() { runs 0 '' grep -qF -- "$1" "$R"; }
lacks() { runs 1 '' grep -qE "$1" "$R"; }
# quiet PATTERN: what the last import said lacks it
quiet() {
    cat "$T/out" "$T/err" > "$T/told"
    runs 1 '' grep -qE "$1" "$T/told"
}
# import STATUS PATTERN ARGS...: into $R
import() {
    want_status=$1 want_pattern=$2
    shift 2
    rm -f "$R"
    runs "$want_status" "$want_pattern" "$t" import "$@" -o "$R"
}

# ---- two models under one name ----
printf 'prompt,a,b\none,1,0\ntwo,1,0\n' > "$T/ab.csv"
import 1 'ab.csv:2: --rename a=b: a model here is called "b" itself.*say so: --rename a=b,b=b$' "$T/ab.csv" --rename a=b
import 0 'models joined under one name by --rename.*' "$T/ab.csv" --rename a=b,b=b
says '"outcomes": \{"b": \{"score": 0.5' "$R"
import 0 '"b" and "a" are "x"|"a" and "b" are "x"' "$T/ab.csv" --rename a=x,b=x
import 0 '' "$T/ab.csv" --rename a=b,b=a
quiet 'joined'
says '"outcomes": \{"b": \{"score": 1\}, "a": \{"score": 0\}\}' "$R"
printf 'prompt,b\nthree,1\n' > "$T/b.csv"
printf 'prompt,a\nthree,0\n' > "$T/a.csv"
import 1 'b.csv:2: --rename a=b: a model here' "$T/a.csv" "$T/b.csv" --rename a=b
import 0 'conflicting scores' "$T/a.csv" "$T/b.csv" --rename a=b,b=b
import 2 'a is renamed twice|"a" is renamed twice' "$T/ab.csv" --rename a=x,a=y
import 2 'must be OLD=NEW' "$T/ab.csv" --rename a=
import 2 'must be OLD=NEW' "$T/ab.csv" --rename =b
import 2 'must be OLD=NEW' "$T/ab.csv" --rename a
pairs=$(i=0; while [ $i -lt 70 ]; do printf 'm%s=n%s,' $i $i; i=$((i + 1)); done)
printf 'prompt,%sz\nx,%s1\n' "$(i=0; while [ $i -lt 70 ]; do [ $i = 5 ] || printf 'm%s,' $i; i=$((i + 1)); done)" "$(i=0; while [ $i -lt 69 ]; do printf 1,; i=$((i + 1)); done)" > "$T/wide.csv"
import 1 'rename m5: no model of that name' "$T/wide.csv" --rename "$pairs"

done_
