/* What no comparison finds: payloads that lack, and causes on the other branches of void feeds. One peer is asked after the
 * other. */
#include "sync_inside.h"

enum err sync_receive_payloads(struct sync *sync, struct peer *peer, const struct message *m)
{
    enum err err = OK;
    bool any = false;
    for (uint32_t i = 0; i < m->count && err == OK; i++) {
        struct told_payload told;
        bool taken = false;
        err = message_payload(m, i, &told);
        err = err == OK ? replica_accept_payload(sync->replica, &told, &taken) : err;
        any |= taken;
    }
    if (any) {
        peer->lacks_asked.ms = 0; /* it may have more of them */
    }
    sync->lacks_since.ms = 0;
    return err;
}

static bool may_ask_lacks(const struct peer *peer, struct now now)
{
    return sync_reaches(peer) && !peer->unsure &&
           (peer->lacks_asked.ms == 0 || now.mono.ms - peer->lacks_asked.ms >= LACKS_AGAIN_MS);
}

/* Once nothing is under way: a redaction comes later than what it covers. One peer is asked after the other, so that who
 * withholds a payload keeps it from nobody as long as anybody has it. Nor may those who are silent, one talk after the other. */
void sync_look_for_payloads(struct sync *sync, struct now now)
{
    struct peer *best = NULL;
    struct want wants[WANT_MAX];
    if (sync_talk_rests(sync) > now.mono.ms || replica_count(sync->replica).lacking == 0 ||
        (sync->lacks_since.ms && now.mono.ms - sync->lacks_since.ms < LACKS_MS)) {
        return;
    }
    for (uint32_t i = 0; i < presence_count(sync->presence); i++) {
        struct peer *peer = presence_at(sync->presence, i);
        if (may_ask_lacks(peer, now) && (!best || peer->lacks_asked.ms < best->lacks_asked.ms)) {
            best = peer;
        }
    }
    uint32_t count = best ? replica_lacking(sync->replica, &sync->lacks_after, wants, WANT_MAX) : 0;
    if (count == 0) {
        return;
    }
    pack_reset(&sync->pack);
    pack_lacks(&sync->pack, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_want(&sync->pack, &wants[i]);
    }
    sync_send(sync, best);
    best->lacks_asked = sync->lacks_since = now.mono;
}

/* Entries wait for causes that don't come: whoever has the other branch of a void feed can help. One peer after the other. */
void sync_look_for_missing(struct sync *sync, struct now now)
{
    struct hash ids[MISSING_MAX], ends[MISSING_MAX];
    uint32_t peers = presence_count(sync->presence);
    if (now.mono.ms - sync->missing.ms < MISSING_MS || replica_count(sync->replica).waiting == 0) {
        return;
    }
    sync->missing = now.mono;
    replica_keep_all_loose(sync->replica);
    uint32_t count = replica_missing(sync->replica, ids, MISSING_MAX);
    uint32_t ends_count = replica_branch_ends(sync->replica, ends, MISSING_MAX);
    for (uint32_t i = 0; i < peers && count > 0; i++) {
        struct peer *peer = presence_at(sync->presence, sync->missing_turn++ % peers);
        if (sync_reaches(peer)) {
            pack_reset(&sync->pack);
            pack_missing(&sync->pack, ids, count, ends, ends_count);
            sync_send(sync, peer);
            return;
        }
    }
}
