/* Machines in no class knock and are let in, through the waist: lists and words, offers, floods, two classes that call,
 * machines that were wiped, and invites in a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "knockers.h"
#include "room.h"

/* Machine 0 makes a class, and its teacher stays signed in; the others know nothing. */
static struct room *school_of(int count, const char *policy)
{
    struct room *room = room_new(count);
    assert_string_equal(ASK(room, 0, "class.create", "name", "Period 3", "handle", "lee", "open",
                            "!", "passphrase", "cobweb item comet lamp domino", policy, "!"),
                        "");
    room_run(room, 2000);
    return room;
}

/* Its disk is empty again; the hardware is the same. */
static void wipe_machine(struct room *room, int i)
{
    struct machine *m = &room->m[i];
    struct sign_pk pk;
    uint8_t seed[32] = {2, (uint8_t)i, (uint8_t)m->starts};
    room_stop(room, i);
    disk_free(&m->disk);
    m->disk = disk_new((uint64_t)i);
    sign_keypair(seed, &m->key, &pk);
    memcpy(m->id.b, pk.b, 32);
    link_public_of(&m->id, &m->link);
    room_start(room, i);
}

static void hear(struct room *room, int i, int from, const void *bytes, size_t len)
{
    struct event event = {
        .kind = EVENT_DATAGRAM, .from = room_address(from), .bytes = slice_of(bytes, len)};
    snprintf(event.iface, sizeof(event.iface), "eth0");
    room_turn(room, i, &event);
}

/* A stranger's knock, from an address of its own choice. */
static void knock_with(struct room *room, int i, int from, uint32_t n, const char *host,
                       uint8_t hardware)
{
    uint8_t datagram[KNOCK_BYTES], seed[32] = {9};
    struct sign_key key;
    struct sign_pk pk;
    struct knock knock = {.hardware = {{hardware}}};
    memcpy(seed + 1, &n, sizeof(n));
    sign_keypair(seed, &key, &pk);
    memcpy(knock.device.b, pk.b, sizeof(pk.b));
    snprintf(knock.host, sizeof(knock.host), "%s", host);
    knock_write(&knock, datagram);
    hear(room, i, from, datagram, sizeof(datagram));
}

static void knock_as(struct room *room, int i, int from, uint32_t n, const char *host)
{
    knock_with(room, i, from, n, host, 200);
}

static int count_of(struct room *room, int i, const char *list)
{
    char path[64];
    int n = 0;
    do {
        snprintf(path, sizeof(path), "%s.%d.n", list, n++);
    } while (*room_text(room, i, path));
    return n - 1;
}

static void assert_in(struct room *room, int i, const char *class)
{
    assert_string_equal(ASK(room, i, "class.list"), "");
    assert_string_equal(room_text(room, i, "classes.0.name"), class);
}

static void assert_in_none(struct room *room, int i)
{
    assert_string_equal(ASK(room, i, "class.list"), "");
    assert_string_equal(room_text(room, i, "classes.0.n"), "");
}

