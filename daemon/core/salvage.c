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
    memset(k, 0, sizeof(*k));
    k->has_root = store_local_get(store, "root", &k->root, sizeof(k->root));
    store_local_get(store, "invite", &k->invite, sizeof(k->invite));
    return store_local_get(store, "secret", &k->secret, sizeof(k->secret));
}

/* Accepts the runs of one encoded array; *good is false when nothing more can be taken of this feed. */
static enum err accept_runs(struct class *class, struct slice bytes, struct now now, bool *good)
{
    struct doc doc;
    const msgpack_object *items;
    uint32_t count = 0, applied = 0;
    enum err err = doc_open(&doc, bytes, PACK_STRICT);
    *good = false;
    if (err != OK) {
        return err == ERR_NOMEM ? err : OK;
    }
    *good = read_array(&doc.root, &items, &count);
    for (uint32_t i = 0; i < count && *good && err == OK; i++) {
        struct run run;
        enum err taken = run_read(&items[i], &run);
        taken = taken == OK ? replica_accept(class->replica, &run, now, false, &applied) : taken;
        *good = taken == OK || taken == ERR_WAIT;
        err = taken == ERR_NOMEM ? taken : store_err(class->store);
    }
    doc_clear(&doc);
    return err;
}

static int older_first(const void *a, const void *b)
{
    const struct head *x = a, *y = b;
    return x->lamport < y->lamport ? -1 : x->lamport > y->lamport;
}

/* Copies some feeds, in the order in which their entries were applied, until nothing more can be read or taken. */
static enum err copy_feeds(struct replica *old, struct class *class, const struct head *heads,
                           uint32_t count, struct now now)
{
    struct want wants[WANT_MAX];
    struct pack runs, whole;
    enum err err = OK;
    for (uint32_t i = 0; i < count; i++) {
        wants[i] = (struct want){.feed = heads[i].feed};
    }
    pack_init(&runs);
    pack_init(&whole);
    for (bool more = true; more && err == OK;) {
        uint32_t runs_count = 0;
        pack_reset(&runs);
        more = replica_batch(old, wants, count, RUNS_ROOM, &runs, &runs_count);
        pack_reset(&whole);
        pack_array(&whole, runs_count);
        pack_packed(&whole, &runs);
        bool good = runs_count > 0;
        if (whole.failed) {
            err = ERR_NOMEM;
        } else if (good) {
            err = accept_runs(class, pack_bytes(&whole), now, &good);
        }
        more = more && good;
    }
    pack_clear(&runs);
    pack_clear(&whole);
    return err;
}

/* What can't be read of the damaged database is lost; what can't be written, or finds no memory, is an error. */
static enum err copy_log(struct device *device, struct store *store, struct class *class,
                         struct now now)
{
    struct replica *old = NULL;
    enum err err = replica_open(store, &class->id, &class->author, NULL, &old);
    if (err != OK) {
        return err == ERR_NOMEM ? err : OK;
    }
    uint32_t count = heads_count(replica_heads(old));
    struct head *heads = calloc(count ? count : 1, sizeof(*heads));
    for (uint32_t i = 0; heads && i < count; i++) {
        heads[i] = *heads_at(replica_heads(old), i);
    }
    if (heads) {
        qsort(heads, count, sizeof(*heads), older_first);
    }
    err = heads ? OK : ERR_NOMEM;
    for (uint32_t i = 0; err == OK && i < count; i += WANT_MAX) {
        uint32_t part = count - i < WANT_MAX ? count - i : WANT_MAX;
        err = copy_feeds(old, class, heads + i, part, now);
        err = err == OK ? class_commit(device, class, now) : err;
    }
    free(heads);
    replica_close(&old);
    return err;
}

/* Twice where something can't be read: then it may be. */
static enum err copy_all(struct device *device, struct store *store, struct class *class,
                         struct now now)
{
    enum err err = OK;
    for (int tries = 0; tries < 2 && err == OK; tries++) {
        store_forgive(store);
        err = copy_log(device, store, class, now);
        if (store_err(store) == OK) {
            break;
        }
    }
    return err;
}

/* The class that is begun instead of the one in a damaged database; NULL: nobody can read any more which that was. */
static enum err begin_anew(struct device *device, const char *file, struct store *store,
                           struct now now, struct class **out)
{
    struct keepsake k;
    bool known = read_keepsake(store, &k);
    if (store_err(store) != OK) {
        store_forgive(store);
        known = read_keepsake(store, &k);
    }
    enum err err = store_err(store) == ERR_DAMAGED ? OK : store_err(store);
    *out = class_by_file(device, file, true);
    if (err == OK && known && !*out) {
        err = class_new(device, &k.secret, &k.invite, k.has_root ? &k.root : NULL, file, now, out);
    }
    if (err == OK && known && (*out)->replica) {
        err = copy_all(device, store, *out, now);
    }
    if (err == OK && known) {
        err = class_commit(device, *out, now);
    }
    wipe(&k, sizeof(k));
    return err;
}

enum err salvage(struct device *device, const char *file, struct now now)
{
    char path[PATH_BYTES + 64];
    struct store *store = NULL;
    struct class *class = NULL;
    snprintf(path, sizeof(path), "%s/%s", device->state, file);
    enum err err = store_open_damaged(path, device->vfs, &store);
    if (err == OK) {
        err = begin_anew(device, file, store, now, &class);
    }
    store_close(&store);
    if (err != OK && err != ERR_DAMAGED) {
        return err; /* nothing is given up that another start may still read */
    }
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
    return OK;
}
