/* What clients ask: decodes within bounds, finds class and person, calls the method of a view or of the device, appends
 * the ops that it wants, and answers. PROTOCOL and methods: proto/LOCAL.md. */
#include <stdio.h>
#include <stdlib.h>

#include "authority.h"
#include "device_inside.h"
#include "names.h"
#include "planted.h"
#include "text.h"

/* ---- answering ------------------------------------------------------------------------------------------------ */

/* What found no memory is cut short: better nothing than that. */
static struct queued *put_reply(struct device *device, client_id client)
{
    if (device->pack.failed) {
        device->exhausted = true;
        return NULL;
    }
    return device_put(device, &(struct output){.kind = OUTPUT_REPLY,
                                               .client = client,
                                               .bytes = pack_bytes(&device->pack)});
}

void request_reply(struct device *device, client_id client, uint64_t number, struct slice result,
                   bool write, uint32_t class_index)
{
    struct pack *p = &device->pack;
    if (result.len > REPLY_BYTES_MAX) {
        request_refuse(device, client, number, ERR_LIMIT, "the answer is too long", NULL);
        return;
    }
    if (device->result.failed) {
        device->exhausted = true; /* it is cut short */
        return;
    }
    if (pack_scan(result, PACK_LOCAL) != OK) {
        request_refuse(device, client, number, ERR_DAMAGED, "its text can't be read", NULL);
        return;
    }
    pack_reset(p);
    pack_array(p, 4);
    pack_uint(p, 1);
    pack_uint(p, number);
    pack_nil(p);
    pack_raw(p, result);
    struct queued *queued = put_reply(device, client);
    if (queued) {
        queued->write = write;
        queued->write_class = class_index;
        queued->number = number;
    }
}

/* What lies on a disk may have changed there: text that isn't any would make the whole answer one that nobody can read. */
static const char *readable(const char *text)
{
    return text && text_check(slice_str(text), SIZE_MAX) == OK ? text : "";
}

void request_refuse(struct device *device, client_id client, uint64_t number, enum err err,
                    const char *what, const char *detail)
{
    struct pack *p = &device->pack;
    pack_reset(p);
    pack_array(p, 4);
    pack_uint(p, 1);
    pack_uint(p, number);
    pack_map(p, 3);
    pack_str(p, "code");
    pack_str(p, err_code(err));
    pack_str(p, "what");
    pack_str(p, readable(what));
    pack_str(p, "detail");
    pack_str(p, readable(detail));
    pack_nil(p);
    put_reply(device, client);
}

void request_notify(struct device *device, client_id client, const char *method,
                    struct slice params)
{
    struct pack *p = &device->pack;
    if (pack_scan(params, PACK_LOCAL) != OK) {
        return;
    }
    pack_reset(p);
    pack_array(p, 3);
    pack_uint(p, 2);
    pack_str(p, method);
    pack_raw(p, params);
    put_reply(device, client);
}

static uint32_t default_class(const struct device *device)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < device->classes_count; i++) {
        if (device->classes[i]->used > device->classes[best]->used) {
            best = i;
        }
    }
    return best;
}

/* Keeps the request, and what was stretched for it. */
static enum err keep_request(struct call *call, enum pending_kind kind, struct mono due,
                             struct pending **out)
{
    uint8_t *copy = malloc(call->bytes.len);
    struct pending *pending = copy ? pending_new(call, kind, due) : NULL;
    if (!pending) {
        free(copy);
        return copy ? ERR_BUSY : ERR_NOMEM;
    }
    memcpy(copy, call->bytes.at, call->bytes.len);
    pending->request = copy;
    pending->request_len = call->bytes.len;
    pending->stretching = call->stretching;
    call->stretching = NULL; /* the pending one owns it now */
    *out = pending;
    return OK;
}

/* Until what its plan wants stretched is done. */
static enum err ask_later(struct call *call)
{
    struct pending *pending;
    struct stretching *s = call->stretching;
    enum err err = keep_request(call, PENDING_ASK, (struct mono){INT64_MAX}, &pending);
    return err == OK ? pending_stretch(call->device, pending, slice_str(s->at[s->done].words),
                                       s->at[s->done].salt, s->at[s->done].cost)
                     : err;
}

