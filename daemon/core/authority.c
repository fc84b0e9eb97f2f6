/* Who may say what, from the log alone: grants, keys, teachers, and bounds that their acts set. */
#include "authority.h"
#include "planted.h"

#define KIND(op) (UINT64_C(1) << (op))

enum { LOOKS_MAX = 2000 }; /* entries that are looked at before all is folded again rather */

/* ---- the table of what an op needs -------------------------------------------------------------------------------- */

enum need {
    NEED_TEACHER = 1, /* only teachers may */
    NEED_ROOT = 2,    /* only the root key's holder may */
    NEED_ACT = 4, /* others' authority rests on it: only what the root key's holder sets holds it */
};

static const struct {
    enum op_kind kind;
    uint32_t need;
} needs[] = {
    {OP_RESET, NEED_TEACHER | NEED_ACT},
    {OP_CONFIRM, NEED_TEACHER},
    {OP_TEACHER, NEED_TEACHER | NEED_ACT},
    {OP_REMOVE, NEED_TEACHER | NEED_ACT},
    {OP_EXPEL, NEED_TEACHER | NEED_ACT},
    {OP_ROTATE, NEED_TEACHER},
    {OP_CLOSE, NEED_ROOT},
    {OP_ROSTER, NEED_TEACHER},
    {OP_STRIKE, NEED_TEACHER},
    {OP_LESSON, NEED_TEACHER},
};

static uint32_t need_of(const struct op *op)
{
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if (needs[i].kind == op->kind) {
            return needs[i].need;
        }
    }
    return 0;
}

static bool is_of_self(const struct op *op)
{
    return !(op->has & FIELD_PERSON) || SAME(op->person, op->by);
}

/* ---- small questions ---------------------------------------------------------------------------------------------- */

void authority_init(struct authority *a, struct store *store, const struct class_id *class)
{
    memset(a, 0, sizeof(*a));
    a->store = store;
    a->class = *class;
}

