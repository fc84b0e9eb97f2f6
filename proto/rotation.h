/* A class's new words, sealed to each machine that stays: what the op ROTATE carries. PROTOCOL.md, "Rotation".
 *
 * A box is one public key, and behind it a part for each machine. A rotation whose parts don't fit one box has several,
 * all with the same public key, which so names the rotation. */
#ifndef JAM_ROTATION_H
#define JAM_ROTATION_H

#include "bounds.h"
#include "keys.h"
#include "words.h"

enum {
    ROTATION_ID_BYTES = 32,
    ROTATION_TAG_BYTES = 8, /* the first of the machine's key */
    ROTATION_SEALED_BYTES = 2 * WORDS_SECRET + 16,
    ROTATION_PART_BYTES = ROTATION_TAG_BYTES + ROTATION_SEALED_BYTES,
    ROTATION_PARTS_MAX = (BOX_BYTES_MAX - ROTATION_ID_BYTES) / ROTATION_PART_BYTES,
};

/* Writes one box for at most ROTATION_PARTS_MAX devices into out. `seed` makes the rotation's key pair: the same 32 random
 * bytes for all its boxes, wiped afterwards. A device whose key is none is left out. Returns the box's length; 0 if
 * it would have no part. */
size_t rotation_seal(const uint8_t seed[32], const uint16_t secret[WORDS_SECRET],
                     const struct device_id *devices, uint32_t count, uint8_t out[BOX_BYTES_MAX]);

/* Which rotation a box belongs to: its first ROTATION_ID_BYTES. ERR_MALFORMED: it is no box. */
enum err rotation_id(struct slice box, struct slice *id);

/* Reads the part of the device with this key. ERR_MALFORMED: it is no box, or says no words; ERR_SIGNATURE: nothing in it
 * is for this device. */
enum err rotation_open(const struct sign_key *, struct slice box, uint16_t secret[WORDS_SECRET]);

#endif
