/* Who watches whom, and how one that fell silent is asked, asked about, and called gone.
 *
 * Silent for QUIET_MS, a machine is asked directly, three times. Then two others are asked
 * whether they hear it; they ask it themselves before they say no. Only if nobody hears it is it
 * PEER_GONE, and all are told; who is told asks it once more. So one machine alone, lying, or
 * slow, can't take out another that others hear. The time from the last word to the last
 * PEER_GONE is 3.0 s where the two answer, 3.6 s where they are gone as well. */
#include "presence_inside.h"

enum {
    BEAT_MS = 2000,     /* between two beats to one watcher */
    QUIET_MS = 2200,    /* silence of one who should beat, before it is asked */
    PATIENCE_MS = 2000, /* more silence for each time in a row that others vouched for it */
    VOUCHES_MAX = 14,
    PROBE_MS = 200,          /* between two probes of one machine */
    ACCUSE_MS = 400,         /* from the first probe to asking others */
    DECIDE_MS = 600,         /* for the others' answers */
    QUESTION_MS = 350,       /* for a probe on behalf of others, or after a GONE */
    QUESTION_LINK_MS = 1000, /* the same where a link must be opened first, and … */
    ANOTHER_MS = 1500,       /* … so long another may say the same, which saves that link, … */
    ANOTHER_LATE_MS = 10000, /* … and so long where we are late: all would make such links */
    FRESH_MS = 2500,         /* heard so lately is heard */
    JUST_HEARD_MS =
        500, /* … and so lately that a GONE is late or a lie: finding one gone takes longer */
    CUT_OFF_MS = 3000,     /* nobody heard at all: not they are gone, we are */
    STALL_MS = 1000,       /* a tick so late tells that we were stopped ourselves */
    STALL_GREET_MS = 2000, /* … so long that others may think us gone */
    SETTLE_MS = 200,       /* from a change of the ring to choosing watchers anew */
    REFRESH_MS = 10000,    /* between probes of the one that wasn't heard for longest */
    LATE_MS = 20,        /* turns of our own that come later tell that this machine is busy: … */
    LATE_TIMES = 2,      /* … then so is who is to answer, and the way is there and back */
    LATE_MS_MAX = 5000,  /* what stood still for longer isn't busy: it slept */
    TELL_MS = 20,        /* a split takes many at once: of so many together … */
    TELL_MAX = 16,       /* … the others are told, so that what is said of them shares packets */
    SAID_MS = 10000,     /* so close together two say that one is here */
    STRANGE_MS = 300000, /* silence of one without a link before it is asked, ... */
    MEETS = 5,           /* that only others told of are greeted each time */
    STRANGE_REFRESH_MS = 60000, /* ... and how often that may be: both make a link for it */
};

/* ---- the ring ------------------------------------------------------------------------------- */

void watch_place(const struct device_id *device, uint64_t *place)
{
    uint8_t bytes[16];
    struct slice part = SLICE(*device);
    hash_short("jam ring 1", &part, 1, bytes, sizeof(bytes));
    *place = 0;
    for (int i = 0; i < 8; i++) {
        *place = *place << 8 | bytes[i];
    }
}

/* Those nearest to us on the ring, ahead or behind. Ahead also those who hear us though we don't
 * hear them. */
static uint32_t ring_nearest(const struct presence *p, bool ahead, struct known *nearest[WATCHERS])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        struct known *k = p->all[i];
        if (k->peer.state != PEER_HERE && !(ahead && k->peer.up)) {
            continue;
        }
        uint32_t at = count < WATCHERS ? count++ : WATCHERS;
        for (; at > 0; at--) {
            uint64_t mine = ahead ? k->place - p->place : p->place - k->place;
            uint64_t other = nearest[at - 1]->place;
            other = ahead ? other - p->place : p->place - other;
            if (mine >= other) {
                break;
            }
            if (at < WATCHERS) {
                nearest[at] = nearest[at - 1];
            }
        }
        if (at < WATCHERS) {
            nearest[at] = k;
        }
    }
    return count;
}

