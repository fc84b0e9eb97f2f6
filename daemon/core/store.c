/* SQLite of one class: one file, one connection, cached statements, one transaction a turn, and errors that stick. */
#include "store.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "pages.h"
#include "planted.h"

enum {
    STATEMENTS_MAX = 512,
    TABLES_MAX = 64,
    LOOK_AT_ONCE =
        4096, /* pages that a start reads, in about 25 ms; a larger database is served first */
    LOOK_A_STEP = 64, /* ... and looked through bit by bit, about a millisecond each */
};

/* Here SQLite locks a file: no page of a database stands there. */
static const int64_t lock_at = INT64_C(1) << 30;

static const char log_sql[] =
#include "log.inc"
    ;
static const char views_sql[] =
#include "schema.inc"
    ;

/* What a database of ours carries in its header, and the version of the views' tables: a database with other views
 * has them dropped and folded again. */
enum {
    APPLICATION_ID = 0x4a414d31, /* "JAM1" */
    VIEWS_VERSION = 5,
};

struct statement {
    const char *sql; /* a literal: its address is its name */
    sqlite3_stmt *stmt;
};

struct store {
    sqlite3 *db;
    struct pages *pages; /* under it */
    struct statement statements[STATEMENTS_MAX];
    sqlite3_stmt *rollback; /* ready: it must work where there is no memory left to make it */
    bool open;              /* a transaction is */
    bool residue;           /* the files may still hold what was erased */
    int64_t look_at;        /* the next page of the file to look at, by its place; -1: all were */
    enum err err;
    bool damaged; /* some error was */
    char why[160];
};

static enum err err_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return OK;
    case SQLITE_FULL:
        return ERR_DISK_FULL;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_IN_USE;
    case SQLITE_ERROR: /* our statements are always the same: the file isn't what they were written for */
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_DAMAGED;
    default:
        return ERR_DISK;
    }
}

/* Keeps the first error: what follows it is mostly its echo. */
static bool check(struct store *store, int rc)
{
    enum err err = err_of(rc);
    if (err == OK) {
        return true;
    }
    store->damaged |= err == ERR_DAMAGED;
    if (store->err == OK) {
        store->err = err;
        strncpy(store->why, sqlite3_errmsg(store->db), sizeof(store->why) - 1);
    }
    return false;
}

static bool exec(struct store *store, const char *sql)
{
    return store->err == OK && check(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL));
}

static int64_t pragma_get(struct store *store, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t value = -1;
    if (check(store, sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL))) {
        int rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW) {
            value = sqlite3_column_int64(stmt, 0);
        } else {
            check(store, rc);
        }
    }
    sqlite3_finalize(stmt);
    return value;
}

/* Reads every page, and so looks at every checksum. Whether indexes fit their tables quick_check doesn't ask: they do while
 * each page is as it was written. */
static bool looks_sound(struct store *store, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    bool sound = false;
    if (check(store, sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL)) &&
        store_row(store, stmt)) {
        sound = slice_is(column_slice(stmt, 0), "ok");
    }
    sqlite3_finalize(stmt);
    return sound;
}

/* A page that couldn't be read is told as damage: so it is looked at again. */
static bool is_sound(struct store *store)
{
    static const char sql[] = "PRAGMA quick_check(1)";
    return looks_sound(store, sql) || (store->err == OK && looks_sound(store, sql));
}

/* Does the file's next page hold what its checksum says? Past its end there is nothing more to look at. */
static bool look_at_next(struct store *store)
{
    uint8_t page[PAGE_BYTES];
    sqlite3_file *file = NULL;
    int64_t at = store->look_at;
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, (void *)&file);
    if (!file || !file->pMethods) {
        return false;
    }
    store->look_at += PAGE_BYTES;
    int rc = at == lock_at ? SQLITE_OK : file->pMethods->xRead(file, page, sizeof(page), at);
    if (rc == SQLITE_IOERR_SHORT_READ) {
        store->look_at = -1;
        return true;
    }
    return rc == SQLITE_OK;
}

/* A page that holds nothing may never have been written: whether one that is wrong is damage SQLite says, who knows which are
 * in use. That takes as long as reading all, so it is done once. */
