/* The power goes at every write of twenty short histories of a whole machine: what was said to be done is there when it is back,
 * what was erased isn't, and the views are what the log adds up to. For each fourth it goes once more, while the machine starts.
 * The process that lives a history stands still at each write, while a child of it has its power cut. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../leave.h"
#include "device_inside.h"
#include "room.h"

enum { HISTORIES = 20, ACTS = 14, CUTS_MIN = 2000, TWICE_EVERY = 4 };

static const char canary[] = "canary-7Qx9";

/* What somebody may do; "$" is the entry of the last note. */
static const char *const acts[][8] = {
    {"note", "text", canary},
    {"note", "text", "a longer note, of more than a few words"},
    {"task.add", "title", "measure the load"},
    {"role.take", "role", "recorder"},
    {"solo", "task", "think"},
    {"back"},
    {"start", "name", "tower"},
    {"join", "jam", "bridge"},
    {"feedback", "person", "ben", "glow", "clear drawing"},
    {"redact", "entry", "$", "why", "it hurt"},
    {"class.seat", "label", "PC 7, window"},
    {"bye"},
    {"hello", "handle", "ana"},
};

/* What a child knows to be done. */
struct done {
    char entries[ACTS][64];
    uint32_t count;
    uint32_t canaries; /* may stand in the log */
};

/* Only in a child: ends it. */
static void __attribute__((format(printf, 1, 2), noreturn)) wrong(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("# ", stderr);
    vfprintf(stderr, format, args);
    fputs("\n", stderr);
    va_end(args);
    leave(1);
}

static void act(struct room *room, const char *const *words, char noted[64], struct done *done)
{
    const char *said[9] = {NULL};
    bool is_note = strcmp(words[0], "note") == 0, erases = strcmp(words[0], "redact") == 0;
    for (int i = 0; i < 8 && words[i]; i++) {
        said[i] = strcmp(words[i], "$") == 0 ? noted : words[i];
    }
    done->canaries += is_note && words[2] == canary;
    if (*room_ask(room, 0, said)) {
        return;
    }
    const char *entry = room_text(room, 0, "entry");
    if (*entry) {
        snprintf(done->entries[done->count++], 64, "%s", entry);
    }
    if (is_note) {
        snprintf(noted, 64, "%s", words[2] == canary ? entry : "");
    }
    done->canaries -= erases;
}

static bool has_entry(struct store *store, const char *id)
{
    sqlite3_stmt *stmt =
        store_query(store, "SELECT count(*) FROM entry WHERE lower(hex(substr(hash, 1, 16)))=?");
    store_bind(store, stmt, "t", slice_str(id));
    return store_number(store, stmt) == 1;
}

static void check(struct room *room, const struct done *done)
{
    struct device *device = room->m[0].device;
    if (device->classes_count != 1 || room->m[0].asides > 0) {
        wrong("it is in %u classes, and %u databases are set aside", device->classes_count,
              room->m[0].asides);
    }
    struct class *class = device->classes[0];
    for (uint32_t i = 0; i < done->count; i++) {
        if (!has_entry(class->store, done->entries[i])) {
            wrong("entry %u of %u is lost", i + 1, done->count);
        }
    }
    if (done->canaries == 0 && disk_holds(room->m[0].disk, slice_str(canary))) {
        wrong("what was erased is there again");
    }
    sqlite3_stmt *stmt = store_query(class->store, "PRAGMA integrity_check");
    if (!store_row(class->store, stmt) || !slice_is(column_slice(stmt, 0), "ok")) {
        wrong("the database isn't whole");
    }
    sqlite3_reset(stmt);
    struct hash before = store_digest_views(class->store);
    if (store_begin(class->store) != OK || replica_refold(class->replica) != OK) {
        wrong("the log can't be folded");
    }
    struct hash after = store_digest_views(class->store);
    if (!SAME(before, after)) {
        wrong("the views aren't what the log adds up to");
    }
}

/* What all children count together. */
struct tally {
    uint32_t cuts, twice, bad;
};

/* What the process that lives a history knows. */
struct history {
    struct room *room;
    struct tally *tally;
    struct done done;
    uint8_t number;
    uint64_t
        again; /* in a child whose power went: the write of its start at which it goes once more; 0: none */
};

/* Does the machine start again with all that was done? */
static void __attribute__((noreturn)) live_on(const struct history *h)
{
    struct disk *disk = h->room->m[0].disk;
    h->room->m[0].device =
        NULL; /* whose power went frees nothing: half of a child's time went into that */
    disk_start(disk);
    if (h->again) {
        disk_fault(disk, DISK_CUT, h->again, false);
        if (room_try_start(h->room, 0) == OK) {
            room_stop(h->room, 0);
        }
        if (!disk_is_off(disk)) {
            disk_cut(disk);
        }
        disk_start(disk);
    }
    enum err err = room_try_start(h->room, 0);
    if (err != OK) {
        wrong("it doesn't start: %s", err_code(err));
    }
    check(h->room, &h->done);
    leave(0);
}

/* After a write: in a child the power goes, here the history goes on. */
static bool cut_in_a_child(void *context)
{
    struct history *h = context;
    int status = 0;
    uint64_t at = disk_changes(h->room->m[0].disk);
    uint64_t again = at % TWICE_EVERY ? 0 : 1 + at / TWICE_EVERY % 12;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        h->again = again;
        return true;
    }
    h->tally->cuts += 1 + (again != 0);
    h->tally->twice += again != 0;
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status)) {
        fprintf(stderr, "# history %u, cut at write %u, then at %u\n", h->number, (unsigned)at,
                (unsigned)again);
        h->tally->bad++;
    }
    return false;
}

/* The same for the same number. Ends where the power went. */
static void __attribute__((noreturn)) live(struct history *h)
{
    struct rng rng;
    uint8_t seed[32] = {9, h->number};
    char noted[64] = "";
    struct disk *disk = h->room->m[0].disk;
    rng_seed(&rng, seed);
    disk_fault(disk, DISK_WORKS, 0, false);
    disk_cut_if(disk, cut_in_a_child, h);
    for (int i = 0; i < ACTS && !disk_is_off(disk); i++) {
        act(h->room, acts[rng_below(&rng, sizeof(acts) / sizeof(acts[0]))], noted, &h->done);
    }
    if (disk_is_off(disk)) {
        live_on(h);
    }
    leave(0);
}

static void at_every_write_of_twenty_histories(void **state)
{
    (void)state;
    char words[256];
    struct tally *tally =
        mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(tally != MAP_FAILED);
    struct room *room = room_new(1);
    room_create(room, 0, "7b", words);
    assert_string_equal(ASK(room, 0, "hello", "handle", "ben"), "");
    assert_string_equal(ASK(room, 0, "bye"), "");
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 0, "start", "name", "bridge"), "");
    room_run(room, 3000);
    for (uint8_t number = 0; number < HISTORIES; number++) {
        int status = 0;
        struct history history = {.room = room, .tally = tally, .number = number};
        fflush(NULL);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            live(&history);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    print_message("# %u power cuts, %u of them while it starts\n", tally->cuts, tally->twice);
    room_free(room);
    assert_int_equal(tally->bad, 0);
    assert_true(tally->cuts >= CUTS_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_every_write_of_twenty_histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