static bool is_among(const struct known *k, struct known *const *all, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (all[i] == k) {
            return true;
        }
    }
    return false;
}

/* Where there are too many to link to all, each pair of machines throws the same dice, so that both want their link or
 * neither: about log2 of all for each machine, besides its watchers and those it watches. The ring alone holds the room
 * together; these make the way short. */
static bool is_drawn(const struct presence *p, const struct known *k)
{
    uint64_t dice = (k->place ^ p->place) * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t wanted = 0;
    for (uint32_t n = p->seem; n > 1; n /= 2) {
        wanted++;
    }
    return dice < UINT64_MAX / (p->seem + 1) * wanted;
}

static void neighbours_choose(struct presence *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        struct known *k = p->all[i];
        k->chosen = p->large && k->peer.state == PEER_HERE && is_drawn(p, k);
    }
}

/* Its watcher until now is gone: where a room is split it may be gone as well, unseen by this
 * half. */
static void inherit(struct presence *p, struct known *k, struct now now)
{
    if (since(p->lost, now) < QUIET_MS && since(k->peer.heard, now) > QUIET_MS) {
        watch_probe(p, k, now);
    }
}

static void ring_choose(struct presence *p, struct now now)
{
    struct known *behind[WATCHERS];
    uint32_t behind_count = ring_nearest(p, false, behind);
    p->watchers_count = ring_nearest(p, true, p->watchers);
    for (uint32_t i = 0; i < p->count; i++) {
        struct known *k = p->all[i];
        bool watches_me = is_among(k, p->watchers, p->watchers_count);
        if (k->peer.watches_me && !watches_me) {
            k->peer.watches_me = false;
            act_beat(p, k, 0, now);
        }
        k->peer.watches_me = watches_me;
        bool mine = is_among(k, behind, behind_count);
        if (mine && !k->mine) {
            k->watch_from = now.mono;
            inherit(p, k, now);
        }
        k->mine = mine;
    }
    neighbours_choose(p);
}

void watch_changed(struct presence *p, struct now now)
{
    if (p->ring_due.ms == 0) {
        p->ring_due = after(now, SETTLE_MS);
    }
}

static void questions_drop(struct presence *p, uint32_t index)
{
    p->questions[index] = p->questions[--p->questions_count];
}

void watch_forget(struct presence *p, const struct known *k)
{
    for (uint32_t i = p->questions_count; i > 0; i--) {
        if (p->questions[i - 1].about == k || p->questions[i - 1].asker == k) {
            questions_drop(p, i - 1);
        }
    }
    for (uint32_t i = p->watchers_count; i > 0; i--) {
        if (p->watchers[i - 1] == k) {
            p->watchers[i - 1] = p->watchers[--p->watchers_count];
        }
    }
    for (uint32_t i = 0; i < p->count; i++) {
        struct known *other = p->all[i];
        for (uint32_t j = 0; j < other->asked_count; j++) {
            other->asked[j] = other->asked[j] == k ? NULL : other->asked[j];
        }
    }
}

/* ---- what is known of one ------------------------------------------------------------------- */

/* When it was last heard, by us or by others who said so. */
static struct mono last_sign(const struct known *k)
{
    bool vouched = k->vouches > 0 && k->vouched.ms > k->peer.heard.ms;
    return vouched ? k->vouched : k->peer.heard;
}

static bool is_fresh(const struct known *k, struct now now)
{
    return k->peer.state == PEER_HERE && since(k->peer.heard, now) <= FRESH_MS &&
           k->peer.heard.ms > k->down.ms;
}

static void say_heard(struct presence *p, struct known *to, const struct known *about, bool heard,
                      struct now now)
{
    act_say(p, to,
            &(struct message){.kind = MESSAGE_HEARD,
                              .device = about->peer.device,
                              .run = about->peer.run,
                              .heard = heard,
                              .ago_ms = heard ? (uint64_t)since(about->peer.heard, now) : 0});
}

