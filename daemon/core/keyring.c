/* The unlocked keys of who is signed in: a short list, wiped as it shrinks. */
#include "keyring.h"

static uint32_t find(const struct keyring *ring, const struct person_id *person)
{
    uint32_t i = 0;
    while (i < ring->count && !SAME(ring->at[i].person, *person)) {
        i++;
    }
    return i;
}

enum err keyring_put(struct keyring *ring, const struct person_id *person,
                     const struct sign_key *key)
{
    uint32_t i = find(ring, person);
    if (i == KEYRING_MAX) {
        return ERR_LIMIT;
    }
    ring->at[i].person = *person;
    ring->at[i].key = *key;
    ring->count += i == ring->count;
    return OK;
}

void keyring_drop(struct keyring *ring, const struct person_id *person)
{
    uint32_t i = find(ring, person);
    if (i < ring->count) {
        ring->at[i] = ring->at[--ring->count];
        wipe(&ring->at[ring->count], sizeof(ring->at[0]));
    }
}

void keyring_clear(struct keyring *ring)
{
    wipe(ring, sizeof(*ring));
}

const struct sign_key *keyring_find(const struct keyring *ring, const struct person_id *person)
{
    uint32_t i = find(ring, person);
    return i < ring->count ? &ring->at[i].key : NULL;
}
