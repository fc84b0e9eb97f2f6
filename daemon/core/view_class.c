/* The class's name: said in an op that is signed with the root key, of which the class's id is made. */
#include "keys.h"
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
static const struct method methods[] = {{.name = NULL}};

const struct view view_class = {
    .name = "class",
    .tables = tables,
    .folds = UINT64_C(1) << OP_CLASS,
    .fold = class_fold,
    .methods = methods,
};
