/* Watches who sits at this machine: which login is at the other end of a local socket, and when that ends. */
#include "logins.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "login.h"

enum { LOGINS_MAX = 256, LOOK_MS = 2000 };

static const char PROC[] = "/proc";

struct logins {
    struct loop *loop;
    uv_timer_t look;
    struct login_sign signs[LOGINS_MAX];
    uint32_t count;
};

static void look_cb(uv_timer_t *timer)
{
    struct logins *logins = timer->data;
    for (uint32_t i = logins->count; i > 0; i--) {
        struct login_sign *sign = &logins->signs[i - 1];
        if (login_has_ended(PROC, sign)) {
            struct event event = {.kind = EVENT_LOGOUT, .login = sign->login};
            *sign = logins->signs[--logins->count];
            loop_feed(logins->loop, &event);
        }
    }
    if (logins->count == 0) {
        uv_timer_stop(timer);
    }
}

struct logins *logins_open(struct loop *loop)
{
    struct logins *logins = calloc(1, sizeof *logins);
    if (logins) {
        logins->loop = loop;
        logins->look.data = logins;
        uv_timer_init(loop_uv(loop), &logins->look);
    }
    return logins;
}

/* Beyond LOGINS_MAX a login isn't watched: who sits there is signed out for idling. */
struct login logins_meet(struct logins *logins, int fd, uint32_t *uid)
{
    struct ucred peer = {.uid = UINT32_MAX};
    socklen_t len = sizeof peer;
    struct login_sign sign;
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
    *uid = peer.uid;
    struct login login = login_of(PROC, peer.uid, peer.pid, &sign);
    uint32_t i = 0;
    while (i < logins->count && !SAME(logins->signs[i].login, login)) {
        i++;
    }
    if (sign.process && i == logins->count && i < LOGINS_MAX) {
        logins->signs[logins->count++] = sign;
        if (!uv_is_active((uv_handle_t *)&logins->look)) {
            uv_timer_start(&logins->look, look_cb, LOOK_MS, LOOK_MS);
        }
    }
    return login;
}

void logins_close(struct logins **logins)
{
    free(*logins);
    *logins = NULL;
}
