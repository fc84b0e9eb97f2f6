/* Feedback: glow and grow, from somebody with a name to a person or a jam. Only ever added, never counted. To a person it
 * is sealed, unless the class is open. */
#include "ask.h"
#include "authority.h"
#include "inbox.h"
#include "names.h"
#include "shapes.h"
#include "view_rows.h"

enum { OPEN_FIELDS = FIELD_PERSON | FIELD_JAM | FIELD_TEXT | FIELD_MORE };

/* The boxes stay in the log: only that there are some is told. */
static void fold_sealed(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    if (op->has & OPEN_FIELDS || !(op->has & FIELD_BOX) || !(op->has & FIELD_SECOND) ||
        !letter_box_fits(op->box.len) ||
        (op->box.len != op->second.len && !letter_shared_fits(op->second.len, op->box.len))) {
        return;
    }
    store_do(store, "INSERT INTO feedback VALUES (?,?,?,?,0,NULL,NULL,?) ON CONFLICT DO NOTHING",
             "rsrpi", &sealed_receiver, &fact->stamp, &fact->id, &op->by, (int64_t)fact->time_ms);
}

static void feedback_fold(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    bool to_person = op->has & FIELD_PERSON;
    if (op->has & (FIELD_BOX | FIELD_SECOND)) {
        fold_sealed(store, fact);
        return;
    }
    if (!to_person && !(op->has & FIELD_JAM)) {
        return;
    }
    store_do(store, "INSERT INTO feedback VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
             "bsrpitti", to_person ? SLICE(op->person) : SLICE(op->jam), &fact->stamp, &fact->id,
             &op->by, (int64_t)!to_person, op->has & FIELD_TEXT ? op->text : (struct slice){0},
             op->has & FIELD_MORE ? op->more : (struct slice){0}, (int64_t)fact->time_ms);
}

/* Under whichever receiver it stands. */
void feedback_unfold(struct store *store, const struct fact *fact)
{
    store_do(store, "DELETE FROM feedback WHERE stamp=?", "s", &fact->stamp);
}

/* ---- who reads it ------------------------------------------------------------------------------------------------ */

static bool is_sealed(struct ask *ask)
{
    return !(class_policy(ask->store) & POLICY_OPEN);
}

static bool teachers_read(struct ask *ask)
{
    return class_policy(ask->store) & POLICY_TEACHERS_READ;
}

/* Does the class's policy let a teacher read what is for this person, and they aren't that teacher? */
static bool has_second_reader(struct ask *ask, const struct person_id *person)
{
    struct person_id teachers[2];
    uint32_t count = teachers_read(ask) ? authority_teachers(ask->store, teachers, 2) : 0;
    return count > 1 || (count == 1 && !SAME(teachers[0], *person));
}

/* The pairs "sealed" and "readers". person NULL: it is for a jam. */
static void pack_readers(struct ask *ask, struct pack *p, const struct person_id *person)
{
    bool sealed = person && is_sealed(ask);
    bool second = sealed && has_second_reader(ask, person);
    pack_str(p, "sealed");
    pack_bool(p, sealed);
    pack_str(p, "readers");
    pack_array(p, second ? 2 : 1);
    if (sealed) {
        pack_person(ask, p, person);
    } else {
        pack_str(p, "everybody");
    }
    if (second) {
        pack_str(p, "teachers");
    }
}

/* Whom it is for: person or jam, the other one zeroed. */
struct addressee {
    bool is_jam;
    struct person_id person;
    struct ref jam;
};

static enum err read_addressee(struct ask *ask, struct addressee *to)
{
    struct slice typed;
    memset(to, 0, sizeof(*to));
    if (ask_typed(ask, "person", &typed)) {
        enum err err = name_person(ask, typed, "jam feedback", &to->person);
        if (err == OK && SAME(to->person, ask->me)) {
            return refuse(ask, ERR_YOURSELF, (struct slice){0},
                          "a thought of your own: jam note TEXT");
        }
        return err;
    }
    to->is_jam = true;
    if (!ask_typed(ask, "jam", &typed)) {
        return refuse(ask, ERR_EMPTY, slice_str("person"), NULL);
    }
    return name_jam(ask, typed, "jam feedback --jam", &to->jam);
}

/* The pairs "to", "sealed" and "readers". */
static void pack_addressee(struct ask *ask, struct pack *p, const struct addressee *to)
{
    pack_str(p, "to");
    if (to->is_jam) {
        pack_jam_name(ask, p, &to->jam);
    } else {
        pack_person(ask, p, &to->person);
    }
    pack_readers(ask, p, to->is_jam ? NULL : &to->person);
}

static enum err readers_tell(struct ask *ask, struct pack *p)
{
    struct addressee to;
    enum err err = read_addressee(ask, &to);
    if (err == OK) {
        pack_map(p, 3);
        pack_addressee(ask, p, &to);
    }
    return err;
}

/* ---- giving some --------------------------------------------------------------------------------------------------- */

/* Takes a box's bytes from the request's room. NULL: there are none left. */
static uint8_t *box_room(struct ask *ask)
{
    if (sizeof(ask->room) - ask->room_used < BOX_BYTES_MAX) {
        return NULL;
    }
    uint8_t *box = (uint8_t *)ask->room + ask->room_used;
    ask->room_used += BOX_BYTES_MAX;
    return box;
}

