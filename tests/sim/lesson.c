/* The people of a simulated lesson: they ask what `jam` would ask, wait for the answer, ask again with the same id if none
 * comes, and remember what they were told is done. */
#include <stdio.h>
#include <stdlib.h>

#include "lies.h"
#include "sim.h"

enum {
    PAIRS_MAX = 8,
    JAMS = 5,
    PATIENCE_MS = 12 * SECOND,
    TRIES_MAX = 6,
    JOINER_FIRST = 0x70000000, /* clients that bring a machine in, by its number */
    THINK_MS_MAX = 25 * SECOND,
};

/* What a question says beside its method: keys and values; "!" is true. */
struct words {
    const char *pairs[PAIRS_MAX][2];
    uint32_t count;
    char room[4][96];
};

static void say(struct words *w, const char *key, const char *value)
{
    if (w->count < PAIRS_MAX) {
        w->pairs[w->count][0] = key;
        w->pairs[w->count++][1] = value;
    }
}

static void send_request(struct world *world, int machine, client_id client,
                         const struct login *login, struct slice bytes)
{
    struct event event = {.kind = EVENT_REQUEST, .client = client, .login = *login, .bytes = bytes};
    world->counts.asked++;
    feed(world, &world->machines[machine], &event);
}

void lesson_pack_head(struct pack *p, const char *method, uint32_t params)
{
    pack_init(p);
    pack_array(p, 4);
    pack_uint(p, 0);
    pack_uint(p, 1);
    pack_str(p, method);
    pack_map(p, params);
}

static void pack_request(struct pack *p, const char *method, const struct words *w,
                         const uint8_t id[16])
{
    lesson_pack_head(p, method, w->count + 1);
    pack_str(p, "id");
    pack_bin(p, slice_of(id, 16));
    for (uint32_t i = 0; i < w->count; i++) {
        pack_str(p, w->pairs[i][0]);
        if (strcmp(w->pairs[i][1], "!") == 0) {
            pack_bool(p, true);
        } else {
            pack_str(p, w->pairs[i][1]);
        }
    }
}

static void send_now(struct world *world, struct human *h)
{
    h->client = (client_id)++world->clients;
    h->asked = world->t;
    h->life = world->machines[h->machine].life;
    h->state = ASK_WAITS;
    trace(world, "%s at m%d: %s %s%s", h->handle, h->machine, h->method, h->token,
          h->tries ? " (again)" : "");
    send_request(world, h->machine, h->client, &h->login, slice_of(h->request, h->request_len));
}

static void ask(struct world *world, struct human *h, const char *method, const struct words *w)
{
    struct pack p;
    uint8_t id[16];
    rng_fill(&world->lesson, id, sizeof(id));
    pack_request(&p, method, w, id);
    free(h->request);
    h->request_len = pack_bytes(&p).len;
    h->request = sim_alloc(h->request_len);
    memcpy(h->request, pack_bytes(&p).at, h->request_len);
    pack_clear(&p);
    snprintf(h->method, sizeof(h->method), "%s", method);
    h->tries = 0;
    send_now(world, h);
}

/* A word that stands nowhere else. */
static const char *new_token(struct world *world, struct human *h)
{
    uint64_t number = ++world->tokens * UINT64_C(0x9e3779b97f4a7c15) + world->plan.seed;
    snprintf(h->token, sizeof(h->token), "q%015llx", (unsigned long long)(number >> 4));
    return h->token;
}

/* ---- what people do ------------------------------------------------------------------------------------------------ */

static const char *any_jam(struct world *world, struct words *w)
{
    snprintf(w->room[0], sizeof(w->room[0]), "jam-%c", (char)('a' + below(&world->lesson, JAMS)));
    return w->room[0];
}

static const char *somebody(struct world *world, struct words *w)
{
    uint32_t i = below(&world->lesson, (uint32_t)world->people_count);
    snprintf(w->room[1], sizeof(w->room[1]), "%s", world->people[i].handle);
    return w->room[1];
}

static bool say_nothing(struct world *world, struct human *h, struct words *w)
{
    (void)world, (void)h, (void)w;
    return true;
}

static bool say_start(struct world *world, struct human *h, struct words *w)
{
    say(w, "name", any_jam(world, w));
    say(w, "purpose", new_token(world, h));
    h->unsealed = true;
    return true;
}

