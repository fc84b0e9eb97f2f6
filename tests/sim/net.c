/* What lies between machines: links as daemon/io/links.c has them over ZeroMQ and TCP, and datagrams as daemon/io/lan.c sends
 * them. A link keeps its order and loses what was on it only when it breaks; a datagram may get lost, late, or twice. */
#include <stdlib.h>

#include "sim.h"

enum {
    RETRY_MS = 300,
    RETRY_MS_MAX = 10 * SECOND,
    DEAD_MS_MAX = 12 * SECOND, /* until TCP gives up a peer that is silent */
    HELD_MS = 200,             /* between two tries to get through a cut */
    CALL_AGAIN_MS = 3 * SECOND,
    BUSY_MS = 100, /* a way at the most, where people go on in a healed room */
};

struct address address_of_machine(const struct machine *m)
{
    struct address a = {.port = PORT_FIRST};
    a.ip[10] = a.ip[11] = 0xff;
    a.ip[12] = 10;
    a.ip[14] = m->ip[0];
    a.ip[15] = m->ip[1];
    return a;
}

static struct machine *machine_at(struct world *world, const struct address *a)
{
    for (int i = 0; i < world->count; i++) {
        struct address of = address_of_machine(&world->machines[i]);
        if (memcmp(of.ip, a->ip, sizeof(a->ip)) == 0) {
            return &world->machines[i];
        }
    }
    return NULL;
}

bool net_passes(const struct world *world, int from, int to)
{
    return !world->no_packets[from][to];
}

static bool both_ways(const struct world *world, int a, int b)
{
    return net_passes(world, a, b) && net_passes(world, b, a);
}

static uint32_t amount(const struct world *world, enum fault fault)
{
    return world->calm ? 0 : world->plan.amount[fault];
}

static int64_t latency(struct world *world, const struct machine *from, size_t len)
{
    int64_t ms = below(&world->net, world->work ? BUSY_MS : 2);
    if (amount(world, FAULT_DELAY)) {
        ms += below(&world->streams[FAULT_DELAY], 4 * amount(world, FAULT_DELAY) + 1);
        world->counts.faults[FAULT_DELAY]++;
    }
    return ms + (from->slow_bytes_ms && !world->calm ? (int64_t)len / from->slow_bytes_ms : 0);
}

/* ---- datagrams ---------------------------------------------------------------------------------------------------- */

static void send_datagram(struct world *world, struct machine *from, struct machine *to,
                          struct slice bytes)
{
    uint32_t copies = 1;
    if (chance(&world->streams[FAULT_LOSS], amount(world, FAULT_LOSS))) {
        world->counts.faults[FAULT_LOSS]++;
        return;
    }
    if (chance(&world->streams[FAULT_DUPLICATE], amount(world, FAULT_DUPLICATE))) {
        world->counts.faults[FAULT_DUPLICATE]++;
        copies = 2;
    }
    for (uint32_t i = 0; i < copies; i++) {
        struct parcel *p = parcel_new(PARCEL_DATAGRAM, bytes);
        int64_t late = 0;
        if (chance(&world->streams[FAULT_REORDER], amount(world, FAULT_REORDER))) {
            world->counts.faults[FAULT_REORDER]++;
            late = below(&world->streams[FAULT_REORDER], 3 * SECOND);
        }
        p->event.kind = EVENT_DATAGRAM;
        p->event.from = address_of_machine(from);
        memcpy(p->event.iface, "eth0", 5);
        p->from = from->index;
        p->to = to->index;
        p->life = to->life;
        post(world, p, world->t + latency(world, from, bytes.len) + late);
    }
}

static void datagram(struct world *world, struct machine *m, const struct output *o)
{
    struct machine *only = o->paths & PATH_UNICAST ? machine_at(world, &o->address) : NULL;
    for (int i = 0; i < world->count; i++) {
        struct machine *to = &world->machines[i];
        uint32_t paths = o->paths & ~(uint32_t)PATH_UNICAST;
        paths = world->calm ? paths : paths & ~world->filtered;
        if (to != m && (paths || to == only) && net_passes(world, m->index, i)) {
            send_datagram(world, m, to, o->bytes);
        }
    }
}

/* ---- links -------------------------------------------------------------------------------------------------------- */

