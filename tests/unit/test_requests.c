/* Whatever is asked, by whomever, with whatever parameters: there is one answer, none of them blames Jam, and afterwards the
 * machines have the same. What a mistyped order and a broken client share. JAM_SEED sets the first room's number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device_inside.h"
#include "room.h"

enum { ROOMS = 12, REQUESTS = 400, PARAMS_MAX = 5, PATIENCE_MS = 120000 };

static const char *const methods[] = {
    "back",           "bye",
    "class.admit",    "class.close",
    "class.create",   "class.devices",
    "class.expel",    "class.export",
    "class.invite",   "class.join",
    "class.knocks",   "class.list",
    "class.rescue",   "class.roster",
    "class.rotate",   "class.seat",
    "class.until",    "class.use",
    "doctor",         "feedback",
    "inbox",          "feedback.readers",
    "hello",          "here",
    "jam.set",        "join",
    "journal",        "leave",
    "lesson.end",     "lesson.start",
    "list",           "names",
    "note",           "passphrase",
    "people.cards",   "people.choices",
    "people.confirm", "people.forget",
    "people.list",    "people.remove",
    "people.rename",  "people.reset",
    "people.teacher", "prompt",
    "redact",         "redact.receipt",
    "role.drop",      "role.give",
    "role.list",      "role.take",
    "show",           "solo",
    "start",          "status",
    "task.add",       "task.done",
    "task.list",      "who",
    "no.such",
};

static const char *const keys[] = {
    "all",  "class", "device",    "entry", "everywhere", "glow",   "grow",       "handle",
    "how",  "id",    "jam",       "label", "more",       "name",   "names",      "new",
    "of",   "off",   "old",       "open",  "person",     "policy", "purpose",    "remove",
    "role", "solo",  "take_over", "task",  "text",       "title",  "to",         "until",
    "wait", "which", "why",       "words", "yes",        "taken",  "passphrase", "no such key",
};

/* Some of it fits somewhere. */
static const char *const texts[] = {
    "",
    "ana",
    "ben",
    "lee",
    "ANA",
    "Period 3",
    "bridge",
    "tower",
    "scribe",
    "1",
    "#1",
    "0",
    "99999",
    "2027-07-01",
    "2027-13-41",
    "me",
    "pc-1",
    "pc-2",
    "Window 3",
    "!",
    " ",
    "\033[31mred",
    "\u202eright",
    "\xff\xfe",
    "a\nb",
    "a\tb",
    "here",
    "away",
    "taken",
    "classes",
    "well said",
    "zoe, Zoe Z.\nmax\n",
    "cobweb item comet lamp domino",
    "ocean comet lamp domino item",
    "one two three four five six seven eight nine ten eleven twelve",
};
static const char teachers[] = "cobweb item comet lamp domino";

#define ONE_OF(rng, list) (list)[rng_below(rng, sizeof(list) / sizeof((list)[0]))]

static void pack_anything(struct pack *p, struct rng *rng)
{
    static char text[9000];
    static const uint64_t numbers[] = {0, 1, 2, 7, 255, UINT32_MAX, INT64_MAX, UINT64_MAX};
    uint8_t bytes[40];
    switch (rng_below(rng, 20)) {
    case 0:
        pack_bool(p, rng_below(rng, 2));
        break;
    case 1:
        pack_nil(p);
        break;
    case 2:
        pack_uint(p, ONE_OF(rng, numbers));
        break;
    case 3:
        pack_int(p, -(int64_t)rng_below(rng, 1000));
        break;
    case 4:
        rng_fill(rng, bytes, sizeof(bytes));
        pack_bin(p, slice_of(bytes, rng_below(rng, 2) ? 16 : rng_below(rng, sizeof(bytes))));
        break;
    case 5:
        pack_array(p, 2);
        pack_str(p, "ana");
        pack_uint(p, 1);
        break;
    case 6:
        pack_map(p, 1);
        pack_str(p, "name");
        pack_array(p, 0);
        break;
    case 7:
        memset(text, 'x', sizeof(text) - 1);
        text[1 + rng_below(rng, sizeof(text) - 2)] = '\0';
        pack_str(p, text);
        break;
    case 8:
    case 9:
        pack_bool(p, true);
        break;
    default:
        pack_str(p, ONE_OF(rng, texts));
    }
}

