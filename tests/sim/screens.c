/* Who watches: screens at some machines show the class as it changes, some by whole states, some by single changes. They are
 * told in order, never long without a sign of life, and what a screen shows in the end is so. */
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

enum {
    LOOK_MS = 20 * SECOND,
    SILENCE_MS = 15 * SECOND, /* signs of life come every five */
    SHOWN_MS = 10 * SECOND,
    AGAIN_MS = 500,
};

static void hang_up(struct world *world, struct screen *s)
{
    struct event event = {.kind = EVENT_HANGUP, .client = s->client};
    if (world->machines[s->machine].device) {
        feed(world, &world->machines[s->machine], &event);
    }
    s->on = false;
}

static void turn_on(struct world *world, struct screen *s)
{
    struct pack p;
    /* somebody who sits at the machine: what is theirs is shown too */
    struct event event = {.kind = EVENT_REQUEST, .login = {{(uint8_t)(s->machine + 1)}}};
    struct machine *m = &world->machines[s->machine];
    lesson_pack_head(&p, "watch", 1);
    pack_str(&p, "how");
    pack_str(&p, s->states ? "state" : "changes");
    s->client = event.client = (client_id)++world->clients;
    s->life = m->life;
    s->seq = 0;
    event.bytes = pack_bytes(&p);
    feed(world, m, &event);
    pack_clear(&p);
}

/* A person turns a screen on, off, and on again once its machine has started again. */
static void look(struct world *world, int64_t number)
{
    struct screen *s = &world->screens[number];
    struct machine *m = &world->machines[s->machine];
    bool runs = m->device && m->standing_until <= world->t;
    if (s->on && runs && (s->life != m->life || (!world->calm && chance(&world->watch, 50)))) {
        hang_up(world, s);
    }
    if (runs && !s->on && machine_class(m) && (world->calm || chance(&world->watch, 20))) {
        turn_on(world, s);
    }
    post_call(world, look, number, world->t + SECOND + below(&world->watch, LOOK_MS));
}

void screens_start(struct world *world)
{
    for (int i = 0; i < SCREENS; i++) {
        struct screen *s = &world->screens[i];
        s->machine = (int)below(&world->watch, (uint32_t)world->count);
        s->states = i % 2 == 0;
        if (!world->machines[s->machine].lies) {
            post_call(world, look, i, SECOND + below(&world->watch, LOOK_MS));
        }
    }
}

/* ---- what they are told -------------------------------------------------------------------------------------------- */

static void hear_state(struct world *world, struct screen *s, const msgpack_object *state,
                       struct slice bytes)
{
    uint64_t seq = 0;
    map_uint(state, "seq", &seq);
    if (seq <= s->seq) {
        failed(world, "a screen at m%d is told state %u after %u", s->machine, (unsigned)seq,
               (unsigned)s->seq);
    }
    s->seq = seq;
    free(s->shown);
    s->shown = sim_alloc(bytes.len);
    s->shown_len = bytes.len;
    memcpy(s->shown, bytes.at, bytes.len);
}

static void hear_told(struct world *world, struct screen *s, struct slice method,
                      const msgpack_object *said, struct slice bytes)
{
    struct slice type;
    if (slice_is(method, "state") && s->states) {
        hear_state(world, s, said, bytes);
    } else if (slice_is(method, "ended")) {
        s->on = false;
    } else if (!slice_is(method, "fresh") &&
               (s->states || !slice_is(method, "change") || !map_text(said, "type", &type))) {
        failed(world, "a screen at m%d is told: %.*s", s->machine, (int)method.len,
               (const char *)method.at);
    }
}

/* The state in a message that told one; NULL. */
static const msgpack_object *state_in(const struct doc *doc)
{
    const msgpack_object *items;
    uint32_t count;
    if (!read_array(&doc->root, &items, &count)) {
        return NULL;
    }
    return count == 4 ? map_get(&items[3], "state") : count == 3 ? &items[2] : NULL;
}

