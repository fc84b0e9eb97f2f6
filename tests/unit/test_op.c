/* op.c: the table, each way to be refused, and the vectors of tests/vectors/ops.txt. */
#include "vectors.h"

#include "op.h"

static const char VECTORS[] = "tests/vectors/ops.txt";

enum { FIELDS_ALL = 2 * FIELD_LAST - 1 };

static void fill(uint8_t *out, size_t len, uint8_t first)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(first + i);
    }
}

/* An op of a kind with the fields in `has`, each with something in it. */
static struct op op_from(uint32_t kind, uint32_t has)
{
    struct op op = {.kind = kind, .has = has};
    fill(op.by.b, sizeof(op.by.b), 0x10);
    fill(op.person.b, sizeof(op.person.b), 0x20);
    fill(op.jam.b, sizeof(op.jam.b), 0x30);
    fill(op.task.b, sizeof(op.task.b), 0x40);
    op.handle = slice_str("ana");
    op.name = slice_str("Br\xc3\xbc"
                        "cke");
    op.title = slice_str("a bridge of paper");
    op.text = slice_str("it held the book");
    op.more = slice_str("try folds");
    op.state = TASK_TRYING;
    op.moves = true;
    op.adds_count = 2;
    fill(op.adds[0].b, sizeof(op.adds[0].b), 0x50);
    fill(op.adds[1].b, sizeof(op.adds[1].b), 0x60);
    fill(op.key.b, sizeof(op.key.b), 0x70);
    fill(op.device.b, sizeof(op.device.b), 0x80);
    fill(op.signature.b, sizeof(op.signature.b), 0x90);
    fill(op.hardware.b, sizeof(op.hardware.b), 0xa0);
    fill(op.secret.b, sizeof(op.secret.b), 0xb0);
    op.box = slice_str("for one");
    op.second = slice_str("for the others");
    fill(op.entry.b, sizeof(op.entry.b), 0xc0);
    op.yes = true;
    op.policy = POLICY_OPEN | POLICY_READMIT;
    op.until_ms = 1814400000000;
    return op;
}

static struct op op_full(uint32_t kind)
{
    const struct op_row *row = op_row(kind);
    return op_from(kind, row->required | row->optional);
}

