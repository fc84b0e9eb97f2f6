/* Who may say what, from the log alone: grants, keys, teachers, and bounds that their acts set. */
#include "authority.h"

#include <stdlib.h>

#define KIND(op) (UINT64_C(1) << (op))

/* ---- the table of what an op needs -------------------------------------------------------------------------------- */

enum need {
    NEED_TEACHER = 1, /* only teachers may */
    NEED_ROOT = 2,    /* only the root key's holder may */
    NEED_ACT = 4,     /* an act that others' authority rests on: bounds don't hold it */
    NEED_NOTHING = 8, /* says all by itself */
};

static const struct {
    enum op_kind kind;
    uint32_t need;
} needs[] = {
    {OP_OPEN, NEED_NOTHING},
    {OP_CLASS, NEED_NOTHING},
    {OP_RESET, NEED_TEACHER | NEED_ACT},
    {OP_CONFIRM, NEED_TEACHER},
    {OP_TEACHER, NEED_TEACHER | NEED_ACT},
    {OP_REMOVE, NEED_TEACHER | NEED_ACT},
    {OP_REVOKE, NEED_ACT},
    {OP_EXPEL, NEED_TEACHER | NEED_ACT},
    {OP_ROTATE, NEED_TEACHER},
    {OP_CLOSE, NEED_ROOT},
    {OP_ROSTER, NEED_TEACHER},
    {OP_LESSON, NEED_TEACHER},
};

static uint32_t need_of(const struct op *op)
{
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if (needs[i].kind == op->kind) {
            return needs[i].need;
        }
    }
    return op->has & FIELD_BY ? 0 : NEED_NOTHING;
}

/* ---- small questions ---------------------------------------------------------------------------------------------- */

void authority_init(struct authority *a, struct store *store, const struct class_id *class)
{
    memset(a, 0, sizeof(*a));
    a->store = store;
    a->class = *class;
}

static bool any(struct store *store, sqlite3_stmt *stmt)
{
    bool found = store_row(store, stmt);
    if (stmt) {
        sqlite3_reset(stmt);
    }
    return found;
}

bool authority_root(struct store *store, struct person_id *person)
{
    struct sign_pk root;
    if (!store_local_get(store, "root", &root, sizeof(root))) {
        return false;
    }
    struct class_id class = class_id_of(&root);
    *person = person_id_of(&class, &root);
    return true;
}

static bool is_root(struct store *store, const struct person_id *person)
{
    struct person_id root;
    return authority_root(store, &root) && SAME(root, *person);
}

bool authority_is_teacher(struct store *store, const struct person_id *person)
{
    sqlite3_stmt *stmt = store_query(store, "SELECT 1 FROM teacher WHERE person=?1 AND NOT EXISTS"
                                            " (SELECT 1 FROM bound WHERE kind=5 AND subject=?1)");
    store_bind(stmt, "p", person);
    return any(store, stmt) || is_root(store, person);
}

/* enum bound_kind stands in the schema too: the numbers are columns. */
enum bound_kind {
    BOUND_DEVICE = 1,
    BOUND_PERSON = 2,
    BOUND_KEYS = 3,
    BOUND_GRANTS = 4,
    BOUND_TEACHER = 5,
};

bool authority_is_removed(struct store *store, const struct person_id *person)
{
    sqlite3_stmt *stmt = store_query(store, "SELECT 1 FROM bound WHERE kind=2 AND subject=?");
    store_bind(stmt, "p", person);
    return any(store, stmt);
}

bool authority_is_expelled(struct store *store, const struct device_id *device)
{
    sqlite3_stmt *stmt = store_query(store, "SELECT 1 FROM bound WHERE kind=1 AND subject=?");
    store_bind(stmt, "d", device);
    return any(store, stmt);
}

bool person_key(struct store *store, const struct person_id *person, struct sign_pk *key,
                struct sealed_key *secret)
{
    bool sealed = true;
    sqlite3_stmt *stmt =
        store_query(store, "SELECT key, secret FROM person_key WHERE person=? AND"
                           " (original OR reset_stamp>x'') ORDER BY reset_stamp DESC LIMIT 1");
    store_bind(stmt, "p", person);
    bool found = store_row(store, stmt);
    if (found) {
        found = column_fixed(stmt, 0, key->b, sizeof(key->b));
        sealed = !secret || column_fixed(stmt, 1, secret->b, sizeof(secret->b));
        sqlite3_reset(stmt);
    }
    return found && sealed;
}

