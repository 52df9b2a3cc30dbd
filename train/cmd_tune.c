/* tierce tune: from a goal to an operating point, on records that the model never saw. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/nearest.h"
#include "data/options.h"
#include "data/writer.h"
#include "infer/router_state.h"
#include "train/commands.h"
#include "train/finish.h"
#include "train/forecast.h"
#include "train/heldout.h"
#include "train/memory.h"
#include "train/points.h"
#include "train/save.h"
#include "train/tune_goals.h"
#include "train/tune_report.h"

static const td_option options[] = {
    {"model", 'm', TD_STRING, offsetof(tr_tune_options, model), 0, 0, "FILE", "model file"},
    {"keep-quality", 0, TD_STRING, offsetof(tr_tune_options, keep), 0, 0, "PART[:TIER]",
     "keep this part of TIER's score (default: the best tier), as cheap as possible"},
    {"max-cost-per-1k", 0, TD_NUMBER, offsetof(tr_tune_options, cost), 1e-9, 1e9, "USD",
     "spend at most this on 1,000 requests, as good as possible"},
    {"max-share", 0, TD_STRING, offsetof(tr_tune_options, share), 0, 0, "TIER=PART",
     "send at most this part of the requests to TIER, as good as possible"},
    {"value-usd", 0, TD_NUMBER, offsetof(tr_tune_options, value), 1e-9, 1e9, "USD",
     "what a success is worth; alone, or beside --max-share"},
    {"name", 0, TD_STRING, offsetof(tr_tune_options, name), 0, 0, "NAME",
     "name of the operating point (default: by the goal)"},
    {"all", 0, TD_FLAG, offsetof(tr_tune_options, all), 0, 0, NULL,
     "store the family: frugal (keep .95), balanced (.98), quality (1)"},
    {"output", 'o', TD_STRING, offsetof(tr_tune_options, output), 0, 0, "FILE",
     "model file to write (default: the model itself, replaced whole)"},
    {"dry-run", 0, TD_FLAG, offsetof(tr_tune_options, dry), 0, 0, NULL, "store nothing"},
    {"abstain", 0, TD_FLAG, offsetof(tr_tune_options, abstain), 0, 0, NULL,
     "the point sends requests too unlike the training records to the default tier"},
    {"tiers", 't', TD_STRING, offsetof(tr_tune_options, tiers), 0, 0, "A,B|FILE",
     "how the records call the model's tiers (default: as the model does)"},
    {"traffic", 0, TD_STRING, offsetof(tr_tune_options, traffic), 0, 0, "FILE",
     "shares and spend of --point on plain requests; nothing is tuned"},
    {"point", 0, TD_STRING, offsetof(tr_tune_options, point), 0, 0, "NAME", "operating point for --traffic"},
    {"batch", 0, TD_COUNT, offsetof(tr_tune_options, batch), 0, 1e9, "N",
     "promise for the next N requests (default: as many as the records)"},
    {"rounds", 0, TD_COUNT, offsetof(tr_tune_options, rounds), 100, 100000, "N",
     "bootstrap rounds of the choice (default 1000)"},
    {"seed", 0, TD_COUNT, offsetof(tr_tune_options, seed), 0, 4294967295.0, "N", "of the bootstrap (default 1)"},
    {"max-bad", 0, TD_COUNT, offsetof(tr_tune_options, max_bad), 0, 1e12, "N",
     "skip up to N bad lines, each reported (default 0: stop)"},
    {"json", 0, TD_FLAG, offsetof(tr_tune_options, json), 0, 0, NULL, "a JSON object a point on stdout"},
};

static const td_command command = {
    "tierce tune [OPTION...] -m MODEL GOAL RECORDS...\n"
    "       tierce tune -m MODEL --traffic FILE --point NAME",
    "Finds the policy that answers a goal on records the model was not fitted on, promises its quality and\n"
    "cost with intervals that allow for the choice, and stores it in the model file as an operating point\n"
    "(tierce route --point NAME). With --traffic: what a stored point would do with plain requests.",
    options, sizeof options / sizeof *options,
    "exit status: 0 stored, 1 could not, 2 wrong usage, 4 refused: the records do not support the goal"};

/* ---- records ---- */

