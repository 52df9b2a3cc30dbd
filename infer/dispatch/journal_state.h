/* Between the files of the journal: journal.c writes, journal_open.c begins or goes on, journal_old.c reads what is there. */
#ifndef TIERCE_DISPATCH_JOURNAL_STATE_H
#define TIERCE_DISPATCH_JOURNAL_STATE_H

#include "infer/dispatch/journal.h"

#define DS_SORTED ".partial.sorted" /* on its way to FILE */

typedef struct ds_waiting {
    uint64_t place;
    char *line;
    size_t len;
} ds_waiting;

struct ds_journal {
    char *path, *partial; /* FILE, FILE.partial; NULL for standard output, and for what is no file */
    const char *target;   /* the one of them that is appended to */
    char *stream;         /* its name: a pipe, a device */
    int fd;               /* of the target: open for reading, too, and locked */
    int held[2];          /* the files that were there at the start, locked: FILE.partial, FILE; -1 */
    bool ordered, dirty, unlocked, broken;
    ds_sync sync;
    ds_keys keys;
    uint64_t offset, kept, dropped, written; /* written: by this run */
    ds_waiting *heap; /* standard output in order: a heap by place */
    size_t n_heap, heap_room;
    uint64_t next; /* place to print next */
};

/* Appends a line and its break. */
bool ds_journal_append(ds_journal *j, const char *line, size_t len, td_error *error);

/* Reads answers of an earlier run: fd is open on `path`. With `check` only says whether they are answers, else the good ones
 * are appended and noted. A file that holds anything else is refused; nothing of it is changed in any case. */
bool ds_journal_read_old(ds_journal *j, const char *path, int fd, bool check, td_error *error);

/* Opens j->path as the target, under its lock. */
bool ds_journal_open_file(ds_journal *j, const char *path, bool again, td_error *error);

bool ds_is_named(int fd, const char *path); /* does the path lead to this file? */
char *ds_with_suffix(const char *path, const char *suffix); /* malloc'ed */

#endif
