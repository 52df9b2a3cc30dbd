/* Conversation sense: open tool loops keep their tier, short follow-ups keep the turn's, switches pay for the
 * cache; and the bounded map of sessions. The model is the pretrained one: which of our prompts it sends where
 * is looked up, so that another model may take its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/dispatch/sessions.h"
#include "infer/dispatch/turns.h"

static tierce_router *router;
static tierce_scratch *scratch;
static void *memory;
static tierce_policy policy;
static const char *prompt_of[2]; /* a prompt that the model sends to tier 0, to tier 1 */

static const char *const candidates[] = {
    "Write a function that reverses a list, and explain how long it takes for long lists.",
    "Please say hello to everybody in the room and tell them that dinner is served at eight.",
    "Which court may hear the appeal? Options: A. the county court B. the high court C. none of the two",
    "A particle of mass m moves in V(x) = k x^4. What is the energy of the n-th level?\n"
    "Options: A. n^(4/3) B. n^(3/4) C. n^2 D. n E. none F. n^(1/2) G. n^3 H. log n I. e^n J. 1/n",
    "Question: A 2.0 kg block slides down an incline of 30 degrees. Find its acceleration in m/s^2. A. 4.9 B. 9.8 C. 2.1",
};

enum { USER, SYSTEM, SAYS, CALLS, RETURNS, PICTURE };

/* A request from (kind, text) pairs; every pair is a message of its own. */
static tierce_request make(tierce_part *parts, size_t n, const int *kinds, const char *const *texts)
{
    tierce_request r = {.parts = parts, .n_parts = n};
    memset(parts, 0, n * sizeof *parts);
    for (size_t i = 0; i < n; i++) {
        parts[i].message = (uint32_t)i;
        parts[i].kind = kinds[i] == CALLS     ? TIERCE_PART_CALL
                        : kinds[i] == RETURNS ? TIERCE_PART_RESULT
                        : kinds[i] == PICTURE ? TIERCE_PART_MEDIA
                                              : TIERCE_PART_TEXT;
        parts[i].role = kinds[i] == SYSTEM                       ? TIERCE_ROLE_SYSTEM
                        : kinds[i] == SAYS || kinds[i] == CALLS  ? TIERCE_ROLE_ASSISTANT
                        : kinds[i] == RETURNS                    ? TIERCE_ROLE_TOOL
                                                                 : TIERCE_ROLE_USER;
        parts[i].text.data = texts[i];
        parts[i].text.len = strlen(texts[i]);
    }
    return r;
}

#define REQUEST(...) \
    const int kinds[] = {__VA_ARGS__}; \
    enum { N = sizeof kinds / sizeof *kinds }; \
    tierce_part parts[N]

static uint32_t plain(const tierce_request *request)
{
    tierce_decision d;
    assert_int_equal(tierce_decide(router, scratch, request, &policy, &d, NULL), TIERCE_OK);
    return d.order[0];
}

static int open_model(void **unused)
{
    (void)unused;
    if (tierce_router_open_file(&router, "models/flash-pro.tierce", NULL, NULL) != TIERCE_OK)
        return -1;
    memory = malloc(tierce_scratch_size(router));
    scratch = tierce_scratch_init(router, memory, NULL);
    policy = tierce_policy_default(router);
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        tierce_part part;
        const tierce_request r = tierce_request_of_prompt(&part, candidates[i], strlen(candidates[i]));
        prompt_of[plain(&r) ? 1 : 0] = candidates[i];
    }
    return prompt_of[0] && prompt_of[1] ? 0 : -1;
}

static int close_model(void **unused)
{
    (void)unused;
    tierce_router_close(router);
    free(memory);
    return 0;
}

static uint32_t decide(const tierce_request *r, const ds_cache_price *prices, uint32_t previous, const char *turn,
                       tierce_decision *d)
{
    ds_turn t;
    assert_int_equal(ds_turns_decide(router, scratch, r, &policy, prices, previous, d, &t, NULL), TIERCE_OK);
    assert_string_equal(ds_turn_name(t), turn);
    return d->order[0];
}

