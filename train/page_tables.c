/* The tables of the page: fixed tiers and the curve, groups, the best tier, calibration, parts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/eval_tables.h"
#include "train/html.h"
#include "train/page_sections.h"

#define NO_PLOT                                                                                                \
    "<p class=\"missing\">No picture: gnuplot is not installed (Debian: <code>apt-get install gnuplot-nox</code>), or it "  \
    "failed. The table has the same numbers.</p>\n"

#define KEY(colour, text) "<span class=\"legend\"><i class=\"key\" style=\"background:var(--c" #colour ")\"></i>" text "</span> "

/* A key of this folder's making: "group.KIND.NUMBER.NAME". */
static const char *key_of(char *room, size_t size, const char *kind, uint32_t k, const char *name)
{
    snprintf(room, size, "%s.%u.%s", kind, k, name);
    return room;
}

static void cell(td_out *out, const char *kind, uint32_t k, const char *name, const char *format, double value)
{
    char key[80];
    tr_html_cell(out, key_of(key, sizeof key, kind, k, name), format, value);
}

/* <td>value [low, high]</td> */
static void cell_with(td_out *out, const char *kind, uint32_t k, const char *name, const char *format, double value, double low, double high)
{
    char key[80];
    key_of(key, sizeof key, kind, k, name);
    td_puts(out, "<td>");
    tr_html_figure(out, key, format, value);
    tr_html_interval(out, key, format, low, high);
    td_puts(out, "</td>");
}

static void row_of(td_out *out, const char *name)
{
    td_puts(out, "<tr><th class=\"t\" scope=\"row\">");
    tr_html_name(out, name);
    td_puts(out, "</th>");
}

/* ---- cost and quality ---- */

static void put_dominators(td_out *out, const tr_page_figures *f, uint32_t t)
{
    const tr_mean m = tr_fixed(f->on, t);
    td_puts(out, "<td class=\"t\">");
    for (uint32_t u = 0, n = 0; f->costed && u < f->on->d->n_tiers; u++) {
        const tr_mean o = tr_fixed(f->on, u);
        if (u == t || o.score < m.score || o.cost > m.cost || (o.score == m.score && o.cost == m.cost))
            continue;
        td_puts(out, n++ ? ", " : "<span class=\"bad\">dominated by</span> ");
        tr_html_name(out, tr_page_tier(f, u));
    }
    td_puts(out, "</td></tr>\n");
}

static void put_policy(td_out *out, const tr_page_figures *f, const char *kind, uint32_t k, const tr_judged *j)
{
    cell_with(out, kind, k, "score", "%.4f", j->value.score, j->low.score, j->high.score);
    if (f->costed)
        cell_with(out, kind, k, "spend", "%.4f", 1000 * j->value.spend, 1000 * j->low.spend, 1000 * j->high.spend);
    else
        cell_with(out, kind, k, "spend", "%.1f", 100 * j->value.spend, 100 * j->low.spend, 100 * j->high.spend);
    td_puts(out, "<td class=\"t\">");
}

static void put_points(td_out *out, const tr_page_figures *f)
{
    const tr_page *page = f->page;
    char key[80];
    for (uint32_t k = 0; k < page->n_points; k++) {
        const tr_judged j = tr_judge_policy(f->on, f->costed, &page->points[k].policy, page->resamples, page->seed + k);
        row_of(out, page->points[k].name);
        put_policy(out, f, "point", k, &j);
        td_puts(out, "operating point: ");
        tr_html_text(out, page->model->points[k].goal, strlen(page->model->points[k].goal));
        if (j.abstained) {
            td_puts(out, "; abstained on ");
            tr_html_figure(out, key_of(key, sizeof key, "point", k, "abstained"), "%.0f", j.abstained);
        }
        td_puts(out, "</td></tr>\n");
    }
}

