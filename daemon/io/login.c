/* Which login is at the other end of a local socket, from the peer's credentials and /proc; and when it ends, by looking
 * there again. */
#include "login.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOGINS_MAX = 256, LOOK_MS = 2000 };

struct who {
    uint32_t uid;
    uint32_t audit; /* audit session; UINT32_MAX: none */
    int32_t leader;
    int32_t tty;
    uint64_t start; /* of the leader, in ticks since boot */
};

static bool proc_read(pid_t pid, const char *name, char *out, size_t out_len)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t len = read(fd, out, out_len - 1);
    close(fd);
    if (len <= 0) {
        return false;
    }
    out[len] = '\0';
    return true;
}

/* The fields behind the command's name, which may itself hold spaces and brackets. */
static bool stat_read(pid_t pid, int32_t *session, int32_t *tty, uint64_t *start)
{
    char text[1024];
    if (!proc_read(pid, "stat", text, sizeof text)) {
        return false;
    }
    const char *rest = strrchr(text, ')');
    long long leader = 0, terminal = 0;
    unsigned long long since = 0;
    int got = rest ? sscanf(rest,
                            ") %*c %*d %*d %lld %lld %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
                            "%*d %*d %*d %llu",
                            &leader, &terminal, &since)
                   : 0;
    *session = (int32_t)leader;
    *tty = (int32_t)terminal;
    *start = since;
    return got == 3;
}

/* UINT32_MAX: it is in none. */
static uint32_t audit_read(pid_t pid)
{
    char text[32];
    return proc_read(pid, "sessionid", text, sizeof text) ? (uint32_t)strtoul(text, NULL, 10)
                                                          : UINT32_MAX;
}

struct login login_of(int fd, struct login_sign *sign)
{
    struct ucred peer = {0};
    socklen_t len = sizeof peer;
    struct login login;
    struct who who;
    int32_t leader = 0, tty = 0, none;
    uint64_t start = 0;
    memset(&who, 0, sizeof who); /* padding is hashed too */
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
    who.uid = peer.uid;
    who.audit = audit_read(peer.pid);
    bool seen = stat_read(peer.pid, &leader, &tty, &start);
    /* a leader that has ended keeps its number, so no other login gets it */
    bool leads = seen && stat_read(leader, &none, &none, &start);
    if (who.audit == UINT32_MAX && seen) {
        who.leader = leader;
        who.tty = tty;
        who.start = leads ? start : 0;
    }
    struct slice parts = slice_of(&who, sizeof who);
    hash_short("jam login 1", &parts, 1, login.b, sizeof login.b);
    *sign = (struct login_sign){
        .login = login, .audit = who.audit, .process = leads ? leader : 0, .start = start};
    return login;
}

/* Who can't look, because strangers on the network have used up all descriptors, has seen nobody leave. */
static bool process_lasts(int32_t process, uint64_t start)
{
    int32_t none;
    uint64_t now;
    errno = 0;
    if (stat_read(process, &none, &none, &now)) {
        return now == start;
    }
    return errno == EMFILE || errno == ENFILE || errno == ENOMEM;
}

/* Another process of an audit session. */
static bool audit_find(struct login_sign *sign)
{
    DIR *dir = opendir("/proc");
    bool found = false;
    int32_t none;
    for (struct dirent *entry; !found && dir && (entry = readdir(dir));) {
        int32_t process = (int32_t)strtol(entry->d_name, NULL, 10);
        found = process > 0 && audit_read(process) == sign->audit &&
                stat_read(process, &none, &none, &sign->start);
        sign->process = found ? process : sign->process;
    }
    if (dir) {
        closedir(dir);
    }
    return found;
}

bool login_has_ended(struct login_sign *sign)
{
    if (sign->process == 0 || process_lasts(sign->process, sign->start)) {
        return false;
    }
    return sign->audit == UINT32_MAX || !audit_find(sign);
}

/* ---- watching ----------------------------------------------------------------------------------------------------- */

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
        if (login_has_ended(sign)) {
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
struct login logins_meet(struct logins *logins, int fd)
{
    struct login_sign sign;
    struct login login = login_of(fd, &sign);
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
