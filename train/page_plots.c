/* Scripts for the two pictures. Only numbers and @k@ (names put in by tr_gnuplot) go into them. */
#include <math.h>
#include <stdlib.h>

#include "train/eval_tables.h"
#include "train/gnuplot.h"
#include "train/html.h"
#include "train/memory.h"
#include "train/page_sections.h"

#define COMMON                                                                                               \
    "set border 3 lc rgb '#000008'\nset tics nomirror textcolor rgb '#000009'\nset grid lc rgb '#000008' dt 3\n"  \
    "set format y '%.2f'\nset lmargin 7\nset rmargin 3\nset tmargin 1\n"

static int by_cost(const void *a, const void *b)
{
    const tr_point *p = a, *q = b;
    if (p->cost != q->cost)
        return p->cost < q->cost ? -1 : 1;
    return p->score < q->score ? -1 : p->score > q->score;
}

static void put_points(td_out *s, const char *name, const tr_point *p, uint32_t n)
{
    tr_html_put(s, "$%s << END\n", name);
    for (uint32_t k = 0; k < n; k++)
        tr_html_put(s, "%.9g %.9g %u\n", p[k].cost, p[k].score, k);
    td_puts(s, "END\n");
}

/* Upper hull of the fixed tiers: what a random mix of them reaches. Sorts; returns how many are on it. */
static uint32_t hull(tr_point *p, uint32_t n)
{
    uint32_t k = 0;
    qsort(p, n, sizeof *p, by_cost);
    for (uint32_t i = 0; i < n; i++) {
        const tr_point at = p[i];
        if (k && at.score <= p[k - 1].score)
            continue;
        while (k >= 2 && (p[k - 1].score - p[k - 2].score) * (at.cost - p[k - 2].cost) <=
                             (at.score - p[k - 2].score) * (p[k - 1].cost - p[k - 2].cost))
            k--;
        p[k++] = at;
    }
    return k;
}

/* Mean spend as the axis has it: USD per 1,000 requests, or per cent of the way up the ladder. */
static double axis(const tr_page_figures *f, double spend)
{
    return spend * (f->costed ? 1000 : 100);
}

#define PER_LINE 40 /* points of a straight line that a logarithmic axis bends */

static void put_mix(td_out *s, const tr_point *p, uint32_t n)
{
    td_puts(s, "$mix << END\n");
    for (uint32_t k = 0; k < n; k++)
        for (int j = k ? 1 : PER_LINE; j <= PER_LINE; j++) {
            const double w = (double)j / PER_LINE;
            const tr_point from = p[k ? k - 1 : k];
            const double cost = from.cost > 0 ? from.cost * pow(p[k].cost / from.cost, w) : p[k].cost * w;
            const double part = p[k].cost > from.cost ? (cost - from.cost) / (p[k].cost - from.cost) : 1;
            tr_html_put(s, "%.9g %.9g\n", cost, from.score + part * (p[k].score - from.score));
        }
    td_puts(s, "END\n");
}

/* Tiers that differ twenty times in cost would lie on one spot of an even axis. */
static bool logarithmic(const tr_page_figures *f)
{
    double low = HUGE_VAL, high = 0;
    for (uint32_t t = 0; f->costed && t < f->on->d->n_tiers; t++) {
        const double c = tr_fixed(f->on, t).cost;
        low = fmin(low, c);
        high = fmax(high, c);
    }
    return f->costed && low > 0 && high > 20 * low;
}

static void curve_data(td_out *s, const tr_page_figures *f)
{
    const uint32_t tiers = f->on->d->n_tiers;
    tr_point *router = tr_new(f->family.n, sizeof *router), fixed[TM_MAX_TIERS], mix[TM_MAX_TIERS];
    uint32_t n = 0;
    for (uint32_t k = 0; k < f->family.n; k++) {
        const tr_point p = {axis(f, f->curve[k].cost), f->curve[k].score};
        if (f->family.fixed[k] == UINT32_MAX)
            router[n++] = p;
        else
            fixed[f->family.fixed[k]] = mix[f->family.fixed[k]] = p;
    }
    qsort(router, n, sizeof *router, by_cost);
    put_points(s, "router", router, n);
    put_points(s, "fixed", fixed, tiers);
    put_mix(s, mix, hull(mix, tiers));
    tr_mean o = tr_oracle(f->on);
    for (uint32_t i = 0; !f->costed && i < f->on->n; i++) { /* the oracle's way up the ladder */
        const uint32_t t = tr_page_best_tier(f, i);
        o.cost = (i ? o.cost : 0) + (t < tiers ? (double)t / (tiers - 1) : 0) / f->on->n;
    }
    const tr_point oracle = {axis(f, o.cost), o.score};
    put_points(s, "oracle", &oracle, 1);
    free(router);
}

