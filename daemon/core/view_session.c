/* Signing in and out: who is at which machine, and the passphrases that open their keys. */
#include "ask.h"
#include "authority.h"
#include "inbox.h"
#include "names.h"
#include "passphrase.h"
#include "shapes.h"
#include "view_rows.h"
#include "words.h"

/* What a key is sealed with. Who has it and says so knows the RESET that gave it, whatever the stamps: they came with its
 * card, maybe before the log. */
static void fold_key(struct store *store, const struct fact *fact)
{
    const struct op *op = fact->op;
    store_do(store,
             "INSERT INTO person_key VALUES (?,?,x'',?,?) ON CONFLICT DO UPDATE SET"
             " secret=excluded.secret, secret_stamp=excluded.secret_stamp"
             " WHERE excluded.secret_stamp > secret_stamp OR secret_stamp=reset_stamp",
             "pbbs", &op->by, SLICE(op->key), SLICE(op->secret), &fact->stamp);
}

static void session_fold(struct store *store, const struct fact *fact)
{
    if (fact->op->kind == OP_KEY) {
        fold_key(store, fact);
        return;
    }
    if (fact->op->kind == OP_LESSON) {
        store_do(store,
                 "INSERT INTO lesson VALUES (0,?,?,?) ON CONFLICT DO UPDATE SET runs=excluded.runs,"
                 " stamp=excluded.stamp, time_ms=excluded.time_ms WHERE excluded.stamp > stamp",
                 "isi", (int64_t)fact->op->yes, &fact->stamp, (int64_t)fact->time_ms);
        return;
    }
    store_do(store,
             "INSERT INTO session VALUES (?,?,?,?,?)"
             " ON CONFLICT DO UPDATE SET here=excluded.here, device=excluded.device,"
             " stamp=excluded.stamp, time_ms=excluded.time_ms WHERE excluded.stamp > stamp",
             "pidsi", &fact->op->by, (int64_t)(fact->op->kind == OP_HELLO), &fact->device,
             &fact->stamp, (int64_t)fact->time_ms);
}

/* ---- passphrases ------------------------------------------------------------------------------------------------- */

/* The i-th stretching of a request: OK when it is done, else ERR_WAIT, and it is asked for. salt NULL: a fresh one. */
static enum err stretched(struct ask *ask, uint32_t i, const char *words, const uint8_t *salt,
                          struct cost cost)
{
    struct stretching *s = ask->stretching;
    if (i < s->done && (!salt || memcmp(salt, s->at[i].salt, sizeof(s->at[i].salt)) == 0)) {
        return OK;
    }
    s->done = i; /* or the key came with the log meanwhile, and it is another */
    text_copy(s->at[i].words, sizeof(s->at[i].words), slice_str(words));
    s->at[i].cost = cost;
    if (salt) {
        memcpy(s->at[i].salt, salt, sizeof(s->at[i].salt));
    } else {
        rng_fill(ask->rng, s->at[i].salt, sizeof(s->at[i].salt));
    }
    if (cost.passes > 0) {
        return ERR_WAIT;
    }
    s->done++; /* an open class: nothing is slow, so it is done at once */
    return stretch(slice_str(words), s->at[i].salt, cost, s->at[i].out, sizeof(s->at[i].out));
}

/* The passphrase that `param` holds, in the form that is stretched. ERR_EMPTY: none was given. */
static enum err typed_passphrase(struct ask *ask, const char *param, char out[PASSPHRASE_KEY_MAX])
{
    struct slice typed;
    size_t len;
    out[0] = '\0';
    if (!map_text(ask->params, param, &typed) || typed.len == 0) {
        return ERR_EMPTY;
    }
    enum err err = passphrase_key(typed, out, &len);
    return err == OK ? OK : refuse(ask, err, slice_str("passphrase"), NULL);
}

