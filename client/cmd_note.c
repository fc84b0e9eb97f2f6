/* What jam says about notes, and journals told as stories. */
#include "phrase.h"
#include "say.h"

void say_note(struct page *page, const msgpack_object *result)
{
    const char *jam = page_get(page, result, "jam");
    if (*jam) {
        page_say(page, _("Noted in %s%s. Read it: jam journal"), jam, phrase_as(page));
    } else if (is_set(result, "sealed")) {
        page_say(page, _("Noted for you alone%s. Read it: jam journal --solo"), phrase_as(page));
    } else {
        page_say(page, _("Noted in your own journal%s. Read it: jam journal --solo"),
                 phrase_as(page));
    }
}

/* What an entry of the journal tells; %1 is who did it, %2 its text. */
static const struct {
    const char *op;
    const char *with_text;
    const char *without;
} stories[] = {
    {"note", N_("%1: %2"), N_("%1 wrote a note")},
    {"jam", N_("%1 started %2"), N_("%1 started it")},
    {"jam-set", N_("%1 changed it to %2"), N_("%1 changed it")},
    {"join", N_("%1 joined"), N_("%1 joined")},
    {"leave", N_("%1 left"), N_("%1 left")},
    {"solo", N_("%1 went solo: %2"), N_("%1 went solo")},
    {"hello", N_("%1 came"), N_("%1 came")},
    {"bye", N_("%1 said bye"), N_("%1 said bye")},
    {"task", N_("%1 added the task %2"), N_("%1 added a task")},
    {"redact", N_("erased by %1: %2"), N_("erased by %1")},
};

static const char *role_story(struct page *page, const char *by, const char *role,
                              const char *other)
{
    if (!*other) {
        return page_format(page, _("%s isn't %s any more"), by, role);
    }
    return strcmp(other, by) == 0 ? page_format(page, _("%s is %s"), by, role)
                                  : page_format(page, _("%s gave %s the role %s"), by, other, role);
}

static const char *task_story(struct page *page, const char *by, const char *title,
                              const msgpack_object *line)
{
    const char *task = *title ? page_format(page, _("the task %s"), title) : _("a task");
    struct slice state = {0};
    map_text(line, "state", &state);
    if (slice_is(state, "done")) {
        return page_format(page, _("%s finished %s"), by, task);
    }
    if (slice_is(state, "trying")) {
        return page_format(page, _("%s took %s"), by, task);
    }
    return page_format(page, slice_is(state, "open") ? _("%s opened %s again") : _("%s changed %s"),
                       by, task);
}

const char *phrase_story(struct page *page, const msgpack_object *line)
{
    struct slice op = {0};
    const char *by = page_get(page, line, "by");
    const char *text = page_get(page, line, "text");
    const char *other = page_get(page, line, "other");
    map_text(line, "op", &op);
    if (slice_is(op, "role")) {
        return role_story(page, by, text, other);
    }
    if (slice_is(op, "task-set")) {
        return task_story(page, by, text, line);
    }
    for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
        if (slice_is(op, stories[i].op)) {
            const char *format = gettext(*text ? stories[i].with_text : stories[i].without);
            return page_fill(page, format, by, text);
        }
    }
    return page_fill(page, "%1: %2", by, text);
}

void say_journal(struct page *page, const msgpack_object *result)
{
    struct items lines = items_of(result, "journal");
    for (uint32_t i = 0; i < lines.count; i++) {
        const char *age = phrase_age(page, &lines.at[i]);
        page_put(page, page->plain ? "%u, %s" : "%3u %s", number_of(&lines.at[i], "n"), age);
        page_pad(page, page->plain ? 0 : 13);
        page_hang(page);
        page_say(page, "%s", phrase_story(page, &lines.at[i]));
    }
    if (lines.count == 0) {
        page_say(page, _("Nothing is written here yet. Write: jam note WHAT YOU FOUND"));
    }
    unsigned lost = number_of(result, "old_key");
    if (lost > 0) {
        page_say(page,
                 ngettext("%u note was sealed with your old key and can't be opened.",
                          "%u notes were sealed with your old key and can't be opened.", lost),
                 lost);
    }
}
