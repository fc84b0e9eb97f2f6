/* Bytes that claim to be much: who reads them must refuse them without taking memory for it. */
#ifndef JAM_TEST_BOMBS_H
#define JAM_TEST_BOMBS_H

#include <string.h>

#include "bounds.h"
#include "bytes.h"

enum { BOMBS = 12 };

/* Their bytes stay as long as the program runs. */
static inline void bombs_make(struct slice out[BOMBS])
{
    static uint8_t deep[MESSAGE_BYTES_MAX], wide[MESSAGE_BYTES_MAX];
    const struct slice bombs[BOMBS] = {
        slice_of("\xdd\xff\xff\xff\xff", 5),
        slice_of("\xdd\x10\x00\x00\x00", 5),
        slice_of("\xdf\xff\xff\xff\xff", 5),
        slice_of("\xc6\xff\xff\xff\xff", 5),
        slice_of("\xdb\x7f\xff\xff\xff", 5),
        slice_of("\xc9\xff\xff\xff\xff\x01", 6),
        slice_of("\x92\x04\xdc\xff\xff", 5),
        slice_of("\x92\x15\xdd\xff\xff\xff\xff", 7),
        slice_of("\x92\x14\xdb\x7f\xff\xff\xff", 7),
        slice_of("\xc1", 1),
        slice_of(deep, sizeof(deep)),
        slice_of(wide, sizeof(wide)),
    };
    memset(deep, 0x91, sizeof(deep));
    memset(wide, 0xc0, sizeof(wide));
    memcpy(wide, "\xdc\xff\xfd", 3);
    memcpy(out, bombs, sizeof(bombs));
}

#endif
