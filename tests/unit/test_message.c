/* message.c: each kind both ways with the vectors of tests/vectors/messages.txt, and that what is out of form or
 * bounds is refused. */
#include "vectors.h"

#include "message_again.h"

static const char VECTORS[] = "tests/vectors/messages.txt";

enum { ROOM = 1024 };

/* ---- one message of each kind ----------------------------------------------------------------- */

static void fill(void *out, size_t len, uint8_t first)
{
    uint8_t *b = out;
    for (size_t i = 0; i < len; i++) {
        b[i] = (uint8_t)(first + i);
    }
}

static struct device_id a_device(uint8_t first)
{
    struct device_id device;
    fill(device.b, sizeof(device.b), first);
    return device;
}

static struct fingerprint a_fingerprint(uint8_t first)
{
    struct fingerprint fingerprint;
    fill(fingerprint.b, sizeof(fingerprint.b), first);
    return fingerprint;
}

static struct message a_hello(void)
{
    struct message m = {.kind = MESSAGE_HELLO, .version = PROTOCOL_VERSION};
    m.device = a_device(0x10);
    fill(m.root.b, sizeof(m.root.b), 0x30);
    m.run = 0x1122334455667788;
    m.port = 7700;
    m.wall_ms = -86400000;
    m.flags = HELLO_LASTING;
    m.fingerprint = a_fingerprint(0x50);
    m.host = slice_str("lab-07");
    return m;
}

static struct head a_head(uint8_t first, uint64_t seq, uint64_t void_seq)
{
    struct head head = {.seq = seq, .void_seq = void_seq, .lamport = 3 * seq};
    fill(head.feed.b, sizeof(head.feed.b), first);
    fill(head.last.b, sizeof(head.last.b), (uint8_t)(first + 0x70));
    return head;
}

/* All feeds that begin with these half-bytes, 0 to 32 of them. */
static struct prefix a_prefix(uint8_t nibbles)
{
    struct prefix prefix = {.nibbles = nibbles};
    for (uint8_t i = 0; i < nibbles; i++) {
        prefix.b[i / 2] |= (uint8_t)((i % 15 + 1) << (i % 2 ? 0 : 4));
    }
    return prefix;
}

static void a_run(struct pack *p, uint64_t first_seq)
{
    struct hash after;
    struct feed_id feed;
    struct signature signature;
    struct entry entry = {
        .after = &after, .after_count = 1, .lamport = 9, .time_ms = 1700000000000};
    uint8_t payload[SALT_BYTES + 2];
    fill(after.b, sizeof(after.b), 1);
    fill(feed.b, sizeof(feed.b), 0xa0);
    fill(signature.b, sizeof(signature.b), 0xb0);
    fill(payload, sizeof(payload), 0xc0);
    entry.payload = slice_of(payload, sizeof(payload));
    run_pack_head(p, &feed, first_seq, &signature, 2);
    run_pack_entry(p, &entry);
    entry.payload = slice_of(NULL, 0);
    entry.payload_len = 99;
    entry.after_count = 0;
    entry.stub = (struct stub){2, {0x94, 15}};
    fill(entry.rest.b, sizeof(entry.rest.b), 0xd0);
    run_pack_entry(p, &entry);
}

static void write_hello(struct pack *p)
{
    struct message m = a_hello();
    pack_hello(p, &m);
}

static void write_beat(struct pack *p)
{
    struct fingerprint fingerprint = a_fingerprint(0x50);
    pack_beat(p, &fingerprint, BEAT_WATCH | BEAT_ANSWER);
}

static void write_leave(struct pack *p)
{
    pack_leave(p, UINT64_MAX);
}

static void write_ranges(struct pack *p)
{
    static const uint8_t depths[] = {0, 1, 2, 31, 32};
    pack_ranges(p, sizeof(depths));
    for (uint8_t i = 0; i < sizeof(depths); i++) {
        struct range range = {.prefix = a_prefix(depths[i]), .fingerprint = a_fingerprint(i)};
        pack_range(p, &range);
    }
}

