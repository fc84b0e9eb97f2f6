/* A damaged database: that it is noticed wherever it is, and that what can still be read is there again, in a log like any
 * other: nothing that was erased or void comes back by it. Faults while all that is done: test_faults.c. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pair.h"
#include "pages.h"
#include "replica_inside.h"

static void cut(struct room *room, bool on)
{
    room->cut[0][1] = room->cut[1][0] = on;
}

static void note(struct room *room, const char *text)
{
    assert_string_equal(ASK(room, 1, "note", "text", text), "");
}

static int64_t count(struct class *class, const char *sql, const char *text)
{
    sqlite3_stmt *stmt = NULL;
    int64_t n = -1;
    struct store *store = class->store;
    stmt = store_query(store, sql);
    if (text) {
        store_bind(store, stmt, "t", slice_str(text));
    }
    n = store_number(store, stmt);
    assert_int_equal(store_err(store), OK);
    return n;
}

static bool shows(struct room *room, int i, const char *text)
{
    return count(class_at(room, i), "SELECT count(*) FROM story WHERE text=?", text) == 1;
}

/* Flips a bit of a text wherever the database has it; machine 1 is off. */
static void damage(struct room *room, const char *text)
{
    size_t len = 0, found = 0;
    uint8_t *bytes = disk_bytes(room->m[1].disk, room_database(room, 1), &len), *at = bytes;
    while ((at = memmem(at, len - (size_t)(at - bytes), text, strlen(text)))) {
        at[1] ^= 2; /* two bits: one alone would be put right */
        *at++ ^= 4;
        found++;
    }
    assert_true(found > 0);
}