/* Until neighbours have told what they know of the handle that its plan left in ask->was. */
static enum err seek_later(struct call *call)
{
    struct pending *pending;
    struct class *class = call->class;
    enum err err = seeking_begin(call->device, class, call->device->ask->was, call->now);
    return err == OK ? keep_request(call, PENDING_SEEK, class->seeking.until, &pending) : err;
}

static struct class *class_called(struct device *device, struct slice name)
{
    char one[NAME_BYTES_MAX + 1];
    struct class *found = NULL;
    for (uint32_t i = 0; i < device->classes_count; i++) {
        struct class *class = device->classes[i];
        if (slice_is(name, class_name(class, one)) && (!found || found->closed)) {
            found = class;
        }
    }
    return found;
}

struct class *class_named(struct device *device, const msgpack_object *wanted)
{
    struct slice name;
    uint64_t number = 0;
    if (read_text(wanted, &name)) {
        struct class *class = class_called(device, name);
        if (class) {
            return class;
        }
        for (size_t i = 0; name_is_line(name) && i < name.len && number <= CLASSES_MAX; i++) {
            number = number * 10 + (uint64_t)(name.at[i] - '0');
        }
    } else {
        read_uint(wanted, &number);
    }
    return number >= 1 && number <= device->classes_count ? device->classes[number - 1] : NULL;
}

/* The class that a request means: by name or number, else the terminal's, else the one used last. */
static enum err find_class(struct device *device, struct sitting *sitting,
                           const msgpack_object *params, struct class **out)
{
    *out = NULL;
    const msgpack_object *wanted = map_get(params, "class");
    if (wanted) {
        *out = class_named(device, wanted);
        return *out ? OK : ERR_NO_SUCH_CLASS;
    }
    if (device->classes_count) {
        uint32_t index =
            sitting->chosen || sitting->signed_in ? sitting->class_index : default_class(device);
        *out = device->classes[index];
    }
    return OK;
}

/* ---- methods of views ----------------------------------------------------------------------------------------- */

static void ask_fill(struct ask *ask, struct device *device, struct class *class, struct now now)
{
    memset(ask, 0, sizeof(*ask));
    ask->store = class->store;
    ask->ages = class->ages;
    ask->now = now;
    ask->here = device->id;
    ask->hardware = class->author.hardware;
    ask->class = class->id;
    ask->rng = &device->rng;
    ask->peers = presence_here(class->presence);
    ask->live = class->live;
    ask->live_s = (now.mono.ms - class->live_since.ms) / 1000;
    ask->seq = class->seq;
    ask->safe_machines = class_safe_machines(class);
    ask->behind = class->sync && sync_is_behind(class->sync);
    ask->sought = seeking_told(class, now);
}

struct ask *ask_class(struct device *device, struct class *class, struct now now)
{
    ask_fill(device->ask, device, class, now);
    return device->ask;
}

/* Answers lie on the disk sealed with what only who asked knows, their request's id: they tell to whom a letter went. */
struct retry {
    uint8_t name[16];
    struct seal_key key;
};

static struct retry retry_of(struct slice id)
{
    struct retry retry;
    hash_short("jam retry name 1", &id, 1, retry.name, sizeof(retry.name));
    hash_short("jam retry key 1", &id, 1, retry.key.b, sizeof(retry.key.b));
    return retry;
}

bool request_id(const struct call *call, struct slice *id)
{
    const msgpack_object *told = map_get(call->params, "id");
    *id = slice_of(NULL, 0);
    return told && read_bin(told, id) && id->len == sizeof(call->device->pending[0].id);
}

bool request_answer_retry(struct call *call, struct class *class, struct slice id)
{
    struct retry retry = retry_of(id);
    sqlite3_stmt *stmt = store_query(class->store, "SELECT reply FROM retry WHERE request=?");
    store_bind(class->store, stmt, "b", slice_of(retry.name, sizeof(retry.name)));
    if (!store_row(class->store, stmt) || PLANTED(14)) {
        return false;
    }
    struct slice sealed = column_slice(stmt, 0);
    uint8_t *reply = malloc(sealed.len + 1);
    bool known = reply && seal_open(&retry.key, "jam retry 1", sealed, reply) == OK;
    if (known) {
        request_reply(call->device, call->client, call->number,
                      slice_of(reply, sealed.len - SEAL_OVERHEAD), !PLANTED(17), class->index);
    }
    free(reply);
    sqlite3_reset(stmt);
    return known;
}