static enum err encode(const struct op *op)
{
    struct pack p;
    pack_init(&p);
    enum err err = op_encode(&p, op);
    assert_true(err == OK || pack_bytes(&p).len == 0);
    pack_clear(&p);
    return err;
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

static void every_kind_has_its_row(void **state)
{
    (void)state;
    for (uint32_t kind = 1; kind < OP_KINDS; kind++) {
        const struct op_row *row = op_row(kind);
        assert_non_null(row);
        assert_int_equal(row->kind, kind);
        assert_int_equal(row->required & row->optional, 0);
        assert_int_equal((row->required | row->optional) & ~(uint32_t)FIELDS_ALL, 0);
        assert_string_equal(op_name(kind), row->name);
    }
    assert_null(op_row(0));
    assert_null(op_row(OP_KINDS));
    assert_null(op_row(UINT32_MAX));
    assert_string_equal(op_name(OP_KINDS), "unknown");
}

static void task_states_have_names(void **state)
{
    (void)state;
    assert_string_equal(task_state_name(TASK_OPEN), "open");
    assert_string_equal(task_state_name(TASK_TRYING), "trying");
    assert_string_equal(task_state_name(TASK_DONE), "done");
    assert_string_equal(task_state_name(3), "unknown");
    assert_string_equal(task_state_name(UINT64_MAX), "unknown");
}

/* ---- encoding --------------------------------------------------------------------------------------------------- */

static void a_field_that_is_missing_or_foreign_is_refused(void **state)
{
    (void)state;
    for (uint32_t kind = 1; kind < OP_KINDS; kind++) {
        const struct op_row *row = op_row(kind);
        for (uint32_t bit = 1; bit <= FIELD_LAST; bit <<= 1) {
            bool known = (row->required | row->optional) & bit;
            struct op with = op_from(kind, row->required | bit);
            struct op without = op_from(kind, row->required & ~bit);
            assert_int_equal(encode(&with), known ? OK : ERR_MALFORMED);
            assert_int_equal(encode(&without), row->required & bit ? ERR_MALFORMED : OK);
        }
    }
}

static void an_unknown_kind_is_not_encoded(void **state)
{
    (void)state;
    struct op zero = {.kind = 0}, next = {.kind = OP_KINDS};
    assert_int_equal(encode(&zero), ERR_MALFORMED);
    assert_int_equal(encode(&next), ERR_MALFORMED);
}

static void text_is_bounded_and_clean_when_encoded(void **state)
{
    (void)state;
    char longest[TEXT_BYTES_MAX + 1];
    struct op op = op_full(OP_FEEDBACK);
    memset(longest, 'x', sizeof(longest));
    op.text = op.more = slice_of(longest, TEXT_BYTES_MAX);
    assert_int_equal(encode(&op), OK);
    op.more = slice_of(longest, TEXT_BYTES_MAX + 1);
    assert_int_equal(encode(&op), ERR_TOO_LONG);
    op.more = slice_of("a\0b", 3);
    assert_int_equal(encode(&op), ERR_BAD_TEXT);
    op.more = slice_str("\xff");
    assert_int_equal(encode(&op), ERR_BAD_TEXT);
    op.has &= ~(uint32_t)FIELD_MORE;
    assert_int_equal(encode(&op), OK);
}

static void the_longest_op_fits_its_bound(void **state)
{
    (void)state;
    char longest[TEXT_BYTES_MAX];
    memset(longest, 'x', sizeof(longest));
    for (uint32_t kind = 1; kind < OP_KINDS; kind++) {
        struct op op = op_full(kind);
        struct pack p;
        op.handle = slice_of(longest, HANDLE_BYTES_MAX);
        op.name = slice_of(longest, NAME_BYTES_MAX);
        op.title = slice_of(longest, TITLE_BYTES_MAX);
        op.text = op.more = slice_of(longest, TEXT_BYTES_MAX);
        op.adds_count = LEAVE_ADDS_MAX;
        pack_init(&p);
        assert_int_equal(op_encode(&p, &op), OK);
        assert_true(pack_bytes(&p).len <= OP_BYTES_MAX);
        struct op back;
        assert_int_equal(op_decode(pack_bytes(&p), &back), OK);
        pack_clear(&p);
    }
}

static void adds_and_states_are_bounded_when_encoded(void **state)
{
    (void)state;
    struct op leave = op_full(OP_LEAVE), task = op_full(OP_TASK_SET);
    leave.adds_count = LEAVE_ADDS_MAX + 1;
    task.state = TASK_DONE + 1;
    assert_int_equal(encode(&leave), ERR_LIMIT);
    assert_int_equal(encode(&task), ERR_VERSION);
}

/* ---- decoding --------------------------------------------------------------------------------------------------- */

#define BYTES(text) text, sizeof(text) - 1
#define ID                                                                                         \
    "\xc4\x10"                                                                                     \
    "0123456789abcdef"
#define ID_8       ID ID ID ID ID ID ID ID
#define ID_64      ID_8 ID_8 ID_8 ID_8 ID_8 ID_8 ID_8 ID_8
#define LETTERS_48 "abcdefghijklmnopqrstuvwxabcdefghijklmnopqrstuvwx"

/* Ops written by hand, and what is said of them. */
static const struct {
    const char *name;
    enum err err;
    const char *bytes;
    size_t len;
} judged[] = {
    {"nothing", ERR_TRUNCATED, BYTES("")},
    {"no array", ERR_MALFORMED, BYTES("\xc0")},
    {"no kind", ERR_MALFORMED, BYTES("\x90")},
    {"kind 0", ERR_MALFORMED, BYTES("\x91\x00")},
    {"kind -1", ERR_MALFORMED, BYTES("\x91\xff")},
    {"kind as text", ERR_MALFORMED, BYTES("\x91\xa1x")},
    {"next kind", ERR_VERSION, BYTES("\x91\x1e")},
    {"kind that is 5 in its last 32 bits", ERR_VERSION, BYTES("\x92\xcf\x01\0\0\0\0\0\0\x05" ID)},
    {"kind not in its shortest form", ERR_NOT_CANONICAL, BYTES("\x92\xcc\x05" ID)},
    {"byte behind", ERR_NOT_CANONICAL, BYTES("\x92\x05" ID "\xc0")},
    {"bye", OK, BYTES("\x92\x05" ID)},
    {"bye without person", ERR_MALFORMED, BYTES("\x91\x05")},
    {"bye of nil", ERR_MALFORMED, BYTES("\x92\x05\xc0")},
    {"bye of a short person", ERR_MALFORMED,
     BYTES("\x92\x05\xc4\x0f"
           "0123456789abcde")},
    {"bye of a long person", ERR_MALFORMED,
     BYTES("\x92\x05\xc4\x11"
           "0123456789abcdefg")},
    {"bye of a text", ERR_MALFORMED,
     BYTES("\x92\x05\xb0"
           "0123456789abcdef")},
    {"bye with a newer version's field", ERR_VERSION, BYTES("\x93\x05" ID "\xc0")},
    {"newer field behind a broken one", ERR_VERSION, BYTES("\x93\x05\xc0\xc0")},
    {"person with a handle", OK, BYTES("\x94\x03" ID "\xd9\x30" LETTERS_48 "\xc0")},
    {"person with a long handle", ERR_TOO_LONG, BYTES("\x94\x03" ID "\xd9\x31" LETTERS_48 "x\xc0")},
    {"person without the last nil", ERR_MALFORMED,
     BYTES("\x93\x03" ID "\xa3"
           "ana")},
    {"solo without title", OK, BYTES("\x93\x0a" ID "\xc0")},
    {"title with NUL", ERR_BAD_TEXT,
     BYTES("\x93\x0a" ID "\xa3"
           "a\0b")},
    {"title that isn't UTF-8", ERR_NOT_CANONICAL, BYTES("\x93\x0a" ID "\xa1\xff")},
    {"title as binary", ERR_MALFORMED, BYTES("\x93\x0a" ID "\xc4\x01x")},
    {"task done", OK, BYTES("\x96\x0e" ID "\xc0" ID "\xc0\x02")},
    {"task in an unknown state", ERR_VERSION, BYTES("\x96\x0e" ID "\xc0" ID "\xc0\x03")},
    {"task in a negative state", ERR_MALFORMED, BYTES("\x96\x0e" ID "\xc0" ID "\xc0\xff")},
    {"leave", OK, BYTES("\x95\x0b" ID ID "\xc3\x91" ID)},
    {"leave with a number for moves", ERR_MALFORMED, BYTES("\x95\x0b" ID ID "\x01\x91" ID)},
    {"leave with nil for adds", ERR_MALFORMED, BYTES("\x95\x0b" ID ID "\xc3\xc0")},
    {"leave with an odd add", ERR_MALFORMED, BYTES("\x95\x0b" ID ID "\xc3\x91\xc4\x01x")},
    {"leave with 64 adds", OK, BYTES("\x95\x0b" ID ID "\xc3\xdc\x00\x40" ID_64)},
    {"leave with 65 adds", ERR_LIMIT, BYTES("\x95\x0b" ID ID "\xc3\xdc\x00\x41" ID_64 ID)},
};
enum { JUDGED_COUNT = sizeof(judged) / sizeof(judged[0]) };

static void what_no_version_or_a_newer_one_makes_is_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < JUDGED_COUNT; i++) {
        struct op op;
        enum err err = op_decode(slice_of(judged[i].bytes, judged[i].len), &op);
        if (err != judged[i].err) {
            fail_msg("%s: %s", judged[i].name, err_code(err));
        }
    }
}

