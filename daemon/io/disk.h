/* The state folder: one daemon at a time, and the device's key. */
#ifndef JAM_DISK_H
#define JAM_DISK_H

#include "device.h"
#include "log.h"

struct disk {
    int dir;  /* the folder */
    int lock; /* held while the daemon lives */
};

/* Makes the folder (mode 0700, parents too) and locks it. ERR_IN_USE, ERR_DISK, ERR_DISK_FULL, with *why. */
enum err disk_open(struct disk *, const char *path, struct why *);
void disk_close(struct disk *);

/* This machine: the device's key, and what it is by its hardware addresses. Makes a key if there is none, or if the
 * one that is there was made on other hardware (an image that was copied). `place` is a folder that was chosen by hand,
 * or NULL: so several daemons of one computer count as several machines. Errors as disk_open. */
enum err disk_key(const struct disk *, const char *place, struct log *, struct sign_key *,
                  struct hardware_id *, struct why *);
/* The next disk_key makes another one. False if that can't be. */
bool disk_forget_key(const struct disk *);
/* The class databases in the folder (class-*.db), by name, NULL behind the last; the caller owes disk_databases_free.
 * NULL: no memory, or the folder can't be read. */
char **disk_databases(const struct disk *);
void disk_databases_free(char **);
/* Overwrites a database and what SQLite keeps beside it, and removes them. False if that can't be. */
bool disk_erase(const struct disk *, struct slice name);
/* Renames a database and what SQLite keeps beside it, so that it isn't found again: NAME.damaged-1, -2 … Nothing is
 * ever overwritten. False if that can't be. */
bool disk_set_aside(const struct disk *, struct slice name);
/* Zero if the system doesn't tell. */
void disk_boot(uint8_t out[16]);

#endif
