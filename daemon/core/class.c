/* One class of this machine: its database and log, its peers, and what is said between them. */
#include <stdio.h>
#include <stdlib.h>

#include "device_inside.h"
#include "planted.h"

enum { STRANGER_WAIT_MS = 2000, AGAIN_MS = 1000, LOOK_MS = 20, BAD_SAID_MS = 60000 };

static void path_of(const struct device *device, const struct class *class,
                    char out[PATH_BYTES + 64])
{
    snprintf(out, PATH_BYTES + 64, "%s/%s", device->state, class->file);
}

/* ---- life ----------------------------------------------------------------------------------------------------- */

/* The hash is salted with the class, so that two classes can't be compared by it. */
void class_hardware(const struct class *class, const struct hardware_id *unsalted,
                    struct hardware_id *out)
{
    struct slice parts[2] = {SLICE(class->id), SLICE(*unsalted)};
    hash_short("jam seat 1", parts, 2, out->b, sizeof(out->b));
}

/* The root key is known: the log can be opened. */
static enum err class_open_log(struct device *device, struct class *class,
                               const struct sign_pk *root)
{
    class->root = *root;
    class->id = class_id_of(root);
    class->author = (struct author){
        .key = device->key, .device = device->id, .host = device->host, .rng = &device->rng};
    class_hardware(class, &device->hardware, &class->author.hardware);
    enum err err =
        replica_open(class->store, &class->id, &class->author, class->ages, &class->replica);
    if (err != OK) {
        return err;
    }
    class->sync = sync_new(class->replica, class->presence);
    if (!class->sync) {
        replica_close(&class->replica);
        return ERR_NOMEM;
    }
    class->known = true;
    class->receipts.ms = 1; /* some may still wait */
    class->salvage_due.ms = 1;
    class->salvaged_at = UINT64_MAX;
    return OK;
}

/* The same for a class that this machine was in never before: it says in the log that it is there, so that all know which
 * machines belong to it. */
static enum err class_enter(struct device *device, struct class *class, const struct sign_pk *root,
                            struct now now)
{
    enum err err = class_open_log(device, class, root);
    return err == OK ? class_append(class, NULL, 0, now, NULL) : err;
}

/* Finds out whether the disk kept what two earlier boots wrote. One isn't enough: a disk that is frozen after the class was joined
 * keeps what that boot wrote, and forgets each later one. */
static void find_marker(struct device *device, struct class *class)
{
    static const char *const earlier[] = {"boot", "boot2"};
    if (store_local_get(class->store, "lasting", &class->lasting, sizeof(class->lasting)) &&
        class->lasting) {
        return;
    }
    for (size_t i = 0; i < sizeof(earlier) / sizeof(earlier[0]); i++) {
        uint8_t boot[16];
        bool found = store_local_get(class->store, earlier[i], boot, sizeof(boot));
        if (!found) {
            store_local_set(class->store, earlier[i], device->boot, sizeof(device->boot));
        }
        if (!found || memcmp(boot, device->boot, sizeof(boot)) == 0) {
            return;
        }
    }
    class->lasting = true;
    store_local_set(class->store, "lasting", &class->lasting, sizeof(class->lasting));
}

static void greet_all(struct device *device, struct class *class, struct now now)
{
    for (uint32_t i = 0; i < presence_count(class->presence); i++) {
        const struct peer *peer = presence_at(class->presence, i);
        if (peer->linked) {
            class_greet(device, class, peer, now);
        }
    }
}

/* Others have brought back what this machine wrote: its disk forgets. */
static void note_loss(struct device *device, struct class *class, struct now now)
{
    if (!class->lasting || !class->sync || sync_returned(class->sync) == 0 ||
        store_begin(class->store) != OK) {
        return;
    }
    class->lasting = false;
    store_local_set(class->store, "lasting", &class->lasting, sizeof(class->lasting));
    store_local_set(class->store, "boot", device->boot, sizeof(device->boot));
    store_do(class->store, "DELETE FROM local WHERE key='boot2'", "");
    greet_all(device, class, now);
}

static void machine_now(struct class *class, const struct device_id *id, const char *state,
                        struct now now)
{
    store_do(class->store, "INSERT OR REPLACE INTO temp.machine_now VALUES (?,?,?)", "dti", id,
             slice_str(state), now.wall.ms);
}

/* Everything but the log: store, secrets' children, presence. Takes its place among the device's classes. */
static enum err class_begin(struct device *device, struct class *class, struct now now)
{
    char path[PATH_BYTES + 64];
    path_of(device, class, path);
    enum err err = store_open(path, device->vfs, &class->store);
    if (err != OK) {
        return err;
    }
    class->presence = presence_new(&device->id, device->run, &device->rng, now);
    class->ages = ages_new();
    class->live = true;
    class->live_since = now.mono;
    class->look_due.ms = store_has_more_to_look_at(class->store) ? now.mono.ms + LOOK_MS : 0;
    if (!class->presence || !class->ages) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < device->calls_count; i++) {
        presence_call(class->presence, &device->calls[i], now);
    }
    return OK;
}

