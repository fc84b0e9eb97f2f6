/* Receipts: on which machines of the class is erased what was redacted here. One that has taken the redaction has erased; the
 * others will when they wake, and until then they are named. */
#include "device_inside.h"
#include "rows.h"

enum {
    RECEIPTS_MS = 5000,         /* how often those that lack are looked for */
    RECEIPT_PATIENCE_MS = 2000, /* who redacts waits so long for those that are here */
};

/* A request to erase: done where entry `seq` of `feed` is. */
struct asked {
    int64_t id;
    struct feed_id feed;
    uint64_t seq;
    struct ref entry;
    uint64_t entries;
    int64_t time_ms;
};

static uint32_t asked_read(struct class *class, uint32_t max, struct asked out[])
{
    uint32_t count = 0;
    sqlite3_stmt *stmt =
        store_query(class->store, "SELECT id, feed, seq, entry, entries, time_ms FROM redaction"
                                  " ORDER BY id DESC LIMIT ?");
    store_bind(class->store, stmt, "i", (int64_t)max);
    while (count < max && store_row(class->store, stmt)) {
        struct asked *asked = &out[count++];
        asked->id = sqlite3_column_int64(stmt, 0);
        column_fixed(stmt, 1, asked->feed.b, sizeof(asked->feed.b));
        asked->seq = (uint64_t)sqlite3_column_int64(stmt, 2);
        column_fixed(stmt, 3, asked->entry.b, sizeof(asked->entry.b));
        asked->entries = (uint64_t)sqlite3_column_int64(stmt, 4);
        asked->time_ms = sqlite3_column_int64(stmt, 5);
    }
    sqlite3_reset(stmt);
    return count;
}

/* ---- who has it -------------------------------------------------------------------------------------------------- */

static bool has_taken(struct class *class, const struct peer *peer, const struct asked *asked)
{
    struct feed_id own;
    uint64_t seq;
    bool present = replica_own(class->replica, &own, &seq) && SAME(own, asked->feed);
    return present ? peer->acked_seq >= asked->seq : peer->has_all_before;
}

/* It or another of the same hardware: that one's disk was wiped since. */
static bool has_receipt(struct class *class, const struct asked *asked,
                        const struct device_id *device)
{
    sqlite3_stmt *stmt = store_query(
        class->store, "SELECT 1 FROM receipt WHERE redaction=?1 AND (device=?2 OR device IN"
                      " (SELECT device FROM device WHERE hardware="
                      "(SELECT hardware FROM device WHERE device=?2)))");
    store_bind(class->store, stmt, "id", asked->id, device);
    return store_any(class->store, stmt);
}

static void note(struct class *class, const struct asked *asked)
{
    for (uint32_t i = 0; i < presence_count(class->presence); i++) {
        const struct peer *peer = presence_at(class->presence, i);
        if (has_taken(class, peer, asked) && !has_receipt(class, asked, &peer->device) &&
            store_begin(class->store) == OK) {
            store_do(class->store, "INSERT INTO receipt VALUES (?,?)", "id", asked->id,
                     &peer->device);
        }
    }
}

uint32_t class_machines(struct class *class, const struct device_id *self, uint32_t max,
                        struct device_id out[])
{
    uint32_t count = 0;
    sqlite3_stmt *stmt = store_query(
        class->store, "SELECT device FROM device d LEFT JOIN seat USING (hardware)"
                      " LEFT JOIN temp.machine_now USING (device)"
                      " WHERE device<>?1 AND hardware<>?2 AND NOT EXISTS"
                      " (SELECT 1 FROM device o LEFT JOIN temp.machine_now now USING (device)"
                      " WHERE o.hardware=d.hardware AND (coalesce(now.state='here', 0), o.stamp) >"
                      " (coalesce(machine_now.state='here', 0), d.stamp)) AND NOT EXISTS (SELECT 1 "
                      "FROM bound WHERE kind=1 AND subject=d.device)"
                      " ORDER BY coalesce(label, host), device");
    store_bind(class->store, stmt, "dw", self, &class->author.hardware);
    while (count < max && store_row(class->store, stmt)) {
        count += column_fixed(stmt, 0, out[count].b, sizeof(out[count].b));
    }
    if (stmt) {
        sqlite3_reset(stmt);
    }
    for (uint32_t i = 0; i < presence_count(class->presence) && count < max; i++) {
        const struct peer *peer = presence_at(class->presence, i);
        char seat[LABEL_BYTES];
        if (peer->state != PEER_CALLED && !seat_of_device(class->store, &peer->device, seat)) {
            out[count++] = peer->device;
        }
    }
    return count;
}

void class_machine_label(struct class *class, const struct device_id *device, char out[LABEL_BYTES])
{
    const struct peer *peer = presence_by_device(class->presence, device);
    if (!seat_of_device(class->store, device, out)) {
        text_copy(out, LABEL_BYTES, slice_str(peer ? peer->host : ""));
    }
}

