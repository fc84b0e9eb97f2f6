/* Reading the views' rows. */
#include "rows.h"

void ids_read(struct store *store, sqlite3_stmt *stmt, struct shown_list *list)
{
    list->count = 0;
    while (list->count < LIST_MAX && store_row(store, stmt)) {
        struct ref *id = &list->ids[list->count];
        list->count += column_fixed(stmt, 0, id->b, sizeof(id->b));
    }
    sqlite3_reset(stmt);
}

static void stub_column(sqlite3_stmt *stmt, int column, struct stub *stub)
{
    struct slice s = column_slice(stmt, column);
    stub->len = (uint8_t)(s.len < STUB_BYTES_MAX ? s.len : STUB_BYTES_MAX);
    if (stub->len > 0) {
        memcpy(stub->b, s.at, stub->len);
    }
}

bool entry_find(struct store *store, const struct ref *id, struct logged *out)
{
    struct stub stub;
    struct hash rest;
    struct feed_id feed;
    memset(out, 0, sizeof(*out));
    sqlite3_stmt *stmt = store_query(
        store, "SELECT e.id, f.feed, e.seq, e.lamport, e.time_ms, f.void_seq, e.payload, e.stub"
               " FROM entry e JOIN feed f ON f.id=e.feed"
               " WHERE substr(hash, 1, 8)=? AND substr(hash, 1, 16)=?");
    store_bind(store, stmt, "br", slice_of(id->b, 8), id);
    if (!store_row(store, stmt)) {
        return false;
    }
    int64_t seq = sqlite3_column_int64(stmt, 2), void_seq = sqlite3_column_int64(stmt, 5);
    struct slice payload = column_slice(stmt, 6);
    column_fixed(stmt, 1, feed.b, sizeof(feed.b));
    out->row = sqlite3_column_int64(stmt, 0);
    out->moment.stamp = stamp_of((uint64_t)sqlite3_column_int64(stmt, 3), &feed, (uint64_t)seq);
    out->moment.time_ms = (uint64_t)sqlite3_column_int64(stmt, 4);
    out->is_void = void_seq && seq >= void_seq;
    out->whole = payload.len > SALT_BYTES;
    if (out->whole) {
        payload_part(payload, &stub, &rest);
    } else {
        stub_column(stmt, 7, &stub);
    }
    out->kind = stub_kind(&stub);
    out->authored = stub_author(&stub, &out->author);
    sqlite3_reset(stmt);
    return true;
}

struct person_id id_person(const struct ref *id)
{
    struct person_id person;
    memcpy(person.b, id->b, sizeof(person.b));
    return person;
}

struct ref person_ref(const struct person_id *person)
{
    struct ref id;
    memcpy(id.b, person->b, sizeof(id.b));
    return id;
}

struct moment column_moment(sqlite3_stmt *stmt, int column)
{
    struct moment moment;
    column_fixed(stmt, column, moment.stamp.b, sizeof(moment.stamp.b));
    moment.time_ms = (uint64_t)sqlite3_column_int64(stmt, column + 1);
    return moment;
}

char *text_copy(char *out, size_t out_len, struct slice text)
{
    size_t len = text.len < out_len ? text.len : out_len - 1;
    while (len > 0 && len < text.len && (text.at[len] & 0xc0) == 0x80) {
        len--;
    }
    if (len > 0) {
        memcpy(out, text.at, len);
    }
    out[len] = '\0';
    return out;
}

struct slice name_key(struct slice name, char out[KEY_BYTES])
{
    return slice_of(out, name.len > 0 ? text_key(name, out, KEY_BYTES) : 0);
}

/* ---- people ------------------------------------------------------------------------------------------------------ */

bool person_exists(struct store *store, const struct person_id *person)
{
    sqlite3_stmt *stmt =
        store_query(store, "SELECT 1 FROM person WHERE person=? AND handle_key<>''");
    store_bind(store, stmt, "p", person);
    return store_any(store, stmt);
}

void person_tail(const struct person_id *person, char out[TAIL_BYTES])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    for (size_t i = 0; i < 26; i++) {
        uint32_t value = 0;
        for (size_t bit = 5 * i; bit < 5 * i + 5; bit++) {
            value = value << 1 | (bit < 128 ? person->b[bit / 8] >> (7 - bit % 8) & 1u : 0);
        }
        out[i] = letters[value];
    }
    out[26] = '\0';
}

enum { TAIL_MIN = 3 };

/* How long the tail must be to tell this person from all others of this key: tails are in the order of the ids, so that
 * the neighbours tell. */
