/* What this machine writes: its run's own feed, opened at the first write, with the grants of who is signed in. */
#include "ages.h"
#include "replica_inside.h"
#include "planted.h"

void replica_sign(struct replica *replica)
{
    const struct feed *own = replica->own;
    if (replica->owed_entries > 0) {
        struct signature signature = run_sign(&replica->own_key, &own->last);
        replica_put_signature(replica, own, own->seq, &signature);
        replica->owed_entries = 0;
        replica->owed_weight = 0;
    }
}

/* The entry that is appended next will be covered before the turn is saved: by its own signature, or by that of one behind it.
 * To sign costs more than all else of an entry, so what is saved together is signed once, unless no run holds it all. What a
 * copy of this machine wrote into this feed and no signature covers here is none of that run. */
static void owe_signature(struct replica *replica, const struct entry *entry)
{
    size_t weight = entry_weight(entry);
    bool of_copy = replica->owed_entries == 0 && replica->own->seq > replica->own->signed_seq;
    replica->owed_entries += of_copy;
    if (of_copy || replica->owed_entries == RUN_ENTRIES_MAX ||
        replica->owed_weight + weight > RUN_BYTES_MAX) {
        replica_sign(replica);
    }
    replica->owed_entries++;
    replica->owed_weight += weight;
}

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
    replica_tips_after(replica, after, &entry.after_count, &entry.lamport);
    entry.lamport++;
    *id = entry_id(&replica->class, &entry);
    owe_signature(replica, &entry);
    if (replica->ages) {
        struct stamp stamp = stamp_of(entry.lamport, &entry.feed, entry.seq);
        ages_saw(replica->ages, &stamp, now.mono);
    }
    enum err err = replica_apply(replica, own, &entry, id, NULL, true);
    return err == OK ? replica_note_signed(replica, own) : err;
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
    if (PLANTED(5)) {
        memset(seed, 5, sizeof(seed));
    }
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
    store_bind(replica->store, stmt, "fp", &replica->own->id, person);
    return store_any(replica->store, stmt);
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
        replica_sign(replica);
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
