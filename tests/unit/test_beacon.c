/* beacon.c: one beacon both ways with the vector of tests/vectors/beacons.txt, and that nothing else opens. */
#include "beacon.h"

#include "vectors.h"

static const char VECTORS[] = "tests/vectors/beacons.txt";

static struct rng rng_from(uint8_t first)
{
    uint8_t seed[32];
    struct rng rng;
    memset(seed, first, sizeof(seed));
    rng_seed(&rng, seed);
    return rng;
}

static struct seal_key key_from(uint8_t first)
{
    struct seal_key key;
    memset(key.b, first, sizeof(key.b));
    return key;
}

static struct beacon a_beacon(uint8_t first)
{
    struct beacon beacon = {.flags = BEACON_ANSWER | BEACON_CHECK,
                            .run = 0x1122334455667788,
                            .port = 7700,
                            .path = PATH_MULTICAST6};
    for (size_t i = 0; i < sizeof(beacon.device.b); i++) {
        beacon.device.b[i] = (uint8_t)(first + i);
    }
    return beacon;
}

static void assert_beacon_equal(const struct beacon *a, const struct beacon *b)
{
    assert_int_equal(a->flags, b->flags);
    assert_memory_equal(a->device.b, b->device.b, sizeof(a->device.b));
    assert_int_equal(a->run, b->run);
    assert_int_equal(a->port, b->port);
    assert_int_equal(a->path, b->path);
}

static void put_beacon(struct pack *out, const struct seal_key *key, struct slice datagram)
{
    struct beacon beacon;
    uint8_t plain[BEACON_BYTES - SEAL_OVERHEAD];
    assert_int_equal(beacon_open(key, datagram, &beacon), OK);
    assert_int_equal(seal_open(key, "jam beacon 1", datagram, plain), OK);
    put_case(out, "beacon");
    put_bytes(out, "key", SLICE(*key));
    put_bytes(out, "datagram", datagram);
    put_bytes(out, "plain", slice_of(plain, sizeof(plain)));
    put_uint(out, "path", beacon.path);
    put_uint(out, "port", beacon.port);
    put_uint(out, "flags", beacon.flags);
    put_uint(out, "run", beacon.run);
    put_bytes(out, "device", SLICE(beacon.device));
}

static void the_vectors_are_what_this_code_seals_and_opens(void **state)
{
    (void)state;
    struct pack out;
    struct rng rng = rng_from(1);
    pack_init(&out);
    pack_raw(&out, slice_str("# Beacons, sealed and plain. PROTOCOL.md, \"Beacons\".\n"
                             "# The first 24 bytes of a datagram are its nonce.\n"));
    for (uint8_t i = 1; i <= 2; i++) {
        struct seal_key key = key_from(i);
        struct beacon beacon = a_beacon(i);
        uint8_t datagram[BEACON_BYTES];
        beacon_seal(&key, &rng, &beacon, datagram);
        put_beacon(&out, &key, slice_of(datagram, sizeof(datagram)));
    }
    vectors_compare(VECTORS, &out);
    pack_clear(&out);
}

static void stored_beacons_open_to_what_was_sealed(void **state)
{
    (void)state;
    char *file = vectors_read(VECTORS);
    const char *at = file;
    struct slice lines;
    uint8_t count = 0;
    while (vectors_next(&at, &lines)) {
        uint8_t room[BEACON_BYTES];
        struct beacon beacon, expected = a_beacon(++count);
        struct seal_key key;
        case_bytes(lines, "key", key.b, sizeof(key.b));
        struct slice datagram = case_bytes(lines, "datagram", room, sizeof(room));
        assert_int_equal(beacon_open(&key, datagram, &beacon), OK);
        assert_beacon_equal(&beacon, &expected);
    }
    assert_int_equal(count, 2);
    free(file);
}

static void every_path_and_every_flag_arrives(void **state)
{
    (void)state;
    const enum lan_path paths[] = {PATH_BROADCAST, PATH_MULTICAST4, PATH_MULTICAST6, PATH_UNICAST};
    const uint64_t flags[] = {0, BEACON_ANSWER, BEACON_LEAVE, UINT64_MAX};
    struct seal_key key = key_from(1);
    struct rng rng = rng_from(1);
    for (size_t i = 0; i < 4; i++) {
        uint8_t datagram[BEACON_BYTES];
        struct beacon opened, beacon = a_beacon(1);
        beacon.path = paths[i];
        beacon.flags = flags[i];
        beacon.port = i % 2 ? 1 : 65535;
        beacon_seal(&key, &rng, &beacon, datagram);
        assert_int_equal(beacon_open(&key, slice_of(datagram, sizeof(datagram)), &opened), OK);
        assert_beacon_equal(&opened, &beacon);
    }
}

