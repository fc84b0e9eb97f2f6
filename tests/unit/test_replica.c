/* The log: order, waiting, hostile runs, forks, and power cuts under it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "disk.h"
#include "dose.h"
#include "replica.h"

enum { ROOM = 56 * 1024 };

/* A replica of one author. */
struct side {
    struct store *store;
    struct rng rng;
    struct author author;
    struct replica *replica;
    const char *vfs;
    char path[32];
};

static const struct class_id class = {{5}};
static const struct person_id ana = {{1}};
static const struct now now = {{1000}, {INT64_C(1790000000000)}};

static enum err side_try(struct side *s)
{
    enum err err = store_open(s->path, s->vfs, &s->store);
    if (err == OK) {
        err = replica_open(s->store, &class, &s->author, NULL, &s->replica);
    }
    return err;
}

static void side_init(struct side *s, uint8_t number, uint8_t start)
{
    uint8_t seed[32] = {number};
    struct sign_pk pk;
    memset(s, 0, sizeof(*s));
    assert_int_equal(keys_init(), OK);
    sign_keypair(seed, &s->author.key, &pk);
    memcpy(s->author.device.b, pk.b, sizeof(pk.b));
    seed[1] = start;
    rng_seed(&s->rng, seed);
    s->author.rng = &s->rng;
    s->author.host = "pc";
    snprintf(s->path, sizeof(s->path), ":memory:");
}

static void side_open(struct side *s, uint8_t number)
{
    side_init(s, number, 0);
    assert_int_equal(side_try(s), OK);
}

static void side_close(struct side *s)
{
    replica_close(&s->replica);
    store_close(&s->store);
}

static void save(struct side *s)
{
    assert_int_equal(replica_flush(s->replica, now), OK);
    assert_int_equal(store_commit(s->store), OK);
}

static struct hash append(struct side *s, struct slice text)
{
    struct hash id;
    struct op op = {.kind = OP_NOTE, .has = FIELD_BY | FIELD_TEXT, .by = ana, .text = text};
    assert_int_equal(replica_append(s->replica, &op, 1, now, &id), OK);
    return id;
}

static struct hash note(struct side *s, const char *text)
{
    struct hash id = append(s, slice_str(text));
    save(s);
    return id;
}

static struct feed_id own(struct side *s, uint64_t *seq)
{
    struct feed_id feed;
    assert_true(replica_own(s->replica, &feed, seq));
    return feed;
}

/* The runs of a feed after `have`, as one message array in *p; the doc borrows it. */
static void runs_of(struct side *s, const struct feed_id *feed, uint64_t have, struct pack *p,
                    struct doc *doc)
{
    struct pack runs;
    uint32_t count = 0;
    pack_init(&runs);
    replica_runs(s->replica, feed, have, ROOM, &runs, &count);
    pack_init(p);
    pack_array(p, count);
    pack_raw(p, pack_bytes(&runs));
    pack_clear(&runs);
    assert_int_equal(doc_open(doc, pack_bytes(p), PACK_STRICT), OK);
}

/* Gives the first run of a feed after `have` to another side. */
static enum err give(struct side *from, struct side *to, const struct feed_id *feed, uint64_t have)
{
    struct pack p;
    struct doc doc;
    struct run run;
    const msgpack_object *items;
    uint32_t count = 0, applied = 0;
    runs_of(from, feed, have, &p, &doc);
    assert_true(read_array(&doc.root, &items, &count));
    assert_true(count > 0);
    assert_int_equal(run_read(&items[0], &run), OK);
    enum err err = replica_accept(to->replica, &run, now, false, &applied);
    doc_clear(&doc);
    pack_clear(&p);
    if (err == OK || err == ERR_FORK) {
        save(to);
    } else {
        store_rollback(to->store);
    }
    return err;
}

static void assert_same(struct side *a, struct side *b)
{
    struct hash x = store_digest_views(a->store), y = store_digest_views(b->store);
    struct fingerprint f = heads_fingerprint(replica_heads(a->replica));
    struct fingerprint g = heads_fingerprint(replica_heads(b->replica));
    assert_memory_equal(x.b, y.b, sizeof(x.b));
    assert_memory_equal(f.b, g.b, sizeof(f.b));
}

