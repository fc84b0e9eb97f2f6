/* The log of one class: accepts runs of others, applies each entry after its causes. */
#include <stdlib.h>

#include "ages.h"
#include "replica_inside.h"
#include "planted.h"

/* ---- what is applied, by id ---------------------------------------------------------------------------------- */

static struct recent *recent_slot(struct replica *replica, const struct hash *id)
{
    return &replica->recent[(id->b[0] | (uint32_t)id->b[1] << 8) % RECENT_MAX];
}

bool replica_lamport(struct replica *replica, const struct hash *id, uint64_t *lamport)
{
    struct recent *recent = recent_slot(replica, id);
    if (recent->used && SAME(recent->id, *id)) {
        *lamport = recent->lamport;
        return true;
    }
    sqlite3_stmt *stmt = store_query(
        replica->store, "SELECT lamport FROM entry WHERE substr(hash, 1, 8)=? AND hash=?");
    store_bind(replica->store, stmt, "bh", slice_of(id->b, 8), id);
    if (!store_row(replica->store, stmt)) {
        return replica_branch_lamport(replica, id, lamport);
    }
    *lamport = (uint64_t)sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    *recent = (struct recent){*id, *lamport, true};
    return true;
}

bool replica_id_at(struct replica *replica, const struct feed *feed, uint64_t seq, struct hash *id)
{
    if (seq == 0) {
        memset(id, 0, sizeof(*id));
        return true;
    }
    if (seq == feed->seq) {
        *id = feed->last;
        return true;
    }
    for (const struct waiting *item = feed->first; item && seq > feed->seq; item = item->next) {
        if (item->entry.seq == seq) {
            *id = item->id;
            return true;
        }
    }
    sqlite3_stmt *stmt =
        store_query(replica->store, "SELECT hash FROM entry WHERE feed=? AND seq=?");
    store_bind(replica->store, stmt, "ii", feed->row, (int64_t)seq);
    bool found = store_row(replica->store, stmt);
    if (found) {
        found = column_fixed(stmt, 0, id->b, sizeof(id->b));
        sqlite3_reset(stmt);
    }
    return found;
}

/* ---- applying ------------------------------------------------------------------------------------------------- */

enum err replica_note_head(struct replica *replica, const struct feed *feed)
{
    if (!feed->signed_seq && !feed->void_seq && !PLANTED(25)) {
        return OK; /* its signed end still waits: there is nothing that could be passed on */
    }
    struct head head = {.feed = feed->id,
                        .seq = feed->signed_seq,
                        .void_seq = feed->void_seq,
                        .lamport = feed->signed_lamport};
    struct hash last = feed->signed_last;
    if (feed->void_seq) {
        head.seq = feed->void_seq - 1;
        last = feed->void_last;
    }
    head.last = ref_of(&last);
    return heads_set(replica->heads, &head);
}

void replica_put_signature(struct replica *replica, const struct feed *feed, uint64_t seq,
                           const struct signature *signature)
{
    store_do(replica->store, "UPDATE entry SET signature=? WHERE feed=? AND seq=?", "bii",
             SLICE(*signature), feed->row, (int64_t)seq);
}

enum err replica_note_signed(struct replica *replica, struct feed *feed)
{
    feed->signed_seq = feed->seq;
    feed->signed_last = feed->last;
    feed->signed_lamport = feed->lamport;
    return replica_note_head(replica, feed);
}

static void store_feed(struct replica *replica, struct feed *feed)
{
    store_do(replica->store, "INSERT INTO feed (feed, key, device) VALUES (?,?,?)", "fbd",
             &feed->id, SLICE(feed->key), &feed->device);
    sqlite3_stmt *stmt = store_query(replica->store, "SELECT id FROM feed WHERE feed=?");
    store_bind(replica->store, stmt, "f", &feed->id);
    if (store_row(replica->store, stmt)) {
        feed->row = sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
    }
    replica->counts.feeds++;
}