static void put_fixed(td_out *out, const tr_page_figures *f)
{
    tr_html_table(out, "tiers", f->costed ? "=|score|USD per 1,000|=" : f->on->d->n_tiers == 2 ? "=|score|% to the last tier|=" : "=|score|% up the ladder|=");
    for (uint32_t t = 0; t < f->on->d->n_tiers; t++) {
        const tr_mean m = tr_fixed(f->on, t);
        td_puts(out, "<tr><th class=\"t\" scope=\"row\">");
        if (f->on->d->n_tiers > 2 && f->on->d->n_tiers <= TR_PAGE_LETTERS)
            tr_html_put(out, "<b>%c</b> ", (int)('A' + t));
        td_puts(out, "always ");
        tr_html_name(out, tr_page_tier(f, t));
        td_puts(out, "</th>");
        cell(out, "fixed", t, "score", "%.4f", m.score);
        if (f->costed)
            cell(out, "fixed", t, "spend", "%.4f", 1000 * m.cost);
        else
            cell(out, "fixed", t, "spend", "%.1f", 100.0 * t / (f->on->d->n_tiers - 1));
        put_dominators(out, f, t);
    }
    if (f->shown) {
        put_points(out, f);
    } else {
        td_puts(out, "<tr class=\"own\"><th class=\"t\" scope=\"row\">router, by probability alone</th>");
        put_policy(out, f, "point", 0, &f->judged);
        td_puts(out, "</td></tr>\n");
    }
    const tr_mean o = tr_oracle(f->on);
    td_puts(out, "<tr><th class=\"t\" scope=\"row\">oracle</th>");
    cell(out, "oracle", 0, "score", "%.4f", o.score);
    if (f->costed)
        cell(out, "oracle", 0, "spend", "%.4f", 1000 * o.cost);
    else
        td_puts(out, "<td></td>");
    td_puts(out, "<td class=\"t\">best tier of every request</td></tr>\n");
    tr_html_table_end(out);
}

/* Every setting that decides something new. */
static void put_settings(td_out *out, const tr_page_figures *f)
{
    const tr_family *x = &f->family;
    const uint32_t last = f->on->d->n_tiers - 1;
    const bool values = x->policy[0].value_usd > 0;
    tr_html_put(out, "<details><summary>The router’s curve in numbers</summary>\n<p class=\"note\">%s</p>\n",
                values ? "The knob is the value of a success: a tier is chosen for value × probability − expected cost; 0 stands for "
                         "“cost is no matter”."
                       : "The knob is a charge: a dearer tier must gain so much more of probability.");
    tr_html_table(out, "settings", f->costed ? "knob|score|USD per 1,000" : "knob|score|% up the ladder");
    for (uint32_t k = 0; k < x->n; k++) {
        if (x->fixed[k] != UINT32_MAX || (k && x->start[k] == x->start[k + 1]))
            continue;
        td_puts(out, "<tr>");
        cell(out, "setting", k, "knob", "%.9g", values ? x->policy[k].value_usd : x->policy[k].charge[last]);
        cell(out, "setting", k, "score", "%.4f", f->curve[k].score);
        cell(out, "setting", k, "spend", f->costed ? "%.4f" : "%.1f", f->curve[k].cost * (f->costed ? 1000 : 100));
        td_puts(out, "</tr>\n");
    }
    tr_html_table_end(out);
    td_puts(out, "</details>\n");
}

