/* Between reply.c and its parts: reading the pieces of an answer that several shapes share. */
#ifndef TIERCE_REPLY_PARTS_H
#define TIERCE_REPLY_PARTS_H

#include "data/json.h"
#include "infer/dispatch/reply.h"

typedef struct {
    ds_reply *reply;
    td_json json;
    bool stream;
    /* of the top level, for shapes that put an error there */
    ds_fault flat;
    bool says_error;   /* "object": "error" */
    bool has_message;  /* "message" or "detail" without choices */
    bool has_choices, has_error;
} ds_reader;

/* Copies at most room - 1 bytes, whole letters, control bytes as spaces. */
void ds_copy_text(char *to, size_t room, tierce_span from);
/* A string, or a number as it is written; anything else is skipped and leaves `to` alone. */
bool ds_read_text(td_json *json, char *to, size_t room);
/* A number that can be a count; anything else is skipped and leaves *into alone. */
bool ds_read_count(td_json *json, double *into);
/* False after skipping a value that is no object. */
bool ds_enter_object(td_json *json);

void ds_read_usage(td_json *json, ds_usage *usage);
/* The value of "error". */
void ds_read_error(ds_reader *r);
/* A code that is a number in 400..599 is the error's status. */
void ds_note_status(ds_fault *fault);

/* "tool_calls"; without `keep` they are only counted. */
void ds_read_calls(ds_reader *r, bool keep);
/* The older "function_call". */
void ds_read_function_call(ds_reader *r, bool keep);
/* Room for `need` bytes; false sets no_memory. */
bool ds_reply_grow(ds_reply *reply, char **at, size_t *room, size_t need);

#endif
