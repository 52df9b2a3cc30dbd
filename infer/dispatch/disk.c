#include "infer/dispatch/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ds_disk {
    int fd, news[2]; /* the file; a pipe whose byte says that there is news */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* under the lock */
    uint64_t asked, done, broken;
    bool stop;
};

static void *work(void *context)
{
    ds_disk *d = context;
    pthread_mutex_lock(&d->lock);
    for (;;) {
        while (d->asked == d->done && !d->stop)
            pthread_cond_wait(&d->wake, &d->lock);
        if (d->asked == d->done)
            break;
        const uint64_t up_to = d->asked;
        pthread_mutex_unlock(&d->lock);
        const bool good = fdatasync(d->fd) == 0;
        pthread_mutex_lock(&d->lock);
        d->done = up_to;
        if (!good)
            d->broken = up_to + 1;
        if (write(d->news[1], "", 1) < 0 && errno != EAGAIN) /* a full pipe has told already */
            d->broken = up_to + 1;
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

static bool start(ds_disk *d)
{
    sigset_t all, before;
    if (pthread_mutex_init(&d->lock, NULL))
        return false;
    if (pthread_cond_init(&d->wake, NULL)) {
        pthread_mutex_destroy(&d->lock);
        return false;
    }
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool good = pthread_create(&d->thread, NULL, work, d) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!good) {
        pthread_cond_destroy(&d->wake);
        pthread_mutex_destroy(&d->lock);
    }
    return good;
}

static void shut(ds_disk *d)
{
    const int fds[] = {d->fd, d->news[0], d->news[1]};
    for (int i = 0; i < 3; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(d);
}

ds_disk *ds_disk_open(const char *path, td_error *error)
{
    ds_disk *d = calloc(1, sizeof *d);
    if (!d) {
        td_fail(error, "%.200s: out of memory", path);
        return NULL;
    }
    d->news[0] = d->news[1] = -1;
    d->fd = open(path, O_RDWR | O_CLOEXEC);
    bool good = d->fd >= 0 && pipe(d->news) == 0;
    for (int i = 0; good && i < 2; i++)
        good = fcntl(d->news[i], F_SETFL, O_NONBLOCK) == 0 && fcntl(d->news[i], F_SETFD, FD_CLOEXEC) == 0;
    if (!good || !start(d)) {
        td_fail(error, "%.200s: cannot be kept on the disk: %s", path, strerror(errno));
        shut(d);
        return NULL;
    }
    return d;
}

void ds_disk_close(ds_disk *d)
{
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    d->stop = true;
    pthread_cond_signal(&d->wake);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->thread, NULL);
    pthread_cond_destroy(&d->wake);
    pthread_mutex_destroy(&d->lock);
    shut(d);
}

uint64_t ds_disk_ask(ds_disk *d)
{
    pthread_mutex_lock(&d->lock);
    const uint64_t number = ++d->asked;
    pthread_cond_signal(&d->wake);
    pthread_mutex_unlock(&d->lock);
    return number;
}

int ds_disk_fd(const ds_disk *d)
{
    return d->news[0];
}

uint64_t ds_disk_done(ds_disk *d, uint64_t *broken)
{
    char bytes[64];
    while (read(d->news[0], bytes, sizeof bytes) == (ssize_t)sizeof bytes)
        ;
    pthread_mutex_lock(&d->lock);
    const uint64_t done = d->done;
    *broken = d->broken;
    pthread_mutex_unlock(&d->lock);
    return done;
}

bool ds_disk_now(ds_disk *d)
{
    return fdatasync(d->fd) == 0;
}
