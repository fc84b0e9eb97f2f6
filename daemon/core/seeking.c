/* Somebody says hello here whose key this machine hasn't got yet, since the log is still coming: neighbours are asked for
 * it before the rest. What they tell is only tried: a passphrase opens it or doesn't. PROTOCOL.md, "Keys first". */
#include "ask.h"
#include "authority.h"
#include "device_inside.h"

enum {
    SEEK_MS = 1500,           /* an answer comes within this, or not at all */
    SEEK_REST_MS = 300,       /* with a key told, others who may know better have this long */
    SEEK_KEEP_MS = 60 * 1000, /* what was told is good for as long as somebody types */
};

static void seeking_start(struct seeking *s, struct slice handle, bool patient, struct now now)
{
    wipe(s, sizeof(*s));
    s->patient = patient;
    s->sought.handle_key = name_key(handle, s->handle_key);
    s->until.ms = now.mono.ms + SEEK_MS;
}

enum err seeking_begin(struct device *device, struct class *class, struct slice handle,
                       struct now now)
{
    struct seeking *s = &class->seeking;
    char key[KEY_BYTES];
    bool same = slice_equal(name_key(handle, key), s->sought.handle_key);
    if (!s->answered && now.mono.ms < s->until.ms) {
        return same ? OK : ERR_BUSY;
    }
    seeking_start(s, handle, same && s->failed, now);
    for (uint32_t i = 0; i < presence_count(class->presence) && s->asked_count < SEEK_PEERS; i++) {
        const struct peer *peer = presence_at(class->presence, i);
        if (peer->state == PEER_HERE && peer->linked) {
            pack_reset(&device->pack);
            pack_who(&device->pack, handle);
            class_say(device, class, peer, pack_bytes(&device->pack));
            s->asked[s->asked_count++].device = peer->device;
        }
    }
    return OK;
}

const struct sought *seeking_told(const struct class *class, struct now now)
{
    const struct seeking *s = &class->seeking;
    return s->answered && now.mono.ms < s->until.ms ? &s->sought : NULL;
}

void seeking_forget(struct class *class)
{
    if (class->seeking.answered) {
        class->seeking.until.ms = 0;
        class->seeking.failed = true;
    }
}

/* A secret that no passphrase seals opens for whoever types none. In a class with passphrases that proves nothing; and which
 * kind this class is, only its log tells. */
static bool is_open(const struct class *class)
{
    return class_policy(class->store) & POLICY_OPEN;
}

static bool has_passphrase(const struct sealed_key *secret)
{
    uint8_t salt[16];
    struct cost cost;
    return key_cost(secret, salt, &cost) == OK && cost.passes > 0;
}

/* Leaves out keys that serve nobody. */
static void drop_open(const struct class *class, struct sought *sought)
{
    uint32_t count = 0;
    bool open = is_open(class);
    for (uint32_t i = 0; i < sought->count; i++) {
        if (open || has_passphrase(&sought->at[i].secret)) {
            sought->at[count++] = sought->at[i];
        }
    }
    sought->count = count;
}

static bool serves(const struct class *class, const struct sought *sought)
{
    bool found = sought->count > 0 && is_open(class);
    for (uint32_t i = 0; i < sought->count && !found; i++) {
        found = has_passphrase(&sought->at[i].secret);
    }
    return found;
}

static void wait_for_log(struct seeking *s)
{
    s->sought.waits = true;
    s->until.ms += LOG_PATIENCE_MS;
}

bool seeking_done(struct class *class, struct now now)
{
    struct seeking *s = &class->seeking;
    bool due = now.mono.ms >= s->until.ms;
    if (s->answered) {
        return true;
    }
    bool all = s->answers == s->asked_count;
    bool behind = class->sync && sync_is_behind(class->sync);
    if (due && behind && !all && !s->denials && !s->sought.count && !s->sought.waits) {
        wait_for_log(s); /* they, too, have just begun: that the name is new nobody knows */
        due = false;
    }
    if (!due && (!all || (s->sought.waits && behind && !serves(class, &s->sought)))) {
        return false;
    }
    drop_open(class, &s->sought);
    s->answered = true;
    s->until.ms = now.mono.ms + SEEK_KEEP_MS;
    return true;
}

/* ---- telling ------------------------------------------------------------------------------------------------------ */

/* Which words must be put in a card's place, and whether it is good still, is not for those to judge who haven't got the log. */
static enum told_seal seal_of(struct ask *ask, const struct person_id *person)
{
    if (!is_card(ask->store, person)) {
        return TOLD_WORDS;
    }
    bool later = session_card_is_old(ask, person) || authority_is_teacher(ask->store, person);
    return later ? TOLD_LATER : TOLD_CARD;
}

