/* One-time cards: a name and three words, said, or on a page to be printed and cut. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "phrase.h"
#include "run.h"
#include "say.h"

static const char *card_words(struct page *page, const msgpack_object *card)
{
    const msgpack_object *words;
    uint32_t count;
    const char *all = "";
    if (!read_array(map_get(card, "words"), &words, &count)) {
        return page_get(page, card, "words");
    }
    for (uint32_t i = 0; i < count; i++) {
        struct slice word = {0};
        read_text(&words[i], &word);
        all = page_format(page, "%s%s%s", all, i > 0 ? " " : "", page_shown(page, word, 0));
    }
    return all;
}

void say_people_reset(struct page *page, const msgpack_object *result)
{
    const msgpack_object *card = map_get(result, "card");
    const char *person = page_get(page, card, "person");
    unsigned valid_s = number_of(card, "valid_s");
    page_put(page, _("One-time card for %s: %s"), person, card_words(page, card));
    if (valid_s > 0) {
        page_put(page, _(", for %s"), phrase_seconds(page, valid_s));
    }
    page_say(page, _(". There: jam hello %s, with these words"), person);
}

void say_cards(struct page *page, const msgpack_object *result)
{
    struct items cards = items_of(result, "cards");
    for (uint32_t i = 0; i < cards.count; i++) {
        page_put(page, "%s", page_get(page, &cards.at[i], "person"));
        page_pad(page, page->plain ? 0 : 18);
        page_say(page, "%s", card_words(page, &cards.at[i]));
    }
    if (cards.count == 0) {
        page_say(page, _("Everybody has a passphrase already. One card: jam cards PERSON"));
    } else {
        page_say(page, _("Each is for one sign-in; a passphrase of their own follows. On paper: "
                         "jam cards --html FILE"));
    }
}

/* ---- the page to print -------------------------------------------------------------------------------------------- */

static void put_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            putc(*text, out);
        }
    }
}

/* Nothing is fetched by it and nothing runs in it, whatever a name says. */
static const char page_head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<title>Cards</title>\n"
    "<style>\n"
    "body { font: 14pt sans-serif; margin: 1cm }\n"
    ".card { border: 1px dashed; padding: .5cm; margin: 0 .3cm .3cm 0; width: 8cm;\n"
    "        display: inline-block; break-inside: avoid }\n"
    ".words { font-weight: bold }\n"
    "p { margin: .2cm 0 }\n"
    "</style></head><body>\n";

void cards_page(FILE *out, const msgpack_object *result)
{
    struct items cards = items_of(result, "cards");
    struct page page;
    if (!page_init(&page, 0)) {
        return;
    }
    fputs(page_head, out);
    for (uint32_t i = 0; i < cards.count; i++) {
        const char *person = page_get(&page, &cards.at[i], "person");
        fputs("<div class=\"card\"><p><bdi>", out);
        put_escaped(out, person);
        fputs("</bdi></p><p class=\"words\">", out);
        put_escaped(out, card_words(&page, &cards.at[i]));
        fputs("</p><p>", out);
        put_escaped(
            out, page_fill(&page, _("At a machine of the class type: jam hello %1"), person, ""));
        fputs("</p></div>\n", out);
    }
    fputs("</body></html>\n", out);
    page_clear(&page);
}

/* The descriptor is the stream's afterwards. False: not all of it could be written. */
static bool write_page(int fd, const msgpack_object *result)
{
    bool emptied = ftruncate(fd, 0) == 0 || errno == EINVAL; /* a pipe is empty */
    FILE *out = fdopen(fd, "w");
    if (!out) {
        close(fd);
        return false;
    }
    cards_page(out, result);
    bool written = emptied && !ferror(out);
    return fclose(out) == 0 && written;
}

static int print_cards(struct run *run, struct question *question, const char *path)
{
    struct answer answer;
    /* before the cards are made: each card ends the one before it */
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        run->args->wrong = _("The file %1 can't be written.");
        run->args->wrong_word = path;
        return run_usage(run);
    }
    enum err err = call_ask(&run->call, question, &answer);
    int status = EXIT_DONE;
    if (err != OK) {
        close(fd);
        status = run_refuse(run, err, &answer);
    } else if (!write_page(fd, answer.result)) {
        run->args->wrong = _("The file %1 can't be written.");
        run->args->wrong_word = path;
        status = run_usage(run);
    } else if (run->args->json) {
        run_answer(run, &answer);
    } else {
        unsigned count = items_of(answer.result, "cards").count;
        printf(ngettext("%u card. Print the file, then delete it: who reads it can sign in.\n",
                        "%u cards. Print the file, then delete it: who reads it can sign in.\n",
                        count),
               count);
    }
    answer_clear(&answer);
    return status;
}

int run_cards(struct run *run)
{
    struct question question;
    const char *path = args_value(run->args, "html");
    if (args_question(run->args, &question) != OK) {
        return run_usage(run);
    }
    return path ? print_cards(run, &question, path) : run_ask(run, &question);
}
