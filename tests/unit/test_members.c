/* Who stops being of a class, or at a machine, and how all others take it, through the waist: machines that are expelled,
 * new words, people who are signed out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device_inside.h"
#include "room.h"

#define PASSPHRASE "cobweb item comet lamp domino"

/* A class on machine 0 that all others join; its teacher sits at machine 0. */
static struct room *class_of(int count, char invite[256])
{
    struct room *room = room_class(count, invite);
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

static void rotate(struct room *room, int by, char invite[256])
{
    assert_string_equal(ASK(room, by, "class.rotate"), "");
    snprintf(invite, 256, "%s", room_text(room, by, "invite"));
    room_run(room, 5000);
}

static void assert_invite(struct room *room, int i, const char *invite)
{
    assert_string_equal(ASK(room, i, "class.invite"), "");
    assert_string_equal(room_text(room, i, "invite"), invite);
}

/* On how many links a machine still uses another secret than its newest. */
static uint32_t links_by_old_secrets(struct room *room, int i, uint32_t newest)
{
    uint32_t count = 0;
    for (int k = 0; k < room->count; k++) {
        count += k != i && room->m[i].linked[k].port && room->m[i].linked[k].secret != newest;
    }
    return count;
}

static void everybody_goes_over_to_the_new_words(void **state)
{
    (void)state;
    char invite[256], fresh[256];
    struct room *room = class_of(4, invite);
    assert_string_equal(ASK(room, 1, "class.rotate"), "signed-out");
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 1, "class.rotate"), "not-a-teacher");
    room_run(room, 1000);
    rotate(room, 0, fresh);
    assert_string_not_equal(fresh, invite);
    for (int i = 0; i < 4; i++) {
        assert_invite(room, i, fresh);
        assert_machines(room, i, "3");
        assert_int_equal(links_by_old_secrets(room, i, 1), 0);
    }
    assert_string_equal(ASK(room, 1, "start", "name", "bridge"), "");
    room_run(room, 500);
    assert_string_equal(ASK(room, 3, "list"), "");
    assert_string_equal(room_text(room, 3, "jams.0.name"), "bridge");
    /* also after starts, and once more */
    for (int i = 0; i < 4; i++) {
        room_stop(room, i);
        room_start(room, i);
    }
    room_run(room, 10000);
    assert_machines(room, 2, "3");
    assert_string_equal(ASK(room, 0, "hello", "handle", "lee", "passphrase", PASSPHRASE), "");
    rotate(room, 0, invite);
    for (int i = 0; i < 4; i++) {
        assert_invite(room, i, invite);
        assert_machines(room, i, "3");
    }
    room_free(room);
}

static void days_pass(struct room *room, int64_t days)
{
    room->now.wall.ms += days * 24 * 3600 * 1000;
    room_run(room, 5000);
}

static void who_was_away_comes_over_later(void **state)
{
    (void)state;
    char invite[256], fresh[256];
    struct room *room = class_of(4, invite);
    assert_string_equal(ASK(room, 3, "hello", "handle", "ana"), "");
    room_run(room, 1000);
    room_stop(room, 3);
    room_run(room, 20000);
    rotate(room, 0, fresh);
    days_pass(room, 5);
    room_start(room, 3);
    room_run(room, 20000);
    assert_invite(room, 3, fresh);
    assert_machines(room, 3, "3");
    assert_machines(room, 1, "3");
    /* after a month it isn't waited for any more */
    room_stop(room, 3);
    assert_string_equal(ASK(room, 0, "hello", "handle", "lee", "passphrase", PASSPHRASE), "");
    rotate(room, 0, invite);
    days_pass(room, 31);
    for (uint32_t n = 0, on = 0; n < SECRETS_MAX; n++) {
        on += room->m[0].inbox[n].on;
        assert_true(n + 1 < SECRETS_MAX || on == 1);
    }
    room_start(room, 3);
    room_run(room, 20000);
    assert_invite(room, 3, fresh);
    assert_machines(room, 3, "0");
    /* but by the new words it is there again, with all that it had */
    assert_string_equal(ASK(room, 3, "class.join", "words", invite), "");
    room_run(room, 20000);
    assert_machines(room, 3, "3");
    room_free(room);
}

static void join_is(struct room *room, int i, const char *words, const char *error)
{
    assert_string_equal(ASK(room, i, "class.join", "words", words), error);
    room_run(room, 20000);
}

