/* Phrases that many answers share: ages, places, people, tasks. All are strings that live as long as the page. */
#ifndef JAM_PHRASE_H
#define JAM_PHRASE_H

#include "err.h"
#include "page.h"

/* "4 min", with "~" when the clock behind it isn't sure. `map` holds the age's keys; "" if it doesn't. */
const char *phrase_age(struct page *, const msgpack_object *map);
const char *phrase_seconds(struct page *, int64_t seconds);
/* "10:14" of ms since 1970, where this computer is. */
const char *phrase_clock(struct page *, int64_t ms);
/* "You moved to PC 7 at 10:14." of what `left` holds; "" if it holds nothing. */
const char *phrase_left(struct page *, const msgpack_object *left);
/* A refusal's detail, for people. */
const char *phrase_detail(struct page *, enum err, struct slice detail);
/* ", as Ana", or "". */
const char *phrase_as(struct page *);
/* "Ana, Ben" of an array of texts; "" if it is none or empty. */
const char *phrase_names(struct page *, const msgpack_object *array);
/* The same without one of them. */
const char *phrase_others(struct page *, const msgpack_object *array, const char *but);
/* "in bridge", "solo: fractions", "solo", "away". */
const char *phrase_place(struct page *, const msgpack_object *place);
/* "Ana (recorder)" of {person, roles}. */
const char *phrase_player(struct page *, const msgpack_object *player);
/* "Chloé solo 4 min" of {person, solo, age}. */
const char *phrase_soloist(struct page *, const msgpack_object *soloist);
/* "2 measure load" of a task; and its state as a word. */
const char *phrase_task(struct page *, const msgpack_object *task);
const char *phrase_task_state(const msgpack_object *task);
/* The jam's name when the place is one; "". */
const char *phrase_jam_of(struct page *, const msgpack_object *place);

/* The array at a key as items and count; nothing if there is none. */
struct items {
    const msgpack_object *at;
    uint32_t count;
};
struct items items_of(const msgpack_object *map, const char *key);
/* A number at a key; 0 if there is none. */
unsigned number_of(const msgpack_object *map, const char *key);
/* Is it true at this key? */
bool is_set(const msgpack_object *map, const char *key);
/* The sign, or with letters only what stands for it. */
const char *phrase_sign(const struct page *, const char *sign, const char *letters);

#endif
