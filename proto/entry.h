/* Entries of a feed: the header that is hashed and signed, and runs, as they travel. PROTOCOL.md, "Entries", "Runs".
 *
 * An entry's id is BLAKE2b-256 of its header. The header holds the hash of the payload (16 bytes of salt, then the
 * op), so that a payload can be erased and the chain still verifies. What is left of it then is its stub, the op's kind
 * and author: the hash is made so that they are proven without the rest. A run is entries of one feed that follow one
 * another, with one signature at its end: the chain proves the rest. What the chain implies isn't sent. */
#ifndef JAM_ENTRY_H
#define JAM_ENTRY_H

#include "bytes.h"
#include "err.h"
#include "keys.h"
#include "bounds.h"
#include "pack.h"

/* The op's first bytes: array, kind, and its author if there is one. Not a letter of any text. */
enum { STUB_BYTES_MAX = 20 };
struct stub {
    uint8_t len;
    uint8_t b[STUB_BYTES_MAX];
};

/* One entry. `after` and `payload` borrow. A payload with .at == NULL is absent (erased, or not sent); then
 * payload_len, stub and rest still tell what it was, and payload_hash follows from these two. */
struct entry {
    struct feed_id feed;
    uint64_t seq;             /* from 1 */
    struct hash prev;         /* zero for seq 1 */
    const struct hash *after; /* sorted by bytes, no two equal */
    uint32_t after_count;     /* at most AFTER_MAX */
    uint64_t lamport;         /* 1 + the greatest of prev's and of all in after; below 2^63 */
    uint64_t time_ms; /* wall time since 1970 as the author believed, below 2^63; decides nothing */
    uint32_t payload_len; /* SALT_BYTES < payload_len <= PAYLOAD_BYTES_MAX */
    struct hash payload_hash;
    struct slice payload; /* salt, then the encoded op */
    struct stub stub;     /* without a payload: what is left of it */
    struct hash rest;     /* without a payload: the hash of what isn't */
};

/* The place in the total order, as 28 bytes that memcmp compares: lamport (8, big endian), feed id (16), seq (4). */
struct stamp {
    uint8_t b[28];
};
struct stamp stamp_of(uint64_t lamport, const struct feed_id *, uint64_t seq);
uint64_t stamp_lamport(const struct stamp *);
struct feed_id stamp_feed(const struct stamp *);
uint64_t stamp_seq(const struct stamp *);

/* What an entry counts against RUN_BYTES_MAX: at least its encoded size, and the same for everybody, also when its
 * payload is erased. */
size_t entry_weight(const struct entry *);

struct hash payload_hash(struct slice payload);
/* Parts a payload of more than SALT_BYTES into its stub and the hash of all else; and puts the hash together of these. */
void payload_part(struct slice payload, struct stub *, struct hash *rest);
struct hash stub_hash(const struct stub *, const struct hash *rest);
/* The op's kind, 0 if it can't be told; and its author, false if it names none. */
uint32_t stub_kind(const struct stub *);
bool stub_author(const struct stub *, struct person_id *);
/* Takes the payload out of an entry. */
void entry_strip(struct entry *);
struct hash entry_id(const struct class_id *, const struct entry *);
struct ref ref_of(const struct hash *entry_id);

/* What signs a run: the feed's key over the id of the run's last entry. */
struct signature run_sign(const struct sign_key *feed, const struct hash *last_id);
bool run_check(const struct sign_pk *feed, const struct hash *last_id, const struct signature *);

/* Writes the canonical header that entry_id hashes (for test vectors and other implementations). */
void entry_pack_header(struct pack *, const struct class_id *, const struct entry *);

/* A run as it travels: [feed, first seq, signature, [entry, …]], where entry is
 * [after, lamport, time, payload] or, erased, [after, lamport, time, [length, stub, rest]]. */
struct run {
    struct feed_id feed;
    uint64_t first_seq;
    struct signature signature; /* stands at the last entry */
    uint32_t count;
    const msgpack_object *items; /* borrowed from the doc; run_entry reads them one by one */
};

/* Checks shapes and bounds of one run object. ERR_MALFORMED, ERR_LIMIT. */
enum err run_read(const msgpack_object *, struct run *);
/* The i-th entry: everything but prev is set; `after` points into after_room (AFTER_MAX hashes), the payload into the
 * message. Checks what one entry alone can show (sorted after, lengths). ERR_MALFORMED, ERR_LIMIT, ERR_NOT_CANONICAL
 * (after isn't sorted). */
enum err run_entry(const struct run *, uint32_t i, struct hash *after_room, struct entry *);

/* Writing one: the head, then `count` times run_pack_entry. Ignores entry->feed, seq and prev, as the wire does. */
void run_pack_head(struct pack *, const struct feed_id *, uint64_t first_seq,
                   const struct signature *, uint32_t count);
void run_pack_entry(struct pack *, const struct entry *);

#endif
