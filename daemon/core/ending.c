/* A class has ended: its founder says so in the log, and this machine erases it. What stays is the proof, by which a
 * machine that wakes later erases it too, and a list of which machines have. PROTOCOL.md, "The end of a class". */
#include <stdio.h>
#include <stdlib.h>

#include "authority.h"
#include "device_inside.h"
#include "rows.h"

enum { END_AGAIN_MS = 1000 }; /* between two tries, where the disk is full */

/* A machine of the list. */
struct erased {
    struct device_id device;
    bool done;
    char label[NAME_BYTES_MAX + 1];
};

static struct erased *list_read(struct class *class, uint32_t *count)
{
    struct erased *list = NULL;
    sqlite3_stmt *stmt = store_query(class->store, "SELECT value FROM local WHERE key='machines'");
    *count = 0;
    if (store_row(class->store, stmt)) {
        struct slice bytes = column_slice(stmt, 0);
        list = bytes.len > 0 && bytes.len % sizeof(*list) == 0 ? malloc(bytes.len) : NULL;
        if (list) {
            memcpy(list, bytes.at, bytes.len);
            *count = (uint32_t)(bytes.len / sizeof(*list));
        }
        sqlite3_reset(stmt);
    }
    return list;
}

/* This machine, and the others of the class. NULL: no memory. */
static struct erased *list_make(struct device *device, struct class *class, uint32_t *count)
{
    struct device_id others[DEVICES_MAX - 1];
    uint32_t others_count = class_machines(class, &device->id, DEVICES_MAX - 1, others);
    struct erased *list = calloc(others_count + 1, sizeof(*list));
    *count = list ? others_count + 1 : 0;
    for (uint32_t i = 0; i < *count; i++) {
        list[i].device = i == 0 ? device->id : others[i - 1];
        list[i].done = i == 0;
        class_machine_label(class, &list[i].device, list[i].label);
    }
    return list;
}

uint32_t ending_machines(struct device *device, struct class *class)
{
    uint32_t count;
    free(list_make(device, class, &count));
    return count;
}

/* One transaction, so that a power cut leaves all of the class or only this. */
static enum err erase(struct class *class, const struct erased *list, uint32_t count)
{
    char name[NAME_BYTES_MAX + 1];
    uint64_t used = 0;
    class_name(class, name);
    enum err err = store_begin(class->store);
    if (err != OK) {
        return err;
    }
    store_empty(class->store);
    store_local_set(class->store, "closed", &class->proof, sizeof(class->proof));
    store_local_set(class->store, "secret", &class->secret, sizeof(class->secret));
    store_local_set(class->store, "invite", &class->invite, sizeof(class->invite));
    store_local_set(class->store, "root", &class->root, sizeof(class->root));
    store_local_set(class->store, "used", &used, sizeof(used));
    store_local_set(class->store, "machines", list, count * sizeof(*list));
    store_do(class->store, "INSERT INTO class VALUES (0,?,0,0,x'')", "t", slice_str(name));
    turnover_keep(class);
    return store_commit(class->store);
}

static struct slice closed_bytes(struct device *device, const struct class *class)
{
    pack_reset(&device->pack);
    pack_closed(&device->pack, &class->proof);
    return pack_bytes(&device->pack);
}

static void end(struct device *device, struct class *class, const struct signature *proof)
{
    uint32_t count;
    struct erased *list = list_make(device, class, &count);
    class->proof = *proof;
    enum err err = list ? erase(class, list, count) : ERR_NOMEM;
    free(list);
    if (err != OK) {
        device_log(device, "the class has ended, and can't be erased yet: %s", err_code(err));
        store_fail(class->store, class_fail(class, err));
        class->end_due.ms = 1;
        return;
    }
    class->end_due.ms = 0;
    keyring_clear(&class->author.people);
    for (uint32_t i = 0; i < SITTINGS_MAX; i++) {
        struct sitting *sitting = &device->sittings[i];
        if (sitting->class_index == class->index) {
            sitting->signed_in = sitting->chosen = false;
        }
    }
    sync_free(&class->sync);
    replica_close(&class->replica);
    class->closed = class->changed = true;
    class->used = 0;
    store_squeeze(class->store);
    device_log(device, "a class has ended; it is erased here");
    watchers_end(device, class);
    for (uint32_t i = 0; i < presence_count(class->presence); i++) {
        const struct peer *peer = presence_at(class->presence, i);
        if (peer->linked) {
            ending_say(device, class, peer);
        }
    }
}

void ending_look(struct device *device, struct class *class)
{
    struct signature proof;
    if (class->end_due.ms) {
        return;
    }
    sqlite3_stmt *stmt = store_query(class->store, "SELECT signature FROM closing");
    bool found = store_row(class->store, stmt) && column_fixed(stmt, 0, proof.b, sizeof(proof.b));
    sqlite3_reset(stmt);
    if (found) {
        end(device, class, &proof);
    }
}

void ending_tick(struct device *device, struct class *class, struct now now)
{
    if (class->end_due.ms == 0 || now.mono.ms < class->end_due.ms) {
        return;
    }
    struct signature proof = class->proof;
    end(device, class, &proof);
    if (!class->closed) {
        class->end_due.ms = now.mono.ms + END_AGAIN_MS;
    }
}

void ending_say(struct device *device, struct class *class, const struct peer *peer)
{
    if (class->closed) {
        class_say(device, class, peer, closed_bytes(device, class));
    }
}

static void note_done(struct class *class, const struct device_id *device)
{
    uint32_t count;
    struct erased *list = list_read(class, &count);
    bool news = false;
    for (uint32_t i = 0; i < count; i++) {
        bool same = SAME(list[i].device, *device);
        news |= same && !list[i].done;
        list[i].done |= same;
    }
    if (news && store_begin(class->store) == OK) {
        store_local_set(class->store, "machines", list, count * sizeof(*list));
        class->urgent = true;
    }
    free(list);
}

enum err ending_hear(struct device *device, struct class *class, const struct peer *peer,
                     const struct signature *proof)
{
    if (!class->known) {
        return OK;
    }
    if (!sign_check(&class->root, CLOSE_KIND, SLICE(class->id), proof)) {
        return ERR_SIGNATURE;
    }
    if (!class->closed) {
        end(device, class, proof);
    }
    if (class->closed) {
        note_done(class, &peer->device);
    }
    return OK;
}

bool ending_load(struct class *class, const struct sign_pk *root)
{
    if (!store_local_get(class->store, "closed", &class->proof, sizeof(class->proof))) {
        return false;
    }
    class->closed = class->known = true;
    class->root = *root;
    class->id = class_id_of(root);
    store_squeeze(class->store);
    return true;
}

bool ending_is_complete(struct class *class)
{
    uint32_t count, done = 0;
    struct erased *list = list_read(class, &count);
    for (uint32_t i = 0; i < count; i++) {
        done += list[i].done;
    }
    free(list);
    return class->closed && done == count;
}

void ending_receipt(struct class *class, struct pack *p)
{
    uint32_t count, done = 0;
    struct erased *list = list_read(class, &count);
    for (uint32_t i = 0; i < count; i++) {
        done += list[i].done;
    }
    pack_str(p, "done");
    pack_uint(p, done);
    pack_str(p, "of");
    pack_uint(p, count);
    pack_str(p, "behind");
    pack_array(p, count - done);
    for (uint32_t i = 0; i < count; i++) {
        if (!list[i].done) {
            pack_str(p, list[i].label);
        }
    }
    free(list);
}
