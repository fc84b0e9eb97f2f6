/* Redaction: what its author or a teacher takes back is gone from tables and files on every machine alike, in whatever order
 * all of it comes; and who only withholds a payload keeps it from nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "disk.h"
#include "replica.h"
#include "rows.h"

enum { ROOM = 56 * 1024, SIDES = 6, HISTORIES = 60 };

static const char canary[] = "canary-7Qx9";
static const struct now now = {{1000}, {INT64_C(1790000000000)}};

struct somebody {
    struct sign_key key;
    struct person_id id;
};

/* A replica of one author. */
struct side {
    struct store *store;
    struct rng rng;
    struct author author;
    struct replica *replica;
    const char *vfs, *path;
};

static struct class_id class;
static struct sign_pk root;
static struct somebody lee, ana, ben; /* lee has the root key */

static void meet(struct somebody *who, uint8_t number)
{
    uint8_t seed[32] = {0x77, number};
    struct sign_pk pk;
    sign_keypair(seed, &who->key, &pk);
    if (who == &lee) {
        root = pk;
        class = class_id_of(&root);
    }
    who->id = person_id_of(&class, &pk);
}

static enum err side_try(struct side *s)
{
    enum err err = store_open(s->path, s->vfs, &s->store);
    if (err == OK) {
        err = store_begin(s->store);
    }
    if (err == OK) {
        store_local_set(s->store, "root", &root, sizeof(root));
        err = store_commit(s->store);
    }
    return err == OK ? replica_open(s->store, &class, &s->author, NULL, &s->replica) : err;
}

static void side_init(struct side *s, uint8_t number, const char *path, const char *vfs)
{
    uint8_t seed[32] = {number};
    struct sign_pk pk;
    memset(s, 0, sizeof(*s));
    sign_keypair(seed, &s->author.key, &pk);
    memcpy(s->author.device.b, pk.b, sizeof(pk.b));
    rng_seed(&s->rng, seed);
    s->author.rng = &s->rng;
    s->author.host = "pc";
    s->path = path;
    s->vfs = vfs;
}

static void side_open(struct side *s, uint8_t number)
{
    side_init(s, number, ":memory:", NULL);
    assert_int_equal(side_try(s), OK);
}

static void side_close(struct side *s)
{
    replica_close(&s->replica);
    store_close(&s->store);
}

static enum err save(struct side *s)
{
    enum err err = replica_flush(s->replica, now);
    return err == OK ? store_commit(s->store) : err;
}

static struct ref say(struct side *s, const struct op *op)
{
    struct hash id = {{0}};
    assert_int_equal(replica_append(s->replica, op, 1, now, &id), OK);
    assert_int_equal(save(s), OK);
    return ref_of(&id);
}

static struct op hello_op(struct side *s, const struct somebody *who)
{
    assert_int_equal(keyring_put(&s->author.people, &who->id, &who->key), OK);
    return (struct op){.kind = OP_HELLO,
                       .has = FIELD_BY | FIELD_KEY | FIELD_SIGNATURE | FIELD_MOVES,
                       .by = who->id,
                       .moves = true};
}

static void hello(struct side *s, const struct somebody *who)
{
    struct op op = hello_op(s, who);
    say(s, &op);
}

static struct op note_op(const struct somebody *who, const char *text)
{
    return (struct op){
        .kind = OP_NOTE, .has = FIELD_BY | FIELD_TEXT, .by = who->id, .text = slice_str(text)};
}

static struct ref note(struct side *s, const struct somebody *who, const char *text)
{
    struct op op = note_op(who, text);
    return say(s, &op);
}

static struct op redact_op(const struct somebody *who, const struct ref *entry)
{
    return (struct op){.kind = OP_REDACT,
                       .has = FIELD_BY | FIELD_TEXT | FIELD_ENTRY,
                       .by = who->id,
                       .text = slice_str("a home address"),
                       .entry = *entry};
}

static struct ref redact(struct side *s, const struct somebody *who, const struct ref *entry)
{
    struct op op = redact_op(who, entry);
    return say(s, &op);
}

static struct feed_id own(struct side *s)
{
    struct feed_id feed;
    uint64_t seq;
    assert_true(replica_own(s->replica, &feed, &seq));
    return feed;
}

