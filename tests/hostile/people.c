/* Attacks on people, by a member: speaking for others, a teacher's word from a pupil, what others wrote posted again. */
#include <stdio.h>
#include <stdlib.h>

#include "hostile.h"
#include "rotation.h"

enum { GRANTS_MAX = 64, FEEDS_MAX = 64 };

struct place {
    struct feed_id feed;
    struct hash last;
};

/* What the class's log tells everybody. */
struct learnt {
    struct op grants[GRANTS_MAX];
    uint32_t count;
    uint8_t box[BOX_BYTES_MAX], second[BOX_BYTES_MAX];
    struct op letter;                /* a sealed one of somebody's; kind 0: none */
    struct ref letter_ref, note_ref; /* of it, and of a note in a jam; zeros: none */
    struct class_id class;
    struct place places[FEEDS_MAX];
    uint32_t places_count;
};

static void learn_op(struct learnt *l, struct slice payload, struct ref ref)
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
        l->letter_ref = ref;
        memcpy(l->box, op.box.at, op.box.len);
        memcpy(l->second, op.second.at, op.second.len);
        l->letter.box.at = l->box;
        l->letter.second.at = l->second;
    }
    if (op.kind == OP_NOTE && (op.has & FIELD_JAM)) {
        l->note_ref = ref;
    }
}

/* Runs come in the order of their feeds, so each begins where the last one of its feed ended. */
static struct place *place_of(struct learnt *l, const struct feed_id *feed)
{
    for (uint32_t i = 0; i < l->places_count; i++) {
        if (SAME(l->places[i].feed, *feed)) {
            return &l->places[i];
        }
    }
    must(l->places_count < FEEDS_MAX, "room for feeds");
    l->places[l->places_count] = (struct place){.feed = *feed};
    return &l->places[l->places_count++];
}

static void learn_run(void *with, const struct run *run)
{
    struct learnt *l = with;
    struct place *place = place_of(l, &run->feed);
    struct hash after[AFTER_MAX];
    for (uint32_t k = 0; k < run->count; k++) {
        struct entry entry;
        must(run_entry(run, k, after, &entry) == OK, "an entry");
        entry.prev = place->last;
        place->last = entry_id(&l->class, &entry);
        if (entry.payload.at) {
            learn_op(l, entry.payload, ref_of(&place->last));
        }
    }
}

/* Reads the log of the first target. */
static struct learnt *learn(struct hostile *h)
{
    struct learnt *l = calloc(1, sizeof(*l));
    if (!l) {
        fail("no memory");
    }
    l->class = h->class;
    hostile_learn(h, learn_run, l);
    must(l->count > 0, "nobody has signed in");
    return l;
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
    hostile_join(h);
    struct learnt *l = learn(h);
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

/* Words of our own for the class, sealed to all targets as a teacher would. */
static struct slice new_words(struct hostile *h, uint8_t box[BOX_BYTES_MAX])
{
    static const uint16_t words[WORDS_SECRET] = {1, 2, 3, 4, 5};
    struct device_id devices[TARGETS_MAX];
    uint8_t seed[32];
    rng_fill(&h->rng, seed, sizeof(seed));
    for (uint32_t i = 0; i < h->options->targets_count; i++) {
        devices[i] = h->options->targets[i].device;
    }
    return slice_of(box, rotation_seal(seed, words, devices, h->options->targets_count, box));
}

/* That the class has ended, in a message beside the log: as who was away is told. */
static void say_closed(struct hostile *h, const struct signature *signature)
{
    for (uint32_t i = 0; i < h->options->targets_count; i++) {
        pack_reset(&h->pack);
        pack_closed(&h->pack, signature);
        hostile_say(h, &h->options->targets[i]);
    }
}

/* All that only teachers may say, from a pupil with a good grant. */
static void attack_pupil_as_teacher(struct hostile *h)
{
    struct forger f;
    uint8_t box[BOX_BYTES_MAX];
    hostile_join(h);
    struct learnt *l = learn(h);
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
        {.kind = OP_LESSON, .has = FIELD_BY | FIELD_YES},
        {.kind = OP_ROTATE, .has = FIELD_BY | FIELD_BOX, .box = new_words(h, box)},
        {.kind = OP_REDACT,
         .has = FIELD_BY | FIELD_TEXT | FIELD_ENTRY,
         .text = text,
         .entry = l->note_ref},
        {.kind = OP_REDACT,
         .has = FIELD_BY | FIELD_TEXT | FIELD_ENTRY,
         .text = text,
         .entry = l->letter_ref},
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
    struct signature closed = sign(&f.person, "jam close 1", SLICE(f.class));
    say_closed(h, &closed);
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
    struct forger f;
    hostile_join(h);
    struct learnt *l = learn(h);
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
