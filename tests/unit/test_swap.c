/* Replacing the model under running threads. Also built with ThreadSanitizer (tests/run.sh). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "infer/swap.h"

#define THREADS 8
#define PROMPTS 4

static const char *const golden[2] = {"tests/golden/v1-two.tierce", "tests/golden/v1-three.tierce"};
static const char *const prompts[PROMPTS] = {"Prove that there are infinitely many primes.", "hi",
                                             "Write a function that parses dates.", "What is the capital of Peru?"};

static uint32_t swaps = 200; /* the sanitized unit test; the ThreadSanitizer run gives 1000 */

typedef struct {
    uint8_t *bytes;
    size_t len;
} file;

static file read_file(const char *path)
{
    file f = {malloc(1 << 20), 0};
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    f.len = fread(f.bytes, 1, 1 << 20, in);
    fclose(in);
    return f;
}

static void decide(const tierce_turn *turn, const char *prompt, tierce_decision *d)
{
    tierce_part part;
    const tierce_request request = tierce_request_of_prompt(&part, prompt, strlen(prompt));
    const tierce_policy policy = tierce_policy_default(turn->router);
    if (tierce_decide(turn->router, turn->scratch, &request, &policy, d, NULL) != TIERCE_OK)
        memset(d, 0xff, sizeof *d);
}

/* What each of the two models says, alone. */
typedef struct {
    uint32_t tiers;
    char chosen[PROMPTS][20];
    tierce_decision decision[PROMPTS];
} truth;

static void learn(truth *t, const char *path)
{
    tierce_swap *swap;
    tierce_turn turn;
    assert_int_equal(tierce_swap_open(&swap, path, 1, NULL, NULL), TIERCE_OK);
    assert_int_equal(tierce_swap_enter(swap, 0, &turn, NULL), TIERCE_OK);
    t->tiers = tierce_tier_count(turn.router);
    for (int i = 0; i < PROMPTS; i++) {
        memset(&t->decision[i], 0, sizeof t->decision[i]);
        decide(&turn, prompts[i], &t->decision[i]);
        snprintf(t->chosen[i], sizeof t->chosen[i], "%s", tierce_tier_name(turn.router, t->decision[i].order[0]));
    }
    tierce_swap_leave(swap, 0);
    tierce_swap_close(swap);
}

typedef struct {
    tierce_swap *swap;
    const truth *truths;
    uint32_t reader;
    atomic_bool *stop;
    uint64_t decisions[2], wrong, back;
} worker;

static void *work(void *context)
{
    worker *w = context;
    uint32_t last = 0;
    for (uint32_t n = 0; !atomic_load(w->stop); n++) {
        tierce_turn turn;
        tierce_decision d;
        const uint32_t i = n % PROMPTS;
        if (tierce_swap_enter(w->swap, w->reader, &turn, NULL) != TIERCE_OK) {
            w->wrong++;
            continue;
        }
        decide(&turn, prompts[i], &d);
        const uint32_t tiers = tierce_tier_count(turn.router), which = tiers == w->truths[1].tiers;
        const truth *t = &w->truths[which];
        bool same = tiers == t->tiers && !strcmp(tierce_tier_name(turn.router, d.order[0]), t->chosen[i]);
        for (uint32_t k = 0; same && k < tiers; k++)
            same = d.estimate[k].probability == t->decision[i].estimate[k].probability &&
                   d.estimate[k].cost_usd == t->decision[i].estimate[k].cost_usd;
        w->wrong += !same;
        w->back += turn.generation < last;
        last = turn.generation;
        w->decisions[which]++;
        tierce_swap_leave(w->swap, w->reader);
        if (n % 8 == 0) { /* two cores, nine threads: let the writer write */
            const struct timespec pause = {0, 3000000};
            nanosleep(&pause, NULL);
        }
    }
    return NULL;
}

