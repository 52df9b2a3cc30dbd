/* One answer of tierce dispatch, as OpenAI's batch output has it: written, and read again by --resume. */
#ifndef TIERCE_DISPATCH_ANSWER_LINE_H
#define TIERCE_DISPATCH_ANSWER_LINE_H

#include "infer/dispatch/job.h"

/* No line break, inside or at the end: JSON goes on one line as it came, anything else as a string. `key` is the line's
 * custom_id; status and body are what the sink was given; digest (ds_request_digest) is the request's, so that a later run sees whether
 * its line still asks the same. */
void ds_put_answer_line(td_out *out, const char *key, size_t key_len, int status, const td_out *body, uint64_t digest,
                        const ds_job_result *result);

/* FNV-1a 64 of the bytes to send, without white space between JSON's words and with the model as the line asks for it: what is
 * cut out of a line ("outcomes", …) is not in it. 0 (no digest): out of memory. */
uint64_t ds_request_digest(const ds_body *body);

typedef struct {
    tierce_span key; /* custom_id, in `text` */
    double status;   /* response.status_code; 0 where the provider's own batch had an error instead */
    uint64_t digest; /* 0: of a run that wrote none */
} ds_answer;

/* False when the line is no answer; *what then says what it looks like (constant). Lines of a provider's own batch output are
 * answers, too. `text` needs room for len bytes. */
bool ds_read_answer_line(const char *line, size_t len, char *text, ds_answer *answer, const char **what);

/* The beginning of an answer as ds_put_answer_line writes it, whatever its length: what a kill leaves of a line. */
bool ds_is_cut_answer(const char *line, size_t len);

#endif