static void test_single_turns_decide_as_ever(void **unused)
{
    (void)unused;
    for (int tier = 0; tier < 2; tier++) {
        tierce_part part;
        tierce_decision a, b;
        const tierce_request r = tierce_request_of_prompt(&part, prompt_of[tier], strlen(prompt_of[tier]));
        assert_int_equal(tierce_decide(router, scratch, &r, &policy, &a, NULL), TIERCE_OK);
        assert_int_equal(decide(&r, NULL, UINT32_MAX, "FRESH", &b), (uint32_t)tier);
        assert_int_equal(a.n_order, b.n_order);
        assert_int_equal(a.reason, b.reason);
        assert_true(a.margin == b.margin && a.view.familiarity == b.view.familiarity);
        for (uint32_t t = 0; t < 2; t++)
            assert_true(a.order[t] == b.order[t] && a.estimate[t].probability == b.estimate[t].probability);
    }
}

static void test_tool_loops_keep_their_tier(void **unused)
{
    (void)unused;
    for (int tier = 0; tier < 2; tier++) {
        /* the result's text alone would go elsewhere */
        const char *const texts[] = {"Be brief.", prompt_of[tier], "{\"path\":\"a\"}", prompt_of[1 - tier]};
        tierce_decision d;
        REQUEST(SYSTEM, USER, CALLS, RETURNS);
        const tierce_request r = make(parts, N, kinds, texts);
        tierce_request asked = r;
        asked.n_parts = 2;
        const uint32_t first = plain(&asked);
        assert_true(ds_turns_in_tool_loop(&r));
        assert_int_equal(ds_turns_end_of_user(&r), 2);
        assert_int_equal(decide(&r, NULL, UINT32_MAX, "TOOL_LOOP", &d), first);
        assert_int_equal(decide(&r, NULL, 1 - first, "TOOL_LOOP", &d), 1 - first); /* what the caller knows counts */
        assert_int_equal(d.order[1], first);
        assert_int_equal(d.n_order, 2);
        tierce_request open = r; /* the call alone, not answered yet */
        open.n_parts = 3;
        assert_true(ds_turns_in_tool_loop(&open));
        decide(&open, NULL, first, "TOOL_LOOP", &d);
        /* a tier that may not be chosen is not kept */
        policy.allowed = (uint64_t)1 << first;
        assert_int_equal(decide(&r, NULL, 1 - first, "FRESH", &d), first);
        policy = tierce_policy_default(router);
    }
}

static void test_follow_ups(void **unused)
{
    static const struct {
        const char *text;
        bool short_one;
    } cases[] = {{"yes", true},
                 {"commit it", true},
                 {"", true},
                 {"go on, but in \xc3\xa4 friendlier tone", true},
                 {"now explain it again in full, with every step and an example", false},
                 {"x = 4;", false},
                 {"`ls`", false},
                 {"{\"a\":1}", false}};
    tierce_decision d;
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (uint32_t tier = 0; tier < 2; tier++) {
            const char *const texts[] = {prompt_of[tier], "Done.", cases[i].text};
            REQUEST(USER, SAYS, USER);
            const tierce_request r = make(parts, N, kinds, texts);
            assert_int_equal(ds_turns_short_follow_up(&r), cases[i].short_one);
            if (cases[i].short_one)
                assert_int_equal(decide(&r, NULL, UINT32_MAX, "FOLLOW_UP", &d), tier);
            else
                assert_int_equal(decide(&r, NULL, UINT32_MAX, "FRESH", &d), plain(&r));
        }
}

static void test_follow_ups_of_follow_ups(void **unused)
{
    (void)unused;
    for (uint32_t tier = 0; tier < 2; tier++) {
        const char *const texts[] = {prompt_of[tier], "Shall I?", "yes", "And the rest?", "ok", "{}", "done", "Fine.", "thanks"};
        tierce_decision d;
        REQUEST(USER, SAYS, USER, SAYS, USER, CALLS, RETURNS, SAYS, USER);
        const tierce_request r = make(parts, N, kinds, texts);
        assert_int_equal(decide(&r, NULL, UINT32_MAX, "FOLLOW_UP", &d), tier);
        tierce_request loop = r;
        loop.n_parts = 7;
        assert_int_equal(decide(&loop, NULL, UINT32_MAX, "TOOL_LOOP", &d), tier);
    }
}

