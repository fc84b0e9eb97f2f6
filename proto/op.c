/* The table of ops, and encoding and decoding by it. */
#include "op.h"

#include "text.h"

enum field_type {
    TYPE_FIXED, /* a binary of exactly `bound` bytes */
    TYPE_TEXT,  /* at most `bound` bytes */
    TYPE_BYTES, /* a binary of at most `bound` bytes */
    TYPE_UINT,  /* a number; a newer version may know greater ones than `bound` */
    TYPE_BOOL,
    TYPE_ADDS, /* an array of at most `bound` references */
};

struct field {
    uint32_t bit;
    enum field_type type;
    size_t offset;
    size_t bound;
};

#define FIXED(member)       TYPE_FIXED, offsetof(struct op, member), sizeof(((struct op *)0)->member)
#define TEXT(member, bytes) TYPE_TEXT, offsetof(struct op, member), bytes
#define BYTES(member, max)  TYPE_BYTES, offsetof(struct op, member), max

/* In the order of their bits, which is the order on the wire. */
static const struct field fields[] = {
    {FIELD_BY, FIXED(by)},
    {FIELD_PERSON, FIXED(person)},
    {FIELD_JAM, FIXED(jam)},
    {FIELD_TASK, FIXED(task)},
    {FIELD_HANDLE, TEXT(handle, HANDLE_BYTES_MAX)},
    {FIELD_NAME, TEXT(name, NAME_BYTES_MAX)},
    {FIELD_TITLE, TEXT(title, TITLE_BYTES_MAX)},
    {FIELD_TEXT, TEXT(text, TEXT_BYTES_MAX)},
    {FIELD_MORE, TEXT(more, TEXT_BYTES_MAX)},
    {FIELD_STATE, TYPE_UINT, offsetof(struct op, state), TASK_DONE},
    {FIELD_MOVES, TYPE_BOOL, offsetof(struct op, moves), 0},
    {FIELD_ADDS, TYPE_ADDS, offsetof(struct op, adds), LEAVE_ADDS_MAX},
    {FIELD_KEY, FIXED(key)},
    {FIELD_DEVICE, FIXED(device)},
    {FIELD_SIGNATURE, FIXED(signature)},
    {FIELD_HARDWARE, FIXED(hardware)},
    {FIELD_SECRET, FIXED(secret)},
    {FIELD_BOX, BYTES(box, BOX_BYTES_MAX)},
    {FIELD_SECOND, BYTES(second, BOX_BYTES_MAX)},
    {FIELD_ENTRY, FIXED(entry)},
    {FIELD_YES, TYPE_BOOL, offsetof(struct op, yes), 0},
    {FIELD_POLICY, TYPE_UINT, offsetof(struct op, policy), POLICY_ALL},
    {FIELD_UNTIL, TYPE_UINT, offsetof(struct op, until_ms), INT64_MAX},
};
enum { FIELDS_COUNT = sizeof(fields) / sizeof(fields[0]) };

