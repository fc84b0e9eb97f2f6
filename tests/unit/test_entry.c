/* entry.c: stamps, ids, runs with all their refusals, and the vectors of tests/vectors/entries.txt. */
#include "vectors.h"

#include "entry.h"

static const char VECTORS[] = "tests/vectors/entries.txt";

static void fill(uint8_t *out, size_t len, uint8_t first)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(first + i);
    }
}

/* A run of three entries with all that they borrow: what the tests bend. */
enum { LESSON_ENTRIES = 3 };
struct lesson {
    struct class_id class;
    uint8_t seed[32];
    struct sign_key key;
    struct sign_pk pk;
    struct feed_id feed;
    uint64_t first_seq;
    struct hash first_prev;
    struct hash after[2];
    uint8_t payloads[LESSON_ENTRIES][SALT_BYTES + 20];
    struct entry entries[LESSON_ENTRIES];
    struct hash ids[LESSON_ENTRIES];
    struct signature signature;
    struct pack wire;
};

static void lesson_payload(struct lesson *l, unsigned i)
{
    struct pack p;
    pack_init_room(&p, l->payloads[i] + SALT_BYTES, 20);
    fill(l->payloads[i], SALT_BYTES, (uint8_t)(0x11 * (i + 1)));
    pack_array(&p, 2);
    pack_uint(&p, 4);
    pack_bin(&p, slice_of("Ana's own number", 16));
    l->entries[i].payload = slice_of(l->payloads[i], SALT_BYTES + pack_bytes(&p).len);
    l->entries[i].payload_len = (uint32_t)l->entries[i].payload.len;
    l->entries[i].payload_hash = payload_hash(l->entries[i].payload);
}

static void lesson_write(struct lesson *l)
{
    pack_reset(&l->wire);
    run_pack_head(&l->wire, &l->feed, l->first_seq, &l->signature, LESSON_ENTRIES);
    for (unsigned i = 0; i < LESSON_ENTRIES; i++) {
        run_pack_entry(&l->wire, &l->entries[i]);
    }
}

static void lesson_init(struct lesson *l, uint64_t first_seq)
{
    memset(l, 0, sizeof(*l));
    pack_init(&l->wire);
    fill(l->class.b, sizeof(l->class.b), 0xc0);
    fill(l->seed, sizeof(l->seed), 0x50);
    sign_keypair(l->seed, &l->key, &l->pk);
    struct device_id device = {{0xd0}};
    l->feed = feed_id_of(&l->class, &device, &l->pk);
    l->first_seq = first_seq;
    if (first_seq > 1) {
        fill(l->first_prev.b, sizeof(l->first_prev.b), 0x80);
    }
    fill(l->after[0].b, sizeof(l->after[0].b), 0x20);
    fill(l->after[1].b, sizeof(l->after[1].b), 0x40);
    for (unsigned i = 0; i < LESSON_ENTRIES; i++) {
        struct entry *e = &l->entries[i];
        e->feed = l->feed;
        e->seq = first_seq + i;
        e->prev = i > 0 ? l->ids[i - 1] : l->first_prev;
        e->after = l->after;
        e->after_count = i;
        e->lamport = 300 + i;
        e->time_ms = 1700000000000 + 1000 * i;
        lesson_payload(l, i);
        l->ids[i] = entry_id(&l->class, e);
    }
    l->signature = run_sign(&l->key, &l->ids[LESSON_ENTRIES - 1]);
    lesson_write(l);
}

static void lesson_erase(struct lesson *l, unsigned i)
{
    entry_strip(&l->entries[i]);
    lesson_write(l);
}

static void lesson_clear(struct lesson *l)
{
    pack_clear(&l->wire);
}

/* ---- stamps ----------------------------------------------------------------------------------------------------- */

static void a_stamp_gives_back_what_it_was_made_of(void **state)
{
    (void)state;
    struct feed_id feed;
    fill(feed.b, sizeof(feed.b), 1);
    struct stamp stamp = stamp_of(0x0102030405060708, &feed, 0x0a0b0c0d);
    struct feed_id back = stamp_feed(&stamp);
    assert_true(stamp_lamport(&stamp) == 0x0102030405060708);
    assert_true(stamp_seq(&stamp) == 0x0a0b0c0d);
    assert_true(SAME(back, feed));
    assert_memory_equal(stamp.b, "\1\2\3\4\5\6\7\x8\1", 9);
    assert_memory_equal(stamp.b + 24, "\xa\xb\xc\xd", 4);
}

