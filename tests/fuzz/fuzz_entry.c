/* An entry that is accepted is written again to the same bytes. Without its payload it has the same id and weight, and its
 * stub says of the op what the op says. */
#include "entry.h"
#include "fuzz.h"
#include "op.h"

const size_t fuzz_room = FUZZ_ROOM;

static const struct class_id class = {{1}};

/* Reads the one entry of a run that is made around these bytes. The caller owes doc_clear on OK. */
static enum err entry_read(struct pack *p, struct slice bytes, struct doc *doc,
                           struct hash after[AFTER_MAX], struct entry *e)
{
    struct run run;
    struct feed_id feed = {{2}};
    struct signature signature = {{0}};
    pack_reset(p);
    run_pack_head(p, &feed, 2, &signature, 1);
    pack_raw(p, bytes);
    enum err err = doc_open(doc, pack_bytes(p), PACK_STRICT);
    if (err != OK) {
        return err;
    }
    err = run_read(&doc->root, &run);
    err = err == OK ? run_entry(&run, 0, after, e) : err;
    if (err != OK) {
        doc_clear(doc);
    }
    return err;
}

static void check_stub(const struct entry *e, struct slice payload)
{
    struct op op;
    struct person_id author;
    enum err err = op_decode(slice_of(payload.at + SALT_BYTES, payload.len - SALT_BYTES), &op);
    if (err == OK) {
        bool authored = stub_author(&e->stub, &author);
        fuzz_check(stub_kind(&e->stub) == op.kind);
        fuzz_check(authored == ((op.has & FIELD_BY) != 0) && (!authored || SAME(author, op.by)));
    }
}

static void check_stripped(struct entry *e, struct pack *p)
{
    struct hash after[AFTER_MAX], id = entry_id(&class, e);
    struct entry again = {0};
    struct doc doc;
    struct pack stripped;
    struct slice payload = e->payload;
    size_t weight = entry_weight(e);
    entry_strip(e);
    fuzz_check(entry_weight(e) == weight);
    pack_init(&stripped);
    run_pack_entry(&stripped, e);
    fuzz_check(pack_bytes(&stripped).len <= weight);
    fuzz_check(entry_read(p, pack_bytes(&stripped), &doc, after, &again) == OK);
    struct hash id_again = entry_id(&class, &again);
    fuzz_check(SAME(id, id_again));
    if (payload.at) {
        check_stub(&again, payload);
    }
    doc_clear(&doc);
    pack_clear(&stripped);
}

void fuzz_one(struct slice input)
{
    struct hash after[AFTER_MAX];
    struct entry e = {0};
    struct doc doc;
    struct pack p, again;
    pack_init(&p);
    pack_init(&again);
    if (entry_read(&p, input, &doc, after, &e) == OK) {
        run_pack_entry(&again, &e);
        fuzz_check(slice_equal(pack_bytes(&again), input));
        fuzz_check(input.len <= entry_weight(&e));
        pack_reset(&again);
        check_stripped(&e, &again);
        doc_clear(&doc);
    }
    pack_clear(&again);
    pack_clear(&p);
}
