/* A message all of whose items are accepted is written again to the same bytes. */

#include "fuzz.h"
#include "../unit/message_again.h"

const size_t fuzz_room = FUZZ_ROOM;

void fuzz_one(struct slice input)
{
    struct doc doc;
    struct message m;
    struct pack again;
    if (input.len > MESSAGE_BYTES_MAX || doc_open(&doc, input, PACK_STRICT) != OK) {
        return;
    }
    pack_init(&again);
    if (message_read(&doc.root, &m) == OK && message_again(&m, &again) == OK) {
        fuzz_check(slice_equal(pack_bytes(&again), input));
    }
    pack_clear(&again);
    doc_clear(&doc);
}
