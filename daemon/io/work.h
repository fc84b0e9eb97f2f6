/* Slow work off the loop: Argon2id in a worker thread. */
#ifndef JAM_WORK_H
#define JAM_WORK_H

#include "loop.h"

struct work;

struct work *work_new(struct loop *); /* NULL: no memory */
/* Stretches `words`; EVENT_STRETCHED with this number comes later, empty if it can't be done. */
void work_stretch(struct work *, uint64_t number, struct slice words, const uint8_t salt[16],
                  struct cost);
/* Feeds what could not even be begun. True if something was fed. */
bool work_turn(struct work *);
/* Whether something runs still; only if not may it be freed. */
bool work_runs(const struct work *);
void work_free(struct work **);

#endif
