/* Whatever is typed as an invite is refused with a word of the list, or reads back from its own text. */
#include <stdlib.h>

#include "words.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return keys_init();
}

static void check(struct slice text)
{
    char out[INVITE_TEXT_MAX];
    struct invite invite, again;
    uint32_t wrong = WORDS_INVITE;
    uint16_t near = WORDS_IN_LIST;
    enum err err = invite_read(text, &invite, &wrong, &near);
    if (err == ERR_WORD) {
        if (wrong >= WORDS_INVITE || near >= WORDS_IN_LIST) {
            abort();
        }
    } else if (err == OK) {
        err = invite_read(slice_str(invite_text(&invite, out)), &again, &wrong, &near);
        if (err != OK || memcmp(&invite, &again, sizeof(invite)) != 0) {
            abort();
        }
    } else if (err != ERR_WORDS) {
        abort();
    }
}

/* The bytes as typed; and as indexes of words, with which a whole invite is made. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct invite invite = {0};
    uint16_t indexes[WORDS_SECRET + WORDS_COMMIT] = {0};
    char text[INVITE_TEXT_MAX];
    check(slice_of(bytes, len));
    for (size_t i = 0; i < sizeof(indexes) && i < len; i++) {
        indexes[i / 2] = (uint16_t)((indexes[i / 2] << 8 | bytes[i]) % WORDS_IN_LIST);
    }
    memcpy(invite.secret, indexes, sizeof(invite.secret));
    memcpy(invite.commit, indexes + WORDS_SECRET, sizeof(invite.commit));
    check(slice_str(invite_text(&invite, text)));
    return 0;
}
