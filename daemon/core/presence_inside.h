/* What the files of presence share: presence.c keeps the devices and takes events,
 * presence_call.c finds and calls them, presence_watch.c notices when one is gone. Nobody else
 * includes this. */
#ifndef JAM_PRESENCE_INSIDE_H
#define JAM_PRESENCE_INSIDE_H

#include "presence.h"

enum {
    LAN_PATHS = PATH_BROADCAST | PATH_MULTICAST4 | PATH_MULTICAST6,
    PATHS_COUNT = 4,
    ASKED_MAX = 2,      /* machines that are asked before one is called gone */
    QUESTIONS_MAX = 64, /* of others, that wait for a probe of ours */
    CALLS_MAX = 64,     /* addresses given by hand */
    CALLED_MAX = 128,   /* devices that others or beacons told of and that were never heard */
    RELINK_MS = 1000,   /* between two links to one device, whoever causes them */
};

/* A struct peer *, to presence, is the first part of one of these. */
struct known {
    struct peer peer;
    uint64_t place; /* on the ring */
    bool hinted;    /* only others told of it */
    bool forget;    /* in this tick */
    bool tell;      /* the others that it is here, or away */
    /* calling */
    struct address linked_to;
    struct address other; /* where it may be too; its port is 0 if there is none */
    struct mono path_heard[PATHS_COUNT];
    struct mono answered; /* its beacon, by ours */
    struct mono moved;    /* when it was called by another secret first, lately */
    uint8_t moves;        /* since then */
    struct mono lured;    /* last call that a beacon of it caused */
    struct mono call_at;  /* next call; 0: none */
    uint8_t calls;        /* in vain, one after the other */
    bool relink;          /* the link leads to an old address */
    bool chosen;          /* a neighbour, in a large room */
    /* watching */
    bool mine;              /* by the ring I'm one of its watchers */
    struct mono watch_from; /* when that began */
    struct mono beaten;     /* last BEAT to it */
    struct mono down;       /* when the link to it broke; 0: it didn't */
    struct mono vouched;    /* when others heard it, as they said to a question of mine */
    uint8_t vouches;        /* how often in a row: then it is asked about less often */
    uint8_t probes;
    struct mono told; /* when somebody said that it is gone; 0: nobody */
    uint64_t told_by; /* whose place on the ring this is */
    struct mono said; /* when somebody said that it is here; 0: nobody */
    uint64_t said_by, said_run;
    const struct known *asked[ASKED_MAX];
    uint8_t asked_count;
    uint8_t denied; /* how many of them don't hear it either */
    struct known *next_forgotten;
};

/* Somebody asked about a device that we must ask ourselves first. */
struct question {
    struct known *about;
    struct known *asker;
    struct mono due;
};

/* An address given by hand. */
struct call {
    struct address address;
    struct mono due;
    uint16_t behind; /* ports behind it that was called last */
};

/* An act that waits to be pulled, and what its message says. */
struct todo {
    struct act act;
    struct message says;
};

struct presence {
    struct device_id self;
    uint64_t run;
    uint64_t place;
    struct rng *rng;
    struct known *all[DEVICES_MAX]; /* in order of device id */
    uint32_t count;
    struct device_id *barred; /* owned; in order of their ids */
    uint32_t barred_count;
    uint32_t here;   /* of them PEER_HERE */
    uint32_t seem;   /* the same, and whose beacons came and who wasn't called in vain */
    bool large;      /* they are more than anybody keeps links to */
    uint32_t called; /* PEER_CALLED */
    bool started;
    bool stopped;
    bool has_twin;
    struct twin twin;
    struct mono heard; /* last message of anybody */
    /* acts */
    struct todo *todos;
    uint32_t todos_first, todos_end, todos_room;
    struct known *forgotten; /* a list, until the acts that say so are done */
    struct pack pack;        /* the bytes of the act that was pulled last */
    /* calling */
    struct call calls[CALLS_MAX];
    uint32_t calls_count;
    struct mono beacon_due;
    uint32_t announced;    /* beacons since the last beginning */
    struct mono lost;      /* when somebody was last found gone */
    struct mono hints_due; /* next PEERS to one peer */
    struct mono network;   /* last change of addresses that was acted upon */
    struct mono network_due;
    struct mono checked[PATHS_COUNT]; /* last answer to a check, by path */
    struct mono clone_called;
    uint32_t calls_max;   /* that aren't up yet, at once: what the room seems to bear */
    struct mono relieved; /* when that was last halved */
    int64_t answers_ms;   /* credit for answers to beacons */
    struct mono answers_at;
    /* watching */
    struct known *watchers[WATCHERS]; /* who watch me */
    uint32_t watchers_count;
    struct mono ring_due;    /* when to choose them anew; 0: not */
    struct mono beat_due;    /* 0: nobody to beat to */
    int64_t late_ms;         /* how late our own turns come, lately */
    struct mono tell_due;    /* when others are told who is away; 0: nobody is to be told */
    struct mono refresh_due; /* next look at who wasn't heard for longest */
    struct question questions[QUESTIONS_MAX];
    uint32_t questions_count;
};

