/* Feedback: glow and grow, from somebody with a name to a person or a jam. Only ever added, never counted. */
#include "rows.h"
#include "view_rows.h"

static void feedback_fold(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    bool to_person = op->has & FIELD_PERSON;
    if (!to_person && !(op->has & FIELD_JAM)) {
        return;
    }
    store_do(store, "INSERT INTO feedback VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
             "bsrpitti", to_person ? SLICE(op->person) : SLICE(op->jam), &fact->stamp, &fact->id,
             &op->by, (int64_t)!to_person, op->has & FIELD_TEXT ? op->text : (struct slice){0},
             op->has & FIELD_MORE ? op->more : (struct slice){0}, (int64_t)fact->time_ms);
}

static const struct method methods[] = {{0}};
static const char *const tables[] = {"feedback", NULL};
const struct view view_feedback = {"feedback", tables, 1 << OP_FEEDBACK, feedback_fold, methods};
