/* What goes across views: where am I, names for completion, and all that a watch shows. */
#include "authority.h"
#include "ask.h"
#include "inbox.h"
#include "shapes.h"
#include "view_rows.h"

/* ---- here -------------------------------------------------------------------------------------------------------- */

static void pack_my_roles(struct ask *ask, struct pack *p, const struct place *place)
{
    if (place->kind == PLACE_JAM) {
        pack_roles_of(ask, p, &place->jam, &ask->me);
    } else {
        pack_array(p, 0);
    }
}

static void pack_with_me(struct ask *ask, struct pack *p, const struct place *place)
{
    struct shown_list people = {0}, others = {0};
    struct ref me = person_ref(&ask->me);
    if (place->kind == PLACE_JAM) {
        jam_people(ask->store, &place->jam, &people);
    }
    for (uint32_t i = 0; i < people.count; i++) {
        if (!SAME(people.ids[i], me)) {
            others.ids[others.count++] = people.ids[i];
        }
    }
    pack_people(ask, p, &others);
}

/* What I'm at: tasks of this jam that I hold, and my own that aren't done. */
static void pack_my_tasks(struct ask *ask, struct pack *p, const struct place *place)
{
    struct shown_list tasks;
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT task FROM task WHERE owner=?1 AND stamp > x'' AND state<>?3"
                                " UNION ALL SELECT task FROM task WHERE owner=?2 AND stamp > x''"
                                " AND state=?4 AND holder=?1");
    store_bind(ask->store, stmt, "prii", &ask->me, place->kind == PLACE_JAM ? &place->jam : NULL,
               (int64_t)TASK_DONE, (int64_t)TASK_TRYING);
    ids_read(ask->store, stmt, &tasks);
    pack_array(p, tasks.count);
    for (uint32_t i = 0; i < tasks.count; i++) {
        pack_task(ask, p, list_line(ask, LIST_TASKS, &tasks.ids[i]), &tasks.ids[i]);
    }
}

/* Unread feedback, one line for each who gave some. */
static void pack_waiting(struct ask *ask, struct pack *p)
{
    struct lines unread;
    struct shown_list from = {0};
    uint32_t counts[LIST_MAX] = {0};
    inbox_unread(ask, &unread);
    for (uint32_t i = 0; i < unread.count; i++) {
        struct ref author = person_ref(&unread.at[i].author);
        uint32_t k = 0;
        while (k < from.count && !SAME(from.ids[k], author)) {
            k++;
        }
        from.ids[k] = author;
        from.count += k == from.count;
        counts[k]++;
    }
    pack_array(p, from.count);
    for (uint32_t i = 0; i < from.count; i++) {
        struct person_id person = id_person(&from.ids[i]);
        pack_map(p, 3);
        pack_str(p, "kind");
        pack_str(p, "feedback");
        pack_str(p, "from");
        pack_person(ask, p, &person);
        pack_str(p, "n");
        pack_uint(p, counts[i]);
    }
}

/* Who I am and what I'm at: ten pairs. */
static void pack_me(struct ask *ask, struct pack *p)
{
    struct place place;
    place_read(ask->store, &ask->me, &place);
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT handle FROM person WHERE person=?");
    store_bind(ask->store, stmt, "p", &ask->me);
    pack_str(p, "person");
    pack_person(ask, p, &ask->me);
    pack_str(p, "handle");
    store_row(ask->store, stmt) ? pack_column(p, stmt, 0) : pack_nil(p);
    sqlite3_reset(stmt);
    pack_str(p, "place");
    pack_place(ask, p, &place);
    pack_moment(ask, p, &place.since);
    pack_str(p, "roles");
    pack_my_roles(ask, p, &place);
    pack_str(p, "with");
    pack_with_me(ask, p, &place);
    pack_str(p, "tasks");
    pack_my_tasks(ask, p, &place);
    pack_str(p, "waiting");
    pack_waiting(ask, p);
}

static void pack_nobody(struct ask *ask, struct pack *p)
{
    static const struct moment never;
    static const char *const nothing[] = {"person", "handle", "place"};
    static const char *const none[] = {"roles", "with", "tasks", "waiting"};
    for (size_t i = 0; i < 3; i++) {
        pack_str(p, nothing[i]);
        pack_nil(p);
    }
    pack_moment(ask, p, &never);
    for (size_t i = 0; i < 4; i++) {
        pack_str(p, none[i]);
        pack_array(p, 0);
    }
}

static void pack_count(struct ask *ask, struct pack *p, const char *key, sqlite3_stmt *stmt)
{
    bool found = store_row(ask->store, stmt);
    pack_str(p, key);
    pack_uint(p, found ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0);
    sqlite3_reset(stmt);
}

/* class, seat, live and live_s: four pairs. */
static void pack_machine(struct ask *ask, struct pack *p)
{
    char seat[LABEL_BYTES];
    pack_str(p, "class");
    pack_str(p, ask->class_name);
    pack_str(p, "seat");
    pack_str(p, seat_of_hardware(ask->store, &ask->hardware, seat) ? seat : NULL);
    pack_str(p, "live");
    pack_bool(p, ask->live);
    pack_str(p, "live_s");
    pack_int(p, ask->live_s);
}

