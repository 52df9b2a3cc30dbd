/* Where importers put what they read. One call per row: what one model made of one request in one
 * trial, or a part of that:
 *
 *     td_row row;
 *     td_row_start(&row);
 *     row.key = …; row.source = …; row.request = …; row.outcome.name = …; row.outcome.score = 1;
 *     row.line = 17;
 *     if (!td_sink_row(sink, &row, error)) return false;
 *
 * Rows of the same source and key become one record, in whatever order and from whatever file they
 * come. Parts that a harness keeps apart may be given apart: a row without model and outcome gives the
 * request; a row without request gives an outcome; two rows of one (key, model, trial) complete each
 * other; a score in a row without model holds for every model of its key. Different trials of one
 * model are averaged. What is given twice for one trial counts once where all is alike, else each row as a trial.
 *
 * A harness's failure (out of quota, container died) is a row with `missing`: no outcome, never 0. */
#ifndef TIERCE_SINK_H
#define TIERCE_SINK_H

#include "data/dom.h"
#include "data/import/report.h"
#include "data/import/settings.h"
#include "data/record.h"

typedef struct {
    tierce_span key;       /* the harness's own stable key of the request; required */
    tierce_span id;        /* the record's id where the file gives one to keep; default source/key */
    tierce_span source;    /* benchmark, task, table; joins with the key unless `id` is given */
    tierce_span workload;  /* kind of work, where the file says it */
    tierce_span request;   /* members of the record: "prompt": "…" or "messages": […], "tools": […] */
    tierce_span trial;     /* epoch, repetition; empty: the file knows of one */
    double trials;         /* of how many the outcome is the mean already (data/outcome_raw.h); NaN: one */
    td_outcome outcome;    /* name: the model; what is not known is NaN; score in the file's range */
    bool lower_is_better;  /* the score is turned round: 1 - score */
    bool is_share;         /* right or wrong, or a letter for it: within 0..1 already, whatever --score-range says */
    const char *missing;   /* constant; why there is no score though the harness tried */
    bool one_run;          /* two scores of one trial are a fault of the file, unless --duplicates says how */
    bool one_request;      /* two requests of one id are a fault of the files, unless --duplicates is said */
    bool label;            /* a score given apart from the answer: where that run failed, it does not count */
    bool more;             /* another outcome of the row that was given before: a wide table's next model */
    uint64_t line;         /* of the current file; 0: the file as a whole */
} td_row;

typedef struct td_sink td_sink;

/* Every number NaN, everything else empty. */
void td_row_start(td_row *row);
static inline tierce_span td_span_of(const char *text) /* NULL is empty */
{
    tierce_span s = {text, text ? strlen(text) : 0};
    return s;
}

/* Copies everything it needs. False: the import cannot go on, *error says why (disk full, too many bad
 * rows); return false at once. A row with an unusable score or request is counted, not an error. */
bool td_sink_row(td_sink *sink, const td_row *row, td_error *error);

/* A row or line that is damaged: counts against --max-bad; false when that is used up. what: constant;
 * detail may be NULL. */
bool td_sink_bad(td_sink *sink, uint64_t line, const char *what, const char *detail, td_error *error);
/* The same for text that is not UTF-8 where it is, or JSON that is not or escapes what was not; *good: false where the
 * import ends. False: it is UTF-8. */
bool td_sink_not_utf8(td_sink *sink, uint64_t line, const char *text, size_t len, bool *good, td_error *error);
bool td_sink_json_not_utf8(td_sink *sink, uint64_t line, const char *json, size_t len, bool *good, td_error *error);
/* Counted and shown in the report with the first example; reading goes on. what: a kind of problem, of which there are few. */
void td_sink_drop(td_sink *sink, uint64_t line, const char *what, const char *detail);
void td_sink_note(td_sink *sink, uint64_t line, const char *what, const char *detail);

/* A name that --metric or --scorer could have chosen here; the keys of an object are such names. Kept for the error that
 * the choice met nothing. */
typedef enum { TD_OFFER_METRIC, TD_OFFER_SCORER, TD_OFFERS } td_offer_kind;
void td_sink_offer(td_sink *sink, td_offer_kind kind, const char *name);
void td_sink_offer_keys(td_sink *sink, td_offer_kind kind, const td_node *object);

/* The model as --model has it, else `own`, as the file has it (NULL: it says none). Where --model would make one of several
 * that the files name, the import is refused at its end. */
const char *td_sink_model(td_sink *sink, const char *own);

const td_import_settings *td_sink_settings(const td_sink *sink);
/* The source of records whose rows name none; constant. */
void td_sink_default_source(td_sink *sink, const char *source);
/* The importer's own memory (state_size bytes, zeroed), the same for all files of an import. */
void *td_sink_state(td_sink *sink);
/* A clean buffer for the row's request, reused from row to row. */
td_out *td_sink_buffer(td_sink *sink);
/* Names the file in messages from here on, where an importer reads one beside the file it was given.
 * The frame names each file before it is read. */
void td_sink_at(td_sink *sink, const char *path);

/* Reads a JSONL file line by line: `each` gets every line as a tree. Lines that are not JSON count as
 * bad. Blank lines are passed over. False from `each` ends it. */
typedef bool (*td_each_line)(td_sink *sink, const td_node *node, uint64_t line, td_error *error);
bool td_sink_lines(td_sink *sink, const char *path, td_each_line each, td_error *error);
/* The same for who needs the line's bytes, too. */
typedef bool (*td_each_text)(td_sink *sink, const td_node *node, tierce_span text, uint64_t line, td_error *error);
bool td_sink_texts(td_sink *sink, const char *path, td_each_text each, td_error *error);

/* A key from bytes that are too long to be one: 32 hex digits. */
void td_key_of(char hex[33], const char *bytes, size_t len);

#endif
