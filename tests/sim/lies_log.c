/* Lies about the log: entries that are false, or that are told to some and not to others. */
#include <stdlib.h>

#include "lies.h"

static void lie_signature(struct world *world, struct machine *m)
{
    struct forger f;
    forger_open(world, m, &f);
    forger_hello(m->lies, &f, &m->lies->person_id);
    forger_note(m->lies, &f, &m->lies->person_id, "forged by signature");
    forger_push_all(world, m, &f, true);
}

static void lie_as_another(struct world *world, struct machine *m)
{
    struct forger f;
    struct person_id who;
    if (lies_person(world, &who)) {
        forger_open(world, m, &f);
        if (chance(&world->lies, 50)) {
            forger_hello(m->lies, &f, &who);
        }
        forger_note(m->lies, &f, &who, "forged in a name");
        forger_push_all(world, m, &f, false);
    }
}

/* Teachers' ops, by somebody who is none. */
static void lie_as_teacher(struct world *world, struct machine *m)
{
    struct forger f;
    struct hostile *h = m->lies;
    struct op op = {.by = h->person_id};
    if (!lies_person(world, &op.person) || !lies_note(world, &op.entry)) {
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
    forger_open(world, m, &f);
    forger_hello(h, &f, &h->person_id);
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        op.kind = ops[i].kind;
        op.has = ops[i].has;
        forger_op(h, &f, &op);
    }
    forger_push_all(world, m, &f, false);
}

static void lie_class(struct world *world, struct machine *m)
{
    struct forger f;
    struct op op = {.kind = OP_CLASS,
                    .has = FIELD_NAME | FIELD_KEY | FIELD_SIGNATURE | FIELD_POLICY | FIELD_UNTIL,
                    .name = slice_str("forged class"),
                    .key = chance(&world->lies, 50) ? m->lies->root : m->lies->person_pk,
                    .policy = POLICY_OPEN};
    forger_open(world, m, &f);
    forger_op(m->lies, &f, &op);
    forger_push_all(world, m, &f, false);
}

