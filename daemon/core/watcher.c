/* Who watches a class: whole states for a screen that is repainted, single changes for scripts and readers, and a sign of
 * life every few seconds. A state is only ever told after one with a smaller number. */
#include "device_inside.h"
#include "rows.h"
#include "shapes.h"

static struct watcher *watcher_new(struct device *device, client_id client)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct watcher *watcher = &device->watchers[i];
        if (!watcher->used) {
            *watcher = (struct watcher){.client = client};
            return watcher;
        }
    }
    return NULL;
}

static void note_watched(struct device *device, uint32_t class_index)
{
    bool watched = false;
    struct class *class = device->classes[class_index];
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        const struct watcher *watcher = &device->watchers[i];
        watched |= watcher->used && watcher->changes && watcher->class_index == class_index;
    }
    if (class->replica) {
        replica_watched(class->replica, watched);
    }
}

/* The state of a class as one map, for who sits at the watcher's terminal; false if it can't be told now. The more there is
 * to tell, the rarer: whoever starts a hundred jams doesn't keep this machine busy with its screen. */
static bool state_pack(struct device *device, struct watcher *watcher, struct now now,
                       struct pack *p)
{
    char name[NAME_BYTES_MAX + 1];
    struct class *class = device->classes[watcher->class_index];
    class->seq++;
    struct ask *ask = ask_class(device, class, now);
    ask->class_name = class_name(class, name);
    sitting_look(ask, sitting_find(device, &watcher->login), class);
    watcher->safe = ask->safe_machines;
    enum err err = views_state(ask, p);
    watcher->next.ms = now.mono.ms + WATCH_PAUSE_MS + (int64_t)pack_bytes(p).len / WATCH_BYTES_MS;
    return err == OK && !p->failed;
}

enum err method_watch(struct call *call, struct pack *p)
{
    struct slice how = slice_str("changes");
    struct class *class = call->class;
    if (!class || !class->known || class->closed) {
        return class ? ERR_CLASS_WAITS : ERR_NO_CLASS;
    }
    map_text(call->params, "how", &how);
    struct watcher *watcher = watcher_new(call->device, call->client);
    if (!watcher) {
        return ERR_BUSY;
    }
    watcher->class_index = class->index;
    watcher->login = call->login;
    watcher->changes = !slice_is(how, "state");
    watcher->fresh = call->now.mono;
    pack_map(p, 1);
    pack_str(p, "state");
    if (!state_pack(call->device, watcher, call->now, p)) {
        return ERR_INTERNAL;
    }
    call->watch = watcher;
    watcher->used = true;
    note_watched(call->device, class->index);
    return OK;
}

void watchers_hangup(struct device *device, client_id client)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        if (device->watchers[i].used && device->watchers[i].client == client) {
            device->watchers[i].used = false;
            note_watched(device, device->watchers[i].class_index);
        }
        if (device->pending[i].kind == PENDING_CHECK && device->pending[i].client == client) {
            pending_end(&device->pending[i]);
        }
    }
}

void watchers_end(struct device *device, struct class *class)
{
    char name[NAME_BYTES_MAX + 1];
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct watcher *watcher = &device->watchers[i];
        if (watcher->used && watcher->class_index == class->index) {
            pack_reset(&device->result);
            pack_map(&device->result, 1);
            pack_str(&device->result, "class");
            pack_str(&device->result, class_name(class, name));
            request_notify(device, watcher->client, "ended", pack_bytes(&device->result));
            watcher->used = false;
        }
    }
}

static void tell_changes(struct device *device, const struct class *class, const char *method,
                         struct slice change)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        const struct watcher *watcher = &device->watchers[i];
        if (watcher->used && watcher->changes && watcher->class_index == class->index) {
            request_notify(device, watcher->client, method, change);
        }
    }
}

/* Who reads single changes is told once that who sat there has moved, or was removed. */
static void tell_left(struct device *device, struct class *class, struct watcher *watcher,
                      struct now now)
{
    struct ask *ask = ask_class(device, class, now);
    struct pack *p = &device->result;
    sitting_look(ask, sitting_find(device, &watcher->login), class);
    bool news = watcher->changes && ask->left && !watcher->left;
    watcher->left = ask->left;
    if (news) {
        pack_reset(p);
        pack_map(p, 2);
        pack_str(p, "type");
        pack_str(p, "left");
        pack_left(ask, p);
        request_notify(device, watcher->client, "change", pack_bytes(p));
    }
}