static void store_entry(struct replica *replica, const struct feed *feed, const struct entry *entry,
                        const struct hash *id, const struct signature *signature, uint32_t kind)
{
    struct slice after = slice_of(entry->after_count ? entry->after : NULL,
                                  entry->after_count * sizeof(struct hash));
    bool whole = entry->payload.at != NULL;
    struct slice none = slice_of(NULL, 0);
    store_do(replica->store,
             "INSERT INTO entry (feed, seq, lamport, time_ms, hash, after, payload, length,"
             " stub, rest, signature, kind) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
             "iiiihbbibbbi", feed->row, (int64_t)entry->seq, (int64_t)entry->lamport,
             (int64_t)entry->time_ms, id, after, entry->payload, (int64_t)entry->payload_len,
             whole ? none : slice_of(entry->stub.b, entry->stub.len),
             whole ? none : SLICE(entry->rest), signature ? SLICE(*signature) : none,
             (int64_t)kind);
}

/* Stores an entry whose causes are all applied; `covered`: it or one that is applied with it is signed. */
enum err replica_apply(struct replica *replica, struct feed *feed, const struct entry *entry,
                       const struct hash *id, const struct signature *signature, bool covered)
{
    if (!feed->row) {
        store_feed(replica, feed);
    }
    struct op op;
    struct ref ref = ref_of(id);
    bool whole = entry->payload.at != NULL;
    uint32_t kind = whole ? replica_read_op(replica, entry->payload, &op) : stub_kind(&entry->stub);
    store_entry(replica, feed, entry, id, signature, kind);
    bool is_void = feed_is_void(feed, entry->seq), counts = covered && !is_void;
    bool settles = counts && whole && kind > 0 && kind < OP_KINDS;
    bool named = !settles && replica_is_named(replica, &ref);
    if (named) {
        replica_redact_late(replica, &ref); /* also what shows nowhere isn't kept if it is erased */
    }
    replica->lacking_stale |= named && !whole;
    replica->lacking += !whole && !named && !is_void; /* all are counted again only if need be */
    if (covered) {
        replica_settle_front(replica, feed, entry->seq);
        feed->settled_seq = entry->seq;
    }
    if (counts) {
        struct tip tip = {*id, entry->lamport, entry->feed, entry->seq};
        replica_follow_tip(replica, &tip,
                           slice_of(entry->after, entry->after_count * sizeof(struct hash)));
        if (settles) {
            struct fact fact = replica_fact_of(feed, entry, id, &op);
            replica_settle(replica, &fact, entry->payload);
        }
    }
    if (store_err(replica->store) != OK) {
        return store_err(replica->store);
    }
    feed->seq = entry->seq;
    feed->last = *id;
    feed->lamport = entry->lamport;
    *recent_slot(replica, id) = (struct recent){*id, entry->lamport, true};
    feeds_unblock(&replica->feeds, id);
    replica->counts.entries++;
    replica->counts.newer += kind >= OP_KINDS;
    return signature ? replica_note_signed(replica, feed) : OK;
}

/* The Lamport number that an entry must have; ERR_WAIT and *missing while a cause isn't applied. */
static enum err causes(struct replica *replica, const struct feed *feed, const struct entry *entry,
                       struct hash *missing, uint64_t *lamport)
{
    uint64_t highest = entry->seq > 1 ? feed->lamport : 0;
    for (uint32_t i = 0; i < entry->after_count; i++) {
        uint64_t one = 0;
        if (!replica_lamport(replica, &entry->after[i], &one)) {
            if (PLANTED(3)) {
                continue;
            }
            *missing = entry->after[i];
            return store_err(replica->store) != OK ? store_err(replica->store) : ERR_WAIT;
        }
        highest = one > highest ? one : highest;
    }
    *lamport = highest + 1;
    return OK;
}

