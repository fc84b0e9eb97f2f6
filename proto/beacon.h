/* The sealed datagram by which machines of a class find each other: BEACON_BYTES always, so that an outsider learns
 * neither names nor what is said. PROTOCOL.md, "Beacons". */
#ifndef JAM_BEACON_H
#define JAM_BEACON_H

#include "bytes.h"
#include "err.h"
#include "keys.h"
#include "bounds.h"

/* Ways to reach a LAN; also bits of what a machine has heard. */
enum lan_path {
    PATH_BROADCAST = 1,
    PATH_MULTICAST4 = 2,
    PATH_MULTICAST6 = 4,
    PATH_UNICAST = 8,
};

enum {
    BEACON_ANSWER = 1, /* just started or cut off: answer at once, to where this came from */
    BEACON_LEAVE = 2,  /* stops now */
    BEACON_CHECK = 4,  /* jam doctor: answer on the path on which this came */
};

struct beacon {
    uint64_t flags;
    struct device_id device;
    uint64_t run;       /* of this start of the daemon */
    uint16_t port;      /* of its inbox */
    enum lan_path path; /* on which it was sent */
};

/* Writes exactly BEACON_BYTES. */
void beacon_seal(const struct seal_key *, struct rng *, const struct beacon *,
                 uint8_t out[BEACON_BYTES]);
/* ERR_MALFORMED (another length), ERR_SIGNATURE (another class, or forged), ERR_VERSION. */
enum err beacon_open(const struct seal_key *, struct slice datagram, struct beacon *);

#endif
