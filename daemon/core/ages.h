/* How old things are, honestly: what this machine saw happen it counts by its own monotonic clock; for the rest it
 * corrects the author's clock by the offset that it learnt when the machines met, or says that it guesses. */
#ifndef JAM_AGES_H
#define JAM_AGES_H

#include "bytes.h"
#include "entry.h"

/* No clock of ours is further from 1970 than this (285,000 years); what claims to be is a lie, and can't overflow. */
#define TIME_MAX_MS (INT64_C(1) << 53)

struct ages;

struct ages *ages_new(void); /* NULL: no memory */
void ages_free(struct ages **);

/* This machine saw that entry being written, now. Only the newest few thousand are remembered. */
void ages_saw(struct ages *, const struct stamp *, struct mono);
/* A device's wall clock less ours, in milliseconds. True: its things are now of another age than they seemed, by a second or
 * more; or how old they are was guessed until now. Where there are too many, who was told of longest ago is forgotten. */
bool ages_clock(struct ages *, const struct device_id *, int64_t clock_ms);

/* Was it seen, and when? Is the clock known, and how far off? */
bool ages_seen(const struct ages *, const struct stamp *, struct mono *when);
bool ages_offset(const struct ages *, const struct device_id *, int64_t *clock_ms);

#endif