static bool is_complete(struct class *class, const struct device_id *self,
                        const struct asked *asked, bool here_only)
{
    struct device_id all[DEVICES_MAX];
    uint32_t count = class_machines(class, self, DEVICES_MAX, all);
    for (uint32_t i = 0; i < count; i++) {
        const struct peer *peer = presence_by_device(class->presence, &all[i]);
        bool counts = !here_only || (peer && peer->state == PEER_HERE);
        if (counts && !has_receipt(class, asked, &all[i])) {
            return false;
        }
    }
    return true;
}

void receipts_tick(struct device *device, struct class *class, struct now now)
{
    struct asked asked[REDACTIONS_KEPT];
    bool complete = true;
    if (class->receipts.ms == 0 || now.mono.ms < class->receipts.ms) {
        return;
    }
    if (!class->replica) { /* it was closed */
        class->receipts.ms = 0;
        return;
    }
    uint32_t count = asked_read(class, REDACTIONS_KEPT, asked);
    for (uint32_t i = 0; i < count; i++) {
        note(class, &asked[i]);
        complete = complete && is_complete(class, &device->id, &asked[i], false);
    }
    class->receipts.ms = complete ? 0 : now.mono.ms + RECEIPTS_MS;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

/* The other machines of a class, those that haven't erased something first. */
struct others {
    uint32_t count;
    uint32_t waiting;
    struct device_id at[DEVICES_MAX];
};

static void others_sort(struct others *others, struct class *class, const struct asked *asked)
{
    others->waiting = 0;
    for (uint32_t i = 0; i < others->count; i++) {
        if (!has_receipt(class, asked, &others->at[i])) {
            struct device_id waits = others->at[i];
            others->at[i] = others->at[others->waiting];
            others->at[others->waiting++] = waits;
        }
    }
}

static void pack_receipt(struct pack *p, struct class *class, const struct asked *asked,
                         const struct others *others)
{
    char id[33], label[LABEL_BYTES];
    pack_map(p, 6);
    pack_str(p, "entry");
    pack_str(p, hex(id, asked->entry.b, sizeof(asked->entry.b)));
    pack_str(p, "entries");
    pack_uint(p, asked->entries);
    pack_str(p, "at");
    pack_int(p, asked->time_ms);
    pack_str(p, "done");
    pack_uint(p, others->count + 1 - others->waiting);
    pack_str(p, "of");
    pack_uint(p, others->count + 1);
    pack_str(p, "waiting");
    pack_array(p, others->waiting);
    for (uint32_t i = 0; i < others->waiting; i++) {
        class_machine_label(class, &others->at[i], label);
        pack_str(p, label);
    }
}

void receipts_pack(struct device *device, struct class *class, bool open_only, struct pack *p)
{
    struct asked asked[REDACTIONS_KEPT];
    struct others others;
    struct pack told;
    uint32_t told_count = 0;
    uint32_t count = class->replica ? asked_read(class, REDACTIONS_KEPT, asked) : 0;
    pack_init(&told);
    others.count = count > 0 ? class_machines(class, &device->id, DEVICES_MAX, others.at) : 0;
    for (uint32_t i = 0; i < count; i++) {
        note(class, &asked[i]);
        others_sort(&others, class, &asked[i]);
        if (!open_only || others.waiting > 0) {
            pack_receipt(&told, class, &asked[i], &others);
            told_count++;
        }
    }
    pack_str(p, "redactions");
    pack_list(p, told_count, &told);
}

/* All that are kept, the newest first; or, if the client waits for it, the newest alone, once the machines that are here
 * have erased. */
enum err method_receipt(struct call *call, struct pack *p)
{
    struct class *class = call->class;
    bool wait = false;
    if (!class || !class->replica) {
        return class ? ERR_CLASS_WAITS : ERR_NO_CLASS;
    }
    map_bool(call->params, "wait", &wait);
    if (wait) {
        struct mono due = {call->now.mono.ms + RECEIPT_PATIENCE_MS};
        return pending_new(call, PENDING_RECEIPT, due) ? OK : ERR_BUSY;
    }
    pack_map(p, 1);
    receipts_pack(call->device, class, false, p);
    return OK;
}

void receipt_answer(struct device *device, struct pending *pending, struct now now)
{
    struct asked asked;
    struct class *class = device->classes[pending->class_index];
    bool any = asked_read(class, 1, &asked) == 1;
    if (any) {
        note(class, &asked);
    }
    if (any && now.mono.ms < pending->due.ms && !is_complete(class, &device->id, &asked, true)) {
        return;
    }
    pack_reset(&device->result);
    pack_map(&device->result, 1);
    pack_str(&device->result, "redaction");
    if (any) {
        struct others others;
        others.count = class_machines(class, &device->id, DEVICES_MAX, others.at);
        others_sort(&others, class, &asked);
        pack_receipt(&device->result, class, &asked, &others);
    } else {
        pack_nil(&device->result);
    }
    request_reply(device, pending->client, pending->number, pack_bytes(&device->result), false, 0);
    pending_end(pending);
}
