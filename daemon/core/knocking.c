/* This machine knocks while it is in no class, and goes into the class that somebody offers. An offer isn't proved: who
 * offers only knows our key, which everybody can hear. So if two different ones come together, none is taken. */
#include <stdio.h>

#include "device_inside.h"

enum {
    SOON_MS = 1000,  /* between two knocks, whatever happens */
    KNOCK_MS = 5000, /* usually */
    LONG_MS = 15000, /* after a while */
    WHILE_MS = 5 * 60 * 1000,
    LAN_PATHS = PATH_BROADCAST | PATH_MULTICAST4 | PATH_MULTICAST6,
};

static bool may_knock(const struct device *device)
{
    return device_is_free(device) && !device->leaving;
}

/* ---- knocking --------------------------------------------------------------------------------------------------- */

static void begin(struct knocking *k, struct now now)
{
    k->knocks = 0;
    k->began = now.mono;
    k->due.ms = k->said.ms + SOON_MS > now.mono.ms ? k->said.ms + SOON_MS : now.mono.ms;
}

void knocking_network(struct device *device, struct now now)
{
    begin(&device->knocking, now);
}

static int64_t pause_after(struct device *device, struct now now)
{
    static const int64_t first[] = {1000, 2000, 5000};
    struct knocking *k = &device->knocking;
    if (k->knocks <= sizeof(first) / sizeof(first[0])) {
        return first[k->knocks - 1];
    }
    int64_t ms = now.mono.ms - k->began.ms < WHILE_MS ? KNOCK_MS : LONG_MS;
    return ms - ms / 4 + (int64_t)rng_below(&device->rng, (uint64_t)(ms / 2));
}

static void knock(struct device *device, struct now now)
{
    uint8_t datagram[KNOCK_BYTES];
    struct knocking *k = &device->knocking;
    struct knock knock = {.device = device->id, .hardware = device->hardware};
    snprintf(knock.host, sizeof(knock.host), "%.*s", HOST_BYTES_MAX, device->host);
    knock_write(&knock, datagram);
    device_put(device, &(struct output){.kind = OUTPUT_DATAGRAM,
                                        .paths = LAN_PATHS,
                                        .bytes = slice_of(datagram, sizeof(datagram))});
    k->knocks++;
    k->said = now.mono;
    k->due.ms = now.mono.ms + pause_after(device, now);
}

/* ---- going in --------------------------------------------------------------------------------------------------- */

/* Hands the invite's secret words to Argon2id, as `class join` does. */
static void join(struct device *device, struct now now)
{
    char text[INVITE_TEXT_MAX];
    struct output output = {.kind = OUTPUT_STRETCH, .cost = COST_WORDS};
    invite_secret_text(&device->knocking.invite, text);
    invite_salt(output.salt);
    output.bytes = slice_str(text);
    device->knocking.since = now.mono;
    output.work = device->knocking.work = ++device->works;
    if (!device_put(device, &output)) {
        device->knocking.work = 0;
    }
    wipe(text, sizeof(text));
}

static void take_offer(struct device *device, struct now now)
{
    struct knocking *k = &device->knocking;
    memcpy(k->invite.secret, k->offers[0].secret, sizeof(k->invite.secret));
    k->root = k->offers[0].root;
    k->has_root = true;
    invite_commit(&k->invite, &k->root);
    join(device, now);
}

static void forget_offers(struct knocking *k)
{
    wipe(k->offers, sizeof(k->offers));
    k->offers_count = 0;
    k->decide.ms = 0;
}

bool knocking_stretched(struct device *device, uint64_t work, struct slice bytes, struct now now)
{
    struct class_secret secret;
    struct knocking *k = &device->knocking;
    struct class *class = NULL;
    if (work == 0 || work != k->work) {
        return false;
    }
    k->work = 0;
    /* meanwhile somebody may have typed words here */
    bool fits = bytes.len == sizeof(secret.b) && (!k->has_root || device_is_free(device));
    enum err err = ERR_NOMEM;
    if (fits) {
        memcpy(secret.b, bytes.at, sizeof(secret.b));
        err = class_new(device, &secret, &k->invite, k->has_root ? &k->root : NULL, NULL, now,
                        &class);
        wipe(&secret, sizeof(secret));
    }
    if (fits && k->has_root && err == OK) {
        device_log(device, "was let into the class %s", k->offers[0].name);
    } else if (fits && err != OK) {
        device_log(device, "can't go into the class: %s", err_code(err));
    }
    forget_offers(k);
    wipe(&k->invite, sizeof(k->invite));
    return true;
}

void knocking_start(struct device *device, const struct invite *invite, struct now now)
{
    bool in = false;
    begin(&device->knocking, now);
    for (uint32_t i = 0; invite && i < device->classes_count; i++) {
        in = in || memcmp(&device->classes[i]->invite, invite, sizeof(*invite)) == 0;
    }
    if (invite && !in) {
        device->knocking.invite = *invite;
        device->knocking.has_root = false;
        join(device, now);
    }
}

/* ---- being called ----------------------------------------------------------------------------------------------- */

static bool is_same(const struct offer *a, const struct offer *b)
{
    return SAME(a->root, b->root) && memcmp(a->secret, b->secret, sizeof(a->secret)) == 0;
}

void knocking_offer(struct device *device, struct slice datagram, struct now now)
{
    struct offer offer;
    struct knocking *k = &device->knocking;
    bool by_file = k->work && !k->has_root;
    if (!may_knock(device) || k->torn || by_file ||
        offer_open(&device->key, datagram, &offer) != OK) {
        return;
    }
    if (k->offers_count == 0) {
        k->offers[0] = offer;
        k->offers_count = 1;
        k->decide.ms = now.mono.ms + OFFERS_WAIT_MS;
    } else if (!is_same(&k->offers[0], &offer)) {
        k->offers[1] = offer;
        k->offers_count = 2;
        k->torn = true;
        k->decide.ms = 0;
        k->work = 0;
        device_log(device, "two classes call this machine, %s and %s: it goes into neither",
                   k->offers[0].name, k->offers[1].name);
    }
    wipe(offer.secret, sizeof(offer.secret));
}

/* ---- time ------------------------------------------------------------------------------------------------------- */

void knocking_tick(struct device *device, struct now now)
{
    struct knocking *k = &device->knocking;
    if (!may_knock(device)) {
        return;
    }
    if (k->due.ms <= now.mono.ms) {
        knock(device, now);
    }
    if (k->work && now.mono.ms - k->since.ms > SLOW_MS_MAX) {
        k->work = 0;
        forget_offers(k);
    }
    if (k->decide.ms && k->decide.ms <= now.mono.ms) {
        k->decide.ms = 0;
        take_offer(device, now);
    }
}

struct mono knocking_wake(const struct device *device)
{
    const struct knocking *k = &device->knocking;
    if (!may_knock(device)) {
        return (struct mono){INT64_MAX};
    }
    return k->decide.ms && k->decide.ms < k->due.ms ? k->decide : k->due;
}

void knocking_tell(struct device *device, struct pack *p)
{
    const struct knocking *k = &device->knocking;
    pack_str(p, "knock");
    pack_map(p, 2);
    pack_str(p, "words");
    pack_str(p, *k->words ? k->words : NULL);
    pack_str(p, "calls");
    pack_array(p, k->torn ? 2 : 0);
    for (uint32_t i = 0; k->torn && i < 2; i++) {
        pack_str(p, k->offers[i].name);
    }
}