static void class_join_device(struct device *device, struct class *class, struct now now)
{
    class->index = device->classes_count;
    device->classes[device->classes_count++] = class;
    class_beacon_key(&class->secret, &class->beacon_key);
    machine_now(class, &device->id, "here", now);
    device->uses = class->used > device->uses ? class->used : device->uses;
    turnover_begin(device, class);
}

/* The name of a database; of one that was begun anew from a damaged one it follows from that one's, so that what was begun
 * twice is one. */
static void name_database(struct device *device, const char *damaged, char out[CLASS_FILE_BYTES])
{
    uint8_t name[16];
    char digits[9];
    struct slice old = slice_str(damaged);
    if (damaged) {
        hash_short("jam salvage 1", &old, 1, name, sizeof(name));
    } else {
        rng_fill(&device->rng, name, 4);
    }
    snprintf(out, CLASS_FILE_BYTES, "class-%s.db", hex(digits, name, 4));
}

enum err class_new(struct device *device, const struct class_secret *secret,
                   const struct invite *invite, const struct sign_pk *root, const char *damaged,
                   struct now now, struct class **out)
{
    struct class *class = device->classes_count < CLASSES_MAX ? calloc(1, sizeof(*class)) : NULL;
    if (!class) {
        return device->classes_count < CLASSES_MAX ? ERR_NOMEM : ERR_LIMIT;
    }
    name_database(device, damaged, class->file);
    class->secret = *secret;
    class->invite = *invite;
    class->used = device->uses + 1;
    enum err err = class_begin(device, class, now);
    err = err == OK ? store_begin(class->store) : err;
    if (err == OK) {
        store_local_set(class->store, "secret", secret, sizeof(*secret));
        store_local_set(class->store, "invite", invite, sizeof(*invite));
        store_local_set(class->store, "used", &class->used, sizeof(class->used));
        find_marker(device, class);
        if (root) {
            store_local_set(class->store, "root", root, sizeof(*root));
        }
        err = store_err(class->store);
    }
    if (err == OK && root) {
        err = class_enter(device, class, root, now);
    }
    if (err != OK) {
        class_free(&class);
        return err;
    }
    class_join_device(device, class, now);
    *out = class;
    return OK;
}

struct class *class_by_file(struct device *device, const char *file, bool damaged)
{
    char name[CLASS_FILE_BYTES];
    snprintf(name, sizeof(name), "%s", file);
    if (damaged) {
        name_database(device, file, name);
    }
    for (uint32_t i = 0; i < device->classes_count; i++) {
        if (strcmp(device->classes[i]->file, name) == 0) {
            return device->classes[i];
        }
    }
    return NULL;
}

/* What stands in its database besides the log. */
static enum err load_local(struct device *device, struct class *class, bool *is_class)
{
    *is_class = store_local_get(class->store, "secret", &class->secret, sizeof(class->secret));
    store_local_get(class->store, "invite", &class->invite, sizeof(class->invite));
    store_local_get(class->store, "used", &class->used, sizeof(class->used));
    store_local_get(class->store, "words", class->words, sizeof(class->words));
    enum err err = store_err(class->store);
    if (err == OK && *is_class && store_begin(class->store) == OK) {
        find_marker(device, class);
        if (store_commit(class->store) != OK) {
            store_forgive(class->store); /* also from a full disk it can be read */
        }
    }
    return err;
}

enum err class_load(struct device *device, const char *file, bool many, struct now now)
{
    struct sign_pk root;
    struct class *class = device->classes_count < CLASSES_MAX ? calloc(1, sizeof(*class)) : NULL;
    if (!class) {
        return device->classes_count < CLASSES_MAX ? ERR_NOMEM : OK;
    }
    snprintf(class->file, sizeof(class->file), "%s", file);
    enum err err = class_begin(device, class, now);
    bool is_class = true;
    err = err == OK && device->doubts ? store_look_through(class->store) : err;
    err = err == OK ? load_local(device, class, &is_class) : err;
    if (err == OK && !is_class) {
        device_log(device, "%s holds no class; it is left as it is", file);
        class_free(&class);
        return OK;
    }
    bool has_root = err == OK && store_local_get(class->store, "root", &root, sizeof(root));
    bool ended = has_root && ending_load(class, &root);
    err = err == OK ? store_err(class->store) : err;
    if (err == OK && has_root && !ended) {
        err = class_open_log(device, class, &root);
    }
    if (err != OK) {
        class_free(&class);
        if (err == ERR_DAMAGED) {
            return salvage(device, file, now);
        }
        device_log(device, "%s can't be opened: %s", file, err_code(err));
        return err;
    }
    if (many && ending_is_complete(class)) {
        class_free(&class);
        device_put(device, &(struct output){.kind = OUTPUT_ERASE, .bytes = slice_str(file)});
        return OK;
    }
    class_join_device(device, class, now);
    if (class->replica) {
        sitting_sign_out_all(device, class, now);
        class_commit(device, class, now);
    }
    return OK;
}

