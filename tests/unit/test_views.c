/* The views by example: each merge rule, each method's answer and refusals, and names that mean harm. The folds are tried
 * at random in test_oracle.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "authority.h"
#include "rows.h"
#include "store.h"
#include "view.h"

/* ---- a stage ----------------------------------------------------------------------------------------------------- */

/* One machine's views, a person at it, and what the last request was answered. */
struct stage {
    struct store *store;
    struct shown_list lists[LIST_KINDS];
    struct rng rng;
    struct now now;
    uint64_t lamport;
    struct device_id here;
    bool signed_in;
    struct person_id me;
    struct ask ask;
    struct ask watcher;
    struct pack answer;
    struct doc doc;
    bool answered;
    struct fact fact; /* the last one */
    struct op op;     /* of it */
    struct authority authority;
    struct stretching stretching;
    struct sign_key key; /* of who is signed in */
};

static const struct device_id pc1 = {.b = {1}}, pc2 = {.b = {2}};
static const struct hardware_id hw1 = {.b = {11}}, hw2 = {.b = {12}};

static struct ref fold(struct stage *s, const struct device_id *device, uint64_t lamport,
                       const struct op *op)
{
    struct feed_id feed;
    memcpy(feed.b, device->b, sizeof(feed.b));
    s->op = *op;
    s->fact = (struct fact){.stamp = stamp_of(lamport, &feed, lamport),
                            .time_ms = (uint64_t)s->now.wall.ms,
                            .device = *device,
                            .op = &s->op};
    memcpy(s->fact.id.b, s->fact.stamp.b, sizeof(s->fact.id.b));
    s->fact.id.b[0] = 0xee;
    s->fact.id.b[10] = device->b[0];
    authority_learn(&s->authority, &s->fact, STAGE_ANY);
    views_fold(s->store, &s->fact);
    assert_int_equal(store_err(s->store), OK);
    return s->fact.id;
}

/* Said at that machine, after all that was said before. */
static struct ref say(struct stage *s, const struct device_id *device, struct op op)
{
    return fold(s, device, ++s->lamport, &op);
}

static void machine(struct stage *s, const struct device_id *device, const char *state)
{
    store_do(s->store, "INSERT OR REPLACE INTO temp.machine_now VALUES (?,?,?)", "dti", device,
             slice_str(state), s->now.wall.ms);
}

static void open_machine(struct stage *s, const struct device_id *device,
                         const struct hardware_id *hardware, const char *host)
{
    struct feed_id feed;
    memcpy(feed.b, device->b, sizeof(feed.b));
    store_do(s->store, "INSERT INTO feed (feed, key, device) VALUES (?,x'',?)", "fd", &feed,
             device);
    say(s, device,
        (struct op){.kind = OP_OPEN,
                    .has = FIELD_KEY | FIELD_DEVICE | FIELD_SIGNATURE | FIELD_NAME | FIELD_HARDWARE,
                    .name = slice_str(host),
                    .hardware = *hardware});
    machine(s, device, "here");
}

static int stage_open(void **state)
{
    static const uint8_t seed[32] = {7};
    struct stage *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    assert_int_equal(store_open(":memory:", NULL, &s->store), OK);
    assert_int_equal(store_begin(s->store), OK);
    rng_seed(&s->rng, seed);
    s->now = (struct now){{5000}, {1700000000000}};
    s->here = pc1;
    pack_init(&s->answer);
    authority_init(&s->authority, s->store, &(struct class_id){{0}});
    store_do(s->store, "INSERT INTO class VALUES (0,'Period 3',1,0,x'00')", "");
    open_machine(s, &pc1, &hw1, "lab-01");
    open_machine(s, &pc2, &hw2, "lab-02");
    *state = s;
    return 0;
}

static void forget_answer(struct stage *s)
{
    if (s->answered) {
        doc_clear(&s->doc);
    }
    s->answered = false;
    pack_reset(&s->answer);
}

static int stage_close(void **state)
{
    struct stage *s = *state;
    forget_answer(s);
    pack_clear(&s->answer);
    store_rollback(s->store);
    store_close(&s->store);
    free(s);
    return 0;
}

static void wait_s(struct stage *s, int64_t seconds)
{
    s->now.mono.ms += 1000 * seconds;
    s->now.wall.ms += 1000 * seconds;
}

static void read_answer(struct stage *s)
{
    assert_false(s->answer.failed);
    assert_int_equal(doc_open(&s->doc, pack_bytes(&s->answer), PACK_LOCAL), OK);
    assert_int_equal(s->doc.root.type, MSGPACK_OBJECT_MAP);
    s->answered = true;
}

static void prepare(struct stage *s, struct ask *ask)
{
    memset(ask, 0, sizeof(*ask));
    ask->store = s->store;
    ask->now = s->now;
    ask->signed_in = s->signed_in;
    ask->me = s->me;
    ask->here = s->here;
    ask->hardware = SAME(s->here, pc1) ? hw1 : hw2;
    ask->rng = &s->rng;
    ask->class_name = "Period 3";
    ask->live = true;
    ask->lists = s->lists;
    ask->key = s->signed_in ? &s->key : NULL;
    ask->stretching = &s->stretching;
    s->stretching.done = 0;
}

/* What the device does with what plan wants written. */
static void append(struct stage *s)
{
    s->key = s->ask.unlocked ? s->ask.who_key : s->key;
    struct op ops[ASK_OPS_MAX];
    memcpy(ops, s->ask.ops, sizeof(ops));
    for (uint32_t i = 0; i < s->ask.ops_count; i++) {
        struct pack p;
        pack_init(&p);
        assert_int_equal(op_encode(&p, &ops[i]), OK);
        pack_clear(&p);
        struct ref id = say(s, &s->here, ops[i]);
        s->ask.made = i == 0 ? id : s->ask.made;
        if (ops[i].kind == OP_HELLO || ops[i].kind == OP_BYE) {
            s->signed_in = ops[i].kind == OP_HELLO;
            s->me = ops[i].by;
        }
    }
    s->ask.signed_in = s->signed_in;
    s->ask.me = s->me;
}

/* Params as keys and values, "!" for true, NULL at the end. */
static enum err request(struct stage *s, const char *name, va_list args)
{
    struct pack params;
    struct doc doc;
    va_list again;
    uint32_t pairs = 0;
    va_copy(again, args);
    while (va_arg(again, const char *)) {
        pairs += va_arg(again, const char *) != NULL;
    }
    va_end(again);
    pack_init(&params);
    pack_map(&params, pairs);
    for (uint32_t i = 0; i < pairs; i++) {
        pack_str(&params, va_arg(args, const char *));
        const char *value = va_arg(args, const char *);
        strcmp(value, "!") == 0 ? pack_bool(&params, true) : pack_str(&params, value);
    }
    assert_int_equal(doc_open(&doc, pack_bytes(&params), PACK_LOCAL), OK);
    forget_answer(s);
    prepare(s, &s->ask);
    s->ask.params = &doc.root;
    const struct method *method = views_method(slice_str(name));
    assert_non_null(method);
    enum err err = s->signed_in || method->open ? OK : ERR_SIGNED_OUT;
    err = err == OK && method->plan ? method->plan(&s->ask) : err;
    if (err == OK) {
        append(s);
        err = method->tell(&s->ask, &s->answer);
    }
    if (err == OK) {
        read_answer(s);
    }
    s->ask.params = NULL;
    doc_clear(&doc);
    pack_clear(&params);
    return err;
}

static void ok(struct stage *s, const char *name, ...)
{
    va_list args;
    va_start(args, name);
    enum err err = request(s, name, args);
    va_end(args);
    if (err != OK) {
        fail_msg("%s: %s (%s; %s)", name, err_code(err), s->ask.what, s->ask.detail);
    }
}

static void refused(struct stage *s, enum err expected, const char *name, ...)
{
    va_list args;
    va_start(args, name);
    enum err err = request(s, name, args);
    va_end(args);
    assert_string_equal(err_code(err), err_code(expected));
}

/* What stands at a path of the answer, as "jams.0.name". */
static const msgpack_object *at(struct stage *s, const char *path)
{
    const msgpack_object *o = &s->doc.root;
    while (o && *path) {
        char key[64];
        size_t len = strcspn(path, ".");
        assert_true(s->answered && len < sizeof(key));
        memcpy(key, path, len);
        key[len] = '\0';
        if (o->type == MSGPACK_OBJECT_ARRAY) {
            uint32_t i = (uint32_t)strtoul(key, NULL, 10);
            o = i < o->via.array.size ? &o->via.array.ptr[i] : NULL;
        } else {
            o = map_get(o, key);
        }
        path += len + (path[len] == '.');
    }
    return o;
}

