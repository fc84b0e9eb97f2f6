/* text.c: hostile and honest text in many scripts, checked, tidied, compared and shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bounds.h"
#include "text.h"

#define MARK     "\uFFFD"
#define ISOLATE  "\u2068"
#define END      "\u2069"
#define ELLIPSIS "\u2026"
#define FAMILY   "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466"

enum { OUT_BYTES = 1024 };

static void assert_shown(const char *text, size_t columns_max, const char *expected, size_t columns)
{
    char out[OUT_BYTES];
    size_t used = text_show(slice_str(text), columns_max, out, sizeof(out));
    assert_string_equal(out, expected);
    assert_int_equal(used, columns);
    if (columns_max == 0) {
        assert_int_equal(text_columns(slice_str(text)), columns);
    }
}

static void assert_tidied(const char *text, bool lines, const char *expected)
{
    char out[OUT_BYTES];
    assert_true(strlen(text) * 3 + 1 <= sizeof(out));
    size_t len = text_tidy(slice_str(text), lines, out);
    assert_string_equal(out, expected);
    assert_int_equal(len, strlen(expected));
    char again[3 * OUT_BYTES];
    text_tidy(slice_str(out), lines, again);
    assert_string_equal(again, out);
}

static void assert_key(const char *text, const char *expected)
{
    char out[OUT_BYTES], again[OUT_BYTES];
    size_t len = text_key(slice_str(text), out, sizeof(out));
    assert_string_equal(out, expected);
    assert_int_equal(len, strlen(expected));
    text_key(slice_str(out), again, sizeof(again));
    assert_string_equal(again, out);
}

static bool same_key(const char *a, const char *b)
{
    char x[OUT_BYTES], y[OUT_BYTES];
    text_key(slice_str(a), x, sizeof(x));
    text_key(slice_str(b), y, sizeof(y));
    return strcmp(x, y) == 0;
}

/* ---- checked ---------------------------------------------------------------------------------- */

static void stored_text_is_utf8_without_nul_and_not_too_long(void **state)
{
    (void)state;
    assert_int_equal(text_check(slice_str(""), 0), OK);
    assert_int_equal(text_check(slice_str("\xf0\x9f\x8e\xb7 Ana"), 8), OK);
    assert_int_equal(text_check(slice_str("\xf0\x9f\x8e\xb7 Ana"), 7), ERR_TOO_LONG);
    assert_int_equal(text_check(slice_of("a\0b", 3), 8), ERR_BAD_TEXT);
    const char *bad[] = {"\xff",
                         "a\x80",
                         "\xc3",
                         "\xc0\xaf",
                         "\xed\xa0\x80",
                         "\xe2\x82",
                         "\xf0\x8f\xbf\xbf",
                         "\xf4\x90\x80\x80",
                         "\xe0\x80\x80",
                         "\xf8\x88\x80"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(text_check(slice_str(bad[i]), 64), ERR_BAD_TEXT);
    }
}

/* ---- tidied ----------------------------------------------------------------------------------- */

static void white_space_is_trimmed_and_squeezed(void **state)
{
    (void)state;
    assert_tidied("", false, "");
    assert_tidied(" \t\n ", true, "");
    assert_tidied("  Blue \t\u00A0\u3000 Notes\n", false, "Blue Notes");
    assert_tidied("one\r\ntwo", false, "one two");
}

static void line_breaks_stay_where_lines_are_wanted(void **state)
{
    (void)state;
    assert_tidied("\none \r\n two\u2028three\n\n \n\nfour  five\n", true,
                  "one\ntwo\nthree\n\nfour five");
}

static void controls_and_directions_are_dropped_from_names(void **state)
{
    (void)state;
    assert_tidied("A\x1b[31mna\x7f", false, "A[31mna");
    assert_tidied("A\u202En\u2066a\u200F\u200B\uFEFF\u00AD\U000E0041", false, "Ana");
    assert_tidied("A\xc2\x9bna\x01", false, "Ana");
}

