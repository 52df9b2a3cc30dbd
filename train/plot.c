#include "train/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"

#define WIDTH 64
#define HEIGHT 16
#define MAX_POINTS 201

typedef struct {
    tr_point router[MAX_POINTS], fixed[TD_MAX_TIERS];
    uint32_t n_router, n_fixed;
    const char *x_name;
} plot;

static int by_gain(const void *a, const void *b)
{
    const double x = ((const tr_pair *)a)->gain, y = ((const tr_pair *)b)->gain;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* Mean score when the share x with the largest gain goes to the last tier. */
static void share_curve(const tr_bench *b, plot *p)
{
    const uint32_t last = b->d->n_tiers - 1;
    tr_pair *pairs = tr_new(b->n, sizeof *pairs);
    double score = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        const size_t at = (size_t)b->record[i] * b->d->n_tiers;
        pairs[i] = (tr_pair){b->p->p[at + last] - b->p->p[at], b->d->score[at], b->d->score[at + last]};
        score += pairs[i].cheap;
    }
    qsort(pairs, b->n, sizeof *pairs, by_gain);
    uint32_t done = 0;
    for (uint32_t k = 0; k < MAX_POINTS; k++) {
        const uint32_t goal = (uint32_t)((uint64_t)b->n * k / (MAX_POINTS - 1));
        for (; done < goal; done++)
            score += pairs[done].strong - pairs[done].cheap;
        p->router[p->n_router++] = (tr_point){(double)goal / b->n, score / b->n};
    }
    p->fixed[0] = (tr_point){0, tr_fixed(b, 0).score};
    p->fixed[1] = (tr_point){1, tr_fixed(b, last).score};
    p->n_fixed = 2;
    p->x_name = "share sent to the last tier";
    free(pairs);
}

static int by_cost(const void *a, const void *b)
{
    const double x = ((const tr_point *)a)->cost, y = ((const tr_point *)b)->cost;
    return x < y ? -1 : x > y;
}

static void cost_curve(const tr_bench *b, plot *p)
{
    tr_judge_frontier(b, NULL, p->router);
    p->n_router = TR_SWEEP;
    qsort(p->router, p->n_router, sizeof *p->router, by_cost);
    for (uint32_t t = 0; t < b->d->n_tiers; t++) {
        const tr_mean m = tr_fixed(b, t);
        p->fixed[p->n_fixed++] = (tr_point){m.cost, m.score};
    }
    p->x_name = "mean cost, USD a request";
}

/* ---- text ---- */

typedef struct {
    double x0, x1, y0, y1;
    char at[HEIGHT][WIDTH + 1];
} canvas;

static void widen(canvas *c, const tr_point *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        c->x0 = p[i].cost < c->x0 ? p[i].cost : c->x0;
        c->x1 = p[i].cost > c->x1 ? p[i].cost : c->x1;
        c->y0 = p[i].score < c->y0 ? p[i].score : c->y0;
        c->y1 = p[i].score > c->y1 ? p[i].score : c->y1;
    }
}

static void mark(canvas *c, double x, double y, char what)
{
    const int col = (int)lrint((x - c->x0) / (c->x1 - c->x0) * (WIDTH - 1));
    const int row = (int)lrint((c->y1 - y) / (c->y1 - c->y0) * (HEIGHT - 1));
    if (col >= 0 && col < WIDTH && row >= 0 && row < HEIGHT)
        c->at[row][col] = what;
}

/* The random mix: straight lines of the fixed tiers' upper hull. */
static void draw_mix(canvas *c, const plot *p)
{
    for (int k = 0; k < WIDTH * 2; k++) {
        const double x = c->x0 + (c->x1 - c->x0) * k / (WIDTH * 2 - 1);
        double best = -HUGE_VAL;
        for (uint32_t i = 0; i < p->n_fixed; i++)
            for (uint32_t j = 0; j < p->n_fixed; j++) {
                const tr_point a = p->fixed[i], b = p->fixed[j];
                if (a.cost > x || b.cost < x)
                    continue;
                const double y = b.cost > a.cost
                                     ? a.score + (b.score - a.score) * (x - a.cost) / (b.cost - a.cost)
                                     : fmax(a.score, b.score);
                best = y > best ? y : best;
            }
        if (best > -HUGE_VAL)
            mark(c, x, best, '.');
    }
}

static void print_plot(const tr_bench *b, const plot *p)
{
    canvas c = {.x0 = HUGE_VAL, .x1 = -HUGE_VAL, .y0 = HUGE_VAL, .y1 = -HUGE_VAL};
    widen(&c, p->router, p->n_router);
    widen(&c, p->fixed, p->n_fixed);
    if (!(c.x1 > c.x0) || !(c.y1 > c.y0))
        return;
    for (int r = 0; r < HEIGHT; r++)
        memset(c.at[r], ' ', WIDTH);
    draw_mix(&c, p);
    for (uint32_t i = 0; i < p->n_router; i++)
        mark(&c, p->router[i].cost, p->router[i].score, '*');
    for (uint32_t i = 0; i < p->n_fixed; i++)
        mark(&c, p->fixed[i].cost, p->fixed[i].score, (char)('A' + i % 26));
    printf("\nmean score against %s\n", p->x_name);
    for (int r = 0; r < HEIGHT; r++)
        printf("  %6.3f |%s\n", c.y1 - (c.y1 - c.y0) * r / (HEIGHT - 1), c.at[r]);
    printf("         +");
    for (int k = 0; k < WIDTH; k++)
        printf("-");
    printf("\n         %-*.6g%*.6g\n", WIDTH / 2, c.x0, WIDTH / 2 + 1, c.x1);
    printf("  * router  . random mix");
    for (uint32_t i = 0; i < p->n_fixed; i++)
        printf("  %c %s", 'A' + (int)(i % 26),
               b->d->tiers.tier[p->n_fixed == 2 && i ? b->d->n_tiers - 1 : i].name);
    printf("\n");
}

void tr_plot(const tr_bench *b, td_out *numbers)
{
    plot p = {.n_router = 0};
    char line[200];
    if (b->costed)
        cost_curve(b, &p);
    else
        share_curve(b, &p);
    print_plot(b, &p);
    if (!numbers)
        return;
    snprintf(line, sizeof line, "# series\t%s\tmean score\tname\n", p.x_name);
    td_puts(numbers, line);
    for (uint32_t i = 0; i < p.n_router; i++) {
        snprintf(line, sizeof line, "router\t%.9g\t%.9g\t\n", p.router[i].cost, p.router[i].score);
        td_puts(numbers, line);
    }
    for (uint32_t i = 0; i < p.n_fixed; i++) {
        snprintf(line, sizeof line, "fixed\t%.9g\t%.9g\t%.100s\n", p.fixed[i].cost, p.fixed[i].score,
                 b->d->tiers.tier[p.n_fixed == 2 && i ? b->d->n_tiers - 1 : i].name);
        td_puts(numbers, line);
    }
}
