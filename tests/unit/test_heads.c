/* The heads of all feeds: order, ranges, and fingerprints that depend on nothing but the heads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "heads.h"
#include "keys.h"

enum { MANY = 3000 };

static struct head head_make(uint32_t number)
{
    struct head head = {.seq = number + 1, .void_seq = number % 7 == 0 ? number : 0};
    struct slice part = slice_of(&number, sizeof(number));
    hash_short("test feed", &part, 1, head.feed.b, sizeof(head.feed.b));
    hash_short("test last", &part, 1, head.last.b, sizeof(head.last.b));
    return head;
}

static struct heads *heads_make(uint32_t first, uint32_t count, uint32_t step)
{
    struct heads *heads = heads_new();
    assert_non_null(heads);
    for (uint32_t i = 0; i < count; i++) {
        struct head head = head_make(first + i * step % count);
        assert_int_equal(heads_set(heads, &head), OK);
    }
    return heads;
}

static bool is_zero(struct fingerprint fingerprint)
{
    return SAME(fingerprint, (struct fingerprint){{0}});
}

/* The definition in heads.h, without cleverness. */
static size_t naive_range(struct heads *heads, const struct prefix *prefix, uint8_t *bytes)
{
    size_t len = 0;
    for (uint32_t i = 0; i < heads_count(heads); i++) {
        const struct head *head = heads_at(heads, i);
        if (prefix_has(prefix, &head->feed)) {
            memcpy(bytes + len, head->feed.b, 16);
            memcpy(bytes + len + 24, head->last.b, 16);
            for (int j = 0; j < 8; j++) {
                bytes[len + 16 + (size_t)j] = (uint8_t)(head->seq >> (56 - 8 * j));
                bytes[len + 40 + (size_t)j] = (uint8_t)(head->void_seq >> (56 - 8 * j));
            }
            len += 48;
        }
    }
    return len;
}

static struct fingerprint naive_fingerprint(struct heads *heads, const struct prefix *prefix)
{
    static uint8_t bytes[MANY * 48];
    struct fingerprint fingerprint = {{0}};
    size_t len = naive_range(heads, prefix, bytes);
    if (len == 0) {
        return fingerprint;
    }
    bool leaf = prefix->nibbles >= 2;
    if (!leaf) {
        uint32_t count = prefix->nibbles == 0 ? 256 : 16;
        static struct fingerprint parts[256];
        for (uint32_t i = 0; i < count; i++) {
            struct prefix child = {2, {(uint8_t)(prefix->b[0] + i)}};
            parts[i] = naive_fingerprint(heads, &child);
        }
        len = count * sizeof(parts[0]);
        memcpy(bytes, parts, len);
    }
    struct slice part = slice_of(bytes, len);
    hash_short(leaf ? "jam heads 1" : "jam ranges 1", &part, 1, fingerprint.b, 16);
    return fingerprint;
}

