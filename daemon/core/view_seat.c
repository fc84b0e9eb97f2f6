/* Machines: which hardware a device is, and the label of its seat, which outlives a wiped disk. */
#include "rows.h"
#include "view_rows.h"

static void seat_fold(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    if (op->kind == OP_OPEN) {
        store_do(store,
                 "INSERT INTO device VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET host=excluded.host,"
                 " hardware=excluded.hardware, stamp=excluded.stamp WHERE excluded.stamp > stamp",
                 "dtws", &fact->device, op->name, &op->hardware, &fact->stamp);
    } else {
        store_do(store,
                 "INSERT INTO seat VALUES (?,?,?) ON CONFLICT DO UPDATE SET label=excluded.label,"
                 " stamp=excluded.stamp WHERE excluded.stamp > stamp",
                 "wts", &op->hardware, op->name, &fact->stamp);
    }
}

static const struct method methods[] = {{0}};
static const char *const tables[] = {"seat", "device", NULL};
const struct view view_seat = {"seat", tables, 1 << OP_OPEN | 1 << OP_SEAT, seat_fold, methods};
