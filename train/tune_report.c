#include "train/tune_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *tier_name(const tr_bench *b, uint32_t t)
{
    return b->d->tiers.tier[t].name;
}

void tr_goal_text(const tr_bench *b, const tr_goal *g, char *text, size_t room)
{
    switch (g->kind) {
    case TR_GOAL_KEEP:
        snprintf(text, room, "keep %g %% of %s's score", 100 * g->amount, tier_name(b, g->tier));
        break;
    case TR_GOAL_COST:
        snprintf(text, room, "at most $%g per 1,000 requests", 1000 * g->amount);
        break;
    case TR_GOAL_SHARE:
        snprintf(text, room, "at most %g %% to %s", 100 * g->amount, tier_name(b, g->tier));
        break;
    case TR_GOAL_VALUE:
        snprintf(text, room, "a success is worth $%g", g->amount);
        break;
    }
}

void tr_goal_facts(const tr_bench *b, bool costed, const tr_goal *g, const tr_tuned *t, char *text,
                   size_t room)
{
    size_t n;
    tr_goal_text(b, g, text, room);
    n = strlen(text);
    snprintf(text + n, room - n, ": score %.4f [%.4f, %.4f], %.1f %% of %s's [%.1f, %.1f]", t->score.value,
             t->score.low, t->score.high, 100 * t->ratio.value, tier_name(b, g->tier), 100 * t->ratio.low,
             100 * t->ratio.high);
    n = strlen(text);
    if (costed)
        snprintf(text + n, room - n, ", $%.4g per 1,000 [%.4g, %.4g]", 1000 * t->spend.value,
                 1000 * t->spend.low, 1000 * t->spend.high);
    else
        snprintf(text + n, room - n, ", %.1f %% to %s [%.1f, %.1f]",
                 100 * t->share[b->d->n_tiers - 1].value, tier_name(b, b->d->n_tiers - 1),
                 100 * t->share[b->d->n_tiers - 1].low, 100 * t->share[b->d->n_tiers - 1].high);
    n = strlen(text);
    snprintf(text + n, room - n, "; %u held-out records", b->n);
}

/* ---- for people ---- */

static void line(const char *label, const tr_promise *p, double scale, int places, const char *unit)
{
    printf("    %-28s %.*f%s", label, places, scale * p->value, unit);
    if (!isnan(p->low)) {
        printf("   [%.*f, %.*f]", places, scale * p->low, places, scale * p->high);
        printf("   [%.*f, %.*f]", places, scale * p->batch_low, places, scale * p->batch_high);
    }
    printf("\n");
}

static void print_policy(const tr_bench *b, const tr_tuned *t)
{
    const uint32_t tiers = b->d->n_tiers;
    const tierce_policy *p = &t->policy;
    if (t->fixed != UINT32_MAX) {
        printf("  always %s: no routing answers this goal better\n", tier_name(b, t->fixed));
        return;
    }
    printf("  policy: ");
    if (p->value_usd > 0)
        printf("a success is worth $%.6g", p->value_usd);
    else
        printf("by probability");
    for (uint32_t k = 0; k < tiers; k++)
        if (p->charge[k] != 0)
            printf(", %s must gain %.4f", tier_name(b, k), p->charge[k]);
    if (p->min_familiarity > 0)
        printf("; below familiarity %.3g always %s", p->min_familiarity, tier_name(b, p->default_tier));
    printf("\n");
}

void tr_print_tuned(const tr_bench *b, bool costed, const tr_goal *g, const tr_tuned *t, uint32_t batch)
{
    char label[120];
    print_policy(b, t);
    snprintf(label, sizeof label, "next %u requests", batch);
    printf("    %-28s held out  95 %% in the long run, 95 %% for the %s\n", "", label);
    line("score", &t->score, 1, 4, "");
    snprintf(label, sizeof label, "of always %.18s's score", tier_name(b, g->tier));
    line(label, &t->ratio, 100, 2, " %");
    if (costed) {
        line("USD per 1,000 requests", &t->spend, 1000, 4, "");
        snprintf(label, sizeof label, "saved against %.13s", tier_name(b, g->tier));
        line(label, &t->saving, 100, 1, " %");
    }
    for (uint32_t k = 0; k < b->d->n_tiers; k++) {
        if (t->share[k].value == 0 && !(t->share[k].batch_high > 0))
            continue;
        snprintf(label, sizeof label, "to %.24s", tier_name(b, k));
        line(label, &t->share[k], 100, 1, " %");
    }
    line("above a mix of these shares", &t->mix_gain, 1, 4, "");
    if (t->fixed == UINT32_MAX && t->mix_gain.low <= 0)
        printf("  CAREFUL: the same shares dealt at random may do as well; the router is not proven here\n");
    if (g->kind != TR_GOAL_VALUE)
        printf("  chosen with a margin of %.2f standard errors: in %.1f %% of bootstrap choices the goal held\n",
           t->z, 100 * t->kept);
}

