/* Machines: which hardware a device is, and the label of its seat, which outlives a wiped disk. */
#include "ask.h"
#include "names.h"
#include "shapes.h"
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

/* ask->subject is the hardware. */
static enum err seat_plan(struct ask *ask)
{
    struct slice label, typed;
    struct hardware_id hardware = ask->hardware;
    enum err err = ask_text(ask, "label", NAME_BYTES_MAX, false, &label);
    if (err == OK && ask_typed(ask, "machine", &typed)) {
        err = name_seat(ask, typed, &hardware);
    }
    if (err != OK) {
        return err;
    }
    memcpy(ask->subject.b, hardware.b, sizeof(ask->subject.b));
    struct op *op = ask_op(ask, OP_SEAT);
    op->hardware = hardware;
    op->name = label;
    op->has |= FIELD_HARDWARE | FIELD_NAME;
    return OK;
}

static enum err seat_tell(struct ask *ask, struct pack *p)
{
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT label, (SELECT host FROM device WHERE device.hardware=seat.hardware"
                    " ORDER BY stamp DESC LIMIT 1) FROM seat WHERE hardware=?");
    store_bind(ask->store, stmt, "r", &ask->subject);
    bool found = store_row(ask->store, stmt);
    pack_map(p, 4);
    pack_str(p, "seat");
    found ? pack_column(p, stmt, 0) : pack_nil(p);
    pack_str(p, "host");
    found ? pack_column(p, stmt, 1) : pack_nil(p);
    sqlite3_reset(stmt);
    pack_entry(ask, p);
    return OK;
}

static const struct method methods[] = {
    {"class.seat", seat_plan, seat_tell, false},
    {0},
};
static const char *const tables[] = {"seat", "device", NULL};
const struct view view_seat = {"seat", tables, 1 << OP_OPEN | 1 << OP_SEAT, seat_fold, methods};