static bool say_jam(struct world *world, struct human *h, struct words *w)
{
    (void)h;
    say(w, "jam", any_jam(world, w));
    return true;
}

static bool say_solo(struct world *world, struct human *h, struct words *w)
{
    say(w, "task", new_token(world, h));
    return true;
}

static bool say_role(struct world *world, struct human *h, struct words *w)
{
    static const char *const roles[] = {"timekeeper", "recorder", "speaker"};
    (void)h;
    say(w, "role", roles[below(&world->lesson, 3)]);
    return true;
}

static bool say_give(struct world *world, struct human *h, struct words *w)
{
    say(w, "person", somebody(world, w));
    return say_role(world, h, w);
}

static bool say_task(struct world *world, struct human *h, struct words *w)
{
    say(w, "title", new_token(world, h));
    h->unsealed = true;
    if (chance(&world->lesson, 30)) {
        say(w, "solo", "!");
    }
    return true;
}

static bool say_task_of(struct world *world, struct human *h, struct words *w)
{
    for (int tries = 0; tries < 20 && world->acked_len; tries++) {
        const struct acked *a = &world->acked[below(&world->lesson, (uint32_t)world->acked_len)];
        if (a->unsealed && !a->note) {
            snprintf(w->room[2], sizeof(w->room[2]), "%s", a->token);
            say(w, "task", w->room[2]);
            return true;
        }
    }
    (void)h;
    return false;
}

static bool say_note(struct world *world, struct human *h, struct words *w)
{
    snprintf(w->room[2], sizeof(w->room[2]), "%s noted", new_token(world, h));
    say(w, "text", w->room[2]);
    return true;
}

static bool say_feedback(struct world *world, struct human *h, struct words *w)
{
    snprintf(w->room[2], sizeof(w->room[2]), "%s was good", new_token(world, h));
    say(w, "glow", w->room[2]);
    if (chance(&world->lesson, 30)) {
        say(w, "jam", any_jam(world, w));
    } else {
        say(w, "person", somebody(world, w));
    }
    return true;
}

/* One's own, mostly; a teacher anybody's. */
static bool say_redact(struct world *world, struct human *h, struct words *w)
{
    char digits[33];
    for (int tries = 0; tries < 20 && world->acked_len; tries++) {
        size_t i = below(&world->lesson, (uint32_t)world->acked_len);
        const struct acked *a = &world->acked[i];
        if (a->note && !a->erased && (a->person == h->index || h->teacher)) {
            h->erases = (int)i;
            hex(digits, a->entry.b, sizeof(a->entry.b));
            snprintf(w->room[2], sizeof(w->room[2]), "%s", digits);
            say(w, "entry", w->room[2]);
            say(w, "why", "said in anger");
            return true;
        }
    }
    return false;
}

static bool say_everywhere(struct world *world, struct human *h, struct words *w)
{
    (void)h;
    if (chance(&world->lesson, 20)) {
        say(w, "everywhere", "!");
    }
    return true;
}

static bool say_all(struct world *world, struct human *h, struct words *w)
{
    (void)world, (void)h;
    say(w, "all", "!");
    return true;
}

static bool say_seat(struct world *world, struct human *h, struct words *w)
{
    (void)h;
    snprintf(w->room[2], sizeof(w->room[2]), "seat %u", below(&world->lesson, 90));
    say(w, "label", w->room[2]);
    return true;
}

static bool say_jam_set(struct world *world, struct human *h, struct words *w)
{
    say(w, "purpose", new_token(world, h));
    return true;
}

static bool say_person(struct world *world, struct human *h, struct words *w)
{
    (void)h;
    say(w, "person", somebody(world, w));
    return true;
}

/* Does anybody who sits at a liar's go by this name at this machine? A liar is many people. */
static bool is_liars(struct world *world, struct machine *m, const char *handle)
{
    struct class *class = machine_class(m);
    for (int i = 0; i < world->count; i++) {
        if (world->machines[i].lies && class) {
            sqlite3_stmt *stmt =
                store_query(class->store, "SELECT 1 FROM person p JOIN grants g USING (person)"
                                          " WHERE handle_key=? AND g.device=?");
            store_bind(class->store, stmt, "td", slice_str(handle), &world->machines[i].id);
            if (store_any(class->store, stmt)) {
                return true;
            }
        }
    }
    return false;
}

