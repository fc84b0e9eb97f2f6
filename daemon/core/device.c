/* The waist: takes one event, saves the turn, gives one output after the other. What an event means is decided in
 * class.c (peers) and request.c (clients). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "device_inside.h"
#include "planted.h"

enum { DAMAGE_MS = 10 * 1000, DOUBTS_MS = 3600 * 1000 };

static void append(struct device *device, struct queued *queued)
{
    queued->next = NULL;
    if (device->last) {
        device->last->next = queued;
    } else {
        device->first = queued;
    }
    device->last = queued;
}

struct queued *device_put(struct device *device, const struct output *output)
{
    struct queued *queued = malloc(sizeof(*queued) + output->bytes.len);
    if (!queued) {
        device->exhausted = true;
        return NULL;
    }
    *queued = (struct queued){.output = *output};
    if (output->bytes.len) {
        memcpy(queued->bytes, output->bytes.at, output->bytes.len);
    }
    queued->output.bytes.at = queued->bytes;
    append(device, queued);
    return queued;
}

bool device_is_free(const struct device *device)
{
    bool is_free = true;
    for (uint32_t i = 0; i < device->classes_count; i++) {
        is_free = is_free && device->classes[i]->closed;
    }
    return is_free;
}

void device_log(struct device *device, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    device_put(device, &(struct output){.kind = OUTPUT_LOG, .bytes = slice_str(line)});
}

static void copy_text(char *out, size_t out_len, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    len = len < out_len ? len : out_len - 1;
    if (len) {
        memcpy(out, text, len);
    }
    out[len] = '\0';
}

static enum err init(struct device *device, const struct device_config *config)
{
    struct sign_pk pk = sign_public(&config->key);
    if (strlen(config->state) >= PATH_BYTES - sizeof(((struct class *)0)->file) - 1) {
        return ERR_TOO_LONG;
    }
    copy_text(device->state, sizeof(device->state), config->state);
    copy_text(device->host, sizeof(device->host), config->host);
    rng_seed(&device->rng, config->seed);
    device->doubts = config->doubts;
    device->key = config->key;
    memcpy(device->id.b, pk.b, sizeof(pk.b));
    device->hardware = config->hardware;
    memcpy(device->boot, config->boot, sizeof(device->boot));
    rng_fill(&device->rng, &device->run, sizeof(device->run));
    pack_init(&device->pack);
    pack_init(&device->result);
    device->ask = calloc(1, sizeof(*device->ask));
    if (config->vfs) {
        device->vfs = malloc(strlen(config->vfs) + 1);
        if (device->vfs) {
            copy_text(device->vfs, strlen(config->vfs) + 1, config->vfs);
        }
    }
    return device->ask && (device->vfs || !config->vfs) ? OK : ERR_NOMEM;
}

enum err device_open(const struct device_config *config, struct now now, struct device **out)
{
    struct device *device = calloc(1, sizeof(*device));
    if (!device) {
        return ERR_NOMEM;
    }
    enum err err = init(device, config);
    uint32_t count = 0;
    while (config->databases && config->databases[count]) {
        count++;
    }
    for (uint32_t i = 0; err == OK && i < count; i++) {
        if (!class_by_file(device, config->databases[i], false)) { /* it may be begun anew by now */
            err = class_load(device, config->databases[i], count > CLASSES_CROWD, now);
        }
    }
    if (err != OK) {
        device_close(&device);
        return err;
    }
    knocking_start(device, config->invite, now);
    device->opened = now.mono;
    *out = device;
    return OK;
}

void device_close(struct device **device_p)
{
    struct device *device = *device_p;
    if (!device) {
        return;
    }
    for (uint32_t i = 0; i < device->classes_count; i++) {
        class_free(&device->classes[i]);
    }
    for (struct queued *queued = device->first; queued;) {
        struct queued *next = queued->next;
        free(queued);
        queued = next;
    }
    for (uint32_t i = 0; i < SITTINGS_MAX; i++) {
        free(device->sittings[i].lists);
        opened_forget(&device->sittings[i].opened);
    }
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        pending_end(&device->pending[i]);
    }
    free(device->told);
    free(device->ask);
    free(device->vfs);
    free(device->knockers);
    pack_clear(&device->pack);
    pack_clear(&device->result);
    wipe(&device->key, sizeof(device->key));
    wipe(&device->rng, sizeof(device->rng));
    wipe(&device->knocking, sizeof(device->knocking));
    free(device);
    *device_p = NULL;
}

static void leave(struct device *device, struct now now)
{
    device->leaving = true;
    for (uint32_t i = 0; i < device->classes_count; i++) {
        struct class *class = device->classes[i];
        sitting_sign_out_all(device, class, now);
        class->urgent = true;
        device_save(device, now);
        class_pump(device, class, now);
        presence_leave(class->presence, now);
    }
}

static void call(struct device *device, const struct address *address, struct now now)
{
    if (device->calls_count < sizeof(device->calls) / sizeof(device->calls[0])) {
        device->calls[device->calls_count++] = *address;
    }
    for (uint32_t i = 0; i < device->classes_count; i++) {
        presence_call(device->classes[i]->presence, address, now);
    }
}

static void tick(struct device *device, struct now now)
{
    for (uint32_t i = 0; i < device->classes_count; i++) {
        class_tick(device, device->classes[i], now);
    }
    sitting_tick(device, now);
}

