/* What moves the decisions, where they were wrong, and how all of it was measured. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "features/extract.h"
#include "train/html.h"
#include "train/memory.h"
#include "train/page_sections.h"

#ifndef TIERCE_RELEASE
#define TIERCE_RELEASE "0.1.0"
#endif

#define TOP 10
#define NOT_AGAIN "<p class=\"missing\">The records came on standard input and cannot be read a second time, so nothing is explained here; name a file.</p>\n"

/* ---- features ---- */

typedef struct {
    const tr_effect *effect;
    double sum;
} ranked;

static int by_sum(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->sum != y->sum)
        return x->sum < y->sum ? 1 : -1;
    return strcmp(x->effect->name, y->effect->name);
}

/* One row: name, part of the records, what it adds where it is, what that makes over all of them. */
static void put_effect(td_out *out, const char *kind, uint32_t k, const ranked *r, uint32_t records)
{
    char key[80];
    td_puts(out, "<tr><th class=\"t\" scope=\"row\">");
    tr_html_name(out, r->effect->name);
    td_puts(out, "</th>");
    snprintf(key, sizeof key, "%s.%u.in", kind, k);
    tr_html_cell(out, key, "%.1f", 100.0 * r->effect->n / records);
    snprintf(key, sizeof key, "%s.%u.adds", kind, k);
    tr_html_cell(out, key, "%+.3f", r->sum / r->effect->n);
    snprintf(key, sizeof key, "%s.%u.all", kind, k);
    tr_html_cell(out, key, "%+.4f", r->sum / records);
    td_puts(out, "</tr>\n");
}

/* minus UINT32_MAX: the log-odds of tier plus itself, else the difference of the two. */
static void put_effects(td_out *out, const tr_why *why, uint32_t plus, uint32_t minus, const char *kind)
{
    ranked *r = tr_new(why->n_effects, sizeof *r);
    char name[60];
    for (uint32_t k = 0; k < why->n_effects; k++)
        r[k] = (ranked){&why->effect[k], why->effect[k].sum[plus] - (minus == UINT32_MAX ? 0 : why->effect[k].sum[minus])};
    qsort(r, why->n_effects, sizeof *r, by_sum);
    td_puts(out, "<div class=\"pair\">\n");
    for (int side = 0; side < 2; side++) {
        snprintf(name, sizeof name, "%s-%s", kind, side ? "down" : "up");
        tr_html_table(out, name, side ? "=speaks against|% have it|adds there|on average" : "=speaks for|% have it|adds there|on average");
        for (uint32_t k = 0; k < TOP && k < why->n_effects; k++) {
            const ranked *at = side ? &r[why->n_effects - 1 - k] : &r[k];
            if (side ? at->sum < 0 : at->sum > 0)
                put_effect(out, name, k, at, why->explained);
        }
        tr_html_table_end(out);
    }
    td_puts(out, "</div>\n");
    free(r);
}

void tr_page_features(td_out *out, const tr_page_figures *f, const tr_why *why)
{
    const uint32_t tiers = f->on->d->n_tiers;
    char kind[40];
    td_puts(out, "<section>\n<h2 id=\"features\">What moves the estimates</h2>\n");
    if (!why->explained) {
        td_puts(out, NOT_AGAIN "</section>\n");
        return;
    }
    td_puts(out, "<p>What each feature added to the log-odds of success, over ");
    tr_html_figure(out, "explained", "%.0f", why->explained);
    tr_html_put(out, "%s requests, each explained by the %s. In the table: the last tier’s log-odds less the first tier’s, so what speaks for ",
                why->stride > 1 ? " evenly spread" : "", f->page->router ? "model" : "very model that judged it and never saw it");
    tr_html_name(out, tr_page_tier(f, tiers - 1));
    td_puts(out, " is on the left and what speaks for ");
    tr_html_name(out, tr_page_tier(f, 0));
    td_puts(out, " on the right.</p>\n");
    put_effects(out, why, tiers - 1, 0, "effect-gain");
    for (uint32_t t = 0; t < tiers; t++) {
        td_puts(out, "<details><summary>Success of ");
        tr_html_name(out, tr_page_tier(f, t));
        td_puts(out, " itself</summary>\n");
        snprintf(kind, sizeof kind, "effect-%u", t);
        put_effects(out, why, t, UINT32_MAX, kind);
        td_puts(out, "</details>\n");
    }
    td_puts(out, "</section>\n");
}

/* ---- mistakes ---- */

static void put_why(td_out *out, const tr_why_mistake *m, uint32_t k)
{
    char key[80];
    td_puts(out, "<ul>\n");
    for (uint32_t j = 0; j < TR_WHY_TOP && m->top[j].name; j++) {
        td_puts(out, "<li>");
        snprintf(key, sizeof key, "wrong.%u.why%u", k, j);
        tr_html_figure(out, key, "%+.2f", m->top[j].value);
        td_puts(out, "<span>");
        tr_html_name(out, m->top[j].name);
        td_puts(out, "</span></li>\n");
    }
    td_puts(out, "<li>");
    snprintf(key, sizeof key, "wrong.%u.rest", k);
    tr_html_figure(out, key, "%+.2f", m->rest);
    tr_html_put(out, "<span>%u others</span></li>\n<li>", m->others);
    snprintf(key, sizeof key, "wrong.%u.sum", k);
    tr_html_figure(out, key, "%+.2f", m->sum);
    td_puts(out, "<span><b>in all, in log-odds</b></span></li>\n</ul>\n");
}

