/* Whatever letter_decode accepts, letter_encode gives back. */
#include "fuzz.h"
#include "letter.h"

const size_t fuzz_room = FUZZ_ROOM;

void fuzz_one(struct slice input)
{
    struct letter letter;
    uint8_t again[LETTER_BYTES_MAX];
    size_t again_len = 0;
    if (letter_decode(input, &letter) != OK) {
        return;
    }
    fuzz_check(letter_encode(&letter, again, &again_len) == OK);
    fuzz_check(slice_equal(slice_of(again, again_len), input));
}