/* What is due for one peer, and when: the same answer serves the tick and the wake. */
enum step {
    STEP_NONE,
    STEP_PROBE,
    STEP_PROBE_AGAIN,
    STEP_ACCUSE,
    STEP_DECIDE,
    STEP_BELIEVE,
    STEP_CALL,
    STEP_HANG_UP,
    STEP_FORGET,
};
struct plan {
    enum step step;
    int64_t ms;
};

static inline struct known *known_of(const struct peer *peer)
{
    return (struct known *)peer;
}

/* Milliseconds since a moment; very many if it never was. */
static inline int64_t since(struct mono then, struct now now)
{
    return then.ms == 0 ? INT64_MAX / 2 : now.mono.ms - then.ms;
}

static inline struct mono after(struct now now, int64_t ms)
{
    return (struct mono){now.mono.ms + ms};
}

static inline bool is_due(struct mono due, struct now now)
{
    return due.ms != 0 && due.ms <= now.mono.ms;
}

static inline void plan_sooner(struct plan *plan, enum step step, int64_t ms)
{
    if (ms < plan->ms) {
        *plan = (struct plan){step, ms};
    }
}

/* presence.c */
void act_link(struct presence *, struct known *, struct now);
void act_unlink(struct presence *, struct known *);
void act_beat(struct presence *, struct known *, uint64_t flags, struct now);
void act_beacon(struct presence *, uint32_t paths, uint64_t flags, const struct address *);
void act_call(struct presence *, const struct address *);
void act_say(struct presence *, struct known *, const struct message *);
struct known *known_find(const struct presence *, const struct device_id *);
/* NULL beyond DEVICES_MAX, without memory, or if the id is no key. */
struct known *known_add(struct presence *, const struct device_id *, struct now);
void known_become(struct presence *, struct known *, enum peer_state, struct now);
/* Another run of it began: what was agreed with the one before is void. */
void known_restarted(struct known *, uint64_t run);
/* Are so many here, or seem to be, that not all keep links to all? */
void room_size(struct presence *, struct now);
bool seems_here(const struct known *);
/* A random one of those who are here and whom we can reach, but for one; NULL if there is none. */
struct known *known_draw(struct presence *, const struct known *but);
/* So much longer than usual as our own turns come late. */
int64_t patiently(const struct presence *, int64_t ms);
/* A time that is a quarter shorter to a quarter longer. */
int64_t around(struct presence *, int64_t ms);

/* presence_call.c */
bool address_same(const struct address *, const struct address *);
/* Another address to try when the one in use doesn't answer. */
void call_elsewhere(struct known *, const struct address *);
void call_lost(struct presence *, struct known *,
               struct now); /* it went PEER_GONE: when to try again */
void call_answered(struct presence *);
/* Somebody hears it, or a beacon says that it is there. */
void call_told(struct presence *, struct known *, struct now);
void call_self(struct presence *, const struct address *, struct now); /* that address is our own */
void call_hints(struct presence *, struct peer *, const struct message *, struct now);
void call_pack_hints(struct presence *, const struct peer *to, uint32_t hints_max, struct pack *);
void call_plan(const struct presence *, const struct known *, struct plan *);
void call_step(struct presence *, struct known *, enum step, struct now);
void call_tick(struct presence *, struct now);
int64_t call_wake(const struct presence *);

/* presence_watch.c */
void watch_place(const struct device_id *, uint64_t *place);
void watch_heard(struct presence *, struct known *, struct now);
void watch_probe(struct presence *, struct known *, struct now);
void watch_message(struct presence *, struct known *, const struct message *, struct now);
void watch_link(struct presence *, struct known *, struct now); /* it came up or broke */
void watch_changed(struct presence *, struct now);              /* the ring must be looked at */
void watch_forget(struct presence *, const struct known *);     /* no pointer to it may stay */
void watch_stall(struct presence *, struct now);                /* were we stopped ourselves? */
void watch_tell(struct presence *, struct known *, struct now); /* that it is here, or away */
/* Would we keep a link to one that isn't here, if it were? */
bool watch_would_want(const struct presence *, const struct known *);
/* One says that it hears this run, or did so long ago. */
void watch_said(struct presence *, struct known *, const struct known *by, uint64_t run,
                int64_t ago_ms, struct now);
void watch_plan(const struct presence *, const struct known *, struct plan *);
void watch_step(struct presence *, struct known *, enum step, struct now);
void watch_tick(struct presence *, struct now);
int64_t watch_wake(const struct presence *);

#endif
