/* A JSON document as a tree, for files that are read once and whole: tiers.json, a harness's results.
 * Requests never pass through here (data/json.h reads those, without a tree).
 *
 * cJSON does the parsing, behind this door: data/dom.c is the only file that includes it. What it
 * gets wrong is mended here before it sees the text: Python's bare NaN, Infinity and -Infinity become
 * null, \u0000 (which would cut a string short) becomes U+FFFD, a lone surrogate escape becomes
 * U+FFFD, text behind the document is an error. Look-ups are case-sensitive; of two equal keys the
 * first counts (data/dom_twice.h finds them). Whole numbers above 2^53 lose digits: read ids as strings where that matters. */
#ifndef TIERCE_DOM_H
#define TIERCE_DOM_H

#include <stdbool.h>
#include <stddef.h>

#include "data/lines.h"
#include "data/text_out.h"

typedef struct cJSON td_node; /* any value of a document; owned by its root */

/* The whole text; free the root with td_dom_free. NULL with *error "name:line: …" filled. A document
 * nested deeper than 1000 is an error. `name` is for messages only. */
td_node *td_dom_parse(const char *text, size_t len, const char *name, td_error *error);
/* Did the last parse of this thread fail for want of memory, and not for its text? */
bool td_dom_starved(void);
/* Or because it is nested deeper than 1000 levels? */
bool td_dom_deep(void);
/* The same from a file, .gz recognised, of at most max_bytes after unpacking (0: 1 GiB). "-": stdin. */
td_node *td_dom_load(const char *path, size_t max_bytes, td_error *error);
/* NULL is allowed. */
void td_dom_free(td_node *root);

/* Everything below accepts NULL as "not there" and answers as for a value of another kind. */
bool td_is_object(const td_node *n);
bool td_is_array(const td_node *n);
bool td_is_string(const td_node *n);
bool td_is_number(const td_node *n); /* a finite one */
bool td_is_bool(const td_node *n);
bool td_is_null(const td_node *n);   /* present, and null */

const td_node *td_get(const td_node *object, const char *key);
/* Member of a member: td_get_path(n, "eval.config.epochs"); keys with dots need td_get. */
const td_node *td_get_path(const td_node *object, const char *path);
const td_node *td_at(const td_node *array, size_t i); /* linear: walk with td_first and td_next */
size_t td_count(const td_node *n);                    /* members or items */
/* Members or items in order; td_key names a member. */
const td_node *td_first(const td_node *n);
const td_node *td_next(const td_node *n);
const char *td_key(const td_node *n);

const char *td_string(const td_node *n);                  /* NULL unless a string */
double td_number(const td_node *n, double otherwise);     /* `otherwise` unless a finite number */
bool td_true(const td_node *n);                           /* true only for true */

/* Writes the value as JSON, unformatted: structure and numbers as cJSON prints them. */
void td_dom_print(td_out *out, const td_node *n);

#endif
