/* Equivocation: a feed that says two things at one place is void from there on, on every machine alike. Two signed runs
 * that part are the proof; peers pass it on. What our own feed said in vain is written again on a fresh one. */
#include "replica_inside.h"
#include "planted.h"

/* Encodes entries `from` to the end of the decoded run. Headers are all that a proof needs. */
static void encode_decoded(struct replica *replica, const struct run *run, uint32_t from,
                           enum telling telling, struct pack *out)
{
    const struct decoded *d = &replica->decoded;
    pack_reset(out);
    run_pack_head(out, &run->feed, run->first_seq + from, &run->signature, d->count - from);
    for (uint32_t i = from; i < d->count; i++) {
        replica_pack_told(out, &d->entries[i], telling);
    }
}

/* Keeps the payloads that our own feed has from `seq` on: nobody will count them there. What was void already is written
 * again already. */
static void save_own(struct replica *replica, const struct feed *feed, uint64_t seq)
{
    sqlite3_stmt *stmt =
        store_query(replica->store, "SELECT payload FROM entry WHERE feed=? AND seq>=? AND seq<?"
                                    " AND seq>1 AND payload IS NOT NULL ORDER BY seq");
    uint64_t end = feed->void_seq ? feed->void_seq : FEED_ENTRIES_MAX + 1;
    store_bind(replica->store, stmt, "iii", feed->row, (int64_t)seq, (int64_t)end);
    while (store_row(replica->store, stmt)) {
        pack_bin(&replica->rewrite, column_slice(stmt, 0));
        replica->rewrite_count++;
    }
}

static enum err void_from(struct replica *replica, struct feed *feed, uint64_t seq)
{
    struct slice a = pack_bytes(&replica->proof_a), b = pack_bytes(&replica->proof_b);
    if (!replica_id_at(replica, feed, seq - 1, &feed->void_last)) {
        return ERR_WAIT;
    }
    if (feed == replica->own || SAME(feed->device, replica->author->device)) {
        save_own(replica, feed, seq);
    }
    replica->counts.forks += feed->void_seq == 0;
    feed->void_seq = seq;
    replica_keep_waiting(replica, feed);
    feeds_forget_waiting(&replica->feeds, feed);
    replica_forget_tips(replica, &feed->id, seq);
    store_do(replica->store, "UPDATE feed SET void_seq=?, proof_a=?, proof_b=? WHERE id=?", "ibbi",
             (int64_t)seq, a, b, feed->row);
    if (feed == replica->own) {
        replica_sign(replica); /* what stands before counts */
        replica->own = NULL;
    }
    replica->refold_due |= feed->seq >= seq && !PLANTED(6);
    enum err err = replica_note_head(replica, feed);
    err = err == OK ? store_err(replica->store) : err;
    return err == OK ? ERR_FORK : err;
}

/* ---- what no signature covers yet --------------------------------------------------------------------------------- */

/* Is anything applied that no signature covers, and not kept as it is now? */
static bool is_loose(const struct feed *feed)
{
    return feed->seq > feed->signed_seq && feed->loose_seq != feed->seq;
}

/* What is in proof_a. */
static void store_loose(struct replica *replica, struct feed *feed)
{
    store_do(replica->store, "INSERT OR REPLACE INTO loose VALUES (?,?)", "ib", feed->row,
             pack_bytes(&replica->proof_a));
    feed->loose_seq = feed->seq;
}

void replica_keep_run(struct replica *replica, struct feed *feed, const struct run *run)
{
    encode_decoded(replica, run, 0, TELL_LASTING, &replica->proof_a);
    store_loose(replica, feed);
}

void replica_keep_loose(struct replica *replica, struct feed *feed)
{
    uint64_t from = feed->signed_seq + 1, count = feed->seq - feed->signed_seq + 1;
    const struct waiting *end = feed->first;
    for (; end && !end->has_signature; end = end->next) {
        count++;
    }
    if (!is_loose(feed) || !end || count > RUN_ENTRIES_MAX) {
        return;
    }
    pack_reset(&replica->proof_a);
    run_pack_head(&replica->proof_a, &feed->id, from, &end->signature, (uint32_t)count);
    if (!replica_write_entries(replica, feed, from, feed->seq, TELL_LASTING, &replica->proof_a)) {
        return;
    }
    for (const struct waiting *item = feed->first;; item = item->next) {
        replica_pack_told(&replica->proof_a, &item->entry, TELL_LASTING);
        if (item == end) {
            break;
        }
    }
    store_loose(replica, feed);
}

