/* keys.c: known answers, that each thing is bound to its kind, and the vectors of tests/vectors/keys.txt. */
#include <sodium.h>

#include "vectors.h"

#include "bounds.h"

static const char VECTORS[] = "tests/vectors/keys.txt";

static void fill(uint8_t *out, size_t len, uint8_t first)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(first + i);
    }
}

static struct rng rng_from(uint8_t first)
{
    uint8_t seed[32];
    struct rng rng;
    fill(seed, sizeof(seed), first);
    rng_seed(&rng, seed);
    return rng;
}

/* ---- random numbers --------------------------------------------------------------------------------------------- */

static void one_seed_gives_one_sequence(void **state)
{
    (void)state;
    struct rng a = rng_from(1), b = rng_from(1), c = rng_from(2);
    uint8_t x[3][40];
    for (int turn = 0; turn < 3; turn++) {
        rng_fill(&a, x[0], 40);
        rng_fill(&b, x[1], 40);
        rng_fill(&c, x[2], 40);
        assert_memory_equal(x[0], x[1], 40);
        assert_memory_not_equal(x[0], x[2], 40);
    }
}

static void what_was_drawn_is_not_in_the_state(void **state)
{
    (void)state;
    struct rng rng = rng_from(1);
    uint8_t first[64], second[64];
    struct rng before = rng;
    rng_fill(&rng, first, sizeof(first));
    assert_memory_not_equal(rng.key, before.key, sizeof(rng.key));
    assert_memory_not_equal(rng.key, first, sizeof(rng.key));
    assert_memory_not_equal(rng.key, first + 32, sizeof(rng.key));
    rng_fill(&rng, second, sizeof(second));
    assert_memory_not_equal(first, second, sizeof(first));
}

static void drawing_below_a_bound_reaches_all_and_no_more(void **state)
{
    (void)state;
    struct rng rng = rng_from(1);
    unsigned seen[7] = {0};
    for (int i = 0; i < 1000; i++) {
        uint64_t drawn = rng_below(&rng, 7);
        assert_true(drawn < 7);
        seen[drawn]++;
    }
    for (int i = 0; i < 7; i++) {
        assert_true(seen[i] > 0);
    }
    assert_true(rng_below(&rng, 0) == 0 && rng_below(&rng, 1) == 0);
    for (int i = 0; i < 100; i++) {
        assert_true(rng_below(&rng, (1ull << 63) + 1) <= 1ull << 63);
    }
}

/* ---- hashes and signatures -------------------------------------------------------------------------------------- */

static void a_hash_is_blake2b_of_kind_zero_and_parts(void **state)
{
    (void)state;
    /* what b2sum -l 256 says of the bytes "abc\0de" */
    char text[65];
    struct slice parts[] = {slice_str("d"), slice_of(NULL, 0), slice_str("e")};
    struct hash hash = hash_of("abc", parts, 3);
    assert_string_equal(hex(text, hash.b, 32),
                        "740084de73fb77d3293840a9b7e6a11f3a257646dcaaeab00d4e1e41913787d8");
}

static void hashes_of_two_kinds_or_lengths_differ(void **state)
{
    (void)state;
    struct slice part = slice_str("one");
    uint8_t longer[32], shorter[32] = {0};
    hash_short("a", &part, 1, longer, 32);
    hash_short("a", &part, 1, shorter, 16);
    assert_memory_not_equal(longer, shorter, 16);
    hash_short("b", &part, 1, shorter, 32);
    assert_memory_not_equal(longer, shorter, 32);
}

struct signer {
    struct sign_key key;
    struct sign_pk pk;
};

static struct signer signer_from(uint8_t first)
{
    uint8_t seed[32];
    struct signer signer;
    fill(seed, sizeof(seed), first);
    sign_keypair(seed, &signer.key, &signer.pk);
    return signer;
}

