/* What must hold, whatever goes wrong: PROTOCOL.md's promises, as far as they can be seen from outside. */
#include <stdio.h>
#include <stdlib.h>

#include "replica_inside.h"
#include "sim.h"

enum { PROBE_EVERY = 12, DISK_BYTES_MAX = 24 << 20, ACKED_BYTES_MAX = 1024 };

static bool honest_and_on(const struct machine *m)
{
    return !m->lies && m->device;
}

/* ---- what is on a disk --------------------------------------------------------------------------------------------- */

/* With a signature at it or behind it: what has none can be told to nobody. */
static bool store_has(struct store *store, const struct ref *entry)
{
    sqlite3_stmt *stmt = store_query(
        store,
        "SELECT 1 FROM entry e WHERE substr(hash,1,8)=substr(?1,1,8) AND substr(hash,1,16)=?1 AND"
        " EXISTS (SELECT 1 FROM entry WHERE feed=e.feed AND seq>=e.seq AND signature IS NOT NULL)");
    store_bind(store, stmt, "r", entry);
    bool found = store_row(store, stmt);
    if (stmt) {
        sqlite3_reset(stmt);
    }
    return found;
}

bool machine_has(struct machine *m, const struct ref *entry)
{
    struct class *class = machine_class(m);
    return class && class->store && store_has(class->store, entry);
}

/* Opens what a power cut would leave of a disk now. NULL and failed, if it is nothing sound. */
static struct store *open_rest(struct world *world, struct machine *m, struct disk **rest)
{
    struct store *store = NULL;
    char file[128];
    struct class *class = machine_class(m);
    snprintf(file, sizeof(file), "/m/%s", class->file);
    *rest = disk_rest(m->disk, rng_below(&world->probe, UINT64_MAX));
    enum err err = store_open(file, disk_vfs(*rest), &store);
    if (err != OK) {
        failed(world, "P1: m%d would have lost its database: %s", m->index, err_code(err));
    }
    return store;
}

void check_durable(struct world *world, struct machine *m, const struct ref *entry)
{
    struct disk *rest;
    if (below(&world->probe, PROBE_EVERY)) {
        return;
    }
    world->counts.probes++;
    struct store *store = open_rest(world, m, &rest);
    if (store && !store_has(store, entry)) {
        failed(world, "P1: m%d said ok for what isn't on its disk%s", m->index,
               machine_has(m, entry) ? ", but in its transaction" : "");
    }
    store_close(&store);
    disk_free(&rest);
}

static uint64_t seq_on_disk(struct store *store, const struct feed_id *feed)
{
    uint64_t seq = 0;
    sqlite3_stmt *stmt = store_query(store, "SELECT max(e.seq) FROM entry e JOIN feed f ON e.feed="
                                            "f.id WHERE f.feed=?");
    store_bind(store, stmt, "f", feed);
    if (store_row(store, stmt)) {
        seq = (uint64_t)sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
    }
    return seq;
}

/* An acknowledgement to a peer: what it names must survive a power cut. */
static void check_ack(struct world *world, struct machine *m, const struct message *message)
{
    struct disk *rest;
    if (below(&world->probe, 5 * PROBE_EVERY)) {
        return;
    }
    world->counts.probes++;
    struct store *store = open_rest(world, m, &rest);
    if (store && seq_on_disk(store, &message->feed) < message->seq) {
        failed(world, "P5: m%d acknowledged what isn't on its disk", m->index);
    }
    store_close(&store);
    disk_free(&rest);
}

/* After a commit that failed nobody is told of what it would have brought. */
static void check_beat(struct world *world, struct machine *m, const struct message *message)
{
    struct fingerprint has = heads_fingerprint(replica_heads(machine_class(m)->replica));
    if (!SAME(has, message->fingerprint)) {
        failed(world, "P5: m%d told of what it couldn't keep", m->index);
    }
}

/* Did its last commit fail, and does it know again what it has? */
static bool has_failed(struct machine *m)
{
    const struct class *class = machine_class(m);
    return class && class->failed && !class->stale && class->replica;
}