static void an_entry_waits_for_its_causes(void **state)
{
    (void)state;
    struct side a, b, c;
    uint64_t seq;
    side_open(&a, 1);
    side_open(&b, 2);
    side_open(&c, 3);
    note(&a, "first");
    struct feed_id feed_a = own(&a, &seq);
    assert_int_equal(give(&a, &b, &feed_a, 0), OK);
    note(&b, "second, after a's");
    struct feed_id feed_b = own(&b, &seq);
    assert_int_equal(give(&b, &c, &feed_b, 0), OK);
    assert_int_equal(replica_count(c.replica).entries, 0);
    assert_int_equal(replica_count(c.replica).waiting, 2);
    assert_int_equal(give(&a, &c, &feed_a, 0), OK);
    assert_int_equal(replica_count(c.replica).waiting, 0);
    assert_int_equal(replica_count(c.replica).entries, 4);
    assert_same(&b, &c);
    side_close(&a);
    side_close(&b);
    side_close(&c);
}

static void a_run_twice_or_in_parts_is_taken_once(void **state)
{
    (void)state;
    struct side a, b;
    uint64_t seq;
    side_open(&a, 1);
    side_open(&b, 2);
    for (int i = 0; i < 300; i++) {
        note(&a, "again and again");
    }
    struct feed_id feed = own(&a, &seq);
    assert_int_equal(give(&a, &b, &feed, 200), ERR_WAIT); /* a gap before it */
    assert_int_equal(give(&a, &b, &feed, 0), OK);
    uint64_t first = replica_have(b.replica, &feed);
    assert_int_equal(first, RUN_ENTRIES_MAX);
    assert_int_equal(give(&a, &b, &feed, 0), OK);
    assert_int_equal(replica_have(b.replica, &feed), first);
    assert_int_equal(give(&a, &b, &feed, first - 50), OK);
    assert_int_equal(replica_have(b.replica, &feed), first - 50 + RUN_ENTRIES_MAX);
    while (replica_have(b.replica, &feed) < seq) {
        assert_int_equal(give(&a, &b, &feed, replica_have(b.replica, &feed)), OK);
    }
    assert_same(&a, &b);
    side_close(&a);
    side_close(&b);
}

/* Hostile runs are made by hand: a feed of our own, and headers that say what they shouldn't. */
struct forger {
    struct sign_key device, feed;
    struct device_id device_id;
    struct sign_pk feed_pk;
    struct feed_id id;
    struct pack entries;
    struct hash last;
    uint64_t seq, lamport;
};

static void forger_add(struct forger *f, const struct op *op, uint64_t lamport,
                       const struct hash *after)
{
    struct pack p;
    uint8_t payload[1024] = {42};
    pack_init(&p);
    assert_int_equal(op_encode(&p, op), OK);
    memcpy(payload + SALT_BYTES, pack_bytes(&p).at, pack_bytes(&p).len);
    struct slice bytes = slice_of(payload, SALT_BYTES + pack_bytes(&p).len);
    struct entry e = {.feed = f->id,
                      .seq = ++f->seq,
                      .prev = f->last,
                      .after = after,
                      .after_count = after ? 1 : 0,
                      .lamport = lamport,
                      .time_ms = 1,
                      .payload_len = (uint32_t)bytes.len,
                      .payload_hash = payload_hash(bytes),
                      .payload = bytes};
    f->last = entry_id(&class, &e);
    f->lamport = lamport;
    run_pack_entry(&f->entries, &e);
    pack_clear(&p);
}

