/* The state folder: one daemon at a time, and the device's key. */
#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
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

enum { MAC_BYTES = 6, MACS_MAX = 32 };

/* What device.key holds: both in one file, so that no power cut parts them. */
struct key_file {
    uint8_t seed[32];
    struct hardware_id hardware;
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

/* Cards have a device behind them; bridges, tunnels and containers have none. */
static bool is_physical(const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/sys/class/net/%.15s/device", name);
    return access(path, F_OK) == 0;
}

static bool mac_of(const struct ifaddrs *at, uint8_t mac[MAC_BYTES])
{
    static const uint8_t zero[MAC_BYTES];
    if (!at->ifa_addr || at->ifa_addr->sa_family != AF_PACKET || at->ifa_flags & IFF_LOOPBACK) {
        return false;
    }
    const struct sockaddr_ll *card = (const struct sockaddr_ll *)at->ifa_addr;
    if (card->sll_hatype != ARPHRD_ETHER || card->sll_halen != MAC_BYTES) {
        return false;
    }
    memcpy(mac, card->sll_addr, MAC_BYTES);
    return memcmp(mac, zero, MAC_BYTES) != 0;
}

static int mac_compare(const void *a, const void *b)
{
    return memcmp(a, b, MAC_BYTES);
}

static size_t macs_collect(const struct ifaddrs *all, bool physical, uint8_t *macs)
{
    size_t count = 0;
    for (const struct ifaddrs *at = all; at && count < MACS_MAX; at = at->ifa_next) {
        if ((!physical || is_physical(at->ifa_name)) && mac_of(at, macs + count * MAC_BYTES)) {
            count++;
        }
    }
    qsort(macs, count, MAC_BYTES, mac_compare);
    return count;
}

void disk_hardware(const char *place, struct hardware_id *out)
{
    uint8_t macs[MACS_MAX * MAC_BYTES];
    struct ifaddrs *all = NULL;
    size_t count = 0;
    if (getifaddrs(&all) == 0) {
        count = macs_collect(all, true, macs);
        if (count == 0) {
            count = macs_collect(all, false, macs); /* a container has only virtual ones */
        }
        freeifaddrs(all);
    }
    char *real = place ? realpath(place, NULL) : NULL;
    struct slice parts[] = {slice_of(macs, count * MAC_BYTES), slice_str(real ? real : "")};
    hash_short("jam hardware 1", parts, 2, out->b, sizeof out->b);
    free(real);
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

enum err disk_key(const struct disk *disk, const struct hardware_id *hardware, struct log *log,
                  struct sign_key *key, struct why *why)
{
    struct key_file file;
    struct sign_pk public;
    enum err err = OK;
    errno = 0;
    bool found = key_read(disk, &file);
    if (!found && errno && errno != ENOENT) {
        return disk_fail(KEY_NAME, why);
    }
    if (found && !SAME(file.hardware, *hardware)) {
        log_line(log, "this machine isn't the one that made its device key: it gets a new one");
        found = false;
    }
    if (!found) {
        clock_random(file.seed, sizeof file.seed);
        file.hardware = *hardware;
        err = key_write(disk, &file) ? OK : disk_fail(KEY_NAME, why);
    }
    sign_keypair(file.seed, key, &public);
    wipe(&file, sizeof file);
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
