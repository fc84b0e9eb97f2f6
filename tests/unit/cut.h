/* A disk in memory whose power can be cut. For each file it keeps what is durable (as of its last sync) and the writes since;
 * a cut keeps none, all, some or the first of those, and may tear the last at a 512-byte sector. One disk a process. */
#ifndef JAM_TEST_CUT_H
#define JAM_TEST_CUT_H

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"

enum { CUT_FILES = 8, CUT_CAPACITY = 1 << 21, CUT_SECTOR = 512 };

struct cut_write {
    struct cut_write *next;
    sqlite3_int64 at;
    int len;
    bool truncate;
    uint8_t bytes[];
};

struct cut_file {
    char name[128];
    bool used;
    uint8_t *seen, *durable;
    sqlite3_int64 seen_len, durable_len;
    struct cut_write *first, **last;
};

struct cut_disk {
    struct cut_file files[CUT_FILES];
    struct rng rng;
    long calls;   /* writes, truncations, syncs and deletions so far */
    long cut_at;  /* the call at which the power goes; 0: never */
    long fail_at; /* the call that fails once; 0: none */
    bool dead;
    bool full; /* no write has room */
};

struct cut_handle {
    sqlite3_file base;
    struct cut_file *file;
};

static struct cut_disk cut;

static inline int cut_call(int error)
{
    if (cut.dead) {
        return error;
    }
    cut.calls++;
    if (cut.calls == cut.cut_at) {
        cut.dead = true;
        return error;
    }
    return cut.calls == cut.fail_at ? error : SQLITE_OK;
}

static inline struct cut_file *cut_find(const char *name, bool make)
{
    struct cut_file *free_one = NULL;
    for (int i = 0; i < CUT_FILES; i++) {
        struct cut_file *f = &cut.files[i];
        if (f->used && strcmp(f->name, name) == 0) {
            return f;
        }
        free_one = !f->used && !free_one ? f : free_one;
    }
    if (!make || !free_one) {
        return NULL;
    }
    memset(free_one, 0, sizeof(*free_one));
    free_one->used = true;
    free_one->last = &free_one->first;
    free_one->seen = calloc(1, CUT_CAPACITY);
    free_one->durable = calloc(1, CUT_CAPACITY);
    strncpy(free_one->name, name, sizeof(free_one->name) - 1);
    return free_one;
}

static inline void cut_forget(struct cut_file *f)
{
    while (f->first) {
        struct cut_write *next = f->first->next;
        free(f->first);
        f->first = next;
    }
    f->last = &f->first;
}

static inline void cut_drop(struct cut_file *f)
{
    cut_forget(f);
    free(f->seen);
    free(f->durable);
    f->used = false;
}

static inline void cut_put(uint8_t *to, sqlite3_int64 *to_len, const struct cut_write *w, bool torn)
{
    if (w->truncate) {
        if (w->at < *to_len) {
            memset(to + w->at, 0, (size_t)(*to_len - w->at));
            *to_len = w->at;
        }
        return;
    }
    int len =
        torn ? (int)rng_below(&cut.rng, (uint64_t)w->len / CUT_SECTOR + 1) * CUT_SECTOR : w->len;
    len = len < w->len ? len : w->len;
    memcpy(to + w->at, w->bytes, (size_t)len);
    if (len > 0 && w->at + len > *to_len) {
        *to_len = w->at + len;
    }
}

static inline int cut_log(struct cut_file *f, sqlite3_int64 at, const void *b, int len,
                          bool truncate)
{
    struct cut_write *w = malloc(sizeof(*w) + (size_t)len);
    *w = (struct cut_write){.at = at, .len = len, .truncate = truncate};
    if (len) {
        memcpy(w->bytes, b, (size_t)len);
    }
    cut_put(f->seen, &f->seen_len, w, false);
    *f->last = w;
    f->last = &w->next;
    return SQLITE_OK;
}

#define CUT_FILE(p) (((struct cut_handle *)(void *)(p))->file)

static inline int cut_close(sqlite3_file *p)
{
    (void)p;
    return SQLITE_OK;
}