static void forger_open(struct forger *f, uint8_t number)
{
    uint8_t seed[32] = {99, number};
    struct sign_pk pk;
    memset(f, 0, sizeof(*f));
    sign_keypair(seed, &f->device, &pk);
    memcpy(f->device_id.b, pk.b, sizeof(pk.b));
    seed[2] = 1;
    sign_keypair(seed, &f->feed, &f->feed_pk);
    f->id = feed_id_of(&class, &f->device_id, &f->feed_pk);
    pack_init(&f->entries);
    struct op op = {.kind = OP_OPEN,
                    .has = FIELD_KEY | FIELD_DEVICE | FIELD_SIGNATURE | FIELD_NAME | FIELD_HARDWARE,
                    .key = f->feed_pk,
                    .device = f->device_id,
                    .signature = sign(&f->device, "jam device 1", SLICE(f->id)),
                    .name = slice_str("forger")};
    forger_add(f, &op, 1, NULL);
}

static void forger_note(struct forger *f, const char *text)
{
    struct op op = {
        .kind = OP_NOTE, .has = FIELD_BY | FIELD_TEXT, .by = ana, .text = slice_str(text)};
    forger_add(f, &op, f->lamport + 1, NULL);
}

/* Sends what was forged since entry first_seq as one run, signed at its end. */
static enum err forger_send(struct forger *f, uint64_t first_seq, uint32_t count, struct side *to)
{
    struct pack p;
    struct doc doc;
    struct run run;
    uint32_t applied = 0;
    struct signature signature = run_sign(&f->feed, &f->last);
    pack_init(&p);
    run_pack_head(&p, &f->id, first_seq, &signature, count);
    pack_raw(&p, pack_bytes(&f->entries));
    assert_int_equal(doc_open(&doc, pack_bytes(&p), PACK_STRICT), OK);
    assert_int_equal(run_read(&doc.root, &run), OK);
    enum err err = replica_accept(to->replica, &run, now, false, &applied);
    doc_clear(&doc);
    pack_clear(&p);
    pack_reset(&f->entries);
    save(to);
    return err;
}

static void a_forged_signature_keeps_nothing(void **state)
{
    (void)state;
    struct side a;
    struct forger f;
    side_open(&a, 1);
    forger_open(&f, 1);
    forger_note(&f, "by somebody else");
    f.feed.b[40] ^= 1;
    assert_int_equal(forger_send(&f, 1, 2, &a), ERR_SIGNATURE);
    assert_int_equal(replica_count(a.replica).entries, 0);
    assert_int_equal(heads_count(replica_heads(a.replica)), 0);
    pack_clear(&f.entries);
    side_close(&a);
}

static void a_feed_needs_its_devices_signature(void **state)
{
    (void)state;
    struct side a;
    struct forger f;
    side_open(&a, 1);
    forger_open(&f, 1);
    pack_reset(&f.entries);
    f.seq = 0;
    memset(&f.last, 0, sizeof(f.last));
    struct op op = {.kind = OP_OPEN,
                    .has = FIELD_KEY | FIELD_DEVICE | FIELD_SIGNATURE | FIELD_NAME | FIELD_HARDWARE,
                    .key = f.feed_pk,
                    .device = f.device_id,
                    .signature = sign(&f.feed, "jam device 1", SLICE(f.id)),
                    .name = slice_str("forger")};
    forger_add(&f, &op, 1, NULL);
    assert_int_equal(forger_send(&f, 1, 1, &a), ERR_SIGNATURE);
    pack_clear(&f.entries);
    side_close(&a);
}

static void a_false_lamport_number_ends_its_feed_for_everybody(void **state)
{
    (void)state;
    struct side a, b;
    struct forger f;
    struct op op = {
        .kind = OP_NOTE, .has = FIELD_BY | FIELD_TEXT, .by = ana, .text = slice_str("me last")};
    side_open(&a, 1);
    side_open(&b, 2);
    forger_open(&f, 1);
    forger_note(&f, "fine");
    assert_int_equal(forger_send(&f, 1, 2, &a), OK);
    forger_add(&f, &op, 1000000, NULL);
    assert_int_equal(forger_send(&f, 3, 1, &a), ERR_ORDER);
    assert_int_equal(replica_have(a.replica, &f.id), 2);
    pack_clear(&f.entries);
    side_close(&a);
    side_close(&b);
}