/* A side takes one run that another has of a feed, behind what it has itself. False if there is none. */
static bool take(struct side *from, struct side *to, const struct feed_id *feed)
{
    struct pack runs;
    struct doc doc;
    struct run run;
    uint32_t count = 0, applied = 0;
    pack_init(&runs);
    replica_runs(from->replica, feed, replica_have(to->replica, feed), ROOM, &runs, &count);
    size_t used = 0;
    if (count > 0) {
        assert_int_equal(pack_scan_first(pack_bytes(&runs), PACK_STRICT, &used), OK);
        assert_int_equal(doc_open(&doc, slice_of(pack_bytes(&runs).at, used), PACK_STRICT), OK);
        assert_int_equal(run_read(&doc.root, &run), OK);
        enum err err = replica_accept(to->replica, &run, now, false, &applied);
        assert_true(err == OK || err == ERR_WAIT);
        doc_clear(&doc);
    }
    pack_clear(&runs);
    return count > 0;
}

static bool give(struct side *from, struct side *to, const struct feed_id *feed)
{
    bool more = take(from, to, feed);
    assert_int_equal(save(to), OK);
    return more;
}

static void give_all(struct side *from, struct side *to)
{
    struct feed_id feeds[16];
    uint32_t count = heads_count(replica_heads(from->replica));
    for (uint32_t i = 0; i < count; i++) {
        feeds[i] = heads_at(replica_heads(from->replica), i)->feed;
    }
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < count; i++) {
            more |= give(from, to, &feeds[i]);
        }
    }
}

static void assert_same(struct side *a, struct side *b)
{
    struct hash x = store_digest_views(a->store), y = store_digest_views(b->store);
    struct fingerprint f = heads_fingerprint(replica_heads(a->replica));
    struct fingerprint g = heads_fingerprint(replica_heads(b->replica));
    assert_memory_equal(f.b, g.b, sizeof(f.b));
    assert_memory_equal(x.b, y.b, sizeof(x.b));
}

static int64_t number(struct side *s, const char *sql)
{
    sqlite3_stmt *stmt = store_query(s->store, sql);
    assert_true(store_row(s->store, stmt));
    int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return n;
}

static int64_t notes_of(struct side *s)
{
    return number(s, "SELECT count(*) FROM story WHERE op=15");
}

static int64_t erased_of(struct side *s)
{
    return number(s, "SELECT count(*) FROM entry WHERE payload IS NULL");
}

/* ---- who may ----------------------------------------------------------------------------------------------------- */

static void an_author_takes_back_what_they_wrote(void **state)
{
    (void)state;
    struct side a, b, c;
    side_open(&a, 1);
    side_open(&b, 2);
    side_open(&c, 3);
    hello(&a, &ana);
    struct ref entry = note(&a, &ana, canary);
    note(&a, &ana, "this stays");
    give_all(&a, &b);
    assert_int_equal(notes_of(&b), 2);
    redact(&a, &ana, &entry);
    assert_int_equal(notes_of(&a), 1);
    assert_int_equal(erased_of(&a), 1);
    give_all(&a, &b);
    assert_int_equal(erased_of(&b), 1);
    assert_same(&a, &b);
    assert_int_equal(number(&b, "SELECT count(*) FROM story WHERE op=24 AND text='a home address'"),
                     1);
    give_all(&b, &c); /* who comes later never gets the text */
    assert_int_equal(erased_of(&c), 1);
    assert_false(replica_lacks(c.replica));
    assert_same(&a, &c);
    assert_int_equal(replica_refold(c.replica), OK);
    assert_same(&a, &c);
    side_close(&a);
    side_close(&b);
    side_close(&c);
}

static void nobody_else_but_a_teacher_does(void **state)
{
    (void)state;
    struct side a, b, c;
    side_open(&a, 1);
    side_open(&b, 2);
    side_open(&c, 3);
    hello(&a, &ana);
    struct ref entry = note(&a, &ana, "ben stinks");
    hello(&b, &ben);
    give_all(&a, &b);
    redact(&b, &ben, &entry);
    give_all(&b, &a);
    assert_int_equal(erased_of(&a), 0);
    assert_int_equal(erased_of(&b), 0);
    assert_int_equal(notes_of(&b), 1);
    assert_int_equal(number(&a, "SELECT count(*) FROM refused WHERE kind=24"), 1);
    assert_same(&a, &b);
    hello(&c, &lee);
    give_all(&b, &c);
    redact(&c, &lee, &entry);
    give_all(&c, &a);
    give_all(&c, &b);
    assert_int_equal(erased_of(&b), 1);
    assert_int_equal(notes_of(&a), 0);
    assert_same(&a, &b);
    assert_same(&a, &c);
    side_close(&a);
    side_close(&b);
    side_close(&c);
}

