#include "infer/dispatch/feed.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_LINES 512
#define MOST_BYTES ((size_t)64 << 20)

struct ds_feed {
    const char *const *paths;
    size_t n_paths, max_line;
    void (*more)(void *);
    void *context;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t room;
    ds_line *first, **last;
    size_t lines, held; /* in the queue */
    bool ended, failed, stop, wants_more;
    _Atomic uint64_t bytes;
    td_error error;
    int pipe[2];
    ds_watch *watch;
};

static void wake(ds_feed *f)
{
    const char byte = 0;
    if (write(f->pipe[1], &byte, 1) < 0)
        return; /* full: the loop is awake already */
}

/* False when the taker wants no more. */
static bool put(ds_feed *f, ds_line *line)
{
    pthread_mutex_lock(&f->lock);
    while (!f->stop && (f->lines >= MOST_LINES || (f->lines && f->held + line->len > MOST_BYTES)))
        pthread_cond_wait(&f->room, &f->lock);
    const bool go_on = !f->stop;
    if (go_on) {
        *f->last = line;
        f->last = &line->next;
        f->lines++;
        f->held += line->len;
        if (f->wants_more)
            wake(f);
        f->wants_more = false;
    }
    pthread_mutex_unlock(&f->lock);
    return go_on;
}

static ds_line *copy(const char *path, uint64_t number, const char *text, size_t len)
{
    ds_line *line = malloc(sizeof *line);
    char *own = malloc(len ? len : 1);
    if (!line || !own) {
        free(line);
        free(own);
        return NULL;
    }
    memcpy(own, text, len);
    *line = (ds_line){NULL, path, number, own, len};
    return line;
}

static bool read_file(ds_feed *f, const char *path)
{
    td_lines *lines = td_lines_open(path, f->max_line, &f->error);
    td_line_status status = lines ? TD_LINE : TD_BROKEN;
    char *text;
    size_t len;
    while (status == TD_LINE && (status = td_lines_next(lines, &text, &len, &f->error)) == TD_LINE) {
        ds_line *line = copy(path, td_lines_number(lines), text, len);
        atomic_fetch_add(&f->bytes, len + 1);
        if (!line) {
            td_fail(&f->error, "%.200s: out of memory", path);
            status = TD_BROKEN;
        } else if (!put(f, line)) {
            free(line->text);
            free(line);
            status = TD_END;
        }
    }
    if (lines)
        td_lines_close(lines);
    return status == TD_END;
}

static void *run(void *context)
{
    ds_feed *f = context;
    bool good = true;
    for (size_t i = 0; good && i < f->n_paths; i++)
        good = read_file(f, f->paths[i]);
    pthread_mutex_lock(&f->lock);
    f->ended = true;
    f->failed = !good;
    wake(f);
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

static void on_wake(void *context, int fd, bool readable, bool writable)
{
    ds_feed *f = context;
    char bytes[64];
    (void)readable;
    (void)writable;
    if (read(fd, bytes, sizeof bytes) < 0)
        return;
    f->more(f->context);
}

ds_feed *ds_feed_open(ds_loop *loop, const char *const *paths, size_t n_paths, size_t max_line, void (*more)(void *),
                      void *context)
{
    ds_feed *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->paths = paths;
    f->n_paths = n_paths;
    f->max_line = max_line;
    f->more = more;
    f->context = context;
    f->last = &f->first;
    if (pipe(f->pipe)) {
        free(f);
        return NULL;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(f->pipe[i], F_SETFL, O_NONBLOCK);
        fcntl(f->pipe[i], F_SETFD, FD_CLOEXEC);
    }
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->room, NULL);
    f->watch = ds_watch_new(loop, f->pipe[0], true, false, on_wake, f);
    if (f->watch && pthread_create(&f->thread, NULL, run, f) == 0)
        return f;
    ds_watch_free(f->watch);
    close(f->pipe[0]);
    close(f->pipe[1]);
    free(f);
    return NULL;
}

int ds_feed_take(ds_feed *f, ds_line **line, td_error *error)
{
    int answer = 0;
    pthread_mutex_lock(&f->lock);
    *line = f->first;
    if (f->first) {
        f->first = f->first->next;
        if (!f->first)
            f->last = &f->first;
        f->lines--;
        f->held -= (*line)->len;
        pthread_cond_signal(&f->room);
        answer = 1;
    } else if (f->ended) {
        *error = f->error;
        answer = f->failed ? -1 : 2;
    } else {
        f->wants_more = true;
    }
    pthread_mutex_unlock(&f->lock);
    return answer;
}

uint64_t ds_feed_bytes(const ds_feed *f)
{
    return atomic_load(&f->bytes);
}

/* A thread that waits in read(2) on a pipe cannot be told: it is left to the end of the process. */
void ds_feed_close(ds_feed *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&f->lock);
    f->stop = true;
    const bool ended = f->ended;
    pthread_cond_signal(&f->room);
    pthread_mutex_unlock(&f->lock);
    ds_watch_free(f->watch);
    if (!ended) {
        pthread_detach(f->thread);
        return;
    }
    pthread_join(f->thread, NULL);
    while (f->first) {
        ds_line *line = f->first;
        f->first = line->next;
        free(line->text);
        free(line);
    }
    close(f->pipe[0]);
    close(f->pipe[1]);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->room);
    free(f);
}
