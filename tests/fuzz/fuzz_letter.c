/* Whatever letter_decode accepts, letter_encode gives back. */
#include <stdlib.h>

#include "letter.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct letter letter;
    uint8_t again[LETTER_BYTES_MAX];
    size_t again_len = 0;
    if (letter_decode(slice_of(bytes, len), &letter) != OK) {
        return 0;
    }
    if (letter_encode(&letter, again, &again_len) != OK || again_len != len ||
        memcmp(again, bytes, len) != 0) {
        abort();
    }
    return 0;
}