static void words_on_the_screen_are_those_in_the_list_and_all_come_in(void **state)
{
    (void)state;
    struct room *room = school_of(6, "teachers_read");
    assert_string_equal(ASK(room, 0, "class.knocks"), "");
    assert_int_equal(count_of(room, 0, "knocks"), 5);
    for (int k = 0; k < 5; k++) {
        char path[64], words[64], host[64];
        snprintf(path, sizeof(path), "knocks.%d.words", k);
        snprintf(words, sizeof(words), "%s", room_text(room, 0, path));
        snprintf(path, sizeof(path), "knocks.%d.host", k);
        snprintf(host, sizeof(host), "%s", room_text(room, 0, path));
        int i = (int)strtol(host + 3, NULL, 10) - 1;
        assert_string_equal(ASK(room, i, "here"), "");
        assert_string_not_equal(words, "");
        assert_string_equal(room_text(room, i, "knock.words"), words);
        assert_string_equal(ASK(room, i, "class.list"), "");
        assert_string_equal(room_text(room, i, "knock.words"), words);
        assert_string_equal(ASK(room, i, "doctor"), "");
        assert_string_equal(room_text(room, i, "checks.0.id"), "knocks");
        assert_string_equal(room_text(room, i, "checks.0.what"), words);
    }
    assert_string_equal(ASK(room, 0, "class.admit", "all", "!"), "");
    assert_int_equal(count_of(room, 0, "admitted"), 5);
    room_run(room, 10000);
    assert_string_equal(ASK(room, 0, "class.list"), "");
    char words[64];
    snprintf(words, sizeof(words), "%s", room_text(room, 0, "classes.0.words"));
    assert_string_not_equal(words, "");
    for (int i = 0; i < 6; i++) {
        assert_in(room, i, "Period 3");
        assert_string_equal(room_text(room, i, "classes.0.words"), words);
        assert_string_equal(room_text(room, i, "classes.0.machines"), "6");
    }
    char invite[256];
    assert_string_equal(ASK(room, 0, "class.invite"), "");
    snprintf(invite, sizeof(invite), "%s", room_text(room, 0, "invite"));
    assert_string_equal(ASK(room, 3, "class.invite"), "");
    assert_string_equal(room_text(room, 3, "invite"), invite);
    assert_string_equal(ASK(room, 0, "class.knocks"), "");
    assert_int_equal(count_of(room, 0, "knocks"), 0);
    room_free(room);
}

static void only_those_who_are_named_are_let_in(void **state)
{
    (void)state;
    struct room *room = school_of(6, "teachers_read");
    assert_string_equal(ASK(room, 0, "class.admit", "which", "pc-77"), "no-such-knock");
    assert_string_equal(ASK(room, 0, "class.admit", "which", "17-20"), "no-such-knock");
    assert_string_equal(ASK(room, 0, "class.admit"), "empty");
    assert_string_equal(ASK(room, 0, "class.admit", "which", "1-2, PC-6"), "");
    assert_int_equal(count_of(room, 0, "admitted"), 3);
    room_run(room, 10000);
    assert_string_equal(ASK(room, 0, "class.knocks"), "");
    assert_int_equal(count_of(room, 0, "knocks"), 2);
    assert_in(room, 1, "Period 3");
    assert_in(room, 2, "Period 3");
    assert_in_none(room, 3);
    assert_in_none(room, 4);
    assert_in(room, 5, "Period 3");
    room_free(room);
}

static void a_class_has_a_last_day_of_the_calendar(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "2027-02-29", "2027-13-01", "2027-00-10", "2027-01-32", "1969-12-31",
        "27-01-01",   "2027-1-01",  "2027-01-1x", "tomorrow",   ""};
    static const char *const right[] = {"2028-02-29", "2027-12-31", "1970-01-02", "2100-02-28"};
    struct room *room = room_new(1);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_string_equal(ASK(room, 0, "class.create", "name", "x", "handle", "lee", "open", "!",
                                "passphrase", "cobweb item comet lamp domino", "until", wrong[i]),
                            "usage");
    }
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        assert_string_equal(ASK(room, 0, "class.create", "name", "x", "handle", "lee", "open", "!",
                                "passphrase", "cobweb item comet lamp domino", "until", right[i]),
                            "");
        assert_string_equal(room_text(room, 0, "class.until"), right[i]);
        assert_string_equal(room_text(room, 0, "class.policy.0"), "open");
    }
    room_free(room);
}

static void a_pupil_lets_nobody_in(void **state)
{
    (void)state;
    struct room *room = school_of(3, "teachers_read");
    assert_string_equal(ASK(room, 0, "class.admit", "which", "pc-2"), "");
    room_run(room, 10000);
    assert_string_equal(ASK(room, 1, "class.admit", "all", "!"), "not-a-teacher");
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 1, "class.admit", "all", "!"), "not-a-teacher");
    assert_string_equal(ASK(room, 1, "class.knocks"), "not-a-teacher");
    assert_string_equal(ASK(room, 2, "class.knocks"), "no-class");
    assert_string_equal(ASK(room, 0, "bye"), "");
    assert_string_equal(ASK(room, 0, "class.admit", "all", "!"), "not-a-teacher");
    room_run(room, 10000);
    assert_in_none(room, 2);
    room_free(room);
}

