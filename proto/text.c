/* Text of people: checked, tidied, compared, shown. utf8proc knows Unicode; this file knows what does harm. */
#include "text.h"

#include <utf8proc.h>

#include "bounds.h"

enum {
    END = -1,
    HIDDEN = -2,
    ZWNJ = 0x200c,
    ZWJ = 0x200d,
    ELLIPSIS = 0x2026,
    ISOLATE = 0x2068, /* FIRST STRONG ISOLATE */
    ISOLATE_END = 0x2069,
    BRAILLE_BLANK = 0x2800,
    EMOJI_STYLE = 0xfe0f, /* VARIATION SELECTOR-16 */
    REPLACEMENT = 0xfffd,
    RUNE_BYTES_MAX = 4,
    DECOMPOSED_MAX = 32, /* the longest in Unicode has 18 */
    HELD_MAX = 64,       /* runes of one grapheme that are kept; text of people has a dozen */
    SHOWN_MARKS_MAX = 8, /* more of them climb over the lines above */
    SHOWN_RUNES_MAX = 2 * SHOWN_MARKS_MAX + 1,
};

/* ---- characters ------------------------------------------------------------------------------- */

/* Takes a character off the front; END when none is left. A byte that isn't UTF-8 reads as REPLACEMENT. */
static int32_t rune_take(struct slice *rest)
{
    int32_t rune;
    if (rest->len == 0) {
        return END;
    }
    utf8proc_ssize_t len = utf8proc_iterate(rest->at, (utf8proc_ssize_t)rest->len, &rune);
    if (len <= 0) {
        len = 1;
        rune = REPLACEMENT;
    }
    *rest = slice_of(rest->at + len, rest->len - (size_t)len);
    return rune;
}

static int category_of(int32_t rune)
{
    return utf8proc_get_property(rune)->category;
}

static int bound_of(int32_t rune)
{
    return (int)utf8proc_get_property(rune)->boundclass;
}

static int bidi_of(int32_t rune)
{
    return (int)utf8proc_get_property(rune)->bidi_class;
}

static int combining_of(int32_t rune)
{
    return (int)utf8proc_get_property(rune)->combining_class;
}

static bool is_between(int32_t rune, int32_t first, int32_t last)
{
    return rune >= first && rune <= last;
}

static bool is_mark(int32_t rune)
{
    int category = category_of(rune);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
           category == UTF8PROC_CATEGORY_ME;
}

/* Continues the grapheme before it. */
static bool is_extend(int32_t rune)
{
    int bound = bound_of(rune);
    return bound == UTF8PROC_BOUNDCLASS_EXTEND || bound == UTF8PROC_BOUNDCLASS_SPACINGMARK ||
           bound == UTF8PROC_BOUNDCLASS_ZWJ;
}

