/* A member of the class with a client of their own: what they send may cost themselves, but never the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "pair.h"
#include "replica_inside.h"

#define PASSPHRASE "cobweb item comet lamp domino"

static const struct class_id some_class = {{5}};
static const struct now now = {{1000}, {INT64_C(1790000000000)}};
static const struct person_id ana = {{1}};

/* ---- one replica, and feeds made by hand ------------------------------------------------------------------------ */

struct side {
    struct store *store;
    struct rng rng;
    struct author author;
    struct replica *replica;
};

static void side_open(struct side *s, uint8_t number)
{
    uint8_t seed[32] = {number};
    struct sign_pk pk;
    memset(s, 0, sizeof(*s));
    assert_int_equal(keys_init(), OK);
    sign_keypair(seed, &s->author.key, &pk);
    memcpy(s->author.device.b, pk.b, sizeof(pk.b));
    rng_seed(&s->rng, seed);
    s->author.rng = &s->rng;
    s->author.host = "pc";
    assert_int_equal(store_open(":memory:", NULL, &s->store), OK);
    assert_int_equal(replica_open(s->store, &some_class, &s->author, NULL, &s->replica), OK);
}

static void side_close(struct side *s)
{
    replica_close(&s->replica);
    store_close(&s->store);
}

struct forger {
    struct class_id class;
    struct sign_key device, feed;
    struct device_id device_id;
    struct sign_pk feed_pk;
    struct feed_id id;
    struct pack entries;
    struct hash last;
    uint64_t seq, lamport;
    bool strip; /* leave payloads out */
};

static void forger_add_bytes(struct forger *f, struct slice op, const struct hash *after,
                             uint32_t after_count)
{
    uint8_t payload[PAYLOAD_BYTES_MAX] = {42};
    memcpy(payload + SALT_BYTES, op.at, op.len);
    struct slice bytes = slice_of(payload, SALT_BYTES + op.len);
    struct entry e = {.feed = f->id,
                      .seq = ++f->seq,
                      .prev = f->last,
                      .after = after,
                      .after_count = after_count,
                      .lamport = ++f->lamport,
                      .time_ms = 1,
                      .payload_len = (uint32_t)bytes.len,
                      .payload_hash = payload_hash(bytes),
                      .payload = bytes};
    f->last = entry_id(&f->class, &e);
    if (f->strip) {
        entry_strip(&e);
    }
    run_pack_entry(&f->entries, &e);
}

static void forger_add(struct forger *f, const struct op *op, const struct hash *after,
                       uint32_t after_count)
{
    struct pack p;
    pack_init(&p);
    assert_int_equal(op_encode(&p, op), OK);
    forger_add_bytes(f, pack_bytes(&p), after, after_count);
    pack_clear(&p);
}

static void forger_open(struct forger *f, const struct class_id *class, uint16_t number)
{
    uint8_t seed[32] = {99, (uint8_t)number, 0, (uint8_t)(number >> 8)};
    struct sign_pk pk;
    memset(f, 0, sizeof(*f));
    f->class = *class;
    sign_keypair(seed, &f->device, &pk);
    memcpy(f->device_id.b, pk.b, sizeof(pk.b));
    seed[2] = 1;
    sign_keypair(seed, &f->feed, &f->feed_pk);
    f->id = feed_id_of(class, &f->device_id, &f->feed_pk);
    pack_init(&f->entries);
    struct op op = {.kind = OP_OPEN,
                    .has = FIELD_KEY | FIELD_DEVICE | FIELD_SIGNATURE | FIELD_NAME | FIELD_HARDWARE,
                    .key = f->feed_pk,
                    .device = f->device_id,
                    .signature = sign(&f->device, "jam device 1", SLICE(f->id)),
                    .name = slice_str("forger")};
    forger_add(f, &op, NULL, 0);
}

static void forger_note_after(struct forger *f, const char *text, const struct hash *after,
                              uint32_t after_count)
{
    struct op op = {
        .kind = OP_NOTE, .has = FIELD_BY | FIELD_TEXT, .by = ana, .text = slice_str(text)};
    forger_add(f, &op, after, after_count);
}

static void forger_note(struct forger *f, const char *text)
{
    forger_note_after(f, text, NULL, 0);
}

/* Where a forger stands, to go on from there a second time. */
static struct forger forger_mark(const struct forger *f)
{
    return *f;
}

static void forger_back(struct forger *f, const struct forger *mark)
{
    f->last = mark->last;
    f->seq = mark->seq;
    f->lamport = mark->lamport;
    pack_reset(&f->entries);
}

/* The entries since the last call as one run object, signed at its end. */
static void forger_pack(struct forger *f, uint64_t first_seq, struct pack *p)
{
    struct signature signature = run_sign(&f->feed, &f->last);
    run_pack_head(p, &f->id, first_seq, &signature, (uint32_t)(f->seq - first_seq + 1));
    pack_raw(p, pack_bytes(&f->entries));
    pack_reset(&f->entries);
}

static enum err forger_send(struct forger *f, uint64_t first_seq, struct side *to)
{
    struct pack p;
    struct doc doc;
    struct run run;
    uint32_t applied = 0;
    pack_init(&p);
    forger_pack(f, first_seq, &p);
    assert_true(pack_bytes(&p).len < MESSAGE_BYTES_MAX - 64);
    assert_int_equal(doc_open(&doc, pack_bytes(&p), PACK_STRICT), OK);
    enum err err = run_read(&doc.root, &run);
    err = err == OK ? replica_accept(to->replica, &run, now, false, &applied) : err;
    doc_clear(&doc);
    pack_clear(&p);
    assert_int_equal(replica_flush(to->replica, now), OK);
    assert_int_equal(store_commit(to->store), OK);
    return err;
}

static void a_run_that_could_not_be_passed_on_is_not_taken(void **state)
{
    (void)state;
    static char long_text[TEXT_BYTES_MAX + 1];
    struct side a;
    struct forger f;
    struct pack out;
    uint32_t runs = 0;
    memset(long_text, 'x', TEXT_BYTES_MAX);
    struct op op = {.kind = OP_FEEDBACK,
                    .has = FIELD_BY | FIELD_TEXT | FIELD_MORE,
                    .by = ana,
                    .text = slice_str(long_text),
                    .more = slice_str(long_text)};
    side_open(&a, 1);
    forger_open(&f, &some_class, 1);
    for (int i = 0; i < 7; i++) {
        forger_add(&f, &op, NULL, 0);
    }
    enum err err = forger_send(&f, 1, &a);
    pack_init(&out);
    bool more = replica_runs(a.replica, &f.id, 0, 56 * 1024, &out, &runs);
    /* either it isn't here, or it can be told */
    assert_true(err != OK || (runs > 0 && !more));
    pack_clear(&out);
    pack_clear(&f.entries);
    side_close(&a);
}

/* Who signs a feed of another class, or of this one for a device of which they haven't the key, is refused. */
static void a_feed_of_another_class_is_refused(void **state)
{
    (void)state;
    static const struct class_id another = {{2}};
    struct side a;
    struct forger f;
    side_open(&a, 1);
    forger_open(&f, &another, 1);
    assert_int_equal(forger_send(&f, 1, &a), ERR_OTHER_CLASS);
    assert_int_equal(replica_have(a.replica, &f.id), 0);
    pack_clear(&f.entries);
    side_close(&a);
}

/* Header and chain are taken, and what they stood for is missed; but not of what authority rests on. */
static void an_entry_without_its_payload_is_lacking(void **state)
{
    (void)state;
    struct side a;
    struct forger f;
    side_open(&a, 1);
    forger_open(&f, &some_class, 1);
    assert_int_equal(forger_send(&f, 1, &a), OK);
    f.strip = true;
    struct forger before = forger_mark(&f);
    struct op bye = {.kind = OP_BYE, .has = FIELD_BY, .by = {{1}}};
    forger_add(&f, &bye, NULL, 0);
    assert_int_equal(forger_send(&f, 2, &a), ERR_MALFORMED);
    assert_int_equal(replica_have(a.replica, &f.id), 1);
    forger_back(&f, &before);
    forger_note(&f, "what Ana wrote, passed on by somebody who doesn't like it");
    assert_int_equal(forger_send(&f, 2, &a), OK);
    assert_int_equal(replica_have(a.replica, &f.id), 2);
    assert_int_equal(replica_count(a.replica).lacking, 1);
    assert_true(replica_lacks(a.replica));
    for (int i = 0; i < 4; i++) {
        f.strip = i < 3;
        forger_note(&f, "and so on");
        assert_int_equal(forger_send(&f, f.seq, &a), OK);
    }
    assert_int_equal(replica_count(a.replica).lacking, 4);
    a.replica->lacking_stale = true; /* counted anew it is the same */
    assert_int_equal(replica_count(a.replica).lacking, 4);
    pack_clear(&f.entries);
    side_close(&a);
}