static void stamps_compare_by_lamport_then_feed_then_seq(void **state)
{
    (void)state;
    struct feed_id low = {{1}}, high = {{2}};
    struct stamp rising[] = {
        stamp_of(1, &low, 1),   stamp_of(1, &low, 2),          stamp_of(1, &low, 256),
        stamp_of(1, &high, 1),  stamp_of(2, &low, 1),          stamp_of(255, &high, 9),
        stamp_of(256, &low, 1), stamp_of(1ull << 40, &low, 1),
    };
    for (size_t i = 1; i < sizeof(rising) / sizeof(rising[0]); i++) {
        assert_true(memcmp(rising[i - 1].b, rising[i].b, sizeof(rising[i].b)) < 0);
    }
}

/* ---- ids -------------------------------------------------------------------------------------------------------- */

static void an_id_covers_every_field(void **state)
{
    (void)state;
    struct lesson l;
    lesson_init(&l, 2);
    struct entry e = l.entries[2];
    struct hash changed[11], id = entry_id(&l.class, &e);
    struct class_id other = {{1}};
    struct hash after[2] = {l.after[0], {{0xff}}};
    size_t n = 0;
#define CHANGED(change)                                                                            \
    e = l.entries[2];                                                                              \
    change;                                                                                        \
    changed[n++] = entry_id(&l.class, &e)
    CHANGED(e.feed.b[15] ^= 1);
    CHANGED(e.seq++);
    CHANGED(e.prev.b[31] ^= 1);
    CHANGED(e.after_count--);
    CHANGED(e.after = after);
    CHANGED(e.lamport++);
    CHANGED(e.time_ms++);
    CHANGED(e.payload_len++);
    CHANGED(e.payload_hash.b[0] ^= 1);
    changed[n++] = entry_id(&other, &l.entries[2]);
    for (size_t i = 0; i < n; i++) {
        assert_false(SAME(changed[i], id));
    }
    CHANGED(e.payload = slice_of(NULL, 0));
    assert_true(SAME(changed[n - 1], id)); /* an erased payload changes nothing */
    lesson_clear(&l);
}

static void an_id_is_the_hash_of_the_header_also_of_the_longest(void **state)
{
    (void)state;
    struct lesson l;
    struct hash after[AFTER_MAX];
    struct pack header;
    lesson_init(&l, 1);
    struct entry e = l.entries[0];
    memset(after, 0xff, sizeof(after));
    e.after = after;
    e.after_count = AFTER_MAX;
    e.seq = e.lamport = e.time_ms = UINT64_MAX;
    e.payload_len = UINT32_MAX;
    pack_init(&header);
    entry_pack_header(&header, &l.class, &e);
    struct slice bytes = pack_bytes(&header);
    struct hash id = entry_id(&l.class, &e), expected = hash_of("jam entry 1", &bytes, 1);
    assert_true(SAME(id, expected));
    assert_int_equal(pack_scan(bytes, PACK_STRICT), OK);
    struct ref ref = ref_of(&id);
    assert_memory_equal(ref.b, id.b, sizeof(ref.b));
    pack_clear(&header);
    lesson_clear(&l);
}

static void a_run_is_signed_by_its_feed_for_its_last_entry(void **state)
{
    (void)state;
    struct lesson l;
    uint8_t seed[32] = {1};
    struct sign_key other_key;
    struct sign_pk other;
    lesson_init(&l, 1);
    sign_keypair(seed, &other_key, &other);
    assert_true(run_check(&l.pk, &l.ids[2], &l.signature));
    assert_false(run_check(&l.pk, &l.ids[1], &l.signature));
    assert_false(run_check(&other, &l.ids[2], &l.signature));
    lesson_clear(&l);
}

/* ---- runs ------------------------------------------------------------------------------------------------------- */

