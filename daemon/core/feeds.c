/* Feeds in memory: a hash table by feed id, and each feed's queue of verified entries that wait for their causes. */
#include "feeds.h"

#include <stdlib.h>

static void waiting_free(struct waiting *item)
{
    while (item) {
        struct waiting *next = item->next;
        free(item);
        item = next;
    }
}

void feeds_clear(struct feeds *feeds)
{
    for (size_t i = 0; i < 256; i++) {
        for (struct feed *feed = feeds->buckets[i]; feed;) {
            struct feed *next = feed->next_in_bucket;
            waiting_free(feed->first);
            free(feed);
            feed = next;
        }
    }
    memset(feeds, 0, sizeof(*feeds));
}

static struct feed *feed_add(struct feeds *feeds, const struct feed_id *id)
{
    struct feed *feed = calloc(1, sizeof(*feed));
    if (feed) {
        feed->id = *id;
        feed->next_in_bucket = feeds->buckets[id->b[0]];
        feeds->buckets[id->b[0]] = feed;
        feeds->count++;
    }
    return feed;
}

static void load_entry(struct store *store, const char *sql, const struct feed *feed, uint64_t seq,
                       uint64_t *found_seq, struct hash *last, uint64_t *lamport)
{
    sqlite3_stmt *stmt = store_query(store, sql);
    store_bind(store, stmt, "ii", feed->row, (int64_t)seq);
    if (store_row(store, stmt)) {
        if (found_seq) {
            *found_seq = (uint64_t)sqlite3_column_int64(stmt, 0);
        }
        column_fixed(stmt, 1, last->b, sizeof(last->b));
        if (lamport) {
            *lamport = (uint64_t)sqlite3_column_int64(stmt, 2);
        }
        sqlite3_reset(stmt);
    }
}

static void load_tail(struct store *store, struct feed *feed)
{
    load_entry(
        store,
        "SELECT seq, hash, lamport FROM entry WHERE feed=? AND seq<=? ORDER BY seq DESC LIMIT 1",
        feed, FEED_ENTRIES_MAX, &feed->seq, &feed->last, &feed->lamport);
    load_entry(
        store,
        "SELECT seq, hash, lamport FROM entry WHERE feed=? AND seq<=? AND signature IS NOT NULL"
        " ORDER BY seq DESC LIMIT 1",
        feed, FEED_ENTRIES_MAX, &feed->signed_seq, &feed->signed_last, &feed->signed_lamport);
    feed->settled_seq = feed->signed_seq;
    if (feed->void_seq > 1) {
        load_entry(store, "SELECT seq, hash, lamport FROM entry WHERE feed=? AND seq=?", feed,
                   feed->void_seq - 1, NULL, &feed->void_last, NULL);
    }
}

struct feed *feeds_find(struct feeds *feeds, struct store *store, const struct feed_id *id)
{
    for (struct feed *feed = feeds->buckets[id->b[0]]; feed; feed = feed->next_in_bucket) {
        if (SAME(feed->id, *id)) {
            return feed;
        }
    }
    sqlite3_stmt *stmt =
        store_query(store, "SELECT id, key, device, void_seq FROM feed WHERE feed=?");
    store_bind(store, stmt, "f", id);
    if (!store_row(store, stmt)) {
        return NULL;
    }
    struct feed *feed = feed_add(feeds, id);
    if (feed) {
        feed->row = sqlite3_column_int64(stmt, 0);
        column_fixed(stmt, 1, feed->key.b, sizeof(feed->key.b));
        column_fixed(stmt, 2, feed->device.b, sizeof(feed->device.b));
        feed->void_seq = (uint64_t)sqlite3_column_int64(stmt, 3);
    }
    sqlite3_reset(stmt);
    if (feed) {
        load_tail(store, feed);
    }
    return feed;
}

struct feed *feeds_add(struct feeds *feeds, const struct feed_id *id, const struct sign_pk *key,
                       const struct device_id *device)
{
    struct feed *feed = feed_add(feeds, id);
    if (feed) {
        feed->key = *key;
        feed->device = *device;
    }
    return feed;
}

void feeds_drop(struct feeds *feeds, struct feed *feed)
{
    struct feed **at = &feeds->buckets[feed->id.b[0]];
    while (*at != feed) {
        at = &(*at)->next_in_bucket;
    }
    *at = feed->next_in_bucket;
    feeds->count--;
    feeds_forget_waiting(feeds, feed);
    free(feed);
}

uint64_t feed_tail(const struct feed *feed, struct hash *last)
{
    *last = feed->last_waiting ? feed->last_waiting->id : feed->last;
    return feed->last_waiting ? feed->last_waiting->entry.seq : feed->seq;
}

