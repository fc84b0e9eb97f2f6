/* The folds against a slow model of the same rules: random histories, folded in any order and with repetitions, must give
 * the very tables that the rules say. The model reads the history in the order of stamps and asks of each row which fact
 * was the last to speak of it.
 *
 * JAM_HISTORIES sets how many histories, JAM_SEED the first one's number: a failure prints it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dose.h"
#include "letter.h"
#include "rows.h"
#include "store.h"
#include "view.h"
#include "view_rows.h"

enum {
    FACTS_MAX = 24,
    PEOPLE = 4,
    FEEDS = 3,
    DEVICES = 2,
    ROWS_MAX = 128,
    ROW_BYTES = 512,
    FOLDS_MAX = 2 * FACTS_MAX,
};

/* ---- histories --------------------------------------------------------------------------------------------------- */

/* Names that look the same share a key; the last one shows nothing. */
static const struct {
    const char *name, *key;
} names[] = {
    {"Ana", "ana"},
    {"ana", "ana"},
    {"\xd0\x90na", "ana"},
    {"\xc3\x81na", "ana"},
    {"Ben \xe2\x80\x8b", "ben"},
    {"ben", "ben"},
    {"Dina", "dina"},
    {"\xe2\x80\x8b", ""},
};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

struct history {
    uint8_t luck[1024];
    size_t luck_used;
    struct op ops[FACTS_MAX];
    int name[FACTS_MAX]; /* which of names[] the op's handle or name is */
    struct fact facts[FACTS_MAX];
    int count;
};

static uint32_t draw(struct history *h, uint32_t below)
{
    h->luck_used = (h->luck_used + 1) % sizeof(h->luck);
    return h->luck[h->luck_used] % below;
}

static struct person_id person(uint32_t i)
{
    struct person_id id = {.b = {'p', (uint8_t)i}};
    return id;
}

/* The id of the i-th entry; there are some that never came. */
static struct ref entry_ref(uint32_t i)
{
    struct ref id = {.b = {'e', (uint8_t)(37 * i), (uint8_t)i}};
    return id;
}

static struct slice draw_name(struct history *h, int i)
{
    h->name[i] = (int)draw(h, NAMES);
    return slice_str(names[h->name[i]].name);
}

/* Mostly the first few entries, so that ops meet. */
static struct ref draw_ref(struct history *h)
{
    return entry_ref(draw(h, 3) ? draw(h, 3) : draw(h, FACTS_MAX + 2));
}

static void draw_adds(struct history *h, struct op *op)
{
    op->adds_count = draw(h, 4);
    for (uint32_t i = 0; i < op->adds_count; i++) {
        op->adds[i] = draw_ref(h);
    }
}

/* Two lengths that a letter may have, two of a shared box, and one that neither has. */
static struct slice draw_box(struct history *h)
{
    static const uint8_t bytes[BOX_BYTES_MAX];
    static const size_t lengths[] = {BOX_OVERHEAD + LETTER_BLOCK,     BOX_OVERHEAD + LETTER_BLOCK,
                                     BOX_OVERHEAD + 2 * LETTER_BLOCK, BOX_OVERHEAD + 3,
                                     72 + 2 * 48 + LETTER_BLOCK,      72 + 8 * 48 + LETTER_BLOCK};
    return slice_of(bytes, lengths[draw(h, 6)]);
}

/* Sealed feedback has nothing but its boxes: mostly, where chance would hardly make it so. */
static void draw_seal(struct history *h, struct op *op)
{
    if ((op->kind == OP_FEEDBACK || op->kind == OP_NOTE) && draw(h, 2)) {
        op->has &= FIELD_BY | FIELD_BOX | FIELD_SECOND;
        op->has |= FIELD_BOX | (op->kind == OP_FEEDBACK ? FIELD_SECOND : 0);
    }
}

static void draw_op(struct history *h, int i)
{
    static const uint8_t kinds[] = {
        OP_OPEN,    OP_PERSON, OP_PERSON,   OP_HELLO,    OP_BYE,   OP_SEAT,     OP_JAM,
        OP_JAM_SET, OP_JOIN,   OP_JOIN,     OP_SOLO,     OP_LEAVE, OP_LEAVE,    OP_ROLE,
        OP_ROLE,    OP_TASK,   OP_TASK_SET, OP_TASK_SET, OP_NOTE,  OP_FEEDBACK, OP_CONFIRM,
        OP_REMOVE,  OP_ROSTER, OP_LESSON,   OP_REDACT,   OP_STRIKE};
    static const char *const texts[] = {"one", "two", "", "three\nlines"};
    struct op *op = &h->ops[i];
    memset(op, 0, sizeof(*op));
    op->kind = kinds[draw(h, sizeof(kinds))];
    const struct op_row *row = op_row(op->kind);
    op->has = row->required | (row->optional & (draw(h, 256) << 8 | draw(h, 256)));
    op->by = person(draw(h, PEOPLE));
    op->person = person(draw(h, PEOPLE));
    op->jam = draw_ref(h);
    op->task = draw_ref(h);
    op->name = op->handle = draw_name(h, i);
    op->title = slice_str(texts[draw(h, 4)]);
    op->text = slice_str(texts[draw(h, 4)]);
    op->more = slice_str(texts[draw(h, 4)]);
    op->box = draw_box(h);
    op->second = draw_box(h);
    op->state = draw(h, 3);
    op->moves = draw(h, 2);
    op->yes = draw(h, 2);
    op->entry = draw_ref(h);
    op->hardware.b[0] = (uint8_t)draw(h, 2);
    if (op->has & FIELD_ADDS) {
        draw_adds(h, op);
    }
    draw_seal(h, op);
}

