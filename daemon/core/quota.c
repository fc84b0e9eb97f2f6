/* Token buckets: what a peer brings to the log. */
#include "quota.h"

static const struct {
    int64_t burst, per_s;
} limits[][QUOTA_BUCKETS] = {
    [QUOTA_ALL] = {{QUOTA_ENTRIES, QUOTA_ENTRIES_S}, {QUOTA_BYTES, QUOTA_BYTES / 86400}},
    [QUOTA_PUSHES] = {{QUOTA_PUSH_ENTRIES, QUOTA_PUSH_ENTRIES_S},
                      {QUOTA_PUSH_BYTES, QUOTA_PUSH_BYTES / 60}},
    [QUOTA_ANSWERS] = {{1, 1}, {QUOTA_ANSWER_BYTES, QUOTA_ANSWER_BYTES_S}},
};

/* What a bucket holds by now, in thousandths: per_s a second are as many thousandths a millisecond. */
static int64_t level(const struct quota *quota, enum quota_kind kind, int bucket, struct now now)
{
    int64_t burst = limits[kind][bucket].burst * 1000;
    int64_t passed = now.mono.ms - quota->at.ms;
    if (quota->at.ms == 0 || passed > INT64_C(86400) * 1000) {
        return burst;
    }
    int64_t filled = quota->level[bucket] + (passed > 0 ? passed : 0) * limits[kind][bucket].per_s;
    return filled < burst ? filled : burst;
}

void quota_take(struct quota *quota, enum quota_kind kind, uint64_t entries, uint64_t bytes,
                struct now now)
{
    struct quota next = {.at = now.mono};
    next.level[0] = level(quota, kind, 0, now) - (int64_t)entries * 1000;
    next.level[1] = level(quota, kind, 1, now) - (int64_t)bytes * 1000;
    *quota = next;
}

struct mono quota_due(const struct quota *quota, enum quota_kind kind, struct now now)
{
    struct mono due = now.mono;
    for (int i = 0; i < QUOTA_BUCKETS; i++) {
        int64_t lacks = 1000 - level(quota, kind, i, now);
        int64_t per_s = limits[kind][i].per_s;
        int64_t then = now.mono.ms + (lacks > 0 ? (lacks + per_s - 1) / per_s : 0);
        due.ms = then > due.ms ? then : due.ms;
    }
    return due;
}

uint64_t quota_bytes(const struct quota *quota, enum quota_kind kind, struct now now)
{
    int64_t bytes = level(quota, kind, 1, now) / 1000;
    return bytes > 0 ? (uint64_t)bytes : 0;
}
