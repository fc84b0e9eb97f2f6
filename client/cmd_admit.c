/* Machines that knock: what they show, and the teacher who lets them in. */
#include "ask.h"
#include "phrase.h"
#include "run.h"
#include "say.h"

void say_knocking(struct page *page, const msgpack_object *knock)
{
    const char *words = page_get(page, knock, "words");
    const char *calls = phrase_names(page, map_get(knock, "calls"));
    if (*calls) {
        page_say(page,
                 _("Two classes call this machine: %s. Ask your teacher; then: jam class join "
                   "WORDS"),
                 calls);
    }
    if (*words) {
        page_say(page,
                 _("This machine knocks. Its words: %s. A teacher lets it in: jam class admit"),
                 words);
    } else if (knock) {
        page_say(page, _("This machine knocks. Its words come in a moment: jam"));
    }
}

/* "PC 7, was here before"; "pc12" */
static const char *phrase_knocker(struct page *page, const msgpack_object *knocker)
{
    const char *seat = page_get(page, knocker, "seat");
    const char *host = page_get(page, knocker, "host");
    if (*seat) {
        return page_format(page, _("%s, was here before"), seat);
    }
    return *host ? host : "?";
}

static const char *phrase_words(struct page *page, const msgpack_object *knocker)
{
    const char *words = page_get(page, knocker, "words");
    return *words ? words : phrase_sign(page, "…", "...");
}

static void say_class_words(struct page *page, const msgpack_object *result)
{
    const char *words = page_get(page, result, "class_words");
    const char *name = page_get(page, map_get(result, "class"), "name");
    if (*words) {
        page_say(page, _("Who is let in sees this on its screen, with jam class list: %s, %s."),
                 name, words);
    }
}

static void say_knockers(struct page *page, struct items knocks)
{
    for (uint32_t i = 0; i < knocks.count; i++) {
        const msgpack_object *one = &knocks.at[i];
        page_put(page, "%3u %s", number_of(one, "n"), phrase_knocker(page, one));
        page_pad(page, 30);
        page_put(page, "%s", phrase_words(page, one));
        if (is_set(one, "same")) {
            page_put(page, "%s", _("  (another one shows the same words)"));
        } else if (is_set(one, "called")) {
            page_put(page, "%s", _("  (is being let in)"));
        }
        page_end(page);
    }
}

void say_class_knocks(struct page *page, const msgpack_object *result)
{
    struct items knocks = items_of(result, "knocks");
    unsigned count = knocks.count;
    if (count == 0) {
        page_say(page, _("No machine knocks. At a machine that isn't in yet: jam, then jam doctor. "
                         "Words bring it in too: jam class invite"));
        return;
    }
    page_put(page, ngettext("%u machine knocks.", "%u machines knock.", count), count);
    page_put(page, " ");
    page_say(page, "%s", _("Their screens show the same words, with jam:"));
    say_knockers(page, knocks);
    say_class_words(page, result);
}

static const char *phrase_all(struct page *page, struct items knockers)
{
    const char *all = "";
    for (uint32_t i = 0; i < knockers.count; i++) {
        all = page_format(page, "%s%s%s", all, *all ? "; " : "",
                          phrase_knocker(page, &knockers.at[i]));
    }
    return all;
}

void say_class_admit(struct page *page, const msgpack_object *result)
{
    struct items admitted = items_of(result, "admitted");
    struct items same = items_of(result, "same");
    struct items wait = items_of(result, "wait");
    unsigned count = admitted.count;
    if (count == 0 && same.count == 0 && wait.count == 0) {
        page_say(page, _("No machine knocks."));
        return;
    }
    page_put(page, ngettext("Let in %u machine%s.", "Let in %u machines%s.", count), count,
             phrase_as(page));
    page_say(page, " %s", _("In a moment they are here: jam status"));
    if (same.count > 0) {
        page_say(page,
                 _("Not let in, since they show the same words: %s. Switch one of them off and on "
                   "again, or type at the right one: jam class join WORDS"),
                 phrase_all(page, same));
    }
    if (wait.count > 0) {
        page_say(page, _("Not let in yet, since their words aren't known yet: %s. Type it again"),
                 phrase_all(page, wait));
    }
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

enum { LINE_ROOM = 128 };

/* Shows who knocks. *any: does anybody? Exit status. */
static int show_knocks(struct run *run, bool *any)
{
    struct question question = {.method = "class.knocks"};
    struct answer answer = {0};
    int status = EXIT_DONE;
    question_text(&question, "class", run->args->class);
    enum err err = call_ask(&run->call, &question, &answer);
    *any = false;
    if (err != OK) {
        status = run_refuse(run, err, &answer);
    } else {
        *any = items_of(answer.result, "knocks").count > 0;
        run->show->answer(&run->style, answer.result, say_class_knocks);
    }
    answer_clear(&answer);
    return status;
}

/* At a terminal the list, then a question; a program gets the list. With words or --all it is done at once. */
int run_admit(struct run *run)
{
    char line[LINE_ROOM];
    bool any;
    struct question question;
    if (args_question(run->args, &question) != OK) {
        return run_usage(run);
    }
    if (run->args->words_count > 0 || args_value(run->args, "all")) {
        return run_ask(run, &question);
    }
    int status = show_knocks(run, &any);
    if (status != EXIT_DONE || !any || run->args->json || !ask_can() ||
        !ask_line(_("[a]ll, numbers, [n]one > "), line, sizeof(line)) || !*line ||
        strcmp(line, "n") == 0) {
        return status;
    }
    if (strcmp(line, "a") == 0) {
        question_flag(&question, "all");
    } else {
        question_text(&question, "which", line);
    }
    return run_ask(run, &question);
}
