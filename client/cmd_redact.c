/* Taking back what was written, and how far that has got. */
#include "phrase.h"
#include "run.h"
#include "say.h"

void say_receipt(struct page *page, const msgpack_object *receipt)
{
    unsigned done = number_of(receipt, "done");
    unsigned of = number_of(receipt, "of");
    unsigned entries = number_of(receipt, "entries");
    const char *waiting = phrase_names(page, map_get(receipt, "waiting"));
    if (entries > 1) {
        page_put(page, _("Erased %u texts on %u of %u machines%s."), entries, done, of,
                 phrase_as(page));
    } else {
        page_put(page, _("Erased on %u of %u machines%s."), done, of, phrase_as(page));
    }
    if (*waiting) {
        page_put(page, ngettext(" %s will when it wakes.", " %s will when they wake.", of - done),
                 waiting);
    }
    page_end(page);
}

void say_redact(struct page *page, const msgpack_object *result)
{
    const msgpack_object *one = map_get(result, "redaction");
    struct items all = items_of(result, "redactions");
    if (one && one->type == MSGPACK_OBJECT_MAP) {
        say_receipt(page, one);
    } else if (map_get(result, "erased")) {
        page_say(page, _("There is nothing of %s to erase."), page_get(page, result, "person"));
    } else if (all.count == 0) {
        page_say(page, _("Nothing was erased from here. Erase: jam journal, then jam redact NUMBER "
                         "--why REASON"));
    }
    for (uint32_t i = 0; i < all.count; i++) {
        int64_t at = 0;
        map_int(&all.at[i], "at", &at);
        page_put(page, "%s ", phrase_clock(page, at));
        say_receipt(page, &all.at[i]);
    }
}

struct author {
    char name[256];
};

/* Asks once more, for the receipt: it comes when the machines that are here have had their moment. */
static int show_receipt(struct run *run, const struct author *as)
{
    struct answer receipt;
    struct question question = {.method = "redact.receipt"};
    question_text(&question, "class", run->args->class);
    question_flag(&question, "wait");
    enum err err = call_ask(&run->call, &question, &receipt);
    int status = EXIT_DONE;
    if (err == OK) {
        run->style.as = *as->name ? as->name : NULL;
        run->show->answer(&run->style, receipt.result, run->args->command->say);
        run->style.as = NULL;
    } else {
        status = run_refuse(run, err, &receipt);
    }
    answer_clear(&receipt);
    return status;
}

static void keep_author(const struct answer *answer, struct author *as)
{
    struct slice name = {0};
    memset(as, 0, sizeof(*as));
    if (map_text(answer->result, "as", &name) && name.len < sizeof(as->name)) {
        memcpy(as->name, name.at, name.len);
    }
}

int run_redact(struct run *run)
{
    struct question question;
    struct answer answer;
    struct author as;
    if (args_value(run->args, "receipt")) {
        question = (struct question){.method = "redact.receipt"};
        question_text(&question, "class", run->args->class);
        return run_ask(run, &question);
    }
    if (run->args->words_count == 0) {
        run->args->wrong = _("Something is missing.");
        return run_usage(run);
    }
    if (args_question(run->args, &question) != OK) {
        return run_usage(run);
    }
    enum err err = call_ask(&run->call, &question, &answer);
    if (err != OK) {
        int status = run_refuse(run, err, &answer);
        answer_clear(&answer);
        return status;
    }
    keep_author(&answer, &as);
    answer_clear(&answer);
    return show_receipt(run, &as);
}

/* One request of several: takes back as many texts as it may. *left: there are more. */
static int forget_some(struct run *run, struct question *question, struct author *as, bool *any,
                       bool *left)
{
    struct answer answer;
    enum err err = call_ask(&run->call, question, &answer);
    int status = EXIT_DONE;
    *left = false;
    if (err != OK) {
        status = run_refuse(run, err, &answer);
    } else if (number_of(answer.result, "erased") > 0) {
        *left = number_of(answer.result, "left") > 0;
        if (!*any) {
            question_flag(question, "more");
        }
        *any = true;
        keep_author(&answer, as);
    } else if (!*any) {
        run_answer(run, &answer);
    }
    answer_clear(&answer);
    return status;
}

/* A person may have written more than one request can take back. */
int run_forget(struct run *run)
{
    struct question question;
    struct author as;
    bool any = false, left = true;
    int status = EXIT_DONE;
    if (args_question(run->args, &question) != OK) {
        return run_usage(run);
    }
    while (status == EXIT_DONE && left) {
        status = forget_some(run, &question, &as, &any, &left);
    }
    return status == EXIT_DONE && any ? show_receipt(run, &as) : status;
}
