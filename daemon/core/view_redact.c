/* Taking back what was written: which entries are erased, by whom and why. The journal keeps a line where they stood. */
#include "ask.h"
#include "authority.h"
#include "names.h"
#include "shapes.h"
#include "view_rows.h"

/* The line that stands in the journal in place of what was there: it says what the last redaction does. In whose journal
 * that was is known to who redacts; else it is the author's own. */
static void fold_story(struct store *store, const struct fact *fact, const struct logged *target)
{
    const struct op *op = fact->op;
    struct slice own = target->authored ? SLICE(target->author) : SLICE(op->by);
    struct slice owner = op->has & FIELD_JAM ? SLICE(op->jam) : own;
    if (!(view_note.folds >> (target->kind < OP_KINDS ? target->kind : 0) & 1)) {
        return;
    }
    store_do(
        store,
        "INSERT OR REPLACE INTO story SELECT ?1,?2,?3,?4,author,?5,NULL,why,NULL,?6 FROM redacted"
        " WHERE entry=?3 AND coalesce(jam,?7)=?1 ORDER BY stamp DESC LIMIT 1",
        "bsripib", owner, &target->moment.stamp, &op->entry, (int64_t)OP_REDACT,
        target->authored ? &target->author : NULL, (int64_t)target->moment.time_ms, own);
}

/* Only of who may redact it reach this fold. A void entry may be here and not elsewhere, so it counts as one that isn't
 * here. */
static void redact_fold(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    struct logged target;
    bool effective = entry_find(store, &op->entry, &target) && !target.is_void;
    store_do(store, "INSERT INTO redacted VALUES (?,?,?,?,?,?) ON CONFLICT DO NOTHING", "rsprti",
             &op->entry, &fact->stamp, &op->by, op->has & FIELD_JAM ? &op->jam : NULL, op->text,
             (int64_t)effective);
    if (effective) {
        fold_story(store, fact, &target);
    }
}

/* ---- one entry --------------------------------------------------------------------------------------------------- */

/* Whose journal has a line of this entry, if it is a jam's. */
static bool story_jam(struct ask *ask, const struct ref *entry, struct ref *jam)
{
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT coalesce((SELECT owner FROM task WHERE task=story.owner), owner)"
                    " FROM story WHERE id=?");
    store_bind(ask->store, stmt, "r", entry);
    bool found = store_row(ask->store, stmt) && column_fixed(stmt, 0, jam->b, sizeof(jam->b));
    sqlite3_reset(stmt);
    return found && !SAME(*jam, *entry) && jam_exists(ask->store, jam);
}

static void act_redact(struct ask *ask, const struct ref *entry, struct slice why)
{
    struct ref jam;
    struct op *op = ask_op(ask, OP_REDACT);
    op->entry = *entry;
    op->text = why;
    op->has |= FIELD_ENTRY | FIELD_TEXT;
    if (story_jam(ask, entry, &jam)) {
        op->jam = jam;
        op->has |= FIELD_JAM;
    }
}

/* What a forked feed said in vain was written again elsewhere: the void text goes with the one that counts. */
static void act_on_copies(struct ask *ask, const struct logged *entry, struct slice why)
{
    struct shown_list copies;
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT substr(e.hash,1,16) FROM feed f JOIN entry e ON e.feed=f.id"
                    " WHERE f.void_seq>0 AND e.seq>=f.void_seq AND substr(e.payload,17)="
                    "(SELECT substr(payload,17) FROM entry WHERE id=?)");
    store_bind(ask->store, stmt, "i", entry->row);
    ids_read(ask->store, stmt, &copies);
    for (uint32_t i = 0; i < copies.count && ask->ops_count < ASK_OPS_MAX; i++) {
        act_redact(ask, &copies.ids[i], why);
    }
}

static bool is_redacted(struct ask *ask, const struct ref *entry)
{
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT 1 FROM redacted WHERE entry=? AND effective");
    store_bind(ask->store, stmt, "r", entry);
    return store_any(ask->store, stmt);
}

/* A jam that others have joined: with its beginning all that they wrote there would be out of reach. */
static bool is_shared_jam(struct ask *ask, const struct logged *entry)
{
    if (entry->kind != OP_JAM) {
        return false;
    }
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT 1 FROM joined WHERE jam=? AND person<>?");
    store_bind(ask->store, stmt, "rp", &ask->subject, &ask->me);
    return store_any(ask->store, stmt);
}

