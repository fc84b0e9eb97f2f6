/* The log of one class: appends own entries, accepts runs of others, applies each after its causes. */
#include <stdlib.h>

#include "ages.h"
#include "replica_inside.h"

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
    store_bind(stmt, "bh", slice_of(id->b, 8), id);
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
    store_bind(stmt, "ii", feed->row, (int64_t)seq);
    bool found = store_row(replica->store, stmt);
    if (found) {
        found = column_fixed(stmt, 0, id->b, sizeof(id->b));
        sqlite3_reset(stmt);
    }
    return found;
}

/* ---- tips: what no known entry follows ------------------------------------------------------------------------ */

static void tip_remove(struct replica *replica, const struct hash *id)
{
    for (uint32_t i = 0; i < replica->tips_count; i++) {
        if (SAME(replica->tips[i].id, *id)) {
            replica->tips[i] = replica->tips[--replica->tips_count];
            return;
        }
    }
}

/* Full: the lowest gives way, since a new entry's Lamport number must exceed the highest. */
static void tip_add(struct replica *replica, const struct tip *tip)
{
    uint32_t at = replica->tips_count;
    if (at == TIPS_MAX) {
        at = 0;
        for (uint32_t i = 1; i < TIPS_MAX; i++) {
            at = replica->tips[i].lamport < replica->tips[at].lamport ? i : at;
        }
        if (replica->tips[at].lamport > tip->lamport) {
            return;
        }
    } else {
        replica->tips_count++;
    }
    replica->tips[at] = *tip;
}

static void tips_remove(struct replica *replica, struct slice after)
{
    for (; after.len >= sizeof(struct hash); after.at += sizeof(struct hash)) {
        struct hash id;
        memcpy(id.b, after.at, sizeof(id.b));
        tip_remove(replica, &id);
        after.len -= sizeof(struct hash);
    }
}

/* A feed has one tip at most: its last. */
static void tips_follow(struct replica *replica, const struct tip *tip, struct slice after)
{
    for (uint32_t i = 0; i < replica->tips_count; i++) {
        if (SAME(replica->tips[i].feed, tip->feed)) {
            replica->tips[i] = replica->tips[--replica->tips_count];
            break;
        }
    }
    tips_remove(replica, after);
    tip_add(replica, tip);
    replica->tips_changed = true;
}

void replica_forget_tips(struct replica *replica, const struct feed_id *feed, uint64_t from_seq)
{
    for (uint32_t i = 0; i < replica->tips_count;) {
        if (SAME(replica->tips[i].feed, *feed) && replica->tips[i].seq >= from_seq) {
            replica->tips[i] = replica->tips[--replica->tips_count];
        } else {
            i++;
        }
    }
    replica->tips_changed = true;
}

static void tips_load(struct replica *replica)
{
    sqlite3_stmt *stmt = store_query(replica->store, "SELECT value FROM local WHERE key='tips'");
    replica->tips_count = 0;
    if (store_row(replica->store, stmt)) {
        struct slice s = column_slice(stmt, 0);
        size_t count = s.len / sizeof(struct tip);
        if (count <= TIPS_MAX && s.len % sizeof(struct tip) == 0 && count > 0) {
            memcpy(replica->tips, s.at, s.len);
            replica->tips_count = (uint32_t)count;
        }
        sqlite3_reset(stmt);
    }
    replica->tips_changed = false;
}

static int tip_by_lamport(const void *a, const void *b)
{
    const struct tip *x = a, *y = b;
    return x->lamport < y->lamport ? 1 : x->lamport > y->lamport ? -1 : 0;
}

static int hash_order(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hash));
}

/* The tips of other feeds, the highest Lamport numbers first if there are more than fit, then sorted by bytes. */
static void tips_after(struct replica *replica, struct hash *after, uint32_t *count,
                       uint64_t *lamport)
{
    qsort(replica->tips, replica->tips_count, sizeof(struct tip), tip_by_lamport);
    *count = 0;
    for (uint32_t i = 0; i < replica->tips_count && *count < AFTER_MAX; i++) {
        const struct tip *tip = &replica->tips[i];
        if (!SAME(tip->feed, replica->own->id)) {
            after[(*count)++] = tip->id;
            *lamport = tip->lamport > *lamport ? tip->lamport : *lamport;
        }
    }
    qsort(after, *count, sizeof(struct hash), hash_order);
}

