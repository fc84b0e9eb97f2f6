/* What ops add up to. A view is a few tables, a fold that upserts them guarded by the stamp, and the methods by which
 * clients change and read them. One file a thing (view_*.c), one row a file in views[]. Views never append entries and
 * never call one another; they read one another's tables.
 *
 * The rule of every fold: the tables depend on the set of ops only, not on their order or repetition. */
#ifndef JAM_VIEW_H
#define JAM_VIEW_H

#include "bounds.h"
#include "bytes.h"
#include "entry.h"
#include "err.h"
#include "op.h"
#include "pack.h"
#include "passphrase.h"
#include "store.h"

/* An op with the place where it stands. */
struct fact {
    struct stamp stamp;
    struct ref id; /* of its entry: how other ops name what this one made */
    uint64_t time_ms;
    struct device_id device; /* whose feed it is in */
    const struct op *op;
};

/* How old a fact is, and how that is known. */
enum age_clock {
    AGE_SEEN,    /* counted by this machine since it saw it happen */
    AGE_CLASS,   /* by the author's clock, corrected by what we know of that clock */
    AGE_GUESSED, /* by the author's clock, about which we know nothing */
};
struct age {
    int64_t at_ms;  /* when, on this machine's clock */
    int64_t age_ms; /* never negative */
    enum age_clock clock;
};

/* The numbered lines that were last shown on a terminal: `jam join 2` means its second line. */
enum list_kind {
    LIST_NONE,
    LIST_JAMS,
    LIST_TASKS,
    LIST_PEOPLE,
    LIST_FEEDBACK,
    LIST_ENTRIES, /* the journal or the inbox, whichever was shown last */
    LIST_KINDS
};
struct shown_list {
    enum list_kind kind;
    uint32_t count;
    struct ref ids[LIST_MAX]; /* jams, tasks, people (their ids), feedback, entries */
};

/* Besides the log's tables, the device keeps one that views may read: temp.machine_now(device BLOB PRIMARY KEY, state
 * TEXT "here"|"gone"|"left", since_ms INTEGER on this machine's wall clock). It has this machine too. A device that isn't
 * in it was not met in this run of the daemon. */

struct ages;   /* ages.h: what this machine saw, and other machines' clocks */
struct opened; /* inbox.h: which sealed letters open for who sits at a terminal */

enum {
    ASK_OPS_MAX = 64,     /* names of a roster */
    STRETCHINGS_MAX = 32, /* cards */
};

/* Argon2id for a request. A plan that wants a passphrase stretched says so and returns ERR_WAIT; it is called again, from
 * its beginning, when that is done. */
struct stretching {
    uint32_t done; /* so many are */
    struct {
        char words[PASSPHRASE_KEY_MAX];
        uint8_t salt[16];
        struct cost cost;
        uint8_t out[32];
    } at[STRETCHINGS_MAX];
};

/* What neighbours told of a handle, before this machine has the log: keys that it may try. */
struct sought {
    struct slice handle_key; /* for which they were asked */
    bool waits;              /* there is somebody whom only who has the log may let in */
    uint32_t count;
    struct sought_key {
        char handle[HANDLE_BYTES_MAX + 1];
        struct person_id person;
        struct sign_pk key;
        struct sealed_key secret;
        bool card; /* sealed with the words of one */
    } at[KEYS_MAX];
};

