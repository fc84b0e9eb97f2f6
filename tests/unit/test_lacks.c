/* A machine that withholds payloads keeps them from nobody as long as anybody else has them, and what lacks is not taken for
 * safe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "entry.h"
#include "op.h"
#include "room.h"

static void cut_apart(struct room *room, int a, int b, bool cut)
{
    room->cut[a][b] = room->cut[b][a] = cut;
    struct event network = {.kind = EVENT_NETWORK};
    room_turn(room, a, &network);
    room_turn(room, b, &network);
}

/* Takes all notes out of the database of a machine that is off. How many. */
static int strip_notes(struct room *room, int i)
{
    int count = 0;
    sqlite3 *db = NULL;
    sqlite3_stmt *read = NULL, *write = NULL;
    assert_int_equal(sqlite3_open_v2(room_database(room, i), &db, SQLITE_OPEN_READWRITE,
                                     disk_vfs(room->m[i].disk)),
                     SQLITE_OK);
    sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
    sqlite3_prepare_v2(db, "SELECT id, payload FROM entry WHERE kind=15", -1, &read, NULL);
    sqlite3_prepare_v2(db, "UPDATE entry SET payload=NULL, stub=?, rest=? WHERE id=?", -1, &write,
                       NULL);
    while (sqlite3_step(read) == SQLITE_ROW) {
        struct stub stub;
        struct hash rest;
        payload_part(slice_of(sqlite3_column_blob(read, 1), (size_t)sqlite3_column_bytes(read, 1)),
                     &stub, &rest);
        sqlite3_reset(write);
        sqlite3_bind_blob(write, 1, stub.b, stub.len, SQLITE_TRANSIENT);
        sqlite3_bind_blob(write, 2, rest.b, sizeof(rest.b), SQLITE_TRANSIENT);
        sqlite3_bind_int64(write, 3, sqlite3_column_int64(read, 0));
        assert_int_equal(sqlite3_step(write), SQLITE_DONE);
        count++;
    }
    sqlite3_finalize(read);
    sqlite3_finalize(write);
    sqlite3_close(db);
    return count;
}

static const char *status(struct room *room, int i, const char *what)
{
    assert_string_equal(ASK(room, i, "status"), "");
    return room_text(room, i, what);
}

/* Ana's note is on machines 0 and 1; 1 takes it out, and is the only one that 2 hears, beside some that are mute. */
static struct room *withheld_among(int mute)
{
    char invite[256];
    struct room *room = room_new(3 + mute);
    room_create(room, 0, "Period 3", invite);
    assert_string_equal(ASK(room, 1, "class.join", "words", invite), "");
    for (int i = 3; i < 3 + mute; i++) {
        assert_string_equal(ASK(room, i, "class.join", "words", invite), "");
        room->mute[i] = true;
    }
    room_run(room, 2000);
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 0, "start", "name", "bridge"), "");
    assert_string_equal(ASK(room, 0, "note", "text", "the load is 40 kg"), "");
    assert_string_equal(ASK(room, 0, "note", "text", "and it holds"), "");
    room_run(room, 2000);
    cut_apart(room, 0, 1, true);
    cut_apart(room, 0, 2, true);
    room_stop(room, 1);
    assert_int_equal(strip_notes(room, 1), 2);
    room_start(room, 1);
    assert_string_equal(ASK(room, 2, "class.join", "words", invite), "");
    room_run(room, 30000);
    return room;
}

static struct room *withheld(void)
{
    return withheld_among(0);
}

static void what_one_withholds_another_gives(void **state)
{
    (void)state;
    struct room *room = withheld();
    assert_string_equal(status(room, 2, "status.fingerprint"),
                        status(room, 1, "status.fingerprint"));
    assert_int_equal(strlen(status(room, 2, "status.lacking.1")), 32);
    assert_string_not_equal(status(room, 2, "status.views"), status(room, 0, "status.views"));
    cut_apart(room, 0, 2, false);
    room_run(room, 20000);
    assert_string_equal(status(room, 2, "status.lacking.0"), "");
    assert_string_equal(status(room, 2, "status.views"), status(room, 0, "status.views"));
    room_run(room, 60000);
    assert_string_equal(status(room, 1, "status.lacking.0"),
                        ""); /* it asks, too: it only lost them */
    assert_string_equal(status(room, 1, "status.views"), status(room, 0, "status.views"));
    room_free(room);
}

/* Two who differ, and never answer, are asked in turn without a pause. */
static void those_who_are_silent_keep_it_from_nobody(void **state)
{
    (void)state;
    struct room *room = withheld_among(2);
    assert_int_equal(strlen(status(room, 2, "status.lacking.1")), 32);
    cut_apart(room, 0, 2, false);
    room_run(room, 60000);
    assert_string_equal(status(room, 2, "status.lacking.0"), "");
    room_free(room);
}