enum err replica_keep_all_loose(struct replica *replica)
{
    enum err err = OK;
    for (struct feed *feed = replica->feeds.waiting; feed && err == OK; feed = feed->next_waiting) {
        if (is_loose(feed)) {
            err = replica_begin(replica);
            if (err == OK) {
                replica_keep_loose(replica, feed);
            }
        }
    }
    return err;
}

/* Decodes a run that was kept: is it still of what was applied here? Then proof_a has it, from `seq` on. */
static bool prove_kept(struct replica *replica, const struct feed *feed, const msgpack_object *kept,
                       uint64_t seq)
{
    struct run run;
    struct hash prev;
    const struct decoded *d = &replica->decoded;
    if (run_read(kept, &run) != OK || seq < run.first_seq || feed->seq < run.first_seq ||
        feed->seq - run.first_seq >= run.count ||
        !replica_id_at(replica, feed, run.first_seq - 1, &prev) ||
        replica_decode(replica, &run, &prev) != OK ||
        !SAME(d->ids[feed->seq - run.first_seq], feed->last) ||
        !run_check(&feed->key, &d->ids[run.count - 1], &run.signature)) {
        return false;
    }
    encode_decoded(replica, &run, (uint32_t)(seq - run.first_seq), TELL_HEADERS, &replica->proof_a);
    return true;
}

/* What is kept of a feed's loose entries, in `doc`; its bytes are the row's first column until the row is reset. NULL: nothing is. */
static sqlite3_stmt *open_kept(struct replica *replica, struct feed *feed, struct doc *doc)
{
    replica_keep_loose(replica, feed);
    sqlite3_stmt *stmt = store_query(replica->store, "SELECT run FROM loose WHERE feed=?");
    store_bind(replica->store, stmt, "i", feed->row);
    if (!store_row(replica->store, stmt)) {
        return NULL;
    }
    if (doc_open(doc, column_slice(stmt, 0), PACK_STRICT) != OK) {
        sqlite3_reset(stmt);
        return NULL;
    }
    return stmt;
}

bool replica_loose_run(struct replica *replica, struct feed *feed, uint64_t seq, size_t room_bytes,
                       struct pack *out)
{
    struct doc doc;
    struct run run;
    if (feed->void_seq || seq <= feed->signed_seq || replica_begin(replica) != OK) {
        return false;
    }
    sqlite3_stmt *stmt = open_kept(replica, feed, &doc);
    if (!stmt) {
        return false;
    }
    struct slice kept = column_slice(stmt, 0);
    bool told = kept.len <= room_bytes && run_read(&doc.root, &run) == OK && seq >= run.first_seq &&
                seq - run.first_seq < run.count;
    if (told) {
        pack_raw(out, kept);
    }
    doc_clear(&doc);
    sqlite3_reset(stmt);
    return told;
}

/* Our side of a fork, from `seq` on, where no signature covers it yet. */
static bool prove_loose(struct replica *replica, struct feed *feed, uint64_t seq)
{
    struct doc doc;
    sqlite3_stmt *stmt = open_kept(replica, feed, &doc);
    bool proven = stmt && prove_kept(replica, feed, &doc.root, seq);
    if (stmt) {
        doc_clear(&doc);
        sqlite3_reset(stmt);
    }
    return proven;
}

/* ---- proofs -------------------------------------------------------------------------------------------------------- */

enum err replica_fork(struct replica *replica, struct feed *feed, const struct run *run, uint32_t i)
{
    bool more = false;
    uint64_t seq = run->first_seq + i;
    if (seq > feed->seq) {
        /* it parts from what only waits here: drop that, and let a proof decide which peers bring */
        feeds_forget_waiting(&replica->feeds, feed);
        return ERR_WAIT;
    }
    encode_decoded(replica, run, i, TELL_HEADERS, &replica->proof_b);
    pack_reset(&replica->proof_a);
    if (!replica_write_run(replica, feed, seq - 1, 1, 2 * RUN_BYTES_MAX, TELL_HEADERS,
                           &replica->proof_a, &more) &&
        !prove_loose(replica, feed, seq)) {
        return ERR_WAIT; /* our side isn't covered by a signature yet */
    }
    return void_from(replica, feed, seq);
}

