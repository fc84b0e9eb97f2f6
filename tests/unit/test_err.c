/* err.c: codes that programs read, and sentences that are filled in. */
#include "vectors.h"

#include "err.h"

static void every_code_leads_back_to_its_number(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_COUNT; i++) {
        assert_int_equal(err_from_code(slice_str(err_code((enum err)i))), i);
    }
    assert_int_equal(err_from_code(slice_str("made-tomorrow")), ERR_INTERNAL);
    assert_int_equal(err_from_code(slice_str("")), ERR_INTERNAL);
}

/* The specification's table and the list are two that must agree. */
static void the_specification_has_every_number(void **state)
{
    (void)state;
    char *text = vectors_read("proto/PROTOCOL.md");
    for (int i = 0; i < ERR_COUNT; i++) {
        char cell[64];
        snprintf(cell, sizeof(cell), "| %d | %s |", i, err_code((enum err)i));
        if (!strstr(text, cell)) {
            fail_msg("PROTOCOL.md lacks %s", cell);
        }
    }
    free(text);
}

static void numbers_out_of_range_have_texts_too(void **state)
{
    (void)state;
    assert_string_equal(err_code((enum err)ERR_COUNT), "internal");
    assert_string_equal(err_code((enum err) - 1), "internal");
    assert_non_null(err_sentence((enum err)9999));
    assert_non_null(err_try((enum err)9999));
}

static void both_marks_are_filled_in_and_others_stay(void **state)
{
    (void)state;
    char out[64];
    assert_string_equal(err_fill(out, sizeof(out), "%2 and %1, %1%", "a%2", "b"),
                        "b and a%2, a%2%");
    assert_string_equal(err_fill(out, sizeof(out), "%3 %1.", NULL, NULL), "%3 .");
    assert_string_equal(err_fill(out, sizeof(out), "", "a", "b"), "");
}

static void what_is_too_long_is_cut_at_a_character(void **state)
{
    (void)state;
    static const char *const cut[] = {NULL,
                                      "",
                                      "a",
                                      "a",
                                      "a",
                                      "a\xe2\x82\xac",
                                      "a\xe2\x82\xac",
                                      "a\xe2\x82\xac\xc3\xa9",
                                      "a\xe2\x82\xac\xc3\xa9!"};
    char out[16] = "untouched";
    assert_string_equal(err_fill(out, 0, "%1", "x", ""), "untouched");
    for (size_t len = 1; len < sizeof(cut) / sizeof(cut[0]); len++) {
        memset(out, 'x', sizeof(out));
        /* one long character is a literal, the other is filled in; nothing may follow a cut */
        err_fill(out, len, "a%1\xc3\xa9!", "\xe2\x82\xac", NULL);
        assert_string_equal(out, cut[len]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_leads_back_to_its_number),
        cmocka_unit_test(the_specification_has_every_number),
        cmocka_unit_test(numbers_out_of_range_have_texts_too),
        cmocka_unit_test(both_marks_are_filled_in_and_others_stay),
        cmocka_unit_test(what_is_too_long_is_cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
