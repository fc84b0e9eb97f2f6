/* People: their handles and names, and at which machine they are signed in. */
#include "ask.h"
#include "names.h"
#include "shapes.h"
#include "view_rows.h"

static void fold_names(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    char key[KEY_BYTES];
    struct slice handle_key = name_key(op->handle, key);
    if (op->has & FIELD_HANDLE && handle_key.len > 0) {
        store_do(store,
                 "INSERT INTO person (person, handle, handle_key, handle_stamp) VALUES (?,?,?,?)"
                 " ON CONFLICT DO UPDATE SET handle=excluded.handle,"
                 " handle_key=excluded.handle_key, handle_stamp=excluded.handle_stamp"
                 " WHERE excluded.handle_stamp > handle_stamp",
                 "ptts", &op->by, op->handle, handle_key, &fact->stamp);
    }
    if (op->has & FIELD_NAME) {
        store_do(store,
                 "INSERT INTO person (person, name, name_stamp) VALUES (?,?,?)"
                 " ON CONFLICT DO UPDATE SET name=excluded.name, name_stamp=excluded.name_stamp"
                 " WHERE excluded.name_stamp > name_stamp",
                 "pts", &op->by, op->name, &fact->stamp);
    }
}

static void person_fold(struct store *store, const struct fact *fact)
{
    if (fact->op->kind == OP_PERSON) {
        fold_names(store, fact);
        return;
    }
    store_do(store,
             "INSERT INTO session VALUES (?,?,?,?,?)"
             " ON CONFLICT DO UPDATE SET here=excluded.here, device=excluded.device,"
             " stamp=excluded.stamp, time_ms=excluded.time_ms WHERE excluded.stamp > stamp",
             "pidsi", &fact->op->by, (int64_t)(fact->op->kind == OP_HELLO), &fact->device,
             &fact->stamp, (int64_t)fact->time_ms);
}

/* ---- hello and bye ----------------------------------------------------------------------------------------------- */

/* ask->subject is the person, ask->flag that they are new, ask->was the seat where they were signed in. */
static void keep_seat(struct ask *ask, const struct session *session)
{
    struct pack p;
    pack_init_room(&p, ask->room + ask->room_used, sizeof(ask->room) - ask->room_used);
    if (session->open && !SAME(session->device, ask->here)) {
        pack_seat(ask, &p, &session->device);
    } else {
        pack_nil(&p);
    }
    ask->was = p.failed ? (struct slice){0} : pack_bytes(&p);
    ask->room_used += ask->was.len;
}

static void sign_up(struct ask *ask, struct person_id *person, struct slice handle,
                    struct slice name)
{
    rng_fill(ask->rng, person->b, sizeof(person->b));
    struct op *op = ask_op(ask, OP_PERSON);
    op->by = *person;
    op->handle = handle;
    op->name = name;
    op->has |= FIELD_HANDLE | (name.len > 0 ? FIELD_NAME : 0);
}

static bool has_name(struct ask *ask, const struct person_id *person, struct slice name)
{
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT name FROM person WHERE person=?");
    store_bind(stmt, "p", person);
    bool same = store_row(ask->store, stmt) && slice_equal(column_slice(stmt, 0), name);
    sqlite3_reset(stmt);
    return same;
}

static void rename_person(struct ask *ask, const struct person_id *person, struct slice name)
{
    if (name.len > 0 && !has_name(ask, person, name)) {
        struct op *op = ask_op(ask, OP_PERSON);
        op->by = *person;
        op->name = name;
        op->has |= FIELD_NAME;
    }
}

/* A handle shows a tail behind ~ only where Jam puts it. */
static enum err new_handle(struct ask *ask, struct slice *handle)
{
    enum err err = ask_name(ask, "handle", HANDLE_BYTES_MAX, handle);
    if (err == OK && memchr(handle->at, '~', handle->len)) {
        return refuse(ask, ERR_BAD_TEXT, *handle, NULL);
    }
    return err;
}