/* The machine that calls itself as another has words of its own; a name alone doesn't choose between them. */
static void two_of_one_name_are_told_apart(void **state)
{
    (void)state;
    struct room *room = school_of(2, "teachers_read");
    knock_as(room, 0, 30, 1, "pc-2");
    assert_string_equal(ASK(room, 0, "class.admit", "which", "pc-2"), "ambiguous");
    assert_string_equal(ASK(room, 0, "class.knocks"), "");
    assert_string_equal(room_text(room, 0, "knocks.0.host"), "pc-2");
    assert_string_equal(room_text(room, 0, "knocks.1.host"), "pc-2");
    assert_string_not_equal(room_text(room, 0, "knocks.0.words"),
                            room_text(room, 0, "knocks.1.words"));
    assert_string_equal(ASK(room, 0, "class.admit", "which", "1"), "");
    assert_int_equal(count_of(room, 0, "admitted"), 1);
    room_run(room, 10000);
    assert_in(room, 1, "Period 3");
    room_free(room);
}

static void two_with_the_same_words_are_not_let_in(void **state)
{
    (void)state;
    struct room *room = school_of(3, "teachers_read");
    room->alike = true;
    assert_string_equal(ASK(room, 0, "class.knocks"), "");
    assert_string_equal(room_text(room, 0, "knocks.0.same"), "true");
    assert_string_equal(ASK(room, 0, "class.admit", "which", "1"), "");
    assert_int_equal(count_of(room, 0, "admitted"), 0);
    assert_int_equal(count_of(room, 0, "same"), 1);
    assert_string_equal(ASK(room, 0, "class.admit", "all", "!"), "");
    assert_int_equal(count_of(room, 0, "same"), 2);
    room_run(room, 10000);
    assert_in_none(room, 1);
    room_stop(room, 2);
    room_run(room, 2 * KNOCK_SILENT_MS);
    assert_string_equal(ASK(room, 0, "class.admit", "all", "!"), "");
    assert_int_equal(count_of(room, 0, "admitted"), 1);
    room_free(room);
}

/* Strangers without end, from many addresses: whoever knocked before stays in the list, and what all this costs is bounded. */
static void a_flood_pushes_nobody_out(void **state)
{
    (void)state;
    struct room *room = school_of(4, "teachers_read");
    for (uint32_t n = 0; n < 5000; n++) {
        knock_as(room, 0, 10 + (int)(n % 100), n, "pc-99");
        if (n % 100 == 0) {
            room_run(room, 100);
        }
    }
    /* the words of so many aren't made at once: it answers with those that it has */
    assert_string_equal(ASK(room, 0, "class.knocks"), "none");
    room_run(room, 6000);
    assert_string_equal(room_error(room, 0), "");
    assert_string_equal(room_text(room, 0, "knocks.255.words"), "");
    assert_int_equal(count_of(room, 0, "knocks"), KNOCKERS_MAX);
    assert_string_equal(room_text(room, 0, "knocks.0.host"), "pc-2");
    assert_string_equal(room_text(room, 0, "knocks.2.host"), "pc-4");
    assert_string_equal(ASK(room, 0, "class.admit", "which", "1-3"), "");
    assert_int_equal(count_of(room, 0, "admitted"), 3);
    room_run(room, 10000);
    assert_in(room, 3, "Period 3");
    room_run(room, 2 * KNOCK_SILENT_MS);
    assert_string_equal(ASK(room, 0, "class.knocks"), "");
    assert_int_equal(count_of(room, 0, "knocks"), 0);
    room_free(room);
}

static void one_address_gets_a_few_places(void **state)
{
    (void)state;
    struct room *room = school_of(1, "teachers_read");
    for (uint32_t n = 0; n < 100; n++) {
        knock_as(room, 0, 33, n, "pc-99");
    }
    knock_as(room, 0, 34, 1000, "pc-7");
    assert_string_equal(ASK(room, 0, "class.knocks"), "");
    assert_int_equal(count_of(room, 0, "knocks"), KNOCKERS_OF_SOURCE_MAX + 1);
    room_free(room);
}