/* Whoever is behind hears headers of a void branch before it can take the proof that they are void: nobody's fault. */
static void headers_further_on_than_here_wait_and_blame_nobody(void **state)
{
    (void)state;
    struct side a;
    struct forger f;
    static const struct hash unknown[] = {{{7}}};
    struct op bye = {.kind = OP_BYE, .has = FIELD_BY, .by = {{1}}};
    side_open(&a, 1);
    forger_open(&f, &some_class, 1);
    assert_int_equal(forger_send(&f, 1, &a), OK);
    forger_note_after(&f, "waits for its cause", unknown, 1);
    assert_int_equal(forger_send(&f, 2, &a), OK);
    assert_int_equal(replica_count(a.replica).waiting, 1);
    f.strip = true;
    forger_add(&f, &bye, NULL, 0);
    assert_int_equal(forger_send(&f, 3, &a), ERR_WAIT);
    pack_clear(&f.entries);
    side_close(&a);
}

static void a_void_feed_that_parts_earlier_still_is_void_from_there(void **state)
{
    (void)state;
    struct side a;
    struct forger f;
    side_open(&a, 1);
    forger_open(&f, &some_class, 1);
    struct forger first = forger_mark(&f);
    forger_note(&f, "two");
    struct forger second = forger_mark(&f);
    forger_note(&f, "three");
    assert_int_equal(forger_send(&f, 1, &a), OK);
    forger_back(&f, &second);
    forger_note(&f, "three, otherwise");
    assert_int_equal(forger_send(&f, 3, &a), ERR_FORK);
    assert_int_equal(heads_get(replica_heads(a.replica), &f.id)->void_seq, 3);
    forger_back(&f, &first);
    forger_note(&f, "two, otherwise");
    assert_int_equal(forger_send(&f, 2, &a), ERR_FORK);
    assert_int_equal(heads_get(replica_heads(a.replica), &f.id)->void_seq, 2);
    pack_clear(&f.entries);
    side_close(&a);
}

/* ---- what it costs ------------------------------------------------------------------------------------------------ */

static int count_work(void *work)
{
    ++*(uint64_t *)work;
    return 0;
}

/* Counts in *work what SQLite does for a side, in hundreds of its steps. */
static void watch_work(struct side *s, uint64_t *work)
{
    *work = 0;
    sqlite3_progress_handler(sqlite3_db_handle(store_query(s->store, "SELECT 1")), 100, count_work,
                             work);
}

/* What a side spends on entries of somebody honest that come one by one. */
static uint64_t cost_of_notes(struct side *s, uint16_t number)
{
    uint64_t work;
    struct forger f;
    forger_open(&f, &some_class, number);
    assert_int_equal(forger_send(&f, 1, s), OK);
    watch_work(s, &work);
    for (int i = 0; i < 100; i++) {
        forger_note(&f, "a note");
        assert_int_equal(forger_send(&f, f.seq, s), OK);
    }
    pack_clear(&f.entries);
    return work;
}

/* Each waits for an entry that nobody has. */
static void a_crowd_that_waits_costs_the_others_nothing(void **state)
{
    (void)state;
    struct side a;
    side_open(&a, 1);
    uint64_t alone = cost_of_notes(&a, 1);
    for (uint16_t i = 0; i < 1000; i++) {
        struct forger f;
        struct hash nowhere = {{7, (uint8_t)i, (uint8_t)(i >> 8)}};
        forger_open(&f, &some_class, (uint16_t)(10 + i));
        forger_note_after(&f, "behind nothing", &nowhere, 1);
        forger_send(&f, 1, &a);
        pack_clear(&f.entries);
    }
    assert_int_equal(replica_count(a.replica).waiting, 1000);
    uint64_t crowded = cost_of_notes(&a, 2);
    assert_true(alone > 0 && crowded <= 2 * alone);
    side_close(&a);
}

/* Gives one side what the other knows of the way to a void entry. */
static void give_branch(struct side *from, struct side *to, const struct hash *id)
{
    struct pack runs, whole;
    struct doc doc;
    const msgpack_object *items;
    struct feed_id feed;
    uint32_t count = 0, applied = 0;
    pack_init(&runs);
    pack_init(&whole);
    assert_true(replica_branch_runs(from->replica, id, NULL, 0, 56 * 1024, &feed, &runs, &count));
    pack_array(&whole, count);
    pack_raw(&whole, pack_bytes(&runs));
    assert_int_equal(doc_open(&doc, pack_bytes(&whole), PACK_STRICT), OK);
    assert_true(read_array(&doc.root, &items, &count));
    for (uint32_t i = 0; i < count; i++) {
        struct run run;
        assert_int_equal(run_read(&items[i], &run), OK);
        assert_int_equal(replica_accept(to->replica, &run, now, false, &applied), OK);
    }
    doc_clear(&doc);
    pack_clear(&runs);
    pack_clear(&whole);
}

/* A void feed that parts again and again takes the room of what it says, not of all ways that lead there. */
static void branches_take_the_room_of_what_they_say(void **state)
{
    (void)state;
    enum { LONG = 100, PARTS = 40 };
    struct side a, b;
    struct forger f;
    struct slice x, y;
    struct doc doc_x, doc_y;
    struct run run_x, run_y;
    struct hash ends[3];
    side_open(&a, 1);
    side_open(&b, 2);
    forger_open(&f, &some_class, 1);
    struct forger first = forger_mark(&f);
    assert_int_equal(forger_send(&f, 1, &b), OK);
    pack_clear(&f.entries);
    forger_open(&f, &some_class, 1);
    forger_note(&f, "what is applied");
    assert_int_equal(forger_send(&f, 1, &a), OK);
    forger_back(&f, &first);
    forger_note(&f, "the other story");
    assert_int_equal(forger_send(&f, 2, &a), ERR_FORK);
    while (f.seq < LONG) {
        forger_note(&f, "and on");
    }
    forger_back(&f, &first);
    while (f.seq < LONG) {
        forger_note(&f, f.seq == 1 ? "the other story" : "and on");
    }
    assert_int_equal(forger_send(&f, 2, &a), OK);
    struct forger last = forger_mark(&f);
    for (int i = 0; i < PARTS; i++) {
        char text[16];
        forger_back(&f, &last);
        snprintf(text, sizeof(text), "ending %d", i);
        forger_note(&f, text);
        assert_int_equal(forger_send(&f, LONG + 1, &a), OK);
        ends[i < 2 ? i : 2] = f.last;
    }
    int64_t rows = store_number(a.store, store_query(a.store, "SELECT count(*) FROM branch"));
    assert_int_equal(rows, LONG - 1 + PARTS);
    /* and each of them can be told */
    assert_true(replica_fork_proof(a.replica, &f.id, &x, &y));
    assert_int_equal(doc_open(&doc_x, x, PACK_STRICT), OK);
    assert_int_equal(doc_open(&doc_y, y, PACK_STRICT), OK);
    assert_int_equal(run_read(&doc_x.root, &run_x), OK);
    assert_int_equal(run_read(&doc_y.root, &run_y), OK);
    assert_int_equal(replica_accept_fork(b.replica, &run_x, &run_y), ERR_FORK);
    for (int i = 0; i < 3; i++) {
        uint64_t lamport = 0;
        give_branch(&a, &b, &ends[i]);
        assert_true(replica_lamport(b.replica, &ends[i], &lamport));
        assert_int_equal(lamport, LONG + 1);
    }
    doc_clear(&doc_x);
    doc_clear(&doc_y);
    pack_clear(&f.entries);
    side_close(&a);
    side_close(&b);
}

