/* Attacks on people, by a member: speaking for others, a teacher's word from a pupil, what others wrote posted again. */
#include <stdio.h>
#include <stdlib.h>

#include "hostile.h"

enum { GRANTS_MAX = 64 };

/* What the class's log tells everybody. */
struct learnt {
    struct op grants[GRANTS_MAX];
    uint32_t count;
    uint8_t box[BOX_BYTES_MAX], second[BOX_BYTES_MAX];
    struct op letter; /* a sealed one of somebody's; kind 0: none */
};

static void learn_op(struct learnt *l, struct slice payload)
{
    struct op op;
    if (payload.len <= SALT_BYTES ||
        op_decode(slice_of(payload.at + SALT_BYTES, payload.len - SALT_BYTES), &op) != OK) {
        return;
    }
    if (op.kind == OP_HELLO && l->count < GRANTS_MAX) {
        l->grants[l->count++] = op;
    }
    if (op.kind == OP_FEEDBACK && (op.has & FIELD_BOX) && (op.has & FIELD_SECOND)) {
        l->letter = op;
        memcpy(l->box, op.box.at, op.box.len);
        memcpy(l->second, op.second.at, op.second.len);
        l->letter.box.at = l->box;
        l->letter.second.at = l->second;
    }
}

static void learn_runs(struct learnt *l, const struct message *m)
{
    struct hash after[AFTER_MAX];
    for (uint32_t i = 0; i < m->count; i++) {
        struct run run;
        for (uint32_t k = 0; run_read(&m->items[i], &run) == OK && k < run.count; k++) {
            struct entry entry;
            if (run_entry(&run, k, after, &entry) == OK && entry.payload.at) {
                learn_op(l, entry.payload);
            }
        }
    }
}

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

/* Reads the log of the first target, as a machine that joins would. */
static void learn(struct hostile *h, struct learnt *l)
{
    struct range nothing = {.prefix = {0}};
    bool end = false;
    memset(l, 0, sizeof(*l));
    pack_reset(&h->pack);
    pack_ranges(&h->pack, 1);
    pack_range(&h->pack, &nothing);
    hostile_say(h, &h->options->targets[0]);
    for (int64_t until = now_ms() + 10000; !end;) {
        must(now_ms() < until, "the log was not told");
        if (!hostile_hear(h, 200)) {
            continue;
        }
        if (h->message.kind == MESSAGE_HEADS) {
            want_all(h, &h->message);
        } else if (h->message.kind == MESSAGE_RUNS) {
            learn_runs(l, &h->message);
            end = h->message.flags & RUNS_END;
        }
    }
    must(l->count > 0, "nobody has signed in");
}

/* Tells all targets what was added to a feed. */
static void tell_all(struct hostile *h, struct forger *f)
{
    struct pack run;
    pack_init(&run);
    forger_run(f, &run);
    for (uint32_t i = 0; i < h->options->targets_count; i++) {
        pack_reset(&h->pack);
        pack_runs(&h->pack, RUNS_PUSH, 1);
        pack_raw(&h->pack, pack_bytes(&run));
        must(hostile_say(h, &h->options->targets[i]), "it takes nothing");
    }
    pack_clear(&run);
}

static void add_name(struct forger *f, const struct person_id *by, const char *handle)
{
    struct op op = {
        .kind = OP_PERSON, .has = FIELD_BY | FIELD_HANDLE, .by = *by, .handle = slice_str(handle)};
    forger_add(f, &op, NULL, 0, 0);
}

/* For each person: their name is changed without a grant, with one that was for another feed, with one by another key. */
static void attack_impostor(struct hostile *h)
{
    struct learnt *l = calloc(1, sizeof(*l));
    must(l != NULL, "no memory");
    hostile_join(h);
    learn(h, l);
    for (uint32_t i = 0; i < l->count; i++) {
        for (int how = 0; how < 3; how++) {
            struct forger f;
            struct op grant = l->grants[i];
            forger_open(&f, h, 100 + 3 * i + (uint32_t)how);
            if (how == 2) {
                grant.key = f.person_pk;
                grant.signature = grant_sign(&f.person, &grant.by, &f.id);
            }
            if (how > 0) {
                forger_add(&f, &grant, NULL, 0, 0);
            }
            add_name(&f, &grant.by, h->options->text);
            tell_all(h, &f);
            forger_clear(&f);
        }
    }
    hostile_live(h, NULL, 1000);
    printf("grants %u\n", l->count);
    free(l);
}

