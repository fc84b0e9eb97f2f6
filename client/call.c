/* The connection to jamd: MessagePack-RPC over a Unix socket. */
#include "call.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "bounds.h"
#include "keys.h"
#include "text.h"

enum {
    ID_BYTES = 16,
    ANSWER_WAIT_MS = 30 * 1000, /* a disk may be slow; a jamd that hangs isn't waited for */
    SLOW_MS = 4000,             /* after that who waits is told so */
    AGAIN_WAIT_MS = 2000,       /* a jamd that is being restarted is back by then */
    AGAIN_STEP_MS = 20,
    IN_BYTES_MAX = REPLY_BYTES_MAX + 64,
};

void question_text(struct question *question, const char *key, const char *text)
{
    if (text && question->count < PARAMS_MAX) {
        question->params[question->count].key = key;
        question->params[question->count++].text = text;
    }
}

void question_flag(struct question *question, const char *key)
{
    if (question->count < PARAMS_MAX) {
        question->params[question->count].key = key;
        question->params[question->count++].text = NULL;
    }
}

void answer_clear(struct answer *answer)
{
    if (answer->open) {
        doc_clear(&answer->doc);
    }
    *answer = (struct answer){0};
}

void call_init(struct call *call, const char *path, void (*slow)(void))
{
    *call = (struct call){.path = path, .slow = slow, .fd = -1};
}

void call_hang_up(struct call *call)
{
    if (call->fd >= 0) {
        close(call->fd);
    }
    call->fd = -1;
    call->in_len = call->in_used = 0;
}

void call_close(struct call *call)
{
    call_hang_up(call);
    free(call->in);
    call->in = NULL;
}

static enum err call_connect(struct call *call)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = strlen(call->path);
    if (len >= sizeof(to.sun_path)) {
        return ERR_NO_DAEMON;
    }
    memcpy(to.sun_path, call->path, len);
    call->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (call->fd < 0 || connect(call->fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        call_hang_up(call);
        return ERR_NO_DAEMON;
    }
    return OK;
}

