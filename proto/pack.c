/* Canonical MessagePack: the scan that bounds bytes before msgpack-c sees them, readers, and the writer. */
#include "pack.h"

#include <utf8proc.h>

#include "bounds.h"

/* ---- the scan --------------------------------------------------------------------------------------------------- */

enum shape {
    SHAPE_NONE, /* no object of ours begins so: reserved, float, extension */
    SHAPE_SCALAR,
    SHAPE_NEGATIVE,
    SHAPE_TEXT,
    SHAPE_BINARY,
    SHAPE_ARRAY,
    SHAPE_MAP,
};

/* What the first bytes 0xc0 to 0xdf announce: a number of `width` bytes, at least `least`, or a shorter form would
 * have done. For negative integers that number is -1 - value. */
static const struct {
    uint8_t shape;
    uint8_t width;
    uint64_t least;
} heads[32] = {
    [0x00] = {SHAPE_SCALAR, 0, 0}, /* nil */
    [0x02] = {SHAPE_SCALAR, 0, 0}, /* false */
    [0x03] = {SHAPE_SCALAR, 0, 0}, /* true */
    [0x04] = {SHAPE_BINARY, 1, 0},
    [0x05] = {SHAPE_BINARY, 2, 1 << 8},
    [0x06] = {SHAPE_BINARY, 4, 1 << 16},
    [0x0c] = {SHAPE_SCALAR, 1, 1 << 7},
    [0x0d] = {SHAPE_SCALAR, 2, 1 << 8},
    [0x0e] = {SHAPE_SCALAR, 4, 1 << 16},
    [0x0f] = {SHAPE_SCALAR, 8, 1ull << 32},
    [0x10] = {SHAPE_NEGATIVE, 1, 1 << 5},
    [0x11] = {SHAPE_NEGATIVE, 2, 1 << 7},
    [0x12] = {SHAPE_NEGATIVE, 4, 1 << 15},
    [0x13] = {SHAPE_NEGATIVE, 8, 1ull << 31},
    [0x19] = {SHAPE_TEXT, 1, 1 << 5},
    [0x1a] = {SHAPE_TEXT, 2, 1 << 8},
    [0x1b] = {SHAPE_TEXT, 4, 1 << 16},
    [0x1c] = {SHAPE_ARRAY, 2, 1 << 4},
    [0x1d] = {SHAPE_ARRAY, 4, 1 << 16},
    [0x1e] = {SHAPE_MAP, 2, 1 << 4},
    [0x1f] = {SHAPE_MAP, 4, 1 << 16},
};

/* An array or map that is being read. */
struct frame {
    bool map;
    uint64_t left; /* objects still to come: keys and values both count */
    struct slice key;
};

struct scan {
    const uint8_t *at;
    const uint8_t *end;
    enum pack_rules rules;
    uint64_t items_left;
    size_t depth;
    struct frame frames[PACK_DEPTH_MAX];
};

static enum err take_wide(struct scan *s, uint8_t first, enum shape *shape, uint64_t *number)
{
    unsigned width = heads[first - 0xc0].width;
    uint64_t least = heads[first - 0xc0].least;
    uint64_t n = 0, all_ones = 0;
    *shape = heads[first - 0xc0].shape;
    if (*shape == SHAPE_NONE) {
        return ERR_NOT_CANONICAL;
    }
    if ((size_t)(s->end - s->at) < width) {
        return ERR_TRUNCATED;
    }
    for (unsigned i = 0; i < width; i++) {
        n = n << 8 | *s->at++;
        all_ones = all_ones << 8 | 0xff;
    }
    if (*shape == SHAPE_NEGATIVE) {
        n = all_ones - n;
        if (n > all_ones / 2) {
            return ERR_NOT_CANONICAL; /* a positive number in a signed form */
        }
        *shape = SHAPE_SCALAR;
    }
    *number = n;
    return n < least ? ERR_NOT_CANONICAL : OK;
}

/* Reads what stands before an object's content: its shape, and its length or count. */
static enum err take_head(struct scan *s, enum shape *shape, uint64_t *number)
{
    if (s->at == s->end) {
        return ERR_TRUNCATED;
    }
    uint8_t first = *s->at++;
    *number = 0;
    if (first < 0x80 || first >= 0xe0) {
        *shape = SHAPE_SCALAR;
    } else if (first < 0x90) {
        *shape = SHAPE_MAP;
        *number = first & 0x0f;
    } else if (first < 0xa0) {
        *shape = SHAPE_ARRAY;
        *number = first & 0x0f;
    } else if (first < 0xc0) {
        *shape = SHAPE_TEXT;
        *number = first & 0x1f;
    } else {
        return take_wide(s, first, shape, number);
    }
    return OK;
}

static bool is_utf8(struct slice text)
{
    size_t i = 0;
    while (i < text.len) {
        if (text.at[i] < 0x80) {
            i++;
            continue;
        }
        utf8proc_int32_t point;
        utf8proc_ssize_t n =
            utf8proc_iterate(text.at + i, (utf8proc_ssize_t)(text.len - i), &point);
        if (n <= 0) {
            return false;
        }
        i += (size_t)n;
    }
    return true;
}

