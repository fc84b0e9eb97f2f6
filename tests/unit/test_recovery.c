/* What was left half done, or found no room on the disk, is carried on: an upgrade, a start, the end of a class, a class that is
 * begun anew from a damaged database. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pair.h"

#define TEACHER "lee", "passphrase", "cobweb item comet lamp domino"

/* And she has written something, which both have. */
static struct room *room_with_note(void)
{
    struct room *room = room_of_two();
    assert_string_equal(ASK(room, 1, "note", "text", "the load is 40 kg"), "");
    room_run(room, 6000);
    return room;
}

static int64_t count(struct room *room, int i, const char *sql)
{
    struct store *store = class_at(room, i)->store;
    return store_number(store, store_query(store, sql));
}

static void assert_same_views(struct room *room)
{
    struct hash a = store_digest_views(class_at(room, 0)->store);
    struct hash b = store_digest_views(class_at(room, 1)->store);
    assert_memory_equal(a.b, b.b, sizeof(a.b));
}

/* What the jamd before an upgrade left: views of another form. */
static void make_old(struct room *room, int i)
{
    struct store *store = NULL;
    const char *path = room_database(room, i), *vfs = disk_vfs(room->m[i].disk);
    assert_int_equal(store_open(path, vfs, &store), OK);
    store_do(store, "PRAGMA user_version=4", "");
    store_close(&store);
}

/* The disk is full from the nth change on, until it isn't; then all is as it was, however far the upgrade had come. */
static void an_upgrade_that_is_cut_short_is_carried_on(void **state)
{
    (void)state;
    uint64_t tried = 0;
    struct room *room = room_with_note();
    struct disk *disk = room->m[1].disk;
    room_stop(room, 1);
    make_old(room, 1);
    struct disk *old = disk_clone(disk, 77);
    for (bool hit = true; hit; tried += hit) {
        disk_kill(disk);
        disk_restore(disk, old);
        disk_start(disk);
        disk_fault(disk, DISK_FULL, 1 + tried * 3, true);
        bool started = room_try_start(room, 1) == OK;
        hit = disk_faults(disk) > 0;
        disk_fault(disk, DISK_WORKS, 0, false);
        if (started) {
            room_stop(room, 1);
        }
        room_start(room, 1);
        assert_int_equal(count(room, 1, "SELECT count(*) FROM person"), 2);
        room_run(room, 3000);
        assert_same_views(room);
        room_stop(room, 1);
    }
    assert_in_range(tried, 10, 1000);
    disk_free(&old);
    room_free(room);
}

/* What is saved can be read; what is new is refused. */
static void a_machine_starts_on_a_full_disk(void **state)
{
    (void)state;
    struct room *room = room_with_note();
    assert_string_equal(ASK(room, 1, "bye"), "");
    room_run(room, 1000);
    room_stop(room, 1);
    disk_fault(room->m[1].disk, DISK_FULL, 1, true);
    assert_int_equal(room_try_start(room, 1), OK);
    assert_string_equal(ASK(room, 1, "list"), "");
    assert_string_equal(room_text(room, 1, "jams.0.name"), "bridge");
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "disk-full");
    disk_fault(room->m[1].disk, DISK_WORKS, 0, false);
    room_run(room, 3000);
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    room_free(room);
}

/* Nobody is told that a note is saved which goes with the class a moment later. */
static void a_class_that_ends_on_a_full_disk_is_erased_when_there_is_room(void **state)
{
    (void)state;
    struct room *room = room_with_note();
    disk_fault(room->m[1].disk, DISK_FULL, 1, true);
    assert_string_equal(ASK(room, 0, "hello", "handle", TEACHER), "");
    room_send(room, 0, 1, "class.close", (const char *const[]){"yes", "!", NULL});
    room_run(room, 10000);
    assert_false(class_at(room, 1)->closed);
    assert_string_equal(ASK(room, 1, "note", "text", "too late"), "closed");
    uint64_t tries = disk_changes(room->m[1].disk);
    room_run(room, 10000);
    assert_in_range(disk_changes(room->m[1].disk) - tries, 1, 100);
    disk_fault(room->m[1].disk, DISK_WORKS, 0, false);
    room_run(room, 5000);
    assert_true(class_at(room, 1)->closed);
    assert_false(disk_holds(room->m[1].disk, slice_str("the load is 40 kg")));
    assert_string_equal(ASK(room, 0, "class.close"), "");
    assert_string_equal(room_text(room, 0, "done"), "2");
    room_free(room);
}

