/* A room of devices in one process: the very core of jamd, with simulated time, disks in memory, and a network that delivers
 * what is asked of it. For tests of the core; real sockets are tried in tests/e2e. */
#ifndef JAM_TEST_ROOM_H
#define JAM_TEST_ROOM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "device.h"
#include "disk.h"
#include "message.h"
#include "keys.h"
#include "pack.h"

enum { ROOM_MAX = 250, ROOM_REPLY_MAX = 1 << 20, ROOM_KINDS = 32 };

struct parcel {
    struct parcel *next;
    int to;
    int from;
    struct event event;
    uint8_t bytes[];
};

/* Where a machine takes messages for one of its class's secrets: port ROOM_PORT and its number. */
struct room_inbox {
    bool on;
    struct class_secret secret;
};

enum { ROOM_PORT = 7733 };

/* The folder on each disk. */
#define ROOM_STATE "state/"

struct machine {
    struct room_inbox inbox[SECRETS_MAX];
    struct address linked[ROOM_MAX]; /* by which address to each; port 0: none */
    struct device *device;
    bool on;
    struct sign_key key;
    struct device_id id;
    struct link_pk link;
    struct disk *disk;
    struct mono wake;
    uint8_t *reply; /* the last answer of client 1 */
    size_t reply_len;
    uint8_t *told; /* the last message to client 2, who watches */
    size_t told_len;
    char heard[2048]; /* by client 2: methods, of changes their types, a space behind each */
    uint64_t sent_bytes, sent_messages, datagrams;
    uint64_t sent_of[ROOM_KINDS], bytes_of[ROOM_KINDS]; /* messages by their kind */
    uint64_t links_made;                                /* connections that it opened */
    uint64_t taken;                                     /* messages that came in */
    uint32_t starts, asides;
    bool again;                  /* it starts again by itself */
    const struct invite *invite; /* that jamd is started with */
};

struct room {
    struct machine m[ROOM_MAX];
    int count;
    struct now now;
    struct parcel *first, *last;
    bool cut[ROOM_MAX][ROOM_MAX]; /* from, to */
    struct rng rng;
    uint32_t loss_percent;
    int running;         /* the machine whose core runs right now; -1: none */
    bool no_entries;     /* RUNS are lost */
    bool mute[ROOM_MAX]; /* it says that it has something else, but answers nothing */
    bool busy; /* no BEAT tells a fingerprint that the receiver has: everybody has written since */
    bool guests;     /* who asks may not read the disk */
    bool boots;      /* each start is one of the computer */
    bool alike;      /* what is stretched comes out the same for all words */
    uint8_t login;   /* of the terminal at which all is asked */
    uint64_t offers; /* datagrams of that length */
    uint64_t number;
};

static inline struct address room_address(int i)
{
    struct address a = {.port = 7733};
    a.ip[10] = a.ip[11] = 0xff;
    a.ip[12] = 10;
    a.ip[15] = (uint8_t)(i + 1);
    return a;
}

static inline void room_post(struct room *room, int from, int to, const struct event *event)
{
    if (!room->m[to].on || room->cut[from][to] || rng_below(&room->rng, 100) < room->loss_percent) {
        return;
    }
    bool says = event->kind == EVENT_MESSAGE && event->bytes.len > 1;
    uint8_t kind = says ? event->bytes.at[1] : 0;
    if ((room->no_entries && kind == MESSAGE_RUNS) ||
        (says && room->mute[from] && kind != MESSAGE_HELLO && kind != MESSAGE_BEAT)) {
        return;
    }
    struct parcel *p = malloc(sizeof(*p) + event->bytes.len);
    p->next = NULL;
    p->from = from;
    p->to = to;
    p->event = *event;
    if (event->bytes.len) {
        memcpy(p->bytes, event->bytes.at, event->bytes.len);
        if ((room->busy || room->mute[from]) && kind == MESSAGE_BEAT) {
            p->bytes[4] ^= 1;
        }
    }
    p->event.bytes.at = p->bytes;
    if (room->last) {
        room->last->next = p;
    } else {
        room->first = p;
    }
    room->last = p;
}

static inline int room_by_link(struct room *room, const struct link_pk *link)
{
    for (int i = 0; i < room->count; i++) {
        if (memcmp(room->m[i].link.b, link->b, sizeof(link->b)) == 0) {
            return i;
        }
    }
    return -1;
}

static inline int room_by_address(const struct address *a)
{
    return a->ip[15] - 1;
}

