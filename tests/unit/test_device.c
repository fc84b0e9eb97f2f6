/* A whole room through the waist: classes, requests, catching up, cuts, restarts. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room.h"

/* A class on machine 0 that all others join. */
static struct room *class_of(int count)
{
    char invite[256];
    struct room *room = room_class(count, invite);
    room_run(room, 2000);
    return room;
}

static void assert_converged(struct room *room)
{
    char views[64] = "", fingerprint[64] = "";
    for (int i = 0; i < room->count; i++) {
        if (!room->m[i].on) {
            continue;
        }
        assert_string_equal(ASK(room, i, "status"), "");
        if (!*views) {
            snprintf(views, sizeof(views), "%s", room_text(room, i, "status.views"));
            snprintf(fingerprint, sizeof(fingerprint), "%s",
                     room_text(room, i, "status.fingerprint"));
            assert_string_not_equal(fingerprint, "");
        }
        assert_string_equal(room_text(room, i, "status.fingerprint"), fingerprint);
        assert_string_equal(room_text(room, i, "status.views"), views);
    }
}

static void a_join_reaches_every_machine(void **state)
{
    (void)state;
    struct room *room = class_of(5);
    assert_string_equal(ASK(room, 1, "start", "name", "bridge"), "signed-out");
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 2, "hello", "handle", "ben"), "");
    assert_string_equal(ASK(room, 1, "start", "name", "bridge", "purpose", "span a metre"), "");
    room_run(room, 500);
    assert_string_equal(ASK(room, 2, "join", "jam", "bridge"), "");
    room_run(room, 500);
    assert_string_equal(ASK(room, 4, "list"), "");
    assert_string_equal(room_text(room, 4, "jams.0.name"), "bridge");
    assert_string_equal(room_text(room, 4, "jams.0.in.1.person"), "ben");
    assert_converged(room);
    room_free(room);
}

static void two_halves_go_on_working_and_merge(void **state)
{
    (void)state;
    struct room *room = class_of(6);
    for (int a = 0; a < 3; a++) {
        for (int b = 3; b < 6; b++) {
            room->cut[a][b] = room->cut[b][a] = true;
        }
    }
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 5, "hello", "handle", "ben"), "");
    room_run(room, 10000);
    assert_string_equal(ASK(room, 0, "start", "name", "left"), "");
    assert_string_equal(ASK(room, 5, "start", "name", "right"), "");
    for (int k = 0; k < 40; k++) {
        assert_string_equal(ASK(room, 0, "note", "text", "on the left side"), "");
        assert_string_equal(ASK(room, 5, "note", "text", "on the right side"), "");
    }
    room_run(room, 20000);
    memset(room->cut, 0, sizeof(room->cut));
    room_run(room, 60000);
    assert_converged(room);
    assert_string_equal(ASK(room, 2, "list"), "");
    assert_string_equal(room_text(room, 2, "jams.1.name"), "right");
    room_free(room);
}

static void a_machine_that_was_away_catches_up(void **state)
{
    (void)state;
    struct room *room = class_of(4);
    room_stop(room, 3);
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 0, "start", "name", "bridge"), "");
    for (int k = 0; k < 1000; k++) {
        assert_string_equal(ASK(room, 0, "note", "text", "while you were away"), "");
    }
    room_run(room, 3600 * 1000);
    room_start(room, 3);
    room_run(room, 20000);
    assert_converged(room);
    room_free(room);
}

static void everything_is_there_after_a_restart_and_nobody_is_signed_in(void **state)
{
    (void)state;
    struct room *room = class_of(2);
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 1, "start", "name", "bridge"), "");
    room_run(room, 1000);
    room_stop(room, 1);
    room_start(room, 1);
    room_run(room, 5000);
    assert_string_equal(ASK(room, 1, "list"), "");
    assert_string_equal(room_text(room, 1, "jams.0.name"), "bridge");
    assert_string_equal(ASK(room, 1, "note", "text", "am I still here?"), "signed-out");
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    assert_string_equal(room_text(room, 1, "new"), "false");
    assert_string_equal(ASK(room, 1, "back"), "");
    room_run(room, 1000);
    assert_converged(room);
    room_free(room);
}

