#!/bin/sh
# make mutants: can the tests fail? Each line below breaks the source in one place, in a copy of the tree, and names the test that
# must notice. Not part of make test: it rebuilds and links some forty times (about three minutes).
# mutants.sh [WORD]: only those whose name contains WORD.
root=$(cd "$(dirname "$0")/../.." && pwd)
only=$1
CC=${CC:-cc}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
caught=0 missed=0
LIBS=$(sed -n 's/^LIBS="\(.*\)"$/\1/p' "$root/tests/run.sh")
# without vectors: a fault in one of the ways to do the same would be missed by a machine that goes another
SAN="-fsanitize=address,undefined -fno-sanitize-recover=undefined -DTIERCE_NO_VECTORS -DTIERCE_NO_CLONES"
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
for d in features models data infer train tests; do cp -r "$root/$d" "$tmp/"; done
cp "$root/Makefile" "$tmp/"
cd "$tmp" || exit 1
build() { make -s -j2 CC="$CC" HAVE_LIBDEFLATE= CFLAGS="-O1 -g $SAN" build/tierce build/tierce-train > "$tmp/build.log" 2>&1; }
if ! build; then tail -20 "$tmp/build.log"; exit 1; fi

# unit NAME: builds it against the objects of the (broken) tree and runs it
unit() {
    flags=$(sed -n '1s,^/\* link: \(.*\) \*/$,\1,p' "tests/unit/$1.c")
    # shellcheck disable=SC2046,SC2086
    $CC -std=c11 -D_POSIX_C_SOURCE=200809L -ffp-contract=off -I. -O1 -g $SAN "tests/unit/$1.c" \
        $(find build -name '*.o' ! -path '*infer/main.o' ! -path '*train/main.o') $flags -o "build/$1" $LIBS \
        > "$tmp/build.log" 2>&1 || return 2
    timeout 120 "build/$1" > "$tmp/run.log" 2>&1
}
cli() { timeout 120 sh "tests/cli/$1.sh" build > "$tmp/run.log" 2>&1; }

# The control: every test named below passes on the source as it is.
control() {
    for test in $(sed -n "s/^mutant .* \(unit\|cli\) \([a-z_]*\) .*/\1:\2/p" "$root/tests/check/mutants.sh" | sort -u); do
        if ! ${test%%:*} "${test#*:}"; then
            echo "the test ${test#*:} fails without a fault"
            tail -20 "$tmp/run.log" "$tmp/build.log"
            exit 1
        fi
    done
}

# mutant FILE 'SED SCRIPT' KIND TEST NAME...
mutant() {
    file=$1 script=$2 kind=$3 test=$4
    shift 4
    case "$*" in *"$only"*) ;; *) return ;; esac
    cp "$file" "$tmp/original"
    sed "$script" "$tmp/original" > "$file"
    if cmp -s "$file" "$tmp/original"; then
        missed=$((missed + 1)); echo "STALE    $*: the sed script no longer finds its place in $file"
    elif ! build; then
        missed=$((missed + 1)); echo "STALE    $*: does not build: $(grep -m1 error "$tmp/build.log")"
    else
        $kind "$test"
        case $? in
        0) missed=$((missed + 1)); echo "SURVIVED $*: $test passes" ;;
        2) if [ "$kind" = unit ] && [ ! -s "$tmp/run.log" ]; then missed=$((missed + 1)); echo "STALE    $*: $test does not build"; else caught=$((caught + 1)); echo "caught   $* ($test)"; fi ;;
        *) caught=$((caught + 1)); echo "caught   $* ($test)" ;;
        esac
    fi
    : > "$tmp/run.log"
    cp "$tmp/original" "$file"
    touch "$file"
}

