#include "infer/score_batch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch_line.h"
#include "data/hash_map.h"
#include "data/text_out.h"
#include "infer/forecast.h"
#include "infer/part_files.h"
#include "infer/router_state.h"

typedef struct {
    const tierce_router *router;
    const tierce_policy *policy;
    bool priced; /* there is a tiers.json: decide at its prices */
    const char *model[TIERCE_MAX_TIERS]; /* the id that goes into the lines */
    uint64_t part_bytes;
    forecast forecast;
    part_files *files;
    td_map ids;
    bool full; /* writing failed; *error says why */
    td_error error;
} batch_run;

/* The decision again, at what a batch will cost: a tier may be worth half its price there. */
static const char *decide_at(const batch_run *run, const td_record *record, const double *cost, tierce_decision *d)
{
    tierce_estimate estimates[TIERCE_MAX_TIERS];
    const tierce_view view = d->view;
    tierce_error error;
    for (uint32_t t = 0; t < tierce_tier_count(run->router); t++) {
        estimates[t] = d->estimate[t];
        estimates[t].cost_known = !isnan(cost[t]);
        estimates[t].cost_usd = isnan(cost[t]) ? 0 : cost[t];
    }
    if (tierce_decide_viewed(run->router, estimates, &view, record->request, run->policy, d, &error) != TIERCE_OK)
        return error.message;
    d->view = view;
    return NULL;
}

/* In any thread: what the request costs at each tier, and the line for the chosen one. */
static const char *more(void *context, tierce_scratch *scratch, const td_record *record, tierce_decision *d,
                        score_slot *slot, size_t *where)
{
    const batch_run *run = context;
    forecast_costs(&run->forecast, scratch, record->request, d, slot->cost);
    const char *fault = run->priced ? decide_at(run, record, slot->cost, d) : NULL;
    if (fault)
        return fault;
    td_batch_line line;
    const char *what;
    char *text = malloc(slot->len ? slot->len : 1);
    if (!text)
        return "out of memory";
    if (td_batch_line_read(&line, slot->line, slot->len, text, &what, where)) {
        what = NULL;
        td_batch_line_put(&slot->request, &line, slot->line, slot->len, run->model[d->order[0]]);
        if (slot->request.len > run->part_bytes)
            what = "the request is longer than a whole batch file may be (--part-bytes)";
    }
    slot->id_hash = what ? 0 : td_hash_bytes(0, line.custom_id.data, line.custom_id.len);
    free(text);
    if (what)
        return what;
    for (uint32_t t = 0; t < tierce_tier_count(run->router); t++)
        slot->probability[t] = d->estimate[t].probability;
    slot->closed = d->dropped_context | d->dropped_tools;
    return NULL;
}

/* In order. */
static const char *take(void *context, score_slot *slot)
{
    batch_run *run = context;
    bool fresh;
    const bool room = td_map_at(&run->ids, slot->id_hash, &fresh) != NULL;
    if (room && !fresh)
        return "this custom_id stood in an earlier line: their answers could not be told apart";
    if (!room)
        td_fail(&run->error, "out of memory");
    run->full = !room || !parts_put(run->files, slot->tier, slot->request.at, slot->request.len, &run->error) ||
                !parts_decision(run->files, slot->out.at, slot->out.len, &run->error);
    if (run->full)
        return "";
    forecast_add(&run->forecast, slot->tier, slot->cost, slot->probability, slot->closed);
    return NULL;
}

/* Prices out of force are used all the same, but not in silence. */
static void look_at_dates(const td_priced *p, const char *path)
{
    char today[11];
    td_today(today);
    if (*p->prices.to && strcmp(today, p->prices.to) > 0)
        fprintf(stderr, "tierce score: note: %s: prices of %s expired on %s\n", path, p->name, p->prices.to);
    if (*p->prices.from && strcmp(today, p->prices.from) < 0)
        fprintf(stderr, "tierce score: note: %s: prices of %s are in force from %s on\n", path, p->name,
                p->prices.from);
}

