/* --rename OLD=NEW,…: models called otherwise. Two models under one name would be averaged into one, so
 * that has to be said: `a=x,b=x`, or `a=b,b=b` where b is a name of the input itself. */
#ifndef TIERCE_RENAME_H
#define TIERCE_RENAME_H

#include "data/lines.h"
#include "features/request.h"

typedef struct {
    tierce_span from, to; /* into the option's text */
    bool used;
} td_rename;

/* Zero it first; free it in any case. */
typedef struct {
    td_rename *at;
    size_t n;
} td_renames;

/* text may be NULL and must stay. False with *error: a pair that is none, one name renamed twice. */
bool td_renames_read(td_renames *r, const char *text, td_error *error);
void td_renames_free(td_renames *r);

/* The name that a model of the input shall have: *name, changed where a pair says so. False: a pair gives
 * another model this name, and nothing says that the two are one; *clash is that pair. */
bool td_renamed(td_renames *r, tierce_span *name, const td_rename **clash);

/* The first pair that met no model; NULL: none. */
const td_rename *td_rename_unused(const td_renames *r);

#endif