void request_remember(struct device *device, struct class *class, struct slice id,
                      struct slice reply)
{
    struct retry retry = retry_of(id);
    uint8_t *sealed = malloc(reply.len + SEAL_OVERHEAD);
    if (!sealed) {
        store_fail(class->store, ERR_NOMEM);
        return;
    }
    seal(&retry.key, &device->rng, "jam retry 1", reply, sealed);
    store_do(class->store, "INSERT OR REPLACE INTO retry (request, reply) VALUES (?,?)", "bb",
             slice_of(retry.name, sizeof(retry.name)), slice_of(sealed, reply.len + SEAL_OVERHEAD));
    free(sealed);
    store_do(class->store, "DELETE FROM retry WHERE number <= (SELECT max(number) FROM retry) - ?",
             "i", (int64_t)RETRIES_KEPT);
}

static enum err write_ops(struct call *call, struct ask *ask)
{
    struct hash ids[ASK_OPS_MAX];
    enum err err = OK;
    if (ask->unlocked) {
        err = keyring_put(&call->class->author.people, &ask->who, &ask->who_key);
        wipe(&ask->who_key, sizeof(ask->who_key));
    }
    if (err == OK) {
        err = class_append(call->class, ask->ops, ask->ops_count, call->now, ids);
    }
    if (err == OK) {
        ask->made = ref_of(&ids[0]);
        err = store_err(ask->store);
    }
    if (PLANTED(18)) {
        store_local_set(ask->store, "last", call->bytes.at, call->bytes.len);
    }
    return err;
}

static enum err plan(struct call *call, const struct method *method, struct ask *ask)
{
    struct sitting *sitting = call->sitting;
    struct stretching *s = call->stretching;
    bool tries = map_get(ask->params, "passphrase") || map_get(ask->params, "old");
    if (tries && s->done == 0 && call->now.mono.ms < sitting->paused.ms) {
        int64_t left = (sitting->paused.ms - call->now.mono.ms + 999) / 1000;
        snprintf(ask->what, sizeof(ask->what), "%lld", (long long)left);
        return ERR_PAUSE;
    }
    enum err err = method->plan(ask);
    if (store_err(ask->store) != OK) {
        return store_err(ask->store); /* whatever was planned or refused rests on nothing */
    }
    if (tries) {
        sitting_tried(sitting, err, call->now);
    }
    if (err == ERR_WRONG_PASSPHRASE) {
        seeking_forget(call->class); /* a teacher may give a card meanwhile */
    }
    if (err == ERR_WAIT) {
        err = ask->seek ? seek_later(call) : ask_later(call);
        return err == OK ? ERR_WAIT : err;
    }
    return err;
}

static enum err run_method(struct call *call, const struct method *method, struct slice id)
{
    struct device *device = call->device;
    struct class *class = call->class;
    struct ask *ask = ask_class(device, class, call->now);
    char name[NAME_BYTES_MAX + 1];
    bool write = method->plan != NULL, written = false;
    ask->params = call->params;
    ask->class_name = class_name(class, name);
    ask->class_words = class->words;
    if (write && class->expelled) {
        return ERR_EXPELLED;
    }
    enum err err = sitting_ask(ask, call->sitting, class);
    if (err == OK && !ask->signed_in && !method->open) {
        err = sitting_refuse(ask);
    }
    if (err == OK && write && call->sitting->told && ask->behind && !method->open) {
        struct pending *pending;
        struct mono due = {call->now.mono.ms + LOG_PATIENCE_MS};
        err = keep_request(call, PENDING_LOG, due, &pending);
        return err == OK ? ERR_WAIT : err;
    }
    ask->stretching = call->stretching;
    err = err == OK && write ? plan(call, method, ask) : err;
    if (err == OK && write && ask->ops_count) {
        err = write_ops(call, ask);
        written = err == OK;
    }
    if (err == OK && write) {
        sitting_follow(device, class, call->sitting, ask);
        err = sitting_ask(ask, call->sitting, class);
    }
    pack_reset(&device->result);
    err = err == OK ? method->tell(ask, &device->result) : err;
    if (err == OK) {
        err = device->result.failed ? ERR_NOMEM : store_err(ask->store);
    }
    snprintf(call->what, sizeof(call->what), "%s", ask->what);
    snprintf(call->detail, sizeof(call->detail), "%s", ask->detail);
    if (err == OK) {
        struct slice result = pack_bytes(&device->result);
        if (write && id.len && ask->ops_count && !ask->has_words) {
            request_remember(device, class, id, result);
        }
        request_reply(device, call->client, call->number, result, write && ask->ops_count,
                      class->index);
    } else if (store_in_transaction(class->store) && written) {
        store_fail(class->store, err); /* what is refused isn't done */
    }
    return err;
}