/* A new passphrase that is strong enough. ERR_NEW_PASSPHRASE proposes one. */
static enum err new_passphrase(struct ask *ask, const char *param, struct slice who, uint32_t words,
                               char out[PASSPHRASE_KEY_MAX])
{
    char proposal[WORDS_OF_TEACHER * (WORD_BYTES_MAX + 1)];
    const char *why = "";
    struct slice known[] = {who, slice_str(ask->class_name)};
    enum err err = typed_passphrase(ask, param, out);
    if (err == ERR_EMPTY) {
        return refuse(ask, ERR_NEW_PASSPHRASE, who,
                      words_propose(ask->rng, words, proposal, sizeof(proposal)));
    }
    err = err == OK ? passphrase_check(slice_str(out), words, known, 2, &why) : err;
    return err == ERR_WEAK_PASSPHRASE ? refuse(ask, err, slice_str(why), NULL) : err;
}

/* Says how a key is sealed from now on: with the i-th stretching. */
static void say_key(struct ask *ask, const struct person_id *person, const struct sign_key *key,
                    uint32_t i)
{
    struct stretching *s = ask->stretching;
    struct op *op = ask_op(ask, OP_KEY);
    op->has |= FIELD_KEY | FIELD_SIGNATURE | FIELD_SECRET;
    op->by = *person;
    op->key = sign_public(key);
    key_seal(s->at[i].out, s->at[i].salt, s->at[i].cost, ask->rng, key->b, &op->secret);
    op->signature = key_sign(key, person, &op->secret);
}

/* Opens the key of somebody who has signed up, with the passphrase in `param`. */
static enum err open_key(struct ask *ask, const struct person_id *person, const char *param,
                         struct sign_key *key)
{
    char words[PASSPHRASE_KEY_MAX], shown[SHOWN_BYTES];
    uint8_t salt[16], seed[32];
    struct sealed_key secret;
    struct sign_pk known, opened;
    struct cost cost;
    struct slice who = slice_str(person_shown(ask->store, person, shown));
    if (!person_key(ask->store, person, &known, &secret)) {
        return refuse(ask, ERR_NO_SUCH_PERSON, who, "jam who");
    }
    enum err err = key_cost(&secret, salt, &cost);
    if (err != OK) {
        return refuse(ask, err, who, NULL);
    }
    err = typed_passphrase(ask, param, words);
    if (err != OK && cost.passes > 0) {
        return err == ERR_EMPTY ? refuse(ask, ERR_PASSPHRASE, who, NULL) : err;
    }
    err = stretched(ask, 0, cost.passes > 0 ? words : "", salt, cost);
    wipe(words, sizeof(words));
    if (err != OK) {
        return err;
    }
    err = key_unseal(&secret, ask->stretching->at[0].out, seed);
    sign_keypair(seed, key, &opened);
    wipe(seed, sizeof(seed));
    return err == OK && SAME(opened, known) ? OK : refuse(ask, ERR_WRONG_PASSPHRASE, who, NULL);
}

/* ---- hello ------------------------------------------------------------------------------------------------------- */

/* ask->subject is the person, ask->flag that they are new, ask->was the seat where they were signed in,
 * ask->card that they came with a card. */
static void keep_seat(struct ask *ask, const struct session *session)
{
    struct pack p;
    pack_init_room(&p, ask->room + ask->room_used, sizeof(ask->room) - ask->room_used);
    if (session->open && !SAME(session->device, ask->here)) {
        pack_seat(ask, &p, &session->device);
    } else {
        pack_nil(&p);
    }
    ask->was = p.failed ? (struct slice){0} : pack_bytes(&p);
    ask->room_used += ask->was.len;
}

static bool has_name(struct ask *ask, const struct person_id *person, struct slice name)
{
    sqlite3_stmt *stmt = store_query(ask->store, "SELECT name FROM person WHERE person=?");
    store_bind(ask->store, stmt, "p", person);
    bool same = store_row(ask->store, stmt) && slice_equal(column_slice(stmt, 0), name);
    sqlite3_reset(stmt);
    return same;
}

/* A handle shows a tail behind ~ only where Jam puts it. */
static enum err new_handle(struct ask *ask, struct slice *handle)
{
    enum err err = ask_name(ask, "handle", HANDLE_BYTES_MAX, handle);
    if (err == OK && memchr(handle->at, '~', handle->len)) {
        return refuse(ask, ERR_BAD_TEXT, *handle, NULL);
    }
    return err;
}