/* Who says hello where another is signed in ends that other's session, unless it has moved on to another machine. */
static void end_other(struct ask *ask, const struct person_id *person)
{
    struct session session;
    if (!ask->signed_in || SAME(ask->me, *person)) {
        return;
    }
    session_read(ask->store, &ask->me, &session);
    if (session.open && SAME(session.device, ask->here)) {
        ask_op(ask, OP_BYE);
    }
}

/* Signed in at this terminal and this machine already, and nothing to say about it. */
static bool is_here_already(const struct ask *ask, const struct person_id *person,
                            const struct session *session)
{
    return ask->ops_count == 0 && ask->signed_in && SAME(ask->me, *person) && session->open &&
           SAME(session->device, ask->here);
}

static enum err hello_plan(struct ask *ask)
{
    struct slice typed, handle, name = {0};
    struct person_id person;
    struct session session;
    enum err err = ask_text(ask, "handle", HANDLE_BYTES_MAX, false, &typed);
    err = err == OK ? ask_text_if(ask, "name", NAME_BYTES_MAX, false, &name) : err;
    err = err == OK ? name_self(ask, typed, &person, &ask->flag) : err;
    if (err == OK) {
        rename_person(ask, &person, name);
    } else if (ask->flag) {
        err = new_handle(ask, &handle);
        if (err == OK) {
            sign_up(ask, &person, handle, name);
        }
    }
    if (err != OK) {
        return err;
    }
    ask->subject = person_ref(&person);
    session_read(ask->store, &person, &session);
    keep_seat(ask, &session);
    if (is_here_already(ask, &person, &session)) {
        return OK;
    }
    end_other(ask, &person);
    struct op *hello = ask_op(ask, OP_HELLO);
    hello->by = person;
    hello->has |= FIELD_KEY | FIELD_SIGNATURE;
    return OK;
}

/* Who one is: three pairs. */
static void pack_names(struct ask *ask, struct pack *p, const struct person_id *person)
{
    pack_str(p, "person");
    pack_person(ask, p, person);
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT handle, name FROM person WHERE person=?");
    store_bind(stmt, "p", person);
    bool found = store_row(ask->store, stmt);
    pack_str(p, "handle");
    found ? pack_column(p, stmt, 0) : pack_nil(p);
    pack_str(p, "name");
    found ? pack_column(p, stmt, 1) : pack_nil(p);
    sqlite3_reset(stmt);
}

static void pack_was_in(struct ask *ask, struct pack *p, const struct person_id *person)
{
    struct ref jam;
    struct place place;
    place_read(ask->store, person, &place);
    if (!jam_before(ask->store, person, place.kind == PLACE_JAM ? &place.jam : NULL, &jam)) {
        pack_nil(p);
        return;
    }
    pack_map(p, 2);
    pack_str(p, "jam");
    pack_jam_name(ask, p, &jam);
    pack_str(p, "id");
    pack_hex(p, jam.b);
}

/* Whose session this hello ended, or nil. */
static void pack_other(struct ask *ask, struct pack *p)
{
    for (uint32_t i = 0; i < ask->ops_count; i++) {
        if (ask->ops[i].kind == OP_BYE) {
            pack_person(ask, p, &ask->ops[i].by);
            return;
        }
    }
    pack_nil(p);
}

static enum err hello_tell(struct ask *ask, struct pack *p)
{
    struct person_id person = id_person(&ask->subject);
    struct lines unread;
    inbox_unread(ask->store, &person, &unread);
    pack_map(p, 10);
    pack_names(ask, p, &person);
    pack_str(p, "signed_out");
    pack_other(ask, p);
    pack_str(p, "id");
    pack_hex(p, person.b);
    pack_str(p, "new");
    pack_bool(p, ask->flag);
    pack_str(p, "moved_from");
    pack_was(ask, p);
    pack_str(p, "was");
    pack_was_in(ask, p, &person);
    pack_str(p, "feedback_waiting");
    pack_uint(p, unread.count);
    pack_str(p, "readers");
    pack_str(p, "machines");
    return OK;
}