void watch_heard(struct presence *p, struct known *k, struct now now)
{
    k->peer.probed.ms = 0;
    k->peer.accused.ms = 0;
    k->told.ms = 0;
    k->vouches = 0;
    for (uint32_t i = p->questions_count; i > 0; i--) {
        if (p->questions[i - 1].about == k) {
            say_heard(p, p->questions[i - 1].asker, k, true, now);
            questions_drop(p, i - 1);
        }
    }
}

void watch_probe(struct presence *p, struct known *k, struct now now)
{
    if (k->peer.probed.ms != 0) {
        return;
    }
    k->peer.probed = now.mono;
    k->probes = 1;
    if (!k->peer.linked) {
        act_link(p, k, now);
    }
    act_beat(p, k, BEAT_ANSWER, now);
}

void watch_link(struct presence *p, struct known *k, struct now now)
{
    if (k->peer.state != PEER_HERE) {
        watch_changed(p, now);
    }
    if (k->peer.up) {
        k->down.ms = 0;
        return;
    }
    k->down = now.mono;
    if (k->peer.state == PEER_HERE && (k->mine || k->peer.watched)) {
        watch_probe(p, k, now);
    }
}

/* ---- accusing ------------------------------------------------------------------------------- */

static void tell(struct presence *p, const struct known *about, struct now now)
{
    bool here = about->peer.state == PEER_HERE;
    struct message says = {.kind = here ? MESSAGE_HEARD : MESSAGE_GONE,
                           .device = about->peer.device,
                           .run = about->peer.run,
                           .heard = here,
                           .ago_ms = here ? (uint64_t)since(last_sign(about), now) : 0};
    for (uint32_t i = 0; i < p->count; i++) {
        struct known *k = p->all[i];
        bool stays = k->chosen || k->mine || k->peer.watches_me;
        if (k != about && k->peer.state == PEER_HERE && (stays || !here)) {
            act_say(p, k, &says);
        }
    }
}

void watch_tell(struct presence *p, struct known *k, struct now now)
{
    if (!p->large) {
        if (k->peer.state != PEER_HERE) { /* whoever comes calls all itself */
            tell(p, k, now);
        }
        return;
    }
    k->tell = true;
    if (p->tell_due.ms == 0) {
        p->tell_due = after(now, TELL_MS);
    }
}

static void tell_tick(struct presence *p, struct now now)
{
    int told = 0;
    p->tell_due.ms = 0;
    for (uint32_t i = 0; i < p->count && told < TELL_MAX; i++) {
        struct known *k = p->all[i];
        if (k->tell) {
            tell(p, k, now);
            told++;
        }
        k->tell = false;
    }
    if (told == TELL_MAX) {
        p->tell_due = after(now, TELL_MS);
    }
}

static void gone(struct presence *p, struct known *k, struct now now)
{
    known_become(p, k, PEER_GONE, now);
    call_lost(p, k, now);
}

static void confirm(struct presence *p, struct known *k, struct now now)
{
    gone(p, k, now);
    watch_tell(p, k, now);
}

/* As others say. */
static void believe(struct presence *p, struct known *k, struct now now)
{
    gone(p, k, now);
    if (p->large) {
        watch_tell(p, k, now); /* not everybody has a link to who said it first */
    }
}

static void cut_off(struct presence *p, struct now now)
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->all[i]->peer.state == PEER_HERE) {
            gone(p, p->all[i], now);
        }
    }
}

/* Whom to ask about a device. If we can't even ask itself, those who should hear it beat; else
 * anybody, so that no one liar is always asked. */
static struct known *asked_next(struct presence *p, const struct known *k)
{
    if (k->peer.up) {
        return known_draw(p, k);
    }
    struct known *next = NULL;
    for (uint32_t i = 0; i < p->count; i++) {
        struct known *other = p->all[i];
        bool fits = other != k && other->peer.state == PEER_HERE && other->peer.up &&
                    (k->asked_count == 0 || k->asked[0] != other);
        if (fits && (next == NULL || other->place - k->place < next->place - k->place)) {
            next = other;
        }
    }
    return next;
}

