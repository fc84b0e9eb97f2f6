/* The log of one class: append, accept, order, wait for causes, void what forks. PROTOCOL.md, "The log".
 *
 * An entry is stored when it is applied, and applied when its prev and all in its `after` are applied; until then it
 * waits in memory, verified, within bounds. All writes go into the store's open transaction; the owner commits once a
 * turn, and after a failed commit calls replica_reload. */
#ifndef JAM_REPLICA_H
#define JAM_REPLICA_H

#include "entry.h"
#include "heads.h"
#include "keyring.h"
#include "message.h"
#include "store.h"
#include "view.h"

struct ages;
struct replica;

/* Who writes: needed when the first op after a start opens a feed. Borrowed for the replica's life. */
struct author {
    struct sign_key key; /* the device's */
    struct device_id device;
    struct hardware_id hardware; /* salted for the class */
    const char *host;
    struct rng *rng;
    struct keyring people; /* who is signed in here */
};

/* Loads heads from the store. Everything handed in is borrowed for the replica's life; ages may be NULL. */
enum err replica_open(struct store *, const struct class_id *, const struct author *, struct ages *,
                      struct replica **out);
void replica_close(struct replica **);
/* Forgets what isn't on the disk: after store_rollback, or a failed commit. The own feed is given up and a fresh one is
 * opened at the next write: what a failed commit left on the disk can never contradict what was sent later. */
enum err replica_reload(struct replica *);
/* Does that again if it failed, as it does while the disk can't be read. Until then the log is as if it were empty, and
 * nothing can be added to it. */
enum err replica_refresh(struct replica *);

/* Appends ops to this run's feed, in order, each its own entry, and folds them. ids gets ops_count entry ids. A HELLO is
 * signed here with the key from the author's ring; where somebody of that ring has no grant in this feed yet (it is a fresh
 * one) it is given first, as a HELLO that doesn't move them. */
enum err replica_append(struct replica *, const struct op *ops, uint32_t ops_count, struct now,
                        struct hash *ids);

/* Takes a run of a peer. What is known already is skipped; what can be applied is; the rest waits.
 *   OK          *applied tells how many entries were applied (others that had waited included)
 *   ERR_WAIT    verified or not yet verifiable (a gap before it, causes missing): not the peer's fault
 *   ERR_FORK    the feed is now void from some seq; *applied may be 0
 *   ERR_LIMIT   no room to wait; ask again later
 *   else        the run is not valid: nothing of it was kept, and the peer that vouches for it is broken or hostile
 *               only if the signature or the form is wrong (ERR_SIGNATURE, ERR_MALFORMED, ERR_ORDER …). */
enum err replica_accept(struct replica *, const struct run *, struct now, bool live,
                        uint32_t *applied);

/* A proof of equivocation: two runs of one feed from one seq on that part. ERR_FORK: it is valid and new. OK: known. */
enum err replica_accept_fork(struct replica *, const struct run *, const struct run *);

/* Runs that someone who has `have` entries of a feed lacks, for one message. Writes run objects for at most room_bytes
 * in all, counting them in *runs. Returns true if the feed has more than was written. */
bool replica_runs(struct replica *, const struct feed_id *, uint64_t have, size_t room_bytes,
                  struct pack *, uint32_t *runs);
/* As above, over several feeds, in the order in which their entries were applied here, so that the receiver waits
 * little. `wants` is updated: have rises. True if there is more. */
bool replica_batch(struct replica *, struct want *wants, uint32_t wants_count, size_t room_bytes,
                   struct pack *, uint32_t *runs);
/* A disk that was set back has texts again that were erased since, and knows nothing of it. So as long as a machine is unsure,
 * because it hasn't agreed with any other since its start, replica_batch tells entries without payloads that can be erased, but
 * for this run's own feed, and replica_payload tells none of them. At first it is sure. */
void replica_doubt(struct replica *, bool unsure);
bool replica_doubts(const struct replica *);
/* An entry as it stands in a row of the log, of which the columns are seq, lamport, time_ms, after, payload, length, stub, rest.
 * Its feed and prev aren't there. The payload is valid until the next step. */
