/* Keys of a line that look like what a record wants and are not read: told once a key, with the option that reads it. */
#ifndef TIERCE_NEAR_KEYS_H
#define TIERCE_NEAR_KEYS_H

#include "data/hash_map.h"
#include "data/import/sink.h"

/* Tells of the members of `line`, and of those of its objects, that stand for something that the row has not got. known: what the
 * keys that were looked at may mean; zero it first, td_map_free it. `row`
 * as it was read, has_id: by an id of its own; wide: of a line with several models, whose costs have no place. */
void td_tell_near_keys(td_sink *sink, td_map *known, const td_node *line, const td_row *row, bool has_id, bool wide);

#endif
