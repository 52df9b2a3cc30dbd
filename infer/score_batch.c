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
    double window[TIERCE_MAX_TIERS];     /* tokens; 0: not known. The tiers.json's, else the model's own */
    bool no_tools[TIERCE_MAX_TIERS];
    uint64_t moved[TIERCE_MAX_TIERS];    /* requests that would have gone there, but that the tier cannot take */
    uint64_t part_bytes;
    forecast forecast;
    part_files *files;
    td_map ids;
    bool full; /* writing failed; *error says why */
    td_error error;
} batch_run;

static uint64_t all_tiers(const batch_run *run)
{
    const uint32_t n = tierce_tier_count(run->router);
    return n >= 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1;
}

/* What the request itself keeps from a tier, as tierce_decide has it, but by this run's windows. */
static void look_at_limits(const batch_run *run, const tierce_request *request, uint64_t *context, uint64_t *tools)
{
    const double tokens = forecast_tokens(request);
    *context = *tools = 0;
    for (uint32_t t = 0; t < tierce_tier_count(run->router); t++) {
        if (run->window[t] > 0 && tokens > run->window[t])
            *context |= (uint64_t)1 << t;
        else if (run->no_tools[t] && request->n_tools)
            *tools |= (uint64_t)1 << t;
    }
}

/* The decision again, at what a batch will cost (a tier may be worth half its price there), and among the tiers that can take
 * the request: nothing falls back to another tier when the provider has refused a line. */
static const char *decide_again(const batch_run *run, const td_record *record, const double *cost, tierce_decision *d,
                                score_slot *slot)
{
    tierce_estimate estimates[TIERCE_MAX_TIERS];
    tierce_policy policy = *run->policy;
    const tierce_view view = d->view;
    tierce_error error;
    uint64_t context, tools;
    for (uint32_t t = 0; t < tierce_tier_count(run->router); t++) {
        estimates[t] = d->estimate[t];
        if (run->priced) {
            estimates[t].cost_known = !isnan(cost[t]);
            estimates[t].cost_usd = isnan(cost[t]) ? 0 : cost[t];
        }
    }
    look_at_limits(run, record->request, &context, &tools);
    slot->closed = context | tools;
    slot->moved = 0;
    /* without the request, so that no limit but this run's is looked at */
    if (tierce_decide_viewed(run->router, estimates, &view, NULL, &policy, d, &error) != TIERCE_OK)
        return error.message;
    if (slot->closed & policy.allowed) {
        const bool first_out = slot->closed >> d->order[0] & 1;
        if (!(policy.allowed & ~slot->closed & all_tiers(run)))
            return "no tier that may be chosen can take it: it is longer than their context windows, or has tools and they take none";
        slot->moved = first_out ? d->order[0] + 1 : 0;
        if (first_out && d->reason == TIERCE_REASON_DEFAULT_UNFAMILIAR) /* then the others are ranked */
            policy.min_familiarity = 0;
        policy.allowed &= ~slot->closed;
        if (tierce_decide_viewed(run->router, estimates, &view, NULL, &policy, d, &error) != TIERCE_OK)
            return error.message;
        if (d->reason == TIERCE_REASON_DEFAULT_FLOOR || d->reason == TIERCE_REASON_DEFAULT_CEILING)
            d->reason = TIERCE_REASON_DEFAULT_NONE;
        d->dropped_policy &= ~(slot->closed & run->policy->allowed);
        d->dropped_context = context & run->policy->allowed;
        d->dropped_tools = tools & run->policy->allowed;
    }
    d->view = view;
    return NULL;
}

/* In any thread: what the request costs at each tier, and the line for the chosen one. */
static const char *more(void *context, tierce_scratch *scratch, const td_record *record, tierce_decision *d,
                        score_slot *slot, size_t *where)
{
    const batch_run *run = context;
    forecast_costs(&run->forecast, scratch, record->request, d, slot->cost);
    const char *fault = decide_again(run, record, slot->cost, d, slot);
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
    if (slot->moved)
        run->moved[slot->moved - 1]++;
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

/* What the file says of a tier holds for this batch; where the model was trained with something else, route and serve
 * decide otherwise, and that is told. */
static void look_at_tier(batch_run *run, uint32_t tier, const td_priced *p, const char *path)
{
    const tm_tier *own = &tierce_router_model(run->router)->tiers[tier];
    run->window[tier] = p && p->context_window >= 0 ? p->context_window : own->context_window;
    run->no_tools[tier] = p && p->tools >= 0 ? !p->tools : own->no_tools;
    if (run->window[tier] < own->context_window || run->window[tier] > own->context_window)
        fprintf(stderr, "tierce score: note: %s: context_window %.0f of %s holds for this batch; tierce route and serve decide by the "
                        "model's own, %.0f%s\n",
                path, run->window[tier], p->name, (double)own->context_window,
                own->context_window ? " (train with this file to change it)" : " (none; train with this file to set it)");
    if (run->no_tools[tier] != own->no_tools)
        fprintf(stderr, "tierce score: note: %s: \"tools\": %s of %s holds for this batch; the model was trained with %s\n", path,
                own->no_tools ? "true" : "false", p->name, own->no_tools ? "false" : "true");
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
        if (p)
            look_at_dates(p, o->tiers);
        look_at_tier(run, t, p, o->tiers);
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
    for (uint32_t t = 0; t < tierce_tier_count(run->router); t++)
        if (run->moved[t]) {
            snprintf(text, sizeof text, "  moved on from %.100s, which cannot take %s: %llu request%s (", tierce_tier_name(run->router, t),
                     run->moved[t] == 1 ? "it" : "them", (unsigned long long)run->moved[t], td_s(run->moved[t]));
            td_puts(out, text);
            if (run->window[t] > 0)
                snprintf(text, sizeof text, "context window of %.0f tokens%s)\n", run->window[t], run->no_tools[t] ? ", no tools" : "");
            td_puts(out, run->window[t] > 0 ? text : "no tools)\n");
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
