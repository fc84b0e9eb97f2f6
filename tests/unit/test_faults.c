/* A lesson in which something fails: every call of a machine's disk, every time the disk is full, every allocation, once and
 * from then on; while it works, starts, recovers, erases, and begins anew what is damaged. Whatever fails, each request is
 * done or refused as a whole, the views stay what the log adds up to, what was said to be done is there, and once all works
 * again so does the machine.
 *
 * Each step is tried in children of the process that stands before it, so that a fault costs that step alone. With FAULTS=all
 * every fault is tried (many minutes). Else every call of the disk fails once; of those that stay, of a full disk, of
 * allocations, and of SQLite's own, of which there are thousands, some are tried; and only gcc's plain build tries more than a
 * sample of all. FAULTS_STEP=n tries only that step. */
#define _GNU_SOURCE
#include <malloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../bombs.h"
#include "../leave.h"
#include "device_inside.h"
#include "room.h"

enum fault { FAULT_DISK, FAULT_FULL, FAULT_MEMORY, FAULT_SQLITE_MEMORY, FAULTS };

static const char *const fault_names[FAULTS] = {"a call of the disk", "no room on the disk",
                                                "an allocation", "an allocation of SQLite"};

/* What the process knows about its memory; one a process, as the functions that the linker puts in for malloc have no
 * other place. */
static struct {
    const struct room *room; /* whose machine 1 has faults */
    enum fault fault;
    uint64_t at, count[FAULTS], failed;
    bool armed, lasting;
    int64_t blocks; /* allocated by the core and not freed */
} memory;

/* What a child tells. */
struct verdict {
    uint64_t count; /* of faults of a kind there could have been */
    uint64_t failed;
    int64_t ops; /* written by the step */
    uint64_t kept;
    char said[600];
};

static struct verdict *verdict;

/* ---- memory that runs out ---------------------------------------------------------------------------------------- */

static bool runs_out(enum fault kind)
{
    if (!memory.armed || !memory.room || memory.room->running != 1) {
        return false;
    }
    uint64_t number = ++memory.count[kind];
    bool due = memory.fault == kind && memory.at &&
               (number == memory.at || (memory.lasting && number > memory.at));
    memory.failed += due;
    return due;
}

/* The core and msgpack-c are linked to these in place of malloc and the like. */
void *scarce_malloc(size_t len);
void *scarce_calloc(size_t count, size_t len);
void *scarce_realloc(void *block, size_t len);
void scarce_free(void *block);

void *scarce_malloc(size_t len)
{
    void *block = runs_out(FAULT_MEMORY) ? NULL : malloc(len);
    memory.blocks += block != NULL;
    return block;
}

void *scarce_calloc(size_t count, size_t len)
{
    void *block = runs_out(FAULT_MEMORY) ? NULL : calloc(count, len);
    memory.blocks += block != NULL;
    return block;
}

void *scarce_realloc(void *block, size_t len)
{
    void *moved = runs_out(FAULT_MEMORY) ? NULL : realloc(block, len);
    memory.blocks += !block && moved;
    return moved;
}

void scarce_free(void *block)
{
    memory.blocks -= block != NULL;
    free(block);
}

/* SQLite wants to know how long a block is: that stands before it. */
enum { BEFORE = 16 };

static void *sqlite_malloc(int len)
{
    uint8_t *block = runs_out(FAULT_SQLITE_MEMORY) ? NULL : malloc((size_t)len + BEFORE);
    if (!block) {
        return NULL;
    }
    memcpy(block, &len, sizeof(len));
    return block + BEFORE;
}

static void sqlite_free(void *block)
{
    free((uint8_t *)block - BEFORE);
}

static void *sqlite_realloc(void *block, int len)
{
    uint8_t *moved = runs_out(FAULT_SQLITE_MEMORY)
                         ? NULL
                         : realloc((uint8_t *)block - BEFORE, (size_t)len + BEFORE);
    if (!moved) {
        return NULL;
    }
    memcpy(moved, &len, sizeof(len));
    return moved + BEFORE;
}

static int sqlite_size(void *block)
{
    int len = 0;
    memcpy(&len, (uint8_t *)block - BEFORE, sizeof(len));
    return len;
}