static void what_authority_rests_on_stays(void **state)
{
    (void)state;
    struct side a, b;
    side_open(&a, 1);
    side_open(&b, 2);
    hello(&a, &ana);
    hello(&b, &lee);
    give_all(&a, &b);
    sqlite3_stmt *stmt =
        store_query(b.store, "SELECT substr(hash,1,16) FROM entry WHERE kind IN (1,4)");
    struct shown_list kept;
    ids_read(b.store, stmt, &kept);
    assert_int_equal(kept.count, 4);
    for (uint32_t i = 0; i < kept.count; i++) {
        redact(&b, &lee, &kept.ids[i]);
    }
    assert_int_equal(erased_of(&b), 0);
    note(&a, &ana, "still me");
    give_all(&a, &b);
    assert_int_equal(notes_of(&b), 1);
    side_close(&a);
    side_close(&b);
}

/* A redaction by one who was no teacher any more, as those see it who learn of that first; who erased too early gets the
 * text again. */
static void what_a_former_teacher_erased_comes_back(void **state)
{
    (void)state;
    struct side a, b, c;
    bool taken = false;
    side_open(&a, 1);
    side_open(&b, 2);
    side_open(&c, 3);
    hello(&a, &ana);
    hello(&c, &lee);
    struct op teacher = {.kind = OP_TEACHER,
                         .has = FIELD_BY | FIELD_PERSON | FIELD_YES,
                         .by = lee.id,
                         .person = ben.id,
                         .yes = true};
    say(&c, &teacher);
    struct ref entry = note(&a, &ana, "kept");
    give_all(&c, &b);
    give_all(&a, &b);
    hello(&b, &ben);
    teacher.yes = false;
    say(&c, &teacher);
    redact(&b, &ben, &entry);
    assert_int_equal(erased_of(&b), 1);
    struct feed_id feed_a = own(&a), feed_c = own(&c);
    give(&a, &c, &feed_a);
    give_all(&b, &c);
    assert_int_equal(erased_of(&c), 0);
    give(&c, &b, &feed_c);
    assert_int_equal(replica_count(b.replica).lacking, 1);
    struct told_payload told = {.feed = feed_a};
    struct want want;
    int64_t after = 0;
    assert_int_equal(replica_lacking(b.replica, &after, &want, 1), 1);
    told.seq = want.have;
    assert_true(replica_payload(c.replica, &told.feed, told.seq, &told.payload));
    assert_int_equal(replica_accept_payload(b.replica, &told, &taken), OK);
    assert_int_equal(save(&b), OK);
    assert_true(taken);
    assert_false(replica_lacks(b.replica));
    assert_same(&b, &c);
    side_close(&a);
    side_close(&b);
    side_close(&c);
}

/* ---- what lacks -------------------------------------------------------------------------------------------------- */

/* As if a hostile machine had taken the payload out of what it passes on. */
static void strip(struct side *s, const struct ref *entry)
{
    struct logged found;
    struct stub stub;
    struct hash rest;
    assert_true(entry_find(s->store, entry, &found));
    sqlite3_stmt *stmt = store_query(s->store, "SELECT payload FROM entry WHERE id=?");
    store_bind(s->store, stmt, "i", found.row);
    assert_true(store_row(s->store, stmt));
    payload_part(column_slice(stmt, 0), &stub, &rest);
    sqlite3_reset(stmt);
    assert_int_equal(store_begin(s->store), OK);
    store_do(s->store, "UPDATE entry SET payload=NULL, stub=?, rest=? WHERE id=?", "bbi",
             slice_of(stub.b, stub.len), SLICE(rest), found.row);
    assert_int_equal(store_commit(s->store), OK);
}