/* Who looks whom they name: a liar that took a pupil's name is no teacher, or all that it does next is right. */
static bool say_trusted(struct world *world, struct human *h, struct words *w)
{
    const char *handle = somebody(world, w);
    say(w, "person", handle);
    return !is_liars(world, &world->machines[h->machine], handle);
}

static bool say_names(struct world *world, struct human *h, struct words *w)
{
    (void)h;
    snprintf(w->room[2], sizeof(w->room[2]), "pupil%u\nzoe, Zoe Z.\n", below(&world->lesson, 9));
    say(w, "names", w->room[2]);
    return true;
}

/* One that lies: the others go on being of the class. */
static bool say_liar(struct world *world, struct human *h, struct words *w)
{
    (void)h;
    int i = world->plan.machines - 1;
    if (!world->machines[i].lies) {
        return false;
    }
    i -= (int)below(&world->lesson, (uint32_t)world->plan.hostile);
    hex(w->room[2], world->machines[i].id.b, 8);
    say(w, "device", w->room[2]);
    return true;
}

struct act_row {
    const char *method;
    bool (*say)(struct world *, struct human *, struct words *); /* false: nothing to do */
    uint8_t weight, teachers_weight;
};

static const struct act_row acts[] = {
    {"start", say_start, 4, 4},
    {"join", say_jam, 10, 4},
    {"solo", say_solo, 5, 2},
    {"back", say_nothing, 5, 2},
    {"leave", say_nothing, 2, 1},
    {"jam.set", say_jam_set, 1, 1},
    {"role.take", say_role, 4, 1},
    {"role.drop", say_role, 2, 1},
    {"role.give", say_give, 2, 1},
    {"task.add", say_task, 6, 4},
    {"task.take", say_task_of, 4, 1},
    {"task.done", say_task_of, 3, 1},
    {"task.open", say_task_of, 1, 1},
    {"note", say_note, 18, 8},
    {"feedback", say_feedback, 9, 8},
    {"redact", say_redact, 5, 5},
    {"bye", say_everywhere, 3, 1},
    {"list", say_nothing, 2, 1},
    {"show", say_jam, 2, 1},
    {"who", say_nothing, 2, 1},
    {"journal", say_nothing, 3, 1},
    {"inbox", say_nothing, 3, 3},
    {"here", say_nothing, 2, 1},
    {"status", say_nothing, 3, 3},
    {"doctor", say_nothing, 1, 1},
    {"prompt", say_nothing, 1, 1},
    {"people.list", say_nothing, 1, 1},
    {"people.choices", say_nothing, 1, 1},
    {"class.list", say_nothing, 1, 1},
    {"class.devices", say_nothing, 1, 1},
    {"class.export", say_nothing, 1, 1},
    {"class.invite", say_nothing, 0, 1},
    {"role.list", say_jam, 1, 1},
    {"task.list", say_nothing, 1, 1},
    {"feedback.readers", say_person, 1, 1},
    {"redact.receipt", say_nothing, 1, 1},
    {"class.seat", say_seat, 1, 1},
    {"class.roster", say_names, 0, 1},
    {"lesson.start", say_nothing, 0, 2},
    {"lesson.end", say_nothing, 0, 1},
    {"people.confirm", say_all, 0, 3},
    {"people.teacher", say_trusted, 0, 1},
    {"people.remove", say_person, 0, 1},
    {"class.expel", say_liar, 0, 2},
    {"class.rotate", say_nothing, 0, 1},
    {"class.admit", say_all, 0, 4},
    {NULL, NULL, 0, 0},
};

static const struct act_row *draw_act(struct world *world, const struct human *h)
{
    uint32_t sum = 0;
    for (const struct act_row *a = acts; a->method; a++) {
        sum += h->teacher ? a->teachers_weight : a->weight;
    }
    uint32_t at = below(&world->lesson, sum);
    const struct act_row *a = acts;
    for (;; a++) {
        uint32_t weight = h->teacher ? a->teachers_weight : a->weight;
        if (at < weight) {
            return a;
        }
        at -= weight;
    }
}

