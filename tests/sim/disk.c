/* A disk in memory: files with what was written in them and how to go back to what was synced, behind a VFS of SQLite. */
#include "disk.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "keys.h"

enum { SECTOR = 512, NAME_ROOM = 512 };

/* A write or truncation that isn't synced: what it put there, and behind that what it took away. */
struct change {
    size_t at, len, old_len, file_len; /* file_len: how long the file was */
    bool truncates;                    /* the file ends at `at` */
    uint8_t bytes[];
};

struct file {
    struct file *next;
    struct disk *disk;
    char name[NAME_ROOM];
    uint8_t *bytes; /* as written, up to len */
    size_t len, room;
    struct change **changes; /* since the last sync, the oldest first */
    size_t changes_count, changes_room;
    uint32_t users; /* handles */
    bool lasts;     /* its name is synced */
    bool deleted;   /* but not yet for ever: a power cut may bring it back */
    bool gone;      /* on no list any more, kept for its handles */
};

struct disk {
    sqlite3_vfs vfs;
    char vfs_name[32];
    struct rng rng;
    struct file *files;
    uint64_t life; /* how often it was switched off: handles of earlier lives are dead */
    bool off;
    enum disk_fault fault;
    uint64_t fault_at;
    bool fault_lasts, pauses;
    bool (*cuts)(void *); /* asked after each change; NULL: nobody */
    void *cuts_context;
    uint64_t calls, changes, faults;
};

struct handle {
    sqlite3_file base;
    struct file *file;
    uint64_t life;
    bool syncs_names; /* its first sync is one of the folder too */
};

