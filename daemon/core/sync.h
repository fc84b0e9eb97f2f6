/* One peer's conversation about the log: compare, want, send with credit, push. PROTOCOL.md, "Catching up".
 *
 * The side that lacks something asks (WANT names positions and credit), the side that has it answers and remembers
 * nothing: positions, not messages, are kept. What gets lost is asked for again after a while. */
#ifndef JAM_SYNC_H
#define JAM_SYNC_H

#include "message.h"
#include "presence.h"
#include "replica.h"

struct sync;

struct sync *sync_new(struct replica *, struct presence *);
void sync_free(struct sync **);

/* A message of kind RANGES, HEADS, WANT, RUNS, ACK, FORK, or the fingerprint of a HELLO or BEAT. What is wrong with it
 * is returned for the caller to punish; what must be sent is pulled by sync_next. */
enum err sync_receive(struct sync *, struct peer *, const struct message *, struct now);

/* After a commit: pushes what this machine wrote, acknowledges what it took. */
void sync_committed(struct sync *, struct now);
/* After a failed commit: nothing of the turn may be told to anybody. */
void sync_rolled_back(struct sync *);
/* A peer is forgotten: what concerns it is dropped, and nothing here points to it any more. */
void sync_forget(struct sync *, const struct peer *);
void sync_tick(struct sync *, struct now);
struct mono sync_wake(const struct sync *);

/* Does anything to be sent tell what is on our disk (a fingerprint)? Then the turn must be saved first. */
bool sync_tells_saved(const struct sync *);

/* What to send next, to whom; false if nothing. Bytes are valid until the next call. */
bool sync_next(struct sync *, struct peer **, struct slice *bytes);

/* Is a comparison or a catch-up under way? How many entries do we know that we lack (as far as heads were told)? */
uint64_t sync_behind(const struct sync *);
/* How many entries of earlier runs of this machine did others bring, that weren't on its disk any more? */
uint64_t sync_returned(const struct sync *);
/* Has this machine agreed with no other since it started, though some can be reached? */
bool sync_is_behind(const struct sync *);

#endif
