/* jamd: options, limits of the process, the state folder; then the loop runs. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "disk.h"
#include "loop.h"
#include "options.h"

#ifndef JAM_VERSION
#define JAM_VERSION "0.1"
#endif

/* In the environment of one that starts itself again. */
#define DOUBTS "JAM_DOUBTS"

enum { EXIT_OK = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, PATH_BYTES_MAX = 4096 };

/* Descriptors, and how many of them strangers can't use up: local.c takes those for who sits here. */
enum { FILES_MAX = 8192, FILES_KEPT = 64 };

static const char usage[] =
    "usage: jamd [--state DIR] [--socket PATH] [--listen ADDR[:PORT]]\n"
    "            [--interface NAME]... [--peer HOST[:PORT]]... [--no-beacon]\n"
    "            [--invite-file FILE]\n"
    "\n"
    "Jam's daemon: one on every machine of the classroom. It stays in the foreground\n"
    "and prints `ready` when it can be used.\n"
    "\n"
    "  --state DIR           keep everything here ($JAM_STATE)\n"
    "  --socket PATH         where jam reaches it ($JAM_SOCKET)\n"
    "  --listen ADDR[:PORT]  take connections only here\n"
    "  --interface NAME      send beacons only here\n"
    "  --peer HOST[:PORT]    call this machine, where beacons don't get through\n"
    "  --no-beacon           send and hear no beacons\n"
    "  --invite-file FILE    join the class of the twelve words in it\n"
    "  --help, --version\n";

static int refuse_usage(const char *what, const char *value)
{
    struct why why = {.detail = "jamd --help"};
    why_what(&why, "%s \"%s\".", what, value);
    why_print(ERR_USAGE, &why);
    return EXIT_USAGE;
}

/* What wasn't said on the command line comes from the environment, else from where such things are kept. */
static bool path_default(char out[PATH_BYTES_MAX], const char *variable, const char *root_path,
                         const char *base_variable, const char *under_base, const char *under_home)
{
    const char *said = getenv(variable), *base = getenv(base_variable), *home = getenv("HOME");
    int len;
    if (said && *said) {
        len = snprintf(out, PATH_BYTES_MAX, "%s", said);
    } else if (geteuid() == 0) {
        len = snprintf(out, PATH_BYTES_MAX, "%s", root_path);
    } else if (base && *base) {
        len = snprintf(out, PATH_BYTES_MAX, "%s/%s", base, under_base);
    } else if (home && *home && under_home) {
        len = snprintf(out, PATH_BYTES_MAX, "%s/%s", home, under_home);
    } else {
        return false;
    }
    return len < PATH_BYTES_MAX;
}

/* Secrets stay out of core files, and other programs of the user out of our memory. Randomness for libzmq's pauses:
 * unseeded, thirty machines would retry in step. */
static void process_prepare(void)
{
    struct rlimit files, none = {0, 0};
    unsigned seed;
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_max = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
        files.rlim_cur =
            files.rlim_max - (files.rlim_max / 4 < FILES_KEPT ? files.rlim_max / 4 : FILES_KEPT);
        setrlimit(RLIMIT_NOFILE, &files);
    }
    mallopt(M_ARENA_MAX,
            1); /* threads here hardly allocate: heaps of their own would stand half empty */
    mallopt(M_TRIM_THRESHOLD, 64 * 1024);
    mallopt(M_TOP_PAD, 16 * 1024);
    setenv("UV_THREADPOOL_SIZE", "1", 0); /* one Argon2id at a time: 64 MiB */
    clock_random(&seed, sizeof seed);
    srand(seed);
}

