/* Who sits at this machine: a sitting for each login, who is signed in there, and what signs them out. */
#include <stdio.h>
#include <stdlib.h>

#include "ask.h"
#include "authority.h"
#include "device_inside.h"
#include "shapes.h"

static void sitting_clear(struct sitting *sitting)
{
    free(sitting->lists);
    opened_forget(&sitting->opened);
    memset(sitting, 0, sizeof(*sitting));
}

/* The login's sitting, made if there is none: the one that was silent longest and has nobody signed in gives way. */
struct sitting *sitting_find(struct device *device, const struct login *login)
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

/* Is their key here still theirs? Under one that a teacher has replaced nothing they say counts: it would be kept as evidence
 * against this machine. */
static bool key_counts(struct class *class, const struct person_id *person)
{
    struct sign_pk present, own;
    const struct sign_key *key = keyring_find(&class->author.people, person);
    if (!key || !person_key(class->store, person, &present, NULL)) {
        return true;
    }
    own = sign_public(key);
    return SAME(own, present);
}

/* A hello at another machine has moved them there, or a teacher removed them, or gave them another key. */
static void look_after(struct ask *ask, struct sitting *sitting, struct class *class)
{
    struct session session;
    session_read(ask->store, &sitting->person, &session);
    bool removed = authority_is_removed(ask->store, &sitting->person);
    bool replaced = !key_counts(class, &sitting->person);
    if (store_err(ask->store) != OK) {
        return; /* nothing is known; and sitting_ask says so */
    }
    bool elsewhere = session.open && !SAME(session.device, ask->here);
    if (removed || replaced || !session.open || elsewhere) {
        sitting->signed_in = false;
        sitting->left = removed || elsewhere;
        keyring_drop(&class->author.people, &sitting->person);
    }
}

void sitting_look(struct ask *ask, struct sitting *sitting, struct class *class)
{
    if (sitting->class_index != class->index) {
        return;
    }
    if (sitting->signed_in && !sitting->told) {
        look_after(ask, sitting, class);
    }
    ask->signed_in = sitting->signed_in;
    ask->left = sitting->left && !sitting->signed_in;
    if (ask->signed_in || ask->left) {
        ask->me = sitting->person;
    }
}

enum err sitting_refuse(struct ask *ask)
{
    char seat[LABEL_BYTES], at[24];
    struct session session;
    if (ask->left && authority_is_removed(ask->store, &ask->me)) {
        char shown[SHOWN_BYTES];
        person_shown(ask->store, &ask->me, shown);
        return refuse(ask, ERR_REMOVED, slice_str(shown), NULL);
    }
    session_read(ask->store, &ask->me, &session);
    if (ask->left && session.open && !SAME(session.device, ask->here) &&
        seat_of_device(ask->store, &session.device, seat)) {
        snprintf(at, sizeof(at), "%lld", (long long)moment_age(ask, &session.since).at_ms);
        return refuse(ask, ERR_MOVED, slice_str(seat), at);
    }
    return ERR_SIGNED_OUT;
}

enum err sitting_ask(struct ask *ask, struct sitting *sitting, struct class *class)
{
    sitting_look(ask, sitting, class);
    if (ask->signed_in) {
        ask->key = keyring_find(&class->author.people, &ask->me);
        ask->teacher = authority_is_teacher(ask->store, &ask->me);
        ask->opened = &sitting->opened;
    } else {
        opened_forget(&sitting->opened);
    }
    if (!sitting->lists) {
        sitting->lists = calloc(LIST_KINDS, sizeof(struct shown_list));
    }
    ask->lists = sitting->lists;
    return ask->lists ? store_err(ask->store) : ERR_NOMEM;
}

static void sign_out(struct device *device, struct class *class, const struct person_id *person,
                     struct now now)
{
    struct hash id;
    struct op bye = {.kind = OP_BYE, .has = FIELD_BY, .by = *person};
    if (!authority_is_removed(class->store, person) && key_counts(class, person)) {
        class_append(class, &bye, 1, now, &id);
    }
    keyring_drop(&class->author.people, person);
    for (uint32_t i = 0; i < SITTINGS_MAX; i++) {
        struct sitting *sitting = &device->sittings[i];
        if (sitting->class_index == class->index && SAME(sitting->person, *person)) {
            sitting->signed_in = false;
        }
    }
}

static bool sits_elsewhere(const struct device *device, const struct sitting *here)
{
    bool found = false;
    for (uint32_t i = 0; i < SITTINGS_MAX; i++) {
        const struct sitting *other = &device->sittings[i];
        found |= other != here && other->used && other->signed_in &&
                 other->class_index == here->class_index && SAME(other->person, here->person);
    }
    return found;
}