void class_free(struct class **class_p)
{
    struct class *class = *class_p;
    if (!class) {
        return;
    }
    sync_free(&class->sync);
    replica_close(&class->replica);
    presence_free(&class->presence);
    ages_free(&class->ages);
    store_close(&class->store);
    wipe(class, sizeof(*class));
    free(class);
    *class_p = NULL;
}

void class_forget(struct device *device, struct class *class)
{
    uint32_t index = class->index;
    if (index + 1 != device->classes_count) {
        return;
    }
    struct output output = {.kind = OUTPUT_UNBIND, .class_index = index};
    for (uint32_t i = 0; i < SECRETS_MAX; i++) {
        output.address.secret = (uint8_t)i;
        device_put(device, &output);
    }
    device_put(device, &(struct output){.kind = OUTPUT_BAR, .class_index = index});
    device_put(device, &(struct output){.kind = OUTPUT_ERASE, .bytes = slice_str(class->file)});
    for (uint32_t i = 0; i < SITTINGS_MAX; i++) {
        struct sitting *sitting = &device->sittings[i];
        if (sitting->used && sitting->class_index == index) {
            sitting->class_index = 0;
            sitting->chosen = sitting->signed_in = false;
        }
    }
    class_free(&device->classes[index]);
    device->classes_count--;
}

/* ---- the turn ------------------------------------------------------------------------------------------------- */

enum err class_append(struct class *class, const struct op *ops, uint32_t count, struct now now,
                      struct hash *ids)
{
    enum err err = class_is_usable(class, now)
                       ? replica_append(class->replica, ops, count, now, ids)
                       : ERR_DISK;
    class->changed |= err == OK;
    if (err != OK && store_in_transaction(class->store)) {
        store_fail(class->store, err);
    }
    for (uint32_t i = 0; i < count; i++) {
        class->receipts = ops[i].kind == OP_REDACT ? now.mono : class->receipts;
    }
    class->urgent = true;
    return err;
}

enum err class_fail(struct class *class, enum err err)
{
    class->failed = true;
    snprintf(class->disk_why, sizeof(class->disk_why), "%s", store_why(class->store));
    store_rollback(class->store);
    if (class->sync && !PLANTED(24)) {
        sync_rolled_back(class->sync);
    }
    class->stale = class->replica && replica_reload(class->replica) != OK;
    class->again.ms = 0;
    return err;
}

bool class_is_usable(struct class *class, struct now now)
{
    if (class->stale && now.mono.ms >= class->again.ms) {
        class->stale = replica_refresh(class->replica) != OK;
        class->again.ms = now.mono.ms + AGAIN_MS;
    }
    return !class->stale;
}

bool class_is_due(struct class *class, struct now now)
{
    if (!store_in_transaction(class->store)) {
        class->open_since.ms = 0;
        return false;
    }
    if (class->open_since.ms == 0) {
        class->open_since = now.mono;
    }
    return (class->urgent && !PLANTED(1)) || store_err(class->store) != OK ||
           now.mono.ms - class->open_since.ms >= LAZY_MS;
}

enum err class_commit(struct device *device, struct class *class, struct now now)
{
    (void)device;
    if (!store_in_transaction(class->store)) {
        store_scrub(class->store);
        return OK;
    }
    class->urgent = false;
    class->open_since.ms = 0;
    enum err err = store_err(class->store);
    if (err == OK && class->replica) {
        err = replica_flush(class->replica, now);
    }
    if (err == OK) {
        err = store_commit(class->store);
    }
    if (err != OK) {
        class->failed_at = now.mono;
        class->lost = err;
        return class_fail(class, err);
    }
    class->failed = false;
    if (class->sync) {
        sync_committed(class->sync, now);
    }
    return OK;
}

/* ---- saying --------------------------------------------------------------------------------------------------- */

static void put_peer(struct device *device, struct class *class, enum output_kind kind,
                     const struct peer *peer, struct slice bytes)
{
    if (bytes.len > 0 && device->pack.failed) {
        return; /* cut short */
    }
    device_put(device, &(struct output){.kind = kind,
                                        .class_index = class->index,
                                        .peer = peer->link,
                                        .address = peer->address,
                                        .bytes = bytes});
}

void class_say(struct device *device, struct class *class, const struct peer *peer,
               struct slice bytes)
{
    put_peer(device, class, OUTPUT_SEND, peer, bytes);
}

void class_refuse(struct device *device, struct class *class, const struct address *address,
                  enum err err, struct now now)
{
    if (class->refusal_told.ms && now.mono.ms - class->refusal_told.ms < REFUSAL_MS) {
        return;
    }
    class->refusal_told = now.mono;
    pack_reset(&device->pack);
    pack_refuse(&device->pack, err);
    device_put(device, &(struct output){.kind = OUTPUT_CALL,
                                        .class_index = class->index,
                                        .address = *address,
                                        .bytes = pack_bytes(&device->pack)});
}