static void a_signature_fits_one_key_kind_and_message(void **state)
{
    (void)state;
    struct signer ana = signer_from(1), ben = signer_from(2);
    struct slice message = slice_str("message");
    struct signature signature = sign(&ana.key, "jam test 1", message);
    struct sign_pk derived = sign_public(&ana.key);
    assert_true(SAME(derived, ana.pk));
    assert_true(sign_check(&ana.pk, "jam test 1", message, &signature));
    assert_false(sign_check(&ben.pk, "jam test 1", message, &signature));
    assert_false(sign_check(&ana.pk, "jam test 2", message, &signature));
    assert_false(sign_check(&ana.pk, "jam test 1", slice_str("messagE"), &signature));
    assert_false(sign_check(&ana.pk, "jam test 1", slice_str("messag"), &signature));
    signature.b[63] ^= 1;
    assert_false(sign_check(&ana.pk, "jam test 1", message, &signature));
}

static void what_is_too_long_to_sign_gets_no_signature(void **state)
{
    (void)state;
    struct signer ana = signer_from(1);
    uint8_t message[257] = {0};
    struct signature longest = sign(&ana.key, "jam test 1", slice_of(message, 256));
    struct signature beyond = sign(&ana.key, "jam test 1", slice_of(message, 257));
    struct signature none = {0};
    assert_true(sign_check(&ana.pk, "jam test 1", slice_of(message, 256), &longest));
    assert_false(sign_check(&ana.pk, "jam test 1", slice_of(message, 257), &longest));
    assert_true(SAME(beyond, none));
    assert_false(sign_check(&ana.pk, "jam test 1", slice_of(message, 257), &beyond));
}

/* ---- links, sealing, stretching --------------------------------------------------------------------------------- */

static void a_devices_link_key_is_its_signing_key(void **state)
{
    (void)state;
    struct signer ana = signer_from(1);
    struct device_id device;
    struct link_key secret;
    struct link_pk public, derived;
    memcpy(device.b, ana.pk.b, sizeof(device.b));
    assert_true(link_public_of(&device, &public));
    link_key_of(&ana.key, &secret);
    assert_int_equal(crypto_scalarmult_base(derived.b, secret.b), 0);
    assert_true(SAME(derived, public));
}

static void a_device_that_is_no_point_has_no_link_key(void **state)
{
    (void)state;
    struct device_id zero = {0}, off = {.b = {2}};
    struct link_pk public;
    assert_false(link_public_of(&zero, &public));
    assert_false(link_public_of(&off, &public));
}

static void one_class_secret_gives_one_pair_and_one_beacon_key(void **state)
{
    (void)state;
    struct class_secret secret = {{1}}, other = {{2}};
    struct link_key key[2];
    struct link_pk pk[2], derived;
    struct seal_key beacon[2];
    class_link_keys(&secret, &key[0], &pk[0]);
    class_link_keys(&other, &key[1], &pk[1]);
    class_beacon_key(&secret, &beacon[0]);
    class_beacon_key(&other, &beacon[1]);
    assert_false(SAME(key[0], key[1]) || SAME(pk[0], pk[1]) || SAME(beacon[0], beacon[1]));
    assert_memory_not_equal(key[0].b, beacon[0].b, 32);
    crypto_scalarmult_base(derived.b, key[0].b);
    assert_true(SAME(derived, pk[0]));
}

static void what_was_sealed_opens_and_nothing_else_does(void **state)
{
    (void)state;
    struct seal_key key = {{1}}, other = {{2}};
    struct rng rng = rng_from(1);
    uint8_t sealed[5 + SEAL_OVERHEAD], again[5 + SEAL_OVERHEAD], plain[5] = {0};
    struct slice all = slice_of(sealed, sizeof(sealed));
    seal(&key, &rng, "jam test 1", slice_str("hello"), sealed);
    seal(&key, &rng, "jam test 1", slice_str("hello"), again);
    assert_memory_not_equal(sealed, again, sizeof(sealed));
    assert_int_equal(seal_open(&key, "jam test 1", all, plain), OK);
    assert_memory_equal(plain, "hello", 5);
    assert_int_equal(seal_open(&other, "jam test 1", all, plain), ERR_SIGNATURE);
    assert_int_equal(seal_open(&key, "jam test 2", all, plain), ERR_SIGNATURE);
    for (size_t len = 0; len < sizeof(sealed); len++) {
        assert_int_equal(seal_open(&key, "jam test 1", slice_of(sealed, len), plain),
                         ERR_SIGNATURE);
        sealed[len] ^= 1;
        assert_int_equal(seal_open(&key, "jam test 1", all, plain), ERR_SIGNATURE);
        sealed[len] ^= 1;
    }
}

