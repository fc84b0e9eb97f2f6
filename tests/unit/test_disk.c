/* The disk in memory that other tests cut the power of: it repeats, loses only what wasn't synced, and fails when told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "disk.h"
#include "keys.h"

enum { ROWS = 30 };

static sqlite3 *open_on(struct disk *disk, const char *pragmas)
{
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    assert_int_equal(sqlite3_open_v2("x.db", &db, flags, disk_vfs(disk)), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY", NULL, NULL, NULL);
    sqlite3_exec(db, pragmas, NULL, NULL, NULL);
    sqlite3_exec(db, "CREATE TABLE IF NOT EXISTS t (i INTEGER PRIMARY KEY, b BLOB)", NULL, NULL,
                 NULL);
    return db;
}

/* Rows until one fails; returns how many were said to be saved. */
static int write_rows(sqlite3 *db, int first, int count)
{
    char sql[96];
    for (int i = 0; i < count; i++) {
        sqlite3_snprintf(sizeof(sql), sql, "INSERT INTO t VALUES (%d, zeroblob(900))", first + i);
        if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
            return i;
        }
    }
    return count;
}

/* -1: what is there can't be read. */
static int count_rows(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    int count = -1;
    if (sqlite3_prepare_v2(db, "SELECT count(b) FROM t", -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        count = sqlite3_column_int(stmt, 0);
    }
    sqlite3_finalize(stmt);
    return count;
}

static const char full[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;";
static const char normal[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;";
static const char off[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;";

static struct disk *cut_under(const char *pragmas, uint64_t seed, int *saved, int *left)
{
    struct disk *disk = disk_new(seed);
    disk_chance((int)seed + 1);
    sqlite3 *db = open_on(disk, pragmas);
    disk_fault(disk, DISK_CUT, 10 + seed % 80, false);
    *saved = write_rows(db, 0, ROWS);
    if (!disk_is_off(disk)) {
        disk_cut(disk);
    }
    sqlite3_close(db);
    disk_start(disk);
    db = open_on(disk, pragmas);
    *left = count_rows(db);
    sqlite3_close(db);
    return disk;
}

static void only_what_is_synced_outlasts_a_cut(void **state)
{
    static const char *const modes[] = {full, normal, off};
    uint32_t lost[3] = {0}, broken[3] = {0};
    (void)state;
    for (int mode = 0; mode < 3; mode++) {
        for (uint64_t seed = 0; seed < 200; seed++) {
            int saved = 0, left = 0;
            struct disk *disk = cut_under(modes[mode], seed, &saved, &left);
            lost[mode] += left < saved;
            broken[mode] += left < 0;
            disk_free(&disk);
        }
    }
    assert_int_equal(lost[0], 0);
    assert_int_equal(broken[1], 0);
    assert_true(lost[1] > 20);
    assert_true(broken[2] > 0 || lost[2] > 20);
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
    int saved[2], left[2];
    size_t len[2];
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct disk *a = cut_under(normal, seed, &saved[0], &left[0]);
        struct disk *b = cut_under(normal, seed, &saved[1], &left[1]);
        const uint8_t *bytes_a = disk_bytes(a, "x.db", &len[0]);
        const uint8_t *bytes_b = disk_bytes(b, "x.db", &len[1]);
        assert_int_equal(saved[0], saved[1]);
        assert_int_equal(left[0], left[1]);
        assert_int_equal(len[0], len[1]);
        assert_memory_equal(bytes_a, bytes_b, len[0]);
        disk_free(&a);
        disk_free(&b);
    }
}

static void a_killed_program_leaves_what_it_wrote(void **state)
{
    (void)state;
    struct disk *disk = disk_new(1);
    sqlite3 *db = open_on(disk, normal);
    assert_int_equal(write_rows(db, 0, 5), 5);
    disk_kill(disk);
    assert_int_equal(write_rows(db, 5, 1), 0);
    disk_start(disk);
    assert_int_equal(write_rows(db, 6, 1), 0); /* the dead one stays dead */
    sqlite3 *again = open_on(disk, normal);
    sqlite3_close(db);
    assert_int_equal(count_rows(again), 5);
    sqlite3_close(again);
    disk_free(&disk);
}

static void a_fault_comes_once_or_from_then_on(void **state)
{
    (void)state;
    struct disk *disk = disk_new(1);
    sqlite3 *db = open_on(disk, full);
    disk_fault(disk, DISK_FULL, 1, false);
    assert_int_equal(write_rows(db, 0, 1), 0);
    assert_int_equal(sqlite3_errcode(db), SQLITE_FULL);
    assert_int_equal(write_rows(db, 0, 1), 1);
    assert_int_equal(disk_faults(disk), 1);
    disk_fault(disk, DISK_FAILS, 1, true);
    assert_int_equal(write_rows(db, 1, 1), 0);
    assert_int_equal(write_rows(db, 1, 1), 0);
    assert_true(disk_faults(disk) > 1);
    disk_fault(disk, DISK_WORKS, 0, false);
    assert_int_equal(write_rows(db, 1, 1), 1);
    assert_int_equal(count_rows(db), 2);
    sqlite3_close(db);
    disk_free(&disk);
}

static void a_clone_goes_its_own_way_and_can_be_put_back(void **state)
{
    (void)state;
    struct disk *disk = disk_new(1);
    sqlite3 *db = open_on(disk, full);
    write_rows(db, 0, 3);
    struct disk *earlier = disk_clone(disk, 2);
    write_rows(db, 3, 4);
    assert_int_equal(count_rows(db), 7);
    sqlite3 *other = open_on(earlier, full);
    assert_int_equal(count_rows(other), 3);
    disk_kill(earlier);
    sqlite3_close(other);
    disk_kill(disk);
    disk_restore(disk, earlier);
    disk_start(disk);
    sqlite3_close(db);
    db = open_on(disk, full);
    assert_int_equal(count_rows(db), 3);
    sqlite3_close(db);
    disk_free(&disk);
    disk_free(&earlier);
}

static void all_bytes_are_searched_also_those_that_a_cut_brings_back(void **state)
{
    static const char secret[] = "canary-7Qx9";
    static const char erase[] = "PRAGMA journal_mode=DELETE; PRAGMA secure_delete=ON;"
                                "PRAGMA synchronous=OFF; DELETE FROM t;";
    (void)state;
    struct disk *disk = disk_new(1);
    sqlite3 *db = open_on(disk, "PRAGMA journal_mode=DELETE");
    disk_put(disk, "note", slice_str("a canary-7Qx"));
    assert_false(disk_holds(disk, slice_str(secret)));
    sqlite3_exec(db, "INSERT INTO t VALUES (1, 'a canary-7Qx9')", NULL, NULL, NULL);
    assert_true(disk_holds(disk, slice_str(secret)));
    sqlite3_exec(db, erase, NULL, NULL, NULL);
    assert_int_equal(count_rows(db), 0);
    assert_true(disk_holds(disk, slice_str(secret)));
    sqlite3_exec(db, "PRAGMA synchronous=FULL; INSERT INTO t VALUES (2, '')", NULL, NULL, NULL);
    assert_false(disk_holds(disk, slice_str(secret)));
    sqlite3_close(db);
    disk_rename(disk, "note", "aside");
    assert_string_equal(disk_file(disk, 0), "x.db");
    assert_string_equal(disk_file(disk, 1), "aside");
    disk_remove(disk, "aside");
    assert_null(disk_file(disk, 1));
    disk_free(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_synced_outlasts_a_cut),
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(a_killed_program_leaves_what_it_wrote),
        cmocka_unit_test(a_fault_comes_once_or_from_then_on),
        cmocka_unit_test(a_clone_goes_its_own_way_and_can_be_put_back),
        cmocka_unit_test(all_bytes_are_searched_also_those_that_a_cut_brings_back),
    };
    if (keys_init() != OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
