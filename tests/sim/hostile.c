/* Devices that lie. A forger has no core: it is a member with a client of its own, who makes what it says by hand, alone or with
 * others of its kind. A bent machine has the core, and what it says is spoilt on its way out.
 *
 * Whatever a forger says in somebody else's name begins with "forged": it must show nowhere. Missing here, tried by
 * tests/hostile against real daemons: handshakes, floods of connections, frames that ZeroMQ sees. */
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

enum { HEARD_MAX = 32, LIE_MS_MAX = 6 * SECOND, CALM_PAUSE_MS = 20 * SECOND, FLOOD = 30 };

struct heard {
    uint8_t *bytes;
    size_t len;
};

/* A feed made by hand. */
struct forger {
    struct sign_key feed;
    struct sign_pk feed_pk;
    struct feed_id id;
    struct hash last;
    uint64_t seq, lamport, first;
    struct pack entries;
    uint32_t count;
};

struct hostile {
    struct class_id class;
    struct sign_pk root;
    struct fingerprint has; /* the last that it heard */
    struct sign_key person;
    struct sign_pk person_pk;
    struct person_id person_id;
    struct heard heard[HEARD_MAX];
    uint32_t heard_next;
    struct pack pack;
    uint64_t run;
};

/* ---- entries by hand ---------------------------------------------------------------------------------------------- */

static void add_entry(struct hostile *h, struct forger *f, struct slice payload,
                      const struct hash *after, uint32_t after_count)
{
    struct entry e = {.feed = f->id,
                      .seq = ++f->seq,
                      .prev = f->last,
                      .after = after,
                      .after_count = after_count,
                      .lamport = ++f->lamport,
                      .time_ms = 1,
                      .payload_len = (uint32_t)payload.len,
                      .payload_hash = payload_hash(payload),
                      .payload = payload};
    f->last = entry_id(&h->class, &e);
    run_pack_entry(&f->entries, &e);
    f->count++;
}

static void add_op(struct hostile *h, struct forger *f, const struct op *op)
{
    struct pack p;
    uint8_t payload[PAYLOAD_BYTES_MAX] = {42};
    pack_init(&p);
    if (op_encode(&p, op) != OK) {
        abort();
    }
    memcpy(payload + SALT_BYTES, pack_bytes(&p).at, pack_bytes(&p).len);
    add_entry(h, f, slice_of(payload, SALT_BYTES + pack_bytes(&p).len), NULL, 0);
    pack_clear(&p);
}

static void feed_open(struct world *world, struct machine *m, struct forger *f)
{
    uint8_t seed[32];
    memset(f, 0, sizeof(*f));
    rng_fill(&world->lies, seed, sizeof(seed));
    sign_keypair(seed, &f->feed, &f->feed_pk);
    f->id = feed_id_of(&m->lies->class, &m->id, &f->feed_pk);
    f->first = 1;
    pack_init(&f->entries);
    struct op op = {.kind = OP_OPEN,
                    .has = FIELD_KEY | FIELD_DEVICE | FIELD_SIGNATURE | FIELD_NAME | FIELD_HARDWARE,
                    .key = f->feed_pk,
                    .device = m->id,
                    .signature = sign(&m->key, "jam device 1", SLICE(f->id)),
                    .name = slice_str("rogue"),
                    .hardware = m->hardware};
    add_op(m->lies, f, &op);
}

/* A grant for this feed, by the forger's own key: in its own name, or in another's. */
static void add_hello(struct hostile *h, struct forger *f, const struct person_id *who)
{
    struct op op = {.kind = OP_HELLO,
                    .has = FIELD_BY | FIELD_KEY | FIELD_SIGNATURE | FIELD_MOVES,
                    .moves = true,
                    .by = *who,
                    .key = h->person_pk,
                    .signature = grant_sign(&h->person, who, &f->id)};
    add_op(h, f, &op);
}

static void add_note(struct hostile *h, struct forger *f, const struct person_id *who,
                     const char *text)
{
    struct op op = {
        .kind = OP_NOTE, .has = FIELD_BY | FIELD_TEXT, .by = *who, .text = slice_str(text)};
    add_op(h, f, &op);
}

/* What was added since the last call as one run, in `out`. */
static void pack_run(struct forger *f, struct pack *out, bool spoilt)
{
    struct signature signature = run_sign(&f->feed, &f->last);
    signature.b[20] ^= spoilt;
    run_pack_head(out, &f->id, f->first, &signature, f->count);
    pack_raw(out, pack_bytes(&f->entries));
    pack_reset(&f->entries);
    f->first = f->seq + 1;
    f->count = 0;
}

static int any_machine(struct world *world)
{
    return (int)below(&world->lies, (uint32_t)world->count);
}

