/* Which login is at the other end of a local socket. */
#ifndef JAM_LOGIN_H
#define JAM_LOGIN_H

#include "device.h"

/* The same for all commands of one login, never reused by another. A shared account proves nothing, so beside the user
 * it counts the audit session where there is one, else the leader of the terminal session, with its start time. */
struct login login_of(int fd);

#endif
