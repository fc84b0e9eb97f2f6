/* words.c and words.txt: the list, and invites and rescue words read back however they were typed. */
#include "words.h"

#include "text.h"
#include "vectors.h"

static const char VECTORS[] = "tests/vectors/invites.txt";
static const char RESCUE_VECTORS[] = "tests/vectors/rescue.txt";

static struct rng rng_from(uint8_t first)
{
    uint8_t seed[32];
    struct rng rng;
    memset(seed, first, sizeof(seed));
    rng_seed(&rng, seed);
    return rng;
}

static struct sign_pk root_from(uint8_t first)
{
    struct sign_pk root;
    memset(root.b, first, sizeof(root.b));
    return root;
}

static struct invite an_invite(uint8_t first)
{
    struct rng rng = rng_from(first);
    struct sign_pk root = root_from(first);
    struct invite invite;
    invite_make(&rng, &root, &invite);
    return invite;
}

static bool invite_equal(const struct invite *a, const struct invite *b)
{
    return memcmp(a->secret, b->secret, sizeof(a->secret)) == 0 &&
           memcmp(a->commit, b->commit, sizeof(a->commit)) == 0;
}

static enum err outcome(const char *text)
{
    struct invite invite;
    uint32_t wrong;
    uint16_t near;
    return invite_read(slice_str(text), &invite, &wrong, &near);
}

/* ---- the list --------------------------------------------------------------------------------- */

static void every_word_is_short_and_of_small_letters(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < WORDS_IN_LIST; i++) {
        size_t len = strlen(word_at(i));
        assert_in_range(len, 3, WORD_BYTES_MAX);
        assert_int_equal(strspn(word_at(i), "abcdefghijklmnopqrstuvwxyz"), len);
    }
}

static void the_list_is_sorted_and_four_letters_tell_words_apart(void **state)
{
    (void)state;
    for (uint16_t i = 1; i < WORDS_IN_LIST; i++) {
        assert_true(strcmp(word_at(i - 1), word_at(i)) < 0);
        assert_int_not_equal(strncmp(word_at(i - 1), word_at(i), 4), 0);
    }
}

static void every_word_is_found_by_itself_and_by_four_letters(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < WORDS_IN_LIST; i++) {
        struct slice word = slice_str(word_at(i));
        for (size_t len = word.len < 4 ? word.len : 4; len <= word.len; len++) {
            uint16_t index = WORDS_IN_LIST, near;
            assert_true(word_find(slice_of(word.at, len), &index, &near));
            assert_int_equal(index, i);
        }
    }
}

static void a_word_is_found_in_any_case_and_form(void **state)
{
    (void)state;
    char typed[WORD_BYTES_MAX + 1] = {0}, wide[3 * WORD_BYTES_MAX + 1] = {0};
    for (size_t i = 0; word_at(7)[i]; i++) {
        typed[i] = (char)(word_at(7)[i] - 'a' + 'A');
        memcpy(wide + 3 * i, "\uFF21", 3);
        wide[3 * i + 2] = (char)(wide[3 * i + 2] + typed[i] - 'A');
    }
    uint16_t index = 0, near;
    assert_true(word_find(slice_str(typed), &index, &near));
    assert_int_equal(index, 7);
    index = 0;
    assert_true(word_find(slice_str(wide), &index, &near));
    assert_int_equal(index, 7);
}

static void a_mistyped_word_gets_the_nearest(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < WORDS_IN_LIST; i += 37) {
        char typed[WORD_BYTES_MAX + 3];
        uint16_t index = 4711, near = WORDS_IN_LIST;
        snprintf(typed, sizeof(typed), "%s%s", word_at(i), "q");
        struct slice slip = slice_str(typed);
        assert_false(word_find(slip, &index, &near));
        assert_int_equal(index, 4711);
        size_t distance = text_distance(slip, slice_str(word_at(near)), 9);
        for (uint16_t j = 0; j < WORDS_IN_LIST; j++) {
            assert_true(text_distance(slip, slice_str(word_at(j)), 9) >= distance);
        }
    }
}

