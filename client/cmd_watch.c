/* jam watch: the whole class live, as a picture, as sentences or as JSON. */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "phrase.h"
#include "say.h"
#include "watch.h"

/* ---- a change as a sentence ------------------------------------------------------------------------------------- */

static void say_place(struct page *page, const msgpack_object *change)
{
    page_say(page, _("%s is %s."), page_get(page, change, "person"),
             phrase_place(page, map_get(change, "place")));
}

static void say_person(struct page *page, const msgpack_object *change)
{
    const char *seat = page_get(page, change, "seat");
    const char *person = page_get(page, change, "person");
    if (!is_set(change, "here")) {
        page_say(page, _("%s isn't here any more."), person);
    } else if (*seat) {
        page_say(page, _("%s is here, at %s."), person, seat);
    } else {
        page_say(page, _("%s is here."), person);
    }
}

static void say_jam(struct page *page, const msgpack_object *change)
{
    const char *purpose = page_get(page, change, "purpose");
    page_put(page, _("Jam %s"), page_get(page, change, "name"));
    page_put(page, *purpose ? ", %s" : "%s", purpose);
    page_say(page, _(", by %s."), page_get(page, change, "by"));
}

static void say_left(struct page *page, const msgpack_object *change)
{
    page_say(page, _("%s left %s."), page_get(page, change, "person"),
             page_get(page, change, "jam"));
}

/* Who sat at this terminal. */
static void say_gone(struct page *page, const msgpack_object *change)
{
    page_say(page, "%s", phrase_left(page, map_get(change, "left")));
}

static void say_holders(struct page *page, const msgpack_object *change)
{
    const char *names = phrase_names(page, map_get(change, "holders"));
    page_say(page, _("%s, %s: %s."), page_get(page, change, "jam"), page_get(page, change, "role"),
             *names ? names : _("nobody"));
}

static void say_task(struct page *page, const msgpack_object *change)
{
    const msgpack_object *task = map_get(change, "task");
    const char *jam = page_get(page, change, "jam");
    page_put(page, *jam ? "%s, " : "%s", jam);
    page_say(page, _("task %s: %s, by %s."), page_get(page, task, "title"), phrase_task_state(task),
             page_get(page, change, "by"));
}

static void say_noted(struct page *page, const msgpack_object *change)
{
    const char *jam = page_get(page, change, "jam");
    page_put(page, *jam ? "%s, " : "%s", jam);
    page_say(page, "%s: %s", page_get(page, change, "by"), page_get(page, change, "text"));
}

static void say_given(struct page *page, const msgpack_object *change)
{
    const char *to =
        page_get(page, change, "to"); /* nobody: it is sealed, and not to who watches */
    page_put(page, _("%s gave feedback"), page_get(page, change, "from"));
    page_say(page, *to ? _(" to %s.") : ".", to);
}

static void say_erased(struct page *page, const msgpack_object *change)
{
    const char *jam = page_get(page, change, "jam");
    page_put(page, *jam ? "%s, " : "%s", jam);
    page_say(page, _("%s erased a line: %s"), page_get(page, change, "by"),
             page_get(page, change, "why"));
}

static void say_seat(struct page *page, const msgpack_object *change)
{
    page_say(page, _("The machine %s is %s now."), page_get(page, change, "host"),
             page_get(page, change, "seat"));
}

static void say_machine(struct page *page, const msgpack_object *change)
{
    struct slice state = {0};
    const char *seat = page_get(page, change, "seat");
    const char *name = *seat ? seat : page_get(page, change, "host");
    map_text(change, "state", &state);
    page_say(page,
             slice_is(state, "here")   ? _("The machine %s is here.")
             : slice_is(state, "left") ? _("The machine %s was switched off.")
                                       : _("The machine %s is silent."),
             name);
}

void say_change(struct page *page, const msgpack_object *change)
{
    static const struct {
        const char *type;
        void (*say)(struct page *, const msgpack_object *);
    } types[] = {
        {"place", say_place},     {"person", say_person},  {"jam", say_jam},
        {"leave", say_left},      {"role", say_holders},   {"task", say_task},
        {"note", say_noted},      {"feedback", say_given}, {"seat", say_seat},
        {"machine", say_machine}, {"redact", say_erased},  {"left", say_gone},
    };
    struct slice type = {0};
    map_text(change, "type", &type);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (slice_is(type, types[i].type)) {
            types[i].say(page, change);
        }
    }
}

/* ---- the forms of the watch ------------------------------------------------------------------------------------- */

/* Does anybody read what is printed? Else who has gone would be noticed at the next change only. */
static bool is_read(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    return !ferror(stdout) && !(poll(&out, 1, 0) > 0 && out.revents & POLLERR);
}

static bool open_page(const struct run *run, unsigned columns, struct page *page)
{
    bool opened = page_init(page, columns);
    page->plain = run->style.plain;
    page->ascii = run->style.ascii;
    return opened;
}

/* Goes out at once, so that who reads along misses nothing. */
static void print_page(struct page *page)
{
    fputs(page_text(page), stdout);
    fflush(stdout);
    page_clear(page);
}

