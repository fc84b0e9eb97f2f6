/* When what a signature covers takes effect. A run counts as a whole or not at all; and what it rests on elsewhere must count, or
 * be about to. Else who tells one machine alone of an entry that no signature will ever cover, and names it in a feed that is
 * signed, would have this machine pass on, and name as a cause of all that it writes, what nobody else can ever apply. Feeds
 * whose runs name each other are decided on together: the most of them that rest on each other alone. */
#include <stdlib.h>

#include "replica_inside.h"

/* The feed and the place of an applied entry, by its id; NULL if it isn't one. */
static struct feed *feed_of(struct replica *replica, const struct hash *id, uint64_t *seq)
{
    struct feed_id feed;
    sqlite3_stmt *stmt =
        store_query(replica->store, "SELECT f.feed, e.seq FROM entry e JOIN feed f ON f.id=e.feed"
                                    " WHERE substr(e.hash, 1, 8)=? AND e.hash=?");
    store_bind(replica->store, stmt, "bh", slice_of(id->b, 8), id);
    if (!store_row(replica->store, stmt)) {
        return NULL;
    }
    bool found = column_fixed(stmt, 0, feed.b, sizeof(feed.b));
    *seq = (uint64_t)sqlite3_column_int64(stmt, 1);
    sqlite3_reset(stmt);
    return found ? feeds_find(&replica->feeds, replica->store, &feed) : NULL;
}

/* Void entries have their place in the order everywhere, by the proof. */
static bool is_settled(const struct rest *on)
{
    return on->seq <= on->feed->settled_seq || feed_is_void(on->feed, on->seq);
}

static enum err add_rest(struct held *held, const struct rest *on)
{
    for (uint32_t i = 0; i < held->count; i++) {
        struct rest *known = &held->on[i];
        if (known->feed == on->feed) {
            known->seq = on->seq > known->seq ? on->seq : known->seq;
            return OK;
        }
    }
    if (held->count == HELD_RESTS_MAX) {
        return ERR_LIMIT;
    }
    held->on[held->count++] = *on;
    return OK;
}

/* What the entries up to held->seq rest on that hasn't taken effect. */
static enum err find_rests(struct replica *replica, struct held *held)
{
    enum err err = OK;
    sqlite3_stmt *stmt =
        store_query(replica->store, "SELECT after FROM entry WHERE feed=? AND seq>? AND seq<=?");
    store_bind(replica->store, stmt, "iii", held->feed->row, (int64_t)held->feed->settled_seq,
               (int64_t)held->seq);
    held->count = 0;
    while (store_row(replica->store, stmt)) {
        struct slice after = column_slice(stmt, 0);
        for (; err == OK && after.len >= sizeof(struct hash); after.len -= sizeof(struct hash)) {
            struct hash id;
            struct rest on;
            memcpy(id.b, after.at, sizeof(id.b));
            after.at += sizeof(id.b);
            on.feed = feed_of(replica, &id, &on.seq);
            if (on.feed && on.feed != held->feed && !is_settled(&on)) {
                err = add_rest(held, &on);
            }
        }
    }
    return err;
}

void replica_put_held(struct replica *replica, const struct held *held)
{
    struct feed *feed = held->feed;
    if (held->has_signature) {
        replica_put_signature(replica, feed, held->seq, &held->signature);
    }
    if (held->has_signature && held->seq > feed->signed_seq) {
        feed->signed_seq = held->seq;
        feed->signed_last = held->last;
        feed->signed_lamport = held->lamport;
    }
}

static enum err settle(struct replica *replica, const struct held *held)
{
    struct feed *feed = held->feed;
    replica_settle_front(replica, feed, held->seq + 1);
    feed->settled_seq = held->seq;
    replica_put_held(replica, held);
    feeds_note(&replica->feeds, feed);
    return replica_note_head(replica, feed);
}

/* Has it taken effect, or would it with those that still stand? */
static bool is_ready(const struct rest *on)
{
    bool ready = is_settled(on);
    for (const struct held *held = on->feed->held; held && !ready; held = held->next_of_feed) {
        ready = held->stands && on->seq <= held->seq;
    }
    return ready;
}

static bool stands(const struct held *held)
{
    bool ready = true;
    for (uint32_t i = 0; i < held->count && ready; i++) {
        ready = is_ready(&held->on[i]);
    }
    return ready;
}

/* Mostly one rests on what was held before it, so the first round finds nearly all. */
enum err replica_decide(struct replica *replica)
{
    struct feeds *feeds = &replica->feeds;
    enum err err = OK;
    bool again = feeds->held != NULL;
    for (struct held *held = feeds->held; held; held = held->next) {
        held->stands = true;
    }
    while (again) {
        again = false;
        for (struct held *held = feeds->held; held; held = held->next) {
            if (held->stands && !stands(held)) {
                held->stands = false;
                again = true;
            }
        }
    }
    for (struct held *held = feeds->held; held && err == OK; held = held->next) {
        if (held->seq <= held->feed->settled_seq) {
            /* or more would stand before one than a run can tell */
            replica_put_held(replica, held);
        } else if (held->stands) {
            err = settle(replica, held);
        }
    }
    for (struct held *held = feeds->held, *next; held; held = next) {
        next = held->next;
        if (held->seq <= held->feed->settled_seq) {
            feeds_release(feeds, held);
        }
    }
    return err;
}

bool replica_is_alone(const struct replica *replica, const struct feed *feed)
{
    return replica->feeds.loose_count == (feed->loose ? 1 : 0);
}

enum err replica_cover(struct replica *replica, struct feed *feed, uint64_t seq,
                       const struct hash *id, uint64_t lamport, const struct signature *signature)
{
    struct held draft = {.feed = feed,
                         .seq = seq,
                         .last = *id,
                         .lamport = lamport,
                         .has_signature = signature != NULL,
                         .on = replica->rests};
    if (signature) {
        draft.signature = *signature;
    }
    enum err err = replica_is_alone(replica, feed) ? OK : find_rests(replica, &draft);
    if (err == OK) {
        err = draft.count > 0 ? feeds_hold(&replica->feeds, &draft) : settle(replica, &draft);
    }
    if (err == ERR_LIMIT) {
        return OK; /* too much to hold: it will be told again */
    }
    return err == OK ? replica_decide(replica) : err;
}
