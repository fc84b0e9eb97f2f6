/* Attacks of somebody on the LAN who hasn't the class's words: silence, half greetings, huge frames, other people's beacons. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostile.h"
#include "knock.h"

/* ZMTP 3.1, mechanism CURVE, as a client. */
static const uint8_t greeting[64] = {[0] = 0xff, [9] = 0x7f, [10] = 3,   [11] = 1,  [12] = 'C',
                                     [13] = 'U', [14] = 'R', [15] = 'V', [16] = 'E'};

static struct sockaddr_in address_of(const struct target *t, uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    must(inet_pton(AF_INET, t->host, &a.sin_addr) == 1, "an IPv4 address");
    return a;
}

/* A connection that doesn't wait; -1 if there are none left. */
static int dial(const struct target *t)
{
    struct sockaddr_in a = address_of(t, t->port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        (void)connect(fd, (struct sockaddr *)&a, sizeof(a));
    }
    return fd;
}

/* Is it still there? Reads and forgets what it says. */
static bool lives(int fd)
{
    char got[256];
    for (;;) {
        ssize_t n = recv(fd, got, sizeof(got), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != ENOTCONN)) {
            return false;
        }
        if (n < 0) {
            return true;
        }
    }
}

/* So many connections at once, every second silent, every other with a greeting and no more; those that are cut are opened
 * again. */
static void attack_half_open(struct hostile *h)
{
    uint32_t count = h->options->count ? h->options->count : 1000;
    int *fds = calloc(count, sizeof(*fds));
    must(fds != NULL, "no memory");
    for (uint32_t i = 0; i < count; i++) {
        fds[i] = -1;
    }
    for (uint32_t turn = 0;; turn++) {
        for (uint32_t i = 0; i < count; i++) {
            if (fds[i] >= 0 && lives(fds[i])) {
                continue;
            }
            if (fds[i] >= 0) {
                close(fds[i]);
            }
            fds[i] = dial(&h->options->targets[0]);
            struct pollfd p = {.fd = fds[i], .events = POLLOUT};
            if (i % 2 && poll(&p, 1, 20) == 1) {
                (void)!send(fds[i], greeting, sizeof(greeting), MSG_NOSIGNAL);
            }
        }
        if (turn == 1) {
            printf("under way\n");
            fflush(stdout);
        }
        poll(NULL, 0, 200);
    }
}

/* A gigabyte is announced before anybody knows who we are, and a megabyte of it sent. */
static void attack_huge_frame(struct hostile *h)
{
    static uint8_t more[64 * 1024];
    static const uint8_t frames[][9] = {{6, 0, 0, 0, 0, 0x40}, /* a command of 1 GiB */
                                        {2, 0, 0, 0, 0, 0x40}, /* a message */
                                        {6, 0x7f, 255, 255, 255, 255, 255, 255, 255},
                                        {2, 255, 255, 255, 255, 255, 255, 255, 255},
                                        {4, 5, 'H', 'E', 'L', 'L', 'O', 0, 0}};
    uint32_t count = h->options->count ? h->options->count : 200, cut = 0;
    int *fds = calloc(count, sizeof(*fds));
    must(fds != NULL, "no memory");
    for (uint32_t i = 0; i < count; i++) {
        fds[i] = dial(&h->options->targets[0]);
        struct pollfd p = {.fd = fds[i], .events = POLLOUT};
        must(fds[i] >= 0 && poll(&p, 1, 5000) == 1, "no connection");
        (void)!send(fds[i], greeting, sizeof(greeting), MSG_NOSIGNAL);
        (void)!send(fds[i], frames[i % 5], 9, MSG_NOSIGNAL);
        for (int k = 0; k < 16; k++) {
            (void)!send(fds[i], more, sizeof(more), MSG_NOSIGNAL | MSG_DONTWAIT);
        }
    }
    for (int64_t end = now_ms() + 8000; cut < count && now_ms() < end;) {
        cut = 0;
        poll(NULL, 0, 100);
        for (uint32_t i = 0; i < count; i++) {
            cut += !lives(fds[i]);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        close(fds[i]);
    }
    free(fds);
    printf("cut %u of %u\n", cut, count);
}

/* ---- beacons ---- */

static int beacon_socket(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(7733)};
    int on = 1, fd = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
    must(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0, "port 7733");
    return fd;
}