static void an_unknown_cause_makes_it_wait_not_fail(void **state)
{
    (void)state;
    struct side a;
    struct forger f;
    struct hash missing[4], nowhere = {{77}};
    struct op op = {
        .kind = OP_NOTE, .has = FIELD_BY | FIELD_TEXT, .by = ana, .text = slice_str("after what?")};
    side_open(&a, 1);
    forger_open(&f, 1);
    forger_add(&f, &op, 3, &nowhere);
    assert_int_equal(forger_send(&f, 1, 2, &a), OK);
    assert_int_equal(replica_count(a.replica).waiting, 1);
    assert_int_equal(replica_missing(a.replica, missing, 4), 1);
    assert_memory_equal(missing[0].b, nowhere.b, sizeof(nowhere.b));
    pack_clear(&f.entries);
    side_close(&a);
}

static void a_fork_voids_its_feed_from_there_on_whoever_saw_which_half(void **state)
{
    (void)state;
    struct side a, b;
    struct forger left, right;
    struct slice run_a, run_b;
    side_open(&a, 1);
    side_open(&b, 2);
    forger_open(&left, 1);
    forger_open(&right, 1);
    forger_note(&left, "both");
    forger_note(&right, "both");
    forger_note(&left, "I said yes");
    forger_note(&right, "I said no");
    forger_note(&right, "and I meant it");
    assert_int_equal(forger_send(&left, 1, 3, &a), OK);
    assert_int_equal(forger_send(&right, 1, 4, &b), OK);
    note(&a, "an honest note, after the left half");
    /* a meets the right half */
    assert_int_equal(give(&b, &a, &left.id, 0), ERR_FORK);
    assert_int_equal(heads_get(replica_heads(a.replica), &left.id)->void_seq, 3);
    /* b is shown the proof */
    assert_true(replica_fork_proof(a.replica, &left.id, &run_a, &run_b));
    struct doc da, db;
    struct run ra, rb;
    assert_int_equal(doc_open(&da, run_a, PACK_STRICT), OK);
    assert_int_equal(doc_open(&db, run_b, PACK_STRICT), OK);
    assert_int_equal(run_read(&da.root, &ra), OK);
    assert_int_equal(run_read(&db.root, &rb), OK);
    assert_int_equal(replica_accept_fork(b.replica, &ra, &rb), ERR_FORK);
    save(&b);
    assert_int_equal(replica_accept_fork(b.replica, &ra, &rb), OK);
    doc_clear(&da);
    doc_clear(&db);
    assert_memory_equal(heads_get(replica_heads(a.replica), &left.id),
                        heads_get(replica_heads(b.replica), &left.id),
                        offsetof(struct head, lamport));
    pack_clear(&left.entries);
    pack_clear(&right.entries);
    side_close(&a);
    side_close(&b);
}

/* Of a run only a part could be applied, and nobody tells it again: its signature waits, or a restart forgot it, or the entry at
 * which it stands turned out to lie. */
static void what_waits_proves_a_fork_even_once_it_is_forgotten(void **state)
{
    (void)state;
    enum { WAITS, RESTARTED, LIED, WAYS };
    for (int way = 0; way < WAYS; way++) {
        struct side a;
        struct forger left, right, other;
        struct op op = {
            .kind = OP_NOTE, .has = FIELD_BY | FIELD_TEXT, .by = ana, .text = slice_str("and so")};
        side_open(&a, 1);
        forger_open(&left, 1);
        forger_open(&right, 1);
        forger_open(&other, 2);
        forger_note(&left, "both");
        forger_note(&right, "both");
        assert_int_equal(forger_send(&left, 1, 2, &a), OK);
        forger_note(&left, "I said yes");
        forger_note(&right, "I said no");
        forger_add(&left, &op, 1000000, &other.last);
        assert_int_equal(forger_send(&left, 3, 2, &a), OK);
        assert_int_equal(replica_have(a.replica, &left.id), 4);
        if (way == RESTARTED) {
            assert_int_equal(replica_keep_all_loose(a.replica), OK);
            save(&a);
            assert_int_equal(replica_reload(a.replica), OK);
            assert_int_equal(replica_have(a.replica, &left.id), 2); /* as far as it can tell it */
        } else if (way == LIED) {
            assert_int_equal(forger_send(&other, 1, 1, &a), OK);
            assert_int_equal(replica_have(a.replica, &left.id), 2); /* as far as it can tell it */
        }
        assert_int_equal(forger_send(&right, 1, 3, &a), ERR_FORK);
        assert_int_equal(heads_get(replica_heads(a.replica), &left.id)->void_seq, 3);
        pack_clear(&left.entries);
        pack_clear(&right.entries);
        pack_clear(&other.entries);
        side_close(&a);
    }
}