static int sqlite_roundup(int len)
{
    return (len + 7) & ~7;
}

static int sqlite_init(void *data)
{
    (void)data;
    return SQLITE_OK;
}

static void sqlite_shutdown(void *data)
{
    (void)data;
}

static void arm(struct room *room, enum fault fault, uint64_t at, bool lasting)
{
    static const enum disk_fault disk_faults[FAULTS] = {DISK_FAILS, DISK_FULL, DISK_WORKS,
                                                        DISK_WORKS};
    memory.room = room;
    memory.fault = fault;
    memory.at = at;
    memory.lasting = lasting;
    memory.armed = true;
    memset(memory.count, 0, sizeof(memory.count));
    memory.failed = 0;
    disk_fault(room->m[1].disk, disk_faults[fault], at, lasting);
}

static void pause_faults(struct room *room, bool pauses)
{
    memory.armed = !pauses;
    disk_pause(room->m[1].disk, pauses);
}

/* All works again. Tells how many faults there could have been, and were. */
static void disarm(struct room *room)
{
    struct disk *disk = room->m[1].disk;
    memory.armed = false;
    verdict->count = memory.fault == FAULT_DISK   ? disk_calls(disk)
                     : memory.fault == FAULT_FULL ? disk_changes(disk)
                                                  : memory.count[memory.fault];
    verdict->failed = memory.failed + disk_faults(disk);
    disk_fault(disk, DISK_WORKS, 0, false);
}

/* ---- the lesson -------------------------------------------------------------------------------------------------- */

enum step_kind {
    ASKS,     /* a request at a machine */
    STARTS,   /* machine 1 was killed, and starts */
    SALVAGES, /* so, and its database is damaged */
    MEETS,    /* the cable between both is mended: what each wrote alone goes over */
};

struct step {
    enum step_kind kind;
    int machine;
    const char *words[10]; /* "$": the entry that was noted last */
    int repeats;           /* asked so often before, for nothing */
};

static const char TEACHERS[] = "cobweb item comet lamp domino";
static const char ANA[] = "cobweb item comet";
static const char OTHER[] = "velvet gravy quote";

static const struct step lesson[] = {
    {ASKS, 1, {"hello", "handle", "ana", "passphrase", ANA}, 0},
    {ASKS, 0, {"people.confirm", "person", "ana"}, 0},
    {ASKS, 1, {"start", "name", "bridge", "purpose", "span a metre"}, 0},
    {ASKS, 0, {"join", "jam", "bridge"}, 0},
    {ASKS, 1, {"role.take", "role", "recorder"}, 0},
    {ASKS, 1, {"task.add", "title", "measure the load"}, 0},
    {ASKS, 1, {"task.take", "task", "1"}, 0},
    {ASKS, 1, {"note", "text", "triangles hold best"}, 0},
    {ASKS, 0, {"note", "text", "squares fold"}, 0},
    {ASKS, 1, {"list"}, 0},
    {ASKS, 1, {"show"}, 0},
    {ASKS, 1, {"who"}, 0},
    {ASKS, 1, {"journal"}, 0},
    {ASKS, 1, {"solo", "task", "free-body diagrams"}, 0},
    {ASKS, 1, {"task.add", "title", "draw it", "solo", "!"}, 0},
    {ASKS, 1, {"note", "text", "for me alone"}, 0},
    {ASKS, 1, {"journal", "solo", "!"}, 0},
    {ASKS, 1, {"back"}, 0},
    {ASKS, 1, {"feedback", "person", "lee", "glow", "your drawing", "grow", "the force"}, 0},
    {ASKS, 0, {"feedback", "person", "ana", "glow", "good joints"}, 0},
    {ASKS, 1, {"feedback", "jam", "bridge", "glow", "all of it"}, 0},
    {ASKS, 1, {"inbox"}, 0},
    {ASKS, 1, {"here"}, 0},
    {ASKS, 1, {"role.give", "person", "lee", "role", "recorder"}, 0},
    {ASKS, 1, {"task.done", "task", "1"}, 0},
    {ASKS, 1, {"note", "text", "to be taken back"}, 0},
    {ASKS, 1, {"redact", "entry", "$", "why", "a slip"}, 0},
    {ASKS, 1, {"redact.receipt"}, 0},
    {ASKS, 1, {"jam.set", "purpose", "span two metres"}, 0},
    {ASKS, 1, {"class.seat", "label", "PC 7, window"}, 0},
    {ASKS, 1, {"passphrase", "old", ANA, "new", OTHER}, 0},
    {MEETS, 0, {"note", "text", "alone"}, 40},
    {ASKS, 1, {"status"}, 0},
    {ASKS, 1, {"leave"}, 0},
    {STARTS, 1, {NULL}, 0},
    {ASKS, 1, {"hello", "handle", "ana", "passphrase", OTHER}, 0},
    {ASKS, 1, {"people.forget", "person", "ana", "why", "she asked"}, 0},
    {ASKS, 1, {"bye"}, 0},
    {SALVAGES, 1, {NULL}, 0},
};

