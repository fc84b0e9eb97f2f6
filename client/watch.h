/* Following jamd's watch: the last state, how fresh it is, and coming back when the line breaks. */
#ifndef JAM_WATCH_H
#define JAM_WATCH_H

#include "run.h"
#include "screen.h"

enum {
    SILENCE_MS = 12 * 1000, /* jamd says `fresh` every five seconds: so long means a fault */
    AGAIN_MS = 1000,        /* between two tries to come back */
};

/* What was seen last. The state is a copy that outlives the line. */
struct watch {
    struct call *call;
    const char *class; /* NULL: not said */
    bool states;       /* else changes */
    bool connected;
    bool has_state;
    uint8_t *bytes;
    struct doc doc;
    const msgpack_object *state;
    uint64_t seq;
    int64_t came_ms;  /* by the monotonic clock: the state, */
    int64_t heard_ms; /* anything at all, */
    int64_t tried_ms; /* and the last try to come back */
    bool live;        /* as jamd said last */
    int64_t live_s;
    int64_t live_ms; /* when it said so */
    int64_t peers;
};

enum watch_news {
    WATCH_NOTHING,
    WATCH_STATE,
    WATCH_CHANGE, /* *answer has it */
    WATCH_FRESH,  /* *answer has it */
    WATCH_LOST,   /* the line broke: said once */
    WATCH_ENDED,  /* the class has ended, and with it this: *answer has its name */
};

int64_t watch_now(void);
void watch_init(struct watch *, struct run *, bool states);
void watch_clear(struct watch *);
/* Begins, or begins again. The first state is in *answer too, which is to be cleared. */
enum err watch_begin(struct watch *, struct answer *);
/* The next news within so many milliseconds. *answer is to be cleared. While the line is broken it waits and tries again now
 * and then; WATCH_STATE says that it is back. */
enum watch_news watch_next(struct watch *, int wait_ms, struct answer *);
/* Is jamd heard, and does it say that the class is? */
bool watch_is_live(const struct watch *);
/* What a screen shows of it now. */
struct screen watch_screen(const struct watch *, struct page *);

/* watch_curses.c: the picture, repainted in place until q, or until the class ends: then *ended has its name. False: terminfo
 * doesn't know this terminal. */
bool watch_curses(struct run *, struct watch *, struct answer *ended);

#endif
