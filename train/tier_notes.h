/* What a reading of records finds odd between the tiers and the outcomes: records that have none of the tiers, under
 * which names their outcomes go, and tiers that turn out to be one. */
#ifndef TIERCE_TIER_NOTES_H
#define TIERCE_TIER_NOTES_H

#include "data/tiers.h"

#define TR_STRANGERS 6

/* Zero it before first use. */
typedef struct {
    char name[TR_STRANGERS][64]; /* outcome names of records without a tier, cut */
    unsigned n_names;
    bool more;
    uint64_t records, without;               /* read; of these without any tier */
    uint64_t (*both)[TD_MAX_TIERS], (*same)[TD_MAX_TIERS]; /* records with outcomes of both tiers; in them, one for both */
} tr_tier_notes;

/* `any`: the record has an outcome of at least one tier. */
void tr_tier_note(tr_tier_notes *notes, const td_tiers *tiers, const td_record *record, bool any);
/* False with *error where no record has a tier, or two tiers have the same outcome wherever both have one: their
 * labels are one (told only, where the two differ in tools or context window and may be meant as one model's). Else what is less bad goes to standard error. */
bool tr_tier_notes_judge(const tr_tier_notes *notes, const td_tiers *tiers, td_error *error);
/* `"a", "b" and others`, of the names that were noted. */
void tr_tier_notes_names(const tr_tier_notes *notes, char *text, size_t room);
void tr_tier_notes_free(tr_tier_notes *notes);

#endif