static void nothing_can_be_sealed_too(void **state)
{
    (void)state;
    struct seal_key key = {{1}};
    struct rng rng = rng_from(1);
    uint8_t sealed[SEAL_OVERHEAD], plain[1];
    seal(&key, &rng, "jam test 1", slice_of(NULL, 0), sealed);
    assert_int_equal(seal_open(&key, "jam test 1", slice_of(sealed, SEAL_OVERHEAD), plain), OK);
}

static void stretching_depends_on_words_salt_and_cost(void **state)
{
    (void)state;
    uint8_t a[32], b[32], c[32], d[32], salt[16];
    static const uint8_t other[16] = {1};
    invite_salt(salt);
    assert_int_equal(stretch(slice_str("one two"), salt, COST_WORDS, a, sizeof(a)), OK);
    assert_int_equal(stretch(slice_str("one tow"), salt, COST_WORDS, b, sizeof(b)), OK);
    assert_int_equal(stretch(slice_str("one two"), other, COST_WORDS, c, sizeof(c)), OK);
    assert_int_equal(stretch(slice_str("one two"), salt, (struct cost){0}, d, sizeof(d)), OK);
    assert_memory_not_equal(a, b, sizeof(a));
    assert_memory_not_equal(a, c, sizeof(a));
    assert_memory_not_equal(a, d, sizeof(a));
}

static void a_cost_beyond_the_bounds_is_refused_unpaid(void **state)
{
    (void)state;
    uint8_t out[32], salt[16] = {0};
    struct cost slow = {STRETCH_PASSES_MAX + 1, 64}, large = {1, STRETCH_MIB_MAX + 1};
    assert_int_equal(stretch(slice_str("one"), salt, slow, out, sizeof(out)), ERR_LIMIT);
    assert_int_equal(stretch(slice_str("one"), salt, large, out, sizeof(out)), ERR_LIMIT);
    struct sealed_key sealed = {{STRETCH_PASSES_MAX + 1}};
    struct cost cost;
    assert_int_equal(key_cost(&sealed, salt, &cost), ERR_LIMIT);
    sealed = (struct sealed_key){{1, 0xff, 0xff}};
    assert_int_equal(key_cost(&sealed, salt, &cost), ERR_LIMIT);
}

/* ---- people ----------------------------------------------------------------------------------------------------- */

static void a_grant_is_for_one_person_and_one_feed(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {3};
    struct sign_key key;
    struct sign_pk pk;
    sign_keypair(seed, &key, &pk);
    struct class_id class = {{1}}, other_class = {{2}};
    struct feed_id feed = {{3}}, other_feed = {{4}};
    struct person_id ana = person_id_of(&class, &pk), other = person_id_of(&other_class, &pk);
    struct signature grant = grant_sign(&key, &ana, &feed);
    assert_true(grant_check(&pk, &ana, &feed, &grant));
    assert_false(grant_check(&pk, &other, &feed, &grant));
    assert_false(grant_check(&pk, &ana, &other_feed, &grant));
    grant.b[5] ^= 1;
    assert_false(grant_check(&pk, &ana, &feed, &grant));
}

static void a_sealed_key_opens_with_its_passphrase_only(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {7}, good[32] = {1}, bad[32] = {2}, salt[16] = {9};
    uint8_t opened[32], read[16];
    struct rng rng;
    struct cost cost;
    struct sealed_key sealed;
    rng_seed(&rng, seed);
    key_seal(good, salt, COST_WORDS, &rng, seed, &sealed);
    assert_int_equal(key_cost(&sealed, read, &cost), OK);
    assert_memory_equal(read, salt, sizeof(salt));
    assert_int_equal(cost.passes, COST_WORDS.passes);
    assert_int_equal(cost.mib, COST_WORDS.mib);
    assert_int_equal(key_unseal(&sealed, good, opened), OK);
    assert_memory_equal(opened, seed, sizeof(seed));
    assert_int_equal(key_unseal(&sealed, bad, opened), ERR_SIGNATURE);

    struct sign_key key;
    struct sign_pk pk;
    sign_keypair(seed, &key, &pk);
    struct person_id ana = {{1}}, ben = {{2}};
    struct signature said = key_sign(&key, &ana, &sealed);
    assert_true(key_check(&pk, &ana, &sealed, &said));
    assert_false(key_check(&pk, &ben, &sealed, &said));
    sealed.b[20] ^= 1;
    assert_false(key_check(&pk, &ana, &sealed, &said));
}

