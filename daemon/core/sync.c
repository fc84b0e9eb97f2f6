/* Conversations about the log. Comparing is symmetrical and keeps no state; what this machine lacks it fetches from one
 * peer at a time (the talk), the feeds that ended first before the others, a batch of credit after the other. */
#include "sync.h"

#include <stdlib.h>

enum {
    OUT_BYTES_MAX = 8 << 20, /* of messages that wait to be pulled */
    WANTS_MAX = 65536,       /* feeds under way in one talk */
    TALK_SILENCE_MS = 3000,  /* then the talk is given up */
    TALK_USELESS_MS = 10000, /* the same, if it says much but brings nothing */
    TALK_MAX_MS = 20000,     /* then others have their turn, whatever it brings */
    DIFFERS_MS = 150,      /* pushes under way settle so long before a difference is looked into */
    ASK_AGAIN_MS = 2000,   /* between two talks with one peer that brought nothing */
    MISSING_MS = 1000,     /* how often one peer is asked for causes that don't come */
    SAFETY_MS = 5000,      /* how often peers are asked whether they have all of ours */
    RUNS_ROOM = 56 * 1024, /* of a message for runs */
    BRANCH_ROOM = 28 * 1024, /* the same for headers alone, of which more objects fit */
    HEADS_ROOM = 200,        /* heads in one message */
    LACKS_MS = 2000,         /* between two questions for payloads, whoever is asked */
    LACKS_AGAIN_MS = 30000,  /* before the same peer is asked for them again */
};

struct out {
    struct out *next;
    struct peer *peer;
    size_t len;
    uint8_t bytes[];
};

/* What a peer wants, until it is its turn: one of a peer, the newest. */
struct serving {
    struct serving *next;
    struct peer *peer;
    uint64_t credit;
    uint32_t count;
    struct want wants[WANT_MAX];
};

/* A feed that the talk's peer has more of. */
struct lack {
    struct feed_id feed;
    uint64_t from;   /* what to say that we have */
    uint64_t target; /* what the peer has */
    uint64_t lamport;
};

struct sync {
    struct replica *replica;
    struct presence *presence;
    struct pack pack;
    struct out *first, *last, *told;
    size_t out_bytes;
    bool tells_saved; /* a BEAT is among them */
    /* the talk */
    struct peer *peer; /* NULL: none */
    struct mono heard; /* its last sign */
    struct mono moved; /* when it last brought an entry, or began */
    struct mono began; /* or began anew after it brought entries, without a pause */
    struct lack *lacks;
    uint32_t lacks_count, lacks_next, lacks_asked;
    bool sorted;
    bool brought;             /* it brought entries */
    struct serving *servings; /* first come, first served */
    /* what was pushed of our own feed */
    struct feed_id pushed_feed;
    uint64_t pushed;
    /* peers whose pushes reached the log in this turn, and whose feeds grew */
    struct ack {
        struct peer *peer;
        struct feed_id feed;
    } acks[64];
    uint32_t acks_count;
    struct mono safety;
    struct mono lacks_since; /* when payloads were last asked for; 0: not, or it was answered */
    int64_t lacks_after;     /* where to go on with them */
    uint64_t
        history_bytes; /* that may come yet beside the quotas: until this machine has agreed with another */
    struct mono ticked;
    struct mono missing;
    uint32_t missing_turn; /* whose turn it is to be asked */
};

struct sync *sync_new(struct replica *replica, struct presence *presence)
{
    struct sync *sync = calloc(1, sizeof(*sync));
    if (sync) {
        sync->replica = replica;
        sync->presence = presence;
        sync->history_bytes = HISTORY_BYTES;
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
static void send_packed(struct sync *sync, struct peer *peer)
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

bool sync_tells_saved(const struct sync *sync)
{
    return sync->tells_saved;
}

void sync_rolled_back(struct sync *sync)
{
    out_clear(sync);
    sync->tells_saved = false;
    sync->acks_count = 0;
    sync->peer = NULL;
}

static void send_beat(struct sync *sync, struct peer *peer, uint64_t flags)
{
    struct fingerprint mine = heads_fingerprint(replica_heads(sync->replica));
    pack_reset(&sync->pack);
    /* without BEAT_WATCH it would release a peer that watches us */
    flags |= peer->watches_me ? BEAT_WATCH : 0;
    flags |= replica_lacks(sync->replica) ? BEAT_LACKS : 0;
    pack_beat(&sync->pack, &mine, flags);
    send_packed(sync, peer);
    sync->tells_saved = true;
}

static bool reachable(const struct peer *peer)
{
    return peer->state == PEER_HERE && peer->linked;
}

/* ---- comparing ------------------------------------------------------------------------------------------------ */

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
        send_packed(sync, peer);
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
        send_packed(sync, peer);
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
static enum err receive_ranges(struct sync *sync, struct peer *peer, const struct message *m)
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
        send_beat(sync, peer, 0);
        return OK;
    }
    send_heads(sync, peer, tell, tell_count, true);
    send_ranges(sync, peer, split, split_count);
    return OK;
}

