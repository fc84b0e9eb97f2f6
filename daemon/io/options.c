/* The command line of jamd, read into what it says. */
#include "options.h"

#include <getopt.h>

#include "address.h"

static bool listen_read(const char *text, struct options *options)
{
    char host[HOST_TEXT_MAX];
    uint16_t port;
    if (!host_split(text, host, &port) || !address_read(host, &options->listen)) {
        return false;
    }
    options->listen.port = port;
    options->listens = true;
    return true;
}

static bool name_add(const char *names[OPTION_NAMES_MAX], uint32_t *count, const char *name)
{
    if (*count == OPTION_NAMES_MAX || !*name) {
        return false;
    }
    names[(*count)++] = name;
    return true;
}

static bool peer_add(struct options *options, const char *peer)
{
    char host[HOST_TEXT_MAX];
    uint16_t port;
    return host_split(peer, host, &port) && name_add(options->peers, &options->peers_count, peer);
}

/* False if that isn't what the option takes. */
static bool option_take(struct options *options, int option, const char *text)
{
    switch (option) {
    case 'h':
        options->help = true;
        return true;
    case 'v':
        options->version = true;
        return true;
    case 's':
        options->state = text;
        return true;
    case 'S':
        options->socket = text;
        return true;
    case 'w':
        options->invite_file = text;
        return true;
    case 'n':
        options->beacon = false;
        return true;
    case 'l':
        return listen_read(text, options);
    case 'i':
        return name_add(options->interfaces, &options->interfaces_count, text);
    default:
        return peer_add(options, text);
    }
}

enum err options_read(int argc, char **argv, struct options *options, const char **what,
                      const char **value)
{
    static const struct option known[] = {
        {"state", required_argument, NULL, 's'},       {"socket", required_argument, NULL, 'S'},
        {"listen", required_argument, NULL, 'l'},      {"interface", required_argument, NULL, 'i'},
        {"peer", required_argument, NULL, 'p'},        {"no-beacon", no_argument, NULL, 'n'},
        {"invite-file", required_argument, NULL, 'w'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},           {NULL, 0, NULL, 0},
    };
    *options = (struct options){.beacon = true};
    opterr = 0;
    optind = 0; /* from the beginning, also when another was read before */
    while (!options->help && !options->version) {
        int at = optind ? optind : 1;
        int option = getopt_long(argc, argv, "+", known, NULL);
        if (option == -1) {
            break;
        }
        if (option == '?') {
            *what = "This option can't be used so:";
            *value = argv[at];
            return ERR_USAGE;
        }
        if (!option_take(options, option, optarg)) {
            *what = "That isn't what the option takes:";
            *value = optarg;
            return ERR_USAGE;
        }
    }
    if (optind < argc && !options->help && !options->version) {
        *what = "jamd takes options only, not";
        *value = argv[optind];
        return ERR_USAGE;
    }
    return OK;
}
