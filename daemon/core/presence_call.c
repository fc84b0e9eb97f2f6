/* How machines of a class find one another: beacons, addresses that others tell or people type,
 * and calling again. */
#include "presence_inside.h"

enum {
    BEACON_QUIET_MS = 20000, /* between beacons where nobody is missed, or … */
    BEACON_QUIET_EACH_MS =
        500, /* … this for each machine, whichever is more: two a second in the whole room */
    BEACON_BUSY_MS = 2500,     /* the same while somebody is missed */
    BEACON_BUSY_EACH_MS = 200, /* five a second in the whole room */
    MISSED_MS = 600000,        /* who is gone for longer isn't missed */
    ANSWER_MS = 1000,          /* between two answers to one device */
    ANSWER_COST_MS = 30,       /* in all: so many a second as this goes into one … */
    ANSWER_CREDIT_MS = 2000,   /* … after a first burst */
    CHECK_MS = 1000,           /* between two answers on one path: everybody hears each */
    LURE_MS = 3000,            /* between two calls that beacons of one device cause */
    CLONE_MS = 10000,          /* between two calls of a copy of ourselves */
    CALL_MS = 3000,            /* a call that isn't up then is given up */
    CALLS_AT_ONCE = 16,        /* calls that aren't up yet, at first */
    CALLS_AT_ONCE_MIN = 4,
    CALLS_AT_ONCE_MAX = 64,
    CALL_WAIT_MS = 200,     /* until another try, where they are so many, … */
    CALL_WAIT_EACH_MS = 20, /* … or this for each: fifty tries a second */
    RELIEVED_MS = 60000, /* so long after the last that was in vain it may be as many as at first */
    HEARSAY_MS = 1500,   /* a large room says by then who is here, or … */
    HEARSAY_EACH_MS = 20, /* … this for each; else it is called */
    CALLED_LONG_MS =
        180000,          /* who wasn't heard until then is forgotten, though its turn didn't come */
    CALL_GONE_MS = 3000, /* between calls of one that was here a minute ago, … */
    CALL_GONE_EACH_MS = 400,    /* … or this for each that is gone: a split takes half a room */
    CALL_AWAY_MS = 30000,       /* … or ten minutes ago */
    CALL_LONG_AWAY_MS = 300000, /* … or earlier */
    ASTRAY_MS = 10000, /* gone for less, though a link works: it may lead elsewhere, so call soon */
    CALL_MUTE_MS = 60000,     /* between calls of one that takes our calls but isn't heard */
    CALLED_OF_SOURCE_MAX = 8, /* who aren't known yet, by beacons from one address */
    IDLE_LINK_MS = 3000,      /* a link beyond those wanted goes when so long nothing was heard */
    CALL_PORTS = 16,          /* of a computer that was named by hand, one after the other */
    HINTS_MS = 60000,         /* between PEERS that nobody waits for */
    PATH_MS = 120000,         /* a path is open if a beacon came on it lately */
    NETWORK_MS = 5000,        /* between two changes of addresses that are acted upon */
};

/* Of one that only others or beacons told of; then it is forgotten. */
static const int64_t call_gaps_ms[] = {5000, 15000, 60000};
enum { CALLS_IN_VAIN_MAX = sizeof(call_gaps_ms) / sizeof(call_gaps_ms[0]) };

/* After a start, while nobody was heard. */
static const int64_t announce_gaps_ms[] = {200, 800, 2000};
enum { ANNOUNCE_COUNT = 1 + sizeof(announce_gaps_ms) / sizeof(announce_gaps_ms[0]) };

/* ---- addresses ------------------------------------------------------------------------------ */

bool address_same(const struct address *a, const struct address *b)
{
    return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0 && a->scope == b->scope && a->port == b->port &&
           a->secret == b->secret;
}

/* By whatever secret. */
static bool address_same_place(const struct address *a, const struct address *b)
{
    struct address there = *b;
    there.secret = a->secret;
    return address_same(a, &there);
}

static bool address_is_mapped(const struct address *a)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(a->ip, mapped, sizeof(mapped)) == 0;
}

