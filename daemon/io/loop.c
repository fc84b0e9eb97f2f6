/* The turn of the daemon under libuv.
 *
 * Read callbacks only feed events to the core. Before libuv polls again, on_prepare takes what libzmq has, commits once
 * if anything was fed, and then carries out the core's outputs. What these leave behind to be fed (a link that came up,
 * a port that was bound) comes in the next turn, which then doesn't sleep. */
#include "loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "calls.h"
#include "clock.h"
#include "lan.h"
#include "links.h"
#include "local.h"
#include "rest.h"
#include "work.h"

enum { WAKE_MS_MAX = 3600 * 1000, CLOSING_TURNS = 8 };

struct loop {
    uv_loop_t uv;
    const struct disk *disk;
    struct log log;
    struct device *device;
    struct lan *lan;
    struct links *links;
    struct local *local;
    struct work *work;
    struct calls *calls;
    uv_prepare_t prepare;
    uv_idle_t idle; /* active: the loop doesn't sleep */
    uv_timer_t wake, rest;
    uv_signal_t signals[2];
    bool fed;       /* since the last commit */
    bool exhausted; /* the device must end */
    bool again;     /* and be opened again */
};

uv_loop_t *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

struct log *loop_log(struct loop *loop)
{
    return &loop->log;
}

void loop_feed(struct loop *loop, const struct event *event)
{
    loop->fed = true;
    device_step(loop->device, clock_now(), event);
}

static void carry_out(struct loop *loop, struct output *output)
{
    switch (output->kind) {
    case OUTPUT_NONE:
        break;
    case OUTPUT_REPLY:
        local_reply(loop->local, output->client, output->bytes);
        break;
    case OUTPUT_HANGUP:
        local_hangup(loop->local, output->client);
        break;
    case OUTPUT_SEND:
        links_send(loop->links, output->class_index, &output->peer, output->bytes);
        break;
    case OUTPUT_LINK:
        links_link(loop->links, output->class_index, &output->peer, &output->address);
        break;
    case OUTPUT_UNLINK:
        links_unlink(loop->links, output->class_index, &output->peer);
        break;
    case OUTPUT_CALL:
        links_call(loop->links, output->class_index, &output->address, output->bytes);
        break;
    case OUTPUT_KICK:
        links_kick(loop->links, &output->peer, output->wait_ms);
        break;
    case OUTPUT_DATAGRAM:
        lan_send(loop->lan, output->paths, &output->address, output->bytes);
        break;
    case OUTPUT_BAR:
        links_bar(loop->links, output->class_index, output->bytes);
        break;
    case OUTPUT_BIND:
        links_bind(loop->links, output->class_index, output->address.secret, &output->secret);
        wipe(&output->secret, sizeof output->secret);
        break;
    case OUTPUT_UNBIND:
        links_unbind(loop->links, output->class_index, output->address.secret);
        break;
    case OUTPUT_STRETCH:
        work_stretch(loop->work, output->work, output->bytes, output->salt, output->cost);
        break;
    case OUTPUT_ERASE:
        if (!disk_erase(loop->disk, output->bytes)) {
            log_line(&loop->log, "a database can't be erased");
        }
        break;
    case OUTPUT_FORGET_KEY:
        if (!disk_forget_key(loop->disk)) {
            log_line(&loop->log, "the device's key can't be removed");
        }
        break;
    case OUTPUT_SET_ASIDE:
        if (!disk_set_aside(loop->disk, output->bytes)) {
            log_line(&loop->log, "the damaged database can't be renamed");
        }
        break;
    case OUTPUT_QUIT:
        loop->exhausted = true;
        uv_stop(&loop->uv);
        break;
    case OUTPUT_AGAIN:
        loop->again = true;
        uv_stop(&loop->uv);
        break;
    case OUTPUT_LOG:
        log_line(&loop->log, "%.*s", (int)output->bytes.len, (const char *)output->bytes.at);
        break;
    }
}

static void wake_cb(uv_timer_t *timer)
{
    struct event event = {.kind = EVENT_TICK};
    loop_feed(timer->data, &event);
}

static void rest_cb(uv_timer_t *timer)
{
    (void)timer;
    rest();
}

/* One commit for all that was fed, then its outputs, and the next time to wake. False if nothing was fed. */
static bool loop_settle(struct loop *loop)
{
    struct output output;
    struct mono wake = {INT64_MAX};
    if (!loop->fed) {
        return false;
    }
    loop->fed = false;
    device_commit(loop->device, clock_now());
    while (device_next(loop->device, &output, &wake)) {
        carry_out(loop, &output);
    }
    int64_t wait = wake.ms - clock_now().mono.ms;
    wait = wait < 1 ? 1 : wait < WAKE_MS_MAX ? wait : WAKE_MS_MAX;
    uv_timer_start(&loop->wake, wake_cb, (uint64_t)wait, 0);
    return true;
}

