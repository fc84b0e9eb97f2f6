/* What peers get of the log: what they ask for, in turn, and what is new here. */
#include <stdlib.h>

#include "sync_inside.h"

/* Keeps in mind what a peer wants. It is served in turn, one peer each turn of the loop: who asks without end, and reads
 * nothing, keeps nobody else waiting. */
enum err sync_receive_want(struct sync *sync, struct peer *peer, const struct message *m)
{
    struct want wants[WANT_MAX];
    struct serving **at = &sync->servings;
    for (uint32_t i = 0; i < m->count; i++) {
        enum err err = message_want(m, i, &wants[i]);
        if (err != OK) {
            return err;
        }
    }
    while (*at && (*at)->peer != peer) {
        at = &(*at)->next;
    }
    if (!*at) {
        *at = calloc(1, sizeof(**at));
    }
    if (*at) {
        (*at)->peer = peer;
        (*at)->credit = m->credit_bytes < CREDIT_BYTES ? m->credit_bytes : CREDIT_BYTES;
        (*at)->count = m->count;
        memcpy((*at)->wants, wants, m->count * sizeof(wants[0]));
    }
    return OK;
}

/* Sends runs of the wanted feeds, a message after the other, for the credit that was granted. What is left of it. */
static uint64_t serve(struct sync *sync, struct serving *s)
{
    uint64_t credit = s->credit;
    for (uint32_t i = 0; i < s->count; i++) {
        struct slice a, b;
        if (replica_fork_proof(sync->replica, &s->wants[i].feed, &a, &b) &&
            a.len + b.len <= credit) {
            credit -= a.len + b.len;
            pack_reset(&sync->pack);
            pack_fork(&sync->pack, a, b);
            sync_send(sync, s->peer);
        }
    }
    struct pack runs;
    pack_init(&runs);
    for (bool more = true; more;) {
        uint32_t count = 0;
        pack_reset(&runs);
        more = replica_batch(sync->replica, s->wants, s->count,
                             credit < RUNS_ROOM ? credit : RUNS_ROOM, &runs, &count);
        credit -= pack_bytes(&runs).len < credit ? pack_bytes(&runs).len : credit;
        bool last = !more || count == 0 || credit < RUNS_ROOM;
        pack_reset(&sync->pack);
        pack_runs(&sync->pack, last ? RUNS_END | (more && count ? RUNS_MORE : 0) : 0, count);
        pack_packed(&sync->pack, &runs);
        sync_send(sync, s->peer);
        more = !last;
    }
    pack_clear(&runs);
    return credit;
}

/* Serves the first who may be, and forgets those who can't be reached any more: presence may soon forget them too. */
void sync_serve_next(struct sync *sync, struct now now)
{
    bool served = false;
    for (struct serving **at = &sync->servings; *at;) {
        struct serving *s = *at;
        bool due = quota_due(&s->peer->answers, QUOTA_ANSWERS, now).ms <= now.mono.ms;
        if (sync_reaches(s->peer) && (served || !due)) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        if (sync_reaches(s->peer)) {
            uint64_t left = serve(sync, s);
            quota_take(&s->peer->answers, QUOTA_ANSWERS, 0, s->credit - left, now);
            served = true;
        }
        free(s);
    }
}

void sync_serve_forget(struct sync *sync, const struct peer *peer)
{
    for (struct serving **at = &sync->servings; *at;) {
        struct serving *s = *at;
        if (s->peer == peer) {
            *at = s->next;
            free(s);
        } else {
            at = &s->next;
        }
    }
}

/* To all that can be reached but `except`: entries of a feed after `from`. Those of a full room come from their author;
 * where not everybody has a link to everybody, who takes a new entry passes it on. */