static void sit_down(struct world *world, struct human *h)
{
    struct words w = {.count = 0};
    if (!h->teacher || world->made) {
        bool usual = chance(&world->lesson, 70);
        int elsewhere = (int)below(&world->lesson, (uint32_t)world->count);
        h->machine = usual ? h->index % world->plan.machines : elsewhere;
        h->machine = world->machines[h->machine].lies ? 0 : h->machine;
    }
    h->login = (struct login){{(uint8_t)(h->machine + 1), (uint8_t)(h->index / 2)}};
    say(&w, "handle", h->handle);
    if (!world->plan.open || h->teacher) {
        say(&w, "passphrase", h->passphrase);
    }
    if (chance(&world->lesson, 50)) {
        say(&w, "take_over", "!");
    }
    ask(world, h, "hello", &w);
}

static void make_class(struct world *world, struct human *h)
{
    struct words w = {.count = 0};
    say(&w, "name", "Period 3");
    say(&w, "handle", h->handle);
    say(&w, "passphrase", h->passphrase);
    if (world->plan.open) {
        say(&w, "open", "!");
    }
    ask(world, h, "class.create", &w);
}

static void choose(struct world *world, struct human *h)
{
    struct words w = {.count = 0};
    h->token[0] = '\0';
    h->unsealed = false;
    h->erases = -1;
    if (!world->made) {
        if (h->teacher) {
            make_class(world, h);
        }
        return;
    }
    if (!machine_class(&world->machines[h->machine]) || !h->present) {
        sit_down(world, h);
        return;
    }
    const struct act_row *a = draw_act(world, h);
    if (a->say(world, h, &w)) {
        ask(world, h, a->method, &w);
    }
}

static void wait_or_ask_again(struct world *world, struct human *h)
{
    if (h->state == ASK_WAITS && world->t - h->asked > PATIENCE_MS) {
        h->state = ASK_AGAIN;
    }
    if (h->state != ASK_AGAIN) {
        return;
    }
    if (h->tries++ < TRIES_MAX) {
        world->counts.retries++;
        send_now(world, h);
    } else {
        trace(world, "%s gives up: %s", h->handle, h->method);
        h->state = ASK_IDLE;
    }
}

/* In a healed room. Whose machine started again in the meantime asks anew, as jam does. */
static void wait_at_work(struct world *world, struct human *h)
{
    struct machine *m = &world->machines[h->machine];
    if (h->life != m->life) {
        send_now(world, h);
    } else if (m->device && world->t - h->asked > soon(world)) {
        failed(world, "%s at m%d has no answer for %.1f s: %s", h->handle, h->machine,
               (double)soon(world) / SECOND, h->method);
    }
}

static void work(struct world *world, int64_t number)
{
    struct human *h = &world->people[number];
    if (!world->work) {
        return;
    }
    int64_t rest = world->work;
    if (h->state == ASK_IDLE) {
        choose(world, h);
    } else {
        wait_at_work(world, h);
        rest = rest < SECOND ? rest : SECOND;
    }
    post_call(world, work, number, world->t + 1 + below(&world->lesson, (uint32_t)rest));
}

void lesson_go_on(struct world *world, int64_t rest_ms)
{
    world->work = rest_ms;
    for (int i = 0; i < world->people_count; i++) {
        world->people[i].state = ASK_IDLE;
        post_call(world, work, i, world->t + 1 + below(&world->lesson, (uint32_t)rest_ms));
    }
}

static void live(struct world *world, int64_t number)
{
    struct human *h = &world->people[number];
    if (world->calm) {
        return;
    }
    if (h->state == ASK_IDLE) {
        bool works = world->plan.pace > 1 && below(&world->lesson, (uint32_t)world->plan.pace);
        if (!works) {
            choose(world, h);
        }
    } else {
        wait_or_ask_again(world, h);
    }
    int64_t think = h->state == ASK_IDLE ? THINK_MS_MAX : 6 * SECOND;
    post_call(world, live, number, world->t + 500 + below(&world->lesson, (uint32_t)think));
}

/* ---- what they hear ------------------------------------------------------------------------------------------------ */