static size_t tail_len(struct store *store, const struct person_id *person, struct slice key,
                       const char *tail)
{
    size_t len = TAIL_MIN;
    sqlite3_stmt *stmt = store_query(
        store, "SELECT max(person) FROM person WHERE handle_key=?1 AND person < ?2"
               " UNION ALL SELECT min(person) FROM person WHERE handle_key=?1 AND person > ?2");
    store_bind(store, stmt, "tp", key, person);
    while (store_row(store, stmt)) {
        struct person_id other;
        char other_tail[TAIL_BYTES];
        size_t same = 0;
        if (!column_fixed(stmt, 0, other.b, sizeof(other.b))) {
            continue;
        }
        person_tail(&other, other_tail);
        while (same < TAIL_BYTES - 2 && tail[same] == other_tail[same]) {
            same++;
        }
        len = same + 1 > len ? same + 1 : len;
    }
    return len;
}

/* As who signed in here is called, before the log that says so has come. */
static void called(struct store *store, const struct person_id *person, char out[SHOWN_BYTES])
{
    sqlite3_stmt *stmt = store_query(store, "SELECT handle FROM temp.called WHERE person=?");
    store_bind(store, stmt, "p", person);
    if (store_row(store, stmt)) {
        text_copy(out, HANDLE_BYTES_MAX + 1, column_slice(stmt, 0));
        sqlite3_reset(stmt);
    }
}

char *person_shown(struct store *store, const struct person_id *person, char out[SHOWN_BYTES])
{
    char tail[TAIL_BYTES], key[KEY_BYTES] = "";
    bool alone = false;
    sqlite3_stmt *stmt = store_query(
        store, "SELECT handle, key, NOT EXISTS (SELECT 1 FROM person AS other"
               " WHERE other.handle_key=me.key AND other.person<>me.person"
               " AND (me.removed OR other.confirmed_stamp>=min(me.confirmed_stamp, x'00')))"
               " AND (confirmed_stamp>x'' OR EXISTS (SELECT 1 FROM class WHERE policy & 1)"
               " OR EXISTS (SELECT 1 FROM roster WHERE roster.handle_key=me.handle_key AND listed))"
               " FROM (SELECT *, iif(confirmed_stamp>x'', confirmed_key, wish_key) AS key"
               " FROM person WHERE person=?) AS me");
    store_bind(store, stmt, "p", person);
    out[0] = '\0';
    if (store_row(store, stmt)) {
        text_copy(out, HANDLE_BYTES_MAX + 1, column_slice(stmt, 0));
        text_copy(key, sizeof(key), column_slice(stmt, 1));
        alone = sqlite3_column_int(stmt, 2);
    }
    sqlite3_reset(stmt);
    if (out[0] == '\0') {
        called(store, person, out);
        alone = out[0] != '\0';
    }
    if (alone && !strchr(out, '~')) {
        return out;
    }
    person_tail(person, tail);
    size_t len = tail_len(store, person, slice_str(key), tail);
    size_t used = strlen(out);
    out[used] = '~';
    text_copy(out + used + 1, len + 1, slice_str(tail));
    return out;
}

sqlite3_stmt *roster_waiting(struct store *store)
{
    return store_query(store, "SELECT handle, name FROM roster WHERE listed AND NOT EXISTS"
                              " (SELECT 1 FROM person WHERE person.handle_key=roster.handle_key)"
                              " ORDER BY handle_key");
}

bool roster_has(struct store *store, struct slice handle)
{
    char key[KEY_BYTES];
    sqlite3_stmt *stmt = store_query(store, "SELECT 1 FROM roster WHERE handle_key=? AND listed");
    store_bind(store, stmt, "t", name_key(handle, key));
    return store_any(store, stmt);
}

bool was_removed(struct store *store, struct slice handle)
{
    char key[KEY_BYTES];
    sqlite3_stmt *stmt = store_query(store, "SELECT 1 FROM person WHERE removed AND ?1="
                                            " iif(confirmed_stamp>x'', confirmed_key, wish_key)");
    store_bind(store, stmt, "t", name_key(handle, key));
    return store_any(store, stmt);
}

bool is_card(struct store *store, const struct person_id *person)
{
    sqlite3_stmt *stmt =
        store_query(store, "SELECT reset_stamp>x'' AND reset_stamp=secret_stamp FROM person_key"
                           " WHERE person=? ORDER BY reset_stamp DESC LIMIT 1");
    store_bind(store, stmt, "p", person);
    bool card = store_row(store, stmt) && sqlite3_column_int(stmt, 0);
    sqlite3_reset(stmt);
    return card;
}