static void write_heads(struct pack *p)
{
    struct prefix prefixes[] = {a_prefix(1), a_prefix(4)};
    struct head heads[] = {a_head(0x10, 1, 0), a_head(0x11, FEED_ENTRIES_MAX, 7)};
    pack_heads(p, HEADS_ANSWER, 2);
    pack_heads_of(p, &prefixes[0], 2);
    pack_head(p, &heads[0]);
    pack_head(p, &heads[1]);
    pack_heads_of(p, &prefixes[1], 0);
}

static void write_want(struct pack *p)
{
    struct want wants[] = {{.have = 0}, {.have = 300}};
    fill(wants[0].feed.b, sizeof(wants[0].feed.b), 0x10);
    fill(wants[1].feed.b, sizeof(wants[1].feed.b), 0x20);
    pack_wants(p, CREDIT_BYTES, 2);
    pack_want(p, &wants[0]);
    pack_want(p, &wants[1]);
}

static void write_runs(struct pack *p)
{
    pack_runs(p, RUNS_MORE, 2);
    a_run(p, 1);
    a_run(p, 200);
}

static void write_ack(struct pack *p)
{
    struct feed_id feed;
    fill(feed.b, sizeof(feed.b), 0x10);
    pack_ack(p, &feed, 128);
}

static void write_peers(struct pack *p)
{
    struct peer_hint hint = {.device = a_device(0x10), .run = 1, .address = {.port = 7700}};
    memcpy(hint.address.ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\xa8\x01\x07", 16);
    pack_peers(p, 2);
    pack_hint(p, &hint);
    fill(hint.address.ip, sizeof(hint.address.ip), 0xfe);
    hint.address.scope = 3; /* isn't sent */
    hint.address.port = 65535;
    pack_hint(p, &hint);
}

static void write_suspect(struct pack *p)
{
    struct device_id device = a_device(0x10);
    pack_suspect(p, &device, 1);
}

static void write_heard(struct pack *p)
{
    struct device_id device = a_device(0x10);
    pack_heard(p, &device, 1, true, 1500);
}

static void write_not_heard(struct pack *p)
{
    struct device_id device = a_device(0x10);
    pack_heard(p, &device, 1, false, 1500);
}

static void write_gone(struct pack *p)
{
    struct device_id device = a_device(0x10);
    pack_gone(p, &device, 1);
}

static void write_fork(struct pack *p)
{
    struct pack a, b;
    pack_init(&a);
    pack_init(&b);
    a_run(&a, 5);
    a_run(&b, 6);
    pack_fork(p, pack_bytes(&a), pack_bytes(&b));
    pack_clear(&a);
    pack_clear(&b);
}

static void write_refuse(struct pack *p)
{
    pack_refuse(p, ERR_LIMIT);
}

static void write_lacks(struct pack *p)
{
    struct want want = {.have = 9};
    fill(want.feed.b, sizeof(want.feed.b), 0x10);
    pack_lacks(p, 2);
    pack_want(p, &want);
    want.have = FEED_ENTRIES_MAX;
    pack_want(p, &want);
}

static void write_payloads(struct pack *p)
{
    uint8_t bytes[SALT_BYTES + 5];
    struct told_payload told = {.seq = 9, .payload = slice_of(bytes, sizeof(bytes))};
    fill(bytes, sizeof(bytes), 0x70);
    fill(told.feed.b, sizeof(told.feed.b), 0x10);
    pack_payloads(p, 1);
    pack_payload(p, &told);
}

static void write_inbox(struct pack *p)
{
    struct secret_tag tag = {{1, 2, 3, 4, 5, 6, 7, 8}};
    pack_inbox(p, &tag, 7734);
}

static void write_closed(struct pack *p)
{
    struct signature signature;
    for (size_t i = 0; i < sizeof(signature.b); i++) {
        signature.b[i] = (uint8_t)i;
    }
    pack_closed(p, &signature);
}

static void write_missing(struct pack *p)
{
    struct hash ids[2] = {{{1, 2}}, {{3, 4}}}, end = {{5, 6}};
    pack_missing(p, ids, 2, &end, 1);
}

static void write_who(struct pack *p)
{
    pack_who(p, slice_str("ana"));
}

static void write_keys(struct pack *p)
{
    struct told_key key = {.handle = slice_str("ana"),
                           .person = {{1, 2}},
                           .key = {{3, 4}},
                           .secret = {{3, 0, 64}},
                           .seal = TOLD_CARD};
    pack_keys(p, 2);
    pack_key(p, &key);
    key.seal = TOLD_WORDS;
    pack_key(p, &key);
}

static const struct sample {
    const char *name;
    enum message_kind kind;
    void (*write)(struct pack *);
} samples[] = {
    {"hello", MESSAGE_HELLO, write_hello},
    {"beat", MESSAGE_BEAT, write_beat},
    {"leave", MESSAGE_LEAVE, write_leave},
    {"ranges", MESSAGE_RANGES, write_ranges},
    {"heads", MESSAGE_HEADS, write_heads},
    {"want", MESSAGE_WANT, write_want},
    {"runs", MESSAGE_RUNS, write_runs},
    {"ack", MESSAGE_ACK, write_ack},
    {"peers", MESSAGE_PEERS, write_peers},
    {"suspect", MESSAGE_SUSPECT, write_suspect},
    {"heard", MESSAGE_HEARD, write_heard},
    {"not-heard", MESSAGE_HEARD, write_not_heard},
    {"gone", MESSAGE_GONE, write_gone},
    {"fork", MESSAGE_FORK, write_fork},
    {"refuse", MESSAGE_REFUSE, write_refuse},
    {"inbox", MESSAGE_INBOX, write_inbox},
    {"closed", MESSAGE_CLOSED, write_closed},
    {"lacks", MESSAGE_LACKS, write_lacks},
    {"payloads", MESSAGE_PAYLOADS, write_payloads},
    {"missing", MESSAGE_MISSING, write_missing},
    {"who", MESSAGE_WHO, write_who},
    {"keys", MESSAGE_KEYS, write_keys},
};

enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };

