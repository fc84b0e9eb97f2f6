/* A network of presences in one process: links, datagrams and time are simulated, and each machine may be slow. All of it
 * follows from a seed. */
#ifndef JAM_TEST_NETWORK_H
#define JAM_TEST_NETWORK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "presence.h"

enum {
    NODES_MAX = 128,
    UDP_PORT = 4000,
    INBOX_PORT = 5000,
    CONNECT_AGAIN_MS = 500,
    BROKEN_MS = 6000, /* until a link notices by itself that its cable is cut */
    SECOND = 1000,
    MINUTE = 60 * SECOND,
    HOUR = 60 * MINUTE,
};

/* ---- the world ------------------------------------------------------------------------------ */

enum happening_kind { DATAGRAM, MESSAGE, CONNECT, BREAK };

/* Something that reaches node `to` from node `from`. */
struct happening {
    enum happening_kind kind;
    int64_t at;
    uint64_t order;
    int from, to;
    uint32_t link; /* CONNECT, BREAK, MESSAGE: number of the link, 0 for a call by hand */
    struct beacon beacon;
    size_t len;
    uint8_t *bytes;
};

struct node {
    struct presence *presence;
    struct rng rng;
    struct device_id device;
    struct link_pk link;
    uint64_t run;
    int64_t clock; /* its monotonic clock less the world's */
    bool alive;
    bool deaf; /* a firewall: others can't connect to it, nor reach it by datagram */
    int64_t asleep_until;
    int unheard_by;            /* whom its messages do not reach; -1: nobody */
    int group;                 /* who has another number is behind a cut */
    uint32_t links[NODES_MAX]; /* number of the link to each; 0: none */
    int links_to[NODES_MAX];   /* where they lead */
    bool greeting[NODES_MAX];  /* a HELLO is queued on it */
    bool up[NODES_MAX];        /* it is connected */
    int64_t link_last[NODES_MAX];
    uint64_t messages, beacons, datagrams;
    uint64_t false_alarms; /* times that it called one gone that was alive and in its group */
    uint64_t changes;
    bool seen_gone[NODES_MAX];
};

struct world {
    struct node nodes[NODES_MAX];
    int count;
    int64_t now;
    struct rng rng;
    struct happening *queue; /* a heap */
    size_t queue_count, queue_room;
    uint64_t order;
    uint32_t links;
    uint64_t ticks;
    int64_t delay_min, delay_max;
    uint32_t loss_percent;
    bool no_beacons;
    /* where all share one processor: what a new link takes of it, and any other turn */
    int64_t handshake_us, turn_us;
    int64_t spent_us;
};

static inline bool happening_before(const struct happening *a, const struct happening *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static inline void swap(struct happening *a, struct happening *b)
{
    struct happening c = *a;
    *a = *b;
    *b = c;
}

static inline void push(struct world *w, struct happening h)
{
    if (w->queue_count == w->queue_room) {
        w->queue_room = w->queue_room ? 2 * w->queue_room : 1024;
        w->queue = realloc(w->queue, w->queue_room * sizeof(h));
        assert_non_null(w->queue);
    }
    h.order = w->order++;
    size_t i = w->queue_count++;
    w->queue[i] = h;
    for (; i > 0 && happening_before(&w->queue[i], &w->queue[(i - 1) / 2]); i = (i - 1) / 2) {
        swap(&w->queue[i], &w->queue[(i - 1) / 2]);
    }
}

static inline struct happening pop(struct world *w)
{
    struct happening first = w->queue[0];
    w->queue[0] = w->queue[--w->queue_count];
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < w->queue_count; child++) {
            least = happening_before(&w->queue[child], &w->queue[least]) ? child : least;
        }
        if (least == i) {
            return first;
        }
        swap(&w->queue[i], &w->queue[least]);
        i = least;
    }
}

/* What a turn of a daemon takes of the processor that all share; meanwhile nothing else happens. */
static inline void spend(struct world *w, int64_t us)
{
    w->spent_us += us;
    w->now += w->spent_us / 1000;
    w->spent_us %= 1000;
}

