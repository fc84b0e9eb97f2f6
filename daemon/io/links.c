/* The one-way mailboxes: a PULL inbox for each class, a PUSH to each neighbour, and ZAP at the door.
 *
 * ZMQ_FD only wakes the loop: it tells that something changed inside libzmq, once. What it is, is asked by ZMQ_EVENTS
 * or by taking until EAGAIN, before each poll (inboxes, ZAP) or after each use (links, which are marked as touched).
 * All sockets belong to the loop's thread. */
#include "links.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "address.h"
#include "clock.h"
#include "door.h"

#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93 /* a draft in libzmq 4.3's header, but in its library */
#endif

enum {
    HWM = 32,         /* messages that libzmq may hold, each way, for one peer */
    QUEUE_MAX = 32,   /* messages that wait here until a link is up */
    CALLS_MAX = 64,   /* links to addresses of which no device is known */
    TAKE_A_TURN = 64, /* messages of one inbox, or for at most: */
    TAKE_NS = 2000000,
    BLANK_MS = 6000, /* a link that takes nothing for so long is down */
    RETRY_MS = 3000, /* younger calls of an address are left alone */
    LINGER_MS = 200,
    CURVE_BYTES = 64,    /* a frame's cost of CURVE; 33 in truth */
    SOURCES_MAX = 16384, /* descriptors */
    KICK_MULTIPART_MS = 1000,
    DOMAIN_BYTES = 4,
};

/* In ZAP's word for an inbox, that of the class with index 0. */
static const char first_domain[] = "jama";

/* For one of a class's secrets. */
struct inbox {
    struct links *links;
    void *socket;          /* NULL: there is none */
    uv_poll_t *poll;       /* of its own life: libuv closes it later */
    struct link_pk server; /* of the class; who connects to it must know this */
    uint16_t port;
    bool told;     /* the core knows the port */
    bool skipping; /* within a message of several parts */
};

struct link {
    struct link *next;
    struct links *links;
    uint32_t class_index;
    bool called; /* by address only: peer is unknown */
    struct link_pk peer;
    struct address address;
    void *socket;
    uv_poll_t poll;
    struct mono born;
    bool up, told;     /* what libzmq says; what the core knows */
    bool touched;      /* ZMQ_EVENTS has to be asked */
    uint32_t sent;     /* since it came up; at most HWM + 1 counts */
    bool just_sent;    /* since ZMQ_EVENTS was asked */
    struct mono blank; /* since when it takes nothing; 0: it does */
    zmq_msg_t queue[QUEUE_MAX];
    uint32_t queue_first, queue_len;
};

/* Whose messages came over a descriptor of libzmq, so that a kick can cut it. */
struct source {
    bool set;
    struct link_pk peer;
    struct address address;
};

struct links {
    struct loop *loop;
    const struct options *options;
    void *context;
    void *zap;
    uv_poll_t zap_poll;
    uv_timer_t blank; /* runs while some link is blank */
    struct link_key key;
    struct link_pk public;
    struct inbox inboxes[CLASSES_MAX][SECRETS_MAX];
    struct link *links;
    struct source *sources; /* by descriptor */
    uint32_t sources_room;
    struct door door;
};

/* ---- libzmq ---- */

static void option_int(void *socket, int option, int value)
{
    zmq_setsockopt(socket, option, &value, sizeof value);
}

static int events_of(void *socket)
{
    int events = 0;
    size_t len = sizeof events;
    zmq_getsockopt(socket, ZMQ_EVENTS, &events, &len);
    return events;
}

static bool poll_socket(struct links *links, void *socket, uv_poll_t *poll, uv_poll_cb cb)
{
    int fd;
    size_t len = sizeof fd;
    if (zmq_getsockopt(socket, ZMQ_FD, &fd, &len) != 0 ||
        uv_poll_init(loop_uv(links->loop), poll, fd) != 0) {
        return false;
    }
    uv_poll_start(poll, UV_READABLE, cb);
    return true;
}

