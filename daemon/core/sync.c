/* Conversations about the log: what comes of it, what peers are known to have, and whose turn it is. */
#include <stdlib.h>

#include "sync_inside.h"

struct sync *sync_new(struct replica *replica, struct presence *presence)
{
    struct sync *sync = calloc(1, sizeof(*sync));
    if (sync) {
        sync->replica = replica;
        sync->presence = presence;
        sync->history_bytes = HISTORY_BYTES;
        replica_doubt(replica, true);
        pack_init(&sync->pack);
    }
    return sync;
}

static void out_clear(struct sync *sync)
{
    while (sync->first) {
        struct out *next = sync->first->next;
        free(sync->first);
        sync->first = next;
    }
    sync->last = NULL;
    sync->out_bytes = 0;
}

void sync_free(struct sync **sync_p)
{
    struct sync *sync = *sync_p;
    if (!sync) {
        return;
    }
    out_clear(sync);
    while (sync->servings) {
        struct serving *next = sync->servings->next;
        free(sync->servings);
        sync->servings = next;
    }
    free(sync->told);
    free(sync->lacks);
    pack_clear(&sync->pack);
    free(sync);
    *sync_p = NULL;
}

/* ---- sending -------------------------------------------------------------------------------------------------- */

/* Queues what is in sync->pack. What doesn't fit is lost, as on the network: it is asked for again. */
void sync_send(struct sync *sync, struct peer *peer)
{
    struct slice bytes = pack_bytes(&sync->pack);
    if (sync->pack.failed || sync->out_bytes + bytes.len > OUT_BYTES_MAX ||
        bytes.len > MESSAGE_BYTES_MAX) {
        return;
    }
    struct out *out = malloc(sizeof(*out) + bytes.len);
    if (!out) {
        return;
    }
    out->next = NULL;
    out->peer = peer;
    out->len = bytes.len;
    memcpy(out->bytes, bytes.at, bytes.len);
    if (sync->last) {
        sync->last->next = out;
    } else {
        sync->first = out;
    }
    sync->last = out;
    sync->out_bytes += bytes.len;
}

bool sync_next(struct sync *sync, struct peer **peer, struct slice *bytes)
{
    free(sync->told);
    sync->told = sync->first;
    if (!sync->told) {
        sync->tells_saved = false;
        return false;
    }
    sync->first = sync->told->next;
    sync->last = sync->first ? sync->last : NULL;
    sync->out_bytes -= sync->told->len;
    *peer = sync->told->peer;
    *bytes = slice_of(sync->told->bytes, sync->told->len);
    return true;
}

static void out_forget(struct sync *sync, const struct peer *peer)
{
    struct out *last = NULL;
    for (struct out **at = &sync->first; *at;) {
        struct out *out = *at;
        if (out->peer == peer) {
            *at = out->next;
            sync->out_bytes -= out->len;
            free(out);
        } else {
            last = out;
            at = &out->next;
        }
    }
    sync->last = last;
}

void sync_forget(struct sync *sync, const struct peer *peer)
{
    uint32_t kept = 0;
    out_forget(sync, peer);
    for (uint32_t i = 0; i < sync->acks_count; i++) {
        if (sync->acks[i].peer != peer) {
            sync->acks[kept++] = sync->acks[i];
        }
    }
    sync->acks_count = kept;
    sync_serve_forget(sync, peer);
    if (sync->peer == peer) {
        sync_talk_drop(sync);
    }
}

bool sync_tells_saved(const struct sync *sync)
{
    return sync->tells_saved;
}

/* What was written last in this run goes into no feed any more: who has all of it is found out anew. */
static void own_is_gone(struct sync *sync)
{
    for (uint32_t i = 0; sync->pushed > 0 && i < presence_count(sync->presence); i++) {
        presence_at(sync->presence, i)->has_all_before = false;
        presence_at(sync->presence, i)->acked_seq = 0;
    }
    sync->pushed = 0;
}

void sync_rolled_back(struct sync *sync)
{
    out_clear(sync);
    sync->tells_saved = false;
    sync->acks_count = 0;
    sync->peer = NULL;
    own_is_gone(sync);
}

void sync_send_beat(struct sync *sync, struct peer *peer, uint64_t flags)
{
    struct fingerprint mine = heads_fingerprint(replica_heads(sync->replica));
    pack_reset(&sync->pack);
    /* without BEAT_WATCH it would release a peer that watches us */
    flags |= peer->watches_me ? BEAT_WATCH : 0;
    flags |= replica_lacks(sync->replica) ? BEAT_LACKS : 0;
    flags |= replica_doubts(sync->replica) ? BEAT_UNSURE : 0;
    pack_beat(&sync->pack, &mine, flags);
    sync_send(sync, peer);
    sync->tells_saved = true;
}

