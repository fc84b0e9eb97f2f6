/* What a class leaves behind, written for people and for programs. Other people's text is made harmless twice: what a
 * terminal might obey goes, and what Markdown might obey is quoted, so that nobody writes a heading, a link or another's
 * line into it. */
#include "record.h"

#include <time.h>

#include <utf8proc.h>

#include "phrase.h"
#include "say.h"
#include "show.h"

enum { NAME_BYTES = 80 };

/* ---- Markdown ----------------------------------------------------------------------------------------------------- */

static void put_quoted(struct record *r, const char *text)
{
    for (; *text; text++) {
        if (strchr("\\`*_[]<>&|~", *text)) {
            fputc('\\', r->out);
        }
        fputc(*text, r->out);
    }
}

/* What follows on lines of its own can't look like a list, a heading or a rule. */
static void put_line_quoted(struct record *r, const char *text)
{
    if (*text && strchr("#-+=", *text)) {
        fputc('\\', r->out);
    }
    put_quoted(r, text);
}

/* A text of several lines: the first where the line stands, the others below, marked as quoted. */
static void put_text(struct record *r, struct page *page, const msgpack_object *map,
                     const char *key)
{
    struct slice text;
    if (!map_text(map, key, &text)) {
        return;
    }
    for (bool first = true; first || text.len > 0; first = false) {
        const uint8_t *end = text.len > 0 ? memchr(text.at, '\n', text.len) : NULL;
        size_t len = end ? (size_t)(end - text.at) : text.len;
        const char *shown = page_shown(page, slice_of(text.at, len), 0);
        if (first) {
            put_quoted(r, shown);
        } else {
            fputs("\n  > ", r->out);
            put_line_quoted(r, shown);
        }
        text = slice_of(text.at + len + (end != NULL), text.len - len - (end != NULL));
    }
}

/* "2026-11-23 10:09", with "~" when no clock is sure of it; "" if it never was. */
static const char *when(struct page *page, const msgpack_object *map, bool day_only)
{
    int64_t ms;
    struct slice clock = {0};
    struct tm local;
    char text[32];
    if (!map_int(map, "at", &ms)) {
        return "";
    }
    time_t seconds = ms / 1000;
    map_text(map, "clock", &clock);
    if (!localtime_r(&seconds, &local) ||
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &local) == 0) {
        return "";
    }
    if (day_only) {
        text[strcspn(text, " ")] = '\0';
    }
    return page_format(page, "%s%s", text, slice_is(clock, "guessed") ? "~" : "");
}

static void put_names(struct record *r, struct page *page, const char *label,
                      const msgpack_object *names)
{
    const char *all = phrase_names(page, names);
    if (*all) {
        fprintf(r->out, " %s ", label);
        put_quoted(r, all);
        fputc('.', r->out);
    }
}

static void head(struct record *r, struct page *page, const msgpack_object *record)
{
    const char *until = page_get(page, record, "until");
    fputs("# ", r->out);
    put_quoted(r, page_get(page, record, "name"));
    fprintf(r->out, "\n\n%s ", _("Kept by"));
    put_quoted(r, r->who);
    fprintf(r->out, ", %s.", when(page, record, true));
    if (*until) {
        fprintf(r->out, " %s %s.", _("The last day of the class:"), until);
    }
    fprintf(r->out, "\n\n%s ",
            _("Here is what the jams of this class noted, did and decided, and feedback to them. "
              "At the end stands what is one's own: tasks, notes, feedback. Not here: who came and "
              "went, what was erased, and what was sealed to others."));
    fputs(is_set(record, "sealed")
              ? _("What is one's own was for nobody else's eyes: think before you pass it on.")
              : _("This class had no passphrases: a name here doesn't prove who wrote."),
          r->out);
    fputc('\n', r->out);
}

static void put_roles(struct record *r, struct page *page, const msgpack_object *record)
{
    struct items roles = items_of(record, "roles");
    for (uint32_t i = 0; i < roles.count; i++) {
        fprintf(r->out, "%s", i == 0 ? _(" Roles: ") : "; ");
        put_quoted(r, page_get(page, &roles.at[i], "role"));
        fputs(" (", r->out);
        put_quoted(r, phrase_names(page, map_get(&roles.at[i], "holders")));
        fputs(i + 1 < roles.count ? ")" : ").", r->out);
    }
}

static void put_jam(struct record *r, struct page *page, const msgpack_object *record)
{
    const char *purpose = page_get(page, record, "purpose");
    r->jams++;
    fputs("\n## ", r->out);
    put_quoted(r, page_get(page, record, "name"));
    fputs(*purpose ? ": " : "", r->out);
    put_quoted(r, purpose);
    fprintf(r->out, "\n\n%s ", _("Started by"));
    put_quoted(r, page_get(page, record, "by"));
    fprintf(r->out, ", %s.", when(page, record, true));
    put_names(r, page, _("Members:"), map_get(record, "members"));
    put_roles(r, page, record);
    fputc('\n', r->out);
}

