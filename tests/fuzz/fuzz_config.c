/* No command line breaks jamd's reading of it: what it keeps are words of it or within its bounds, and an address reads back
 * from its own text. The input is the words behind the program's name, each with a zero at its end. */
#include <stdlib.h>

#include "address.h"
#include "fuzz.h"
#include "options.h"

enum { WORDS_MAX = 64 };

const size_t fuzz_room = FUZZ_ROOM;

static bool is_word(const char *text, const char *all, size_t len)
{
    return !text || (text >= all && text <= all + len);
}

static void check_address(struct address address)
{
    char text[ADDRESS_TEXT_MAX], host[HOST_TEXT_MAX];
    struct address again;
    uint16_t port;
    address.port = address.port ? address.port : 1; /* no text has port 0 */
    fuzz_check(host_split(address_text(&address, text), host, &port));
    fuzz_check(address_read(host, &again));
    again.port = port;
    fuzz_check(address_equal(&address, &again));
}

static void check(const struct options *options, const char *all, size_t len)
{
    fuzz_check(is_word(options->state, all, len) && is_word(options->socket, all, len) &&
               is_word(options->invite_file, all, len));
    fuzz_check(options->interfaces_count <= OPTION_NAMES_MAX &&
               options->peers_count <= OPTION_NAMES_MAX);
    for (uint32_t i = 0; i < options->interfaces_count; i++) {
        fuzz_check(is_word(options->interfaces[i], all, len) && *options->interfaces[i]);
    }
    for (uint32_t i = 0; i < options->peers_count; i++) {
        char host[HOST_TEXT_MAX];
        uint16_t port;
        struct address address;
        fuzz_check(host_split(options->peers[i], host, &port) && *host);
        if (address_read(host, &address)) {
            check_address(address);
        }
    }
    if (options->listens) {
        check_address(options->listen);
    }
}

void fuzz_one(struct slice input)
{
    struct options options;
    const char *what = NULL, *value = NULL;
    char program[] = "jamd", *argv[WORDS_MAX + 1] = {program};
    char *all = malloc(input.len + 1);
    int argc = 1;
    fuzz_check(all);
    if (input.len) {
        memcpy(all, input.at, input.len);
    }
    all[input.len] = '\0';
    for (char *word = all; word < all + input.len && argc < WORDS_MAX; word += strlen(word) + 1) {
        argv[argc++] = word;
    }
    enum err err = options_read(argc, argv, &options, &what, &value);
    if (err == OK) {
        check(&options, all, input.len);
    } else {
        fuzz_check(err == ERR_USAGE && what && value && is_word(value, all, input.len));
    }
    free(all);
}