/* Two that have each other: neither is alone, and nobody tells them anything. */
static void who_were_away_together_for_long_come_back_by_a_teacher(void **state)
{
    (void)state;
    char invite[256], fresh[256];
    struct room *room = class_of(4, invite);
    room_stop(room, 2);
    room_stop(room, 3);
    room_run(room, 20000);
    rotate(room, 0, fresh);
    days_pass(room, 31);
    room_start(room, 2);
    room_start(room, 3);
    room_run(room, 20000);
    assert_machines(room, 3, "1");
    join_is(room, 3, fresh, "class-exists");
    assert_string_equal(ASK(room, 3, "hello", "handle", "ana"), "");
    join_is(room, 3, fresh, "class-exists");
    assert_string_equal(ASK(room, 3, "bye"), "");
    assert_string_equal(ASK(room, 3, "hello", "handle", "lee", "passphrase", PASSPHRASE), "");
    join_is(room, 3, fresh, "");
    assert_invite(room, 2, fresh); /* it has its part, and hears of it now */
    assert_machines(room, 0, "3");
    room_free(room);
}

/* Nobody knew of them when the words were changed: only words bring them back, and those who tell them so are heard also when
 * others greet them who aren't let in either. */
static void who_are_refused_together_come_back_by_words(void **state)
{
    (void)state;
    char invite[256], fresh[256];
    struct room *room = room_new(4);
    room_create(room, 0, "Period 3", invite);
    join_is(room, 1, invite, "");
    room_stop(room, 0);
    join_is(room, 2, invite, "");
    join_is(room, 3, invite, "");
    for (int i = 1; i < 4; i++) {
        room_stop(room, i);
    }
    room_start(room, 0);
    assert_string_equal(ASK(room, 0, "hello", "handle", "lee", "passphrase", PASSPHRASE), "");
    rotate(room, 0, fresh);
    room_start(room, 2);
    room_start(room, 3);
    room_run(room, 20000);
    assert_machines(room, 3, "1");
    assert_string_equal(room_text(room, 3, "status.refusal"), "old-words");
    join_is(room, 3, fresh, "");
    join_is(room, 2, fresh, "");
    assert_machines(room, 2, "2");
    assert_string_equal(room_text(room, 2, "status.refusal"), "");
    room_free(room);
}

static void who_was_expelled_is_left_out_and_the_old_words_let_nobody_in(void **state)
{
    (void)state;
    char invite[256], fresh[256];
    struct room *room = room_new(5);
    room_create(room, 0, "Period 3", invite);
    for (int i = 1; i < 4; i++) {
        assert_string_equal(ASK(room, i, "class.join", "words", invite), "");
    }
    room_run(room, 2000);
    assert_string_equal(ASK(room, 0, "hello", "handle", "lee", "passphrase", PASSPHRASE), "");
    assert_string_equal(ASK(room, 3, "hello", "handle", "mallory"), "");
    room_run(room, 1000);
    expel(room, 0, 3);
    rotate(room, 0, fresh);
    assert_invite(room, 2, fresh);
    assert_invite(room, 3, invite);
    assert_machines(room, 1, "2");
    /* a stranger with the old words, whom only the expelled one would let in */
    room_stop(room, 3);
    assert_string_equal(ASK(room, 4, "class.join", "words", invite), "old-words");
    /* typed at two terminals at once, while a third asks what is wrong */
    room_send(room, 4, 1, "class.join", (const char *const[]){"words", invite, NULL});
    room_send(room, 4, 3, "class.join", (const char *const[]){"words", invite, NULL});
    room_run(room, 100);
    room_send(room, 4, 4, "doctor", NULL);
    room_run(room, 60000);
    assert_string_equal(room_error(room, 4), "old-words");
    assert_string_equal(ASK(room, 4, "class.list"), "");
    assert_string_equal(ASK(room, 4, "status"), "no-class");
    room_run(room, 60000);
    assert_machines(room, 1, "2");
    assert_string_equal(ASK(room, 4, "class.join", "words", fresh), "");
    room_run(room, 5000);
    assert_machines(room, 1, "3");
    assert_machines(room, 4, "3");
    room_free(room);
}

static const char *kind_of_place(struct room *room, int i, const char *who)
{
    assert_string_equal(ASK(room, i, "who", "person", who), "");
    return room_text(room, i, "person.place.kind");
}

