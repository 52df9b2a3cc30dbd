/* A folder that is there whole or not at all.
 *
 * Files are written into DIR.partial-XXXXXX beside DIR, flushed to the disk, and the folder is renamed
 * when all is done: whoever sees DIR sees every file complete. A crash leaves only the .partial folder,
 * which can be deleted.
 *
 *     td_folder *f = td_folder_open("out", &error);
 *     td_writer *w = td_folder_file(f, "in.jsonl", &error);   put, and td_writer_commit
 *     if (!td_folder_commit(f, &error)) …                     or td_folder_abort(f) */
#ifndef TIERCE_FOLDER_H
#define TIERCE_FOLDER_H

#include "data/writer.h"

typedef struct td_folder td_folder;

/* DIR must not exist, or be an empty folder. NULL with *error filled. */
td_folder *td_folder_open(const char *dir, td_error *error);
/* A file in it; commit or abort the writer before the folder. NULL with *error filled. */
td_writer *td_folder_file(const td_folder *f, const char *name, td_error *error);
/* Makes everything appear under DIR. Frees f either way. */
bool td_folder_commit(td_folder *f, td_error *error);
/* Removes everything and frees f. NULL is allowed. */
void td_folder_abort(td_folder *f);

#define TD_STEM 80

/* A tier's or model's name as the beginning of a file's: "gemini/x" is gemini_x. `taken(k)` for k < n are
 * the stems given before: two that fall together get their numbers. */
typedef const char *(*td_stem_at)(const void *context, size_t k);
void td_stem_of(char stem[TD_STEM], const char *name, td_stem_at taken, const void *context, size_t n);

#endif
