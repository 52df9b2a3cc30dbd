/* Where memory comes from, for callers who want to say. Part of the public interface. */
#ifndef TIERCE_ALLOCATOR_H
#define TIERCE_ALLOCATOR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* alloc returns memory aligned for any type, or NULL; release takes what alloc gave, or NULL. */
typedef struct {
    void *(*alloc)(void *context, size_t size);
    void (*release)(void *context, void *memory);
    void *context;
} tierce_allocator;

#ifdef __cplusplus
}
#endif
#endif
