/* Methods about classes: make one, join one, name them, choose one. Joining and making go through Argon2id, which runs
 * outside; the answer comes when it is done. */
#include <stdio.h>
#include <stdlib.h>

#include "authority.h"
#include "date.h"
#include "device_inside.h"
#include "rows.h"
#include "text.h"

static void pack_hex_id(struct pack *p, const char *key, struct slice id)
{
    char text[33];
    pack_str(p, key);
    pack_str(p, hex(text, id.at, id.len));
}

/* What a class may decide, as it is asked for and told. */
static const struct {
    uint64_t policy;
    const char *name;
} policies[] = {
    {POLICY_OPEN, "open"}, {POLICY_TEACHERS_READ, "teachers_read"}, {POLICY_READMIT, "readmit"}};
enum { POLICIES = sizeof(policies) / sizeof(policies[0]) };

static void pack_policy(struct pack *p, struct class *class)
{
    char date[DATE_BYTES];
    uint32_t count = 0;
    uint64_t policy = class_policy(class->store);
    for (size_t i = 0; i < POLICIES; i++) {
        count += (policy & policies[i].policy) != 0;
    }
    pack_str(p, "policy");
    pack_array(p, count);
    for (size_t i = 0; i < POLICIES; i++) {
        if (policy & policies[i].policy) {
            pack_str(p, policies[i].name);
        }
    }
    pack_str(p, "until");
    pack_str(p, date_text(class_until(class->store), date));
}

void pack_class(struct pack *p, struct class *class)
{
    char name[NAME_BYTES_MAX + 1];
    pack_str(p, "class");
    pack_map(p, 4);
    pack_policy(p, class);
    if (class->known) {
        pack_hex_id(p, "id", SLICE(class->id));
        pack_str(p, "name");
        pack_str(p, class_name(class, name));
    } else {
        pack_str(p, "id");
        pack_nil(p);
        pack_str(p, "name");
        pack_nil(p);
    }
}

static void pack_invite(struct pack *p, const struct class *class)
{
    char text[INVITE_TEXT_MAX];
    pack_str(p, "invite");
    pack_str(p, invite_text(&class->invite, text));
}

/* Hands the invite's secret words to Argon2id. */
static enum err stretch_invite(struct device *device, struct pending *pending)
{
    uint8_t salt[16];
    char text[INVITE_TEXT_MAX];
    invite_secret_text(&pending->invite, text);
    invite_salt(salt);
    enum err err = pending_stretch(device, pending, slice_str(text), salt, COST_WORDS);
    wipe(text, sizeof(text));
    return err;
}

/* A name param, tidied, into out. */
static enum err read_name(struct call *call, const char *key, const char *what, size_t bytes_max,
                          char *out)
{
    struct slice typed;
    char name[TITLE_BYTES_MAX * 3 + 1];
    snprintf(call->what, sizeof(call->what), "%s", what);
    if (!map_text(call->params, key, &typed) || typed.len > TITLE_BYTES_MAX) {
        return typed.len > TITLE_BYTES_MAX ? ERR_TOO_LONG : ERR_EMPTY;
    }
    size_t len = text_tidy(typed, false, name);
    if (len == 0 || len > bytes_max) {
        return len ? ERR_TOO_LONG : ERR_EMPTY;
    }
    memcpy(out, name, len + 1);
    return OK;
}

/* What the new class decides. ERR_USAGE: there is no such day. */
static enum err read_policy(struct call *call, uint64_t *policy, uint64_t *until_ms)
{
    struct slice until;
    *policy = *until_ms = 0;
    for (size_t i = 0; i < POLICIES; i++) {
        bool wished = false;
        map_bool(call->params, policies[i].name, &wished);
        *policy |= wished ? policies[i].policy : 0;
    }
    if (map_text(call->params, "until", &until) && !date_read(until, until_ms)) {
        snprintf(call->what, sizeof(call->what), "A day is written so: 2027-07-01.");
        snprintf(call->detail, sizeof(call->detail), "jam class create NAME --until 2027-07-01");
        return ERR_USAGE;
    }
    return OK;
}

