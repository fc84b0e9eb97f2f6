/* Who may say what. Rules one by one, each history in many orders on three replicas; then random histories, honest and
 * hostile, against a slow model of the same rules that looks at the whole set of entries at once.
 *
 * JAM_HISTORIES sets how many histories, JAM_SEED the first one's number: a failure prints it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dose.h"
#include "scene.h"

/* ---- the model ---------------------------------------------------------------------------------------------------- */

enum bound_kind {
    BY_DEVICE,
    BY_PERSON,
    BY_KEYS,
    BY_GRANTS,
    BY_TEACHER,
};

struct model_bound {
    enum bound_kind kind;
    int item;
    bool firm;
};

struct model {
    const struct scene *s;
    bool past[ITEMS_MAX][ITEMS_MAX]; /* [of][what] */
    bool void_item[ITEMS_MAX];
    bool teacher[PEOPLE];
    int named[PEOPLE];       /* the last item by which the root names them, -1 */
    int given[PEOPLE][KEYS]; /* the last RESET that gives this key, -1 */
    struct model_bound bounds[ITEMS_MAX];
    int bounds_count;
    bool counts[ITEMS_MAX];
};

static bool is_later(const struct model *m, int a, int b)
{
    return memcmp(&m->s->items[a].stamp, &m->s->items[b].stamp, sizeof(struct stamp)) > 0;
}

static int person_at(const struct scene *s, const struct person_id *id)
{
    int i = 0;
    while (i < PEOPLE && !SAME(s->people[i], *id)) {
        i++;
    }
    return i;
}

static int key_at(const struct scene *s, const struct sign_pk *key)
{
    int i = 0;
    while (i < KEYS && !SAME(s->publics[i], *key)) {
        i++;
    }
    return i;
}

static int by_of(const struct scene *s, int item)
{
    return s->items[item].op.has & FIELD_BY ? person_at(s, &s->items[item].op.by) : PEOPLE;
}

static void model_past(struct model *m, int of, int what)
{
    const struct item *item = &m->s->items[what];
    if (m->past[of][what]) {
        return;
    }
    m->past[of][what] = true;
    if (item->prev >= 0) {
        model_past(m, of, item->prev);
    }
    for (int i = 0; i < item->after_count; i++) {
        if (!m->void_item[item->after[i]]) {
            model_past(m, of, item->after[i]);
        }
    }
}

static bool is_rested(const struct item *item, const struct item *before)
{
    return before->feed == item->feed && before->seq < item->seq && !before->branch;
}

/* The HELLO under which p speaks where this item stands: the last good one at or before it, with no BYE between. */
static int model_grant(const struct model *m, int at, int p)
{
    const struct item *item = &m->s->items[at];
    int best = -1;
    for (int i = 0; i < m->s->count; i++) {
        const struct item *h = &m->s->items[i];
        bool here = i == at || is_rested(item, h);
        if (here && h->op.kind == OP_HELLO && h->fits && by_of(m->s, i) == p &&
            (best < 0 || h->seq > m->s->items[best].seq)) {
            best = i;
        }
    }
    for (int i = 0; i < m->s->count && best >= 0; i++) {
        const struct item *b = &m->s->items[i];
        if (is_rested(item, b) && b->op.kind == OP_BYE && by_of(m->s, i) == p &&
            b->seq > m->s->items[best].seq) {
            return -1;
        }
    }
    return best;
}

static bool is_key(const struct model *m, int p, int key)
{
    return key == p || m->given[p][key] >= 0;
}

/* Does this bound leave this place, under this grant, outside? */
static bool model_outside(const struct model *m, const struct model_bound *b, int at, int grant)
{
    const struct scene *s = m->s;
    const struct item *bound = &s->items[b->item];
    int p = by_of(s, grant), key = key_at(s, &s->items[grant].op.key);
    if (m->past[b->item][at]) {
        return false;
    }
    switch (b->kind) {
    case BY_DEVICE:
        return SAME(bound->op.device, s->device_ids[s->feeds[s->items[at].feed].device]);
    case BY_PERSON:
        return SAME(bound->op.person, s->people[p]);
    case BY_KEYS:
        return SAME(bound->op.person, s->people[p]) && key != key_at(s, &bound->op.key) &&
               (m->given[p][key] < 0 || is_later(m, b->item, m->given[p][key]));
    case BY_GRANTS:
        return SAME(*(bound->op.has & FIELD_PERSON ? &bound->op.person : &bound->op.by),
                    s->people[p]) &&
               m->past[b->item][grant];
    case BY_TEACHER:
        return false;
    }
    return false;
}

static bool model_teaches(const struct model *m, int p, int at)
{
    if (p == 0) {
        return true;
    }
    for (int i = 0; i < m->bounds_count; i++) {
        const struct model_bound *b = &m->bounds[i];
        if (b->kind == BY_TEACHER && SAME(m->s->items[b->item].op.person, m->s->people[p]) &&
            !m->past[b->item][at] && (m->named[p] < 0 || is_later(m, b->item, m->named[p]))) {
            return false;
        }
    }
    return m->teacher[p];
}

static bool is_act(uint32_t kind)
{
    return kind == OP_TEACHER || kind == OP_RESET || kind == OP_EXPEL || kind == OP_REMOVE;
}

static bool is_self(const struct op *op)
{
    return !(op->has & FIELD_PERSON) || SAME(op->person, op->by);
}

static bool model_held(const struct model *m, int at, int grant)
{
    const struct op *op = &m->s->items[at].op;
    int p = by_of(m->s, at);
    for (int i = 0; i < m->bounds_count; i++) {
        const struct model_bound *b = &m->bounds[i];
        bool holds = true;
        if (b->kind == BY_GRANTS) {
            holds = op->kind != OP_BYE && !(p == 0 && op->kind == OP_REVOKE && is_self(op)) &&
                    (b->firm || (!is_act(op->kind) && op->kind != OP_REVOKE));
        } else {
            holds = p != 0 && (b->firm || !is_act(op->kind));
        }
        if (holds && model_outside(m, b, at, grant)) {
            return true;
        }
    }
    return false;
}