/* ---- the talk ------------------------------------------------------------------------------------------------- */

static void talk_start(struct sync *sync, struct peer *peer, struct now now)
{
    struct prefix all = {0};
    sync->peer = peer;
    sync->heard = sync->moved = sync->began = now.mono;
    sync->lacks_count = sync->lacks_next = sync->lacks_asked = 0;
    sync->sorted = sync->brought = false;
    peer->differs = false;
    peer->asked = now.mono;
    send_ranges(sync, peer, &all, 1);
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
    sync->lacks[sync->lacks_count++] = (struct lack){head->feed, from, head->seq, head->lamport};
    sync->sorted = false;
}

static int lack_order(const void *a, const void *b)
{
    const struct lack *x = a, *y = b;
    return x->lamport < y->lamport ? -1 : x->lamport > y->lamport;
}

/* Asks for the next feeds, as many as one WANT names. */
static void ask(struct sync *sync, struct now now)
{
    uint32_t count = sync->lacks_count - sync->lacks_next;
    if (!sync->sorted) {
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
        struct want want = {lack->feed, lack->from < have ? lack->from : have};
        lack->from = FEED_ENTRIES_MAX; /* asked from further back only once */
        pack_want(&sync->pack, &want);
    }
    sync->lacks_asked = count;
    send_packed(sync, sync->peer);
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

static bool is_due(const struct peer *peer, struct now now)
{
    return reachable(peer) && peer->differs && now.mono.ms - peer->differs_since.ms >= DIFFERS_MS &&
           (peer->asked.ms == 0 || now.mono.ms - peer->asked.ms >= ASK_AGAIN_MS) &&
           quota_due(&peer->brings, QUOTA_ALL, now).ms <= now.mono.ms;
}

/* HEADS that nobody asked for begin a talk only if no other peer waits for one for longer. */
static bool may_begin(struct sync *sync, const struct peer *peer, struct mono asked, struct now now)
{
    for (uint32_t i = 0; i < presence_count(sync->presence); i++) {
        const struct peer *other = presence_at(sync->presence, i);
        if (other != peer && is_due(other, now) && other->asked.ms < asked.ms) {
            return false;
        }
    }
    return true;
}

static enum err receive_heads(struct sync *sync, struct peer *peer, const struct message *m,
                              struct now now)
{
    struct prefix tell[HEADS_MAX];
    struct prefix last = {0};
    uint32_t tell_count = 0;
    enum err err = OK;
    uint32_t lacks = sync->lacks_count;
    struct mono asked = peer->asked;
    if (!sync->peer) {
        sync->lacks_count = sync->lacks_next = sync->lacks_asked = lacks = 0;
        sync->brought = false;
    }
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
    if (sync->peer ? sync->peer != peer : !may_begin(sync, peer, asked, now)) {
        sync->lacks_count = lacks; /* one talk at a time; the difference will still be there */
    } else if (sync->lacks_count > lacks) {
        if (!sync->peer) {
            sync->moved = sync->began = peer->asked = now.mono;
        }
        sync->peer = peer;
        sync->heard = now.mono;
        if (!sync->lacks_asked) {
            ask(sync, now);
        }
    }
    send_heads(sync, peer, tell, tell_count, false);
    return err;
}

/* The talk is given up: its peer's turn comes again after the others'. */
static void talk_over(struct sync *sync, struct now now)
{
    if (!sync->peer->differs) {
        sync->peer->differs = true;
        sync->peer->differs_since = now.mono;
    }
    sync->peer->asked = now.mono;
    sync->peer = NULL;
    sync->lacks_count = sync->lacks_next = sync->lacks_asked = 0;
}

/* Everything asked for is here, or the peer has no more: is there another difference? */
static void talk_end(struct sync *sync, struct now now)
{
    struct peer *peer = sync->peer;
    struct fingerprint mine = heads_fingerprint(replica_heads(sync->replica));
    sync->peer = NULL;
    sync->lacks_count = sync->lacks_next = sync->lacks_asked = 0;
    if (!peer || !reachable(peer)) {
        return;
    }
    if (!SAME(peer->has, mine) && sync->brought) {
        struct mono began = sync->began;
        talk_start(sync, peer, now);
        sync->began = began;
        return;
    }
    send_beat(sync, peer, 0);
}

static void batch_done(struct sync *sync, bool more, struct now now)
{
    if (!more) {
        sync->lacks_next += sync->lacks_asked;
    }
    sync->lacks_asked = 0;
    if (sync->lacks_next < sync->lacks_count) {
        ask(sync, now);
    } else {
        talk_end(sync, now);
    }
}

/* ---- entries -------------------------------------------------------------------------------------------------- */

/* Keeps in mind what a peer wants. It is served in turn, one peer each turn of the loop: who asks without end, and reads
 * nothing, keeps nobody else waiting. */
static enum err receive_want(struct sync *sync, struct peer *peer, const struct message *m)
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
            send_packed(sync, s->peer);
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
        send_packed(sync, s->peer);
        more = !last;
    }
    pack_clear(&runs);
    return credit;
}

