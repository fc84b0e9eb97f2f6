/* Attacks on the log: entries that are false in one thing, feeds that say two things, floods. */
#include <stdio.h>

#include "hostile.h"

/* ---- entries that can't be ---- */

/* A feed whose first run is right, and taken; the next run is made false by `spoil` and must not be. */
struct lie {
    const char *name;
    void (*tell)(struct hostile *, struct target *, struct forger *);
};

static void say_spoilt(struct hostile *h, struct target *t, struct forger *f, bool of_signature)
{
    struct signature signature = run_sign(&f->feed, &f->last);
    if (of_signature) {
        signature.b[40] ^= 1;
    }
    pack_reset(&h->pack);
    pack_runs(&h->pack, RUNS_PUSH, 1);
    run_pack_head(&h->pack, &f->id, f->first, &signature, (uint32_t)f->entries_count);
    pack_raw(&h->pack, pack_bytes(&f->entries));
    hostile_say(h, t);
}

static void tell_signature(struct hostile *h, struct target *t, struct forger *f)
{
    forger_person(f, h->options->text);
    say_spoilt(h, t, f, true);
}

/* Signed, and then another text in its place. */
static void tell_hash(struct hostile *h, struct target *t, struct forger *f)
{
    forger_person(f, "honest");
    struct hash last = f->last;
    pack_reset(&f->entries);
    f->seq -= 2;
    f->lamport -= 2;
    f->entries_count = 0;
    forger_person(f, h->options->text);
    f->last = last;
    say_spoilt(h, t, f, false);
}

static void tell_lamport(struct hostile *h, struct target *t, struct forger *f)
{
    f->lamport += UINT64_C(1) << 40;
    forger_person(f, h->options->text);
    say_spoilt(h, t, f, false);
}

/* The same below what it must be, to come before everybody. */
static void tell_lamport_below(struct hostile *h, struct target *t, struct forger *f)
{
    f->lamport = 0;
    forger_person(f, h->options->text);
    say_spoilt(h, t, f, false);
}

static void tell_after_unsorted(struct hostile *h, struct target *t, struct forger *f)
{
    struct hash after[2] = {{{9}}, {{1}}};
    struct op op = {.kind = OP_NOTE,
                    .has = FIELD_BY | FIELD_TEXT,
                    .by = f->person_id,
                    .text = slice_str(h->options->text)};
    forger_add(f, &op, after, 2, 0);
    say_spoilt(h, t, f, false);
}

static void tell_seq(struct hostile *h, struct target *t, struct forger *f)
{
    forger_person(f, h->options->text);
    f->first = f->seq = FEED_ENTRIES_MAX;
    say_spoilt(h, t, f, false);
}

/* Our own feed stands among the heads too, and what is written behind that is true. */
static bool head_of_another(const msgpack_object *heads, uint32_t count, const struct feed_id *own,
                            struct head *head)
{
    for (uint32_t i = 0; i < count; i++) {
        if (message_head(heads, i, head) == OK && !SAME(head->feed, *own)) {
            return true;
        }
    }
    return false;
}

/* Behind the end of somebody else's feed, signed with our own key. */
static void tell_others_feed(struct hostile *h, struct target *t, struct forger *f)
{
    struct feed_id own = f->id;
    struct prefix all = {0};
    struct range range = {.prefix = all};
    pack_reset(&h->pack);
    pack_ranges(&h->pack, 1);
    pack_range(&h->pack, &range);
    hostile_say(h, t);
    for (int64_t end = now_ms() + 5000; now_ms() < end;) {
        const msgpack_object *items;
        uint32_t count;
        struct prefix prefix;
        struct head head;
        if (!hostile_hear(h, 200) || h->message.kind != MESSAGE_HEADS || h->message.count == 0 ||
            message_heads(&h->message, 0, &prefix, &items, &count) != OK ||
            !head_of_another(items, count, &own, &head)) {
            continue;
        }
        forger_person(f, h->options->text);
        f->id = head.feed;
        f->first = head.seq + 1;
        say_spoilt(h, t, f, false);
        f->id = own;
        return;
    }
    fail("no heads were told");
}

/* A feed of another class: its id doesn't come out. */
static void tell_other_class(struct hostile *h, struct target *t, struct forger *f)
{
    struct forger other;
    struct class_id class = h->class;
    (void)f;
    h->class.b[3] ^= 1;
    forger_open(&other, h, 2);
    forger_person(&other, h->options->text);
    forger_tell(&other, h, t, RUNS_PUSH);
    forger_clear(&other);
    h->class = class;
}