/* A goodbye where no grant is: some open grant at the device lets it, that began before, as far as was said before. */
static bool model_farewell(const struct model *m, int at)
{
    const struct scene *s = m->s;
    int p = by_of(s, at), device = s->feeds[s->items[at].feed].device;
    for (int g = 0; g < s->count; g++) {
        const struct item *grant = &s->items[g];
        if (m->void_item[g] || grant->op.kind != OP_HELLO || !grant->fits || by_of(s, g) != p ||
            s->feeds[grant->feed].device != device || !is_key(m, p, key_at(s, &grant->op.key)) ||
            grant->lamport >= s->items[at].lamport) {
            continue;
        }
        bool open = true;
        for (int i = 0; i < s->count; i++) {
            const struct item *other = &s->items[i];
            open = open &&
                   (m->void_item[i] || other->feed != grant->feed || other->seq <= grant->seq ||
                    by_of(s, i) != p ||
                    !(other->op.kind == OP_BYE || (other->op.kind == OP_HELLO && other->fits)));
        }
        for (int i = 0; i < m->bounds_count && open; i++) {
            const struct model_bound *b = &m->bounds[i];
            const struct op *op = &s->items[b->item].op;
            bool before = is_later(m, at, b->item);
            if (b->kind == BY_GRANTS) {
                const struct person_id *whose = op->has & FIELD_PERSON ? &op->person : &op->by;
                open = !(before && SAME(*whose, s->people[p]) && m->past[b->item][g]);
            } else if (p != 0) {
                open = !(before && model_outside(m, b, g, g)) &&
                       (b->kind != BY_DEVICE || !model_outside(m, b, at, g));
            }
        }
        if (open) {
            return true;
        }
    }
    return false;
}

/* May this entry be said, as far as the model has come? */
static bool model_may(const struct model *m, int at)
{
    const struct scene *s = m->s;
    const struct item *item = &s->items[at];
    const struct op *op = &item->op;
    int p = by_of(s, at);
    if (p == PEOPLE) {
        return op->kind == OP_OPEN;
    }
    int grant = model_grant(m, at, p);
    if (grant < 0) {
        return op->kind == OP_BYE && model_farewell(m, at);
    }
    if (!is_key(m, p, key_at(s, &s->items[grant].op.key)) || model_held(m, at, grant)) {
        return false;
    }
    bool at_root = op->has & FIELD_PERSON && SAME(op->person, s->people[0]);
    switch (op->kind) {
    case OP_HELLO:
        return grant == at;
    case OP_KEY:
        return item->fits && SAME(op->key, s->items[grant].op.key);
    case OP_TEACHER:
        return op->yes ? model_teaches(m, p, at) : p == 0;
    case OP_RESET:
    case OP_REMOVE:
        return !at_root && model_teaches(m, p, at);
    case OP_REVOKE:
        return is_self(op) || (!at_root && model_teaches(m, p, at));
    case OP_EXPEL:
    case OP_CONFIRM:
    case OP_LESSON:
    case OP_ROSTER:
    case OP_STRIKE:
    case OP_ROTATE:
        return model_teaches(m, p, at);
    case OP_CLOSE:
        return p == 0;
    default:
        return true;
    }
}

static void model_bound(struct model *m, int at)
{
    static const struct {
        uint32_t op;
        enum bound_kind kind;
    } kinds[] = {{OP_EXPEL, BY_DEVICE},
                 {OP_REMOVE, BY_PERSON},
                 {OP_RESET, BY_KEYS},
                 {OP_REVOKE, BY_GRANTS},
                 {OP_TEACHER, BY_TEACHER}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct op *op = &m->s->items[at].op;
        if (kinds[i].op == op->kind && !(op->kind == OP_TEACHER && op->yes)) {
            m->bounds[m->bounds_count++] =
                (struct model_bound){kinds[i].kind, at, by_of(m->s, at) == 0};
        }
    }
}

static bool model_give(struct model *m, int at)
{
    const struct scene *s = m->s;
    const struct op *op = &s->items[at].op;
    int p = op->has & FIELD_PERSON ? person_at(s, &op->person) : PEOPLE;
    if (op->kind == OP_TEACHER && op->yes) {
        bool root = by_of(s, at) == 0;
        bool news = !m->teacher[p] || (root && (m->named[p] < 0 || is_later(m, at, m->named[p])));
        m->teacher[p] = true;
        m->named[p] = root && news ? at : m->named[p];
        return news;
    }
    if (op->kind == OP_RESET) {
        int *given = &m->given[p][key_at(s, &op->key)];
        bool news = *given < 0 || is_later(m, at, *given);
        *given = news ? at : *given;
        return news;
    }
    return false;
}

enum level {
    ROOT_REVOKES,
    ROOT,
    TEACHERS,
    BOUNDS,
    REVOKES,
    LEVELS,
};

static bool is_at_level(const struct model *m, int at, enum level level)
{
    const struct op *op = &m->s->items[at].op;
    bool root = by_of(m->s, at) == 0;
    bool own = op->kind == OP_REVOKE && is_self(op);
    switch (level) {
    case ROOT_REVOKES:
        return root && own;
    case ROOT:
        return root && !own && (is_act(op->kind) || op->kind == OP_REVOKE);
    case TEACHERS:
        return !root && (op->kind == OP_TEACHER || op->kind == OP_RESET);
    case BOUNDS:
        return !root && is_act(op->kind) && op->kind != OP_TEACHER;
    default:
        return !root && op->kind == OP_REVOKE;
    }
}

static void model_level(struct model *m, enum level level)
{
    bool found[ITEMS_MAX] = {false};
    for (bool news = true; news;) {
        news = false;
        for (int i = 0; i < m->s->count; i++) {
            if (m->void_item[i] || !is_at_level(m, i, level) || found[i] || !model_may(m, i)) {
                continue;
            }
            found[i] = true;
            news |= level != BOUNDS && level != REVOKES && model_give(m, i);
        }
        news = news && level == TEACHERS;
    }
    for (int i = 0; i < m->s->count && level != TEACHERS; i++) {
        if (found[i]) {
            model_bound(m, i);
        }
    }
}