static const char *ask_anything(struct room *room, int i, const char *method)
{
    struct pack p;
    bool used[sizeof(keys) / sizeof(keys[0])] = {false};
    uint32_t count = (uint32_t)rng_below(&room->rng, PARAMS_MAX + 1);
    room_pack_head(room, &p, method, count);
    for (uint32_t k = 0; k < count; k++) {
        uint64_t key = rng_below(&room->rng, sizeof(keys) / sizeof(keys[0]));
        for (; used[key]; key = (key + 1) % (sizeof(keys) / sizeof(keys[0]))) {
        }
        used[key] = true;
        pack_str(&p, keys[key]);
        pack_anything(&p, &room->rng);
    }
    room->guests = rng_below(&room->rng, 4) == 0;
    room_request(room, i, 1, &p);
    room->guests = false;
    return room_answer(room, i, PATIENCE_MS);
}

static void sit_down(struct room *room, int i)
{
    static const char *const people[] = {"lee", "lee", "ana", "ben", "zoe"};
    const char *who = ONE_OF(&room->rng, people);
    ASK(room, i, "bye");
    room_send(room, i, 1, "hello",
              (const char *const[]){"handle", who, strcmp(who, "lee") == 0 ? "passphrase" : NULL,
                                    teachers, NULL});
    assert_string_not_equal(room_answer(room, i, PATIENCE_MS), "none");
}

/* What the log adds up to is what the views are. */
static void assert_views_are_the_logs(struct room *room)
{
    for (int i = 0; i < room->count; i++) {
        struct device *device = room->m[i].device;
        for (uint32_t k = 0; device && k < device->classes_count; k++) {
            struct class *class = device->classes[k];
            if (class->replica) {
                struct hash before = store_digest_views(class->store);
                assert_int_equal(store_begin(class->store), OK);
                assert_int_equal(replica_refold(class->replica), OK);
                struct hash after = store_digest_views(class->store);
                store_rollback(class->store);
                assert_memory_equal(&before, &after, sizeof(before));
            }
        }
    }
}

static void whatever_is_asked_is_answered(void **state)
{
    (void)state;
    const char *first = getenv("JAM_SEED");
    uint64_t done = 0, refused = 0;
    for (uint64_t number = 0; number < ROOMS; number++) {
        struct room *room = room_new(2);
        uint8_t seed[32] = {0};
        uint64_t drawn = (first ? strtoull(first, NULL, 10) : 1) + number;
        memcpy(seed, &drawn, sizeof(drawn));
        char invite[256];
        rng_seed(&room->rng, seed);
        room_create(room, 0, "Period 3", invite);
        assert_string_equal(ASK(room, 1, "class.join", "words", invite), "");
        room_run(room, 2000);
        for (int k = 0; k < REQUESTS; k++) {
            int i = (int)rng_below(&room->rng, 2);
            if (k % 10 == 0) {
                sit_down(room, i);
            }
            const char *method = ONE_OF(&room->rng, methods);
            const char *code = ask_anything(room, i, method);
            if (strcmp(code, "none") == 0 || strcmp(code, "internal") == 0) {
                fail_msg("room %llu, request %d, %s at %d: %s", (unsigned long long)drawn, k,
                         method, i, code);
            }
            *code ? refused++ : done++;
        }
        room_run(room, 5000);
        assert_views_are_the_logs(room);
        room_free(room);
    }
    assert_true(done > ROOMS && refused > ROOMS);
    print_message("%d done, %d refused\n", (int)done, (int)refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_is_asked_is_answered)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
