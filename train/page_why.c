#include "train/page_why.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/hash_map.h"
#include "data/record.h"
#include "data/text_out.h"
#include "train/memory.h"

#define PROMPT_HEAD 300

typedef struct {
    tr_why *why;
    const tr_page_figures *f;
    const tr_mistake *mistakes;
    td_map places; /* of effects, by hash of the name */
    size_t room;
    uint32_t tiers, n_routers;
    tierce_router **router; /* per fold; one alone for a finished model */
    tierce_scratch **scratch;
    uint32_t *place; /* of dataset records in the bench, UINT32_MAX: not there */
    uint32_t *wrong; /* number of the mistake, per record of the bench; UINT32_MAX: none */
    /* the record at hand */
    tr_reason *reason;
    size_t n_reasons, room_reasons;
    const tr_mistake *now; /* NULL: it is no mistake that is shown */
    bool counted;          /* it is one of the sample */
} reader;

/* ---- the models ---- */

static bool open_routers(reader *r)
{
    const tr_page *page = r->f->page;
    const tr_predictions *p = page->b->p;
    r->n_routers = page->router ? 1 : page->n_folds;
    r->router = tr_new(r->n_routers, sizeof *r->router);
    r->scratch = tr_new(r->n_routers, sizeof *r->scratch);
    for (uint32_t k = 0; k < r->n_routers; k++) {
        const tierce_router *router = page->router;
        if (!router && !(p->file && p->file[k]))
            continue; /* an empty fold */
        if (!router && tierce_router_open(&r->router[k], p->file[k], p->bytes[k], NULL, NULL) != TIERCE_OK)
            return false;
        router = router ? router : r->router[k];
        r->scratch[k] = tierce_scratch_init(router, tr_new(1, tierce_scratch_size(router)), NULL);
    }
    return true;
}

static void close_routers(reader *r)
{
    for (uint32_t k = 0; k < r->n_routers; k++) {
        free(r->scratch[k]);
        tierce_router_close(r->router[k]);
    }
    free(r->router);
    free(r->scratch);
}

/* ---- one contribution ---- */

/* "word: of", "source: swe-bench"; named features say themselves what they are. */
static char *name_of(const tierce_contribution *c)
{
    const bool plain = !strcmp(c->block, "named") || !strcmp(c->block, "level") || !strcmp(c->block, "base");
    td_out name = {0};
    td_puts(&name, plain ? "" : c->block);
    td_puts(&name, plain ? "" : ": ");
    td_put(&name, c->name, c->name_len);
    if (!c->name_len)
        td_puts(&name, strcmp(c->block, "source") ? "(nothing)" : "(not recognised)");
    td_put(&name, "", 1);
    return name.at;
}

static void count_effect(reader *r, const tierce_contribution *c)
{
    bool fresh;
    tr_why *w = r->why;
    const uint64_t key = td_hash_bytes(td_hash_bytes(0, c->block, strlen(c->block)), c->name, c->name_len);
    uint64_t *at = td_map_at(&r->places, key, &fresh);
    if (!at)
        return;
    if (fresh) {
        w->effect = tr_grow(w->effect, &r->room, (size_t)w->n_effects + 1, sizeof *w->effect);
        w->effect[w->n_effects] = (tr_effect){name_of(c), 0, tr_new(r->tiers, sizeof(double))};
        *at = w->n_effects++;
    }
    tr_effect *e = &w->effect[*at];
    e->n++;
    for (uint32_t t = 0; t < r->tiers; t++)
        e->sum[t] += c->value[t];
}

static void each(void *context, const tierce_contribution *c)
{
    reader *r = context;
    if (r->counted && strcmp(c->block, "base"))
        count_effect(r, c);
    if (!r->now)
        return;
    r->reason = tr_grow(r->reason, &r->room_reasons, r->n_reasons + 1, sizeof *r->reason);
    r->reason[r->n_reasons++] = (tr_reason){name_of(c), c->value[r->now->chosen] - c->value[r->now->better]};
}

/* ---- one record ---- */

static int by_size(const void *a, const void *b)
{
    const double x = fabs(((const tr_reason *)a)->value), y = fabs(((const tr_reason *)b)->value);
    return x < y ? 1 : x > y ? -1 : 0;
}

