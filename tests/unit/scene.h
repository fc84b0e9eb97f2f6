/* Histories with real signatures, for tests of who may say what: devices, people and their keys, feeds, and entries that
 * name whom they want as causes; delivered to replicas in any order. */
#ifndef JAM_SCENE_H
#define JAM_SCENE_H

#include <stdio.h>
#include <stdlib.h>

#include "authority.h"
#include "replica.h"

enum {
    PEOPLE = 4, /* the first holds the root key */
    KEYS = 7,   /* the first PEOPLE are theirs; the others are for RESETs */
    DEVICES = 3,
    FEEDS = 5,
    ITEMS_MAX = 64,
    ITEM_BYTES = 1024,
    SIDES = 3,
};

/* An entry. */
struct item {
    int feed, seq;
    struct op op; /* texts are literals */
    bool fits;    /* its own signature, of HELLO or KEY, is good */
    int after[FEEDS], after_count;
    int prev;    /* item before it in the feed, -1 */
    bool branch; /* says something else where the feed has said something already */
    uint64_t lamport;
    struct hash id;
    struct stamp stamp;
    uint8_t run[ITEM_BYTES];  /* encoded, signed */
    size_t run_len, run_head; /* behind the latter stands the entry */
};

struct scene {
    struct class_id class;
    struct sign_key keys[KEYS];
    struct sign_pk publics[KEYS];
    struct person_id people[PEOPLE];
    struct sign_key devices[DEVICES];
    struct device_id device_ids[DEVICES];
    struct {
        int device, last; /* item */
        int void_seq;
        struct sign_key key;
        struct sign_pk pk;
        struct feed_id id;
    } feeds[FEEDS];
    struct item items[ITEMS_MAX];
    int count;
    struct rng rng;
};

struct scene_side {
    struct store *store;
    struct rng rng;
    struct author author;
    struct replica *replica;
};

static const struct now scene_now = {{1000}, {INT64_C(1790000000000)}};

static inline uint32_t scene_draw(struct scene *s, uint32_t below)
{
    return (uint32_t)rng_below(&s->rng, below);
}

static inline void scene_keys(struct scene *s)
{
    for (int i = 0; i < KEYS; i++) {
        uint8_t seed[32] = {1, (uint8_t)i};
        sign_keypair(seed, &s->keys[i], &s->publics[i]);
    }
    s->class = class_id_of(&s->publics[0]);
    for (int i = 0; i < PEOPLE; i++) {
        s->people[i] = person_id_of(&s->class, &s->publics[i]);
    }
    for (int i = 0; i < DEVICES; i++) {
        uint8_t seed[32] = {2, (uint8_t)i};
        struct sign_pk pk;
        sign_keypair(seed, &s->devices[i], &pk);
        memcpy(s->device_ids[i].b, pk.b, sizeof(pk.b));
    }
    for (int i = 0; i < FEEDS; i++) {
        uint8_t seed[32] = {3, (uint8_t)i};
        s->feeds[i].device = i % DEVICES;
        sign_keypair(seed, &s->feeds[i].key, &s->feeds[i].pk);
        s->feeds[i].id = feed_id_of(&s->class, &s->device_ids[s->feeds[i].device], &s->feeds[i].pk);
    }
}

static inline void scene_begin(struct scene *s, uint64_t number)
{
    uint8_t seed[32] = {4};
    memcpy(seed + 8, &number, sizeof(number));
    rng_seed(&s->rng, seed);
    s->count = 0;
    for (int i = 0; i < FEEDS; i++) {
        s->feeds[i].last = -1;
        s->feeds[i].void_seq = 0;
    }
}

static inline void scene_init(struct scene *s)
{
    memset(s, 0, sizeof(*s));
    if (keys_init() != OK) {
        abort();
    }
    scene_keys(s);
    scene_begin(s, 0);
}