void sync_push(struct sync *sync, const struct feed_id *feed, uint64_t from,
               const struct peer *except)
{
    struct pack runs;
    uint32_t count = 0;
    pack_init(&runs);
    replica_runs(sync->replica, feed, from, RUNS_ROOM, &runs, &count);
    for (uint32_t i = 0; count && i < presence_count(sync->presence); i++) {
        struct peer *peer = presence_at(sync->presence, i);
        if (sync_reaches(peer) && peer != except) {
            pack_reset(&sync->pack);
            pack_runs(&sync->pack, RUNS_PUSH, count);
            pack_packed(&sync->pack, &runs);
            sync_send(sync, peer);
        }
    }
    pack_clear(&runs);
}

void sync_send_fork(struct sync *sync, const struct feed_id *feed)
{
    struct slice a, b;
    if (!replica_fork_proof(sync->replica, feed, &a, &b)) {
        return;
    }
    for (uint32_t i = 0; i < presence_count(sync->presence); i++) {
        struct peer *peer = presence_at(sync->presence, i);
        if (sync_reaches(peer)) {
            pack_reset(&sync->pack);
            pack_fork(&sync->pack, a, b);
            sync_send(sync, peer);
        }
    }
}

/* Tells those that are here, as many as one message holds. What isn't told isn't here. */
enum err sync_receive_lacks(struct sync *sync, struct peer *peer, const struct message *m,
                            struct now now)
{
    struct pack told;
    uint32_t count = 0;
    enum err err = OK;
    if (quota_due(&peer->answers, QUOTA_ANSWERS, now).ms > now.mono.ms) {
        return OK; /* it asks again */
    }
    pack_init(&told);
    for (uint32_t i = 0; i < m->count && err == OK; i++) {
        struct want want;
        struct told_payload one;
        err = message_want(m, i, &want);
        if (err == OK && replica_payload(sync->replica, &want.feed, want.have, &one.payload) &&
            pack_bytes(&told).len + one.payload.len < RUNS_ROOM) {
            one.feed = want.feed;
            one.seq = want.have;
            pack_payload(&told, &one);
            count++;
        }
    }
    if (err == OK) {
        pack_reset(&sync->pack);
        pack_payloads(&sync->pack, count);
        pack_packed(&sync->pack, &told);
        quota_take(&peer->answers, QUOTA_ANSWERS, 0,
                   pack_bytes(&told).len + (uint64_t)m->count * LOOKED_UP_BYTES, now);
        sync_send(sync, peer);
    }
    pack_clear(&told);
    return err;
}

/* What the peer's entries wait for: of void feeds the proof, and headers of the branch; a run of which the end waits here. All else is
 * found by comparing. */
enum err sync_receive_missing(struct sync *sync, struct peer *peer, const struct message *m,
                              struct now now)
{
    struct hash ends[MISSING_MAX];
    struct pack runs;
    uint32_t count = 0, told = 0;
    enum err err = OK;
    if (peer->missing_told.ms && now.mono.ms - peer->missing_told.ms < MISSING_TOLD_MS) {
        return OK; /* it asks again */
    }
    peer->missing_told = now.mono;
    for (uint32_t i = 0; i < m->ends_count && err == OK; i++) {
        err = message_end(m, i, &ends[i]);
    }
    pack_init(&runs);
    for (uint32_t i = 0; i < m->count && err == OK; i++) {
        struct hash id;
        struct feed_id feed;
        struct slice a, b;
        uint32_t before = count;
        size_t used = pack_bytes(&runs).len;
        err = message_missing(m, i, &id);
        if (err == OK && used < BRANCH_ROOM && told < MISSING_TOLD_MAX &&
            replica_branch_runs(sync->replica, &id, ends, m->ends_count, BRANCH_ROOM - used, &feed,
                                &runs, &count) &&
            ++told && count > before && replica_fork_proof(sync->replica, &feed, &a, &b)) {
            pack_reset(&sync->pack);
            pack_fork(&sync->pack, a, b);
            sync_send(sync, peer);
        }
    }
    if (err == OK && count > 0) {
        pack_reset(&sync->pack);
        pack_runs(&sync->pack, 0, count);
        pack_packed(&sync->pack, &runs);
        sync_send(sync, peer);
    }
    pack_clear(&runs);
    return err;
}
