/* What a teacher does: people, machines, lessons. */
#include <iconv.h>
#include <stdlib.h>

#include "ask.h"
#include "phrase.h"
#include "run.h"
#include "say.h"

/* ---- people ----------------------------------------------------------------------------------------------------- */

void say_class_roster(struct page *page, const msgpack_object *result)
{
    unsigned people = number_of(result, "people");
    const char *removed = phrase_names(page, map_get(result, "removed"));
    if (*removed) {
        page_say(page, _("Not on the list any more%s: %s."), phrase_as(page), removed);
        return;
    }
    page_put(page, ngettext("%u person on the list", "%u people on the list", people), people);
    page_say(page, _(", %u of them new. Print their cards: jam cards --html FILE"),
             number_of(result, "new"));
}

/* Who has a name unconfirmed may be another: where they signed up is where to look. */
static void put_unconfirmed(struct page *page, const msgpack_object *person)
{
    const msgpack_object *came = map_get(person, "signed_up");
    const char *seat = page_get(page, came, "seat");
    const char *age = phrase_age(page, came);
    page_put(page, "%s", _(", not confirmed"));
    page_put(page, *seat ? _(", signed up at %s") : "%.0s", seat);
    page_put(page, *seat && *age ? _(" (%s ago)") : "%.0s", age);
}

void say_people(struct page *page, const msgpack_object *result)
{
    struct items people = items_of(result, "people");
    bool unconfirmed = false;
    for (uint32_t i = 0; i < people.count; i++) {
        const msgpack_object *one = &people.at[i];
        const char *person = page_get(page, one, "person");
        const char *name = page_get(page, one, "name");
        page_put(page, "%2u %s", number_of(one, "n"), person);
        page_put(page, *name && strcmp(name, person) != 0 ? " (%s)" : "%.0s", name);
        page_put(page, "%s", is_set(one, "teacher") ? _(", teacher") : "");
        if (!is_set(one, "confirmed")) {
            put_unconfirmed(page, one);
            unconfirmed = true;
        }
        page_put(page, "%s", is_set(one, "key") ? "" : _(", not here yet"));
        page_put(page, "%s", is_set(one, "card") ? _(", has a card") : "");
        page_end(page);
    }
    struct items waiting = items_of(result, "waiting");
    for (uint32_t i = 0; i < waiting.count; i++) {
        const char *name = page_get(page, &waiting.at[i], "name");
        page_put(page, "   %s", page_get(page, &waiting.at[i], "handle"));
        page_put(page, *name ? " (%s)" : "%.0s", name);
        page_say(page, "%s", _(", not here yet"));
    }
    if (unconfirmed && is_set(result, "teacher") && !is_set(result, "open")) {
        page_say(page, _("They are who they say: jam people confirm --all. One of them isn't: jam "
                         "people reset NAME --taken"));
    }
    if (people.count + waiting.count == 0) {
        page_say(page, _("Nobody is in this class yet. Their names: jam class roster FILE"));
    }
}

void say_people_confirm(struct page *page, const msgpack_object *result)
{
    const char *names = phrase_names(page, map_get(result, "people"));
    if (*names) {
        page_say(page, _("Confirmed%s: %s."), phrase_as(page), names);
    } else {
        page_say(page, _("Nobody waits to be confirmed. All: jam people"));
    }
}

void say_people_rename(struct page *page, const msgpack_object *result)
{
    page_say(page, _("%s is called %s now%s."), page_get(page, result, "was"),
             page_get(page, result, "person"), phrase_as(page));
}

void say_removed(struct page *page, const char *person)
{
    page_say(page, _("%s isn't in this class any more%s. What they wrote until now stays."), person,
             phrase_as(page));
}

void say_people_remove(struct page *page, const msgpack_object *result)
{
    say_removed(page, page_get(page, result, "person"));
}

void say_people_teacher(struct page *page, const msgpack_object *result)
{
    page_say(page,
             is_set(result, "teacher") ? _("%s is a teacher of this class now%s.")
                                       : _("%s isn't a teacher of this class any more%s."),
             page_get(page, result, "person"), phrase_as(page));
}