static void accuse(struct presence *p, struct known *k, struct now now)
{
    struct message says = {.kind = MESSAGE_SUSPECT, .device = k->peer.device, .run = k->peer.run};
    k->peer.accused = now.mono;
    k->asked_count = 0;
    k->denied = 0;
    for (int tries = 0; tries < 2 * ASKED_MAX && k->asked_count < ASKED_MAX; tries++) {
        struct known *asked = asked_next(p, k);
        if (asked != NULL && (k->asked_count == 0 || k->asked[0] != asked)) {
            k->asked[k->asked_count++] = asked;
            act_say(p, asked, &says);
        }
    }
    act_beat(p, k, BEAT_ANSWER, now);
}

/* Has anybody spoken since we asked, or is there nobody else? Else it may be our own cable. */
static bool may_decide(const struct presence *p, const struct known *k)
{
    return p->here == 1 || p->heard.ms > k->peer.accused.ms;
}

/* Whose own turns come late, as where all find each other anew at once, is heard late, and so are others: it gives them more time.
 * Lifeguard's local health (Dadgar et al., 2017). */
int64_t patiently(const struct presence *p, int64_t ms)
{
    return p->late_ms < LATE_MS ? ms : ms + LATE_TIMES * p->late_ms;
}

static int64_t told_wait(const struct presence *p, const struct known *k)
{
    if (k->peer.up) {
        return k->told.ms + patiently(p, QUESTION_MS);
    }
    int64_t linked = k->peer.called.ms + patiently(p, QUESTION_LINK_MS);
    return linked > k->told.ms ? linked : k->told.ms;
}

static int64_t quiet_until(const struct presence *p, const struct known *k)
{
    int64_t last = last_sign(k).ms;
    last = k->watch_from.ms > last ? k->watch_from.ms : last;
    return last + patiently(p, QUIET_MS) + (int64_t)k->vouches * PATIENCE_MS;
}

void watch_plan(const struct presence *p, const struct known *k, struct plan *plan)
{
    if (k->peer.state != PEER_HERE) {
        return;
    }
    if (k->told.ms != 0 && k->peer.probed.ms == 0) {
        bool wait = p->large && !k->peer.linked && patiently(p, 0) > 0;
        plan_sooner(plan, STEP_PROBE,
                    k->told.ms + patiently(p, wait ? ANOTHER_LATE_MS : ANOTHER_MS));
    } else if (k->told.ms != 0) {
        plan_sooner(plan, STEP_BELIEVE, told_wait(p, k));
    }
    if (k->peer.accused.ms != 0) {
        int64_t answers = k->peer.accused.ms + patiently(p, DECIDE_MS);
        int64_t alone = p->heard.ms + CUT_OFF_MS;
        bool wait = !may_decide(p, k) && alone > answers;
        plan_sooner(plan, STEP_DECIDE, wait ? alone : answers);
    } else if (k->peer.probed.ms != 0) {
        bool again = k->probes == 1;
        plan_sooner(plan, again ? STEP_PROBE_AGAIN : STEP_ACCUSE,
                    k->peer.probed.ms + patiently(p, again ? PROBE_MS : ACCUSE_MS));
    } else if (k->mine || k->peer.watched) {
        plan_sooner(plan, STEP_PROBE, quiet_until(p, k));
    }
}

void watch_step(struct presence *p, struct known *k, enum step step, struct now now)
{
    switch (step) {
    case STEP_PROBE:
        watch_probe(p, k, now);
        break;
    case STEP_PROBE_AGAIN:
        k->probes++;
        act_beat(p, k, BEAT_ANSWER, now);
        break;
    case STEP_ACCUSE:
        accuse(p, k, now);
        break;
    case STEP_BELIEVE:
        believe(p, k, now);
        break;
    default:
        if (may_decide(p, k)) {
            confirm(p, k, now);
        } else {
            cut_off(p, now);
        }
    }
}

/* ---- messages ------------------------------------------------------------------------------- */