/* Whichever write fails while a class is erased: once that is said to be done, nothing of it is on the disk. */
static void what_is_said_to_be_erased_is_erased(void **state)
{
    (void)state;
    uint64_t closed = 0;
    bool hit = true;
    for (uint64_t at = 1; hit; at += 4) {
        struct room *room = room_with_note();
        struct disk *disk = room->m[1].disk;
        assert_string_equal(ASK(room, 0, "hello", "handle", TEACHER), "");
        room_run(room, 2000);
        disk_fault(disk, DISK_FULL, at, false);
        assert_string_equal(ASK(room, 0, "class.close", "yes", "!"), "");
        room_run(room, 4000);
        hit = disk_faults(disk) > 0;
        disk_fault(disk, DISK_WORKS, 0, false);
        room_run(room, 4000);
        closed += class_at(room, 1)->closed;
        assert_true(class_at(room, 1)->closed);
        assert_false(disk_holds(disk, slice_str("the load is 40 kg")));
        room_free(room);
    }
    assert_in_range(closed, 10, 1000);
}

static void damage(struct room *room, int i, const char *file, const char *text)
{
    size_t len = 0;
    uint8_t *bytes = disk_bytes(room->m[i].disk, file, &len), *at = bytes;
    while (bytes && (at = memmem(at, len - (size_t)(at - bytes), text, strlen(text)))) {
        at[1] ^= 2;
        *at++ ^= 4;
    }
}

/* That a note was in nobody's jam is all that its redaction tells. */
static void a_redaction_names_a_jam_only_for_what_is_in_one(void **state)
{
    (void)state;
    char entry[64];
    struct room *room = room_of_two();
    for (int alone = 0; alone < 2; alone++) {
        assert_string_equal(ASK(room, 1, "note", "text", "a thought"), "");
        snprintf(entry, sizeof(entry), "%s", room_text(room, 1, "entry"));
        assert_string_equal(ASK(room, 1, "redact", "entry", entry, "why", "a slip"), "");
        assert_string_equal(ASK(room, 1, "leave"), alone ? "not-in-a-jam" : "");
    }
    struct store *store = class_at(room, 1)->store;
    assert_int_equal(
        store_number(store, store_query(store, "SELECT count(*) FROM redacted WHERE jam IS NULL")),
        1);
    assert_int_equal(
        store_number(store,
                     store_query(store, "SELECT count(*) FROM redacted WHERE jam IS NOT NULL")),
        1);
    room_free(room);
}

static void a_class_that_is_begun_anew_is_no_more_in_use_than_it_was(void **state)
{
    (void)state;
    char words[256];
    const char *file;
    struct room *room = room_new(1);
    room_create(room, 0, "Alpha", words);
    room_create(room, 0, "Omega", words);
    assert_string_equal(ASK(room, 0, "hello", "handle", TEACHER), "");
    assert_string_equal(ASK(room, 0, "start", "name", "to be damaged"), "");
    assert_string_equal(ASK(room, 0, "bye"), "");
    assert_string_equal(ASK(room, 0, "class.use", "name", "Alpha"), "");
    room_run(room, 5000);
    room_stop(room, 0);
    for (uint32_t k = 0; (file = disk_file(room->m[0].disk, k)); k++) {
        damage(room, 0, file, "to be damaged");
    }
    room_start(room, 0);
    assert_int_equal(room->m[0].asides, 1);
    room->login = 9;
    assert_string_equal(ASK(room, 0, "status"), "");
    assert_string_equal(room_text(room, 0, "status.class"), "Alpha");
    room_free(room);
}

/* As after any start, nobody sits at a machine that was killed; also if its database was damaged. */
static void nobody_sits_at_a_machine_that_began_anew(void **state)
{
    (void)state;
    struct room *room = room_with_note();
    disk_kill(room->m[1].disk);
    room_stop(room, 1);
    disk_start(room->m[1].disk);
    make_old(room, 1); /* so that all is in the file, not in its WAL */
    damage(room, 1, room_database(room, 1), "the load is 40 kg");
    room_start(room, 1);
    assert_int_equal(room->m[1].asides, 1);
    room_run(room, 6000);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(count(room, i, "SELECT count(*) FROM session WHERE here=1"), 0);
    }
    assert_same_views(room);
    room_free(room);
}