/* ---- the vectors ------------------------------------------------------------------------------ */

static void put_prefix(struct pack *out, const struct prefix *prefix)
{
    put_uint(out, "nibbles", prefix->nibbles);
    if (prefix->nibbles > 0) {
        put_bytes(out, "prefix", slice_of(prefix->b, (prefix->nibbles + 1u) / 2));
    }
}

static void put_heads(struct pack *out, const struct message *m, uint32_t i)
{
    struct prefix prefix;
    const msgpack_object *heads;
    uint32_t count;
    assert_int_equal(message_heads(m, i, &prefix, &heads, &count), OK);
    put_prefix(out, &prefix);
    for (uint32_t j = 0; j < count; j++) {
        struct head head;
        assert_int_equal(message_head(heads, j, &head), OK);
        put_bytes(out, "feed", SLICE(head.feed));
        put_uint(out, "seq", head.seq);
        put_bytes(out, "last", SLICE(head.last));
        put_uint(out, "void_seq", head.void_seq);
        put_uint(out, "lamport", head.lamport);
    }
}

static void put_item(struct pack *out, const struct message *m, uint32_t i)
{
    struct range range;
    struct want want;
    struct peer_hint hint;
    struct told_payload told;
    if (m->kind == MESSAGE_RANGES) {
        assert_int_equal(message_range(m, i, &range), OK);
        put_prefix(out, &range.prefix);
        put_bytes(out, "fingerprint", SLICE(range.fingerprint));
    } else if (m->kind == MESSAGE_HEADS) {
        put_heads(out, m, i);
    } else if (m->kind == MESSAGE_PAYLOADS) {
        assert_int_equal(message_payload(m, i, &told), OK);
        put_bytes(out, "feed", SLICE(told.feed));
        put_uint(out, "seq", told.seq);
        put_bytes(out, "payload", told.payload);
    } else if (m->kind == MESSAGE_WANT || m->kind == MESSAGE_LACKS) {
        assert_int_equal(message_want(m, i, &want), OK);
        put_bytes(out, "feed", SLICE(want.feed));
        put_uint(out, m->kind == MESSAGE_LACKS ? "seq" : "have", want.have);
    } else if (m->kind == MESSAGE_PEERS) {
        assert_int_equal(message_hint(m, i, &hint), OK);
        put_bytes(out, "device", SLICE(hint.device));
        put_uint(out, "run", hint.run);
        put_bytes(out, "ip", slice_of(hint.address.ip, sizeof(hint.address.ip)));
        put_uint(out, "port", hint.address.port);
    } else if (m->kind == MESSAGE_MISSING) {
        struct hash id;
        assert_int_equal(message_missing(m, i, &id), OK);
        put_bytes(out, "id", SLICE(id));
    } else if (m->kind == MESSAGE_KEYS) {
        struct told_key key;
        assert_int_equal(message_key(m, i, &key), OK);
        put_bytes(out, "handle", key.handle);
        put_bytes(out, "person", SLICE(key.person));
        put_bytes(out, "key", SLICE(key.key));
        put_bytes(out, "secret", SLICE(key.secret));
        put_uint(out, "seal", key.seal);
    } else {
        struct pack run;
        pack_init(&run);
        assert_int_equal(run_again(&m->items[i], &run), OK);
        put_bytes(out, "run", pack_bytes(&run));
        pack_clear(&run);
    }
}

