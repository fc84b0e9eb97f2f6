/* Who may shake hands how often: token buckets for strangers together, for those of one address and for each key, and pauses
 * after a kick. */
#include "door.h"

#include <stdlib.h>

enum {
    STRANGERS_PER_S = 20,
    STRANGERS_BURST = 100, /* a room that starts at once passes */
    SOURCE_PER_S = 5,
    SOURCE_BURST = 25,
    KEY_PER_S = 1,
    KEY_BURST = 10,
    WAIT_MS_MAX = 3600 * 1000,
};

static bool bucket_take(struct bucket *bucket, int64_t per_s, int64_t burst, struct mono now)
{
    int64_t filled = bucket->filled + (now.ms - bucket->at_ms) * per_s;
    bucket->filled = filled < burst * 1000 ? filled : burst * 1000;
    bucket->at_ms = now.ms;
    if (bucket->filled < 1000) {
        return false;
    }
    bucket->filled -= 1000;
    return true;
}

void door_init(struct door *door, struct mono now)
{
    memset(door, 0, sizeof *door);
    door->strangers = (struct bucket){now.ms, STRANGERS_BURST * 1000};
}

static struct door_key *door_find(struct door *door, const struct link_pk *key)
{
    for (uint32_t i = 0; i < door->keys_count; i++) {
        if (SAME(door->keys[i].key, *key)) {
            return &door->keys[i];
        }
    }
    return NULL;
}

/* Which of two entries is worth less when room is needed: strangers first, then who wasn't seen for long. */
static bool is_worth_less(const struct door_key *a, const struct door_key *b, struct mono now)
{
    int a_worth = a->known + 2 * (a->kicked_ms > now.ms);
    int b_worth = b->known + 2 * (b->kicked_ms > now.ms);
    return a_worth != b_worth ? a_worth < b_worth : a->used_ms < b->used_ms;
}

static struct door_key *door_entry(struct door *door, const struct link_pk *key, struct mono now)
{
    struct door_key *entry = door_find(door, key);
    if (!entry) {
        if (door->keys_count < DOOR_KEYS) {
            entry = &door->keys[door->keys_count++];
        } else {
            entry = &door->keys[0];
            for (uint32_t i = 1; i < DOOR_KEYS; i++) {
                if (is_worth_less(&door->keys[i], entry, now)) {
                    entry = &door->keys[i];
                }
            }
        }
        *entry = (struct door_key){.key = *key, .handshakes = {now.ms, KEY_BURST * 1000}};
    }
    entry->used_ms = now.ms;
    return entry;
}

/* Of an address; the one that wasn't used for longest gives way, which mostly has its fill again. NULL: this machine itself,
 * where rooms are tried out. */
static struct bucket *source_bucket(struct door *door, const uint8_t ip[16], struct mono now)
{
    static const uint8_t loopback6[16] = {[15] = 1}, mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct door_source *oldest = &door->sources[0];
    if (memcmp(ip, loopback6, sizeof loopback6) == 0 ||
        (memcmp(ip, mapped, sizeof mapped) == 0 && ip[12] == 127)) {
        return NULL;
    }
    for (uint32_t i = 0; i < DOOR_SOURCES; i++) {
        struct door_source *source = &door->sources[i];
        if (memcmp(source->ip, ip, sizeof source->ip) == 0) {
            return &source->strangers;
        }
        oldest = source->strangers.at_ms < oldest->strangers.at_ms ? source : oldest;
    }
    memcpy(oldest->ip, ip, sizeof oldest->ip);
    oldest->strangers = (struct bucket){now.ms, SOURCE_BURST * 1000};
    return &oldest->strangers;
}

static bool stranger_admit(struct door *door, const uint8_t ip[16], struct mono now)
{
    struct bucket *source = source_bucket(door, ip, now);
    return (!source || bucket_take(source, SOURCE_PER_S, SOURCE_BURST, now)) &&
           bucket_take(&door->strangers, STRANGERS_PER_S, STRANGERS_BURST, now);
}

void door_clear(struct door *door)
{
    for (uint32_t i = 0; i < CLASSES_MAX; i++) {
        free(door->barred[i].keys);
        door->barred[i] = (struct barred){0};
    }
}

bool door_bar(struct door *door, uint32_t class_index, struct slice keys)
{
    struct barred *barred = &door->barred[class_index % CLASSES_MAX];
    struct link_pk *copy = NULL;
    if (keys.len > 0) {
        copy = malloc(keys.len);
        if (!copy) {
            return false;
        }
        memcpy(copy, keys.at, keys.len);
    }
    free(barred->keys);
    *barred = (struct barred){copy, keys.len / sizeof *copy};
    return true;
}

bool door_bars(const struct door *door, uint32_t class_index, const struct link_pk *key)
{
    const struct barred *barred = &door->barred[class_index % CLASSES_MAX];
    for (size_t i = 0; i < barred->count; i++) {
        if (SAME(barred->keys[i], *key)) {
            return true;
        }
    }
    return false;
}

bool door_admit(struct door *door, uint32_t class_index, const struct link_pk *key,
                const uint8_t ip[16], struct mono now)
{
    if (door_bars(door, class_index, key) || door_refuses(door, key, now)) {
        return false;
    }
    struct door_key *entry = door_entry(door, key, now);
    if (!bucket_take(&entry->handshakes, KEY_PER_S, KEY_BURST, now)) {
        return false;
    }
    return entry->known || stranger_admit(door, ip, now);
}

void door_know(struct door *door, const struct link_pk *key, struct mono now)
{
    door_entry(door, key, now)->known = true;
}

void door_kick(struct door *door, const struct link_pk *key, uint32_t wait_ms, struct mono now)
{
    struct door_key *entry = door_entry(door, key, now);
    int64_t wait = wait_ms;
    /* back within the time that it last had to wait: it learnt nothing */
    if (entry->wait_ms && now.ms < entry->kicked_ms + entry->wait_ms && wait < 2 * entry->wait_ms) {
        wait = 2 * entry->wait_ms;
    }
    entry->wait_ms = wait < WAIT_MS_MAX ? wait : WAIT_MS_MAX;
    entry->kicked_ms = now.ms + entry->wait_ms;
    if (door->kicks_ms < entry->kicked_ms) {
        door->kicks_ms = entry->kicked_ms;
    }
}

bool door_refuses(struct door *door, const struct link_pk *key, struct mono now)
{
    if (now.ms >= door->kicks_ms) {
        return false; /* the common case costs nothing */
    }
    struct door_key *entry = door_find(door, key);
    return entry && now.ms < entry->kicked_ms;
}
