/* A scriptable upstream for the dispatcher's tests: speaks chat completions, streaming and not, and
 * plays every fault of a provider that we know of. One process, one epoll loop, no threads.
 *
 *     mock [--port N] [--ports FILE] [--billed FILE] [--requests FILE] [--recorded RECORDS]
 *          [--latency-scale X] [--seed N]
 *
 * It writes "port=N refuse=N reset=N mute=N" to standard output (and to FILE), then serves:
 *   port    the scriptable server
 *   refuse  a port that refuses connections        reset   accepts, then sends RST
 *   mute    accepts and never reads or answers
 *
 * Which scenario a request plays is told, first match wins, by its model id ("mock:429,times=2"), its
 * query (?scenario=429,times=2) or its path (/s/429,times=2/v1/chat/completions); else it is "ok".
 * Parameters follow the name, comma-separated, values percent-encoded. Every scenario takes
 *   times=N    plays N times for the same body, then answers as `then` says (default ok)
 *   every=N    plays for each N-th request, else `then`          p=X  with probability X, else `then`
 * and the answering ones
 *   in= out= cached= reasoning=   tokens of the usage   model=   response model
 *   first=MS   before the first byte     gap=MS   between chunks     text=  the answer
 * The table of scenarios is in mock_scenarios.c; `mock --list` prints it.
 *
 * GET /mock/stats gives counters as JSON; POST /mock/reset zeroes them.
 * --billed: one line an answer that a provider would charge for, tab-separated:
 *   number scenario model input cached output reasoning answered|abandoned digest-of-messages
 * A stream that the client left is billed for what was sent; a whole answer is billed in full. */
#ifndef TIERCE_MOCK_H
#define TIERCE_MOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/json.h"
#include "data/text_out.h"

/* ---- the script of one answer ---- */

typedef enum {
    STEP_SEND,  /* data */
    STEP_DRIP,  /* data, one byte every wait_ms */
    STEP_FLOOD, /* data, again and again, until the client leaves */
    STEP_DONE,  /* the answer is complete; the connection may be used again */
    STEP_CLOSE, /* FIN */
    STEP_RESET, /* RST */
    STEP_HANG,  /* nothing more, ever */
    STEP_STALE  /* complete, but the next request finds the connection closed */
} step_kind;

typedef struct {
    step_kind kind;
    uint32_t wait_ms;  /* before it */
    uint32_t tokens;   /* output tokens that it carries */
    size_t from, len;  /* into the script's bytes */
} step;

typedef struct {
    td_out bytes;
    step *steps;
    size_t n, room;
} script;

void script_reset(script *s);
/* Appends a step with a copy of the bytes. */
void script_add(script *s, step_kind kind, uint32_t wait_ms, uint32_t tokens, const char *data,
                size_t len);

/* ---- the request ---- */

typedef struct {
    const char *name; /* the first string of text */
    char text[2048];  /* name\0key=value\0key=value\0\0, decoded */
} scenario_call;

typedef struct {
    tierce_span method, target, headers, body; /* into the connection's input */
    bool keep_alive;
    /* of the body, where it is JSON */
    tierce_span model, messages, tools;
    bool stream, include_usage;
    scenario_call call;
    uint64_t digest; /* of the messages' bytes */
    uint64_t key;    /* of scenario and body, for times= */
    uint64_t number;
} mock_request;

/* Bytes of the first whole request in data, 0: more is needed, -1: it is no HTTP request. A chunked
 * body is joined in place, so `data` changes. */
long http_parse(char *data, size_t len, mock_request *r);
/* Value of a header, or an empty span. */
tierce_span http_header(const mock_request *r, const char *name);
/* Reads model, stream, … and chooses the scenario. `text` is scratch for unescaping, body.len bytes. */
void request_read(mock_request *r, char *text);

bool param_has(const mock_request *r, const char *key);
const char *param_text(const mock_request *r, const char *key, const char *otherwise);
double param_number(const mock_request *r, const char *key, double otherwise);

/* ---- what it costs ---- */

typedef struct {
    bool due; /* a provider would charge for it */
    bool whole; /* output is charged in full even when the client leaves */
    uint32_t input, cached, output, reasoning;
    double cost; /* as the usage says it; negative: it does not */
} bill;

typedef struct {
    script *out;
    const mock_request *r;
    bill *bill;
    /* SSE state: how the stream is cut */
    uint64_t sent;
    bool first_sent;
} play;

/* ---- answers (mock_bodies.c) ---- */

/* "HTTP/1.1 200 OK" and headers; extra is "Name: value\r\n…". length < 0: chunked. */
void put_head(play *p, int status, const char *type, const char *extra, long length, uint32_t wait_ms);
/* A whole answer with Content-Length. */
void put_whole(play *p, int status, const char *type, const char *extra, const char *body, size_t len);
/* One SSE event or any bytes of the stream, as an HTTP chunk, cut as split= and at= say. */
void put_stream(play *p, const char *text, size_t len, uint32_t tokens, uint32_t wait_ms);
void put_event(play *p, const char *json, uint32_t tokens, uint32_t wait_ms);
void put_chunk_end(play *p);

/* Which parts of a stream are there. */
typedef enum {
    STREAM_WHOLE = 0,
    STREAM_NO_FINISH = 1, /* without finish_reason */
    STREAM_NO_USAGE = 2,
    STREAM_NO_DONE = 4,
    STREAM_USAGE_EVERYWHERE = 8,
    STREAM_CUT = 16 /* stops after half of the words: nothing of the above follows */
} stream_parts;

void fill_bill(play *p);
void put_answer(play *p, const char *finish);               /* streaming or not, as asked */
void put_words(play *p, const char *finish, unsigned parts); /* the stream alone, head and all */

typedef enum { CALL_GOOD, CALL_BAD_JSON, CALL_MISSING, CALL_WRONG_TYPE, CALL_UNKNOWN } call_fault;
void put_tool_call(play *p, call_fault fault);

/* ---- scenarios (mock_scenarios.c) ---- */

/* Fills the script; "unknown scenario" is a 418 that names it. */
void scenario_play(play *p);
void scenario_list(void);

/* Answers that cannot be believed (mock_odd.c). */
void play_odd(play *p);

/* ---- recorded outcomes (mock_recorded.c) ---- */

bool recorded_load(const char *path);
/* Answers as the record of this request says for the asked model; 404 where there is none. */
void recorded_play(play *p);

extern double mock_latency_scale;
extern uint64_t mock_random_state;
uint64_t mock_random(void);

static inline uint64_t fnv(uint64_t h, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)data[i]) * 1099511628211u;
    return h;
}
#define FNV_START 14695981039346656037u

#endif
