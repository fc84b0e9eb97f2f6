/* Journals: the story of a jam, or of one's own work, as the ops and the notes tell it. */
#include "ask.h"
#include "authority.h"
#include "inbox.h"
#include "names.h"
#include "shapes.h"
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

/* A note says its text to all who see the journal, or it is one's own, and sealed to oneself. */
static bool is_note(const struct op *op)
{
    bool sealed = !(op->has & (FIELD_TEXT | FIELD_JAM)) && letter_box_fits(op->box.len);
    return op->has & FIELD_BOX ? sealed : op->has & FIELD_TEXT;
}

static void note_fold(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    if (op->kind == OP_HELLO && !op->moves) {
        return; /* nobody came */
    }
    if (op->kind == OP_NOTE && !is_note(op)) {
        return;
    }
    store_do(store,
             "INSERT INTO story VALUES (?,?,?,?,?,?,nullif(?,-1),?,nullif(?,0),?)"
             " ON CONFLICT DO NOTHING",
             "bsrippitii", story_owner(fact), &fact->stamp, &fact->id, (int64_t)op->kind, &op->by,
             op->has & FIELD_PERSON ? &op->person : NULL,
             op->has & FIELD_STATE ? (int64_t)op->state : INT64_C(-1), story_text(op),
             (int64_t)(op->has & FIELD_BOX ? op->box.len : 0), (int64_t)fact->time_ms);
}

void note_unfold(struct store *store, const struct fact *fact)
{
    store_do(store, "DELETE FROM story WHERE owner=? AND stamp=?", "bs", story_owner(fact),
             &fact->stamp);
}

/* ---- methods ----------------------------------------------------------------------------------------------------- */

/* A thought that is nobody else's. */
static enum err seal_note(struct ask *ask, struct slice text, struct op *op)
{
    struct letter letter = {.kind = LETTER_NOTE,
                            .author = ask->me,
                            .class = ask->class,
                            .recipient = ask->me,
                            .text = text};
    uint8_t *box = (uint8_t *)ask->room + ask->room_used;
    size_t len = 0;
    if (!ask->key || sizeof(ask->room) - ask->room_used < BOX_BYTES_MAX) {
        return ask->key ? ERR_NOMEM : ERR_SIGNED_OUT;
    }
    struct sign_pk pk = sign_public(ask->key);
    enum err err = letter_seal(&letter, &pk, ask->rng, box, &len);
    ask->room_used += len;
    op->box = slice_of(box, len);
    op->has |= FIELD_BOX;
    return err == ERR_TOO_LONG ? refuse(ask, err, slice_str("text"), NULL) : err;
}

static enum err note_plan(struct ask *ask)
{
    struct slice text;
    struct ref jam;
    enum err err = ask_text(ask, "text", TEXT_BYTES_MAX, true, &text);
    if (err != OK) {
        return err;
    }
    struct op *op = ask_op(ask, OP_NOTE);
    bool in_jam = ask_in_jam(ask, &jam);
    if (!in_jam && !(class_policy(ask->store) & POLICY_OPEN)) {
        return seal_note(ask, text, op);
    }
    op->text = text;
    op->has |= FIELD_TEXT;
    if (in_jam) {
        op->jam = jam;
        op->has |= FIELD_JAM;
    }
    return OK;
}

static enum err note_tell(struct ask *ask, struct pack *p)
{
    const struct op *op = &ask->ops[0];
    pack_map(p, 4);
    pack_str(p, "jam");
    pack_jam_name(ask, p, op->has & FIELD_JAM ? &op->jam : NULL);
    pack_str(p, "sealed");
    pack_bool(p, op->has & FIELD_BOX);
    pack_entry(ask, p);
    return OK;
}

/* When I was last there: before the visit that goes on now, if one does. */
static struct stamp last_there(struct ask *ask, const struct ref *jam)
{
    struct place place;
    struct moment left = {0};
    struct stamp before;
    memset(before.b, 0xff, sizeof(before.b));
    place_read(ask->store, &ask->me, &place);
    if (place.kind == PLACE_JAM && SAME(place.jam, *jam)) {
        before = place.since.stamp;
    }
    jam_left(ask->store, &ask->me, jam, &before, &left);
    return left.stamp;
}

/* How many of these lines only a key could open that who asks had before. */
static uint64_t count_lost(struct ask *ask, const struct ref *owner, const struct lines *lines)
{
    uint8_t room[LETTER_BYTES_MAX];
    struct letter letter;
    uint64_t lost = 0;
    for (uint32_t i = 0; i < lines->count; i++) {
        sqlite3_stmt *stmt =
            store_query(ask->store, "SELECT sealed FROM story WHERE owner=? AND stamp=?");
        store_bind(ask->store, stmt, "rs", owner, &lines->at[i].stamp);
        bool sealed = store_row(ask->store, stmt) && sqlite3_column_int(stmt, 0) > 0;
        lost += sealed && !letter_read(ask, LETTER_NOTE, &lines->at[i].stamp, room, &letter);
        sqlite3_reset(stmt);
    }
    wipe(room, sizeof(room));
    return lost;
}

static enum err journal_tell(struct ask *ask, struct pack *p)
{
    struct lines lines;
    struct slice typed;
    struct stamp after = {0};
    struct ref owner = person_ref(&ask->me), jam;
    bool in_jam = !ask_flag(ask, "solo") && ask_in_jam(ask, &jam);
    if (ask_typed(ask, "jam", &typed)) {
        enum err err = name_jam(ask, typed, "jam journal", &jam);
        if (err != OK) {
            return err;
        }
        in_jam = true;
    }
    if (in_jam) {
        owner = jam;
        after = ask_flag(ask, "new") ? last_there(ask, &jam) : after;
    }
    journal_read(ask->store, &owner, &after, LIST_MAX, &lines);
    pack_map(p, 3);
    pack_str(p, "jam");
    pack_jam_name(ask, p, in_jam ? &jam : NULL);
    pack_str(p, "old_key");
    pack_uint(p, in_jam ? 0 : count_lost(ask, &owner, &lines));
    pack_str(p, "journal");
    pack_journal(ask, p, &lines);
    return OK;
}

static const struct method methods[] = {
    {"note", note_plan, note_tell, false},
    {"journal", NULL, journal_tell, false},
    {0},
};
static const char *const tables[] = {"story", NULL};
const struct view view_note = {
    "note",
    tables,
    1 << OP_HELLO | 1 << OP_BYE | 1 << OP_JAM | 1 << OP_JAM_SET | 1 << OP_JOIN | 1 << OP_SOLO |
        1 << OP_LEAVE | 1 << OP_ROLE | 1 << OP_TASK | 1 << OP_TASK_SET | 1 << OP_NOTE,
    note_fold,
    methods,
};
