/* People: how they are called, and where each of them is. */
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
                 "INSERT INTO person (person, wish, wish_key, wish_stamp) VALUES (?,?,?,?)"
                 " ON CONFLICT DO UPDATE SET wish=excluded.wish, wish_key=excluded.wish_key,"
                 " wish_stamp=excluded.wish_stamp WHERE excluded.wish_stamp > wish_stamp",
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

/* What counts: what a teacher confirmed, else what they wish; nothing for who was removed. */
static void settle_handle(struct store *store, const struct person_id *person)
{
    store_do(store,
             "UPDATE person SET handle=iif(confirmed_stamp>x'', confirmed, wish),"
             " handle_key=CASE WHEN removed THEN '' WHEN confirmed_stamp>x'' THEN confirmed_key"
             " ELSE wish_key END WHERE person=?",
             "p", person);
}

static void fold_confirm(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    char key[KEY_BYTES];
    struct slice handle_key = name_key(op->handle, key);
    if (handle_key.len == 0) {
        return;
    }
    store_do(store,
             "INSERT INTO person (person, confirmed, confirmed_key, confirmed_stamp)"
             " VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET confirmed=excluded.confirmed,"
             " confirmed_key=excluded.confirmed_key, confirmed_stamp=excluded.confirmed_stamp"
             " WHERE excluded.confirmed_stamp > confirmed_stamp",
             "ptts", &op->person, op->handle, handle_key, &fact->stamp);
    settle_handle(store, &op->person);
}

static void person_fold(struct store *store, const struct fact *fact)
{
    switch (fact->op->kind) {
    case OP_PERSON:
        fold_names(store, fact);
        settle_handle(store, &fact->op->by);
        break;
    case OP_CONFIRM:
        fold_confirm(store, fact);
        break;
    default: /* OP_REMOVE */
        store_do(store,
                 "INSERT INTO person (person, removed) VALUES (?,1)"
                 " ON CONFLICT DO UPDATE SET removed=1",
                 "p", &fact->op->person);
        settle_handle(store, &fact->op->person);
    }
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
    store_bind(ask->store, stmt, "p", person);
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
    pack_list(p, count, &roles);
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
    {"who", NULL, who_tell, true},
    {0},
};
static const char *const tables[] = {"person", NULL};
const struct view view_person = {
    "person", tables, 1 << OP_PERSON | 1 << OP_CONFIRM | 1 << OP_REMOVE, person_fold, methods,
};