/* Descriptors of libzmq only wake: links_turn does what there is to do. */
static void wake_cb(uv_poll_t *poll, int status, int events)
{
    (void)poll, (void)status, (void)events;
}

/* What inboxes and links share. Keepalives and the limit on retransmission find peers that vanished without a word,
 * which sends a packet a link every two minutes; the core's beats do better where it matters. */
static void socket_options(void *socket)
{
    int64_t bytes_max = MESSAGE_BYTES_MAX + CURVE_BYTES;
    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &bytes_max, sizeof bytes_max);
    option_int(socket, ZMQ_RCVHWM, HWM);
    option_int(socket, ZMQ_SNDHWM, HWM);
    option_int(socket, ZMQ_SNDBUF, 128 * 1024);
    option_int(socket, ZMQ_RCVBUF, 128 * 1024);
    option_int(socket, ZMQ_LINGER, 0);
    option_int(socket, ZMQ_HANDSHAKE_IVL, 3000);
    option_int(socket, ZMQ_TCP_KEEPALIVE, 1);
    option_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, 120);
    option_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, 10);
    option_int(socket, ZMQ_TCP_KEEPALIVE_CNT, 3);
    option_int(socket, ZMQ_TCP_MAXRT, 10000);
}

/* ---- the door ---- */

/* Reads one question of libzmq's: may this key come in? False if there is none. */
static bool zap_read(void *zap, uint8_t id[256], size_t *id_len, struct link_pk *key,
                     struct address *from, uint32_t *class_index, bool *good)
{
    enum { ID = 1, DOMAIN = 2, ADDRESS = 3, MECHANISM = 5, KEY = 6, FRAMES = 7 };
    uint8_t frame[256];
    int more = 1;
    size_t len = sizeof more;
    *good = true;
    for (int i = 0; more; i++) {
        int got = zmq_recv(zap, frame, sizeof frame, ZMQ_DONTWAIT);
        if (got < 0) {
            return false;
        }
        zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &len);
        if (i == ID && got <= (int)sizeof frame) {
            memcpy(id, frame, (size_t)got);
            *id_len = (size_t)got;
        } else if (i == DOMAIN) {
            *good = *good && got == DOMAIN_BYTES && memcmp(frame, first_domain, 3) == 0;
            *class_index = (uint32_t)(frame[3] - first_domain[3]);
        } else if (i == ADDRESS) {
            frame[got < (int)sizeof frame ? got : 0] = '\0';
            *good = *good && address_read((const char *)frame, from);
        } else if (i == MECHANISM) {
            *good = *good && got == 5 && memcmp(frame, "CURVE", 5) == 0;
        } else if (i == KEY && got == (int)sizeof key->b) {
            memcpy(key->b, frame, sizeof key->b);
        } else if (i >= KEY) {
            *good = false;
        }
        *good = *good && (more || i == FRAMES - 1);
    }
    return true;
}

/* 300 and not 400: a refused peer closes its socket for good on 400, on 300 it tries again later. */
static bool zap_answer(struct links *links)
{
    uint8_t id[256];
    size_t id_len = 0;
    struct link_pk key = {0};
    struct address from = {.port = 0};
    char user[2 * sizeof key.b + 1];
    uint32_t class_index = 0;
    bool good;
    if (!zap_read(links->zap, id, &id_len, &key, &from, &class_index, &good)) {
        return false;
    }
    good = good && door_admit(&links->door, class_index, &key, from.ip, clock_now().mono);
    hex(user, key.b, sizeof key.b);
    zmq_send(links->zap, "1.0", 3, ZMQ_SNDMORE);
    zmq_send(links->zap, id, id_len, ZMQ_SNDMORE);
    zmq_send(links->zap, good ? "200" : "300", 3, ZMQ_SNDMORE);
    zmq_send(links->zap, "", 0, ZMQ_SNDMORE);
    zmq_send(links->zap, user, good ? strlen(user) : 0, ZMQ_SNDMORE);
    zmq_send(links->zap, "", 0, 0);
    return true;
}

