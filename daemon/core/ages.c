/* What this machine saw happen, and what it knows of other machines' clocks; in memory only. */
#include "ages.h"

#include <stdlib.h>

#include "bounds.h"
#include "view.h"

enum {
    SEEN_MAX = 4096,
    SHOWN_MS = 1000, /* ages are told in seconds */
};

struct seen {
    struct stamp stamp;
    struct mono when;
    bool used;
};

struct clock_offset {
    struct device_id device;
    int64_t ms;
    uint64_t told; /* the how manieth to be told */
};

struct ages {
    struct seen
        seen[SEEN_MAX]; /* by a hash of the stamp; a newer one takes the place of an older */
    struct clock_offset clocks[DEVICES_MAX];
    uint32_t clocks_count;
    uint64_t told;
};

struct ages *ages_new(void)
{
    return calloc(1, sizeof(struct ages));
}

void ages_free(struct ages **ages)
{
    free(*ages);
    *ages = NULL;
}

/* Feed ids are hashes already; the low bytes of the seq tell a feed's entries apart. */
static size_t seen_slot(const struct stamp *stamp)
{
    size_t n = stamp->b[26] * 256u + stamp->b[27];
    return (n + stamp->b[8] + 256u * stamp->b[9]) % SEEN_MAX;
}

void ages_saw(struct ages *ages, const struct stamp *stamp, struct mono when)
{
    ages->seen[seen_slot(stamp)] = (struct seen){*stamp, when, true};
}

bool ages_seen(const struct ages *ages, const struct stamp *stamp, struct mono *when)
{
    const struct seen *seen = &ages->seen[seen_slot(stamp)];
    if (!seen->used || !SAME(seen->stamp, *stamp)) {
        return false;
    }
    *when = seen->when;
    return true;
}

bool ages_clock(struct ages *ages, const struct device_id *device, int64_t clock_ms)
{
    struct clock_offset *clock = &ages->clocks[0];
    for (uint32_t i = 0; i < ages->clocks_count; i++) {
        struct clock_offset *other = &ages->clocks[i];
        if (SAME(other->device, *device)) {
            bool moved = llabs(other->ms - clock_ms) >= SHOWN_MS;
            *other = (struct clock_offset){*device, clock_ms, ++ages->told};
            return moved;
        }
        clock = other->told < clock->told ? other : clock;
    }
    if (ages->clocks_count < DEVICES_MAX) {
        clock = &ages->clocks[ages->clocks_count++];
    }
    *clock = (struct clock_offset){*device, clock_ms, ++ages->told};
    return true;
}

bool ages_offset(const struct ages *ages, const struct device_id *device, int64_t *clock_ms)
{
    for (uint32_t i = 0; i < ages->clocks_count; i++) {
        if (SAME(ages->clocks[i].device, *device)) {
            *clock_ms = ages->clocks[i].ms;
            return true;
        }
    }
    return false;
}

struct age age_of(const struct ages *ages, struct now now, const struct stamp *stamp,
                  const struct device_id *device, uint64_t time_ms)
{
    struct age age = {.clock = AGE_GUESSED};
    struct mono when;
    int64_t offset = 0;
    if (ages && ages_seen(ages, stamp, &when)) {
        age.clock = AGE_SEEN;
        age.age_ms = now.mono.ms - when.ms;
    } else {
        if (ages && ages_offset(ages, device, &offset)) {
            age.clock = AGE_CLASS;
        }
        int64_t claimed = time_ms < (uint64_t)TIME_MAX_MS ? (int64_t)time_ms : TIME_MAX_MS;
        age.age_ms = now.wall.ms - (claimed - offset);
    }
    if (age.age_ms < 0) {
        age.age_ms = 0;
    }
    age.at_ms = now.wall.ms - age.age_ms;
    return age;
}
