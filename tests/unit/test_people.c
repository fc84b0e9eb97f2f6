/* Who is who, in a class with passphrases: cards that are good once, a roster that gets shorter, people who move, and
 * people whom a teacher removed. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room.h"

static const char TEACHERS[] = "cobweb item comet lamp domino";
static const char WORDS[] = "cobweb item comet";
static const char OWN[] = "lamp domino item";

#define DONE(room, i, ...)            assert_string_equal(ASK(room, i, __VA_ARGS__), "")
#define FAILS(room, i, code, ...)     assert_string_equal(ASK(room, i, __VA_ARGS__), code)
#define SAYS(room, i, path, expected) assert_string_equal(room_text(room, i, path), expected)

/* lee made it at machine 0; its roster is ana and ben; two more machines are in it. */
static struct room *lesson(void)
{
    struct room *room = room_new(3);
    char invite[256];
    DONE(room, 0, "class.create", "name", "Period 3", "handle", "lee", "passphrase", TEACHERS);
    snprintf(invite, sizeof(invite), "%s", room_text(room, 0, "invite"));
    for (int i = 1; i < 3; i++) {
        DONE(room, i, "class.join", "words", invite);
    }
    DONE(room, 0, "class.roster", "names", "ana, Ana B\nben");
    room_run(room, 2000);
    return room;
}

/* A card for somebody, into words. */
static void card(struct room *room, const char *person, char words[128])
{
    DONE(room, 0, "people.reset", "person", person);
    snprintf(words, 128, "%s", room_text(room, 0, "card.words"));
    room_run(room, 1000);
}

/* ---- cards -------------------------------------------------------------------------------------------------------- */

static void a_card_is_good_once_and_brings_words_of_ones_own(void **state)
{
    (void)state;
    char words[128];
    struct room *room = lesson();
    card(room, "ana", words);
    SAYS(room, 0, "card.valid_s", "");
    FAILS(room, 1, "new-passphrase", "hello", "handle", "ana", "passphrase", words);
    FAILS(room, 1, "signed-out", "note", "text", "I'm in");
    FAILS(room, 1, "weak-passphrase", "hello", "handle", "ana", "passphrase", words, "new", "ana");
    FAILS(room, 1, "wrong-passphrase", "hello", "handle", "ana", "passphrase", OWN, "new", OWN);
    DONE(room, 1, "hello", "handle", "ana", "passphrase", words, "new", OWN);
    SAYS(room, 1, "card", "true");
    SAYS(room, 1, "new", "true");
    SAYS(room, 1, "key_reset", "false");
    DONE(room, 1, "bye");
    room_run(room, 1000);
    FAILS(room, 2, "wrong-passphrase", "hello", "handle", "ana", "passphrase", words, "new",
          "item lamp cobweb");
    DONE(room, 2, "hello", "handle", "ana", "passphrase", OWN);
    SAYS(room, 2, "card", "false");
    SAYS(room, 2, "new", "false");
    room_free(room);
}

static void a_card_for_the_first_time_waits_one_for_who_forgot_does_not(void **state)
{
    (void)state;
    char words[128];
    struct room *room = lesson();
    card(room, "ana", words);
    room_run(room, 20 * 60 * 1000);
    DONE(room, 1, "hello", "handle", "ana", "passphrase", words, "new", OWN);
    DONE(room, 1, "bye");
    DONE(room, 0, "hello", "handle", "lee", "passphrase", TEACHERS);
    room_run(room, 1000);
    card(room, "ana", words);
    DONE(room, 0, "people.list");
    SAYS(room, 0, "people.0.card", "true");
    SAYS(room, 0, "people.0.key", "true");
    room_run(room, 14 * 60 * 1000);
    FAILS(room, 2, "new-passphrase", "hello", "handle", "ana", "passphrase", words);
    room_run(room, 2 * 60 * 1000);
    FAILS(room, 2, "old-card", "hello", "handle", "ana", "passphrase", words, "new", OWN);
    card(room, "ana", words);
    DONE(room, 2, "hello", "handle", "ana", "passphrase", words, "new", OWN);
    SAYS(room, 2, "key_reset", "true");
    room_free(room);
}

/* A clock that is years off makes no card old: its age is counted from when it was seen, or with the other clock's error. */
static void a_cards_age_is_not_a_matter_of_wrong_clocks(void **state)
{
    (void)state;
    char words[128];
    struct room *room = lesson();
    DONE(room, 1, "hello", "handle", "ana", "passphrase", WORDS);
    DONE(room, 1, "bye");
    room_run(room, 1000);
    room_stop(room, 2);
    card(room, "ana", words);
    room->now.wall.ms += INT64_C(3) * 365 * 24 * 3600 * 1000;
    FAILS(room, 1, "new-passphrase", "hello", "handle", "ana", "passphrase", words);
    room_free(room);
}

/* Who has the class's words lets in what machines they like. */
static void a_pupil_is_not_told_the_words_that_let_machines_in(void **state)
{
    (void)state;
    struct room *room = lesson();
    DONE(room, 1, "class.invite"); /* root could read it there anyway */
    room->guests = true;
    FAILS(room, 1, "not-a-teacher", "class.invite");
    DONE(room, 1, "hello", "handle", "ana", "passphrase", WORDS);
    FAILS(room, 1, "not-a-teacher", "class.invite");
    DONE(room, 0, "class.invite");
    DONE(room, 0, "bye");
    FAILS(room, 0, "not-a-teacher", "class.invite");
    room_free(room);
}

