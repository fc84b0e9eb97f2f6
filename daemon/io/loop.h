/* The turn of the daemon: what comes in is fed to the core; at the end of the turn comes one commit, and only then are
 * the core's outputs carried out. */
#ifndef JAM_LOOP_H
#define JAM_LOOP_H

#include <uv.h>

#include "device.h"
#include "disk.h"
#include "log.h"
#include "options.h"

struct loop;

/* Opens the sockets, then the device. On an error *why fills its sentence, and nothing remains. */
enum err loop_open(const struct options *, const struct device_config *, const struct disk *,
                   struct loop **, struct why *);
/* Prints `ready`, tells systemd, and runs until SIGTERM or SIGINT, which it answers by a clean leave. ERR_NOMEM: it ended
 * since there was no memory for what had to be said. */
enum err loop_run(struct loop *);
/* Did it end to be opened again, since a database turned out to be damaged? */
bool loop_again(const struct loop *);
void loop_close(struct loop **);

/* For what is opened by loop_open: the daemon's libuv loop, its log, and where every callback hands its event. Never to
 * be called while an output is carried out. */
uv_loop_t *loop_uv(struct loop *);
struct log *loop_log(struct loop *);
void loop_feed(struct loop *, const struct event *);

#endif
