/* Signing in: who one is, and the passphrase that goes with it. */
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "keys.h"
#include "phrase.h"
#include "say.h"
#include "talk.h"

void say_passphrase(struct page *page, const msgpack_object *result)
{
    (void)result;
    page_say(page, _("Your passphrase is another one now%s."), phrase_as(page));
}

void say_class_rescue(struct page *page, const msgpack_object *result)
{
    (void)result;
    page_say(page,
             _("The class is yours again%s, with the new passphrase. Keep the paper: its words go "
               "on working."),
             phrase_as(page));
}

/* ---- who are you? ----------------------------------------------------------------------------------------------- */

enum { TRIES = 3, NAME_ROOM = 2 * NAME_BYTES_MAX, WORDS_ROOM = 512 };

static void print_names(const struct run *run, struct items names)
{
    struct page page;
    if (!page_init(&page, run->style.columns)) {
        return;
    }
    page_put(&page, "%s", _("Who are you?"));
    page_hang(&page);
    for (uint32_t i = 0; i < names.count; i++) {
        struct slice name = {0};
        read_text(&names.at[i], &name);
        page_put(&page, "  ");
        page_may_break(&page);
        page_put(&page, "%u %s", i + 1, page_shown(&page, name, 0));
    }
    page_end(&page);
    fputs(page_text(&page), stdout);
    page_clear(&page);
}

/* The name behind a number that was typed, in its place; false: there is none such. */
static bool take_number(struct items names, char typed[NAME_ROOM])
{
    char *end;
    unsigned long n = strtoul(typed, &end, 10);
    struct slice name = {0};
    if (*typed < '0' || *typed > '9' || *end) {
        return true; /* a name */
    }
    if (n < 1 || n > names.count || !read_text(&names.at[n - 1], &name) || name.len >= NAME_ROOM) {
        return false;
    }
    memcpy(typed, name.at, name.len);
    typed[name.len] = '\0';
    return true;
}

/* Shows the names of the class and asks for a number or a name. */
static bool ask_name(struct talk *talk, char name[NAME_ROOM])
{
    struct question question = {.method = "people.choices"};
    struct answer answer;
    struct items names = {0};
    bool found = false;
    question_text(&question, "class", talk->run->args->class);
    if (call_ask(&talk->run->call, &question, &answer) == OK) {
        names = items_of(answer.result, "names");
    }
    if (names.count > 0) {
        print_names(talk->run, names);
    }
    for (int i = 0; i < TRIES && !found; i++) {
        const char *prompt = names.count > 0 ? _("Your number, or a new name> ") : _("Your name> ");
        if (!ask_line(prompt, name, NAME_ROOM)) {
            break;
        }
        found = take_number(names, name);
    }
    answer_clear(&answer);
    return found;
}

/* ---- commands --------------------------------------------------------------------------------------------------- */

/* A word of the command may be left out at a terminal, and is asked for. Exit status. */
static int talk_with(struct talk *with, const char *param, char *asked)
{
    if (with->run->args->words_count == 0 && !asked) {
        with->run->args->wrong = _("Something is missing.");
        return run_usage(with->run);
    }
    question_text(&with->question, param, asked);
    return talk(with);
}

int run_hello(struct run *run)
{
    char name[NAME_ROOM];
    struct talk hello;
    int status;
    if (talk_begin(&hello, run, "passphrase", "new", &status) == OK) {
        bool asked = run->args->words_count == 0 && hello.terminal && ask_name(&hello, name);
        hello.take_over = args_value(run->args, "take-over");
        status = talk_with(&hello, "handle", asked ? name : NULL);
    }
    talk_end(&hello);
    return status;
}

/* The words are a key: better typed here than where the shell remembers them. */
int run_class_rescue(struct run *run)
{
    char words[WORDS_ROOM];
    struct talk rescue;
    int status;
    if (talk_begin(&rescue, run, "passphrase", "passphrase", &status) == OK) {
        bool asked = run->args->words_count == 0 && rescue.terminal &&
                     ask_line(_("The twelve words on your paper> "), words, sizeof(words));
        status = talk_with(&rescue, "words", asked ? words : NULL);
    }
    wipe(words, sizeof(words));
    talk_end(&rescue);
    return status;
}

int run_passphrase(struct run *run)
{
    struct talk other;
    int status;
    if (talk_begin(&other, run, "old", "new", &status) == OK) {
        status = talk(&other);
    }
    talk_end(&other);
    return status;
}

/* Who founds a class is its teacher, under the name with which they use this computer unless they say another. */
int run_class_create(struct run *run)
{
    const struct passwd *user = getuid() == 0 ? NULL : getpwuid(getuid());
    struct talk create;
    int status;
    if (talk_begin(&create, run, "passphrase", "passphrase", &status) == OK) {
        if (!args_value(run->args, "as")) {
            question_text(&create.question, "handle",
                          user && *user->pw_name ? user->pw_name : "teacher");
        }
        status = talk(&create);
    }
    talk_end(&create);
    return status;
}
