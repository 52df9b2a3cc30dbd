/* The loop's timers and watches: "at once", a timer that sets itself, frees itself, more timers than room was made for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "infer/dispatch/loop.h"

typedef struct {
    ds_loop *loop;
    ds_timer *timer, *other;
    int fired, fd, to;
    bool inside, ready;
} state;

static void on_end(void *context)
{
    ds_loop_stop(context);
}

static void on_other(void *context)
{
    state *s = context;
    assert_false(s->inside); /* not within the call that set it */
    s->fired++;
    ds_loop_stop(s->loop);
}

static void on_first(void *context)
{
    state *s = context;
    s->inside = true;
    ds_timer_set(s->other, 0);
    s->inside = false;
}

static void test_at_once(void **unused)
{
    state s = {.loop = ds_loop_new()};
    (void)unused;
    s.timer = ds_timer_new(s.loop, on_first, &s);
    s.other = ds_timer_new(s.loop, on_other, &s);
    ds_timer_set(s.timer, 0);
    assert_int_equal(s.fired, 0);
    ds_loop_run(s.loop);
    assert_int_equal(s.fired, 1);
    /* stopped, or set anew, in between: the last word counts */
    ds_timer *end = ds_timer_new(s.loop, on_end, s.loop);
    ds_timer_set(s.other, 0);
    ds_timer_stop(s.other);
    ds_timer_set(end, 0.02);
    ds_loop_run(s.loop);
    assert_int_equal(s.fired, 1);
    ds_timer_set(s.other, 0);
    ds_timer_set(s.other, 60);
    ds_timer_set(end, 0.02);
    ds_loop_run(s.loop);
    assert_int_equal(s.fired, 1);
    ds_timer_free(end);
    ds_timer_free(s.timer);
    ds_timer_free(s.other);
    ds_loop_free(s.loop);
}

static void on_again(void *context)
{
    state *s = context;
    if (!s->fired++)
        assert_int_equal(write(s->to, "x", 1), 1); /* news that only the kernel has */
    if (s->ready)
        ds_loop_stop(s->loop);
    else
        ds_timer_set(s->timer, 0);
}

static void on_ready(void *context, int fd, bool readable, bool writable)
{
    state *s = context;
    assert_int_equal(fd, s->fd);
    assert_true(readable && !writable);
    s->ready = true;
}

/* A timer that sets itself at once, again and again, leaves descriptors their turn. */
static void test_no_starving(void **unused)
{
    state s = {.loop = ds_loop_new()};
    int ends[2];
    (void)unused;
    assert_int_equal(pipe(ends), 0);
    s.fd = ends[0];
    s.to = ends[1];
    ds_watch *w = ds_watch_new(s.loop, ends[0], false, false, on_ready, &s);
    assert_non_null(w);
    assert_true(ds_watch_change(w, true, false));
    s.timer = ds_timer_new(s.loop, on_again, &s);
    ds_timer_set(s.timer, 0);
    ds_loop_run(s.loop);
    assert_true(s.ready);
    assert_true(s.fired < 100);
    ds_watch_free(w);
    ds_timer_free(s.timer);
    ds_loop_free(s.loop);
    close(ends[0]);
    close(ends[1]);
}

static void on_last(void *context)
{
    state *s = context;
    s->fired++;
    ds_timer_free(s->timer);
    ds_loop_stop(s->loop);
}

static void test_freed_while_it_fires(void **unused)
{
    state s = {.loop = ds_loop_new()};
    (void)unused;
    s.timer = ds_timer_new(s.loop, on_last, &s);
    ds_timer_set(s.timer, 0.001);
    ds_loop_run(s.loop);
    assert_int_equal(s.fired, 1);
    ds_loop_free(s.loop);
}

static void on_count(void *context)
{
    state *s = context;
    if (++s->fired == 1000)
        ds_loop_stop(s->loop);
}

static void test_many(void **unused)
{
    static ds_timer *timers[1000];
    state s = {.loop = ds_loop_new()};
    (void)unused;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 1000; i++)
            timers[i] = ds_timer_new(s.loop, on_count, &s);
        for (int i = 0; i < 1000; i++)
            ds_timer_set(timers[i], 0.001 * (i % 7));
        s.fired = 0;
        ds_loop_run(s.loop);
        assert_int_equal(s.fired, 1000);
        for (int i = 0; i < 1000; i++)
            ds_timer_free(timers[i]);
    }
    ds_loop_free(s.loop);
}

static double cpu_now(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void on_byte(void *context, int fd, bool readable, bool writable)
{
    state *s = context;
    char byte;
    (void)writable;
    if (readable && read(fd, &byte, 1) == 1)
        s->fired++;
}

static void on_write(void *context)
{
    state *s = context;
    assert_int_equal(write(s->to, "x", 1), 1);
}

/* A loop that looks before it sleeps: does all that another does, computes while it looks, and sleeps then. */
static void test_look(void **unused)
{
    for (int looking = 0; looking < 2; looking++) {
        state s = {.loop = ds_loop_new()};
        int ends[2];
        (void)unused;
        assert_int_equal(pipe(ends), 0);
        s.to = ends[1];
        ds_loop_look_for(s.loop, looking ? 0.2 : 0.0001);
        ds_watch *watch = ds_watch_new(s.loop, ends[0], true, false, on_byte, &s);
        ds_timer *writes = ds_timer_new(s.loop, on_write, &s), *end = ds_timer_new(s.loop, on_end, s.loop);
        ds_timer_set(writes, 0.01);
        ds_timer_set(end, 0.6);
        const double before = cpu_now();
        ds_loop_run(s.loop);
        const double used = cpu_now() - before;
        assert_int_equal(s.fired, 1);
        assert_true(looking ? used > 0.02 : used < 0.1);
        assert_true(used < 0.45); /* it slept when 0.2 s had brought nothing */
        ds_watch_free(watch);
        ds_timer_free(writes);
        ds_timer_free(end);
        ds_loop_free(s.loop);
        close(ends[0]);
        close(ends[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_at_once), cmocka_unit_test(test_no_starving),
                                       cmocka_unit_test(test_freed_while_it_fires), cmocka_unit_test(test_many), cmocka_unit_test(test_look)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
