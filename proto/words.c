/* Secrets as words: drawn, read back however they were typed, and checked. */
#include "words.h"

#include <utf8proc.h>

#include "text.h"

enum {
    WORD_BITS = 11,
    CHECKED = WORDS_SECRET + WORDS_COMMIT, /* what the last word checks */
    TYPED_BYTES_MAX = 32,                  /* longer than any word, so that what is cut is wrong */
    ENOUGH_LETTERS = 4,
    FEWEST_LETTERS = 3,
    RESCUE_BITS = 8 * RESCUE_BYTES,
};

static const char *const words[WORDS_IN_LIST] = {
#include "words.inc"
};

const char *word_at(uint16_t i)
{
    return words[i % WORDS_IN_LIST];
}

/* The word itself or as much of it as tells it apart: no two words of the list begin with the same four letters. */
static bool find(struct slice key, uint16_t *index)
{
    for (size_t i = 0; i < WORDS_IN_LIST; i++) {
        struct slice word = slice_str(words[i]);
        bool begins = key.len >= ENOUGH_LETTERS && key.len < word.len &&
                      memcmp(key.at, word.at, key.len) == 0;
        if (begins || slice_equal(key, word)) {
            *index = (uint16_t)i;
            return true;
        }
    }
    return false;
}

static uint16_t nearest(struct slice key)
{
    uint16_t near = 0;
    size_t least = TYPED_BYTES_MAX;
    for (size_t i = 0; i < WORDS_IN_LIST; i++) {
        size_t distance = text_distance(key, slice_str(words[i]), least);
        if (distance < least) {
            least = distance;
            near = (uint16_t)i;
        }
    }
    return near;
}

bool word_find(struct slice typed, uint16_t *index, uint16_t *near)
{
    char buffer[TYPED_BYTES_MAX];
    struct slice key = slice_of(buffer, text_key(typed, buffer, sizeof(buffer)));
    uint16_t found;
    if (find(key, &found)) {
        *index = found;
        return true;
    }
    *near = nearest(key);
    return false;
}

static void write_words(const uint16_t *indexes, size_t count, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        const char *word = word_at(indexes[i]);
        size_t word_len = strlen(word);
        memcpy(out + len, word, word_len);
        len += word_len;
        out[len++] = ' ';
    }
    out[len - 1] = 0;
}

/* How many words begin so; *last is the last of them. */
static uint32_t count_beginning(struct slice key, uint16_t *last)
{
    uint32_t count = 0;
    for (size_t i = 0; i < WORDS_IN_LIST; i++) {
        if (strncmp(words[i], (const char *)key.at, key.len) == 0) {
            count++;
            *last = (uint16_t)i;
        }
    }
    return count;
}

bool word_complete(struct slice typed, uint16_t *index)
{
    char buffer[TYPED_BYTES_MAX];
    struct slice key = slice_of(buffer, text_key(typed, buffer, sizeof(buffer)));
    uint16_t only;
    if (find(key, index)) {
        return true;
    }
    if (key.len != FEWEST_LETTERS || count_beginning(key, &only) != 1) {
        return false;
    }
    *index = only;
    return true;
}

char *words_propose(struct rng *rng, uint32_t count, char *out, size_t out_len)
{
    uint16_t drawn[WORDS_RESCUE];
    if (count == 0 || count > WORDS_RESCUE || out_len / (WORD_BYTES_MAX + 1) < count) {
        return NULL;
    }
    uint32_t held = 0;
    while (held < count) {
        uint16_t one = (uint16_t)rng_below(rng, WORDS_IN_LIST);
        uint32_t same = 0;
        while (same < held && drawn[same] != one) {
            same++;
        }
        if (same == held) { /* twice the same word would be taken for a mistake */
            drawn[held++] = one;
        }
    }
    write_words(drawn, count, out);
    wipe(drawn, sizeof(drawn));
    return out;
}

/* ---- the invite ------------------------------------------------------------------------------- */

/* The first bits as indexes of words, most significant bit first. */
static void bits_to_words(const uint8_t *bits, uint16_t *out, size_t count)
{
    memset(out, 0, count * sizeof(out[0]));
    for (size_t bit = 0; bit < count * WORD_BITS; bit++) {
        uint16_t set = bits[bit / 8] >> (7 - bit % 8) & 1;
        out[bit / WORD_BITS] = (uint16_t)(out[bit / WORD_BITS] << 1 | set);
    }
}

static void commit_words(const struct sign_pk *root, uint16_t out[WORDS_COMMIT])
{
    struct slice part = SLICE(*root);
    struct hash hash = hash_of("jam invite commit 1", &part, 1);
    bits_to_words(hash.b, out, WORDS_COMMIT);
}

static void indexes_of(const struct invite *invite, uint16_t out[WORDS_INVITE])
{
    uint8_t checked[2 * CHECKED];
    memcpy(out, invite->secret, sizeof(invite->secret));
    memcpy(out + WORDS_SECRET, invite->commit, sizeof(invite->commit));
    for (size_t i = 0; i < CHECKED; i++) {
        checked[2 * i] = (uint8_t)(out[i] >> 8);
        checked[2 * i + 1] = (uint8_t)out[i];
    }
    struct slice part = slice_of(checked, sizeof(checked));
    struct hash hash = hash_of("jam invite check 1", &part, 1);
    bits_to_words(hash.b, out + CHECKED, 1);
}

void invite_make(struct rng *rng, const struct sign_pk *root, struct invite *out)
{
    for (size_t i = 0; i < WORDS_SECRET; i++) {
        out->secret[i] = (uint16_t)rng_below(rng, WORDS_IN_LIST);
    }
    invite_commit(out, root);
}

