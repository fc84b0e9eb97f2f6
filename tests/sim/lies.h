/* Devices that lie, from inside: feeds made by hand (forger.c), lies about the log (lies_log.c) and on the links (lies_talk.c),
 * told by hostile.c. Whatever a forger says in somebody else's name begins with "forged": it must show nowhere. */
#ifndef JAM_SIM_LIES_H
#define JAM_SIM_LIES_H

#include "sim.h"

enum { HEARD_MAX = 32, FLOOD = 30 };

struct heard {
    uint8_t *bytes;
    size_t len;
};

/* A feed made by hand. */
struct forger {
    struct sign_key feed;
    struct sign_pk feed_pk;
    struct feed_id id;
    struct hash last;
    uint64_t seq, lamport, first;
    struct pack entries;
    uint32_t count;
    bool strip; /* what is said from now on is told without its words */
};

struct hostile {
    struct class_id class;
    struct sign_pk root;
    struct fingerprint has; /* the last that it heard */
    struct sign_key person;
    struct sign_pk person_pk;
    struct person_id person_id;
    struct heard heard[HEARD_MAX];
    uint32_t heard_next;
    struct heard packets[HEARD_MAX]; /* datagrams */
    uint32_t packets_next;
    struct pack pack;
    uint64_t run;
    uint64_t knows; /* which lies, by their places in lies_log and lies_talk */
};

struct lie {
    void (*say)(struct world *, struct machine *);
    bool writes; /* into the log */
};
extern const struct lie lies_log[], lies_talk[]; /* each ends with one that says nothing */

/* ---- forger.c ---- */

/* A fresh feed; clear with forger_clear. */
void forger_open(struct world *, struct machine *, struct forger *);
void forger_clear(struct forger *);
void forger_entry(struct hostile *, struct forger *, struct slice payload, const struct hash *after,
                  uint32_t after_count);
void forger_op(struct hostile *, struct forger *, const struct op *);
/* A grant for this feed, by the forger's own key: in its own name, or in another's. */
void forger_hello(struct hostile *, struct forger *, const struct person_id *);
void forger_note(struct hostile *, struct forger *, const struct person_id *, const char *text);
/* What was added since the last call as one run, in `out`. */
void forger_run(struct forger *, struct pack *out, bool spoilt);
/* The same as a message that nobody asked for, in lies->pack; and told to all. */
void forger_push(struct machine *, struct forger *, bool spoilt);
void forger_push_all(struct world *, struct machine *, struct forger *, bool spoilt);

/* ---- hostile.c ---- */

int lies_machine(struct world *);
/* What is in lies->pack. */
void lies_tell(struct world *, struct machine *, int to);
void lies_tell_all(struct world *, struct machine *);
/* The log of an honest machine; NULL: there is none yet. */
struct store *lies_store(struct world *);
/* The HELLO that it would say if it were honest. */
struct message lies_hello(struct world *, struct machine *);
bool lies_person(struct world *, struct person_id *);
bool lies_note(struct world *, struct ref *);

#endif