/* An offer as a hostile member or outsider can make it: all that it takes is what a knock says. */
static void offer_to(struct room *room, int i, uint8_t class, const char *name)
{
    uint8_t datagram[OFFER_BYTES];
    struct sign_key key;
    struct rng rng = {{class}};
    struct offer offer = {.secret = {class, 1, 2, 3, 4}};
    sign_keypair((const uint8_t[32]){class}, &key, &offer.root);
    snprintf(offer.name, sizeof(offer.name), "%s", name);
    assert_true(offer_seal(&room->m[i].id, &rng, &offer, datagram));
    hear(room, i, 20, datagram, sizeof(datagram));
}

static void two_classes_that_call_get_neither(void **state)
{
    (void)state;
    struct room *room = school_of(3, "teachers_read");
    assert_string_equal(ASK(room, 0, "class.admit", "which", "pc-2"), "");
    room_run(room, 500);
    offer_to(room, 1, 5, "Period 3 \x1b[31m");
    room_run(room, 90 * 1000);
    assert_in_none(room, 1);
    assert_string_equal(room_text(room, 1, "knock.calls.0"), "Period 3");
    assert_string_equal(ASK(room, 1, "doctor"), "");
    assert_string_equal(room_text(room, 1, "checks.1.id"), "calls");
    /* it goes on knocking, and words that are typed still bring it in */
    assert_string_equal(ASK(room, 0, "class.knocks"), "");
    assert_int_equal(count_of(room, 0, "knocks"), 2);
    assert_string_equal(ASK(room, 0, "class.invite"), "");
    char invite[256];
    snprintf(invite, sizeof(invite), "%s", room_text(room, 0, "invite"));
    assert_string_equal(ASK(room, 1, "class.join", "words", invite), "");
    assert_in(room, 1, "Period 3");
    room_free(room);
}

/* The root key may be known to a stranger; with another secret it is another offer. */
static void one_root_with_two_secrets_is_two_classes(void **state)
{
    (void)state;
    struct room *room = room_new(2);
    room->cut[0][1] = room->cut[1][0] = true;
    room_run(room, 1000);
    offer_to(room, 1, 5, "Period 3");
    uint8_t datagram[OFFER_BYTES];
    struct sign_key key;
    struct rng rng = {{1}};
    struct offer offer = {.secret = {9}, .name = "Period 3"};
    sign_keypair((const uint8_t[32]){5}, &key, &offer.root);
    assert_true(offer_seal(&room->m[1].id, &rng, &offer, datagram));
    hear(room, 1, 20, datagram, sizeof(datagram));
    room_run(room, 10000);
    assert_in_none(room, 1);
    room_free(room);
}

static void an_offer_is_taken_once_and_by_whom_it_is_for(void **state)
{
    (void)state;
    struct room *room = room_new(2);
    room_run(room, 1000);
    offer_to(room, 0, 5, "Period 3");
    offer_to(room, 1, 5, "Period 3");
    room_run(room, 1000);
    assert_in_none(room, 1); /* it waits whether somebody else calls */
    room_run(room, 5000);
    assert_string_equal(ASK(room, 1, "class.list"), "");
    assert_string_equal(room_text(room, 1, "classes.0.n"), "1");
    offer_to(room, 1, 6, "Period 4");
    room_run(room, 5000);
    assert_string_equal(ASK(room, 1, "class.list"), "");
    assert_string_equal(room_text(room, 1, "classes.1.n"), "");
    room_free(room);
}

/* Somebody knocks in its name, elsewhere and all the time: it is let in all the same. */
static void a_false_knock_in_its_name_keeps_nobody_out(void **state)
{
    (void)state;
    struct room *room = school_of(2, "teachers_read");
    struct knock knock = {.device = room->m[1].id, .host = "pc-99"};
    uint8_t datagram[KNOCK_BYTES];
    knock_write(&knock, datagram);
    assert_string_equal(ASK(room, 0, "class.admit", "all", "!"), "");
    for (int k = 0; k < 1000; k++) {
        hear(room, 0, 20, datagram, sizeof(datagram));
        room_run(room, 10);
    }
    assert_in(room, 1, "Period 3");
    room_free(room);
}

