/* What teachers do: the roster, who is called how, cards with new keys, other teachers, lessons, and who is put out. */
#include "ask.h"
#include "authority.h"
#include "letter.h"
#include "names.h"
#include "shapes.h"
#include "view_rows.h"
#include "words.h"

enum { CARDS_MAX = ASK_OPS_MAX / 2 < STRETCHINGS_MAX ? ASK_OPS_MAX / 2 : STRETCHINGS_MAX };

static void teacher_fold(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    char key[KEY_BYTES];
    struct slice handle_key = name_key(op->handle, key);
    if (handle_key.len == 0) {
        return;
    }
    store_do(store,
             "INSERT INTO roster VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE SET"
             " handle=excluded.handle, name=excluded.name, listed=excluded.listed,"
             " stamp=excluded.stamp WHERE excluded.stamp > stamp",
             "tttis", handle_key, op->handle, op->has & FIELD_NAME ? op->name : (struct slice){0},
             (int64_t)(op->kind == OP_ROSTER), &fact->stamp);
}

static enum err teacher_names(struct ask *ask, struct slice typed, const char *type,
                              struct person_id *person)
{
    if (!ask->teacher) {
        return ERR_NOT_TEACHER;
    }
    if (typed.len == 0) {
        return refuse(ask, ERR_EMPTY, slice_str("person"), NULL);
    }
    enum err err = name_person_whole(ask, typed, type, person);
    ask->subject = person_ref(person);
    return err;
}

/* The person that param `person` names, for a teacher. */
static enum err teacher_asks(struct ask *ask, const char *type, struct person_id *person)
{
    struct slice typed;
    ask_typed(ask, "person", &typed);
    return teacher_names(ask, typed, type, person);
}

static struct op *act_on(struct ask *ask, enum op_kind kind, const struct person_id *person)
{
    struct op *op = ask_op(ask, kind);
    op->person = *person;
    op->has |= FIELD_PERSON;
    return op;
}

static enum err subject_tell(struct ask *ask, struct pack *p)
{
    struct person_id person = id_person(&ask->subject);
    pack_map(p, 3);
    pack_str(p, "person");
    pack_person(ask, p, &person);
    pack_entry(ask, p);
    return OK;
}

/* ---- the roster --------------------------------------------------------------------------------------------------- */

/* A text of the request, tidied, in ask->room. */
static enum err tidy(struct ask *ask, struct slice raw, size_t bytes_max, struct slice *out)
{
    char *room = ask->room + ask->room_used;
    if (raw.len * 3 + 1 > sizeof(ask->room) - ask->room_used) {
        return refuse(ask, ERR_TOO_LONG, slice_str("names"), NULL);
    }
    *out = slice_of(room, text_tidy(raw, false, room));
    ask->room_used += out->len;
    return text_check(*out, bytes_max) == OK ? OK : refuse(ask, ERR_TOO_LONG, *out, NULL);
}

static void strike(struct ask *ask, struct slice handle)
{
    struct op *op = ask_op(ask, OP_STRIKE);
    op->handle = handle;
    op->has |= FIELD_HANDLE;
}

/* One line: a handle, and behind a comma the name that others see. With ask->flag it is struck out. */
static enum err roster_line(struct ask *ask, struct slice line)
{
    struct slice handle = line, name = {0};
    const uint8_t *comma = memchr(line.at, ',', line.len);
    struct ref id;
    char key[KEY_BYTES];
    if (comma) {
        handle.len = (size_t)(comma - line.at);
        name = slice_of(comma + 1, line.len - handle.len - 1);
    }
    enum err err = tidy(ask, handle, HANDLE_BYTES_MAX, &handle);
    err = err == OK ? tidy(ask, name, NAME_BYTES_MAX, &name) : err;
    if (err != OK || name_key(handle, key).len == 0) {
        return err;
    }
    if (name_is_line(handle) || name_is_id(handle, &id) || memchr(handle.at, '~', handle.len)) {
        return refuse(ask, ERR_BAD_TEXT, handle, NULL);
    }
    ask->subject.b[0]++;
    if (roster_has(ask->store, handle) != ask->flag) {
        return ask->flag ? refuse(ask, ERR_NO_SUCH_PERSON, handle, "jam people") : OK;
    }
    if (ask->ops_count == ASK_OPS_MAX) {
        return refuse(ask, ERR_LIMIT, slice_str("names at once"), NULL);
    }
    if (ask->flag) {
        strike(ask, handle);
        return OK;
    }
    struct op *op = ask_op(ask, OP_ROSTER);
    op->handle = handle;
    op->name = name;
    op->has |= FIELD_HANDLE | (name.len > 0 ? FIELD_NAME : 0);
    return OK;
}

