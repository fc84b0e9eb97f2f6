/* What applied entries say takes effect: once a signature covers them, in the views, as tips, and as news for watchers; and all
 * of it again, where an entry changed what was said before. */
#include <stdlib.h>

#include "replica_inside.h"

/* ---- news for watchers ------------------------------------------------------------------------------------------ */

static void fresh_keep(struct replica *replica, const struct fact *fact, struct slice bytes)
{
    if (!replica->watched || bytes.len > OP_BYTES_MAX) {
        return;
    }
    if (replica->fresh_count == FRESH_MAX) {
        free(replica->fresh[replica->fresh_first]);
        replica->fresh_first = (replica->fresh_first + 1) % FRESH_MAX;
        replica->fresh_count--;
    }
    struct fresh *fresh = malloc(sizeof(*fresh));
    if (!fresh) {
        return;
    }
    memcpy(fresh->bytes, bytes.at, bytes.len);
    fresh->fact = *fact;
    if (op_decode(slice_of(fresh->bytes, bytes.len), &fresh->op) != OK) {
        free(fresh);
        return;
    }
    fresh->fact.op = &fresh->op;
    replica->fresh[(replica->fresh_first + replica->fresh_count++) % FRESH_MAX] = fresh;
}

/* What was erased in the same turn is nobody's news. */
void replica_drop_fresh(struct replica *replica, const struct ref *id)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < replica->fresh_count; i++) {
        struct fresh *fresh = replica->fresh[(replica->fresh_first + i) % FRESH_MAX];
        if (SAME(fresh->fact.id, *id)) {
            wipe(fresh, sizeof(*fresh));
            free(fresh);
        } else {
            replica->fresh[(replica->fresh_first + kept++) % FRESH_MAX] = fresh;
        }
    }
    replica->fresh_count = kept;
}

const struct fact *replica_fresh(struct replica *replica)
{
    free(replica->told);
    replica->told = NULL;
    if (replica->fresh_count == 0) {
        return NULL;
    }
    replica->told = replica->fresh[replica->fresh_first];
    replica->fresh_first = (replica->fresh_first + 1) % FRESH_MAX;
    replica->fresh_count--;
    return &replica->told->fact;
}

void replica_watched(struct replica *replica, bool watched)
{
    replica->watched = watched;
}

void replica_clear_fresh(struct replica *replica)
{
    while (replica_fresh(replica)) {
    }
}

/* ---- taking effect ---------------------------------------------------------------------------------------------- */

uint32_t replica_read_op(struct replica *replica, struct slice payload, struct op *op)
{
    enum err err = op_decode(slice_of(payload.at + SALT_BYTES, payload.len - SALT_BYTES), op);
    if (err == ERR_NOMEM) {
        store_fail(replica->store, err); /* it isn't known what it says */
    }
    if (err == ERR_VERSION) {
        return op->kind >= OP_KINDS ? op->kind : OP_KINDS;
    }
    return err == OK ? op->kind : 0;
}

struct fact replica_fact_of(const struct feed *feed, const struct entry *entry,
                            const struct hash *id, const struct op *op)
{
    return (struct fact){.stamp = stamp_of(entry->lamport, &entry->feed, entry->seq),
                         .id = ref_of(id),
                         .time_ms = entry->time_ms,
                         .device = feed->device,
                         .op = op};
}

/* Into the views, if its author may say it. */
static bool fold(struct replica *replica, const struct fact *fact)
{
    if (!authority_counts(&replica->authority, fact)) {
        authority_refuse(&replica->authority, fact);
        return false;
    }
    if (fact->op->kind == OP_REDACT) {
        return replica_redact(replica, fact);
    }
    views_fold(replica->store, fact);
    replica->folded |= UINT64_C(1) << fact->op->kind;
    return true;
}

void replica_fold_late(struct replica *replica, const struct fact *fact, struct slice op_bytes)
{
    if (fold(replica, fact)) {
        fresh_keep(replica, fact, op_bytes);
    }
}

uint64_t replica_folded(struct replica *replica)
{
    uint64_t folded = replica->folded;
    replica->folded = 0;
    return folded;
}

#define REFOLD_SELECT                                                                              \
    "SELECT f.feed, e.seq, e.lamport, e.time_ms, e.hash, e.payload, f.void_seq, f.device,"         \
    " e.after FROM entry e JOIN feed f ON f.id=e.feed"

