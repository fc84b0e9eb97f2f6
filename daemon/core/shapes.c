/* The shapes in which clients see rows. */
#include "shapes.h"

#include "authority.h"
#include "date.h"
#include "inbox.h"

void pack_hex(struct pack *p, const void *id)
{
    char text[33];
    if (id) {
        pack_str(p, hex(text, id, 16));
    } else {
        pack_nil(p);
    }
}

void pack_column(struct pack *p, sqlite3_stmt *stmt, int column)
{
    if (sqlite3_column_type(stmt, column) == SQLITE_NULL) {
        pack_nil(p);
    } else {
        pack_text(p, column_slice(stmt, column));
    }
}

void pack_entry(struct ask *ask, struct pack *p)
{
    pack_str(p, "entry");
    pack_hex(p, ask->ops_count > 0 ? ask->made.b : NULL);
    pack_str(p, "as");
    if (ask->signed_in) {
        pack_person(ask, p, &ask->me);
    } else {
        pack_nil(p);
    }
}

void pack_last_day(struct ask *ask, struct pack *p)
{
    char date[DATE_BYTES];
    const int64_t day_ms = INT64_C(24) * 3600 * 1000;
    uint64_t until_ms = class_until(ask->store);
    const char *until = date_text(until_ms, date);
    int64_t left = until ? (int64_t)until_ms / day_ms - ask->now.wall.ms / day_ms : 0;
    pack_str(p, "until");
    pack_str(p, until);
    pack_str(p, "days_left");
    if (until && left >= 0) {
        pack_int(p, left);
    } else {
        pack_nil(p);
    }
    pack_str(p, "over");
    pack_bool(p, left < 0);
}

static struct device_id device_of(struct store *store, const struct stamp *stamp)
{
    struct device_id device = {0};
    struct feed_id feed = stamp_feed(stamp);
    sqlite3_stmt *stmt = store_query(store, "SELECT device FROM feed WHERE feed=?");
    store_bind(store, stmt, "f", &feed);
    if (store_row(store, stmt)) {
        column_fixed(stmt, 0, device.b, sizeof(device.b));
    }
    sqlite3_reset(stmt);
    return device;
}

struct age moment_age(struct ask *ask, const struct moment *moment)
{
    struct device_id device = device_of(ask->store, &moment->stamp);
    return age_of(ask->ages, ask->now, &moment->stamp, &device, moment->time_ms);
}

void pack_moment(struct ask *ask, struct pack *p, const struct moment *moment)
{
    static const struct moment never;
    if (SAME(moment->stamp, never.stamp)) {
        pack_str(p, "at");
        pack_nil(p);
        pack_str(p, "age_s");
        pack_nil(p);
        pack_str(p, "clock");
        pack_nil(p);
        return;
    }
    struct age age = moment_age(ask, moment);
    pack_age(p, &age);
}

/* ---- people and places ------------------------------------------------------------------------------------------- */

void pack_person(struct ask *ask, struct pack *p, const struct person_id *person)
{
    char shown[SHOWN_BYTES];
    pack_str(p, person_shown(ask->store, person, shown));
}

void pack_names(struct ask *ask, struct pack *p, const struct person_id *person)
{
    pack_str(p, "person");
    pack_person(ask, p, person);
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT handle, name FROM person WHERE person=?");
    store_bind(ask->store, stmt, "p", person);
    bool found = store_row(ask->store, stmt);
    pack_str(p, "handle");
    found ? pack_column(p, stmt, 0) : pack_nil(p);
    pack_str(p, "name");
    found ? pack_column(p, stmt, 1) : pack_nil(p);
    sqlite3_reset(stmt);
}

void pack_left(struct ask *ask, struct pack *p)
{
    struct session session;
    session_read(ask->store, &ask->me, &session);
    bool removed = ask->left && authority_is_removed(ask->store, &ask->me);
    bool moved = ask->left && session.open && !SAME(session.device, ask->here);
    pack_str(p, "left");
    if (!removed && !moved) {
        pack_nil(p);
        return;
    }
    pack_map(p, 6);
    pack_str(p, "why");
    pack_str(p, removed ? "removed" : "moved");
    pack_str(p, "person");
    pack_person(ask, p, &ask->me);
    pack_str(p, "seat");
    pack_seat(ask, p, &session.device);
    pack_moment(ask, p, &session.since);
}

void pack_people(struct ask *ask, struct pack *p, const struct shown_list *people)
{
    pack_array(p, people->count);
    for (uint32_t i = 0; i < people->count; i++) {
        struct person_id person = id_person(&people->ids[i]);
        pack_person(ask, p, &person);
    }
}

