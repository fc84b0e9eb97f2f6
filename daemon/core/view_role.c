/* Roles: what people do for a jam, in their own words. Several may hold one role; nobody is thrown out of it. */
#include "rows.h"
#include "view_rows.h"

static void fold_holds(struct store *store, const struct fact *fact, struct slice key,
                       const struct person_id *person, bool holds)
{
    store_do(store,
             "INSERT INTO role VALUES (?,?,?,?,?,?,?)"
             " ON CONFLICT DO UPDATE SET holds=excluded.holds, name=excluded.name,"
             " stamp=excluded.stamp, time_ms=excluded.time_ms WHERE excluded.stamp > stamp",
             "rtpitsi", &fact->op->jam, key, person, (int64_t)holds, fact->op->name, &fact->stamp,
             (int64_t)fact->time_ms);
}

/* A role whose name shows nothing is none. */
static void role_fold(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    char room[KEY_BYTES];
    struct slice key = name_key(op->name, room);
    if (key.len == 0) {
        return;
    }
    bool given = op->has & FIELD_PERSON;
    if (!given || !SAME(op->person, op->by)) {
        fold_holds(store, fact, key, &op->by, false);
    }
    if (given) {
        fold_holds(store, fact, key, &op->person, true);
    }
}

static const struct method methods[] = {{0}};
static const char *const tables[] = {"role", NULL};
const struct view view_role = {"role", tables, 1 << OP_ROLE, role_fold, methods};
