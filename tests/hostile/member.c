/* Attacks of a member on what machines say to each other: false numbers, bombs, lies about what is had, silence, floods. */
#include <stdio.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zmq.h>

#include "../bombs.h"
#include "hostile.h"

/* ---- every number of every message, at and beyond its limits ---- */

enum { SAMPLES = 13 };

/* One right message of each kind but HELLO, by the project's own writers. */
static void sample(struct hostile *h, int kind, struct pack *p)
{
    struct fingerprint print = {{1}};
    struct prefix all = {0};
    struct head head = {.feed = {{9}}, .seq = 3, .lamport = 4};
    struct want want = {{{9}}, 1};
    struct range range = {.prefix = all};
    struct peer_hint hint = {.device = h->id, .run = 1, .address = {.port = 7}};
    struct forger f;
    pack_reset(p);
    switch (kind) {
    case 0:
        pack_beat(p, &print, 0);
        break;
    case 1:
        pack_leave(p, 7);
        break;
    case 2:
        pack_ranges(p, 1), pack_range(p, &range);
        break;
    case 3:
        pack_heads(p, 1, 1), pack_heads_of(p, &all, 1), pack_head(p, &head);
        break;
    case 4:
        pack_wants(p, 1000, 1), pack_want(p, &want);
        break;
    case 5:
        pack_ack(p, &head.feed, 1);
        break;
    case 6:
        pack_peers(p, 1), pack_hint(p, &hint);
        break;
    case 7:
        pack_suspect(p, &h->id, 1);
        break;
    case 8:
        pack_heard(p, &h->id, 1, true, 5);
        break;
    case 9:
        pack_gone(p, &h->id, 1);
        break;
    case 10:
        pack_refuse(p, ERR_LIMIT);
        break;
    default:
        forger_open(&f, h, 1);
        forger_note(&f, "a note");
        if (kind == 11) {
            pack_runs(p, RUNS_PUSH, 1);
            forger_run(&f, p);
        } else {
            struct pack run;
            pack_init(&run);
            forger_run(&f, &run);
            pack_fork(p, pack_bytes(&run), pack_bytes(&run));
            pack_clear(&run);
        }
        forger_clear(&f);
    }
}

/* Writes an object again, the nth unsigned number in it as `value`. *seen counts them. */
static void rewrite(struct pack *p, const msgpack_object *o, uint32_t nth, uint64_t value,
                    uint32_t *seen)
{
    switch (o->type) {
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        pack_uint(p, (*seen)++ == nth ? value : o->via.u64);
        break;
    case MSGPACK_OBJECT_ARRAY:
        pack_array(p, o->via.array.size);
        for (uint32_t i = 0; i < o->via.array.size; i++) {
            rewrite(p, &o->via.array.ptr[i], nth, value, seen);
        }
        break;
    case MSGPACK_OBJECT_BIN:
        pack_bin(p, slice_of(o->via.bin.ptr, o->via.bin.size));
        break;
    case MSGPACK_OBJECT_STR:
        pack_text(p, slice_of(o->via.str.ptr, o->via.str.size));
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        pack_int(p, o->via.i64);
        break;
    case MSGPACK_OBJECT_BOOLEAN:
        pack_bool(p, o->via.boolean);
        break;
    default:
        pack_nil(p);
    }
}

/* A fresh device for every seven messages: none is told off, so all of them are read. It is let in when strangers of this
 * address are again. */
static void say_as_somebody_new(struct hostile *h, uint32_t *said)
{
    int64_t end = now_ms() + 30000;
    if ((*said)++ % (BAD_MESSAGES_MAX - 1) == 0) {
        hostile_become(h, 0);
        for (uint32_t i = 0; i < h->options->targets_count; i++) {
            hostile_hello(h);
            while (!hostile_say(h, &h->options->targets[i])) {
                must(now_ms() < end, "it lets nobody in");
            }
        }
    }
}

static uint32_t say_number(struct hostile *h, struct pack *right, uint64_t value, uint32_t *said)
{
    uint32_t numbers = 1;
    for (uint32_t nth = 0; nth < numbers; nth++) {
        struct doc doc;
        say_as_somebody_new(h, said);
        must(doc_open(&doc, pack_bytes(right), PACK_STRICT) == OK, "a sample");
        numbers = 0;
        pack_reset(&h->pack);
        rewrite(&h->pack, &doc.root, nth, value, &numbers);
        doc_clear(&doc);
        for (uint32_t i = 0; i < h->options->targets_count; i++) {
            must(hostile_say(h, &h->options->targets[i]), "it takes nothing");
        }
    }
    return numbers;
}

