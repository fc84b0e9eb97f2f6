/* Reads and writes what machines say to each other. Each form is read whole before it is believed: the number of
 * fields, the type and range of each, and how many items there are. */
#include "message.h"

#include "text.h"

static bool read_fingerprint(const msgpack_object *o, struct fingerprint *out)
{
    return read_fixed(o, out->b, sizeof(out->b));
}

static bool read_device(const msgpack_object *o, struct device_id *out)
{
    return read_fixed(o, out->b, sizeof(out->b));
}

static bool read_feed(const msgpack_object *o, struct feed_id *out)
{
    return read_fixed(o, out->b, sizeof(out->b));
}

static bool read_between(const msgpack_object *o, uint64_t least, uint64_t most, uint64_t *out)
{
    uint64_t n;
    if (!read_uint(o, &n) || n < least || n > most) {
        return false;
    }
    *out = n;
    return true;
}

static bool read_host(const msgpack_object *o, struct slice *out)
{
    return read_text(o, out) && out->len <= NAME_BYTES_MAX &&
           (out->len == 0 || !memchr(out->at, 0, out->len));
}

/* One byte that counts the nibbles, then the nibbles; what is unused of the last byte is zero. */
static bool read_prefix(const msgpack_object *o, struct prefix *out)
{
    struct slice s;
    if (!read_bin(o, &s) || s.len == 0 || s.at[0] > 2 * sizeof(out->b)) {
        return false;
    }
    uint8_t nibbles = s.at[0];
    if (s.len != 1 + (nibbles + 1u) / 2) {
        return false;
    }
    if (nibbles % 2 && (s.at[s.len - 1] & 0x0f)) {
        return false;
    }
    *out = (struct prefix){.nibbles = nibbles};
    memcpy(out->b, s.at + 1, s.len - 1);
    return true;
}

/* An array of exactly `count` fields; NULL if it isn't one. */
static const msgpack_object *fields_of(const msgpack_object *o, uint32_t count)
{
    const msgpack_object *fields;
    uint32_t n;
    return read_array(o, &fields, &n) && n == count ? fields : NULL;
}

static enum err read_items(const msgpack_object *o, uint32_t most, struct message *m)
{
    if (!read_array(o, &m->items, &m->count)) {
        return ERR_MALFORMED;
    }
    return m->count > most ? ERR_LIMIT : OK;
}

/* ---- the outer form of each kind; f[0] is the kind -------------------------------------------- */

static enum err read_hello(const msgpack_object *f, struct message *m)
{
    return read_uint(&f[1], &m->version) && read_device(&f[2], &m->device) &&
                   read_fixed(&f[3], m->root.b, sizeof(m->root.b)) && read_uint(&f[4], &m->run) &&
                   read_between(&f[5], 1, UINT16_MAX, &m->port) && read_int(&f[6], &m->wall_ms) &&
                   read_uint(&f[7], &m->flags) && read_fingerprint(&f[8], &m->fingerprint) &&
                   read_host(&f[9], &m->host)
               ? OK
               : ERR_MALFORMED;
}

static enum err read_beat(const msgpack_object *f, struct message *m)
{
    return read_fingerprint(&f[1], &m->fingerprint) && read_uint(&f[2], &m->flags) ? OK
                                                                                   : ERR_MALFORMED;
}

static enum err read_leave(const msgpack_object *f, struct message *m)
{
    return read_uint(&f[1], &m->run) ? OK : ERR_MALFORMED;
}

static enum err read_ranges(const msgpack_object *f, struct message *m)
{
    return read_items(&f[1], RANGES_MAX, m);
}

/* HEADS_MAX is for all its ranges together, so they are counted here. */
static enum err read_heads(const msgpack_object *f, struct message *m)
{
    if (!read_uint(&f[1], &m->flags)) {
        return ERR_MALFORMED;
    }
    enum err err = read_items(&f[2], RANGES_MAX, m);
    uint32_t all = 0;
    for (uint32_t i = 0; !err && i < m->count; i++) {
        struct prefix prefix;
        const msgpack_object *heads;
        uint32_t count;
        err = message_heads(m, i, &prefix, &heads, &count);
        if (!err && count > HEADS_MAX - all) {
            err = ERR_LIMIT;
        }
        if (!err) {
            all += count;
        }
    }
    return err;
}

