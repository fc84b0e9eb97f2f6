/* Hashes, signatures, sealing and derivation, composed from libsodium's. */
#include "keys.h"

#include <sodium.h>

enum {
    KIND_BYTES_MAX = 63, /* longest kind, without its zero byte */
    SIGNED_BYTES_MAX = 256,
    STRETCH_PASSES = 3,
    STRETCH_BYTES = 64 * 1024 * 1024,
    KDF_LINK = 1, /* numbers of the keys that a class secret gives */
    KDF_BEACON = 2,
};

enum err keys_init(void)
{
    return sodium_init() < 0 ? ERR_INTERNAL : OK;
}

/* ---- random numbers --------------------------------------------------------------------------------------------- */

void rng_seed(struct rng *rng, const uint8_t seed[32])
{
    memcpy(rng->key, seed, sizeof(rng->key));
}

void rng_fill(struct rng *rng, void *out, size_t len)
{
    /* one key, two streams: what is handed out, and the key that replaces it */
    static const uint8_t nonce_out[crypto_stream_chacha20_NONCEBYTES] = {0};
    static const uint8_t nonce_key[crypto_stream_chacha20_NONCEBYTES] = {1};
    uint8_t next[sizeof(rng->key)];
    crypto_stream_chacha20(out, len, nonce_out, rng->key);
    crypto_stream_chacha20(next, sizeof(next), nonce_key, rng->key);
    memcpy(rng->key, next, sizeof(next));
    wipe(next, sizeof(next));
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    if (bound < 2) {
        return 0;
    }
    /* 2^64 mod bound: numbers below it would make some results likelier than others */
    uint64_t uneven = (UINT64_MAX - bound + 1) % bound;
    uint64_t drawn;
    do {
        rng_fill(rng, &drawn, sizeof(drawn));
    } while (drawn < uneven);
    return drawn % bound;
}

/* ---- hashes ----------------------------------------------------------------------------------------------------- */

void hash_short(const char *kind, const struct slice *parts, size_t parts_count, uint8_t *out,
                size_t out_len)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, out_len);
    crypto_generichash_update(&state, (const uint8_t *)kind, strlen(kind) + 1);
    for (size_t i = 0; i < parts_count; i++) {
        crypto_generichash_update(&state, parts[i].at, parts[i].len);
    }
    crypto_generichash_final(&state, out, out_len);
}

struct hash hash_of(const char *kind, const struct slice *parts, size_t parts_count)
{
    struct hash hash;
    hash_short(kind, parts, parts_count, hash.b, sizeof(hash.b));
    return hash;
}

struct class_id class_id_of(const struct sign_pk *root)
{
    struct class_id id;
    struct slice part = SLICE(*root);
    hash_short("jam class 1", &part, 1, id.b, sizeof(id.b));
    return id;
}

struct feed_id feed_id_of(const struct class_id *class, const struct device_id *device,
                          const struct sign_pk *feed)
{
    struct feed_id id;
    struct slice parts[] = {SLICE(*class), SLICE(*device), SLICE(*feed)};
    hash_short("jam feed 1", parts, 3, id.b, sizeof(id.b));
    return id;
}

/* ---- signatures ------------------------------------------------------------------------------------------------- */

void sign_keypair(const uint8_t seed[32], struct sign_key *key, struct sign_pk *pk)
{
    crypto_sign_seed_keypair(pk->b, key->b, seed);
}

struct sign_pk sign_public(const struct sign_key *key)
{
    struct sign_pk pk;
    crypto_sign_ed25519_sk_to_pk(pk.b, key->b);
    return pk;
}