static void attack_numbers(struct hostile *h)
{
    static const uint64_t values[] = {0,
                                      RUN_ENTRIES_MAX + 1,
                                      FEED_ENTRIES_MAX,
                                      FEED_ENTRIES_MAX + 1,
                                      CREDIT_BYTES,
                                      CREDIT_BYTES + 1,
                                      UINT64_C(1) << 31,
                                      UINT32_MAX,
                                      INT64_MAX,
                                      UINT64_C(1) << 63,
                                      UINT64_MAX};
    struct pack right;
    uint32_t said = 0, numbers = 0;
    hostile_join(h);
    pack_init(&right);
    for (int kind = 0; kind < SAMPLES; kind++) {
        for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
            sample(h, kind, &right);
            numbers += say_number(h, &right, values[v], &said);
        }
    }
    pack_reset(&right);
    struct pack hello;
    pack_init(&hello);
    for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
        hostile_hello(h);
        pack_reset(&hello);
        pack_raw(&hello, pack_bytes(&h->pack));
        numbers += say_number(h, &hello, values[v], &said);
    }
    pack_clear(&hello);
    pack_clear(&right);
    hostile_live(h, NULL, 500);
    printf("numbers %u\nmessages %u\n", numbers, said);
}

/* ---- bytes that claim to be much ---- */

static void attack_bombs(struct hostile *h)
{
    struct slice bytes[BOMBS + 7] = {
        /* and what isn't one, but what can't be all the same */
        [BOMBS] = slice_of("\x93\x07\x00\xdd\x00\xff\xff\xff", 8),
        slice_of("\x93\x06\xcf\xff", 4),
        slice_of("\x92\x15\x98\x95\xa1z", 6),
        slice_of("\x92\x15\x99\xc0\xc0\xc0\xc0\xc0\xc0\xc0\xc0\xc0", 12),
        slice_of("\x92\x14\xa0", 3),
        slice_of("", 0),
        slice_of("\x91\x91\x91\x91\x91\x91\x91\x91\x91", 9),
    };
    bombs_make(bytes);
    uint32_t said = 0;
    hostile_join(h);
    for (uint32_t turn = 0; turn < 20; turn++) {
        for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
            say_as_somebody_new(h, &said);
            for (uint32_t k = 0; k < h->options->targets_count; k++) {
                hostile_say_bytes(&h->options->targets[k], bytes[i]);
            }
        }
    }
    hostile_live(h, NULL, 500);
    printf("bombs %u\n", said);
}

/* Beyond what a message may be: a link that announces it is cut. (A gigabyte is announced at the door: to seal one is dear.) */
static void attack_long(struct hostile *h)
{
    static const size_t sizes[] = {MESSAGE_BYTES_MAX + 1, 1 << 20, 32 << 20};
    hostile_join(h);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (uint32_t k = 0; k < h->options->targets_count; k++) {
            zmq_msg_t message;
            must(zmq_msg_init_size(&message, sizes[i]) == 0, "no memory");
            hostile_dial(h, &h->options->targets[k]);
            zmq_msg_send(&message, h->options->targets[k].link, 0);
            hostile_live(h, NULL, 300);
        }
    }
    printf("sizes %zu\n", sizeof(sizes) / sizeof(sizes[0]));
}

/* Many parts in one message, which no machine of ours sends. */
static void attack_parts(struct hostile *h)
{
    hostile_join(h);
    for (int i = 0; i < 2000; i++) {
        zmq_send(h->options->targets[0].link, "\x92\x03\x01", 3, i < 1999 ? ZMQ_SNDMORE : 0);
    }
    hostile_live(h, NULL, 500);
    printf("parts 2000\n");
}

/* Noise from a device that never said HELLO: nobody to tell off, and cut off all the same. */
static void attack_nameless(struct hostile *h)
{
    uint32_t said = 0, count = h->options->count ? h->options->count : 20000;
    hostile_join(h); /* to know that the target is up */
    hostile_become(h, 0);
    for (uint32_t i = 0; i < count; i++) {
        said += hostile_say_bytes(&h->options->targets[0], slice_of("\xdd\xff\xff\xff\xff", 5));
        if (said <= i) {
            break; /* the link is cut and doesn't come up again */
        }
    }
    printf("said %u\n", said);
}