static enum err bye_plan(struct ask *ask)
{
    ask_keep_place(ask);
    ask_op(ask, OP_BYE);
    ask->subject = person_ref(&ask->me);
    return OK;
}

static enum err bye_tell(struct ask *ask, struct pack *p)
{
    struct person_id person = id_person(&ask->subject);
    pack_map(p, 2);
    pack_str(p, "person");
    pack_person(ask, p, &person);
    pack_str(p, "was");
    pack_was(ask, p);
    return OK;
}

/* ---- who --------------------------------------------------------------------------------------------------------- */

/* What `who` says of everybody, a name's pairs aside: six pairs. */
static void pack_where(struct ask *ask, struct pack *p, const struct person_id *person,
                       const struct session *session)
{
    struct place place;
    place_read(ask->store, person, &place);
    pack_str(p, "place");
    pack_place(ask, p, &place);
    pack_moment(ask, p, &place.since);
    pack_str(p, "seat");
    pack_seat(ask, p, &session->device);
    pack_str(p, "here");
    pack_bool(p, session->here);
}

static void pack_all_roles(struct ask *ask, struct pack *p, const struct person_id *person)
{
    struct pack roles;
    uint32_t count = 0;
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT role.name, jam.name FROM jam JOIN role USING (jam) WHERE person=?"
                    " AND holds AND jam.stamp > x'' ORDER BY jam.stamp, role");
    store_bind(stmt, "p", person);
    pack_init(&roles);
    while (count < LIST_MAX && store_row(ask->store, stmt)) {
        pack_map(&roles, 2);
        pack_str(&roles, "role");
        pack_column(&roles, stmt, 0);
        pack_str(&roles, "jam");
        pack_column(&roles, stmt, 1);
        count++;
    }
    sqlite3_reset(stmt);
    pack_array(p, count);
    pack_raw(p, pack_bytes(&roles));
    p->failed |= roles.failed;
    pack_clear(&roles);
}

static enum err who_one(struct ask *ask, struct pack *p, struct slice typed)
{
    struct person_id person;
    struct session session;
    enum err err = name_person(ask, typed, "jam who", &person);
    if (err != OK) {
        return err;
    }
    session_read(ask->store, &person, &session);
    pack_map(p, 1);
    pack_str(p, "person");
    pack_map(p, 13);
    pack_str(p, "id");
    pack_hex(p, person.b);
    pack_names(ask, p, &person);
    pack_where(ask, p, &person, &session);
    pack_str(p, "member_of");
    pack_member_of(ask, p, &person);
    pack_str(p, "roles");
    pack_all_roles(ask, p, &person);
    pack_str(p, "since");
    pack_map(p, 3);
    pack_moment(ask, p, &session.since);
    return OK;
}

static void who_all(struct ask *ask, struct pack *p)
{
    struct shown_list people;
    all_people(ask->store, &people);
    list_show(ask, LIST_PEOPLE, &people);
    pack_map(p, 1);
    pack_str(p, "people");
    pack_array(p, people.count);
    for (uint32_t i = 0; i < people.count; i++) {
        struct person_id person = id_person(&people.ids[i]);
        struct session session;
        session_read(ask->store, &person, &session);
        pack_map(p, 11);
        pack_str(p, "n");
        pack_line(p, i + 1);
        pack_str(p, "id");
        pack_hex(p, person.b);
        pack_names(ask, p, &person);
        pack_where(ask, p, &person, &session);
    }
}

static enum err who_tell(struct ask *ask, struct pack *p)
{
    struct slice typed;
    if (ask_typed(ask, "person", &typed)) {
        return who_one(ask, p, typed);
    }
    who_all(ask, p);
    return OK;
}

static const struct method methods[] = {
    {"hello", hello_plan, hello_tell, true},
    {"bye", bye_plan, bye_tell, false},
    {"who", NULL, who_tell, true},
    {0},
};
static const char *const tables[] = {"person", "session", NULL};
const struct view view_person = {
    "person", tables, 1 << OP_PERSON | 1 << OP_HELLO | 1 << OP_BYE, person_fold, methods,
};