/* Serves the first who may be, and forgets those who can't be reached any more: presence may soon forget them too. */
static void serve_next(struct sync *sync, struct now now)
{
    bool served = false;
    for (struct serving **at = &sync->servings; *at;) {
        struct serving *s = *at;
        bool due = quota_due(&s->peer->answers, QUOTA_ANSWERS, now).ms <= now.mono.ms;
        if (reachable(s->peer) && (served || !due)) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        if (reachable(s->peer)) {
            uint64_t left = serve(sync, s);
            quota_take(&s->peer->answers, QUOTA_ANSWERS, 0, s->credit - left, now);
            served = true;
        }
        free(s);
    }
}

/* To all that can be reached but `except`: entries of a feed after `from`. Those of a full room come from their author;
 * where not everybody has a link to everybody, who takes a new entry passes it on. */
static void push(struct sync *sync, const struct feed_id *feed, uint64_t from,
                 const struct peer *except)
{
    struct pack runs;
    uint32_t count = 0;
    pack_init(&runs);
    replica_runs(sync->replica, feed, from, RUNS_ROOM, &runs, &count);
    for (uint32_t i = 0; count && i < presence_count(sync->presence); i++) {
        struct peer *peer = presence_at(sync->presence, i);
        if (reachable(peer) && peer != except) {
            pack_reset(&sync->pack);
            pack_runs(&sync->pack, RUNS_PUSH, count);
            pack_packed(&sync->pack, &runs);
            send_packed(sync, peer);
        }
    }
    pack_clear(&runs);
}

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

static void send_fork(struct sync *sync, const struct feed_id *feed)
{
    struct slice a, b;
    if (!replica_fork_proof(sync->replica, feed, &a, &b)) {
        return;
    }
    for (uint32_t i = 0; i < presence_count(sync->presence); i++) {
        struct peer *peer = presence_at(sync->presence, i);
        if (reachable(peer)) {
            pack_reset(&sync->pack);
            pack_fork(&sync->pack, a, b);
            send_packed(sync, peer);
        }
    }
}

/* It may be a fork before what we have: not the fault of who passes it on. */
static void look_from_start(struct sync *sync, const struct peer *peer, const struct feed_id *feed)
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

/* What of a run is new here, in entries and bytes; of a void feed all of it, since its branches aren't compared. */
static uint64_t news_of(struct sync *sync, const struct run *run, uint64_t have, uint64_t *bytes)
{
    struct hash after[AFTER_MAX];
    const struct head *head = heads_get(replica_heads(sync->replica), &run->feed);
    uint64_t news = 0;
    *bytes = 0;
    for (uint32_t i = 0; i < run->count; i++) {
        struct entry entry;
        bool is_new = run->first_seq + i > have || (head && head->void_seq);
        if (is_new && run_entry(run, i, after, &entry) == OK) {
            *bytes += entry_weight(&entry);
            news++;
        }
    }
    return news;
}

