/* hostile ATTACK [--invite WORDS] [--to HOST:PORT]… [--count N] [--seed N] [--port N] [--text TEXT]: one attack of the table,
 * against real daemons. Prints facts that a test can check, "under way" if it then goes on until it is ended. */
#include <stdio.h>
#include <stdlib.h>

#include "hostile.h"

static const struct attack *const families[] = {outsider_attacks, member_attacks, log_attacks,
                                                people_attacks,   curve_attacks,  relay_attacks,
                                                serve_attacks,    told_attacks};
enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

static int usage(void)
{
    fprintf(stderr, "usage: hostile ATTACK [--invite WORDS] [--to HOST:PORT]... [--count N] "
                    "[--seed N] [--port N] [--text TEXT]\n");
    for (int i = 0; i < FAMILIES; i++) {
        for (const struct attack *a = families[i]; a->name; a++) {
            fprintf(stderr, "  %s%s\n", a->name, a->member ? "" : "  (no words needed)");
        }
    }
    return 2;
}

static bool read_target(struct options *o, const char *text)
{
    const char *colon = strrchr(text, ':');
    if (!colon || o->targets_count == TARGETS_MAX ||
        (size_t)(colon - text) >= sizeof(o->targets[0].host)) {
        return false;
    }
    struct target *t = &o->targets[o->targets_count++];
    memcpy(t->host, text, (size_t)(colon - text));
    t->port = (uint16_t)strtoul(colon + 1, NULL, 10);
    return t->port != 0;
}

static bool read_option(struct options *o, const char *name, const char *value)
{
    if (strcmp(name, "--invite") == 0) {
        o->invite = value;
    } else if (strcmp(name, "--text") == 0) {
        o->text = value;
    } else if (strcmp(name, "--count") == 0) {
        o->count = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(name, "--seed") == 0) {
        o->seed = strtoull(value, NULL, 10);
    } else if (strcmp(name, "--port") == 0) {
        o->port = (uint16_t)strtoul(value, NULL, 10);
    } else {
        return strcmp(name, "--to") == 0 && read_target(o, value);
    }
    return true;
}

static const struct attack *find(const char *name)
{
    for (int i = 0; i < FAMILIES; i++) {
        for (const struct attack *a = families[i]; a->name; a++) {
            if (strcmp(a->name, name) == 0) {
                return a;
            }
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct options options = {.port = 7740, .text = "mallory"};
    static struct hostile hostile;
    const struct attack *attack = argc > 1 ? find(argv[1]) : NULL;
    for (int i = 2; i < argc; i += 2) {
        if (i + 1 == argc || !read_option(&options, argv[i], argv[i + 1])) {
            return usage();
        }
    }
    if (!attack || options.targets_count == 0 || (attack->member && !options.invite)) {
        return usage();
    }
    hostile_open(&hostile, &options);
    attack->run(&hostile);
    hostile_close(&hostile);
    return 0;
}
