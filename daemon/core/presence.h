/* Who is here: the devices of one class, how they are reached, who watches whom, and when one is
 * gone.
 *
 * Alive is who was heard in our inbox; in a large room also whom two others hear, so that not all
 * call all. Each machine is watched by WATCHERS others, to whom it sends a BEAT every two seconds;
 * the rest hear of it from them, so that idle traffic doesn't grow with the room. Who misses beats
 * asks directly, then asks a second machine, and only then tells everybody. The idea of asking
 * others before accusing is SWIM's (Das, Gupta, Motivala, DSN 2002); not trusting one's own stalled
 * clock is Lifeguard's (Dadgar et al., 2017). */
#ifndef JAM_PRESENCE_H
#define JAM_PRESENCE_H

#include "beacon.h"
#include "bytes.h"
#include "device.h"
#include "err.h"
#include "keys.h"
#include "message.h"
#include "quota.h"

/* Machines that watch each one: its next neighbours on the ring. PROTOCOL.md, "Watching". */
enum { WATCHERS = 4 };

enum peer_state {
    PEER_CALLED, /* its address is known, nothing was heard from it yet */
    PEER_HERE,   /* heard, or by what others say */
    PEER_GONE,   /* silent, confirmed by a second machine */
    PEER_LEFT,   /* said so */
};

/* One device of the class that isn't this one. Read freely; written by presence only. A pointer
 * to one that is or was PEER_HERE is good until a tick that finds DEVICES_MAX nearly reached:
 * then those that are away longest are forgotten. One that is PEER_CALLED may be forgotten in
 * any tick. What is forgotten has no link, and an act says so (ACT_FORGET). */
struct peer {
    struct device_id device;
    struct link_pk link;
    uint64_t run;
    enum peer_state state;
    struct address address; /* of its inbox */
    bool linked;            /* a link to it is asked for */
    bool up;                /* that link is connected */
    bool greeted;           /* our HELLO is on it, or queued for it */
    bool lasting;           /* its disk has outlasted two boots */
    bool clock_known;
    int64_t clock_ms;   /* its wall clock less ours */
    struct mono heard;  /* last time that anything of it came into our inbox */
    struct mono since;  /* when its state began */
    struct mono beacon; /* last beacon of it, by any path */
    uint32_t paths;     /* lan_path bits on which its beacons came lately */
    char iface[16];     /* where its last beacon came in */
    char host[97];
    uint64_t run_before; /* of the daemon that spoke with this key before */
    uint32_t returns;    /* how often a run came back after another: a restart never does that */
    /* liveness */
    bool watches_me; /* I send it beats; every BEAT to it bears BEAT_WATCH then, whoever sends it */
    bool watched;    /* it sends me beats */
    struct mono probed;  /* when I asked it directly; 0: not */
    struct mono accused; /* when I asked a second machine; 0: not */
    struct mono called;  /* last time that I tried its address */
    /* sync (sync.h writes these) */
    struct fingerprint has; /* its last fingerprint */
    uint64_t acked_seq;     /* of my current feed */
    bool has_all_before;    /* at some moment it had everything that I wrote in earlier runs */
    bool differs; /* its fingerprint wasn't ours when it came, and we haven't compared since */
    struct mono differs_since;
    struct mono gap;  /* when it first pushed what waits here for its causes; 0: not */
    bool heard_out;   /* since its run began we had the same, or a talk brought all it had */
    uint64_t settled; /* greatest Lamport here when its first talk was through: what is above may be
                          news; 0: none was */
    struct mono asked;        /* when my last WANT or RANGES went to it; 0: nothing is open */
    bool lacks;               /* it says that it lacks payloads */
    bool unsure;              /* it says that it may have been set back */
    struct mono missing_told; /* when it was last told of void branches; 0: not yet */
    struct mono lacks_asked;  /* when I asked it for payloads that I lack; 0: not yet */
    struct quota brings, pushes, answers;
    uint32_t bad; /* broken messages */
};

/* A daemon with the key of this device. */
struct twin {
    char host[97];
    struct address address;
};

struct presence;

/* `self`, `run` and `host` are this machine's; rng is borrowed for its life. NULL: no memory. */
struct presence *presence_new(const struct device_id *self, uint64_t run, struct rng *rng,
                              struct now);
void presence_free(struct presence **);