static void a_wiped_machine_waits_with_its_old_seat(void **state)
{
    (void)state;
    struct room *room = school_of(4, "teachers_read");
    assert_string_equal(ASK(room, 0, "class.admit", "all", "!"), "");
    room_run(room, 10000);
    assert_string_equal(ASK(room, 2, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 2, "class.seat", "label", "PC 7, window"), "");
    room_run(room, 1000);
    wipe_machine(room, 2);
    room_run(room, 30000);
    assert_in_none(room, 2);
    assert_string_equal(ASK(room, 0, "class.knocks"), "");
    assert_string_equal(room_text(room, 0, "knocks.0.seat"), "PC 7, window");
    assert_string_equal(room_text(room, 0, "knocks.0.before"), "true");
    assert_string_equal(ASK(room, 0, "class.admit", "which", "PC 7, window"), "");
    room_run(room, 10000);
    assert_in(room, 2, "Period 3");
    assert_string_equal(ASK(room, 2, "here"), "");
    assert_string_equal(room_text(room, 2, "seat"), "PC 7, window");
    room_free(room);
}

static void a_wiped_machine_comes_back_unasked_where_the_class_says_so(void **state)
{
    (void)state;
    struct room *room = school_of(12, "readmit");
    room_stop(room, 11);
    assert_string_equal(ASK(room, 0, "class.admit", "all", "!"), "");
    room_run(room, 15000);
    assert_string_equal(ASK(room, 2, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 2, "class.seat", "label", "PC 7, window"), "");
    room_run(room, 1000);
    uint64_t before = room->offers;
    wipe_machine(room, 2);
    room_stop(room, 0); /* no teacher is needed */
    room_run(room, 15000);
    assert_in(room, 2, "Period 3");
    assert_true(room->offers - before < 12); /* a few call, not all */
    assert_string_equal(ASK(room, 2, "here"), "");
    assert_string_equal(room_text(room, 2, "seat"), "PC 7, window");
    /* who was never here isn't let in */
    room_start(room, 11);
    room_run(room, 30000);
    assert_in_none(room, 11);
    room_free(room);
}

/* Whoever was put out doesn't come back by a wiped disk; and of those who claim a hardware one is called at a time. */
static void who_was_expelled_is_not_taken_back(void **state)
{
    (void)state;
    struct room *room = school_of(4, "readmit");
    assert_string_equal(ASK(room, 0, "class.admit", "all", "!"), "");
    room_run(room, 10000);
    for (int i = 1; i < 4; i++) {
        char handle[8];
        snprintf(handle, sizeof(handle), "ana%d", i);
        assert_string_equal(ASK(room, i, "hello", "handle", handle), "");
    }
    room_run(room, 1000);
    assert_string_equal(ASK(room, 0, "class.expel", "device", "pc-3"), "");
    room_run(room, 1000);
    wipe_machine(room, 2);
    room_run(room, 30000);
    assert_in_none(room, 2);
    wipe_machine(room, 3);
    room_run(room, 10000);
    assert_in(room, 3, "Period 3");
    room_free(room);
}

static void of_one_hardware_one_is_called_at_a_time(void **state)
{
    (void)state;
    struct room *room = school_of(2, "readmit");
    assert_string_equal(ASK(room, 0, "class.admit", "all", "!"), "");
    room_run(room, 10000);
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    room_run(room, 1000);
    room_stop(room, 1);
    uint64_t before = room->offers;
    for (uint32_t n = 0; n < 8; n++) {
        knock_with(room, 0, 30, n, "pc-2", 2);
    }
    room_run(room, 10000);
    assert_in_range(room->offers - before, 8, 12);
    room_free(room);
}

static void what_is_lost_is_offered_again(void **state)
{
    (void)state;
    struct room *room = school_of(2, "teachers_read");
    room->cut[0][1] = true;
    assert_string_equal(ASK(room, 0, "class.admit", "all", "!"), "");
    room_run(room, 5000);
    assert_in_none(room, 1);
    room->cut[0][1] = false;
    room_run(room, 5000);
    assert_in(room, 1, "Period 3");
    room_free(room);
}