static void folding_again_gives_the_same_views(void **state)
{
    (void)state;
    struct side a;
    side_open(&a, 1);
    for (int i = 0; i < 50; i++) {
        note(&a, "one of fifty");
    }
    struct hash before = store_digest_views(a.store);
    assert_int_equal(replica_refold(a.replica), OK);
    save(&a);
    struct hash after = store_digest_views(a.store);
    assert_memory_equal(before.b, after.b, sizeof(before.b));
    side_close(&a);
}

/* ---- power cuts ------------------------------------------------------------------------------------------------- */

static bool is_stored(struct side *s, const struct hash *id)
{
    sqlite3_stmt *stmt = store_query(s->store, "SELECT count(*) FROM entry WHERE hash=?");
    store_bind(s->store, stmt, "h", id);
    bool found = store_row(s->store, stmt) && sqlite3_column_int(stmt, 0) == 1;
    sqlite3_reset(stmt);
    return found;
}

static bool is_whole(struct side *s)
{
    sqlite3_stmt *stmt = store_query(s->store, "PRAGMA integrity_check");
    bool whole =
        store_row(s->store, stmt) && strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
    sqlite3_reset(stmt);
    return whole;
}

/* Writes until the power goes; what was said to be saved must be there when it is back, and the views must be what the
 * log adds up to. */
static void cut_once(uint32_t seed, uint64_t at)
{
    struct side s;
    struct hash ids[64];
    uint32_t acked = 0;
    struct disk *disk = disk_new(seed);
    side_init(&s, 1, 1);
    s.vfs = disk_vfs(disk);
    snprintf(s.path, sizeof(s.path), "log.db");
    disk_fault(disk, DISK_CUT, at, false);
    if (side_try(&s) == OK) {
        for (acked = 0; acked < 64 && !disk_is_off(disk); acked++) {
            struct op op = {.kind = OP_NOTE,
                            .has = FIELD_BY | FIELD_TEXT,
                            .by = ana,
                            .text = slice_str("kept")};
            if (replica_append(s.replica, &op, 1, now, &ids[acked]) != OK ||
                replica_flush(s.replica, now) != OK || store_commit(s.store) != OK) {
                break;
            }
        }
    }
    if (!disk_is_off(disk)) {
        disk_cut(disk);
    }
    side_close(&s);
    disk_start(disk);
    side_init(&s, 1, 2);
    s.vfs = disk_vfs(disk);
    snprintf(s.path, sizeof(s.path), "log.db");
    assert_int_equal(side_try(&s), OK);
    for (uint32_t i = 0; i < acked; i++) {
        if (!is_stored(&s, &ids[i])) {
            fail_msg("seed %u, cut at %u: entry %u of %u is lost", seed, (unsigned)at, i, acked);
        }
    }
    assert_true(is_whole(&s));
    struct hash before = store_digest_views(s.store);
    assert_int_equal(replica_refold(s.replica), OK);
    struct hash after = store_digest_views(s.store);
    assert_memory_equal(before.b, after.b, sizeof(before.b));
    side_close(&s);
    disk_free(&disk);
}

static void no_power_cut_loses_what_was_saved(void **state)
{
    (void)state;
    struct rng rng;
    uint8_t seed[32] = {8};
    rng_seed(&rng, seed);
    uint64_t cuts = dose(2000);
    for (uint32_t i = 0; i < cuts; i++) {
        cut_once(i, 1 + rng_below(&rng, 600));
    }
}

