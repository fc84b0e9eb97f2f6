/* The power goes at every write of twenty short histories of a whole machine: what was said to be done is there when it is back,
 * what was erased isn't, and the views are what the log adds up to. For each fourth it goes once more, while the machine starts.
 * Each cut is made in a child of the process that stands before the history. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

/* The same for the same number. Ends where the power went. */
static void live(struct room *room, uint8_t history, struct done *done)
{
    struct rng rng;
    uint8_t seed[32] = {9, history};
    char noted[64] = "";
    memset(done, 0, sizeof(*done));
    rng_seed(&rng, seed);
    for (int i = 0; i < ACTS && !disk_is_off(room->m[0].disk); i++) {
        act(room, acts[rng_below(&rng, sizeof(acts) / sizeof(acts[0]))], noted, done);
    }
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

/* In a child: one history, cut at this write, and in its start at that one (0: not). */
static void cut_once(struct room *room, uint8_t history, uint64_t at, uint64_t again)
{
    struct done done;
    struct disk *disk = room->m[0].disk;
    disk_fault(disk, DISK_CUT, at, false);
    live(room, history, &done);
    if (!disk_is_off(disk)) {
        disk_cut(disk);
    }
    room_stop(room, 0);
    disk_start(disk);
    if (again) {
        disk_fault(disk, DISK_CUT, again, false);
        if (room_try_start(room, 0) == OK) {
            room_stop(room, 0);
        }
        if (!disk_is_off(disk)) {
            disk_cut(disk);
        }
        disk_start(disk);
    }
    enum err err = room_try_start(room, 0);
    if (err != OK) {
        wrong("it doesn't start: %s", err_code(err));
    }
    check(room, &done);
}

/* How many writes a history has: counted in a child too. */
static uint64_t count_writes(struct room *room, uint8_t history)
{
    int ends[2];
    uint64_t count = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct done done;
        uint64_t before = disk_changes(room->m[0].disk);
        live(room, history, &done);
        count = disk_changes(room->m[0].disk) - before;
        leave(write(ends[1], &count, sizeof(count)) != sizeof(count));
    }
    assert_int_equal(read(ends[0], &count, sizeof(count)), sizeof(count));
    waitpid(pid, NULL, 0);
    close(ends[0]);
    close(ends[1]);
    return count;
}

static void at_every_write_of_twenty_histories(void **state)
{
    (void)state;
    char words[256];
    uint32_t cuts = 0, twice = 0, bad = 0;
    struct room *room = room_new(1);
    room_create(room, 0, "7b", words);
    assert_string_equal(ASK(room, 0, "hello", "handle", "ben"), "");
    assert_string_equal(ASK(room, 0, "bye"), "");
    assert_string_equal(ASK(room, 0, "hello", "handle", "ana"), "");
    assert_string_equal(ASK(room, 0, "start", "name", "bridge"), "");
    room_run(room, 3000);
    for (uint8_t history = 0; history < HISTORIES; history++) {
        uint64_t count = count_writes(room, history);
        for (uint64_t at = 1; at <= count; at++) {
            int status = 0;
            uint64_t again = at % TWICE_EVERY ? 0 : 1 + at / TWICE_EVERY % 12;
            fflush(NULL);
            pid_t pid = fork();
            assert_true(pid >= 0);
            if (pid == 0) {
                cut_once(room, history, at, again);
                leave(0);
            }
            assert_int_equal(waitpid(pid, &status, 0), pid);
            cuts += 1 + (again != 0);
            twice += again != 0;
            if (!WIFEXITED(status) || WEXITSTATUS(status)) {
                print_error("history %u, cut at write %u, then at %u\n", history, (unsigned)at,
                            (unsigned)again);
                bad++;
            }
        }
    }
    print_message("# %u power cuts, %u of them while it starts\n", cuts, twice);
    room_free(room);
    assert_int_equal(bad, 0);
    assert_true(cuts >= CUTS_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_every_write_of_twenty_histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
