/* Secrets as words that one can read aloud, of a list of 2048. PROTOCOL.md, "Invites" and "Rescue words".
 *
 * An invite is twelve of them: five are the class's secret (55 bits, stretched), six commit to the class's root key (66
 * bits), one checks the others. The words that bring a class back from paper are twelve as well: 128 bits and a check of
 * four. What people type as passphrases is in passphrase.h. */
#ifndef JAM_WORDS_H
#define JAM_WORDS_H

#include "bytes.h"
#include "err.h"
#include "keys.h"

enum {
    WORDS_SECRET = 5,
    WORDS_COMMIT = 6,
    WORDS_INVITE = 12,
    WORDS_IN_LIST = 2048,
    WORD_BYTES_MAX = 7,
    INVITE_TEXT_MAX = WORDS_INVITE * (WORD_BYTES_MAX + 1),
    WORDS_RESCUE = 12,
    RESCUE_BYTES = 16,
    RESCUE_TEXT_MAX = WORDS_RESCUE * (WORD_BYTES_MAX + 1),
    WORDS_KEY = 3,
    KEY_TEXT_MAX = WORDS_KEY * (WORD_BYTES_MAX + 1),
};

struct invite {
    uint16_t secret[WORDS_SECRET]; /* indexes into the list */
    uint16_t commit[WORDS_COMMIT];
};

/* The i-th word of the list, 0 <= i < WORDS_IN_LIST. */
const char *word_at(uint16_t i);
/* The index of a typed word: case is forgiven, four first letters suffice where they say enough. False if there is
 * none; then *near is the nearest word (by edit distance), for "did you mean". */
bool word_find(struct slice typed, uint16_t *index, uint16_t *near);
/* The same for who types many words a day: three first letters are enough where only one word begins so. */
bool word_complete(struct slice typed, uint16_t *index);

/* So many different words, drawn from rng, with single spaces, terminated: what a passphrase may be. out must hold count
 * * (WORD_BYTES_MAX + 1) bytes. Returns out; NULL if it doesn't, or for no words. */
char *words_propose(struct rng *, uint32_t count, char *out, size_t out_len);

/* The invite for a root key; secret words are drawn from rng. */
void invite_make(struct rng *, const struct sign_pk *root, struct invite *);
/* Makes it commit to that root key; its secret words stay. */
void invite_commit(struct invite *, const struct sign_pk *root);
/* Is this root key the one the invite commits to? */
bool invite_commits_to(const struct invite *, const struct sign_pk *root);
/* Words with single spaces, terminated. */
char *invite_text(const struct invite *, char out[INVITE_TEXT_MAX]);
/* Reads words with any spacing, case, commas or hyphens between them. ERR_WORD: *wrong is the number of the word that
 * isn't in the list (from 0) and *near the index of the nearest one; ERR_WORDS: all are in the list, but the check
 * word says that one is wrong, or they aren't twelve. */
enum err invite_read(struct slice text, struct invite *, uint32_t *wrong, uint16_t *near);
/* What goes through `stretch` (kind "jam invite 1") to become the class secret. */
void invite_secret_text(const struct invite *, char out[INVITE_TEXT_MAX]);

/* Sixteen secret bytes as words with single spaces, terminated. Returns out. */
char *rescue_text(const uint8_t secret[RESCUE_BYTES], char out[RESCUE_TEXT_MAX]);
/* Reads them back; errors as of invite_read. */
enum err rescue_read(struct slice text, uint8_t secret[RESCUE_BYTES], uint32_t *wrong,
                     uint16_t *near);

/* Three words by which people tell a public key from others: the first bits of what `stretch` (COST_WORDS, this salt) makes
 * of it, so that looking for a key with the same words costs that much for each try. With single spaces, terminated.
 * Returns out. */
void key_words_salt(uint8_t salt[16]);
char *key_words(const uint8_t stretched[32], char out[KEY_TEXT_MAX]);

#endif
