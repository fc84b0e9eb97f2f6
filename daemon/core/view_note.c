/* Journals: the story of a jam, or of one's own work, as the ops and the notes tell it. */
#include "rows.h"
#include "view_rows.h"

/* Whose journal an op belongs into: its jam's, its task's (whose jam the op doesn't say), or its author's own. */
static struct slice story_owner(const struct fact *fact)
{
    const struct op *op = fact->op;
    if (op->kind == OP_JAM) {
        return SLICE(fact->id);
    }
    if (op->kind == OP_TASK_SET) {
        return SLICE(op->task);
    }
    return op->has & FIELD_JAM ? SLICE(op->jam) : SLICE(op->by);
}

static struct slice story_text(const struct op *op)
{
    if (op->has & FIELD_TEXT) {
        return op->text;
    }
    if (op->has & FIELD_NAME) {
        return op->name;
    }
    return op->has & FIELD_TITLE ? op->title : (struct slice){0};
}

static void note_fold(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    sqlite3_stmt *stmt = store_query(
        store, "INSERT INTO story VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING");
    store_bind(stmt, op->has & FIELD_STATE ? "bsrippiti" : "bsrippnti", story_owner(fact),
               &fact->stamp, &fact->id, (int64_t)op->kind, &op->by,
               op->has & FIELD_PERSON ? &op->person : NULL, (int64_t)op->state, story_text(op),
               (int64_t)fact->time_ms);
    store_run(store, stmt);
}

static const struct method methods[] = {{0}};
static const char *const tables[] = {"story", NULL};
const struct view view_note = {
    "note", tables,
    1 << OP_HELLO | 1 << OP_BYE | 1 << OP_JAM | 1 << OP_JAM_SET | 1 << OP_JOIN | 1 << OP_SOLO |
        1 << OP_LEAVE | 1 << OP_ROLE | 1 << OP_TASK | 1 << OP_TASK_SET | 1 << OP_NOTE,
    note_fold, methods,
};
