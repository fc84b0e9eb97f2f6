/* New words for a class: a teacher draws them, and seals them to each machine that stays. */
#include <stdlib.h>

#include "ask.h"
#include "rotation.h"
#include "view_rows.h"

enum { ROTATED_MAX = DEVICES_MAX };

static void rotation_fold(struct store *store, const struct fact *fact)
{
    struct slice id;
    if (rotation_id(fact->op->box, &id) == OK) {
        store_do(store, "INSERT INTO rotation VALUES (?,?,?) ON CONFLICT DO NOTHING", "sbb",
                 &fact->stamp, id, fact->op->box);
    }
}

/* Who stays: machines that wrote, or that are here, and weren't expelled; those that came last, if they are too many. */
static uint32_t staying(struct ask *ask, struct device_id out[ROTATED_MAX])
{
    uint32_t count = 0;
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT device FROM (SELECT device FROM device UNION SELECT device FROM"
                    " temp.machine_now) AS d WHERE NOT EXISTS (SELECT 1 FROM bound WHERE kind=1"
                    " AND subject=d.device) ORDER BY (SELECT max(id) FROM feed"
                    " WHERE feed.device=d.device) DESC, device");
    while (count < ROTATED_MAX && store_row(ask->store, stmt)) {
        column_fixed(stmt, 0, out[count].b, sizeof(out[count].b));
        count++;
    }
    sqlite3_reset(stmt);
    return count;
}

static uint8_t *room_of(struct ask *ask, size_t len)
{
    uint8_t *room = (uint8_t *)ask->room + ask->room_used;
    if (len > sizeof(ask->room) - ask->room_used) {
        return NULL;
    }
    ask->room_used += len;
    return room;
}

/* One op a box. */
static enum err seal_all(struct ask *ask, const struct invite *invite,
                         const struct device_id *devices, uint32_t count)
{
    uint8_t seed[32];
    enum err err = OK;
    rng_fill(ask->rng, seed, sizeof(seed));
    for (uint32_t i = 0; err == OK && i < count; i += ROTATION_PARTS_MAX) {
        uint8_t *room = room_of(ask, BOX_BYTES_MAX);
        if (!room || ask->ops_count == ASK_OPS_MAX) {
            err = ERR_LIMIT;
            break;
        }
        size_t len = rotation_seal(seed, invite->secret, devices + i, count - i, room);
        if (len > 0) {
            struct op *op = ask_op(ask, OP_ROTATE);
            op->box = slice_of(room, len);
            op->has |= FIELD_BOX;
        }
    }
    wipe(seed, sizeof(seed));
    return err;
}

static enum err rotate_plan(struct ask *ask)
{
    struct invite invite;
    struct sign_pk root;
    if (!ask->teacher) {
        return ERR_NOT_TEACHER;
    }
    if (!store_local_get(ask->store, "root", &root, sizeof(root))) {
        return ERR_CLASS_WAITS;
    }
    struct device_id *devices = calloc(ROTATED_MAX, sizeof(*devices));
    char *text = (char *)room_of(ask, INVITE_TEXT_MAX);
    if (!devices || !text) {
        free(devices);
        return ERR_NOMEM;
    }
    invite_make(ask->rng, &root, &invite);
    ask->was = slice_str(invite_text(&invite, text));
    enum err err = seal_all(ask, &invite, devices, staying(ask, devices));
    wipe(&invite, sizeof(invite));
    free(devices);
    return err;
}

static enum err rotate_tell(struct ask *ask, struct pack *p)
{
    uint64_t machines = 0;
    for (uint32_t i = 0; i < ask->ops_count; i++) {
        machines += (ask->ops[i].box.len - ROTATION_ID_BYTES) / ROTATION_PART_BYTES;
    }
    pack_map(p, 3);
    pack_str(p, "class");
    pack_map(p, 1);
    pack_str(p, "name");
    pack_str(p, ask->class_name);
    pack_str(p, "invite");
    pack_text(p, ask->was);
    pack_str(p, "machines");
    pack_uint(p, machines);
    return OK;
}

static const struct method methods[] = {
    {"class.rotate", rotate_plan, rotate_tell, false},
    {0},
};
static const char *const tables[] = {"rotation", NULL};
const struct view view_rotation = {"rotation", tables, 1 << OP_ROTATE, rotation_fold, methods};