/* ERR_WAIT, and *missing, while a cause isn't applied. */
static enum err try_apply(struct replica *replica, struct feed *feed, const struct entry *entry,
                          const struct hash *id, const struct signature *signature, bool covered,
                          struct hash *missing)
{
    uint64_t lamport = 0;
    enum err err = causes(replica, feed, entry, missing, &lamport);
    if (err != OK) {
        return err;
    }
    if (lamport != entry->lamport && !PLANTED(13)) {
        return ERR_ORDER;
    }
    return replica_apply(replica, feed, entry, id, signature, covered);
}

/* Applies what waits at the front of a feed as far as it goes. An entry with a false place in the order ends its feed
 * for everybody alike: nobody will ever apply it. */
static enum err unwait(struct replica *replica, struct feed *feed, uint32_t *applied)
{
    while (feed->first) {
        struct hash missing;
        struct waiting *item = feed->first;
        enum err err =
            try_apply(replica, feed, &item->entry, &item->id,
                      item->has_signature ? &item->signature : NULL, item->has_signature, &missing);
        if (err == ERR_WAIT) {
            feeds_block(&replica->feeds, feed, &missing);
            return OK;
        }
        if (err != OK) {
            replica_keep_loose(replica, feed);
            feeds_forget_waiting(&replica->feeds, feed);
            return err == ERR_ORDER ? OK : err;
        }
        free(feeds_unwait(&replica->feeds, feed));
        (*applied)++;
    }
    return OK;
}

/* Looks again at every feed that waited for what came. */
static enum err wake(struct replica *replica, uint32_t *applied)
{
    enum err err = OK;
    for (struct feed *feed; err == OK && (feed = feeds_ready(&replica->feeds));) {
        err = unwait(replica, feed, applied);
    }
    return err;
}

/* ---- accepting ------------------------------------------------------------------------------------------------ */

enum err replica_decode(struct replica *replica, const struct run *run, const struct hash *prev)
{
    struct decoded *d = &replica->decoded;
    struct hash *room = d->after;
    size_t weight = 0;
    d->count = 0;
    if (run->first_seq + run->count - 1 > FEED_ENTRIES_MAX) {
        return ERR_LIMIT;
    }
    for (uint32_t i = 0; i < run->count; i++) {
        struct entry *entry = &d->entries[i];
        enum err err = run_entry(run, i, room, entry);
        if (err != OK) {
            return err;
        }
        room += entry->after_count;
        weight += entry_weight(entry);
        if (weight > RUN_BYTES_MAX) {
            return ERR_MALFORMED; /* nobody could pass it on under its one signature */
        }
        entry->prev = i ? d->ids[i - 1] : *prev;
        d->ids[i] = entry_id(&replica->class, entry);
        d->count++;
    }
    return OK;
}

/* A feed's first entry tells its key and is signed by its device; the feed's id commits to both. */
static enum err meet_feed(struct replica *replica, const struct run *run, struct feed **out)
{
    struct op op;
    struct entry entry;
    enum err err = run_entry(run, 0, replica->decoded.after, &entry);
    if (err != OK || !entry.payload.at) {
        return err != OK ? err : ERR_MALFORMED;
    }
    err = op_decode(slice_of(entry.payload.at + SALT_BYTES, entry.payload.len - SALT_BYTES), &op);
    if (err != OK || op.kind != OP_OPEN) {
        return ERR_MALFORMED;
    }
    struct feed_id id = feed_id_of(&replica->class, &op.device, &op.key);
    if (!SAME(id, run->feed)) {
        return ERR_OTHER_CLASS;
    }
    struct sign_pk device;
    memcpy(device.b, op.device.b, sizeof(device.b));
    if (!sign_check(&device, "jam device 1", SLICE(id), &op.signature)) {
        return ERR_SIGNATURE;
    }
    *out = feeds_add(&replica->feeds, &id, &op.key, &op.device);
    return *out ? OK : ERR_NOMEM;
}

