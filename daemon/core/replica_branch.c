/* What other machines hold of a void feed: its other branches. They have no effect, but honest entries that were written before
 * the fork was known name them as causes, and without their headers nobody could check such an entry's place in the order. Whoever
 * lacks one asks for it by its id, and gets the headers of its branch from where the feed became void. PROTOCOL.md,
 * "Equivocation". */
#include "replica_inside.h"
#include "planted.h"

/* Where in the log an entry stands, void or not. */
struct spot {
    int64_t feed, branch; /* branch 0: what was applied here */
    uint64_t seq;
    bool placed; /* in the order: all its causes are */
};

/* Of what stands in `branch`. */
#define IS_PLACED                                                                                  \
    " NOT EXISTS (SELECT 1 FROM branch_unplaced u WHERE u.feed=branch.feed AND"                    \
    " u.branch=branch.branch AND u.first<=branch.seq)"

static bool spot_find(struct replica *replica, const struct hash *id, struct spot *spot)
{
    sqlite3_stmt *stmt = store_query(
        replica->store,
        "SELECT feed, 0, seq, 1 FROM entry WHERE substr(hash, 1, 8)=?1 AND hash=?2 UNION ALL"
        " SELECT feed, branch, seq," IS_PLACED
        " FROM branch WHERE substr(hash, 1, 8)=?1 AND hash=?2 LIMIT 1");
    store_bind(replica->store, stmt, "bh", slice_of(id->b, 8), id);
    if (!store_row(replica->store, stmt)) {
        return false;
    }
    *spot =
        (struct spot){sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1),
                      (uint64_t)sqlite3_column_int64(stmt, 2), sqlite3_column_int64(stmt, 3) != 0};
    sqlite3_reset(stmt);
    return true;
}

