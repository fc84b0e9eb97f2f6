/* jam: asks jamd what was typed, and prints the answer. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "run.h"

#ifndef JAM_LOCALES
#define JAM_LOCALES "/usr/local/share/locale"
#endif

enum { SOCKET_PATH_MAX = 256 };

/* where the service's own user may make one */
#define SERVICE_SOCKET "/run/jam/socket"

/* A jamd of my own if there is one, else the machine's. */
static const char *socket_path(const struct args *args, char room[SOCKET_PATH_MAX])
{
    const char *named = args->socket ? args->socket : getenv("JAM_SOCKET");
    const char *folder = getenv("XDG_RUNTIME_DIR");
    if (named && *named) {
        return named;
    }
    if (folder && *folder &&
        snprintf(room, SOCKET_PATH_MAX, "%s/jam.sock", folder) < SOCKET_PATH_MAX &&
        access(room, F_OK) == 0) {
        return room;
    }
    return access(SERVICE_SOCKET, F_OK) == 0 ? SERVICE_SOCKET : "/run/jam.sock";
}

static bool is_wished(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value && strcmp(value, "0") != 0;
}

static void set_style(struct run *run)
{
    struct winsize size;
    const char *term = getenv("TERM");
    bool dumb = term && strcmp(term, "dumb") == 0;
    run->style.plain = run->args->plain || is_wished("ACCESSIBLE");
    run->style.ascii = dumb || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
        !run->style.plain) {
        run->style.columns = size.ws_col;
    }
    run->style.more = run->args->command && args_value(run->args, "long");
    run->show = run->args->json ? &show_json : &show_text;
}

/* For people only: what a program reads is no place for it. */
static void say_slow(void)
{
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "%s\n", _("One moment: this machine waits for others."));
    }
}

static int run_command(struct run *run)
{
    struct question question;
    const struct command *command = run->args->command;
    if (command->run) {
        return command->run(run);
    }
    return args_question(run->args, &question) == OK ? run_ask(run, &question) : run_usage(run);
}

static int run_args(struct run *run, enum err err)
{
    const struct args *args = run->args;
    if (err != OK && err != ERR_USAGE) {
        return run_refuse(run, err, NULL);
    }
    if (args->version) {
        return help_version(run);
    }
    if (!args->command && args->help && command_is_family(args->name[0])) {
        return help_family(run, args->name[0]);
    }
    if (!args->command) {
        return run_unknown(run, args->name[0], args->name[1]);
    }
    if (args->help) {
        return *args->command->name ? help_command(run, args->command) : help_all(run);
    }
    return err == OK ? run_command(run) : run_usage(run);
}

int main(int argc, char **argv)
{
    char path[SOCKET_PATH_MAX];
    struct args args;
    struct run run = {.args = &args};
    setlocale(LC_CTYPE, "");
    setlocale(LC_MESSAGES, "");
    bindtextdomain("jam", JAM_LOCALES);
    textdomain("jam");
    enum err err = args_read(&args, argc, argv);
    set_style(&run);
    call_init(&run.call, socket_path(&args, path), say_slow);
    int status = run_args(&run, err);
    call_close(&run.call);
    args_clear(&args);
    if (fflush(stdout) != 0 && status == EXIT_DONE) {
        fprintf(stderr, _("jam: the answer can't be written: %s"), strerror(errno));
        fputs("\n", stderr);
        status = EXIT_REFUSED; /* nobody could read it */
    }
    return status;
}