[ -n "$only" ] || control
mutant features/hash.h 's/16777619u/16777621u/' unit test_hash hash: another prime
mutant features/hash.h 's/h >> 13/h >> 12/' unit test_hash hash: another shift
mutant features/named.c 's/value >= shares\[b\]/value > shares[b]/' unit test_features bucket of a share off by one
mutant features/named.c 's/return 2 \* k + (value >> (k - 1) \& 1)/return 2 * k + (value >> (k - 1) \& 0)/' unit test_features half octaves become octaves
mutant features/named.c 's/place < 3/place < 2/' unit test_features level of two places
mutant features/scan.c 's/3 \* tf_ones(m->tab/7 * tf_ones(m->tab/' unit test_scan tab of eight columns
mutant features/scan.c 's/(broken ? TF_LINE_START : 0)/TF_LINE_START/' unit test_scan a line starts with every chunk
mutant features/scan.c 's/len < 16/len < 15/' unit test_scan fence of fifteen
mutant features/extract.c 's/head = cap \/ 4 \* 3/head = cap \/ 2/' unit test_zones head of a zone too short
mutant features/extract.c 's/max_entries - 2 \* TF_N_COUNT/max_entries/' unit test_features text leaves named features no room
mutant features/extract.c 's/role == TIERCE_ROLE_SYSTEM)/role == TIERCE_ROLE_TOOL)/' unit test_zones system prompt is an earlier turn
mutant features/scan.c 's/t->hash\[i\] = t->back_len\[i\] = 0;/t->back_len[i] = 0;/' unit test_zones pairs across parts
mutant features/lexicon.c 's/"prove proof show/"prove show/' unit test_stanzas a word less in a list
mutant features/x_tools.c 's/words \&\& hits == words/words \&\& hits/' unit test_stanzas half a name names a tool
mutant models/container.c 's/tm_read_u32(&r) != crc32(0, bytes, TM_HEADER_BYTES - 4)/0 \&\& tm_read_u32(\&r)/' unit test_model header CRC is not checked
mutant models/container.c 's/h->packed_len != len - TM_HEADER_BYTES/h->packed_len > len - TM_HEADER_BYTES/' unit test_model trailing bytes are accepted
mutant models/decode.c 's/r->failed || s->index\[k\] >= indexes ||/r->failed ||/' unit test_model an index of a signature is not checked
mutant models/decode.c 's/if (status != TIERCE_OK)$/if (status != TIERCE_OK \&\& status != TIERCE_EXTRACTOR)/' unit test_model another extractor version is accepted
mutant models/encode.c 's/weights->index\[s\] - last/weights->index[s] - last + 1/' unit test_model indexes are written off by one
mutant models/estimate.c 's/(1.0 - k->trust) \* general/k->trust * general/' unit test_estimate the general rows weigh the wrong way
mutant models/estimate.c 's/g->evidence \* k->evidence/0/' unit test_estimate evidence is forgotten
mutant models/estimate.c 's/input > (double)p->long_above/input < (double)p->long_above/' unit test_estimate long rates for short prompts
mutant models/weights.c 's/f->block\[i\] < TF_B_SKIP/f->block[i] < TF_B_PAIR/' unit test_estimate coverage without pairs
mutant models/weights.c 's/votes += vote > 0;/votes += vote > 0 \&\& i > 0;/' unit test_estimate the first entry has no vote
mutant models/adding.h 's/define TM_FEW 255/define TM_FEW 300/' unit test_estimate 16 bits of votes turn over
mutant infer/router.c 's/(1 - x->kinship->trust) \* general/x->kinship->trust * general/' unit test_estimate explain weighs the wrong way
mutant infer/policy.c 's/first->probability < second->probability/first->probability > second->probability/' unit test_policy reasons swapped
mutant infer/policy.c 's/probability < policy->min_probability/probability <= policy->min_probability/' unit test_policy floor off by an equal
mutant infer/policy.c 's/value_usd \* worth - (/value_usd * worth + (/' unit test_policy costs are gains
mutant infer/policy.c 's/d->dropped_tools |= bit/d->dropped_context |= bit/' unit test_policy a mask is another one
mutant infer/policy.c 's/policy->allowed >> best \& 1/1/' unit test_policy the default may be forbidden
mutant data/json.c 's/++json->depth > TD_JSON_DEPTH/++json->depth >= TD_JSON_DEPTH/' unit test_json depth of 999
mutant data/json.c "s/(\\*from == '0' \\&\\& at - from > 1)/0/" unit test_json leading zeros
mutant data/json.c 's/(first - 0xd800) << 10/(first - 0xd800) << 9/' unit test_json surrogates joined wrongly
mutant data/dom.c 's/v == 0 || //' unit test_dom NUL cuts strings
mutant data/dom.c "s/to\\[1\\] = '!'/to[1] = 'u'/" unit test_json short escapes cut strings
mutant data/record_reader.c 's/r->seen\[s\].hash == h/r->seen[s].hash == h + 1/' unit test_record ids may repeat
mutant data/record_reader.c 's/r->bad <= r->max_bad/r->bad <= r->max_bad + 1/' unit test_record budget off by one
mutant data/record_reader.c 's/if (r->request.no_memory)/if (0)/' unit test_memory no memory is a bad line
mutant data/lines.c "s/from\\[n - 1\\] == '.r'/from[n - 1] == 'r'/" unit test_record CR stays
mutant data/text_out.c 's/whole + (rest >= 0.5)/whole/' unit test_text_out numbers are cut, not rounded
mutant train/metrics.c 's/#define BINS 15/#define BINS 14/' unit test_metrics fourteen bins
mutant train/metrics.c 's/j < n \&\& pairs\[j\].gain == pairs\[i\].gain/j < n \&\& j == i/' unit test_metrics ties in the order they come
mutant train/judgement.c 's/- lambda \* cost/+ lambda * cost/' unit test_metrics the dearest tier is preferred
mutant models/coder.c 's/(uint8_t)(c->cache + carry)/c->cache/' unit test_coder a carry of the range coder is lost
mutant models/tiny.c 's/w->bad = w->bad || at >> bits != \*block;/;/' unit test_coder an index of a tiny file beyond its block
mutant models/tiny.c 's/ || n > w->most;/;/' unit test_coder slots of a tiny file are not held against its bytes
mutant models/tiny.c 's/steps - 0.5f/steps/' unit test_coder negative steps are cut, not rounded
mutant infer/decision_out.c 's/d->order\[0\]/d->order[d->n_order - 1]/' cli golden the last tier is printed
mutant data/options.c 's/v <= o->high/1/' cli golden no upper limit of an option
mutant infer/cmd_route.c 's/total += r->at\[i\].difference/total += i ? r->at[i].difference : 0/' cli golden the largest reason is not summed
mutant train/cmd_eval.c 's/d->crc\[i\] % n/i % n/' cli golden folds by position
echo "$caught caught, $missed missed"
[ $missed = 0 ]