void store_look_on(struct store *store)
{
    bool right = true;
    for (int i = 0; i < LOOK_A_STEP && store->look_at >= 0 && right; i++) {
        right = look_at_next(store);
    }
    if (right) {
        return;
    }
    store_forgive(store);
    store->damaged |= !is_sound(store) && store->err == OK;
    store_forgive(store);
    store->look_at = -1;
}

bool store_has_more_to_look_at(const struct store *store)
{
    return store->look_at >= 0;
}

enum err store_look_through(struct store *store)
{
    bool sound = looks_sound(store, "PRAGMA integrity_check(1)");
    return store->err != OK ? store->err : sound ? OK : ERR_DAMAGED;
}

/* Every table that schema.sql made: all that log.sql didn't. */
const char store_views_sql[] =
    "SELECT name FROM main.sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%' AND name "
    "NOT IN ('feed', 'entry', 'local', 'retry', 'branch', 'branch_parent', 'branch_unplaced', "
    "'redaction', 'receipt', 'salvaged', 'loose') "
    "ORDER BY name";

static const char tables_list_sql[] =
    "SELECT name FROM main.sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%'";

/* Runs `format` for each table of a list; their names are read first, since a table can't be dropped under a reader. */
static void tables_each(struct store *store, const char *list_sql, const char *format)
{
    char names[TABLES_MAX][48];
    size_t count = 0;
    sqlite3_stmt *list = NULL;
    check(store, sqlite3_prepare_v2(store->db, list_sql, -1, &list, NULL));
    while (count < TABLES_MAX && store_row(store, list)) {
        sqlite3_snprintf(sizeof(names[0]), names[count++], "%s", sqlite3_column_text(list, 0));
    }
    sqlite3_finalize(list);
    for (size_t i = 0; i < count; i++) {
        char sql[96];
        sqlite3_snprintf(sizeof(sql), sql, format, names[i]);
        exec(store, sql);
    }
}

static void views_each(struct store *store, const char *format)
{
    tables_each(store, store_views_sql, format);
}

/* Views of another version are thrown away, never migrated: the log is folded into the new ones, and until it is, that is due.
 * Nothing is written where all is as it should be: also on a full disk a class can be opened. */
static void make_views(struct store *store)
{
    char sql[96];
    bool new_form = pragma_get(store, "PRAGMA user_version") != VIEWS_VERSION;
    if (new_form) {
        views_each(store, "DROP TABLE \"%w\"");
    }
    exec(store, views_sql);
    if (!new_form) {
        return;
    }
    sqlite3_snprintf(sizeof(sql), sql,
                     "PRAGMA user_version=%d; INSERT OR REPLACE INTO local VALUES ('due', x'%02x')",
                     VIEWS_VERSION, DUE_VIEWS);
    exec(store, sql);
}