static enum err read_wants(const msgpack_object *f, struct message *m)
{
    if (!read_uint(&f[1], &m->credit_bytes)) {
        return ERR_MALFORMED;
    }
    return m->credit_bytes > CREDIT_BYTES ? ERR_LIMIT : read_items(&f[2], WANT_MAX, m);
}

/* How many runs there may be follows from PACK_ITEMS_MAX. */
static enum err read_runs(const msgpack_object *f, struct message *m)
{
    return read_uint(&f[1], &m->flags) ? read_items(&f[2], PACK_ITEMS_MAX, m) : ERR_MALFORMED;
}

static enum err read_ack(const msgpack_object *f, struct message *m)
{
    return read_feed(&f[1], &m->feed) && read_between(&f[2], 1, FEED_ENTRIES_MAX, &m->seq)
               ? OK
               : ERR_MALFORMED;
}

static enum err read_peers(const msgpack_object *f, struct message *m)
{
    return read_items(&f[1], PEERS_MAX, m);
}

/* SUSPECT and GONE. */
static enum err read_machine(const msgpack_object *f, struct message *m)
{
    return read_device(&f[1], &m->device) && read_uint(&f[2], &m->run) ? OK : ERR_MALFORMED;
}

static enum err read_heard(const msgpack_object *f, struct message *m)
{
    m->heard = f[3].type != MSGPACK_OBJECT_NIL;
    if (m->heard && !read_between(&f[3], 0, INT64_MAX, &m->ago_ms)) {
        return ERR_MALFORMED;
    }
    return read_machine(f, m);
}

static enum err read_fork(const msgpack_object *f, struct message *m)
{
    m->items = &f[1];
    m->count = 2;
    return OK;
}

static enum err read_lacks(const msgpack_object *f, struct message *m)
{
    return read_items(&f[1], WANT_MAX, m);
}

static enum err read_refuse(const msgpack_object *f, struct message *m)
{
    return read_between(&f[1], 1, UINT16_MAX, &m->reason) ? OK : ERR_MALFORMED;
}

static enum err read_inbox(const msgpack_object *f, struct message *m)
{
    return read_fixed(&f[1], m->tag.b, sizeof(m->tag.b)) &&
                   read_between(&f[2], 1, UINT16_MAX, &m->port)
               ? OK
               : ERR_MALFORMED;
}

static enum err read_closed(const msgpack_object *f, struct message *m)
{
    return read_fixed(&f[1], m->signature.b, sizeof(m->signature.b)) ? OK : ERR_MALFORMED;
}

static enum err read_missing(const msgpack_object *f, struct message *m)
{
    if (!read_array(&f[2], &m->ends, &m->ends_count)) {
        return ERR_MALFORMED;
    }
    return m->ends_count > MISSING_MAX ? ERR_LIMIT : read_items(&f[1], MISSING_MAX, m);
}

static enum err read_who(const msgpack_object *f, struct message *m)
{
    if (!read_text(&f[1], &m->handle)) {
        return ERR_MALFORMED;
    }
    return m->handle.len == 0 ? ERR_MALFORMED : text_check(m->handle, HANDLE_BYTES_MAX);
}

static enum err read_keys(const msgpack_object *f, struct message *m)
{
    return read_items(&f[1], KEYS_MAX, m);
}

static const struct form {
    uint32_t fields; /* with the kind */
    enum err (*read)(const msgpack_object *fields, struct message *);
} forms[] = {
    [MESSAGE_HELLO] = {10, read_hello},    [MESSAGE_BEAT] = {3, read_beat},
    [MESSAGE_LEAVE] = {2, read_leave},     [MESSAGE_RANGES] = {2, read_ranges},
    [MESSAGE_HEADS] = {3, read_heads},     [MESSAGE_WANT] = {3, read_wants},
    [MESSAGE_RUNS] = {3, read_runs},       [MESSAGE_ACK] = {3, read_ack},
    [MESSAGE_PEERS] = {2, read_peers},     [MESSAGE_SUSPECT] = {3, read_machine},
    [MESSAGE_HEARD] = {4, read_heard},     [MESSAGE_GONE] = {3, read_machine},
    [MESSAGE_FORK] = {3, read_fork},       [MESSAGE_REFUSE] = {2, read_refuse},
    [MESSAGE_INBOX] = {3, read_inbox},     [MESSAGE_CLOSED] = {2, read_closed},
    [MESSAGE_LACKS] = {2, read_lacks},     [MESSAGE_PAYLOADS] = {2, read_lacks},
    [MESSAGE_MISSING] = {3, read_missing}, [MESSAGE_WHO] = {2, read_who},
    [MESSAGE_KEYS] = {2, read_keys},
};