uint64_t class_policy(struct store *store)
{
    uint64_t policy = 0;
    sqlite3_stmt *stmt = store_query(store, "SELECT policy FROM class");
    if (store_row(store, stmt)) {
        policy = (uint64_t)sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
    }
    return policy;
}

/* Is this one of the person's keys: the first, or one that a teacher gave? *given is the stamp of that RESET. */
static bool is_key_of(struct authority *a, const struct person_id *person,
                      const struct sign_pk *key, struct stamp *given)
{
    struct person_id first = person_id_of(&a->class, key);
    memset(given, 0, sizeof(*given));
    if (SAME(first, *person)) {
        return true;
    }
    sqlite3_stmt *stmt = store_query(
        a->store,
        "SELECT reset_stamp FROM person_key WHERE person=? AND key=? AND reset_stamp>x''");
    store_bind(stmt, "pb", person, SLICE(*key));
    bool found = store_row(a->store, stmt);
    if (found) {
        column_fixed(stmt, 0, given->b, sizeof(given->b));
        sqlite3_reset(stmt);
    }
    return found;
}

/* ---- grants ------------------------------------------------------------------------------------------------------- */

static bool covers(const struct grant *grant, const struct feed_id *feed, uint64_t seq,
                   const struct person_id *person)
{
    return grant->seq && SAME(grant->feed, *feed) && SAME(grant->person, *person) &&
           grant->seq <= seq && seq <= grant->until;
}

/* Is there any bound for this person or device? Mostly there isn't, and then no place needs a look. */
static bool has_bounds(struct authority *a, const struct person_id *person,
                       const struct device_id *device)
{
    sqlite3_stmt *stmt = store_query(a->store, "SELECT 1 FROM bound WHERE subject IN (?,?)");
    store_bind(stmt, "pd", person, device);
    return any(a->store, stmt);
}

/* The grant under which a person speaks at this place of a feed. */
static bool find_grant(struct authority *a, const struct fact *fact, const struct person_id *person,
                       struct grant *out)
{
    struct feed_id feed = stamp_feed(&fact->stamp);
    uint64_t seq = stamp_seq(&fact->stamp);
    if (covers(&a->last, &feed, seq, person)) {
        *out = a->last;
        return true;
    }
    sqlite3_stmt *stmt = store_query(
        a->store, "SELECT seq, until, key FROM grants WHERE feed=? AND person=? AND seq<=?"
                  " ORDER BY seq DESC LIMIT 1");
    store_bind(stmt, "fpi", &feed, person, (int64_t)seq);
    *out = (struct grant){.feed = feed, .person = *person};
    if (store_row(a->store, stmt)) {
        out->seq = (uint64_t)sqlite3_column_int64(stmt, 0);
        out->until = sqlite3_column_type(stmt, 1) == SQLITE_NULL
                         ? UINT64_MAX
                         : (uint64_t)sqlite3_column_int64(stmt, 1);
        column_fixed(stmt, 2, out->key.b, sizeof(out->key.b));
        sqlite3_reset(stmt);
    }
    if (!covers(out, &feed, seq, person)) {
        return false;
    }
    out->bounded = has_bounds(a, person, &fact->device);
    a->last = *out;
    return true;
}

/* A daemon that was killed says goodbye for those who sat there when it starts again, on another feed. */
static bool sat_there(struct authority *a, const struct fact *fact)
{
    sqlite3_stmt *stmt = store_query(a->store, "SELECT 1 FROM grants WHERE person=? AND device=?");
    store_bind(stmt, "pd", &fact->op->by, &fact->device);
    return any(a->store, stmt);
}

/* ---- bounds ------------------------------------------------------------------------------------------------------- */

/* Does a bound of this kind leave this place of a feed outside? What it doesn't name is outside, but for BOUND_GRANTS. */
static bool is_outside(struct authority *a, enum bound_kind kind, struct slice subject,
                       const struct fact *fact)
{
    struct feed_id feed = stamp_feed(&fact->stamp);
    sqlite3_stmt *stmt = store_query(
        a->store, "SELECT 1 FROM bound LEFT JOIN bound_past past ON past.stamp=bound.stamp"
                  " AND past.feed=? WHERE kind=? AND subject=? AND ?>coalesce(past.seq,0)");
    store_bind(stmt, "fibi", &feed, (int64_t)kind, subject, (int64_t)stamp_seq(&fact->stamp));
    return any(a->store, stmt);
}

