/* One answer of tierce dispatch, as OpenAI's batch output has it. */
#ifndef TIERCE_DISPATCH_ANSWER_LINE_H
#define TIERCE_DISPATCH_ANSWER_LINE_H

#include "infer/dispatch/job.h"

/* No line break, inside or at the end: JSON goes on one line as it came, anything else as a string. `key` is the line's
 * custom_id; status and body are what the sink was given. */
void ds_put_answer_line(td_out *out, const char *key, size_t key_len, int status, const td_out *body,
                        const ds_job_result *result);

#endif