void invite_commit(struct invite *invite, const struct sign_pk *root)
{
    commit_words(root, invite->commit);
}

bool invite_commits_to(const struct invite *invite, const struct sign_pk *root)
{
    uint16_t commit[WORDS_COMMIT];
    commit_words(root, commit);
    return memcmp(commit, invite->commit, sizeof(commit)) == 0;
}

char *invite_text(const struct invite *invite, char out[INVITE_TEXT_MAX])
{
    uint16_t indexes[WORDS_INVITE];
    indexes_of(invite, indexes);
    write_words(indexes, WORDS_INVITE, out);
    return out;
}

void invite_secret_text(const struct invite *invite, char out[INVITE_TEXT_MAX])
{
    write_words(invite->secret, WORDS_SECRET, out);
}

/* Letters and the marks on them are of words; all else, numbers too, stands
 * between words. */
static bool is_of_word(int32_t rune)
{
    utf8proc_category_t category = utf8proc_category(rune);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_ME;
}

/* Takes the next word off the front; empty at the end. */
static struct slice word_take(struct slice *rest)
{
    struct slice word = {0};
    while (rest->len) {
        int32_t rune;
        utf8proc_ssize_t len = utf8proc_iterate(rest->at, (utf8proc_ssize_t)rest->len, &rune);
        bool letter = len > 0 && is_of_word(rune);
        if (!letter && word.len) {
            break;
        }
        if (letter && !word.len) {
            word.at = rest->at;
        }
        if (letter) {
            word.len += (size_t)len;
        }
        size_t taken = len > 0 ? (size_t)len : 1;
        *rest = slice_of(rest->at + taken, rest->len - taken);
    }
    return word;
}

_Static_assert((int)WORDS_RESCUE == (int)WORDS_INVITE, "read_words reads twelve");

static enum err read_words(struct slice text, uint16_t out[WORDS_INVITE], uint32_t *wrong,
                           uint16_t *near)
{
    struct slice word;
    uint32_t count = 0;
    while ((word = word_take(&text)).len) {
        if (count == WORDS_INVITE) {
            return ERR_WORDS;
        }
        if (!word_find(word, &out[count], near)) {
            *wrong = count;
            return ERR_WORD;
        }
        count++;
    }
    return count == WORDS_INVITE ? OK : ERR_WORDS;
}

enum err invite_read(struct slice text, struct invite *out, uint32_t *wrong, uint16_t *near)
{
    uint16_t typed[WORDS_INVITE];
    uint16_t right[WORDS_INVITE];
    struct invite invite;
    enum err err = read_words(text, typed, wrong, near);
    if (err) {
        return err;
    }
    memcpy(invite.secret, typed, sizeof(invite.secret));
    memcpy(invite.commit, typed + WORDS_SECRET, sizeof(invite.commit));
    indexes_of(&invite, right);
    if (memcmp(typed, right, sizeof(typed)) != 0) {
        return ERR_WORDS;
    }
    *out = invite;
    return OK;
}

/* ---- rescue words ----------------------------------------------------------------------------- */

/* The secret and the first four bits of its check. */
static void rescue_indexes(const uint8_t secret[RESCUE_BYTES], uint16_t out[WORDS_RESCUE])
{
    uint8_t bits[RESCUE_BYTES + 1];
    struct slice part = slice_of(secret, RESCUE_BYTES);
    struct hash hash = hash_of("jam rescue check 1", &part, 1);
    memcpy(bits, secret, RESCUE_BYTES);
    bits[RESCUE_BYTES] = hash.b[0];
    bits_to_words(bits, out, WORDS_RESCUE);
    wipe(bits, sizeof(bits));
}

char *rescue_text(const uint8_t secret[RESCUE_BYTES], char out[RESCUE_TEXT_MAX])
{
    uint16_t indexes[WORDS_RESCUE];
    rescue_indexes(secret, indexes);
    write_words(indexes, WORDS_RESCUE, out);
    wipe(indexes, sizeof(indexes));
    return out;
}

enum err rescue_read(struct slice text, uint8_t secret[RESCUE_BYTES], uint32_t *wrong,
                     uint16_t *near)
{
    uint16_t typed[WORDS_RESCUE];
    uint16_t right[WORDS_RESCUE];
    uint8_t read[RESCUE_BYTES] = {0};
    enum err err = read_words(text, typed, wrong, near);
    if (err) {
        return err;
    }
    for (size_t bit = 0; bit < RESCUE_BITS; bit++) {
        uint8_t set = typed[bit / WORD_BITS] >> (WORD_BITS - 1 - bit % WORD_BITS) & 1;
        read[bit / 8] = (uint8_t)(read[bit / 8] << 1 | set);
    }
    rescue_indexes(read, right);
    err = memcmp(typed, right, sizeof(typed)) == 0 ? OK : ERR_WORDS;
    if (err == OK) {
        memcpy(secret, read, sizeof(read));
    }
    wipe(read, sizeof(read));
    wipe(typed, sizeof(typed));
    wipe(right, sizeof(right));
    return err;
}

/* ---- the words of a key ----------------------------------------------------------------------- */

void key_words_salt(uint8_t salt[16])
{
    hash_short("jam knock 1", NULL, 0, salt, 16);
}

char *key_words(const uint8_t stretched[32], char out[KEY_TEXT_MAX])
{
    uint16_t indexes[WORDS_KEY];
    bits_to_words(stretched, indexes, WORDS_KEY);
    write_words(indexes, WORDS_KEY, out);
    return out;
}