/* The founder's passphrase is asked for and checked as a person's at hello; there is no class yet to ask. */
static enum err founder_passphrase(struct call *call, const char *name, const char *handle,
                                   struct stretching *stretching)
{
    struct ask *ask = call->device->ask;
    memset(ask, 0, sizeof(*ask));
    ask->params = call->params;
    ask->rng = &call->device->rng;
    ask->class_name = name;
    ask->stretching = stretching;
    enum err err = session_passphrase(ask, slice_str(handle));
    snprintf(call->what, sizeof(call->what), "%s", ask->what);
    snprintf(call->detail, sizeof(call->detail), "%s", ask->detail);
    return err;
}

/* Was it asked with this id before? Then the class is there, and its words are told again; or it is being made, and who asks now
 * is told them. */
static bool create_again(struct call *call, const uint8_t id[16])
{
    struct device *device = call->device;
    for (uint32_t i = 0; i < device->classes_count && !call->later; i++) {
        call->later = request_answer_retry(call, device->classes[i], slice_of(id, 16));
    }
    for (uint32_t i = 0; i < CLIENTS_MAX && !call->later; i++) {
        struct pending *pending = &device->pending[i];
        if (pending->has_id && memcmp(pending->id, id, 16) == 0) {
            pending->client = call->client;
            pending->number = call->number;
            call->later = true;
        }
    }
    return call->later;
}

static enum err class_create(struct call *call, struct pack *p)
{
    uint64_t policy, until_ms;
    char name[NAME_BYTES_MAX + 1], handle[HANDLE_BYTES_MAX + 1];
    struct slice id;
    bool has_id = request_id(call, &id);
    (void)p;
    if (has_id && create_again(call, id.at)) {
        return OK;
    }
    enum err err = read_policy(call, &policy, &until_ms);
    err = err == OK ? read_name(call, "name", "the name", NAME_BYTES_MAX, name) : err;
    err =
        err == OK ? read_name(call, "handle", "the teacher's name", HANDLE_BYTES_MAX, handle) : err;
    if (err != OK) {
        return err;
    }
    struct stretching *stretching = calloc(1, sizeof(*stretching));
    err = stretching ? founder_passphrase(call, name, handle, stretching) : ERR_NOMEM;
    struct pending *pending = err == ERR_WAIT && call->device->classes_count < CLASSES_MAX
                                  ? pending_new(call, PENDING_FOUND, (struct mono){INT64_MAX})
                                  : NULL;
    if (!pending) {
        free(stretching);
        return err == ERR_WAIT ? ERR_BUSY : err;
    }
    memcpy(pending->name, name, sizeof(name));
    memcpy(pending->handle, handle, sizeof(handle));
    pending->has_id = has_id;
    if (has_id) {
        memcpy(pending->id, id.at, sizeof(pending->id));
    }
    pending->stretching = stretching;
    pending->policy = policy;
    pending->until_ms = until_ms;
    rng_fill(&call->device->rng, pending->rescue, sizeof(pending->rescue));
    return pending_stretch(call->device, pending, slice_str(stretching->at[0].words),
                           stretching->at[0].salt, stretching->at[0].cost);
}

/* The class of this machine whose root key this invite means; NULL. Its words may be others: it was away when the class got
 * new ones, and nobody of it is heard any more. */
static struct class *committed_to(struct device *device, const struct invite *invite)
{
    for (uint32_t i = 0; i < device->classes_count; i++) {
        struct class *class = device->classes[i];
        if (memcmp(class->invite.commit, invite->commit, sizeof(invite->commit)) == 0) {
            return class;
        }
    }
    return NULL;
}

/* May other words be typed for a class that is here? Anybody may where the machine is alone with those that it has, or was told
 * that they are old; else a teacher: who sits at a machine could take it out of the class by words that nobody has. */
static bool may_change_words(struct call *call, const struct class *class)
{
    return class->refusal == ERR_OLD_WORDS || presence_here(class->presence) == 0 ||
           request_is_of_teacher(call, class);
}

