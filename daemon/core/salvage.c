/* A damaged database: it is set aside, never deleted, and whatever can still be read of it begins the class anew. Entries
 * go the same way as a peer's: nothing is believed that its signature doesn't prove. */
#include <stdio.h>
#include <stdlib.h>

#include "device_inside.h"

enum { RUNS_ROOM = 56 * 1024 };

/* What the class needs besides its log. */
struct keepsake {
    struct class_secret secret;
    struct invite invite;
    struct sign_pk root;
    bool has_root;
};

static bool read_keepsake(struct store *store, struct keepsake *k)
{
    k->has_root = store_local_get(store, "root", &k->root, sizeof(k->root));
    store_local_get(store, "invite", &k->invite, sizeof(k->invite));
    return store_local_get(store, "secret", &k->secret, sizeof(k->secret));
}

/* Accepts the runs of one encoded array; false when nothing more can be taken of this feed. */
static bool accept_runs(struct class *class, struct slice bytes, struct now now)
{
    struct doc doc;
    const msgpack_object *items;
    uint32_t count = 0, applied = 0;
    bool good = false;
    if (doc_open(&doc, bytes, PACK_STRICT) != OK) {
        return false;
    }
    if (read_array(&doc.root, &items, &count)) {
        good = true;
        for (uint32_t i = 0; i < count && good; i++) {
            struct run run;
            good = run_read(&items[i], &run) == OK;
            enum err err = good ? replica_accept(class->replica, &run, now, false, &applied) : OK;
            good = good && (err == OK || err == ERR_WAIT);
        }
    }
    doc_clear(&doc);
    return good;
}

static int older_first(const void *a, const void *b)
{
    const struct head *x = a, *y = b;
    return x->lamport < y->lamport ? -1 : x->lamport > y->lamport;
}

/* Copies some feeds, in the order in which their entries were applied, until nothing more can be read or taken. */
static void copy_feeds(struct replica *old, struct class *class, const struct head *heads,
                       uint32_t count, struct now now)
{
    struct want wants[WANT_MAX];
    struct pack runs, whole;
    for (uint32_t i = 0; i < count; i++) {
        wants[i] = (struct want){.feed = heads[i].feed};
    }
    pack_init(&runs);
    pack_init(&whole);
    for (bool more = true; more;) {
        uint32_t runs_count = 0;
        pack_reset(&runs);
        more = replica_batch(old, wants, count, RUNS_ROOM, &runs, &runs_count);
        pack_reset(&whole);
        pack_array(&whole, runs_count);
        pack_raw(&whole, pack_bytes(&runs));
        if (runs_count == 0 || !accept_runs(class, pack_bytes(&whole), now)) {
            break;
        }
    }
    pack_clear(&runs);
    pack_clear(&whole);
}

static void copy_log(struct device *device, struct store *store, struct class *class,
                     struct now now)
{
    struct replica *old = NULL;
    if (replica_open(store, &class->id, &class->author, NULL, &old) != OK) {
        return;
    }
    uint32_t count = heads_count(replica_heads(old));
    struct head *heads = calloc(count ? count : 1, sizeof(*heads));
    for (uint32_t i = 0; heads && i < count; i++) {
        heads[i] = *heads_at(replica_heads(old), i);
    }
    if (heads) {
        qsort(heads, count, sizeof(*heads), older_first);
    }
    for (uint32_t i = 0; heads && i < count; i += WANT_MAX) {
        uint32_t part = count - i < WANT_MAX ? count - i : WANT_MAX;
        copy_feeds(old, class, heads + i, part, now);
        class_commit(device, class, now);
    }
    free(heads);
    replica_close(&old);
}

enum err salvage(struct device *device, const char *file, struct now now)
{
    char path[PATH_BYTES + 64];
    struct keepsake k = {.has_root = false};
    struct store *store = NULL;
    struct class *class = NULL;
    snprintf(path, sizeof(path), "%s/%s", device->state, file);
    enum err err = store_open_damaged(path, device->vfs, &store);
    if (err == OK && read_keepsake(store, &k)) {
        err = class_new(device, &k.secret, &k.invite, k.has_root ? &k.root : NULL, now, &class);
        if (err == OK && k.has_root) {
            copy_log(device, store, class, now);
        }
    }
    store_close(&store);
    wipe(&k, sizeof(k));
    device_put(device, &(struct output){.kind = OUTPUT_SET_ASIDE, .bytes = slice_str(file)});
    if (!class) {
        device_log(device, "%s is damaged and can't be read: it is set aside; join its class again",
                   file);
        return OK;
    }
    uint64_t saved = class->replica ? replica_count(class->replica).entries : 0;
    device_log(device,
               "%s is damaged: it is set aside; %llu entries of it are saved, the rest comes from"
               " the other machines",
               file, (unsigned long long)saved);
    class->aside = true;
    return err;
}