static void what_is_no_word_is_not_found(void **state)
{
    (void)state;
    const char *typed[] = {"", "x", "zqxj", "\xff\xff",
                           "an otherwise very long thing that nobody has in a list"};
    for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
        uint16_t index, near = WORDS_IN_LIST;
        assert_false(word_find(slice_str(typed[i]), &index, &near));
        assert_in_range(near, 0, WORDS_IN_LIST - 1);
    }
}

static void three_letters_of_a_longer_word_are_not_enough(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < WORDS_IN_LIST; i += 37) {
        uint16_t index = WORDS_IN_LIST, near;
        if (word_find(slice_of(word_at(i), 3), &index, &near)) {
            assert_int_equal(strlen(word_at(index)), 3);
        }
    }
}

static void a_word_is_completed_from_what_tells_it_apart(void **state)
{
    (void)state;
    unsigned three = 0;
    for (uint16_t i = 0; i < WORDS_IN_LIST; i++) {
        const char *word = word_at(i);
        bool alone = (i == 0 || strncmp(word_at(i - 1), word, 3) != 0) &&
                     (i + 1 == WORDS_IN_LIST || strncmp(word_at(i + 1), word, 3) != 0);
        uint16_t index = WORDS_IN_LIST;
        bool found = word_complete(slice_of(word, 3), &index);
        assert_int_equal(found, alone || strlen(word_at(index)) == 3);
        three += alone;
        assert_false(word_complete(slice_of(word, 2), &index));
        assert_true(word_complete(slice_of(word, strlen(word)), &index));
        assert_int_equal(index, i);
    }
    assert_int_equal(three, 638);
}

static void proposed_words_are_different_and_drawn_anew(void **state)
{
    (void)state;
    struct rng rng = rng_from(1);
    char out[8 * WORDS_RESCUE], again[8 * WORDS_RESCUE];
    for (unsigned round = 0; round < 2000; round++) {
        uint16_t drawn[WORDS_RESCUE], near;
        size_t count = 0;
        assert_ptr_equal(words_propose(&rng, WORDS_RESCUE, out, sizeof(out)), out);
        for (const char *at = out; at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL) {
            assert_in_range(count, 0, WORDS_RESCUE - 1);
            assert_true(word_find(slice_of(at, strcspn(at, " ")), &drawn[count], &near));
            for (size_t i = 0; i < count; i++) {
                assert_int_not_equal(drawn[i], drawn[count]);
            }
            count++;
        }
        assert_int_equal(count, WORDS_RESCUE);
        assert_string_not_equal(words_propose(&rng, WORDS_RESCUE, again, sizeof(again)), out);
    }
    assert_null(words_propose(&rng, 0, out, sizeof(out)));
    assert_null(words_propose(&rng, WORDS_RESCUE + 1, out, sizeof(out)));
    assert_null(words_propose(&rng, 3, out, 23));
    assert_non_null(words_propose(&rng, 3, out, 24));
}

/* ---- invites ---------------------------------------------------------------------------------- */

static void an_invite_reads_back_from_its_text(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 50; i++) {
        struct invite invite = an_invite(i), read;
        char text[INVITE_TEXT_MAX], secret[INVITE_TEXT_MAX];
        uint32_t wrong;
        uint16_t near;
        assert_ptr_equal(invite_text(&invite, text), text);
        assert_int_equal(invite_read(slice_str(text), &read, &wrong, &near), OK);
        assert_true(invite_equal(&read, &invite));
        invite_secret_text(&invite, secret);
        assert_memory_equal(secret, text, strlen(secret));
        assert_int_equal(text[strlen(secret)], ' ');
    }
}

static void the_longest_words_fit_their_room(void **state)
{
    (void)state;
    struct invite invite;
    char text[INVITE_TEXT_MAX];
    uint16_t longest = 0;
    while (longest + 1 < WORDS_IN_LIST && strlen(word_at(longest)) < WORD_BYTES_MAX) {
        longest++;
    }
    for (size_t i = 0; i < WORDS_SECRET; i++) {
        invite.secret[i] = longest;
    }
    for (size_t i = 0; i < WORDS_COMMIT; i++) {
        invite.commit[i] = longest;
    }
    assert_true(strlen(invite_text(&invite, text)) < INVITE_TEXT_MAX);
}

