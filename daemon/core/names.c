/* What a person typed, found among the names that there are. */
#include "names.h"

#include "ask.h"
#include "authority.h"

/* Names looked through for one that was typed. */
struct search {
    char key_room[KEY_BYTES];
    struct slice key;
    struct shown_list exact;  /* whose key is this key */
    struct shown_list prefix; /* whose key begins with it */
    size_t near_distance;     /* how far the nearest other name is */
    struct ref near_id;
    char near[TITLE_BYTES_MAX + 1]; /* "" if none is near */
};

bool name_is_line(struct slice typed)
{
    for (size_t i = 0; i < typed.len; i++) {
        if (typed.at[i] < '0' || typed.at[i] > '9') {
            return false;
        }
    }
    return typed.len > 0;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool name_is_id(struct slice typed, struct ref *id)
{
    if (typed.len != 2 * sizeof(id->b)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(id->b); i++) {
        int high = hex_digit(typed.at[2 * i]), low = hex_digit(typed.at[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        id->b[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* ---- searching --------------------------------------------------------------------------------------------------- */

static void list_put(struct shown_list *list, const struct ref *id)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (SAME(list->ids[i], *id)) {
            return;
        }
    }
    if (list->count < LIST_MAX) {
        list->ids[list->count++] = *id;
    }
}

static void search_name(struct search *search, const struct ref *id, struct slice name)
{
    char room[KEY_BYTES];
    struct slice key = name_key(name, room);
    if (slice_equal(key, search->key)) {
        list_put(&search->exact, id);
    } else if (key.len > search->key.len && memcmp(key.at, search->key.at, search->key.len) == 0) {
        list_put(&search->prefix, id);
    } else {
        size_t distance = text_distance(key, search->key, search->near_distance - 1);
        if (distance < search->near_distance) {
            search->near_distance = distance;
            search->near_id = *id;
            text_copy(search->near, sizeof(search->near), name);
        }
    }
}

/* Looks through rows of an id and a name. */
static void search_run(struct ask *ask, struct search *search, struct slice typed,
                       sqlite3_stmt *stmt)
{
    memset(search, 0, sizeof(*search));
    search->key = name_key(typed, search->key_room);
    search->near_distance = search->key.len < 4 ? 2 : search->key.len < 8 ? 3 : 4;
    while (search->key.len > 0 && store_row(ask->store, stmt)) {
        struct ref id;
        if (column_fixed(stmt, 0, id.b, sizeof(id.b))) {
            search_name(search, &id, column_slice(stmt, 1));
        }
    }
    sqlite3_reset(stmt);
}

static const struct shown_list *search_found(const struct search *search)
{
    return search->exact.count > 0 ? &search->exact : &search->prefix;
}

/* ---- refusing ---------------------------------------------------------------------------------------------------- */

static void append(char *out, size_t out_len, const char *text)
{
    size_t used = strlen(out);
    text_copy(out + used, out_len - used, slice_str(text));
}

/* "did you mean bridge? Type: jam join bridge" */
static enum err refuse_near(struct ask *ask, enum err err, struct slice typed, const char *near,
                            const char *type, const char *otherwise)
{
    char detail[sizeof(ask->detail)] = "";
    append(detail, sizeof(detail), near[0] ? "did you mean " : otherwise);
    if (near[0]) {
        append(detail, sizeof(detail), near);
        append(detail, sizeof(detail), "? Type: ");
        append(detail, sizeof(detail), type);
        append(detail, sizeof(detail), " ");
        append(detail, sizeof(detail), near);
    }
    return refuse(ask, err, typed, detail);
}

/* Jams of one name are told apart by who started them. */
static void jam_candidate(struct ask *ask, const struct ref *jam, char *out, size_t out_len)
{
    char name[LABEL_BYTES], shown[SHOWN_BYTES];
    struct person_id author = {0};
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT author FROM jam WHERE jam=?");
    store_bind(ask->store, stmt, "r", jam);
    if (store_row(ask->store, stmt)) {
        column_fixed(stmt, 0, author.b, sizeof(author.b));
    }
    sqlite3_reset(stmt);
    out[0] = '\0';
    append(out, out_len, jam_name(ask->store, jam, name));
    append(out, out_len, " (");
    append(out, out_len, person_shown(ask->store, &author, shown));
    append(out, out_len, ")");
}

static void person_candidate(struct ask *ask, const struct ref *id, char *out, size_t out_len)
{
    char shown[SHOWN_BYTES];
    struct person_id person = id_person(id);
    text_copy(out, out_len, slice_str(person_shown(ask->store, &person, shown)));
}

static void task_candidate(struct ask *ask, const struct ref *task, char *out, size_t out_len)
{
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT title FROM task WHERE task=?");
    store_bind(ask->store, stmt, "r", task);
    out[0] = '\0';
    if (store_row(ask->store, stmt)) {
        text_copy(out, out_len, column_slice(stmt, 0));
    }
    sqlite3_reset(stmt);
}

static void seat_candidate(struct ask *ask, const struct ref *id, char *out, size_t out_len)
{
    char label[LABEL_BYTES];
    struct hardware_id hardware;
    memcpy(hardware.b, id->b, sizeof(hardware.b));
    seat_of_hardware(ask->store, &hardware, label);
    text_copy(out, out_len, slice_str(label));
}

/* How a candidate is told; LIST_NONE for machines. */
static void candidate(struct ask *ask, enum list_kind kind, const struct ref *id, char *out,
                      size_t out_len)
{
    switch (kind) {
    case LIST_JAMS:
        jam_candidate(ask, id, out, out_len);
        break;
    case LIST_PEOPLE:
        person_candidate(ask, id, out, out_len);
        break;
    case LIST_TASKS:
        task_candidate(ask, id, out, out_len);
        break;
    default:
        seat_candidate(ask, id, out, out_len);
    }
}

enum { CANDIDATES_MAX = 4 };

static enum err refuse_many(struct ask *ask, struct slice typed, const struct shown_list *found,
                            enum list_kind kind)
{
    char detail[sizeof(ask->detail)] = "", one[sizeof(ask->detail)];
    for (uint32_t i = 0; i < found->count && i < CANDIDATES_MAX; i++) {
        candidate(ask, kind, &found->ids[i], one, sizeof(one));
        append(detail, sizeof(detail), i > 0 ? ", " : "");
        append(detail, sizeof(detail), one);
    }
    if (found->count > CANDIDATES_MAX) {
        append(detail, sizeof(detail), " …");
    }
    return refuse(ask, ERR_AMBIGUOUS, typed, detail);
}

/* The id in that line of the list last shown. */
static enum err line_of(struct ask *ask, struct slice typed, enum list_kind kind, enum err none,
                        const char *show, struct ref *id)
{
    const struct shown_list *list = ask->lists ? &ask->lists[kind] : NULL;
    if (!list || list->count == 0) {
        return refuse(ask, ERR_NO_LIST, typed, show);
    }
    uint64_t n = 0;
    for (size_t i = 0; i < typed.len && n <= LIST_MAX; i++) {
        n = n * 10 + (uint64_t)(typed.at[i] - '0');
    }
    if (n < 1 || n > list->count) {
        return refuse(ask, none, typed, show);
    }
    *id = list->ids[n - 1];
    return OK;
}

/* ---- jams -------------------------------------------------------------------------------------------------------- */

static bool all_same_name(struct ask *ask, const struct shown_list *found)
{
    char first[KEY_BYTES], other[KEY_BYTES], name[LABEL_BYTES];
    struct slice key = name_key(slice_str(jam_name(ask->store, &found->ids[0], name)), first);
    for (uint32_t i = 1; i < found->count; i++) {
        jam_name(ask->store, &found->ids[i], name);
        if (!slice_equal(name_key(slice_str(name), other), key)) {
            return false;
        }
    }
    return true;
}

/* Of jams of one name: the one that I'm in, or else the only one of which I'm a member. */
static bool prefer(struct ask *ask, const struct shown_list *found, struct ref *jam)
{
    struct ref mine;
    bool inside = ask_in_jam(ask, &mine);
    uint32_t members = 0;
    for (uint32_t i = 0; ask->signed_in && i < found->count; i++) {
        if (inside && SAME(found->ids[i], mine)) {
            *jam = mine;
            return true;
        }
        if (is_member(ask->store, &ask->me, &found->ids[i])) {
            *jam = found->ids[i];
            members++;
        }
    }
    return members == 1;
}

enum err name_jam(struct ask *ask, struct slice typed, const char *type, struct ref *jam)
{
    struct search search;
    if (name_is_id(typed, jam) && jam_exists(ask->store, jam)) {
        return OK;
    }
    if (name_is_line(typed)) {
        return line_of(ask, typed, LIST_JAMS, ERR_NO_SUCH_JAM, "jam list", jam);
    }
    search_run(ask, &search, typed,
               store_query(ask->store, "SELECT jam, name FROM jam WHERE stamp > x''"));
    const struct shown_list *found = search_found(&search);
    if (found->count == 0) {
        return refuse_near(ask, ERR_NO_SUCH_JAM, typed, search.near, type, "jam list");
    }
    *jam = found->ids[0];
    if (found->count == 1 || (all_same_name(ask, found) && prefer(ask, found, jam))) {
        return OK;
    }
    return refuse_many(ask, typed, found, LIST_JAMS);
}

/* ---- people ------------------------------------------------------------------------------------------------------ */

/* Cuts "ana~k3f" into the name and its tail; false if there is none. */
static bool split_tail(struct slice *typed, struct slice *tail)
{
    for (size_t i = typed->len; i > 0; i--) {
        if (typed->at[i - 1] == '~') {
            *tail = slice_of(typed->at + i, typed->len - i);
            typed->len = i - 1;
            return tail->len > 0 && tail->len < TAIL_BYTES;
        }
    }
    return false;
}

/* Keeps those whose tail begins so. */
static void keep_tail(struct shown_list *list, struct slice tail)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        char whole[TAIL_BYTES];
        struct person_id person = id_person(&list->ids[i]);
        person_tail(&person, whole);
        if (memcmp(whole, tail.at, tail.len) == 0) {
            list->ids[kept++] = list->ids[i];
        }
    }
    list->count = kept;
}

static void search_people(struct ask *ask, struct search *search, struct slice typed)
{
    search_run(ask, search, typed,
               store_query(ask->store, "SELECT person, handle FROM person WHERE handle_key<>''"
                                       " ORDER BY handle_key, confirmed_stamp=x'', person"));
}

/* Of people whose handles look the same, the one who is shown without a tail: else whoever takes a name like somebody's
 * could keep others from naming them. */
static bool plain_one(struct ask *ask, const struct shown_list *found, struct person_id *person)
{
    for (uint32_t i = 0; i < found->count; i++) {
        char shown[SHOWN_BYTES];
        *person = id_person(&found->ids[i]);
        if (!strchr(person_shown(ask->store, person, shown), '~')) {
            return true;
        }
    }
    return false;
}

/* A line, an id or a name with a tail: what can only mean somebody who is there. Else *certain is false. */
static enum err name_certain(struct ask *ask, struct slice typed, struct person_id *person,
                             bool *certain)
{
    struct ref id;
    struct slice head = typed, tail;
    struct search search;
    *certain = true;
    if (name_is_id(typed, &id)) {
        *person = id_person(&id);
        return person_exists(ask->store, person)
                   ? OK
                   : refuse(ask, ERR_NO_SUCH_PERSON, typed, "jam who");
    }
    if (name_is_line(typed)) {
        enum err err = line_of(ask, typed, LIST_PEOPLE, ERR_NO_SUCH_PERSON, "jam who", &id);
        *person = id_person(&id);
        return err;
    }
    if (!split_tail(&head, &tail)) {
        *certain = false;
        return OK;
    }
    search_people(ask, &search, head);
    keep_tail(&search.exact, tail);
    if (search.exact.count == 0) {
        return refuse(ask, ERR_NO_SUCH_PERSON, typed, "jam who");
    }
    *person = id_person(&search.exact.ids[0]);
    return search.exact.count == 1 ? OK : refuse_many(ask, typed, &search.exact, LIST_PEOPLE);
}

static enum err find_person(struct ask *ask, struct slice typed, const char *type, bool whole,
                            struct person_id *person)
{
    struct search search;
    char near[SHOWN_BYTES] = "";
    bool certain;
    enum err err = name_certain(ask, typed, person, &certain);
    if (certain) {
        return err;
    }
    search_people(ask, &search, typed);
    const struct shown_list *found = search_found(&search);
    bool begins = whole && search.exact.count == 0 && found->count == 1;
    if (found->count == 0 || begins) {
        if (begins || search.near[0]) {
            person_candidate(ask, begins ? &found->ids[0] : &search.near_id, near, sizeof(near));
        }
        return refuse_near(ask, ERR_NO_SUCH_PERSON, typed, near, type, "jam who");
    }
    *person = id_person(&found->ids[0]);
    if (found->count == 1 || plain_one(ask, &search.exact, person)) {
        return OK;
    }
    return refuse_many(ask, typed, found, LIST_PEOPLE);
}

enum err name_person(struct ask *ask, struct slice typed, const char *type,
                     struct person_id *person)
{
    return find_person(ask, typed, type, false, person);
}

enum err name_person_whole(struct ask *ask, struct slice typed, const char *type,
                           struct person_id *person)
{
    return find_person(ask, typed, type, true, person);
}

static bool is_handle(struct ask *ask, struct slice typed)
{
    char key[KEY_BYTES];
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT 1 FROM person WHERE handle_key=?");
    store_bind(ask->store, stmt, "t", name_key(typed, key));
    return typed.len <= HANDLE_BYTES_MAX && store_any(ask->store, stmt);
}

void name_spread(struct ask *ask, struct slice *typed, struct slice *rest)
{
    char *room = ask->room + ask->room_used;
    size_t used = typed->len + 1 + rest->len;
    if (typed->len == 0 || rest->len == 0 || used >= sizeof(ask->room) - ask->room_used) {
        return;
    }
    memcpy(room, typed->at, typed->len);
    room[typed->len] = ' ';
    memcpy(room + typed->len + 1, rest->at, rest->len);
    for (size_t end = used; end > typed->len; end--) {
        bool whole = end == used || room[end] == ' ';
        if (whole && is_handle(ask, slice_of(room, end))) {
            size_t taken = end == used ? rest->len : end - typed->len;
            *typed = slice_of(room, end);
            *rest = slice_of(rest->at + taken, rest->len - taken);
            ask->room_used += used;
            return;
        }
    }
}

/* The same, the one whose handle is the same. */
static bool same_bytes(struct ask *ask, struct slice typed, const struct shown_list *found,
                       struct person_id *person)
{
    uint32_t same = 0;
    for (uint32_t i = 0; i < found->count; i++) {
        struct person_id one = id_person(&found->ids[i]);
        sqlite3_stmt *stmt = store_query(ask->store, "SELECT handle FROM person WHERE person=?");
        store_bind(ask->store, stmt, "p", &one);
        if (store_row(ask->store, stmt) && slice_equal(column_slice(stmt, 0), typed)) {
            *person = one;
            same++;
        }
        sqlite3_reset(stmt);
    }
    return same == 1;
}

enum err name_self(struct ask *ask, struct slice typed, struct person_id *person, bool *is_new)
{
    struct search search;
    bool certain;
    *is_new = false;
    memset(person, 0, sizeof(*person));
    enum err err = name_certain(ask, typed, person, &certain);
    bool removed = certain ? authority_is_removed(ask->store, person)
                           : was_removed(ask->store, typed) && !roster_has(ask->store, typed);
    if (certain) {
        return removed ? refuse(ask, ERR_REMOVED, typed, NULL) : err;
    }
    search_people(ask, &search, typed);
    if (search.exact.count == 0 && removed) {
        return refuse(ask, ERR_REMOVED, typed, NULL);
    }
    if (search.exact.count == 0) {
        *is_new = true;
        return refuse(ask, ERR_NO_SUCH_PERSON, typed, "jam who");
    }
    *person = id_person(&search.exact.ids[0]);
    if (search.exact.count == 1 || plain_one(ask, &search.exact, person) ||
        same_bytes(ask, typed, &search.exact, person)) {
        return OK;
    }
    return refuse_many(ask, typed, &search.exact, LIST_PEOPLE);
}

/* ---- tasks and machines ------------------------------------------------------------------------------------------ */

static bool task_exists(struct ask *ask, const struct ref *task)
{
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT 1 FROM task WHERE task=? AND stamp > x''");
    store_bind(ask->store, stmt, "r", task);
    return store_any(ask->store, stmt);
}

enum err name_task(struct ask *ask, struct slice typed, struct ref *task)
{
    struct search search;
    struct ref jam;
    if (name_is_id(typed, task)) {
        return task_exists(ask, task) ? OK : refuse(ask, ERR_NO_SUCH_TASK, typed, NULL);
    }
    bool inside = ask_in_jam(ask, &jam);
    if (name_is_line(typed)) {
        struct shown_list *list = ask->lists ? &ask->lists[LIST_TASKS] : NULL;
        if (list && list->count == 0) {
            /* a watch or a neighbour's screen showed it: the jam's tasks have one order for all */
            struct ref mine = person_ref(&ask->me);
            tasks_of(ask->store, inside ? &jam : &mine, list);
            list->kind = LIST_TASKS;
        }
        return line_of(ask, typed, LIST_TASKS, ERR_NO_SUCH_TASK, "jam task list", task);
    }
    sqlite3_stmt *stmt =
        store_query(ask->store, "SELECT task, title FROM task WHERE owner=? OR owner=?");
    store_bind(ask->store, stmt, "pr", &ask->me, inside ? &jam : NULL);
    search_run(ask, &search, typed, stmt);
    const struct shown_list *found = search_found(&search);
    if (found->count == 0) {
        return refuse(ask, ERR_NO_SUCH_TASK, typed, NULL);
    }
    *task = found->ids[0];
    return found->count == 1 ? OK : refuse_many(ask, typed, found, LIST_TASKS);
}

enum err name_entry(struct ask *ask, struct slice typed, struct ref *entry)
{
    if (name_is_id(typed, entry)) {
        return OK;
    }
    if (name_is_line(typed)) {
        return line_of(ask, typed, LIST_ENTRIES, ERR_NO_SUCH_ENTRY, "jam journal", entry);
    }
    return refuse(ask, ERR_NO_SUCH_ENTRY, typed, NULL);
}

enum err name_seat(struct ask *ask, struct slice typed, struct hardware_id *hardware)
{
    struct search search;
    search_run(ask, &search, typed,
               store_query(ask->store, "SELECT hardware, label FROM seat"
                                       " UNION ALL SELECT hardware, host FROM device"));
    const struct shown_list *found = search_found(&search);
    if (found->count == 0) {
        return refuse(ask, ERR_NO_SUCH_SEAT, typed, NULL);
    }
    memcpy(hardware->b, found->ids[0].b, sizeof(hardware->b));
    return found->count == 1 ? OK : refuse_many(ask, typed, found, LIST_NONE);
}
