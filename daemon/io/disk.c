/* The state folder: one daemon at a time, and the device's key. */
#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"

#define KEY_NAME     "device.key"
#define KEY_NEW_NAME "device.key.new"

enum { MAC_BYTES = 6, CARDS_MAX = 32 };

/* What device.key holds: both in one file, so that no power cut parts them. */
struct key_file {
    uint8_t seed[32];
    struct hardware_id hardware; /* of the card that stood first when it was made */
};

/* How much a network card says about the machine that it is in. */
enum rank {
    RANK_WIRED, /* built in */
    RANK_RADIO, /* built in, but its driver may take long after boot */
    RANK_USB,   /* may be in another machine tomorrow */
    RANK_VIRTUAL,
};

/* Bytes only, so that cards can be compared and hashed as they are. */
struct card {
    uint8_t rank;
    uint8_t mac[MAC_BYTES];
};

static enum err disk_fail(const char *path, struct why *why)
{
    int error = errno;
    why_what(why, "%s: %s", path, strerror(error));
    return error == ENOSPC || error == EDQUOT ? ERR_DISK_FULL : ERR_DISK;
}

static bool make_folder(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int made = mkdir(path, 0700);
        *slash = '/';
        if (made && errno != EEXIST && errno != EROFS && errno != EACCES) {
            return false;
        }
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

enum err disk_open(struct disk *disk, const char *path, struct why *why)
{
    *disk = (struct disk){-1, -1};
    char *copy = strdup(path);
    bool made = copy && make_folder(copy);
    free(copy);
    if (!made) {
        return disk_fail(path, why);
    }
    disk->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (disk->dir < 0) {
        return disk_fail(path, why);
    }
    disk->lock = openat(disk->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (disk->lock < 0) {
        enum err err = disk_fail(path, why);
        disk_close(disk);
        return err;
    }
    if (flock(disk->lock, LOCK_EX | LOCK_NB) != 0) {
        enum err err = errno == EWOULDBLOCK ? ERR_IN_USE : disk_fail(path, why);
        if (err == ERR_IN_USE) {
            why_what(why, "%s", path);
        }
        disk_close(disk);
        return err;
    }
    return OK;
}

void disk_close(struct disk *disk)
{
    if (disk->lock >= 0) {
        close(disk->lock);
    }
    if (disk->dir >= 0) {
        close(disk->dir);
    }
    *disk = (struct disk){-1, -1};
}

static uint8_t rank_of(const char *name)
{
    char path[64], bus[PATH_MAX] = "";
    snprintf(path, sizeof path, "/sys/class/net/%.15s/device/subsystem", name);
    if (readlink(path, bus, sizeof bus - 1) <= 0) {
        return RANK_VIRTUAL; /* bridges, tunnels and containers have no device behind them */
    }
    const char *slash = strrchr(bus, '/');
    if (slash && strcmp(slash, "/usb") == 0) {
        return RANK_USB;
    }
    snprintf(path, sizeof path, "/sys/class/net/%.15s/phy80211", name);
    return access(path, F_OK) == 0 ? RANK_RADIO : RANK_WIRED;
}

static bool card_of(const struct ifaddrs *at, struct card *card)
{
    static const uint8_t zero[MAC_BYTES];
    if (!at->ifa_addr || at->ifa_addr->sa_family != AF_PACKET || at->ifa_flags & IFF_LOOPBACK) {
        return false;
    }
    const struct sockaddr_ll *link = (const struct sockaddr_ll *)at->ifa_addr;
    if (link->sll_hatype != ARPHRD_ETHER || link->sll_halen != MAC_BYTES) {
        return false;
    }
    card->rank = rank_of(at->ifa_name);
    memcpy(card->mac, link->sll_addr, MAC_BYTES);
    return memcmp(card->mac, zero, MAC_BYTES) != 0;
}

static int card_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct card));
}

/* In order: what says most comes first. */
static uint32_t cards_list(struct card cards[CARDS_MAX])
{
    struct ifaddrs *all;
    uint32_t count = 0;
    if (getifaddrs(&all) != 0) {
        return 0;
    }
    for (const struct ifaddrs *at = all; at && count < CARDS_MAX; at = at->ifa_next) {
        count += card_of(at, &cards[count]);
    }
    freeifaddrs(all);
    qsort(cards, count, sizeof *cards, card_compare);
    return count;
}

static struct hardware_id card_hardware(const struct card *card, const char *real_place)
{
    struct hardware_id id;
    struct slice parts[] = {slice_of(card->mac, MAC_BYTES), slice_str(real_place)};
    hash_short("jam hardware 1", parts, 2, id.b, sizeof id.b);
    return id;
}

/* The key stays while the card is here with which it was made. Without any card nobody can tell: at boot drivers may
 * come later than we do. */
static bool is_same_machine(const struct hardware_id *made, const struct card *cards,
                            uint32_t count, const char *real_place)
{
    bool same = count == 0;
    for (uint32_t i = 0; i < count; i++) {
        struct hardware_id id = card_hardware(&cards[i], real_place);
        same = same || SAME(id, *made);
    }
    return same;
}

static bool key_read(const struct disk *disk, struct key_file *file)
{
    int fd = openat(disk->dir, KEY_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return false;
    }
    ssize_t got = read(fd, file, sizeof *file);
    close(fd);
    return got == (ssize_t)sizeof *file;
}

