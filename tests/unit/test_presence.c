/* Presence, in a small world of its own: many instances in one process, with simulated time,
 * delays, loss and cuts. */
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

static bool happening_before(const struct happening *a, const struct happening *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct happening *a, struct happening *b)
{
    struct happening c = *a;
    *a = *b;
    *b = c;
}

static void push(struct world *w, struct happening h)
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

static struct happening pop(struct world *w)
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
static void spend(struct world *w, int64_t us)
{
    w->spent_us += us;
    w->now += w->spent_us / 1000;
    w->spent_us %= 1000;
}

static int64_t delay(struct world *w)
{
    uint64_t spread = (uint64_t)(w->delay_max - w->delay_min) + 1;
    return w->delay_min + (int64_t)rng_below(&w->rng, spread);
}

static bool is_lost(struct world *w)
{
    return rng_below(&w->rng, 100) < w->loss_percent;
}

static bool reaches(const struct world *w, int from, int to)
{
    return w->nodes[from].group == w->nodes[to].group;
}

static struct now node_now(const struct world *w, int i)
{
    return (struct now){{w->now + w->nodes[i].clock}, {w->now}};
}

static struct address address_of(int i, uint16_t port)
{
    return (struct address){.ip = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = (uint8_t)(i + 1)},
                            .port = port};
}

static int node_at(const struct world *w, const struct address *address)
{
    int i = address->ip[15] - 1;
    return address->ip[12] == 10 && i >= 0 && i < w->count ? i : -1;
}

static int node_of(const struct world *w, const struct peer *peer)
{
    for (int i = 0; i < w->count; i++) {
        if (SAME(w->nodes[i].device, peer->device)) {
            return i;
        }
    }
    return -1;
}

static void send_bytes(struct world *w, int from, int to, uint32_t link, struct slice bytes)
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

static void send_packed(struct world *w, int from, int to, uint32_t link, struct pack *pack)
{
    assert_false(pack->failed);
    send_bytes(w, from, to, link, pack_bytes(pack));
    pack_clear(pack);
}

static void send_hello(struct world *w, int from, int to, uint32_t link)
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

static void connect_link(struct world *w, int from, int to, uint32_t link, int64_t wait)
{
    push(w, (struct happening){
                .kind = CONNECT, .at = w->now + wait, .from = to, .to = from, .link = link});
}