static enum err class_join(struct call *call, struct pack *p)
{
    struct slice words;
    struct invite invite;
    uint32_t wrong = 0;
    uint16_t near = 0;
    (void)p;
    if (!map_text(call->params, "words", &words)) {
        snprintf(call->what, sizeof(call->what), "the twelve words");
        return ERR_EMPTY;
    }
    enum err err = invite_read(words, &invite, &wrong, &near);
    if (err == ERR_WORD) {
        snprintf(call->what, sizeof(call->what), "word %u", (unsigned)wrong + 1);
        snprintf(call->detail, sizeof(call->detail), "did you mean \"%s\"?", word_at(near));
    }
    if (err != OK) {
        return err;
    }
    struct class *class = committed_to(call->device, &invite);
    bool same = class && memcmp(&class->invite, &invite, sizeof(invite)) == 0;
    if (class && (same || class->closed || !may_change_words(call, class))) {
        class_name(class, call->what);
        return ERR_CLASS_EXISTS;
    }
    struct pending *pending = class || call->device->classes_count < CLASSES_MAX
                                  ? pending_new(call, PENDING_JOIN, (struct mono){INT64_MAX})
                                  : NULL;
    if (!pending) {
        return ERR_BUSY;
    }
    pending->invite = invite;
    return stretch_invite(call->device, pending);
}

/* The words let any machine in: a teacher may have them, and who could read them on this disk. */
static enum err class_invite(struct call *call, struct pack *p)
{
    if (!call->class) {
        return ERR_NO_CLASS;
    }
    if (!call->owner && !request_is_of_teacher(call, call->class)) {
        return ERR_NOT_TEACHER;
    }
    pack_map(p, 2);
    pack_class(p, call->class);
    pack_invite(p, call->class);
    return OK;
}

static uint64_t count_people(struct class *class)
{
    uint64_t count = 0;
    sqlite3_stmt *stmt =
        store_query(class->store, "SELECT count(*) FROM person WHERE handle_key<>''");
    if (store_row(class->store, stmt)) {
        count = (uint64_t)sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
    }
    return count;
}

static enum err class_list(struct call *call, struct pack *p)
{
    struct device *device = call->device;
    char name[NAME_BYTES_MAX + 1];
    pack_map(p, device->classes_count ? 1 : 2);
    if (device->classes_count == 0) {
        knocking_tell(device, p);
    }
    pack_str(p, "classes");
    pack_array(p, device->classes_count);
    for (uint32_t i = 0; i < device->classes_count; i++) {
        struct class *class = device->classes[i];
        pack_map(p, 11);
        pack_str(p, "closed");
        pack_bool(p, class->closed);
        pack_policy(p, class);
        pack_str(p, "words");
        pack_str(p, *class->words ? class->words : NULL);
        pack_str(p, "n");
        pack_uint(p, i + 1);
        if (class->known) {
            pack_hex_id(p, "id", SLICE(class->id));
        } else {
            pack_str(p, "id");
            pack_nil(p);
        }
        pack_str(p, "name");
        pack_str(p, class_name(class, name));
        pack_str(p, "current");
        pack_bool(p, class == call->class);
        pack_str(p, "waits");
        pack_bool(p, !class->known);
        pack_str(p, "people");
        pack_uint(p, count_people(class));
        pack_str(p, "machines");
        pack_uint(p, presence_here(class->presence) + 1u);
    }
    return OK;
}

static enum err class_use(struct call *call, struct pack *p)
{
    struct device *device = call->device;
    struct class *class = class_named(device, map_get(call->params, "name"));
    if (!class) {
        struct slice name = {NULL, 0};
        map_text(call->params, "name", &name);
        snprintf(call->what, sizeof(call->what), "%.*s", (int)name.len,
                 name.at ? (const char *)name.at : "");
        return ERR_NO_SUCH_CLASS;
    }
    if (!class->closed) { /* one that has ended is nobody's first choice again */
        enum err err = store_begin(class->store);
        class->used = ++device->uses;
        store_local_set(class->store, "used", &class->used, sizeof(class->used));
        class->urgent = true; /* somebody is told that it is so */
        if (err != OK) {
            return err;
        }
    }
    char left[SHOWN_BYTES];
    struct class *before = device->classes[call->sitting->class_index];
    bool leaves = sitting_leave(device, call->sitting, class, call->now);
    call->sitting->class_index = class->index;
    call->sitting->chosen = true;
    pack_map(p, 2);
    pack_class(p, class);
    pack_str(p, "signed_out");
    pack_str(p, leaves ? person_shown(before->store, &call->sitting->person, left) : NULL);
    return OK;
}

