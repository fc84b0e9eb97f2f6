/* Lies on the links: about what one has, whom one hears, and what others said. */
#include <stdlib.h>

#include "lies.h"

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
    lies_tell(world, m, lies_machine(world));
}

static void lie_acks(struct world *world, struct machine *m)
{
    int to = lies_machine(world);
    struct class *class = machine_class(&world->machines[to]);
    struct feed_id feed;
    uint64_t seq;
    if (class && class->replica && replica_own(class->replica, &feed, &seq)) {
        pack_reset(&m->lies->pack);
        pack_ack(&m->lies->pack, &feed, any_limit(world));
        lies_tell(world, m, to);
    }
}

static void lie_wants(struct world *world, struct machine *m)
{
    int to = lies_machine(world);
    struct class *class = machine_class(&world->machines[to]);
    struct want want = {.have = any_limit(world)};
    uint64_t seq;
    if (class && class->replica && replica_own(class->replica, &want.feed, &seq)) {
        for (int i = 0; i < FLOOD; i++) {
            pack_reset(&m->lies->pack);
            pack_wants(&m->lies->pack, any_limit(world), 1);
            pack_want(&m->lies->pack, &want);
            lies_tell(world, m, to);
        }
    }
}

static void lie_gone(struct world *world, struct machine *m)
{
    const struct machine *victim = &world->machines[lies_machine(world)];
    uint64_t run = victim->device ? victim->device->run : 1;
    pack_reset(&m->lies->pack);
    if (chance(&world->lies, 50)) {
        pack_gone(&m->lies->pack, &victim->id, run);
    } else {
        pack_suspect(&m->lies->pack, &victim->id, run);
    }
    lies_tell_all(world, m);
}

static void lie_closed(struct world *world, struct machine *m)
{
    struct signature none = {{1}};
    pack_reset(&m->lies->pack);
    pack_closed(&m->lies->pack, &none);
    lies_tell_all(world, m);
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
    net_raw(world, m, lies_machine(world), slice_of(copy, heard->len));
    free(copy);
}

static void lie_fingerprint(struct world *world, struct machine *m)
{
    struct fingerprint false_one;
    rng_fill(&world->lies, false_one.b, sizeof(false_one.b));
    pack_reset(&m->lies->pack);
    pack_beat(&m->lies->pack, &false_one, below(&world->lies, 16));
    lies_tell_all(world, m);
}

/* Compare, and compare again: always different, and never satisfied. */
static void lie_ranges(struct world *world, struct machine *m)
{
    int to = lies_machine(world);
    for (int i = 0; i < FLOOD; i++) {
        struct range range = {.prefix = {.nibbles = (uint8_t)below(&world->lies, 3)}};
        rng_fill(&world->lies, range.fingerprint.b, sizeof(range.fingerprint.b));
        pack_reset(&m->lies->pack);
        pack_ranges(&m->lies->pack, 1);
        pack_range(&m->lies->pack, &range);
        lies_tell(world, m, to);
    }
}

/* Where it says it listens nobody does, or somebody else; and where it says that others do. */
static void lie_addresses(struct world *world, struct machine *m)
{
    struct hostile *h = m->lies;
    struct secret_tag tag;
    const struct machine *victim = &world->machines[lies_machine(world)];
    struct peer_hint hint = {.device = victim->id,
                             .run = victim->device ? victim->device->run : 1,
                             .address = {.port = (uint16_t)(PORT_FIRST + below(&world->lies, 3))}};
    class_secret_tag(&m->inboxes[0].secret, &tag);
    rng_fill(&world->lies, hint.address.ip, sizeof(hint.address.ip));
    pack_reset(&h->pack);
    if (chance(&world->lies, 50)) {
        pack_inbox(&h->pack, &tag, (uint16_t)(1 + below(&world->lies, 65535)));
    } else {
        pack_peers(&h->pack, 1);
        pack_hint(&h->pack, &hint);
    }
    lies_tell_all(world, m);
}

