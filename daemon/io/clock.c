/* The only clock and the only randomness of the daemon. */
#include "clock.h"

#include <sodium.h>
#include <time.h>

static int64_t clock_ms(clockid_t which)
{
    struct timespec t = {0};
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct now clock_now(void)
{
    return (struct now){.mono = {clock_ms(CLOCK_BOOTTIME)}, .wall = {clock_ms(CLOCK_REALTIME)}};
}

void clock_random(void *out, size_t len)
{
    randombytes_buf(out, len);
}
