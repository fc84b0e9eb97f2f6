/* Who watches a class: what they are told, when, and until when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "device_inside.h"
#include "room.h"

#define PASSPHRASE "cobweb item comet lamp domino"

#define DONE(...) assert_string_equal(ASK(__VA_ARGS__), "")

/* Two machines; the teacher at the first. */
static struct room *lesson(void)
{
    char invite[256];
    struct room *room = room_class(2, invite);
    room_run(room, 2000);
    DONE(room, 0, "hello", "handle", "lee", "passphrase", PASSPHRASE);
    return room;
}

static void watch(struct room *room, int i, const char *how)
{
    const char *const words[] = {"how", how, NULL};
    room_send(room, i, 2, "watch", words);
    room->m[i].heard[0] = '\0';
}

static void hang_up(struct room *room, int i, client_id client)
{
    struct event event = {.kind = EVENT_HANGUP, .client = client};
    room_turn(room, i, &event);
}

/* A teacher waits for this number at the end of a lesson; no entry comes with it when it changes. */
static void how_many_machines_are_safe_is_told_when_it_changes(void **state)
{
    (void)state;
    struct room *room = lesson();
    room_run(room, 2000);
    watch(room, 0, "state");
    room->no_entries = true;
    DONE(room, 0, "note", "text", "nobody else has this yet");
    room_run(room, 500);
    assert_string_not_equal(room_told(room, 0, "safe_machines"), "2");
    room->no_entries = false;
    room_run(room, 10000);
    DONE(room, 0, "note", "text", "the other has this soon");
    room_run(room, 2000);
    assert_string_equal(room_told(room, 0, "safe_machines"), "2");
    room_free(room);
}

/* What the pupil does at the other machine, and what who reads single changes is told of it. */
static void each_change_is_told_once_and_in_order(void **state)
{
    (void)state;
    char note[64], own[64];
    struct room *room = lesson();
    watch(room, 0, "changes");
    DONE(room, 1, "hello", "handle", "ana");
    DONE(room, 1, "start", "name", "bridge");
    DONE(room, 1, "jam.set", "jam", "bridge", "purpose", "hold a book");
    DONE(room, 1, "role.take", "role", "recorder");
    DONE(room, 1, "task.add", "title", "cut sticks");
    DONE(room, 1, "task.done", "task", "cut sticks");
    DONE(room, 1, "note", "text", "a triangle holds");
    snprintf(note, sizeof(note), "%s", room_text(room, 1, "entry"));
    DONE(room, 1, "feedback", "jam", "bridge", "glow", "all of it");
    DONE(room, 1, "feedback", "person", "lee", "glow", "your drawing");
    DONE(room, 1, "redact", "entry", note, "why", "wrong");
    DONE(room, 1, "role.drop", "role", "recorder");
    DONE(room, 1, "solo", "task", "fractions");
    DONE(room, 1, "leave", "jam", "bridge");
    DONE(room, 1, "task.add", "title", "my own", "solo", "!"); /* nobody's news */
    DONE(room, 1, "note", "text", "for myself");
    snprintf(own, sizeof(own), "%s", room_text(room, 1, "entry"));
    DONE(room, 1, "redact", "entry", own, "why", "nobody's news, but a list of lines loses one");
    DONE(room, 1, "bye");
    DONE(room, 0, "class.seat", "label", "window");
    room_run(room, 3000);
    assert_string_equal(room->m[0].heard,
                        "seat person jam jam role task task note feedback feedback redact role "
                        "place leave redact person ");
    room_free(room);
}

/* They come while nothing else does, and end when who watches is gone. */
static void signs_of_life_come_until_the_watcher_hangs_up(void **state)
{
    (void)state;
    struct room *room = lesson();
    watch(room, 0, "state");
    room_run(room, 10500);
    assert_string_equal(room->m[0].heard, "fresh fresh ");
    assert_string_equal(room_told(room, 0, "peers"), "1");
    assert_string_equal(room_told(room, 0, "live"), "true");
    hang_up(room, 0, 2);
    DONE(room, 0, "start", "name", "bridge");
    room_run(room, 10500);
    assert_string_equal(room->m[0].heard, "fresh fresh ");
    room_free(room);
}