/* Who is called so, each with their present key. Who finds nobody, and hasn't got the log, has nothing to say. */
enum err seeking_hear_who(struct device *device, struct class *class, struct peer *peer,
                          const struct message *m, struct now now)
{
    char key[KEY_BYTES];
    struct pack keys;
    uint32_t count = 0;
    if (!class->replica || quota_due(&peer->answers, QUOTA_ANSWERS, now).ms > now.mono.ms) {
        return OK;
    }
    sqlite3_stmt *stmt = store_query(
        class->store, "SELECT person, handle FROM person WHERE handle_key=? AND handle_key<>''"
                      " ORDER BY confirmed_stamp DESC, person LIMIT 8");
    store_bind(class->store, stmt, "t", name_key(m->handle, key));
    pack_init(&keys);
    while (count < KEYS_MAX && store_row(class->store, stmt)) {
        struct told_key told = {.handle = column_slice(stmt, 1)};
        if (column_fixed(stmt, 0, told.person.b, sizeof(told.person.b)) &&
            person_key(class->store, &told.person, &told.key, &told.secret)) {
            told.seal = seal_of(ask_class(device, class, now), &told.person);
            pack_key(&keys, &told);
            count++;
        }
    }
    sqlite3_reset(stmt);
    if (count == 0 && sync_is_behind(class->sync)) {
        pack_clear(&keys);
        return OK;
    }
    pack_reset(&device->pack);
    pack_keys(&device->pack, count);
    pack_raw(&device->pack, pack_bytes(&keys));
    quota_take(&peer->answers, QUOTA_ANSWERS, 0, pack_bytes(&device->pack).len, now);
    class_say(device, class, peer, pack_bytes(&device->pack));
    pack_clear(&keys);
    return OK;
}

/* ---- hearing ------------------------------------------------------------------------------------------------------ */

/* Keys that ask for more than ours do aren't tried. */
static bool is_cheap(const struct told_key *told)
{
    uint8_t salt[16];
    struct cost cost, most = COST_WORDS;
    return key_cost(&told->secret, salt, &cost) == OK && cost.passes <= most.passes &&
           cost.mib <= most.mib;
}

static void keep(struct class *class, const struct told_key *told)
{
    struct sought *sought = &class->seeking.sought;
    for (uint32_t i = 0; i < sought->count; i++) {
        if (SAME(sought->at[i].key, told->key) && SAME(sought->at[i].secret, told->secret)) {
            return;
        }
    }
    if (sought->count == KEYS_MAX) {
        return;
    }
    struct sought_key *key = &sought->at[sought->count++];
    text_copy(key->handle, sizeof(key->handle), told->handle);
    key->person = told->person;
    key->key = told->key;
    key->secret = told->secret;
    key->card = told->seal == TOLD_CARD;
}

/* Is this its answer to what was asked? Only its first one counts. */
static bool is_answer(struct seeking *s, const struct peer *peer)
{
    for (uint32_t i = 0; i < s->asked_count && !s->answered; i++) {
        if (SAME(s->asked[i].device, peer->device) && !s->asked[i].answered) {
            s->asked[i].answered = true;
            s->answers++;
            return true;
        }
    }
    return false;
}

enum err seeking_hear_keys(struct class *class, const struct peer *peer, const struct message *m,
                           struct now now)
{
    struct seeking *s = &class->seeking;
    char key[KEY_BYTES];
    uint32_t kept = 0;
    bool answer = class->known && is_answer(s, peer);
    s->denials += answer && m->count == 0;
    for (uint32_t i = 0; i < m->count; i++) {
        struct told_key told;
        enum err err = message_key(m, i, &told);
        if (err != OK) {
            return err;
        }
        bool wanted = answer && slice_equal(name_key(told.handle, key), s->sought.handle_key);
        bool serves_now = has_passphrase(&told.secret) || is_open(class);
        bool later = told.seal == TOLD_LATER;
        if (wanted && !later && is_cheap(&told) && kept < SEEK_KEYS_OF_ONE) {
            keep(class, &told); /* no more of one peer, so that nobody takes all places */
            kept++;
            later = !serves_now;
            int64_t rest = now.mono.ms + SEEK_REST_MS;
            bool soon = serves_now && !s->patient && rest < s->until.ms;
            s->until.ms = soon ? rest : s->until.ms;
        }
        if (wanted && later && !s->sought.waits) {
            wait_for_log(s);
        }
    }
    return OK;
}
