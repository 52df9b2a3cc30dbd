/* Status codes: one list makes the enum, the name and the text. */
#ifndef TIERCE_STATUS_H
#define TIERCE_STATUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, text). Append only: the numbers are part of the ABI. */
#define TIERCE_STATUS_LIST(X)                                                                      \
    X(OK, "ok")                                                                                    \
    X(NOMEM, "out of memory")                                                                      \
    X(ARGUMENT, "argument out of range")                                                           \
    X(SCRATCH, "scratch memory is smaller than tierce_scratch_size() or was made for another router") \
    X(IO, "cannot read the file")                                                                  \
    X(MAGIC, "not a .tierce model file")                                                           \
    X(VERSION, "model file of a newer format version: update tierce")                              \
    X(TRUNCATED, "model file is shorter or longer than its header says")                           \
    X(CHECKSUM, "model file is damaged: checksum mismatch")                                        \
    X(CORRUPT, "model file is inconsistent")                                                       \
    X(LIMIT, "model file exceeds a size limit")                                                    \
    X(SECTION, "model file has a mandatory section that this version does not know: update tierce") \
    X(EXTRACTOR, "model was trained with another version of a feature extractor: retrain it")      \
    X(SELFTEST, "model's self-test vectors do not reproduce on this machine")                      \
    X(NOTIER, "no tier satisfies the policy's constraints")                                        \
    X(POLICY, "policy names a tier that the model does not have")

typedef enum {
#define TIERCE_STATUS_ENUM(name, text) TIERCE_##name,
    TIERCE_STATUS_LIST(TIERCE_STATUS_ENUM)
#undef TIERCE_STATUS_ENUM
        TIERCE_STATUS_COUNT
} tierce_status;

/* What went wrong and where. `message` is a constant string, never freed; `position` is a byte
 * offset into the model file or the index of the offending element, 0 where it has no meaning.
 * Every function that takes a `tierce_error *` accepts NULL. */
typedef struct {
    tierce_status status;
    const char *message;
    uint64_t position;
} tierce_error;

/* "NOMEM", … ; "UNKNOWN" for a number outside the list. Constant strings, thread-safe. */
const char *tierce_status_name(tierce_status status);
/* The sentence for people. Constant strings, thread-safe. */
const char *tierce_status_text(tierce_status status);

/* Fills *error (when not NULL) and returns `status`, so that a failing function can end with
 * `return tierce_fail(error, TIERCE_CORRUPT, "…", offset);`. message NULL takes the status's text. */
tierce_status tierce_fail(tierce_error *error, tierce_status status, const char *message,
                          uint64_t position);

#ifdef __cplusplus
}
#endif
#endif