static void a_box_opens_for_its_receiver_only(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {5}, other_seed[32] = {6};
    struct sign_key key, other;
    struct sign_pk pk, other_pk;
    struct rng rng;
    uint8_t box[5 + BOX_OVERHEAD], again[sizeof(box)], out[5];
    sign_keypair(seed, &key, &pk);
    sign_keypair(other_seed, &other, &other_pk);
    rng_seed(&rng, seed);
    assert_true(box_seal(&pk, &rng, slice_str("hello"), box));
    assert_true(box_seal(&pk, &rng, slice_str("hello"), again));
    assert_memory_not_equal(box, again, sizeof(box));
    assert_int_equal(box_open(&key, slice_of(box, sizeof(box)), out), OK);
    assert_memory_equal(out, "hello", 5);
    assert_int_equal(box_open(&other, slice_of(box, sizeof(box)), out), ERR_SIGNATURE);
    assert_int_equal(box_open(&key, slice_of(box, BOX_OVERHEAD - 1), out), ERR_SIGNATURE);
    box[40] ^= 1;
    assert_int_equal(box_open(&key, slice_of(box, sizeof(box)), out), ERR_SIGNATURE);
    struct sign_pk none = {{2}};
    assert_false(box_seal(&none, &rng, slice_str("hello"), box));
}

/* What libsodium's own crypto_box_seal_open makes of ours. */
static void a_box_is_libsodiums_sealed_box(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {5};
    struct sign_key key;
    struct sign_pk pk;
    struct link_key secret;
    struct link_pk public;
    struct rng rng;
    uint8_t box[5 + BOX_OVERHEAD], out[5];
    sign_keypair(seed, &key, &pk);
    rng_seed(&rng, seed);
    link_key_of(&key, &secret);
    crypto_scalarmult_base(public.b, secret.b);
    assert_true(box_seal(&pk, &rng, slice_str("hello"), box));
    assert_int_equal(crypto_box_seal_open(out, box, sizeof(box), public.b, secret.b), 0);
    assert_memory_equal(out, "hello", 5);
}

static void hex_is_lower_case_and_terminated(void **state)
{
    (void)state;
    char out[7] = "xxxxxx";
    assert_string_equal(hex(out, (const uint8_t *)"\x00\xaf\xff", 3), "00afff");
    assert_string_equal(hex(out, NULL, 0), "");
}

/* ---- vectors ---------------------------------------------------------------------------------------------------- */

static void put_ids(struct pack *out)
{
    struct signer root = signer_from(0x10), device = signer_from(0x30), feed = signer_from(0x50);
    struct class_id class = class_id_of(&root.pk);
    struct device_id device_id;
    memcpy(device_id.b, device.pk.b, sizeof(device_id.b));
    struct feed_id feed_id = feed_id_of(&class, &device_id, &feed.pk);
    put_case(out, "class-id");
    put_bytes(out, "root", SLICE(root.pk));
    put_bytes(out, "class", SLICE(class));
    put_case(out, "feed-id");
    put_bytes(out, "class", SLICE(class));
    put_bytes(out, "device", SLICE(device_id));
    put_bytes(out, "feed_key", SLICE(feed.pk));
    put_bytes(out, "feed", SLICE(feed_id));
}

static void put_hash(struct pack *out, const char *kind, const struct slice *parts, size_t count)
{
    struct hash hash = hash_of(kind, parts, count);
    put_case(out, "hash");
    put_text(out, "kind", kind);
    for (size_t i = 0; i < count; i++) {
        put_bytes(out, "part", parts[i]);
    }
    put_bytes(out, "hash", SLICE(hash));
}

static void put_signature(struct pack *out)
{
    uint8_t seed[32];
    struct signer ana = signer_from(0x70);
    struct slice message = slice_str("what is signed");
    struct signature signature = sign(&ana.key, "jam test 1", message);
    fill(seed, sizeof(seed), 0x70);
    put_case(out, "signature");
    put_bytes(out, "seed", slice_of(seed, sizeof(seed)));
    put_bytes(out, "key", SLICE(ana.pk));
    put_text(out, "kind", "jam test 1");
    put_bytes(out, "message", message);
    put_bytes(out, "signature", SLICE(signature));
}