/* ---- vectors ---------------------------------------------------------------------------------------------------- */

static void put_texts_and_ids(struct pack *out, const struct op *op)
{
    const struct {
        uint32_t bit;
        const char *key;
        struct slice bytes;
    } ids[] = {
        {FIELD_BY, "by", SLICE(op->by)},
        {FIELD_PERSON, "person", SLICE(op->person)},
        {FIELD_JAM, "jam", SLICE(op->jam)},
        {FIELD_TASK, "task", SLICE(op->task)},
        {FIELD_HANDLE, "handle", op->handle},
        {FIELD_NAME, "name", op->name},
        {FIELD_TITLE, "title", op->title},
        {FIELD_TEXT, "text", op->text},
        {FIELD_MORE, "more", op->more},
        {FIELD_KEY, "key", SLICE(op->key)},
        {FIELD_DEVICE, "device", SLICE(op->device)},
        {FIELD_SIGNATURE, "signature", SLICE(op->signature)},
        {FIELD_HARDWARE, "hardware", SLICE(op->hardware)},
        {FIELD_SECRET, "secret", SLICE(op->secret)},
        {FIELD_BOX, "box", op->box},
        {FIELD_SECOND, "second", op->second},
        {FIELD_ENTRY, "entry", SLICE(op->entry)},
    };
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        if (op->has & ids[i].bit) {
            put_bytes(out, ids[i].key, ids[i].bytes);
        }
    }
}