static enum err call_view(struct call *call, const struct method *method)
{
    struct slice id;
    if (!call->class) {
        return ERR_NO_CLASS;
    }
    if (!call->class->known) {
        return ERR_CLASS_WAITS;
    }
    bool has_id = request_id(call, &id);
    if (method->plan && has_id && request_answer_retry(call, call->class, id)) {
        return OK;
    }
    if (!call->stretching) {
        call->stretching = calloc(1, sizeof(*call->stretching));
    }
    enum err err =
        call->stretching ? run_method(call, method, has_id ? id : slice_of(NULL, 0)) : ERR_NOMEM;
    stretching_free(&call->stretching); /* unless a pending one has it now */
    return call->later ? OK : err;
}

bool request_is_of_teacher(const struct call *call, const struct class *class)
{
    const struct sitting *sitting = call->sitting;
    return sitting->signed_in && sitting->class_index == class->index &&
           authority_is_teacher(class->store, &sitting->person);
}

enum err request_may_close(struct call *call)
{
    struct class *class = call->class;
    struct person_id root;
    struct ask *ask = ask_class(call->device, class, call->now);
    enum err err = class->known ? sitting_ask(ask, call->sitting, class) : ERR_CLASS_WAITS;
    if (err != OK || !ask->signed_in) {
        return err != OK ? err : ERR_SIGNED_OUT;
    }
    if (!ask->key || !authority_root(class->store, &root) || !SAME(root, ask->me)) {
        return ask->teacher ? ERR_NOT_YOURS : ERR_NOT_TEACHER;
    }
    return OK;
}

enum err request_close(struct call *call)
{
    struct class *class = call->class;
    struct ask *ask = call->device->ask;
    struct hash id;
    enum err err = request_may_close(call);
    if (err != OK) {
        return err;
    }
    struct op op = {.kind = OP_CLOSE,
                    .has = FIELD_BY | FIELD_SIGNATURE,
                    .by = ask->me,
                    .signature = sign(ask->key, CLOSE_KIND, SLICE(class->id))};
    err = class_append(class, &op, 1, call->now, &id);
    return err;
}

/* ---- one request ---------------------------------------------------------------------------------------------- */

static enum err call_device(struct call *call, const struct device_method *method)
{
    struct device *device = call->device;
    pack_reset(&device->result);
    enum err err = method->run(call, &device->result);
    if (err == OK && call->class) {
        err = store_err(call->class->store);
    }
    if (err == OK && !call->later) {
        request_reply(device, call->client, call->number, pack_bytes(&device->result),
                      call->class != NULL, call->class ? call->class->index : 0);
        if (call->watch) {
            call->watch->used = true;
        }
    }
    return err;
}

/* `jam` alone, in no class: what the screen says there. */
static enum err here_without_class(struct call *call, struct pack *p)
{
    pack_map(p, 3);
    pack_str(p, "class");
    pack_nil(p);
    pack_str(p, "person");
    pack_nil(p);
    knocking_tell(call->device, p);
    return OK;
}

/* For completion: the classes that go on. All other names are those of one class. */
static enum err names_of_classes(struct call *call, struct pack *p)
{
    char name[NAME_BYTES_MAX + 1];
    uint32_t count = 0;
    for (uint32_t i = 0; i < call->device->classes_count; i++) {
        count += !call->device->classes[i]->closed;
    }
    pack_map(p, 1);
    pack_str(p, "names");
    pack_array(p, count);
    for (uint32_t i = 0; i < call->device->classes_count; i++) {
        if (!call->device->classes[i]->closed) {
            pack_str(p, class_name(call->device->classes[i], name));
        }
    }
    return OK;
}

static bool is_names_of_classes(const struct call *call, struct slice method)
{
    struct slice of = {0};
    map_text(call->params, "of", &of);
    return slice_is(method, "names") && slice_is(of, "classes");
}

/* What can be asked of a class that has ended, or of none in particular. */
static bool is_of_closed(struct slice method)
{
    static const char *const names[] = {"class.close", "class.create", "class.join", "class.list",
                                        "class.use",   "status",       "doctor"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (slice_is(method, names[i])) {
            return true;
        }
    }
    return false;
}

