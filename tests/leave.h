/* How a child of a test ends. */
#ifndef JAM_TEST_LEAVE_H
#define JAM_TEST_LEAVE_H

#include <unistd.h>

void __gcov_dump(void) __attribute__((weak)); /* libgcov's, where it is linked */

/* As _exit, so that what the parent left to do at its end isn't done here too; but what a child came by is counted. */
static inline void __attribute__((noreturn)) leave(int status)
{
    if (__gcov_dump) {
        __gcov_dump();
    }
    _exit(status);
}

#endif
