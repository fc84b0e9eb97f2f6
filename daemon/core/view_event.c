/* The changes that watchers are told one by one: what a fact changed, if it is what counts now. */
#include "inbox.h"
#include "shapes.h"

/* Is there a row of this key with the fact's stamp? Statements bind the key first, the stamp second. */
static bool counts(struct ask *ask, const struct fact *fact, const char *sql, struct slice key)
{
    sqlite3_stmt *stmt = store_query(ask->store, sql);
    store_bind(ask->store, stmt, "bs", key, &fact->stamp);
    return store_any(ask->store, stmt);
}

static void pack_lag(struct ask *ask, struct pack *p, const struct fact *fact)
{
    static const struct stamp unseen;
    struct age age = age_of(ask->ages, ask->now, &unseen, &fact->device, fact->time_ms);
    pack_str(p, "lag_ms");
    if (age.clock == AGE_GUESSED && !SAME(fact->device, ask->here)) {
        pack_nil(p);
    } else {
        pack_int(p, age.age_ms);
    }
}

/* Begins a map of `pairs` pairs besides the type, the age and lag_ms, which it writes. */
static void pack_event(struct ask *ask, struct pack *p, const struct fact *fact, const char *type,
                       uint32_t pairs)
{
    struct age age = age_of(ask->ages, ask->now, &fact->stamp, &fact->device, fact->time_ms);
    pack_map(p, pairs + 5);
    pack_str(p, "type");
    pack_str(p, type);
    pack_age(p, &age);
    pack_lag(ask, p, fact);
}

static void pack_who(struct ask *ask, struct pack *p, const char *key,
                     const struct person_id *person)
{
    pack_str(p, key);
    pack_person(ask, p, person);
}

static void pack_in_jam(struct ask *ask, struct pack *p, const struct ref *jam)
{
    pack_str(p, "jam");
    pack_jam_name(ask, p, jam);
}

/* ---- one function a type ----------------------------------------------------------------------------------------- */

static bool event_place(struct ask *ask, const struct fact *fact, struct pack *p)
{
    struct place place;
    place_read(ask->store, &fact->op->by, &place);
    if (!SAME(place.since.stamp, fact->stamp) ||
        (fact->op->kind == OP_JOIN && place.kind != PLACE_JAM)) {
        return false;
    }
    pack_event(ask, p, fact, "place", 2);
    pack_who(ask, p, "person", &fact->op->by);
    pack_str(p, "place");
    pack_place(ask, p, &place);
    return true;
}

static bool event_person(struct ask *ask, const struct fact *fact, struct pack *p)
{
    struct session session;
    session_read(ask->store, &fact->op->by, &session);
    if (!SAME(session.since.stamp, fact->stamp)) {
        return false;
    }
    pack_event(ask, p, fact, "person", 3);
    pack_who(ask, p, "person", &fact->op->by);
    pack_str(p, "here");
    pack_bool(p, session.open);
    pack_str(p, "seat");
    pack_seat(ask, p, &session.device);
    return true;
}

static bool event_jam(struct ask *ask, const struct fact *fact, struct pack *p)
{
    const struct ref *jam = fact->op->kind == OP_JAM ? &fact->id : &fact->op->jam;
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT name, purpose FROM jam WHERE jam=?1 AND jam.stamp > x'' AND"
                                " (stamp=?2 OR name_stamp=?2 OR purpose_stamp=?2)");
    store_bind(ask->store, stmt, "rs", jam, &fact->stamp);
    if (!store_row(ask->store, stmt)) {
        return false;
    }
    pack_event(ask, p, fact, "jam", 5);
    pack_in_jam(ask, p, jam);
    pack_str(p, "id");
    pack_hex(p, jam->b);
    pack_str(p, "name");
    pack_column(p, stmt, 0);
    pack_str(p, "purpose");
    pack_column(p, stmt, 1);
    sqlite3_reset(stmt);
    pack_who(ask, p, "by", &fact->op->by);
    return true;
}

static bool event_leave(struct ask *ask, const struct fact *fact, struct pack *p)
{
    if (!jam_exists(ask->store, &fact->op->jam) ||
        is_member(ask->store, &fact->op->by, &fact->op->jam)) {
        return false;
    }
    pack_event(ask, p, fact, "leave", 2);
    pack_who(ask, p, "person", &fact->op->by);
    pack_in_jam(ask, p, &fact->op->jam);
    return true;
}

static bool event_role(struct ask *ask, const struct fact *fact, struct pack *p)
{
    char room[KEY_BYTES];
    struct slice key = name_key(fact->op->name, room);
    if (!jam_exists(ask->store, &fact->op->jam) ||
        !counts(ask, fact, "SELECT 1 FROM role WHERE jam=? AND stamp=?", SLICE(fact->op->jam))) {
        return false;
    }
    pack_event(ask, p, fact, "role", 4);
    pack_in_jam(ask, p, &fact->op->jam);
    pack_str(p, "role");
    pack_text(p, fact->op->name);
    pack_str(p, "holders");
    pack_holders(ask, p, &fact->op->jam, key);
    pack_who(ask, p, "by", &fact->op->by);
    return true;
}