/* An applied entry's op as a fact, from its columns. False: it says nothing, or is void. */
static bool refold_read(struct replica *replica, sqlite3_stmt *stmt, struct op *op,
                        struct fact *fact)
{
    struct feed feed = {.void_seq = (uint64_t)sqlite3_column_int64(stmt, 6)};
    struct hash id;
    struct entry entry = {.seq = (uint64_t)sqlite3_column_int64(stmt, 1),
                          .lamport = (uint64_t)sqlite3_column_int64(stmt, 2),
                          .time_ms = (uint64_t)sqlite3_column_int64(stmt, 3),
                          .payload = column_slice(stmt, 5)};
    entry.payload_len = (uint32_t)entry.payload.len;
    if (!column_fixed(stmt, 0, entry.feed.b, sizeof(entry.feed.b)) ||
        !column_fixed(stmt, 4, id.b, sizeof(id.b)) ||
        !column_fixed(stmt, 7, feed.device.b, sizeof(feed.device.b)) ||
        entry.payload.len <= SALT_BYTES || feed_is_void(&feed, entry.seq)) {
        return false;
    }
    uint32_t kind = replica_read_op(replica, entry.payload, op);
    *fact = replica_fact_of(&feed, &entry, &id, op);
    return kind > 0 && kind < OP_KINDS;
}

void replica_fold_at(struct replica *replica, const struct stamp *stamp)
{
    struct op op;
    struct fact fact;
    struct feed_id feed = stamp_feed(stamp);
    sqlite3_stmt *stmt = store_query(replica->store, REFOLD_SELECT " WHERE f.feed=? AND e.seq=?");
    store_bind(replica->store, stmt, "fi", &feed, (int64_t)stamp_seq(stamp));
    if (store_row(replica->store, stmt) && refold_read(replica, stmt, &op, &fact)) {
        fold(replica, &fact);
    }
    sqlite3_reset(stmt);
}

/* An entry that a signature covers takes effect: in the views, and as a tip. */
void replica_settle(struct replica *replica, const struct fact *fact, struct slice payload)
{
    if (replica_is_named(replica, &fact->id)) {
        replica_redact_late(replica, &fact->id); /* whoever redacted it knew it before us */
        if (replica_is_named(replica, &fact->id)) {
            return;
        }
    }
    replica->refold_due |= authority_learn(&replica->authority, fact, STAGE_ANY) == LEARNT_STALE;
    if (fold(replica, fact)) {
        fresh_keep(replica, fact, slice_of(payload.at + SALT_BYTES, payload.len - SALT_BYTES));
    }
}

/* What was applied before a signature covered it: until one did, nobody could be told of it. Had it taken effect, this machine
 * would show what others don't, and who named it as a cause would wait everywhere else, for as long as its author likes. */
void replica_settle_front(struct replica *replica, struct feed *feed, uint64_t end)
{
    struct op op;
    struct fact fact;
    if (feed->settled_seq + 1 >= end) {
        return;
    }
    sqlite3_stmt *stmt = store_query(replica->store, REFOLD_SELECT
                                     " WHERE e.feed=? AND e.seq>? AND e.seq<? ORDER BY e.seq");
    store_bind(replica->store, stmt, "iii", feed->row, (int64_t)feed->settled_seq, (int64_t)end);
    while (store_row(replica->store, stmt)) {
        struct tip tip = {.lamport = (uint64_t)sqlite3_column_int64(stmt, 2),
                          .feed = feed->id,
                          .seq = (uint64_t)sqlite3_column_int64(stmt, 1)};
        column_fixed(stmt, 4, tip.id.b, sizeof(tip.id.b));
        if (!feed_is_void(feed, tip.seq)) {
            replica_follow_tip(replica, &tip, column_slice(stmt, 8));
        }
        if (refold_read(replica, stmt, &op, &fact)) {
            replica_settle(replica, &fact, column_slice(stmt, 5));
        }
    }
}

/* ---- all of it again -------------------------------------------------------------------------------------------- */

/* Does a signature stand at it or behind it? */
bool replica_is_covered(struct replica *replica, const struct fact *fact)
{
    struct feed_id feed = stamp_feed(&fact->stamp);
    const struct head *head = heads_get(replica->heads, &feed);
    return head && stamp_seq(&fact->stamp) <= head->seq;
}