/* ---- machines --------------------------------------------------------------------------------------------------- */

static const char *machine_name(struct page *page, const msgpack_object *machine)
{
    const char *seat = page_get(page, machine, "seat");
    const char *host = page_get(page, machine, "host");
    return *seat ? seat : *host ? host : page_get(page, machine, "device");
}

void say_class_devices(struct page *page, const msgpack_object *result)
{
    struct items machines = items_of(result, "machines");
    for (uint32_t i = 0; i < machines.count; i++) {
        const msgpack_object *one = &machines.at[i];
        const char *age = phrase_age(page, one);
        struct slice state = {0};
        map_text(one, "state", &state);
        page_put(page, "%2u %s", number_of(one, "n"), machine_name(page, one));
        page_pad(page, page->plain ? 0 : 18);
        page_put(page, "%s", page_get(page, one, "host"));
        page_pad(page, page->plain ? 0 : 30);
        page_put(page, "%s", slice_is(state, "here") ? _("here") : _("away"));
        page_put(page, *age ? ", %s" : "%s", age);
        page_put(page, "%s", is_set(one, "expelled") ? _(", put out of the class") : "");
        page_end(page);
    }
    if (machines.count == 0) {
        page_say(page, _("No machine has written anything yet."));
    }
}

void say_class_expel(struct page *page, const msgpack_object *result)
{
    page_say(page,
             _("%s is out of the class%s: what it writes from now on doesn't count. It still knows "
               "the class's words; new ones: jam class rotate"),
             machine_name(page, result), phrase_as(page));
}

void say_class_rotate(struct page *page, const msgpack_object *result)
{
    page_say(page,
             _("%s has a new secret%s. Its machines go over by themselves, also those that are off "
               "now; the old words let nobody in. New words: jam class invite"),
             page_get(page, map_get(result, "class"), "name"), phrase_as(page));
}

/* "28 of 30 machines; PC 7, PC 12 when they wake" */
static void put_receipt(struct page *page, const msgpack_object *result, const char *done)
{
    const char *others = phrase_names(page, map_get(result, "behind"));
    unsigned of = number_of(result, "of");
    page_put(page, ngettext("%u of %u machine", "%u of %u machines", of), number_of(result, done),
             of);
    if (*others) {
        page_put(page, _("; %s when they wake"), others);
    }
}

void say_class_close(struct page *page, const msgpack_object *result)
{
    page_put(page, _("%s is closed and erased on "),
             page_get(page, map_get(result, "class"), "name"));
    put_receipt(page, result, "done");
    page_say(page, ".");
}

/* ---- lessons ---------------------------------------------------------------------------------------------------- */

void say_lesson_start(struct page *page, const msgpack_object *result)
{
    (void)result;
    page_say(page, _("The lesson begins%s. Its end signs everybody out: jam lesson end"),
             phrase_as(page));
}

void say_lesson_end(struct page *page, const msgpack_object *result)
{
    unsigned people = number_of(map_get(result, "lesson"), "people");
    page_put(page,
             ngettext("Lesson over%s, %u person signed out.",
                      "Lesson over%s, %u people signed out.", people),
             phrase_as(page), people);
    if (number_of(result, "of") > 0) {
        page_put(page, "%s", _(" Safe to switch off: "));
        put_receipt(page, result, "safe");
        bool soon = items_of(result, "behind").count == 0 &&
                    number_of(result, "safe") < number_of(result, "of");
        page_put(page, "%s", soon ? _("; the rest in a moment: jam status") : ".");
    }
    page_end(page);
}

/* ---- commands that do more than ask once -------------------------------------------------------------------------- */

/* How `class close` is to go: what is kept first, and whether who sits here is asked. */
struct closing {
    const char *keep; /* where; NULL: nothing */
    bool asked;       /* whether to keep it */
    bool sure;        /* --yes */
};

