/* What the files of sync share: sync.c is the conversation's turns, what comes and what peers have; sync_talk.c compares, and
 * asks for what this machine lacks; sync_serve.c tells others; sync_lacks.c asks for what no comparison finds. Nobody else
 * includes this. */
#ifndef JAM_SYNC_INSIDE_H
#define JAM_SYNC_INSIDE_H

#include "sync.h"

enum {
    OUT_BYTES_MAX = 8 << 20, /* of messages that wait to be pulled */
    WANTS_MAX = 65536,       /* feeds under way in one talk */
    TALK_SILENCE_MS = 3000,  /* then the talk is given up */
    TALK_USELESS_MS = 10000, /* the same, if it says much but brings nothing */
    TALK_MAX_MS = 20000,     /* then others have their turn, whatever it brings */
    DIFFERS_MS = 150,      /* pushes under way settle so long before a difference is looked into */
    ASK_AGAIN_MS = 2000,   /* between two talks with one peer, ... */
    GAP_MS = 50,           /* the same two where it pushed what waits here for its causes: */
    GAP_AGAIN_MS = 250,    /* somebody wants to see that now, ... */
    TALK_SLICE_MS = 250,   /* and a talk that lasts for longer gives way to it */
    MISSING_TOLD_MS = 500, /* one peer is answered no more often, ... */
    MISSING_TOLD_MAX = 8,  /* ... and about so many of the ids it asks for */
    LOOKED_UP_BYTES = 256, /* a payload that is asked for counts as so many more */
    MISSING_MS = 1000,     /* how often one peer is asked for causes that don't come */
    SAFETY_MS = 5000,      /* how often peers are asked whether they have all of ours */
    RUNS_ROOM = 56 * 1024, /* of a message for runs */
    BRANCH_ROOM = 28 * 1024, /* the same for headers alone, of which more objects fit */
    HEADS_ROOM = 200,        /* heads in one message */
    LACKS_MS = 2000,         /* between two questions for payloads, whoever is asked */
    LACKS_AGAIN_MS = 30000,  /* before the same peer is asked for them again */
    DOUBT_MS = 5000,   /* after the first agreement, with one that is unsure too or alone in it */
    AGREED_MS = 30000, /* the same, if others differ and can't be heard out */
};

struct out {
    struct out *next;
    struct peer *peer;
    size_t len;
    uint8_t bytes[];
};

/* What a peer wants, until it is its turn: one of a peer, the newest. */
struct serving {
    struct serving *next;
    struct peer *peer;
    uint64_t credit;
    uint32_t count;
    struct want wants[WANT_MAX];
};

/* A feed that the talk's peer has more of. */
struct lack {
    struct feed_id feed;
    uint64_t from;   /* what to say that we have, if we don't have less */
    uint64_t told;   /* the last seq that was told, taken or not: what is asked next follows it */
    uint64_t target; /* what the peer has */
    uint64_t lamport;
};

struct sync {
    struct replica *replica;
    struct presence *presence;
    struct pack pack;
    struct out *first, *last, *told;
    size_t out_bytes;
    bool tells_saved; /* a BEAT is among them */
    /* the talk */
    struct peer *peer; /* NULL: none */
    struct mono heard; /* last RUNS for a WANT; else a WANT that was lost would hang for ever */
    struct mono moved; /* when it last brought an entry, or began */
    struct mono began; /* or began anew after it brought entries, without a pause */
    struct lack *lacks;
    uint32_t lacks_count, lacks_next, lacks_asked;
    bool sorted;
    bool whole;        /* it compares all feeds */
    bool compares;     /* questions went out behind the last WANT: what they bring isn't all here */
    bool brought;      /* it brought entries, ... */
    uint64_t oldest;   /* ... the least Lamport of them */
    bool for_gap;      /* the talk, or the one before, was for what waits here */
    uint64_t returned; /* entries of earlier runs of this machine, which others brought */
    struct serving *servings; /* first come, first served */
    /* what was pushed of our own feed */
    struct feed_id pushed_feed;
    uint64_t pushed;
    /* peers whose pushes reached the log in this turn, and whose feeds grew */
    struct ack {
        struct peer *peer;
        struct feed_id feed;
    } acks[64];
    uint32_t acks_count;
    struct mono safety;
    struct mono lacks_since; /* when payloads were last asked for; 0: not, or it was answered */
    int64_t lacks_after;     /* where to go on with them */
    uint64_t
        history_bytes; /* that may come yet beside the quotas: until this machine has agreed with another */
    bool agreed;              /* with anybody, sure or not */
    bool agreed_sure;         /* with one that is sure */
    struct mono agreed_since; /* 0: not yet, or no tick since */
    struct mono ticked;
    struct mono missing;
    uint32_t missing_turn; /* whose turn it is to be asked */
};

/* Queues what is in sync->pack. What doesn't fit is lost, as on the network: it is asked for again. */
void sync_send(struct sync *, struct peer *);
void sync_send_beat(struct sync *, struct peer *, uint64_t flags);
bool sync_reaches(const struct peer *);
/* We have all that it had. */
void sync_note_heard(struct sync *, struct peer *);
/* Its fingerprint is ours: it has what we have, unless it says that it lacks payloads. */
void sync_note_same(struct sync *, struct peer *);

/* ---- sync_talk.c ---- */

enum err sync_receive_ranges(struct sync *, struct peer *, const struct message *);
enum err sync_receive_heads(struct sync *, struct peer *, const struct message *, struct now);
/* When a talk with the peer may begin, on the monotonic clock; INT64_MAX: there is no need of one, or another lasts. */
int64_t sync_talk_wake(const struct sync *, const struct peer *);
/* Since when no talk stands before other questions: 0, or once it has awaited no entries for a moment; INT64_MAX: it awaits some. */
int64_t sync_talk_rests(const struct sync *);
/* Begins a talk with a peer that differs, if none is under way. */
void sync_look_for_talk(struct sync *, struct now);
/* There is no talk any more. */
void sync_talk_drop(struct sync *);
/* The talk is given up: its peer's turn comes again after the others'. */
void sync_talk_over(struct sync *, struct now);
/* Everything asked for is here, or the peer has no more: is there another difference? */
void sync_talk_end(struct sync *, struct now);
/* What was asked for last is told. */
void sync_batch_done(struct sync *, bool more, struct now);
/* A run was told: what is asked next of its feed follows it. */
void sync_note_told(struct sync *, const struct run *);
/* A feed's run doesn't fit: if the talk is with this peer, it is asked for the feed from its beginning, once. */
void sync_look_from_start(struct sync *, const struct peer *, const struct feed_id *);

/* ---- sync_serve.c ---- */

enum err sync_receive_want(struct sync *, struct peer *, const struct message *);
enum err sync_receive_lacks(struct sync *, struct peer *, const struct message *, struct now);
enum err sync_receive_missing(struct sync *, struct peer *, const struct message *, struct now);
/* Serves the first who may be, and forgets those who can't be reached any more. */
void sync_serve_next(struct sync *, struct now);
void sync_serve_forget(struct sync *, const struct peer *);
/* To all that can be reached but `except` (NULL: to all): entries of a feed after `from`. */
void sync_push(struct sync *, const struct feed_id *, uint64_t from, const struct peer *except);
/* To all that can be reached: the proof that voids a feed. */
void sync_send_fork(struct sync *, const struct feed_id *);

/* ---- sync_lacks.c ---- */

enum err sync_receive_payloads(struct sync *, struct peer *, const struct message *);
void sync_look_for_payloads(struct sync *, struct now);
void sync_look_for_missing(struct sync *, struct now);

#endif
