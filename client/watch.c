/* Follows jamd's watch. */
#include "watch.h"

#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "phrase.h"

int64_t watch_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void watch_init(struct watch *watch, struct run *run, bool states)
{
    *watch = (struct watch){.call = &run->call, .class = run->args->class, .states = states};
    run->call.slow = NULL; /* a picture isn't written into */
}

static void drop_state(struct watch *watch)
{
    if (watch->has_state) {
        doc_clear(&watch->doc);
        free(watch->bytes);
    }
    watch->has_state = false;
    watch->state = NULL;
}

void watch_clear(struct watch *watch)
{
    drop_state(watch);
}

static void note_fresh(struct watch *watch, const msgpack_object *map)
{
    watch->live = is_set(map, "live");
    watch->live_s = 0;
    map_int(map, "live_s", &watch->live_s);
    map_int(map, "peers", &watch->peers);
    watch->live_ms = watch_now();
}

/* The state in a message's last item: alone in a notification, under its name in the first answer. */
static const msgpack_object *state_in(const msgpack_object *message)
{
    const msgpack_object *items;
    uint32_t count;
    if (!read_array(message, &items, &count) || count == 0) {
        return NULL;
    }
    const msgpack_object *named = map_get(&items[count - 1], "state");
    return named ? named : &items[count - 1];
}

/* Keeps a copy, unless it is older than what is there. */
static enum err keep_state(struct watch *watch, const struct answer *answer, bool first)
{
    uint64_t seq = 0;
    struct doc doc;
    map_uint(state_in(&answer->doc.root), "seq", &seq);
    if (!first && seq < watch->seq) {
        return ERR_ORDER;
    }
    uint8_t *bytes = malloc(answer->raw.len);
    if (!bytes) {
        return ERR_NOMEM;
    }
    memcpy(bytes, answer->raw.at, answer->raw.len);
    enum err err = doc_open(&doc, slice_of(bytes, answer->raw.len), PACK_LOCAL);
    if (err != OK) {
        free(bytes);
        return err;
    }
    drop_state(watch);
    watch->doc = doc;
    watch->bytes = bytes;
    watch->has_state = true;
    watch->state = state_in(&watch->doc.root);
    watch->seq = seq;
    watch->came_ms = watch_now();
    note_fresh(watch, watch->state);
    return OK;
}

enum err watch_begin(struct watch *watch, struct answer *answer)
{
    struct question question = {.method = "watch"};
    question_text(&question, "how", watch->states ? "state" : "changes");
    question_text(&question, "class", watch->class);
    enum err err = call_ask(watch->call, &question, answer);
    if (err == OK) {
        err = keep_state(watch, answer, true);
    }
    watch->tried_ms = watch_now();
    watch->connected = err == OK;
    if (err == OK) {
        watch->heard_ms = watch->tried_ms;
    } else {
        call_hang_up(watch->call);
    }
    return err;
}

/* Waits, and tries to come back when it is time. */
static enum watch_news come_back(struct watch *watch, int wait_ms, struct answer *answer)
{
    int64_t due = watch->tried_ms + AGAIN_MS - watch_now();
    *answer = (struct answer){0};
    if (due > 0) {
        poll(NULL, 0, due < wait_ms ? (int)due : wait_ms);
        return WATCH_NOTHING;
    }
    return watch_begin(watch, answer) == OK ? WATCH_STATE : WATCH_NOTHING;
}

enum watch_news watch_next(struct watch *watch, int wait_ms, struct answer *answer)
{
    if (!watch->connected) {
        return come_back(watch, wait_ms, answer);
    }
    enum err err = call_next(watch->call, wait_ms, answer);
    if (err == ERR_WAIT) {
        return WATCH_NOTHING;
    }
    if (err != OK) {
        watch->connected = false;
        watch->tried_ms = watch_now();
        return WATCH_LOST;
    }
    watch->heard_ms = watch_now();
    if (slice_is(answer->type, "fresh")) {
        note_fresh(watch, answer->result);
        return WATCH_FRESH;
    }
    if (slice_is(answer->type, "state")) {
        return keep_state(watch, answer, false) == OK ? WATCH_STATE : WATCH_NOTHING;
    }
    if (slice_is(answer->type, "ended")) {
        return WATCH_ENDED;
    }
    return slice_is(answer->type, "change") ? WATCH_CHANGE : WATCH_NOTHING;
}

bool watch_is_live(const struct watch *watch)
{
    return watch->connected && watch->live && watch_now() - watch->heard_ms < SILENCE_MS;
}

struct screen watch_screen(const struct watch *watch, struct page *page)
{
    struct screen screen = screen_of(watch->state);
    int64_t now = watch_now();
    page->elapsed_ms = now - watch->came_ms;
    screen.live = watch_is_live(watch);
    screen.peers = watch->peers;
    screen.lost_s = (now - watch->heard_ms) / 1000;
    if (!watch->connected) {
        screen.why = _("jamd doesn't answer");
    } else if (now - watch->heard_ms < SILENCE_MS) {
        screen.lost_s = watch->live_s + (now - watch->live_ms) / 1000;
    }
    return screen;
}
