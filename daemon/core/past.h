/* The causal past of an entry: how far each feed lies in it. Void entries are no part of anybody's past, since machines may
 * have different ones. */
#ifndef JAM_PAST_H
#define JAM_PAST_H

#include "store.h"

/* All zeros: of nothing. Owns `reach`, for past_clear. */
struct past {
    int64_t entry;   /* the row of its entry */
    int64_t rows;    /* feeds' rows are below */
    uint64_t count;  /* of entries in it */
    uint64_t walked; /* entries that were looked at to find it */
    uint64_t *reach;
};

/* Finds the past of an applied entry, itself included. `known` is another one: where it lies in this one the way back ends.
 * False: an error, which sticks in the store. */
bool past_find(struct past *, const struct past *known, struct store *, const struct feed_id *,
               uint64_t seq);
/* How far the feed of this row lies in it; 0: not at all. */
uint64_t past_reach(const struct past *, int64_t row);
void past_clear(struct past *);

#endif