/* Tells a side that the feed is void from a place on, by two runs that go on from there. */
static void prove_fork(struct forger *f, const struct forger *before, struct side *to)
{
    struct pack whole;
    struct doc doc;
    struct run a, b;
    pack_init(&whole);
    pack_array(&whole, 2);
    for (int i = 0; i < 2; i++) {
        forger_back(f, before);
        forger_note(f, i ? "one story" : "the other story");
        forger_pack(f, before->seq + 1, &whole);
    }
    assert_int_equal(doc_open(&doc, pack_bytes(&whole), PACK_STRICT), OK);
    assert_int_equal(run_read(&doc.root.via.array.ptr[0], &a), OK);
    assert_int_equal(run_read(&doc.root.via.array.ptr[1], &b), OK);
    assert_int_equal(replica_accept_fork(to->replica, &a, &b), ERR_FORK);
    doc_clear(&doc);
    pack_clear(&whole);
}

/* A feed of which two sides have the beginning. */
static struct forger forger_open_at_both(struct forger *f, struct side *a, struct side *b)
{
    forger_open(f, &some_class, 1);
    assert_int_equal(forger_send(f, 1, a), OK);
    pack_clear(&f->entries);
    forger_open(f, &some_class, 1);
    assert_int_equal(forger_send(f, 1, b), OK);
    return forger_mark(f);
}

/* Honest entries may hang on the start of a run, of which the rest waits for ever: that start can be told on, whether the feed was
 * known as void before the run came or not. */
static void what_came_in_part_can_be_told_on(void **state)
{
    (void)state;
    for (int void_before = 0; void_before < 2; void_before++) {
        static const struct hash nowhere = {{7}};
        struct side a, b;
        struct forger f;
        uint64_t lamport = 0;
        side_open(&a, 1);
        side_open(&b, 2);
        struct forger opened = forger_open_at_both(&f, &a, &b);
        if (void_before) {
            prove_fork(&f, &opened, &a);
        }
        prove_fork(&f, &opened, &b);
        forger_back(&f, &opened);
        forger_note(&f, "on which others hang");
        struct hash start = f.last;
        forger_note_after(&f, "for ever on the way", &nowhere, 1);
        struct hash end = f.last;
        assert_int_equal(forger_send(&f, 2, &a), OK);
        if (!void_before) {
            prove_fork(&f, &opened, &a);
        }
        give_branch(&a, &b, &start);
        assert_true(replica_lamport(b.replica, &start, &lamport));
        assert_int_equal(lamport, 2);
        assert_false(replica_lamport(b.replica, &end, &lamport));
        pack_clear(&f.entries);
        side_close(&a);
        side_close(&b);
    }
}

/* What comes again is placed as soon as its causes are here. */
static void a_branch_is_placed_when_its_causes_come(void **state)
{
    (void)state;
    struct side a;
    struct forger f, other;
    uint64_t lamport = 0;
    side_open(&a, 1);
    forger_open(&other, &some_class, 2);
    struct hash cause = other.last;
    forger_open(&f, &some_class, 1);
    struct forger opened = forger_mark(&f);
    assert_int_equal(forger_send(&f, 1, &a), OK);
    prove_fork(&f, &opened, &a);
    for (int turn = 0; turn < 3; turn++) {
        if (turn == 2) {
            assert_int_equal(forger_send(&other, 1, &a), OK);
        }
        forger_back(&f, &opened);
        forger_note(&f, "first");
        forger_note_after(&f, "behind another's", &cause, 1);
        struct hash last = f.last;
        enum err err = turn == 1 ? ERR_WAIT : OK; /* it brings nothing */
        assert_int_equal(forger_send(&f, 2, &a), err);
        assert_int_equal(replica_lamport(a.replica, &last, &lamport), turn == 2);
    }
    assert_int_equal(lamport, 3);
    pack_clear(&f.entries);
    pack_clear(&other.entries);
    side_close(&a);
}

/* What waited when its feed turned out to be void may be applied yet, by a run that begins before that: what stands behind it is
 * placed all the same. */
static void a_branch_goes_on_behind_what_was_applied_since(void **state)
{
    (void)state;
    struct side a;
    struct forger f, other;
    struct hash last = {{0}};
    uint64_t lamport = 0;
    side_open(&a, 1);
    forger_open(&other, &some_class, 2);
    struct hash cause = other.last;
    forger_open(&f, &some_class, 1);
    assert_int_equal(forger_send(&f, 1, &a), OK);
    pack_clear(&f.entries);
    static const uint64_t from[] = {1, 1, 2}, to[] = {4, 3, 4};
    for (int i = 0; i < 3; i++) {
        forger_open(&f, &some_class, 1);
        struct forger opened = forger_mark(&f);
        if (from[i] == 2) {
            pack_reset(&f.entries);
        }
        forger_note(&f, "on the way");
        forger_note_after(&f, "behind another's", &cause, 1);
        if (to[i] == 4) {
            forger_note(&f, "the last");
            last = f.last;
        }
        assert_int_equal(forger_send(&f, from[i], &a), OK);
        if (i == 0) {
            assert_int_equal(replica_count(a.replica).waiting, 2);
            prove_fork(&f, &opened, &a);
            assert_int_equal(forger_send(&other, 1, &a), OK);
        }
        pack_clear(&f.entries);
    }
    assert_true(replica_lamport(a.replica, &last, &lamport));
    assert_int_equal(lamport, 4);
    pack_clear(&other.entries);
    side_close(&a);
}

/* A branch of two runs, told to a side that knows as many others as are tried: the newest are. */
static void many_branches_hide_none(void **state)
{
    (void)state;
    enum { OTHERS = 64 };
    struct side a, b;
    struct forger f;
    uint64_t lamport = 0;
    side_open(&a, 1);
    side_open(&b, 2);
    struct forger opened = forger_open_at_both(&f, &a, &b);
    for (int i = 0; i < RUN_ENTRIES_MAX; i++) {
        forger_note(&f, "K");
    }
    assert_int_equal(forger_send(&f, 2, &a), OK);
    for (int i = 0; i < 11; i++) {
        forger_note(&f, "K");
    }
    struct hash named = f.last; /* by an honest entry */
    assert_int_equal(forger_send(&f, RUN_ENTRIES_MAX + 2, &a), OK);
    prove_fork(&f, &opened, &a);
    prove_fork(&f, &opened, &b);
    for (int k = 0; k < OTHERS; k++) {
        char text[16];
        forger_back(&f, &opened);
        for (int i = 0; i < RUN_ENTRIES_MAX; i++) {
            snprintf(text, sizeof(text), "%d.%d", k, i);
            forger_note(&f, text);
        }
        assert_int_equal(forger_send(&f, 2, &b), OK);
    }
    give_branch(&a, &b, &named);
    assert_true(replica_lamport(b.replica, &named, &lamport));
    pack_clear(&f.entries);
    side_close(&a);
    side_close(&b);
}

/* Writes one note after another as if by a side's own feed, from where it stands; what parts is a fork. */
static void forge_own(struct side *s, uint64_t seq, const char *text)
{
    struct forger f = {.class = some_class, .feed = s->replica->own_key, .seq = seq - 1};
    struct hash last;
    struct pack p;
    struct doc doc;
    struct run run;
    uint32_t applied = 0;
    f.id = s->replica->own->id;
    assert_true(replica_id_at(s->replica, s->replica->own, seq - 1, &last));
    f.last = last;
    f.lamport = seq - 1;
    pack_init(&f.entries);
    pack_init(&p);
    forger_note(&f, text);
    forger_pack(&f, seq, &p);
    assert_int_equal(doc_open(&doc, pack_bytes(&p), PACK_STRICT), OK);
    assert_int_equal(run_read(&doc.root, &run), OK);
    assert_int_equal(replica_accept(s->replica, &run, now, false, &applied), ERR_FORK);
    doc_clear(&doc);
    pack_clear(&p);
    pack_clear(&f.entries);
}

/* A machine that was resumed from an older state twice: what it said is written again once. */
static void what_a_fork_voids_is_written_again_once(void **state)
{
    (void)state;
    struct side a;
    struct hash id;
    struct op op = {.kind = OP_SEAT, .has = FIELD_NAME | FIELD_HARDWARE, .name = slice_str("PC 7")};
    side_open(&a, 1);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(replica_append(a.replica, &op, 1, now, &id), OK);
    }
    struct feed *own = a.replica->own;
    forge_own(&a, 4, "later");
    a.replica->own = own;
    forge_own(&a, 2, "earlier");
    assert_int_equal(a.replica->rewrite_count, 4);
    assert_int_equal(replica_flush(a.replica, now), OK);
    side_close(&a);
}