/* One request, while it is answered. */
struct ask {
    struct store *store;
    const struct ages *ages;
    struct now now;
    const msgpack_object *params; /* a map, or NULL */
    bool signed_in;
    bool left; /* not any more: `me` moved to another machine, or was removed */
    struct person_id me;
    struct device_id here;       /* this machine */
    struct hardware_id hardware; /* this machine, salted for this class */
    struct rng *rng;
    struct class_id class;
    const char *class_name;
    const char *class_words;     /* of its root key; "" if they aren't known yet */
    bool teacher;                /* who asks is one */
    const struct sign_key *key;  /* theirs, unlocked; NULL: nobody is signed in */
    struct opened *opened;       /* of this terminal; NULL: nothing is kept */
    bool behind;                 /* others are here, and this machine hasn't agreed with any yet */
    const struct sought *sought; /* NULL: nothing was asked of them */
    bool seek;                   /* set by plan, with ERR_WAIT: ask them, then ask again */
    struct stretching *stretching; /* lives from the first call of plan to the last */
    /* Set by plan: who is signed in by these ops, with which key. */
    bool unlocked;
    bool told; /* they came before the log, or the rest of it */
    struct person_id who;
    struct sign_key who_key;
    uint32_t peers; /* machines of the class that are heard now, without this one */
    bool live;      /* false: others are known but none is heard */
    int64_t live_s; /* for so long it has been live, or not */
    uint64_t seq;   /* of the state that is being told: rises within one watch */
    uint32_t
        safe_machines; /* could be switched off, as far as is known, and nothing would be lost */
    struct shown_list *lists; /* of this terminal, by list_kind; LIST_KINDS of them */
    /* Between plan and tell. */
    struct op ops[ASK_OPS_MAX]; /* what plan decided to write, appended in order */
    uint32_t ops_count;
    char room[5 * OP_BYTES_MAX]; /* for texts and boxes of those ops */
    size_t room_used;
    struct slice was;   /* packed by plan: how it was before the ops, for tell */
    bool has_words;     /* set by tell: no disk may keep this answer, so a retry gets another one */
    struct ref made;    /* tell: the first op's entry, first half of its id */
    struct ref subject; /* free for the method */
    struct ref before;
    bool flag;
    bool card;
    /* On a refusal: what was meant, and a suggestion; see err.h. */
    char what[256];
    char detail[256];
};

/* A method of the local socket. A reading method has tell only. A writing method has plan, which checks, resolves
 * names and sets ops, and tell, which after the ops were folded writes the result, one map. The sign-in is checked
 * before plan unless the method is `open`. */
struct method {
    const char *name;
    enum err (*plan)(struct ask *);
    enum err (*tell)(struct ask *, struct pack *);
    bool open; /* may be asked when nobody is signed in */
};

struct view {
    const char *name;
    const char *const *tables; /* NULL at the end */
    uint64_t folds;            /* 1 << op_kind, for each kind that fold wants */
    void (*fold)(struct store *, const struct fact *); /* errors stick in the store */
    const struct method *methods;                      /* name == NULL at the end */
};

extern const struct view *const views[]; /* NULL at the end */

/* The one place where an op reaches the tables: folds it into every view that wants it. */
void views_fold(struct store *, const struct fact *);

/* Takes a fact that is erased out of the views again. False: they must be folded anew without it. */
bool views_unfold(struct store *, const struct fact *);

/* The method of this name; NULL. */
const struct method *views_method(struct slice name);

/* The change that a freshly folded fact made, as one map {"type", …} for watchers, if the fact is what now counts
 * (the latest of its kind); false and nothing written if it changed nothing that can be seen. */
bool views_event(struct ask *, const struct fact *, struct pack *);
/* The founding teacher's passphrase: param `passphrase`, stretched as for hello. */
enum err session_passphrase(struct ask *, struct slice handle);
/* Has this person a card that lay about for too long? */
bool session_card_is_old(struct ask *, const struct person_id *);
/* The ops by which who holds ask->who_key, the root key, signs up and in. */
void session_found(struct ask *, struct slice handle);
/* The whole of what a watch shows, as one map. */
enum err views_state(struct ask *, struct pack *);

struct age age_of(const struct ages *, struct now, const struct stamp *, const struct device_id *,
                  uint64_t time_ms);
/* Three pairs of a map: "at" (ms since 1970), "age_s", "clock" ("seen", "class", "guessed"). */
void pack_age(struct pack *, const struct age *);

#endif
