/* A member with much to tell: it lets others fetch a long feed, as any machine that was away would, and then makes work of it. */
#include <stdio.h>

#include "hostile.h"

enum { RUNS_KEPT_MAX = 2048, RUNS_ROOM = 40 * 1024 };

/* A feed in runs, to be asked for. */
struct load {
    struct forger f;
    struct pack runs[RUNS_KEPT_MAX];
    uint64_t first[RUNS_KEPT_MAX + 1]; /* seq; of what would come next, too */
    uint32_t count;
    bool fetched;
};

static void load_run(struct load *l)
{
    must(l->count < RUNS_KEPT_MAX, "room for runs");
    struct pack *p = &l->runs[l->count];
    pack_init(p);
    l->first[l->count++] = l->f.first;
    forger_run(&l->f, p);
    l->first[l->count] = l->f.first;
}

static void tell_head(struct hostile *h, const struct load *l)
{
    struct prefix all = {0};
    struct head head = {
        .feed = l->f.id, .seq = l->f.seq, .last = ref_of(&l->f.last), .lamport = l->f.lamport};
    pack_reset(&h->pack);
    pack_heads(&h->pack, 0, 1);
    pack_heads_of(&h->pack, &all, 1);
    pack_head(&h->pack, &head);
    hostile_say(h, h->from);
}

/* Runs from behind `have` on, one message after the other. True if that was all. */
static bool tell_runs(struct hostile *h, struct load *l, uint64_t have, uint64_t credit)
{
    uint32_t i = 0;
    struct target *t = h->from;
    while (i < l->count && l->first[i] <= have) {
        i++;
    }
    do {
        size_t bytes = 0;
        uint32_t n = 0;
        while (i + n < l->count && bytes + pack_bytes(&l->runs[i + n]).len < RUNS_ROOM) {
            bytes += pack_bytes(&l->runs[i + n++]).len;
        }
        credit = bytes < credit ? credit - bytes : 0;
        bool last = i + n == l->count;
        pack_reset(&h->pack);
        pack_runs(&h->pack, last ? RUNS_END : credit == 0 ? RUNS_END | RUNS_MORE : 0, n);
        for (uint32_t k = 0; k < n; k++) {
            pack_raw(&h->pack, pack_bytes(&l->runs[i + k]));
        }
        hostile_say(h, t);
        i += n;
    } while (i < l->count && credit > 0);
    return i == l->count;
}

static void answer_want(struct hostile *h, struct load *l)
{
    uint64_t have = l->f.seq; /* who names no feed asks for none */
    for (uint32_t i = 0; i < h->message.count; i++) {
        struct want want;
        must(message_want(&h->message, i, &want) == OK, "a want");
        have = SAME(want.feed, l->f.id) ? want.have : have;
    }
    bool asked = have < l->f.seq;
    l->fetched |= tell_runs(h, l, have, h->message.credit_bytes) && asked;
}

/* Until somebody has all of it; the others fetch it from them as well. */
static void serve(struct hostile *h, struct load *l)
{
    struct fingerprint other = {{1, 2, 3}};
    int64_t beat = 0, end = now_ms() + 120000;
    while (!l->fetched) {
        must(now_ms() < end, "nobody fetches it");
        if (now_ms() >= beat) {
            beat = now_ms() + 500;
            for (uint32_t i = 0; i < h->options->targets_count; i++) {
                pack_reset(&h->pack);
                pack_beat(&h->pack, &other, 0);
                hostile_say(h, &h->options->targets[i]);
            }
        }
        if (hostile_hear(h, 100)) {
            if (h->message.kind == MESSAGE_RANGES || h->message.kind == MESSAGE_HEADS) {
                tell_head(h, l);
            } else if (h->message.kind == MESSAGE_WANT) {
                answer_want(h, l);
            }
        }
    }
}

/* A feed of somebody who wrote so many ops of a kind. */
static void load_fill(struct hostile *h, struct load *l, uint32_t count, const struct op *op)
{
    size_t runs_weight = 0;
    forger_open(&l->f, h, 1);
    forger_person(&l->f, h->options->text);
    for (uint32_t i = 0; i < count; i++) {
        size_t before = pack_bytes(&l->f.entries).len;
        struct op said = *op;
        said.by = l->f.person_id;
        forger_add(&l->f, &said, NULL, 0, 0);
        runs_weight += pack_bytes(&l->f.entries).len - before + 64;
        if (l->f.entries_count == RUN_ENTRIES_MAX || runs_weight > RUN_BYTES_MAX * 3 / 4) {
            load_run(l);
            runs_weight = 0;
        }
    }
    load_run(l);
}

/* ---- letters ---------------------------------------------------------------------------------------------------- */