/* ---- applying ------------------------------------------------------------------------------------------------- */

enum err replica_note_head(struct replica *replica, const struct feed *feed)
{
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

uint32_t replica_read_op(struct slice payload, struct op *op)
{
    enum err err = op_decode(slice_of(payload.at + SALT_BYTES, payload.len - SALT_BYTES), op);
    if (err == ERR_VERSION) {
        return op->kind >= OP_KINDS ? op->kind : OP_KINDS;
    }
    return err == OK ? op->kind : 0;
}

static struct fact fact_of(const struct feed *feed, const struct entry *entry,
                           const struct hash *id, const struct op *op)
{
    return (struct fact){.stamp = stamp_of(entry->lamport, &entry->feed, entry->seq),
                         .id = ref_of(id),
                         .time_ms = entry->time_ms,
                         .device = feed->device,
                         .op = op};
}

static bool is_void(const struct feed *feed, uint64_t seq)
{
    return feed->void_seq && seq >= feed->void_seq;
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

static void store_feed(struct replica *replica, struct feed *feed)
{
    store_do(replica->store, "INSERT INTO feed (feed, key, device) VALUES (?,?,?)", "fbd",
             &feed->id, SLICE(feed->key), &feed->device);
    sqlite3_stmt *stmt = store_query(replica->store, "SELECT id FROM feed WHERE feed=?");
    store_bind(stmt, "f", &feed->id);
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

/* An applied entry's op as a fact, from its columns. False: it says nothing, or is void. */
static bool refold_read(sqlite3_stmt *stmt, struct op *op, struct fact *fact)
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
        entry.payload.len <= SALT_BYTES || is_void(&feed, entry.seq)) {
        return false;
    }
    uint32_t kind = replica_read_op(entry.payload, op);
    *fact = fact_of(&feed, &entry, &id, op);
    return kind > 0 && kind < OP_KINDS;
}

#define REFOLD_SELECT                                                                              \
    "SELECT f.feed, e.seq, e.lamport, e.time_ms, e.hash, e.payload, f.void_seq, f.device,"         \
    " e.after FROM entry e JOIN feed f ON f.id=e.feed"

/* An entry that a signature covers takes effect: in the views, and as a tip. */
static void settle(struct replica *replica, const struct fact *fact, struct slice payload)
{
    if (replica_is_named(replica, &fact->id)) {
        replica->refold_due = true; /* whoever redacted it knew it before us */
        return;
    }
    replica->refold_due |= authority_learn(&replica->authority, fact, STAGE_ANY) == LEARNT_STALE;
    if (fold(replica, fact)) {
        fresh_keep(replica, fact, slice_of(payload.at + SALT_BYTES, payload.len - SALT_BYTES));
    }
}

/* What was applied before a signature covered it: until one did, nobody could be told of it. Had it taken effect, this machine
 * would show what others don't, and who named it as a cause would wait everywhere else, for as long as its author likes. */
static void settle_front(struct replica *replica, struct feed *feed, uint64_t end)
{
    struct op op;
    struct fact fact;
    if (feed->settled_seq + 1 >= end) {
        return;
    }
    sqlite3_stmt *stmt = store_query(replica->store, REFOLD_SELECT
                                     " WHERE e.feed=? AND e.seq>? AND e.seq<? ORDER BY e.seq");
    store_bind(stmt, "iii", feed->row, (int64_t)feed->settled_seq, (int64_t)end);
    while (store_row(replica->store, stmt)) {
        struct tip tip = {.lamport = (uint64_t)sqlite3_column_int64(stmt, 2),
                          .feed = feed->id,
                          .seq = (uint64_t)sqlite3_column_int64(stmt, 1)};
        column_fixed(stmt, 4, tip.id.b, sizeof(tip.id.b));
        if (!is_void(feed, tip.seq)) {
            tips_follow(replica, &tip, column_slice(stmt, 8));
        }
        if (refold_read(stmt, &op, &fact)) {
            settle(replica, &fact, column_slice(stmt, 5));
        }
    }
}

/* Stores an entry whose causes are all applied; `covered`: it or one that is applied with it is signed. */
static enum err apply(struct replica *replica, struct feed *feed, const struct entry *entry,
                      const struct hash *id, const struct signature *signature, bool covered)
{
    if (!feed->row) {
        store_feed(replica, feed);
    }
    struct op op;
    struct ref ref = ref_of(id);
    bool whole = entry->payload.at != NULL;
    uint32_t kind = whole ? replica_read_op(entry->payload, &op) : stub_kind(&entry->stub);
    store_entry(replica, feed, entry, id, signature, kind);
    replica->lacking_stale |= !whole;
    replica->refold_due |= !whole && replica_is_named(replica, &ref);
    if (covered) {
        settle_front(replica, feed, entry->seq);
        feed->settled_seq = entry->seq;
    }
    if (covered && !is_void(feed, entry->seq)) {
        struct tip tip = {*id, entry->lamport, entry->feed, entry->seq};
        tips_follow(replica, &tip,
                    slice_of(entry->after, entry->after_count * sizeof(struct hash)));
        if (whole && kind > 0 && kind < OP_KINDS) {
            struct fact fact = fact_of(feed, entry, id, &op);
            settle(replica, &fact, entry->payload);
        }
    }
    if (store_err(replica->store) != OK) {
        return store_err(replica->store);
    }
    feed->seq = entry->seq;
    feed->last = *id;
    feed->lamport = entry->lamport;
    if (signature) {
        feed->signed_seq = entry->seq;
        feed->signed_last = *id;
        feed->signed_lamport = entry->lamport;
    }
    *recent_slot(replica, id) = (struct recent){*id, entry->lamport, true};
    replica->counts.entries++;
    replica->counts.newer += kind >= OP_KINDS;
    return signature ? replica_note_head(replica, feed) : OK;
}

/* The Lamport number that an entry must have; ERR_WAIT and *missing while a cause isn't applied. */
static enum err causes(struct replica *replica, const struct feed *feed, const struct entry *entry,
                       struct hash *missing, uint64_t *lamport)
{
    uint64_t highest = entry->seq > 1 ? feed->lamport : 0;
    for (uint32_t i = 0; i < entry->after_count; i++) {
        uint64_t one = 0;
        if (!replica_lamport(replica, &entry->after[i], &one)) {
            *missing = entry->after[i];
            return store_err(replica->store) != OK ? store_err(replica->store) : ERR_WAIT;
        }
        highest = one > highest ? one : highest;
    }
    *lamport = highest + 1;
    return OK;
}

static enum err try_apply(struct replica *replica, struct feed *feed, const struct entry *entry,
                          const struct hash *id, const struct signature *signature, bool covered)
{
    uint64_t lamport = 0;
    enum err err = causes(replica, feed, entry, &feed->blocked_on, &lamport);
    feed->blocked = err == ERR_WAIT;
    if (err != OK) {
        return err;
    }
    if (lamport != entry->lamport) {
        return ERR_ORDER;
    }
    return apply(replica, feed, entry, id, signature, covered);
}

/* Applies what waits at the front of a feed as far as it goes. An entry with a false place in the order ends its feed
 * for everybody alike: nobody will ever apply it. */
static enum err unwait(struct replica *replica, struct feed *feed, uint32_t *applied)
{
    while (feed->first) {
        struct waiting *item = feed->first;
        enum err err =
            try_apply(replica, feed, &item->entry, &item->id,
                      item->has_signature ? &item->signature : NULL, item->has_signature);
        if (err == ERR_WAIT) {
            return OK;
        }
        if (err != OK) {
            feeds_forget_waiting(&replica->feeds, feed);
            return err == ERR_ORDER ? OK : err;
        }
        free(feeds_unwait(&replica->feeds, feed));
        (*applied)++;
    }
    return OK;
}

/* Looks again at every feed that waits, until nothing moves. */
static enum err wake(struct replica *replica, uint32_t *applied)
{
    enum err err = OK;
    for (bool moved = true; moved && err == OK;) {
        moved = false;
        for (struct feed *feed = replica->feeds.waiting; feed && err == OK;) {
            struct feed *next = feed->next_waiting;
            uint64_t lamport = 0;
            uint32_t before = *applied;
            if (!feed->blocked || replica_lamport(replica, &feed->blocked_on, &lamport)) {
                err = unwait(replica, feed, applied);
            }
            moved |= *applied != before;
            feed = next;
        }
    }
    return err;
}

/* ---- appending ------------------------------------------------------------------------------------------------ */

static enum err append_payload(struct replica *replica, struct slice payload, struct now now,
                               struct hash *id)
{
    struct hash after[AFTER_MAX];
    struct feed *own = replica->own;
    if (own->seq >= FEED_ENTRIES_MAX) {
        return ERR_LIMIT;
    }
    struct entry entry = {.feed = own->id,
                          .seq = own->seq + 1,
                          .prev = own->last,
                          .after = after,
                          .lamport = own->lamport,
                          .time_ms = now.wall.ms > 0 ? (uint64_t)now.wall.ms : 0,
                          .payload_len = (uint32_t)payload.len,
                          .payload_hash = payload_hash(payload),
                          .payload = payload};
    tips_after(replica, after, &entry.after_count, &entry.lamport);
    entry.lamport++;
    *id = entry_id(&replica->class, &entry);
    struct signature signature = run_sign(&replica->own_key, id);
    if (replica->ages) {
        struct stamp stamp = stamp_of(entry.lamport, &entry.feed, entry.seq);
        ages_saw(replica->ages, &stamp, now.mono);
    }
    return apply(replica, own, &entry, id, &signature, true);
}

static enum err append_op(struct replica *replica, const struct op *op, struct now now,
                          struct hash *id)
{
    uint8_t salt[SALT_BYTES];
    uint8_t payload[PAYLOAD_BYTES_MAX];
    struct pack *pack = &replica->scratch;
    pack_reset(pack);
    enum err err = op_encode(pack, op);
    struct slice bytes = pack_bytes(pack);
    if (err != OK || pack->failed) {
        return err != OK ? err : ERR_NOMEM;
    }
    if (bytes.len > OP_BYTES_MAX) {
        return ERR_TOO_LONG;
    }
    rng_fill(replica->author->rng, salt, sizeof(salt));
    memcpy(payload, salt, sizeof(salt));
    memcpy(payload + sizeof(salt), bytes.at, bytes.len);
    return append_payload(replica, slice_of(payload, sizeof(salt) + bytes.len), now, id);
}

/* Opens this run's feed: its key lives in memory only, so that no copy of the disk can continue it. */
static enum err open_own(struct replica *replica, struct now now)
{
    uint8_t seed[32];
    struct sign_pk pk;
    struct hash id;
    const struct author *author = replica->author;
    rng_fill(author->rng, seed, sizeof(seed));
    sign_keypair(seed, &replica->own_key, &pk);
    wipe(seed, sizeof(seed));
    struct feed_id feed = feed_id_of(&replica->class, &author->device, &pk);
    replica->own = feeds_add(&replica->feeds, &feed, &pk, &author->device);
    if (!replica->own) {
        return ERR_NOMEM;
    }
    struct op op = {.kind = OP_OPEN,
                    .has = FIELD_KEY | FIELD_DEVICE | FIELD_SIGNATURE | FIELD_NAME | FIELD_HARDWARE,
                    .key = pk,
                    .device = author->device,
                    .signature = sign(&author->key, "jam device 1", SLICE(feed)),
                    .name = slice_str(author->host),
                    .hardware = author->hardware};
    return append_op(replica, &op, now, &id);
}

/* Has this person a grant in our feed that is open? */
static bool is_granted(struct replica *replica, const struct person_id *person)
{
    sqlite3_stmt *stmt = store_query(
        replica->store, "SELECT 1 FROM grants WHERE feed=? AND person=? AND until IS NULL");
    store_bind(stmt, "fp", &replica->own->id, person);
    bool granted = store_row(replica->store, stmt);
    if (stmt) {
        sqlite3_reset(stmt);
    }
    return granted;
}

static enum err append_hello(struct replica *replica, const struct person_id *person, bool moves,
                             struct now now, struct hash *id)
{
    struct op op = {.kind = OP_HELLO,
                    .has = FIELD_BY | FIELD_KEY | FIELD_SIGNATURE | FIELD_MOVES,
                    .by = *person,
                    .moves = moves};
    const struct sign_key *key = keyring_find(&replica->author->people, person);
    if (!key) {
        return ERR_SIGNED_OUT;
    }
    op.key = sign_public(key);
    op.signature = grant_sign(key, person, &replica->own->id);
    return append_op(replica, &op, now, id);
}

/* One op, its author's grant before it if this feed hasn't one. */
static enum err append_granted(struct replica *replica, const struct op *op, struct now now,
                               struct hash *id)
{
    bool speaks = op->has & FIELD_BY && op->kind != OP_BYE;
    enum err err = OK;
    if (op->kind == OP_HELLO) {
        return append_hello(replica, &op->by, op->moves, now, id);
    }
    if (speaks && keyring_find(&replica->author->people, &op->by) &&
        !is_granted(replica, &op->by)) {
        err = append_hello(replica, &op->by, false, now, id);
    }
    return err == OK ? append_op(replica, op, now, id) : err;
}

enum err replica_append(struct replica *replica, const struct op *ops, uint32_t ops_count,
                        struct now now, struct hash *ids)
{
    enum err err = replica_begin(replica);
    if (err == OK && replica->own && replica->own->seq + 2 * ops_count > FEED_ENTRIES_MAX) {
        replica->own = NULL; /* full: a fresh one, as after a start */
    }
    if (err == OK && !replica->own) {
        err = open_own(replica, now);
    }
    for (uint32_t i = 0; i < ops_count && err == OK; i++) {
        err = append_granted(replica, &ops[i], now, &ids[i]);
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

/* Does any entry from i on claim a place in the order that is false as far as its causes are known? ERR_ORDER: then nothing of
 * the run is applied. OK if all of it can be applied now, ERR_WAIT if not. */
static enum err check_order(struct replica *replica, const struct feed *feed, uint32_t i)
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
        if (entry->lamport != ++highest) {
            return ERR_ORDER;
        }
    }
    return OK;
}

/* Applies the verified entries from i on; the first that can't be, and all behind it, wait. */
static enum err take(struct replica *replica, struct feed *feed, const struct run *run, uint32_t i,
                     bool covered, uint32_t *applied)
{
    struct decoded *d = &replica->decoded;
    enum err err = OK;
    for (; i < d->count && err == OK; i++) {
        const struct signature *signature = i + 1 == d->count ? &run->signature : NULL;
        err = feed->first ? ERR_WAIT
                          : try_apply(replica, feed, &d->entries[i], &d->ids[i], signature,
                                      covered || signature);
        if (err == ERR_WAIT) {
            err = feeds_wait(&replica->feeds, feed, &d->entries[i], &d->ids[i], signature);
        } else if (err == OK) {
            (*applied)++;
        }
    }
    return err;
}

/* The run is decoded and follows what we have: is it signed, does it agree, and then take what is new. */
static enum err accept_known(struct replica *replica, struct feed *feed, const struct run *run,
                             uint64_t tail, uint32_t *applied)
{
    uint32_t fork_at = 0;
    uint64_t last = run->first_seq + run->count - 1;
    enum err err = agree(replica, feed, run, tail, &fork_at);
    if (err == OK && last <= tail) {
        return OK;
    }
    if (!run_check(&feed->key, &replica->decoded.ids[run->count - 1], &run->signature)) {
        return ERR_SIGNATURE;
    }
    if (err == ERR_FORK) {
        bool known = feed->void_seq && feed->void_seq <= run->first_seq + fork_at;
        return known ? OK : replica_fork(replica, feed, run, fork_at);
    }
    uint32_t first_new = tail >= run->first_seq ? (uint32_t)(tail - run->first_seq + 1) : 0;
    err = check_order(replica, feed, first_new);
    return err == OK || err == ERR_WAIT ? take(replica, feed, run, first_new, err == OK, applied)
                                        : err;
}

/* Does only such a payload lack as can be erased? Any other was taken out by who passes it on. */
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
    if (err == OK && !feed) {
        err = run->first_seq == 1 ? meet_feed(replica, run, &feed) : ERR_WAIT;
    }
    if (err != OK) {
        return err;
    }
    if (is_void(feed, run->first_seq)) {
        err = replica_accept_branch(replica, feed, run);
        return err == OK && replica->feeds.waiting ? wake(replica, applied) : err;
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
    err = err == OK && !may_lack(&replica->decoded) ? ERR_MALFORMED : err;
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
    if (err == OK && *applied > 0 && replica->feeds.waiting) {
        err = wake(replica, applied);
    }
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

static void fresh_clear(struct replica *replica)
{
    while (replica_fresh(replica)) {
    }
}

/* Forgets what is in memory of the log. */
static void forget(struct replica *replica)
{
    feeds_clear(&replica->feeds);
    heads_free(&replica->heads);
    replica->heads = heads_new();
    replica->own = NULL;
    replica->refold_due = false;
    replica->rewrite_count = 0;
    replica->redacts = true;
    replica->lacking_stale = true;
    pack_reset(&replica->rewrite);
    fresh_clear(replica);
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
    tips_load(replica);
    replica_count_lacking(replica);
    return err;
}

/* In a transaction of its own, so that what goes wrong is known. */
enum err replica_reload(struct replica *replica)
{
    memset(replica->recent, 0, sizeof(replica->recent));
    authority_clear(&replica->authority);
    forget(replica);
    enum err err = store_begin(replica->store);
    err = err == OK ? load(replica) : err;
    err = err == OK ? store_err(replica->store) : err;
    store_rollback(replica->store);
    if (err != OK) {
        forget(replica);
    }
    replica->stale = err != OK;
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
    enum err err = load(replica);
    err = err == OK ? store_err(store) : err;
    if (err == OK && store_has_new_views(store) && replica->counts.entries > 0) {
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
    fresh_clear(replica);
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
    if (err == OK && replica->refold_due) {
        err = replica_refold(replica);
    }
    replica_count_lacking(replica);
    if (err == OK && replica->tips_changed && store_in_transaction(replica->store)) {
        store_local_set(replica->store, "tips", replica->tips,
                        replica->tips_count * sizeof(struct tip));
        replica->tips_changed = false;
        err = store_err(replica->store);
    }
    return err;
}

/* Does a signature stand at it or behind it? */
static bool is_covered(struct replica *replica, const struct fact *fact)
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
    store_bind(stmt, "i", (int64_t)authority_kinds(stage));
    while (store_row(replica->store, stmt)) {
        learnt |= refold_read(stmt, &op, &fact) && is_covered(replica, &fact) &&
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
        if (refold_read(stmt, &op, &fact) && is_covered(replica, &fact)) {
            fold(replica, &fact);
        }
    }
}

/* Redactions first: what they erase the others don't fold. */
enum err replica_refold(struct replica *replica)
{
    enum err err = replica_begin(replica);
    store_clear_views(replica->store);
    relearn_all(replica);
    replica->folded = UINT64_MAX;
    replica->redacts = true;
    refold_all(replica,
               store_query(replica->store, REFOLD_SELECT " WHERE e.kind=24 ORDER BY e.id"));
    refold_all(replica,
               store_query(replica->store, REFOLD_SELECT " WHERE e.kind<>24 ORDER BY e.id"));
    replica->refold_due = false;
    replica->folded = UINT64_MAX;
    replica->lacking_stale = true;
    return err == OK ? store_err(replica->store) : err;
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
    return feed ? feed_tail(feed, &last) : 0;
}

bool replica_device_of(struct replica *replica, const struct feed_id *id, struct device_id *device)
{
    struct feed *feed = feeds_find(&replica->feeds, replica->store, id);
    if (feed) {
        *device = feed->device;
    }
    return feed != NULL;
}

struct replica_counts replica_count(struct replica *replica)
{
    struct replica_counts counts = replica->counts;
    counts.waiting = replica->feeds.waiting_count;
    counts.lacking = replica->lacking;
    return counts;
}
