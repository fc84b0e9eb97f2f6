/* Others knock here: who they are, the words of their keys, and what is offered to those who are let in. Words cost much, so
 * they are made one after the other, and those of strangers only when a person wants to see them. */
#include <stdlib.h>

#include "authority.h"
#include "device_inside.h"
#include "rows.h"

enum {
    CREDIT_MS = 500, /* what the words of one knocker cost, ... */
    CREDIT_MS_MAX =
        64 * CREDIT_MS, /* ... so that a whole room's are made at once, a flood's slowly */
    WANTED_MS = 10 * 60 * 1000,
    PAUSE_MS = 10 * 1000, /* after there was no memory */
    LOOK_MS = 2000,       /* at the class's policy, for one that knocks */
    FEW = 2,        /* so many machines call one that comes back; then, if it still knocks, ... */
    RANK_MS = 6000, /* ... so many others */
    DEVICES_OF_ONE = 64, /* keys that one piece of hardware had */
    LAN_PATHS = PATH_BROADCAST | PATH_MULTICAST4 | PATH_MULTICAST6,
};

/* ---- words of keys ---------------------------------------------------------------------------------------------- */

static bool is_zero(const char *words)
{
    return !*words;
}

/* The next key whose words are wanted. Its own first, so that a screen shows them soon. */
static bool next_key(struct device *device, struct now now, struct device_id *key)
{
    struct stretcher *s = &device->stretcher;
    if (device->classes_count == 0 && is_zero(device->knocking.words)) {
        *key = device->id;
        return true;
    }
    for (uint32_t i = 0; i < device->classes_count; i++) {
        const struct class *class = device->classes[i];
        if (class->known && is_zero(class->words)) {
            memcpy(key->b, class->root.b, sizeof(key->b));
            return true;
        }
    }
    for (uint32_t i = 0; device->knockers && i < device->knockers->count; i++) {
        const struct knocker *k = &device->knockers->at[i];
        if (is_zero(k->words) && knocker_knocks(k, now) && now.mono.ms < s->wanted.ms &&
            s->credit_ms >= CREDIT_MS) {
            s->credit_ms -= CREDIT_MS;
            *key = k->knock.device;
            return true;
        }
    }
    return false;
}

static void earn_credit(struct stretcher *s, struct now now)
{
    int64_t earned = s->credit_ms + now.mono.ms - s->credit_at.ms;
    s->credit_ms = s->credit_at.ms == 0 || earned > CREDIT_MS_MAX ? CREDIT_MS_MAX : earned;
    s->credit_at = now.mono;
}

static void stretch_next(struct device *device, struct now now)
{
    struct stretcher *s = &device->stretcher;
    struct device_id key;
    earn_credit(s, now);
    if (s->work && now.mono.ms - s->since.ms > SLOW_MS_MAX) {
        s->work = 0;
    }
    if (s->work || now.mono.ms < s->pause.ms || !next_key(device, now, &key)) {
        return;
    }
    struct output output = {.kind = OUTPUT_STRETCH, .cost = COST_WORDS, .bytes = SLICE(key)};
    key_words_salt(output.salt);
    output.work = ++device->works;
    if (device_put(device, &output)) {
        s->work = output.work;
        s->since = now.mono;
        s->key = key;
    }
}

static void keep_class_words(struct class *class, const char *words)
{
    memcpy(class->words, words, sizeof(class->words));
    if (store_begin(class->store) == OK) {
        store_local_set(class->store, "words", class->words, sizeof(class->words));
    }
}

bool admission_stretched(struct device *device, uint64_t work, struct slice bytes, struct now now)
{
    struct stretcher *s = &device->stretcher;
    char words[KEY_TEXT_MAX] = "";
    if (work == 0 || work != s->work) {
        return false;
    }
    s->work = 0;
    if (bytes.len != 32) {
        s->pause.ms = now.mono.ms + PAUSE_MS;
        return true;
    }
    key_words(bytes.at, words);
    if (SAME(s->key, device->id)) {
        memcpy(device->knocking.words, words, sizeof(words));
    }
    for (uint32_t i = 0; i < device->classes_count; i++) {
        if (memcmp(device->classes[i]->root.b, s->key.b, sizeof(s->key.b)) == 0) {
            keep_class_words(device->classes[i], words);
        }
    }
    struct knocker *k = device->knockers ? knockers_find(device->knockers, &s->key) : NULL;
    if (k) {
        memcpy(k->words, words, sizeof(words));
    }
    return true;
}

void admission_want(struct device *device, struct now now)
{
    device->stretcher.wanted.ms = now.mono.ms + WANTED_MS;
}

/* ---- offers ----------------------------------------------------------------------------------------------------- */

static bool is_here(struct class *class, const struct knocker *k)
{
    const struct peer *peer = presence_by_device(class->presence, &k->knock.device);
    return peer && peer->state == PEER_HERE;
}

bool admission_waits(struct class *class, const struct knocker *k, struct now now)
{
    return knocker_knocks(k, now) && !is_here(class, k);
}

void admission_admit(struct class *class, struct knocker *k, struct now now)
{
    k->admitted = true;
    k->by_itself = false;
    k->class_index = class->index;
    k->until.ms = now.mono.ms + OFFER_PATIENCE_MS;
    k->offer_due = now.mono;
}

