/* Whatever the strict scan accepts, msgpack-c unpacks and packs again to the same bytes; and the scans agree with one
 * another. */
#include "fuzz.h"
#include "bounds.h"
#include "pack.h"

static void check_packed_again(struct slice bytes)
{
    struct doc doc;
    struct pack p;
    fuzz_check(doc_open(&doc, bytes, PACK_STRICT) == OK);
    pack_init(&p);
    fuzz_check(msgpack_pack_object(&p.packer, doc.root) == 0);
    fuzz_check(slice_equal(pack_bytes(&p), bytes));
    pack_clear(&p);
    doc_clear(&doc);
}

const size_t fuzz_room = FUZZ_ROOM;

void fuzz_one(struct slice input)
{
    size_t used = 0, used_local = 0;
    enum err strict = pack_scan(input, PACK_STRICT);
    enum err first = pack_scan_first(input, PACK_STRICT, &used);
    enum err local = pack_scan_first(input, PACK_LOCAL, &used_local);
    fuzz_check(used <= input.len);
    if (first == OK) {
        fuzz_check(strict == (used == input.len ? OK : ERR_NOT_CANONICAL));
        fuzz_check(local == OK && used_local == used);
        check_packed_again(slice_of(input.at, used));
        for (size_t cut = 0; cut < used && used < 64; cut++) {
            fuzz_check(pack_scan(slice_of(input.at, cut), PACK_STRICT) == ERR_TRUNCATED);
        }
    } else {
        fuzz_check(strict == first && used == 0);
    }
}
