/* Who may say what: whether an op counts, by the log alone, and so on all machines alike. PROTOCOL.md, "Authority".
 *
 * What the log says of grants, keys, teachers and bounds is learnt into tables of the views. Nothing here depends on the
 * order in which entries came: where an entry changes what was said of others before, they are folded again.
 *
 * Four stages, each resting on those before it only, so that no two acts can undo one another:
 *   1  grants and keys         a signature decides
 *   2  whom the root key's holder no longer lets teach
 *   3  teachers, and keys that they give
 *   4  bounds: an EXPEL, REMOVE, REVOKE or RESET lets stand what lies in its own causal past */
#ifndef JAM_AUTHORITY_H
#define JAM_AUTHORITY_H

#include "store.h"
#include "view.h"

/* The grant that covers an op. */
struct grant {
    struct feed_id feed;
    struct person_id person;
    struct sign_pk key;
    uint64_t seq;   /* of its HELLO */
    uint64_t until; /* of the BYE; UINT64_MAX: open */
    bool bounded;   /* there are bounds for this person or device */
};

struct authority {
    struct store *store;
    struct class_id class;
    struct grant last; /* the grant that was found last; seq 0: none */
};

void authority_init(struct authority *, struct store *, const struct class_id *);

enum authority_stage {
    STAGE_GRANTS,
    STAGE_TAKEN_BACK,
    STAGE_TEACHERS,
    STAGE_BOUNDS,
    STAGE_COUNT,
    STAGE_ANY = STAGE_COUNT, /* an entry that just came */
};
/* The kinds of ops, as bits, that a stage looks at. */
uint64_t authority_kinds(enum authority_stage);

enum learnt {
    LEARNT_NOTHING,
    LEARNT,
    LEARNT_STALE, /* what was folded before must be folded again */
};
/* Learns what an op says about authority. Its entry is stored already. To learn a whole log again, in empty tables: each
 * stage over all its entries, STAGE_TEACHERS again until it learns nothing. */
enum learnt authority_learn(struct authority *, const struct fact *, enum authority_stage);

/* Does the op have an effect? After it was learnt. */
bool authority_counts(struct authority *, const struct fact *);
/* It hasn't: kept as evidence. */
void authority_refuse(struct authority *, const struct fact *);

/* ---- for requests ---- */

/* The founding teacher: the person of the root key. False while that isn't known. */
bool authority_root(struct store *, struct person_id *);
bool authority_is_teacher(struct store *, const struct person_id *);
/* Was this person removed? */
bool authority_is_removed(struct store *, const struct person_id *);
bool authority_is_expelled(struct store *, const struct device_id *);
/* A person's present key; *secret (may be NULL) is what its passphrase opens. False: they have none. */
bool person_key(struct store *, const struct person_id *, struct sign_pk *,
                struct sealed_key *secret);
/* enum policy bits */
uint64_t class_policy(struct store *);

#endif
