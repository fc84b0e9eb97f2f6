/* Who knocks here, within bounds. */
#include "knockers.h"

bool knocker_knocks(const struct knocker *k, struct now now)
{
    return now.mono.ms - k->heard.ms < KNOCK_SILENT_MS;
}

struct knocker *knockers_find(struct knockers *all, const struct device_id *device)
{
    for (uint32_t i = 0; i < all->count; i++) {
        if (SAME(all->at[i].knock.device, *device)) {
            return &all->at[i];
        }
    }
    return NULL;
}

void knockers_remove(struct knockers *all, const struct knocker *k)
{
    size_t i = (size_t)(k - all->at);
    all->count--;
    memmove(&all->at[i], &all->at[i + 1], (all->count - i) * sizeof(all->at[0]));
}

/* Makes room: only who is silent gives way. False: nobody is. */
static bool make_room(struct knockers *all, const struct address *from, struct now now)
{
    const struct knocker *silent = NULL, *neighbour = NULL;
    uint32_t neighbours = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        const struct knocker *k = &all->at[i];
        bool near = memcmp(k->from.ip, from->ip, sizeof(from->ip)) == 0;
        bool gone = !k->admitted && !knocker_knocks(k, now);
        neighbours += near;
        neighbour = near && gone ? k : neighbour;
        silent = gone && (!silent || k->heard.ms < silent->heard.ms) ? k : silent;
    }
    if (neighbours >= KNOCKERS_OF_SOURCE_MAX) {
        silent = neighbour;
    } else if (all->count < KNOCKERS_MAX) {
        return true;
    }
    if (silent) {
        knockers_remove(all, silent);
    }
    return silent != NULL;
}

struct knocker *knockers_hear(struct knockers *all, const struct knock *knock,
                              const struct address *from, struct now now)
{
    struct knocker *k = knockers_find(all, &knock->device);
    if (!k && !make_room(all, from, now)) {
        return NULL;
    }
    if (!k) {
        k = &all->at[all->count++];
        *k = (struct knocker){.number = ++all->numbers, .first = now.mono};
    }
    k->knock = *knock;
    k->from = *from;
    k->heard = now.mono;
    return k;
}

bool knockers_alike(const struct knockers *all, const struct knocker *k, struct now now)
{
    for (uint32_t i = 0; i < all->count; i++) {
        const struct knocker *other = &all->at[i];
        if (other != k && *k->words && strcmp(other->words, k->words) == 0 &&
            knocker_knocks(other, now)) {
            return true;
        }
    }
    return false;
}
