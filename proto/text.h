/* Text of people: checked, compared, and printed without harm. Other people's text is hostile: it may hold terminal
 * escapes, turn the direction of what follows, or look like somebody else's name. utf8proc does the Unicode. */
#ifndef JAM_TEXT_H
#define JAM_TEXT_H

#include "bytes.h"
#include "err.h"

/* May this be stored as a text of at most max bytes? Valid UTF-8 without NUL: OK, else ERR_BAD_TEXT, ERR_TOO_LONG. */
enum err text_check(struct slice, size_t bytes_max);

/* Trims white space at the ends, squeezes inner runs to one space, drops control and direction characters, and brings
 * it to NFC: what is kept of a name as typed. Keeps line breaks if `lines`. out must hold text.len * 3 + 1 bytes; returns the
 * length written (terminated). */
size_t text_tidy(struct slice text, bool lines, char *out);

/* The key by which two names are the same: NFKC, case folded, marks (accents) dropped, letters that look alike
 * across scripts made one (Cyrillic а is a), white space to single spaces. out_len bounds it; cut at a character.
 * Returns the length written (terminated); 0 if nothing visible remains. */
size_t text_key(struct slice text, char *out, size_t out_len);

/* For terminals: controls, escapes, direction overrides and zero-width characters become a visible mark (U+FFFD); text
 * that holds right-to-left letters is wrapped in isolates. Cuts after `columns_max` columns, by grapheme, with an
 * ellipsis (0: no cut). Line breaks become spaces. Returns the columns used. out_len must be at least 8. */
size_t text_show(struct slice text, size_t columns_max, char *out, size_t out_len);

/* Columns that text takes on a terminal, by grapheme. */
size_t text_columns(struct slice text);

/* Damerau-Levenshtein distance over code points of two keys, at most `max` (returns max + 1 beyond). */
size_t text_distance(struct slice a, struct slice b, size_t max);

#endif