/* ask->subject counts the names. */
static enum err roster_plan(struct ask *ask)
{
    struct slice rest = {0};
    enum err err = ask->teacher ? OK : ERR_NOT_TEACHER;
    map_text(ask->params, "names", &rest);
    ask->flag = ask_flag(ask, "remove");
    while (err == OK && rest.len > 0) {
        const uint8_t *end = memchr(rest.at, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.at) : rest.len;
        err = roster_line(ask, slice_of(rest.at, len));
        len += end != NULL;
        rest = slice_of(rest.at + len, rest.len - len);
    }
    return err;
}

static enum err roster_tell(struct ask *ask, struct pack *p)
{
    pack_map(p, 3);
    pack_str(p, "people");
    pack_uint(p, ask->subject.b[0]);
    pack_str(p, "new");
    pack_uint(p, ask->flag ? 0 : ask->ops_count);
    pack_str(p, "removed");
    pack_array(p, ask->flag ? ask->ops_count : 0);
    for (uint32_t i = 0; ask->flag && i < ask->ops_count; i++) {
        pack_text(p, ask->ops[i].handle);
    }
    return OK;
}

/* ---- people ------------------------------------------------------------------------------------------------------- */

static void pack_listed(struct ask *ask, struct pack *p, uint32_t n, const struct person_id *person)
{
    struct session session;
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT confirmed_stamp>x'' FROM person WHERE person=?");
    store_bind(ask->store, stmt, "p", person);
    bool confirmed = store_row(ask->store, stmt) && sqlite3_column_int(stmt, 0);
    sqlite3_reset(stmt);
    pack_map(p, 10);
    pack_str(p, "n");
    pack_line(p, n);
    pack_str(p, "id");
    pack_hex(p, person->b);
    pack_names(ask, p, person);
    pack_signed_up(ask, p, person);
    pack_str(p, "confirmed");
    pack_bool(p, confirmed);
    pack_str(p, "key");
    pack_bool(p, session_read(ask->store, person, &session));
    pack_str(p, "card");
    pack_bool(p, is_card(ask->store, person));
    pack_str(p, "teacher");
    pack_bool(p, authority_is_teacher(ask->store, person));
}

/* The names of the roster that nobody has yet. */
static void pack_waiting(struct ask *ask, struct pack *p)
{
    struct pack waiting;
    uint32_t count = 0;
    sqlite3_stmt *stmt = roster_waiting(ask->store);
    pack_init(&waiting);
    while (count < LIST_MAX && store_row(ask->store, stmt)) {
        pack_map(&waiting, 2);
        pack_str(&waiting, "handle");
        pack_column(&waiting, stmt, 0);
        pack_str(&waiting, "name");
        pack_column(&waiting, stmt, 1);
        count++;
    }
    if (stmt) {
        sqlite3_reset(stmt);
    }
    pack_list(p, count, &waiting);
}

static enum err list_tell(struct ask *ask, struct pack *p)
{
    struct shown_list people;
    all_people(ask->store, &people);
    list_show(ask, LIST_PEOPLE, &people);
    pack_map(p, 4);
    pack_str(p, "open");
    pack_bool(p, class_policy(ask->store) & POLICY_OPEN);
    pack_str(p, "teacher");
    pack_bool(p, ask->teacher);
    pack_str(p, "people");
    pack_array(p, people.count);
    for (uint32_t i = 0; i < people.count; i++) {
        struct person_id person = id_person(&people.ids[i]);
        pack_listed(ask, p, i + 1, &person);
    }
    pack_str(p, "waiting");
    pack_waiting(ask, p);
    return OK;
}

