/* A message all of whose items are accepted is written again to the same bytes. */
#include <stdlib.h>

#include "../unit/message_again.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct slice all = slice_of(bytes, len);
    struct doc doc;
    struct message m;
    struct pack again;
    if (len > MESSAGE_BYTES_MAX || doc_open(&doc, all, PACK_STRICT) != OK) {
        return 0;
    }
    pack_init(&again);
    if (message_read(&doc.root, &m) == OK && message_again(&m, &again) == OK &&
        !slice_equal(pack_bytes(&again), all)) {
        abort();
    }
    pack_clear(&again);
    doc_clear(&doc);
    return 0;
}