static void assert_entries_equal(const struct entry *got, const struct entry *expected)
{
    assert_true(SAME(got->feed, expected->feed));
    assert_true(got->seq == expected->seq);
    assert_true(got->lamport == expected->lamport && got->time_ms == expected->time_ms);
    assert_int_equal(got->after_count, expected->after_count);
    for (uint32_t i = 0; i < got->after_count; i++) {
        assert_true(SAME(got->after[i], expected->after[i]));
    }
    assert_int_equal(got->payload_len, expected->payload_len);
    assert_true(SAME(got->payload_hash, expected->payload_hash));
    assert_int_equal(got->payload.at == NULL, expected->payload.at == NULL);
    assert_int_equal(got->payload.len, expected->payload.len);
    if (got->payload.at && expected->payload.at) {
        assert_memory_equal(got->payload.at, expected->payload.at, got->payload.len);
    }
}

static void assert_run_reads_as(const struct lesson *l)
{
    struct doc doc;
    struct run run;
    struct hash room[AFTER_MAX];
    struct entry e;
    assert_int_equal(doc_open(&doc, pack_bytes(&l->wire), PACK_STRICT), OK);
    assert_int_equal(run_read(&doc.root, &run), OK);
    assert_true(SAME(run.feed, l->feed) && SAME(run.signature, l->signature));
    assert_true(run.first_seq == l->first_seq && run.count == LESSON_ENTRIES);
    for (uint32_t i = 0; i < run.count; i++) {
        memset(&e, 0xaa, sizeof(e));
        assert_int_equal(run_entry(&run, i, room, &e), OK);
        assert_entries_equal(&e, &l->entries[i]);
    }
    assert_int_equal(run_entry(&run, run.count, room, &e), ERR_MALFORMED);
    doc_clear(&doc);
}

static void a_run_reads_back_as_it_was_written(void **state)
{
    (void)state;
    struct lesson l;
    lesson_init(&l, 7);
    assert_run_reads_as(&l);
    lesson_erase(&l, 1);
    assert_run_reads_as(&l);
    lesson_clear(&l);
}

/* What the reader says of a run of one entry, from these parts. */
struct odd_run {
    uint64_t first_seq;
    uint32_t count;
    uint32_t after_count;
    const struct hash *after;
    uint64_t lamport;
    uint64_t time_ms;
    uint64_t payload_len;
    bool erased;
};

static const uint8_t zeros[PAYLOAD_BYTES_MAX + 1];

static void odd_run_write(struct pack *p, const struct odd_run *odd)
{
    struct feed_id feed = {{1}};
    struct signature signature = {{2}};
    struct hash hash = {{3}};
    struct entry e = {.after = odd->after,
                      .after_count = odd->after_count,
                      .lamport = odd->lamport,
                      .time_ms = odd->time_ms,
                      .payload_len = (uint32_t)odd->payload_len,
                      .stub = {2, {0x91, 2}},
                      .rest = hash};
    if (!odd->erased) {
        e.payload = slice_of(zeros, odd->payload_len);
    }
    run_pack_head(p, &feed, odd->first_seq, &signature, odd->count);
    for (uint32_t i = 0; i < odd->count; i++) {
        run_pack_entry(p, &e);
    }
}

static enum err odd_run_read(const struct odd_run *odd)
{
    struct pack p;
    struct doc doc;
    struct run run;
    struct hash room[AFTER_MAX];
    struct entry e;
    pack_init(&p);
    odd_run_write(&p, odd);
    assert_int_equal(doc_open(&doc, pack_bytes(&p), PACK_STRICT), OK);
    enum err err = run_read(&doc.root, &run);
    for (uint32_t i = 0; err == OK && i < run.count; i++) {
        err = run_entry(&run, i, room, &e);
    }
    doc_clear(&doc);
    pack_clear(&p);
    return err;
}

