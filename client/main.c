/* jam: asks jamd what was typed, and prints the answer. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bounds.h"
#include "run.h"

#ifndef JAM_VERSION
#define JAM_VERSION "0.1"
#endif
#ifndef JAM_LOCALES
#define JAM_LOCALES "/usr/local/share/locale"
#endif

enum { SOCKET_PATH_MAX = 256 };

/* $XDG_RUNTIME_DIR/jam.sock if it is there, else the system's. */
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
    return "/run/jam.sock";
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

int run_refuse(struct run *run, enum err err, const struct answer *answer)
{
    struct slice what = answer ? answer->what : (struct slice){0};
    struct slice detail = answer ? answer->detail : (struct slice){0};
    struct slice code = answer ? answer->code : (struct slice){0};
    if (err == ERR_NO_DAEMON && what.len == 0) {
        what = slice_str(run->call.path);
    }
    fflush(stdout);
    run->show->refusal(&run->style, err, code, what, detail);
    return err == ERR_NO_DAEMON ? EXIT_NO_DAEMON : err == ERR_USAGE ? EXIT_USAGE : EXIT_REFUSED;
}

static int refuse_usage(struct run *run, const char *sentence, const char *advice)
{
    struct answer why = {.what = slice_str(sentence), .detail = slice_str(advice)};
    return run_refuse(run, ERR_USAGE, &why);
}

int run_usage(struct run *run)
{
    char sentence[512];
    char advice[512];
    const struct command *command = run->args->command;
    err_fill(sentence, sizeof(sentence), run->args->wrong, run->args->wrong_word, NULL);
    const char *usage = command && *command->name ? command->usage : "jam help";
    const char *example = command && *command->name ? command->example : "jam help join";
    snprintf(advice, sizeof(advice), strcmp(usage, example) == 0 ? "%s" : _("%s (for example: %s)"),
             usage, example);
    return refuse_usage(run, sentence, advice);
}

int run_unknown(struct run *run, const char *first, const char *second)
{
    char sentence[512];
    char advice[512];
    bool family = command_is_family(first);
    const char *near = family && !second ? NULL : command_near(first, second);
    if (family) {
        snprintf(sentence, sizeof(sentence),
                 second ? _("jam %s can't \"%s\".") : _("jam %s needs one word more."), first,
                 second);
        snprintf(advice, sizeof(advice), near ? "jam %s" : "jam help %s", near ? near : first);
    } else {
        snprintf(sentence, sizeof(sentence), _("There is no command \"%s\"."), first);
        snprintf(advice, sizeof(advice), near ? "jam %s" : "jam help%s", near ? near : "");
    }
    return refuse_usage(run, sentence, advice);
}

/* Who it was that wrote something, for "as Ana": in room; NULL if nothing was written or nobody is signed in. Asks on a
 * line of its own, since the result still lies in the first one's. */
static const char *who_wrote(const struct run *run, const msgpack_object *result, char *room,
                             size_t room_len)
{
    struct question question = {.method = "here"};
    struct answer answer;
    struct slice person = {0};
    struct call call;
    if (run->args->json || (!map_get(result, "entry") && !map_get(result, "feedback"))) {
        return NULL;
    }
    call_init(&call, run->call.path);
    question_text(&question, "class", run->args->class);
    bool known = call_ask(&call, &question, &answer) == OK &&
                 map_text(answer.result, "person", &person) && person.len < room_len;
    if (known) {
        memcpy(room, person.at, person.len);
        room[person.len] = '\0';
    }
    answer_clear(&answer);
    call_close(&call);
    return known ? room : NULL;
}

int run_ask(struct run *run, const struct question *question)
{
    char name[NAME_BYTES_MAX * 2];
    struct answer answer;
    enum err err = call_ask(&run->call, question, &answer);
    int status = EXIT_DONE;
    if (err != OK) {
        status = run_refuse(run, err, &answer);
    } else {
        run->style.as = who_wrote(run, answer.result, name, sizeof(name));
        run->show->answer(&run->style, answer.result, run->args->command->say);
        run->style.as = NULL;
    }
    answer_clear(&answer);
    return status;
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
        puts("jam " JAM_VERSION);
        return EXIT_DONE;
    }
    if (!args->command && args->help && command_is_family(args->name[0])) {
        help_family(args->name[0]);
        return EXIT_DONE;
    }
    if (!args->command) {
        return run_unknown(run, args->name[0], args->name[1]);
    }
    if (args->help) {
        help_command(args->command);
        return EXIT_DONE;
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
    call_init(&run.call, socket_path(&args, path));
    int status = run_args(&run, err);
    call_close(&run.call);
    args_clear(&args);
    if (fflush(stdout) != 0 && status == EXIT_DONE) {
        status = EXIT_REFUSED; /* nobody could read it */
    }
    return status;
}