static void is_text(struct stage *s, const char *path, const char *expected)
{
    struct slice text = {0};
    char have[512];
    if (!read_text(at(s, path), &text)) {
        fail_msg("%s is no text", path);
    }
    text_copy(have, sizeof(have), text);
    assert_string_equal(have, expected);
}

static void is_number(struct stage *s, const char *path, int64_t expected)
{
    int64_t value;
    if (!read_int(at(s, path), &value)) {
        fail_msg("%s is no number", path);
    }
    assert_int_equal(value, expected);
}

static void is_true(struct stage *s, const char *path, bool expected)
{
    bool value;
    if (!read_bool(at(s, path), &value)) {
        fail_msg("%s is neither true nor false", path);
    }
    assert_int_equal(value, expected);
}

static void is_nil(struct stage *s, const char *path)
{
    const msgpack_object *o = at(s, path);
    if (!o || o->type != MSGPACK_OBJECT_NIL) {
        fail_msg("%s isn't nil", path);
    }
}

static void has_count(struct stage *s, const char *path, uint32_t expected)
{
    const msgpack_object *items;
    uint32_t count = 0;
    if (!read_array(at(s, path), &items, &count)) {
        fail_msg("%s is no array", path);
    }
    assert_int_equal(count, expected);
}

/* An age of so many seconds stands in the map at this path. */
static void has_age(struct stage *s, const char *path, int64_t age_s)
{
    char key[96];
    snprintf(key, sizeof(key), "%s%sage_s", path, *path ? "." : "");
    is_number(s, key, age_s);
    snprintf(key, sizeof(key), "%s%sat", path, *path ? "." : "");
    is_number(s, key, s->now.wall.ms - 1000 * age_s);
    snprintf(key, sizeof(key), "%s%sclock", path, *path ? "." : "");
    is_text(s, key, "guessed");
}

static const char *hex_of(const void *id)
{
    static char text[33];
    return hex(text, id, 16);
}

/* Signs somebody in at a terminal of that machine where nobody is. */
static struct person_id hello_at(struct stage *s, const struct device_id *device,
                                 const char *handle)
{
    s->here = *device;
    s->signed_in = false;
    ok(s, "hello", "handle", handle, NULL);
    return s->me;
}

static struct person_id hello(struct stage *s, const char *handle)
{
    return hello_at(s, &pc1, handle);
}

/* Goes on as somebody who is signed in already. */
static void as(struct stage *s, struct person_id person)
{
    s->me = person;
    s->signed_in = true;
}

/* ---- people ------------------------------------------------------------------------------------------------------ */

static void hello_signs_up_once_and_then_signs_in(void **state)
{
    struct stage *s = *state;
    struct person_id ana = hello(s, "Ana");
    is_text(s, "person", "Ana");
    is_text(s, "handle", "Ana");
    is_nil(s, "name");
    is_text(s, "id", hex_of(ana.b));
    is_true(s, "new", true);
    is_nil(s, "moved_from");
    is_nil(s, "was");
    is_number(s, "feedback_waiting", 0);
    is_text(s, "readers", "everybody");
    ok(s, "bye", NULL);
    struct person_id again = hello(s, "ana");
    is_true(s, "new", false);
    is_text(s, "person", "Ana");
    assert_memory_equal(ana.b, again.b, sizeof(ana.b));
}

static void handles_that_look_alike_are_one_person(void **state)
{
    static const char *const same[] = {"ANA", "\xc3\xa1na", "\xd0\x90na", " a\xe2\x80\x8bna ",
                                       "\xef\xbd\x81na"};
    struct stage *s = *state;
    struct person_id ana = hello(s, "ana");
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        struct person_id who = hello(s, same[i]);
        assert_memory_equal(ana.b, who.b, sizeof(ana.b));
    }
    struct person_id anna = hello(s, "anna");
    assert_memory_not_equal(ana.b, anna.b, sizeof(ana.b));
}

