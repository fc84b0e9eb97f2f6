/* No datagram breaks beacon_open: as it came, and, since nobody finds a seal by chance, sealed by a member. What opens
 * says the same when it is sealed and opened again. */
#include "fuzz.h"
#include "beacon.h"

static bool is_same(const struct beacon *a, const struct beacon *b)
{
    return a->flags == b->flags && SAME(a->device, b->device) && a->run == b->run &&
           a->port == b->port && a->path == b->path;
}

const size_t fuzz_room = FUZZ_ROOM;

void fuzz_one(struct slice input)
{
    struct seal_key key = {{1}};
    struct rng rng = {{2}};
    struct beacon beacon, again;
    uint8_t plain[BEACON_BYTES - SEAL_OVERHEAD] = {0};
    uint8_t datagram[BEACON_BYTES];
    beacon_open(&key, input, &beacon);
    if (input.len > 0) {
        memcpy(plain, input.at, input.len < sizeof(plain) ? input.len : sizeof(plain));
    }
    seal(&key, &rng, "jam beacon 1", slice_of(plain, sizeof(plain)), datagram);
    if (beacon_open(&key, slice_of(datagram, sizeof(datagram)), &beacon) != OK) {
        return;
    }
    beacon_seal(&key, &rng, &beacon, datagram);
    fuzz_check(beacon_open(&key, slice_of(datagram, sizeof(datagram)), &again) == OK);
    fuzz_check(is_same(&beacon, &again));
}
