/* What jamd's command line says. */
#ifndef JAM_OPTIONS_H
#define JAM_OPTIONS_H

#include "message.h"

enum { OPTION_NAMES_MAX = 16 };

/* Strings are borrowed from the command line. */
struct options {
    const char *state;  /* NULL: not said */
    const char *socket; /* NULL: not said */
    bool listens;       /* --listen: on this address, and this port if it isn't 0 */
    struct address listen;
    const char *interfaces[OPTION_NAMES_MAX];
    uint32_t interfaces_count;
    const char *peers[OPTION_NAMES_MAX];
    uint32_t peers_count;
    bool beacon;
    const char *invite_file; /* NULL: none */
    bool help, version;      /* nothing else is asked for */
};

/* Reads a command line, whose first word is the program's. ERR_USAGE: *what says what is wrong with *value, one of its
 * words. */
enum err options_read(int argc, char **argv, struct options *, const char **what,
                      const char **value);

#endif
