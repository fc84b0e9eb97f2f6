/* The LAN without connections: interfaces, and the datagrams by which machines find each other. */
#ifndef JAM_LAN_H
#define JAM_LAN_H

#include "loop.h"

struct lan;

/* Watches the interfaces (all usable ones, or those that are named), and opens the beacon sockets if options->beacon.
 * ERR_NOMEM. A kind of socket that this system lacks is logged and done without. */
enum err lan_open(struct loop *, const struct options *, struct lan **);
/* Sends on every interface by each of the enum lan_path bits in `paths`; PATH_UNICAST goes to *to. */
void lan_send(struct lan *, uint32_t paths, const struct address *to, struct slice bytes);
/* After all handles of the loop are closed. */
void lan_close(struct lan **);

#endif