void check_sent(struct world *world, struct machine *m, struct slice bytes)
{
    struct doc doc;
    struct message message;
    uint8_t kind = bytes.len < 2 ? 0 : bytes.at[1];
    if ((kind != MESSAGE_ACK && (kind != MESSAGE_BEAT || !has_failed(m))) ||
        doc_open(&doc, bytes, PACK_STRICT) != OK) {
        return;
    }
    if (message_read(&doc.root, &message) == OK) {
        (kind == MESSAGE_ACK ? check_ack : check_beat)(world, m, &message);
    }
    doc_clear(&doc);
}

/* ---- what was acknowledged ---------------------------------------------------------------------------------------- */

void check_acked_of(struct world *world, struct machine *m)
{
    for (size_t i = 0; i < world->acked_len; i++) {
        const struct acked *a = &world->acked[i];
        if (a->machine == m->index && !a->lost && !m->restored && !m->resumed && machine_class(m) &&
            !machine_has(m, &a->entry)) {
            failed(world, "P1: m%d lost what it said ok for at %.3f: %s", m->index,
                   (double)a->at / SECOND, a->token);
        }
    }
}

/* Is it surely on the disk of another machine? */
static bool is_elsewhere(struct world *world, const struct machine *but, const struct ref *entry)
{
    for (int i = 0; i < world->count; i++) {
        struct machine *m = &world->machines[i];
        struct class *class = machine_class(m);
        if (m != but && honest_and_on(m) && class && !store_in_transaction(class->store) &&
            store_has(class->store, entry)) {
            return true;
        }
    }
    return false;
}

static void spread(struct world *world, int64_t number)
{
    (void)number;
    for (; world->spread < world->acked_len; world->spread++) {
        const struct acked *a = &world->acked[world->spread];
        if (world->t - a->at < soon(world)) {
            break;
        }
        for (int i = 0; i < world->count; i++) {
            struct machine *m = &world->machines[i];
            bool runs = honest_and_on(m) && world->t - m->up_at > soon(world);
            if (runs && !machine_has(m, &a->entry)) {
                failed(world, "P2: m%d lacks for %.1f s what m%d said ok for in a healed room: %s",
                       i, (double)soon(world) / SECOND, a->machine, a->token);
            }
        }
    }
    post_call(world, spread, 0, world->t + SECOND);
}

void check_spread(struct world *world)
{
    world->spread = world->acked_len;
    spread(world, 0);
}

static bool is_void_at(struct machine *m, const struct ref *entry)
{
    struct store *store = machine_class(m)->store;
    sqlite3_stmt *stmt =
        store_query(store, "SELECT 1 FROM entry e JOIN feed f ON e.feed=f.id WHERE "
                           "substr(e.hash,1,8)=substr(?1,1,8) AND substr(e.hash,1,16)=?1 AND "
                           "f.void_seq>0 AND e.seq>=f.void_seq");
    store_bind(store, stmt, "r", entry);
    bool found = store_row(store, stmt);
    if (stmt) {
        sqlite3_reset(stmt);
    }
    return found;
}

/* What was only on a disk that is put back is lost, and nobody can help it. */
void check_forgive(struct world *world, struct machine *restored)
{
    for (size_t i = 0; i < world->acked_len; i++) {
        struct acked *a = &world->acked[i];
        if (!a->lost && (a->machine == restored->index || world->machines[a->machine].restored ||
                         world->machines[a->machine].resumed)) {
            a->lost = !is_elsewhere(world, restored, &a->entry);
        }
    }
}

/* ---- the end ------------------------------------------------------------------------------------------------------ */

/* Did any machine go back to an earlier state? Then a redaction may be lost that others had obeyed already: what it erased is
 * nowhere any more, and nobody can tell that it should be. */
static bool any_went_back(const struct world *world)
{
    bool any = false;
    for (int i = 0; i < world->count; i++) {
        any = any || world->machines[i].restored || world->machines[i].resumed;
    }
    return any;
}

static uint32_t count_who_have(struct world *world, const struct want *want)
{
    uint32_t have = 0;
    for (int i = 0; i < world->count; i++) {
        struct class *class = machine_class(&world->machines[i]);
        struct slice payload;
        have += class && class->replica &&
                replica_payload(class->replica, &want->feed, want->have, &payload);
    }
    return have;
}