static void test_what_is_no_follow_up(void **unused)
{
    (void)unused;
    {
        const char *const texts[] = {"yes"};
        REQUEST(USER);
        const tierce_request r = make(parts, N, kinds, texts);
        assert_false(ds_turns_short_follow_up(&r));
    }
    {
        const char *const texts[] = {"a", "b", "longer"}; /* nothing longer came before */
        REQUEST(USER, SAYS, USER);
        const tierce_request r = make(parts, N, kinds, texts);
        assert_false(ds_turns_short_follow_up(&r));
    }
    {
        const char *const texts[] = {"look at this", "I see.", "", "and this?"};
        REQUEST(USER, SAYS, PICTURE, USER);
        const tierce_request r = make(parts, N, kinds, texts);
        assert_false(ds_turns_short_follow_up(&r));
    }
    {
        const char *const texts[] = {"", "I see a dog.", "what kind?"}; /* of a picture */
        REQUEST(PICTURE, SAYS, USER);
        const tierce_request r = make(parts, N, kinds, texts);
        assert_true(ds_turns_short_follow_up(&r));
    }
    {
        const char *const texts[] = {"{}"};
        REQUEST(SAYS);
        const tierce_request r = make(parts, N, kinds, texts);
        assert_false(ds_turns_short_follow_up(&r) || ds_turns_in_tool_loop(&r));
        assert_int_equal(ds_turns_end_of_user(&r), 1);
    }
    const tierce_request none = {0};
    tierce_decision d;
    assert_false(ds_turns_short_follow_up(&none) || ds_turns_in_tool_loop(&none));
    decide(&none, NULL, UINT32_MAX, "FRESH", &d);
}

/* A switch is made when what it gains is more than the cache that it loses, and not when less. */
static void test_switches_pay_for_the_cache(void **unused)
{
    enum { LONG = 40000 };
    char *history = malloc(LONG + 1);
    tierce_decision d, alone;
    (void)unused;
    memset(history, ' ', LONG);
    history[LONG] = 0;
    const char *const texts[] = {history, "Noted.", prompt_of[0]};
    static const char schema[] = "{\"type\":\"object\"}";
    const tierce_tool tool = {{"tool", 4}, {"does", 4}, {schema, sizeof schema - 1}};
    REQUEST(USER, SAYS, USER);
    tierce_request r = make(parts, N, kinds, texts);
    r.tools = &tool;
    r.n_tools = 1;
    policy.value_usd = 1;
    assert_int_equal(tierce_decide(router, scratch, &r, &policy, &alone, NULL), TIERCE_OK);
    const uint32_t best = alone.order[0], previous = 1 - best;
    assert_true(alone.margin > 0);
    const double tokens = (LONG + 8 + (double)(sizeof schema - 1)) / 4, even = alone.margin / tokens * 1e6;
    ds_cache_price prices[2] = {{0, 0}, {0, 0}};
    prices[previous] = (ds_cache_price){even * 1.01 + 1, 1}; /* the discount is just above the gain */
    assert_true(ds_turns_cache_usd(&r, &prices[previous]) > alone.margin);
    assert_int_equal(decide(&r, prices, previous, "CACHE", &d), previous);
    assert_true(d.margin < 0 && d.order[1] == best);
    prices[previous].input = even * 0.99 + 1;
    assert_int_equal(decide(&r, prices, previous, "FRESH", &d), best);
    assert_true(d.margin == alone.margin);
    prices[previous] = (ds_cache_price){100, 100}; /* no discount, no reason to stay */
    assert_int_equal(decide(&r, prices, previous, "FRESH", &d), best);
    prices[previous] = (ds_cache_price){100, 1};
    assert_int_equal(decide(&r, NULL, previous, "FRESH", &d), best);
    assert_int_equal(decide(&r, prices, best, "FRESH", &d), best);
    policy.value_usd = 0; /* money is no matter */
    assert_int_equal(decide(&r, prices, previous, "FRESH", &d), best);
    policy = tierce_policy_default(router);
    free(history);
}

/* ---- sessions ---- */

