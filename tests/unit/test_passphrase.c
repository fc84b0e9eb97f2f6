/* passphrase.c: what was typed becomes one form, and what is easy to guess is refused with its reason. */
#include "passphrase.h"

#include "vectors.h"
#include "words.h"

static struct rng rng_from(uint8_t first)
{
    uint8_t seed[32];
    struct rng rng;
    memset(seed, first, sizeof(seed));
    rng_seed(&rng, seed);
    return rng;
}

static void expect_key(const char *typed, const char *expected)
{
    char key[PASSPHRASE_KEY_MAX];
    size_t len = 4711;
    assert_int_equal(passphrase_key(slice_str(typed), key, &len), OK);
    assert_string_equal(key, expected);
    assert_int_equal(len, strlen(expected));
}

static enum err key_error(struct slice typed)
{
    char key[PASSPHRASE_KEY_MAX];
    size_t len;
    return passphrase_key(typed, key, &len);
}

/* ---- one form ------------------------------------------------------------------------------------------------- */

static bool begins_alone(const char *word, size_t len)
{
    unsigned count = 0;
    for (uint16_t i = 0; i < WORDS_IN_LIST; i++) {
        count += strncmp(word_at(i), word, len) == 0;
        if (strlen(word_at(i)) == len && strncmp(word_at(i), word, len) == 0) {
            return strlen(word) == len; /* it is a word itself */
        }
    }
    return count == 1;
}

static void first_letters_are_as_good_as_words(void **state)
{
    (void)state;
    unsigned by_three = 0;
    for (uint16_t i = 0; i + 2 < WORDS_IN_LIST; i++) {
        char full[64], typed[64];
        size_t len = 0;
        snprintf(full, sizeof(full), "%s %s %s", word_at(i), word_at(i + 1), word_at(i + 2));
        for (uint16_t j = i; j < i + 3; j++) {
            int letters = begins_alone(word_at(j), 3) ? 3 : 4;
            by_three += letters == 3;
            len += (size_t)snprintf(typed + len, sizeof(typed) - len, "%.*s ", letters, word_at(j));
        }
        expect_key(typed, full);
        expect_key(full, full);
    }
    assert_true(by_three > WORDS_IN_LIST / 2);
}

static void three_letters_of_two_words_stay_as_they_are(void **state)
{
    (void)state;
    assert_int_equal(strncmp(word_at(3), word_at(4), 3), 0); /* about, above */
    expect_key("abo", "abo");
    expect_key("abou", "about");
    expect_key("about Abo", "about Abo");
    expect_key("ab about", "ab about");
}

static void words_may_be_typed_in_many_ways(void **state)
{
    (void)state;
    const char *typed[] = {"river lamp about",          " River   LAMP about ",
                           "river-lamp-abou",           "river, lamp. about",
                           "river\tlamp\u3000about",    "riv\u00e9r lamp about",
                           "river\u2013lamp\u2014about"};
    for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
        expect_key(typed[i], "river lamp about");
    }
}

static void what_is_no_word_keeps_all_that_was_typed(void **state)
{
    (void)state;
    expect_key("river lamp 7", "river lamp 7");
    expect_key("River! lamp about", "River! lamp about");
    expect_key("  My  Dog eats\tsocks ", "My Dog eats socks");
    expect_key("Cafe\u0301 zwo", "Caf\u00e9 zwo");
    expect_key("\u4e00\u4e8c\u4e09", "\u4e00\u4e8c\u4e09");
}

/* What is stretched stands for itself: whoever types it gets it again. */
static void the_form_is_its_own_form(void **state)
{
    (void)state;
    const char *typed[] = {"riv lam abou", "My  Dog, eats-socks", "Cafe\u0301 zwo", "\u202eabc x"};
    for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
        char key[PASSPHRASE_KEY_MAX];
        size_t len;
        assert_int_equal(passphrase_key(slice_str(typed[i]), key, &len), OK);
        expect_key(key, key);
    }
}

static void what_cannot_be_a_passphrase_is_refused(void **state)
{
    (void)state;
    char longest[PASSPHRASE_BYTES_MAX + 1];
    memset(longest, 'a', sizeof(longest));
    assert_int_equal(key_error(slice_of(longest, PASSPHRASE_BYTES_MAX)), OK);
    assert_int_equal(key_error(slice_of(longest, PASSPHRASE_BYTES_MAX + 1)), ERR_TOO_LONG);
    assert_int_equal(key_error(slice_str("")), ERR_EMPTY);
    assert_int_equal(key_error(slice_str(" \t ")), ERR_EMPTY);
    assert_int_equal(key_error(slice_str("\xff\xfe")), ERR_BAD_TEXT);
    assert_int_equal(key_error(slice_of("a\0b", 3)), ERR_BAD_TEXT);
}