void replica_entry_of_row(sqlite3_stmt *, struct hash after[AFTER_MAX], struct entry *);
/* How far we verified a feed: its last entry's seq, waiting ones included; 0 if unknown. Of an end that no signature covers, and
 * behind which none waits, only up to the last signature: it is told once more. What WANT says we have. */
uint64_t replica_have(struct replica *, const struct feed_id *);
/* The proof that voids a feed, as two encoded runs; false if there is none. Borrowed until the next call. */
bool replica_fork_proof(struct replica *, const struct feed_id *, struct slice *run_a,
                        struct slice *run_b);

/* All heads, as committed and not yet committed; for fingerprints that peers may rely on, ask after the commit. */
struct heads *replica_heads(struct replica *);
/* This run's own feed; false before the first write. */
bool replica_own(const struct replica *, struct feed_id *, uint64_t *seq);
/* Whether a feed belongs to this device; *device is whose it is. False if unknown. */
bool replica_device_of(struct replica *, const struct feed_id *, struct device_id *);

/* Is it one of this machine's, of an earlier run too? */
bool replica_wrote(struct replica *, const struct feed_id *);

struct replica_counts {
    uint64_t entries, feeds, waiting, newer, forks, lacking;
    uint64_t refolds; /* since it was opened */
};
struct replica_counts replica_count(struct replica *);

/* Does anything lack here, so that nobody may count on us: a payload that no redaction covers, or is what was erased still
 * in a file? */
bool replica_lacks(struct replica *);
/* Does an entry of this feed lack its payload? */
bool replica_lacks_of(struct replica *, const struct feed_id *);
/* Entries that lack their payloads (`have` is the seq), from the one behind *after on; at most max. *after is where to go
 * on. */
uint32_t replica_lacking(struct replica *, int64_t *after, struct want *out, uint32_t max);
/* The ids of some of them, for people. */
uint32_t replica_lacking_ids(struct replica *, struct ref *out, uint32_t max);
/* The payload of an entry; false if it isn't here. Borrowed until the next call. */
bool replica_payload(struct replica *, const struct feed_id *, uint64_t seq, struct slice *);
/* Takes the payload of an entry that came without it; *taken: it was wanted. ERR_MALFORMED: it is another one. */
enum err replica_accept_payload(struct replica *, const struct told_payload *, bool *taken);

/* Whether anybody watches: else nothing is kept for replica_fresh. */
void replica_watched(struct replica *, bool);

/* Facts that were applied since the last call, oldest first, for watchers: at most the newest 256. Each is valid until
 * the next append, accept or call. NULL at the end. */
const struct fact *replica_fresh(struct replica *);

/* The kinds of ops, as bits, that were folded since the last call; all after the replica was opened, so that what acts on
 * them looks once at what is there. */
uint64_t replica_folded(struct replica *);

/* Folds the whole log again into empty views. */
enum err replica_refold(struct replica *);
/* Do views lack what only folding again makes good: what is void or held, and counted before? That is rationed (bounds.h). */
bool replica_is_stale(const struct replica *);
/* When a turn must be saved for that, though nothing came; INT64_MAX: never. */
struct mono replica_wake(const struct replica *);

/* Before the owner commits: what is kept in memory and must be on the disk with the turn, views that a fork made stale,
 * and own ops that a fork of our own feed voided are written now. */
enum err replica_flush(struct replica *, struct now);

/* Keeps what proves entries that no signature covers yet, as far as it waits here: a restart forgets that. To be called now and
 * then while anything waits. */
enum err replica_keep_all_loose(struct replica *);

/* Ids of entries that others name as causes and that aren't here: under way, withheld, or on a void feed's other branch. At most
 * `max`, others with each call. Returns how many. */
uint32_t replica_missing(struct replica *, struct hash *out, uint32_t max);
/* The last entries of the branches that came last, so that an answer goes on behind them. */
uint32_t replica_branch_ends(struct replica *, struct hash *out, uint32_t max);
/* Is it a void entry that is known here? Then runs of headers that lead to it, from where its feed is void or from behind one of
 * `ends`, for at most room_bytes. Or one that no signature covers? Then the run with which it came. */
bool replica_branch_runs(struct replica *, const struct hash *id, const struct hash *ends,
                         uint32_t ends_count, size_t room_bytes, struct feed_id *, struct pack *,
                         uint32_t *runs);

#endif
