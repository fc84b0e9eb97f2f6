/* The sealed datagram. Inside the seal, big endian:
 *
 *     0 version   1 path   2 port (2)   4 flags (8)   12 run (8)   20 device (32)   52 zeros, not read
 *
 * A fixed layout, since every beacon is as long as every other, and writing one can't fail. */
#include "beacon.h"

enum {
    BEACON_VERSION = 1,
    PLAIN_BYTES = BEACON_BYTES - SEAL_OVERHEAD,
};

static const char beacon_kind[] = "jam beacon 1";

void beacon_seal(const struct seal_key *key, struct rng *rng, const struct beacon *beacon,
                 uint8_t out[BEACON_BYTES])
{
    uint8_t plain[PLAIN_BYTES] = {BEACON_VERSION, (uint8_t)beacon->path};
    put_big_endian(plain + 2, 2, beacon->port);
    put_big_endian(plain + 4, 8, beacon->flags);
    put_big_endian(plain + 12, 8, beacon->run);
    memcpy(plain + 20, beacon->device.b, sizeof(beacon->device.b));
    seal(key, rng, beacon_kind, slice_of(plain, sizeof(plain)), out);
}

enum err beacon_open(const struct seal_key *key, struct slice datagram, struct beacon *out)
{
    uint8_t plain[PLAIN_BYTES];
    if (datagram.len != BEACON_BYTES) {
        return ERR_MALFORMED;
    }
    enum err err = seal_open(key, beacon_kind, datagram, plain);
    if (err) {
        return err;
    }
    if (plain[0] != BEACON_VERSION) {
        return ERR_VERSION;
    }
    uint8_t path = plain[1];
    uint16_t port = (uint16_t)get_big_endian(plain + 2, 2);
    if (port == 0 || (path != PATH_BROADCAST && path != PATH_MULTICAST4 &&
                      path != PATH_MULTICAST6 && path != PATH_UNICAST)) {
        return ERR_MALFORMED;
    }
    *out = (struct beacon){.path = (enum lan_path)path, .port = port};
    out->flags = get_big_endian(plain + 4, 8);
    out->run = get_big_endian(plain + 12, 8);
    memcpy(out->device.b, plain + 20, sizeof(out->device.b));
    return OK;
}
