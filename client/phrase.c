/* Phrases that many answers share. */
#include "phrase.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

struct items items_of(const msgpack_object *map, const char *key)
{
    struct items items = {0};
    read_array(map_get(map, key), &items.at, &items.count);
    return items;
}

unsigned number_of(const msgpack_object *map, const char *key)
{
    uint64_t number = 0;
    map_uint(map, key, &number);
    return number < UINT32_MAX ? (unsigned)number : UINT32_MAX;
}

bool is_set(const msgpack_object *map, const char *key)
{
    bool set = false;
    return map_bool(map, key, &set) && set;
}

const char *phrase_sign(const struct page *page, const char *sign, const char *letters)
{
    return page->ascii || page->plain ? letters : sign;
}

const char *phrase_seconds(struct page *page, int64_t seconds)
{
    if (seconds < 60) {
        return page_format(page, _("%d s"), seconds > 0 ? (int)seconds : 0);
    }
    if (seconds < 60 * 60) {
        return page_format(page, _("%d min"), (int)(seconds / 60));
    }
    if (seconds < 48 * 60 * 60) {
        return page_format(page, _("%d h"), (int)(seconds / 3600));
    }
    unsigned long days = (unsigned long)(seconds / 86400);
    return page_format(page, ngettext("%lu day", "%lu days", days), days);
}

const char *phrase_age(struct page *page, const msgpack_object *map)
{
    int64_t seconds;
    struct slice clock;
    if (!map_int(map, "age_s", &seconds)) {
        return "";
    }
    bool sure = map_text(map, "clock", &clock) && slice_is(clock, "seen");
    return page_format(page, "%s%s", phrase_seconds(page, seconds + page->elapsed_ms / 1000),
                       sure ? "" : "~");
}

const char *phrase_clock(struct page *page, int64_t ms)
{
    time_t seconds = ms / 1000;
    struct tm local;
    return localtime_r(&seconds, &local)
               ? page_format(page, "%02d:%02d", local.tm_hour, local.tm_min)
               : "";
}

const char *phrase_left(struct page *page, const msgpack_object *left)
{
    struct slice why = {0};
    int64_t at = 0;
    if (!map_text(left, "why", &why)) {
        return "";
    }
    map_int(left, "at", &at);
    enum err err = slice_is(why, "removed") ? ERR_REMOVED : ERR_MOVED;
    return page_fill(page, gettext(err_sentence(err)),
                     page_get(page, left, err == ERR_MOVED ? "seat" : "person"),
                     phrase_clock(page, at));
}

const char *phrase_detail(struct page *page, enum err err, struct slice detail)
{
    const char *text = page_format(page, "%.*s", (int)detail.len, (const char *)detail.at);
    return err == ERR_MOVED ? phrase_clock(page, strtoll(text, NULL, 10)) : text;
}

const char *phrase_as(struct page *page)
{
    /* translators: ends a sentence that says what was done: "Noted in bridge, as Ana." */
    return *page->as ? page_format(page, _(", as %s"), page->as) : "";
}

const char *phrase_others(struct page *page, const msgpack_object *array, const char *but)
{
    const msgpack_object *items;
    uint32_t count;
    const char *all = "";
    if (!read_array(array, &items, &count)) {
        return "";
    }
    for (uint32_t i = 0; i < count; i++) {
        struct slice name;
        if (read_text(&items[i], &name)) {
            const char *one = page_shown(page, name, 0);
            if (!but || strcmp(one, but) != 0) {
                all = page_format(page, "%s%s%s", all, *all ? ", " : "", one);
            }
        }
    }
    return all;
}

const char *phrase_names(struct page *page, const msgpack_object *array)
{
    return phrase_others(page, array, NULL);
}

const char *phrase_jam_of(struct page *page, const msgpack_object *place)
{
    return page_get(page, place, "jam");
}

const char *phrase_place(struct page *page, const msgpack_object *place)
{
    struct slice kind = {0};
    map_text(place, "kind", &kind);
    if (slice_is(kind, "jam")) {
        return page_format(page, _("in %s"), page_get(page, place, "jam"));
    }
    if (slice_is(kind, "solo")) {
        const char *title = page_get(page, place, "solo");
        return *title ? page_format(page, _("solo: %s"), title) : _("solo");
    }
    return slice_is(kind, "away") ? _("away") : "";
}

const char *phrase_player(struct page *page, const msgpack_object *player)
{
    const char *roles = phrase_names(page, map_get(player, "roles"));
    const char *person = page_get(page, player, "person");
    return *roles ? page_format(page, "%s (%s)", person, roles) : person;
}

const char *phrase_soloist(struct page *page, const msgpack_object *soloist)
{
    /* translators: a person works alone for so long: "Chloé solo 4 min" */
    return page_format(page, _("%s solo %s"), page_get(page, soloist, "person"),
                       phrase_age(page, soloist));
}

const char *phrase_task(struct page *page, const msgpack_object *task)
{
    const char *title = page_get(page, task, "title");
    unsigned n = number_of(task, "n");
    return n > 0 ? page_format(page, "%u, %s", n, title) : title;
}

const char *phrase_task_state(const msgpack_object *task)
{
    struct slice state = {0};
    map_text(task, "state", &state);
    return slice_is(state, "done")     ? _("done")
           : slice_is(state, "trying") ? _("trying")
                                       : _("open");
}
