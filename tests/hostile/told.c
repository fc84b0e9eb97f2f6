/* A member that is asked for people's keys by a machine whose log is still coming, and tells false ones; and that tells and asks
 * without end. */
#include <stdio.h>

#include "hostile.h"

enum { KNOWN_MAX = 16, UNASKED = 20 };

/* People's own keys, as the log tells them: of each the first that it said. */
struct known {
    struct class_id class;
    struct {
        struct person_id person;
        struct sign_pk key;
        struct sealed_key secret;
        char handle[HANDLE_BYTES_MAX + 1];
    } at[KNOWN_MAX];
    uint32_t count;
};

static uint32_t known_find(const struct known *k, const struct person_id *person)
{
    uint32_t i = 0;
    while (i < k->count && !SAME(k->at[i].person, *person)) {
        i++;
    }
    return i;
}

static void know_op(struct known *k, struct slice payload)
{
    struct op op;
    if (payload.len <= SALT_BYTES ||
        op_decode(slice_of(payload.at + SALT_BYTES, payload.len - SALT_BYTES), &op) != OK) {
        return;
    }
    uint32_t i = known_find(k, &op.by);
    if (op.kind == OP_KEY && i == k->count && i < KNOWN_MAX) {
        k->at[k->count].person = op.by;
        k->at[k->count].key = op.key;
        k->at[k->count++].secret = op.secret;
    }
    if (op.kind == OP_PERSON && (op.has & FIELD_HANDLE) && i < k->count) {
        memcpy(k->at[i].handle, op.handle.at, op.handle.len);
    }
}

static void know_run(void *with, const struct run *run)
{
    struct hash after[AFTER_MAX];
    for (uint32_t i = 0; i < run->count; i++) {
        struct entry entry;
        must(run_entry(run, i, after, &entry) == OK, "an entry");
        if (entry.payload.at) {
            know_op(with, entry.payload);
        }
    }
}

static const struct sealed_key *secret_of(const struct known *k, const char *handle,
                                          struct told_key *told)
{
    for (uint32_t i = 0; i < k->count; i++) {
        if (strcmp(k->at[i].handle, handle) == 0) {
            told->person = k->at[i].person;
            told->key = k->at[i].key;
            told->secret = k->at[i].secret;
            return &k->at[i].secret;
        }
    }
    fail("the log doesn't tell somebody's key");
}

/* A key of a person made up here, under somebody's handle. With no passes it opens for whoever types nothing. */
static struct told_key made_up(struct hostile *h, struct slice handle, struct cost cost)
{
    struct told_key told = {.handle = handle};
    uint8_t seed[32], salt[16], stretched[32];
    struct sign_key key;
    rng_fill(&h->rng, seed, sizeof(seed));
    rng_fill(&h->rng, salt, sizeof(salt));
    rng_fill(&h->rng, stretched, sizeof(stretched));
    if (cost.passes == 0) {
        must(stretch(slice_str(""), salt, cost, stretched, sizeof(stretched)) == OK, "a secret");
    }
    sign_keypair(seed, &key, &told.key);
    told.person = person_id_of(&h->class, &told.key);
    key_seal(stretched, salt, cost, &h->rng, seed, &told.secret);
    return told;
}

static void tell(struct hostile *h, struct target *t, const struct told_key *keys, uint32_t count)
{
    pack_reset(&h->pack);
    pack_keys(&h->pack, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_key(&h->pack, &keys[i]);
    }
    hostile_say(h, t);
}

/* What is told of a handle: of ana keys that nobody can open, another's, and one that she hasn't; of ben the key that he had before
 * a teacher gave him another; of dora one without a passphrase, of emil one that costs half a gigabyte to try. */
static void answer(struct hostile *h, const struct known *k)
{
    static const struct cost none = {0, 0}, dear = {8, 512};
    struct slice handle = h->message.handle;
    struct told_key keys[3];
    uint32_t count = 1;
    memset(keys, 0, sizeof(keys));
    if (slice_is(handle, "ana")) {
        keys[0] = made_up(h, handle, COST_WORDS);
        secret_of(k, "chloe", &keys[1]);
        keys[2] = made_up(h, handle, COST_WORDS);
        struct sign_pk own = keys[2].key;
        secret_of(k, "ana", &keys[2]);
        keys[2].key = own;
        count = 3;
    } else if (slice_is(handle, "ben")) {
        secret_of(k, "ben", &keys[0]);
    } else {
        keys[0] = made_up(h, handle, slice_is(handle, "dora") ? none : dear);
    }
    for (uint32_t i = 0; i < count; i++) {
        keys[i].handle = handle;
    }
    printf("asked %.*s\n", (int)handle.len, (const char *)handle.at);
    fflush(stdout);
    tell(h, h->from, keys, count);
}

/* Learns the log of the first target; the last one is still to come, and asks. */
static void attack_false_keys(struct hostile *h)
{
    static struct known k;
    struct fingerprint other = {{1, 2, 3}};
    struct target *asks = &h->options->targets[h->options->targets_count - 1];
    h->options->targets_count--;
    hostile_join(h);
    hostile_learn(h, know_run, &k);
    h->options->targets_count++;
    printf("knows %u\nunder way\n", k.count);
    fflush(stdout);
    for (int64_t again = 0, beat = 0;;) {
        if (now_ms() >= again) {
            again = now_ms() + (asks->heard[MESSAGE_HELLO] ? 2000 : 200);
            for (uint32_t i = 0; i < h->options->targets_count; i++) {
                hostile_hello(h);
                hostile_say(h, &h->options->targets[i]);
            }
        }
        if (hostile_hear(h, 5) && h->from == asks && h->message.kind == MESSAGE_WHO) {
            answer(h, &k);
        }
        if (asks->heard[MESSAGE_HELLO] && now_ms() >= beat) {
            beat = now_ms() + 500;
            pack_reset(&h->pack);
            pack_beat(&h->pack, &other, 0);
            hostile_say(h, asks);
            struct told_key unasked = made_up(h, slice_str("dora"), COST_WORDS);
            tell(h, asks, &unasked, 1);
        }
    }
}

/* Keys that nobody asked for, as many as a message holds, and questions, as fast as they are taken. */
static void attack_asking(struct hostile *h)
{
    struct told_key keys[KEYS_MAX];
    for (uint32_t i = 0; i < KEYS_MAX; i++) {
        keys[i] = made_up(h, slice_str(h->options->text), COST_WORDS);
    }
    hostile_join(h);
    printf("under way\n");
    fflush(stdout);
    for (;;) {
        for (uint32_t i = 0; i < h->options->targets_count; i++) {
            for (int n = 0; n < UNASKED; n++) {
                pack_reset(&h->pack);
                pack_who(&h->pack, slice_str(h->options->text));
                hostile_say(h, &h->options->targets[i]);
            }
            tell(h, &h->options->targets[i], keys, KEYS_MAX);
        }
        hostile_live(h, NULL, 1);
    }
}

const struct attack told_attacks[] = {
    {"false-keys", true, attack_false_keys},
    {"asking", true, attack_asking},
    {NULL, false, NULL},
};
