/* What is private: who reads what in a class with passphrases, and boxes that claim what they aren't. That nothing of it
 * leaks from a real daemon is tried in tests/e2e/private.t. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "authority.h"
#include "inbox.h"
#include "room.h"

/* ---- a room with passphrases ------------------------------------------------------------------------------------- */

static const char TEACHERS[] = "cobweb item comet lamp domino";
static const char WORDS[] = "cobweb item comet";

#define DONE(room, i, ...)            assert_string_equal(ASK(room, i, __VA_ARGS__), "")
#define SAYS(room, i, path, expected) assert_string_equal(room_text(room, i, path), expected)

static void hello(struct room *room, int i, const char *handle)
{
    DONE(room, i, "hello", "handle", handle, "passphrase", WORDS);
    room_run(room, 500);
}

/* lee, who made it, at machine 0; ana, ben and chloe at 1 to 3. What names them is on the roster, so shown plainly. */
static struct room *class_with_passphrases(const char *teachers_read)
{
    static const char *const names[] = {"ana", "ben", "chloe"};
    struct room *room = room_new(4);
    char invite[256];
    DONE(room, 0, "class.create", "name", "Period 3", "handle", "lee", "passphrase", TEACHERS,
         teachers_read, "!");
    snprintf(invite, sizeof(invite), "%s", room_text(room, 0, "invite"));
    for (int i = 1; i < 4; i++) {
        DONE(room, i, "class.join", "words", invite);
    }
    room_run(room, 2000);
    for (int i = 1; i < 4; i++) {
        hello(room, i, names[i - 1]);
        DONE(room, 0, "people.confirm", "person", names[i - 1]);
    }
    room_run(room, 2000);
    return room;
}

/* "inbox.0.glow" and the like, as machine i is told it. */
static void inbox_says(struct room *room, int i, const char *path, const char *expected)
{
    DONE(room, i, "inbox");
    SAYS(room, i, path, expected);
}

static void feedback_is_read_by_whom_it_is_for(void **state)
{
    (void)state;
    struct room *room = class_with_passphrases("readmit");
    DONE(room, 1, "feedback.readers", "person", "ben");
    SAYS(room, 1, "to", "ben");
    SAYS(room, 1, "sealed", "true");
    SAYS(room, 1, "readers.0", "ben");
    SAYS(room, 1, "readers.1", "");
    DONE(room, 1, "feedback", "person", "ben", "glow", "clean joints", "grow", "show the load",
         "about", "000102030405060708090a0b0c0d0e0f");
    SAYS(room, 1, "feedback.to", "ben");
    SAYS(room, 1, "feedback.sealed", "true");
    SAYS(room, 1, "feedback.readers.0", "ben");
    SAYS(room, 1, "feedback.as", "ana");
    room_run(room, 1000);
    DONE(room, 2, "here");
    SAYS(room, 2, "waiting.0.from", "ana");
    SAYS(room, 2, "waiting.0.n", "1");
    for (int i = 0; i < 4; i++) {
        inbox_says(room, i, "inbox.0.glow", i == 2 ? "clean joints" : "");
        inbox_says(room, i, "inbox.0.grow", i == 2 ? "show the load" : "");
        inbox_says(room, i, "inbox.0.from", i == 2 ? "ana" : "");
        inbox_says(room, i, "inbox.1.from", "");
    }
    inbox_says(room, 2, "inbox.0.to", "ben");
    inbox_says(room, 2, "inbox.0.about", "000102030405060708090a0b0c0d0e0f");
    inbox_says(room, 2, "old_key", "false");
    DONE(room, 2, "here");
    SAYS(room, 2, "waiting.0.from", "");
    room_free(room);
}

