/* No box breaks rotation_open: as it came, and, since nobody finds a seal by chance, with words that a member sealed. What
 * opens are words of the list. */
#include "fuzz.h"
#include "rotation.h"

static void open_box(const struct sign_key *key, struct slice box)
{
    uint16_t secret[WORDS_SECRET];
    if (rotation_open(key, box, secret) != OK) {
        return;
    }
    for (size_t i = 0; i < WORDS_SECRET; i++) {
        fuzz_check(secret[i] < WORDS_IN_LIST);
    }
}

const size_t fuzz_room = FUZZ_ROOM;

void fuzz_one(struct slice input)
{
    struct sign_key key;
    struct sign_pk pk;
    struct device_id device;
    uint8_t seed[32] = {1}, box[BOX_BYTES_MAX];
    uint16_t secret[WORDS_SECRET] = {0};
    sign_keypair(seed, &key, &pk);
    memcpy(device.b, pk.b, sizeof(device.b));
    open_box(&key, input);
    if (input.len > 0) {
        memcpy(secret, input.at, input.len < sizeof(secret) ? input.len : sizeof(secret));
    }
    size_t sealed = rotation_seal(seed, secret, &device, 1, box);
    open_box(&key, slice_of(box, sealed));
    if (input.len > 0 && input.at[0] < sealed) {
        box[input.at[0]] ^= (uint8_t)input.len;
        open_box(&key, slice_of(box, sealed));
    }
}