/* Two stories from one place on, told to two halves, one of them by another of the gang. */
static void lie_fork(struct world *world, struct machine *m)
{
    struct forger f, other;
    struct hostile *h = m->lies;
    struct pack two;
    forger_open(world, m, &f);
    forger_hello(h, &f, &h->person_id);
    forger_push_all(world, m, &f, false);
    pack_init(&f.entries);
    other = f;
    pack_init(&other.entries);
    forger_note(h, &f, &h->person_id, "one story");
    forger_note(h, &other, &h->person_id, "another story");
    other.lamport += chance(&world->lies, 30) ? 1000 : 0;
    forger_note(h, &other, &h->person_id, "goes on");
    struct machine *friend = &world->machines[world->plan.machines - 1];
    friend = friend->lies ? friend : m;
    pack_init(&two);
    pack_runs(&two, RUNS_PUSH, 1);
    forger_run(&other, &two, false);
    forger_push(m, &f, false);
    for (int i = 0; i < world->count; i++) {
        if (i % 2) {
            lies_tell(world, m, i);
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
    forger_open(world, m, &f);
    f.lamport += chance(&world->lies, 50) ? UINT64_C(1) << 40 : UINT64_MAX;
    forger_hello(m->lies, &f, &m->lies->person_id);
    forger_note(m->lies, &f, &m->lies->person_id, "forged in the order");
    forger_push_all(world, m, &f, false);
}

static void lie_after(struct world *world, struct machine *m)
{
    static const struct hash causes[2] = {{{9}}, {{1}}};
    struct forger f;
    uint8_t payload[SALT_BYTES + 20] = {1};
    forger_open(world, m, &f);
    bool unsorted = chance(&world->lies, 50);
    forger_entry(m->lies, &f, slice_of(payload, sizeof(payload)), causes, unsorted ? 2 : 1);
    forger_push_all(world, m, &f, false);
}

/* Right in all, and much of it. */
static void lie_flood(struct world *world, struct machine *m)
{
    struct forger f;
    forger_open(world, m, &f);
    forger_hello(m->lies, &f, &m->lies->person_id);
    for (int i = 0; i < FLOOD; i++) {
        forger_note(m->lies, &f, &m->lies->person_id, "\033[31mflood\u202e \u0301");
    }
    forger_push_all(world, m, &f, false);
}

/* The header of a note whose text is told to nobody. */
static void lie_withhold(struct world *world, struct machine *m)
{
    struct forger f;
    forger_open(world, m, &f);
    forger_hello(m->lies, &f, &m->lies->person_id);
    f.strip = true;
    forger_note(m->lies, &f, &m->lies->person_id, "withheld");
    forger_push_all(world, m, &f, false);
}

/* As if of another class; or of another chain. */
static void lie_chain(struct world *world, struct machine *m)
{
    struct forger f;
    struct hostile *h = m->lies;
    struct class_id class = h->class;
    forger_open(world, m, &f);
    forger_hello(h, &f, &h->person_id);
    h->class.b[3] ^= chance(&world->lies, 50);
    f.last.b[0] ^= SAME(class, h->class);
    forger_note(h, &f, &h->person_id, "forged in a chain");
    h->class = class;
    forger_push_all(world, m, &f, false);
}

/* A run without its end: its signature stands at an entry that isn't told. */
static void lie_no_end(struct world *world, struct machine *m)
{
    struct forger f;
    struct hostile *h = m->lies;
    forger_open(world, m, &f);
    forger_hello(h, &f, &h->person_id);
    pack_reset(&h->pack);
    pack_runs(&h->pack, RUNS_PUSH, 1);
    struct forger longer = f;
    pack_init(&longer.entries);
    forger_note(h, &longer, &h->person_id, "never told");
    struct signature signature = run_sign(&f.feed, &longer.last);
    run_pack_head(&h->pack, &f.id, f.first, &signature, f.count);
    pack_raw(&h->pack, pack_bytes(&f.entries));
    lies_tell_all(world, m);
    pack_clear(&longer.entries);
    pack_clear(&f.entries);
}

/* Two lengths of one feed: some get all of it, some only its beginning, under a signature of its own. */
static void lie_two_lengths(struct world *world, struct machine *m)
{
    struct forger f;
    struct hostile *h = m->lies;
    struct pack whole;
    forger_open(world, m, &f);
    forger_hello(h, &f, &h->person_id);
    struct forger longer = f;
    pack_init(&longer.entries);
    pack_raw(&longer.entries, pack_bytes(&f.entries));
    forger_note(h, &longer, &h->person_id, "only for some");
    pack_init(&whole);
    pack_runs(&whole, RUNS_PUSH, 1);
    forger_run(&longer, &whole, false);
    forger_push(m, &f, false);
    for (int i = 0; i < world->count; i++) {
        if (chance(&world->lies, 50)) {
            lies_tell(world, m, i);
        } else {
            net_raw(world, m, i, pack_bytes(&whole));
        }
    }
    pack_clear(&whole);
    pack_clear(&longer.entries);
    pack_clear(&f.entries);
}

/* Its cause is told to one machine alone, or to none; or it is the beginning of a run whose end waits for ever. */
static void lie_withheld_cause(struct world *world, struct machine *m)
{
    static const struct hash nowhere = {{9}};
    struct forger cause, f;
    struct hostile *h = m->lies;
    uint8_t payload[SALT_BYTES + 20] = {3};
    forger_open(world, m, &cause);
    struct hash opened = cause.last;
    if (chance(&world->lies, 50)) {
        forger_entry(h, &cause, slice_of(payload, sizeof(payload)), &nowhere, 1);
    }
    forger_push(m, &cause, false);
    if (chance(&world->lies, 70)) {
        lies_tell(world, m, lies_machine(world));
    }
    pack_clear(&cause.entries);
    forger_open(world, m, &f);
    forger_hello(h, &f, &h->person_id);
    f.lamport = f.lamport > cause.lamport ? f.lamport : cause.lamport;
    forger_entry(h, &f, slice_of(payload, sizeof(payload)), &opened, 1);
    forger_push_all(world, m, &f, false);
}

/* An entry whose place in the order is false behind a cause that only some have: what stands before it is named by another feed. */
static void lie_behind_a_cause(struct world *world, struct machine *m)
{
    struct forger cause, f, g;
    struct hostile *h = m->lies;
    struct pack run;
    uint8_t payload[SALT_BYTES + 20] = {4};
    struct slice bytes = slice_of(payload, sizeof(payload));
    forger_open(world, m, &cause);
    pack_init(&run);
    pack_runs(&run, RUNS_PUSH, 1);
    forger_run(&cause, &run, false);
    for (int i = 0; i < world->count; i++) {
        if (chance(&world->lies, 50)) {
            net_raw(world, m, i, pack_bytes(&run));
        }
    }
    forger_open(world, m, &f);
    struct hash opened = f.last;
    f.lamport += 5000;
    forger_entry(h, &f, bytes, &cause.last, 1);
    forger_push_all(world, m, &f, false);
    forger_open(world, m, &g);
    forger_hello(h, &g, &h->person_id);
    forger_entry(h, &g, bytes, &opened, 1);
    forger_push(m, &g, false);
    lies_tell(world, m, lies_machine(world));
    for (int i = 0; i < world->count; i++) {
        net_raw(world, m, i, pack_bytes(&run));
    }
    pack_clear(&run);
    pack_clear(&cause.entries);
    pack_clear(&g.entries);
}

/* Under a grant that has ended. */
static void lie_after_bye(struct world *world, struct machine *m)
{
    struct forger f;
    struct hostile *h = m->lies;
    bool all = chance(&world->lies, 50);
    struct op bye = {.kind = all ? OP_REVOKE : OP_BYE, .has = FIELD_BY, .by = h->person_id};
    forger_open(world, m, &f);
    forger_hello(h, &f, &h->person_id);
    forger_op(h, &f, &bye);
    forger_note(h, &f, &h->person_id, "forged after the end");
    forger_push_all(world, m, &f, false);
}

/* Somebody's grant or letter again, in a feed of its own. */
static void lie_posted_again(struct world *world, struct machine *m)
{
    struct forger f;
    struct op op;
    struct store *store = lies_store(world);
    sqlite3_stmt *stmt =
        store
            ? store_query(store, "SELECT payload FROM entry WHERE kind IN (4,16) AND payload IS NOT"
                                 " NULL ORDER BY id LIMIT 1 OFFSET ?")
            : NULL;
    store_bind(store, stmt, "i", (int64_t)below(&world->lies, 20));
    if (!stmt || !store_row(store, stmt)) {
        return;
    }
    struct slice payload = column_slice(stmt, 0);
    forger_open(world, m, &f);
    if (op_decode(slice_of(payload.at + SALT_BYTES, payload.len - SALT_BYTES), &op) == OK) {
        struct person_id who = op.by;
        if (op.kind == OP_FEEDBACK && chance(&world->lies, 50)) {
            forger_hello(m->lies, &f, &m->lies->person_id);
            op.by = m->lies->person_id;
        }
        forger_op(m->lies, &f, &op);
        forger_note(m->lies, &f, &who, "forged behind what was posted again");
    }
    sqlite3_reset(stmt);
    forger_push_all(world, m, &f, false);
}

/* Names that belong to others, or soon will: the same but for their letters' case. */
static void lie_handle(struct world *world, struct machine *m)
{
    struct forger f;
    struct hostile *h = m->lies;
    char handle[16];
    snprintf(handle, sizeof(handle), "PUPIL%u", 1 + below(&world->lies, 9));
    struct op op = {.kind = OP_PERSON,
                    .has = FIELD_BY | FIELD_HANDLE,
                    .by = h->person_id,
                    .handle = slice_str(handle)};
    forger_open(world, m, &f);
    forger_hello(h, &f, &h->person_id);
    forger_op(h, &f, &op);
    forger_push_all(world, m, &f, false);
}

/* More feeds, people and jams than a class has. */
static void lie_many(struct world *world, struct machine *m)
{
    struct forger f;
    struct hostile *h = m->lies;
    uint8_t seed[32];
    for (int i = 0; i < FLOOD; i++) {
        forger_open(world, m, &f);
        rng_fill(&world->lies, seed, sizeof(seed));
        sign_keypair(seed, &h->person, &h->person_pk);
        h->person_id = person_id_of(&h->class, &h->person_pk);
        forger_hello(h, &f, &h->person_id);
        struct op jam = {.kind = OP_JAM,
                         .has = FIELD_BY | FIELD_NAME,
                         .by = h->person_id,
                         .name = slice_str("one of many")};
        forger_op(h, &f, &jam);
        forger_push_all(world, m, &f, false);
    }
}

/* The longest text that may be, in letters that are hard to show. */
static void lie_long(struct world *world, struct machine *m)
{
    static const char *const letters[] = {"\360\235\224\270", "\342\200\256", "\033[2J", "a",
                                          "\340\271\211"};
    struct forger f;
    struct hostile *h = m->lies;
    char text[TEXT_BYTES_MAX + 1] = "";
    const char *letter = letters[below(&world->lies, 5)];
    for (size_t at = 0; at + strlen(letter) <= TEXT_BYTES_MAX; at += strlen(letter)) {
        memcpy(text + at, letter, strlen(letter) + 1);
    }
    forger_open(world, m, &f);
    forger_hello(h, &f, &h->person_id);
    forger_note(h, &f, &h->person_id, text);
    forger_push_all(world, m, &f, false);
}

/* What others wrote passed on without its words, as if they had been erased. */
static void lie_relay(struct world *world, struct machine *m)
{
    struct hostile *h = m->lies;
    const struct heard *heard = &h->heard[below(&world->lies, HEARD_MAX)];
    struct doc doc;
    struct message message;
    struct run run;
    if (!heard->len || doc_open(&doc, slice_of(heard->bytes, heard->len), PACK_STRICT) != OK) {
        return;
    }
    if (message_read(&doc.root, &message) == OK && message.kind == MESSAGE_RUNS && message.count &&
        run_read(&message.items[0], &run) == OK) {
        struct hash after[AFTER_MAX];
        struct entry e;
        pack_reset(&h->pack);
        pack_runs(&h->pack, RUNS_PUSH, 1);
        run_pack_head(&h->pack, &run.feed, run.first_seq, &run.signature, run.count);
        for (uint32_t i = 0; i < run.count && run_entry(&run, i, after, &e) == OK; i++) {
            if (e.payload.at && chance(&world->lies, 70)) {
                entry_strip(&e);
            }
            run_pack_entry(&h->pack, &e);
        }
        lies_tell_all(world, m);
    }
    doc_clear(&doc);
}

/* One device key at two machines at once: each writes a feed for it, as if it were alone. */
static void lie_twin(struct world *world, struct machine *m)
{
    struct machine *friend = &world->machines[world->plan.machines - 1];
    if (!friend->lies || friend == m) {
        return;
    }
    friend->lies->class = m->lies->class;
    for (int i = 0; i < 2; i++) {
        struct forger f;
        forger_open(world, friend, &f);
        forger_hello(m->lies, &f, &m->lies->person_id);
        forger_note(m->lies, &f, &m->lies->person_id, "by one of two");
        forger_push_all(world, i ? friend : m, &f, false);
    }
}

const struct lie lies_log[] = {
    {lie_signature, true},      {lie_as_another, true},
    {lie_as_teacher, true},     {lie_class, true},
    {lie_fork, true},           {lie_lamport, true},
    {lie_after, true},          {lie_flood, true},
    {lie_withhold, true},       {lie_chain, true},
    {lie_no_end, true},         {lie_two_lengths, true},
    {lie_withheld_cause, true}, {lie_behind_a_cause, true},
    {lie_after_bye, true},      {lie_posted_again, true},
    {lie_handle, true},         {lie_many, true},
    {lie_long, true},           {lie_relay, false},
    {lie_twin, true},           {NULL, false},
};
