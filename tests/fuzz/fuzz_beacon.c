/* No datagram breaks beacon_open: as it came, and, since nobody finds a seal by chance, sealed by a member. What opens
 * says the same when it is sealed and opened again. */
#include <stdlib.h>

#include "beacon.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return keys_init();
}

static bool is_same(const struct beacon *a, const struct beacon *b)
{
    return a->flags == b->flags && SAME(a->device, b->device) && a->run == b->run &&
           a->port == b->port && a->path == b->path;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct seal_key key = {{1}};
    struct rng rng = {{2}};
    struct beacon beacon, again;
    uint8_t plain[BEACON_BYTES - SEAL_OVERHEAD] = {0};
    uint8_t datagram[BEACON_BYTES];
    beacon_open(&key, slice_of(bytes, len), &beacon);
    if (len > 0) {
        memcpy(plain, bytes, len < sizeof(plain) ? len : sizeof(plain));
    }
    seal(&key, &rng, "jam beacon 1", slice_of(plain, sizeof(plain)), datagram);
    if (beacon_open(&key, slice_of(datagram, sizeof(datagram)), &beacon) != OK) {
        return 0;
    }
    beacon_seal(&key, &rng, &beacon, datagram);
    if (beacon_open(&key, slice_of(datagram, sizeof(datagram)), &again) != OK ||
        !is_same(&beacon, &again)) {
        abort();
    }
    return 0;
}