static char *prompt_head(const tierce_request *q)
{
    for (size_t k = q->n_parts; k-- > 0;)
        if (q->parts[k].role == TIERCE_ROLE_USER && q->parts[k].kind == TIERCE_PART_TEXT) {
            size_t n = q->parts[k].text.len;
            for (n = n < PROMPT_HEAD ? n : PROMPT_HEAD; n < q->parts[k].text.len && n && ((unsigned char)q->parts[k].text.data[n] & 0xc0) == 0x80;)
                n--;
            return tr_copy(q->parts[k].text.data, n);
        }
    return NULL;
}

static void keep_reasons(reader *r, tr_why_mistake *m, const tierce_request *request)
{
    qsort(r->reason, r->n_reasons, sizeof *r->reason, by_size);
    m->found = true;
    for (size_t k = 0; k < r->n_reasons; k++) {
        m->sum += r->reason[k].value;
        if (k < TR_WHY_TOP) {
            m->top[k] = r->reason[k];
        } else {
            m->rest += r->reason[k].value;
            m->others++;
            free(r->reason[k].name);
        }
    }
    if (r->f->page->show_prompts)
        m->prompt = prompt_head(request);
}

static void look_at(reader *r, uint32_t record, const tierce_request *request)
{
    const uint32_t i = r->place[record], fold = r->f->page->router ? 0 : r->f->page->fold[record];
    if (i == UINT32_MAX || !r->scratch[fold])
        return;
    const tierce_router *router = r->f->page->router ? r->f->page->router : r->router[fold];
    r->now = r->wrong[i] == UINT32_MAX ? NULL : &r->mistakes[r->wrong[i]];
    r->counted = i % r->why->stride == 0;
    r->n_reasons = 0;
    if (!r->now && !r->counted)
        return;
    if (tierce_explain(router, r->scratch[fold], request, each, r, NULL) != TIERCE_OK)
        return;
    r->why->explained += r->counted;
    if (r->now)
        keep_reasons(r, &r->why->mistake[r->wrong[i]], request);
}

/* ---- all of them ---- */

static void read_again(reader *r)
{
    const tr_page *page = r->f->page;
    const tr_dataset *d = r->f->on->d;
    td_error error;
    td_record record;
    td_reader *in = td_reader_open(page->paths, page->n_paths, TD_WANT_RECORDS, UINT64_MAX - 1, 0, NULL, NULL);
    uint32_t i = 0;
    while (in && i < d->n && td_reader_next(in, &record, &error) > 0) {
        if (strlen(d->id[i]) != record.id.len || memcmp(d->id[i], record.id.data, record.id.len))
            continue; /* a record that was left out */
        look_at(r, i++, record.request);
    }
    td_reader_close(in);
}

static bool readable_again(const tr_page *page)
{
    for (size_t k = 0; k < page->n_paths; k++)
        if (!strcmp(page->paths[k], "-"))
            return false;
    return true;
}

void tr_why_open(tr_why *why, const tr_page_figures *f, const tr_mistake *mistakes, uint32_t n)
{
    const tr_bench *b = f->on;
    reader r = {.why = why, .f = f, .mistakes = mistakes, .tiers = b->d->n_tiers};
    memset(why, 0, sizeof *why);
    why->n_mistakes = n;
    why->mistake = tr_new(n, sizeof *why->mistake);
    why->stride = (b->n + TR_WHY_RECORDS - 1) / TR_WHY_RECORDS;
    if (!readable_again(f->page))
        return;
    r.place = tr_new(b->d->n, sizeof *r.place);
    r.wrong = tr_new(b->n, sizeof *r.wrong);
    memset(r.place, 0xff, b->d->n * sizeof *r.place);
    memset(r.wrong, 0xff, b->n * sizeof *r.wrong);
    for (uint32_t i = 0; i < b->n; i++)
        r.place[b->record[i]] = i;
    for (uint32_t k = 0; k < n; k++)
        r.wrong[mistakes[k].i] = k;
    if (open_routers(&r))
        read_again(&r);
    close_routers(&r);
    td_map_free(&r.places);
    free(r.reason);
    free(r.place);
    free(r.wrong);
}

void tr_why_close(tr_why *why)
{
    for (uint32_t k = 0; k < why->n_effects; k++) {
        free(why->effect[k].name);
        free(why->effect[k].sum);
    }
    for (uint32_t k = 0; k < why->n_mistakes; k++) {
        for (size_t j = 0; j < TR_WHY_TOP; j++)
            free(why->mistake[k].top[j].name);
        free(why->mistake[k].prompt);
    }
    free(why->effect);
    free(why->mistake);
}