/* Damages it so while it is off, and starts it: its database is set aside. */
static void damage_and_start(struct room *room, const char *text)
{
    uint32_t before = room->m[1].asides;
    room_stop(room, 1);
    damage(room, text);
    room_start(room, 1);
    assert_int_equal(room->m[1].asides, before + 1);
    assert_int_equal(room->m[1].device->classes_count, 1);
    assert_non_null(class_at(room, 1)->replica);
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

static void a_flipped_bit_is_noticed_on_every_page(void **state)
{
    (void)state;
    struct room *room = room_of_two();
    struct rng rng;
    uint8_t seed[32] = {3};
    char path[96];
    size_t len = 0;
    for (int i = 0; i < 60; i++) {
        note(room,
             "a note that takes some room on a page, so that there are many of them in the end");
    }
    room_stop(room, 1);
    rng_seed(&rng, seed);
    snprintf(path, sizeof(path), "%s", room_database(room, 1));
    disk_bytes(room->m[1].disk, path, &len);
    assert_true(len > (size_t)40 * PAGE_BYTES);
    for (size_t page = 0; page < len / PAGE_BYTES; page++) {
        struct store *store = NULL;
        size_t at = page * PAGE_BYTES + rng_below(&rng, PAGE_BYTES);
        uint8_t bit = (uint8_t)(1u << rng_below(&rng, 8));
        disk_bytes(room->m[1].disk, path, &len)[at] ^= bit;
        enum err err = store_open(path, disk_vfs(room->m[1].disk), &store);
        store_close(&store);
        if (err != ERR_DAMAGED) {
            fail_msg("bit %u of byte %zu, page %zu: %s", bit, at % PAGE_BYTES, page, err_code(err));
        }
        disk_bytes(room->m[1].disk, path, &len)[at] ^= bit;
    }
    struct store *store = NULL;
    assert_int_equal(store_open(path, disk_vfs(room->m[1].disk), &store), OK);
    store_close(&store);
    room_free(room);
}

static void one_wrong_bit_costs_nothing(void **state)
{
    (void)state;
    struct room *room = room_of_two();
    char text[64];
    cut(room, true);
    for (int i = 0; i < 60; i++) {
        snprintf(text, sizeof(text), "a note of its own, number %d", i);
        note(room, text);
    }
    assert_string_equal(ASK(room, 1, "bye"), ""); /* else each start adds that */
    int64_t all = 0;
    for (size_t at = 17; at < (size_t)20 * PAGE_BYTES; at += 2 * PAGE_BYTES + 301) {
        all = count(class_at(room, 1), "SELECT count(*) FROM story", NULL);
        room_stop(room, 1);
        size_t len = 0;
        uint8_t *bytes = disk_bytes(room->m[1].disk, room_database(room, 1), &len);
        assert_true(at < len);
        bytes[at] ^= 8;
        room_start(room, 1);
        assert_int_equal(room->m[1].device->classes_count, 1);
        assert_int_equal(count(class_at(room, 1), "SELECT count(*) FROM story", NULL), all);
        assert_int_equal(class_at(room, 1)->salvaged, 0);
    }
    assert_true(room->m[1].asides > 5);
    assert_true(shows(room, 1, "a note of its own, number 59"));
    room_free(room);
}

/* What follows it in its feed waits, over a start too, until a machine tells what the row was. */
static void a_row_that_can_not_be_read_costs_itself_alone(void **state)
{
    (void)state;
    struct room *room = room_of_two();
    note(room, "told before");
    note(room, "told to others");
    room_run(room, 6000);
    cut(room, true);
    for (int i = 0; i < 20; i++) {
        note(room, "told to nobody");
    }
    note(room, "told last");
    damage_and_start(room, "told to others");
    assert_true(shows(room, 1, "told before"));
    assert_false(shows(room, 1, "told last"));
    assert_true(class_at(room, 1)->salvaged > 20);
    room_stop(room, 1);
    room_start(room, 1);
    assert_int_equal(room->m[1].asides, 1);
    cut(room, false);
    room_run(room, 60000);
    assert_int_equal(class_at(room, 1)->salvaged, 0);
    assert_int_equal(count(class_at(room, 1), "SELECT count(*) FROM salvaged", NULL), 0);
    for (int i = 0; i < 2; i++) {
        assert_true(shows(room, i, "told before") && shows(room, i, "told to others"));
        assert_true(shows(room, i, "told last"));
        assert_int_equal(
            count(class_at(room, i), "SELECT count(*) FROM story WHERE text=?", "told to nobody"),
            20);
    }
    assert_same(room);
    room_free(room);
}

static void a_row_that_nobody_has_costs_no_other_feed(void **state)
{
    (void)state;
    struct room *room = room_of_two();
    note(room, "told to others");
    room_run(room, 6000);
    assert_string_equal(ASK(room, 0, "hello", "handle", "ben"), "");
    assert_string_equal(ASK(room, 0, "start", "name", "tower"), "");
    assert_string_equal(ASK(room, 0, "note", "text", "from the tower"), "");
    room_run(room, 6000);
    cut(room, true);
    room_run(room, 1000);
    note(room, "kept");
    note(room, "lost for ever");
    note(room, "behind it");
    damage_and_start(room, "lost for ever");
    assert_true(shows(room, 1, "kept") && shows(room, 1, "from the tower"));
    cut(room, false);
    room_run(room, 30000);
    assert_true(shows(room, 0, "kept") && shows(room, 1, "kept"));
    assert_int_equal(class_at(room, 1)->salvaged, 1);
    assert_same(room);
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    note(room, "on we go");
    room_run(room, 6000);
    assert_true(shows(room, 0, "on we go"));
    room_free(room);
}

static void what_was_erased_stays_so(void **state)
{
    static const char hurt[] = "hurt-and-erased";
    (void)state;
    struct room *room = room_of_two();
    char entry[64];
    note(room, hurt);
    snprintf(entry, sizeof(entry), "%s", room_text(room, 1, "entry"));
    note(room, "harmless");
    assert_string_equal(ASK(room, 1, "redact", "entry", entry, "why", "it hurt"), "");
    room_run(room, 6000);
    damage_and_start(room, "harmless");
    room_run(room, 30000);
    assert_same(room);
    assert_true(shows(room, 1, "harmless"));
    for (int i = 0; i < 2; i++) {
        assert_false(shows(room, i, hurt));
        assert_false(disk_holds(room->m[i].disk, slice_str(hurt)));
        assert_false(replica_lacks(class_at(room, i)->replica));
    }
    room_free(room);
}

/* Machine 0's own feed says another thing at the place of its last entry; machine 1 hears both. */
static struct feed_id fork_own(struct room *room, uint64_t *void_seq)
{
    struct replica *own = class_at(room, 0)->replica;
    struct op op = {.kind = OP_SEAT, .has = FIELD_NAME | FIELD_HARDWARE, .name = slice_str("both")};
    struct pack p, run_bytes;
    uint8_t payload[256] = {1};
    struct doc doc;
    struct run run;
    uint32_t applied;
    struct hash prev;
    *void_seq = own->own->seq;
    assert_true(replica_id_at(own, own->own, *void_seq - 1, &prev));
    pack_init(&p);
    pack_init(&run_bytes);
    assert_int_equal(op_encode(&p, &op), OK);
    memcpy(payload + SALT_BYTES, pack_bytes(&p).at, pack_bytes(&p).len);
    struct slice bytes = slice_of(payload, SALT_BYTES + pack_bytes(&p).len);
    uint64_t lamport = 0;
    assert_true(replica_lamport(own, &prev, &lamport));
    struct entry e = {.feed = own->own->id,
                      .seq = *void_seq,
                      .prev = prev,
                      .lamport = lamport + 1,
                      .payload = bytes,
                      .payload_len = (uint32_t)bytes.len,
                      .payload_hash = payload_hash(bytes)};
    struct hash id = entry_id(&own->class, &e);
    struct signature signature = run_sign(&own->own_key, &id);
    run_pack_head(&run_bytes, &e.feed, e.seq, &signature, 1);
    run_pack_entry(&run_bytes, &e);
    assert_int_equal(doc_open(&doc, pack_bytes(&run_bytes), PACK_STRICT), OK);
    assert_int_equal(run_read(&doc.root, &run), OK);
    struct class *to = class_at(room, 1);
    assert_int_equal(replica_accept(to->replica, &run, room->now, false, &applied), ERR_FORK);
    assert_int_equal(class_commit(room->m[1].device, to, room->now), OK);
    doc_clear(&doc);
    pack_clear(&p);
    pack_clear(&run_bytes);
    return e.feed;
}

static void a_void_feed_stays_void(void **state)
{
    (void)state;
    uint64_t void_seq = 0;
    struct room *room = room_of_two();
    note(room, "harmless");
    assert_string_equal(ASK(room, 0, "hello", "handle", "ben"), "");
    assert_string_equal(ASK(room, 0, "class.seat", "label", "PC 7, window"), "");
    room_run(room, 6000);
    cut(room, true);
    struct feed_id feed = fork_own(room, &void_seq);
    damage_and_start(room, "harmless");
    const struct head *head = heads_get(replica_heads(class_at(room, 1)->replica), &feed);
    assert_non_null(head);
    assert_int_equal(head->void_seq, void_seq);
    struct slice a, b;
    assert_true(replica_fork_proof(class_at(room, 1)->replica, &feed, &a, &b));
    cut(room, false);
    room_run(room, 60000);
    assert_int_equal(heads_get(replica_heads(class_at(room, 0)->replica), &feed)->void_seq,
                     void_seq);
    assert_true(shows(room, 1, "harmless"));
    assert_same(room);
    room_free(room);
}

/* More than SQLite keeps in memory, so that it reads again. The machine starts again by itself. */
static void what_is_noticed_while_it_runs_is_set_aside_too(void **state)
{
    enum { NOTES = 500 };
    (void)state;
    static char text[3001];
    struct room *room = room_of_two();
    memset(text, 'x', sizeof(text) - 1);
    for (int i = 0; i < NOTES; i++) {
        note(room, text);
    }
    room_run(room, 30000);
    assert_same(room);
    size_t len = 0;
    uint8_t *bytes = disk_bytes(room->m[1].disk, room_database(room, 1), &len);
    assert_true(len > (size_t)600 * PAGE_BYTES);
    for (size_t page = 100; page < len / PAGE_BYTES; page += 50) {
        bytes[page * PAGE_BYTES + 1000] ^= 1;
    }
    assert_string_equal(ASK(room, 0, "hello", "handle", "ben"), "");
    assert_string_equal(ASK(room, 0, "join", "jam", "bridge"), "");
    for (int i = 0; i < 30 && room->m[1].asides == 0; i++) {
        ASK(room, 1, "journal", "jam", "bridge");
        ASK(room, 1, "status");
        room_run(room, 1000);
    }
    assert_int_equal(room->m[1].asides, 1);
    room_run(room, 60000);
    assert_string_equal(ASK(room, 1, "status"), "");
    assert_true(*room_text(room, 1, "status.damaged"));
    assert_same(room);
    assert_int_equal(count(class_at(room, 1), "SELECT count(*) FROM story WHERE text=?", text),
                     NOTES);
    room_free(room);
}

static void change(struct room *room, const char *sql)
{
    struct store *store = NULL;
    const char *path = room_database(room, 1);
    assert_int_equal(store_open(path, disk_vfs(room->m[1].disk), &store), OK);
    store_do(store, "PRAGMA writable_schema=ON", "");
    store_do(store, sql, "");
    assert_int_equal(store_err(store), OK);
    store_close(&store);
}

/* All its checksums are right, but an index has what its table hasn't: only who doubts looks for that. */
static void what_no_checksum_shows_is_looked_for_after_it_was_met(void **state)
{
    (void)state;
    struct room *room = room_of_two();
    note(room, "in no index");
    room_run(room, 6000);
    room_stop(room, 1);
    change(room, "UPDATE sqlite_schema SET sql=sql || ' WHERE kind<0' WHERE name='entry_hash'");
    change(room, "DELETE FROM entry WHERE id=(SELECT max(id) FROM entry)");
    change(room, "UPDATE sqlite_schema SET sql=replace(sql, ' WHERE kind<0', '')"
                 " WHERE name='entry_hash'");
    room_start(room, 1);
    assert_int_equal(room->m[1].asides, 0);
    room_stop(room, 1);
    room->m[1].again = true;
    room_start(room, 1);
    assert_int_equal(room->m[1].asides, 1);
    room_run(room, 60000);
    assert_true(shows(room, 1, "in no index"));
    assert_same(room);
    room_free(room);
}

/* It is served before all of it was read, and looked through meanwhile: a start takes no longer for a long log. */
static void a_large_database_is_looked_through_while_it_serves(void **state)
{
    (void)state;
    struct room *room = room_of_two();
    note(room, "told before");
    room_run(room, 5000);
    struct store *store = class_at(room, 1)->store;
    assert_int_equal(store_begin(store), OK);
    store_do(store, "CREATE TABLE ballast AS SELECT zeroblob(25000000)", "");
    assert_int_equal(store_commit(store), OK);
    room_stop(room, 1);
    room_start(room, 1);
    store = class_at(room, 1)->store;
    assert_true(store_has_more_to_look_at(store));
    room_run(room, 30000);
    assert_false(store_has_more_to_look_at(store));
    assert_false(store_is_damaged(store));
    room_stop(room, 1);
    size_t len = 0;
    uint8_t *bytes = disk_bytes(room->m[1].disk, room_database(room, 1), &len);
    memset(bytes + len / PAGE_BYTES / 2 * PAGE_BYTES, 'x', 3);
    room_start(room, 1);
    assert_int_equal(room->m[1].asides, 0);
    assert_string_equal(ASK(room, 1, "list"), "");
    assert_true(shows(room, 1, "told before"));
    room_run(room, 30000);
    assert_int_equal(room->m[1].asides, 1);
    assert_true(shows(room, 1, "told before"));
    assert_same(room);
    room_free(room);
}

/* A start-up that fails would leave the machine without any class, each time. */
static void one_that_is_of_an_unknown_format_is_set_aside(void **state)
{
    (void)state;
    /* its place in the header: https://sqlite.org/fileformat.html, 1.3 */
    enum { SCHEMA_FORMAT = 47 };
    struct room *room = room_of_two();
    size_t len = 0;
    room_stop(room, 1);
    disk_bytes(room->m[1].disk, room_database(room, 1), &len)[SCHEMA_FORMAT] ^= 0x18;
    room_start(room, 1);
    assert_int_equal(room->m[1].asides, 1);
    assert_int_equal(room->m[1].device->classes_count, 0);
    room_free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flipped_bit_is_noticed_on_every_page),
        cmocka_unit_test(one_that_is_of_an_unknown_format_is_set_aside),
        cmocka_unit_test(one_wrong_bit_costs_nothing),
        cmocka_unit_test(a_row_that_can_not_be_read_costs_itself_alone),
        cmocka_unit_test(a_row_that_nobody_has_costs_no_other_feed),
        cmocka_unit_test(what_was_erased_stays_so),
        cmocka_unit_test(a_void_feed_stays_void),
        cmocka_unit_test(what_is_noticed_while_it_runs_is_set_aside_too),
        cmocka_unit_test(a_large_database_is_looked_through_while_it_serves),
        cmocka_unit_test(what_no_checksum_shows_is_looked_for_after_it_was_met),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