static bool is_pictograph(int32_t rune)
{
    return bound_of(rune) == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

static bool is_break(int32_t rune)
{
    return is_between(rune, '\n', '\f') || rune == 0x85 || rune == 0x2028 || rune == 0x2029;
}

static bool is_space(int32_t rune)
{
    return rune == '\t' || rune == '\r' || is_break(rune) || rune == BRAILLE_BLANK ||
           category_of(rune) == UTF8PROC_CATEGORY_ZS;
}

static bool is_variation(int32_t rune)
{
    return is_between(rune, 0xfe00, 0xfe0f) || is_between(rune, 0xe0100, 0xe01ef) ||
           is_between(rune, 0x180b, 0x180d) || rune == 0x180f;
}

/* Leaves no ink: controls, format and direction characters (but not the signs that Arabic numbers stand on), fillers,
 * tags, and what Unicode reserves for more of these. */
static bool is_hidden(int32_t rune)
{
    const utf8proc_property_t *p = utf8proc_get_property(rune);
    return p->ignorable || p->category == UTF8PROC_CATEGORY_CC ||
           (p->category == UTF8PROC_CATEGORY_CF && p->boundclass != UTF8PROC_BOUNDCLASS_PREPEND) ||
           rune == 0x2065 || is_between(rune, 0xfff0, 0xfff8) || is_between(rune, 0xe0000, 0xe0fff);
}

/* ---- reading text that others wrote ----------------------------------------------------------- */

struct reader {
    struct slice rest;
    int32_t before; /* END at the start */
    int32_t base;   /* the last one before that is no mark */
    bool
        virama; /* among the marks behind it there is one, and no joiner yet: NFC may change their order */
};

static struct reader reader_of(struct slice text)
{
    return (struct reader){.rest = text, .before = END, .base = END};
}

/* Joiners change how their neighbours look only in few places, and elsewhere only hide a difference: after a virama
 * both, in Arabic letters the one that parts, in emoji the one that joins. */
static bool joiner_serves(const struct reader *r, int32_t joiner)
{
    struct slice rest = r->rest;
    int32_t next = rune_take(&rest);
    if (r->before < 0 || r->virama) {
        return r->before >= 0;
    }
    if (joiner == ZWNJ) {
        /* U+061C is of that class too, and isn't shown */
        return bidi_of(r->base) == UTF8PROC_BIDI_CLASS_AL &&
               bidi_of(next) == UTF8PROC_BIDI_CLASS_AL && !is_hidden(next);
    }
    return is_pictograph(r->base) && is_pictograph(next);
}

/* The next character, HIDDEN for one that nobody may see, or END. */
static int32_t reader_take(struct reader *r)
{
    enum { VIRAMA = 9 };
    int32_t rune = rune_take(&r->rest);
    if (rune == END) {
        return END;
    }
    if (rune == ZWJ || rune == ZWNJ) {
        rune = joiner_serves(r, rune) ? rune : HIDDEN;
    } else if (is_variation(rune)) {
        rune = r->before >= 0 && !is_space(r->before) ? rune : HIDDEN;
    } else if (is_hidden(rune) && !is_space(rune)) {
        rune = HIDDEN;
    }
    r->before = rune;
    if (rune < 0 || !is_extend(rune)) {
        r->base = rune;
        r->virama = false;
    }
    r->virama = (r->virama && rune != ZWJ && rune != ZWNJ) || combining_of(rune) == VIRAMA;
    return rune;
}

enum err text_check(struct slice text, size_t bytes_max)
{
    if (text.len > bytes_max) {
        return ERR_TOO_LONG;
    }
    for (size_t i = 0; i < text.len;) {
        int32_t rune;
        utf8proc_ssize_t len =
            utf8proc_iterate(text.at + i, (utf8proc_ssize_t)(text.len - i), &rune);
        if (len <= 0 || rune == 0) {
            return ERR_BAD_TEXT;
        }
        i += (size_t)len;
    }
    return OK;
}

/* ---- writing what is composed ----------------------------------------------------------------- */

/* Composes and writes grapheme by grapheme: characters that compose are never parted by a grapheme's edge, so a text
 * of any length needs only this much memory. Runes come in decomposed. */
struct composer {
    int32_t held[HELD_MAX];
    size_t held_count;
    int32_t last;
    int32_t state; /* of utf8proc's search for the grapheme's edge */
    bool space;    /* white space is due before the next grapheme */
    size_t breaks; /* lines that it breaks */
    bool lines;
    bool full; /* out is; nothing more is written */
    char *out;
    size_t out_len;
    size_t len;
};

/* Canonical order: marks by their class, those of one class as they came. */
static void sort_marks(int32_t *runes, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        int32_t rune = runes[i];
        int class = combining_of(rune);
        size_t at = i;
        while (class != 0 && at > 0 && combining_of(runes[at - 1]) > class) {
            runes[at] = runes[at - 1];
            at--;
        }
        runes[at] = rune;
    }
}

static size_t encode(const int32_t *runes, size_t count, uint8_t *out)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len += (size_t)utf8proc_encode_char(runes[i], out + len);
    }
    return len;
}

static size_t white_space(const struct composer *c, uint8_t out[2])
{
    if (!c->space || c->len == 0) {
        return 0;
    }
    size_t breaks = c->lines ? c->breaks : 0;
    memset(out, breaks ? '\n' : ' ', 2);
    return breaks > 1 ? 2 : 1;
}

