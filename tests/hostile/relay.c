/* A member that has the log and tells it on: to people.c, which learns from it; and to machines that come later, falsely. */
#include <stdio.h>

#include "hostile.h"

/* ---- learning --------------------------------------------------------------------------------------------------- */

static void want_all(struct hostile *h, const struct message *m)
{
    struct want wants[WANT_MAX];
    uint32_t wants_count = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        const msgpack_object *items;
        uint32_t count;
        struct prefix prefix;
        struct head head;
        must(message_heads(m, i, &prefix, &items, &count) == OK, "heads");
        for (uint32_t k = 0; k < count && wants_count < WANT_MAX; k++) {
            must(message_head(items, k, &head) == OK, "a head");
            wants[wants_count++] = (struct want){head.feed, 0};
        }
    }
    pack_reset(&h->pack);
    pack_wants(&h->pack, CREDIT_BYTES, wants_count);
    for (uint32_t i = 0; i < wants_count; i++) {
        pack_want(&h->pack, &wants[i]);
    }
    hostile_say(h, &h->options->targets[0]);
}

void hostile_learn(struct hostile *h, void (*take)(void *, const struct run *), void *with)
{
    struct range nothing = {.prefix = {0}};
    bool end = false;
    pack_reset(&h->pack);
    pack_ranges(&h->pack, 1);
    pack_range(&h->pack, &nothing);
    hostile_say(h, &h->options->targets[0]);
    for (int64_t until = now_ms() + 10000; !end;) {
        must(now_ms() < until, "the log was not told");
        if (!hostile_hear(h, 200) || h->from != &h->options->targets[0]) {
            continue;
        }
        if (h->message.kind == MESSAGE_HEADS) {
            want_all(h, &h->message);
        } else if (h->message.kind == MESSAGE_RUNS) {
            for (uint32_t i = 0; i < h->message.count; i++) {
                struct run run;
                must(run_read(&h->message.items[i], &run) == OK, "a run");
                take(with, &run);
            }
            end = h->message.flags & RUNS_END;
        }
    }
}

/* ---- telling on ------------------------------------------------------------------------------------------------- */

enum { CARRIED_MAX = 512 };

/* Runs as they came, in the order in which they came; without their texts if they are `stripped`. */
struct carried {
    struct pack runs[CARRIED_MAX];
    uint32_t count;
    bool stripped;
};

static void carry(void *with, const struct run *run)
{
    struct carried *c = with;
    struct hash after[AFTER_MAX];
    must(c->count < CARRIED_MAX, "room for the log");
    struct pack *p = &c->runs[c->count++];
    pack_init(p);
    run_pack_head(p, &run->feed, run->first_seq, &run->signature, run->count);
    for (uint32_t i = 0; i < run->count; i++) {
        struct entry entry;
        must(run_entry(run, i, after, &entry) == OK, "an entry");
        struct stub stub;
        struct hash rest;
        payload_part(entry.payload, &stub, &rest);
        if (c->stripped && (stub_kind(&stub) == OP_NOTE || stub_kind(&stub) == OP_JAM)) {
            entry_strip(&entry);
        }
        run_pack_entry(p, &entry);
    }
}

/* Everything from the second target on; the first is where it was learnt. */
static void tell_on(struct hostile *h, const struct carried *c)
{
    for (uint32_t k = 1; k < h->options->targets_count; k++) {
        struct target *t = &h->options->targets[k];
        hostile_hello(h);
        if (!hostile_say(h, t)) {
            continue; /* it isn't up yet */
        }
        for (uint32_t i = 0; i < c->count; i++) {
            pack_reset(&h->pack);
            pack_runs(&h->pack, RUNS_PUSH, 1);
            pack_raw(&h->pack, pack_bytes(&c->runs[i]));
            hostile_say(h, t);
        }
    }
}

static void carry_on(struct hostile *h, struct carried *c)
{
    printf("carries %u\nunder way\n", c->count);
    fflush(stdout);
    for (;;) {
        tell_on(h, c);
        hostile_live(h, NULL, 1000);
    }
}

/* What the first target has, told to the second as if it had been redacted: headers, and no text. */
static void attack_stubs(struct hostile *h)
{
    static struct carried c = {.stripped = true};
    h->options->targets_count--; /* it is still to come */
    hostile_join(h);
    hostile_learn(h, carry, &c);
    h->options->targets_count++;
    carry_on(h, &c);
}

/* ---- who was put out ---------------------------------------------------------------------------------------------- */

static void say_run(struct hostile *h, const struct pack *run)
{
    for (uint32_t i = 0; i < h->options->targets_count; i++) {
        pack_reset(&h->pack);
        pack_runs(&h->pack, RUNS_PUSH, 1);
        pack_raw(&h->pack, pack_bytes(run));
        hostile_say(h, &h->options->targets[i]);
    }
}

/* Waits to be told off by all targets, and finds that their doors are shut. */
static void await_expulsion(struct hostile *h)
{
    uint32_t told = 0, said = 0;
    for (int64_t end = now_ms() + 60000; told < h->options->targets_count;) {
        must(now_ms() < end, "it wasn't put out");
        hostile_live(h, NULL, 200);
        told = 0;
        for (uint32_t i = 0; i < h->options->targets_count; i++) {
            told += h->options->targets[i].refused == ERR_EXPELLED;
        }
    }
    for (uint32_t i = 0; i < h->options->targets_count; i++) {
        hostile_dial(h, &h->options->targets[i]);
        hostile_hello(h);
        said += hostile_say(h, &h->options->targets[i]);
    }
    printf("said afterwards %u\n", said);
}

/* A device writes under a name, is put out, and writes on under another; what it wrote, and what others wrote meanwhile, an
 * accomplice carries to the last target, which is still off. */
static void attack_outcast(struct hostile *h)
{
    static struct carried c;
    struct forger f;
    h->options->targets_count--;
    hostile_join(h);
    forger_open(&f, h, 1);
    forger_person(&f, "outcast");
    struct pack first;
    pack_init(&first);
    forger_run(&f, &first);
    say_run(h, &first);
    printf("under way\n");
    fflush(stdout);
    await_expulsion(h);
    struct op op = {.kind = OP_PERSON,
                    .has = FIELD_BY | FIELD_HANDLE,
                    .by = f.person_id,
                    .handle = slice_str(h->options->text)};
    forger_add(&f, &op, NULL, 0, 0);
    h->options->targets_count++;
    hostile_become(h, 0);
    h->options->targets_count--;
    hostile_join(h);
    hostile_learn(h, carry, &c);
    must(c.count < CARRIED_MAX, "room for one more");
    pack_init(&c.runs[c.count]);
    forger_run(&f, &c.runs[c.count]);
    say_run(h, &c.runs[c.count++]);
    h->options->targets_count++;
    carry_on(h, &c);
}

const struct attack relay_attacks[] = {
    {"stubs", true, attack_stubs},
    {"outcast", true, attack_outcast},
    {NULL, false, NULL},
};
