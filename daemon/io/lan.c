/* Interfaces; and beacons, knocks and offers by broadcast, by IPv4 and IPv6 multicast, and by unicast for answers. */
#include "lan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "beacon.h"
#include "clock.h"

enum {
    IFACES_MAX = 16,
    ADDRESSES_MAX = 4, /* IPv4 addresses of one interface */
    EARS = 4,
    TAKE = 64,               /* datagrams of one call of the kernel */
    TAKES_A_TURN = 8,        /* such calls for one socket */
    FLOOD_PAUSE_MS = 4,      /* short enough that the kernel keeps what comes meanwhile */
    SOURCE_PER_S_MAX = 2000, /* of one source that are handed on */
    SOURCES = 256,
    SETTLE_MS = 100, /* changes of interfaces come in bursts */
};

/* Both groups are scoped to the site or link, and carry the port in their last bytes. */
static const char group4_text[] = "239.255.77.33";
static const char group6_text[] = "ff02::7733";

struct iface {
    char name[IF_NAMESIZE];
    uint32_t index;
    uint32_t flags;
    bool v6; /* has a link-local IPv6 address that is ready for use */
    uint32_t v4_count;
    struct {
        struct in_addr own, broadcast;
    } v4[ADDRESSES_MAX];
};

/* A datagram socket. The shared ones hear what is sent to everybody; the others send, and hear answers. */
struct ear {
    struct lan *lan;
    uv_poll_t poll;
    uv_timer_t pause;
    int fd;
    int family;
    bool shared;
};

struct lan {
    struct loop *loop;
    const struct options *options;
    struct ear ears[EARS];
    int netlink;
    uv_poll_t netlink_poll;
    uv_timer_t settle;
    struct iface ifaces[IFACES_MAX];
    uint32_t ifaces_count;
    int64_t second; /* that `heard` counts */
    uint64_t salt;
    uint16_t heard[SOURCES];
};

/* ---- interfaces ---- */