/* A passphrase that is chosen comes as `new`; of who has none yet, also as `passphrase`. */
static const char *chosen_param(const struct ask *ask)
{
    return map_get(ask->params, "new") ? "new" : "passphrase";
}

/* Somebody new: a key of their own, whose hash they are called by. */
static enum err sign_up(struct ask *ask, struct slice handle, struct person_id *person)
{
    char words[PASSPHRASE_KEY_MAX] = "";
    bool open = class_policy(ask->store) & POLICY_OPEN;
    uint8_t seed[32];
    struct sign_pk pk;
    enum err err =
        open ? OK : new_passphrase(ask, chosen_param(ask), handle, WORDS_OF_PUPIL, words);
    if (err == OK) {
        err = stretched(ask, 0, words, NULL, open ? (struct cost){0} : COST_WORDS);
    }
    wipe(words, sizeof(words));
    if (err != OK) {
        return err;
    }
    rng_fill(ask->rng, seed, sizeof(seed));
    sign_keypair(seed, &ask->who_key, &pk);
    wipe(seed, sizeof(seed));
    *person = person_id_of(&ask->class, &pk);
    return OK;
}

/* Who says hello where another is signed in ends that other's session, unless it has moved on to another machine. */
static void end_other(struct ask *ask, const struct person_id *person)
{
    struct session session;
    if (!ask->signed_in || SAME(ask->me, *person)) {
        return;
    }
    session_read(ask->store, &ask->me, &session);
    if (session.open && SAME(session.device, ask->here)) {
        ask_op(ask, OP_BYE);
    }
}

/* Signed in at this terminal and this machine already. */
static bool is_here_already(const struct ask *ask, const struct person_id *person,
                            const struct session *session)
{
    return ask->signed_in && ask->key && SAME(ask->me, *person) && session->open &&
           SAME(session->device, ask->here);
}

/* Who sits here is asked once. */
static enum err check_taken(struct ask *ask, const struct person_id *person)
{
    char shown[SHOWN_BYTES];
    if (!ask->signed_in || SAME(ask->me, *person) || ask_flag(ask, "take_over")) {
        return OK;
    }
    struct slice typed = {0};
    map_text(ask->params, "handle", &typed);
    text_copy(ask->detail, sizeof(ask->detail), typed);
    text_copy(ask->what, sizeof(ask->what), slice_str(person_shown(ask->store, &ask->me, shown)));
    return ERR_TAKEN;
}

/* HELLO, once the key is open; what they say comes after. Who opens a second terminal where they sit stays in their jam. */
static void come(struct ask *ask, const struct person_id *person)
{
    struct session session;
    struct op *op = ask_op(ask, OP_HELLO);
    session_read(ask->store, person, &session);
    op->by = *person;
    op->moves = !session.open || !SAME(session.device, ask->here);
    op->has |= FIELD_KEY | FIELD_SIGNATURE | FIELD_MOVES; /* signed when it is appended */
    ask->unlocked = true;
    ask->who = *person;
    ask->subject = person_ref(person);
}

static void call_oneself(struct ask *ask, const struct person_id *person, struct slice handle,
                         struct slice name)
{
    struct op *op = ask_op(ask, OP_PERSON);
    op->by = *person;
    op->handle = handle;
    op->name = name;
    op->has |= (handle.len > 0 ? FIELD_HANDLE : 0) | (name.len > 0 ? FIELD_NAME : 0);
}

/* The first hello of somebody. */
static enum err hello_new(struct ask *ask, struct slice name)
{
    struct slice handle;
    struct person_id person;
    struct session session = {0};
    enum err err = new_handle(ask, &handle);
    err = err == OK ? sign_up(ask, handle, &person) : err;
    if (err != OK) {
        return err;
    }
    end_other(ask, &person);
    come(ask, &person);
    say_key(ask, &person, &ask->who_key, 0);
    call_oneself(ask, &person, handle, name);
    keep_seat(ask, &session);
    return OK;
}