static void a_withheld_payload_is_missed_until_it_comes(void **state)
{
    (void)state;
    struct side a, b, c;
    struct want want;
    int64_t after = 0;
    bool taken;
    uint8_t wrong[64] = {1};
    side_open(&a, 1);
    side_open(&b, 2);
    side_open(&c, 3);
    hello(&a, &ana);
    struct ref entry = note(&a, &ana, "what b doesn't like");
    note(&a, &ana, "what comes behind it");
    give_all(&a, &b);
    strip(&b, &entry);
    give_all(&b, &c);
    struct feed_id feed = own(&a);
    assert_int_equal(notes_of(&c), 1); /* the log goes on */
    assert_true(replica_lacks(c.replica));
    assert_true(replica_lacks_of(c.replica, &feed));
    assert_int_equal(replica_lacking(c.replica, &after, &want, 1), 1);
    assert_true(SAME(want.feed, feed));
    assert_false(replica_payload(b.replica, &want.feed, want.have, &(struct slice){0}));
    struct told_payload told = {want.feed, want.have, slice_of(wrong, sizeof(wrong))};
    assert_int_equal(replica_accept_payload(c.replica, &told, &taken), ERR_MALFORMED);
    assert_true(replica_payload(a.replica, &want.feed, want.have, &told.payload));
    assert_int_equal(replica_accept_payload(c.replica, &told, &taken), OK);
    assert_int_equal(save(&c), OK);
    assert_false(replica_lacks(c.replica));
    assert_same(&a, &c);
    assert_int_equal(replica_accept_payload(c.replica, &told, &taken), OK);
    assert_false(taken);
    side_close(&a);
    side_close(&b);
    side_close(&c);
}

/* Its run ends with an entry that waits for another feed: until that comes no signature covers what stands before it, not even
 * the sign-in that lets the withheld note count. */
static void a_withheld_payload_that_comes_before_its_signature_takes_effect_with_it(void **state)
{
    (void)state;
    struct side a, b, c;
    struct hash id;
    bool taken = false;
    side_open(&a, 1);
    side_open(&b, 2);
    side_open(&c, 3);
    hello(&c, &ben);
    note(&c, &ben, "elsewhere");
    struct feed_id feed_a, feed_c = own(&c);
    struct op in = hello_op(&a, &ana), first = note_op(&ana, "first"), last = note_op(&ana, "last");
    assert_int_equal(replica_append(a.replica, &in, 1, now, &id), OK);
    assert_int_equal(replica_append(a.replica, &first, 1, now, &id), OK);
    struct ref entry = ref_of(&id);
    assert_true(take(&c, &a, &feed_c));
    say(&a, &last);
    feed_a = own(&a);
    struct slice payload;
    assert_true(replica_payload(a.replica, &feed_a, 3, &payload));
    uint8_t kept[512];
    assert_true(payload.len <= sizeof(kept));
    memcpy(kept, payload.at, payload.len);
    struct told_payload told = {feed_a, 3, slice_of(kept, payload.len)};
    strip(&a, &entry);
    give(&a, &b, &feed_a);
    assert_int_equal(replica_accept_payload(b.replica, &told, &taken), OK);
    assert_true(taken);
    assert_int_equal(save(&b), OK);
    assert_int_equal(notes_of(&b), 0);
    give(&c, &b, &feed_c);
    give(&a, &b, &feed_a);
    assert_int_equal(notes_of(&b), 3);
    assert_int_equal(replica_accept_payload(a.replica, &told, &taken), OK);
    assert_int_equal(save(&a), OK);
    assert_same(&a, &b);
    side_close(&a);
    side_close(&b);
    side_close(&c);
}

static void a_claimed_redaction_that_does_not_exist_covers_nothing(void **state)
{
    (void)state;
    struct side a, b, c;
    side_open(&a, 1);
    side_open(&b, 2);
    side_open(&c, 3);
    hello(&a, &ana);
    hello(&b, &ben);
    struct ref entry = note(&a, &ana, "what ben doesn't like");
    give_all(&a, &b);
    redact(&b, &ben, &entry);
    strip(&b, &entry);
    give_all(&b, &c);
    assert_true(replica_lacks(c.replica));
    redact(&a, &ana, &entry);
    give_all(&a, &c);
    assert_false(replica_lacks(c.replica));
    side_close(&a);
    side_close(&b);
    side_close(&c);
}

/* ---- in any order ------------------------------------------------------------------------------------------------ */

struct said {
    struct ref entry;
    const struct somebody *by;
    enum op_kind kind;
    bool gone;
};

static struct ref write_text(struct side *s, const struct somebody *who, enum op_kind kind,
                             const char *text)
{
    struct op op = {.kind = kind,
                    .has = op_row(kind)->required | (op_row(kind)->optional & FIELD_TEXT),
                    .by = who->id,
                    .text = slice_str(text),
                    .title = slice_str(text),
                    .person = ana.id};
    op.has |= kind == OP_FEEDBACK ? FIELD_PERSON : 0;
    op.has |= kind == OP_NOTE && text[strlen(text) - 1] % 2 ? FIELD_JAM : 0; /* some in a jam */
    return say(s, &op);
}

static struct side all[SIDES];

