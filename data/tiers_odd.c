/* What is odd between the tiers of one file: each alone may be right, together they look mistaken. */
#include <stdio.h>
#include <string.h>

#include "data/tiers.h"

static bool stands_for(const td_tier *tier, const char *name)
{
    for (size_t i = 0; i < tier->n_outcomes; i++)
        if (!strcmp(tier->outcomes[i], name))
            return true;
    return false;
}

const char *td_tiers_shared(const td_tier *a, const td_tier *b)
{
    for (size_t i = 0; i < a->n_outcomes; i++)
        if (stands_for(b, a->outcomes[i]))
            return a->outcomes[i];
    return NULL;
}

void td_tiers_odd(const td_tiers *tiers, void (*tell)(void *context, const td_tier *tier, const char *what),
                  void *context)
{
    char text[600];
    for (uint32_t k = 0; k < tiers->n; k++)
        for (uint32_t i = 0; i < tiers->n; i++) {
            const td_tier *a = &tiers->tier[i], *b = &tiers->tier[k];
            const char *shared = i < k ? td_tiers_shared(a, b) : NULL;
            if (shared) {
                snprintf(text, sizeof text, "stands for the outcome \"%.200s\", as tier \"%.200s\" does: where a record has "
                                            "no other of theirs, both get one label",
                         shared, a->name);
                tell(context, b, text);
            }
            if (i < k && *a->model && !strcmp(a->model, b->model)) {
                snprintf(text, sizeof text, "has the model id \"%.200s\" of tier \"%.200s\": requests of both go to one model",
                         a->model, a->name);
                tell(context, b, text);
            }
            if (i != k && stands_for(b, a->name) && !stands_for(a, a->name)) {
                snprintf(text, sizeof text, "its outcomes name tier \"%.200s\", whose own do not: are they swapped?", a->name);
                tell(context, b, text);
            }
        }
}