bool sitting_leave(struct device *device, struct sitting *sitting, const struct class *to,
                   struct now now)
{
    struct class *from = device->classes[sitting->class_index];
    if (!sitting->signed_in || from == to) {
        return false;
    }
    bool leaves = !from->closed && !sits_elsewhere(device, sitting);
    if (leaves) {
        sign_out(device, from, &sitting->person, now);
    }
    sitting->signed_in = sitting->left = false;
    return leaves;
}

/* hello and bye change who sits at this terminal. */
void sitting_follow(struct device *device, struct class *class, struct sitting *sitting,
                    const struct ask *ask)
{
    for (uint32_t i = 0; i < ask->ops_count; i++) {
        const struct op *op = &ask->ops[i];
        if (op->kind == OP_HELLO) {
            sitting_leave(device, sitting, class, ask->now);
            sitting->signed_in = true;
            sitting->left = false;
            sitting->told = ask->told;
            sitting->in_jam = false;
            sitting->person = op->by;
            sitting->class_index = class->index;
        } else if (op->kind == OP_BYE) {
            sitting->signed_in = false;
            keyring_drop(&class->author.people, &op->by);
        }
    }
}

enum err sitting_sign_in(struct device *device, struct class *class, struct sitting *sitting,
                         const struct ask *ask, struct now now)
{
    struct hash ids[ASK_OPS_MAX];
    enum err err = keyring_put(&class->author.people, &ask->who, &ask->who_key);
    err = err == OK ? class_append(class, ask->ops, ask->ops_count, now, ids) : err;
    if (err == OK) {
        sitting_follow(device, class, sitting, ask);
    }
    return err;
}

/* Wrong passphrases cost a growing pause at this terminal. */
void sitting_tried(struct sitting *sitting, enum err err, struct now now)
{
    if (err == ERR_WRONG_PASSPHRASE && ++sitting->wrong >= WRONG_FREE) {
        uint32_t doubled = sitting->wrong - WRONG_FREE;
        int64_t pause = doubled < 6 ? INT64_C(1000) << doubled : PAUSE_MS_MAX;
        sitting->paused.ms = now.mono.ms + pause;
    } else if (err == OK) {
        sitting->wrong = 0;
    }
}

/* ---- signing out ------------------------------------------------------------------------------------------------ */

/* Who is signed in at this machine. */
static uint32_t people_here(struct device *device, struct class *class,
                            struct person_id out[KEYRING_MAX])
{
    uint32_t count = 0;
    sqlite3_stmt *stmt =
        store_query(class->store, "SELECT person FROM session WHERE here=1 AND device=?");
    store_bind(class->store, stmt, "d", &device->id);
    while (count < KEYRING_MAX && store_row(class->store, stmt)) {
        column_fixed(stmt, 0, out[count].b, sizeof(out[count].b));
        count++;
    }
    sqlite3_reset(stmt);
    return count;
}

void sitting_sign_out_all(struct device *device, struct class *class, struct now now)
{
    struct person_id people[KEYRING_MAX];
    uint32_t count = class->replica ? people_here(device, class, people) : 0;
    for (uint32_t i = 0; i < count; i++) {
        sign_out(device, class, &people[i], now);
    }
    keyring_clear(&class->author.people);
}

/* False if there was no lesson yet; *ended is when the last one ended, if none runs. */
static bool lesson_read(struct class *class, bool *runs, struct stamp *ended)
{
    sqlite3_stmt *stmt = store_query(class->store, "SELECT runs, stamp FROM lesson");
    bool found = store_row(class->store, stmt);
    if (found) {
        *runs = sqlite3_column_int(stmt, 0);
        column_fixed(stmt, 1, ended->b, sizeof(ended->b));
        sqlite3_reset(stmt);
    }
    return found;
}

/* There was a lesson, and none runs. */
static bool lesson_is_over(struct class *class, struct stamp *ended)
{
    bool runs = false;
    return lesson_read(class, &runs, ended) && !runs;
}

/* Does the log say that they sit here, and has no lesson ended since? */
static bool is_known_here(struct device *device, struct class *class,
                          const struct person_id *person)
{
    struct stamp ended;
    struct session session;
    session_read(class->store, person, &session);
    bool over = lesson_is_over(class, &ended) &&
                memcmp(session.since.stamp.b, ended.b, sizeof(ended.b)) < 0;
    return session.open && SAME(session.device, device->id) &&
           (!over || authority_is_teacher(class->store, person));
}

void sitting_come(struct device *device, struct class *class, struct sitting *sitting,
                  struct now now)
{
    struct hash ids[2];
    struct op ops[2] = {
        {.kind = OP_HELLO,
         .has = FIELD_BY | FIELD_KEY | FIELD_SIGNATURE | FIELD_MOVES,
         .by = sitting->person,
         .moves = true},
        {.kind = OP_JOIN, .has = FIELD_BY | FIELD_JAM, .by = sitting->person, .jam = sitting->jam}};
    sitting->told = false;
    if (sitting->signed_in && keyring_find(&class->author.people, &sitting->person) &&
        !is_known_here(device, class, &sitting->person)) {
        class_append(class, ops, sitting->in_jam ? 2 : 1, now, ids);
    }
}