static void a_full_disk_refuses_and_keeps_what_is_there(void **state)
{
    (void)state;
    struct side s;
    struct hash id, lost;
    struct op op = {
        .kind = OP_NOTE, .has = FIELD_BY | FIELD_TEXT, .by = ana, .text = slice_str("no room")};
    struct disk *disk = disk_new(1);
    side_init(&s, 1, 1);
    s.vfs = disk_vfs(disk);
    snprintf(s.path, sizeof(s.path), "log.db");
    assert_int_equal(side_try(&s), OK);
    id = note(&s, "there was room");
    disk_fault(disk, DISK_FULL, 1, true);
    enum err err = replica_append(s.replica, &op, 1, now, &lost);
    err = err == OK ? replica_flush(s.replica, now) : err;
    err = err == OK ? store_commit(s.store) : err;
    assert_int_equal(err, ERR_DISK_FULL);
    store_rollback(s.store);
    assert_int_equal(replica_reload(s.replica), OK);
    assert_true(is_stored(&s, &id));
    assert_false(is_stored(&s, &lost));
    disk_fault(disk, DISK_WORKS, 0, false);
    id = note(&s, "there is room again");
    assert_true(is_stored(&s, &id));
    side_close(&s);
    disk_free(&disk);
}

/* A log that is taken for empty would never come together with the others' again. */
static void what_cannot_be_read_again_after_a_failed_commit_is_read_once_it_can(void **state)
{
    (void)state;
    struct side s;
    struct hash id, lost;
    struct op op = {
        .kind = OP_NOTE, .has = FIELD_BY | FIELD_TEXT, .by = ana, .text = slice_str("lost")};
    struct disk *disk = disk_new(1);
    side_init(&s, 1, 1);
    s.vfs = disk_vfs(disk);
    snprintf(s.path, sizeof(s.path), "log.db");
    assert_int_equal(side_try(&s), OK);
    id = note(&s, "kept");
    uint32_t before = heads_count(replica_heads(s.replica));
    assert_int_equal(replica_append(s.replica, &op, 1, now, &lost), OK);
    disk_fault(disk, DISK_FAILS, 1, true);
    assert_int_not_equal(store_commit(s.store), OK);
    store_rollback(s.store);
    assert_int_not_equal(replica_reload(s.replica), OK);
    assert_int_equal(heads_count(replica_heads(s.replica)), 0);
    assert_int_not_equal(replica_append(s.replica, &op, 1, now, &lost), OK);
    disk_fault(disk, DISK_WORKS, 0, false);
    assert_int_equal(replica_refresh(s.replica), OK);
    assert_int_equal(heads_count(replica_heads(s.replica)), before);
    assert_true(is_stored(&s, &id));
    side_close(&s);
    disk_free(&disk);
}

static int signatures(struct side *s)
{
    return (int)store_number(
        s->store, store_query(s->store, "SELECT count(*) FROM entry WHERE signature IS NOT NULL"));
}

/* A signature costs more than all else of an entry: what is saved together is signed together, unless no run holds it all. */
static void what_is_saved_together_has_one_signature(void **state)
{
    (void)state;
    struct side a, b;
    uint64_t seq;
    char page[TEXT_BYTES_MAX];
    side_open(&a, 1);
    side_open(&b, 2);
    for (int i = 0; i < 5; i++) {
        append(&a, slice_str("one of many"));
    }
    save(&a);
    assert_int_equal(signatures(&a), 1); /* also over what opens the feed */
    for (int i = 0; i < RUN_ENTRIES_MAX + 1; i++) {
        append(&a, slice_str("one of many"));
    }
    save(&a);
    assert_int_equal(signatures(&a), 3);
    memset(page, 'a', sizeof(page));
    for (int i = 0; i < 10; i++) {
        append(&a, slice_of(page, sizeof(page)));
    }
    save(&a);
    assert_int_equal(signatures(&a), 5);
    struct feed_id feed = own(&a, &seq);
    uint64_t have;
    while ((have = replica_have(b.replica, &feed)) < seq) {
        assert_int_equal(give(&a, &b, &feed, have), OK);
        assert_true(replica_have(b.replica, &feed) > have);
    }
    assert_same(&a, &b);
    side_close(&a);
    side_close(&b);
}