static enum err here_tell(struct ask *ask, struct pack *p)
{
    pack_map(p, 21);
    pack_left(ask, p);
    pack_last_day(ask, p);
    pack_str(p, "class_words");
    pack_str(p, ask->class_words && *ask->class_words ? ask->class_words : NULL);
    pack_machine(ask, p);
    if (ask->signed_in) {
        pack_me(ask, p);
    } else {
        pack_nobody(ask, p);
    }
    pack_count(ask, p, "people",
               store_query(ask->store, "SELECT count(*) FROM session JOIN person USING (person)"
                                       " JOIN temp.machine_now m USING (device)"
                                       " WHERE session.here AND m.state='here'"
                                       " AND handle_key<>''"));
    pack_count(ask, p, "jams",
               store_query(ask->store, "SELECT count(*) FROM jam WHERE stamp > x''"));
    return OK;
}

/* ---- prompt and names -------------------------------------------------------------------------------------------- */

static void prompt_append(char *out, size_t out_len, const char *between, struct slice text)
{
    size_t used = strlen(out);
    text_copy(out + used, out_len - used, slice_str(text.len > 0 ? between : ""));
    used = strlen(out);
    text_copy(out + used, out_len - used, text);
}

/* "bridge·recorder", "solo·fractions" */
static void prompt_text(struct ask *ask, char *out, size_t out_len)
{
    struct place place;
    char name[LABEL_BYTES];
    place_read(ask->store, &ask->me, &place);
    if (place.kind == PLACE_SOLO) {
        prompt_append(out, out_len, "", slice_str("solo"));
        prompt_append(out, out_len, "·", slice_str(place.titled ? place.title : ""));
    } else if (place.kind == PLACE_JAM) {
        prompt_append(out, out_len, "", slice_str(jam_name(ask->store, &place.jam, name)));
        sqlite3_stmt *stmt = store_query(
            ask->store, "SELECT name FROM role WHERE jam=? AND person=? AND holds ORDER BY role");
        store_bind(ask->store, stmt, "rp", &place.jam, &ask->me);
        while (store_row(ask->store, stmt)) {
            prompt_append(out, out_len, "·", column_slice(stmt, 0));
        }
    }
}

static enum err prompt_tell(struct ask *ask, struct pack *p)
{
    char text[512] = "";
    if (ask->signed_in) {
        prompt_text(ask, text, sizeof(text));
    }
    pack_map(p, 2);
    pack_str(p, "text");
    pack_str(p, text);
    pack_left(ask, p);
    return OK;
}

static void pack_names_of(struct ask *ask, struct pack *p, sqlite3_stmt *stmt)
{
    struct pack names;
    uint32_t count = 0;
    pack_init(&names);
    while (count < LIST_MAX && store_row(ask->store, stmt)) {
        pack_column(&names, stmt, 0);
        count++;
    }
    sqlite3_reset(stmt);
    pack_list(p, count, &names);
}

static enum err names_tell(struct ask *ask, struct pack *p)
{
    struct shown_list list;
    struct slice of = {0};
    map_text(ask->params, "of", &of);
    pack_map(p, 1);
    pack_str(p, "names");
    if (slice_is(of, "jams")) {
        all_jams(ask->store, &list);
        pack_jam_names(ask, p, &list);
    } else if (slice_is(of, "people")) {
        all_people(ask->store, &list);
        pack_people(ask, p, &list);
    } else if (slice_is(of, "roles")) {
        pack_names_of(ask, p,
                      store_query(ask->store, "SELECT name FROM role WHERE holds"
                                              " GROUP BY role ORDER BY role"));
    } else if (slice_is(of, "seats")) {
        pack_names_of(ask, p,
                      store_query(ask->store, "SELECT label AS name FROM seat UNION"
                                              " SELECT host FROM device ORDER BY name"));
    } else {
        return refuse(ask, ERR_MALFORMED, slice_str("of"), NULL);
    }
    return OK;
}

/* ---- what a watch shows ------------------------------------------------------------------------------------------ */

static void pack_watched_jam(struct ask *ask, struct pack *p, uint32_t n, const struct ref *jam)
{
    static const struct moment never;
    struct shown_list tasks;
    struct moment changed = jam_changed(ask->store, jam);
    tasks_of(ask->store, jam, &tasks);
    pack_map(p, JAM_PAIRS + 2);
    pack_jam_pairs(ask, p, n, jam);
    pack_str(p, "tasks");
    pack_tasks(ask, p, &tasks);
    pack_str(p, "changed_s");
    if (SAME(changed.stamp, never.stamp)) {
        pack_nil(p);
    } else {
        pack_int(p, moment_age(ask, &changed).age_ms / 1000);
    }
}