static void answer_beat(struct presence *p, struct known *k, struct now now)
{
    if (k->peer.linked) {
        act_beat(p, k, 0, now);
    } else if (since(k->peer.called, now) >= RELINK_MS) {
        act_link(p, k, now);
    }
}

static void take_suspect(struct presence *p, struct known *asker, const struct message *m,
                         struct now now)
{
    if (SAME(m->device, p->self)) {
        act_beat(p, asker, 0, now);
        return;
    }
    struct known *k = known_find(p, &m->device);
    struct known unknown = {.peer = {.device = m->device, .run = m->run}};
    if (k == NULL || k->peer.state != PEER_HERE || k->peer.run != m->run) {
        say_heard(p, asker, &unknown, false, now);
    } else if (is_fresh(k, now)) {
        say_heard(p, asker, k, true, now);
    } else if (k->peer.probed.ms != 0 && since(k->peer.probed, now) >= patiently(p, QUESTION_MS)) {
        say_heard(p, asker, k, false, now);
    } else if (p->questions_count < QUESTIONS_MAX) {
        watch_probe(p, k, now);
        p->questions[p->questions_count++] =
            (struct question){k, asker, after(now, patiently(p, QUESTION_MS))};
    }
}

/* Each counts once, or one liar would be enough. */
static bool was_asked(struct known *about, const struct known *by)
{
    for (uint32_t i = 0; i < about->asked_count; i++) {
        if (about->asked[i] == by) {
            about->asked[i] = NULL;
            return true;
        }
    }
    return false;
}

/* The answer to our question; or, after a GONE of ours, somebody who hears it nevertheless. */
static void take_heard(struct presence *p, struct known *by, const struct message *m,
                       struct now now)
{
    struct known *k = known_find(p, &m->device);
    bool news = k != NULL && (p->large || k->peer.state == PEER_GONE);
    if (news && m->heard && m->ago_ms <= FRESH_MS) {
        watch_said(p, k, by, m->run, (int64_t)m->ago_ms, now);
    }
    if (k == NULL || k->peer.run != m->run) {
        return;
    }
    bool heard = m->heard && m->ago_ms <= FRESH_MS;
    if (k->peer.state != PEER_HERE || k->peer.accused.ms == 0 || !was_asked(k, by)) {
        return;
    }
    if (heard) {
        k->vouched.ms = now.mono.ms - (int64_t)m->ago_ms;
        k->vouches += k->vouches < VOUCHES_MAX;
        k->peer.probed.ms = 0;
        k->peer.accused.ms = 0;
    } else if (++k->denied >= k->asked_count) {
        confirm(p, k, now);
    }
}

bool watch_would_want(const struct presence *p, const struct known *k)
{
    uint32_t ahead = 0, behind = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        const struct known *other = p->all[i];
        bool here = seems_here(other);
        ahead += here && other->place - p->place < k->place - p->place;
        behind += here && p->place - other->place < p->place - k->place;
    }
    return ahead < WATCHERS || behind < WATCHERS || is_drawn(p, k);
}

/* A large room hears from those who met it who is here, and calls only whom it wants as neighbours: else all would call all at
 * each start and after each cut. Two must say so, or we ask ourselves; and of who was found gone, that it was heard since. */
void watch_said(struct presence *p, struct known *k, const struct known *by, uint64_t run,
                int64_t ago_ms, struct now now)
{
    bool same_run = run == k->peer.run;
    bool over = same_run && (k->peer.state == PEER_LEFT ||
                             (k->peer.state == PEER_GONE && since(k->peer.since, now) <= ago_ms));
    if (k->peer.state == PEER_HERE || over) {
        return;
    }
    if (!p->large) {
        call_told(p, k, now);
    } else if (since(k->said, now) >= SAID_MS || k->said_run != run) {
        k->said = now.mono;
        k->said_by = by->place;
        k->said_run = run;
        call_told(p, k, now);
    } else if (k->said_by != by->place) {
        if (!same_run) {
            known_restarted(k, run);
        }
        known_become(p, k, PEER_HERE, now);
        k->vouched.ms = now.mono.ms - ago_ms;
        k->vouches = 1;
        watch_tell(p, k, now);
    }
}