static enum err take_bytes(struct scan *s, enum shape shape, uint64_t len, struct slice *out)
{
    if (len > (uint64_t)(s->end - s->at)) {
        return ERR_TRUNCATED;
    }
    *out = slice_of(s->at, len);
    s->at += len;
    return shape == SHAPE_TEXT && !is_utf8(*out) ? ERR_NOT_CANONICAL : OK;
}

/* The whole count is taken off the items before any of them is read, so that a lie ends here. */
static enum err enter(struct scan *s, bool map, uint64_t count)
{
    uint64_t objects = map ? 2 * count : count;
    if (s->depth == PACK_DEPTH_MAX || objects > s->items_left) {
        return ERR_LIMIT;
    }
    if (objects > (uint64_t)(s->end - s->at)) {
        return ERR_TRUNCATED;
    }
    s->items_left -= objects;
    s->frames[s->depth++] = (struct frame){.map = map, .left = objects};
    return OK;
}

static bool slice_before(struct slice a, struct slice b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.at, b.at, shorter) : 0;
    return order < 0 || (order == 0 && a.len < b.len);
}

static enum err check_key(struct frame *frame, enum pack_rules rules, enum shape shape,
                          struct slice key)
{
    if (shape != SHAPE_TEXT) {
        return ERR_NOT_CANONICAL;
    }
    if (rules == PACK_STRICT && frame->key.at && !slice_before(frame->key, key)) {
        return ERR_NOT_CANONICAL;
    }
    frame->key = key;
    return OK;
}

/* Reads one object, or only the head of an array or map. */
static enum err take_object(struct scan *s)
{
    struct frame *in = s->depth > 0 ? &s->frames[s->depth - 1] : NULL;
    bool is_key = in && in->map && in->left % 2 == 0;
    enum shape shape;
    uint64_t number;
    struct slice bytes = {0};
    enum err err = take_head(s, &shape, &number);
    if (err == OK && (shape == SHAPE_TEXT || shape == SHAPE_BINARY)) {
        err = take_bytes(s, shape, number, &bytes);
    }
    if (err == OK && is_key) {
        err = check_key(in, s->rules, shape, bytes);
    }
    if (err != OK) {
        return err;
    }
    if (in) {
        in->left--;
    }
    if (shape == SHAPE_ARRAY || shape == SHAPE_MAP) {
        return enter(s, shape == SHAPE_MAP, number);
    }
    return OK;
}

enum err pack_scan_first(struct slice bytes, enum pack_rules rules, size_t *used)
{
    if (bytes.len == 0) {
        return ERR_TRUNCATED;
    }
    struct scan s = {.at = bytes.at,
                     .end = bytes.at + bytes.len,
                     .rules = rules,
                     .items_left = (rules == PACK_LOCAL ? REPLY_BYTES_MAX : PACK_ITEMS_MAX) - 1};
    do {
        enum err err = take_object(&s);
        if (err != OK) {
            return err;
        }
        while (s.depth > 0 && s.frames[s.depth - 1].left == 0) {
            s.depth--;
        }
    } while (s.depth > 0);
    *used = (size_t)(s.at - bytes.at);
    return OK;
}

enum err pack_scan(struct slice bytes, enum pack_rules rules)
{
    size_t used;
    enum err err = pack_scan_first(bytes, rules, &used);
    return err == OK && used != bytes.len ? ERR_NOT_CANONICAL : err;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

enum err doc_open(struct doc *doc, struct slice bytes, enum pack_rules rules)
{
    enum err err = pack_scan(bytes, rules);
    if (err != OK) {
        return err;
    }
    if (!msgpack_zone_init(&doc->zone, MSGPACK_ZONE_CHUNK_SIZE)) {
        return ERR_NOMEM;
    }
    msgpack_unpack_return unpacked =
        msgpack_unpack((const char *)bytes.at, bytes.len, NULL, &doc->zone, &doc->root);
    if (unpacked != MSGPACK_UNPACK_SUCCESS) {
        /* the scan has ruled out all other reasons */
        msgpack_zone_destroy(&doc->zone);
        return ERR_NOMEM;
    }
    return OK;
}

void doc_clear(struct doc *doc)
{
    msgpack_zone_destroy(&doc->zone);
}

bool read_uint(const msgpack_object *o, uint64_t *out)
{
    if (!o || o->type != MSGPACK_OBJECT_POSITIVE_INTEGER) {
        return false;
    }
    *out = o->via.u64;
    return true;
}

bool read_int(const msgpack_object *o, int64_t *out)
{
    if (o && o->type == MSGPACK_OBJECT_NEGATIVE_INTEGER) {
        *out = o->via.i64;
        return true;
    }
    if (!o || o->type != MSGPACK_OBJECT_POSITIVE_INTEGER || o->via.u64 > INT64_MAX) {
        return false;
    }
    *out = (int64_t)o->via.u64;
    return true;
}

bool read_bool(const msgpack_object *o, bool *out)
{
    if (!o || o->type != MSGPACK_OBJECT_BOOLEAN) {
        return false;
    }
    *out = o->via.boolean;
    return true;
}

bool read_text(const msgpack_object *o, struct slice *out)
{
    if (!o || o->type != MSGPACK_OBJECT_STR) {
        return false;
    }
    *out = slice_of(o->via.str.ptr, o->via.str.size);
    return true;
}

bool read_bin(const msgpack_object *o, struct slice *out)
{
    if (!o || o->type != MSGPACK_OBJECT_BIN) {
        return false;
    }
    *out = slice_of(o->via.bin.ptr, o->via.bin.size);
    return true;
}

bool read_array(const msgpack_object *o, const msgpack_object **items, uint32_t *count)
{
    if (!o || o->type != MSGPACK_OBJECT_ARRAY) {
        return false;
    }
    *items = o->via.array.ptr;
    *count = o->via.array.size;
    return true;
}

bool read_fixed(const msgpack_object *o, void *out, size_t len)
{
    struct slice bytes;
    if (!read_bin(o, &bytes) || bytes.len != len) {
        return false;
    }
    memcpy(out, bytes.at, len);
    return true;
}

const msgpack_object *map_get(const msgpack_object *map, const char *key)
{
    if (!map || map->type != MSGPACK_OBJECT_MAP) {
        return NULL;
    }
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        struct slice text;
        if (read_text(&pair->key, &text) && slice_is(text, key)) {
            return &pair->val;
        }
    }
    return NULL;
}