static void model_run(struct model *m, const struct scene *s)
{
    memset(m, 0, sizeof(*m));
    m->s = s;
    for (int i = 0; i < s->count; i++) {
        int void_seq = s->feeds[s->items[i].feed].void_seq;
        m->void_item[i] = void_seq && s->items[i].seq >= void_seq;
    }
    for (int p = 0; p < PEOPLE; p++) {
        m->named[p] = -1;
        for (int k = 0; k < KEYS; k++) {
            m->given[p][k] = -1;
        }
    }
    for (int i = 0; i < s->count; i++) {
        model_past(m, i, i);
    }
    for (int level = 0; level < LEVELS; level++) {
        model_level(m, (enum level)level);
    }
    for (int i = 0; i < s->count; i++) {
        m->counts[i] = !m->void_item[i] && model_may(m, i);
    }
}

/* ---- the comparison ----------------------------------------------------------------------------------------------- */

static bool is_in(struct scene_side *side, const char *table, const struct scene *s, int at)
{
    bool refused = *table == 'r';
    sqlite3_stmt *stmt =
        refused ? store_query(side->store, "SELECT 1 FROM refused WHERE feed=? AND seq=?")
                : store_query(side->store, "SELECT 1 FROM entry e JOIN feed f ON f.id=e.feed"
                                           " WHERE f.feed=? AND seq=?");
    store_bind(side->store, stmt, "fi", &s->feeds[s->items[at].feed].id, (int64_t)s->items[at].seq);
    bool found = store_row(side->store, stmt);
    sqlite3_reset(stmt);
    return found;
}

static void print_scene(const struct model *m)
{
    const struct scene *s = m->s;
    for (int i = 0; i < s->count; i++) {
        const struct item *item = &s->items[i];
        printf("# %2d feed %d (pc %d) seq %d %s by %d person %d key %d device %02x yes %d fits %d "
               "%s after",
               i, item->feed, s->feeds[item->feed].device, item->seq, op_name(item->op.kind),
               by_of(s, i), item->op.has & FIELD_PERSON ? person_at(s, &item->op.person) : -1,
               item->op.has & FIELD_KEY ? key_at(s, &item->op.key) : -1, item->op.device.b[0],
               item->op.yes, item->fits,
               m->void_item[i] ? "void"
               : m->counts[i]  ? "counts"
                               : "refused");
        for (int k = 0; k < item->after_count; k++) {
            printf(" %d", item->after[k]);
        }
        printf("\n");
    }
}

/* What a person's key is sealed with, by the model: the item that says it, -1. The last KEY; if there is none, RESET. */
static int model_secret(const struct model *m, int p)
{
    const struct scene *s = m->s;
    int key = -1, best = -1;
    for (int k = 0; k < KEYS; k++) {
        if (m->given[p][k] >= 0 && (key < 0 || is_later(m, m->given[p][k], m->given[p][key]))) {
            key = k;
        }
    }
    key = key < 0 ? p : key;
    for (int i = 0; i < s->count; i++) {
        const struct op *op = &s->items[i].op;
        bool says = m->counts[i] && ((op->kind == OP_KEY && by_of(s, i) == p) ||
                                     (op->kind == OP_RESET && SAME(op->person, s->people[p])));
        bool same = best >= 0 && op->kind == s->items[best].op.kind;
        if (says && key_at(s, &op->key) == key &&
            (best < 0 || (same ? is_later(m, i, best) : op->kind == OP_KEY))) {
            best = i;
        }
    }
    return best;
}

static const char *difference(const struct model *m, struct scene_side *side)
{
    static char what[64];
    const struct scene *s = m->s;
    for (int i = 0; i < s->count; i++) {
        if (!m->void_item[i] && !is_in(side, "entry", s, i)) {
            snprintf(what, sizeof(what), "item %d isn't applied", i);
            return what;
        }
        if (!m->void_item[i] && is_in(side, "refused", s, i) == m->counts[i]) {
            snprintf(what, sizeof(what), "item %d %s", i,
                     m->counts[i] ? "should count" : "shouldn't count");
            return what;
        }
    }
    for (int p = 0; p < PEOPLE; p++) {
        struct sign_pk key;
        struct sealed_key secret;
        int at = model_secret(m, p);
        bool has = person_key(side->store, &s->people[p], &key, &secret);
        if (has != (at >= 0) ||
            (has && (!SAME(key, s->items[at].op.key) || !SAME(secret, s->items[at].op.secret)))) {
            snprintf(what, sizeof(what), "the key of person %d", p);
            return what;
        }
    }
    return NULL;
}

/* Delivers to all sides, and compares: with the model, with one another, and with all folded again. */
static void compare(struct scene *s, struct scene_side sides[SIDES], struct model *m,
                    uint64_t number)
{
    struct hash first = {{0}};
    model_run(m, s);
    for (int i = 0; i < SIDES; i++) {
        scene_side_reset(&sides[i]);
        scene_deliver(s, &sides[i]);
        const char *what = difference(m, &sides[i]);
        struct hash digest = store_digest_views(sides[i].store);
        first = i ? first : digest;
        if (!what && !SAME(first, digest)) {
            what = "two machines differ";
        }
        if (!what && i == 0) {
            assert_int_equal(replica_refold(sides[i].replica), OK);
            digest = store_digest_views(sides[i].store);
            what = SAME(first, digest) ? NULL : "folded again it is another";
        }
        if (what) {
            print_scene(m);
            fail_msg("JAM_SEED=%llu, machine %d: %s", (unsigned long long)number, i, what);
        }
    }
}

/* ---- random histories --------------------------------------------------------------------------------------------- */

static void hello_op(const struct scene *s, int feed, int p, int key, bool fits, struct op *op)
{
    *op = (struct op){.kind = OP_HELLO,
                      .has = FIELD_BY | FIELD_KEY | FIELD_SIGNATURE | FIELD_MOVES,
                      .by = s->people[p],
                      .key = s->publics[key],
                      .moves = true};
    op->signature =
        grant_sign(&s->keys[key], &s->people[p], &s->feeds[fits ? feed : (feed + 1) % FEEDS].id);
}