void tr_print_refused(const tr_bench *b, bool costed, const tr_goal *g, const tr_tuned *t)
{
    const char *who = tier_name(b, g->tier);
    if (g->kind == TR_GOAL_KEEP && isnan(t->nearest))
        printf("  REFUSED: %u records support no policy that keeps a stated part of %s's score and %s 1 %%\n"
               "  at least: use %s\n",
               b->n, who, costed ? "saves" : "spares it", who);
    else if (g->kind == TR_GOAL_KEEP)
        printf("  REFUSED: %g is not reachable with confidence from %u records (with %s 1 %% at least); %g is\n",
               g->amount, b->n, costed ? "a saving of" : "a relief of", t->nearest);
    else if (g->kind == TR_GOAL_COST && !isnan(t->nearest))
        printf("  REFUSED: $%g per 1,000 is less than %u records can promise; $%.6g is the least\n",
               1000 * g->amount, b->n, 1000 * t->nearest);
    else if (g->kind == TR_GOAL_SHARE && !isnan(t->nearest))
        printf("  REFUSED: a share of %g to %s cannot be promised from %u records; %g can\n", g->amount, who,
               b->n, t->nearest);
    else
        printf("  REFUSED: %u records cannot promise this; bring more\n", b->n);
}

/* ---- JSON ---- */

static void put_number(td_out *out, double v)
{
    char text[40];
    snprintf(text, sizeof text, "%.9g", v);
    td_puts(out, isnan(v) ? "null" : text);
}

static void put_promise(td_out *out, const char *name, const tr_promise *p)
{
    const double numbers[] = {p->value, p->low, p->high, p->batch_low, p->batch_high};
    td_puts(out, ", ");
    td_put_json(out, name, strlen(name));
    td_puts(out, ": [");
    for (size_t i = 0; i < 5; i++) {
        td_puts(out, i ? ", " : "");
        put_number(out, numbers[i]);
    }
    td_puts(out, "]");
}

void tr_put_tuned(td_out *out, const tr_bench *b, bool costed, const char *name, const tr_goal *g,
                  const tr_tuned *t, uint32_t batch)
{
    char text[400];
    tr_goal_text(b, g, text, sizeof text);
    td_puts(out, "{\"name\": ");
    td_put_json(out, name, strlen(name));
    td_puts(out, ", \"goal\": ");
    td_put_json(out, text, strlen(text));
    td_puts(out, ", \"reference\": ");
    td_put_json(out, tier_name(b, g->tier), strlen(tier_name(b, g->tier)));
    snprintf(text, sizeof text, ", \"records\": %u, \"batch\": %u, \"costed\": %s, \"reached\": %s", b->n, batch,
             costed ? "true" : "false", t->reached ? "true" : "false");
    td_puts(out, text);
    if (!t->reached) {
        td_puts(out, ", \"nearest\": ");
        put_number(out, t->nearest * (g->kind == TR_GOAL_COST ? 1000 : 1));
        td_puts(out, "}");
        return;
    }
    if (t->fixed != UINT32_MAX) {
        td_puts(out, ", \"always\": ");
        td_put_json(out, tier_name(b, t->fixed), strlen(tier_name(b, t->fixed)));
    }
    put_promise(out, "score", &t->score);
    put_promise(out, "ratio", &t->ratio);
    if (costed) {
        put_promise(out, "cost_usd", &t->spend);
        put_promise(out, "saving", &t->saving);
    }
    put_promise(out, "above_mix", &t->mix_gain);
    td_puts(out, ", \"share\": {");
    for (uint32_t k = 0; k < b->d->n_tiers; k++) {
        td_out one = {0};
        put_promise(&one, tier_name(b, k), &t->share[k]);
        if (!one.failed)
            td_put(out, one.at + (k ? 0 : 2), one.len - (k ? 0 : 2));
        out->failed |= one.failed;
        free(one.at);
    }
    td_puts(out, "}}");
}