/* ---- who one is, and where ---- */

/* The HELLO of one that is here, from another key. */
static void attack_other_device(struct hostile *h)
{
    hostile_join(h);
    struct device_id own = h->id;
    for (int64_t end = now_ms() + 30000; !h->options->targets[0].refused && now_ms() < end;) {
        for (uint32_t i = 0; i + 1 < h->options->targets_count; i++) {
            h->id = h->options->targets[i + 1].device;
            h->run++;
            hostile_hello(h);
            h->id = own;
            for (int k = 0; k < BAD_MESSAGES_MAX; k++) {
                hostile_say(h, &h->options->targets[i]);
            }
        }
        for (int k = 0; k < 20 && hostile_hear(h, 100); k++) {
        }
    }
    hostile_await_refuse(h, &h->options->targets[0]);
    printf("refused %llu\n", (unsigned long long)h->options->targets[0].refused);
}

/* For ten seconds a victim listens at a port of ours, and all are told so again and again: how often is it called, and what is it
 * told? */
static void call_victim(struct hostile *h, void (*say)(struct hostile *, uint16_t port))
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(7999)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    uint32_t calls = 0, bytes = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    must(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 64) == 0, "port 7999");
    hostile_join(h);
    int64_t end = now_ms() + 10000;
    while (now_ms() < end) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        say(h, 7999);
        if (poll(&p, 1, 20) == 1) {
            char got[4096];
            int one = accept(fd, NULL, NULL);
            struct pollfd q = {.fd = one, .events = POLLIN};
            calls++;
            while (poll(&q, 1, 100) == 1) {
                ssize_t n = read(one, got, sizeof(got));
                if (n <= 0) {
                    break;
                }
                bytes += (uint32_t)n;
            }
            close(one);
        }
    }
    close(fd);
    printf("calls %u\nbytes %u\n", calls, bytes);
}

/* By HELLO, each time as if it had started anew: the worst case. */
static void say_hello(struct hostile *h, uint16_t port)
{
    h->options->port = port;
    h->run++;
    for (uint32_t i = 0; i < h->options->targets_count; i++) {
        hostile_hello(h);
        hostile_say(h, &h->options->targets[i]);
    }
}

static void attack_victim_port(struct hostile *h)
{
    call_victim(h, say_hello);
}

/* By INBOX, which moves a link: with the tag of the class's secret, and with one that nobody knows. */
static void say_inbox(struct hostile *h, uint16_t port)
{
    struct secret_tag tags[2] = {{{0}}};
    class_secret_tag(&h->secret, &tags[0]);
    for (uint32_t i = 0; i < 2 * h->options->targets_count; i++) {
        pack_reset(&h->pack);
        pack_inbox(&h->pack, &tags[i % 2], port);
        hostile_say(h, &h->options->targets[i / 2]);
    }
}

static void attack_victim_inbox(struct hostile *h)
{
    call_victim(h, say_inbox);
}

/* A class of one's own is offered to a joiner that waits for the root key. */
static void attack_wrong_root(struct hostile *h)
{
    rng_fill(&h->rng, h->root.b, sizeof(h->root.b));
    printf("under way\n");
    fflush(stdout);
    for (;;) {
        for (uint32_t i = 0; i < h->options->targets_count; i++) {
            hostile_hello(h);
            hostile_say(h, &h->options->targets[i]);
        }
        for (int64_t end = now_ms() + 200; now_ms() < end;) {
            struct sign_pk root = h->root;
            hostile_hear(h, 50);
            h->root = root;
        }
    }
}

/* The others are gone, says one that is here; and asks everybody about everybody. */
static void attack_slander(struct hostile *h)
{
    uint64_t runs[TARGETS_MAX] = {0};
    hostile_join(h);
    for (int64_t end = now_ms() + 3000; now_ms() < end;) {
        for (uint32_t i = 0; i < h->options->targets_count; i++) {
            hostile_hello(h);
            hostile_say(h, &h->options->targets[i]);
        }
        if (hostile_hear(h, 200) && h->message.kind == MESSAGE_HELLO) {
            runs[h->from - h->options->targets] = h->message.run;
        }
    }
    printf("under way\n");
    fflush(stdout);
    for (;;) {
        for (uint32_t i = 0; i < h->options->targets_count; i++) {
            for (uint32_t k = 0; k < h->options->targets_count; k++) {
                const struct device_id *device = &h->options->targets[k].device;
                pack_reset(&h->pack);
                pack_gone(&h->pack, device, runs[k]);
                hostile_say(h, &h->options->targets[i]);
                pack_reset(&h->pack);
                pack_heard(&h->pack, device, runs[k], false, 0);
                hostile_say(h, &h->options->targets[i]);
                pack_reset(&h->pack);
                pack_suspect(&h->pack, device, runs[k]);
                hostile_say(h, &h->options->targets[i]);
            }
        }
        hostile_live(h, NULL, 10);
    }
}