bool session_card_is_old(struct ask *ask, const struct person_id *person)
{
    struct session session;
    struct moment given;
    return is_card(ask->store, person) && session_read(ask->store, person, &session) &&
           card_given(ask->store, person, &given) &&
           moment_age(ask, &given).age_ms >= CARD_S * 1000;
}

/* A card is used up: they choose words of their own, at once, which the i-th stretching is of. */
static enum err leave_card(struct ask *ask, struct slice who, uint32_t least, uint32_t i)
{
    char words[PASSPHRASE_KEY_MAX];
    enum err err = new_passphrase(ask, "new", who, least, words);
    err = err == OK ? stretched(ask, i, words, NULL, COST_WORDS) : err;
    wipe(words, sizeof(words));
    return err;
}

/* HELLO of who has signed up. */
static enum err sign_in(struct ask *ask, const struct person_id *person)
{
    char shown[SHOWN_BYTES];
    struct slice who = slice_str(person_shown(ask->store, person, shown));
    uint32_t least = authority_is_teacher(ask->store, person) ? WORDS_OF_TEACHER : WORDS_OF_PUPIL;
    ask->card = is_card(ask->store, person);
    if (session_card_is_old(ask, person)) {
        return refuse(ask, ERR_OLD_CARD, who, NULL);
    }
    enum err err = open_key(ask, person, "passphrase", &ask->who_key);
    err = err == OK && ask->card ? leave_card(ask, who, least, 1) : err;
    if (err != OK) {
        return err;
    }
    end_other(ask, person);
    come(ask, person);
    ask->told = ask->behind;
    if (ask->card) {
        say_key(ask, person, &ask->who_key, 1);
    }
    return OK;
}

/* Is any of them sealed with words? Then those that aren't, as in open classes, are nobody's whom one could be sure of. */
static bool has_words(const struct sought *sought)
{
    bool has = false;
    uint8_t salt[16];
    struct cost cost;
    for (uint32_t i = 0; i < sought->count; i++) {
        has |= key_cost(&sought->at[i].secret, salt, &cost) == OK && cost.passes > 0;
    }
    return has;
}

/* Tries the words at a key that was told: OK, then it is in ask->who_key; ERR_WRONG_PASSPHRASE, ERR_WAIT. */
static enum err try_told(struct ask *ask, const struct sought_key *told, const char *words,
                         uint32_t i)
{
    uint8_t salt[16], seed[32] = {0};
    struct sign_pk opened;
    struct cost cost;
    enum err err = key_cost(&told->secret, salt, &cost);
    if (err != OK || (cost.passes > 0) != (words[0] != '\0')) {
        return ERR_WRONG_PASSPHRASE;
    }
    err = stretched(ask, i, words, salt, cost);
    if (err != OK) {
        return err;
    }
    err = key_unseal(&told->secret, ask->stretching->at[i].out, seed);
    sign_keypair(seed, &ask->who_key, &opened);
    wipe(seed, sizeof(seed));
    return err == OK && SAME(opened, told->key) ? OK : ERR_WRONG_PASSPHRASE;
}

/* Opens one of the keys that were told; its stretching is the one before *next. */
static enum err open_told(struct ask *ask, const struct sought_key **told, uint32_t *next)
{
    char words[PASSPHRASE_KEY_MAX] = "";
    struct slice who = slice_str(ask->sought->at[0].handle);
    enum err err = has_words(ask->sought) ? typed_passphrase(ask, "passphrase", words) : OK;
    if (err != OK) {
        return err == ERR_EMPTY ? refuse(ask, ERR_PASSPHRASE, who, NULL) : err;
    }
    err = ERR_WRONG_PASSPHRASE;
    for (uint32_t i = 0; i < ask->sought->count && err == ERR_WRONG_PASSPHRASE; i++) {
        *told = &ask->sought->at[i];
        err = try_told(ask, *told, words, (*next)++);
    }
    wipe(words, sizeof(words));
    return err == ERR_WRONG_PASSPHRASE ? refuse(ask, err, who, NULL) : err;
}

