/* What is for the one who asks. */
#include "inbox.h"

#include <stdlib.h>

#include "authority.h"
#include "shapes.h"

const struct ref sealed_receiver;

void opened_forget(struct opened *opened)
{
    free(opened->at);
    *opened = (struct opened){0};
}

/* ---- letters ----------------------------------------------------------------------------------------------------- */

/* The op at a stamp; it borrows from the statement, which the caller resets. NULL: it isn't there, or was erased. */
static sqlite3_stmt *op_read(struct store *store, const struct stamp *stamp, struct op *op)
{
    struct feed_id feed = stamp_feed(stamp);
    sqlite3_stmt *stmt = store_query(store, "SELECT payload FROM feed JOIN entry ON"
                                            " entry.feed=feed.id WHERE feed.feed=?1 AND seq=?2");
    store_bind(store, stmt, "fi", &feed, (int64_t)stamp_seq(stamp));
    if (!store_row(store, stmt)) {
        return NULL;
    }
    struct slice payload = column_slice(stmt, 0);
    if (payload.len <= SALT_BYTES ||
        op_decode(slice_of(payload.at + SALT_BYTES, payload.len - SALT_BYTES), op) != OK) {
        sqlite3_reset(stmt);
        return NULL;
    }
    return stmt;
}

/* Is it what its op says it is? */
static bool is_genuine(struct ask *ask, const struct letter *letter, enum letter_kind kind,
                       const struct op *op)
{
    return letter->kind == kind && SAME(letter->author, op->by) && SAME(letter->class, ask->class);
}

/* May who asks read what is sealed to others? */
static bool reads_all(struct ask *ask)
{
    return class_policy(ask->store) & POLICY_TEACHERS_READ &&
           authority_is_teacher(ask->store, &ask->me);
}

static bool read_by(struct ask *ask, const struct box_key *key, enum letter_kind kind,
                    const struct stamp *stamp, uint8_t room[LETTER_BYTES_MAX],
                    struct letter *letter)
{
    struct op op;
    sqlite3_stmt *stmt = op_read(ask->store, stamp, &op);
    if (!stmt) {
        return false;
    }
    bool mine = letter_open(key, op.box, room, letter) == OK &&
                is_genuine(ask, letter, kind, &op) && SAME(letter->recipient, ask->me);
    if (!mine && kind == LETTER_FEEDBACK && reads_all(ask)) {
        mine = letter_open_shared(key, op.second, room, letter) == OK &&
               is_genuine(ask, letter, kind, &op);
    }
    sqlite3_reset(stmt);
    return mine;
}

bool letter_read(struct ask *ask, enum letter_kind kind, const struct stamp *stamp,
                 uint8_t room[LETTER_BYTES_MAX], struct letter *letter)
{
    struct box_key key;
    if (!ask->key) {
        return false;
    }
    box_key_of(ask->key, &key);
    bool mine = read_by(ask, &key, kind, stamp, room, letter);
    wipe(&key, sizeof(key));
    return mine;
}

static struct tried try_letter(struct ask *ask, const struct box_key *key,
                               const struct stamp *stamp)
{
    uint8_t room[LETTER_BYTES_MAX];
    struct letter letter;
    struct tried tried = {.stamp = *stamp};
    if (read_by(ask, key, LETTER_FEEDBACK, stamp, room, &letter)) {
        tried.bytes = (uint16_t)(letter.text.len + letter.more.len);
    }
    wipe(room, sizeof(room));
    return tried;
}

static int stamp_order(const struct stamp *a, const struct stamp *b)
{
    return memcmp(a->b, b->b, sizeof(a->b));
}

/* Goes through sealed feedback after a stamp, newest first, beside what was tried before, into `at`, which has room for
 * those and `tries` more; so many are tried at most. *more: there are others. */
static uint32_t try_some(struct ask *ask, const struct stamp *after, const struct tried *before,
                         uint32_t before_count, uint32_t tries, struct tried *at, bool *more)
{
    uint32_t count = 0, old = 0;
    struct stamp stamp;
    struct box_key key;
    box_key_of(ask->key, &key);
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT stamp FROM feedback WHERE receiver=?1"
                                                 " AND stamp>?2 AND author<>?3"
                                                 " ORDER BY stamp DESC");
    store_bind(ask->store, stmt, "rsp", &sealed_receiver, after, &ask->me);
    while (store_row(ask->store, stmt)) {
        column_fixed(stmt, 0, stamp.b, sizeof(stamp.b));
        while (old < before_count && stamp_order(&before[old].stamp, &stamp) > 0) {
            old++; /* it doesn't count any more */
        }
        if (old < before_count && SAME(before[old].stamp, stamp)) {
            at[count++] = before[old++];
        } else if (tries > 0) {
            at[count++] = try_letter(ask, &key, &stamp);
            tries--;
        } else {
            *more = true;
        }
    }
    sqlite3_reset(stmt);
    while (old < before_count && stamp_order(&before[old].stamp, after) > 0) {
        old++;
    }
    while (old < before_count) {
        at[count++] = before[old++];
    }
    wipe(&key, sizeof(key));
    return count;
}