/* Asks whether to keep what is about to be erased; keeps it. EXIT_DONE: the class may be closed. */
static int keep_first(struct run *run, const struct closing *closing)
{
    const char *keep = closing->keep;
    if (closing->asked && ask_not_no(_("Keep what it wrote, in a file here? [Y/n] "))) {
        keep = ".";
    }
    return keep ? run_keep(run, keep, false) : EXIT_DONE;
}

static void say_what_ends(const struct run *run, const msgpack_object *result)
{
    struct page page;
    unsigned of = number_of(result, "of");
    if (!page_init(&page, run->style.columns)) {
        return;
    }
    const char *until = page_get(&page, map_get(result, "class"), "until");
    page_put(&page, "%s: ", page_get(&page, map_get(result, "class"), "name"));
    page_put(&page, ngettext("%u machine", "%u machines", of), of);
    page_put(&page, *until ? _(", its last day is %s") : _(", no last day was said"), until);
    page_say(&page, ".");
    fputs(page_text(&page), stdout);
    page_clear(&page);
}

/* Nothing brings a closed class back: who is asked here must say yes, a script --yes; and what to keep. */
static int close_class(struct run *run, struct question *question, const struct closing *closing)
{
    int status = keep_first(run, closing);
    if (status != EXIT_DONE) {
        return status;
    }
    if (!closing->sure) {
        if (!ask_yes(_("This erases the class on all its machines, for ever. Close it? [y/N] "))) {
            return EXIT_REFUSED;
        }
        question_flag(question, "yes");
    }
    return run_ask(run, question);
}

/* First, whether it may be closed at all: before anything is asked or kept. */
static int look_and_close(struct run *run, struct question *question, const struct closing *closing)
{
    struct answer answer;
    struct question look = {.method = "class.close"};
    question_text(&look, "class", run->args->class);
    enum err err = call_ask(&run->call, &look, &answer);
    bool over = err != OK || is_set(answer.result, "closed");
    int status = EXIT_DONE;
    if (err != OK) {
        status = run_refuse(run, err, &answer);
    } else if (over) {
        run_answer(run, &answer);
    } else if (!closing->sure) {
        say_what_ends(run, answer.result);
    }
    answer_clear(&answer);
    return over ? status : close_class(run, question, closing);
}

int run_class_close(struct run *run)
{
    struct question question;
    struct closing closing = {.keep = args_value(run->args, "export"),
                              .sure = args_value(run->args, "yes")};
    bool nothing = args_value(run->args, "no-export");
    bool terminal = ask_can() && !run->args->json;
    if (args_question(run->args, &question) != OK) {
        return run_usage(run);
    }
    closing.asked = terminal && !closing.keep && !nothing;
    if (closing.keep && nothing) {
        run->args->wrong = _("--export and --no-export don't go together.");
        return run_usage(run);
    }
    if (!terminal && (!closing.sure || (!closing.keep && !nothing))) {
        run->args->wrong = _("This erases the class on all its machines. Say --yes if you mean it, "
                             "and --export FILE or --no-export.");
        return run_usage(run);
    }
    return look_and_close(run, &question, &closing);
}

enum { ROSTER_BYTES_MAX = 1024 * 1024, BATCH_BYTES_MAX = 3000, BATCH_LINES_MAX = 60 };

/* A copy of the text from another encoding to UTF-8; NULL: it isn't in that encoding. */
static char *recoded(const char *encoding, char *text)
{
    size_t len = strlen(text), room = 3 * len + 1;
    iconv_t how = iconv_open("UTF-8", encoding);
    char *copy = how == (iconv_t)-1 ? NULL : calloc(1, room);
    char *out = copy;
    bool whole = copy && iconv(how, &text, &len, &out, &room) != (size_t)-1;
    if (how != (iconv_t)-1) {
        iconv_close(how);
    }
    if (!whole) {
        free(copy);
        return NULL;
    }
    return copy;
}