/* Of what is on the disk: others count on it. */
static struct fingerprint fingerprint_of(struct device *device, struct class *class, struct now now)
{
    static const struct fingerprint empty;
    class_commit(device, class, now);
    return class->replica ? heads_fingerprint(replica_heads(class->replica)) : empty;
}

/* What others must know of our log beside its fingerprint. */
static uint64_t state_flags(struct class *class, uint64_t lacks, uint64_t unsure)
{
    return !class->replica ? 0
                           : (replica_lacks(class->replica) ? lacks : 0) |
                                 (replica_doubts(class->replica) ? unsure : 0);
}

/* For one that reaches us by this secret. `flags` say what holds for it alone. */
static struct slice hello_bytes(struct device *device, struct class *class, uint8_t number,
                                uint64_t flags, struct now now)
{
    struct message hello = {.kind = MESSAGE_HELLO,
                            .version = PROTOCOL_VERSION,
                            .device = device->id,
                            .root = class->root,
                            .run = device->run,
                            .port = turnover_port(class, number),
                            .wall_ms = now.wall.ms,
                            .flags = flags | (class->lasting ? HELLO_LASTING : 0) |
                                     state_flags(class, HELLO_LACKS, HELLO_UNSURE),
                            .fingerprint = fingerprint_of(device, class, now),
                            .host = slice_str(device->host)};
    pack_reset(&device->pack);
    pack_hello(&device->pack, &hello);
    return pack_bytes(&device->pack);
}

void class_greet(struct device *device, struct class *class, const struct peer *peer,
                 struct now now)
{
    if (turnover_port(class, peer->address.secret)) {
        uint64_t unheard = peer->state == PEER_HERE ? 0 : HELLO_UNHEARD;
        put_peer(device, class, OUTPUT_SEND, peer,
                 hello_bytes(device, class, peer->address.secret, unheard, now));
    }
}

static void say_peers(struct device *device, struct class *class, const struct peer *to,
                      struct now now)
{
    pack_reset(&device->pack);
    presence_hints(class->presence, to, now, &device->pack);
    put_peer(device, class, OUTPUT_SEND, to, pack_bytes(&device->pack));
}

static void say_sealed(struct device *device, struct class *class, const struct act *act,
                       const struct seal_key *key, uint16_t port)
{
    static const enum lan_path paths[] = {PATH_BROADCAST, PATH_MULTICAST4, PATH_MULTICAST6,
                                          PATH_UNICAST};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        uint8_t sealed[BEACON_BYTES];
        struct beacon beacon = {.flags = act->flags,
                                .device = device->id,
                                .run = device->run,
                                .port = port,
                                .path = paths[i]};
        if (act->paths & paths[i]) {
            beacon_seal(key, &device->rng, &beacon, sealed);
            device_put(device, &(struct output){.kind = OUTPUT_DATAGRAM,
                                                .class_index = class->index,
                                                .paths = paths[i],
                                                .address = act->address,
                                                .bytes = slice_of(sealed, sizeof(sealed))});
        }
    }
}

/* Answers by the secret by which was asked. All others by the present one, and now and then by those before, for who was
 * away. */
static void say_beacon(struct device *device, struct class *class, const struct act *act)
{
    bool answer = act->paths == PATH_UNICAST;
    bool rare = !answer && class->beacons++ % FORMER_EVERY == 0;
    if (!answer || act->address.secret == class->number) {
        say_sealed(device, class, act, &class->beacon_key, class->port);
    }
    for (uint32_t i = 0; i < SECRETS_MAX; i++) {
        const struct former *former = &class->former[i];
        if (former->used && former->port && (rare || (answer && act->address.secret == i))) {
            say_sealed(device, class, act, &former->beacon_key, former->port);
        }
    }
}

static const char *state_name(enum peer_state state)
{
    return state == PEER_HERE ? "here" : state == PEER_LEFT ? "left" : "gone";
}

/* Cut off from everybody we know where people were, not where they are: the last places stay, and the screen says that
 * they aren't live. Once somebody is heard again, the others get a moment to be heard too. */
static void refresh_machines(struct class *class, struct now now)
{
    class->refresh.ms = 0;
    class->changed = true;
    for (uint32_t i = 0; i < presence_count(class->presence); i++) {
        const struct peer *peer = presence_at(class->presence, i);
        if (peer->state != PEER_CALLED) {
            machine_now(class, &peer->device, state_name(peer->state), now);
        }
    }
}