/* May the peer bring so much now? A machine that has just started may be a year behind: until it agrees with another it takes
 * what comes. */
static bool may_bring(struct sync *sync, struct peer *peer, bool live, uint64_t entries,
                      uint64_t bytes, struct now now)
{
    if (sync->history_bytes > 0) {
        sync->history_bytes -= bytes < sync->history_bytes ? bytes : sync->history_bytes;
        return true;
    }
    if (quota_due(&peer->brings, QUOTA_ALL, now).ms > now.mono.ms ||
        (live && quota_due(&peer->pushes, QUOTA_PUSHES, now).ms > now.mono.ms)) {
        return false;
    }
    quota_take(&peer->brings, QUOTA_ALL, entries, bytes, now);
    if (live) {
        quota_take(&peer->pushes, QUOTA_PUSHES, entries, bytes, now);
    }
    return true;
}

/* One run of a message. A signature that doesn't fit what we have of the feed may be a fork: then the peer is asked from
 * the feed's beginning, and only a run that is wrong from there on is its fault. */
static enum err receive_run(struct sync *sync, struct peer *peer, const struct run *run, bool live,
                            struct now now, bool *gap)
{
    uint32_t applied = 0;
    uint64_t from = replica_have(sync->replica, &run->feed);
    struct device_id device;
    uint64_t bytes = 0, news = news_of(sync, run, from, &bytes);
    if (news && !may_bring(sync, peer, live, news, bytes, now)) {
        *gap = true;
        return OK;
    }
    enum err err = replica_accept(sync->replica, run, now, live, &applied);
    sync->brought |= applied > 0;
    if (applied > 0 && peer == sync->peer) {
        sync->moved = now.mono;
    }
    switch (err) {
    case OK:
        if (live && replica_device_of(sync->replica, &run->feed, &device) &&
            SAME(device, peer->device)) {
            note_ack(sync, peer, &run->feed);
        }
        if (live && applied && presence_here(sync->presence) > NEIGHBOURS_MAX) {
            push(sync, &run->feed, from, peer);
        }
        return OK;
    case ERR_FORK:
        quota_take(&peer->brings, QUOTA_ALL, QUOTA_FORK_ENTRIES, 0, now);
        send_fork(sync, &run->feed);
        return OK;
    case ERR_SIGNATURE:
        if (run->first_seq > 1) {
            look_from_start(sync, peer, &run->feed);
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
        talk_over(sync, now); /* it has brought what it may */
    }
    if (!live && peer == sync->peer) {
        sync->heard = now.mono;
        if (m->flags & RUNS_END) {
            batch_done(sync, m->flags & RUNS_MORE, now);
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
        send_fork(sync, &a.feed);
    }
    if (err == ERR_SIGNATURE) {
        look_from_start(sync, peer, &a.feed);
    }
    return err == ERR_FORK || err == ERR_WAIT || err == ERR_SIGNATURE ? OK : err;
}

/* ---- payloads that lack ---------------------------------------------------------------------------------------- */

/* Tells those that are here, as many as one message holds. What isn't told isn't here. */
static enum err receive_lacks(struct sync *sync, struct peer *peer, const struct message *m)
{
    struct pack told;
    uint32_t count = 0;
    enum err err = OK;
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
        send_packed(sync, peer);
    }
    pack_clear(&told);
    return err;
}

static enum err receive_payloads(struct sync *sync, struct peer *peer, const struct message *m)
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
    return reachable(peer) &&
           (peer->lacks_asked.ms == 0 || now.mono.ms - peer->lacks_asked.ms >= LACKS_AGAIN_MS);
}

/* Once nothing is under way: a redaction comes later than what it covers. One peer is asked after the other, so that who
 * withholds a payload keeps it from nobody as long as anybody has it. */
