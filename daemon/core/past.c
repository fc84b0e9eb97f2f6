/* Causal pasts, by one walk back over the entries in the order in which they were applied: each stands after its causes. */
#include "past.h"

#include <stdlib.h>

/* A walk. Entries of a feed up to `done` needn't be looked at: they and their causes are in. */
struct walk {
    struct store *store;
    int64_t rows;
    uint64_t *reach, *done;
    uint64_t count; /* entries that are in */
    uint64_t left;  /* of them weren't met yet */
    uint64_t walked;
};

static void walk_raise(struct walk *walk, int64_t row, uint64_t seq)
{
    if (row >= 0 && row < walk->rows && seq > walk->reach[row]) {
        walk->count += seq - walk->reach[row];
        walk->left += seq - walk->reach[row];
        walk->reach[row] = seq;
    }
}

static void walk_causes(struct walk *walk, struct slice after)
{
    for (; after.len >= sizeof(struct hash); after.at += sizeof(struct hash)) {
        sqlite3_stmt *stmt =
            store_query(walk->store, "SELECT f.id, e.seq FROM entry e JOIN feed f ON f.id=e.feed"
                                     " WHERE substr(hash, 1, 8)=? AND hash=?"
                                     " AND (f.void_seq=0 OR e.seq<f.void_seq)");
        store_bind(walk->store, stmt, "bb", slice_of(after.at, 8),
                   slice_of(after.at, sizeof(struct hash)));
        if (store_row(walk->store, stmt)) {
            walk_raise(walk, sqlite3_column_int64(stmt, 0),
                       (uint64_t)sqlite3_column_int64(stmt, 1));
            sqlite3_reset(stmt);
        }
        after.len -= sizeof(struct hash);
    }
}

/* Met the entry whose past is known: none of what lies in it was met yet. */
static void walk_join(struct walk *walk, const struct past *known)
{
    for (int64_t row = 0; row < known->rows; row++) {
        uint64_t both = known->reach[row] < walk->reach[row] ? known->reach[row] : walk->reach[row];
        walk->left -= both;
        walk->count += known->reach[row] - both;
        walk->done[row] = known->reach[row];
        walk->reach[row] += known->reach[row] - both;
    }
}

static void walk_back(struct walk *walk, const struct past *known, int64_t from)
{
    sqlite3_stmt *stmt = store_query(
        walk->store, "SELECT id, feed, seq, after FROM entry WHERE id<=? ORDER BY id DESC");
    store_bind(walk->store, stmt, "i", from);
    while (walk->left > 0 && store_row(walk->store, stmt)) {
        int64_t row = sqlite3_column_int64(stmt, 1);
        uint64_t seq = (uint64_t)sqlite3_column_int64(stmt, 2);
        walk->walked++;
        if (seq > walk->reach[row] || seq <= walk->done[row]) {
            continue;
        }
        if (sqlite3_column_int64(stmt, 0) == known->entry) {
            walk_join(walk, known);
            continue;
        }
        walk->left--;
        walk_causes(walk, column_slice(stmt, 3));
    }
    sqlite3_reset(stmt);
}

bool past_find(struct past *past, const struct past *known, struct store *store,
               const struct feed_id *feed, uint64_t seq)
{
    struct walk walk = {.store = store};
    *past = (struct past){0};
    walk.rows = store_number(store, store_query(store, "SELECT max(id) FROM feed")) + 1;
    sqlite3_stmt *stmt = store_query(store, "SELECT id FROM feed WHERE feed=?");
    store_bind(store, stmt, "f", feed);
    int64_t row = store_number(store, stmt);
    stmt = store_query(store, "SELECT id FROM entry WHERE feed=? AND seq=?");
    store_bind(store, stmt, "ii", row, (int64_t)seq);
    int64_t entry = store_number(store, stmt);
    walk.reach = calloc((size_t)walk.rows, sizeof(*walk.reach));
    walk.done = calloc((size_t)walk.rows, sizeof(*walk.done));
    if (walk.reach && walk.done) {
        walk_raise(&walk, row, seq);
        walk_back(&walk, known, entry);
    } else {
        store_fail(store, ERR_NOMEM);
    }
    free(walk.done);
    if (store_err(store) != OK) {
        free(walk.reach);
        return false;
    }
    *past = (struct past){entry, walk.rows, walk.count, walk.walked, walk.reach};
    return true;
}

uint64_t past_reach(const struct past *past, int64_t row)
{
    return row >= 0 && row < past->rows ? past->reach[row] : 0;
}

void past_clear(struct past *past)
{
    free(past->reach);
    *past = (struct past){0};
}
