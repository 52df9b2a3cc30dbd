/* Lines chosen from records, in their order and with their own bytes: samples and splits. */
#ifndef TIERCE_SELECT_H
#define TIERCE_SELECT_H

#include "data/each.h"
#include "data/text_out.h"

/* ---- a sample, stratified by source ---- */

typedef struct {
    uint64_t n;   /* this many records, or */
    double share; /* this share of each source; one of the two is 0 */
    uint64_t seed;
} td_sample_options;

/* Sources keep their shares (largest remainders); within one, the records with the least hash of seed
 * and id are taken: the same ones whatever the order of the lines. `report` gets a line a source. */
bool td_sample(td_files *files, const td_sample_options *options, const char *output, td_out *report,
               td_error *error);

/* ---- a split ---- */

#define TD_MAX_SIDES 100

typedef struct {
    uint32_t share[TD_MAX_SIDES]; /* relative */
    uint32_t n;
    bool folds;     /* name files fold0, fold1, … instead of train, (dev,) test */
    bool by_source; /* a source stays whole */
    double near;    /* likeness that counts as a near-duplicate across sides; 0: do not look */
} td_split_options;

/* Side of a record: crc32(id) mod the sum of the shares (80/20 is 4/1: test is fold 4 of 5). Records
 * with the same request go to one side, that of the least crc32 among them; by source, sources that
 * share a request go together. Writes NAME-train.jsonl and so on ("NAME.jsonl.gz" packs them). */
bool td_split(td_files *files, const td_split_options *options, const char *name, td_out *report,
              td_error *error);

/* "80/20" or "70/15/15" -> shares without a common divisor; false when it is neither. */
bool td_parse_shares(const char *text, td_split_options *options);

#endif