/* Was the key replaced by a RESET that doesn't know this place? */
static bool is_old_key(struct authority *a, const struct grant *grant, const struct fact *fact)
{
    struct stamp given;
    is_key_of(a, &grant->person, &grant->key, &given);
    sqlite3_stmt *stmt = store_query(
        a->store, "SELECT 1 FROM bound LEFT JOIN bound_past past ON past.stamp=bound.stamp"
                  " AND past.feed=? WHERE kind=3 AND subject=? AND key<>? AND bound.stamp>?"
                  " AND ?>coalesce(past.seq,0)");
    store_bind(stmt, "fpbsi", &grant->feed, &grant->person, SLICE(grant->key), &given,
               (int64_t)stamp_seq(&fact->stamp));
    return any(a->store, stmt);
}

/* Did a REVOKE that knows the grant not know this place? */
static bool is_revoked(struct authority *a, const struct grant *grant, const struct fact *fact)
{
    sqlite3_stmt *stmt = store_query(
        a->store, "SELECT 1 FROM bound JOIN bound_past past ON past.stamp=bound.stamp"
                  " AND past.feed=? WHERE kind=4 AND subject=? AND past.seq>=? AND past.seq<?");
    store_bind(stmt, "fpii", &grant->feed, &grant->person, (int64_t)grant->seq,
               (int64_t)stamp_seq(&fact->stamp));
    return any(a->store, stmt);
}

static bool is_bounded(struct authority *a, const struct grant *grant, const struct fact *fact)
{
    return grant->bounded && !is_root(a->store, &grant->person) &&
           (is_outside(a, BOUND_DEVICE, SLICE(fact->device), fact) ||
            is_outside(a, BOUND_PERSON, SLICE(grant->person), fact) || is_old_key(a, grant, fact) ||
            is_revoked(a, grant, fact));
}

/* Teaches this person, at this place? */
static bool teaches(struct authority *a, const struct person_id *person, const struct fact *fact)
{
    if (is_root(a->store, person)) {
        return true;
    }
    sqlite3_stmt *stmt = store_query(a->store, "SELECT 1 FROM teacher WHERE person=?");
    store_bind(stmt, "p", person);
    return any(a->store, stmt) && !is_outside(a, BOUND_TEACHER, SLICE(*person), fact);
}

/* ---- does it count? ----------------------------------------------------------------------------------------------- */

/* Speaks this op for its person: under a grant by one of their keys? */
static bool speaks(struct authority *a, const struct fact *fact, struct grant *grant)
{
    const struct op *op = fact->op;
    struct stamp given;
    if (!find_grant(a, fact, &op->by, grant)) {
        return false;
    }
    return is_key_of(a, &op->by, &grant->key, &given);
}

static bool may(struct authority *a, const struct fact *fact)
{
    const struct op *op = fact->op;
    uint32_t need = need_of(op);
    bool other = op->kind == OP_REVOKE && op->has & FIELD_PERSON && !SAME(op->person, op->by);
    bool untouchable =
        (op->kind == OP_RESET || op->kind == OP_REMOVE || other) && is_root(a->store, &op->person);
    bool takes_back = op->kind == OP_TEACHER && !op->yes;
    if (untouchable) {
        return false;
    }
    if (need & NEED_ROOT || takes_back) {
        return is_root(a->store, &op->by);
    }
    return !(need & NEED_TEACHER || other) || teaches(a, &op->by, fact);
}

bool authority_counts(struct authority *a, const struct fact *fact)
{
    const struct op *op = fact->op;
    struct grant grant;
    struct stamp given;
    uint32_t need = need_of(op);
    if (need & NEED_NOTHING) {
        return true;
    }
    if (op->kind == OP_KEY) {
        return key_check(&op->key, &op->by, &op->secret, &op->signature) &&
               is_key_of(a, &op->by, &op->key, &given);
    }
    if (op->kind == OP_BYE && !find_grant(a, fact, &op->by, &grant)) {
        return sat_there(a, fact);
    }
    return speaks(a, fact, &grant) && may(a, fact) &&
           (need & NEED_ACT || !is_bounded(a, &grant, fact));
}

