/* The machines that --peer names: their names are asked for until they are found. */
#include "calls.h"

#include <netdb.h>
#include <stdlib.h>

#include "address.h"

enum { AGAIN_MS = 10000 };

struct call {
    struct calls *calls;
    uv_getaddrinfo_t request;
    uv_timer_t again;
    char host[HOST_TEXT_MAX];
    uint16_t port;
    bool asked;
};

struct calls {
    struct loop *loop;
    uint32_t count;
    struct call call[OPTION_NAMES_MAX];
};

static void call_feed(struct call *call, struct address address)
{
    struct event event = {.kind = EVENT_CALL, .from = address};
    event.from.port = call->port ? call->port : JAM_PORT;
    loop_feed(call->calls->loop, &event);
}

static void call_again_cb(uv_timer_t *);

static void call_found_cb(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct call *call = request->data;
    struct address address;
    call->asked = false;
    if (status == 0 && found && address_of(found->ai_addr, &address)) {
        call_feed(call, address);
    } else if (status != UV_ECANCELED) {
        log_line(loop_log(call->calls->loop), "no machine is found by the name %s", call->host);
        uv_timer_start(&call->again, call_again_cb, AGAIN_MS, 0);
    }
    uv_freeaddrinfo(found);
}

static void call_ask(struct call *call)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
    call->request.data = call;
    call->asked = uv_getaddrinfo(loop_uv(call->calls->loop), &call->request, call_found_cb,
                                 call->host, NULL, &hints) == 0;
}

static void call_again_cb(uv_timer_t *timer)
{
    call_ask(timer->data);
}

enum err calls_open(struct loop *loop, const struct options *options, struct calls **out)
{
    struct calls *calls = calloc(1, sizeof *calls);
    *out = calls;
    if (!calls) {
        return ERR_NOMEM;
    }
    calls->loop = loop;
    for (uint32_t i = 0; i < options->peers_count; i++) {
        struct call *call = &calls->call[calls->count];
        struct address address;
        call->calls = calls;
        if (!host_split(options->peers[i], call->host, &call->port)) {
            continue;
        }
        calls->count++;
        uv_timer_init(loop_uv(loop), &call->again);
        call->again.data = call;
        if (address_read(call->host, &address)) {
            call_feed(call, address);
        } else {
            call_ask(call);
        }
    }
    return OK;
}

bool calls_run(const struct calls *calls)
{
    for (uint32_t i = 0; calls && i < calls->count; i++) {
        if (calls->call[i].asked) {
            return true;
        }
    }
    return false;
}

void calls_close(struct calls **calls)
{
    free(*calls);
    *calls = NULL;
}