/* False words for what lacks, and a demand for all that is there. */
static void lie_payloads(struct world *world, struct machine *m)
{
    int to = lies_machine(world);
    struct class *class = machine_class(&world->machines[to]);
    struct want want = {.have = any_limit(world)};
    struct told_payload told = {.payload = slice_str("forged beyond the salt")};
    int64_t after = 0;
    if (!class || !class->replica ||
        (replica_lacking(class->replica, &after, &want, 1) == 0 &&
         !replica_own(class->replica, &want.feed, &told.seq))) {
        return;
    }
    told.feed = want.feed;
    told.seq = want.have;
    pack_reset(&m->lies->pack);
    pack_payloads(&m->lies->pack, 1);
    pack_payload(&m->lies->pack, &told);
    lies_tell(world, m, to);
    pack_reset(&m->lies->pack);
    pack_lacks(&m->lies->pack, 1);
    pack_want(&m->lies->pack, &want);
    lies_tell(world, m, to);
}

static void lie_missing(struct world *world, struct machine *m)
{
    struct hash ids[3];
    rng_fill(&world->lies, ids, sizeof(ids));
    pack_reset(&m->lies->pack);
    pack_missing(&m->lies->pack, ids, 2, ids + 2, 1);
    lies_tell_all(world, m);
}

/* Another key for somebody's name. */
static void lie_keys(struct world *world, struct machine *m)
{
    char handle[16];
    snprintf(handle, sizeof(handle), "pupil%u", 1 + below(&world->lies, 9));
    struct told_key key = {.handle = slice_str(handle),
                           .person = m->lies->person_id,
                           .key = m->lies->person_pk,
                           .seal = below(&world->lies, 3)};
    lies_person(world, &key.person);
    rng_fill(&world->lies, key.secret.b, sizeof(key.secret.b));
    pack_reset(&m->lies->pack);
    pack_keys(&m->lies->pack, 1);
    pack_key(&m->lies->pack, &key);
    lies_tell_all(world, m);
}

/* A proof that somebody said two things, of things that somebody else said. */
static void lie_proof(struct world *world, struct machine *m)
{
    struct forger a, b;
    struct pack one, two;
    forger_open(world, m, &a);
    forger_open(world, m, &b);
    pack_init(&one);
    pack_init(&two);
    forger_run(&a, &one, false);
    forger_run(&b, &two, chance(&world->lies, 50));
    pack_reset(&m->lies->pack);
    pack_fork(&m->lies->pack, pack_bytes(&one), pack_bytes(&two));
    lies_tell_all(world, m);
    pack_clear(&one);
    pack_clear(&two);
    forger_clear(&a);
    forger_clear(&b);
}

static void lie_refuse(struct world *world, struct machine *m)
{
    static const enum err reasons[] = {ERR_OLD_WORDS, ERR_EXPELLED, ERR_SIGNATURE};
    pack_reset(&m->lies->pack);
    pack_refuse(&m->lies->pack, reasons[below(&world->lies, 3)]);
    lies_tell_all(world, m);
}

/* A beacon or a knock of others, from before and from elsewhere; or what nearly is one. */
static void lie_beacon(struct world *world, struct machine *m)
{
    const struct heard *heard = &m->lies->packets[below(&world->lies, HEARD_MAX)];
    if (heard->len) {
        if (chance(&world->lies, 20)) {
            heard->bytes[below(&world->lies, (uint32_t)heard->len)] ^=
                (uint8_t)(1 << below(&world->lies, 8));
        }
        struct output output = {.kind = OUTPUT_DATAGRAM,
                                .paths = PATH_BROADCAST,
                                .bytes = slice_of(heard->bytes, heard->len)};
        net_output(world, m, &output);
    }
}

/* A greeting in the name of another device, on one's own link. */
static void lie_hello(struct world *world, struct machine *m)
{
    const struct machine *other = &world->machines[lies_machine(world)];
    struct message hello = lies_hello(world, m);
    hello.device = chance(&world->lies, 70) ? other->id : m->id;
    hello.run = any_limit(world);
    hello.port = (uint16_t)any_limit(world);
    hello.wall_ms = (int64_t)any_limit(world);
    pack_reset(&m->lies->pack);
    pack_hello(&m->lies->pack, &hello);
    lies_tell(world, m, lies_machine(world));
}

const struct lie lies_talk[] = {
    {lie_heads, false},     {lie_acks, false},     {lie_wants, false},       {lie_gone, false},
    {lie_closed, false},    {lie_again, false},    {lie_fingerprint, false}, {lie_ranges, false},
    {lie_addresses, false}, {lie_payloads, false}, {lie_missing, false},     {lie_keys, false},
    {lie_proof, true},      {lie_refuse, false},   {lie_beacon, false},      {lie_hello, false},
    {NULL, false},
};