bool sync_reaches(const struct peer *peer)
{
    return peer->state == PEER_HERE && peer->linked;
}

/* ---- entries -------------------------------------------------------------------------------------------------- */

static void note_ack(struct sync *sync, struct peer *peer, const struct feed_id *feed)
{
    for (uint32_t i = 0; i < sync->acks_count; i++) {
        if (sync->acks[i].peer == peer && SAME(sync->acks[i].feed, *feed)) {
            return;
        }
    }
    if (sync->acks_count < sizeof(sync->acks) / sizeof(sync->acks[0])) {
        sync->acks[sync->acks_count++] = (struct ack){peer, *feed};
    }
}

/* What of a run is new here; of a void feed all of it, since its branches aren't compared. */
struct news {
    uint64_t entries, bytes;
    uint64_t lamport; /* of the first */
};

static struct news news_of(struct sync *sync, const struct run *run, uint64_t have)
{
    struct hash after[AFTER_MAX];
    const struct head *head = heads_get(replica_heads(sync->replica), &run->feed);
    struct news news = {0};
    for (uint32_t i = 0; i < run->count; i++) {
        struct entry entry;
        bool is_new = run->first_seq + i > have || (head && head->void_seq);
        if (is_new && run_entry(run, i, after, &entry) == OK) {
            news.lamport = news.entries ? news.lamport : entry.lamport;
            news.bytes += entry_weight(&entry);
            news.entries++;
        }
    }
    return news;
}

/* May the peer bring so much now? A machine that has just started may be a year behind: until it agrees with another it takes
 * what comes. */
static bool may_bring(struct sync *sync, struct peer *peer, bool live, const struct news *news,
                      struct now now)
{
    if (sync->history_bytes > 0) {
        sync->history_bytes -=
            news->bytes < sync->history_bytes ? news->bytes : sync->history_bytes;
        return true;
    }
    if (quota_due(&peer->brings, QUOTA_ALL, now).ms > now.mono.ms ||
        (live && quota_due(&peer->pushes, QUOTA_PUSHES, now).ms > now.mono.ms)) {
        return false;
    }
    quota_take(&peer->brings, QUOTA_ALL, news->entries, news->bytes, now);
    if (live) {
        quota_take(&peer->pushes, QUOTA_PUSHES, news->entries, news->bytes, now);
    }
    return true;
}

/* Is the run's end taken, and not applied yet? */
static bool waits(const struct sync *sync, const struct run *run)
{
    const struct head *head = heads_get(replica_heads(sync->replica), &run->feed);
    return !head || (!head->void_seq && head->seq < run->first_seq + run->count - 1);
}

/* One run of a message. A signature that doesn't fit what we have of the feed may be a fork: then the peer is asked from
 * the feed's beginning, and only a run that is wrong from there on is its fault. */
static enum err receive_run(struct sync *sync, struct peer *peer, const struct run *run, bool live,
                            struct now now, bool *gap)
{
    uint32_t applied = 0;
    uint64_t from = replica_have(sync->replica, &run->feed);
    struct device_id device;
    struct news news = news_of(sync, run, from);
    if (news.entries && !may_bring(sync, peer, live, &news, now)) {
        *gap = true;
        return OK;
    }
    enum err err = replica_accept(sync->replica, run, now, live, &applied);
    if (applied > 0 && replica_wrote(sync->replica, &run->feed)) {
        sync->returned += news.entries;
    }
    if (news.entries && peer == sync->peer && !live) {
        sync->brought |= applied > 0;
        sync->oldest = news.lamport < sync->oldest ? news.lamport : sync->oldest;
    }
    if (applied > 0 && peer == sync->peer) {
        sync->moved = now.mono;
    }
    if (peer == sync->peer && !live) {
        sync_note_told(sync, run);
    }
    switch (err) {
    case OK:
        if (live && replica_device_of(sync->replica, &run->feed, &device) &&
            SAME(device, peer->device)) {
            note_ack(sync, peer, &run->feed);
        }
        if (live && !peer->gap.ms && waits(sync, run)) {
            peer->gap = now.mono;
        }
        if (live && applied && presence_large(sync->presence)) {
            sync_push(sync, &run->feed, from, peer);
        }
        return OK;
    case ERR_FORK:
        quota_take(&peer->brings, QUOTA_ALL, QUOTA_FORK_ENTRIES, 0, now);
        sync_send_fork(sync, &run->feed);
        return OK;
    case ERR_SIGNATURE:
        if (run->first_seq > 1) {
            sync_look_from_start(sync, peer, &run->feed);
            return OK;
        }
        return err;
    case ERR_WAIT:
    case ERR_LIMIT:
        *gap = true;
        return OK;
    default:
        return err;
    }
}

