/* A VFS over another that keeps a checksum at the end of each page of a database. */
#include "pages.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* Where a database's first page says how it is made. */
enum { AT_PAGE_SIZE = 16, AT_RESERVE = 20, HEAD_BYTES = 100 };
/* Bytes that the checksum takes at once. */
enum { WORD = 8 };

struct pages {
    sqlite3_vfs vfs; /* known to SQLite by an address in our memory: one for each database */
    sqlite3_vfs *over;
    bool mends;
    char name[32];
    /* Of the checksum: what each byte that leaves it does to the rest, and what that becomes 1, 2, … bytes later. */
    uint64_t steps[WORD][256];
};

/* An open file; the other VFS's own follows it. */
struct paged {
    sqlite3_file base;
    const struct pages *pages;
    bool checks; /* a database whose pages have room for it */
    sqlite3_io_methods methods;
    uint8_t page[PAGE_BYTES]; /* one that is written, with its checksum */
};

static sqlite3_file *inner(sqlite3_file *file)
{
    return (sqlite3_file *)((uint8_t *)file + sizeof(struct paged));
}

/* CRC-64 (of ECMA-182, bits reflected): any 64 bits in a row are noticed, and one wrong bit can be found. */
static void learn_steps(uint64_t steps[WORD][256])
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint64_t sum = byte;
        for (int bit = 0; bit < 8; bit++) {
            sum = sum >> 1 ^ (sum & 1 ? UINT64_C(0xc96c5795d7870f42) : 0);
        }
        steps[0][byte] = sum;
    }
    for (int later = 1; later < WORD; later++) {
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint64_t sum = steps[later - 1][byte];
            steps[later][byte] = steps[0][sum & 0xff] ^ sum >> 8;
        }
    }
}

static uint64_t step(const struct pages *pages, uint64_t sum)
{
    return pages->steps[0][sum & 0xff] ^ sum >> 8;
}

static uint64_t word_at(const uint8_t *b)
{
    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
           (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
           (uint64_t)b[7] << 56;
}

/* The page's place counts: one that was written elsewhere isn't right here. Eight bytes at once: one by one, they were most of
 * what a start cost, which reads every page of all but large databases. */
static uint64_t checksum(const struct pages *pages, const uint8_t *page, sqlite3_int64 at)
{
    const uint64_t(*steps)[256] = pages->steps;
    uint64_t sum = ~(uint64_t)at;
    for (size_t i = 0; i < PAGE_BYTES - PAGES_RESERVE; i += WORD) {
        uint64_t in = sum ^ word_at(page + i);
        sum = steps[7][in & 0xff] ^ steps[6][in >> 8 & 0xff] ^ steps[5][in >> 16 & 0xff] ^
              steps[4][in >> 24 & 0xff] ^ steps[3][in >> 32 & 0xff] ^ steps[2][in >> 40 & 0xff] ^
              steps[1][in >> 48 & 0xff] ^ steps[0][in >> 56];
    }
    return sum;
}

static void write_sum(uint8_t *page, uint64_t sum)
{
    for (size_t i = 0; i < PAGES_RESERVE; i++) {
        page[PAGE_BYTES - PAGES_RESERVE + i] = (uint8_t)(sum >> (8 * i));
    }
}

/* By which bits its checksum isn't what it says: 0 if the page is right. */
static uint64_t wrong_bits(const struct pages *pages, const uint8_t *page, sqlite3_int64 at)
{
    return checksum(pages, page, at) ^ word_at(page + PAGE_BYTES - PAGES_RESERVE);
}

static bool is_page(int len, sqlite3_int64 at)
{
    return len == PAGE_BYTES && at % PAGE_BYTES == 0;
}

/* What the head of the first page says, whenever it comes by. */
static void learn(struct paged *paged, const uint8_t *head, int len, sqlite3_int64 at)
{
    if (at == 0 && len >= HEAD_BYTES) {
        paged->checks = head[AT_PAGE_SIZE] == PAGE_BYTES >> 8 && head[AT_PAGE_SIZE + 1] == 0 &&
                        head[AT_RESERVE] == PAGES_RESERVE;
    }
}

/* Puts the bit right that makes the page what its checksum says, if one does: what it did to the checksum depends on nothing
 * but how far it stands from the end. */
static void mend(const struct pages *pages, uint8_t *page, uint64_t wrong)
{
    uint64_t bits[8];
    for (int k = 0; k < 8; k++) {
        bits[k] = pages->steps[0][1 << k];
    }
    for (size_t i = PAGE_BYTES - PAGES_RESERVE; i-- > 0;) {
        for (int k = 0; k < 8; k++) {
            if (bits[k] == wrong) {
                page[i] ^= (uint8_t)(1 << k);
                return;
            }
            bits[k] = step(pages, bits[k]);
        }
    }
}

static int on_mended_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
    const struct pages *pages = ((struct paged *)file)->pages;
    int rc = inner(file)->pMethods->xRead(inner(file), out, len, at);
    uint64_t wrong = rc == SQLITE_OK && is_page(len, at) ? wrong_bits(pages, out, at) : 0;
    if (wrong) {
        mend(pages, out, wrong);
    }
    return rc;
}

