/* Tasks of a jam, or one's own: title, state and holder are whatever was said last of each. */
#include "rows.h"
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

static const struct method methods[] = {{0}};
static const char *const tables[] = {"task", NULL};
const struct view view_task = {"task", tables, 1 << OP_TASK | 1 << OP_TASK_SET, task_fold, methods};