static void a_late_machine_gets_a_class_of_thirty(void **state)
{
    (void)state;
    struct room *room = class_of(30);
    for (int i = 0; i < 30; i++) {
        char handle[16];
        snprintf(handle, sizeof(handle), "pupil%d", i);
        assert_string_equal(ASK(room, i, "hello", "handle", handle), "");
    }
    room_run(room, 3000);
    assert_converged(room);
    assert_string_equal(ASK(room, 7, "status"), "");
    assert_string_equal(room_text(room, 7, "status.peers"), "29");
    room_run(room, 15000);
    assert_string_equal(ASK(room, 7, "status"), "");
    assert_string_equal(room_text(room, 7, "status.copies"), "29");
    room_free(room);
}

static void what_reaches_one_machine_of_another_network_reaches_all_there(void **state)
{
    (void)state;
    struct room *room = room_new(4);
    room->cut[0][2] = room->cut[2][0] = room->cut[0][3] = room->cut[3][0] = true;
    room->cut[0][1] = room->cut[1][0] =
        true; /* 1 to 3 meet while none of them knows the class's root */
    char invite[256];
    room_create(room, 0, "Period 3", invite);
    for (int i = 1; i < 4; i++) {
        assert_string_equal(ASK(room, i, "class.join", "words", invite), "");
    }
    room_run(room, 5000);
    room->cut[0][1] = room->cut[1][0] = false;
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    room_run(room, 30000);
    assert_converged(room);
    room_free(room);
}

/* Overwrites three sectors of the database of a machine that is off. */
static void damage(struct room *room, int i, size_t sector)
{
    size_t len = 0;
    uint8_t *bytes = disk_bytes(room->m[i].disk, room_database(room, i), &len);
    assert_true(len >= (sector + 3) * 512);
    rng_fill(&room->rng, bytes + sector * 512, (size_t)3 * 512);
}

static void a_damaged_database_is_set_aside_and_fetched_again(void **state)
{
    (void)state;
    static const size_t places[] = {0, 20, 60, 100, 150};
    for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++) {
        struct room *room = class_of(3);
        assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
        assert_string_equal(ASK(room, 0, "start", "name", "bridge"), "");
        for (int n = 0; n < 300; n++) {
            assert_string_equal(ASK(room, 0, "note", "text", "to be fetched again, all of it"), "");
        }
        room_run(room, 2000);
        room_stop(room, 2);
        damage(room, 2, places[k]);
        room_start(room, 2);
        room_run(room, 10000);
        if (strcmp(ASK(room, 2, "status"), "no-class") == 0) {
            /* not even the class's secret could be read: it is joined again */
            assert_string_equal(ASK(room, 0, "class.invite"), "");
            char invite[256];
            snprintf(invite, sizeof(invite), "%s", room_text(room, 0, "invite"));
            assert_string_equal(ASK(room, 2, "class.join", "words", invite), "");
            room_run(room, 10000);
        }
        assert_converged(room);
        room_free(room);
    }
}

static void a_fifth_of_all_messages_may_be_lost(void **state)
{
    (void)state;
    struct room *room = class_of(5);
    room->loss_percent = 20;
    for (int i = 0; i < 5; i++) {
        char handle[16];
        snprintf(handle, sizeof(handle), "pupil%d", i);
        assert_string_equal(ASK(room, i, "hello", "handle", handle), "");
        assert_string_equal(ASK(room, i, "start", "name", handle), "");
        for (int k = 0; k < 30; k++) {
            assert_string_equal(ASK(room, i, "note", "text", "through the noise"), "");
        }
    }
    room_run(room, 60000);
    assert_converged(room);
    room_free(room);
}