/* Does what we have of this feed agree with the decoded run? ERR_FORK and *at: from there on it doesn't. */
static enum err agree(struct replica *replica, const struct feed *feed, const struct run *run,
                      uint64_t tail, uint32_t *at)
{
    uint64_t last = run->first_seq + run->count - 1;
    uint64_t both = last < tail ? last : tail;
    struct hash ours;
    if (both < run->first_seq || !replica_id_at(replica, feed, both, &ours) ||
        SAME(ours, replica->decoded.ids[both - run->first_seq])) {
        return OK;
    }
    for (uint32_t i = 0; i < run->count; i++) {
        if (replica_id_at(replica, feed, run->first_seq + i, &ours) &&
            !SAME(ours, replica->decoded.ids[i])) {
            *at = i;
            return ERR_FORK;
        }
    }
    return OK;
}

/* Then its prev is at least as high. */
bool replica_is_before(const struct decoded *d, uint32_t i, const struct hash *id)
{
    for (uint32_t k = 0; k < i; k++) {
        if (SAME(d->ids[k], *id)) {
            return true;
        }
    }
    return false;
}

/* Does any entry from i on claim a place in the order that is false as far as its causes are known? ERR_ORDER, and which. OK if all
 * of the run can be applied now, ERR_WAIT if not. */
static enum err check_order(struct replica *replica, const struct feed *feed, uint32_t i,
                            uint32_t *wrong)
{
    const struct decoded *d = &replica->decoded;
    uint64_t highest = feed->lamport;
    if (feed->first) {
        return ERR_WAIT;
    }
    for (; i < d->count; i++) {
        const struct entry *entry = &d->entries[i];
        for (uint32_t k = 0; k < entry->after_count; k++) {
            uint64_t one = 0;
            if (!replica_is_before(d, i, &entry->after[k]) &&
                !replica_lamport(replica, &entry->after[k], &one)) {
                return ERR_WAIT;
            }
            highest = one > highest ? one : highest;
        }
        if (entry->lamport != ++highest && !PLANTED(13)) {
            *wrong = i;
            return ERR_ORDER;
        }
    }
    return OK;
}

/* Applies the verified entries from i to before `end`; the first that can't be, and all behind it, wait. */
static enum err take(struct replica *replica, struct feed *feed, const struct run *run, uint32_t i,
                     uint32_t end, bool covered, uint32_t *applied)
{
    struct decoded *d = &replica->decoded;
    enum err err = OK;
    for (; i < end && err == OK; i++) {
        const struct signature *signature = i + 1 == d->count ? &run->signature : NULL;
        struct hash missing;
        bool behind = feed->first;
        err = behind ? ERR_WAIT
                     : try_apply(replica, feed, &d->entries[i], &d->ids[i], signature,
                                 covered || signature, &missing);
        if (err == ERR_WAIT) {
            err = feeds_wait(&replica->feeds, feed, &d->entries[i], &d->ids[i], signature);
            if (err == OK && !behind) {
                feeds_block(&replica->feeds, feed, &missing);
            }
        } else if (err == OK) {
            (*applied)++;
        }
    }
    return err;
}

/* All of the run is here, but its last entry without a signature: with this one it can be told, and what it covers takes
 * effect. Else who tells one machine a longer run, of which the end waits for ever, keeps two machines apart for good. */
static enum err cover(struct replica *replica, struct feed *feed, const struct run *run,
                      uint32_t *applied)
{
    const struct decoded *d = &replica->decoded;
    const struct entry *last = &d->entries[d->count - 1];
    if (last->seq > feed->seq) {
        feeds_cover(feed, last->seq, &run->signature);
        return OK;
    }
    replica_put_signature(replica, feed, last->seq, &run->signature);
    *applied += (uint32_t)(last->seq - feed->settled_seq);
    replica_settle_front(replica, feed, last->seq + 1);
    feed->settled_seq = last->seq;
    feed->signed_seq = last->seq;
    feed->signed_last = d->ids[d->count - 1];
    feed->signed_lamport = last->lamport;
    return replica_note_head(replica, feed);
}

