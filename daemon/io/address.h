/* Addresses as people, the kernel and libzmq write them. */
#ifndef JAM_ADDRESS_H
#define JAM_ADDRESS_H

#include <sys/socket.h>

#include "message.h"

enum {
    JAM_PORT = 7733, /* UDP for beacons; TCP for the inbox of the first class, if it is free */
    HOST_TEXT_MAX = 256,
    ADDRESS_TEXT_MAX = 80,
};

/* Splits HOST[:PORT], "[fe80::1%eth0]:7733", "fe80::1". *port is 0 if none is said. False if it is none of these. */
bool host_split(const char *text, char host[HOST_TEXT_MAX], uint16_t *port);

/* A numeric host, with %interface where it is link-local; the port is left 0. False for names. */
bool address_read(const char *host, struct address *out);
/* False for other families. */
bool address_of(const struct sockaddr *, struct address *out);
/* As sockaddr_in for IPv4, else sockaddr_in6. */
socklen_t address_sockaddr(const struct address *, struct sockaddr_storage *out);

bool address_is_v4(const struct address *);
bool address_equal(const struct address *, const struct address *);
/* "192.0.2.7:7733", "[fe80::1%2]:7733": what libzmq takes behind tcp:// */
char *address_text(const struct address *, char out[ADDRESS_TEXT_MAX]);

#endif
