/* A CURVE client by hand, so that every byte after the handshake is ours: ZMTP 3.1 as RFCs 23 and 26 of ZeroMQ tell it, over a
 * plain socket. libzmq itself would never send what this says inside a finished session. */
#include <stdio.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostile.h"

enum {
    KEYS = 44,      /* of devices that said HELLO: each has a ration of handshakes of its own */
    WAIT_MS = 3000, /* for an answer within the handshake */
    KEY = crypto_box_PUBLICKEYBYTES,
    MAC = crypto_box_MACBYTES,
    NONCE = crypto_box_NONCEBYTES,
    COMMAND = 4, /* flags of a frame */
    LONG = 2,
    GREETING = 64,
    HELLO = 200, /* the body of that command */
    WELCOME = 168,
    COOKIE = 96,
    BODY_MAX = 1200,
    SPEECH_MAX = 16 * 1024,
};

struct pair {
    uint8_t pk[KEY], sk[KEY];
};

/* One connection. */
struct session {
    struct rng *rng;
    int fd;
    struct pair device, mine; /* the lasting pair, and this session's */
    uint8_t server[KEY];      /* the server's for this session */
    uint64_t nonce;           /* of our next command */
};

static uint32_t draw(struct rng *rng, uint32_t below)
{
    uint32_t n;
    rng_fill(rng, &n, sizeof(n));
    return n % below;
}

/* ---- frames ----------------------------------------------------------------------------------------------------- */

struct speech {
    uint8_t b[SPEECH_MAX];
    size_t len;
};

static void add(struct speech *s, const void *bytes, size_t len)
{
    must(s->len + len <= sizeof(s->b), "room for what is said");
    memcpy(s->b + s->len, bytes, len);
    s->len += len;
}

static void add_frame(struct speech *s, uint8_t flags, const uint8_t *body, size_t len)
{
    uint8_t head[9] = {flags, (uint8_t)len};
    if (len > 255) {
        head[0] |= LONG;
        head[1] = 0;
        head[7] = (uint8_t)(len >> 8);
        head[8] = (uint8_t)len;
    }
    add(s, head, len > 255 ? 9 : 2);
    add(s, body, len);
}

static void nonce_of(uint8_t out[NONCE], const char *prefix, uint64_t n)
{
    memcpy(out, prefix, 16);
    for (int i = 0; i < 8; i++) {
        out[16 + i] = (uint8_t)(n >> (56 - 8 * i));
    }
}

/* ---- the handshake ---------------------------------------------------------------------------------------------- */

static bool put(int fd, const void *bytes, size_t len)
{
    return send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
}

/* Exactly so many bytes, or false. */
static bool get(int fd, uint8_t *bytes, size_t len)
{
    for (size_t got = 0; got < len;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n = poll(&p, 1, WAIT_MS) == 1 ? recv(fd, bytes + got, len - got, 0) : 0;
        if (n <= 0) {
            return false;
        }
        got += (size_t)n;
    }
    return true;
}

static bool say_greeting(struct session *s)
{
    static const uint8_t ours[GREETING] = {0xff, 0, 0, 0,   0,   0,   0,   0,  0,
                                           0x7f, 3, 1, 'C', 'U', 'R', 'V', 'E'};
    uint8_t theirs[GREETING];
    return put(s->fd, ours, sizeof(ours)) && get(s->fd, theirs, sizeof(theirs)) &&
           theirs[0] == 0xff && theirs[10] == 3;
}

static bool say_hello(struct session *s, const uint8_t class[KEY], uint8_t cookie[COOKIE])
{
    static const uint8_t zeros[64];
    struct speech out = {.len = 0};
    uint8_t body[HELLO] = "\x05HELLO\x01", got[2 + WELCOME], nonce[NONCE], plain[KEY + COOKIE];
    nonce_of(nonce, "CurveZMQHELLO---", s->nonce++);
    memcpy(body + 80, s->mine.pk, KEY);
    memcpy(body + 112, nonce + 16, 8);
    must(crypto_box_easy(body + 120, zeros, sizeof(zeros), nonce, class, s->mine.sk) == 0, "a box");
    add_frame(&out, COMMAND, body, sizeof(body));
    if (!put(s->fd, out.b, out.len) || !get(s->fd, got, sizeof(got)) ||
        memcmp(got + 2, "\x07WELCOME", 8) != 0) {
        return false;
    }
    memcpy(nonce, "WELCOME-", 8);
    memcpy(nonce + 8, got + 10, 16);
    if (crypto_box_open_easy(plain, got + 26, sizeof(plain) + MAC, nonce, class, s->mine.sk) != 0) {
        return false;
    }
    memcpy(s->server, plain, KEY);
    memcpy(cookie, plain + KEY, COOKIE);
    return true;
}