/* Does a feed end here in what no signature covers, and nothing waits that has one? */
static bool is_loose(const struct feed *feed, uint64_t tail)
{
    return tail == feed->seq && feed->seq > feed->signed_seq && !feed->void_seq;
}

/* Its entry `wrong` ends the feed for everybody. What stands before it is right: whoever was told the run before they knew what that
 * rests on has applied it, and others may name it, so all must. Whom to blame is its author, who signed it all. */
static enum err take_before(struct replica *replica, struct feed *feed, const struct run *run,
                            uint32_t first_new, uint32_t wrong, uint32_t *applied)
{
    if (wrong == first_new) {
        return feed->seq > feed->signed_seq ? OK : ERR_ORDER;
    }
    enum err err = take(replica, feed, run, first_new, wrong, false, applied);
    if (err == OK && feed->row) {
        replica_keep_run(replica, feed, run);
    }
    replica->decoded.count = wrong; /* the others tell nothing, not even of when it is */
    return err;
}

/* The run is decoded and follows what we have: is it signed, does it agree, and then take what is new. */
static enum err accept_known(struct replica *replica, struct feed *feed, const struct run *run,
                             uint64_t tail, uint32_t *applied)
{
    uint32_t fork_at = 0;
    uint64_t last = run->first_seq + run->count - 1;
    enum err err = agree(replica, feed, run, tail, &fork_at);
    if (err == OK && last <= tail && last <= feed->signed_seq) {
        return OK;
    }
    if (!run_check(&feed->key, &replica->decoded.ids[run->count - 1], &run->signature) &&
        !PLANTED(7)) {
        return ERR_SIGNATURE;
    }
    if (err == ERR_FORK) {
        bool known = feed->void_seq && feed->void_seq <= run->first_seq + fork_at;
        return known ? OK : replica_fork(replica, feed, run, fork_at);
    }
    if (last <= tail) {
        return cover(replica, feed, run, applied);
    }
    if (is_loose(feed, tail) && run->first_seq > feed->signed_seq + 1) {
        return ERR_WAIT; /* or more would stand under one signature than a run can tell */
    }
    uint32_t first_new = tail >= run->first_seq ? (uint32_t)(tail - run->first_seq + 1) : 0;
    uint32_t count = replica->decoded.count, wrong = count;
    err = check_order(replica, feed, first_new, &wrong);
    if (err == ERR_ORDER) {
        return take_before(replica, feed, run, first_new, wrong, applied);
    }
    return err == OK || err == ERR_WAIT
               ? take(replica, feed, run, first_new, count, err == OK, applied)
               : err;
}

/* Does only such a payload lack as can be erased? Any other was taken out by who passes it on, or it is void, which the proof
 * tells who has come so far. */
static bool may_lack(const struct decoded *d)
{
    for (uint32_t i = 0; i < d->count; i++) {
        const struct entry *entry = &d->entries[i];
        if (!entry->payload.at && !op_is_erasable(stub_kind(&entry->stub))) {
            return false;
        }
    }
    return true;
}

