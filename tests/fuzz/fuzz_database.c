/* No damage to a database breaks a machine: it is set aside, or what it holds is served, as far as it makes sense. The input
 * is what happens to the disk while the machine is off, one array behind the other:
 *   [0, table, column, row, value]  another value there, and everywhere where that column had the same
 *   [1, table, column, row]         what has the same there is gone
 *   [2, offset, bytes]              other bytes in the database; with 3, in its log (the WAL)
 *   [4, len]                        the database is so long; with 5, its log */
#include "machine.h"

enum { CHANGES_MAX = 16, ROWS_MAX = 64 };

const size_t fuzz_room = SIZE_MAX / 2; /* the machine counts for each event */

enum change { CHANGE_VALUE, CHANGE_GONE, CHANGE_BYTES, CHANGE_LOG, CHANGE_LEN, CHANGE_LOG_LEN };

static void bind_value(sqlite3_stmt *stmt, const msgpack_object *o)
{
    struct slice s;
    int64_t number;
    if (read_int(o, &number)) {
        sqlite3_bind_int64(stmt, 1, number);
    } else if (read_bin(o, &s)) {
        sqlite3_bind_blob(stmt, 1, s.at ? (const void *)s.at : "", (int)s.len, SQLITE_TRANSIENT);
    } else if (read_text(o, &s)) {
        sqlite3_bind_text(stmt, 1, (const char *)s.at, (int)s.len, SQLITE_TRANSIENT);
    } else {
        sqlite3_bind_null(stmt, 1);
    }
}

/* The n-th of the names that a query lists, counted round; false if there is none. */
static bool name_at(sqlite3 *db, const char *sql, const char *of, uint64_t n, char out[64])
{
    sqlite3_stmt *stmt = NULL;
    uint64_t count = 0;
    fuzz_check(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK);
    sqlite3_bind_text(stmt, 1, of, -1, SQLITE_STATIC);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        count++;
    }
    sqlite3_reset(stmt);
    for (uint64_t i = 0; count > 0 && i <= n % count; i++) {
        fuzz_check(sqlite3_step(stmt) == SQLITE_ROW);
        sqlite3_snprintf(64, out, "%s", (const char *)sqlite3_column_text(stmt, 0));
    }
    sqlite3_finalize(stmt);
    return count > 0;
}

static const char gone_sql[] =
    "DELETE FROM \"%w\" WHERE \"%w\" IS (SELECT \"%w\" FROM \"%w\" LIMIT 1 OFFSET %d)";
static const char value_sql[] = "UPDATE OR IGNORE \"%w\" SET \"%w\"=?1 WHERE \"%w\" IS "
                                "(SELECT \"%w\" FROM \"%w\" LIMIT 1 OFFSET %d)";

static void change_rows(sqlite3 *db, enum change change, const msgpack_object *items,
                        uint32_t count)
{
    char table[64], column[64], sql[512];
    sqlite3_stmt *stmt = NULL;
    uint64_t numbers[3] = {0};
    for (uint32_t i = 0; i < 3 && i + 1 < count; i++) {
        read_uint(&items[1 + i], &numbers[i]);
    }
    if (!name_at(db,
                 "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%' "
                 "ORDER BY name",
                 "", numbers[0], table) ||
        !name_at(db, "SELECT name FROM pragma_table_info(?)", table, numbers[1], column)) {
        return;
    }
    int row = (int)(numbers[2] % ROWS_MAX);
    if (change == CHANGE_GONE) {
        sqlite3_snprintf(sizeof(sql), sql, gone_sql, table, column, column, table, row);
    } else {
        sqlite3_snprintf(sizeof(sql), sql, value_sql, table, column, column, column, table, row);
    }
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK) {
        bind_value(stmt, count > 4 ? &items[4] : NULL);
        sqlite3_step(stmt);
    }
    sqlite3_finalize(stmt);
}

