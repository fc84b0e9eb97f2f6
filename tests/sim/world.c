/* Time, chance and trace of a simulated room: what is due next happens next, whoever it concerns. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

#define WALL_START INT64_C(1790000000000)
enum { ASKED_AGAIN_MS = 8 * SECOND };

void *sim_alloc(size_t len)
{
    void *memory = calloc(1, len ? len : 1);
    if (!memory) {
        abort();
    }
    return memory;
}

static void hash_in(struct world *world, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) { /* FNV-1a */
        world->hash = (world->hash ^ (uint8_t)bytes[i]) * UINT64_C(1099511628211);
    }
}

void trace(struct world *world, const char *format, ...)
{
    char line[512];
    int len = snprintf(line, sizeof(line), "%8llu %9.3f ", (unsigned long long)world->step,
                       (double)world->t / SECOND);
    va_list args;
    va_start(args, format);
    vsnprintf(line + len, sizeof(line) - (size_t)len, format, args);
    va_end(args);
    hash_in(world, line, strlen(line));
    if (world->plan.verbose) {
        puts(line);
    }
}

void failed(struct world *world, const char *format, ...)
{
    if (world->failure[0]) {
        return;
    }
    va_list args;
    va_start(args, format);
    vsnprintf(world->failure, sizeof(world->failure), format, args);
    va_end(args);
    trace(world, "FAILED: %s", world->failure);
}

uint32_t below(struct rng *rng, uint32_t bound)
{
    return (uint32_t)rng_below(rng, bound);
}

bool chance(struct rng *rng, uint32_t percent)
{
    return rng_below(rng, 100) < percent;
}

int64_t soon(const struct world *world)
{
    int64_t hearing = world->count * SECOND * 3 / 4;
    return ASKED_AGAIN_MS +
           (world->plan.hostile || hearing > LOG_PATIENCE_MS ? LOG_PATIENCE_MS : hearing);
}

struct now now_of(const struct world *world, const struct machine *m)
{
    int64_t wall = WALL_START + world->t + m->wall_offset;
    return (struct now){{world->t + m->mono_offset}, {wall > 0 ? wall : 0}};
}

/* ---- what is due: a heap by time, then by order ------------------------------------------------------------------- */

static bool is_before(const struct parcel *a, const struct parcel *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

struct parcel *parcel_new(enum parcel_kind kind, struct slice bytes)
{
    struct parcel *p = sim_alloc(sizeof(*p) + bytes.len);
    p->kind = kind;
    if (bytes.len) {
        memcpy(p->bytes, bytes.at, bytes.len);
    }
    p->event.bytes = slice_of(p->bytes, bytes.len);
    return p;
}

void post(struct world *world, struct parcel *p, int64_t at)
{
    if (world->heap_len == world->heap_room) {
        world->heap_room = world->heap_room ? world->heap_room * 2 : 1024;
        world->heap = realloc(world->heap, world->heap_room * sizeof(struct parcel *));
        if (!world->heap) {
            abort();
        }
    }
    p->at = at > world->t ? at : world->t;
    p->order = ++world->order;
    size_t i = world->heap_len++;
    while (i > 0 && is_before(p, world->heap[(i - 1) / 2])) {
        world->heap[i] = world->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    world->heap[i] = p;
}

static struct parcel *take(struct world *world)
{
    struct parcel *first = world->heap[0], *last = world->heap[--world->heap_len];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < world->heap_len; i = child) {
        if (child + 1 < world->heap_len && is_before(world->heap[child + 1], world->heap[child])) {
            child++;
        }
        if (!is_before(world->heap[child], last)) {
            break;
        }
        world->heap[i] = world->heap[child];
    }
    if (world->heap_len) {
        world->heap[i] = last;
    }
    return first;
}

void post_call(struct world *world, due_fn call, int64_t number, int64_t at)
{
    struct parcel *p = parcel_new(PARCEL_CALL, slice_of(NULL, 0));
    p->call = call;
    p->number = number;
    post(world, p, at);
}

/* ---- a step ------------------------------------------------------------------------------------------------------- */

void feed(struct world *world, struct machine *m, const struct event *event)
{
    if (m->lies) {
        hostile_hears(world, m, event);
        return;
    }
    if (!m->device) {
        return;
    }
    struct now now = now_of(world, m);
    tape_event(m, now, event);
    device_step(m->device, now, event);
    world->counts.steps++;
    if (m->doom == DOOM_STEP && m->doom_after-- == 0) {
        machine_end(world, m, m->doom_power);
    } else if (!m->fed) {
        struct parcel *p = parcel_new(PARCEL_SETTLE, slice_of(NULL, 0));
        p->to = m->index;
        p->life = m->life;
        m->fed = true;
        post(world, p, world->t);
    }
}

static void deliver(struct world *world, struct parcel *p)
{
    struct machine *to = &world->machines[p->to];
    switch (p->kind) {
    case PARCEL_EVENT:
        if (p->life == to->life) {
            feed(world, to, &p->event);
        }
        break;
    case PARCEL_DATAGRAM:
    case PARCEL_MESSAGE:
        net_deliver(world, p);
        return;
    case PARCEL_SETTLE:
        if (p->life == to->life && to->device) {
            machine_settle(world, to);
        }
        break;
    case PARCEL_CONNECT:
        net_connect(world, p);
        break;
    case PARCEL_BREAK:
        net_break(world, p);
        break;
    case PARCEL_CALL:
        p->call(world, p->number);
        break;
    }
    free(p);
}

/* A machine that stands still gets nothing until it moves again. */
static bool stands(struct world *world, struct parcel *p)
{
    bool of_machine = p->kind == PARCEL_EVENT || p->kind == PARCEL_DATAGRAM ||
                      p->kind == PARCEL_MESSAGE || p->kind == PARCEL_SETTLE;
    int64_t until = of_machine ? world->machines[p->to].standing_until : 0;
    if (until <= world->t) {
        return false;
    }
    post(world, p, until);
    return true;
}

static struct machine *first_to_wake(struct world *world)
{
    struct machine *best = NULL;
    for (int i = 0; i < world->count; i++) {
        struct machine *m = &world->machines[i];
        if (m->device && !m->fed && (!best || m->wake < best->wake)) {
            best = m;
        }
    }
    return best;
}

void world_run(struct world *world, int64_t until)
{
    struct event tick = {.kind = EVENT_TICK};
    while (!world->failure[0] && !(world->until_step && world->step >= world->until_step)) {
        struct machine *m = first_to_wake(world);
        int64_t wake = m ? m->wake : INT64_MAX;
        int64_t at = world->heap_len && world->heap[0]->at <= wake ? world->heap[0]->at : wake;
        if (at > until) {
            world->t = until > world->t ? until : world->t;
            break;
        }
        world->t = at > world->t ? at : world->t;
        world->step++;
        if (world->heap_len && world->heap[0]->at <= wake) {
            struct parcel *p = take(world);
            if (!stands(world, p)) {
                deliver(world, p);
            }
        } else if (m->standing_until > world->t) {
            m->wake = m->standing_until;
        } else {
            m->wake = INT64_MAX;
            feed(world, m, &tick);
        }
    }
}

void world_free(struct world *world)
{
    for (int i = 0; i < world->count; i++) {
        machine_free(world, &world->machines[i]);
    }
    while (world->heap_len) {
        free(take(world));
    }
    for (int i = 0; i < world->people_count; i++) {
        free(world->people[i].request);
    }
    screens_free(world);
    free(world->heap);
    free(world->acked);
}
