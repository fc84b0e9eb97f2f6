/* letter.c: what fits a box and what doesn't, and that nothing opens but what was written. Vectors: tests/vectors/
 * letters.txt. */
#include "vectors.h"

#include "letter.h"

static const char VECTORS[] = "tests/vectors/letters.txt";

struct pen {
    struct sign_key key;
    struct sign_pk pk;
    struct box_key box_key;
    struct rng rng;
};

static struct pen pen_of(uint8_t first)
{
    uint8_t seed[32];
    struct pen pen;
    memset(seed, first, sizeof(seed));
    sign_keypair(seed, &pen.key, &pen.pk);
    box_key_of(&pen.key, &pen.box_key);
    rng_seed(&pen.rng, seed);
    return pen;
}

static struct letter letter_from(enum letter_kind kind)
{
    struct letter letter = {.kind = kind, .text = slice_str("clean joints")};
    memset(letter.author.b, 0x10, sizeof(letter.author.b));
    memset(letter.class.b, 0x20, sizeof(letter.class.b));
    memset(letter.recipient.b, kind == LETTER_NOTE ? 0x10 : 0x30, sizeof(letter.recipient.b));
    return letter;
}

static struct letter feedback_from(void)
{
    struct letter letter = letter_from(LETTER_FEEDBACK);
    letter.more = slice_str("show the load");
    return letter;
}

static bool same(const struct letter *a, const struct letter *b)
{
    return a->kind == b->kind && SAME(a->author, b->author) && SAME(a->class, b->class) &&
           SAME(a->recipient, b->recipient) && a->has_about == b->has_about &&
           SAME(a->about, b->about) && slice_equal(a->text, b->text) &&
           slice_equal(a->more, b->more);
}

static void reads_back(const struct letter *letter, size_t expected_len)
{
    uint8_t plain[LETTER_BYTES_MAX];
    struct letter again;
    size_t len = 0;
    assert_int_equal(letter_encode(letter, plain, &len), OK);
    assert_int_equal(len, expected_len);
    assert_int_equal(letter_decode(slice_of(plain, len), &again), OK);
    assert_true(same(letter, &again));
}

static enum err write_err(const struct letter *letter)
{
    uint8_t plain[LETTER_BYTES_MAX];
    size_t len;
    return letter_encode(letter, plain, &len);
}

/* ---- what can be said -------------------------------------------------------------------------------------------- */

static void letters_read_back(void **state)
{
    (void)state;
    struct letter letter = feedback_from();
    reads_back(&letter, 256);
    letter.has_about = true;
    memset(letter.about.b, 0x40, sizeof(letter.about.b));
    reads_back(&letter, 256);
    letter.text = (struct slice){0};
    reads_back(&letter, 256);
    letter = letter_from(LETTER_NOTE);
    reads_back(&letter, 256);
}

static void a_letter_says_what_its_kind_can(void **state)
{
    (void)state;
    struct letter letter = feedback_from();
    letter.text = letter.more = (struct slice){0};
    assert_int_equal(write_err(&letter), ERR_MALFORMED);
    letter = letter_from(LETTER_NOTE);
    letter.more = slice_str("more");
    assert_int_equal(write_err(&letter), ERR_MALFORMED);
    letter = letter_from(LETTER_NOTE);
    letter.has_about = true;
    assert_int_equal(write_err(&letter), ERR_MALFORMED);
    letter = letter_from(LETTER_NOTE);
    letter.recipient.b[0]++;
    assert_int_equal(write_err(&letter), ERR_MALFORMED);
    letter = feedback_from();
    letter.text = slice_str("\xff");
    assert_int_equal(write_err(&letter), ERR_BAD_TEXT);
}

/* Every length up to the greatest: the padding is always as small as it can be, and fits. */
static void padding_hides_all_but_the_blocks(void **state)
{
    (void)state;
    static char text[TEXT_BYTES_MAX];
    struct letter letter = letter_from(LETTER_FEEDBACK);
    uint8_t plain[LETTER_BYTES_MAX];
    size_t len, last = 0, fits = 0;
    memset(text, 'x', sizeof(text));
    for (size_t i = 1; i < TEXT_BYTES_MAX; i++) {
        letter.text = slice_of(text, i);
        enum err err = letter_encode(&letter, plain, &len);
        if (err == ERR_TOO_LONG) {
            break;
        }
        struct letter again;
        assert_int_equal(err, OK);
        assert_int_equal(len % LETTER_BLOCK, 0);
        assert_in_range(len, last, i + 2 * LETTER_BLOCK);
        assert_int_equal(letter_decode(slice_of(plain, len), &again), OK);
        last = len;
        fits = i;
    }
    assert_int_equal(last, LETTER_BYTES_MAX);
    assert_in_range(fits, LETTER_BYTES_MAX - 100, LETTER_BYTES_MAX);
    assert_true(letter_box_fits(last + BOX_OVERHEAD));
    assert_false(letter_box_fits(last + LETTER_BLOCK + BOX_OVERHEAD));
    assert_false(letter_box_fits(last + BOX_OVERHEAD - 1));
    assert_false(letter_box_fits(BOX_OVERHEAD));
    assert_false(letter_box_fits(0));
}

