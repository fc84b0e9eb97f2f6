/* Asking at the terminal. While a secret is typed, signals wait in a descriptor until echo is on again: no handler, no
 * variable that it would need, and no terminal that stays mute. */
#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

bool ask_can(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static void print_prompt(const char *prompt)
{
    fputs(prompt, stdout);
    fflush(stdout);
}

/* A terminal whose echo is off, and what it was like before. */
struct mute {
    struct termios before;
    sigset_t signals; /* that would end or stop us meanwhile */
    int fd;           /* where they wait */
};

static bool echo_off(const struct mute *mute)
{
    struct termios off = mute->before;
    off.c_lflag &= ~(tcflag_t)ECHO;
    off.c_lflag |= ECHONL; /* the cursor still goes to the next line */
    return tcsetattr(STDIN_FILENO, TCSAFLUSH, &off) == 0;
}

static void mute_end(struct mute *mute)
{
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &mute->before);
    sigprocmask(SIG_UNBLOCK, &mute->signals, NULL);
    if (mute->fd >= 0) {
        close(mute->fd);
    }
}

static bool mute_begin(struct mute *mute)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    if (tcgetattr(STDIN_FILENO, &mute->before) != 0) {
        return false;
    }
    sigemptyset(&mute->signals);
    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
        sigaddset(&mute->signals, caught[i]);
    }
    sigprocmask(SIG_BLOCK, &mute->signals, NULL);
    mute->fd = signalfd(-1, &mute->signals, SFD_CLOEXEC);
    if (mute->fd < 0 || !echo_off(mute)) {
        mute_end(mute);
        return false;
    }
    return true;
}

/* Lets a signal that came do its work, on a terminal that is as it was. Comes back after a stop. */
static bool obey_signal(struct mute *mute, const char *prompt)
{
    struct signalfd_siginfo came;
    if (read(mute->fd, &came, sizeof(came)) != (ssize_t)sizeof(came)) {
        return false;
    }
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &mute->before);
    sigprocmask(SIG_UNBLOCK, &mute->signals, NULL);
    raise((int)came.ssi_signo);
    sigprocmask(SIG_BLOCK, &mute->signals, NULL);
    bool off = echo_off(mute);
    print_prompt(prompt);
    return off;
}

/* Waits until something can be read. */
static bool await_typing(struct mute *mute, const char *prompt)
{
    for (;;) {
        struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {mute->fd, POLLIN, 0}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR) {
            return false;
        }
        if (fds[1].revents && !obey_signal(mute, prompt)) {
            return false;
        }
        if (!fds[1].revents && fds[0].revents) {
            return true;
        }
    }
}

/* Reads up to the end of the line. 1: a line; 0: nothing more comes; -1: can't be read. */
static int read_line(int fd, char *out, size_t room, size_t *len)
{
    char one;
    ssize_t got;
    bool any = false;
    *len = 0;
    while ((got = read(fd, &one, 1)) == 1 || (got < 0 && errno == EINTR)) {
        if (got < 0) {
            continue;
        }
        any = true;
        if (one == '\n') {
            break;
        }
        if (*len + 1 < room) {
            out[(*len)++] = one;
        }
    }
    if (*len > 0 && out[*len - 1] == '\r') {
        --*len;
    }
    out[*len] = '\0';
    return got < 0 ? -1 : any;
}

bool ask_line(const char *prompt, char *out, size_t room)
{
    size_t len;
    print_prompt(prompt);
    bool got = read_line(STDIN_FILENO, out, room, &len) == 1;
    if (!got) {
        putchar('\n');
    }
    return got && len > 0;
}

bool ask_secret(const char *prompt, char out[SECRET_ROOM])
{
    struct mute mute;
    size_t len = 0;
    if (!mute_begin(&mute)) {
        return false;
    }
    print_prompt(prompt);
    bool got = await_typing(&mute, prompt) && read_line(STDIN_FILENO, out, SECRET_ROOM, &len) == 1;
    mute_end(&mute);
    if (!got) {
        putchar('\n');
    }
    return got && len > 0;
}

bool ask_yes(const char *prompt)
{
    char typed[16];
    return ask_line(prompt, typed, sizeof(typed)) && rpmatch(typed) == 1;
}

bool ask_not_no(const char *prompt)
{
    char typed[16];
    return !ask_line(prompt, typed, sizeof(typed)) || rpmatch(typed) != 0;
}

static enum err read_secrets(int fd, char (*lines)[SECRET_ROOM], int count)
{
    for (int i = 0; i < count; i++) {
        size_t len;
        if (read_line(fd, lines[i], SECRET_ROOM, &len) < 0) {
            return ERR_DISK;
        }
        if (len > PASSPHRASE_BYTES_MAX) {
            return ERR_TOO_LONG;
        }
        if (strlen(lines[i]) != len) {
            return ERR_BAD_TEXT;
        }
    }
    return lines[0][0] ? OK : ERR_EMPTY;
}

enum err secret_read(const char *path, char (*lines)[SECRET_ROOM], int count)
{
    bool here = strcmp(path, "-") == 0;
    int fd = here ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return ERR_DISK;
    }
    enum err err = read_secrets(fd, lines, count);
    if (!here) {
        close(fd);
    }
    return err;
}
