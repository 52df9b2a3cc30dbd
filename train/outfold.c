#include "train/outfold.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "features/hash.h"
#include "models/maths.h"
#include "train/memory.h"

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void allocate(tr_predictions *out, const tr_dataset *d, uint32_t n_folds, bool with_float)
{
    const size_t cells = (size_t)d->n * d->n_tiers;
    memset(out, 0, sizeof *out);
    out->p = tr_new(cells, sizeof *out->p);
    out->cost = tr_new(cells, sizeof *out->cost);
    for (unsigned k = 0; k < TR_PARTS; k++)
        out->part[k] = tr_new(cells, sizeof *out->part[k]);
    out->p_float = with_float ? tr_new(cells, sizeof *out->p_float) : NULL;
    out->known = tr_new(d->n, sizeof *out->known);
    out->train_cpu_s = tr_new(n_folds, sizeof *out->train_cpu_s);
    out->bytes = tr_new(n_folds, sizeof *out->bytes);
    out->estimate_cpu_s = tr_new(n_folds, sizeof *out->estimate_cpu_s);
    out->n_folds = n_folds;
}

void tr_predictions_free(tr_predictions *p)
{
    free(p->p);
    free(p->cost);
    for (unsigned k = 0; k < TR_PARTS; k++)
        free(p->part[k]);
    free(p->p_float);
    free(p->known);
    free(p->train_cpu_s);
    free(p->bytes);
    free(p->estimate_cpu_s);
    memset(p, 0, sizeof *p);
}

static double part_alone(const tr_probe *probe, tr_part part, uint32_t tier)
{
    const tm_model *m = probe->model;
    const uint32_t row = m->row_of[TM_ROW_FAMILIAR][tier];
    const double level = probe->kinship.level[tier];
    const double familiar = part == TR_PART_LEVEL ? m->rows[row].bias : probe->margin[row];
    const tm_kinship all_or_nothing = {.trust = part == TR_PART_GENERAL ? 0 : 1};
    return tm_sigmoid(tm_combine(&m->calibration[tier], &all_or_nothing, familiar,
                                 probe->margin[m->row_of[TM_ROW_GENERAL][tier]], level));
}

static void predict_record(tr_probe *probe, uint32_t i, const tr_raw *raw, tr_predictions *out)
{
    const uint32_t tiers = probe->d->n_tiers;
    tr_probe_record(probe, i);
    out->known[i] = probe->kinship.known;
    for (uint32_t t = 0; t < tiers; t++) {
        const size_t cell = (size_t)i * tiers + t;
        out->p[cell] = tr_probe_probability(probe, t);
        out->cost[cell] = tr_probe_cost(probe, i, t);
        for (unsigned k = 0; k < TR_PARTS; k++)
            out->part[k][cell] = part_alone(probe, (tr_part)k, t);
    }
    if (!out->p_float)
        return;
    tr_probe_float(probe, raw, i);
    for (uint32_t t = 0; t < tiers; t++)
        out->p_float[(size_t)i * tiers + t] = tr_probe_probability(probe, t);
}

/* Nested parts of the training records, along neither kind of fold. */
static uint32_t eighth(const tr_dataset *d, uint32_t record)
{
    return tf_hash_mix(d->crc[record] * 0x85ebca6bu + 0x51ed270bu) & 7;
}

static void predict_fold(const tr_dataset *d, const uint32_t *fold, uint32_t f, const tr_options *o,
                         tr_predictions *out)
{
    uint32_t *records = tr_new(d->n, sizeof *records), n = 0;
    const double start = cpu_seconds();
    tm_model model;
    tr_report report;
    tr_probe probe;
    uint8_t *bytes;
    size_t len;
    for (uint32_t i = 0; i < d->n; i++)
        if (fold[i] != f && (!o->eighths || eighth(d, i) < o->eighths))
            records[n++] = i;
    if (n == d->n) { /* nothing is held out: nothing to predict */
        free(records);
        return;
    }
    tr_fit(d, records, n, o, &model, &report, NULL, NULL);
    out->train_cpu_s[f] = cpu_seconds() - start;
    if (tm_model_encode(&model, NULL, &bytes, &len, NULL) == TIERCE_OK) {
        out->bytes[f] = len;
        free(bytes);
    }
    const double ready = cpu_seconds();
    tr_probe_start(&probe, d, &model);
    for (uint32_t i = 0; i < d->n; i++)
        if (fold[i] == f)
            predict_record(&probe, i, &report.raw, out);
    tr_probe_stop(&probe);
    out->estimate_cpu_s[f] = cpu_seconds() - ready;
    tr_report_free(&report);
    tm_model_free(&model);
    free(records);
}