/* When the entry of a stamp was written, as its author believed. */
static uint64_t time_at(struct store *store, const struct stamp *stamp)
{
    struct feed_id feed = stamp_feed(stamp);
    sqlite3_stmt *stmt = store_query(store, "SELECT time_ms FROM feed JOIN entry"
                                            " ON entry.feed=feed.id WHERE feed.feed=? AND seq=?");
    store_bind(store, stmt, "fi", &feed, (int64_t)stamp_seq(stamp));
    uint64_t time_ms = store_row(store, stmt) ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return time_ms;
}

bool card_given(struct store *store, const struct person_id *person, struct moment *given)
{
    sqlite3_stmt *stmt = store_query(store, "SELECT max(reset_stamp) FROM person_key"
                                            " WHERE person=? AND reset_stamp>x''");
    store_bind(store, stmt, "p", person);
    bool found =
        store_row(store, stmt) && column_fixed(stmt, 0, given->stamp.b, sizeof(given->stamp.b));
    sqlite3_reset(stmt);
    if (!found) {
        return false;
    }
    given->time_ms = time_at(store, &given->stamp);
    return found;
}

bool signed_up(struct store *store, const struct person_id *person, struct moment *when)
{
    sqlite3_stmt *stmt =
        store_query(store, "SELECT wish_stamp FROM person WHERE person=? AND wish_stamp>x''");
    store_bind(store, stmt, "p", person);
    bool found =
        store_row(store, stmt) && column_fixed(stmt, 0, when->stamp.b, sizeof(when->stamp.b));
    sqlite3_reset(stmt);
    when->time_ms = found ? time_at(store, &when->stamp) : 0;
    return found;
}

bool session_read(struct store *store, const struct person_id *person, struct session *session)
{
    memset(session, 0, sizeof(*session));
    sqlite3_stmt *stmt = store_query(
        store, "SELECT session.here, session.device, session.stamp, session.time_ms, m.state='here'"
               " FROM session LEFT JOIN temp.machine_now m ON m.device=session.device"
               " WHERE person=?");
    store_bind(store, stmt, "p", person);
    bool found = store_row(store, stmt);
    if (found) {
        session->open = sqlite3_column_int(stmt, 0);
        column_fixed(stmt, 1, session->device.b, sizeof(session->device.b));
        session->since = column_moment(stmt, 2);
        session->here = session->open && sqlite3_column_int(stmt, 4);
    }
    sqlite3_reset(stmt);
    return found;
}

void place_read(struct store *store, const struct person_id *person, struct place *place)
{
    memset(place, 0, sizeof(*place));
    place->kind = PLACE_AWAY;
    sqlite3_stmt *stmt =
        store_query(store, "SELECT kind, jam, title, stamp, time_ms FROM place WHERE person=?");
    store_bind(store, stmt, "p", person);
    if (store_row(store, stmt)) {
        place->kind = (enum place_kind)sqlite3_column_int(stmt, 0);
        column_fixed(stmt, 1, place->jam.b, sizeof(place->jam.b));
        place->titled = sqlite3_column_type(stmt, 2) != SQLITE_NULL;
        text_copy(place->title, sizeof(place->title), column_slice(stmt, 2));
        place->since = column_moment(stmt, 3);
    }
    sqlite3_reset(stmt);
    if (place->kind == PLACE_JAM && !jam_exists(store, &place->jam)) {
        place->kind = PLACE_SOLO;
    }
}

void jam_people(struct store *store, const struct ref *jam, struct shown_list *list)
{
    sqlite3_stmt *stmt =
        store_query(store, "SELECT person.person FROM place JOIN person USING (person)"
                           " JOIN session USING (person)"
                           " JOIN temp.machine_now m ON m.device=session.device AND m.state='here'"
                           " WHERE place.kind=1 AND place.jam=? AND session.here AND handle_key<>''"
                           " ORDER BY handle_key, person.person");
    store_bind(store, stmt, "r", jam);
    ids_read(store, stmt, list);
}

void all_people(struct store *store, struct shown_list *list)
{
    ids_read(store,
             store_query(store, "SELECT person FROM person WHERE handle_key<>''"
                                " ORDER BY handle_key, person"),
             list);
}

/* A LEAVE can name only so many joins, so only so many are asked. */
bool is_member(struct store *store, const struct person_id *person, const struct ref *jam)
{
    sqlite3_stmt *stmt = store_query(
        store, "SELECT 1 FROM (SELECT person, jam, id FROM joined WHERE person=?1 AND jam=?2"
               " ORDER BY stamp DESC LIMIT ?3) AS newest WHERE NOT EXISTS"
               " (SELECT 1 FROM removed WHERE removed.person=?1 AND removed.jam=?2"
               " AND removed.id=newest.id)");
    store_bind(store, stmt, "pri", person, jam, (int64_t)LEAVE_ADDS_MAX);
    return store_any(store, stmt);
}

