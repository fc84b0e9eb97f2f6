/* The heads of all feeds as one sorted array, and cached fingerprints of its 256 ranges of one
 * byte. */
#include "heads.h"

#include <stdlib.h>

#include <sodium.h>

enum {
    BUCKETS = 256,   /* ranges whose fingerprints are cached: the feeds that share a first byte */
    NIBBLES = 32,    /* half-bytes of a feed id */
    HEAD_BYTES = 48, /* of a head where it is hashed */
    HEADS_AT_FIRST = 256, /* room for so many; it grows by half */
};

struct heads {
    struct head *all; /* in order of feed id */
    uint32_t count;
    uint32_t room;
    bool stale; /* `total` must be made anew, and so each bucket that is stale */
    bool stale_bucket[BUCKETS];
    struct fingerprint total;
    struct fingerprint bucket[BUCKETS];
};

struct heads *heads_new(void)
{
    return calloc(1, sizeof(struct heads));
}

void heads_free(struct heads **heads)
{
    if (*heads != NULL) {
        free((*heads)->all);
        free(*heads);
        *heads = NULL;
    }
}

/* ---- finding -------------------------------------------------------------------------------- */

static uint8_t nibbles_of(const struct prefix *prefix)
{
    return prefix->nibbles < NIBBLES ? prefix->nibbles : NIBBLES;
}

/* Where a feed stands to the feeds under a prefix: before them (negative), among them (0),
 * behind them. */
static int feed_compare(const struct feed_id *feed, const struct prefix *prefix)
{
    uint8_t nibbles = nibbles_of(prefix);
    int order = memcmp(feed->b, prefix->b, nibbles / 2);
    if (order != 0 || nibbles % 2 == 0) {
        return order;
    }
    return (feed->b[nibbles / 2] >> 4) - (prefix->b[nibbles / 2] >> 4);
}

/* Index of the first head that isn't before the prefix or, with `behind`, of the first that is
 * behind it. */
