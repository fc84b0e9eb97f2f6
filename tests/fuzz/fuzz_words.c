/* Whatever is typed as an invite is refused with a word of the list, or reads back from its own text; so are rescue words;
 * and a passphrase has one form, which is its own form. */
#include <stdlib.h>

#include "passphrase.h"
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

static void check_rescue(struct slice text)
{
    char out[RESCUE_TEXT_MAX];
    uint8_t secret[RESCUE_BYTES], again[RESCUE_BYTES];
    uint32_t wrong;
    uint16_t near;
    if (rescue_read(text, secret, &wrong, &near) == OK &&
        (rescue_read(slice_str(rescue_text(secret, out)), again, &wrong, &near) != OK ||
         memcmp(secret, again, sizeof(secret)) != 0)) {
        abort();
    }
}

static void check_passphrase(struct slice text)
{
    char key[PASSPHRASE_KEY_MAX], again[PASSPHRASE_KEY_MAX];
    size_t len, again_len;
    struct slice known[] = {slice_str("ana"), text};
    const char *why = NULL;
    if (passphrase_key(text, key, &len) != OK) {
        return;
    }
    enum err err = passphrase_check(text, WORDS_OF_PUPIL, known, 2, &why);
    if ((err == ERR_WEAK_PASSPHRASE) != (why != NULL)) {
        abort();
    }
    if (len <= PASSPHRASE_BYTES_MAX &&
        (passphrase_key(slice_of(key, len), again, &again_len) != OK || again_len != len ||
         memcmp(key, again, len) != 0)) {
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
    check_rescue(slice_of(bytes, len));
    check_passphrase(slice_of(bytes, len));
    check_rescue(slice_str(rescue_text((const uint8_t *)"any sixteen byte", text)));
    for (size_t i = 0; i < sizeof(indexes) && i < len; i++) {
        indexes[i / 2] = (uint16_t)((indexes[i / 2] << 8 | bytes[i]) % WORDS_IN_LIST);
    }
    memcpy(invite.secret, indexes, sizeof(invite.secret));
    memcpy(invite.commit, indexes + WORDS_SECRET, sizeof(invite.commit));
    check(slice_str(invite_text(&invite, text)));
    return 0;
}
