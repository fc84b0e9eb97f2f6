/* Comparing, which is symmetrical and keeps no state; and the talk: what this machine lacks it fetches from one peer at a time,
 * the feeds that ended first before the others, a batch of credit after the other. PROTOCOL.md, "Comparing", "Catching up". */
#include <stdlib.h>

#include "sync_inside.h"

/* ---- comparing -------------------------------------------------------------------------------------------------- */

static void send_ranges(struct sync *sync, struct peer *peer, const struct prefix *prefixes,
                        uint32_t count)
{
    for (uint32_t i = 0; i < count; i += RANGES_MAX) {
        uint32_t part = count - i < RANGES_MAX ? count - i : RANGES_MAX;
        pack_reset(&sync->pack);
        pack_ranges(&sync->pack, part);
        for (uint32_t k = i; k < i + part; k++) {
            struct range range = {prefixes[k],
                                  heads_range(replica_heads(sync->replica), &prefixes[k])};
            pack_range(&sync->pack, &range);
        }
        sync_send(sync, peer);
        sync->compares |= peer == sync->peer;
    }
}

static uint32_t add_children(struct prefix *out, uint32_t count, const struct prefix *prefix)
{
    for (uint8_t i = 0; i < 16; i++) {
        out[count + i] = prefix_child(prefix, i);
    }
    return count + 16;
}

/* Sends all heads under some prefixes; ranges with more than a message holds are split instead. */
static void send_heads(struct sync *sync, struct peer *peer, const struct prefix *prefixes,
                       uint32_t count, bool answer)
{
    struct heads *heads = replica_heads(sync->replica);
    struct prefix split[RANGES_MAX * 16];
    uint32_t split_count = 0;
    for (uint32_t i = 0; i < count;) {
        uint32_t part = 0, total = 0, first = 0, under = 0;
        for (; i + part < count; part++) {
            heads_slice(heads, &prefixes[i + part], &first, &under);
            if (total + under > HEADS_ROOM) {
                break;
            }
            total += under;
        }
        if (part == 0) {
            if (prefixes[i].nibbles < 32 && split_count + 16 <= RANGES_MAX * 16) {
                split_count = add_children(split, split_count, &prefixes[i]);
            }
            i++;
            continue;
        }
        pack_reset(&sync->pack);
        pack_heads(&sync->pack, answer, part);
        for (uint32_t k = i; k < i + part; k++) {
            heads_slice(heads, &prefixes[k], &first, &under);
            pack_heads_of(&sync->pack, &prefixes[k], under);
            for (uint32_t h = 0; h < under; h++) {
                pack_head(&sync->pack, heads_at(heads, first + h));
            }
        }
        sync_send(sync, peer);
        sync->compares |= answer && peer == sync->peer;
        i += part;
    }
    send_ranges(sync, peer, split, split_count);
}

/* Ranges of one message don't overlap and come in order: else a short message could ask for the same long answer again and
 * again. */
static bool follows(const struct prefix *prefix, const struct prefix *last, uint32_t i)
{
    return i == 0 || memcmp(prefix->b, last->b, sizeof(prefix->b)) > 0;
}

/* Fingerprints came: where ours differ, answer with heads if they are few, else with finer fingerprints. */
enum err sync_receive_ranges(struct sync *sync, struct peer *peer, const struct message *m)
{
    struct heads *heads = replica_heads(sync->replica);
    struct prefix tell[RANGES_MAX];
    struct prefix split[RANGES_MAX * 16];
    struct prefix last = {0};
    uint32_t tell_count = 0, split_count = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        struct range range;
        uint32_t first, under;
        enum err err = message_range(m, i, &range);
        if (err != OK || !follows(&range.prefix, &last, i)) {
            return err != OK ? err : ERR_MALFORMED;
        }
        last = range.prefix;
        struct fingerprint mine = heads_range(heads, &range.prefix);
        if (SAME(mine, range.fingerprint)) {
            continue;
        }
        static const struct fingerprint empty;
        heads_slice(heads, &range.prefix, &first, &under);
        bool theirs_empty = SAME(range.fingerprint, empty);
        if (under <= RANGE_LEAF || (theirs_empty && under <= HEADS_ROOM) ||
            range.prefix.nibbles >= 32) {
            tell[tell_count++] = range.prefix;
        } else {
            split_count = add_children(split, split_count, &range.prefix);
        }
    }
    if (tell_count == 0 && split_count == 0) {
        sync_send_beat(sync, peer, 0);
        return OK;
    }
    send_heads(sync, peer, tell, tell_count, true);
    send_ranges(sync, peer, split, split_count);
    return OK;
}

/* ---- the talk --------------------------------------------------------------------------------------------------- */

static bool has_gap(const struct sync *sync, const struct peer *peer)
{
    return peer->gap.ms && replica_count(sync->replica).waiting > 0;
}