/* Else anybody signs in as another, and keeps them out with words of their own. */
static void where_no_passphrases_are_nobody_gets_one(void **state)
{
    (void)state;
    char invite[256];
    struct room *room = room_new(2);
    room_create(room, 0, "Period 3", invite);
    DONE(room, 1, "class.join", "words", invite);
    DONE(room, 1, "hello", "handle", "ana", "class", "1");
    FAILS(room, 1, "open-class", "passphrase", "new", OWN);
    FAILS(room, 1, "no-such-class", "here", "class", "2");
    DONE(room, 1, "bye");
    DONE(room, 1, "hello", "handle", "ana");
    DONE(room, 0, "hello", "handle", "lee", "passphrase", TEACHERS);
    DONE(room, 0, "passphrase", "old", TEACHERS, "new", "cobweb item comet lamp otter");
    room_free(room);
}

/* ---- the roster --------------------------------------------------------------------------------------------------- */

static void people_lists_who_is_not_here_yet_and_the_roster_gets_shorter(void **state)
{
    (void)state;
    struct room *room = lesson();
    DONE(room, 0, "people.list");
    SAYS(room, 0, "people.0.person", "lee");
    SAYS(room, 0, "people.1.person", "");
    SAYS(room, 0, "waiting.0.handle", "ana");
    SAYS(room, 0, "waiting.0.name", "Ana B");
    SAYS(room, 0, "waiting.1.handle", "ben");
    DONE(room, 0, "class.roster", "names", "BEN", "remove", "!");
    SAYS(room, 0, "removed.0", "BEN");
    room_run(room, 1000);
    FAILS(room, 0, "no-such-person", "class.roster", "names", "ben", "remove", "!");
    DONE(room, 2, "people.choices");
    SAYS(room, 2, "names.1", "ana");
    SAYS(room, 2, "names.2", "");
    DONE(room, 1, "hello", "handle", "ben", "passphrase", WORDS);
    assert_non_null(strchr(room_text(room, 1, "person"), '~'));
    FAILS(room, 1, "not-a-teacher", "class.roster", "names", "ana", "remove", "!");
    DONE(room, 0, "class.roster", "names", "ben");
    SAYS(room, 0, "new", "1");
    room_run(room, 1000);
    DONE(room, 1, "here");
    SAYS(room, 1, "person", "ben");
    room_free(room);
}

/* Who started it could take away what the others wrote there. */
static void a_jam_that_others_joined_is_a_teachers_to_erase(void **state)
{
    (void)state;
    char id[64];
    struct room *room = lesson();
    DONE(room, 1, "hello", "handle", "ana", "passphrase", WORDS);
    DONE(room, 2, "hello", "handle", "ben", "passphrase", WORDS);
    DONE(room, 1, "start", "name", "a bad word");
    DONE(room, 1, "list");
    snprintf(id, sizeof(id), "%s", room_text(room, 1, "jams.0.id"));
    FAILS(room, 1, "whole-jam", "redact", "entry", id, "why", "a bad word");
    DONE(room, 1, "redact", "entry", id, "why", "a bad word", "whole",
         "!"); /* nobody else was in it */
    DONE(room, 1, "start", "name", "bridge");
    DONE(room, 1, "list");
    snprintf(id, sizeof(id), "%s", room_text(room, 1, "jams.0.id"));
    room_run(room, 1000);
    DONE(room, 2, "join", "jam", "bridge");
    DONE(room, 2, "note", "text", "triangles");
    room_run(room, 1000);
    FAILS(room, 1, "not-yours", "redact", "entry", id, "why", "I'm angry");
    DONE(room, 1, "list");
    SAYS(room, 1, "jams.0.name", "bridge");
    FAILS(room, 0, "whole-jam", "redact", "entry", id, "why", "it must be");
    DONE(room, 0, "redact", "entry", id, "why", "it must be", "whole", "!");
    room_free(room);
}

/* ---- who isn't here any more -------------------------------------------------------------------------------------- */

static void the_first_screen_says_where_one_moved(void **state)
{
    (void)state;
    struct room *room = lesson();
    DONE(room, 1, "hello", "handle", "ana", "passphrase", WORDS);
    DONE(room, 1, "here");
    SAYS(room, 1, "left.why", "");
    room_run(room, 1000);
    DONE(room, 2, "hello", "handle", "ana", "passphrase", WORDS);
    room_run(room, 1000);
    FAILS(room, 1, "moved", "note", "text", "here?");
    DONE(room, 1, "here");
    SAYS(room, 1, "person", "");
    SAYS(room, 1, "left.why", "moved");
    SAYS(room, 1, "left.person", "ana");
    SAYS(room, 1, "left.seat", "pc-3");
    DONE(room, 1, "prompt");
    SAYS(room, 1, "text", "");
    SAYS(room, 1, "left.seat", "pc-3");
    DONE(room, 1, "watch", "how", "state");
    SAYS(room, 1, "state.left.seat", "pc-3");
    DONE(room, 2, "bye"); /* then she is nowhere */
    room_run(room, 1000);
    FAILS(room, 1, "signed-out", "note", "text", "here?");
    DONE(room, 1, "hello", "handle", "ana", "passphrase", WORDS);
    DONE(room, 1, "here");
    SAYS(room, 1, "left.why", "");
    room_free(room);
}

