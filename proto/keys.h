/* Hashes, signatures, sealing and derivation over libsodium. Everything is a function of what is handed in: no call
 * here draws randomness or asks the time, so that a simulation repeats (struct rng is seeded by its owner).
 * Whatever is hashed or signed is prefixed with its kind, so that a signature for one thing never fits another. */
#ifndef JAM_KEYS_H
#define JAM_KEYS_H

#include "bytes.h"
#include "err.h"

struct sign_key {
    uint8_t b[64]; /* Ed25519 secret key with its public half, as libsodium keeps it */
};
struct sign_pk {
    uint8_t b[32];
};
struct signature {
    uint8_t b[64];
};
struct link_key {
    uint8_t b[32]; /* X25519 secret: one end of a CURVE link */
};
struct link_pk {
    uint8_t b[32]; /* X25519 public: what ZAP vouches for */
};
struct seal_key {
    uint8_t b[32]; /* XChaCha20-Poly1305 */
};
struct class_secret {
    uint8_t b[32];
};

/* What Argon2id costs: passes over so much memory. No passes: the words aren't stretched, only hashed. */
struct cost {
    uint8_t passes;
    uint16_t mib;
};

/* A person's seed, sealed with a passphrase: passes (1), MiB (2, big-endian), salt (16), then nonce, seed and tag. */
struct sealed_key {
    uint8_t b[1 + 2 + 16 + 24 + 32 + 16];
};

/* Deterministic random numbers from a seed, with fast key erasure: who reads the state later can't learn what was
 * drawn before. Seed it from the system's randomness (daemon/io) or from a simulation. */
struct rng {
    uint8_t key[32];
};
void rng_seed(struct rng *, const uint8_t seed[32]);
void rng_fill(struct rng *, void *out, size_t len);
uint64_t rng_below(struct rng *, uint64_t bound); /* uniform in [0, bound); 0 for bound 0 */

/* Call once before anything else here. ERR_INTERNAL if libsodium can't start. */
enum err keys_init(void);

/* BLAKE2b of kind, a zero byte, and the parts in turn; hash_short gives 16 to 64 bytes. */
struct hash hash_of(const char *kind, const struct slice *parts, size_t parts_count);
void hash_short(const char *kind, const struct slice *parts, size_t parts_count, uint8_t *out,
                size_t out_len);

void sign_keypair(const uint8_t seed[32], struct sign_key *, struct sign_pk *);
struct sign_pk sign_public(const struct sign_key *);
/* Signs kind, a zero byte, and the message (at most 256 bytes: sign hashes of longer things). */
struct signature sign(const struct sign_key *, const char *kind, struct slice message);
bool sign_check(const struct sign_pk *, const char *kind, struct slice message,
                const struct signature *);

/* The CURVE key of a device is its signing key's X25519 form, so that ZAP's word about a link is a word about the
 * device. False for a public key that is no point of the curve. */
bool link_public_of(const struct device_id *, struct link_pk *);
void link_key_of(const struct sign_key *, struct link_key *);

/* Keys that all who hold the class secret derive alike (crypto_kdf, context "jamclass"). */
void class_link_keys(const struct class_secret *, struct link_key *, struct link_pk *);
void class_beacon_key(const struct class_secret *, struct seal_key *);

struct class_id class_id_of(const struct sign_pk *root);
/* What a CLASS op's signature is of: kind "jam class name 1". */
struct hash class_said(const struct class_id *, struct slice name, uint64_t policy,
                       uint64_t until_ms);
struct feed_id feed_id_of(const struct class_id *, const struct device_id *,
                          const struct sign_pk *feed);

/* Seals with XChaCha20-Poly1305; out gets 24 (nonce, drawn from rng) + len + 16 bytes. seal_open fails with
 * ERR_SIGNATURE on anything that wasn't sealed so; out gets sealed.len - 40 bytes. */
enum { SEAL_OVERHEAD = 40 };
void seal(const struct seal_key *, struct rng *, const char *kind, struct slice plain,
          uint8_t *out);
enum err seal_open(const struct seal_key *, const char *kind, struct slice sealed, uint8_t *out);

/* Ours: labs have machines of 1 GiB. A tenth of a second. */
extern const struct cost COST_WORDS;
/* Argon2id. It is slow, so it runs in a worker thread, never in the loop. ERR_LIMIT (a cost beyond bounds.h), ERR_NOMEM if
 * the memory isn't there. */
enum err stretch(struct slice words, const uint8_t salt[16], struct cost, uint8_t *out,
                 size_t out_len);
/* The salt of all invites: hash_short("jam invite 1"). */
void invite_salt(uint8_t salt[16]);

/* ---- people. PROTOCOL.md, "People" ---- */

/* A person is called by the key with which they signed up. The person who holds the root key is the founding teacher. */
struct person_id person_id_of(const struct class_id *, const struct sign_pk *);
/* The root key's seed from the sixteen bytes that the rescue words say. */
void rescue_seed(const uint8_t secret[16], uint8_t seed[32]);
/* A grant, HELLO's signature: this feed may speak for me. The feed's id commits to the class and the device. */
struct signature grant_sign(const struct sign_key *, const struct person_id *,
                            const struct feed_id *);
bool grant_check(const struct sign_pk *, const struct person_id *, const struct feed_id *,
                 const struct signature *);
/* KEY's signature: who holds the key sealed it so. */
struct signature key_sign(const struct sign_key *, const struct person_id *,
                          const struct sealed_key *);
bool key_check(const struct sign_pk *, const struct person_id *, const struct sealed_key *,
               const struct signature *);

/* Seals a seed under what `stretch` made of a passphrase, this salt and this cost. */
void key_seal(const uint8_t stretched[32], const uint8_t salt[16], struct cost, struct rng *,
              const uint8_t seed[32], struct sealed_key *);
/* How a sealed key wants its passphrase stretched. ERR_LIMIT: it asks for more than bounds.h allows. */
enum err key_cost(const struct sealed_key *, uint8_t salt[16], struct cost *);
/* ERR_SIGNATURE: another passphrase. */
enum err key_unseal(const struct sealed_key *, const uint8_t stretched[32], uint8_t seed[32]);

/* A box that only the holder of a person's or a device's Ed25519 key opens (libsodium's sealed box, with the ephemeral key
 * drawn from rng). It has no sender: say inside who wrote. out gets plain.len + BOX_OVERHEAD bytes. False: that is no
 * point of the curve. */
enum { BOX_OVERHEAD = 32 + 16 };
bool box_seal(const struct sign_pk *to, struct rng *, struct slice plain, uint8_t *out);
/* out gets box.len - BOX_OVERHEAD bytes. ERR_SIGNATURE: not for this key. */
enum err box_open(const struct sign_key *, struct slice box, uint8_t *out);
/* Who tries many boxes makes this of their key once, and wipes it: half of the work of opening one. */
struct box_key {
    struct link_key secret;
    struct link_pk pk;
};
void box_key_of(const struct sign_key *, struct box_key *);
enum err box_try(const struct box_key *, struct slice box, uint8_t *out);

/* Lower-case hex, for logs and file names; out holds 2 * len + 1 bytes. */
char *hex(char *out, const uint8_t *b, size_t len);

void wipe(void *secret, size_t len);

#endif