static bool is_named(const struct options *options, const char *name)
{
    for (uint32_t i = 0; i < options->interfaces_count; i++) {
        if (strcmp(options->interfaces[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Interfaces that work and reach neighbours. `loopback`: lo counts too. */
static bool is_usable(const struct options *options, const struct ifaddrs *at, bool loopback)
{
    uint32_t needs = IFF_UP | IFF_RUNNING;
    if (!at->ifa_addr || (at->ifa_flags & needs) != needs) {
        return false;
    }
    if (options->interfaces_count > 0) {
        return is_named(options, at->ifa_name);
    }
    return at->ifa_flags & IFF_LOOPBACK ? loopback
                                        : at->ifa_flags & (IFF_BROADCAST | IFF_MULTICAST);
}

static struct iface *iface_entry(struct iface *ifaces, uint32_t *count, const struct ifaddrs *at)
{
    uint32_t i = 0;
    while (i < *count && strcmp(ifaces[i].name, at->ifa_name) != 0) {
        i++;
    }
    if (i == IFACES_MAX || strlen(at->ifa_name) >= sizeof ifaces[i].name) {
        return NULL;
    }
    if (i == *count) {
        ifaces[i].index = if_nametoindex(at->ifa_name);
        ifaces[i].flags = at->ifa_flags & (IFF_BROADCAST | IFF_MULTICAST | IFF_LOOPBACK);
        memcpy(ifaces[i].name, at->ifa_name, strlen(at->ifa_name));
        (*count)++;
    }
    return &ifaces[i];
}

static void iface_address(struct iface *iface, const struct ifaddrs *at)
{
    if (at->ifa_addr->sa_family == AF_INET && iface->v4_count < ADDRESSES_MAX) {
        struct in_addr own = ((struct sockaddr_in *)at->ifa_addr)->sin_addr;
        struct in_addr mask = {0xffffffff};
        if (at->ifa_netmask) {
            mask = ((struct sockaddr_in *)at->ifa_netmask)->sin_addr;
        }
        iface->v4[iface->v4_count].own = own;
        iface->v4[iface->v4_count++].broadcast.s_addr = own.s_addr | ~mask.s_addr;
    }
}

/* An IPv6 address can't be used for its first seconds, while the kernel looks whether anybody else has it. getifaddrs
 * doesn't tell; this file does. */
static void ifaces_v6(struct iface *ifaces, uint32_t count)
{
    enum { LINK_LOCAL = 0x20, TENTATIVE = 0x40, DUPLICATE = 0x08 };
    char line[160];
    FILE *file = fopen("/proc/self/net/if_inet6", "re");
    while (file && fgets(line, sizeof line, file)) {
        unsigned index, scope, flags;
        if (sscanf(line, "%*s %x %*x %x %x", &index, &scope, &flags) != 3 || scope != LINK_LOCAL ||
            flags & (TENTATIVE | DUPLICATE)) {
            continue;
        }
        for (uint32_t i = 0; i < count; i++) {
            ifaces[i].v6 = ifaces[i].v6 || ifaces[i].index == index;
        }
    }
    if (file) {
        fclose(file);
    }
}

static uint32_t ifaces_list(const struct options *options, const struct ifaddrs *all, bool loopback,
                            struct iface ifaces[IFACES_MAX])
{
    uint32_t count = 0;
    memset(ifaces, 0, IFACES_MAX * sizeof *ifaces);
    for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
        if (!is_usable(options, at, loopback) ||
            (at->ifa_addr->sa_family != AF_INET && at->ifa_addr->sa_family != AF_INET6)) {
            continue;
        }
        struct iface *iface = iface_entry(ifaces, &count, at);
        if (iface) {
            iface_address(iface, at);
        }
    }
    ifaces_v6(ifaces, count);
    return count;
}

/* Reads the interfaces anew. Loopback counts where there is nothing else: daemons of one machine can still meet. True
 * if something changed. */
static bool lan_scan(struct lan *lan)
{
    struct iface ifaces[IFACES_MAX];
    struct ifaddrs *all;
    if (getifaddrs(&all) != 0) {
        return false;
    }
    uint32_t count = ifaces_list(lan->options, all, false, ifaces);
    if (count == 0) {
        count = ifaces_list(lan->options, all, true, ifaces);
    }
    freeifaddrs(all);
    bool changed =
        count != lan->ifaces_count || memcmp(ifaces, lan->ifaces, count * sizeof *ifaces) != 0;
    memcpy(lan->ifaces, ifaces, sizeof ifaces);
    lan->ifaces_count = count;
    return changed;
}

/* Loopback does IPv4 multicast though it doesn't say so; IPv6 has no route for it there. */
static bool can_multicast4(const struct iface *iface)
{
    return iface->v4_count > 0 && iface->flags & (IFF_MULTICAST | IFF_LOOPBACK);
}

static bool can_multicast6(const struct iface *iface)
{
    return iface->v6 && iface->flags & IFF_MULTICAST;
}

/* Joins both groups on every interface; what is joined already stays so. */
static void lan_join(struct lan *lan)
{
    struct ip_mreqn group4 = {0};
    struct ipv6_mreq group6 = {0};
    inet_pton(AF_INET, group4_text, &group4.imr_multiaddr);
    inet_pton(AF_INET6, group6_text, &group6.ipv6mr_multiaddr);
    for (uint32_t i = 0; i < lan->ifaces_count; i++) {
        const struct iface *iface = &lan->ifaces[i];
        group4.imr_ifindex = (int)iface->index;
        group6.ipv6mr_interface = iface->index;
        for (int e = 0; e < EARS; e++) {
            struct ear *ear = &lan->ears[e];
            if (ear->fd < 0 || !ear->shared) {
                continue;
            }
            int failed = 0;
            if (ear->family == AF_INET && can_multicast4(iface)) {
                failed = setsockopt(ear->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group4, sizeof group4);
            } else if (ear->family == AF_INET6 && can_multicast6(iface)) {
                failed = setsockopt(ear->fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group6, sizeof group6);
            }
            if (failed && errno != EADDRINUSE) {
                log_line(loop_log(lan->loop), "no multicast on %s: %s", iface->name,
                         strerror(errno));
            }
        }
    }
}

static void lan_settle_cb(uv_timer_t *timer)
{
    struct lan *lan = timer->data;
    if (lan_scan(lan)) {
        lan_join(lan);
        struct event event = {.kind = EVENT_NETWORK};
        loop_feed(lan->loop, &event);
    }
}

/* The kernel says that something changed. What, is read when it is quiet again. If so much did that it has no room for it, that
 * is an error of the socket, for which libuv stops to look at it. */
static void netlink_cb(uv_poll_t *poll, int status, int events)
{
    struct lan *lan = poll->data;
    char bytes[8192];
    (void)events;
    for (int i = 0; i < TAKE; i++) {
        if (recv(lan->netlink, bytes, sizeof bytes, MSG_DONTWAIT) < 0 && errno != ENOBUFS) {
            break;
        }
    }
    if (status < 0) {
        uv_poll_start(poll, UV_READABLE, netlink_cb);
    }
    if (!uv_is_active((uv_handle_t *)&lan->settle)) {
        uv_timer_start(&lan->settle, lan_settle_cb, SETTLE_MS, 0);
    }
}

static void netlink_open(struct lan *lan)
{
    struct sockaddr_nl name = {.nl_family = AF_NETLINK,
                               .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
    lan->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (lan->netlink < 0 || bind(lan->netlink, (struct sockaddr *)&name, sizeof name) != 0 ||
        uv_poll_init(loop_uv(lan->loop), &lan->netlink_poll, lan->netlink) != 0) {
        log_line(loop_log(lan->loop), "changes of the network won't be noticed: %s",
                 strerror(errno));
        return;
    }
    lan->netlink_poll.data = lan;
    uv_poll_start(&lan->netlink_poll, UV_READABLE, netlink_cb);
}

/* ---- hearing ---- */

/* A bounded count for each source. Which sources share one is nobody's to choose. */
static bool lan_may_hear(struct lan *lan, const struct address *from)
{
    int64_t second = clock_now().mono.ms / 1000;
    if (second != lan->second) {
        memset(lan->heard, 0, sizeof lan->heard);
        lan->second = second;
    }
    uint64_t mixed = lan->salt;
    for (int i = 0; i < 16; i++) {
        mixed = (mixed ^ from->ip[i]) * 0x100000001b3u;
        mixed ^= mixed >> 29;
    }
    uint16_t *heard = &lan->heard[mixed % SOURCES];
    if (*heard >= SOURCE_PER_S_MAX) {
        return false;
    }
    (*heard)++;
    return true;
}

static uint32_t datagram_index(struct msghdr *header)
{
    for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at; at = CMSG_NXTHDR(header, at)) {
        if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(at), sizeof info);
            return (uint32_t)info.ipi_ifindex;
        }
        if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(at), sizeof info);
            return info.ipi6_ifindex;
        }
    }
    return 0;
}