void watchers_facts(struct device *device, struct class *class, struct now now)
{
    const struct fact *fact;
    while (class->replica && (fact = replica_fresh(class->replica))) {
        struct ask *ask = ask_class(device, class, now);
        pack_reset(&device->result);
        if (views_event(ask, fact, &device->result) && !device->result.failed) {
            tell_changes(device, class, "change", pack_bytes(&device->result));
        }
    }
    if (class->changed) {
        class->changed = false;
        for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
            struct watcher *watcher = &device->watchers[i];
            if (watcher->used && watcher->class_index == class->index) {
                watcher->dirty = true;
                tell_left(device, class, watcher, now);
            }
        }
    }
}

void watchers_machine(struct device *device, struct class *class, const struct peer *peer,
                      struct now now)
{
    char name[NAME_BYTES_MAX + 1];
    struct pack *p = &device->result;
    struct age age = {.at_ms = now.wall.ms, .clock = AGE_SEEN};
    machine_name(class, peer, name);
    pack_reset(p);
    pack_map(p, 8);
    pack_str(p, "type");
    pack_str(p, "machine");
    pack_str(p, "seat");
    pack_str(p, name);
    pack_str(p, "host");
    pack_str(p, peer->host);
    pack_str(p, "state");
    pack_str(p, peer->state == PEER_HERE ? "here" : peer->state == PEER_LEFT ? "left" : "gone");
    pack_age(p, &age);
    pack_str(p, "lag_ms");
    pack_nil(p);
    tell_changes(device, class, "change", pack_bytes(p));
}

static void tell_state(struct device *device, struct watcher *watcher, struct now now)
{
    pack_reset(&device->result);
    if (state_pack(device, watcher, now, &device->result)) {
        request_notify(device, watcher->client, "state", pack_bytes(&device->result));
    }
    watcher->dirty = false;
}

static void tell_fresh(struct device *device, struct watcher *watcher, struct now now)
{
    struct class *class = device->classes[watcher->class_index];
    struct pack *p = &device->result;
    pack_reset(p);
    pack_map(p, 3);
    pack_str(p, "peers");
    pack_uint(p, presence_here(class->presence));
    pack_str(p, "live");
    pack_bool(p, class->live);
    pack_str(p, "live_s");
    pack_int(p, (now.mono.ms - class->live_since.ms) / 1000);
    request_notify(device, watcher->client, "fresh", pack_bytes(p));
    watcher->fresh = now.mono;
}

/* How many machines could be switched off changes with what others have, of which no fact tells. */
static void look_at_safety(struct device *device, struct watcher *watcher, struct now now)
{
    if (now.mono.ms < watcher->look_at.ms) {
        watcher->look_due = true;
        return;
    }
    struct class *class = device->classes[watcher->class_index];
    watcher->dirty |= class_safe_machines(class) != watcher->safe;
    watcher->look_at.ms = now.mono.ms + WATCH_PAUSE_MS;
    watcher->look_due = false;
}

void watchers_tick(struct device *device, struct now now)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct watcher *watcher = &device->watchers[i];
        if (!watcher->used) {
            continue;
        }
        if (watcher->changes) {
            watcher->dirty = false;
        } else {
            look_at_safety(device, watcher, now);
        }
        if (watcher->dirty && now.mono.ms >= watcher->next.ms) {
            tell_state(device, watcher, now);
        }
        if (now.mono.ms - watcher->fresh.ms >= FRESH_MS) {
            tell_fresh(device, watcher, now);
        }
    }
}

struct mono watchers_wake(const struct device *device)
{
    struct mono wake = {INT64_MAX};
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        const struct watcher *watcher = &device->watchers[i];
        if (!watcher->used) {
            continue;
        }
        int64_t due = watcher->fresh.ms + FRESH_MS;
        due = watcher->dirty && watcher->next.ms < due ? watcher->next.ms : due;
        due = watcher->look_due && watcher->look_at.ms < due ? watcher->look_at.ms : due;
        wake.ms = due < wake.ms ? due : wake.ms;
    }
    return wake;
}
