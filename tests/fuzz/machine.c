/* One machine of a class, on a disk in memory, and two others that write what they like. */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>

#include "../unit/message_again.h"

enum {
    AFTERWARDS_MAX = 64,
    PEER_PORT = 7733,
    TURN_ROOM = 4 * 1024 * 1024, /* with what is written on its disk */
};

const char machine_path[MACHINE_PATH_BYTES] = "/jam/class-1.db";

static const char folder[] = "/jam";

/* What the lesson left, once for all inputs. */
static struct {
    struct disk *disk;
    struct sign_key root;
    struct class_id class;
    struct now now;
    struct hash tips[AFTER_MAX]; /* sorted */
    uint32_t tips_count;
    uint64_t lamport;
    struct slice known[MACHINE_KNOWN_MAX];
    uint32_t known_count;
} lesson;

/* The last answer, for the lesson. */
static struct {
    uint8_t bytes[REPLY_BYTES_MAX + 1024];
    size_t len;
} reply;

/* ---- what it says ------------------------------------------------------------------------------------------------- */

static void check_message(const struct machine *m, struct slice bytes)
{
    struct doc doc;
    struct message message;
    struct pack again;
    fuzz_check(bytes.len <= MESSAGE_BYTES_MAX);
    fuzz_check(doc_open(&doc, bytes, PACK_STRICT) == OK);
    pack_init(&again);
    if (!m->damaged) {
        fuzz_check(message_read(&doc.root, &message) == OK);
        fuzz_check(message_again(&message, &again) == OK);
        fuzz_check(slice_equal(pack_bytes(&again), bytes));
    }
    pack_clear(&again);
    doc_clear(&doc);
}

static void check_reply(const struct machine *m, struct slice bytes)
{
    struct doc doc;
    const msgpack_object *items;
    uint32_t count;
    struct slice code;
    fuzz_check(bytes.len <= sizeof(reply.bytes));
    fuzz_check(doc_open(&doc, bytes, PACK_LOCAL) == OK);
    fuzz_check(read_array(&doc.root, &items, &count) && count >= 3);
    if (count == 4 && map_text(&items[2], "code", &code)) {
        bool fault = slice_is(code, "internal") || slice_is(code, "disk") ||
                     slice_is(code, "no-memory") || slice_is(code, "damaged");
        fuzz_check(m->damaged || !fault);
    }
    doc_clear(&doc);
}

static void put_away(struct machine *m, struct slice name, bool keep)
{
    static const char *const parts[] = {"", "-wal", "-journal"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char from[128], to[160];
        snprintf(from, sizeof(from), "%s/%.*s%s", folder, (int)name.len, (const char *)name.at,
                 parts[i]);
        snprintf(to, sizeof(to), "%s.damaged", from);
        keep ? disk_rename(m->disk, from, to) : disk_remove(m->disk, from);
    }
}

/* What the shell would do; an event that follows at once goes into *then. */
static bool obey(struct machine *m, const struct output *o, struct event *then, uint8_t room[32])
{
    switch (o->kind) {
    case OUTPUT_REPLY:
        check_reply(m, o->bytes);
        memcpy(reply.bytes, o->bytes.at, o->bytes.len);
        reply.len = o->bytes.len;
        return false;
    case OUTPUT_SEND:
    case OUTPUT_CALL:
        check_message(m, o->bytes);
        return false;
    case OUTPUT_DATAGRAM:
        fuzz_check(o->bytes.len == BEACON_BYTES || o->bytes.len == KNOCK_BYTES ||
                   o->bytes.len == OFFER_BYTES);
        return false;
    case OUTPUT_LINK:
        *then = (struct event){
            .kind = EVENT_LINK, .class_index = o->class_index, .peer = o->peer, .up = true};
        return true;
    case OUTPUT_BIND:
        *then = (struct event){.kind = EVENT_BOUND,
                               .class_index = o->class_index,
                               .port = (uint16_t)(PEER_PORT + o->address.secret)};
        then->from.secret = o->address.secret;
        return true;
    case OUTPUT_STRETCH: {
        /* a hash stands in for Argon2id */
        struct slice parts[] = {o->bytes, slice_of(o->salt, sizeof(o->salt))};
        fuzz_check(o->cost.passes <= STRETCH_PASSES_MAX && o->cost.mib <= STRETCH_MIB_MAX);
        hash_short("fuzz stretch", parts, 2, room, 32);
        *then =
            (struct event){.kind = EVENT_STRETCHED, .work = o->work, .bytes = slice_of(room, 32)};
        return true;
    }
    case OUTPUT_ERASE:
    case OUTPUT_SET_ASIDE:
        put_away(m, o->bytes, o->kind == OUTPUT_SET_ASIDE);
        return false;
    case OUTPUT_LOG:
        if (getenv("JAM_TEST_LOG")) {
            fprintf(stderr, "# %.*s\n", (int)o->bytes.len, (const char *)o->bytes.at);
        }
        return false;
    default:
        return false;
    }
}

