/* Large rooms in one process: what each machine sends while nothing happens, by kinds of messages, and how many links it
 * keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>


#include "room.h"

#define PASSPHRASE "cobweb item comet lamp domino"

/* What a message costs on a wire of Ethernet besides its own bytes, as measured: TCP, ZMTP and CURVE; its receiver's
 * acknowledgement; a handshake, at each end; a datagram by three paths; a TCP keepalive each way, on each link at either end,
 * every two minutes. */
enum {
    MESSAGE_COST = 101,
    TAKEN_COST = 66,
    LINK_COST = 1000,
    DATAGRAM_COST = 190,
    KEEPALIVE_COST = 132,
    KEEPALIVE_S = 120,
    SETTLE_MS = 120000,
    IDLE_S = 300,
};

static struct room *class_of(int count)
{
    char invite[256];
    struct room *room = room_new(count);
    room_create(room, 0, "Period 3", invite);
    for (int i = 1; i < count; i++) {
        assert_string_equal(ASK(room, i, "class.join", "words", invite), "");
    }
    return room;
}

static uint32_t links_of(const struct room *room, int i)
{
    uint32_t count = 0;
    for (int k = 0; k < room->count; k++) {
        count += room->m[i].linked[k].port != 0;
    }
    return count;
}

struct use {
    uint64_t sent_of[ROOM_KINDS], bytes_of[ROOM_KINDS];
    uint64_t messages, bytes, taken, links_made, datagrams, links, links_most;
};

static struct use use_of(const struct room *room)
{
    struct use c = {.messages = 0};
    for (int i = 0; i < room->count; i++) {
        const struct machine *m = &room->m[i];
        for (int k = 0; k < ROOM_KINDS; k++) {
            c.sent_of[k] += m->sent_of[k];
            c.bytes_of[k] += m->bytes_of[k];
        }
        c.messages += m->sent_messages;
        c.bytes += m->sent_bytes;
        c.taken += m->taken;
        c.links_made += m->links_made;
        c.datagrams += m->datagrams;
        uint64_t links = links_of(room, i);
        c.links += links;
        c.links_most = links > c.links_most ? links : c.links_most;
    }
    return c;
}

static void run(int count)
{
    struct room *room = class_of(count);
    room_run(room, SETTLE_MS);
    struct use a = use_of(room);
    room_run(room, IDLE_S * 1000);
    struct use b = use_of(room);
    double each = 1.0 / count / IDLE_S;
    for (int k = 0; k < ROOM_KINDS; k++) {
        if (b.sent_of[k] > a.sent_of[k]) {
            printf("# kind %d: %.3f/s %.1f bytes/s\n", k, (double)(b.sent_of[k] - a.sent_of[k]) * each, (double)(b.bytes_of[k] - a.bytes_of[k]) * each);
        }
    }
    double wire = (double)(b.bytes - a.bytes + MESSAGE_COST * (b.messages - a.messages) + TAKEN_COST * (b.taken - a.taken) + 2 * LINK_COST * (b.links_made - a.links_made) + DATAGRAM_COST * (b.datagrams - a.datagrams)) * each + 2.0 * (double)b.links / count * KEEPALIVE_COST / KEEPALIVE_S;
    printf("# %d machines: %.1f bytes/s, links %.1f most %llu, made %.4f/s, datagrams %.3f/s (before: %.1f made, %.0f bytes each)\n", count, wire, (double)b.links / count, (unsigned long long)b.links_most, (double)(b.links_made - a.links_made) * each, (double)(b.datagrams - a.datagrams) * each, (double)a.links_made / count, (double)a.bytes / count);
    room_free(room);
}

static void x(void **state)
{
    (void)state;
    const char *n = getenv("N");
    run(n ? atoi(n) : 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
