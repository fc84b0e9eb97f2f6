/* Methods about classes: make one, join one, name them, choose one. Joining and making go through Argon2id, which runs
 * outside; the answer comes when it is done. */
#include <stdio.h>

#include "authority.h"
#include "date.h"
#include "device_inside.h"
#include "text.h"

static struct pending *pending_new(struct call *call, enum pending_kind kind, struct mono due)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct pending *pending = &call->device->pending[i];
        if (pending->kind == PENDING_NONE) {
            *pending = (struct pending){.kind = kind,
                                        .client = call->client,
                                        .number = call->number,
                                        .due = due,
                                        .class_index = call->class ? call->class->index : 0};
            call->later = true;
            return pending;
        }
    }
    return NULL;
}

static uint64_t class_until(struct class *class)
{
    uint64_t until_ms = 0;
    sqlite3_stmt *stmt = store_query(class->store, "SELECT until_ms FROM class");
    if (store_row(class->store, stmt)) {
        until_ms = (uint64_t)sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
    }
    return until_ms;
}

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
    pack_str(p, date_text(class_until(class), date));
}

static void pack_class(struct pack *p, struct class *class)
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

/* Hands the secret words to Argon2id. */
static enum err stretch_later(struct call *call, struct pending *pending)
{
    char text[INVITE_TEXT_MAX];
    invite_secret_text(&pending->invite, text);
    pending->work = ++call->device->works;
    struct output output = {.kind = OUTPUT_STRETCH,
                            .work = pending->work,
                            .bytes = slice_str(text),
                            .cost = COST_WORDS};
    invite_salt(output.salt);
    struct queued *queued = device_put(call->device, &output);
    wipe(text, sizeof(text));
    if (!queued) {
        pending->kind = PENDING_NONE;
        return ERR_NOMEM;
    }
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

static enum err class_create(struct call *call, struct pack *p)
{
    uint64_t policy, until_ms;
    struct slice typed;
    struct sign_key root_key;
    struct sign_pk root;
    char name[TITLE_BYTES_MAX * 3 + 1];
    (void)p;
    if (!map_text(call->params, "name", &typed) || typed.len > TITLE_BYTES_MAX) {
        snprintf(call->what, sizeof(call->what), "the name");
        return typed.len > TITLE_BYTES_MAX ? ERR_TOO_LONG : ERR_EMPTY;
    }
    size_t len = text_tidy(typed, false, name);
    snprintf(call->what, sizeof(call->what), "the name");
    if (len == 0 || len > NAME_BYTES_MAX) {
        return len ? ERR_TOO_LONG : ERR_EMPTY;
    }
    enum err err = read_policy(call, &policy, &until_ms);
    if (err != OK) {
        return err;
    }
    struct pending *pending = call->device->classes_count < CLASSES_MAX
                                  ? pending_new(call, PENDING_CREATE, (struct mono){INT64_MAX})
                                  : NULL;
    if (!pending) {
        return ERR_BUSY;
    }
    memcpy(pending->name, name, len + 1);
    pending->policy = policy;
    pending->until_ms = until_ms;
    rng_fill(&call->device->rng, pending->root_seed, sizeof(pending->root_seed));
    sign_keypair(pending->root_seed, &root_key, &root);
    invite_make(&call->device->rng, &root, &pending->invite);
    wipe(&root_key, sizeof(root_key));
    return stretch_later(call, pending);
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
    for (uint32_t i = 0; i < call->device->classes_count; i++) {
        struct class *class = call->device->classes[i];
        if (memcmp(&class->invite, &invite, sizeof(invite)) == 0) {
            class_name(class, call->what);
            return ERR_CLASS_EXISTS;
        }
    }
    struct pending *pending = call->device->classes_count < CLASSES_MAX
                                  ? pending_new(call, PENDING_JOIN, (struct mono){INT64_MAX})
                                  : NULL;
    if (!pending) {
        return ERR_BUSY;
    }
    pending->invite = invite;
    return stretch_later(call, pending);
}

static enum err class_invite(struct call *call, struct pack *p)
{
    if (!call->class) {
        return ERR_NO_CLASS;
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
    pack_map(p, 1);
    pack_str(p, "classes");
    pack_array(p, device->classes_count);
    for (uint32_t i = 0; i < device->classes_count; i++) {
        struct class *class = device->classes[i];
        pack_map(p, 7);
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

static struct class *class_named(struct device *device, const msgpack_object *params)
{
    struct slice name;
    uint64_t number = 0;
    char one[NAME_BYTES_MAX + 1];
    const msgpack_object *wanted = map_get(params, "name");
    if (read_text(wanted, &name)) {
        for (uint32_t i = 0; i < device->classes_count; i++) {
            if (slice_is(name, class_name(device->classes[i], one))) {
                return device->classes[i];
            }
        }
        char digits[8] = {0};
        if (name.len < sizeof(digits)) {
            memcpy(digits, name.at, name.len);
            unsigned n = 0;
            number = sscanf(digits, "%u", &n) == 1 ? n : 0;
        }
    } else {
        read_uint(wanted, &number);
    }
    return number >= 1 && number <= device->classes_count ? device->classes[number - 1] : NULL;
}

static enum err class_use(struct call *call, struct pack *p)
{
    struct device *device = call->device;
    struct class *class = class_named(device, call->params);
    if (!class) {
        struct slice name = {NULL, 0};
        map_text(call->params, "name", &name);
        snprintf(call->what, sizeof(call->what), "%.*s", (int)name.len,
                 name.at ? (const char *)name.at : "");
        return ERR_NO_SUCH_CLASS;
    }
    class->used = ++device->uses;
    enum err err = store_begin(class->store);
    store_local_set(class->store, "used", &class->used, sizeof(class->used));
    if (err != OK) {
        return err;
    }
    if (call->sitting->class_index != class->index) {
        call->sitting->signed_in = false;
    }
    call->sitting->class_index = class->index;
    call->sitting->chosen = true;
    pack_map(p, 1);
    pack_class(p, class);
    return OK;
}

/* ---- what comes later ----------------------------------------------------------------------------------------- */

static enum err write_class_name(struct class *class, const struct pending *pending, struct now now)
{
    struct hash id;
    struct sign_key key;
    struct sign_pk root;
    sign_keypair(pending->root_seed, &key, &root);
    struct slice name = slice_str(pending->name);
    struct hash said = class_said(&class->id, name, pending->policy, pending->until_ms);
    struct op op = {.kind = OP_CLASS,
                    .has = FIELD_KEY | FIELD_NAME | FIELD_SIGNATURE | FIELD_POLICY | FIELD_UNTIL,
                    .policy = pending->policy,
                    .until_ms = pending->until_ms,
                    .key = root,
                    .name = name,
                    .signature = sign(&key, "jam class name 1", SLICE(said))};
    wipe(&key, sizeof(key));
    return class_append(class, &op, 1, now, &id);
}

static void created(struct device *device, struct pending *pending,
                    const struct class_secret *secret, struct now now)
{
    struct sign_key key;
    struct sign_pk root;
    struct class *class = NULL;
    sign_keypair(pending->root_seed, &key, &root);
    wipe(&key, sizeof(key));
    enum err err =
        class_new(device, secret, &pending->invite, &root, pending->root_seed, now, &class);
    if (err == OK) {
        err = write_class_name(class, pending, now);
    }
    if (err != OK) {
        request_refuse(device, pending->client, pending->number, err, "", NULL);
    } else {
        pack_reset(&device->result);
        pack_map(&device->result, 2);
        pack_class(&device->result, class);
        pack_invite(&device->result, class);
        request_reply(device, pending->client, pending->number, pack_bytes(&device->result), true,
                      class->index);
    }
    wipe(pending, sizeof(*pending));
}

static void tell_joined(struct device *device, struct pending *pending, struct class *class)
{
    pack_reset(&device->result);
    pack_map(&device->result, 2);
    pack_class(&device->result, class);
    pack_str(&device->result, "waits");
    pack_bool(&device->result, !class->known);
    request_reply(device, pending->client, pending->number, pack_bytes(&device->result), true,
                  class->index);
    wipe(pending, sizeof(*pending));
}

static void joined(struct device *device, struct pending *pending,
                   const struct class_secret *secret, struct now now)
{
    struct class *class = NULL;
    enum err err = class_new(device, secret, &pending->invite, NULL, NULL, now, &class);
    if (err != OK) {
        request_refuse(device, pending->client, pending->number, err, "", NULL);
        wipe(pending, sizeof(*pending));
        return;
    }
    pending->kind = PENDING_HELLO;
    pending->class_index = class->index;
    pending->due.ms = now.mono.ms + JOIN_PATIENCE_MS;
}

void method_stretched(struct device *device, uint64_t work, struct slice bytes, struct now now)
{
    struct class_secret secret;
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct pending *pending = &device->pending[i];
        bool waits = pending->kind == PENDING_CREATE || pending->kind == PENDING_JOIN;
        if (!waits || pending->work != work) {
            continue;
        }
        if (bytes.len != sizeof(secret.b)) {
            request_refuse(device, pending->client, pending->number, ERR_NOMEM, "", NULL);
            wipe(pending, sizeof(*pending));
            return;
        }
        memcpy(secret.b, bytes.at, sizeof(secret.b));
        if (pending->kind == PENDING_CREATE) {
            created(device, pending, &secret, now);
        } else {
            joined(device, pending, &secret, now);
        }
        wipe(&secret, sizeof(secret));
        return;
    }
}

/* Joined, the class's name is in its log: a first answer without it would only puzzle. */
static bool knows_name(struct class *class)
{
    char name[NAME_BYTES_MAX + 1];
    return class->known && strcmp(class_name(class, name), "…") != 0;
}

void method_tick(struct device *device, struct now now)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct pending *pending = &device->pending[i];
        bool due = now.mono.ms >= pending->due.ms;
        if (pending->kind == PENDING_HELLO &&
            (due || knows_name(device->classes[pending->class_index]))) {
            tell_joined(device, pending, device->classes[pending->class_index]);
        } else if (pending->kind == PENDING_CHECK && due) {
            doctor_answer(device, pending, now);
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
    (void)p;
    if (!call->class) {
        return ERR_NO_CLASS;
    }
    struct mono due = {call->now.mono.ms + CHECK_MS};
    presence_check(call->class->presence, call->now);
    return pending_new(call, PENDING_CHECK, due) ? OK : ERR_BUSY;
}

const struct device_method device_methods[] = {
    {"class.create", class_create}, {"class.join", class_join}, {"class.invite", class_invite},
    {"class.list", class_list},     {"class.use", class_use},   {"status", method_status},
    {"doctor", method_doctor},      {"watch", method_watch},    {NULL, NULL},
};