static void put_hello(struct pack *out, const struct message *m)
{
    char wall[24];
    snprintf(wall, sizeof(wall), "%" PRId64, m->wall_ms);
    put_uint(out, "version", m->version);
    put_bytes(out, "device", SLICE(m->device));
    put_bytes(out, "root", SLICE(m->root));
    put_uint(out, "run", m->run);
    put_uint(out, "port", m->port);
    put_text(out, "wall_ms", wall);
    put_uint(out, "flags", m->flags);
    put_bytes(out, "fingerprint", SLICE(m->fingerprint));
    put_bytes(out, "host", m->host);
}

/* All that was read of a message, but its items. */
static void put_fields(struct pack *out, const struct message *m)
{
    switch (m->kind) {
    case MESSAGE_HELLO:
        put_hello(out, m);
        break;
    case MESSAGE_BEAT:
        put_bytes(out, "fingerprint", SLICE(m->fingerprint));
        put_uint(out, "flags", m->flags);
        break;
    case MESSAGE_LEAVE:
        put_uint(out, "run", m->run);
        break;
    case MESSAGE_HEADS:
    case MESSAGE_RUNS:
        put_uint(out, "flags", m->flags);
        break;
    case MESSAGE_WANT:
        put_uint(out, "credit_bytes", m->credit_bytes);
        break;
    case MESSAGE_ACK:
        put_bytes(out, "feed", SLICE(m->feed));
        put_uint(out, "seq", m->seq);
        break;
    case MESSAGE_SUSPECT:
    case MESSAGE_HEARD:
    case MESSAGE_GONE:
        put_bytes(out, "device", SLICE(m->device));
        put_uint(out, "run", m->run);
        if (m->heard) {
            put_uint(out, "ago_ms", m->ago_ms);
        }
        break;
    case MESSAGE_REFUSE:
        put_uint(out, "reason", m->reason);
        break;
    case MESSAGE_INBOX:
        put_bytes(out, "tag", SLICE(m->tag));
        put_uint(out, "port", m->port);
        break;
    case MESSAGE_CLOSED:
        put_bytes(out, "signature", SLICE(m->signature));
        break;
    case MESSAGE_RANGES:
    case MESSAGE_PEERS:
    case MESSAGE_FORK:
    case MESSAGE_LACKS:
    case MESSAGE_PAYLOADS:
    case MESSAGE_KEYS:
        break;
    case MESSAGE_WHO:
        put_bytes(out, "handle", m->handle);
        break;
    case MESSAGE_MISSING:
        for (uint32_t i = 0; i < m->ends_count; i++) {
            struct hash end;
            assert_int_equal(message_end(m, i, &end), OK);
            put_bytes(out, "end", SLICE(end));
        }
        break;
    }
}

