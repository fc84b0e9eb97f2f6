/* The face for programs: whatever map jamd answers, as one line of JSON. Times become RFC 3339, binary becomes hex. */
#include "phrase.h"
#include "show.h"

#include <inttypes.h>
#include <time.h>

#include <utf8proc.h>

/* Characters that a terminal might obey, or that turn the direction of what follows, are written as numbers. */
static bool is_dangerous(utf8proc_int32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

static void put_text(FILE *out, struct slice text)
{
    fputc('"', out);
    for (size_t at = 0; at < text.len;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate(text.at + at, (utf8proc_ssize_t)(text.len - at), &c);
        if (n <= 0) {
            c = 0xfffd; /* not UTF-8: only what was typed can be so */
            n = 1;
            fputs("\\ufffd", out);
        } else if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", (char)c);
        } else if (is_dangerous(c)) {
            fprintf(out, "\\u%04" PRIx32, (uint32_t)c);
        } else {
            fwrite(text.at + at, 1, (size_t)n, out);
        }
        at += (size_t)n;
    }
    fputc('"', out);
}

static void put_hex(FILE *out, struct slice bytes)
{
    fputc('"', out);
    for (size_t i = 0; i < bytes.len; i++) {
        fprintf(out, "%02x", bytes.at[i]);
    }
    fputc('"', out);
}

/* Milliseconds since 1970 as RFC 3339; as they are if no calendar has them. */
static void put_time(FILE *out, int64_t ms)
{
    time_t seconds = ms / 1000;
    struct tm utc;
    char text[40];
    if (ms >= 0 && gmtime_r(&seconds, &utc) && utc.tm_year < 8100 &&
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) > 0) {
        fprintf(out, "\"%s\"", text);
    } else {
        fprintf(out, "%" PRId64, ms);
    }
}

static void put_value(FILE *out, const msgpack_object *value);

static void put_pairs(FILE *out, const msgpack_object *map, bool first)
{
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        struct slice key;
        int64_t ms;
        if (!read_text(&pair->key, &key)) {
            continue;
        }
        fputs(first ? "" : ",", out);
        first = false;
        put_text(out, key);
        fputc(':', out);
        if (slice_is(key, "at") && read_int(&pair->val, &ms)) {
            put_time(out, ms);
        } else {
            put_value(out, &pair->val);
        }
    }
}

/* Depth is bounded by the scan that the message passed. */
static void put_value(FILE *out, const msgpack_object *value)
{
    switch (value->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        fputs(value->via.boolean ? "true" : "false", out);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        fprintf(out, "%" PRIu64, value->via.u64);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        fprintf(out, "%" PRId64, value->via.i64);
        break;
    case MSGPACK_OBJECT_STR:
        put_text(out, slice_of(value->via.str.ptr, value->via.str.size));
        break;
    case MSGPACK_OBJECT_BIN:
        put_hex(out, slice_of(value->via.bin.ptr, value->via.bin.size));
        break;
    case MSGPACK_OBJECT_ARRAY:
        fputc('[', out);
        for (uint32_t i = 0; i < value->via.array.size; i++) {
            fputs(i > 0 ? "," : "", out);
            put_value(out, &value->via.array.ptr[i]);
        }
        fputc(']', out);
        break;
    case MSGPACK_OBJECT_MAP:
        fputc('{', out);
        put_pairs(out, value, true);
        fputc('}', out);
        break;
    default:
        fputs("null", out);
    }
}

static void json_answer(const struct style *style, const msgpack_object *result,
                        void (*say)(struct page *, const msgpack_object *))
{
    (void)style;
    (void)say;
    fputs("{\"v\":1", stdout);
    put_pairs(stdout, result, false);
    fputs("}\n", stdout);
}

void show_json_line(FILE *out, bool first, const char *type, const msgpack_object *map)
{
    struct slice own;
    fprintf(out, "{%s", first ? "\"v\":1," : "");
    if (map_text(map, "type", &own)) {
        put_pairs(out, map, true);
    } else {
        fputs("\"type\":", out);
        put_text(out, slice_str(type));
        put_pairs(out, map, false);
    }
    fputs("}\n", out);
    fflush(out);
}

static void json_refusal(const struct style *style, enum err err, struct slice code,
                         struct slice what, struct slice detail)
{
    struct page page;
    (void)style;
    char message[4096];
    char advice[4096];
    if (!page_init(&page, 0)) {
        return;
    }
    const char *of = page_format(&page, "%.*s", (int)what.len, (const char *)what.at);
    const char *more = phrase_detail(&page, err, detail);
    err_fill(message, sizeof(message), gettext(err_sentence(err)), of, more);
    err_fill(advice, sizeof(advice), *err_try(err) ? gettext(err_try(err)) : "", of, more);
    fputs("{\"v\":1,\"error\":{\"code\":", stderr);
    put_text(stderr, code.len > 0 ? code : slice_str(err_code(err)));
    fputs(",\"message\":", stderr);
    put_text(stderr, slice_str(message));
    fputs(",\"try\":", stderr);
    put_text(stderr, slice_str(advice));
    fputs("}}\n", stderr);
    page_clear(&page);
}

const struct show show_json = {json_answer, json_refusal};
