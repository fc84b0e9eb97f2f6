/* Text of people: checked, compared, and printed without harm. Other people's text is hostile: it may hold terminal
 * escapes, turn the direction of what follows, or look like somebody else's name. utf8proc does the Unicode. */
#ifndef JAM_TEXT_H
#define JAM_TEXT_H

#include "bytes.h"
#include "err.h"

/* May this be stored as a text of at most max bytes? Valid UTF-8 without NUL: OK, else ERR_BAD_TEXT, ERR_TOO_LONG. */
enum err text_check(struct slice, size_t bytes_max);

/* Trims white space at the ends, squeezes inner runs to one space, drops control and direction characters, and brings
 * it to NFC: what is kept of a name as typed. With `lines` a run that breaks the line stays a line break, or one empty
 * line. What isn't UTF-8 becomes U+FFFD. out must hold text.len * 3 + 1 bytes; returns the length written
 * (terminated). */
size_t text_tidy(struct slice text, bool lines, char *out);

/* The key by which two names are the same: NFKC, case folded, accents dropped (but no vowel of a script that writes
 * vowels as marks), letters that look alike across scripts made one (Cyrillic а is a), white space to single spaces.
 * out_len bounds it; cut at a character. Returns the length written (terminated); 0 if nothing visible remains. */
size_t text_key(struct slice text, char *out, size_t out_len);

/* For terminals: a run of controls, escapes, direction characters and zero-width characters becomes a visible mark
 * (U+FFFD), joiners stay where their script or an emoji needs them; text that holds right-to-left letters is wrapped in
 * isolates. No grapheme keeps more than eight marks. Cuts after `columns_max` columns, by grapheme, with an
 * ellipsis (0: no cut). Line breaks become spaces. Returns the columns used. out_len must be at least 16. */
size_t text_show(struct slice text, size_t columns_max, char *out, size_t out_len);

/* Columns that text takes on a terminal, by grapheme: those of text_show without a cut. */
size_t text_columns(struct slice text);

/* Damerau-Levenshtein distance (no letter moved twice) over code points of two keys, at most `max` (returns max + 1
 * beyond). Of keys with more than TITLE_BYTES_MAX characters it only tells whether they are equal. */
size_t text_distance(struct slice a, struct slice b, size_t max);

#endif