enum { FORMS_COUNT = sizeof(forms) / sizeof(forms[0]) };

enum err message_read(const msgpack_object *root, struct message *m)
{
    const msgpack_object *fields;
    uint32_t count;
    uint64_t kind;
    if (!read_array(root, &fields, &count) || count == 0 || !read_uint(&fields[0], &kind) ||
        kind == 0) {
        return ERR_MALFORMED;
    }
    if (kind >= FORMS_COUNT || !forms[kind].read) {
        return ERR_VERSION;
    }
    *m = (struct message){.kind = (enum message_kind)kind};
    /* Another version may greet with other fields, and should still hear that it is another. */
    if (kind == MESSAGE_HELLO && count > 1 && read_uint(&fields[1], &m->version) &&
        m->version != PROTOCOL_VERSION) {
        return ERR_VERSION;
    }
    if (count != forms[kind].fields) {
        return ERR_MALFORMED;
    }
    return forms[kind].read(fields, m);
}

/* ---- items ------------------------------------------------------------------------------------ */

/* The fields of item i; NULL if there is no such item, or it has another number of them. */
static const msgpack_object *item_fields(const struct message *m, uint32_t i, uint32_t count)
{
    return i < m->count ? fields_of(&m->items[i], count) : NULL;
}

enum err message_range(const struct message *m, uint32_t i, struct range *out)
{
    const msgpack_object *f = item_fields(m, i, 2);
    return f && read_prefix(&f[0], &out->prefix) && read_fingerprint(&f[1], &out->fingerprint)
               ? OK
               : ERR_MALFORMED;
}

enum err message_heads(const struct message *m, uint32_t i, struct prefix *prefix,
                       const msgpack_object **heads, uint32_t *heads_count)
{
    const msgpack_object *f = item_fields(m, i, 2);
    return f && read_prefix(&f[0], prefix) && read_array(&f[1], heads, heads_count) ? OK
                                                                                    : ERR_MALFORMED;
}

enum err message_head(const msgpack_object *heads, uint32_t i, struct head *out)
{
    const msgpack_object *f = fields_of(&heads[i], 5);
    return f && read_feed(&f[0], &out->feed) &&
                   read_between(&f[1], 0, FEED_ENTRIES_MAX, &out->seq) &&
                   read_fixed(&f[2], out->last.b, sizeof(out->last.b)) &&
                   read_between(&f[3], 0, FEED_ENTRIES_MAX, &out->void_seq) &&
                   read_between(&f[4], 0, INT64_MAX, &out->lamport)
               ? OK
               : ERR_MALFORMED;
}

enum err message_want(const struct message *m, uint32_t i, struct want *out)
{
    const msgpack_object *f = item_fields(m, i, 2);
    return f && read_feed(&f[0], &out->feed) && read_between(&f[1], 0, FEED_ENTRIES_MAX, &out->have)
               ? OK
               : ERR_MALFORMED;
}

enum err message_payload(const struct message *m, uint32_t i, struct told_payload *out)
{
    const msgpack_object *f = item_fields(m, i, 3);
    return f && read_feed(&f[0], &out->feed) &&
                   read_between(&f[1], 1, FEED_ENTRIES_MAX, &out->seq) &&
                   read_bin(&f[2], &out->payload) && out->payload.len > SALT_BYTES &&
                   out->payload.len <= PAYLOAD_BYTES_MAX
               ? OK
               : ERR_MALFORMED;
}

enum err message_key(const struct message *m, uint32_t i, struct told_key *out)
{
    const msgpack_object *f = item_fields(m, i, 5);
    return f && read_text(&f[0], &out->handle) && text_check(out->handle, HANDLE_BYTES_MAX) == OK &&
                   read_fixed(&f[1], out->person.b, sizeof(out->person.b)) &&
                   read_fixed(&f[2], out->key.b, sizeof(out->key.b)) &&
                   read_fixed(&f[3], out->secret.b, sizeof(out->secret.b)) &&
                   read_between(&f[4], 0, TOLD_COUNT - 1, &out->seal)
               ? OK
               : ERR_MALFORMED;
}