/* Was it erased by a redaction that doesn't count any more? Who was removed meanwhile, elsewhere, may have held the only copy. */
static bool was_redacted(struct store *store, const struct want *want)
{
    struct hash id;
    bool found = false;
    sqlite3_stmt *stmt = store_query(
        store, "SELECT e.hash FROM entry e JOIN feed f ON f.id=e.feed WHERE f.feed=? AND e.seq=?");
    store_bind(store, stmt, "fi", &want->feed, (int64_t)want->have);
    if (!store_row(store, stmt) || !column_fixed(stmt, 0, id.b, sizeof(id.b))) {
        return false;
    }
    struct ref ref = ref_of(&id);
    sqlite3_reset(stmt);
    stmt = store_query(store, "SELECT payload FROM entry WHERE kind=24 AND payload IS NOT NULL");
    while (store_row(store, stmt)) {
        struct op op;
        struct slice payload = column_slice(stmt, 0);
        found |=
            op_decode(slice_of(payload.at + SALT_BYTES, payload.len - SALT_BYTES), &op) == OK &&
            SAME(op.entry, ref);
    }
    return found;
}

/* Does a machine lack what it should have? Tells what, and how many of the others have it. */
static bool lacks(struct world *world, struct machine *m, char *why, size_t why_len)
{
    struct want want;
    int64_t after = 0;
    uint32_t count = 0;
    char feed[33];
    while (replica_lacking(machine_class(m)->replica, &after, &want, 1) == 1) {
        uint32_t have = count_who_have(world, &want);
        count++;
        bool may = any_went_back(world) || world->plan.hostile ||
                   was_redacted(machine_class(m)->store, &want);
        if (have || !may) {
            snprintf(why, why_len, "m%d lacks a payload (%s, %llu) that %u others have", m->index,
                     hex(feed, want.feed.b, 16), (unsigned long long)want.have, have);
            return true;
        }
    }
    if (count == 0) {
        snprintf(why, why_len, "m%d lacks payloads that it can't name", m->index);
    }
    return count == 0;
}

/* The first feed about which two machines differ. */
static void tell_difference(struct machine *a, struct machine *b, char *why, size_t why_len)
{
    static const struct head none;
    struct replica *ra = machine_class(a)->replica, *rb = machine_class(b)->replica;
    char feed[33];
    for (int turn = 0; turn < 2; turn++) {
        struct replica *r = turn ? rb : ra, *other = turn ? ra : rb;
        for (uint32_t i = 0; i < heads_count(replica_heads(r)); i++) {
            const struct head *x = heads_at(replica_heads(r), i);
            const struct head *y = heads_get(replica_heads(other), &x->feed);
            y = y ? y : &none;
            if (x->seq != y->seq || x->void_seq != y->void_seq || !SAME(x->last, y->last)) {
                snprintf(why, why_len,
                         "m%d has %s to %llu (void %llu, verified %llu), m%d to %llu (%llu, %llu)",
                         turn ? b->index : a->index, hex(feed, x->feed.b, 16),
                         (unsigned long long)x->seq, (unsigned long long)x->void_seq,
                         (unsigned long long)replica_have(r, &x->feed), turn ? a->index : b->index,
                         (unsigned long long)y->seq, (unsigned long long)y->void_seq,
                         (unsigned long long)replica_have(other, &x->feed));
                return;
            }
        }
    }
}

/* Does the log, folded anew into empty views, give the same? */
static bool folds_alike(struct machine *m)
{
    struct class *class = machine_class(m);
    struct hash before = store_digest_views(class->store);
    bool done = store_begin(class->store) == OK && replica_refold(class->replica) == OK;
    struct hash after = store_digest_views(class->store);
    store_rollback(class->store);
    return done && SAME(before, after);
}

/* One number over all rows of a view's table. */
static uint64_t sum_table(struct machine *m, const char *table)
{
    char sql[96];
    sqlite3_stmt *rows = NULL;
    uint64_t sum = 1;
    sqlite3 *db = sqlite3_db_handle(store_query(machine_class(m)->store, "SELECT 1"));
    snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\" NOT INDEXED", table);
    sqlite3_prepare_v2(db, sql, -1, &rows, NULL);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(rows); i++) {
            struct slice cell = column_slice(rows, i);
            for (size_t k = 0; k < cell.len; k++) {
                sum = sum * 31 + cell.at[k];
            }
            sum = sum * 31 + cell.len;
        }
    }
    sqlite3_finalize(rows);
    return sum;
}