/* ---- turns -------------------------------------------------------------------------------------------------------- */

static void check_disk(const struct machine *m)
{
    for (uint32_t i = 0; i < m->device->classes_count; i++) {
        fuzz_check(m->damaged || !m->device->classes[i]->failed);
    }
}

static void turn(struct machine *m, const struct event *event)
{
    static uint8_t rooms[AFTERWARDS_MAX][32];
    struct event afterwards[AFTERWARDS_MAX];
    uint32_t count = 0;
    struct output o;
    struct fuzz_spent before = fuzz_spent_begin();
    if (event) {
        device_step(m->device, m->now, event);
    }
    device_commit(m->device, m->now);
    check_disk(m);
    while (device_next(m->device, &o, &m->wake)) {
        if (count < AFTERWARDS_MAX && obey(m, &o, &afterwards[count], rooms[count])) {
            count++;
        }
    }
    size_t spent = fuzz_spent_end(before);
    size_t free_of_charge = event ? FUZZ_FACTOR * event->bytes.len : 0;
    spent = spent > free_of_charge ? spent - free_of_charge : 0;
    m->spent = spent > m->spent ? spent : m->spent;
    fuzz_check(spent <= TURN_ROOM);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t room[32];
        struct event copy = afterwards[i];
        if (copy.kind == EVENT_STRETCHED) {
            memcpy(room, rooms[i], sizeof(room));
            copy.bytes.at = room;
        }
        turn(m, &copy);
    }
}

void machine_pass(struct machine *m, uint64_t ms)
{
    struct event tick = {.kind = EVENT_TICK};
    int64_t end = m->now.mono.ms + (int64_t)(ms % (1 << 22));
    while (m->now.mono.ms < end) {
        int64_t next = m->wake.ms > m->now.mono.ms ? m->wake.ms : m->now.mono.ms + 1;
        /* beyond so many ticks the machine sleeps, and wakes up later */
        next = next > end || m->ticks >= MACHINE_TICKS_MAX ? end : next;
        m->now.wall.ms += next - m->now.mono.ms;
        m->now.mono.ms = next;
        m->ticks++;
        turn(m, &tick);
    }
}

void machine_ask(struct machine *m, uint8_t login, struct slice request)
{
    struct event event = {.kind = EVENT_REQUEST, .client = MACHINE_CLIENT, .bytes = request};
    event.login.b[0] = login;
    turn(m, &event);
}

void machine_datagram(struct machine *m, struct slice datagram)
{
    struct event event = {.kind = EVENT_DATAGRAM, .bytes = datagram, .iface = "eth0"};
    event.from.ip[15] = 9;
    event.from.port = PEER_PORT;
    turn(m, &event);
}

/* ---- members ------------------------------------------------------------------------------------------------------ */

void machine_tell(struct machine *m, uint32_t member, struct slice message)
{
    struct event event = {.kind = EVENT_MESSAGE, .peer = m->members[member].link, .bytes = message};
    event.from.ip[15] = (uint8_t)(member + 1);
    turn(m, &event);
}

void machine_hello(struct machine *m, uint32_t member)
{
    struct pack p;
    struct message hello = {.kind = MESSAGE_HELLO,
                            .version = PROTOCOL_VERSION,
                            .device = m->members[member].device,
                            .root = sign_public(&lesson.root),
                            .run = member + 1,
                            .port = PEER_PORT,
                            .wall_ms = m->now.wall.ms,
                            .host = slice_str("pc"),
                            .fingerprint = {{1}}};
    pack_init(&p);
    pack_hello(&p, &hello);
    machine_tell(m, member, pack_bytes(&p));
    pack_clear(&p);
}