/* Leaves out what the digest knows; returns how many. */
static uint32_t drop_seen(const tr_held *h, tr_bench *b)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < b->n; i++)
        if (tr_seen(h->model, h->d.id[b->record[i]], h->d.crc[b->record[i]]) <= 0)
            b->record[kept++] = b->record[i];
    const uint32_t dropped = b->n - kept;
    b->n = kept;
    return dropped;
}

static bool costs_predicted(const tr_held *h)
{
    for (size_t c = 0; c < (size_t)h->d.n * h->d.n_tiers; c++)
        if (!(h->p.cost[c] >= 0))
            return false;
    return true;
}

/* Opens the bench to tune on; *costed says in which units. False after a complaint (*status). */
static bool open_bench(const tr_tune_options *o, const tr_held *h, tr_bench *b, bool *costed, int *status)
{
    tr_bench all, priced;
    *status = 4;
    if (tr_held_overlaps(h)) {
        fprintf(stderr, "tierce tune: about %.0f %% of these records trained the model (%u of the %u ids that its "
                        "digest can tell of);\n  a goal is judged on records it never saw: bring others\n",
                100.0 * h->seen / h->covered, h->seen, h->covered);
        return false;
    }
    tr_bench_open(&all, &h->d, &h->p, false);
    tr_bench_open(&priced, &h->d, &h->p, true);
    *costed = costs_predicted(h) && priced.n && priced.n * 2 >= all.n;
    *b = *costed ? priced : all;
    tr_bench_close(*costed ? &all : &priced);
    const uint32_t with_outcomes = b->n, dropped = drop_seen(h, b);
    FILE *to = o->json ? stderr : stdout;
    fprintf(to, "%u records with %s of all %u tiers", with_outcomes, *costed ? "outcomes and costs" : "outcomes",
            h->d.n_tiers);
    if (h->d.n > with_outcomes)
        fprintf(to, " (%u without left out)", h->d.n - with_outcomes);
    if (tr_held_blind(h))
        fprintf(to, "\nNOTE: " TR_BLIND ":\n      a goal holds on records it never saw, so be sure that these are");
    else
        fprintf(to, "; of the %u whose ids the model's digest can tell of, %u look trained on", h->covered, h->seen);
    fprintf(to, dropped ? ", dropped\n" : "\n");
    if (!*costed)
        fprintf(to, "costs are not known for every tier: the share sent to dearer tiers stands in for spend\n");
    if (b->n >= 100)
        return true;
    fprintf(stderr, "tierce tune: %u records are too few to promise anything; bring 100 at least\n", b->n);
    tr_bench_close(b);
    return false;
}

/* ---- storing ---- */

/* The model, held until it is closed: two tunes of one file must not lose each other's points. The file
 * that was waited for may have been replaced meanwhile. Where locks are not to be had, without. */
static FILE *open_locked(const char *path)
{
    for (;;) {
        FILE *f = fopen(path, "r+b");
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        struct stat held, there;
        if (!f)
            return fopen(path, "rb");
        if (fcntl(fileno(f), F_SETLKW, &whole) < 0)
            return f;
        if (fstat(fileno(f), &held) == 0 && stat(path, &there) == 0 && held.st_dev == there.st_dev &&
            held.st_ino == there.st_ino)
            return f;
        fclose(f);
    }
}