static bool address_is_link_local(const struct address *a)
{
    return a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

static bool address_is_loopback(const struct address *a)
{
    static const uint8_t loopback[16] = {[15] = 1};
    return memcmp(a->ip, loopback, sizeof(loopback)) == 0 ||
           (address_is_mapped(a) && a->ip[12] == 127);
}

static bool same_machine(const struct peer *a, const struct peer *b)
{
    return memcmp(a->address.ip, b->address.ip, sizeof(a->address.ip)) == 0 &&
           a->address.scope == b->address.scope && !address_is_loopback(&a->address);
}

uint32_t presence_machines(const struct presence *p,
                           bool (*counts)(const struct peer *, uint64_t with), uint64_t with)
{
    uint32_t machines = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        const struct peer *peer = &p->all[i]->peer;
        bool another = counts(peer, with);
        for (uint32_t k = 0; k < i && another; k++) {
            const struct peer *before = &p->all[k]->peer;
            another = !same_machine(before, peer) || !counts(before, with);
        }
        machines += another;
    }
    return machines;
}

/* Can one machine have it? Not the unspecified, multicast and broadcast ones. */
static bool address_is_one(const struct address *a)
{
    static const uint8_t none[16];
    if (a->port == 0 || a->ip[0] == 0xff || memcmp(a->ip, none, sizeof(none)) == 0) {
        return false;
    }
    return !address_is_mapped(a) || (a->ip[12] != 0 && a->ip[12] < 224);
}

/* Does this address mean to `to` what it means to us? */
static bool address_travels(const struct address *a, const struct address *to)
{
    if (address_is_loopback(a)) {
        return address_is_loopback(to);
    }
    return !address_is_link_local(a) || (address_is_link_local(to) && a->scope == to->scope);
}

void call_elsewhere(struct known *k, const struct address *address)
{
    if (address_is_one(address) && !address_same(address, &k->peer.address)) {
        k->other = *address;
    }
}

/* ---- calling one device --------------------------------------------------------------------- */

/* Neighbours as wanted; others as long as they speak to us, so that both ways exist. */
static bool link_wanted(const struct presence *p, const struct known *k)
{
    return !p->large || k->chosen || k->mine || k->peer.watches_me;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool is_calling(const struct known *k)
{
    return k->peer.state != PEER_HERE && k->peer.linked && !k->peer.up;
}

/* Where all call all, as after a cut that went through the room, calls beyond what the machines bear are answered when they
 * were given up already, and made again: then nobody ever comes through. Who was here and who never was are counted apart, as
 * the latter may be made up. */
static bool must_wait(const struct presence *p, const struct known *k)
{
    uint32_t calling = 0;
    bool never = k->peer.state == PEER_CALLED;
    if (k->peer.linked) {
        return false;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        calling += is_calling(p->all[i]) && (p->all[i]->peer.state == PEER_CALLED) == never;
    }
    bool few = p->large && p->calls_max > CALLS_AT_ONCE_MIN; /* others tell of the rest */
    return calling >= (few ? CALLS_AT_ONCE_MIN : p->calls_max);
}

static void call_now(struct presence *p, struct known *k, struct now now)
{
    if (k->calls < UINT8_MAX) {
        k->calls++;
    }
    act_link(p, k, now);
}

/* One more at once, and half when it was too much, as TCP finds out what a way bears (Jacobson, SIGCOMM 1988). */
void call_answered(struct presence *p)
{
    p->calls_max += p->calls_max < CALLS_AT_ONCE_MAX;
}

/* Where turns come late, it needn't be that nobody is there: all may be too busy with such calls to take ours. Half as many at
 * once, and it counts as the first. */
static void call_in_vain(struct presence *p, struct known *k, struct now now)
{
    if (patiently(p, 0) == 0) {
        return;
    }
    k->calls = 1;
    if (since(p->relieved, now) >= CALL_MS) {
        p->relieved = now.mono;
        p->calls_max = (uint32_t)larger(p->calls_max / 2, CALLS_AT_ONCE_MIN);
    }
}

static uint32_t gone_count(const struct presence *p)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        count += p->all[i]->peer.state == PEER_GONE;
    }
    return count;
}