static bool zap_turn(struct links *links)
{
    for (int n = 0; n < TAKE_A_TURN; n++) {
        if (!zap_answer(links)) {
            return false;
        }
    }
    return events_of(links->zap) & ZMQ_POLLIN;
}

/* ---- inboxes ---- */

static bool key_of_user(const char *user, struct link_pk *key)
{
    static const char digits[] = "0123456789abcdef";
    if (!user || strlen(user) != 2 * sizeof key->b) {
        return false;
    }
    for (size_t i = 0; i < sizeof key->b; i++) {
        const char *high = strchr(digits, user[2 * i]), *low = strchr(digits, user[2 * i + 1]);
        if (!high || !low) {
            return false;
        }
        key->b[i] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    return true;
}

static void source_remember(struct links *links, int fd, const struct link_pk *peer,
                            const struct address *from)
{
    if (fd < 0 || fd >= SOURCES_MAX) {
        return;
    }
    if ((uint32_t)fd >= links->sources_room) {
        uint32_t room = (uint32_t)fd + 64;
        struct source *sources = realloc(links->sources, room * sizeof *sources);
        if (!sources) {
            return;
        }
        memset(sources + links->sources_room, 0, (room - links->sources_room) * sizeof *sources);
        links->sources = sources;
        links->sources_room = room;
    }
    links->sources[fd] = (struct source){true, *peer, *from};
}

/* Takes one message. False if there is none. */
static bool inbox_take(struct inbox *inbox, uint32_t class_index, uint32_t number)
{
    struct links *links = inbox->links;
    struct event event = {.kind = EVENT_MESSAGE, .class_index = class_index};
    zmq_msg_t message;
    zmq_msg_init(&message);
    if (zmq_msg_recv(&message, inbox->socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&message);
        return false;
    }
    bool part = inbox->skipping || zmq_msg_more(&message);
    const char *from = zmq_msg_gets(&message, "Peer-Address");
    inbox->skipping = zmq_msg_more(&message);
    if (!key_of_user(zmq_msg_gets(&message, "User-Id"), &event.peer) || !from ||
        !address_read(from, &event.from)) {
        goto done;
    }
    event.from.secret = (uint8_t)number;
    source_remember(links, zmq_msg_get(&message, ZMQ_SRCFD), &event.peer, &event.from);
    if (part || zmq_msg_size(&message) > MESSAGE_BYTES_MAX) {
        if (!inbox->skipping) {
            links_kick(links, &event.peer, KICK_MULTIPART_MS);
        }
    } else if (!door_bars(&links->door, class_index, &event.peer) &&
               !door_refuses(&links->door, &event.peer, clock_now().mono)) {
        event.bytes = slice_of(zmq_msg_data(&message), zmq_msg_size(&message));
        loop_feed(links->loop, &event);
    }
done:
    zmq_msg_close(&message);
    return true;
}

static bool inbox_turn(struct inbox *inbox, uint32_t class_index, uint32_t number)
{
    uint64_t until = uv_hrtime() + TAKE_NS;
    for (int n = 0; n < TAKE_A_TURN && uv_hrtime() < until; n++) {
        if (!inbox_take(inbox, class_index, number)) {
            return false;
        }
    }
    return events_of(inbox->socket) & ZMQ_POLLIN;
}

static bool socket_bind(const struct links *links, void *socket, uint16_t port)
{
    char at[ADDRESS_TEXT_MAX], endpoint[ADDRESS_TEXT_MAX + 8];
    if (links->options->listens) {
        struct address address = links->options->listen;
        address.port = port;
        address_text(&address, at);
    } else {
        snprintf(at, sizeof at, "*:%u", port);
    }
    snprintf(endpoint, sizeof endpoint, "tcp://%s", at);
    if (port == 0) {
        endpoint[strlen(endpoint) - 1] = '*'; /* libzmq's word for any free port */
    }
    return zmq_bind(socket, endpoint) == 0;
}

/* The first class gets the port that firewalls know, the next ones those behind it, and any if they are taken. */
static uint16_t inbox_bind(const struct links *links, void *socket, uint32_t class_index,
                           uint32_t number)
{
    uint16_t said = links->options->listens ? links->options->listen.port : 0;
    uint32_t next = class_index;
    bool must = said && class_index == 0 && number == 0;
    char endpoint[128];
    size_t len = sizeof endpoint;
    while (next < CLASSES_MAX &&
           !socket_bind(links, socket, (uint16_t)((said ? said : JAM_PORT) + next))) {
        next = must ? CLASSES_MAX : next + 1;
    }
    if (next == CLASSES_MAX && (must || !socket_bind(links, socket, 0))) {
        return 0;
    }
    zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &len);
    const char *colon = strrchr(endpoint, ':');
    return colon ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
}

