/* Keys of records that nothing reads: metadata of the user's own, or a misspelt key whose value is lost in
 * silence. Which of the two is told by what the record lacks: "cost" beside "cost_usd" is metadata,
 * "cost" instead of it a mistake. */
#ifndef TIERCE_STRAY_KEYS_H
#define TIERCE_STRAY_KEYS_H

#include "data/text_out.h"
#include "features/request.h"

/* ---- of one line, while it is parsed ---- */

#define TD_LINE_STRAYS 32
#define TD_AT_RECORD UINT32_MAX

typedef struct {
    struct {
        tierce_span key;
        uint32_t outcome; /* index of the outcome that has it; TD_AT_RECORD */
    } at[TD_LINE_STRAYS];
    size_t n;
} td_line_strays;

void td_note_stray(td_line_strays *line, tierce_span key, uint32_t outcome);

/* The key that may have been meant, NULL: none is near. */
const char *td_stray_meant(tierce_span key, bool in_outcome);

/* ---- of all lines ---- */

#define TD_MAX_STRAYS 64

typedef struct {
    char key[64]; /* cut where it is longer */
    bool in_outcome;
    const char *meant;       /* constant; NULL: none is near */
    uint64_t records;        /* that have the key */
    uint64_t instead;        /* of those: without the one that was meant */
    const char *path;        /* the first that has it, or has it instead */
    uint64_t line;
    uint64_t last, last_instead; /* ordinal of the last record counted */
} td_stray;

/* Zero it before first use. */
typedef struct {
    td_stray at[TD_MAX_STRAYS];
    size_t n;
    uint64_t records; /* ordinal of the record at hand */
    bool more;        /* kinds that there was no room for */
} td_strays;

/* A line for each key that stands instead of another: a warning, with the count and the first place. */
void td_strays_warn(const td_strays *s, td_out *out);

#endif
