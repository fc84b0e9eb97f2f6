/* Where people are: each in one jam, solo or away, by their last word; and of which jams they are members, which a join
 * at the same time as a leave keeps them. */
#include "rows.h"
#include "view_rows.h"

static void fold_place(struct store *store, const struct fact *fact, enum place_kind kind,
                       const struct ref *jam)
{
    const struct op *op = fact->op;
    bool titled = op->kind == OP_SOLO && op->has & FIELD_TITLE;
    store_do(store,
             "INSERT INTO place VALUES (?,?,?,?,?,?)"
             " ON CONFLICT DO UPDATE SET kind=excluded.kind, jam=excluded.jam,"
             " title=excluded.title, stamp=excluded.stamp, time_ms=excluded.time_ms"
             " WHERE excluded.stamp > stamp",
             "pirtsi", &op->by, (int64_t)kind, jam, titled ? op->title : (struct slice){0},
             &fact->stamp, (int64_t)fact->time_ms);
}

static void fold_join(struct store *store, const struct fact *fact, const struct ref *jam)
{
    fold_place(store, fact, PLACE_JAM, jam);
    store_do(store, "INSERT INTO joined VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING", "prsri",
             &fact->op->by, jam, &fact->stamp, &fact->id, (int64_t)fact->time_ms);
}

static void fold_leave(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    for (uint32_t i = 0; i < op->adds_count; i++) {
        store_do(store, "INSERT INTO removed VALUES (?,?,?) ON CONFLICT DO NOTHING", "prr", &op->by,
                 &op->jam, &op->adds[i]);
    }
    if (op->moves) {
        fold_place(store, fact, PLACE_SOLO, NULL);
    }
}

static void place_fold(struct store *store, const struct fact *fact)
{
    switch (fact->op->kind) {
    case OP_JAM:
        fold_join(store, fact, &fact->id);
        break;
    case OP_JOIN:
        fold_join(store, fact, &fact->op->jam);
        break;
    case OP_LEAVE:
        fold_leave(store, fact);
        break;
    case OP_BYE:
        fold_place(store, fact, PLACE_AWAY, NULL);
        break;
    default: /* OP_SOLO, OP_HELLO */
        fold_place(store, fact, PLACE_SOLO, NULL);
    }
}

static const struct method methods[] = {{0}};
static const char *const tables[] = {"place", "joined", "removed", NULL};
const struct view view_place = {
    "place", tables,
    1 << OP_JAM | 1 << OP_JOIN | 1 << OP_LEAVE | 1 << OP_SOLO | 1 << OP_HELLO | 1 << OP_BYE,
    place_fold, methods,
};