/* The twelve words, for images. What is wrong is said at the start, when somebody looks. */
static enum err invite_file_read(const char *path, struct invite *invite, struct why *why)
{
    enum { FILE_BYTES_MAX = 1024 };
    char text[FILE_BYTES_MAX + 1];
    uint32_t wrong = 0;
    uint16_t near = 0;
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(text, 1, sizeof text, file) : 0;
    bool read = file && !ferror(file);
    why_what(why, "The invite can't be read, %s: %s.", path, strerror(errno));
    why_detail(why, "--invite-file FILE, with the twelve words");
    if (file) {
        fclose(file);
    }
    if (!read) {
        return ERR_USAGE;
    }
    enum err err =
        len > FILE_BYTES_MAX ? ERR_WORDS : invite_read(slice_of(text, len), invite, &wrong, &near);
    wipe(text, sizeof text);
    if (err == ERR_WORD) {
        why_what(why, "word %u of %s", (unsigned)wrong + 1, path);
        why_detail(why, "did you mean \"%s\"?", word_at(near));
    }
    return err;
}

static enum err run(const struct options *options, bool own_place, bool *again, struct why *why)
{
    struct device_config config = {.state = options->state};
    struct log log = {0};
    struct disk disk;
    struct loop *loop = NULL;
    struct invite invite;
    char host[HOST_BYTES_MAX + 1] = "";
    enum err err = options->invite_file ? invite_file_read(options->invite_file, &invite, why) : OK;
    err = err == OK ? disk_open(&disk, options->state, why) : err;
    if (err != OK) {
        return err;
    }
    config.invite = options->invite_file ? &invite : NULL;
    disk_boot(config.boot);
    clock_random(config.seed, sizeof config.seed);
    gethostname(host, HOST_BYTES_MAX);
    config.host = host;
    config.doubts = getenv(DOUBTS) != NULL;
    char **databases = disk_databases(&disk);
    config.databases = (const char *const *)databases;
    err = databases ? OK : ERR_NOMEM;
    err = err != OK ? err
                    : disk_key(&disk, own_place ? options->state : NULL, &log, &config.key,
                               &config.hardware, why);
    if (err == OK) {
        err = loop_open(options, &config, &disk, &loop, why);
    }
    disk_databases_free(databases);
    wipe(&config.key, sizeof config.key);
    wipe(config.seed, sizeof config.seed);
    wipe(&invite, sizeof invite);
    if (err == OK) {
        err = loop_run(loop);
        *again = err == OK && loop_again(loop);
        loop_close(&loop);
    }
    disk_close(&disk);
    return err;
}

int main(int argc, char **argv)
{
    static char state_room[PATH_BYTES_MAX], socket_room[PATH_BYTES_MAX];
    struct options options;
    struct why why = {0};
    const char *what, *value;
    enum err err = keys_init();
    if (options_read(argc, argv, &options, &what, &value) != OK) {
        return refuse_usage(what, value);
    }
    if (options.help || options.version) {
        fputs(options.help ? usage : "jamd " JAM_VERSION "\n", stdout);
        return EXIT_OK;
    }
    bool again = false, own_place = options.state || getenv("JAM_STATE");
    if (!options.state && path_default(state_room, "JAM_STATE", "/var/lib/jam", "XDG_STATE_HOME",
                                       "jam", ".local/state/jam")) {
        options.state = state_room;
    }
    if (!options.socket && path_default(socket_room, "JAM_SOCKET", "/run/jam.sock",
                                        "XDG_RUNTIME_DIR", "jam.sock", NULL)) {
        options.socket = socket_room;
    }
    if (!options.state || !*options.state || !options.socket) {
        return refuse_usage("There is no place to keep things; say",
                            options.state && *options.state ? "--socket PATH" : "--state DIR");
    }
    process_prepare();
    if (err == OK) {
        err = run(&options, own_place, &again, &why);
    }
    if (again) { /* as another process: libzmq has one context for the life of one */
        setenv(DOUBTS, "1", 1);
        execv("/proc/self/exe", argv);
    }
    if (err != OK) {
        why_print(err, &why);
        return EXIT_REFUSED;
    }
    return EXIT_OK;
}