static void key_op(const struct scene *s, int p, int key, uint8_t words, bool fits, struct op *op)
{
    *op = (struct op){.kind = OP_KEY,
                      .has = FIELD_BY | FIELD_KEY | FIELD_SIGNATURE | FIELD_SECRET,
                      .by = s->people[p],
                      .key = s->publics[key]};
    op->secret.b[0] = words;
    op->signature = key_sign(&s->keys[key], &s->people[p], &op->secret);
    op->secret.b[1] = !fits;
}

/* Who speaks: mostly somebody whose HELLO stands in this feed. */
static int draw_speaker(struct scene *s, int feed)
{
    int p = scene_draw(s, 3) ? (int)scene_draw(s, PEOPLE) : 0;
    for (int i = s->count - 1; i >= 0 && scene_draw(s, 8); i--) {
        if (s->items[i].feed == feed && s->items[i].op.kind == OP_HELLO && scene_draw(s, 3)) {
            return by_of(s, i);
        }
    }
    return p;
}

/* An op with whatever it needs, drawn. */
static bool draw_op(struct scene *s, int feed, struct op *op)
{
    static const uint8_t kinds[] = {
        OP_HELLO, OP_HELLO,  OP_HELLO,  OP_HELLO, OP_BYE,    OP_NOTE,    OP_NOTE,
        OP_NOTE,  OP_KEY,    OP_KEY,    OP_RESET, OP_RESET,  OP_TEACHER, OP_TEACHER,
        OP_EXPEL, OP_REMOVE, OP_REVOKE, OP_SEAT,  OP_LESSON, OP_CONFIRM, OP_CLOSE};
    uint8_t kind = kinds[scene_draw(s, sizeof(kinds))];
    int p = kind == OP_HELLO ? (int)scene_draw(s, PEOPLE) : draw_speaker(s, feed);
    int key = scene_draw(s, 4) ? p : (int)scene_draw(s, KEYS);
    bool fits = scene_draw(s, 8) != 0;
    if (kind == OP_HELLO) {
        hello_op(s, feed, p, key, fits, op);
        return fits;
    }
    if (kind == OP_KEY) {
        key_op(s, p, key, (uint8_t)scene_draw(s, 4), fits, op);
        return fits;
    }
    *op = (struct op){.kind = kind, .by = s->people[p]};
    const struct op_row *row = op_row(kind);
    op->has = row->required | (row->optional & (scene_draw(s, 2) ? FIELD_PERSON | FIELD_BY : 0));
    op->person = s->people[scene_draw(s, PEOPLE)];
    op->key = s->publics[PEOPLE - 1 + scene_draw(s, KEYS - PEOPLE + 1)];
    op->device = s->device_ids[scene_draw(s, DEVICES)];
    op->yes = scene_draw(s, 3) != 0;
    op->secret.b[0] = (uint8_t)scene_draw(s, 4);
    op->text = slice_str("text");
    op->has |= kind == OP_NOTE ? FIELD_TEXT : 0;
    op->name = op->handle = slice_str("ana");
    return true;
}

/* A second entry at a place that nobody has named yet, or later. */
static void draw_fork(struct scene *s)
{
    int feed = (int)scene_draw(s, FEEDS), seq = 0, last = s->feeds[feed].last;
    for (int i = 0; i < s->count; i++) {
        for (int k = 0; k < s->items[i].after_count; k++) {
            const struct item *named = &s->items[s->items[i].after[k]];
            seq = named->feed == feed && named->seq > seq ? named->seq : seq;
        }
    }
    if (last < 0 || s->items[last].seq <= seq || s->items[last].seq < 2 || s->count == ITEMS_MAX) {
        return;
    }
    struct item *branch = &s->items[s->count];
    *branch = s->items[last];
    branch->branch = true;
    branch->after_count = 0;
    branch->fits = draw_op(s, feed, &branch->op);
    item_seal(s, branch);
    s->feeds[feed].void_seq = branch->seq;
    s->count++;
}

/* The root key's holder is here and names a teacher or two: else hardly anything would count. */
static void begin_class(struct scene *s)
{
    struct op op;
    scene_open(s, 0);
    hello_op(s, 0, 0, 0, true, &op);
    scene_put(s, 0, &op, true, NULL, 0);
    for (uint32_t p = 1; p <= 1 + scene_draw(s, 2); p++) {
        op = (struct op){.kind = OP_TEACHER,
                         .has = FIELD_BY | FIELD_PERSON | FIELD_YES,
                         .by = s->people[0],
                         .person = s->people[p],
                         .yes = true};
        scene_put(s, 0, &op, true, NULL, 0);
    }
}

static void draw_scene(struct scene *s, uint64_t number)
{
    scene_begin(s, number);
    if (scene_draw(s, 4)) {
        begin_class(s);
    }
    int count = 8 + (int)scene_draw(s, 32);
    int feeds = 1 + (int)scene_draw(s, FEEDS);
    while (s->count < count) {
        struct op op;
        int tips[FEEDS], feed = (int)scene_draw(s, (uint32_t)feeds), after_count = 0;
        scene_open(s, feed);
        bool fits = draw_op(s, feed, &op);
        uint32_t honest = scene_draw(s, 4);
        if (honest > 0) {
            after_count = scene_tips(s, tips);
            if (honest == 1) { /* some of them */
                after_count = (int)scene_draw(s, (uint32_t)after_count + 1);
            }
        }
        scene_put(s, feed, &op, fits, tips, after_count);
    }
    if (scene_draw(s, 4) == 0) {
        draw_fork(s);
    }
}

static struct scene scene;
static struct scene_side sides[SIDES];
static struct model model;