static void member_init(struct member *member, uint32_t number)
{
    uint8_t seed[32] = {11, (uint8_t)number};
    struct sign_pk pk;
    sign_keypair(seed, &member->device_key, &pk);
    memcpy(member->device.b, pk.b, sizeof(pk.b));
    fuzz_check(link_public_of(&member->device, &member->link));
    seed[2] = 1;
    sign_keypair(seed, &member->feed_key, &member->feed_pk);
    member->feed = feed_id_of(&lesson.class, &member->device, &member->feed_pk);
    seed[2] = 2;
    sign_keypair(seed, &member->key, &pk);
    if (number == MEMBER_TEACHER) {
        member->key = lesson.root;
        pk = sign_public(&member->key);
    }
    member->person = person_id_of(&lesson.class, &pk);
}

void machine_write(struct machine *m, uint32_t number, struct slice op, bool known, bool fork)
{
    struct member *member = &m->members[number], *other = &m->members[!number];
    uint8_t payload[PAYLOAD_BYTES_MAX] = {(uint8_t)(number + 1)};
    struct pack p;
    if (op.len > OP_BYTES_MAX || op.len == 0 || (fork && member->seq < 2)) {
        return;
    }
    memcpy(payload + SALT_BYTES, op.at, op.len);
    struct slice bytes = slice_of(payload, SALT_BYTES + op.len);
    bool first = member->seq == 0;
    uint64_t lamport = fork ? member->lamport_before : member->lamport;
    known = known && other->seq > 0 && !first;
    struct entry e = {.feed = member->feed,
                      .seq = member->seq + !fork,
                      .prev = fork ? member->before_last : member->last,
                      .after = first ? lesson.tips : &other->last,
                      .after_count = first ? lesson.tips_count : known,
                      .time_ms = (uint64_t)m->now.wall.ms,
                      .payload_len = (uint32_t)bytes.len,
                      .payload_hash = payload_hash(bytes),
                      .payload = bytes};
    lamport = first && lesson.lamport > lamport ? lesson.lamport : lamport;
    e.lamport = 1 + (known && other->lamport > lamport ? other->lamport : lamport);
    struct hash id = entry_id(&lesson.class, &e);
    struct signature signature = run_sign(&member->feed_key, &id);
    pack_init(&p);
    pack_runs(&p, RUNS_PUSH, 1);
    run_pack_head(&p, &e.feed, e.seq, &signature, 1);
    run_pack_entry(&p, &e);
    if (!fork) {
        member->before_last = member->last;
        member->lamport_before = member->lamport;
        member->last = id;
        member->lamport = e.lamport;
        member->seq++;
    }
    machine_tell(m, number, pack_bytes(&p));
    pack_clear(&p);
}

static void write_op(struct machine *m, uint32_t number, const struct op *op)
{
    struct pack p;
    pack_init(&p);
    fuzz_check(op_encode(&p, op) == OK);
    machine_write(m, number, pack_bytes(&p), true, false);
    pack_clear(&p);
}

/* Its feed begins, and somebody is signed in there. */
static void member_begin(struct machine *m, uint32_t number)
{
    struct member *member = &m->members[number];
    struct op open = {.kind = OP_OPEN,
                      .has =
                          FIELD_KEY | FIELD_DEVICE | FIELD_SIGNATURE | FIELD_NAME | FIELD_HARDWARE,
                      .key = member->feed_pk,
                      .device = member->device,
                      .signature = sign(&member->device_key, "jam device 1", SLICE(member->feed)),
                      .name = slice_str("pc")};
    struct op hello = {.kind = OP_HELLO,
                       .has = FIELD_BY | FIELD_KEY | FIELD_SIGNATURE | FIELD_MOVES,
                       .by = member->person,
                       .moves = true,
                       .key = sign_public(&member->key),
                       .signature = grant_sign(&member->key, &member->person, &member->feed)};
    machine_hello(m, number);
    write_op(m, number, &open);
    write_op(m, number, &hello);
}

/* ---- the lesson --------------------------------------------------------------------------------------------------- */

