#!/bin/sh
# tierce dispatch --resume: what is no answer file stays as it is, no answer is paid for twice, one run at a time writes a FILE, and
# a changed input is seen. $1: build directory, $2: programs under test, $3: scratch.
B=$1 P=$2 T=$3/resume
. tests/dispatch/lib.sh
start_mock --billed "$T/billed"
tiers() {
    one() { echo "{\"name\": \"$1\", \"prices\": {\"input\": 1.5, \"output\": 9}, \"endpoints\": [{\"base_url\": \"http://127.0.0.1:$port/v1\", \"model\": \"mock:$2\"}]}"; }
    echo "{\"tiers\": [$(one flash "$1"), $(one pro "$1")], \"retry\": {\"retries\": 0}}" > "$T/tiers.json"
}
requests() { awk -v n="$1" -v word="${2:-plus}" 'BEGIN { for (i = 1; i <= n; i++) printf "{\"id\": \"r%d\", \"max_tokens\": 20, \"prompt\": \"What is %d %s %d?\"}\n", i, i, word, i }'; }
send() { "$P/tierce-dispatch" dispatch -m models/flash-pro.tierce --tiers "$T/tiers.json" "$@" 2> "$T/err"; }
ids() { sed 's/.*"custom_id":"\([^"]*\)".*/\1/' "$1"; }
clean() { rm -f "$T/f" "$T/f".*; }
billed() { wc -l < "$T/billed"; }
# killed SECONDS [OPTION...]: a run on 300 slow requests, killed
killed() {
    sleep=$1
    shift
    "$P/tierce-dispatch" dispatch -m models/flash-pro.tierce --tiers "$T/tiers.json" -c 4 -o "$T/f" "$@" "$T/300.jsonl" 2> "$T/err" &
    pid=$!
    sleep "$sleep"
    kill -9 $pid
    wait $pid 2> /dev/null
}
tiers ok,in=20,out=20
requests 5 > "$T/5.jsonl"
requests 300 > "$T/300.jsonl"
touch "$T/billed"

# what is no answer file
awk 'BEGIN { for (i = 1; i <= 50; i++) printf "{\"id\": \"a%d\", \"prompt\": \"x\", \"outcomes\": {\"flash\": {\"score\": 1}}}\n", i }' > "$T/records"
printf 'My notes.\nThe second line.\n' > "$T/text"
printf 'One line without a break' > "$T/short"
printf '{"id": "a", "prompt": "one record without a break"}' > "$T/record"
printf '{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"messages": []}}\n' > "$T/batch"
printf '{"id":"a","prompt":"a record that was c' > "$T/half"
gzip -c "$T/5.jsonl" > "$T/packed"
send -o "$T/good" "$T/5.jsonl"; is "answers" $? 0
{ head -2 "$T/good"; echo 'not mine'; tail -3 "$T/good"; } > "$T/mixed"
{ head -2 "$T/good"; sed -n 3p "$T/good" | cut -c 1-60; tail -2 "$T/good"; } > "$T/torn" # within: not what a kill leaves
before=$(billed)
for what in "records:1: .*a record;" "text:1: .*no JSON object;" "short:1: .*no JSON" "record:1: .*a request;" "batch:1: .*a request;" \
    "half:1: " "packed: is packed" "mixed:3: .*no JSON" "torn:3: "; do
    name=${what%%:*}
    for end in "" .partial .resuming .partial.sorted; do
        for order in "" --unordered; do
            clean
            cp "$T/$name" "$T/f$end"
            [ "$end" = "" ] || cp "$T/good" "$T/f"
            ls "$T"/f* > "$T/there"; cat "$T"/f* | cksum > "$T/sum"
            # shellcheck disable=SC2086
            send -o "$T/f" --resume $order "$T/5.jsonl"; is "$name as FILE$end $order" $? 1
            says "$name as FILE$end $order: where and what" "/f$end${what#"$name"}"
            [ "$(ls "$T"/f*)" = "$(cat "$T/there")" ] && [ "$(cat "$T"/f* | cksum)" = "$(cat "$T/sum")" ] && ok || bad "$name as FILE$end $order: something changed"
        done
    done
done
is "and nothing was sent" "$(billed)" "$before"
says "the mend" "name another file with -o"