static const struct op_row rows[] = {
    {OP_OPEN, "open", FIELD_KEY | FIELD_DEVICE | FIELD_SIGNATURE | FIELD_NAME | FIELD_HARDWARE, 0},
    {OP_CLASS, "class", FIELD_KEY | FIELD_NAME | FIELD_SIGNATURE | FIELD_POLICY | FIELD_UNTIL, 0},
    {OP_PERSON, "person", FIELD_BY, FIELD_HANDLE | FIELD_NAME},
    {OP_HELLO, "hello", FIELD_BY | FIELD_KEY | FIELD_SIGNATURE | FIELD_MOVES, 0},
    {OP_BYE, "bye", FIELD_BY, 0},
    {OP_SEAT, "seat", FIELD_HARDWARE | FIELD_NAME, FIELD_BY},
    {OP_JAM, "jam", FIELD_BY | FIELD_NAME, FIELD_TITLE},
    {OP_JAM_SET, "jam-set", FIELD_BY | FIELD_JAM, FIELD_NAME | FIELD_TITLE},
    {OP_JOIN, "join", FIELD_BY | FIELD_JAM, 0},
    {OP_SOLO, "solo", FIELD_BY, FIELD_TITLE},
    {OP_LEAVE, "leave", FIELD_BY | FIELD_JAM | FIELD_ADDS | FIELD_MOVES, 0},
    {OP_ROLE, "role", FIELD_BY | FIELD_JAM | FIELD_NAME, FIELD_PERSON},
    {OP_TASK, "task", FIELD_BY | FIELD_TITLE, FIELD_JAM},
    {OP_TASK_SET, "task-set", FIELD_BY | FIELD_TASK, FIELD_TITLE | FIELD_STATE | FIELD_PERSON},
    {OP_NOTE, "note", FIELD_BY, FIELD_JAM | FIELD_TEXT | FIELD_BOX},
    {OP_FEEDBACK, "feedback", FIELD_BY,
     FIELD_PERSON | FIELD_JAM | FIELD_TEXT | FIELD_MORE | FIELD_BOX | FIELD_SECOND},
    {OP_KEY, "key", FIELD_BY | FIELD_KEY | FIELD_SIGNATURE | FIELD_SECRET, 0},
    {OP_RESET, "reset", FIELD_BY | FIELD_PERSON | FIELD_KEY | FIELD_SECRET, 0},
    {OP_CONFIRM, "confirm", FIELD_BY | FIELD_PERSON | FIELD_HANDLE, 0},
    {OP_TEACHER, "teacher", FIELD_BY | FIELD_PERSON | FIELD_YES, 0},
    {OP_REMOVE, "remove", FIELD_BY | FIELD_PERSON, 0},
    {OP_REVOKE, "revoke", FIELD_BY, FIELD_PERSON},
    {OP_EXPEL, "expel", FIELD_BY | FIELD_DEVICE, 0},
    {OP_REDACT, "redact", FIELD_BY | FIELD_TEXT | FIELD_ENTRY, FIELD_JAM},
    {OP_ROTATE, "rotate", FIELD_BY | FIELD_BOX, 0},
    {OP_CLOSE, "close", FIELD_BY | FIELD_SIGNATURE, 0},
    {OP_ROSTER, "roster", FIELD_BY | FIELD_HANDLE, FIELD_NAME},
    {OP_LESSON, "lesson", FIELD_BY | FIELD_YES, 0},
    {OP_STRIKE, "strike", FIELD_BY | FIELD_HANDLE, 0},
};

const struct op_row *op_row(uint32_t kind)
{
    /* the first kind is 1, and none is left out */
    return kind >= OP_OPEN && kind < OP_KINDS ? &rows[kind - OP_OPEN] : NULL;
}

/* What others' authority and the log itself rest on. */
bool op_is_erasable(uint32_t kind)
{
    static const uint64_t kept = 1 << OP_OPEN | 1 << OP_CLASS | 1 << OP_HELLO | 1 << OP_BYE |
                                 1 << OP_KEY | 1 << OP_RESET | 1 << OP_TEACHER | 1 << OP_REMOVE |
                                 1 << OP_REVOKE | 1 << OP_EXPEL | 1 << OP_REDACT | 1 << OP_ROTATE |
                                 1 << OP_CLOSE | 1 << OP_LESSON;
    return kind >= OP_KINDS || !(kept >> kind & 1);
}

const char *op_name(uint32_t kind)
{
    const struct op_row *row = op_row(kind);
    return row ? row->name : "unknown";
}

const char *task_state_name(uint64_t state)
{
    static const char *const names[] = {"open", "trying", "done"};
    return state <= TASK_DONE ? names[state] : "unknown";
}

static const void *member_of(const struct op *op, const struct field *field)
{
    return (const char *)op + field->offset;
}

/* Is what stands in the member within its bounds? */
static enum err field_check(const struct op *op, const struct field *field)
{
    const void *member = member_of(op, field);
    switch (field->type) {
    case TYPE_TEXT:
        return text_check(*(const struct slice *)member, field->bound);
    case TYPE_BYTES:
        return ((const struct slice *)member)->len > field->bound ? ERR_TOO_LONG : OK;
    case TYPE_UINT:
        return *(const uint64_t *)member > field->bound ? ERR_VERSION : OK;
    case TYPE_ADDS:
        return op->adds_count > field->bound ? ERR_LIMIT : OK;
    case TYPE_FIXED:
    case TYPE_BOOL:
        return OK;
    }
    return ERR_INTERNAL;
}

/* ---- encoding --------------------------------------------------------------------------------------------------- */

