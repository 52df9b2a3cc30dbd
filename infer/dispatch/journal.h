/* The answers of tierce dispatch, on their way to a file or to standard output.
 *
 * With a file, every answer is appended whole as it comes (one write), in any order: FILE itself with
 * --unordered, else FILE.partial, which is sorted into FILE at the end. So a kill at any moment loses
 * no answer, and --resume reads what is there, FILE and FILE.partial, whichever way they were written: good
 * answers are kept and skipped, a cut last line and answers that were failures are dropped and asked again. A
 * file that holds anything but answers is refused and stays as it is. While a run goes on it has the lock of
 * its files: a second one on the same FILE is refused. To standard output in order, answers wait in memory
 * for their turn. */
#ifndef TIERCE_DISPATCH_JOURNAL_H
#define TIERCE_DISPATCH_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/lines.h"
#include "infer/dispatch/journal_keys.h"

typedef struct ds_journal ds_journal;

typedef enum { DS_SYNC_NEVER, DS_SYNC_SECOND, DS_SYNC_ALWAYS } ds_sync;

/* path NULL or a name of standard output: that. NULL with *error filled. */
ds_journal *ds_journal_open(const char *path, bool ordered, bool resume, ds_sync sync, td_error *error);

/* The next line of the input has this key, and its request this digest: NEW gives its place in the order.
 * ANSWERED: by an earlier run. CHANGED: an earlier run answered another request under this key; its answer goes
 * when the run is complete, and the place is given as with NEW. TWICE: the input had this key already (no
 * place is given). digest 0, here or in the answer: not known, and taken for the same. */
ds_key_state ds_journal_expect(ds_journal *j, const char *key, size_t len, uint64_t digest, uint64_t *place);
/* One answer, without its line break. */
bool ds_journal_write(ds_journal *j, uint64_t place, const char *line, size_t len, td_error *error);
/* How many answers wait in memory for an earlier one. */
uint64_t ds_journal_waiting(const ds_journal *j);
void ds_journal_tick(ds_journal *j); /* about once a second */
/* complete: all is answered: sort into the file. Else the partial file stays for --resume. */
bool ds_journal_close(ds_journal *j, bool complete, td_error *error);
bool ds_journal_is_file(const ds_journal *journal); /* so that --resume can go on from it */
uint64_t ds_journal_kept(const ds_journal *j); /* good answers of earlier runs */
uint64_t ds_journal_dropped(const ds_journal *j); /* failures and cut lines of earlier runs */
bool ds_journal_unlocked(const ds_journal *j); /* the file system knows no locks: nothing keeps a second run away */

#endif