static void put_sample(struct pack *out, const struct sample *sample)
{
    struct pack p;
    struct doc doc;
    struct message m;
    pack_init(&p);
    sample->write(&p);
    assert_int_equal(doc_open(&doc, pack_bytes(&p), PACK_STRICT), OK);
    assert_int_equal(message_read(&doc.root, &m), OK);
    assert_int_equal(m.kind, sample->kind);
    put_case(out, sample->name);
    put_bytes(out, "message", pack_bytes(&p));
    put_fields(out, &m);
    for (uint32_t i = 0; i < m.count; i++) {
        put_item(out, &m, i);
    }
    doc_clear(&doc);
    pack_clear(&p);
}

static void the_vectors_are_what_this_code_writes_and_reads(void **state)
{
    (void)state;
    struct pack out;
    pack_init(&out);
    pack_raw(
        &out,
        slice_str("# What machines say to each other. PROTOCOL.md, \"Messages\".\n"
                  "# Bytes are in hex, numbers are decimal; what repeats repeats its lines.\n"));
    for (size_t i = 0; i < SAMPLES; i++) {
        put_sample(&out, &samples[i]);
    }
    vectors_compare(VECTORS, &out);
    pack_clear(&out);
}

static void stored_messages_are_written_again_to_the_same_bytes(void **state)
{
    (void)state;
    char *file = vectors_read(VECTORS);
    const char *at = file;
    struct slice lines;
    size_t count = 0;
    for (; vectors_next(&at, &lines); count++) {
        uint8_t room[ROOM];
        struct doc doc;
        struct message m;
        struct pack again;
        struct slice stored = case_bytes(lines, "message", room, sizeof(room));
        pack_init(&again);
        assert_int_equal(doc_open(&doc, stored, PACK_STRICT), OK);
        assert_int_equal(message_read(&doc.root, &m), OK);
        assert_int_equal(message_again(&m, &again), OK);
        assert_true(slice_equal(pack_bytes(&again), stored));
        doc_clear(&doc);
        pack_clear(&again);
    }
    assert_int_equal(count, SAMPLES);
    free(file);
}

/* ---- what is refused -------------------------------------------------------------------------- */

/* What message_read says, and behind it the items. */
static enum err outcome(const struct pack *p)
{
    struct doc doc;
    struct message m;
    struct pack again;
    pack_init(&again);
    assert_int_equal(doc_open(&doc, pack_bytes(p), PACK_STRICT), OK);
    enum err err = message_read(&doc.root, &m);
    if (err == OK) {
        err = message_again(&m, &again);
    }
    doc_clear(&doc);
    pack_clear(&again);
    return err;
}

/* What becomes of a message whose writer was left at its end. */
static void assert_outcome(struct pack *p, enum err expected)
{
    assert_int_equal(outcome(p), expected);
    pack_reset(p);
}

static void a_message_with_a_field_more_or_less_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct pack p, longer;
        pack_init(&p);
        pack_init(&longer);
        samples[i].write(&p);
        struct slice bytes = pack_bytes(&p);
        assert_int_equal(bytes.at[0] & 0xf0, 0x90);
        for (int more = -1; more <= 1; more++) {
            /* another count in front, and the fields repeated behind, so that there are enough */
            uint32_t count = (uint32_t)((bytes.at[0] & 0x0f) + more);
            struct doc doc;
            size_t used;
            struct message m;
            pack_reset(&longer);
            pack_array(&longer, count);
            pack_raw(&longer, slice_of(bytes.at + 1, bytes.len - 1));
            pack_nil(&longer);
            struct slice all = pack_bytes(&longer);
            assert_int_equal(pack_scan_first(all, PACK_STRICT, &used), OK);
            assert_int_equal(doc_open(&doc, slice_of(all.at, used), PACK_STRICT), OK);
            assert_int_equal(message_read(&doc.root, &m), more == 0 ? OK : ERR_MALFORMED);
            doc_clear(&doc);
        }
        pack_clear(&p);
        pack_clear(&longer);
    }
}

/* A message and all in it, with one object after the other turned into a boolean, of which there is none anywhere. */
static void refused_with_any_spoilt(const msgpack_object *root, msgpack_object *in)
{
    for (uint32_t i = in == root; in->type == MSGPACK_OBJECT_ARRAY && i < in->via.array.size; i++) {
        struct message m;
        struct pack again;
        msgpack_object *o = &in->via.array.ptr[i], right = *o;
        pack_init(&again);
        o->type = MSGPACK_OBJECT_BOOLEAN;
        enum err err = message_read(root, &m);
        if (err == OK) {
            err = message_again(&m, &again);
        }
        assert_int_equal(err, ERR_MALFORMED);
        pack_clear(&again);
        *o = right;
        refused_with_any_spoilt(root, o);
    }
}

