/* Feeds in memory: where each one stands, and its entries that are verified and wait for their causes. Loaded from the
 * store when they are first asked for. Inside the replica; nobody else includes this. */
#ifndef JAM_FEEDS_H
#define JAM_FEEDS_H

#include "bounds.h"
#include "entry.h"
#include "store.h"

/* A verified entry whose causes aren't here yet. Owns everything that `entry` points to, in one block. */
struct waiting {
    struct waiting *next;
    struct entry entry;
    struct hash id;
    bool has_signature;
    struct signature signature;
    size_t bytes;
    uint8_t room[]; /* after hashes, then the payload */
};

struct feed {
    struct feed *next_in_bucket;
    int64_t row; /* in table feed; 0 before its first entry is stored */
    struct feed_id id;
    struct sign_pk key;
    struct device_id device;
    /* the last applied entry */
    uint64_t seq;
    struct hash last;
    uint64_t lamport;
    uint64_t
        signed_seq; /* the last applied entry with a signature at it, an own one at the latest when
                       the turn is saved: what others can be told */
    struct hash signed_last;
    uint64_t signed_lamport;
    uint64_t loose_seq; /* seq when what waits was last kept in table loose; 0: not in this life */
    uint64_t settled_seq;  /* up to here it has taken effect: a signature covers it */
    uint64_t void_seq;     /* 0, or from here on void */
    struct hash void_last; /* id of the entry before void_seq */
    /* verified entries that follow, in order of seq */
    struct waiting *first, *last_waiting;
    bool blocked; /* first waits for this entry of another feed */
    struct hash blocked_on;
    struct feed *
        next_blocked; /* in the list of those that wait for such an id, or of those that needn't any more */
    struct feed *next_waiting; /* in the list of feeds that wait, ... */
    struct feed **waiting_at;  /* ... and what points to it there */
};

enum { BLOCKED_BUCKETS = 1024 };

struct feeds {
    struct feed *buckets[256];
    uint32_t count;
    struct feed *waiting; /* feeds with waiting entries */
    struct feed *blocked[BLOCKED_BUCKETS], *ready;
    uint32_t waiting_count;
    size_t waiting_bytes;
};

void feeds_clear(struct feeds *);
/* The feed of this id from memory or the store; NULL if unknown. Borrowed until feeds_clear. */
struct feed *feeds_find(struct feeds *, struct store *, const struct feed_id *);
/* A new feed that isn't stored yet; NULL: no memory. */
struct feed *feeds_add(struct feeds *, const struct feed_id *, const struct sign_pk *,
                       const struct device_id *);
/* Forgets a feed that never got an entry. */
void feeds_drop(struct feeds *, struct feed *);

/* The verified tail: the last applied entry, or the last waiting one. */
uint64_t feed_tail(const struct feed *, struct hash *last);

/* Is the feed's entry at this place void? */
bool feed_is_void(const struct feed *, uint64_t seq);

/* Copies an entry behind the feed's waiting ones. ERR_LIMIT, ERR_NOMEM. */
enum err feeds_wait(struct feeds *, struct feed *, const struct entry *, const struct hash *id,
                    const struct signature *);
/* The feed's first waiting entry waits for this one of another feed. */
void feeds_block(struct feeds *, struct feed *, const struct hash *id);
/* That entry's place in the order is known now: whoever waits for it is ready. */
void feeds_unblock(struct feeds *, const struct hash *id);
/* Takes one that is ready; NULL if there is none. */
struct feed *feeds_ready(struct feeds *);
/* A signature for the one that waits at this place. */
void feeds_cover(struct feed *, uint64_t seq, const struct signature *);
/* Takes the first waiting entry off; the caller frees it. NULL if there is none. */
struct waiting *feeds_unwait(struct feeds *, struct feed *);
void feeds_forget_waiting(struct feeds *, struct feed *);

#endif