static inline int64_t delay(struct world *w)
{
    uint64_t spread = (uint64_t)(w->delay_max - w->delay_min) + 1;
    return w->delay_min + (int64_t)rng_below(&w->rng, spread);
}

static inline bool is_lost(struct world *w)
{
    return rng_below(&w->rng, 100) < w->loss_percent;
}

static inline bool reaches(const struct world *w, int from, int to)
{
    return w->nodes[from].group == w->nodes[to].group;
}

static inline struct now node_now(const struct world *w, int i)
{
    return (struct now){{w->now + w->nodes[i].clock}, {w->now}};
}

static inline struct address address_of(int i, uint16_t port)
{
    return (struct address){.ip = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = (uint8_t)(i + 1)},
                            .port = port};
}

static inline int node_at(const struct world *w, const struct address *address)
{
    int i = address->ip[15] - 1;
    return address->ip[12] == 10 && i >= 0 && i < w->count ? i : -1;
}

static inline int node_of(const struct world *w, const struct peer *peer)
{
    for (int i = 0; i < w->count; i++) {
        if (SAME(w->nodes[i].device, peer->device)) {
            return i;
        }
    }
    return -1;
}

static inline void send_bytes(struct world *w, int from, int to, uint32_t link, struct slice bytes)
{
    struct node *node = &w->nodes[from];
    node->messages++;
    if (is_lost(w) || !reaches(w, from, to) || node->unheard_by == to) {
        return;
    }
    struct happening h = {.kind = MESSAGE, .from = from, .to = to, .link = link, .len = bytes.len};
    h.at = w->now + delay(w);
    h.at = h.at > node->link_last[to] ? h.at : node->link_last[to];
    node->link_last[to] = h.at;
    h.bytes = malloc(bytes.len);
    assert_non_null(h.bytes);
    memcpy(h.bytes, bytes.at, bytes.len);
    push(w, h);
}

static inline void send_packed(struct world *w, int from, int to, uint32_t link, struct pack *pack)
{
    assert_false(pack->failed);
    send_bytes(w, from, to, link, pack_bytes(pack));
    pack_clear(pack);
}

static inline void send_hello(struct world *w, int from, int to, uint32_t link)
{
    const struct node *node = &w->nodes[from];
    struct message hello = {.version = PROTOCOL_VERSION,
                            .device = node->device,
                            .run = node->run,
                            .port = INBOX_PORT,
                            .wall_ms = w->now,
                            .host = slice_str("lab")};
    struct pack pack;
    pack_init(&pack);
    pack_hello(&pack, &hello);
    send_packed(w, from, to, link, &pack);
}

static inline void connect_link(struct world *w, int from, int to, uint32_t link, int64_t wait)
{
    push(w, (struct happening){
                .kind = CONNECT, .at = w->now + wait, .from = to, .to = from, .link = link});
}

static inline void send_datagram(struct world *w, int from, int to, const struct act *act,
                                 enum lan_path path)
{
    const struct node *node = &w->nodes[from];
    if (from == to || w->no_beacons || !reaches(w, from, to) || is_lost(w)) {
        return;
    }
    push(w, (struct happening){.kind = DATAGRAM,
                               .at = w->now + delay(w),
                               .from = from,
                               .to = to,
                               .beacon = {act->flags, node->device, node->run, INBOX_PORT, path}});
}

static inline void do_beacon(struct world *w, int from, const struct act *act)
{
    if (act->paths == PATH_UNICAST) {
        w->nodes[from].datagrams++;
        int to = node_at(w, &act->address);
        if (to >= 0) {
            send_datagram(w, from, to, act, PATH_UNICAST);
        }
        return;
    }
    w->nodes[from].beacons++;
    for (uint32_t path = 1; path < PATH_UNICAST; path *= 2) {
        for (int to = 0; to < w->count && (act->paths & path); to++) {
            send_datagram(w, from, to, act, (enum lan_path)path);
        }
    }
}

static inline void do_changed(struct world *w, int i, const struct peer *peer)
{
    struct node *node = &w->nodes[i];
    int other = node_of(w, peer);
    node->changes++;
    if (peer->state == PEER_GONE) {
        bool alive = w->nodes[other].alive && reaches(w, i, other);
        node->false_alarms += alive;
        node->seen_gone[other] = true;
    }
}