static void an_object_of_another_type_is_refused_at_any_depth(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct pack p;
        struct doc doc;
        pack_init(&p);
        samples[i].write(&p);
        assert_int_equal(doc_open(&doc, pack_bytes(&p), PACK_STRICT), OK);
        refused_with_any_spoilt(&doc.root, &doc.root);
        doc_clear(&doc);
        pack_clear(&p);
    }
}

static void what_is_no_message_is_refused(void **state)
{
    (void)state;
    struct pack p;
    pack_init(&p);
    pack_array(&p, 0);
    assert_outcome(&p, ERR_MALFORMED);
    pack_uint(&p, 1);
    assert_outcome(&p, ERR_MALFORMED);
    pack_array(&p, 1);
    pack_uint(&p, 0);
    assert_outcome(&p, ERR_MALFORMED);
    pack_array(&p, 1);
    pack_str(&p, "hello");
    assert_outcome(&p, ERR_MALFORMED);
    pack_clear(&p);
}

static void a_kind_of_a_newer_version_is_told_apart(void **state)
{
    (void)state;
    const uint64_t kinds[] = {MESSAGE_KEYS + 1, 255, UINT64_MAX};
    struct pack p;
    pack_init(&p);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        pack_array(&p, 2);
        pack_uint(&p, kinds[i]);
        pack_nil(&p);
        assert_outcome(&p, ERR_VERSION);
    }
    pack_clear(&p);
}

static void a_hello_of_another_version_says_which(void **state)
{
    (void)state;
    struct pack p;
    struct doc doc;
    struct message m;
    pack_init(&p);
    pack_array(&p, 3);
    pack_uint(&p, MESSAGE_HELLO);
    pack_uint(&p, PROTOCOL_VERSION + 1);
    pack_str(&p, "whatever that version says");
    assert_int_equal(doc_open(&doc, pack_bytes(&p), PACK_STRICT), OK);
    assert_int_equal(message_read(&doc.root, &m), ERR_VERSION);
    assert_int_equal(m.kind, MESSAGE_HELLO);
    assert_int_equal(m.version, PROTOCOL_VERSION + 1);
    doc_clear(&doc);
    pack_clear(&p);
}

static void a_hello_keeps_to_its_bounds(void **state)
{
    (void)state;
    char host[NAME_BYTES_MAX + 1];
    struct pack p;
    struct message m = a_hello();
    pack_init(&p);
    memset(host, 'h', sizeof(host));
    for (size_t len = 0; len <= sizeof(host); len++) {
        m.host = slice_of(host, len);
        pack_hello(&p, &m);
        assert_outcome(&p, len <= NAME_BYTES_MAX ? OK : ERR_MALFORMED);
    }
    m.host = slice_of("a\0b", 3);
    pack_hello(&p, &m);
    assert_outcome(&p, ERR_MALFORMED);
    const uint64_t ports[] = {0, 1, 65535, 65536, UINT64_MAX};
    for (size_t i = 0; i < 5; i++) {
        m = a_hello();
        m.port = ports[i];
        pack_hello(&p, &m);
        assert_outcome(&p, i == 1 || i == 2 ? OK : ERR_MALFORMED);
    }
    const int64_t walls[] = {INT64_MIN, 0, INT64_MAX};
    for (size_t i = 0; i < 3; i++) {
        m = a_hello();
        m.wall_ms = walls[i];
        pack_hello(&p, &m);
        assert_outcome(&p, OK);
    }
    pack_clear(&p);
}