bool replica_branch_lamport(struct replica *replica, const struct hash *id, uint64_t *lamport)
{
    sqlite3_stmt *stmt = store_query(
        replica->store,
        "SELECT lamport FROM branch WHERE substr(hash, 1, 8)=? AND hash=? AND" IS_PLACED);
    store_bind(replica->store, stmt, "bh", slice_of(id->b, 8), id);
    if (!store_row(replica->store, stmt)) {
        return false;
    }
    *lamport = (uint64_t)sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return true;
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

static void ring_note(struct hash ring[MISSED_MAX], uint32_t *next, const struct hash *id)
{
    for (uint32_t i = 0; i < MISSED_MAX; i++) {
        if (SAME(ring[i], *id)) {
            return;
        }
    }
    ring[(*next)++ % MISSED_MAX] = *id;
}

/* What waiting entries wait for comes in turns: a crowd that waits for what nobody has doesn't stand before the others. */
uint32_t replica_missing(struct replica *replica, struct hash *out, uint32_t max)
{
    static const struct hash none;
    uint32_t count = 0, blocked = 0, skip = 0;
    uint64_t lamport;
    for (uint32_t i = 0; i < MISSED_MAX && count < max; i++) {
        struct hash *id = &replica->missed[i];
        if (!SAME(*id, none) && replica_lamport(replica, id, &lamport)) {
            *id = none;
        }
        if (!SAME(*id, none)) {
            out[count++] = *id;
        }
    }
    for (const struct feed *feed = replica->feeds.waiting; feed; feed = feed->next_waiting) {
        blocked += feed->blocked;
    }
    skip = blocked > max - count ? replica->missing_turn % blocked : 0;
    for (uint32_t round = 0; round < 2; round++) {
        uint32_t at = 0;
        for (const struct feed *feed = replica->feeds.waiting; feed && count < max;
             feed = feed->next_waiting) {
            if (feed->blocked && (at++ < skip) == (round == 1)) {
                out[count++] = feed->blocked_on;
            }
        }
    }
    replica->missing_turn += max;
    return count;
}

uint32_t replica_branch_ends(struct replica *replica, struct hash *out, uint32_t max)
{
    static const struct hash none;
    uint32_t count = 0;
    for (uint32_t i = 0; i < MISSED_MAX && count < max; i++) {
        if (!SAME(replica->branch_ends[i], none)) {
            out[count++] = replica->branch_ends[i];
        }
    }
    return count;
}

/* ---- answering -------------------------------------------------------------------------------------------------- */

/* The seq behind which the asker lacks the branch: the greatest of its ends that lies on the way to the spot. */
static uint64_t served_from(struct replica *replica, const struct spot *spot, uint64_t first,
                            const struct hash *ends, uint32_t ends_count)
{
    uint64_t have = first - 1;
    struct spot end[MISSING_MAX];
    ends_count = ends_count < MISSING_MAX ? ends_count : MISSING_MAX;
    for (uint32_t i = 0; i < ends_count; i++) {
        if (!spot_find(replica, &ends[i], &end[i]) || end[i].feed != spot->feed) {
            end[i] = (struct spot){.seq = 0};
        }
    }
    sqlite3_stmt *stmt = store_query(replica->store, BRANCH_PATH " SELECT branch, last FROM path"
                                                                 " UNION ALL SELECT 0, min(first)-1"
                                                                 " FROM path");
    store_bind(replica->store, stmt, "iiii", spot->feed, (int64_t)0, (int64_t)spot->seq - 1,
               spot->branch);
    while (store_row(replica->store, stmt)) {
        int64_t branch = sqlite3_column_int64(stmt, 0);
        uint64_t last = (uint64_t)sqlite3_column_int64(stmt, 1);
        for (uint32_t i = 0; i < ends_count; i++) {
            if (end[i].branch == branch && end[i].seq <= last && end[i].seq > have) {
                have = end[i].seq;
            }
        }
    }
    return have;
}

/* Which branch signs what was applied here up to a spot of the feed; 0 if none does, or none need. */
static int64_t branch_that_covers(struct replica *replica, const struct feed *feed,
                                  const struct spot *spot)
{
    if (spot->branch || spot->seq <= feed->signed_seq) {
        return spot->branch;
    }
    sqlite3_stmt *stmt = store_query(
        replica->store, "SELECT branch FROM branch b WHERE feed=?1 AND NOT EXISTS (SELECT 1 FROM"
                        " branch_parent p WHERE p.feed=?1 AND p.branch=b.branch)"
                        " GROUP BY branch HAVING min(seq)>?2 ORDER BY min(seq) LIMIT 1");
    store_bind(replica->store, stmt, "ii", feed->row, (int64_t)spot->seq);
    return store_number(replica->store, stmt);
}

bool replica_branch_runs(struct replica *replica, const struct hash *id, const struct hash *ends,
                         uint32_t ends_count, size_t room_bytes, struct feed_id *feed_id,
                         struct pack *out, uint32_t *runs)
{
    struct spot spot;
    struct feed *feed = NULL;
    if (!spot_find(replica, id, &spot)) {
        return false;
    }
    sqlite3_stmt *stmt = store_query(replica->store, "SELECT feed FROM feed WHERE id=?");
    store_bind(replica->store, stmt, "i", spot.feed);
    if (store_row(replica->store, stmt)) {
        column_fixed(stmt, 0, feed_id->b, sizeof(feed_id->b));
        sqlite3_reset(stmt);
        feed = feeds_find(&replica->feeds, replica->store, feed_id);
    }
    if (feed && spot.branch == 0 &&
        replica_loose_run(replica, feed, spot.seq, room_bytes + RUN_HEAD_BYTES, out)) {
        (*runs)++;
        return true;
    }
    if (!feed || !feed->void_seq || spot.seq < feed->void_seq) {
        return false; /* its head tells of it */
    }
    spot.branch = branch_that_covers(replica, feed, &spot);
    uint64_t have = served_from(replica, &spot, feed->void_seq, ends, ends_count);
    size_t start = pack_bytes(out).len;
    while (have < spot.seq) {
        size_t used = pack_bytes(out).len - start;
        uint32_t count = used < room_bytes ? replica_write_branch(replica, feed, spot.branch, have,
                                                                  room_bytes - used, out)
                                           : 0;
        if (count == 0) {
            break;
        }
        (*runs)++;
        have += count;
    }
    return true;
}

/* ---- taking ----------------------------------------------------------------------------------------------------- */

static void store_header(struct replica *replica, const struct feed *feed, int64_t branch,
                         struct entry *entry, const struct hash *id,
                         const struct signature *signature)
{
    entry_strip(entry);
    struct slice after = slice_of(entry->after_count ? entry->after : NULL,
                                  entry->after_count * sizeof(struct hash));
    store_do(replica->store,
             "INSERT INTO branch (feed, branch, seq, lamport, time_ms, hash, after, length,"
             " stub, rest, signature) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
             "iiiiihbibbb", feed->row, branch, (int64_t)entry->seq, (int64_t)entry->lamport,
             (int64_t)entry->time_ms, id, after, (int64_t)entry->payload_len,
             slice_of(entry->stub.b, entry->stub.len), SLICE(entry->rest),
             signature ? SLICE(*signature) : slice_of(NULL, 0));
}

/* What a branch has from here on is placed one by one, by place(). */
static void unplace(struct replica *replica, const struct feed *feed, int64_t branch, uint64_t seq)
{
    store_do(replica->store, "INSERT OR IGNORE INTO branch_unplaced VALUES (?,?,?)", "iii",
             feed->row, branch, (int64_t)seq);
}

/* So is all that it stands behind, also what was applied here since. Whoever waits for it can go on. False: it was placed
 * before. */
static bool place(struct replica *replica, const struct hash *id)
{
    struct spot spot;
    if (!spot_find(replica, id, &spot) || spot.placed) {
        return false;
    }
    store_do(replica->store, "UPDATE branch_unplaced SET first=?3+1 WHERE feed=?1 AND branch=?2",
             "iii", spot.feed, spot.branch, (int64_t)spot.seq);
    feeds_unblock(&replica->feeds, id);
    return true;
}

/* The branch that goes on behind a spot of the feed: that one if it ends there, else a new one that parts from it. */
static int64_t branch_behind(struct replica *replica, const struct feed *feed, int64_t branch,
                             uint64_t seq)
{
    int64_t next = 1, end = 0;
    sqlite3_stmt *stmt =
        store_query(replica->store, "SELECT (SELECT coalesce(max(branch), 0) FROM branch WHERE"
                                    " feed=?1) + 1, (SELECT max(seq) FROM branch WHERE feed=?1 AND"
                                    " branch=?2)");
    store_bind(replica->store, stmt, "ii", feed->row, branch);
    if (store_row(replica->store, stmt)) {
        next = sqlite3_column_int64(stmt, 0);
        end = sqlite3_column_int64(stmt, 1);
        sqlite3_reset(stmt);
    }
    if (branch && end == (int64_t)seq) {
        return branch;
    }
    if (branch) {
        store_do(replica->store, "INSERT INTO branch_parent VALUES (?,?,?)", "iii", feed->row, next,
                 branch);
    }
    return next;
}

/* How many entries of the decoded run have the place in the order that follows from their causes, which may be void themselves:
 * the next one's aren't all here, or it lies. No fault of who passes it on, who may not know them either. */
static uint32_t count_placed(struct replica *replica, uint64_t lamport)
{
    const struct decoded *d = &replica->decoded;
    uint32_t placed = 0;
    for (bool known = true; placed < d->count; placed++) {
        const struct entry *entry = &d->entries[placed];
        for (uint32_t k = 0; k < entry->after_count; k++) {
            uint64_t one = 0;
            if (!replica_is_before(d, placed, &entry->after[k]) &&
                !replica_lamport(replica, &entry->after[k], &one)) {
                ring_note(replica->missed, &replica->missed_next, &entry->after[k]);
                known = false;
            }
            lamport = one > lamport ? one : lamport;
        }
        if (!known || entry->lamport != ++lamport) {
            break;
        }
    }
    return placed;
}

/* Stores what isn't here yet of a run, behind an entry of that branch: all of it, or it couldn't be told to others, as its
 * signature stands at its end. Honest entries may hang on what can be placed, while the rest waits for what comes before them in
 * this very run. ERR_WAIT: it brought nothing. */
static enum err store_branch(struct replica *replica, const struct feed *feed,
                             const struct run *run, int64_t branch, uint32_t placed)
{
    struct decoded *d = &replica->decoded;
    struct spot known;
    uint32_t first = 0;
    if (placed == 0) {
        return ERR_WAIT;
    }
    ring_note(replica->branch_ends, &replica->branch_ends_next, &d->ids[placed - 1]);
    while (first < d->count && spot_find(replica, &d->ids[first], &known)) {
        branch = known.branch;
        first++;
    }
    bool news = first < d->count;
    if (news) {
        branch = branch_behind(replica, feed, branch, run->first_seq + first - 1);
        unplace(replica, feed, branch, run->first_seq + first);
    }
    for (uint32_t i = first; i < d->count; i++) {
        store_header(replica, feed, branch, &d->entries[i], &d->ids[i],
                     i + 1 == d->count ? &run->signature : NULL);
    }
    for (uint32_t i = 0; i < placed; i++) {
        news |= place(replica, &d->ids[i]);
    }
    return news ? store_err(replica->store) : ERR_WAIT;
}

void replica_keep_waiting(struct replica *replica, struct feed *feed)
{
    const struct waiting *last = NULL;
    for (const struct waiting *item = feed->first; item; item = item->next) {
        last = item->has_signature ? item : last;
    }
    if (!last) {
        return;
    }
    int64_t branch = branch_behind(replica, feed, 0, feed->seq);
    unplace(replica, feed, branch, feed->first->entry.seq);
    for (struct waiting *item = feed->first;; item = item->next) {
        store_header(replica, feed, branch, &item->entry, &item->id,
                     item->has_signature ? &item->signature : NULL);
        if (item == last) {
            return;
        }
    }
}

/* Tries one entry that the run may follow. ERR_SIGNATURE: it follows another. */
static enum err take_behind(struct replica *replica, struct feed *feed, const struct run *run,
                            const struct hash *prev, uint64_t lamport, int64_t branch)
{
    const struct decoded *d = &replica->decoded;
    struct spot known;
    enum err err = replica_decode(replica, run, prev);
    if (err != OK) {
        return err;
    }
    if (!run_check(&feed->key, &d->ids[d->count - 1], &run->signature)) {
        return ERR_SIGNATURE;
    }
    if (spot_find(replica, &d->ids[d->count - 1], &known) && known.placed) {
        ring_note(replica->branch_ends, &replica->branch_ends_next, &d->ids[d->count - 1]);
        return OK;
    }
    uint32_t placed = count_placed(replica, lamport);
    return placed < d->count && PLANTED(22) ? ERR_WAIT
                                            : store_branch(replica, feed, run, branch, placed);
}

/* It is tried behind what was applied, then behind the newest branches: many old ones hide none that is told now. */
enum err replica_accept_branch(struct replica *replica, struct feed *feed, const struct run *run)
{
    struct candidate {
        struct hash id;
        uint64_t lamport;
        int64_t branch;
    } at[BRANCHES_MAX];
    uint32_t count = 0;
    sqlite3_stmt *stmt = store_query(
        replica->store,
        "SELECT hash, lamport, 0, ?4 AS age FROM entry WHERE feed=?1 AND seq=?2 UNION ALL"
        " SELECT hash, lamport, branch, branch FROM branch WHERE feed=?1 AND seq=?2 AND" IS_PLACED
        " ORDER BY 4 DESC LIMIT ?3");
    store_bind(replica->store, stmt, "iiii", feed->row, (int64_t)run->first_seq - 1,
               (int64_t)BRANCHES_MAX, INT64_MAX);
    while (store_row(replica->store, stmt)) {
        at[count].lamport = (uint64_t)sqlite3_column_int64(stmt, 1);
        at[count].branch = sqlite3_column_int64(stmt, 2);
        count += column_fixed(stmt, 0, at[count].id.b, sizeof(at[count].id.b));
    }
    enum err err = ERR_SIGNATURE;
    if (run->first_seq == 1) {
        struct hash none = {{0}};
        err = take_behind(replica, feed, run, &none, 0, 0);
    }
    for (uint32_t i = 0; i < count && err == ERR_SIGNATURE; i++) {
        err = take_behind(replica, feed, run, &at[i].id, at[i].lamport, at[i].branch);
    }
    return err == ERR_SIGNATURE ? ERR_WAIT : err; /* it may follow what isn't here */
}