/* Sealed feedback that opens for nobody: each that signs in has to try it. */
static void attack_letters(struct hostile *h)
{
    static struct load l;
    uint8_t box[304];
    struct op op = {.kind = OP_FEEDBACK, .has = FIELD_BY | FIELD_BOX | FIELD_SECOND};
    rng_fill(&h->rng, box, sizeof(box));
    op.box = op.second = slice_of(box, sizeof(box));
    hostile_join(h);
    load_fill(h, &l, h->options->count ? h->options->count : 10000, &op);
    serve(h, &l);
    hostile_stay(h, NULL);
}

/* ---- folding again ----------------------------------------------------------------------------------------------- */

static void push_all(struct hostile *h, struct forger *f)
{
    struct pack run;
    pack_init(&run);
    forger_run(f, &run);
    for (uint32_t i = 0; i < h->options->targets_count; i++) {
        pack_reset(&h->pack);
        pack_runs(&h->pack, RUNS_PUSH, 1);
        pack_raw(&h->pack, pack_bytes(&run));
        hostile_say(h, &h->options->targets[i]);
    }
    pack_clear(&run);
}

/* Something that can't be taken out of the views alone, and is redacted. */
static void force_by_redact(struct hostile *h, struct forger *f)
{
    struct op op = {.kind = OP_SOLO, .has = FIELD_BY | FIELD_TITLE, .by = f->person_id};
    op.title = slice_str("alone");
    forger_add(f, &op, NULL, 0, 0);
    op = (struct op){.kind = OP_REDACT,
                     .has = FIELD_BY | FIELD_TEXT | FIELD_ENTRY,
                     .by = f->person_id,
                     .text = slice_str("no reason"),
                     .entry = ref_of(&f->last)};
    push_all(h, f);
    forger_add(f, &op, NULL, 0, 0);
    push_all(h, f);
}

/* Two feeds of one person: what the one says is revoked by the other, which doesn't know it. */
static void force_by_revoke(struct hostile *h, struct forger *unused)
{
    static uint64_t number = 1000;
    struct forger a, b;
    (void)unused;
    forger_open(&a, h, number++);
    forger_person(&a, h->options->text);
    struct hash known = a.last; /* the name, and the grant before it */
    uint64_t lamport = a.lamport;
    forger_note(&a, "will be revoked");
    push_all(h, &a);
    forger_open(&b, h, number++);
    b.person = a.person;
    b.person_pk = a.person_pk;
    b.person_id = a.person_id;
    struct op op = {.kind = OP_HELLO,
                    .has = FIELD_BY | FIELD_KEY | FIELD_SIGNATURE | FIELD_MOVES,
                    .by = b.person_id,
                    .key = b.person_pk,
                    .signature = grant_sign(&b.person, &b.person_id, &b.id)};
    forger_add(&b, &op, NULL, 0, 0);
    op = (struct op){.kind = OP_REVOKE, .has = FIELD_BY, .by = b.person_id};
    forger_add(&b, &op, &known, 1, (lamport > b.lamport ? lamport : b.lamport) + 1);
    push_all(h, &b);
    forger_clear(&a);
    forger_clear(&b);
}

/* A feed that says two things. */
static void force_by_fork(struct hostile *h, struct forger *unused)
{
    static uint64_t number = 5000;
    (void)unused;
    for (int i = 0; i < 2; i++) {
        struct forger f;
        forger_open(&f, h, number);
        forger_person(&f, i ? "one" : "other");
        push_all(h, &f);
        forger_clear(&f);
    }
    number++;
}

/* A long log, and then each second something that makes everybody fold it again: in turn by each of the ways that there are. */
static void attack_refold(struct hostile *h)
{
    static void (*const ways[])(struct hostile *, struct forger *) = {
        force_by_redact, force_by_revoke, force_by_fork};
    static struct load l;
    struct forger f;
    struct op op = {.kind = OP_NOTE, .has = FIELD_BY | FIELD_TEXT};
    op.text = slice_str("one of very many notes");
    hostile_join(h);
    load_fill(h, &l, h->options->count ? h->options->count : 40000, &op);
    serve(h, &l);
    h->options->seed = h->options->seed ? h->options->seed : 4711; /* feeds by number */
    forger_open(&f, h, 2);
    forger_person(&f, "folder");
    push_all(h, &f);
    printf("under way\n");
    fflush(stdout);
    for (uint32_t i = 0;; i++) {
        ways[i % (sizeof(ways) / sizeof(ways[0]))](h, &f);
        hostile_live(h, NULL, 1000);
        printf("forced %u\n", i + 1);
        fflush(stdout);
    }
}

const struct attack serve_attacks[] = {
    {"letters", true, attack_letters},
    {"refold", true, attack_refold},
    {NULL, false, NULL},
};