static void sequence_numbers_keep_to_their_bounds(void **state)
{
    (void)state;
    static const uint64_t seqs[] = {0, 1, FEED_ENTRIES_MAX, FEED_ENTRIES_MAX + 1, UINT64_MAX};
    struct prefix all = {0};
    struct pack p;
    pack_init(&p);
    for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
        enum err zero_or_more = seqs[i] <= FEED_ENTRIES_MAX ? OK : ERR_MALFORMED;
        enum err one_or_more = seqs[i] > 0 ? zero_or_more : ERR_MALFORMED;
        struct feed_id feed = {{1}};
        struct want want = {.have = seqs[i]};
        struct head heads[] = {a_head(1, 1, 0), a_head(1, 1, seqs[i])};
        heads[0].seq = seqs[i];
        pack_ack(&p, &feed, seqs[i]);
        assert_outcome(&p, one_or_more);
        pack_wants(&p, 0, 1);
        pack_want(&p, &want);
        assert_outcome(&p, zero_or_more);
        for (size_t j = 0; j < 2; j++) {
            pack_heads(&p, 0, 1);
            pack_heads_of(&p, &all, 1);
            pack_head(&p, &heads[j]);
            assert_outcome(&p, zero_or_more);
        }
    }
    pack_clear(&p);
}

static void lists_keep_to_their_bounds(void **state)
{
    (void)state;
    struct pack p;
    struct prefix all = {0};
    pack_init(&p);
    for (uint32_t more = 0; more <= 1; more++) {
        enum err expected = more ? ERR_LIMIT : OK;
        struct range range = {.fingerprint = {{1}}};
        struct want want = {.have = 1};
        struct peer_hint hint = {.address = {.port = 1}};
        struct head head = a_head(1, 1, 0);
        pack_ranges(&p, RANGES_MAX + more);
        for (uint32_t i = 0; i < RANGES_MAX + more; i++) {
            pack_range(&p, &range);
        }
        assert_outcome(&p, expected);
        pack_wants(&p, 1, WANT_MAX + more);
        for (uint32_t i = 0; i < WANT_MAX + more; i++) {
            pack_want(&p, &want);
        }
        assert_outcome(&p, expected);
        pack_peers(&p, PEERS_MAX + more);
        for (uint32_t i = 0; i < PEERS_MAX + more; i++) {
            pack_hint(&p, &hint);
        }
        assert_outcome(&p, expected);
        pack_heads(&p, 0, RANGES_MAX + more);
        for (uint32_t i = 0; i < RANGES_MAX + more; i++) {
            pack_heads_of(&p, &all, 0);
        }
        assert_outcome(&p, expected);
        pack_heads(&p, 0, 2);
        pack_heads_of(&p, &all, HEADS_MAX / 2);
        for (uint32_t i = 0; i < HEADS_MAX / 2; i++) {
            pack_head(&p, &head);
        }
        pack_heads_of(&p, &all, HEADS_MAX / 2 + more);
        for (uint32_t i = 0; i < HEADS_MAX / 2 + more; i++) {
            pack_head(&p, &head);
        }
        assert_outcome(&p, expected);
        pack_wants(&p, CREDIT_BYTES + more, 0);
        assert_outcome(&p, expected);
    }
    pack_clear(&p);
}