/* Does what machine i sends to this address of machine `to` come in? Only if both hold the secret. */
static inline bool room_comes_in(struct room *room, int i, int to, const struct address *address)
{
    uint32_t number = (uint32_t)address->port - ROOM_PORT;
    const struct room_inbox *out = &room->m[i].inbox[address->secret];
    if (to < 0 || to >= room->count || number >= SECRETS_MAX || !room->m[to].on) {
        return false;
    }
    const struct room_inbox *in = &room->m[to].inbox[number];
    return in->on && out->on && memcmp(&in->secret, &out->secret, sizeof(in->secret)) == 0;
}

static inline bool room_same_place(const struct address *a, const struct address *b)
{
    return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0 && a->port == b->port;
}

/* A database is erased, or set aside, where it stays as it was. */
static inline void room_put_away(struct machine *m, const struct output *o)
{
    char name[96], other[112];
    snprintf(name, sizeof(name), ROOM_STATE "%.*s", (int)o->bytes.len, (const char *)o->bytes.at);
    if (o->kind == OUTPUT_SET_ASIDE) {
        snprintf(other, sizeof(other), ROOM_STATE "aside-%u", m->asides++);
        disk_rename(m->disk, name, other);
    }
    disk_remove(m->disk, name);
    snprintf(other, sizeof(other), "%s-wal", name);
    disk_remove(m->disk, other);
}

static inline void room_hear(struct machine *m, struct slice bytes)
{
    struct doc doc;
    const msgpack_object *items;
    uint32_t count = 0;
    struct slice what = {NULL, 0};
    size_t len = strlen(m->heard);
    m->told = realloc(m->told, bytes.len);
    memcpy(m->told, bytes.at, bytes.len);
    m->told_len = bytes.len;
    if (doc_open(&doc, bytes, PACK_LOCAL) != OK) {
        abort();
    }
    if (read_array(&doc.root, &items, &count) && count == 3 &&
        !map_text(&items[2], "type", &what)) {
        read_text(&items[1], &what);
    }
    snprintf(m->heard + len, sizeof(m->heard) - len, "%.*s ", (int)what.len, (const char *)what.at);
    doc_clear(&doc);
}

static inline void room_output(struct room *room, int i, const struct output *o)
{
    struct machine *m = &room->m[i];
    struct event event = {
        .class_index = 0, .from = room_address(i), .peer = m->link, .bytes = o->bytes};
    int to = -1;
    switch (o->kind) {
    case OUTPUT_REPLY:
        if (o->client == 2) {
            room_hear(m, o->bytes);
            break;
        }
        m->reply = realloc(m->reply, o->bytes.len);
        memcpy(m->reply, o->bytes.at, o->bytes.len);
        m->reply_len = o->bytes.len;
        break;
    case OUTPUT_SEND:
    case OUTPUT_CALL:
        event.kind = EVENT_MESSAGE;
        to = o->kind == OUTPUT_SEND ? room_by_link(room, &o->peer) : room_by_address(&o->address);
        m->sent_messages++;
        m->sent_bytes += o->bytes.len;
        m->sent_of[o->bytes.at[1] % ROOM_KINDS]++;
        m->bytes_of[o->bytes.at[1] % ROOM_KINDS] += o->bytes.len;
        if (to >= 0) {
            const struct address *by = o->kind == OUTPUT_CALL ? &o->address : &m->linked[to];
            event.from.secret = (uint8_t)(by->port - ROOM_PORT);
            if (room_comes_in(room, i, to, by)) {
                room_post(room, i, to, &event);
            }
        }
        break;
    case OUTPUT_DATAGRAM:
        event.kind = EVENT_DATAGRAM;
        snprintf(event.iface, sizeof(event.iface), "eth0");
        m->datagrams++;
        room->offers += o->bytes.len == OFFER_BYTES;
        for (int k = 0; k < room->count; k++) {
            bool meant = o->paths != PATH_UNICAST || k == room_by_address(&o->address);
            if (k != i && meant) {
                room_post(room, i, k, &event);
            }
        }
        break;
    case OUTPUT_LINK:
        to = room_by_link(room, &o->peer);
        if (to >= 0) {
            m->links_made += !room_same_place(&m->linked[to], &o->address);
            m->linked[to] = o->address;
        }
        if (to >= 0 && !room->cut[i][to] && room_comes_in(room, i, to, &o->address)) {
            event = (struct event){.kind = EVENT_LINK, .peer = o->peer, .up = true};
            room_post(room, i, i, &event);
        }
        break;
    case OUTPUT_UNLINK:
        to = room_by_link(room, &o->peer);
        if (to >= 0) {
            m->linked[to].port = 0;
        }
        break;
    case OUTPUT_STRETCH: {
        uint8_t secret[32];
        event =
            (struct event){.kind = EVENT_STRETCHED, .work = o->work, .bytes = slice_of(secret, 32)};
        /* a hash stands in for Argon2id: what it costs is not what is tested here */
        struct slice parts[] = {o->bytes, slice_of(o->salt, sizeof(o->salt))};
        hash_short("test stretch", parts + room->alike, 2 - (size_t)room->alike, secret,
                   sizeof(secret));
        room_post(room, i, i, &event);
        break;
    }
    case OUTPUT_BIND:
        event = (struct event){.kind = EVENT_BOUND,
                               .class_index = o->class_index,
                               .port = (uint16_t)(ROOM_PORT + o->address.secret)};
        event.from.secret = o->address.secret;
        m->inbox[o->address.secret] = (struct room_inbox){true, o->secret};
        room_post(room, i, i, &event);
        break;
    case OUTPUT_UNBIND:
        m->inbox[o->address.secret].on = false;
        break;
    case OUTPUT_ERASE:
    case OUTPUT_SET_ASIDE:
        room_put_away(m, o);
        break;
    case OUTPUT_QUIT:
    case OUTPUT_AGAIN:
        m->on = false;
        m->again = o->kind == OUTPUT_AGAIN; /* its next start knows */
        break;
    case OUTPUT_LOG:
        if (getenv("JAM_TEST_LOG")) {
            fprintf(stderr, "# %d: %.*s\n", i, (int)o->bytes.len, (const char *)o->bytes.at);
        }
        break;
    default:
        break;
    }
}