static bool store(const tr_tune_options *o, const tr_bench *b, bool costed, const tr_job *jobs, uint32_t n)
{
    tm_model m;
    tierce_error fault;
    td_error error;
    uint8_t *bytes = NULL;
    size_t room = 0, len = 0;
    FILE *f = open_locked(o->model);
    for (size_t got = 1; f && got; len += got) {
        bytes = tr_grow(bytes, &room, len + 65536, 1);
        got = fread(bytes + len, 1, 65536, f);
    }
    bool good = f && !ferror(f);
    if (!good)
        fprintf(stderr, "tierce tune: %s: %s\n", o->model, strerror(errno));
    if (good && tm_model_decode(&m, bytes, len, NULL, &fault) != TIERCE_OK) {
        fprintf(stderr, "tierce tune: %s: %s\n", o->model, fault.message);
        good = false;
    }
    free(bytes);
    for (uint32_t i = 0; good && i < n; i++) {
        char facts[600];
        if (!jobs[i].tuned.reached)
            continue;
        tr_goal_facts(b, costed, &jobs[i].goal, &jobs[i].tuned, facts, sizeof facts);
        tr_point_put(&m, jobs[i].name, facts, &jobs[i].tuned.policy);
    }
    if (good) {
        good = tr_save(&m, o->output ? o->output : o->model, NULL, &error);
        if (!good)
            fprintf(stderr, "tierce tune: %s\n", error.text);
        tm_model_free(&m);
    }
    if (f)
        fclose(f);
    return good;
}

/* ---- the command ---- */

static bool print_json(const tr_bench *b, bool costed, const tr_job *j, uint32_t batch)
{
    td_out out = {0};
    tr_put_tuned(&out, b, costed, j->name, &j->goal, &j->tuned, batch);
    td_puts(&out, "\n");
    const bool good = !out.failed && fwrite(out.at, 1, out.len, stdout) == out.len;
    free(out.at);
    return good;
}

static void run(const tr_tune_options *o, const tr_bench *b, bool costed, tr_job *j)
{
    const uint32_t batch = o->batch ? (uint32_t)o->batch : b->n;
    char goal[400];
    tr_goal_text(b, &j->goal, goal, sizeof goal);
    tr_tune(b, costed, &j->goal, &j->base, (uint32_t)o->rounds, batch, o->seed, &j->tuned);
    if (o->json) {
        print_json(b, costed, j, batch);
        return;
    }
    printf("\n%s: %s\n", j->name, goal);
    if (j->tuned.reached)
        tr_print_tuned(b, costed, &j->goal, &j->tuned, batch);
    else
        tr_print_refused(b, costed, &j->goal, &j->tuned);
}

static bool needs_costs(const tr_job *jobs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (jobs[i].goal.kind == TR_GOAL_COST || jobs[i].base.value_usd > 0)
            return true;
    return false;
}

static int tune(const tr_tune_options *o, tr_held *h, tr_job *jobs, uint32_t n)
{
    tr_bench b;
    bool costed;
    int status;
    uint32_t reached = 0;
    if (!open_bench(o, h, &b, &costed, &status))
        return status;
    for (uint32_t i = 0; i < n; i++)
        if (jobs[i].goal.best)
            jobs[i].goal.tier = tr_best_fixed(&b, costed);
    status = 4;
    if (!costed && needs_costs(jobs, n)) {
        fprintf(stderr, "tierce tune: a goal in USD needs costs: the records must tell every tier's cost (half of "
                        "them at least)\n  and the model must have learned them; --keep-quality and --max-share "
                        "do without\n");
    } else {
        for (uint32_t i = 0; i < n; i++) {
            run(o, &b, costed, &jobs[i]);
            reached += jobs[i].tuned.reached;
        }
        if (reached)
            status = o->dry || store(o, &b, costed, jobs, n) ? 0 : 1;
        if (reached && !o->dry && !status && !o->json)
            printf("\n%u operating point%s stored in %s\n", reached, reached == 1 ? "" : "s",
                   o->output ? o->output : o->model);
    }
    tr_bench_close(&b);
    return status;
}