static void put_link(struct pack *out)
{
    uint8_t seed[32];
    struct signer signer = signer_from(0x30);
    struct device_id device;
    struct link_key key;
    struct link_pk pk;
    fill(seed, sizeof(seed), 0x30);
    memcpy(device.b, signer.pk.b, sizeof(device.b));
    link_key_of(&signer.key, &key);
    assert_true(link_public_of(&device, &pk));
    put_case(out, "device-link");
    put_bytes(out, "seed", slice_of(seed, sizeof(seed)));
    put_bytes(out, "device", SLICE(device));
    put_bytes(out, "link_secret", SLICE(key));
    put_bytes(out, "link_public", SLICE(pk));
}

static void put_class_keys(struct pack *out)
{
    struct class_secret secret;
    struct link_key key;
    struct link_pk pk;
    struct seal_key beacon;
    struct secret_tag tag;
    fill(secret.b, sizeof(secret.b), 0x90);
    class_secret_tag(&secret, &tag);
    class_link_keys(&secret, &key, &pk);
    class_beacon_key(&secret, &beacon);
    put_case(out, "class-keys");
    put_bytes(out, "class_secret", SLICE(secret));
    put_bytes(out, "link_secret", SLICE(key));
    put_bytes(out, "link_public", SLICE(pk));
    put_bytes(out, "beacon", SLICE(beacon));
    put_bytes(out, "tag", SLICE(tag));
}

static void put_seal(struct pack *out)
{
    struct seal_key key;
    struct rng rng = rng_from(0xb0);
    uint8_t sealed[SEAL_OVERHEAD + 5];
    fill(key.b, sizeof(key.b), 0xa0);
    seal(&key, &rng, "jam test 1", slice_str("hello"), sealed);
    put_case(out, "seal");
    put_bytes(out, "key", SLICE(key));
    put_text(out, "kind", "jam test 1");
    put_bytes(out, "plain", slice_str("hello"));
    put_bytes(out, "sealed", slice_of(sealed, sizeof(sealed)));
}

static void put_stretch(struct pack *out)
{
    uint8_t stretched[32];
    struct slice words = slice_str("apple boat cloud drum elbow");
    uint8_t salt[16];
    invite_salt(salt);
    assert_int_equal(stretch(words, salt, COST_WORDS, stretched, sizeof(stretched)), OK);
    put_case(out, "stretch");
    put_bytes(out, "words", words);
    put_bytes(out, "salt", slice_of(salt, sizeof(salt)));
    put_bytes(out, "stretched", slice_of(stretched, sizeof(stretched)));
}

static void put_person(struct pack *out)
{
    static const uint8_t seed[32] = {0x51}, stretched[32] = {0x52}, salt[16] = {0x53};
    struct sign_key key;
    struct sign_pk pk;
    struct rng rng;
    struct sealed_key sealed;
    struct class_id class = {{0x54}};
    struct feed_id feed = {{0x55}};
    uint8_t box[5 + BOX_OVERHEAD];
    sign_keypair(seed, &key, &pk);
    rng_seed(&rng, seed);
    struct person_id person = person_id_of(&class, &pk);
    key_seal(stretched, salt, COST_WORDS, &rng, seed, &sealed);
    struct signature grant = grant_sign(&key, &person, &feed);
    struct signature said = key_sign(&key, &person, &sealed);
    assert_true(box_seal(&pk, &rng, slice_str("hello"), box));
    put_case(out, "person");
    put_bytes(out, "seed", slice_of(seed, sizeof(seed)));
    put_bytes(out, "public", SLICE(pk));
    put_bytes(out, "class", SLICE(class));
    put_bytes(out, "feed", SLICE(feed));
    put_bytes(out, "person", SLICE(person));
    put_bytes(out, "grant", SLICE(grant));
    put_bytes(out, "stretched", slice_of(stretched, sizeof(stretched)));
    put_bytes(out, "sealed", SLICE(sealed));
    put_bytes(out, "key", SLICE(said));
    put_text(out, "plain", "hello");
    put_bytes(out, "box", slice_of(box, sizeof(box)));
}