static void a_prefix_has_one_form(void **state)
{
    (void)state;
    static const struct {
        uint8_t b[18];
        size_t len;
        enum err expected;
    } cases[] = {
        {{0}, 1, OK},
        {{1, 0xa0}, 2, OK},
        {{2, 0xab}, 2, OK},
        {{3, 0xab, 0xc0}, 3, OK},
        {{32, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 17, OK},
        {{31, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 17, OK},
        {{0}, 0, ERR_MALFORMED},
        {{0, 0}, 2, ERR_MALFORMED},
        {{1}, 1, ERR_MALFORMED},
        {{1, 0xa1}, 2, ERR_MALFORMED},
        {{1, 0xa0, 0}, 3, ERR_MALFORMED},
        {{3, 0xab, 0xcd}, 3, ERR_MALFORMED},
        {{31, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15}, 17, ERR_MALFORMED},
        {{32, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, 16, ERR_MALFORMED},
        {{33}, 18, ERR_MALFORMED},
        {{34}, 18, ERR_MALFORMED},
        {{255}, 18, ERR_MALFORMED},
    };
    struct fingerprint fingerprint = {{1}};
    struct pack p;
    pack_init(&p);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pack_ranges(&p, 1);
        pack_array(&p, 2);
        pack_bin(&p, slice_of(cases[i].b, cases[i].len));
        pack_bin(&p, SLICE(fingerprint));
        assert_outcome(&p, cases[i].expected);
    }
    pack_clear(&p);
}

static void an_address_has_a_port_and_no_scope(void **state)
{
    (void)state;
    struct pack p;
    struct doc doc;
    struct message m;
    struct peer_hint hint = {.address = {.scope = 3}};
    pack_init(&p);
    pack_peers(&p, 1);
    pack_hint(&p, &hint);
    assert_outcome(&p, ERR_MALFORMED);
    hint.address.port = 1;
    pack_peers(&p, 1);
    pack_hint(&p, &hint);
    assert_int_equal(doc_open(&doc, pack_bytes(&p), PACK_STRICT), OK);
    assert_int_equal(message_read(&doc.root, &m), OK);
    assert_int_equal(message_hint(&m, 0, &hint), OK);
    assert_int_equal(hint.address.scope, 0);
    assert_int_equal(message_hint(&m, 1, &hint), ERR_MALFORMED);
    doc_clear(&doc);
    pack_clear(&p);
}

static void reasons_ages_and_lamport_numbers_keep_to_their_bounds(void **state)
{
    (void)state;
    const uint64_t reasons[] = {1, 65535, 0, 65536, (uint64_t)1 << 32};
    struct device_id device = {{1}};
    struct pack p;
    pack_init(&p);
    for (size_t i = 0; i < 5; i++) {
        pack_array(&p, 2);
        pack_uint(&p, MESSAGE_REFUSE);
        pack_uint(&p, reasons[i]);
        assert_outcome(&p, i < 2 ? OK : ERR_MALFORMED);
        pack_array(&p, 3);
        pack_uint(&p, MESSAGE_INBOX);
        pack_bin(&p, slice_str("eight888"));
        pack_uint(&p, reasons[i]);
        assert_outcome(&p, i < 2 ? OK : ERR_MALFORMED);
    }
    pack_heard(&p, &device, 1, true, INT64_MAX);
    assert_outcome(&p, OK);
    pack_heard(&p, &device, 1, true, (uint64_t)INT64_MAX + 1);
    assert_outcome(&p, ERR_MALFORMED);
    struct prefix all = {0};
    struct head head = a_head(1, 1, 0);
    for (uint64_t more = 0; more <= 1; more++) {
        head.lamport = INT64_MAX + more;
        pack_heads(&p, 0, 1);
        pack_heads_of(&p, &all, 1);
        pack_head(&p, &head);
        assert_outcome(&p, more ? ERR_MALFORMED : OK);
    }
    pack_clear(&p);
}

static void a_message_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct pack p;
        pack_init(&p);
        samples[i].write(&p);
        struct slice whole = pack_bytes(&p);
        for (size_t len = 0; len < whole.len; len++) {
            struct doc doc;
            assert_int_equal(doc_open(&doc, slice_of(whole.at, len), PACK_STRICT), ERR_TRUNCATED);
        }
        pack_clear(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_are_what_this_code_writes_and_reads),
        cmocka_unit_test(stored_messages_are_written_again_to_the_same_bytes),
        cmocka_unit_test(a_message_with_a_field_more_or_less_is_refused),
        cmocka_unit_test(an_object_of_another_type_is_refused_at_any_depth),
        cmocka_unit_test(what_is_no_message_is_refused),
        cmocka_unit_test(a_kind_of_a_newer_version_is_told_apart),
        cmocka_unit_test(a_hello_of_another_version_says_which),
        cmocka_unit_test(a_hello_keeps_to_its_bounds),
        cmocka_unit_test(sequence_numbers_keep_to_their_bounds),
        cmocka_unit_test(lists_keep_to_their_bounds),
        cmocka_unit_test(a_prefix_has_one_form),
        cmocka_unit_test(an_address_has_a_port_and_no_scope),
        cmocka_unit_test(reasons_ages_and_lamport_numbers_keep_to_their_bounds),
        cmocka_unit_test(a_message_cut_anywhere_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
