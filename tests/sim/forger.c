/* Feeds made by hand, right in form. */
#include <stdlib.h>

#include "lies.h"

void forger_entry(struct hostile *h, struct forger *f, struct slice payload,
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
    if (f->strip) {
        entry_strip(&e);
    }
    run_pack_entry(&f->entries, &e);
    f->count++;
}

void forger_op(struct hostile *h, struct forger *f, const struct op *op)
{
    struct pack p;
    uint8_t payload[PAYLOAD_BYTES_MAX] = {42};
    pack_init(&p);
    if (op_encode(&p, op) != OK) {
        abort();
    }
    memcpy(payload + SALT_BYTES, pack_bytes(&p).at, pack_bytes(&p).len);
    forger_entry(h, f, slice_of(payload, SALT_BYTES + pack_bytes(&p).len), NULL, 0);
    pack_clear(&p);
}

void forger_open(struct world *world, struct machine *m, struct forger *f)
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
    forger_op(m->lies, f, &op);
}

void forger_hello(struct hostile *h, struct forger *f, const struct person_id *who)
{
    struct op op = {.kind = OP_HELLO,
                    .has = FIELD_BY | FIELD_KEY | FIELD_SIGNATURE | FIELD_MOVES,
                    .moves = true,
                    .by = *who,
                    .key = h->person_pk,
                    .signature = grant_sign(&h->person, who, &f->id)};
    forger_op(h, f, &op);
}

void forger_note(struct hostile *h, struct forger *f, const struct person_id *who, const char *text)
{
    struct op op = {
        .kind = OP_NOTE, .has = FIELD_BY | FIELD_TEXT, .by = *who, .text = slice_str(text)};
    forger_op(h, f, &op);
}

void forger_run(struct forger *f, struct pack *out, bool spoilt)
{
    struct signature signature = run_sign(&f->feed, &f->last);
    signature.b[20] ^= spoilt;
    run_pack_head(out, &f->id, f->first, &signature, f->count);
    pack_raw(out, pack_bytes(&f->entries));
    pack_reset(&f->entries);
    f->first = f->seq + 1;
    f->count = 0;
}

void forger_push(struct machine *m, struct forger *f, bool spoilt)
{
    pack_reset(&m->lies->pack);
    pack_runs(&m->lies->pack, RUNS_PUSH, 1);
    forger_run(f, &m->lies->pack, spoilt);
}

void forger_push_all(struct world *world, struct machine *m, struct forger *f, bool spoilt)
{
    forger_push(m, f, spoilt);
    lies_tell_all(world, m);
    pack_clear(&f->entries);
}

void forger_clear(struct forger *f)
{
    pack_clear(&f->entries);
}