void authority_refuse(struct authority *a, const struct fact *fact)
{
    struct feed_id feed = stamp_feed(&fact->stamp);
    store_do(a->store, "INSERT INTO refused VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING", "fipid",
             &feed, (int64_t)stamp_seq(&fact->stamp), &fact->op->by, (int64_t)fact->op->kind,
             &fact->device);
}

/* ---- an entry's causal past --------------------------------------------------------------------------------------- */

/* How far each feed, by its row, lies in the past; and how far its causes were followed. */
struct past {
    struct authority *a;
    uint64_t *reach, *done;
    int64_t *todo;
    int64_t rows, todo_count;
};

/* Void entries are no part of anybody's past: other machines may not have them. */
static void past_reach(struct past *past, int64_t row, uint64_t seq, uint64_t void_seq)
{
    seq = void_seq && seq >= void_seq ? void_seq - 1 : seq;
    if (row < past->rows && seq > past->reach[row]) {
        if (past->reach[row] == past->done[row]) {
            past->todo[past->todo_count++] = row;
        }
        past->reach[row] = seq;
    }
}

static void past_follow(struct past *past, struct slice after)
{
    for (; after.len >= sizeof(struct hash); after.at += sizeof(struct hash)) {
        sqlite3_stmt *stmt = store_query(
            past->a->store, "SELECT f.id, e.seq, f.void_seq FROM entry e JOIN feed f ON f.id=e.feed"
                            " WHERE substr(hash, 1, 8)=? AND hash=?");
        store_bind(stmt, "bb", slice_of(after.at, 8), slice_of(after.at, sizeof(struct hash)));
        if (store_row(past->a->store, stmt)) {
            uint64_t seq = (uint64_t)sqlite3_column_int64(stmt, 1);
            uint64_t void_seq = (uint64_t)sqlite3_column_int64(stmt, 2);
            bool is_void = void_seq && seq >= void_seq;
            past_reach(past, sqlite3_column_int64(stmt, 0), is_void ? 0 : seq, 0);
            sqlite3_reset(stmt);
        }
        after.len -= sizeof(struct hash);
    }
}

static void past_walk(struct past *past)
{
    while (past->todo_count) {
        int64_t row = past->todo[--past->todo_count];
        uint64_t from = past->done[row];
        past->done[row] = past->reach[row];
        sqlite3_stmt *stmt =
            store_query(past->a->store, "SELECT after FROM entry WHERE feed=? AND seq>? AND seq<=?"
                                        " AND after IS NOT NULL");
        store_bind(stmt, "iii", row, (int64_t)from, (int64_t)past->done[row]);
        while (store_row(past->a->store, stmt)) {
            past_follow(past, column_slice(stmt, 0));
        }
    }
}

static void past_save(struct past *past, const struct stamp *stamp)
{
    sqlite3_stmt *stmt = store_query(past->a->store, "SELECT id, feed FROM feed");
    while (store_row(past->a->store, stmt)) {
        struct feed_id feed;
        int64_t row = sqlite3_column_int64(stmt, 0);
        column_fixed(stmt, 1, feed.b, sizeof(feed.b));
        if (row < past->rows && past->reach[row]) {
            store_do(past->a->store, "INSERT INTO bound_past VALUES (?,?,?) ON CONFLICT DO NOTHING",
                     "sfi", stamp, &feed, (int64_t)past->reach[row]);
        }
    }
}

/* Finds and keeps the causal past of the entry at this place, itself included. */
static void keep_past(struct authority *a, const struct fact *fact)
{
    struct past past = {.a = a};
    struct feed_id feed = stamp_feed(&fact->stamp);
    sqlite3_stmt *stmt = store_query(a->store, "SELECT max(id) FROM feed");
    if (store_row(a->store, stmt)) {
        past.rows = sqlite3_column_int64(stmt, 0) + 1;
        sqlite3_reset(stmt);
    }
    size_t count = past.rows > 0 ? (size_t)past.rows : 1;
    past.reach = calloc(count, sizeof(*past.reach));
    past.done = calloc(count, sizeof(*past.done));
    past.todo = calloc(count, sizeof(*past.todo));
    if (past.reach && past.done && past.todo) {
        stmt = store_query(a->store, "SELECT id, void_seq FROM feed WHERE feed=?");
        store_bind(stmt, "f", &feed);
        if (store_row(a->store, stmt)) {
            past_reach(&past, sqlite3_column_int64(stmt, 0), stamp_seq(&fact->stamp),
                       (uint64_t)sqlite3_column_int64(stmt, 1));
            sqlite3_reset(stmt);
        }
        past_walk(&past);
        past_save(&past, &fact->stamp);
    } else {
        store_fail(a->store, ERR_NOMEM);
    }
    free(past.reach);
    free(past.done);
    free(past.todo);
}