enum err message_missing(const struct message *m, uint32_t i, struct hash *out)
{
    return i < m->count && read_fixed(&m->items[i], out->b, sizeof(out->b)) ? OK : ERR_MALFORMED;
}

enum err message_end(const struct message *m, uint32_t i, struct hash *out)
{
    return i < m->ends_count && read_fixed(&m->ends[i], out->b, sizeof(out->b)) ? OK
                                                                                : ERR_MALFORMED;
}

enum err message_hint(const struct message *m, uint32_t i, struct peer_hint *out)
{
    const msgpack_object *f = item_fields(m, i, 4);
    uint64_t port;
    *out = (struct peer_hint){0};
    if (!f || !read_device(&f[0], &out->device) || !read_uint(&f[1], &out->run) ||
        !read_fixed(&f[2], out->address.ip, sizeof(out->address.ip)) ||
        !read_between(&f[3], 1, UINT16_MAX, &port)) {
        return ERR_MALFORMED;
    }
    out->address.port = (uint16_t)port;
    return OK;
}

/* ---- writers ---------------------------------------------------------------------------------- */

static void pack_kind(struct pack *p, enum message_kind kind)
{
    pack_array(p, forms[kind].fields);
    pack_uint(p, kind);
}

static void pack_prefix(struct pack *p, const struct prefix *prefix)
{
    uint8_t b[1 + sizeof(prefix->b)];
    b[0] = prefix->nibbles;
    memcpy(b + 1, prefix->b, sizeof(prefix->b));
    pack_bin(p, slice_of(b, 1 + (prefix->nibbles + 1u) / 2));
}

void pack_hello(struct pack *p, const struct message *m)
{
    pack_kind(p, MESSAGE_HELLO);
    pack_uint(p, m->version);
    pack_bin(p, SLICE(m->device));
    pack_bin(p, SLICE(m->root));
    pack_uint(p, m->run);
    pack_uint(p, m->port);
    pack_int(p, m->wall_ms);
    pack_uint(p, m->flags);
    pack_bin(p, SLICE(m->fingerprint));
    pack_text(p, m->host);
}

void pack_beat(struct pack *p, const struct fingerprint *fingerprint, uint64_t flags)
{
    pack_kind(p, MESSAGE_BEAT);
    pack_bin(p, SLICE(*fingerprint));
    pack_uint(p, flags);
}

void pack_leave(struct pack *p, uint64_t run)
{
    pack_kind(p, MESSAGE_LEAVE);
    pack_uint(p, run);
}

void pack_ranges(struct pack *p, uint32_t count)
{
    pack_kind(p, MESSAGE_RANGES);
    pack_array(p, count);
}

void pack_range(struct pack *p, const struct range *range)
{
    pack_array(p, 2);
    pack_prefix(p, &range->prefix);
    pack_bin(p, SLICE(range->fingerprint));
}

void pack_heads(struct pack *p, uint64_t flags, uint32_t ranges_count)
{
    pack_kind(p, MESSAGE_HEADS);
    pack_uint(p, flags);
    pack_array(p, ranges_count);
}

void pack_heads_of(struct pack *p, const struct prefix *prefix, uint32_t heads_count)
{
    pack_array(p, 2);
    pack_prefix(p, prefix);
    pack_array(p, heads_count);
}

void pack_head(struct pack *p, const struct head *head)
{
    pack_array(p, 5);
    pack_bin(p, SLICE(head->feed));
    pack_uint(p, head->seq);
    pack_bin(p, SLICE(head->last));
    pack_uint(p, head->void_seq);
    pack_uint(p, head->lamport);
}

void pack_wants(struct pack *p, uint64_t credit_bytes, uint32_t count)
{
    pack_kind(p, MESSAGE_WANT);
    pack_uint(p, credit_bytes);
    pack_array(p, count);
}

void pack_want(struct pack *p, const struct want *want)
{
    pack_array(p, 2);
    pack_bin(p, SLICE(want->feed));
    pack_uint(p, want->have);
}

