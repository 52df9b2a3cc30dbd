/* A model file on disk: whole or not at all. */
#ifndef TIERCE_SAVE_H
#define TIERCE_SAVE_H

#include "data/lines.h"
#include "models/model.h"

/* Writes to a temporary file in the same folder, fsyncs, renames. "-" is standard output. *size (may be
 * NULL) becomes the bytes written. False with *error filled; an older file is then untouched. */
bool tr_save(const tm_model *model, const char *path, uint64_t *size, td_error *error);

#endif