static void setup(struct store *store)
{
    int reserve = PAGES_RESERVE;
    check(store, sqlite3_file_control(store->db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve));
    exec(store, "PRAGMA page_size=4096; PRAGMA locking_mode=EXCLUSIVE; PRAGMA secure_delete=ON; "
                "PRAGMA foreign_keys=OFF;"
                "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"
                "PRAGMA cache_size=-2048; PRAGMA temp_store=MEMORY;"
                "PRAGMA journal_size_limit=4194304;");
    exec(store, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
    if (PLANTED(2)) {
        exec(store, "PRAGMA synchronous=OFF");
    }
    int64_t application = pragma_get(store, "PRAGMA application_id");
    if (store->err == OK && application != 0 && application != APPLICATION_ID) {
        store->err = ERR_DAMAGED;
        strncpy(store->why, "it isn't a database of Jam", sizeof(store->why) - 1);
    }
    bool large = pragma_get(store, "PRAGMA page_count") > LOOK_AT_ONCE;
    store->look_at = large ? 0 : -1;
    if (store->err == OK && application == APPLICATION_ID && !large && !is_sound(store) &&
        store->err == OK) {
        store->err = ERR_DAMAGED;
        strncpy(store->why, "its pages don't fit together", sizeof(store->why) - 1);
    }
    exec(store, "BEGIN IMMEDIATE");
    exec(store, log_sql);
    make_views(store);
    if (application == 0) {
        exec(store, "PRAGMA application_id=1245793585;");
    }
    exec(store, "COMMIT");
    store->residue = true; /* the power may have gone between an erasure and its end */
    store_scrub(store);
    exec(store, "CREATE TEMP TABLE IF NOT EXISTS called (person BLOB PRIMARY KEY, handle TEXT)");
    exec(store, "CREATE TEMP TABLE IF NOT EXISTS machine_now (device BLOB PRIMARY KEY, state TEXT,"
                " since_ms INTEGER) WITHOUT ROWID");
}

static enum err open_as(const char *path, const char *vfs, bool mends,
                        void (*prepare)(struct store *), struct store **out)
{
    struct store *store = calloc(1, sizeof(*store));
    enum err err = store ? pages_open(vfs, mends, &store->pages) : ERR_NOMEM;
    if (err != OK) {
        free(store);
        return err;
    }
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(path, &store->db, flags, pages_vfs(store->pages));
    if (!store->db) {
        store_close(&store);
        return ERR_NOMEM;
    }
    sqlite3_extended_result_codes(store->db, 1);
    if (check(store, rc) &&
        check(store, sqlite3_prepare_v2(store->db, "ROLLBACK", -1, &store->rollback, NULL))) {
        prepare(store);
    }
    err = store->err;
    if (err != OK) {
        store_close(&store);
        return err;
    }
    *out = store;
    return OK;
}

enum err store_open(const char *path, const char *vfs, struct store **out)
{
    return open_as(path, vfs, false, setup, out);
}

/* Nothing is checked and nothing written: what a query can't read it says. */
static void setup_damaged(struct store *store)
{
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_exec(store->db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA query_only=ON;", NULL, NULL,
                 NULL);
}

enum err store_open_damaged(const char *path, const char *vfs, struct store **out)
{
    return open_as(path, vfs, true, setup_damaged, out);
}

void store_close(struct store **store_p)
{
    struct store *store = *store_p;
    if (!store) {
        return;
    }
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        sqlite3_finalize(store->statements[i].stmt);
    }
    sqlite3_finalize(store->rollback);
    sqlite3_close(store->db);
    pages_close(&store->pages);
    free(store);
    *store_p = NULL;
}

sqlite3_stmt *store_query(struct store *store, const char *sql)
{
    size_t at = ((uintptr_t)sql >> 3) % STATEMENTS_MAX;
    for (size_t tries = 0; tries < STATEMENTS_MAX; tries++, at = (at + 1) % STATEMENTS_MAX) {
        struct statement *slot = &store->statements[at];
        if (slot->sql == sql) {
            sqlite3_reset(slot->stmt);
            return slot->stmt;
        }
        if (!slot->sql) {
            int rc = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &slot->stmt,
                                        NULL);
            if (!check(store, rc)) {
                return NULL;
            }
            slot->sql = sql;
            return slot->stmt;
        }
    }
    check(store, SQLITE_NOMEM);
    return NULL;
}

static int bind_blob(sqlite3_stmt *stmt, int i, const void *b, size_t len,
                     sqlite3_destructor_type life)
{
    return b ? sqlite3_bind_blob(stmt, i, b, (int)len, life) : sqlite3_bind_null(stmt, i);
}

static int bind_slice(sqlite3_stmt *stmt, int i, struct slice s, bool text,
                      sqlite3_destructor_type life)
{
    return text && s.at ? sqlite3_bind_text(stmt, i, (const char *)s.at, (int)s.len, life)
                        : bind_blob(stmt, i, s.at, s.len, life);
}

static size_t fixed_len(char type)
{
    switch (type) {
    case 'h':
        return sizeof(struct hash);
    case 'd':
        return sizeof(struct device_id);
    case 's':
        return sizeof(struct stamp);
    default: /* r p f w */
        return 16;
    }
}