/* A person of our own, who goes on after BYE. */
static void attack_after_bye(struct hostile *h)
{
    struct forger f;
    hostile_join(h);
    forger_open(&f, h, 1);
    forger_person(&f, "guest");
    struct op bye = {.kind = OP_BYE, .has = FIELD_BY, .by = f.person_id};
    forger_add(&f, &bye, NULL, 0, 0);
    add_name(&f, &f.person_id, h->options->text);
    tell_all(h, &f);
    hostile_live(h, NULL, 1000);
    printf("said after bye\n");
    forger_clear(&f);
}

/* All that only teachers may say, from a pupil with a good grant. */
static void attack_pupil_as_teacher(struct hostile *h)
{
    struct learnt *l = calloc(1, sizeof(*l));
    struct forger f;
    must(l != NULL, "no memory");
    hostile_join(h);
    learn(h, l);
    forger_open(&f, h, 1);
    forger_person(&f, "guest");
    const struct person_id by = f.person_id, other = l->grants[l->count - 1].by;
    const struct slice text = slice_str(h->options->text);
    const struct op ops[] = {
        {.kind = OP_TEACHER, .has = FIELD_BY | FIELD_PERSON | FIELD_YES, .person = by, .yes = true},
        {.kind = OP_CONFIRM,
         .has = FIELD_BY | FIELD_PERSON | FIELD_HANDLE,
         .person = other,
         .handle = text},
        {.kind = OP_REMOVE, .has = FIELD_BY | FIELD_PERSON, .person = other},
        {.kind = OP_REVOKE, .has = FIELD_BY | FIELD_PERSON, .person = other},
        {.kind = OP_RESET,
         .has = FIELD_BY | FIELD_PERSON | FIELD_KEY | FIELD_SECRET,
         .person = other,
         .key = f.person_pk},
        {.kind = OP_EXPEL, .has = FIELD_BY | FIELD_DEVICE, .device = h->options->targets[1].device},
        {.kind = OP_ROSTER, .has = FIELD_BY | FIELD_HANDLE, .handle = text},
        {.kind = OP_CLOSE, .has = FIELD_BY | FIELD_SIGNATURE},
    };
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        struct op op = ops[i];
        op.by = by;
        forger_add(&f, &op, NULL, 0, 0);
    }
    /* the class's own name, signed with a key that isn't its root */
    struct hash said = class_said(&f.class, text, 0, 0);
    struct op class = {.kind = OP_CLASS,
                       .has = FIELD_KEY | FIELD_NAME | FIELD_SIGNATURE | FIELD_POLICY | FIELD_UNTIL,
                       .key = f.person_pk,
                       .name = text,
                       .signature = sign(&f.person, "jam class name 1", SLICE(said))};
    forger_add(&f, &class, NULL, 0, 0);
    tell_all(h, &f);
    hostile_live(h, NULL, 1000);
    printf("said as a teacher\n");
    forger_clear(&f);
    free(l);
}

/* A key of our own whose passphrase asks for more than a machine has; whoever signs in as that person would pay. */
static void attack_key_bomb(struct hostile *h)
{
    struct forger f;
    hostile_join(h);
    forger_open(&f, h, 1);
    forger_person(&f, h->options->text);
    struct op key = {.kind = OP_KEY,
                     .has = FIELD_BY | FIELD_KEY | FIELD_SIGNATURE | FIELD_SECRET,
                     .by = f.person_id,
                     .key = f.person_pk,
                     .secret = {.b = {255, 255, 255}}};
    key.signature = key_sign(&f.person, &f.person_id, &key.secret);
    forger_add(&f, &key, NULL, 0, 0);
    tell_all(h, &f);
    hostile_live(h, NULL, 1000);
    printf("a key of 64 GiB\n");
    forger_clear(&f);
}

/* Somebody's sealed letter, as if it were ours. */
static void attack_letter_again(struct hostile *h)
{
    struct learnt *l = calloc(1, sizeof(*l));
    struct forger f;
    must(l != NULL, "no memory");
    hostile_join(h);
    learn(h, l);
    must(l->letter.kind == OP_FEEDBACK, "there is no letter");
    forger_open(&f, h, 1);
    forger_person(&f, h->options->text);
    struct op op = l->letter;
    op.by = f.person_id;
    forger_add(&f, &op, NULL, 0, 0);
    tell_all(h, &f);
    hostile_live(h, NULL, 1000);
    printf("posted again\n");
    forger_clear(&f);
    free(l);
}

const struct attack people_attacks[] = {
    {"impostor", true, attack_impostor},
    {"after-bye", true, attack_after_bye},
    {"pupil-as-teacher", true, attack_pupil_as_teacher},
    {"key-bomb", true, attack_key_bomb},
    {"letter-again", true, attack_letter_again},
    {NULL, false, NULL},
};