static void say_offer(struct device *device, struct knocker *k, struct now now)
{
    uint8_t datagram[OFFER_BYTES];
    struct class *class = device->classes[k->class_index];
    struct offer offer = {.root = class->root};
    memcpy(offer.secret, class->invite.secret, sizeof(offer.secret));
    class_name(class, offer.name);
    k->offer_due.ms = now.mono.ms + OFFER_MS;
    if (offer_seal(&k->knock.device, &device->rng, &offer, datagram)) {
        device_put(device, &(struct output){.kind = OUTPUT_DATAGRAM,
                                            .class_index = class->index,
                                            .paths = LAN_PATHS | PATH_UNICAST,
                                            .address = k->from,
                                            .bytes = slice_of(datagram, sizeof(datagram))});
    }
    wipe(&offer, sizeof(offer));
}

/* ---- who comes back --------------------------------------------------------------------------------------------- */

/* Does the log know that hardware, and was none of its keys put out? */
static bool was_here(struct class *class, const struct knocker *k)
{
    struct hardware_id hardware;
    struct device_id devices[DEVICES_OF_ONE];
    uint32_t count = 0;
    bool out = false;
    class_hardware(class, &k->knock.hardware, &hardware);
    sqlite3_stmt *stmt =
        store_query(class->store, "SELECT device FROM device WHERE hardware=? ORDER BY stamp DESC");
    store_bind(class->store, stmt, "w", &hardware);
    while (count < DEVICES_OF_ONE && store_row(class->store, stmt)) {
        column_fixed(stmt, 0, devices[count].b, sizeof(devices[count].b));
        count++;
    }
    sqlite3_reset(stmt);
    for (uint32_t i = 0; i < count; i++) {
        out = out || authority_is_expelled(class->store, &devices[i]);
    }
    return count > 0 && !out;
}

/* Whoever claims a hardware is one at a time. */
static bool is_first_of_hardware(struct device *device, const struct class *class,
                                 const struct knocker *k)
{
    for (uint32_t i = 0; i < device->knockers->count; i++) {
        const struct knocker *other = &device->knockers->at[i];
        if (other != k && other->admitted && other->by_itself &&
            other->class_index == class->index && SAME(other->knock.hardware, k->knock.hardware)) {
            return false;
        }
    }
    return true;
}

/* By the class's policy a machine whose hardware the log knows comes back unasked. A few of all machines call it, those
 * nearest to it on the ring; others only when they see that it still knocks. */
static void readmit(struct device *device, struct knocker *k, struct now now)
{
    if (k->admitted || (k->looked.ms && now.mono.ms - k->looked.ms < LOOK_MS)) {
        return;
    }
    k->looked = now.mono;
    for (uint32_t i = 0; i < device->classes_count; i++) {
        struct class *class = device->classes[i];
        int64_t patience =
            (int64_t)(presence_rank(class->presence, &k->knock.device) / FEW) * RANK_MS;
        if (class->known && now.mono.ms - k->first.ms >= patience &&
            class_policy(class->store) & POLICY_READMIT && !is_here(class, k) &&
            is_first_of_hardware(device, class, k) && was_here(class, k)) {
            admission_admit(class, k, now);
            k->by_itself = true;
            return;
        }
    }
}

/* ---- events ----------------------------------------------------------------------------------------------------- */

void admission_knock(struct device *device, const struct event *event, struct now now)
{
    struct knock knock;
    if (device_is_free(device) || knock_read(event->bytes, &knock) != OK ||
        SAME(knock.device, device->id)) {
        return;
    }
    if (!device->knockers) {
        device->knockers = calloc(1, sizeof(*device->knockers));
    }
    struct knocker *k =
        device->knockers ? knockers_hear(device->knockers, &knock, &event->from, now) : NULL;
    if (k) {
        readmit(device, k, now);
    }
}

void admission_came(struct device *device, const struct device_id *who)
{
    const struct knocker *k = device->knockers ? knockers_find(device->knockers, who) : NULL;
    if (k) {
        knockers_remove(device->knockers, k);
    }
}

void admission_tick(struct device *device, struct now now)
{
    stretch_next(device, now);
    for (uint32_t i = device->knockers ? device->knockers->count : 0; i > 0; i--) {
        struct knocker *k = &device->knockers->at[i - 1];
        if (!k->admitted) {
            continue;
        }
        if (k->class_index >= device->classes_count ||
            is_here(device->classes[k->class_index], k)) {
            knockers_remove(device->knockers, k);
        } else if (now.mono.ms >= k->until.ms) {
            k->admitted = false;
        } else if (now.mono.ms >= k->offer_due.ms) {
            say_offer(device, k, now);
        }
    }
}

struct mono admission_wake(const struct device *device)
{
    const struct stretcher *s = &device->stretcher;
    struct mono turn = s->credit_at, wake = {INT64_MAX};
    if (!s->work && s->pause.ms > turn.ms) {
        wake = s->pause;
    }
    for (uint32_t i = 0; device->knockers && i < device->knockers->count; i++) {
        const struct knocker *k = &device->knockers->at[i];
        bool wordless = is_zero(k->words) && knocker_knocks(k, (struct now){.mono = turn});
        int64_t earned =
            wordless && !s->work && turn.ms < s->wanted.ms ? turn.ms + CREDIT_MS : INT64_MAX;
        int64_t offer = k->admitted ? k->offer_due.ms : INT64_MAX;
        wake.ms = earned < wake.ms ? earned : wake.ms;
        wake.ms = offer < wake.ms ? offer : wake.ms;
    }
    return wake;
}