/* In the turn in which it was written a new port is told to all, for which what is there must be on the disk. */
static void what_was_rolled_back_in_the_turn_is_not_said_to_be_saved(void **state)
{
    (void)state;
    struct room *room = room_with_note();
    struct machine *m = &room->m[1];
    struct pack p;
    struct output o;
    room_pack_head(room, &p, "note", 1);
    pack_str(&p, "text");
    pack_str(&p, "acknowledged");
    struct event event = {
        .kind = EVENT_REQUEST, .client = 1, .bytes = pack_bytes(&p), .owner = true};
    struct event bound = {.kind = EVENT_BOUND, .port = ROOM_PORT};
    event.login.b[0] = room->login;
    disk_fault(m->disk, DISK_FULL, 1, true);
    device_step(m->device, room->now, &event);
    device_step(m->device, room->now, &bound);
    device_commit(m->device, room->now);
    while (device_next(m->device, &o, &m->wake)) {
        room_output(room, 1, &o);
    }
    disk_fault(m->disk, DISK_WORKS, 0, false);
    assert_string_equal(room_error(room, 1), "disk-full");
    room_run(room, 6000);
    assert_int_equal(count(room, 1, "SELECT count(*) FROM story WHERE text='acknowledged'"), 0);
    pack_clear(&p);
    room_free(room);
}

static void assert_lasting(struct room *room, const char *machines)
{
    room_run(room, 6000);
    assert_string_equal(ASK(room, 0, "status"), "");
    assert_string_equal(room_text(room, 0, "status.lasting_machines"), machines);
}

/* What counts as safe lies on a disk that keeps it over night: not on one that is as it was frozen, each morning. */
static void a_frozen_disk_does_not_last(void **state)
{
    (void)state;
    struct room *room = room_with_note();
    struct disk *image[2]; /* frozen in the boot in which the class was joined; and later */
    room->boots = true;
    for (int i = 0; i < 2; i++) {
        assert_lasting(room, "0");
        room_stop(room, 1);
        image[i] = disk_clone(room->m[1].disk, (uint64_t)i);
        room_start(room, 1);
    }
    assert_lasting(room, "1");
    room_stop(room, 1);
    for (int day = 0; day < 4; day++) {
        disk_kill(room->m[1].disk);
        disk_restore(room->m[1].disk, image[day / 2]);
        disk_start(room->m[1].disk);
        room_start(room, 1);
        assert_lasting(room, "0");
        assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
        assert_string_equal(ASK(room, 1, "note", "text", "of the day"), "");
        assert_lasting(room, "0");
        room_stop(room, 1);
    }
    disk_free(&image[0]);
    disk_free(&image[1]);
    room_free(room);
}

/* After a write that failed nothing is known to be elsewhere that wasn't before. */
static void a_full_disk_makes_nothing_safe(void **state)
{
    (void)state;
    char note[64];
    struct room *room = room_with_note();
    assert_string_equal(ASK(room, 1, "note", "text", "to be taken back"), "");
    snprintf(note, sizeof(note), "%s", room_text(room, 1, "entry"));
    room_run(room, 6000);
    assert_string_equal(ASK(room, 1, "status"), "");
    assert_string_equal(room_text(room, 1, "status.copies"), "1");
    room->cut[0][1] = room->cut[1][0] = true;
    assert_string_equal(ASK(room, 1, "note", "text", "written alone"), "");
    assert_string_equal(ASK(room, 1, "redact", "entry", note, "why", "a slip"), "");
    room_run(room, 6000);
    for (int failed = 0; failed < 2; failed++) {
        assert_string_equal(ASK(room, 1, "status"), "");
        assert_string_equal(room_text(room, 1, "status.copies"), "0");
        assert_string_equal(ASK(room, 1, "redact.receipt"), "");
        assert_string_equal(room_text(room, 1, "redactions.0.done"), "1");
        disk_fault(room->m[1].disk, DISK_FULL, 1, true);
        assert_string_equal(ASK(room, 1, "note", "text", "has no room"), "disk-full");
        disk_fault(room->m[1].disk, DISK_WORKS, 0, false);
        room_run(room, 10000);
    }
    room->cut[0][1] = room->cut[1][0] = false;
    room_run(room, 10000);
    assert_string_equal(ASK(room, 1, "redact.receipt"), "");
    assert_string_equal(room_text(room, 1, "redactions.0.done"), "2");
    assert_string_equal(ASK(room, 1, "status"), "");
    assert_string_equal(room_text(room, 1, "status.copies"), "1");
    room_free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upgrade_that_is_cut_short_is_carried_on),
        cmocka_unit_test(a_machine_starts_on_a_full_disk),
        cmocka_unit_test(a_class_that_ends_on_a_full_disk_is_erased_when_there_is_room),
        cmocka_unit_test(what_is_said_to_be_erased_is_erased),
        cmocka_unit_test(a_full_disk_makes_nothing_safe),
        cmocka_unit_test(what_was_rolled_back_in_the_turn_is_not_said_to_be_saved),
        cmocka_unit_test(a_frozen_disk_does_not_last),
        cmocka_unit_test(a_redaction_names_a_jam_only_for_what_is_in_one),
        cmocka_unit_test(a_class_that_is_begun_anew_is_no_more_in_use_than_it_was),
        cmocka_unit_test(nobody_sits_at_a_machine_that_began_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