/* Their key was told by neighbours, and the log isn't here yet: the passphrase opens one of those, or none. */
static enum err hello_told(struct ask *ask)
{
    const struct sought_key *told = &ask->sought->at[0];
    struct slice who = slice_str(told->handle);
    uint32_t next = 1; /* the first is of the key that this machine has, if it has one */
    ask->flag = false;
    enum err err = open_told(ask, &told, &next);
    if (err == OK && told->card) {
        err = leave_card(ask, who, WORDS_OF_PUPIL, next);
    }
    if (err != OK) {
        return err;
    }
    struct person_id first = person_id_of(&ask->class, &told->key);
    end_other(ask, &told->person);
    come(ask, &told->person);
    ask->told = true;
    ask->card = told->card;
    if (told->card) {
        say_key(ask, &told->person, &ask->who_key, next);
        ask->flag = SAME(first, told->person);
    }
    store_do(ask->store, "INSERT OR REPLACE INTO temp.called VALUES (?,?)", "pt", &told->person,
             who);
    keep_seat(ask, &(struct session){0});
    return OK;
}

static enum err hello_again(struct ask *ask, const struct person_id *person, struct slice name)
{
    struct session session;
    bool first = !session_read(ask->store, person, &session);
    enum err err = is_here_already(ask, person, &session) ? OK : sign_in(ask, person);
    if (err != OK) {
        return err;
    }
    ask->flag = first && ask->card;
    if (name.len > 0 && !has_name(ask, person, name)) {
        call_oneself(ask, person, (struct slice){0}, name);
    }
    ask->subject = person_ref(person);
    keep_seat(ask, &session);
    return OK;
}

/* Were neighbours asked for this handle? */
static bool is_sought(struct ask *ask, struct slice handle)
{
    char key[KEY_BYTES];
    return ask->sought && slice_equal(name_key(handle, key), ask->sought->handle_key);
}

/* While the log isn't here, it may lack somebody, or the key that a teacher gave them last. */
static bool may_be_old(const struct ask *ask, enum err err)
{
    return ask->behind &&
           (err == ERR_NO_SUCH_PERSON || err == ERR_WRONG_PASSPHRASE || err == ERR_OLD_CARD);
}

/* Then neighbours are asked for them. ERR_NO_SUCH_PERSON: nobody is called so. */
static enum err ask_neighbours(struct ask *ask, struct slice handle)
{
    if (!is_sought(ask, handle)) {
        ask->seek = true;
        ask->was = handle;
        return ERR_WAIT;
    }
    if (ask->sought->count > 0) {
        return hello_told(ask);
    }
    return ask->sought->waits ? refuse(ask, ERR_BUSY, handle, NULL) : ERR_NO_SUCH_PERSON;
}

static enum err hello_plan(struct ask *ask)
{
    struct slice typed, name = {0};
    struct person_id person = {{0}};
    if (authority_is_expelled(ask->store, &ask->here)) {
        return ERR_EXPELLED;
    }
    enum err err = ask_text(ask, "handle", HANDLE_BYTES_MAX, false, &typed);
    err = err == OK ? ask_text_if(ask, "name", NAME_BYTES_MAX, false, &name) : err;
    err = err == OK ? name_self(ask, typed, &person, &ask->flag) : err;
    if (err != OK && !ask->flag) {
        return err;
    }
    err = check_taken(ask, &person);
    if (err != OK) {
        return err;
    }
    ask->what[0] = ask->detail[0] = '\0';
    bool unknown = ask->flag;
    err = unknown ? ERR_NO_SUCH_PERSON : hello_again(ask, &person, name);
    if (may_be_old(ask, err)) {
        enum err told = ask_neighbours(ask, typed);
        err = told == ERR_NO_SUCH_PERSON ? err : told;
    }
    return unknown && err == ERR_NO_SUCH_PERSON ? hello_new(ask, name) : err;
}

