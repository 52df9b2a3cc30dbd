/* Tools: what is on offer, what of it the ask names, and how the tool loop stands.
 *
 * Schemas are read as tokens, not as JSON: the word after "type": tells enough, and a malformed
 * schema cannot hurt. */
#include "features/extractors.h"

static uint32_t slot_of(const tf_tools_state *t, uint32_t hash)
{
    uint32_t s = hash & (TF_TOOL_SLOTS - 1);
    while (t->name_words[s] && t->name_words[s] != hash)
        s = (s + 1) & (TF_TOOL_SLOTS - 1);
    return s;
}

static bool counts(const tf_tokens *tokens, size_t at)
{
    return tokens->kind[at] == TF_WORD && tokens->short_len[at] >= 2;
}

static void add_name(tf_tools_state *t, const tf_tokens *tokens)
{
    for (size_t at = TF_BACK; at < TF_BACK + tokens->n && t->n_name_words < TF_TOOL_SLOTS / 2; at++) {
        if (!counts(tokens, at))
            continue;
        const uint32_t s = slot_of(t, tokens->hash[at]);
        t->n_name_words += !t->name_words[s];
        t->name_words[s] = tokens->hash[at];
    }
}

/* The words of tool names, hashed as the scanner hashes tokens, before the ask is read. */
void tf_tools_begin(tf_state *state)
{
    tf_tools_state *t = &state->tools;
    const tierce_request *request = state->request;
    for (size_t i = 0; i < request->n_tools && i < state->features->spec.max_tools; i++) {
        tf_scan *scan = &state->scan;
        const tierce_span name = request->tools[i].name;
        tf_scan_start(scan, name.data, name.len < 256 ? name.len : 256, &state->features->lexicon);
        while (tf_scan_next(scan) > 0)
            add_name(t, &scan->tokens);
    }
}

static void feed_ask(tf_tools_state *t, const tf_tokens *tokens)
{
    if (!t->n_name_words)
        return;
    for (size_t at = TF_BACK; at < TF_BACK + tokens->n; at++) {
        if (tokens->kind[at] != TF_WORD)
            continue;
        const uint32_t s = slot_of(t, tokens->hash[at]);
        if (t->name_words[s])
            t->used[s] = 1;
    }
}

/* "type": "array" and its kin, across chunks: word type, then quotes and a colon, then the kind. */
static void feed_schema(tf_tools_state *t, uint8_t kind, uint8_t byte, uint32_t hash, uint32_t type, uint32_t object)
{
    if (kind != TF_WORD) {
        if (byte != '"' && byte != ':')
            t->after_type = false;
        return;
    }
    if (hash == type) {
        t->after_type = true;
        return;
    }
    if (t->after_type) {
        t->params += hash != object;
        t->nested += byte == 'a' || byte == 'o';
        t->numeric += byte == 'i' || byte == 'n' || byte == 'b';
    }
    t->after_type = false;
}

static void feed_tools(tf_tools_state *t, const tf_tokens *tokens)
{
    const uint32_t type = tf_hash_mix(tf_hash_bytes("type", 4));
    const uint32_t object = tf_hash_mix(tf_hash_bytes("object", 6));
    const uint32_t enumeration = tf_hash_mix(tf_hash_bytes("enum", 4));
    const uint32_t required = tf_hash_mix(tf_hash_bytes("required", 8));
    for (size_t at = TF_BACK; at < TF_BACK + tokens->n; at++) {
        const uint32_t hash = tokens->hash[at];
        t->enums += hash == enumeration;
        t->required += hash == required;
        feed_schema(t, tokens->kind[at], tokens->byte[at], hash, type, object);
    }
}

void tf_tools_feed(tf_state *state, const tf_chunk *chunk)
{
    tf_tools_state *t = &state->tools;
    if (chunk->zone == TF_ZONE_ASK)
        feed_ask(t, chunk->t);
    else if (chunk->zone == TF_ZONE_TOOLS)
        feed_tools(t, chunk->t);
}

/* Tools all of whose name's words stand in the ask. */
static uint32_t named_in_ask(tf_state *state)
{
    const tf_tools_state *t = &state->tools;
    const tierce_request *request = state->request;
    uint32_t count = 0;
    for (size_t i = 0; i < request->n_tools && i < state->features->spec.max_tools; i++) {
        tf_scan *scan = &state->scan;
        const tierce_span name = request->tools[i].name;
        tf_scan_start(scan, name.data, name.len < 256 ? name.len : 256, &state->features->lexicon);
        uint32_t words = 0, hits = 0;
        while (tf_scan_next(scan) > 0)
            for (size_t at = TF_BACK; at < TF_BACK + scan->tokens.n; at++)
                if (counts(&scan->tokens, at)) {
                    words++;
                    hits += t->used[slot_of(t, scan->tokens.hash[at])];
                }
        count += words && hits == words;
    }
    return count;
}

static void finish_offer(tf_state *state)
{
    const tf_tools_state *t = &state->tools;
    const size_t n = state->request->n_tools;
    uint32_t overlap = 0;
    for (unsigned s = 0; s < TF_TOOL_SLOTS; s++)
        overlap += t->used[s];
    tf_set(state, TF_N_TOOLS_BYTES, state->zone[TF_ZONE_TOOLS].bytes);
    tf_set(state, TF_N_TOOLS_PARAMS, t->params);
    tf_set(state, TF_N_TOOLS_PARAMS_MEAN, t->params / n);
    tf_set(state, TF_N_TOOLS_NESTED, t->nested);
    tf_set(state, TF_N_TOOLS_NUMERIC, t->numeric);
    tf_set(state, TF_N_TOOLS_ENUMS, t->enums);
    tf_set(state, TF_N_TOOLS_REQUIRED, t->required);
    tf_set(state, TF_N_TOOLS_NAMED, named_in_ask(state));
    tf_set(state, TF_N_TOOLS_OVERLAP, tf_share(overlap, t->n_name_words));
    tf_set(state, TF_N_TOOLS_PER_ASK, state->zone[TF_ZONE_ASK].words / n);
    tf_set(state, TF_N_TOOLS_CHOICE, state->request->tool_choice);
}

void tf_tools_finish(tf_state *state)
{
    const tierce_request *request = state->request;
    uint32_t calls = 0, results = 0;
    for (size_t i = 0; i < request->n_parts; i++) {
        calls += request->parts[i].kind == TIERCE_PART_CALL;
        results += request->parts[i].kind == TIERCE_PART_RESULT;
    }
    const tierce_part *last = request->n_parts ? &request->parts[request->n_parts - 1] : NULL;
    tf_set(state, TF_N_TOOLS_COUNT, request->n_tools);
    tf_set(state, TF_N_TOOLS_FORMAT, request->response_format);
    tf_set(state, TF_N_TOOLS_ACTIONS, state->zone[TF_ZONE_ASK].classes[TF_LEX_ACTION]);
    tf_set(state, TF_N_TOOLS_OPEN,
           last && (last->kind == TIERCE_PART_CALL || last->kind == TIERCE_PART_RESULT));
    if (request->n_tools)
        finish_offer(state);
    if (calls || results) {
        tf_set(state, TF_N_TOOLS_CALLS, calls);
        tf_set(state, TF_N_TOOLS_RESULTS, results);
        tf_set(state, TF_N_TOOLS_RESULT_BYTES, state->zone[TF_ZONE_RESULT].bytes);
        tf_set(state, TF_N_TOOLS_FAULTS, state->zone[TF_ZONE_RESULT].classes[TF_LEX_FAULT]);
    }
}
