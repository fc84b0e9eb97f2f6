/* Reading runs of the log for others: each ends with a signature, fits the room, and several feeds are told in the
 * order in which their entries were applied here, so that who receives them waits little. */
#include "replica_inside.h"

enum {
    SERVED_AT_ONCE_MAX =
        4096 /* entries under way out of order: half of what a receiver lets wait */
};

/* What one run would be: its entries encoded one behind the other up to the last signature that was met. */
struct draft {
    struct pack *entries;
    uint32_t count;
    size_t bytes; /* of the entries that are covered by `signature` */
    struct signature signature;
    bool more; /* the feed has entries behind it */
};

void replica_entry_of_row(sqlite3_stmt *stmt, struct hash after[AFTER_MAX], struct entry *entry)
{
    struct slice after_bytes = column_slice(stmt, 3);
    *entry = (struct entry){.seq = (uint64_t)sqlite3_column_int64(stmt, 0),
                            .lamport = (uint64_t)sqlite3_column_int64(stmt, 1),
                            .time_ms = (uint64_t)sqlite3_column_int64(stmt, 2),
                            .after = after,
                            .payload_len = (uint32_t)sqlite3_column_int64(stmt, 5)};
    entry->after_count = (uint32_t)(after_bytes.len / sizeof(struct hash));
    if (entry->after_count > AFTER_MAX) {
        entry->after_count = AFTER_MAX;
    }
    if (entry->after_count) {
        memcpy(after, after_bytes.at, entry->after_count * sizeof(struct hash));
    }
    entry->payload = column_slice(stmt, 4);
    if (!entry->payload.at) {
        struct slice stub = column_slice(stmt, 6);
        entry->stub.len = (uint8_t)(stub.len < STUB_BYTES_MAX ? stub.len : STUB_BYTES_MAX);
        if (entry->stub.len > 0) {
            memcpy(entry->stub.b, stub.at, entry->stub.len);
        }
        column_fixed(stmt, 7, entry->rest.b, sizeof(entry->rest.b));
    }
}

/* By the kind that its stub tells, as who receives it judges whether it may come without. */
void replica_pack_told(struct pack *out, const struct entry *entry, enum telling telling)
{
    struct entry bare = *entry;
    bool whole = telling == TELL_WHOLE;
    if (!whole) {
        entry_strip(&bare);
        whole = telling == TELL_LASTING && !op_is_erasable(stub_kind(&bare.stub));
    }
    run_pack_entry(out, whole ? entry : &bare);
}

/* Its weight. */
static size_t draft_entry(struct pack *pack, sqlite3_stmt *stmt, enum telling telling)
{
    struct hash after[AFTER_MAX];
    struct entry entry;
    replica_entry_of_row(stmt, after, &entry);
    replica_pack_told(pack, &entry, telling);
    return entry_weight(&entry);
}

/* What was applied here, or the way along a branch: first what was applied, up to where the branch begins. */
static const char applied_sql[] =
    "SELECT seq, lamport, time_ms, after, payload, length, stub, rest, signature FROM entry"
    " WHERE feed=?1 AND seq>?2 ORDER BY seq LIMIT ?3";
static const char branch_sql[] = BRANCH_PATH
    " SELECT seq, lamport, time_ms, after, payload, length, stub, rest, signature FROM entry"
    " WHERE feed=?1 AND seq>?2 AND seq<=?3 AND seq<(SELECT min(first) FROM path)"
    " UNION ALL SELECT seq, lamport, time_ms, after, NULL, length, stub, rest, signature"
    " FROM path JOIN branch b ON b.feed=?1 AND b.branch=path.branch AND seq>?2 AND seq<=?3"
    " AND seq BETWEEN first AND last ORDER BY 1";

/* Drafts the longest run after `have` within the bounds. False if there is none that fits. */
static bool draft_run(struct replica *replica, const struct feed *feed, int64_t branch,
                      uint64_t have, uint32_t entries_max, size_t bytes_max, enum telling telling,
                      struct draft *draft)
{
    uint32_t seen = 0;
    size_t weight = 0;
    sqlite3_stmt *stmt = store_query(replica->store, branch ? branch_sql : applied_sql);
    store_bind(replica->store, stmt, branch ? "iiii" : "iii", feed->row, (int64_t)have,
               (int64_t)(branch ? have : 0) + RUN_ENTRIES_MAX + 1, branch);
    draft->entries = &replica->scratch;
    pack_reset(draft->entries);
    while (store_row(replica->store, stmt)) {
        /* past entries_max only to reach the first signature */
        if (seen == RUN_ENTRIES_MAX || (draft->count && seen >= entries_max)) {
            break;
        }
        weight += draft_entry(draft->entries, stmt, telling);
        seen++;
        if (weight > bytes_max) {
            break;
        }
        struct signature signature;
        if (column_fixed(stmt, 8, signature.b, sizeof(signature.b))) {
            draft->signature = signature;
            draft->count = seen;
            draft->bytes = pack_bytes(draft->entries).len;
        }
    }
    sqlite3_reset(stmt);
    draft->more = feed->signed_seq > have + draft->count;
    return draft->count > 0;
}