static void what_breaks_a_bound_is_refused(void **state)
{
    (void)state;
    static struct hash sorted[AFTER_MAX + 1];
    static const struct hash equal[2], unsorted[2] = {{{2}}, {{1}}};
    for (unsigned i = 0; i <= AFTER_MAX; i++) {
        sorted[i].b[0] = (uint8_t)i;
    }
    const struct {
        struct odd_run run;
        enum err err;
    } odd[] = {
        {{1, 1, 0, NULL, 1, 0, 17, false}, OK},
        {{0, 1, 0, NULL, 1, 0, 17, false}, ERR_MALFORMED},
        {{1, 0, 0, NULL, 1, 0, 17, false}, ERR_MALFORMED},
        {{1, RUN_ENTRIES_MAX, 0, NULL, 1, 0, 17, false}, OK},
        {{1, RUN_ENTRIES_MAX + 1, 0, NULL, 1, 0, 17, false}, ERR_LIMIT},
        {{FEED_ENTRIES_MAX, 1, 0, NULL, 1, 0, 17, false}, OK},
        {{FEED_ENTRIES_MAX, 2, 0, NULL, 1, 0, 17, false}, ERR_LIMIT},
        {{UINT64_MAX, 2, 0, NULL, 1, 0, 17, false}, ERR_LIMIT},
        {{1, 1, AFTER_MAX, sorted, 1, 0, 17, false}, OK},
        {{1, 1, AFTER_MAX + 1, sorted, 1, 0, 17, false}, ERR_LIMIT},
        {{1, 1, 2, equal, 1, 0, 17, false}, ERR_NOT_CANONICAL},
        {{1, 1, 2, unsorted, 1, 0, 17, false}, ERR_NOT_CANONICAL},
        {{1, 1, 0, NULL, 0, 0, 17, false}, ERR_MALFORMED},
        {{1, 1, 0, NULL, INT64_MAX, INT64_MAX, 17, false}, OK},
        {{1, 1, 0, NULL, 1ull << 63, 0, 17, false}, ERR_MALFORMED},
        {{1, 1, 0, NULL, 1, 1ull << 63, 17, false}, ERR_MALFORMED},
        {{1, 1, 0, NULL, 1, 0, SALT_BYTES, false}, ERR_MALFORMED},
        {{1, 1, 0, NULL, 1, 0, PAYLOAD_BYTES_MAX, false}, OK},
        {{1, 1, 0, NULL, 1, 0, PAYLOAD_BYTES_MAX + 1, false}, ERR_LIMIT},
        {{1, 1, 0, NULL, 1, 0, 18, true}, OK},
        {{1, 1, 0, NULL, 1, 0, 17, true}, ERR_MALFORMED}, /* shorter than its stub */
        {{1, 1, 0, NULL, 1, 0, SALT_BYTES, true}, ERR_MALFORMED},
        {{1, 1, 0, NULL, 1, 0, PAYLOAD_BYTES_MAX, true}, OK},
        {{1, 1, 0, NULL, 1, 0, PAYLOAD_BYTES_MAX + 1, true}, ERR_LIMIT},
    };
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        enum err err = odd_run_read(&odd[i].run);
        if (err != odd[i].err) {
            fail_msg("row %zu: %s", i, err_code(err));
        }
    }
}

/* Replaces the byte at each place of a good run by nil; whatever comes of it, nothing but a verdict may. */
static void no_changed_byte_of_a_run_harms(void **state)
{
    (void)state;
    struct lesson l;
    lesson_init(&l, 7);
    lesson_erase(&l, 1);
    struct slice wire = pack_bytes(&l.wire);
    uint8_t *bytes = malloc(wire.len);
    assert_non_null(bytes);
    unsigned refused = 0;
    for (size_t at = 0; at < wire.len; at++) {
        struct doc doc;
        struct run run;
        struct hash room[AFTER_MAX];
        struct entry e;
        memcpy(bytes, wire.at, wire.len);
        bytes[at] = 0xc0;
        enum err err = doc_open(&doc, slice_of(bytes, wire.len), PACK_STRICT);
        if (err != OK) {
            refused++;
            continue;
        }
        err = run_read(&doc.root, &run);
        for (uint32_t i = 0; err == OK && i < run.count; i++) {
            err = run_entry(&run, i, room, &e);
        }
        refused += err != OK;
        doc_clear(&doc);
    }
    assert_true(refused > 0 && refused < wire.len);
    free(bytes);
    lesson_clear(&l);
}

/* ---- vectors ---------------------------------------------------------------------------------------------------- */

static void put_entry(struct pack *out, const struct entry *e)
{
    put_uint(out, "seq", e->seq);
    put_bytes(out, "prev", SLICE(e->prev));
    for (uint32_t i = 0; i < e->after_count; i++) {
        put_bytes(out, "after", SLICE(e->after[i]));
    }
    put_uint(out, "lamport", e->lamport);
    put_uint(out, "time_ms", e->time_ms);
    put_uint(out, "payload_len", e->payload_len);
    put_bytes(out, "payload_hash", SLICE(e->payload_hash));
}

