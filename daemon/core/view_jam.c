/* Jams: founded by one entry, which is their id for ever; name and purpose are whatever was said last. */
#include "ask.h"
#include "shapes.h"
#include "view_rows.h"

static void fold_founding(struct store *store, const struct fact *fact)
{
    store_do(store,
             "INSERT INTO jam (jam, stamp, time_ms, author) VALUES (?,?,?,?)"
             " ON CONFLICT DO UPDATE SET stamp=excluded.stamp, time_ms=excluded.time_ms,"
             " author=excluded.author WHERE excluded.stamp > stamp",
             "rsip", &fact->id, &fact->stamp, (int64_t)fact->time_ms, &fact->op->by);
}

static void jam_fold(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    const struct ref *jam = op->kind == OP_JAM ? &fact->id : &op->jam;
    if (op->kind == OP_JAM) {
        fold_founding(store, fact);
    }
    if (op->has & FIELD_NAME) {
        store_do(store,
                 "INSERT INTO jam (jam, name, name_stamp) VALUES (?,?,?)"
                 " ON CONFLICT DO UPDATE SET name=excluded.name, name_stamp=excluded.name_stamp"
                 " WHERE excluded.name_stamp > name_stamp",
                 "rts", jam, op->name, &fact->stamp);
    }
    if (op->has & FIELD_TITLE) {
        store_do(store,
                 "INSERT INTO jam (jam, purpose, purpose_stamp) VALUES (?,?,?)"
                 " ON CONFLICT DO UPDATE SET purpose=excluded.purpose,"
                 " purpose_stamp=excluded.purpose_stamp"
                 " WHERE excluded.purpose_stamp > purpose_stamp",
                 "rts", jam, op->title, &fact->stamp);
    }
}

/* ---- starting and changing --------------------------------------------------------------------------------------- */

static enum err start_plan(struct ask *ask)
{
    struct slice name, purpose;
    enum err err = ask_name(ask, "name", NAME_BYTES_MAX, &name);
    err = err == OK ? ask_text_if(ask, "purpose", TITLE_BYTES_MAX, false, &purpose) : err;
    if (err != OK) {
        return err;
    }
    struct op *op = ask_op(ask, OP_JAM);
    op->name = name;
    op->title = purpose;
    op->has |= FIELD_NAME | (purpose.len > 0 ? FIELD_TITLE : 0);
    return OK;
}

/* The names of other jams that look the same. */
static void pack_others(struct ask *ask, struct pack *p, const struct ref *jam)
{
    struct shown_list all, same = {0};
    char name[LABEL_BYTES], room[KEY_BYTES], other_room[KEY_BYTES];
    struct slice key = name_key(slice_str(jam_name(ask->store, jam, name)), room);
    all_jams(ask->store, &all);
    for (uint32_t i = 0; i < all.count; i++) {
        jam_name(ask->store, &all.ids[i], name);
        if (!SAME(all.ids[i], *jam) && slice_equal(key, name_key(slice_str(name), other_room))) {
            same.ids[same.count++] = all.ids[i];
        }
    }
    pack_jam_names(ask, p, &same);
}

/* The pair "jam" of an answer: {id, name, purpose}. */
static void pack_jam(struct ask *ask, struct pack *p, const struct ref *jam)
{
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT name, purpose FROM jam WHERE jam=?");
    store_bind(ask->store, stmt, "r", jam);
    bool found = store_row(ask->store, stmt);
    pack_str(p, "jam");
    pack_map(p, 3);
    pack_str(p, "id");
    pack_hex(p, jam->b);
    pack_str(p, "name");
    found ? pack_column(p, stmt, 0) : pack_nil(p);
    pack_str(p, "purpose");
    found ? pack_column(p, stmt, 1) : pack_nil(p);
    sqlite3_reset(stmt);
}

static enum err start_tell(struct ask *ask, struct pack *p)
{
    pack_map(p, 5);
    pack_jam(ask, p, &ask->made);
    pack_str(p, "place");
    pack_my_place(ask, p);
    pack_entry(ask, p);
    pack_str(p, "others");
    pack_others(ask, p, &ask->made);
    return OK;
}

static enum err set_plan(struct ask *ask)
{
    struct slice typed, name = {0}, purpose;
    enum err err = ask_my_jam(ask, "jam set", &ask->subject);
    if (err == OK && ask_typed(ask, "name", &typed)) {
        err = ask_name(ask, "name", NAME_BYTES_MAX, &name);
    }
    err = err == OK ? ask_text_if(ask, "purpose", TITLE_BYTES_MAX, false, &purpose) : err;
    if (err != OK) {
        return err;
    }
    if (name.len == 0 && purpose.len == 0) {
        return refuse(ask, ERR_EMPTY, slice_str("name, purpose"), NULL);
    }
    struct op *op = ask_op(ask, OP_JAM_SET);
    op->jam = ask->subject;
    op->name = name;
    op->title = purpose;
    op->has |= FIELD_JAM | (name.len > 0 ? FIELD_NAME : 0) | (purpose.len > 0 ? FIELD_TITLE : 0);
    return OK;
}

static enum err set_tell(struct ask *ask, struct pack *p)
{
    pack_map(p, 3);
    pack_jam(ask, p, &ask->subject);
    pack_entry(ask, p);
    return OK;
}

/* ---- showing ----------------------------------------------------------------------------------------------------- */

static enum err list_tell(struct ask *ask, struct pack *p)
{
    struct shown_list jams;
    all_jams(ask->store, &jams);
    list_show(ask, LIST_JAMS, &jams);
    pack_map(p, 1);
    pack_str(p, "jams");
    pack_array(p, jams.count);
    for (uint32_t i = 0; i < jams.count; i++) {
        pack_map(p, JAM_PAIRS);
        pack_jam_pairs(ask, p, i + 1, &jams.ids[i]);
    }
    return OK;
}

enum { JOURNAL_LINES_SHOWN = 10 };

static void show_rest(struct ask *ask, struct pack *p, const struct ref *jam)
{
    static const struct stamp always;
    struct shown_list members, tasks;
    struct lines lines;
    jam_members(ask->store, jam, &members);
    tasks_of(ask->store, jam, &tasks);
    journal_read(ask->store, jam, &always, JOURNAL_LINES_SHOWN, &lines);
    list_show(ask, LIST_TASKS, &tasks);
    pack_str(p, "members");
    pack_people(ask, p, &members);
    pack_str(p, "roles");
    pack_roles(ask, p, jam);
    pack_str(p, "tasks");
    pack_tasks(ask, p, &tasks);
    pack_str(p, "journal");
    pack_journal(ask, p, &lines);
}

static enum err show_tell(struct ask *ask, struct pack *p)
{
    struct ref jam;
    enum err err = ask_jam(ask, "jam show", &jam);
    if (err != OK) {
        return err;
    }
    pack_map(p, 1);
    pack_str(p, "jam");
    pack_map(p, JAM_PAIRS + 4);
    pack_jam_pairs(ask, p, 0, &jam);
    show_rest(ask, p, &jam);
    return OK;
}

static const struct method methods[] = {
    {"start", start_plan, start_tell, false},
    {"jam.set", set_plan, set_tell, false},
    {"list", NULL, list_tell, true},
    {"show", NULL, show_tell, true},
    {0},
};
static const char *const tables[] = {"jam", NULL};
const struct view view_jam = {"jam", tables, 1 << OP_JAM | 1 << OP_JAM_SET, jam_fold, methods};
