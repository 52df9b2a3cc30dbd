#include "train/heldout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/text_out.h"
#include "infer/router_state.h"
#include "train/finish.h"

static bool same_tiers(const tm_model *m, const tr_dataset *d)
{
    if (m->n_tiers != d->n_tiers)
        return false;
    for (uint32_t t = 0; t < d->n_tiers; t++)
        if (strcmp(m->tiers[t].name, d->tiers.tier[t].name))
            return false;
    return true;
}

/* The model's tiers as a list, for reading the records' outcomes by name. */
static char *tier_list(const tm_model *m)
{
    td_out out = {0};
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        td_puts(&out, t ? "," : "");
        td_puts(&out, m->tiers[t].name);
    }
    td_put(&out, "", 1);
    return out.at;
}

bool tr_held_open_model(tr_held *h, const char *command, const char *model)
{
    tierce_error fault;
    memset(h, 0, sizeof *h);
    if (tierce_router_open_file(&h->router, model, NULL, &fault) != TIERCE_OK) {
        fprintf(stderr, "%s: %s: %s\n", command, model, fault.message);
        return false;
    }
    h->model = tierce_router_model(h->router);
    return true;
}

bool tr_held_open(tr_held *h, const char *command, const char *model, const char *const *paths,
                  size_t n_paths, const char *tiers, uint64_t max_bad, int *status)
{
    *status = 1;
    return tr_held_open_model(h, command, model) &&
           tr_held_read(h, command, paths, n_paths, tiers, max_bad, status);
}

bool tr_held_read(tr_held *h, const char *command, const char *const *paths, size_t n_paths, const char *tiers,
                  uint64_t max_bad, int *status)
{
    td_error error;
    *status = 1;
    char *names = tiers ? NULL : tier_list(h->model);
    const bool loaded =
        tr_dataset_load(&h->d, paths, n_paths, names ? names : tiers, &h->model->spec, max_bad, &error);
    free(names);
    if (!loaded) {
        fprintf(stderr, "%s: %s\n", command, error.text);
    } else if (!same_tiers(h->model, &h->d)) {
        fprintf(stderr, "%s: --tiers must name the model's tiers in its order (see tierce inspect)\n", command);
        tr_dataset_free(&h->d);
        *status = 2;
    } else {
        tr_count_seen(h->model, &h->d, &h->covered, &h->seen);
        tr_predict_model(&h->d, h->model, &h->p);
        return true;
    }
    tierce_router_close(h->router);
    return false;
}

void tr_held_close(tr_held *h)
{
    tr_predictions_free(&h->p);
    tr_dataset_free(&h->d);
    tierce_router_close(h->router);
}

bool tr_held_blind(const tr_held *h)
{
    return h->model->digest.records && !h->model->digest.id_filter_words;
}

/* One in fifty strangers passes the filter by chance. */
bool tr_held_overlaps(const tr_held *h)
{
    return h->seen > 2 + h->covered / 20;
}