static void random_histories_are_judged_as_the_model_does(void **state)
{
    (void)state;
    uint64_t first = number_from("JAM_SEED", 1), count = dose(1000);
    for (uint64_t number = first; number < first + count; number++) {
        draw_scene(&scene, number);
        compare(&scene, sides, &model, number);
    }
}

/* ---- rules one by one --------------------------------------------------------------------------------------------- */

enum { LEE, ANA, BEN, DINA, GIVEN, GIVEN_TOO }; /* people, and keys: Lee holds the root key */

/* After all that is said (tips), or after nothing that others said. */
enum causes { AFTER_ALL, AFTER_NONE };

static int put(int feed, const struct op *op, bool fits, enum causes causes)
{
    int tips[FEEDS];
    scene_open(&scene, feed);
    return scene_put(&scene, feed, op, fits, tips,
                     causes == AFTER_ALL ? scene_tips(&scene, tips) : 0);
}

static int hello_as(int feed, int p, int key, enum causes causes)
{
    struct op op;
    scene_open(&scene, feed);
    hello_op(&scene, feed, p, key, true, &op);
    return put(feed, &op, true, causes);
}

static int hello(int feed, int p)
{
    return hello_as(feed, p, p, AFTER_ALL);
}

static int key(int feed, int p, int which, uint8_t words)
{
    struct op op;
    key_op(&scene, p, which, words, true, &op);
    return put(feed, &op, true, AFTER_ALL);
}

/* An op of one that speaks about another, or about nobody (-1). */
static int act_after(int feed, int by, enum op_kind kind, int about, enum causes causes)
{
    struct op op = {.kind = kind, .has = op_row(kind)->required, .by = scene.people[by]};
    op.yes = true;
    op.text = op.name = op.handle = slice_str("text");
    op.has |= kind == OP_NOTE ? FIELD_TEXT : 0;
    if (about >= 0) {
        op.has |= FIELD_PERSON;
        op.person = scene.people[about];
    }
    return put(feed, &op, true, causes);
}

static int act(int feed, int by, enum op_kind kind, int about)
{
    return act_after(feed, by, kind, about, AFTER_ALL);
}

static int note(int feed, int by)
{
    return act(feed, by, OP_NOTE, -1);
}

static int name(int feed, int by, int about)
{
    return act(feed, by, OP_TEACHER, about);
}

static int unname(int feed, int by, int about)
{
    struct op op = {.kind = OP_TEACHER,
                    .has = FIELD_BY | FIELD_PERSON | FIELD_YES,
                    .by = scene.people[by],
                    .person = scene.people[about]};
    return put(feed, &op, true, AFTER_ALL);
}

static int reset(int feed, int by, int about, int which)
{
    struct op op = {.kind = OP_RESET,
                    .has = FIELD_BY | FIELD_PERSON | FIELD_KEY | FIELD_SECRET,
                    .by = scene.people[by],
                    .person = scene.people[about],
                    .key = scene.publics[which]};
    op.secret.b[0] = 99;
    return put(feed, &op, true, AFTER_ALL);
}

static int expel(int feed, int by, int device)
{
    struct op op = {.kind = OP_EXPEL,
                    .has = FIELD_BY | FIELD_DEVICE,
                    .by = scene.people[by],
                    .device = scene.device_ids[device]};
    return put(feed, &op, true, AFTER_ALL);
}

/* Feeds of machines: the first of each, and second ones, as after another start of the daemon. */
enum { PC0, PC1, PC2, PC0_AGAIN, PC1_AGAIN };

/* Lee is at machine 0. */
static void begin(void)
{
    scene_begin(&scene, 0);
    hello(PC0, LEE);
}

static bool expected[ITEMS_MAX], told[ITEMS_MAX];

static void counts(int item)
{
    expected[item] = told[item] = true;
}

static void fails(int item)
{
    expected[item] = false;
    told[item] = true;
}

/* In twenty orders, on all machines alike, and as was told above. */
static void judge(void)
{
    bool told_now[ITEMS_MAX];
    memcpy(told_now, told, sizeof(told_now));
    memset(told, 0, sizeof(told));
    for (uint64_t times = 0; times < 20; times++) {
        uint8_t seed[32] = {6, (uint8_t)times};
        rng_seed(&scene.rng, seed);
        compare(&scene, sides, &model, times);
        for (int i = 0; i < scene.count; i++) {
            if (told_now[i] && model.counts[i] != expected[i]) {
                print_scene(&model);
                fail_msg("item %d %s", i, expected[i] ? "should count" : "shouldn't count");
            }
        }
    }
}

static void who_has_no_grant_says_nothing(void **state)
{
    (void)state;
    struct op op;
    begin();
    fails(note(PC1, ANA));
    counts(hello(PC1, ANA));
    counts(note(PC1, ANA));
    fails(note(PC2, ANA));       /* a grant is for one feed */
    fails(note(PC1_AGAIN, ANA)); /* not for the device */
    fails(note(PC1, BEN));
    hello_op(&scene, PC2, ANA, ANA, false, &op); /* made for another feed */
    fails(put(PC2, &op, false, AFTER_ALL));
    fails(note(PC2, ANA));
    fails(hello_as(PC2, ANA, BEN, AFTER_ALL)); /* by a key that isn't hers */
    fails(note(PC2, ANA));
    counts(act(PC1, ANA, OP_BYE, -1));
    fails(note(PC1, ANA));
    fails(act(PC1, ANA, OP_BYE, -1));
    judge();
}

static void a_hello_ends_the_one_before(void **state)
{
    (void)state;
    struct op op;
    begin();
    counts(hello(PC1, ANA));
    counts(hello(PC1, ANA));
    hello_op(&scene, PC1, ANA, ANA, false, &op);
    fails(put(PC1, &op, false, AFTER_ALL)); /* counts for nothing, though a grant stands */
    counts(note(PC1, ANA));
    counts(act(PC1, ANA, OP_BYE, -1));
    fails(note(PC1, ANA));
    counts(hello(PC1, ANA));
    fails(hello_as(PC1, ANA, BEN, AFTER_ALL));
    fails(note(PC1, ANA));
    judge();
}

