/* How answers are shown: two faces, so that no command knows which one is asked for. */
#ifndef JAM_SHOW_H
#define JAM_SHOW_H

#include "call.h"
#include "page.h"

/* How lines are laid out, and what they are about. */
struct style {
    unsigned columns;
    bool plain;
    bool ascii;
    bool more;
    const char *as; /* as it came; NULL: nobody */
};

struct show {
    /* What a method answered, on stdout. */
    void (*answer)(const struct style *, const msgpack_object *result,
                   void (*say)(struct page *, const msgpack_object *));
    /* Why not, on stderr. `what` and `detail` fill the error's sentence and advice, as they came. */
    void (*refusal)(const struct style *, enum err, struct slice code, struct slice what,
                    struct slice detail);
};

extern const struct show show_text;
extern const struct show show_json;

/* One line of a stream: the map with "type" put first, and "v" before it if `first`. Goes out at once. */
void show_json_line(FILE *, bool first, const char *type, const msgpack_object *map);

#endif
