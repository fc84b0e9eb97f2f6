/* The watch on a terminal: repainted in place, scrolled when it doesn't fit. */
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <unistd.h>

#undef OK /* ours, of err.h, is 0 too */
#include "watch.h"

/* What is on the screen besides the state itself. */
struct view {
    const struct style *style;
    int top; /* first line shown of those below the head */
    bool help;
    bool done;
};

static void paint_help(struct page *page)
{
    page_say(page, "%s", _("What the signs say"));
    page_say(page, "%s", _("  •  changed in the last five seconds"));
    page_say(page, "%s", _("  ○  a member who works alone now"));
    page_say(page, "%s", _("  2✓ task 2 is done   2… somebody is at it"));
    page_say(page, "%s", _("  ~  after a time: about that long ago, a clock isn't sure"));
    page_say(page, "%s", _("Keys: arrows, PgUp, PgDn move; q ends; any other key: back"));
}

static int lines_of(const char *text)
{
    int lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++) {
        lines++;
    }
    return lines;
}

static void put_line(int row, const char *text)
{
    mvaddnstr(row, 0, text, (int)strcspn(text, "\n"));
}

static const char *skip_lines(const char *text, int count)
{
    while (count > 0 && (text = strchr(text, '\n'))) {
        text++;
        count--;
    }
    return text;
}

/* The head stays; what is below is moved, and the last row says so when there is more than fits. */
static void put_page(struct view *view, const char *text, bool live)
{
    int lines = lines_of(text);
    bool fits = lines <= LINES;
    int rows = fits ? LINES - 1 : LINES - 2;
    int most = lines - 1 - rows;
    view->top = view->top > most ? most : view->top;
    view->top = view->top < 0 || fits ? 0 : view->top;
    erase();
    attron(live ? A_BOLD : A_REVERSE);
    put_line(0, text);
    attroff(live ? A_BOLD : A_REVERSE);
    const char *at = skip_lines(text, 1 + view->top);
    for (int row = 1; row <= rows && at && *at; row++) {
        put_line(row, at);
        at = skip_lines(at, 1);
    }
    char keys[160] = "";
    if (!fits && LINES > 1) {
        snprintf(keys, sizeof(keys), _("lines %d to %d of %d: arrows, PgUp, PgDn; ? help, q ends"),
                 view->top + 2, view->top + 1 + rows, lines);
    } else if (lines < LINES && !view->help) {
        snprintf(keys, sizeof(keys), "%s", _("? help, q ends"));
    }
    mvaddnstr(LINES - 1, 0, keys, -1);
    refresh();
}

static void repaint(struct view *view, const struct watch *watch)
{
    struct page page;
    if (!page_init(&page, COLS > 0 ? (unsigned)COLS : 80)) {
        return;
    }
    page.ascii = view->style->ascii;
    struct screen screen = watch_screen(watch, &page);
    if (view->help) {
        paint_help(&page);
    } else {
        screen_paint(&page, &screen);
    }
    put_page(view, page_text(&page), screen.live || view->help);
    page_clear(&page);
}

static void press(struct view *view, int key)
{
    int page = LINES > 4 ? LINES - 4 : 1;
    if (key == 'q' || key == 'Q') {
        view->done = true;
    } else if (key == KEY_UP || key == KEY_DOWN) {
        view->top += key == KEY_UP ? -1 : 1;
    } else if (key == KEY_PPAGE || key == KEY_NPAGE) {
        view->top += key == KEY_PPAGE ? -page : page;
    } else if (key == KEY_HOME) {
        view->top = 0;
    } else if (key != KEY_RESIZE) {
        view->help = key == '?' && !view->help;
    }
}

/* Waits for a key or for news, at most till a second has passed, so that ages count on. */
static void wait_for_either(const struct watch *watch)
{
    struct pollfd both[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = watch->connected ? watch->call->fd : -1, .events = POLLIN},
    };
    if (poll(both, 2, 1000) > 0 && both[0].revents & (POLLHUP | POLLERR | POLLNVAL)) {
        poll(NULL, 0, 100); /* the terminal went away: getch says so */
    }
}

static void follow(struct view *view, struct watch *watch, struct answer *ended)
{
    while (!view->done) {
        struct answer answer;
        enum watch_news news;
        repaint(view, watch);
        wait_for_either(watch);
        do {
            news = watch_next(watch, 0, &answer);
            if (news == WATCH_ENDED) {
                *ended = answer;
                return;
            }
            answer_clear(&answer);
        } while (news != WATCH_NOTHING && news != WATCH_LOST);
        for (int key; !view->done && (key = getch()) != ERR;) {
            press(view, key);
        }
        struct pollfd gone = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&gone, 1, 0) > 0 && gone.revents & (POLLHUP | POLLERR | POLLNVAL)) {
            view->done = true;
        }
    }
}

bool watch_curses(struct run *run, struct watch *watch, struct answer *ended)
{
    struct view view = {.style = &run->style};
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
        setlocale(LC_CTYPE,
                  "C.UTF-8"); /* names are UTF-8 in any case; our own signs stay letters */
    }
    SCREEN *terminal = newterm(NULL, stdout, stdin);
    if (!terminal) {
        return false;
    }
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
    follow(&view, watch, ended);
    endwin();
    delscreen(terminal);
    return true;
}