/* Metadata as a PUSH socket tells it; one time in four something else, which the server reads before it lets anybody in. */
static size_t metadata(struct rng *rng, uint8_t out[256])
{
    static const uint8_t right[] = "\x0bSocket-Type\0\0\0\4PUSH\x08Identity\0\0\0";
    size_t len = sizeof(right);
    memcpy(out, right, len);
    if (draw(rng, 4) != 0) {
        return len;
    }
    if (draw(rng, 2)) {
        len = draw(rng, 256);
        rng_fill(rng, out, len);
    }
    for (uint32_t i = draw(rng, 4); i > 0 && len > 0; i--) {
        out[draw(rng, (uint32_t)len)] = (uint8_t)draw(rng, 256);
    }
    return draw(rng, 4) ? len : draw(rng, (uint32_t)len + 1);
}

static bool say_initiate(struct session *s, const uint8_t class[KEY], const uint8_t cookie[COOKIE])
{
    struct speech out = {.len = 0};
    uint8_t body[BODY_MAX] = "\x08INITIATE", plain[KEY + 16 + 2 * KEY + MAC + 256], vouch[2 * KEY];
    uint8_t nonce[NONCE] = "VOUCH---", head[2];
    memcpy(vouch, s->mine.pk, KEY);
    memcpy(vouch + KEY, class, KEY);
    rng_fill(s->rng, nonce + 8, 16);
    memcpy(plain, s->device.pk, KEY);
    memcpy(plain + KEY, nonce + 8, 16);
    must(crypto_box_easy(plain + KEY + 16, vouch, sizeof(vouch), nonce, s->server, s->device.sk) ==
             0,
         "a vouch");
    size_t len = KEY + 16 + 2 * KEY + MAC;
    len += metadata(s->rng, plain + len);
    memcpy(body + 9, cookie, COOKIE);
    nonce_of(nonce, "CurveZMQINITIATE", s->nonce++);
    memcpy(body + 9 + COOKIE, nonce + 16, 8);
    must(crypto_box_easy(body + 17 + COOKIE, plain, len, nonce, s->server, s->mine.sk) == 0,
         "a box");
    add_frame(&out, COMMAND, body, 17 + COOKIE + MAC + len);
    uint8_t ready[256];
    return put(s->fd, out.b, out.len) && get(s->fd, head, sizeof(head)) && !(head[0] & LONG) &&
           get(s->fd, ready, head[1]) && memcmp(ready, "\x05READY", 6) == 0;
}

/* Is the session finished: has the server said READY? */
static bool shake_hands(struct session *s, const struct target *t, const uint8_t class[KEY])
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(t->port)};
    uint8_t cookie[COOKIE];
    must(inet_pton(AF_INET, t->host, &a.sin_addr) == 1, "an IPv4 address");
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    must(s->fd >= 0, "no socket");
    s->nonce = 1;
    rng_fill(s->rng, s->mine.sk, KEY);
    crypto_scalarmult_base(s->mine.pk, s->mine.sk);
    return connect(s->fd, (struct sockaddr *)&a, sizeof(a)) == 0 && say_greeting(s) &&
           say_hello(s, class, cookie) && say_initiate(s, class, cookie);
}

/* ---- garbage ---------------------------------------------------------------------------------------------------- */

static const struct {
    uint8_t len;
    const char *name;
} commands[] = {{4, "PING"},  {4, "PONG"},  {9, "SUBSCRIBE"}, {6, "CANCEL"},   {5, "READY"},
                {5, "ERROR"}, {5, "HELLO"}, {7, "WELCOME"},   {8, "INITIATE"}, {7, "MESSAGE"},
                {4, "JOIN"},  {5, "LEAVE"}, {0, ""}};

/* A command by name, its length true most of the time, and noise behind it. */
static size_t command(struct rng *rng, uint8_t *out)
{
    uint32_t which = draw(rng, sizeof(commands) / sizeof(commands[0]));
    size_t len = 1 + commands[which].len;
    size_t noise = draw(rng, draw(rng, 4) ? 24 : 400);
    out[0] = (uint8_t)(draw(rng, 8) ? commands[which].len : draw(rng, 256));
    memcpy(out + 1, commands[which].name, commands[which].len);
    rng_fill(rng, out + len, noise);
    return len + noise;
}

/* What is sealed: a command, or now and then a message that lives at a machine's application. */
static size_t secret(struct hostile *h, uint8_t *out)
{
    struct fingerprint print = {{9}};
    if (draw(&h->rng, 8)) {
        out[0] = (uint8_t)(draw(&h->rng, 8) ? 2 : draw(&h->rng, 256) | 2);
        return 1 + command(&h->rng, out + 1);
    }
    pack_reset(&h->pack);
    pack_beat(&h->pack, &print, 0);
    out[0] = 0;
    memcpy(out + 1, pack_bytes(&h->pack).at, pack_bytes(&h->pack).len);
    return draw(&h->rng, 16) ? 1 + pack_bytes(&h->pack).len : 0;
}