static void peer_changed(struct device *device, struct class *class, struct peer *peer,
                         struct now now)
{
    struct mono since;
    bool live = !presence_alone(class->presence, &since);
    if (live != class->live) {
        class->live = live;
        class->live_since = live ? now.mono : since;
        class->refresh.ms = live ? now.mono.ms + REFRESH_MS : 0;
    }
    bool cut_off = peer->state == PEER_GONE && (!live || class->refresh.ms);
    if (presence_bars(class->presence, &peer->device)) {
        store_do(class->store, "DELETE FROM temp.machine_now WHERE device=?", "d", &peer->device);
        watchers_machine(device, class, peer, now);
    } else if (peer->state != PEER_CALLED && !cut_off) {
        machine_now(class, &peer->device, state_name(peer->state), now);
        watchers_machine(device, class, peer, now);
    }
    if (peer->state == PEER_HERE) {
        admission_came(device, &peer->device);
    }
    class->changed = true;
}

/* Nobody knows which of the class's secrets is in use at an address that a person typed. */
static void call_by_all(struct device *device, struct class *class, const struct address *address,
                        struct now now)
{
    struct output output = {.kind = OUTPUT_CALL, .class_index = class->index, .address = *address};
    for (uint32_t i = 0; i < SECRETS_MAX; i++) {
        if (turnover_port(class, (uint8_t)i)) {
            output.address.secret = (uint8_t)i;
            output.bytes = hello_bytes(device, class, (uint8_t)i, 0, now);
            device_put(device, &output);
        }
    }
}

static void act(struct device *device, struct class *class, const struct act *a, struct now now)
{
    struct fingerprint fingerprint;
    switch (a->kind) {
    case ACT_LINK:
        put_peer(device, class, OUTPUT_LINK, a->peer, slice_of(NULL, 0));
        class_greet(device, class, a->peer, now);
        say_peers(device, class, a->peer, now);
        turnover_say(device, class, a->peer);
        ending_say(device, class, a->peer);
        break;
    case ACT_UNLINK:
        put_peer(device, class, OUTPUT_UNLINK, a->peer, slice_of(NULL, 0));
        break;
    case ACT_SEND:
        put_peer(device, class, OUTPUT_SEND, a->peer, a->bytes);
        break;
    case ACT_BEAT:
        fingerprint = fingerprint_of(device, class, now);
        pack_reset(&device->pack);
        pack_beat(&device->pack, &fingerprint,
                  a->flags | state_flags(class, BEAT_LACKS, BEAT_UNSURE));
        put_peer(device, class, OUTPUT_SEND, a->peer, pack_bytes(&device->pack));
        break;
    case ACT_BEACON:
        say_beacon(device, class, a);
        break;
    case ACT_CALL:
        call_by_all(device, class, &a->address, now);
        break;
    case ACT_CHANGED:
        peer_changed(device, class, a->peer, now);
        break;
    case ACT_FORGET:
        if (class->sync) {
            sync_forget(class->sync, a->peer);
        }
        break;
    }
}

/* Those who met us while we knew only the invite may know no more themselves: now we can tell them. */
static void pass_on_root(struct device *device, struct class *class, struct now now)
{
    class->learnt = false;
    greet_all(device, class, now);
}

static void do_acts(struct device *device, struct class *class, struct now now)
{
    struct act a;
    while (presence_next(class->presence, &a)) {
        act(device, class, &a, now);
    }
}

/* What ops in the log, now on the disk, ask of this machine. Last in the turn: whom an entry puts out gets it still. */
static void obey(struct device *device, struct class *class, struct now now)
{
    if (!class->replica || store_in_transaction(class->store)) {
        return;
    }
    store_forgive(class->store);
    uint64_t folded = replica_folded(class->replica) | class->unobeyed;
    if (folded >> OP_EXPEL & 1) {
        expulsion_look(device, class, now);
    }
    if (folded >> OP_ROTATE & 1) {
        turnover_look(device, class);
    }
    if (folded >> OP_CLOSE & 1) {
        ending_look(device, class);
    }
    ending_tick(device, class, now);
    class->unobeyed = store_err(class->store) != OK ? folded : 0;
    if (folded) {
        do_acts(device, class, now);
    }
}

const char *class_disk(const struct class *class, struct now now)
{
    bool lately = class->failed_at.ms && now.mono.ms - class->failed_at.ms < FAILED_MS;
    return class->failed || lately ? class->disk_why : NULL;
}

void class_pump(struct device *device, struct class *class, struct now now)
{
    struct peer *peer;
    struct slice bytes;
    if (class->stale) {
        return;
    }
    do_acts(device, class, now);
    if (class->learnt) {
        pass_on_root(device, class, now);
    }
    if (class->sync && PLANTED(9)) {
        sync_committed(class->sync, now);
    }
    if (class->sync && sync_tells_saved(class->sync)) {
        class_commit(device, class, now);
    }
    while (class->sync && sync_next(class->sync, &peer, &bytes)) {
        put_peer(device, class, OUTPUT_SEND, peer, bytes);
    }
    obey(device, class, now);
    watchers_facts(device, class, now);
}

/* ---- hearing -------------------------------------------------------------------------------------------------- */