static void *must(void *memory)
{
    if (!memory) {
        abort();
    }
    return memory;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static struct file *file_find(const struct disk *disk, const char *name)
{
    for (struct file *f = disk->files; f; f = f->next) {
        if (!f->deleted && strcmp(f->name, name) == 0) {
            return f;
        }
    }
    return NULL;
}

static struct file *file_make(struct disk *disk, const char *name)
{
    struct file **last = &disk->files;
    while (*last) {
        last = &(*last)->next;
    }
    struct file *f = must(calloc(1, sizeof(*f)));
    f->disk = disk;
    sqlite3_snprintf(sizeof(f->name), f->name, "%s", name);
    *last = f;
    return f;
}

static void file_forget_changes(struct file *f)
{
    for (size_t i = 0; i < f->changes_count; i++) {
        free(f->changes[i]);
    }
    f->changes_count = 0;
}

static void file_free(struct file *f)
{
    file_forget_changes(f);
    free(f->changes);
    free(f->bytes);
    free(f);
}

/* Takes it from the list. */
static void file_drop(struct file *f)
{
    struct file **at = &f->disk->files;
    while (*at != f) {
        at = &(*at)->next;
    }
    *at = f->next;
    f->gone = true;
    if (f->users == 0) {
        file_free(f);
    }
}

static void file_grow(struct file *f, size_t len)
{
    if (len > f->room) {
        size_t room = f->room ? f->room : 4096;
        while (room < len) {
            room *= 2;
        }
        f->bytes = must(realloc(f->bytes, room));
        f->room = room;
    }
}

static void file_cut_to(struct file *f, size_t len)
{
    if (len > f->len) {
        file_grow(f, len);
        memset(f->bytes + f->len, 0, len - f->len);
    }
    f->len = len;
}

static void file_put(struct file *f, size_t at, const uint8_t *bytes, size_t len)
{
    if (at > f->len) {
        file_cut_to(f, at); /* a gap is zeros */
    }
    file_grow(f, at + len);
    if (len) {
        memcpy(f->bytes + at, bytes, len);
    }
    f->len = at + len > f->len ? at + len : f->len;
}

static void file_change(struct file *f, size_t at, const void *bytes, size_t len, bool truncates)
{
    size_t until = truncates ? f->len : at + len;
    until = until < f->len ? until : f->len;
    size_t old_len = at < until ? until - at : 0;
    struct change *c = must(malloc(sizeof(*c) + len + old_len));
    *c = (struct change){at, len, old_len, f->len, truncates};
    if (len) {
        memcpy(c->bytes, bytes, len);
    }
    if (old_len) {
        memcpy(c->bytes + len, f->bytes + at, old_len);
    }
    if (f->changes_count == f->changes_room) {
        f->changes_room = f->changes_room ? f->changes_room * 2 : 16;
        f->changes = must(realloc(f->changes, f->changes_room * sizeof(struct change *)));
    }
    f->changes[f->changes_count++] = c;
    if (truncates) {
        file_cut_to(f, at);
    } else {
        file_put(f, at, bytes, len);
    }
}

/* Back to what was synced. The changes are still there. */
static void file_undo(struct file *f)
{
    for (size_t i = f->changes_count; i-- > 0;) {
        const struct change *c = f->changes[i];
        file_cut_to(f, c->file_len);
        if (c->old_len) {
            memcpy(f->bytes + c->at, c->bytes + c->len, c->old_len);
        }
    }
}

/* Does a change again, whole. */
static void file_redo(struct file *f, const struct change *c)
{
    if (c->truncates) {
        file_cut_to(f, c->at);
    } else {
        file_put(f, c->at, c->bytes, c->len);
    }
}

/* Does some sectors of a write again, one in eight of those with garbage; a truncation perhaps. */
static void file_redo_torn(struct file *f, const struct change *c)
{
    struct rng *rng = &f->disk->rng;
    if (c->truncates && rng_below(rng, 2)) {
        file_cut_to(f, c->at);
    }
    for (size_t done = 0, len; done < c->len; done += len) {
        len = SECTOR - (c->at + done) % SECTOR;
        len = len < c->len - done ? len : c->len - done;
        if (rng_below(rng, 2)) {
            file_put(f, c->at + done, c->bytes + done, len);
            if (rng_below(rng, 8) == 0) {
                rng_fill(rng, f->bytes + c->at + done, len);
            }
        }
    }
}

/* What a power cut leaves of a file. */
static void file_lose(struct file *f)
{
    enum { NONE, ALL, FIRST, SOME, SECTORS, STYLES };
    struct rng *rng = &f->disk->rng;
    uint64_t style = rng_below(rng, STYLES);
    file_undo(f);
    for (size_t i = 0; i < f->changes_count && style != NONE; i++) {
        const struct change *c = f->changes[i];
        if (style == FIRST && rng_below(rng, 4) == 0) {
            file_redo_torn(f, c);
            break;
        }
        if (style == SECTORS || (style == SOME && rng_below(rng, 8) == 0)) {
            file_redo_torn(f, c);
        } else if (style != SOME || rng_below(rng, 2)) {
            file_redo(f, c);
        }
    }
    file_forget_changes(f);
}

/* ---- power ------------------------------------------------------------------------------------------------------- */

void disk_kill(struct disk *disk)
{
    disk->life++;
    disk->off = true;
}

/* The folder is synced: what was made is there for good, what was deleted isn't. */
static void sync_names(struct disk *disk)
{
    for (struct file *f = disk->files, *next; f; f = next) {
        next = f->next;
        f->lasts = true;
        if (f->deleted) {
            file_drop(f);
        }
    }
}

void disk_cut(struct disk *disk)
{
    for (struct file *f = disk->files, *next; f; f = next) {
        next = f->next;
        file_lose(f);
        bool stays = f->lasts || rng_below(&disk->rng, 2);
        if (f->deleted) {
            stays = stays && !file_find(disk, f->name) && rng_below(&disk->rng, 2);
            f->deleted = false;
        }
        if (!stays) {
            file_drop(f);
        }
    }
    sync_names(disk);
    disk_kill(disk);
}

void disk_start(struct disk *disk)
{
    disk->off = false;
    disk_fault(disk, DISK_WORKS, 0, false);
    disk_cut_if(disk, NULL, NULL);
}

bool disk_is_off(const struct disk *disk)
{
    return disk->off;
}

/* ---- faults ------------------------------------------------------------------------------------------------------ */

void disk_fault(struct disk *disk, enum disk_fault fault, uint64_t at, bool lasting)
{
    disk->fault = at ? fault : DISK_WORKS;
    disk->fault_at = at;
    disk->fault_lasts = lasting;
    disk->calls = disk->changes = disk->faults = 0;
}

void disk_cut_if(struct disk *disk, bool (*cuts)(void *), void *context)
{
    disk->cuts = cuts;
    disk->cuts_context = context;
}

void disk_pause(struct disk *disk, bool pauses)
{
    disk->pauses = pauses;
}

uint64_t disk_calls(const struct disk *disk)
{
    return disk->calls;
}

uint64_t disk_changes(const struct disk *disk)
{
    return disk->changes;
}

uint64_t disk_faults(const struct disk *disk)
{
    return disk->faults;
}

enum call { CALL_LOOK, CALL_WRITE, CALL_OTHER_CHANGE };

/* Counts a call; false if it isn't to be done and *rc says why. A power cut is up to the caller, once it is done. */
static bool call(struct disk *disk, enum call kind, int error, int *rc)
{
    bool changes = kind != CALL_LOOK;
    if (disk->off) {
        *rc = error;
        return false;
    }
    if (disk->pauses) {
        return true;
    }
    disk->calls++;
    disk->changes += changes;
    uint64_t number = disk->fault == DISK_FAILS ? disk->calls : disk->changes;
    bool due = number == disk->fault_at || (disk->fault_lasts && number > disk->fault_at);
    if (disk->fault == DISK_FAILS && due) {
        *rc = error;
    } else if (disk->fault == DISK_FULL && due && kind == CALL_WRITE) {
        *rc = SQLITE_FULL;
    } else {
        return true;
    }
    disk->faults++;
    return false;
}

/* A change is done: does the power go with it? */
static int changed(struct disk *disk, int error)
{
    bool due = disk->fault == DISK_CUT && disk->changes == disk->fault_at;
    if (!disk->pauses && (due || (disk->cuts && disk->cuts(disk->cuts_context)))) {
        disk->faults++;
        disk_cut(disk);
        return error;
    }
    return SQLITE_OK;
}

/* ---- SQLite's side: files ---------------------------------------------------------------------------------------- */

/* The file behind a handle, if the program that opened it still lives. */
static struct file *live(sqlite3_file *p)
{
    struct handle *h = (struct handle *)(void *)p;
    return h->life == h->file->disk->life ? h->file : NULL;
}

static int on_close(sqlite3_file *p)
{
    struct file *f = ((struct handle *)(void *)p)->file;
    f->users--;
    if (f->gone && f->users == 0) {
        file_free(f);
    }
    return SQLITE_OK;
}

static int on_read(sqlite3_file *p, void *out, int len, sqlite3_int64 at)
{
    struct file *f = live(p);
    int rc = SQLITE_IOERR_READ;
    if (!f || !call(f->disk, CALL_LOOK, SQLITE_IOERR_READ, &rc)) {
        return rc;
    }
    size_t want = (size_t)len, from = (size_t)at;
    size_t there = from < f->len ? f->len - from : 0;
    there = there < want ? there : want;
    memset(out, 0, want);
    if (there) {
        memcpy(out, f->bytes + from, there);
    }
    return there < want ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int on_write(sqlite3_file *p, const void *bytes, int len, sqlite3_int64 at)
{
    struct file *f = live(p);
    int rc = SQLITE_IOERR_WRITE;
    if (!f || !call(f->disk, CALL_WRITE, SQLITE_IOERR_WRITE, &rc)) {
        return rc;
    }
    file_change(f, (size_t)at, bytes, (size_t)len, false);
    return changed(f->disk, SQLITE_IOERR_WRITE);
}

static int on_truncate(sqlite3_file *p, sqlite3_int64 len)
{
    struct file *f = live(p);
    int rc = SQLITE_IOERR_TRUNCATE;
    if (!f || !call(f->disk, CALL_OTHER_CHANGE, SQLITE_IOERR_TRUNCATE, &rc)) {
        return rc;
    }
    if ((size_t)len < f->len) {
        file_change(f, (size_t)len, NULL, 0, true);
    }
    return changed(f->disk, SQLITE_IOERR_TRUNCATE);
}

/* A cut comes while it syncs, so before it is done. */
static int on_sync(sqlite3_file *p, int flags)
{
    struct file *f = live(p);
    int rc = SQLITE_IOERR_FSYNC;
    (void)flags;
    if (!f || !call(f->disk, CALL_OTHER_CHANGE, SQLITE_IOERR_FSYNC, &rc)) {
        return rc;
    }
    rc = changed(f->disk, SQLITE_IOERR_FSYNC);
    if (rc == SQLITE_OK) {
        struct handle *h = (struct handle *)(void *)p;
        file_forget_changes(f);
        if (h->syncs_names) {
            sync_names(f->disk);
            h->syncs_names = false;
        }
    }
    return rc;
}

static int on_size(sqlite3_file *p, sqlite3_int64 *len)
{
    struct file *f = live(p);
    int rc = SQLITE_IOERR_FSTAT;
    if (!f || !call(f->disk, CALL_LOOK, SQLITE_IOERR_FSTAT, &rc)) {
        return rc;
    }
    *len = (sqlite3_int64)f->len;
    return SQLITE_OK;
}

static int on_lock(sqlite3_file *p, int kind)
{
    (void)p;
    (void)kind;
    return SQLITE_OK;
}

static int on_reserved(sqlite3_file *p, int *out)
{
    (void)p;
    *out = 0;
    return SQLITE_OK;
}

static int on_control(sqlite3_file *p, int op, void *arg)
{
    (void)p;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int on_sector(sqlite3_file *p)
{
    (void)p;
    return SECTOR;
}

static int on_traits(sqlite3_file *p)
{
    (void)p;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_lock,
    .xCheckReservedLock = on_reserved,
    .xFileControl = on_control,
    .xSectorSize = on_sector,
    .xDeviceCharacteristics = on_traits,
};

/* ---- SQLite's side: the folder ----------------------------------------------------------------------------------- */

static int on_open(sqlite3_vfs *v, const char *name, sqlite3_file *p, int flags, int *out)
{
    static const int journals =
        SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL | SQLITE_OPEN_SUPER_JOURNAL;
    struct disk *disk = v->pAppData;
    struct handle *h = (struct handle *)(void *)p;
    int rc = SQLITE_CANTOPEN;
    h->base.pMethods = NULL;
    struct file *f = name ? file_find(disk, name) : NULL;
    bool makes = name && !f && flags & SQLITE_OPEN_CREATE;
    if (!call(disk, makes ? CALL_OTHER_CHANGE : CALL_LOOK, SQLITE_CANTOPEN, &rc)) {
        return rc;
    }
    if (makes) {
        f = file_make(disk, name);
        rc = changed(disk, SQLITE_CANTOPEN);
        if (rc != SQLITE_OK) {
            return rc;
        }
    }
    if (!f) {
        return SQLITE_CANTOPEN;
    }
    f->users++;
    *h = (struct handle){{&methods}, f, disk->life, makes && flags & journals};
    if (out) {
        *out = flags;
    }
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *v, const char *name, int sync)
{
    struct disk *disk = v->pAppData;
    int rc = SQLITE_IOERR_DELETE;
    if (!call(disk, CALL_OTHER_CHANGE, SQLITE_IOERR_DELETE, &rc)) {
        return rc;
    }
    struct file *f = file_find(disk, name);
    if (!f) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    f->deleted = true;
    rc = changed(disk, SQLITE_IOERR_DELETE);
    if (rc == SQLITE_OK && sync) {
        sync_names(disk);
    }
    return rc;
}

static int on_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    struct disk *disk = v->pAppData;
    int rc = SQLITE_IOERR_ACCESS;
    if (!call(disk, CALL_LOOK, SQLITE_IOERR_ACCESS, &rc)) {
        return rc;
    }
    const struct file *f = file_find(disk, name);
    *out = f &&
           (flags != SQLITE_ACCESS_EXISTS || f->len > 0); /* SQLite on Linux: an empty one isn't */
    return SQLITE_OK;
}

static int on_path(sqlite3_vfs *v, const char *name, int len, char *out)
{
    (void)v;
    sqlite3_snprintf(len, out, "%s", name);
    return SQLITE_OK;
}

static int on_random(sqlite3_vfs *v, int len, char *out)
{
    struct disk *disk = v->pAppData;
    rng_fill(&disk->rng, out, (size_t)len);
    return len;
}

static int on_sleep(sqlite3_vfs *v, int us)
{
    (void)v;
    return us;
}

static int on_time(sqlite3_vfs *v, double *days)
{
    (void)v;
    *days = 2460000;
    return SQLITE_OK;
}

/* ---- life -------------------------------------------------------------------------------------------------------- */

static void reseed(struct disk *disk, uint64_t seed)
{
    uint8_t bytes[32] = {'d', 'i', 's', 'k'};
    put_big_endian(bytes + 8, 8, seed);
    rng_seed(&disk->rng, bytes);
}

struct disk *disk_new(uint64_t seed)
{
    struct disk *disk = must(calloc(1, sizeof(*disk)));
    disk->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = sizeof(struct handle),
        .mxPathname = NAME_ROOM - 1,
        .zName = disk->vfs_name,
        .pAppData = disk,
        .xOpen = on_open,
        .xDelete = on_delete,
        .xAccess = on_access,
        .xFullPathname = on_path,
        .xRandomness = on_random,
        .xSleep = on_sleep,
        .xCurrentTime = on_time,
    };
    /* an address is a name that no other has */
    sqlite3_snprintf(sizeof(disk->vfs_name), disk->vfs_name, "disk-%p", (void *)disk);
    reseed(disk, seed);
    if (sqlite3_vfs_register(&disk->vfs, 0) != SQLITE_OK) {
        abort();
    }
    return disk;
}

static void empty(struct disk *disk)
{
    while (disk->files) {
        file_drop(disk->files);
    }
}

static void copy(struct disk *to, const struct disk *from)
{
    for (const struct file *f = from->files; f; f = f->next) {
        if (!f->deleted) {
            disk_put(to, f->name, slice_of(f->bytes, f->len));
        }
    }
}

struct disk *disk_clone(const struct disk *disk, uint64_t seed)
{
    struct disk *clone = disk_new(seed);
    copy(clone, disk);
    return clone;
}

struct disk *disk_rest(const struct disk *disk, uint64_t seed)
{
    struct disk *rest = disk_new(seed);
    for (const struct file *f = disk->files; f; f = f->next) {
        struct file *to = file_make(rest, f->name);
        file_put(to, 0, f->bytes, f->len);
        to->lasts = f->lasts;
        to->deleted = f->deleted;
        to->changes_count = to->changes_room = f->changes_count;
        to->changes = must(calloc(f->changes_count + 1, sizeof(struct change *)));
        for (size_t i = 0; i < f->changes_count; i++) {
            size_t len = sizeof(struct change) + f->changes[i]->len + f->changes[i]->old_len;
            to->changes[i] = must(malloc(len));
            memcpy(to->changes[i], f->changes[i], len);
        }
    }
    disk_cut(rest);
    disk_start(rest);
    return rest;
}

void disk_restore(struct disk *disk, const struct disk *from)
{
    empty(disk);
    copy(disk, from);
}

void disk_free(struct disk **disk_p)
{
    struct disk *disk = *disk_p;
    if (disk) {
        sqlite3_vfs_unregister(&disk->vfs);
        empty(disk);
        free(disk);
        *disk_p = NULL;
    }
}

const char *disk_vfs(const struct disk *disk)
{
    return disk->vfs_name;
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

const char *disk_file(const struct disk *disk, uint32_t i)
{
    for (const struct file *f = disk->files; f; f = f->next) {
        if (!f->deleted && i-- == 0) {
            return f->name;
        }
    }
    return NULL;
}

uint8_t *disk_bytes(struct disk *disk, const char *name, size_t *len)
{
    struct file *f = file_find(disk, name);
    *len = f ? f->len : 0;
    return f ? f->bytes : NULL;
}

static bool bytes_hold(const uint8_t *bytes, size_t len, struct slice what)
{
    while (len >= what.len) {
        const uint8_t *at = memchr(bytes, what.at[0], len - what.len + 1);
        if (!at) {
            return false;
        }
        if (memcmp(at, what.at, what.len) == 0) {
            return true;
        }
        len -= (size_t)(at + 1 - bytes);
        bytes = at + 1;
    }
    return false;
}

/* Once as written, then after each step back to what was synced. */
static bool file_holds(const struct file *f, struct slice what)
{
    struct file past = *f;
    bool holds = bytes_hold(f->bytes, f->len, what);
    if (holds || f->changes_count == 0) {
        return holds;
    }
    past.bytes = must(calloc(1, f->room));
    memcpy(past.bytes, f->bytes, f->len);
    while (!holds && past.changes_count > 0) {
        struct file step = past;
        step.changes = past.changes + past.changes_count - 1;
        step.changes_count = 1;
        file_undo(&step);
        past.bytes = step.bytes;
        past.len = step.len;
        past.room = step.room;
        past.changes_count--;
        holds = bytes_hold(past.bytes, past.len, what);
    }
    free(past.bytes);
    return holds;
}

bool disk_holds(const struct disk *disk, struct slice what)
{
    for (const struct file *f = disk->files; f; f = f->next) {
        if (file_holds(f, what)) {
            return true;
        }
    }
    return false;
}

/* ---- the shell's ------------------------------------------------------------------------------------------------- */

void disk_put(struct disk *disk, const char *name, struct slice bytes)
{
    struct file *f = file_find(disk, name);
    f = f ? f : file_make(disk, name);
    file_cut_to(f, 0);
    if (bytes.len) {
        file_put(f, 0, bytes.at, bytes.len);
    }
    file_forget_changes(f);
    f->lasts = true;
}

void disk_remove(struct disk *disk, const char *name)
{
    struct file *f = file_find(disk, name);
    if (f) {
        file_drop(f);
    }
}

void disk_rename(struct disk *disk, const char *from, const char *to)
{
    struct file *f = file_find(disk, from), *old = file_find(disk, to);
    if (!f || f == old) {
        return;
    }
    if (old) {
        old->deleted = true;
    }
    sqlite3_snprintf(sizeof(f->name), f->name, "%s", to);
    sync_names(disk);
}

void disk_chance(int seed)
{
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed, NULL);
}