/* Whatever its entries weigh together: who waits for something behind it is told its headers. */
static void a_void_run_of_any_weight_can_be_told(void **state)
{
    (void)state;
    char text[340];
    memset(text, 'a', sizeof(text));
    for (size_t len = 300; len < sizeof(text); len += 2) {
        struct side a, copy;
        struct hash id;
        struct feed_id of;
        struct pack p;
        uint64_t seq;
        uint32_t runs = 0;
        side_open(&a, 1);
        side_open(&copy, 1);
        note(&a, "both");
        note(&copy, "both");
        for (int i = 0; i < 90; i++) {
            append(&a, slice_of(text, len));
        }
        save(&a);
        note(&copy, "another");
        struct feed_id feed = own(&a, &seq);
        sqlite3_stmt *of_it = store_query(a.store, "SELECT hash FROM entry WHERE seq=?");
        store_bind(a.store, of_it, "i", (int64_t)seq);
        assert_true(store_row(a.store, of_it) && column_fixed(of_it, 0, id.b, sizeof(id.b)));
        sqlite3_reset(of_it);
        assert_int_equal(give(&copy, &a, &feed, seq - 90), ERR_FORK);
        pack_init(&p);
        assert_true(replica_branch_runs(a.replica, &id, NULL, 0, RUN_BYTES_MAX, &of, &p, &runs));
        assert_true(runs > 0);
        pack_clear(&p);
        side_close(&a);
        side_close(&copy);
    }
}

/* A copy of a running machine writes into its feed, what comes of that lacks a cause, and the machine goes on. */
static void what_a_copy_wrote_into_an_own_feed_is_signed_before_it_goes_on(void **state)
{
    (void)state;
    struct side a, copy, other;
    struct pack p;
    uint64_t seq, theirs;
    uint32_t runs = 0;
    side_open(&a, 1);
    side_open(&copy, 1);
    side_open(&other, 2);
    note(&a, "both");
    note(&copy, "both");
    note(&other, "a cause");
    struct feed_id feed = own(&a, &seq), cause = own(&other, &theirs);
    for (int i = 0; i < 100; i++) {
        append(&copy, slice_str("in the copy"));
    }
    assert_int_equal(give(&other, &copy, &cause, 0), OK);
    append(&copy, slice_str("behind the cause"));
    save(&copy);
    assert_int_equal(give(&copy, &a, &feed, seq), OK);
    assert_int_equal(replica_count(a.replica).waiting, 1);
    for (int i = 0; i < 40; i++) {
        append(&a, slice_str("here"));
    }
    save(&a);
    pack_init(&p);
    assert_false(replica_runs(a.replica, &feed, seq, ROOM, &p, &runs));
    assert_int_equal(runs, 2);
    pack_clear(&p);
    side_close(&a);
    side_close(&copy);
    side_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_saved_together_has_one_signature),
        cmocka_unit_test(a_void_run_of_any_weight_can_be_told),
        cmocka_unit_test(what_a_copy_wrote_into_an_own_feed_is_signed_before_it_goes_on),
        cmocka_unit_test(an_entry_waits_for_its_causes),
        cmocka_unit_test(a_run_twice_or_in_parts_is_taken_once),
        cmocka_unit_test(a_forged_signature_keeps_nothing),
        cmocka_unit_test(a_feed_needs_its_devices_signature),
        cmocka_unit_test(a_false_lamport_number_ends_its_feed_for_everybody),
        cmocka_unit_test(an_unknown_cause_makes_it_wait_not_fail),
        cmocka_unit_test(a_fork_voids_its_feed_from_there_on_whoever_saw_which_half),
        cmocka_unit_test(what_waits_proves_a_fork_even_once_it_is_forgotten),
        cmocka_unit_test(folding_again_gives_the_same_views),
        cmocka_unit_test(a_full_disk_refuses_and_keeps_what_is_there),
        cmocka_unit_test(what_cannot_be_read_again_after_a_failed_commit_is_read_once_it_can),
        cmocka_unit_test(no_power_cut_loses_what_was_saved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