static enum err receive_runs(struct sync *sync, struct peer *peer, const struct message *m,
                             struct now now)
{
    enum err err = OK;
    bool gap = false;
    bool live = m->flags & RUNS_PUSH;
    for (uint32_t i = 0; i < m->count && err == OK; i++) {
        struct run run;
        err = run_read(&m->items[i], &run);
        err = err == OK ? receive_run(sync, peer, &run, live, now, &gap) : err;
    }
    if (gap && live && !peer->differs) {
        peer->differs = true;
        peer->differs_since = now.mono;
    }
    if (!live && peer == sync->peer && !sync->history_bytes &&
        quota_due(&peer->brings, QUOTA_ALL, now).ms > now.mono.ms) {
        sync_talk_over(sync, now); /* it has brought what it may */
    }
    if (!live && peer == sync->peer) {
        sync->heard = now.mono;
        if (m->flags & RUNS_END) {
            sync_batch_done(sync, m->flags & RUNS_MORE, now);
        }
    }
    return err;
}

static enum err receive_fork(struct sync *sync, struct peer *peer, const struct message *m,
                             struct now now)
{
    struct run a, b;
    if (!sync->history_bytes && quota_due(&peer->brings, QUOTA_ALL, now).ms > now.mono.ms) {
        return OK; /* comparing will find it again */
    }
    enum err err = run_read(&m->items[0], &a);
    err = err == OK ? run_read(&m->items[1], &b) : err;
    err = err == OK ? replica_accept_fork(sync->replica, &a, &b) : err;
    if (err == ERR_FORK) {
        quota_take(&peer->brings, QUOTA_ALL, QUOTA_FORK_ENTRIES, 0, now);
        sync_send_fork(sync, &a.feed);
    }
    if (err == ERR_SIGNATURE) {
        sync_look_from_start(sync, peer, &a.feed);
    }
    return err == ERR_FORK || err == ERR_WAIT || err == ERR_SIGNATURE ? OK : err;
}

/* ---- what peers have ------------------------------------------------------------------------------------------ */

/* Tells everybody: who lacks payloads waits for it. */
static void be_sure(struct sync *sync)
{
    if (!replica_doubts(sync->replica)) {
        return;
    }
    replica_doubt(sync->replica, false);
    for (uint32_t i = 0; i < presence_count(sync->presence); i++) {
        struct peer *peer = presence_at(sync->presence, i);
        if (sync_reaches(peer)) {
            sync_send_beat(sync, peer, 0);
        }
    }
}

void sync_note_heard(struct sync *sync, struct peer *peer)
{
    if (heads_count(replica_heads(sync->replica)) > 0) {
        sync->agreed = true;
        sync->agreed_sure |= !peer->unsure;
        peer->heard_out = true;
    }
}

void sync_note_same(struct sync *sync, struct peer *peer)
{
    struct feed_id own;
    uint64_t seq = 0;
    sync_note_heard(sync, peer);
    peer->differs = false;
    if (peer->lacks) {
        return; /* it has all headers, and not all that they stand for */
    }
    peer->has_all_before = true;
    if (replica_own(sync->replica, &own, &seq)) {
        peer->acked_seq = seq > peer->acked_seq ? seq : peer->acked_seq;
    }
}

static void receive_fingerprint(struct sync *sync, struct peer *peer, const struct message *m,
                                struct now now)
{
    struct fingerprint mine = heads_fingerprint(replica_heads(sync->replica));
    peer->has = m->fingerprint;
    peer->lacks = m->flags & (m->kind == MESSAGE_HELLO ? HELLO_LACKS : BEAT_LACKS);
    peer->unsure = m->flags & (m->kind == MESSAGE_HELLO ? HELLO_UNSURE : BEAT_UNSURE);
    if (SAME(mine, m->fingerprint)) {
        sync_note_same(sync, peer);
        if (peer == sync->peer && sync->lacks_next >= sync->lacks_count) {
            sync_talk_end(sync, now);
        }
    } else if (!peer->differs) {
        peer->differs = true;
        peer->differs_since = now.mono;
        if (m->kind == MESSAGE_HELLO) {
            peer->differs_since.ms -= DIFFERS_MS;
        }
    }
}

static void receive_ack(struct sync *sync, struct peer *peer, const struct message *m)
{
    struct feed_id own;
    uint64_t seq = 0;
    if (replica_own(sync->replica, &own, &seq) && SAME(own, m->feed) && m->seq <= seq &&
        m->seq > peer->acked_seq) {
        peer->acked_seq = m->seq;
    }
}