static int on_database_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
    struct paged *paged = (struct paged *)file;
    int rc = inner(file)->pMethods->xRead(inner(file), out, len, at);
    if (rc != SQLITE_OK) {
        return rc;
    }
    learn(paged, out, len, at);
    if (!paged->checks || !is_page(len, at) || !wrong_bits(paged->pages, out, at)) {
        return SQLITE_OK;
    }
    rc = inner(file)->pMethods->xRead(inner(file), out, len, at); /* it may come right now */
    return rc != SQLITE_OK || !wrong_bits(paged->pages, out, at) ? rc : SQLITE_CORRUPT;
}

static size_t short_at(const uint8_t *b)
{
    return (size_t)b[0] << 8 | b[1];
}

/* Zeroes what no cell holds between a b-tree page's list of cells and the cells themselves: where cells moved to another page,
 * SQLite leaves them behind there, also with secure_delete, and what is erased later would stay. No other page of a database
 * without auto_vacuum starts with such a byte: that would be a page number above 33 million. SQLite's "Database File
 * Format", 1.6. */
static void clear_gap(uint8_t *page, sqlite3_int64 at)
{
    enum { INDEX_INNER = 2, TABLE_INNER = 5, INDEX_LEAF = 10, TABLE_LEAF = 13 };
    const uint8_t *head = page + (at == 0 ? HEAD_BYTES : 0);
    bool inner_page = head[0] == INDEX_INNER || head[0] == TABLE_INNER;
    if (!inner_page && head[0] != INDEX_LEAF && head[0] != TABLE_LEAF) {
        return;
    }
    size_t from = (size_t)(head - page) + (inner_page ? 12 : 8) + 2 * short_at(head + 3);
    size_t end = short_at(head + 5);
    if (from < end && end <= PAGE_BYTES - PAGES_RESERVE) {
        memset(page + from, 0, end - from);
    }
}

static int on_database_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    struct paged *paged = (struct paged *)file;
    learn(paged, bytes, len, at);
    if (paged->checks && is_page(len, at)) {
        memcpy(paged->page, bytes, PAGE_BYTES - PAGES_RESERVE);
        clear_gap(paged->page, at);
        write_sum(paged->page, checksum(paged->pages, paged->page, at));
        bytes = paged->page;
    }
    return inner(file)->pMethods->xWrite(inner(file), bytes, len, at);
}

static int on_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
    return inner(file)->pMethods->xRead(inner(file), out, len, at);
}

static int on_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    return inner(file)->pMethods->xWrite(inner(file), bytes, len, at);
}

static int on_close(sqlite3_file *file)
{
    return inner(file)->pMethods->xClose(inner(file));
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 len)
{
    return inner(file)->pMethods->xTruncate(inner(file), len);
}

static int on_sync(sqlite3_file *file, int flags)
{
    return inner(file)->pMethods->xSync(inner(file), flags);
}

static int on_size(sqlite3_file *file, sqlite3_int64 *out)
{
    return inner(file)->pMethods->xFileSize(inner(file), out);
}

static int on_lock(sqlite3_file *file, int lock)
{
    return inner(file)->pMethods->xLock(inner(file), lock);
}

static int on_unlock(sqlite3_file *file, int lock)
{
    return inner(file)->pMethods->xUnlock(inner(file), lock);
}

static int on_reserved(sqlite3_file *file, int *out)
{
    return inner(file)->pMethods->xCheckReservedLock(inner(file), out);
}

