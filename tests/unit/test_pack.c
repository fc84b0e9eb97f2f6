/* pack.c: what the scan lets through, what the readers refuse, and that what is written passes the scan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bounds.h"
#include "pack.h"

struct verdict {
    const char *name;
    const char *bytes;
    size_t len;
    enum err strict;
    enum err local;
};

#define BYTES(text) text, sizeof(text) - 1

static const struct verdict verdicts[] = {
    {"nothing", BYTES(""), ERR_TRUNCATED, ERR_TRUNCATED},
    {"nil", BYTES("\xc0"), OK, OK},
    {"false", BYTES("\xc2"), OK, OK},
    {"true", BYTES("\xc3"), OK, OK},
    {"127", BYTES("\x7f"), OK, OK},
    {"-32", BYTES("\xe0"), OK, OK},
    {"reserved byte", BYTES("\xc1"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"float", BYTES("\xca\x3f\x80\x00\x00"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"double", BYTES("\xcb\0\0\0\0\0\0\0\0"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"fixed extension", BYTES("\xd4\x01\x00"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"timestamp", BYTES("\xd6\xff\0\0\0\0"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"extension", BYTES("\xc7\x01\x01\x00"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"two objects", BYTES("\xc0\xc0"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"127 in a byte", BYTES("\xcc\x7f"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"128 in a byte", BYTES("\xcc\x80"), OK, OK},
    {"255 in two bytes", BYTES("\xcd\x00\xff"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"256 in two bytes", BYTES("\xcd\x01\x00"), OK, OK},
    {"65535 in four bytes", BYTES("\xce\0\0\xff\xff"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"65536 in four bytes", BYTES("\xce\0\x01\0\0"), OK, OK},
    {"2^32 - 1 in eight bytes", BYTES("\xcf\0\0\0\0\xff\xff\xff\xff"), ERR_NOT_CANONICAL,
     ERR_NOT_CANONICAL},
    {"2^32 in eight bytes", BYTES("\xcf\0\0\0\x01\0\0\0\0"), OK, OK},
    {"-32 in a byte", BYTES("\xd0\xe0"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"-33 in a byte", BYTES("\xd0\xdf"), OK, OK},
    {"-128 in a byte", BYTES("\xd0\x80"), OK, OK},
    {"-128 in two bytes", BYTES("\xd1\xff\x80"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"-129 in two bytes", BYTES("\xd1\xff\x7f"), OK, OK},
    {"-32768 in four bytes", BYTES("\xd2\xff\xff\x80\0"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"-32769 in four bytes", BYTES("\xd2\xff\xff\x7f\xff"), OK, OK},
    {"-2^31 in eight bytes", BYTES("\xd3\xff\xff\xff\xff\x80\0\0\0"), ERR_NOT_CANONICAL,
     ERR_NOT_CANONICAL},
    {"-2^31 - 1 in eight bytes", BYTES("\xd3\xff\xff\xff\xff\x7f\xff\xff\xff"), OK, OK},
    {"-2^63", BYTES("\xd3\x80\0\0\0\0\0\0\0"), OK, OK},
    {"100 in a signed byte", BYTES("\xd0\x64"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"2^40 in a signed form", BYTES("\xd3\0\0\x01\0\0\0\0\0"), ERR_NOT_CANONICAL,
     ERR_NOT_CANONICAL},
    {"half a number", BYTES("\xce\x01\x00"), ERR_TRUNCATED, ERR_TRUNCATED},
    {"text", BYTES("\xa5h\xc3\xa9ll"), OK, OK},
    {"half a text", BYTES("\xa5hel"), ERR_TRUNCATED, ERR_TRUNCATED},
    {"text with NUL", BYTES("\xa1\0"), OK, OK},
    {"short text in a byte's length", BYTES("\xd9\x01x"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"text claims 4 GiB", BYTES("\xdb\xff\xff\xff\xff"), ERR_TRUNCATED, ERR_TRUNCATED},
    {"text that isn't UTF-8", BYTES("\xa2\xff\xfe"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"text that ends within a character", BYTES("\xa2x\xc3"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"overlong slash", BYTES("\xa2\xc0\xaf"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"overlong in three bytes", BYTES("\xa3\xe0\x80\xaf"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"overlong in four bytes", BYTES("\xa4\xf0\x80\x80\xaf"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"surrogate", BYTES("\xa3\xed\xa0\x80"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"U+10FFFF", BYTES("\xa4\xf4\x8f\xbf\xbf"), OK, OK},
    {"beyond U+10FFFF", BYTES("\xa4\xf4\x90\x80\x80"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"noncharacter U+FFFF", BYTES("\xa3\xef\xbf\xbf"), OK, OK},
    {"empty binary", BYTES("\xc4\x00"), OK, OK},
    {"binary in two bytes' length", BYTES("\xc5\x00\x01x"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"binary in four bytes' length", BYTES("\xc6\0\0\0\x01x"), ERR_NOT_CANONICAL,
     ERR_NOT_CANONICAL},
    {"empty array", BYTES("\x90"), OK, OK},
    {"array", BYTES("\x93\x01\x02\x03"), OK, OK},
    {"array that lacks one", BYTES("\x93\x01\x02"), ERR_TRUNCATED, ERR_TRUNCATED},
    {"array with one behind it", BYTES("\x91\x01\x02"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"short array in two bytes' count", BYTES("\xdc\x00\x01\x01"), ERR_NOT_CANONICAL,
     ERR_NOT_CANONICAL},
    {"array claims 2^28", BYTES("\xdd\x10\0\0\0"), ERR_LIMIT, ERR_LIMIT},
    {"array claims 2^32 - 1", BYTES("\xdd\xff\xff\xff\xff"), ERR_LIMIT, ERR_LIMIT},
    {"map claims 2^32 - 1", BYTES("\xdf\xff\xff\xff\xff"), ERR_LIMIT, ERR_LIMIT},
    {"map claims 2^31", BYTES("\xdf\x80\0\0\0"), ERR_LIMIT, ERR_LIMIT},
    {"empty map", BYTES("\x80"), OK, OK},
    {"map",
     BYTES("\x82\xa1"
           "a\x01\xa1"
           "b\x02"),
     OK, OK},
    {"map that lacks a value",
     BYTES("\x81\xa1"
           "a"),
     ERR_TRUNCATED, ERR_TRUNCATED},
    {"shorter key first",
     BYTES("\x82\xa1"
           "a\x01\xa2"
           "aa\x02"),
     OK, OK},
    {"empty key first",
     BYTES("\x82\xa0\x01\xa1"
           "a\x02"),
     OK, OK},
    {"empty key twice", BYTES("\x82\xa0\x01\xa0\x02"), ERR_NOT_CANONICAL, OK},
    {"keys out of order",
     BYTES("\x82\xa1"
           "b\x01\xa1"
           "a\x02"),
     ERR_NOT_CANONICAL, OK},
    {"longer key first",
     BYTES("\x82\xa2"
           "aa\x01\xa1"
           "a\x02"),
     ERR_NOT_CANONICAL, OK},
    {"key twice",
     BYTES("\x82\xa1"
           "a\x01\xa1"
           "a\x02"),
     ERR_NOT_CANONICAL, OK},
    {"keys as signed bytes",
     BYTES("\x82\xa1"
           "z\x01\xa2\xc3\xa9\x02"),
     OK, OK},
    {"number as key", BYTES("\x81\x01\x02"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"binary as key", BYTES("\x81\xc4\x01x\x02"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"array as key", BYTES("\x81\x90\x02"), ERR_NOT_CANONICAL, ERR_NOT_CANONICAL},
    {"map in a map",
     BYTES("\x82\xa1"
           "a\x81\xa1"
           "z\x01\xa1"
           "b\x02"),
     OK, OK},
    {"disorder in an inner map",
     BYTES("\x91\x82\xa1"
           "b\x01\xa1"
           "a\x02"),
     ERR_NOT_CANONICAL, OK},
    {"number as value after an inner map",
     BYTES("\x82\xa1"
           "a\x80\xa1"
           "b\x01"),
     OK, OK},
};

static void the_scan_judges_each_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
        const struct verdict *v = &verdicts[i];
        enum err strict = pack_scan(slice_of(v->bytes, v->len), PACK_STRICT);
        enum err local = pack_scan(slice_of(v->bytes, v->len), PACK_LOCAL);
        if (strict != v->strict || local != v->local) {
            fail_msg("%s: %s and %s", v->name, err_code(strict), err_code(local));
        }
    }
}

static void every_cut_of_a_good_message_is_truncated(void **state)
{
    (void)state;
    static const char bytes[] = "\x93\xcd\x01\x00\x82\xa1"
                                "a\xc4\x02xy\xa2"
                                "bb\x92\xc0\xd0\x80\xa3\xe2\x82\xac";
    size_t len = sizeof(bytes) - 1;
    size_t used = 0;
    assert_int_equal(pack_scan(slice_of(bytes, len), PACK_STRICT), OK);
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(pack_scan(slice_of(bytes, cut), PACK_STRICT), ERR_TRUNCATED);
        assert_int_equal(pack_scan_first(slice_of(bytes, cut), PACK_STRICT, &used), ERR_TRUNCATED);
    }
    assert_int_equal(used, 0);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    uint8_t bytes[PACK_DEPTH_MAX + 2];
    memset(bytes, 0x91, sizeof(bytes));
    bytes[PACK_DEPTH_MAX] = 0xc0;
    assert_int_equal(pack_scan(slice_of(bytes, PACK_DEPTH_MAX + 1), PACK_STRICT), OK);
    bytes[PACK_DEPTH_MAX] = 0x90;
    assert_int_equal(pack_scan(slice_of(bytes, PACK_DEPTH_MAX + 1), PACK_STRICT), ERR_LIMIT);
}

static enum err scan_nils(uint32_t count)
{
    struct pack p;
    pack_init(&p);
    pack_array(&p, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_nil(&p);
    }
    enum err err = pack_scan(pack_bytes(&p), PACK_STRICT);
    pack_clear(&p);
    return err;
}

static void items_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(scan_nils(PACK_ITEMS_MAX - 1), OK);
    assert_int_equal(scan_nils(PACK_ITEMS_MAX), ERR_LIMIT);
}

static void items_of_many_small_arrays_add_up(void **state)
{
    (void)state;
    struct pack p;
    pack_init(&p);
    pack_array(&p, PACK_ITEMS_MAX / 2);
    for (uint32_t i = 0; i < PACK_ITEMS_MAX / 2; i++) {
        pack_array(&p, 1);
        pack_nil(&p);
    }
    assert_int_equal(pack_scan(pack_bytes(&p), PACK_STRICT), ERR_LIMIT);
    pack_clear(&p);
}

static void a_stream_is_cut_after_its_first_object(void **state)
{
    (void)state;
    size_t used = 0;
    enum err err = pack_scan_first(slice_of("\x92\x01\xa1x\xc1\xff", 6), PACK_LOCAL, &used);
    assert_int_equal(err, OK);
    assert_int_equal(used, 4);
}

static void what_is_written_passes_the_scan_and_reads_back(void **state)
{
    (void)state;
    static const int64_t numbers[] = {
        0,         127,      128,       255,       256,          65535,
        65536,     -1,       -32,       -33,       -128,         -129,
        -32768,    -32769,   1ll << 31, 1ll << 32, -(1ll << 31), -(1ll << 31) - 1,
        INT64_MIN, INT64_MAX};
    enum { COUNT = sizeof(numbers) / sizeof(numbers[0]) };
    struct pack p;
    struct doc doc;
    const msgpack_object *items;
    uint32_t count;
    pack_init(&p);
    pack_array(&p, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        pack_int(&p, numbers[i]);
    }
    assert_int_equal(doc_open(&doc, pack_bytes(&p), PACK_STRICT), OK);
    assert_true(read_array(&doc.root, &items, &count));
    assert_int_equal(count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        int64_t number;
        uint64_t natural = 7;
        assert_true(read_int(&items[i], &number));
        assert_true(number == numbers[i]);
        assert_int_equal(read_uint(&items[i], &natural), numbers[i] >= 0);
        assert_true(natural == (numbers[i] >= 0 ? (uint64_t)numbers[i] : 7));
    }
    doc_clear(&doc);
    pack_clear(&p);
}

static void lengths_are_written_in_their_shortest_form(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 31, 32, 255, 256, 65535, 65536};
    uint8_t *bytes = calloc(1, 65536);
    assert_non_null(bytes);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct pack p;
        struct doc doc;
        struct slice text, binary;
        pack_init(&p);
        pack_array(&p, 2);
        pack_text(&p, slice_of(bytes, lengths[i]));
        pack_bin(&p, slice_of(bytes, lengths[i]));
        assert_int_equal(doc_open(&doc, pack_bytes(&p), PACK_STRICT), OK);
        assert_true(read_text(&doc.root.via.array.ptr[0], &text));
        assert_true(read_bin(&doc.root.via.array.ptr[1], &binary));
        assert_int_equal(text.len, lengths[i]);
        assert_int_equal(binary.len, lengths[i]);
        doc_clear(&doc);
        pack_clear(&p);
    }
    free(bytes);
}

static void readers_refuse_other_types_and_leave_out_alone(void **state)
{
    (void)state;
    struct doc doc;
    assert_int_equal(doc_open(&doc, slice_of("\x93\xc0\xa1x\xc4\x01y", 7), PACK_STRICT), OK);
    const msgpack_object *items = doc.root.via.array.ptr;
    uint64_t number = 7;
    int64_t integer = 7;
    bool truth = true;
    uint8_t fixed[2] = {1, 2};
    struct slice bytes = {0};
    uint32_t count = 7;
    const msgpack_object *inner = NULL;
    assert_false(read_uint(&items[0], &number) || read_uint(NULL, &number));
    assert_false(read_int(&items[1], &integer) || read_int(NULL, &integer));
    assert_false(read_bool(&items[0], &truth) || read_bool(NULL, &truth));
    assert_false(read_text(&items[2], &bytes) || read_text(NULL, &bytes));
    assert_false(read_bin(&items[1], &bytes) || read_bin(NULL, &bytes));
    assert_false(read_array(&items[1], &inner, &count) || read_array(NULL, &inner, &count));
    assert_false(read_fixed(&items[2], fixed, 2) || read_fixed(&items[1], fixed, 1));
    assert_true(number == 7 && integer == 7 && truth && !bytes.at && count == 7 && fixed[0] == 1);
    assert_true(read_fixed(&items[2], fixed, 1));
    assert_int_equal(fixed[0], 'y');
    doc_clear(&doc);
}

static void a_number_beyond_int64_is_no_int(void **state)
{
    (void)state;
    struct pack p;
    struct doc doc;
    int64_t integer = 7;
    pack_init(&p);
    pack_uint(&p, 1ull << 63);
    assert_int_equal(doc_open(&doc, pack_bytes(&p), PACK_STRICT), OK);
    assert_false(read_int(&doc.root, &integer));
    assert_int_equal(integer, 7);
    doc_clear(&doc);
    pack_clear(&p);
}

static void a_map_is_read_by_key(void **state)
{
    (void)state;
    struct pack p;
    struct doc doc;
    struct slice text = {0};
    uint64_t number = 0;
    int64_t integer = 0;
    bool truth = false;
    pack_init(&p);
    pack_map(&p, 4);
    pack_str(&p, "n");
    pack_uint(&p, 5);
    pack_str(&p, "m");
    pack_int(&p, -5);
    pack_str(&p, "yes");
    pack_bool(&p, true);
    pack_str(&p, "name");
    pack_str(&p, "ana");
    assert_int_equal(doc_open(&doc, pack_bytes(&p), PACK_STRICT), ERR_NOT_CANONICAL);
    assert_int_equal(doc_open(&doc, pack_bytes(&p), PACK_LOCAL), OK);
    assert_true(map_uint(&doc.root, "n", &number) && number == 5);
    assert_true(map_int(&doc.root, "m", &integer) && integer == -5);
    assert_true(map_bool(&doc.root, "yes", &truth) && truth);
    assert_true(map_text(&doc.root, "name", &text) && slice_is(text, "ana"));
    assert_false(map_text(&doc.root, "nam", &text) || map_text(&doc.root, "n", &text));
    assert_null(map_get(map_get(&doc.root, "n"), "n"));
    assert_null(map_get(NULL, "n"));
    doc_clear(&doc);
    pack_clear(&p);
}

static void a_pack_that_was_reset_starts_anew(void **state)
{
    (void)state;
    struct pack p;
    pack_init(&p);
    assert_int_equal(pack_bytes(&p).len, 0);
    pack_str(&p, "forget this");
    pack_reset(&p);
    pack_str(&p, NULL);
    pack_raw(&p, slice_of("\x05", 1));
    assert_true(slice_is(pack_bytes(&p), "\xc0\x05"));
    assert_false(p.failed);
    pack_clear(&p);
}

static void a_full_room_fails_and_stays_failed(void **state)
{
    (void)state;
    uint8_t room[4] = {0, 0, 0, 0xee};
    struct pack p;
    pack_init_room(&p, room, 3);
    pack_uint(&p, 1);
    pack_uint(&p, 256);
    assert_true(p.failed);
    pack_uint(&p, 2);
    assert_true(p.failed);
    assert_true(slice_is(pack_bytes(&p), "\x01"));
    assert_int_equal(room[3], 0xee);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scan_judges_each_form),
        cmocka_unit_test(every_cut_of_a_good_message_is_truncated),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(items_are_bounded),
        cmocka_unit_test(items_of_many_small_arrays_add_up),
        cmocka_unit_test(a_stream_is_cut_after_its_first_object),
        cmocka_unit_test(what_is_written_passes_the_scan_and_reads_back),
        cmocka_unit_test(lengths_are_written_in_their_shortest_form),
        cmocka_unit_test(readers_refuse_other_types_and_leave_out_alone),
        cmocka_unit_test(a_number_beyond_int64_is_no_int),
        cmocka_unit_test(a_map_is_read_by_key),
        cmocka_unit_test(a_pack_that_was_reset_starts_anew),
        cmocka_unit_test(a_full_room_fails_and_stays_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
