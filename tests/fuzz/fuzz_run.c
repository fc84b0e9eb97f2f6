/* A run all of whose entries are accepted is written again to the same bytes. */
#include "fuzz.h"
#include "entry.h"

/* False if an entry is refused. */
static bool write_again(struct pack *p, const struct run *run)
{
    run_pack_head(p, &run->feed, run->first_seq, &run->signature, run->count);
    for (uint32_t i = 0; i < run->count; i++) {
        struct hash after[AFTER_MAX];
        struct class_id class = {{0}};
        struct entry e = {0};
        if (run_entry(run, i, after, &e) != OK) {
            return false;
        }
        entry_id(&class, &e);
        run_pack_entry(p, &e);
    }
    return true;
}

const size_t fuzz_room = FUZZ_ROOM;

void fuzz_one(struct slice input)
{
    struct doc doc;
    struct run run;
    struct pack p;
    if (doc_open(&doc, input, PACK_STRICT) != OK) {
        return;
    }
    pack_init(&p);
    if (run_read(&doc.root, &run) == OK && write_again(&p, &run)) {
        fuzz_check(slice_equal(pack_bytes(&p), input));
    }
    pack_clear(&p);
    doc_clear(&doc);
}
