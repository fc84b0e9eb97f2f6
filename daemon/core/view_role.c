/* Roles: what people do for a jam, in their own words. Several may hold one role; nobody is thrown out of it. */
#include "ask.h"
#include "names.h"
#include "shapes.h"
#include "view_rows.h"

static void fold_holds(struct store *store, const struct fact *fact, struct slice key,
                       const struct person_id *person, bool holds)
{
    store_do(store,
             "INSERT INTO role VALUES (?,?,?,?,?,?,?)"
             " ON CONFLICT DO UPDATE SET holds=excluded.holds, name=excluded.name,"
             " stamp=excluded.stamp, time_ms=excluded.time_ms WHERE excluded.stamp > stamp",
             "rtpitsi", &fact->op->jam, key, person, (int64_t)holds, fact->op->name, &fact->stamp,
             (int64_t)fact->time_ms);
}

/* A role whose name shows nothing is none. */
static void role_fold(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    char room[KEY_BYTES];
    struct slice key = name_key(op->name, room);
    if (key.len == 0) {
        return;
    }
    bool given = op->has & FIELD_PERSON;
    if (!given || !SAME(op->person, op->by)) {
        fold_holds(store, fact, key, &op->by, false);
    }
    if (given) {
        fold_holds(store, fact, key, &op->person, true);
    }
}

/* ---- taking, giving ---------------------------------------------------------------------------------------------- */

/* ask->subject is the jam; the op has the role's name. */
static enum err role_op(struct ask *ask, struct slice name, const struct person_id *person)
{
    struct op *op = ask_op(ask, OP_ROLE);
    op->jam = ask->subject;
    op->name = name;
    op->has |= FIELD_JAM | FIELD_NAME;
    if (person) {
        op->person = *person;
        op->has |= FIELD_PERSON;
    }
    return OK;
}

static bool is_held(struct ask *ask, struct slice key)
{
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT 1 FROM role WHERE jam=? AND role=? AND holds");
    store_bind(ask->store, stmt, "rt", &ask->subject, key);
    return store_any(ask->store, stmt);
}

/* The role of mine that was typed, whole or by a beginning that only one of them has. */
static enum err my_role(struct ask *ask, struct slice typed, struct slice *name)
{
    char room[KEY_BYTES];
    struct slice key = name_key(typed, room);
    uint32_t count = 0;
    bool exact = false;
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT role, name FROM role WHERE jam=? AND person=? AND holds");
    store_bind(ask->store, stmt, "rp", &ask->subject, &ask->me);
    while (!exact && store_row(ask->store, stmt)) {
        struct slice one = column_slice(stmt, 0);
        exact = slice_equal(one, key);
        if (exact || (one.len > key.len && memcmp(one.at, key.at, key.len) == 0)) {
            char *room_left = ask->room + ask->room_used;
            text_copy(room_left, LABEL_BYTES, column_slice(stmt, 1));
            *name = slice_str(room_left);
            count = exact ? 1 : count + 1;
        }
    }
    sqlite3_reset(stmt);
    ask->room_used += count > 0 ? LABEL_BYTES : 0;
    if (count == 0) {
        return refuse(ask, is_held(ask, key) ? ERR_NOT_HELD : ERR_NO_SUCH_ROLE, typed, NULL);
    }
    return count == 1 ? OK : refuse(ask, ERR_AMBIGUOUS, typed, NULL);
}

static enum err take_plan(struct ask *ask)
{
    struct slice name;
    enum err err = ask_my_jam(ask, "jam role list", &ask->subject);
    err = err == OK ? ask_text(ask, "role", NAME_BYTES_MAX, false, &name) : err;
    return err == OK ? role_op(ask, name, &ask->me) : err;
}

static enum err drop_plan(struct ask *ask)
{
    struct slice typed, name;
    enum err err = ask_my_jam(ask, "jam role list", &ask->subject);
    err = err == OK ? ask_text(ask, "role", NAME_BYTES_MAX, false, &typed) : err;
    err = err == OK ? my_role(ask, typed, &name) : err;
    return err == OK ? role_op(ask, name, NULL) : err;
}

static enum err give_plan(struct ask *ask)
{
    struct slice typed, role, name;
    struct person_id person;
    enum err err = ask_my_jam(ask, "jam role list", &ask->subject);
    err = err == OK ? ask_text(ask, "role", NAME_BYTES_MAX, false, &role) : err;
    if (err == OK && !ask_typed(ask, "person", &typed)) {
        return refuse(ask, ERR_EMPTY, slice_str("person"), NULL);
    }
    if (err == OK) {
        name_spread(ask, &typed, &role);
        err = my_role(ask, role, &name);
    }
    err = err == OK ? name_person(ask, typed, "jam role give", &person) : err;
    return err == OK ? role_op(ask, name, &person) : err;
}

static enum err change_tell(struct ask *ask, struct pack *p)
{
    char room[KEY_BYTES];
    pack_map(p, 5);
    pack_str(p, "jam");
    pack_jam_name(ask, p, &ask->subject);
    pack_str(p, "role");
    pack_text(p, ask->ops[0].name);
    pack_str(p, "holders");
    pack_holders(ask, p, &ask->subject, name_key(ask->ops[0].name, room));
    pack_entry(ask, p);
    return OK;
}

static enum err list_tell(struct ask *ask, struct pack *p)
{
    struct ref jam;
    enum err err = ask_jam(ask, "jam role list", &jam);
    if (err != OK) {
        return err;
    }
    pack_map(p, 2);
    pack_str(p, "jam");
    pack_jam_name(ask, p, &jam);
    pack_str(p, "roles");
    pack_roles(ask, p, &jam);
    return OK;
}

static const struct method methods[] = {
    {"role.take", take_plan, change_tell, false},
    {"role.drop", drop_plan, change_tell, false},
    {"role.give", give_plan, change_tell, false},
    {"role.list", NULL, list_tell, true},
    {0},
};
static const char *const tables[] = {"role", NULL};
const struct view view_role = {"role", tables, 1 << OP_ROLE, role_fold, methods};