/* Addresses that lead to a victim, told as those of machines: how often is it called? */
static void attack_lure(struct hostile *h)
{
    hostile_join(h);
    printf("under way\n");
    fflush(stdout);
    for (;;) {
        for (uint32_t i = 0; i < h->options->targets_count; i++) {
            pack_reset(&h->pack);
            pack_peers(&h->pack, PEERS_MAX);
            for (int k = 0; k < PEERS_MAX; k++) {
                struct peer_hint hint = {.run = 1, .address = {.port = 7998}};
                uint8_t seed[32];
                struct sign_key key;
                struct sign_pk pk;
                rng_fill(&h->rng, seed, sizeof(seed));
                sign_keypair(seed, &key, &pk);
                memcpy(hint.device.b, pk.b, sizeof(pk.b));
                hint.address.ip[10] = hint.address.ip[11] = 0xff;
                inet_pton(AF_INET, h->options->text, hint.address.ip + 12);
                pack_hint(&h->pack, &hint);
            }
            hostile_say(h, &h->options->targets[i]);
        }
        hostile_live(h, NULL, 100);
    }
}

/* ---- lies about what one has, and silence ---- */

/* Says that it lacks nothing and has everything, by returning each target's fingerprint: as so many devices, one after the
 * other. */
static void attack_false_ack(struct hostile *h)
{
    uint32_t count = h->options->count ? h->options->count : 1;
    h->flags = HELLO_LASTING;
    for (uint64_t turn = 0;; turn++) {
        if (turn < count || count > 1) {
            hostile_become(h, turn % count + 1);
            hostile_join(h);
        }
        if (turn == count) {
            printf("under way\n");
            fflush(stdout);
        }
        hostile_live(h, NULL, turn < count ? 200 : 1200);
    }
}

/* Always differs, and never answers. */
static void attack_mute(struct hostile *h)
{
    struct fingerprint other = {{1, 2, 3}};
    hostile_join(h);
    hostile_stay(h, &other);
}

/* Heads of feeds that don't exist, for ever others. */
static void attack_false_heads(struct hostile *h)
{
    struct fingerprint other = {{1, 2, 3}};
    hostile_join(h);
    printf("under way\n");
    fflush(stdout);
    for (;;) {
        for (uint32_t i = 0; i < h->options->targets_count; i++) {
            struct prefix all = {0};
            pack_reset(&h->pack);
            pack_heads(&h->pack, HEADS_ANSWER, 1);
            pack_heads_of(&h->pack, &all, 200);
            for (int k = 0; k < 200; k++) {
                struct head head = {.seq = FEED_ENTRIES_MAX, .lamport = 1};
                rng_fill(&h->rng, head.feed.b, sizeof(head.feed.b));
                pack_head(&h->pack, &head);
            }
            hostile_say(h, &h->options->targets[i]);
        }
        hostile_live(h, &other, 50);
    }
}

/* Asks for everything, again and again; with `read`, it takes the answers off its inbox. */
static void greedy(struct hostile *h, bool want, bool read)
{
    struct fingerprint other = {{1, 2, 3}};
    struct want wants[WANT_MAX] = {{{{0}}, 0}};
    uint32_t wants_count = 0;
    hostile_join(h);
    printf("under way\n");
    fflush(stdout);
    for (uint64_t turn = 0;; turn++) {
        struct prefix all = {0};
        struct range range = {all, other};
        for (uint32_t i = 0; i < h->options->targets_count; i++) {
            pack_reset(&h->pack);
            if (want && wants_count > 0) {
                pack_wants(&h->pack, CREDIT_BYTES, wants_count);
                for (uint32_t k = 0; k < wants_count; k++) {
                    pack_want(&h->pack, &wants[k]);
                }
            } else {
                pack_ranges(&h->pack, 1);
                pack_range(&h->pack, &range);
            }
            hostile_say(h, &h->options->targets[i]);
        }
        for (int k = 0; k < 64 && (read || wants_count == 0) && hostile_hear(h, 1); k++) {
            const msgpack_object *items;
            struct prefix prefix;
            uint32_t count;
            struct head head;
            if (h->message.kind == MESSAGE_HEADS && h->message.count > 0 && wants_count == 0 &&
                message_heads(&h->message, 0, &prefix, &items, &count) == OK) {
                for (uint32_t n = 0; n < count && n < WANT_MAX; n++) {
                    if (message_head(items, n, &head) == OK) {
                        wants[wants_count++].feed = head.feed;
                    }
                }
            }
        }
        if (turn % 256 == 0) {
            hostile_live(h, &other, read ? 1 : 0);
        }
    }
}