/* Hashes, signs and encodes an item whose place, op and causes are set. */
static inline void item_seal(struct scene *s, struct item *item)
{
    struct hash after[FEEDS];
    uint8_t payload[PAYLOAD_BYTES_MAX] = {(uint8_t)(item - s->items), 42};
    struct pack p, run;
    item->lamport = item->prev >= 0 ? s->items[item->prev].lamport : 0;
    for (int i = 0; i < item->after_count; i++) {
        const struct item *cause = &s->items[item->after[i]];
        int at = i;
        for (; at > 0 && memcmp(after[at - 1].b, cause->id.b, sizeof(cause->id.b)) > 0; at--) {
            after[at] = after[at - 1];
        }
        after[at] = cause->id;
        item->lamport = cause->lamport > item->lamport ? cause->lamport : item->lamport;
    }
    item->lamport++;
    pack_init(&p);
    if (op_encode(&p, &item->op) != OK) {
        fprintf(stderr, "# no such op: %s\n", op_name(item->op.kind));
        abort();
    }
    memcpy(payload + SALT_BYTES, pack_bytes(&p).at, pack_bytes(&p).len);
    struct slice bytes = slice_of(payload, SALT_BYTES + pack_bytes(&p).len);
    struct entry e = {.feed = s->feeds[item->feed].id,
                      .seq = (uint64_t)item->seq,
                      .after = after,
                      .after_count = (uint32_t)item->after_count,
                      .lamport = item->lamport,
                      .time_ms = 1,
                      .payload_len = (uint32_t)bytes.len,
                      .payload_hash = payload_hash(bytes),
                      .payload = bytes};
    if (item->prev >= 0) {
        e.prev = s->items[item->prev].id;
    }
    item->id = entry_id(&s->class, &e);
    item->stamp = stamp_of(item->lamport, &e.feed, e.seq);
    struct signature signature = run_sign(&s->feeds[item->feed].key, &item->id);
    pack_init(&run);
    run_pack_head(&run, &e.feed, e.seq, &signature, 1);
    item->run_head = pack_bytes(&run).len;
    run_pack_entry(&run, &e);
    item->run_len = pack_bytes(&run).len;
    if (item->run_len > sizeof(item->run)) {
        abort();
    }
    memcpy(item->run, pack_bytes(&run).at, item->run_len);
    pack_clear(&run);
    pack_clear(&p);
}

/* The next entry of a feed, after these. */
static inline int scene_put(struct scene *s, int feed, const struct op *op, bool fits,
                            const int *after, int after_count)
{
    struct item *item = &s->items[s->count];
    if (s->count == ITEMS_MAX) {
        abort();
    }
    *item = (struct item){.feed = feed, .op = *op, .fits = fits, .prev = s->feeds[feed].last};
    item->seq = item->prev >= 0 ? s->items[item->prev].seq + 1 : 1;
    for (int i = 0; i < after_count; i++) {
        if (after[i] >= 0 && s->items[after[i]].feed != feed) {
            item->after[item->after_count++] = after[i];
        }
    }
    item_seal(s, item);
    s->feeds[feed].last = s->count;
    return s->count++;
}

/* Opens a feed that wasn't. */
static inline void scene_open(struct scene *s, int feed)
{
    struct op op = {.kind = OP_OPEN,
                    .has = FIELD_KEY | FIELD_DEVICE | FIELD_SIGNATURE | FIELD_NAME | FIELD_HARDWARE,
                    .key = s->feeds[feed].pk,
                    .device = s->device_ids[s->feeds[feed].device],
                    .name = slice_str("pc")};
    op.signature =
        sign(&s->devices[s->feeds[feed].device], "jam device 1", SLICE(s->feeds[feed].id));
    if (s->feeds[feed].last < 0) {
        scene_put(s, feed, &op, true, NULL, 0);
    }
}

/* The tips of all feeds: what an honest author names. */
static inline int scene_tips(const struct scene *s, int out[FEEDS])
{
    int count = 0;
    for (int i = 0; i < FEEDS; i++) {
        if (s->feeds[i].last >= 0) {
            out[count++] = s->feeds[i].last;
        }
    }
    return count;
}

/* ---- replicas ---------------------------------------------------------------------------------------------------- */

