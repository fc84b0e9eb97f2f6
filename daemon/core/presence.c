/* The devices of one class and what is known of them: takes events, and queues what must be done
 * about them. */
#include "presence_inside.h"

#include <stdlib.h>

enum {
    TODOS_AT_FIRST = 64,
    TODOS_MAX = 16 * DEVICES_MAX, /* a caller that pulls after each event never gets near */
    STEPS_MAX = 8,                /* of one peer in one tick */
    LEAVE_GRACE_MS = 1000,        /* what arrives so late was said before the LEAVE */
    MOVE_MS = 60000,              /* in so long, so many of them, */
    MOVES_MAX = 4,      /* where a firewall lets none through; new words may come close together */
    FEW_HINTS = 8,      /* in a PEERS that nobody waits for */
    LARGE_HINTS = 16,   /* for newcomers of a large room, whom many tell */
    LARGE_MS = 60000,   /* who is gone for less counts for how large the room is */
    NEWCOMER_MS = 5000, /* so long one that came is told of the others */
    NEIGHBOURS_FEW = NEIGHBOURS_MAX * 4 / 5, /* a room that was large is so until it has no more */
    ROOM_LEFT = DEVICES_MAX / 16, /* kept free for newcomers, by forgetting who is away longest */
};
static const int64_t WALL_MS_MAX = (int64_t)1 << 52;

struct presence *presence_new(const struct device_id *self, uint64_t run, struct rng *rng,
                              struct now now)
{
    struct presence *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        return NULL;
    }
    p->self = *self;
    p->run = run;
    p->rng = rng;
    p->heard = now.mono;
    watch_place(self, &p->place);
    pack_init(&p->pack);
    return p;
}

static void free_forgotten(struct presence *p)
{
    while (p->forgotten != NULL) {
        struct known *next = p->forgotten->next_forgotten;
        free(p->forgotten);
        p->forgotten = next;
    }
}

void presence_free(struct presence **presence)
{
    struct presence *p = *presence;
    if (p == NULL) {
        return;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        free(p->all[i]);
    }
    free_forgotten(p);
    pack_clear(&p->pack);
    free(p->barred);
    free(p->todos);
    free(p);
    *presence = NULL;
}

int64_t around(struct presence *p, int64_t ms)
{
    return ms - ms / 4 + (int64_t)rng_below(p->rng, (uint64_t)ms / 2 + 1);
}

/* ---- acts ----------------------------------------------------------------------------------- */

static bool todo_room(struct presence *p)
{
    if (p->todos_end < p->todos_room) {
        return true;
    }
    uint32_t room = p->todos_room == 0 ? TODOS_AT_FIRST : p->todos_room * 2;
    struct todo *todos = room > TODOS_MAX ? NULL : realloc(p->todos, room * sizeof(*todos));
    if (todos == NULL) {
        return false;
    }
    p->todos = todos;
    p->todos_room = room;
    return true;
}

/* What finds no room is as good as lost on the way: everything here is repeated or found out
 * otherwise. */
static void todo_add(struct presence *p, const struct act *act, const struct message *says)
{
    if (todo_room(p)) {
        struct todo *todo = &p->todos[p->todos_end++];
        *todo = (struct todo){.act = *act};
        if (says != NULL) {
            todo->says = *says;
        }
    }
}

void act_link(struct presence *p, struct known *k, struct now now)
{
    bool stays = k->peer.up && address_same(&k->linked_to, &k->peer.address);
    k->linked_to = k->peer.address;
    k->peer.linked = true;
    k->peer.up = stays;
    k->peer.greeted = true;
    k->peer.called = now.mono;
    k->relink = false;
    todo_add(p, &(struct act){.kind = ACT_LINK, .peer = &k->peer}, NULL);
}

void act_unlink(struct presence *p, struct known *k)
{
    if (k->peer.linked) {
        k->peer.linked = false;
        k->peer.up = false;
        k->peer.greeted = false;
        k->relink = false;
        todo_add(p, &(struct act){.kind = ACT_UNLINK, .peer = &k->peer}, NULL);
    }
}

