#!/bin/sh
# tierce eval --report on simulated records: whole or not at all, escaped, every figure computed again, and in a real
# browser. $1: build directory.
B=$1
. "$(dirname "$0")/lib.sh"
t=$B/tierce
"$t" simulate -n 600 --seed 5 -o "$T/s.jsonl" || exit 1
ev="$t eval -q -j 2 --folds 2 --resamples 60 --shuffles 49 --tiers flash,pro"
runs 2 'goes with --report' $ev --show-prompts "$T/s.jsonl"
runs 2 'needs --shuffles' $ev --shuffles 0 --report "$T/x.html" "$T/s.jsonl"
runs 1 '/none/x.html' $ev --report "$T/none/x.html" "$T/s.jsonl"
runs 1 'no report is written' "$t" eval -q --folds 2 --tiers flash --report "$T/x.html" "$T/s.jsonl"
runs 1 '' test -e "$T/x.html"
# hostile names: nothing of theirs becomes markup
sed 's,"source":"[^"]*","source":"<script>alert(1)</script>\\u0022\\u0027 \& \\u202e",;s,"id":"sim,"id":"</bdi><img src=x onerror=alert(2)>,' "$T/s.jsonl" > "$T/h.jsonl"
runs 0 RECOMMENDATION $ev --report "$T/h.html" --show-prompts "$T/h.jsonl"
runs 1 '' grep -q '<script\|<img\|onerror=alert(2)>' "$T/h.html"
runs 0 '' grep -q '&lt;script&gt;alert(1)&lt;/script&gt;' "$T/h.html"
runs 0 '' grep -q '<blockquote>' "$T/h.html"
runs 0 RECOMMENDATION $ev --report "$T/s.html" --predictions "$T/p.jsonl" "$T/s.jsonl"
runs 1 '' grep -q '<blockquote>\|<script\|http://[^w]\|https://' "$T/s.html"
for id in verdict curve groups best calibration features wrong parts method; do runs 0 '' grep -q "id=\"$id\"" "$T/s.html"; done
# without gnuplot: tables, and how to get it
mkdir "$T/bin" && ln -s "$(command -v true)" "$T/bin/true"
runs 0 RECOMMENDATION env PATH="$T/bin" "$PWD/$B/tierce-train" eval -q --folds 2 --resamples 0 --shuffles 49 --tiers flash,pro --report "$T/n.html" "$T/s.jsonl"
runs 0 '' grep -q 'gnuplot-nox' "$T/n.html"
runs 1 '' grep -q '<svg' "$T/n.html"
# bar 6: a second computation
if command -v python3 > /dev/null 2>&1; then
    runs 0 ' 0 failed' python3 tests/report/figures.py "$T/s.html" "$T/s.jsonl" flash,pro "$T/p.jsonl"
    sed 's/,"cost_usd":[0-9.]*//g' "$T/s.jsonl" > "$T/free.jsonl"
    runs 0 RECOMMENDATION $ev --report "$T/f.html" --predictions "$T/p.jsonl" "$T/free.jsonl"
    runs 0 ' 0 failed' python3 tests/report/figures.py "$T/f.html" "$T/free.jsonl" flash,pro "$T/p.jsonl"
    # a finished model with operating points; its features against tierce route --explain of every record
    head -300 "$T/s.jsonl" > "$T/a.jsonl"; tail -300 "$T/s.jsonl" > "$T/b.jsonl"; head -100 "$T/b.jsonl" > "$T/c.jsonl"
    "$t" train -q --c 0.5 --tiers flash,pro "$T/a.jsonl" -o "$T/m" && "$t" tune -m "$T/m" --value-usd 0.5 --name low "$T/b.jsonl" > /dev/null &&
        "$t" tune -m "$T/m" --value-usd 2 --name balanced "$T/b.jsonl" > /dev/null && "$t" inspect --json "$T/m" > "$T/i.json"
    runs 0 RECOMMENDATION "$t" eval -m "$T/m" --resamples 60 --shuffles 49 --report "$T/m.html" --predictions "$T/q.jsonl" "$T/c.jsonl"
    runs 0 ' 0 failed' python3 tests/report/figures.py "$T/m.html" "$T/c.jsonl" flash,pro "$T/q.jsonl" --points "$T/i.json" --route "$t" "$T/m"
    # and it can fail
    sed 's/data-f="brier">0/data-f="brier">1/' "$T/s.html" > "$T/wrong.html"
    runs 1 'brier: page 1' python3 tests/report/figures.py "$T/wrong.html" "$T/free.jsonl" flash,pro "$T/p.jsonl"
else
    skipped=1
fi
# a real browser: no console errors, nothing wider than the window, both figures drawn
chrome=$(command -v chromium || true)
if [ -n "$chrome" ] && "$chrome" --version > /dev/null 2>&1; then
    for w in 390 1280; do
        # a frame that leaves the page this width beside its 15 px scroll bar (headless windows are 500 px wide at least)
        printf '<!DOCTYPE html><body><iframe id=f src="s.html" style="border:0;width:%spx;height:900px;"></iframe><pre id=o></pre><script>onload=function(){var d=document.getElementById("f").contentDocument,r=d.documentElement;document.getElementById("o").textContent="width "+r.clientWidth+" scroll "+r.scrollWidth+" svg "+d.querySelectorAll("figure svg").length+" high "+Math.min.apply(null,[].map.call(d.querySelectorAll("figure svg"),function(s){return s.getBoundingClientRect().height>100?1:0}))}</script>' $((w + 15)) > "$T/probe.html"
        mkdir "$T/chrome$w"
        runs 0 "width $w scroll $w svg 2 high 1" timeout 60 "$chrome" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --allow-file-access-from-files --user-data-dir="$T/chrome$w" --enable-logging=stderr --dump-dom "file://$T/probe.html"
        runs 1 '' grep -q 'CONSOLE' "$T/err"
    done
else
    skipped=$((${skipped:-0} + 4))
fi
done_
