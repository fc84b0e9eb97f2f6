/* Asking jamd: one request and its answer, or a stream of notifications. proto/LOCAL.md has the methods. */
#ifndef JAM_CALL_H
#define JAM_CALL_H

#include "err.h"
#include "pack.h"

enum { PARAMS_MAX = 16 };

/* A question: a method and its named texts and flags. Texts are borrowed. */
struct question {
    const char *method;
    struct {
        const char *key;
        const char *text; /* NULL: it is a flag, and set */
    } params[PARAMS_MAX];
    uint32_t count;
};
void question_text(struct question *, const char *key, const char *text); /* NULL text: not said */
void question_flag(struct question *, const char *key);

/* What jamd said: an answer's result or a notification's map; or why it refused. Borrows from the call. */
struct answer {
    struct doc doc;
    bool open;
    const msgpack_object *result;
    struct slice raw;  /* the whole message, as it came */
    struct slice type; /* a notification's method */
    struct slice code; /* of a refusal */
    struct slice what;
    struct slice detail;
};
void answer_clear(struct answer *); /* also of a zeroed one */

struct call {
    const char *path;
    void (*slow)(void); /* NULL: nobody is told */
    int fd;             /* -1 while there is no connection; pollable */
    uint64_t number;
    uint8_t *in;
    size_t in_len;
    size_t in_used; /* of it was taken already */
};
/* The path is borrowed. Connects at the first question. slow is called, once a question, when its answer takes some seconds. */
void call_init(struct call *, const char *path, void (*slow)(void));
void call_close(struct call *);
/* Closes the connection only: answers that are open stay as they are. The next question connects again. */
void call_hang_up(struct call *);

/* Asks, and waits for the answer. When the connection breaks before it comes, asks once more with the same id. OK, or why
 * not: jamd's refusal (its texts are in *answer), ERR_NO_DAEMON, ERR_LIMIT (a question beyond 64 KiB), ERR_BAD_TEXT (what
 * was typed isn't UTF-8), ERR_MALFORMED. *answer is to be cleared before the call is used again. */
enum err call_ask(struct call *, const struct question *, struct answer *);

/* The next notification. ERR_WAIT when none came within so many milliseconds (0: don't wait), ERR_NO_DAEMON when the
 * connection broke. */
enum err call_next(struct call *, int wait_ms, struct answer *);

#endif
