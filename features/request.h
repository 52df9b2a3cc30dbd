/* features/request.h: what goes in.
 *
 *     tierce_part part;
 *     tierce_request request = tierce_request_of_prompt(&part, "Fix the bug in foo.c", 20);
 *
 * A request is what a client sends to a model: the OpenAI chat-completions shape, flattened to an
 * array of parts (one per text, tool call, tool result or attachment, in the order of the
 * conversation) and an array of offered tools. tierce never copies it and never changes it: every
 * span points into memory of the caller, which must stay valid during the call that uses it.
 *
 * Any bytes are allowed in any span: NUL, invalid UTF-8, nothing at all (data may be NULL where
 * len is 0). Sizes have no limit; very long requests are read at their head and tail (see
 * tierce_limits in infer/router.h) and the decision says so.
 *
 * A caller who fills a request in C should start from zeroed memory: fields may be added, and zero
 * will always mean "not given".
 */
#ifndef TIERCE_REQUEST_H
#define TIERCE_REQUEST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- nouns ---- */

/* Bytes of the caller. Not NUL-terminated. */
typedef struct {
    const char *data;
    size_t len;
} tierce_span;

typedef enum {
    TIERCE_ROLE_USER,      /* a person's words */
    TIERCE_ROLE_SYSTEM,    /* "system" or "developer" */
    TIERCE_ROLE_ASSISTANT, /* what a model said before */
    TIERCE_ROLE_TOOL       /* what a tool returned */
} tierce_role;

typedef enum {
    TIERCE_PART_TEXT,   /* text: the words */
    TIERCE_PART_CALL,   /* a tool call of the assistant; name: the tool, text: the arguments (JSON) */
    TIERCE_PART_RESULT, /* a tool's answer; name: the tool where known, text: the answer */
    TIERCE_PART_MEDIA   /* image, audio or file; name: its type ("image_url"), text unused */
} tierce_part_kind;

typedef struct {
    tierce_part_kind kind;
    tierce_role role;
    uint32_t message; /* index of the message it belongs to; must not decrease along the array */
    tierce_span text;
    tierce_span name;
} tierce_part;

/* One offered tool (function definition). */
typedef struct {
    tierce_span name;
    tierce_span description;
    tierce_span parameters; /* its JSON Schema as JSON text */
} tierce_tool;

typedef enum {
    TIERCE_CHOICE_UNSET, /* the client did not say */
    TIERCE_CHOICE_AUTO,
    TIERCE_CHOICE_NONE,
    TIERCE_CHOICE_REQUIRED, /* some tool must be called */
    TIERCE_CHOICE_NAMED     /* one named tool must be called */
} tierce_tool_choice;

typedef enum {
    TIERCE_FORMAT_UNSET,
    TIERCE_FORMAT_TEXT,
    TIERCE_FORMAT_JSON,  /* response_format json_object */
    TIERCE_FORMAT_SCHEMA /* response_format json_schema */
} tierce_response_format;

typedef struct {
    const tierce_part *parts;
    size_t n_parts;
    const tierce_tool *tools;
    size_t n_tools;
    tierce_tool_choice tool_choice;
    tierce_response_format response_format;
} tierce_request;

/* ---- verbs ---- */

/* A bare prompt as a request of one user message. *part must live as long as the request. */
static inline tierce_request tierce_request_of_prompt(tierce_part *part, const char *text, size_t len)
{
    tierce_request request;
    memset(&request, 0, sizeof request);
    memset(part, 0, sizeof *part);
    part->kind = TIERCE_PART_TEXT;
    part->role = TIERCE_ROLE_USER;
    part->text.data = text;
    part->text.len = len;
    request.parts = part;
    request.n_parts = 1;
    return request;
}

#ifdef __cplusplus
}
#endif
#endif