/* The entry of this id; NULL: it never came. */
static const struct fact *fact_of(const struct history *h, const struct ref *id)
{
    for (int i = 0; i < h->count; i++) {
        if (SAME(h->facts[i].id, *id)) {
            return &h->facts[i];
        }
    }
    return NULL;
}

/* Nobody may redact what can't be erased, and such a REDACT reaches no view: it names nothing here. */
static void draw_targets(struct history *h)
{
    for (int i = 0; i < h->count; i++) {
        const struct fact *target = fact_of(h, &h->ops[i].entry);
        if (target && !op_is_erasable(target->op->kind)) {
            h->ops[i].entry = entry_ref(FACTS_MAX + 1);
        }
    }
}

static bool is_redacted(const struct history *h, const struct fact *fact)
{
    for (int i = 0; i < h->count; i++) {
        if (h->ops[i].kind == OP_REDACT && SAME(h->ops[i].entry, fact->id)) {
            return true;
        }
    }
    return false;
}

/* Feeds whose lamports rise, often to the same number at once. */
static void draw_history(struct history *h, uint64_t number)
{
    struct rng rng;
    uint8_t seed[32] = {0};
    uint64_t lamport[FEEDS] = {0}, seq[FEEDS] = {0};
    memcpy(seed, &number, sizeof(number));
    rng_seed(&rng, seed);
    rng_fill(&rng, h->luck, sizeof(h->luck));
    h->luck_used = 0;
    h->count = 1 + (int)draw(h, FACTS_MAX);
    for (int i = 0; i < h->count; i++) {
        uint32_t f = draw(h, FEEDS);
        struct feed_id feed = {.b = {(uint8_t)(0x90 >> f)}};
        draw_op(h, i);
        lamport[f] += 1 + draw(h, 2) * draw(h, 300);
        h->facts[i] = (struct fact){.stamp = stamp_of(lamport[f], &feed, ++seq[f]),
                                    .id = entry_ref((uint32_t)i),
                                    .time_ms = draw(h, 100),
                                    .device = {.b = {'d', (uint8_t)draw(h, DEVICES)}},
                                    .op = &h->ops[i]};
    }
    draw_targets(h);
}

/* ---- rows as lines of text --------------------------------------------------------------------------------------- */

struct table {
    int count;
    char rows[ROWS_MAX][ROW_BYTES];
    size_t used; /* of the row that is being written */
};

static void put(struct table *t, char type, const void *at, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *row = t->rows[t->count];
    assert_true(t->count < ROWS_MAX && t->used + 2 * len + 3 < ROW_BYTES);
    row[t->used++] = type;
    for (size_t i = 0; i < len; i++) {
        row[t->used++] = digits[((const uint8_t *)at)[i] >> 4];
        row[t->used++] = digits[((const uint8_t *)at)[i] & 15];
    }
    row[t->used++] = '|';
    row[t->used] = '\0';
}

static void put_none(struct table *t)
{
    put(t, '-', NULL, 0);
}

static void put_blob(struct table *t, struct slice s)
{
    put(t, 'b', s.at, s.len);
}

static void put_text(struct table *t, struct slice s)
{
    put(t, 't', s.at, s.len);
}

static void put_int(struct table *t, int64_t value)
{
    put(t, 'i', &value, sizeof(value));
}

/* A row that is there already is the same row. */
static void put_row(struct table *t)
{
    t->used = 0;
    for (int i = 0; i < t->count; i++) {
        if (strcmp(t->rows[i], t->rows[t->count]) == 0) {
            return;
        }
    }
    t->count++;
}

