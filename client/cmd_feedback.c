/* Feedback: glow and grow, from one who has a name to one who has a name. */
#include <stdlib.h>
#include <unistd.h>

#include "phrase.h"
#include "run.h"
#include "say.h"

void say_feedback(struct page *page, const msgpack_object *result)
{
    const msgpack_object *feedback = map_get(result, "feedback");
    page_say(page, _("Sent to %s%s. It is kept on all machines of the class."),
             page_get(page, feedback, "to"), phrase_as(page));
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
    return !args_value(run->args, "glow") && !args_value(run->args, "grow") &&
           run->args->words_count > 0 && !run->args->json && isatty(STDIN_FILENO) &&
           isatty(STDOUT_FILENO);
}

static void say_readers(unsigned columns)
{
    struct page page;
    if (page_init(&page, columns)) {
        page_say(
            &page, "%s",
            _("This comes from you, with your name. It is for the one you name, but it is kept "
              "on all machines of the class, and who uses them can read it there."));
        fputs(page_text(&page), stdout);
        page_clear(&page);
    }
}

/* Who will read it is said before the first letter is typed. */
int run_feedback(struct run *run)
{
    char *glow = NULL;
    char *grow = NULL;
    struct question question;
    enum err err = args_question(run->args, &question);
    if (err == OK && run->args->words_count == 0 && !args_value(run->args, "jam")) {
        run->args->wrong = _("Something is missing.");
        err = ERR_USAGE;
    }
    if (err == OK && is_asked_here(run)) {
        say_readers(run->style.columns);
        glow = read_line(_("glow (what is good)"));
        grow = read_line(_("grow (what could come next)"));
        question_text(&question, "glow", glow);
        question_text(&question, "grow", grow);
    }
    int status = err == OK ? run_ask(run, &question) : run_usage(run);
    free(glow);
    free(grow);
    return status;
}