static void test_sessions_forget_the_least_lately_used(void **unused)
{
    enum { MANY = 1000, ROOM = 100 };
    ds_sessions *s = ds_sessions_open(ROOM, 0);
    (void)unused;
    for (uint64_t k = 0; k < MANY; k++) {
        ds_sessions_put(s, k * 64, (uint32_t)k, 0);
        assert_int_equal(ds_sessions_get(s, 0, 0), 0); /* used all the time */
    }
    assert_int_equal(ds_sessions_count(s), ROOM);
    unsigned known = 0;
    for (uint64_t k = 0; k < MANY; k++) {
        const uint32_t tier = ds_sessions_get(s, k * 64, 0);
        assert_true(tier == UINT32_MAX || tier == k);
        known += tier != UINT32_MAX;
        assert_int_equal(tier != UINT32_MAX, k == 0 || k > MANY - ROOM);
    }
    assert_int_equal(known, ROOM);
    ds_sessions_put(s, 0, 7, 0);
    assert_int_equal(ds_sessions_get(s, 0, 0), 7);
    ds_sessions_close(s);
    ds_sessions_close(NULL);
}

static void test_sessions_against_a_plain_list(void **unused)
{
    enum { ROOM = 7, KEYS = 20 };
    uint32_t tier[KEYS];
    unsigned last[KEYS] = {0}, now = 1, random = 5;
    ds_sessions *s = ds_sessions_open(ROOM, 0);
    (void)unused;
    memset(tier, 0xff, sizeof tier);
    for (int i = 0; i < 20000; i++, now++) {
        random = random * 1664525u + 1013904223u;
        const unsigned k = (random >> 16) % KEYS;
        if (random >> 31) {
            unsigned held = 0, oldest = KEYS;
            for (unsigned j = 0; j < KEYS; j++)
                if (tier[j] != UINT32_MAX) {
                    held++;
                    oldest = oldest == KEYS || last[j] < last[oldest] ? j : oldest;
                }
            if (tier[k] == UINT32_MAX && held == ROOM)
                tier[oldest] = UINT32_MAX;
            tier[k] = random >> 8 & 63;
            last[k] = now;
            ds_sessions_put(s, k, tier[k], now);
        } else {
            assert_int_equal(ds_sessions_get(s, k, now), tier[k]);
            last[k] = now;
        }
    }
    ds_sessions_close(s);
}

static void test_sessions_age_and_keys(void **unused)
{
    ds_sessions *s = ds_sessions_open(0, 10);
    (void)unused;
    ds_sessions_put(s, 1, 3, 100);
    assert_int_equal(ds_sessions_get(s, 1, 109), 3);
    assert_int_equal(ds_sessions_get(s, 1, 118), 3); /* used in between */
    assert_int_equal(ds_sessions_get(s, 1, 129), UINT32_MAX);
    ds_sessions_put(s, 2, 4, 129); /* room for one */
    assert_int_equal(ds_sessions_get(s, 1, 129), UINT32_MAX);
    ds_sessions_close(s);
    assert_true(ds_session_key("a", 1) != ds_session_key("b", 1));
    const char *const texts[] = {"Be brief.", "first question", "answer", "second question", "{}", "a result", "{}", "more"};
    REQUEST(SYSTEM, USER, SAYS, USER, CALLS, RETURNS, CALLS, RETURNS);
    tierce_request r = make(parts, N, kinds, texts);
    const uint64_t turn = ds_session_turn(&r);
    for (r.n_parts = 4; r.n_parts < N; r.n_parts++) /* every step of the loop, and the request that began it */
        assert_true(ds_session_turn(&r) == turn);
    r.n_parts = 3;
    assert_true(ds_session_turn(&r) != turn);
    r.n_parts = N;
    for (size_t i = 0; i < 4; i++) { /* every byte of what was said before counts */
        parts[i].text.len--;
        assert_true(ds_session_turn(&r) != turn);
        parts[i].text.len++;
    }
    parts[3].role = TIERCE_ROLE_SYSTEM;
    assert_true(ds_session_turn(&r) != turn);
    ds_session_turn(&(tierce_request){0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_turns_decide_as_ever),
        cmocka_unit_test(test_tool_loops_keep_their_tier),
        cmocka_unit_test(test_follow_ups),
        cmocka_unit_test(test_follow_ups_of_follow_ups),
        cmocka_unit_test(test_what_is_no_follow_up),
        cmocka_unit_test(test_switches_pay_for_the_cache),
        cmocka_unit_test(test_sessions_forget_the_least_lately_used),
        cmocka_unit_test(test_sessions_against_a_plain_list),
        cmocka_unit_test(test_sessions_age_and_keys),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