static void check_range(struct heads *heads, const struct prefix *prefix)
{
    struct fingerprint is = heads_range(heads, prefix);
    struct fingerprint should = naive_fingerprint(heads, prefix);
    assert_memory_equal(is.b, should.b, sizeof(is.b));
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void heads_are_kept_in_order_and_found_again(void **state)
{
    (void)state;
    struct heads *heads = heads_make(0, MANY, 7);
    assert_int_equal(heads_count(heads), MANY);
    for (uint32_t i = 1; i < MANY; i++) {
        assert_true(memcmp(heads_at(heads, i - 1)->feed.b, heads_at(heads, i)->feed.b, 16) < 0);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        struct head head = head_make(i);
        assert_int_equal(heads_get(heads, &head.feed)->seq, i + 1);
    }
    struct head unknown = head_make(MANY);
    assert_null(heads_get(heads, &unknown.feed));
    assert_null(heads_at(heads, MANY));
    heads_free(&heads);
    assert_null(heads);
}

static void setting_a_known_feed_replaces_its_head(void **state)
{
    (void)state;
    struct heads *heads = heads_make(0, 100, 1);
    struct head head = head_make(50);
    head.seq = 1000;
    assert_int_equal(heads_set(heads, &head), OK);
    assert_int_equal(heads_count(heads), 100);
    assert_int_equal(heads_get(heads, &head.feed)->seq, 1000);
    heads_free(&heads);
}

static void no_heads_have_a_fingerprint_of_zeroes(void **state)
{
    (void)state;
    struct heads *heads = heads_new();
    assert_true(is_zero(heads_fingerprint(heads)));
    for (uint8_t nibbles = 0; nibbles <= 32; nibbles++) {
        struct prefix prefix = {.nibbles = nibbles};
        assert_true(is_zero(heads_range(heads, &prefix)));
    }
    heads_free(&heads);
}

static void fingerprints_are_what_the_header_says(void **state)
{
    (void)state;
    struct heads *heads = heads_make(0, MANY, 1);
    struct prefix all = {0};
    check_range(heads, &all);
    struct fingerprint total = heads_fingerprint(heads);
    struct fingerprint root = heads_range(heads, &all);
    assert_memory_equal(total.b, root.b, sizeof(total.b));
    for (uint8_t i = 0; i < 16; i++) {
        struct prefix one = prefix_child(&all, i);
        check_range(heads, &one);
        for (uint8_t j = 0; j < 16; j++) {
            struct prefix two = prefix_child(&one, j);
            check_range(heads, &two);
            struct prefix three = prefix_child(&two, j);
            check_range(heads, &three);
        }
    }
    struct prefix whole = {.nibbles = 32};
    memcpy(whole.b, heads_at(heads, 17)->feed.b, sizeof(whole.b));
    check_range(heads, &whole);
    heads_free(&heads);
}

static void fingerprints_do_not_depend_on_the_order_of_arrival(void **state)
{
    (void)state;
    struct heads *a = heads_make(0, MANY, 1);
    struct heads *b = heads_new();
    for (uint32_t i = MANY; i > 0; i--) {
        struct head head = head_make(i - 1);
        struct head older = head;
        older.seq--;
        assert_int_equal(heads_set(b, &older), OK);
        heads_fingerprint(b);
        assert_int_equal(heads_set(b, &head), OK);
    }
    struct fingerprint of_a = heads_fingerprint(a);
    struct fingerprint of_b = heads_fingerprint(b);
    assert_memory_equal(of_a.b, of_b.b, sizeof(of_a.b));
    heads_free(&a);
    heads_free(&b);
}

static void every_part_of_a_head_but_its_lamport_changes_the_fingerprint(void **state)
{
    (void)state;
    struct heads *heads = heads_make(0, 500, 1);
    struct head head = head_make(123);
    struct prefix all = {0};
    struct prefix one = {1, {(uint8_t)(head.feed.b[0] & 0xf0)}};
    struct fingerprint before = heads_fingerprint(heads);
    struct fingerprint before_one = heads_range(heads, &one);
    struct head changed[4] = {head, head, head, head};
    changed[0].seq++;
    changed[1].last.b[15] ^= 1;
    changed[2].void_seq = 9;
    changed[3].lamport++;
    for (int i = 0; i < 4; i++) {
        heads_set(heads, &changed[i]);
        struct fingerprint after = heads_fingerprint(heads);
        struct fingerprint after_one = heads_range(heads, &one);
        assert_int_equal(SAME(before, after), i == 3);
        assert_int_equal(SAME(before_one, after_one), i == 3);
        check_range(heads, &all);
        heads_set(heads, &head);
        after = heads_fingerprint(heads);
        assert_true(SAME(before, after));
    }
    heads_free(&heads);
}

static void a_slice_is_exactly_the_feeds_under_its_prefix(void **state)
{
    (void)state;
    struct heads *heads = heads_make(0, MANY, 1);
    for (uint8_t nibbles = 0; nibbles <= 32; nibbles++) {
        for (uint32_t sample = 0; sample < 50; sample++) {
            struct prefix prefix = {0};
            const struct head *head = heads_at(heads, sample * 59);
            for (uint8_t i = 0; i < nibbles; i++) {
                prefix = prefix_child(&prefix, head->feed.b[i / 2] >> (i % 2 == 0 ? 4 : 0));
            }
            uint32_t first;
            uint32_t count;
            heads_slice(heads, &prefix, &first, &count);
            assert_in_range(sample * 59, first, first + count - 1);
            uint32_t under = 0;
            for (uint32_t i = 0; i < MANY; i++) {
                bool has = prefix_has(&prefix, &heads_at(heads, i)->feed);
                assert_int_equal(has, i >= first && i - first < count);
                under += has;
            }
            assert_int_equal(under, count);
        }
    }
    heads_free(&heads);
}

static void prefixes_grow_by_half_bytes_up_to_a_whole_id(void **state)
{
    (void)state;
    struct prefix prefix = {0};
    prefix = prefix_child(&prefix, 0xa);
    prefix = prefix_child(&prefix, 0xb);
    prefix = prefix_child(&prefix, 0xc);
    assert_int_equal(prefix.nibbles, 3);
    assert_memory_equal(prefix.b, ((uint8_t[]){0xab, 0xc0, 0}), 3);
    for (int i = 0; i < 40; i++) {
        prefix = prefix_child(&prefix, 1);
    }
    assert_int_equal(prefix.nibbles, 32);
    prefix.nibbles = 255;
    struct heads *heads = heads_make(0, 10, 1);
    assert_true(is_zero(heads_range(heads, &prefix)));
    heads_free(&heads);
}

/* Numbers that another implementation can check itself against. */
static void the_fingerprint_of_two_known_heads_stays_what_it_is(void **state)
{
    (void)state;
    struct heads *heads = heads_new();
    struct head head = {.seq = 1};
    memset(head.feed.b, 0x11, sizeof(head.feed.b));
    memset(head.last.b, 0x22, sizeof(head.last.b));
    heads_set(heads, &head);
    memset(head.feed.b, 0xee, sizeof(head.feed.b));
    head.seq = 258;
    head.void_seq = 3;
    heads_set(heads, &head);
    char text[33];
    struct fingerprint fingerprint = heads_fingerprint(heads);
    assert_string_equal(hex(text, fingerprint.b, 16), "f80de65499c546b2ae745dcbfe0b3917");
    struct prefix prefix = {2, {0xee}};
    fingerprint = heads_range(heads, &prefix);
    assert_string_equal(hex(text, fingerprint.b, 16), "e90f115f6203099524167e7cd7d4fc7c");
    heads_free(&heads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_kept_in_order_and_found_again),
        cmocka_unit_test(setting_a_known_feed_replaces_its_head),
        cmocka_unit_test(no_heads_have_a_fingerprint_of_zeroes),
        cmocka_unit_test(fingerprints_are_what_the_header_says),
        cmocka_unit_test(fingerprints_do_not_depend_on_the_order_of_arrival),
        cmocka_unit_test(every_part_of_a_head_but_its_lamport_changes_the_fingerprint),
        cmocka_unit_test(a_slice_is_exactly_the_feeds_under_its_prefix),
        cmocka_unit_test(prefixes_grow_by_half_bytes_up_to_a_whole_id),
        cmocka_unit_test(the_fingerprint_of_two_known_heads_stays_what_it_is),
    };
    return keys_init() == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
