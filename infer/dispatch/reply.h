/* What a provider's answer says that we must know: usage, the end, errors, tool calls. One reader for
 * a whole chat.completion body and for the chunks of a stream; the answer itself is never rewritten.
 *
 *     ds_reply_reset(&reply);
 *     ds_reply_body(&reply, body, len);           // not streamed, any status
 *     … or, per SSE event: ds_reply_chunk(&reply, event, data, len);
 *
 * Read with data/json.h (strict, no tree). Bytes are a stranger's: wrong types, missing keys, negative
 * or huge numbers, HTML, truncated JSON are all taken; what cannot be read stays unknown. */
#ifndef TIERCE_REPLY_H
#define TIERCE_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tokens in one meaning. `input` is fresh input only: the provider's prompt_tokens less cached and
 * cache-write tokens; `output` includes reasoning. All 0 when not known. Where completion_tokens
 * leaves thinking out (total > prompt + completion), output is total - prompt. */
typedef struct {
    bool known;                       /* at least one half was said */
    bool no_input, no_output;         /* this half was not, or was no number that can be */
    double input, cached, cache_write, output, reasoning;
    bool cost_known;
    double cost_usd; /* as the provider says it (usage.cost: OpenRouter and the like), where it does and it is no 0: who
                      * brings a key of his own is charged nothing there, and pays elsewhere */
} ds_usage;

/* An error in any of the shapes: {"error":{…}}, [{"error":{…}}], {"object":"error",…} (vLLM),
 * {"type":"error","error":{…}} (Anthropic), OpenRouter's integer code, FastAPI's {"detail": …}. */
typedef struct {
    bool there;
    int status;         /* a numeric code in 400..599 inside the error, 0 without */
    char type[64];      /* error.type, or Gemini's error.status */
    char code[64];      /* error.code when a string (a number printed), or details.error_code */
    char message[512];  /* cut at a letter's boundary; control bytes are spaces */
} ds_fault;

typedef struct {
    char *name, *arguments; /* NUL-terminated; arguments as sent, JSON text by promise only */
    size_t arguments_len, arguments_room;
    char key[64];           /* id or index by which a stream's pieces belong together */
} ds_call;

/* Zero it before first use. */
typedef struct {
    bool readable;      /* the body, or at least one chunk, was a JSON object with choices */
    bool began;         /* content, reasoning, a refusal or a tool call was seen */
    bool finished;      /* a finish_reason other than null was seen, of every choice that was begun */
    bool done;          /* data: [DONE] was seen */
    char finish[32];    /* the finish_reason of the first choice, else of another */
    uint64_t choices_begun, choices_ended; /* bits by index, 63 for all above */
    char model[128];    /* model of the answer, "" when it does not say */
    char id[128];       /* id of the answer */
    ds_usage usage;     /* the last that said anything: a chunk of zeros takes nothing back */
    ds_fault fault;
    uint64_t text_bytes; /* of content, reasoning and arguments: for an estimate without usage */
    ds_call *calls;      /* of the first choice (index 0) */
    size_t n_calls, calls_room;
    char *text;          /* scratch of the JSON reader */
    size_t text_room;
    bool no_memory;
} ds_reply;

/* At most this many calls and bytes of arguments are kept; more sets nothing but text_bytes. */
#define DS_MAX_CALLS 128
#define DS_MAX_ARGUMENTS ((size_t)4 << 20)

/* The whole body of an answer with any status. Content that was only cut (truncated JSON) leaves
 * readable false. */
void ds_reply_body(ds_reply *reply, const char *body, size_t len);
/* One event of a stream. "[DONE]" is known here. event "error" makes a fault of any data. */
void ds_reply_chunk(ds_reply *reply, const char *event, const char *data, size_t len);
/* Ready for the next answer; keeps the buffers. */
void ds_reply_reset(ds_reply *reply);
void ds_reply_free(ds_reply *reply);

#endif