static enum err send_all(struct call *call, struct slice bytes)
{
    size_t sent = 0;
    while (sent < bytes.len) {
        ssize_t n = send(call->fd, bytes.at + sent, bytes.len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return ERR_NO_DAEMON;
        }
        sent += (size_t)n;
    }
    return OK;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads once. ERR_WAIT if nothing came before the deadline. */
static enum err receive(struct call *call, int64_t deadline_ms)
{
    if (call->in_len == IN_BYTES_MAX) {
        return ERR_LIMIT;
    }
    if (!call->in && !(call->in = malloc(IN_BYTES_MAX))) {
        return ERR_NOMEM;
    }
    int64_t left = deadline_ms - now_ms();
    struct pollfd poll_in = {.fd = call->fd, .events = POLLIN};
    int ready = poll(&poll_in, 1, left > 0 ? (int)left : 0);
    if (ready == 0 || (ready < 0 && errno == EINTR)) {
        return ERR_WAIT;
    }
    ssize_t n = read(call->fd, call->in + call->in_len, IN_BYTES_MAX - call->in_len);
    if (n < 0 && errno == EINTR) {
        return ERR_WAIT;
    }
    if (n <= 0) {
        return ERR_NO_DAEMON;
    }
    call->in_len += (size_t)n;
    return OK;
}

/* Waits for the next whole message and opens it. */
static enum err take_message(struct call *call, int64_t deadline_ms, struct answer *answer)
{
    size_t used;
    if (call->in_used > 0) {
        memmove(call->in, call->in + call->in_used, call->in_len - call->in_used);
        call->in_len -= call->in_used;
        call->in_used = 0;
    }
    enum err err;
    while ((err = pack_scan_first(slice_of(call->in, call->in_len), PACK_LOCAL, &used)) ==
           ERR_TRUNCATED) {
        err = receive(call, deadline_ms);
        if (err != OK) {
            return err;
        }
    }
    if (err != OK) {
        return ERR_MALFORMED;
    }
    call->in_used = used;
    answer->raw = slice_of(call->in, used);
    err = doc_open(&answer->doc, slice_of(call->in, used), PACK_LOCAL);
    answer->open = err == OK;
    return err;
}

/* [1, number, error, result] */
static enum err read_answer(struct answer *answer, uint64_t number, bool *mine)
{
    const msgpack_object *items;
    uint32_t count;
    uint64_t kind;
    uint64_t to;
    *mine = true;
    if (!read_array(&answer->doc.root, &items, &count) || count < 3 ||
        !read_uint(&items[0], &kind)) {
        return ERR_MALFORMED;
    }
    if (kind != 1 || count != 4 || !read_uint(&items[1], &to) || to != number) {
        *mine = false;
        return OK;
    }
    if (items[2].type != MSGPACK_OBJECT_NIL) {
        map_text(&items[2], "what", &answer->what);
        map_text(&items[2], "detail", &answer->detail);
        return map_text(&items[2], "code", &answer->code) ? err_from_code(answer->code)
                                                          : ERR_MALFORMED;
    }
    answer->result = &items[3];
    return answer->result->type == MSGPACK_OBJECT_MAP ? OK : ERR_MALFORMED;
}

static enum err await_answer(struct call *call, struct answer *answer)
{
    int64_t slow = now_ms() + SLOW_MS, deadline = now_ms() + ANSWER_WAIT_MS;
    bool mine = false, told = false;
    enum err err = OK;
    while (!mine && err == OK) {
        answer_clear(answer);
        while ((err = take_message(call, told ? deadline : slow, answer)) == ERR_WAIT &&
               now_ms() < deadline) {
            if (!told && now_ms() >= slow) {
                told = true;
                if (call->slow) {
                    call->slow();
                }
            }
        }
        if (err == OK) {
            err = read_answer(answer, call->number, &mine);
        }
    }
    return err;
}

/* ERR_NO_DAEMON: the connection broke before the answer. ERR_WAIT: it stands, but no answer came. */
static enum err exchange(struct call *call, struct slice question, struct answer *answer)
{
    enum err err = send_all(call, question);
    return err == OK ? await_answer(call, answer) : err;
}

static enum err pack_question(struct pack *out, const struct question *question, uint64_t number,
                              const uint8_t id[ID_BYTES])
{
    pack_array(out, 4);
    pack_uint(out, 0);
    pack_uint(out, number);
    pack_str(out, question->method);
    pack_map(out, question->count + 1);
    pack_str(out, "id");
    pack_bin(out, slice_of(id, ID_BYTES));
    for (uint32_t i = 0; i < question->count; i++) {
        const char *text = question->params[i].text;
        pack_str(out, question->params[i].key);
        if (!text) {
            pack_bool(out, true);
        } else if (text_check(slice_str(text), REQUEST_BYTES_MAX) == OK) {
            pack_str(out, text);
        } else {
            return ERR_BAD_TEXT;
        }
    }
    return out->failed ? ERR_NOMEM : pack_bytes(out).len > REQUEST_BYTES_MAX ? ERR_LIMIT : OK;
}

static enum err connect_again(struct call *call)
{
    int64_t deadline = now_ms() + AGAIN_WAIT_MS;
    call_hang_up(call);
    while (call_connect(call) != OK) {
        if (now_ms() >= deadline) {
            return ERR_NO_DAEMON;
        }
        poll(NULL, 0, AGAIN_STEP_MS);
    }
    return OK;
}

enum err call_ask(struct call *call, const struct question *question, struct answer *answer)
{
    uint8_t id[ID_BYTES];
    struct pack out;
    *answer = (struct answer){0};
    pack_init(&out);
    enum err err = getrandom(id, sizeof(id), 0) == sizeof(id) ? OK : ERR_INTERNAL;
    if (err == OK) {
        err = pack_question(&out, question, ++call->number, id);
    }
    if (err == OK && call->fd < 0) {
        err = call_connect(call);
    }
    if (err == OK) {
        err = exchange(call, pack_bytes(&out), answer);
        if (err == ERR_NO_DAEMON && (err = connect_again(call)) == OK) {
            err = exchange(call, pack_bytes(&out), answer);
        }
    }
    wipe((void *)(uintptr_t)pack_bytes(&out).at,
         pack_bytes(&out).len); /* a passphrase may be in it */
    pack_clear(&out);
    return err == ERR_WAIT && answer->code.len == 0 ? ERR_NO_DAEMON : err;
}

enum err call_next(struct call *call, int wait_ms, struct answer *answer)
{
    const msgpack_object *items;
    uint32_t count;
    uint64_t kind;
    *answer = (struct answer){0};
    enum err err = call->fd < 0 ? ERR_NO_DAEMON : take_message(call, now_ms() + wait_ms, answer);
    if (err != OK) {
        if (err != ERR_WAIT) {
            call_hang_up(call);
        }
        return err;
    }
    if (!read_array(&answer->doc.root, &items, &count) || count != 3 ||
        !read_uint(&items[0], &kind) || kind != 2 || !read_text(&items[1], &answer->type) ||
        items[2].type != MSGPACK_OBJECT_MAP) {
        call_hang_up(call);
        return ERR_MALFORMED;
    }
    answer->result = &items[2];
    return OK;
}
