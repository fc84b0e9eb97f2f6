/* Whatever is typed as an invite is refused with a word of the list, or reads back from its own text; so are rescue words;
 * and a passphrase has one form, which is its own form. */
#include "fuzz.h"
#include "passphrase.h"
#include "words.h"

static void check(struct slice text)
{
    char out[INVITE_TEXT_MAX];
    struct invite invite, again;
    uint32_t wrong = WORDS_INVITE;
    uint16_t near = WORDS_IN_LIST;
    enum err err = invite_read(text, &invite, &wrong, &near);
    if (err == ERR_WORD) {
        fuzz_check(wrong < WORDS_INVITE && near < WORDS_IN_LIST);
    } else if (err == OK) {
        err = invite_read(slice_str(invite_text(&invite, out)), &again, &wrong, &near);
        fuzz_check(err == OK && memcmp(&invite, &again, sizeof(invite)) == 0);
    } else {
        fuzz_check(err == ERR_WORDS);
    }
}

static void check_rescue(struct slice text)
{
    char out[RESCUE_TEXT_MAX];
    uint8_t secret[RESCUE_BYTES], again[RESCUE_BYTES];
    uint32_t wrong;
    uint16_t near;
    if (rescue_read(text, secret, &wrong, &near) == OK) {
        enum err err = rescue_read(slice_str(rescue_text(secret, out)), again, &wrong, &near);
        fuzz_check(err == OK && memcmp(secret, again, sizeof(secret)) == 0);
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
    fuzz_check((err == ERR_WEAK_PASSPHRASE) == (why != NULL));
    if (len <= PASSPHRASE_BYTES_MAX) {
        err = passphrase_key(slice_of(key, len), again, &again_len);
        fuzz_check(err == OK && slice_equal(slice_of(again, again_len), slice_of(key, len)));
    }
}

const size_t fuzz_room = FUZZ_ROOM;

/* The bytes as typed; and as indexes of words, with which a whole invite is made. */
void fuzz_one(struct slice input)
{
    struct invite invite = {0};
    uint16_t indexes[WORDS_SECRET + WORDS_COMMIT] = {0};
    char text[INVITE_TEXT_MAX];
    check(input);
    check_rescue(input);
    check_passphrase(input);
    check_rescue(slice_str(rescue_text((const uint8_t *)"any sixteen byte", text)));
    for (size_t i = 0; i < sizeof(indexes) && i < input.len; i++) {
        indexes[i / 2] = (uint16_t)((indexes[i / 2] << 8 | input.at[i]) % WORDS_IN_LIST);
    }
    memcpy(invite.secret, indexes, sizeof(invite.secret));
    memcpy(invite.commit, indexes + WORDS_SECRET, sizeof(invite.commit));
    check(slice_str(invite_text(&invite, text)));
}
