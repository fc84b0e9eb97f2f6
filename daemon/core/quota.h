/* How much one peer may bring to the log, and get of it: buckets that fill with time. What is beyond them is neither taken nor asked for until
 * they have filled again. They delay, and decide about nothing: an entry is as valid tomorrow, and from whoever brings it. Each
 * machine keeps the same, so that no one waits long for what another has taken. */
#ifndef JAM_QUOTA_H
#define JAM_QUOTA_H

#include "bounds.h"
#include "bytes.h"

enum { QUOTA_BUCKETS = 2 }; /* entries, bytes */

/* All zeros: full. */
struct quota {
    struct mono at;
    int64_t level[QUOTA_BUCKETS]; /* thousandths; below 0: it owes */
};

enum quota_kind {
    QUOTA_ALL,     /* whatever a peer brings */
    QUOTA_PUSHES,  /* of it, what nobody asked for */
    QUOTA_ANSWERS, /* what it asks for; here entries don't count */
};

/* Takes so much out, also more than there is. */
void quota_take(struct quota *, enum quota_kind, uint64_t entries, uint64_t bytes, struct now);
/* When there is something in each bucket: now, or a later moment. */
struct mono quota_due(const struct quota *, enum quota_kind, struct now);
/* How many bytes it holds now; at least 0. */
uint64_t quota_bytes(const struct quota *, enum quota_kind, struct now);

#endif