/* What would be erased, told to who could do it. */
static enum err tell_open(struct call *call, struct pack *p)
{
    enum err err = request_may_close(call);
    if (err == OK) {
        pack_map(p, 3);
        pack_class(p, call->class);
        pack_str(p, "closed");
        pack_bool(p, false);
        pack_str(p, "of");
        pack_uint(p, ending_machines(call->device, call->class));
    }
    return err;
}

/* Also of a class that has ended already: how far it is erased. */
static enum err class_close(struct call *call, struct pack *p)
{
    struct mono due = {call->now.mono.ms + CLOSE_PATIENCE_MS};
    bool yes = false;
    map_bool(call->params, "yes", &yes);
    if (!call->class) {
        return ERR_NO_CLASS;
    }
    if (!call->class->closed && !yes) {
        return tell_open(call, p);
    }
    enum err err = call->class->closed ? OK : request_close(call);
    if (err != OK) {
        return err;
    }
    return pending_new(call, PENDING_CLOSE, due) ? OK : ERR_BUSY;
}

static void tell_closed(struct device *device, struct pending *pending, struct class *class)
{
    struct pack *p = &device->result;
    pack_reset(p);
    pack_map(p, 5);
    pack_class(p, class);
    pack_str(p, "closed");
    pack_bool(p, true);
    ending_receipt(class, p);
    request_reply(device, pending->client, pending->number, pack_bytes(p), false, class->index);
    pending_end(pending);
}

/* ---- what comes later ----------------------------------------------------------------------------------------- */

static void root_of(const struct pending *pending, struct sign_key *key, struct sign_pk *root)
{
    uint8_t seed[32];
    rescue_seed(pending->rescue, seed);
    sign_keypair(seed, key, root);
    wipe(seed, sizeof(seed));
}

/* The class's first entries: what it is, and its founder, who is signed in. */
static enum err write_first(struct device *device, struct class *class, struct pending *pending,
                            struct now now)
{
    struct hash id;
    struct sign_key key;
    struct sign_pk root;
    struct slice name = slice_str(pending->name);
    root_of(pending, &key, &root);
    struct hash said = class_said(&class->id, name, pending->policy, pending->until_ms);
    struct op op = {.kind = OP_CLASS,
                    .has = FIELD_KEY | FIELD_NAME | FIELD_SIGNATURE | FIELD_POLICY | FIELD_UNTIL,
                    .policy = pending->policy,
                    .until_ms = pending->until_ms,
                    .key = root,
                    .name = name,
                    .signature = sign(&key, "jam class name 1", SLICE(said))};
    enum err err = class_append(class, &op, 1, now, &id);
    struct ask *ask = ask_class(device, class, now);
    ask->stretching = pending->stretching;
    ask->who_key = key;
    session_found(ask, slice_str(pending->handle));
    if (err == OK) {
        err = sitting_sign_in(device, class, sitting_find(device, &pending->login), ask, now);
    }
    wipe(&key, sizeof(key));
    wipe(&ask->who_key, sizeof(ask->who_key));
    return err;
}

static void created(struct device *device, struct pending *pending,
                    const struct class_secret *secret, struct now now)
{
    char text[RESCUE_TEXT_MAX];
    struct sign_key key;
    struct sign_pk root;
    struct class *class = NULL;
    root_of(pending, &key, &root);
    wipe(&key, sizeof(key));
    enum err err = class_new(device, secret, &pending->invite, &root, NULL, now, &class);
    if (err == OK) {
        replica_doubt(class->replica, false); /* nothing was ever erased in a class that begins */
        err = write_first(device, class, pending, now);
    }
    if (err != OK) {
        request_refuse(device, pending->client, pending->number, err, "", NULL);
    } else {
        pack_reset(&device->result);
        pack_map(&device->result, 4);
        pack_class(&device->result, class);
        pack_invite(&device->result, class);
        pack_str(&device->result, "rescue");
        pack_str(&device->result, rescue_text(pending->rescue, text));
        pack_str(&device->result, "person");
        pack_str(&device->result, pending->handle);
        struct slice result = pack_bytes(&device->result);
        if (pending->has_id) {
            request_remember(device, class, slice_of(pending->id, 16), result);
        }
        request_reply(device, pending->client, pending->number, result, true, class->index);
    }
    wipe(text, sizeof(text));
    pending_end(pending);
}