static int64_t call_gap(const struct presence *p, const struct known *k, struct now now)
{
    if (k->peer.state == PEER_CALLED) {
        bool mute = k->peer.up || k->calls > CALLS_IN_VAIN_MAX;
        return mute ? CALL_MUTE_MS : call_gaps_ms[k->calls == 0 ? 0 : k->calls - 1];
    }
    int64_t away = since(k->peer.since, now);
    if (k->peer.up && away >= ASTRAY_MS) {
        return CALL_MUTE_MS;
    }
    if (away < CALL_MUTE_MS) {
        return larger(CALL_GONE_MS, (int64_t)gone_count(p) * CALL_GONE_EACH_MS);
    }
    return away < MISSED_MS ? CALL_AWAY_MS : CALL_LONG_AWAY_MS;
}

/* Restored disks make new devices at old addresses: the old one needn't be called where the new
 * one is. */
static bool address_taken(const struct presence *p, const struct address *address)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const struct peer *peer = &p->all[i]->peer;
        if (peer->state == PEER_HERE && address_same_place(&peer->address, address)) {
            return true;
        }
    }
    return false;
}

static void call_again(struct presence *p, struct known *k, struct now now)
{
    if (must_wait(p, k)) {
        k->call_at =
            after(now, around(p, larger(CALL_WAIT_MS, (int64_t)p->count * CALL_WAIT_EACH_MS)));
        return;
    }
    if (k->other.port != 0 && k->calls > 0 && !k->peer.up) {
        struct address other = k->other;
        k->other = k->peer.address;
        k->peer.address = other;
    }
    if (!address_taken(p, &k->peer.address)) {
        call_now(p, k, now);
    }
    k->call_at = after(now, around(p, call_gap(p, k, now)));
}

void call_lost(struct presence *p, struct known *k, struct now now)
{
    p->lost = now.mono;
    k->call_at = after(now, 500 + around(p, call_gap(p, k, now) / 2));
    int64_t soon = now.mono.ms + around(p, BEACON_BUSY_MS);
    if (p->beacon_due.ms > soon) {
        p->beacon_due.ms = soon;
    }
    if (p->here == 0) {
        p->announced = 1;
        p->beacon_due = after(now, announce_gaps_ms[0]);
    }
}

static void call_by(struct known *k, int64_t ms)
{
    if (k->call_at.ms == 0 || k->call_at.ms > ms) {
        k->call_at.ms = ms;
    }
}

static void call_soon(struct known *k, struct now now)
{
    int64_t again = k->peer.called.ms + CALL_GONE_MS;
    call_by(k, k->peer.called.ms != 0 && again > now.mono.ms ? again : now.mono.ms);
}

/* Others will have met it, and say so. */
static bool may_leave_to_others(const struct presence *p, const struct known *k)
{
    return p->large && k->peer.state != PEER_LEFT && !watch_would_want(p, k);
}

static void call_if_none_says(struct presence *p, struct known *k, struct now now)
{
    call_by(k, now.mono.ms + around(p, larger(HEARSAY_MS, (int64_t)p->count * HEARSAY_EACH_MS)));
}

void call_told(struct presence *p, struct known *k, struct now now)
{
    if (k->peer.up) {
        return;
    }
    if (may_leave_to_others(p, k)) {
        call_if_none_says(p, k, now);
    } else {
        call_soon(k, now);
    }
}

static void call_plan_here(const struct presence *p, const struct known *k, struct plan *plan)
{
    const struct peer *peer = &k->peer;
    bool astray = peer->linked && !peer->up && k->other.port != 0;
    bool wanted = link_wanted(p, k);
    if (k->relink || (!peer->linked && wanted)) {
        plan_sooner(plan, STEP_CALL, peer->called.ms + patiently(p, RELINK_MS));
    } else if (astray) {
        /* ever more rarely: libzmq tries the same address by itself */
        plan_sooner(plan, STEP_CALL,
                    peer->called.ms + ((int64_t)CALL_MS << (k->calls < 5 ? k->calls : 5)));
    }
    if (peer->linked && !wanted) {
        int64_t last = peer->heard.ms > peer->called.ms ? peer->heard.ms : peer->called.ms;
        plan_sooner(plan, STEP_HANG_UP, last + IDLE_LINK_MS);
    }
}