static void network(struct device *device, struct now now)
{
    for (uint32_t i = 0; i < device->classes_count; i++) {
        presence_network(device->classes[i]->presence, now);
    }
    knocking_network(device, now);
}

static void datagram(struct device *device, struct now now, const struct event *event)
{
    if (event->bytes.len == KNOCK_BYTES) {
        admission_knock(device, event, now);
        return;
    }
    if (event->bytes.len == OFFER_BYTES) {
        knocking_offer(device, event->bytes, now);
        return;
    }
    for (uint32_t i = 0; i < device->classes_count; i++) {
        if (class_datagram(device, device->classes[i], event, now)) {
            return;
        }
    }
}

static void link_changed(struct class *class, const struct event *event, struct now now)
{
    struct peer *peer = presence_by_link(class->presence, &event->peer);
    if (peer) {
        presence_link(class->presence, peer, event->up, now);
    }
}

static void stretched(struct device *device, const struct event *event, struct now now)
{
    if (!knocking_stretched(device, event->work, event->bytes, now) &&
        !admission_stretched(device, event->work, event->bytes, now)) {
        method_stretched(device, event->work, event->bytes, now);
    }
}

void device_step(struct device *device, struct now now, const struct event *event)
{
    struct class *class =
        event->class_index < device->classes_count ? device->classes[event->class_index] : NULL;
    if (device->leaving) {
        return; /* whatever we said now would make others think that we are still here */
    }
    switch (event->kind) {
    case EVENT_REQUEST:
        request_receive(device, event, now);
        break;
    case EVENT_LOGOUT:
        sitting_logout(device, &event->login, now);
        break;
    case EVENT_HANGUP:
        watchers_hangup(device, event->client);
        break;
    case EVENT_MESSAGE:
        if (class) {
            class_message(device, class, event, now);
        }
        break;
    case EVENT_DATAGRAM:
        datagram(device, now, event);
        break;
    case EVENT_LINK:
        if (class) {
            link_changed(class, event, now);
        }
        break;
    case EVENT_BOUND:
        if (class) {
            class_bound(device, class, event->from.secret, event->port, now);
        }
        break;
    case EVENT_NETWORK:
        network(device, now);
        break;
    case EVENT_STRETCHED:
        stretched(device, event, now);
        break;
    case EVENT_CALL:
        call(device, &event->from, now);
        break;
    case EVENT_LEAVE:
        leave(device, now);
        break;
    case EVENT_TICK:
        tick(device, now);
        break;
    }
}

/* What was answered as done in this turn wasn't: says so instead. */
static void retract(struct device *device, const struct class *class, enum err err)
{
    struct queued *queued = device->first;
    device->first = device->last = NULL;
    while (queued) {
        struct queued *next = queued->next;
        if (queued->write && queued->write_class == class->index) {
            request_refuse(device, queued->output.client, queued->number, err, class->disk_why,
                           NULL);
            free(queued);
        } else {
            append(device, queued);
        }
        queued = next;
    }
}

void device_save(struct device *device, struct now now)
{
    for (uint32_t i = 0; i < device->classes_count; i++) {
        struct class *class = device->classes[i];
        if (class_is_due(class, now)) {
            class_commit(device, class, now);
        }
        if (class->lost != OK && !PLANTED(15)) {
            retract(device, class, class->lost);
        }
        class->lost = OK;
    }
    for (struct queued *queued = device->first; queued; queued = queued->next) {
        queued->write = false;
    }
}

/* What is damaged is set aside by another start: soon, but not again and again for what that doesn't mend. */
static void look_for_damage(struct device *device, struct now now)
{
    int64_t wait_ms = device->doubts ? DOUBTS_MS : DAMAGE_MS;
    for (uint32_t i = 0; i < device->classes_count && !device->again; i++) {
        if (store_is_damaged(device->classes[i]->store) &&
            now.mono.ms - device->opened.ms >= wait_ms) {
            device->again = true;
            device_log(device, "%s turns out to be damaged: this starts again",
                       device->classes[i]->file);
            device_put(device, &(struct output){.kind = OUTPUT_AGAIN});
        }
    }
}

void device_commit(struct device *device, struct now now)
{
    for (uint32_t i = 0; i < device->classes_count; i++) {
        sitting_settle(device, device->classes[i], now);
        sitting_lessons(device, device->classes[i], now);
    }
    method_resume(device, now);
    device_save(device, now);
    for (uint32_t i = 0; i < device->classes_count; i++) {
        class_pump(device, device->classes[i], now);
    }
    knocking_tick(device, now);
    admission_tick(device, now);
    method_tick(device, now);
    watchers_tick(device, now);
    look_for_damage(device, now);
}

static struct mono earlier(struct mono a, struct mono b)
{
    return a.ms < b.ms ? a : b;
}

bool device_next(struct device *device, struct output *output, struct mono *wake)
{
    free(device->told);
    device->told = device->first;
    if (device->told) {
        device->first = device->told->next;
        device->last = device->first ? device->last : NULL;
        *output = device->told->output;
        return true;
    }
    if (device->exhausted) {
        device->exhausted = false;
        *output = (struct output){.kind = OUTPUT_QUIT};
        return true;
    }
    *wake = earlier(method_wake(device), watchers_wake(device));
    *wake = earlier(*wake, sitting_wake(device));
    *wake = earlier(*wake, earlier(knocking_wake(device), admission_wake(device)));
    for (uint32_t i = 0; i < device->classes_count; i++) {
        *wake = earlier(*wake, class_wake(device->classes[i]));
    }
    return false;
}