static void it_is_read_at_any_machine_and_waits_at_hello(void **state)
{
    (void)state;
    struct room *room = class_with_passphrases("readmit");
    DONE(room, 2, "bye");
    room_run(room, 500);
    DONE(room, 1, "feedback", "person", "ben", "glow", "good");
    DONE(room, 1, "feedback", "person", "chloe", "glow", "not for ben");
    room_run(room, 1000);
    DONE(room, 3, "bye");
    DONE(room, 3, "hello", "handle", "ben", "passphrase", WORDS);
    SAYS(room, 3, "feedback_waiting", "1");
    SAYS(room, 3, "readers", "recipient");
    inbox_says(room, 3, "inbox.0.glow", "good");
    inbox_says(room, 3, "inbox.1.glow", "");
    /* who sits down next at this terminal gets their own */
    DONE(room, 3, "bye");
    DONE(room, 3, "hello", "handle", "chloe", "passphrase", WORDS);
    inbox_says(room, 3, "inbox.0.glow", "not for ben");
    inbox_says(room, 3, "inbox.1.glow", "");
    room_free(room);
}

static void the_policy_lets_the_founding_teacher_read(void **state)
{
    (void)state;
    struct room *room = class_with_passphrases("teachers_read");
    DONE(room, 1, "feedback.readers", "person", "ben");
    SAYS(room, 1, "readers.0", "ben");
    SAYS(room, 1, "readers.1", "teachers");
    DONE(room, 1, "feedback", "person", "ben", "glow", "clean joints");
    SAYS(room, 1, "feedback.readers.1", "teachers");
    DONE(room, 1, "feedback.readers", "person", "lee");
    SAYS(room, 1, "readers.0", "lee");
    SAYS(room, 1, "readers.1", "");
    room_run(room, 1000);
    inbox_says(room, 0, "inbox.0.glow", "clean joints");
    inbox_says(room, 0, "inbox.0.to", "ben");
    inbox_says(room, 2, "inbox.0.glow", "clean joints");
    inbox_says(room, 3, "inbox.0.from", "");
    room_free(room);
}

/* All teachers read: who is named, from then on; who isn't one any more, no longer. */
static void teachers_who_are_named_read_from_then_on(void **state)
{
    (void)state;
    struct room *room = class_with_passphrases("teachers_read");
    DONE(room, 1, "feedback", "person", "ben", "glow", "before");
    room_run(room, 1000);
    DONE(room, 0, "people.teacher", "person", "chloe");
    room_run(room, 1000);
    DONE(room, 1, "feedback", "person", "ben", "glow", "after");
    DONE(room, 1, "feedback.readers", "person", "lee");
    SAYS(room, 1, "readers.1", "teachers");
    room_run(room, 1000);
    inbox_says(room, 3, "inbox.0.glow", "after");
    inbox_says(room, 3, "inbox.1.glow", "");
    inbox_says(room, 0, "inbox.0.glow", "after");
    inbox_says(room, 0, "inbox.1.glow", "before");
    inbox_says(room, 2, "inbox.1.glow", "before");
    DONE(room, 0, "people.teacher", "person", "chloe", "off", "!");
    room_run(room, 1000);
    DONE(room, 1, "feedback", "person", "ben", "glow", "later");
    room_run(room, 1000);
    inbox_says(room, 0, "inbox.0.glow", "later");
    inbox_says(room, 3, "inbox.0.glow", "");
    room_free(room);
}

static void to_a_jam_it_is_open(void **state)
{
    (void)state;
    struct room *room = class_with_passphrases("teachers_read");
    DONE(room, 2, "start", "name", "bridge");
    room_run(room, 500);
    DONE(room, 1, "feedback.readers", "jam", "bridge");
    SAYS(room, 1, "sealed", "false");
    SAYS(room, 1, "readers.0", "everybody");
    DONE(room, 1, "feedback", "jam", "bridge", "glow", "it stands");
    SAYS(room, 1, "feedback.readers.0", "everybody");
    DONE(room, 1, "feedback", "person", "ben", "glow", "you held it");
    room_run(room, 1000);
    inbox_says(room, 2, "inbox.0.glow", "you held it");
    inbox_says(room, 2, "inbox.1.glow", "it stands");
    inbox_says(room, 2, "inbox.1.to", "bridge");
    room_free(room);
}