static void tell(struct world *world, struct machine *m, int to)
{
    net_raw(world, m, to, pack_bytes(&m->lies->pack));
}

static void tell_all(struct world *world, struct machine *m)
{
    for (int i = 0; i < world->count; i++) {
        tell(world, m, i);
    }
}

static void pack_push(struct machine *m, struct forger *f, bool spoilt)
{
    pack_reset(&m->lies->pack);
    pack_runs(&m->lies->pack, RUNS_PUSH, 1);
    pack_run(f, &m->lies->pack, spoilt);
}

static void push_all(struct world *world, struct machine *m, struct forger *f, bool spoilt)
{
    pack_push(m, f, spoilt);
    tell_all(world, m);
    pack_clear(&f->entries);
}

/* ---- whom to lie about -------------------------------------------------------------------------------------------- */

static struct store *honest_store(struct world *world)
{
    struct class *class = machine_class(&world->machines[0]);
    return class && class->replica ? class->store : NULL;
}

static bool any_person(struct world *world, struct person_id *out)
{
    struct store *store = honest_store(world);
    sqlite3_stmt *stmt = store ? store_query(store, "SELECT person FROM person WHERE handle LIKE "
                                                    "'pupil%' LIMIT 1 OFFSET ?")
                               : NULL;
    if (!stmt) {
        return false;
    }
    store_bind(store, stmt, "i", (int64_t)below(&world->lies, 4));
    bool found = store_row(store, stmt) && column_fixed(stmt, 0, out->b, sizeof(out->b));
    sqlite3_reset(stmt);
    return found;
}

static bool any_note(struct world *world, struct ref *out)
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

/* ---- lies about the log ------------------------------------------------------------------------------------------- */

static void lie_signature(struct world *world, struct machine *m)
{
    struct forger f;
    feed_open(world, m, &f);
    add_hello(m->lies, &f, &m->lies->person_id);
    add_note(m->lies, &f, &m->lies->person_id, "forged by signature");
    push_all(world, m, &f, true);
}

static void lie_as_another(struct world *world, struct machine *m)
{
    struct forger f;
    struct person_id who;
    if (any_person(world, &who)) {
        feed_open(world, m, &f);
        if (chance(&world->lies, 50)) {
            add_hello(m->lies, &f, &who);
        }
        add_note(m->lies, &f, &who, "forged in a name");
        push_all(world, m, &f, false);
    }
}

/* Teachers' ops, by somebody who is none. */
static void lie_as_teacher(struct world *world, struct machine *m)
{
    struct forger f;
    struct hostile *h = m->lies;
    struct op op = {.by = h->person_id};
    if (!any_person(world, &op.person) || !any_note(world, &op.entry)) {
        return;
    }
    op.device = world->machines[0].id;
    op.handle = op.text = op.name = slice_str("forged by no teacher");
    op.yes = true;
    static const struct {
        uint32_t kind, has;
    } ops[] = {
        {OP_CONFIRM, FIELD_BY | FIELD_PERSON | FIELD_HANDLE},
        {OP_TEACHER, FIELD_BY | FIELD_PERSON | FIELD_YES},
        {OP_REMOVE, FIELD_BY | FIELD_PERSON},
        {OP_EXPEL, FIELD_BY | FIELD_DEVICE},
        {OP_REDACT, FIELD_BY | FIELD_TEXT | FIELD_ENTRY},
        {OP_ROSTER, FIELD_BY | FIELD_HANDLE},
        {OP_LESSON, FIELD_BY | FIELD_YES},
        {OP_REVOKE, FIELD_BY | FIELD_PERSON},
        {OP_CLOSE, FIELD_BY | FIELD_SIGNATURE},
    };
    feed_open(world, m, &f);
    add_hello(h, &f, &h->person_id);
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        op.kind = ops[i].kind;
        op.has = ops[i].has;
        add_op(h, &f, &op);
    }
    push_all(world, m, &f, false);
}

static void lie_class(struct world *world, struct machine *m)
{
    struct forger f;
    struct op op = {.kind = OP_CLASS,
                    .has = FIELD_NAME | FIELD_KEY | FIELD_SIGNATURE | FIELD_POLICY | FIELD_UNTIL,
                    .name = slice_str("forged class"),
                    .key = chance(&world->lies, 50) ? m->lies->root : m->lies->person_pk,
                    .policy = POLICY_OPEN};
    feed_open(world, m, &f);
    add_op(m->lies, &f, &op);
    push_all(world, m, &f, false);
}