static void the_end_of_a_login_signs_out_who_sat_there(void **state)
{
    (void)state;
    char invite[256];
    struct room *room = class_of(2, invite);
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    room_run(room, 1000);
    assert_string_equal(kind_of_place(room, 0, "ana"), "solo");
    room_logout(room, 1);
    room_run(room, 1000);
    assert_string_equal(kind_of_place(room, 0, "ana"), "away");
    assert_string_equal(ASK(room, 1, "start", "name", "bridge"), "signed-out");
    room_logout(room, 1); /* nobody sits there */
    assert_string_equal(kind_of_place(room, 0, "lee"), "solo");
    room_free(room);
}

static void who_is_idle_is_signed_out_but_not_within_a_lesson(void **state)
{
    (void)state;
    char invite[256];
    struct room *room = class_of(2, invite);
    assert_string_equal(ASK(room, 0, "lesson.start"), "");
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    room_run(room, 50 * 60 * 1000);
    assert_string_equal(ASK(room, 1, "note", "text", "still here"), "");
    assert_string_equal(ASK(room, 0, "note", "text", "me too"), "");
    /* the lesson's end signs out pupils at once, teachers stay */
    assert_string_equal(ASK(room, 0, "lesson.end"), "");
    room_run(room, 1000);
    assert_string_equal(ASK(room, 1, "note", "text", "and now"), "signed-out");
    assert_string_equal(ASK(room, 0, "note", "text", "only teachers"), "");
    /* after it who comes may stay, until idle */
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    room_run(room, 44 * 60 * 1000);
    assert_string_equal(ASK(room, 1, "note", "text", "in time"), "");
    room_run(room, 44 * 60 * 1000);
    assert_string_equal(ASK(room, 1, "note", "text", "again"), "");
    assert_string_equal(ASK(room, 0, "note", "text", "was idle"), "signed-out");
    room_run(room, 46 * 60 * 1000);
    assert_string_equal(kind_of_place(room, 0, "ana"), "away");
    assert_string_equal(ASK(room, 1, "note", "text", "too late"), "signed-out");
    room_free(room);
}

/* Their session is open for ever, since their goodbye doesn't count; nobody else may be signed out for it, and nothing written
 * again and again. */
static void who_was_removed_while_signed_in_is_signed_out_once(void **state)
{
    (void)state;
    char invite[256], entries[32];
    struct room *room = class_of(2, invite);
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    room_run(room, 1000);
    assert_string_equal(ASK(room, 0, "people.remove", "person", "ana"), "");
    assert_string_equal(ASK(room, 0, "lesson.start"), "");
    assert_string_equal(ASK(room, 0, "lesson.end"), "");
    room_run(room, 1000);
    assert_string_equal(ASK(room, 1, "hello", "handle", "ben"), "");
    room_run(room, 1000);
    assert_string_equal(ASK(room, 1, "status"), "");
    snprintf(entries, sizeof(entries), "%s", room_text(room, 1, "status.entries"));
    assert_string_equal(room_text(room, 1, "status.refused.0.count"), "");
    room_run(room, 20000);
    assert_string_equal(ASK(room, 1, "status"), "");
    assert_string_equal(room_text(room, 1, "status.entries"), entries);
    assert_string_equal(ASK(room, 1, "note", "text", "still here"), "");
    room_free(room);
}

static void assert_erased(struct room *room, int i, const char *text)
{
    assert_false(disk_holds(room->m[i].disk, slice_str(text)));
}