/* How often a record of the answer has this text at a path, as machine i is told it; all of an export, piece by piece. */
static uint32_t kept(struct room *room, int i, const char *path, const char *text)
{
    char from[256] = "";
    uint32_t found = 0, pieces = 0;
    do {
        char place[64];
        *from ? DONE(room, i, "class.export", "from", from) : DONE(room, i, "class.export");
        for (uint32_t k = 0; k < 128; k++) {
            snprintf(place, sizeof(place), "records.%u.%s", k, path);
            found += strcmp(room_text(room, i, place), text) == 0;
        }
        SAYS(room, i, "records.128.type", "");
        snprintf(from, sizeof(from), "%s", room_text(room, i, "next"));
        assert_true(++pieces < 100);
    } while (*from);
    return found;
}

static void one_keeps_what_is_open_and_ones_own(void **state)
{
    (void)state;
    struct room *room = class_with_passphrases("readmit");
    DONE(room, 1, "note", "text", "my own thought");
    DONE(room, 1, "start", "name", "bridge");
    DONE(room, 1, "note", "text", "triangles hold");
    DONE(room, 1, "task.add", "title", "measure");
    DONE(room, 1, "task.add", "title", "read", "solo", "!");
    DONE(room, 1, "feedback", "jam", "bridge", "glow", "it stands");
    DONE(room, 1, "feedback", "person", "ben", "glow", "clean joints");
    room_run(room, 1000);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(kept(room, i, "type", "class"), 1);
        assert_int_equal(kept(room, i, "name", "bridge"), 1);
        assert_int_equal(kept(room, i, "line.text", "triangles hold"), 1);
        assert_int_equal(kept(room, i, "task.title", "measure"), 1);
        assert_int_equal(kept(room, i, "feedback.glow", "it stands"), 1);
        assert_int_equal(kept(room, i, "line.text", "my own thought"), i == 1);
        assert_int_equal(kept(room, i, "task.title", "read"), i == 1);
        assert_int_equal(kept(room, i, "feedback.glow", "clean joints"), i == 2);
        assert_int_equal(kept(room, i, "line.op", "hello"), 0);
        assert_int_equal(kept(room, i, "line.op", "join"), 0);
        assert_int_equal(kept(room, i, "line.op", "solo"), 0);
    }
    DONE(room, 3, "bye");
    assert_string_equal(ASK(room, 3, "class.export"), "signed-out");
    room_free(room);
}

static void the_policy_decides_what_the_founding_teacher_keeps(void **state)
{
    (void)state;
    struct room *room = class_with_passphrases("teachers_read");
    DONE(room, 1, "note", "text", "my own thought");
    DONE(room, 1, "feedback", "person", "ben", "glow", "clean joints");
    room_run(room, 1000);
    assert_int_equal(kept(room, 0, "feedback.glow", "clean joints"), 1);
    assert_int_equal(kept(room, 0, "feedback.to", "ben"), 1);
    assert_int_equal(kept(room, 0, "line.text", "my own thought"), 0);
    assert_int_equal(kept(room, 3, "feedback.glow", "clean joints"), 0);
    room_free(room);
}

/* More letters than one answer tries, only some of them hers. */
static void many_letters_come_piece_by_piece(void **state)
{
    (void)state;
    enum { LETTERS = 300 };
    struct room *room = class_with_passphrases("readmit");
    for (int i = 0; i < LETTERS; i++) {
        DONE(room, 1, "feedback", "person", i % 3 ? "ben" : "chloe", "glow", "again");
    }
    DONE(room, 1, "start", "name", "bridge");
    DONE(room, 1, "start", "name", "tower");
    for (int i = 0; i < LETTERS; i++) {
        DONE(room, 1, "note", "text", "again");
        room_run(room, 300);
    }
    room_run(room, 5000);
    assert_int_equal(kept(room, 2, "feedback.glow", "again"), LETTERS / 3 * 2);
    assert_int_equal(kept(room, 3, "feedback.glow", "again"), LETTERS / 3);
    assert_int_equal(kept(room, 1, "feedback.glow", "again"), 0);
    assert_int_equal(kept(room, 3, "line.text", "again"), LETTERS);
    assert_int_equal(kept(room, 3, "type", "jam"), 2);
    room_free(room);
}