enum err replica_accept(struct replica *replica, const struct run *run, struct now now, bool live,
                        uint32_t *applied)
{
    *applied = 0;
    enum err err = replica_begin(replica);
    struct feed *feed = err == OK ? feeds_find(&replica->feeds, replica->store, &run->feed) : NULL;
    if (feed && feed == replica->own) {
        replica_sign(replica); /* what it says may have to be proven against this run */
    }
    if (err == OK && !feed) {
        err = run->first_seq == 1 ? meet_feed(replica, run, &feed) : ERR_WAIT;
    }
    if (err != OK) {
        return err;
    }
    if (feed_is_void(feed, run->first_seq)) {
        err = replica_accept_branch(replica, feed, run);
        return err == OK ? wake(replica, applied) : err;
    }
    struct hash tail_id, prev;
    uint64_t tail = feed_tail(feed, &tail_id);
    if (run->first_seq > tail + 1) {
        err = ERR_WAIT;
    } else if (run->first_seq == tail + 1) {
        prev = tail_id;
    } else if (!replica_id_at(replica, feed, run->first_seq - 1, &prev)) {
        err = ERR_WAIT;
    }
    err = err == OK ? replica_decode(replica, run, &prev) : err;
    if (err == OK && !may_lack(&replica->decoded)) {
        err = run->first_seq > feed->seq + 1 ? ERR_WAIT : ERR_MALFORMED;
    }
    err = err == OK && PLANTED(10) &&
                  now.wall.ms < (int64_t)replica->decoded.entries[0].time_ms - 3600000
              ? ERR_ORDER
              : err;
    err = err == OK ? accept_known(replica, feed, run, tail, applied) : err;
    if (live && replica->ages && err == OK && *applied > 0) {
        for (uint32_t i = 0; i < replica->decoded.count; i++) {
            const struct entry *entry = &replica->decoded.entries[i];
            struct stamp stamp = stamp_of(entry->lamport, &entry->feed, entry->seq);
            ages_saw(replica->ages, &stamp, now.mono);
        }
    }
    if (feed->seq == 0 && !feed->first) {
        feeds_drop(&replica->feeds, feed);
    }
    err = err == OK && !PLANTED(16) ? wake(replica, applied) : err;
    return err == OK && store_err(replica->store) != OK ? store_err(replica->store) : err;
}

/* ---- life ----------------------------------------------------------------------------------------------------- */

static enum err load_heads(struct replica *replica)
{
    sqlite3_stmt *stmt = store_query(replica->store, "SELECT feed FROM feed");
    enum err err = OK;
    uint32_t count = 0;
    while (err == OK && store_row(replica->store, stmt)) {
        struct feed_id id;
        struct feed *feed = NULL;
        if (column_fixed(stmt, 0, id.b, sizeof(id.b))) {
            feed = feeds_find(&replica->feeds, replica->store, &id);
            err = feed ? replica_note_head(replica, feed) : ERR_NOMEM;
        }
        if (++count % 1024 == 0) {
            feeds_clear(&replica->feeds); /* only their heads are wanted now */
        }
    }
    replica->counts.feeds = count;
    return err;
}

static void load_counts(struct replica *replica)
{
    sqlite3_stmt *stmt =
        store_query(replica->store, "SELECT (SELECT max(id) FROM entry),"
                                    " (SELECT count(*) FROM entry WHERE kind>=29),"
                                    " (SELECT count(*) FROM feed WHERE void_seq>0)");
    if (store_row(replica->store, stmt)) {
        replica->counts.entries = (uint64_t)sqlite3_column_int64(stmt, 0);
        replica->counts.newer = (uint64_t)sqlite3_column_int64(stmt, 1);
        replica->counts.forks = (uint64_t)sqlite3_column_int64(stmt, 2);
        sqlite3_reset(stmt);
    }
}

/* Forgets what is in memory of the log. */
static void forget(struct replica *replica)
{
    feeds_clear(&replica->feeds);
    heads_free(&replica->heads);
    replica->heads = heads_new();
    replica->own = NULL;
    replica_load_due(replica);
    replica->rewrite_count = 0;
    replica->owed_entries = 0;
    replica->owed_weight = 0;
    replica->redacts = true;
    replica->lacking_stale = true;
    pack_reset(&replica->rewrite);
    replica_clear_fresh(replica);
}

/* Reads the state of the log from the store. */
static enum err load(struct replica *replica)
{
    forget(replica);
    if (!replica->heads) {
        return ERR_NOMEM;
    }
    enum err err = load_heads(replica);
    load_counts(replica);
    replica_load_tips(replica);
    replica_count_lacking(replica);
    return err == OK ? store_err(replica->store) : err;
}

