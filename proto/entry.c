/* Headers of entries, what is hashed and signed of them, and runs as they travel. Nothing here allocates, save what a
 * caller's pack grows by. */
#include "entry.h"

enum {
    ENTRY_VERSION = 1,
    HEADER_FIELDS = 10,
    HASH_PACKED_BYTES = 2 + 32,
    /* array, version, two ids, seq, prev, after's count, after, lamport, time, length, hash */
    HEADER_BYTES_MAX = 1 + 1 + 2 * 18 + 9 + HASH_PACKED_BYTES + 3 + AFTER_MAX * HASH_PACKED_BYTES +
                       9 + 9 + 5 + HASH_PACKED_BYTES,
    RUN_FIELDS = 4,
    RUN_ENTRY_FIELDS = 4,
};

/* ---- stamps ----------------------------------------------------------------------------------------------------- */

static void put_number(uint8_t *out, size_t width, uint64_t n)
{
    for (size_t i = width; i > 0; i--) {
        out[i - 1] = (uint8_t)n;
        n >>= 8;
    }
}

static uint64_t take_number(const uint8_t *in, size_t width)
{
    uint64_t n = 0;
    for (size_t i = 0; i < width; i++) {
        n = n << 8 | in[i];
    }
    return n;
}

struct stamp stamp_of(uint64_t lamport, const struct feed_id *feed, uint64_t seq)
{
    struct stamp stamp;
    put_number(stamp.b, 8, lamport);
    memcpy(stamp.b + 8, feed->b, sizeof(feed->b));
    put_number(stamp.b + 24, 4, seq);
    return stamp;
}

uint64_t stamp_lamport(const struct stamp *stamp)
{
    return take_number(stamp->b, 8);
}

struct feed_id stamp_feed(const struct stamp *stamp)
{
    struct feed_id feed;
    memcpy(feed.b, stamp->b + 8, sizeof(feed.b));
    return feed;
}

uint64_t stamp_seq(const struct stamp *stamp)
{
    return take_number(stamp->b + 24, 4);
}

/* ---- one entry -------------------------------------------------------------------------------------------------- */

size_t entry_weight(const struct entry *entry)
{
    enum { AFTER_BYTES = 34, REST_BYTES = 32 }; /* a hash with its head; heads, lamport and time */
    enum { ERASED_BYTES = 60 };                 /* length, stub and hash in the payload's place */
    size_t payload = entry->payload_len > ERASED_BYTES ? entry->payload_len : ERASED_BYTES;
    return payload + (size_t)AFTER_BYTES * entry->after_count + REST_BYTES;
}

enum {
    KIND_BYTES = 2,    /* array and kind, each of one byte in every op that we know */
    AUTHOR_HEAD = 0xc4 /* a binary of 16 bytes follows */
};

/* How much of these bytes, of which there are STUB_BYTES_MAX at most, is a stub: with an author, or without. */
static uint8_t stub_len(const uint8_t *b, size_t len)
{
    bool authored = len >= STUB_BYTES_MAX && (b[0] & 0xf0) == 0x90 && b[1] < 0x80 &&
                    b[2] == AUTHOR_HEAD && b[3] == sizeof(struct person_id);
    return authored ? STUB_BYTES_MAX : (uint8_t)(len < KIND_BYTES ? len : KIND_BYTES);
}

void payload_part(struct slice payload, struct stub *stub, struct hash *rest)
{
    const uint8_t *op = payload.at + SALT_BYTES;
    size_t len = payload.len - SALT_BYTES;
    stub->len = stub_len(op, len < STUB_BYTES_MAX ? len : STUB_BYTES_MAX);
    memcpy(stub->b, op, stub->len);
    struct slice parts[2] = {slice_of(payload.at, SALT_BYTES),
                             slice_of(op + stub->len, len - stub->len)};
    *rest = hash_of("jam rest 1", parts, 2);
}

