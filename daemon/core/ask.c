/* What a request says: its texts, checked and tidied, and refusals that say what was wrong. */
#include "ask.h"

#include "names.h"
#include "shapes.h"

enum err refuse(struct ask *ask, enum err err, struct slice what, const char *detail)
{
    text_copy(ask->what, sizeof(ask->what), what);
    text_copy(ask->detail, sizeof(ask->detail), slice_str(detail));
    return err;
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

enum err ask_text_if(struct ask *ask, const char *key, size_t bytes_max, bool lines,
                     struct slice *out)
{
    const msgpack_object *o = map_get(ask->params, key);
    struct slice raw;
    char visible[KEY_BYTES];
    *out = (struct slice){0};
    if (!o || o->type == MSGPACK_OBJECT_NIL) {
        return OK;
    }
    if (!read_text(o, &raw)) {
        return refuse(ask, ERR_MALFORMED, slice_str(key), NULL);
    }
    char *room = ask->room + ask->room_used;
    if (raw.len > TEXT_BYTES_MAX || raw.len * 3 + 1 > sizeof(ask->room) - ask->room_used) {
        return refuse(ask, ERR_TOO_LONG, slice_str(key), NULL);
    }
    struct slice text = slice_of(room, text_tidy(raw, lines, room));
    if (name_key(text, visible).len == 0) {
        return OK;
    }
    enum err err = text_check(text, bytes_max);
    if (err != OK) {
        return refuse(ask, err, slice_str(key), NULL);
    }
    ask->room_used += text.len;
    *out = text;
    return OK;
}

enum err ask_text(struct ask *ask, const char *key, size_t bytes_max, bool lines, struct slice *out)
{
    enum err err = ask_text_if(ask, key, bytes_max, lines, out);
    if (err == OK && out->len == 0) {
        return refuse(ask, ERR_EMPTY, slice_str(key), NULL);
    }
    return err;
}

enum err ask_name(struct ask *ask, const char *key, size_t bytes_max, struct slice *out)
{
    struct ref id;
    enum err err = ask_text(ask, key, bytes_max, false, out);
    if (err == OK && (name_is_line(*out) || name_is_id(*out, &id))) {
        return refuse(ask, ERR_BAD_TEXT, *out, NULL);
    }
    return err;
}

static struct slice digits_of(struct ask *ask, uint64_t number)
{
    char digits[24];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    size_t len = sizeof(digits) - at;
    if (len > sizeof(ask->room) - ask->room_used) {
        return (struct slice){0};
    }
    char *out = ask->room + ask->room_used;
    memcpy(out, digits + at, len);
    ask->room_used += len;
    return slice_of(out, len);
}

bool ask_typed(struct ask *ask, const char *key, struct slice *out)
{
    const msgpack_object *o = map_get(ask->params, key);
    uint64_t number;
    *out = (struct slice){0};
    if (read_uint(o, &number)) {
        *out = digits_of(ask, number);
    } else {
        read_text(o, out);
    }
    return out->len > 0;
}

bool ask_flag(const struct ask *ask, const char *key)
{
    bool flag = false;
    map_bool(ask->params, key, &flag);
    return flag;
}

/* ---- jams -------------------------------------------------------------------------------------------------------- */

bool ask_in_jam(struct ask *ask, struct ref *jam)
{
    struct place place;
    if (!ask->signed_in) {
        return false;
    }
    place_read(ask->store, &ask->me, &place);
    *jam = place.jam;
    return place.kind == PLACE_JAM;
}

enum err ask_jam(struct ask *ask, const char *type, struct ref *jam)
{
    struct slice typed;
    if (ask_typed(ask, "jam", &typed)) {
        return name_jam(ask, typed, type, jam);
    }
    return ask_in_jam(ask, jam) ? OK : refuse(ask, ERR_NOT_IN_JAM, (struct slice){0}, NULL);
}

enum err ask_my_jam(struct ask *ask, const char *type, struct ref *jam)
{
    char name[LABEL_BYTES];
    enum err err = ask_jam(ask, type, jam);
    if (err == OK && !is_member(ask->store, &ask->me, jam)) {
        return refuse(ask, ERR_NOT_MEMBER, slice_str(jam_name(ask->store, jam, name)), NULL);
    }
    return err;
}

/* ---- ops --------------------------------------------------------------------------------------------------------- */

struct op *ask_op(struct ask *ask, enum op_kind kind)
{
    struct op *op = &ask->ops[ask->ops_count++];
    memset(op, 0, sizeof(*op));
    op->kind = kind;
    op->has = FIELD_BY;
    op->by = ask->me;
    return op;
}

void ask_keep_place(struct ask *ask)
{
    struct pack p;
    pack_init_room(&p, ask->room + ask->room_used, sizeof(ask->room) - ask->room_used);
    pack_my_place(ask, &p);
    if (!p.failed) {
        ask->was = pack_bytes(&p);
        ask->room_used += ask->was.len;
    }
}