static void forger_fork(struct side *to, uint8_t number)
{
    struct forger f;
    forger_open(&f, &some_class, number);
    struct forger first = forger_mark(&f);
    forger_note(&f, "one");
    assert_int_equal(forger_send(&f, 1, to), OK);
    forger_back(&f, &first);
    forger_note(&f, "the other");
    assert_int_equal(forger_send(&f, 2, to), ERR_FORK);
    pack_clear(&f.entries);
}

/* Each fork voids what was folded: but who forks again and again makes nobody fold the log all the time. */
static void folding_again_is_rationed_and_not_forgotten(void **state)
{
    (void)state;
    enum { RUNS = 40, FORKS = 50 };
    struct side a;
    struct forger f;
    side_open(&a, 1);
    forger_open(&f, &some_class, 1);
    for (int run = 0; run < RUNS; run++) {
        uint64_t first = run ? f.seq + 1 : 1;
        while (f.seq < first + RUN_ENTRIES_MAX - 1) {
            forger_note(&f, "much");
        }
        assert_int_equal(forger_send(&f, first, &a), OK);
    }
    for (int i = 0; i < FORKS; i++) {
        forger_fork(&a, (uint8_t)(2 + i));
    }
    struct replica_counts counts = replica_count(a.replica);
    uint64_t most = (uint64_t)REFOLD_ENTRIES_S * REFOLD_SAVED_MS / 1000 + counts.entries;
    assert_true(counts.refolds > 0 && counts.refolds * RUNS * RUN_ENTRIES_MAX <= most);
    assert_true(replica_is_stale(a.replica));
    /* the time comes, also if what is in memory was lost meanwhile */
    struct now later = now;
    later.mono = replica_wake(a.replica);
    assert_true(later.mono.ms > now.mono.ms && later.mono.ms < now.mono.ms + REFOLD_SAVED_MS);
    assert_int_equal(replica_reload(a.replica), OK);
    assert_true(replica_is_stale(a.replica));
    assert_int_equal(store_begin(a.store), OK);
    assert_int_equal(replica_flush(a.replica, later), OK);
    assert_false(replica_is_stale(a.replica));
    struct hash before = store_digest_views(a.store);
    assert_int_equal(replica_refold(a.replica), OK);
    struct hash again = store_digest_views(a.store);
    assert_true(SAME(before, again));
    pack_clear(&f.entries);
    side_close(&a);
}

static int hash_order(const void *x, const void *y)
{
    return memcmp(x, y, sizeof(struct hash));
}

static void a_proof_of_a_fork_always_fits_a_message(void **state)
{
    (void)state;
    struct side a;
    struct forger f, other[AFTER_MAX];
    struct hash after[AFTER_MAX];
    struct slice x, y;
    side_open(&a, 1);
    for (int i = 0; i < AFTER_MAX; i++) {
        forger_open(&other[i], &some_class, (uint8_t)(10 + i));
        assert_int_equal(forger_send(&other[i], 1, &a), OK);
        after[i] = other[i].last;
        pack_clear(&other[i].entries);
    }
    qsort(after, AFTER_MAX, sizeof(after[0]), hash_order);
    forger_open(&f, &some_class, 1);
    assert_int_equal(forger_send(&f, 1, &a), OK);
    struct forger first = forger_mark(&f);
    for (int branch = 0; branch < 2; branch++) {
        /* the longest run that is taken */
        for (int entries = 50; entries > 0; entries--) {
            forger_back(&f, &first);
            for (int i = 0; i < entries; i++) {
                forger_note_after(&f, branch ? "other" : "one", after, AFTER_MAX);
            }
            enum err err = forger_send(&f, 2, &a);
            if (err == OK || err == ERR_FORK) {
                break;
            }
        }
    }
    assert_true(replica_fork_proof(a.replica, &f.id, &x, &y));
    assert_true(x.len + y.len + 16 <= MESSAGE_BYTES_MAX);
    pack_clear(&f.entries);
    side_close(&a);
}

/* ---- a room with somebody hostile in it ------------------------------------------------------------------------- */

struct hostile {
    struct device_id id;
    struct link_pk link;
    uint64_t run;
};

static struct room *class_of_two(void)
{
    struct room *room = room_new(2);
    char words[256];
    room_create(room, 0, "7b", words);
    room_send(room, 1, 1, "class.join", (const char *const[]){"words", words, NULL});
    room_run(room, 6000);
    assert_non_null(class_at(room, 1)->replica);
    return room;
}

static void hostile_init(struct hostile *h, uint16_t number)
{
    uint8_t seed[32] = {77, (uint8_t)number, (uint8_t)(number >> 8)};
    struct sign_key key;
    struct sign_pk pk;
    sign_keypair(seed, &key, &pk);
    memcpy(h->id.b, pk.b, sizeof(pk.b));
    assert_true(link_public_of(&h->id, &h->link));
    h->run = 1;
}

static void hostile_say(struct room *room, int to, const struct hostile *h, struct slice bytes)
{
    struct event event = {
        .kind = EVENT_MESSAGE, .peer = h->link, .from = room_address(38), .bytes = bytes};
    room_turn(room, to, &event);
}

static void hostile_hello_of(struct room *room, int to, const struct hostile *h,
                             struct fingerprint fingerprint)
{
    struct pack p;
    struct message hello = {.kind = MESSAGE_HELLO,
                            .version = PROTOCOL_VERSION,
                            .device = h->id,
                            .root = class_at(room, to)->root,
                            .run = h->run,
                            .port = 7733,
                            .wall_ms = room->now.wall.ms,
                            .fingerprint = fingerprint,
                            .host = slice_str("h")};
    pack_init(&p);
    pack_hello(&p, &hello);
    hostile_say(room, to, h, pack_bytes(&p));
    pack_clear(&p);
}

static void hostile_hello(struct room *room, int to, const struct hostile *h)
{
    hostile_hello_of(room, to, h, (struct fingerprint){{1, 2, 3}});
}

/* Heads of feeds that don't exist. */
static void hostile_heads(struct room *room, int to, const struct hostile *h)
{
    struct pack p;
    struct prefix all = {0};
    struct head head = {.feed = {{9, 9, 9}}, .seq = 1000, .lamport = 1};
    pack_init(&p);
    pack_heads(&p, 0, 1);
    pack_heads_of(&p, &all, 1);
    pack_head(&p, &head);
    hostile_say(room, to, h, pack_bytes(&p));
    pack_clear(&p);
}

static void hostile_runs(struct room *room, int to, const struct hostile *h, uint64_t flags,
                         struct slice run)
{
    struct pack p;
    pack_init(&p);
    pack_runs(&p, flags, run.len ? 1 : 0);
    pack_raw(&p, run);
    hostile_say(room, to, h, pack_bytes(&p));
    pack_clear(&p);
}

/* What the forger has said since, from that entry on, in a push. */
static void hostile_push(struct room *room, int to, const struct hostile *h, struct forger *f,
                         uint64_t first_seq)
{
    struct pack p;
    pack_init(&p);
    forger_pack(f, first_seq, &p);
    hostile_runs(room, to, h, RUNS_PUSH, pack_bytes(&p));
    pack_clear(&p);
}

/* How far machine i's own feed has come. */
static uint64_t own_seq(struct room *room, int i, struct feed_id *own)
{
    uint64_t seq = 0;
    assert_true(replica_own(class_at(room, i)->replica, own, &seq));
    return seq;
}

/* Somebody hostile is known at machine 1. */
static struct room *class_with_hostile(struct hostile *h)
{
    struct room *room = class_of_two();
    hostile_init(h, 1);
    hostile_hello(room, 1, h);
    room_run(room, 500);
    return room;
}

static void assert_same(struct room *room)
{
    struct class *a = class_at(room, 0), *b = class_at(room, 1);
    struct fingerprint x = heads_fingerprint(replica_heads(a->replica));
    struct fingerprint y = heads_fingerprint(replica_heads(b->replica));
    assert_memory_equal(x.b, y.b, sizeof(x.b));
    struct hash v = store_digest_views(a->store), w = store_digest_views(b->store);
    assert_memory_equal(v.b, w.b, sizeof(v.b));
}

/* Machine 0 writes what machine 1 only gets by asking. */
static void write_unheard(struct room *room)
{
    room->cut[0][1] = true;
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 0, "class.seat", "label", "PC 7, window"), "");
    room_run(room, 100);
    room->cut[0][1] = false;
}

/* Machine 1 was off while somebody wrote; somebody hostile was not. */
static struct room *class_with_one_behind(struct hostile *h)
{
    struct room *room = class_of_two();
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    room_run(room, 1000);
    assert_same(room);
    room_stop(room, 1);
    assert_string_equal(ASK(room, 0, "note", "text", "meanwhile"), "");
    room_run(room, 10000);
    hostile_init(h, 1);
    room_start(room, 1);
    return room;
}