static void send_to_all(struct hostile *h, int fd, const uint8_t *bytes, size_t len)
{
    for (uint32_t i = 0; i < h->options->targets_count; i++) {
        struct sockaddr_in a = address_of(&h->options->targets[i], 7733);
        (void)!sendto(fd, bytes, len, 0, (struct sockaddr *)&a, sizeof(a));
    }
}

/* Listens for beacons of the room, and sends each again a hundred times: from another address, at another time. */
static void attack_replay_beacons(struct hostile *h)
{
    uint8_t kept[64][BEACON_BYTES];
    uint32_t count = 0, want = h->options->count ? h->options->count : 3;
    int fd = beacon_socket();
    for (int64_t end = now_ms() + 45000; count < want && now_ms() < end;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 200) == 1 && recv(fd, kept[count], BEACON_BYTES, 0) == BEACON_BYTES &&
            count < 63) {
            count++;
        }
    }
    must(count > 0, "no beacon was heard");
    for (int turn = 0; turn < 100; turn++) {
        for (uint32_t i = 0; i < count; i++) {
            send_to_all(h, fd, kept[i], BEACON_BYTES);
        }
        poll(NULL, 0, 20);
    }
    close(fd);
    printf("beacons %u\n", count);
}

/* Sealed with the key of a class of our own, and one byte of a heard one turned. */
static void attack_forged_beacons(struct hostile *h)
{
    struct seal_key key;
    uint8_t sealed[BEACON_BYTES];
    int fd = beacon_socket();
    rng_fill(&h->rng, &key, sizeof(key));
    for (int i = 0; i < 1000; i++) {
        struct beacon beacon = {.flags = i % 2 ? BEACON_LEAVE : BEACON_ANSWER,
                                .device = h->id,
                                .run = 1,
                                .port = 7740,
                                .path = PATH_UNICAST};
        beacon_seal(&key, &h->rng, &beacon, sealed);
        send_to_all(h, fd, sealed, sizeof(sealed));
    }
    close(fd);
    printf("forged 1000\n");
}

/* As many datagrams as this machine can send. */
static void attack_flood_beacons(struct hostile *h)
{
    uint8_t noise[256][BEACON_BYTES];
    int fd = beacon_socket();
    rng_fill(&h->rng, noise, sizeof(noise));
    printf("under way\n");
    fflush(stdout);
    for (uint32_t i = 0;; i++) {
        send_to_all(h, fd, noise[i % 256], BEACON_BYTES);
        if (h->options->count && i % (h->options->count / 100 + 1) == 0) {
            poll(NULL, 0, 10);
        }
    }
}

/* Knocks, each of a machine that nobody has heard of. */
static void attack_flood_knocks(struct hostile *h)
{
    int fd = beacon_socket();
    printf("under way\n");
    fflush(stdout);
    for (;;) {
        struct knock knock = {.host = "hostile"};
        uint8_t bytes[KNOCK_BYTES];
        rng_fill(&h->rng, &knock.device, sizeof(knock.device));
        rng_fill(&h->rng, &knock.hardware, sizeof(knock.hardware));
        knock_write(&knock, bytes);
        send_to_all(h, fd, bytes, sizeof(bytes));
    }
}

const struct attack outsider_attacks[] = {
    {"half-open", false, attack_half_open},
    {"huge-frame", false, attack_huge_frame},
    {"replay-beacons", false, attack_replay_beacons},
    {"forged-beacons", false, attack_forged_beacons},
    {"flood-beacons", false, attack_flood_beacons},
    {"flood-knocks", false, attack_flood_knocks},
    {NULL, false, NULL},
};