/* Only tasks of jams: the owner of one's own is no jam, and they are nobody's news. */
static bool event_task(struct ask *ask, const struct fact *fact, struct pack *p)
{
    struct ref jam;
    const struct ref *task = fact->op->kind == OP_TASK ? &fact->id : &fact->op->task;
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT owner FROM task WHERE task=?1 AND"
                    " (stamp=?2 OR title_stamp=?2 OR state_stamp=?2 OR holder_stamp=?2)");
    store_bind(ask->store, stmt, "rs", task, &fact->stamp);
    bool found = store_row(ask->store, stmt) && column_fixed(stmt, 0, jam.b, sizeof(jam.b));
    sqlite3_reset(stmt);
    if (!found || !jam_exists(ask->store, &jam)) {
        return false;
    }
    pack_event(ask, p, fact, "task", 3);
    pack_in_jam(ask, p, &jam);
    pack_str(p, "task");
    pack_task(ask, p, 0, task);
    pack_who(ask, p, "by", &fact->op->by);
    return true;
}

static bool event_note(struct ask *ask, const struct fact *fact, struct pack *p)
{
    if (!(fact->op->has & FIELD_JAM) || !jam_exists(ask->store, &fact->op->jam)) {
        return false;
    }
    pack_event(ask, p, fact, "note", 3);
    pack_in_jam(ask, p, &fact->op->jam);
    pack_who(ask, p, "by", &fact->op->by);
    pack_str(p, "text");
    pack_text(p, fact->op->text);
    return true;
}

/* That somebody wrote some, not to whom. */
static bool event_sealed(struct ask *ask, const struct fact *fact, struct pack *p)
{
    if (!counts(ask, fact, "SELECT 1 FROM feedback WHERE receiver=? AND stamp=?",
                SLICE(sealed_receiver))) {
        return false;
    }
    pack_event(ask, p, fact, "feedback", 1);
    pack_who(ask, p, "from", &fact->op->by);
    return true;
}

/* That there is some, never what it says. */
static bool event_feedback(struct ask *ask, const struct fact *fact, struct pack *p)
{
    const struct op *op = fact->op;
    bool to_person = op->has & FIELD_PERSON;
    if (op->has & FIELD_BOX) {
        return event_sealed(ask, fact, p);
    }
    if (to_person ? !person_exists(ask->store, &op->person) : !jam_exists(ask->store, &op->jam)) {
        return false;
    }
    pack_event(ask, p, fact, "feedback", 2);
    pack_who(ask, p, "from", &op->by);
    pack_str(p, "to");
    if (to_person) {
        pack_person(ask, p, &op->person);
    } else {
        pack_jam_name(ask, p, &op->jam);
    }
    return true;
}

/* What is erased, never what it said: who keeps a list of lines takes that one out. */
static bool event_redact(struct ask *ask, const struct fact *fact, struct pack *p)
{
    const struct op *op = fact->op;
    bool in_jam = op->has & FIELD_JAM && jam_exists(ask->store, &op->jam);
    pack_event(ask, p, fact, "redact", 4);
    pack_in_jam(ask, p, in_jam ? &op->jam : NULL);
    pack_str(p, "entry");
    pack_hex(p, op->entry.b);
    pack_who(ask, p, "by", &op->by);
    pack_str(p, "why");
    pack_text(p, op->text);
    return true;
}

static bool event_seat(struct ask *ask, const struct fact *fact, struct pack *p)
{
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT label, (SELECT host FROM device WHERE device.hardware=seat.hardware"
                    " ORDER BY stamp DESC LIMIT 1) FROM seat WHERE hardware=? AND stamp=?");
    store_bind(ask->store, stmt, "ws", &fact->op->hardware, &fact->stamp);
    if (!store_row(ask->store, stmt)) {
        return false;
    }
    pack_event(ask, p, fact, "seat", 2);
    pack_str(p, "seat");
    pack_column(p, stmt, 0);
    pack_str(p, "host");
    pack_column(p, stmt, 1);
    sqlite3_reset(stmt);
    return true;
}

/* By people who show: an op of somebody without a handle changes nothing that can be seen. */
bool views_event(struct ask *ask, const struct fact *fact, struct pack *p)
{
    if (fact->op->has & FIELD_BY && !person_exists(ask->store, &fact->op->by)) {
        return false;
    }
    switch (fact->op->kind) {
    case OP_HELLO:
    case OP_BYE:
        return event_person(ask, fact, p);
    case OP_SEAT:
        return event_seat(ask, fact, p);
    case OP_JAM:
    case OP_JAM_SET:
        return event_jam(ask, fact, p);
    case OP_JOIN:
    case OP_SOLO:
        return event_place(ask, fact, p);
    case OP_LEAVE:
        return event_leave(ask, fact, p);
    case OP_ROLE:
        return event_role(ask, fact, p);
    case OP_TASK:
    case OP_TASK_SET:
        return event_task(ask, fact, p);
    case OP_NOTE:
        return event_note(ask, fact, p);
    case OP_FEEDBACK:
        return event_feedback(ask, fact, p);
    case OP_REDACT:
        return event_redact(ask, fact, p);
    default:
        return false;
    }
}