static void only_teachers_do_what_teachers_do(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    hello(PC2, BEN);
    fails(act(PC1, ANA, OP_LESSON, -1));
    fails(act(PC1, ANA, OP_CONFIRM, ANA));
    fails(act(PC1, ANA, OP_ROSTER, -1));
    fails(act(PC1, ANA, OP_STRIKE, -1));
    fails(act(PC1, ANA, OP_REMOVE, BEN));
    fails(act(PC1, ANA, OP_REVOKE, BEN));
    fails(expel(PC1, ANA, 2));
    fails(reset(PC1, ANA, BEN, GIVEN));
    fails(name(PC1, ANA, ANA));
    fails(act(PC1, ANA, OP_CLOSE, -1));
    fails(act(PC1, LEE, OP_CLOSE, -1)); /* nor in Lee's name */
    counts(note(PC2, BEN));
    counts(act(PC0, LEE, OP_LESSON, -1));
    counts(act(PC0, LEE, OP_CONFIRM, ANA));
    counts(act(PC0, LEE, OP_CLOSE, -1));
    counts(name(PC0, LEE, BEN));
    counts(act(PC2, BEN, OP_LESSON, -1));
    fails(act(PC2, BEN, OP_CLOSE, -1));
    fails(act(PC2, BEN, OP_REMOVE, LEE));
    fails(act(PC2, BEN, OP_REVOKE, LEE));
    fails(reset(PC2, BEN, LEE, GIVEN));
    fails(unname(PC2, BEN, ANA));
    judge();
}

static void a_seat_has_an_author(void **state)
{
    (void)state;
    begin();
    struct op op = {
        .kind = OP_SEAT, .has = FIELD_NAME | FIELD_HARDWARE, .name = slice_str("teacher's")};
    fails(put(PC1, &op, true, AFTER_ALL));
    op.has |= FIELD_BY;
    op.by = scene.people[LEE];
    fails(put(PC1, &op, true, AFTER_ALL));
    counts(put(PC0, &op, true, AFTER_ALL));
    judge();
}

static void what_a_named_teacher_said_before_the_naming_came_counts(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    hello(PC2, BEN);
    counts(act_after(PC2, BEN, OP_LESSON, -1, AFTER_NONE)); /* known to nobody's causes */
    counts(name(PC1, ANA, BEN));
    counts(name(PC0, LEE, ANA));
    fails(name(PC2, DINA, DINA));
    judge();
}

static void taken_back_stands_what_was_known(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    hello(PC2, BEN);
    counts(name(PC0, LEE, ANA));
    counts(name(PC1, ANA, BEN));
    counts(unname(PC0, LEE, ANA));
    fails(act(PC1, ANA, OP_LESSON, -1));
    fails(name(PC1, ANA, DINA));
    counts(act(PC2, BEN, OP_LESSON, -1)); /* whom she named while she was a teacher */
    fails(act(PC1, ANA, OP_CONFIRM, BEN));
    fails(act_after(PC1_AGAIN, ANA, OP_LESSON, -1, AFTER_NONE));
    name(PC2, BEN, ANA); /* another teacher can't give it back */
    fails(act(PC1, ANA, OP_LESSON, -1));
    judge();
}

static void whom_the_unnamed_named_in_vain_is_none(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    hello(PC2, BEN);
    name(PC0, LEE, ANA);
    unname(PC0, LEE, ANA);
    fails(name(PC1, ANA, BEN));
    fails(act(PC2, BEN, OP_LESSON, -1));
    fails(act(PC2, BEN, OP_REMOVE, ANA));
    judge();
}

static void named_again_is_a_teacher_again(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    name(PC0, LEE, ANA);
    unname(PC0, LEE, ANA);
    name(PC0, LEE, ANA);
    counts(act(PC1, ANA, OP_LESSON, -1));
    counts(name(PC1, ANA, BEN));
    judge();
}

static void expelled_machines_say_nothing_more(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    hello(PC2, BEN);
    counts(note(PC1, ANA));
    counts(expel(PC0, LEE, 1));
    fails(note(PC1, ANA));
    fails(hello(PC1_AGAIN, ANA));
    fails(note(PC1_AGAIN, ANA));
    fails(act_after(PC1, ANA, OP_NOTE, -1, AFTER_NONE));
    fails(key(PC1, ANA, ANA, 7)); /* nor lock her out with another passphrase */
    counts(hello(PC2, ANA));      /* she may sit elsewhere */
    counts(note(PC2, ANA));
    judge();
}

static void teachers_who_expel_each_other_both_have(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    hello(PC2, BEN);
    name(PC0, LEE, ANA);
    name(PC0, LEE, BEN);
    counts(expel(PC1, ANA, 2));
    counts(act_after(PC2, BEN, OP_REMOVE, ANA, AFTER_NONE));
    fails(note(PC1, ANA));
    fails(note(PC2, BEN));
    judge();
}

static void what_the_root_sets_holds_teachers_acts_too(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    hello(PC2, BEN);
    name(PC0, LEE, ANA);
    name(PC0, LEE, BEN);
    counts(act(PC2, BEN, OP_REMOVE, ANA));
    counts(name(PC1, ANA, DINA)); /* Ben's word doesn't hold Ana's acts */
    counts(act(PC0, LEE, OP_REMOVE, ANA));
    fails(expel(PC1, ANA, 2));
    fails(name(PC1, ANA, ANA));
    counts(note(PC2, BEN));
    judge();
}

static void the_root_is_held_by_nobody_else(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    name(PC0, LEE, ANA);
    counts(expel(PC1, ANA, 0));
    counts(note(PC0, LEE));
    counts(unname(PC0, LEE, ANA));
    hello(PC2, LEE);
    counts(act(PC0, LEE, OP_REVOKE, -1)); /* but by oneself */
    fails(note(PC2, LEE));
    fails(name(PC2, LEE, BEN));
    fails(note(PC0, LEE));
    counts(act(PC0, LEE, OP_BYE, -1));
    counts(hello(PC2, LEE));
    counts(name(PC2, LEE, BEN));
    judge();
}