/* One answer tries the newest, the machine goes on by itself. */
static void an_old_letter_comes_a_moment_later(void **state)
{
    (void)state;
    struct room *room = class_with_passphrases("readmit");
    DONE(room, 1, "feedback", "person", "chloe", "glow", "the first of all");
    for (int i = 0; i < LETTERS_ASKED_MAX; i++) {
        DONE(room, 1, "feedback", "person", "ben", "glow", "again");
        room_run(room, i % 32 ? 0 : 2000); /* so that the quotas let them through */
    }
    room_run(room, 60000);
    inbox_says(room, 3, "inbox.0.from", "");
    room_run(room, 1000);
    inbox_says(room, 3, "inbox.0.glow", "the first of all");
    room_free(room);
}

static void where_an_export_goes_on_is_checked(void **state)
{
    (void)state;
    char cursor[3 + 2 * 2 * sizeof(struct stamp)];
    struct room *room = class_with_passphrases("readmit");
    assert_string_equal(ASK(room, 1, "class.export", "from", "x"), "malformed");
    for (int part = 0; part < 12; part++) {
        snprintf(cursor, sizeof(cursor), "%02x", part);
        assert_string_equal(ASK(room, 1, "class.export", "from", cursor), "malformed");
        memset(cursor + 2, 'f', sizeof(cursor) - 3);
        cursor[sizeof(cursor) - 1] = '\0';
        assert_string_equal(ASK(room, 1, "class.export", "from", cursor),
                            part < 8 ? "" : "malformed");
        cursor[40] = 'G';
        assert_string_equal(ASK(room, 1, "class.export", "from", cursor), "malformed");
    }
    room_free(room);
}

static void what_fits_no_box_is_refused(void **state)
{
    (void)state;
    static char text[TEXT_BYTES_MAX + 1];
    struct room *room = class_with_passphrases("readmit");
    memset(text, 'x', LETTER_BYTES_MAX - 200);
    DONE(room, 1, "feedback", "person", "ben", "glow", text);
    assert_string_equal(ASK(room, 1, "feedback", "person", "ben", "glow", text, "grow", text),
                        "too-long");
    memset(text, 'x', TEXT_BYTES_MAX);
    assert_string_equal(ASK(room, 1, "feedback", "person", "ben", "glow", text), "too-long");
    assert_string_equal(ASK(room, 1, "note", "text", text), "too-long");
    assert_string_equal(ASK(room, 1, "feedback", "person", "ben", "glow", "x", "about", "x"),
                        "no-such-entry");
    room_run(room, 1000);
    inbox_says(room, 2, "inbox.1.from", "");
    room_free(room);
}

static void a_note_to_oneself_is_ones_own(void **state)
{
    (void)state;
    struct room *room = class_with_passphrases("teachers_read");
    DONE(room, 1, "note", "text", "I don't dare to ask");
    SAYS(room, 1, "sealed", "true");
    DONE(room, 1, "journal", "solo", "!");
    SAYS(room, 1, "journal.1.op", "note");
    SAYS(room, 1, "journal.1.text", "I don't dare to ask");
    SAYS(room, 1, "old_key", "0");
    DONE(room, 1, "start", "name", "bridge");
    DONE(room, 1, "note", "text", "it holds");
    SAYS(room, 1, "sealed", "false");
    room_run(room, 1000);
    DONE(room, 2, "journal", "jam", "bridge");
    SAYS(room, 2, "journal.1.text", "it holds");
    DONE(room, 2, "bye");
    DONE(room, 1, "bye");
    DONE(room, 2, "hello", "handle", "ana", "passphrase", WORDS);
    DONE(room, 2, "journal", "solo", "!");
    SAYS(room, 2, "journal.1.text", "I don't dare to ask");
    room_free(room);
}

static void another_passphrase_opens_the_same_letters(void **state)
{
    (void)state;
    struct room *room = class_with_passphrases("readmit");
    DONE(room, 1, "feedback", "person", "ben", "glow", "good");
    room_run(room, 1000);
    DONE(room, 2, "passphrase", "old", WORDS, "new", "lamp domino item");
    DONE(room, 2, "bye");
    DONE(room, 2, "hello", "handle", "ben", "passphrase", "lamp domino item");
    inbox_says(room, 2, "inbox.0.glow", "good");
    inbox_says(room, 2, "old_key", "false");
    room_free(room);
}

