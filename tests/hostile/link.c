/* The hostile device's links: an inbox, a PUSH to each target, HELLO, and what comes back. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>
#include <zmq.h>

#include "hostile.h"
#include "words.h"

void fail(const char *what)
{
    fprintf(stderr, "hostile: %s\n", what);
    exit(1);
}

void must(bool good, const char *what)
{
    if (!good) {
        fail(what);
    }
}

int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void set_int(void *socket, int option, int value)
{
    must(zmq_setsockopt(socket, option, &value, sizeof(value)) == 0, "an option of libzmq");
}

/* ---- who we are ------------------------------------------------------------------------------------------------- */

static void read_invite(struct hostile *h, const char *words)
{
    struct invite invite;
    struct link_key link;
    uint32_t wrong;
    uint16_t near;
    uint8_t salt[16];
    char text[INVITE_TEXT_MAX];
    must(invite_read(slice_str(words), &invite, &wrong, &near) == OK, "these are no twelve words");
    invite_secret_text(&invite, text);
    invite_salt(salt);
    must(stretch(slice_str(text), salt, COST_WORDS, h->secret.b, sizeof(h->secret.b)) == OK,
         "no memory for Argon2id");
    class_link_keys(&h->secret, &link, &h->class_link);
    class_beacon_key(&h->secret, &h->beacon_key);
    h->inbox = zmq_socket(h->context, ZMQ_PULL);
    must(h->inbox != NULL, "no socket");
    set_int(h->inbox, ZMQ_CURVE_SERVER, 1);
    set_int(h->inbox, ZMQ_LINGER, 0);
    zmq_setsockopt(h->inbox, ZMQ_CURVE_SECRETKEY, link.b, sizeof(link.b));
    char endpoint[64];
    snprintf(endpoint, sizeof(endpoint), "tcp://0.0.0.0:%u", h->options->port);
    must(zmq_bind(h->inbox, endpoint) == 0, "the port of the inbox is taken");
}

void hostile_open(struct hostile *h, struct options *options)
{
    uint8_t seed[32];
    memset(h, 0, sizeof(*h));
    must(keys_init() == OK, "libsodium");
    randombytes_buf(seed, sizeof(seed));
    rng_seed(&h->rng, seed);
    h->options = options;
    h->context = zmq_ctx_new();
    zmq_ctx_set(h->context, ZMQ_MAX_SOCKETS, 4096);
    pack_init(&h->pack);
    if (options->invite) {
        read_invite(h, options->invite);
    }
    hostile_become(h, options->seed);
}

void hostile_become(struct hostile *h, uint64_t seed)
{
    uint8_t bytes[32] = {77};
    struct sign_pk pk;
    memcpy(bytes + 1, &seed, sizeof(seed));
    if (seed == 0) {
        rng_fill(&h->rng, bytes, sizeof(bytes));
    }
    sign_keypair(bytes, &h->device, &pk);
    memcpy(h->id.b, pk.b, sizeof(pk.b));
    rng_fill(&h->rng, &h->run, sizeof(h->run));
    for (uint32_t i = 0; i < h->options->targets_count; i++) {
        struct target *t = &h->options->targets[i];
        memset(t->heard, 0, sizeof(t->heard));
        t->refused = 0;
        if (h->options->invite) {
            hostile_dial(h, t);
        }
    }
}

void hostile_close(struct hostile *h)
{
    for (uint32_t i = 0; i < h->options->targets_count; i++) {
        if (h->options->targets[i].link) {
            zmq_close(h->options->targets[i].link);
        }
    }
    if (h->open) {
        doc_clear(&h->doc);
    }
    if (h->inbox) {
        zmq_close(h->inbox);
    }
    zmq_ctx_term(h->context);
    pack_clear(&h->pack);
}

/* ---- saying ----------------------------------------------------------------------------------------------------- */

void hostile_dial(struct hostile *h, struct target *t)
{
    struct link_key key;
    struct link_pk own;
    char endpoint[96];
    link_key_of(&h->device, &key);
    must(link_public_of(&h->id, &own), "a device key");
    if (t->link) {
        zmq_close(t->link);
    }
    t->link = zmq_socket(h->context, ZMQ_PUSH);
    must(t->link != NULL, "no socket");
    set_int(t->link, ZMQ_LINGER, 0);
    set_int(t->link, ZMQ_SNDTIMEO, 1000);
    set_int(t->link, ZMQ_SNDHWM, 1000);
    set_int(t->link, ZMQ_IMMEDIATE, 1);
    zmq_setsockopt(t->link, ZMQ_CURVE_SERVERKEY, h->class_link.b, sizeof(h->class_link.b));
    zmq_setsockopt(t->link, ZMQ_CURVE_PUBLICKEY, own.b, sizeof(own.b));
    zmq_setsockopt(t->link, ZMQ_CURVE_SECRETKEY, key.b, sizeof(key.b));
    snprintf(endpoint, sizeof(endpoint), "tcp://%s:%u", t->host, t->port);
    must(zmq_connect(t->link, endpoint) == 0, "no connection");
}