static void what_is_kept_is_composed(void **state)
{
    (void)state;
    assert_tidied("Zoe\u0308", false, "Zo\u00EB");
    assert_tidied("a\u0301\u0323", false, "\u1EA1\u0301");
    assert_tidied("a\u0323\u0301", false, "\u1EA1\u0301");
    assert_tidied("\u1112\u1161\u11AB", false, "\uD55C");
    assert_tidied("ab \u1112\u1161\u11AB", false, "ab \uD55C");
    assert_tidied("\u09C7\u09BE", false, "\u09CB");
    assert_tidied("\u0958", false, "\u0915\u093C");
}

static void joiners_stay_where_writing_needs_them(void **state)
{
    (void)state;
    assert_tidied(FAMILY, false, FAMILY);
    assert_tidied("\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645", false,
                  "\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645");
    assert_tidied("\u0915\u094D\u200D\u0937", false, "\u0915\u094D\u200D\u0937");
    assert_tidied("a\u200Db\u200Cc", false, "abc");
    assert_tidied("\U0001F468\u200D", false, "\U0001F468");
    assert_tidied("\U0001F468\u200Da", false, "\U0001F468a");
    assert_tidied("\u0645\u200Ca", false, "\u0645a");
    assert_tidied("\u0645\u200C\u061Ca", false,
                  "\u0645a"); /* a mark is no letter, if of their class */
    assert_tidied("\u0D28\u0D4D\u200D\x01", false, "\u0D28\u0D4D\u200D");
    assert_tidied("\u0600\u0661", false, "\u0600\u0661");
}

static void tidying_what_is_no_utf8_stays_in_its_room(void **state)
{
    (void)state;
    char text[64], out[64 * 3 + 1];
    memset(text, 0xff, sizeof(text));
    assert_int_equal(text_tidy(slice_of(text, sizeof(text)), false, out), 64 * 3);
    assert_int_equal(text_tidy(slice_of("a\0b", 3), false, out), 2);
    assert_string_equal(out, "ab");
    /* the letter that grows most */
    size_t len = text_tidy(slice_str("\U0001D160"), false, out);
    assert_int_equal(len, 12);
}

/* ---- compared --------------------------------------------------------------------------------- */

static void case_accents_and_forms_make_no_other_name(void **state)
{
    (void)state;
    assert_key("  \u00C9lo\u00EFse  M\u00DCLLER ", "eloise muller");
    assert_key("E\u0301lo\u0308", "elo");
    assert_key("Stra\u00DFe", "strasse");
    assert_key("\uFF21\uFF4E\uFF41\uFF11", "ana1");
    assert_key("\U0001D400\U0001D427\U0001D41A", "ana");
    assert_key("I\u015F\u0131l \u0130pek \u0141ukasz S\u00F8ren", "isil ipek lukasz soren");
    assert_key("a\u0338 1\uFE0F\u20E3", "a 1");
    assert_key("\u3131\u314F", "\u3131\u314F");
    assert_key("O\u2019Brien\u2010Lee", "o'brien-lee");
    assert_true(same_key("\u03A3\u03AF\u03C3\u03C5\u03C6\u03BF\u03C2",
                         "\u03C3\u03B9\u03C3\u03C5\u03C6\u03BF\u03C3"));
}

static void look_alikes_of_other_scripts_make_no_other_name(void **state)
{
    (void)state;
    assert_key("\u0430n\u0430", "ana");
    assert_key("\u0410NA", "ana");
    assert_key("\u0391\u039D\u0391", "ava");
    assert_key("\u0440\u0430\u0443\u0440\u0430\u04CF", "paypal");
    assert_true(same_key("\u0412\u0415\u0420\u0410", "BEPA"));
    assert_true(same_key("\u0585\u0585", "oo"));
    assert_true(same_key("\u0456van", "ivan"));
    assert_true(same_key("\u04D9li", "\u0259li"));
}

