/* Knocks and offers. Both begin with what they are, then, big-endian:
 *
 *     knock   8 version   9 length of the host name   10 run (8)   18 device (32)   50 hardware (16)   66 host name (64)
 *     offer   8 version   9 device (32)   41 box of:
 *             0 run (8)   8 five indexes of words (2 each)   18 root (32)   50 length of the name   51 name (96)
 *
 * What a name doesn't fill is zeros. */
#include "knock.h"

#include "text.h"

enum {
    KIND_BYTES = 8,
    VERSION = 1,
    PLAIN_BYTES = OFFER_BYTES - 41 - BOX_OVERHEAD,
};

static const char knock_kind[] = "jamknock";
static const char offer_kind[] = "jamoffer";

/* Puts a text and its length into a field of zeros. */
static void put_name(uint8_t *len, uint8_t *at, size_t bytes_max, const char *name)
{
    struct slice text = slice_str(name);
    size_t n = text_check(text, text.len) == OK ? text.len : 0;
    while (n > bytes_max || (n && n < text.len && (text.at[n] & 0xc0) == 0x80)) {
        n--;
    }
    memcpy(at, text.at, n);
    *len = (uint8_t)n;
}

static bool get_name(uint8_t len, const uint8_t *at, size_t bytes_max, char *out)
{
    if (len > bytes_max || text_check(slice_of(at, len), bytes_max) != OK) {
        return false;
    }
    memcpy(out, at, len);
    for (size_t i = len; i < bytes_max; i++) {
        if (at[i]) {
            return false;
        }
    }
    out[len] = '\0';
    return true;
}

static enum err check_kind(struct slice datagram, size_t len, const char *kind)
{
    if (datagram.len != len || memcmp(datagram.at, kind, KIND_BYTES) != 0) {
        return ERR_MALFORMED;
    }
    return datagram.at[KIND_BYTES] == VERSION ? OK : ERR_VERSION;
}

void knock_write(const struct knock *knock, uint8_t out[KNOCK_BYTES])
{
    memset(out, 0, KNOCK_BYTES);
    memcpy(out, knock_kind, KIND_BYTES);
    out[8] = VERSION;
    put_big_endian(out + 10, 8, knock->run);
    memcpy(out + 18, knock->device.b, sizeof(knock->device.b));
    memcpy(out + 50, knock->hardware.b, sizeof(knock->hardware.b));
    put_name(out + 9, out + 66, HOST_BYTES_MAX, knock->host);
}

enum err knock_read(struct slice datagram, struct knock *out)
{
    const uint8_t *at = datagram.at;
    enum err err = check_kind(datagram, KNOCK_BYTES, knock_kind);
    if (err != OK) {
        return err;
    }
    out->run = get_big_endian(at + 10, 8);
    memcpy(out->device.b, at + 18, sizeof(out->device.b));
    memcpy(out->hardware.b, at + 50, sizeof(out->hardware.b));
    return get_name(at[9], at + 66, HOST_BYTES_MAX, out->host) ? OK : ERR_MALFORMED;
}

bool offer_seal(const struct device_id *to, struct rng *rng, const struct offer *offer,
                uint8_t out[OFFER_BYTES])
{
    uint8_t plain[PLAIN_BYTES] = {0};
    struct sign_pk key;
    memcpy(key.b, to->b, sizeof(key.b));
    memcpy(out, offer_kind, KIND_BYTES);
    out[8] = VERSION;
    memcpy(out + 9, to->b, sizeof(to->b));
    put_big_endian(plain, 8, offer->run);
    for (size_t i = 0; i < WORDS_SECRET; i++) {
        put_big_endian(plain + 8 + 2 * i, 2, offer->secret[i]);
    }
    memcpy(plain + 18, offer->root.b, sizeof(offer->root.b));
    put_name(plain + 50, plain + 51, NAME_BYTES_MAX, offer->name);
    bool sealed = box_seal(&key, rng, slice_of(plain, sizeof(plain)), out + 41);
    wipe(plain, sizeof(plain));
    return sealed;
}

static enum err read_plain(const uint8_t plain[PLAIN_BYTES], struct offer *out)
{
    out->run = get_big_endian(plain, 8);
    for (size_t i = 0; i < WORDS_SECRET; i++) {
        out->secret[i] = (uint16_t)get_big_endian(plain + 8 + 2 * i, 2);
        if (out->secret[i] >= WORDS_IN_LIST) {
            return ERR_MALFORMED;
        }
    }
    memcpy(out->root.b, plain + 18, sizeof(out->root.b));
    return get_name(plain[50], plain + 51, NAME_BYTES_MAX, out->name) ? OK : ERR_MALFORMED;
}

enum err offer_open(const struct sign_key *key, struct slice datagram, struct offer *out)
{
    uint8_t plain[PLAIN_BYTES];
    struct sign_pk own = sign_public(key);
    enum err err = check_kind(datagram, OFFER_BYTES, offer_kind);
    if (err == OK && memcmp(datagram.at + 9, own.b, sizeof(own.b)) != 0) {
        err = ERR_SIGNATURE;
    }
    err = err == OK ? box_open(key, slice_of(datagram.at + 41, OFFER_BYTES - 41), plain) : err;
    err = err == OK ? read_plain(plain, out) : err;
    wipe(plain, sizeof(plain));
    return err;
}