static void handles_that_mean_something_else_are_refused(void **state)
{
    struct stage *s = *state;
    char long_name[60];
    memset(long_name, 'x', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = '\0';
    refused(s, ERR_EMPTY, "hello", NULL);
    refused(s, ERR_EMPTY, "hello", "handle", "  ", NULL);
    refused(s, ERR_EMPTY, "hello", "handle", "\xe2\x80\x8b\xe2\x80\xae", NULL);
    refused(s, ERR_TOO_LONG, "hello", "handle", long_name, NULL);
    refused(s, ERR_NO_LIST, "hello", "handle", "17", NULL);
    refused(s, ERR_NO_SUCH_PERSON, "hello", "handle", "0123456789abcdef0123456789abcdef", NULL);
    refused(s, ERR_NO_SUCH_PERSON, "hello", "handle", "ana~k3f", NULL);
    refused(s, ERR_BAD_TEXT, "hello", "handle", "~", NULL);
    ok(s, "who", NULL);
    has_count(s, "people", 0);
}

static void a_handle_loses_what_would_harm_a_screen(void **state)
{
    struct stage *s = *state;
    hello(s, "\x1b[31mev\xe2\x80\xaeil\n");
    is_text(s, "handle", "[31mevil");
}

/* An id that the test chose is no key's hash: the key is put where it would have been learnt. */
static void give_key(struct stage *s, const struct person_id *id)
{
    uint8_t seed[32] = {1}, out[32], salt[16] = {2};
    struct sign_key key;
    struct sign_pk pk;
    struct sealed_key sealed;
    memcpy(seed + 1, id->b, sizeof(id->b));
    sign_keypair(seed, &key, &pk);
    stretch(slice_str(""), salt, (struct cost){0}, out, sizeof(out));
    key_seal(out, salt, (struct cost){0}, &s->rng, seed, &sealed);
    store_do(s->store, "INSERT INTO person_key VALUES (?,?,x'',?,x'')", "pbb", id, SLICE(pk),
             SLICE(sealed));
}

/* Two machines that didn't hear of each other may sign up two of one handle. */
static struct person_id second_person(struct stage *s, uint8_t first_byte, const char *handle)
{
    struct person_id id = {.b = {first_byte}};
    say(s, &pc2,
        (struct op){.kind = OP_PERSON,
                    .has = FIELD_BY | FIELD_HANDLE,
                    .by = id,
                    .handle = slice_str(handle)});
    give_key(s, &id);
    return id;
}

static void two_of_one_handle_carry_tails_of_their_ids(void **state)
{
    struct stage *s = *state;
    second_person(s, 0x00, "ana");
    struct person_id other = second_person(s, 0xff, "\xd0\x90na");
    ok(s, "names", "of", "people", NULL);
    has_count(s, "names", 2);
    is_text(s, "names.0", "ana~aaa");
    is_text(s, "names.1", "\xd0\x90na~74a");
    refused(s, ERR_AMBIGUOUS, "hello", "handle", "Ana", NULL);
    assert_string_equal(s->ask.detail, "ana~aaa, \xd0\x90na~74a");
    ok(s, "hello", "handle", "ana~74", NULL);
    assert_memory_equal(s->me.b, other.b, sizeof(other.b));
    is_true(s, "new", false);
    s->signed_in = false;
    ok(s, "hello", "handle", "ana", NULL);
    is_text(s, "person", "ana~aaa");
}

static void tails_grow_until_they_differ(void **state)
{
    struct stage *s = *state;
    second_person(s, 0, "ana");
    struct person_id near = {.b = {0, 0, 0x80}};
    say(s, &pc2,
        (struct op){.kind = OP_PERSON,
                    .has = FIELD_BY | FIELD_HANDLE,
                    .by = near,
                    .handle = slice_str("ana")});
    ok(s, "names", "of", "people", NULL);
    is_text(s, "names.0", "ana~aaaa");
    is_text(s, "names.1", "ana~aaai");
}

static void nobody_looks_like_somebody_with_a_tail(void **state)
{
    struct stage *s = *state;
    second_person(s, 0xff, "ana~aaa");
    ok(s, "names", "of", "people", NULL);
    is_text(s, "names.0", "ana~aaa~74a");
}

static void who_has_no_handle_is_not_shown(void **state)
{
    struct stage *s = *state;
    struct person_id ghost = {.b = {9}};
    second_person(s, 8, "\xe2\x80\x8b");
    say(s, &pc2,
        (struct op){.kind = OP_HELLO,
                    .has = FIELD_BY | FIELD_KEY | FIELD_SIGNATURE | FIELD_MOVES,
                    .moves = true,
                    .by = ghost});
    ok(s, "who", NULL);
    has_count(s, "people", 0);
    ok(s, "here", NULL);
    is_number(s, "people", 0);
}

static void hello_elsewhere_moves_the_person(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    ok(s, "start", "name", "bridge", NULL);
    hello_at(s, &pc2, "ana");
    is_text(s, "moved_from", "lab-01");
    is_text(s, "was.jam", "bridge");
    ok(s, "here", NULL);
    is_text(s, "place.kind", "solo");
    is_text(s, "seat", "lab-02");
    ok(s, "hello", "handle", "ana", "name", "Ana M.", NULL);
    is_text(s, "name", "Ana M.");
    is_nil(s, "moved_from");
}

static void hello_again_at_ones_own_terminal_changes_nothing(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    ok(s, "start", "name", "bridge", NULL);
    ok(s, "hello", "handle", "ana", NULL);
    assert_int_equal(s->ask.ops_count, 0);
    is_nil(s, "was");
    ok(s, "here", NULL);
    is_text(s, "place.jam", "bridge");
}

static void hello_of_another_ends_the_session_before(void **state)
{
    struct stage *s = *state;
    hello(s, "ben");
    ok(s, "bye", NULL);
    hello(s, "ana");
    refused(s, ERR_TAKEN, "hello", "handle", "ben", NULL);
    ok(s, "hello", "handle", "ben", "take_over", "!", NULL);
    is_text(s, "signed_out", "ana");
    ok(s, "who", NULL);
    is_text(s, "people.0.person", "ana");
    is_true(s, "people.0.here", false);
    is_text(s, "people.0.place.kind", "away");
    is_true(s, "people.1.here", true);
}

static void bye_of_one_who_moved_on_does_not_end_the_new_session(void **state)
{
    struct stage *s = *state;
    hello(s, "ben");
    struct person_id ana = hello(s, "ana");
    hello_at(s, &pc2, "ana");
    s->here = pc1;
    as(s, ana);
    ok(s, "hello", "handle", "ben", "take_over", "!", NULL);
    ok(s, "who", "person", "ana", NULL);
    is_true(s, "person.here", true);
    is_text(s, "person.seat", "lab-02");
}

static void bye_tells_where_one_was(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    ok(s, "solo", "task", "fractions", NULL);
    ok(s, "bye", NULL);
    is_text(s, "person", "ana");
    is_text(s, "was.solo", "fractions");
    refused(s, ERR_SIGNED_OUT, "bye", NULL);
    ok(s, "here", NULL);
    is_nil(s, "person");
    is_nil(s, "at");
    has_count(s, "roles", 0);
}

static void who_tells_place_seat_and_whether_the_machine_is_heard(void **state)
{
    struct stage *s = *state;
    struct person_id ben = hello_at(s, &pc2, "ben");
    ok(s, "start", "name", "bridge", NULL);
    ok(s, "role.take", "role", "recorder", NULL);
    wait_s(s, 60);
    hello(s, "ana");
    ok(s, "who", NULL);
    is_number(s, "people.1.n", 2);
    is_text(s, "people.1.id", hex_of(ben.b));
    is_text(s, "people.1.person", "ben");
    is_text(s, "people.1.place.jam", "bridge");
    is_text(s, "people.1.seat", "lab-02");
    is_true(s, "people.1.here", true);
    has_age(s, "people.1", 60);
    machine(s, &pc2, "gone");
    ok(s, "who", "person", "2", NULL);
    is_text(s, "person.person", "ben");
    is_true(s, "person.here", false);
    is_text(s, "person.member_of.0", "bridge");
    is_text(s, "person.roles.0.role", "recorder");
    is_text(s, "person.roles.0.jam", "bridge");
    has_age(s, "person.since", 60);
    refused(s, ERR_NO_SUCH_PERSON, "who", "person", "bne", NULL);
    assert_string_equal(s->ask.detail, "did you mean ben? Type: jam who ben");
    refused(s, ERR_NO_SUCH_PERSON, "who", "person", "3", NULL);
}

/* ---- jams -------------------------------------------------------------------------------------------------------- */

static void start_founds_a_jam_and_goes_in(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    ok(s, "start", "name", " the  bridge ", "purpose", "span a metre", NULL);
    is_text(s, "jam.name", "the bridge");
    is_text(s, "jam.purpose", "span a metre");
    is_text(s, "jam.id", hex_of(s->ask.made.b));
    is_text(s, "entry", hex_of(s->ask.made.b));
    is_text(s, "place.kind", "jam");
    is_text(s, "place.jam", "the bridge");
    has_count(s, "others", 0);
    ok(s, "start", "name", "The Bridge", NULL);
    is_nil(s, "jam.purpose");
    has_count(s, "others", 1);
    is_text(s, "others.0", "the bridge");
}

static void names_of_jams_are_checked(void **state)
{
    struct stage *s = *state;
    char long_name[NAME_BYTES_MAX + 2];
    memset(long_name, 'x', sizeof(long_name));
    long_name[NAME_BYTES_MAX + 1] = '\0';
    refused(s, ERR_SIGNED_OUT, "start", "name", "bridge", NULL);
    hello(s, "ana");
    refused(s, ERR_EMPTY, "start", NULL);
    refused(s, ERR_EMPTY, "start", "name", "\xe2\x80\x8d", NULL);
    refused(s, ERR_EMPTY, "start", "name", "\u0301", NULL);
    refused(s, ERR_BAD_TEXT, "start", "name", "2048", NULL);
    refused(s, ERR_BAD_TEXT, "start", "name", "0123456789abcdef0123456789abcdef", NULL);
    refused(s, ERR_TOO_LONG, "start", "name", long_name, NULL);
    refused(s, ERR_MALFORMED, "start", "name", "!", NULL);
    ok(s, "list", NULL);
    has_count(s, "jams", 0);
}

static void join_finds_a_jam_by_any_of_its_names(void **state)
{
    struct stage *s = *state;
    hello(s, "ben");
    ok(s, "start", "name",
       "Br\xc3\xbc"
       "cke",
       NULL);
    struct ref bridge = s->ask.made;
    char id[33];
    hex(id, bridge.b, sizeof(bridge.b));
    ok(s, "start", "name", "volcano", NULL);
    hello(s, "ana");
    refused(s, ERR_NO_LIST, "join", "jam", "1", NULL);
    ok(s, "join", "jam", "brucke", NULL);
    is_text(s, "place.id", id);
    refused(s, ERR_ALREADY_THERE, "join", "jam", "brucke", NULL);
    ok(s, "join", "jam", "VOL", NULL);
    is_text(s, "was.id", id);
    ok(s, "list", NULL);
    ok(s, "join", "jam", "1", NULL);
    is_text(s, "place.id", id);
    ok(s, "solo", NULL);
    ok(s, "join", "jam", id, NULL);
    is_text(s, "jam",
            "Br\xc3\xbc"
            "cke");
    refused(s, ERR_NO_SUCH_JAM, "join", "jam", "3", NULL);
    refused(s, ERR_NO_SUCH_JAM, "join", "jam", "0", NULL);
    refused(s, ERR_NO_SUCH_JAM, "join", "jam", "99999999999999999999999", NULL);
    refused(s, ERR_EMPTY, "join", NULL);
}

static void a_mistyped_jam_gets_a_suggestion(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    ok(s, "start", "name", "bridge", NULL);
    refused(s, ERR_NO_SUCH_JAM, "join", "jam", "brigde", NULL);
    assert_string_equal(s->ask.what, "brigde");
    assert_string_equal(s->ask.detail, "did you mean bridge? Type: jam join bridge");
    refused(s, ERR_NO_SUCH_JAM, "join", "jam", "pritge", NULL); /* two letters wrong of six */
    assert_string_equal(s->ask.detail, "did you mean bridge? Type: jam join bridge");
    ok(s, "start", "name", "bow", NULL);
    refused(s, ERR_NO_SUCH_JAM, "join", "jam", "sow", NULL);
    assert_string_equal(s->ask.detail, "did you mean bow? Type: jam join bow");
    refused(s, ERR_NO_SUCH_JAM, "join", "jam", "sop", NULL); /* two of three are too many */
    assert_string_equal(s->ask.detail, "jam list");
    refused(s, ERR_NO_SUCH_JAM, "show", "jam", "xylophone", NULL);
    assert_string_equal(s->ask.detail, "jam list");
    refused(s, ERR_NO_SUCH_JAM, "join", "jam", "\xe2\x80\x8b", NULL);
}

static void a_beginning_that_two_jams_have_is_asked_back(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    ok(s, "start", "name", "bridge", NULL);
    ok(s, "start", "name", "brine", NULL);
    refused(s, ERR_AMBIGUOUS, "join", "jam", "bri", NULL);
    assert_string_equal(s->ask.detail, "bridge (ana), brine (ana)");
    ok(s, "join", "jam", "brid", NULL);
}

static void of_jams_of_one_name_mine_is_meant(void **state)
{
    struct stage *s = *state;
    hello(s, "ben");
    ok(s, "start", "name", "bridge", NULL);
    struct ref first = s->ask.made;
    ok(s, "start", "name", "bridge", NULL);
    struct ref second = s->ask.made;
    hello(s, "ana");
    refused(s, ERR_AMBIGUOUS, "join", "jam", "bridge", NULL);
    assert_string_equal(s->ask.detail, "bridge (ben), bridge (ben)");
    ok(s, "list", NULL);
    ok(s, "join", "jam", "1", NULL);
    ok(s, "solo", NULL);
    ok(s, "join", "jam", "bridge", NULL);
    is_text(s, "place.id", hex_of(first.b));
    ok(s, "list", NULL);
    ok(s, "join", "jam", "2", NULL);
    ok(s, "show", "jam", "bridge", NULL);
    is_text(s, "jam.id", hex_of(second.b));
    ok(s, "solo", NULL);
    refused(s, ERR_AMBIGUOUS, "join", "jam", "bridge", NULL);
}

static void candidates_are_four_at_most(void **state)
{
    struct stage *s = *state;
    static const char *const jams[] = {"team a", "team b", "team c", "team d", "team e"};
    hello(s, "ana");
    for (size_t i = 0; i < 5; i++) {
        ok(s, "start", "name", jams[i], NULL);
    }
    refused(s, ERR_AMBIGUOUS, "join", "jam", "team", NULL);
    assert_string_equal(s->ask.detail,
                        "team a (ana), team b (ana), team c (ana), team d (ana) \xe2\x80\xa6");
}

static void a_jam_that_nobody_founded_is_not_shown(void **state)
{
    struct stage *s = *state;
    struct person_id ana = hello(s, "ana");
    struct ref ghost = {.b = {42}};
    say(s, &pc1,
        (struct op){.kind = OP_JAM_SET,
                    .has = FIELD_BY | FIELD_JAM | FIELD_NAME,
                    .by = ana,
                    .jam = ghost,
                    .name = slice_str("ghost")});
    say(s, &pc1,
        (struct op){.kind = OP_JOIN, .has = FIELD_BY | FIELD_JAM, .by = ana, .jam = ghost});
    ok(s, "list", NULL);
    has_count(s, "jams", 0);
    ok(s, "here", NULL);
    is_text(s, "place.kind", "solo");
    is_number(s, "jams", 0);
    refused(s, ERR_NO_SUCH_JAM, "join", "jam", "ghost", NULL);
    refused(s, ERR_NO_SUCH_JAM, "join", "jam", hex_of(ghost.b), NULL);
    refused(s, ERR_NOT_IN_JAM, "leave", NULL);
    refused(s, ERR_NOWHERE_BACK, "back", NULL);
}

static void a_jam_changes_name_and_purpose_each_for_itself(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    ok(s, "start", "name", "bridge", "purpose", "span a metre", NULL);
    ok(s, "jam.set", "name", "arch", NULL);
    is_text(s, "jam.name", "arch");
    is_text(s, "jam.purpose", "span a metre");
    ok(s, "jam.set", "jam", "arch", "purpose", "hold a book", NULL);
    is_text(s, "jam.name", "arch");
    is_text(s, "jam.purpose", "hold a book");
    refused(s, ERR_EMPTY, "jam.set", NULL);
    refused(s, ERR_BAD_TEXT, "jam.set", "name", "7", NULL);
    hello(s, "ben");
    refused(s, ERR_NOT_IN_JAM, "jam.set", "name", "mine", NULL);
    refused(s, ERR_NOT_MEMBER, "jam.set", "jam", "arch", "name", "mine", NULL);
    assert_string_equal(s->ask.what, "arch");
}

static void list_shows_jams_in_order_of_founding(void **state)
{
    struct stage *s = *state;
    hello_at(s, &pc2, "ben");
    ok(s, "start", "name", "volcano", "purpose", "why it erupts", NULL);
    ok(s, "start", "name", "bridge", NULL);
    ok(s, "role.take", "role", "recorder", NULL);
    hello(s, "ana");
    ok(s, "join", "jam", "volcano", NULL);
    wait_s(s, 240);
    ok(s, "solo", "task", "lava", NULL);
    wait_s(s, 60);
    s->signed_in = false;
    ok(s, "list", NULL);
    has_count(s, "jams", 2);
    is_number(s, "jams.0.n", 1);
    is_text(s, "jams.0.name", "volcano");
    is_text(s, "jams.0.purpose", "why it erupts");
    has_age(s, "jams.0", 300);
    has_count(s, "jams.0.in", 0);
    has_count(s, "jams.0.solo", 1);
    is_text(s, "jams.0.solo.0.person", "ana");
    is_text(s, "jams.0.solo.0.solo", "lava");
    has_age(s, "jams.0.solo.0", 60);
    is_text(s, "jams.1.in.0.person", "ben");
    is_text(s, "jams.1.in.0.roles.0", "recorder");
    machine(s, &pc2, "gone");
    ok(s, "list", NULL);
    has_count(s, "jams.1.in", 0);
}

static void show_tells_all_of_one_jam(void **state)
{
    struct stage *s = *state;
    hello_at(s, &pc2, "ben");
    ok(s, "start", "name", "bridge", NULL);
    ok(s, "task.add", "title", "measure load", NULL);
    hello(s, "ana");
    refused(s, ERR_NOT_IN_JAM, "show", NULL);
    ok(s, "join", "jam", "bridge", NULL);
    ok(s, "role.take", "role", "sceptic", NULL);
    for (int i = 0; i < 12; i++) {
        ok(s, "note", "text", "again", NULL);
    }
    ok(s, "show", NULL);
    is_nil(s, "jam.n");
    is_text(s, "jam.name", "bridge");
    has_count(s, "jam.members", 2);
    is_text(s, "jam.members.0", "ana");
    is_text(s, "jam.roles.0.role", "sceptic");
    is_text(s, "jam.roles.0.holders.0", "ana");
    has_age(s, "jam.roles.0", 0);
    is_text(s, "jam.tasks.0.title", "measure load");
    has_count(s, "jam.journal", 10);
    has_count(s, "jam.in", 2);
}

/* ---- places and membership --------------------------------------------------------------------------------------- */

static void the_last_word_says_where_one_is(void **state)
{
    struct stage *s = *state;
    struct person_id ana = hello(s, "ana");
    ok(s, "start", "name", "bridge", NULL);
    struct op solo = {.kind = OP_SOLO, .has = FIELD_BY, .by = ana};
    fold(s, &pc2, 3, &solo);
    ok(s, "here", NULL);
    is_text(s, "place.kind", "jam");
    say(s, &pc2, solo);
    ok(s, "here", NULL);
    is_text(s, "place.kind", "solo");
}

static void join_tells_who_is_there_and_where_one_was(void **state)
{
    struct stage *s = *state;
    hello_at(s, &pc2, "ben");
    ok(s, "start", "name", "bridge", NULL);
    hello(s, "ana");
    ok(s, "solo", "task", "fractions", NULL);
    is_text(s, "place.solo", "fractions");
    is_nil(s, "was.solo");
    ok(s, "join", "jam", "bridge", NULL);
    is_text(s, "jam", "bridge");
    is_text(s, "place.kind", "jam");
    is_text(s, "was.kind", "solo");
    is_text(s, "was.solo", "fractions");
    has_count(s, "with", 1);
    is_text(s, "with.0", "ben");
    has_count(s, "member_of", 1);
    is_text(s, "entry", hex_of(s->ask.made.b));
    ok(s, "here", NULL);
    is_text(s, "with.0", "ben");
    machine(s, &pc2, "left");
    ok(s, "here", NULL);
    has_count(s, "with", 0);
}

static void back_returns_and_tells_the_news(void **state)
{
    struct stage *s = *state;
    struct person_id ben = hello_at(s, &pc2, "ben");
    ok(s, "start", "name", "bridge", NULL);
    struct ref bridge = s->ask.made;
    ok(s, "task.add", "title", "measure load", NULL);
    hello_at(s, &pc2, "dina");
    struct person_id ana = hello(s, "ana");
    refused(s, ERR_NOWHERE_BACK, "back", NULL);
    ok(s, "join", "jam", "bridge", NULL);
    ok(s, "note", "text", "before", NULL);
    ok(s, "solo", NULL);
    as(s, ben);
    ok(s, "note", "text", "it holds", NULL);
    ok(s, "task.done", "task", "measure", NULL);
    as(s, hello_at(s, &pc2, "dina"));
    ok(s, "join", "jam", "bridge", NULL);
    s->here = pc1;
    as(s, ana);
    ok(s, "solo", "task", "rest", NULL);
    say(s, &pc1,
        (struct op){.kind = OP_NOTE,
                    .has = FIELD_BY | FIELD_JAM | FIELD_TEXT,
                    .by = ana,
                    .jam = bridge,
                    .text = slice_str("my own is no news")});
    wait_s(s, 1080);
    ok(s, "back", NULL);
    is_text(s, "place.jam", "bridge");
    is_number(s, "away_s", 1080);
    is_text(s, "was.solo", "rest");
    is_number(s, "news.notes", 1);
    has_count(s, "news.tasks_done", 1);
    is_text(s, "news.tasks_done.0", "measure load");
    has_count(s, "news.people", 1);
    is_text(s, "news.people.0", "dina");
    ok(s, "journal", "new", "!", NULL);
    is_text(s, "journal.0.text", "it holds");
}

static void back_goes_to_the_jam_before(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    ok(s, "start", "name", "one", NULL);
    ok(s, "start", "name", "two", NULL);
    ok(s, "start", "name", "three", NULL);
    ok(s, "back", NULL);
    is_text(s, "place.jam", "two");
    ok(s, "back", NULL);
    is_text(s, "place.jam", "three");
    ok(s, "leave", "jam", "two", NULL);
    ok(s, "back", NULL);
    is_text(s, "place.jam", "one");
}

static void leave_ends_a_membership_and_the_place_in_it(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    refused(s, ERR_NOT_IN_JAM, "leave", NULL);
    ok(s, "start", "name", "bridge", NULL);
    ok(s, "start", "name", "volcano", NULL);
    ok(s, "leave", "jam", "bridge", NULL);
    is_text(s, "left", "bridge");
    is_text(s, "place.jam", "volcano");
    has_count(s, "member_of", 1);
    refused(s, ERR_NOT_MEMBER, "leave", "jam", "bridge", NULL);
    assert_string_equal(s->ask.what, "bridge");
    ok(s, "leave", NULL);
    is_text(s, "left", "volcano");
    is_text(s, "place.kind", "solo");
    has_count(s, "member_of", 0);
    ok(s, "join", "jam", "bridge", NULL);
    has_count(s, "member_of", 1);
}

static void a_join_beside_a_leave_stays(void **state)
{
    struct stage *s = *state;
    struct person_id ana = hello(s, "ana");
    ok(s, "start", "name", "bridge", NULL);
    struct ref bridge = s->ask.made;
    struct op join = {.kind = OP_JOIN, .has = FIELD_BY | FIELD_JAM, .by = ana, .jam = bridge};
    struct op leave = {.kind = OP_LEAVE,
                       .has = FIELD_BY | FIELD_JAM | FIELD_MOVES | FIELD_ADDS,
                       .by = ana,
                       .jam = bridge,
                       .adds = {bridge},
                       .adds_count = 1};
    fold(s, &pc2, 50, &join);
    fold(s, &pc1, 60, &leave);
    assert_true(is_member(s->store, &ana, &bridge));
}

static void a_leave_that_comes_before_its_join_counts(void **state)
{
    struct stage *s = *state;
    struct person_id ana = hello(s, "ana"), ben = hello(s, "ben");
    ok(s, "start", "name", "bridge", NULL);
    struct ref bridge = s->ask.made;
    struct op join = {.kind = OP_JOIN, .has = FIELD_BY | FIELD_JAM, .by = ana, .jam = bridge};
    struct ref id = fold(s, &pc2, 50, &join);
    assert_true(is_member(s->store, &ana, &bridge));
    struct op leave = {.kind = OP_LEAVE,
                       .has = FIELD_BY | FIELD_JAM | FIELD_MOVES | FIELD_ADDS,
                       .by = ben,
                       .jam = bridge,
                       .adds = {id},
                       .adds_count = 1};
    fold(s, &pc1, 60, &leave);
    assert_true(is_member(s->store, &ana, &bridge)); /* nobody leaves for another */
    store_clear_views(s->store);
    leave.by = ana;
    fold(s, &pc1, 60, &leave);
    fold(s, &pc2, 50, &join);
    assert_false(is_member(s->store, &ana, &bridge));
}

static void who_went_in_and_out_all_year_can_leave(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    ok(s, "start", "name", "bridge", NULL);
    for (int i = 0; i < 2 * LEAVE_ADDS_MAX; i++) {
        ok(s, "solo", NULL);
        ok(s, "back", NULL);
    }
    ok(s, "leave", NULL);
    has_count(s, "member_of", 0);
    ok(s, "show", "jam", "bridge", NULL);
    has_count(s, "jam.members", 0);
}

/* ---- roles ------------------------------------------------------------------------------------------------------- */

static void two_may_hold_a_role_and_settle_it(void **state)
{
    struct stage *s = *state;
    hello(s, "ben");
    ok(s, "start", "name", "bridge", NULL);
    ok(s, "role.take", "role", "Recorder", NULL);
    hello(s, "ana");
    refused(s, ERR_NOT_IN_JAM, "role.take", "role", "recorder", NULL);
    refused(s, ERR_NOT_MEMBER, "role.take", "role", "recorder", "jam", "bridge", NULL);
    ok(s, "join", "jam", "bridge", NULL);
    ok(s, "role.take", "role", "recorder", NULL);
    is_text(s, "jam", "bridge");
    is_text(s, "role", "recorder");
    has_count(s, "holders", 2);
    is_text(s, "holders.0", "ana");
    is_text(s, "entry", hex_of(s->ask.made.b));
    ok(s, "role.give", "person", "ben", "role", "rec", NULL);
    has_count(s, "holders", 1);
    is_text(s, "holders.0", "ben");
    refused(s, ERR_NOT_HELD, "role.drop", "role", "recorder", NULL);
    refused(s, ERR_NO_SUCH_ROLE, "role.give", "person", "ben", "role", "king", NULL);
    ok(s, "role.list", NULL);
    has_count(s, "roles", 1);
    has_count(s, "roles.0.holders", 1);
}

static void a_role_that_is_dropped_is_held_by_nobody(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    ok(s, "start", "name", "bridge", NULL);
    ok(s, "role.take", "role", "timekeeper", NULL);
    ok(s, "role.take", "role", "time traveller", NULL);
    refused(s, ERR_AMBIGUOUS, "role.drop", "role", "time", NULL);
    ok(s, "role.drop", "role", "timek", NULL);
    is_text(s, "role", "timekeeper");
    has_count(s, "holders", 0);
    ok(s, "here", NULL);
    has_count(s, "roles", 1);
    is_text(s, "roles.0", "time traveller");
    refused(s, ERR_EMPTY, "role.give", "role", "time", NULL);
    refused(s, ERR_NO_SUCH_PERSON, "role.give", "role", "time", "person", "nobody", NULL);
    refused(s, ERR_EMPTY, "role.take", NULL);
}

/* ---- tasks ------------------------------------------------------------------------------------------------------- */

static void tasks_are_opened_taken_and_done(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    ok(s, "start", "name", "bridge", NULL);
    ok(s, "task.add", "title", "cut sticks", NULL);
    ok(s, "task.add", "title", "measure load", NULL);
    is_number(s, "task.n", 2);
    is_text(s, "task.title", "measure load");
    is_text(s, "task.state", "open");
    is_text(s, "task.by", "ana");
    is_nil(s, "task.holder");
    is_text(s, "jam", "bridge");
    wait_s(s, 30);
    ok(s, "task.take", "task", "2", NULL);
    is_text(s, "task.state", "trying");
    is_text(s, "task.holder", "ana");
    has_age(s, "task", 0);
    ok(s, "here", NULL);
    has_count(s, "tasks", 1);
    is_number(s, "tasks.0.n", 2);
    ok(s, "task.done", "task", "meas", NULL);
    is_text(s, "task.state", "done");
    is_text(s, "task.holder", "ana");
    ok(s, "task.open", "task", "measure load", NULL);
    is_nil(s, "task.holder");
    ok(s, "task.list", NULL);
    has_count(s, "tasks", 2);
    is_text(s, "tasks.0.title", "cut sticks");
    is_text(s, "jam", "bridge");
    has_age(s, "tasks.0", 30);
}

static void who_holds_a_task_holds_it_also_when_another_finishes_it(void **state)
{
    struct stage *s = *state;
    hello(s, "ben");
    ok(s, "start", "name", "bridge", NULL);
    ok(s, "task.add", "title", "measure", NULL);
    ok(s, "task.take", "task", "measure", NULL);
    hello(s, "ana");
    ok(s, "join", "jam", "bridge", NULL);
    ok(s, "task.done", "task", "measure", NULL);
    is_text(s, "task.holder", "ben");
    ok(s, "task.take", "task", "measure", NULL);
    is_text(s, "task.holder", "ana");
}

static void tasks_of_ones_own_are_kept_apart(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    refused(s, ERR_NO_LIST, "task.take", "task", "1", NULL);
    ok(s, "task.add", "title", "fractions", NULL);
    is_nil(s, "jam");
    ok(s, "start", "name", "bridge", NULL);
    ok(s, "task.add", "title", "read", "solo", "!", NULL);
    is_nil(s, "jam");
    ok(s, "task.list", NULL);
    has_count(s, "tasks", 0);
    ok(s, "task.list", "solo", "!", NULL);
    has_count(s, "tasks", 2);
    ok(s, "task.done", "task", "1", NULL);
    is_text(s, "task.title", "fractions");
    refused(s, ERR_NO_SUCH_TASK, "task.take", "task", "9", NULL);
    refused(s, ERR_NO_SUCH_TASK, "task.take", "task", "juggle", NULL);
    refused(s, ERR_NO_SUCH_TASK, "task.take", "task", "0123456789abcdef0123456789abcdef", NULL);
    refused(s, ERR_EMPTY, "task.take", NULL);
    refused(s, ERR_EMPTY, "task.add", NULL);
    hello(s, "ben");
    refused(s, ERR_NO_SUCH_TASK, "task.take", "task", "fractions", NULL);
}

/* ---- notes ------------------------------------------------------------------------------------------------------- */

static void the_journal_tells_the_story_of_a_jam(void **state)
{
    struct stage *s = *state;
    hello_at(s, &pc2, "ben");
    ok(s, "start", "name", "bridge", NULL);
    hello(s, "ana");
    ok(s, "join", "jam", "bridge", NULL);
    ok(s, "role.take", "role", "recorder", NULL);
    ok(s, "role.give", "role", "recorder", "person", "ben", NULL);
    ok(s, "task.add", "title", "measure", NULL);
    ok(s, "task.done", "task", "measure", NULL);
    wait_s(s, 5);
    ok(s, "note", "text", "triangles\r\nhold   best\n", NULL);
    is_text(s, "jam", "bridge");
    ok(s, "leave", NULL);
    ok(s, "journal", "jam", "bridge", NULL);
    is_text(s, "jam", "bridge");
    static const char *const ops[] = {"jam",  "join",     "role", "role",
                                      "task", "task-set", "note", "leave"};
    has_count(s, "journal", 8);
    for (int i = 0; i < 8; i++) {
        char path[32];
        snprintf(path, sizeof(path), "journal.%d.op", i);
        is_text(s, path, ops[i]);
        snprintf(path, sizeof(path), "journal.%d.n", i);
        is_number(s, path, i + 1);
    }
    is_text(s, "journal.0.by", "ben");
    is_text(s, "journal.0.text", "bridge");
    is_text(s, "journal.3.other", "ben");
    is_text(s, "journal.3.text", "recorder");
    is_text(s, "journal.5.text", "measure");
    is_text(s, "journal.5.state", "done");
    is_text(s, "journal.6.text", "triangles\nhold best");
    is_nil(s, "journal.6.other");
    has_age(s, "journal.5", 5);
    has_age(s, "journal.6", 0);
}

static void ones_own_journal_keeps_ones_own_work(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    ok(s, "solo", "task", "fractions", NULL);
    ok(s, "note", "text", "halves are easy", NULL);
    is_nil(s, "jam");
    ok(s, "task.add", "title", "thirds", NULL);
    ok(s, "task.take", "task", "thirds", NULL);
    ok(s, "journal", NULL);
    is_nil(s, "jam");
    has_count(s, "journal", 5);
    is_text(s, "journal.0.op", "hello");
    is_text(s, "journal.1.text", "fractions");
    is_text(s, "journal.2.text", "halves are easy");
    is_text(s, "journal.4.text", "thirds");
    refused(s, ERR_EMPTY, "note", NULL);
    refused(s, ERR_NO_SUCH_JAM, "journal", "jam", "bridge", NULL);
    hello(s, "ben");
    ok(s, "journal", "solo", "!", NULL);
    has_count(s, "journal", 1);
}

static void a_long_journal_keeps_to_its_bound(void **state)
{
    struct stage *s = *state;
    static char text[TEXT_BYTES_MAX + 1];
    memset(text, 'x', TEXT_BYTES_MAX);
    hello(s, "ana");
    ok(s, "start", "name", "bridge", NULL);
    for (int i = 0; i < 300; i++) {
        ok(s, "note", "text", text, NULL);
    }
    ok(s, "note", "text", "last", NULL);
    ok(s, "journal", NULL);
    assert_true(pack_bytes(&s->answer).len < REPLY_BYTES_MAX);
    uint32_t count = at(s, "journal")->via.array.size;
    assert_true(count > 100 && count < 300);
    char path[32];
    snprintf(path, sizeof(path), "journal.%u.text", count - 1);
    is_text(s, path, "last");
}

/* ---- feedback ---------------------------------------------------------------------------------------------------- */

static void feedback_reaches_the_one_it_is_for(void **state)
{
    struct stage *s = *state;
    struct person_id ben = hello_at(s, &pc2, "ben");
    hello(s, "ana");
    ok(s, "feedback", "person", "ben", "glow", "clean joints", "grow", "show the load", NULL);
    is_text(s, "feedback.to", "ben");
    is_text(s, "feedback.readers.0", "everybody");
    is_true(s, "feedback.sealed", false);
    is_text(s, "feedback.entry", hex_of(s->ask.made.b));
    ok(s, "feedback", "person", "ben", "grow", "speak up", NULL);
    ok(s, "inbox", NULL);
    has_count(s, "inbox", 0);
    as(s, ben);
    s->here = pc2;
    ok(s, "here", NULL);
    has_count(s, "waiting", 1);
    is_text(s, "waiting.0.kind", "feedback");
    is_text(s, "waiting.0.from", "ana");
    is_number(s, "waiting.0.n", 2);
    ok(s, "inbox", NULL);
    has_count(s, "inbox", 2);
    is_number(s, "inbox.0.n", 1);
    is_text(s, "inbox.0.from", "ana");
    is_text(s, "inbox.0.to", "ben");
    is_nil(s, "inbox.0.glow");
    is_text(s, "inbox.1.glow", "clean joints");
    is_text(s, "inbox.1.grow", "show the load");
    has_age(s, "inbox.1", 0);
    ok(s, "here", NULL);
    has_count(s, "waiting", 0);
}

static void feedback_to_a_jam_reaches_its_members(void **state)
{
    struct stage *s = *state;
    struct person_id ben = hello_at(s, &pc2, "ben");
    ok(s, "start", "name", "bridge", NULL);
    hello(s, "ana");
    ok(s, "feedback", "jam", "bridge", "glow", "it stands", NULL);
    is_text(s, "feedback.to", "bridge");
    as(s, ben);
    ok(s, "inbox", NULL);
    is_text(s, "inbox.0.to", "bridge");
    ok(s, "feedback", "jam", "bridge", "glow", "said myself", NULL);
    ok(s, "inbox", NULL);
    has_count(s, "inbox", 1);
    ok(s, "leave", NULL);
    ok(s, "inbox", NULL);
    has_count(s, "inbox", 0);
}

static void feedback_that_came_meanwhile_waits_at_hello(void **state)
{
    struct stage *s = *state;
    hello_at(s, &pc2, "ben");
    ok(s, "bye", NULL);
    hello(s, "ana");
    ok(s, "feedback", "person", "ben", "glow", "good", NULL);
    hello_at(s, &pc2, "ben");
    is_number(s, "feedback_waiting", 1);
}

static void feedback_needs_a_receiver_and_something_to_say(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    refused(s, ERR_EMPTY, "feedback", "person", "ana", NULL);
    refused(s, ERR_YOURSELF, "feedback", "person", "ana", "glow", "me", NULL);
    refused(s, ERR_EMPTY, "feedback", "glow", "for whom", NULL);
    refused(s, ERR_NO_SUCH_PERSON, "feedback", "person", "nobody", "glow", "hm", NULL);
    refused(s, ERR_NO_SUCH_JAM, "feedback", "jam", "nothing", "glow", "hm", NULL);
    ok(s, "inbox", NULL);
    has_count(s, "inbox", 0);
}

/* ---- machines ---------------------------------------------------------------------------------------------------- */

static void a_seat_is_the_label_of_a_machine(void **state)
{
    struct stage *s = *state;
    refused(s, ERR_SIGNED_OUT, "class.seat", "label", "PC 1", NULL);
    hello(s, "ana");
    ok(s, "class.seat", "label", "PC 7, window", NULL);
    is_text(s, "seat", "PC 7, window");
    is_text(s, "host", "lab-01");
    ok(s, "class.seat", "label", "PC 8", "machine", "lab-02", NULL);
    is_text(s, "host", "lab-02");
    ok(s, "class.seat", "label", "PC 9", "machine", "pc 8", NULL);
    is_text(s, "seat", "PC 9");
    ok(s, "here", NULL);
    is_text(s, "seat", "PC 7, window");
    refused(s, ERR_NO_SUCH_SEAT, "class.seat", "label", "x", "machine", "PC 20", NULL);
    refused(s, ERR_AMBIGUOUS, "class.seat", "label", "x", "machine", "lab", NULL);
    refused(s, ERR_EMPTY, "class.seat", NULL);
    ok(s, "names", "of", "seats", NULL);
    has_count(s, "names", 4);
}

static void a_seat_outlives_a_wiped_disk(void **state)
{
    struct stage *s = *state;
    static const struct device_id fresh = {.b = {77}};
    hello(s, "ana");
    ok(s, "class.seat", "label", "PC 7", NULL);
    open_machine(s, &fresh, &hw1, "lab-01");
    char seat[LABEL_BYTES];
    assert_true(seat_of_device(s->store, &fresh, seat));
    assert_string_equal(seat, "PC 7");
    static const struct device_id unknown = {.b = {78}};
    assert_false(seat_of_device(s->store, &unknown, seat));
}

/* ---- here, prompt, names ----------------------------------------------------------------------------------------- */

static void here_tells_all_that_matters_in_one_look(void **state)
{
    struct stage *s = *state;
    hello_at(s, &pc2, "ben");
    ok(s, "start", "name", "bridge", NULL);
    hello(s, "ana");
    ok(s, "join", "jam", "bridge", NULL);
    ok(s, "role.take", "role", "recorder", NULL);
    wait_s(s, 720);
    ok(s, "here", NULL);
    is_text(s, "class", "Period 3");
    is_text(s, "seat", "lab-01");
    is_text(s, "person", "ana");
    is_text(s, "handle", "ana");
    is_text(s, "place.jam", "bridge");
    has_age(s, "", 720);
    is_text(s, "roles.0", "recorder");
    is_text(s, "with.0", "ben");
    has_count(s, "tasks", 0);
    has_count(s, "waiting", 0);
    is_number(s, "people", 2);
    is_number(s, "jams", 1);
    is_true(s, "live", true);
    is_number(s, "live_s", 0);
}

static void prompt_is_one_short_field(void **state)
{
    struct stage *s = *state;
    ok(s, "prompt", NULL);
    is_text(s, "text", "");
    hello(s, "ana");
    ok(s, "prompt", NULL);
    is_text(s, "text", "solo");
    ok(s, "solo", "task", "fractions", NULL);
    ok(s, "prompt", NULL);
    is_text(s, "text",
            "solo\xc2\xb7"
            "fractions");
    ok(s, "start", "name", "bridge", NULL);
    ok(s, "role.take", "role", "recorder", NULL);
    ok(s, "prompt", NULL);
    is_text(s, "text", "bridge\xc2\xb7recorder");
}

static void names_complete_what_is_typed(void **state)
{
    struct stage *s = *state;
    hello(s, "ana");
    ok(s, "start", "name", "bridge", NULL);
    ok(s, "role.take", "role", "recorder", NULL);
    ok(s, "names", "of", "jams", NULL);
    is_text(s, "names.0", "bridge");
    ok(s, "names", "of", "roles", NULL);
    is_text(s, "names.0", "recorder");
    ok(s, "names", "of", "people", NULL);
    is_text(s, "names.0", "ana");
    refused(s, ERR_MALFORMED, "names", "of", "things", NULL);
    refused(s, ERR_MALFORMED, "names", NULL);
}

static void every_method_is_found_by_its_name(void **state)
{
    static const char *const open[] = {"here", "hello",     "list",   "show",
                                       "who",  "role.list", "prompt", "names"};
    static const char *const closed[] = {
        "bye",       "start",     "join",      "solo",     "back",      "leave",     "jam.set",
        "role.take", "role.drop", "role.give", "task.add", "task.take", "task.done", "task.open",
        "task.list", "note",      "journal",   "feedback", "inbox",     "class.seat"};
    (void)state;
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        assert_true(views_method(slice_str(open[i]))->open);
    }
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        assert_false(views_method(slice_str(closed[i]))->open);
    }
    assert_null(views_method(slice_str("dance")));
    assert_null(views_method(slice_str("")));
}