/* A card brings another key: what was sealed to the old one is lost, and that is said. */
static void a_card_opens_no_old_letters_and_says_so(void **state)
{
    (void)state;
    char card[128];
    struct room *room = class_with_passphrases("readmit");
    DONE(room, 2, "note", "text", "mine");
    DONE(room, 1, "feedback", "person", "ben", "glow", "before");
    room_run(room, 1000);
    DONE(room, 0, "people.reset", "person", "ben");
    snprintf(card, sizeof(card), "%s", room_text(room, 0, "card.words"));
    room_run(room, 1000);
    DONE(room, 1, "feedback", "person", "ben", "glow", "after");
    assert_string_equal(ASK(room, 2, "bye"), "signed-out"); /* by the card */
    room_run(room, 1000);
    DONE(room, 2, "hello", "handle", "ben", "passphrase", card, "new", "lamp domino item");
    SAYS(room, 2, "key_reset", "true");
    SAYS(room, 2, "feedback_waiting", "1");
    inbox_says(room, 2, "inbox.0.glow", "after");
    inbox_says(room, 2, "inbox.1.glow", "");
    inbox_says(room, 2, "old_key", "true");
    inbox_says(room, 3, "old_key", "false");
    DONE(room, 2, "journal", "solo", "!");
    SAYS(room, 2, "old_key", "1");
    SAYS(room, 2, "journal.1.text", "");
    room_free(room);
}

/* ---- boxes that claim what they aren't --------------------------------------------------------------------------- */

/* One machine's log and views; ops are put there as if anybody could have written them. */
struct desk {
    struct store *store;
    struct rng rng;
    struct class_id class;
    struct sign_key root, ana, ben, mallory;
    struct sign_pk root_pk, ana_pk, ben_pk, mallory_pk;
    struct person_id root_id, ana_id, ben_id, mallory_id;
    struct opened opened;
    struct ask ask;
    uint64_t seq;
};

static const struct feed_id feed = {{7}};

static void person(struct desk *d, uint8_t first, struct sign_key *key, struct sign_pk *pk,
                   struct person_id *id)
{
    uint8_t seed[32] = {first};
    sign_keypair(seed, key, pk);
    *id = person_id_of(&d->class, pk);
}

static int desk_open(void **state)
{
    static const uint8_t seed[32] = {9};
    struct desk *d = calloc(1, sizeof(*d));
    assert_non_null(d);
    uint8_t root_seed[32] = {1};
    sign_keypair(root_seed, &d->root, &d->root_pk);
    d->class = class_id_of(&d->root_pk);
    person(d, 1, &d->root, &d->root_pk, &d->root_id);
    person(d, 2, &d->ana, &d->ana_pk, &d->ana_id);
    person(d, 3, &d->ben, &d->ben_pk, &d->ben_id);
    person(d, 4, &d->mallory, &d->mallory_pk, &d->mallory_id);
    rng_seed(&d->rng, seed);
    assert_int_equal(store_open(":memory:", NULL, &d->store), OK);
    assert_int_equal(store_begin(d->store), OK);
    store_local_set(d->store, "root", &d->root_pk, sizeof(d->root_pk));
    store_do(d->store, "INSERT INTO feed (id, feed, key, device) VALUES (1,?,x'',x'')", "f", &feed);
    store_do(d->store, "INSERT INTO class VALUES (0,'Period 3',2,0,x'00')", "");
    *state = d;
    return 0;
}

static int desk_close(void **state)
{
    struct desk *d = *state;
    opened_forget(&d->opened);
    store_rollback(d->store);
    store_close(&d->store);
    free(d);
    return 0;
}

