/* Watches logins from when they are met, and feeds EVENT_LOGOUT when they have ended. */
#ifndef JAM_LOGINS_H
#define JAM_LOGINS_H

#include "loop.h"

struct logins;

/* NULL: no memory. */
struct logins *logins_open(struct loop *);
/* The login at the other end of a local socket, and its user. */
struct login logins_meet(struct logins *, int fd, uint32_t *uid);
/* After all handles of the loop are closed. */
void logins_close(struct logins **);

#endif