/* ---- what isn't read --------------------------------------------------------------------------------------------- */

static void damaged_letters_are_refused(void **state)
{
    (void)state;
    uint8_t plain[LETTER_BYTES_MAX], broken[LETTER_BYTES_MAX];
    struct letter letter = feedback_from(), again;
    size_t len;
    assert_int_equal(letter_encode(&letter, plain, &len), OK);
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_not_equal(letter_decode(slice_of(plain, cut), &again), OK);
    }
    /* whatever still reads after a byte was changed says something else, and is what we'd write */
    for (size_t i = 0; i < len; i++) {
        size_t again_len = 0;
        memcpy(broken, plain, len);
        broken[i] ^= 0x01;
        if (letter_decode(slice_of(broken, len), &again) == OK) {
            uint8_t back[LETTER_BYTES_MAX];
            assert_false(same(&letter, &again));
            assert_int_equal(letter_encode(&again, back, &again_len), OK);
            assert_memory_equal(back, broken, len);
        }
    }
    memcpy(broken, plain, len);
    broken[len - 1] = 1; /* something hides in the padding */
    assert_int_equal(letter_decode(slice_of(broken, len), &again), ERR_MALFORMED);
    memset(broken, 0, sizeof(broken));
    memcpy(broken, plain, len); /* a block more than it needs */
    assert_int_equal(letter_decode(slice_of(broken, len + LETTER_BLOCK), &again), ERR_MALFORMED);
    broken[0] = 0xff; /* longer than it is */
    assert_int_equal(letter_decode(slice_of(broken, len), &again), ERR_MALFORMED);
}

static void a_letter_opens_for_its_receiver_only(void **state)
{
    (void)state;
    struct pen ana = pen_of(1), ben = pen_of(2);
    uint8_t box[BOX_BYTES_MAX], room[LETTER_BYTES_MAX];
    struct letter letter = feedback_from(), again;
    size_t len;
    assert_int_equal(letter_seal(&letter, &ben.pk, &ana.rng, box, &len), OK);
    assert_true(letter_box_fits(len));
    assert_int_equal(letter_open(&ben.box_key, slice_of(box, len), room, &again), OK);
    assert_true(same(&letter, &again));
    assert_int_equal(letter_open(&ana.box_key, slice_of(box, len), room, &again), ERR_SIGNATURE);
    assert_int_equal(letter_open(&ben.box_key, slice_of(box, len - 1), room, &again),
                     ERR_SIGNATURE);
    assert_int_equal(letter_open(&ben.box_key, slice_of(box, 0), room, &again), ERR_SIGNATURE);
    box[len - 1] ^= 1;
    assert_int_equal(letter_open(&ben.box_key, slice_of(box, len), room, &again), ERR_SIGNATURE);
    struct sign_pk none = {{2}};
    assert_int_equal(letter_seal(&letter, &none, &ana.rng, box, &len), ERR_SIGNATURE);
}

static void a_shared_box_opens_for_its_readers_only(void **state)
{
    (void)state;
    struct pen ana = pen_of(1), ben = pen_of(2), lee = pen_of(3);
    struct letter letter = feedback_from(), again;
    struct sign_pk readers[LETTER_READERS_MAX + 1] = {{{0}}, ben.pk, lee.pk}; /* no point first */
    uint8_t box[BOX_BYTES_MAX], room[LETTER_BYTES_MAX];
    size_t len = 0, one = 0;
    assert_int_equal(letter_share(&letter, readers, 3, &ana.rng, box, &len), OK);
    assert_true(letter_shared_fits(len, BOX_OVERHEAD + LETTER_BLOCK));
    assert_false(letter_shared_fits(len, BOX_OVERHEAD + 2 * LETTER_BLOCK));
    assert_false(letter_shared_fits(len - 1, BOX_OVERHEAD + LETTER_BLOCK));
    assert_int_equal(letter_open_shared(&ben.box_key, slice_of(box, len), room, &again), OK);
    assert_true(slice_equal(again.text, letter.text));
    assert_int_equal(letter_open_shared(&lee.box_key, slice_of(box, len), room, &again), OK);
    assert_int_equal(letter_open_shared(&ana.box_key, slice_of(box, len), room, &again),
                     ERR_SIGNATURE);
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(letter_open_shared(&ben.box_key, slice_of(box, cut), room, &again),
                         ERR_SIGNATURE);
    }
    for (size_t at = 0; at < len;
         at += 7) { /* whatever is changed, it opens for one of them at most */
        box[at] ^= 1;
        bool opens = letter_open_shared(&ben.box_key, slice_of(box, len), room, &again) == OK;
        bool other = letter_open_shared(&lee.box_key, slice_of(box, len), room, &again) == OK;
        assert_false(opens && other);
        box[at] ^= 1;
    }
    assert_int_equal(letter_share(&letter, readers, 1, &ana.rng, box, &one), ERR_SIGNATURE);
    assert_int_equal(letter_share(&letter, readers, 0, &ana.rng, box, &one), ERR_LIMIT);
    assert_int_equal(letter_share(&letter, readers, LETTER_READERS_MAX + 1, &ana.rng, box, &one),
                     ERR_LIMIT);
}