static void pack_watched_jams(struct ask *ask, struct pack *p)
{
    struct shown_list jams;
    all_jams(ask->store, &jams);
    pack_array(p, jams.count);
    for (uint32_t i = 0; i < jams.count; i++) {
        pack_watched_jam(ask, p, i + 1, &jams.ids[i]);
    }
}

static void pack_solo_person(struct ask *ask, struct pack *p, const struct person_id *person,
                             const struct session *session, const struct place *place)
{
    pack_map(p, 7);
    pack_str(p, "person");
    pack_person(ask, p, person);
    pack_str(p, "seat");
    pack_seat(ask, p, &session->device);
    pack_str(p, "solo");
    pack_str(p, place->titled ? place->title : NULL);
    pack_str(p, "member_of");
    pack_member_of(ask, p, person);
    pack_moment(ask, p, &place->since);
}

/* Since when a machine is silent, as this one noticed; false if it wasn't met in this run. */
static bool silent_since(struct ask *ask, const struct device_id *device, struct age *age)
{
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT since_ms FROM temp.machine_now WHERE device=?");
    store_bind(ask->store, stmt, "d", device);
    bool found = store_row(ask->store, stmt);
    int64_t since_ms = found ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    int64_t age_ms = ask->now.wall.ms - since_ms;
    *age = (struct age){since_ms, age_ms > 0 ? age_ms : 0, AGE_SEEN};
    return found;
}

/* Who was here within a school day. Others may be at home, or in another class. */
enum { AWAY_SHOWN_MS = 12 * 60 * 60 * 1000 };

static bool pack_away_person(struct ask *ask, struct pack *p, const struct person_id *person,
                             const struct session *session)
{
    struct age age = moment_age(ask, &session->since);
    struct age silent;
    if (session->open && silent_since(ask, &session->device, &silent)) {
        age = silent;
    }
    if (age.age_ms > AWAY_SHOWN_MS) {
        return false;
    }
    pack_map(p, 6);
    pack_str(p, "person");
    pack_person(ask, p, person);
    pack_str(p, "seat");
    pack_seat(ask, p, &session->device);
    pack_str(p, "why");
    pack_str(p, session->open ? "silent" : "bye");
    pack_age(p, &age);
    return true;
}

/* Everybody who isn't in a jam, in order of their names: the pairs solo and away. */
static void pack_others(struct ask *ask, struct pack *p)
{
    struct shown_list people;
    struct pack solo, away;
    uint32_t solo_count = 0, away_count = 0;
    pack_init(&solo);
    pack_init(&away);
    all_people(ask->store, &people);
    for (uint32_t i = 0; i < people.count; i++) {
        struct person_id person = id_person(&people.ids[i]);
        struct session session;
        struct place place;
        if (!session_read(ask->store, &person, &session)) {
            continue;
        }
        place_read(ask->store, &person, &place);
        if (!session.here) {
            away_count += pack_away_person(ask, &away, &person, &session);
        } else if (place.kind == PLACE_SOLO) {
            pack_solo_person(ask, &solo, &person, &session, &place);
            solo_count++;
        }
    }
    pack_str(p, "solo");
    pack_list(p, solo_count, &solo);
    pack_str(p, "away");
    pack_list(p, away_count, &away);
}

/* Machines whose feeds say two things at one place. */
static void pack_forks(struct ask *ask, struct pack *p)
{
    char seat[LABEL_BYTES];
    struct pack forks;
    uint32_t count = 0;
    sqlite3_stmt *stmt = store_query(
        ask->store, "SELECT DISTINCT device FROM feed WHERE void_seq > 0 ORDER BY device");
    pack_init(&forks);
    while (count < FORKS_MAX && store_row(ask->store, stmt)) {
        struct device_id device;
        column_fixed(stmt, 0, device.b, sizeof(device.b));
        if (seat_of_device(ask->store, &device, seat)) {
            pack_str(&forks, seat);
            count++;
        }
    }
    sqlite3_reset(stmt);
    pack_str(p, "forks");
    pack_list(p, count, &forks);
}

enum err views_state(struct ask *ask, struct pack *p)
{
    pack_map(p, 14);
    pack_machine(ask, p);
    pack_left(ask, p);
    pack_str(p, "at");
    pack_int(p, ask->now.wall.ms);
    pack_str(p, "peers");
    pack_uint(p, ask->peers);
    pack_count(
        ask, p, "machines",
        store_query(ask->store, "SELECT count(*) FROM temp.machine_now WHERE state<>'left'"));
    pack_str(p, "jams");
    pack_watched_jams(ask, p);
    pack_others(ask, p);
    pack_str(p, "safe_machines");
    pack_uint(p, ask->safe_machines);
    pack_str(p, "seq");
    pack_uint(p, ask->seq);
    pack_forks(ask, p);
    return OK;
}

static const struct method methods[] = {
    {"here", NULL, here_tell, true},
    {"prompt", NULL, prompt_tell, true},
    {"names", NULL, names_tell, true},
    {0},
};
static const char *const tables[] = {NULL};
const struct view view_state = {"state", tables, 0, NULL, methods};
