/* The machines that --peer names. */
#ifndef JAM_CALLS_H
#define JAM_CALLS_H

#include "loop.h"

struct calls;

/* Feeds EVENT_CALL for each: at once for addresses, later for names, which are asked for until they are found. */
enum err calls_open(struct loop *, const struct options *, struct calls **);
/* Whether a name is being asked for; only if not may it be closed. */
bool calls_run(const struct calls *);
void calls_close(struct calls **);

#endif