/* The windows are the model's, as it was trained: another one in the file would be passed over in silence. */
static void look_at_window(const batch_run *run, uint32_t tier, const td_priced *p, const char *path)
{
    const double trained = tierce_router_model(run->router)->tiers[tier].context_window;
    if (p->context_window > 0 && (p->context_window < trained || p->context_window > trained))
        fprintf(stderr, "tierce score: note: %s: context_window %.0f of %s is not used: the model decides by its own, %.0f%s\n",
                path, p->context_window, p->name, trained,
                trained > 0 ? " (train with this file to change it)" : " (none; train with this file to set it)");
}

static bool load_prices(batch_run *run, const score_batch_options *o, td_price_list *prices)
{
    if (o->tiers && !td_price_list_load(prices, o->tiers, &run->error))
        return false;
    if (!forecast_start(&run->forecast, run->router, o->tiers ? prices : NULL, o->tiers, o->assumed_output,
                        &run->error))
        return false;
    for (uint32_t t = 0; t < tierce_tier_count(run->router); t++) {
        const td_priced *p = o->tiers ? td_price_list_find(prices, tierce_tier_name(run->router, t)) : NULL;
        if (p) {
            look_at_dates(p, o->tiers);
            look_at_window(run, t, p, o->tiers);
        }
        run->model[t] = p && *p->model ? p->model : tierce_tier_model(run->router, t);
    }
    return true;
}

static void tell(const batch_run *run, const score_batch_options *o, const score_counts *counts, td_out *out)
{
    char text[400];
    snprintf(text, sizeof text, "%llu request%s routed into %.200s, %llu bad line%s left out\n",
             (unsigned long long)counts->decided, td_s(counts->decided), o->out_dir, (unsigned long long)counts->bad,
             td_s(counts->bad));
    td_puts(out, text);
    for (uint32_t t = 0; t < tierce_tier_count(run->router); t++) {
        const uint32_t n = parts_count(run->files, t);
        snprintf(text, sizeof text, "  %-24s %8llu request%s%s%.80s%s%.80s%s\n", tierce_tier_name(run->router, t),
                 (unsigned long long)counts->per_tier[t], td_s(counts->per_tier[t]), n ? " in " : "", n ? parts_stem(run->files, t) : "",
                 n ? "-00001.jsonl" : "", n > 1 ? " and on" : "", n ? "" : ", no file");
        td_puts(out, text);
    }
    forecast_text(&run->forecast, out);
}

static bool finish(batch_run *run, const score_batch_options *o, const score_counts *counts)
{
    td_out text = {0}, json = {0};
    tell(run, o, counts, &text);
    forecast_json(&run->forecast, &json);
    bool good = !text.failed && !json.failed;
    if (!good)
        td_fail(&run->error, "out of memory");
    good = good && parts_extra(run->files, "forecast.json", json.at, json.len, &run->error);
    if (good) {
        good = parts_finish(run->files, &run->error);
        run->files = NULL;
    }
    if (good)
        fwrite(text.at, 1, text.len, stdout);
    free(text.at);
    free(json.at);
    return good;
}

bool score_batch(score_job *job, const score_batch_options *o, const char *const *paths, size_t n_paths,
                 score_counts *counts)
{
    batch_run *run = calloc(1, sizeof *run);
    td_price_list *prices = calloc(1, sizeof *prices);
    bool good = run && prices;
    if (good) {
        run->router = job->router;
        run->policy = job->policy;
        run->priced = o->tiers != NULL;
        run->part_bytes = o->part_bytes;
        good = load_prices(run, o, prices);
    }
    if (good) {
        run->files = parts_open(o->out_dir, job->router, o->part_lines, o->part_bytes, &run->error);
        good = run->files != NULL;
    }
    if (good) {
        job->context = run;
        job->more = more;
        job->take = take;
        if (!score_files(job, paths, n_paths, counts))
            good = run->full ? false : td_fail(&run->error, "%s was not made", o->out_dir);
        else if (!counts->decided && !counts->bad && !job->has_range) /* a range may hold the start of no line */
            good = td_fail(&run->error, "no requests in the input; %s was not made", o->out_dir);
    }
    good = good && finish(run, o, counts);
    if (!good)
        fprintf(stderr, "tierce score: %s\n", run && prices ? run->error.text : "out of memory");
    if (run) {
        parts_abandon(run->files);
        td_map_free(&run->ids);
    }
    if (prices)
        td_price_list_free(prices);
    free(prices);
    free(run);
    return good;
}