# one line that was cut, at every length of it; zeros of a power cut; a blank line; a provider's own answers
clean
n=$(sed -n 3p "$T/good" | wc -c)
for at in 1 2 7 12 20 40 60 $((n - 2)) $((n - 1)) zeros; do
    head -2 "$T/good" > "$T/f"
    if [ $at = zeros ]; then { sed -n 3p "$T/good" | cut -c 1-30 | tr '\n' '\000'; head -c 100 /dev/zero; } >> "$T/f"
    else sed -n 3p "$T/good" | head -c $at >> "$T/f"; fi
    send -o "$T/f" --resume "$T/5.jsonl"; is "cut at $at" $? 0
    is "cut at $at: all in order" "$(ids "$T/f" | tr '\n' ' ')" "r1 r2 r3 r4 r5 "
    [ $at = $((n - 1)) ] || says "cut at $at: told" "2 answers are there already; 1 failed or cut"
done
{ printf '\n'; cat "$T/good"; printf '%s\n' '{"id":"b","custom_id":"other","response":null,"error":{"code":"expired"}}'; } > "$T/f"
send -o "$T/f" --resume "$T/5.jsonl"; is "a blank line and a provider's failure" $? 0
says "are no fault" "5 answers are there already; 1 failed"

# no room in the middle of an answer: what got there of it goes, so that nothing ever stands behind half a line
clean
(trap '' XFSZ; ulimit -f 8; send -o "$T/f" "$T/300.jsonl"); is "no room" $? 1
says "is told" "f.partial: cannot be written: File too large; make room"
is "the file ends with a whole line" "$(tail -c 1 "$T/f.partial" | od -An -c | tr -d ' ')" '\n'
send -o "$T/f" --resume "$T/300.jsonl"; is "with room" $? 0
is "all are there" "$(wc -l < "$T/f")" 300

