/* Who stops being of a class, and how all others take it: expelled machines, through the waist. */
#define _DEFAULT_SOURCE /* popen, mkdtemp in room.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room.h"

#define PASSPHRASE "cobweb item comet lamp domino"

/* A class on machine 0 that all others join; its teacher sits at machine 0. */
static struct room *class_of(int count, char invite[256])
{
    struct room *room = room_new(count);
    room_create(room, 0, "Period 3", invite);
    for (int i = 1; i < count; i++) {
        assert_string_equal(ASK(room, i, "class.join", "words", invite), "");
    }
    room_run(room, 2000);
    assert_string_equal(ASK(room, 0, "hello", "handle", "lee", "passphrase", PASSPHRASE), "");
    return room;
}

static void assert_machines(struct room *room, int i, const char *peers)
{
    assert_string_equal(ASK(room, i, "status"), "");
    assert_string_equal(room_text(room, i, "status.peers"), peers);
}

/* The beginning of a machine's key, as a teacher would type it. */
static const char *short_id(struct room *room, int i)
{
    static char text[65];
    hex(text, room->m[i].id.b, 8);
    return text;
}

static void expel(struct room *room, int by, int whom)
{
    assert_string_equal(ASK(room, by, "class.expel", "device", short_id(room, whom)), "");
    room_run(room, 3000);
}

static void an_expelled_machine_is_of_the_class_no_more(void **state)
{
    (void)state;
    char invite[256];
    struct room *room = class_of(4, invite);
    assert_string_equal(ASK(room, 3, "hello", "handle", "mallory"), "");
    assert_string_equal(ASK(room, 2, "hello", "handle", "ana"), "");
    room_run(room, 1000);
    assert_machines(room, 1, "3");
    expel(room, 0, 3);
    for (int i = 0; i < 3; i++) {
        assert_machines(room, i, "2");
        assert_string_equal(room_text(room, i, "status.machines.2.host"), "");
    }
    /* it knows, since the entry was still for it */
    assert_string_equal(ASK(room, 3, "hello", "handle", "mallory"), "expelled");
    assert_string_equal(ASK(room, 3, "status"), "");
    assert_string_equal(room_text(room, 3, "status.refusal"), "expelled");
    /* and gets nothing any more */
    assert_string_equal(ASK(room, 2, "start", "name", "bridge"), "");
    room_run(room, 30000);
    assert_string_equal(ASK(room, 1, "list"), "");
    assert_string_equal(room_text(room, 1, "jams.0.name"), "bridge");
    assert_string_equal(ASK(room, 3, "list"), "");
    assert_string_equal(room_text(room, 3, "jams.0.name"), "");
    assert_machines(room, 3, "0");
    room_free(room);
}

static void one_that_was_away_when_it_was_expelled_is_told_why(void **state)
{
    (void)state;
    char invite[256];
    struct room *room = class_of(3, invite);
    assert_string_equal(ASK(room, 2, "hello", "handle", "mallory"), "");
    room_run(room, 1000);
    room_stop(room, 2);
    room_run(room, 20000);
    expel(room, 0, 2);
    /* also by those who learn of it only from the log at their start */
    room_stop(room, 0);
    room_start(room, 0);
    room_start(room, 2);
    room_run(room, 10000);
    assert_machines(room, 0, "1");
    assert_machines(room, 1, "1");
    assert_string_equal(ASK(room, 2, "status"), "");
    assert_string_equal(room_text(room, 2, "status.refusal"), "expelled");
    assert_string_equal(room_text(room, 2, "status.peers"), "0");
    room_free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expelled_machine_is_of_the_class_no_more),
        cmocka_unit_test(one_that_was_away_when_it_was_expelled_is_told_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