static void who_was_removed_is_told_so(void **state)
{
    (void)state;
    char id[64];
    struct room *room = lesson();
    DONE(room, 1, "hello", "handle", "ana", "passphrase", WORDS);
    SAYS(room, 1, "person", "ana");
    snprintf(id, sizeof(id), "%s", room_text(room, 1, "id"));
    room_run(room, 1000);
    DONE(room, 0, "people.confirm", "person", "ana");
    DONE(room, 0, "people.remove", "person", "ana");
    room_run(room, 1000);
    FAILS(room, 1, "removed", "note", "text", "still here");
    DONE(room, 1, "here");
    SAYS(room, 1, "left.why", "removed");
    FAILS(room, 2, "removed", "hello", "handle", "ana", "passphrase", WORDS);
    FAILS(room, 2, "removed", "hello", "handle", id, "passphrase", WORDS);
    DONE(room, 0, "people.list");
    SAYS(room, 0, "waiting.0.handle", "ben"); /* nor does her name wait any more */
    DONE(room, 0, "class.roster", "names", "ana");
    room_run(room, 1000);
    DONE(room, 2, "hello", "handle", "ana", "passphrase", WORDS); /* somebody new */
    SAYS(room, 2, "new", "true");
    SAYS(room, 2, "person", "ana");
    room_run(room, 1000);
    DONE(room, 1, "here");
    assert_non_null(strstr(room_text(room, 1, "left.person"), "ana~")); /* that is another now */
    room_free(room);
}

/* ---- a name that another took ------------------------------------------------------------------------------------- */

/* The teacher had even confirmed it: two would be called ben, now and in the journal. */
static void a_name_that_another_took_is_given_back(void **state)
{
    (void)state;
    char words[128];
    struct room *room = lesson();
    DONE(room, 1, "hello", "handle", "ben", "passphrase", WORDS);
    DONE(room, 1, "start", "name", "bridge");
    room_run(room, 1000);
    DONE(room, 0, "people.list");
    SAYS(room, 0, "teacher", "true");
    SAYS(room, 0, "people.0.signed_up.seat", "pc-2");
    DONE(room, 0, "people.confirm", "person", "ben");
    FAILS(room, 0, "not-yours", "people.reset", "person", "lee", "taken", "!");
    DONE(room, 0, "people.reset", "person", "ben", "taken", "!");
    SAYS(room, 0, "card.person", "ben");
    assert_non_null(strstr(room_text(room, 0, "removed"), "ben~"));
    SAYS(room, 0, "card.valid_s", "");
    snprintf(words, sizeof(words), "%s", room_text(room, 0, "card.words"));
    room_run(room, 1000);
    FAILS(room, 1, "removed", "note", "text", "still here");
    DONE(room, 2, "hello", "handle", "ben", "passphrase", words, "new", OWN);
    SAYS(room, 2, "person", "ben");
    DONE(room, 2, "show", "jam", "bridge");
    assert_non_null(strstr(room_text(room, 2, "jam.journal.0.by"), "ben~"));
    DONE(room, 0, "people.list");
    SAYS(room, 0, "people.0.person", "ben");
    SAYS(room, 0, "people.0.signed_up.seat", "");
    SAYS(room, 0, "people.0.confirmed", "true");
    SAYS(room, 0, "people.1.person", "lee");
    SAYS(room, 0, "people.2.person", "");
    room_free(room);
}

static void a_teacher_gives_only_names_that_can_be_typed_and_are_free(void **state)
{
    (void)state;
    struct room *room = lesson();
    DONE(room, 1, "hello", "handle", "ana", "passphrase", WORDS);
    DONE(room, 2, "hello", "handle", "ben", "passphrase", WORDS);
    room_run(room, 1000);
    DONE(room, 0, "people.cards");
    SAYS(room, 0, "taken.1", "ben");
    DONE(room, 0, "people.confirm", "person", "ben");
    DONE(room, 0, "people.cards");
    SAYS(room, 0, "taken.0", "ana");
    SAYS(room, 0, "taken.1", "");
    FAILS(room, 0, "name-taken", "people.rename", "person", "ana", "handle", "Ben");
    FAILS(room, 0, "bad-text", "people.rename", "person", "ana", "handle", "12");
    FAILS(room, 0, "bad-text", "people.rename", "person", "ana", "handle", "ana~k3f");
    DONE(room, 0, "people.rename", "person", "ana", "handle", "anna");
    FAILS(room, 0, "not-yours", "people.teacher", "person", "lee", "off", "!");
    DONE(room, 1, "class.seat", "label", "PC 2, window");
    room_run(room, 1000);
    FAILS(room, 0, "yourself", "class.expel", "device", "pc-1");
    DONE(room, 0, "class.expel", "device", "pc-2"); /* the host, though it has a seat */
    room_free(room);
}

static void nobody_takes_their_name_from_themselves(void **state)
{
    (void)state;
    struct room *room = lesson();
    DONE(room, 1, "hello", "handle", "ana", "passphrase", WORDS);
    room_run(room, 1000);
    DONE(room, 0, "people.teacher", "person", "ana");
    room_run(room, 1000);
    FAILS(room, 1, "yourself", "people.reset", "person", "ana", "taken", "!");
    DONE(room, 1, "note", "text", "still here");
    room_free(room);
}

/* ---- keys first --------------------------------------------------------------------------------------------------- */