void class_bound(struct device *device, struct class *class, uint8_t number, uint16_t port,
                 struct now now)
{
    if (number != class->number) {
        class->former[number % SECRETS_MAX].port = port;
    } else {
        class->port = port;
    }
    if (!class->started && number == class->number) {
        class->started = true;
        presence_start(class->presence, now);
    } else if (class->started) {
        turnover_bound(device, class, number, now);
    }
}

/* One line a minute, whoever sends how much under how many keys; what isn't said is counted. */
static void log_bad(struct device *device, const char *who, enum err err, struct now now)
{
    device->bad_unsaid++;
    if (device->bad_said.ms && now.mono.ms - device->bad_said.ms < BAD_SAID_MS) {
        return;
    }
    device_log(device, "%s sent what can't be: %s (such messages since this was last said: %u)",
               who, err_code(err), (unsigned)device->bad_unsaid);
    device->bad_said = now.mono;
    device->bad_unsaid = 0;
}

/* A peer that breaks the protocol is told why, and after a few times cut off for a growing pause. */
static void bad_message(struct device *device, struct class *class, struct peer *peer, enum err err,
                        struct now now)
{
    char name[17], who[NAME_BYTES_MAX + 32];
    peer->bad++;
    snprintf(who, sizeof(who), "%s (%s)", peer->host, hex(name, peer->device.b, 8));
    log_bad(device, who, err, now);
    if (peer->bad % BAD_MESSAGES_MAX == 0) {
        uint32_t times = peer->bad / BAD_MESSAGES_MAX;
        pack_reset(&device->pack);
        pack_refuse(&device->pack, err);
        put_peer(device, class, OUTPUT_SEND, peer, pack_bytes(&device->pack));
        device_put(device, &(struct output){.kind = OUTPUT_KICK,
                                            .class_index = class->index,
                                            .peer = peer->link,
                                            .wait_ms = 1000u << (times < 12 ? times : 12)});
    }
}

/* Who hasn't said who it is can't be told why; its key is cut off at once, for a pause that grows at the door. */
static void bad_stranger(struct device *device, struct class *class, const struct link_pk *link,
                         enum err err, struct now now)
{
    log_bad(device, "somebody who didn't say hello", err, now);
    device_put(device, &(struct output){.kind = OUTPUT_KICK,
                                        .class_index = class->index,
                                        .peer = *link,
                                        .wait_ms = STRANGER_WAIT_MS});
}

/* Somebody's HELLO tells the root key to which our invite commits: now we know which class it is. */
static enum err learn_root(struct device *device, struct class *class, const struct sign_pk *root,
                           struct now now)
{
    static const struct sign_pk none;
    if (SAME(*root, none)) {
        return OK; /* it waits as we do */
    }
    if (class->known) {
        return SAME(*root, class->root) ? OK : ERR_OTHER_CLASS;
    }
    if (!invite_commits_to(&class->invite, root)) {
        return ERR_OTHER_CLASS;
    }
    enum err err = store_begin(class->store);
    if (err == OK) {
        store_local_set(class->store, "root", root, sizeof(*root));
        err = store_commit(class->store);
    }
    err = err == OK ? class_enter(device, class, root, now) : err;
    class->learnt = err == OK;
    return err;
}

/* The address at which one that says HELLO takes messages. */
static struct address inbox_of(const struct event *event, const struct message *m)
{
    struct address address = event->from;
    address.port = (uint16_t)m->port;
    return address;
}

/* One that calls by several secrets is answered by the present one: what it says by one before doesn't take the link back that
 * is up, or was only just asked for. */
static bool has_better_link(const struct class *class, const struct peer *peer,
                            const struct message *m, const struct address *inbox, struct now now)
{
    bool fresh = now.mono.ms - peer->called.ms < GOING_OVER_MS;
    return peer->state == PEER_HERE && peer->run == m->run && peer->linked &&
           peer->address.secret == class->number && inbox->secret != class->number &&
           (peer->up || fresh);
}

/* A disk was copied to a machine that looks the same, or a machine goes on from a snapshot of it while it runs itself. Their
 * feeds are two, but others take them for one device that starts again and again. Only the next start can end that. */
static void look_for_twin(struct device *device, struct class *class)
{
    const struct twin *twin = presence_twin(class->presence);
    if (!twin || device->twin_told) {
        return;
    }
    device->twin_told = true;
    device_log(
        device,
        "another machine, %s, has this one's key: one disk is a copy of the other. When jamd starts"
        " again it makes a key of its own",
        twin->host);
    device_put(device, &(struct output){.kind = OUTPUT_FORGET_KEY});
}