static void point_data(td_out *s, const tr_page_figures *f)
{
    td_puts(s, "$points << END\n");
    for (uint32_t k = 0; k < f->page->n_points; k++) {
        const tr_judged j = tr_judge_policy(f->on, f->costed, &f->page->points[k].policy, 0, 1);
        tr_html_put(s, "%.9g %.9g\n", axis(f, j.value.spend), j.value.score);
    }
    if (!f->page->n_points)
        tr_html_put(s, "%.9g %.9g\n", axis(f, f->judged.value.spend), f->judged.value.score);
    td_puts(s, "END\n");
}

bool tr_page_plot_curve(td_out *out, const tr_page_figures *f)
{
    td_out s = {0};
    const char *names[TM_MAX_TIERS];
    const uint32_t tiers = f->on->d->n_tiers;
    td_puts(&s, COMMON "unset key\nset offsets graph 0.03, graph 0.05, graph 0.06, graph 0.11\n");
    tr_html_put(&s, "set xlabel '%s' offset 0,0.4\n",
                f->costed ? "USD per 1,000 requests" : tiers == 2 ? "per cent of requests sent to @1@" : "per cent of the way up the ladder of tiers");
    td_puts(&s, "set ylabel 'mean score' offset 1.5,0\n");
    td_puts(&s, !f->costed ? "set offsets 0,0,graph 0.06,graph 0.11\nset xrange [-4:106]\n" : logarithmic(f) ? "set logscale x\nset format x '%g'\n" : "");
    curve_data(&s, f);
    point_data(&s, f);
    for (uint32_t t = 0; t < tiers; t++) {
        /* tiers next to each other in the list are often next to each other here, too */
        static const char *const sides[] = {"left offset 0.7,-0.5", "right offset -0.7,0.6", "left offset 0.7,0.6", "right offset -0.7,-0.5"};
        static const char *const letters[] = {"A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L"};
        names[t] = tiers > 2 && tiers <= TR_PAGE_LETTERS ? letters[t] : tr_page_tier(f, t);
        if (tiers > 2 && tiers <= TR_PAGE_LETTERS)
            tr_html_put(&s, "set label %u '@%u@' at word($fixed[%u],1),word($fixed[%u],2) %s front\n", t + 1, t, t + 1, t + 1, sides[t % 4]);
        else if (tiers == 2)
            tr_html_put(&s, "set label %u '@%u@' at word($fixed[%u],1),word($fixed[%u],2) %s offset 0,%s front\n", t + 1, t, t + 1, t + 1,
                        t == 0 ? "left" : t == tiers - 1 ? "right" : "center", "-0.95");
    }
    td_puts(&s, "plot $mix using 1:2 with lines lw 1.5 dt 2 lc rgb '#000003',\\\n"
                " $router using 1:2 with lines lw 2.5 lc rgb '#000001',\\\n"
                " $fixed using 1:2 with points pt 7 ps 1 lc rgb '#000002',\\\n"
                " $oracle using 1:2 with points pt 13 ps 1.2 lc rgb '#000004',\\\n");
    td_puts(&s, " $points using 1:2 with points pt 9 ps 1.3 lc rgb '#000005'\n");
    td_put(&s, "", 1);
    const bool good = !s.failed && tr_gnuplot(out, s.at, "curve", "Mean score against spend: router, random mix, fixed tiers, oracle", names, tiers);
    free(s.at);
    return good;
}

bool tr_page_plot_bins(td_out *out, const tr_page_figures *f)
{
    td_out s = {0};
    const tr_bins r = tr_bin_estimates(f->page->b, UINT32_MAX);
    td_puts(&s, COMMON "unset key\nset xrange [0:1]\nset yrange [0:1]\nset format x '%.1f'\n"
                       "set xlabel 'estimated probability of success' offset 0,0.4\nset ylabel 'mean score that came' offset 1.5,0\n$bins << END\n");
    for (unsigned k = 0; k < TR_BINS; k++) {
        if (!r.n[k])
            continue;
        const double e = 1.96 * sqrt(fmax(0, r.score[k] * (1 - r.score[k]) / r.n[k]));
        tr_html_put(&s, "%.9g %.9g %.9g %.9g\n", r.p[k], r.score[k], fmax(0, r.score[k] - e), fmin(1, r.score[k] + e));
    }
    td_puts(&s, "END\nplot x with lines dt 2 lw 1.5 lc rgb '#000003',\\\n"
                " $bins using 1:2:3:4 with yerrorbars pt 7 ps 0.9 lw 1.8 lc rgb '#000001'\n");
    td_put(&s, "", 1);
    const bool good = !s.failed && tr_gnuplot(out, s.at, "bins", "Score that came against estimated probability", NULL, 0);
    free(s.at);
    return good;
}