static struct link *link_by_id(struct machine *m, uint64_t id)
{
    struct link *link = m->links;
    while (link && link->id != id) {
        link = link->next;
    }
    return link;
}

static struct link *link_find(struct machine *m, uint32_t class_index, const struct link_pk *peer)
{
    struct link *link = m->links;
    while (link && (link->called || link->class_index != class_index || !SAME(link->peer, *peer))) {
        link = link->next;
    }
    return link;
}

static bool same_address(const struct address *a, const struct address *b)
{
    return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0 && a->port == b->port && a->secret == b->secret;
}

static struct link *link_at(struct machine *m, uint32_t class_index, const struct address *address,
                            bool called)
{
    struct link *link = m->links;
    while (link && (link->called != called || link->class_index != class_index ||
                    !same_address(&link->address, address))) {
        link = link->next;
    }
    return link;
}

static void queue_clear(struct link *link)
{
    for (uint32_t i = 0; i < link->queue_len; i++) {
        free(link->queue[i]);
    }
    link->queue_len = 0;
}

static void link_remove(struct machine *m, struct link *link)
{
    struct link **at = &m->links;
    while (*at != link) {
        at = &(*at)->next;
    }
    *at = link->next;
    queue_clear(link);
    free(link);
}

static void try_connect(struct world *world, struct machine *m, struct link *link, int64_t wait)
{
    struct parcel *p = parcel_new(PARCEL_CONNECT, slice_of(NULL, 0));
    p->from = p->to = m->index;
    p->life = m->life;
    p->link = link->id;
    post(world, p, world->t + wait);
}

static struct link *link_add(struct world *world, struct machine *m, uint32_t class_index,
                             const struct address *address)
{
    struct link *link = sim_alloc(sizeof(*link));
    link->id = ++world->links;
    link->class_index = class_index;
    link->address = *address;
    link->to = -1;
    link->born = world->t;
    link->next = m->links;
    m->links = link;
    try_connect(world, m, link, 1);
    return link;
}

static void tell_link(struct world *world, struct machine *m, struct link *link)
{
    if (!link->called && link->up != link->told) {
        struct parcel *p = parcel_new(PARCEL_EVENT, slice_of(NULL, 0));
        p->event.kind = EVENT_LINK;
        p->event.class_index = link->class_index;
        p->event.peer = link->peer;
        p->event.up = link->up;
        p->to = m->index;
        p->life = m->life;
        link->told = link->up;
        post(world, p, world->t);
    }
}

static void send_on(struct world *world, struct machine *m, struct link *link, struct parcel *p)
{
    uint32_t rude = amount(world, FAULT_RUDE) / 5;
    struct rng *rng = &world->streams[FAULT_RUDE];
    if (link->flight >= LINK_FLIGHT_MAX) {
        free(p);
        return;
    }
    int64_t at = world->t + latency(world, m, p->event.bytes.len);
    at = at > link->last_arrival ? at : link->last_arrival;
    link->last_arrival = at;
    if (rude && chance(rng, rude)) {
        world->counts.faults[FAULT_RUDE]++;
        uint32_t what = below(rng, 3);
        if (what == 0) {
            free(p);
            return;
        }
        at += what == 1 ? below(rng, 2 * SECOND) : 0;
    }
    p->to = link->to;
    p->life = world->machines[link->to].life;
    p->link = link->id;
    p->session = link->session;
    link->flight++;
    post(world, p, at);
}

static void link_send(struct world *world, struct machine *m, struct link *link, struct slice bytes)
{
    struct parcel *p = parcel_new(PARCEL_MESSAGE, bytes);
    p->event.kind = EVENT_MESSAGE;
    p->event.peer = m->link;
    p->from = m->index;
    if (link->up) {
        send_on(world, m, link, p);
    } else if (link->queue_len < LINK_QUEUE_MAX) {
        link->queue[link->queue_len++] = p;
    } else {
        free(p);
    }
}

static struct sim_inbox *inbox_by_port(struct machine *m, uint16_t port)
{
    for (int i = 0; i < INBOXES_MAX; i++) {
        if (m->inboxes[i].on && m->inboxes[i].port == port) {
            return &m->inboxes[i];
        }
    }
    return NULL;
}