void act_beat(struct presence *p, struct known *k, uint64_t flags, struct now now)
{
    k->beaten = now.mono;
    if (k->peer.up) {
        flags |= k->peer.watches_me ? BEAT_WATCH : 0;
        todo_add(p, &(struct act){.kind = ACT_BEAT, .peer = &k->peer, .flags = flags}, NULL);
    }
}

void act_beacon(struct presence *p, uint32_t paths, uint64_t flags, const struct address *to)
{
    struct act act = {.kind = ACT_BEACON, .paths = paths, .flags = flags};
    if (to != NULL) {
        act.address = *to;
    }
    todo_add(p, &act, NULL);
}

void act_call(struct presence *p, const struct address *address)
{
    todo_add(p, &(struct act){.kind = ACT_CALL, .address = *address}, NULL);
}

void act_say(struct presence *p, struct known *k, const struct message *says)
{
    if (k->peer.up) {
        todo_add(p, &(struct act){.kind = ACT_SEND, .peer = &k->peer}, says);
    }
}

static void todo_pack(struct presence *p, const struct todo *todo)
{
    const struct message *m = &todo->says;
    pack_reset(&p->pack);
    switch (m->kind) {
    case MESSAGE_LEAVE:
        pack_leave(&p->pack, m->run);
        break;
    case MESSAGE_PEERS:
        call_pack_hints(p, todo->act.peer, FEW_HINTS, &p->pack);
        break;
    case MESSAGE_SUSPECT:
        pack_suspect(&p->pack, &m->device, m->run);
        break;
    case MESSAGE_HEARD:
        pack_heard(&p->pack, &m->device, m->run, m->heard, m->ago_ms);
        break;
    default:
        pack_gone(&p->pack, &m->device, m->run);
    }
}

bool presence_next(struct presence *p, struct act *act)
{
    while (p->todos_first < p->todos_end) {
        const struct todo *todo = &p->todos[p->todos_first++];
        *act = todo->act;
        if (act->kind != ACT_SEND) {
            return true;
        }
        todo_pack(p, todo);
        if (!p->pack.failed) {
            act->bytes = pack_bytes(&p->pack);
            return true;
        }
    }
    p->todos_first = 0;
    p->todos_end = 0;
    free_forgotten(p);
    return false;
}

/* ---- the devices ---------------------------------------------------------------------------- */

