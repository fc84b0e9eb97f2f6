/* The log of a damaged database, row by row: what can't be read costs no more than itself. No index is used, nor what SQLite
 * would know of the whole: rows are looked for by their numbers. They come in the order in which they were applied, and are put
 * together again to the runs that they came in. Each is proven as a peer's would be. */
#include <stdlib.h>

#include "device_inside.h"

enum {
    PAGE_ROWS_MAX = 64,   /* a row of the log has more than 64 bytes */
    COMMIT_EACH = 512,    /* runs between two commits */
    AGAIN_MS_EACH = 2000, /* between two tries of what waits */
};

/* One that is read: its entries since the last signature. */
struct reading {
    struct feed_id id;
    bool known; /* its first entry was read, which says what the id is */
    uint64_t first;
    uint32_t count;
    struct pack entries;
    struct hash prev; /* the id of the row before, which has this seq */
    uint64_t prev_seq;
};

struct salvage {
    struct store *store;
    struct device *device;
    struct class *class;
    struct now now;
    struct reading *feeds; /* by their row numbers, from 0 */
    int64_t feeds_count, rows;
    struct pack run;
    uint32_t runs;
};

/* ---- runs into the log --------------------------------------------------------------------------------------------- */

static bool is_there(const struct class *class, const struct feed_id *feed, uint64_t last)
{
    const struct head *head = heads_get(replica_heads(class->replica), feed);
    return head && (head->seq >= last || (head->void_seq && head->void_seq <= last));
}

/* Hands a run to the log. ERR_WAIT: it isn't applied yet, but may be. Anything else but OK and ERR_NOMEM: never. */
static enum err offer(struct class *class, struct slice bytes, struct now now)
{
    struct doc doc;
    struct run run;
    uint32_t applied = 0;
    enum err err = doc_open(&doc, bytes, PACK_STRICT);
    if (err != OK) {
        return err;
    }
    err = run_read(&doc.root, &run);
    if (err == OK) {
        err = replica_accept(class->replica, &run, now, false, &applied);
        err = err == ERR_LIMIT || err == OK ? ERR_WAIT : err;
        if (err == ERR_WAIT && is_there(class, &run.feed, run.first_seq + run.count - 1)) {
            err = OK;
        }
    }
    doc_clear(&doc);
    return store_err(class->store) != OK ? store_err(class->store) : err;
}

static enum err save_some(struct salvage *s)
{
    return ++s->runs % COMMIT_EACH ? OK : class_commit(s->device, s->class, s->now);
}

/* What is read of a feed, up to here where a signature stands. One that doesn't prove it may be damaged itself: the next may. */
static enum err put_run(struct salvage *s, struct reading *feed, const struct signature *signature)
{
    uint64_t last = feed->first + feed->count - 1;
    pack_reset(&s->run);
    run_pack_head(&s->run, &feed->id, feed->first, signature, feed->count);
    pack_raw(&s->run, pack_bytes(&feed->entries));
    if (s->run.failed || feed->entries.failed) {
        return ERR_NOMEM;
    }
    enum err err = offer(s->class, pack_bytes(&s->run), s->now);
    if (err == ERR_SIGNATURE) {
        return OK;
    }
    feed->count = 0;
    if (err == ERR_WAIT) {
        store_do(s->class->store, "INSERT OR REPLACE INTO salvaged VALUES (?,?,?)", "fib",
                 &feed->id, (int64_t)last, pack_bytes(&s->run));
    } else if (err == ERR_NOMEM) {
        return err;
    }
    err = store_err(s->class->store);
    return err == OK ? save_some(s) : err;
}

/* A feed is called what its first entry makes it be called. */
static void meet(struct salvage *s, struct reading *feed, const struct entry *entry)
{
    struct op op;
    if (entry->payload.len > SALT_BYTES &&
        op_decode(slice_of(entry->payload.at + SALT_BYTES, entry->payload.len - SALT_BYTES), &op) ==
            OK &&
        op.kind == OP_OPEN) {
        feed->id = feed_id_of(&s->class->id, &op.device, &op.key);
        feed->known = true;
    }
}

