/* What the files of the replica share: replica.c accepts and orders, replica_append.c writes this machine's own feed,
 * replica_fold.c lets take effect what entries say, replica_tips.c knows what nothing follows yet, replica_serve.c reads runs
 * for others, replica_fork.c and replica_branch.c deal with feeds that say two things at one place, replica_redact.c erases.
 * Nobody else includes this. */
#ifndef JAM_REPLICA_INSIDE_H
#define JAM_REPLICA_INSIDE_H

#include "authority.h"
#include "feeds.h"
#include "replica.h"

enum {
    RUN_HEAD_BYTES = 128, /* feed, seq, signature and the arrays around a run */
    RECENT_MAX = 4096,    /* entries whose Lamport numbers are remembered by id */
    TIPS_MAX = 128,
    FRESH_MAX = 256,
    MISSED_MAX = 16,
    BRANCHES_MAX = 64, /* of one void feed, that a run may follow */
    LATE_MAX = 16,     /* redactions of one entry that came before it */
};

struct tip {
    struct hash id;
    uint64_t lamport;
    struct feed_id feed;
    uint64_t seq;
};

struct recent {
    struct hash id;
    uint64_t lamport;
    bool used;
};

/* A run, decoded and hashed: at most RUN_ENTRIES_MAX entries and all hashes that they name. */
struct decoded {
    struct entry entries[RUN_ENTRIES_MAX];
    struct hash ids[RUN_ENTRIES_MAX];
    struct hash after[RUN_ENTRIES_MAX * AFTER_MAX];
    uint32_t count;
};

struct fresh {
    struct fact fact;
    struct op op;
    uint8_t bytes[OP_BYTES_MAX];
};

struct replica {
    struct store *store;
    struct class_id class;
    const struct author *author;
    struct authority authority;
    struct ages *ages;
    struct heads *heads;
    struct feeds feeds;
    /* this run's own feed */
    struct feed *own;
    struct sign_key own_key;
    /* own entries that no signature covers yet, and what they count against RUN_BYTES_MAX: none once the turn is saved */
    uint32_t owed_entries;
    size_t owed_weight;
    struct tip tips[TIPS_MAX];
    uint32_t tips_count;
    bool tips_changed;
    uint64_t folded;         /* kinds of ops, as bits, since somebody asked */
    bool refold_due;         /* views hold what doesn't count any more, or lack what does */
    bool erase_due;          /* they hold what is erased */
    uint8_t marked;          /* enum due bits that are on the disk */
    struct mono refold_from; /* not before, or a member could keep all machines at it */
    bool stale;         /* the log couldn't be read after a failed commit: nothing here is known */
    bool redacts;       /* there is any REDACT */
    bool unsure;        /* this disk may have been set back: see replica_doubt */
    bool redacts_late;  /* one is folded that came before what it erases: no view has that */
    bool lacking_stale; /* `lacking` must be counted again */
    uint64_t lacking;   /* entries without payload that no redaction covers */
    struct recent recent[RECENT_MAX];
    struct replica_counts counts;
    /* for watchers */
    bool watched;
    struct fresh *fresh[FRESH_MAX]; /* a ring */
    uint32_t fresh_first, fresh_count;
    struct fresh *told; /* the one that the caller has borrowed */
    /* own ops that a fork voided, to be written again: encoded, one behind the other as payloads */
    struct pack rewrite;
    uint32_t rewrite_count;
    /* causes of void entries that aren't here, and where the branches end that came last: both rings */
    struct hash missed[MISSED_MAX], branch_ends[MISSED_MAX];
    uint32_t missed_next, branch_ends_next, missing_turn;
    struct pack scratch, proof_a, proof_b;
    struct decoded decoded;
};

/* Begins a transaction, after reading the log again if that failed the last time. */
enum err replica_begin(struct replica *);
/* An applied entry's Lamport number by its id; false if it isn't applied here. */
bool replica_lamport(struct replica *, const struct hash *id, uint64_t *lamport);
/* The id of a feed's applied entry; false if it isn't there. Seq 0 is the zero hash. */
bool replica_id_at(struct replica *, const struct feed *, uint64_t seq, struct hash *);
/* Puts one at an applied entry that was stored without. */
void replica_put_signature(struct replica *, const struct feed *, uint64_t seq,
                           const struct signature *);
/* A feed's last applied entry has a signature, or will have one before the turn is saved. */
enum err replica_note_signed(struct replica *, struct feed *);
/* Signs the last of the own entries that no signature covers yet. */
void replica_sign(struct replica *);
/* Reads and hashes a whole run whose first entry's prev is known. */
enum err replica_decode(struct replica *, const struct run *, const struct hash *prev);
/* Tells heads where a feed stands now. */
enum err replica_note_head(struct replica *, const struct feed *);
/* Which payloads go with the entries that are told. */
enum telling {
    TELL_WHOLE,
    TELL_LASTING, /* those that can't be erased */
    TELL_HEADERS, /* none */
};
/* Writes an entry, with its payload or without. */
void replica_pack_told(struct pack *, const struct entry *, enum telling);
/* Writes what was applied, from seq to seq. False if it isn't all here. */
bool replica_write_entries(struct replica *, const struct feed *, uint64_t from, uint64_t to,
                           enum telling, struct pack *out);
/* Writes one run after `have` that ends with a signature, of at least one and if possible at most entries_max entries.
 * How many it has; 0 if none fits. *more: the feed goes on behind it. */
uint32_t replica_write_run(struct replica *, const struct feed *, uint64_t have,
                           uint32_t entries_max, size_t room_bytes, enum telling, struct pack *out,
                           bool *more);