/* `life`: whether SQLite may use the bytes where they are, or must copy them. */
static void bind_all(struct store *store, sqlite3_stmt *stmt, const char *types, va_list args,
                     sqlite3_destructor_type life)
{
    for (int i = 1; *types; i++, types++) {
        int rc = SQLITE_OK;
        switch (*types) {
        case 'i':
            rc = sqlite3_bind_int64(stmt, i, va_arg(args, int64_t));
            break;
        case 't':
        case 'b':
            rc = bind_slice(stmt, i, va_arg(args, struct slice), *types == 't', life);
            break;
        case 'n':
            rc = sqlite3_bind_null(stmt, i);
            break;
        default:
            rc = bind_blob(stmt, i, va_arg(args, const void *), fixed_len(*types), life);
        }
        check(store, rc);
    }
}

void store_bind(struct store *store, sqlite3_stmt *stmt, const char *types, ...)
{
    if (!stmt) {
        return;
    }
    va_list args;
    va_start(args, types);
    bind_all(store, stmt, types, args, SQLITE_TRANSIENT);
    va_end(args);
}

bool store_row(struct store *store, sqlite3_stmt *stmt)
{
    if (!stmt) {
        return false;
    }
    if (store->open && store->err != OK) {
        /* SQLite may have rolled the transaction back by itself: what ran now would be saved at once */
        sqlite3_reset(stmt);
        return false;
    }
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        return true;
    }
    check(store, rc);
    sqlite3_reset(stmt);
    return false;
}

bool store_any(struct store *store, sqlite3_stmt *stmt)
{
    bool any = store_row(store, stmt);
    sqlite3_reset(stmt);
    return any;
}

int64_t store_number(struct store *store, sqlite3_stmt *stmt)
{
    int64_t number = store_row(store, stmt) ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return number;
}

void store_run(struct store *store, sqlite3_stmt *stmt)
{
    while (store_row(store, stmt)) {
    }
}

void store_do(struct store *store, const char *sql, const char *types, ...)
{
    sqlite3_stmt *stmt = store_query(store, sql);
    if (!stmt) {
        return;
    }
    va_list args;
    va_start(args, types);
    bind_all(store, stmt, types, args, SQLITE_STATIC);
    va_end(args);
    store_run(store, stmt);
    sqlite3_clear_bindings(stmt);
}

struct slice column_slice(sqlite3_stmt *stmt, int column)
{
    const void *at = sqlite3_column_blob(stmt, column);
    return slice_of(at, (size_t)sqlite3_column_bytes(stmt, column));
}

bool column_fixed(sqlite3_stmt *stmt, int column, void *out, size_t len)
{
    bool blob = sqlite3_column_type(stmt, column) == SQLITE_BLOB; /* a number has a text, too */
    struct slice s = column_slice(stmt, column);
    if (!blob || s.len != len || !s.at) {
        memset(out, 0, len);
        return false;
    }
    memcpy(out, s.at, len);
    return true;
}

int64_t column_len(sqlite3_stmt *stmt, int column, int64_t max)
{
    int64_t len = sqlite3_column_int64(stmt, column);
    return len < 0 ? 0 : len > max ? max : len;
}

enum err store_err(const struct store *store)
{
    return store->err;
}

const char *store_why(const struct store *store)
{
    return store->why;
}

bool store_is_damaged(const struct store *store)
{
    return store->damaged;
}

void store_forgive(struct store *store)
{
    if (!store->open) {
        store->err = OK;
        store->why[0] = '\0';
    }
}

void store_fail(struct store *store, enum err err)
{
    store->err = store->err == OK ? err : store->err;
}

enum err store_begin(struct store *store)
{
    if (store->open) {
        return store->err;
    }
    store_forgive(store);
    store_rollback(store); /* one that couldn't be is still there */
    store->open = exec(store, "BEGIN IMMEDIATE");
    return store->err;
}

/* A reader that was left half-way would keep the WAL from being reset. */
static void reset_all(struct store *store)
{
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        if (sqlite3_stmt_busy(store->statements[i].stmt)) {
            sqlite3_reset(store->statements[i].stmt);
        }
    }
}

void store_erased(struct store *store)
{
    store->residue = true;
}

bool store_has_residue(const struct store *store)
{
    return store->residue;
}

