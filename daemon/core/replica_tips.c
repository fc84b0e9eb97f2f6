/* Tips: what no known entry follows. An own entry names them as its causes. */
#include <stdlib.h>

#include "replica_inside.h"

static void tip_remove(struct replica *replica, const struct hash *id)
{
    for (uint32_t i = 0; i < replica->tips_count; i++) {
        if (SAME(replica->tips[i].id, *id)) {
            replica->tips[i] = replica->tips[--replica->tips_count];
            return;
        }
    }
}

/* Full: the lowest gives way, since a new entry's Lamport number must exceed the highest. */
static void tip_add(struct replica *replica, const struct tip *tip)
{
    uint32_t at = replica->tips_count;
    if (at == TIPS_MAX) {
        at = 0;
        for (uint32_t i = 1; i < TIPS_MAX; i++) {
            at = replica->tips[i].lamport < replica->tips[at].lamport ? i : at;
        }
        if (replica->tips[at].lamport > tip->lamport) {
            return;
        }
    } else {
        replica->tips_count++;
    }
    replica->tips[at] = *tip;
}

static void tips_remove(struct replica *replica, struct slice after)
{
    for (; after.len >= sizeof(struct hash); after.at += sizeof(struct hash)) {
        struct hash id;
        memcpy(id.b, after.at, sizeof(id.b));
        tip_remove(replica, &id);
        after.len -= sizeof(struct hash);
    }
}

/* A feed has one tip at most: its last. */
void replica_follow_tip(struct replica *replica, const struct tip *tip, struct slice after)
{
    for (uint32_t i = 0; i < replica->tips_count; i++) {
        if (SAME(replica->tips[i].feed, tip->feed)) {
            replica->tips[i] = replica->tips[--replica->tips_count];
            break;
        }
    }
    tips_remove(replica, after);
    tip_add(replica, tip);
    replica->tips_changed = true;
}

void replica_forget_tips(struct replica *replica, const struct feed_id *feed, uint64_t from_seq)
{
    for (uint32_t i = 0; i < replica->tips_count;) {
        if (SAME(replica->tips[i].feed, *feed) && replica->tips[i].seq >= from_seq) {
            replica->tips[i] = replica->tips[--replica->tips_count];
        } else {
            i++;
        }
    }
    replica->tips_changed = true;
}

void replica_load_tips(struct replica *replica)
{
    sqlite3_stmt *stmt = store_query(replica->store, "SELECT value FROM local WHERE key='tips'");
    replica->tips_count = 0;
    if (store_row(replica->store, stmt)) {
        struct slice s = column_slice(stmt, 0);
        size_t count = s.len / sizeof(struct tip);
        if (count <= TIPS_MAX && s.len % sizeof(struct tip) == 0 && count > 0) {
            memcpy(replica->tips, s.at, s.len);
            replica->tips_count = (uint32_t)count;
        }
        sqlite3_reset(stmt);
    }
    replica->tips_changed = false;
}

void replica_save_tips(struct replica *replica)
{
    store_local_set(replica->store, "tips", replica->tips,
                    replica->tips_count * sizeof(struct tip));
    replica->tips_changed = false;
}

static int tip_by_lamport(const void *a, const void *b)
{
    const struct tip *x = a, *y = b;
    return x->lamport < y->lamport ? 1 : x->lamport > y->lamport ? -1 : 0;
}

static int hash_order(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hash));
}

/* The tips of other feeds, the highest Lamport numbers first if there are more than fit, then sorted by bytes. */
void replica_tips_after(struct replica *replica, struct hash after[AFTER_MAX], uint32_t *count,
                        uint64_t *lamport)
{
    qsort(replica->tips, replica->tips_count, sizeof(struct tip), tip_by_lamport);
    *count = 0;
    for (uint32_t i = 0; i < replica->tips_count && *count < AFTER_MAX; i++) {
        const struct tip *tip = &replica->tips[i];
        if (!SAME(tip->feed, replica->own->id)) {
            after[(*count)++] = tip->id;
            *lamport = tip->lamport > *lamport ? tip->lamport : *lamport;
        }
    }
    qsort(after, *count, sizeof(struct hash), hash_order);
}