static inline int cut_read(sqlite3_file *p, void *b, int len, sqlite3_int64 at)
{
    struct cut_file *f = CUT_FILE(p);
    if (cut.dead) {
        return SQLITE_IOERR_READ;
    }
    memset(b, 0, (size_t)len);
    if (at >= f->seen_len) {
        return SQLITE_IOERR_SHORT_READ;
    }
    sqlite3_int64 there = f->seen_len - at;
    memcpy(b, f->seen + at, (size_t)(there < len ? there : len));
    return there < len ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static inline int cut_write(sqlite3_file *p, const void *b, int len, sqlite3_int64 at)
{
    int rc = cut_call(SQLITE_IOERR_WRITE);
    if (rc == SQLITE_OK && (cut.full || at + len > CUT_CAPACITY)) {
        return SQLITE_FULL;
    }
    return rc == SQLITE_OK ? cut_log(CUT_FILE(p), at, b, len, false) : rc;
}

static inline int cut_truncate(sqlite3_file *p, sqlite3_int64 len)
{
    int rc = cut_call(SQLITE_IOERR_TRUNCATE);
    return rc == SQLITE_OK ? cut_log(CUT_FILE(p), len, NULL, 0, true) : rc;
}

static inline int cut_sync(sqlite3_file *p, int flags)
{
    struct cut_file *f = CUT_FILE(p);
    int rc = cut_call(SQLITE_IOERR_FSYNC);
    (void)flags;
    if (rc == SQLITE_OK) {
        for (struct cut_write *w = f->first; w; w = w->next) {
            cut_put(f->durable, &f->durable_len, w, false);
        }
        cut_forget(f);
    }
    return rc;
}

static inline int cut_size(sqlite3_file *p, sqlite3_int64 *len)
{
    *len = CUT_FILE(p)->seen_len;
    return SQLITE_OK;
}

static inline int cut_lock(sqlite3_file *p, int kind)
{
    (void)p;
    (void)kind;
    return SQLITE_OK;
}

static inline int cut_reserved(sqlite3_file *p, int *out)
{
    (void)p;
    *out = 0;
    return SQLITE_OK;
}

static inline int cut_control(sqlite3_file *p, int op, void *arg)
{
    (void)p;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static inline int cut_sector(sqlite3_file *p)
{
    (void)p;
    return CUT_SECTOR;
}

static inline int cut_traits(sqlite3_file *p)
{
    (void)p;
    return 0;
}

static const sqlite3_io_methods cut_methods = {
    1,        cut_close, cut_read,     cut_write,   cut_truncate, cut_sync,   cut_size,
    cut_lock, cut_lock,  cut_reserved, cut_control, cut_sector,   cut_traits, NULL,
    NULL,     NULL,      NULL,         NULL,        NULL,
};

static inline int cut_open(sqlite3_vfs *v, const char *name, sqlite3_file *p, int flags, int *out)
{
    (void)v;
    p->pMethods = NULL;
    struct cut_file *f =
        cut.dead ? NULL : cut_find(name ? name : "temporary", flags & SQLITE_OPEN_CREATE);
    if (!f) {
        return SQLITE_CANTOPEN;
    }
    p->pMethods = &cut_methods;
    CUT_FILE(p) = f;
    if (out) {
        *out = flags;
    }
    return SQLITE_OK;
}

static inline int cut_delete(sqlite3_vfs *v, const char *name, int sync)
{
    (void)v;
    (void)sync;
    struct cut_file *f = cut_find(name, false);
    int rc = cut_call(SQLITE_IOERR_DELETE);
    if (rc == SQLITE_OK && f) {
        cut_drop(f);
    }
    return rc;
}

static inline int cut_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    (void)v;
    (void)flags;
    *out = cut_find(name, false) != NULL;
    return SQLITE_OK;
}

static inline int cut_path(sqlite3_vfs *v, const char *name, int len, char *out)
{
    (void)v;
    sqlite3_snprintf(len, out, "%s", name);
    return SQLITE_OK;
}

static inline int cut_random(sqlite3_vfs *v, int len, char *out)
{
    (void)v;
    rng_fill(&cut.rng, out, (size_t)len);
    return len;
}

static inline int cut_sleep(sqlite3_vfs *v, int us)
{
    (void)v;
    return us;
}

static inline int cut_time(sqlite3_vfs *v, double *days)
{
    (void)v;
    *days = 2460000;
    return SQLITE_OK;
}

static sqlite3_vfs cut_vfs = {
    1,          sizeof(struct cut_handle),
    120,        NULL,
    "cut",      NULL,
    cut_open,   cut_delete,
    cut_access, cut_path,
    NULL,       NULL,
    NULL,       NULL,
    cut_random, cut_sleep,
    cut_time,   NULL,
    NULL,       NULL,
    NULL,       NULL,
};

/* An empty disk; what happens on it follows from the seed. */
static inline void cut_format(uint32_t number)
{
    uint8_t seed[32] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16)};
    sqlite3_vfs_register(&cut_vfs, 0);
    for (int i = 0; i < CUT_FILES; i++) {
        if (cut.files[i].used) {
            cut_drop(&cut.files[i]);
        }
    }
    memset(&cut, 0, sizeof(cut));
    rng_seed(&cut.rng, seed);
}

/* The power comes back: what survived is what is there. */
static inline void cut_power(void)
{
    for (int i = 0; i < CUT_FILES; i++) {
        struct cut_file *f = &cut.files[i];
        if (!f->used) {
            continue;
        }
        uint64_t style = rng_below(&cut.rng, 4); /* none, all, some, the first few */
        bool stop = style == 0;
        for (struct cut_write *w = f->first; w && !stop; w = w->next) {
            if (style == 2 && rng_below(&cut.rng, 2)) {
                continue;
            }
            stop = style == 3 && rng_below(&cut.rng, 4) == 0;
            cut_put(f->durable, &f->durable_len, w,
                    stop || (style == 2 && rng_below(&cut.rng, 4) == 0));
        }
        cut_forget(f);
        memcpy(f->seen, f->durable, CUT_CAPACITY);
        f->seen_len = f->durable_len;
    }
    cut.dead = false;
    cut.cut_at = cut.fail_at = 0;
}

#endif