/* A handle that no other confirmed person has. */
static enum err free_handle(struct ask *ask, const struct person_id *person, struct slice handle)
{
    char key[KEY_BYTES];
    struct slice handle_key = name_key(handle, key);
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT 1 FROM person WHERE confirmed_key=? AND person<>?"
                                " AND NOT removed");
    store_bind(ask->store, stmt, "tp", handle_key, person);
    struct ref id;
    if (store_any(ask->store, stmt)) {
        return refuse(ask, ERR_NAME_TAKEN, handle, NULL);
    }
    bool bad = handle.len == 0 || handle_key.len == 0 || memchr(handle.at, '~', handle.len) ||
               name_is_line(handle) || name_is_id(handle, &id);
    return bad ? refuse(ask, ERR_BAD_TEXT, handle, NULL) : OK;
}

static void confirm(struct ask *ask, const struct person_id *person, struct slice handle)
{
    struct op *op = act_on(ask, OP_CONFIRM, person);
    op->handle = handle;
    op->has |= FIELD_HANDLE;
}

/* A text of a row, copied into ask->room; empty if there is no room. */
static struct slice keep_text(struct ask *ask, struct slice text)
{
    char *room = ask->room + ask->room_used;
    if (text.len == 0 || text.len > sizeof(ask->room) - ask->room_used) {
        return (struct slice){0};
    }
    memcpy(room, text.at, text.len);
    ask->room_used += text.len;
    return slice_of(room, text.len);
}

static struct slice handle_of(struct ask *ask, const struct person_id *person)
{
    struct slice handle = {0};
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT handle FROM person WHERE person=?");
    store_bind(ask->store, stmt, "p", person);
    if (store_row(ask->store, stmt)) {
        handle = keep_text(ask, column_slice(stmt, 0));
        sqlite3_reset(stmt);
    }
    return handle;
}

/* Everybody whose handle no other claims. */
static enum err confirm_all(struct ask *ask)
{
    struct shown_list people;
    if (!ask->teacher) {
        return ERR_NOT_TEACHER;
    }
    ids_read(ask->store,
             store_query(ask->store, "SELECT person FROM person AS p WHERE handle_key<>''"
                                     " AND confirmed_stamp=x'' AND NOT EXISTS (SELECT 1 FROM person"
                                     " WHERE handle_key=p.handle_key AND person<>p.person)"
                                     " ORDER BY handle_key"),
             &people);
    for (uint32_t i = 0; i < people.count && ask->ops_count < ASK_OPS_MAX; i++) {
        struct person_id person = id_person(&people.ids[i]);
        struct slice handle = handle_of(ask, &person);
        if (handle.len > 0) {
            confirm(ask, &person, handle);
        }
    }
    return OK;
}

static enum err confirm_plan(struct ask *ask)
{
    struct person_id person;
    struct slice typed, handle;
    if (ask_flag(ask, "all")) {
        return confirm_all(ask);
    }
    ask_typed(ask, "person", &typed);
    enum err err = ask_text_if(ask, "handle", HANDLE_BYTES_MAX, false, &handle);
    name_spread(ask, &typed, &handle);
    err = err == OK ? teacher_names(ask, typed, "jam people confirm", &person) : err;
    if (err != OK) {
        return err;
    }
    handle = handle.len > 0 ? handle : handle_of(ask, &person);
    err = free_handle(ask, &person, handle);
    if (err == OK) {
        char shown[SHOWN_BYTES];
        ask->was = keep_text(ask, slice_str(person_shown(ask->store, &person, shown)));
        confirm(ask, &person, handle);
    }
    return err;
}

static enum err confirm_tell(struct ask *ask, struct pack *p)
{
    pack_map(p, 3);
    pack_str(p, "people");
    pack_array(p, ask->ops_count);
    for (uint32_t i = 0; i < ask->ops_count; i++) {
        pack_person(ask, p, &ask->ops[i].person);
    }
    pack_entry(ask, p);
    return OK;
}

static enum err rename_tell(struct ask *ask, struct pack *p)
{
    pack_map(p, 4);
    pack_str(p, "was");
    pack_text(p, ask->was);
    pack_str(p, "person");
    pack_person(ask, p, &ask->ops[0].person);
    pack_entry(ask, p);
    return OK;
}