static void add_sealed(struct hostile *h, struct session *s, struct speech *out)
{
    uint8_t plain[BODY_MAX - 64], body[BODY_MAX] = "\x07MESSAGE", nonce[NONCE];
    size_t len = secret(h, plain);
    nonce_of(nonce, "CurveZMQMESSAGEC", s->nonce++);
    memcpy(body + 8, nonce + 16, 8);
    must(crypto_box_easy(body + 16, plain, len, nonce, s->server, s->mine.sk) == 0, "a box");
    len += 16 + MAC;
    if (draw(s->rng, 12) == 0) {
        body[draw(s->rng, (uint32_t)len)] ^= 1;
    }
    if (draw(s->rng, 12) == 0) {
        len = draw(s->rng, (uint32_t)len);
    }
    if (draw(s->rng, 12) == 0) {
        s->nonce -= draw(s->rng, 3); /* used already */
    }
    add_frame(out, draw(s->rng, 8) ? 0 : (uint8_t)(draw(s->rng, 256) & ~LONG), body, len);
}

static void add_garbage(struct hostile *h, struct session *s, struct speech *out)
{
    uint8_t body[BODY_MAX];
    size_t before = out->len, len;
    switch (draw(s->rng, 6)) {
    case 0: /* a command in the open, of any stage */
        len = command(s->rng, body);
        add_frame(out, COMMAND, body, len);
        break;
    case 1:
        len = draw(s->rng, 64);
        rng_fill(s->rng, body, len);
        add(out, body, len);
        break;
    default:
        add_sealed(h, s, out);
    }
    if (draw(s->rng, 10) == 0 && out->len > before) {
        out->b[before + draw(s->rng, (uint32_t)(out->len - before < 9 ? out->len - before : 9))] =
            (uint8_t)draw(s->rng, 256); /* flags and length of the frame */
    }
}

/* ---- the attack -------------------------------------------------------------------------------------------------- */

/* Devices that are known at all targets, so that their handshakes aren't those of strangers. */
static void make_known(struct hostile *h, struct pair pairs[KEYS])
{
    for (uint64_t i = 0; i < KEYS; i++) {
        struct link_key sk;
        struct link_pk pk;
        hostile_become(h, i + 1);
        hostile_join(h);
        link_key_of(&h->device, &sk);
        must(link_public_of(&h->id, &pk), "a device key");
        memcpy(pairs[i].sk, sk.b, KEY);
        memcpy(pairs[i].pk, pk.b, KEY);
    }
}

static void attack_zmtp_garbage(struct hostile *h)
{
    static struct pair pairs[KEYS];
    static struct speech out;
    uint32_t want = h->options->count ? h->options->count : 10000, finished = 0, frames = 0;
    make_known(h, pairs);
    for (uint32_t i = 0, failed = 0; finished < want; i++) {
        const struct target *t = &h->options->targets[i % h->options->targets_count];
        struct session s = {.rng = &h->rng, .device = pairs[i / h->options->targets_count % KEYS]};
        if (shake_hands(&s, t, h->class_link.b)) {
            out.len = 0;
            for (uint32_t k = 1 + draw(&h->rng, 8); k > 0; k--, frames++) {
                add_garbage(h, &s, &out);
            }
            put(s.fd, out.b, out.len);
            finished++;
            failed = 0;
        } else if (++failed % KEYS == 0) {
            must(failed < 200 * KEYS, "no handshake succeeds any more");
            poll(NULL, 0, 100); /* all rations are used up */
        }
        close(s.fd);
    }
    printf("conversations %u\nframes %u\n", finished, frames);
}

/* Strangers without end, each with a key of its own, as fast as some processes can: all that a machine lets in of them. */
static void attack_strangers(struct hostile *h)
{
    uint32_t processes = h->options->count ? h->options->count : 4;
    uint8_t seed[32];
    hostile_join(h);
    printf("under way\n");
    fflush(stdout);
    for (uint32_t i = 1; i < processes && fork() != 0; i++) {
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* of a child: with its parent */
    randombytes_buf(seed, sizeof(seed));
    rng_seed(&h->rng, seed);
    for (uint32_t i = 0;; i++) {
        struct session s = {.rng = &h->rng};
        rng_fill(&h->rng, s.device.sk, KEY);
        crypto_scalarmult_base(s.device.pk, s.device.sk);
        shake_hands(&s, &h->options->targets[i % h->options->targets_count], h->class_link.b);
        close(s.fd);
    }
}

const struct attack curve_attacks[] = {
    {"strangers", true, attack_strangers},
    {"zmtp-garbage", true, attack_zmtp_garbage},
    {NULL, false, NULL},
};