/* They came before anybody else was reached. */
static void note_early(struct class *class, struct sitting *sitting)
{
    struct place place;
    place_read(class->store, &sitting->person, &place);
    sitting->told = true;
    sitting->in_jam = place.kind == PLACE_JAM;
    sitting->jam = place.jam;
}

void sitting_settle(struct device *device, struct class *class, struct now now)
{
    bool behind = class->sync && sync_is_behind(class->sync);
    bool begins = behind && !class->behind;
    class->behind = behind;
    for (uint32_t i = 0; i < SITTINGS_MAX && class->sync; i++) {
        struct sitting *sitting = &device->sittings[i];
        if (!sitting->signed_in || sitting->class_index != class->index) {
            continue;
        }
        if (sitting->told && !behind) {
            sitting_come(device, class, sitting, now);
        } else if (begins && !sitting->told && now.mono.ms - sitting->active.ms < HERE_MS) {
            note_early(class, sitting);
        }
    }
}

/* The lesson's end signs out whom it finds, but for teachers: once. A session can outlast a goodbye, if that doesn't count.
 * Each turn asks this: only of those whose keys are here, as all who ever were in the class are many. */
static void end_lesson(struct device *device, struct class *class, const struct stamp *ended,
                       struct now now)
{
    const struct keyring *here = &class->author.people;
    /* from behind: who is signed out is taken out of it */
    for (uint32_t i = here->count; i-- > 0;) {
        struct session session;
        struct person_id person = here->at[i].person;
        session_read(class->store, &person, &session);
        if (session.open && SAME(session.device, device->id) &&
            memcmp(session.since.stamp.b, ended->b, sizeof(ended->b)) < 0 &&
            !authority_is_teacher(class->store, &person)) {
            sign_out(device, class, &person, now);
        }
    }
}

void sitting_lessons(struct device *device, struct class *class, struct now now)
{
    struct stamp ended;
    bool behind = class->sync && sync_is_behind(class->sync); /* all is earlier than it seems */
    if (class->replica && class->author.people.count && !behind && lesson_is_over(class, &ended)) {
        end_lesson(device, class, &ended, now);
    }
}

static bool has_lesson(struct class *class)
{
    bool runs = false;
    struct stamp ended;
    return lesson_read(class, &runs, &ended) && runs;
}

void sitting_logout(struct device *device, const struct login *login, struct now now)
{
    for (uint32_t i = 0; i < SITTINGS_MAX; i++) {
        struct sitting *sitting = &device->sittings[i];
        if (!sitting->used || !SAME(sitting->login, *login)) {
            continue;
        }
        if (sitting->signed_in && !sits_elsewhere(device, sitting)) {
            sign_out(device, device->classes[sitting->class_index], &sitting->person, now);
        }
        sitting_clear(sitting);
    }
}

/* Letters that nobody has waited for yet are tried a few at a time. */
static void go_on(struct device *device, struct now now)
{
    for (uint32_t i = 0; i < SITTINGS_MAX; i++) {
        struct sitting *sitting = &device->sittings[i];
        if (!sitting->used || !sitting->opened.more ||
            now.mono.ms - sitting->tried.ms < LETTERS_PAUSE_MS) {
            continue;
        }
        struct class *class = device->classes[sitting->class_index];
        struct ask *ask = ask_class(device, class, now);
        sitting->tried = now.mono;
        if (class->replica && sitting_ask(ask, sitting, class) == OK && ask->signed_in) {
            inbox_go_on(ask);
        }
    }
}

void sitting_tick(struct device *device, struct now now)
{
    go_on(device, now);
    if (now.mono.ms - device->idle_checked.ms < IDLE_CHECK_MS) {
        return;
    }
    device->idle_checked = now.mono;
    for (uint32_t i = 0; i < SITTINGS_MAX; i++) {
        struct sitting *sitting = &device->sittings[i];
        if (!sitting->used || !sitting->signed_in || now.mono.ms - sitting->active.ms < IDLE_MS) {
            continue;
        }
        struct class *class = device->classes[sitting->class_index];
        if (!has_lesson(class)) {
            sign_out(device, class, &sitting->person, now);
        }
    }
}

struct mono sitting_wake(const struct device *device)
{
    struct mono wake = {INT64_MAX};
    for (uint32_t i = 0; i < SITTINGS_MAX; i++) {
        const struct sitting *sitting = &device->sittings[i];
        int64_t due = device->idle_checked.ms + IDLE_CHECK_MS;
        if (sitting->opened.more) {
            int64_t next = sitting->tried.ms + LETTERS_PAUSE_MS;
            due = next < due ? next : due;
        }
        if (sitting->used && sitting->signed_in && due < wake.ms) {
            wake.ms = due;
        }
    }
    return wake;
}
