/* Questions that need a passphrase: asked, and asked again with what was typed. */
#include "talk.h"

#include "keys.h"
#include "passphrase.h"

enum {
    TRIES = 3,
    PROMPT_ROOM = 512,
};

/* ---- what is said between the questions ---------------------------------------------------------------------------- */

static void say(const struct talk *talk, const char *template, struct slice name)
{
    struct page page;
    if (page_init(&page, talk->run->style.columns)) {
        page_say(&page, "%s", page_fill(&page, template, page_shown(&page, name, 0), ""));
        fputs(page_text(&page), stdout);
        page_clear(&page);
    }
}

static bool is_yes(const struct answer *answer)
{
    char prompt[PROMPT_ROOM];
    struct page page;
    if (!page_init(&page, 0)) {
        return false;
    }
    err_fill(prompt, sizeof(prompt), _("%1 is signed in here. Take over? [y/N] "),
             page_shown(&page, answer->what, 0), NULL);
    page_clear(&page);
    return ask_yes(prompt);
}

/* ---- passphrases ------------------------------------------------------------------------------------------------ */

static bool ask_known(struct talk *talk)
{
    return ask_secret(_("Your passphrase (three words; the first letters do): "), talk->known);
}

static bool is_same(const char *typed, const char *other)
{
    char a[PASSPHRASE_KEY_MAX];
    char b[PASSPHRASE_KEY_MAX];
    size_t a_len;
    size_t b_len;
    bool same = passphrase_key(slice_str(typed), a, &a_len) == OK &&
                passphrase_key(slice_str(other), b, &b_len) == OK && strcmp(a, b) == 0;
    wipe(a, sizeof(a));
    wipe(b, sizeof(b));
    return same;
}

/* Typed once if it is what was proposed, else twice: nobody sees a slip, and it would lock them out. */
static bool ask_fresh(struct talk *talk)
{
    char again[SECRET_ROOM];
    bool chosen = false;
    for (int i = 0; i < TRIES && !chosen; i++) {
        if (!ask_secret(_("Type them once (the first letters do), or a passphrase of your own: "),
                        talk->fresh)) {
            break;
        }
        chosen = is_same(talk->fresh, talk->proposed);
        if (!chosen &&
            ask_secret(_("Not those words, so one of your own. The same again: "), again)) {
            chosen = is_same(again, talk->fresh);
            if (!chosen) {
                say(talk, _("Those two differ."), (struct slice){0});
            }
        }
    }
    wipe(again, sizeof(again));
    return chosen;
}

static bool choose_fresh(struct talk *talk, const struct answer *answer)
{
    if (answer->detail.len >= sizeof(talk->proposed)) {
        return false;
    }
    memcpy(talk->proposed, answer->detail.at, answer->detail.len);
    talk->proposed[answer->detail.len] = '\0';
    bool card = *talk->known && strcmp(talk->known_param, "passphrase") == 0;
    say(talk,
        card ? _("That card is good only once, so %1 needs words of their own now. They can be:")
             : _("%1 needs a passphrase. These words can be it:"),
        answer->what);
    say(talk, "    %1", answer->detail);
    say(talk,
        _("They are shown only now. Keep them in mind, or on paper where nobody looks: who has "
          "them can write as you and read what is for you alone."),
        (struct slice){0});
    return ask_fresh(talk);
}

/* ---- the question ----------------------------------------------------------------------------------------------- */

/* Is there something new to ask with? */
static bool is_mended(struct talk *talk, enum err err, const struct answer *answer)
{
    if (!talk->terminal) {
        return false;
    }
    switch (err) {
    case ERR_PASSPHRASE:
        return !*talk->known && ask_known(talk);
    case ERR_WRONG_PASSPHRASE:
        if (++talk->wrong >= TRIES) {
            return false;
        }
        say(talk, gettext(err_sentence(err)), answer->what);
        return ask_known(talk);
    case ERR_NEW_PASSPHRASE:
        return choose_fresh(talk, answer);
    case ERR_WEAK_PASSPHRASE:
        say(talk, gettext(err_sentence(err)), answer->what);
        return *talk->proposed && ask_fresh(talk);
    case ERR_TAKEN:
        talk->take_over = !talk->take_over && is_yes(answer);
        return talk->take_over;
    default:
        return false;
    }
}

static struct question question_of(const struct talk *talk)
{
    struct question question = talk->question;
    bool same = strcmp(talk->known_param, talk->fresh_param) == 0;
    if (*talk->known && !(same && *talk->fresh)) {
        question_text(&question, talk->known_param, talk->known);
    }
    if (*talk->fresh) {
        question_text(&question, talk->fresh_param, talk->fresh);
    }
    if (talk->take_over) {
        question_flag(&question, "take_over");
    }
    return question;
}

int talk(struct talk *talk)
{
    for (;;) {
        struct answer answer;
        struct question question = question_of(talk);
        enum err err = call_ask(&talk->run->call, &question, &answer);
        bool again = err != OK && is_mended(talk, err, &answer);
        int status = EXIT_DONE;
        if (err == OK) {
            run_answer(talk->run, &answer);
        } else if (!again) {
            status = run_refuse(talk->run, err, &answer);
        }
        answer_clear(&answer);
        if (!again) {
            return status;
        }
    }
}

static enum err read_file(struct talk *talk, const char *path)
{
    char lines[2][SECRET_ROOM] = {{0}};
    bool two = strcmp(talk->known_param, talk->fresh_param) != 0;
    enum err err = secret_read(path, lines, two ? 2 : 1);
    memcpy(talk->known, lines[0], SECRET_ROOM);
    memcpy(talk->fresh, lines[1], SECRET_ROOM);
    wipe(lines, sizeof(lines));
    return err;
}

enum err talk_begin(struct talk *talk, struct run *run, const char *known_param,
                    const char *fresh_param, int *status)
{
    const char *path = args_value(run->args, "passphrase-file");
    *talk = (struct talk){.run = run, .known_param = known_param, .fresh_param = fresh_param};
    talk->terminal = ask_can() && !run->args->json && !path;
    enum err err = args_question(run->args, &talk->question);
    if (err == OK && path && (err = read_file(talk, path)) != OK) {
        run->args->wrong = err == ERR_DISK       ? _("The file %1 can't be read.")
                           : err == ERR_EMPTY    ? _("There is no passphrase in %1.")
                           : err == ERR_TOO_LONG ? _("The passphrase in %1 is too long.")
                                                 : _("The passphrase in %1 isn't text.");
        run->args->wrong_word = path;
    }
    *status = err == OK ? EXIT_DONE : run_usage(run);
    return err;
}

void talk_end(struct talk *talk)
{
    wipe(talk, sizeof(*talk));
}