static void look_for_payloads(struct sync *sync, struct now now)
{
    struct peer *best = NULL;
    struct want wants[WANT_MAX];
    if (sync->peer || replica_count(sync->replica).lacking == 0 ||
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
    send_packed(sync, best);
    best->lacks_asked = sync->lacks_since = now.mono;
}

/* Entries of void feeds that the peer's entries wait for: the proof, and headers of the branch. What isn't void is found by
 * comparing. */
static enum err receive_missing(struct sync *sync, struct peer *peer, const struct message *m)
{
    struct hash ends[MISSING_MAX];
    struct pack runs;
    uint32_t count = 0;
    enum err err = OK;
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
        if (err == OK && used < BRANCH_ROOM &&
            replica_branch_runs(sync->replica, &id, ends, m->ends_count, BRANCH_ROOM - used, &feed,
                                &runs, &count) &&
            count > before && replica_fork_proof(sync->replica, &feed, &a, &b)) {
            pack_reset(&sync->pack);
            pack_fork(&sync->pack, a, b);
            send_packed(sync, peer);
        }
    }
    if (err == OK && count > 0) {
        pack_reset(&sync->pack);
        pack_runs(&sync->pack, 0, count);
        pack_packed(&sync->pack, &runs);
        send_packed(sync, peer);
    }
    pack_clear(&runs);
    return err;
}

/* ---- what peers have ------------------------------------------------------------------------------------------ */

static void note_same(struct sync *sync, struct peer *peer)
{
    struct feed_id own;
    uint64_t seq = 0;
    if (heads_count(replica_heads(sync->replica)) > 0) {
        sync->history_bytes = 0;
    }
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
    if (SAME(mine, m->fingerprint)) {
        note_same(sync, peer);
        if (peer == sync->peer && sync->lacks_next >= sync->lacks_count) {
            talk_end(sync, now);
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
    bool of_talk = m->kind == MESSAGE_RANGES || m->kind == MESSAGE_HEADS;
    if (peer == sync->peer && of_talk) {
        sync->heard =
            now.mono; /* RUNS count below; BEATs don't, or a lost WANT would hang for ever */
    }
    switch (m->kind) {
    case MESSAGE_HELLO:
    case MESSAGE_BEAT:
        receive_fingerprint(sync, peer, m, now);
        return OK;
    case MESSAGE_RANGES:
        return receive_ranges(sync, peer, m);
    case MESSAGE_HEADS:
        return receive_heads(sync, peer, m, now);
    case MESSAGE_WANT:
        return receive_want(sync, peer, m);
    case MESSAGE_RUNS:
        return receive_runs(sync, peer, m, now);
    case MESSAGE_ACK:
        receive_ack(sync, peer, m);
        return OK;
    case MESSAGE_FORK:
        return receive_fork(sync, peer, m, now);
    case MESSAGE_LACKS:
        return receive_lacks(sync, peer, m);
    case MESSAGE_PAYLOADS:
        return receive_payloads(sync, peer, m);
    case MESSAGE_MISSING:
        return receive_missing(sync, peer, m);
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
        push(sync, &own, sync->pushed, NULL);
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
            send_packed(sync, sync->acks[i].peer);
        }
    }
    sync->acks_count = 0;
    struct fingerprint mine = heads_fingerprint(replica_heads(sync->replica));
    for (uint32_t i = 0; i < presence_count(sync->presence); i++) {
        struct peer *peer = presence_at(sync->presence, i);
        if (!peer->has_all_before && SAME(peer->has, mine)) {
            note_same(sync, peer);
        }
    }
}

/* Begins a talk with a peer that differs, if none is under way: with the one that was asked longest ago, so that nobody
 * who never answers stands before the others. */
static void look_for_talk(struct sync *sync, struct now now)
{
    struct peer *best = NULL;
    struct fingerprint mine = heads_fingerprint(replica_heads(sync->replica));
    for (uint32_t i = 0; i < presence_count(sync->presence) && !sync->peer; i++) {
        struct peer *peer = presence_at(sync->presence, i);
        if (peer->differs && SAME(peer->has, mine)) {
            note_same(sync, peer);
        } else if (is_due(peer, now) && (!best || peer->asked.ms < best->asked.ms)) {
            best = peer;
        }
    }
    if (best) {
        talk_start(sync, best, now);
    }
}

/* May it lack something that we wrote? */
static bool is_unsafe(const struct sync *sync, const struct peer *peer)
{
    struct feed_id own;
    uint64_t seq = 0;
    replica_own(sync->replica, &own, &seq);
    return reachable(peer) && (!peer->has_all_before || peer->acked_seq < seq);
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
            send_beat(sync, peer, BEAT_ANSWER);
            asked++;
        }
    }
}