static enum err hear_hello(struct device *device, struct class *class, const struct event *event,
                           const struct message *m, struct now now)
{
    struct peer *peer = NULL;
    struct address inbox = inbox_of(event, m);
    if (presence_bars(class->presence, &m->device)) {
        class_refuse(device, class, &inbox, ERR_EXPELLED, now);
        return OK;
    }
    if (!turnover_admits(class, inbox.secret, &m->device)) {
        class_refuse(device, class, &inbox, ERR_OLD_WORDS, now);
        return OK;
    }
    enum err err = learn_root(device, class, &m->root, now);
    if (err != OK) {
        device_log(device, "a machine of another class knows our secret: it is not let in");
        return OK;
    }
    peer = presence_by_device(class->presence, &m->device);
    if (peer && SAME(peer->link, event->peer) && has_better_link(class, peer, m, &inbox, now)) {
        presence_heard(class->presence, peer, now);
        return class->sync ? sync_receive(class->sync, peer, m, now) : OK;
    }
    err = presence_hello(class->presence, m, &event->peer, &event->from, now, &peer);
    if (err == ERR_YOURSELF) {
        look_for_twin(device, class);
    }
    if (err != OK) {
        return err;
    }
    if (now.mono.ms - class->refused.ms >= REFUSAL_HOLDS_MS) {
        class->refusal = OK;
    }
    if (inbox.secret == class->number && peer->address.secret != class->number) {
        presence_moved(class->presence, peer, &inbox, now);
    }
    if (peer->clock_known) {
        class->changed |= ages_clock(class->ages, &peer->device, peer->clock_ms);
    }
    return class->sync ? sync_receive(class->sync, peer, m, now) : OK;
}

/* Also of one that we never met: it doesn't let us in. It is one machine's word, so it is only shown. */
static void hear_refuse(struct device *device, struct class *class, const struct peer *peer,
                        enum err reason, struct now now)
{
    bool lets_in = reason != ERR_EXPELLED && reason != ERR_OLD_WORDS;
    if (lets_in || class->refusal != reason) {
        device_log(device, "%s no longer listens to us: %s",
                   peer && *peer->host ? peer->host : "a machine", err_code(reason));
    }
    if (!lets_in) {
        class->refusal = reason;
        class->refused = now.mono;
    }
}

static enum err hear(struct device *device, struct class *class, const struct event *event,
                     struct peer *peer, const struct message *m, struct now now)
{
    if (m->kind == MESSAGE_HELLO) {
        return hear_hello(device, class, event, m, now);
    }
    if (m->kind == MESSAGE_REFUSE) {
        hear_refuse(device, class, peer, (enum err)m->reason, now);
        return OK;
    }
    if (!peer || presence_bars(class->presence, &peer->device)) {
        return OK; /* it has yet to say who it is; or has said it for the last time */
    }
    presence_heard(class->presence, peer, now);
    switch (m->kind) {
    case MESSAGE_BEAT:
        presence_message(class->presence, peer, m, now);
        return class->sync ? sync_receive(class->sync, peer, m, now) : OK;
    case MESSAGE_WHO:
        return seeking_hear_who(device, class, peer, m, now);
    case MESSAGE_KEYS:
        return seeking_hear_keys(class, peer, m, now);
    case MESSAGE_CLOSED:
        return ending_hear(device, class, peer, &m->signature);
    case MESSAGE_INBOX:
        turnover_hear(class, peer, m, now);
        return OK;
    case MESSAGE_LEAVE:
    case MESSAGE_PEERS:
    case MESSAGE_SUSPECT:
    case MESSAGE_HEARD:
    case MESSAGE_GONE:
        presence_message(class->presence, peer, m, now);
        return OK;
    default:
        return class->sync ? sync_receive(class->sync, peer, m, now) : OK;
    }
}

void class_message(struct device *device, struct class *class, const struct event *event,
                   struct now now)
{
    struct doc doc;
    struct message m = {.kind = 0};
    if (!class_is_usable(class, now)) {
        return;
    }
    struct peer *peer = presence_by_link(class->presence, &event->peer);
    enum err err = event->bytes.len > MESSAGE_BYTES_MAX ? ERR_TOO_LONG
                                                        : doc_open(&doc, event->bytes, PACK_STRICT);
    if (err == OK) {
        err = message_read(&doc.root, &m);
        err = err == OK ? hear(device, class, event, peer, &m, now) : err;
        doc_clear(&doc);
    }
    class->changed |= store_in_transaction(class->store);
    if (err == ERR_NOMEM && store_in_transaction(class->store)) {
        store_fail(class->store, err); /* half of it may be taken */
    }
    if (err == ERR_VERSION && m.kind == MESSAGE_HELLO) {
        device_log(device, "a machine speaks version %u of the protocol, this one %u",
                   (unsigned)m.version, (unsigned)PROTOCOL_VERSION);
    }
    if (err == OK || err == ERR_VERSION) {
        return;
    }
    bool disk = store_err(class->store) != OK || err == ERR_NOMEM;
    if (!disk && peer) {
        bad_message(device, class, peer, err, now);
    } else if (!disk && err != ERR_YOURSELF && err != ERR_BUSY) {
        bad_stranger(device, class, &event->peer, err, now);
    }
}