static void the_vectors_are_what_this_code_computes(void **state)
{
    (void)state;
    struct slice parts[] = {slice_str("one"), slice_str("two")};
    struct pack out;
    pack_init(&out);
    pack_raw(&out,
             slice_str("# Keys, hashes, signatures, seals. PROTOCOL.md, \"Keys\".\n"
                       "# Cases are apart by empty lines; a line is `key value`. Bytes are in "
                       "hex, kinds are text.\n"
                       "# A part, or whatever may repeat, repeats its line.\n"));
    put_hash(&out, "jam test 1", NULL, 0);
    put_hash(&out, "jam test 1", parts, 2);
    put_ids(&out);
    put_signature(&out);
    put_link(&out);
    put_class_keys(&out);
    put_seal(&out);
    put_stretch(&out);
    put_person(&out);
    vectors_compare(VECTORS, &out);
    pack_clear(&out);
}

static void check_stored(struct slice lines, unsigned *checked)
{
    struct slice name = {0};
    uint8_t room[3][64], plain[5];
    assert_true(case_text(lines, "case", &name));
    if (slice_is(name, "seal")) {
        struct seal_key key;
        case_bytes(lines, "key", key.b, sizeof(key.b));
        struct slice sealed = case_bytes(lines, "sealed", room[0], sizeof(room[0]));
        struct slice expected = case_bytes(lines, "plain", room[1], sizeof(room[1]));
        assert_int_equal(seal_open(&key, "jam test 1", sealed, plain), OK);
        assert_true(slice_equal(slice_of(plain, sizeof(plain)), expected));
        ++*checked;
    } else if (slice_is(name, "signature")) {
        struct sign_pk pk;
        struct signature signature;
        case_bytes(lines, "key", pk.b, sizeof(pk.b));
        case_bytes(lines, "signature", signature.b, sizeof(signature.b));
        struct slice message = case_bytes(lines, "message", room[2], sizeof(room[2]));
        assert_true(sign_check(&pk, "jam test 1", message, &signature));
        ++*checked;
    }
}

static void stored_seals_open_and_stored_signatures_hold(void **state)
{
    (void)state;
    char *text = vectors_read(VECTORS);
    const char *at = text;
    struct slice lines;
    unsigned checked = 0;
    while (vectors_next(&at, &lines)) {
        check_stored(lines, &checked);
    }
    assert_int_equal(checked, 2);
    free(text);
}

static int start(void **state)
{
    (void)state;
    return keys_init() == OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_gives_one_sequence),
        cmocka_unit_test(what_was_drawn_is_not_in_the_state),
        cmocka_unit_test(drawing_below_a_bound_reaches_all_and_no_more),
        cmocka_unit_test(a_hash_is_blake2b_of_kind_zero_and_parts),
        cmocka_unit_test(hashes_of_two_kinds_or_lengths_differ),
        cmocka_unit_test(a_signature_fits_one_key_kind_and_message),
        cmocka_unit_test(what_is_too_long_to_sign_gets_no_signature),
        cmocka_unit_test(a_devices_link_key_is_its_signing_key),
        cmocka_unit_test(a_device_that_is_no_point_has_no_link_key),
        cmocka_unit_test(one_class_secret_gives_one_pair_and_one_beacon_key),
        cmocka_unit_test(what_was_sealed_opens_and_nothing_else_does),
        cmocka_unit_test(nothing_can_be_sealed_too),
        cmocka_unit_test(stretching_depends_on_words_salt_and_cost),
        cmocka_unit_test(a_cost_beyond_the_bounds_is_refused_unpaid),
        cmocka_unit_test(a_grant_is_for_one_person_and_one_feed),
        cmocka_unit_test(a_sealed_key_opens_with_its_passphrase_only),
        cmocka_unit_test(a_box_opens_for_its_receiver_only),
        cmocka_unit_test(a_box_is_libsodiums_sealed_box),
        cmocka_unit_test(hex_is_lower_case_and_terminated),
        cmocka_unit_test(the_vectors_are_what_this_code_computes),
        cmocka_unit_test(stored_seals_open_and_stored_signatures_hold),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
