/* A class's new words, sealed to each machine that stays. */
#include "rotation.h"

size_t rotation_seal(const uint8_t seed[32], const uint16_t secret[WORDS_SECRET],
                     const struct device_id *devices, uint32_t count, uint8_t out[BOX_BYTES_MAX])
{
    uint8_t plain[2 * WORDS_SECRET], box[ROTATION_ID_BYTES + ROTATION_SEALED_BYTES];
    size_t len = ROTATION_ID_BYTES;
    for (size_t i = 0; i < WORDS_SECRET; i++) {
        plain[2 * i] = (uint8_t)(secret[i] >> 8);
        plain[2 * i + 1] = (uint8_t)secret[i];
    }
    for (uint32_t i = 0; i < count && i < ROTATION_PARTS_MAX; i++) {
        struct sign_pk to;
        memcpy(to.b, devices[i].b, sizeof(to.b));
        if (!box_seal_with(seed, &to, slice_of(plain, sizeof(plain)), box)) {
            continue;
        }
        memcpy(out, box, ROTATION_ID_BYTES);
        memcpy(out + len, devices[i].b, ROTATION_TAG_BYTES);
        memcpy(out + len + ROTATION_TAG_BYTES, box + ROTATION_ID_BYTES, ROTATION_SEALED_BYTES);
        len += ROTATION_PART_BYTES;
    }
    wipe(plain, sizeof(plain));
    return len > ROTATION_ID_BYTES ? len : 0;
}

enum err rotation_id(struct slice box, struct slice *id)
{
    if (box.len < ROTATION_ID_BYTES + ROTATION_PART_BYTES || box.len > BOX_BYTES_MAX ||
        (box.len - ROTATION_ID_BYTES) % ROTATION_PART_BYTES != 0) {
        return ERR_MALFORMED;
    }
    *id = slice_of(box.at, ROTATION_ID_BYTES);
    return OK;
}

static enum err part_open(const struct sign_key *key, struct slice id, const uint8_t *sealed,
                          uint16_t secret[WORDS_SECRET])
{
    uint8_t plain[2 * WORDS_SECRET], box[ROTATION_ID_BYTES + ROTATION_SEALED_BYTES];
    memcpy(box, id.at, ROTATION_ID_BYTES);
    memcpy(box + ROTATION_ID_BYTES, sealed, ROTATION_SEALED_BYTES);
    enum err err = box_open(key, slice_of(box, sizeof(box)), plain);
    for (size_t i = 0; err == OK && i < WORDS_SECRET; i++) {
        secret[i] = (uint16_t)(plain[2 * i] << 8 | plain[2 * i + 1]);
        err = secret[i] < WORDS_IN_LIST ? OK : ERR_MALFORMED;
    }
    wipe(plain, sizeof(plain));
    return err;
}

/* Two devices may have one tag: who isn't meant can't open the part. */
enum err rotation_open(const struct sign_key *key, struct slice box, uint16_t secret[WORDS_SECRET])
{
    struct slice id;
    struct sign_pk own = sign_public(key);
    enum err err = rotation_id(box, &id);
    for (size_t at = ROTATION_ID_BYTES; err == OK && at < box.len; at += ROTATION_PART_BYTES) {
        if (memcmp(box.at + at, own.b, ROTATION_TAG_BYTES) != 0) {
            continue;
        }
        err = part_open(key, id, box.at + at + ROTATION_TAG_BYTES, secret);
        if (err != ERR_SIGNATURE) {
            return err;
        }
        err = OK;
    }
    return err == OK ? ERR_SIGNATURE : err;
}
