/* A class gets another secret: a machine that finds its part of a ROTATE in the log goes over to it, and for a while still
 * takes those in by the secret before who were away. PROTOCOL.md, "Rotation". */
#include <stdio.h>

#include "device_inside.h"
#include "rotation.h"

/* How secrets before are kept on the disk: of this machine alone. */
struct kept {
    struct class_secret secret;
    int64_t until_ms;
};

void turnover_keep(struct class *class)
{
    struct kept kept[SECRETS_MAX];
    memset(kept, 0, sizeof(kept));
    for (uint32_t i = 0; i < SECRETS_MAX; i++) {
        if (class->former[i].used) {
            kept[i] = (struct kept){class->former[i].secret, class->former[i].until_ms};
        }
    }
    store_local_set(class->store, "former", kept, sizeof(kept));
    store_local_set(class->store, "rotation", class->rotation, sizeof(class->rotation));
    wipe(kept, sizeof(kept));
}

static void save(struct class *class)
{
    store_begin(class->store);
    store_local_set(class->store, "secret", &class->secret, sizeof(class->secret));
    store_local_set(class->store, "invite", &class->invite, sizeof(class->invite));
    turnover_keep(class);
    class->urgent = true;
}

static void bind_one(struct device *device, struct class *class, uint32_t number,
                     const struct class_secret *secret)
{
    struct output output = {.kind = OUTPUT_BIND, .class_index = class->index, .secret = *secret};
    output.address.secret = (uint8_t)number;
    device_put(device, &output);
}

void turnover_begin(struct device *device, struct class *class)
{
    bind_one(device, class, class->number, &class->secret);
    turnover_former(device, class);
}

void turnover_former(struct device *device, struct class *class)
{
    struct kept kept[SECRETS_MAX];
    uint32_t number = 1;
    store_local_get(class->store, "rotation", class->rotation, sizeof(class->rotation));
    if (!store_local_get(class->store, "former", kept, sizeof(kept))) {
        return;
    }
    for (uint32_t i = 0; i < SECRETS_MAX; i++) {
        if (kept[i].until_ms == 0 || number == SECRETS_MAX) {
            continue;
        }
        struct former *former = &class->former[number];
        *former =
            (struct former){.used = true, .secret = kept[i].secret, .until_ms = kept[i].until_ms};
        class_beacon_key(&former->secret, &former->beacon_key);
        bind_one(device, class, number++, &former->secret);
    }
    wipe(kept, sizeof(kept));
}

static void drop(struct device *device, struct class *class, uint32_t number)
{
    struct output output = {.kind = OUTPUT_UNBIND, .class_index = class->index};
    output.address.secret = (uint8_t)number;
    device_put(device, &output);
    wipe(&class->former[number], sizeof(class->former[number]));
}

/* A number for another secret; the one that would end first gives way. */
static uint32_t free_number(struct device *device, struct class *class)
{
    uint32_t first = class->number == 0;
    for (uint32_t i = 0; i < SECRETS_MAX; i++) {
        if (i == class->number) {
            continue;
        }
        if (!class->former[i].used) {
            return i;
        }
        first = class->former[i].until_ms < class->former[first].until_ms ? i : first;
    }
    drop(device, class, first);
    return first;
}

void turnover_go(struct device *device, struct class *class, const struct class_secret *secret,
                 const struct invite *invite, struct now now)
{
    uint32_t number = free_number(device, class);
    class->former[class->number] = (struct former){.used = true,
                                                   .secret = class->secret,
                                                   .beacon_key = class->beacon_key,
                                                   .port = class->port,
                                                   .until_ms = now.wall.ms + FORMER_MS};
    class->number = (uint8_t)number;
    class->secret = *secret;
    class->invite = *invite;
    class->port = 0;
    class->refusal = OK;
    class->changed = true;
    class_beacon_key(secret, &class->beacon_key);
    save(class);
    bind_one(device, class, number, secret);
    device_log(device, "this machine uses the class's new words now");
}

/* A rotation's part for this machine. ERR_SIGNATURE: there is none. */
static enum err open_part(struct device *device, struct class *class,
                          const uint8_t id[ROTATION_ID_BYTES], uint16_t words[WORDS_SECRET])
{
    enum err err = ERR_SIGNATURE;
    sqlite3_stmt *stmt = store_query(class->store, "SELECT box FROM rotation WHERE id=?");
    store_bind(class->store, stmt, "b", slice_of(id, ROTATION_ID_BYTES));
    while (err != OK && store_row(class->store, stmt)) {
        err = rotation_open(&device->key, column_slice(stmt, 0), words);
    }
    sqlite3_reset(stmt);
    return err;
}

