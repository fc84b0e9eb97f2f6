/* No box breaks rotation_open: as it came, and, since nobody finds a seal by chance, with words that a member sealed. What
 * opens are words of the list. */
#include <stdlib.h>

#include "rotation.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return keys_init();
}

static void open_box(const struct sign_key *key, struct slice box)
{
    uint16_t secret[WORDS_SECRET];
    if (rotation_open(key, box, secret) != OK) {
        return;
    }
    for (size_t i = 0; i < WORDS_SECRET; i++) {
        if (secret[i] >= WORDS_IN_LIST) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct sign_key key;
    struct sign_pk pk;
    struct device_id device;
    uint8_t seed[32] = {1}, box[BOX_BYTES_MAX];
    uint16_t secret[WORDS_SECRET] = {0};
    sign_keypair(seed, &key, &pk);
    memcpy(device.b, pk.b, sizeof(device.b));
    open_box(&key, slice_of(bytes, len));
    if (len > 0) {
        memcpy(secret, bytes, len < sizeof(secret) ? len : sizeof(secret));
    }
    size_t sealed = rotation_seal(seed, secret, &device, 1, box);
    open_box(&key, slice_of(box, sealed));
    if (len > 0 && bytes[0] < sealed) {
        box[bytes[0]] ^= (uint8_t)len;
        open_box(&key, slice_of(box, sealed));
    }
    return 0;
}
