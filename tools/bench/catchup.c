/* How fast a machine that knows nothing takes in a class: 100,000 entries by 30 authors, each verified, put on the disk and
 * folded into the views. Compared, in the same run, with SQLite alone inserting rows of that size. Prints a table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ages.h"
#include "replica.h"
#include "store.h"

enum { AUTHORS = 30, ROOM = 56 * 1024, GOAL = 50000 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct side {
    struct store *store;
    struct author author;
    struct person_id person; /* signed in here */
    struct rng rng;
    struct replica *replica;
    char path[256];
};

static void die(const char *what)
{
    fprintf(stderr, "catchup: %s\n", what);
    exit(1);
}

static void side_open(struct side *s, const char *folder, int n, const struct class_id *class)
{
    uint8_t seed[32] = {9, (uint8_t)n};
    struct sign_pk pk;
    sign_keypair(seed, &s->author.key, &pk);
    memcpy(s->author.device.b, pk.b, 32);
    rng_seed(&s->rng, seed);
    seed[2] = 1;
    struct sign_key key;
    sign_keypair(seed, &key, &pk);
    s->person = person_id_of(class, &pk);
    if (keyring_put(&s->author.people, &s->person, &key) != OK) {
        die("no room for a key");
    }
    s->author.host = "bench";
    s->author.rng = &s->rng;
    snprintf(s->path, sizeof(s->path), "%s/%d.db", folder, n);
    if (store_open(s->path, NULL, &s->store) != OK ||
        replica_open(s->store, class, &s->author, NULL, &s->replica) != OK) {
        die("can't open a replica");
    }
}

static void side_commit(struct side *s, struct now now)
{
    if (replica_flush(s->replica, now) != OK || store_commit(s->store) != OK) {
        die("can't commit");
    }
}

static void side_close(struct side *s)
{
    replica_close(&s->replica);
    store_close(&s->store);
}

/* What pupils do: mostly notes, some moves and tasks. */
static void random_op(struct rng *rng, struct op *op, const struct person_id *by,
                      const struct ref *jam, bool first)
{
    static const char *const words[] = {"triangles hold best",
                                        "measure the load before we build higher",
                                        "who has the tape?", "the second arch is clean"};
    *op = (struct op){
        .kind = OP_NOTE, .has = FIELD_BY | FIELD_JAM | FIELD_TEXT, .by = *by, .jam = *jam};
    op->text = slice_str(words[rng_below(rng, 4)]);
    uint64_t dice = rng_below(rng, 10);
    if (first) {
        *op = (struct op){
            .kind = OP_JAM, .has = FIELD_BY | FIELD_NAME, .by = *by, .name = slice_str("bridge")};
    } else if (dice == 0) {
        *op = (struct op){.kind = OP_JOIN, .has = FIELD_BY | FIELD_JAM, .by = *by, .jam = *jam};
    } else if (dice == 1) {
        *op = (struct op){.kind = OP_SOLO,
                          .has = FIELD_BY | FIELD_TITLE,
                          .by = *by,
                          .title = slice_str("fractions")};
    } else if (dice == 2) {
        *op = (struct op){.kind = OP_TASK,
                          .has = FIELD_BY | FIELD_JAM | FIELD_TITLE,
                          .by = *by,
                          .jam = *jam,
                          .title = slice_str("measure load")};
    }
}

/* Moves whatever `to` lacks of `from`, as a catch-up does; returns how many entries. */
static uint64_t move(struct side *from, struct side *to, struct now now, uint64_t *bytes)
{
    uint64_t moved = 0;
    struct want wants[WANT_MAX];
    struct heads *heads = replica_heads(from->replica);
    uint32_t count = 0;
    for (uint32_t i = 0; i < heads_count(heads) && count < WANT_MAX; i++) {
        const struct head *head = heads_at(heads, i);
        wants[count++] = (struct want){head->feed, replica_have(to->replica, &head->feed)};
    }
    struct pack p, runs;
    pack_init(&p);
    pack_init(&runs);
    for (bool more = true; more;) {
        uint32_t n = 0;
        size_t credit = CREDIT_BYTES;
        while (more && credit > ROOM) {
            pack_reset(&runs);
            n = 0;
            more = replica_batch(from->replica, wants, count, ROOM, &runs, &n);
            credit -= pack_bytes(&runs).len;
            *bytes += pack_bytes(&runs).len;
            pack_reset(&p);
            pack_runs(&p, 0, n);
            pack_raw(&p, pack_bytes(&runs));
            struct doc doc;
            struct message m;
            if (doc_open(&doc, pack_bytes(&p), PACK_STRICT) != OK ||
                message_read(&doc.root, &m) != OK) {
                die("a message isn't readable");
            }
            for (uint32_t i = 0; i < m.count; i++) {
                struct run run;
                uint32_t applied = 0;
                enum err err = run_read(&m.items[i], &run);
                err = err == OK ? replica_accept(to->replica, &run, now, false, &applied) : err;
                if (err != OK) {
                    die(err_code(err));
                }
                moved += applied;
            }
            doc_clear(&doc);
            if (n == 0) {
                break;
            }
        }
        side_commit(to, now);
    }
    pack_clear(&p);
    pack_clear(&runs);
    return moved;
}

