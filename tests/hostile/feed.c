/* Feeds made by hand: right in form, and false where an attack wants it. */
#include <stdlib.h>

#include "hostile.h"

void forger_open(struct forger *f, struct hostile *h, uint64_t number)
{
    uint8_t seed[32] = {78};
    memset(f, 0, sizeof(*f));
    memcpy(seed + 1, &number, sizeof(number));
    memcpy(seed + 9, h->id.b, 16);
    if (h->options->seed == 0) {
        rng_fill(&h->rng, seed, sizeof(seed));
    }
    f->class = h->class;
    f->device = &h->device;
    f->device_id = h->id;
    sign_keypair(seed, &f->feed, &f->feed_pk);
    f->id = feed_id_of(&f->class, &f->device_id, &f->feed_pk);
    f->first = 1;
    seed[0] = 79;
    sign_keypair(seed, &f->person, &f->person_pk);
    f->person_id = person_id_of(&f->class, &f->person_pk);
    pack_init(&f->entries);
    struct op op = {.kind = OP_OPEN,
                    .has = FIELD_KEY | FIELD_DEVICE | FIELD_SIGNATURE | FIELD_NAME | FIELD_HARDWARE,
                    .key = f->feed_pk,
                    .device = f->device_id,
                    .signature = sign(f->device, "jam device 1", SLICE(f->id)),
                    .name = slice_str("hostile")};
    forger_add(f, &op, NULL, 0, 0);
}

void forger_clear(struct forger *f)
{
    pack_clear(&f->entries);
}

void forger_add(struct forger *f, const struct op *op, const struct hash *after,
                uint32_t after_count, uint64_t lamport)
{
    struct pack p;
    uint8_t payload[PAYLOAD_BYTES_MAX] = {42};
    pack_init(&p);
    must(op_encode(&p, op) == OK, "an op that can't be written");
    memcpy(payload + SALT_BYTES, pack_bytes(&p).at, pack_bytes(&p).len);
    struct slice bytes = slice_of(payload, SALT_BYTES + pack_bytes(&p).len);
    struct entry e = {.feed = f->id,
                      .seq = ++f->seq,
                      .prev = f->last,
                      .after = after,
                      .after_count = after_count,
                      .lamport = lamport ? lamport : f->lamport + 1,
                      .time_ms = 1,
                      .payload_len = (uint32_t)bytes.len,
                      .payload_hash = payload_hash(bytes),
                      .payload = bytes};
    f->lamport = e.lamport;
    f->last = entry_id(&f->class, &e);
    run_pack_entry(&f->entries, &e);
    f->entries_count++;
    pack_clear(&p);
}

void forger_person(struct forger *f, const char *handle)
{
    struct op op = {.kind = OP_HELLO,
                    .has = FIELD_BY | FIELD_KEY | FIELD_SIGNATURE | FIELD_MOVES,
                    .moves = true,
                    .by = f->person_id,
                    .key = f->person_pk,
                    .signature = grant_sign(&f->person, &f->person_id, &f->id)};
    forger_add(f, &op, NULL, 0, 0);
    op = (struct op){.kind = OP_PERSON,
                     .has = FIELD_BY | FIELD_HANDLE,
                     .by = f->person_id,
                     .handle = slice_str(handle)};
    forger_add(f, &op, NULL, 0, 0);
}

void forger_note(struct forger *f, const char *text)
{
    struct op op = {
        .kind = OP_NOTE, .has = FIELD_BY | FIELD_TEXT, .by = f->person_id, .text = slice_str(text)};
    forger_add(f, &op, NULL, 0, 0);
}

void forger_run(struct forger *f, struct pack *p)
{
    struct signature signature = run_sign(&f->feed, &f->last);
    run_pack_head(p, &f->id, f->first, &signature, (uint32_t)f->entries_count);
    pack_raw(p, pack_bytes(&f->entries));
    pack_reset(&f->entries);
    f->first = f->seq + 1;
    f->entries_count = 0;
}

bool forger_tell(struct forger *f, struct hostile *h, struct target *t, uint64_t flags)
{
    pack_reset(&h->pack);
    pack_runs(&h->pack, flags, 1);
    forger_run(f, &h->pack);
    return hostile_say(h, t);
}