/* ---- watching ---------------------------------------------------------------------------------------------------- */

static void watch_state(struct stage *s)
{
    forget_answer(s);
    prepare(s, &s->watcher);
    s->watcher.lists = NULL;
    s->watcher.seq = 9;
    s->watcher.safe_machines = 3;
    assert_int_equal(views_state(&s->watcher, &s->answer), OK);
    read_answer(s);
}

static void a_watch_shows_everybody_in_one_place(void **state)
{
    struct stage *s = *state;
    hello_at(s, &pc2, "ben");
    ok(s, "start", "name", "bridge", NULL);
    ok(s, "task.add", "title", "measure", NULL);
    hello_at(s, &pc1, "jo");
    ok(s, "bye", NULL);
    hello_at(s, &pc1, "ana");
    ok(s, "join", "jam", "bridge", NULL);
    ok(s, "solo", "task", "fractions", NULL);
    wait_s(s, 40);
    watch_state(s);
    is_text(s, "class", "Period 3");
    is_number(s, "machines", 2);
    is_number(s, "safe_machines", 3);
    is_number(s, "seq", 9);
    has_count(s, "forks", 0);
    is_number(s, "at", s->now.wall.ms);
    is_text(s, "jams.0.in.0.person", "ben");
    is_text(s, "jams.0.solo.0.person", "ana");
    is_text(s, "jams.0.tasks.0.title", "measure");
    is_number(s, "jams.0.changed_s", 40);
    has_count(s, "solo", 1);
    is_text(s, "solo.0.person", "ana");
    is_text(s, "solo.0.seat", "lab-01");
    is_text(s, "solo.0.solo", "fractions");
    is_text(s, "solo.0.member_of.0", "bridge");
    has_age(s, "solo.0", 40);
    has_count(s, "away", 1);
    is_text(s, "away.0.person", "jo");
    is_text(s, "away.0.why", "bye");
    machine(s, &pc2, "gone");
    wait_s(s, 12);
    watch_state(s);
    has_count(s, "jams.0.in", 0);
    has_count(s, "away", 2);
    is_text(s, "away.0.person", "ben");
    is_text(s, "away.0.seat", "lab-02");
    is_text(s, "away.0.why", "silent");
    is_number(s, "away.0.age_s", 12);
    is_text(s, "away.0.clock", "seen");
    wait_s(s, 24 * 3600);
    watch_state(s);
    has_count(s, "away", 0);
}