/* All inboxes, one after the other. */
static struct inbox *inbox_at(struct links *links, uint32_t i)
{
    return &links->inboxes[i / SECRETS_MAX][i % SECRETS_MAX];
}

static struct inbox *inbox_find(struct links *links, uint32_t class_index, uint32_t number)
{
    return class_index < CLASSES_MAX && number < SECRETS_MAX ? &links->inboxes[class_index][number]
                                                             : NULL;
}

static void poll_closed_cb(uv_handle_t *handle)
{
    free(handle);
}

void links_bind(struct links *links, uint32_t class_index, uint32_t number,
                const struct class_secret *secret)
{
    struct link_key key;
    char domain[DOMAIN_BYTES + 1];
    struct inbox *inbox = inbox_find(links, class_index, number);
    if (!inbox || inbox->socket) {
        return;
    }
    void *socket = zmq_socket(links->context, ZMQ_PULL);
    if (!socket) {
        log_line(loop_log(links->loop), "no inbox: %s", zmq_strerror(errno));
        return;
    }
    class_link_keys(secret, &key, &inbox->server);
    socket_options(socket);
    option_int(socket, ZMQ_IPV6, 1);
    option_int(socket, ZMQ_BACKLOG, 512);
    option_int(socket, ZMQ_CURVE_SERVER, 1);
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, key.b, sizeof key.b);
    wipe(&key, sizeof key);
    memcpy(domain, first_domain, sizeof domain);
    domain[DOMAIN_BYTES - 1] = (char)(domain[DOMAIN_BYTES - 1] + (char)class_index);
    zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, DOMAIN_BYTES);
    /* without the door being asked, a peer could claim any key: then rather no inbox */
    int one = 1;
    bool guarded = zmq_setsockopt(socket, ZMQ_ZAP_ENFORCE_DOMAIN, &one, sizeof one) == 0;
    inbox->port = guarded ? inbox_bind(links, socket, class_index, number) : 0;
    inbox->poll = malloc(sizeof *inbox->poll);
    if (!inbox->port || !inbox->poll || !poll_socket(links, socket, inbox->poll, wake_cb)) {
        log_line(loop_log(links->loop), "no inbox for class %u: %s", class_index + 1,
                 guarded ? zmq_strerror(errno) : "this libzmq has no ZAP domains");
        zmq_close(socket);
        free(inbox->poll);
        return;
    }
    inbox->socket = socket;
    inbox->told = false;
}

/* ---- links ---- */

static void link_closed_cb(uv_handle_t *handle)
{
    free(handle->data);
}

static void link_queue_clear(struct link *link)
{
    while (link->queue_len > 0) {
        zmq_msg_close(&link->queue[link->queue_first]);
        link->queue_first = (link->queue_first + 1) % QUEUE_MAX;
        link->queue_len--;
    }
}