enum err sync_receive(struct sync *sync, struct peer *peer, const struct message *m, struct now now)
{
    switch (m->kind) {
    case MESSAGE_HELLO:
    case MESSAGE_BEAT:
        receive_fingerprint(sync, peer, m, now);
        return OK;
    case MESSAGE_RANGES:
        return sync_receive_ranges(sync, peer, m);
    case MESSAGE_HEADS:
        return sync_receive_heads(sync, peer, m, now);
    case MESSAGE_WANT:
        return sync_receive_want(sync, peer, m);
    case MESSAGE_RUNS:
        return receive_runs(sync, peer, m, now);
    case MESSAGE_ACK:
        receive_ack(sync, peer, m);
        return OK;
    case MESSAGE_FORK:
        return receive_fork(sync, peer, m, now);
    case MESSAGE_LACKS:
        return sync_receive_lacks(sync, peer, m, now);
    case MESSAGE_PAYLOADS:
        return sync_receive_payloads(sync, peer, m);
    case MESSAGE_MISSING:
        return sync_receive_missing(sync, peer, m, now);
    default:
        return OK;
    }
}

/* ---- turns and time ------------------------------------------------------------------------------------------- */

static void push_own(struct sync *sync)
{
    struct feed_id own;
    uint64_t seq = 0;
    if (!replica_own(sync->replica, &own, &seq)) {
        own_is_gone(sync);
        return;
    }
    if (!SAME(own, sync->pushed_feed)) {
        bool another = sync->pushed > 0; /* of this run: what was known of earlier ones isn't all */
        sync->pushed_feed = own;
        sync->pushed = 0;
        for (uint32_t i = 0; i < presence_count(sync->presence); i++) {
            presence_at(sync->presence, i)->acked_seq = 0;
            presence_at(sync->presence, i)->has_all_before &= !another;
        }
    }
    if (seq > sync->pushed) {
        sync_push(sync, &own, sync->pushed, NULL);
        sync->pushed = seq;
    }
}

void sync_committed(struct sync *sync, struct now now)
{
    (void)now;
    push_own(sync);
    for (uint32_t i = 0; i < sync->acks_count; i++) {
        const struct head *head = heads_get(replica_heads(sync->replica), &sync->acks[i].feed);
        if (head && head->seq > 0 && !replica_lacks_of(sync->replica, &head->feed)) {
            pack_reset(&sync->pack);
            pack_ack(&sync->pack, &head->feed, head->seq);
            sync_send(sync, sync->acks[i].peer);
        }
    }
    sync->acks_count = 0;
    struct fingerprint mine = heads_fingerprint(replica_heads(sync->replica));
    for (uint32_t i = 0; i < presence_count(sync->presence); i++) {
        struct peer *peer = presence_at(sync->presence, i);
        if (!peer->has_all_before && SAME(peer->has, mine)) {
            sync_note_same(sync, peer);
        }
    }
}

/* May it lack something that we wrote? */
static bool is_unsafe(const struct sync *sync, const struct peer *peer)
{
    struct feed_id own;
    uint64_t seq = 0;
    replica_own(sync->replica, &own, &seq);
    return sync_reaches(peer) && (!peer->has_all_before || peer->acked_seq < seq);
}

/* They are asked, a few at a time, until all are known to have it. */
static void look_for_safety(struct sync *sync, struct now now)
{
    uint32_t asked = 0;
    if (now.mono.ms - sync->safety.ms < SAFETY_MS) {
        return;
    }
    sync->safety = now.mono;
    for (uint32_t i = 0; i < presence_count(sync->presence) && asked < 4; i++) {
        struct peer *peer = presence_at(sync->presence, i);
        if (is_unsafe(sync, peer)) {
            sync_send_beat(sync, peer, BEAT_ANSWER);
            asked++;
        }
    }
}

static bool waits_for_agreement(const struct sync *sync)
{
    return sync->agreed && (sync->history_bytes > 0 || replica_doubts(sync->replica));
}

/* When to believe that we have what the class has. One that agrees may only echo our fingerprint, so all who differ are heard
 * out first, and those who haven't spoken yet have a moment to. Else all who are here may have started a moment ago, and wait
 * for one that is sure: after that moment there is none. */
