/* What this machine allows at most, whoever programs: SQLite's rows and synced commits, BLAKE2b, Ed25519, a round trip of
 * libzmq over loopback. One JSON object a line. */
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum {
    ROWS = 200000,
    ROW_BYTES = 250, /* an entry with a short note */
    ROWS_A_COMMIT = 4096,
    COMMITS = 1000,
    HASHES = 500000,
    SIGNATURES = 20000,
    ROUND_TRIPS = 20000,
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void say(const char *what, double value, const char *unit)
{
    printf("{\"what\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"}\n", what, value, unit);
    fflush(stdout);
}

static void must(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "limits: %s\n", what);
        exit(1);
    }
}

static sqlite3 *open_database(const char *folder, const char *name, const char *synchronous)
{
    char path[256], pragma[64];
    sqlite3 *db = NULL;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    snprintf(pragma, sizeof(pragma), "PRAGMA synchronous=%s", synchronous);
    must(sqlite3_open(path, &db) == SQLITE_OK, "no database");
    sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
    sqlite3_exec(db, pragma, NULL, NULL, NULL);
    sqlite3_exec(db, "CREATE TABLE row (id INTEGER PRIMARY KEY, bytes BLOB)", NULL, NULL, NULL);
    return db;
}

/* So many rows, so many to a transaction. */
static double insert(sqlite3 *db, int rows, int each)
{
    static uint8_t bytes[ROW_BYTES];
    sqlite3_stmt *put = NULL;
    must(sqlite3_prepare_v2(db, "INSERT INTO row (bytes) VALUES (?)", -1, &put, NULL) == SQLITE_OK,
         "no statement");
    double start = seconds();
    for (int i = 0; i < rows; i++) {
        if (i % each == 0) {
            sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        }
        randombytes_buf(bytes, 16);
        sqlite3_bind_blob(put, 1, bytes, sizeof(bytes), SQLITE_STATIC);
        must(sqlite3_step(put) == SQLITE_DONE, "a row was refused");
        sqlite3_reset(put);
        if (i % each == each - 1 || i == rows - 1) {
            must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK, "no commit");
        }
    }
    double took = seconds() - start;
    sqlite3_finalize(put);
    sqlite3_close(db);
    return rows / took;
}

static double hashes(void)
{
    uint8_t bytes[ROW_BYTES] = {1}, out[32];
    double start = seconds();
    for (int i = 0; i < HASHES; i++) {
        crypto_generichash(out, sizeof(out), bytes, sizeof(bytes), NULL, 0);
        bytes[0] = out[0];
    }
    return HASHES / (seconds() - start);
}

static double verifications(void)
{
    uint8_t pk[32], sk[64], signature[64], bytes[32] = {1};
    crypto_sign_keypair(pk, sk);
    crypto_sign_detached(signature, NULL, bytes, sizeof(bytes), sk);
    double start = seconds();
    for (int i = 0; i < SIGNATURES; i++) {
        must(crypto_sign_verify_detached(signature, bytes, sizeof(bytes), pk) == 0, "a signature");
    }
    return SIGNATURES / (seconds() - start);
}

static void *echo(void *socket)
{
    char bytes[64];
    for (int i = 0; i < ROUND_TRIPS; i++) {
        int len = zmq_recv(socket, bytes, sizeof(bytes), 0);
        if (len < 0 || zmq_send(socket, bytes, (size_t)len, 0) < 0) {
            break;
        }
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median, in microseconds. */
static double round_trip(void)
{
    static double took[ROUND_TRIPS];
    void *context = zmq_ctx_new(), *there = zmq_socket(context, ZMQ_PAIR),
         *here = zmq_socket(context, ZMQ_PAIR);
    char bytes[64] = {0}, address[128];
    size_t len = sizeof(address);
    pthread_t thread;
    must(zmq_bind(there, "tcp://127.0.0.1:*") == 0, "no port");
    zmq_getsockopt(there, ZMQ_LAST_ENDPOINT, address, &len);
    must(zmq_connect(here, address) == 0 && pthread_create(&thread, NULL, echo, there) == 0,
         "no connection");
    for (int i = 0; i < ROUND_TRIPS; i++) {
        double start = seconds();
        zmq_send(here, bytes, sizeof(bytes), 0);
        zmq_recv(here, bytes, sizeof(bytes), 0);
        took[i] = seconds() - start;
    }
    pthread_join(thread, NULL);
    zmq_close(here);
    zmq_close(there);
    zmq_ctx_destroy(context);
    qsort(took, ROUND_TRIPS, sizeof(took[0]), by_size);
    return 1e6 * took[ROUND_TRIPS / 2];
}

int main(void)
{
    char folder[] = "/tmp/jam-limits-XXXXXX", command[64];
    must(sodium_init() >= 0 && mkdtemp(folder) != NULL, "can't start");
    say("SQLite, rows", insert(open_database(folder, "rows", "NORMAL"), ROWS, ROWS_A_COMMIT),
        "rows/s");
    say("SQLite, synced commits", insert(open_database(folder, "commits", "FULL"), COMMITS, 1),
        "commits/s");
    say("BLAKE2b of an entry", hashes(), "hashes/s");
    say("Ed25519 verification", verifications(), "checks/s");
    say("libzmq round trip on loopback", round_trip(), "us");
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command) == 0 ? 0 : 1;
}