static void take_gone(struct presence *p, struct known *by, const struct message *m, struct now now)
{
    if (SAME(m->device, p->self)) {
        act_beat(p, by, 0, now);
        return;
    }
    struct known *k = known_find(p, &m->device);
    if (k == NULL || k == by || k->peer.state != PEER_HERE || k->peer.run != m->run) {
        return;
    }
    if (is_fresh(k, now) && since(k->peer.heard, now) <= JUST_HEARD_MS) {
        say_heard(p, by, k, true, now);
    } else if (k->told.ms == 0) {
        k->told = now.mono;
        k->told_by = by->place;
        if (k->peer.linked || !p->large) {
            watch_probe(p, k, now);
        }
    } else if (!k->peer.linked && p->large && k->told_by != by->place &&
               since(k->peer.since, now) >= SAID_MS) {
        believe(p, k, now); /* who has a link to it has asked it, and would say so */
    }
}

void watch_message(struct presence *p, struct known *k, const struct message *m, struct now now)
{
    switch (m->kind) {
    case MESSAGE_BEAT:
        k->peer.watched = m->flags & BEAT_WATCH;
        if (m->flags & BEAT_ANSWER) {
            answer_beat(p, k, now);
        }
        break;
    case MESSAGE_SUSPECT:
        take_suspect(p, k, m, now);
        break;
    case MESSAGE_HEARD:
        take_heard(p, k, m, now);
        break;
    case MESSAGE_GONE:
        take_gone(p, k, m, now);
        break;
    default:
        break;
    }
}

/* ---- time ----------------------------------------------------------------------------------- */

static void shift(struct mono *then, int64_t ms, struct now now)
{
    if (then->ms != 0) {
        then->ms += ms;
        then->ms = then->ms < now.mono.ms ? then->ms : now.mono.ms;
    }
}

/* What was asked is asked again: answers may have been lost meanwhile. */
static void shift_known(struct presence *p, struct known *k, int64_t ms, struct now now)
{
    shift(&k->peer.heard, ms, now);
    shift(&k->watch_from, ms, now);
    shift(&k->vouched, ms, now);
    shift(&k->down, ms, now);
    k->peer.accused.ms = 0;
    if (k->peer.probed.ms != 0) {
        k->peer.probed.ms = 0;
        watch_probe(p, k, now);
    }
    if (k->told.ms != 0) {
        k->told = now.mono;
    }
}

/* Beats are due all the time: when one is far too late, it was this process or machine that
 * stood still, and the silence of the others was ours. */
void watch_stall(struct presence *p, struct now now)
{
    int64_t stall = p->beat_due.ms == 0 ? 0 : now.mono.ms - p->beat_due.ms;
    if (stall <= STALL_MS) {
        return;
    }
    p->beat_due = now.mono;
    if (stall <= LATE_MS_MAX) {
        p->late_ms = stall > p->late_ms ? stall : p->late_ms;
    }
    shift(&p->heard, stall, now);
    for (uint32_t i = 0; i < p->count; i++) {
        shift_known(p, p->all[i], stall, now);
        if (stall >= STALL_GREET_MS && p->all[i]->peer.state == PEER_HERE) {
            act_beat(p, p->all[i], 0, now);
        }
    }
    for (uint32_t i = 0; i < p->questions_count; i++) {
        shift(&p->questions[i].due, stall, now);
    }
}