void tr_page_curve(td_out *out, const tr_page_figures *f)
{
    td_puts(out, "<section>\n<h2 id=\"curve\">Cost and quality</h2>\n<div class=\"pair\">\n<figure id=\"figure-curve\">\n");
    if (!tr_page_plot_curve(out, f))
        td_puts(out, NO_PLOT);
    tr_html_put(out, "<figcaption>" KEY(1, "router") KEY(3, "best random mix, dashed") KEY(2, "always one tier%s") KEY(4, "oracle") KEY(5, "%s")
                     "<br>Up and to the left is better. The dashed line is what sending random requests to the tiers reaches; the router earns "
                     "its place by the height above it.</figcaption>\n</figure>\n<div>\n",
                f->on->d->n_tiers > 2 && f->on->d->n_tiers <= TR_PAGE_LETTERS ? ", lettered as in the table" : "", f->shown ? "operating points" : "by probability alone");
    put_fixed(out, f);
    if (f->on->n < f->page->b->n) {
        td_puts(out, "<p class=\"note\">From the ");
        tr_html_figure(out, "judged_costed", "%.0f", f->on->n);
        td_puts(out, " records that have all costs, of ");
        tr_html_figure(out, "judged_whole", "%.0f", f->page->b->n);
        td_puts(out, " with all outcomes.</p>\n");
    } else if (!f->costed) {
        td_puts(out, "<p class=\"note\">Costs are recorded for too few outcomes, so the place on the ladder of tiers (as listed, cheap to "
                     "strong) stands in for spend.</p>\n");
    }
    put_settings(out, f);
    td_puts(out, "</div>\n</div>\n</section>\n");
}

/* ---- workloads and sources ---- */

static void put_shares(td_out *out, const tr_page_figures *f, const char *kind, uint32_t k, const tr_group *g)
{
    const uint32_t tiers = f->on->d->n_tiers;
    char name[24];
    if (tiers == 2)
        tr_html_put(out, "<td><span class=\"share\" aria-hidden=\"true\"><i style=\"width:%.1f%%;margin-left:auto\"></i></span></td>", 100 * g->share[1]);
    for (uint32_t t = tiers == 2; t < tiers && (tiers <= 6 || t == 0); t++) {
        snprintf(name, sizeof name, "share%u", t);
        cell(out, kind, k, name, "%.1f", 100 * g->share[t]);
    }
    if (tiers > 6) {
        uint32_t most = 0;
        for (uint32_t t = 1; t < tiers; t++)
            most = g->share[t] > g->share[most] ? t : most;
        td_puts(out, "<td class=\"t\">");
        tr_html_name(out, tr_page_tier(f, most));
        td_puts(out, "</td>");
        cell(out, kind, k, "most", "%.1f", 100 * g->share[most]);
    }
}

static void put_group(td_out *out, const tr_page_figures *f, const char *kind, uint32_t k, const tr_group *g)
{
    const double gain = g->router - g->best;
    cell(out, kind, k, "n", "%.0f", g->n);
    put_shares(out, f, kind, k, g);
    cell(out, kind, k, "best", "%.4f", g->best);
    cell(out, kind, k, "router", "%.4f", g->router);
    td_puts(out, g->high < 0 ? "<td class=\"bad\">" : g->low > 0 ? "<td class=\"good\">" : "<td>");
    char key[80];
    key_of(key, sizeof key, kind, k, "gain");
    td_puts(out, g->high < 0 ? "hurts " : "");
    tr_html_figure(out, key, "%+.4f", gain);
    tr_html_interval(out, key, "%+.4f", g->low, g->high);
    td_puts(out, "</td>");
    if (f->costed)
        cell(out, kind, k, "saved", "%.1f", 100 * (1 - g->spend / g->best_spend));
    cell(out, kind, k, "lift", "%+.2f", g->lift);
    td_puts(out, "</tr>\n");
}

/* Heads with that many names would push a table off the page: letters, as the table of tiers gives them. */
static bool lettered(uint32_t tiers)
{
    return tiers > 3 && tiers <= TR_PAGE_LETTERS;
}

static void put_group_heads(td_out *out, const tr_page_figures *f, const char *id, const char *title)
{
    td_out heads = {0}; /* names of tiers are escaped, and '|' would split a head: it becomes its entity */
    const uint32_t tiers = f->on->d->n_tiers;
    tr_html_put(&heads, "=%s|records|", title);
    if (tiers == 2)
        td_puts(&heads, "|");
    for (uint32_t t = tiers == 2; t < tiers && tiers <= 6; t++) {
        td_out name = {0};
        tr_html_name(&name, tr_page_tier(f, t));
        td_puts(&heads, "% to ");
        if (lettered(tiers)) {
            tr_html_put(&heads, "%c|", (int)('A' + t));
            free(name.at);
            continue;
        }
        for (size_t i = 0; i < name.len; i++)
            name.at[i] == '|' ? td_puts(&heads, "&#124;") : td_put(&heads, name.at + i, 1);
        td_puts(&heads, "|");
        free(name.at);
    }
    tr_html_put(&heads, "%salways best|router|gain|%sLIFT", tiers > 6 ? "=most to|%|" : "", f->costed ? "% saved|" : "");
    td_put(&heads, "", 1);
    tr_html_table(out, id, heads.at);
    free(heads.at);
}