static enum err op_check(const struct op_row *row, const struct op *op)
{
    if (!row || (op->has & row->required) != row->required ||
        (op->has & ~(row->required | row->optional)) != 0) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < FIELDS_COUNT; i++) {
        enum err err = op->has & fields[i].bit ? field_check(op, &fields[i]) : OK;
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

static void pack_adds(struct pack *p, const struct op *op)
{
    pack_array(p, op->adds_count);
    for (uint32_t i = 0; i < op->adds_count; i++) {
        pack_bin(p, SLICE(op->adds[i]));
    }
}

static void pack_field(struct pack *p, const struct op *op, const struct field *field)
{
    const void *member = member_of(op, field);
    switch (field->type) {
    case TYPE_FIXED:
        pack_bin(p, slice_of(member, field->bound));
        break;
    case TYPE_TEXT:
        pack_text(p, *(const struct slice *)member);
        break;
    case TYPE_BYTES:
        pack_bin(p, *(const struct slice *)member);
        break;
    case TYPE_UINT:
        pack_uint(p, *(const uint64_t *)member);
        break;
    case TYPE_BOOL:
        pack_bool(p, *(const bool *)member);
        break;
    case TYPE_ADDS:
        pack_adds(p, op);
        break;
    }
}

static uint32_t fields_count(const struct op_row *row)
{
    uint32_t count = 0;
    for (size_t i = 0; i < FIELDS_COUNT; i++) {
        count += ((row->required | row->optional) & fields[i].bit) != 0;
    }
    return count;
}

enum err op_encode(struct pack *p, const struct op *op)
{
    const struct op_row *row = op_row(op->kind);
    enum err err = op_check(row, op);
    if (err != OK) {
        return err;
    }
    pack_array(p, 1 + fields_count(row));
    pack_uint(p, op->kind);
    for (size_t i = 0; i < FIELDS_COUNT; i++) {
        if (op->has & fields[i].bit) {
            pack_field(p, op, &fields[i]);
        } else if (row->optional & fields[i].bit) {
            pack_nil(p);
        }
    }
    return OK;
}

/* ---- decoding --------------------------------------------------------------------------------------------------- */

static enum err read_adds(const msgpack_object *o, struct op *op)
{
    const msgpack_object *items;
    if (!read_array(o, &items, &op->adds_count)) {
        return ERR_MALFORMED;
    }
    if (op->adds_count > LEAVE_ADDS_MAX) {
        return ERR_LIMIT;
    }
    for (uint32_t i = 0; i < op->adds_count; i++) {
        if (!read_fixed(&items[i], op->adds[i].b, sizeof(op->adds[i].b))) {
            return ERR_MALFORMED;
        }
    }
    return OK;
}

static enum err read_field(const msgpack_object *o, struct op *op, const struct field *field)
{
    void *member = (char *)op + field->offset;
    bool fits = false;
    switch (field->type) {
    case TYPE_FIXED:
        fits = read_fixed(o, member, field->bound);
        break;
    case TYPE_TEXT:
        fits = read_text(o, member);
        break;
    case TYPE_BYTES:
        fits = read_bin(o, member);
        break;
    case TYPE_UINT:
        fits = read_uint(o, member);
        break;
    case TYPE_BOOL:
        fits = read_bool(o, member);
        break;
    case TYPE_ADDS:
        return read_adds(o, op);
    }
    return fits ? field_check(op, field) : ERR_MALFORMED;
}

/* Reads the fields of a row in turn; the first one that doesn't fit decides. */
static enum err read_fields(const msgpack_object *o, const struct op_row *row, struct op *op)
{
    for (size_t i = 0; i < FIELDS_COUNT; i++) {
        uint32_t bit = fields[i].bit;
        if (((row->required | row->optional) & bit) == 0) {
            continue;
        }
        if (o->type != MSGPACK_OBJECT_NIL || (row->required & bit)) {
            enum err err = read_field(o, op, &fields[i]);
            if (err != OK) {
                return err;
            }
            op->has |= bit;
        }
        o++;
    }
    return OK;
}

static enum err read_op(const msgpack_object *root, struct op *op)
{
    const msgpack_object *items;
    uint32_t count;
    uint64_t kind;
    if (!read_array(root, &items, &count) || count == 0 || !read_uint(&items[0], &kind) ||
        kind == 0) {
        return ERR_MALFORMED;
    }
    if (kind >= OP_KINDS) {
        return ERR_VERSION;
    }
    op->kind = (uint32_t)kind;
    const struct op_row *row = op_row(op->kind);
    uint32_t known = 1 + fields_count(row);
    if (count != known) {
        return count > known ? ERR_VERSION : ERR_MALFORMED;
    }
    return read_fields(items + 1, row, op);
}

enum err op_decode(struct slice bytes, struct op *op)
{
    struct doc doc;
    memset(op, 0, sizeof(*op));
    enum err err = doc_open(&doc, bytes, PACK_STRICT);
    if (err == OK) {
        err = read_op(&doc.root, op);
        doc_clear(&doc);
    }
    return err;
}
