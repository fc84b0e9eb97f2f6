/* Which login a process belongs to, from /proc; and whether it has ended, by looking there again. */
#include "login.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PROC_PATH_MAX = 512 };

struct who {
    uint32_t uid;
    uint32_t audit; /* audit session; UINT32_MAX: none */
    int32_t leader;
    int32_t tty;
    uint64_t start; /* of the leader, in ticks since boot */
};

static bool proc_read(const char *proc, int32_t process, const char *name, char *out,
                      size_t out_len)
{
    char path[PROC_PATH_MAX];
    snprintf(path, sizeof path, "%s/%d/%s", proc, (int)process, name);
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
static bool stat_read(const char *proc, int32_t process, int32_t *session, int32_t *tty,
                      uint64_t *start)
{
    char text[1024];
    if (!proc_read(proc, process, "stat", text, sizeof text)) {
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
static uint32_t audit_read(const char *proc, int32_t process)
{
    char text[32];
    return proc_read(proc, process, "sessionid", text, sizeof text)
               ? (uint32_t)strtoul(text, NULL, 10)
               : UINT32_MAX;
}

struct login login_of(const char *proc, uint32_t uid, int32_t process, struct login_sign *sign)
{
    struct login login;
    struct who who;
    int32_t leader = 0, tty = 0, none;
    uint64_t start = 0;
    memset(&who, 0, sizeof who); /* padding is hashed too */
    who.uid = uid;
    who.audit = audit_read(proc, process);
    bool seen = stat_read(proc, process, &leader, &tty, &start);
    /* a leader that has ended keeps its number, so no other login gets it */
    bool leads = seen && stat_read(proc, leader, &none, &none, &start);
    if (who.audit == UINT32_MAX && seen) {
        who.leader = leader;
        who.tty = tty;
        who.start = leads ? start : 0;
    }
    struct slice parts = slice_of(&who, sizeof who);
    hash_short("jam login 1", &parts, 1, login.b, sizeof login.b);
    /* an audit session may have lost its leader: it lasts as long as any process of it, so this one is where to begin */
    bool begins = !leads && seen && who.audit != UINT32_MAX;
    *sign = (struct login_sign){.login = login,
                                .audit = who.audit,
                                .process = leads    ? leader
                                           : begins ? process
                                                    : 0,
                                .start = start};
    return login;
}

/* Who can't look, because strangers on the network have used up all descriptors, has seen nobody leave. */
static bool process_lasts(const char *proc, int32_t process, uint64_t start)
{
    int32_t none;
    uint64_t now;
    errno = 0;
    if (stat_read(proc, process, &none, &none, &now)) {
        return now == start;
    }
    return errno == EMFILE || errno == ENFILE || errno == ENOMEM;
}

/* Another process of an audit session. */
static bool audit_find(const char *proc, struct login_sign *sign)
{
    DIR *dir = opendir(proc);
    bool found = false;
    int32_t none;
    for (struct dirent *entry; !found && dir && (entry = readdir(dir));) {
        int32_t process = (int32_t)strtol(entry->d_name, NULL, 10);
        found = process > 0 && audit_read(proc, process) == sign->audit &&
                stat_read(proc, process, &none, &none, &sign->start);
        sign->process = found ? process : sign->process;
    }
    if (dir) {
        closedir(dir);
    }
    return found;
}

bool login_has_ended(const char *proc, struct login_sign *sign)
{
    if (sign->process == 0 || process_lasts(proc, sign->process, sign->start)) {
        return false;
    }
    return sign->audit == UINT32_MAX || !audit_find(proc, sign);
}
