#include "features/status.h"

static const char *const names[] = {
#define NAME(name, text) #name,
    TIERCE_STATUS_LIST(NAME)
#undef NAME
};

static const char *const texts[] = {
#define TEXT(name, text) text,
    TIERCE_STATUS_LIST(TEXT)
#undef TEXT
};

const char *tierce_status_name(tierce_status status)
{
    return (unsigned)status < TIERCE_STATUS_COUNT ? names[status] : "UNKNOWN";
}

const char *tierce_status_text(tierce_status status)
{
    return (unsigned)status < TIERCE_STATUS_COUNT ? texts[status] : "unknown status";
}

tierce_status tierce_fail(tierce_error *error, tierce_status status, const char *message,
                          uint64_t position)
{
    if (error) {
        error->status = status;
        error->message = message ? message : tierce_status_text(status);
        error->position = position;
    }
    return status;
}