void tr_predict_model(const tr_dataset *d, const tm_model *model, tr_predictions *out)
{
    tr_probe probe;
    allocate(out, d, 0, false);
    const double start = cpu_seconds();
    tr_probe_start(&probe, d, model);
    for (uint32_t i = 0; i < d->n; i++)
        predict_record(&probe, i, NULL, out);
    tr_probe_stop(&probe);
    out->estimate_s = cpu_seconds() - start;
}

/* ---- folds in processes of their own ---- */

/* What a child sends for a fold, in this order. */
static bool transfer(int fd, bool out, void *data, size_t len)
{
    char *at = data;
    while (len) {
        const ssize_t n = out ? write(fd, at, len) : read(fd, at, len);
        if (n <= 0) {
            if (n < 0 && errno == EINTR)
                continue;
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool exchange(int fd, bool out, const tr_dataset *d, const uint32_t *fold, uint32_t f,
                     tr_predictions *p)
{
    const uint32_t tiers = d->n_tiers;
    bool good = transfer(fd, out, &p->train_cpu_s[f], sizeof *p->train_cpu_s) &&
                transfer(fd, out, &p->bytes[f], sizeof *p->bytes) &&
               transfer(fd, out, &p->estimate_cpu_s[f], sizeof *p->estimate_cpu_s);
    for (uint32_t i = 0; good && i < d->n; i++) {
        if (fold[i] != f)
            continue;
        good = transfer(fd, out, &p->known[i], sizeof *p->known) &&
               transfer(fd, out, &p->p[(size_t)i * tiers], tiers * sizeof *p->p) &&
               transfer(fd, out, &p->cost[(size_t)i * tiers], tiers * sizeof *p->cost);
        for (unsigned k = 0; good && k < TR_PARTS; k++)
            good = transfer(fd, out, &p->part[k][(size_t)i * tiers], tiers * sizeof *p->part[k]);
        good = good &&
               (!p->p_float ||
                transfer(fd, out, &p->p_float[(size_t)i * tiers], tiers * sizeof *p->p_float));
    }
    return good;
}

typedef struct {
    pid_t pid;
    int fd;
    uint32_t fold;
} job;

static bool start_job(job *j, const tr_dataset *d, const uint32_t *fold, uint32_t f,
                      const tr_options *o, tr_predictions *out)
{
    int ends[2];
    if (pipe(ends))
        return false;
    fflush(NULL);
    j->pid = fork();
    if (j->pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    if (j->pid == 0) {
        close(ends[0]);
        predict_fold(d, fold, f, o, out);
        _exit(exchange(ends[1], true, d, fold, f, out) ? 0 : 1);
    }
    close(ends[1]);
    j->fd = ends[0];
    j->fold = f;
    return true;
}

static bool finish_job(job *j, const tr_dataset *d, const uint32_t *fold, tr_predictions *out)
{
    int status = 0;
    const bool good = exchange(j->fd, false, d, fold, j->fold, out);
    close(j->fd);
    while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void show(uint32_t done, uint32_t n_folds, const struct timespec *start, bool quiet)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const double spent = (double)(now.tv_sec - start->tv_sec);
    if (quiet || !isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[Kfold %u of %u, %.0f s, about %.0f s left", done, n_folds, spent,
            done ? spent / done * (n_folds - done) : 0);
    if (done == n_folds)
        fprintf(stderr, "\r\033[K");
}

bool tr_predict_folds(const tr_dataset *d, const uint32_t *fold, uint32_t n_folds, const tr_options *o,
                      uint32_t jobs, bool quiet, tr_predictions *out)
{
    struct timespec start;
    bool good = true;
    allocate(out, d, n_folds, o->keep_float);
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (jobs <= 1) {
        for (uint32_t f = 0; f < n_folds; f++) {
            predict_fold(d, fold, f, o, out);
            out->estimate_s += out->estimate_cpu_s[f];
            show(f + 1, n_folds, &start, quiet);
        }
        return true;
    }
    job *running = tr_new(jobs, sizeof *running);
    uint32_t next = 0, done = 0, n = 0;
    while (done < n_folds && good) {
        while (n < jobs && next < n_folds && (good = start_job(&running[n], d, fold, next, o, out))) {
            n++;
            next++;
        }
        if (!n)
            break;
        good = finish_job(&running[0], d, fold, out) && good;
        memmove(running, running + 1, --n * sizeof *running);
        show(++done, n_folds, &start, quiet);
    }
    for (uint32_t i = 0; i < n; i++)
        finish_job(&running[i], d, fold, out);
    free(running);
    for (uint32_t f = 0; f < n_folds; f++)
        out->estimate_s += out->estimate_cpu_s[f];
    if (!good)
        fprintf(stderr, "tierce-train: a fold failed (out of memory?); try --jobs 1\n");
    return good;
}
