/* One-time cards: a name and three words, said, or on a page to be printed and cut. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bounds.h"
#include "keys.h"
#include "phrase.h"
#include "run.h"
#include "say.h"

void say_people_reset(struct page *page, const msgpack_object *result)
{
    const msgpack_object *card = map_get(result, "card");
    const char *person = page_get(page, card, "person");
    unsigned valid_s = number_of(card, "valid_s");
    if (*page_get(page, result, "removed")) {
        say_removed(page, page_get(page, result, "removed"));
    }
    page_put(page, _("One-time card for %s: %s"), person, page_get(page, card, "words"));
    if (valid_s > 0) {
        page_put(page, _(", for %s"), phrase_seconds(page, valid_s));
    }
    page_say(page, _(". It is good once. There: jam hello %s"), person);
}

/* Whoever comes first has a name, so a card that is missing says where to look. */
static void say_taken(struct page *page, const msgpack_object *result)
{
    const char *names = phrase_names(page, map_get(result, "taken"));
    if (*names) {
        page_say(page, _("No card for who signed up without one: %s. Is it them? jam people"),
                 names);
    }
}

void say_cards(struct page *page, const msgpack_object *result)
{
    struct items cards = items_of(result, "cards");
    for (uint32_t i = 0; i < cards.count; i++) {
        page_put(page, "%s", page_get(page, &cards.at[i], "person"));
        page_pad(page, page->plain ? 0 : 18);
        page_say(page, "%s", page_get(page, &cards.at[i], "words"));
    }
    if (cards.count == 0) {
        page_say(page, _("All on the list have a card or a passphrase. Another card for one of "
                         "them: jam cards PERSON"));
    } else {
        page_say(page, _("Each is good once: who signs in with it chooses words of their own. They "
                         "aren't shown again."));
    }
    say_taken(page, result);
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
        put_escaped(out, page_get(&page, &cards.at[i], "words"));
        fputs("</p><p>", out);
        put_escaped(out, page_fill(&page,
                                   _("At a machine of the class type: jam hello %1. Then these "
                                     "words: they are good once. Then choose your own."),
                                   person, ""));
        fputs("</p></div>\n", out);
    }
    fputs("</body></html>\n", out);
    page_clear(&page);
}

/* The descriptor is the stream's afterwards. False: not all of it could be written. */
static bool write_page(int fd, const msgpack_object *result)
{
    bool emptied = ftruncate(fd, 0) == 0 || errno == EINVAL; /* a pipe is empty */
    fchmod(fd, S_IRUSR | S_IWUSR);                           /* also one that was there */
    FILE *out = fdopen(fd, "w");
    if (!out) {
        close(fd);
        return false;
    }
    cards_page(out, result);
    bool written = emptied && !ferror(out);
    return fclose(out) == 0 && written;
}

/* Adds an answer's cards to what is packed; how many they were. */
static uint32_t take_cards(struct pack *all, const struct answer *answer)
{
    struct items cards = items_of(answer->result, "cards");
    for (uint32_t i = 0; i < cards.count; i++) {
        struct slice person = {0};
        struct slice words = {0};
        map_text(&cards.at[i], "person", &person);
        map_text(&cards.at[i], "words", &words);
        pack_map(all, 2);
        pack_str(all, "person");
        pack_text(all, person);
        pack_str(all, "words");
        pack_text(all, words);
    }
    return cards.count;
}

/* The names that an answer tells, in place of those before. */
static void take_names(struct pack *names, const struct answer *answer)
{
    struct items taken = items_of(answer->result, "taken");
    pack_reset(names);
    pack_array(names, taken.count);
    for (uint32_t i = 0; i < taken.count; i++) {
        struct slice name = {0};
        read_text(&taken.at[i], &name);
        pack_text(names, name);
    }
}

/* jamd makes some cards at a time; a class may want more. *all becomes one answer with those that were made. Exit status;
 * why not was said. */
static int gather_cards(struct run *run, const struct question *question, struct pack *all)
{
    bool one = run->args->words_count > 0;
    int status = EXIT_DONE;
    uint32_t count = 0;
    uint32_t more = 1;
    struct pack cards;
    struct pack taken;
    pack_init(&cards);
    pack_init(&taken);
    pack_array(&taken, 0);
    while (status == EXIT_DONE && more > 0 && count < LIST_MAX) {
        struct answer answer;
        enum err err = call_ask(&run->call, question, &answer);
        more = err == OK ? take_cards(&cards, &answer) : 0;
        if (err == OK) {
            take_names(&taken, &answer);
        }
        count += more;
        more = one ? 0 : more;
        status = err == OK ? EXIT_DONE : run_refuse(run, err, &answer);
        answer_clear(&answer);
    }
    pack_map(all, 2);
    pack_str(all, "cards");
    pack_array(all, count);
    pack_raw(all, pack_bytes(&cards));
    pack_str(all, "taken");
    pack_raw(all, pack_bytes(&taken));
    pack_clear(&taken);
    wipe((void *)(uintptr_t)pack_bytes(&cards).at, pack_bytes(&cards).len);
    pack_clear(&cards);
    return status;
}

static void show_taken(const msgpack_object *result)
{
    struct page page;
    if (page_init(&page, 0)) {
        say_taken(&page, result);
        fputs(page_text(&page), stdout);
        page_clear(&page);
    }
}

static bool show_cards(struct run *run, const struct answer *cards, int fd)
{
    unsigned count = items_of(cards->result, "cards").count;
    if (fd >= 0 && !write_page(fd, cards->result)) {
        return false;
    }
    if (fd < 0 || run->args->json) {
        run_answer(run, cards);
    } else {
        printf(ngettext("%u card. Print the file, then delete it: who reads it can sign in.\n",
                        "%u cards. Print the file, then delete it: who reads it can sign in.\n",
                        count),
               count);
        show_taken(cards->result);
    }
    return true;
}

/* No empty page, and none in the place of one that has cards. */
static void leave_page(int fd, const char *path)
{
    struct stat file;
    if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_size == 0) {
        unlink(path);
    }
    close(fd);
}

static int refuse_file(struct run *run, const char *path)
{
    run->args->wrong = _("The file %1 can't be written.");
    run->args->wrong_word = path;
    return run_usage(run);
}

int run_cards(struct run *run)
{
    struct question question;
    struct answer cards = {0};
    struct pack all;
    const char *path = args_value(run->args, "html");
    if (args_question(run->args, &question) != OK) {
        return run_usage(run);
    }
    /* before the cards are made: each card ends the one before it */
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR) : -1;
    if (path && fd < 0) {
        return refuse_file(run, path);
    }
    pack_init(&all);
    int status = gather_cards(run, &question, &all);
    cards.open = !all.failed && doc_open(&cards.doc, pack_bytes(&all), PACK_LOCAL) == OK;
    cards.result = cards.open ? &cards.doc.root : NULL;
    bool any = items_of(cards.result, "cards").count > 0;
    if (fd >= 0 && !any) {
        leave_page(fd, path);
        fd = -1;
    }
    if (cards.open && (any || status == EXIT_DONE) && !show_cards(run, &cards, fd)) {
        status = refuse_file(run, path);
    }
    answer_clear(&cards);
    pack_clear(&all);
    return status;
}