/* ---- learning ----------------------------------------------------------------------------------------------------- */

static const uint64_t stages[STAGE_COUNT] = {
    [STAGE_GRANTS] = KIND(OP_HELLO) | KIND(OP_BYE) | KIND(OP_KEY),
    [STAGE_TAKEN_BACK] = KIND(OP_TEACHER),
    [STAGE_TEACHERS] = KIND(OP_TEACHER) | KIND(OP_RESET),
    [STAGE_BOUNDS] = KIND(OP_RESET) | KIND(OP_EXPEL) | KIND(OP_REMOVE) | KIND(OP_REVOKE),
};

uint64_t authority_kinds(enum authority_stage stage)
{
    return stages[stage];
}

/* Was something of this person refused that might count now? */
static enum learnt stale_if_refused(struct authority *a, const struct person_id *by)
{
    sqlite3_stmt *stmt = store_query(a->store, "SELECT 1 FROM refused WHERE author=?");
    store_bind(stmt, "p", by);
    return any(a->store, stmt) ? LEARNT_STALE : LEARNT;
}

/* A goodbye by this machine on another feed may have come before the hello. */
static enum learnt stale_if_bye(struct authority *a, const struct fact *fact)
{
    sqlite3_stmt *stmt =
        store_query(a->store, "SELECT 1 FROM refused WHERE author=? AND device=? AND kind=?");
    store_bind(stmt, "pdi", &fact->op->by, &fact->device, (int64_t)OP_BYE);
    return any(a->store, stmt) ? LEARNT_STALE : LEARNT;
}

static enum learnt learn_hello(struct authority *a, const struct fact *fact)
{
    const struct op *op = fact->op;
    struct feed_id feed = stamp_feed(&fact->stamp);
    if (!grant_check(&op->key, &op->by, &feed, &op->signature)) {
        return LEARNT_NOTHING;
    }
    store_do(a->store, "INSERT INTO grants VALUES (?,?,?,?,NULL,?) ON CONFLICT DO NOTHING", "fpibd",
             &feed, &op->by, (int64_t)stamp_seq(&fact->stamp), SLICE(op->key), &fact->device);
    a->last.seq = 0;
    return stale_if_bye(a, fact);
}

static enum learnt learn_bye(struct authority *a, const struct fact *fact)
{
    struct grant grant;
    if (find_grant(a, fact, &fact->op->by, &grant)) {
        store_do(a->store,
                 "UPDATE grants SET until=? WHERE feed=? AND person=? AND seq=? AND until IS NULL",
                 "ifpi", (int64_t)stamp_seq(&fact->stamp), &grant.feed, &grant.person,
                 (int64_t)grant.seq);
        a->last.seq = 0;
    }
    return LEARNT;
}

static void learn_secret(struct authority *a, const struct fact *fact,
                         const struct person_id *person, bool given)
{
    static const struct stamp never;
    const struct op *op = fact->op;
    struct person_id first = person_id_of(&a->class, &op->key);
    struct slice reset = given ? SLICE(fact->stamp) : slice_of(&never, 0);
    store_do(a->store,
             "INSERT INTO person_key VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET"
             " reset_stamp=max(reset_stamp, excluded.reset_stamp),"
             " secret=iif(excluded.secret_stamp>secret_stamp, excluded.secret, secret),"
             " secret_stamp=max(secret_stamp, excluded.secret_stamp)",
             "pbibbs", person, SLICE(op->key), (int64_t)SAME(first, *person), reset,
             SLICE(op->secret), &fact->stamp);
}

static enum learnt learn_key(struct authority *a, const struct fact *fact)
{
    const struct op *op = fact->op;
    if (!key_check(&op->key, &op->by, &op->secret, &op->signature)) {
        return LEARNT_NOTHING;
    }
    learn_secret(a, fact, &op->by, false);
    return LEARNT;
}

/* Sets a bound; stale if something that counted lies outside: in this device's feeds, or in those that have a grant by
 * this person. */
