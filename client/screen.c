/* Paints the watch: the room's jams in order of founding, who is solo, who is away. */
#include "screen.h"

#include <time.h>

#include "phrase.h"
#include "text.h"

enum { LABEL = 5, NAME_MAX_COLUMNS = 16, PURPOSE_MAX_COLUMNS = 18 };

struct screen screen_of(const msgpack_object *state)
{
    struct screen screen = {.state = state, .live = is_set(state, "live"), .why = ""};
    map_int(state, "live_s", &screen.lost_s);
    map_int(state, "peers", &screen.peers);
    map_int(state, "at", &screen.wall_ms);
    return screen;
}

/* ---- the first line --------------------------------------------------------------------------------------------- */

static unsigned people_here(const msgpack_object *state)
{
    struct items jams = items_of(state, "jams");
    unsigned here = items_of(state, "solo").count;
    for (uint32_t i = 0; i < jams.count; i++) {
        here += items_of(&jams.at[i], "in").count;
    }
    return here;
}

void screen_put_freshness(struct page *page, const struct screen *screen)
{
    if (screen->live) {
        page_put(page, "%s", _("live"));
        return;
    }
    page_put(page, _("NOT LIVE since %s"),
             phrase_clock(page, screen->wall_ms + page->elapsed_ms - screen->lost_s * 1000));
    page_put(page, *screen->why ? " (%s)" : "%s", screen->why);
}

static void put_people(struct page *page, const msgpack_object *state)
{
    unsigned away = items_of(state, "away").count;
    page_put(page, _("%u here"), people_here(state));
    if (away > 0) {
        page_put(page, _(", %u away"), away);
    }
}

static void put_machines(struct page *page, const struct screen *screen)
{
    unsigned heard = screen->peers >= 0 ? (unsigned)screen->peers + 1 : 1;
    unsigned known = number_of(screen->state, "machines");
    known = known > heard ? known : heard;
    page_put(page, ngettext("%u of %u machine", "%u of %u machines", known), heard, known);
}

static void put_dot(struct page *page)
{
    page_put(page, "%s", phrase_sign(page, " · ", ", "));
    page_may_break(page);
}

static bool is_wide(const struct page *page)
{
    return !page->plain && page->columns >= SCREEN_WIDE;
}

/* Who and what is here, and how fresh that is. Where the line will be broken, freshness comes early: the first line must always
 * tell it. */
static void paint_head(struct page *page, const struct screen *screen)
{
    bool early = !is_wide(page) && !page->plain;
    struct slice class = {0};
    map_text(screen->state, "class", &class);
    page_put(page, "%s", page_shown(page, class, early ? NAME_MAX_COLUMNS : 0));
    put_dot(page);
    if (early) {
        screen_put_freshness(page, screen);
        put_dot(page);
    }
    put_people(page, screen->state);
    put_dot(page);
    put_machines(page, screen);
    if (!early) {
        put_dot(page);
        screen_put_freshness(page, screen);
    }
    const char *now = phrase_clock(page, screen->wall_ms + page->elapsed_ms);
    if (is_wide(page) && page->columns >= page_column(page) + strlen(now) + 2) {
        page_pad(page, page->columns - strlen(now));
        page_put(page, "%s", now);
    }
    page_end(page);
}

/* ---- jams ------------------------------------------------------------------------------------------------------- */

/* Where the columns of the jams begin. */
struct grid {
    bool wide;
    size_t purpose;
    size_t players;
};

static size_t widest(struct items items, const char *key, size_t max)
{
    size_t most = 0;
    for (uint32_t i = 0; i < items.count; i++) {
        struct slice text;
        size_t columns = map_text(&items.at[i], key, &text) ? text_columns(text) : 0;
        most = columns > most ? columns : most;
    }
    return most < max ? most : max;
}

static struct grid grid_of(const struct page *page, struct items jams)
{
    struct grid grid = {.wide = is_wide(page)};
    size_t purpose = widest(jams, "purpose", PURPOSE_MAX_COLUMNS);
    grid.purpose = LABEL + 1 + widest(jams, "name", NAME_MAX_COLUMNS) + 2;
    grid.players = grid.purpose + (purpose > 0 ? purpose + 2 : 0);
    return grid;
}

static bool is_new(const struct page *page, const msgpack_object *map)
{
    int64_t seconds;
    return map_int(map, "changed_s", &seconds) && seconds + page->elapsed_ms / 1000 < CHANGED_S;
}

static void put_players(struct page *page, const msgpack_object *jam)
{
    struct items in = items_of(jam, "in");
    struct items solo = items_of(jam, "solo");
    const char *sep = "";
    for (uint32_t i = 0; i < in.count; i++, sep = ", ") {
        page_put(page, "%s", sep);
        page_may_break(page);
        page_put(page, "%s", phrase_player(page, &in.at[i]));
    }
    for (uint32_t i = 0; i < solo.count; i++, sep = ", ") {
        page_put(page, "%s", sep);
        page_may_break(page);
        page_put(page, "%s%s", phrase_sign(page, "○ ", ""), phrase_soloist(page, &solo.at[i]));
    }
    page_put(page, "%s", *sep ? "" : _("nobody now"));
}