static enum err remove_plan(struct ask *ask)
{
    struct person_id person, root;
    enum err err = teacher_asks(ask, "jam people remove", &person);
    if (err == OK && authority_root(ask->store, &root) && SAME(root, person)) {
        return ERR_NOT_YOURS;
    }
    if (err == OK) {
        struct slice handle = handle_of(ask, &person);
        act_on(ask, OP_REMOVE, &person);
        if (handle.len > 0 && roster_has(ask->store, handle)) {
            strike(ask, handle);
        }
    }
    return err;
}

/* Where teachers read letters, there are so many as fit a box. */
static bool is_one_too_many(struct ask *ask, const struct person_id *person)
{
    struct person_id teachers[LETTER_READERS_MAX];
    return class_policy(ask->store) & POLICY_TEACHERS_READ &&
           !authority_is_teacher(ask->store, person) &&
           authority_teachers(ask->store, teachers, LETTER_READERS_MAX) == LETTER_READERS_MAX;
}

static enum err teacher_plan(struct ask *ask)
{
    struct person_id person, root;
    enum err err = teacher_asks(ask, "jam people teacher", &person);
    bool off = ask_flag(ask, "off");
    if (err == OK && off &&
        (!authority_root(ask->store, &root) || !SAME(root, ask->me) || SAME(root, person))) {
        return ERR_NOT_YOURS;
    }
    if (err == OK && !off && is_one_too_many(ask, &person)) {
        return refuse(ask, ERR_LIMIT, slice_str("teachers who read letters"), NULL);
    }
    if (err == OK) {
        struct op *op = act_on(ask, OP_TEACHER, &person);
        op->yes = !off;
        op->has |= FIELD_YES;
    }
    return err;
}

static enum err teacher_tell(struct ask *ask, struct pack *p)
{
    struct person_id person = id_person(&ask->subject);
    pack_map(p, 4);
    pack_str(p, "person");
    pack_person(ask, p, &person);
    pack_str(p, "teacher");
    pack_bool(p, authority_is_teacher(ask->store, &person));
    pack_entry(ask, p);
    return OK;
}

/* ---- cards -------------------------------------------------------------------------------------------------------- */

/* The i-th card's words: drawn, and then OK once they are stretched. */
static enum err card_words(struct ask *ask, uint32_t i)
{
    struct stretching *s = ask->stretching;
    if (i < s->done) {
        return OK;
    }
    words_propose(ask->rng, WORDS_OF_PUPIL, s->at[i].words, sizeof(s->at[i].words));
    s->at[i].cost = COST_WORDS;
    rng_fill(ask->rng, s->at[i].salt, sizeof(s->at[i].salt));
    return ERR_WAIT;
}

/* The i-th card: a key that opens with its words. Of somebody who is there already, or of a name of the roster, which so
 * becomes a person whose name is confirmed from the first. */
static void card(struct ask *ask, uint32_t i, const struct person_id *person, struct slice handle)
{
    struct stretching *s = ask->stretching;
    struct sign_key key;
    struct sign_pk pk;
    uint8_t seed[32];
    rng_fill(ask->rng, seed, sizeof(seed));
    sign_keypair(seed, &key, &pk);
    struct person_id fresh = person_id_of(&ask->class, &pk);
    struct op *op = act_on(ask, OP_RESET, person ? person : &fresh);
    op->key = pk;
    key_seal(s->at[i].out, s->at[i].salt, s->at[i].cost, ask->rng, seed, &op->secret);
    op->has |= FIELD_KEY | FIELD_SECRET;
    wipe(seed, sizeof(seed));
    wipe(&key, sizeof(key));
    if (!person) {
        confirm(ask, &fresh, handle);
    }
}

static enum err may_make_cards(struct ask *ask)
{
    if (!ask->teacher) {
        return ERR_NOT_TEACHER;
    }
    return class_policy(ask->store) & POLICY_OPEN ? ERR_OPEN_CLASS : OK;
}