static void link_remove(struct link *link)
{
    struct link **at = &link->links->links;
    while (*at != link) {
        at = &(*at)->next;
    }
    *at = link->next;
    link_queue_clear(link);
    uv_close((uv_handle_t *)&link->poll, link_closed_cb);
    zmq_close(link->socket);
}

void links_unbind(struct links *links, uint32_t class_index, uint32_t number)
{
    struct inbox *inbox = inbox_find(links, class_index, number);
    if (inbox && inbox->socket) {
        uv_close((uv_handle_t *)inbox->poll, poll_closed_cb);
        zmq_close(inbox->socket);
        *inbox = (struct inbox){.links = links};
    }
    for (struct link *link = links->links, *next; link; link = next) {
        next = link->next;
        if (link->class_index == class_index && link->address.secret == number) {
            link_remove(link);
        }
    }
}

static void link_cb(uv_poll_t *poll, int status, int events)
{
    struct link *link = poll->data;
    (void)status, (void)events;
    link->touched = true;
}

static bool link_connect(struct link *link, const struct inbox *inbox)
{
    struct links *links = link->links;
    char at[ADDRESS_TEXT_MAX], endpoint[ADDRESS_TEXT_MAX + 8];
    snprintf(endpoint, sizeof endpoint, "tcp://%s", address_text(&link->address, at));
    socket_options(link->socket);
    option_int(link->socket, ZMQ_IPV6, !address_is_v4(&link->address));
    option_int(link->socket, ZMQ_IMMEDIATE, 1);
    option_int(link->socket, ZMQ_CONNECT_TIMEOUT, 3000);
    option_int(link->socket, ZMQ_RECONNECT_IVL, 300);
    option_int(link->socket, ZMQ_RECONNECT_IVL_MAX, 10000);
    zmq_setsockopt(link->socket, ZMQ_CURVE_SERVERKEY, inbox->server.b, sizeof inbox->server.b);
    zmq_setsockopt(link->socket, ZMQ_CURVE_PUBLICKEY, links->public.b, sizeof links->public.b);
    zmq_setsockopt(link->socket, ZMQ_CURVE_SECRETKEY, links->key.b, sizeof links->key.b);
    return zmq_connect(link->socket, endpoint) == 0 &&
           poll_socket(links, link->socket, &link->poll, link_cb);
}

/* NULL if it can't be had: the core will ask again. */
static struct link *link_add(struct links *links, uint32_t class_index,
                             const struct address *address)
{
    const struct inbox *inbox = inbox_find(links, class_index, address->secret);
    if (!inbox || !inbox->socket) {
        return NULL;
    }
    struct link *link = calloc(1, sizeof *link);
    if (!link) {
        return NULL;
    }
    link->links = links;
    link->class_index = class_index;
    link->address = *address;
    link->born = clock_now().mono;
    link->poll.data = link;
    link->touched = true;
    link->socket = zmq_socket(links->context, ZMQ_PUSH);
    if (!link->socket || !link_connect(link, inbox)) {
        char at[ADDRESS_TEXT_MAX];
        log_line(loop_log(links->loop), "no link to %s: %s", address_text(address, at),
                 zmq_strerror(errno));
        if (link->socket) {
            zmq_close(link->socket);
        }
        free(link);
        return NULL;
    }
    link->next = links->links;
    links->links = link;
    return link;
}

static struct link *link_find(struct links *links, uint32_t class_index, const struct link_pk *peer)
{
    struct link *link = links->links;
    while (link && (link->called || link->class_index != class_index || !SAME(link->peer, *peer))) {
        link = link->next;
    }
    return link;
}

static struct link *link_find_address(struct links *links, uint32_t class_index,
                                      const struct address *address, bool called)
{
    struct link *link = links->links;
    while (link && (link->called != called || link->class_index != class_index ||
                    !address_equal(&link->address, address))) {
        link = link->next;
    }
    return link;
}

