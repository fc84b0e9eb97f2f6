/* A run all of whose entries are accepted is written again to the same bytes. */
#include <stdlib.h>

#include "entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct slice all = slice_of(bytes, len);
    struct doc doc;
    struct run run;
    struct pack p;
    if (doc_open(&doc, all, PACK_STRICT) != OK) {
        return 0;
    }
    pack_init(&p);
    if (run_read(&doc.root, &run) == OK && write_again(&p, &run) &&
        !slice_equal(pack_bytes(&p), all)) {
        abort();
    }
    pack_clear(&p);
    doc_clear(&doc);
    return 0;
}