static void pack_was_in(struct ask *ask, struct pack *p, const struct person_id *person)
{
    struct ref jam;
    struct place place;
    place_read(ask->store, person, &place);
    if (!jam_before(ask->store, person, place.kind == PLACE_JAM ? &place.jam : NULL, &jam)) {
        pack_nil(p);
        return;
    }
    pack_map(p, 2);
    pack_str(p, "jam");
    pack_jam_name(ask, p, &jam);
    pack_str(p, "id");
    pack_hex(p, jam.b);
}

/* Whose session this hello ended, or nil. */
static void pack_other(struct ask *ask, struct pack *p)
{
    for (uint32_t i = 0; i < ask->ops_count; i++) {
        if (ask->ops[i].kind == OP_BYE) {
            pack_person(ask, p, &ask->ops[i].by);
            return;
        }
    }
    pack_nil(p);
}

/* Who can read what is written to one person. */
static const char *readers_of(const struct ask *ask)
{
    uint64_t policy = class_policy(ask->store);
    return policy & POLICY_OPEN            ? "everybody"
           : policy & POLICY_TEACHERS_READ ? "recipient and teachers"
                                           : "recipient";
}

static enum err hello_tell(struct ask *ask, struct pack *p)
{
    struct person_id person = id_person(&ask->subject);
    struct lines unread;
    inbox_unread(ask, &unread);
    pack_map(p, 16);
    pack_last_day(ask, p);
    pack_names(ask, p, &person);
    pack_str(p, "signed_out");
    pack_other(ask, p);
    pack_str(p, "id");
    pack_hex(p, person.b);
    pack_str(p, "new");
    pack_bool(p, ask->flag);
    pack_str(p, "moved_from");
    pack_was(ask, p);
    pack_str(p, "was");
    pack_was_in(ask, p, &person);
    pack_str(p, "feedback_waiting");
    pack_uint(p, unread.count);
    pack_str(p, "readers");
    pack_str(p, readers_of(ask));
    pack_str(p, "card");
    pack_bool(p, ask->card);
    pack_str(p, "key_reset");
    pack_bool(p, ask->card && !ask->flag);
    pack_str(p, "teacher");
    pack_bool(p, authority_is_teacher(ask->store, &person));
    return OK;
}

static enum err bye_plan(struct ask *ask)
{
    ask_keep_place(ask);
    if (ask_flag(ask, "everywhere")) {
        ask_op(ask, OP_REVOKE);
    }
    ask_op(ask, OP_BYE);
    ask->subject = person_ref(&ask->me);
    return OK;
}

static enum err bye_tell(struct ask *ask, struct pack *p)
{
    struct person_id person = id_person(&ask->subject);
    pack_map(p, 2);
    pack_str(p, "person");
    pack_person(ask, p, &person);
    pack_str(p, "was");
    pack_was(ask, p);
    return OK;
}

/* ---- passphrases that change --------------------------------------------------------------------------------------- */

static enum err passphrase_plan(struct ask *ask)
{
    char words[PASSPHRASE_KEY_MAX], shown[SHOWN_BYTES];
    struct sign_key key;
    uint32_t least = ask->teacher ? WORDS_OF_TEACHER : WORDS_OF_PUPIL;
    if (!ask->key) {
        return ERR_SIGNED_OUT;
    }
    if (class_policy(ask->store) & POLICY_OPEN && !ask->teacher) {
        return ERR_OPEN_CLASS; /* anybody could sign in as another, and lock them out */
    }
    enum err err = open_key(ask, &ask->me, "old", &key);
    struct slice who = slice_str(person_shown(ask->store, &ask->me, shown));
    err = err == OK ? new_passphrase(ask, "new", who, least, words) : err;
    err = err == OK ? stretched(ask, 1, words, NULL, COST_WORDS) : err;
    wipe(words, sizeof(words));
    if (err == OK) {
        say_key(ask, &ask->me, &key, 1);
    }
    wipe(&key, sizeof(key));
    return err;
}

static enum err passphrase_tell(struct ask *ask, struct pack *p)
{
    pack_map(p, 1);
    pack_str(p, "person");
    pack_person(ask, p, &ask->me);
    return OK;
}

/* ---- the founding teacher ------------------------------------------------------------------------------------------ */