/* 30 authors, each on a machine of its own, write in turns and hear of one another through machine 0. */
static void write_class(struct side *sides, uint64_t entries, struct now now)
{
    struct rng rng;
    uint8_t seed[32] = {3};
    struct ref jam = {{0}};
    uint64_t bytes = 0;
    rng_seed(&rng, seed);
    for (uint64_t written = 0; written < entries;) {
        for (int a = 1; a <= AUTHORS && written < entries; a++) {
            uint64_t burst = 1 + rng_below(&rng, 200);
            for (uint64_t k = 0; k < burst && written < entries; k++, written++) {
                struct op op;
                struct hash id;
                random_op(&rng, &op, &sides[a].person, &jam, written == 0);
                if (replica_append(sides[a].replica, &op, 1, now, &id) != OK) {
                    die("can't append");
                }
                jam = written == 0 ? ref_of(&id) : jam;
            }
            side_commit(&sides[a], now);
            move(&sides[a], &sides[0], now, &bytes);
            int b = 1 + (int)rng_below(&rng, AUTHORS);
            move(&sides[0], &sides[b], now, &bytes);
        }
    }
}

/* SQLite alone: rows of the same size, in transactions as large as ours. */
static double sqlite_alone(const char *folder, uint64_t entries)
{
    char path[256], blob[200];
    struct store *store = NULL;
    memset(blob, 7, sizeof(blob));
    snprintf(path, sizeof(path), "%s/alone.db", folder);
    if (store_open(path, NULL, &store) != OK) {
        die("can't open");
    }
    double start = seconds();
    for (uint64_t i = 0; i < entries; i++) {
        store_begin(store);
        store_do(store,
                 "INSERT INTO entry (feed, seq, lamport, time_ms, hash, payload, kind) VALUES "
                 "(1,?,?,0,?,?,1)",
                 "iibb", (int64_t)i, (int64_t)i, slice_of(&i, 8), slice_of(blob, 120));
        if (i % 4096 == 4095) {
            store_commit(store);
        }
    }
    store_commit(store);
    double took = seconds() - start;
    store_close(&store);
    return (double)entries / took;
}

static double payload_bytes(struct store *store)
{
    sqlite3_stmt *sum = store_query(store, "SELECT sum(length(payload)) FROM entry");
    double bytes = store_row(store, sum) ? sqlite3_column_double(sum, 0) : 0;
    sqlite3_reset(sum);
    return bytes;
}

/* The database of a side that has committed all: its pages, in the file or still in the WAL. */
static double disk_bytes(const struct side *s)
{
    sqlite3_stmt *pages = store_query(
        s->store, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
    double bytes = store_row(s->store, pages) ? sqlite3_column_double(pages, 0) : 0;
    sqlite3_reset(pages);
    return bytes;
}

/* Where it goes: bytes an entry of each table and index that has at least one. */
static void say_tables(struct store *store, double entries)
{
    sqlite3_stmt *tables = store_query(
        store, "SELECT name, sum(pgsize), sum(unused) FROM dbstat GROUP BY name ORDER BY 2 DESC");
    while (store_row(store, tables)) {
        double used = sqlite3_column_double(tables, 1) / entries;
        if (used >= 1) {
            printf("    %-48s %10.1f bytes/entry, %.1f of them free\n",
                   sqlite3_column_text(tables, 0), used,
                   sqlite3_column_double(tables, 2) / entries);
        }
    }
}

/* One figure: a line for people, or an object for programs. A goal of 0 is none; others are lower limits. */
static void say(bool json, const char *what, double value, const char *unit, double goal)
{
    if (json) {
        printf("{\"what\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"}\n", what, value, unit);
        return;
    }
    printf("%-52s %10.*f %-11s", what, value < 1000 ? 1 : 0, value, unit);
    if (goal > 0) {
        printf("goal %.0f%s", goal, value < goal ? "   UNDER" : "");
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    uint64_t entries = argc > 1 + json ? strtoull(argv[1 + json], NULL, 10) : 100000;
    char folder[] = "/tmp/jam-bench-XXXXXX", command[96];
    struct side *sides = calloc(AUTHORS + 2, sizeof(*sides));
    struct class_id class = {{1}};
    struct now now = {{1}, {INT64_C(1790000000000)}};
    uint64_t bytes = 0;
    if (!sides || keys_init() != OK || !mkdtemp(folder)) {
        die("can't start");
    }
    for (int i = 0; i <= AUTHORS + 1; i++) {
        side_open(&sides[i], folder, i, &class);
    }
    write_class(sides, entries, now);
    bytes = 0;
    clock_t cpu = clock();
    double start = seconds();
    uint64_t moved = move(&sides[0], &sides[AUTHORS + 1], now, &bytes);
    double took = seconds() - start;
    double cpu_s = (double)(clock() - cpu) / CLOCKS_PER_SEC;
    struct hash a = store_digest_views(sides[0].store),
                b = store_digest_views(sides[AUTHORS + 1].store);
    if (moved < entries || !SAME(a, b)) {
        die("the machine that caught up differs");
    }
    sqlite3_stmt *refused = store_query(sides[0].store, "SELECT 1 FROM refused");
    if (store_row(sides[0].store, refused)) {
        die("somebody speaks without a grant");
    }
    double alone = sqlite_alone(folder, entries);
    struct side *caught_up = &sides[AUTHORS + 1];
    double payload = payload_bytes(caught_up->store), disk = disk_bytes(caught_up);
    double count = (double)moved;
    say(json, "catching up, verified, on disk, folded", count / took, "entries/s", GOAL);
    say(json, "the same by processor time", count / cpu_s, "entries/s", 0);
    say(json, "SQLite alone, rows of that size", alone, "rows/s", 0);
    say(json, "catching up, sent, payload included", (double)bytes / count, "bytes/entry", 0);
    say(json, "catching up, sent beyond the payload", ((double)bytes - payload) / count,
        "bytes/entry", 0);
    say(json, "on the disk beyond the payload", (disk - payload) / count, "bytes/entry", 0);
    if (!json) {
        say_tables(caught_up->store, count);
    }
    for (int i = 0; i <= AUTHORS + 1; i++) {
        side_close(&sides[i]);
    }
    free(sides);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command) == 0 ? 0 : 1;
}