enum { STEPS = sizeof(lesson) / sizeof(lesson[0]) };

static char noted[64]; /* the entry that "$" stands for */

static const char *ask_step(struct room *room, const struct step *step)
{
    const char *words[11] = {NULL};
    for (int i = 0; step->words[i]; i++) {
        words[i] = strcmp(step->words[i], "$") == 0 ? noted : step->words[i];
    }
    return room_ask(room, step->machine, words);
}

static struct class *class_on(struct room *room, int i)
{
    return room->m[i].device->classes[0];
}

/* Overwrites a piece of the machine's database, behind the page with the class's secret. */
static void damage(struct room *room, int i)
{
    size_t len = 0;
    uint8_t *bytes = disk_bytes(room->m[i].disk, room_database(room, i), &len);
    assert_true(len > (size_t)24 * 4096);
    memset(bytes + (size_t)20 * 4096, 0xa5, (size_t)4 * 4096);
}

/* What must be so before the step. */
static void prepare(struct room *room, const struct step *step)
{
    if (step->kind == STARTS || step->kind == SALVAGES) {
        if (step->kind == SALVAGES) {
            room_stop(room, 1); /* all is in the database, nothing in its WAL */
            damage(room, 1);
        } else {
            disk_kill(room->m[1].disk);
            room_stop(room, 1);
        }
        disk_start(room->m[1].disk);
    }
    if (step->kind == MEETS) {
        room->cut[0][1] = room->cut[1][0] = true;
        room_run(room, 15000);
        for (int k = 0; k < step->repeats; k++) {
            assert_string_equal(ask_step(room, step), "");
            assert_string_equal(ASK(room, 1, "note", "text", "alone too"), "");
        }
        room->cut[0][1] = room->cut[1][0] = false;
    }
}

/* The step itself; "" or how it was refused. */
static const char *take(struct room *room, const struct step *step)
{
    switch (step->kind) {
    case STARTS:
    case SALVAGES: {
        enum err err = room_try_start(room, 1);
        return err == OK ? "" : err_code(err);
    }
    case MEETS: {
        struct event network = {.kind = EVENT_NETWORK};
        room_turn(room, 0, &network);
        room_turn(room, 1, &network);
        room_run(room, 3000);
        return "";
    }
    default:
        return ask_step(room, step);
    }
}

/* ---- what must be so after a fault ------------------------------------------------------------------------------- */

/* Only in a child: ends it. */
static void __attribute__((format(printf, 1, 2), noreturn)) wrong(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(verdict->said, sizeof(verdict->said), format, args);
    va_end(args);
    leave(1);
}

static int64_t number_of(struct room *room, int i, const char *sql, struct slice blob)
{
    sqlite3_stmt *stmt = NULL;
    int64_t n = -1;
    struct store *store = class_on(room, i)->store;
    stmt = store_query(store, sql);
    if (stmt && sqlite3_bind_parameter_count(stmt) > 0) {
        store_bind(store, stmt, "b", blob);
    }
    if (store_row(store, stmt)) {
        n = sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
    }
    if (n < 0) {
        wrong("the log can't be counted: %s", store_why(store));
    }
    return n;
}

