/* What goes wrong, and when: each kind of fault that a seed has comes again and again, by a stream of chance of its own. */
#include <stdio.h>

#include "sim.h"

const char *const fault_names[FAULTS] = {
    [FAULT_LOSS] = "loss",        [FAULT_DELAY] = "delay",     [FAULT_REORDER] = "reorder",
    [FAULT_DUPLICATE] = "double", [FAULT_RUDE] = "rude",       [FAULT_FILTER] = "filter",
    [FAULT_SLOW] = "slow",        [FAULT_SPLIT] = "split",     [FAULT_ONEWAY] = "oneway",
    [FAULT_RESET] = "reset",      [FAULT_ADDRESS] = "address", [FAULT_KILL] = "kill",
    [FAULT_POWER] = "power",      [FAULT_LEAVE] = "leave",     [FAULT_STALL] = "stall",
    [FAULT_DISK] = "disk",        [FAULT_FULL] = "full",       [FAULT_RESTORE] = "restore",
    [FAULT_CLONE] = "clone",      [FAULT_RESUME] = "resume",   [FAULT_CLOCK] = "clock",
    [FAULT_RETRY] = "retry",      [FAULT_HOSTILE] = "hostile",
};

enum { WRITES_MAX = 12, OUTPUTS_MAX = 6, STEPS_MAX = 5 };

/* Swarm: most seeds have some of the faults, few have all. */
void plan_draw(struct plan *plan)
{
    struct rng rng;
    uint8_t seed[32] = {'p', 'l', 'a', 'n'};
    put_big_endian(seed + 8, 8, plan->seed);
    rng_seed(&rng, seed);
    int machines = 3 + (int)below(&rng, 6);
    if (chance(&rng, 10)) {
        machines = 9 + (int)below(&rng, MACHINES_MAX / 2 - 9);
    }
    plan->machines = plan->machines ? plan->machines : machines;
    int people = 2 + (int)below(&rng, (uint32_t)plan->machines + 2);
    plan->people = plan->people ? plan->people : people;
    plan->people = plan->people < PEOPLE_MAX ? plan->people : PEOPLE_MAX;
    int minutes = machines > 8 ? 4 : 8 + (int)below(&rng, 8);
    plan->minutes = plan->minutes ? plan->minutes : minutes;
    plan->open = chance(&rng, 50);
    plan->knocks = chance(&rng, 20);
    uint32_t density = below(&rng, 101);
    for (int i = 0; i < FAULTS; i++) {
        uint32_t much = 1 + below(&rng, 100);
        bool occurs = chance(&rng, density) && !(plan->without >> i & 1);
        plan->amount[i] = occurs ? much : 0;
    }
    plan->amount[FAULT_LOSS] /= 2;
    int most = plan->machines * 2 / 5;
    int lies = most ? 1 + (int)below(&rng, (uint32_t)most) : 0;
    plan->hostile = plan->amount[FAULT_HOSTILE] ? lies : 0;
    plan->days = plan->days ? plan->days : 1;
    /* in a class hour people do as much as in some crowded minutes */
    plan->pace = plan->minutes >= 30 || plan->days > 30 ? 2 + (int)below(&rng, 9) : 1;
    plan->images = plan->amount[FAULT_RESTORE] && chance(&rng, 70);
}

/* An honest machine that is on; NULL: the one that was drawn isn't. */
static struct machine *draw_machine(struct world *world, struct rng *rng)
{
    struct machine *m = &world->machines[below(rng, (uint32_t)world->count)];
    return m->device && !m->lies ? m : NULL;
}

/* ---- the network -------------------------------------------------------------------------------------------------- */

static void heal(struct world *world, int64_t number)
{
    (void)number;
    trace(world, "the network heals");
    memset(world->no_packets, 0, sizeof(world->no_packets));
    memset(world->no_connect, 0, sizeof(world->no_connect));
}

static void split(struct world *world, struct rng *rng)
{
    int side[MACHINES_MAX];
    uint32_t sides = 2 + below(rng, 2);
    bool partial = chance(rng, 30); /* some machines reach both parts */
    for (int i = 0; i < MACHINES_MAX; i++) {
        side[i] = (int)below(rng, sides + partial);
    }
    for (int a = 0; a < MACHINES_MAX; a++) {
        for (int b = 0; b < MACHINES_MAX; b++) {
            bool bridge = side[a] == (int)sides || side[b] == (int)sides;
            world->no_packets[a][b] = side[a] != side[b] && !bridge;
        }
    }
    post_call(world, heal, 0, world->t + 3 * SECOND + below(rng, 2 * MINUTE));
}

static void one_way(struct world *world, struct rng *rng)
{
    uint32_t a = below(rng, (uint32_t)world->count), b = below(rng, (uint32_t)world->count);
    bool all = chance(rng, 50), packets = chance(rng, 50);
    for (uint32_t i = 0; i < (uint32_t)world->count; i++) {
        bool hit = i != a && (all || i == b);
        (packets ? world->no_packets : world->no_connect)[i][a] |= hit;
    }
    post_call(world, heal, 0, world->t + 3 * SECOND + below(rng, MINUTE));
}