static void send_datagram(struct world *w, int from, int to, const struct act *act,
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

static void do_beacon(struct world *w, int from, const struct act *act)
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

static void do_changed(struct world *w, int i, const struct peer *peer)
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

static void do_beat(struct world *w, int from, const struct act *act)
{
    int to = node_of(w, act->peer);
    struct fingerprint fingerprint = {{1}};
    struct pack pack;
    pack_init(&pack);
    pack_beat(&pack, &fingerprint, act->flags);
    send_packed(w, from, to, w->nodes[from].links[to], &pack);
}

static void greet(struct world *w, int i, const struct peer *peer)
{
    int to = node_of(w, peer);
    struct pack pack;
    send_hello(w, i, to, w->nodes[i].links[to]);
    pack_init(&pack);
    presence_hints(w->nodes[i].presence, peer, node_now(w, i), &pack);
    send_packed(w, i, to, w->nodes[i].links[to], &pack);
}

static void do_link(struct world *w, int i, const struct peer *peer)
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

static void do_act(struct world *w, int i, const struct act *act)
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

static void pull(struct world *w, int i)
{
    struct act act;
    while (presence_next(w->nodes[i].presence, &act)) {
        do_act(w, i, &act);
    }
}

static void take_message(struct world *w, const struct happening *h, struct slice bytes)
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

static void take_connect(struct world *w, const struct happening *h)
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

static void take_break(struct world *w, const struct happening *h)
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

static void happen(struct world *w, struct happening *h)
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
static int64_t wake_of(const struct world *w, int i)
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

static void run_to(struct world *w, int64_t end)
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

static void run_for(struct world *w, int64_t ms)
{
    run_to(w, w->now + ms);
}

static void node_start(struct world *w, int i)
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

static void node_make(struct world *w)
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
static struct world *world_new(int count, uint8_t seed)
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
static struct world *room_new(int count, uint8_t seed)
{
    struct world *w = world_new(count, seed);
    for (int i = 0; i < count; i++) {
        node_start(w, i);
        run_for(w, 20);
    }
    run_for(w, 5 * SECOND);
    return w;
}

static void world_free(struct world *w)
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

static void node_stop(struct world *w, int i)
{
    w->nodes[i].alive = false;
    presence_free(&w->nodes[i].presence);
}

/* The kernel closes its connections: the others notice. */
static void node_kill(struct world *w, int i)
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

static void cut(struct world *w, int i, int group)
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
static void cut_in_half(struct world *w)
{
    for (int i = w->count / 2; i < w->count; i++) {
        cut(w, i, 1);
    }
}

static void mend_cut(struct world *w)
{
    for (int i = 0; i < w->count; i++) {
        w->nodes[i].group = 0;
    }
}

static enum peer_state state_of(const struct world *w, int at, int of)
{
    struct peer *peer = presence_by_device(w->nodes[at].presence, &w->nodes[of].device);
    return peer != NULL ? peer->state : PEER_CALLED;
}

/* How many of the living in one group don't see each other as here. */
static int blind_pairs(const struct world *w)
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
static int believers(const struct world *w, int gone)
{
    int count = 0;
    for (int i = 0; i < w->count; i++) {
        count += i != gone && w->nodes[i].alive && state_of(w, i, gone) == PEER_HERE;
    }
    return count;
}

static uint64_t false_alarms(const struct world *w)
{
    uint64_t count = 0;
    for (int i = 0; i < w->count; i++) {
        count += w->nodes[i].false_alarms;
    }
    return count;
}

static uint64_t sum_messages(const struct world *w)
{
    uint64_t count = 0;
    for (int i = 0; i < w->count; i++) {
        count += w->nodes[i].messages;
    }
    return count;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void machines_that_start_together_find_each_other(void **state)
{
    (void)state;
    static const int counts[] = {2, 5, 30, 60};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct world *w = world_new(counts[i], 1);
        for (int j = 0; j < counts[i]; j++) {
            node_start(w, j);
        }
        run_for(w, counts[i] > NEIGHBOURS_MAX ? 4 * SECOND : 300);
        assert_int_equal(blind_pairs(w), 0);
        run_for(w, MINUTE);
        assert_int_equal(blind_pairs(w), 0);
        assert_int_equal(false_alarms(w), 0);
        world_free(w);
    }
}

/* So many on one processor, as in a lab of namespaces, or on a slow one each: in all, their links take it longer than a call waits. */
static struct world *crowd_new(int64_t handshake_us, int64_t turn_us)
{
    struct world *w = world_new(120, 26);
    w->handshake_us = handshake_us;
    w->turn_us = turn_us;
    for (int i = 0; i < w->count; i++) {
        node_start(w, i);
        run_for(w, 20);
    }
    return w;
}

static void a_crowd_that_is_too_much_at_once_comes_together(void **state)
{
    (void)state;
    struct world *w = crowd_new(2000, 50);
    run_for(w, 90 * SECOND);
    assert_int_equal(blind_pairs(w), 0);
    assert_int_equal(false_alarms(w), 0);
    world_free(w);
}

static void a_crowd_that_is_split_accuses_nobody_who_is_only_late(void **state)
{
    (void)state;
    struct world *w = crowd_new(1000, 25);
    run_for(w, MINUTE);
    assert_int_equal(blind_pairs(w), 0);
    cut_in_half(w);
    run_for(w, 30 * SECOND);
    assert_int_equal(state_of(w, 0, w->count - 1), PEER_GONE);
    mend_cut(w);
    run_for(w, 20 * SECOND);
    assert_int_equal(blind_pairs(w), 0);
    assert_int_equal(false_alarms(w), 0);
    world_free(w);
}

static void one_that_comes_later_is_seen_at_once(void **state)
{
    (void)state;
    struct world *w = world_new(30, 2);
    for (int i = 0; i < 29; i++) {
        node_start(w, i);
    }
    run_for(w, 10 * MINUTE);
    node_start(w, 29);
    run_for(w, 50);
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

static void one_that_leaves_is_seen_to_leave_at_once(void **state)
{
    (void)state;
    struct world *w = room_new(30, 3);
    presence_leave(w->nodes[7].presence, node_now(w, 7));
    pull(w, 7);
    run_for(w, 5);
    node_kill(w, 7);
    for (int i = 0; i < 30; i++) {
        assert_true(i == 7 || state_of(w, i, 7) == PEER_LEFT);
    }
    uint64_t before = sum_messages(w);
    run_for(w, 10);
    assert_true(sum_messages(w) - before < 30);
    run_for(w, MINUTE);
    assert_int_equal(state_of(w, 0, 7), PEER_LEFT);
    node_start(w, 7);
    run_for(w, 100);
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

static void a_machine_without_power_is_gone_for_all_within_four_seconds(void **state)
{
    (void)state;
    static const int counts[] = {2, 3, 5, 30, 60};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (int phase = 0; phase < 8; phase++) {
            struct world *w = room_new(counts[i], (uint8_t)(40 + phase));
            run_for(w, 5 * SECOND + phase * 250);
            node_stop(w, 1);
            run_for(w, 3900);
            assert_int_equal(believers(w, 1), 0);
            assert_int_equal(blind_pairs(w), 0);
            assert_int_equal(false_alarms(w), 0);
            world_free(w);
        }
    }
}

static void a_killed_daemon_is_gone_for_all_within_two_seconds(void **state)
{
    (void)state;
    static const int counts[] = {2, 3, 30};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct world *w = room_new(counts[i], 5);
        node_kill(w, 1);
        run_for(w, 1500);
        assert_int_equal(believers(w, 1), 0);
        assert_int_equal(blind_pairs(w), 0);
        world_free(w);
    }
}

static void a_daemon_that_starts_again_is_here_again(void **state)
{
    (void)state;
    struct world *w = room_new(30, 6);
    node_kill(w, 4);
    run_for(w, 200);
    node_start(w, 4);
    run_for(w, 2 * SECOND);
    assert_int_equal(blind_pairs(w), 0);
    struct peer *peer = presence_by_device(w->nodes[9].presence, &w->nodes[4].device);
    assert_true(peer->run == w->nodes[4].run);
    run_for(w, MINUTE);
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

static void an_hour_of_idling_on_a_bad_network_raises_no_alarm(void **state)
{
    (void)state;
    static const int counts[] = {2, 30};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct world *w = room_new(counts[i], 7);
        w->delay_max = 200;
        w->loss_percent = 1;
        run_for(w, HOUR);
        assert_int_equal(false_alarms(w), 0);
        assert_int_equal(blind_pairs(w), 0);
        world_free(w);
    }
}

static void a_network_that_loses_a_fifth_leaves_nothing_wrong_behind(void **state)
{
    (void)state;
    struct world *w = world_new(30, 8);
    w->loss_percent = 20;
    w->delay_max = 100;
    for (int i = 0; i < 30; i++) {
        node_start(w, i);
    }
    run_for(w, 5 * MINUTE);
    node_stop(w, 3);
    run_for(w, 5 * MINUTE);
    assert_int_equal(believers(w, 3), 0);
    w->loss_percent = 0;
    run_for(w, 5 * MINUTE);
    assert_int_equal(blind_pairs(w), 0);
    assert_int_equal(believers(w, 3), 0);
    world_free(w);
}

static void two_halves_lose_each_other_and_find_each_other(void **state)
{
    (void)state;
    static const int64_t lengths[] = {10 * SECOND, 5 * MINUTE};
    for (size_t length = 0; length < 2; length++) {
        struct world *w = room_new(30, 36);
        cut_in_half(w);
        run_for(w, 6 * SECOND); /* whose four watchers are all in the other half takes longer */
        for (int i = 0; i < 15; i++) {
            for (int j = 15; j < 30; j++) {
                assert_int_equal(state_of(w, i, j), PEER_GONE);
                assert_int_equal(state_of(w, j, i), PEER_GONE);
            }
        }
        assert_int_equal(blind_pairs(w), 0);
        uint64_t beacons = 0;
        for (int i = 0; i < 30; i++) {
            beacons -= w->nodes[i].beacons;
        }
        run_for(w, lengths[length]);
        for (int i = 0; i < 30; i++) {
            beacons += w->nodes[i].beacons;
        }
        /* at most five a second in the whole room, give or take the jitter */
        assert_true(beacons <= (uint64_t)lengths[length] / SECOND * 7 + 30);
        mend_cut(w);
        run_for(w, 5 * SECOND);
        assert_int_equal(blind_pairs(w), 0);
        assert_int_equal(false_alarms(w), 0);
        world_free(w);
    }
}

static void one_whose_cable_is_cut_knows_that_it_is_alone(void **state)
{
    (void)state;
    struct world *w = room_new(30, 10);
    struct mono alone;
    assert_false(presence_alone(w->nodes[5].presence, &alone));
    int64_t when = w->now;
    cut(w, 5, 1);
    run_for(w, 3950);
    assert_int_equal(believers(w, 5), 0);
    assert_int_equal(blind_pairs(w), 0);
    assert_int_equal(presence_here(w->nodes[5].presence), 0);
    assert_true(presence_alone(w->nodes[5].presence, &alone));
    assert_in_range(alone.ms - w->nodes[5].clock, when - 2000, when + 5);
    run_for(w, MINUTE);
    w->nodes[5].group = 0;
    run_for(w, 5 * SECOND);
    assert_int_equal(blind_pairs(w), 0);
    assert_false(presence_alone(w->nodes[5].presence, &alone));
    world_free(w);
}

static void one_behind_a_firewall_is_heard_and_knows_that_it_hears_nobody(void **state)
{
    (void)state;
    struct world *w = world_new(10, 11);
    w->nodes[0].deaf = true;
    for (int i = 1; i < 10; i++) {
        node_start(w, i);
    }
    run_for(w, 10 * SECOND);
    node_start(w, 0);
    run_for(w, 10 * MINUTE);
    assert_int_equal(blind_pairs(w), 9);
    assert_int_equal(presence_here(w->nodes[0].presence), 0);
    for (int i = 1; i < 10; i++) {
        assert_in_range(w->nodes[i].changes, 9, 9 + 4); /* it doesn't come and go */
    }
    world_free(w);
}

static struct peer *peer_at(struct world *w, int at, int of)
{
    return presence_by_device(w->nodes[at].presence, &w->nodes[of].device);
}

static void one_whom_only_one_other_does_not_hear_stays_here(void **state)
{
    (void)state;
    for (uint8_t seed = 24; seed < 30; seed++) {
        struct world *w = room_new(5, seed);
        w->nodes[1].unheard_by = 0;
        while (peer_at(w, 0, 1)->accused.ms == 0) {
            run_for(w, 1);
        }
        /* two are asked; one that denies it thrice counts once */
        struct message no = {
            .kind = MESSAGE_HEARD, .device = w->nodes[1].device, .run = w->nodes[1].run};
        for (int i = 0; i < 3; i++) {
            presence_message(w->nodes[0].presence, peer_at(w, 0, 2), &no, node_now(w, 0));
        }
        pull(w, 0);
        run_for(w, 5 * MINUTE);
        assert_int_equal(false_alarms(w), 0);
        assert_int_equal(blind_pairs(w), 0);
        world_free(w);
    }
}

static void one_that_vanished_before_anybody_watched_it_is_found_out(void **state)
{
    (void)state;
    struct world *w = world_new(31, 9);
    for (int i = 0; i < 30; i++) {
        node_start(w, i);
    }
    run_for(w, MINUTE);
    /* the last one greets each, and isn't there any more when they call it */
    for (int i = 0; i < 30; i += 3) {
        struct message hello = {.device = w->nodes[30].device, .run = 1, .port = INBOX_PORT};
        struct address from = address_of(30, 0);
        struct peer *peer;
        presence_hello(w->nodes[i].presence, &hello, &w->nodes[30].link, &from, node_now(w, i),
                       &peer);
        pull(w, i);
    }
    assert_int_equal(believers(w, 30), 10);
    run_for(w, 3 * MINUTE);
    assert_int_equal(believers(w, 30), 0);
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

static void a_liar_takes_nobody_out(void **state)
{
    (void)state;
    struct world *w = room_new(30, 12);
    for (int turn = 0; turn < 200; turn++) {
        for (int victim = 1; victim < 30; victim++) {
            for (int to = 1; to < 30; to++) {
                struct pack pack;
                pack_init(&pack);
                pack_gone(&pack, &w->nodes[victim].device, w->nodes[victim].run);
                send_packed(w, 0, to, w->nodes[0].links[to], &pack);
            }
        }
        run_for(w, 130);
    }
    assert_int_equal(false_alarms(w), 0);
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

/* Where all called all it would take more than 20,000 links to come together, and 10,000 after the cut. */
static void a_large_room_hears_of_most_from_others(void **state)
{
    (void)state;
    struct world *w = world_new(120, 33);
    for (int i = 0; i < w->count; i++) {
        node_start(w, i);
    }
    run_for(w, 5 * SECOND);
    assert_int_equal(blind_pairs(w), 0);
    assert_in_range(w->links, 120, 120 * 60);
    run_for(w, MINUTE);
    cut_in_half(w);
    run_for(w, 30 * SECOND);
    assert_int_equal(state_of(w, 0, w->count - 1), PEER_GONE);
    uint32_t links = w->links;
    mend_cut(w);
    run_for(w, 6 * SECOND);
    assert_int_equal(blind_pairs(w), 0);
    assert_in_range(w->links - links, 120, 120 * 60);
    assert_int_equal(false_alarms(w), 0);
    world_free(w);
}

static void who_only_others_told_of_is_met_in_time(void **state)
{
    (void)state;
    struct world *w = room_new(60, 35);
    run_for(w, HOUR);
    for (int i = 0; i < w->count; i++) {
        for (int k = 0; k < w->count; k++) {
            assert_true(i == k || peer_at(w, i, k)->heard.ms != 0);
        }
    }
    world_free(w);
}

static void say_heard(struct world *w, int liar, int about, uint64_t ago_ms)
{
    for (int to = 0; to < w->count; to++) {
        struct pack pack;
        pack_init(&pack);
        pack_heard(&pack, &w->nodes[about].device, w->nodes[about].run, true, ago_ms);
        struct peer *peer = w->nodes[to].alive && to != liar ? peer_at(w, to, liar) : NULL;
        struct doc doc;
        struct message m;
        assert_int_equal(doc_open(&doc, pack_bytes(&pack), PACK_STRICT), OK);
        assert_int_equal(message_read(&doc.root, &m), OK);
        if (peer != NULL) {
            presence_message(w->nodes[to].presence, peer, &m, node_now(w, to));
            pull(w, to);
        }
        doc_clear(&doc);
        pack_clear(&pack);
    }
}

static void a_liar_brings_nobody_back(void **state)
{
    (void)state;
    struct world *w = room_new(60, 34);
    run_for(w, MINUTE);
    node_kill(w, 1);
    while (believers(w, 1) > 0) {
        run_for(w, 10);
    }
    /* what two heard before it was found gone isn't news */
    say_heard(w, 2, 1, 2400);
    say_heard(w, 3, 1, 2400);
    assert_int_equal(believers(w, 1), 0);
    for (int turn = 0; turn < 100; turn++) {
        say_heard(w, 0, 1, 0);
        assert_int_equal(believers(w, 1), 0);
        run_for(w, 130);
    }
    /* two who lie together are found out by those whom it should beat */
    say_heard(w, 2, 1, 0);
    say_heard(w, 3, 1, 0);
    assert_true(believers(w, 1) > 50);
    run_for(w, 15 * SECOND);
    assert_int_equal(believers(w, 1), 0);
    world_free(w);
}

static void a_liar_who_denies_every_question_takes_nobody_out(void **state)
{
    (void)state;
    struct world *w = room_new(5, 13);
    w->loss_percent = 5;
    for (int turn = 0; turn < 3000; turn++) {
        for (int victim = 1; victim < 5; victim++) {
            int to = 1 + turn % 4;
            struct pack pack;
            pack_init(&pack);
            pack_heard(&pack, &w->nodes[victim].device, w->nodes[victim].run, false, 0);
            send_packed(w, 0, to, w->nodes[0].links[to], &pack);
        }
        run_for(w, 100);
    }
    assert_int_equal(false_alarms(w), 0);
    world_free(w);
}

static void one_that_stood_still_accuses_nobody(void **state)
{
    (void)state;
    static const int counts[] = {2, 30};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct world *w = room_new(counts[i], 14);
        w->nodes[1].asleep_until = w->now + 5 * SECOND;
        run_for(w, 5 * SECOND);
        assert_int_equal(believers(w, 1), 0);
        assert_int_equal(w->nodes[1].false_alarms, 0);
        run_for(w, 4 * SECOND);
        assert_int_equal(w->nodes[1].false_alarms, 0);
        assert_int_equal(blind_pairs(w), 0);
        world_free(w);
    }
}

static void one_that_stood_still_in_the_middle_of_a_question_asks_again(void **state)
{
    (void)state;
    struct world *w = room_new(2, 31);
    w->nodes[1].unheard_by = 0;
    while (peer_at(w, 0, 1)->accused.ms == 0) {
        run_for(w, 1);
    }
    w->nodes[0].asleep_until = w->now + 5 * SECOND;
    run_for(w, 5 * SECOND - 1);
    w->nodes[1].unheard_by = -1; /* what was sent meanwhile is lost */
    run_for(w, 5 * SECOND);
    assert_int_equal(w->nodes[0].false_alarms, 0);
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

static void idling_costs_the_same_in_a_small_and_in_a_large_room(void **state)
{
    (void)state;
    static const int counts[] = {2, 5, 10, 30, 60};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct world *w = room_new(counts[i], 15);
        run_for(w, MINUTE);
        uint64_t messages = sum_messages(w);
        uint64_t beacons = w->nodes[0].beacons;
        run_for(w, 10 * MINUTE);
        messages = (sum_messages(w) - messages) / (uint64_t)counts[i];
        /* two beats a second, and a probe with its answer now and then */
        assert_true(messages <= 600 * 2 + 300);
        assert_true(w->nodes[0].beacons - beacons <= 40);
        world_free(w);
    }
}

static void where_beacons_are_filtered_one_address_is_enough(void **state)
{
    (void)state;
    struct world *w = world_new(20, 16);
    w->no_beacons = true;
    struct address first = address_of(0, INBOX_PORT);
    for (int i = 0; i < 20; i++) {
        node_start(w, i);
        presence_call(w->nodes[i].presence, &first, node_now(w, i));
        run_for(w, 100);
    }
    run_for(w, 4 * SECOND);
    assert_int_equal(blind_pairs(w), 0);
    world_free(w);
}

static struct beacon beacon_of(const struct node *node, uint64_t flags)
{
    return (struct beacon){flags, node->device, node->run, INBOX_PORT, PATH_BROADCAST};
}

static uint32_t count_acts(struct presence *p, enum act_kind kind)
{
    struct act act;
    uint32_t count = 0;
    while (presence_next(p, &act)) {
        count += act.kind == kind;
    }
    return count;
}

static void a_beacon_sent_again_and_again_costs_a_call_every_few_seconds(void **state)
{
    (void)state;
    struct world *w = world_new(2, 17);
    node_start(w, 0);
    struct presence *p = w->nodes[0].presence;
    struct beacon beacon = beacon_of(&w->nodes[1], BEACON_ANSWER);
    struct address from = address_of(1, UDP_PORT);
    uint32_t links = 0;
    uint32_t answers = 0;
    struct act act;
    count_acts(p, ACT_LINK);
    for (int i = 0; i < 1000; i++) {
        w->now += 10;
        presence_beacon(p, &beacon, &from, "eth0", node_now(w, 0));
        while (presence_next(p, &act)) {
            links += act.kind == ACT_LINK;
            answers += act.kind == ACT_BEACON;
        }
    }
    assert_in_range(links, 1, 4);
    assert_in_range(answers, 1, 11);
    assert_int_equal(presence_here(p), 0);
    assert_int_equal(presence_at(p, 0)->paths, PATH_BROADCAST);
    world_free(w);
}

static void beacons_of_made_up_devices_fill_no_table(void **state)
{
    (void)state;
    struct world *w = world_new(1, 18);
    node_start(w, 0);
    struct presence *p = w->nodes[0].presence;
    struct address from = address_of(1, UDP_PORT);
    uint32_t answers = 0;
    for (uint32_t i = 0; i < 5000; i++) {
        struct beacon beacon = beacon_of(&w->nodes[0], BEACON_ANSWER);
        uint8_t seed[32];
        struct sign_key key;
        struct sign_pk pk;
        rng_fill(&w->rng, seed, sizeof(seed));
        sign_keypair(seed, &key, &pk);
        memcpy(beacon.device.b, pk.b, sizeof(pk.b));
        presence_beacon(p, &beacon, &from, "eth0", node_now(w, 0));
        answers += count_acts(p, ACT_BEACON);
    }
    assert_in_range(presence_count(p), 1, 128);
    assert_in_range(answers, 1, 128);
    w->no_beacons = true;
    run_for(w, 5 * MINUTE);
    assert_int_equal(presence_count(p), 0);
    world_free(w);
}

static void a_hello_under_another_key_is_refused(void **state)
{
    (void)state;
    struct world *w = world_new(3, 19);
    node_start(w, 0);
    struct presence *p = w->nodes[0].presence;
    struct message hello = {.device = w->nodes[1].device, .run = 1, .port = INBOX_PORT};
    struct address from = address_of(1, 0);
    struct peer *peer;
    enum err err = presence_hello(p, &hello, &w->nodes[2].link, &from, node_now(w, 0), &peer);
    assert_int_equal(err, ERR_MALFORMED);
    assert_null(peer);
    assert_int_equal(presence_count(p), 0);
    err = presence_hello(p, &hello, &w->nodes[1].link, &from, node_now(w, 0), &peer);
    assert_int_equal(err, OK);
    assert_int_equal(peer->state, PEER_HERE);
    assert_int_equal(peer->address.port, INBOX_PORT);
    world_free(w);
}

static void a_copy_of_this_disk_is_noticed_by_its_hello_alone(void **state)
{
    (void)state;
    struct world *w = world_new(1, 20);
    node_start(w, 0);
    struct presence *p = w->nodes[0].presence;
    struct beacon beacon = beacon_of(&w->nodes[0], 0);
    struct address from = address_of(9, UDP_PORT);
    beacon.run++;
    count_acts(p, ACT_CALL);
    presence_beacon(p, &beacon, &from, "eth0", node_now(w, 0));
    assert_int_equal(count_acts(p, ACT_CALL), 1);
    assert_null(presence_twin(p));
    struct message hello = {.device = w->nodes[0].device,
                            .run = beacon.run,
                            .port = INBOX_PORT,
                            .host = slice_str("pc7")};
    struct peer *peer;
    enum err err = presence_hello(p, &hello, &w->nodes[0].link, &from, node_now(w, 0), &peer);
    assert_int_equal(err, ERR_YOURSELF);
    assert_string_equal(presence_twin(p)->host, "pc7");
    world_free(w);
}

/* Two that have found each other; *peer is the second one, for the first, by a link that works. */
static struct world *world_of_two(uint8_t seed, struct peer **peer)
{
    struct world *w = world_new(2, seed);
    node_start(w, 0);
    node_start(w, 1);
    run_for(w, 10 * SECOND);
    *peer = presence_by_device(w->nodes[0].presence, &w->nodes[1].device);
    assert_true(*peer && (*peer)->up);
    return w;
}

/* Two machines swap their addresses: a link to one is a working link to the other, in the same class. */
static void one_that_hears_nothing_of_us_is_called_where_it_says_so(void **state)
{
    (void)state;
    struct peer *peer;
    struct world *w = world_of_two(22, &peer);
    struct presence *p = w->nodes[0].presence;
    struct address from = address_of(9, 0), before = peer->address;
    struct message hello = {.device = w->nodes[1].device, .run = peer->run, .port = INBOX_PORT};
    count_acts(p, ACT_LINK);
    presence_hello(p, &hello, &w->nodes[1].link, &from, node_now(w, 0), &peer);
    assert_int_equal(count_acts(p, ACT_LINK), 0); /* it may have two addresses */
    assert_memory_equal(&peer->address, &before, sizeof(before));
    hello.flags = HELLO_UNHEARD;
    presence_hello(p, &hello, &w->nodes[1].link, &from, node_now(w, 0), &peer);
    from.port = INBOX_PORT;
    assert_int_equal(count_acts(p, ACT_LINK), 1);
    assert_memory_equal(&peer->address, &from, sizeof(from));
    world_free(w);
}

/* Both of two that swapped their addresses reach themselves instead of one another. */
static void a_link_that_leads_to_ourselves_is_given_up(void **state)
{
    (void)state;
    struct peer *peer;
    struct world *w = world_of_two(23, &peer);
    struct presence *p = w->nodes[0].presence;
    struct message hello = {
        .device = w->nodes[0].device, .run = w->nodes[0].run, .port = INBOX_PORT};
    struct address elsewhere = address_of(9, 0);
    struct peer *self;
    count_acts(p, ACT_UNLINK);
    presence_hello(p, &hello, &w->nodes[0].link, &elsewhere, node_now(w, 0), &self);
    assert_int_equal(count_acts(p, ACT_UNLINK), 0);
    presence_hello(p, &hello, &w->nodes[0].link, &peer->address, node_now(w, 0), &self);
    assert_int_equal(count_acts(p, ACT_UNLINK), 1);
    assert_false(peer->linked);
    world_free(w);
}

/* It is gone, but a beacon of its comes from another place than a link to it leads to, which works. */
static void one_that_is_gone_is_called_where_its_beacons_come_from(void **state)
{
    (void)state;
    struct peer *peer;
    struct world *w = world_of_two(24, &peer);
    struct presence *p = w->nodes[0].presence;
    struct beacon beacon = beacon_of(&w->nodes[1], 0);
    struct address there = peer->address, from = address_of(9, UDP_PORT);
    beacon.run = peer->run;
    w->no_beacons = true;
    w->nodes[1].unheard_by = 0;
    for (int i = 0; i < 20 && (peer->state == PEER_HERE || !peer->up); i++) {
        run_for(w, SECOND);
    }
    assert_int_equal(peer->state, PEER_GONE);
    assert_true(peer->up);
    presence_beacon(p, &beacon, &there, "eth0", node_now(w, 0));
    assert_memory_equal(&peer->address, &there, sizeof(there));
    presence_beacon(p, &beacon, &from, "eth0", node_now(w, 0));
    assert_memory_equal(peer->address.ip, from.ip, sizeof(from.ip));
    assert_true(peer->linked);
    assert_false(peer->up);
    world_free(w);
}

/* A restart brings a new run; only two daemons take turns. */
static void a_run_that_comes_back_after_another_is_counted(void **state)
{
    (void)state;
    struct world *w = world_new(2, 21);
    node_start(w, 0);
    struct presence *p = w->nodes[0].presence;
    struct address from = address_of(9, UDP_PORT);
    struct message hello = {.device = w->nodes[1].device, .port = INBOX_PORT};
    static const uint64_t runs[] = {5, 6, 7, 6, 7, 7, 6};
    static const uint32_t returns[] = {0, 0, 0, 1, 2, 2, 3};
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        struct peer *peer = NULL;
        hello.run = runs[i];
        assert_int_equal(presence_hello(p, &hello, &w->nodes[1].link, &from, node_now(w, 0), &peer),
                         OK);
        assert_int_equal(peer->returns, returns[i]);
    }
    world_free(w);
}

static void addresses_that_mean_nothing_elsewhere_are_not_passed_on(void **state)
{
    (void)state;
    struct world *w = world_new(5, 21);
    node_start(w, 0);
    struct presence *p = w->nodes[0].presence;
    /* two on the LAN, one on this machine, one by a link-local address */
    struct address from[] = {address_of(1, 0),
                             address_of(2, 0),
                             {.ip = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}},
                             {.ip = {0xfe, 0x80, [15] = 7}, .scope = 3}};
    struct peer *peers[4];
    for (int i = 0; i < 4; i++) {
        struct message hello = {.device = w->nodes[i + 1].device, .run = 1, .port = INBOX_PORT};
        presence_hello(p, &hello, &w->nodes[i + 1].link, &from[i], node_now(w, 0), &peers[i]);
    }
    static const uint32_t told[] = {1, 1, 2, 2};
    for (int i = 0; i < 4; i++) {
        struct pack pack;
        struct doc doc;
        struct message message;
        pack_init(&pack);
        presence_hints(p, peers[i], node_now(w, 0), &pack);
        assert_int_equal(doc_open(&doc, pack_bytes(&pack), PACK_STRICT), OK);
        assert_int_equal(message_read(&doc.root, &message), OK);
        assert_int_equal(message.count, told[i]);
        doc_clear(&doc);
        pack_clear(&pack);
    }
    world_free(w);
}

