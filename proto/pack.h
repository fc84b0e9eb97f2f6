/* Canonical MessagePack: bound it first, then let msgpack-c read it; and write it.
 *
 * Bytes from outside pass pack_scan before msgpack-c sees them, because five bytes can make msgpack-c allocate
 * gigabytes. The scan allocates nothing. PROTOCOL.md, "Encoding". */
#ifndef JAM_PACK_H
#define JAM_PACK_H

#include <msgpack.h>

#include "bytes.h"
#include "err.h"

enum pack_rules {
    PACK_STRICT, /* between machines: also map keys are text, sorted by bytes, no key twice */
    PACK_LOCAL, /* on the local socket: map keys are text, in any order; as many items as a long answer has */
};

/* Is `bytes` exactly one object within PACK_DEPTH_MAX and PACK_ITEMS_MAX, every count and length covered by bytes that
 * are there, integers and lengths in their shortest form, text valid UTF-8, no float, no extension, nothing behind it?
 * OK, ERR_TRUNCATED (more bytes could make it good), ERR_NOT_CANONICAL or ERR_LIMIT. */
enum err pack_scan(struct slice bytes, enum pack_rules);

/* As pack_scan, but tells in *used where the first object ends and allows bytes behind it (a stream). */
enum err pack_scan_first(struct slice bytes, enum pack_rules, size_t *used);

/* A scanned and unpacked message. `root` and all below it borrow from the bytes and from the zone. */
struct doc {
    msgpack_zone zone;
    msgpack_object root;
};

/* Scans and unpacks. On OK the caller owes doc_clear; on any error *doc needs nothing. The bytes must outlive it. */
enum err doc_open(struct doc *, struct slice bytes, enum pack_rules);
void doc_clear(struct doc *);

/* Readers: false if the object is of another type or out of range; *out is then untouched. NULL objects are false. */
bool read_uint(const msgpack_object *, uint64_t *out);
bool read_int(const msgpack_object *, int64_t *out);
bool read_bool(const msgpack_object *, bool *out);
bool read_text(const msgpack_object *, struct slice *out);
bool read_bin(const msgpack_object *, struct slice *out);
bool read_array(const msgpack_object *, const msgpack_object **items, uint32_t *count);
/* A binary of exactly `len` bytes, copied to out: for ids and hashes. */
bool read_fixed(const msgpack_object *, void *out, size_t len);
/* The value at a key of a map; NULL if it isn't a map or lacks the key. */
const msgpack_object *map_get(const msgpack_object *map, const char *key);
bool map_text(const msgpack_object *map, const char *key, struct slice *out);
bool map_uint(const msgpack_object *map, const char *key, uint64_t *out);
bool map_int(const msgpack_object *map, const char *key, int64_t *out);
bool map_bool(const msgpack_object *map, const char *key, bool *out);

/* A growing message, ready after pack_init; not to be moved or copied then. `failed` sticks when memory ran out, and
 * then everything else does nothing: check it once, at the end. */
struct pack {
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    bool failed;
};

void pack_init(struct pack *);
/* Writes into room that the caller owns, and fails rather than grow. No pack_clear is owed, nor allowed. */
void pack_init_room(struct pack *, void *room, size_t room_len);
void pack_clear(struct pack *);
/* Forgets what was written but keeps the memory. */
void pack_reset(struct pack *);
/* What was written so far; valid until the next write. */
struct slice pack_bytes(const struct pack *);

void pack_nil(struct pack *);
void pack_bool(struct pack *, bool);
void pack_uint(struct pack *, uint64_t);
void pack_int(struct pack *, int64_t);
void pack_text(struct pack *, struct slice); /* the caller answers for its UTF-8 */
void pack_str(struct pack *, const char *);  /* NULL writes nil */
void pack_bin(struct pack *, struct slice);
void pack_array(struct pack *, uint32_t count);
void pack_map(struct pack *, uint32_t pairs);
/* A whole object that is already encoded. */
void pack_raw(struct pack *, struct slice encoded);
/* What another holds; fails as that did. */
void pack_packed(struct pack *, const struct pack *);
/* An array of so many objects, which were packed aside while they were counted; `items` is cleared. */
void pack_list(struct pack *, uint32_t count, struct pack *items);

#endif