static struct mono agreement_due(const struct sync *sync, bool sure)
{
    int64_t since = sync->agreed_since.ms ? sync->agreed_since.ms : sync->ticked.ms;
    int64_t wait = sure && !sync->agreed_sure ? DOUBT_MS : 0;
    for (uint32_t i = 0; i < presence_count(sync->presence) && wait < AGREED_MS; i++) {
        const struct peer *peer = presence_at(sync->presence, i);
        if (peer->state != PEER_HERE || peer->heard_out) {
            continue;
        }
        if (sync_reaches(peer) && (peer->differs || peer == sync->peer)) {
            wait = AGREED_MS;
        } else if (peer->linked || !presence_large(sync->presence)) {
            wait = DOUBT_MS;
        }
    }
    return (struct mono){since + wait};
}

static void look_for_agreement(struct sync *sync, struct now now)
{
    if (!waits_for_agreement(sync)) {
        return;
    }
    if (sync->agreed_since.ms == 0) {
        sync->agreed_since = now.mono;
    }
    if (agreement_due(sync, false).ms <= now.mono.ms) {
        sync->history_bytes = 0;
    }
    if (agreement_due(sync, true).ms <= now.mono.ms) {
        be_sure(sync);
    }
}

void sync_tick(struct sync *sync, struct now now)
{
    sync->ticked = now.mono;
    bool gone = sync->peer && !sync_reaches(sync->peer);
    bool useless = sync->peer && (now.mono.ms - sync->heard.ms >= TALK_SILENCE_MS ||
                                  now.mono.ms - sync->moved.ms >= TALK_USELESS_MS);
    if (gone || useless || (sync->peer && now.mono.ms - sync->began.ms >= TALK_MAX_MS)) {
        sync->peer->heard_out |= useless;
        sync_talk_over(sync, now);
    }
    for (uint32_t i = sync->acks_count; i > 0; i--) {
        if (!sync_reaches(sync->acks[i - 1].peer)) { /* presence may soon forget it */
            sync->acks[i - 1] = sync->acks[--sync->acks_count];
        }
    }
    look_for_agreement(sync, now);
    sync_look_for_payloads(sync, now);
    sync_serve_next(sync, now);
    sync_look_for_talk(sync, now);
    look_for_safety(sync, now);
    sync_look_for_missing(sync, now);
}

struct mono sync_wake(const struct sync *sync)
{
    struct mono wake = {INT64_MAX};
    if (waits_for_agreement(sync)) {
        wake = agreement_due(sync, sync->history_bytes == 0);
    }
    bool unsafe = false, lacks = replica_count(sync->replica).lacking > 0;
    if (sync->peer) {
        int64_t silence = sync->heard.ms + TALK_SILENCE_MS;
        int64_t useless = sync->moved.ms + TALK_USELESS_MS;
        int64_t most = sync->began.ms + TALK_MAX_MS;
        most = silence < most ? silence : most;
        most = useless < most ? useless : most;
        wake.ms = most < wake.ms ? most : wake.ms;
    }
    for (const struct serving *s = sync->servings; s; s = s->next) {
        struct mono due =
            quota_due(&s->peer->answers, QUOTA_ANSWERS, (struct now){.mono = sync->ticked});
        wake.ms = due.ms < wake.ms ? due.ms : wake.ms;
    }
    for (uint32_t i = 0; i < presence_count(sync->presence); i++) {
        const struct peer *peer = presence_at(sync->presence, i);
        if (!sync_reaches(peer)) {
            continue;
        }
        unsafe |= is_unsafe(sync, peer);
        if (lacks && !peer->unsure) {
            int64_t due = peer->lacks_asked.ms ? peer->lacks_asked.ms + LACKS_AGAIN_MS : 0;
            int64_t next = sync->lacks_since.ms ? sync->lacks_since.ms + LACKS_MS : 0;
            due = due > next ? due : next;
            due = due > sync_talk_rests(sync) ? due : sync_talk_rests(sync);
            wake.ms = due < wake.ms ? due : wake.ms;
        }
        int64_t talk = sync_talk_wake(sync, peer);
        wake.ms = talk < wake.ms ? talk : wake.ms;
    }
    if (replica_count(sync->replica).waiting > 0 && presence_here(sync->presence) > 0 &&
        sync->missing.ms + MISSING_MS < wake.ms) {
        wake.ms = sync->missing.ms + MISSING_MS;
    }
    if (unsafe && sync->safety.ms + SAFETY_MS < wake.ms) {
        wake.ms = sync->safety.ms + SAFETY_MS;
    }
    return wake;
}

bool sync_is_behind(const struct sync *sync)
{
    bool reached = false;
    for (uint32_t i = 0; sync->history_bytes > 0 && i < presence_count(sync->presence); i++) {
        const struct peer *peer = presence_at(sync->presence, i);
        reached |= peer->state == PEER_HERE && peer->linked;
    }
    return reached;
}
