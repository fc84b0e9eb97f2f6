/* Disks in memory, under SQLite: each a VFS of its own, as many at once as one likes, whose power can be cut and whose calls
 * can be made to fail. What happens on a disk follows from its seed and from the calls alone.
 *
 * What a file holds is kept apart by what would be left of it: what was written, and what was synced. As on Linux, a sync of a
 * file makes its bytes last; that a file was made or deleted lasts with the next sync of a journal or WAL that is new, or
 * with a deletion that asks for it. When the power goes, any of what wasn't synced may be there afterwards: nothing, all, the
 * first writes, some of them, some of their sectors, some of those with garbage in them. What wasn't written over stays as it
 * was, which is what SQLite takes for granted on Linux (powersafe overwrite).
 *
 * There are no locks: one program at a time has a database open, as the core does.
 *
 * SQLite draws randomness of its own (the salts of a WAL) from a generator of the whole process; disk_chance seeds that, for
 * whoever wants the same bytes again. */
#ifndef JAM_TEST_DISK_H
#define JAM_TEST_DISK_H

#include "bytes.h"

struct disk;

/* Calls that fail. They are counted from disk_fault on, the first is 1. */
enum disk_fault {
    DISK_WORKS,
    DISK_FAILS, /* the disk's: any call (open, read, write, truncate, sync, size, delete, look) has an I/O error */
    DISK_FULL, /* no room: a write. Only changes are counted: writes, truncations, syncs, deletions, files made */
    DISK_CUT, /* the power goes with a change, itself as likely done as not; counted as above */
};

/* An empty disk, the caller's, for disk_free when no connection to it is left. Aborts without memory. */
struct disk *disk_new(uint64_t seed);
/* Another disk with what is written on this one, as if it had been copied while in use. A snapshot, or a machine's clone. */
struct disk *disk_clone(const struct disk *, uint64_t seed);
/* Another disk with what a power cut now would leave of this one. */
struct disk *disk_rest(const struct disk *, uint64_t seed);
/* What is on the disk is again what was when `from` was cloned. It must be off: see disk_kill. */
void disk_restore(struct disk *, const struct disk *from);
void disk_free(struct disk **);

/* The name of its VFS, for struct device_config and store_open. Lives as long as the disk. */
const char *disk_vfs(const struct disk *);

/* The program ends without a word: all that was written stays; no file of it can be used from now on, nor opened until
 * disk_start. Its connections are still to be closed, in vain, so that their memory is freed. */
void disk_kill(struct disk *);
/* The power fails: as disk_kill, and of what wasn't synced stays what the seed leaves. */
void disk_cut(struct disk *);
/* A program may use the disk again, and no fault is due. */
void disk_start(struct disk *);
/* Was it killed or cut, by a fault too, and not started since? */
bool disk_is_off(const struct disk *);

/* Makes the at-th call fail, and if `lasting` all of its kind behind it; 0: no call. DISK_WORKS ends a fault. */
void disk_fault(struct disk *, enum disk_fault, uint64_t at, bool lasting);
/* Asks after each change whether the power goes with it, until disk_start. NULL: not any more. */
void disk_cut_if(struct disk *, bool (*cuts)(void *context), void *context);
/* While it pauses, calls aren't counted and none fails: for a test that looks in between. */
void disk_pause(struct disk *, bool pauses);
/* Calls since disk_fault or disk_new, all or only changes; and how many of them had a fault. */
uint64_t disk_calls(const struct disk *);
uint64_t disk_changes(const struct disk *);
uint64_t disk_faults(const struct disk *);

/* The files there are, in the order in which they were made: the i-th name as it was opened (full path), NULL behind the last.
 * Valid until one is made or removed. */
const char *disk_file(const struct disk *, uint32_t i);
/* What is written in a file, to look at and to damage; NULL if there is none. Valid until the next call that writes. */
uint8_t *disk_bytes(struct disk *, const char *name, size_t *len);
/* Is this in a file, as written, or as it could be found after a power cut? */
bool disk_holds(const struct disk *, struct slice what);

/* What the shell does beside SQLite, synced at once. A file that is made, or made anew, with these bytes; one that is gone;
 * one that is called otherwise. Nothing if it isn't there. */
void disk_put(struct disk *, const char *name, struct slice bytes);
void disk_remove(struct disk *, const char *name);
void disk_rename(struct disk *, const char *from, const char *to);

/* Seeds what SQLite itself draws, in the whole process; not 0. */
void disk_chance(int seed);

#endif
