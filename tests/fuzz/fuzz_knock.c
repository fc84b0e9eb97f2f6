/* No datagram breaks knock_read or offer_open: as it came, and, since nobody finds a box by chance, sealed by somebody
 * who is let say anything in it. What reads says the same when it is written and read again. */
#include "fuzz.h"
#include "knock.h"

enum { BOX_AT = 41, PLAIN_BYTES = OFFER_BYTES - BOX_AT - BOX_OVERHEAD };

static void check_knock(struct slice datagram)
{
    struct knock knock = {.host = ""};
    uint8_t out[KNOCK_BYTES];
    if (knock_read(datagram, &knock) == OK) {
        knock_write(&knock, out);
        fuzz_check(memcmp(out, datagram.at, 9) == 0 &&
                   memcmp(out + 10, datagram.at + 10, KNOCK_BYTES - 10) == 0);
    }
}

static void check_offer(const uint8_t *bytes, size_t len)
{
    struct rng rng = {{2}};
    struct sign_key key;
    struct sign_pk pk;
    struct device_id device;
    struct offer offer = {.name = ""}, again;
    uint8_t plain[PLAIN_BYTES] = {0}, out[OFFER_BYTES];
    sign_keypair((const uint8_t[32]){1}, &key, &pk);
    memcpy(device.b, pk.b, sizeof(pk.b));
    offer_open(&key, slice_of(bytes, len), &offer);
    memcpy(plain, bytes, len < sizeof(plain) ? len : sizeof(plain));
    offer_seal(&device, &rng, &(struct offer){.name = ""}, out);
    fuzz_check(box_seal(&pk, &rng, slice_of(plain, sizeof(plain)), out + BOX_AT));
    if (offer_open(&key, slice_of(out, sizeof(out)), &offer) != OK) {
        return;
    }
    fuzz_check(offer_seal(&device, &rng, &offer, out));
    fuzz_check(offer_open(&key, slice_of(out, sizeof(out)), &again) == OK);
    fuzz_check(memcmp(offer.secret, again.secret, sizeof(offer.secret)) == 0);
    fuzz_check(SAME(offer.root, again.root) && strcmp(offer.name, again.name) == 0);
}

const size_t fuzz_room = FUZZ_ROOM;

void fuzz_one(struct slice input)
{
    uint8_t knock[KNOCK_BYTES] = "jamknock\x01";
    check_knock(input);
    if (input.len > 0) {
        memcpy(knock + 9, input.at, input.len < KNOCK_BYTES - 9 ? input.len : KNOCK_BYTES - 9);
        check_knock(slice_of(knock, sizeof(knock)));
        check_offer(input.at, input.len);
    }
}