/* What is typed may fit more than one thing: they are told, and nothing is done. */
static void what_fits_more_than_one_is_told(void **state)
{
    (void)state;
    struct room *room = class_of(1);
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 0, "names", "of", "classes"), "");
    assert_string_equal(room_text(room, 0, "names.0"), "Period 3");
    assert_string_equal(room_text(room, 0, "names.1"), "");
    assert_string_equal(ASK(room, 0, "start", "name", "bridge"), "");
    assert_string_equal(ASK(room, 0, "task.add", "title", "measure the load"), "");
    assert_string_equal(ASK(room, 0, "task.add", "title", "measure the deck"), "");
    assert_string_equal(ASK(room, 0, "task.take", "task", "measure"), "ambiguous");
    assert_true(memmem(room->m[0].reply, room->m[0].reply_len, "measure the load", 16) &&
                memmem(room->m[0].reply, room->m[0].reply_len, "measure the deck", 16));
    assert_string_equal(ASK(room, 0, "task.take", "task", "measure the d"), "");
    room_free(room);
}

/* Who erases something may wait until those who are here have erased it too, but not for ever. */
static void a_receipt_is_waited_for(void **state)
{
    (void)state;
    static const char *const waits[] = {"wait", "!", NULL};
    char note[64];
    struct room *room = class_of(2);
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 0, "redact.receipt", "wait", "!"), "");
    assert_string_equal(room_text(room, 0, "redaction.entry"), "");
    assert_string_equal(ASK(room, 0, "start", "name", "bridge"), "");
    for (int blocked = 0; blocked < 2; blocked++) {
        assert_string_equal(ASK(room, 0, "note", "text", "to be taken back"), "");
        snprintf(note, sizeof(note), "%s", room_text(room, 0, "entry"));
        room_run(room, 2000);
        room->no_entries = blocked; /* the other doesn't get to know of it */
        assert_string_equal(ASK(room, 0, "redact", "entry", note, "why", "a slip"), "");
        room_send(room, 0, 1, "redact.receipt", waits);
        assert_string_equal(room_answer(room, 0, blocked ? 1500 : 1000), blocked ? "none" : "");
        assert_string_equal(room_answer(room, 0, 1000), "");
        assert_string_equal(room_text(room, 0, "redaction.entry"), note);
        assert_string_equal(room_text(room, 0, "redaction.of"), "2");
        assert_string_equal(room_text(room, 0, "redaction.done"), blocked ? "1" : "2");
    }
    room_free(room);
}

/* Whose class is on other machines, all of which are off, has words but no class yet. */
static void who_waits_for_a_class_is_told_so(void **state)
{
    (void)state;
    static const char *const of_a_class[] = {"list", "watch", "redact.receipt", "class.close",
                                             "class.admit"};
    char invite[256];
    struct room *room = room_new(2);
    room_create(room, 0, "Period 3", invite);
    room_stop(room, 0);
    assert_string_equal(ASK(room, 1, "class.join", "words", invite), "");
    for (size_t i = 0; i < sizeof(of_a_class) / sizeof(of_a_class[0]); i++) {
        assert_string_equal(ASK(room, 1, of_a_class[i], "yes", "!", "wait", "!", "all", "!"),
                            "class-waits");
    }
    room_start(room, 0);
    room_run(room, 3000);
    assert_string_equal(ASK(room, 1, "list"), "");
    room_free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_join_reaches_every_machine),
        cmocka_unit_test(everything_is_there_after_a_restart_and_nobody_is_signed_in),
        cmocka_unit_test(a_machine_that_was_away_catches_up),
        cmocka_unit_test(two_halves_go_on_working_and_merge),
        cmocka_unit_test(what_reaches_one_machine_of_another_network_reaches_all_there),
        cmocka_unit_test(a_damaged_database_is_set_aside_and_fetched_again),
        cmocka_unit_test(a_fifth_of_all_messages_may_be_lost),
        cmocka_unit_test(a_late_machine_gets_a_class_of_thirty),
        cmocka_unit_test(what_fits_more_than_one_is_told),
        cmocka_unit_test(a_receipt_is_waited_for),
        cmocka_unit_test(who_waits_for_a_class_is_told_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