static void idle_cb(uv_idle_t *idle)
{
    (void)idle;
}

/* True if another turn should follow at once. */
static bool loop_turn(struct loop *loop)
{
    bool more = links_turn(loop->links);
    more = local_turn(loop->local) || more;
    more = work_turn(loop->work) || more;
    return loop_settle(loop) || more;
}

static void prepare_cb(uv_prepare_t *prepare)
{
    struct loop *loop = prepare->data;
    if (loop_turn(loop)) {
        uv_idle_start(&loop->idle, idle_cb);
    } else {
        uv_idle_stop(&loop->idle);
    }
}

static void signal_cb(uv_signal_t *handle, int number)
{
    (void)number;
    uv_stop(handle->loop);
}

static enum err loop_open_all(struct loop *loop, const struct options *options,
                              const struct device_config *config, struct why *why)
{
    enum err err = local_open(loop, options->socket, &loop->local, why);
    if (err != OK) {
        return err;
    }
    loop->work = work_new(loop);
    err = loop->work ? lan_open(loop, options, &loop->lan) : ERR_NOMEM;
    if (err != OK) {
        return err;
    }
    err = links_open(loop, options, &config->key, &loop->links, why);
    if (err != OK) {
        return err;
    }
    why_what(why, "%s", config->state);
    err = device_open(config, clock_now(), &loop->device);
    return err != OK ? err : calls_open(loop, options, &loop->calls);
}

enum err loop_open(const struct options *options, const struct device_config *config,
                   const struct disk *disk, struct loop **out, struct why *why)
{
    struct loop *loop = calloc(1, sizeof *loop);
    *out = loop;
    if (!loop || uv_loop_init(&loop->uv) != 0) {
        free(loop);
        *out = NULL;
        return ERR_NOMEM;
    }
    loop->disk = disk;
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_idle_init(&loop->uv, &loop->idle);
    uv_timer_init(&loop->uv, &loop->wake);
    uv_timer_init(&loop->uv, &loop->rest);
    loop->prepare.data = loop->wake.data = loop;
    static const int numbers[] = {SIGTERM, SIGINT};
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&loop->uv, &loop->signals[i]);
        uv_signal_start(&loop->signals[i], signal_cb, numbers[i]);
    }
    enum err err = loop_open_all(loop, options, config, why);
    if (err != OK) {
        loop_close(out);
    }
    return err;
}

/* systemd's protocol is one datagram. */
static void tell_systemd(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (!path || !*path || strlen(path) >= sizeof name.sun_path) {
        return;
    }
    memcpy(name.sun_path, path, strlen(path));
    if (*path == '@') {
        name.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&name,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
        close(fd);
    }
}

enum err loop_run(struct loop *loop)
{
    loop->fed = true; /* what device_open asks for: above all, its inboxes */
    while (loop_turn(loop)) {
    }
    if (loop->exhausted) {
        return ERR_NOMEM;
    }
    puts("ready");
    fflush(stdout);
    tell_systemd("READY=1");
    uv_prepare_start(&loop->prepare, prepare_cb);
    rest(); /* the start is over */
    uv_timer_start(&loop->rest, rest_cb, REST_MS, REST_MS);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    if (!loop->again) { /* else it would be waited for in vain */
        tell_systemd("STOPPING=1");
    }
    struct event event = {.kind = EVENT_LEAVE};
    loop_feed(loop, &event);
    loop_settle(loop);
    return loop->exhausted ? ERR_NOMEM : OK;
}

bool loop_again(const struct loop *loop)
{
    return loop->again;
}

static void close_cb(uv_handle_t *handle, void *signals_too)
{
    if (!uv_is_closing(handle) && (signals_too || handle->type != UV_SIGNAL)) {
        uv_close(handle, NULL);
    }
}

static void loop_close_handles(struct loop *loop, bool signals_too)
{
    uv_walk(&loop->uv, close_cb, signals_too ? loop : NULL);
    for (int i = 0; i < CLOSING_TURNS && uv_run(&loop->uv, UV_RUN_NOWAIT); i++) {
    }
}

void loop_close(struct loop **out)
{
    struct loop *loop = *out;
    *out = NULL;
    if (!loop) {
        return;
    }
    loop_close_handles(loop, false);
    links_close(&loop->links);
    local_close(&loop->local);
    lan_close(&loop->lan);
    device_close(&loop->device);
    loop_close_handles(loop, true); /* until here a second Ctrl-C changes nothing */
    if ((loop->work && work_runs(loop->work)) || calls_run(loop->calls)) {
        return; /* a worker thread still uses its memory; the process ends anyway */
    }
    work_free(&loop->work);
    calls_close(&loop->calls);
    uv_loop_close(&loop->uv);
    free(loop);
}