# killed one way, resumed the other: each is paid for once, but for what was under way
tiers ok,in=20,out=20,first=20
for order in "|--unordered" "--unordered|" "|" "--unordered|--unordered"; do
    clean
    before=$(billed)
    # shellcheck disable=SC2086
    killed 0.7 ${order%|*}
    there=$(cat "$T/f" "$T/f.partial" 2> /dev/null | grep -c '}}$')
    [ "$there" -gt 10 ] && [ "$there" -lt 290 ] && ok || bad "'$order': $there answers at the kill"
    # shellcheck disable=SC2086
    send -o "$T/f" --resume ${order#*|} "$T/300.jsonl"; is "'$order'" $? 0
    says "'$order'" "$there answers are there already"
    is "'$order': each once" "$(ids "$T/f" | sort -V | cksum)" "$(ids "$T/300.jsonl" | sed 's/.*"id": "\(r[0-9]*\)".*/\1/' | cksum)"
    sent=$(($(billed) - before))
    [ $sent -le 304 ] && ok || bad "'$order': $sent were paid for"
    is "'$order': nothing else is left" "$(ls "$T"/f*)" "$T/f"
done
clean; killed 0.7
send -o "$T/f" --unordered "$T/300.jsonl"; is "unordered on a FILE.partial without --resume" $? 1
says "is told" "is there already; go on with --resume"

# killed again and again, early and late, now in order, now not: nothing is lost, nothing is there twice
clean
tiers ok,in=20,out=20,first=10
requests 2000 > "$T/2000.jsonl"
before=$(billed) kills=0 least=0
while [ $kills -lt 24 ]; do
    order=; [ "$(awk -v s=$kills 'BEGIN { srand(s + 77); print rand() < 0.5 }')" = 1 ] && order=--unordered
    # shellcheck disable=SC2086
    "$P/tierce-dispatch" dispatch -m models/flash-pro.tierce --tiers "$T/tiers.json" -c 8 -o "$T/f" --resume $order "$T/2000.jsonl" 2> "$T/err" &
    pid=$!
    sleep "0.$(awk -v s=$kills 'BEGIN { srand(s + 1); printf "%03d", 5 + rand() * 150 }')"
    kill -9 $pid 2> /dev/null || break
    wait $pid 2> /dev/null
    kills=$((kills + 1))
    n=$(cat "$T/f" "$T/f.partial" 2> /dev/null | grep '}}$' | sed 's/.*"custom_id":"\([^"]*\)".*/\1/' | sort -u | wc -l)
    [ "$n" -ge "$least" ] && least=$n || bad "kill $kills: $n answers where $least were"
done
is "kills in time" $kills 24
send -o "$T/f" --resume "$T/2000.jsonl"; is "the end after $kills kills" $? 0
is "each once, in order" "$(ids "$T/f" | cksum)" "$(sed 's/.*"id": "\(r[0-9]*\)".*/\1/' "$T/2000.jsonl" | cksum)"
sent=$(($(billed) - before))
[ $sent -le $((2000 + kills * 8)) ] && ok || bad "$sent were paid for"
is "nothing else is left after kills" "$(ls "$T"/f*)" "$T/f"
echo "# $kills kills, in order and not: $least answers before the last run, $sent billed for 2000 requests"

# two at once: the second is refused, the first ends as if nothing were, and a dead one's lock is gone
for order in "|" "|--unordered" "--unordered|" "--unordered|--unordered"; do
    clean
    before=$(billed)
    # shellcheck disable=SC2086
    "$P/tierce-dispatch" dispatch -m models/flash-pro.tierce --tiers "$T/tiers.json" -c 4 -o "$T/f" ${order%|*} "$T/300.jsonl" 2> "$T/err1" & first=$!
    while ! cat "$T/f" "$T/f.partial" 2> /dev/null | grep -q custom_id; do sleep 0.02; done
    ln -sf f "$T/link"
    for name in f link; do
        # shellcheck disable=SC2086
        send -o "$T/$name" --resume ${order#*|} "$T/300.jsonl"; is "'$order': a second run on $name" $? 1
        says "'$order': why" "another tierce dispatch is writing it; wait"
    done
    # shellcheck disable=SC2086
    send -o "$T/f" ${order#*|} "$T/300.jsonl"; is "'$order': nor without --resume" $? 1
    wait $first; is "'$order': the first" $? 0
    is "'$order': each once" "$(ids "$T/f" | sort -V | cksum)" "$(ids "$T/300.jsonl" | sed 's/.*"id": "\(r[0-9]*\)".*/\1/' | cksum)"
    is "'$order': each is paid for once" $(($(billed) - before)) 300
    is "'$order': nothing else is left" "$(ls "$T"/f*)" "$T/f"
done
# many that start at the same moment: one gets it
tiers ok,in=20,out=20,first=5
for round in 1 2 3; do
    clean
    before=$(billed)
    for i in 1 2 3 4; do
        order=; [ $((i % 2)) = 0 ] && order=--unordered
        # shellcheck disable=SC2086
        { "$P/tierce-dispatch" dispatch -m models/flash-pro.tierce --tiers "$T/tiers.json" -c 4 -o "$T/f" --resume $order "$T/300.jsonl" 2> "$T/err.$i"; echo $? > "$T/status.$i"; } &
        eval "p$i=$!"
    done
    # shellcheck disable=SC2154
    wait $p1 $p2 $p3 $p4
    is "round $round: one of those who came together" "$(sort -u "$T"/status.? | head -1)" 0
    is "round $round: each is paid for once" $(($(billed) - before)) 300
    is "round $round: each is there once" "$(ids "$T/f" | sort -V | uniq | wc -l) $(wc -l < "$T/f")" "300 300"
    is "round $round: nothing else is left" "$(ls "$T"/f*)" "$T/f"
done
# a file system without locks, the plain program (sanitizers want to come first)
printf '#include <errno.h>\nint flock(int fd, int how);\nint flock(int fd, int how) { (void)fd; (void)how; errno = ENOSYS; return -1; }\n' > "$T/lockless.c"
if ${CC:-cc} -shared -fPIC "$T/lockless.c" -o "$T/lockless.so" 2> /dev/null; then
    clean
    LD_PRELOAD="$T/lockless.so" "$B/tierce-dispatch" dispatch -q -m models/flash-pro.tierce --tiers "$T/tiers.json" -o "$T/f" "$T/5.jsonl" 2> "$T/err"; is "a file system without locks" $? 0
    says "is told" "knows no locks; see that only one run"
    is "and all is there" "$(ids "$T/f" | tr '\n' ' ')" "r1 r2 r3 r4 r5 "
fi
# a neighbour that is not ours, though it holds answers; what a kill at the end leaves goes
clean
send -o "$T/f" "$T/5.jsonl"; cp "$T/f" "$T/f.sorted"; head -c 700 "$T/f" > "$T/f.partial.sorted"; sum=$(cksum < "$T/f.sorted")
send -o "$T/f" --resume --unordered "$T/5.jsonl"; is "neighbours" $? 0
send -o "$T/f" --resume "$T/5.jsonl"; is "neighbours, in order" "$(ls "$T"/f* | tr '\n' ' ')$(cksum < "$T/f.sorted")" "$T/f $T/f.sorted $sum"
send -o - "$T/5.jsonl" > "$T/out"; is "-o - is standard output" "$(ids "$T/out" | tr '\n' ' ')" "r1 r2 r3 r4 r5 "
send -o - --resume "$T/5.jsonl" > "$T/out"; is "which cannot be resumed" $? 2
# FILE comes from elsewhere while a run goes on
clean
"$P/tierce-dispatch" dispatch -m models/flash-pro.tierce --tiers "$T/tiers.json" -c 4 -o "$T/f" "$T/300.jsonl" 2> "$T/err" & first=$!
while ! [ -s "$T/f.partial" ]; do sleep 0.02; done
cp "$T/text" "$T/f"
wait $first; is "FILE came meanwhile" $? 1
says "is told" "came while this run went on"
cmp -s "$T/f" "$T/text" && ok || bad "and is overwritten"
rm "$T/f"; before=$(billed)
send -o "$T/f" --resume "$T/300.jsonl"; is "moved away" $? 0
is "all are there, none is sent" "$(wc -l < "$T/f") $(($(billed) - before))" "300 0"

# the input changes
tiers ok,in=20,out=20
sed 's/"id": "r[0-9]*", //' "$T/5.jsonl" > "$T/no-ids.jsonl"
for order in "" --unordered; do
    clean
    # shellcheck disable=SC2086
    send -o "$T/f" $order "$T/no-ids.jsonl"; is "without ids" $? 0
    cp "$T/f" "$T/was"; before=$(billed)
    { echo '{"prompt": "A new first line"}'; cat "$T/no-ids.jsonl"; } > "$T/shifted.jsonl"
    # shellcheck disable=SC2086
    send -o "$T/f" --resume $order "$T/shifted.jsonl"; is "a line in front $order" $? 1
    says "where" "shifted.jsonl:1: the answer to line-1 in .*/f was given to another request"
    grep -q 'with --resume goes on' "$T/err" && bad "a mend that is none" || ok
    is "and nothing changed" "$(ls "$T"/f*) $(cksum < "$T/f")" "$T/f $(cksum < "$T/was")"
    # shellcheck disable=SC2086
    send -o "$T/f" --resume $order "$T/no-ids.jsonl"; is "undone: all is there" $? 0
    is "and the same" "$(cksum < "$T/f") $(($(billed) - before))" "$(cksum < "$T/was") 0"
    echo '{"prompt": "A new last line"}' >> "$T/no-ids.jsonl"
    # shellcheck disable=SC2086
    send -o "$T/f" --resume $order "$T/no-ids.jsonl"; is "a line behind $order" $? 0
    is "is one more" "$(ids "$T/f" | tail -1) $(($(billed) - before))" "line-6 1"
    sed -i '$d' "$T/no-ids.jsonl"
    clean
    # an id whose request changed is asked again; labels beside a request are not the request
    # shellcheck disable=SC2086
    send -o "$T/f" $order "$T/5.jsonl"
    sed '3s/plus/minus/; 4s/"id"/"outcomes": {"flash": {"score": 1}}, "id"/' "$T/5.jsonl" > "$T/edited.jsonl"
    before=$(billed); grep -v '"r3"' "$T/f" | sort > "$T/was"
    # shellcheck disable=SC2086
    send -o "$T/f" --resume $order "$T/edited.jsonl"; is "one changed $order" $? 0
    says "told" "1 of them had answers, but to other requests"
    is "one is sent, and each is there once $order" "$(ids "$T/f" | sort | tr '\n' ' ')$(($(billed) - before))" "r1 r2 r3 r4 r5 1"
    is "the others stay" "$(grep -v '"r3"' "$T/f" | sort | cksum)" "$(cksum < "$T/was")"
    # shellcheck disable=SC2086
    send -o "$T/f" --resume $order "$T/edited.jsonl"; is "and then it is there" "$? $(($(billed) - before))" "0 1"
    # both answers of one id, as a kill leaves them: the later counts
    clean
    # shellcheck disable=SC2086
    send -o "$T/f" $order "$T/edited.jsonl"
    later=$(sed -n '/"r3"/p' "$T/f")
    { cat "$T/good"; echo "$later"; } > "$T/f.partial"; rm "$T/f"
    before=$(billed)
    # shellcheck disable=SC2086
    send -o "$T/f" --resume $order "$T/edited.jsonl"; is "both answers of one id $order" "$? $(($(billed) - before))" "0 0"
    is "the later stays $order" "$(grep '"r3"' "$T/f")" "$later"
    is "alone $order" "$(wc -l < "$T/f")" 5
done
# answers of older runs have no digest
clean
sed 's/,"request_digest":"[0-9a-f]*"//' "$T/good" > "$T/f"
grep -q digest "$T/f" && bad "a digest is left" || ok
before=$(billed)
send -o "$T/f" --resume "$T/edited.jsonl"; is "answers without digests" "$? $(($(billed) - before))" "0 0"
grep -aq 'ERROR: \|runtime error' "$T"/err* && bad "sanitizers" || ok
echo "$passed passed, $failed failed"
[ $failed = 0 ]