static int compare_rows(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* ---- the model --------------------------------------------------------------------------------------------------- */

/* The history in order; and which facts of it a question is about. */
struct model {
    const struct history *h;
    const struct fact *order[FACTS_MAX];
    int count;
};

static bool is_before(const struct fact *a, const struct fact *b)
{
    uint64_t x = stamp_lamport(&a->stamp), y = stamp_lamport(&b->stamp);
    struct feed_id f = stamp_feed(&a->stamp), g = stamp_feed(&b->stamp);
    int feeds = memcmp(f.b, g.b, sizeof(f.b));
    if (x != y) {
        return x < y;
    }
    return feeds != 0 ? feeds < 0 : stamp_seq(&a->stamp) < stamp_seq(&b->stamp);
}

static void model_sort(struct model *m, const struct history *h)
{
    m->h = h;
    m->count = 0;
    for (int i = 0; i < h->count; i++) {
        if (is_redacted(h, &h->facts[i])) {
            continue;
        }
        int at = m->count++;
        while (at > 0 && is_before(&h->facts[i], m->order[at - 1])) {
            m->order[at] = m->order[at - 1];
            at--;
        }
        m->order[at] = &h->facts[i];
    }
}

static const char *key_of(const struct model *m, const struct fact *f)
{
    return names[m->h->name[f - m->h->facts]].key;
}

static bool is_kind(const struct fact *f, uint64_t kinds)
{
    return kinds >> f->op->kind & 1;
}

/* The last of these kinds by this person that has these fields. */
static const struct fact *last_by(const struct model *m, const struct person_id *by, uint64_t kinds,
                                  uint32_t has)
{
    const struct fact *last = NULL;
    for (int i = 0; i < m->count; i++) {
        const struct fact *f = m->order[i];
        if (is_kind(f, kinds) && SAME(f->op->by, *by) && (f->op->has & has) == has) {
            last = f;
        }
    }
    return last;
}

static void put_stamp(struct table *t, const struct fact *f)
{
    put_blob(t, f ? SLICE(f->stamp) : (struct slice){0});
}

static void put_time(struct table *t, const struct fact *f)
{
    put_int(t, (int64_t)f->time_ms);
}

/* The last that gave this person a handle: by themselves, or by a teacher. */
static const struct fact *last_handle(const struct model *m, const struct person_id *id,
                                      enum op_kind kind)
{
    const struct fact *last = NULL;
    for (int i = 0; i < m->count; i++) {
        const struct fact *f = m->order[i];
        const struct person_id *of = kind == OP_PERSON ? &f->op->by : &f->op->person;
        if (f->op->kind == kind && SAME(*of, *id) && f->op->has & FIELD_HANDLE && key_of(m, f)[0]) {
            last = f;
        }
    }
    return last;
}

static void put_handle(const struct model *m, struct table *t, const struct fact *f)
{
    f ? put_text(t, f->op->handle) : put_none(t);
    put_text(t, slice_str(f ? key_of(m, f) : ""));
}

static bool is_removed(const struct model *m, const struct person_id *id)
{
    for (int i = 0; i < m->count; i++) {
        if (m->order[i]->op->kind == OP_REMOVE && SAME(m->order[i]->op->person, *id)) {
            return true;
        }
    }
    return false;
}

static void model_person(const struct model *m, struct table *t)
{
    for (uint32_t p = 0; p < PEOPLE; p++) {
        struct person_id id = person(p);
        const struct fact *wish = last_handle(m, &id, OP_PERSON);
        const struct fact *confirmed = last_handle(m, &id, OP_CONFIRM);
        const struct fact *handle = confirmed ? confirmed : wish;
        const struct fact *name = last_by(m, &id, 1 << OP_PERSON, FIELD_NAME);
        bool removed = is_removed(m, &id);
        if (!handle && !name && !removed) {
            continue;
        }
        put_blob(t, SLICE(id));
        handle ? put_text(t, handle->op->handle) : put_none(t);
        put_text(t, slice_str(handle && !removed ? key_of(m, handle) : ""));
        put_handle(m, t, wish);
        put_stamp(t, wish);
        put_handle(m, t, confirmed);
        put_stamp(t, confirmed);
        name ? put_text(t, name->op->name) : put_none(t);
        put_stamp(t, name);
        put_int(t, removed);
        put_row(t);
    }
}

static void model_roster(const struct model *m, struct table *t)
{
    for (int i = 0; i < m->count; i++) {
        const struct fact *f = m->order[i];
        bool last = is_kind(f, 1 << OP_ROSTER | 1 << OP_STRIKE) && key_of(m, f)[0];
        for (int k = i + 1; k < m->count && last; k++) {
            const struct fact *g = m->order[k];
            last = !is_kind(g, 1 << OP_ROSTER | 1 << OP_STRIKE) ||
                   strcmp(key_of(m, g), key_of(m, f)) != 0;
        }
        if (last) {
            put_text(t, slice_str(key_of(m, f)));
            put_text(t, f->op->handle);
            f->op->has &FIELD_NAME ? put_text(t, f->op->name) : put_none(t);
            put_int(t, f->op->kind == OP_ROSTER);
            put_stamp(t, f);
            put_row(t);
        }
    }
}

static void model_lesson(const struct model *m, struct table *t)
{
    for (int i = m->count - 1; i >= 0; i--) {
        const struct fact *f = m->order[i];
        if (f->op->kind == OP_LESSON) {
            put_int(t, 0);
            put_int(t, f->op->yes);
            put_stamp(t, f);
            put_time(t, f);
            put_row(t);
            return;
        }
    }
}

static void model_session(const struct model *m, struct table *t)
{
    for (uint32_t p = 0; p < PEOPLE; p++) {
        struct person_id id = person(p);
        const struct fact *f = last_by(m, &id, 1 << OP_HELLO | 1 << OP_BYE, 0);
        if (f) {
            put_blob(t, SLICE(id));
            put_int(t, f->op->kind == OP_HELLO);
            put_blob(t, SLICE(f->device));
            put_stamp(t, f);
            put_time(t, f);
            put_row(t);
        }
    }
}

static const struct fact *last_move(const struct model *m, const struct person_id *id)
{
    const struct fact *last = NULL;
    for (int i = 0; i < m->count; i++) {
        const struct fact *f = m->order[i];
        bool moves = is_kind(f, 1 << OP_LEAVE | 1 << OP_HELLO)
                         ? f->op->moves
                         : is_kind(f, 1 << OP_JAM | 1 << OP_JOIN | 1 << OP_SOLO | 1 << OP_BYE);
        if (moves && SAME(f->op->by, *id)) {
            last = f;
        }
    }
    return last;
}

static void model_place(const struct model *m, struct table *t)
{
    for (uint32_t p = 0; p < PEOPLE; p++) {
        struct person_id id = person(p);
        const struct fact *f = last_move(m, &id);
        if (!f) {
            continue;
        }
        bool in_jam = is_kind(f, 1 << OP_JAM | 1 << OP_JOIN);
        put_blob(t, SLICE(id));
        put_int(t, in_jam ? 1 : f->op->kind == OP_BYE ? 2 : 0);
        in_jam ? put_blob(t, f->op->kind == OP_JAM ? SLICE(f->id) : SLICE(f->op->jam))
               : put_none(t);
        f->op->kind == OP_SOLO && f->op->has &FIELD_TITLE ? put_text(t, f->op->title) : put_none(t);
        put_stamp(t, f);
        put_time(t, f);
        put_row(t);
    }
}

static void model_joined(const struct model *m, struct table *t)
{
    for (int i = 0; i < m->count; i++) {
        const struct fact *f = m->order[i];
        if (is_kind(f, 1 << OP_JAM | 1 << OP_JOIN)) {
            put_blob(t, SLICE(f->op->by));
            put_blob(t, f->op->kind == OP_JAM ? SLICE(f->id) : SLICE(f->op->jam));
            put_stamp(t, f);
            put_blob(t, SLICE(f->id));
            put_time(t, f);
            put_row(t);
        }
    }
}

static void model_removed(const struct model *m, struct table *t)
{
    for (int i = 0; i < m->count; i++) {
        const struct op *op = m->order[i]->op;
        for (uint32_t k = 0; op->kind == OP_LEAVE && k < op->adds_count; k++) {
            put_blob(t, SLICE(op->by));
            put_blob(t, SLICE(op->jam));
            put_blob(t, SLICE(op->adds[k]));
            put_row(t);
        }
    }
}

/* The last fact about this jam with these fields. */
static const struct fact *last_of_jam(const struct model *m, const struct ref *jam, uint32_t has)
{
    const struct fact *last = NULL;
    for (int i = 0; i < m->count; i++) {
        const struct fact *f = m->order[i];
        bool about = (f->op->kind == OP_JAM && SAME(f->id, *jam)) ||
                     (f->op->kind == OP_JAM_SET && SAME(f->op->jam, *jam));
        if (about && (f->op->has & has) == has) {
            last = f;
        }
    }
    return last;
}

/* The entry of this id, if it is of this kind. */
static const struct fact *founding(const struct model *m, const struct ref *id, uint32_t kind)
{
    for (int i = 0; i < m->count; i++) {
        if (m->order[i]->op->kind == kind && SAME(m->order[i]->id, *id)) {
            return m->order[i];
        }
    }
    return NULL;
}

static void model_jam(const struct model *m, struct table *t)
{
    for (uint32_t j = 0; j < FACTS_MAX + 2; j++) {
        struct ref jam = entry_ref(j);
        const struct fact *first = founding(m, &jam, OP_JAM);
        const struct fact *name = last_of_jam(m, &jam, FIELD_NAME);
        const struct fact *purpose = last_of_jam(m, &jam, FIELD_TITLE);
        if (!first && !name && !purpose) {
            continue;
        }
        put_blob(t, SLICE(jam));
        put_stamp(t, first);
        first ? put_time(t, first) : put_none(t);
        first ? put_blob(t, SLICE(first->op->by)) : put_none(t);
        name ? put_text(t, name->op->name) : put_none(t);
        put_stamp(t, name);
        purpose ? put_text(t, purpose->op->title) : put_none(t);
        put_stamp(t, purpose);
        put_row(t);
    }
}

/* The last to say whether somebody has a role. */
static const struct fact *last_of_role(const struct model *m, const struct ref *jam,
                                       const char *key, const struct person_id *id)
{
    const struct fact *last = NULL;
    for (int i = 0; i < m->count; i++) {
        const struct fact *f = m->order[i];
        bool names_them = f->op->has & FIELD_PERSON && SAME(f->op->person, *id);
        if (f->op->kind == OP_ROLE && SAME(f->op->jam, *jam) && strcmp(key_of(m, f), key) == 0 &&
            (SAME(f->op->by, *id) || names_them)) {
            last = f;
        }
    }
    return last;
}

static void model_role(const struct model *m, struct table *t)
{
    for (int i = 0; i < m->count; i++) {
        const struct op *op = m->order[i]->op;
        const char *key = key_of(m, m->order[i]);
        for (uint32_t p = 0; op->kind == OP_ROLE && key[0] && p < PEOPLE; p++) {
            struct person_id id = person(p);
            const struct fact *f = last_of_role(m, &op->jam, key, &id);
            if (!f) {
                continue;
            }
            put_blob(t, SLICE(op->jam));
            put_text(t, slice_str(key));
            put_blob(t, SLICE(id));
            put_int(t, f->op->has & FIELD_PERSON && SAME(f->op->person, id));
            put_text(t, f->op->name);
            put_stamp(t, f);
            put_time(t, f);
            put_row(t);
        }
    }
}

static const struct fact *last_of_task(const struct model *m, const struct ref *task, uint32_t has)
{
    const struct fact *last = NULL;
    for (int i = 0; i < m->count; i++) {
        const struct fact *f = m->order[i];
        bool about = (f->op->kind == OP_TASK && SAME(f->id, *task)) ||
                     (f->op->kind == OP_TASK_SET && SAME(f->op->task, *task));
        if (about && (f->op->has & has) == has) {
            last = f;
        }
    }
    return last;
}

/* Who holds it is told by TASK_SET alone: a TASK has no such field. */
static void model_task(const struct model *m, struct table *t)
{
    for (uint32_t j = 0; j < FACTS_MAX + 2; j++) {
        struct ref task = entry_ref(j);
        const struct fact *first = founding(m, &task, OP_TASK);
        const struct fact *title = last_of_task(m, &task, FIELD_TITLE);
        const struct fact *state = last_of_task(m, &task, FIELD_STATE);
        const struct fact *holder = last_of_task(m, &task, FIELD_PERSON);
        if (!last_of_task(m, &task, 0)) {
            continue;
        }
        put_blob(t, SLICE(task));
        put_stamp(t, first);
        first ? put_time(t, first) : put_none(t);
        first ? put_blob(t, SLICE(first->op->by)) : put_none(t);
        bool in_jam = first && first->op->has & FIELD_JAM;
        first ? put_blob(t, in_jam ? SLICE(first->op->jam) : SLICE(first->op->by)) : put_none(t);
        first ? put_int(t, in_jam) : put_none(t);
        title ? put_text(t, title->op->title) : put_none(t);
        put_stamp(t, title);
        put_int(t, state ? (int64_t)state->op->state : 0);
        put_stamp(t, state);
        state ? put_time(t, state) : put_none(t);
        holder ? put_blob(t, SLICE(holder->op->person)) : put_none(t);
        put_stamp(t, holder);
        put_row(t);
    }
}

static struct slice owner_of(const struct fact *f)
{
    switch (f->op->kind) {
    case OP_JAM:
        return SLICE(f->id);
    case OP_TASK_SET:
        return SLICE(f->op->task);
    default:
        return f->op->has & FIELD_JAM ? SLICE(f->op->jam) : SLICE(f->op->by);
    }
}

static void put_words(struct table *t, const struct fact *f)
{
    const struct op *op = f->op;
    if (op->has & FIELD_TEXT) {
        put_text(t, op->text);
    } else if (op->has & FIELD_NAME) {
        put_text(t, op->name);
    } else if (op->has & FIELD_TITLE) {
        put_text(t, op->title);
    } else {
        put_none(t);
    }
}

/* Boxes that could hold a letter. */
static bool is_box(struct slice box)
{
    return box.len == BOX_OVERHEAD + LETTER_BLOCK || box.len == BOX_OVERHEAD + 2 * LETTER_BLOCK;
}

/* A note says its text, or one's own a box, never both. */
static bool is_note(const struct op *op)
{
    uint32_t said = op->has & (FIELD_TEXT | FIELD_BOX);
    return said == FIELD_TEXT || (said == FIELD_BOX && !(op->has & FIELD_JAM) && is_box(op->box));
}

/* In whose journal a redaction stands. */
static struct slice erased_owner(const struct fact *redact, const struct fact *target)
{
    return redact->op->has & FIELD_JAM ? SLICE(redact->op->jam) : SLICE(target->op->by);
}

/* In place of what was there a line by the last who redacted it, of those who say that it stood in that journal. */
static void model_erased(const struct model *m, struct table *t)
{
    for (int i = 0; i < m->count; i++) {
        const struct fact *f = m->order[i];
        const struct fact *target = f->op->kind == OP_REDACT ? fact_of(m->h, &f->op->entry) : NULL;
        bool last = target && view_note.folds >> target->op->kind & 1;
        for (int k = i + 1; k < m->count && last; k++) {
            const struct fact *g = m->order[k];
            last = g->op->kind != OP_REDACT || !SAME(g->op->entry, f->op->entry) ||
                   !slice_equal(erased_owner(g, target), erased_owner(f, target));
        }
        if (last) {
            put_blob(t, erased_owner(f, target));
            put_stamp(t, target);
            put_blob(t, SLICE(target->id));
            put_int(t, OP_REDACT);
            put_blob(t, SLICE(f->op->by));
            put_blob(t, SLICE(target->op->by));
            put_none(t);
            put_text(t, f->op->text);
            put_none(t);
            put_time(t, target);
            put_row(t);
        }
    }
}

static void model_redacted(const struct model *m, struct table *t)
{
    for (int i = 0; i < m->count; i++) {
        const struct fact *f = m->order[i];
        if (f->op->kind == OP_REDACT) {
            put_blob(t, SLICE(f->op->entry));
            put_stamp(t, f);
            put_blob(t, SLICE(f->op->by));
            f->op->has &FIELD_JAM ? put_blob(t, SLICE(f->op->jam)) : put_none(t);
            put_text(t, f->op->text);
            put_int(t, fact_of(m->h, &f->op->entry) != NULL);
            put_row(t);
        }
    }
}

static void model_story(const struct model *m, struct table *t)
{
    for (int i = 0; i < m->count; i++) {
        const struct fact *f = m->order[i];
        if (is_kind(f, 1 << OP_OPEN | 1 << OP_PERSON | 1 << OP_SEAT | 1 << OP_FEEDBACK |
                           1 << OP_CONFIRM | 1 << OP_REMOVE | 1 << OP_ROSTER | 1 << OP_LESSON |
                           1 << OP_REDACT | 1 << OP_STRIKE) ||
            (f->op->kind == OP_HELLO && !f->op->moves) ||
            (f->op->kind == OP_NOTE && !is_note(f->op))) {
            continue;
        }
        put_blob(t, owner_of(f));
        put_stamp(t, f);
        put_blob(t, SLICE(f->id));
        put_int(t, f->op->kind);
        put_blob(t, SLICE(f->op->by));
        f->op->has &FIELD_PERSON ? put_blob(t, SLICE(f->op->person)) : put_none(t);
        f->op->has &FIELD_STATE ? put_int(t, (int64_t)f->op->state) : put_none(t);
        put_words(t, f);
        f->op->kind == OP_NOTE && f->op->has &FIELD_BOX ? put_int(t, (int64_t)f->op->box.len)
                                                        : put_none(t);
        put_time(t, f);
        put_row(t);
    }
    model_erased(m, t);
}

/* As long as the box, or a box for one to seven readers of the same letter. */
static bool is_second(size_t box, size_t second)
{
    size_t one = box - BOX_OVERHEAD + 72 + 48;
    return second == box || (second >= one && second <= one + 6 * 48 && (second - one) % 48 == 0);
}

/* Two boxes that go together, and nothing else. */
static bool is_sealed(const struct op *op)
{
    return op->has == (FIELD_BY | FIELD_BOX | FIELD_SECOND) &&
           is_second(op->box.len, op->second.len) && is_box(op->box);
}

static void model_feedback(const struct model *m, struct table *t)
{
    for (int i = 0; i < m->count; i++) {
        const struct fact *f = m->order[i];
        bool to_person = f->op->has & FIELD_PERSON;
        bool sealed = f->op->has & (FIELD_BOX | FIELD_SECOND);
        if (f->op->kind != OP_FEEDBACK ||
            (sealed ? !is_sealed(f->op) : !(f->op->has & (FIELD_PERSON | FIELD_JAM)))) {
            continue;
        }
        if (sealed) {
            put_blob(t, SLICE((struct ref){{0}}));
            put_stamp(t, f);
            put_blob(t, SLICE(f->id));
            put_blob(t, SLICE(f->op->by));
            put_int(t, 0);
            put_none(t);
            put_none(t);
            put_time(t, f);
            put_row(t);
            continue;
        }
        put_blob(t, to_person ? SLICE(f->op->person) : SLICE(f->op->jam));
        put_stamp(t, f);
        put_blob(t, SLICE(f->id));
        put_blob(t, SLICE(f->op->by));
        put_int(t, !to_person);
        f->op->has &FIELD_TEXT ? put_text(t, f->op->text) : put_none(t);
        f->op->has &FIELD_MORE ? put_text(t, f->op->more) : put_none(t);
        put_time(t, f);
        put_row(t);
    }
}

/* Of two OPENs of a device, or two SEATs of a machine, the last. */
static bool is_last(const struct model *m, int at)
{
    const struct fact *f = m->order[at];
    for (int i = at + 1; i < m->count; i++) {
        const struct fact *g = m->order[i];
        if (g->op->kind == f->op->kind &&
            (f->op->kind == OP_OPEN ? SAME(f->device, g->device)
                                    : SAME(f->op->hardware, g->op->hardware))) {
            return false;
        }
    }
    return true;
}

static void model_seat(const struct model *m, struct table *t)
{
    for (int i = 0; i < m->count; i++) {
        const struct fact *f = m->order[i];
        if (f->op->kind == OP_SEAT && is_last(m, i)) {
            put_blob(t, SLICE(f->op->hardware));
            put_text(t, f->op->name);
            put_stamp(t, f);
            put_row(t);
        }
    }
}

static void model_device(const struct model *m, struct table *t)
{
    for (int i = 0; i < m->count; i++) {
        const struct fact *f = m->order[i];
        if (f->op->kind == OP_OPEN && is_last(m, i)) {
            put_blob(t, SLICE(f->device));
            put_text(t, f->op->name);
            put_blob(t, SLICE(f->op->hardware));
            put_stamp(t, f);
            put_row(t);
        }
    }
}

/* ---- the comparison ---------------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *sql;
    void (*expect)(const struct model *, struct table *);
} tables[] = {
    {"person", "SELECT * FROM person", model_person},
    {"roster", "SELECT * FROM roster", model_roster},
    {"lesson", "SELECT * FROM lesson", model_lesson},
    {"session", "SELECT * FROM session", model_session},
    {"place", "SELECT * FROM place", model_place},
    {"joined", "SELECT * FROM joined", model_joined},
    {"removed", "SELECT * FROM removed", model_removed},
    {"jam", "SELECT * FROM jam", model_jam},
    {"role", "SELECT * FROM role", model_role},
    {"task", "SELECT * FROM task", model_task},
    {"story", "SELECT * FROM story", model_story},
    {"feedback", "SELECT * FROM feedback", model_feedback},
    {"redacted", "SELECT * FROM redacted", model_redacted},
    {"seat", "SELECT * FROM seat", model_seat},
    {"device", "SELECT * FROM device", model_device},
};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

static void put_column(struct table *t, sqlite3_stmt *stmt, int i)
{
    switch (sqlite3_column_type(stmt, i)) {
    case SQLITE_NULL:
        put_none(t);
        break;
    case SQLITE_INTEGER:
        put_int(t, sqlite3_column_int64(stmt, i));
        break;
    case SQLITE_TEXT:
        put_text(t, column_slice(stmt, i));
        break;
    default:
        put_blob(t, column_slice(stmt, i));
    }
}

static void read_table(struct store *store, const char *sql, struct table *t)
{
    sqlite3_stmt *stmt = store_query(store, sql);
    assert_non_null(stmt);
    while (store_row(store, stmt)) {
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            put_column(t, stmt, i);
        }
        put_row(t);
    }
}

static void begin_table(struct table *t)
{
    t->count = 0;
    t->used = 0;
}

static void compare_tables(struct store *store, const struct history *h, uint64_t number)
{
    static struct table expected, real;
    struct model m;
    model_sort(&m, h);
    for (size_t i = 0; i < TABLES; i++) {
        begin_table(&expected);
        begin_table(&real);
        tables[i].expect(&m, &expected);
        read_table(store, tables[i].sql, &real);
        qsort(expected.rows, (size_t)expected.count, ROW_BYTES, compare_rows);
        qsort(real.rows, (size_t)real.count, ROW_BYTES, compare_rows);
        for (int k = 0; k < expected.count || k < real.count; k++) {
            const char *want = k < expected.count ? expected.rows[k] : "nothing";
            const char *have = k < real.count ? real.rows[k] : "nothing";
            if (strcmp(want, have) != 0) {
                fail_msg("JAM_SEED=%llu, table %s: expected\n%s\nbut it has\n%s",
                         (unsigned long long)number, tables[i].name, want, have);
            }
        }
    }
}

/* Every fact at least once, some twice, in any order. */
static void fold_shuffled(struct store *store, struct history *h)
{
    int order[FOLDS_MAX] = {0}, count = 0;
    for (int i = 0; i < h->count; i++) {
        for (uint32_t times = draw(h, 4) ? 1 : 2; times > 0; times--) {
            int at = (int)draw(h, (uint32_t)count + 1);
            order[count++] = order[at];
            order[at] = i;
        }
    }
    for (int i = 0; i < count; i++) {
        if (!is_redacted(h, &h->facts[order[i]])) { /* replica.c sees to that */
            views_fold(store, &h->facts[order[i]]);
        }
    }
}

/* The log as redactions see it: headers, with what is left of each payload. */
static void write_log(struct store *store, const struct history *h)
{
    bool redacts = false;
    for (int i = 0; i < h->count; i++) {
        redacts |= h->ops[i].kind == OP_REDACT;
    }
    for (int i = 0; i < h->count && redacts; i++) {
        const struct fact *f = &h->facts[i];
        struct feed_id feed = stamp_feed(&f->stamp);
        struct hash hash = {{0}};
        uint8_t stub[STUB_BYTES_MAX] = {0x91, (uint8_t)f->op->kind, 0xc4, 16};
        memcpy(hash.b, f->id.b, sizeof(f->id.b));
        memcpy(stub + 4, f->op->by.b, sizeof(f->op->by.b));
        store_do(store, "INSERT OR IGNORE INTO feed (feed, key, device) VALUES (?,x'',x'')", "f",
                 &feed);
        store_do(store,
                 "INSERT INTO entry (feed, seq, lamport, time_ms, hash, stub, kind) SELECT id,"
                 "?,?,?,?,?,? FROM feed WHERE feed=?",
                 "iiihbif", (int64_t)stamp_seq(&f->stamp), (int64_t)stamp_lamport(&f->stamp),
                 (int64_t)f->time_ms, &hash,
                 slice_of(stub, f->op->has & FIELD_BY ? sizeof(stub) : 2), (int64_t)f->op->kind,
                 &feed);
    }
}

static void fold_sorted(struct store *store, const struct history *h)
{
    struct model m;
    model_sort(&m, h);
    for (int i = 0; i < m.count; i++) {
        views_fold(store, m.order[i]);
    }
}

static struct store *open_store(void)
{
    struct store *store = NULL;
    assert_int_equal(store_open(":memory:", NULL, &store), OK);
    return store;
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void test_model(void **state)
{
    (void)state;
    struct store *store = open_store();
    struct history h;
    uint64_t first = number_from("JAM_SEED", 1), count = dose(100000);
    for (uint64_t number = first; number < first + count; number++) {
        assert_int_equal(store_begin(store), OK);
        draw_history(&h, number);
        write_log(store, &h);
        fold_shuffled(store, &h);
        assert_int_equal(store_err(store), OK);
        compare_tables(store, &h, number);
        store_rollback(store);
    }
    store_close(&store);
}

static void test_refold(void **state)
{
    (void)state;
    struct store *store = open_store();
    struct history h;
    uint64_t first = number_from("JAM_SEED", 1), count = dose(100000) / 50;
    for (uint64_t number = first; number <= first + count; number++) {
        assert_int_equal(store_begin(store), OK);
        draw_history(&h, number);
        write_log(store, &h);
        fold_shuffled(store, &h);
        struct hash shuffled = store_digest_views(store);
        store_clear_views(store);
        struct hash empty = store_digest_views(store);
        fold_sorted(store, &h);
        struct hash sorted = store_digest_views(store);
        if (!SAME(shuffled, sorted) || SAME(shuffled, empty) != SAME(sorted, empty)) {
            fail_msg("JAM_SEED=%llu: folded again, the views differ", (unsigned long long)number);
        }
        assert_int_equal(store_err(store), OK);
        store_rollback(store);
    }
    store_close(&store);
}

static void test_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        char room[KEY_BYTES];
        name_key(slice_str(names[i].name), room);
        assert_string_equal(room, names[i].key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"names that the model holds for the same have the same key", test_keys, NULL, NULL, NULL},
        {"any history in any order, with repetitions, gives the tables of the model", test_model,
         NULL, NULL, NULL},
        {"views that are emptied and folded again in order are byte-equal", test_refold, NULL, NULL,
         NULL},
    };
    return cmocka_run_group_tests_name("oracle", tests, NULL, NULL);
}
