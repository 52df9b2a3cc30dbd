#include "train/tier_notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"

static void note_names(tr_tier_notes *notes, const td_record *record)
{
    for (size_t i = 0; i < record->n_outcomes; i++) {
        char name[sizeof notes->name[0]];
        const tierce_span s = record->outcomes[i].name;
        unsigned k = 0;
        snprintf(name, sizeof name, "%.*s", (int)(s.len < sizeof name ? s.len : sizeof name - 1), s.data);
        for (char *c = name; *c; c++)
            *c = (unsigned char)*c < 0x20 || *c == 0x7f ? ' ' : *c; /* a stranger's, on its way to a terminal */
        while (k < notes->n_names && strcmp(notes->name[k], name))
            k++;
        if (k < notes->n_names)
            continue;
        if (k == TR_STRANGERS)
            notes->more = true;
        else
            memcpy(notes->name[notes->n_names++], name, sizeof name);
    }
}

static bool share_a_name(const td_tiers *tiers)
{
    for (uint32_t a = 0; a < tiers->n; a++)
        for (uint32_t b = 0; b < a; b++)
            if (td_tiers_shared(&tiers->tier[a], &tiers->tier[b]))
                return true;
    return false;
}

void tr_tier_note(tr_tier_notes *notes, const td_tiers *tiers, const td_record *record, bool any)
{
    const td_outcome *of[TD_MAX_TIERS];
    if (!notes->records++ && share_a_name(tiers)) {
        notes->both = tr_new(TD_MAX_TIERS, sizeof *notes->both);
        notes->same = tr_new(TD_MAX_TIERS, sizeof *notes->same);
    }
    if (!any) {
        notes->without++;
        note_names(notes, record);
    }
    for (uint32_t a = 0; notes->both && a < tiers->n; a++) {
        of[a] = td_tier_outcome(&tiers->tier[a], record);
        for (uint32_t b = 0; b < a && of[a]; b++) {
            notes->both[a][b] += of[b] != NULL;
            notes->same[a][b] += of[b] == of[a];
        }
    }
}

void tr_tier_notes_names(const tr_tier_notes *notes, char *text, size_t room)
{
    size_t n = 0;
    *text = 0;
    for (unsigned i = 0; i < notes->n_names && n < room; i++)
        n += (size_t)snprintf(text + n, room - n, "%s\"%s\"", i ? ", " : "", notes->name[i]);
    if (notes->more && n < room)
        snprintf(text + n, room - n, " and others");
}

/* One model under other limits: what the one cannot take the other may, and a shared label is meant. */
static bool differ_in_limits(const td_tier *a, const td_tier *b)
{
    return a->no_tools != b->no_tools || (a->context_window && b->context_window && a->context_window != b->context_window);
}

static bool tiers_apart(const tr_tier_notes *notes, const td_tiers *tiers, td_error *error)
{
    for (uint32_t a = 0; notes->both && a < tiers->n; a++)
        for (uint32_t b = 0; b < a; b++) {
            const char *one = tiers->tier[b].name, *two = tiers->tier[a].name;
            if (!notes->same[a][b])
                continue;
            if (notes->same[a][b] == notes->both[a][b] && !differ_in_limits(&tiers->tier[a], &tiers->tier[b]))
                return td_fail(error, "tiers \"%.80s\" and \"%.80s\" stand for the same outcome in all %llu records that have "
                                      "them: their labels are one; see their \"outcomes\" (tierce tiers check says more)",
                               one, two, (unsigned long long)notes->both[a][b]);
            fprintf(stderr, "warning: tiers \"%.80s\" and \"%.80s\" stand for the same outcome in %llu of %llu records that have "
                            "them; see their \"outcomes\"\n",
                    one, two, (unsigned long long)notes->same[a][b], (unsigned long long)notes->both[a][b]);
        }
    return true;
}

bool tr_tier_notes_judge(const tr_tier_notes *notes, const td_tiers *tiers, td_error *error)
{
    char names[TR_STRANGERS * 80], wanted[200];
    size_t n = 0;
    if (!notes->without)
        return tiers_apart(notes, tiers, error);
    tr_tier_notes_names(notes, names, sizeof names);
    for (uint32_t t = 0; t < tiers->n && n < sizeof wanted; t++)
        n += (size_t)snprintf(wanted + n, sizeof wanted - n, "%s\"%.40s\"", t ? ", " : "", tiers->tier[t].name);
    if (notes->without == notes->records)
        return td_fail(error, "none of the %llu records has an outcome of the tiers %s; their outcomes are called %s: name those "
                              "in --tiers, or as \"outcomes\" in tiers.json",
                       (unsigned long long)notes->records, wanted, names);
    fprintf(stderr, "warning: %llu of %llu records have no outcome of the tiers %s and are left out; their outcomes are called %s\n",
            (unsigned long long)notes->without, (unsigned long long)notes->records, wanted, names);
    return tiers_apart(notes, tiers, error);
}

void tr_tier_notes_free(tr_tier_notes *notes)
{
    free(notes->both);
    free(notes->same);
    notes->both = notes->same = NULL;
}