/* A heading before the first record of a kind; of one's own a greater one before that. */
static void put_heading(struct record *r, const char *section, const char *heading,
                        const msgpack_object *record)
{
    struct slice jam;
    bool own = !map_text(record, "jam", &jam);
    if (own && !r->own) {
        fprintf(r->out, "\n## %s ", _("One's own:"));
        put_quoted(r, r->who);
        fputc('\n', r->out);
        *r->section = '\0';
        r->own = true;
    }
    if (strcmp(r->section, section) != 0) {
        fprintf(r->out, "\n### %s\n\n", heading);
        snprintf(r->section, sizeof(r->section), "%s", section);
    }
}

static void put_task(struct record *r, struct page *page, const msgpack_object *record)
{
    struct slice state = {0};
    const msgpack_object *task = map_get(record, "task");
    const char *holder = page_get(page, task, "holder");
    put_heading(r, "task", _("Tasks"), record);
    map_text(task, "state", &state);
    fprintf(r->out, "- [%c] ", slice_is(state, "done") ? 'x' : ' ');
    put_quoted(r, page_get(page, task, "title"));
    if (*holder) {
        fputs(" (", r->out);
        put_quoted(r, holder);
        fputc(')', r->out);
    }
    fputc('\n', r->out);
}

static void put_line(struct record *r, struct page *page, const msgpack_object *record)
{
    struct slice op = {0}, text;
    const msgpack_object *line = map_get(record, "line");
    put_heading(r, "line",
                r->own || map_get(record, "jam")->type == MSGPACK_OBJECT_NIL ? _("Notes")
                                                                             : _("Journal"),
                record);
    map_text(line, "op", &op);
    fprintf(r->out, "- %s, ", when(page, line, false));
    if (!slice_is(op, "note")) {
        put_quoted(r, phrase_story(page, line));
    } else if (map_text(line, "text", &text)) {
        put_quoted(r, page_get(page, line, "by"));
        fputs(": ", r->out);
        put_text(r, page, line, "text");
    } else {
        fputs(_("sealed with an old key; it can't be opened any more"), r->out);
    }
    fputc('\n', r->out);
}

static void put_glow(struct record *r, struct page *page, const msgpack_object *feedback,
                     const char *key, const char *label)
{
    struct slice text;
    if (map_text(feedback, key, &text)) {
        fprintf(r->out, "\n  - %s: ", label);
        put_text(r, page, feedback, key);
    }
}

static void put_feedback(struct record *r, struct page *page, const msgpack_object *record)
{
    const msgpack_object *feedback = map_get(record, "feedback");
    put_heading(r, "feedback", _("Feedback"), record);
    fprintf(r->out, "- %s, ", when(page, feedback, false));
    put_quoted(r, page_fill(page, _("%1 to %2"), page_get(page, feedback, "from"),
                            page_get(page, feedback, "to")));
    put_glow(r, page, feedback, "glow", _("glow"));
    put_glow(r, page, feedback, "grow", _("grow"));
    fputc('\n', r->out);
}

/* ---- records ------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *type;
    void (*put)(struct record *, struct page *, const msgpack_object *);
} kinds[] = {{"class", head},
             {"jam", put_jam},
             {"task", put_task},
             {"line", put_line},
             {"feedback", put_feedback}};

static void count(struct record *r, struct slice type, const msgpack_object *record)
{
    struct slice text;
    const msgpack_object *line = map_get(record, "line");
    struct slice op = {0};
    r->count++;
    r->lines += slice_is(type, "line");
    r->letters += slice_is(type, "feedback");
    r->lost +=
        line && map_text(line, "op", &op) && slice_is(op, "note") && !map_text(line, "text", &text);
}

void record_put(struct record *r, const msgpack_object *record)
{
    struct page page;
    struct slice type = {0};
    map_text(record, "type", &type);
    if (!page_init(&page, 0)) {
        return;
    }
    if (slice_is(type, "class")) {
        snprintf(r->who, sizeof(r->who), "%s", page_get(&page, record, "for"));
    }
    if (slice_is(type, "jam")) {
        *r->section = '\0';
    }
    for (size_t i = 0; !r->json && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (slice_is(type, kinds[i].type)) {
            kinds[i].put(r, &page, record);
        }
    }
    if (r->json) {
        r->jams += slice_is(type, "jam");
        show_json_line(r->out, r->count == 0, "", record);
    }
    count(r, type, record);
    page_clear(&page);
}

/* ---- names of files ----------------------------------------------------------------------------------------------- */

static bool is_letter(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO &&
           category != UTF8PROC_CATEGORY_ME;
}

char *record_name(struct slice name, char *out)
{
    size_t len = 0;
    for (size_t at = 0; at < name.len;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate(name.at + at, (utf8proc_ssize_t)(name.len - at), &c);
        size_t size = n > 0 ? (size_t)n : 1;
        bool letter = n > 0 && is_letter(c);
        if (len + size > NAME_BYTES) {
            break;
        }
        if (letter) {
            memcpy(out + len, name.at + at, size);
            len += size;
        } else if (len > 0 && out[len - 1] != ' ' && out[len - 1] != '-') {
            out[len++] = n > 0 && c == ' ' ? ' ' : '-';
        }
        at += size;
    }
    while (len > 0 && (out[len - 1] == ' ' || out[len - 1] == '-')) {
        len--;
    }
    if (len == 0) {
        memcpy(out, "class", len = 5);
    }
    out[len] = '\0';
    return out;
}
