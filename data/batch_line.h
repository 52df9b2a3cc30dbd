/* An OpenAI batch request line,
 *
 *     {"custom_id": "a1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", …}}
 *
 * and how to give it another model without touching any other byte. */
#ifndef TIERCE_BATCH_LINE_H
#define TIERCE_BATCH_LINE_H

#include "data/json.h"
#include "data/text_out.h"

#define TD_BATCH_LINES 50000u            /* OpenAI's limits for one file */
#define TD_BATCH_BYTES 200000000ull

typedef struct {
    const char *cut, *resume; /* the model's value as it stands; where there is none, both behind the body's '{' */
    bool has_model, empty_body;
    tierce_span custom_id; /* into the text memory of `json` or the line */
} td_batch_line;

/* False with *what (constant; what is wrong and the mend) and *where. `text`: room for len bytes. */
bool td_batch_line_read(td_batch_line *line, const char *data, size_t len, char *text, const char **what,
                        size_t *where);
/* The line with `model` in its body, and a line break. */
void td_batch_line_put(td_out *out, const td_batch_line *line, const char *data, size_t len,
                       const char *model);

#endif
