/* Hashes, signatures, sealing and derivation, composed from libsodium's. */
#include "keys.h"

#include <sodium.h>

#include "bounds.h"

const struct cost COST_WORDS = {.passes = 3, .mib = 64};

enum {
    KIND_BYTES_MAX = 63, /* longest kind, without its zero byte */
    SIGNED_BYTES_MAX = 256,
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

static void put_uint64(uint8_t out[8], uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

struct hash class_said(const struct class_id *class, struct slice name, uint64_t policy,
                       uint64_t until_ms)
{
    uint8_t numbers[16];
    put_uint64(numbers, policy);
    put_uint64(numbers + 8, until_ms);
    struct slice parts[] = {SLICE(*class), slice_of(numbers, sizeof(numbers)), name};
    return hash_of("jam class name 1", parts, 3);
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

/* ---- people ----------------------------------------------------------------------------------------------------- */

struct person_id person_id_of(const struct class_id *class, const struct sign_pk *key)
{
    struct person_id id;
    struct slice parts[] = {SLICE(*class), SLICE(*key)};
    hash_short("jam person 1", parts, 2, id.b, sizeof(id.b));
    return id;
}

void rescue_seed(const uint8_t secret[16], uint8_t seed[32])
{
    struct slice part = slice_of(secret, 16);
    hash_short("jam rescue 1", &part, 1, seed, 32);
}

static struct hash grant_hash(const struct person_id *person, const struct feed_id *feed)
{
    struct slice parts[] = {SLICE(*person), SLICE(*feed)};
    return hash_of("jam grant 1", parts, 2);
}

struct signature grant_sign(const struct sign_key *key, const struct person_id *person,
                            const struct feed_id *feed)
{
    struct hash said = grant_hash(person, feed);
    return sign(key, "jam grant 1", SLICE(said));
}

bool grant_check(const struct sign_pk *key, const struct person_id *person,
                 const struct feed_id *feed, const struct signature *signature)
{
    struct hash said = grant_hash(person, feed);
    return sign_check(key, "jam grant 1", SLICE(said), signature);
}

static struct hash key_hash(const struct person_id *person, const struct sealed_key *sealed)
{
    struct slice parts[] = {SLICE(*person), SLICE(*sealed)};
    return hash_of("jam key 1", parts, 2);
}

struct signature key_sign(const struct sign_key *key, const struct person_id *person,
                          const struct sealed_key *sealed)
{
    struct hash said = key_hash(person, sealed);
    return sign(key, "jam key 1", SLICE(said));
}

bool key_check(const struct sign_pk *key, const struct person_id *person,
               const struct sealed_key *sealed, const struct signature *signature)
{
    struct hash said = key_hash(person, sealed);
    return sign_check(key, "jam key 1", SLICE(said), signature);
}

enum { SALT_AT = 3, SEALED_AT = SALT_AT + 16 };

void key_seal(const uint8_t stretched[32], const uint8_t salt[16], struct cost cost,
              struct rng *rng, const uint8_t seed[32], struct sealed_key *sealed)
{
    struct seal_key key;
    memcpy(key.b, stretched, sizeof(key.b));
    sealed->b[0] = cost.passes;
    sealed->b[1] = (uint8_t)(cost.mib >> 8);
    sealed->b[2] = (uint8_t)cost.mib;
    memcpy(sealed->b + SALT_AT, salt, 16);
    seal(&key, rng, "jam secret 1", slice_of(seed, 32), sealed->b + SEALED_AT);
    wipe(&key, sizeof(key));
}

enum err key_cost(const struct sealed_key *sealed, uint8_t salt[16], struct cost *cost)
{
    cost->passes = sealed->b[0];
    cost->mib = (uint16_t)(sealed->b[1] << 8 | sealed->b[2]);
    memcpy(salt, sealed->b + SALT_AT, 16);
    bool fits = cost->passes <= STRETCH_PASSES_MAX && cost->mib <= STRETCH_MIB_MAX;
    return fits ? OK : ERR_LIMIT;
}

enum err key_unseal(const struct sealed_key *sealed, const uint8_t stretched[32], uint8_t seed[32])
{
    struct seal_key key;
    memcpy(key.b, stretched, sizeof(key.b));
    enum err err = seal_open(&key, "jam secret 1",
                             slice_of(sealed->b + SEALED_AT, sizeof(sealed->b) - SEALED_AT), seed);
    wipe(&key, sizeof(key));
    return err;
}

/* As libsodium's crypto_box_seal does, but for the ephemeral key, which that draws by itself. */
static void box_nonce(const uint8_t *ephemeral, const struct link_pk *to,
                      uint8_t nonce[crypto_box_NONCEBYTES])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, crypto_box_NONCEBYTES);
    crypto_generichash_update(&state, ephemeral, crypto_box_PUBLICKEYBYTES);
    crypto_generichash_update(&state, to->b, sizeof(to->b));
    crypto_generichash_final(&state, nonce, crypto_box_NONCEBYTES);
}

bool box_seal(const struct sign_pk *to, struct rng *rng, struct slice plain, uint8_t *out)
{
    uint8_t seed[crypto_box_SEEDBYTES], secret[crypto_box_SECRETKEYBYTES];
    uint8_t nonce[crypto_box_NONCEBYTES];
    struct link_pk pk;
    if (crypto_sign_ed25519_pk_to_curve25519(pk.b, to->b) != 0) {
        return false;
    }
    rng_fill(rng, seed, sizeof(seed));
    crypto_box_seed_keypair(out, secret, seed);
    box_nonce(out, &pk, nonce);
    int done =
        crypto_box_easy(out + crypto_box_PUBLICKEYBYTES, plain.at, plain.len, nonce, pk.b, secret);
    wipe(seed, sizeof(seed));
    wipe(secret, sizeof(secret));
    return done == 0;
}

void box_key_of(const struct sign_key *key, struct box_key *out)
{
    link_key_of(key, &out->secret);
    crypto_scalarmult_base(out->pk.b, out->secret.b);
}

enum err box_try(const struct box_key *key, struct slice box, uint8_t *out)
{
    uint8_t nonce[crypto_box_NONCEBYTES];
    if (box.len < BOX_OVERHEAD) {
        return ERR_SIGNATURE;
    }
    box_nonce(box.at, &key->pk, nonce);
    int done =
        crypto_box_open_easy(out, box.at + crypto_box_PUBLICKEYBYTES,
                             box.len - crypto_box_PUBLICKEYBYTES, nonce, box.at, key->secret.b);
    return done == 0 ? OK : ERR_SIGNATURE;
}

enum err box_open(const struct sign_key *key, struct slice box, uint8_t *out)
{
    struct box_key box_key;
    box_key_of(key, &box_key);
    enum err err = box_try(&box_key, box, out);
    wipe(&box_key, sizeof(box_key));
    return err;
}

/* ---- the rest --------------------------------------------------------------------------------------------------- */

enum err stretch(struct slice words, const uint8_t salt[16], struct cost cost, uint8_t *out,
                 size_t out_len)
{
    if (cost.passes > STRETCH_PASSES_MAX || cost.mib > STRETCH_MIB_MAX) {
        return ERR_LIMIT;
    }
    if (cost.passes == 0) {
        struct slice parts[] = {slice_of(salt, 16), words};
        hash_short("jam open 1", parts, 2, out, out_len);
        return OK;
    }
    int done = crypto_pwhash(out, out_len, (const char *)words.at, words.len, salt, cost.passes,
                             (size_t)cost.mib << 20, crypto_pwhash_ALG_ARGON2ID13);
    return done == 0 ? OK : ERR_NOMEM;
}

void invite_salt(uint8_t salt[16])
{
    hash_short("jam invite 1", NULL, 0, salt, 16);
}

char *hex(char *out, const uint8_t *b, size_t len)
{
    return sodium_bin2hex(out, 2 * len + 1, b, len);
}

void wipe(void *secret, size_t len)
{
    sodium_memzero(secret, len);
}
