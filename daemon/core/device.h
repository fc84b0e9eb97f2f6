/* The waist: one machine of Jam as a deterministic state machine. Events go in as values, outputs are pulled out.
 *
 *   device_open   -> the classes that this machine is in, from its state folder
 *   device_step   <- one event: a request, a message, a datagram, a tick …
 *   device_commit <- at the end of a turn of the loop: one transaction, one sync
 *   device_next   -> one output after the other until there is none; then, when to be called again
 *   device_close
 *
 * What clients write is synced before they hear of it. What peers sent is shown at once and synced a moment later, in one
 * go with what else comes: its authors have it on their disks, and it is acknowledged only when it is on ours.
 *
 * The core keeps its rows in SQLite and calls no socket, clock, thread or random source. An `ok` is only ever pulled
 * after the commit that put its entry on the disk. Nothing here calls back. */
#ifndef JAM_DEVICE_H
#define JAM_DEVICE_H

#include "beacon.h"
#include "bytes.h"
#include "err.h"
#include "keys.h"
#include "message.h"
#include "words.h"

struct device;

/* What a machine is, handed in at start. Strings are copied. */
struct device_config {
    const char *state;            /* folder for the databases; exists, writable */
    const char *const *databases; /* names of the class-*.db files in it; NULL at the end */
    const char *vfs;              /* SQLite VFS; NULL for the system's */
    uint8_t seed[32];             /* randomness for this run */
    struct sign_key key;          /* the device's key, kept by the caller on disk */
    struct hardware_id
        hardware; /* unsalted hash of the hardware addresses; the core salts it for each class */
    const char *host;            /* host name */
    const struct invite *invite; /* of a class to be in, joined if it isn't; NULL: none */
    uint8_t boot[16]; /* this boot of the machine: tells whether the disk outlasts boots */
    bool doubts;      /* the run before said OUTPUT_AGAIN: look through all databases */
};

/* A terminal's login, as the shell found it: the same for all commands of one login, never reused by another. */
struct login {
    uint8_t b[16];
};

/* A client of the local socket, numbered by the shell. */
typedef uint32_t client_id;

enum event_kind {
    EVENT_REQUEST,   /* a client sent bytes of one whole MessagePack object */
    EVENT_LOGOUT,    /* a login has ended: who signed in from it is signed out */
    EVENT_HANGUP,    /* a client is gone */
    EVENT_MESSAGE,   /* an inbox got a message; ZAP vouches for `peer` */
    EVENT_DATAGRAM,  /* a beacon socket got a datagram: a beacon, a knock, an offer */
    EVENT_LINK,      /* a link came up or went down */
    EVENT_BOUND,     /* the inbox for a class's secret `from.secret` is bound at `port` */
    EVENT_NETWORK,   /* interfaces or addresses changed: announce anew */
    EVENT_STRETCHED, /* Argon2id is done */
    EVENT_CALL,      /* `--peer`: call this address in every class, keep calling */
    EVENT_LEAVE,     /* the daemon is about to stop: say so to everybody */
    EVENT_TICK,      /* the time that device_next asked for has come */
};

struct event {
    enum event_kind kind;
    client_id client;   /* REQUEST, HANGUP */
    struct login login; /* REQUEST, LOGOUT */
    bool
        owner; /* REQUEST: who asks can read this machine's disk anyway: root, or jamd's own user */
    struct slice bytes; /* REQUEST, MESSAGE, DATAGRAM, STRETCHED (32 bytes, or empty: no memory) */
    uint32_t class_index; /* MESSAGE, LINK, BOUND */
    struct link_pk peer;  /* MESSAGE, LINK */
    struct address from;  /* MESSAGE (no port), BOUND (only by which secret), DATAGRAM; CALL */
    char iface[16];       /* DATAGRAM: on which interface */
    bool up;              /* LINK */
    uint16_t port;        /* BOUND */
    uint64_t work;        /* STRETCHED: the number of the OUTPUT_STRETCH */
};

enum output_kind {
    OUTPUT_NONE,
    OUTPUT_REPLY,  /* bytes for a client: a reply or a notification */
    OUTPUT_HANGUP, /* close a client */
    OUTPUT_SEND,   /* bytes for a peer, over the link that is open to it */
    OUTPUT_LINK,   /* open a link to a peer: PUSH, CURVE, to `address` */
    OUTPUT_UNLINK, /* close it */
    OUTPUT_CALL, /* send bytes (a HELLO) to an address whose device isn't known; keep the link under `address` */
    OUTPUT_KICK, /* a peer broke the protocol: cut its connections, refuse its key for `wait_ms` */
    OUTPUT_BAR, /* of a class: link keys, one behind the other, that never come in; instead of those said before */
    OUTPUT_BIND,     /* bind the inbox for a class's secret, and let its members in by ZAP */
    OUTPUT_UNBIND,   /* close that inbox */
    OUTPUT_DATAGRAM, /* `paths` on all interfaces; with PATH_UNICAST also to `address` */
    OUTPUT_STRETCH,  /* run `stretch` in a worker over bytes, with `salt` and `cost` */
    OUTPUT_LOG,      /* a line for the log */
    OUTPUT_ERASE, /* erase a database that is closed (bytes: its name), so that nothing of it can be read again */
    OUTPUT_QUIT, /* there was no memory for what had to be said: close the device, and end */
    OUTPUT_AGAIN, /* a database turns out to be damaged: close the device, and open it again, which sets it aside */
    OUTPUT_FORGET_KEY, /* another machine has this device's key: the next start of this one must make another */
    OUTPUT_SET_ASIDE, /* rename a damaged database (bytes: its name in the state folder), so that it isn't loaded again */
};

/* Valid until the next call of any device function. */
struct output {
    enum output_kind kind;
    client_id client;
    uint32_t class_index;
    struct link_pk peer;
    struct address address; /* BIND, UNBIND: only by which secret */
    struct slice bytes;
    uint32_t
        paths; /* DATAGRAM: enum lan_path bits. PATH_x in the beacon is set by device for each */
    uint32_t wait_ms;           /* KICK */
    struct class_secret secret; /* BIND: shell derives the server key pair from it */
    uint64_t work;              /* STRETCH */
    uint8_t salt[16];           /* STRETCH */
    struct cost cost;           /* STRETCH */
};

/* Opens the classes found in config->state. On OK *out is owned by the caller. ERR_NOMEM, ERR_DISK, ERR_IN_USE. A
 * damaged class database is set aside (renamed), said in an OUTPUT_LOG, and its class fetched again from peers. */
enum err device_open(const struct device_config *, struct now, struct device **out);

/* Takes one event. Bytes are borrowed for the call. Never fails: what goes wrong is an output or a log line. */
void device_step(struct device *, struct now, const struct event *);

/* Puts on the disk what must be there in this turn, in one transaction a class. Afterwards replies and pushes can be
 * pulled; if the disk refuses, the replies say so and nothing of the turn remains. */
void device_commit(struct device *, struct now);

/* Pulls the next output; false if there is none. Then *wake is the time at which to step with EVENT_TICK. */
bool device_next(struct device *, struct output *, struct mono *wake);

void device_close(struct device **);

#endif