static struct reading *reading_at(struct salvage *s, int64_t row)
{
    if (row >= s->feeds_count) {
        int64_t count = row * 2 + 16;
        struct reading *feeds = calloc((size_t)count, sizeof(*feeds));
        if (!feeds) {
            return NULL;
        }
        if (s->feeds) {
            memcpy(feeds, s->feeds, (size_t)s->feeds_count * sizeof(*feeds));
        }
        for (int64_t i = s->feeds_count; i < count; i++) {
            pack_init(&feeds[i].entries);
        }
        free(s->feeds);
        s->feeds = feeds;
        s->feeds_count = count;
    }
    return &s->feeds[row];
}

/* Is it what its own id says, as far as one can tell? Else what it says would spoil all that is proven together with it. */
static bool is_sound(const struct salvage *s, struct reading *feed, struct entry *entry,
                     const struct hash *id)
{
    size_t len = entry->payload.len;
    bool tells = feed->known && feed->prev_seq + 1 == entry->seq;
    if (entry->payload.at && (len <= SALT_BYTES || len > PAYLOAD_BYTES_MAX)) {
        return false;
    }
    entry->feed = feed->id;
    entry->prev = feed->prev;
    if (entry->payload.at) {
        entry->payload_hash = payload_hash(entry->payload);
    } else {
        entry->payload_hash = stub_hash(&entry->stub, &entry->rest);
    }
    struct hash told = tells ? entry_id(&s->class->id, entry) : *id;
    feed->prev = *id;
    feed->prev_seq = entry->seq;
    return SAME(told, *id);
}

/* One row. What lies in it is believed only by its signature. */
static enum err put_row(struct salvage *s, sqlite3_stmt *stmt)
{
    struct entry entry;
    struct signature signature;
    struct hash id, after[AFTER_MAX];
    replica_entry_of_row(stmt, after, &entry);
    int64_t row = sqlite3_column_int64(stmt, 8);
    if (row < 1 || row > s->rows) {
        return OK; /* a feed has an entry at least: so many there can't be */
    }
    struct reading *feed = reading_at(s, row);
    if (!feed) {
        return ERR_NOMEM;
    }
    if (entry.seq == 1) {
        meet(s, feed, &entry);
    }
    column_fixed(stmt, 10, id.b, sizeof(id.b));
    bool is_next = feed->first + feed->count == entry.seq && feed->count < RUN_ENTRIES_MAX;
    bool good = is_sound(s, feed, &entry, &id);
    if (!good || !is_next) {
        feed->count = 0; /* and with it goes what would have proven those before */
    }
    if (!good) {
        return OK;
    }
    if (feed->count == 0) {
        pack_reset(&feed->entries);
        feed->first = entry.seq;
    }
    run_pack_entry(&feed->entries, &entry);
    feed->count++;
    bool is_signed = column_fixed(stmt, 9, signature.b, sizeof(signature.b));
    return is_signed && feed->known ? put_run(s, feed, &signature) : OK;
}

/* ---- rows out of a damaged table ------------------------------------------------------------------------------------ */

/* All rows of a statement over a table, from number ?1 on; the number is its last column. Where one can't be read, nor when it
 * is tried once more, the next number is tried. */
static enum err each_row(struct salvage *s, const char *last_sql, const char *sql, int column,
                         enum err (*put)(struct salvage *, sqlite3_stmt *))
{
    enum err err = OK;
    bool again = false;
    int64_t left = s->rows; /* pages that lead to one another in a circle have no end */
    store_forgive(s->store);
    int64_t last = store_number(s->store, store_query(s->store, last_sql));
    last = store_err(s->store) == OK && last < s->rows ? last : s->rows;
    for (int64_t at = 1; at <= last && err == OK;) {
        store_forgive(s->store);
        sqlite3_stmt *stmt = store_query(s->store, sql);
        store_bind(s->store, stmt, "i", at);
        while (err == OK && left > 0 && store_row(s->store, stmt)) {
            int64_t row = sqlite3_column_int64(stmt, column);
            if (row >= at &&
                row <= last) { /* else its number is wrong: that is no reason to leave out others */
                at = row + 1;
                again = false;
            }
            left--;
            err = put(s, stmt);
        }
        if (stmt) {
            sqlite3_reset(stmt);
        }
        enum err seen = store_err(s->store);
        if (err == OK && (seen == OK || seen == ERR_NOMEM)) {
            return seen;
        }
        if (left == 0 || (!stmt && again)) {
            break; /* not even what tables there are can be read */
        }
        at += again;
        again = !again;
    }
    return err;
}