/* The founder's passphrase is stretched: now the invite's words. */
static void founded(struct device *device, struct pending *pending, struct slice stretched)
{
    struct sign_key key;
    struct sign_pk root;
    memcpy(pending->stretching->at[0].out, stretched.at, 32);
    pending->stretching->done = 1;
    root_of(pending, &key, &root);
    wipe(&key, sizeof(key));
    invite_make(&device->rng, &root, &pending->invite);
    pending->kind = PENDING_CREATE;
    enum err err = stretch_invite(device, pending);
    if (err != OK) {
        request_refuse(device, pending->client, pending->number, err, "", NULL);
        pending_end(pending);
    }
}

/* Who let the machine in goes on in that class. */
static void tell_joined(struct device *device, struct pending *pending, struct class *class,
                        struct now now)
{
    struct sitting *sitting = sitting_find(device, &pending->login);
    sitting_leave(device, sitting, class, now);
    sitting->class_index = class->index;
    sitting->chosen = true;
    pack_reset(&device->result);
    pack_map(&device->result, 2);
    pack_class(&device->result, class);
    pack_str(&device->result, "waits");
    pack_bool(&device->result, !class->known);
    request_reply(device, pending->client, pending->number, pack_bytes(&device->result), true,
                  class->index);
    pending_end(pending);
}

/* Nobody who has the class's words by now lets it in by these. Whoever waits for it is told: another terminal may have typed them
 * too, or asked what is wrong; of a class that isn't known yet nothing else can be asked. */
static void refuse_old_words(struct device *device, struct class *class)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct pending *pending = &device->pending[i];
        bool waits = pending->kind == PENDING_HELLO || pending->kind == PENDING_CHECK;
        if (waits && pending->class_index == class->index) {
            request_refuse(device, pending->client, pending->number, ERR_OLD_WORDS, "", NULL);
            pending_end(pending);
        }
    }
    class_forget(device, class);
}

static void joined(struct device *device, struct pending *pending,
                   const struct class_secret *secret, struct now now)
{
    struct class *class = committed_to(device, &pending->invite);
    enum err err = OK;
    if (class) {
        turnover_go(device, class, secret, &pending->invite, now);
    } else {
        err = class_new(device, secret, &pending->invite, NULL, NULL, now, &class);
    }
    if (err != OK) {
        request_refuse(device, pending->client, pending->number, err, "", NULL);
        pending_end(pending);
        return;
    }
    pending->kind = PENDING_HELLO;
    pending->class_index = class->index;
    pending->due.ms = now.mono.ms + JOIN_PATIENCE_MS;
}

static void classes_secret(struct device *device, struct pending *pending, struct slice bytes,
                           struct now now)
{
    struct class_secret secret;
    memcpy(secret.b, bytes.at, sizeof(secret.b));
    if (pending->kind == PENDING_CREATE) {
        created(device, pending, &secret, now);
    } else {
        joined(device, pending, &secret, now);
    }
    wipe(&secret, sizeof(secret));
}

void method_stretched(struct device *device, uint64_t work, struct slice bytes, struct now now)
{
    if (turnover_stretched(device, work, bytes, now)) {
        return;
    }
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct pending *pending = &device->pending[i];
        if (pending->kind == PENDING_NONE || pending->work != work) {
            continue;
        }
        if (bytes.len != 32) {
            request_refuse(device, pending->client, pending->number, ERR_NOMEM, "", NULL);
            pending_end(pending);
        } else if (pending->kind == PENDING_ASK) {
            request_again(device, pending, bytes, now);
        } else if (pending->kind == PENDING_FOUND) {
            founded(device, pending, bytes);
        } else {
            classes_secret(device, pending, bytes, now);
        }
        return;
    }
}

/* Joined, the class's name is in its log: a first answer without it would only puzzle. */
static bool knows_name(struct class *class)
{
    char name[NAME_BYTES_MAX + 1];
    return class->known && strcmp(class_name(class, name), "…") != 0;
}

