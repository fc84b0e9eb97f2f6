/* The texts of err.h's list, and filling in what they speak of. */
#include "err.h"

struct row {
    const char *code;
    const char *sentence;
    const char *hint;
};

static const struct row rows[] = {
#define X(name, code, sentence, hint) {code, sentence, hint},
    ERR_LIST(X)
#undef X
};

static const struct row *row_of(enum err err)
{
    return (unsigned)err < ERR_COUNT ? &rows[err] : &rows[ERR_INTERNAL];
}

const char *err_code(enum err err)
{
    return row_of(err)->code;
}

enum err err_from_code(struct slice code)
{
    for (unsigned i = 0; i < ERR_COUNT; i++) {
        if (slice_is(code, rows[i].code)) {
            return (enum err)i;
        }
    }
    return ERR_INTERNAL;
}

const char *err_sentence(enum err err)
{
    return row_of(err)->sentence;
}

const char *err_try(enum err err)
{
    return row_of(err)->hint;
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Appends what fits of text; false if it was cut, then never within a character. */
static bool append(char *out, size_t out_len, size_t *len, const char *text, size_t text_len)
{
    size_t room = out_len - 1 - *len;
    size_t take = text_len <= room ? text_len : room;
    bool whole = take == text_len;
    if (!whole) {
        while (take > 0 && is_continuation(text[take])) {
            take--;
        }
    }
    memcpy(out + *len, text, take);
    *len += take;
    return whole;
}

char *err_fill(char *out, size_t out_len, const char *template, const char *what,
               const char *detail)
{
    size_t len = 0;
    bool whole = true;
    if (out_len == 0) {
        return out;
    }
    while (whole && *template != '\0') {
        size_t literal = strcspn(template, "%");
        if (literal > 0) {
            whole = append(out, out_len, &len, template, literal);
            template += literal;
        } else if (template[1] == '1' || template[1] == '2') {
            const char *text = template[1] == '1' ? what : detail;
            if (text) {
                whole = append(out, out_len, &len, text, strlen(text));
            }
            template += 2;
        } else {
            whole = append(out, out_len, &len, "%", 1);
            template += 1;
        }
    }
    out[len] = '\0';
    return out;
}