/* Goals first: what is wrong with them is said before a long read of records. */
static int read_and_tune(const tr_tune_options *o, const char *const *paths, size_t n_paths)
{
    tr_job jobs[TR_MAX_GOALS] = {{.name = NULL}};
    tr_held h;
    int status;
    if (!tr_held_open_model(&h, "tierce tune", o->model))
        return 1;
    tierce_policy base = tierce_policy_default(h.router);
    if (o->abstain && (base.min_familiarity = tierce_abstain_level(h.router)) < 0) {
        fprintf(stderr, "tierce tune: the model holds no learned level to --abstain at: train it again\n");
        tierce_router_close(h.router);
        return 1;
    }
    for (uint32_t i = 0; i < TR_MAX_GOALS; i++)
        jobs[i].base = base;
    const uint32_t n = tr_list_goals(o, h.model, jobs);
    if (!n) {
        tierce_router_close(h.router);
        return 2;
    }
    if (!tr_held_read(&h, "tierce tune", paths, n_paths, o->tiers, o->max_bad, &status))
        return status;
    status = tune(o, &h, jobs, n);
    tr_held_close(&h);
    return status;
}

static int forecast(const tr_tune_options *o)
{
    tierce_router *router;
    tierce_error fault;
    tr_forecast f;
    int status = 1;
    if (tierce_router_open_file(&router, o->model, NULL, &fault) != TIERCE_OK) {
        fprintf(stderr, "tierce tune: %s: %s\n", o->model, fault.message);
        return 1;
    }
    tierce_policy policy = tierce_policy_default(router);
    if (tierce_point_policy(router, o->point, &policy) != TIERCE_OK) {
        fprintf(stderr, "tierce tune: the model has no operating point \"%.60s\"; it has", o->point);
        for (uint32_t i = 0; i < tierce_point_count(router); i++)
            fprintf(stderr, " \"%s\"", tierce_point_name(router, i));
        fprintf(stderr, "%s\n", tierce_point_count(router) ? "" : " none");
    } else if (tr_forecast_files(router, &policy, "tierce tune", &o->traffic, 1, o->max_bad, &f)) {
        tr_print_forecast(router, o->point, &f);
        status = 0;
    }
    tierce_router_close(router);
    return status;
}

static const char *usage_fault(const tr_tune_options *o, int files)
{
    const int goals = (o->keep != NULL) + (o->share != NULL) + (o->cost > 0) + (o->value > 0 && !o->share) + o->all;
    if (!o->model)
        return "-m MODEL: which model?";
    if ((o->traffic != NULL) != (o->point != NULL))
        return "--traffic FILE and --point NAME go together";
    if (o->traffic && (o->output || o->name || o->tiers || o->dry || o->abstain || o->json))
        return "--traffic only forecasts: --output, --name, --tiers, --dry-run, --abstain and --json are for tuning";
    if (o->traffic)
        return goals || files ? "--traffic forecasts a stored point; goals and records are for tuning" : NULL;
    if (!files)
        return "name the files with held-out records (- is standard input)";
    if (goals != 1)
        return "one goal: --keep-quality, --max-cost-per-1k, --max-share, --value-usd or --all";
    if (o->all && o->name)
        return "--all names its points itself";
    return o->name ? tr_point_name_fault(o->name) : NULL;
}

int cmd_tune(int argc, char **argv)
{
    tr_tune_options o = {.rounds = 1000, .seed = 1};
    td_error error;
    const int files = td_parse_options(&command, argc, argv, &o);
    if (files < 0)
        return files == -2 ? 0 : 2;
    const char *fault = usage_fault(&o, files);
    if (fault) {
        fprintf(stderr, "tierce tune: %s\n", fault);
        return 2;
    }
    if (o.traffic)
        return forecast(&o);
    if (!td_writer_spares(o.output, (const char *const *)(argv + 1), (size_t)files, &error) ||
        !td_writer_spares(o.output, &o.tiers, 1, &error)) {
        fprintf(stderr, "tierce tune: %s\n", error.text);
        return 1;
    }
    return read_and_tune(&o, (const char *const *)(argv + 1), (size_t)files);
}