static void put_groups(td_out *out, const tr_page_figures *f, const char *id, const char *title, const uint32_t *group,
                       char *const *names, uint32_t n)
{
    put_group_heads(out, f, id, title);
    for (uint32_t k = 0; k < n; k++) {
        const tr_group g = tr_page_group(f, group, k);
        if (!g.n)
            continue;
        row_of(out, names[k][0] ? names[k] : "(none)");
        put_group(out, f, id, k, &g);
    }
    const tr_group all = tr_page_group(f, NULL, 0);
    td_puts(out, "<tr class=\"own\"><th class=\"t\" scope=\"row\">all</th>");
    char kind[40];
    snprintf(kind, sizeof kind, "%s.all", id);
    put_group(out, f, kind, 0, &all);
    tr_html_table_end(out);
}

void tr_page_groups(td_out *out, const tr_page_figures *f)
{
    const tr_dataset *d = f->on->d;
    td_puts(out, "<section>\n<h2 id=\"groups\">Share and gain by workload and source</h2>\n<p>Decisions ");
    tr_page_shown(out, f);
    td_puts(out, ". <em>Gain</em> is the router’s score less that of always ");
    tr_html_name(out, tr_page_tier(f, f->best));
    td_puts(out, ", the same requests under both; <em>LIFT</em> is the gain in points (×100) over a random mix of the same shares, from the first to "
                 "the last tier.</p>\n");
    if (d->n_workloads > 1)
        put_groups(out, f, "workload", "workload", d->workload, d->workload_name, d->n_workloads);
    put_groups(out, f, "source", "source", d->source, d->source_name, d->n_sources);
    td_puts(out, "</section>\n");
}

/* ---- which tier was best ---- */

static void put_confusion(td_out *out, const tr_page_figures *f)
{
    const uint32_t tiers = f->on->d->n_tiers;
    tr_confusion c;
    char name[24];
    tr_page_confusion(f, &c);
    td_puts(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"confusion\"><table id=\"confusion\"><thead><tr><th class=\"t\" scope=\"col\">best was</th>");
    for (uint32_t t = 0; t < tiers; t++) {
        td_puts(out, "<th scope=\"col\">sent to ");
        if (lettered(tiers))
            tr_html_put(out, "%c", (int)('A' + t));
        else
            tr_html_name(out, tr_page_tier(f, t));
        td_puts(out, "</th>");
    }
    td_puts(out, "<th scope=\"col\">% right</th></tr></thead><tbody>\n");
    for (uint32_t r = 0; r <= tiers; r++) {
        double sum = 0;
        td_puts(out, "<tr><th class=\"t\" scope=\"row\">");
        if (lettered(tiers) && r < tiers)
            tr_html_put(out, "<b>%c</b> ", (int)('A' + r));
        tr_html_name(out, r < tiers ? tr_page_tier(f, r) : "no difference");
        td_puts(out, "</th>");
        for (uint32_t t = 0; t < tiers; t++) {
            snprintf(name, sizeof name, "to%u", t);
            cell(out, "confusion", r, name, "%.0f", c.count[r][t]);
            sum += c.count[r][t];
        }
        if (r < tiers)
            cell(out, "confusion", r, "right", "%.1f", sum > 0 ? 100 * c.count[r][r] / sum : (double)NAN);
        else
            td_puts(out, "<td></td>");
        td_puts(out, "</tr>\n");
    }
    tr_html_table_end(out);
}