static uint32_t heads_search(const struct heads *heads, const struct prefix *prefix, bool behind)
{
    uint32_t low = 0;
    uint32_t high = heads->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = feed_compare(&heads->all[middle].feed, prefix);
        if (order < 0 || (behind && order == 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct prefix prefix_whole(const struct feed_id *feed)
{
    struct prefix prefix = {.nibbles = NIBBLES};
    memcpy(prefix.b, feed->b, sizeof(prefix.b));
    return prefix;
}

static bool heads_is_at(const struct heads *heads, uint32_t index, const struct feed_id *feed)
{
    return index < heads->count && SAME(heads->all[index].feed, *feed);
}

const struct head *heads_get(const struct heads *heads, const struct feed_id *feed)
{
    struct prefix whole = prefix_whole(feed);
    uint32_t index = heads_search(heads, &whole, false);
    return heads_is_at(heads, index, feed) ? &heads->all[index] : NULL;
}

void heads_slice(const struct heads *heads, const struct prefix *prefix, uint32_t *first,
                 uint32_t *count)
{
    *first = heads_search(heads, prefix, false);
    *count = heads_search(heads, prefix, true) - *first;
}

const struct head *heads_at(const struct heads *heads, uint32_t index)
{
    return index < heads->count ? &heads->all[index] : NULL;
}

uint32_t heads_count(const struct heads *heads)
{
    return heads->count;
}

/* ---- changing ------------------------------------------------------------------------------- */

static enum err heads_grow(struct heads *heads)
{
    uint32_t room = heads->room == 0 ? HEADS_AT_FIRST : heads->room + heads->room / 2;
    struct head *all = realloc(heads->all, room * sizeof(*all));
    if (all == NULL) {
        return ERR_NOMEM;
    }
    heads->all = all;
    heads->room = room;
    return OK;
}

enum err heads_set(struct heads *heads, const struct head *head)
{
    struct prefix whole = prefix_whole(&head->feed);
    uint32_t index = heads_search(heads, &whole, false);
    if (!heads_is_at(heads, index, &head->feed)) {
        if (heads->count == heads->room) {
            enum err err = heads_grow(heads);
            if (err != OK) {
                return err;
            }
        }
        memmove(&heads->all[index + 1], &heads->all[index],
                (heads->count - index) * sizeof(heads->all[0]));
        heads->count++;
    }
    heads->all[index] = *head;
    heads->stale = true;
    heads->stale_bucket[head->feed.b[0]] = true;
    return OK;
}

/* ---- fingerprints --------------------------------------------------------------------------- */

/* hash_short wants its parts at hand; a range may have thousands, so this hash is fed head by
 * head. */
static void hash_begin(crypto_generichash_state *state, const char *kind)
{
    crypto_generichash_init(state, NULL, 0, sizeof(struct fingerprint));
    crypto_generichash_update(state, (const uint8_t *)kind, strlen(kind) + 1);
}

static struct fingerprint hash_end(crypto_generichash_state *state)
{
    struct fingerprint fingerprint;
    crypto_generichash_final(state, fingerprint.b, sizeof(fingerprint.b));
    return fingerprint;
}

static void write_big_endian(uint8_t out[8], uint64_t number)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(number >> (8 * (7 - i)));
    }
}

static void hash_head(crypto_generichash_state *state, const struct head *head)
{
    uint8_t bytes[HEAD_BYTES];
    memcpy(bytes, head->feed.b, 16);
    write_big_endian(bytes + 16, head->seq);
    memcpy(bytes + 24, head->last.b, 16);
    write_big_endian(bytes + 40, head->void_seq);
    crypto_generichash_update(state, bytes, sizeof(bytes));
}

static struct fingerprint hash_heads(const struct heads *heads, const struct prefix *prefix)
{
    uint32_t first;
    uint32_t count;
    heads_slice(heads, prefix, &first, &count);
    if (count == 0) {
        return (struct fingerprint){{0}};
    }
    crypto_generichash_state state;
    hash_begin(&state, "jam heads 1");
    for (uint32_t i = first; i < first + count; i++) {
        hash_head(&state, &heads->all[i]);
    }
    return hash_end(&state);
}

static void heads_freshen(struct heads *heads, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        if (heads->stale_bucket[i]) {
            struct prefix prefix = {.nibbles = 2, .b = {(uint8_t)i}};
            heads->bucket[i] = hash_heads(heads, &prefix);
            heads->stale_bucket[i] = false;
        }
    }
}

static struct fingerprint hash_buckets(struct heads *heads, uint32_t first, uint32_t count)
{
    static const struct fingerprint empty[BUCKETS];
    heads_freshen(heads, first, count);
    if (memcmp(&heads->bucket[first], empty, count * sizeof(empty[0])) == 0) {
        return empty[0];
    }
    crypto_generichash_state state;
    hash_begin(&state, "jam ranges 1");
    crypto_generichash_update(&state, heads->bucket[first].b, count * sizeof(empty[0]));
    return hash_end(&state);
}

struct fingerprint heads_fingerprint(struct heads *heads)
{
    if (heads->stale) {
        heads->total = hash_buckets(heads, 0, BUCKETS);
        heads->stale = false;
    }
    return heads->total;
}

struct fingerprint heads_range(struct heads *heads, const struct prefix *prefix)
{
    switch (prefix->nibbles) {
    case 0:
        return heads_fingerprint(heads);
    case 1:
        return hash_buckets(heads, prefix->b[0] & 0xf0, 16);
    case 2:
        heads_freshen(heads, prefix->b[0], 1);
        return heads->bucket[prefix->b[0]];
    default:
        return hash_heads(heads, prefix);
    }
}

/* ---- prefixes ------------------------------------------------------------------------------- */

struct prefix prefix_child(const struct prefix *prefix, uint8_t i)
{
    struct prefix child = *prefix;
    if (child.nibbles < NIBBLES) {
        uint8_t nibble = i & 0x0f;
        child.b[child.nibbles / 2] |= child.nibbles % 2 == 0 ? (uint8_t)(nibble << 4) : nibble;
        child.nibbles++;
    }
    return child;
}

bool prefix_has(const struct prefix *prefix, const struct feed_id *feed)
{
    return feed_compare(feed, prefix) == 0;
}