static void beats_tick(struct presence *p, struct now now)
{
    if (p->watchers_count == 0) {
        p->beat_due.ms = 0;
        p->late_ms = 0; /* nothing would show that it isn't any more */
        return;
    }
    int64_t gap = BEAT_MS / p->watchers_count;
    if (p->beat_due.ms == 0) {
        p->beat_due = after(now, (int64_t)rng_below(p->rng, (uint64_t)gap));
    }
    if (!is_due(p->beat_due, now)) {
        return;
    }
    struct known *next = p->watchers[0];
    for (uint32_t i = 1; i < p->watchers_count; i++) {
        next = p->watchers[i]->beaten.ms < next->beaten.ms ? p->watchers[i] : next;
    }
    act_beat(p, next, 0, now);
    int64_t late = now.mono.ms - p->beat_due.ms;
    p->late_ms = late > p->late_ms ? late : (3 * p->late_ms + late) / 4;
    p->beat_due.ms += gap;
    if (p->beat_due.ms <= now.mono.ms) {
        p->beat_due = after(now, gap);
    }
}

/* How urgently one should be asked: by its silence, and sooner if our link to it is broken. To whom there is no link, as in
 * a large room, its beacons are enough. */
static int64_t refresh_rank(const struct known *k, struct now now)
{
    int64_t silence = since(last_sign(k), now), patience = 2 * QUIET_MS;
    if (!k->peer.linked) {
        int64_t unseen = since(k->peer.beacon, now);
        silence = unseen < silence ? unseen : silence;
        patience = STRANGE_MS;
    }
    if (k->peer.state != PEER_HERE || k->peer.probed.ms != 0 || silence < patience) {
        return 0;
    }
    return k->peer.linked && !k->peer.up ? 4 * silence : silence;
}

/* Whom only others told of is greeted, for its name and its clock; not while there is more to do. */
static void meet_some(struct presence *p, struct now now)
{
    int met = 0;
    for (uint32_t i = 0; i < p->count && met < MEETS && patiently(p, 0) == 0; i++) {
        struct known *k = p->all[i];
        if (k->peer.state == PEER_HERE && k->peer.heard.ms == 0 && !k->peer.linked) {
            act_link(p, k, now);
            met++;
        }
    }
}

/* Whom nobody watches, or who thinks us gone, shows when asked: one at a time. */
static void refresh_tick(struct presence *p, struct now now)
{
    struct known *urgent = NULL;
    int64_t urgent_rank = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        int64_t rank = refresh_rank(p->all[i], now);
        if (rank > urgent_rank) {
            urgent = p->all[i];
            urgent_rank = rank;
        }
    }
    bool strange = urgent != NULL && !urgent->peer.linked;
    if (urgent != NULL) {
        watch_probe(p, urgent, now);
    }
    meet_some(p, now);
    p->refresh_due = after(now, around(p, strange ? STRANGE_REFRESH_MS : REFRESH_MS));
}

static void questions_tick(struct presence *p, struct now now)
{
    for (uint32_t i = p->questions_count; i > 0; i--) {
        struct question *question = &p->questions[i - 1];
        if (is_due(question->due, now)) {
            say_heard(p, question->asker, question->about, false, now);
            questions_drop(p, i - 1);
        }
    }
}

void watch_tick(struct presence *p, struct now now)
{
    questions_tick(p, now);
    if (is_due(p->tell_due, now)) {
        tell_tick(p, now);
    }
    if (is_due(p->ring_due, now)) {
        p->ring_due.ms = 0;
        ring_choose(p, now);
    }
    beats_tick(p, now);
    if (p->here == 0) {
        p->refresh_due.ms = 0;
    } else if (p->refresh_due.ms == 0) {
        p->refresh_due = after(now, around(p, REFRESH_MS));
    } else if (is_due(p->refresh_due, now)) {
        refresh_tick(p, now);
    }
}

int64_t watch_wake(const struct presence *p)
{
    const struct mono dues[] = {p->ring_due, p->tell_due, p->beat_due, p->refresh_due};
    int64_t ms = INT64_MAX;
    for (size_t i = 0; i < sizeof(dues) / sizeof(dues[0]); i++) {
        if (dues[i].ms != 0 && dues[i].ms < ms) {
            ms = dues[i].ms;
        }
    }
    for (uint32_t i = 0; i < p->questions_count; i++) {
        ms = p->questions[i].due.ms < ms ? p->questions[i].due.ms : ms;
    }
    return ms;
}