/* Three machines write, redact and hear of each other at random. */
static uint32_t draw_history(struct rng *rng, struct said *said)
{
    static const enum op_kind kinds[4] = {OP_NOTE, OP_NOTE, OP_FEEDBACK, OP_TASK};
    const struct somebody *people[3] = {&ana, &ben, &lee};
    uint32_t count = 0;
    for (int i = 0; i < 3; i++) {
        hello(&all[i], people[i]);
    }
    for (int step = 0; step < 40; step++) {
        uint64_t i = rng_below(rng, 3), k = rng_below(rng, 3);
        if (rng_below(rng, 3) == 0 && i != k) {
            give_all(&all[k], &all[i]);
        } else if (count > 0 && rng_below(rng, 2)) {
            /* also of what isn't here yet */
            struct said *target = &said[rng_below(rng, count)];
            redact(&all[i], people[i], &target->entry);
            target->gone |= i == 2 || target->by == people[i];
        } else {
            char text[32];
            snprintf(text, sizeof(text), "%s %u", canary, (unsigned)count);
            said[count] = (struct said){.by = people[i], .kind = kinds[rng_below(rng, 4)]};
            said[count].entry = write_text(&all[i], people[i], said[count].kind, text);
            count++;
        }
    }
    return count;
}

static void every_order_gives_the_same(void **state)
{
    (void)state;
    for (int history = 0; history < HISTORIES; history++) {
        struct rng rng;
        struct said said[40];
        uint8_t seed[32] = {(uint8_t)history};
        uint32_t gone = 0, notes = 0;
        rng_seed(&rng, seed);
        for (int i = 0; i < SIDES; i++) {
            side_open(&all[i], (uint8_t)(10 + i));
        }
        uint32_t count = draw_history(&rng, said);
        for (int step = 0; step < 200; step++) {
            uint64_t from = rng_below(&rng, SIDES), to = rng_below(&rng, SIDES);
            struct feed_id feed = own(&all[rng_below(&rng, 3)]);
            if (from != to) {
                give(&all[from], &all[to], &feed);
            }
        }
        for (int i = 0; i < 3; i++) {
            for (int k = 0; k < SIDES; k++) {
                give_all(&all[i], &all[k]);
            }
        }
        for (uint32_t i = 0; i < count; i++) {
            gone += said[i].gone;
            notes += said[i].kind == OP_NOTE && !said[i].gone;
        }
        for (int i = 0; i < SIDES; i++) {
            assert_int_equal(erased_of(&all[i]), gone);
            assert_int_equal(notes_of(&all[i]), notes);
            assert_false(replica_lacks(all[i].replica));
            assert_same(&all[0], &all[i]);
            assert_int_equal(replica_refold(all[i].replica), OK);
            assert_same(&all[0], &all[i]);
        }
        for (int i = 0; i < SIDES; i++) {
            side_close(&all[i]);
        }
    }
}

/* ---- on the disk ------------------------------------------------------------------------------------------------- */

static bool has_canary(const struct disk *disk)
{
    return disk_holds(disk, slice_str(canary));
}

/* A disk with a canary in a short text and in one of several pages, and in an answer that is kept. */
static struct ref write_canary(struct side *s)
{
    static char text[TEXT_BYTES_MAX + 1];
    memset(text, 'x', TEXT_BYTES_MAX);
    memcpy(text + 3000, canary, sizeof(canary) - 1);
    hello(s, &ana);
    for (int i = 0; i < 20; i++) {
        note(s, &ana, "something else");
    }
    struct ref entry = note(s, &ana, text);
    assert_int_equal(store_begin(s->store), OK);
    store_do(s->store, "INSERT INTO retry (request, reply) VALUES (x'01',?)", "b", slice_str(text));
    assert_int_equal(store_commit(s->store), OK);
    note(s, &ana, "and something behind it");
    return entry;
}

static void nothing_is_left_in_any_file(void **state)
{
    (void)state;
    struct side a;
    struct disk *disk = disk_new(1);
    side_init(&a, 1, "redact.db", disk_vfs(disk));
    assert_int_equal(side_try(&a), OK);
    struct ref entry = write_canary(&a);
    assert_true(has_canary(disk));
    redact(&a, &ana, &entry);
    assert_false(has_canary(disk));
    side_close(&a);
    assert_false(has_canary(disk));
    disk_free(&disk);
}

/* SQLite moves rows between pages as these fill and empty, and leaves behind what moved: in the file, and in the pages that it
 * has at hand, which go to the WAL with whatever is written next. */