static bool read_ref(const msgpack_object *map, struct ref *out)
{
    struct slice text;
    if (!map_text(map, "entry", &text) || text.len != 2 * sizeof(out->b)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(out->b); i++) {
        char two[3] = {(char)text.at[2 * i], (char)text.at[2 * i + 1], '\0'};
        out->b[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return true;
}

static void remember(struct world *world, const struct human *h, const struct ref *entry,
                     bool sealed)
{
    for (size_t i = 0; i < world->acked_len; i++) {
        if (SAME(world->acked[i].entry, *entry)) {
            return; /* the answer came again */
        }
    }
    world->counts.acked++;
    if (h->erases >= 0) {
        world->acked[h->erases].erased = true;
    }
    check_durable(world, &world->machines[h->machine], entry);
    if (world->acked_len >= ACKED_FULL && below(&world->probe, 16)) {
        return;
    }
    if (world->acked_len == world->acked_room) {
        world->acked_room = world->acked_room ? world->acked_room * 2 : 256;
        world->acked = realloc(world->acked, world->acked_room * sizeof(struct acked));
        if (!world->acked) {
            abort();
        }
    }
    struct acked *a = &world->acked[world->acked_len++];
    bool says = strcmp(h->method, "note") == 0 || strcmp(h->method, "feedback") == 0;
    *a = (struct acked){.entry = *entry,
                        .machine = h->machine,
                        .at = world->t,
                        .unsealed = h->unsealed,
                        .sealed = sealed,
                        .note = says,
                        .person = h->index};
    memcpy(a->token, h->token, sizeof(a->token));
}

static void hear_done(struct world *world, struct human *h, const msgpack_object *result)
{
    struct slice words;
    struct ref entry;
    bool sealed = false;
    if (map_text(result, "invite", &words)) { /* a new class, or new words for it */
        uint32_t wrong;
        uint16_t near;
        invite_read(words, &world->invite, &wrong, &near);
        invite_text(&world->invite, world->invite_words);
        world->made = h->present = true;
    }
    if (strcmp(h->method, "hello") == 0) {
        h->present = true;
    } else if (strcmp(h->method, "bye") == 0) {
        h->present = false;
    }
    const msgpack_object *inside = map_get(result, "feedback");
    inside = inside ? inside : result;
    map_bool(inside, "sealed", &sealed);
    if (read_ref(inside, &entry)) {
        remember(world, h, &entry, sealed);
    }
}

static void hear(struct world *world, struct human *h, struct slice bytes)
{
    struct doc doc;
    const msgpack_object *items;
    uint32_t count;
    struct slice code;
    if (doc_open(&doc, bytes, PACK_LOCAL) != OK) {
        failed(world, "an answer that can't be read");
        return;
    }
    if (read_array(&doc.root, &items, &count) && count == 4 && map_text(&items[2], "code", &code)) {
        struct slice what = {NULL, 0};
        map_text(&items[2], "what", &what);
        trace(world, "%s hears: %.*s %.*s", h->handle, (int)code.len, (const char *)code.at,
              (int)what.len, (const char *)what.at);
        world->counts.refused++;
        h->present = h->present && !slice_is(code, "signed-out");
        if (slice_is(code, "internal")) {
            failed(world, "%s at m%d: %s was refused as internal", h->handle, h->machine,
                   h->method);
        }
    } else if (count == 4) {
        trace(world, "%s hears: done", h->handle);
        world->counts.answered++;
        hear_done(world, h, &items[3]);
    }
    doc_clear(&doc);
    h->state = ASK_IDLE;
}

void lesson_reply(struct world *world, struct machine *m, client_id client, struct slice bytes)
{
    for (int i = 0; i < world->people_count; i++) {
        struct human *h = &world->people[i];
        if (h->state != ASK_WAITS || h->client != client || h->machine != m->index) {
            continue;
        }
        if (chance(&world->streams[FAULT_RETRY], world->plan.amount[FAULT_RETRY] / 3) &&
            !world->calm && world->made) {
            world->counts.faults[FAULT_RETRY]++;
            h->state = ASK_AGAIN;
        } else {
            hear(world, h, bytes);
        }
        return;
    }
}

/* ---- how machines come into the class ------------------------------------------------------------------------------ */

/* Stamp of the newest rotation that a machine followed; zeros: none. */
static struct stamp followed(struct class *class)
{
    struct stamp stamp = {{0}};
    sqlite3_stmt *stmt = store_query(class->store, "SELECT max(stamp) FROM rotation WHERE id=?");
    store_bind(class->store, stmt, "b", slice_of(class->rotation, sizeof(class->rotation)));
    if (store_row(class->store, stmt)) {
        column_fixed(stmt, 0, stamp.b, sizeof(stamp.b));
        sqlite3_reset(stmt);
    }
    return stamp;
}

/* The class where it went farthest: there, who looks after the room reads its words at the end. */
static struct class *farthest(struct world *world)
{
    struct class *best = NULL;
    for (int i = 0; i < world->count; i++) {
        struct machine *m = &world->machines[i];
        struct class *class = m->lies ? NULL : machine_class(m);
        struct stamp ours, theirs;
        if (class && class->known && best) {
            ours = followed(best);
            theirs = followed(class);
        }
        if (class && class->known && (!best || memcmp(theirs.b, ours.b, sizeof(ours.b)) > 0)) {
            best = class;
        }
    }
    return best;
}

/* Can it not come back by itself? It has neither the secret that the others have, nor one by which they still let in whom their
 * log knows. */
static bool is_stranded(const struct machine *m, const struct class *class, struct class *others)
{
    if (!class) {
        return true;
    }
    if (SAME(class->secret, others->secret)) {
        return false;
    }
    for (uint32_t i = 0; i < SECRETS_MAX; i++) {
        const struct former *former = &others->former[i];
        if (former->used && SAME(former->secret, class->secret)) {
            return !turnover_admits(others, (uint8_t)i, &m->id);
        }
    }
    return true;
}

/* The words that somebody types there now; false: nobody does. */
static bool words_for(struct world *world, struct machine *m, char words[INVITE_TEXT_MAX])
{
    const struct class *class = machine_class(m);
    struct class *others = world->calm ? farthest(world) : NULL;
    snprintf(words, INVITE_TEXT_MAX, "%s", world->invite_words);
    if (!others) {
        return !class || class->refusal == ERR_OLD_WORDS;
    }
    invite_text(&others->invite, words);
    return is_stranded(m, class, others);
}

static void bring_in(struct world *world, int64_t number)
{
    struct machine *m = &world->machines[number];
    struct words w = {.count = 0};
    struct login nobody = {{0xff}};
    uint8_t id[16] = {1, (uint8_t)number};
    char words[INVITE_TEXT_MAX];
    if (world->made && m->device && m->device->classes_count < CLASSES_MAX &&
        words_for(world, m, words)) {
        struct pack p;
        if (world->calm &&
            machine_class(m)) { /* others may be left behind with it: so it is alone for a moment */
            machine_end(world, m, false);
            machine_start(world, m);
        }
        say(&w, "words", words);
        pack_request(&p, "class.join", &w, id);
        send_request(world, m->index, JOINER_FIRST + (client_id)number, &nobody, pack_bytes(&p));
        pack_clear(&p);
    }
    post_call(world, bring_in, number, world->t + 10 * SECOND);
}

void lesson_bring_in(struct world *world, struct machine *m)
{
    int64_t patience = world->plan.knocks ? 90 * SECOND : 2 * SECOND;
    post_call(world, bring_in, m->index, world->t + patience + below(&world->lesson, 20 * SECOND));
}

void lesson_start(struct world *world)
{
    for (int i = 0; i < world->people_count; i++) {
        struct human *h = &world->people[i];
        h->index = i;
        h->teacher = i == 0;
        h->machine = i % world->plan.machines;
        h->machine = world->machines[h->machine].lies ? 0 : h->machine;
        h->login = (struct login){{(uint8_t)(h->machine + 1), (uint8_t)(i / 2)}};
        h->erases = -1;
        snprintf(h->handle, sizeof(h->handle), i ? "pupil%d" : "lee", i);
        words_propose(&world->lesson, h->teacher ? 5 : 3, h->passphrase, sizeof(h->passphrase));
        post_call(world, live, i, SECOND + (i ? below(&world->lesson, MINUTE) : 0));
    }
    for (int i = 1; i < world->count; i++) {
        if (!world->machines[i].lies) {
            lesson_bring_in(world, &world->machines[i]);
        }
    }
    post_call(world, bring_in, 0,
              2 * MINUTE); /* where the class was made: once it is left behind */
}
