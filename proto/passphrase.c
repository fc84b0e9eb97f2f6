/* Passphrases: brought to one form, and the easy ones found. */
#include "passphrase.h"

#include <utf8proc.h>

#include "text.h"
#include "words.h"

enum {
    WORDS_TYPED_MAX = 64,
    DIFFERENT_MIN = 5,
    NAME_LETTERS_MIN = 3, /* shorter names are in everything */
    STEPS_PER_PIECE = 3,  /* a text of pieces of this length on average was typed by walking */
    LETTERS_MAX = PASSPHRASE_BYTES_MAX,
};

/* ---- words of the list -------------------------------------------------------------------------------------------- */

/* White space, dashes, commas and stops. Anything else that is no letter, a number too, somebody chose on purpose. */
static bool is_between(int32_t rune)
{
    utf8proc_category_t category = utf8proc_category(rune);
    return rune == ',' || rune == '.' || rune == '\t' || category == UTF8PROC_CATEGORY_PD ||
           category == UTF8PROC_CATEGORY_ZS;
}

/* Takes the next word off the front; empty at the end. */
static struct slice take_word(struct slice *rest)
{
    struct slice word = {0};
    while (rest->len) {
        int32_t rune;
        utf8proc_ssize_t len = utf8proc_iterate(rest->at, (utf8proc_ssize_t)rest->len, &rune);
        bool between = len > 0 && is_between(rune);
        if (between && word.len) {
            break;
        }
        size_t taken = len > 0 ? (size_t)len : 1;
        if (!between) {
            word.at = word.len ? word.at : rest->at;
            word.len += taken;
        }
        *rest = slice_of(rest->at + taken, rest->len - taken);
    }
    return word;
}

/* The indexes of all words, and how many; 0 if one of them isn't in the list. */
static uint32_t read_list_words(struct slice typed, uint16_t out[WORDS_TYPED_MAX])
{
    uint32_t count = 0;
    struct slice word;
    while ((word = take_word(&typed)).len) {
        if (count == WORDS_TYPED_MAX || !word_complete(word, &out[count])) {
            return 0;
        }
        count++;
    }
    return count;
}

enum err passphrase_key(struct slice typed, char out[PASSPHRASE_KEY_MAX], size_t *len)
{
    uint16_t indexes[WORDS_TYPED_MAX];
    char tidy[PASSPHRASE_KEY_MAX];
    enum err err = text_check(typed, PASSPHRASE_BYTES_MAX);
    if (err != OK) {
        return err;
    }
    /* tidied first: a word that something unseen parts is one word to who types it */
    size_t tidy_len = text_tidy(typed, false, tidy);
    uint32_t count = read_list_words(slice_of(tidy, tidy_len), indexes);
    *len = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t word_len = strlen(word_at(indexes[i]));
        memcpy(out + *len, word_at(indexes[i]), word_len);
        *len += word_len;
        out[(*len)++] = ' ';
    }
    if (count > 0) {
        out[--*len] = '\0';
    } else {
        memcpy(out, tidy, tidy_len + 1);
        *len = tidy_len;
    }
    wipe(tidy, sizeof(tidy));
    wipe(indexes, sizeof(indexes));
    return *len > 0 ? OK : ERR_EMPTY;
}

/* ---- texts of one's own ------------------------------------------------------------------------------------------- */

/* Characters without the space between them, folded as names are: what is seen, not how it is written. */
struct letters {
    int32_t at[LETTERS_MAX];
    size_t count;
};

static void letters_of(struct slice text, struct letters *out)
{
    char key[LETTERS_MAX + 1];
    struct slice rest = slice_of(key, text_key(text, key, sizeof(key)));
    out->count = 0;
    while (rest.len > 0) {
        int32_t rune;
        utf8proc_ssize_t len = utf8proc_iterate(rest.at, (utf8proc_ssize_t)rest.len, &rune);
        size_t taken = len > 0 ? (size_t)len : 1;
        if (len > 0 && rune != ' ') {
            out->at[out->count++] = rune;
        }
        rest = slice_of(rest.at + taken, rest.len - taken);
    }
    wipe(key, sizeof(key));
}

static size_t count_different(const struct letters *letters)
{
    size_t different = 0;
    for (size_t i = 0; i < letters->count; i++) {
        size_t j = 0;
        while (j < i && letters->at[j] != letters->at[i]) {
            j++;
        }
        different += j == i;
    }
    return different;
}