static enum err redact_plan(struct ask *ask)
{
    struct slice typed, why;
    struct logged entry;
    if (!ask_typed(ask, "entry", &typed)) {
        return refuse(ask, ERR_EMPTY, slice_str("entry"), NULL);
    }
    enum err err = name_entry(ask, typed, &ask->subject);
    err = err == OK ? ask_text(ask, "why", TITLE_BYTES_MAX, false, &why) : err;
    if (err != OK) {
        return err;
    }
    if (!entry_find(ask->store, &ask->subject, &entry)) {
        return refuse(ask, ERR_NO_SUCH_ENTRY, typed, NULL);
    }
    if (is_redacted(ask, &ask->subject)) {
        return ERR_ERASED;
    }
    if (!op_is_erasable(entry.kind)) {
        return ERR_KEPT;
    }
    bool mine = entry.authored && SAME(entry.author, ask->me) && !is_shared_jam(ask, &entry);
    if (!ask->teacher && !mine) {
        return ERR_NOT_YOURS;
    }
    if (entry.kind == OP_JAM && !ask_flag(ask, "whole")) { /* it looks like any other line */
        char name[LABEL_BYTES];
        return refuse(ask, ERR_WHOLE_JAM, slice_str(jam_name(ask->store, &ask->subject, name)),
                      NULL);
    }
    act_redact(ask, &ask->subject, why);
    act_on_copies(ask, &entry, why);
    return OK;
}

/* Remembers what was asked, for its receipt: it is done where the last of these ops is. */
static void note_request(struct ask *ask)
{
    struct logged first;
    if (ask->ops_count == 0 || !entry_find(ask->store, &ask->made, &first)) {
        return;
    }
    struct feed_id feed = stamp_feed(&first.moment.stamp);
    uint64_t last = stamp_seq(&first.moment.stamp) + ask->ops_count - 1;
    const struct ref *entry = &ask->ops[ask->ops_count - 1].entry;
    if (ask_flag(ask, "more")) {
        store_do(ask->store,
                 "UPDATE redaction SET feed=?, seq=?, entry=?, entries=entries+?"
                 " WHERE id=(SELECT max(id) FROM redaction)",
                 "firi", &feed, (int64_t)last, entry, (int64_t)ask->ops_count);
        store_do(ask->store, "DELETE FROM receipt WHERE redaction=(SELECT max(id) FROM redaction)",
                 "");
        return;
    }
    store_do(ask->store,
             "INSERT INTO redaction (feed, seq, entry, entries, time_ms)"
             " VALUES (?,?,?,?,?)",
             "firii", &feed, (int64_t)last, entry, (int64_t)ask->ops_count, ask->now.wall.ms);
    store_do(ask->store, "DELETE FROM redaction WHERE id <= (SELECT max(id) FROM redaction) - ?",
             "i", (int64_t)REDACTIONS_KEPT);
    store_do(ask->store, "DELETE FROM receipt WHERE redaction NOT IN (SELECT id FROM redaction)",
             "");
}

static enum err redact_tell(struct ask *ask, struct pack *p)
{
    note_request(ask);
    pack_map(p, 3);
    pack_str(p, "redacted");
    pack_hex(p, ask->subject.b);
    pack_entry(ask, p);
    return OK;
}

/* ---- all of a person's ------------------------------------------------------------------------------------------- */

/* What somebody wrote in words of their own to be read: notes, feedback, what they do alone. */
static sqlite3_stmt *texts_of(struct ask *ask, const struct person_id *person)
{
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT id FROM (SELECT id, stamp FROM story WHERE author=?1 AND"
                    " (op=15 OR op=10 AND text IS NOT NULL)"
                    " UNION ALL SELECT id, stamp FROM feedback WHERE author=?1) WHERE NOT EXISTS"
                    " (SELECT 1 FROM redacted WHERE entry=id AND effective) ORDER BY stamp");
    store_bind(ask->store, stmt, "p", person);
    return stmt;
}

/* At most so many at once as a request may write: who asks goes on until none are left. */
static enum err forget_plan(struct ask *ask)
{
    struct slice typed, why;
    struct person_id person;
    struct shown_list texts;
    if (!ask_typed(ask, "person", &typed)) {
        return refuse(ask, ERR_EMPTY, slice_str("person"), NULL);
    }
    enum err err = name_person_whole(ask, typed, "jam people forget", &person);
    err = err == OK ? ask_text(ask, "why", TITLE_BYTES_MAX, false, &why) : err;
    if (err == OK && !ask->teacher && !SAME(person, ask->me)) {
        return ERR_NOT_YOURS;
    }
    if (err != OK) {
        return err;
    }
    ask->subject = person_ref(&person);
    ids_read(ask->store, texts_of(ask, &person), &texts);
    for (uint32_t i = 0; i < texts.count && ask->ops_count < ASK_OPS_MAX; i++) {
        act_redact(ask, &texts.ids[i], why);
    }
    return OK;
}

static enum err forget_tell(struct ask *ask, struct pack *p)
{
    struct person_id person = id_person(&ask->subject);
    struct shown_list left;
    note_request(ask);
    ids_read(ask->store, texts_of(ask, &person), &left);
    pack_map(p, 5);
    pack_str(p, "person");
    pack_person(ask, p, &person);
    pack_str(p, "erased");
    pack_uint(p, ask->ops_count);
    pack_str(p, "left");
    pack_uint(p, left.count);
    pack_entry(ask, p);
    return OK;
}

static const struct method methods[] = {
    {"redact", redact_plan, redact_tell, false},
    {"people.forget", forget_plan, forget_tell, false},
    {0},
};
static const char *const tables[] = {"redacted", NULL};
const struct view view_redact = {"redact", tables, 1 << OP_REDACT, redact_fold, methods};