/* Two stories from one place on, told to two halves, one of them by another of the gang. */
static void lie_fork(struct world *world, struct machine *m)
{
    struct forger f, other;
    struct hostile *h = m->lies;
    struct pack two;
    feed_open(world, m, &f);
    add_hello(h, &f, &h->person_id);
    push_all(world, m, &f, false);
    pack_init(&f.entries);
    other = f;
    pack_init(&other.entries);
    add_note(h, &f, &h->person_id, "one story");
    add_note(h, &other, &h->person_id, "another story");
    other.lamport += chance(&world->lies, 30) ? 1000 : 0;
    add_note(h, &other, &h->person_id, "goes on");
    struct machine *friend = &world->machines[world->count - 1];
    friend = friend->lies ? friend : m;
    pack_init(&two);
    pack_runs(&two, RUNS_PUSH, 1);
    pack_run(&other, &two, false);
    pack_push(m, &f, false);
    for (int i = 0; i < world->count; i++) {
        if (i % 2) {
            tell(world, m, i);
        } else {
            net_raw(world, friend, i, pack_bytes(&two));
        }
    }
    pack_clear(&two);
    pack_clear(&f.entries);
    pack_clear(&other.entries);
}

static void lie_lamport(struct world *world, struct machine *m)
{
    struct forger f;
    feed_open(world, m, &f);
    f.lamport += chance(&world->lies, 50) ? UINT64_C(1) << 40 : UINT64_MAX;
    add_hello(m->lies, &f, &m->lies->person_id);
    add_note(m->lies, &f, &m->lies->person_id, "forged in the order");
    push_all(world, m, &f, false);
}

static void lie_after(struct world *world, struct machine *m)
{
    static const struct hash causes[2] = {{{9}}, {{1}}};
    struct forger f;
    struct stub none = {0};
    uint8_t payload[SALT_BYTES + 20] = {1};
    (void)none;
    feed_open(world, m, &f);
    bool unsorted = chance(&world->lies, 50);
    add_entry(m->lies, &f, slice_of(payload, sizeof(payload)), causes, unsorted ? 2 : 1);
    push_all(world, m, &f, false);
}

/* Right in all, and much of it. */
static void lie_flood(struct world *world, struct machine *m)
{
    struct forger f;
    feed_open(world, m, &f);
    add_hello(m->lies, &f, &m->lies->person_id);
    for (int i = 0; i < FLOOD; i++) {
        add_note(m->lies, &f, &m->lies->person_id, "\033[31mflood\u202e \u0301");
    }
    push_all(world, m, &f, false);
}

/* The header of a note whose text is told to nobody, or to one. */
static void lie_withhold(struct world *world, struct machine *m)
{
    struct forger f;
    struct hostile *h = m->lies;
    uint8_t payload[SALT_BYTES + 64] = {7};
    struct pack p;
    struct op op = {.kind = OP_NOTE,
                    .has = FIELD_BY | FIELD_TEXT,
                    .by = h->person_id,
                    .text = slice_str("withheld")};
    feed_open(world, m, &f);
    add_hello(h, &f, &h->person_id);
    pack_init(&p);
    op_encode(&p, &op);
    memcpy(payload + SALT_BYTES, pack_bytes(&p).at, pack_bytes(&p).len);
    struct entry e = {.seq = ++f.seq, .lamport = ++f.lamport, .time_ms = 1, .prev = f.last};
    e.feed = f.id;
    e.payload = slice_of(payload, SALT_BYTES + pack_bytes(&p).len);
    e.payload_len = (uint32_t)e.payload.len;
    e.payload_hash = payload_hash(e.payload);
    entry_strip(&e);
    f.last = entry_id(&h->class, &e);
    run_pack_entry(&f.entries, &e);
    f.count++;
    push_all(world, m, &f, false);
    pack_clear(&p);
}

/* ---- other lies --------------------------------------------------------------------------------------------------- */

static const uint64_t limits[] = {0,
                                  1,
                                  FEED_ENTRIES_MAX,
                                  FEED_ENTRIES_MAX + 1,
                                  UINT64_C(1) << 31,
                                  UINT32_MAX,
                                  INT64_MAX,
                                  UINT64_C(1) << 63,
                                  UINT64_MAX};

static uint64_t any_limit(struct world *world)
{
    return limits[below(&world->lies, sizeof(limits) / sizeof(limits[0]))];
}

static void lie_heads(struct world *world, struct machine *m)
{
    struct prefix all = {0};
    struct head head = {.seq = any_limit(world), .lamport = any_limit(world)};
    rng_fill(&world->lies, head.feed.b, sizeof(head.feed.b));
    pack_reset(&m->lies->pack);
    pack_heads(&m->lies->pack, HEADS_ANSWER, 1);
    pack_heads_of(&m->lies->pack, &all, 1);
    pack_head(&m->lies->pack, &head);
    tell(world, m, any_machine(world));
}

