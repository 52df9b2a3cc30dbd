/* Makes what was written to a file last through a power cut, for many writers at once.
 *
 * A thread calls fdatasync when somebody asks; who asks while it is at work shares the next call. So the
 * loop never waits for the disk, and a disk that takes a millisecond serves a thousand times as many
 * requests as calls. One ds_disk a file; all functions from the thread that opened it. */
#ifndef TIERCE_DISPATCH_DISK_H
#define TIERCE_DISPATCH_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "data/lines.h"

typedef struct ds_disk ds_disk;

ds_disk *ds_disk_open(const char *path, td_error *error);
void ds_disk_close(ds_disk *disk); /* what was asked for is on the disk before it returns */

/* All that was written before the call is to be on the disk. Numbers grow. */
uint64_t ds_disk_ask(ds_disk *disk);
/* Readable when ds_disk_done has news. */
int ds_disk_fd(const ds_disk *disk);
/* Everything asked for up to this number is decided; below *broken (0: nothing ever failed) it may not
 * be on the disk. */
uint64_t ds_disk_done(ds_disk *disk, uint64_t *broken);
/* Waits for the disk; false when it failed. */
bool ds_disk_now(ds_disk *disk);

#endif
