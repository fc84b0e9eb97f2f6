/* What one may keep of a class: its open work, and what is one's own, in the order of founding. Told piece by piece: each
 * answer is bounded, and ends with where the next begins. Left out is who came and went: of that a list for ever would be
 * a register. */
#include "ask.h"
#include "authority.h"
#include "date.h"
#include "inbox.h"
#include "shapes.h"
#include "view_rows.h"

enum {
    EXPORT_ROWS_MAX = 128,         /* of one answer: records, and letters that were tried */
    EXPORT_BYTES_MAX = 256 * 1024, /* beyond that nothing is added to it */
};

/* Where an export stands. Between PART_JAM and PART_JAM_FEEDBACK it is about one jam after the other. */
enum part {
    PART_CLASS,
    PART_JAM,
    PART_JAM_TASKS,
    PART_JAM_LINES,
    PART_JAM_FEEDBACK,
    PART_MY_TASKS,
    PART_MY_NOTES,
    PART_LETTERS,
    PART_END,
};
struct cursor {
    uint8_t part;
    uint8_t jam[sizeof(struct stamp)]; /* the jam's */
    uint8_t row[sizeof(struct stamp)]; /* what was told last of this part */
};
enum { CURSOR_BYTES = sizeof(struct cursor), CURSOR_TEXT = 2 * CURSOR_BYTES + 1 };
_Static_assert(CURSOR_BYTES == 1 + 2 * sizeof(struct stamp), "it is written as it lies");

static bool digit_read(uint8_t c, uint8_t *out)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    *out = at ? (uint8_t)(at - digits) : 0;
    return at;
}

static bool cursor_read(struct slice text, struct cursor *out)
{
    uint8_t bytes[CURSOR_BYTES];
    bool good = text.len == CURSOR_TEXT - 1;
    for (size_t i = 0; good && i < CURSOR_BYTES; i++) {
        uint8_t high, low;
        good = digit_read(text.at[2 * i], &high) && digit_read(text.at[2 * i + 1], &low);
        bytes[i] = good ? (uint8_t)(high << 4 | low) : 0;
    }
    if (good) {
        memcpy(out, bytes, sizeof(*out));
    }
    return good && out->part < PART_END;
}

/* One answer while it is made. */
struct export
{
    struct ask *ask;
    struct cursor at;
    struct ref jam;
    struct pack records;
    uint32_t count; /* of records */
    uint32_t tried; /* rows looked at */
};

static bool is_full(const struct export *e)
{
    return e->tried >= EXPORT_ROWS_MAX || pack_bytes(&e->records).len >= EXPORT_BYTES_MAX;
}

static struct stamp stamp_at(const uint8_t bytes[sizeof(struct stamp)])
{
    struct stamp stamp;
    memcpy(stamp.b, bytes, sizeof(stamp.b));
    return stamp;
}

static void begin_record(struct export *e, uint32_t pairs, const char *type)
{
    e->count++;
    pack_map(&e->records, pairs);
    pack_str(&e->records, "type");
    pack_str(&e->records, type);
}

/* ---- the parts --------------------------------------------------------------------------------------------------- */

static void put_class(struct export *e)
{
    char date[DATE_BYTES];
    struct ask *ask = e->ask;
    struct pack *p = &e->records;
    begin_record(e, 8, "class");
    pack_str(p, "name");
    pack_str(p, ask->class_name);
    pack_str(p, "id");
    pack_hex(p, ask->class.b);
    pack_str(p, "until");
    pack_str(p, date_text(class_until(ask->store), date));
    pack_str(p, "at");
    pack_int(p, ask->now.wall.ms);
    pack_str(p, "for");
    pack_person(ask, p, &ask->me);
    pack_str(p, "teacher");
    pack_bool(p, ask->teacher);
    pack_str(p, "sealed");
    pack_bool(p, !(class_policy(ask->store) & POLICY_OPEN));
}

/* Roles times holders have no bound of their own. */
static void put_roles(struct export *e)
{
    struct pack roles;
    pack_init(&roles);
    pack_roles(e->ask, &roles, &e->jam);
    if (pack_bytes(&roles).len <= EXPORT_BYTES_MAX) {
        pack_packed(&e->records, &roles);
    } else {
        pack_array(&e->records, 0);
    }
    e->records.failed |= roles.failed;
    pack_clear(&roles);
}

