/* No sequence of requests breaks a machine, or makes it say what isn't MessagePack. The input is what comes over the local
 * socket: requests, one behind the other. A number isn't one: so much time passes then (its last bit tells at which of two
 * terminals the next is typed). */
#include "machine.h"

enum { REQUESTS_MAX = 32, TERMINALS = 2 };

const size_t fuzz_room = SIZE_MAX / 2; /* the machine counts for each event */

void fuzz_one(struct slice input)
{
    struct machine m;
    uint8_t login = 1;
    machine_disk(&m);
    machine_open(&m);
    for (uint32_t i = 0; i < REQUESTS_MAX && input.len; i++) {
        size_t used = input.len;
        struct doc doc;
        uint64_t number = 0;
        bool whole = pack_scan_first(input, PACK_LOCAL, &used) == OK;
        struct slice request = slice_of(input.at, used);
        bool is_number = false;
        if (whole && doc_open(&doc, request, PACK_LOCAL) == OK) {
            is_number = read_uint(&doc.root, &number);
            doc_clear(&doc);
        }
        if (is_number) {
            login = (uint8_t)(1 + number % TERMINALS);
            machine_pass(&m, number / TERMINALS);
        } else {
            machine_ask(&m, login, request);
        }
        input = slice_of(input.at + used, input.len - used);
    }
    machine_pass(&m, 100);
    machine_check_views(&m);
    machine_close(&m);
}