/* One more machine, into which the log doesn't come. */
static struct room *behind(char words[128])
{
    char invite[256];
    struct room *room = room_new(4);
    DONE(room, 0, "class.create", "name", "Period 3", "handle", "lee", "passphrase", TEACHERS);
    snprintf(invite, sizeof(invite), "%s", room_text(room, 0, "invite"));
    for (int i = 1; i < 3; i++) {
        DONE(room, i, "class.join", "words", invite);
    }
    DONE(room, 0, "class.roster", "names", "ana\nben\nemil");
    DONE(room, 0, "lesson.start");
    DONE(room, 0, "lesson.end"); /* long ago, but behind what a machine without the log writes */
    room_run(room, 2000);
    DONE(room, 1, "hello", "handle", "ana", "passphrase", WORDS);
    DONE(room, 2, "hello", "handle", "ben", "passphrase", WORDS);
    room_run(room, 1000);
    card(room, "emil", words);
    room->no_entries = true;
    ASK(room, 3, "class.join", "words", invite);
    room_run(room, 1000);
    DONE(room, 3, "status");
    SAYS(room, 3, "status.class", "\xe2\x80\xa6"); /* it doesn't even know the class's name */
    return room;
}

static void a_passphrase_is_enough_before_the_log_has_come(void **state)
{
    (void)state;
    char words[128];
    struct room *room = behind(words);
    FAILS(room, 3, "passphrase", "hello", "handle", "ana");
    FAILS(room, 3, "wrong-passphrase", "hello", "handle", "ana", "passphrase", OWN);
    DONE(room, 3, "hello", "handle", "ANA", "passphrase", WORDS);
    SAYS(room, 3, "person", "ana");
    SAYS(room, 3, "new", "false");
    const char *const start[] = {"name", "bridge", NULL};
    room_send(room, 3, 1, "start", start);
    room_run(room, 3000);
    assert_string_equal(room_error(room, 3), "none"); /* what is written waits for the log */
    room->no_entries = false;
    for (int i = 0; i < 100 && room->m[3].reply_len == 0; i++) {
        room_run(room, 100);
    }
    assert_string_equal(room_error(room, 3), "");
    room_run(room, 1000);
    DONE(room, 3, "here");
    SAYS(room, 3, "person", "ana");
    SAYS(room, 3, "place.jam", "bridge");
    DONE(room, 0, "who", "person", "ana");
    SAYS(room, 0, "person.seat", "pc-4");
    SAYS(room, 0, "person.place.jam", "bridge");
    FAILS(room, 1, "moved", "note", "text", "here?");
    room_free(room);
}

/* She says nothing more: she has moved all the same, once the log is here. */
static void who_came_first_has_moved_once_the_log_is_here(void **state)
{
    (void)state;
    char words[128];
    struct room *room = behind(words);
    DONE(room, 3, "hello", "handle", "ana", "passphrase", WORDS);
    DONE(room, 3, "here");
    SAYS(room, 3, "person", "ana");
    room->no_entries = false;
    room_run(room, 10000);
    DONE(room, 3, "here");
    SAYS(room, 3, "person", "ana");
    DONE(room, 0, "who", "person", "ana");
    SAYS(room, 0, "person.seat", "pc-4");
    FAILS(room, 1, "moved", "note", "text", "here?");
    room_free(room);
}

/* While others write all the time no fingerprint that comes is one's own. */
static void the_log_is_here_though_the_room_is_busy(void **state)
{
    (void)state;
    char words[128];
    struct room *room = behind(words);
    DONE(room, 3, "hello", "handle", "ana", "passphrase", WORDS);
    room->busy = true;
    room->no_entries = false;
    const char *const start[] = {"name", "bridge", NULL};
    room_send(room, 3, 1, "start", start);
    assert_string_equal(room_answer(room, 3, 15000), "");
    DONE(room, 0, "who", "person", "ana");
    SAYS(room, 0, "person.seat", "pc-4");
    SAYS(room, 0, "person.place.jam", "bridge");
    room_free(room);
}

/* Who sits there when a teacher makes a card for them isn't told that a note is saved which nobody will ever see. */
static void who_has_a_new_card_is_signed_out(void **state)
{
    (void)state;
    char words[128];
    struct room *room = lesson();
    DONE(room, 1, "hello", "handle", "ana", "passphrase", OWN);
    DONE(room, 1, "start", "name", "bridge");
    card(room, "ana", words);
    FAILS(room, 1, "signed-out", "note", "text", "into the void");
    DONE(room, 0, "status");
    SAYS(room, 0, "status.refused.0", "");
    DONE(room, 1, "hello", "handle", "ana", "passphrase", words, "new", OWN);
    FAILS(room, 1, "already-there", "join", "jam", "bridge");
    DONE(room, 1, "note", "text", "seen by all");
    room_run(room, 1000);
    DONE(room, 0, "journal", "jam", "bridge");
    SAYS(room, 0, "journal.1.text", "seen by all");
    room_free(room);
}

/* Nobody is removed, confirmed or forgotten by the beginning of a name; the whole one is suggested. */
static void what_a_teacher_does_to_people_needs_their_whole_name(void **state)
{
    (void)state;
    static const char *const acts[] = {"people.remove", "people.confirm", "people.forget",
                                       "people.teacher"};
    struct room *room = lesson();
    DONE(room, 1, "hello", "handle", "benedict", "passphrase", OWN);
    room_run(room, 1000);
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        FAILS(room, 0, "no-such-person", acts[i], "person", "bene", "why", "x");
        struct slice reply = slice_of(room->m[0].reply, room->m[0].reply_len);
        assert_non_null(memmem(reply.at, reply.len, "benedict", 8));
    }
    DONE(room, 0, "people.remove", "person", "Benedict");
    room_free(room);
}