/* Index of a device, or of the place where it would be. */
static uint32_t known_index(const struct presence *p, const struct device_id *device)
{
    uint32_t low = 0;
    uint32_t high = p->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (memcmp(p->all[middle]->peer.device.b, device->b, sizeof(device->b)) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct known *known_find(const struct presence *p, const struct device_id *device)
{
    uint32_t index = known_index(p, device);
    return index < p->count && SAME(p->all[index]->peer.device, *device) ? p->all[index] : NULL;
}

struct known *known_add(struct presence *p, const struct device_id *device, struct now now)
{
    struct link_pk link;
    if (p->count == DEVICES_MAX || presence_bars(p, device) || !link_public_of(device, &link)) {
        return NULL;
    }
    struct known *k = calloc(1, sizeof(*k));
    if (k == NULL) {
        return NULL;
    }
    k->peer.device = *device;
    k->peer.link = link;
    k->peer.state = PEER_CALLED;
    k->peer.since = now.mono;
    watch_place(device, &k->place);
    uint32_t index = known_index(p, device);
    memmove(&p->all[index + 1], &p->all[index], (p->count - index) * sizeof(p->all[0]));
    p->all[index] = k;
    p->count++;
    p->called++;
    return k;
}

bool seems_here(const struct known *k)
{
    const struct peer *peer = &k->peer;
    return peer->state == PEER_HERE ||
           (peer->state == PEER_CALLED && peer->beacon.ms != 0 && k->calls < 2);
}

/* Where all start at once it is large before anybody has met; and one that was cut in two is so for a while, or all that are left
 * would call one another in that very moment. */
void room_size(struct presence *p, struct now now)
{
    uint32_t lost = 0;
    p->seem = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        const struct peer *peer = &p->all[i]->peer;
        p->seem += seems_here(p->all[i]);
        lost += peer->state == PEER_GONE && since(peer->since, now) < LARGE_MS;
    }
    p->large = p->seem + lost > (p->large ? NEIGHBOURS_FEW : NEIGHBOURS_MAX);
}

void known_become(struct presence *p, struct known *k, enum peer_state state, struct now now)
{
    p->here -= k->peer.state == PEER_HERE;
    p->called -= k->peer.state == PEER_CALLED;
    k->peer.state = state;
    k->peer.since = now.mono;
    p->here += state == PEER_HERE;
    room_size(p, now);
    k->hinted = false;
    k->calls = 0;
    k->call_at.ms = 0;
    k->told.ms = 0;
    k->said.ms = 0;
    k->peer.probed.ms = 0;
    k->peer.accused.ms = 0;
    k->peer.watched = false;
    k->vouches = 0;
    k->watch_from = now.mono;
    if (state != PEER_HERE) {
        act_unlink(p, k);
    }
    todo_add(p, &(struct act){.kind = ACT_CHANGED, .peer = &k->peer}, NULL);
    watch_changed(p, now);
}

void known_restarted(struct known *k, uint64_t run)
{
    struct peer *peer = &k->peer;
    peer->returns += run == peer->run_before;
    peer->run_before = peer->run;
    peer->run = run;
    peer->greeted = false;
    peer->watched = false;
    peer->has = (struct fingerprint){{0}};
    peer->acked_seq = 0;
    peer->has_all_before = false;
    peer->differs = peer->heard_out = false;
    peer->settled = 0;
    peer->gap.ms = 0;
    peer->differs_since.ms = 0;
    peer->asked.ms = 0;
    peer->lacks = peer->unsure = false;
    peer->lacks_asked.ms = 0;
}

struct known *known_draw(struct presence *p, const struct known *but)
{
    struct known *drawn = NULL;
    uint64_t met = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        struct known *k = p->all[i];
        bool fits = k != but && k->peer.state == PEER_HERE && k->peer.up && k->peer.probed.ms == 0;
        if (fits && rng_below(p->rng, ++met) == 0) {
            drawn = k;
        }
    }
    return drawn;
}

/* Whoever holds a pointer to it is told first. */
static void known_forget(struct presence *p, uint32_t index)
{
    struct known *k = p->all[index];
    if (!todo_room(p)) {
        return;
    }
    watch_forget(p, k);
    p->called -= k->peer.state == PEER_CALLED;
    p->count--;
    memmove(&p->all[index], &p->all[index + 1], (p->count - index) * sizeof(p->all[0]));
    k->next_forgotten = p->forgotten;
    p->forgotten = k;
    todo_add(p, &(struct act){.kind = ACT_FORGET, .peer = &k->peer}, NULL);
}

/* A lab whose disks are restored makes new devices every morning: those that are away longest
 * make room. */
static void forget_longest_away(struct presence *p)
{
    struct known *away = NULL;
    for (uint32_t i = 0; i < p->count; i++) {
        struct known *k = p->all[i];
        bool can_go = !k->peer.linked && (k->peer.state == PEER_GONE || k->peer.state == PEER_LEFT);
        if (can_go && (away == NULL || k->peer.since.ms < away->peer.since.ms)) {
            away = k;
        }
    }
    if (away != NULL) {
        away->forget = true;
    }
}

/* Only while no act is queued, since acts bear pointers. */
static void forget_some(struct presence *p)
{
    if (p->todos_first < p->todos_end) {
        return;
    }
    if (p->count > DEVICES_MAX - ROOM_LEFT) {
        forget_longest_away(p);
    }
    for (uint32_t i = p->count; i > 0; i--) {
        struct known *k = p->all[i - 1];
        k->forget = k->forget && !k->peer.linked && k->peer.state != PEER_HERE; /* it may be back */
        if (k->forget) {
            known_forget(p, i - 1);
        }
    }
}

static int device_order(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct device_id));
}