void pack_place(struct ask *ask, struct pack *p, const struct place *place)
{
    pack_map(p, place->kind == PLACE_JAM ? 3 : place->kind == PLACE_SOLO ? 2 : 1);
    pack_str(p, "kind");
    switch (place->kind) {
    case PLACE_JAM:
        pack_str(p, "jam");
        pack_str(p, "jam");
        pack_jam_name(ask, p, &place->jam);
        pack_str(p, "id");
        pack_hex(p, place->jam.b);
        break;
    case PLACE_SOLO:
        pack_str(p, "solo");
        pack_str(p, "solo");
        pack_str(p, place->titled ? place->title : NULL);
        break;
    case PLACE_AWAY:
        pack_str(p, "away");
        break;
    }
}

void pack_my_place(struct ask *ask, struct pack *p)
{
    struct place place;
    place_read(ask->store, &ask->me, &place);
    pack_place(ask, p, &place);
}

void pack_was(struct ask *ask, struct pack *p)
{
    if (ask->was.len > 0) {
        pack_raw(p, ask->was);
    } else {
        pack_nil(p);
    }
}

void pack_seat(struct ask *ask, struct pack *p, const struct device_id *device)
{
    char label[LABEL_BYTES];
    pack_str(p, seat_of_device(ask->store, device, label) ? label : NULL);
}

void pack_signed_up(struct ask *ask, struct pack *p, const struct person_id *person)
{
    struct moment when;
    pack_str(p, "signed_up");
    if (!signed_up(ask->store, person, &when)) {
        pack_nil(p);
        return;
    }
    struct device_id device = device_of(ask->store, &when.stamp);
    pack_map(p, 4);
    pack_str(p, "seat");
    pack_seat(ask, p, &device);
    pack_moment(ask, p, &when);
}

/* ---- jams -------------------------------------------------------------------------------------------------------- */

void pack_jam_name(struct ask *ask, struct pack *p, const struct ref *jam)
{
    char name[LABEL_BYTES];
    pack_str(p, jam ? jam_name(ask->store, jam, name) : NULL);
}

void pack_jam_names(struct ask *ask, struct pack *p, const struct shown_list *jams)
{
    pack_array(p, jams->count);
    for (uint32_t i = 0; i < jams->count; i++) {
        pack_jam_name(ask, p, &jams->ids[i]);
    }
}

void pack_member_of(struct ask *ask, struct pack *p, const struct person_id *person)
{
    struct shown_list jams;
    person_jams(ask->store, person, &jams);
    pack_jam_names(ask, p, &jams);
}

/* Rows of one text, in order, as an array. */
static void pack_texts(struct ask *ask, struct pack *p, sqlite3_stmt *stmt)
{
    struct pack texts;
    uint32_t count = 0;
    pack_init(&texts);
    while (store_row(ask->store, stmt)) {
        pack_column(&texts, stmt, 0);
        count++;
    }
    pack_list(p, count, &texts);
}

void pack_roles_of(struct ask *ask, struct pack *p, const struct ref *jam,
                   const struct person_id *person)
{
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT name FROM role WHERE jam=? AND person=? AND holds ORDER BY role");
    store_bind(ask->store, stmt, "rp", jam, person);
    pack_texts(ask, p, stmt);
}

void pack_holders(struct ask *ask, struct pack *p, const struct ref *jam, struct slice role)
{
    struct shown_list people;
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT person FROM role JOIN person USING (person) WHERE jam=? AND role=?"
                    " AND holds AND handle_key<>'' ORDER BY handle_key, person");
    store_bind(ask->store, stmt, "rt", jam, role);
    ids_read(ask->store, stmt, &people);
    pack_people(ask, p, &people);
}

/* One role, as its last holder wrote it and since when. */
static void pack_role(struct ask *ask, struct pack *p, const struct ref *jam, struct slice role)
{
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT name, stamp, time_ms FROM role WHERE jam=? AND role=?"
                                " AND holds ORDER BY stamp DESC LIMIT 1");
    store_bind(ask->store, stmt, "rt", jam, role);
    struct moment moment = {0};
    pack_map(p, 5);
    pack_str(p, "role");
    if (store_row(ask->store, stmt)) {
        pack_column(p, stmt, 0);
        moment = column_moment(stmt, 1);
    } else {
        pack_nil(p);
    }
    sqlite3_reset(stmt);
    pack_str(p, "holders");
    pack_holders(ask, p, jam, role);
    pack_moment(ask, p, &moment);
}

void pack_roles(struct ask *ask, struct pack *p, const struct ref *jam)
{
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT DISTINCT role FROM role JOIN person USING (person)"
                                " WHERE jam=? AND holds AND handle_key<>'' ORDER BY role");
    struct pack roles;
    uint32_t count = 0;
    pack_init(&roles);
    store_bind(ask->store, stmt, "r", jam);
    while (count < LIST_MAX && store_row(ask->store, stmt)) {
        pack_role(ask, &roles, jam, column_slice(stmt, 0));
        count++;
    }
    sqlite3_reset(stmt);
    pack_list(p, count, &roles);
}

