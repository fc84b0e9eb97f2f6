/* What was found of a signature is remembered: thirty machines check the same ones. Stands in for libsodium's function. */
#include <sodium.h>
#include <string.h>

enum { SLOTS = 1 << 14, DIGEST_BYTES = 16 };

struct slot {
    unsigned char digest[DIGEST_BYTES];
    int used, result;
};

int __real_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                       unsigned long long m_len, const unsigned char *pk);
int __wrap_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                       unsigned long long m_len, const unsigned char *pk);

int __wrap_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                       unsigned long long m_len, const unsigned char *pk)
{
    static struct slot slots[SLOTS];
    unsigned char digest[DIGEST_BYTES];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof(digest));
    crypto_generichash_update(&state, sig, crypto_sign_BYTES);
    crypto_generichash_update(&state, pk, crypto_sign_PUBLICKEYBYTES);
    crypto_generichash_update(&state, m, m_len);
    crypto_generichash_final(&state, digest, sizeof(digest));
    struct slot *slot = &slots[(digest[0] | digest[1] << 8) % SLOTS];
    if (!slot->used || memcmp(slot->digest, digest, sizeof(digest)) != 0) {
        memcpy(slot->digest, digest, sizeof(digest));
        slot->used = 1;
        slot->result = __real_crypto_sign_verify_detached(sig, m, m_len, pk);
    }
    return slot->result;
}