/* What a shell hands over as one more word may be a part of the name. */
static void names_with_spaces_are_found_without_quotes(void **state)
{
    (void)state;
    struct room *room = lesson();
    DONE(room, 1, "hello", "handle", "mia mouse", "passphrase", OWN);
    DONE(room, 2, "hello", "handle", "ben", "passphrase", OWN);
    room_run(room, 1000);
    DONE(room, 0, "people.confirm", "person", "mia", "handle", "mouse");
    SAYS(room, 0, "people.0", "mia mouse");
    DONE(room, 0, "people.rename", "person", "mia", "handle", "mouse maus");
    SAYS(room, 0, "person", "maus");
    DONE(room, 0, "people.rename", "person", "maus", "handle", "mia mouse");
    SAYS(room, 0, "person", "mia mouse");
    DONE(room, 2, "start", "name", "bridge");
    DONE(room, 2, "role.take", "role", "lead builder");
    room_run(room, 1000);
    DONE(room, 1, "join", "jam", "bridge");
    room_run(room, 1000);
    DONE(room, 2, "role.give", "person", "mia", "role", "mouse lead builder");
    SAYS(room, 2, "holders.0", "mia mouse");
    room_free(room);
}

/* At the same machine, by another login: both are in the jam, and nothing is moved. */
static void a_second_terminal_takes_nobody_out(void **state)
{
    (void)state;
    struct room *room = lesson();
    DONE(room, 1, "hello", "handle", "ana", "passphrase", OWN);
    DONE(room, 1, "start", "name", "bridge");
    uint8_t logins[] = {7, room->login};
    room->login = logins[0];
    DONE(room, 1, "hello", "handle", "ana", "passphrase", OWN);
    for (int i = 0; i < 2; i++) {
        room->login = logins[i];
        DONE(room, 1, "here");
        SAYS(room, 1, "place.jam", "bridge");
    }
    room_run(room, 1000);
    DONE(room, 0, "who", "person", "ana");
    SAYS(room, 0, "person.place.jam", "bridge");
    DONE(room, 2, "hello", "handle", "ana", "passphrase", OWN);
    DONE(room, 2, "here");
    SAYS(room, 2, "place.kind", "solo");
    room_free(room);
}

/* The morning after: all disks but the teacher's are new, and the log is still on its way to everybody. Of all who are asked
 * only one can know who ana is. If the one who does is off, nobody does: then the name isn't a new one for that. */
static void who_is_early_in_a_room_of_wiped_disks_is_themselves(void **state)
{
    (void)state;
    enum { MACHINES = 12 };
    for (int teacher_is_off = 0; teacher_is_off < 2; teacher_is_off++) {
        struct room *room = room_new(MACHINES);
        char invite[256];
        DONE(room, 0, "class.create", "name", "Period 3", "handle", "lee", "passphrase", TEACHERS);
        snprintf(invite, sizeof(invite), "%s", room_text(room, 0, "invite"));
        for (int i = 1; i < MACHINES; i++) {
            DONE(room, i, "class.join", "words", invite);
        }
        room_run(room, 2000);
        DONE(room, 1, "hello", "handle", "ana", "passphrase", OWN);
        DONE(room, 1, "bye");
        room_run(room, 2000);
        for (int i = 1; i < MACHINES; i++) {
            uint8_t seed[32] = {9, (uint8_t)i};
            struct sign_pk pk;
            room_stop(room, i);
            disk_free(&room->m[i].disk);
            room->m[i].disk = disk_new((uint64_t)(100 + i));
            sign_keypair(seed, &room->m[i].key, &pk);
            memcpy(room->m[i].id.b, pk.b, sizeof(pk.b));
            link_public_of(&room->m[i].id, &room->m[i].link);
        }
        room->no_entries = true;
        for (int i = 1; i < MACHINES; i++) {
            room_start(room, i);
            DONE(room, i, "class.join", "words", invite);
        }
        room_run(room, 3000);
        if (teacher_is_off) {
            room_stop(room, 0);
            room_run(room, 5000);
        }
        const char *const hello[] = {"handle", "ana", "passphrase", OWN, NULL};
        room_send(room, 1, 1, "hello", hello);
        assert_string_equal(room_answer(room, 1, 30000), teacher_is_off ? "busy" : "");
        room->no_entries = false;
        if (teacher_is_off) {
            room_start(room, 0);
        }
        room_run(room, 10000);
        DONE(room, 1, "hello", "handle", "ana", "passphrase", OWN);
        room_run(room, 1000);
        DONE(room, 0, "names", "of", "people");
        assert_memory_equal(room_text(room, 0, "names.0"), "ana~", 4);
        SAYS(room, 0, "names.1", "lee");
        SAYS(room, 0, "names.2", "");
        room_free(room);
    }
}

/* A machine that starts before its network does: the last lesson ended when it was off, and it hasn't heard of that. */
static struct room *without_network(bool ended)
{
    struct room *room = lesson();
    DONE(room, 2, "hello", "handle", "ben", "passphrase", OWN);
    DONE(room, 2, "bye");
    DONE(room, 0, "lesson.start");
    room_run(room, 1000);
    room_stop(room, 1);
    for (int i = 0; i < 8; i++) {
        DONE(room, 0, "note", "text", "a good lesson");
    }
    if (ended) {
        DONE(room, 0, "lesson.end");
    }
    room->cut[0][1] = room->cut[1][0] = room->cut[2][1] = room->cut[1][2] = true;
    room_run(room, 5000);
    room_start(room, 1);
    return room;
}