static enum learnt learn_bound(struct authority *a, const struct fact *fact, enum bound_kind kind,
                               struct slice subject, struct slice key)
{
    store_do(a->store, "INSERT INTO bound VALUES (?,?,?,?) ON CONFLICT DO NOTHING", "ibsb",
             (int64_t)kind, subject, &fact->stamp, key);
    keep_past(a, fact);
    a->last.seq = 0;
    sqlite3_stmt *stmt = store_query(
        a->store, "SELECT 1 FROM feed f JOIN entry e ON e.feed=f.id"
                  " LEFT JOIN bound_past past ON past.stamp=?1 AND past.feed=f.feed"
                  " WHERE e.seq>coalesce(past.seq,0) AND CASE ?2 WHEN 1 THEN f.device=?3"
                  " ELSE f.feed IN (SELECT feed FROM grants WHERE person=?3) END LIMIT 1");
    store_bind(stmt, "sib", &fact->stamp, (int64_t)kind, subject);
    return any(a->store, stmt) ? LEARNT_STALE : LEARNT;
}

static bool is_known_bound(struct authority *a, const struct fact *fact)
{
    sqlite3_stmt *stmt = store_query(a->store, "SELECT 1 FROM bound WHERE stamp=?");
    store_bind(stmt, "s", &fact->stamp);
    return any(a->store, stmt);
}

static enum learnt learn_teacher(struct authority *a, const struct fact *fact,
                                 enum authority_stage stage)
{
    const struct op *op = fact->op;
    struct slice none = {NULL, 0};
    if (!op->yes) {
        return stage == STAGE_TEACHERS || is_known_bound(a, fact)
                   ? LEARNT_NOTHING
                   : learn_bound(a, fact, BOUND_TEACHER, SLICE(op->person), none);
    }
    sqlite3_stmt *stmt = store_query(a->store, "SELECT 1 FROM teacher WHERE person=?");
    store_bind(stmt, "p", &op->person);
    if (stage == STAGE_TAKEN_BACK || any(a->store, stmt)) {
        return LEARNT_NOTHING;
    }
    store_do(a->store, "INSERT INTO teacher VALUES (?)", "p", &op->person);
    return stale_if_refused(a, &op->person);
}

static enum learnt learn_reset(struct authority *a, const struct fact *fact,
                               enum authority_stage stage)
{
    const struct op *op = fact->op;
    struct stamp given;
    enum learnt learnt = LEARNT_NOTHING;
    bool known = is_key_of(a, &op->person, &op->key, &given) &&
                 memcmp(&given, &fact->stamp, sizeof(given)) >= 0;
    if (stage != STAGE_BOUNDS && !known) {
        learn_secret(a, fact, &op->person, true);
        learnt = stale_if_refused(a, &op->person);
    }
    if (stage != STAGE_TEACHERS && !is_known_bound(a, fact)) {
        enum learnt bound = learn_bound(a, fact, BOUND_KEYS, SLICE(op->person), SLICE(op->key));
        learnt = bound > learnt ? bound : learnt;
    }
    return learnt;
}

enum learnt authority_learn(struct authority *a, const struct fact *fact,
                            enum authority_stage stage)
{
    const struct op *op = fact->op;
    struct slice none = {NULL, 0};
    uint64_t kinds = 0;
    for (int i = 0; i < STAGE_COUNT; i++) {
        kinds |= stage == STAGE_ANY || stage == (enum authority_stage)i ? stages[i] : 0;
    }
    if (!(kinds >> op->kind & 1)) {
        return LEARNT_NOTHING;
    }
    switch (op->kind) {
    case OP_HELLO:
        return learn_hello(a, fact);
    case OP_BYE:
        return learn_bye(a, fact);
    case OP_KEY:
        return learn_key(a, fact);
    default:
        break;
    }
    if (!authority_counts(a, fact)) {
        return LEARNT_NOTHING;
    }
    switch (op->kind) {
    case OP_TEACHER:
        return learn_teacher(a, fact, stage);
    case OP_RESET:
        return learn_reset(a, fact, stage);
    case OP_EXPEL:
        return learn_bound(a, fact, BOUND_DEVICE, SLICE(op->device), none);
    case OP_REMOVE:
        return learn_bound(a, fact, BOUND_PERSON, SLICE(op->person), none);
    default: /* OP_REVOKE */
        return learn_bound(a, fact, BOUND_GRANTS,
                           op->has & FIELD_PERSON ? SLICE(op->person) : SLICE(op->by), none);
    }
}