static void put_mistake(td_out *out, const tr_page_figures *f, const tr_mistake *m, const tr_why_mistake *why, uint32_t k)
{
    const tr_bench *b = f->on;
    const uint32_t record = b->record[m->i], tier[2] = {m->chosen, m->better};
    char key[80];
    td_puts(out, "<li><b>");
    tr_html_name(out, b->d->id[record]);
    td_puts(out, "</b>, ");
    tr_html_name(out, b->d->source_name[b->d->source[record]][0] ? b->d->source_name[b->d->source[record]] : "(no source)");
    for (uint32_t j = 0; j < 2; j++) {
        td_puts(out, j ? "; better: " : "<br>chosen: ");
        tr_html_name(out, tr_page_tier(f, tier[j]));
        td_puts(out, " (p ");
        snprintf(key, sizeof key, "wrong.%u.p%u", k, j);
        tr_html_figure(out, key, "%.3f", b->p->p[(size_t)record * b->d->n_tiers + tier[j]]);
        td_puts(out, ", scored ");
        snprintf(key, sizeof key, "wrong.%u.score%u", k, j);
        tr_html_figure(out, key, "%.2f", tr_score(b->d, record, tier[j]));
        td_puts(out, ")");
    }
    td_puts(out, "\n");
    if (why->prompt) {
        td_puts(out, "<blockquote><bdi>");
        tr_html_text(out, why->prompt, strlen(why->prompt));
        td_puts(out, "</bdi></blockquote>\n");
    }
    if (why->found)
        put_why(out, why, k);
    td_puts(out, "</li>\n");
}

void tr_page_wrong(td_out *out, const tr_page_figures *f, const tr_mistake *m, const tr_why *why)
{
    td_puts(out, "<section>\n<h2 id=\"wrong\">Worst mistakes</h2>\n<p>The decisions ");
    tr_page_shown(out, f);
    td_puts(out, " that lost most score, the surest first; behind each, what made the chosen tier look better or worse than the one that was. "
                 "Look for a pattern: mislabelled outcomes, a kind of request that the records hardly have, a feature that misleads.</p>\n");
    if (!why->n_mistakes)
        td_puts(out, "<p>None: every request went to a tier that nothing beat.</p>\n");
    else if (!why->explained)
        td_puts(out, NOT_AGAIN);
    if (why->n_mistakes)
        td_puts(out, "<ol class=\"wrong\">\n");
    for (uint32_t k = 0; k < why->n_mistakes; k++)
        put_mistake(out, f, &m[k], &why->mistake[k], k);
    if (why->n_mistakes)
        td_puts(out, "</ol>\n");
    if (!f->page->show_prompts)
        td_puts(out, "<p class=\"note\">Prompts are left out; <code>--show-prompts</code> adds the head of each. Names of features are words of the requests.</p>\n");
    td_puts(out, "</section>\n");
}

/* ---- how it was measured ---- */

static void put_term(td_out *out, const char *term)
{
    tr_html_put(out, "<dt>%s</dt><dd>", term);
}

static void put_count(td_out *out, const char *term, const char *key, double value, const char *what)
{
    put_term(out, term);
    tr_html_figure(out, key, "%.0f", value);
    tr_html_put(out, "%s</dd>\n", what);
}

static void put_versions(td_out *out)
{
    char date[40] = "";
    const time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc))
        strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &utc);
    put_term(out, "versions");
    td_puts(out, "tierce " TIERCE_RELEASE "; features");
    for (size_t i = 0; i < tf_extractor_count(); i++)
        tr_html_put(out, " %s/%u", tf_extractor_name(i), tf_extractor_version(i));
    tr_html_put(out, "</dd>\n<dt>written</dt><dd>%s</dd>\n", date);
}

static void put_split(td_out *out, const tr_page *page)
{
    if (page->router) {
        put_term(out, "judged");
        td_puts(out, "a finished model, on these records");
    } else if (page->by_source) {
        put_term(out, "folds");
        tr_html_figure(out, "folds", "%.0f", page->n_folds);
        td_puts(out, ", one source held out at a time; the whole pipeline is fitted again for each");
    } else {
        put_term(out, "folds");
        tr_html_figure(out, "folds", "%.0f", page->n_folds);
        td_puts(out, ", of a record: crc32(id) modulo their number; the whole pipeline is fitted again for each");
    }
    td_puts(out, "</dd>\n");
}

void tr_page_method(td_out *out, const tr_page_figures *f, const tr_why *why)
{
    const tr_page *page = f->page;
    const tr_dataset *d = page->b->d;
    td_puts(out, "<section>\n<h2 id=\"method\">How it was measured</h2>\n<dl>\n<dt>command</dt><dd><code>");
    tr_html_text(out, page->command, strlen(page->command));
    td_puts(out, "</code></dd>\n");
    put_count(out, "records", "records", d->n, " with an outcome of these tiers");
    put_count(out, "judged", "judged_all", page->b->n, " with outcomes of all tiers");
    put_count(out, "with costs", "judged_costs", page->costed ? page->costed->n : 0,
              page->costed ? " with all costs: decisions, curve and verdict are about these" : ": too few, so shares stand in for cost");
    if (d->without_outcome)
        put_count(out, "left out", "without_outcome", (double)d->without_outcome, " records without an outcome of these tiers");
    if (d->bad_lines)
        put_count(out, "skipped", "bad_lines", (double)d->bad_lines, " bad lines");
    put_count(out, "sources", "sources", d->n_sources, "");
    put_split(out, page);
    put_count(out, "seed", "seed", (double)page->seed, ", of inner folds, bootstraps and shuffles");
    put_count(out, "intervals", "resamples", page->resamples, " bootstrap resamples of the requests, 95&nbsp;%; those of single groups are normal, paired");
    put_count(out, "shuffles", "shuffles", page->verdict->shuffled.rounds, " deals of the router’s own decisions");
    put_count(out, "explained", "explained_all", why->explained, " requests, read a second time");
    put_versions(out);
    td_puts(out, "</dl>\n</section>\n");
}