static void other_names_stay_others(void **state)
{
    (void)state;
    const char *names[] = {
        "ana",
        "anna",
        "an a",
        "an",
        "0",
        "o",
        "1",
        "l",
        "\u0930\u093E\u092E",
        "\u0930\u092E",
        "\u0930\u094B\u092E", /* Hindi: vowels count */
        "\u0E19\u0E49\u0E33",
        "\u0E19\u0E33", /* Thai: tones count */
        "\u304B",
        "\u304C", /* Japanese: か, が */
        "\u5F20\u4F1F",
        "\u7AE0\u4F1F",
        "\uD55C",
        "\u0645\u0631\u064A\u0645",
        "\u05D3\u05E0\u05D4",
        "\u0436\u0435\u043D\u044F",
        FAMILY,
        "\U0001F3B7",
        "\U0001F3B8",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char key[OUT_BYTES];
        assert_true(text_key(slice_str(names[i]), key, sizeof(key)) > 0);
        for (size_t j = 0; j < i; j++) {
            assert_false(same_key(names[i], names[j]));
        }
    }
}

static void points_of_arabic_and_hebrew_make_no_other_name(void **state)
{
    (void)state;
    assert_true(
        same_key("\u0645\u064F\u062D\u064E\u0645\u0651\u064E\u062F", "\u0645\u062D\u0645\u062F"));
    assert_true(same_key("\u05D3\u05B8\u05BC\u05E0\u05D4", "\u05D3\u05E0\u05D4"));
    assert_true(same_key("\u0645\u06CC\u200C\u062E", "\u0645\u06CC\u062E"));
}

static void what_cannot_be_seen_has_no_key(void **state)
{
    (void)state;
    const char *blank[] = {"",
                           " ",
                           "\u200B\u200D\u2060\uFEFF",
                           "\u3164\uFFA0\u115F",
                           "\u2800",
                           "\u0301",
                           "\u202E\x1b\x07",
                           "\U000E0041\u00AD\u034F",
                           "\u2065",
                           "\uFFF3",
                           "\U000E0FFF"};
    for (size_t i = 0; i < sizeof(blank) / sizeof(blank[0]); i++) {
        assert_key(blank[i], "");
    }
    assert_key("a\u200Bn\u00ADa\u2800b", "ana b");
}

static void a_key_is_cut_between_characters(void **state)
{
    (void)state;
    const char *text = "ab \u5F20\u4F1F";
    const char *cut[] = {"",
                         "",
                         "a",
                         "ab",
                         "ab",
                         "ab",
                         "ab",
                         "ab \u5F20",
                         "ab \u5F20",
                         "ab \u5F20",
                         "ab \u5F20\u4F1F"};
    for (size_t room = 1; room < sizeof(cut) / sizeof(cut[0]); room++) {
        char out[16];
        memset(out, 'x', sizeof(out));
        size_t len = text_key(slice_str(text), out, room);
        assert_string_equal(out, cut[room]);
        assert_int_equal(len, strlen(cut[room]));
        for (size_t i = room; i < sizeof(out); i++) {
            assert_int_equal(out[i], 'x');
        }
    }
    assert_int_equal(text_key(slice_str(text), NULL, 0), 0);
}

/* ---- shown ------------------------------------------------------------------------------------ */

static void plain_text_is_shown_as_it_is(void **state)
{
    (void)state;
    assert_shown("", 0, "", 0);
    assert_shown("Ana plays", 0, "Ana plays", 9);
    assert_shown("Zo\u00EB Zoe\u0308", 0, "Zo\u00EB Zoe\u0308", 7);
    assert_shown("one\ntwo\tthree", 0, "one two three", 13);
}

static void escapes_and_controls_become_one_mark(void **state)
{
    (void)state;
    assert_shown("\x1b[2J\x1b]0;title\x07!", 0, MARK "[2J" MARK "]0;title" MARK "!", 15);
    assert_shown("a\xc2\x9b"
                 "31m\x7f",
                 0, "a" MARK "31m" MARK, 6);
    assert_shown("a\x1b\x1b\xc2\x85\x1b"
                 "b",
                 0, "a" MARK " " MARK "b", 5);
    char out[OUT_BYTES];
    assert_int_equal(text_show(slice_of("a\0b", 3), 0, out, sizeof(out)), 3);
    assert_string_equal(out, "a" MARK "b");
}