static inline void do_beat(struct world *w, int from, const struct act *act)
{
    int to = node_of(w, act->peer);
    struct fingerprint fingerprint = {{1}};
    struct pack pack;
    pack_init(&pack);
    pack_beat(&pack, &fingerprint, act->flags);
    send_packed(w, from, to, w->nodes[from].links[to], &pack);
}

static inline void greet(struct world *w, int i, const struct peer *peer)
{
    int to = node_of(w, peer);
    struct pack pack;
    send_hello(w, i, to, w->nodes[i].links[to]);
    pack_init(&pack);
    presence_hints(w->nodes[i].presence, peer, node_now(w, i), &pack);
    send_packed(w, i, to, w->nodes[i].links[to], &pack);
}

static inline void do_link(struct world *w, int i, const struct peer *peer)
{
    struct node *node = &w->nodes[i];
    int device = node_of(w, peer);
    int to = node_at(w, &peer->address);
    if (node->links[device] != 0 && node->links_to[device] == to && node->up[device]) {
        greet(w, i, peer);
        return;
    }
    node->links[device] = ++w->links;
    node->links_to[device] = to;
    node->up[device] = false;
    node->greeting[device] = true;
    if (to >= 0) {
        connect_link(w, i, to, w->links, 3 * delay(w));
    }
}

static inline void do_act(struct world *w, int i, const struct act *act)
{
    struct node *node = &w->nodes[i];
    int to;
    if (act->peer != NULL && node_of(w, act->peer) < 0) {
        return; /* a made up device */
    }
    switch (act->kind) {
    case ACT_LINK:
        do_link(w, i, act->peer);
        break;
    case ACT_UNLINK:
        node->links[node_of(w, act->peer)] = 0;
        break;
    case ACT_SEND:
        to = node_of(w, act->peer);
        send_bytes(w, i, to, node->links[to], act->bytes);
        break;
    case ACT_BEAT:
        do_beat(w, i, act);
        break;
    case ACT_BEACON:
        do_beacon(w, i, act);
        break;
    case ACT_CALL:
        to = node_at(w, &act->address);
        if (to >= 0 && w->nodes[to].alive && !w->nodes[to].deaf && reaches(w, i, to)) {
            send_hello(w, i, to, 0);
        }
        break;
    case ACT_CHANGED:
        do_changed(w, i, act->peer);
        break;
    case ACT_FORGET:
        break;
    }
}

static inline void pull(struct world *w, int i)
{
    struct act act;
    while (presence_next(w->nodes[i].presence, &act)) {
        do_act(w, i, &act);
    }
}

static inline void take_message(struct world *w, const struct happening *h, struct slice bytes)
{
    struct node *node = &w->nodes[h->to];
    struct doc doc;
    struct message message;
    assert_int_equal(doc_open(&doc, bytes, PACK_STRICT), OK);
    assert_int_equal(message_read(&doc.root, &message), OK);
    struct now now = node_now(w, h->to);
    struct link_pk *link = &w->nodes[h->from].link;
    struct peer *peer = presence_by_link(node->presence, link);
    if (message.kind == MESSAGE_HELLO) {
        struct address from = address_of(h->from, 0);
        presence_hello(node->presence, &message, link, &from, now, &peer);
    } else if (peer != NULL) {
        presence_message(node->presence, peer, &message, now);
    }
    doc_clear(&doc);
}

static inline void take_connect(struct world *w, const struct happening *h)
{
    struct node *node = &w->nodes[h->to];
    int other = h->from;
    if (node->links[other] != h->link) {
        spend(w, w->handshake_us / 2); /* it was given up on the way */
        return;
    }
    if (!w->nodes[other].alive || w->nodes[other].deaf || !reaches(w, h->to, other)) {
        connect_link(w, h->to, other, h->link, CONNECT_AGAIN_MS);
        return;
    }
    struct peer *peer = presence_by_device(node->presence, &w->nodes[other].device);
    spend(w, w->handshake_us);
    if (peer == NULL) {
        return;
    }
    node->up[other] = true;
    presence_link(node->presence, peer, true, node_now(w, h->to));
    if (node->greeting[other]) {
        node->greeting[other] = false;
        greet(w, h->to, peer);
    }
}