enum err session_passphrase(struct ask *ask, struct slice handle)
{
    char words[PASSPHRASE_KEY_MAX];
    enum err err = new_passphrase(ask, "passphrase", handle, WORDS_OF_TEACHER, words);
    err = err == OK ? stretched(ask, 0, words, NULL, COST_WORDS) : err;
    wipe(words, sizeof(words));
    return err;
}

void session_found(struct ask *ask, struct slice handle)
{
    struct sign_pk pk = sign_public(&ask->who_key);
    struct person_id person = person_id_of(&ask->class, &pk);
    come(ask, &person);
    say_key(ask, &person, &ask->who_key, 0);
    call_oneself(ask, &person, handle, (struct slice){0});
    struct op *op = ask_op(ask, OP_CONFIRM);
    op->by = op->person = person;
    op->handle = handle;
    op->has |= FIELD_PERSON | FIELD_HANDLE;
}

/* The paper's words bring the root key back, with a new passphrase. */
static enum err rescue_plan(struct ask *ask)
{
    struct slice typed = {0};
    struct sign_pk pk, root;
    struct session session;
    uint8_t secret[RESCUE_BYTES], seed[32];
    uint32_t wrong = 0;
    uint16_t near = 0;
    map_text(ask->params, "words", &typed);
    enum err err = rescue_read(typed, secret, &wrong, &near);
    if (err == ERR_WORD) {
        sqlite3_snprintf(sizeof(ask->what), ask->what, "word %u", (unsigned)wrong + 1);
        sqlite3_snprintf(sizeof(ask->detail), ask->detail, "did you mean \"%s\"?", word_at(near));
    }
    if (err != OK) {
        return err;
    }
    rescue_seed(secret, seed);
    sign_keypair(seed, &ask->who_key, &pk);
    wipe(seed, sizeof(seed));
    wipe(secret, sizeof(secret));
    if (!store_local_get(ask->store, "root", &root, sizeof(root)) || !SAME(root, pk)) {
        return ERR_WORDS;
    }
    struct person_id person = person_id_of(&ask->class, &pk);
    err = session_passphrase(ask, slice_str(ask->class_name));
    if (err != OK) {
        return err;
    }
    session_read(ask->store, &person, &session);
    end_other(ask, &person);
    come(ask, &person);
    say_key(ask, &person, &ask->who_key, 0);
    keep_seat(ask, &session);
    return OK;
}

/* ---- who are you? -------------------------------------------------------------------------------------------------- */

/* Everybody who has signed up, and the names of the roster that nobody has taken, in order. */
static enum err choices_tell(struct ask *ask, struct pack *p)
{
    struct shown_list people;
    char shown[SHOWN_BYTES];
    struct pack free;
    uint32_t free_count = 0;
    all_people(ask->store, &people);
    pack_init(&free);
    sqlite3_stmt *stmt = roster_waiting(ask->store);
    while (people.count + free_count < LIST_MAX && store_row(ask->store, stmt)) {
        pack_column(&free, stmt, 0);
        free_count++;
    }
    sqlite3_reset(stmt);
    pack_map(p, 1);
    pack_str(p, "names");
    pack_array(p, people.count + free_count);
    for (uint32_t i = 0; i < people.count; i++) {
        struct person_id person = id_person(&people.ids[i]);
        pack_str(p, person_shown(ask->store, &person, shown));
    }
    pack_packed(p, &free);
    pack_clear(&free);
    return OK;
}

static const struct method methods[] = {
    {"hello", hello_plan, hello_tell, true},
    {"bye", bye_plan, bye_tell, false},
    {"passphrase", passphrase_plan, passphrase_tell, false},
    {"class.rescue", rescue_plan, hello_tell, true},
    {"people.choices", NULL, choices_tell, true},
    {0},
};
static const char *const tables[] = {"session", "lesson", NULL};
const struct view view_session = {
    "session",    tables,  1 << OP_HELLO | 1 << OP_BYE | 1 << OP_KEY | 1 << OP_LESSON,
    session_fold, methods,
};