/* False if the link takes nothing now; then the message is still the caller's. */
static bool link_push(struct link *link, zmq_msg_t *message)
{
    link->touched = true;
    if (zmq_msg_send(message, link->socket, ZMQ_DONTWAIT) < 0) {
        return false;
    }
    link->just_sent = true;
    link->sent += link->sent <= HWM;
    return true;
}

static void link_flush(struct link *link)
{
    while (link->queue_len > 0 && link_push(link, &link->queue[link->queue_first])) {
        link->queue_first = (link->queue_first + 1) % QUEUE_MAX;
        link->queue_len--;
    }
}

/* What doesn't fit is dropped: the core keeps positions and asks again. What was first (HELLO) stays first. */
static void link_send(struct link *link, struct slice bytes)
{
    zmq_msg_t message;
    if (link->queue_len == QUEUE_MAX || bytes.len > MESSAGE_BYTES_MAX ||
        zmq_msg_init_size(&message, bytes.len) != 0) {
        return;
    }
    memcpy(zmq_msg_data(&message), bytes.at, bytes.len);
    if (!link->up || link->queue_len > 0 || !link_push(link, &message)) {
        link->queue[(link->queue_first + link->queue_len) % QUEUE_MAX] = message;
        link->queue_len++;
    }
}

static void blank_cb(uv_timer_t *timer)
{
    struct links *links = timer->data;
    struct mono now = clock_now().mono;
    bool blank = false;
    for (struct link *link = links->links; link; link = link->next) {
        if (link->blank.ms && now.ms - link->blank.ms > BLANK_MS) {
            link->blank.ms = 0;
            link->up = false;
            link->touched = true; /* so that the core hears */
        }
        blank = blank || link->blank.ms;
    }
    if (!blank) {
        uv_timer_stop(timer);
    }
}

/* Asks libzmq how the link is. With IMMEDIATE a link takes messages only while it is connected, or until the peer has
 * HWM of them to read. The latter can only be if so many were sent, and some since we last looked. */
static void link_ask(struct link *link)
{
    bool takes = events_of(link->socket) & ZMQ_POLLOUT;
    if (takes) {
        link->sent = link->up ? link->sent : 0;
        link->up = true;
        link->blank.ms = 0;
    } else if (link->up && !link->blank.ms && link->just_sent && link->sent >= HWM) {
        link->blank = clock_now().mono;
        uv_timer_start(&link->links->blank, blank_cb, 1000, 1000);
    } else if (link->up && !link->blank.ms) {
        link->up = false;
    }
    link->just_sent = false;
    if (takes) {
        link_flush(link);
    }
}

/* False if there was nothing to do. */
static bool link_turn(struct link *link)
{
    if (!link->touched) {
        return false;
    }
    link->touched = false;
    link_ask(link);
    if (!link->up && link->told) {
        link_queue_clear(link); /* the core greets again when it is up again */
    }
    if (!link->called && link->up != link->told) {
        struct event event = {.kind = EVENT_LINK,
                              .class_index = link->class_index,
                              .peer = link->peer,
                              .up = link->up};
        link->told = link->up;
        loop_feed(link->links->loop, &event);
    }
    return link->touched;
}

/* A link by address whose device has become known. */
static struct link *link_adopt(struct links *links, uint32_t class_index,
                               const struct link_pk *peer, const struct address *address)
{
    struct link *link = link_find_address(links, class_index, address, true);
    if (link) {
        link->called = false;
        link->peer = *peer;
        link->touched = true;
    }
    return link;
}

void links_link(struct links *links, uint32_t class_index, const struct link_pk *peer,
                const struct address *address)
{
    struct link *link = link_find(links, class_index, peer);
    door_know(&links->door, peer, clock_now().mono);
    if (link) {
        if (link->up && address_equal(&link->address, address)) {
            return;
        }
        /* an attempt that was refused waits ever longer inside libzmq; the core knows when it is worth another */
        link_remove(link);
    }
    if (!link_adopt(links, class_index, peer, address)) {
        link = link_add(links, class_index, address);
        if (link) {
            link->peer = *peer;
        }
    }
}