static inline void take_break(struct world *w, const struct happening *h)
{
    struct node *node = &w->nodes[h->to];
    struct peer *peer = presence_by_device(node->presence, &w->nodes[h->from].device);
    if (node->links[h->from] == h->link && peer != NULL) {
        node->greeting[h->from] = false;
        node->up[h->from] = false;
        presence_link(node->presence, peer, false, node_now(w, h->to));
        connect_link(w, h->to, h->from, h->link, CONNECT_AGAIN_MS);
    }
}

static inline void happen(struct world *w, struct happening *h)
{
    struct node *node = &w->nodes[h->to];
    if (node->alive && node->asleep_until > w->now) {
        h->at = node->asleep_until;
        push(w, *h);
        return;
    }
    if (node->alive) {
        struct address from = address_of(h->from, UDP_PORT);
        switch (h->kind) {
        case DATAGRAM:
            presence_beacon(node->presence, &h->beacon, &from, "eth0", node_now(w, h->to));
            break;
        case MESSAGE:
            take_message(w, h, slice_of(h->bytes, h->len));
            break;
        case CONNECT:
            take_connect(w, h);
            break;
        case BREAK:
            take_break(w, h);
            break;
        }
        spend(w, w->turn_us);
        pull(w, h->to);
    }
    free(h->bytes);
}

/* When a node next wants a tick, by the world's clock. */
static inline int64_t wake_of(const struct world *w, int i)
{
    const struct node *node = &w->nodes[i];
    if (!node->alive) {
        return INT64_MAX;
    }
    struct mono wake = presence_wake(node->presence);
    if (wake.ms == INT64_MAX) {
        return INT64_MAX;
    }
    int64_t at = wake.ms - node->clock;
    return at > node->asleep_until ? at : node->asleep_until;
}

static inline void run_to(struct world *w, int64_t end)
{
    static int64_t wakes[NODES_MAX];
    for (int i = 0; i < w->count; i++) {
        wakes[i] = wake_of(w, i);
    }
    for (;;) {
        int next = 0;
        for (int i = 1; i < w->count; i++) {
            next = wakes[i] < wakes[next] ? i : next;
        }
        bool tick = w->queue_count == 0 || wakes[next] < w->queue[0].at;
        int64_t at = tick ? wakes[next] : w->queue[0].at;
        if (at > end || w->now > end) {
            break;
        }
        w->now = at > w->now ? at : w->now;
        if (tick) {
            w->ticks++;
            presence_tick(w->nodes[next].presence, node_now(w, next));
            spend(w, w->turn_us);
            pull(w, next);
        } else {
            struct happening h = pop(w);
            next = h.to;
            happen(w, &h);
        }
        wakes[next] = wake_of(w, next);
    }
    w->now = w->now > end ? w->now : end;
}

static inline void run_for(struct world *w, int64_t ms)
{
    run_to(w, w->now + ms);
}

static inline void node_start(struct world *w, int i)
{
    struct node *node = &w->nodes[i];
    rng_fill(&w->rng, &node->run, sizeof(node->run));
    node->alive = true;
    node->asleep_until = 0;
    memset(node->links, 0, sizeof(node->links));
    node->presence = presence_new(&node->device, node->run, &node->rng, node_now(w, i));
    assert_non_null(node->presence);
    presence_start(node->presence, node_now(w, i));
    pull(w, i);
}

static inline void node_make(struct world *w)
{
    struct node *node = &w->nodes[w->count++];
    uint8_t seed[32];
    struct sign_key key;
    struct sign_pk pk;
    rng_fill(&w->rng, seed, sizeof(seed));
    sign_keypair(seed, &key, &pk);
    memcpy(node->device.b, pk.b, sizeof(node->device.b));
    assert_true(link_public_of(&node->device, &node->link));
    rng_fill(&w->rng, seed, sizeof(seed));
    rng_seed(&node->rng, seed);
    node->unheard_by = -1;
    node->clock = (int64_t)rng_below(&w->rng, 1000000) + 1000;
}