/* The keys of those teachers who have one; at most LETTER_READERS_MAX. */
static uint32_t teachers_keys(struct ask *ask, struct sign_pk keys[LETTER_READERS_MAX])
{
    struct person_id teachers[LETTER_READERS_MAX];
    uint32_t count = 0, known = authority_teachers(ask->store, teachers, LETTER_READERS_MAX);
    for (uint32_t i = 0; i < known; i++) {
        count += person_key(ask->store, &teachers[i], &keys[count], NULL);
    }
    return count;
}

/* A box for all teachers, whoever it is to; or, where they don't read, as many random bytes as the first box has. */
static enum err seal_second(struct ask *ask, const struct letter *letter, struct op *op)
{
    struct sign_pk keys[LETTER_READERS_MAX];
    size_t len = op->box.len;
    uint8_t *second = box_room(ask);
    enum err err = second ? OK : ERR_TOO_LONG;
    if (err == OK && teachers_read(ask)) {
        uint32_t count = teachers_keys(ask, keys);
        err =
            count > 0 ? letter_share(letter, keys, count, ask->rng, second, &len) : ERR_CLASS_WAITS;
    } else if (err == OK) {
        rng_fill(ask->rng, second, len);
    }
    op->second = slice_of(second, len);
    op->has |= FIELD_SECOND;
    return err;
}

static enum err seal_letter(struct ask *ask, const struct letter *letter, struct op *op)
{
    char shown[SHOWN_BYTES];
    struct sign_pk pk;
    size_t len = 0;
    uint8_t *box = box_room(ask);
    bool known = person_key(ask->store, &letter->recipient, &pk, NULL);
    enum err err = !box    ? ERR_TOO_LONG
                   : known ? letter_seal(letter, &pk, ask->rng, box, &len)
                           : ERR_SIGNATURE;
    op->box = slice_of(box, len);
    op->has |= FIELD_BOX;
    err = err == OK ? seal_second(ask, letter, op) : err;
    if (err == ERR_TOO_LONG) {
        return refuse(ask, err, slice_str("glow, grow"), NULL);
    }
    if (err == ERR_SIGNATURE) { /* a key that nothing can be sealed to is nobody's */
        person_shown(ask->store, &letter->recipient, shown);
        return refuse(ask, ERR_NO_SUCH_PERSON, slice_str(shown), "jam who");
    }
    return err;
}

/* What it is about, if that is said: an entry's id. */
static enum err read_about(struct ask *ask, struct letter *letter)
{
    struct slice typed;
    letter->has_about = ask_typed(ask, "about", &typed);
    return letter->has_about && !name_is_id(typed, &letter->about)
               ? refuse(ask, ERR_NO_SUCH_ENTRY, typed, NULL)
               : OK;
}

static enum err feedback_plan(struct ask *ask)
{
    struct addressee to;
    struct letter letter = {.kind = LETTER_FEEDBACK, .author = ask->me, .class = ask->class};
    enum err err = ask_text_if(ask, "glow", TEXT_BYTES_MAX, true, &letter.text);
    err = err == OK ? ask_text_if(ask, "grow", TEXT_BYTES_MAX, true, &letter.more) : err;
    if (err != OK) {
        return err;
    }
    if (letter.text.len == 0 && letter.more.len == 0) {
        return refuse(ask, ERR_EMPTY, slice_str("glow, grow"), NULL);
    }
    err = read_addressee(ask, &to);
    if (err != OK) {
        return err;
    }
    struct op *op = ask_op(ask, OP_FEEDBACK);
    ask->flag = to.is_jam;
    ask->subject = to.is_jam ? to.jam : person_ref(&to.person);
    letter.recipient = to.person;
    if (!to.is_jam && is_sealed(ask)) {
        err = read_about(ask, &letter);
        return err == OK ? seal_letter(ask, &letter, op) : err;
    }
    op->person = to.person;
    op->jam = to.jam;
    op->text = letter.text;
    op->more = letter.more;
    op->has |= (to.is_jam ? FIELD_JAM : FIELD_PERSON) | (op->text.len > 0 ? FIELD_TEXT : 0) |
               (op->more.len > 0 ? FIELD_MORE : 0);
    return OK;
}

static enum err feedback_tell(struct ask *ask, struct pack *p)
{
    struct addressee to = {
        .is_jam = ask->flag, .person = id_person(&ask->subject), .jam = ask->subject};
    pack_map(p, 1);
    pack_str(p, "feedback");
    pack_map(p, 5);
    pack_addressee(ask, p, &to);
    pack_entry(ask, p);
    return OK;
}

/* ---- the inbox ----------------------------------------------------------------------------------------------------- */

static enum err inbox_tell(struct ask *ask, struct pack *p)
{
    static const struct stamp always;
    struct lines letters;
    struct shown_list list = {0};
    inbox_read(ask, &always, &letters);
    pack_map(p, 2);
    pack_str(p, "old_key");
    pack_bool(p, inbox_lost(ask));
    pack_str(p, "inbox");
    pack_array(p, letters.count);
    for (uint32_t i = 0; i < letters.count; i++) {
        pack_letter(ask, p, i + 1, &letters.at[i]);
        list.ids[list.count++] = letters.at[i].id;
    }
    list_show(ask, LIST_FEEDBACK, &list);
    list_show(ask, LIST_ENTRIES, &list);
    inbox_mark_read(ask);
    return OK;
}

static const struct method methods[] = {
    {"feedback", feedback_plan, feedback_tell, false},
    {"feedback.readers", NULL, readers_tell, false},
    {"inbox", NULL, inbox_tell, false},
    {0},
};
static const char *const tables[] = {"feedback", NULL};
const struct view view_feedback = {"feedback", tables, 1 << OP_FEEDBACK, feedback_fold, methods};
