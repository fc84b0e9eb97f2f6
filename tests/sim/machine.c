/* A machine: its disk and device key, the start and the end of its daemon, the turn of the daemon's loop, and what it takes to
 * make a running one again as it was in a snapshot. */
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

#define STATE    "/m"
#define KEY_FILE "/m/device.key"

enum { FILES_MAX = 16, NAME_MAX_BYTES = 96 };

struct fed {
    struct fed *next;
    struct now now;
    bool commits;  /* the end of a turn; else an event */
    uint64_t said; /* hash of what came out of it */
    struct event event;
    uint8_t bytes[];
};

/* Of the classes that it is in, the one that it knows: words of before a rotation lead to one of which nobody tells. */
struct class *machine_class(const struct machine *m)
{
    struct class *found = NULL;
    for (uint32_t i = 0; m->device && i < m->device->classes_count; i++) {
        found = !found || m->device->classes[i]->known ? m->device->classes[i] : found;
    }
    return found;
}

/* ---- the tape ----------------------------------------------------------------------------------------------------- */

static void tape_clear(struct tape *tape)
{
    while (tape->first) {
        struct fed *next = tape->first->next;
        free(tape->first);
        tape->first = next;
    }
    tape->end = tape->mark = NULL;
    disk_free(&tape->disk);
}

static struct fed *tape_add(struct machine *m, struct now now, struct slice bytes)
{
    struct fed *fed = sim_alloc(sizeof(*fed) + bytes.len);
    fed->now = now;
    if (bytes.len) {
        memcpy(fed->bytes, bytes.at, bytes.len);
    }
    *(m->tape.end ? &m->tape.end->next : &m->tape.first) = fed;
    m->tape.end = fed;
    return fed;
}

/* Is a socket of it being bound, or a key being made? A snapshot would have that in it too. */
static bool awaits_itself(const struct world *world, const struct machine *m)
{
    for (size_t i = 0; i < world->heap_len; i++) {
        const struct parcel *p = world->heap[i];
        if (p->kind == PARCEL_EVENT && p->to == m->index && p->life == m->life) {
            return true;
        }
    }
    return false;
}

void machine_mark(struct world *world, struct machine *m)
{
    struct tape *tape = &m->tape;
    if (tape->on && tape->end && tape->end != tape->first && tape->end->commits &&
        !awaits_itself(world, m)) {
        tape->mark = tape->end;
        memcpy(tape->inboxes, m->inboxes, sizeof(tape->inboxes));
    }
}

void tape_event(struct machine *m, struct now now, const struct event *event)
{
    if (m->tape.on) {
        struct fed *fed = tape_add(m, now, event->bytes);
        fed->event = *event;
        fed->event.bytes.at = fed->bytes;
    }
}

/* ---- start -------------------------------------------------------------------------------------------------------- */

void machine_new_key(struct world *world, struct machine *m)
{
    struct sign_pk pk;
    uint8_t file[48];
    rng_fill(&world->fate, m->key_seed, sizeof(m->key_seed));
    memcpy(file, m->key_seed, 32);
    memcpy(file + 32, m->hardware.b, 16);
    disk_put(m->disk, KEY_FILE, slice_of(file, sizeof(file)));
    sign_keypair(m->key_seed, &m->key, &pk);
}

/* As daemon/io/disk.c: the key stays where its hardware is. */
static void read_key(struct world *world, struct machine *m)
{
    struct sign_pk pk;
    size_t len;
    const uint8_t *file = disk_bytes(m->disk, KEY_FILE, &len);
    if (!file || len != 48 || memcmp(file + 32, m->hardware.b, 16) != 0) {
        machine_new_key(world, m);
    } else {
        memcpy(m->key_seed, file, 32);
    }
    sign_keypair(m->key_seed, &m->key, &pk);
    memcpy(m->id.b, pk.b, sizeof(pk.b));
    link_public_of(&m->id, &m->link);
}