static struct sim_inbox *inbox_of(struct machine *m, uint32_t class_index, uint8_t number)
{
    for (int i = 0; i < INBOXES_MAX; i++) {
        if (m->inboxes[i].on && m->inboxes[i].class_index == class_index &&
            m->inboxes[i].number == number) {
            return &m->inboxes[i];
        }
    }
    return NULL;
}

/* Does the other end take this connection: is somebody there, with the same secret, who lets us in? */
static struct sim_inbox *accepts(struct world *world, struct machine *m, const struct link *link,
                                 struct machine *to)
{
    if (!to || !(to->device || to->lies) || to->standing_until > world->t ||
        !both_ways(world, m->index, to->index) || world->no_connect[m->index][to->index]) {
        return NULL;
    }
    struct sim_inbox *in = inbox_by_port(to, link->address.port);
    struct sim_inbox *own = inbox_of(m, link->class_index, link->address.secret);
    if (!in || !own || !SAME(in->secret, own->secret)) {
        return NULL;
    }
    struct address from = address_of_machine(m);
    bool admitted = to->lies || door_admit(&to->door, in->class_index, &m->link, from.ip,
                                           now_of(world, to).mono);
    return admitted ? in : NULL;
}

void net_connect(struct world *world, struct parcel *p)
{
    struct machine *m = &world->machines[p->from];
    struct link *link = p->life == m->life ? link_by_id(m, p->link) : NULL;
    if (!link || link->up) {
        return;
    }
    struct machine *to = machine_at(world, &link->address);
    if (!accepts(world, m, link, to)) {
        int64_t wait = (int64_t)RETRY_MS << (link->tries < 6 ? link->tries : 6);
        link->tries++;
        try_connect(world, m, link, wait < RETRY_MS_MAX ? wait : RETRY_MS_MAX);
        return;
    }
    link->up = true;
    link->breaking = false;
    link->tries = 0;
    link->to = to->index;
    link->session = ++world->sessions;
    link->last_arrival = world->t;
    link->flight = 0;
    trace(world, "m%d ==> m%d link", m->index, to->index);
    for (uint32_t i = 0; i < link->queue_len; i++) {
        send_on(world, m, link, link->queue[i]);
    }
    link->queue_len = 0;
    tell_link(world, m, link);
}

void net_break_link(struct world *world, struct machine *m, struct link *link)
{
    if (!link->up) {
        return;
    }
    trace(world, "m%d =/= m%d", m->index, link->to);
    link->up = false;
    link->told = link->told && !m->lies;
    link->breaking = false;
    link->session = 0;
    queue_clear(link);
    tell_link(world, m, link);
    try_connect(world, m, link, RETRY_MS);
}

void net_break(struct world *world, struct parcel *p)
{
    struct machine *m = &world->machines[p->from];
    struct link *link = p->life == m->life ? link_by_id(m, p->link) : NULL;
    if (link && link->up && link->session == p->session) {
        net_break_link(world, m, link);
    }
}

static void break_later(struct world *world, struct machine *m, struct link *link)
{
    if (!link->breaking) {
        struct parcel *p = parcel_new(PARCEL_BREAK, slice_of(NULL, 0));
        p->from = p->to = m->index;
        p->life = m->life;
        p->link = link->id;
        p->session = link->session;
        link->breaking = true;
        post(world, p, world->t + below(&world->net, DEAD_MS_MAX));
    }
}

void net_down(struct world *world, struct machine *m, bool heard)
{
    while (m->links) {
        link_remove(m, m->links);
    }
    for (int i = 0; i < world->count; i++) {
        struct machine *other = &world->machines[i];
        for (struct link *link = other->links; link; link = link->next) {
            if (link->up && link->to == m->index) {
                heard ? net_break_link(world, other, link) : break_later(world, other, link);
            }
        }
    }
}

void net_reset(struct world *world, struct machine *m)
{
    for (struct link *link = m->links; link; link = link->next) {
        net_break_link(world, m, link);
    }
    for (int i = 0; i < world->count; i++) {
        struct machine *other = &world->machines[i];
        for (struct link *link = other->links; link; link = link->next) {
            if (link->up && link->to == m->index) {
                net_break_link(world, other, link);
            }
        }
    }
}