static void pack_people_in(struct ask *ask, struct pack *p, const struct ref *jam)
{
    struct shown_list people;
    jam_people(ask->store, jam, &people);
    pack_array(p, people.count);
    for (uint32_t i = 0; i < people.count; i++) {
        struct person_id person = id_person(&people.ids[i]);
        pack_map(p, 2);
        pack_str(p, "person");
        pack_person(ask, p, &person);
        pack_str(p, "roles");
        pack_roles_of(ask, p, jam, &person);
    }
}

/* Members of a jam who work alone now. */
static void solo_members(struct store *store, const struct ref *jam, struct shown_list *list)
{
    struct shown_list all;
    sqlite3_stmt *stmt = store_query(
        store, "SELECT person.person FROM place JOIN person USING (person)"
               " JOIN session USING (person)"
               " JOIN temp.machine_now m ON m.device=session.device AND m.state='here'"
               " WHERE (place.kind=0 OR place.kind=1 AND NOT EXISTS"
               " (SELECT 1 FROM jam WHERE jam.jam=place.jam AND jam.stamp > x''))"
               " AND session.here AND handle_key<>'' AND EXISTS"
               " (SELECT 1 FROM joined WHERE joined.person=person.person AND joined.jam=?)"
               " ORDER BY handle_key, person.person");
    store_bind(store, stmt, "r", jam);
    ids_read(store, stmt, &all);
    list->count = 0;
    for (uint32_t i = 0; i < all.count; i++) {
        struct person_id person = id_person(&all.ids[i]);
        if (is_member(store, &person, jam)) {
            list->ids[list->count++] = all.ids[i];
        }
    }
}

static void pack_solo_members(struct ask *ask, struct pack *p, const struct ref *jam)
{
    struct shown_list people;
    solo_members(ask->store, jam, &people);
    pack_array(p, people.count);
    for (uint32_t i = 0; i < people.count; i++) {
        struct place place;
        struct person_id person = id_person(&people.ids[i]);
        place_read(ask->store, &person, &place);
        pack_map(p, 5);
        pack_str(p, "person");
        pack_person(ask, p, &person);
        pack_str(p, "solo");
        pack_str(p, place.titled ? place.title : NULL);
        pack_moment(ask, p, &place.since);
    }
}

void pack_jam_pairs(struct ask *ask, struct pack *p, uint32_t n, const struct ref *jam)
{
    struct moment founded = {0};
    pack_str(p, "n");
    pack_line(p, n);
    pack_str(p, "id");
    pack_hex(p, jam->b);
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT name, purpose, stamp, time_ms FROM jam WHERE jam=?");
    store_bind(ask->store, stmt, "r", jam);
    bool found = store_row(ask->store, stmt);
    pack_str(p, "name");
    found ? pack_column(p, stmt, 0) : pack_nil(p);
    pack_str(p, "purpose");
    found ? pack_column(p, stmt, 1) : pack_nil(p);
    if (found) {
        founded = column_moment(stmt, 2);
    }
    sqlite3_reset(stmt);
    pack_str(p, "in");
    pack_people_in(ask, p, jam);
    pack_str(p, "solo");
    pack_solo_members(ask, p, jam);
    pack_moment(ask, p, &founded);
}

/* ---- tasks and journals ------------------------------------------------------------------------------------------ */

void pack_line(struct pack *p, uint32_t n)
{
    if (n > 0) {
        pack_uint(p, n);
    } else {
        pack_nil(p);
    }
}

/* An open task waits for anybody: who held it before doesn't hold it now. */
static void pack_task_columns(struct ask *ask, struct pack *p, sqlite3_stmt *stmt)
{
    struct person_id author, holder;
    int64_t state = sqlite3_column_int64(stmt, 1);
    column_fixed(stmt, 2, author.b, sizeof(author.b));
    bool held = column_fixed(stmt, 3, holder.b, sizeof(holder.b)) && state != TASK_OPEN;
    struct moment moment = column_moment(stmt, sqlite3_column_bytes(stmt, 4) > 0 ? 4 : 6);
    pack_str(p, "title");
    pack_column(p, stmt, 0);
    pack_str(p, "state");
    pack_str(p, task_state_name((uint64_t)state));
    pack_str(p, "by");
    pack_person(ask, p, &author);
    pack_str(p, "holder");
    if (held) {
        pack_person(ask, p, &holder);
    } else {
        pack_nil(p);
    }
    pack_moment(ask, p, &moment);
}