static inline void room_start(struct room *room, int i);

/* One turn of a machine's loop with one event. */
static inline void room_turn(struct room *room, int i, const struct event *event)
{
    struct output o;
    struct machine *m = &room->m[i];
    room->running = i;
    if (event) {
        device_step(m->device, room->now, event);
    }
    device_commit(m->device, room->now);
    while (device_next(m->device, &o, &m->wake)) {
        room->running = -1;
        room_output(room, i, &o);
        room->running = i;
    }
    if (!m->on) { /* it had no memory to go on, or starts again */
        device_close(&m->device);
    }
    room->running = -1;
    if (m->again && !m->on) {
        room_start(room, i);
    }
}

/* Starts a machine with what its disk has. */
static inline enum err room_try_start(struct room *room, int i)
{
    struct machine *m = &room->m[i];
    const char *files[17] = {NULL}, *name;
    int count = 0;
    for (uint32_t k = 0; count < 16 && (name = disk_file(m->disk, k)); k++) {
        size_t len = strlen(name);
        if (strncmp(name, ROOM_STATE "class-", sizeof(ROOM_STATE "class-") - 1) == 0 &&
            strcmp(name + len - 3, ".db") == 0) {
            files[count++] = name + sizeof(ROOM_STATE) - 1;
        }
    }
    struct device_config config = {
        .state = "state", .databases = files, .vfs = disk_vfs(m->disk), .key = m->key};
    char host[16];
    snprintf(host, sizeof(host), "pc-%d", i + 1);
    config.host = host;
    config.seed[0] = (uint8_t)i;
    config.seed[1] = (uint8_t)++m->starts;
    config.hardware.b[0] = (uint8_t)(i + 1);
    config.boot[0] = (uint8_t)(room->boots ? m->starts : 1);
    config.invite = m->invite;
    config.doubts = m->again;
    room->running = i;
    enum err err = device_open(&config, room->now, &m->device);
    room->running = -1;
    if (err == OK) {
        m->on = true;
        m->again = false;
        memset(m->inbox, 0, sizeof(m->inbox));
        memset(m->linked, 0, sizeof(m->linked));
        room_turn(room, i, NULL);
    }
    return err;
}

static inline void room_start(struct room *room, int i)
{
    enum err err = room_try_start(room, i);
    if (err != OK) {
        fprintf(stderr, "# machine %d doesn't start: %s\n", i, err_code(err));
        abort();
    }
}

static inline void room_stop(struct room *room, int i)
{
    room->running = i;
    device_close(&room->m[i].device);
    room->running = -1;
    room->m[i].on = false;
}