bool presence_bars(const struct presence *p, const struct device_id *device)
{
    return p->barred_count > 0 &&
           bsearch(device, p->barred, p->barred_count, sizeof(*device), device_order) != NULL;
}

bool presence_bar(struct presence *p, const struct device_id *devices, uint32_t count,
                  struct now now)
{
    size_t len = count * sizeof(*devices);
    if (count == p->barred_count && (count == 0 || memcmp(devices, p->barred, len) == 0)) {
        return false;
    }
    struct device_id *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL) {
        return false;
    }
    if (len > 0) {
        memcpy(copy, devices, len);
    }
    free(p->barred);
    p->barred = copy;
    p->barred_count = count;
    for (uint32_t i = 0; i < p->count; i++) {
        struct known *k = p->all[i];
        if (presence_bars(p, &k->peer.device)) {
            known_become(p, k, PEER_LEFT, now);
            k->forget = true;
        }
    }
    return true;
}

/* ---- time ----------------------------------------------------------------------------------- */

static struct plan known_plan(const struct presence *p, const struct known *k)
{
    struct plan plan = {STEP_NONE, INT64_MAX};
    call_plan(p, k, &plan);
    watch_plan(p, k, &plan);
    return plan;
}

/* Does what is due for a peer. */
static void known_settle(struct presence *p, struct known *k, struct now now)
{
    for (int i = 0; i < STEPS_MAX && !k->forget; i++) {
        struct plan plan = known_plan(p, k);
        if (plan.ms > now.mono.ms) {
            return;
        }
        if (plan.step == STEP_FORGET) {
            k->forget = true;
        } else if (plan.step >= STEP_CALL) {
            call_step(p, k, plan.step, now);
        } else {
            watch_step(p, k, plan.step, now);
        }
    }
}

void presence_tick(struct presence *p, struct now now)
{
    if (!p->started || p->stopped) {
        return;
    }
    watch_stall(p, now);
    /* from a random one on: what is limited isn't always had by the same */
    uint32_t first = p->count > 0 ? (uint32_t)rng_below(p->rng, p->count) : 0;
    for (uint32_t i = 0; i < p->count; i++) {
        known_settle(p, p->all[(first + i) % p->count], now);
    }
    watch_tick(p, now);
    call_tick(p, now);
    forget_some(p);
}

struct mono presence_wake(const struct presence *p)
{
    if (!p->started || p->stopped) {
        return (struct mono){INT64_MAX};
    }
    int64_t ms = call_wake(p);
    int64_t watch_ms = watch_wake(p);
    ms = watch_ms < ms ? watch_ms : ms;
    for (uint32_t i = 0; i < p->count; i++) {
        struct plan plan = known_plan(p, p->all[i]);
        ms = plan.ms < ms ? plan.ms : ms;
    }
    return (struct mono){ms};
}

/* ---- events --------------------------------------------------------------------------------- */

void presence_leave(struct presence *p, struct now now)
{
    (void)now;
    struct message leave = {.kind = MESSAGE_LEAVE, .run = p->run};
    for (uint32_t i = 0; i < p->count; i++) {
        /* also to whom we never heard: our HELLO may have reached it */
        if (p->all[i]->peer.linked) {
            act_say(p, p->all[i], &leave);
        }
    }
    act_beacon(p, LAN_PATHS, BEACON_LEAVE, NULL);
    p->stopped = true;
}

static void copy_host(char *out, size_t room, struct slice host)
{
    size_t len = host.len < room - 1 ? host.len : room - 1;
    if (len > 0) {
        memcpy(out, host.at, len);
    }
    out[len] = '\0';
}

static void hello_note(struct peer *peer, const struct message *m, struct now now)
{
    copy_host(peer->host, sizeof(peer->host), m->host);
    peer->lasting = m->flags & HELLO_LASTING;
    peer->clock_known = m->wall_ms >= 0 && m->wall_ms < WALL_MS_MAX;
    peer->clock_ms = peer->clock_known ? m->wall_ms - now.wall.ms : 0;
}

/* It reaches us, so we may reach it: a call that was made before the cable was back waits for TCP to try again, which may take
 * so long that it calls a second time. */
