/* knock.c: knocks and offers both ways with tests/vectors/knocks.txt, and that nothing else reads; the words of a key. */
#include "knock.h"

#include "vectors.h"

static const char VECTORS[] = "tests/vectors/knocks.txt";

enum { BOX_AT = 41, PLAIN = OFFER_BYTES - BOX_AT - BOX_OVERHEAD };

static const char *const names[] = {"", "pc7", "Sal-é 3"};

static struct rng a_rng(void)
{
    struct rng rng;
    rng_seed(&rng, (const uint8_t[32]){1});
    return rng;
}

static struct device_id a_device(uint8_t first, struct sign_key *key)
{
    uint8_t seed[32];
    struct sign_pk pk;
    struct device_id device;
    memset(seed, first, sizeof(seed));
    sign_keypair(seed, key, &pk);
    memcpy(device.b, pk.b, sizeof(pk.b));
    return device;
}

static struct knock a_knock(uint8_t i)
{
    struct sign_key key;
    struct knock knock = {.device = a_device(i, &key), .run = 0x1122334455667788u + i};
    memset(knock.hardware.b, 0x40 + i, sizeof(knock.hardware.b));
    snprintf(knock.host, sizeof(knock.host), "%s", names[i % 3]);
    return knock;
}

static struct offer an_offer(uint8_t i)
{
    struct offer offer = {.run = 7u + i, .secret = {i, 1, 2, 1024, 2047}};
    memset(offer.root.b, 0x60 + i, sizeof(offer.root.b));
    snprintf(offer.name, sizeof(offer.name), "%s", names[i % 3]);
    return offer;
}

static void assert_knock_equal(const struct knock *a, const struct knock *b)
{
    assert_memory_equal(a->device.b, b->device.b, sizeof(a->device.b));
    assert_memory_equal(a->hardware.b, b->hardware.b, sizeof(a->hardware.b));
    assert_int_equal(a->run, b->run);
    assert_string_equal(a->host, b->host);
}

static void assert_offer_equal(const struct offer *a, const struct offer *b)
{
    assert_int_equal(a->run, b->run);
    assert_memory_equal(a->secret, b->secret, sizeof(a->secret));
    assert_memory_equal(a->root.b, b->root.b, sizeof(a->root.b));
    assert_string_equal(a->name, b->name);
}

static void put_knock(struct pack *out, const struct knock *knock)
{
    uint8_t datagram[KNOCK_BYTES];
    knock_write(knock, datagram);
    put_case(out, "knock");
    put_bytes(out, "datagram", slice_of(datagram, sizeof(datagram)));
    put_uint(out, "run", knock->run);
    put_bytes(out, "device", SLICE(knock->device));
    put_bytes(out, "hardware", SLICE(knock->hardware));
    put_bytes(out, "host", slice_str(knock->host));
}

static void put_offer(struct pack *out, struct rng *rng, uint8_t i)
{
    struct sign_key key;
    struct offer offer = an_offer(i);
    struct device_id device = a_device(i, &key);
    uint8_t datagram[OFFER_BYTES], plain[PLAIN];
    assert_true(offer_seal(&device, rng, &offer, datagram));
    struct slice box = slice_of(datagram + BOX_AT, OFFER_BYTES - BOX_AT);
    assert_int_equal(box_open(&key, box, plain), OK);
    put_case(out, "offer");
    put_bytes(out, "seed", slice_of(key.b, 32));
    put_bytes(out, "datagram", slice_of(datagram, sizeof(datagram)));
    put_bytes(out, "plain", slice_of(plain, sizeof(plain)));
    put_uint(out, "run", offer.run);
    for (size_t k = 0; k < WORDS_SECRET; k++) {
        put_text(out, "word", word_at(offer.secret[k]));
    }
    put_bytes(out, "root", SLICE(offer.root));
    put_bytes(out, "name", slice_str(offer.name));
}

static void put_words(struct pack *out, uint8_t i)
{
    struct sign_key key;
    struct device_id device = a_device(i, &key);
    uint8_t salt[16], stretched[32];
    char text[KEY_TEXT_MAX];
    key_words_salt(salt);
    assert_int_equal(stretch(SLICE(device), salt, COST_WORDS, stretched, sizeof(stretched)), OK);
    put_case(out, "words");
    put_bytes(out, "device", SLICE(device));
    put_bytes(out, "salt", slice_of(salt, sizeof(salt)));
    put_bytes(out, "stretched", slice_of(stretched, sizeof(stretched)));
    put_text(out, "words", key_words(stretched, text));
}

static void the_vectors_are_what_this_code_writes(void **state)
{
    (void)state;
    struct pack out;
    struct rng rng = a_rng();
    pack_init(&out);
    pack_raw(&out,
             slice_str("# Knocks, offers, and the words of keys. PROTOCOL.md, \"Knocking\".\n"
                       "# Names are hex. The first 32 bytes of a box are the public half of a "
                       "key that was drawn for it.\n"));
    for (uint8_t i = 0; i < 3; i++) {
        struct knock knock = a_knock(i);
        put_knock(&out, &knock);
        put_offer(&out, &rng, i);
        put_words(&out, i);
    }
    vectors_compare(VECTORS, &out);
    pack_clear(&out);
}