static void post(struct desk *d, const struct op *op)
{
    uint8_t payload[PAYLOAD_BYTES_MAX] = {0};
    struct pack p;
    struct fact fact = {.op = op};
    struct op again;
    d->seq++;
    fact.stamp = stamp_of(d->seq, &feed, d->seq);
    memcpy(fact.id.b, &d->seq, sizeof(d->seq));
    pack_init_room(&p, payload + SALT_BYTES, OP_BYTES_MAX);
    assert_int_equal(op_encode(&p, op), OK);
    assert_false(p.failed);
    size_t len = SALT_BYTES + pack_bytes(&p).len;
    assert_int_equal(op_decode(pack_bytes(&p), &again), OK);
    store_do(d->store,
             "INSERT INTO entry (feed, seq, lamport, time_ms, hash, payload, kind)"
             " VALUES (1,?,?,0,x'',?,?)",
             "iibi", (int64_t)d->seq, (int64_t)d->seq, slice_of(payload, len), (int64_t)op->kind);
    views_fold(d->store, &fact);
    assert_int_equal(store_err(d->store), OK);
}

static struct letter a_letter(struct desk *d)
{
    return (struct letter){.kind = LETTER_FEEDBACK,
                           .author = d->ana_id,
                           .class = d->class,
                           .recipient = d->ben_id,
                           .text = slice_str("good")};
}

/* FEEDBACK by somebody with this letter in a box for ben and in one for the teacher. */
static struct op sealed_op(struct desk *d, const struct person_id *by, const struct letter *letter)
{
    static uint8_t box[BOX_BYTES_MAX], second[BOX_BYTES_MAX];
    size_t len = 0, second_len = 0;
    assert_int_equal(letter_seal(letter, &d->ben_pk, &d->rng, box, &len), OK);
    assert_int_equal(letter_share(letter, &d->root_pk, 1, &d->rng, second, &second_len), OK);
    return (struct op){.kind = OP_FEEDBACK,
                       .has = FIELD_BY | FIELD_BOX | FIELD_SECOND,
                       .by = *by,
                       .box = slice_of(box, len),
                       .second = slice_of(second, second_len)};
}

static uint32_t inbox_of(struct desk *d, const struct person_id *who, const struct sign_key *key)
{
    static const struct stamp always;
    struct lines lines;
    d->ask = (struct ask){.store = d->store,
                          .class = d->class,
                          .signed_in = true,
                          .me = *who,
                          .key = key,
                          .opened = &d->opened};
    inbox_read(&d->ask, &always, &lines);
    return lines.count;
}

static void expect(struct desk *d, uint32_t bens, uint32_t teachers)
{
    assert_int_equal(inbox_of(d, &d->ben_id, &d->ben), bens);
    assert_int_equal(inbox_of(d, &d->root_id, &d->root), teachers);
    assert_int_equal(inbox_of(d, &d->mallory_id, &d->mallory), 0);
    assert_int_equal(inbox_of(d, &d->ana_id, &d->ana), 0);
}

static void a_box_that_another_posts_again_is_shown_nowhere(void **state)
{
    struct desk *d = *state;
    struct letter letter = a_letter(d);
    struct op op = sealed_op(d, &d->ana_id, &letter);
    static const uint8_t nothing[BOX_BYTES_MAX];
    post(d, &op);
    expect(d, 1, 1);
    op.by = d->mallory_id;
    post(d, &op);
    expect(d, 1, 1);
    op.second = op.box; /* also where the teacher looks */
    post(d, &op);
    op.by = d->ana_id;
    op = sealed_op(d, &d->ana_id, &letter);
    op.box.at = nothing;
    post(d, &op); /* ana's own doing: the teacher may read it, ben can't */
    expect(d, 1, 2);
}

static void a_box_of_another_class_or_for_another_is_shown_nowhere(void **state)
{
    struct desk *d = *state;
    struct letter letter = a_letter(d);
    letter.class.b[0]++;
    struct op op = sealed_op(d, &d->ana_id, &letter);
    post(d, &op);
    expect(d, 0, 0);
    letter = a_letter(d);
    letter.recipient =
        d->mallory_id; /* in ben's box: ben passes it by, the teacher sees it as it is */
    op = sealed_op(d, &d->ana_id, &letter);
    post(d, &op);
    expect(d, 0, 1);
}

static void a_note_is_no_feedback(void **state)
{
    struct desk *d = *state;
    struct letter letter = {.kind = LETTER_NOTE,
                            .author = d->mallory_id,
                            .class = d->class,
                            .recipient = d->mallory_id,
                            .text = slice_str("to myself")};
    struct op op = sealed_op(d, &d->mallory_id, &letter);
    post(d, &op);
    expect(d, 0, 0);
}

