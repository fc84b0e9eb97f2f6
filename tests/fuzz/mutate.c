/* Changes inputs that are MessagePack objects, one behind the other: an item is dropped, said twice, moved, or says something
 * else, and the lengths around it still fit. Half of the changes are libFuzzer's own, which know nothing of that. */
#include <stdlib.h>

#include "bounds.h"
#include "pack.h"

enum { OBJECTS_MAX = 128, LEAF_BYTES_MAX = 4096, GROWS_BY = 16 };

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t len_max);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t len_max, unsigned seed);

enum change {
    CHANGE_DROP,   /* of a list: one item goes */
    CHANGE_TWICE,  /* one comes again */
    CHANGE_SWAP,   /* two change places */
    CHANGE_COPY,   /* an item becomes what stands elsewhere */
    CHANGE_NUMBER, /* a scalar */
    CHANGE_BYTES,  /* a text or binary */
    CHANGES,
};

struct mutation {
    struct doc docs[OBJECTS_MAX];
    uint32_t docs_count;
    uint64_t random;
    uint32_t left; /* objects before the one that is changed */
    enum change change;
    const msgpack_object *copy; /* what CHANGE_COPY says instead */
    struct pack out;
};

static uint32_t draw(struct mutation *m, uint32_t below)
{
    m->random = m->random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return below ? (uint32_t)(m->random >> 33) % below : 0;
}

static bool split(struct mutation *m, struct slice input)
{
    while (input.len && m->docs_count < OBJECTS_MAX) {
        size_t used;
        if (pack_scan_first(input, PACK_LOCAL, &used) != OK ||
            doc_open(&m->docs[m->docs_count], slice_of(input.at, used), PACK_LOCAL) != OK) {
            return false;
        }
        m->docs_count++;
        input = slice_of(input.at + used, input.len - used);
    }
    return m->docs_count > 0 && input.len == 0;
}

/* The objects in an array or map, side by side: keys and values both count. */
static const msgpack_object *items_of(const msgpack_object *o, uint32_t *count)
{
    if (o->type == MSGPACK_OBJECT_ARRAY) {
        *count = o->via.array.size;
        return o->via.array.ptr;
    }
    *count = o->type == MSGPACK_OBJECT_MAP ? 2 * o->via.map.size : 0;
    return *count ? &o->via.map.ptr->key : NULL;
}

/* The object before which `*left` others are read; NULL if there are fewer. */
static const msgpack_object *object_at(const msgpack_object *o, uint32_t *left)
{
    uint32_t count;
    const msgpack_object *items = items_of(o, &count), *found = *left == 0 ? o : NULL;
    if (!found) {
        --*left;
    }
    for (uint32_t i = 0; !found && i < count; i++) {
        found = object_at(&items[i], left);
    }
    return found;
}

static const msgpack_object *object_of(const struct mutation *m, uint32_t left)
{
    const msgpack_object *found = NULL;
    for (uint32_t i = 0; !found && i < m->docs_count; i++) {
        found = object_at(&m->docs[i].root, &left);
    }
    return found;
}

static uint32_t count_of(const struct mutation *m)
{
    uint32_t left = UINT32_MAX;
    for (uint32_t i = 0; i < m->docs_count; i++) {
        object_at(&m->docs[i].root, &left);
    }
    return UINT32_MAX - left;
}

static void say_number(struct mutation *m, const msgpack_object *o)
{
    static const uint64_t edges[] = {
        0,          1,          15,         16,        63,         64,        127,   128,
        255,        256,        4000,       8192,      50000,      65535,     65536, INT32_MAX,
        UINT32_MAX, 1ull << 32, 1ull << 53, INT64_MAX, 1ull << 63, UINT64_MAX};
    uint64_t now = o->type == MSGPACK_OBJECT_POSITIVE_INTEGER ? o->via.u64 : 0;
    switch (draw(m, 8)) {
    case 0:
        pack_nil(&m->out);
        break;
    case 1:
        pack_bool(&m->out, draw(m, 2));
        break;
    case 2:
        pack_int(&m->out, -(int64_t)draw(m, 48) - 1);
        break;
    case 3:
    case 4:
        pack_uint(&m->out, now + draw(m, 8) - 4);
        break;
    case 5:
        pack_uint(&m->out, draw(m, 32));
        break;
    default:
        pack_uint(&m->out, edges[draw(m, sizeof(edges) / sizeof(edges[0]))]);
    }
}

