/* What clients ask: decodes within bounds, finds class and person, calls the method of a view or of the device, appends
 * the ops that it wants, and answers. PROTOCOL and methods: proto/LOCAL.md. */
#include <stdio.h>
#include <stdlib.h>

#include "device_inside.h"

/* ---- answering ------------------------------------------------------------------------------------------------ */

static struct queued *put_reply(struct device *device, client_id client)
{
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
    pack_str(p, what ? what : "");
    pack_str(p, "detail");
    pack_str(p, detail ? detail : "");
    pack_nil(p);
    put_reply(device, client);
}

void request_notify(struct device *device, client_id client, const char *method,
                    struct slice params)
{
    struct pack *p = &device->pack;
    pack_reset(p);
    pack_array(p, 3);
    pack_uint(p, 2);
    pack_str(p, method);
    pack_raw(p, params);
    put_reply(device, client);
}

/* ---- sittings ------------------------------------------------------------------------------------------------- */

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

static void sitting_clear(struct sitting *sitting)
{
    free(sitting->lists);
    memset(sitting, 0, sizeof(*sitting));
}

/* The login's sitting, made if there is none: the one that was silent longest and has nobody signed in gives way. */
static struct sitting *sitting_find(struct device *device, const struct login *login)
{
    struct sitting *best = NULL;
    for (uint32_t i = 0; i < SITTINGS_MAX; i++) {
        struct sitting *sitting = &device->sittings[i];
        if (sitting->used && SAME(sitting->login, *login)) {
            sitting->last_used = ++device->works;
            return sitting;
        }
        bool better =
            !best || (best->signed_in && !sitting->signed_in) ||
            (best->signed_in == sitting->signed_in && sitting->last_used < best->last_used);
        if (better) {
            best = sitting;
        }
    }
    sitting_clear(best);
    best->used = true;
    best->login = *login;
    best->last_used = ++device->works;
    return best;
}