bool replica_write_entries(struct replica *replica, const struct feed *feed, uint64_t from,
                           uint64_t to, enum telling telling, struct pack *out)
{
    uint64_t seen = 0;
    sqlite3_stmt *stmt = store_query(replica->store, applied_sql);
    store_bind(replica->store, stmt, "iii", feed->row, (int64_t)from - 1, (int64_t)(to - from + 1));
    while (store_row(replica->store, stmt)) {
        draft_entry(out, stmt, telling);
        seen++;
    }
    sqlite3_reset(stmt);
    return seen == to - from + 1;
}

uint32_t replica_write_run(struct replica *replica, const struct feed *feed, uint64_t have,
                           uint32_t entries_max, size_t room_bytes, enum telling telling,
                           struct pack *out, bool *more)
{
    struct draft draft = {.more = false};
    if (room_bytes <= RUN_HEAD_BYTES) {
        *more = feed->signed_seq > have;
        return 0;
    }
    size_t bytes_max = room_bytes - RUN_HEAD_BYTES;
    bytes_max = bytes_max > RUN_BYTES_MAX ? RUN_BYTES_MAX : bytes_max;
    if (!draft_run(replica, feed, 0, have, entries_max, bytes_max, telling, &draft)) {
        *more = feed->signed_seq > have;
        return 0;
    }
    run_pack_head(out, &feed->id, have + 1, &draft.signature, draft.count);
    pack_raw(out, slice_of(pack_bytes(draft.entries).at, draft.bytes));
    out->failed |= draft.entries->failed;
    *more = draft.more;
    return draft.count;
}

uint32_t replica_write_branch(struct replica *replica, const struct feed *feed, int64_t branch,
                              uint64_t have, size_t room_bytes, struct pack *out)
{
    struct draft draft = {.more = false};
    size_t bytes_max = room_bytes > RUN_BYTES_MAX ? RUN_BYTES_MAX : room_bytes;
    if (!draft_run(replica, feed, branch, have, RUN_ENTRIES_MAX, bytes_max, TELL_HEADERS, &draft)) {
        return 0;
    }
    run_pack_head(out, &feed->id, have + 1, &draft.signature, draft.count);
    pack_raw(out, slice_of(pack_bytes(draft.entries).at, draft.bytes));
    out->failed |= draft.entries->failed;
    return draft.count;
}

void replica_doubt(struct replica *replica, bool unsure)
{
    replica->unsure = unsure;
}

bool replica_doubts(const struct replica *replica)
{
    return replica->unsure;
}

static enum telling telling_of(const struct replica *replica, const struct feed *feed)
{
    return replica->unsure && feed != replica->own ? TELL_LASTING : TELL_WHOLE;
}

bool replica_runs(struct replica *replica, const struct feed_id *id, uint64_t have,
                  size_t room_bytes, struct pack *out, uint32_t *runs)
{
    bool more = false;
    struct feed *feed = feeds_find(&replica->feeds, replica->store, id);
    size_t start = pack_bytes(out).len;
    while (feed && feed->signed_seq > have) {
        size_t used = pack_bytes(out).len - start;
        uint32_t count = used < room_bytes
                             ? replica_write_run(replica, feed, have, RUN_ENTRIES_MAX,
                                                 room_bytes - used, TELL_WHOLE, out, &more)
                             : 0;
        if (count == 0) {
            return true;
        }
        (*runs)++;
        have += count;
    }
    return false;
}

/* Where in the order of application a feed's next entry stands; 0 if there is none. */
static int64_t next_row(struct replica *replica, const struct want *want)
{
    struct feed *feed = feeds_find(&replica->feeds, replica->store, &want->feed);
    if (!feed || feed->signed_seq <= want->have) {
        return 0;
    }
    sqlite3_stmt *stmt = store_query(replica->store, "SELECT id FROM entry WHERE feed=? AND seq=?");
    store_bind(replica->store, stmt, "ii", feed->row, (int64_t)want->have + 1);
    return store_number(replica->store, stmt);
}

bool replica_batch(struct replica *replica, struct want *wants, uint32_t wants_count,
                   size_t room_bytes, struct pack *out, uint32_t *runs)
{
    int64_t rows[WANT_MAX];
    size_t start = pack_bytes(out).len;
    uint32_t active = 0;
    wants_count = wants_count > WANT_MAX ? WANT_MAX : wants_count;
    for (uint32_t i = 0; i < wants_count; i++) {
        rows[i] = next_row(replica, &wants[i]);
        active += rows[i] != 0;
    }
    uint32_t entries_max = active ? SERVED_AT_ONCE_MAX / active : 0;
    entries_max = entries_max > RUN_ENTRIES_MAX ? RUN_ENTRIES_MAX : entries_max;
    for (;;) {
        uint32_t first = wants_count;
        for (uint32_t i = 0; i < wants_count; i++) {
            if (rows[i] && (first == wants_count || rows[i] < rows[first])) {
                first = i;
            }
        }
        if (first == wants_count) {
            return false;
        }
        bool more = false;
        size_t used = pack_bytes(out).len - start;
        struct feed *feed = feeds_find(&replica->feeds, replica->store, &wants[first].feed);
        uint32_t count =
            feed && used < room_bytes
                ? replica_write_run(replica, feed, wants[first].have, entries_max,
                                    room_bytes - used, telling_of(replica, feed), out, &more)
                : 0;
        if (count == 0) {
            return true;
        }
        (*runs)++;
        wants[first].have += count;
        rows[first] = next_row(replica, &wants[first]);
    }
}