/* What people wrote at machine 1: all but that a feed was opened and who speaks in it. */
static int64_t ops_of(struct room *room)
{
    return number_of(room, 1,
                     "SELECT count(*) FROM entry e JOIN feed f ON f.id=e.feed WHERE f.device=?"
                     " AND e.kind NOT IN (1, 4)",
                     SLICE(room->m[1].id));
}

static bool has_entry(struct room *room, const char *id)
{
    uint8_t ref[16];
    for (size_t i = 0; i < sizeof(ref); i++) {
        unsigned byte = 0;
        if (sscanf(id + 2 * i, "%2x", &byte) != 1) {
            wrong("\"%s\" is no id", id);
        }
        ref[i] = (uint8_t)byte;
    }
    return number_of(room, 1, "SELECT count(*) FROM entry WHERE substr(hash, 1, 16)=?",
                     slice_of(ref, sizeof(ref))) == 1;
}

static bool is_refusal(const char *code)
{
    return strcmp(code, "disk") == 0 || strcmp(code, "disk-full") == 0 ||
           strcmp(code, "no-memory") == 0;
}

static void check_whole(struct room *room)
{
    struct class *class = class_on(room, 1);
    sqlite3_stmt *stmt = store_query(class->store, "PRAGMA integrity_check");
    if (!store_row(class->store, stmt) ||
        strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0) {
        wrong("the database isn't whole");
    }
    sqlite3_reset(stmt);
}

/* The views as they came are the views from zero. */
static void check_views(struct room *room, const char *when)
{
    struct class *class = class_on(room, 1);
    if (store_in_transaction(class->store)) {
        room_run(room, 2000);
    }
    struct hash came = store_digest_views(class->store);
    store_begin(class->store);
    enum err err = replica_refold(class->replica);
    struct hash folded = store_digest_views(class->store);
    store_rollback(class->store);
    if (err != OK || replica_reload(class->replica) != OK) {
        wrong("%s, the log can't be folded: %s", when, err_code(err));
    }
    if (!SAME(came, folded)) {
        wrong("%s, the views aren't what the log adds up to", when);
    }
}

static void check_converged(struct room *room)
{
    char print[2][64], views_of[2][64];
    for (int tries = 0; tries < 60; tries++) {
        for (int i = 0; i < 2; i++) {
            if (*ASK(room, i, "status")) {
                wrong("status says %s", room_error(room, i));
            }
            snprintf(print[i], sizeof(print[i]), "%s", room_text(room, i, "status.fingerprint"));
            snprintf(views_of[i], sizeof(views_of[i]), "%s", room_text(room, i, "status.views"));
        }
        if (strcmp(print[0], print[1]) == 0) {
            if (strcmp(views_of[0], views_of[1]) != 0) {
                wrong("both have the same log and other views");
            }
            return;
        }
        room_run(room, 1000);
    }
    wrong("the machines don't come together again");
}

static uint32_t asides(const struct room *room)
{
    return room->m[1].asides;
}

/* Ends machine 1 in one of three ways, and starts it again. */
static void start_again(struct room *room, uint64_t how)
{
    if (how % 3 == 1) {
        disk_kill(room->m[1].disk);
    } else if (how % 3 == 2) {
        disk_cut(room->m[1].disk);
    }
    room_stop(room, 1);
    disk_start(room->m[1].disk);
    enum err err = room_try_start(room, 1);
    if (err != OK) {
        wrong("it doesn't start again: %s", err_code(err));
    }
}

/* ---- a child ----------------------------------------------------------------------------------------------------- */

struct trial {
    const struct step *step;
    enum fault fault;
    uint64_t at; /* 0: none, to learn how it goes */
    bool lasting;
};

