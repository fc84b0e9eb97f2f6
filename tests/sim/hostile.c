/* Devices that lie: how a forger lives. It has no core: it is a member with a client of its own, who makes what it says by hand,
 * alone or with others of its kind. Missing here, tried by tests/hostile against real daemons: handshakes, floods of connections,
 * frames that ZeroMQ sees. */
#include <stdlib.h>

#include "lies.h"

enum { LIE_MS_MAX = 6 * SECOND, CALM_PAUSE_MS = 20 * SECOND };

int lies_machine(struct world *world)
{
    return (int)below(&world->lies, (uint32_t)world->count);
}

void lies_tell(struct world *world, struct machine *m, int to)
{
    net_raw(world, m, to, pack_bytes(&m->lies->pack));
}

void lies_tell_all(struct world *world, struct machine *m)
{
    for (int i = 0; i < world->count; i++) {
        lies_tell(world, m, i);
    }
}

/* ---- whom to lie about -------------------------------------------------------------------------------------------- */

struct store *lies_store(struct world *world)
{
    struct class *class = machine_class(&world->machines[0]);
    return class && class->replica ? class->store : NULL;
}

bool lies_person(struct world *world, struct person_id *out)
{
    struct store *store = lies_store(world);
    sqlite3_stmt *stmt = store ? store_query(store, "SELECT person FROM person WHERE handle GLOB "
                                                    "'pupil*' LIMIT 1 OFFSET ?")
                               : NULL;
    if (!stmt) {
        return false;
    }
    store_bind(store, stmt, "i", (int64_t)below(&world->lies, 4));
    bool found = store_row(store, stmt) && column_fixed(stmt, 0, out->b, sizeof(out->b));
    sqlite3_reset(stmt);
    return found;
}

bool lies_note(struct world *world, struct ref *out)
{
    for (int tries = 0; tries < 10 && world->acked_len; tries++) {
        const struct acked *a = &world->acked[below(&world->lies, (uint32_t)world->acked_len)];
        if (a->note) {
            *out = a->entry;
            return true;
        }
    }
    return false;
}

/* ---- how a forger lives ------------------------------------------------------------------------------------------- */

struct message lies_hello(struct world *world, struct machine *m)
{
    return (struct message){.kind = MESSAGE_HELLO,
                            .version = PROTOCOL_VERSION,
                            .device = m->id,
                            .root = m->lies->root,
                            .run = m->lies->run,
                            .port = PORT_FIRST,
                            .wall_ms = now_of(world, m).wall.ms,
                            .fingerprint = m->lies->has,
                            .host = slice_str("rogue")};
}

static void say_hello(struct world *world, struct machine *m, int to)
{
    struct message hello = lies_hello(world, m);
    pack_reset(&m->lies->pack);
    pack_hello(&m->lies->pack, &hello);
    lies_tell(world, m, to);
}

static void say_beats(struct world *world, struct machine *m)
{
    pack_reset(&m->lies->pack);
    pack_beat(&m->lies->pack, &m->lies->has, 0);
    lies_tell_all(world, m);
}

/* It has the class's present secret, as any member. */
static bool knows_class(struct world *world, struct machine *m)
{
    struct class *class = machine_class(&world->machines[0]);
    if (!class || !class->known) {
        return m->inboxes[0].on;
    }
    m->lies->class = class->id;
    m->lies->root = class->root;
    m->lies->person_id = person_id_of(&class->id, &m->lies->person_pk);
    m->inboxes[0] = (struct sim_inbox){
        .on = true, .number = class->number, .secret = class->secret, .port = PORT_FIRST};
    return true;
}

/* Swarm: each knows some of the lies. */
static const struct lie *draw_lie(struct world *world, const struct hostile *h)
{
    const struct lie *known[64];
    uint32_t count = 0, i = 0;
    for (const struct lie *l = lies_log; l->say; l++, i++) {
        known[count] = l;
        count += h->knows >> i & 1;
    }
    for (const struct lie *l = lies_talk; l->say; l++, i++) {
        known[count] = l;
        count += h->knows >> i & 1;
    }
    return count ? known[below(&world->lies, count)] : &lies_log[0];
}

static void lie(struct world *world, int64_t number)
{
    struct machine *m = &world->machines[number];
    int64_t pause = world->calm ? CALM_PAUSE_MS : LIE_MS_MAX;
    if (world->made && knows_class(world, m)) {
        for (int i = 0; i < world->count; i++) {
            if (i != m->index && net_dial(world, m, i)) {
                say_hello(world, m, i);
            }
        }
        const struct lie *l = draw_lie(world, m->lies);
        if (!l->writes || !world->calm) {
            world->counts.faults[FAULT_HOSTILE]++;
            l->say(world, m);
        }
        say_beats(world, m);
    }
    post_call(world, lie, number,
              world->t + 500 + below(&world->lies, (uint32_t)(pause * world->plan.pace)));
}

void hostile_make(struct world *world, struct machine *m)
{
    uint8_t seed[32];
    struct hostile *h = sim_alloc(sizeof(*h));
    machine_new_key(world, m);
    struct sign_pk pk = sign_public(&m->key);
    memcpy(m->id.b, pk.b, sizeof(pk.b));
    link_public_of(&m->id, &m->link);
    rng_fill(&world->lies, seed, sizeof(seed));
    sign_keypair(seed, &h->person, &h->person_pk);
    rng_fill(&world->lies, &h->run, sizeof(h->run));
    rng_fill(&world->lies, &h->knows, sizeof(h->knows));
    pack_init(&h->pack);
    m->lies = h;
    m->life = 1;
    post_call(world, lie, m->index, 30 * SECOND + below(&world->lies, 60 * SECOND));
}

static void keep(struct heard ring[HEARD_MAX], uint32_t *next, struct slice bytes)
{
    struct heard *heard = &ring[(*next)++ % HEARD_MAX];
    free(heard->bytes);
    heard->len = bytes.len;
    heard->bytes = sim_alloc(heard->len);
    memcpy(heard->bytes, bytes.at, heard->len);
}

void hostile_hears(struct world *world, struct machine *m, const struct event *event)
{
    struct doc doc;
    struct message message;
    (void)world;
    if (event->kind == EVENT_DATAGRAM) {
        keep(m->lies->packets, &m->lies->packets_next, event->bytes);
    }
    if (event->kind != EVENT_MESSAGE) {
        return;
    }
    keep(m->lies->heard, &m->lies->heard_next, event->bytes);
    if (doc_open(&doc, event->bytes, PACK_STRICT) == OK) {
        if (message_read(&doc.root, &message) == OK &&
            (message.kind == MESSAGE_BEAT || message.kind == MESSAGE_HELLO)) {
            m->lies->has = message.fingerprint;
        }
        doc_clear(&doc);
    }
}

void hostile_free(struct machine *m)
{
    if (m->lies) {
        for (int i = 0; i < HEARD_MAX; i++) {
            free(m->lies->heard[i].bytes);
            free(m->lies->packets[i].bytes);
        }
        pack_clear(&m->lies->pack);
        free(m->lies);
        m->lies = NULL;
    }
}