/* The event of the fact that was folded last; false if there is none. */
static bool event(struct stage *s)
{
    forget_answer(s);
    prepare(s, &s->watcher);
    if (!views_event(&s->watcher, &s->fact, &s->answer)) {
        assert_int_equal(pack_bytes(&s->answer).len, 0);
        return false;
    }
    read_answer(s);
    has_age(s, "", 0);
    is_number(s, "lag_ms", 0);
    return true;
}

static void each_change_is_told_to_watchers(void **state)
{
    struct stage *s = *state;
    hello(s, "ben");
    hello(s, "ana");
    s->signed_in = false;
    ok(s, "hello", "handle", "ana", NULL);
    assert_true(event(s));
    is_text(s, "type", "person");
    is_text(s, "person", "ana");
    is_true(s, "here", true);
    is_text(s, "seat", "lab-01");
    ok(s, "start", "name", "bridge", "purpose", "span", NULL);
    assert_true(event(s));
    is_text(s, "type", "jam");
    is_text(s, "jam", "bridge");
    is_text(s, "purpose", "span");
    is_text(s, "by", "ana");
    ok(s, "solo", "task", "x", NULL);
    assert_true(event(s));
    is_text(s, "type", "place");
    is_text(s, "place.solo", "x");
    ok(s, "back", NULL);
    assert_true(event(s));
    is_text(s, "place.jam", "bridge");
    ok(s, "role.take", "role", "sceptic", NULL);
    assert_true(event(s));
    is_text(s, "type", "role");
    is_text(s, "role", "sceptic");
    is_text(s, "holders.0", "ana");
    ok(s, "task.add", "title", "measure", NULL);
    assert_true(event(s));
    is_text(s, "type", "task");
    is_text(s, "task.title", "measure");
    ok(s, "note", "text", "hm", NULL);
    assert_true(event(s));
    is_text(s, "type", "note");
    is_text(s, "text", "hm");
    ok(s, "class.seat", "label", "PC 7", NULL);
    assert_true(event(s));
    is_text(s, "seat", "PC 7");
    is_text(s, "host", "lab-01");
    say(s, &pc1,
        (struct op){.kind = OP_SEAT,
                    .has = FIELD_HARDWARE | FIELD_NAME,
                    .hardware = hw2,
                    .name = slice_str("PC 8")});
    assert_true(event(s));
    is_text(s, "seat", "PC 8");
    ok(s, "leave", NULL);
    assert_true(event(s));
    is_text(s, "type", "leave");
    is_text(s, "jam", "bridge");
    ok(s, "bye", NULL);
    assert_true(event(s));
    is_true(s, "here", false);
}