/* Decodes one side of a proof and checks its signature. */
static enum err check_side(struct replica *replica, const struct feed *feed, const struct run *run,
                           const struct hash *prev, struct hash *first_id)
{
    enum err err = replica_decode(replica, run, prev);
    if (err == OK &&
        !run_check(&feed->key, &replica->decoded.ids[run->count - 1], &run->signature)) {
        err = ERR_SIGNATURE;
    }
    *first_id = replica->decoded.ids[0];
    return err;
}

enum err replica_accept_fork(struct replica *replica, const struct run *a, const struct run *b)
{
    struct hash prev, id_a, id_b;
    enum err err = replica_begin(replica);
    struct feed *feed = err == OK ? feeds_find(&replica->feeds, replica->store, &a->feed) : NULL;
    if (!feed || !SAME(a->feed, b->feed) || a->first_seq != b->first_seq) {
        return err != OK ? err : feed ? ERR_MALFORMED : ERR_WAIT;
    }
    if (feed->void_seq && feed->void_seq <= a->first_seq) {
        return OK;
    }
    /* what no signature covers yet nobody could tell on, once the feed ends behind it */
    if (!feed->row || a->first_seq > feed->signed_seq + 1 ||
        !replica_id_at(replica, feed, a->first_seq - 1, &prev)) {
        return ERR_WAIT;
    }
    err = check_side(replica, feed, a, &prev, &id_a);
    if (err == OK) {
        encode_decoded(replica, a, 0, TELL_HEADERS, &replica->proof_a);
        err = check_side(replica, feed, b, &prev, &id_b);
    }
    if (err != OK) {
        return err;
    }
    if (SAME(id_a, id_b)) {
        return ERR_MALFORMED;
    }
    encode_decoded(replica, b, 0, TELL_HEADERS, &replica->proof_b);
    return void_from(replica, feed, a->first_seq);
}

bool replica_fork_proof(struct replica *replica, const struct feed_id *id, struct slice *run_a,
                        struct slice *run_b)
{
    sqlite3_stmt *stmt = store_query(
        replica->store, "SELECT proof_a, proof_b FROM feed WHERE feed=? AND void_seq>0");
    store_bind(replica->store, stmt, "f", id);
    if (!store_row(replica->store, stmt)) {
        return false;
    }
    pack_reset(&replica->proof_a);
    pack_reset(&replica->proof_b);
    pack_raw(&replica->proof_a, column_slice(stmt, 0));
    pack_raw(&replica->proof_b, column_slice(stmt, 1));
    sqlite3_reset(stmt);
    *run_a = pack_bytes(&replica->proof_a);
    *run_b = pack_bytes(&replica->proof_b);
    return run_a->len > 0 && run_b->len > 0;
}

/* Nobody can speak for who has signed out since: what they said stays in the void feed, as evidence. */
static bool is_speakable(const struct replica *replica, const struct op *op)
{
    bool alone = !(op->has & FIELD_BY) || op->kind == OP_BYE;
    return alone || keyring_find(&replica->author->people, &op->by);
}

/* Appends again what a fork of an own feed made void; names of what it made (jams, tasks) are new ones. */
enum err replica_rewrite(struct replica *replica, struct now now)
{
    enum err err = OK;
    struct pack saved = replica->rewrite;
    uint32_t count = replica->rewrite_count;
    struct slice rest = pack_bytes(&saved);
    if (count == 0) {
        return OK;
    }
    pack_init(&replica->rewrite);
    replica->rewrite_count = 0;
    for (uint32_t i = 0; i < count && err == OK; i++) {
        struct op op;
        struct doc doc;
        struct hash id;
        struct slice payload;
        size_t used = 0;
        if (pack_scan_first(rest, PACK_STRICT, &used) != OK ||
            doc_open(&doc, slice_of(rest.at, used), PACK_STRICT) != OK) {
            break;
        }
        if (read_bin(&doc.root, &payload) && payload.len > SALT_BYTES &&
            op_decode(slice_of(payload.at + SALT_BYTES, payload.len - SALT_BYTES), &op) == OK &&
            op.kind != OP_OPEN && is_speakable(replica, &op)) {
            err = replica_append(replica, &op, 1, now, &id);
        }
        doc_clear(&doc);
        rest = slice_of(rest.at + used, rest.len - used);
    }
    pack_clear(&saved);
    return err;
}