/* Somebody else's device opened it, says its OPEN. */
static void tell_other_device(struct hostile *h, struct target *t, struct forger *f)
{
    struct forger other;
    struct device_id own = h->id;
    (void)f;
    h->id = t->device;
    forger_open(&other, h, 3);
    forger_person(&other, h->options->text);
    forger_tell(&other, h, t, RUNS_PUSH);
    forger_clear(&other);
    h->id = own;
}

static const struct lie lies[] = {
    {"signature", tell_signature},       {"hash", tell_hash},
    {"lamport", tell_lamport},           {"lamport-below", tell_lamport_below},
    {"after", tell_after_unsorted},      {"seq", tell_seq},
    {"others-feed", tell_others_feed},   {"other-class", tell_other_class},
    {"other-device", tell_other_device},
};

/* Each lie from a device and a feed of its own, behind a beginning that is right. */
static void attack_forged(struct hostile *h)
{
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct forger f;
        hostile_become(h, 0);
        hostile_join(h);
        for (uint32_t k = 0; k < h->options->targets_count; k++) {
            forger_open(&f, h, k + 1);
            must(forger_tell(&f, h, &h->options->targets[k], RUNS_PUSH), "it takes nothing");
            lies[i].tell(h, &h->options->targets[k], &f);
            forger_clear(&f);
        }
        hostile_live(h, NULL, 200);
        printf("%s told\n", lies[i].name);
    }
}

/* The same lie again and again, until it is told off. */
static void attack_forger(struct hostile *h)
{
    struct forger f;
    struct target *t = &h->options->targets[0];
    hostile_join(h);
    forger_open(&f, h, 1);
    struct signature none = {{1}};
    for (int i = 0; i < 2 * BAD_MESSAGES_MAX; i++) {
        pack_reset(&h->pack);
        pack_runs(&h->pack, RUNS_PUSH, 1);
        run_pack_head(&h->pack, &f.id, 1, &none, 1);
        pack_raw(&h->pack, pack_bytes(&f.entries));
        hostile_say(h, t);
    }
    hostile_await_refuse(h, t);
    printf("refused %llu\n", (unsigned long long)t->refused);
    forger_clear(&f);
}

/* ---- feeds ---- */

/* An honest-looking person whose feed has no causes: it comes before all that others wrote. */
static void attack_backdated(struct hostile *h)
{
    struct forger f;
    hostile_join(h);
    forger_open(&f, h, 1);
    forger_person(&f, h->options->text);
    for (uint32_t i = 0; i < h->options->targets_count; i++) {
        struct forger copy = f;
        forger_tell(&copy, h, &h->options->targets[i], RUNS_PUSH);
        hostile_live(h, NULL, 100);
        if (i + 1 < h->options->targets_count) {
            forger_clear(&f);
            forger_open(&f, h, i + 2);
            forger_person(&f, h->options->text);
        }
    }
    forger_clear(&f);
}

/* A feed that is another one at each run of this program with the same seed: two runs tell two halves of a room. Told again and
 * again, for a machine that doesn't let its teller in yet doesn't hear it. */
static void attack_fork(struct hostile *h)
{
    struct forger f;
    hostile_join(h);
    forger_open(&f, h, 1);
    forger_person(&f, h->options->text);
    for (bool again = false;; again = true) {
        for (uint32_t i = 0; i < h->options->targets_count; i++) {
            struct forger copy = f;
            must(forger_tell(&copy, h, &h->options->targets[i], RUNS_PUSH), "it takes nothing");
        }
        if (!again) {
            printf("under way\n");
            fflush(stdout);
        }
        hostile_live(h, NULL, 1000);
    }
}

/* Entries whose causes nobody has, as many as there is room for. */
static void attack_orphans(struct hostile *h)
{
    struct forger f;
    uint32_t count = h->options->count ? h->options->count : 20000;
    hostile_join(h);
    for (uint32_t i = 0; i < count; i++) {
        struct hash nobody;
        struct op op = {.kind = OP_NOTE, .has = FIELD_BY | FIELD_TEXT, .text = slice_str("orphan")};
        rng_fill(&h->rng, nobody.b, sizeof(nobody.b));
        forger_open(&f, h, i + 1);
        op.by = f.person_id;
        forger_add(&f, &op, &nobody, 1, 2);
        forger_tell(&f, h, &h->options->targets[i % h->options->targets_count], RUNS_PUSH);
        forger_clear(&f);
    }
    hostile_stay(h, NULL);
}