void jam_members(struct store *store, const struct ref *jam, struct shown_list *list)
{
    struct shown_list all;
    sqlite3_stmt *stmt = store_query(
        store, "SELECT person FROM person WHERE handle_key<>'' AND EXISTS"
               " (SELECT 1 FROM joined WHERE joined.person=person.person AND joined.jam=?)"
               " ORDER BY handle_key, person");
    store_bind(store, stmt, "r", jam);
    ids_read(store, stmt, &all);
    list->count = 0;
    for (uint32_t i = 0; i < all.count; i++) {
        struct person_id person = id_person(&all.ids[i]);
        if (is_member(store, &person, jam)) {
            list->ids[list->count++] = all.ids[i];
        }
    }
}

void person_jams(struct store *store, const struct person_id *person, struct shown_list *list)
{
    struct shown_list all;
    sqlite3_stmt *stmt = store_query(
        store, "SELECT jam.jam FROM jam JOIN (SELECT DISTINCT jam FROM joined WHERE person=?)"
               " USING (jam) WHERE jam.stamp > x'' ORDER BY jam.stamp");
    store_bind(store, stmt, "p", person);
    ids_read(store, stmt, &all);
    list->count = 0;
    for (uint32_t i = 0; i < all.count; i++) {
        if (is_member(store, person, &all.ids[i])) {
            list->ids[list->count++] = all.ids[i];
        }
    }
}

bool jam_before(struct store *store, const struct person_id *person, const struct ref *but,
                struct ref *jam)
{
    struct shown_list visited;
    sqlite3_stmt *stmt =
        store_query(store, "SELECT jam FROM joined JOIN jam USING (jam) WHERE person=?"
                           " AND jam.stamp > x'' GROUP BY jam ORDER BY max(joined.stamp) DESC");
    store_bind(store, stmt, "p", person);
    ids_read(store, stmt, &visited);
    for (uint32_t i = 0; i < visited.count; i++) {
        if (!(but && SAME(visited.ids[i], *but)) && is_member(store, person, &visited.ids[i])) {
            *jam = visited.ids[i];
            return true;
        }
    }
    return false;
}

bool jam_left(struct store *store, const struct person_id *person, const struct ref *jam,
              const struct stamp *before, struct moment *moment)
{
    sqlite3_stmt *stmt = store_query(
        store, "WITH visit(began) AS (SELECT max(stamp) FROM joined WHERE person=?1 AND jam=?2"
               " AND stamp < ?3)"
               " SELECT stamp, time_ms FROM (SELECT stamp, time_ms FROM joined, visit"
               " WHERE person=?1 AND stamp > began"
               " UNION ALL SELECT stamp, time_ms FROM story, visit WHERE owner=?1 AND stamp > began"
               " AND op IN (?4,?5,?6)"
               " UNION ALL SELECT stamp, time_ms FROM story, visit WHERE owner=?2 AND stamp > began"
               " AND author=?1 AND op=?7) ORDER BY stamp LIMIT 1");
    store_bind(store, stmt, "prsiiii", person, jam, before, (int64_t)OP_HELLO, (int64_t)OP_BYE,
               (int64_t)OP_SOLO, (int64_t)OP_LEAVE);
    bool found = store_row(store, stmt);
    if (found) {
        *moment = column_moment(stmt, 0);
    }
    sqlite3_reset(stmt);
    return found;
}

/* ---- jams, tasks, seats ------------------------------------------------------------------------------------------ */

bool jam_exists(struct store *store, const struct ref *jam)
{
    sqlite3_stmt *stmt = store_query(store, "SELECT 1 FROM jam WHERE jam=? AND stamp > x''");
    store_bind(store, stmt, "r", jam);
    return store_any(store, stmt);
}

static bool text_read(struct store *store, sqlite3_stmt *stmt, char *out, size_t out_len)
{
    out[0] = '\0';
    bool found = store_row(store, stmt) && sqlite3_column_type(stmt, 0) != SQLITE_NULL;
    if (found) {
        text_copy(out, out_len, column_slice(stmt, 0));
    }
    sqlite3_reset(stmt);
    return found;
}

char *jam_name(struct store *store, const struct ref *jam, char out[LABEL_BYTES])
{
    sqlite3_stmt *stmt = store_query(store, "SELECT name FROM jam WHERE jam=? AND stamp > x''");
    store_bind(store, stmt, "r", jam);
    text_read(store, stmt, out, LABEL_BYTES);
    return out;
}