static void lack_add(struct sync *sync, const struct head *head, uint64_t from)
{
    if (sync->lacks_count >= WANTS_MAX) {
        return;
    }
    if (sync->lacks_count % 256 == 0) {
        struct lack *grown = realloc(sync->lacks, (sync->lacks_count + 256) * sizeof(*sync->lacks));
        if (!grown) {
            return;
        }
        sync->lacks = grown;
    }
    sync->lacks[sync->lacks_count++] = (struct lack){
        .feed = head->feed, .from = from, .target = head->seq, .lamport = head->lamport};
    sync->sorted = false;
}

static int lack_order(const void *a, const void *b)
{
    const struct lack *x = a, *y = b;
    return x->lamport < y->lamport ? -1 : x->lamport > y->lamport;
}

/* Asks for the next feeds, as many as one WANT names: none if only an end of what is being compared is asked for. The answer
 * to a WANT comes behind those to all questions before it. */
static void ask(struct sync *sync, struct now now)
{
    uint32_t count = sync->lacks_count - sync->lacks_next;
    if (count > 1 && !sync->sorted) {
        qsort(sync->lacks + sync->lacks_next, count, sizeof(struct lack), lack_order);
        sync->sorted = true;
    }
    count = count > WANT_MAX ? WANT_MAX : count;
    pack_reset(&sync->pack);
    uint64_t credit = quota_bytes(&sync->peer->brings, QUOTA_ALL, now);
    credit = credit < RUNS_ROOM ? RUNS_ROOM : credit;
    pack_wants(&sync->pack, credit < CREDIT_BYTES && !sync->history_bytes ? credit : CREDIT_BYTES,
               count);
    for (uint32_t i = 0; i < count; i++) {
        struct lack *lack = &sync->lacks[sync->lacks_next + i];
        uint64_t have = replica_have(sync->replica, &lack->feed);
        const struct head *ours = heads_get(replica_heads(sync->replica), &lack->feed);
        if (lack->target <= have) { /* it is here: a signature is what lacks */
            have = ours ? ours->seq : 0;
        }
        struct want want = {lack->feed, lack->from < have ? lack->from : have};
        want.have = lack->told > want.have ? lack->told : want.have;
        pack_want(&sync->pack, &want);
    }
    sync->lacks_asked = count;
    sync->compares = false;
    sync_send(sync, sync->peer);
}

static void talk_clear(struct sync *sync)
{
    sync->lacks_count = sync->lacks_next = sync->lacks_asked = 0;
    sync->sorted = sync->whole = sync->compares = sync->brought = false;
    sync->oldest = UINT64_MAX;
}

static void talk_start(struct sync *sync, struct peer *peer, struct now now)
{
    struct prefix all = {0};
    talk_clear(sync);
    sync->peer = peer;
    sync->heard = sync->moved = sync->began = now.mono;
    sync->whole = true;
    sync->for_gap = has_gap(sync, peer);
    peer->differs = false;
    peer->asked = now.mono;
    send_ranges(sync, peer, &all, 1);
    ask(sync, now);
}

/* Which of the peer's heads are ahead of ours? */
static bool compare_head(struct sync *sync, const struct head *theirs)
{
    const struct head *ours = heads_get(replica_heads(sync->replica), &theirs->feed);
    uint64_t seq = ours ? ours->seq : 0;
    bool void_news =
        theirs->void_seq && (!ours || !ours->void_seq || theirs->void_seq < ours->void_seq);
    bool parted = ours && seq == theirs->seq && !SAME(ours->last, theirs->last) &&
                  theirs->void_seq == ours->void_seq;
    if (theirs->seq > seq || void_news) {
        if (!ours || !ours->void_seq || void_news) {
            lack_add(sync, theirs, FEED_ENTRIES_MAX);
        }
    } else if (parted) {
        lack_add(sync, theirs, 0); /* a fork: compare from its beginning */
    }
    return theirs->seq < seq || (ours && ours->void_seq && ours->void_seq != theirs->void_seq) ||
           parted;
}