static void a_change_of_addresses_is_announced_and_calls_everybody_anew(void **state)
{
    (void)state;
    struct world *w = room_new(5, 22);
    struct presence *p = w->nodes[0].presence;
    presence_network(p, node_now(w, 0));
    struct act act;
    uint32_t links = 0;
    uint32_t beacons = 0;
    while (presence_next(p, &act)) {
        links += act.kind == ACT_LINK;
        beacons += act.kind == ACT_BEACON && (act.flags & BEACON_ANSWER);
        do_act(w, 0, &act);
    }
    assert_int_equal(links, 4);
    assert_int_equal(beacons, 1);
    presence_network(p, node_now(w, 0));
    assert_int_equal(count_acts(p, ACT_LINK), 0); /* not again at once */
    run_for(w, MINUTE);
    assert_int_equal(blind_pairs(w), 0);
    assert_int_equal(false_alarms(w), 0);
    world_free(w);
}

static void an_idle_machine_sleeps_most_of_the_time(void **state)
{
    (void)state;
    struct world *w = room_new(30, 23);
    run_for(w, MINUTE);
    uint64_t ticks = w->ticks;
    run_for(w, 10 * MINUTE);
    assert_true((w->ticks - ticks) / 30 <= 600 * 4);
    world_free(w);
}