static void a_key_that_was_replaced_opens_nothing(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    hello(PC2, DINA);
    counts(note(PC1, ANA));
    counts(reset(PC0, LEE, ANA, GIVEN));
    fails(note(PC1, ANA));
    fails(hello(PC2, ANA)); /* somebody who had her passphrase */
    fails(note(PC2, ANA));
    fails(key(PC2, ANA, ANA, 7));
    fails(act(PC2, ANA, OP_REVOKE, -1));
    counts(hello_as(PC1, ANA, GIVEN, AFTER_ALL));
    counts(key(PC1, ANA, GIVEN, 8));
    counts(note(PC1, ANA));
    counts(reset(PC0, LEE, ANA, GIVEN_TOO)); /* and once more */
    fails(note(PC1, ANA));
    judge();
}

static void a_key_that_is_given_again_is_good_again(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    counts(reset(PC0, LEE, ANA, GIVEN));
    counts(
        note(PC1, ANA)); /* by the key that is given again later: nobody knows whose hand it was */
    counts(reset(PC0, LEE, ANA, ANA));
    counts(hello(PC1, ANA));
    counts(note(PC1, ANA));
    fails(hello_as(PC1, ANA, GIVEN, AFTER_ALL));
    judge();
}

static void a_teacher_whose_key_was_replaced_acts_no_more_with_it(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    name(PC0, LEE, ANA);
    counts(reset(PC0, LEE, ANA, GIVEN));
    fails(act(PC1, ANA, OP_REMOVE, BEN));
    fails(reset(PC1, ANA, ANA, GIVEN_TOO));
    fails(hello_as(PC2, ANA, GIVEN_TOO, AFTER_ALL));
    counts(hello_as(PC1, ANA, GIVEN, AFTER_NONE));
    counts(act(PC1, ANA, OP_LESSON, -1));
    judge();
}

/* Whoever comes with a card before the log stands before the RESET, and her own words count all the same. */
static void words_of_ones_own_go_before_a_cards(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    for (int i = 0; i < 5; i++) {
        note(PC0, LEE); /* so that the RESET's stamp is the greater one */
    }
    counts(reset(PC0, LEE, ANA, GIVEN));
    counts(hello_as(PC2, ANA, GIVEN, AFTER_NONE));
    counts(key(PC2, ANA, GIVEN, 8));
    judge();
    counts(key(PC2, ANA, GIVEN, 9));
    counts(reset(PC0, LEE, ANA, GIVEN)); /* the same key with another card: she has words for it */
    judge();
}

static void a_reset_may_give_what_is_somebodys_key(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    hello(PC2, BEN);
    counts(reset(PC0, LEE, ANA, BEN));
    counts(note(PC2, BEN)); /* it stays Ben's */
    fails(note(PC1, ANA));
    counts(hello_as(PC2, ANA, BEN, AFTER_ALL));
    judge();
}

static void an_old_key_op_said_again_by_others_changes_nothing(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    int old = key(PC1, ANA, ANA, 1);
    counts(old);
    counts(key(PC1, ANA, ANA, 2));
    hello(PC2, BEN);
    struct op op = scene.items[old].op;
    fails(put(PC2, &op, true, AFTER_ALL));
    fails(hello_as(PC2, ANA, GIVEN, AFTER_ALL));
    fails(put(PC2, &op, true, AFTER_ALL));
    fails(key(PC2, BEN, GIVEN, 3)); /* a key that isn't his */
    judge();
}

static void revoked_grants_end_and_later_ones_stand(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    counts(hello(PC2, ANA));
    counts(act(PC2, ANA, OP_REVOKE, -1));
    counts(act(PC2, ANA, OP_BYE, -1)); /* bye --everywhere ends with one */
    fails(note(PC1, ANA));
    fails(act(PC1_AGAIN, ANA, OP_BYE, -1)); /* no machine signs her out with it */
    counts(hello(PC1, ANA));
    counts(note(PC1, ANA));
    counts(hello(PC2, ANA));
    name(PC0, LEE, BEN);
    hello(PC0, BEN);
    counts(act(PC0, BEN, OP_REVOKE, ANA)); /* a teacher does it for her */
    fails(note(PC2, ANA));
    judge();
}

static void a_goodbye_without_a_grant_needs_an_open_one_there(void **state)
{
    (void)state;
    begin();
    counts(hello(PC1, ANA));
    fails(act(PC2, ANA, OP_BYE, -1));                         /* another machine */
    fails(act_after(PC1_AGAIN, ANA, OP_BYE, -1, AFTER_NONE)); /* backdated */
    counts(act(PC1_AGAIN, ANA, OP_BYE, -1));                  /* the daemon was killed */
    counts(hello(PC2, ANA));
    counts(act(PC2, ANA, OP_BYE, -1));
    judge();
    begin();
    hello(PC1, ANA);
    counts(act(PC1, ANA, OP_BYE, -1));
    fails(act(PC1_AGAIN, ANA, OP_BYE, -1)); /* she left */
    fails(hello_as(PC2, ANA, BEN, AFTER_ALL));
    fails(act(PC2, ANA, OP_BYE, -1)); /* nor by a grant that isn't hers */
    judge();
}

/* How often is the whole log folded again, once these first items are there, by those behind them? */
static uint64_t refolds_after(int first)
{
    uint64_t before = 0;
    scene_side_reset(&sides[0]);
    for (int i = 0; i < scene.count; i++) {
        assert_int_equal(scene_give(&scene.items[i], &sides[0]), OK);
        scene_flush(&sides[0]);
        before = i < first ? replica_count(sides[0].replica).refolds : before;
    }
    return replica_count(sides[0].replica).refolds - before;
}

/* A machine that is killed at the end of each lesson: nobody folds the whole log again for whoever sits down there later. */
static void who_was_cut_off_once_costs_no_refold_for_ever(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    act(PC1_AGAIN, ANA, OP_BYE, -1); /* the daemon was killed */
    int farewell = scene.count;
    counts(hello(PC1_AGAIN, ANA));
    counts(act(PC1_AGAIN, ANA, OP_BYE, -1));
    counts(hello(PC1_AGAIN, ANA));
    judge();
    assert_int_equal(refolds_after(farewell), 0);
}