/* Kind, a zero byte and the message in one place; 0 if they are longer than is ever signed. */
static size_t signed_bytes(uint8_t out[KIND_BYTES_MAX + 1 + SIGNED_BYTES_MAX], const char *kind,
                           struct slice message)
{
    size_t kind_len = strlen(kind);
    if (kind_len > KIND_BYTES_MAX || message.len > SIGNED_BYTES_MAX) {
        return 0;
    }
    memcpy(out, kind, kind_len + 1);
    if (message.len > 0) {
        memcpy(out + kind_len + 1, message.at, message.len);
    }
    return kind_len + 1 + message.len;
}

struct signature sign(const struct sign_key *key, const char *kind, struct slice message)
{
    uint8_t bytes[KIND_BYTES_MAX + 1 + SIGNED_BYTES_MAX];
    struct signature signature = {0};
    size_t len = signed_bytes(bytes, kind, message);
    if (len > 0) {
        crypto_sign_detached(signature.b, NULL, bytes, len, key->b);
    }
    return signature;
}

bool sign_check(const struct sign_pk *pk, const char *kind, struct slice message,
                const struct signature *signature)
{
    uint8_t bytes[KIND_BYTES_MAX + 1 + SIGNED_BYTES_MAX];
    size_t len = signed_bytes(bytes, kind, message);
    return len > 0 && crypto_sign_verify_detached(signature->b, bytes, len, pk->b) == 0;
}

/* ---- links and the class's keys --------------------------------------------------------------------------------- */

bool link_public_of(const struct device_id *device, struct link_pk *pk)
{
    return crypto_sign_ed25519_pk_to_curve25519(pk->b, device->b) == 0;
}

void link_key_of(const struct sign_key *key, struct link_key *link)
{
    crypto_sign_ed25519_sk_to_curve25519(link->b, key->b);
}

static void class_derive(const struct class_secret *secret, uint64_t number, uint8_t out[32])
{
    crypto_kdf_derive_from_key(out, 32, number, "jamclass", secret->b);
}

void class_link_keys(const struct class_secret *secret, struct link_key *key, struct link_pk *pk)
{
    uint8_t seed[crypto_box_SEEDBYTES];
    class_derive(secret, KDF_LINK, seed);
    crypto_box_seed_keypair(pk->b, key->b, seed);
    wipe(seed, sizeof(seed));
}

void class_beacon_key(const struct class_secret *secret, struct seal_key *key)
{
    class_derive(secret, KDF_BEACON, key->b);
}

/* ---- sealing ---------------------------------------------------------------------------------------------------- */

enum { NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES };

void seal(const struct seal_key *key, struct rng *rng, const char *kind, struct slice plain,
          uint8_t *out)
{
    rng_fill(rng, out, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_BYTES, NULL, plain.at, plain.len,
                                               (const uint8_t *)kind, strlen(kind), NULL, out,
                                               key->b);
}

enum err seal_open(const struct seal_key *key, const char *kind, struct slice sealed, uint8_t *out)
{
    if (sealed.len < SEAL_OVERHEAD) {
        return ERR_SIGNATURE;
    }
    int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, NULL, NULL, sealed.at + NONCE_BYTES, sealed.len - NONCE_BYTES, (const uint8_t *)kind,
        strlen(kind), sealed.at, key->b);
    return opened == 0 ? OK : ERR_SIGNATURE;
}

/* ---- the rest --------------------------------------------------------------------------------------------------- */

enum err stretch(struct slice words, const char *kind, uint8_t *out, size_t out_len)
{
    uint8_t salt[crypto_pwhash_SALTBYTES];
    hash_short(kind, NULL, 0, salt, sizeof(salt));
    int done = crypto_pwhash(out, out_len, (const char *)words.at, words.len, salt, STRETCH_PASSES,
                             STRETCH_BYTES, crypto_pwhash_ALG_ARGON2ID13);
    return done == 0 ? OK : ERR_NOMEM;
}

char *hex(char *out, const uint8_t *b, size_t len)
{
    return sodium_bin2hex(out, 2 * len + 1, b, len);
}

void wipe(void *secret, size_t len)
{
    sodium_memzero(secret, len);
}