static void address_changed(struct world *world, struct machine *m)
{
    struct event event = {.kind = EVENT_NETWORK};
    net_reset(world, m);
    feed(world, m, &event);
}

/* A fresh one, or one that another had: that gets this one's, as where leases go round. */
static void new_address(struct world *world, struct machine *m, struct rng *rng)
{
    struct machine *other = &world->machines[below(rng, (uint32_t)world->count)];
    if (other == m || other->lies || chance(rng, 40)) {
        m->ip[0]++;
        address_changed(world, m);
        return;
    }
    uint8_t ip[2];
    memcpy(ip, m->ip, sizeof(ip));
    memcpy(m->ip, other->ip, sizeof(ip));
    memcpy(other->ip, ip, sizeof(ip));
    trace(world, "m%d and m%d change places", m->index, other->index);
    address_changed(world, m);
    address_changed(world, other);
}

/* ---- machines ----------------------------------------------------------------------------------------------------- */

static void doom(struct machine *m, struct rng *rng, bool power)
{
    m->doom = DOOM_STEP + (enum doom)below(rng, power && !m->vm ? 4 : 3);
    m->doom_power = power;
    m->doom_after = below(rng, STEPS_MAX);
    if (m->doom == DOOM_OUTPUT) {
        m->doom_after = below(rng, OUTPUTS_MAX);
    } else if (m->doom == DOOM_WRITE) {
        disk_fault(m->disk, DISK_CUT, 1 + below(rng, WRITES_MAX), false);
    }
}

static void left(struct world *world, int64_t number)
{
    machine_end(world, &world->machines[number], false);
}

static void leave(struct world *world, struct machine *m)
{
    struct event event = {.kind = EVENT_LEAVE};
    feed(world, m, &event);
    post_call(world, left, m->index, world->t + 200);
}

static void disk_works(struct world *world, int64_t number)
{
    struct machine *m = &world->machines[number];
    if (m->device) {
        disk_fault(m->disk, DISK_WORKS, 0, false);
        m->disk_failed = false;
    }
}

static void disk_breaks(struct world *world, struct machine *m, struct rng *rng, bool full)
{
    bool lasting = full || chance(rng, 30);
    m->disk_failed = true;
    disk_fault(m->disk, full ? DISK_FULL : DISK_FAILS, 1 + below(rng, 40), lasting);
    post_call(world, disk_works, m->index, world->t + SECOND + below(rng, 20 * SECOND));
}

static void take_image(struct world *world, struct machine *m, struct rng *rng)
{
    disk_free(&m->image);
    m->image = disk_clone(m->disk, rng_below(rng, UINT64_MAX));
    trace(world, "m%d: an image is taken", m->index);
}

/* An image is taken now and then, and put back at a later start. */
static void restore(struct world *world, struct machine *m, struct rng *rng)
{
    if (!m->image || chance(rng, 20)) {
        take_image(world, m, rng);
        return;
    }
    machine_end(world, m, true);
    machine_restore(world, m);
}

/* On other hardware: on its own, two machines would have one key, and nobody could meet both. */
static void clone(struct world *world, struct machine *m, struct rng *rng)
{
    if (world->count == MACHINES_MAX || world->count > world->plan.machines + 2) {
        return;
    }
    struct machine *to = &world->machines[world->count];
    machine_make(world, to, world->count++);
    disk_free(&to->disk);
    to->disk = disk_clone(m->disk, rng_below(rng, UINT64_MAX));
    to->cloned = true;
    trace(world, "m%d is a copy of m%d", to->index, m->index);
    machine_start(world, to);
    lesson_bring_in(world, to);
}

static void resume(struct world *world, struct machine *m, struct rng *rng)
{
    if (!m->tape.mark || chance(rng, 30)) {
        machine_mark(world, m);
        return;
    }
    machine_resume(world, m);
}

static void clock_jumps(struct world *world, struct machine *m, struct rng *rng)
{
    static const int64_t spans[] = {SECOND, MINUTE, 60 * MINUTE, 24 * 60 * MINUTE,
                                    INT64_C(3650) * 24 * 60 * MINUTE};
    int64_t span = spans[below(rng, 5)];
    int64_t by = (int64_t)rng_below(rng, (uint64_t)span * 2) - span;
    trace(world, "m%d: its clock jumps by %lld s", m->index, (long long)(by / SECOND));
    m->wall_offset += by;
}

/* ---- when --------------------------------------------------------------------------------------------------------- */

