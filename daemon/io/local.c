/* The local socket: a stream of MessagePack objects each way, every client bounded in what it may make us hold. */
#include "local.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "logins.h"
#include "pack.h"

enum {
    REQUESTS_A_TURN = 8,
    ACCEPTS_A_TURN = 16,
    READS_UNTIL_QUEUED = 64 * 1024, /* a client that doesn't take answers may ask nothing more */
    ACCEPT_PAUSE_MS = 100,
};

struct buffer {
    uint8_t *at;
    size_t len, room;
};

struct client {
    struct client *next;
    struct local *local;
    client_id id;
    int fd;
    struct login login;
    bool owner;
    uv_poll_t poll;
    struct buffer in, out;
    int watched; /* what is polled for */
    bool extra;  /* beyond CLIENTS_MAX: it may ask, and is told that there are too many */
    bool more;   /* `in` may hold another whole request */
    bool ending; /* closed once `out` is taken */
    bool gone;   /* the core has yet to hear of it */
};

struct local {
    struct loop *loop;
    struct logins *logins;
    int fd;
    uv_poll_t poll;
    uv_timer_t pause;
    struct client *clients;
    uint32_t clients_count;
    client_id last_id;
    struct sockaddr_un name;
    dev_t dev;
    ino_t ino;
};

static bool buffer_append(struct buffer *buffer, const void *bytes, size_t len, size_t max)
{
    if (len > max - buffer->len) {
        return false;
    }
    if (buffer->len + len > buffer->room) {
        size_t room = buffer->room ? buffer->room : 1024;
        while (room < buffer->len + len) {
            room *= 2;
        }
        uint8_t *at = realloc(buffer->at, room);
        if (!at) {
            return false;
        }
        buffer->at = at;
        buffer->room = room;
    }
    memcpy(buffer->at + buffer->len, bytes, len);
    buffer->len += len;
    return true;
}

static void buffer_clear(struct buffer *buffer)
{
    free(buffer->at);
    *buffer = (struct buffer){0};
}

/* An idle client holds no memory. */
static void buffer_take(struct buffer *buffer, size_t len)
{
    buffer->len -= len;
    memmove(buffer->at, buffer->at + len, buffer->len);
    if (buffer->len == 0) {
        buffer_clear(buffer);
    }
}

static void client_free(struct client *client)
{
    buffer_clear(&client->in);
    buffer_clear(&client->out);
    free(client);
}

static void client_closed_cb(uv_handle_t *handle)
{
    client_free(handle->data);
}

static void client_remove(struct client *client)
{
    struct client **at = &client->local->clients;
    while (*at != client) {
        at = &(*at)->next;
    }
    *at = client->next;
    client->local->clients_count--;
    uv_close((uv_handle_t *)&client->poll, client_closed_cb);
    close(client->fd);
}

static void client_poll(struct client *client);

/* The peer is gone or has to go: the core hears of it, then it is removed. */
static void client_end(struct client *client)
{
    struct event event = {.kind = EVENT_HANGUP, .client = client->id};
    loop_feed(client->local->loop, &event);
    client_remove(client);
}