static void let_in(struct room *room)
{
    memset(room->cut, 0, sizeof(room->cut));
    room_run(room, 15000);
}

static void who_came_before_the_network_stays(void **state)
{
    (void)state;
    for (int ended = 0; ended < 2; ended++) {
        struct room *room = without_network(ended);
        DONE(room, 1, "hello", "handle", "ben", "passphrase", OWN);
        DONE(room, 1, "start", "name", "bridge");
        room_run(room, 1000);
        let_in(room);
        DONE(room, 1, "note", "text", "it holds");
        SAYS(room, 1, "jam", "bridge");
        room_run(room, 1000);
        DONE(room, 0, "who", "person", "ben");
        SAYS(room, 0, "person.seat", "pc-2");
        SAYS(room, 0, "person.place.jam", "bridge");
        room_free(room);
    }
}

static void who_went_to_another_machine_meanwhile_stays_there(void **state)
{
    (void)state;
    struct room *room = without_network(true);
    DONE(room, 1, "hello", "handle", "ben", "passphrase", OWN);
    room_run(room, 150000);
    DONE(room, 2, "hello", "handle", "ben", "passphrase", OWN);
    let_in(room);
    DONE(room, 0, "who", "person", "ben");
    SAYS(room, 0, "person.seat", "pc-3");
    room_free(room);
}

static void who_is_new_is_new(void **state)
{
    (void)state;
    char words[128];
    struct room *room = behind(words);
    FAILS(room, 3, "new-passphrase", "hello", "handle", "zoe");
    room_free(room);
}

/* The log comes now, and all agree on what it says. */
static void let_it_come(struct room *room)
{
    room->no_entries = false;
    room_run(room, 10000);
    DONE(room, 3, "here");
}

/* A card of the roster, before the log that gives it. The words chosen at it count, though they stand before it. */
static void a_card_is_enough_before_the_log_has_come(void **state)
{
    (void)state;
    char words[128];
    struct room *room = behind(words);
    FAILS(room, 3, "passphrase", "hello", "handle", "emil");
    FAILS(room, 3, "wrong-passphrase", "hello", "handle", "emil", "passphrase", OWN, "new", OWN);
    FAILS(room, 3, "new-passphrase", "hello", "handle", "emil", "passphrase", words);
    FAILS(room, 3, "weak-passphrase", "hello", "handle", "emil", "passphrase", words, "new", "em");
    DONE(room, 3, "hello", "handle", "emil", "passphrase", words, "new", OWN);
    SAYS(room, 3, "person", "emil");
    SAYS(room, 3, "card", "true");
    SAYS(room, 3, "new", "true");
    let_it_come(room);
    SAYS(room, 3, "person", "emil");
    DONE(room, 3, "note", "text", "here I am");
    DONE(room, 3, "bye");
    room_run(room, 1000);
    FAILS(room, 0, "wrong-passphrase", "hello", "handle", "emil", "passphrase", words, "take_over",
          "!");
    DONE(room, 2, "hello", "handle", "emil", "passphrase", OWN, "take_over", "!");
    FAILS(room, 3, "wrong-passphrase", "hello", "handle", "emil", "passphrase", words);
    room_free(room);
}

/* A key that a teacher gave proves itself only once the log is here; who has it is in before. */
static void a_reset_is_enough_before_the_log_has_come(void **state)
{
    (void)state;
    char words[128];
    struct room *room = behind(words);
    room->no_entries = false;
    card(room, "ben", words);
    room->no_entries = true;
    FAILS(room, 3, "wrong-passphrase", "hello", "handle", "ben", "passphrase", WORDS);
    DONE(room, 3, "hello", "handle", "ben", "passphrase", words, "new", OWN);
    SAYS(room, 3, "person", "ben");
    SAYS(room, 3, "key_reset", "true");
    let_it_come(room);
    SAYS(room, 3, "person", "ben");
    DONE(room, 3, "start", "name", "bridge");
    room_run(room, 1000);
    DONE(room, 0, "who", "person", "ben");
    SAYS(room, 0, "person.seat", "pc-4");
    SAYS(room, 0, "person.place.jam", "bridge");
    for (int i = 0; i < 4; i += 3) {
        DONE(room, i, "status");
        SAYS(room, i, "status.refused.0.count", "");
    }
    DONE(room, 3, "bye");
    room_run(room, 1000);
    FAILS(room, 1, "wrong-passphrase", "hello", "handle", "ben", "passphrase", words, "take_over",
          "!");
    DONE(room, 1, "hello", "handle", "ben", "passphrase", OWN, "take_over", "!");
    room_free(room);
}

/* The power goes before the log has come, so nobody is there to say again what was said: it was ok, and stays. */
static void words_that_took_a_cards_place_outlast_a_power_cut(void **state)
{
    (void)state;
    char cards[2][128];
    static const char *const who[] = {"emil", "ben"}; /* for the first time; and who forgot */
    struct room *room = behind(cards[0]);
    room->no_entries = false;
    card(room, "ben", cards[1]);
    room->no_entries = true;
    for (int i = 0; i < 2; i++) {
        DONE(room, 3, "hello", "handle", who[i], "passphrase", cards[i], "new", OWN, "take_over",
             "!");
    }
    room_stop(room, 3);
    room->no_entries = false;
    room_start(room, 3);
    room_run(room, 10000);
    for (int i = 0; i < 2; i++) {
        FAILS(room, 1, "wrong-passphrase", "hello", "handle", who[i], "passphrase", cards[i], "new",
              WORDS, "take_over", "!");
        DONE(room, 1, "hello", "handle", who[i], "passphrase", OWN, "take_over", "!");
        SAYS(room, 1, "card", "false");
    }
    room_free(room);
}