/* One stage of authority, from the whole log. Did it learn anything? */
static bool relearn(struct replica *replica, enum authority_stage stage)
{
    struct op op;
    struct fact fact;
    bool learnt = false;
    sqlite3_stmt *stmt = store_query(replica->store, REFOLD_SELECT
                                     " WHERE (e.kind BETWEEN 4 AND 5 OR e.kind BETWEEN 18 AND 23)"
                                     " AND (?>>e.kind)&1 ORDER BY e.id");
    store_bind(replica->store, stmt, "i", (int64_t)authority_kinds(stage));
    while (store_row(replica->store, stmt)) {
        learnt |= refold_read(replica, stmt, &op, &fact) && replica_is_covered(replica, &fact) &&
                  authority_learn(&replica->authority, &fact, stage) != LEARNT_NOTHING;
    }
    return learnt;
}

static void relearn_all(struct replica *replica)
{
    authority_clear(&replica->authority);
    relearn(replica, STAGE_GRANTS);
    relearn(replica, STAGE_ROOT_REVOKES);
    relearn(replica, STAGE_ROOT);
    while (relearn(replica, STAGE_TEACHERS)) {
    }
    relearn(replica, STAGE_BOUNDS);
    relearn(replica, STAGE_REVOKES);
}

static void refold_all(struct replica *replica, sqlite3_stmt *stmt)
{
    struct op op;
    struct fact fact;
    while (store_row(replica->store, stmt)) {
        if (refold_read(replica, stmt, &op, &fact) && replica_is_covered(replica, &fact)) {
            fold(replica, &fact);
        }
    }
}

/* So that no crash loses what is to be done. */
static void mark_due(struct replica *replica)
{
    uint8_t mark =
        (uint8_t)((replica->refold_due ? DUE_REFOLD : 0) | (replica->erase_due ? DUE_ERASED : 0));
    if (mark != replica->marked && store_in_transaction(replica->store)) {
        store_local_set(replica->store, "due", &mark, sizeof(mark));
        replica->marked = mark;
    }
}

void replica_load_due(struct replica *replica)
{
    replica->marked = 0;
    store_local_get(replica->store, "due", &replica->marked, sizeof(replica->marked));
    replica->refold_due = replica->marked & DUE_REFOLD;
    replica->erase_due = replica->marked & DUE_ERASED;
    replica->refold_from.ms = INT64_MIN / 2;
}

/* Redactions first: what they erase the others don't fold. */
enum err replica_refold(struct replica *replica)
{
    enum err err = replica_begin(replica);
    replica->counts.refolds++;
    store_clear_views(replica->store);
    relearn_all(replica);
    replica->folded = UINT64_MAX;
    replica->redacts = true;
    refold_all(replica,
               store_query(replica->store, REFOLD_SELECT " WHERE e.kind=24 ORDER BY e.id"));
    refold_all(replica,
               store_query(replica->store, REFOLD_SELECT " WHERE e.kind<>24 ORDER BY e.id"));
    if (replica->erase_due) {
        store_erased(replica->store);
    }
    replica->refold_due = replica->erase_due = false;
    replica->folded = UINT64_MAX;
    replica->lacking_stale = true;
    mark_due(replica);
    return err == OK ? store_err(replica->store) : err;
}

void replica_refold_some(struct replica *replica, struct now now)
{
    if (!replica->refold_due || now.mono.ms < replica->refold_from.ms) {
        mark_due(replica);
        return;
    }
    uint64_t walked = replica->authority.walked;
    replica_refold(replica);
    walked = replica->authority.walked - walked;
    int64_t saved = now.mono.ms - REFOLD_SAVED_MS;
    int64_t from = replica->refold_from.ms > saved ? replica->refold_from.ms : saved;
    replica->refold_from.ms =
        from + (int64_t)((replica->counts.entries + walked) * 1000 / REFOLD_ENTRIES_S);
}

bool replica_is_stale(const struct replica *replica)
{
    return replica->refold_due;
}

struct mono replica_wake(const struct replica *replica)
{
    return replica->refold_due ? replica->refold_from : (struct mono){INT64_MAX};
}