/* Sends what is queued. False if the client is gone. */
static bool client_flush(struct client *client)
{
    while (client->out.len > 0) {
        ssize_t sent =
            send(client->fd, client->out.at, client->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        buffer_take(&client->out, (size_t)sent);
    }
    return true;
}

/* A reply of our own. Number 0 to what isn't even a request. */
static void refuse(struct pack *pack, uint64_t number, enum err err, const char *what)
{
    pack_array(pack, 4);
    pack_uint(pack, 1);
    pack_uint(pack, number);
    pack_map(pack, 3);
    pack_str(pack, "code");
    pack_str(pack, err_code(err));
    pack_str(pack, "what");
    pack_str(pack, what);
    pack_str(pack, "detail");
    pack_str(pack, "");
    pack_nil(pack);
}

static uint64_t number_of(struct slice request)
{
    struct doc doc;
    const msgpack_object *items;
    uint32_t count;
    uint64_t number = 0;
    if (doc_open(&doc, request, PACK_LOCAL) == OK) {
        if (read_array(&doc.root, &items, &count) && count > 1) {
            read_uint(&items[1], &number);
        }
        doc_clear(&doc);
    }
    return number;
}

/* Answers, and ends once that is taken. */
static void client_refuse(struct client *client, uint64_t number, enum err err, const char *what)
{
    char room[256];
    struct pack pack;
    pack_init_room(&pack, room, sizeof room);
    refuse(&pack, number, err, what);
    struct slice bytes = pack_bytes(&pack);
    buffer_append(&client->out, bytes.at, bytes.len, CLIENT_QUEUE_BYTES_MAX);
    buffer_clear(&client->in);
    client->ending = true;
}

/* Feeds the whole requests that are there, so many a turn. */
static void client_feed(struct client *client)
{
    size_t done = 0, used;
    client->more = false;
    for (int n = 0; done < client->in.len && !client->ending; n++) {
        struct slice rest = slice_of(client->in.at + done, client->in.len - done);
        if (n == REQUESTS_A_TURN || client->out.len > READS_UNTIL_QUEUED) {
            client->more = true;
            break;
        }
        enum err err = pack_scan_first(rest, PACK_LOCAL, &used);
        if (err == ERR_TRUNCATED && rest.len < REQUEST_BYTES_MAX) {
            break;
        }
        if (err != OK) {
            client_refuse(client, 0, err == ERR_TRUNCATED ? ERR_TOO_LONG : err, "a request");
            return;
        }
        if (client->extra) {
            client_refuse(client, number_of(slice_of(rest.at, used)), ERR_BUSY, "");
            return;
        }
        struct event event = {.kind = EVENT_REQUEST,
                              .client = client->id,
                              .login = client->login,
                              .owner = client->owner,
                              .bytes = slice_of(rest.at, used)};
        loop_feed(client->local->loop, &event);
        done += used;
    }
    if (done > 0) {
        buffer_take(&client->in, done);
    }
}

/* False if the client is gone. */
static bool client_read(struct client *client)
{
    uint8_t bytes[16 * 1024];
    size_t room = REQUEST_BYTES_MAX - client->in.len;
    ssize_t got = recv(client->fd, bytes, room < sizeof bytes ? room : sizeof bytes, MSG_DONTWAIT);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (got == 0 || !buffer_append(&client->in, bytes, (size_t)got, REQUEST_BYTES_MAX)) {
        return false;
    }
    client_feed(client);
    return true;
}

static bool client_reads(const struct client *client)
{
    return !client->more && !client->ending && client->out.len <= READS_UNTIL_QUEUED;
}

static void client_cb(uv_poll_t *poll, int status, int events)
{
    struct client *client = poll->data;
    bool here = status == 0;
    if (here && events & UV_WRITABLE) {
        here = client_flush(client);
    }
    if (here && events & UV_READABLE && client_reads(client)) {
        here = client_read(client);
    } else if (events & UV_DISCONNECT) {
        here = false;
    }
    if (!here) {
        client_end(client);
    } else if (client->ending && client->out.len == 0) {
        client_end(client);
    } else {
        client_poll(client);
    }
}

static void client_poll(struct client *client)
{
    int events = UV_DISCONNECT;
    if (client_reads(client)) {
        events |= UV_READABLE;
    }
    if (client->out.len > 0) {
        events |= UV_WRITABLE;
    }
    if (events != client->watched) {
        client->watched = events;
        uv_poll_start(&client->poll, events, client_cb);
    }
}

bool local_turn(struct local *local)
{
    bool more = false;
    for (struct client *client = local->clients, *next; client; client = next) {
        next = client->next;
        if (!client->gone && client->more && client->out.len <= READS_UNTIL_QUEUED) {
            client_feed(client);
            more = more || client->more;
        }
        if (client->gone || (client->ending && client->out.len == 0)) {
            client_end(client);
        } else {
            client_poll(client);
        }
    }
    return more;
}

static struct client *client_find(struct local *local, client_id id)
{
    struct client *client = local->clients;
    while (client && client->id != id) {
        client = client->next;
    }
    return client;
}

void local_reply(struct local *local, client_id id, struct slice bytes)
{
    struct client *client = client_find(local, id);
    if (!client || client->gone || client->ending) {
        return;
    }
    if (!buffer_append(&client->out, bytes.at, bytes.len, CLIENT_QUEUE_BYTES_MAX)) {
        log_line(loop_log(local->loop), "a client doesn't read its answers: dropped");
        client->gone = true;
    } else if (!client_flush(client)) {
        client->gone = true;
    }
}

void local_hangup(struct local *local, client_id id)
{
    struct client *client = client_find(local, id);
    if (client) {
        client->ending = true;
    }
}

/* Says why in one send, so that a client that just asked doesn't only see the socket close. */
static void stranger_refuse(int fd)
{
    char room[256];
    struct pack pack;
    pack_init_room(&pack, room, sizeof room);
    refuse(&pack, 0, ERR_BUSY, "");
    struct slice bytes = pack_bytes(&pack);
    send(fd, bytes.at, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
}

static void client_add(struct local *local, int fd)
{
    struct client *client = NULL;
    if (local->clients_count < 2 * CLIENTS_MAX) {
        client = calloc(1, sizeof *client);
    }
    if (!client || uv_poll_init(loop_uv(local->loop), &client->poll, fd) != 0) {
        free(client);
        stranger_refuse(fd);
        return;
    }
    client->local = local;
    client->extra = local->clients_count >= CLIENTS_MAX;
    client->fd = fd;
    client->id = ++local->last_id;
    uint32_t uid;
    client->login = logins_meet(local->logins, fd, &uid);
    client->owner = uid == 0 || uid == getuid();
    client->poll.data = client;
    client->next = local->clients;
    local->clients = client;
    local->clients_count++;
    client_poll(client);
}

/* Who sits here is let in when strangers on the network have used up all descriptors: those between the soft limit and the
 * hard one are kept for that (main.c). Only for a moment, or libzmq's thread would give these away too. */
static void files_raise(struct rlimit *was)
{
    struct rlimit all;
    if (getrlimit(RLIMIT_NOFILE, was) == 0) {
        all = *was;
        all.rlim_cur = was->rlim_max;
        setrlimit(RLIMIT_NOFILE, &all);
    }
}

static void local_pause_cb(uv_timer_t *);

static void local_cb(uv_poll_t *poll, int status, int events)
{
    struct local *local = poll->data;
    struct rlimit was = {0};
    (void)status, (void)events;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        files_raise(&was);
        int fd = accept4(local->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        int error = errno;
        if (fd >= 0) {
            client_add(local, fd);
        }
        setrlimit(RLIMIT_NOFILE, &was);
        if (fd >= 0) {
            continue;
        }
        if (error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS) {
            uv_poll_stop(&local->poll); /* or who waits would wake us again and again */
            uv_timer_start(&local->pause, local_pause_cb, ACCEPT_PAUSE_MS, 0);
        }
        return;
    }
}

static void local_pause_cb(uv_timer_t *timer)
{
    struct local *local = timer->data;
    uv_poll_start(&local->poll, UV_READABLE, local_cb);
}

/* Takes the path away from a daemon that is dead; refuses if it is anything else. */
static bool path_clear(const struct sockaddr_un *name, struct why *why)
{
    struct stat st;
    if (lstat(name->sun_path, &st) != 0) {
        return true; /* bind says what is wrong, if anything */
    }
    if (!S_ISSOCK(st.st_mode)) {
        why_detail(why, "something else is there");
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        why_detail(why, "%s", strerror(errno));
        return false;
    }
    int got = connect(fd, (const struct sockaddr *)name, sizeof *name);
    int error = errno;
    close(fd);
    if (got == 0 || error == EAGAIN) {
        why_detail(why, "another jamd answers there");
        return false;
    }
    if (error != ECONNREFUSED && error != ENOENT) {
        why_detail(why, "%s", strerror(error));
        return false;
    }
    unlink(name->sun_path);
    return true;
}

static bool path_bind(struct local *local, struct why *why)
{
    struct stat st;
    local->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (local->fd < 0 ||
        bind(local->fd, (struct sockaddr *)&local->name, sizeof local->name) != 0) {
        why_detail(why, "%s", strerror(errno));
        return false;
    }
    /* pupils of other accounts may use it; who is who is found at each connection */
    if (stat(local->name.sun_path, &st) == 0) {
        local->dev = st.st_dev;
        local->ino = st.st_ino;
    }
    if (chmod(local->name.sun_path, 0666) != 0 || listen(local->fd, 128) != 0) {
        why_detail(why, "%s", strerror(errno));
        return false;
    }
    return true;
}

enum err local_open(struct loop *loop, const char *path, struct local **out, struct why *why)
{
    struct local *local = calloc(1, sizeof *local);
    *out = local;
    if (!local) {
        return ERR_NOMEM;
    }
    local->loop = loop;
    local->fd = -1;
    local->logins = logins_open(loop);
    local->name.sun_family = AF_UNIX;
    local->poll.data = local->pause.data = local;
    why_what(why, "%s", path);
    if (!local->logins) {
        return ERR_NOMEM;
    }
    if (strlen(path) == 0 || strlen(path) >= sizeof local->name.sun_path) {
        why_detail(why, "a path has 1 to %zu bytes", sizeof local->name.sun_path - 1);
        return ERR_SOCKET;
    }
    memcpy(local->name.sun_path, path, strlen(path) + 1);
    if (!path_clear(&local->name, why) || !path_bind(local, why)) {
        return ERR_SOCKET;
    }
    uv_timer_init(loop_uv(loop), &local->pause);
    if (uv_poll_init(loop_uv(loop), &local->poll, local->fd) != 0) {
        return ERR_NOMEM;
    }
    uv_poll_start(&local->poll, UV_READABLE, local_cb);
    return OK;
}

void local_close(struct local **out)
{
    struct local *local = *out;
    struct stat st;
    *out = NULL;
    if (!local) {
        return;
    }
    for (struct client *client = local->clients, *next; client; client = next) {
        next = client->next;
        close(client->fd);
        client_free(client);
    }
    logins_close(&local->logins);
    if (local->ino && stat(local->name.sun_path, &st) == 0 && st.st_ino == local->ino &&
        st.st_dev == local->dev) {
        unlink(local->name.sun_path);
    }
    if (local->fd >= 0) {
        close(local->fd);
    }
    free(local);
}