/* What came to an inbox: whose message, by which secret, and does the door let it in? */
static void into_inbox(struct world *world, struct parcel *p, struct machine *to,
                       const struct sim_inbox *in)
{
    p->event.class_index = in->class_index;
    p->event.from = address_of_machine(&world->machines[p->from]);
    p->event.from.port = 0;
    p->event.from.secret = in->number;
    struct mono mono = now_of(world, to).mono;
    if (to->lies || (!door_bars(&to->door, in->class_index, &p->event.peer) &&
                     !door_refuses(&to->door, &p->event.peer, mono))) {
        world->counts.messages++;
        feed(world, to, &p->event);
    }
}

static uint32_t sum_of(struct slice bytes)
{
    uint32_t sum = 1;
    for (size_t i = 0; i < bytes.len; i++) {
        sum = sum * 31 + bytes.at[i];
    }
    return sum;
}

static const char *kind_of(struct slice bytes)
{
    static const char *const names[] = {"?",       "HELLO",  "BEAT",  "LEAVE",    "RANGES",
                                        "HEADS",   "WANT",   "RUNS",  "ACK",      "PEERS",
                                        "SUSPECT", "HEARD",  "GONE",  "FORK",     "REFUSE",
                                        "INBOX",   "CLOSED", "LACKS", "PAYLOADS", "MISSING"};
    return bytes.len > 1 && bytes.at[1] < sizeof(names) / sizeof(names[0]) ? names[bytes.at[1]]
                                                                           : names[0];
}

static void message(struct world *world, struct parcel *p)
{
    struct machine *from = &world->machines[p->from], *to = &world->machines[p->to];
    struct link *link = link_by_id(from, p->link);
    if (!link || !link->up || link->session != p->session) {
        free(p);
        return;
    }
    if (!both_ways(world, p->from, p->to)) {
        /* TCP tries again, until it gives up */
        break_later(world, from, link);
        link->last_arrival = world->t + HELD_MS;
        post(world, p, link->last_arrival);
        return;
    }
    link->flight -= link->flight > 0;
    struct sim_inbox *in = inbox_by_port(to, link->address.port);
    if (in && (to->device || to->lies)) {
        trace(world, "m%d --> m%d %s %zu bytes %08x", p->from, p->to, kind_of(p->event.bytes),
              p->event.bytes.len, sum_of(p->event.bytes));
        into_inbox(world, p, to, in);
    }
    free(p);
}

void net_deliver(struct world *world, struct parcel *p)
{
    struct machine *to = &world->machines[p->to];
    if (p->kind == PARCEL_MESSAGE) {
        message(world, p);
        return;
    }
    if (net_passes(world, p->from, p->to) && p->life == to->life && (to->device || to->lies)) {
        world->counts.datagrams++;
        feed(world, to, &p->event);
    }
    free(p);
}

void net_raw(struct world *world, struct machine *from, int to, struct slice bytes)
{
    for (struct link *link = from->links; link; link = link->next) {
        if (link->to == to && link->up) {
            link_send(world, from, link, bytes);
            return;
        }
    }
}

bool net_dial(struct world *world, struct machine *m, int to)
{
    for (struct link *link = m->links; link; link = link->next) {
        if (link->to == to && link->up) {
            bool is_new = !link->told;
            link->told = true;
            return is_new;
        }
    }
    for (int i = 0; i < INBOXES_MAX; i++) {
        const struct sim_inbox *in = &world->machines[to].inboxes[i];
        struct address address = address_of_machine(&world->machines[to]);
        address.port = in->port;
        address.secret = m->inboxes[0].number;
        if (in->on && SAME(in->secret, m->inboxes[0].secret) && !link_at(m, 0, &address, true)) {
            link_add(world, m, 0, &address)->called = true;
        }
    }
    return false;
}

/* ---- what a core asks for ----------------------------------------------------------------------------------------- */

static void open_link(struct world *world, struct machine *m, const struct output *o)
{
    struct link *link = link_find(m, o->class_index, &o->peer);
    door_know(&m->door, &o->peer, now_of(world, m).mono);
    if (link) {
        if (link->up && same_address(&link->address, &o->address)) {
            return;
        }
        link_remove(m, link);
    }
    link = link_at(m, o->class_index, &o->address, true);
    if (link) {
        link->called = false;
        link->peer = o->peer;
        tell_link(world, m, link);
        return;
    }
    link = link_add(world, m, o->class_index, &o->address);
    link->peer = o->peer;
}