/* A run whose payloads were taken out: the author's words, withheld. */
static void attack_withheld(struct hostile *h)
{
    struct forger f;
    struct target *t = &h->options->targets[0];
    hostile_join(h);
    for (int i = 0; i < 2 * BAD_MESSAGES_MAX; i++) {
        struct entry e = {.lamport = 2, .time_ms = 1, .payload_len = 40, .payload_hash = {{7}}};
        forger_open(&f, h, (uint64_t)i + 1);
        forger_tell(&f, h, t, RUNS_PUSH);
        e.feed = f.id;
        e.seq = 2;
        e.prev = f.last;
        f.last = entry_id(&f.class, &e);
        f.seq = 2;
        f.entries_count = 1;
        run_pack_entry(&f.entries, &e);
        forger_tell(&f, h, t, RUNS_PUSH);
        forger_clear(&f);
    }
    hostile_await_refuse(h, t);
    printf("refused %llu\n", (unsigned long long)t->refused);
}

/* Valid entries, as fast as they can be written: one feed (a new one when it is full), long texts or short ones. */
static void flood(struct hostile *h, const char *text, uint32_t notes_a_feed)
{
    uint64_t told = 0;
    hostile_join(h);
    printf("under way\n");
    fflush(stdout);
    for (uint64_t number = 1;; number++) {
        struct forger f;
        forger_open(&f, h, number);
        forger_person(&f, h->options->text);
        for (uint32_t i = 0; i < notes_a_feed; i++) {
            struct pack runs;
            pack_init(&runs);
            forger_note(&f, text);
            forger_run(&f, &runs);
            for (uint32_t k = 0; k < h->options->targets_count; k++) {
                pack_reset(&h->pack);
                pack_runs(&h->pack, RUNS_PUSH, 1);
                pack_raw(&h->pack, pack_bytes(&runs));
                hostile_say(h, &h->options->targets[k]);
            }
            pack_clear(&runs);
            if (++told % 64 == 0) {
                hostile_live(h, NULL, 1);
            }
            if (told == h->options->count) {
                hostile_stay(h, NULL);
            }
        }
        forger_clear(&f);
    }
}

static void attack_flood(struct hostile *h)
{
    flood(h, "flood", FEED_ENTRIES_MAX - 4);
}

static void attack_flood_wide(struct hostile *h)
{
    static char text[TEXT_BYTES_MAX + 1];
    memset(text, 'x', TEXT_BYTES_MAX);
    flood(h, text, FEED_ENTRIES_MAX - 4);
}

static void attack_flood_feeds(struct hostile *h)
{
    flood(h, "flood", 1);
}

/* Feeds of devices that don't exist, each by a key made up: passed on as if we had them from others. */
static void attack_flood_devices(struct hostile *h)
{
    struct sign_key own = h->device;
    struct device_id id = h->id;
    uint64_t told = 0;
    hostile_join(h);
    printf("under way\n");
    fflush(stdout);
    for (;;) {
        struct forger f;
        uint8_t seed[32];
        struct sign_pk pk;
        rng_fill(&h->rng, seed, sizeof(seed));
        sign_keypair(seed, &h->device, &pk);
        memcpy(h->id.b, pk.b, sizeof(pk.b));
        forger_open(&f, h, ++told);
        h->device = own;
        h->id = id;
        forger_tell(&f, h, &h->options->targets[told % h->options->targets_count], RUNS_PUSH);
        forger_clear(&f);
        if (told % 64 == 0) {
            hostile_live(h, NULL, 1);
        }
    }
}

const struct attack log_attacks[] = {
    {"forged", true, attack_forged},
    {"forger", true, attack_forger},
    {"backdated", true, attack_backdated},
    {"fork", true, attack_fork},
    {"orphans", true, attack_orphans},
    {"withheld", true, attack_withheld},
    {"flood", true, attack_flood},
    {"flood-wide", true, attack_flood_wide},
    {"flood-feeds", true, attack_flood_feeds},
    {"flood-devices", true, attack_flood_devices},
    {NULL, false, NULL},
};