static void open_as(struct machine *m, const char *database)
{
    const char *const databases[] = {database, NULL};
    struct sign_pk pk;
    struct device_config config = {.state = folder,
                                   .databases = databases,
                                   .vfs = disk_vfs(m->disk),
                                   .host = "pc-1",
                                   .boot = {1}};
    sign_keypair((const uint8_t[32]){12}, &config.key, &pk);
    fuzz_check(device_open(&config, m->now, &m->device) == OK);
    turn(m, NULL);
}

/* Asks, and takes the answer as it comes; `pairs` is key, value, …, NULL. "!" is true. */
static void say(struct machine *m, uint8_t login, const char *method, const char *const *pairs)
{
    struct pack p;
    uint32_t count = 0;
    while (pairs[count]) {
        count++;
    }
    pack_init(&p);
    pack_array(&p, 4);
    pack_uint(&p, 0);
    pack_uint(&p, 1);
    pack_str(&p, method);
    pack_map(&p, count / 2);
    for (uint32_t i = 0; i < count; i++) {
        i % 2 && strcmp(pairs[i], "!") == 0 ? pack_bool(&p, true) : pack_str(&p, pairs[i]);
    }
    reply.len = 0;
    machine_ask(m, login, pack_bytes(&p));
    pack_clear(&p);
    struct doc doc;
    const msgpack_object *items;
    uint32_t parts;
    machine_pass(m, 100);
    fuzz_check(doc_open(&doc, slice_of(reply.bytes, reply.len), PACK_LOCAL) == OK);
    fuzz_check(read_array(&doc.root, &items, &parts) && parts == 4);
    if (items[2].type != MSGPACK_OBJECT_NIL) {
        fprintf(stderr, "# the lesson doesn't go: %s\n", method);
        abort();
    }
    struct slice words;
    if (map_text(&items[3], "rescue", &words)) {
        uint8_t secret[RESCUE_BYTES], seed[32];
        uint32_t wrong;
        uint16_t near;
        struct sign_pk pk;
        fuzz_check(rescue_read(words, secret, &wrong, &near) == OK);
        rescue_seed(secret, seed);
        sign_keypair(seed, &lesson.root, &pk);
        lesson.class = class_id_of(&pk);
    }
    doc_clear(&doc);
}

#define SAY(m, login, method, ...) say(m, login, method, (const char *const[]){__VA_ARGS__, NULL})

static void play(struct machine *m)
{
    enum { LEE = 1, ANA, BEN };
    SAY(m, LEE, "class.create", "name", "Period 3", "handle", "lee", "passphrase",
        "cobweb item comet lamp domino");
    SAY(m, LEE, "class.roster", "names", "ana\nben, Ben B.\nchloe");
    SAY(m, LEE, "lesson.start", NULL);
    SAY(m, ANA, "hello", "handle", "ana", "passphrase", "cobweb item comet");
    SAY(m, ANA, "start", "name", "bridge", "purpose", "span a metre");
    SAY(m, ANA, "task.add", "title", "measure the load");
    SAY(m, ANA, "role.take", "role", "recorder");
    SAY(m, ANA, "note", "text", "triangles hold best");
    SAY(m, BEN, "hello", "handle", "ben", "passphrase", "lamp domino item");
    SAY(m, BEN, "join", "jam", "bridge");
    SAY(m, BEN, "feedback", "person", "ana", "glow", "clear", "grow", "louder");
    SAY(m, BEN, "feedback", "jam", "bridge", "glow", "fast");
    SAY(m, BEN, "solo", "task", "forces");
    SAY(m, BEN, "note", "text", "for me alone");
    SAY(m, LEE, "class.seat", "label", "PC 1");
}

static void know(struct slice thing)
{
    uint8_t *copy = lesson.known_count < MACHINE_KNOWN_MAX ? malloc(thing.len) : NULL;
    if (copy) {
        memcpy(copy, thing.at, thing.len);
        lesson.known[lesson.known_count++] = slice_of(copy, thing.len);
    }
}

