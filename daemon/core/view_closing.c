/* The founder's word that the class has ended. What follows from it is ending.c's. */
#include "keys.h"
#include "view_rows.h"

static void closing_fold(struct store *store, const struct fact *fact)
{
    struct sign_pk root;
    if (!store_local_get(store, "root", &root, sizeof(root))) {
        return;
    }
    struct class_id id = class_id_of(&root);
    if (sign_check(&root, CLOSE_KIND, SLICE(id), &fact->op->signature)) {
        store_do(store,
                 "INSERT INTO closing VALUES (0,?) ON CONFLICT DO UPDATE SET"
                 " signature=max(signature, excluded.signature)",
                 "b", SLICE(fact->op->signature));
    }
}

static const char *const tables[] = {"closing", NULL};
static const struct method methods[] = {{.name = NULL}};

const struct view view_closing = {
    .name = "closing",
    .tables = tables,
    .folds = UINT64_C(1) << OP_CLOSE,
    .fold = closing_fold,
    .methods = methods,
};