void call_plan(const struct presence *p, const struct known *k, struct plan *plan)
{
    const struct peer *peer = &k->peer;
    if (peer->state == PEER_HERE) {
        call_plan_here(p, k, plan);
        return;
    }
    bool left = peer->state == PEER_LEFT;
    int64_t given_up = peer->called.ms + patiently(p, CALL_MS);
    if (peer->linked && (!peer->up || left)) {
        plan_sooner(plan, STEP_HANG_UP, given_up);
    }
    if (peer->state == PEER_CALLED && k->calls > CALLS_IN_VAIN_MAX && !peer->linked) {
        plan_sooner(plan, STEP_FORGET, peer->called.ms + CALL_MS);
        return;
    }
    if (peer->state == PEER_CALLED && !peer->linked) {
        plan_sooner(plan, STEP_FORGET, peer->since.ms + CALLED_LONG_MS);
    }
    if (!left && k->call_at.ms != 0 && !is_calling(k)) {
        plan_sooner(plan, STEP_CALL, k->call_at.ms);
    }
}

void call_step(struct presence *p, struct known *k, enum step step, struct now now)
{
    if (step == STEP_HANG_UP) {
        if (is_calling(k)) {
            call_in_vain(p, k, now);
        }
        act_unlink(p, k);
    } else if (k->peer.state != PEER_HERE) {
        call_again(p, k, now);
    } else if (k->relink || !k->peer.linked) {
        act_link(p, k, now);
    } else {
        struct address other = k->other;
        k->other = k->peer.address;
        k->peer.address = other;
        call_now(p, k, now);
    }
}

/* ---- what beacons say ----------------------------------------------------------------------- */

static uint32_t path_index(enum lan_path path)
{
    return path == PATH_BROADCAST    ? 0
           : path == PATH_MULTICAST4 ? 1
           : path == PATH_MULTICAST6 ? 2
                                     : 3;
}

static void paths_note(struct known *k, struct now now)
{
    k->peer.paths = 0;
    for (uint32_t i = 0; i < PATHS_COUNT; i++) {
        if (since(k->path_heard[i], now) < PATH_MS) {
            k->peer.paths |= 1u << i;
        }
    }
}

static void beacon_note(struct known *k, const struct beacon *beacon, const char *iface,
                        struct now now)
{
    k->peer.beacon = now.mono;
    k->path_heard[path_index(beacon->path)] = now.mono;
    struct slice name = slice_str(iface);
    size_t len = name.len < sizeof(k->peer.iface) ? name.len : sizeof(k->peer.iface) - 1;
    memset(k->peer.iface, 0, sizeof(k->peer.iface));
    if (len > 0) {
        memcpy(k->peer.iface, name.at, len);
    }
    paths_note(k, now);
}

static void beacon_of_one_here(struct presence *p, struct known *k, const struct beacon *beacon,
                               const struct address *address, struct now now)
{
    bool restarted = beacon->run != k->peer.run;
    if (k->peer.up) {
        if (restarted) {
            watch_probe(p, k, now);
        }
        return;
    }
    if (!restarted && !k->peer.linked && !link_wanted(p, k)) {
        return;
    }
    if (since(k->lured, now) < LURE_MS || (!restarted && since(k->peer.called, now) < LURE_MS)) {
        call_elsewhere(k, address);
        return;
    }
    k->lured = now.mono;
    call_elsewhere(k, &k->peer.address);
    k->peer.address = *address;
    act_link(p, k, now);
}

/* A beacon may be an old one that somebody sends again: it costs a call every few seconds, and changes nothing: no call that
 * is under way gives way to it, and none is put off by it. */
static void beacon_of_one_away(struct presence *p, struct known *k, const struct beacon *beacon,
                               const struct address *address, struct now now)
{
    bool same_run = beacon->run == k->peer.run;
    bool often = since(k->peer.since, now) >= ASTRAY_MS && since(k->lured, now) < CALL_MUTE_MS;
    bool leads_there = k->peer.up && (often || address_same_place(&k->linked_to, address));
    if (same_run && (leads_there || k->peer.state == PEER_LEFT)) {
        return;
    }
    bool elsewhere = !address_same(address, &k->peer.address);
    if ((elsewhere && is_calling(k)) || since(k->lured, now) < LURE_MS) {
        call_elsewhere(k, address);
        if (elsewhere) {
            call_soon(k, now);
        }
        return;
    }
    call_elsewhere(k, &k->peer.address);
    k->peer.address = *address;
    if (k->peer.state == PEER_CALLED) {
        k->peer.run = beacon->run;
    }
    if (may_leave_to_others(p, k)) {
        call_if_none_says(p, k, now);
        return;
    }
    if (must_wait(p, k)) {
        call_soon(k, now);
        return;
    }
    k->lured = now.mono;
    call_now(p, k, now);
    call_by(k, now.mono.ms + around(p, call_gap(p, k, now)));
}

