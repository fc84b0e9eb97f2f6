/* The face for people: a command's own sentences, and errors as a sentence and what to type. */
#include "phrase.h"
#include "show.h"

enum { SENTENCE_BYTES_MAX = 2048 };

static void text_answer(const struct style *style, const msgpack_object *result,
                        void (*say)(struct page *, const msgpack_object *))
{
    struct page page;
    if (!page_init(&page, style->columns)) {
        return;
    }
    page.plain = style->plain;
    page.ascii = style->ascii;
    page.more = style->more;
    page.as = style->as ? page_shown(&page, slice_str(style->as), 0) : "";
    say(&page, result);
    fputs(page_text(&page), stdout);
    page_clear(&page);
}

static void text_refusal(const struct style *style, enum err err, struct slice code,
                         struct slice what, struct slice detail)
{
    struct page page;
    char sentence[SENTENCE_BYTES_MAX];
    char advice[SENTENCE_BYTES_MAX];
    if (!page_init(&page, style->columns)) {
        return;
    }
    bool param = err == ERR_EMPTY || err == ERR_TOO_LONG; /* then `what` says which */
    const char *of = param && slice_is(what, "handle") ? _("name") : page_shown(&page, what, 0);
    const char *more = page_shown(&page, slice_str(phrase_detail(&page, err, detail)), 0);
    if (err == ERR_INTERNAL && !slice_is(code, err_code(err)) && code.len > 0) {
        of = page_shown(&page, code, 0); /* a newer jamd's reason: better its code than nothing */
    }
    err_fill(sentence, sizeof(sentence), gettext(err_sentence(err)), of, more);
    const char *template = err_try(err);
    err_fill(advice, sizeof(advice), *template ? gettext(template) : "", of, more);
    page_put(&page, "%s", sentence);
    if (strncmp(advice, "jam ", 4) == 0 || strncmp(advice, "--", 2) == 0) {
        page_put(&page, " %s %s", _("Type:"), advice);
    } else if (*advice) {
        bool small = *advice >= 'a' && *advice <= 'z';
        page_put(&page, " %c%s", small ? *advice - 'a' + 'A' : *advice, advice + 1);
    }
    page_end(&page);
    fputs(page_text(&page), stderr);
    page_clear(&page);
}

const struct show show_text = {text_answer, text_refusal};