static enum err dispatch(struct call *call, struct slice method)
{
    enum err err = find_class(call->device, call->sitting, call->params, &call->class);
    if (err != OK) {
        struct slice name = {NULL, 0};
        map_text(call->params, "class", &name);
        snprintf(call->what, sizeof(call->what), "%.*s", (int)name.len,
                 name.at ? (const char *)name.at : "");
        return err;
    }
    if (is_names_of_classes(call, method)) {
        static const struct device_method names = {"names", names_of_classes};
        return call_device(call, &names);
    }
    if (call->class) {
        store_forgive(call->class->store);
        call->class->again.ms = 0; /* somebody waits for it */
        err = class_is_usable(call->class, call->now) ? OK : ERR_DISK;
    }
    if (err != OK) {
        return err;
    }
    bool ended = call->class && (call->class->closed || call->class->end_due.ms);
    if (ended && !is_of_closed(method)) {
        class_name(call->class, call->what);
        return ERR_CLOSED;
    }
    for (const struct device_method *m = device_methods; m->name; m++) {
        if (slice_is(method, m->name)) {
            return call_device(call, m);
        }
    }
    if (!call->class && slice_is(method, "here")) {
        static const struct device_method here = {"here", here_without_class};
        return call_device(call, &here);
    }
    const struct method *view = views_method(method);
    if (view) {
        return call_view(call, view);
    }
    snprintf(call->what, sizeof(call->what), "%.*s", (int)(method.len < 60 ? method.len : 60),
             (const char *)method.at);
    return ERR_UNKNOWN_METHOD;
}

/* [0, number, method, params] */
static enum err read_request(const msgpack_object *root, struct call *call, struct slice *method)
{
    const msgpack_object *items;
    uint32_t count = 0;
    uint64_t type = 1;
    if (!read_array(root, &items, &count) || count != 4 || !read_uint(&items[0], &type) ||
        type != 0 || !read_uint(&items[1], &call->number)) {
        return ERR_MALFORMED;
    }
    if (!read_text(&items[2], method) || items[3].type != MSGPACK_OBJECT_MAP) {
        return ERR_MALFORMED;
    }
    call->params = &items[3];
    return OK;
}

static void answer(struct call *call)
{
    struct doc doc;
    struct slice method;
    struct device *device = call->device;
    enum err err = call->bytes.len > REQUEST_BYTES_MAX ? ERR_TOO_LONG
                                                       : doc_open(&doc, call->bytes, PACK_LOCAL);
    if (err != OK) {
        request_refuse(device, call->client, 0, err, "the request", NULL);
        device_put(device, &(struct output){.kind = OUTPUT_HANGUP, .client = call->client});
        return;
    }
    err = read_request(&doc.root, call, &method);
    if (err == OK) {
        call->sitting = sitting_find(device, &call->login);
        call->sitting->active = call->now.mono;
        err = dispatch(call, method);
    } else {
        snprintf(call->what, sizeof(call->what), "a request is [0, number, method, params]");
    }
    if (err != OK) {
        bool disk = call->class && store_err(call->class->store) != OK;
        request_refuse(device, call->client, call->number, err,
                       disk ? store_why(call->class->store) : call->what, call->detail);
    }
    doc_clear(&doc);
}

void request_receive(struct device *device, const struct event *event, struct now now)
{
    struct call call = {.device = device,
                        .client = event->client,
                        .login = event->login,
                        .owner = event->owner,
                        .bytes = event->bytes,
                        .now = now};
    answer(&call);
}

void request_again(struct device *device, struct pending *pending, struct slice stretched,
                   struct now now)
{
    struct call call = {.device = device,
                        .client = pending->client,
                        .login = pending->login,
                        .bytes = slice_of(pending->request, pending->request_len),
                        .stretching = pending->stretching,
                        .now = now};
    struct stretching *s = pending->stretching;
    if (stretched.len > 0) {
        memcpy(s->at[s->done].out, stretched.at, sizeof(s->at[0].out));
        s->done++;
    }
    uint8_t *bytes = pending->request;
    size_t len = pending->request_len;
    pending->request = NULL;
    pending->stretching = NULL;
    pending_end(pending);
    answer(&call);
    stretching_free(&call.stretching); /* it was refused before anything looked at it */
    wipe(bytes, len);
    free(bytes);
}