static const char *iface_name(const struct lan *lan, uint32_t index)
{
    for (uint32_t i = 0; i < lan->ifaces_count; i++) {
        if (lan->ifaces[i].index == index) {
            return lan->ifaces[i].name;
        }
    }
    return NULL;
}

/* False if this source says too much. */
static bool ear_hear(struct ear *ear, struct msghdr *header, struct slice bytes)
{
    struct lan *lan = ear->lan;
    struct event event = {.kind = EVENT_DATAGRAM, .bytes = bytes};
    if (!address_of(header->msg_name, &event.from) || !lan_may_hear(lan, &event.from)) {
        return false;
    }
    const char *name = iface_name(lan, datagram_index(header));
    bool ours = name || !ear->shared; /* an interface that isn't ours to use says nothing */
    bool fits = bytes.len == BEACON_BYTES || bytes.len == KNOCK_BYTES || bytes.len == OFFER_BYTES;
    if (ours && fits) {
        snprintf(event.iface, sizeof event.iface, "%s", name ? name : "");
        loop_feed(lan->loop, &event);
    }
    return true;
}

/* One call's worth of datagrams. *more: there may be others. False if some source says too much. */
static bool ear_take(struct ear *ear, bool *more)
{
    uint8_t bytes[TAKE][DATAGRAM_BYTES_MAX + 1];
    uint64_t control[TAKE][8];
    struct sockaddr_storage from[TAKE];
    struct iovec parts[TAKE];
    struct mmsghdr messages[TAKE];
    bool calm = true;
    for (int i = 0; i < TAKE; i++) {
        parts[i] = (struct iovec){bytes[i], sizeof bytes[i]};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &from[i],
                                                   .msg_namelen = sizeof from[i],
                                                   .msg_iov = &parts[i],
                                                   .msg_iovlen = 1,
                                                   .msg_control = control[i],
                                                   .msg_controllen = sizeof control[i]}};
    }
    int got = recvmmsg(ear->fd, messages, TAKE, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++) {
        struct slice datagram = slice_of(bytes[i], messages[i].msg_len);
        calm = ear_hear(ear, &messages[i].msg_hdr, datagram) && calm;
    }
    *more = got == TAKE;
    return calm;
}

