/* What jam says about jams: going in and out, and who plays where. */
#include "phrase.h"
#include "say.h"
#include "text.h"

/* The jam's name: some answers give it as a map, some as a text. */
static const char *jam_name(struct page *page, const msgpack_object *result, const char *key)
{
    const char *name = page_get(page, map_get(result, key), "name");
    return *name ? name : page_get(page, result, key);
}

void say_start(struct page *page, const msgpack_object *result)
{
    const char *others = phrase_names(page, map_get(result, "others"));
    const char *name = jam_name(page, result, "jam");
    page_put(page, _("Started %s; you're in it%s."), name, phrase_as(page));
    if (*others) {
        page_put(page, "%s",
                 _(" Another jam has this name too, so the others type: jam list, then jam join "
                   "NUMBER. A name of its own: jam set --name NAME"));
    } else {
        page_put(page, _(" The others type: jam join %s"), name);
    }
    page_end(page);
}

/* "Still a member of bridge: jam back", if there is any but the one. */
static void put_still(struct page *page, const msgpack_object *result, const char *but)
{
    const char *still = phrase_others(page, map_get(result, "member_of"), but);
    if (*still) {
        page_put(page, _(" Still a member of %s: jam back"), still);
    }
}

void say_join(struct page *page, const msgpack_object *result)
{
    const char *name = jam_name(page, result, "jam");
    const char *with = phrase_names(page, map_get(result, "with"));
    if (*with) {
        page_put(page, _("You're in %s (%s)%s."), name, with, phrase_as(page));
    } else {
        page_put(page, _("You're in %s, alone so far%s."), name, phrase_as(page));
    }
    if (*phrase_others(page, map_get(result, "member_of"), name)) {
        put_still(page, result, name);
    } else {
        page_put(page, "%s", _(" What goes on there: jam show"));
    }
    page_end(page);
}

void say_solo(struct page *page, const msgpack_object *result)
{
    const char *title = page_get(page, map_get(result, "place"), "solo");
    const char *was = phrase_jam_of(page, map_get(result, "was"));
    if (*title) {
        page_put(page, _("Solo on \"%s\"%s."), title, phrase_as(page));
    } else {
        page_put(page, _("Solo%s."), phrase_as(page));
    }
    if (*was) {
        page_put(page, _(" %s sees it. Back: jam back"), was);
    } else {
        page_put(page, "%s", _(" Into a jam: jam list, then jam join NAME"));
    }
    page_end(page);
}

static void put_news(struct page *page, const msgpack_object *news)
{
    struct items done = items_of(news, "tasks_done");
    const char *came = phrase_names(page, map_get(news, "people"));
    unsigned notes = number_of(news, "notes");
    const char *sep = ": ";
    if (notes > 0) {
        page_put(page, "%s", sep);
        page_put(page, ngettext("%u note", "%u notes", notes), notes);
        sep = ", ";
    }
    if (done.count > 0) {
        page_put(page, "%s", sep);
        page_put(page, _("done: %s"), phrase_names(page, map_get(news, "tasks_done")));
        sep = ", ";
    }
    if (*came) {
        page_put(page, "%s", sep);
        page_put(page, _("%s came"), came);
        sep = ", ";
    }
    page_put(page, "%s", *sep == ':' ? _(": nothing new.") : _(". Read it: jam journal --new"));
}

void say_back(struct page *page, const msgpack_object *result)
{
    page_put(page, _("Back in %s after %s%s"), phrase_jam_of(page, map_get(result, "place")),
             phrase_seconds(page, number_of(result, "away_s")), phrase_as(page));
    put_news(page, map_get(result, "news"));
    page_end(page);
}

void say_leave(struct page *page, const msgpack_object *result)
{
    const char *left = jam_name(page, result, "left");
    page_put(page, _("You left %s%s."), left, phrase_as(page));
    if (*phrase_others(page, map_get(result, "member_of"), left)) {
        put_still(page, result, left);
    } else {
        page_put(page, _(" If you want to return: jam join %s"), left);
    }
    page_end(page);
}

void say_set(struct page *page, const msgpack_object *result)
{
    const msgpack_object *jam = map_get(result, "jam");
    const char *purpose = page_get(page, jam, "purpose");
    page_put(page, _("The jam is %s now"), jam_name(page, result, "jam"));
    page_put(page, *purpose ? ": \"%s\"" : "%s", purpose);
    page_put(page, _("%s. See it: jam show"), phrase_as(page));
    page_end(page);
}

/* Who plays in a jam, and who of it is out alone. */
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
        page_put(page, "%s", phrase_soloist(page, &solo.at[i]));
    }
    page_put(page, "%s", *sep ? "" : _("nobody now"));
}

enum { NUMBER_COLUMNS = 3, CELL_COLUMNS_MAX = 24 };

/* How wide a column must be; a text that is wider than that pushes only its own line. */
static size_t cell_columns(struct items items, const char *key)
{
    size_t most = 0;
    for (uint32_t i = 0; i < items.count; i++) {
        struct slice text = {0};
        map_text(&items.at[i], key, &text);
        size_t columns = text_columns(text);
        most = columns > most && columns <= CELL_COLUMNS_MAX ? columns : most;
    }
    return most > 0 ? most + 2 : 0;
}

/* Fills up to the column, with two spaces at least. */
static void end_cell(struct page *page, size_t column)
{
    size_t least = page_column(page) + 2;
    page_pad(page, least > column ? least : column);
}

void say_list(struct page *page, const msgpack_object *result)
{
    struct items jams = items_of(result, "jams");
    bool wide = !page->plain && (page->columns == 0 || page->columns >= 60);
    size_t purposes = NUMBER_COLUMNS + cell_columns(jams, "name");
    size_t players = purposes + cell_columns(jams, "purpose");
    for (uint32_t i = 0; i < jams.count; i++) {
        const msgpack_object *jam = &jams.at[i];
        const char *purpose = page_get(page, jam, "purpose");
        page_put(page, "%2u %s", number_of(jam, "n"), page_get(page, jam, "name"));
        if (wide) {
            end_cell(page, purposes);
            if (*purpose) {
                page_put(page, "%s", purpose);
                end_cell(page, players);
            } else if (players > page_column(page)) {
                page_pad(page, players);
            }
            page_hang(page);
        } else {
            page_put(page, *purpose ? ", %s: " : "%s: ", purpose);
        }
        put_players(page, jam);
        page_end(page);
    }
    if (jams.count == 0) {
        page_say(page, _("There is no jam yet. Start one: jam start NAME"));
    }
}

void say_show(struct page *page, const msgpack_object *result)
{
    /* the jam stands under its own key, or is the whole answer */
    const msgpack_object *inner = map_get(result, "jam");
    const msgpack_object *jam = inner && inner->type == MSGPACK_OBJECT_MAP ? inner : result;
    const char *purpose = page_get(page, jam, "purpose");
    const char *members = phrase_names(page, map_get(jam, "members"));
    page_put(page, "%s", page_get(page, jam, "name"));
    page_put(page, *purpose ? ": %s" : "%s", purpose);
    page_end(page);
    page_put(page, "%s", _("  in it now: "));
    put_players(page, jam);
    page_end(page);
    if (*members) {
        page_say(page, _("  members: %s"), members);
    }
    struct items roles = items_of(jam, "roles");
    for (uint32_t i = 0; i < roles.count; i++) {
        page_say(page, "  %s: %s", page_get(page, &roles.at[i], "role"),
                 phrase_names(page, map_get(&roles.at[i], "holders")));
    }
    say_tasks(page, jam);
    if (items_of(jam, "journal").count > 0) {
        say_journal(page, jam);
    }
}