/* Written aside, synced, renamed, folder synced: after a power cut there is the old key or the new one. */
static bool key_write(const struct disk *disk, const struct key_file *file)
{
    unlinkat(disk->dir, KEY_NEW_NAME, 0);
    int fd = openat(disk->dir, KEY_NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    errno = ENOSPC; /* what a short write means */
    bool written = write(fd, file, sizeof *file) == (ssize_t)sizeof *file && fsync(fd) == 0;
    int error = errno;
    close(fd);
    errno = error;
    return written && renameat(disk->dir, KEY_NEW_NAME, disk->dir, KEY_NAME) == 0 &&
           fsync(disk->dir) == 0;
}

enum err disk_key(const struct disk *disk, const char *place, struct log *log, struct sign_key *key,
                  struct hardware_id *hardware, struct why *why)
{
    struct key_file file;
    static const uint8_t erased[sizeof file.seed]; /* and not unlinked yet when the power went */
    struct sign_pk public;
    struct card cards[CARDS_MAX] = {{0}};
    uint32_t count = cards_list(cards);
    char *real = place ? realpath(place, NULL) : NULL;
    enum err err = OK;
    errno = 0;
    bool found = key_read(disk, &file);
    if (!found && errno && errno != ENOENT) {
        err = disk_fail(KEY_NAME, why);
        goto done;
    }
    if (found && !is_same_machine(&file.hardware, cards, count, real ? real : "")) {
        log_line(log, "this machine isn't the one that made its device key: it gets a new one");
        found = false;
    }
    found = found && memcmp(file.seed, erased, sizeof erased) != 0;
    if (!found) {
        clock_random(file.seed, sizeof file.seed);
        file.hardware = card_hardware(&cards[0], real ? real : "");
        err = key_write(disk, &file) ? OK : disk_fail(KEY_NAME, why);
    }
    sign_keypair(file.seed, key, &public);
    *hardware = file.hardware;
done:
    wipe(&file, sizeof file);
    free(real);
    return err;
}

static int is_database(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return strncmp(entry->d_name, "class-", 6) == 0 && len > 3 &&
           strcmp(entry->d_name + len - 3, ".db") == 0;
}

char **disk_databases(const struct disk *disk)
{
    struct dirent **found = NULL;
    int count = scandirat(disk->dir, ".", &found, is_database, alphasort);
    char **names = count < 0 ? NULL : calloc((size_t)count + 1, sizeof *names);
    for (int i = 0; i < count; i++) {
        if (names) {
            names[i] = strdup(found[i]->d_name);
        }
        free(found[i]);
    }
    free(found);
    return names;
}

void disk_databases_free(char **names)
{
    for (size_t i = 0; names && names[i]; i++) {
        free(names[i]);
    }
    free(names);
}

/* Once over with zeros: more would mean nothing on today's disks. */
static bool file_erase(int dir, const char *name)
{
    static const uint8_t zeros[4096];
    int fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT;
    }
    off_t left = lseek(fd, 0, SEEK_END);
    bool good = left >= 0 && lseek(fd, 0, SEEK_SET) == 0;
    while (good && left > 0) {
        size_t len = left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros;
        good = write(fd, zeros, len) == (ssize_t)len;
        left -= (off_t)len;
    }
    good = fsync(fd) == 0 && good;
    close(fd);
    return unlinkat(dir, name, 0) == 0 && good;
}

bool disk_erase(const struct disk *disk, struct slice name)
{
    static const char *const parts[] = {"", "-wal", "-shm", "-journal"};
    char file[80];
    bool good = name.len <= 60;
    for (size_t i = 0; good && i < sizeof parts / sizeof parts[0]; i++) {
        snprintf(file, sizeof file, "%.*s%s", (int)name.len, (const char *)name.at, parts[i]);
        good = file_erase(disk->dir, file);
    }
    return good && fsync(disk->dir) == 0;
}

bool disk_forget_key(const struct disk *disk)
{
    return file_erase(disk->dir, KEY_NAME) && fsync(disk->dir) == 0;
}

bool disk_set_aside(const struct disk *disk, struct slice name)
{
    char from[80], to[112];
    static const char *const parts[] = {"", "-wal", "-shm", "-journal"};
    for (int n = 1; n < 100; n++) {
        snprintf(to, sizeof to, "%.*s.damaged-%d", (int)name.len, (const char *)name.at, n);
        if (name.len > 60 || faccessat(disk->dir, to, F_OK, 0) == 0) {
            continue;
        }
        bool done = false;
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
            snprintf(from, sizeof from, "%.*s%s", (int)name.len, (const char *)name.at, parts[i]);
            snprintf(to, sizeof to, "%.*s.damaged-%d%s", (int)name.len, (const char *)name.at, n,
                     parts[i]);
            done |= renameat(disk->dir, from, disk->dir, to) == 0;
        }
        return done && fsync(disk->dir) == 0;
    }
    return false;
}

void disk_boot(uint8_t out[16])
{
    char text[40] = "";
    memset(out, 0, 16);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    for (ssize_t i = 0, digit = 0; i < len && digit < 32; i++) {
        const char *digits = "0123456789abcdef", *at = text[i] ? strchr(digits, text[i]) : NULL;
        if (at) {
            out[digit / 2] = (uint8_t)(out[digit / 2] << 4 | (at - digits));
            digit++;
        }
    }
}