struct hash stub_hash(const struct stub *stub, const struct hash *rest)
{
    struct slice parts[2] = {slice_of(stub->b, stub->len), SLICE(*rest)};
    return hash_of("jam payload 1", parts, 2);
}

struct hash payload_hash(struct slice payload)
{
    struct stub stub;
    struct hash rest;
    payload_part(payload, &stub, &rest);
    return stub_hash(&stub, &rest);
}

uint32_t stub_kind(const struct stub *stub)
{
    bool readable = stub->len >= KIND_BYTES && (stub->b[0] & 0xf0) == 0x90 && stub->b[1] < 0x80;
    return readable ? stub->b[1] : 0;
}

bool stub_author(const struct stub *stub, struct person_id *author)
{
    if (stub->len < STUB_BYTES_MAX) {
        return false;
    }
    memcpy(author->b, stub->b + STUB_BYTES_MAX - sizeof(author->b), sizeof(author->b));
    return true;
}

void entry_strip(struct entry *e)
{
    if (e->payload.at) {
        payload_part(e->payload, &e->stub, &e->rest);
        e->payload = slice_of(NULL, 0);
    }
}

static void pack_hash(struct pack *p, const struct hash *hash)
{
    pack_bin(p, SLICE(*hash));
}

static void pack_after(struct pack *p, const struct entry *e)
{
    pack_array(p, e->after_count);
    for (uint32_t i = 0; i < e->after_count; i++) {
        pack_hash(p, &e->after[i]);
    }
}

void entry_pack_header(struct pack *p, const struct class_id *class, const struct entry *e)
{
    pack_array(p, HEADER_FIELDS);
    pack_uint(p, ENTRY_VERSION);
    pack_bin(p, SLICE(*class));
    pack_bin(p, SLICE(e->feed));
    pack_uint(p, e->seq);
    pack_hash(p, &e->prev);
    pack_after(p, e);
    pack_uint(p, e->lamport);
    pack_uint(p, e->time_ms);
    pack_uint(p, e->payload_len);
    pack_hash(p, &e->payload_hash);
}

struct hash entry_id(const struct class_id *class, const struct entry *e)
{
    uint8_t room[HEADER_BYTES_MAX];
    struct pack p;
    pack_init_room(&p, room, sizeof(room));
    entry_pack_header(&p, class, e);
    struct slice header = pack_bytes(&p);
    return hash_of("jam entry 1", &header, 1);
}

struct ref ref_of(const struct hash *entry_id)
{
    struct ref ref;
    memcpy(ref.b, entry_id->b, sizeof(ref.b));
    return ref;
}

struct signature run_sign(const struct sign_key *feed, const struct hash *last_id)
{
    return sign(feed, "jam run 1", SLICE(*last_id));
}

bool run_check(const struct sign_pk *feed, const struct hash *last_id,
               const struct signature *signature)
{
    return sign_check(feed, "jam run 1", SLICE(*last_id), signature);
}

/* ---- runs ------------------------------------------------------------------------------------------------------- */

enum err run_read(const msgpack_object *o, struct run *run)
{
    const msgpack_object *fields;
    uint32_t count;
    if (!read_array(o, &fields, &count) || count != RUN_FIELDS ||
        !read_fixed(&fields[0], run->feed.b, sizeof(run->feed.b)) ||
        !read_uint(&fields[1], &run->first_seq) ||
        !read_fixed(&fields[2], run->signature.b, sizeof(run->signature.b)) ||
        !read_array(&fields[3], &run->items, &run->count) || run->first_seq == 0 ||
        run->count == 0) {
        return ERR_MALFORMED;
    }
    if (run->count > RUN_ENTRIES_MAX || run->first_seq > FEED_ENTRIES_MAX ||
        run->first_seq + run->count - 1 > FEED_ENTRIES_MAX) {
        return ERR_LIMIT;
    }
    return OK;
}

