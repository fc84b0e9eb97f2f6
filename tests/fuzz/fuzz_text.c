/* Whatever text comes in, what goes out is valid UTF-8 within its bounds; what is shown holds nothing that a terminal
 * obeys and takes the columns that were said; tidying and keying twice changes nothing. */
#include <stdlib.h>

#include <utf8proc.h>

#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum {
    IN_MAX = 512,
    OUT_MAX = 3 * IN_MAX + 64,
    SIGN_BYTES = 3, /* of an isolate */
};

static void expect(bool good)
{
    if (!good) {
        abort();
    }
}

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
    expect(shown.len < room);
    for (size_t i = room; i < sizeof(out); i++) {
        expect(out[i] == 'x');
    }
    expect(columns_max == 0 || columns <= columns_max);
    expect(columns <= text_columns(text));
    if (shown.len >= SIGN_BYTES && memcmp(shown.at, "\u2068", SIGN_BYTES) == 0) {
        expect(memcmp(shown.at + shown.len - SIGN_BYTES, "\u2069", SIGN_BYTES) == 0);
        shown = slice_of(shown.at + SIGN_BYTES, shown.len - 2 * SIGN_BYTES);
    }
    expect(is_harmless(shown));
    if (columns == text_columns(text)) {
        expect(text_columns(shown) == columns);
    }
}

static void check_tidy(struct slice text, bool lines)
{
    static char out[OUT_MAX], again[3 * OUT_MAX + 1];
    size_t len = text_tidy(text, lines, out);
    expect(len == strlen(out) && len <= 3 * text.len);
    expect(text_check(slice_str(out), sizeof(out)) == OK);
    text_tidy(slice_str(out), lines, again);
    expect(strcmp(out, again) == 0);
}

static void check_key(struct slice text, size_t room)
{
    char out[OUT_MAX], again[OUT_MAX];
    memset(out, 'x', sizeof(out));
    size_t len = text_key(text, out, room);
    expect(len == strlen(out) && len < room);
    for (size_t i = room; i < sizeof(out); i++) {
        expect(out[i] == 'x');
    }
    expect(text_check(slice_str(out), sizeof(out)) == OK);
    text_key(slice_str(out), again, sizeof(again));
    expect(strcmp(out, again) == 0);
}

/* The first two bytes choose bounds, the rest is text. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 2 || len > IN_MAX) {
        return 0;
    }
    struct slice text = slice_of(bytes + 2, len - 2);
    struct slice half = slice_of(text.at, text.len / 2);
    check_shown(text, bytes[0], 16u + bytes[1]);
    check_shown(text, 0, OUT_MAX);
    check_tidy(text, bytes[0] % 2);
    check_key(text, 1u + bytes[1]);
    check_key(text, OUT_MAX);
    size_t distance = text_distance(text, half, bytes[0]);
    expect(distance <= bytes[0] + 1u);
    expect(distance == text_distance(half, text, bytes[0]));
    return 0;
}