static void put_jam(struct export *e)
{
    struct pack *p = &e->records;
    struct shown_list members;
    struct person_id author = {0};
    sqlite3_stmt *stmt = store_query(
        e->ask->store, "SELECT name, purpose, author, stamp, time_ms FROM jam WHERE jam=?");
    store_bind(e->ask->store, stmt, "r", &e->jam);
    if (!store_row(e->ask->store, stmt)) {
        return;
    }
    struct moment moment = column_moment(stmt, 3);
    column_fixed(stmt, 2, author.b, sizeof(author.b));
    begin_record(e, 10, "jam");
    pack_str(p, "id");
    pack_hex(p, e->jam.b);
    pack_str(p, "name");
    pack_column(p, stmt, 0);
    pack_str(p, "purpose");
    pack_column(p, stmt, 1);
    sqlite3_reset(stmt);
    pack_str(p, "by");
    pack_person(e->ask, p, &author);
    pack_moment(e->ask, p, &moment);
    jam_members(e->ask->store, &e->jam, &members);
    pack_str(p, "members");
    pack_people(e->ask, p, &members);
    pack_str(p, "roles");
    put_roles(e);
}

/* The jam behind the one that the cursor stands at. */
static bool next_jam(struct export *e)
{
    struct stamp before = stamp_at(e->at.jam);
    sqlite3_stmt *stmt = store_query(
        e->ask->store, "SELECT jam, stamp FROM jam WHERE stamp>? ORDER BY stamp LIMIT 1");
    store_bind(e->ask->store, stmt, "s", &before);
    bool found = store_row(e->ask->store, stmt);
    if (found) {
        column_fixed(stmt, 0, e->jam.b, sizeof(e->jam.b));
        column_fixed(stmt, 1, e->at.jam, sizeof(e->at.jam));
    }
    sqlite3_reset(stmt);
    return found;
}

/* The jam that the cursor stands at; false if there is no such one any more. */
static bool this_jam(struct export *e)
{
    struct stamp stamp = stamp_at(e->at.jam);
    sqlite3_stmt *stmt = store_query(e->ask->store, "SELECT jam FROM jam WHERE stamp=?");
    store_bind(e->ask->store, stmt, "s", &stamp);
    bool found = store_row(e->ask->store, stmt);
    if (found) {
        column_fixed(stmt, 0, e->jam.b, sizeof(e->jam.b));
    }
    sqlite3_reset(stmt);
    return found;
}

static void put_task(struct export *e, const struct line *line)
{
    begin_record(e, 3, "task");
    pack_str(&e->records, "jam");
    pack_jam_name(e->ask, &e->records, SAME(line->owner, e->jam) ? &e->jam : NULL);
    pack_str(&e->records, "task");
    pack_task(e->ask, &e->records, 0, &line->id);
}

static void put_line(struct export *e, const struct line *line)
{
    bool mine = e->at.part == PART_MY_NOTES;
    begin_record(e, 3, "line");
    pack_str(&e->records, "jam");
    pack_jam_name(e->ask, &e->records, mine ? NULL : &e->jam);
    pack_str(&e->records, "line");
    pack_journal_line(e->ask, &e->records, 0, line);
}

static void put_feedback(struct export *e, const struct line *line)
{
    uint8_t room[LETTER_BYTES_MAX];
    struct letter letter;
    bool sealed = SAME(line->owner, sealed_receiver);
    bool mine = !sealed || letter_read(e->ask, LETTER_FEEDBACK, &line->stamp, room, &letter);
    wipe(room, sizeof(room));
    if (mine) {
        begin_record(e, 3, "feedback");
        pack_str(&e->records, "jam");
        pack_jam_name(e->ask, &e->records, e->at.part == PART_LETTERS ? NULL : &e->jam);
        pack_str(&e->records, "feedback");
        pack_letter(e->ask, &e->records, 0, line);
    }
}

enum {
    /* of a jam's story; not who came, went in and went out */
    JAM_STORY = 1 << OP_JAM | 1 << OP_JAM_SET | 1 << OP_ROLE | 1 << OP_TASK | 1 << OP_TASK_SET |
                1 << OP_NOTE | 1 << OP_REDACT,
    MY_STORY = 1 << OP_NOTE | 1 << OP_REDACT,
};

/* The parts that have many rows: owner, stamp, id and author of each. ?1 is the jam or who asks, ?2 what was told last, ?3
 * how many rows at most, ?4 which ops. */
static const struct {
    enum part part;
    void (*put)(struct export *, const struct line *);
    int64_t ops;
    const char *rows;
} parts[] = {
    {PART_JAM_TASKS, put_task, 0,
     "SELECT owner, stamp, task, author FROM task WHERE owner=?1 AND in_jam AND stamp>?2"
     " ORDER BY stamp LIMIT ?3"},
    {PART_JAM_LINES, put_line, JAM_STORY,
     "SELECT owner, stamp, id, author FROM story WHERE owner=?1 AND stamp>?2 AND ?4>>op&1"
     " UNION ALL SELECT story.owner, story.stamp, story.id, story.author FROM task JOIN story"
     " ON story.owner=task.task WHERE task.owner=?1 AND story.stamp>?2 AND ?4>>op&1"
     " ORDER BY 2 LIMIT ?3"},
    {PART_JAM_FEEDBACK, put_feedback, 0,
     "SELECT receiver, stamp, id, author FROM feedback WHERE receiver=?1 AND to_jam AND stamp>?2"
     " ORDER BY stamp LIMIT ?3"},
    {PART_MY_TASKS, put_task, 0,
     "SELECT owner, stamp, task, author FROM task WHERE owner=?1 AND NOT in_jam AND stamp>?2"
     " ORDER BY stamp LIMIT ?3"},
    {PART_MY_NOTES, put_line, MY_STORY,
     "SELECT owner, stamp, id, author FROM story WHERE owner=?1 AND stamp>?2 AND ?4>>op&1"
     " ORDER BY stamp LIMIT ?3"},
    {PART_LETTERS, put_feedback, 0,
     "SELECT receiver, stamp, id, author FROM feedback WHERE receiver IN (?1, zeroblob(16))"
     " AND NOT to_jam AND author<>?1 AND stamp>?2 ORDER BY stamp LIMIT ?3"},
};
enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