/* Whoever recorded the beacons of a hundred machines that are gone may not fill the room for those that come: so many are taken
 * of one address. More daemons of one computer are known by loopback. */
static bool may_be_new(const struct presence *p, const struct address *address)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        const struct peer *peer = &p->all[i]->peer;
        count += peer->state == PEER_CALLED &&
                 memcmp(peer->address.ip, address->ip, sizeof(address->ip)) == 0;
    }
    return p->called < CALLED_MAX && (count < CALLED_OF_SOURCE_MAX || address_is_loopback(address));
}

/* A credit of time: each answer costs some of it. */
static bool answer_allowed(struct presence *p, struct now now)
{
    p->answers_ms += since(p->answers_at, now);
    p->answers_at = now.mono;
    if (p->answers_ms > ANSWER_CREDIT_MS) {
        p->answers_ms = ANSWER_CREDIT_MS;
    }
    if (p->answers_ms < ANSWER_COST_MS) {
        return false;
    }
    p->answers_ms -= ANSWER_COST_MS;
    return true;
}

static void beacon_answer(struct presence *p, struct known *k, const struct beacon *beacon,
                          const struct address *from, struct now now)
{
    uint32_t path = path_index(beacon->path);
    if ((beacon->flags & BEACON_CHECK) && (beacon->path & LAN_PATHS) &&
        since(p->checked[path], now) >= CHECK_MS) {
        p->checked[path] = now.mono;
        act_beacon(p, beacon->path, 0, NULL);
    }
    if ((beacon->flags & BEACON_ANSWER) && since(k->answered, now) >= ANSWER_MS &&
        answer_allowed(p, now)) {
        k->answered = now.mono;
        act_beacon(p, PATH_UNICAST, 0, from);
    }
}

/* A copy of this disk? It would ignore us as its own echo, so greet it; HELLO alone is believed. */
static void beacon_of_self(struct presence *p, const struct beacon *beacon,
                           const struct address *address, struct now now)
{
    if (beacon->run != p->run && since(p->clone_called, now) >= CLONE_MS) {
        p->clone_called = now.mono;
        act_call(p, address);
    }
}

void presence_beacon(struct presence *p, const struct beacon *beacon, const struct address *from,
                     const char *iface, struct now now)
{
    struct address address = *from;
    address.port = beacon->port;
    if (!p->started || p->stopped || !address_is_one(&address)) {
        return;
    }
    watch_stall(p, now);
    if (SAME(beacon->device, p->self)) {
        beacon_of_self(p, beacon, &address, now);
        return;
    }
    struct known *k = known_find(p, &beacon->device);
    if (beacon->flags & BEACON_LEAVE) {
        if (k != NULL && k->peer.state == PEER_HERE && k->peer.run == beacon->run) {
            watch_probe(p, k, now);
        }
        return;
    }
    if (k == NULL && may_be_new(p, &address)) {
        k = known_add(p, &beacon->device, now);
    }
    if (k == NULL) {
        return;
    }
    beacon_note(k, beacon, iface, now);
    room_size(p, now);
    if (k->peer.state == PEER_HERE) {
        beacon_of_one_here(p, k, beacon, &address, now);
    } else {
        beacon_of_one_away(p, k, beacon, &address, now);
    }
    beacon_answer(p, k, beacon, from, now);
}

/* ---- what others tell ----------------------------------------------------------------------- */

static uint32_t hinted_count(const struct presence *p)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        count += p->all[i]->hinted;
    }
    return count;
}