static void what_lacks_is_not_safe(void **state)
{
    (void)state;
    struct room *room = withheld();
    assert_string_equal(status(room, 1, "status.peers"), "1");
    assert_string_equal(status(room, 1, "status.copies"), "0");
    cut_apart(room, 0, 2, false);
    room_run(room, 60000);
    assert_string_equal(status(room, 1, "status.copies"), "1");
    room_free(room);
}

/* Whoever has nothing to give is asked now and then, not all the time. */
static void asking_in_vain_costs_little(void **state)
{
    (void)state;
    struct room *room = withheld();
    uint64_t before = room->m[2].sent_bytes;
    room_run(room, 300000);
    assert_true(room->m[2].sent_bytes - before < 300 * 200);
    room_free(room);
}

static void a_teacher_can_give_it_up(void **state)
{
    (void)state;
    struct room *room = withheld();
    char id[2][40];
    snprintf(id[0], sizeof(id[0]), "%s", status(room, 2, "status.lacking.0"));
    snprintf(id[1], sizeof(id[1]), "%s", status(room, 2, "status.lacking.1"));
    assert_string_equal(ASK(room, 2, "hello", "handle", "ben"), "");
    assert_string_equal(ASK(room, 2, "redact", "entry", id[0], "why", "lost"), "not-yours");
    assert_string_equal(ASK(room, 2, "hello", "handle", "lee", "passphrase",
                            "cobweb item comet lamp domino", "take_over", "!"),
                        "");
    for (int i = 0; i < 2; i++) {
        assert_string_equal(ASK(room, 2, "redact", "entry", id[i], "why", "lost"), "");
    }
    room_run(room, 10000);
    assert_string_equal(status(room, 2, "status.lacking.0"), "");
    assert_string_equal(status(room, 1, "status.lacking.0"), "");
    cut_apart(room, 0, 2, false);
    room_run(room, 20000);
    assert_string_equal(status(room, 2, "status.views"), status(room, 0, "status.views"));
    room_free(room);
}

static const char erased_text[] = "ana said something that hurt";

/* The disk of machine 1 is as it was before a note was erased everywhere; machine 2, new, hears 1 alone. */
static struct room *set_back(void)
{
    char invite[256], id[40];
    struct room *room = room_new(3);
    room_create(room, 0, "Period 3", invite);
    assert_string_equal(ASK(room, 1, "class.join", "words", invite), "");
    room_run(room, 2000);
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 0, "start", "name", "bridge"), "");
    assert_string_equal(ASK(room, 0, "note", "text", erased_text), "");
    snprintf(id, sizeof(id), "%s", room_text(room, 0, "entry"));
    room_run(room, 2000);
    room_stop(room, 1);
    struct disk *before = disk_clone(room->m[1].disk, 1);
    room_start(room, 1);
    assert_string_equal(ASK(room, 0, "redact", "entry", id, "why", "it hurt"), "");
    room_run(room, 5000);
    assert_false(disk_holds(room->m[1].disk, slice_str(erased_text)));
    cut_apart(room, 0, 1, true);
    cut_apart(room, 0, 2, true);
    room_stop(room, 1);
    disk_restore(room->m[1].disk, before);
    disk_free(&before);
    room_start(room, 1);
    assert_true(disk_holds(room->m[1].disk, slice_str(erased_text)));
    assert_string_equal(ASK(room, 2, "class.join", "words", invite), "");
    room_run(room, 3000);
    return room;
}

static void a_disk_that_was_set_back_tells_no_old_text(void **state)
{
    (void)state;
    struct room *room = set_back();
    assert_string_equal(status(room, 2, "status.fingerprint"),
                        status(room, 1, "status.fingerprint"));
    assert_string_not_equal(status(room, 2, "status.lacking.0"), "");
    assert_false(disk_holds(room->m[2].disk, slice_str(erased_text)));
    cut_apart(room, 0, 1, false);
    room_run(room, 20000);
    assert_string_equal(status(room, 2, "status.lacking.0"), "");
    assert_string_equal(status(room, 2, "status.views"), status(room, 0, "status.views"));
    assert_false(disk_holds(room->m[1].disk, slice_str(erased_text)));
    assert_false(disk_holds(room->m[2].disk, slice_str(erased_text)));
    room_free(room);
}

/* Where nobody knows better, nobody waits for long. */
static void among_machines_that_all_started_texts_come_in_the_end(void **state)
{
    (void)state;
    struct room *room = set_back();
    room_run(room, 5000);
    assert_string_equal(status(room, 2, "status.lacking.0"), "");
    assert_true(disk_holds(room->m[2].disk, slice_str(erased_text)));
    room_free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_withholds_another_gives),
        cmocka_unit_test(those_who_are_silent_keep_it_from_nobody),
        cmocka_unit_test(what_lacks_is_not_safe),
        cmocka_unit_test(asking_in_vain_costs_little),
        cmocka_unit_test(a_teacher_can_give_it_up),
        cmocka_unit_test(a_disk_that_was_set_back_tells_no_old_text),
        cmocka_unit_test(among_machines_that_all_started_texts_come_in_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
