/* Lays lines out: foreign text made harmless, padding by columns, breaking at the terminal's edge. */
#include "page.h"

#include <stdarg.h>
#include <stdlib.h>

#include "text.h"

/* Marks where a line may be broken. Foreign text can't hold it: controls were taken out of it. */
static const char break_mark = '\x1e';

bool page_init(struct page *page, unsigned columns)
{
    *page = (struct page){.columns = columns, .as = ""};
    return msgpack_zone_init(&page->strings, 1024);
}

void page_clear(struct page *page)
{
    free(page->text);
    msgpack_zone_destroy(&page->strings);
}

static void page_add(struct page *page, const char *bytes, size_t len)
{
    if (!page->text || page->room - page->len < len + 1) {
        size_t room = (page->len + len + 1) * 2;
        char *text = realloc(page->text, room);
        if (!text) {
            page->failed = true;
            return;
        }
        page->text = text;
        page->room = room;
    }
    memcpy(page->text + page->len, bytes, len);
    page->len += len;
    page->text[page->len] = '\0';
}

static char *page_room(struct page *page, size_t bytes)
{
    char *room = msgpack_zone_malloc(&page->strings, bytes);
    page->failed = page->failed || !room;
    return room;
}

static const char *format_list(struct page *page, const char *format, va_list list)
    __attribute__((format(printf, 2, 0)));
static const char *format_list(struct page *page, const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *room = len < 0 ? NULL : page_room(page, (size_t)len + 1);
    if (!room) {
        return "";
    }
    vsnprintf(room, (size_t)len + 1, format, list);
    return room;
}

const char *page_format(struct page *page, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *text = format_list(page, format, list);
    va_end(list);
    return text;
}

const char *page_fill(struct page *page, const char *template, const char *one, const char *two)
{
    size_t marks = strlen(template) / 2; /* each may become the longer of the two */
    size_t longer = strlen(one) > strlen(two) ? strlen(one) : strlen(two);
    size_t len = strlen(template) + marks * longer + 1;
    char *room = page_room(page, len);
    return room ? err_fill(room, len, template, one, two) : "";
}

void page_put(struct page *page, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *text = format_list(page, format, list);
    va_end(list);
    page_add(page, text, strlen(text));
}

void page_say(struct page *page, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *text = format_list(page, format, list);
    va_end(list);
    page_add(page, text, strlen(text));
    page_end(page);
}

/* The break mark, or an isolate that text_show put round foreign text: what takes no column. Its length, else 0. */
static size_t weightless(const char *text, size_t len)
{
    if (text[0] == break_mark) {
        return 1;
    }
    return len >= 3 && memcmp(text, "\xe2\x81", 2) == 0 && (uint8_t)text[2] >= 0xa6 &&
                   (uint8_t)text[2] <= 0xa9
               ? 3
               : 0;
}

static size_t columns_of(const char *text, size_t len)
{
    size_t columns = 0;
    size_t part = 0;
    for (size_t at = 0; at <= len;) {
        size_t skip = at < len ? weightless(text + at, len - at) : 1;
        if (skip > 0) {
            columns += text_columns(slice_of(text + part, at - part));
            part = at + skip;
        }
        at += skip > 0 ? skip : 1;
    }
    return columns;
}

size_t page_column(const struct page *page)
{
    return columns_of(page->text + page->line, page->len - page->line);
}

void page_pad(struct page *page, size_t column)
{
    size_t at = page_column(page);
    size_t spaces = at < column ? column - at : at > 0;
    page_put(page, "%*s", (int)spaces, "");
}

void page_may_break(struct page *page)
{
    page_add(page, &break_mark, 1);
}

void page_hang(struct page *page)
{
    page->hang = page_column(page);
}

static size_t without_end_spaces(const char *text, size_t len)
{
    while (len > 0 && text[len - 1] == ' ') {
        len--;
    }
    return len;
}

/* What stays together: up to the next break. */
static size_t piece_len(const char *text, size_t len, char at_break)
{
    const char *end = memchr(text, at_break, len);
    size_t piece = end ? (size_t)(end - text) + 1 : len;
    while (at_break == ' ' && piece < len && text[piece] == ' ') {
        piece++;
    }
    return piece;
}

/* Where a line is being broken. */
struct edge {
    size_t columns;
    size_t hang;
    size_t at; /* columns used on the line that is being written */
};

static void add_broken(struct page *page, struct edge *edge, const char *text, size_t len,
                       char at_break)
{
    while (len > 0) {
        size_t piece = piece_len(text, len, at_break);
        size_t bare = piece - (at_break == break_mark && text[piece - 1] == break_mark);
        size_t wide = columns_of(text, without_end_spaces(text, bare));
        if (edge->at > edge->hang && edge->at + wide > edge->columns) {
            page->len = without_end_spaces(page->text, page->len);
            page_add(page, "\n", 1);
            for (size_t i = 0; i < edge->hang; i++) {
                page_add(page, " ", 1);
            }
            edge->at = edge->hang;
        }
        if (at_break == break_mark && edge->at + wide > edge->columns) {
            add_broken(page, edge, text, bare, ' ');
        } else {
            page_add(page, text, bare);
            edge->at += columns_of(text, bare);
        }
        text += piece;
        len -= piece;
    }
}

void page_end(struct page *page)
{
    struct edge edge = {.columns = page->columns > 0 ? page->columns : SIZE_MAX / 2,
                        .hang = page->hang > 0 ? page->hang : 2};
    if (edge.hang > edge.columns / 3 * 2) {
        edge.hang = 2; /* too little would be left */
    }
    size_t len = page->len - page->line;
    char *line = page_room(page, len + 1);
    if (line && page->text) {
        memcpy(line, page->text + page->line, len);
        page->len = page->line;
        add_broken(page, &edge, line, len, break_mark);
        page->len =
            page->line + without_end_spaces(page->text + page->line, page->len - page->line);
    }
    page_add(page, "\n", 1);
    page->line = page->len;
    page->hang = 0;
}

const char *page_text(const struct page *page)
{
    return page->text ? page->text : "";
}

const char *page_shown(struct page *page, struct slice text, size_t columns_max)
{
    size_t len =
        text.len * 3 + 16; /* each byte may become a mark of three; isolates stand around */
    char *room = page_room(page, len);
    if (!room) {
        return "";
    }
    text_show(text, columns_max, room, len);
    return room;
}

const char *page_get(struct page *page, const msgpack_object *map, const char *key)
{
    struct slice text;
    return map_text(map, key, &text) ? page_shown(page, text, 0) : "";
}