static void an_invite_commits_to_its_root_and_no_other(void **state)
{
    (void)state;
    struct invite invite = an_invite(1);
    for (uint8_t i = 0; i < 50; i++) {
        struct sign_pk root = root_from(i);
        assert_int_equal(invite_commits_to(&invite, &root), i == 1);
    }
    struct sign_pk root = root_from(1);
    for (size_t i = 0; i < WORDS_COMMIT; i++) {
        invite.commit[i] ^= 1;
        assert_false(invite_commits_to(&invite, &root));
        invite.commit[i] ^= 1;
    }
}

static void secrets_are_drawn_anew_for_each_invite(void **state)
{
    (void)state;
    struct rng rng = rng_from(1);
    struct sign_pk root = root_from(1);
    struct invite a, b;
    invite_make(&rng, &root, &a);
    invite_make(&rng, &root, &b);
    assert_memory_not_equal(a.secret, b.secret, sizeof(a.secret));
    assert_memory_equal(a.commit, b.commit, sizeof(a.commit));
}

static void an_invite_may_be_typed_in_many_ways(void **state)
{
    (void)state;
    struct invite invite = an_invite(3), read;
    char text[INVITE_TEXT_MAX], typed[8 * INVITE_TEXT_MAX];
    static const char *const between[] = {"-",   ", ",       "\n",     "  ",
                                          ".\t", " \u2013 ", "\u3001", " 7. "};
    invite_text(&invite, text);
    for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
        uint32_t wrong;
        uint16_t near;
        size_t len = (size_t)snprintf(typed, sizeof(typed), "%s", between[i]);
        for (const char *at = text; *at; at++) {
            if (*at == ' ') {
                len += (size_t)snprintf(typed + len, sizeof(typed) - len, "%s", between[i]);
            } else {
                typed[len++] = (char)(i % 2 ? *at : *at - 'a' + 'A');
            }
        }
        snprintf(typed + len, sizeof(typed) - len, "%s", between[i]);
        assert_int_equal(invite_read(slice_str(typed), &read, &wrong, &near), OK);
        assert_true(invite_equal(&read, &invite));
    }
}

static void a_wrong_word_is_numbered_with_its_nearest(void **state)
{
    (void)state;
    struct invite invite = an_invite(3);
    char text[INVITE_TEXT_MAX], typed[2 * INVITE_TEXT_MAX];
    const char *at = invite_text(&invite, text);
    for (uint32_t n = 0; n < WORDS_INVITE; n++) {
        struct invite read = {0};
        uint32_t wrong = WORDS_INVITE;
        uint16_t near = WORDS_IN_LIST;
        size_t before = (size_t)(at - text), word = strcspn(at, " ");
        snprintf(typed, sizeof(typed), "%.*sqzx%s", (int)before, text, at);
        assert_int_equal(invite_read(slice_str(typed), &read, &wrong, &near), ERR_WORD);
        assert_int_equal(wrong, n);
        assert_in_range(near, 0, WORDS_IN_LIST - 1);
        assert_int_equal(read.commit[0], 0);
        at += word + (at[word] == ' ');
    }
}

static void the_check_word_catches_exchanged_and_wrong_words(void **state)
{
    (void)state;
    unsigned caught = 0, all = 0;
    for (uint8_t i = 0; i < 20; i++) {
        struct invite invite = an_invite(i);
        char text[INVITE_TEXT_MAX], typed[2 * INVITE_TEXT_MAX];
        const char *second = strchr(invite_text(&invite, text), ' ') + 1;
        const char *third = strchr(second, ' ') + 1;
        snprintf(typed, sizeof(typed), "%.*s %.*s %s", (int)(third - second - 1), second,
                 (int)(second - text - 1), text, third);
        caught += outcome(typed) == ERR_WORDS;
        snprintf(typed, sizeof(typed), "%s %s", word_at(i), second);
        caught += outcome(typed) == ERR_WORDS;
        all += 2;
    }
    assert_int_equal(caught, all);
}