/* Tries so many of those that weren't tried yet. False: nobody is signed in, or there is no memory. */
static bool opened_renew(struct ask *ask, const struct stamp *after, uint32_t tries)
{
    struct opened *opened = ask->opened;
    if (!ask->key || !opened) {
        return false;
    }
    struct sign_pk key = sign_public(ask->key);
    uint32_t known = SAME(opened->key, key) ? opened->count : 0;
    struct tried *at = malloc((known + (size_t)tries) * sizeof(*at));
    if (!at) {
        store_fail(ask->store, ERR_NOMEM);
        return false;
    }
    bool more = known > 0 && opened->more; /* also of what came before `after` */
    uint32_t count = try_some(ask, after, opened->at, known, tries, at, &more);
    struct tried *fits = realloc(at, (count + 1) * sizeof(*at));
    free(opened->at);
    *opened = (struct opened){.key = key, .at = fits ? fits : at, .count = count, .more = more};
    return true;
}

void inbox_go_on(struct ask *ask)
{
    static const struct stamp always;
    ask->opened->more = false;
    /* each turn goes through all of them: the more there are the more are tried in one */
    opened_renew(ask, &always, LETTERS_TURN_MAX + ask->opened->count / 32);
}

/* ---- the inbox --------------------------------------------------------------------------------------------------- */

/* Two sources side by side, both newest first: open feedback, and what opens. */
struct sources {
    struct ask *ask;
    sqlite3_stmt *open;
    bool has_open;
    const struct tried *at, *end;
    int64_t bytes; /* of the lines so far */
};

/* The next open feedback that is for who asks, into *line. */
static void next_open(struct sources *s, struct line *line, int64_t *bytes)
{
    while ((s->has_open = store_row(s->ask->store, s->open))) {
        column_fixed(s->open, 0, line->owner.b, sizeof(line->owner.b));
        column_fixed(s->open, 1, line->stamp.b, sizeof(line->stamp.b));
        column_fixed(s->open, 2, line->id.b, sizeof(line->id.b));
        column_fixed(s->open, 3, line->author.b, sizeof(line->author.b));
        *bytes = sqlite3_column_int64(s->open, 5) + sqlite3_column_int64(s->open, 6);
        if (!sqlite3_column_int(s->open, 4) ||
            is_member(s->ask->store, &s->ask->me, &line->owner)) {
            return;
        }
    }
}

static void next_sealed(struct sources *s, const struct stamp *after)
{
    while (s->at < s->end && s->at->bytes == 0) {
        s->at++;
    }
    if (s->at < s->end && stamp_order(&s->at->stamp, after) <= 0) {
        s->at = s->end;
    }
}

static void sealed_line(struct sources *s, struct line *line)
{
    sqlite3_stmt *stmt = store_query(
        s->ask->store, "SELECT id, author FROM feedback WHERE receiver=?1 AND stamp=?2");
    *line = (struct line){.owner = sealed_receiver, .stamp = s->at->stamp};
    store_bind(s->ask->store, stmt, "rs", &sealed_receiver, &s->at->stamp);
    if (store_row(s->ask->store, stmt)) {
        column_fixed(stmt, 0, line->id.b, sizeof(line->id.b));
        column_fixed(stmt, 1, line->author.b, sizeof(line->author.b));
        sqlite3_reset(stmt);
    }
}

static bool add_line(struct sources *s, struct lines *lines, const struct line *line, int64_t bytes)
{
    s->bytes += LINE_BYTES + bytes;
    if (lines->count == LIST_MAX || s->bytes > LINES_BYTES_MAX) {
        return false;
    }
    lines->at[lines->count++] = *line;
    return true;
}

void inbox_read(struct ask *ask, const struct stamp *after, struct lines *lines)
{
    struct sources s = {.ask = ask};
    struct line open, sealed;
    int64_t bytes = 0;
    bool room = true;
    if (opened_renew(ask, after, LETTERS_ASKED_MAX)) {
        s.at = ask->opened->at;
        s.end = s.at + ask->opened->count;
    }
    s.open = store_query(ask->store,
                         "SELECT receiver, stamp, id, author, to_jam,"
                         " length(CAST(glow AS BLOB)), length(CAST(grow AS BLOB)) FROM feedback"
                         " WHERE (receiver=?1 AND NOT to_jam OR to_jam AND receiver IN"
                         " (SELECT DISTINCT jam FROM joined WHERE person=?1))"
                         " AND stamp > ?2 AND author<>?1 ORDER BY stamp DESC");
    store_bind(ask->store, s.open, "ps", &ask->me, after);
    lines->count = 0;
    next_open(&s, &open, &bytes);
    next_sealed(&s, after);
    while (room && (s.has_open || s.at < s.end)) {
        if (s.at == s.end || (s.has_open && stamp_order(&open.stamp, &s.at->stamp) > 0)) {
            room = add_line(&s, lines, &open, bytes);
            next_open(&s, &open, &bytes);
        } else {
            sealed_line(&s, &sealed);
            room = add_line(&s, lines, &sealed, s.at->bytes);
            s.at++;
            next_sealed(&s, after);
        }
    }
    sqlite3_reset(s.open);
}