/* Nodes that know nothing of each other; none runs yet. */
static inline struct world *world_new(int count, uint8_t seed)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    rng_seed(&w->rng, (uint8_t[32]){seed});
    w->delay_min = 1;
    w->delay_max = 3;
    for (int i = 0; i < count; i++) {
        node_make(w);
    }
    return w;
}

/* All run and know each other. */
static inline struct world *room_new(int count, uint8_t seed)
{
    struct world *w = world_new(count, seed);
    for (int i = 0; i < count; i++) {
        node_start(w, i);
        run_for(w, 20);
    }
    run_for(w, 5 * SECOND);
    return w;
}

static inline void world_free(struct world *w)
{
    for (int i = 0; i < w->count; i++) {
        presence_free(&w->nodes[i].presence);
    }
    for (size_t i = 0; i < w->queue_count; i++) {
        free(w->queue[i].bytes);
    }
    free(w->queue);
    free(w);
}

/* ---- what tests do to it -------------------------------------------------------------------- */

static inline void node_stop(struct world *w, int i)
{
    w->nodes[i].alive = false;
    presence_free(&w->nodes[i].presence);
}

/* The kernel closes its connections: the others notice. */
static inline void node_kill(struct world *w, int i)
{
    node_stop(w, i);
    for (int other = 0; other < w->count; other++) {
        if (w->nodes[other].links[i] != 0) {
            push(w, (struct happening){.kind = BREAK,
                                       .at = w->now + delay(w),
                                       .from = i,
                                       .to = other,
                                       .link = w->nodes[other].links[i]});
        }
    }
}

static inline void cut(struct world *w, int i, int group)
{
    w->nodes[i].group = group;
    for (int other = 0; other < w->count; other++) {
        bool broken = w->nodes[other].group != group;
        for (int turn = 0; turn < 2 && broken; turn++) {
            int from = turn ? i : other;
            int to = turn ? other : i;
            if (w->nodes[from].links[to] != 0) {
                push(w, (struct happening){.kind = BREAK,
                                           .at = w->now + BROKEN_MS,
                                           .from = to,
                                           .to = from,
                                           .link = w->nodes[from].links[to]});
            }
        }
    }
}

/* The second half of the room away from the first; and back. */
static inline void cut_in_half(struct world *w)
{
    for (int i = w->count / 2; i < w->count; i++) {
        cut(w, i, 1);
    }
}

static inline void mend_cut(struct world *w)
{
    for (int i = 0; i < w->count; i++) {
        w->nodes[i].group = 0;
    }
}

static inline enum peer_state state_of(const struct world *w, int at, int of)
{
    struct peer *peer = presence_by_device(w->nodes[at].presence, &w->nodes[of].device);
    return peer != NULL ? peer->state : PEER_CALLED;
}

static inline struct peer *peer_at(struct world *w, int at, int of)
{
    return presence_by_device(w->nodes[at].presence, &w->nodes[of].device);
}

/* How many of the living in one group don't see each other as here. */
static inline int blind_pairs(const struct world *w)
{
    int blind = 0;
    for (int i = 0; i < w->count; i++) {
        for (int j = 0; j < w->count; j++) {
            bool both = i != j && w->nodes[i].alive && w->nodes[j].alive && reaches(w, i, j);
            blind += both && state_of(w, i, j) != PEER_HERE;
        }
    }
    return blind;
}

/* How many of the living, in one group with `except`'s former friends, still see a node that is
 * gone. */
static inline int believers(const struct world *w, int gone)
{
    int count = 0;
    for (int i = 0; i < w->count; i++) {
        count += i != gone && w->nodes[i].alive && state_of(w, i, gone) == PEER_HERE;
    }
    return count;
}

static inline uint64_t false_alarms(const struct world *w)
{
    uint64_t count = 0;
    for (int i = 0; i < w->count; i++) {
        count += w->nodes[i].false_alarms;
    }
    return count;
}

static inline uint64_t sum_messages(const struct world *w)
{
    uint64_t count = 0;
    for (int i = 0; i < w->count; i++) {
        count += w->nodes[i].messages;
    }
    return count;
}

#endif
