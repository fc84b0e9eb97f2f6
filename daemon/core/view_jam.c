/* Jams: founded by one entry, which is their id for ever; name and purpose are whatever was said last. */
#include "rows.h"
#include "view_rows.h"

static void fold_founding(struct store *store, const struct fact *fact)
{
    store_do(store,
             "INSERT INTO jam (jam, stamp, time_ms, author) VALUES (?,?,?,?)"
             " ON CONFLICT DO UPDATE SET stamp=excluded.stamp, time_ms=excluded.time_ms,"
             " author=excluded.author WHERE excluded.stamp > stamp",
             "rsip", &fact->id, &fact->stamp, (int64_t)fact->time_ms, &fact->op->by);
}

static void jam_fold(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    const struct ref *jam = op->kind == OP_JAM ? &fact->id : &op->jam;
    if (op->kind == OP_JAM) {
        fold_founding(store, fact);
    }
    if (op->has & FIELD_NAME) {
        store_do(store,
                 "INSERT INTO jam (jam, name, name_stamp) VALUES (?,?,?)"
                 " ON CONFLICT DO UPDATE SET name=excluded.name, name_stamp=excluded.name_stamp"
                 " WHERE excluded.name_stamp > name_stamp",
                 "rts", jam, op->name, &fact->stamp);
    }
    if (op->has & FIELD_TITLE) {
        store_do(store,
                 "INSERT INTO jam (jam, purpose, purpose_stamp) VALUES (?,?,?)"
                 " ON CONFLICT DO UPDATE SET purpose=excluded.purpose,"
                 " purpose_stamp=excluded.purpose_stamp"
                 " WHERE excluded.purpose_stamp > purpose_stamp",
                 "rts", jam, op->title, &fact->stamp);
    }
}

static const struct method methods[] = {{0}};
static const char *const tables[] = {"jam", NULL};
const struct view view_jam = {"jam", tables, 1 << OP_JAM | 1 << OP_JAM_SET, jam_fold, methods};