static void pack_text_or_nil(struct pack *p, struct slice text)
{
    if (text.len > 0) {
        pack_text(p, text);
    } else {
        pack_nil(p);
    }
}

/* The pairs "to", "glow", "grow" and "about" of what is open. */
static void pack_open(struct ask *ask, struct pack *p, const struct line *line, sqlite3_stmt *stmt)
{
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
    pack_str(p, "about");
    pack_nil(p);
}

/* The same of what is sealed. */
static void pack_opened(struct ask *ask, struct pack *p, const struct line *line)
{
    uint8_t room[LETTER_BYTES_MAX];
    struct letter letter;
    if (!letter_read(ask, LETTER_FEEDBACK, &line->stamp, room, &letter)) {
        letter = (struct letter){.recipient = ask->me};
    }
    pack_str(p, "to");
    pack_person(ask, p, &letter.recipient);
    pack_str(p, "glow");
    pack_text_or_nil(p, letter.text);
    pack_str(p, "grow");
    pack_text_or_nil(p, letter.more);
    pack_str(p, "about");
    pack_hex(p, letter.has_about ? letter.about.b : NULL);
    wipe(room, sizeof(room));
}

void pack_letter(struct ask *ask, struct pack *p, uint32_t n, const struct line *line)
{
    bool sealed = SAME(line->owner, sealed_receiver);
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT to_jam, glow, grow, stamp, time_ms FROM feedback"
                                " WHERE receiver=? AND stamp=?");
    store_bind(ask->store, stmt, "rs", &line->owner, &line->stamp);
    if (!store_row(ask->store, stmt)) {
        pack_nil(p);
        return;
    }
    struct moment moment = column_moment(stmt, 3);
    pack_map(p, 11);
    pack_str(p, "n");
    pack_line(p, n);
    pack_str(p, "id");
    pack_hex(p, line->id.b);
    pack_str(p, "from");
    pack_person(ask, p, &line->author);
    pack_str(p, "sealed");
    pack_bool(p, sealed);
    if (sealed) {
        pack_opened(ask, p, line);
    } else {
        pack_open(ask, p, line, stmt);
    }
    sqlite3_reset(stmt);
    pack_moment(ask, p, &moment);
}

/* What was read is known to the machine on which it was read, and to nobody else. */
static const char *read_mark(const struct person_id *person, char room[48])
{
    char tail[TAIL_BYTES];
    person_tail(person, tail);
    text_copy(room, 48, slice_str("inbox "));
    text_copy(room + 6, 42, slice_str(tail));
    return room;
}

void inbox_unread(struct ask *ask, struct lines *lines)
{
    char key[48];
    struct stamp after = {0};
    if (!store_local_get(ask->store, read_mark(&ask->me, key), after.b, sizeof(after.b))) {
        sqlite3_stmt *stmt =
            store_query(ask->store, "SELECT stamp FROM story WHERE owner=? AND op=?"
                                    " ORDER BY stamp DESC LIMIT 1 OFFSET 1");
        store_bind(ask->store, stmt, "pi", &ask->me, (int64_t)OP_HELLO);
        if (store_row(ask->store, stmt)) {
            column_fixed(stmt, 0, after.b, sizeof(after.b));
        }
        sqlite3_reset(stmt);
    }
    inbox_read(ask, &after, lines);
}

/* The mark is the newest feedback of all, to whomever: else it would tell which sealed one was theirs. */
void inbox_mark_read(struct ask *ask)
{
    char key[48];
    struct stamp newest;
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT max(stamp) FROM feedback");
    if (store_row(ask->store, stmt) && column_fixed(stmt, 0, newest.b, sizeof(newest.b))) {
        store_begin(ask->store);
        store_local_set(ask->store, read_mark(&ask->me, key), newest.b, sizeof(newest.b));
    }
    sqlite3_reset(stmt);
}

bool inbox_lost(struct ask *ask)
{
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT 1 FROM person_key JOIN feedback ON receiver=?2 AND author<>?1"
                    " AND feedback.stamp<reset_stamp WHERE person=?1 LIMIT 1");
    store_bind(ask->store, stmt, "pr", &ask->me, &sealed_receiver);
    return store_any(ask->store, stmt);
}
