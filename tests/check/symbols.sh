#!/bin/sh
# What the edge library needs from outside, against a list; what it exports, by prefix. symbols.sh LIB.a
lib=$1
here=$(dirname "$0")
defined=$(nm --defined-only -g "$lib" | awk 'NF == 3 { print $3 }' | sort -u)
needed=$(nm -u "$lib" | awk '$1 == "U" { print $2 }' | sort -u)
foreign=$(printf '%s\n' $needed | grep -vxF "$(printf '%s\n' $defined)" | grep -vxF -f "$here/symbols.allow")
stray=$(printf '%s\n' $defined | grep -vE '^(tierce|tf|tm)_')
[ -z "$foreign" ] || echo "the edge library needs symbols that are not on tests/check/symbols.allow:" $foreign
[ -z "$stray" ] || echo "the edge library exports names without its prefix:" $stray
[ -z "$foreign$stray" ] && echo "symbols: $(printf '%s\n' $defined | wc -l) exported, $(printf '%s\n' $needed | wc -l) needed, all on the list"
[ -z "$foreign$stray" ]