static void fewer_or_more_than_twelve_words_do_not_fit(void **state)
{
    (void)state;
    struct invite invite = an_invite(3);
    char text[INVITE_TEXT_MAX], typed[2 * INVITE_TEXT_MAX];
    invite_text(&invite, text);
    snprintf(typed, sizeof(typed), "%s %s", text, word_at(1));
    assert_int_equal(outcome(typed), ERR_WORDS);
    snprintf(typed, sizeof(typed), "%s qqqq", text);
    assert_int_equal(outcome(typed), ERR_WORDS);
    assert_int_equal(outcome(strchr(text, ' ')), ERR_WORDS);
    assert_int_equal(outcome(text), OK);
    *strrchr(text, ' ') = 0;
    assert_int_equal(outcome(text), ERR_WORDS);
    assert_int_equal(outcome(""), ERR_WORDS);
    assert_int_equal(outcome(" 1, 2 "), ERR_WORDS);
}

/* ---- rescue words ----------------------------------------------------------------------------- */

static void rescue_words_read_back_however_they_are_typed(void **state)
{
    (void)state;
    struct rng rng = rng_from(9);
    for (unsigned round = 0; round < 100; round++) {
        uint8_t secret[RESCUE_BYTES], read[RESCUE_BYTES] = {0};
        char text[RESCUE_TEXT_MAX];
        uint32_t wrong;
        uint16_t near;
        rng_fill(&rng, secret, sizeof(secret));
        assert_ptr_equal(rescue_text(secret, text), text);
        for (char *at = text; *at; at++) {
            *at = round % 2 == 0 ? *at : *at == ' ' ? '-' : (char)(*at - 'a' + 'A');
        }
        assert_int_equal(rescue_read(slice_str(text), read, &wrong, &near), OK);
        assert_memory_equal(read, secret, sizeof(read));
    }
}

static void mistakes_in_rescue_words_are_noticed(void **state)
{
    (void)state;
    uint8_t secret[RESCUE_BYTES] = {1, 2, 3}, read[RESCUE_BYTES] = {0};
    const uint8_t nothing[RESCUE_BYTES] = {0};
    char text[RESCUE_TEXT_MAX], typed[2 * RESCUE_TEXT_MAX];
    uint32_t wrong = WORDS_RESCUE;
    uint16_t near = WORDS_IN_LIST;
    unsigned caught = 0, all = 0;
    const char *second = strchr(rescue_text(secret, text), ' ') + 1;
    for (uint16_t i = 0; i < WORDS_IN_LIST; i++) {
        snprintf(typed, sizeof(typed), "%s %s", word_at(i), second);
        caught += rescue_read(slice_str(typed), read, &wrong, &near) == ERR_WORDS;
        all++;
    }
    assert_true(caught < all); /* the right one */
    assert_true(caught > all * 9 / 10);
    memset(read, 0, sizeof(read));
    snprintf(typed, sizeof(typed), "%.*szzqx %s", (int)(second - text), text,
             strchr(second, ' ') + 1);
    assert_int_equal(rescue_read(slice_str(typed), read, &wrong, &near), ERR_WORD);
    assert_int_equal(wrong, 1);
    assert_in_range(near, 0, WORDS_IN_LIST - 1);
    assert_int_equal(rescue_read(slice_str(second), read, &wrong, &near), ERR_WORDS);
    snprintf(typed, sizeof(typed), "%s river", text);
    assert_int_equal(rescue_read(slice_str(typed), read, &wrong, &near), ERR_WORDS);
    assert_memory_equal(read, nothing, sizeof(read));
}

static void rescue_vectors_are_what_this_code_makes(void **state)
{
    (void)state;
    struct pack out;
    pack_init(&out);
    pack_raw(
        &out,
        slice_str("# Rescue words: the secret and the words. PROTOCOL.md, \"Rescue words\".\n"));
    for (unsigned i = 0; i < 3; i++) {
        uint8_t secret[RESCUE_BYTES];
        char text[RESCUE_TEXT_MAX];
        memset(secret, i == 2 ? 0xff : 0, sizeof(secret));
        for (uint8_t j = 0; i == 1 && j < sizeof(secret); j++) {
            secret[j] = j;
        }
        put_case(&out, "rescue");
        put_bytes(&out, "secret", slice_of(secret, sizeof(secret)));
        put_text(&out, "words", rescue_text(secret, text));
    }
    vectors_compare(RESCUE_VECTORS, &out);
    pack_clear(&out);
}