/* The class that a request means: by name or number, else the terminal's, else the one used last. */
static enum err find_class(struct device *device, struct sitting *sitting,
                           const msgpack_object *params, struct class **out)
{
    struct slice name;
    uint64_t number = 0;
    char one[NAME_BYTES_MAX + 1];
    *out = NULL;
    const msgpack_object *wanted = map_get(params, "class");
    if (wanted && read_uint(wanted, &number) && number >= 1 && number <= device->classes_count) {
        *out = device->classes[number - 1];
    } else if (wanted && read_text(wanted, &name)) {
        for (uint32_t i = 0; i < device->classes_count; i++) {
            if (slice_is(name, class_name(device->classes[i], one))) {
                *out = device->classes[i];
            }
        }
        return *out ? OK : ERR_NO_SUCH_CLASS;
    } else if (wanted) {
        return ERR_NO_SUCH_CLASS;
    } else if (device->classes_count) {
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
    ask->rng = &device->rng;
    ask->peers = presence_here(class->presence);
    ask->live = class->live;
    ask->live_s = (now.mono.ms - class->live_since.ms) / 1000;
    ask->seq = class->seq;
    ask->safe_machines = class_safe_machines(class);
}

struct ask *ask_class(struct device *device, struct class *class, struct now now)
{
    ask_fill(device->ask, device, class, now);
    return device->ask;
}

/* A hello at another machine has moved them there. */
static bool still_here(struct ask *ask, const struct person_id *person)
{
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT 1 FROM session WHERE person=? AND here=1 AND device=?");
    store_bind(stmt, "pd", person, &ask->here);
    bool here = store_row(ask->store, stmt);
    if (stmt) {
        sqlite3_reset(stmt);
    }
    return here;
}

static enum err ask_sitting(struct ask *ask, struct sitting *sitting, const struct class *class)
{
    if (sitting->class_index == class->index && sitting->signed_in) {
        sitting->signed_in = still_here(ask, &sitting->person);
    }
    if (sitting->class_index == class->index && sitting->signed_in) {
        ask->signed_in = true;
        ask->me = sitting->person;
    }
    if (!sitting->lists) {
        sitting->lists = calloc(LIST_FEEDBACK + 1, sizeof(struct shown_list));
    }
    ask->lists = sitting->lists;
    return ask->lists ? OK : ERR_NOMEM;
}

/* A retry is answered as the first time, without doing it again. */
static bool answer_retry(struct call *call, struct slice id)
{
    struct class *class = call->class;
    sqlite3_stmt *stmt = store_query(class->store, "SELECT reply FROM retry WHERE request=?");
    store_bind(stmt, "b", id);
    if (!store_row(class->store, stmt)) {
        return false;
    }
    request_reply(call->device, call->client, call->number, column_slice(stmt, 0), false,
                  class->index);
    sqlite3_reset(stmt);
    return true;
}

static void remember_retry(struct class *class, struct slice id, struct slice reply)
{
    store_do(class->store, "INSERT OR REPLACE INTO retry (request, reply) VALUES (?,?)", "bb", id,
             reply);
    store_do(class->store, "DELETE FROM retry WHERE number <= (SELECT max(number) FROM retry) - ?",
             "i", (int64_t)RETRIES_KEPT);
}

/* hello and bye change who sits at this terminal. */
static void follow_sitting(struct call *call, const struct ask *ask)
{
    for (uint32_t i = 0; i < ask->ops_count; i++) {
        const struct op *op = &ask->ops[i];
        if (op->kind == OP_HELLO) {
            call->sitting->signed_in = true;
            call->sitting->person = op->by;
            call->sitting->class_index = call->class->index;
        } else if (op->kind == OP_BYE) {
            call->sitting->signed_in = false;
        }
    }
}

static enum err write_ops(struct call *call, struct ask *ask)
{
    struct hash ids[ASK_OPS_MAX];
    enum err err = class_append(call->class, ask->ops, ask->ops_count, call->now, ids);
    if (err == OK) {
        ask->made = ref_of(&ids[0]);
        err = store_err(ask->store);
    }
    call->class->half |= err != OK; /* half of it may be written: the turn must not be saved */
    return err;
}

static enum err run_method(struct call *call, const struct method *method, struct slice id)
{
    struct device *device = call->device;
    struct class *class = call->class;
    struct ask *ask = ask_class(device, class, call->now);
    char name[NAME_BYTES_MAX + 1];
    bool write = method->plan != NULL;
    ask->params = call->params;
    ask->class_name = class_name(class, name);
    enum err err = ask_sitting(ask, call->sitting, class);
    if (err != OK || (!ask->signed_in && !method->open)) {
        return err != OK ? err : ERR_SIGNED_OUT;
    }
    err = write ? method->plan(ask) : OK;
    if (err == OK && write && ask->ops_count) {
        err = write_ops(call, ask);
    }
    if (err == OK && write) {
        follow_sitting(call, ask);
        err = ask_sitting(ask, call->sitting, class);
    }
    pack_reset(&device->result);
    err = err == OK ? method->tell(ask, &device->result) : err;
    if (err == OK && device->result.failed) {
        err = ERR_NOMEM;
    }
    snprintf(call->what, sizeof(call->what), "%s", ask->what);
    snprintf(call->detail, sizeof(call->detail), "%s", ask->detail);
    if (err == OK) {
        struct slice result = pack_bytes(&device->result);
        if (write && id.len && ask->ops_count) {
            remember_retry(class, id, result);
        }
        request_reply(device, call->client, call->number, result, write && ask->ops_count,
                      class->index);
    }
    return err;
}

static enum err call_view(struct call *call, const struct method *method)
{
    struct slice id = {NULL, 0};
    if (!call->class) {
        return ERR_NO_CLASS;
    }
    if (!call->class->known) {
        return ERR_CLASS_WAITS;
    }
    const msgpack_object *request = map_get(call->params, "id");
    if (method->plan && request && read_bin(request, &id) && id.len == 16 &&
        answer_retry(call, id)) {
        return OK;
    }
    return run_method(call, method, id.len == 16 ? id : slice_of(NULL, 0));
}

/* ---- one request ---------------------------------------------------------------------------------------------- */

static enum err call_device(struct call *call, const struct device_method *method)
{
    struct device *device = call->device;
    pack_reset(&device->result);
    enum err err = method->run(call, &device->result);
    if (err == OK && !call->later) {
        request_reply(device, call->client, call->number, pack_bytes(&device->result),
                      call->class != NULL, call->class ? call->class->index : 0);
        if (call->watch) {
            call->watch->used = true;
        }
    }
    return err;
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
    for (const struct device_method *m = device_methods; m->name; m++) {
        if (slice_is(method, m->name)) {
            return call_device(call, m);
        }
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

void request_receive(struct device *device, const struct event *event, struct now now)
{
    struct doc doc;
    struct slice method;
    struct call call = {.device = device, .client = event->client, .now = now};
    enum err err = event->bytes.len > REQUEST_BYTES_MAX ? ERR_TOO_LONG
                                                        : doc_open(&doc, event->bytes, PACK_LOCAL);
    if (err != OK) {
        request_refuse(device, event->client, 0, err, "the request", NULL);
        device_put(device, &(struct output){.kind = OUTPUT_HANGUP, .client = event->client});
        return;
    }
    err = read_request(&doc.root, &call, &method);
    if (err == OK) {
        call.sitting = sitting_find(device, &event->login);
        err = dispatch(&call, method);
    } else {
        snprintf(call.what, sizeof(call.what), "a request is [0, number, method, params]");
    }
    if (err != OK) {
        bool disk = call.class && store_err(call.class->store) != OK;
        request_refuse(device, call.client, call.number, err,
                       disk ? store_why(call.class->store) : call.what, call.detail);
    }
    doc_clear(&doc);
}

void request_sign_out_all(struct device *device, struct class *class, struct now now)
{
    struct person_id people[SITTINGS_MAX];
    uint32_t count = 0;
    if (!class->known) {
        return;
    }
    sqlite3_stmt *stmt =
        store_query(class->store, "SELECT person FROM session WHERE here=1 AND device=?");
    store_bind(stmt, "d", &device->id);
    while (count < SITTINGS_MAX && store_row(class->store, stmt)) {
        column_fixed(stmt, 0, people[count].b, sizeof(people[count].b));
        count++;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct hash id;
        struct op bye = {.kind = OP_BYE, .has = FIELD_BY, .by = people[i]};
        class_append(class, &bye, 1, now, &id);
    }
    for (uint32_t i = 0; i < SITTINGS_MAX; i++) {
        if (device->sittings[i].class_index == class->index) {
            device->sittings[i].signed_in = false;
        }
    }
}