static void two_beacons_share_no_bytes(void **state)
{
    (void)state;
    uint8_t a[BEACON_BYTES], b[BEACON_BYTES];
    struct seal_key key = key_from(1);
    struct rng rng = rng_from(1);
    struct beacon beacon = a_beacon(1);
    beacon_seal(&key, &rng, &beacon, a);
    beacon_seal(&key, &rng, &beacon, b);
    for (size_t i = 0; i + 8 <= BEACON_BYTES; i++) {
        assert_memory_not_equal(a + i, b + i, 8);
    }
}

static void another_class_cannot_open_it(void **state)
{
    (void)state;
    uint8_t datagram[BEACON_BYTES];
    struct seal_key key = key_from(1), other = key_from(2);
    struct rng rng = rng_from(1);
    struct beacon beacon = a_beacon(1), opened;
    beacon_seal(&key, &rng, &beacon, datagram);
    assert_int_equal(beacon_open(&other, slice_of(datagram, sizeof(datagram)), &opened),
                     ERR_SIGNATURE);
}

static void a_beacon_with_any_bit_turned_is_refused(void **state)
{
    (void)state;
    uint8_t datagram[BEACON_BYTES];
    struct seal_key key = key_from(1);
    struct rng rng = rng_from(1);
    struct beacon beacon = a_beacon(1), opened;
    beacon_seal(&key, &rng, &beacon, datagram);
    for (size_t bit = 0; bit < 8 * BEACON_BYTES; bit++) {
        datagram[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(beacon_open(&key, slice_of(datagram, sizeof(datagram)), &opened),
                         ERR_SIGNATURE);
        datagram[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void a_datagram_of_another_length_is_refused(void **state)
{
    (void)state;
    uint8_t datagram[2 * BEACON_BYTES] = {0};
    struct seal_key key = key_from(1);
    struct rng rng = rng_from(1);
    struct beacon beacon = a_beacon(1), opened;
    beacon_seal(&key, &rng, &beacon, datagram);
    for (size_t len = 0; len <= sizeof(datagram); len++) {
        assert_int_equal(beacon_open(&key, slice_of(datagram, len), &opened),
                         len == BEACON_BYTES ? OK : ERR_MALFORMED);
    }
}

static void sealed_nonsense_is_refused(void **state)
{
    (void)state;
    enum { PLAIN = BEACON_BYTES - SEAL_OVERHEAD };
    static const struct {
        uint8_t b[PLAIN]; /* version, path, port */
        enum err expected;
    } cases[] = {
        {{1, PATH_UNICAST, 0, 1}, OK},
        {{1, PATH_UNICAST, 1, 0}, OK},
        {{1, PATH_UNICAST, 0, 1, [PLAIN - 1] = 7}, OK}, /* what a newer one may say behind */
        {{1, PATH_UNICAST, 0, 0}, ERR_MALFORMED},
        {{1, 0, 0, 1}, ERR_MALFORMED},
        {{1, PATH_BROADCAST | PATH_UNICAST, 0, 1}, ERR_MALFORMED},
        {{1, 16, 0, 1}, ERR_MALFORMED},
        {{2, PATH_UNICAST, 0, 1}, ERR_VERSION},
        {{0}, ERR_VERSION},
    };
    struct seal_key key = key_from(1);
    struct rng rng = rng_from(1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t datagram[BEACON_BYTES];
        struct beacon opened;
        seal(&key, &rng, "jam beacon 1", slice_of(cases[i].b, PLAIN), datagram);
        assert_int_equal(beacon_open(&key, slice_of(datagram, sizeof(datagram)), &opened),
                         cases[i].expected);
    }
}

static int start(void **state)
{
    (void)state;
    return keys_init() == OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_are_what_this_code_seals_and_opens),
        cmocka_unit_test(stored_beacons_open_to_what_was_sealed),
        cmocka_unit_test(every_path_and_every_flag_arrives),
        cmocka_unit_test(two_beacons_share_no_bytes),
        cmocka_unit_test(another_class_cannot_open_it),
        cmocka_unit_test(a_beacon_with_any_bit_turned_is_refused),
        cmocka_unit_test(a_datagram_of_another_length_is_refused),
        cmocka_unit_test(sealed_nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