static bool is_repeated(const struct letters *letters)
{
    for (size_t period = 1; 2 * period <= letters->count; period++) {
        size_t i = period;
        while (i < letters->count && letters->at[i] == letters->at[i - period]) {
            i++;
        }
        if (i == letters->count) {
            return true;
        }
    }
    return false;
}

/* Do these two stand beside each other on a keyboard or in the alphabet, in this or the other direction? */
static bool is_step(int32_t from, int32_t to)
{
    static const char rows[] =
        "abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiop asdfghjkl zxcvbnm "
        "qwertzuiop yxcvbnm azertyuiop qsdfghjklm wxcvbn";
    for (size_t i = 0; i + 1 < sizeof(rows) - 1; i++) {
        if ((rows[i] == from && rows[i + 1] == to) || (rows[i] == to && rows[i + 1] == from)) {
            return true;
        }
    }
    return from == to;
}

static bool is_walk(const struct letters *letters)
{
    size_t pieces = 1;
    for (size_t i = 1; i < letters->count; i++) {
        pieces += !is_step(letters->at[i - 1], letters->at[i]);
    }
    return pieces * STEPS_PER_PIECE <= letters->count;
}

static bool is_number(const struct letters *letters)
{
    for (size_t i = 0; i < letters->count; i++) {
        if (utf8proc_category(letters->at[i]) != UTF8PROC_CATEGORY_ND) {
            return false;
        }
    }
    return true;
}

/* Takes the name out wherever it stands. */
static void remove_name(struct letters *letters, struct slice text)
{
    struct letters name;
    size_t kept = 0;
    letters_of(text, &name);
    if (name.count < NAME_LETTERS_MIN) {
        return;
    }
    size_t i = 0;
    while (i < letters->count) {
        if (letters->count - i >= name.count &&
            memcmp(letters->at + i, name.at, name.count * sizeof(name.at[0])) == 0) {
            i += name.count;
        } else {
            letters->at[kept++] = letters->at[i++];
        }
    }
    letters->count = kept;
}

/* Why a text of one's own is easy to guess; NULL if it isn't. */
static const char *weakness_of(struct letters *letters, size_t letters_min,
                               const struct slice *known, size_t known_count)
{
    static const char *const favourites[] = {"password", "passphrase", "passwort",
                                             "letmein",  "iloveyou",   "welcome"};
    if (letters->count < letters_min) {
        return "it is short";
    }
    if (is_number(letters)) {
        return "it is a number";
    }
    if (count_different(letters) < DIFFERENT_MIN) {
        return "it has few different letters";
    }
    if (is_repeated(letters)) {
        return "it says one thing again and again";
    }
    if (is_walk(letters)) {
        return "it is a row of keys or of the alphabet";
    }
    for (size_t i = 0; i < known_count; i++) {
        remove_name(letters, known[i]);
    }
    for (size_t i = 0; i < sizeof(favourites) / sizeof(favourites[0]); i++) {
        remove_name(letters, slice_str(favourites[i]));
    }
    bool little = 2 * letters->count < letters_min || is_number(letters);
    return little ? "it is little more than a name or word that all know" : NULL;
}

static const char *weakness_of_words(const uint16_t *indexes, uint32_t count, uint32_t words_min)
{
    uint32_t different = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t j = 0;
        while (j < i && indexes[j] != indexes[i]) {
            j++;
        }
        different += j == i;
    }
    return different < words_min ? "it has too few words" : NULL;
}

enum err passphrase_check(struct slice typed, uint32_t words_min, const struct slice *known,
                          size_t known_count, const char **why)
{
    uint16_t indexes[WORDS_TYPED_MAX];
    char key[PASSPHRASE_KEY_MAX];
    size_t len;
    enum err err = passphrase_key(typed, key, &len);
    wipe(key, sizeof(key));
    if (err != OK) {
        return err;
    }
    uint32_t count = read_list_words(typed, indexes);
    if (count > 0) {
        *why = weakness_of_words(indexes, count, words_min);
    } else {
        struct letters letters;
        letters_of(typed, &letters);
        *why = weakness_of(&letters, 3 * words_min + 1, known, known_count);
        wipe(&letters, sizeof(letters));
    }
    wipe(indexes, sizeof(indexes));
    return *why ? ERR_WEAK_PASSPHRASE : OK;
}