void pack_runs(struct pack *p, uint64_t flags, uint32_t count)
{
    pack_kind(p, MESSAGE_RUNS);
    pack_uint(p, flags);
    pack_array(p, count);
}

void pack_ack(struct pack *p, const struct feed_id *feed, uint64_t seq)
{
    pack_kind(p, MESSAGE_ACK);
    pack_bin(p, SLICE(*feed));
    pack_uint(p, seq);
}

void pack_peers(struct pack *p, uint32_t count)
{
    pack_kind(p, MESSAGE_PEERS);
    pack_array(p, count);
}

void pack_hint(struct pack *p, const struct peer_hint *hint)
{
    pack_array(p, 4);
    pack_bin(p, SLICE(hint->device));
    pack_uint(p, hint->run);
    pack_bin(p, slice_of(hint->address.ip, sizeof(hint->address.ip)));
    pack_uint(p, hint->address.port);
}

static void pack_machine(struct pack *p, enum message_kind kind, const struct device_id *device,
                         uint64_t run)
{
    pack_kind(p, kind);
    pack_bin(p, SLICE(*device));
    pack_uint(p, run);
}

void pack_suspect(struct pack *p, const struct device_id *device, uint64_t run)
{
    pack_machine(p, MESSAGE_SUSPECT, device, run);
}

void pack_heard(struct pack *p, const struct device_id *device, uint64_t run, bool heard,
                uint64_t ago_ms)
{
    pack_machine(p, MESSAGE_HEARD, device, run);
    if (heard) {
        pack_uint(p, ago_ms);
    } else {
        pack_nil(p);
    }
}

void pack_gone(struct pack *p, const struct device_id *device, uint64_t run)
{
    pack_machine(p, MESSAGE_GONE, device, run);
}

void pack_fork(struct pack *p, struct slice run_a, struct slice run_b)
{
    pack_kind(p, MESSAGE_FORK);
    pack_raw(p, run_a);
    pack_raw(p, run_b);
}

static void pack_hashes(struct pack *p, const struct hash *hashes, uint32_t count)
{
    pack_array(p, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_bin(p, SLICE(hashes[i]));
    }
}

void pack_missing(struct pack *p, const struct hash *ids, uint32_t ids_count,
                  const struct hash *ends, uint32_t ends_count)
{
    pack_array(p, 3);
    pack_uint(p, MESSAGE_MISSING);
    pack_hashes(p, ids, ids_count);
    pack_hashes(p, ends, ends_count);
}

void pack_who(struct pack *p, struct slice handle)
{
    pack_kind(p, MESSAGE_WHO);
    pack_text(p, handle);
}

void pack_keys(struct pack *p, uint32_t count)
{
    pack_kind(p, MESSAGE_KEYS);
    pack_array(p, count);
}

void pack_key(struct pack *p, const struct told_key *key)
{
    pack_array(p, 5);
    pack_text(p, key->handle);
    pack_bin(p, SLICE(key->person));
    pack_bin(p, SLICE(key->key));
    pack_bin(p, SLICE(key->secret));
    pack_uint(p, key->seal);
}

void pack_refuse(struct pack *p, enum err reason)
{
    pack_kind(p, MESSAGE_REFUSE);
    pack_uint(p, reason);
}

void pack_lacks(struct pack *p, uint32_t count)
{
    pack_kind(p, MESSAGE_LACKS);
    pack_array(p, count);
}

void pack_payloads(struct pack *p, uint32_t count)
{
    pack_kind(p, MESSAGE_PAYLOADS);
    pack_array(p, count);
}

void pack_payload(struct pack *p, const struct told_payload *told)
{
    pack_array(p, 3);
    pack_bin(p, SLICE(told->feed));
    pack_uint(p, told->seq);
    pack_bin(p, told->payload);
}

void pack_inbox(struct pack *p, const struct secret_tag *tag, uint16_t port)
{
    pack_kind(p, MESSAGE_INBOX);
    pack_bin(p, SLICE(*tag));
    pack_uint(p, port);
}

void pack_closed(struct pack *p, const struct signature *signature)
{
    pack_kind(p, MESSAGE_CLOSED);
    pack_bin(p, SLICE(*signature));
}
