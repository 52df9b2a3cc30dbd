/* What many logs write in spellings of their own: requests, token counts, times, JSON inside
 * strings. */
#ifndef TIERCE_PIECES_H
#define TIERCE_PIECES_H

#include "data/dom.h"
#include "data/import/sink.h"

/* Logs keep JSON as text inside a string (LiteLLM's spend logs, Langfuse, OpenTelemetry). Where `n`
 * is such a string, its value, and *owned must go to td_dom_free; else `n` itself and *owned is
 * NULL. */
const td_node *td_unwrap(const td_node *n, td_node **owned);

/* ---- requests ---- */

/* Appends the members of a request ("prompt" or "messages", "tools", …) as a record wants them.
 *
 * input: a string, a message, a list of messages or of strings. Read are the shapes of OpenAI's
 * chat and responses, Anthropic's, Gemini's and OpenTelemetry's messages; what is media stays as an
 * empty part of its type. system: text, or a list of text parts; tools: a list. All three may be
 * JSON inside strings; the last two may be NULL. False: no request in there, nothing was appended.
 */
bool td_put_request(td_out *out, const td_node *input, const td_node *system, const td_node *tools);
/* The same from the body of a call to a model's API. */
bool td_put_body(td_out *out, const td_node *body);
/* The content of one message alone: text, or a list of parts; "null" where there is none. */
void td_put_content(td_out *out, const td_node *content);
/* A request of text alone, as one message of a user. */
void td_put_user(td_out *out, const char *text, size_t len);

/* ---- numbers ---- */

/* A number, or a string that holds one; NaN for all else. */
double td_quantity(const td_node *n);
/* That of the first of these paths (td_get_path) that has one; the list ends with NULL. */
double td_first_quantity(const td_node *object, const char *const *paths);

/* A count where some write 0 for "not counted": NaN then. */
double td_counted(double v);

/* Token counts of a provider's usage object: OpenAI's chat and responses, Anthropic's, Gemini's.
 * Counts that are not there stay as they are in *o. */
void td_read_usage(td_outcome *o, const td_node *usage);
/* What a failed call cost or took says nothing of the model: `missing`, and no numbers. */
void td_row_missing(td_row *row, const char *why);
/* a, or, where a is not known, b; the sum of what is known of both. */
double td_either(double a, double b);
double td_plus(double a, double b);

/* Seconds since 1970 of "2026-08-01T10:00:00.5+02:00", "2026-08-01 10:00:00.5" (UTC) or a number;
 * NaN when it is none. */
double td_seconds(const td_node *n);
/* From a to b in seconds; NaN where one is not known or time runs backwards. */
double td_elapsed(const td_node *from, const td_node *to);

/* ---- names ---- */

/* A string, or a whole number as text, in `room` of 32 bytes; empty for all else. */
tierce_span td_name_of(const td_node *n, char room[32]);
/* The folder that a path's last part stands in, `up` levels above the file: for ("a/b/c.json", 1)
 * "b". Empty where there is none. */
tierce_span td_folder(const char *path, unsigned up);
/* "folder of path" + "/" + name; NULL when memory ends. free() it. */
char *td_beside(const char *path, const char *name);

/* ---- sets of names ---- */

/* How often each name was given; two names of the same 64-bit hash are taken for one. Zero it
 * first. */
typedef struct {
    uint64_t *hash;
    uint32_t *times;
    size_t n, room;
} td_tally;

uint64_t td_name_hash(const char *name, size_t len);
/* Counts it once more; how often it was given so far. 0: memory ended. */
uint32_t td_tally_add(td_tally *t, tierce_span name);
uint32_t td_tally_of(const td_tally *t, tierce_span name);
void td_tally_free(td_tally *t);

#endif