/* Somebody else took the name: they are put out, and the card is for a new person of that name. */
static enum err take_back(struct ask *ask, const struct person_id *taker)
{
    struct slice handle = handle_of(ask, taker);
    if (SAME(*taker, ask->me)) {
        return refuse(ask, ERR_YOURSELF, handle, NULL);
    }
    enum err err = card_words(ask, 0);
    if (err == OK) {
        act_on(ask, OP_REMOVE, taker);
        card(ask, 0, NULL, handle);
    }
    return err;
}

/* For one person. */
static enum err reset_plan(struct ask *ask)
{
    struct slice typed = {0};
    struct person_id person, root;
    bool unknown;
    enum err err = may_make_cards(ask);
    err = err == OK ? ask_text(ask, "person", HANDLE_BYTES_MAX + TAIL_BYTES, false, &typed) : err;
    if (err != OK) {
        return err;
    }
    err = name_self(ask, typed, &person, &unknown);
    bool waits = err == ERR_NO_SUCH_PERSON && roster_has(ask->store, typed);
    if (err == OK && authority_root(ask->store, &root) && SAME(root, person)) {
        return ERR_NOT_YOURS; /* the paper's words bring that key back */
    }
    if (err == OK && ask_flag(ask, "taken")) {
        return take_back(ask, &person);
    }
    err = err == OK || waits ? card_words(ask, 0) : err;
    if (err == OK) {
        card(ask, 0, waits ? NULL : &person, typed);
    }
    return err;
}

/* For everybody of the roster who has no key yet: so many at once as a request may write. */
static enum err cards_plan(struct ask *ask)
{
    struct slice handles[CARDS_MAX];
    uint32_t count = 0;
    if (map_get(ask->params, "person")) {
        return reset_plan(ask);
    }
    enum err err = may_make_cards(ask);
    sqlite3_stmt *stmt = roster_waiting(ask->store);
    while (err == OK && count < CARDS_MAX && store_row(ask->store, stmt)) {
        handles[count++] = keep_text(ask, column_slice(stmt, 0));
    }
    sqlite3_reset(stmt);
    for (uint32_t i = 0; i < count && err == OK; i++) {
        err = card_words(ask, i);
    }
    for (uint32_t i = 0; i < count && err == OK; i++) {
        card(ask, i, NULL, handles[i]);
    }
    return err;
}

static void pack_card(struct ask *ask, struct pack *p, uint32_t i, const struct person_id *person)
{
    struct session session;
    bool first = !session_read(ask->store, person, &session);
    pack_map(p, 3);
    pack_str(p, "valid_s");
    if (first) {
        pack_nil(p);
    } else {
        pack_uint(p, CARD_S);
    }
    pack_str(p, "person");
    pack_person(ask, p, person);
    pack_str(p, "words");
    pack_str(p, ask->stretching->at[i].words);
    ask->has_words = true;
}

static enum err reset_tell(struct ask *ask, struct pack *p)
{
    bool taken = ask->ops[0].kind == OP_REMOVE;
    pack_map(p, 4);
    pack_str(p, "removed");
    if (taken) {
        pack_person(ask, p, &ask->ops[0].person);
    } else {
        pack_nil(p);
    }
    pack_str(p, "card");
    pack_card(ask, p, 0, &ask->ops[taken].person);
    pack_entry(ask, p);
    return OK;
}

/* The names of the roster whose people came without a card, and are who they say for all that anybody knows. */
static void pack_taken(struct ask *ask, struct pack *p)
{
    struct pack taken;
    uint32_t count = 0;
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT DISTINCT roster.handle FROM roster JOIN person USING (handle_key) WHERE"
                    " listed AND wish_stamp>x'' AND confirmed_stamp=x'' ORDER BY handle_key");
    pack_init(&taken);
    while (count < LIST_MAX && store_row(ask->store, stmt)) {
        pack_column(&taken, stmt, 0);
        count++;
    }
    sqlite3_reset(stmt);
    pack_str(p, "taken");
    pack_list(p, count, &taken);
}

static enum err cards_tell(struct ask *ask, struct pack *p)
{
    uint32_t count = 0;
    pack_map(p, 2);
    pack_taken(ask, p);
    pack_str(p, "cards");
    pack_array(p, ask->stretching->done);
    for (uint32_t i = 0; i < ask->ops_count; i++) {
        if (ask->ops[i].kind == OP_RESET) {
            pack_card(ask, p, count++, &ask->ops[i].person);
        }
    }
    return OK;
}