static void nothing_is_left_where_it_was_before(void **state)
{
    (void)state;
    enum { ROWS = 400, TURNS = 60, CHANGES = 60, SHORT = 100, LONG = 900 };
    static char text[LONG];
    bool here[ROWS] = {false};
    struct disk *disk = disk_new(1);
    struct store *store;
    struct rng rng;
    uint32_t gone = 0;
    rng_seed(&rng, (const uint8_t[32]){1});
    memset(text, '.', sizeof(text));
    assert_int_equal(store_open("moves.db", disk_vfs(disk), &store), OK);
    for (int turn = 0; turn < TURNS; turn++) {
        assert_int_equal(store_begin(store), OK);
        store_do(store, "CREATE TABLE IF NOT EXISTS said (id INTEGER PRIMARY KEY, text BLOB)", "");
        for (int k = 0; k < CHANGES; k++) {
            uint64_t i = rng_below(&rng, ROWS), len = SHORT + rng_below(&rng, LONG - SHORT);
            int head = snprintf(text, sizeof(text), "%s %d", canary, (int)i);
            text[head] = '.';
            store_do(store,
                     here[i] ? "DELETE FROM said WHERE id=?" : "INSERT INTO said VALUES (?,?)",
                     here[i] ? "i" : "ib", (int64_t)i, slice_of((const uint8_t *)text, len));
            here[i] = !here[i];
        }
        store_erased(store);
        assert_int_equal(store_commit(store), OK);
    }
    assert_int_equal(store_begin(store), OK);
    for (int i = 0; i < ROWS; i += 3) {
        store_do(store, "INSERT OR IGNORE INTO said VALUES (?,x'00')", "i", (int64_t)i);
    }
    assert_int_equal(store_commit(store), OK);
    for (int i = 0; i < ROWS; i++) {
        snprintf(text, sizeof(text), "%s %d.", canary, i);
        assert_int_equal(disk_holds(disk, slice_str(text)), here[i]);
        gone += !here[i];
    }
    assert_true(gone > 0 && gone < ROWS);
    store_close(&store);
    disk_free(&disk);
}

/* The power goes at each call that the redaction makes, and comes back: either it never was, or nothing is left. */
static void so_it_is_after_every_power_cut(void **state)
{
    (void)state;
    bool done = false;
    uint32_t kept = 0, erased = 0;
    for (uint64_t at = 1; !done; at++) {
        struct side a;
        struct hash id;
        struct disk *disk = disk_new(at);
        side_init(&a, 1, "redact.db", disk_vfs(disk));
        assert_int_equal(side_try(&a), OK);
        struct ref entry = write_canary(&a);
        struct op op = redact_op(&ana, &entry);
        disk_fault(disk, DISK_CUT, at, false);
        enum err err = replica_append(a.replica, &op, 1, now, &id);
        err = err == OK ? save(&a) : err;
        done = !disk_is_off(disk);
        bool told = err == OK && !replica_lacks(a.replica);
        side_close(&a);
        disk_start(disk);
        if (told) {
            assert_false(has_canary(disk));
        }
        assert_int_equal(side_try(&a), OK);
        bool is_erased = erased_of(&a) == 1;
        assert_true(is_erased || !told);
        assert_int_equal(has_canary(disk), !is_erased);
        erased += is_erased;
        kept += !is_erased;
        side_close(&a);
        disk_free(&disk);
    }
    assert_true(kept > 3 && erased > 3);
}

static int start(void **state)
{
    (void)state;
    if (keys_init() != OK) {
        return -1;
    }
    meet(&lee, 1);
    meet(&ana, 2);
    meet(&ben, 3);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_author_takes_back_what_they_wrote),
        cmocka_unit_test(nobody_else_but_a_teacher_does),
        cmocka_unit_test(what_authority_rests_on_stays),
        cmocka_unit_test(what_a_former_teacher_erased_comes_back),
        cmocka_unit_test(a_withheld_payload_is_missed_until_it_comes),
        cmocka_unit_test(a_withheld_payload_that_comes_before_its_signature_takes_effect_with_it),
        cmocka_unit_test(a_claimed_redaction_that_does_not_exist_covers_nothing),
        cmocka_unit_test(every_order_gives_the_same),
        cmocka_unit_test(nothing_is_left_in_any_file),
        cmocka_unit_test(nothing_is_left_where_it_was_before),
        cmocka_unit_test(so_it_is_after_every_power_cut),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