/* She is known there by the key that she has forgotten; and again, when she has used one card and lost it. */
static void a_disk_of_last_week_does_not_know_the_card_of_today(void **state)
{
    (void)state;
    char words[128];
    struct room *room = behind(words);
    room->no_entries = false;
    room_run(room, 10000);
    room_stop(room, 3);
    DONE(room, 1, "bye");
    room_run(room, 1000);
    card(room, "ana", words);
    room->no_entries = true;
    room_start(room, 3);
    room_run(room, 1000);
    FAILS(room, 3, "new-passphrase", "hello", "handle", "ana", "passphrase", words);
    card(room, "ana", words);
    FAILS(room, 3, "wrong-passphrase", "hello", "handle", "ana", "passphrase", OWN);
    DONE(room, 3, "hello", "handle", "ana", "passphrase", words, "new", OWN);
    SAYS(room, 3, "person", "ana");
    SAYS(room, 3, "key_reset", "true");
    let_it_come(room);
    SAYS(room, 3, "person", "ana");
    room_free(room);
}

/* Whether a card is good still is said by those who know when it was given; and a teacher must choose better words. */
static void an_old_card_waits_for_the_log_and_so_does_a_teachers(void **state)
{
    (void)state;
    for (int teacher = 0; teacher < 2; teacher++) {
        char words[128];
        struct room *room = behind(words);
        room_stop(room, 3);
        room->no_entries = false;
        card(room, "ana", words);
        if (teacher) {
            DONE(room, 0, "people.teacher", "person", "ana");
        }
        room_run(room, teacher ? 1000 : 20 * 60 * 1000);
        room->no_entries = true;
        room_start(room, 3);
        room_run(room, 1000);
        const char *const hello[] = {"handle", "ana", "passphrase", words, "new", OWN, NULL};
        room_send(room, 3, 1, "hello", hello);
        room_run(room, 3000);
        assert_string_equal(room_error(room, 3), "none");
        room->no_entries = false;
        for (int i = 0; i < 100 && room->m[3].reply_len == 0; i++) {
            room_run(room, 100);
        }
        assert_string_equal(room_error(room, 3), teacher ? "weak-passphrase" : "old-card");
        room_free(room);
    }
}

/* From a machine to another, as if its core had said so. */
static void say(struct room *room, int from, int to, struct pack *p)
{
    struct event event = {.kind = EVENT_MESSAGE,
                          .from = room_address(from),
                          .peer = room->m[from].link,
                          .bytes = pack_bytes(p)};
    room_post(room, from, to, &event);
    pack_clear(p);
}

/* Machine 1 tells machine 3 of an ana whose key these words seal at this cost. */
static void tell_a_key(struct room *room, const char *words, struct cost cost)
{
    struct pack p;
    struct sign_key key;
    struct told_key told = {.handle = slice_str("ana"), .person = {{9}}};
    uint8_t seed[32] = {9};
    sign_keypair(seed, &key, &told.key);
    uint8_t stretched[32], salt[16] = {0};
    stretch(slice_str(words), salt, cost, stretched, sizeof(stretched));
    key_seal(stretched, salt, cost, &room->rng, seed, &told.secret);
    pack_init(&p);
    pack_keys(&p, 1);
    pack_key(&p, &told);
    say(room, 1, 3, &p);
}

/* Else whoever answers first would be whom she signs in as. */
static void a_key_that_opens_for_everybody_is_nobodys(void **state)
{
    (void)state;
    char words[128], id[64];
    struct room *room = behind(words);
    DONE(room, 0, "who", "person", "ana");
    snprintf(id, sizeof(id), "%s", room_text(room, 0, "person.id"));
    const char *const hello[] = {"handle", "ana", NULL};
    room_send(room, 3, 1, "hello", hello);
    tell_a_key(room, "", (struct cost){0});
    room_run(room, 1000);
    assert_string_equal(room_error(room, 3), "passphrase");
    DONE(room, 3, "hello", "handle", "ana", "passphrase", WORDS);
    SAYS(room, 3, "id", id);
    room_free(room);
}

/* A liar is quick, and who knows is on a busy line: the words that were wrong at the first try are right at the second. */
static void who_is_told_false_keys_first_hears_all_the_second_time(void **state)
{
    (void)state;
    static const char *const hello[] = {"handle", "ana", "passphrase", WORDS, NULL};
    char words[128];
    struct room *room = behind(words);
    for (int again = 0; again < 2; again++) {
        room_send(room, 3, 1, "hello", hello);
        tell_a_key(room, OWN, (struct cost)COST_WORDS);
        for (int i = 0; i < 3; i++) {
            room->mute[i] = true;
        }
        room_run(room, 1000);
        assert_string_equal(room_error(room, 3), again ? "none" : "wrong-passphrase");
        memset(room->mute, 0, sizeof(room->mute));
    }
    struct pack p;
    pack_init(&p);
    pack_who(&p, slice_str("ana"));
    say(room, 3, 0, &p);
    room_run(room, 1000);
    assert_string_equal(room_error(room, 3), "");
    SAYS(room, 3, "person", "ana");
    room_free(room);
}

/* ---- the paper ---------------------------------------------------------------------------------------------------- */

