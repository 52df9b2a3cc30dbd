#!/bin/sh
# The house rules that a script can check (DESIGN: four rules). arrows.sh [ROOT]
# 1 quoted includes name their folder and follow the arrows, without cycles between files;
# 2 each heavy library is included by one .c file; 3 is symbols.sh; 4 the edge library neither prints,
# exits, reads the environment nor has mutable statics.
cd "${1:-.}" || exit 2
bad=0
fault() { echo "$1"; bad=1; }
files=$(find features models data infer train -name '*.[ch]' | sort)
pairs=$(grep -Hn '^#include "' $files | sed 's/^\([^:]*\):\([0-9]*\):#include "\([^"]*\)".*/\1 \2 \3/')

faults=$(echo "$pairs" | awk '
BEGIN {
    ok["features"] = " features "; ok["models"] = " features models "; ok["data"] = " features data "
    ok["infer"] = " infer models data features "; ok["train"] = " train infer models data features "
}
{
    split($1, from, "/"); n = split($3, to, "/")
    if (n < 2) print $1 ":" $2 ": \"" $3 "\" does not name its folder"
    else if (index(ok[from[1]], " " to[1] " ") == 0) print $1 ":" $2 ": " from[1] "/ must not include " $3 " (against the arrows)"
    else if ((getline line < $3) < 0) print $1 ":" $2 ": " $3 " does not exist"
    close($3)
}')
[ -z "$faults" ] || fault "$faults"

# no header comes back to itself
cycles=$(echo "$pairs" | awk '{ print $1, $3 }' | sort -u | tsort 2>&1 >/dev/null | grep -v 'input contains a loop')
[ -z "$cycles" ] || fault "include cycle among: $(echo $cycles | sed 's/tsort: //g')"

one() { # HEADER FILE: included by FILE and nowhere else
    who=$(grep -ln "#include <$1>" $files 2>/dev/null)
    for f in $who; do
        [ "$f" = "$2" ] || fault "$f: <$1> may be included by $2 only (each heavy library by one .c file)"
    done
}
one linear.h train/solver.c
one 'cjson/cJSON.h' data/dom.c
one 'curl/curl.h' infer/dispatch/upstream.c
one sqlite3.h infer/dispatch/ledger_sqlite.c
one 'hiredis/hiredis.h' infer/dispatch/ledger_redis.c
one 'event2/event.h' infer/dispatch/loop.c
one zstd.h data/zst.c
one libdeflate.h infer/deflate.c
for f in $(grep -ln '#include <event2/\|#include <sqlite3.h>\|#include <hiredis' $files 2>/dev/null); do
    case $f in *.h) fault "$f: a heavy library in a header" ;; esac
done

edge="$(ls features/*.c models/*.c) infer/router.c infer/router_file.c infer/policy.c infer/swap.c"
for f in $edge; do
    hits=$(grep -nE '\b(f?printf|puts|perror|exit|abort|getenv|assert)[[:space:]]*\(' "$f")
    [ -z "$hits" ] || fault "$f:$hits: the edge library does not print, exit or read the environment"
    hits=$(grep -nE '^[[:space:]]*static[[:space:]]' "$f" | grep -vE 'static (inline )?const|static [^=;]*\(' )
    [ -z "$hits" ] || fault "$f:$hits: a mutable static in the edge library"
done
for f in $(find data -name '*.c' | grep -v data/options.c); do
    hits=$(grep -nE '\b(printf|puts|perror|exit|abort)[[:space:]]*\(|fprintf[[:space:]]*\([[:space:]]*std' "$f")
    [ -z "$hits" ] || fault "$f:$hits: data/ returns errors, it does not print or exit"
done
[ $bad = 0 ] && echo "arrows: $(echo "$files" | wc -l) files, no violation"
exit $bad