static void lie_acks(struct world *world, struct machine *m)
{
    int to = any_machine(world);
    struct class *class = machine_class(&world->machines[to]);
    struct feed_id feed;
    uint64_t seq;
    if (class && class->replica && replica_own(class->replica, &feed, &seq)) {
        pack_reset(&m->lies->pack);
        pack_ack(&m->lies->pack, &feed, any_limit(world));
        tell(world, m, to);
    }
}

static void lie_wants(struct world *world, struct machine *m)
{
    int to = any_machine(world);
    struct class *class = machine_class(&world->machines[to]);
    struct want want = {.have = any_limit(world)};
    uint64_t seq;
    if (class && class->replica && replica_own(class->replica, &want.feed, &seq)) {
        for (int i = 0; i < FLOOD; i++) {
            pack_reset(&m->lies->pack);
            pack_wants(&m->lies->pack, any_limit(world), 1);
            pack_want(&m->lies->pack, &want);
            tell(world, m, to);
        }
    }
}

static void lie_gone(struct world *world, struct machine *m)
{
    const struct machine *victim = &world->machines[any_machine(world)];
    uint64_t run = victim->device ? victim->device->run : 1;
    pack_reset(&m->lies->pack);
    if (chance(&world->lies, 50)) {
        pack_gone(&m->lies->pack, &victim->id, run);
    } else {
        pack_suspect(&m->lies->pack, &victim->id, run);
    }
    tell_all(world, m);
}

static void lie_closed(struct world *world, struct machine *m)
{
    struct signature none = {{1}};
    pack_reset(&m->lies->pack);
    pack_closed(&m->lies->pack, &none);
    tell_all(world, m);
}

/* Somebody's message again, or spoilt. */
static void lie_again(struct world *world, struct machine *m)
{
    struct heard *heard = &m->lies->heard[below(&world->lies, HEARD_MAX)];
    if (!heard->len) {
        return;
    }
    uint8_t *copy = sim_alloc(heard->len);
    memcpy(copy, heard->bytes, heard->len);
    for (uint32_t i = below(&world->lies, 4); i > 0; i--) {
        copy[below(&world->lies, (uint32_t)heard->len)] ^= (uint8_t)(1u << below(&world->lies, 8));
    }
    net_raw(world, m, any_machine(world), slice_of(copy, heard->len));
    free(copy);
}

struct lie {
    void (*say)(struct world *, struct machine *);
    bool writes; /* into the log */
};

static const struct lie lies[] = {
    {lie_signature, true}, {lie_as_another, true}, {lie_as_teacher, true}, {lie_class, true},
    {lie_fork, true},      {lie_lamport, true},    {lie_after, true},      {lie_flood, true},
    {lie_withhold, true},  {lie_heads, false},     {lie_acks, false},      {lie_wants, false},
    {lie_gone, false},     {lie_closed, false},    {lie_again, false},     {lie_again, false},
};

/* ---- how a forger lives ------------------------------------------------------------------------------------------- */

static void say_hello(struct world *world, struct machine *m, int to)
{
    struct message hello = {.kind = MESSAGE_HELLO,
                            .version = PROTOCOL_VERSION,
                            .device = m->id,
                            .root = m->lies->root,
                            .run = m->lies->run,
                            .port = PORT_FIRST,
                            .wall_ms = now_of(world, m).wall.ms,
                            .fingerprint = m->lies->has,
                            .host = slice_str("rogue")};
    pack_reset(&m->lies->pack);
    pack_hello(&m->lies->pack, &hello);
    tell(world, m, to);
}

static void say_beats(struct world *world, struct machine *m)
{
    pack_reset(&m->lies->pack);
    pack_beat(&m->lies->pack, &m->lies->has, 0);
    tell_all(world, m);
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
        const struct lie *l = &lies[below(&world->lies, sizeof(lies) / sizeof(lies[0]))];
        if (!l->writes || !world->calm) {
            world->counts.faults[FAULT_HOSTILE]++;
            l->say(world, m);
        }
        say_beats(world, m);
    }
    post_call(world, lie, number, world->t + 500 + below(&world->lies, (uint32_t)pause));
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
    pack_init(&h->pack);
    m->lies = h;
    m->life = 1;
    post_call(world, lie, m->index, 30 * SECOND + below(&world->lies, 60 * SECOND));
}

void hostile_hears(struct world *world, struct machine *m, const struct event *event)
{
    struct doc doc;
    struct message message;
    (void)world;
    if (event->kind != EVENT_MESSAGE) {
        return;
    }
    struct heard *heard = &m->lies->heard[m->lies->heard_next++ % HEARD_MAX];
    free(heard->bytes);
    heard->len = event->bytes.len;
    heard->bytes = sim_alloc(heard->len);
    memcpy(heard->bytes, event->bytes.at, heard->len);
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
        }
        pack_clear(&m->lies->pack);
        free(m->lies);
        m->lies = NULL;
    }
}
