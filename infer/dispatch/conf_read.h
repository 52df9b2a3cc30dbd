/* Reading an object of a configuration file strictly: every key known, every value of its kind, every
 * complaint with its place. */
#ifndef TIERCE_CONF_READ_H
#define TIERCE_CONF_READ_H

#include "data/dom.h"

/* Where we are: "tiers.json: tiers[1].endpoints[0]". */
typedef struct {
    td_error *error;
    char at[320];
} ds_place;

/* The place of a member or item: ds_place_in(&inner, outer, "endpoints", 3) is "outer.endpoints[3]";
 * index -1: without one. */
void ds_place_in(ds_place *inner, const ds_place *outer, const char *key, int index);

/* Is it an object with no other keys than these, none twice? */
bool ds_conf_object(const td_node *object, const char *const *keys, size_t n, const ds_place *where);
/* Leave *out alone when the key is absent. */
bool ds_conf_number(const td_node *object, const char *key, double low, double high, double *out,
                    const ds_place *where);
/* The same, and whole. */
bool ds_conf_count(const td_node *object, const char *key, double low, double high, double *out,
                   const ds_place *where);
bool ds_conf_bool(const td_node *object, const char *key, bool *out, const ds_place *where);
/* A string without control bytes, of at most `most` bytes; *out stays the document's. */
bool ds_conf_string(const td_node *object, const char *key, size_t most, const char **out,
                    const ds_place *where);

/* Letters, digits and the marks of RFC 9110's token. */
bool ds_is_token(const char *name);
bool ds_has_control(const char *text);

#endif