void machine_make(struct world *world, struct machine *m, int index)
{
    memset(m, 0, sizeof(*m));
    m->index = index;
    m->ip[0] = 1;
    m->ip[1] = (uint8_t)(index + 1);
    m->disk = disk_new(rng_below(&world->fate, UINT64_MAX));
    rng_fill(&world->fate, m->hardware.b, sizeof(m->hardware.b));
    rng_fill(&world->fate, m->boot, sizeof(m->boot));
    m->mono_offset = 1000 + below(&world->fate, 100000);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The databases of classes in the state folder, in order; without the folder's name. */
static uint32_t list_databases(struct machine *m, char names[FILES_MAX][NAME_MAX_BYTES],
                               const char *list[FILES_MAX + 1])
{
    uint32_t count = 0;
    const char *file;
    for (uint32_t i = 0; (file = disk_file(m->disk, i)); i++) {
        size_t len = strlen(file);
        if (strncmp(file, STATE "/class-", strlen(STATE "/class-")) == 0 && count < FILES_MAX &&
            strcmp(file + len - 3, ".db") == 0) {
            snprintf(names[count], NAME_MAX_BYTES, "%s", file + strlen(STATE "/"));
            list[count] = names[count];
            count++;
        }
    }
    qsort(list, count, sizeof(list[0]), by_name);
    list[count] = NULL;
    return count;
}

static enum err open_device(struct machine *m, struct now now)
{
    char names[FILES_MAX][NAME_MAX_BYTES], host[16];
    const char *list[FILES_MAX + 1];
    list_databases(m, names, list);
    snprintf(host, sizeof(host), "pc-%d", m->index);
    struct device_config config = {.state = STATE,
                                   .databases = list,
                                   .vfs = disk_vfs(m->disk),
                                   .key = m->key,
                                   .hardware = m->hardware,
                                   .host = host,
                                   .invite = m->invite};
    memcpy(config.seed, m->run_seed, sizeof(config.seed));
    memcpy(config.boot, m->boot, sizeof(config.boot));
    return device_open(&config, now, &m->device);
}

static void start_again(struct world *world, int64_t number)
{
    struct machine *m = &world->machines[number];
    if (!m->device && !m->gone && m->up_at <= world->t) {
        machine_start(world, m);
    }
}

static void start_later(struct world *world, struct machine *m, int64_t wait)
{
    m->up_at = world->t + wait;
    post_call(world, start_again, m->index, m->up_at);
}

/* Where no datagram comes through, somebody has told it an address. */
static void call_by_hand(struct world *world, struct machine *m)
{
    struct event event = {.kind = EVENT_CALL, .from = address_of_machine(&world->machines[0])};
    if (world->filtered == (PATH_BROADCAST | PATH_MULTICAST4 | PATH_MULTICAST6) && m->device) {
        feed(world, m, &event);
    }
}

void machine_start(struct world *world, struct machine *m)
{
    if (m->device || m->gone || m->lies) {
        return;
    }
    disk_start(m->disk);
    read_key(world, m);
    rng_fill(&world->fate, m->run_seed, sizeof(m->run_seed));
    m->life++;
    m->starts++;
    m->fed = false;
    m->doom = DOOM_NONE;
    memset(m->inboxes, 0, sizeof(m->inboxes));
    door_clear(&m->door);
    door_init(&m->door, now_of(world, m).mono);
    tape_clear(&m->tape);
    m->tape.on = m->vm;
    if (m->tape.on) {
        m->tape.disk = disk_clone(m->disk, 1);
        tape_add(m, now_of(world, m), slice_of(NULL, 0))->commits = true;
    }
    enum err err = open_device(m, now_of(world, m));
    trace(world, "m%d starts: %s", m->index, err_code(err));
    if (err != OK) {
        failed(world, "m%d doesn't start: %s", m->index, err_code(err));
        return;
    }
    check_acked_of(world, m);
    if (!world->failure[0]) {
        machine_settle(world, m);
        call_by_hand(world, m);
    }
}

/* ---- a turn ------------------------------------------------------------------------------------------------------- */

static void stretch_words(struct world *world, struct machine *m, const struct output *o)
{
    uint8_t secret[32];
    /* a hash stands in for Argon2id */
    struct slice parts[] = {o->bytes, slice_of(o->salt, sizeof(o->salt))};
    hash_short("sim stretch", parts, 2, secret, sizeof(secret));
    struct parcel *p = parcel_new(PARCEL_EVENT, slice_of(secret, sizeof(secret)));
    p->event.kind = EVENT_STRETCHED;
    p->event.work = o->work;
    p->to = m->index;
    p->life = m->life;
    post(world, p, world->t + 50 + below(&world->net, 200));
}

/* Of a database its journals too. */
static void database_away(struct machine *m, struct slice name, bool keep)
{
    static const char *const parts[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char from[160], to[160];
        snprintf(from, sizeof(from), STATE "/%.*s%s", (int)name.len, (const char *)name.at,
                 parts[i]);
        snprintf(to, sizeof(to), STATE "/%.*s.damaged-%u%s", (int)name.len, (const char *)name.at,
                 m->starts, parts[i]);
        keep ? disk_rename(m->disk, from, to) : disk_remove(m->disk, from);
    }
}

static void carry_out(struct world *world, struct machine *m, const struct output *o)
{
    switch (o->kind) {
    case OUTPUT_REPLY:
        if (!screens_hear(world, m, o->client, o->bytes)) {
            lesson_reply(world, m, o->client, o->bytes);
        }
        break;
    case OUTPUT_STRETCH:
        stretch_words(world, m, o);
        break;
    case OUTPUT_ERASE:
    case OUTPUT_SET_ASIDE:
        trace(world, "m%d %s its database", m->index,
              o->kind == OUTPUT_ERASE ? "erases" : "sets aside");
        database_away(m, o->bytes, o->kind == OUTPUT_SET_ASIDE);
        break;
    case OUTPUT_LOG:
        trace(world, "m%d: %.*s", m->index, (int)o->bytes.len, (const char *)o->bytes.at);
        break;
    default:
        net_output(world, m, o);
        break;
    }
}

static uint64_t say(uint64_t said, const struct output *o)
{
    said = said * 31 + (uint64_t)o->kind;
    for (size_t i = 0; i < o->bytes.len; i++) {
        said = said * 31 + o->bytes.at[i];
    }
    return said;
}

void machine_settle(struct world *world, struct machine *m)
{
    struct output o;
    struct mono wake = {INT64_MAX};
    struct now now = now_of(world, m);
    uint32_t life = m->life;
    uint64_t said = 0;
    m->fed = false;
    world->counts.turns++;
    if (m->doom == DOOM_COMMIT && m->doom_after-- == 0) {
        machine_end(world, m, m->doom_power);
        return;
    }
    device_commit(m->device, now);
    if (disk_is_off(m->disk)) {
        machine_end(world, m, true);
        return;
    }
    while (device_next(m->device, &o, &wake)) {
        said = say(said, &o);
        if (m->doom == DOOM_OUTPUT && m->doom_after-- == 0) {
            machine_end(world, m, m->doom_power);
            return;
        }
        carry_out(world, m, &o);
        if (m->life != life) {
            return;
        }
    }
    if (m->tape.on && m->tape.first) {
        struct fed *fed = tape_add(m, now, slice_of(NULL, 0));
        fed->commits = true;
        fed->said = said;
    }
    int64_t at = wake.ms == INT64_MAX ? INT64_MAX : wake.ms - m->mono_offset;
    m->wake = at > world->t ? at : world->t + 1;
}

/* ---- end ---------------------------------------------------------------------------------------------------------- */

void machine_end(struct world *world, struct machine *m, bool power)
{
    if (!m->device) {
        return;
    }
    trace(world, "m%d %s", m->index, power ? "loses its power" : "is killed");
    if (!disk_is_off(m->disk)) {
        power ? disk_cut(m->disk) : disk_kill(m->disk);
    }
    device_close(&m->device);
    m->life++;
    m->fed = false;
    m->doom = DOOM_NONE;
    net_down(world, m, !power);
    if (power) {
        rng_fill(&world->fate, m->boot, sizeof(m->boot));
        m->mono_offset = 1000 - world->t;
    }
    uint32_t longest = world->calm                ? 2 * SECOND
                       : chance(&world->fate, 30) ? 4 * MINUTE
                                                  : 20 * SECOND;
    start_later(world, m, SECOND + below(&world->fate, longest));
}

void machine_free(struct world *world, struct machine *m)
{
    (void)world;
    device_close(&m->device);
    while (m->links) {
        struct link *next = m->links->next;
        for (uint32_t i = 0; i < m->links->queue_len; i++) {
            free(m->links->queue[i]);
        }
        free(m->links);
        m->links = next;
    }
    door_clear(&m->door);
    tape_clear(&m->tape);
    hostile_free(m);
    disk_free(&m->image);
    disk_free(&m->disk);
}

void machine_restore(struct world *world, struct machine *m)
{
    disk_restore(m->disk, m->image);
    m->restored = true;
    trace(world, "m%d: its disk is put back", m->index);
    check_forgive(world, m);
}

/* ---- a snapshot --------------------------------------------------------------------------------------------------- */

/* Feeds again what was fed until the snapshot, and sees that the same comes out of it. */
static bool play(struct world *world, struct machine *m)
{
    struct fed *fed = m->tape.first->next;
    struct output o;
    struct mono wake;
    for (;; fed = fed->next) {
        uint64_t said = 0;
        if (!fed->commits) {
            device_step(m->device, fed->now, &fed->event);
            continue;
        }
        device_commit(m->device, fed->now);
        while (device_next(m->device, &o, &wake)) {
            said = say(said, &o);
        }
        if (said != fed->said) {
            failed(world, "m%d: the same events gave other outputs", m->index);
            return false;
        }
        if (fed == m->tape.mark) {
            m->mono_offset = fed->now.mono.ms - world->t;
            m->wake = world->t + 1;
            return true;
        }
    }
}

/* The links that it had are broken; it must hear of each. */
static void links_again(struct world *world, struct machine *m)
{
    for (uint32_t c = 0; c < m->device->classes_count; c++) {
        struct presence *presence = m->device->classes[c]->presence;
        for (uint32_t i = 0; i < presence_count(presence); i++) {
            struct peer *peer = presence_at(presence, i);
            struct output o = {.kind = OUTPUT_LINK,
                               .class_index = c,
                               .peer = peer->link,
                               .address = peer->address};
            struct parcel *p = parcel_new(PARCEL_EVENT, slice_of(NULL, 0));
            if (!peer->linked) {
                free(p);
                continue;
            }
            p->event = (struct event){
                .kind = EVENT_LINK, .class_index = c, .peer = peer->link, .up = false};
            p->to = m->index;
            p->life = m->life;
            post(world, p, world->t);
            net_output(world, m, &o);
        }
    }
}

void machine_resume(struct world *world, struct machine *m)
{
    if (!m->device || !m->tape.on || !m->tape.mark) {
        return;
    }
    trace(world, "m%d goes on from its snapshot", m->index);
    disk_kill(m->disk);
    device_close(&m->device);
    net_down(world, m, true);
    m->life++;
    disk_restore(m->disk, m->tape.disk);
    disk_start(m->disk);
    m->resumed = true;
    m->fed = false;
    enum err err = open_device(m, m->tape.first->now);
    if (err != OK) {
        failed(world, "m%d can't be made again: %s", m->index, err_code(err));
        return;
    }
    if (!play(world, m)) {
        return;
    }
    m->tape.on = false;
    memcpy(m->inboxes, m->tape.inboxes, sizeof(m->inboxes));
    door_clear(&m->door); /* its times are those of a clock that went on */
    door_init(&m->door, now_of(world, m).mono);
    check_forgive(world, m);
    links_again(world, m);
    struct event event = {.kind = EVENT_TICK};
    feed(world, m, &event);
}