/* As a deploy does: a whole new file under another name, renamed over the old one. */
static void put(const char *path, const file *f, bool broken)
{
    char temporary[256];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    FILE *out = fopen(temporary, "wb");
    assert_non_null(out);
    uint8_t flipped = (uint8_t)(f->bytes[f->len / 2] ^ 1);
    fwrite(f->bytes, 1, f->len / 2, out);
    fwrite(broken ? &flipped : &f->bytes[f->len / 2], 1, 1, out);
    fwrite(f->bytes + f->len / 2 + 1, 1, f->len - f->len / 2 - 1, out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(rename(temporary, path), 0);
}

static void swap_under_load(void **state)
{
    (void)state;
    truth truths[2];
    file models[2];
    char path[] = "/tmp/tierce-swap-XXXXXX";
    tierce_swap *swap;
    tierce_error error;
    pthread_t thread[THREADS];
    worker workers[THREADS];
    atomic_bool stop = false;
    uint32_t refused = 0;
    close(mkstemp(path));
    for (int m = 0; m < 2; m++) {
        learn(&truths[m], golden[m]);
        models[m] = read_file(golden[m]);
    }
    put(path, &models[0], false);
    assert_int_equal(tierce_swap_open(&swap, path, THREADS, NULL, &error), TIERCE_OK);
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] = (worker){swap, truths, i, &stop, {0, 0}, 0, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, work, &workers[i]), 0);
    }
    for (uint32_t n = 1; n <= swaps; n++) {
        const bool broken = n % 10 == 0;
        put(path, &models[n & 1], broken);
        const tierce_status status = tierce_swap_load(swap, path, &error);
        assert_int_equal(status, broken ? TIERCE_CHECKSUM : TIERCE_OK);
        refused += broken ? 1 : 0;
    }
    atomic_store(&stop, true);
    uint64_t decisions = 0, both[2] = {0, 0};
    for (uint32_t i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(workers[i].wrong, 0);
        assert_int_equal(workers[i].back, 0);
        for (int m = 0; m < 2; m++)
            both[m] += workers[i].decisions[m];
    }
    decisions = both[0] + both[1];
    print_message("%llu decisions (%llu by one model, %llu by the other) while %u files were loaded, %u of them bad\n",
                  (unsigned long long)decisions, (unsigned long long)both[0], (unsigned long long)both[1], swaps, refused);
    assert_true(both[0] > 100 && both[1] > 100);
    const tierce_swap_counts c = tierce_swap_count(swap);
    assert_int_equal(c.refused, swaps / 10);
    assert_int_equal(c.generation, 1 + swaps - swaps / 10);
    assert_true(c.waiting <= THREADS + 1);
    tierce_swap_close(swap);
    unlink(path);
    free(models[0].bytes);
    free(models[1].bytes);
}

/* ---- failing memory ---- */

typedef struct {
    int left;
    long live;
} counter;

static void *count_alloc(void *context, size_t size)
{
    counter *c = context;
    if (c->left-- <= 0)
        return NULL;
    c->live++;
    return malloc(size);
}

static void count_release(void *context, void *memory)
{
    counter *c = context;
    c->live -= memory != NULL;
    free(memory);
}

static void memory_ends_anywhere(void **state)
{
    (void)state;
    for (int n = 0;; n++) {
        counter c = {n, 0};
        const tierce_allocator a = {count_alloc, count_release, &c};
        tierce_swap *swap;
        tierce_turn turn;
        tierce_error error;
        tierce_status status = tierce_swap_open(&swap, golden[0], 2, &a, &error);
        if (status == TIERCE_OK) {
            status = tierce_swap_enter(swap, 0, &turn, &error);
            if (status == TIERCE_OK) {
                tierce_decision d;
                status = tierce_swap_load(swap, golden[1], &error);
                decide(&turn, "the old one is still whole", &d);
                assert_int_equal(tierce_tier_count(turn.router), 2);
                tierce_swap_leave(swap, 0);
            }
            if (status == TIERCE_OK)
                status = tierce_swap_enter(swap, 0, &turn, &error);
            if (status == TIERCE_OK) {
                assert_int_equal(turn.generation, 2);
                tierce_swap_leave(swap, 0);
            }
            tierce_swap_close(swap);
        }
        assert_int_equal(c.live, 0);
        if (status == TIERCE_OK)
            break;
        assert_int_equal(status, TIERCE_NOMEM);
        assert_true(n < 1000);
    }
}

static void arguments(void **state)
{
    (void)state;
    tierce_swap *swap;
    tierce_turn turn;
    tierce_error error;
    assert_int_equal(tierce_swap_open(&swap, golden[0], 0, NULL, &error), TIERCE_ARGUMENT);
    assert_null(swap);
    assert_int_equal(tierce_swap_open(&swap, "tests/golden/none", 1, NULL, &error), TIERCE_IO);
    assert_int_equal(tierce_swap_open(&swap, golden[0], 1, NULL, NULL), TIERCE_OK);
    assert_int_equal(tierce_swap_enter(swap, 1, &turn, &error), TIERCE_ARGUMENT);
    assert_int_equal(tierce_swap_load(swap, "tests/golden/none", &error), TIERCE_IO);
    assert_int_equal(tierce_swap_count(swap).refused, 1);
    assert_int_equal(tierce_swap_enter(swap, 0, &turn, &error), TIERCE_OK);
    assert_int_equal(tierce_swap_load(swap, golden[1], &error), TIERCE_OK);
    assert_int_equal(tierce_swap_count(swap).waiting, 1); /* the turn is not over */
    tierce_swap_leave(swap, 0);
    assert_int_equal(tierce_swap_load(swap, golden[1], &error), TIERCE_OK);
    assert_int_equal(tierce_swap_count(swap).waiting, 0);
    tierce_swap_close(swap);
    tierce_swap_close(NULL);
}

/* test_swap [SWAPS] */
int main(int argc, char **argv)
{
    if (argc > 1)
        swaps = (uint32_t)atoi(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments),
        cmocka_unit_test(memory_ends_anywhere),
        cmocka_unit_test(swap_under_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
