/* A damaged database: it is set aside, never deleted, and whatever can still be read of it begins the class anew. Entries
 * go the same way as a peer's: nothing is believed that its signature doesn't prove. */
#include <stdio.h>

#include "device_inside.h"

/* What the class needs besides its log. */
struct keepsake {
    struct class_secret secret;
    struct invite invite;
    struct sign_pk root;
    struct signature closed;
    uint64_t used;
    bool has_root, is_closed, is_used;
};

static bool read_keepsake(struct store *store, struct keepsake *k)
{
    memset(k, 0, sizeof(*k));
    k->has_root = store_local_get(store, "root", &k->root, sizeof(k->root));
    k->is_closed = store_local_get(store, "closed", &k->closed, sizeof(k->closed));
    k->is_used = store_local_get(store, "used", &k->used, sizeof(k->used));
    store_local_get(store, "invite", &k->invite, sizeof(k->invite));
    return store_local_get(store, "secret", &k->secret, sizeof(k->secret));
}

/* What this machine keeps to itself besides: which of it was read, who erased what, answers given. What the new class has already
 * stays. What can't be read is lost. */
static const struct {
    const char *read, *write;
} kept[] = {
    {"SELECT key, value FROM local WHERE key NOT IN ('tips', 'due', 'last')",
     "INSERT OR IGNORE INTO local VALUES (?,?)"},
    {"SELECT id, feed, seq, entry, entries, time_ms FROM redaction",
     "INSERT OR IGNORE INTO redaction VALUES (?,?,?,?,?,?)"},
    {"SELECT redaction, device FROM receipt", "INSERT OR IGNORE INTO receipt VALUES (?,?)"},
    {"SELECT request, reply FROM retry",
     "INSERT OR IGNORE INTO retry (request, reply) VALUES (?,?)"},
    {"SELECT feed, last, run FROM salvaged", "INSERT OR IGNORE INTO salvaged VALUES (?,?,?)"},
};

static enum err copy_kept(struct store *store, struct class *class)
{
    enum err err = store_begin(class->store);
    for (size_t i = 0; err == OK && i < sizeof(kept) / sizeof(kept[0]); i++) {
        store_forgive(store);
        sqlite3_stmt *from = store_query(store, kept[i].read);
        while (err == OK && store_row(store, from)) {
            sqlite3_stmt *to = store_query(class->store, kept[i].write);
            for (int k = 0; to && k < sqlite3_column_count(from); k++) {
                sqlite3_bind_value(to, k + 1, sqlite3_column_value(from, k));
            }
            store_run(class->store, to);
            err = store_err(class->store);
        }
        err = err == OK && store_err(store) == ERR_NOMEM ? ERR_NOMEM : err;
    }
    store_forgive(store);
    return err;
}

/* What the class has of the damaged database besides its log, and what follows from that. */
static enum err take_kept(struct device *device, struct store *store, struct class *class,
                          const struct keepsake *k, struct now now)
{
    enum err err = copy_kept(store, class);
    if (err == OK && k->is_used) { /* it is no more in use than it was */
        class->used = k->used;
        store_local_set(class->store, "used", &k->used, sizeof(k->used));
    }
    err = err == OK ? class_commit(device, class, now) : err;
    if (err == OK &&
        !class->former[1].used) { /* else it was begun by an earlier start, and has them */
        turnover_former(device, class);
    }
    if (err == OK) {
        store_local_get(class->store, "lasting", &class->lasting, sizeof(class->lasting));
    }
    if (err == OK && k->has_root && k->is_closed) {
        ending_load(class, &k->root);
    }
    return err;
}

/* The class that is begun instead of the one in a damaged database; NULL: nobody can read any more which that was. One that has
 * ended isn't begun: it is still known that it has. */
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
        err = class_new(device, &k.secret, &k.invite, k.has_root && !k.is_closed ? &k.root : NULL,
                        file, now, out);
        err = err == OK ? class_commit(device, *out, now) : err;
    }
    if (err == OK && known) {
        err = take_kept(device, store, *out, &k, now);
    }
    if (err == OK && known && (*out)->replica) {
        err = salvage_log(device, store, *out, now);
    }
    if (err == OK && known) {
        sitting_sign_out_all(device, *out, now); /* as after any other start */
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
    snprintf(class->aside, sizeof(class->aside), "%s", file);
    return OK;
}