static void a_class_that_ends_is_erased_on_all_its_machines(void **state)
{
    (void)state;
    char invite[256];
    struct room *room = class_of(4, invite);
    for (int i = 1; i < 4; i++) {
        char handle[16];
        snprintf(handle, sizeof(handle), "pupil%d", i);
        assert_string_equal(ASK(room, i, "hello", "handle", handle), "");
        assert_string_equal(ASK(room, i, "note", "text", "quite secret"), "");
    }
    room_run(room, 3000);
    room_stop(room, 3);
    room_run(room, 20000);
    assert_string_equal(ASK(room, 1, "class.close", "yes", "!"), "not-a-teacher");
    assert_string_equal(ASK(room, 1, "class.close"), "not-a-teacher");
    assert_string_equal(ASK(room, 0, "class.close"), "");
    assert_string_equal(room_text(room, 0, "closed"), "false");
    assert_string_equal(room_text(room, 0, "of"), "4");
    assert_true(disk_holds(room->m[2].disk, slice_str("quite secret")));
    assert_string_equal(ASK(room, 0, "class.close", "yes", "!"), "");
    assert_string_equal(room_text(room, 0, "class.name"), "Period 3");
    assert_string_equal(room_text(room, 0, "done"), "3");
    assert_string_equal(room_text(room, 0, "of"), "4");
    assert_string_equal(room_text(room, 0, "behind.0"), "pc-4");
    for (int i = 0; i < 3; i++) {
        assert_erased(room, i, "quite secret");
        assert_erased(room, i, "pupil1");
        assert_string_equal(ASK(room, i, "hello", "handle", "ana"), "closed");
        assert_string_equal(ASK(room, i, "list"), "closed");
    }
    /* the founder's machine is off: others tell the one that wakes */
    room_stop(room, 0);
    room_stop(room, 1);
    room_start(room, 1);
    room_start(room, 3);
    room_run(room, 20000);
    assert_string_equal(ASK(room, 3, "hello", "handle", "ana"), "closed");
    assert_erased(room, 3, "quite secret");
    room_start(room, 0);
    room_run(room, 20000);
    assert_string_equal(ASK(room, 0, "class.close"), "");
    assert_string_equal(room_text(room, 0, "done"), "4");
    assert_string_equal(room_text(room, 0, "behind.0"), "");
    /* what is left of it stands in nobody's way */
    assert_string_equal(ASK(room, 0, "class.create", "name", "Period 4", "handle", "lee", "open",
                            "!", "passphrase", PASSPHRASE),
                        "");
    assert_string_equal(ASK(room, 0, "note", "text", "a new one"), "");
    room_free(room);
}

/* As if machine `from` had said it on its link to machine `to`. */
static void room_say(struct room *room, int from, int to, const struct pack *said)
{
    struct event event = {
        .kind = EVENT_MESSAGE, .from = room_address(from), .peer = room->m[from].link};
    event.bytes = pack_bytes(said);
    room_post(room, from, to, &event);
    room_run(room, 500);
}

static void an_end_that_the_founder_did_not_sign_ends_nothing(void **state)
{
    (void)state;
    char invite[256];
    struct room *room = class_of(3, invite);
    struct pack said;
    uint8_t id[16] = {0};
    struct signature forged = sign(&room->m[2].key, CLOSE_KIND, slice_of(id, sizeof(id)));
    pack_init(&said);
    pack_closed(&said, &forged);
    room_say(room, 2, 1, &said);
    room_say(room, 2, 0, &said);
    pack_clear(&said);
    assert_string_equal(ASK(room, 1, "list"), "");
    assert_string_equal(ASK(room, 0, "note", "text", "it goes on"), "");
    room_free(room);
}

static void a_refusal_is_shown_and_changes_nothing(void **state)
{
    (void)state;
    char invite[256];
    struct room *room = class_of(3, invite);
    struct pack said;
    pack_init(&said);
    pack_refuse(&said, ERR_EXPELLED);
    room_say(room, 2, 1, &said);
    pack_clear(&said);
    assert_string_equal(ASK(room, 1, "status"), "");
    assert_string_equal(room_text(room, 1, "status.refusal"), "expelled");
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    assert_machines(room, 1, "2");
    room_free(room);
}

static void a_class_whose_last_day_is_over_says_so_and_goes_on(void **state)
{
    (void)state;
    struct room *room = room_new(1);
    assert_string_equal(ASK(room, 0, "class.create", "name", "Period 3", "handle", "lee", "open",
                            "!", "until", "2026-09-21", "passphrase", PASSPHRASE),
                        "");
    assert_string_equal(ASK(room, 0, "here"), "");
    assert_string_equal(room_text(room, 0, "over"), "false"); /* it is that day */
    days_pass(room, 1);
    assert_string_equal(ASK(room, 0, "here"), "");
    assert_string_equal(room_text(room, 0, "over"), "true");
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana", "take_over", "!"), "");
    assert_string_equal(room_text(room, 0, "over"), "true");
    assert_string_equal(room_text(room, 0, "days_left"), "");
    room_run(room, INT64_C(3) * 24 * 3600 * 1000);
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana", "take_over", "!"), "");
    assert_string_equal(ASK(room, 0, "note", "text", "a month later it is all still here"), "");
    room_free(room);
}

