/* Feedback: glow and grow, from one who has a name to one who has a name. */
#include <stdlib.h>
#include <unistd.h>

#include "phrase.h"
#include "run.h"
#include "say.h"

/* Who can read what was written, or will be: "Ben alone", "Ben, and ...", "Everybody". %1 is the one it is for. */
static const char *readers_line(struct page *page, const msgpack_object *result, bool sent)
{
    static const char *const lines[2][3] = {
        {N_("Everybody in the class can read this; it comes from you."),
         N_("%1 alone will read this; it comes from you."),
         N_("%1 will read this, and so can the teachers of this class; it comes from you.")},
        {N_("Everybody in the class can read it."), N_("%1 alone can read it."),
         N_("%1 can read it, and so can the teachers of this class.")},
    };
    struct items readers = items_of(result, "readers");
    unsigned who = !is_set(result, "sealed") ? 0 : readers.count > 1 ? 2 : 1;
    return page_fill(page, gettext(lines[sent][who]), page_get(page, result, "to"), "");
}

void say_feedback(struct page *page, const msgpack_object *result)
{
    const msgpack_object *feedback = map_get(result, "feedback");
    page_put(page, _("Sent to %s%s."), page_get(page, feedback, "to"), phrase_as(page));
    page_put(page, " ");
    page_put(page, "%s", readers_line(page, feedback, true));
    page_end(page);
}

void say_inbox(struct page *page, const msgpack_object *result)
{
    struct items inbox = items_of(result, "inbox");
    for (uint32_t i = 0; i < inbox.count; i++) {
        const msgpack_object *one = &inbox.at[i];
        const char *glow = page_get(page, one, "glow");
        const char *grow = page_get(page, one, "grow");
        page_say(page, _("%2u from %s to %s, %s"), number_of(one, "n"), page_get(page, one, "from"),
                 page_get(page, one, "to"), phrase_age(page, one));
        if (*glow) {
            page_say(page, _("   glow: %s"), glow);
        }
        if (*grow) {
            page_say(page, _("   grow: %s"), grow);
        }
    }
    if (inbox.count == 0) {
        page_say(page, _("No feedback for you yet. Give some: jam feedback PERSON"));
    }
    if (is_set(result, "old_key")) {
        page_say(page, _("What was sealed to you before you got a new key can't be opened any "
                         "more."));
    }
}

/* Asks for one line. The caller frees it; NULL: nothing was typed. */
static char *read_line(const char *prompt)
{
    char *line = NULL;
    size_t room = 0;
    printf("  %s> ", prompt);
    fflush(stdout);
    ssize_t len = getline(&line, &room, stdin);
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r')) {
        line[--len] = '\0';
    }
    if (len <= 0) {
        free(line);
        return NULL;
    }
    return line;
}

static bool is_asked_here(const struct run *run)
{
    return !args_value(run->args, "glow") && !args_value(run->args, "grow") && !run->args->json &&
           isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* Says who will read it. Not OK: it can't be sent at all; why was said, and *status is the exit status. */
static enum err say_readers(struct run *run, const struct question *question, int *status)
{
    struct page page;
    struct answer answer;
    struct question readers = *question;
    readers.method = "feedback.readers";
    enum err err = call_ask(&run->call, &readers, &answer);
    if (err != OK) {
        *status = run_refuse(run, err, &answer);
    } else if (page_init(&page, run->style.columns)) {
        page_say(&page, "%s", readers_line(&page, answer.result, false));
        fputs(page_text(&page), stdout);
        page_clear(&page);
    }
    answer_clear(&answer);
    return err;
}

/* Who will read it is said before the first letter is typed. */
int run_feedback(struct run *run)
{
    char *glow = NULL;
    char *grow = NULL;
    struct question question;
    enum err err = args_question(run->args, &question);
    bool person = run->args->words_count > 0, jam = args_value(run->args, "jam");
    if (err == OK && person == jam) {
        run->args->wrong =
            jam ? _("To a person or to a whole jam, not to both.") : _("Something is missing.");
        err = ERR_USAGE;
    }
    if (err != OK) {
        return run_usage(run);
    }
    if (is_asked_here(run)) {
        int status;
        if (say_readers(run, &question, &status) != OK) {
            return status;
        }
        glow = read_line(_("glow (what is good)"));
        grow = read_line(_("grow (what could come next)"));
        question_text(&question, "glow", glow);
        question_text(&question, "grow", grow);
    }
    int status = run_ask(run, &question);
    free(glow);
    free(grow);
    return status;
}