static void hello_came_through(struct presence *p, struct known *k, bool fresh, struct now now)
{
    if (fresh) {
        k->relink = true; /* if it isn't up until then */
    } else {
        act_link(p, k, now);
    }
}

/* The address of a link that works is left alone, or two machines with two addresses each would
 * chase each other; but it may lead to another of the class, that took over the address: then this one hears nothing of us. */
static void hello_link(struct presence *p, struct known *k, const struct address *address,
                       bool restarted, bool unheard, struct now now)
{
    struct peer *peer = &k->peer;
    bool moved = !address_same(&peer->address, address);
    bool fresh = peer->linked && since(peer->called, now) < RELINK_MS;
    bool leads_there = peer->up && (!unheard || fresh);
    if (peer->linked && !restarted && (!moved || leads_there)) {
        if (moved) {
            call_elsewhere(k, address);
        } else if (!peer->up) {
            hello_came_through(p, k, fresh, now);
        } else if (!fresh) {
            act_beat(p, k, 0, now); /* it greets anew: it may not have heard us for long */
        }
        return;
    }
    if (moved && peer->address.port != 0) {
        call_elsewhere(k, &peer->address);
    }
    peer->address = *address;
    if (!fresh) {
        act_link(p, k, now);
    } else {
        k->relink = moved;
    }
}

/* It is there: something of it came in. */
static void is_heard(struct presence *p, struct known *k, struct now now)
{
    struct peer *peer = &k->peer;
    p->heard = now.mono;
    peer->heard = now.mono;
    if (peer->state != PEER_HERE) {
        bool linked = peer->linked;
        known_become(p, k, PEER_HERE, now);
        watch_tell(p, k, now);
        if (!linked && peer->address.port != 0) {
            act_link(p, k, now);
        }
    }
    watch_heard(p, k, now);
}

enum err presence_hello(struct presence *p, const struct message *m, const struct link_pk *link,
                        const struct address *from, struct now now, struct peer **out)
{
    *out = NULL;
    struct address address = *from;
    address.port = (uint16_t)m->port;
    watch_stall(p, now);
    if (SAME(m->device, p->self)) {
        struct link_pk self;
        if (!link_public_of(&p->self, &self) || !SAME(self, *link)) {
            return ERR_MALFORMED; /* not a copy of us, but somebody who says so */
        }
        if (m->run != p->run) {
            copy_host(p->twin.host, sizeof(p->twin.host), m->host);
            p->twin.address = address;
            p->has_twin = true;
        }
        call_self(p, &address, now);
        return ERR_YOURSELF;
    }
    struct known *k = known_find(p, &m->device);
    struct link_pk own;
    if (k != NULL) {
        own = k->peer.link;
    } else if (!link_public_of(&m->device, &own)) {
        return ERR_MALFORMED;
    }
    if (m->port == 0 || m->port > UINT16_MAX || !SAME(own, *link)) {
        return ERR_MALFORMED;
    }
    k = k != NULL ? k : known_add(p, &m->device, now);
    if (k == NULL) {
        return ERR_BUSY;
    }
    *out = &k->peer;
    bool restarted = k->peer.run != m->run;
    if (!restarted && k->peer.state == PEER_LEFT && since(k->peer.since, now) < LEAVE_GRACE_MS) {
        return OK;
    }
    if (restarted) {
        known_restarted(k, m->run);
    }
    if (!k->peer.linked) {
        k->peer.address = address;
    }
    hello_note(&k->peer, m, now);
    if (restarted) {
        is_heard(p, k, now); /* whatever the run before said last */
    } else {
        presence_heard(p, &k->peer, now);
    }
    hello_link(p, k, &address, restarted, m->flags & HELLO_UNHEARD, now);
    return OK;
}

void presence_heard(struct presence *p, struct peer *peer, struct now now)
{
    watch_stall(p, now);
    if (peer->state != PEER_LEFT || since(peer->since, now) >= LEAVE_GRACE_MS ||
        peer->heard.ms > peer->since.ms) {
        is_heard(p, known_of(peer), now);
    }
}