void authority_clear(struct authority *a)
{
    past_clear(&a->past);
    a->last.seq = 0;
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

static bool is_root(struct authority *a, const struct person_id *person)
{
    a->has_root = a->has_root || authority_root(a->store, &a->root);
    return a->has_root && SAME(a->root, *person);
}

static bool is_root_person(struct store *store, const struct person_id *person)
{
    struct person_id root;
    return authority_root(store, &root) && SAME(root, *person);
}

bool authority_is_teacher(struct store *store, const struct person_id *person)
{
    sqlite3_stmt *stmt = store_query(
        store, "SELECT 1 FROM teacher WHERE person=?1 AND NOT EXISTS (SELECT 1 FROM bound WHERE"
               " subject=?1 AND (kind=2 OR (kind=5 AND stamp>teacher.stamp)))");
    store_bind(store, stmt, "p", person);
    return store_any(store, stmt) || is_root_person(store, person);
}

uint32_t authority_teachers(struct store *store, struct person_id *out, uint32_t max)
{
    struct person_id root, named;
    uint32_t count = 0;
    bool founded = authority_root(store, &root);
    if (founded && max > 0) {
        out[count++] = root;
    }
    sqlite3_stmt *stmt =
        store_query(store, "SELECT person FROM teacher WHERE NOT EXISTS (SELECT 1 FROM bound WHERE"
                           " subject=person AND (kind=2 OR (kind=5 AND bound.stamp>teacher.stamp)))"
                           " ORDER BY person");
    while (count < max && store_row(store, stmt)) {
        column_fixed(stmt, 0, named.b, sizeof(named.b));
        if (!founded || !SAME(named, root)) {
            out[count++] = named;
        }
    }
    if (stmt) {
        sqlite3_reset(stmt);
    }
    return count;
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
    store_bind(store, stmt, "p", person);
    return store_any(store, stmt);
}

bool authority_is_expelled(struct store *store, const struct device_id *device)
{
    sqlite3_stmt *stmt = store_query(store, "SELECT 1 FROM bound WHERE kind=1 AND subject=?");
    store_bind(store, stmt, "d", device);
    return store_any(store, stmt);
}

uint32_t authority_expelled(struct store *store, struct device_id *out, uint32_t max)
{
    uint32_t count = 0;
    sqlite3_stmt *stmt =
        store_query(store, "SELECT DISTINCT subject FROM bound WHERE kind=1 ORDER BY subject");
    while (count < max && store_row(store, stmt)) {
        column_fixed(stmt, 0, out[count].b, sizeof(out[count].b));
        count++;
    }
    sqlite3_reset(stmt);
    return count;
}

bool person_key(struct store *store, const struct person_id *person, struct sign_pk *key,
                struct sealed_key *secret)
{
    bool sealed = true;
    sqlite3_stmt *stmt = store_query(store, "SELECT key, secret FROM person_key WHERE person=?"
                                            " ORDER BY reset_stamp DESC LIMIT 1");
    store_bind(store, stmt, "p", person);
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
    return (uint64_t)store_number(store, store_query(store, "SELECT policy FROM class"));
}

uint64_t class_until(struct store *store)
{
    uint64_t until_ms = 0;
    sqlite3_stmt *stmt = store_query(store, "SELECT until_ms FROM class");
    if (store_row(store, stmt)) {
        until_ms = (uint64_t)sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
    }
    return until_ms;
}

/* Is this one of the person's keys: the first, or one that a teacher gave? *given is the stamp of the last such RESET. */
static bool is_key_of(struct authority *a, const struct person_id *person,
                      const struct sign_pk *key, struct stamp *given)
{
    struct person_id first = person_id_of(&a->class, key);
    bool found = false;
    memset(given, 0, sizeof(*given));
    sqlite3_stmt *stmt =
        store_query(a->store, "SELECT reset_stamp FROM person_key WHERE person=? AND key=?"
                              " AND reset_stamp>x''");
    store_bind(a->store, stmt, "pb", person, SLICE(*key));
    if (store_row(a->store, stmt)) {
        found = column_fixed(stmt, 0, given->b, sizeof(given->b));
        sqlite3_reset(stmt);
    }
    return found || SAME(first, *person);
}

/* ---- grants ------------------------------------------------------------------------------------------------------- */

/* A place in a feed. */
struct spot {
    struct feed_id feed;
    uint64_t seq;
    struct device_id device;
};

static struct spot spot_of(const struct fact *fact)
{
    return (struct spot){stamp_feed(&fact->stamp), stamp_seq(&fact->stamp), fact->device};
}

static bool covers(const struct grant *grant, const struct spot *spot,
                   const struct person_id *person)
{
    return grant->seq && SAME(grant->feed, spot->feed) && SAME(grant->person, *person) &&
           grant->seq <= spot->seq && spot->seq <= grant->until;
}

/* Is there any bound for this person or device? Mostly there isn't, and then no place needs a look. */
static bool has_bounds(struct authority *a, const struct person_id *person,
                       const struct device_id *device)
{
    sqlite3_stmt *stmt = store_query(a->store, "SELECT 1 FROM bound WHERE subject IN (?,?)");
    store_bind(a->store, stmt, "pd", person, device);
    return store_any(a->store, stmt);
}

/* Columns seq, until, key, feed of a row of grants. False: there is none. */
static bool grant_read(struct authority *a, sqlite3_stmt *stmt, const struct person_id *person,
                       const struct device_id *device, struct grant *out)
{
    *out = (struct grant){.person = *person};
    if (!store_row(a->store, stmt)) {
        return false;
    }
    out->seq = (uint64_t)sqlite3_column_int64(stmt, 0);
    out->until = sqlite3_column_type(stmt, 1) == SQLITE_NULL
                     ? UINT64_MAX
                     : (uint64_t)sqlite3_column_int64(stmt, 1);
    column_fixed(stmt, 2, out->key.b, sizeof(out->key.b));
    column_fixed(stmt, 3, out->feed.b, sizeof(out->feed.b));
    sqlite3_reset(stmt);
    out->right = is_key_of(a, person, &out->key, &out->given);
    out->bounded = has_bounds(a, person, device);
    return true;
}

/* The grant under which a person speaks at this place, by whatever key: the last one before it, if it isn't over. */
static bool find_grant(struct authority *a, const struct spot *spot, const struct person_id *person,
                       struct grant *out)
{
    if (covers(&a->last, spot, person)) {
        *out = a->last;
        return true;
    }
    sqlite3_stmt *stmt = store_query(
        a->store, "SELECT seq, until, key, feed FROM grants WHERE feed=? AND person=? AND seq<=?"
                  " ORDER BY seq DESC LIMIT 1");
    store_bind(a->store, stmt, "fpi", &spot->feed, person, (int64_t)spot->seq);
    if (!grant_read(a, stmt, person, &spot->device, out) || !covers(out, spot, person)) {
        return false;
    }
    a->last = *out;
    return true;
}

/* ---- bounds ------------------------------------------------------------------------------------------------------- */

/* Of which bounds is it asked? */
struct asked {
    bool firm;                  /* those that the root key's holder set */
    const struct stamp *before; /* those before this; NULL: all */
};

/* Does a bound of this kind leave this place outside? */
static bool is_outside(struct authority *a, enum bound_kind kind, struct slice subject,
                       const struct spot *spot, const struct asked *asked)
{
    sqlite3_stmt *stmt = store_query(
        a->store, "SELECT 1 FROM bound LEFT JOIN bound_past past ON past.stamp=bound.stamp"
                  " AND past.feed=? WHERE kind=? AND subject=? AND ?>coalesce(past.seq,0)"
                  " AND firm>=? AND coalesce(bound.stamp<?,1)");
    store_bind(a->store, stmt, "fibiis", &spot->feed, (int64_t)kind, subject, (int64_t)spot->seq,
               (int64_t)asked->firm, asked->before);
    return store_any(a->store, stmt);
}

/* Was the key replaced by a RESET that doesn't know this place? */
static bool is_old_key(struct authority *a, const struct grant *grant, const struct spot *spot,
                       const struct asked *asked)
{
    sqlite3_stmt *stmt = store_query(
        a->store, "SELECT 1 FROM bound LEFT JOIN bound_past past ON past.stamp=bound.stamp"
                  " AND past.feed=? WHERE kind=3 AND subject=? AND key<>? AND bound.stamp>?"
                  " AND ?>coalesce(past.seq,0) AND firm>=? AND coalesce(bound.stamp<?,1)");
    store_bind(a->store, stmt, "fpbsiis", &spot->feed, &grant->person, SLICE(grant->key),
               &grant->given, (int64_t)spot->seq, (int64_t)asked->firm, asked->before);
    return store_any(a->store, stmt);
}

/* Did a REVOKE that knows the grant not know this place of its feed? */
static bool is_revoked(struct authority *a, const struct grant *grant, uint64_t seq,
                       const struct asked *asked)
{
    sqlite3_stmt *stmt = store_query(
        a->store, "SELECT 1 FROM bound JOIN bound_past past ON past.stamp=bound.stamp"
                  " AND past.feed=? WHERE kind=4 AND subject=? AND past.seq>=? AND past.seq<?"
                  " AND firm>=? AND coalesce(bound.stamp<?,1)");
    store_bind(a->store, stmt, "fpiiis", &grant->feed, &grant->person, (int64_t)grant->seq,
               (int64_t)(seq > INT64_MAX ? INT64_MAX : seq), (int64_t)asked->firm, asked->before);
    return store_any(a->store, stmt);
}

/* Did a teacher's act put this place outside: by the device, the person, or the key? */
static bool is_put_out(struct authority *a, const struct grant *grant, const struct spot *spot,
                       const struct asked *asked)
{
    return is_outside(a, BOUND_DEVICE, SLICE(spot->device), spot, asked) ||
           is_outside(a, BOUND_PERSON, SLICE(grant->person), spot, asked) ||
           is_old_key(a, grant, spot, asked);
}

/* Do bounds hold this op? Those who set bounds are held only by what stands before them; see the stages. */
static bool is_held(struct authority *a, const struct grant *grant, const struct spot *spot,
                    const struct op *op)
{
    if (!grant->bounded) {
        return false;
    }
    bool root = is_root(a, &grant->person);
    bool act = need_of(op) & NEED_ACT;
    bool ends = op->kind == OP_BYE || (root && op->kind == OP_REVOKE && is_of_self(op));
    struct asked asked = {.firm = act};
    struct asked of_revokes = {.firm = act || op->kind == OP_REVOKE};
    if (!ends && is_revoked(a, grant, spot->seq, &of_revokes)) {
        return true;
    }
    return !root && is_put_out(a, grant, spot, &asked);
}

bool authority_teaches(struct authority *a, const struct person_id *person, const struct fact *fact)
{
    struct spot spot = spot_of(fact);
    if (is_root(a, person)) {
        return true;
    }
    sqlite3_stmt *stmt = store_query(
        a->store, "SELECT 1 FROM teacher WHERE person=?1 AND NOT EXISTS (SELECT 1 FROM bound"
                  " LEFT JOIN bound_past past ON past.stamp=bound.stamp AND past.feed=?2"
                  " WHERE kind=5 AND subject=?1 AND bound.stamp>teacher.stamp"
                  " AND ?3>coalesce(past.seq,0))");
    store_bind(a->store, stmt, "pfi", person, &spot.feed, (int64_t)spot.seq);
    return store_any(a->store, stmt);
}

/* ---- does it count? ----------------------------------------------------------------------------------------------- */

/* The open grant of a person at a device behind this one, in order of feeds (all zeros: the first), of those that began before
 * this fact. */
static bool next_open(struct authority *a, const struct fact *fact, struct grant *grant)
{
    struct feed_id feed = grant->feed;
    sqlite3_stmt *stmt = store_query(
        a->store,
        "SELECT seq, until, key, feed FROM grants WHERE person=? AND device=?"
        " AND until IS NULL AND lamport<? AND (feed, seq)>(?,?) ORDER BY feed, seq LIMIT 1");
    store_bind(a->store, stmt, "pdifi", &fact->op->by, &fact->device,
               (int64_t)stamp_lamport(&fact->stamp), &feed, (int64_t)grant->seq);
    return grant_read(a, stmt, &fact->op->by, &fact->device, grant);
}

/* A daemon that was killed says goodbye for those who sat there when it starts again, on another feed: it may while a
 * grant of theirs at this device is open that began before, and not held by what was said before. So what comes after it doesn't
 * turn it; and who backdates one ends nothing that began later. Of this place itself only an EXPEL is asked: pasts that bounds of
 * people keep don't speak of feeds where they have no grant. */
static bool sits_there(struct authority *a, const struct fact *fact)
{
    struct grant grant = {.seq = 0};
    struct spot here = spot_of(fact);
    static const struct asked all = {false, NULL};
    struct asked before = {.before = &fact->stamp};
    while (next_open(a, fact, &grant)) {
        struct spot there = {grant.feed, grant.seq, fact->device};
        bool root = is_root(a, &grant.person);
        bool held = grant.bounded &&
                    (is_revoked(a, &grant, UINT64_MAX, &before) ||
                     (!root && (is_put_out(a, &grant, &there, &before) ||
                                is_outside(a, BOUND_DEVICE, SLICE(here.device), &here, &all))));
        if (grant.right && !held) {
            return true;
        }
    }
    return false;
}

/* Is it theirs to say, if they speak? */
static bool may(struct authority *a, const struct fact *fact)
{
    const struct op *op = fact->op;
    uint32_t need = need_of(op);
    bool other = op->kind == OP_REVOKE && !is_of_self(op);
    bool untouchable =
        (op->kind == OP_RESET || op->kind == OP_REMOVE || other) && is_root(a, &op->person);
    bool takes_back = op->kind == OP_TEACHER && !op->yes;
    if (untouchable) {
        return false;
    }
    if (need & NEED_ROOT || takes_back) {
        return is_root(a, &op->by);
    }
    return !(need & NEED_TEACHER || other) || authority_teaches(a, &op->by, fact);
}

/* What a HELLO or a KEY says must be of the grant itself. */
static bool fits_grant(const struct fact *fact, const struct grant *grant)
{
    const struct op *op = fact->op;
    switch (op->kind) {
    case OP_HELLO: /* its own, not one before whose signature was good */
        return grant->seq == stamp_seq(&fact->stamp);
    case OP_KEY:
        return SAME(grant->key, op->key) &&
               key_check(&op->key, &op->by, &op->secret, &op->signature);
    default:
        return true;
    }
}

bool authority_counts(struct authority *a, const struct fact *fact)
{
    const struct op *op = fact->op;
    struct spot spot = spot_of(fact);
    struct grant grant;
    if (!(op->has & FIELD_BY)) {
        return op->kind == OP_OPEN || op->kind == OP_CLASS; /* a seat has an author */
    }
    if (!find_grant(a, &spot, &op->by, &grant)) {
        return PLANTED(11) || (op->kind == OP_BYE && sits_there(a, fact));
    }
    return grant.right && fits_grant(fact, &grant) && (may(a, fact) || PLANTED(12)) &&
           !is_held(a, &grant, &spot, op);
}

void authority_refuse(struct authority *a, const struct fact *fact)
{
    struct feed_id feed = stamp_feed(&fact->stamp);
    store_do(a->store, "INSERT INTO refused VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING", "fipid",
             &feed, (int64_t)stamp_seq(&fact->stamp), &fact->op->by, (int64_t)fact->op->kind,
             &fact->device);
}

void authority_forget(struct authority *a, const struct fact *fact)
{
    struct feed_id feed = stamp_feed(&fact->stamp);
    store_do(a->store, "DELETE FROM refused WHERE feed=? AND seq=?", "fi", &feed,
             (int64_t)stamp_seq(&fact->stamp));
}

/* ---- learning: what turns ----------------------------------------------------------------------------------------- */

/* Entries whose ops took effect, or were refused: what is void or erased has none. */
#define TAKEN_SELECT                                                                               \
    "SELECT f.feed, e.seq, e.lamport, e.payload, f.device, EXISTS (SELECT 1 FROM refused r WHERE"  \
    " r.feed=f.feed AND r.seq=e.seq)"
#define TAKEN_ENTRY                                                                                \
    " JOIN entry e ON e.feed=f.id AND e.payload IS NOT NULL AND (f.void_seq=0 OR "                 \
    "e.seq<f.void_seq)"
#define TAKEN_FAREWELL                                                                             \
    TAKEN_SELECT " FROM farewell w JOIN feed f ON f.device=w.device" TAKEN_ENTRY " AND e.kind=5"

/* An op as a fact, from the columns of TAKEN_SELECT. False: it can't be read, so it never took effect. */
static bool taken_read(struct authority *a, sqlite3_stmt *stmt, struct op *op, struct fact *fact)
{
    struct feed_id feed;
    struct slice payload = column_slice(stmt, 3);
    column_fixed(stmt, 0, feed.b, sizeof(feed.b));
    *fact = (struct fact){.stamp = stamp_of((uint64_t)sqlite3_column_int64(stmt, 2), &feed,
                                            (uint64_t)sqlite3_column_int64(stmt, 1)),
                          .op = op};
    column_fixed(stmt, 4, fact->device.b, sizeof(fact->device.b));
    if (payload.len <= SALT_BYTES) {
        return false;
    }
    enum err err = op_decode(slice_of(payload.at + SALT_BYTES, payload.len - SALT_BYTES), op);
    if (err == ERR_NOMEM) {
        store_fail(a->store, err);
    }
    return err == OK;
}

/* Did what these entries say turn by what was just learnt of `cause`: from having an effect to having none, or back? A yes may be
 * wrong, and costs a fold of all; a no never is. */
static bool any_turned(struct authority *a, sqlite3_stmt *stmt, const struct fact *cause)
{
    struct op op;
    struct fact fact;
    uint32_t looks = 0;
    bool turned = false;
    a->last.seq = 0;
    while (!turned && store_row(a->store, stmt)) {
        bool refused = sqlite3_column_int(stmt, 5);
        if (looks++ == LOOKS_MAX) {
            turned = true;
        } else if (taken_read(a, stmt, &op, &fact) && !SAME(fact.stamp, cause->stamp)) {
            /* whether a teacher erased it is asked when it is folded */
            bool erases = op.kind == OP_REDACT && cause->op->kind == OP_TEACHER;
            turned = authority_counts(a, &fact) == refused || (erases && !refused);
        }
    }
    if (stmt) {
        sqlite3_reset(stmt);
    }
    return turned;
}

/* ---- learning: grants --------------------------------------------------------------------------------------------- */

/* Was something of this person refused that might count now? */
static enum learnt stale_if_refused(struct authority *a, const struct person_id *by)
{
    sqlite3_stmt *stmt = store_query(a->store, "SELECT 1 FROM refused WHERE author=?");
    store_bind(a->store, stmt, "p", by);
    return store_any(a->store, stmt) ? LEARNT_STALE : LEARNT;
}

/* Did a goodbye turn that stands where its author has no grant, by what changed among their grants in this feed? It rests only
 * on those that began before it; mostly it is behind none of them, or each sign-in where a daemon was killed once would cost a
 * look at what stands there. */
static bool farewells_turned(struct authority *a, const struct fact *cause)
{
    struct feed_id feed = stamp_feed(&cause->stamp);
    sqlite3_stmt *stmt = store_query(
        a->store, "SELECT 1 FROM farewell w JOIN grants g ON g.feed=? AND g.person=w.person WHERE"
                  " w.person=? AND w.device=? AND w.lamport>g.lamport");
    store_bind(a->store, stmt, "fpd", &feed, &cause->op->by, &cause->device);
    if (!store_any(a->store, stmt)) {
        return false;
    }
    stmt = store_query(a->store, TAKEN_FAREWELL " WHERE w.person=? AND w.device=?");
    store_bind(a->store, stmt, "pd", &cause->op->by, &cause->device);
    return any_turned(a, stmt, cause);
}

/* Puts a grant that begins or ends into the tables. */
static enum learnt change_grants(struct authority *a, const struct fact *fact,
                                 const struct grant *ends, enum authority_stage stage)
{
    struct spot spot = spot_of(fact);
    if (ends) {
        store_do(a->store, "UPDATE grants SET until=? WHERE feed=? AND person=? AND seq=?", "ifpi",
                 (int64_t)spot.seq, &ends->feed, &ends->person, (int64_t)ends->seq);
    } else {
        store_do(a->store,
                 "UPDATE grants SET until=? WHERE feed=? AND person=? AND seq<? AND until IS NULL",
                 "ifpi", (int64_t)spot.seq - 1, &spot.feed, &fact->op->by, (int64_t)spot.seq);
        store_do(a->store, "INSERT INTO grants VALUES (?,?,?,?,NULL,?,?) ON CONFLICT DO NOTHING",
                 "fpibdi", &spot.feed, &fact->op->by, (int64_t)spot.seq, SLICE(fact->op->key),
                 &fact->device, (int64_t)stamp_lamport(&fact->stamp));
    }
    return stage == STAGE_ANY && farewells_turned(a, fact) ? LEARNT_STALE : LEARNT;
}

/* As which one it was applied here. */
static int64_t entry_row(struct authority *a, const struct stamp *stamp)
{
    struct feed_id feed = stamp_feed(stamp);
    sqlite3_stmt *stmt = store_query(a->store, "SELECT e.id FROM entry e JOIN feed f ON f.id=e.feed"
                                               " WHERE f.feed=? AND e.seq=?");
    store_bind(a->store, stmt, "fi", &feed, (int64_t)stamp_seq(stamp));
    return store_number(a->store, stmt);
}

/* May a bound of this person that was learnt before know this HELLO? It was applied before that, and a signature covers it only
 * now. Of a feed without a grant a bound kept no past. */
static bool is_late(struct authority *a, const struct fact *fact)
{
    struct stamp stamp;
    bool late = false;
    sqlite3_stmt *stmt =
        store_query(a->store, "SELECT stamp FROM bound WHERE subject=? AND kind<>1 AND stamp>?");
    store_bind(a->store, stmt, "ps", &fact->op->by, &fact->stamp);
    while (store_row(a->store, stmt)) {
        column_fixed(stmt, 0, stamp.b, sizeof(stamp.b));
        late = late || entry_row(a, &stamp) > entry_row(a, &fact->stamp);
    }
    return late;
}

static enum learnt learn_hello(struct authority *a, const struct fact *fact,
                               enum authority_stage stage)
{
    const struct op *op = fact->op;
    struct spot spot = spot_of(fact);
    if (!grant_check(&op->key, &op->by, &spot.feed, &op->signature)) {
        return LEARNT_NOTHING;
    }
    enum learnt learnt = change_grants(a, fact, NULL, stage);
    return is_late(a, fact) ? LEARNT_STALE : learnt;
}

static enum learnt learn_bye(struct authority *a, const struct fact *fact,
                             enum authority_stage stage)
{
    struct grant grant;
    struct spot spot = spot_of(fact);
    if (!find_grant(a, &spot, &fact->op->by, &grant)) {
        store_do(a->store,
                 "INSERT INTO farewell VALUES (?,?,?) ON CONFLICT DO UPDATE SET"
                 " lamport=max(lamport, excluded.lamport)",
                 "pdi", &fact->op->by, &fact->device, (int64_t)stamp_lamport(&fact->stamp));
        return LEARNT;
    }
    return change_grants(a, fact, &grant, stage);
}

/* ---- learning: acts ----------------------------------------------------------------------------------------------- */

/* How far the feeds reach into the past of a bound's entry; only those feeds that the bound may speak of. */
static void keep_past(struct authority *a, const struct fact *fact, enum bound_kind kind,
                      struct slice subject)
{
    struct past past;
    struct spot spot = spot_of(fact);
    if (!past_find(&past, &a->past, a->store, &spot.feed, spot.seq)) {
        return;
    }
    sqlite3_stmt *stmt =
        kind == BOUND_DEVICE
            ? store_query(a->store, "SELECT id, feed, 1 FROM feed WHERE device=?")
            : store_query(a->store, "SELECT f.id, f.feed, min(g.seq) FROM grants g"
                                    " JOIN feed f ON f.feed=g.feed WHERE person=? GROUP BY f.id");
    store_bind(a->store, stmt, "b", subject);
    while (store_row(a->store, stmt)) {
        struct feed_id feed;
        uint64_t reach = past_reach(&past, sqlite3_column_int64(stmt, 0));
        column_fixed(stmt, 1, feed.b, sizeof(feed.b));
        if (reach >= (uint64_t)sqlite3_column_int64(stmt, 2)) {
            store_do(a->store, "INSERT INTO bound_past VALUES (?,?,?) ON CONFLICT DO NOTHING",
                     "sfi", &fact->stamp, &feed, (int64_t)reach);
        }
    }
    a->walked += past.walked;
    if (past.count > a->past.count) {
        struct past less = a->past;
        a->past = past;
        past = less;
    }
    past_clear(&past);
}

/* Did a bound turn anything: in this device's feeds, or in those where this person has a grant, as far as they lie outside; or a
 * goodbye that hangs on other feeds? */
static bool bound_turned(struct authority *a, const struct fact *cause, enum bound_kind kind,
                         struct slice subject)
{
    sqlite3_stmt *stmt =
        kind == BOUND_DEVICE
            ? store_query(a->store, TAKEN_SELECT
                          " FROM feed f" TAKEN_ENTRY
                          " LEFT JOIN bound_past past ON past.stamp=?1 AND past.feed=f.feed"
                          " WHERE f.device=?2 AND e.seq>coalesce(past.seq,0)")
            : store_query(a->store, TAKEN_SELECT
                          " FROM (SELECT DISTINCT feed FROM grants WHERE person=?2) g"
                          " JOIN feed f ON f.feed=g.feed" TAKEN_ENTRY
                          " LEFT JOIN bound_past past ON past.stamp=?1 AND past.feed=f.feed"
                          " WHERE e.seq>coalesce(past.seq,0)");
    store_bind(a->store, stmt, "sb", &cause->stamp, subject);
    if (any_turned(a, stmt, cause)) {
        return true;
    }
    stmt = store_query(a->store, TAKEN_FAREWELL " WHERE ? IN (w.person, w.device)");
    store_bind(a->store, stmt, "b", subject);
    return any_turned(a, stmt, cause);
}

/* Sets a bound. Stale if something that had an effect has none any more. */
static enum learnt learn_bound(struct authority *a, const struct fact *fact, enum bound_kind kind,
                               struct slice subject, enum authority_stage stage)
{
    const struct op *op = fact->op;
    struct slice key = kind == BOUND_KEYS ? SLICE(op->key) : slice_of(NULL, 0);
    store_do(a->store, "INSERT INTO bound VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING", "ibsib",
             (int64_t)kind, subject, &fact->stamp, (int64_t)is_root(a, &op->by), key);
    keep_past(a, fact, kind, subject);
    bool stale = stage == STAGE_ANY && bound_turned(a, fact, kind, subject);
    return stale ? LEARNT_STALE : LEARNT;
}

static enum learnt learn_teacher(struct authority *a, const struct fact *fact,
                                 enum authority_stage stage)
{
    const struct op *op = fact->op;
    static const struct stamp never;
    if (!op->yes) {
        return learn_bound(a, fact, BOUND_TEACHER, SLICE(op->person), stage);
    }
    struct slice stamp = is_root(a, &op->by) ? SLICE(fact->stamp) : slice_of(&never, 0);
    sqlite3_stmt *stmt = store_query(a->store, "SELECT 1 FROM teacher WHERE person=? AND stamp>=?");
    store_bind(a->store, stmt, "pb", &op->person, stamp);
    if (store_any(a->store, stmt)) {
        return LEARNT_NOTHING;
    }
    store_do(a->store,
             "INSERT INTO teacher VALUES (?,?) ON CONFLICT DO UPDATE SET stamp=excluded.stamp",
             "pb", &op->person, stamp);
    return stale_if_refused(a, &op->person);
}

/* The key that a RESET gives. */
static enum learnt learn_given(struct authority *a, const struct fact *fact)
{
    const struct op *op = fact->op;
    struct stamp given;
    is_key_of(a, &op->person, &op->key, &given);
    if (memcmp(&given, &fact->stamp, sizeof(given)) >= 0) {
        return LEARNT_NOTHING;
    }
    store_do(a->store,
             "INSERT INTO person_key VALUES (?1,?2,?3,?4,?3) ON CONFLICT DO UPDATE SET"
             " reset_stamp=excluded.reset_stamp,"
             " secret=iif(reset_stamp=secret_stamp, excluded.secret, secret),"
             " secret_stamp=iif(reset_stamp=secret_stamp, excluded.secret_stamp, secret_stamp)",
             "pbsb", &op->person, SLICE(op->key), &fact->stamp, SLICE(op->secret));
    return stale_if_refused(a, &op->person);
}

static enum learnt learn_reset(struct authority *a, const struct fact *fact,
                               enum authority_stage stage)
{
    enum learnt given = stage == STAGE_BOUNDS ? LEARNT_NOTHING : learn_given(a, fact);
    enum learnt bound = stage == STAGE_TEACHERS
                            ? LEARNT_NOTHING
                            : learn_bound(a, fact, BOUND_KEYS, SLICE(fact->op->person), stage);
    return bound > given ? bound : given;
}

/* ---- learning: stages --------------------------------------------------------------------------------------------- */

static const uint64_t stages[STAGE_COUNT] = {
    [STAGE_GRANTS] = KIND(OP_HELLO) | KIND(OP_BYE),
    [STAGE_ROOT_REVOKES] = KIND(OP_REVOKE),
    [STAGE_ROOT] =
        KIND(OP_TEACHER) | KIND(OP_RESET) | KIND(OP_EXPEL) | KIND(OP_REMOVE) | KIND(OP_REVOKE),
    [STAGE_TEACHERS] = KIND(OP_TEACHER) | KIND(OP_RESET),
    [STAGE_BOUNDS] = KIND(OP_RESET) | KIND(OP_EXPEL) | KIND(OP_REMOVE),
    [STAGE_REVOKES] = KIND(OP_REVOKE),
};

uint64_t authority_kinds(enum authority_stage stage)
{
    return stages[stage];
}

/* Has the op its place in this stage? */
static bool is_of_stage(struct authority *a, const struct op *op, enum authority_stage stage)
{
    bool ends_own = op->kind == OP_REVOKE && is_of_self(op);
    switch (stage) {
    case STAGE_ANY:
        return (stages[STAGE_GRANTS] | stages[STAGE_ROOT]) >> op->kind & 1;
    case STAGE_GRANTS:
        return stages[stage] >> op->kind & 1;
    case STAGE_ROOT_REVOKES:
        return ends_own && is_root(a, &op->by);
    case STAGE_ROOT:
        return stages[stage] >> op->kind & 1 && !ends_own && is_root(a, &op->by);
    default:
        return stages[stage] >> op->kind & 1 && !is_root(a, &op->by);
    }
}

enum learnt authority_learn(struct authority *a, const struct fact *fact,
                            enum authority_stage stage)
{
    const struct op *op = fact->op;
    enum learnt learnt = LEARNT_NOTHING;
    if (!is_of_stage(a, op, stage)) {
        return LEARNT_NOTHING;
    }
    if (op->kind == OP_HELLO) {
        learnt = learn_hello(a, fact, stage);
    } else if (op->kind == OP_BYE) {
        learnt = learn_bye(a, fact, stage);
    } else if (!authority_counts(a, fact)) {
        return LEARNT_NOTHING;
    }
    switch (op->kind) {
    case OP_TEACHER:
        learnt = learn_teacher(a, fact, stage);
        break;
    case OP_RESET:
        learnt = learn_reset(a, fact, stage);
        break;
    case OP_EXPEL:
        learnt = learn_bound(a, fact, BOUND_DEVICE, SLICE(op->device), stage);
        break;
    case OP_REMOVE:
        learnt = learn_bound(a, fact, BOUND_PERSON, SLICE(op->person), stage);
        break;
    case OP_REVOKE:
        learnt = learn_bound(a, fact, BOUND_GRANTS,
                             op->has & FIELD_PERSON ? SLICE(op->person) : SLICE(op->by), stage);
        break;
    default:
        break;
    }
    a->last.seq = 0; /* what it knows of keys and bounds may be old */
    return learnt;
}
