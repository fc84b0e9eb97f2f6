/* Asking jamd for a command, and saying the answer or why not. */
#include "run.h"

#include "bounds.h"

/* How the command is used, with an example. */
static const char *usage_of(const struct run *run, char *out, size_t out_len)
{
    const struct command *command = run->args->command;
    const char *usage = command && *command->name ? command->usage : "jam help";
    const char *example = command && *command->name ? command->example : "jam help join";
    if (strcmp(usage, example) == 0) {
        snprintf(out, out_len, "%s", usage);
    } else {
        snprintf(out, out_len, _("%s (for example: %s)"), usage, example);
    }
    return out;
}

int run_refuse(struct run *run, enum err err, const struct answer *answer)
{
    struct slice what = answer ? answer->what : (struct slice){0};
    struct slice detail = answer ? answer->detail : (struct slice){0};
    struct slice code = answer ? answer->code : (struct slice){0};
    char usage[512];
    if (err == ERR_NO_DAEMON && what.len == 0) {
        what = slice_str(run->call.path);
    }
    if (err == ERR_EMPTY && detail.len == 0) {
        detail = slice_str(usage_of(run, usage, sizeof(usage)));
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
    err_fill(sentence, sizeof(sentence), run->args->wrong, run->args->wrong_word, NULL);
    if (run->args->near) {
        snprintf(advice, sizeof(advice), "--%s", run->args->near);
    } else {
        usage_of(run, advice, sizeof(advice));
    }
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

/* Who it was that wrote something, for "as Ana": in room; NULL if nothing was written or nobody is signed in. */
static const char *who_wrote(const msgpack_object *result, char *room, size_t room_len)
{
    struct slice person = {0};
    const msgpack_object *feedback = map_get(result, "feedback");
    if (!map_text(feedback ? feedback : result, "as", &person) || person.len >= room_len) {
        return NULL;
    }
    memcpy(room, person.at, person.len);
    room[person.len] = '\0';
    return room;
}

void run_answer(struct run *run, const struct answer *answer)
{
    char name[NAME_BYTES_MAX * 2];
    run->style.as = who_wrote(answer->result, name, sizeof(name));
    run->show->answer(&run->style, answer->result, run->args->command->say);
    run->style.as = NULL;
}

int run_ask(struct run *run, const struct question *question)
{
    struct answer answer;
    enum err err = call_ask(&run->call, question, &answer);
    int status = EXIT_DONE;
    if (err != OK) {
        status = run_refuse(run, err, &answer);
    } else {
        run_answer(run, &answer);
    }
    answer_clear(&answer);
    return status;
}