/* Agreement proves nothing as long as another differs: who echoes it may be the only one who is heard at first. */
static void an_echo_is_no_agreement_while_another_differs(void **state)
{
    (void)state;
    struct hostile h;
    struct room *room = class_with_one_behind(&h);
    const struct class *class = class_at(room, 1);
    room->no_entries = true;
    for (int i = 0; i < 20; i++) {
        hostile_hello_of(room, 1, &h, heads_fingerprint(replica_heads(class->replica)));
        room_run(room, 100);
        assert_true(sync_is_behind(class->sync));
        assert_true(replica_doubts(class->replica));
    }
    room->no_entries = false;
    room_run(room, 6000);
    assert_same(room);
    assert_false(sync_is_behind(class->sync));
    assert_false(replica_doubts(class->replica));
    room_free(room);
}

static void who_always_differs_does_not_keep_others_from_agreeing(void **state)
{
    (void)state;
    struct hostile h;
    struct room *room = class_with_one_behind(&h);
    const struct class *class = class_at(room, 1);
    /* always another, which nobody has heard out */
    for (int i = 0; i < 400 && replica_doubts(class->replica); i++) {
        hostile_init(&h, (uint16_t)(1 + i / 20));
        hostile_hello(room, 1, &h);
        room_run(room, 100);
    }
    assert_false(sync_is_behind(class->sync));
    assert_false(replica_doubts(class->replica));
    room_free(room);
}

/* Each note rests on feeds that somebody hostile shows to its machine alone. */
static void what_rests_on_what_others_lack_comes_at_once(void **state)
{
    (void)state;
    struct room *room = class_of_two();
    struct hostile h;
    struct feed_id own;
    uint64_t seq = 0;
    hostile_init(&h, 1);
    hostile_hello(room, 0, &h);
    hostile_hello(room, 1, &h); /* and differs there, without a word */
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    room_run(room, 6000);
    for (int i = 0; i < 20; i++) {
        struct forger f;
        forger_open(&f, &class_at(room, 0)->id, (uint8_t)(1 + i));
        forger_note(&f, "for one alone");
        hostile_push(room, 0, &h, &f, 1);
        hostile_hello(room, 1, &h);
        pack_clear(&f.entries);
        assert_string_equal(ASK(room, 0, "note", "text", "seen soon"), "");
        seq = own_seq(room, 0, &own);
        room_run(room, 350);
        assert_int_equal(heads_get(replica_heads(class_at(room, 1)->replica), &own)->seq, seq);
    }
    room_free(room);
}

static void who_says_much_and_brings_nothing_holds_up_nobody(void **state)
{
    (void)state;
    struct hostile h;
    struct room *room = class_with_hostile(&h);
    hostile_heads(room, 1, &h);
    write_unheard(room);
    for (int i = 0; i < 600; i++) {
        if (i % 2) {
            hostile_heads(room, 1, &h);
        }
        hostile_runs(room, 1, &h, 0, slice_of(NULL, 0));
        room_run(room, 100);
    }
    assert_same(room);
    room_free(room);
}

/* Its entries wait for what nobody has, and it is asked for that before those who only differ, but not again and again. */
static void who_pushes_what_waits_for_ever_holds_up_nobody(void **state)
{
    (void)state;
    struct hostile h;
    struct room *room = class_with_hostile(&h);
    struct forger f;
    struct hash nowhere = {{77}};
    forger_open(&f, &class_at(room, 1)->id, 1);
    write_unheard(room);
    for (int i = 0; i < 100; i++) {
        forger_note_after(&f, "waits", &nowhere, 1);
        hostile_push(room, 1, &h, &f, i ? f.seq : 1);
        room_run(room, 100);
    }
    assert_int_equal(replica_have(class_at(room, 1)->replica, &f.id), f.seq);
    struct feed_id own;
    uint64_t seq = own_seq(room, 0, &own);
    assert_int_equal(heads_get(replica_heads(class_at(room, 1)->replica), &own)->seq, seq);
    pack_clear(&f.entries);
    room_free(room);
}

static void who_brings_a_little_again_and_again_holds_up_nobody(void **state)
{
    (void)state;
    struct hostile h;
    struct room *room = class_with_hostile(&h);
    struct forger f;
    struct pack p;
    forger_open(&f, &class_at(room, 1)->id, 1);
    hostile_heads(room, 1, &h);
    write_unheard(room);
    pack_init(&p);
    for (int i = 0; i < 600; i++) {
        uint64_t first = f.seq + (i > 0);
        if (i > 0) {
            forger_note(&f, "a little");
        }
        pack_reset(&p);
        forger_pack(&f, first ? first : 1, &p);
        hostile_heads(room, 1, &h);
        hostile_runs(room, 1, &h, RUNS_END, pack_bytes(&p));
        room_run(room, 100);
        if (i == 400) {
            break;
        }
    }
    struct feed_id own;
    uint64_t seq = own_seq(room, 0, &own);
    assert_int_equal(replica_have(class_at(room, 1)->replica, &own), seq);
    pack_clear(&p);
    pack_clear(&f.entries);
    room_free(room);
}

static void forks_within_forks_end_alike_and_blame_no_honest_machine(void **state)
{
    (void)state;
    struct room *room = class_of_two();
    struct hostile h;
    struct forger f;
    struct pack p;
    hostile_init(&h, 1);
    hostile_hello(room, 0, &h);
    hostile_hello(room, 1, &h);
    room->cut[0][1] = room->cut[1][0] = true;
    pack_init(&p);
    forger_open(&f, &class_at(room, 0)->id, 1);
    forger_pack(&f, 1, &p);
    hostile_runs(room, 0, &h, RUNS_PUSH, pack_bytes(&p));
    hostile_runs(room, 1, &h, RUNS_PUSH, pack_bytes(&p));
    pack_clear(&p);
    struct forger first = forger_mark(&f);
    for (int side = 0; side < 2; side++) {
        forger_back(&f, &first);
        forger_note(&f, side ? "two, otherwise" : "two");
        forger_note(&f, "three");
        hostile_push(room, side, &h, &f, 2);
        struct forger third = forger_mark(&f);
        for (int again = 0; again < 2; again++) {
            forger_back(&f, &third);
            forger_note(&f, again ? "four, otherwise" : "four");
            hostile_push(room, side, &h, &f, 4);
        }
        assert_int_equal(heads_get(replica_heads(class_at(room, side)->replica), &f.id)->void_seq,
                         4);
    }
    room->cut[0][1] = room->cut[1][0] = false;
    room_run(room, 60000);
    for (int i = 0; i < 2; i++) {
        struct peer *other = presence_by_device(class_at(room, i)->presence, &room->m[1 - i].id);
        assert_int_equal(other->bad, 0);
        assert_int_equal(heads_get(replica_heads(class_at(room, i)->replica), &f.id)->void_seq, 2);
    }
    assert_same(room);
    pack_clear(&f.entries);
    room_free(room);
}

/* Each half of the room takes another branch of a feed for true, and goes on behind it before they meet. */
static void what_was_written_behind_a_branch_that_turned_out_void_comes_over(void **state)
{
    (void)state;
    struct room *room = class_of_two();
    struct hostile h;
    struct forger f;
    hostile_init(&h, 1);
    hostile_hello(room, 0, &h);
    hostile_hello(room, 1, &h);
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 1, "hello", "handle", "ben"), "");
    room_run(room, 3000);
    room->cut[0][1] = room->cut[1][0] = true;
    forger_open(&f, &class_at(room, 0)->id, 1);
    for (int side = 0; side < 2; side++) {
        if (side) {
            pack_clear(&f.entries);
            forger_open(&f, &class_at(room, 0)->id, 1);
        }
        /* longer than one answer; as fast as a peer may push */
        for (int run = 0; run < 30; run++) {
            for (int i = 0; i < 100; i++) {
                forger_note(&f, side ? "otherwise" : "so");
            }
            hostile_push(room, side, &h, &f, run ? f.seq - 99 : 1);
            room_run(room, 25000);
        }
        assert_int_equal(replica_have(class_at(room, side)->replica, &f.id), 3001);
        assert_string_equal(ASK(room, side, "note", "text", "behind it"), "");
    }
    room_run(room, 5000);
    room->cut[0][1] = room->cut[1][0] = false;
    room_run(room, 60000);
    assert_int_equal(heads_get(replica_heads(class_at(room, 0)->replica), &f.id)->void_seq, 2);
    assert_same(room);
    for (int i = 0; i < 2; i++) {
        struct feed_id own;
        uint64_t seq = own_seq(room, i, &own);
        assert_int_equal(replica_have(class_at(room, 1 - i)->replica, &own), seq);
        assert_int_equal(replica_count(class_at(room, i)->replica).waiting, 0);
        assert_int_equal(presence_by_device(class_at(room, i)->presence, &room->m[1 - i].id)->bad,
                         0);
    }
    pack_clear(&f.entries);
    room_free(room);
}