static void put_pair(td_out *out, const tr_page_figures *f, uint32_t first, uint32_t second, uint32_t k)
{
    const tr_bench *b = f->page->b;
    const tr_rescues r = tr_count_rescues(b, first, second);
    const double n = b->n;
    td_puts(out, "<tr><th class=\"t\" scope=\"row\">");
    tr_html_name(out, tr_page_tier(f, first));
    td_puts(out, " → ");
    tr_html_name(out, tr_page_tier(f, second));
    td_puts(out, "</th>");
    cell(out, "pair", k, "rescue", "%.1f", 100 * r.rescue / n);
    cell(out, "pair", k, "loss", "%.1f", 100 * r.loss / n);
    cell(out, "pair", k, "safe", "%.1f", 100 * r.safe / n);
    cell(out, "pair", k, "hard", "%.1f", 100 * r.hard / n);
    cell(out, "pair", k, "auc", "%.3f", r.auc);
    td_puts(out, "</tr>\n");
}

void tr_page_best(td_out *out, const tr_page_figures *f)
{
    const uint32_t tiers = f->on->d->n_tiers;
    td_puts(out, "<section>\n<h2 id=\"best\">Which tier was best, and which was chosen</h2>\n<p>Decisions ");
    tr_page_shown(out, f);
    tr_html_put(out, "; among equally good tiers the %s counts as best.</p>\n", f->costed ? "cheapest" : "first");
    put_confusion(out, f);
    td_puts(out, "<p>What the second tier does for the first, in per cent of the requests (a success is a score of one half or more): it "
                 "<em>rescues</em> failures, <em>loses</em> successes, or it makes no difference (both succeed: <em>safe</em>; neither: "
                 "<em>hard</em>). AUC: how well the estimated gain tells rescues from losses; 0.5 is chance.</p>\n");
    tr_html_table(out, "rescues", "=|rescue|loss|safe|hard|AUC");
    for (uint32_t a = 0, k = 0; a < tiers; a++)
        for (uint32_t z = a + 1; z < tiers; z++)
            if (tiers <= 4 || z == a + 1 || (!a && z == tiers - 1))
                put_pair(out, f, a, z, k++);
    tr_html_table_end(out);
    td_puts(out, "</section>\n");
}

/* ---- calibration ---- */

static void put_bins(td_out *out, const tr_page_figures *f)
{
    const tr_bins r = tr_bin_estimates(f->page->b, UINT32_MAX);
    tr_html_table(out, "bins", "=estimate|how many|said|came");
    for (unsigned k = 0; k < TR_BINS; k++) {
        if (!r.n[k])
            continue;
        const double e = 1.96 * sqrt(fmax(0, r.score[k] * (1 - r.score[k]) / r.n[k]));
        tr_html_put(out, "<tr><th class=\"t\" scope=\"row\">%.1f to %.1f</th>", k / 10.0, (k + 1) / 10.0);
        cell(out, "bin", k, "n", "%.0f", r.n[k]);
        cell(out, "bin", k, "said", "%.3f", r.p[k]);
        cell_with(out, "bin", k, "came", "%.3f", r.score[k], fmax(0, r.score[k] - e), fmin(1, r.score[k] + e));
        td_puts(out, "</tr>\n");
    }
    tr_html_table_end(out);
}

void tr_page_calibration(td_out *out, const tr_page_figures *f)
{
    const tr_reliability r = tr_judge_reliability(f->page->b);
    td_puts(out, "<section>\n<h2 id=\"calibration\">Do the probabilities mean what they say?</h2>\n<div class=\"pair\">\n"
                 "<figure id=\"figure-bins\">\n");
    if (!tr_page_plot_bins(out, f))
        td_puts(out, NO_PLOT);
    td_puts(out, "<figcaption>" KEY(1, "as it came, 95&nbsp;%") KEY(3, "as said, dashed") "<br>Estimates of all tiers in ten bins: what was said against what came. On the dashed line they "
                 "agree.</figcaption>\n</figure>\n<div>\n<p>Expected calibration error (15 bins) ");
    tr_html_figure(out, "ece", "%.4f", r.ece);
    td_puts(out, ", Brier score ");
    tr_html_figure(out, "brier", "%.4f", r.brier);
    td_puts(out, ".</p>\n");
    put_bins(out, f);
    td_puts(out, "</div>\n</div>\n</section>\n");
}