/* A teacher forgot the passphrase: the words that were printed with the class bring them back, at any machine of it. */
static void the_papers_words_bring_a_teacher_back(void **state)
{
    (void)state;
    static const char fresh[] = "velvet gravy quote lamp domino";
    char invite[256], paper[256], others[256], misread[256];
    struct room *room = room_new(3);
    DONE(room, 2, "class.create", "name", "Period 4", "handle", "lee", "passphrase", TEACHERS);
    snprintf(others, sizeof(others), "%s", room_text(room, 2, "rescue"));
    DONE(room, 0, "class.create", "name", "Period 3", "handle", "lee", "passphrase", TEACHERS);
    snprintf(invite, sizeof(invite), "%s", room_text(room, 0, "invite"));
    snprintf(paper, sizeof(paper), "%s", room_text(room, 0, "rescue"));
    assert_string_not_equal(paper, others);
    DONE(room, 1, "class.join", "words", invite);
    room_run(room, 2000);
    snprintf(misread, sizeof(misread), "xyxyx%s", strchr(paper, ' '));
    FAILS(room, 1, "wrong-word", "class.rescue", "words", misread, "passphrase", fresh);
    FAILS(room, 1, "wrong-words", "class.rescue", "words", "cobweb item", "passphrase", fresh);
    FAILS(room, 1, "wrong-words", "class.rescue", "words", others, "passphrase", fresh);
    FAILS(room, 1, "weak-passphrase", "class.rescue", "words", paper, "passphrase", "lee");
    DONE(room, 1, "class.rescue", "words", paper, "passphrase", fresh);
    DONE(room, 1, "here");
    SAYS(room, 1, "handle", "lee");
    DONE(room, 1, "class.roster", "names", "zoe"); /* which only a teacher may */
    DONE(room, 1, "bye");
    room_run(room, 2000);
    FAILS(room, 0, "wrong-passphrase", "hello", "handle", "lee", "passphrase", TEACHERS);
    DONE(room, 0, "hello", "handle", "lee", "passphrase", fresh);
    room_free(room);
}

/* Who tries passphrases waits ever longer, at that terminal; the right one is taken afterwards. */
static void wrong_passphrases_cost_a_growing_pause(void **state)
{
    (void)state;
    struct room *room = lesson();
    for (int i = 0; i < 3; i++) {
        FAILS(room, 1, "wrong-passphrase", "hello", "handle", "lee", "passphrase", WORDS);
    }
    FAILS(room, 1, "pause", "hello", "handle", "lee", "passphrase", TEACHERS);
    room_run(room, 1100);
    FAILS(room, 1, "wrong-passphrase", "hello", "handle", "lee", "passphrase", WORDS);
    room_run(room, 1100);
    FAILS(room, 1, "pause", "hello", "handle", "lee", "passphrase", TEACHERS);
    room_run(room, 1000);
    DONE(room, 1, "hello", "handle", "lee", "passphrase", TEACHERS);
    room_free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_is_good_once_and_brings_words_of_ones_own),
        cmocka_unit_test(a_card_for_the_first_time_waits_one_for_who_forgot_does_not),
        cmocka_unit_test(a_cards_age_is_not_a_matter_of_wrong_clocks),
        cmocka_unit_test(a_pupil_is_not_told_the_words_that_let_machines_in),
        cmocka_unit_test(where_no_passphrases_are_nobody_gets_one),
        cmocka_unit_test(people_lists_who_is_not_here_yet_and_the_roster_gets_shorter),
        cmocka_unit_test(a_jam_that_others_joined_is_a_teachers_to_erase),
        cmocka_unit_test(the_first_screen_says_where_one_moved),
        cmocka_unit_test(who_was_removed_is_told_so),
        cmocka_unit_test(a_name_that_another_took_is_given_back),
        cmocka_unit_test(a_teacher_gives_only_names_that_can_be_typed_and_are_free),
        cmocka_unit_test(nobody_takes_their_name_from_themselves),
        cmocka_unit_test(a_passphrase_is_enough_before_the_log_has_come),
        cmocka_unit_test(who_came_first_has_moved_once_the_log_is_here),
        cmocka_unit_test(the_log_is_here_though_the_room_is_busy),
        cmocka_unit_test(who_has_a_new_card_is_signed_out),
        cmocka_unit_test(what_a_teacher_does_to_people_needs_their_whole_name),
        cmocka_unit_test(names_with_spaces_are_found_without_quotes),
        cmocka_unit_test(a_second_terminal_takes_nobody_out),
        cmocka_unit_test(who_is_early_in_a_room_of_wiped_disks_is_themselves),
        cmocka_unit_test(who_came_before_the_network_stays),
        cmocka_unit_test(who_went_to_another_machine_meanwhile_stays_there),
        cmocka_unit_test(who_is_new_is_new),
        cmocka_unit_test(a_card_is_enough_before_the_log_has_come),
        cmocka_unit_test(a_reset_is_enough_before_the_log_has_come),
        cmocka_unit_test(words_that_took_a_cards_place_outlast_a_power_cut),
        cmocka_unit_test(a_disk_of_last_week_does_not_know_the_card_of_today),
        cmocka_unit_test(an_old_card_waits_for_the_log_and_so_does_a_teachers),
        cmocka_unit_test(a_key_that_opens_for_everybody_is_nobodys),
        cmocka_unit_test(who_is_told_false_keys_first_hears_all_the_second_time),
        cmocka_unit_test(the_papers_words_bring_a_teacher_back),
        cmocka_unit_test(wrong_passphrases_cost_a_growing_pause),
    };
    keys_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
