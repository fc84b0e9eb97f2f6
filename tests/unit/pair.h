/* A class of two machines, for tests that look into it. */
#ifndef JAM_TEST_PAIR_H
#define JAM_TEST_PAIR_H

#include "device_inside.h"
#include "room.h"

static inline struct class *class_at(struct room *room, int i)
{
    return room->m[i].device->classes[0];
}

/* Machine 1 is in machine 0's class; ana sits there, in a jam of hers. */
static inline struct room *room_of_two(void)
{
    char words[256];
    struct room *room = room_new(2);
    room_create(room, 0, "7b", words);
    assert_string_equal(ASK(room, 1, "class.join", "words", words), "");
    room_run(room, 6000);
    assert_string_equal(ASK(room, 1, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 1, "start", "name", "bridge"), "");
    return room;
}

#endif
