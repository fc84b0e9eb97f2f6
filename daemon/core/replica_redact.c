/* Redaction: what its author or a teacher takes back is erased from the log, its header and its stub remain. And the other
 * side of it: entries that came without their payloads, which must be found elsewhere unless a redaction covers them. */
#include "replica_inside.h"
#include "rows.h"
#include "planted.h"

/* ---- erasing ----------------------------------------------------------------------------------------------------- */

bool replica_is_named(struct replica *replica, const struct ref *id)
{
    if (!replica->redacts) {
        return false;
    }
    sqlite3_stmt *stmt = store_query(replica->store, "SELECT 1 FROM redacted WHERE entry=?");
    store_bind(replica->store, stmt, "r", id);
    return store_any(replica->store, stmt);
}

/* Answers that are kept for retries may repeat a text: they become empty ones. */
static void forget_reply(struct replica *replica, struct slice text)
{
    if (text.len > 0) {
        store_do(replica->store, "UPDATE retry SET reply=x'80' WHERE instr(reply, ?)", "b", text);
    }
}

static void forget_replies(struct replica *replica, const struct op *op)
{
    forget_reply(replica, op->handle);
    forget_reply(replica, op->name);
    forget_reply(replica, op->title);
    forget_reply(replica, op->text);
    forget_reply(replica, op->more);
}

/* Takes out of the views what an entry said that is being erased; folds them anew later if need be. */
static void take_back(struct replica *replica, const struct ref *id, const struct logged *target,
                      const struct op *op)
{
    struct fact fact = {.stamp = target->moment.stamp, .id = *id, .op = op};
    forget_replies(replica, op);
    replica_drop_fresh(replica, id);
    if (!target->is_void && !replica->redacts_late) {
        authority_forget(&replica->authority, &fact);
        replica->erase_due |= !views_unfold(replica->store, &fact);
        replica->refold_due |= replica->erase_due;
    }
}

static void erase(struct replica *replica, const struct ref *id, const struct logged *target)
{
    struct op op;
    struct stub stub;
    struct hash rest;
    uint8_t payload[PAYLOAD_BYTES_MAX];
    sqlite3_stmt *stmt = store_query(replica->store, "SELECT payload FROM entry WHERE id=?");
    store_bind(replica->store, stmt, "i", target->row);
    if (!store_row(replica->store, stmt)) {
        return;
    }
    struct slice held = column_slice(stmt, 0);
    struct slice bytes = slice_of(payload, held.len < sizeof(payload) ? held.len : sizeof(payload));
    memcpy(payload, held.at, bytes.len);
    sqlite3_reset(stmt);
    uint32_t kind = replica_read_op(replica, bytes, &op);
    if (kind > 0 && kind < OP_KINDS) {
        take_back(replica, id, target, &op);
    }
    payload_part(bytes, &stub, &rest);
    store_do(replica->store, "UPDATE entry SET payload=NULL, stub=?, rest=? WHERE id=?", "bbi",
             slice_of(stub.b, stub.len), SLICE(rest), target->row);
    store_erased(replica->store);
    wipe(payload, sizeof(payload));
}

bool replica_redact(struct replica *replica, const struct fact *fact)
{
    struct logged target;
    const struct op *op = fact->op;
    bool known = entry_find(replica->store, &op->entry, &target);
    bool own = known && target.authored && SAME(target.author, op->by);
    bool may = known && op_is_erasable(target.kind) &&
               (own || authority_teaches(&replica->authority, &op->by, fact));
    if (known && !target.is_void && !may) {
        authority_refuse(&replica->authority, fact);
        return false;
    }
    if (may && target.whole && !PLANTED(8)) {
        erase(replica, &op->entry, &target);
    }
    views_fold(replica->store, fact);
    replica->redacts = true;
    replica->lacking_stale = true;
    return true;
}

/* The redactions that name an entry, at most `max`. */
static uint32_t redactions_of(struct replica *replica, const struct ref *id, struct stamp *out,
                              uint32_t max)
{
    uint32_t count = 0;
    sqlite3_stmt *stmt =
        store_query(replica->store, "SELECT stamp FROM redacted WHERE entry=? ORDER BY stamp");
    store_bind(replica->store, stmt, "r", id);
    while (count < max && store_row(replica->store, stmt)) {
        count += column_fixed(stmt, 0, out[count].b, sizeof(out[count].b));
    }
    sqlite3_reset(stmt);
    return count;
}

void replica_redact_late(struct replica *replica, const struct ref *id)
{
    struct stamp stamps[LATE_MAX];
    uint32_t count = redactions_of(replica, id, stamps, LATE_MAX);
    store_do(replica->store, "DELETE FROM redacted WHERE entry=?", "r", id);
    replica->redacts_late = true;
    for (uint32_t i = 0; i < count; i++) {
        replica_fold_at(replica, &stamps[i]);
    }
    replica->redacts_late = false;
    replica->refold_due |= count == LATE_MAX; /* there may be more */
}

/* ---- what lacks -------------------------------------------------------------------------------------------------- */

#define LACKING                                                                                    \
    " FROM entry e JOIN feed f ON f.id=e.feed WHERE e.payload IS NULL"                             \
    " AND (f.void_seq=0 OR e.seq<f.void_seq) AND NOT EXISTS"                                       \
    " (SELECT 1 FROM redacted r WHERE r.entry=substr(e.hash,1,16) AND r.effective)"

void replica_count_lacking(struct replica *replica)
{
    if (!replica->lacking_stale) {
        return;
    }
    sqlite3_stmt *stmt = store_query(replica->store, "SELECT count(*), EXISTS"
                                                     " (SELECT 1 FROM redacted)" LACKING);
    if (store_row(replica->store, stmt)) {
        replica->lacking = (uint64_t)sqlite3_column_int64(stmt, 0);
        replica->redacts = sqlite3_column_int(stmt, 1);
        replica->lacking_stale = false;
        sqlite3_reset(stmt);
    }
}

