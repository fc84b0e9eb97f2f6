/* The only clock and the only randomness of the daemon. */
#ifndef JAM_CLOCK_H
#define JAM_CLOCK_H

#include "bytes.h"

/* Monotonic time goes on while a laptop sleeps, so that it notices afterwards. */
struct now clock_now(void);

void clock_random(void *out, size_t len);

#endif