/* Others hold pointers to it, for what they have to say to it in this turn. */
static void who_is_forgotten_is_said_to_be_first(void **state)
{
    (void)state;
    struct peer *peer;
    struct act act;
    struct world *w = world_of_two(25, &peer);
    struct presence *p = w->nodes[0].presence;
    presence_bar(p, &w->nodes[1].device, 1, node_now(w, 0));
    count_acts(p, ACT_UNLINK);
    presence_tick(p, node_now(w, 0));
    assert_null(presence_by_device(p, &w->nodes[1].device));
    bool said = false;
    while (presence_next(p, &act)) {
        said = said || (act.kind == ACT_FORGET && act.peer == peer &&
                        SAME(act.peer->device, w->nodes[1].device));
    }
    assert_true(said);
    world_free(w);
}

/* Between the moment when it is given up and the one when it can be forgotten, as acts are queued, it may come. */
static void who_comes_while_it_is_being_forgotten_stays(void **state)
{
    (void)state;
    struct world *w = world_new(2, 27);
    struct peer *peer = NULL;
    struct address from = address_of(1, UDP_PORT);
    node_start(w, 0);
    struct presence *p = w->nodes[0].presence;
    struct beacon beacon = beacon_of(&w->nodes[1], 0);
    presence_beacon(p, &beacon, &from, "eth0", node_now(w, 0));
    for (int i = 0; i < 300; i++) { /* nobody takes its calls, and no act is pulled */
        w->now += SECOND;
        presence_tick(p, node_now(w, 0));
    }
    assert_non_null(presence_by_device(p, &w->nodes[1].device));
    struct message hello = {.version = PROTOCOL_VERSION,
                            .device = w->nodes[1].device,
                            .run = 5,
                            .port = INBOX_PORT,
                            .host = slice_str("pc1")};
    from.port = 0;
    assert_int_equal(presence_hello(p, &hello, &w->nodes[1].link, &from, node_now(w, 0), &peer),
                     OK);
    count_acts(p, ACT_LINK);
    presence_tick(p, node_now(w, 0));
    assert_int_equal(presence_here(p), 1);
    assert_ptr_equal(presence_by_device(p, &w->nodes[1].device), peer);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_that_is_too_much_at_once_comes_together),
        cmocka_unit_test(a_crowd_that_is_split_accuses_nobody_who_is_only_late),
        cmocka_unit_test(machines_that_start_together_find_each_other),
        cmocka_unit_test(one_that_comes_later_is_seen_at_once),
        cmocka_unit_test(one_that_leaves_is_seen_to_leave_at_once),
        cmocka_unit_test(a_machine_without_power_is_gone_for_all_within_four_seconds),
        cmocka_unit_test(a_killed_daemon_is_gone_for_all_within_two_seconds),
        cmocka_unit_test(a_daemon_that_starts_again_is_here_again),
        cmocka_unit_test(an_hour_of_idling_on_a_bad_network_raises_no_alarm),
        cmocka_unit_test(a_network_that_loses_a_fifth_leaves_nothing_wrong_behind),
        cmocka_unit_test(two_halves_lose_each_other_and_find_each_other),
        cmocka_unit_test(one_whose_cable_is_cut_knows_that_it_is_alone),
        cmocka_unit_test(one_behind_a_firewall_is_heard_and_knows_that_it_hears_nobody),
        cmocka_unit_test(one_whom_only_one_other_does_not_hear_stays_here),
        cmocka_unit_test(one_that_vanished_before_anybody_watched_it_is_found_out),
        cmocka_unit_test(a_liar_takes_nobody_out),
        cmocka_unit_test(a_large_room_hears_of_most_from_others),
        cmocka_unit_test(who_only_others_told_of_is_met_in_time),
        cmocka_unit_test(a_liar_brings_nobody_back),
        cmocka_unit_test(a_liar_who_denies_every_question_takes_nobody_out),
        cmocka_unit_test(one_that_stood_still_accuses_nobody),
        cmocka_unit_test(one_that_stood_still_in_the_middle_of_a_question_asks_again),
        cmocka_unit_test(idling_costs_the_same_in_a_small_and_in_a_large_room),
        cmocka_unit_test(where_beacons_are_filtered_one_address_is_enough),
        cmocka_unit_test(a_beacon_sent_again_and_again_costs_a_call_every_few_seconds),
        cmocka_unit_test(beacons_of_made_up_devices_fill_no_table),
        cmocka_unit_test(a_hello_under_another_key_is_refused),
        cmocka_unit_test(a_copy_of_this_disk_is_noticed_by_its_hello_alone),
        cmocka_unit_test(one_that_hears_nothing_of_us_is_called_where_it_says_so),
        cmocka_unit_test(a_link_that_leads_to_ourselves_is_given_up),
        cmocka_unit_test(one_that_is_gone_is_called_where_its_beacons_come_from),
        cmocka_unit_test(who_is_forgotten_is_said_to_be_first),
        cmocka_unit_test(who_comes_while_it_is_being_forgotten_stays),
        cmocka_unit_test(a_run_that_comes_back_after_another_is_counted),
        cmocka_unit_test(addresses_that_mean_nothing_elsewhere_are_not_passed_on),
        cmocka_unit_test(a_change_of_addresses_is_announced_and_calls_everybody_anew),
        cmocka_unit_test(an_idle_machine_sleeps_most_of_the_time),
    };
    return keys_init() == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
