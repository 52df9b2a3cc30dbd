/* Which tier answered a conversation last: a map of bounded size, the least lately used goes first.
 *
 * The stateless way (ds_turns_decide with UINT32_MAX) needs none of this. The map is for what replaying
 * cannot know: a tier that was forced, explored, or stepped in for another. One map a worker: it is not
 * locked. What a conversation's next request needs in another worker stands in shared.h, too. */
#ifndef TIERCE_SESSIONS_H
#define TIERCE_SESSIONS_H

#include <stddef.h>
#include <stdint.h>

#include "features/request.h"

typedef struct ds_sessions ds_sessions;

/* Room for `capacity` conversations (at least 1), allocated here and never again: 40 bytes each. An
 * entry not used for max_age_s is forgotten (0: never). NULL when memory ends. */
ds_sessions *ds_sessions_open(size_t capacity, double max_age_s);
void ds_sessions_close(ds_sessions *sessions);

/* A conversation's key: of the client's session id. */
uint64_t ds_session_key(const char *id, size_t len);
/* Without a session id, an open tool loop still has a key: the request up to the end of its last user turn,
 * which every step of the loop repeats. What providers' caches add (cache_control) is no part of a
 * tierce_request and does not change it. Linear in the request's bytes, some gigabytes a second. */
uint64_t ds_session_turn(const tierce_request *request);

/* The tier that answered last, UINT32_MAX when not known. now: monotonic seconds. */
uint32_t ds_sessions_get(ds_sessions *sessions, uint64_t key, double now);
void ds_sessions_put(ds_sessions *sessions, uint64_t key, uint32_t tier, double now);
size_t ds_sessions_count(const ds_sessions *sessions);

#endif