/* The same along one branch of a void feed, without payloads; branch 0 is what was applied here. The room is for the entries; the
 * run's head, some hundred bytes, comes besides, so that any run fits RUN_BYTES_MAX. */
uint32_t replica_write_branch(struct replica *, const struct feed *, int64_t branch, uint64_t have,
                              size_t room_bytes, struct pack *out);
/* The way to a place of a feed (row ?1, branch ?4, up to seq ?3), back to what was applied or to seq ?2: the parts of branches
 * that it leads along, newest first. Of branch 0, what was applied here, it tells nothing. */
#define BRANCH_PATH                                                                                \
    "WITH RECURSIVE path(branch, first, last) AS (SELECT ?4, coalesce((SELECT min(seq) FROM "      \
    "branch"                                                                                       \
    " WHERE feed=?1 AND branch=?4), ?3+1), ?3 UNION ALL SELECT p.parent, (SELECT min(seq) FROM"    \
    " branch WHERE feed=?1 AND branch=p.parent), path.first-1 FROM path JOIN branch_parent p ON"   \
    " p.feed=?1 AND p.branch=path.branch WHERE path.first>?2+1)"

/* The Lamport number of a void entry whose header was told us. */
bool replica_branch_lamport(struct replica *, const struct hash *id, uint64_t *lamport);
/* Is it one of the run's own entries before i? */
bool replica_is_before(const struct decoded *, uint32_t i, const struct hash *id);
/* A run of a void feed, from where it is void or behind. OK, ERR_WAIT, or what is wrong with it. */
enum err replica_accept_branch(struct replica *, struct feed *, const struct run *);
/* What waits in a feed that turns out to be void is a branch of it: its signature covers what was applied before. */
void replica_keep_waiting(struct replica *, struct feed *);
/* Keeps what waits in a feed, up to a signature, with what was applied and has none, without payloads that can be erased: else,
 * once that is forgotten, nothing would prove it, and who holds another branch, or lacks what others named, and this machine would
 * be apart for good. */
void replica_keep_loose(struct replica *, struct feed *);
/* The same with the run that is in `decoded`, of which the end will never be applied. */
void replica_keep_run(struct replica *, struct feed *, const struct run *);
/* Writes that run, if it fits and an applied entry that no signature covers is asked for: it proves it, though its end waits here. */
bool replica_loose_run(struct replica *, struct feed *, uint64_t seq, size_t room_bytes,
                       struct pack *out);
/* After a fork of the run that is in `decoded` from entry i on: stores the proof and voids the feed. ERR_FORK, or what went
 * wrong. */
enum err replica_fork(struct replica *, struct feed *, const struct run *, uint32_t i);
enum err replica_rewrite(struct replica *, struct now);

/* Stores an entry whose causes are all applied; `covered`: it or one that is applied with it is signed. */
enum err replica_apply(struct replica *, struct feed *, const struct entry *, const struct hash *id,
                       const struct signature *, bool covered);

/* ---- replica_tips.c ---- */

/* An entry is here that names these as its causes: a feed has one tip at most, its last. */
void replica_follow_tip(struct replica *, const struct tip *, struct slice after);
/* Forgets tips that a feed has from this seq on. */
void replica_forget_tips(struct replica *, const struct feed_id *, uint64_t from_seq);
/* The tips of other feeds, the highest Lamport numbers first if there are more than fit, then sorted by bytes; *lamport rises to
 * the highest of them. */
void replica_tips_after(struct replica *, struct hash after[AFTER_MAX], uint32_t *count,
                        uint64_t *lamport);
void replica_load_tips(struct replica *);
void replica_save_tips(struct replica *);

/* ---- replica_fold.c ---- */

/* What a payload of more than SALT_BYTES says. The op's kind; 0 if it can't be read; at least OP_KINDS if a newer version
 * made it. */
uint32_t replica_read_op(struct replica *, struct slice payload, struct op *);
struct fact replica_fact_of(const struct feed *, const struct entry *, const struct hash *id,
                            const struct op *);
/* Does a signature stand at its place or behind it? */
bool replica_is_covered(struct replica *, const struct fact *);
/* An entry that a signature covers takes effect: in the views. */
void replica_settle(struct replica *, const struct fact *, struct slice payload);
/* So does what was applied of its feed before `end` and no signature covered. */
void replica_settle_front(struct replica *, struct feed *, uint64_t end);
/* Folds the op that stands here, once more. */
void replica_fold_at(struct replica *, const struct stamp *);
/* What replica_redact.c does with a payload that came later: the fact is folded as if it had come with its header. */
void replica_fold_late(struct replica *, const struct fact *, struct slice op_bytes);
/* What was erased in the same turn is nobody's news. */
void replica_drop_fresh(struct replica *, const struct ref *);
void replica_clear_fresh(struct replica *);
/* Folds again what must be and may be now; else marks on the disk that it must. */
void replica_refold_some(struct replica *, struct now);
void replica_load_due(struct replica *);

/* ---- replica_redact.c ---- */

/* Does a REDACT name this entry, by whomever? */
bool replica_is_named(struct replica *, const struct ref *);
/* Folds a REDACT that counts: erases what it may. False, and kept as evidence: its author mayn't. */
bool replica_redact(struct replica *, const struct fact *);
/* An entry came that redactions name which came before it: they are folded again, and may erase it. */
void replica_redact_late(struct replica *, const struct ref *);
/* Counts again, if need be, the entries whose payloads lack. */
void replica_count_lacking(struct replica *);

#endif