void pack_task(struct ask *ask, struct pack *p, uint32_t n, const struct ref *task)
{
    sqlite3_stmt *stmt = store_query(
        ask->store,
        "SELECT title, state, author, holder, state_stamp, state_time_ms, stamp, time_ms"
        " FROM task WHERE task=? AND stamp > x''");
    store_bind(ask->store, stmt, "r", task);
    if (!store_row(ask->store, stmt)) {
        pack_nil(p);
        return;
    }
    pack_map(p, 9);
    pack_str(p, "n");
    pack_line(p, n);
    pack_str(p, "id");
    pack_hex(p, task->b);
    pack_task_columns(ask, p, stmt);
    sqlite3_reset(stmt);
}

void pack_tasks(struct ask *ask, struct pack *p, const struct shown_list *tasks)
{
    pack_array(p, tasks->count);
    for (uint32_t i = 0; i < tasks->count; i++) {
        pack_task(ask, p, i + 1, &tasks->ids[i]);
    }
}

/* What a note says that its author sealed to themselves: to nobody else. */
static void pack_note(struct ask *ask, struct pack *p, const struct stamp *stamp)
{
    uint8_t room[LETTER_BYTES_MAX];
    struct letter letter;
    if (letter_read(ask, LETTER_NOTE, stamp, room, &letter)) {
        pack_text(p, letter.text);
    } else {
        pack_nil(p);
    }
    wipe(room, sizeof(room));
}

static void pack_story(struct ask *ask, struct pack *p, uint32_t n, sqlite3_stmt *stmt)
{
    struct ref id;
    struct person_id author, other;
    struct moment moment = column_moment(stmt, 6);
    column_fixed(stmt, 0, id.b, sizeof(id.b));
    column_fixed(stmt, 2, author.b, sizeof(author.b));
    pack_map(p, 10);
    pack_str(p, "n");
    pack_line(p, n);
    pack_str(p, "id");
    pack_hex(p, id.b);
    pack_str(p, "op");
    pack_str(p, op_name((uint32_t)sqlite3_column_int(stmt, 1)));
    pack_str(p, "state");
    pack_str(p, sqlite3_column_type(stmt, 4) == SQLITE_NULL
                    ? NULL
                    : task_state_name((uint64_t)sqlite3_column_int64(stmt, 4)));
    pack_str(p, "by");
    pack_person(ask, p, &author);
    pack_str(p, "text");
    if (sqlite3_column_type(stmt, 8) == SQLITE_NULL) {
        pack_column(p, stmt, 5);
    } else {
        pack_note(ask, p, &moment.stamp);
    }
    pack_str(p, "other");
    if (column_fixed(stmt, 3, other.b, sizeof(other.b))) {
        pack_person(ask, p, &other);
    } else {
        pack_nil(p);
    }
    pack_moment(ask, p, &moment);
}

void pack_journal_line(struct ask *ask, struct pack *p, uint32_t n, const struct line *line)
{
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT id, op, author, other, state, coalesce(text,"
                                " (SELECT title FROM task WHERE task=story.owner)), stamp, time_ms,"
                                " sealed FROM story WHERE owner=? AND stamp=?");
    store_bind(ask->store, stmt, "rs", &line->owner, &line->stamp);
    if (store_row(ask->store, stmt)) {
        pack_story(ask, p, n, stmt);
    } else {
        pack_nil(p);
    }
    sqlite3_reset(stmt);
}

void pack_journal(struct ask *ask, struct pack *p, const struct lines *lines)
{
    struct shown_list list = {.count = lines->count};
    for (uint32_t i = 0; i < lines->count; i++) {
        list.ids[i] = lines->at[i].id;
    }
    list_show(ask, LIST_ENTRIES, &list);
    pack_array(p, lines->count);
    for (uint32_t i = 0; i < lines->count; i++) {
        pack_journal_line(ask, p, i + 1, &lines->at[i]);
    }
}

/* ---- lists of this terminal -------------------------------------------------------------------------------------- */

void list_show(struct ask *ask, enum list_kind kind, const struct shown_list *list)
{
    if (ask->lists) {
        ask->lists[kind] = *list;
        ask->lists[kind].kind = kind;
    }
}

uint32_t list_line(struct ask *ask, enum list_kind kind, const struct ref *id)
{
    struct shown_list *list = ask->lists ? &ask->lists[kind] : NULL;
    for (uint32_t i = 0; list && i < list->count; i++) {
        if (SAME(list->ids[i], *id)) {
            return i + 1;
        }
    }
    if (!list || list->count == LIST_MAX) {
        return 0;
    }
    list->kind = kind;
    list->ids[list->count] = *id;
    return ++list->count;
}