static inline struct room *room_new(int count)
{
    struct room *room = calloc(1, sizeof(*room));
    uint8_t seed[32] = {7};
    keys_init();
    rng_seed(&room->rng, seed);
    room->now.mono.ms = 1000;
    room->now.wall.ms = INT64_C(1790000000000);
    room->count = count;
    room->running = -1;
    room->login = 1;
    for (int i = 0; i < count; i++) {
        struct machine *m = &room->m[i];
        struct sign_pk pk;
        uint8_t key_seed[32] = {1, (uint8_t)i};
        sign_keypair(key_seed, &m->key, &pk);
        memcpy(m->id.b, pk.b, 32);
        link_public_of(&m->id, &m->link);
        m->disk = disk_new((uint64_t)i);
        room_start(room, i);
    }
    return room;
}

static inline void room_free(struct room *room)
{
    for (int i = 0; i < room->count; i++) {
        device_close(&room->m[i].device);
        disk_free(&room->m[i].disk);
        free(room->m[i].reply);
        free(room->m[i].told);
    }
    while (room->first) {
        struct parcel *next = room->first->next;
        free(room->first);
        room->first = next;
    }
    free(room);
}

/* Delivers everything that is under way, then lets time pass, for this long. */
static inline void room_run(struct room *room, int64_t ms)
{
    int64_t end = room->now.mono.ms + ms;
    for (;;) {
        while (room->first) {
            struct parcel *p = room->first;
            room->first = p->next;
            room->last = room->first ? room->last : NULL;
            if (room->m[p->to].on) {
                room->m[p->to].taken += p->event.kind == EVENT_MESSAGE;
                room_turn(room, p->to, &p->event);
            }
            free(p);
        }
        int64_t next = end;
        for (int i = 0; i < room->count; i++) {
            if (room->m[i].on && room->m[i].wake.ms < next) {
                next = room->m[i].wake.ms;
            }
        }
        if (next >= end) {
            break;
        }
        int64_t step = next > room->now.mono.ms ? next - room->now.mono.ms : 1;
        room->now.mono.ms += step;
        room->now.wall.ms += step;
        struct event tick = {.kind = EVENT_TICK};
        for (int i = 0; i < room->count; i++) {
            if (room->m[i].on && room->m[i].wake.ms <= room->now.mono.ms) {
                room_turn(room, i, &tick);
            }
        }
    }
    room->now.wall.ms += end - room->now.mono.ms;
    room->now.mono.ms = end;
}

/* Asks as client 1 of a machine; `pairs` is key, value, …, NULL. The answer is in m->reply. */
static inline void room_logout(struct room *room, int i)
{
    struct event event = {.kind = EVENT_LOGOUT};
    event.login.b[0] = room->login;
    room_turn(room, i, &event);
}

/* The path of a machine's only database. */
static inline const char *room_database(struct room *room, int i)
{
    const char *name = NULL;
    for (uint32_t k = 0; (name = disk_file(room->m[i].disk, k)); k++) {
        size_t len = strlen(name);
        if (len > 3 && strcmp(name + len - 3, ".db") == 0) {
            break;
        }
    }
    return name;
}

/* Sends a request that is packed, and clears it. */
static inline void room_request(struct room *room, int i, uint32_t client, struct pack *p)
{
    struct event event = {.kind = EVENT_REQUEST, .client = client, .bytes = pack_bytes(p)};
    event.login.b[0] = room->login;
    event.owner = !room->guests;
    room->m[i].reply_len = 0;
    room_turn(room, i, &event);
    pack_clear(p);
}

static inline void room_pack_head(struct room *room, struct pack *p, const char *method,
                                  uint32_t params)
{
    pack_init(p);
    pack_array(p, 4);
    pack_uint(p, 0);
    pack_uint(p, ++room->number);
    pack_str(p, method);
    pack_map(p, params);
}

static inline void room_send(struct room *room, int i, uint32_t client, const char *method,
                             const char *const *pairs)
{
    struct pack p;
    uint32_t count = 0;
    for (const char *const *pair = pairs; pair && *pair; pair += 2) {
        count++;
    }
    room_pack_head(room, &p, method, count);
    for (const char *const *pair = pairs; pair && *pair; pair += 2) {
        pack_str(&p, pair[0]);
        strcmp(pair[1], "!") == 0 ? pack_bool(&p, true) : pack_str(&p, pair[1]);
    }
    room_request(room, i, client, &p);
}

