/* Somebody says hello here whose key this machine hasn't got yet, since the log is still coming: neighbours are asked for
 * it before the rest. What they tell is only tried: a passphrase opens it or doesn't. PROTOCOL.md, "Keys first". */
#include "authority.h"
#include "device_inside.h"

enum {
    SEEK_MS = 1500,           /* an answer comes within this, or not at all */
    SEEK_KEEP_MS = 60 * 1000, /* what was told is good for as long as somebody types */
};

static void seeking_start(struct seeking *s, struct slice handle, struct now now)
{
    wipe(s, sizeof(*s));
    s->sought.handle_key = name_key(handle, s->handle_key);
    s->until.ms = s->heard_by.ms = now.mono.ms + SEEK_MS;
}

struct mono seeking_due(const struct class *class, struct now now)
{
    const struct seeking *s = &class->seeking;
    return !s->answered && now.mono.ms < s->heard_by.ms ? s->heard_by : s->until;
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
    seeking_start(s, handle, now);
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

/* A secret that no passphrase seals opens for whoever types none. In a class with passphrases it proves nothing, and which
 * kind this class is only the log tells. */
static void drop_open(const struct class *class, struct sought *sought)
{
    uint8_t salt[16];
    struct cost cost;
    uint32_t count = 0;
    if (class_policy(class->store) & POLICY_OPEN) {
        return;
    }
    for (uint32_t i = 0; i < sought->count; i++) {
        if (key_cost(&sought->at[i].secret, salt, &cost) == OK && cost.passes > 0) {
            sought->at[count++] = sought->at[i];
        }
    }
    sought->count = count;
}

/* One answer isn't enough: whoever is the fastest could tell a key that nobody can open. */
bool seeking_done(struct class *class, struct now now)
{
    struct seeking *s = &class->seeking;
    if (s->answered) {
        return true;
    }
    bool heard = s->answers == s->asked_count || now.mono.ms >= s->heard_by.ms;
    bool log = s->sought.waits && class->sync && sync_is_behind(class->sync);
    bool serves =
        s->sealed > 0 || (s->sought.count > 0 && class_policy(class->store) & POLICY_OPEN);
    if (now.mono.ms < s->until.ms && (!heard || (!serves && log))) {
        return false;
    }
    drop_open(class, &s->sought);
    s->answered = true;
    s->until.ms = now.mono.ms + SEEK_KEEP_MS;
    return true;
}

/* ---- telling ------------------------------------------------------------------------------------------------------ */

/* Who is called so, each with their present key. */
enum err seeking_hear_who(struct device *device, struct class *class, struct peer *peer,
                          const struct message *m, struct now now)
{
    char key[KEY_BYTES];
    struct shown_list people;
    struct pack keys;
    uint32_t count = 0;
    if (!class->replica || quota_due(&peer->answers, QUOTA_ANSWERS, now).ms > now.mono.ms) {
        return OK;
    }
    sqlite3_stmt *stmt =
        store_query(class->store, "SELECT person FROM person WHERE handle_key=? AND handle_key<>''"
                                  " ORDER BY confirmed_stamp DESC, person LIMIT 8");
    store_bind(class->store, stmt, "t", name_key(m->handle, key));
    ids_read(class->store, stmt, &people);
    pack_init(&keys);
    for (uint32_t i = 0; i < people.count && count < KEYS_MAX; i++) {
        struct told_key told = {.handle = m->handle, .person = id_person(&people.ids[i])};
        told.card = is_card(class->store, &told.person);
        if (person_key(class->store, &told.person, &told.key, &told.secret)) {
            pack_key(&keys, &told);
            count++;
        }
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

/* A key that is its person's own: the id is made of it. Another one was given by a teacher, and only the log tells by whom;
 * and a card is used up by an entry that must stand behind the teacher's. */
static bool is_own(const struct class *class, const struct told_key *told)
{
    struct person_id own = person_id_of(&class->id, &told->key);
    return SAME(own, told->person) && !told->card;
}

/* Keys that ask for more than ours do aren't tried. *sealed: with a passphrase. */
static bool is_cheap(const struct told_key *told, bool *sealed)
{
    uint8_t salt[16];
    struct cost cost, most = COST_WORDS;
    bool cheap = key_cost(&told->secret, salt, &cost) == OK && cost.passes <= most.passes &&
                 cost.mib <= most.mib;
    *sealed = cheap && cost.passes > 0;
    return cheap;
}

/* False if it is there already, or there is no room. */
static bool keep(struct sought *sought, const struct told_key *told)
{
    for (uint32_t i = 0; i < sought->count; i++) {
        if (SAME(sought->at[i].key, told->key) && SAME(sought->at[i].secret, told->secret)) {
            return false;
        }
    }
    if (sought->count == KEYS_MAX) {
        return false;
    }
    struct sought_key *key = &sought->at[sought->count++];
    text_copy(key->handle, sizeof(key->handle), told->handle);
    key->person = told->person;
    key->key = told->key;
    key->secret = told->secret;
    return true;
}

static void wait_for_log(struct seeking *s)
{
    if (!s->answered && !s->sought.waits) {
        s->sought.waits = true;
        s->until.ms += LOG_PATIENCE_MS;
    }
}

/* Is this its answer to what was asked? Only its first one counts. One that comes late is good for the next try. */
static bool is_answer(struct seeking *s, const struct peer *peer)
{
    for (uint32_t i = 0; i < s->asked_count; i++) {
        if (SAME(s->asked[i].device, peer->device) && !s->asked[i].answered) {
            s->asked[i].answered = true;
            s->answers++;
            return true;
        }
    }
    return false;
}

enum err seeking_hear_keys(struct class *class, const struct peer *peer, const struct message *m)
{
    struct seeking *s = &class->seeking;
    char key[KEY_BYTES];
    uint32_t kept = 0;
    bool sealed, answer = class->known && is_answer(s, peer);
    for (uint32_t i = 0; i < m->count; i++) {
        struct told_key told;
        enum err err = message_key(m, i, &told);
        if (err != OK) {
            return err;
        }
        if (!answer || !slice_equal(name_key(told.handle, key), s->sought.handle_key)) {
            continue;
        }
        if (!is_own(class, &told)) {
            wait_for_log(s);
        } else if (is_cheap(&told, &sealed) && kept++ < KEYS_MAX / SEEK_PEERS) {
            /* no more of one peer, so that nobody takes all places */
            s->sealed += keep(&s->sought, &told) && sealed;
            if (!sealed) {
                wait_for_log(s);
            }
        }
    }
    if (s->answered) {
        drop_open(class, &s->sought);
    }
    return OK;
}