/* It is applied under a signature that nobody else can get: it must show nowhere, and nobody may follow it. */
static void the_front_of_a_run_that_waits_is_no_cause_of_anybody(void **state)
{
    (void)state;
    struct room *room = class_of_two();
    struct hostile h;
    struct forger f;
    struct hash nowhere = {{77}};
    hostile_init(&h, 1);
    hostile_hello(room, 0, &h);
    forger_open(&f, &class_at(room, 0)->id, 1);
    forger_note_after(&f, "behind nothing", &nowhere, 1);
    hostile_push(room, 0, &h, &f, 1);
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    room_run(room, 10000);
    assert_same(room);
    struct feed_id own;
    uint64_t seq = own_seq(room, 0, &own);
    assert_int_equal(replica_have(class_at(room, 1)->replica, &own), seq);
    assert_int_equal(replica_count(class_at(room, 1)->replica).waiting, 0);
    pack_clear(&f.entries);
    room_free(room);
}

/* A note by another feed's author, after this entry and so behind it in the order. */
static void forger_answer(struct forger *f, const struct forger *to)
{
    f->lamport = to->lamport > f->lamport ? to->lamport : f->lamport;
    forger_note_after(f, "an answer", &to->last, 1);
}

/* One feed is shown to one machine alone, and another that rests on it: what that machine writes rests on both, so it tells of both,
 * also when it has started anew and its disk alone knows. */
static void what_rests_on_what_others_cannot_have_silences_nobody(void **state)
{
    (void)state;
    for (int anew = 0; anew < 2; anew++) {
        struct room *room = class_of_two();
        struct hostile h;
        struct forger f, g;
        struct feed_id own;
        struct hash nowhere = {{77}};
        room->cut[0][1] = room->cut[1][0] = anew;
        hostile_init(&h, 1);
        hostile_hello(room, 0, &h);
        forger_open(&f, &class_at(room, 0)->id, 1);
        struct forger opened = forger_mark(&f);
        forger_note_after(&f, "behind nothing", &nowhere, 1);
        hostile_push(room, 0, &h, &f, 1);
        forger_open(&g, &class_at(room, 0)->id, 2);
        forger_answer(&g, &opened);
        hostile_push(room, 0, &h, &g, 1);
        room_run(room, anew ? 3000 : 0);
        if (anew) {
            room_stop(room, 0);
            room_start(room, 0);
            room->cut[0][1] = room->cut[1][0] = false;
        }
        assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
        room_run(room, 6000);
        assert_string_equal(ASK(room, 0, "note", "text", "hello all"), "");
        uint64_t seq = own_seq(room, 0, &own);
        room_run(room, 6000);
        const struct head *head = heads_get(replica_heads(class_at(room, 1)->replica), &own);
        assert_non_null(head);
        assert_int_equal(head->seq, seq);
        pack_clear(&f.entries);
        pack_clear(&g.entries);
        room_free(room);
    }
}

/* Whether the entry that ends a feed by its false place was known to be false, when it came, is a matter of chance: what stands
 * before it is the same for all. */
static void what_stands_before_a_false_place_is_right(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct side a;
        struct forger x, f, g;
        struct pack runs;
        struct feed_id feed;
        uint32_t count = 0;
        side_open(&a, 1);
        forger_open(&x, &some_class, 3);
        struct hash cause = x.last;
        if (!late) {
            assert_int_equal(forger_send(&x, 1, &a), OK);
        }
        struct hash opened;
        for (int again = 0; again < 2; again++) {
            forger_open(&f, &some_class, 1);
            opened = f.last;
            f.lamport = 5000;
            forger_note_after(&f, "too late", &cause, 1);
            assert_int_equal(forger_send(&f, 1, &a), OK);
            pack_clear(&f.entries);
        }
        if (late) {
            assert_int_equal(forger_send(&x, 1, &a), OK);
        }
        forger_open(&g, &some_class, 2);
        forger_note_after(&g, "an answer", &opened, 1);
        assert_int_equal(forger_send(&g, 1, &a), OK);
        assert_int_equal(heads_get(replica_heads(a.replica), &g.id)->seq, 2);
        assert_null(heads_get(replica_heads(a.replica), &f.id));
        pack_init(&runs);
        assert_true(
            replica_branch_runs(a.replica, &opened, NULL, 0, RUN_BYTES_MAX, &feed, &runs, &count));
        assert_int_equal(count, 1);
        pack_clear(&runs);
        pack_clear(&x.entries);
        pack_clear(&g.entries);
        side_close(&a);
    }
}

/* An op that can't be read is of a kind all the same: by that who receives it judges whether its payload may lack. */
static void what_is_kept_of_a_run_is_taken_by_others(void **state)
{
    (void)state;
    static const uint8_t unreadable[] = {0x91, OP_BYE};
    struct side a, b;
    struct forger f;
    struct pack runs;
    struct doc doc;
    struct run run;
    struct feed_id feed;
    struct hash nowhere = {{77}};
    uint32_t count = 0, applied = 0;
    side_open(&a, 1);
    side_open(&b, 2);
    forger_open(&f, &some_class, 1);
    struct hash opened = f.last;
    forger_add_bytes(&f, slice_of(unreadable, sizeof(unreadable)), NULL, 0);
    forger_note_after(&f, "behind nothing", &nowhere, 1);
    assert_int_equal(forger_send(&f, 1, &a), OK);
    assert_int_equal(
        store_number(a.store, store_query(a.store, "SELECT kind FROM entry WHERE seq=2")), 0);
    pack_init(&runs);
    assert_true(
        replica_branch_runs(a.replica, &opened, NULL, 0, RUN_BYTES_MAX, &feed, &runs, &count));
    assert_int_equal(doc_open(&doc, pack_bytes(&runs), PACK_STRICT), OK);
    assert_int_equal(run_read(&doc.root, &run), OK);
    assert_int_equal(replica_accept(b.replica, &run, now, false, &applied), OK);
    assert_int_equal(applied, 2);
    doc_clear(&doc);
    pack_clear(&runs);
    pack_clear(&f.entries);
    side_close(&b);
    side_close(&a);
}

/* It has more of a feed than the others, of which the end waits for ever: what they write behind the beginning comes all the same. */
static void who_was_shown_more_than_the_others_hears_them(void **state)
{
    (void)state;
    struct room *room = class_of_two();
    struct hostile h;
    struct forger f, opened;
    struct feed_id own;
    struct hash nowhere = {{77}};
    hostile_init(&h, 1);
    forger_open(&opened, &class_at(room, 0)->id, 1);
    forger_open(&f, &class_at(room, 0)->id, 1);
    forger_note_after(&f, "behind nothing", &nowhere, 1);
    hostile_hello(room, 0, &h);
    hostile_push(room, 0, &h, &f, 1);
    hostile_hello(room, 1, &h);
    hostile_push(room, 1, &h, &opened, 1);
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    uint64_t seq = own_seq(room, 1, &own);
    room_run(room, 6000);
    const struct head *head = heads_get(replica_heads(class_at(room, 0)->replica), &own);
    assert_non_null(head);
    assert_int_equal(head->seq, seq);
    pack_clear(&f.entries);
    pack_clear(&opened.entries);
    room_free(room);
}

/* One machine gets entries under a signature behind which something waits for ever, the other gets a signature at them. */
static void what_is_signed_twice_counts_wherever_one_signature_is(void **state)
{
    (void)state;
    struct room *room = class_of_two();
    struct hostile h;
    struct forger f, g;
    struct hash nowhere = {{77}};
    hostile_init(&h, 1);
    hostile_hello(room, 0, &h);
    hostile_hello(room, 1, &h);
    forger_open(&f, &class_at(room, 0)->id, 1);
    forger_open(&g, &class_at(room, 0)->id, 1);
    forger_note(&f, "said to both");
    forger_note(&g, "said to both");
    forger_note_after(&f, "behind nothing", &nowhere, 1);
    hostile_push(room, 0, &h, &f, 1);
    hostile_push(room, 1, &h, &g, 1);
    room_run(room, 10000);
    assert_same(room);
    assert_int_equal(heads_get(replica_heads(class_at(room, 0)->replica), &f.id)->seq, 2);
    pack_clear(&f.entries);
    pack_clear(&g.entries);
    room_free(room);
}

