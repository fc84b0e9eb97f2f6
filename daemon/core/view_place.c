/* Where people are: each in one jam, solo or away, by their last word; and of which jams they are members, which a join
 * at the same time as a leave keeps them. */
#include "ask.h"
#include "names.h"
#include "shapes.h"
#include "view_rows.h"
#include "planted.h"

static void fold_place(struct store *store, const struct fact *fact, enum place_kind kind,
                       const struct ref *jam)
{
    const struct op *op = fact->op;
    bool titled = op->kind == OP_SOLO && op->has & FIELD_TITLE;
    store_do(store,
             "INSERT INTO place VALUES (?,?,?,?,?,?)"
             " ON CONFLICT DO UPDATE SET kind=excluded.kind, jam=excluded.jam,"
             " title=excluded.title, stamp=excluded.stamp, time_ms=excluded.time_ms"
             " WHERE excluded.stamp > stamp OR ?7",
             "pirtsii", &op->by, (int64_t)kind, jam, titled ? op->title : (struct slice){0},
             &fact->stamp, (int64_t)fact->time_ms, (int64_t)PLANTED(4));
}

static void fold_join(struct store *store, const struct fact *fact, const struct ref *jam)
{
    fold_place(store, fact, PLACE_JAM, jam);
    store_do(store, "INSERT INTO joined VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING", "prsri",
             &fact->op->by, jam, &fact->stamp, &fact->id, (int64_t)fact->time_ms);
}

static void fold_leave(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    if (PLANTED(21)) {
        store_do(store, "DELETE FROM joined WHERE person=? AND jam=?", "pr", &op->by, &op->jam);
    }
    for (uint32_t i = 0; i < op->adds_count; i++) {
        store_do(store, "INSERT INTO removed VALUES (?,?,?) ON CONFLICT DO NOTHING", "prr", &op->by,
                 &op->jam, &op->adds[i]);
    }
    if (op->moves) {
        fold_place(store, fact, PLACE_SOLO, NULL);
    }
}

static void place_fold(struct store *store, const struct fact *fact)
{
    switch (fact->op->kind) {
    case OP_JAM:
        fold_join(store, fact, &fact->id);
        break;
    case OP_JOIN:
        fold_join(store, fact, &fact->op->jam);
        break;
    case OP_LEAVE:
        fold_leave(store, fact);
        break;
    case OP_BYE:
        fold_place(store, fact, PLACE_AWAY, NULL);
        break;
    case OP_HELLO:
        if (!fact->op->moves) {
            break; /* only another feed that speaks for who is here already */
        }
        /* fallthrough */
    default: /* OP_SOLO */
        fold_place(store, fact, PLACE_SOLO, NULL);
    }
}

/* ---- going in and out -------------------------------------------------------------------------------------------- */

/* Adds a JOIN of ask->subject. */
static void go_in(struct ask *ask)
{
    ask_keep_place(ask);
    struct op *op = ask_op(ask, OP_JOIN);
    op->jam = ask->subject;
    op->has |= FIELD_JAM;
}

static enum err join_plan(struct ask *ask)
{
    struct ref inside;
    struct slice typed;
    char name[LABEL_BYTES];
    if (!ask_typed(ask, "jam", &typed)) {
        return refuse(ask, ERR_EMPTY, slice_str("jam"), NULL);
    }
    enum err err = name_jam(ask, typed, "jam join", &ask->subject);
    if (err != OK) {
        return err;
    }
    if (ask_in_jam(ask, &inside) && SAME(inside, ask->subject)) {
        return refuse(ask, ERR_ALREADY_THERE, slice_str(jam_name(ask->store, &inside, name)), NULL);
    }
    go_in(ask);
    return OK;
}

/* Who else is in a jam. */
static void pack_with(struct ask *ask, struct pack *p, const struct ref *jam)
{
    struct shown_list people, others = {0};
    struct ref me = person_ref(&ask->me);
    jam_people(ask->store, jam, &people);
    for (uint32_t i = 0; i < people.count; i++) {
        if (!SAME(people.ids[i], me)) {
            others.ids[others.count++] = people.ids[i];
        }
    }
    pack_people(ask, p, &others);
}

static enum err join_tell(struct ask *ask, struct pack *p)
{
    pack_map(p, 7);
    pack_str(p, "jam");
    pack_jam_name(ask, p, &ask->subject);
    pack_str(p, "place");
    pack_my_place(ask, p);
    pack_str(p, "was");
    pack_was(ask, p);
    pack_str(p, "with");
    pack_with(ask, p, &ask->subject);
    pack_str(p, "member_of");
    pack_member_of(ask, p, &ask->me);
    pack_entry(ask, p);
    return OK;
}

static enum err solo_plan(struct ask *ask)
{
    struct slice task;
    ask_keep_place(ask);
    enum err err = ask_text_if(ask, "task", TITLE_BYTES_MAX, false, &task);
    if (err != OK) {
        return err;
    }
    struct op *op = ask_op(ask, OP_SOLO);
    op->title = task;
    op->has |= task.len > 0 ? FIELD_TITLE : 0;
    return OK;
}

static enum err solo_tell(struct ask *ask, struct pack *p)
{
    pack_map(p, 4);
    pack_str(p, "place");
    pack_my_place(ask, p);
    pack_str(p, "was");
    pack_was(ask, p);
    pack_entry(ask, p);
    return OK;
}

/* ---- back -------------------------------------------------------------------------------------------------------- */

