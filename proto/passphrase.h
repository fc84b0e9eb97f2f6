/* What people type as a passphrase: the bytes that it stands for, and whether it is hard enough to guess. Everybody in a
 * class holds everybody's sealed key and can try passphrases for years. PROTOCOL.md, "Passphrases". */
#ifndef JAM_PASSPHRASE_H
#define JAM_PASSPHRASE_H

#include "bounds.h"
#include "bytes.h"
#include "err.h"

enum {
    WORDS_OF_PUPIL = 3,   /* 33 bits, stretched */
    WORDS_OF_TEACHER = 5, /* 55 bits, stretched */
    /* NFC makes three bytes of one at most, and the list's words of their first three letters */
    PASSPHRASE_KEY_MAX = 3 * PASSPHRASE_BYTES_MAX + 1,
};

/* The bytes that are stretched, terminated: if all that was typed are words of the list, or as many of their first letters
 * as word_complete wants, those words in full with single spaces; otherwise the text as typed, tidied (text_tidy), in its
 * case. Signing up and signing in so come to the same bytes. *len is without the end. ERR_TOO_LONG, ERR_BAD_TEXT,
 * ERR_EMPTY. The caller wipes out. */
enum err passphrase_key(struct slice typed, char out[PASSPHRASE_KEY_MAX], size_t *len);

/* Is it hard enough to guess for somebody new? Either words_min different words of the list, or a text of the person's
 * own: 3 * words_min + 1 characters that are seen, at least five different ones, that aren't mostly a name which anybody
 * knows (`known`: the handle, the class), one thing again and again, numbers alone, or a walk over the keyboard.
 * ERR_WEAK_PASSPHRASE: *why says it in a few words, for the error's %1. Errors of passphrase_key as well. */
enum err passphrase_check(struct slice typed, uint32_t words_min, const struct slice *known,
                          size_t known_count, const char **why);

#endif