/* What is looked up for a peer that asks for a void entry, so many times at once. */
static uint64_t cost_of_asking(struct room *room, const struct hostile *h, const struct hash *id,
                               int times)
{
    uint64_t work;
    struct pack p;
    struct hash ids[MISSING_MAX];
    for (int i = 0; i < MISSING_MAX; i++) {
        ids[i] = *id;
    }
    pack_init(&p);
    pack_missing(&p, ids, MISSING_MAX, ids, MISSING_MAX);
    struct side side = {.store = class_at(room, 0)->store};
    watch_work(&side, &work);
    for (int i = 0; i < times; i++) {
        hostile_say(room, 0, h, pack_bytes(&p));
    }
    sqlite3_progress_handler(sqlite3_db_handle(store_query(side.store, "SELECT 1")), 0, NULL, NULL);
    pack_clear(&p);
    return work;
}

static void who_asks_for_branches_without_end_is_told_now_and_then(void **state)
{
    (void)state;
    struct room *room = class_of_two();
    struct hostile h;
    struct forger f;
    hostile_init(&h, 1);
    hostile_hello(room, 0, &h);
    forger_open(&f, &class_at(room, 0)->id, 1);
    struct forger first = forger_mark(&f);
    for (int branch = 0; branch < 2; branch++) {
        forger_note(&f, branch ? "one" : "the other");
        hostile_push(room, 0, &h, &f, branch ? 2 : 1);
        if (branch == 0) {
            forger_back(&f, &first);
        }
    }
    assert_int_equal(heads_get(replica_heads(class_at(room, 0)->replica), &f.id)->void_seq, 2);
    struct replica *replica = class_at(room, 0)->replica;
    struct hash id;
    assert_true(replica_id_at(replica, feeds_find(&replica->feeds, replica->store, &f.id), 2, &id));
    uint64_t once = cost_of_asking(room, &h, &id, 1);
    room_run(room, 2000);
    assert_true(once > 0 && cost_of_asking(room, &h, &id, 100) <= 10 * once);
    pack_clear(&f.entries);
    room_free(room);
}

static uint64_t entries_at(struct room *room, int i)
{
    return replica_count(class_at(room, i)->replica).entries;
}

/* Pushes as many entries as it can, one message each. */
static void flood(struct room *room, const struct hostile *h, struct forger *f, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t first = f->seq == 1 ? 1 : f->seq + 1;
        forger_note(f, "flood");
        hostile_push(room, 0, h, f, first);
    }
}

static void who_pushes_much_is_taken_slowly_and_holds_up_nobody(void **state)
{
    (void)state;
    struct room *room = class_of_two();
    struct hostile h;
    struct forger f;
    hostile_init(&h, 1);
    hostile_hello(room, 0, &h);
    room_run(room, 3000);
    assert_same(room); /* they agree: from here on quotas hold */
    uint64_t before = entries_at(room, 0);
    forger_open(&f, &class_at(room, 0)->id, 1);
    flood(room, &h, &f, 2000);
    assert_true(entries_at(room, 0) - before >= QUOTA_PUSH_ENTRIES);
    assert_true(entries_at(room, 0) - before <= QUOTA_PUSH_ENTRIES + 1);
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    room_run(room, 1000);
    assert_same(
        room); /* what was taken of it comes over at once, and with it what names it as a cause */
    /* what was left out is asked for, not lost: but it comes no faster than the quota fills */
    f.seq = replica_have(class_at(room, 0)->replica, &f.id);
    assert_true(f.seq <= QUOTA_PUSH_ENTRIES + 1);
    pack_clear(&f.entries);
    room_free(room);
}

static void a_quota_fills_with_time_and_may_be_owed(void **state)
{
    (void)state;
    struct quota q = {{0}, {0}};
    struct now at = {{1000}, {0}};
    assert_int_equal(quota_due(&q, QUOTA_PUSHES, at).ms, 1000);
    quota_take(&q, QUOTA_PUSHES, QUOTA_PUSH_ENTRIES + 9, 0, at);
    assert_int_equal(quota_due(&q, QUOTA_PUSHES, at).ms, 1000 + 10 * 1000 / QUOTA_PUSH_ENTRIES_S);
    at.mono.ms += 3000;
    assert_int_equal(quota_due(&q, QUOTA_PUSHES, at).ms, at.mono.ms);
    at.mono.ms += INT64_C(1) << 60;
    assert_int_equal(quota_bytes(&q, QUOTA_PUSHES, at), QUOTA_PUSH_BYTES);
    quota_take(&q, QUOTA_PUSHES, 1, 2 * QUOTA_PUSH_BYTES, at);
    assert_int_equal(quota_bytes(&q, QUOTA_PUSHES, at), 0);
    assert_int_equal((quota_due(&q, QUOTA_PUSHES, at).ms - at.mono.ms) / 1000, 60);
}

static void a_crowd_of_keys_leaves_no_dangling_talk(void **state)
{
    (void)state;
    struct room *room = class_of_two();
    struct hostile h, last;
    struct pack p;
    hostile_init(&last, 1);
    hostile_hello(room, 1, &last);
    hostile_heads(room, 1, &last); /* the talk is its */
    for (uint16_t i = 2; i < 1000; i++) {
        hostile_init(&h, i);
        hostile_hello(room, 1, &h);
    }
    pack_init(&p);
    pack_leave(&p, last.run);
    hostile_say(room, 1, &last, pack_bytes(&p));
    struct event tick = {.kind = EVENT_TICK};
    for (int i = 0; i < 3; i++) {
        room_turn(room, 1, &tick);
    }
    assert_null(presence_by_device(class_at(room, 1)->presence, &last.id));
    pack_clear(&p);
    room_free(room);
}

/* Two runs that part behind `before`, as one proof. */
static void hostile_fork(struct room *room, int to, const struct hostile *h, struct forger *f,
                         const struct forger *before)
{
    struct pack p;
    pack_init(&p);
    pack_array(&p, 3);
    pack_uint(&p, MESSAGE_FORK);
    for (int i = 0; i < 2; i++) {
        forger_back(f, before);
        forger_note(f, i ? "one story" : "the other story");
        forger_pack(f, before->seq + 1, &p);
    }
    hostile_say(room, to, h, pack_bytes(&p));
    pack_clear(&p);
}

/* One has the feed's front as a part of a run of which the rest waits, the other has it signed. A fork is proved right behind it:
 * whoever has it in which way, all take the front alike, and can tell those who start later. */
static void a_fork_behind_a_front_that_no_signature_covers(void **state)
{
    (void)state;
    static const struct hash nowhere = {{77}};
    char words[256];
    for (int other = 0; other < 2; other++) {
        struct room *room = room_class(3, words);
        struct hostile h;
        struct forger f;
        room_run(room, 6000);
        hostile_init(&h, 1);
        room_stop(room, 2);
        room->cut[0][1] = room->cut[1][0] = true;
        for (int i = 0; i < 2; i++) {
            hostile_hello(room, i, &h);
            forger_open(&f, &class_at(room, 0)->id, 1);
            struct forger opened = forger_mark(&f);
            if (i == 0 || other) {
                forger_note_after(&f, "behind nothing", &nowhere, 1);
            }
            hostile_push(room, i, &h, &f, 1);
            hostile_fork(room, i, &h, &f, &opened);
            pack_clear(&f.entries);
        }
        room->cut[0][1] = room->cut[1][0] = false;
        room_run(room, 60000);
        assert_same(room);
        room_start(room, 2);
        room_run(room, 60000);
        assert_false(sync_is_behind(class_at(room, 2)->sync));
        struct hash a = store_digest_views(class_at(room, 1)->store);
        struct hash b = store_digest_views(class_at(room, 2)->store);
        assert_memory_equal(a.b, b.b, sizeof(a.b));
        room_free(room);
    }
}

