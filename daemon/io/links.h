/* The one-way mailboxes: an inbox for each class, and a link to each neighbour. ZeroMQ, CURVE, ZAP. */
#ifndef JAM_LINKS_H
#define JAM_LINKS_H

#include "loop.h"

struct links;

/* Starts libzmq and the door. With options->listens, tries whether that address and port can be had: ERR_USAGE with
 * *why if not. ERR_NOMEM. */
enum err links_open(struct loop *, const struct options *, const struct sign_key *, struct links **,
                    struct why *);
/* Takes what came in, up to a bound, and feeds it. True if more waits. To be called before each poll. */
bool links_turn(struct links *);

/* What the core's outputs ask for; see device.h. None of them feeds: what follows is fed by links_turn. */
void links_bind(struct links *, uint32_t class_index, uint32_t number, const struct class_secret *);
void links_unbind(struct links *, uint32_t class_index, uint32_t number);
/* Link keys, one behind the other: none of them comes into this class from now on, and who is there is cut off. */
void links_bar(struct links *, uint32_t class_index, struct slice keys);
void links_link(struct links *, uint32_t class_index, const struct link_pk *,
                const struct address *);
void links_unlink(struct links *, uint32_t class_index, const struct link_pk *);
void links_send(struct links *, uint32_t class_index, const struct link_pk *, struct slice);
void links_call(struct links *, uint32_t class_index, const struct address *, struct slice);
void links_kick(struct links *, const struct link_pk *, uint32_t wait_ms);

/* After all handles of the loop are closed. Gives what is on its way a fifth of a second. */
void links_close(struct links **);

#endif