/* As spreadsheets save a list: letters of one byte each, semicolons or tabs between columns, quotes around them. */
static char *as_lines(char *text)
{
    char *is = recoded("UTF-8", text);
    char *was = is ? NULL : recoded("CP1252", text);
    free(is);
    if (was) {
        free(text);
        text = was;
    }
    size_t kept = 0;
    for (const char *at = text; *at; at++) {
        if (*at == ';' || *at == '\t') {
            text[kept++] = ',';
        } else if (*at != '"' && *at != '\r') {
            text[kept++] = *at;
        }
    }
    text[kept] = '\0';
    return text;
}

/* The whole file, terminated; NULL: it can't be read or is too long. The caller frees it. */
static char *read_roster(const char *path)
{
    bool here = strcmp(path, "-") == 0;
    FILE *file = here ? stdin : fopen(path, "re");
    char *text = file ? malloc(ROSTER_BYTES_MAX + 1) : NULL;
    size_t len = text ? fread(text, 1, ROSTER_BYTES_MAX + 1, file) : 0;
    if (text && (ferror(file) || len > ROSTER_BYTES_MAX || memchr(text, 0, len))) {
        free(text);
        text = NULL;
    }
    if (text) {
        text[len] = '\0';
        text = as_lines(text);
    }
    if (file && !here) {
        fclose(file);
    }
    return text;
}

/* Cuts the next batch of whole lines off, terminated; NULL at the end. */
static char *take_batch(char **rest)
{
    char *batch = *rest;
    size_t len = 0;
    for (uint32_t lines = 0; batch[len] && lines < BATCH_LINES_MAX; lines++) {
        size_t line = strcspn(batch + len, "\n");
        line += batch[len + line] == '\n';
        if (len > 0 && len + line > BATCH_BYTES_MAX) {
            break;
        }
        len += line;
    }
    if (len == 0) {
        return NULL;
    }
    *rest = batch + len;
    if (batch[len - 1] == '\n') {
        batch[len - 1] = '\0';
    }
    return batch;
}

/* One answer for all batches. */
static void show_sum(struct run *run, uint64_t people, uint64_t fresh)
{
    struct pack sum;
    struct answer answer = {0};
    pack_init(&sum);
    pack_map(&sum, 2);
    pack_str(&sum, "new");
    pack_uint(&sum, fresh);
    pack_str(&sum, "people");
    pack_uint(&sum, people);
    answer.open = !sum.failed && doc_open(&answer.doc, pack_bytes(&sum), PACK_LOCAL) == OK;
    if (answer.open) {
        answer.result = &answer.doc.root;
        run_answer(run, &answer);
    }
    answer_clear(&answer);
    pack_clear(&sum);
}

/* A list of names may be longer than one question; entering it again changes nothing. */
int run_roster(struct run *run)
{
    const char *path = args_join(run->args, 0);
    const char *name = args_value(run->args, "remove");
    if (name && !path) {
        struct question strike = {.method = "class.roster"};
        question_text(&strike, "class", run->args->class);
        question_text(&strike, "names", name);
        question_flag(&strike, "remove");
        return run_ask(run, &strike);
    }
    char *text = path ? read_roster(path) : NULL;
    char *rest = text && strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text; /* a BOM */
    const char *batch;
    uint64_t people = 0;
    uint64_t fresh = 0;
    int status = EXIT_DONE;
    if (!text) {
        run->args->wrong = path ? _("The file %1 can't be read.") : _("Something is missing.");
        run->args->wrong_word = path ? path : "";
        return run_usage(run);
    }
    while (status == EXIT_DONE && (batch = take_batch(&rest))) {
        struct question question = {.method = "class.roster"};
        struct answer answer;
        question_text(&question, "class", run->args->class);
        question_text(&question, "names", batch);
        enum err err = call_ask(&run->call, &question, &answer);
        if (err == OK) {
            people += number_of(answer.result, "people");
            fresh += number_of(answer.result, "new");
        } else {
            status = run_refuse(run, err, &answer);
        }
        answer_clear(&answer);
    }
    if (status == EXIT_DONE) {
        show_sum(run, people, fresh);
    }
    free(text);
    return status;
}