/* The first table of views in which two machines differ, and whether the first one's is what its log folds to. */
static void tell_views(struct world *world, struct machine *a, struct machine *b)
{
    char table[64] = "";
    sqlite3_stmt *list = store_query(machine_class(a)->store, store_views_sql);
    while (!table[0] && sqlite3_step(list) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(list, 0);
        if (sum_table(a, name) != sum_table(b, name)) {
            snprintf(table, sizeof(table), "%s", name);
        }
    }
    sqlite3_reset(list);
    failed(world, "P4: m%d and m%d have the same log and other views: %s; folded anew %s", a->index,
           b->index, table,
           folds_alike(a) ? folds_alike(b) ? "both the same" : "the latter changes"
                          : "the former changes");
}

bool check_converged(struct world *world, char *why, size_t why_len)
{
    struct fingerprint all = {{0}};
    struct hash first_views = {{0}};
    int first = -1;
    for (int i = 0; i < world->count; i++) {
        struct machine *m = &world->machines[i];
        struct class *class = machine_class(m);
        if (m->lies || m->gone) {
            continue;
        }
        if (class && class->closed) {
            failed(world, "P3: the class has ended for m%d", i);
            return false;
        }
        if (!m->device || !class || !class->replica || store_in_transaction(class->store) ||
            replica_is_stale(class->replica)) {
            snprintf(why, why_len, "m%d isn't ready", i);
            return false;
        }
        struct fingerprint own = heads_fingerprint(replica_heads(class->replica));
        if (replica_lacks(class->replica) && lacks(world, m, why, why_len)) {
            return false;
        }
        all = first < 0 ? own : all;
        if (!SAME(own, all)) {
            tell_difference(&world->machines[first], m, why, why_len);
            return false;
        }
        first = first < 0 ? i : first;
    }
    for (int i = 0; i < world->count; i++) {
        struct machine *m = &world->machines[i];
        if (m->lies || m->gone) {
            continue;
        }
        struct hash own = store_digest_views(machine_class(m)->store);
        first_views = i == first ? own : first_views;
        if (!SAME(own, first_views)) {
            tell_views(world, &world->machines[first], m);
        }
    }
    return first >= 0;
}

static void check_acked(struct world *world, struct machine *m)
{
    for (size_t i = 0; i < world->acked_len; i++) {
        const struct acked *a = &world->acked[i];
        if (a->lost) {
            continue;
        }
        if (world->machines[a->machine].resumed) {
            continue; /* it may have written twice from one state: then what it said is void */
        }
        if (!machine_has(m, &a->entry)) {
            failed(world, "P2: m%d lacks what m%d said ok for at %.3f: %s", m->index, a->machine,
                   (double)a->at / SECOND, a->token);
        } else if (is_void_at(m, &a->entry)) {
            failed(world, "P2: a feed of m%d is void, which wrote none twice", a->machine);
        }
    }
}

/* Has the redaction that somebody was told of an effect here? */
static bool is_erased(struct machine *m, const struct acked *a)
{
    struct store *store = machine_class(m)->store;
    sqlite3_stmt *stmt = store_query(store, "SELECT 1 FROM redacted WHERE entry=? AND effective");
    store_bind(store, stmt, "r", &a->entry);
    bool found = store_row(store, stmt);
    if (stmt) {
        sqlite3_reset(stmt);
    }
    return found;
}

/* What liars wrote in the name of others begins with this word: it must stand in no view. */
static void check_forged(struct world *world, struct machine *m)
{
    struct store *store = machine_class(m)->store;
    sqlite3_stmt *stmt = store_query(
        store,
        "SELECT 'journal', text FROM story WHERE text LIKE 'forged%' UNION ALL"
        " SELECT 'jam', name FROM jam WHERE name LIKE 'forged%' OR purpose LIKE 'forged%'"
        " UNION ALL SELECT 'task', title FROM task WHERE title LIKE 'forged%' UNION ALL"
        " SELECT 'person', name FROM person WHERE handle LIKE 'forged%' OR name LIKE 'forged%'"
        " UNION ALL SELECT 'feedback', glow FROM feedback WHERE glow LIKE 'forged%' UNION ALL"
        " SELECT 'place', title FROM place WHERE title LIKE 'forged%' UNION ALL"
        " SELECT 'class', name FROM class WHERE name LIKE 'forged%' UNION ALL"
        " SELECT 'roster', name FROM roster WHERE handle LIKE 'forged%' UNION ALL"
        " SELECT 'redaction', why FROM redacted WHERE effective AND why LIKE 'forged%'");
    if (store_row(store, stmt)) {
        failed(world, "P3: something forged stands in %s of m%d: %s", sqlite3_column_text(stmt, 0),
               m->index, sqlite3_column_text(stmt, 1));
        sqlite3_reset(stmt);
    }
}

