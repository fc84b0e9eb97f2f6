/* How long a machine with a long log takes from its start to the first command: a million entries by 30 authors, in one database.
 * Prints a table. The database is as its writer left it, in the system's cache;
 * so large a one is looked through when it is served already. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "replica.h"
#include "store.h"

enum { AUTHORS = 30, STARTS = 5, GOAL_MS = 100, COMMIT = 2048 };

static double ms_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void die(const char *what)
{
    fprintf(stderr, "startup: %s\n", what);
    exit(1);
}

static void author_init(struct author *author, struct rng *rng, const struct class_id *class,
                        struct person_id people[AUTHORS])
{
    uint8_t seed[32] = {9};
    struct sign_pk pk;
    rng_seed(rng, seed);
    sign_keypair(seed, &author->key, &pk);
    memcpy(author->device.b, pk.b, sizeof(author->device.b));
    author->host = "bench";
    author->rng = rng;
    for (int i = 0; i < AUTHORS; i++) {
        struct sign_key key;
        seed[1] = (uint8_t)(i + 1);
        sign_keypair(seed, &key, &pk);
        people[i] = person_id_of(class, &pk);
        if (keyring_put(&author->people, &people[i], &key) != OK) {
            die("no room for a key");
        }
    }
}

static void write_log(const char *path, const struct class_id *class, uint64_t entries,
                      struct now now)
{
    struct author author = {.host = "bench"};
    struct rng rng;
    struct person_id people[AUTHORS];
    struct store *store = NULL;
    struct replica *replica = NULL;
    struct hash id = {{0}};
    author_init(&author, &rng, class, people);
    if (store_open(path, NULL, &store) != OK ||
        replica_open(store, class, &author, NULL, &replica) != OK) {
        die("can't open a log");
    }
    struct op op = {
        .kind = OP_JAM, .has = FIELD_BY | FIELD_NAME, .by = people[0], .name = slice_str("bridge")};
    for (uint64_t i = 0; i < entries; i++) {
        if (replica_append(replica, &op, 1, now, &id) != OK) {
            die("can't append");
        }
        if (i == 0) {
            op = (struct op){.kind = OP_NOTE,
                             .has = FIELD_BY | FIELD_JAM | FIELD_TEXT,
                             .jam = ref_of(&id),
                             .text = slice_str("triangles hold best")};
        }
        op.by = people[i % AUTHORS];
        bool full = i % COMMIT == COMMIT - 1 || i + 1 == entries;
        if (full && (replica_flush(replica, now) != OK || store_commit(store) != OK)) {
            die("can't commit");
        }
    }
    replica_close(&replica);
    store_close(&store);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *times)
{
    qsort(times, STARTS, sizeof(*times), by_size);
    return times[STARTS / 2];
}

static void say(bool json, uint64_t entries, const char *what, double ms, double goal)
{
    if (json) {
        printf("{\"what\":\"%s\",\"value\":%.3f,\"unit\":\"ms\"}\n", what, ms);
    } else if (goal > 0) {
        printf("%-44s %9llu entries %9.1f ms   goal %.0f%s\n", what, (unsigned long long)entries,
               ms, goal, ms > goal ? "   OVER" : "");
    } else {
        printf("%-44s %9llu entries %9.1f ms\n", what, (unsigned long long)entries, ms);
    }
}

int main(int argc, char **argv)
{
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    uint64_t entries = argc > 1 + json ? strtoull(argv[1 + json], NULL, 10) : 1000000;
    char folder[] = "/tmp/jam-bench-XXXXXX", path[64], command[96];
    struct class_id class = {{1}};
    struct now now = {{1}, {INT64_C(1790000000000)}};
    if (keys_init() != OK || !mkdtemp(folder)) {
        die("can't start");
    }
    snprintf(path, sizeof(path), "%s/class.db", folder);
    write_log(path, &class, entries, now);
    double all[STARTS], database[STARTS];
    for (int i = 0; i < STARTS; i++) {
        struct author author = {.host = "bench"};
        struct store *store = NULL;
        struct replica *replica = NULL;
        double begun = ms_now();
        if (store_open(path, NULL, &store) != OK) {
            die("can't open it again");
        }
        database[i] = ms_now() - begun;
        if (replica_open(store, &class, &author, NULL, &replica) != OK) {
            die("can't open it again");
        }
        all[i] = ms_now() - begun;
        replica_close(&replica);
        store_close(&store);
    }
    say(json, entries, "start-up, until the log is open, median", median(all), GOAL_MS);
    say(json, entries, "of it: the database", median(database), 0);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command) == 0 ? 0 : 1;
}