bool hostile_say_bytes(struct target *t, struct slice bytes)
{
    return zmq_send(t->link, bytes.at, bytes.len, 0) >= 0;
}

bool hostile_say(struct hostile *h, struct target *t)
{
    must(!h->pack.failed, "no memory");
    return hostile_say_bytes(t, pack_bytes(&h->pack));
}

void hostile_hello(struct hostile *h)
{
    struct message hello = {.kind = MESSAGE_HELLO,
                            .version = PROTOCOL_VERSION,
                            .device = h->id,
                            .root = h->root,
                            .run = h->run,
                            .port = h->options->port,
                            .wall_ms = wall_ms(),
                            .flags = h->flags,
                            .host = slice_str("hostile")};
    rng_fill(&h->rng, hello.fingerprint.b, sizeof(hello.fingerprint.b));
    pack_reset(&h->pack);
    pack_hello(&h->pack, &hello);
}

void hostile_join(struct hostile *h)
{
    int64_t end = now_ms() + 20000, again = 0;
    for (uint32_t met = 0; met < h->options->targets_count;) {
        must(now_ms() < end, "a target doesn't greet back");
        if (now_ms() >= again) {
            again = now_ms() + 2000;
            for (uint32_t i = 0; i < h->options->targets_count; i++) {
                hostile_hello(h);
                hostile_say(h, &h->options->targets[i]);
            }
        }
        hostile_hear(h, 200);
        met = 0;
        for (uint32_t i = 0; i < h->options->targets_count; i++) {
            met += h->options->targets[i].heard[MESSAGE_HELLO] > 0;
        }
    }
}

/* ---- hearing ---------------------------------------------------------------------------------------------------- */

static struct target *target_of(struct hostile *h, const char *host)
{
    for (uint32_t i = 0; host && i < h->options->targets_count; i++) {
        if (strcmp(h->options->targets[i].host, host) == 0) {
            return &h->options->targets[i];
        }
    }
    return NULL;
}

static void note(struct hostile *h)
{
    static const struct sign_pk none;
    const struct message *m = &h->message;
    struct target *t = h->from;
    t->heard[(uint32_t)m->kind % KINDS_HEARD]++;
    if (m->kind == MESSAGE_HELLO) {
        t->device = m->device;
        if (!SAME(m->root, none)) {
            h->root = m->root;
            h->class = class_id_of(&m->root);
            h->met = true;
        }
    }
    if (m->kind == MESSAGE_HELLO || m->kind == MESSAGE_BEAT) {
        t->has = m->fingerprint;
    }
    if (m->kind == MESSAGE_REFUSE) {
        t->refused = m->reason;
    }
}

bool hostile_hear(struct hostile *h, int64_t ms)
{
    zmq_pollitem_t item = {.socket = h->inbox, .events = ZMQ_POLLIN};
    zmq_msg_t message;
    bool heard = false;
    if (h->open) {
        doc_clear(&h->doc);
        h->open = false;
    }
    if (zmq_poll(&item, 1, ms) <= 0) {
        return false;
    }
    zmq_msg_init(&message);
    if (zmq_msg_recv(&message, h->inbox, ZMQ_DONTWAIT) >= 0 &&
        zmq_msg_size(&message) <= sizeof(h->bytes)) {
        size_t len = zmq_msg_size(&message);
        memcpy(h->bytes, zmq_msg_data(&message), len);
        h->from = target_of(h, zmq_msg_gets(&message, "Peer-Address"));
        h->open = h->from && doc_open(&h->doc, slice_of(h->bytes, len), PACK_STRICT) == OK;
        heard = h->open && message_read(&h->doc.root, &h->message) == OK;
    }
    zmq_msg_close(&message);
    if (heard) {
        note(h);
    }
    return heard;
}

void hostile_live(struct hostile *h, const struct fingerprint *has, int64_t ms)
{
    int64_t end = now_ms() + ms, beat = 0;
    for (int64_t left = ms; left > 0; left = end - now_ms()) {
        bool asked = hostile_hear(h, left < 200 ? left : 200) && h->message.kind == MESSAGE_BEAT &&
                     (h->message.flags & BEAT_ANSWER);
        if (!asked && now_ms() < beat) {
            continue;
        }
        beat = now_ms() + 1000;
        for (uint32_t i = 0; i < h->options->targets_count; i++) {
            pack_reset(&h->pack);
            pack_beat(&h->pack, has ? has : &h->options->targets[i].has, 0);
            hostile_say(h, &h->options->targets[i]);
        }
    }
}

void hostile_stay(struct hostile *h, const struct fingerprint *has)
{
    printf("under way\n");
    fflush(stdout);
    for (;;) {
        hostile_live(h, has, 1000);
    }
}

void hostile_await_refuse(struct hostile *h, struct target *t)
{
    for (int64_t end = now_ms() + 10000; !t->refused;) {
        must(now_ms() < end, "it was never told REFUSE");
        hostile_hear(h, 100);
    }
}
