/* Any bytes as a line of records: refused with a place inside it, or a record within its ranges. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static td_outcome outcomes[TD_MAX_OUTCOMES];
    td_request request = {0};
    td_record record;
    const char *what = NULL;
    size_t where = 0;
    if (td_parse_line(&request, outcomes, &record, (const char *)data, size, TD_WANT_RECORDS, &what,
                      &where)) {
        for (size_t i = 0; i < record.n_outcomes; i++)
            if (!(outcomes[i].score >= 0 && outcomes[i].score <= 1))
                abort();
        if (!record.id.len || !record.n_outcomes)
            abort();
    } else if (!what || where > size) {
        abort();
    }
    td_request_free(&request);
    return 0;
}
