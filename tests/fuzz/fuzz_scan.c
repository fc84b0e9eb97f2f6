/* Whatever the strict scan accepts, msgpack-c unpacks and packs again to the same bytes; and the scans agree with one
 * another. */
#include <stdlib.h>

#include "bounds.h"
#include "pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_packed_again(struct slice bytes)
{
    struct doc doc;
    struct pack p;
    check(doc_open(&doc, bytes, PACK_STRICT) == OK);
    pack_init(&p);
    check(msgpack_pack_object(&p.packer, doc.root) == 0);
    check(slice_equal(pack_bytes(&p), bytes));
    pack_clear(&p);
    doc_clear(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct slice all = slice_of(bytes, len);
    size_t used = 0, used_local = 0;
    enum err strict = pack_scan(all, PACK_STRICT);
    enum err first = pack_scan_first(all, PACK_STRICT, &used);
    enum err local = pack_scan_first(all, PACK_LOCAL, &used_local);
    check(used <= len);
    if (first == OK) {
        check(strict == (used == len ? OK : ERR_NOT_CANONICAL));
        check(local == OK && used_local == used);
        check_packed_again(slice_of(bytes, used));
        for (size_t cut = 0; cut < used && used < 64; cut++) {
            check(pack_scan(slice_of(bytes, cut), PACK_STRICT) == ERR_TRUNCATED);
        }
    } else {
        check(strict == first && used == 0);
    }
    return 0;
}