static void ear_cb(uv_poll_t *poll, int status, int events);

static void ear_pause_cb(uv_timer_t *timer)
{
    struct ear *ear = timer->data;
    uv_poll_start(&ear->poll, UV_READABLE, ear_cb);
}

/* In a flood we look now and then, and take many at once: being woken for each would cost more than the datagrams. */
static void ear_cb(uv_poll_t *poll, int status, int events)
{
    struct ear *ear = poll->data;
    bool calm = true, more = true;
    (void)events;
    for (int i = 0; i < TAKES_A_TURN && more; i++) {
        calm = ear_take(ear, &more) && calm;
    }
    if (!calm) {
        uv_poll_stop(poll);
        uv_timer_start(&ear->pause, ear_pause_cb, FLOOD_PAUSE_MS, 0);
    } else if (status < 0) {
        uv_poll_start(poll, UV_READABLE, ear_cb); /* as with netlink */
    }
}

/* ---- sockets ---- */

static int ear_socket4(bool shared)
{
    int on = 1, ttl = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(shared ? JAM_PORT : 0)};
    if (fd < 0) {
        return -1;
    }
    /* every daemon of this machine hears what is sent to all, whoever runs it */
    if ((shared && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)) ||
        setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) ||
        setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl) ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &on, sizeof on) ||
        bind(fd, (struct sockaddr *)&name, sizeof name)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int ear_socket6(bool shared)
{
    int on = 1, hops = 1, fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(shared ? JAM_PORT : 0)};
    if (fd < 0) {
        return -1;
    }
    if ((shared && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)) ||
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) ||
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) ||
        setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) ||
        setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &on, sizeof on) ||
        bind(fd, (struct sockaddr *)&name, sizeof name)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void ear_open(struct lan *lan, struct ear *ear, int family, bool shared)
{
    ear->family = family;
    ear->shared = shared;
    ear->fd = family == AF_INET ? ear_socket4(shared) : ear_socket6(shared);
    if (ear->fd < 0) {
        log_line(loop_log(lan->loop), "no beacons over %s%s: %s",
                 family == AF_INET ? "IPv4" : "IPv6", shared ? " come in" : "", strerror(errno));
        return;
    }
    if (uv_poll_init(loop_uv(lan->loop), &ear->poll, ear->fd) == 0) {
        uv_timer_init(loop_uv(lan->loop), &ear->pause);
        ear->poll.data = ear->pause.data = ear;
        uv_poll_start(&ear->poll, UV_READABLE, ear_cb);
    }
}

enum err lan_open(struct loop *loop, const struct options *options, struct lan **out)
{
    struct lan *lan = calloc(1, sizeof *lan);
    *out = lan;
    if (!lan) {
        return ERR_NOMEM;
    }
    lan->loop = loop;
    lan->options = options;
    clock_random(&lan->salt, sizeof lan->salt);
    uv_timer_init(loop_uv(loop), &lan->settle);
    lan->settle.data = lan;
    for (int i = 0; i < EARS; i++) {
        lan->ears[i].lan = lan;
        lan->ears[i].fd = -1;
    }
    netlink_open(lan);
    lan_scan(lan);
    if (options->beacon) {
        ear_open(lan, &lan->ears[0], AF_INET, false);
        ear_open(lan, &lan->ears[1], AF_INET6, false);
        ear_open(lan, &lan->ears[2], AF_INET, true);
        ear_open(lan, &lan->ears[3], AF_INET6, true);
        lan_join(lan);
    }
    return OK;
}