static bool holds(struct slice bytes, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i + len <= bytes.len; i++) {
        if (memcmp(bytes.at + i, word, len) == 0) {
            return true;
        }
    }
    return false;
}

static void private_things_are_not_told_to_watchers(void **state)
{
    struct stage *s = *state;
    hello(s, "ben");
    hello(s, "ana");
    ok(s, "note", "text", "my own thought", NULL);
    assert_false(event(s));
    ok(s, "task.add", "title", "my own task", NULL);
    assert_false(event(s));
    ok(s, "feedback", "person", "ben", "glow", "secret", NULL);
    assert_true(event(s));
    is_text(s, "type", "feedback");
    is_text(s, "from", "ana");
    is_text(s, "to", "ben");
    assert_false(holds(pack_bytes(&s->answer), "secret"));
}

static void what_does_not_count_is_not_told(void **state)
{
    struct stage *s = *state;
    struct person_id ana = hello(s, "ana"), nobody = {.b = {3}};
    ok(s, "start", "name", "bridge", NULL);
    struct ref bridge = s->ask.made, ghost = {.b = {42}};
    struct op solo = {.kind = OP_SOLO, .has = FIELD_BY, .by = ana};
    fold(s, &pc2, 2, &solo);
    assert_false(event(s));
    struct op name = {.kind = OP_JAM_SET,
                      .has = FIELD_BY | FIELD_JAM | FIELD_NAME,
                      .by = ana,
                      .jam = bridge,
                      .name = slice_str("old")};
    fold(s, &pc2, 2, &name);
    assert_false(event(s));
    struct op role = {.kind = OP_ROLE,
                      .has = FIELD_BY | FIELD_JAM | FIELD_NAME | FIELD_PERSON,
                      .by = ana,
                      .jam = ghost,
                      .name = slice_str("king"),
                      .person = ana};
    say(s, &pc2, role);
    assert_false(event(s));
    struct op join = {.kind = OP_JOIN, .has = FIELD_BY | FIELD_JAM, .by = ana, .jam = ghost};
    say(s, &pc2, join);
    assert_false(event(s));
    join.by = nobody;
    join.jam = bridge;
    say(s, &pc2, join);
    assert_false(event(s));
}

