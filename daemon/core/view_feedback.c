/* Feedback: glow and grow, from somebody with a name to a person or a jam. Only ever added, never counted. */
#include "ask.h"
#include "names.h"
#include "shapes.h"
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

/* ---- methods ----------------------------------------------------------------------------------------------------- */

static enum err to_person(struct ask *ask, struct slice typed, struct op *op)
{
    enum err err = name_person(ask, typed, "jam feedback", &op->person);
    if (err == OK && SAME(op->person, ask->me)) {
        return refuse(ask, ERR_YOURSELF, (struct slice){0}, NULL);
    }
    op->has |= FIELD_PERSON;
    return err;
}

static enum err feedback_plan(struct ask *ask)
{
    struct slice typed, glow, grow;
    enum err err = ask_text_if(ask, "glow", TEXT_BYTES_MAX, true, &glow);
    err = err == OK ? ask_text_if(ask, "grow", TEXT_BYTES_MAX, true, &grow) : err;
    if (err != OK) {
        return err;
    }
    if (glow.len == 0 && grow.len == 0) {
        return refuse(ask, ERR_EMPTY, slice_str("glow, grow"), NULL);
    }
    struct op *op = ask_op(ask, OP_FEEDBACK);
    op->text = glow;
    op->more = grow;
    op->has |= (glow.len > 0 ? FIELD_TEXT : 0) | (grow.len > 0 ? FIELD_MORE : 0);
    if (ask_typed(ask, "person", &typed)) {
        return to_person(ask, typed, op);
    }
    if (!ask_typed(ask, "jam", &typed)) {
        return refuse(ask, ERR_EMPTY, slice_str("person"), NULL);
    }
    op->has |= FIELD_JAM;
    return name_jam(ask, typed, "jam feedback --jam", &op->jam);
}

/* Nothing is sealed yet: whoever sits at a machine of the class could read it. */
static enum err feedback_tell(struct ask *ask, struct pack *p)
{
    const struct op *op = &ask->ops[0];
    pack_map(p, 1);
    pack_str(p, "feedback");
    pack_map(p, 4);
    pack_str(p, "to");
    if (op->has & FIELD_PERSON) {
        pack_person(ask, p, &op->person);
    } else {
        pack_jam_name(ask, p, &op->jam);
    }
    pack_str(p, "readers");
    pack_array(p, 1);
    pack_str(p, "machines");
    pack_entry(ask, p);
    return OK;
}

static void pack_letter(struct ask *ask, struct pack *p, uint32_t n, const struct line *line)
{
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT to_jam, glow, grow, stamp, time_ms FROM feedback"
                                " WHERE receiver=? AND stamp=?");
    store_bind(stmt, "rs", &line->owner, &line->stamp);
    if (!store_row(ask->store, stmt)) {
        pack_nil(p);
        return;
    }
    struct moment moment = column_moment(stmt, 3);
    pack_map(p, 9);
    pack_str(p, "n");
    pack_line(p, n);
    pack_str(p, "id");
    pack_hex(p, line->id.b);
    pack_str(p, "from");
    pack_person(ask, p, &line->author);
    pack_str(p, "to");
    if (sqlite3_column_int(stmt, 0)) {
        pack_jam_name(ask, p, &line->owner);
    } else {
        pack_person(ask, p, &ask->me);
    }
    pack_str(p, "glow");
    pack_column(p, stmt, 1);
    pack_str(p, "grow");
    pack_column(p, stmt, 2);
    sqlite3_reset(stmt);
    pack_moment(ask, p, &moment);
}

static enum err inbox_tell(struct ask *ask, struct pack *p)
{
    static const struct stamp always;
    struct lines letters;
    struct shown_list list = {0};
    inbox_read(ask->store, &ask->me, &always, &letters);
    pack_map(p, 1);
    pack_str(p, "inbox");
    pack_array(p, letters.count);
    for (uint32_t i = 0; i < letters.count; i++) {
        pack_letter(ask, p, i + 1, &letters.at[i]);
        list.ids[list.count++] = letters.at[i].id;
    }
    list_show(ask, LIST_FEEDBACK, &list);
    list_show(ask, LIST_ENTRIES, &list);
    if (letters.count > 0) {
        inbox_mark_read(ask->store, &ask->me, &letters.at[0].stamp);
    }
    return OK;
}

static const struct method methods[] = {
    {"feedback", feedback_plan, feedback_tell, false},
    {"inbox", NULL, inbox_tell, false},
    {0},
};
static const char *const tables[] = {"feedback", NULL};
const struct view view_feedback = {"feedback", tables, 1 << OP_FEEDBACK, feedback_fold, methods};
