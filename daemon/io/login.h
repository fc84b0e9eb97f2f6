/* Which login a process belongs to, and whether that has ended. `proc` is where /proc is. */
#ifndef JAM_LOGIN_H
#define JAM_LOGIN_H

#include "device.h"

/* What shows in /proc that a login lasts. */
struct login_sign {
    struct login login;
    uint32_t audit;  /* its audit session; UINT32_MAX: none */
    int32_t process; /* one that belongs to it: its leader, if there is one; 0: none is known */
    uint64_t start;  /* of that process, in ticks since boot */
};

/* The same for all commands of one login, never reused by another. A shared account proves nothing, so beside the user
 * it counts the audit session where there is one, else the leader of the terminal session, with its start time. */
struct login login_of(const char *proc, uint32_t uid, int32_t process, struct login_sign *);

/* Has it ended? For an audit session when its last process has, which may be another than before; else when the leader
 * has. Without an audit session a login whose leader couldn't be seen never ends. */
bool login_has_ended(const char *proc, struct login_sign *);

#endif