static void what_waits_for_a_class_that_ends_is_refused(void **state)
{
    (void)state;
    static const char *const wait[] = {"wait", "!", NULL};
    char invite[256];
    struct room *room = class_of(2, invite);
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 1, "watch"), "");
    assert_string_equal(ASK(room, 1, "note", "text", "x"), "");
    room_run(room, 1000);
    room->cut[0][1] = room->cut[1][0] = true; /* so that a receipt waits */
    assert_string_equal(ASK(room, 1, "redact", "entry", room_text(room, 1, "entry"), "why", "y"),
                        "");
    room_send(room, 1, 1, "redact.receipt", wait);
    assert_string_equal(room_error(room, 1), "none");
    room->cut[0][1] = room->cut[1][0] = false;
    assert_string_equal(ASK(room, 0, "class.close", "yes", "!"), "");
    room_run(room, 1500);
    assert_string_equal(room_error(room, 1), "closed");
    assert_string_equal(ASK(room, 1, "watch"), "closed");
    room_free(room);
}

static void classes_that_have_ended_make_room_where_there_are_many(void **state)
{
    (void)state;
    struct room *room = room_new(1);
    for (int i = 0; i < CLASSES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof(name), "Period %d", i);
        assert_string_equal(ASK(room, 0, "class.create", "name", name, "handle", "lee", "open", "!",
                                "passphrase", PASSPHRASE),
                            "");
        if (i < CLASSES_MAX - 1) {
            assert_string_equal(ASK(room, 0, "class.close", "yes", "!"), "");
        }
    }
    assert_string_equal(ASK(room, 0, "class.create", "name", "One more", "handle", "lee", "open",
                            "!", "passphrase", PASSPHRASE),
                        "busy");
    room_stop(room, 0);
    room_start(room, 0);
    assert_string_equal(ASK(room, 0, "class.create", "name", "One more", "handle", "lee", "open",
                            "!", "passphrase", PASSPHRASE),
                        "");
    assert_string_equal(ASK(room, 0, "class.list"), "");
    assert_string_equal(room_text(room, 0, "classes.0.name"), "Period 15");
    assert_string_equal(room_text(room, 0, "classes.1.name"), "One more");
    assert_string_equal(room_text(room, 0, "classes.2.name"), "");
    room_free(room);
}

static void ask_for_a_class(struct room *room, uint32_t client, uint8_t id)
{
    static const char *const pairs[][2] = {
        {"name", "Period 3"}, {"handle", "lee"}, {"passphrase", PASSPHRASE}};
    struct pack p;
    uint8_t bytes[16] = {id};
    room_pack_head(room, &p, "class.create", 4);
    pack_str(&p, "id");
    pack_bin(&p, slice_of(bytes, sizeof(bytes)));
    for (size_t i = 0; i < 3; i++) {
        pack_str(&p, pairs[i][0]);
        pack_str(&p, pairs[i][1]);
    }
    room_request(room, 0, client, &p);
}

static void a_class_that_is_asked_for_again_is_made_once(void **state)
{
    (void)state;
    char invite[256], rescue[256];
    struct room *room = room_new(1);
    ask_for_a_class(room, 3, 7);
    ask_for_a_class(room, 1, 7); /* while it is being made: the other hung up */
    assert_string_equal(room_answer(room, 0, 5000), "");
    snprintf(invite, sizeof(invite), "%s", room_text(room, 0, "invite"));
    snprintf(rescue, sizeof(rescue), "%s", room_text(room, 0, "rescue"));
    assert_string_not_equal(rescue, "");
    room_stop(room, 0);
    room_start(room, 0);
    ask_for_a_class(room, 1, 7); /* the answer was lost */
    assert_string_equal(room_answer(room, 0, 5000), "");
    assert_string_equal(room_text(room, 0, "invite"), invite);
    assert_string_equal(room_text(room, 0, "rescue"), rescue);
    assert_string_equal(ASK(room, 0, "class.list"), "");
    assert_string_equal(room_text(room, 0, "classes.1.name"), "");
    ask_for_a_class(room, 1, 8); /* another class of that name */
    assert_string_equal(room_answer(room, 0, 5000), "");
    assert_string_not_equal(room_text(room, 0, "invite"), invite);
    assert_string_equal(ASK(room, 0, "class.list"), "");
    assert_string_equal(room_text(room, 0, "classes.1.name"), "Period 3");
    assert_string_equal(room_text(room, 0, "classes.0.current"), "false");
    assert_string_equal(room_text(room, 0, "classes.1.current"), "true");
    room_free(room);
}