/* The step under the fault, and what depends on how it is answered. True: machine 1 runs. */
static bool try_step(struct room *room, const struct trial *t, char entry[64])
{
    const struct step *step = t->step;
    bool asks = step->kind == ASKS && step->machine == 1;
    int64_t before = asks ? ops_of(room) : 0;
    arm(room, t->fault, t->at, t->lasting);
    char code[64];
    snprintf(code, sizeof(code), "%s", take(room, step));
    pause_faults(room, true);
    int64_t ops = asks && room->m[1].on ? ops_of(room) - before : 0;
    bool done = *code == '\0';
    if (t->at == 0) {
        verdict->ops = ops;
    }
    if (done && asks) {
        snprintf(entry, 64, "%s", room_text(room, 1, "entry"));
    }
    pause_faults(room, false);
    if (room->m[1].on) {
        room_run(room, 1500);
    }
    if (t->lasting && room->m[1].on) {
        const char *list = ASK(room, 1, "list");
        if (*list && !is_refusal(list) && room->m[1].on) {
            wrong("a list afterwards is refused with %s", list);
        }
    }
    disarm(room);
    if (!done && !is_refusal(code) && room->m[1].on) {
        wrong("it is refused with %s", code);
    }
    if (asks && room->m[1].on && ops != (done ? verdict->ops : 0)) {
        wrong("it is %s, and %d ops of %d are there", done ? "done" : "refused", (int)ops,
              (int)verdict->ops);
    }
    if (asks && room->m[1].on && !done) {
        const char *again = take(room, step);
        /* who wants to go is let go, also where the log can't be told */
        bool gone = strcmp(step->words[0], "bye") == 0 && strcmp(again, "signed-out") == 0;
        if (*again && !gone) {
            wrong("once all works, it is refused with %s, as before with %s", again, code);
        }
    }
    return room->m[1].on;
}

static void end_room(struct room *room)
{
    int64_t own = 0;
    memory.room = NULL;
    for (int i = 0; i < room->count; i++) {
        device_close(&room->m[i].device);
    }
    own = memory.blocks;
    if (own != 0) {
        wrong("%d blocks of memory are never freed", (int)own);
    }
    if (sqlite3_memory_used() > 0) {
        wrong("%d bytes of SQLite's memory are never freed", (int)sqlite3_memory_used());
    }
}

static void run_trial(struct room *room, const struct trial *t)
{
    char entry[64] = "";
    bool salvages = t->step->kind == SALVAGES;
    if (!try_step(room, t, entry)) {
        enum err err = room_try_start(room, 1);
        if (err != OK) {
            wrong("once all works, it doesn't start: %s", err_code(err));
        }
    }
    room_run(room, 3000); /* a log that couldn't be read is read again each second */
    check_views(room, "afterwards");
    start_again(room, t->at);
    if (asides(room) != (salvages ? 1 : 0)) {
        wrong("%u databases are set aside", asides(room));
    }
    if (room->m[1].device->classes_count != 1) {
        wrong("it is in %u classes", room->m[1].device->classes_count);
    }
    if (*entry && !has_entry(room, entry)) {
        wrong("what was done is lost");
    }
    check_whole(room);
    check_views(room, "after another start");
    check_converged(room);
    uint64_t kept = (uint64_t)ops_of(room);
    if (t->at == 0) {
        verdict->kept = kept;
    } else if (salvages && kept < verdict->kept) {
        wrong("%u ops are saved, %u could be", (unsigned)kept, (unsigned)verdict->kept);
    }
    end_room(room);
}

/* False: something was wrong; it is said. */
static bool run_child(struct room *room, const struct trial *t)
{
    int status = 0;
    verdict->said[0] = '\0';
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(60);
        signal(SIGABRT, SIG_DFL);
        signal(SIGSEGV, SIG_DFL);
        run_trial(room, t);
        leave(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return true;
    }
    if (WIFSIGNALED(status)) {
        snprintf(verdict->said, sizeof(verdict->said), "it ends with signal %d", WTERMSIG(status));
    }
    print_error("step %d, %s: %s number %u fails%s: %s\n", (int)(t->step - lesson),
                t->step->kind == ASKS ? t->step->words[0] : "start or meeting",
                fault_names[t->fault], (unsigned)t->at, t->lasting ? " and all behind it" : "",
                verdict->said);
    return false;
}

/* ---- the parent -------------------------------------------------------------------------------------------------- */

static struct room *room_of_two(void)
{
    char invite[256];
    struct room *room = room_new(2);
    assert_string_equal(
        ASK(room, 0, "class.create", "name", "Period 3", "handle", "lee", "passphrase", TEACHERS),
        "");
    snprintf(invite, sizeof(invite), "%s", room_text(room, 0, "invite"));
    assert_string_equal(ASK(room, 1, "class.join", "words", invite), "");
    room_run(room, 2000);
    return room;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__clang__)
