/* Lines of text that are laid out for a terminal: what commands say and what the watch paints.
 *
 * Our own words come by page_put; other people's text only ever comes through page_shown, which makes it harmless. A page
 * keeps all that was put on it and all strings that were made for it until page_clear. When memory runs out `failed`
 * sticks, and strings come back empty. */
#ifndef JAM_PAGE_H
#define JAM_PAGE_H

#include <libintl.h>
#include <stdio.h>

#include "bytes.h"
#include "pack.h"

#define _(text)  gettext(text)
#define N_(text) text /* a text of a table, translated where it is used */

struct page {
    unsigned columns;   /* of the terminal; 0: lines never end */
    bool plain;         /* for screen readers and scripts: nothing padded, no signs */
    bool ascii;         /* signs are written with letters */
    bool more;          /* everything that is known was asked for */
    const char *as;     /* who did it, made harmless; "" if nobody */
    int64_t elapsed_ms; /* since the answer came: ages count on */
    bool failed;
    /* inside */
    msgpack_zone strings;
    char *text;
    size_t len;
    size_t room;
    size_t line; /* where the open line begins */
    size_t hang; /* columns by which its continuation is indented */
};

bool page_init(struct page *, unsigned columns);
void page_clear(struct page *);

/* Adds our own words to the open line. */
void page_put(struct page *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Spaces up to a column, at least one, unless the line is empty. */
void page_pad(struct page *, size_t column);
/* The line may be broken here; where no such mark was made, at spaces. */
void page_may_break(struct page *);
/* What follows on this line hangs below here when the line is broken. */
void page_hang(struct page *);
/* Ends the open line: breaks it to the page's columns. */
void page_end(struct page *);
/* page_put and page_end in one: a line of its own. */
void page_say(struct page *, const char *format, ...) __attribute__((format(printf, 2, 3)));
size_t page_column(const struct page *);
/* All ended lines, each with its line feed, terminated; valid until the page changes. */
const char *page_text(const struct page *);

/* Strings that live as long as the page; never NULL. */
const char *page_format(struct page *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A template with %1 and %2 filled in, as err_fill does. */
const char *page_fill(struct page *, const char *template, const char *one, const char *two);
/* Foreign text made harmless, at most so many columns (0: all of it). */
const char *page_shown(struct page *, struct slice, size_t columns_max);
/* The same for a text in a map; "" if there is none. */
const char *page_get(struct page *, const msgpack_object *map, const char *key);

#endif