/* ---- parts, and the measures of the field ---- */

static void put_part(td_out *out, const tr_page_figures *f, uint32_t k, const char *label, double *p)
{
    const tr_worth w = tr_worth_of(f->page->b, p);
    tr_html_put(out, "<tr%s><th class=\"t\" scope=\"row\">%s</th>", k == 3 ? " class=\"own\"" : "", label);
    cell(out, "part", k, "log_loss", "%.4f", w.log_loss);
    cell(out, "part", k, "lift", "%+.2f", w.lift);
    cell(out, "part", k, "apgr", "%.3f", w.apgr);
    td_puts(out, "</tr>\n");
}

static void put_measures(td_out *out, const tr_page_figures *f)
{
    const tr_two two = tr_judge_two(f->page->b, 0, f->on->d->n_tiers - 1, NULL, false);
    const double value[] = {two.apgr, two.cpt50, two.cpt80, two.lift};
    const bool falls = tr_fixed(f->on, f->on->d->n_tiers - 1).score < tr_fixed(f->on, 0).score;
    const char *const row[] = {falls ? "APGR, a random mix has 0.5 (less is better here: the last tier scores less than the first)"
                                     : "APGR, a random mix has 0.5", "CPT(50&nbsp;%), share that recovers half of the gap",
                                      "CPT(80&nbsp;%)", "LIFT, points inside sources over a random mix"};
    tr_html_table(out, "measures", "=measure, first tier to last|value");
    for (uint32_t k = 0; k < 4; k++) {
        tr_html_put(out, "<tr><th class=\"t\" scope=\"row\">%s</th>", row[k]);
        cell(out, "measure", k, "value", k == 3 ? "%.2f" : "%.3f", value[k]);
        td_puts(out, "</tr>\n");
    }
    if (f->costed) {
        const tr_frontier a = tr_judge_frontier(f->on, NULL, NULL);
        td_puts(out, "<tr><th class=\"t\" scope=\"row\">AIQ, mean score over the range of spend</th>");
        cell(out, "measure", 4, "value", "%.4f", a.aiq);
        td_puts(out, "</tr>\n<tr><th class=\"t\" scope=\"row\">AIQ of the cost-matched random mix</th>");
        cell(out, "measure", 5, "value", "%.4f", a.mix);
        td_puts(out, "</tr>\n");
    }
    tr_html_table_end(out);
}

void tr_page_parts(td_out *out, const tr_page_figures *f)
{
    const tr_predictions *p = f->page->b->p;
    td_puts(out, "<section>\n<h2 id=\"parts\">What each part of the model is worth</h2>\n<p>Each part alone on the same requests. Lower log-loss is better; "
                 "LIFT and APGR are of routing from the first to the last tier by that part’s estimates.</p>\n");
    tr_html_table(out, "parts", "=|log-loss|LIFT|APGR");
    put_part(out, f, 0, "level of the recognised source", p->part[TR_PART_LEVEL]);
    put_part(out, f, 1, "general rows (as if nothing were familiar)", p->part[TR_PART_GENERAL]);
    put_part(out, f, 2, "familiar rows (as if everything were)", p->part[TR_PART_FAMILIAR]);
    put_part(out, f, 3, "the model: the two, weighed by familiarity", p->p);
    tr_html_table_end(out);
    td_puts(out, "<h3>The measures of the field</h3>\n<p class=\"note\">As RouteLLM (arXiv 2406.18665) and RouterBench (arXiv 2403.12031) define them.</p>\n");
    put_measures(out, f);
    td_puts(out, "</section>\n");
}