/* That the WAL was cut off must last too: SQLite itself doesn't care. */
static bool sync_wal(struct store *store)
{
    sqlite3_file *wal = NULL;
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, (void *)&wal);
    return !wal || !wal->pMethods || wal->pMethods->xSync(wal, SQLITE_SYNC_FULL) == SQLITE_OK;
}

/* What was overwritten in the database still stands in the WAL until that is cut off, and what moved between pages in those that
 * SQLite has at hand: they are given up, to be read again from the file, which has no gaps (pages.c). */
void store_scrub(struct store *store)
{
    int log = -1;
    if (store->residue && !store->open && !PLANTED(19)) {
        reset_all(store);
        int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &log, NULL);
        store->residue = rc != SQLITE_OK || log > 0 || !sync_wal(store);
        sqlite3_db_release_memory(store->db);
    }
}

enum err store_commit(struct store *store)
{
    if (!store->open) {
        return OK;
    }
    reset_all(store);
    if (!exec(store, "COMMIT")) {
        enum err err = store->err;
        store_rollback(store);
        store->err = err;
        return err;
    }
    store->open = false;
    store_scrub(store);
    return OK;
}

void store_rollback(struct store *store)
{
    reset_all(store);
    if (!sqlite3_get_autocommit(store->db)) {
        sqlite3_step(store->rollback);
        sqlite3_reset(store->rollback);
    }
    store->open = false;
}

bool store_in_transaction(const struct store *store)
{
    return store->open;
}

bool store_local_get(struct store *store, const char *key, void *out, size_t len)
{
    sqlite3_stmt *stmt = store_query(store, "SELECT value FROM local WHERE key=?");
    store_bind(store, stmt, "t", slice_str(key));
    bool found = store_row(store, stmt) && column_fixed(stmt, 0, out, len);
    sqlite3_reset(stmt);
    return found;
}

void store_local_set(struct store *store, const char *key, const void *value, size_t len)
{
    store_do(store, "INSERT INTO local VALUES (?,?) ON CONFLICT DO UPDATE SET value=excluded.value",
             "tb", slice_str(key), slice_of(value, len));
}

/* The key of a WITHOUT ROWID table orders it; a plain SELECT * follows it. */
static void digest_table(struct store *store, const char *name, crypto_generichash_state *state)
{
    char sql[96];
    sqlite3_stmt *rows = NULL;
    sqlite3_snprintf(sizeof(sql), sql, "SELECT * FROM \"%w\" NOT INDEXED", name);
    if (!check(store, sqlite3_prepare_v2(store->db, sql, -1, &rows, NULL))) {
        return;
    }
    crypto_generichash_update(state, (const unsigned char *)name, strlen(name) + 1);
    while (store_row(store, rows)) {
        for (int i = 0; i < sqlite3_column_count(rows); i++) {
            uint8_t head[5] = {(uint8_t)sqlite3_column_type(rows, i)};
            struct slice s = column_slice(rows, i);
            for (int k = 0; k < 4; k++) {
                head[1 + k] = (uint8_t)(s.len >> (8 * k));
            }
            crypto_generichash_update(state, head, sizeof(head));
            crypto_generichash_update(state, s.at, s.len);
        }
    }
    sqlite3_finalize(rows);
}

void store_empty(struct store *store)
{
    tables_each(store, tables_list_sql, "DELETE FROM \"%w\"");
}

/* Freed pages are zeroed (secure_delete), the file shrinks to what is left, and the WAL is cut off. */
void store_squeeze(struct store *store)
{
    reset_all(store);
    exec(store, "VACUUM");
    store_forgive(store); /* on a full disk it stays large; what was freed is zeroed all the same */
    store->residue = true;
    store_scrub(store);
}

void store_clear_views(struct store *store)
{
    views_each(store, "DELETE FROM \"%w\"");
}

struct hash store_digest_views(struct store *store)
{
    struct hash digest;
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof(digest.b));
    sqlite3_stmt *list = store_query(store, store_views_sql);
    while (store_row(store, list)) {
        digest_table(store, (const char *)sqlite3_column_text(list, 0), &state);
    }
    crypto_generichash_final(&state, digest.b, sizeof(digest.b));
    return digest;
}
