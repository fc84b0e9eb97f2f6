/* What each target of libFuzzer brings: one function that takes an input, aborts if it finds anything wrong, and keeps to
 * the memory that an input may cost. target.c is the rest of the program. */
#ifndef JAM_FUZZ_H
#define JAM_FUZZ_H

#include "bytes.h"

void fuzz_one(struct slice input);
/* Bytes that an input may make us hold at a time, beside FUZZ_FACTOR for each of its own. */
extern const size_t fuzz_room;

enum {
    FUZZ_ROOM = 64 * 1024,
    FUZZ_FACTOR = 40,
};

void fuzz_check(bool holds);

/* How much memory has been taken since a moment, at most at a time. */
struct fuzz_spent {
    ptrdiff_t held, most;
};
/* Begins anew, and returns what was counted so far, for fuzz_spent_back. */
struct fuzz_spent fuzz_spent_begin(void);
/* The most since the last fuzz_spent_begin; counts on for whom that interrupted. */
size_t fuzz_spent_end(struct fuzz_spent before);

#endif
