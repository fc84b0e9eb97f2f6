/* SQLite of one class: open, schema, statements by their text, one transaction a turn, errors told apart.
 *
 * One database file a class, WAL with synchronous=FULL, locking_mode=EXCLUSIVE (no second daemon, no -shm file). Views
 * are tables like all others; their rows depend on the log alone, so that they are byte-equal on all machines. */
#ifndef JAM_STORE_H
#define JAM_STORE_H

#include <sqlite3.h>

#include "bytes.h"
#include "entry.h"
#include "err.h"

struct store;

/* Opens or creates. ERR_DAMAGED if the file is no sound database of ours (then it is closed again, untouched; of a large one
 * not all is looked at yet, see store_look_on),
 * ERR_IN_USE if another process holds it, ERR_DISK, ERR_DISK_FULL, ERR_NOMEM. *out is the caller's, for store_close. */
enum err store_open(const char *path, const char *vfs, struct store **out);
/* Opens a database that store_open found damaged, to read what can still be read: nothing is made or
 * written; a page with one wrong bit is read as it was, any other as it is. */
enum err store_open_damaged(const char *path, const char *vfs, struct store **out);
/* A large database is opened without being read whole. Is anything left to look at? Each call of the other, outside a transaction,
 * looks at a few pages more: what isn't as it was written shows in store_is_damaged. */
bool store_has_more_to_look_at(const struct store *);
void store_look_on(struct store *);
/* Looks whether indexes fit their tables too, which takes several times as long as opening. ERR_DAMAGED, or what a query had. */
enum err store_look_through(struct store *);
void store_close(struct store **);
/* What must be made good by folding the log again: bits of the local value "due". */
enum due {
    DUE_REFOLD = 1,
    DUE_ERASED = 2,
    DUE_VIEWS = 4, /* the views are empty, because they are new or their form changed */
};

/* A prepared statement for this text (a string literal: statements are cached by its address), reset and unbound.
 * NULL when it can't be prepared; the error sticks in store_err. Borrowed; don't finalize. */
sqlite3_stmt *store_query(struct store *, const char *sql);

/* Binding in one line: 'i' int64_t, 't' struct slice as text, 'b' struct slice as blob, 'h' hash *, 'r' ref *,
 * 'p' person_id *, 'f' feed_id *, 'd' device_id *, 's' stamp *, 'w' hardware_id *, 'n' nothing (NULL).
 * A NULL pointer binds NULL. What can't be bound sticks in store_err. */
void store_bind(struct store *, sqlite3_stmt *, const char *types, ...);

/* Steps: true for a row. False at the end or on an error, which sticks in store_err; in a transaction nothing is done after
 * the first. */
bool store_row(struct store *, sqlite3_stmt *);
/* Is there a row? Reads no further. */
bool store_any(struct store *, sqlite3_stmt *);
/* The number in the first column of the first row; 0 if there is none. Reads no further. */
int64_t store_number(struct store *, sqlite3_stmt *);
/* Steps a statement that returns no rows, to its end. */
void store_run(struct store *, sqlite3_stmt *);
/* Prepares, binds and runs in one. */
void store_do(struct store *, const char *sql, const char *types, ...);

/* Columns as our types; a NULL or another length gives zeroes and false. Text and blobs are valid until the next step. */
struct slice column_slice(sqlite3_stmt *, int column);
bool column_fixed(sqlite3_stmt *, int column, void *out, size_t len);
/* How long something is, as the database says: 0 … max, also where it says nonsense. */
int64_t column_len(sqlite3_stmt *, int column, int64_t max);

/* The first error since store_begin or store_forgive, and what SQLite said about it. A query that had one may seem to find
 * nothing: whoever decides by that asks here first. */
enum err store_err(const struct store *);
const char *store_why(const struct store *);
/* Was anything read since it was opened that isn't what was written? */
bool store_is_damaged(const struct store *);
/* Outside a transaction: what failed until now is over. Inside it does nothing. */
void store_forgive(struct store *);
/* Something else than SQLite failed: the turn must not be saved. */
void store_fail(struct store *, enum err);

/* A transaction begins by itself with store_begin (again: does nothing) and ends with one of these. After a failed
 * commit everything of the transaction is gone. */
enum err store_begin(struct store *);
enum err store_commit(struct store *);
void store_rollback(struct store *);
bool store_in_transaction(const struct store *);

/* Something is erased in this transaction: once it is committed, nothing of it may be left in any file. */
void store_erased(struct store *);
/* Sees to that, outside a transaction; store_commit does. What the disk refuses is tried again by the next call. */
void store_scrub(struct store *);
bool store_has_residue(const struct store *);

/* Values of this machine alone, by key: never replicated, not part of the views. */
bool store_local_get(struct store *, const char *key, void *out, size_t len);
void store_local_set(struct store *, const char *key, const void *value, size_t len);

/* Takes all rows out of all tables; the transaction must be open. After its commit store_squeeze sees to it that nothing of
 * them is left in any file. */
void store_empty(struct store *);
void store_squeeze(struct store *);

/* The names of the tables that are views. */
extern const char store_views_sql[];
/* Empties all views (to fold the log again), and one hash over all rows of all views in order of their keys. */
void store_clear_views(struct store *);
struct hash store_digest_views(struct store *);

#endif