static void attack_endless_ranges(struct hostile *h)
{
    greedy(h, false, true);
}

static void attack_endless_wants(struct hostile *h)
{
    greedy(h, true, true);
}

static void attack_slow_reader(struct hostile *h)
{
    greedy(h, true, false);
}

/* ---- the sockets ---- */

static void *curve_socket(struct hostile *h, int type)
{
    struct link_key key;
    struct link_pk own;
    char endpoint[96];
    int zero = 0;
    void *socket = zmq_socket(h->context, type);
    must(socket != NULL, "no socket");
    link_key_of(&h->device, &key);
    must(link_public_of(&h->id, &own), "a device key");
    zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof(zero));
    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, h->class_link.b, sizeof(h->class_link.b));
    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, own.b, sizeof(own.b));
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, key.b, sizeof(key.b));
    snprintf(endpoint, sizeof(endpoint), "tcp://%s:%u", h->options->targets[0].host,
             h->options->targets[0].port);
    zmq_setsockopt(socket, ZMQ_ROUTING_ID, "\0\x6b\x8b\x45\x68", 5);
    must(zmq_connect(socket, endpoint) == 0, "no connection");
    return socket;
}

/* The routing id that a ROUTER would give to the next stranger, and sockets of every kind: an inbox has no ids. */
static void attack_routing_id(struct hostile *h)
{
    static const int types[] = {ZMQ_DEALER, ZMQ_ROUTER, ZMQ_REQ, ZMQ_PUSH,
                                ZMQ_PAIR,   ZMQ_SUB,    ZMQ_PULL};
    void *sockets[sizeof(types) / sizeof(types[0])];
    hostile_join(h);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        sockets[i] = curve_socket(h, types[i]);
        zmq_send(sockets[i], "\x92\x03\x01", 3, ZMQ_DONTWAIT);
    }
    hostile_live(h, NULL, 2000);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        zmq_close(sockets[i]);
    }
    printf("sockets %zu\n", sizeof(types) / sizeof(types[0]));
}

/* Handshakes without end: under one key, then each under another. */
static void attack_handshakes(struct hostile *h)
{
    void *sockets[64] = {NULL};
    hostile_join(h);
    printf("under way\n");
    fflush(stdout);
    for (uint64_t i = 0;; i++) {
        void **socket = &sockets[i % 64];
        if (*socket) {
            zmq_close(*socket);
        }
        if (i % 2) {
            uint8_t seed[32];
            struct sign_pk pk;
            rng_fill(&h->rng, seed, sizeof(seed));
            sign_keypair(seed, &h->device, &pk);
            memcpy(h->id.b, pk.b, sizeof(pk.b));
        }
        *socket = curve_socket(h, ZMQ_PUSH);
        hostile_hear(h, 2);
    }
}

const struct attack member_attacks[] = {
    {"numbers", true, attack_numbers},
    {"bombs", true, attack_bombs},
    {"long", true, attack_long},
    {"parts", true, attack_parts},
    {"nameless", true, attack_nameless},
    {"other-device", true, attack_other_device},
    {"victim-port", true, attack_victim_port},
    {"victim-inbox", true, attack_victim_inbox},
    {"wrong-root", true, attack_wrong_root},
    {"slander", true, attack_slander},
    {"lure", true, attack_lure},
    {"false-ack", true, attack_false_ack},
    {"mute", true, attack_mute},
    {"false-heads", true, attack_false_heads},
    {"endless-ranges", true, attack_endless_ranges},
    {"endless-wants", true, attack_endless_wants},
    {"slow-reader", true, attack_slow_reader},
    {"routing-id", true, attack_routing_id},
    {"handshakes", true, attack_handshakes},
    {NULL, false, NULL},
};