static void stored_rescue_words_are_read(void **state)
{
    (void)state;
    char *file = vectors_read(RESCUE_VECTORS);
    const char *at = file;
    struct slice lines;
    unsigned count = 0;
    for (; vectors_next(&at, &lines); count++) {
        uint8_t expected[RESCUE_BYTES], read[RESCUE_BYTES];
        struct slice words;
        uint32_t wrong;
        uint16_t near;
        case_bytes(lines, "secret", expected, sizeof(expected));
        assert_true(case_text(lines, "words", &words));
        assert_int_equal(rescue_read(words, read, &wrong, &near), OK);
        assert_memory_equal(read, expected, sizeof(read));
    }
    assert_int_equal(count, 3);
    free(file);
}

/* ---- vectors of invites ----------------------------------------------------------------------- */

static void the_vectors_are_what_this_code_makes(void **state)
{
    (void)state;
    struct pack out;
    pack_init(&out);
    pack_raw(
        &out,
        slice_str("# Invites: indexes of the words (two bytes each) and the words. PROTOCOL.md, "
                  "\"Invites\".\n"));
    for (uint8_t i = 1; i <= 3; i++) {
        struct invite invite = an_invite(i);
        struct sign_pk root = root_from(i);
        char text[INVITE_TEXT_MAX];
        uint8_t secret[2 * WORDS_SECRET];
        for (size_t j = 0; j < WORDS_SECRET; j++) {
            secret[2 * j] = (uint8_t)(invite.secret[j] >> 8);
            secret[2 * j + 1] = (uint8_t)invite.secret[j];
        }
        put_case(&out, "invite");
        put_bytes(&out, "root", SLICE(root));
        put_bytes(&out, "secret", slice_of(secret, sizeof(secret)));
        put_text(&out, "words", invite_text(&invite, text));
    }
    vectors_compare(VECTORS, &out);
    pack_clear(&out);
}

static void stored_invites_are_read(void **state)
{
    (void)state;
    char *file = vectors_read(VECTORS);
    const char *at = file;
    struct slice lines;
    uint8_t count = 0;
    while (vectors_next(&at, &lines)) {
        struct invite invite, expected = an_invite(++count);
        struct sign_pk root;
        struct slice words;
        uint32_t wrong;
        uint16_t near;
        case_bytes(lines, "root", root.b, sizeof(root.b));
        assert_true(case_text(lines, "words", &words));
        assert_int_equal(invite_read(words, &invite, &wrong, &near), OK);
        assert_true(invite_equal(&invite, &expected));
        assert_true(invite_commits_to(&invite, &root));
    }
    assert_int_equal(count, 3);
    free(file);
}

static int start(void **state)
{
    (void)state;
    return keys_init() == OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_is_short_and_of_small_letters),
        cmocka_unit_test(the_list_is_sorted_and_four_letters_tell_words_apart),
        cmocka_unit_test(every_word_is_found_by_itself_and_by_four_letters),
        cmocka_unit_test(a_word_is_found_in_any_case_and_form),
        cmocka_unit_test(a_mistyped_word_gets_the_nearest),
        cmocka_unit_test(what_is_no_word_is_not_found),
        cmocka_unit_test(three_letters_of_a_longer_word_are_not_enough),
        cmocka_unit_test(a_word_is_completed_from_what_tells_it_apart),
        cmocka_unit_test(proposed_words_are_different_and_drawn_anew),
        cmocka_unit_test(an_invite_reads_back_from_its_text),
        cmocka_unit_test(the_longest_words_fit_their_room),
        cmocka_unit_test(an_invite_commits_to_its_root_and_no_other),
        cmocka_unit_test(secrets_are_drawn_anew_for_each_invite),
        cmocka_unit_test(an_invite_may_be_typed_in_many_ways),
        cmocka_unit_test(a_wrong_word_is_numbered_with_its_nearest),
        cmocka_unit_test(the_check_word_catches_exchanged_and_wrong_words),
        cmocka_unit_test(fewer_or_more_than_twelve_words_do_not_fit),
        cmocka_unit_test(rescue_words_read_back_however_they_are_typed),
        cmocka_unit_test(mistakes_in_rescue_words_are_noticed),
        cmocka_unit_test(rescue_vectors_are_what_this_code_makes),
        cmocka_unit_test(stored_rescue_words_are_read),
        cmocka_unit_test(the_vectors_are_what_this_code_makes),
        cmocka_unit_test(stored_invites_are_read),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
