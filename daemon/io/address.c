/* Addresses as people, the kernel and libzmq write them. */
#include "address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool port_read(const char *text, uint16_t *port)
{
    char *end;
    if (*text < '0' || *text > '9') {
        return false;
    }
    unsigned long n = strtoul(text, &end, 10);
    if (*end || n < 1 || n > 65535) {
        return false;
    }
    *port = (uint16_t)n;
    return true;
}

bool host_split(const char *text, char host[HOST_TEXT_MAX], uint16_t *port)
{
    const char *end, *colon = strchr(text, ':');
    *port = 0;
    if (*text == '[') {
        end = strchr(++text, ']');
        if (!end) {
            return false;
        }
        colon = end[1] == ':' ? end + 1 : NULL;
        if (!colon && end[1]) {
            return false;
        }
    } else {
        if (colon && strchr(colon + 1, ':')) {
            colon = NULL; /* bare IPv6 */
        }
        end = colon ? colon : text + strlen(text);
    }
    size_t len = (size_t)(end - text);
    if (len == 0 || len >= HOST_TEXT_MAX) {
        return false;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    return !colon || port_read(colon + 1, port);
}

static bool is_link_local(const struct address *address)
{
    return address->ip[0] == 0xfe && (address->ip[1] & 0xc0) == 0x80;
}

bool address_read(const char *host, struct address *out)
{
    char ip[INET6_ADDRSTRLEN];
    struct in_addr v4;
    *out = (struct address){0};
    if (inet_pton(AF_INET, host, &v4) == 1) {
        memcpy(out->ip, mapped, sizeof mapped);
        memcpy(out->ip + 12, &v4, 4);
        return true;
    }
    size_t len = strcspn(host, "%");
    if (len >= sizeof ip) {
        return false;
    }
    memcpy(ip, host, len);
    ip[len] = '\0';
    if (inet_pton(AF_INET6, ip, out->ip) != 1) {
        return false;
    }
    if (host[len] && is_link_local(out)) {
        const char *scope = host + len + 1;
        out->scope = if_nametoindex(scope);
        if (out->scope == 0) {
            out->scope = (uint32_t)strtoul(scope, NULL, 10);
        }
    }
    return true;
}

bool address_of(const struct sockaddr *sa, struct address *out)
{
    *out = (struct address){0};
    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
        memcpy(out->ip, mapped, sizeof mapped);
        memcpy(out->ip + 12, &in->sin_addr, 4);
        out->port = ntohs(in->sin_port);
        return true;
    }
    if (sa->sa_family != AF_INET6) {
        return false;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
    memcpy(out->ip, &in6->sin6_addr, 16);
    out->port = ntohs(in6->sin6_port);
    out->scope = is_link_local(out) ? in6->sin6_scope_id : 0;
    return true;
}

socklen_t address_sockaddr(const struct address *address, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (address_is_v4(address)) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons(address->port);
        memcpy(&in->sin_addr, address->ip + 12, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(address->port);
    in6->sin6_scope_id = address->scope;
    memcpy(&in6->sin6_addr, address->ip, 16);
    return sizeof *in6;
}

bool address_is_v4(const struct address *address)
{
    return memcmp(address->ip, mapped, sizeof mapped) == 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
    return memcmp(a->ip, b->ip, sizeof a->ip) == 0 && a->port == b->port && a->scope == b->scope &&
           a->secret == b->secret;
}

char *address_text(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
    char ip[INET6_ADDRSTRLEN];
    if (address_is_v4(address)) {
        inet_ntop(AF_INET, address->ip + 12, ip, sizeof ip);
        snprintf(out, ADDRESS_TEXT_MAX, "%s:%u", ip, address->port);
        return out;
    }
    inet_ntop(AF_INET6, address->ip, ip, sizeof ip);
    if (address->scope) {
        snprintf(out, ADDRESS_TEXT_MAX, "[%s%%%u]:%u", ip, address->scope, address->port);
    } else {
        snprintf(out, ADDRESS_TEXT_MAX, "[%s]:%u", ip, address->port);
    }
    return out;
}
