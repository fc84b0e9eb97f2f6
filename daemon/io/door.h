/* Who may shake hands how often: the rationing behind ZAP. Bounded, and in memory only. */
#ifndef JAM_DOOR_H
#define JAM_DOOR_H

#include "bytes.h"
#include "keys.h"
#include "bounds.h"

enum { DOOR_KEYS = 1024, DOOR_SOURCES = 64 };

struct bucket {
    int64_t at_ms;
    int64_t filled; /* thousandths of a handshake */
};

struct door_key {
    struct link_pk key;
    int64_t used_ms;
    bool known;               /* the core asked for a link with it: it said HELLO */
    int64_t kicked_ms;        /* refused until then */
    int64_t wait_ms;          /* how long the last kick was */
    struct bucket handshakes; /* of this key */
};

/* Strangers of one address: else one machine that makes up keys would use up what all strangers have, and keep those out that
 * start anew. */
struct door_source {
    uint8_t ip[16];
    struct bucket strangers;
};

/* Who never comes into a class. */
struct barred {
    struct link_pk *keys; /* owned */
    size_t count;
};

struct door {
    struct barred barred[CLASSES_MAX];
    struct door_key keys[DOOR_KEYS];
    uint32_t keys_count;
    struct bucket strangers; /* handshakes of all keys that aren't known */
    struct door_source sources[DOOR_SOURCES];
    int64_t kicks_ms; /* until then somebody is refused */
};

void door_init(struct door *, struct mono);
void door_clear(struct door *);
/* May this key come into a class now, from this address? Takes a token. */
bool door_admit(struct door *, uint32_t class_index, const struct link_pk *, const uint8_t ip[16],
                struct mono);
/* Of a class: who never comes in, one key behind the other; instead of those said before. False: no memory, nothing
 * changed. */
bool door_bar(struct door *, uint32_t class_index, struct slice keys);
bool door_bars(const struct door *, uint32_t class_index, const struct link_pk *);
/* From now on it isn't a stranger. */
void door_know(struct door *, const struct link_pk *, struct mono);
/* Refuses it for wait_ms; for twice the last time if it is back soon, up to an hour. */
void door_kick(struct door *, const struct link_pk *, uint32_t wait_ms, struct mono);
bool door_refuses(struct door *, const struct link_pk *, struct mono);

#endif
