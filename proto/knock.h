/* How a machine that is in no class is let into one: it knocks, open for everybody to read, and somebody in the class
 * offers it what an invite says, sealed to its key. Datagrams of two fixed lengths, beside the beacons. PROTOCOL.md,
 * "Knocking". */
#ifndef JAM_KNOCK_H
#define JAM_KNOCK_H

#include "bounds.h"
#include "bytes.h"
#include "err.h"
#include "keys.h"
#include "words.h"

struct knock {
    struct device_id device;
    uint64_t run; /* of this start of the daemon */
    struct hardware_id
        hardware; /* unsalted: a class whose log knows that machine finds it by this */
    char host[HOST_BYTES_MAX + 1];
};

/* A host name that is too long is cut at a character; one that isn't text is left out. */
void knock_write(const struct knock *, uint8_t out[KNOCK_BYTES]);
/* Nothing of it is proved. ERR_MALFORMED (another length, not a knock, or a host name that isn't text), ERR_VERSION. */
enum err knock_read(struct slice datagram, struct knock *);

struct offer {
    uint64_t run;                  /* of the one that knocks: an old offer is worth nothing */
    uint16_t secret[WORDS_SECRET]; /* the invite's secret words */
    struct sign_pk root;
    char name[NAME_BYTES_MAX + 1]; /* of the class, for people */
};

/* False: that device is no point of the curve. */
bool offer_seal(const struct device_id *to, struct rng *, const struct offer *,
                uint8_t out[OFFER_BYTES]);
/* Only who has the key can read it; who made it isn't proved. ERR_MALFORMED (another length, not an offer, or false
 * inside), ERR_VERSION, ERR_SIGNATURE (not for this key, or broken). */
enum err offer_open(const struct sign_key *, struct slice datagram, struct offer *);

#endif