/* Nor if she once ended all that she had begun elsewhere, which holds what was begun before. */
static void nor_does_who_was_cut_off_and_said_bye_everywhere(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    counts(act(PC1_AGAIN, ANA, OP_BYE, -1)); /* the daemon was killed */
    counts(hello(PC2, ANA));
    int before = scene.count;
    counts(act(PC2, ANA, OP_REVOKE, -1));
    counts(act(PC2, ANA, OP_BYE, -1));
    counts(hello(PC1_AGAIN, ANA));
    counts(act(PC1_AGAIN, ANA, OP_BYE, -1));
    counts(hello(PC1_AGAIN, ANA));
    judge();
    assert_int_equal(refolds_after(before), 0);
}

/* What lies outside has no effect already. */
static void a_bound_that_turns_nothing_costs_no_refold(void **state)
{
    (void)state;
    begin();
    hello(PC0, LEE);
    hello(PC1, ANA);
    note(PC1, ANA);
    act_after(PC0, LEE, OP_REMOVE, ANA, AFTER_NONE); /* knows nothing of them */
    int before = scene.count;
    counts(act_after(PC0, LEE, OP_REMOVE, ANA, AFTER_NONE));
    judge();
    assert_int_equal(refolds_after(before), 0);
}

/* Lee's second act names only Ben's note as a cause, which names Ana's; the first one knew neither. */
static void a_bound_knows_what_its_causes_knew(void **state)
{
    (void)state;
    begin();
    act(PC0, LEE, OP_REMOVE, DINA);
    hello_as(PC1, ANA, ANA, AFTER_NONE);
    int said = act_after(PC1, ANA, OP_NOTE, -1, AFTER_NONE);
    counts(said);
    hello_as(PC2, BEN, BEN, AFTER_NONE);
    struct op op = scene.items[said].op;
    op.by = scene.people[BEN];
    int heard = scene_put(&scene, PC2, &op, true, &said, 1);
    for (int i = 0; i < 8; i++) {
        act_after(PC0, LEE, OP_NOTE, -1, AFTER_NONE);
    }
    act_after(PC0, LEE, OP_REMOVE, DINA, AFTER_NONE);
    op = (struct op){.kind = OP_REMOVE, .has = FIELD_BY | FIELD_PERSON};
    op.by = scene.people[LEE];
    op.person = scene.people[ANA];
    counts(scene_put(&scene, PC0, &op, true, &heard, 1));
    fails(note(PC1, ANA));
    judge();
}

/* A second entry where the last of a feed stands. */
static void fork_feed(int feed)
{
    struct item *branch = &scene.items[scene.count];
    *branch = scene.items[scene.feeds[feed].last];
    branch->branch = true;
    branch->after_count = 0;
    branch->op = (struct op){
        .kind = OP_NOTE, .has = FIELD_BY | FIELD_TEXT, .by = scene.people[ANA], .text = {0}};
    item_seal(&scene, branch);
    scene.feeds[feed].void_seq = branch->seq;
    scene.count++;
}

static void what_a_fork_voids_never_gave_authority(void **state)
{
    (void)state;
    begin();
    hello(PC1, ANA);
    hello(PC2, BEN);
    name(PC0, LEE, ANA);
    counts(note(PC2, BEN));
    int named = act_after(PC1, ANA, OP_TEACHER, BEN, AFTER_NONE);
    fails(act_after(PC2, BEN, OP_LESSON, -1, AFTER_NONE));
    fork_feed(PC1);
    assert_int_equal(scene.feeds[PC1].void_seq, scene.items[named].seq);
    judge();
}

static int setup(void **state)
{
    (void)state;
    scene_init(&scene);
    for (int i = 0; i < SIDES; i++) {
        scene_side_open(&scene, &sides[i], i);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < SIDES; i++) {
        scene_side_close(&sides[i]);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_no_grant_says_nothing),
        cmocka_unit_test(a_hello_ends_the_one_before),
        cmocka_unit_test(only_teachers_do_what_teachers_do),
        cmocka_unit_test(a_seat_has_an_author),
        cmocka_unit_test(what_a_named_teacher_said_before_the_naming_came_counts),
        cmocka_unit_test(taken_back_stands_what_was_known),
        cmocka_unit_test(whom_the_unnamed_named_in_vain_is_none),
        cmocka_unit_test(named_again_is_a_teacher_again),
        cmocka_unit_test(expelled_machines_say_nothing_more),
        cmocka_unit_test(teachers_who_expel_each_other_both_have),
        cmocka_unit_test(what_the_root_sets_holds_teachers_acts_too),
        cmocka_unit_test(the_root_is_held_by_nobody_else),
        cmocka_unit_test(a_key_that_was_replaced_opens_nothing),
        cmocka_unit_test(a_key_that_is_given_again_is_good_again),
        cmocka_unit_test(a_teacher_whose_key_was_replaced_acts_no_more_with_it),
        cmocka_unit_test(words_of_ones_own_go_before_a_cards),
        cmocka_unit_test(a_reset_may_give_what_is_somebodys_key),
        cmocka_unit_test(an_old_key_op_said_again_by_others_changes_nothing),
        cmocka_unit_test(revoked_grants_end_and_later_ones_stand),
        cmocka_unit_test(a_goodbye_without_a_grant_needs_an_open_one_there),
        cmocka_unit_test(who_was_cut_off_once_costs_no_refold_for_ever),
        cmocka_unit_test(nor_does_who_was_cut_off_and_said_bye_everywhere),
        cmocka_unit_test(a_bound_that_turns_nothing_costs_no_refold),
        cmocka_unit_test(a_bound_knows_what_its_causes_knew),
        cmocka_unit_test(what_a_fork_voids_never_gave_authority),
        cmocka_unit_test(random_histories_are_judged_as_the_model_does),
    };
    return cmocka_run_group_tests_name("authority", tests, setup, teardown);
}