static void direction_overrides_and_zero_widths_become_a_mark(void **state)
{
    (void)state;
    assert_shown("a\u202Eb\u2066\u2067c\u2069", 0, "a" MARK "b" MARK "c" MARK, 6);
    assert_shown("an\u200Ba", 0, "an" MARK "a", 4);
    assert_shown("an\u200Da\u200Cb", 0, "an" MARK "a" MARK "b", 6);
    assert_shown("a\U000E0041\U000E0042", 0, "a" MARK, 2);
    assert_shown("a\u2028b\u2029c", 0, "a b c", 5);
    assert_shown("a\u3164b\u0378", 0, "a" MARK "b" MARK, 4);
}

static void bytes_that_are_no_utf8_become_marks(void **state)
{
    (void)state;
    assert_shown("a\xff\xc3", 0, "a" MARK MARK, 3);
    assert_shown("\xed\xa0\x80", 0, MARK MARK MARK, 3);
    assert_shown("\xe2\x82", 0, MARK MARK, 2);
}

static void right_to_left_text_is_isolated(void **state)
{
    (void)state;
    assert_shown("\u05D3\u05E0\u05D4", 0, ISOLATE "\u05D3\u05E0\u05D4" END, 3);
    assert_shown("Jam \u0645\u0631\u064A\u0645 1", 0, ISOLATE "Jam \u0645\u0631\u064A\u0645 1" END,
                 10);
    assert_shown("\u0661\u0662", 0, ISOLATE "\u0661\u0662" END, 2);
    assert_shown("\u05D3\u05E0\u05D4\u05D3", 3, ISOLATE "\u05D3\u05E0" ELLIPSIS END, 3);
    assert_shown("\u0645\u064F\u062D", 0, ISOLATE "\u0645\u064F\u062D" END, 2);
    assert_shown("\u0645\u06CC\u200C\u062E", 0, ISOLATE "\u0645\u06CC\u200C\u062E" END, 3);
    assert_shown("\u06CC\u200C\u061C\u062E", 0, ISOLATE "\u06CC" MARK "\u062E" END, 3);
}

static void wide_characters_take_two_columns(void **state)
{
    (void)state;
    assert_shown("\u5F20\u4F1F", 0, "\u5F20\u4F1F", 4);
    assert_shown("\uD55C\uAE00 \u1112\u1161\u11AB", 0, "\uD55C\uAE00 \u1112\u1161\u11AB", 7);
    assert_shown("\uFF21", 0, "\uFF21", 2);
    assert_shown("\u5F20\u4F1F\u660E", 4, "\u5F20" ELLIPSIS, 3);
    assert_shown("\u5F20\u4F1F\u660E", 5, "\u5F20\u4F1F" ELLIPSIS, 5);
    assert_shown("\u5F20\u4F1F\u660E", 6, "\u5F20\u4F1F\u660E", 6);
    assert_shown("\u5F20", 1, ELLIPSIS, 1);
    assert_shown("\u0930\u093E\u092E", 0, "\u0930\u093E\u092E", 2);
    assert_shown("\u1019\u102C", 0, "\u1019\u102C", 2);
}

static void emoji_sequences_take_two_columns(void **state)
{
    (void)state;
    assert_shown(FAMILY, 0, FAMILY, 2);
    assert_shown("\U0001F3B7", 0, "\U0001F3B7", 2);
    assert_shown("\U0001F1F5\U0001F1F9\U0001F1E7\U0001F1F7", 0,
                 "\U0001F1F5\U0001F1F9\U0001F1E7\U0001F1F7", 4);
    assert_shown("\U0001F44D\U0001F3FD", 0, "\U0001F44D\U0001F3FD", 2);
    assert_shown("\u2764\uFE0F", 0, "\u2764\uFE0F", 2);
    assert_shown("\u2764\uFE0F\u200D\U0001F525", 0, "\u2764\uFE0F\u200D\U0001F525", 2);
    assert_shown("1\uFE0F\u20E3", 0, "1\uFE0F\u20E3", 2);
    assert_shown("\U0001F1F5\U0001F1F9\U0001F1E7\U0001F1F7", 3, "\U0001F1F5\U0001F1F9" ELLIPSIS, 3);
    assert_shown(FAMILY FAMILY, 3, FAMILY ELLIPSIS, 3);
}

