/* The class's name, policy and last day: said in an op that is signed with the root key, of which the class's id is made. */
#include "ask.h"
#include "authority.h"
#include "date.h"
#include "keys.h"
#include "shapes.h"
#include "view_rows.h"

/* One row. Everybody keeps the class's id, and it is the same for all: so is what this fold lets through. */
static void class_fold(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    struct sign_pk root;
    if (!store_local_get(store, "root", &root, sizeof(root)) || !SAME(root, op->key)) {
        return;
    }
    struct class_id id = class_id_of(&root);
    struct hash said = class_said(&id, op->name, op->policy, op->until_ms);
    if (!sign_check(&root, "jam class name 1", SLICE(said), &op->signature)) {
        return;
    }
    store_do(store,
             "INSERT INTO class VALUES (0,?,?,?,?) ON CONFLICT DO UPDATE SET name=excluded.name,"
             " policy=excluded.policy, until_ms=excluded.until_ms, stamp=excluded.stamp"
             " WHERE excluded.stamp > class.stamp",
             "tiis", op->name, (int64_t)op->policy, (int64_t)op->until_ms, &fact->stamp);
}

static const char *const tables[] = {"class", NULL};

/* ---- another last day -------------------------------------------------------------------------------------------- */

/* ERR_NOT_YOURS, ERR_NOT_TEACHER: who asks doesn't hold the root key. */
static enum err hold_root(struct ask *ask, struct sign_pk *root)
{
    struct sign_pk mine = {{0}};
    if (ask->key) {
        mine = sign_public(ask->key);
    }
    bool holds = store_local_get(ask->store, "root", root, sizeof(*root)) && SAME(*root, mine);
    return holds ? OK : ask->teacher ? ERR_NOT_YOURS : ERR_NOT_TEACHER;
}

/* What the class is called, into the request's room. */
static struct slice kept_name(struct ask *ask)
{
    char *name = ask->room + ask->room_used;
    text_copy(name, LABEL_BYTES, slice_str(ask->class_name));
    ask->room_used += LABEL_BYTES;
    return slice_str(name);
}

static enum err until_plan(struct ask *ask)
{
    struct slice typed;
    struct op op = {.kind = OP_CLASS,
                    .has = FIELD_KEY | FIELD_NAME | FIELD_SIGNATURE | FIELD_POLICY | FIELD_UNTIL,
                    .policy = class_policy(ask->store)};
    enum err err = hold_root(ask, &op.key);
    if (err != OK) {
        return err;
    }
    if (!ask_typed(ask, "until", &typed)) {
        return refuse(ask, ERR_EMPTY, slice_str("until"), NULL);
    }
    if (!slice_is(typed, "none") && !date_read(typed, &op.until_ms)) {
        return refuse(ask, ERR_USAGE, slice_str("A day is written so: 2027-07-01."),
                      "jam class until 2027-07-01");
    }
    op.name = kept_name(ask);
    struct hash said = class_said(&ask->class, op.name, op.policy, op.until_ms);
    op.signature = sign(ask->key, "jam class name 1", SLICE(said));
    ask->ops[ask->ops_count++] = op;
    return OK;
}

static enum err until_tell(struct ask *ask, struct pack *p)
{
    pack_map(p, 5);
    pack_last_day(ask, p);
    pack_entry(ask, p);
    return OK;
}

static const struct method methods[] = {{"class.until", until_plan, until_tell, false}, {0}};

const struct view view_class = {
    .name = "class",
    .tables = tables,
    .folds = UINT64_C(1) << OP_CLASS,
    .fold = class_fold,
    .methods = methods,
};