static void put_header(struct pack *out, const struct class_id *class, const struct entry *e,
                       struct slice header)
{
    struct hash id = hash_of("jam entry 1", &header, 1);
    put_case(out, "header");
    put_bytes(out, "class", SLICE(*class));
    put_bytes(out, "feed", SLICE(e->feed));
    put_entry(out, e);
    put_bytes(out, "header", header);
    put_bytes(out, "id", SLICE(id));
}

static void put_payload(struct pack *out, struct slice payload)
{
    struct hash hash = payload_hash(payload), rest;
    struct stub stub;
    payload_part(payload, &stub, &rest);
    put_case(out, "payload");
    put_bytes(out, "salt", slice_of(payload.at, SALT_BYTES));
    put_bytes(out, "op", slice_of(payload.at + SALT_BYTES, payload.len - SALT_BYTES));
    put_bytes(out, "payload", payload);
    put_bytes(out, "stub", slice_of(stub.b, stub.len));
    put_bytes(out, "rest", SLICE(rest));
    put_bytes(out, "payload_hash", SLICE(hash));
}

/* The run in l->wire, in full, from what l says; seed and key as the file has them. */
static void put_run(struct pack *out, struct lesson *l)
{
    put_case(out, "run");
    put_bytes(out, "class", SLICE(l->class));
    put_bytes(out, "seed", slice_of(l->seed, sizeof(l->seed)));
    put_bytes(out, "feed_key", SLICE(l->pk));
    put_bytes(out, "feed", SLICE(l->feed));
    for (unsigned i = 0; i < LESSON_ENTRIES; i++) {
        put_entry(out, &l->entries[i]);
        if (l->entries[i].payload.at) {
            put_bytes(out, "payload", l->entries[i].payload);
        } else {
            put_bytes(out, "stub", slice_of(l->entries[i].stub.b, l->entries[i].stub.len));
            put_bytes(out, "rest", SLICE(l->entries[i].rest));
        }
        put_bytes(out, "id", SLICE(l->ids[i]));
    }
    put_bytes(out, "signature", SLICE(l->signature));
    put_bytes(out, "run", pack_bytes(&l->wire));
}

static void put_headers(struct pack *out, const struct lesson *l)
{
    for (unsigned i = 0; i < LESSON_ENTRIES; i++) {
        struct pack header;
        pack_init(&header);
        entry_pack_header(&header, &l->class, &l->entries[i]);
        put_header(out, &l->class, &l->entries[i], pack_bytes(&header));
        pack_clear(&header);
    }
}

static void the_vectors_are_what_this_code_encodes(void **state)
{
    (void)state;
    struct lesson l;
    struct pack out;
    pack_init(&out);
    pack_raw(&out,
             slice_str("# Entries, payloads, runs. PROTOCOL.md, \"Entries\", \"Runs\".\n"
                       "# Cases are apart by empty lines; a line is `key value`. Bytes are in hex, "
                       "other numbers decimal.\n"
                       "# In a run the lines from seq to id repeat for each entry; a payload that "
                       "has no line is erased: of it stub and rest are left.\n"));
    lesson_init(&l, 1);
    put_payload(&out, l.entries[0].payload);
    put_headers(&out, &l);
    put_run(&out, &l);
    lesson_clear(&l);
    lesson_init(&l, 49000);
    put_headers(&out, &l);
    lesson_erase(&l, 1);
    put_run(&out, &l);
    lesson_clear(&l);
    vectors_compare(VECTORS, &out);
    pack_clear(&out);
}

static void decode_payload(struct slice lines, struct pack *out)
{
    uint8_t room[64];
    put_payload(out, case_bytes(lines, "payload", room, sizeof(room)));
}

