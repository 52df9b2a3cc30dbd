#!/bin/sh
# Reports of real corpora: every figure computed again by tests/report/figures.py, size, and a real browser at 390 and 1280 px
# (no console errors, no horizontal scroll, both figures drawn); pages and screenshots stay in OUT.
#   sh tests/bench/report.sh BUILD CORPORA OUT [CORPUS...]      EVAL: more options of tierce eval, as "--resamples 60"
B=$1 C=$2 out=$3
here=$(dirname "$0")
shift 3
mkdir -p "$out"
tiers() {
    case $1 in
    flash_pro) echo flash,pro ;;
    rational_cascades_9models) echo llama3.1-8b,llama3.1-70b,llama3.1-405b,gpt-4o-mini,gpt-4o ;;
    bfcl_v1) echo gpt-4o-mini-2024-07-18-FC,claude-3-haiku-20240307-FC,gpt-4o-2024-08-06-FC,claude-3-opus-20240229-FC ;;
    *) echo "report.sh: name the tiers of $1 in tiers()" >&2; exit 2 ;;
    esac
}
chrome() { timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --hide-scrollbars --allow-file-access-from-files --user-data-dir="$(mktemp -d)" "$@"; }
status=0
for corpus in "${@:-flash_pro}"; do
    page=$out/$corpus.html records=$C/$corpus.jsonl.gz
    "$B/tierce" eval -q $EVAL --tiers "$(tiers "$corpus")" --report "$page" --predictions "$out/$corpus.p" "$records" > "$out/$corpus.txt" ||
        { status=1; continue; }
    echo "$corpus: $(wc -c < "$page") bytes"
    [ "$(wc -c < "$page")" -lt 1048576 ] || { echo "  over 1 MB"; status=1; }
    python3 "$here/../report/figures.py" "$page" "$records" "$(tiers "$corpus")" "$out/$corpus.p" > "$out/figures" || status=1
    sed 's/^/  figures computed again: /' "$out/figures"
    for w in 390 1280; do
        printf '<!DOCTYPE html><body><iframe id=f src="%s.html" style="border:0;width:%spx;height:900px;"></iframe><pre id=o></pre><script>onload=function(){var d=document.getElementById("f").contentDocument,r=d.documentElement;document.getElementById("o").textContent="width "+r.clientWidth+" scroll "+r.scrollWidth+" svg "+d.querySelectorAll("figure svg").length}</script>' "$corpus" "$w" > "$out/probe.html"
        seen=$(chrome --enable-logging=stderr --dump-dom "file://$(cd "$out" && pwd)/probe.html" 2> "$out/chrome.log" | sed -n 's/.*<pre id="o">\([^<]*\).*/\1/p')
        errors=$(grep -c CONSOLE "$out/chrome.log")
        echo "  chromium: $seen, console messages $errors"
        [ "$seen" = "width $w scroll $w svg 2" ] && [ "$errors" = 0 ] || status=1
        chrome --window-size="$w",$((w == 390 ? 9000 : 6000)) --screenshot="$out/$corpus-$w.png" "file://$(cd "$out" && pwd)/$corpus.html" 2> /dev/null
    done
    rm -f "$out/figures" "$out/probe.html" "$out/chrome.log"
done
exit $status