/* What one of the painters makes of the watch as it is now. */
static void print_screen(const struct run *run, const struct watch *watch, unsigned columns,
                         void (*paint)(struct page *, const struct screen *))
{
    struct page page;
    if (open_page(run, columns, &page)) {
        struct screen screen = watch_screen(watch, &page);
        paint(&page, &screen);
        print_page(&page);
    }
}

static void print_change(const struct run *run, const msgpack_object *change)
{
    struct page page;
    if (open_page(run, run->style.columns, &page)) {
        say_change(&page, change);
        print_page(&page);
    }
}

static unsigned once_columns(const struct run *run)
{
    const char *wished = getenv("COLUMNS");
    unsigned long columns = wished ? strtoul(wished, NULL, 10) : 0;
    return columns >= 20 && columns <= 1000             ? (unsigned)columns
           : run->style.columns > 0 || run->style.plain ? run->style.columns
                                                        : 80;
}

static int once(const struct run *run, const struct watch *watch)
{
    if (run->args->json) {
        show_json_line(stdout, true, "state", watch->state);
    } else {
        print_screen(run, watch, once_columns(run), screen_paint);
    }
    return EXIT_DONE;
}

static int follow_json(struct run *run, struct watch *watch)
{
    show_json_line(stdout, true, "state", watch->state);
    while (is_read()) {
        struct answer answer;
        enum watch_news news = watch_next(watch, SILENCE_MS, &answer);
        if (news == WATCH_CHANGE || news == WATCH_FRESH || news == WATCH_ENDED) {
            const char *type = news == WATCH_FRESH   ? "fresh"
                               : news == WATCH_ENDED ? "ended"
                                                     : "change";
            show_json_line(stdout, false, type, answer.result);
        }
        answer_clear(&answer);
        if (news == WATCH_ENDED) {
            return EXIT_DONE;
        }
        if (news == WATCH_LOST) {
            return run_refuse(run, ERR_NO_DAEMON, NULL);
        }
    }
    return EXIT_REFUSED;
}

/* Without the counts of the first line: the state that they come from isn't kept up with changes. */
static void paint_freshness(struct page *page, const struct screen *screen)
{
    page_put(page, "%s, ", page_get(page, screen->state, "class"));
    screen_put_freshness(page, screen);
    page_end(page);
}

/* Ends the watch of a class that has ended. */
static int say_ended(struct run *run, struct answer *answer)
{
    struct page page;
    if (open_page(run, run->style.columns, &page)) {
        page_say(&page, _("The class %s has ended, and is erased here."),
                 page_get(&page, answer->result, "class"));
        print_page(&page);
    }
    answer_clear(answer);
    return EXIT_DONE;
}

/* The whole picture once; then a sentence for each change, and one whenever the freshness changes. */
static int follow_plain(struct run *run, struct watch *watch)
{
    bool was_live = watch_is_live(watch);
    print_screen(run, watch, once_columns(run), screen_paint);
    while (is_read()) {
        struct answer answer;
        enum watch_news news = watch_next(watch, 1000, &answer);
        if (news == WATCH_CHANGE) {
            print_change(run, answer.result);
        } else if (news == WATCH_ENDED) {
            return say_ended(run, &answer);
        }
        answer_clear(&answer);
        if (watch_is_live(watch) != was_live) {
            was_live = !was_live;
            print_screen(run, watch, run->style.columns, paint_freshness);
        }
    }
    return EXIT_REFUSED;
}

/* A screen that can be repainted, and nobody who asked for lines. */
static bool can_repaint(const struct run *run)
{
    const char *term = getenv("TERM");
    return !run->style.plain && term && *term && strcmp(term, "dumb") != 0 &&
           isatty(STDOUT_FILENO) && isatty(STDIN_FILENO);
}

/* The picture; on a terminal that terminfo doesn't know, sentences. */
static int follow_picture(struct run *run, struct watch *watch, struct answer *first)
{
    answer_clear(first);
    if (watch_curses(run, watch, first)) {
        return first->open ? say_ended(run, first) : EXIT_DONE;
    }
    call_hang_up(watch->call);
    watch->states = false;
    enum err err = watch_begin(watch, first);
    return err == OK ? follow_plain(run, watch) : run_refuse(run, err, first);
}

int run_watch(struct run *run)
{
    struct watch watch;
    struct answer first;
    struct question question;
    if (args_question(run->args, &question) != OK) {
        return run_usage(run);
    }
    bool only_once = args_value(run->args, "once");
    bool picture = !only_once && !run->args->json && can_repaint(run);
    int status;
    watch_init(&watch, run, picture || only_once);
    enum err err = watch_begin(&watch, &first);
    if (err != OK) {
        status = run_refuse(run, err, &first);
    } else if (only_once) {
        status = once(run, &watch);
    } else if (run->args->json) {
        status = follow_json(run, &watch);
    } else if (picture) {
        status = follow_picture(run, &watch, &first);
    } else {
        status = follow_plain(run, &watch);
    }
    answer_clear(&first);
    watch_clear(&watch);
    return status;
}