static void boxes_of_a_false_shape_are_no_feedback(void **state)
{
    struct desk *d = *state;
    struct letter letter = a_letter(d);
    struct op op = sealed_op(d, &d->ana_id, &letter), other = op;
    other.second.len--;
    post(d, &other);
    other = op;
    other.box.len = --other.second.len;
    post(d, &other);
    other = op;
    other.has &= ~(uint32_t)FIELD_SECOND;
    post(d, &other);
    other = op;
    other.has |= FIELD_PERSON;
    other.person = d->ben_id;
    post(d, &other);
    sqlite3_stmt *stmt = store_query(d->store, "SELECT count(*) FROM feedback");
    assert_true(store_row(d->store, stmt));
    assert_int_equal(sqlite3_column_int(stmt, 0), 0);
    sqlite3_reset(stmt);
    expect(d, 0, 0);
}

/* What was erased in the log, or refused later, is gone from the inbox too, though it was opened before. */
static void what_is_gone_is_gone_from_the_inbox(void **state)
{
    struct desk *d = *state;
    struct letter letter = a_letter(d);
    uint8_t room[LETTER_BYTES_MAX];
    struct op op = sealed_op(d, &d->ana_id, &letter);
    for (int i = 0; i < 3; i++) {
        post(d, &op);
    }
    assert_int_equal(inbox_of(d, &d->ben_id, &d->ben), 3);
    struct stamp second = stamp_of(2, &feed, 2);
    store_do(d->store, "DELETE FROM feedback WHERE stamp=?", "s", &second);
    assert_int_equal(inbox_of(d, &d->ben_id, &d->ben), 2);
    post(d, &op);
    assert_int_equal(inbox_of(d, &d->ben_id, &d->ben), 3);
    struct stamp third = stamp_of(3, &feed, 3);
    assert_true(letter_read(&d->ask, LETTER_FEEDBACK, &third, room, &letter));
    store_do(d->store, "UPDATE entry SET payload=NULL WHERE seq=3", "");
    assert_false(letter_read(&d->ask, LETTER_FEEDBACK, &third, room, &letter));
    assert_int_equal(store_err(d->store), OK);
}

/* The policy decides whether the teacher's key is tried; nobody's is without a key. */
static void without_the_policy_no_second_box_is_opened(void **state)
{
    struct desk *d = *state;
    struct letter letter = a_letter(d);
    struct op op = sealed_op(d, &d->ana_id, &letter);
    post(d, &op);
    store_do(d->store, "UPDATE class SET policy=0", "");
    expect(d, 1, 0);
    assert_int_equal(inbox_of(d, &d->ben_id, NULL), 0);
}

/* ---- what an author writes --------------------------------------------------------------------------------------- */

static void sign_up(struct desk *d, const char *handle, const struct person_id *id,
                    const struct sign_pk *pk)
{
    store_do(d->store, "INSERT INTO person (person, handle, handle_key) VALUES (?,?2,?2)", "pt", id,
             slice_str(handle));
    store_do(d->store, "INSERT INTO person_key VALUES (?,?,x'',x'',x'')", "pb", id, SLICE(*pk));
}

/* Which of the two boxes that ana's feedback to ben has opens for a key: a bit each. */
static unsigned opens(struct desk *d, const struct sign_key *key)
{
    static const char *const pairs[] = {"person", "ben", "glow", "good"};
    uint8_t room[LETTER_BYTES_MAX];
    struct box_key box_key;
    struct letter letter;
    struct pack params;
    struct doc doc;
    pack_init(&params);
    pack_map(&params, 2);
    for (int i = 0; i < 4; i++) {
        pack_str(&params, pairs[i]);
    }
    assert_int_equal(doc_open(&doc, pack_bytes(&params), PACK_LOCAL), OK);
    d->ask = (struct ask){.store = d->store,
                          .class = d->class,
                          .rng = &d->rng,
                          .signed_in = true,
                          .me = d->ana_id,
                          .key = &d->ana,
                          .params = &doc.root};
    assert_int_equal(views_method(slice_str("feedback"))->plan(&d->ask), OK);
    const struct op *op = &d->ask.ops[0];
    assert_int_equal(op->has, FIELD_BY | FIELD_BOX | FIELD_SECOND);
    assert_true(op->box.len == op->second.len || letter_shared_fits(op->second.len, op->box.len));
    /* noise, if it isn't a box: else it would tell that nobody but ben reads this */
    uint32_t zeros = 0;
    for (size_t i = 0; i < op->second.len; i++) {
        zeros += op->second.at[i] == 0;
    }
    assert_true(zeros < op->second.len / 8);
    box_key_of(key, &box_key);
    unsigned opened = (letter_open(&box_key, op->box, room, &letter) == OK) |
                      (letter_open_shared(&box_key, op->second, room, &letter) == OK) << 1;
    doc_clear(&doc);
    pack_clear(&params);
    return opened;
}