static void who_came_by_words_knocks_no_more(void **state)
{
    (void)state;
    struct room *room = school_of(2, "teachers_read");
    assert_string_equal(ASK(room, 0, "class.invite"), "");
    char invite[256];
    snprintf(invite, sizeof(invite), "%s", room_text(room, 0, "invite"));
    assert_string_equal(ASK(room, 1, "class.join", "words", invite), "");
    room_run(room, 2000);
    room_stop(room, 1);
    room_run(room, 10000);
    assert_string_equal(ASK(room, 0, "class.knocks"), "");
    assert_int_equal(count_of(room, 0, "knocks"), 0);
    room_free(room);
}

static void an_invite_in_a_file_is_joined_once(void **state)
{
    (void)state;
    struct room *room = school_of(2, "teachers_read");
    struct invite invite;
    uint32_t wrong;
    uint16_t near;
    assert_string_equal(ASK(room, 0, "class.invite"), "");
    assert_int_equal(invite_read(slice_str(room_text(room, 0, "invite")), &invite, &wrong, &near),
                     OK);
    room_stop(room, 1);
    room->m[1].invite = &invite;
    for (int k = 0; k < 2; k++) {
        room_start(room, 1);
        room_run(room, 5000);
        assert_in(room, 1, "Period 3");
        assert_string_equal(room_text(room, 1, "classes.1.n"), "");
        room_stop(room, 1);
    }
    room_free(room);
}

/* To stretch them takes a while: who comes to work at a class's own words needs them at once. */
static void a_class_knows_its_own_words_from_the_start(void **state)
{
    (void)state;
    char words[64];
    struct room *room = school_of(1, "teachers_read");
    assert_string_equal(ASK(room, 0, "here"), "");
    snprintf(words, sizeof(words), "%s", room_text(room, 0, "class_words"));
    assert_string_not_equal(words, "");
    room_stop(room, 0);
    room_start(room, 0);
    assert_string_equal(ASK(room, 0, "here"), "");
    assert_string_equal(room_text(room, 0, "class_words"), words);
    room_free(room);
}

static void a_machine_knocks_often_at_first_then_rarely(void **state)
{
    (void)state;
    struct room *room = room_new(1);
    room_run(room, 4000);
    assert_in_range(room->m[0].datagrams, 3, 4);
    room_run(room, 56 * 1000);
    assert_in_range(room->m[0].datagrams, 11, 20);
    room_run(room, 9 * 60 * 1000);
    uint64_t before = room->m[0].datagrams;
    room_run(room, 10 * 60 * 1000);
    assert_in_range(room->m[0].datagrams - before, 30, 60);
    room_free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_on_the_screen_are_those_in_the_list_and_all_come_in),
        cmocka_unit_test(only_those_who_are_named_are_let_in),
        cmocka_unit_test(a_class_has_a_last_day_of_the_calendar),
        cmocka_unit_test(a_pupil_lets_nobody_in),
        cmocka_unit_test(two_of_one_name_are_told_apart),
        cmocka_unit_test(two_with_the_same_words_are_not_let_in),
        cmocka_unit_test(a_flood_pushes_nobody_out),
        cmocka_unit_test(one_address_gets_a_few_places),
        cmocka_unit_test(two_classes_that_call_get_neither),
        cmocka_unit_test(one_root_with_two_secrets_is_two_classes),
        cmocka_unit_test(an_offer_is_taken_once_and_by_whom_it_is_for),
        cmocka_unit_test(a_false_knock_in_its_name_keeps_nobody_out),
        cmocka_unit_test(a_wiped_machine_waits_with_its_old_seat),
        cmocka_unit_test(a_wiped_machine_comes_back_unasked_where_the_class_says_so),
        cmocka_unit_test(who_was_expelled_is_not_taken_back),
        cmocka_unit_test(of_one_hardware_one_is_called_at_a_time),
        cmocka_unit_test(what_is_lost_is_offered_again),
        cmocka_unit_test(who_came_by_words_knocks_no_more),
        cmocka_unit_test(an_invite_in_a_file_is_joined_once),
        cmocka_unit_test(a_class_knows_its_own_words_from_the_start),
        cmocka_unit_test(a_machine_knocks_often_at_first_then_rarely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