static void composer_flush(struct composer *c)
{
    uint8_t bytes[2 + HELD_MAX * RUNE_BYTES_MAX];
    if (c->held_count == 0) {
        return;
    }
    sort_marks(c->held, c->held_count);
    utf8proc_ssize_t count = utf8proc_normalize_utf32(c->held, (utf8proc_ssize_t)c->held_count,
                                                      UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    size_t len = white_space(c, bytes);
    if (count > 0) {
        len += encode(c->held, (size_t)count, bytes + len);
    }
    c->held_count = 0;
    c->space = false;
    c->breaks = 0;
    if (c->full || c->len + len + 1 > c->out_len) {
        c->full = true;
        return;
    }
    memcpy(c->out + c->len, bytes, len);
    c->len += len;
}

static void composer_space(struct composer *c, int32_t rune)
{
    composer_flush(c);
    c->state = 0;
    c->space = true;
    c->breaks += is_break(rune);
}

static void composer_put(struct composer *c, int32_t rune)
{
    if (c->held_count && utf8proc_grapheme_break_stateful(c->last, rune, &c->state)) {
        composer_flush(c);
    }
    c->last = rune;
    if (c->held_count < HELD_MAX) {
        c->held[c->held_count++] = rune;
    }
}

static size_t composer_end(struct composer *c)
{
    composer_flush(c);
    c->out[c->len] = 0;
    return c->len;
}

static size_t decompose(int32_t rune, utf8proc_option_t options, int32_t out[DECOMPOSED_MAX])
{
    int bound = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(rune, out, DECOMPOSED_MAX, options, &bound);
    if (count >= 0 && count <= DECOMPOSED_MAX) {
        return (size_t)count;
    }
    out[0] = REPLACEMENT;
    return 1;
}

size_t text_tidy(struct slice text, bool lines, char *out)
{
    struct reader reader = reader_of(text);
    struct composer c = {.lines = lines, .out = out, .out_len = text.len * 3 + 1};
    int32_t rune;
    while ((rune = reader_take(&reader)) != END) {
        int32_t parts[DECOMPOSED_MAX];
        if (rune == HIDDEN) {
            continue;
        }
        if (is_space(rune)) {
            composer_space(&c, rune);
            continue;
        }
        size_t count = decompose(rune, UTF8PROC_DECOMPOSE, parts);
        for (size_t i = 0; i < count; i++) {
            composer_put(&c, parts[i]);
        }
    }
    return composer_end(&c);
}

/* ---- the key ---------------------------------------------------------------------------------- */

/* What looks like a Latin letter, after folding; the idea is that of Unicode's UTS #39, the choice is ours: the scripts
 * on pupils' keyboards. 01xx and 02xx are Latin (what a stroke crosses, which Unicode doesn't take apart, too), 03xx
 * Greek, 04xx and 050x Cyrillic, 056x to 058x Armenian, 1dxx small capitals. Since case is folded, a letter is alike if
 * its capital is: Cyrillic "Вера" and Latin "Bepa" are one picture. No two of one alphabet become one, but for Cyrillic
 * н and һ. Dashes and apostrophes are as word processors set them. */
static const struct alike {
    uint16_t to;
    uint16_t from[5];
} alikes[] = {
    {'a', {0x0251, 0x03b1, 0x0430}},
    {'b', {0x0180, 0x03b2, 0x0432}},
    {'c', {0x0441, 0x1d04}},
    {'d', {0x0111, 0x0501}},
    {'e', {0x03b5, 0x0435}},
    {'g', {0x0261, 0x0581}},
    {'h', {0x0127, 0x03b7, 0x043d, 0x04bb, 0x0570}},
    {'i', {0x0131, 0x0269, 0x03b9, 0x0456}},
    {'j', {0x03f3, 0x0458, 0x0575}},
    {'k', {0x03ba, 0x043a}},
    {'l', {0x0142, 0x04cf}},
    {'m', {0x03bc, 0x043c}},
    {'n', {0x0578}},
    {'o', {0x00f8, 0x03bf, 0x043e, 0x0585, 0x1d0f}},
    {'p', {0x03c1, 0x0440}},
    {'q', {0x051b, 0x0566}},
    {'s', {0x0455}},
    {'t', {0x0167, 0x03c4, 0x0442}},
    {'u', {0x057d}},
    {'v', {0x03bd, 0x0475, 0x1d20}},
    {'w', {0x051d, 0x1d21}},
    {'x', {0x03c7, 0x0445}},
    {'y', {0x03c5, 0x0443}},
    {'z', {0x03b6, 0x1d22}},
    {0x00e6, {0x04d5}},
    {0x0259, {0x01dd, 0x04d9}},
    {'-', {0x2010, 0x2012, 0x2013, 0x2014, 0x2212}},
    {'\'', {0x02bb, 0x02bc, 0x2018, 0x2019}},
};

static int32_t look_alike(int32_t rune)
{
    if (rune < 0x80) {
        return rune;
    }
    for (size_t i = 0; i < sizeof(alikes) / sizeof(alikes[0]); i++) {
        for (size_t j = 0; j < sizeof(alikes[i].from) / sizeof(alikes[i].from[0]); j++) {
            if (alikes[i].from[j] == rune) {
                return alikes[i].to;
            }
        }
    }
    return rune;
}

/* An accent or a point, that people leave out when they type: by where it stands. Vowels, viramas and tones of the
 * scripts of Asia have other classes, and names that differ in them are other names. */
static bool is_accent(int32_t rune)
{
    enum { OVERLAY = 1, HEBREW_FIRST = 10, SYRIAC_LAST = 36, ATTACHED_FIRST = 200 };
    int class = combining_of(rune);
    return class == OVERLAY || is_between(class, HEBREW_FIRST, SYRIAC_LAST) ||
           class >= ATTACHED_FIRST || category_of(rune) == UTF8PROC_CATEGORY_ME;
}

/* Jamo for showing single letters of Hangul: NFKC would glue them to syllables that nobody wrote. */
static bool is_lone_jamo(int32_t rune)
{
    return is_between(rune, 0x3131, 0x318e) || is_between(rune, 0xffa1, 0xffdc);
}

static void key_put(struct composer *c, int32_t rune)
{
    if (is_space(rune)) {
        composer_space(c, rune);
    } else if (!is_hidden(rune) && !is_accent(rune)) {
        composer_put(c, look_alike(rune));
    }
}

size_t text_key(struct slice text, char *out, size_t out_len)
{
    struct composer c = {.out = out, .out_len = out_len};
    int32_t rune;
    if (out_len == 0) {
        return 0;
    }
    while (!c.full && (rune = rune_take(&text)) != END) {
        int32_t parts[DECOMPOSED_MAX] = {rune};
        size_t count = 1;
        if (!is_lone_jamo(rune)) {
            count =
                decompose(rune, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD, parts);
        }
        for (size_t i = 0; i < count; i++) {
            key_put(&c, parts[i]);
        }
    }
    return composer_end(&c);
}

/* ---- showing ---------------------------------------------------------------------------------- */

/* One grapheme as it is shown. */
struct cluster {
    int32_t runes[SHOWN_RUNES_MAX];
    size_t count;
    size_t marks;
    bool full; /* the rest of it isn't shown */
};

struct clusters {
    struct reader reader;
    int32_t ahead; /* the first rune of the next cluster, or END */
    int32_t state;
    bool begun;
};

/* The next rune as it may be shown. A run of hidden ones gives one mark; so does what no font of today has. */
static int32_t shown_take(struct reader *r)
{
    bool again = r->before == HIDDEN;
    int32_t rune;
    do {
        rune = reader_take(r);
    } while (rune == HIDDEN && again);
    if (rune == END) {
        return END;
    }
    if (rune == HIDDEN || category_of(rune) == UTF8PROC_CATEGORY_CN) {
        return REPLACEMENT;
    }
    return is_break(rune) || rune == '\t' || rune == '\r' ? ' ' : rune;
}

static struct clusters clusters_of(struct slice text)
{
    struct clusters c = {.reader = reader_of(text)};
    c.ahead = shown_take(&c.reader);
    return c;
}

static void cluster_add(struct cluster *c, int32_t rune)
{
    c->marks += is_extend(rune);
    if (c->marks > SHOWN_MARKS_MAX || c->count == SHOWN_RUNES_MAX) {
        c->full = true;
    }
    if (!c->full) {
        c->runes[c->count++] = rune;
    }
}

static bool cluster_take(struct clusters *from, struct cluster *c)
{
    int32_t rune = from->ahead;
    if (rune == END) {
        return false;
    }
    *c = (struct cluster){0};
    /* A mark at the start would sit on whatever was printed before this text. */
    bool begins = !from->begun;
    from->begun = true;
    if (begins && (is_extend(rune) || is_mark(rune))) {
        cluster_add(c, REPLACEMENT);
        if (utf8proc_grapheme_break(REPLACEMENT, rune)) {
            return true; /* some marks are graphemes of their own, and take a column */
        }
    }
    cluster_add(c, rune);
    while ((from->ahead = shown_take(&from->reader)) != END &&
           !utf8proc_grapheme_break_stateful(rune, from->ahead, &from->state)) {
        rune = from->ahead;
        cluster_add(c, rune);
    }
    if (c->full && c->runes[c->count - 1] == ZWJ) {
        c->count--;
    }
    return true;
}

/* Does this rune, behind the first of a cluster, make it an emoji of two columns? (The two letters of a flag take one
 * each.) */
static bool makes_emoji(int32_t first, int32_t rune)
{
    bool keycap = is_between(first, '0', '9') || first == '#' || first == '*';
    if (rune == EMOJI_STYLE) {
        return keycap || is_pictograph(first);
    }
    return is_pictograph(first) && (rune == ZWJ || is_between(rune, 0x1f3fb, 0x1f3ff));
}

static size_t cluster_columns(const struct cluster *c)
{
    size_t columns = 0;
    for (size_t i = 0; i < c->count; i++) {
        int bound = bound_of(c->runes[i]);
        if (i > 0 && makes_emoji(c->runes[0], c->runes[i])) {
            return 2;
        }
        /* vowels and finals of Hangul join the syllable's square */
        if (i == 0 || (bound != UTF8PROC_BOUNDCLASS_V && bound != UTF8PROC_BOUNDCLASS_T)) {
            columns += (size_t)utf8proc_charwidth(c->runes[i]);
        }
    }
    return columns ? columns : 1;
}

size_t text_columns(struct slice text)
{
    struct clusters from = clusters_of(text);
    struct cluster c;
    size_t columns = 0;
    while (cluster_take(&from, &c)) {
        columns += cluster_columns(&c);
    }
    return columns;
}

static bool has_right_to_left(struct slice text)
{
    int32_t rune;
    while ((rune = rune_take(&text)) != END) {
        int bidi = bidi_of(rune);
        if (bidi == UTF8PROC_BIDI_CLASS_R || bidi == UTF8PROC_BIDI_CLASS_AL ||
            bidi == UTF8PROC_BIDI_CLASS_AN) {
            return true;
        }
    }
    return false;
}

static size_t put_rune(char *out, size_t len, int32_t rune)
{
    return len + encode(&rune, 1, (uint8_t *)out + len);
}

/* A joiner has nothing to join or part before an ellipsis, and would be one more mark when this is shown again. */
static size_t without_joiners(const char *out, size_t len)
{
    enum { JOINER_BYTES = 3 };
    while (len >= JOINER_BYTES && (memcmp(out + len - JOINER_BYTES, "\u200c", JOINER_BYTES) == 0 ||
                                   memcmp(out + len - JOINER_BYTES, "\u200d", JOINER_BYTES) == 0)) {
        len -= JOINER_BYTES;
    }
    return len;
}

size_t text_show(struct slice text, size_t columns_max, char *out, size_t out_len)
{
    enum { SIGN_BYTES = 3 }; /* of the ellipsis and of each isolate */
    bool isolate = has_right_to_left(text);
    size_t end = (isolate ? SIGN_BYTES : 0) + 1; /* what must follow */
    size_t len = isolate ? put_rune(out, 0, ISOLATE) : 0;
    size_t columns = 0;
    size_t cut_len = len; /* where an ellipsis still fits */
    size_t cut_columns = 0;
    struct clusters from = clusters_of(text);
    struct cluster c;
    while (cluster_take(&from, &c)) {
        uint8_t bytes[SHOWN_RUNES_MAX * RUNE_BYTES_MAX];
        size_t more = encode(c.runes, c.count, bytes);
        size_t wide = cluster_columns(&c);
        if ((columns_max && columns + wide > columns_max) || len + more + end > out_len) {
            len = put_rune(out, without_joiners(out, cut_len), ELLIPSIS);
            columns = cut_columns + 1;
            break;
        }
        memcpy(out + len, bytes, more);
        len += more;
        columns += wide;
        if ((!columns_max || columns < columns_max) && len + SIGN_BYTES + end <= out_len) {
            cut_len = len;
            cut_columns = columns;
        }
    }
    if (isolate) {
        len = put_rune(out, len, ISOLATE_END);
    }
    out[len] = 0;
    return columns;
}

/* ---- how far apart ---------------------------------------------------------------------------- */

/* SIZE_MAX if there are more than fit. */
static size_t runes_of(struct slice text, int32_t out[TITLE_BYTES_MAX])
{
    size_t count = 0;
    while (text.len) {
        if (count == TITLE_BYTES_MAX) {
            return SIZE_MAX;
        }
        out[count++] = rune_take(&text);
    }
    return count;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t text_distance(struct slice a, struct slice b, size_t max)
{
    int32_t from[TITLE_BYTES_MAX], to[TITLE_BYTES_MAX];
    size_t rows[3][TITLE_BYTES_MAX + 1]; /* the row before the last, the last, this one, in turn */
    size_t from_count = runes_of(a, from);
    size_t to_count = runes_of(b, to);
    if (from_count == SIZE_MAX || to_count == SIZE_MAX) {
        return slice_equal(a, b) ? 0 : max + 1;
    }
    for (size_t j = 0; j <= to_count; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= from_count; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *before = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= to_count; j++) {
            size_t changed = above[j - 1] + (from[i - 1] != to[j - 1]);
            row[j] = least(changed, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
    }
    size_t distance = rows[from_count % 3][to_count];
    return distance > max ? max + 1 : distance;
}