static inline void scene_side_open(const struct scene *s, struct scene_side *side, int number)
{
    uint8_t seed[32] = {5, (uint8_t)number};
    struct sign_pk pk;
    memset(side, 0, sizeof(*side));
    sign_keypair(seed, &side->author.key, &pk);
    memcpy(side->author.device.b, pk.b, sizeof(pk.b));
    rng_seed(&side->rng, seed);
    side->author.rng = &side->rng;
    side->author.host = "pc";
    if (store_open(":memory:", NULL, &side->store) != OK) {
        abort();
    }
    store_begin(side->store);
    store_local_set(side->store, "root", &s->publics[0], sizeof(s->publics[0]));
    if (store_commit(side->store) != OK ||
        replica_open(side->store, &s->class, &side->author, NULL, &side->replica) != OK) {
        abort();
    }
}

static inline void scene_side_close(struct scene_side *side)
{
    replica_close(&side->replica);
    store_close(&side->store);
}

/* Forgets all that was delivered. */
static inline void scene_side_reset(struct scene_side *side)
{
    store_rollback(side->store);
    if (replica_reload(side->replica) != OK || store_begin(side->store) != OK) {
        abort();
    }
}

static inline enum err scene_give_run(struct slice bytes, struct scene_side *to)
{
    struct doc doc;
    struct run run;
    uint32_t applied = 0;
    if (doc_open(&doc, bytes, PACK_STRICT) != OK) {
        abort();
    }
    enum err err = run_read(&doc.root, &run);
    err = err == OK ? replica_accept(to->replica, &run, scene_now, false, &applied) : err;
    doc_clear(&doc);
    return err;
}

static inline enum err scene_give(const struct item *item, struct scene_side *to)
{
    return scene_give_run(slice_of(item->run, item->run_len), to);
}

/* An item and up to so many before it as one run: until it is applied itself, no signature covers those. */
static inline enum err scene_give_back(const struct scene *s, int last, uint32_t back,
                                       struct scene_side *to)
{
    const struct item *item = &s->items[last];
    int chain[ITEMS_MAX];
    uint32_t count = 0;
    struct pack run;
    for (int i = last; i >= 0 && count <= back; i = s->items[i].prev) {
        chain[count++] = i;
    }
    struct signature signature = run_sign(&s->feeds[item->feed].key, &item->id);
    pack_init(&run);
    run_pack_head(&run, &s->feeds[item->feed].id, (uint64_t)s->items[chain[count - 1]].seq,
                  &signature, count);
    while (count > 0) {
        const struct item *at = &s->items[chain[--count]];
        pack_raw(&run, slice_of(at->run + at->run_head, at->run_len - at->run_head));
    }
    enum err err = scene_give_run(pack_bytes(&run), to);
    pack_clear(&run);
    return err;
}

static inline void scene_flush(struct scene_side *to)
{
    if (replica_flush(to->replica, scene_now) != OK) {
        fprintf(stderr, "# flush: %s\n", store_why(to->store));
        abort();
    }
}

/* Everything, in an order drawn, some of it twice; what must wait is given again until all was taken. */
static inline void scene_deliver(struct scene *s, struct scene_side *to)
{
    int order[ITEMS_MAX];
    bool waits = true;
    for (int i = 0; i < s->count; i++) {
        int at = (int)scene_draw(s, (uint32_t)i + 1);
        order[i] = order[at];
        order[at] = i;
    }
    for (int round = 0; waits && round <= s->count; round++) {
        waits = false;
        for (int i = 0; i < s->count; i++) {
            uint32_t back = scene_draw(s, 3) ? 0 : scene_draw(s, 8);
            enum err err = scene_give_back(s, order[i], back, to);
            if (err != OK && err != ERR_WAIT && err != ERR_FORK) {
                fprintf(stderr, "# item %d: %s\n", order[i], err_code(err));
                abort();
            }
            waits |= err == ERR_WAIT;
            if (scene_draw(s, 3) == 0) {
                scene_flush(to);
            }
        }
    }
    scene_flush(to);
}

#endif
