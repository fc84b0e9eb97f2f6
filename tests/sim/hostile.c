/* Devices that lie. */
#include "sim.h"

void hostile_make(struct world *world, struct machine *m)
{
    (void)world, (void)m;
}

void hostile_hears(struct world *world, struct machine *m, const struct event *event)
{
    (void)world, (void)m, (void)event;
}

void hostile_free(struct machine *m)
{
    (void)m;
}
