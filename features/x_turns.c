/* Turns: what the conversation looks like from outside. */
#include "features/extractors.h"

void tf_turns_finish(tf_state *state)
{
    const tierce_request *request = state->request;
    uint32_t last = UINT32_MAX, messages = 0, user = 0, since = 0, media = 0, last_user = UINT32_MAX;
    uint64_t bytes = 0;
    for (size_t i = 0; i < request->n_parts; i++) {
        const tierce_part *part = &request->parts[i];
        media += part->kind == TIERCE_PART_MEDIA;
        if (part->message != last) {
            messages++;
            since++;
        }
        last = part->message;
        if (part->role == TIERCE_ROLE_USER && part->message != last_user) {
            user++;
            since = 0;
            last_user = part->message;
        }
    }
    for (unsigned z = 0; z < TF_ZONES; z++)
        bytes += state->zone[z].bytes;
    tf_set(state, TF_N_TURNS_MESSAGES, messages);
    tf_set(state, TF_N_TURNS_USER, user);
    tf_set(state, TF_N_TURNS_LAST_ROLE, request->n_parts ? request->parts[request->n_parts - 1].role : 4);
    tf_set(state, TF_N_TURNS_SINCE_USER, since);
    tf_set(state, TF_N_TURNS_SYSTEM_BYTES, state->zone[TF_ZONE_SYSTEM].bytes);
    tf_set(state, TF_N_TURNS_EARLIER_BYTES, state->zone[TF_ZONE_EARLIER].bytes);
    tf_set(state, TF_N_TURNS_TOTAL_BYTES, bytes);
    tf_set(state, TF_N_TURNS_MEDIA, media);
}