static void call_hint(struct presence *p, struct peer *by, const struct peer_hint *hint,
                      struct now now)
{
    struct address address = hint->address;
    address.secret = by->address.secret;
    if (address_is_link_local(&address)) {
        address.scope = by->address.scope;
    }
    if (SAME(hint->device, p->self) || !address_is_one(&address) ||
        !address_travels(&address, &by->address)) {
        return;
    }
    struct known *k = known_find(p, &hint->device);
    if (k == NULL) {
        k = hinted_count(p) < PEERS_MAX ? known_add(p, &hint->device, now) : NULL;
        if (k != NULL) {
            k->hinted = true;
            k->peer.run = hint->run;
            k->peer.address = address;
            call_told(p, k, now);
        }
    } else if (k->peer.state == PEER_CALLED && !k->peer.up) {
        call_elsewhere(k, &address);
    } else if (k->peer.state == PEER_GONE && !k->peer.up) {
        call_elsewhere(k, &address);
        call_told(p, k, now);
    }
    if (k != NULL && k->peer.state == PEER_CALLED && p->large) {
        watch_said(p, k, known_of(by), hint->run, 0, now); /* it never was gone */
    }
}

void call_hints(struct presence *p, struct peer *by, const struct message *m, struct now now)
{
    for (uint32_t i = 0; i < m->count && i < PEERS_MAX; i++) {
        struct peer_hint hint;
        if (message_hint(m, i, &hint) == OK) {
            call_hint(p, by, &hint, now);
        }
    }
}

static bool hint_fits(const struct known *k, const struct peer *to)
{
    return k->peer.state == PEER_HERE && &k->peer != to &&
           k->peer.address.secret == to->address.secret &&
           address_travels(&k->peer.address, &to->address);
}

/* From a random one on, so that who hears several such lists hears of all. */
void call_pack_hints(struct presence *p, const struct peer *to, uint32_t hints_max,
                     struct pack *pack)
{
    uint32_t fitting = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        fitting += hint_fits(p->all[i], to);
    }
    uint32_t left = fitting < hints_max ? fitting : hints_max;
    uint32_t first = (uint32_t)rng_below(p->rng, p->count);
    pack_peers(pack, left);
    for (uint32_t i = 0; i < p->count && left > 0; i++) {
        const struct known *k = p->all[(first + i) % p->count];
        if (hint_fits(k, to)) {
            struct peer_hint hint = {k->peer.device, k->peer.run, k->peer.address};
            pack_hint(pack, &hint);
            left--;
        }
    }
}

/* ---- addresses given by hand ---------------------------------------------------------------- */

void presence_call(struct presence *p, const struct address *address, struct now now)
{
    if (p->calls_count < CALLS_MAX) {
        p->calls[p->calls_count++] = (struct call){.address = *address, .due = now.mono};
    }
}

void call_self(struct presence *p, const struct address *address, struct now now)
{
    for (uint32_t i = 0; i < p->count; i++) {
        struct known *k = p->all[i];
        if (k->peer.linked && address_same_place(&k->linked_to, address)) {
            act_unlink(p, k); /* it was there before us */
            k->peer.address = k->other.port != 0 ? k->other : k->peer.address;
            call_soon(k, now);
        }
    }
    for (uint32_t i = 0; i < p->calls_count; i++) {
        if (address_same_place(&p->calls[i].address, address)) {
            p->calls[i] = p->calls[--p->calls_count];
            return;
        }
    }
}

/* Is a machine of the class heard from this computer, at whatever port? */
static bool is_heard_at(const struct presence *p, const struct address *address)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const struct peer *peer = &p->all[i]->peer;
        if (peer->state == PEER_HERE && peer->address.scope == address->scope &&
            memcmp(peer->address.ip, address->ip, sizeof(address->ip)) == 0) {
            return true;
        }
    }
    return false;
}

/* The next port behind the one that was typed: a computer's second class listens there, and a class after new words. */
static void call_behind(struct presence *p, struct call *call)
{
    struct address address = call->address;
    call->behind = call->behind % (CALL_PORTS - 1) + 1;
    if (address.port <= UINT16_MAX - CALL_PORTS) {
        address.port = (uint16_t)(address.port + call->behind);
        act_call(p, &address);
    }
}

static void calls_tick(struct presence *p, struct now now)
{
    for (uint32_t i = 0; i < p->calls_count; i++) {
        struct call *call = &p->calls[i];
        if (is_due(call->due, now)) {
            if (!address_taken(p, &call->address)) {
                act_call(p, &call->address);
            }
            if (!is_heard_at(p, &call->address)) {
                call_behind(p, call);
            }
            call->due = after(now, around(p, p->here > 0 ? CALL_AWAY_MS : CALL_GONE_MS));
        }
    }
}

/* ---- own beacons ---------------------------------------------------------------------------- */