static void paint_tasks(struct page *page, const msgpack_object *jam, const struct grid *grid)
{
    struct items tasks = items_of(jam, "tasks");
    if (tasks.count == 0 || !grid->wide) {
        return;
    }
    page_pad(page, grid->players);
    page_hang(page);
    page_put(page, "%s", _("tasks"));
    for (uint32_t i = 0; i < tasks.count; i++) {
        const msgpack_object *task = &tasks.at[i];
        struct slice state = {0};
        unsigned n = number_of(task, "n");
        map_text(task, "state", &state);
        page_put(page, " ");
        page_may_break(page);
        page_put(page, "%u%s", n > 0 ? n : i + 1,
                 slice_is(state, "done")     ? phrase_sign(page, "✓", _(" done"))
                 : slice_is(state, "trying") ? phrase_sign(page, "…", _(" trying"))
                                             : "");
    }
    page_end(page);
}

static void paint_jam(struct page *page, const msgpack_object *jam, const struct grid *grid,
                      bool first)
{
    struct slice name = {0};
    struct slice purpose = {0};
    const char *mark = is_new(page, jam) ? phrase_sign(page, "•", "*") : " ";
    map_text(jam, "name", &name);
    map_text(jam, "purpose", &purpose);
    if (!grid->wide) {
        page_put(page, "%s %s: ", mark, page_shown(page, name, 0));
        put_players(page, jam);
        page_end(page);
        return;
    }
    page_put(page, "%s", first ? _("JAMS") : "");
    page_pad(page, LABEL);
    page_put(page, "%s%s", mark, page_shown(page, name, NAME_MAX_COLUMNS));
    page_pad(page, grid->purpose);
    if (grid->players > grid->purpose) {
        page_put(page, "%s", page_shown(page, purpose, PURPOSE_MAX_COLUMNS));
        page_pad(page, grid->players);
    }
    page_hang(page);
    put_players(page, jam);
    page_end(page);
    paint_tasks(page, jam, grid);
}

/* ---- who isn't in a jam ----------------------------------------------------------------------------------------- */

static void put_label(struct page *page, const char *label)
{
    page_put(page, "%s", label);
    if (is_wide(page)) {
        page_pad(page, LABEL + 1);
    } else {
        page_put(page, " ");
    }
    page_hang(page);
}

static void put_seat(struct page *page, const msgpack_object *person)
{
    const char *seat = page_get(page, person, "seat");
    page_put(page, "%s", page_get(page, person, "person"));
    page_put(page, *seat ? " %s" : "%s", seat);
}

/* Members of a jam who are out of it stand beside that jam. */
static bool stands_elsewhere(const msgpack_object *solo)
{
    return items_of(solo, "member_of").count > 0;
}

static void paint_solo(struct page *page, const msgpack_object *state)
{
    struct items solo = items_of(state, "solo");
    bool any = false;
    for (uint32_t i = 0; i < solo.count; i++) {
        if (stands_elsewhere(&solo.at[i])) {
            continue;
        }
        const char *title = page_get(page, &solo.at[i], "solo");
        if (!any) {
            put_label(page, _("SOLO"));
        } else {
            page_put(page, "%s", phrase_sign(page, " · ", "; "));
            page_may_break(page);
        }
        any = true;
        put_seat(page, &solo.at[i]);
        page_put(page, *title ? ", %s" : "%s", title);
        page_put(page, ", %s", phrase_age(page, &solo.at[i]));
    }
    if (any) {
        page_end(page);
    }
}

static void paint_away(struct page *page, const msgpack_object *state)
{
    struct items away = items_of(state, "away");
    for (uint32_t i = 0; i < away.count; i++) {
        struct slice why = {0};
        map_text(&away.at[i], "why", &why);
        if (i == 0) {
            put_label(page, _("AWAY"));
        } else {
            page_put(page, "%s", phrase_sign(page, " · ", "; "));
            page_may_break(page);
        }
        put_seat(page, &away.at[i]);
        page_put(page, slice_is(why, "silent") ? _(", silent %s") : _(", signed out %s ago"),
                 phrase_age(page, &away.at[i]));
    }
    if (away.count > 0) {
        page_end(page);
    }
}

static void paint_forks(struct page *page, const msgpack_object *state)
{
    struct items forks = items_of(state, "forks");
    for (uint32_t i = 0; i < forks.count; i++) {
        struct slice fork;
        if (read_text(&forks.at[i], &fork)) {
            page_say(page, _("Two different stories came from %s: what it says is not used."),
                     page_shown(page, fork, 0));
        }
    }
}

static void paint_foot(struct page *page, const msgpack_object *state)
{
    const char *text = page_format(page, _("safe to switch off: %u of %u"),
                                   number_of(state, "safe_machines"), number_of(state, "machines"));
    size_t columns = text_columns(slice_str(text));
    if (is_wide(page) && columns < page->columns) {
        page_put(page, "%*s", (int)(page->columns - columns), "");
    }
    page_say(page, "%s", text);
}

void screen_paint(struct page *page, const struct screen *screen)
{
    struct items jams = items_of(screen->state, "jams");
    struct grid grid = grid_of(page, jams);
    const msgpack_object *left = map_get(screen->state, "left");
    paint_head(page, screen);
    if (left && left->type == MSGPACK_OBJECT_MAP) {
        page_say(page, "%s", phrase_left(page, left));
    }
    for (uint32_t i = 0; i < jams.count; i++) {
        paint_jam(page, &jams.at[i], &grid, i == 0);
    }
    if (jams.count == 0) {
        page_say(page, "%s", _("There is no jam yet. Start one: jam start NAME"));
    }
    paint_solo(page, screen->state);
    paint_away(page, screen->state);
    paint_forks(page, screen->state);
    paint_foot(page, screen->state);
}