static int on_control(sqlite3_file *file, int op, void *arg)
{
    return inner(file)->pMethods->xFileControl(inner(file), op, arg);
}

static int on_sector(sqlite3_file *file)
{
    return inner(file)->pMethods->xSectorSize(inner(file));
}

static int on_traits(sqlite3_file *file)
{
    return inner(file)->pMethods->xDeviceCharacteristics(inner(file));
}

static int on_open(sqlite3_vfs *v, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct pages *pages = v->pAppData;
    struct paged *paged = (struct paged *)file;
    bool database = flags & SQLITE_OPEN_MAIN_DB;
    memset(paged, 0, sizeof(*paged));
    paged->pages = pages;
    int rc = pages->over->xOpen(pages->over, name, inner(file), flags, out);
    if (inner(file)
            ->pMethods) { /* version 1: no shared memory and no mapped files, both of which go past us */
        paged->methods = (sqlite3_io_methods){
            .iVersion = 1,
            .xClose = on_close,
            .xRead = !database      ? on_read
                     : pages->mends ? on_mended_read
                                    : on_database_read,
            .xWrite = database ? on_database_write : on_write,
            .xTruncate = on_truncate,
            .xSync = on_sync,
            .xFileSize = on_size,
            .xLock = on_lock,
            .xUnlock = on_unlock,
            .xCheckReservedLock = on_reserved,
            .xFileControl = on_control,
            .xSectorSize = on_sector,
            .xDeviceCharacteristics = on_traits,
        };
        paged->base.pMethods = &paged->methods;
    }
    return rc;
}

static int on_delete(sqlite3_vfs *v, const char *name, int sync)
{
    sqlite3_vfs *over = ((struct pages *)v->pAppData)->over;
    return over->xDelete(over, name, sync);
}

static int on_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    sqlite3_vfs *over = ((struct pages *)v->pAppData)->over;
    return over->xAccess(over, name, flags, out);
}

static int on_path(sqlite3_vfs *v, const char *name, int len, char *out)
{
    sqlite3_vfs *over = ((struct pages *)v->pAppData)->over;
    return over->xFullPathname(over, name, len, out);
}

static int on_random(sqlite3_vfs *v, int len, char *out)
{
    sqlite3_vfs *over = ((struct pages *)v->pAppData)->over;
    return over->xRandomness(over, len, out);
}

static int on_sleep(sqlite3_vfs *v, int us)
{
    sqlite3_vfs *over = ((struct pages *)v->pAppData)->over;
    return over->xSleep(over, us);
}

static int on_time(sqlite3_vfs *v, double *days)
{
    sqlite3_vfs *over = ((struct pages *)v->pAppData)->over;
    return over->xCurrentTime(over, days);
}

static int on_last_error(sqlite3_vfs *v, int len, char *out)
{
    sqlite3_vfs *over = ((struct pages *)v->pAppData)->over;
    return over->xGetLastError ? over->xGetLastError(over, len, out) : 0;
}

enum err pages_open(const char *over, bool mends, struct pages **out)
{
    sqlite3_vfs *found = sqlite3_vfs_find(over);
    struct pages *pages = found ? calloc(1, sizeof(*pages)) : NULL;
    if (!pages) {
        return found ? ERR_NOMEM : ERR_DISK;
    }
    sqlite3_snprintf(sizeof(pages->name), pages->name, "jam-%p", (void *)pages);
    pages->over = found;
    pages->mends = mends;
    learn_steps(pages->steps);
    pages->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct paged) + found->szOsFile,
        .mxPathname = found->mxPathname,
        .zName = pages->name,
        .pAppData = pages,
        .xOpen = on_open,
        .xDelete = on_delete,
        .xAccess = on_access,
        .xFullPathname = on_path,
        .xRandomness = on_random,
        .xSleep = on_sleep,
        .xCurrentTime = on_time,
        .xGetLastError = on_last_error,
    };
    if (sqlite3_vfs_register(&pages->vfs, 0) != SQLITE_OK) {
        free(pages);
        return ERR_NOMEM;
    }
    *out = pages;
    return OK;
}

const char *pages_vfs(const struct pages *pages)
{
    return pages->name;
}

void pages_close(struct pages **pages_p)
{
    if (*pages_p) {
        sqlite3_vfs_unregister(&(*pages_p)->vfs);
        free(*pages_p);
        *pages_p = NULL;
    }
}