static enum err back_plan(struct ask *ask)
{
    struct ref inside;
    bool in = ask_in_jam(ask, &inside);
    if (!jam_before(ask->store, &ask->me, in ? &inside : NULL, &ask->subject)) {
        return refuse(ask, ERR_NOWHERE_BACK, (struct slice){0}, NULL);
    }
    go_in(ask);
    return OK;
}

static uint64_t notes_since(struct ask *ask, const struct stamp *since)
{
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT count(*) FROM story WHERE owner=? AND stamp > ?"
                                " AND op=? AND author<>?");
    store_bind(ask->store, stmt, "rsip", &ask->subject, since, (int64_t)OP_NOTE, &ask->me);
    int64_t count = store_row(ask->store, stmt) ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return (uint64_t)count;
}

static void pack_tasks_done(struct ask *ask, struct pack *p, const struct stamp *since)
{
    struct shown_list tasks;
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT task FROM task WHERE owner=?1 AND state=?2 AND state_stamp > ?3"
                    " AND NOT EXISTS (SELECT 1 FROM story WHERE owner=task.task"
                    " AND story.stamp=state_stamp AND story.author=?4) ORDER BY stamp");
    store_bind(ask->store, stmt, "risp", &ask->subject, (int64_t)TASK_DONE, since, &ask->me);
    ids_read(ask->store, stmt, &tasks);
    pack_array(p, tasks.count);
    for (uint32_t i = 0; i < tasks.count; i++) {
        stmt = store_query(ask->store, "SELECT title FROM task WHERE task=?");
        store_bind(ask->store, stmt, "r", &tasks.ids[i]);
        store_row(ask->store, stmt) ? pack_column(p, stmt, 0) : pack_nil(p);
        sqlite3_reset(stmt);
    }
}

static void pack_people_came(struct ask *ask, struct pack *p, const struct stamp *since)
{
    struct shown_list people;
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT DISTINCT person FROM story JOIN person ON person.person=story.author"
                    " WHERE owner=? AND stamp > ? AND op=? AND author<>? AND handle_key<>''"
                    " ORDER BY handle_key, person");
    store_bind(ask->store, stmt, "rsip", &ask->subject, since, (int64_t)OP_JOIN, &ask->me);
    ids_read(ask->store, stmt, &people);
    pack_people(ask, p, &people);
}

static enum err back_tell(struct ask *ask, struct pack *p)
{
    struct place place;
    struct moment left = {0};
    place_read(ask->store, &ask->me, &place);
    jam_left(ask->store, &ask->me, &ask->subject, &place.since.stamp, &left);
    pack_map(p, 6);
    pack_str(p, "place");
    pack_place(ask, p, &place);
    pack_str(p, "away_s");
    pack_int(p, moment_age(ask, &left).age_ms / 1000);
    pack_str(p, "news");
    pack_map(p, 3);
    pack_str(p, "notes");
    pack_uint(p, notes_since(ask, &left.stamp));
    pack_str(p, "tasks_done");
    pack_tasks_done(ask, p, &left.stamp);
    pack_str(p, "people");
    pack_people_came(ask, p, &left.stamp);
    pack_str(p, "was");
    pack_was(ask, p);
    pack_entry(ask, p);
    return OK;
}

/* ---- leaving ----------------------------------------------------------------------------------------------------- */

/* The newest joins that still stand. */
static void live_adds(struct ask *ask, struct op *op)
{
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT id FROM joined WHERE person=?1 AND jam=?2 AND NOT EXISTS"
                                " (SELECT 1 FROM removed WHERE removed.person=?1 AND removed.jam=?2"
                                " AND removed.id=joined.id) ORDER BY stamp DESC");
    store_bind(ask->store, stmt, "pr", &op->by, &op->jam);
    while (op->adds_count < LEAVE_ADDS_MAX && store_row(ask->store, stmt)) {
        column_fixed(stmt, 0, op->adds[op->adds_count++].b, sizeof(op->adds[0].b));
    }
    sqlite3_reset(stmt);
}

static enum err leave_plan(struct ask *ask)
{
    struct ref inside;
    enum err err = ask_my_jam(ask, "jam leave", &ask->subject);
    if (err != OK) {
        return err;
    }
    struct op *op = ask_op(ask, OP_LEAVE);
    op->jam = ask->subject;
    op->moves = ask_in_jam(ask, &inside) && SAME(inside, ask->subject);
    op->has |= FIELD_JAM | FIELD_MOVES | FIELD_ADDS;
    live_adds(ask, op);
    return OK;
}

static enum err leave_tell(struct ask *ask, struct pack *p)
{
    pack_map(p, 5);
    pack_str(p, "left");
    pack_jam_name(ask, p, &ask->subject);
    pack_str(p, "place");
    pack_my_place(ask, p);
    pack_str(p, "member_of");
    pack_member_of(ask, p, &ask->me);
    pack_entry(ask, p);
    return OK;
}

static const struct method methods[] = {
    {"join", join_plan, join_tell, false},
    {"solo", solo_plan, solo_tell, false},
    {"back", back_plan, back_tell, false},
    {"leave", leave_plan, leave_tell, false},
    {0},
};
static const char *const tables[] = {"place", "joined", "removed", NULL};
const struct view view_place = {
    "place",
    tables,
    1 << OP_JAM | 1 << OP_JOIN | 1 << OP_LEAVE | 1 << OP_SOLO | 1 << OP_HELLO | 1 << OP_BYE,
    place_fold,
    methods,
};