/* What was asked again with the same id was done once. */
static void check_once(struct world *world, struct machine *m, const struct acked *a)
{
    struct store *store = machine_class(m)->store;
    char like[TOKEN_BYTES + 2];
    snprintf(like, sizeof(like), "%s%%", a->token);
    sqlite3_stmt *stmt =
        store_query(store, "SELECT (SELECT count(*) FROM story WHERE op=15 AND text LIKE ?1) +"
                           " (SELECT count(*) FROM task WHERE title LIKE ?1) +"
                           " (SELECT count(*) FROM jam WHERE purpose LIKE ?1)");
    store_bind(store, stmt, "t", slice_str(like));
    if (store_row(store, stmt)) {
        if (sqlite3_column_int(stmt, 0) > 1 && !any_went_back(world)) {
            failed(world, "m%d has twice what was asked once: %s", m->index, a->token);
        }
        sqlite3_reset(stmt);
    }
}

static bool disk_says(struct machine *m, const char *text)
{
    return disk_holds(m->disk, slice_str(text));
}

/* A machine that went back to a snapshot may have done twice what it was asked once: then its text stands in another entry. */
static bool says_twice(struct machine *m, const struct acked *a)
{
    struct store *store = machine_class(m)->store;
    sqlite3_stmt *stmt =
        store_query(store, "SELECT 1 FROM entry WHERE instr(payload,?)>0 AND substr(hash,1,16)<>?");
    store_bind(store, stmt, "br", slice_str(a->token), &a->entry);
    return store_any(store, stmt);
}

/* Letters are on no disk in clear; what was erased is on none at all. */
static void check_texts(struct world *world, struct machine *m)
{
    for (size_t i = 0; i < world->acked_len; i++) {
        const struct acked *a = &world->acked[i];
        if (!a->token[0]) {
            continue;
        }
        check_once(world, m, a);
        if (!a->note) {
            continue;
        }
        if (a->sealed && disk_says(m, a->token) && !(any_went_back(world) && says_twice(m, a))) {
            failed(world, "P6: the text of a letter is on the disk of m%d: %s", m->index, a->token);
        } else if (a->erased && !a->lost && is_erased(m, a) && disk_says(m, a->token) &&
                   !says_twice(m, a)) {
            failed(world, "P7: erased text is on the disk of m%d: %s", m->index, a->token);
        }
    }
}

static void check_fold(struct world *world, struct machine *m)
{
    if (!folds_alike(m)) {
        failed(world, "P4: m%d folded from zero has other views", m->index);
    }
}

static void check_bounds(struct world *world, struct machine *m)
{
    size_t sum = 0, len;
    const char *file;
    for (uint32_t i = 0; (file = disk_file(m->disk, i)); i++) {
        disk_bytes(m->disk, file, &len);
        sum += len;
    }
    if (sum > DISK_BYTES_MAX + world->counts.acked * ACKED_BYTES_MAX) {
        failed(world, "P8: m%d has %zu bytes on its disk", m->index, sum);
    }
}

void check_end(struct world *world)
{
    for (int i = 0; i < world->count && !world->failure[0]; i++) {
        struct machine *m = &world->machines[i];
        if (!honest_and_on(m)) {
            continue;
        }
        if (machine_class(m)->expelled || machine_class(m)->closed) {
            failed(world, "P3: m%d is put out of the class, or that has ended", i);
        }
        check_acked(world, m);
        check_forged(world, m);
        check_texts(world, m);
        check_bounds(world, m);
        check_fold(world, m);
    }
}