/* What presence wants done; pulled after each call below until false. */
enum act_kind {
    /* Open a link to peer, unless there is one that is up and leads to its address; on it say HELLO
     * and presence_hints, now or when it is up. What is queued on a link that breaks is lost:
     * presence acts again when it hears by presence_link that the link is up again. */
    ACT_LINK,
    ACT_UNLINK,
    ACT_SEND,   /* message bytes to peer */
    ACT_BEAT,   /* send peer a BEAT with `flags`: the fingerprint is the caller's to fill in */
    ACT_BEACON, /* on `paths` with `flags`; PATH_UNICAST: to `address` */
    /* Say HELLO at an address of which no device is known. The link may go when the next such call
     * comes. */
    ACT_CALL,
    ACT_CHANGED, /* peer's state changed: tell watchers */
    ACT_FORGET, /* nothing may point to peer any more: it is good until presence_next returns false */
};
struct act {
    enum act_kind kind;
    struct peer *peer;
    uint32_t paths;
    uint64_t flags;
    struct address address;
    struct slice bytes; /* valid until the next call */
};
bool presence_next(struct presence *, struct act *);

void presence_start(struct presence *, struct now); /* the inbox is bound: announce */
void presence_tick(struct presence *,
                   struct now); /* beats, suspicion, calls, beacons that are due */
struct mono presence_wake(const struct presence *); /* when the next tick is due */
void presence_network(struct presence *,
                      struct now); /* addresses changed: announce anew, call everybody again */
void presence_leave(struct presence *, struct now); /* LEAVE to all, and a beacon that says so */
void presence_call(struct presence *, const struct address *,
                   struct now); /* --peer: keep calling it */
void presence_check(struct presence *,
                    struct now); /* jam doctor: beacons that ask for answers on all paths */

void presence_beacon(struct presence *, const struct beacon *, const struct address *from,
                     const char *iface, struct now);
/* A HELLO came in from `from` (its port is in the message). ERR_MALFORMED if the device's key
 * isn't the link's, ERR_BUSY beyond DEVICES_MAX, ERR_YOURSELF if it is this machine's own or a
 * clone's. *out is the peer, or NULL. */
enum err presence_hello(struct presence *, const struct message *, const struct link_pk *,
                        const struct address *from, struct now, struct peer **out);
/* It takes messages at this address, by another of the class's secrets: goes over to it, at most once in a minute. */
void presence_moved(struct presence *, struct peer *, const struct address *, struct now);
/* These devices were expelled, instead of those said before: they are forgotten, whoever tells of them. In order of their
 * ids. False: it is no news, or there is no memory for it. */
bool presence_bar(struct presence *, const struct device_id *, uint32_t count, struct now);
bool presence_bars(const struct presence *, const struct device_id *);
/* Any other message of a peer came in. */
void presence_heard(struct presence *, struct peer *, struct now);
/* BEAT, LEAVE, PEERS, SUSPECT, HEARD, GONE: counts as heard, too. */
void presence_message(struct presence *, struct peer *, const struct message *, struct now);
void presence_link(struct presence *, struct peer *, bool up, struct now);

/* Writes a PEERS for `to`: of those who are here, as far as they mean something where `to` is. */
void presence_hints(struct presence *, const struct peer *to, struct now, struct pack *);

/* Finding: by the key that ZAP vouches for, by device; NULL if unknown. And all of them in order
 * of device id. */
struct peer *presence_by_link(struct presence *, const struct link_pk *);
struct peer *presence_by_device(struct presence *, const struct device_id *);
uint32_t presence_count(const struct presence *);
struct peer *presence_at(struct presence *, uint32_t index);
uint32_t presence_here(const struct presence *); /* how many are PEER_HERE */
/* Are they more than have links to each other? Then what is new is passed on. */
bool presence_large(const struct presence *);
/* Of the devices that this is true of, how many machines they are: what is reached at one address is one machine, however
 * many devices it makes up. (Not so this machine itself, on which rooms are tried out.) */
uint32_t presence_machines(const struct presence *,
                           bool (*counts)(const struct peer *, uint64_t with), uint64_t with);
/* How many of those who are here are nearer on the ring to a device than this machine is: what one of all is to do, those do
 * of whom few are nearer. */
uint32_t presence_rank(const struct presence *, const struct device_id *);
/* Since when nobody has been heard though others are known: for NOT LIVE. */
bool presence_alone(const struct presence *, struct mono *since);
/* Did another daemon with this device's key greet us? Then one disk is a copy of the other: its host
 * name, as it says, and its inbox. NULL: none did. */
const struct twin *presence_twin(const struct presence *);

#endif