/* Both ways to grow: short words of the list, and letters that NFC takes apart. */
static void the_longest_form_fits(void **state)
{
    (void)state;
    char typed[PASSPHRASE_BYTES_MAX], key[PASSPHRASE_KEY_MAX];
    size_t len = 0, key_len;
    for (size_t i = 0; i + 4 <= sizeof(typed); i += 4) {
        memcpy(typed + i, "riv ", 4);
    }
    assert_int_equal(passphrase_key(slice_of(typed, sizeof(typed)), key, &key_len), OK);
    assert_int_equal(key_len, sizeof(typed) / 4 * 6 - 1);
    for (; len + 2 <= sizeof(typed); len += 2) {
        memcpy(typed + len, "\u0344", 2); /* becomes two of two bytes */
    }
    assert_int_equal(passphrase_key(slice_of(typed, len), key, &key_len), OK);
    assert_in_range(key_len, 1, PASSPHRASE_KEY_MAX - 1);
}

/* ---- hard enough ---------------------------------------------------------------------------------------------- */

static const char *weakness(const char *typed, uint32_t words_min)
{
    struct slice known[] = {slice_str("anastasia"), slice_str("Period 3"), slice_str("Jo")};
    const char *why = NULL;
    enum err err = passphrase_check(slice_str(typed), words_min, known, 3, &why);
    assert_int_equal(err, why ? ERR_WEAK_PASSPHRASE : OK);
    return why ? why : "";
}

static void words_that_are_proposed_are_accepted(void **state)
{
    (void)state;
    for (uint8_t seed = 0; seed < 100; seed++) {
        struct rng rng = rng_from(seed);
        char out[8 * WORDS_OF_TEACHER];
        assert_ptr_equal(words_propose(&rng, WORDS_OF_PUPIL, out, sizeof(out)), out);
        assert_string_equal(weakness(out, WORDS_OF_PUPIL), "");
        expect_key(out, out);
        assert_string_equal(weakness(out, WORDS_OF_TEACHER), "it has too few words");
        assert_non_null(words_propose(&rng, WORDS_OF_TEACHER, out, sizeof(out)));
        assert_string_equal(weakness(out, WORDS_OF_TEACHER), "");
    }
}

static void too_few_words_are_refused_however_long(void **state)
{
    (void)state;
    assert_string_equal(weakness("river", 3), "it has too few words");
    assert_string_equal(weakness("thimble surname", 3), "it has too few words");
    assert_string_equal(weakness("river river river river", 3), "it has too few words");
    assert_string_equal(weakness("thim surn thim", 3), "it has too few words");
}

static void texts_of_ones_own_are_refused_for_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        const char *why;
    } cases[] = {
        {"my dog eats socks", ""},
        {"xk7 qpz 4wd m", ""},
        {"\u0431\u0430\u0431\u0443\u0448\u043a\u0438\u043d\u043e "
         "\u0432\u0430\u0440\u0435\u043d\u044c\u0435",
         ""},
        {"xk7qpz4wd", "it is short"},
        {"x k 7 q p z 4", "it is short"},
        {"zzzzzzzzzzzz", "it has few different letters"},
        {"zazazazazaza", "it has few different letters"},
        {"3141592653589", "it is a number"},
        {"\u0663\u0661\u0664\u0661\u0665\u0669\u0662\u0666\u0665\u0663\u0665", "it is a number"},
        {"mydogmydogmydog", "it says one thing again and again"},
        {"mydog mydog m", "it says one thing again and again"},
        {"qwertyuiop", "it is a row of keys or of the alphabet"},
        {"qwertzasdfgh", "it is a row of keys or of the alphabet"},
        {"poiuytrewq1234", "it is a row of keys or of the alphabet"},
        {"abcdefghijk", "it is a row of keys or of the alphabet"},
        {"anastasia1", "it is little more than a name or word that all know"},
        {"Anast\u00e1sia 2015", "it is little more than a name or word that all know"},
        {"period 3 anastasia", "it is little more than a name or word that all know"},
        {"passwort-password", "it is little more than a name or word that all know"},
        {"anastasia eats socks", ""},
        {"my jolly jogger", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(weakness(cases[i].typed, 3), cases[i].why);
    }
    assert_string_equal(weakness("my dog eats x", 5), "it is short");
    assert_string_equal(weakness("my dog eats my socks", 5), "");
}

static void what_is_no_passphrase_is_not_called_weak(void **state)
{
    (void)state;
    const char *why = NULL;
    assert_int_equal(passphrase_check(slice_str(""), 3, NULL, 0, &why), ERR_EMPTY);
    assert_int_equal(passphrase_check(slice_str("\xff"), 3, NULL, 0, &why), ERR_BAD_TEXT);
    assert_null(why);
}

static int start(void **state)
{
    (void)state;
    return keys_init() == OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_letters_are_as_good_as_words),
        cmocka_unit_test(three_letters_of_two_words_stay_as_they_are),
        cmocka_unit_test(words_may_be_typed_in_many_ways),
        cmocka_unit_test(what_is_no_word_keeps_all_that_was_typed),
        cmocka_unit_test(the_form_is_its_own_form),
        cmocka_unit_test(what_cannot_be_a_passphrase_is_refused),
        cmocka_unit_test(the_longest_form_fits),
        cmocka_unit_test(words_that_are_proposed_are_accepted),
        cmocka_unit_test(too_few_words_are_refused_however_long),
        cmocka_unit_test(texts_of_ones_own_are_refused_for_a_reason),
        cmocka_unit_test(what_is_no_passphrase_is_not_called_weak),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