/* ---- sending ---- */

/* Out of one interface, whatever the routes say: a machine may have no default route at all. */
static void send4(const struct lan *lan, const struct iface *iface, struct in_addr own,
                  struct in_addr to, struct slice bytes)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(JAM_PORT), .sin_addr = to};
    struct in_pktinfo info = {.ipi_ifindex = (int)iface->index, .ipi_spec_dst = own};
    uint64_t control[CMSG_SPACE(sizeof info) / 8 + 1] = {0};
    struct iovec part = {(void *)(uintptr_t)bytes.at, bytes.len};
    struct msghdr header = {.msg_name = &name,
                            .msg_namelen = sizeof name,
                            .msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = CMSG_SPACE(sizeof info)};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
    cmsg->cmsg_level = IPPROTO_IP;
    cmsg->cmsg_type = IP_PKTINFO;
    cmsg->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(cmsg), &info, sizeof info);
    if (sendmsg(lan->ears[0].fd, &header, MSG_DONTWAIT) < 0 && errno != EAGAIN) {
        log_line(loop_log(lan->loop), "a beacon can't leave by %s: %s", iface->name,
                 strerror(errno));
    }
}

static void send6(const struct lan *lan, const struct iface *iface, struct slice bytes)
{
    struct sockaddr_in6 name = {
        .sin6_family = AF_INET6, .sin6_port = htons(JAM_PORT), .sin6_scope_id = iface->index};
    inet_pton(AF_INET6, group6_text, &name.sin6_addr);
    if (sendto(lan->ears[1].fd, bytes.at, bytes.len, MSG_DONTWAIT, (struct sockaddr *)&name,
               sizeof name) < 0 &&
        errno != EAGAIN) {
        log_line(loop_log(lan->loop), "a beacon can't leave by %s over IPv6: %s", iface->name,
                 strerror(errno));
    }
}

static void iface_send(const struct lan *lan, const struct iface *iface, uint32_t paths,
                       struct slice bytes)
{
    struct in_addr group;
    inet_pton(AF_INET, group4_text, &group);
    for (uint32_t i = 0; i < iface->v4_count && lan->ears[0].fd >= 0; i++) {
        if (paths & PATH_BROADCAST && iface->flags & (IFF_BROADCAST | IFF_LOOPBACK)) {
            send4(lan, iface, iface->v4[i].own, iface->v4[i].broadcast, bytes);
        }
        if (paths & PATH_MULTICAST4 && i == 0 && can_multicast4(iface)) {
            send4(lan, iface, iface->v4[i].own, group, bytes);
        }
    }
    if (paths & PATH_MULTICAST6 && can_multicast6(iface) && lan->ears[1].fd >= 0) {
        send6(lan, iface, bytes);
    }
}

void lan_send(struct lan *lan, uint32_t paths, const struct address *to, struct slice bytes)
{
    for (uint32_t i = 0; i < lan->ifaces_count; i++) {
        iface_send(lan, &lan->ifaces[i], paths, bytes);
    }
    if (paths & PATH_UNICAST) {
        struct sockaddr_storage name;
        socklen_t len = address_sockaddr(to, &name);
        int fd = lan->ears[address_is_v4(to) ? 0 : 1].fd;
        if (fd >= 0) {
            sendto(fd, bytes.at, bytes.len, MSG_DONTWAIT, (struct sockaddr *)&name, len);
        }
    }
}

void lan_close(struct lan **out)
{
    struct lan *lan = *out;
    *out = NULL;
    if (!lan) {
        return;
    }
    for (int i = 0; i < EARS; i++) {
        if (lan->ears[i].fd >= 0) {
            close(lan->ears[i].fd);
        }
    }
    if (lan->netlink >= 0) {
        close(lan->netlink);
    }
    free(lan);
}