static void decode_header(struct slice lines, struct pack *out)
{
    uint8_t bytes[2048];
    struct slice header = case_bytes(lines, "header", bytes, sizeof(bytes));
    struct doc doc;
    struct class_id class;
    struct entry e = {0};
    struct hash after[AFTER_MAX];
    const msgpack_object *items;
    uint64_t version, payload_len;
    assert_int_equal(doc_open(&doc, header, PACK_STRICT), OK);
    const msgpack_object *fields = doc.root.via.array.ptr;
    assert_int_equal(doc.root.via.array.size, 10);
    assert_true(read_uint(&fields[0], &version) && version == 1);
    assert_true(read_fixed(&fields[1], class.b, sizeof(class.b)));
    assert_true(read_fixed(&fields[2], e.feed.b, sizeof(e.feed.b)));
    assert_true(read_uint(&fields[3], &e.seq));
    assert_true(read_fixed(&fields[4], e.prev.b, sizeof(e.prev.b)));
    assert_true(read_array(&fields[5], &items, &e.after_count) && e.after_count <= AFTER_MAX);
    for (uint32_t i = 0; i < e.after_count; i++) {
        assert_true(read_fixed(&items[i], after[i].b, sizeof(after[i].b)));
    }
    e.after = after;
    assert_true(read_uint(&fields[6], &e.lamport) && read_uint(&fields[7], &e.time_ms));
    assert_true(read_uint(&fields[8], &payload_len));
    e.payload_len = (uint32_t)payload_len;
    assert_true(read_fixed(&fields[9], e.payload_hash.b, sizeof(e.payload_hash.b)));
    put_header(out, &class, &e, header);
    doc_clear(&doc);
}

/* Reads the bytes of a stored run as a receiver would, checking chain and signature. */
static void decode_run(struct slice lines, struct pack *out)
{
    uint8_t bytes[4096];
    struct hash rooms[LESSON_ENTRIES][AFTER_MAX];
    struct slice wire = case_bytes(lines, "run", bytes, sizeof(bytes));
    struct doc doc;
    struct run run;
    struct lesson l = {0};
    case_bytes(lines, "class", l.class.b, sizeof(l.class.b));
    case_bytes(lines, "seed", l.seed, sizeof(l.seed));
    case_bytes(lines, "feed_key", l.pk.b, sizeof(l.pk.b));
    case_bytes(lines, "prev", l.first_prev.b, sizeof(l.first_prev.b));
    pack_init(&l.wire);
    pack_raw(&l.wire, wire);
    assert_int_equal(doc_open(&doc, wire, PACK_STRICT), OK);
    assert_int_equal(run_read(&doc.root, &run), OK);
    assert_int_equal(run.count, LESSON_ENTRIES);
    l.feed = run.feed;
    l.signature = run.signature;
    for (uint32_t i = 0; i < run.count; i++) {
        assert_int_equal(run_entry(&run, i, rooms[i], &l.entries[i]), OK);
        l.entries[i].prev = i > 0 ? l.ids[i - 1] : l.first_prev;
        l.ids[i] = entry_id(&l.class, &l.entries[i]);
    }
    assert_true(run_check(&l.pk, &l.ids[run.count - 1], &l.signature));
    put_run(out, &l);
    doc_clear(&doc);
    lesson_clear(&l);
}

static void the_vectors_decode_to_what_they_say(void **state)
{
    (void)state;
    char *text = vectors_read(VECTORS);
    const char *at = text;
    struct slice lines, name = {0};
    unsigned count = 0;
    for (; vectors_next(&at, &lines); count++) {
        struct pack out;
        pack_init(&out);
        assert_true(case_text(lines, "case", &name));
        if (slice_is(name, "payload")) {
            decode_payload(lines, &out);
        } else if (slice_is(name, "header")) {
            decode_header(lines, &out);
        } else {
            decode_run(lines, &out);
        }
        struct slice said = pack_bytes(&out);
        assert_text_equal(slice_of(said.at + 1, said.len - 1), lines);
        pack_clear(&out);
    }
    assert_int_equal(count, 9);
    free(text);
}

static int start(void **state)
{
    (void)state;
    return keys_init() == OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stamp_gives_back_what_it_was_made_of),
        cmocka_unit_test(stamps_compare_by_lamport_then_feed_then_seq),
        cmocka_unit_test(an_id_covers_every_field),
        cmocka_unit_test(an_id_is_the_hash_of_the_header_also_of_the_longest),
        cmocka_unit_test(a_run_is_signed_by_its_feed_for_its_last_entry),
        cmocka_unit_test(a_run_reads_back_as_it_was_written),
        cmocka_unit_test(what_breaks_a_bound_is_refused),
        cmocka_unit_test(no_changed_byte_of_a_run_harms),
        cmocka_unit_test(the_vectors_are_what_this_code_encodes),
        cmocka_unit_test(the_vectors_decode_to_what_they_say),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
