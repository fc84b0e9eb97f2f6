/* What two machines say to each other when their cable is back: with nothing new, and with one new entry, among 30, 3,000 and
 * 30,000 feeds. The very core of jamd, twice, with simulated time; messages and their bytes are counted, both ways, from the
 * cable's return until both have the same and know that the other is here. What CURVE, TCP and the beacons add isn't in it. */
#include "replica.h"
#include "room.h"

enum { SIZES = 3, AWAY_MS = 60000, STEP_MS = 20, LIMIT_MS = 60000, GOAL = 300, GOAL_NEW = 8192 };
static const uint32_t sizes[SIZES] = {30, 3000, 30000};

static void die(const char *what)
{
    fprintf(stderr, "again: %s\n", what);
    exit(1);
}

/* The first entry of a feed that some machine opened, as a run. */
static void make_feed(const struct class_id *class, uint32_t number, struct pack *run)
{
    uint8_t seed[32] = {5}, payload[PAYLOAD_BYTES_MAX] = {42};
    struct sign_key device_key, key;
    struct sign_pk device_pk, pk;
    struct device_id device;
    struct pack p;
    memcpy(seed + 1, &number, sizeof(number));
    sign_keypair(seed, &key, &pk);
    memset(seed + 1, 0, sizeof(number));
    seed[1] = (uint8_t)(number % 30);
    seed[0] = 6;
    sign_keypair(seed, &device_key, &device_pk);
    memcpy(device.b, device_pk.b, sizeof(device.b));
    struct entry e = {
        .feed = feed_id_of(class, &device, &pk), .seq = 1, .lamport = 1, .time_ms = 1};
    struct op op = {.kind = OP_OPEN,
                    .has = FIELD_KEY | FIELD_DEVICE | FIELD_SIGNATURE | FIELD_NAME | FIELD_HARDWARE,
                    .key = pk,
                    .device = device,
                    .signature = sign(&device_key, "jam device 1", SLICE(e.feed)),
                    .name = slice_str("pc")};
    pack_init(&p);
    if (op_encode(&p, &op) != OK) {
        die("an op can't be written");
    }
    memcpy(payload + SALT_BYTES, pack_bytes(&p).at, pack_bytes(&p).len);
    e.payload = slice_of(payload, SALT_BYTES + pack_bytes(&p).len);
    e.payload_len = (uint32_t)e.payload.len;
    e.payload_hash = payload_hash(e.payload);
    struct hash id = entry_id(class, &e);
    struct signature signature = run_sign(&key, &id);
    pack_reset(run);
    run_pack_head(run, &e.feed, 1, &signature, 1);
    run_pack_entry(run, &e);
    pack_clear(&p);
}

static void take(struct replica *replica, struct pack *bytes, struct now now)
{
    struct doc doc;
    struct run run;
    uint32_t applied = 0;
    if (doc_open(&doc, pack_bytes(bytes), PACK_STRICT) != OK || run_read(&doc.root, &run) != OK ||
        replica_accept(replica, &run, now, false, &applied) != OK || applied != 1) {
        die("a feed isn't taken");
    }
    doc_clear(&doc);
}

/* Puts feeds into the log of a machine that is off. */
static void add_feeds(struct room *room, int i, uint32_t from, uint32_t to)
{
    struct store *store = NULL;
    struct replica *replica = NULL;
    struct author author = {.device = room->m[i].id};
    struct sign_pk root;
    struct pack run;
    if (store_open(room_database(room, i), disk_vfs(room->m[i].disk), &store) != OK ||
        !store_local_get(store, "root", &root, sizeof(root))) {
        die("can't open a log");
    }
    struct class_id class = class_id_of(&root);
    if (replica_open(store, &class, &author, NULL, &replica) != OK) {
        die("can't open a log");
    }
    pack_init(&run);
    for (uint32_t number = from; number < to; number++) {
        make_feed(&class, number, &run);
        take(replica, &run, room->now);
        if (number % 4096 == 4095 && store_commit(store) != OK) {
            die("can't commit");
        }
    }
    if (replica_flush(replica, room->now) != OK || store_commit(store) != OK) {
        die("can't commit");
    }
    pack_clear(&run);
    replica_close(&replica);
    store_close(&store);
}

static void check(int i, const char *error)
{
    if (*error) {
        fprintf(stderr, "again: machine %d: %s\n", i, error);
        exit(1);
    }
}

static bool is_one(struct room *room)
{
    char prints[2][64];
    for (int i = 0; i < 2; i++) {
        check(i, ASK(room, i, "status"));
        snprintf(prints[i], sizeof(prints[i]), "%s", room_text(room, i, "status.fingerprint"));
        if (strcmp(room_text(room, i, "status.machines.0.state"), "here") != 0) {
            return false;
        }
    }
    return strcmp(prints[0], prints[1]) == 0;
}

static void await_one(struct room *room)
{
    for (int64_t ms = 0; !is_one(room); ms += STEP_MS) {
        if (ms > LIMIT_MS) {
            die("the machines don't come together");
        }
        room_run(room, STEP_MS);
    }
}

static void cable(struct room *room, bool cut)
{
    room->cut[0][1] = room->cut[1][0] = cut;
    if (cut) {
        room_run(room, AWAY_MS);
    }
}

struct talk {
    uint64_t bytes, messages;
    int64_t ms;
};

/* Puts the cable back. */
static struct talk come_together(struct room *room)
{
    const struct machine *m = room->m;
    struct talk talk = {m[0].sent_bytes + m[1].sent_bytes, m[0].sent_messages + m[1].sent_messages,
                        room->now.mono.ms};
    cable(room, false);
    if (is_one(room)) {
        die("they noticed no cut");
    }
    await_one(room);
    return (struct talk){m[0].sent_bytes + m[1].sent_bytes - talk.bytes,
                         m[0].sent_messages + m[1].sent_messages - talk.messages,
                         room->now.mono.ms - talk.ms};
}

static void say(bool json, const char *what, uint32_t feeds, struct talk talk, uint64_t goal)
{
    if (json) {
        printf("{\"what\":\"%s, %u feeds\",\"value\":%llu,\"unit\":\"bytes\"}\n", what, feeds,
               (unsigned long long)talk.bytes);
        return;
    }
    printf("%-38s %6u feeds %8llu bytes in %llu messages, goal %llu%s\n", what, feeds,
           (unsigned long long)talk.bytes, (unsigned long long)talk.messages,
           (unsigned long long)goal, talk.bytes > goal ? "   OVER" : "");
}

int main(int argc, char **argv)
{
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    char invite[256];
    struct room *room = room_new(2);
    room_create(room, 0, "Period 3", invite);
    check(1, ASK(room, 1, "class.join", "words", invite));
    await_one(room);
    uint32_t feeds = 0;
    for (int k = 0; k < SIZES; k++) {
        for (int i = 0; i < 2; i++) {
            room_stop(room, i);
            add_feeds(room, i, feeds, sizes[k]);
        }
        feeds = sizes[k];
        room_start(room, 0);
        room_start(room, 1);
        room_run(room, AWAY_MS);
        check(0, ASK(room, 0, "hello", "handle", "ana"));
        check(0, ASK(room, 0, "start", "name", "bridge"));
        await_one(room);
        room_run(room, AWAY_MS);
        cable(room, true);
        say(json, "together again, nothing new", feeds, come_together(room), GOAL);
        room_run(room, AWAY_MS);
        cable(room, true);
        check(0, ASK(room, 0, "note", "text", "triangles hold best"));
        say(json, "together again, one new entry", feeds, come_together(room), GOAL_NEW);
    }
    room_free(room);
    return 0;
}
