/* Whatever text comes in, what goes out is valid UTF-8 within its bounds; what is shown holds nothing that a terminal
 * obeys and takes the columns that were said; tidying and keying twice changes nothing. */

#include <utf8proc.h>

#include "fuzz.h"
#include "text.h"

enum {
    IN_MAX = 512,
    OUT_MAX = 3 * IN_MAX + 64,
    SIGN_BYTES = 3, /* of an isolate */
};

/* No control, and no character that hides or turns others. */
static bool is_harmless(struct slice text)
{
    while (text.len) {
        int32_t rune;
        utf8proc_ssize_t len = utf8proc_iterate(text.at, (utf8proc_ssize_t)text.len, &rune);
        if (len <= 0 || rune < 0x20 || (rune >= 0x7f && rune < 0xa0) || rune == 0x061c ||
            rune == 0x200b || rune == 0x200e || rune == 0x200f || rune == 0xfeff ||
            (rune >= 0x2028 && rune <= 0x202e) || (rune >= 0x2060 && rune <= 0x206f) ||
            (rune >= 0xe0000 && rune < 0xe0100)) {
            return false;
        }
        text = slice_of(text.at + len, text.len - (size_t)len);
    }
    return true;
}

static void check_shown(struct slice text, size_t columns_max, size_t room)
{
    char out[OUT_MAX];
    memset(out, 'x', sizeof(out));
    size_t columns = text_show(text, columns_max, out, room);
    struct slice shown = slice_str(out);
    fuzz_check(shown.len < room);
    for (size_t i = room; i < sizeof(out); i++) {
        fuzz_check(out[i] == 'x');
    }
    fuzz_check(columns_max == 0 || columns <= columns_max);
    fuzz_check(columns <= text_columns(text));
    if (shown.len >= SIGN_BYTES && memcmp(shown.at, "\u2068", SIGN_BYTES) == 0) {
        fuzz_check(memcmp(shown.at + shown.len - SIGN_BYTES, "\u2069", SIGN_BYTES) == 0);
        shown = slice_of(shown.at + SIGN_BYTES, shown.len - 2 * SIGN_BYTES);
    }
    fuzz_check(is_harmless(shown));
    if (columns == text_columns(text)) {
        fuzz_check(text_columns(shown) == columns);
    }
}

static void check_tidy(struct slice text, bool lines)
{
    static char out[OUT_MAX], again[3 * OUT_MAX + 1];
    size_t len = text_tidy(text, lines, out);
    fuzz_check(len == strlen(out) && len <= 3 * text.len);
    fuzz_check(text_check(slice_str(out), sizeof(out)) == OK);
    text_tidy(slice_str(out), lines, again);
    fuzz_check(strcmp(out, again) == 0);
}

static void check_key(struct slice text, size_t room)
{
    char out[OUT_MAX], again[OUT_MAX];
    memset(out, 'x', sizeof(out));
    size_t len = text_key(text, out, room);
    fuzz_check(len == strlen(out) && len < room);
    for (size_t i = room; i < sizeof(out); i++) {
        fuzz_check(out[i] == 'x');
    }
    fuzz_check(text_check(slice_str(out), sizeof(out)) == OK);
    text_key(slice_str(out), again, sizeof(again));
    fuzz_check(strcmp(out, again) == 0);
}

const size_t fuzz_room = FUZZ_ROOM;

/* The first two bytes choose bounds, the rest is text. */
void fuzz_one(struct slice input)
{
    if (input.len < 2 || input.len > IN_MAX) {
        return;
    }
    struct slice text = slice_of(input.at + 2, input.len - 2);
    struct slice half = slice_of(text.at, text.len / 2);
    check_shown(text, input.at[0], 16u + input.at[1]);
    check_shown(text, 0, OUT_MAX);
    check_tidy(text, input.at[0] % 2);
    check_key(text, 1u + input.at[1]);
    check_key(text, OUT_MAX);
    size_t distance = text_distance(text, half, input.at[0]);
    fuzz_check(distance <= input.at[0] + 1u);
    fuzz_check(distance == text_distance(half, text, input.at[0]));
}