void links_unlink(struct links *links, uint32_t class_index, const struct link_pk *peer)
{
    struct link *link = link_find(links, class_index, peer);
    if (link) {
        option_int(link->socket, ZMQ_LINGER, LINGER_MS); /* the last word may say why */
        link_remove(link);
    }
}

void links_send(struct links *links, uint32_t class_index, const struct link_pk *peer,
                struct slice bytes)
{
    struct link *link = link_find(links, class_index, peer);
    if (link) {
        link_send(link, bytes);
    }
}

/* Calls that nobody answered go, the oldest first: they stand at the end of the list. */
static void calls_trim(struct links *links)
{
    struct link *oldest = NULL;
    uint32_t count = 0;
    for (struct link *link = links->links; link; link = link->next) {
        oldest = link->called ? link : oldest;
        count += link->called;
    }
    if (count > CALLS_MAX) {
        link_remove(oldest);
    }
}

void links_call(struct links *links, uint32_t class_index, const struct address *address,
                struct slice bytes)
{
    struct link *link = link_find_address(links, class_index, address, false);
    if (!link) {
        link = link_find_address(links, class_index, address, true);
        if (link && !link->up && clock_now().mono.ms - link->born.ms >= RETRY_MS) {
            link_remove(link);
            link = NULL;
        }
        if (!link && (link = link_add(links, class_index, address))) {
            link->called = true;
            calls_trim(links);
        }
    }
    if (link) {
        if (link->called && !link->up) {
            link_queue_clear(link); /* one greeting is enough */
        }
        link_send(link, bytes);
    }
}

/* libzmq can't drop one peer of a bound socket, but it notices when its descriptor was shut. By now the descriptor may
 * be somebody else's: the kernel must still name that peer's address. */
static void peer_cut(struct links *links, const struct link_pk *peer)
{
    for (uint32_t fd = 0; fd < links->sources_room; fd++) {
        struct source *source = &links->sources[fd];
        struct sockaddr_storage name;
        socklen_t len = sizeof name;
        struct address address;
        if (!source->set || !SAME(source->peer, *peer)) {
            continue;
        }
        if (getpeername((int)fd, (struct sockaddr *)&name, &len) == 0 &&
            address_of((struct sockaddr *)&name, &address) &&
            memcmp(address.ip, source->address.ip, sizeof address.ip) == 0) {
            shutdown((int)fd, SHUT_RDWR);
        }
        source->set = false;
    }
}

void links_kick(struct links *links, const struct link_pk *peer, uint32_t wait_ms)
{
    door_kick(&links->door, peer, wait_ms, clock_now().mono);
    peer_cut(links, peer);
}

void links_bar(struct links *links, uint32_t class_index, struct slice keys)
{
    if (!door_bar(&links->door, class_index, keys)) {
        log_line(loop_log(links->loop), "no memory to keep out who was expelled");
    }
    for (size_t at = 0; at + sizeof(struct link_pk) <= keys.len; at += sizeof(struct link_pk)) {
        struct link_pk peer;
        memcpy(peer.b, keys.at + at, sizeof peer.b);
        peer_cut(links, &peer); /* from other classes too: there it may come again */
    }
}

/* ---- life ---- */

bool links_turn(struct links *links)
{
    bool more = zap_turn(links);
    for (uint32_t i = 0; i < CLASSES_MAX * SECRETS_MAX; i++) {
        struct inbox *inbox = inbox_at(links, i);
        uint32_t class_index = i / SECRETS_MAX, number = i % SECRETS_MAX;
        if (!inbox->socket) {
            continue;
        }
        if (!inbox->told) {
            struct event event = {
                .kind = EVENT_BOUND, .class_index = class_index, .port = inbox->port};
            event.from.secret = (uint8_t)number;
            inbox->told = true;
            loop_feed(links->loop, &event);
        }
        more = inbox_turn(inbox, class_index, number) || more;
    }
    for (struct link *link = links->links; link; link = link->next) {
        more = link_turn(link) || more;
    }
    return more;
}

