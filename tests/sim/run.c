/* One seed: makes the room, lets a lesson pass in which anything fails, heals it, and sees that all of it comes together, and that
 * people have answers soon when they go on. */
#include <stdio.h>

#include "sim.h"

enum {
    SETTLE_MS = 20 * SECOND,
    PATIENCE_MS = 15 * MINUTE,
    NIGHT_MS = 18 * 60 * MINUTE,
    WORK_MS =
        6 * SECOND, /* before one of them starts again; and after that, when all should be soon */
    REST_MS = 6 * SECOND,
    HURRY_MS = 200,
    HURRIED_MAX = 10, /* people: more in a hurry take minutes to simulate */
};

static void seed_stream(struct rng *rng, uint64_t seed, const char *name)
{
    struct slice parts[2] = {slice_of(&seed, sizeof(seed)), slice_str(name)};
    struct hash hash = hash_of("sim stream", parts, 2);
    rng_seed(rng, hash.b);
}

static void make_room(struct world *world)
{
    const struct plan *plan = &world->plan;
    for (int i = 0; i < FAULTS; i++) {
        seed_stream(&world->streams[i], plan->seed, fault_names[i]);
    }
    seed_stream(&world->net, plan->seed, "net");
    seed_stream(&world->lesson, plan->seed, "lesson");
    seed_stream(&world->lies, plan->seed, "lies");
    seed_stream(&world->probe, plan->seed, "probe");
    seed_stream(&world->fate, plan->seed, "fate");
    seed_stream(&world->watch, plan->seed, "watch");
    disk_chance((int)(plan->seed % INT32_MAX) + 1);
    world->count = plan->machines;
    world->people_count = plan->people;
    for (int i = 0; i < world->count; i++) {
        machine_make(world, &world->machines[i], i);
        if (i >= world->count - plan->hostile) {
            hostile_make(world, &world->machines[i]);
        }
    }
    chaos_start(world);
    for (int i = 0; i < world->count; i++) {
        machine_start(world, &world->machines[i]);
    }
    lesson_start(world);
    screens_start(world);
}

/* A core is healed, or rests: it must come to one log, with all that was acknowledged in it. */
static void settle(struct world *world, int64_t at_least_ms)
{
    char why[256] = "";
    int64_t end = world->t + PATIENCE_MS;
    world_run(world, world->t + at_least_ms);
    while (!world->failure[0] && !check_converged(world, why, sizeof(why))) {
        if (world->t >= end) {
            failed(world, "P2: after %d minutes %s", PATIENCE_MS / MINUTE, why);
        }
        world_run(world, world->t + 2 * SECOND);
    }
}

/* Then people go on as if nothing had been, in some rooms in such a hurry that no two machines are ever alike, and a machine
 * starts again among them. */
static void go_on(struct world *world)
{
    bool few = world->people_count <= HURRIED_MAX && !world->plan.hostile;
    bool hurry = few && chance(&world->fate, 15);
    trace(world, "people go on%s", hurry ? ", in a hurry" : "");
    check_spread(world);
    lesson_go_on(world, hurry ? HURRY_MS : REST_MS);
    world_run(world, world->t + WORK_MS);
    struct machine *m = &world->machines[below(&world->fate, (uint32_t)world->count)];
    if (!m->lies && !world->failure[0]) {
        machine_end(world, m, chance(&world->fate, 50));
    }
    world_run(world, world->t + soon(world) + WORK_MS);
    world->work = 0;
}

void sim_run(struct world *world, const struct plan *plan)
{
    memset(world, 0, sizeof(*world));
    world->plan = *plan;
    world->hash = UINT64_C(14695981039346656037);
    make_room(world);
    for (int day = 1; day <= plan->days && !world->failure[0]; day++) {
        world_run(world, world->t + (int64_t)plan->minutes * MINUTE);
        if (day < plan->days) {
            chaos_evening(world);
            world->t += NIGHT_MS;
            chaos_morning(world);
        }
    }
    if (!world->failure[0] && !world->made) {
        failed(world, "there is no class");
    }
    if (!world->failure[0]) {
        chaos_calm(world);
        settle(world, SETTLE_MS);
    }
    if (!world->failure[0]) {
        go_on(world);
        settle(world, SECOND);
    }
    if (!world->failure[0]) {
        screens_check(world);
    }
    if (!world->failure[0]) {
        check_end(world);
    }
    world->counts.simulated_ms = world->t;
}