enum { SAMPLE = 13 };
#else
enum { SAMPLE = 1 };
#endif

/* Faults of a kind in one step, each or every so many; how many were wrong. */
static int try_faults(struct room *room, const struct step *step, enum fault fault, uint64_t every)
{
    bool all = getenv("FAULTS") != NULL;
    struct trial t = {.step = step, .fault = fault};
    int bad = !run_child(room, &t);
    uint64_t count = bad ? 0 : verdict->count;
    for (uint64_t lasting = 0; lasting < 2; lasting++) {
        uint64_t stride = all ? 1 : every * SAMPLE * (lasting ? 3 : 1);
        uint64_t first = 1 + (uint64_t)(step - lesson) % stride;
        for (uint64_t at = first; at <= count; at += stride) {
            t.at = at;
            t.lasting = lasting;
            bad += !run_child(room, &t);
        }
    }
    return bad;
}

static void each_step(enum fault fault, uint64_t every)
{
    int bad = 0;
    const char *only = getenv("FAULTS_STEP");
    struct room *room = room_of_two();
    for (int i = 0; i < STEPS; i++) {
        const struct step *step = &lesson[i];
        prepare(room, step);
        malloc_trim(0); /* once here, or in each child, which would copy what it puts in order */
        if ((!only || atol(only) == i) && (step->machine == 1 || step->kind != ASKS)) {
            bad += try_faults(room, step, fault, every);
        }
        assert_string_equal(take(room, step), "");
        if (step->kind == ASKS && strcmp(step->words[0], "note") == 0) {
            snprintf(noted, sizeof(noted), "%s", room_text(room, step->machine, "entry"));
        }
        room_run(room, 1000);
    }
    room_free(room);
    assert_int_equal(bad, 0);
}

static void every_call_of_the_disk(void **state)
{
    (void)state;
    each_step(FAULT_DISK, 1);
}

static void changes_without_room(void **state)
{
    (void)state;
    each_step(FAULT_FULL, 5);
}

static void allocations(void **state)
{
    (void)state;
    each_step(FAULT_MEMORY, 4);
}

static void allocations_of_sqlite(void **state)
{
    (void)state;
    each_step(FAULT_SQLITE_MEMORY, 197);
}

/* How much memory is asked for while these bytes are opened. */
static uint64_t allocations_of(const struct slice *bytes, enum err *err)
{
    static struct room room = {.running = 1};
    struct doc doc;
    memory.room = &room;
    memory.at = 0;
    memory.count[FAULT_MEMORY] = 0;
    memory.armed = true;
    *err = doc_open(&doc, *bytes, PACK_STRICT);
    memory.armed = false;
    memory.room = NULL;
    if (*err == OK) {
        doc_clear(&doc);
    }
    return memory.count[FAULT_MEMORY];
}

static void bytes_that_claim_to_be_much_take_no_memory(void **state)
{
    (void)state;
    struct slice bombs[BOMBS];
    const struct slice good = slice_of("\x92\x04\x91\x01", 4);
    enum err err = OK;
    bombs_make(bombs);
    assert_true(allocations_of(&good, &err) > 0);
    assert_int_equal(err, OK);
    for (int i = 0; i < BOMBS; i++) {
        assert_int_equal(allocations_of(&bombs[i], &err), 0);
        assert_int_not_equal(err, OK);
    }
}

int main(void)
{
    static sqlite3_mem_methods methods = {
        sqlite_malloc,  sqlite_free, sqlite_realloc,  sqlite_size,
        sqlite_roundup, sqlite_init, sqlite_shutdown, NULL,
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_claim_to_be_much_take_no_memory),
        cmocka_unit_test(every_call_of_the_disk),
        cmocka_unit_test(changes_without_room),
        cmocka_unit_test(allocations),
        cmocka_unit_test(allocations_of_sqlite),
    };
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK || keys_init() != OK) {
        return 1;
    }
    verdict =
        mmap(NULL, sizeof(*verdict), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return verdict == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