/* In a transaction of its own, so that what goes wrong is known. */
enum err replica_reload(struct replica *replica)
{
    memset(replica->recent, 0, sizeof(replica->recent));
    authority_clear(&replica->authority);
    forget(replica);
    enum err err = store_begin(replica->store);
    err = err == OK ? load(replica) : err;
    store_rollback(replica->store);
    if (err != OK) {
        forget(replica);
    }
    replica->stale = err != OK && !PLANTED(23);
    return err;
}

enum err replica_refresh(struct replica *replica)
{
    return replica->stale ? replica_reload(replica) : OK;
}

enum err replica_begin(struct replica *replica)
{
    enum err err = replica_refresh(replica);
    return err == OK ? store_begin(replica->store) : err;
}

enum err replica_open(struct store *store, const struct class_id *class,
                      const struct author *author, struct ages *ages, struct replica **out)
{
    struct replica *replica = calloc(1, sizeof(*replica));
    if (!replica) {
        return ERR_NOMEM;
    }
    replica->store = store;
    replica->class = *class;
    replica->folded = UINT64_MAX;
    authority_init(&replica->authority, store, class);
    replica->author = author;
    replica->ages = ages;
    pack_init(&replica->scratch);
    pack_init(&replica->rewrite);
    pack_init(&replica->proof_a);
    pack_init(&replica->proof_b);
    store_forgive(store);
    enum err err = load(replica);
    if (err == OK && replica->marked & DUE_VIEWS && replica->counts.entries > 0) {
        err = store_begin(store);
        err = err == OK ? replica_refold(replica) : err;
        err = err == OK ? store_commit(store) : err;
    }
    if (err != OK) {
        replica_close(&replica);
        return err;
    }
    *out = replica;
    return OK;
}

void replica_close(struct replica **replica_p)
{
    struct replica *replica = *replica_p;
    if (!replica) {
        return;
    }
    replica_clear_fresh(replica);
    authority_clear(&replica->authority);
    feeds_clear(&replica->feeds);
    heads_free(&replica->heads);
    pack_clear(&replica->scratch);
    pack_clear(&replica->rewrite);
    pack_clear(&replica->proof_a);
    pack_clear(&replica->proof_b);
    wipe(&replica->own_key, sizeof(replica->own_key));
    free(replica);
    *replica_p = NULL;
}

enum err replica_flush(struct replica *replica, struct now now)
{
    enum err err = replica_rewrite(replica, now);
    replica_sign(replica);
    if (err == OK) {
        replica_refold_some(replica, now);
        err = store_err(replica->store);
    }
    replica_count_lacking(replica);
    if (err == OK && replica->tips_changed && store_in_transaction(replica->store)) {
        replica_save_tips(replica);
        err = store_err(replica->store);
    }
    return err;
}

struct heads *replica_heads(struct replica *replica)
{
    return replica->heads;
}

bool replica_own(const struct replica *replica, struct feed_id *feed, uint64_t *seq)
{
    if (!replica->own || replica->own->seq == 0) {
        return false;
    }
    *feed = replica->own->id;
    *seq = replica->own->seq;
    return true;
}

uint64_t replica_have(struct replica *replica, const struct feed_id *id)
{
    struct hash last;
    struct feed *feed = feeds_find(&replica->feeds, replica->store, id);
    uint64_t tail = feed ? feed_tail(feed, &last) : 0;
    return feed && is_loose(feed, tail) ? feed->signed_seq : tail;
}

bool replica_device_of(struct replica *replica, const struct feed_id *id, struct device_id *device)
{
    struct feed *feed = feeds_find(&replica->feeds, replica->store, id);
    if (feed) {
        *device = feed->device;
    }
    return feed != NULL;
}

bool replica_wrote(struct replica *replica, const struct feed_id *id)
{
    struct device_id device;
    return replica_device_of(replica, id, &device) && SAME(device, replica->author->device);
}

struct replica_counts replica_count(struct replica *replica)
{
    struct replica_counts counts = replica->counts;
    counts.waiting = replica->feeds.waiting_count;
    counts.lacking = replica->lacking;
    return counts;
}