static void happen(struct world *world, enum fault fault, struct machine *m, struct rng *rng)
{
    switch (fault) {
    case FAULT_SPLIT:
        split(world, rng);
        break;
    case FAULT_ONEWAY:
        one_way(world, rng);
        break;
    case FAULT_RESET:
        net_reset(world, m);
        break;
    case FAULT_ADDRESS:
        new_address(world, m, rng);
        break;
    case FAULT_KILL:
    case FAULT_POWER:
        doom(m, rng, fault == FAULT_POWER);
        break;
    case FAULT_LEAVE:
        leave(world, m);
        break;
    case FAULT_STALL:
        m->standing_until = world->t + below(rng, 20 * SECOND);
        break;
    case FAULT_DISK:
    case FAULT_FULL:
        if (!m->vm) {
            disk_breaks(world, m, rng, fault == FAULT_FULL);
        }
        break;
    case FAULT_RESTORE:
        restore(world, m, rng);
        break;
    case FAULT_CLONE:
        clone(world, m, rng);
        break;
    case FAULT_RESUME:
        resume(world, m, rng);
        break;
    default:
        clock_jumps(world, m, rng);
        break;
    }
}

/* How long between two of a kind, at the most, in ms; 0: it is no event. */
static int64_t pause_of(enum fault fault)
{
    static const int32_t pauses[FAULTS] = {
        [FAULT_SPLIT] = 240, [FAULT_ONEWAY] = 240, [FAULT_RESET] = 60,   [FAULT_ADDRESS] = 200,
        [FAULT_KILL] = 90,   [FAULT_POWER] = 90,   [FAULT_LEAVE] = 120,  [FAULT_STALL] = 90,
        [FAULT_DISK] = 90,   [FAULT_FULL] = 120,   [FAULT_RESTORE] = 90, [FAULT_CLONE] = 300,
        [FAULT_RESUME] = 60, [FAULT_CLOCK] = 60,
    };
    return (int64_t)pauses[fault] * SECOND;
}

static void strike(struct world *world, int64_t number)
{
    enum fault fault = (enum fault)number;
    struct rng *rng = &world->streams[fault];
    if (world->calm) {
        return;
    }
    struct machine *m = draw_machine(world, rng);
    if (m && world->made) {
        trace(world, "fault: %s at m%d", fault_names[fault], m->index);
        world->counts.faults[fault]++;
        happen(world, fault, m, rng);
    }
    int64_t most = pause_of(fault) * world->plan.pace * 20 / (10 + world->plan.amount[fault]);
    post_call(world, strike, number, world->t + SECOND + below(rng, (uint32_t)most));
}

void chaos_start(struct world *world)
{
    static const uint32_t filters[] = {PATH_MULTICAST4 | PATH_MULTICAST6, PATH_BROADCAST,
                                       PATH_BROADCAST | PATH_MULTICAST4,
                                       PATH_BROADCAST | PATH_MULTICAST4 | PATH_MULTICAST6};
    struct rng *rng = &world->streams[FAULT_FILTER];
    for (int i = 0; i < FAULTS; i++) {
        if (world->plan.amount[i] && pause_of((enum fault)i)) {
            post_call(world, strike, i, world->t + below(&world->streams[i], 2 * MINUTE));
        }
    }
    if (world->plan.amount[FAULT_FILTER]) {
        world->filtered = filters[below(rng, 4)];
        world->counts.faults[FAULT_FILTER]++;
    }
    for (int i = 0; i < world->count; i++) {
        struct machine *m = &world->machines[i];
        rng = &world->streams[FAULT_SLOW];
        if (chance(rng, world->plan.amount[FAULT_SLOW])) {
            m->slow_bytes_ms = 1 + below(rng, 100);
            world->counts.faults[FAULT_SLOW]++;
        }
        m->vm = world->plan.amount[FAULT_RESUME] && chance(&world->streams[FAULT_RESUME], 40);
    }
}

void chaos_evening(struct world *world)
{
    trace(world, "evening");
    for (int i = 0; i < world->count; i++) {
        struct machine *m = &world->machines[i];
        bool power = chance(&world->fate, 50);
        if (m->device && !power) {
            leave(world, m);
        }
        m->doom = DOOM_NONE;
        m->standing_until = 0;
    }
    world_run(world, world->t + SECOND);
    for (int i = 0; i < world->count && !world->failure[0]; i++) {
        struct machine *m = &world->machines[i];
        machine_end(world, m, true);
        m->up_at = INT64_MAX;
    }
}

void chaos_morning(struct world *world)
{
    trace(world, "morning");
    for (int i = 0; i < world->count && !world->failure[0]; i++) {
        struct machine *m = &world->machines[i];
        if (m->imaged) {
            machine_restore(world, m);
        } else if (world->plan.images && !m->lies && chance(&world->streams[FAULT_RESTORE], 2)) {
            m->imaged = true;
            take_image(world, m, &world->streams[FAULT_RESTORE]);
        }
        disk_works(world, i);
        machine_start(world, m);
    }
}

void chaos_calm(struct world *world)
{
    trace(world, "all is healed");
    world->calm = true;
    heal(world, 0);
    for (int i = 0; i < world->count; i++) {
        struct machine *m = &world->machines[i];
        m->standing_until = 0;
        m->doom = DOOM_NONE;
        disk_works(world, i);
        if (!m->device && !m->gone && !m->lies) {
            machine_start(world, m);
        }
    }
}
