/* A device with a client of its own, made of the project's libraries: what the attacks share. A member of the class if it has
 * the invite's words, else an outsider. It never answers unless an attack says so. */
#ifndef JAM_HOSTILE_H
#define JAM_HOSTILE_H

#include "beacon.h"
#include "bytes.h"
#include "entry.h"
#include "keys.h"
#include "message.h"
#include "op.h"

enum { TARGETS_MAX = 8, KINDS_HEARD = 32 };

/* A daemon under attack. */
struct target {
    char host[64]; /* an IPv4 address */
    uint16_t port;
    void *link;                  /* PUSH to its inbox; NULL: none */
    uint32_t heard[KINDS_HEARD]; /* messages of it, by kind */
    uint64_t refused;            /* the reason of its last REFUSE; 0: none */
    struct device_id device;     /* from its HELLO */
    struct fingerprint has;      /* its last */
};

struct options {
    const char *invite; /* NULL: an outsider */
    const char *text;   /* what an entry says */
    uint32_t count;     /* how many of something; 0: the attack's own choice */
    uint64_t seed;      /* of device and feed; 0: drawn */
    uint16_t port;      /* of the inbox */
    struct target targets[TARGETS_MAX];
    uint32_t targets_count;
};

struct hostile {
    struct options *options;
    struct rng rng;
    void *context, *inbox;
    /* a member's */
    struct class_secret secret;
    struct link_pk class_link;
    struct seal_key beacon_key;
    struct sign_pk root; /* of a greeting */
    struct class_id class;
    bool met; /* root and class are known */
    /* this device */
    struct sign_key device;
    struct device_id id;
    uint64_t run;
    uint64_t flags; /* of its HELLO */
    /* the last message heard */
    struct doc doc;
    bool open; /* doc holds one */
    struct message message;
    struct target *from;
    uint8_t bytes[MESSAGE_BYTES_MAX];
    struct pack pack;
};

/* Whatever goes wrong on our side ends the program: a test must not pass because the attack broke. */
void fail(const char *what) __attribute__((noreturn));
void must(bool, const char *what);
int64_t now_ms(void);

/* Derives what the words say, draws a device, opens the inbox. */
void hostile_open(struct hostile *, struct options *);
void hostile_close(struct hostile *);
/* Another device from now on: its links are new ones. */
void hostile_become(struct hostile *, uint64_t seed);
/* A fresh link to a target; what was on the old one is dropped. */
void hostile_dial(struct hostile *, struct target *);
/* The HELLO of this device, as one of ours would write it; written to hostile->pack. */
void hostile_hello(struct hostile *);
/* Greets all targets and waits until all have greeted back. */
void hostile_join(struct hostile *);
/* What is in hostile->pack, or some bytes. False if the link takes nothing for a second. */
bool hostile_say(struct hostile *, struct target *);
bool hostile_say_bytes(struct target *, struct slice);
/* The next message within so many ms: in hostile->message, of hostile->from. False if there is none. */
bool hostile_hear(struct hostile *, int64_t ms);
/* Hears for so long, and answers as a machine that lives does: with BEATs that bear this fingerprint. */
void hostile_live(struct hostile *, const struct fingerprint *, int64_t ms);
/* The same until the program is ended, after saying so on standard output. */
void hostile_stay(struct hostile *, const struct fingerprint *) __attribute__((noreturn));
/* Asks the first target for its whole log, as a machine that joins would; each run of it as it comes. */
void hostile_learn(struct hostile *, void (*take)(void *, const struct run *), void *with);
/* Waits until a target has told REFUSE; fails after ten seconds. */
void hostile_await_refuse(struct hostile *, struct target *);

/* ---- feeds made by hand ---- */

struct forger {
    struct class_id class;
    const struct sign_key *device;
    struct device_id device_id;
    struct sign_key feed;
    struct sign_pk feed_pk;
    struct feed_id id;
    struct sign_key person; /* somebody made up, for whom it speaks */
    struct sign_pk person_pk;
    struct person_id person_id;
    struct pack entries; /* since the last run */
    struct hash last;
    uint64_t seq, first, lamport;
    uint64_t entries_count;
};

/* Opens a feed of this device: its OPEN is the first entry. */
void forger_open(struct forger *, struct hostile *, uint64_t number);
void forger_clear(struct forger *);
/* Adds an op behind some causes; lamport is what it claims, 0 for what is right without causes. */
void forger_add(struct forger *, const struct op *, const struct hash *after, uint32_t after_count,
                uint64_t lamport);
/* Somebody signs up under a handle, with a grant that fits: what would show in every view. */
void forger_person(struct forger *, const char *handle);
/* A line in a person's own journal. */
void forger_note(struct forger *, const char *text);
/* The entries since the last call as one run behind what is in the pack. */
void forger_run(struct forger *, struct pack *);
/* The same as a message RUNS with these flags, said to a target. */
bool forger_tell(struct forger *, struct hostile *, struct target *, uint64_t flags);

/* ---- the attacks ---- */

struct attack {
    const char *name;
    bool member; /* it needs the words */
    void (*run)(struct hostile *);
};
extern const struct attack outsider_attacks[], member_attacks[], log_attacks[], people_attacks[],
    curve_attacks[], relay_attacks[], serve_attacks[], told_attacks[];

#endif