/* A case: what the op says, then its bytes. */
static void put_op(struct pack *out, const struct op *op, struct slice bytes)
{
    put_case(out, op_name(op->kind));
    put_uint(out, "kind", op->kind);
    put_texts_and_ids(out, op);
    if (op->has & FIELD_STATE) {
        put_uint(out, "state", op->state);
    }
    if (op->has & FIELD_MOVES) {
        put_uint(out, "moves", op->moves);
    }
    if (op->has & FIELD_YES) {
        put_uint(out, "yes", op->yes);
    }
    if (op->has & FIELD_POLICY) {
        put_uint(out, "policy", op->policy);
    }
    if (op->has & FIELD_UNTIL) {
        put_uint(out, "until", op->until_ms);
    }
    for (uint32_t i = 0; op->has & FIELD_ADDS && i < op->adds_count; i++) {
        put_bytes(out, "add", SLICE(op->adds[i]));
    }
    put_bytes(out, "op", bytes);
}

static void put_encoded(struct pack *out, const struct op *op)
{
    struct pack p;
    pack_init(&p);
    assert_int_equal(op_encode(&p, op), OK);
    put_op(out, op, pack_bytes(&p));
    pack_clear(&p);
}

static void put_judged(struct pack *out)
{
    for (size_t i = 0; i < JUDGED_COUNT; i++) {
        if (judged[i].err != OK && judged[i].len > 0) {
            put_case(out, "refused");
            put_text(out, "why", judged[i].name);
            put_text(out, "error", err_code(judged[i].err));
            put_bytes(out, "op", slice_of(judged[i].bytes, judged[i].len));
        }
    }
}

/* An op with all its optional fields, with each of them alone, and with none. */
static void put_kind(struct pack *out, uint32_t kind)
{
    const struct op_row *row = op_row(kind);
    struct op op = op_full(kind);
    put_encoded(out, &op);
    for (uint32_t bit = 1; bit <= row->optional; bit <<= 1) {
        op.has = row->required | bit;
        if ((row->optional & bit) && row->optional != bit) {
            put_encoded(out, &op);
        }
    }
    op.has = row->required;
    if (row->optional) {
        put_encoded(out, &op);
    }
}

static void the_vectors_are_what_this_code_encodes(void **state)
{
    (void)state;
    struct pack out;
    pack_init(&out);
    pack_raw(&out, slice_str("# Ops: every kind with all its fields, with each optional field "
                             "alone, and with none. PROTOCOL.md, \"Ops\".\n"
                             "# Cases are apart by empty lines; a line is `key value`. Bytes and "
                             "texts are in hex, other numbers decimal.\n"
                             "# Cases named refused have bytes that give the error.\n"));
    for (uint32_t kind = 1; kind < OP_KINDS; kind++) {
        put_kind(&out, kind);
    }
    struct op leave = op_full(OP_LEAVE);
    leave.adds_count = 0;
    leave.moves = false;
    put_encoded(&out, &leave);
    put_judged(&out);
    vectors_compare(VECTORS, &out);
    pack_clear(&out);
}

static void check_stored(struct slice lines)
{
    uint8_t room[OP_BYTES_MAX];
    struct slice name = {0}, error = {0};
    struct op op;
    struct pack out;
    struct slice bytes = case_bytes(lines, "op", room, sizeof(room));
    enum err err = op_decode(bytes, &op);
    assert_true(case_text(lines, "case", &name));
    if (slice_is(name, "refused")) {
        assert_true(case_text(lines, "error", &error));
        assert_int_equal(err, err_from_code(error));
        return;
    }
    assert_int_equal(err, OK);
    pack_init(&out);
    put_op(&out, &op, bytes);
    struct slice said = pack_bytes(&out);
    assert_text_equal(slice_of(said.at + 1, said.len - 1), lines);
    pack_reset(&out);
    assert_int_equal(op_encode(&out, &op), OK);
    assert_true(slice_equal(pack_bytes(&out), bytes));
    pack_clear(&out);
}

static void the_vectors_decode_to_what_they_say(void **state)
{
    (void)state;
    char *text = vectors_read(VECTORS);
    const char *at = text;
    struct slice lines;
    unsigned count = 0;
    for (; vectors_next(&at, &lines); count++) {
        check_stored(lines);
    }
    assert_true(count > OP_KINDS);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_its_row),
        cmocka_unit_test(task_states_have_names),
        cmocka_unit_test(a_field_that_is_missing_or_foreign_is_refused),
        cmocka_unit_test(an_unknown_kind_is_not_encoded),
        cmocka_unit_test(text_is_bounded_and_clean_when_encoded),
        cmocka_unit_test(the_longest_op_fits_its_bound),
        cmocka_unit_test(adds_and_states_are_bounded_when_encoded),
        cmocka_unit_test(what_no_version_or_a_newer_one_makes_is_told_apart),
        cmocka_unit_test(the_vectors_are_what_this_code_encodes),
        cmocka_unit_test(the_vectors_decode_to_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
