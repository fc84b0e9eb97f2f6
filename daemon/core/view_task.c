/* Tasks of a jam, or one's own: title, state and holder are whatever was said last of each. */
#include "ask.h"
#include "names.h"
#include "shapes.h"
#include "view_rows.h"

static void fold_founding(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    bool in_jam = op->has & FIELD_JAM;
    store_do(store,
             "INSERT INTO task (task, stamp, time_ms, author, owner, in_jam, title, title_stamp)"
             " VALUES (?1,?2,?3,?4,?5,?6,?7,?2) ON CONFLICT DO UPDATE SET stamp=excluded.stamp,"
             " time_ms=excluded.time_ms, author=excluded.author, owner=excluded.owner,"
             " in_jam=excluded.in_jam,"
             " title=CASE WHEN ?2 > title_stamp THEN excluded.title ELSE title END,"
             " title_stamp=max(title_stamp, ?2) WHERE excluded.stamp > stamp",
             "rsipbit", &fact->id, &fact->stamp, (int64_t)fact->time_ms, &op->by,
             in_jam ? SLICE(op->jam) : SLICE(op->by), (int64_t)in_jam, op->title);
}

/* Fields that aren't there keep their stamp empty, and so never win. */
static void fold_change(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    struct slice never = slice_of("", 0), stamp = SLICE(fact->stamp);
    store_do(store,
             "INSERT INTO task (task, title, title_stamp, state, state_stamp, state_time_ms,"
             " holder, holder_stamp) VALUES (?1,?2,?3,?4,?5,CASE WHEN ?5 > x'' THEN ?6 END,?7,?8)"
             " ON CONFLICT DO UPDATE SET"
             " title=CASE WHEN ?3 > title_stamp THEN ?2 ELSE title END,"
             " title_stamp=max(title_stamp, ?3),"
             " state=CASE WHEN ?5 > state_stamp THEN ?4 ELSE state END,"
             " state_time_ms=CASE WHEN ?5 > state_stamp THEN ?6 ELSE state_time_ms END,"
             " state_stamp=max(state_stamp, ?5),"
             " holder=CASE WHEN ?8 > holder_stamp THEN ?7 ELSE holder END,"
             " holder_stamp=max(holder_stamp, ?8)",
             "rtbibipb", &op->task, op->has & FIELD_TITLE ? op->title : (struct slice){0},
             op->has & FIELD_TITLE ? stamp : never,
             (int64_t)(op->has & FIELD_STATE ? op->state : TASK_OPEN),
             op->has & FIELD_STATE ? stamp : never, (int64_t)fact->time_ms,
             op->has & FIELD_PERSON ? &op->person : NULL, op->has & FIELD_PERSON ? stamp : never);
}

static void task_fold(struct store *store, const struct fact *fact)
{
    if (fact->op->kind == OP_TASK) {
        fold_founding(store, fact);
    } else {
        fold_change(store, fact);
    }
}

/* ---- methods ----------------------------------------------------------------------------------------------------- */

/* The jam whose tasks are meant: the one named, else the one that I'm in; false: my own. */
static enum err task_jam(struct ask *ask, struct ref *jam, bool *in_jam)
{
    struct slice typed;
    *in_jam = false;
    if (ask_flag(ask, "solo")) {
        return OK;
    }
    if (ask_typed(ask, "jam", &typed)) {
        *in_jam = true;
        return name_jam(ask, typed, "jam task list", jam);
    }
    *in_jam = ask_in_jam(ask, jam);
    return OK;
}

static enum err add_plan(struct ask *ask)
{
    struct slice title;
    struct ref jam;
    bool in_jam;
    enum err err = ask_text(ask, "title", TITLE_BYTES_MAX, false, &title);
    err = err == OK ? task_jam(ask, &jam, &in_jam) : err;
    if (err != OK) {
        return err;
    }
    struct op *op = ask_op(ask, OP_TASK);
    op->title = title;
    op->has |= FIELD_TITLE;
    if (in_jam) {
        op->jam = jam;
        op->has |= FIELD_JAM;
    }
    return OK;
}

/* The pairs task, jam and entry of one task. */
static void pack_changed(struct ask *ask, struct pack *p, const struct ref *task)
{
    struct ref jam;
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT owner FROM task WHERE task=? AND in_jam");
    store_bind(ask->store, stmt, "r", task);
    bool in_jam = store_row(ask->store, stmt) && column_fixed(stmt, 0, jam.b, sizeof(jam.b));
    sqlite3_reset(stmt);
    pack_map(p, 4);
    pack_str(p, "task");
    pack_task(ask, p, list_line(ask, LIST_TASKS, task), task);
    pack_str(p, "jam");
    pack_jam_name(ask, p, in_jam ? &jam : NULL);
    pack_entry(ask, p);
}

/* A list that nobody saw begins with what was there before. */
static enum err add_tell(struct ask *ask, struct pack *p)
{
    struct shown_list tasks;
    const struct op *op = &ask->ops[0];
    if (ask->lists && ask->lists[LIST_TASKS].count == 0) {
        struct ref owner = op->has & FIELD_JAM ? op->jam : person_ref(&op->by);
        tasks_of(ask->store, &owner, &tasks);
        list_show(ask, LIST_TASKS, &tasks);
    }
    pack_changed(ask, p, &ask->made);
    return OK;
}

/* ask->subject is the task. */
static enum err change_plan(struct ask *ask, enum task_state state)
{
    struct slice typed;
    if (!ask_typed(ask, "task", &typed)) {
        return refuse(ask, ERR_EMPTY, slice_str("task"), NULL);
    }
    enum err err = name_task(ask, typed, &ask->subject);
    if (err != OK) {
        return err;
    }
    struct op *op = ask_op(ask, OP_TASK_SET);
    op->task = ask->subject;
    op->state = state;
    op->has |= FIELD_TASK | FIELD_STATE;
    if (state == TASK_TRYING) {
        op->person = ask->me;
        op->has |= FIELD_PERSON;
    }
    return OK;
}

static enum err take_plan(struct ask *ask)
{
    return change_plan(ask, TASK_TRYING);
}

static enum err done_plan(struct ask *ask)
{
    return change_plan(ask, TASK_DONE);
}

static enum err open_plan(struct ask *ask)
{
    return change_plan(ask, TASK_OPEN);
}

static enum err change_tell(struct ask *ask, struct pack *p)
{
    pack_changed(ask, p, &ask->subject);
    return OK;
}

static enum err list_tell(struct ask *ask, struct pack *p)
{
    struct shown_list tasks;
    struct ref jam;
    bool in_jam;
    enum err err = task_jam(ask, &jam, &in_jam);
    if (err != OK) {
        return err;
    }
    struct ref owner = in_jam ? jam : person_ref(&ask->me);
    tasks_of(ask->store, &owner, &tasks);
    list_show(ask, LIST_TASKS, &tasks);
    pack_map(p, 2);
    pack_str(p, "tasks");
    pack_tasks(ask, p, &tasks);
    pack_str(p, "jam");
    pack_jam_name(ask, p, in_jam ? &jam : NULL);
    return OK;
}

static const struct method methods[] = {
    {"task.add", add_plan, add_tell, false},      {"task.take", take_plan, change_tell, false},
    {"task.done", done_plan, change_tell, false}, {"task.open", open_plan, change_tell, false},
    {"task.list", NULL, list_tell, false},        {0},
};
static const char *const tables[] = {"task", NULL};
const struct view view_task = {"task", tables, 1 << OP_TASK | 1 << OP_TASK_SET, task_fold, methods};