static void the_second_box_is_the_teachers_only_by_policy(void **state)
{
    struct desk *d = *state;
    sign_up(d, "lee", &d->root_id, &d->root_pk);
    sign_up(d, "ana", &d->ana_id, &d->ana_pk);
    sign_up(d, "ben", &d->ben_id, &d->ben_pk);
    assert_int_equal(opens(d, &d->ben), 1);
    assert_int_equal(opens(d, &d->root), 2);
    assert_int_equal(opens(d, &d->ana), 0);
    store_do(d->store, "UPDATE class SET policy=0", "");
    assert_int_equal(opens(d, &d->ben), 1);
    assert_int_equal(opens(d, &d->root), 0);
    assert_int_equal(opens(d, &d->ana), 0);
}

/* Each letter is tried once in a sitting. */
static void what_was_tried_is_not_tried_again(void **state)
{
    struct desk *d = *state;
    struct letter letter = a_letter(d);
    struct op op = sealed_op(d, &d->ana_id, &letter);
    for (int i = 0; i < 5; i++) {
        post(d, &op);
    }
    assert_int_equal(inbox_of(d, &d->ben_id, &d->ben), 5);
    /* were they opened again, none would */
    store_do(d->store, "UPDATE entry SET payload=NULL", "");
    assert_int_equal(inbox_of(d, &d->ben_id, &d->ben), 5);
    /* for another key they are */
    assert_int_equal(inbox_of(d, &d->mallory_id, &d->mallory), 0);
    assert_int_equal(inbox_of(d, &d->ben_id, &d->ben), 0);
}

int main(void)
{
#define AT_DESK(test) cmocka_unit_test_setup_teardown(test, desk_open, desk_close)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(feedback_is_read_by_whom_it_is_for),
        cmocka_unit_test(it_is_read_at_any_machine_and_waits_at_hello),
        cmocka_unit_test(the_policy_lets_the_founding_teacher_read),
        cmocka_unit_test(teachers_who_are_named_read_from_then_on),
        cmocka_unit_test(to_a_jam_it_is_open),
        cmocka_unit_test(one_keeps_what_is_open_and_ones_own),
        cmocka_unit_test(the_policy_decides_what_the_founding_teacher_keeps),
        cmocka_unit_test(many_letters_come_piece_by_piece),
        cmocka_unit_test(an_old_letter_comes_a_moment_later),
        cmocka_unit_test(where_an_export_goes_on_is_checked),
        cmocka_unit_test(what_fits_no_box_is_refused),
        cmocka_unit_test(a_note_to_oneself_is_ones_own),
        cmocka_unit_test(another_passphrase_opens_the_same_letters),
        cmocka_unit_test(a_card_opens_no_old_letters_and_says_so),
        AT_DESK(a_box_that_another_posts_again_is_shown_nowhere),
        AT_DESK(a_box_of_another_class_or_for_another_is_shown_nowhere),
        AT_DESK(a_note_is_no_feedback),
        AT_DESK(boxes_of_a_false_shape_are_no_feedback),
        AT_DESK(what_is_gone_is_gone_from_the_inbox),
        AT_DESK(without_the_policy_no_second_box_is_opened),
        AT_DESK(the_second_box_is_the_teachers_only_by_policy),
        AT_DESK(what_was_tried_is_not_tried_again),
    };
    keys_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