static void call_address(struct world *world, struct machine *m, const struct output *o)
{
    struct link *link = link_at(m, o->class_index, &o->address, false);
    if (!link) {
        link = link_at(m, o->class_index, &o->address, true);
        if (link && !link->up && world->t - link->born >= CALL_AGAIN_MS) {
            link_remove(m, link);
            link = NULL;
        }
        if (!link) {
            link = link_add(world, m, o->class_index, &o->address);
            link->called = true;
        }
    }
    if (link->called && !link->up) {
        queue_clear(link);
    }
    link_send(world, m, link, o->bytes);
}

static void bind_inbox(struct world *world, struct machine *m, const struct output *o)
{
    uint16_t port = PORT_FIRST;
    int free_one = -1;
    for (int i = INBOXES_MAX; i-- > 0;) {
        free_one = m->inboxes[i].on ? free_one : i;
    }
    if (free_one < 0 || inbox_of(m, o->class_index, o->address.secret)) {
        return;
    }
    while (inbox_by_port(m, port)) {
        port++;
    }
    m->inboxes[free_one] = (struct sim_inbox){.on = true,
                                              .class_index = o->class_index,
                                              .number = o->address.secret,
                                              .secret = o->secret,
                                              .port = port};
    struct parcel *p = parcel_new(PARCEL_EVENT, slice_of(NULL, 0));
    p->event.kind = EVENT_BOUND;
    p->event.class_index = o->class_index;
    p->event.from.secret = o->address.secret;
    p->event.port = port;
    p->to = m->index;
    p->life = m->life;
    post(world, p, world->t);
}

static void unbind(struct world *world, struct machine *m, const struct output *o)
{
    struct sim_inbox *in = inbox_of(m, o->class_index, o->address.secret);
    if (!in) {
        return;
    }
    for (int i = 0; i < world->count; i++) {
        struct machine *other = &world->machines[i];
        for (struct link *link = other->links; link; link = link->next) {
            if (link->up && link->to == m->index && link->address.port == in->port) {
                net_break_link(world, other, link);
            }
        }
    }
    in->on = false;
    for (struct link *link = m->links, *next; link; link = next) {
        next = link->next;
        if (link->class_index == o->class_index && link->address.secret == o->address.secret) {
            link_remove(m, link);
        }
    }
}

/* Cuts the connections of this key to a machine. */
static void cut_peer(struct world *world, struct machine *m, const struct link_pk *peer)
{
    for (int i = 0; i < world->count; i++) {
        struct machine *other = &world->machines[i];
        for (struct link *link = other->links; link; link = link->next) {
            if (SAME(other->link, *peer) && link->up && link->to == m->index) {
                net_break_link(world, other, link);
            }
        }
    }
}

static void bar(struct world *world, struct machine *m, const struct output *o)
{
    door_bar(&m->door, o->class_index, o->bytes);
    for (size_t at = 0; at + sizeof(struct link_pk) <= o->bytes.len; at += sizeof(struct link_pk)) {
        struct link_pk peer;
        memcpy(peer.b, o->bytes.at + at, sizeof(peer.b));
        cut_peer(world, m, &peer);
    }
}

void net_output(struct world *world, struct machine *m, const struct output *o)
{
    struct link *link = link_find(m, o->class_index, &o->peer);
    switch (o->kind) {
    case OUTPUT_SEND:
        check_sent(world, m, o->bytes);
        if (link) {
            link_send(world, m, link, o->bytes);
        }
        break;
    case OUTPUT_LINK:
        open_link(world, m, o);
        break;
    case OUTPUT_UNLINK:
        if (link) {
            link_remove(m, link);
        }
        break;
    case OUTPUT_CALL:
        call_address(world, m, o);
        break;
    case OUTPUT_DATAGRAM:
        datagram(world, m, o);
        break;
    case OUTPUT_KICK:
        trace(world, "m%d kicks a peer", m->index);
        door_kick(&m->door, &o->peer, o->wait_ms, now_of(world, m).mono);
        cut_peer(world, m, &o->peer);
        break;
    case OUTPUT_BAR:
        bar(world, m, o);
        break;
    case OUTPUT_BIND:
        bind_inbox(world, m, o);
        break;
    case OUTPUT_UNBIND:
        unbind(world, m, o);
        break;
    default:
        break;
    }
}