static void a_storm_of_marks_is_calmed(void **state)
{
    (void)state;
    char text[2 * 1000 + 2] = "a", out[OUT_BYTES];
    for (size_t i = 0; i < 1000; i++) {
        memcpy(text + 1 + 2 * i, "\u0301", 2);
    }
    text[2001] = 'b';
    assert_int_equal(text_show(slice_of(text, 2002), 0, out, sizeof(out)), 2);
    assert_int_equal(strlen(out), 1 + 8 * 2 + 1);
    assert_int_equal(out[17], 'b');
    assert_int_equal(text_columns(slice_of(text, 2002)), 2);
    char tidy[3 * sizeof(text) + 1];
    assert_in_range(text_tidy(slice_of(text, 2002), false, tidy), 8, 200);
    assert_in_range(text_key(slice_of(text, 2002), tidy, sizeof(tidy)), 2, 2);
}

static void a_chain_of_joined_emoji_ends_somewhere(void **state)
{
    (void)state;
    char text[7 * 100 + 1], out[OUT_BYTES];
    for (size_t i = 0; i < 100; i++) {
        memcpy(text + 7 * i, "\U0001F468\u200D", 8);
    }
    assert_int_equal(text_show(slice_of(text, 7 * 99 + 4), 0, out, sizeof(out)), 2);
    assert_int_equal(strlen(out), 9 * 4 + 8 * 3);
    /* what stands before an emoji of its grapheme moves the end to a joiner, that would join what follows */
    char late[7 * 3 + 7 * 20 + 1];
    for (size_t i = 0; i < 7; i++) {
        memcpy(late + 3 * i, "\u0D4E", 3);
    }
    memcpy(late + 7 * 3, text, 7 * 20);
    text_show(slice_of(late, 7 * 3 + 7 * 19 + 4), 0, out, sizeof(out));
    assert_int_equal(strlen(out), 7 * 3 + 5 * 4 + 4 * 3);
}

static void a_mark_at_the_start_sits_on_nothing_of_ours(void **state)
{
    (void)state;
    assert_shown("\u0301a", 0, MARK "\u0301a", 2);
    assert_shown("\u093Ea", 0, MARK "\u093Ea", 2);
    assert_shown("\uFE0Fa", 0, MARK "a", 2);
    assert_shown("\u200Da", 0, MARK "a", 2);
}

static void text_is_cut_by_columns_with_an_ellipsis(void **state)
{
    (void)state;
    assert_shown("abcdef", 6, "abcdef", 6);
    assert_shown("abcdef", 5, "abcd" ELLIPSIS, 5);
    assert_shown("abcdef", 1, ELLIPSIS, 1);
    assert_shown("e\u0308e\u0308e\u0308", 2, "e\u0308" ELLIPSIS, 2);
}

static void text_is_cut_by_bytes_but_never_within_a_character(void **state)
{
    (void)state;
    const char *texts[] = {
        "abcdefghijklmnopqrstuvwxyzabcdefghij",
        "\u5F20\u4F1F\u5F20\u4F1F\u5F20\u4F1F\u5F20\u4F1F\u5F20\u4F1F", FAMILY FAMILY FAMILY,
        "\u05D3\u05E0\u05D4\u05D3\u05E0\u05D4\u05D3\u05E0\u05D4\u05D3\u05E0\u05D4"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t room = 16; room < 80; room++) {
            char out[96];
            memset(out, 'x', sizeof(out));
            size_t columns = text_show(slice_str(texts[i]), 0, out, room);
            assert_true(strlen(out) < room);
            assert_int_equal(text_check(slice_str(out), room), OK);
            assert_int_equal(out[room], 'x');
            bool whole = columns == text_columns(slice_str(texts[i]));
            assert_int_equal(whole, strstr(out, ELLIPSIS) == NULL);
        }
    }
}

static void a_long_text_without_a_space_is_cut_too(void **state)
{
    (void)state;
    enum { LEN = 64 * 1024 };
    char *text = malloc(LEN), *out = malloc(3 * LEN + 1);
    assert_non_null(text);
    assert_non_null(out);
    memset(text, 'a', LEN);
    assert_int_equal(text_show(slice_of(text, LEN), 40, out, 64), 40);
    assert_int_equal(strlen(out), 39 + 3);
    assert_int_equal(text_columns(slice_of(text, LEN)), LEN);
    assert_int_equal(text_tidy(slice_of(text, LEN), false, out), LEN);
    assert_int_equal(text_key(slice_of(text, LEN), out, 97), 96);
    free(text);
    free(out);
}

