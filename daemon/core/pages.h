/* Checksums of a database's pages: a VFS over another, which puts one at the end of each page that is written into a database,
 * and looks at it whenever the page is read. SQLite itself has none: a bit that a disk flips in a text stays unseen. And
 * nothing is written of what a page holds beside its cells, so that what is erased is gone.
 *
 * It needs PAGES_RESERVE bytes at the end of each page, which the database's owner asks SQLite for when it makes the file; a
 * file without them, and the WAL (which has checksums of its own), are passed through as they are. */
#ifndef JAM_PAGES_H
#define JAM_PAGES_H

#include <stdbool.h>

#include "err.h"

enum { PAGE_BYTES = 4096, PAGES_RESERVE = 8 };

struct pages;

/* Over the VFS of this name; NULL: over the system's. `mends`: for who reads a database that is damaged anyway, a page of which
 * one bit isn't what it was reads as it was, and one that is worse as it is. *out is the caller's, for pages_close when no connection is left that
 * uses it. ERR_NOMEM; ERR_DISK: there is no such VFS. */
enum err pages_open(const char *over, bool mends, struct pages **out);
/* The name under which SQLite knows it. A page that isn't what was written reads as SQLITE_CORRUPT. */
const char *pages_vfs(const struct pages *);
void pages_close(struct pages **);

#endif
