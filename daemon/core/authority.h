/* Who may say what: whether an op counts, by the log alone, and so on all machines alike. PROTOCOL.md, "Authority".
 *
 * What the log says of grants, keys, teachers and bounds is learnt into tables of the views. Nothing here depends on the
 * order in which entries came: where an entry changes what was said of others before, they are folded again.
 *
 * Stages, each resting on those before it only, so that no two acts can undo one another:
 *   1  grants                  a signature decides
 *   2  grants of the root key that its holder revoked
 *   3  what the root key's holder does: names teachers and takes that back, gives keys, sets bounds
 *   4  teachers that teachers name, and keys that they give, from the root key's holder on
 *   5  bounds that teachers set
 *   6  grants that people revoked
 * A bound is an EXPEL (of a device), REMOVE (of a person), RESET (of a person's other keys), REVOKE (of grants) or TEACHER
 * that says no. It lets stand what lies in the causal past of its own entry and holds all else. What others' authority
 * rests on (stages 4 and 5) is held by bounds of stages 2 and 3 only, a REVOKE by those of 2, 3 and 5, all else by all. */
#ifndef JAM_AUTHORITY_H
#define JAM_AUTHORITY_H

#include "past.h"
#include "store.h"
#include "view.h"

/* The grant that covers an op. */
struct grant {
    struct feed_id feed;
    struct person_id person;
    struct sign_pk key;
    uint64_t seq;       /* of its HELLO */
    uint64_t until;     /* of the BYE, or before the next HELLO; UINT64_MAX: open */
    bool right;         /* the key is one of the person's */
    struct stamp given; /* of the RESET that gave it; zeros: none */
    bool bounded;       /* there are bounds for this person or device */
};

struct authority {
    struct store *store;
    struct class_id class;
    bool has_root;
    struct person_id root;
    struct grant last; /* the grant that was found last; seq 0: none */
    struct past past;  /* the largest that was found */
    uint64_t walked;   /* entries that were looked at for pasts */
};

void authority_init(struct authority *, struct store *, const struct class_id *);
/* Forgets what it found. After a rollback, before all is learnt again, and at the end. */
void authority_clear(struct authority *);

enum authority_stage {
    STAGE_GRANTS,
    STAGE_ROOT_REVOKES,
    STAGE_ROOT,
    STAGE_TEACHERS,
    STAGE_BOUNDS,
    STAGE_REVOKES,
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
/* Is this person a teacher, as far as the place of this fact goes? */
bool authority_teaches(struct authority *, const struct person_id *, const struct fact *);
/* It has none: kept as evidence. */
void authority_refuse(struct authority *, const struct fact *);
/* What it said is erased: nobody can tell any more whether it had. */
void authority_forget(struct authority *, const struct fact *);

/* ---- for requests ---- */

/* The founding teacher: the person of the root key. False while that isn't known. */
bool authority_root(struct store *, struct person_id *);
bool authority_is_teacher(struct store *, const struct person_id *);
/* The founding teacher first, then the others in order of their ids. Returns how many, at most `max`. */
uint32_t authority_teachers(struct store *, struct person_id *out, uint32_t max);
/* Was this person removed? */
bool authority_is_removed(struct store *, const struct person_id *);
bool authority_is_expelled(struct store *, const struct device_id *);
/* Who was expelled, in order of their ids. Returns how many, at most `max`. */
uint32_t authority_expelled(struct store *, struct device_id *out, uint32_t max);
/* A person's present key; *secret (may be NULL) is what its passphrase opens. False: they have none. */
bool person_key(struct store *, const struct person_id *, struct sign_pk *,
                struct sealed_key *secret);
/* enum policy bits */
uint64_t class_policy(struct store *);
/* The start of the class's last day, in ms since 1970; 0: none was said. Nothing is erased by its coming. */
uint64_t class_until(struct store *);

#endif
