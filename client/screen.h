/* The watch's picture: a state of LOCAL.md's method `watch` as lines. A pure function, so that a screen can be tested. */
#ifndef JAM_SCREEN_H
#define JAM_SCREEN_H

#include "page.h"

enum { SCREEN_WIDE = 60, CHANGED_S = 5 };

struct screen {
    const msgpack_object *state;
    bool live;
    int64_t lost_s;  /* not live: for so long, till now */
    const char *why; /* not live: the reason, or "" */
    int64_t peers;   /* machines heard now, besides this one */
    int64_t wall_ms; /* this machine's clock, for the time of day */
};

/* The screen of a state as it came: freshness as the state says. */
struct screen screen_of(const msgpack_object *state);

/* Ends with the page's columns and age: page->elapsed_ms is the time since the state came. */
void screen_paint(struct page *, const struct screen *);
/* "live", or since when not. */
void screen_put_freshness(struct page *, const struct screen *);

#endif