/* How old the things of a machine are may be known only a while after it is here: no entry comes with it. */
static void that_a_clock_is_known_better_is_told(void **state)
{
    (void)state;
    struct event network = {.kind = EVENT_NETWORK};
    struct room *room = lesson();
    room_run(room, 2000);
    watch(room, 0, "state");
    room_run(room, 100);
    ages_clock(room->m[0].device->classes[0]->ages, &room->m[1].id, 3600 * 1000);
    room->m[0].heard[0] = '\0';
    room_turn(room, 1, &network);
    room_run(room, 3000);
    assert_non_null(strstr(room->m[0].heard, "state "));
    room_free(room);
}

/* How many states are told of so many changes, one every 60 ms. */
static int states_of_changes(struct room *room, int changes)
{
    int states = 0;
    room->m[0].heard[0] = '\0';
    for (int i = 0; i < changes; i++) {
        DONE(room, 0, "note", "text", "again");
        room_run(room, 60);
    }
    for (const char *at = room->m[0].heard; (at = strstr(at, "state ")); at++) {
        states++;
    }
    return states;
}

static void the_more_there_is_to_show_the_rarer_it_is_told(void **state)
{
    (void)state;
    char name[16];
    struct room *room = lesson();
    room_run(room, 5000);
    watch(room, 0, "state");
    assert_true(states_of_changes(room, 20) >= 20);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "jam %d", i);
        DONE(room, 0, "start", "name", name);
    }
    room_run(room, 5000);
    int states = states_of_changes(room, 20);
    assert_in_range(states, 2, 12);
    room_run(room, 1000); /* and none is left out */
    DONE(room, 0, "list");
    assert_string_equal(room_told(room, 0, "jams.299.name"), room_text(room, 0, "jams.299.name"));
    room_free(room);
}

static void more_watchers_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    struct room *room = lesson();
    for (int i = 0; i < CLIENTS_MAX; i++) {
        DONE(room, 0, "watch");
    }
    assert_string_equal(ASK(room, 0, "watch"), "busy");
    hang_up(room, 0, 1);
    DONE(room, 0, "watch");
    room_free(room);
}

static void where_no_class_is_there_is_nothing_to_watch(void **state)
{
    (void)state;
    struct room *room = room_new(1);
    assert_string_equal(ASK(room, 0, "watch"), "no-class");
    room_free(room);
}

/* Where the disks are wiped every night, each day brings as many new devices as there are machines. */
static void the_clocks_of_today_are_known_after_any_number_of_days(void **state)
{
    (void)state;
    int64_t ms;
    struct device_id device = {{0}};
    struct ages *ages = ages_new();
    assert_non_null(ages);
    for (uint32_t i = 0; i < 2 * DEVICES_MAX; i++) {
        memcpy(device.b, &i, sizeof(i));
        assert_true(ages_clock(ages, &device, i * INT64_C(1000)));
        memset(device.b, 0xee, sizeof(device.b)); /* the teacher's: always the same */
        assert_int_equal(ages_clock(ages, &device, 5000), i == 0);
        memset(device.b, 0, sizeof(device.b));
    }
    uint32_t last = 2 * DEVICES_MAX - 1, first = 0;
    memcpy(device.b, &last, sizeof(last));
    assert_true(ages_offset(ages, &device, &ms));
    assert_int_equal(ms, last * INT64_C(1000));
    memcpy(device.b, &first, sizeof(first));
    assert_false(ages_offset(ages, &device, &ms));
    memset(device.b, 0xee, sizeof(device.b));
    assert_true(ages_offset(ages, &device, &ms));
    ages_free(&ages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clocks_of_today_are_known_after_any_number_of_days),
        cmocka_unit_test(how_many_machines_are_safe_is_told_when_it_changes),
        cmocka_unit_test(each_change_is_told_once_and_in_order),
        cmocka_unit_test(signs_of_life_come_until_the_watcher_hangs_up),
        cmocka_unit_test(that_a_clock_is_known_better_is_told),
        cmocka_unit_test(the_more_there_is_to_show_the_rarer_it_is_told),
        cmocka_unit_test(more_watchers_than_there_is_room_for_are_refused),
        cmocka_unit_test(where_no_class_is_there_is_nothing_to_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