/* ---- lessons ------------------------------------------------------------------------------------------------------ */

static enum err lesson(struct ask *ask, bool begins)
{
    if (!ask->teacher) {
        return ERR_NOT_TEACHER;
    }
    struct op *op = ask_op(ask, OP_LESSON);
    op->yes = begins;
    op->has |= FIELD_YES;
    return OK;
}

static enum err lesson_start_plan(struct ask *ask)
{
    return lesson(ask, true);
}

static enum err lesson_end_plan(struct ask *ask)
{
    return lesson(ask, false);
}

static enum err lesson_tell(struct ask *ask, struct pack *p)
{
    uint64_t people = 0;
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT count(*) FROM session JOIN person USING (person) WHERE here"
                                " AND handle_key<>'' AND NOT EXISTS (SELECT 1 FROM teacher"
                                " WHERE teacher.person=session.person) AND session.person<>?");
    store_bind(ask->store, stmt, "p", &ask->me);
    if (store_row(ask->store, stmt)) {
        people = (uint64_t)sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
    }
    pack_map(p, 3);
    pack_str(p, "lesson");
    pack_map(p, 2);
    pack_str(p, "runs");
    pack_bool(p, ask->ops[0].yes);
    pack_str(p, "people");
    pack_uint(p, people);
    pack_str(p, "safe");
    pack_uint(p, ask->safe_machines);
    pack_str(p, "of");
    pack_uint(p, ask->peers + 1);
    return OK;
}

/* ---- machines ----------------------------------------------------------------------------------------------------- */

/* When a machine last wrote something. */
static struct moment last_heard(struct ask *ask, const struct device_id *device)
{
    struct moment last = {0};
    sqlite3_stmt *stmt = store_query(
        ask->store,
        "SELECT lamport, time_ms, f.feed, e.seq FROM feed f JOIN entry e ON e.feed=f.id"
        " WHERE f.id=(SELECT max(id) FROM feed WHERE device=?) ORDER BY e.seq DESC LIMIT 1");
    store_bind(ask->store, stmt, "d", device);
    if (store_row(ask->store, stmt)) {
        struct feed_id feed;
        column_fixed(stmt, 2, feed.b, sizeof(feed.b));
        last.stamp = stamp_of((uint64_t)sqlite3_column_int64(stmt, 0), &feed,
                              (uint64_t)sqlite3_column_int64(stmt, 3));
        last.time_ms = (uint64_t)sqlite3_column_int64(stmt, 1);
        sqlite3_reset(stmt);
    }
    return last;
}

static void pack_device(struct ask *ask, struct pack *p, uint32_t n, const struct device_id *device)
{
    char label[LABEL_BYTES], text[65];
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT host, (SELECT state FROM temp.machine_now m WHERE m.device=d.device)"
                    " FROM device d WHERE device=?");
    store_bind(ask->store, stmt, "d", device);
    bool found = store_row(ask->store, stmt);
    pack_map(p, 9);
    pack_str(p, "n");
    pack_line(p, n);
    pack_str(p, "host");
    found ? pack_column(p, stmt, 0) : pack_nil(p);
    pack_str(p, "state");
    found ? pack_column(p, stmt, 1) : pack_nil(p);
    sqlite3_reset(stmt);
    pack_str(p, "seat");
    pack_str(p, seat_of_device(ask->store, device, label) ? label : NULL);
    pack_str(p, "device");
    pack_str(p, hex(text, device->b, 8));
    pack_str(p, "expelled");
    pack_bool(p, authority_is_expelled(ask->store, device));
    struct moment last = last_heard(ask, device);
    pack_moment(ask, p, &last);
}

/* All machines that ever wrote, by seat; at most LIST_MAX. */
static uint32_t devices_read(struct ask *ask, struct device_id out[LIST_MAX])
{
    uint32_t count = 0;
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT device FROM device LEFT JOIN seat"
                                                 " USING (hardware)"
                                                 " ORDER BY coalesce(label, host), device");
    while (count < LIST_MAX && store_row(ask->store, stmt)) {
        column_fixed(stmt, 0, out[count].b, sizeof(out[count].b));
        count++;
    }
    sqlite3_reset(stmt);
    return count;
}