/* More terminals than a machine remembers: the one that was silent longest, and has nobody signed in, gives way. */
static void of_many_terminals_the_one_that_was_silent_longest_is_forgotten(void **state)
{
    (void)state;
    char invite[256];
    struct room *room = class_of(1, invite); /* its teacher sits at the first terminal */
    assert_string_equal(ASK(room, 0, "start", "name", "bridge"), "");
    for (room->login = 2; room->login <= SITTINGS_MAX; room->login++) {
        assert_string_equal(ASK(room, 0, "list"), "");
    }
    room->login = SITTINGS_MAX + 1;
    assert_string_equal(ASK(room, 0, "status"), "");
    room->login = SITTINGS_MAX; /* still knows what its first line was */
    assert_string_equal(ASK(room, 0, "show", "jam", "1"), "");
    room->login = 2;
    assert_string_equal(ASK(room, 0, "show", "jam", "1"), "no-list");
    room->login = 1;
    assert_string_equal(ASK(room, 0, "here"), "");
    assert_string_equal(room_text(room, 0, "handle"), "lee");
    room_free(room);
}

static void its_founder_gives_a_class_another_last_day(void **state)
{
    (void)state;
    char invite[256];
    struct room *room = class_of(2, invite); /* it is 2026-09-21 */
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 1, "here"), "");
    assert_string_equal(room_text(room, 1, "until"), "");
    assert_string_equal(room_text(room, 1, "over"), "false");
    assert_string_equal(ASK(room, 1, "class.until", "until", "2027-07-01"), "not-a-teacher");
    room_run(room, 1000);
    assert_string_equal(ASK(room, 0, "people.teacher", "person", "ana"), "");
    room_run(room, 1000);
    assert_string_equal(ASK(room, 1, "class.until", "until", "2027-07-01"), "not-yours");
    assert_string_equal(ASK(room, 0, "class.until", "until", "2027-02-29"), "usage");
    assert_string_equal(ASK(room, 0, "class.until"), "empty");
    assert_string_equal(ASK(room, 0, "class.until", "until", "2026-10-01"), "");
    assert_string_equal(room_text(room, 0, "until"), "2026-10-01");
    assert_string_equal(room_text(room, 0, "days_left"), "10");
    room_run(room, 1000);
    assert_string_equal(ASK(room, 1, "here"), "");
    assert_string_equal(room_text(room, 1, "until"), "2026-10-01");
    assert_string_equal(room_text(room, 1, "class"), "Period 3");
    assert_string_equal(ASK(room, 1, "class.list"), "");
    assert_string_equal(room_text(room, 1, "classes.0.until"), "2026-10-01");
    assert_string_equal(room_text(room, 1, "classes.0.policy.0"), "open");
    assert_string_equal(ASK(room, 0, "class.until", "until", "none"), "");
    room_run(room, 1000);
    assert_string_equal(ASK(room, 1, "here"), "");
    assert_string_equal(room_text(room, 1, "until"), "");
    assert_string_equal(room_text(room, 1, "days_left"), "");
    room_free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expelled_machine_is_of_the_class_no_more),
        cmocka_unit_test(the_end_of_a_login_signs_out_who_sat_there),
        cmocka_unit_test(who_is_idle_is_signed_out_but_not_within_a_lesson),
        cmocka_unit_test(a_class_that_ends_is_erased_on_all_its_machines),
        cmocka_unit_test(a_class_whose_last_day_is_over_says_so_and_goes_on),
        cmocka_unit_test(what_waits_for_a_class_that_ends_is_refused),
        cmocka_unit_test(classes_that_have_ended_make_room_where_there_are_many),
        cmocka_unit_test(a_class_that_is_asked_for_again_is_made_once),
        cmocka_unit_test(of_many_terminals_the_one_that_was_silent_longest_is_forgotten),
        cmocka_unit_test(its_founder_gives_a_class_another_last_day),
        cmocka_unit_test(an_end_that_the_founder_did_not_sign_ends_nothing),
        cmocka_unit_test(a_refusal_is_shown_and_changes_nothing),
        cmocka_unit_test(everybody_goes_over_to_the_new_words),
        cmocka_unit_test(who_was_away_comes_over_later),
        cmocka_unit_test(who_were_away_together_for_long_come_back_by_a_teacher),
        cmocka_unit_test(who_are_refused_together_come_back_by_words),
        cmocka_unit_test(who_was_removed_while_signed_in_is_signed_out_once),
        cmocka_unit_test(who_was_expelled_is_left_out_and_the_old_words_let_nobody_in),
        cmocka_unit_test(one_that_was_away_when_it_was_expelled_is_told_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