static const char entries_sql[] =
    "SELECT seq, lamport, time_ms, after, payload, length, stub, rest, feed, signature, hash, id"
    " FROM entry NOT INDEXED WHERE id>=? ORDER BY id";
static const char forks_sql[] =
    "SELECT proof_a, proof_b, id FROM feed NOT INDEXED WHERE id>=? ORDER BY id";

/* A feed that said two things is void here too. */
static enum err put_fork(struct salvage *s, sqlite3_stmt *stmt)
{
    struct doc doc_a, doc_b;
    struct run a, b;
    enum err err = doc_open(&doc_a, column_slice(stmt, 0), PACK_STRICT);
    if (err != OK) {
        return err == ERR_NOMEM ? err : OK;
    }
    err = doc_open(&doc_b, column_slice(stmt, 1), PACK_STRICT);
    if (err == OK) {
        if (run_read(&doc_a.root, &a) == OK && run_read(&doc_b.root, &b) == OK) {
            err = replica_accept_fork(s->class->replica, &a, &b);
        }
        doc_clear(&doc_b);
    }
    doc_clear(&doc_a);
    return err == ERR_NOMEM ? err : store_err(s->class->store);
}

enum err salvage_log(struct device *device, struct store *store, struct class *class,
                     struct now now)
{
    struct salvage s = {.store = store, .device = device, .class = class, .now = now};
    sqlite3_stmt *stmt = store_query(store, "PRAGMA page_count");
    s.rows = store_number(store, stmt) * PAGE_ROWS_MAX;
    pack_init(&s.run);
    enum err err = each_row(&s, "SELECT max(id) FROM entry", entries_sql, 11, put_row);
    err = err == OK ? each_row(&s, "SELECT max(id) FROM feed", forks_sql, 2, put_fork) : err;
    for (int64_t i = 0; i < s.feeds_count; i++) {
        pack_clear(&s.feeds[i].entries);
    }
    free(s.feeds);
    pack_clear(&s.run);
    return err == OK ? salvage_again(class, now) : err;
}

/* ---- what waits ------------------------------------------------------------------------------------------------------ */

enum err salvage_again(struct class *class, struct now now)
{
    struct feed_id feed = {{0}};
    int64_t last = 0;
    enum err err = store_begin(class->store);
    class->salvaged = 0;
    while (err == OK) {
        sqlite3_stmt *stmt =
            store_query(class->store, "SELECT feed, last, run FROM salvaged WHERE"
                                      " (feed, last)>(?,?) ORDER BY feed, last LIMIT 1");
        store_bind(class->store, stmt, "fi", &feed, last);
        if (!store_row(class->store, stmt)) {
            break;
        }
        column_fixed(stmt, 0, feed.b, sizeof(feed.b));
        last = sqlite3_column_int64(stmt, 1);
        err =
            is_there(class, &feed, (uint64_t)last) ? OK : offer(class, column_slice(stmt, 2), now);
        sqlite3_reset(stmt);
        if (err == ERR_WAIT) {
            class->salvaged++;
        } else if (store_err(class->store) == OK && err != ERR_NOMEM) {
            store_do(class->store, "DELETE FROM salvaged WHERE feed=? AND last=?", "fi", &feed,
                     last);
        }
        err = err == ERR_NOMEM ? err : store_err(class->store);
    }
    class->salvaged_at = replica_count(class->replica).entries;
    class->salvage_due.ms = class->salvaged ? now.mono.ms + AGAIN_MS_EACH : 0;
    return err == OK ? store_err(class->store) : err;
}

void salvage_tick(struct class *class, struct now now)
{
    if (!class->replica || !class->salvage_due.ms || now.mono.ms < class->salvage_due.ms) {
        return;
    }
    class->salvage_due.ms = now.mono.ms + AGAIN_MS_EACH;
    if (class->salvaged_at != replica_count(class->replica).entries) {
        class->urgent = true;
        enum err err = salvage_again(class, now);
        if (err != OK) {
            store_fail(class->store, err);
            class->salvage_due.ms = now.mono.ms + AGAIN_MS_EACH;
        }
    }
}