void all_jams(struct store *store, struct shown_list *list)
{
    sqlite3_stmt *stmt =
        store_query(store, "SELECT jam FROM (SELECT jam, stamp FROM jam WHERE stamp > x''"
                           " ORDER BY stamp DESC LIMIT ?) ORDER BY stamp");
    store_bind(store, stmt, "i", (int64_t)LIST_MAX);
    ids_read(store, stmt, list);
}

void tasks_of(struct store *store, const struct ref *owner, struct shown_list *list)
{
    sqlite3_stmt *stmt = store_query(store, "SELECT task FROM task WHERE owner=? ORDER BY stamp");
    store_bind(store, stmt, "r", owner);
    ids_read(store, stmt, list);
}

bool seat_of_hardware(struct store *store, const struct hardware_id *hardware,
                      char out[LABEL_BYTES])
{
    sqlite3_stmt *stmt = store_query(
        store, "SELECT coalesce((SELECT label FROM seat WHERE hardware=?1),"
               " (SELECT host FROM device WHERE hardware=?1 ORDER BY stamp DESC LIMIT 1))");
    store_bind(store, stmt, "w", hardware);
    return text_read(store, stmt, out, LABEL_BYTES);
}

bool seat_of_device(struct store *store, const struct device_id *device, char out[LABEL_BYTES])
{
    sqlite3_stmt *stmt =
        store_query(store, "SELECT coalesce(label, host) FROM device LEFT JOIN seat"
                           " USING (hardware) WHERE device=?");
    store_bind(store, stmt, "d", device);
    return text_read(store, stmt, out, LABEL_BYTES);
}

struct moment jam_changed(struct store *store, const struct ref *jam)
{
    struct moment moment = {0};
    sqlite3_stmt *stmt = store_query(
        store, "SELECT stamp, time_ms FROM (SELECT stamp, time_ms FROM (SELECT stamp, time_ms"
               " FROM story WHERE owner=?1 ORDER BY stamp DESC LIMIT 1)"
               " UNION ALL SELECT story.stamp, story.time_ms FROM task JOIN story"
               " ON story.owner=task.task AND story.stamp="
               "(SELECT max(stamp) FROM story AS s WHERE s.owner=task.task)"
               " WHERE task.owner=?1) ORDER BY stamp DESC LIMIT 1");
    store_bind(store, stmt, "r", jam);
    if (store_row(store, stmt)) {
        moment = column_moment(stmt, 0);
    }
    sqlite3_reset(stmt);
    return moment;
}

/* ---- journals ---------------------------------------------------------------------------------------------------- */

static void lines_turn(struct lines *lines)
{
    for (uint32_t i = 0, k = lines->count; i + 1 < k; i++) {
        struct line line = lines->at[i];
        lines->at[i] = lines->at[--k];
        lines->at[k] = line;
    }
}

void journal_read(struct store *store, const struct ref *owner, const struct stamp *after,
                  uint32_t lines_max, struct lines *lines)
{
    sqlite3_stmt *stmt = store_query(
        store, "SELECT owner, stamp, octets, id FROM (SELECT owner, stamp, id,"
               " coalesce(sealed, length(CAST(text AS BLOB))) AS octets FROM story"
               " WHERE owner=?1 AND stamp > ?2"
               " ORDER BY stamp DESC LIMIT ?3)"
               " UNION ALL SELECT owner, stamp, octets, id FROM (SELECT story.owner, story.stamp, "
               "story.id,"
               " length(CAST(text AS BLOB)) AS octets FROM task JOIN story"
               " ON story.owner=task.task WHERE task.owner=?1 AND story.stamp > ?2"
               " ORDER BY story.stamp DESC LIMIT ?3) ORDER BY 2 DESC LIMIT ?3");
    store_bind(store, stmt, "rsi", owner, after, (int64_t)lines_max);
    int64_t bytes = 0;
    lines->count = 0;
    while (lines->count < LIST_MAX && store_row(store, stmt)) {
        bytes += LINE_BYTES + column_len(stmt, 2, PAYLOAD_BYTES_MAX);
        if (bytes > LINES_BYTES_MAX) {
            break;
        }
        struct line *line = &lines->at[lines->count++];
        column_fixed(stmt, 0, line->owner.b, sizeof(line->owner.b));
        column_fixed(stmt, 1, line->stamp.b, sizeof(line->stamp.b));
        column_fixed(stmt, 3, line->id.b, sizeof(line->id.b));
    }
    sqlite3_reset(stmt);
    lines_turn(lines);
}