void presence_moved(struct presence *p, struct peer *peer, const struct address *address,
                    struct now now)
{
    struct known *k = known_of(peer);
    struct address before = peer->address;
    if (since(k->moved, now) >= MOVE_MS) {
        k->moves = 0;
    }
    if (peer->state != PEER_HERE || k->moves == MOVES_MAX || address_same(&before, address)) {
        return;
    }
    k->moved = k->moves++ == 0 ? now.mono : k->moved;
    peer->address = *address;
    call_elsewhere(k, &before);
    act_link(p, k, now);
}

static void peer_left(struct presence *p, struct known *k, const struct message *m, struct now now)
{
    if (m->run == k->peer.run && k->peer.state != PEER_LEFT) {
        k->peer.heard = now.mono;
        p->heard = now.mono;
        known_become(p, k, PEER_LEFT, now);
        if (p->large) {
            watch_tell(p, k, now);
        }
    }
}

void presence_message(struct presence *p, struct peer *peer, const struct message *m,
                      struct now now)
{
    struct known *k = known_of(peer);
    if (m->kind == MESSAGE_LEAVE) {
        peer_left(p, k, m, now);
        return;
    }
    presence_heard(p, peer, now);
    if (peer->state != PEER_HERE) {
        return;
    }
    if (m->kind == MESSAGE_PEERS) {
        call_hints(p, peer, m, now);
    } else {
        watch_message(p, k, m, now);
    }
}

void presence_link(struct presence *p, struct peer *peer, bool up, struct now now)
{
    struct known *k = known_of(peer);
    if (!peer->linked || peer->up == up) {
        return;
    }
    peer->up = up;
    if (up) {
        call_answered(p);
        k->relink = k->relink && !address_same(&k->linked_to, &peer->address);
        k->calls = peer->state == PEER_HERE ? 0 : k->calls;
    } else {
        peer->greeted = false;
    }
    watch_stall(p, now);
    watch_link(p, k, now);
    if (up && !peer->greeted) {
        act_link(p, k, now); /* it came up again by itself: who is there now may not know us */
    }
}

/* ---- questions ------------------------------------------------------------------------------ */

void presence_hints(struct presence *p, const struct peer *to, struct now now, struct pack *pack)
{
    bool newcomer = to->state != PEER_HERE || since(to->since, now) < NEWCOMER_MS;
    call_pack_hints(p, to, p->large ? newcomer ? LARGE_HINTS : FEW_HINTS : PEERS_MAX, pack);
}

struct peer *presence_by_link(struct presence *p, const struct link_pk *link)
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (SAME(p->all[i]->peer.link, *link)) {
            return &p->all[i]->peer;
        }
    }
    return NULL;
}

struct peer *presence_by_device(struct presence *p, const struct device_id *device)
{
    struct known *k = known_find(p, device);
    return k != NULL ? &k->peer : NULL;
}

uint32_t presence_count(const struct presence *p)
{
    return p->count;
}

struct peer *presence_at(struct presence *p, uint32_t index)
{
    return index < p->count ? &p->all[index]->peer : NULL;
}

uint32_t presence_here(const struct presence *p)
{
    return p->here;
}

bool presence_large(const struct presence *p)
{
    return p->large;
}

uint32_t presence_rank(const struct presence *p, const struct device_id *device)
{
    uint64_t place;
    uint32_t nearer = 0;
    watch_place(device, &place);
    for (uint32_t i = 0; i < p->count; i++) {
        const struct known *k = p->all[i];
        nearer += k->peer.state == PEER_HERE && k->place - place < p->place - place;
    }
    return nearer;
}

bool presence_alone(const struct presence *p, struct mono *since_when)
{
    bool lost = false;
    for (uint32_t i = 0; i < p->count; i++) {
        lost = lost || p->all[i]->peer.state == PEER_GONE;
    }
    *since_when = p->heard;
    return lost && p->here == 0;
}

const struct twin *presence_twin(const struct presence *p)
{
    return p->has_twin ? &p->twin : NULL;
}