/* The longest letter to the most readers is a box that fits an op beside the first. */
static void the_longest_letter_can_be_shared(void **state)
{
    (void)state;
    static char text[TEXT_BYTES_MAX];
    struct pen ana = pen_of(1), lee = pen_of(3);
    struct letter letter = feedback_from(), again;
    struct sign_pk readers[LETTER_READERS_MAX];
    uint8_t box[BOX_BYTES_MAX], room[LETTER_BYTES_MAX];
    size_t len = 0;
    memset(text, 'x', sizeof(text));
    letter.more = (struct slice){0};
    letter.text = slice_of(text, LETTER_BYTES_MAX - 100);
    for (size_t i = 0; i < LETTER_READERS_MAX; i++) {
        readers[i] = lee.pk;
    }
    assert_int_equal(letter_share(&letter, readers, LETTER_READERS_MAX, &ana.rng, box, &len), OK);
    assert_in_range(len, LETTER_BYTES_MAX, BOX_BYTES_MAX);
    assert_int_equal(letter_open_shared(&lee.box_key, slice_of(box, len), room, &again), OK);
    assert_int_equal(again.text.len, letter.text.len);
}

/* ---- vectors ----------------------------------------------------------------------------------------------------- */

static void put_letter(struct pack *out, const char *name, const struct letter *letter)
{
    struct pen ana = pen_of(1), ben = pen_of(2), lee = pen_of(3);
    uint8_t plain[LETTER_BYTES_MAX], box[BOX_BYTES_MAX];
    size_t len = 0, box_len = 0;
    assert_int_equal(letter_encode(letter, plain, &len), OK);
    assert_int_equal(letter_seal(letter, &ben.pk, &ana.rng, box, &box_len), OK);
    put_case(out, name);
    put_bytes(out, "author", SLICE(letter->author));
    put_bytes(out, "class", SLICE(letter->class));
    put_bytes(out, "recipient", SLICE(letter->recipient));
    if (letter->has_about) {
        put_bytes(out, "about", SLICE(letter->about));
    }
    put_bytes(out, "text", letter->text);
    put_bytes(out, "more", letter->more);
    put_bytes(out, "plain", slice_of(plain, len));
    put_bytes(out, "to_seed", slice_of(ben.key.b, 32));
    put_bytes(out, "box", slice_of(box, box_len));
    if (letter->kind == LETTER_FEEDBACK) {
        const struct sign_pk readers[] = {lee.pk, ben.pk};
        assert_int_equal(letter_share(letter, readers, 2, &ana.rng, box, &box_len), OK);
        put_bytes(out, "shared", slice_of(box, box_len));
    }
}

static void vectors_hold(void **state)
{
    (void)state;
    struct pack out;
    struct letter letter = feedback_from();
    pack_init(&out);
    pack_raw(&out,
             slice_str("# Letters: PROTOCOL.md, \"Letters\". `text` is glow or the note, `more` "
                       "is grow; `box` opens with the key of\n# the Ed25519 seed `to_seed`, and "
                       "`shared`, which is for another too.\n"));
    put_letter(&out, "feedback", &letter);
    letter.more = (struct slice){0};
    letter.has_about = true;
    memset(letter.about.b, 0x40, sizeof(letter.about.b));
    put_letter(&out, "feedback-about", &letter);
    letter = letter_from(LETTER_NOTE);
    put_letter(&out, "note", &letter);
    vectors_compare(VECTORS, &out);
    pack_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_read_back),
        cmocka_unit_test(a_letter_says_what_its_kind_can),
        cmocka_unit_test(padding_hides_all_but_the_blocks),
        cmocka_unit_test(damaged_letters_are_refused),
        cmocka_unit_test(a_letter_opens_for_its_receiver_only),
        cmocka_unit_test(a_shared_box_opens_for_its_readers_only),
        cmocka_unit_test(the_longest_letter_can_be_shared),
        cmocka_unit_test(vectors_hold),
    };
    keys_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