/* ---- how far apart ---------------------------------------------------------------------------- */

static void distance_counts_the_slips_of_a_typist(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {
        {"", "", 0},
        {"ana", "ana", 0},
        {"ana", "", 3},
        {"bridge", "brigde", 1},
        {"bridge", "bidge", 1},
        {"bridge", "bbridge", 1},
        {"bridge", "brudge", 1},
        {"kitten", "sitting", 3},
        {"\u5F20\u4F1F", "\u4F1F\u5F20", 1},
        {"ca", "abc", 3},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct slice a = slice_str(cases[i].a), b = slice_str(cases[i].b);
        assert_int_equal(text_distance(a, b, 9), cases[i].distance);
        assert_int_equal(text_distance(b, a, 9), cases[i].distance);
        for (size_t max = 0; max < 9; max++) {
            size_t expected = cases[i].distance > max ? max + 1 : cases[i].distance;
            assert_int_equal(text_distance(a, b, max), expected);
        }
    }
}

static void distance_of_very_long_texts_only_tells_equal_ones(void **state)
{
    (void)state;
    char a[TITLE_BYTES_MAX + 1], b[TITLE_BYTES_MAX + 1];
    memset(a, 'a', sizeof(a));
    memset(b, 'a', sizeof(b));
    assert_int_equal(text_distance(slice_of(a, sizeof(a)), slice_of(b, sizeof(b)), 2), 0);
    b[7] = 'b';
    assert_int_equal(text_distance(slice_of(a, sizeof(a)), slice_of(b, sizeof(b)), 2), 3);
    assert_int_equal(text_distance(slice_of(a, sizeof(a) - 1), slice_of(b, sizeof(b) - 1), 2), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_text_is_utf8_without_nul_and_not_too_long),
        cmocka_unit_test(white_space_is_trimmed_and_squeezed),
        cmocka_unit_test(line_breaks_stay_where_lines_are_wanted),
        cmocka_unit_test(controls_and_directions_are_dropped_from_names),
        cmocka_unit_test(what_is_kept_is_composed),
        cmocka_unit_test(joiners_stay_where_writing_needs_them),
        cmocka_unit_test(tidying_what_is_no_utf8_stays_in_its_room),
        cmocka_unit_test(case_accents_and_forms_make_no_other_name),
        cmocka_unit_test(look_alikes_of_other_scripts_make_no_other_name),
        cmocka_unit_test(other_names_stay_others),
        cmocka_unit_test(points_of_arabic_and_hebrew_make_no_other_name),
        cmocka_unit_test(what_cannot_be_seen_has_no_key),
        cmocka_unit_test(a_key_is_cut_between_characters),
        cmocka_unit_test(plain_text_is_shown_as_it_is),
        cmocka_unit_test(escapes_and_controls_become_one_mark),
        cmocka_unit_test(direction_overrides_and_zero_widths_become_a_mark),
        cmocka_unit_test(bytes_that_are_no_utf8_become_marks),
        cmocka_unit_test(right_to_left_text_is_isolated),
        cmocka_unit_test(wide_characters_take_two_columns),
        cmocka_unit_test(emoji_sequences_take_two_columns),
        cmocka_unit_test(a_storm_of_marks_is_calmed),
        cmocka_unit_test(a_chain_of_joined_emoji_ends_somewhere),
        cmocka_unit_test(a_mark_at_the_start_sits_on_nothing_of_ours),
        cmocka_unit_test(text_is_cut_by_columns_with_an_ellipsis),
        cmocka_unit_test(text_is_cut_by_bytes_but_never_within_a_character),
        cmocka_unit_test(a_long_text_without_a_space_is_cut_too),
        cmocka_unit_test(distance_counts_the_slips_of_a_typist),
        cmocka_unit_test(distance_of_very_long_texts_only_tells_equal_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