/* ---- one answer -------------------------------------------------------------------------------------------------- */

/* As many of a part's rows as this answer may still look at, behind the cursor. */
static void rows_read(struct export *e, size_t part, struct lines *lines)
{
    struct stamp after = stamp_at(e->at.row);
    struct ref owner = e->at.part < PART_MY_TASKS ? e->jam : person_ref(&e->ask->me);
    sqlite3_stmt *stmt = store_query(e->ask->store, parts[part].rows);
    store_bind(e->ask->store, stmt, parts[part].ops ? "rsii" : "rsi", &owner, &after,
               (int64_t)(EXPORT_ROWS_MAX - e->tried), parts[part].ops);
    lines->count = 0;
    while (lines->count < EXPORT_ROWS_MAX && store_row(e->ask->store, stmt)) {
        struct line *line = &lines->at[lines->count++];
        column_fixed(stmt, 0, line->owner.b, sizeof(line->owner.b));
        column_fixed(stmt, 1, line->stamp.b, sizeof(line->stamp.b));
        column_fixed(stmt, 2, line->id.b, sizeof(line->id.b));
        column_fixed(stmt, 3, line->author.b, sizeof(line->author.b));
    }
    sqlite3_reset(stmt);
}

/* Tells a part's next rows. True: that were all. */
static bool put_rows(struct export *e, size_t part)
{
    struct lines lines;
    rows_read(e, part, &lines);
    for (uint32_t i = 0; i < lines.count; i++) {
        if (is_full(e)) {
            return false;
        }
        parts[part].put(e, &lines.at[i]);
        e->tried++;
        memcpy(e->at.row, lines.at[i].stamp.b, sizeof(e->at.row));
    }
    return !is_full(e);
}

static bool put_part(struct export *e)
{
    for (size_t i = 0; i < PARTS; i++) {
        if (parts[i].part == e->at.part) {
            return put_rows(e, i);
        }
    }
    e->tried++;
    e->at.part == PART_CLASS ? put_class(e) : put_jam(e);
    return true;
}

/* To the part behind: after a jam the next one, after the last what is one's own. */
static void next_part(struct export *e)
{
    bool jam_is_over = e->at.part == PART_CLASS || e->at.part == PART_JAM_FEEDBACK;
    e->at.part++;
    memset(e->at.row, 0, sizeof(e->at.row));
    if (jam_is_over) {
        e->at.part = next_jam(e) ? PART_JAM : PART_MY_TASKS;
    }
}

static void put_all(struct export *e)
{
    bool about_jam = e->at.part >= PART_JAM && e->at.part <= PART_JAM_FEEDBACK;
    if (about_jam && !this_jam(e)) {
        e->at.part = PART_JAM_FEEDBACK; /* it is gone since the answer before */
        next_part(e);
    }
    while (e->at.part < PART_END && !is_full(e)) {
        if (put_part(e)) {
            next_part(e);
        }
    }
}

static enum err export_tell(struct ask *ask, struct pack *p)
{
    struct slice typed;
    char text[CURSOR_TEXT];
    struct export e = {.ask = ask};
    if (ask_typed(ask, "from", &typed) && !cursor_read(typed, &e.at)) {
        return refuse(ask, ERR_MALFORMED, slice_str("from"), NULL);
    }
    pack_init(&e.records);
    put_all(&e);
    pack_map(p, 2);
    pack_str(p, "records");
    pack_array(p, e.count);
    pack_packed(p, &e.records);
    pack_str(p, "next");
    pack_str(p, e.at.part < PART_END ? hex(text, (const uint8_t *)&e.at, CURSOR_BYTES) : NULL);
    wipe((void *)(uintptr_t)pack_bytes(&e.records).at, pack_bytes(&e.records).len);
    pack_clear(&e.records);
    return OK;
}

static const struct method methods[] = {
    {"class.export", NULL, export_tell, false},
    {0},
};
static const char *const tables[] = {NULL};
const struct view view_export = {"export", tables, 0, NULL, methods};