bool map_text(const msgpack_object *map, const char *key, struct slice *out)
{
    return read_text(map_get(map, key), out);
}

bool map_uint(const msgpack_object *map, const char *key, uint64_t *out)
{
    return read_uint(map_get(map, key), out);
}

bool map_int(const msgpack_object *map, const char *key, int64_t *out)
{
    return read_int(map_get(map, key), out);
}

bool map_bool(const msgpack_object *map, const char *key, bool *out)
{
    return read_bool(map_get(map, key), out);
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

void pack_init(struct pack *p)
{
    msgpack_sbuffer_init(&p->buffer);
    msgpack_packer_init(&p->packer, &p->buffer, msgpack_sbuffer_write);
    p->failed = false;
}

/* As msgpack_sbuffer_write, but never grows. */
static int room_write(void *data, const char *bytes, size_t len)
{
    msgpack_sbuffer *room = data;
    if (len > room->alloc - room->size) {
        return -1;
    }
    memcpy(room->data + room->size, bytes, len);
    room->size += len;
    return 0;
}

void pack_init_room(struct pack *p, void *room, size_t room_len)
{
    p->buffer = (msgpack_sbuffer){.data = room, .alloc = room_len};
    msgpack_packer_init(&p->packer, &p->buffer, room_write);
    p->failed = false;
}

void pack_clear(struct pack *p)
{
    msgpack_sbuffer_destroy(&p->buffer);
    pack_init(p);
}

void pack_reset(struct pack *p)
{
    msgpack_sbuffer_clear(&p->buffer);
    p->failed = false;
}

struct slice pack_bytes(const struct pack *p)
{
    return slice_of(p->buffer.data, p->buffer.size);
}

void pack_nil(struct pack *p)
{
    p->failed = p->failed || msgpack_pack_nil(&p->packer) != 0;
}

void pack_bool(struct pack *p, bool value)
{
    int done = p->failed ? -1
               : value   ? msgpack_pack_true(&p->packer)
                         : msgpack_pack_false(&p->packer);
    p->failed = done != 0;
}

void pack_uint(struct pack *p, uint64_t value)
{
    p->failed = p->failed || msgpack_pack_uint64(&p->packer, value) != 0;
}

void pack_int(struct pack *p, int64_t value)
{
    p->failed = p->failed || msgpack_pack_int64(&p->packer, value) != 0;
}

void pack_text(struct pack *p, struct slice text)
{
    p->failed = p->failed || msgpack_pack_str(&p->packer, text.len) != 0;
    pack_raw(p, text);
}

void pack_str(struct pack *p, const char *text)
{
    if (text) {
        pack_text(p, slice_str(text));
    } else {
        pack_nil(p);
    }
}

void pack_bin(struct pack *p, struct slice bytes)
{
    p->failed = p->failed || msgpack_pack_bin(&p->packer, bytes.len) != 0;
    pack_raw(p, bytes);
}

void pack_array(struct pack *p, uint32_t count)
{
    p->failed = p->failed || msgpack_pack_array(&p->packer, count) != 0;
}

void pack_map(struct pack *p, uint32_t pairs)
{
    p->failed = p->failed || msgpack_pack_map(&p->packer, pairs) != 0;
}

void pack_raw(struct pack *p, struct slice encoded)
{
    if (encoded.len > 0) {
        p->failed = p->failed ||
                    p->packer.callback(p->packer.data, (const char *)encoded.at, encoded.len) != 0;
    }
}

void pack_packed(struct pack *p, const struct pack *other)
{
    p->failed = p->failed || other->failed;
    pack_raw(p, pack_bytes(other));
}

void pack_list(struct pack *p, uint32_t count, struct pack *items)
{
    pack_array(p, count);
    pack_packed(p, items);
    pack_clear(items);
}