static enum err read_after(const msgpack_object *o, struct hash *room, uint32_t *count)
{
    const msgpack_object *items;
    if (!read_array(o, &items, count)) {
        return ERR_MALFORMED;
    }
    if (*count > AFTER_MAX) {
        return ERR_LIMIT;
    }
    for (uint32_t i = 0; i < *count; i++) {
        if (!read_fixed(&items[i], room[i].b, sizeof(room[i].b))) {
            return ERR_MALFORMED;
        }
        if (i > 0 && memcmp(room[i - 1].b, room[i].b, sizeof(room[i].b)) >= 0) {
            return ERR_NOT_CANONICAL;
        }
    }
    return OK;
}

/* [length, stub, rest]: the stub is just as long as it would be made. */
static bool read_erased(const msgpack_object *o, struct entry *e, uint64_t *len)
{
    const msgpack_object *fields;
    uint32_t count;
    struct slice stub;
    if (!read_array(o, &fields, &count) || count != 3 || !read_uint(&fields[0], len) ||
        !read_bin(&fields[1], &stub) || stub.len == 0 || stub.len > STUB_BYTES_MAX ||
        !read_fixed(&fields[2], e->rest.b, sizeof(e->rest.b)) || *len < SALT_BYTES + stub.len) {
        return false;
    }
    e->stub.len = (uint8_t)stub.len;
    memcpy(e->stub.b, stub.at, stub.len);
    uint64_t op_len = *len - SALT_BYTES;
    bool whole =
        stub.len == STUB_BYTES_MAX || stub.len == (op_len < KIND_BYTES ? op_len : KIND_BYTES);
    return whole && stub_len(stub.at, stub.len) == stub.len;
}

/* The payload, or what is left of one that isn't there. */
static enum err read_payload(const msgpack_object *o, struct entry *e)
{
    uint64_t len;
    bool present = read_bin(o, &e->payload);
    if (present) {
        len = e->payload.len;
    } else if (!read_erased(o, e, &len)) {
        return ERR_MALFORMED;
    }
    if (len > PAYLOAD_BYTES_MAX) {
        return ERR_LIMIT;
    }
    if (len <= SALT_BYTES) {
        return ERR_MALFORMED;
    }
    e->payload_len = (uint32_t)len;
    e->payload_hash = present ? payload_hash(e->payload) : stub_hash(&e->stub, &e->rest);
    return OK;
}

enum err run_entry(const struct run *run, uint32_t i, struct hash *after_room, struct entry *e)
{
    const msgpack_object *fields;
    uint32_t count;
    e->feed = run->feed;
    e->seq = run->first_seq + i;
    e->after = after_room;
    e->payload = slice_of(NULL, 0);
    if (i >= run->count || !read_array(&run->items[i], &fields, &count) ||
        count != RUN_ENTRY_FIELDS) {
        return ERR_MALFORMED;
    }
    enum err err = read_after(&fields[0], after_room, &e->after_count);
    if (err != OK) {
        return err;
    }
    if (!read_uint(&fields[1], &e->lamport) || !read_uint(&fields[2], &e->time_ms) ||
        e->lamport == 0 || e->lamport > INT64_MAX || e->time_ms > INT64_MAX) {
        return ERR_MALFORMED;
    }
    return read_payload(&fields[3], e);
}

void run_pack_head(struct pack *p, const struct feed_id *feed, uint64_t first_seq,
                   const struct signature *signature, uint32_t count)
{
    pack_array(p, RUN_FIELDS);
    pack_bin(p, SLICE(*feed));
    pack_uint(p, first_seq);
    pack_bin(p, SLICE(*signature));
    pack_array(p, count);
}

void run_pack_entry(struct pack *p, const struct entry *e)
{
    pack_array(p, RUN_ENTRY_FIELDS);
    pack_after(p, e);
    pack_uint(p, e->lamport);
    pack_uint(p, e->time_ms);
    if (e->payload.at) {
        pack_bin(p, e->payload);
    } else {
        pack_array(p, 3);
        pack_uint(p, e->payload_len);
        pack_bin(p, slice_of(e->stub.b, e->stub.len));
        pack_hash(p, &e->rest);
    }
}