/* ---- hostile ops ------------------------------------------------------------------------------------------------- */

static void ops_without_a_word_in_them_do_no_harm(void **state)
{
    struct stage *s = *state;
    for (uint32_t kind = OP_OPEN; kind < OP_KINDS; kind++) {
        struct op op = {.kind = kind}, back;
        struct pack p;
        const struct op_row *row = op_row(kind);
        op.handle = op.name = op.title = op.text = op.more = slice_of("", 0);
        for (int with = 0; with < 2; with++) {
            op.has = row->required | (with ? row->optional : 0);
            pack_init(&p);
            assert_int_equal(op_encode(&p, &op), OK);
            assert_int_equal(op_decode(pack_bytes(&p), &back), OK);
            say(s, &pc2, back);
            forget_answer(s);
            prepare(s, &s->watcher);
            views_event(&s->watcher, &s->fact, &s->answer);
            pack_clear(&p);
        }
    }
    hello(s, "ana");
    ok(s, "list", NULL);
    ok(s, "who", NULL);
    ok(s, "here", NULL);
    watch_state(s);
}

static void names_from_the_log_may_be_anything(void **state)
{
    static const char *const hostile[] = {
        "\x1b]0;pwned\x07", "%s%n%1%2", "'; DROP TABLE jam;--", "\u202eevil", "1", "~", "~~~", "*"};
    struct stage *s = *state;
    for (uint32_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        struct person_id who = second_person(s, (uint8_t)(0x20 + i), hostile[i]);
        say(s, &pc2,
            (struct op){.kind = OP_HELLO,
                        .has = FIELD_BY | FIELD_KEY | FIELD_SIGNATURE | FIELD_MOVES,
                        .moves = true,
                        .by = who});
        say(s, &pc2,
            (struct op){.kind = OP_JAM,
                        .has = FIELD_BY | FIELD_NAME,
                        .by = who,
                        .name = slice_str(hostile[i])});
    }
    hello(s, "ana");
    ok(s, "list", NULL);
    has_count(s, "jams", 8);
    ok(s, "join", "jam", "5", NULL);
    is_text(s, "jam", "1");
    ok(s, "who", NULL);
    has_count(s, "people", 9);
    ok(s, "join", "jam", "%s", NULL);
    is_text(s, "jam", "%s%n%1%2");
    watch_state(s);
    has_count(s, "jams", 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hello_signs_up_once_and_then_signs_in),
        TEST(handles_that_look_alike_are_one_person),
        TEST(handles_that_mean_something_else_are_refused),
        TEST(a_handle_loses_what_would_harm_a_screen),
        TEST(two_of_one_handle_carry_tails_of_their_ids),
        TEST(tails_grow_until_they_differ),
        TEST(nobody_looks_like_somebody_with_a_tail),
        TEST(who_has_no_handle_is_not_shown),
        TEST(hello_elsewhere_moves_the_person),
        TEST(hello_again_at_ones_own_terminal_changes_nothing),
        TEST(hello_of_another_ends_the_session_before),
        TEST(bye_of_one_who_moved_on_does_not_end_the_new_session),
        TEST(bye_tells_where_one_was),
        TEST(who_tells_place_seat_and_whether_the_machine_is_heard),
        TEST(start_founds_a_jam_and_goes_in),
        TEST(names_of_jams_are_checked),
        TEST(join_finds_a_jam_by_any_of_its_names),
        TEST(a_mistyped_jam_gets_a_suggestion),
        TEST(a_beginning_that_two_jams_have_is_asked_back),
        TEST(of_jams_of_one_name_mine_is_meant),
        TEST(candidates_are_four_at_most),
        TEST(a_jam_that_nobody_founded_is_not_shown),
        TEST(a_jam_changes_name_and_purpose_each_for_itself),
        TEST(list_shows_jams_in_order_of_founding),
        TEST(show_tells_all_of_one_jam),
        TEST(the_last_word_says_where_one_is),
        TEST(join_tells_who_is_there_and_where_one_was),
        TEST(back_returns_and_tells_the_news),
        TEST(back_goes_to_the_jam_before),
        TEST(leave_ends_a_membership_and_the_place_in_it),
        TEST(a_join_beside_a_leave_stays),
        TEST(a_leave_that_comes_before_its_join_counts),
        TEST(who_went_in_and_out_all_year_can_leave),
        TEST(two_may_hold_a_role_and_settle_it),
        TEST(a_role_that_is_dropped_is_held_by_nobody),
        TEST(tasks_are_opened_taken_and_done),
        TEST(who_holds_a_task_holds_it_also_when_another_finishes_it),
        TEST(tasks_of_ones_own_are_kept_apart),
        TEST(the_journal_tells_the_story_of_a_jam),
        TEST(ones_own_journal_keeps_ones_own_work),
        TEST(a_long_journal_keeps_to_its_bound),
        TEST(feedback_reaches_the_one_it_is_for),
        TEST(feedback_to_a_jam_reaches_its_members),
        TEST(feedback_that_came_meanwhile_waits_at_hello),
        TEST(feedback_needs_a_receiver_and_something_to_say),
        TEST(a_seat_is_the_label_of_a_machine),
        TEST(a_seat_outlives_a_wiped_disk),
        TEST(here_tells_all_that_matters_in_one_look),
        TEST(prompt_is_one_short_field),
        TEST(names_complete_what_is_typed),
        TEST(every_method_is_found_by_its_name),
        TEST(a_watch_shows_everybody_in_one_place),
        TEST(each_change_is_told_to_watchers),
        TEST(private_things_are_not_told_to_watchers),
        TEST(what_does_not_count_is_not_told),
        TEST(ops_without_a_word_in_them_do_no_harm),
        TEST(names_from_the_log_may_be_anything),
    };
    return cmocka_run_group_tests_name("views", tests, NULL, NULL);
}
