/* Whatever op_decode accepts, op_encode gives back. */
#include <stdlib.h>

#include "op.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct slice all = slice_of(bytes, len);
    struct op op;
    struct pack p;
    if (op_decode(all, &op) != OK) {
        return 0;
    }
    pack_init(&p);
    if (op_encode(&p, &op) != OK || !slice_equal(pack_bytes(&p), all)) {
        abort();
    }
    pack_clear(&p);
    return 0;
}