static enum err devices_tell(struct ask *ask, struct pack *p)
{
    struct device_id devices[LIST_MAX];
    uint32_t count = devices_read(ask, devices);
    pack_map(p, 1);
    pack_str(p, "machines");
    pack_array(p, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_device(ask, p, i + 1, &devices[i]);
    }
    return OK;
}

/* Is this the machine that was typed: its line, the beginning of its key in hex, its seat or host? */
static bool is_typed(struct ask *ask, struct slice typed, uint32_t n,
                     const struct device_id *device)
{
    char line[12], text[65], label[LABEL_BYTES], key[KEY_BYTES], typed_key[KEY_BYTES];
    struct slice wanted = name_key(typed, typed_key);
    sqlite3_snprintf(sizeof(line), line, "%u", (unsigned)n);
    hex(text, device->b, sizeof(device->b));
    if (slice_is(typed, line) ||
        (typed.len >= 8 && typed.len <= 64 && memcmp(text, typed.at, typed.len) == 0)) {
        return true;
    }
    if (seat_of_device(ask->store, device, label) &&
        slice_equal(name_key(slice_str(label), key), wanted)) {
        return true;
    }
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT host FROM device WHERE device=?");
    store_bind(ask->store, stmt, "d", device);
    bool is_host =
        store_row(ask->store, stmt) && slice_equal(name_key(column_slice(stmt, 0), key), wanted);
    sqlite3_reset(stmt);
    return is_host;
}

static enum err expel_plan(struct ask *ask)
{
    struct device_id devices[LIST_MAX];
    struct slice typed;
    uint32_t found = 0, at = 0;
    if (!ask->teacher) {
        return ERR_NOT_TEACHER;
    }
    if (!ask_typed(ask, "device", &typed)) {
        return refuse(ask, ERR_EMPTY, slice_str("device"), NULL);
    }
    uint32_t count = devices_read(ask, devices);
    for (uint32_t i = 0; i < count; i++) {
        bool fits = is_typed(ask, typed, i + 1, &devices[i]);
        at = fits ? i : at;
        found += fits;
    }
    if (found != 1) {
        return refuse(ask, found ? ERR_AMBIGUOUS : ERR_NO_SUCH_SEAT, typed, "machines of one name");
    }
    if (SAME(devices[at], ask->here)) {
        return refuse(ask, ERR_YOURSELF, typed, "a machine is put out of the class at another one");
    }
    struct op *op = ask_op(ask, OP_EXPEL);
    op->device = devices[at];
    op->has |= FIELD_DEVICE;
    return OK;
}

static enum err expel_tell(struct ask *ask, struct pack *p)
{
    char label[LABEL_BYTES], text[65];
    const struct device_id *device = &ask->ops[0].device;
    pack_map(p, 5);
    pack_str(p, "rotate"); /* a hint: its owner still knows the class's words */
    pack_bool(p, true);
    pack_str(p, "seat");
    pack_str(p, seat_of_device(ask->store, device, label) ? label : NULL);
    pack_str(p, "device");
    pack_str(p, hex(text, device->b, 8));
    pack_entry(ask, p);
    return OK;
}

static const struct method methods[] = {
    {"class.roster", roster_plan, roster_tell, false},
    {"people.list", NULL, list_tell, false},
    {"people.confirm", confirm_plan, confirm_tell, false},
    {"people.rename", confirm_plan, rename_tell, false},
    {"people.remove", remove_plan, subject_tell, false},
    {"people.teacher", teacher_plan, teacher_tell, false},
    {"people.reset", reset_plan, reset_tell, false},
    {"people.cards", cards_plan, cards_tell, false},
    {"lesson.start", lesson_start_plan, lesson_tell, false},
    {"lesson.end", lesson_end_plan, lesson_tell, false},
    {"class.devices", NULL, devices_tell, true},
    {"class.expel", expel_plan, expel_tell, false},
    {0},
};
static const char *const tables[] = {"roster", NULL};
const struct view view_teacher = {
    "teacher", tables, 1 << OP_ROSTER | 1 << OP_STRIKE, teacher_fold, methods,
};