/* What entries and things there are. The first are the members, in a known order. */
static void learn(struct machine *m)
{
    struct store *store = m->device->classes[0]->store;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        member_init(&m->members[i], i);
        know(SLICE(m->members[i].person));
        know(SLICE(m->members[i].device));
        know(SLICE(m->members[i].feed));
        struct sign_pk pk = sign_public(&m->members[i].key);
        struct signature grant =
            grant_sign(&m->members[i].key, &m->members[i].person, &m->members[i].feed);
        know(SLICE(pk));
        know(SLICE(grant));
    }
    struct signature end = sign(&lesson.root, CLOSE_KIND, SLICE(lesson.class));
    know(SLICE(end));
    know(SLICE(m->device->id));
    uint8_t seed[32] = {13}, box[BOX_BYTES_MAX];
    const uint16_t secret[WORDS_SECRET] = {1, 2, 3, 4, 5};
    know(slice_of(box, rotation_seal(seed, secret, &m->device->id, 1, box)));
    sqlite3_stmt *rows = store_query(store, "SELECT hash, lamport, payload FROM entry ORDER BY id");
    while (store_row(store, rows)) {
        struct op op;
        struct slice hash = column_slice(rows, 0), payload = column_slice(rows, 2);
        uint64_t lamport = (uint64_t)sqlite3_column_int64(rows, 1);
        know(slice_of(hash.at, sizeof(struct ref)));
        payload = slice_of(payload.at + SALT_BYTES, payload.len - SALT_BYTES);
        if (op_decode(payload, &op) == OK && op.kind == OP_HELLO) {
            know(SLICE(op.by));
        }
        if (lamport > lesson.lamport) {
            /* one machine wrote all: its last entry knows all others */
            memcpy(lesson.tips[0].b, hash.at, sizeof(lesson.tips[0].b));
            lesson.tips_count = 1;
            lesson.lamport = lamport;
        }
    }
}

static void make_lesson(void)
{
    struct machine m = {.now = {{1000}, {INT64_C(1790000000000)}}, .disk = disk_new(1)};
    open_as(&m, NULL);
    play(&m);
    learn(&m);
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, m.device->classes[0]->file);
    device_close(&m.device);
    disk_rename(m.disk, path, machine_path);
    lesson.disk = m.disk;
    lesson.now = m.now;
}

struct slice machine_known(uint32_t n)
{
    return n < lesson.known_count ? lesson.known[n] : slice_of(NULL, 0);
}

void machine_disk(struct machine *m)
{
    if (!lesson.disk) {
        make_lesson();
    }
    disk_chance(1);
    *m = (struct machine){.now = lesson.now, .disk = disk_clone(lesson.disk, 1)};
}

static const char log_path[] = "/jam/class-1.db-wal";

void machine_file_write(struct machine *m, bool log, uint64_t at, struct slice bytes)
{
    size_t len = 0;
    uint8_t *file = disk_bytes(m->disk, log ? log_path : machine_path, &len);
    if (file && len > 0 && bytes.len) {
        at %= len;
        memcpy(file + at, bytes.at, bytes.len < len - at ? bytes.len : len - at);
    }
}

void machine_file_cut(struct machine *m, bool log, uint64_t len)
{
    const char *path = log ? log_path : machine_path;
    size_t whole = 0;
    const uint8_t *file = disk_bytes(m->disk, path, &whole);
    if (file) {
        len %= whole + 1;
        uint8_t *rest = malloc(len + 1);
        fuzz_check(rest);
        memcpy(rest, file, len);
        disk_put(m->disk, path, slice_of(rest, len));
        free(rest);
    }
}

void machine_open(struct machine *m)
{
    open_as(m, strrchr(machine_path, '/') + 1);
    for (uint32_t i = 0; i < MEMBERS; i++) {
        member_init(&m->members[i], i);
        member_begin(m, i);
    }
}

void machine_close(struct machine *m)
{
    device_close(&m->device);
    disk_free(&m->disk);
}

void machine_check_views(struct machine *m)
{
    for (uint32_t i = 0; i < m->device->classes_count; i++) {
        struct class *class = m->device->classes[i];
        if (!class->replica || class->closed) {
            continue;
        }
        fuzz_check(store_begin(class->store) == OK && replica_flush(class->replica, m->now) == OK);
        struct hash before = store_digest_views(class->store);
        fuzz_check(replica_refold(class->replica) == OK);
        struct hash after = store_digest_views(class->store);
        fuzz_check(store_err(class->store) == OK && SAME(before, after));
        store_rollback(class->store);
        replica_reload(class->replica);
    }
}
