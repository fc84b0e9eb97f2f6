/* No conversation breaks a machine, whatever members of the class send it, and its views tell the same when the log is folded
 * again. The input is what happens, one object behind the other:
 *   a number                    so much time passes
 *   a binary                    a datagram comes
 *   [nil, op, yes]              a pupil's next entry says the op (yes: it knows what the teacher's last one says)
 *   [true, op, yes]             so does the teacher's, who holds the root key
 *   [false, op, yes]            the pupil's feed forks: another entry where the last one stands
 *   [0, number, method, params] a request of a client
 *   [kind, ...]                 a message from the pupil's machine
 * Everywhere in them a negative number -n stands for the n-th thing that the class has. */
#include "machine.h"

enum { EVENTS_MAX = 48 };

const size_t fuzz_room = SIZE_MAX / 2; /* the machine counts for each event */

static void say(struct pack *p, const msgpack_object *o)
{
    int64_t number = 0;
    if (o->type == MSGPACK_OBJECT_NEGATIVE_INTEGER && read_int(o, &number)) {
        struct slice thing = machine_known((uint32_t)(-number - 1));
        thing.at ? pack_bin(p, thing) : pack_nil(p);
    } else if (o->type == MSGPACK_OBJECT_ARRAY) {
        pack_array(p, o->via.array.size);
        for (uint32_t i = 0; i < o->via.array.size; i++) {
            say(p, &o->via.array.ptr[i]);
        }
    } else if (o->type == MSGPACK_OBJECT_MAP) {
        pack_map(p, o->via.map.size);
        for (uint32_t i = 0; i < o->via.map.size; i++) {
            say(p, &o->via.map.ptr[i].key);
            say(p, &o->via.map.ptr[i].val);
        }
    } else {
        p->failed |= msgpack_pack_object(&p->packer, *o) != 0;
    }
}

static void write_entry(struct machine *m, struct pack *p, const msgpack_object *items,
                        uint32_t count)
{
    bool teacher = false, known = false;
    bool fork = read_bool(&items[0], &teacher) && !teacher;
    if (count > 1) {
        say(p, &items[1]);
        read_bool(count > 2 ? &items[2] : NULL, &known);
        machine_write(m, teacher ? MEMBER_TEACHER : MEMBER_PUPIL, pack_bytes(p), known, fork);
    }
}

static void happen(struct machine *m, struct pack *p, const msgpack_object *o)
{
    uint64_t number;
    struct slice datagram;
    const msgpack_object *items;
    uint32_t count;
    pack_reset(p);
    if (read_uint(o, &number)) {
        machine_pass(m, number);
    } else if (read_bin(o, &datagram)) {
        machine_datagram(m, datagram);
    } else if (!read_array(o, &items, &count) || count == 0) {
        return;
    } else if (!read_uint(&items[0], &number)) {
        write_entry(m, p, items, count);
    } else {
        say(p, o);
        number == 0 ? machine_ask(m, 1, pack_bytes(p))
                    : machine_tell(m, MEMBER_PUPIL, pack_bytes(p));
    }
}

void fuzz_one(struct slice input)
{
    struct machine m;
    struct pack p;
    pack_init(&p);
    machine_disk(&m);
    machine_open(&m);
    for (uint32_t i = 0; i < EVENTS_MAX && input.len; i++) {
        size_t used = 0;
        struct doc doc;
        if (pack_scan_first(input, PACK_LOCAL, &used) != OK ||
            doc_open(&doc, slice_of(input.at, used), PACK_LOCAL) != OK) {
            break;
        }
        happen(&m, &p, &doc.root);
        doc_clear(&doc);
        input = slice_of(input.at + used, input.len - used);
    }
    machine_pass(&m, 100);
    machine_check_views(&m);
    machine_close(&m);
    pack_clear(&p);
}