/* Entries wait for causes that don't come: whoever has the other branch of a void feed can help. One peer after the other. */
static void look_for_missing(struct sync *sync, struct now now)
{
    struct hash ids[MISSING_MAX], ends[MISSING_MAX];
    uint32_t peers = presence_count(sync->presence);
    if (now.mono.ms - sync->missing.ms < MISSING_MS || replica_count(sync->replica).waiting == 0) {
        return;
    }
    sync->missing = now.mono;
    uint32_t count = replica_missing(sync->replica, ids, MISSING_MAX);
    uint32_t ends_count = replica_branch_ends(sync->replica, ends, MISSING_MAX);
    for (uint32_t i = 0; i < peers && count > 0; i++) {
        struct peer *peer = presence_at(sync->presence, sync->missing_turn++ % peers);
        if (reachable(peer)) {
            pack_reset(&sync->pack);
            pack_missing(&sync->pack, ids, count, ends, ends_count);
            send_packed(sync, peer);
            return;
        }
    }
}

void sync_tick(struct sync *sync, struct now now)
{
    sync->ticked = now.mono;
    bool gone = sync->peer && !reachable(sync->peer);
    if (gone || (sync->peer && (now.mono.ms - sync->heard.ms >= TALK_SILENCE_MS ||
                                now.mono.ms - sync->moved.ms >= TALK_USELESS_MS ||
                                now.mono.ms - sync->began.ms >= TALK_MAX_MS))) {
        talk_over(sync, now);
    }
    for (uint32_t i = sync->acks_count; i > 0; i--) {
        if (!reachable(sync->acks[i - 1].peer)) { /* presence may soon forget it */
            sync->acks[i - 1] = sync->acks[--sync->acks_count];
        }
    }
    look_for_payloads(sync, now);
    serve_next(sync, now);
    look_for_talk(sync, now);
    look_for_safety(sync, now);
    look_for_missing(sync, now);
}

struct mono sync_wake(const struct sync *sync)
{
    struct mono wake = {INT64_MAX};
    bool unsafe = false, lacks = replica_count(sync->replica).lacking > 0;
    if (sync->peer) {
        int64_t silence = sync->heard.ms + TALK_SILENCE_MS;
        int64_t useless = sync->moved.ms + TALK_USELESS_MS;
        int64_t most = sync->began.ms + TALK_MAX_MS;
        wake.ms = silence < useless ? silence : useless;
        wake.ms = most < wake.ms ? most : wake.ms;
    }
    for (const struct serving *s = sync->servings; s; s = s->next) {
        struct mono due =
            quota_due(&s->peer->answers, QUOTA_ANSWERS, (struct now){.mono = sync->ticked});
        wake.ms = due.ms < wake.ms ? due.ms : wake.ms;
    }
    for (uint32_t i = 0; i < presence_count(sync->presence); i++) {
        const struct peer *peer = presence_at(sync->presence, i);
        if (!reachable(peer)) {
            continue;
        }
        unsafe |= is_unsafe(sync, peer);
        if (lacks && !sync->peer) {
            int64_t due = peer->lacks_asked.ms ? peer->lacks_asked.ms + LACKS_AGAIN_MS : 0;
            int64_t next = sync->lacks_since.ms ? sync->lacks_since.ms + LACKS_MS : 0;
            due = due > next ? due : next;
            wake.ms = due < wake.ms ? due : wake.ms;
        }
        if (peer->differs && !sync->peer) {
            int64_t due = peer->differs_since.ms + DIFFERS_MS;
            int64_t filled =
                quota_due(&peer->brings, QUOTA_ALL, (struct now){.mono = sync->ticked}).ms;
            int64_t again = peer->asked.ms ? peer->asked.ms + ASK_AGAIN_MS : 0;
            due = due > again ? due : again;
            due = due > filled ? due : filled;
            wake.ms = due < wake.ms ? due : wake.ms;
        }
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