static void say_bytes(struct mutation *m, const msgpack_object *o)
{
    static uint8_t room[LEAF_BYTES_MAX + GROWS_BY];
    struct slice s = {NULL, 0};
    bool text = read_text(o, &s);
    if ((!text && !read_bin(o, &s)) || s.len > LEAF_BYTES_MAX) {
        say_number(m, o);
        return;
    }
    if (s.len) {
        memcpy(room, s.at, s.len);
    }
    size_t len = LLVMFuzzerMutate(room, s.len, s.len + GROWS_BY);
    text ? pack_text(&m->out, slice_of(room, len)) : pack_bin(&m->out, slice_of(room, len));
}

static void say(struct mutation *m, const msgpack_object *o);

/* A list that begins anew with `head`, its items changed as a whole; a map's keys stay with their values. */
static void say_items(struct mutation *m, const msgpack_object *items, uint32_t count,
                      uint32_t width, void (*head)(struct pack *, uint32_t))
{
    uint32_t whole = count / width;
    bool drop = m->change == CHANGE_DROP && whole, twice = m->change == CHANGE_TWICE && whole;
    uint32_t a = draw(m, whole), b = draw(m, whole);
    bool here = m->left == 0;
    if (head) {
        head(&m->out, here && drop ? whole - 1 : here && twice ? whole + 1 : whole);
    }
    m->left--;
    for (uint32_t i = 0; i < whole; i++) {
        uint32_t from = here && m->change == CHANGE_SWAP && (i == a || i == b) ? a + b - i : i;
        uint32_t times = here && i == a ? 1 + twice - drop : 1;
        for (uint32_t k = 0; k < times * width; k++) {
            say(m, &items[from * width + k % width]);
        }
    }
}

/* Writes an object again, with the change if it is the one. */
static void say(struct mutation *m, const msgpack_object *o)
{
    uint32_t count;
    const msgpack_object *items = items_of(o, &count);
    bool list = o->type == MSGPACK_OBJECT_ARRAY || o->type == MSGPACK_OBJECT_MAP;
    if (m->left == 0 && m->change == CHANGE_COPY && m->copy) {
        m->left = UINT32_MAX;
        say(m, m->copy);
    } else if (list) {
        bool map = o->type == MSGPACK_OBJECT_MAP;
        say_items(m, items, count, map ? 2 : 1, map ? pack_map : pack_array);
    } else if (m->left == 0) {
        m->left--;
        m->change == CHANGE_BYTES ? say_bytes(m, o) : say_number(m, o);
    } else {
        m->left--;
        m->out.failed |= msgpack_pack_object(&m->out.packer, *o) != 0;
    }
}

static void mutate(struct mutation *m)
{
    uint32_t count = count_of(m), at = draw(m, count + m->docs_count);
    m->change = (enum change)draw(m, CHANGES);
    m->copy = object_of(m, draw(m, count));
    if (at < count) {
        m->left = at;
        for (uint32_t i = 0; i < m->docs_count; i++) {
            say(m, &m->docs[i].root);
        }
        return;
    }
    /* the row of objects itself */
    msgpack_object roots[OBJECTS_MAX];
    for (uint32_t i = 0; i < m->docs_count; i++) {
        roots[i] = m->docs[i].root;
    }
    m->left = 0;
    say_items(m, roots, m->docs_count, 1, NULL);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t len_max, unsigned seed)
{
    struct mutation *m = calloc(1, sizeof(*m));
    size_t made = 0;
    if (!m) {
        abort();
    }
    m->random = seed;
    pack_init(&m->out);
    if (draw(m, 2) && split(m, slice_of(bytes, len))) {
        for (uint32_t times = 1 + draw(m, 3); times > 0 && made == 0; times--) {
            pack_reset(&m->out);
            mutate(m);
            made = m->out.failed || pack_bytes(&m->out).len > len_max ? 0 : pack_bytes(&m->out).len;
        }
    }
    if (made) {
        memcpy(bytes, pack_bytes(&m->out).at, made);
    }
    for (uint32_t i = 0; i < m->docs_count; i++) {
        doc_clear(&m->docs[i]);
    }
    pack_clear(&m->out);
    free(m);
    return made ? made : LLVMFuzzerMutate(bytes, len, len_max);
}