/* The error code of the last answer, "" if it is a result, "none" if there is no answer. */
static inline const char *room_error(struct room *room, int i)
{
    static char code[64];
    struct doc doc;
    struct slice text = {NULL, 0};
    if (room->m[i].reply_len == 0 ||
        doc_open(&doc, slice_of(room->m[i].reply, room->m[i].reply_len), PACK_LOCAL) != OK) {
        return "none";
    }
    const msgpack_object *items;
    uint32_t count;
    code[0] = '\0';
    if (read_array(&doc.root, &items, &count) && count == 4 && map_text(&items[2], "code", &text)) {
        snprintf(code, sizeof(code), "%.*s", (int)text.len, (const char *)text.at);
    }
    doc_clear(&doc);
    return code;
}

/* The same, once there is an answer, or so long has passed. */
static inline const char *room_answer(struct room *room, int i, int64_t ms)
{
    for (; room->m[i].reply_len == 0 && ms > 0; ms -= 50) {
        room_run(room, 50);
    }
    return room_error(room, i);
}

static inline const char *room_ask(struct room *room, int i, const char *const *words)
{
    room_send(room, i, 1, words[0], words + 1);
    return room_answer(room, i, 5000);
}

/* ASK(room, machine, method, key, value, …): the method's name stands first in the list; "!" is true. */
#define ASK(room, i, ...) room_ask(room, i, (const char *const[]){__VA_ARGS__, NULL})

/* An open class on machine i, its teacher signed out again; the invite into out. */
static inline void room_create(struct room *room, int i, const char *name, char invite[256]);

/* A text in a message, at keys that are separated by dots; "" if it isn't there. */
static inline const char *room_text_in(struct slice message, const char *path)
{
    static char out[4][1024];
    static int turn;
    char *o = out[turn = (turn + 1) % 4];
    struct doc doc;
    char key[128];
    o[0] = '\0';
    if (doc_open(&doc, message, PACK_LOCAL) != OK) {
        return o;
    }
    const msgpack_object *items;
    uint32_t count = 0;
    const msgpack_object *at =
        read_array(&doc.root, &items, &count) && count >= 3 ? &items[count - 1] : NULL;
    while (at && *path) {
        size_t len = strcspn(path, ".");
        snprintf(key, sizeof(key), "%.*s", (int)len, path);
        path += len + (path[len] == '.');
        const msgpack_object *list;
        uint32_t n = 0;
        if (read_array(at, &list, &n)) {
            uint32_t k = (uint32_t)strtoul(key, NULL, 10);
            at = k < n ? &list[k] : NULL;
        } else {
            at = map_get(at, key);
        }
    }
    struct slice s;
    uint64_t u;
    bool b;
    if (at && read_text(at, &s)) {
        snprintf(o, 1024, "%.*s", (int)s.len, (const char *)s.at);
    } else if (at && read_uint(at, &u)) {
        snprintf(o, 1024, "%llu", (unsigned long long)u);
    } else if (at && read_bool(at, &b)) {
        snprintf(o, 1024, "%s", b ? "true" : "false");
    }
    doc_clear(&doc);
    return o;
}

/* Of the last answer ("status.views"); of what client 2 was told last. */
static inline const char *room_text(const struct room *room, int i, const char *path)
{
    return room_text_in(slice_of(room->m[i].reply, room->m[i].reply_len), path);
}

static inline const char *room_told(const struct room *room, int i, const char *path)
{
    return room_text_in(slice_of(room->m[i].told, room->m[i].told_len), path);
}

static inline void room_create(struct room *room, int i, const char *name, char invite[256])
{
    const char *error = ASK(room, i, "class.create", "name", name, "handle", "lee", "open", "!",
                            "passphrase", "cobweb item comet lamp domino");
    snprintf(invite, 256, "%s", *error ? "" : room_text(room, i, "invite"));
    if (*error || *ASK(room, i, "bye")) {
        fprintf(stderr, "# no class: %s\n", error);
        abort();
    }
}

/* A class that room_create makes on machine 0, and that all others join. */
static inline struct room *room_class(int count, char invite[256])
{
    struct room *room = room_new(count);
    room_create(room, 0, "Period 3", invite);
    for (int i = 1; i < count; i++) {
        const char *error = ASK(room, i, "class.join", "words", invite);
        if (*error) {
            fprintf(stderr, "# machine %d doesn't join: %s\n", i, error);
            abort();
        }
    }
    return room;
}

#endif