static void what_is_stored_reads_as_what_was_said(void **state)
{
    (void)state;
    char *file = vectors_read(VECTORS);
    const char *at = file;
    struct slice lines, kind = {0};
    uint8_t cases = 0;
    while (vectors_next(&at, &lines)) {
        uint8_t room[DATAGRAM_BYTES_MAX], i = cases++ / 3;
        struct sign_key key;
        a_device(i, &key);
        assert_true(case_text(lines, "case", &kind));
        if (slice_is(kind, "knock")) {
            struct knock knock, expected = a_knock(i);
            assert_int_equal(knock_read(case_bytes(lines, "datagram", room, sizeof(room)), &knock),
                             OK);
            assert_knock_equal(&knock, &expected);
        } else if (slice_is(kind, "offer")) {
            struct offer offer, expected = an_offer(i);
            struct slice datagram = case_bytes(lines, "datagram", room, sizeof(room));
            assert_int_equal(offer_open(&key, datagram, &offer), OK);
            assert_offer_equal(&offer, &expected);
        }
    }
    assert_int_equal(cases, 9);
    free(file);
}

static void a_knock_that_is_not_one_is_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t b;
        enum err expected;
    } cases[] = {
        {0, 'J', ERR_MALFORMED},
        {8, 2, ERR_VERSION},
        {8, 0, ERR_VERSION},
        {9, 65, ERR_MALFORMED},
        {9, 255, ERR_MALFORMED},
        {9, 4, ERR_MALFORMED}, /* a NUL */
        {9, 2, ERR_MALFORMED},
        {66 + 3, 'x', ERR_MALFORMED},
        {66 + 63, 1, ERR_MALFORMED},
        {66 + 1, 0, ERR_MALFORMED},
        {66 + 1, 0xff, ERR_MALFORMED},
        {66 + 1, 'q', OK},
        {18, 0x99, OK},
    };
    uint8_t datagram[KNOCK_BYTES + 1] = {0};
    struct knock read, knock = a_knock(1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        knock_write(&knock, datagram);
        datagram[cases[i].at] = cases[i].b;
        assert_int_equal(knock_read(slice_of(datagram, KNOCK_BYTES), &read), cases[i].expected);
    }
    knock_write(&knock, datagram);
    for (size_t len = 0; len <= sizeof(datagram); len++) {
        assert_int_equal(knock_read(slice_of(datagram, len), &read),
                         len == KNOCK_BYTES ? OK : ERR_MALFORMED);
    }
}

static void a_long_host_name_is_cut_at_a_character(void **state)
{
    (void)state;
    uint8_t datagram[KNOCK_BYTES];
    struct knock read, knock = a_knock(1);
    memset(knock.host, 'x', HOST_BYTES_MAX);
    knock_write(&knock, datagram);
    assert_int_equal(knock_read(slice_of(datagram, sizeof(datagram)), &read), OK);
    assert_string_equal(read.host, knock.host);
    snprintf(knock.host, sizeof(knock.host), "pc\xff");
    knock_write(&knock, datagram);
    assert_int_equal(knock_read(slice_of(datagram, sizeof(datagram)), &read), OK);
    assert_string_equal(read.host, "");
}

static void only_who_is_meant_reads_an_offer_and_no_bit_can_turn(void **state)
{
    (void)state;
    struct rng rng = a_rng();
    struct sign_key key, other;
    struct offer read, offer = an_offer(1);
    struct device_id device = a_device(1, &key);
    uint8_t datagram[OFFER_BYTES + 1] = {0};
    a_device(2, &other);
    assert_true(offer_seal(&device, &rng, &offer, datagram));
    struct slice whole = slice_of(datagram, OFFER_BYTES);
    assert_int_equal(offer_open(&other, whole, &read), ERR_SIGNATURE);
    for (size_t bit = 0; bit < 8 * OFFER_BYTES; bit++) {
        datagram[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(offer_open(&key, whole, &read), OK);
        datagram[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len <= sizeof(datagram); len++) {
        assert_int_equal(offer_open(&key, slice_of(datagram, len), &read),
                         len == OFFER_BYTES ? OK : ERR_MALFORMED);
    }
}

static void sealed_nonsense_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t plain[PLAIN];
        enum err expected;
    } cases[] = {
        {{0}, OK},
        {{[8] = 7, [9] = 255}, OK},
        {{[8] = 8}, ERR_MALFORMED}, /* no such word */
        {{[16] = 255, [17] = 255}, ERR_MALFORMED},
        {{[50] = 2, [51] = 'a', [52] = 'b'}, OK},
        {{[50] = 1, [51] = 'a', [52] = 'b'}, ERR_MALFORMED},
        {{[50] = 2, [51] = 'a'}, ERR_MALFORMED},
        {{[50] = 1, [51] = 0xff}, ERR_MALFORMED},
        {{[50] = 97, [51] = 'a'}, ERR_MALFORMED},
        {{[50] = 0, [PLAIN - 1] = 1}, ERR_MALFORMED},
    };
    struct rng rng = a_rng();
    struct sign_key key;
    struct device_id device = a_device(1, &key);
    struct sign_pk pk = sign_public(&key);
    struct offer read, offer = an_offer(1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t datagram[OFFER_BYTES];
        assert_true(offer_seal(&device, &rng, &offer, datagram));
        assert_true(box_seal(&pk, &rng, slice_of(cases[i].plain, PLAIN), datagram + BOX_AT));
        assert_int_equal(offer_open(&key, slice_of(datagram, OFFER_BYTES), &read),
                         cases[i].expected);
    }
    struct device_id nowhere;
    uint8_t datagram[OFFER_BYTES];
    memset(nowhere.b, 0xff, sizeof(nowhere.b));
    assert_false(offer_seal(&nowhere, &rng, &offer, datagram));
}

static int start(void **state)
{
    (void)state;
    return keys_init() == OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_are_what_this_code_writes),
        cmocka_unit_test(what_is_stored_reads_as_what_was_said),
        cmocka_unit_test(a_knock_that_is_not_one_is_refused),
        cmocka_unit_test(a_long_host_name_is_cut_at_a_character),
        cmocka_unit_test(only_who_is_meant_reads_an_offer_and_no_bit_can_turn),
        cmocka_unit_test(sealed_nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
