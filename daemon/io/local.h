/* The local socket: clients of this machine, told apart by number and login. */
#ifndef JAM_LOCAL_H
#define JAM_LOCAL_H

#include "loop.h"

struct local;

/* Binds `path`. A socket there that nobody answers is removed; anything else refuses: ERR_SOCKET, ERR_NOMEM. */
enum err local_open(struct loop *, const char *path, struct local **, struct why *);
/* Feeds what didn't fit the last turn. True if there is still more. */
bool local_turn(struct local *);
/* Queues bytes for a client; one that never reads is dropped. */
void local_reply(struct local *, client_id, struct slice);
/* Closes a client once it has taken what is queued. */
void local_hangup(struct local *, client_id);
/* After all handles of the loop are closed. Removes the socket file if it is still ours. */
void local_close(struct local **);

#endif
