/* rotation.c: the words come to each machine that is meant, to nobody else, and nothing but a box is taken for one; with
 * the vectors of tests/vectors/rotations.txt. */
#include "rotation.h"

#include "vectors.h"

static const char VECTORS[] = "tests/vectors/rotations.txt";
static const uint16_t words[WORDS_SECRET] = {0, 1, 1024, 2047, 77};

static struct device_id device_of(uint32_t number, struct sign_key *key)
{
    struct sign_pk pk;
    struct device_id device;
    uint8_t seed[32] = {9, (uint8_t)number, (uint8_t)(number >> 8)};
    sign_keypair(seed, key, &pk);
    memcpy(device.b, pk.b, sizeof(device.b));
    return device;
}

static size_t seal_for(uint32_t count, uint8_t out[BOX_BYTES_MAX])
{
    struct sign_key key;
    struct device_id devices[ROTATION_PARTS_MAX + 1];
    uint8_t seed[32] = {5};
    for (uint32_t i = 0; i < count; i++) {
        devices[i] = device_of(i, &key);
    }
    return rotation_seal(seed, words, devices, count, out);
}

static void each_machine_that_is_meant_reads_the_words(void **state)
{
    (void)state;
    uint8_t box[BOX_BYTES_MAX];
    size_t len = seal_for(ROTATION_PARTS_MAX, box);
    assert_int_equal(len, ROTATION_ID_BYTES + ROTATION_PARTS_MAX * ROTATION_PART_BYTES);
    for (uint32_t i = 0; i <= ROTATION_PARTS_MAX; i++) {
        struct sign_key key;
        uint16_t secret[WORDS_SECRET] = {0};
        device_of(i, &key);
        enum err err = rotation_open(&key, slice_of(box, len), secret);
        assert_int_equal(err, i < ROTATION_PARTS_MAX ? OK : ERR_SIGNATURE);
        if (err == OK) {
            assert_memory_equal(secret, words, sizeof(words));
        }
    }
}

static void more_than_fit_are_left_to_the_next_box(void **state)
{
    (void)state;
    uint8_t box[BOX_BYTES_MAX];
    assert_int_equal(seal_for(ROTATION_PARTS_MAX + 1, box),
                     ROTATION_ID_BYTES + ROTATION_PARTS_MAX * ROTATION_PART_BYTES);
    assert_int_equal(seal_for(0, box), 0);
    struct device_id none = {{0}};
    uint8_t seed[32] = {5};
    assert_int_equal(rotation_seal(seed, words, &none, 1, box), 0);
}

static void a_part_moved_changed_or_mistagged_opens_for_nobody(void **state)
{
    (void)state;
    uint8_t box[BOX_BYTES_MAX];
    uint16_t secret[WORDS_SECRET];
    struct sign_key key;
    size_t len = seal_for(2, box);
    device_of(0, &key);
    for (size_t i = 0; i < ROTATION_ID_BYTES + ROTATION_PART_BYTES; i++) {
        box[i] ^= 0x40;
        assert_int_equal(rotation_open(&key, slice_of(box, len), secret), ERR_SIGNATURE);
        box[i] ^= 0x40;
    }
    /* a tag that two machines have hides nobody's part */
    memcpy(box + ROTATION_ID_BYTES + ROTATION_PART_BYTES, box + ROTATION_ID_BYTES,
           ROTATION_TAG_BYTES);
    uint8_t part[ROTATION_PART_BYTES];
    memcpy(part, box + ROTATION_ID_BYTES, sizeof(part));
    memcpy(box + ROTATION_ID_BYTES, box + ROTATION_ID_BYTES + ROTATION_PART_BYTES, sizeof(part));
    memcpy(box + ROTATION_ID_BYTES + ROTATION_PART_BYTES, part, sizeof(part));
    assert_int_equal(rotation_open(&key, slice_of(box, len), secret), OK);
}

static void only_whole_parts_are_a_box(void **state)
{
    (void)state;
    uint8_t box[BOX_BYTES_MAX + ROTATION_PART_BYTES] = {0};
    uint16_t secret[WORDS_SECRET];
    struct slice id;
    struct sign_key key;
    size_t len = seal_for(2, box);
    device_of(0, &key);
    for (size_t cut = 0; cut < len; cut++) {
        bool whole = cut == len - ROTATION_PART_BYTES;
        assert_int_equal(rotation_id(slice_of(box, cut), &id), whole ? OK : ERR_MALFORMED);
        if (!whole) {
            assert_int_equal(rotation_open(&key, slice_of(box, cut), secret), ERR_MALFORMED);
        }
    }
    len = ROTATION_ID_BYTES + (ROTATION_PARTS_MAX + 1) * ROTATION_PART_BYTES;
    assert_int_equal(rotation_id(slice_of(box, len), &id), ERR_MALFORMED);
}

static void words_that_are_none_are_refused(void **state)
{
    (void)state;
    uint8_t box[BOX_BYTES_MAX], seed[32] = {5};
    uint16_t secret[WORDS_SECRET], wrong[WORDS_SECRET] = {1, 2, 3, 4, WORDS_IN_LIST};
    struct sign_key key;
    struct device_id device = device_of(0, &key);
    size_t len = rotation_seal(seed, wrong, &device, 1, box);
    assert_int_equal(rotation_open(&key, slice_of(box, len), secret), ERR_MALFORMED);
}

static void the_vectors_are_what_this_code_seals(void **state)
{
    (void)state;
    struct pack out;
    uint8_t box[BOX_BYTES_MAX], seed[32] = {5};
    pack_init(&out);
    pack_raw(
        &out,
        slice_str("# A class's new words, sealed to two machines. PROTOCOL.md, \"Rotation\".\n"));
    size_t len = seal_for(2, box);
    put_case(&out, "rotation");
    put_bytes(&out, "seed", slice_of(seed, sizeof(seed)));
    for (size_t i = 0; i < WORDS_SECRET; i++) {
        put_uint(&out, "word", words[i]);
    }
    for (uint32_t i = 0; i < 2; i++) {
        struct sign_key key;
        uint8_t device_seed[32] = {9, (uint8_t)i};
        struct device_id device = device_of(i, &key);
        put_bytes(&out, "device_seed", slice_of(device_seed, sizeof(device_seed)));
        put_bytes(&out, "device", SLICE(device));
    }
    put_bytes(&out, "box", slice_of(box, len));
    vectors_compare(VECTORS, &out);
    pack_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_machine_that_is_meant_reads_the_words),
        cmocka_unit_test(more_than_fit_are_left_to_the_next_box),
        cmocka_unit_test(a_part_moved_changed_or_mistagged_opens_for_nobody),
        cmocka_unit_test(only_whole_parts_are_a_box),
        cmocka_unit_test(words_that_are_none_are_refused),
        cmocka_unit_test(the_vectors_are_what_this_code_seals),
    };
    return keys_init() == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
