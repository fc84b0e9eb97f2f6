/* The keys of the people who are signed in at this machine, unlocked: in memory only, from hello to bye. */
#ifndef JAM_KEYRING_H
#define JAM_KEYRING_H

#include "bounds.h"
#include "keys.h"

struct keyring {
    uint32_t count;
    struct {
        struct person_id person;
        struct sign_key key;
    } at[KEYRING_MAX];
};

/* ERR_LIMIT: so many sit at no machine. A key of the same person is replaced. */
enum err keyring_put(struct keyring *, const struct person_id *, const struct sign_key *);
void keyring_drop(struct keyring *, const struct person_id *);
void keyring_clear(struct keyring *);
/* Borrowed until the next put or drop; NULL: not signed in here. */
const struct sign_key *keyring_find(const struct keyring *, const struct person_id *);

#endif
