/* The heads of all feeds in memory, sorted by feed id, and fingerprints over ranges of them: how
 * two machines find out in a few hundred bytes where they differ. After A. Meyer, "Range-Based
 * Set Reconciliation", SRDS 2023, with ranges that are prefixes of half-bytes. PROTOCOL.md,
 * "Comparing". */
#ifndef JAM_HEADS_H
#define JAM_HEADS_H

#include "bytes.h"
#include "err.h"
#include "message.h"

struct heads;

struct heads *heads_new(void); /* NULL: no memory */
void heads_free(struct heads **);

/* Sets the head of a feed, new or known. ERR_NOMEM. A new one moves those behind it: load in
 * order of feed id. */
enum err heads_set(struct heads *, const struct head *);
/* The head of a feed; NULL if unknown. Borrowed until the next heads_set. */
const struct head *heads_get(const struct heads *, const struct feed_id *);

uint32_t heads_count(const struct heads *);
/* Fingerprint of all, and of the feeds under a prefix. Cached for up to two half-bytes: after a
 * change the cost is that of hashing the 1/256 of the heads that changed. A function of the heads
 * in the range alone:
 *
 *   no head in the range   16 zero bytes
 *   2 or more half-bytes   BLAKE2b-128 of "jam heads 1", a zero byte, and for each head of the
 *                          range in order of feed id (as bytes): feed (16), seq (8, big-endian),
 *                          last (16), void_seq (8, big-endian)
 *   1 half-byte            BLAKE2b-128 of "jam ranges 1", a zero byte, and the fingerprints of its
 *                          16 ranges of two half-bytes, in order, empty ones as 16 zero bytes
 *   0 half-bytes           the same over all 256 ranges of two half-bytes
 *
 * A prefix longer than 32 half-bytes counts as 32. */
struct fingerprint heads_fingerprint(struct heads *);
struct fingerprint heads_range(struct heads *, const struct prefix *);
/* The feeds under a prefix: index of the first, and how many; heads_at reads them in order. */
void heads_slice(const struct heads *, const struct prefix *, uint32_t *first, uint32_t *count);
const struct head *heads_at(const struct heads *, uint32_t index);

/* The i-th of the 16 prefixes one half-byte longer; the prefix must have fewer than 32. */
struct prefix prefix_child(const struct prefix *, uint8_t i);
bool prefix_has(const struct prefix *, const struct feed_id *);

#endif
