/* Which login is at the other end of a local socket: from the peer's credentials and /proc. */
#include "login.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

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

struct login login_of(int fd)
{
    struct ucred peer = {0};
    socklen_t len = sizeof peer;
    struct login login;
    struct who who;
    char text[32];
    memset(&who, 0, sizeof who); /* padding is hashed too */
    who.audit = UINT32_MAX;
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
    who.uid = peer.uid;
    if (proc_read(peer.pid, "sessionid", text, sizeof text)) {
        who.audit = (uint32_t)strtoul(text, NULL, 10);
    }
    if (who.audit == UINT32_MAX && stat_read(peer.pid, &who.leader, &who.tty, &who.start)) {
        int32_t leaders_session, leaders_tty;
        /* a leader that has ended keeps its number, so no other login gets it */
        if (!stat_read(who.leader, &leaders_session, &leaders_tty, &who.start)) {
            who.start = 0;
        }
    }
    struct slice parts = slice_of(&who, sizeof who);
    hash_short("jam login 1", &parts, 1, login.b, sizeof login.b);
    return login;
}