/* Said at start, when somebody reads it, and not when the first class is made. */
static enum err listen_check(const struct options *options, struct why *why)
{
    struct sockaddr_storage name;
    char at[ADDRESS_TEXT_MAX];
    int on = 1;
    if (!options->listens) {
        return OK;
    }
    socklen_t len = address_sockaddr(&options->listen, &name);
    int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                bind(fd, (struct sockaddr *)&name, len) == 0 && listen(fd, 1) == 0;
    if (!good) {
        const char *reason = errno == EADDRNOTAVAIL ? "it isn't an address of this machine"
                             : errno == EADDRINUSE  ? "another program has that port"
                                                    : strerror(errno);
        why_what(why, "%s can't be listened on: %s.", address_text(&options->listen, at), reason);
        why_detail(why, "choose another with --listen ADDR[:PORT]");
    }
    if (fd >= 0) {
        close(fd);
    }
    return good ? OK : ERR_USAGE;
}

enum err links_open(struct loop *loop, const struct options *options, const struct sign_key *key,
                    struct links **out, struct why *why)
{
    struct links *links = calloc(1, sizeof *links);
    *out = links;
    if (!links) {
        return ERR_NOMEM;
    }
    links->loop = loop;
    links->options = options;
    door_init(&links->door, clock_now().mono);
    uv_timer_init(loop_uv(loop), &links->blank);
    links->blank.data = links;
    for (uint32_t i = 0; i < CLASSES_MAX * SECRETS_MAX; i++) {
        inbox_at(links, i)->links = links;
    }
    struct sign_pk public = sign_public(key);
    struct device_id device;
    memcpy(device.b, public.b, sizeof device.b);
    link_key_of(key, &links->key);
    if (!link_public_of(&device, &links->public)) {
        why_what(why, "the device key is no key");
        return ERR_INTERNAL;
    }
    enum err err = listen_check(options, why);
    if (err != OK) {
        return err;
    }
    links->context = zmq_ctx_new();
    if (!links->context) {
        return ERR_NOMEM;
    }
    zmq_ctx_set(links->context, ZMQ_MAX_SOCKETS, 4096);
    /* the door stands before there is anything to enter */
    links->zap = zmq_socket(links->context, ZMQ_REP);
    if (!links->zap || zmq_bind(links->zap, "inproc://zeromq.zap.01") != 0 ||
        !poll_socket(links, links->zap, &links->zap_poll, wake_cb)) {
        why_what(why, "libzmq: %s", zmq_strerror(errno));
        return ERR_INTERNAL;
    }
    return OK;
}

void links_close(struct links **out)
{
    struct links *links = *out;
    *out = NULL;
    if (!links) {
        return;
    }
    for (struct link *link = links->links, *next; link; link = next) {
        next = link->next;
        link_queue_clear(link);
        option_int(link->socket, ZMQ_LINGER, LINGER_MS);
        zmq_close(link->socket);
        free(link);
    }
    for (uint32_t i = 0; i < CLASSES_MAX * SECRETS_MAX; i++) {
        if (inbox_at(links, i)->socket) {
            zmq_close(inbox_at(links, i)->socket);
            free(inbox_at(links, i)->poll); /* the loop's handles are closed */
        }
    }
    door_clear(&links->door);
    if (links->zap) {
        zmq_close(links->zap);
    }
    if (links->context) {
        zmq_ctx_term(links->context); /* waits for what lingers */
    }
    wipe(&links->key, sizeof links->key);
    free(links->sources);
    free(links);
}