static bool newest(struct class *class, uint8_t id[ROTATION_ID_BYTES])
{
    sqlite3_stmt *stmt =
        store_query(class->store, "SELECT id FROM rotation ORDER BY stamp DESC LIMIT 1");
    bool found = store_row(class->store, stmt) && column_fixed(stmt, 0, id, ROTATION_ID_BYTES);
    sqlite3_reset(stmt);
    return found;
}

void turnover_look(struct device *device, struct class *class)
{
    uint8_t id[ROTATION_ID_BYTES], salt[16];
    char text[INVITE_TEXT_MAX];
    struct invite invite;
    if (!newest(class, id) || memcmp(id, class->rotation, sizeof(id)) == 0) {
        return;
    }
    invite_commit(&invite, &class->root);
    if (open_part(device, class, id, invite.secret) != OK) {
        return; /* it joined since, by those words; or it was forgotten, and has to join again */
    }
    memcpy(class->rotation, id, sizeof(id));
    invite_secret_text(&invite, text);
    invite_salt(salt);
    struct output output = {.kind = OUTPUT_STRETCH, .bytes = slice_str(text), .cost = COST_WORDS};
    memcpy(output.salt, salt, sizeof(output.salt));
    output.work = class->turning = ++device->works;
    class->turning_to = invite;
    device_put(device, &output);
    wipe(text, sizeof(text));
}

bool turnover_stretched(struct device *device, uint64_t work, struct slice bytes, struct now now)
{
    struct class_secret secret;
    for (uint32_t i = 0; i < device->classes_count; i++) {
        struct class *class = device->classes[i];
        if (!class->turning || class->turning != work) {
            continue;
        }
        class->turning = 0;
        if (bytes.len == sizeof(secret.b)) {
            memcpy(secret.b, bytes.at, sizeof(secret.b));
            turnover_go(device, class, &secret, &class->turning_to, now);
            wipe(&secret, sizeof(secret));
        } else {
            memset(class->rotation, 0, sizeof(class->rotation)); /* at the next look */
            device_log(device, "no memory to make the class's new secret");
        }
        return true;
    }
    return false;
}

void turnover_tick(struct device *device, struct class *class, struct now now)
{
    bool dropped = false;
    for (uint32_t i = 0; i < SECRETS_MAX; i++) {
        if (class->former[i].used && now.wall.ms >= class->former[i].until_ms) {
            drop(device, class, i);
            dropped = true;
        }
    }
    if (dropped) {
        save(class);
    }
}

/* Only to who reaches us by another secret: there our new inbox is told. */
void turnover_say(struct device *device, struct class *class, const struct peer *peer)
{
    struct secret_tag tag;
    if (!peer->linked || peer->address.secret == class->number || class->port == 0) {
        return;
    }
    class_secret_tag(&class->secret, &tag);
    pack_reset(&device->pack);
    pack_inbox(&device->pack, &tag, class->port);
    class_say(device, class, peer, pack_bytes(&device->pack));
}

void turnover_bound(struct device *device, struct class *class, uint8_t number, struct now now)
{
    for (uint32_t i = 0; i < presence_count(class->presence); i++) {
        const struct peer *peer = presence_at(class->presence, i);
        if (peer->linked && peer->address.secret == number) {
            class_greet(device, class, peer, now); /* until now we couldn't say where we listen */
        } else if (number == class->number) {
            turnover_say(device, class, peer);
        }
    }
}

void turnover_hear(struct class *class, struct peer *peer, const struct message *m, struct now now)
{
    struct secret_tag tag;
    struct address address = peer->address;
    class_secret_tag(&class->secret, &tag);
    if (SAME(tag, m->tag)) {
        address.port = (uint16_t)m->port;
        address.secret = class->number;
        presence_moved(class->presence, peer, &address, now);
    }
}

bool turnover_admits(struct class *class, uint8_t number, const struct device_id *id)
{
    if (number == class->number || class->closed) {
        return true;
    }
    sqlite3_stmt *stmt = store_query(class->store, "SELECT 1 FROM device WHERE device=?");
    store_bind(class->store, stmt, "d", id);
    return store_any(class->store, stmt);
}

uint16_t turnover_port(const struct class *class, uint8_t number)
{
    return number == class->number ? class->port
           : number < SECRETS_MAX  ? class->former[number].port
                                   : 0;
}