static uint32_t missed_count(const struct presence *p, struct now now)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        const struct peer *peer = &p->all[i]->peer;
        count += peer->state == PEER_GONE && since(peer->since, now) < MISSED_MS;
    }
    return count;
}

/* The room's total is bounded, so a large room hears each of us more rarely. */
static int64_t beacon_gap(struct presence *p, struct now now)
{
    uint32_t missed = missed_count(p, now);
    int64_t machines = 1 + (int64_t)p->here + missed;
    if (missed > 0) {
        return around(p, larger(BEACON_BUSY_MS, machines * BEACON_BUSY_EACH_MS));
    }
    return around(p, larger(BEACON_QUIET_MS, machines * BEACON_QUIET_EACH_MS));
}

static void beacon_send(struct presence *p, struct now now)
{
    bool first = p->announced == 0;
    act_beacon(p, LAN_PATHS, first || p->here == 0 ? BEACON_ANSWER : 0, NULL);
    p->announced++;
    if (p->announced < ANNOUNCE_COUNT && p->here == 0) {
        p->beacon_due = after(now, announce_gaps_ms[p->announced - 1]);
    } else {
        p->announced = ANNOUNCE_COUNT;
        p->beacon_due = after(now, beacon_gap(p, now));
    }
}

void presence_start(struct presence *p, struct now now)
{
    p->started = true;
    p->announced = 0;
    p->answers_at = now.mono;
    p->answers_ms = ANSWER_CREDIT_MS;
    p->calls_max = CALLS_AT_ONCE;
    p->hints_due = after(now, around(p, HINTS_MS));
    beacon_send(p, now);
}

void presence_check(struct presence *p, struct now now)
{
    (void)now;
    if (p->started && !p->stopped) {
        act_beacon(p, LAN_PATHS, BEACON_CHECK | BEACON_ANSWER, NULL);
    }
}

static void network_changed(struct presence *p, struct now now)
{
    p->network = now.mono;
    p->network_due.ms = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        struct known *k = p->all[i];
        k->calls = 0;
        if (k->peer.state == PEER_HERE && link_wanted(p, k)) {
            act_link(p, k, now);
        } else if (k->peer.state == PEER_GONE || k->peer.state == PEER_CALLED) {
            if (is_calling(k)) {
                act_unlink(p, k);
            }
            k->call_at = now.mono;
        }
    }
    for (uint32_t i = 0; i < p->calls_count; i++) {
        p->calls[i].due = now.mono;
    }
    p->announced = 0;
    beacon_send(p, now);
}

void presence_network(struct presence *p, struct now now)
{
    if (!p->started || p->stopped) {
        return;
    }
    if (since(p->network, now) >= NETWORK_MS) {
        network_changed(p, now);
    } else if (p->network_due.ms == 0) {
        p->network_due.ms = p->network.ms + NETWORK_MS;
    }
}

/* ---- time ----------------------------------------------------------------------------------- */

static void hints_tick(struct presence *p, struct now now)
{
    struct known *k = known_draw(p, NULL);
    if (k != NULL) {
        act_say(p, k, &(struct message){.kind = MESSAGE_PEERS});
    }
    p->hints_due = after(now, around(p, HINTS_MS));
}

void call_tick(struct presence *p, struct now now)
{
    if (p->calls_max < CALLS_AT_ONCE && since(p->relieved, now) >= RELIEVED_MS) {
        p->calls_max = CALLS_AT_ONCE;
    }
    calls_tick(p, now);
    if (is_due(p->network_due, now)) {
        network_changed(p, now);
    }
    if (is_due(p->hints_due, now)) {
        hints_tick(p, now);
    }
    if (is_due(p->beacon_due, now)) {
        for (uint32_t i = 0; i < p->count; i++) {
            paths_note(p->all[i], now);
        }
        beacon_send(p, now);
    }
}

int64_t call_wake(const struct presence *p)
{
    int64_t ms = p->beacon_due.ms;
    ms = p->hints_due.ms < ms ? p->hints_due.ms : ms;
    if (p->network_due.ms != 0 && p->network_due.ms < ms) {
        ms = p->network_due.ms;
    }
    for (uint32_t i = 0; i < p->calls_count; i++) {
        ms = p->calls[i].due.ms < ms ? p->calls[i].due.ms : ms;
    }
    return ms;
}
