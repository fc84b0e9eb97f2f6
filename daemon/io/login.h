/* Which login is at the other end of a local socket, and when it ends. */
#ifndef JAM_LOGIN_H
#define JAM_LOGIN_H

#include "loop.h"

/* What shows in /proc that a login lasts. */
struct login_sign {
    struct login login;
    uint32_t audit;  /* its audit session; UINT32_MAX: none */
    int32_t process; /* one that belongs to it: its leader, at first; 0: none is known */
    uint64_t start;  /* of that process, in ticks since boot */
};

/* The same for all commands of one login, never reused by another. A shared account proves nothing, so beside the user
 * it counts the audit session where there is one, else the leader of the terminal session, with its start time. */
struct login login_of(int fd, struct login_sign *);

/* Has it ended? For an audit session when its last process has, which may be another than before; else when the leader
 * has. A login whose leader couldn't be seen never ends. */
bool login_has_ended(struct login_sign *);

struct logins;

/* Watches logins from when they are met, and feeds EVENT_LOGOUT when they have ended. NULL: no memory. */
struct logins *logins_open(struct loop *);
struct login logins_meet(struct logins *, int fd);
/* After all handles of the loop are closed. */
void logins_close(struct logins **);

#endif