/* The two stories part far behind what one WANT lets the other send. */
static void a_fork_is_found_however_deep_it_is(void **state)
{
    (void)state;
    static char text[TEXT_BYTES_MAX];
    for (int way = 0; way < 3;
         way++) { /* alike but for their ends, of one length or not; or from their beginnings on */
        bool longer = way == 1, early = way == 2;
        struct room *room = class_of_two();
        struct hostile h;
        struct forger f;
        struct feed_id own;
        memset(text, 'x', sizeof(text) - 1);
        hostile_init(&h, 1);
        room->cut[0][1] = room->cut[1][0] = true;
        for (int i = 0; i < 2; i++) {
            hostile_hello(room, i, &h);
            assert_string_equal(ASK(room, i, "hello", "handle", i ? "ben" : "ana"), "");
            forger_open(&f, &class_at(room, 0)->id, 1);
            hostile_push(room, i, &h, &f, 1);
            for (size_t bytes = 0; bytes < CREDIT_BYTES + RUN_BYTES_MAX;
                 bytes += 6 * sizeof(text)) {
                uint64_t first = f.seq + 1;
                for (int k = 0; k < 6; k++) {
                    text[0] = early && i ? 'y' : 'x';
                    forger_note(&f, text);
                }
                hostile_push(room, i, &h, &f, first);
                room_run(room, 2500);
            }
            for (int k = 0; k <= (i && longer); k++) {
                forger_note(&f, i ? "one story" : "the other");
                hostile_push(room, i, &h, &f, f.seq);
            }
            pack_clear(&f.entries);
            assert_string_equal(ASK(room, i, "note", "text", "behind it"), "");
        }
        room->cut[0][1] = room->cut[1][0] = false;
        uint64_t before = room->m[0].sent_bytes + room->m[1].sent_bytes;
        room_run(room, 60000);
        assert_same(room);
        uint64_t seq = own_seq(room, 0, &own);
        assert_int_equal(replica_have(class_at(room, 1)->replica, &own), seq);
        assert_in_range(room->m[0].sent_bytes + room->m[1].sent_bytes - before, 1,
                        16 * CREDIT_BYTES);
        room_free(room);
    }
}

/* What waits behind a front that no signature covers is dropped for another story, that goes on for longer than a run can tell: all
 * that is taken can be told on, with what others write behind it. */
static void no_more_stands_under_one_signature_than_a_run_tells(void **state)
{
    (void)state;
    static const struct hash nowhere = {{77}};
    static char text[TEXT_BYTES_MAX];
    struct room *room = class_of_two();
    struct hostile h;
    struct forger f;
    struct feed_id own;
    struct pack p;
    memset(text, 'x', sizeof(text) - 1);
    hostile_init(&h, 1);
    hostile_hello(room, 0, &h);
    forger_open(&f, &class_at(room, 0)->id, 1);
    for (int i = 0; i < 4; i++) {
        forger_note(&f, text);
    }
    struct forger front = forger_mark(&f);
    forger_note_after(&f, "behind nothing", &nowhere, 1);
    hostile_push(room, 0, &h, &f, 1);
    forger_back(&f, &front);
    for (int i = 0; i < 4; i++) {
        forger_note(&f, text);
    }
    pack_init(&p);
    forger_pack(&f, front.seq + 1, &p);
    for (int again = 0; again < 2; again++) {
        hostile_runs(room, 0, &h, RUNS_PUSH, pack_bytes(&p));
    }
    pack_clear(&p);
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    room_run(room, 30000);
    assert_string_equal(ASK(room, 0, "note", "text", "for all"), "");
    room_run(room, 30000);
    uint64_t seq = own_seq(room, 0, &own);
    assert_int_equal(replica_have(class_at(room, 1)->replica, &own), seq);
    assert_same(room);
    pack_clear(&f.entries);
    room_free(room);
}

/* Of a feed that is void from a place on, a text that was erased comes in a run from its beginning. */
static void what_is_erased_is_not_planted_again_in_a_void_feed(void **state)
{
    (void)state;
    static const char text[] = "a canary to be erased";
    struct room *room = class_of_two();
    struct hostile h;
    struct forger f;
    char id[65];
    hostile_init(&h, 1);
    for (int i = 0; i < 2; i++) {
        hostile_hello(room, i, &h);
        forger_open(&f, &class_at(room, 0)->id, 1);
        hostile_push(room, i, &h, &f, 1);
        if (i == 0) {
            pack_clear(&f.entries);
        }
    }
    struct forger opened = forger_mark(&f);
    room_run(room, 3000);
    room->cut[0][1] = room->cut[1][0] = true;
    forger_note(&f, text);
    hex(id, f.last.b, 16);
    hostile_push(room, 0, &h, &f, 2);
    assert_string_equal(ASK(room, 0, "hello", "handle", "lee", "passphrase", PASSPHRASE), "");
    assert_string_equal(ASK(room, 0, "redact", "entry", id, "why", "it hurt"), "");
    room_run(room, 2000);
    for (int i = 0; i < 2; i++) {
        hostile_fork(room, i, &h, &f, &opened);
    }
    room->cut[0][1] = room->cut[1][0] = false;
    room_run(room, 30000);
    assert_false(disk_holds(room->m[1].disk, slice_str(text)));
    pack_clear(&f.entries);
    forger_open(&f, &class_at(room, 0)->id, 1);
    forger_note(&f, text);
    hostile_push(room, 1, &h, &f, 1);
    room_run(room, 30000);
    assert_false(disk_holds(room->m[1].disk, slice_str(text)));
    assert_same(room);
    pack_clear(&f.entries);
    room_free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_could_not_be_passed_on_is_not_taken),
        cmocka_unit_test(a_feed_of_another_class_is_refused),
        cmocka_unit_test(many_branches_hide_none),
        cmocka_unit_test(an_entry_without_its_payload_is_lacking),
        cmocka_unit_test(headers_further_on_than_here_wait_and_blame_nobody),
        cmocka_unit_test(a_void_feed_that_parts_earlier_still_is_void_from_there),
        cmocka_unit_test(branches_take_the_room_of_what_they_say),
        cmocka_unit_test(what_came_in_part_can_be_told_on),
        cmocka_unit_test(a_branch_is_placed_when_its_causes_come),
        cmocka_unit_test(a_branch_goes_on_behind_what_was_applied_since),
        cmocka_unit_test(what_a_fork_voids_is_written_again_once),
        cmocka_unit_test(a_crowd_that_waits_costs_the_others_nothing),
        cmocka_unit_test(folding_again_is_rationed_and_not_forgotten),
        cmocka_unit_test(a_proof_of_a_fork_always_fits_a_message),
        cmocka_unit_test(an_echo_is_no_agreement_while_another_differs),
        cmocka_unit_test(who_always_differs_does_not_keep_others_from_agreeing),
        cmocka_unit_test(what_rests_on_what_others_lack_comes_at_once),
        cmocka_unit_test(who_says_much_and_brings_nothing_holds_up_nobody),
        cmocka_unit_test(who_pushes_what_waits_for_ever_holds_up_nobody),
        cmocka_unit_test(who_brings_a_little_again_and_again_holds_up_nobody),
        cmocka_unit_test(forks_within_forks_end_alike_and_blame_no_honest_machine),
        cmocka_unit_test(what_was_written_behind_a_branch_that_turned_out_void_comes_over),
        cmocka_unit_test(the_front_of_a_run_that_waits_is_no_cause_of_anybody),
        cmocka_unit_test(what_rests_on_what_others_cannot_have_silences_nobody),
        cmocka_unit_test(what_stands_before_a_false_place_is_right),
        cmocka_unit_test(what_is_kept_of_a_run_is_taken_by_others),
        cmocka_unit_test(who_was_shown_more_than_the_others_hears_them),
        cmocka_unit_test(what_is_signed_twice_counts_wherever_one_signature_is),
        cmocka_unit_test(who_asks_for_branches_without_end_is_told_now_and_then),
        cmocka_unit_test(who_pushes_much_is_taken_slowly_and_holds_up_nobody),
        cmocka_unit_test(a_quota_fills_with_time_and_may_be_owed),
        cmocka_unit_test(a_crowd_of_keys_leaves_no_dangling_talk),
        cmocka_unit_test(a_fork_behind_a_front_that_no_signature_covers),
        cmocka_unit_test(a_fork_is_found_however_deep_it_is),
        cmocka_unit_test(no_more_stands_under_one_signature_than_a_run_tells),
        cmocka_unit_test(what_is_erased_is_not_planted_again_in_a_void_feed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