bool replica_lacks(struct replica *replica)
{
    replica_count_lacking(replica);
    return replica->lacking > 0 || replica->erase_due || store_has_residue(replica->store);
}

bool replica_lacks_of(struct replica *replica, const struct feed_id *feed)
{
    replica_count_lacking(replica);
    if (replica->erase_due || store_has_residue(replica->store)) {
        return true;
    }
    if (replica->lacking == 0) {
        return false;
    }
    sqlite3_stmt *stmt = store_query(replica->store, "SELECT 1" LACKING " AND f.feed=? LIMIT 1");
    store_bind(replica->store, stmt, "f", feed);
    return store_any(replica->store, stmt);
}

uint32_t replica_lacking(struct replica *replica, int64_t *after, struct want *out, uint32_t max)
{
    uint32_t count = 0;
    sqlite3_stmt *stmt = store_query(replica->store, "SELECT f.feed, e.seq, e.id" LACKING
                                                     " AND e.id>? ORDER BY e.id LIMIT ?");
    store_bind(replica->store, stmt, "ii", *after, (int64_t)max);
    while (count < max && !PLANTED(20) && store_row(replica->store, stmt)) {
        column_fixed(stmt, 0, out[count].feed.b, sizeof(out[count].feed.b));
        out[count++].have = (uint64_t)sqlite3_column_int64(stmt, 1);
        *after = sqlite3_column_int64(stmt, 2);
    }
    sqlite3_reset(stmt);
    *after = count < max ? 0 : *after;
    return count;
}

uint32_t replica_lacking_ids(struct replica *replica, struct ref *out, uint32_t max)
{
    uint32_t count = 0;
    if (replica->lacking == 0) {
        return 0;
    }
    sqlite3_stmt *stmt =
        store_query(replica->store, "SELECT substr(e.hash,1,16)" LACKING " ORDER BY e.id LIMIT ?");
    store_bind(replica->store, stmt, "i", (int64_t)max);
    while (count < max && store_row(replica->store, stmt)) {
        count += column_fixed(stmt, 0, out[count].b, sizeof(out[count].b));
    }
    sqlite3_reset(stmt);
    return count;
}

bool replica_payload(struct replica *replica, const struct feed_id *id, uint64_t seq,
                     struct slice *payload)
{
    if (replica->unsure && !(replica->own && SAME(replica->own->id, *id))) {
        return false;
    }
    sqlite3_stmt *stmt =
        store_query(replica->store, "SELECT payload FROM entry WHERE feed=(SELECT id FROM feed"
                                    " WHERE feed=?) AND seq=? AND payload IS NOT NULL");
    store_bind(replica->store, stmt, "fi", id, (int64_t)seq);
    if (!store_row(replica->store, stmt)) {
        return false;
    }
    pack_reset(&replica->scratch);
    pack_raw(&replica->scratch, column_slice(stmt, 0));
    sqlite3_reset(stmt);
    *payload = pack_bytes(&replica->scratch);
    return payload->len > SALT_BYTES;
}

/* Puts the payload where it lacks and folds what it says; what no signature covers yet takes effect when one does. */
static void complete(struct replica *replica, const struct told_payload *told, int64_t row,
                     const struct fact *fact, uint32_t kind)
{
    store_do(replica->store, "UPDATE entry SET payload=?, stub=NULL, rest=NULL, kind=? WHERE id=?",
             "bii", told->payload, (int64_t)kind, row);
    replica->lacking_stale = true;
    if (kind > 0 && kind < OP_KINDS && replica_is_covered(replica, fact)) {
        replica_fold_late(replica, fact,
                          slice_of(told->payload.at + SALT_BYTES, told->payload.len - SALT_BYTES));
    }
}

enum err replica_accept_payload(struct replica *replica, const struct told_payload *told,
                                bool *taken)
{
    struct hash id, rest, held_rest;
    struct stub stub;
    struct op op;
    struct fact fact = {.op = &op};
    *taken = false;
    enum err err = replica_begin(replica);
    sqlite3_stmt *stmt = store_query(
        replica->store, "SELECT e.id, e.hash, e.lamport, e.time_ms, e.stub, e.rest, e.length,"
                        " f.device" LACKING " AND f.feed=? AND e.seq=?");
    store_bind(replica->store, stmt, "fi", &told->feed, (int64_t)told->seq);
    if (err != OK || !store_row(replica->store, stmt)) {
        return err != OK ? err : store_err(replica->store);
    }
    int64_t row = sqlite3_column_int64(stmt, 0);
    column_fixed(stmt, 1, id.b, sizeof(id.b));
    fact.id = ref_of(&id);
    fact.stamp = stamp_of((uint64_t)sqlite3_column_int64(stmt, 2), &told->feed, told->seq);
    fact.time_ms = (uint64_t)sqlite3_column_int64(stmt, 3);
    payload_part(told->payload, &stub, &rest);
    bool fits = slice_equal(column_slice(stmt, 4), slice_of(stub.b, stub.len)) &&
                column_fixed(stmt, 5, held_rest.b, sizeof(held_rest.b)) && SAME(rest, held_rest) &&
                sqlite3_column_int64(stmt, 6) == (int64_t)told->payload.len;
    column_fixed(stmt, 7, fact.device.b, sizeof(fact.device.b));
    sqlite3_reset(stmt);
    if (!fits) {
        return ERR_MALFORMED;
    }
    *taken = true;
    complete(replica, told, row, &fact, replica_read_op(replica, told->payload, &op));
    return store_err(replica->store);
}