static void close_tick(struct device *device, struct pending *pending, bool due)
{
    struct class *class = device->classes[pending->class_index];
    if (due && !class->closed) {
        request_refuse(device, pending->client, pending->number, ERR_DISK, class->disk_why, NULL);
        pending_end(pending);
    } else if (due || ending_is_complete(class)) {
        tell_closed(device, pending, class);
    }
}

/* The class of a request that waits has ended meanwhile: there is nothing more to wait for. */
static bool is_over(struct device *device, const struct pending *pending)
{
    bool of_class = pending->kind == PENDING_HELLO || pending->kind == PENDING_RECEIPT ||
                    pending->kind == PENDING_KNOCKS || pending->kind == PENDING_ADMIT;
    return of_class && device->classes[pending->class_index]->closed;
}

static void refuse_closed(struct device *device, struct pending *pending)
{
    char name[NAME_BYTES_MAX + 1];
    struct class *class = device->classes[pending->class_index];
    request_refuse(device, pending->client, pending->number, ERR_CLOSED, class_name(class, name),
                   NULL);
    pending_end(pending);
}

static void log_tick(struct device *device, struct pending *pending, struct now now)
{
    struct class *class = device->classes[pending->class_index];
    bool behind = class->sync && sync_is_behind(class->sync);
    struct sitting *sitting = sitting_find(device, &pending->login);
    if (behind && now.mono.ms < pending->due.ms) {
        return;
    }
    if (class->sync && sitting->told) {
        sitting_come(device, class, sitting, now);
    }
    request_again(device, pending, slice_of(NULL, 0), now);
}

static void seek_tick(struct device *device, struct pending *pending, struct now now)
{
    struct class *class = device->classes[pending->class_index];
    pending->due = class->seeking.until;
    if (seeking_done(class, now)) {
        request_again(device, pending, slice_of(NULL, 0), now);
    }
}

void method_resume(struct device *device, struct now now)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct pending *pending = &device->pending[i];
        if (pending->kind == PENDING_SEEK) {
            seek_tick(device, pending, now);
        } else if (pending->kind == PENDING_LOG) {
            log_tick(device, pending, now);
        }
    }
}

void method_tick(struct device *device, struct now now)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct pending *pending = &device->pending[i];
        bool due = now.mono.ms >= pending->due.ms;
        struct class *class =
            pending->kind == PENDING_HELLO ? device->classes[pending->class_index] : NULL;
        if (is_over(device, pending)) {
            refuse_closed(device, pending);
        } else if (class && due && !class->known && class->refusal == ERR_OLD_WORDS) {
            refuse_old_words(device, class);
        } else if (class && (due || knows_name(class))) {
            tell_joined(device, pending, class, now);
        } else if (pending->kind == PENDING_CLOSE) {
            close_tick(device, pending, due);
        } else if (pending->kind == PENDING_CHECK && due) {
            doctor_answer(device, pending, now);
        } else if (pending->kind == PENDING_RECEIPT) {
            receipt_answer(device, pending, now);
        } else if (pending->kind == PENDING_KNOCKS || pending->kind == PENDING_ADMIT) {
            admit_tick(device, pending, now);
        }
    }
}

struct mono method_wake(const struct device *device)
{
    struct mono wake = {INT64_MAX};
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        const struct pending *pending = &device->pending[i];
        if (pending->kind != PENDING_NONE && pending->due.ms < wake.ms) {
            wake = pending->due;
        }
    }
    return wake;
}

enum err method_doctor(struct call *call, struct pack *p)
{
    if (!call->class) {
        doctor_without_class(call->device, p);
        return OK;
    }
    struct mono due = {call->now.mono.ms + CHECK_MS};
    presence_check(call->class->presence, call->now);
    return pending_new(call, PENDING_CHECK, due) ? OK : ERR_BUSY;
}

const struct device_method device_methods[] = {
    {"class.create", class_create},
    {"class.join", class_join},
    {"class.invite", class_invite},
    {"class.knocks", method_knocks},
    {"class.admit", method_admit},
    {"class.close", class_close},
    {"class.list", class_list},
    {"class.use", class_use},
    {"status", method_status},
    {"doctor", method_doctor},
    {"redact.receipt", method_receipt},
    {"watch", method_watch},
    {NULL, NULL},
};
