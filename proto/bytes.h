/* Slices of bytes that never own, and the fixed-size names of things. Two ids of different kinds are different types,
 * so that swapping them doesn't compile. */
#ifndef JAM_BYTES_H
#define JAM_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes: valid as long as what they were taken from. */
struct slice {
    const uint8_t *at;
    size_t len;
};

struct hash {
    uint8_t b[32]; /* BLAKE2b-256; the full id of an entry */
};
struct ref {
    uint8_t b[16]; /* first half of an entry's id: how ops name jams, tasks, notes */
};
struct class_id {
    uint8_t b[16]; /* BLAKE2b-128 of the class's root key */
};
struct feed_id {
    uint8_t b[16]; /* BLAKE2b-128 of class, device key and feed key */
};
struct person_id {
    uint8_t b[16];
};
struct device_id {
    uint8_t b[32]; /* the device's Ed25519 public key */
};
struct hardware_id {
    uint8_t b[16]; /* salted hash of a machine's hardware addresses */
};

/* Two clocks that can't be mixed up. Both in milliseconds. */
struct mono {
    int64_t ms; /* since some moment of this boot; never steps back */
};
struct wall {
    int64_t ms; /* since 1970 UTC, as this machine believes; decides nothing */
};
struct now {
    struct mono mono;
    struct wall wall;
};

static inline struct slice slice_of(const void *at, size_t len)
{
    return (struct slice){at, len};
}

static inline struct slice slice_str(const char *s)
{
    return (struct slice){(const uint8_t *)s, s ? strlen(s) : 0};
}

static inline bool slice_is(struct slice s, const char *text)
{
    return s.len == strlen(text) && (s.len == 0 || memcmp(s.at, text, s.len) == 0);
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Numbers in fixed layouts: big-endian. */
static inline void put_big_endian(uint8_t *at, size_t len, uint64_t n)
{
    for (size_t i = len; i-- > 0; n >>= 8) {
        at[i] = (uint8_t)n;
    }
}

static inline uint64_t get_big_endian(const uint8_t *at, size_t len)
{
    uint64_t n = 0;
    for (size_t i = 0; i < len; i++) {
        n = n << 8 | at[i];
    }
    return n;
}

/* Any of the structs of bytes above as a slice; and whether two of one type are equal. */
#define SLICE(id)  slice_of((id).b, sizeof(id).b)
#define SAME(x, y) (memcmp((x).b, (y).b, sizeof(x).b + 0 * sizeof(&(x) == &(y))) == 0)

#endif