bool feed_is_void(const struct feed *feed, uint64_t seq)
{
    return feed->void_seq && seq >= feed->void_seq;
}

static void list_waiting(struct feeds *feeds, struct feed *feed)
{
    feed->next_waiting = feeds->waiting;
    if (feed->next_waiting) {
        feed->next_waiting->waiting_at = &feed->next_waiting;
    }
    feed->waiting_at = &feeds->waiting;
    feeds->waiting = feed;
}

static struct feed **blocked_bucket(struct feeds *feeds, const struct hash *id)
{
    return &feeds->blocked[(id->b[0] | (uint32_t)id->b[1] << 8) % BLOCKED_BUCKETS];
}

void feeds_block(struct feeds *feeds, struct feed *feed, const struct hash *id)
{
    struct feed **bucket = blocked_bucket(feeds, id);
    feed->blocked = true;
    feed->blocked_on = *id;
    feed->next_blocked = *bucket;
    *bucket = feed;
}

void feeds_unblock(struct feeds *feeds, const struct hash *id)
{
    for (struct feed **at = blocked_bucket(feeds, id); *at;) {
        struct feed *feed = *at;
        if (!SAME(feed->blocked_on, *id)) {
            at = &feed->next_blocked;
            continue;
        }
        *at = feed->next_blocked;
        feed->blocked = false;
        feed->next_blocked = feeds->ready;
        feeds->ready = feed;
    }
}

struct feed *feeds_ready(struct feeds *feeds)
{
    struct feed *feed = feeds->ready;
    feeds->ready = feed ? feed->next_blocked : NULL;
    return feed;
}

/* It waits for nothing any more. */
static void unlist_blocked(struct feeds *feeds, struct feed *feed)
{
    struct feed **at = feed->blocked ? blocked_bucket(feeds, &feed->blocked_on) : &feeds->ready;
    while (*at && *at != feed) {
        at = &(*at)->next_blocked;
    }
    if (*at) {
        *at = feed->next_blocked;
    }
    feed->blocked = false;
}

static void unlist_waiting(struct feeds *feeds, struct feed *feed)
{
    *feed->waiting_at = feed->next_waiting;
    if (feed->next_waiting) {
        feed->next_waiting->waiting_at = feed->waiting_at;
    }
    unlist_blocked(feeds, feed);
}

enum err feeds_wait(struct feeds *feeds, struct feed *feed, const struct entry *entry,
                    const struct hash *id, const struct signature *signature)
{
    size_t after_bytes = entry->after_count * sizeof(struct hash);
    size_t bytes = sizeof(struct waiting) + after_bytes + entry->payload.len;
    if (feeds->waiting_count >= WAITING_ENTRIES_MAX ||
        feeds->waiting_bytes + bytes > WAITING_BYTES_MAX) {
        return ERR_LIMIT;
    }
    struct waiting *item = calloc(1, bytes);
    if (!item) {
        return ERR_NOMEM;
    }
    item->entry = *entry;
    item->id = *id;
    item->bytes = bytes;
    if (after_bytes) {
        memcpy(item->room, entry->after, after_bytes);
    }
    item->entry.after = (const struct hash *)(const void *)item->room;
    if (entry->payload.at) {
        memcpy(item->room + after_bytes, entry->payload.at, entry->payload.len);
        item->entry.payload.at = item->room + after_bytes;
    }
    if (signature) {
        item->has_signature = true;
        item->signature = *signature;
    }
    if (feed->last_waiting) {
        feed->last_waiting->next = item;
    } else {
        feed->first = item;
        list_waiting(feeds, feed);
    }
    feed->last_waiting = item;
    feeds->waiting_count++;
    feeds->waiting_bytes += bytes;
    return OK;
}

void feeds_cover(struct feed *feed, uint64_t seq, const struct signature *signature)
{
    for (struct waiting *item = feed->first; item; item = item->next) {
        if (item->entry.seq == seq) {
            item->has_signature = true;
            item->signature = *signature;
        }
    }
}

struct waiting *feeds_unwait(struct feeds *feeds, struct feed *feed)
{
    struct waiting *item = feed->first;
    if (!item) {
        return NULL;
    }
    feed->first = item->next;
    item->next = NULL;
    feeds->waiting_count--;
    feeds->waiting_bytes -= item->bytes;
    if (!feed->first) {
        feed->last_waiting = NULL;
        unlist_waiting(feeds, feed);
    }
    return item;
}

void feeds_forget_waiting(struct feeds *feeds, struct feed *feed)
{
    for (struct waiting *item; (item = feeds_unwait(feeds, feed));) {
        free(item);
    }
}