bool screens_hear(struct world *world, const struct machine *m, client_id client,
                  struct slice bytes)
{
    struct doc doc;
    struct slice method;
    const msgpack_object *items, *state;
    uint32_t count = 0;
    struct screen *s = NULL;
    for (int i = 0; i <= SCREENS; i++) {
        bool its = world->screens[i].client == client && world->screens[i].life == m->life;
        s = its ? &world->screens[i] : s;
    }
    if (!s) {
        return false;
    }
    if (doc_open(&doc, bytes, PACK_LOCAL) != OK) {
        failed(world, "a screen at m%d is told what can't be read", m->index);
        return true;
    }
    s->heard = world->t;
    state = state_in(&doc);
    if (read_array(&doc.root, &items, &count) && count == 3 && read_text(&items[1], &method)) {
        hear_told(world, s, method, &items[2], bytes);
    } else if (count == 4 && state) {
        s->on = true;
        hear_state(world, s, state, bytes);
    }
    doc_clear(&doc);
    return true;
}

/* ---- what must hold ------------------------------------------------------------------------------------------------ */

/* When things were: by a class's clock that is ever better known, and ago. */
static bool is_time(const msgpack_object_str *key)
{
    return (key->size > 2 && memcmp(key->ptr + key->size - 2, "_s", 2) == 0) ||
           (key->size == 2 && memcmp(key->ptr, "at", 2) == 0);
}

/* The same but for times. */
static bool alike(const msgpack_object *a, const msgpack_object *b)
{
    bool same = a->type == b->type;
    if (same && a->type == MSGPACK_OBJECT_ARRAY) {
        same = a->via.array.size == b->via.array.size;
        for (uint32_t i = 0; same && i < a->via.array.size; i++) {
            same = alike(&a->via.array.ptr[i], &b->via.array.ptr[i]);
        }
        return same;
    }
    if (!same || a->type != MSGPACK_OBJECT_MAP) {
        return same && msgpack_object_equal(*a, *b);
    }
    same = a->via.map.size == b->via.map.size;
    for (uint32_t i = 0; same && i < a->via.map.size; i++) {
        const msgpack_object_kv *x = &a->via.map.ptr[i], *y = &b->via.map.ptr[i];
        same = msgpack_object_equal(x->key, y->key) &&
               (is_time(&x->key.via.str) || alike(&x->val, &y->val));
    }
    return same;
}

/* The key under which two states differ; NULL: they show the same. */
static const char *difference(const struct doc *a, const struct doc *b, char *room, size_t len)
{
    const msgpack_object *before = state_in(a), *now = state_in(b);
    for (uint32_t i = 0; i < before->via.map.size; i++) {
        const msgpack_object_kv *kv = &before->via.map.ptr[i];
        snprintf(room, len, "%.*s", (int)kv->key.via.str.size, kv->key.via.str.ptr);
        const msgpack_object *other = map_get(now, room);
        bool of_telling = strcmp(room, "seq") == 0 || is_time(&kv->key.via.str);
        if (!of_telling && (!other || !alike(&kv->val, other))) {
            return room;
        }
    }
    return NULL;
}

/* Does one that is turned on only now show the same? */
static bool shows_what_is(struct world *world, const struct screen *s, char *key, size_t len)
{
    struct screen *other = &world->screens[SCREENS];
    struct doc before, now;
    bool same = false;
    other->machine = s->machine;
    other->states = true;
    turn_on(world, other);
    world_run(world, world->t + 1);
    snprintf(key, len, "nothing");
    if (other->on && doc_open(&before, slice_of(s->shown, s->shown_len), PACK_LOCAL) == OK) {
        if (doc_open(&now, slice_of(other->shown, other->shown_len), PACK_LOCAL) == OK) {
            same = !difference(&before, &now, key, len);
            doc_clear(&now);
        }
        doc_clear(&before);
    }
    hang_up(world, other);
    return same;
}

void screens_check(struct world *world)
{
    for (int i = 0; i < SCREENS && !world->failure[0]; i++) {
        struct screen *s = &world->screens[i];
        const struct machine *m = &world->machines[s->machine];
        int64_t end = world->t + SHOWN_MS;
        char key[32] = "";
        bool is_on = s->on && m->device && s->life == m->life;
        if (is_on && world->t - s->heard > SILENCE_MS) {
            failed(world, "a screen at m%d hears nothing", s->machine);
        }
        while (is_on && s->states && !world->failure[0] &&
               !shows_what_is(world, s, key, sizeof(key))) {
            if (world->t >= end) {
                failed(world, "a screen at m%d shows old things: %s", s->machine, key);
            }
            world_run(world, world->t + AGAIN_MS);
        }
    }
}

void screens_free(struct world *world)
{
    for (int i = 0; i <= SCREENS; i++) {
        free(world->screens[i].shown);
    }
}
