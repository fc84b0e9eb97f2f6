/* People: their handles and names, and at which machine they are signed in. */
#include "rows.h"
#include "view_rows.h"

static void fold_names(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    char key[KEY_BYTES];
    struct slice handle_key = name_key(op->handle, key);
    if (op->has & FIELD_HANDLE && handle_key.len > 0) {
        store_do(store,
                 "INSERT INTO person (person, handle, handle_key, handle_stamp) VALUES (?,?,?,?)"
                 " ON CONFLICT DO UPDATE SET handle=excluded.handle,"
                 " handle_key=excluded.handle_key, handle_stamp=excluded.handle_stamp"
                 " WHERE excluded.handle_stamp > handle_stamp",
                 "ptts", &op->by, op->handle, handle_key, &fact->stamp);
    }
    if (op->has & FIELD_NAME) {
        store_do(store,
                 "INSERT INTO person (person, name, name_stamp) VALUES (?,?,?)"
                 " ON CONFLICT DO UPDATE SET name=excluded.name, name_stamp=excluded.name_stamp"
                 " WHERE excluded.name_stamp > name_stamp",
                 "pts", &op->by, op->name, &fact->stamp);
    }
}

static void person_fold(struct store *store, const struct fact *fact)
{
    if (fact->op->kind == OP_PERSON) {
        fold_names(store, fact);
        return;
    }
    store_do(store,
             "INSERT INTO session VALUES (?,?,?,?,?)"
             " ON CONFLICT DO UPDATE SET here=excluded.here, device=excluded.device,"
             " stamp=excluded.stamp, time_ms=excluded.time_ms WHERE excluded.stamp > stamp",
             "pidsi", &fact->op->by, (int64_t)(fact->op->kind == OP_HELLO), &fact->device,
             &fact->stamp, (int64_t)fact->time_ms);
}

static const struct method methods[] = {{0}};
static const char *const tables[] = {"person", "session", NULL};
const struct view view_person = {
    "person", tables, 1 << OP_PERSON | 1 << OP_HELLO | 1 << OP_BYE, person_fold, methods,
};