/* Are we ahead in this range: a feed that they lack, or have less of? Notes what they are ahead in. */
static enum err compare_range(struct sync *sync, const struct message *m, uint32_t i,
                              struct prefix *prefix, bool *ahead)
{
    const msgpack_object *items;
    uint32_t count, first, under, known = 0;
    enum err err = message_heads(m, i, prefix, &items, &count);
    *ahead = false;
    for (uint32_t k = 0; k < count && err == OK; k++) {
        struct head head;
        err = message_head(items, k, &head);
        if (err == OK && !prefix_has(prefix, &head.feed)) {
            err = ERR_MALFORMED;
        }
        if (err == OK) {
            known += heads_get(replica_heads(sync->replica), &head.feed) != NULL;
            *ahead |= compare_head(sync, &head);
        }
    }
    heads_slice(replica_heads(sync->replica), prefix, &first, &under);
    *ahead |= under > known;
    return err;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* When it may be asked that was to be asked since then; it was asked last at `asked`, 0: not. */
static int64_t due_after(int64_t since, int64_t settle, int64_t asked, int64_t pause)
{
    return later(since + settle, asked ? asked + pause : 0);
}

static int64_t talk_due(const struct sync *sync, const struct peer *peer)
{
    int64_t due = INT64_MAX;
    if (peer->differs) {
        due = due_after(peer->differs_since.ms, DIFFERS_MS, peer->asked.ms, ASK_AGAIN_MS);
    }
    if (has_gap(sync, peer)) {
        int64_t gap = due_after(peer->gap.ms, GAP_MS, peer->asked.ms, GAP_AGAIN_MS);
        due = gap < due ? gap : due;
    }
    if (due == INT64_MAX) {
        return due;
    }
    return later(due, quota_due(&peer->brings, QUOTA_ALL, (struct now){.mono = sync->ticked}).ms);
}

static bool is_due(const struct sync *sync, const struct peer *peer, struct now now)
{
    return sync_reaches(peer) && talk_due(sync, peer) <= now.mono.ms;
}

/* Does the talk that lasts end for one with this peer, once its slice of time is over? One in which no entries are awaited does
 * for anybody, as nothing more may come; any other for who pushed what waits, unless it brings what was before our start. */
static bool gives_way(const struct sync *sync, const struct peer *peer)
{
    bool idle = sync->lacks_asked == 0, gap = has_gap(sync, peer);
    return peer == sync->peer ? idle && gap : idle || (gap && !sync->history_bytes);
}

int64_t sync_talk_rests(const struct sync *sync)
{
    if (!sync->peer) {
        return 0;
    }
    return sync->lacks_asked == 0 ? sync->began.ms + TALK_SLICE_MS : INT64_MAX;
}

int64_t sync_talk_wake(const struct sync *sync, const struct peer *peer)
{
    if (!sync->peer) {
        return talk_due(sync, peer);
    }
    return gives_way(sync, peer) ? later(talk_due(sync, peer), sync->began.ms + TALK_SLICE_MS)
                                 : INT64_MAX;
}

/* Since when a peer waits for a talk: since it differs, or since its last one. Who waits longest is next, so that neither who
 * never answers stands before the others, nor who comes under a new key again and again. */
static int64_t waits_since(const struct peer *peer)
{
    return later(peer->differs ? peer->differs_since.ms : peer->gap.ms, peer->asked.ms);
}

/* Where something waits for what it may bring before those who only differ, every other time: a liar's may wait for ever. */
static bool is_before(const struct sync *sync, const struct peer *peer, const struct peer *other)
{
    bool gap = has_gap(sync, peer);
    return !other ||
           (!sync->for_gap && gap != has_gap(sync, other) ? gap
                                                          : waits_since(peer) < waits_since(other));
}

/* HEADS that nobody asked for begin a talk only if no other peer waits for one for longer. */
static bool may_begin(struct sync *sync, const struct peer *peer, struct now now)
{
    int64_t since = peer->differs ? waits_since(peer) : now.mono.ms;
    for (uint32_t i = 0; i < presence_count(sync->presence); i++) {
        const struct peer *other = presence_at(sync->presence, i);
        if (other != peer && is_due(sync, other, now) && waits_since(other) < since) {
            return false;
        }
    }
    return true;
}

enum err sync_receive_heads(struct sync *sync, struct peer *peer, const struct message *m,
                            struct now now)
{
    struct prefix tell[HEADS_MAX];
    struct prefix last = {0};
    uint32_t tell_count = 0;
    enum err err = OK;
    if (!sync->peer) {
        talk_clear(sync);
    }
    uint32_t lacks = sync->lacks_count;
    for (uint32_t i = 0; i < m->count && err == OK; i++) {
        bool ahead = false;
        struct prefix prefix;
        err = compare_range(sync, m, i, &prefix, &ahead);
        if (err == OK && !follows(&prefix, &last, i)) {
            err = ERR_MALFORMED;
        }
        last = prefix;
        if (err == OK && ahead && (m->flags & HEADS_ANSWER) && tell_count < HEADS_MAX) {
            tell[tell_count++] = prefix;
        }
    }
    if (sync->peer ? sync->peer != peer : !may_begin(sync, peer, now)) {
        sync->lacks_count = lacks; /* one talk at a time; the difference will still be there */
    } else if (sync->lacks_count > lacks && !sync->peer) {
        sync->heard = sync->moved = sync->began = peer->asked = now.mono;
        sync->peer = peer;
        ask(sync, now);
    }
    send_heads(sync, peer, tell, tell_count, false);
    return err;
}

void sync_talk_drop(struct sync *sync)
{
    sync->peer = NULL;
    talk_clear(sync);
}

/* The talk is given up: its peer's turn comes again after the others'. */
void sync_talk_over(struct sync *sync, struct now now)
{
    if (!sync->peer->differs) {
        sync->peer->differs = true;
        sync->peer->differs_since = now.mono;
    }
    sync->peer->asked = now.mono;
    sync_talk_drop(sync);
}

static uint64_t greatest_lamport(const struct heads *heads)
{
    uint64_t greatest = 0;
    for (uint32_t i = 0; i < heads_count(heads); i++) {
        uint64_t one = heads_at(heads, i)->lamport;
        greatest = one > greatest ? one : greatest;
    }
    return greatest;
}

/* Where others write all the time a peer's fingerprint may never be ours at the moment when it comes. It is heard out, too,
 * when a comparison of all feeds found nothing that lacks here, or brought only what was written since an earlier one. */
static void note_brought(struct sync *sync, struct peer *peer)
{
    if (sync->lacks_count == 0 ||
        (sync->brought && sync->oldest > peer->settled && peer->settled)) {
        sync_note_heard(sync, peer);
    } else if (!peer->settled) {
        peer->settled = greatest_lamport(replica_heads(sync->replica));
    }
    peer->heard_out |= !sync->brought; /* it has no more, whatever it says */
}

/* Everything asked for is here, or the peer has no more: is there another difference? */
void sync_talk_end(struct sync *sync, struct now now)
{
    struct peer *peer = sync->peer;
    struct fingerprint mine = heads_fingerprint(replica_heads(sync->replica));
    bool same = SAME(peer->has, mine), more = !sync->whole || sync->brought;
    struct mono began = sync->began;
    if (sync->whole && !same) {
        note_brought(sync, peer);
    }
    sync_talk_drop(sync);
    if (!sync_reaches(peer)) {
        return;
    }
    if (!same && more) {
        talk_start(sync, peer, now);
        sync->began = began;
        return;
    }
    peer->heard_out = true;
    peer->gap.ms = 0;
    sync_send_beat(sync, peer, 0);
}

void sync_batch_done(struct sync *sync, bool more, struct now now)
{
    if (!more) {
        sync->lacks_next += sync->lacks_asked;
    }
    sync->lacks_asked = 0;
    if (sync->lacks_next < sync->lacks_count || sync->compares) {
        ask(sync, now);
    } else {
        sync_talk_end(sync, now);
    }
}

void sync_look_for_talk(struct sync *sync, struct now now)
{
    struct peer *best = NULL;
    struct fingerprint mine = heads_fingerprint(replica_heads(sync->replica));
    if (sync->peer && now.mono.ms - sync->began.ms < TALK_SLICE_MS) {
        return;
    }
    for (uint32_t i = 0; i < presence_count(sync->presence); i++) {
        struct peer *peer = presence_at(sync->presence, i);
        if (peer->differs && SAME(peer->has, mine)) {
            sync_note_same(sync, peer);
        } else if (is_due(sync, peer, now) && (!sync->peer || gives_way(sync, peer)) &&
                   is_before(sync, peer, best)) {
            best = peer;
        }
    }
    if (best) {
        if (sync->peer) {
            sync_talk_over(sync, now);
        }
        talk_start(sync, best, now);
    }
}

void sync_note_told(struct sync *sync, const struct run *run)
{
    uint64_t last = run->first_seq + run->count - 1;
    for (uint32_t i = 0; i < sync->lacks_asked; i++) {
        struct lack *lack = &sync->lacks[sync->lacks_next + i];
        if (last > lack->told && SAME(lack->feed, run->feed)) {
            lack->told = last;
        }
    }
}

/* It may be a fork before what we have: not the fault of who passes it on. */
void sync_look_from_start(struct sync *sync, const struct peer *peer, const struct feed_id *feed)
{
    struct head head = {.feed = *feed};
    for (uint32_t i = sync->lacks_next; i < sync->lacks_count; i++) {
        if (SAME(sync->lacks[i].feed, *feed) && sync->lacks[i].from == 0) {
            return;
        }
    }
    if (sync->peer == peer) {
        lack_add(sync, &head, 0);
    }
}

uint64_t sync_returned(const struct sync *sync)
{
    return sync->returned;
}

uint64_t sync_behind(const struct sync *sync)
{
    uint64_t behind = 0;
    for (uint32_t i = sync->lacks_next; sync->peer && i < sync->lacks_count; i++) {
        const struct lack *lack = &sync->lacks[i];
        const struct head *ours = heads_get(replica_heads(sync->replica), &lack->feed);
        uint64_t seq = ours ? ours->seq : 0;
        behind += lack->target > seq ? lack->target - seq : 0;
    }
    return behind;
}