/* What is written goes into a log that stays beside the database. */
static sqlite3 *open_log(struct machine *m)
{
    sqlite3 *db = NULL;
    fuzz_check(sqlite3_open_v2(machine_path, &db, SQLITE_OPEN_READWRITE, disk_vfs(m->disk)) ==
               SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;", NULL, NULL, NULL);
    return db;
}

/* The changes of rows come first; then those of bytes. */
static void change_disk(struct machine *m, const struct doc *docs, uint32_t docs_count, bool rows)
{
    sqlite3 *db = rows ? open_log(m) : NULL;
    for (uint32_t i = 0; i < docs_count; i++) {
        const msgpack_object *items;
        uint32_t count;
        uint64_t change, number = 0;
        struct slice bytes;
        if (!read_array(&docs[i].root, &items, &count) || count < 2 ||
            !read_uint(&items[0], &change) || change > CHANGE_LOG_LEN ||
            rows != (change <= CHANGE_GONE)) {
            continue;
        }
        bool log = change == CHANGE_LOG || change == CHANGE_LOG_LEN;
        read_uint(&items[1], &number);
        if (rows) {
            change_rows(db, (enum change)change, items, count);
        } else if (change == CHANGE_LEN || change == CHANGE_LOG_LEN) {
            machine_file_cut(m, log, number);
        } else if (count > 2 && read_bin(&items[2], &bytes)) {
            machine_file_write(m, log, number, bytes);
        }
    }
    sqlite3_close(db);
}

static void ask(struct machine *m, const char *method, const char *key, const char *value)
{
    struct pack p;
    pack_init(&p);
    pack_array(&p, 4);
    pack_uint(&p, 0);
    pack_uint(&p, 1);
    pack_str(&p, method);
    pack_map(&p, 2);
    pack_str(&p, key);
    pack_str(&p, value);
    pack_str(&p, "passphrase");
    pack_str(&p, "cobweb item comet");
    machine_ask(m, 1, pack_bytes(&p));
    pack_clear(&p);
}

/* A member asks for all that the machine has. */
static void want_all(struct machine *m)
{
    struct pack p;
    pack_init(&p);
    for (uint32_t i = 0; i < MACHINE_KNOWN_MAX; i++) {
        struct want want = {.have = 0};
        struct slice id = machine_known(i);
        if (id.len == sizeof(want.feed.b)) {
            memcpy(want.feed.b, id.at, id.len);
            pack_reset(&p);
            pack_wants(&p, CREDIT_BYTES, 1);
            pack_want(&p, &want);
            machine_tell(m, MEMBER_PUPIL, pack_bytes(&p));
        }
    }
    pack_clear(&p);
}

static void serve(struct machine *m)
{
    static const char *const looks[] = {"status", "list",      "who",           "class.list",
                                        "show",   "task.list", "people.list",   "class.devices",
                                        "watch",  "inbox",     "redact.receipt"};
    machine_open(m);
    ask(m, "hello", "handle", "ana");
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        ask(m, looks[i], "jam", "bridge");
    }
    ask(m, "note", "text", "on we go");
    want_all(m);
    machine_pass(m, 3000);
    machine_close(m);
}

void fuzz_one(struct slice input)
{
    struct machine m;
    struct doc docs[CHANGES_MAX];
    uint32_t count = 0;
    while (count < CHANGES_MAX && input.len) {
        size_t used = 0;
        if (pack_scan_first(input, PACK_LOCAL, &used) != OK ||
            doc_open(&docs[count], slice_of(input.at, used), PACK_LOCAL) != OK) {
            break;
        }
        count++;
        input = slice_of(input.at + used, input.len - used);
    }
    machine_disk(&m);
    m.damaged = true;
    change_disk(&m, docs, count, true);
    change_disk(&m, docs, count, false);
    serve(&m);
    for (uint32_t i = 0; i < count; i++) {
        doc_clear(&docs[i]);
    }
}