/* By whichever of the class's secrets it was sealed. */
static bool open_beacon(const struct class *class, struct slice datagram, struct beacon *beacon,
                        uint8_t *number)
{
    *number = class->number;
    bool opened = beacon_open(&class->beacon_key, datagram, beacon) == OK;
    for (uint32_t i = 0; !opened && i < SECRETS_MAX; i++) {
        *number = (uint8_t)i;
        opened = class->former[i].used &&
                 beacon_open(&class->former[i].beacon_key, datagram, beacon) == OK;
    }
    return opened;
}

bool class_datagram(struct device *device, struct class *class, const struct event *event,
                    struct now now)
{
    struct beacon beacon;
    struct address from = event->from;
    if (!open_beacon(class, event->bytes, &beacon, &from.secret)) {
        return false;
    }
    bool barred = presence_bars(class->presence, &beacon.device);
    if (barred || !turnover_admits(class, from.secret, &beacon.device)) {
        from.port = beacon.port;
        class_refuse(device, class, &from, barred ? ERR_EXPELLED : ERR_OLD_WORDS, now);
        return true;
    }
    presence_beacon(class->presence, &beacon, &from, event->iface, now);
    return true;
}

/* Of a large database that is served before all of it was read. */
static void look_on(struct class *class, struct now now)
{
    if (class->look_due.ms == 0 || now.mono.ms < class->look_due.ms) {
        return;
    }
    if (!store_in_transaction(class->store)) {
        store_look_on(class->store);
    }
    class->look_due.ms = store_has_more_to_look_at(class->store) ? now.mono.ms + LOOK_MS : 0;
}

void class_tick(struct device *device, struct class *class, struct now now)
{
    if (!class_is_usable(class, now)) {
        return;
    }
    if (class->refresh.ms && now.mono.ms >= class->refresh.ms) {
        refresh_machines(class, now);
    }
    if (class->replica && !store_in_transaction(class->store)) {
        replica_refresh(class->replica);
    }
    if (class->replica && now.mono.ms >= replica_wake(class->replica).ms &&
        store_begin(class->store) == OK) {
        class->urgent = true;
    }
    if (class->sync) {
        sync_tick(class->sync, now); /* lets go of peers that presence may forget next */
    }
    presence_tick(class->presence, now);
    note_loss(device, class, now);
    look_on(class, now);
    receipts_tick(device, class, now);
    salvage_tick(class, now);
    turnover_tick(device, class, now);
}

struct mono class_wake(const struct class *class)
{
    struct mono wake = presence_wake(class->presence);
    if (class->stale) {
        return class->again;
    }
    if (class->sync) {
        struct mono due = sync_wake(class->sync);
        wake = due.ms < wake.ms ? due : wake;
    }
    if (class->replica && replica_wake(class->replica).ms < wake.ms) {
        wake = replica_wake(class->replica);
    }
    if (class->refresh.ms && class->refresh.ms < wake.ms) {
        wake = class->refresh;
    }
    if (class->replica && class->salvage_due.ms && class->salvage_due.ms < wake.ms) {
        wake = class->salvage_due;
    }
    if (class->receipts.ms && class->receipts.ms < wake.ms) {
        wake = class->receipts;
    }
    if (class->look_due.ms && class->look_due.ms < wake.ms) {
        wake = class->look_due;
    }
    if (class->end_due.ms && class->end_due.ms < wake.ms) {
        wake = class->end_due;
    }
    if (class->open_since.ms && class->open_since.ms + LAZY_MS < wake.ms) {
        wake.ms = class->open_since.ms + LAZY_MS;
    }
    return wake;
}

/* ---- questions ------------------------------------------------------------------------------------------------ */

char *class_name(struct class *class, char *out)
{
    snprintf(out, NAME_BYTES_MAX + 1, "…");
    sqlite3_stmt *stmt = store_query(class->store, "SELECT name FROM class");
    if (store_row(class->store, stmt)) {
        struct slice name = column_slice(stmt, 0);
        snprintf(out, NAME_BYTES_MAX + 1, "%.*s", (int)name.len, (const char *)name.at);
        sqlite3_reset(stmt);
    }
    return out;
}

/* Does it have all that this machine wrote, up to this seq of its feed now? */
static bool has_ours(const struct peer *peer, uint64_t seq)
{
    return peer->has_all_before && peer->acked_seq >= seq;
}

static bool keeps_ours(const struct peer *peer, uint64_t seq)
{
    return peer->lasting && has_ours(peer, seq);
}

static bool is_even(const struct peer *peer, uint64_t unused)
{
    (void)unused;
    return peer->state == PEER_HERE && !peer->differs;
}

void class_safety(struct class *class, uint32_t *copies, uint32_t *lasting)
{
    struct feed_id own;
    uint64_t seq = 0;
    if (class->replica) {
        replica_own(class->replica, &own, &seq);
    }
    *copies = presence_machines(class->presence, has_ours, seq);
    *lasting = presence_machines(class->presence, keeps_ours, seq);
}

uint32_t class_safe_machines(struct class *class)
{
    uint32_t copies, lasting;
    class_safety(class, &copies, &lasting);
    return presence_machines(class->presence, is_even, 0) + (copies > 0);
}
