/* Whatever op_decode accepts, op_encode gives back. */
#include "fuzz.h"
#include "op.h"

const size_t fuzz_room = FUZZ_ROOM;

void fuzz_one(struct slice input)
{
    struct op op;
    struct pack p;
    if (op_decode(input, &op) != OK) {
        return;
    }
    pack_init(&p);
    fuzz_check(op_encode(&p, &op) == OK && slice_equal(pack_bytes(&p), input));
    pack_clear(&p);
}
