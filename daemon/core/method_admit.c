/* The teacher's door: who knocks, and whom to let in. Both wait until the words of those who knock are known, since only by
 * them a person can tell one machine from another that calls itself the same. */
#include <stdio.h>

#include "authority.h"
#include "device_inside.h"
#include "rows.h"
#include "text.h"

enum { NUMBER_DIGITS_MAX = 9 };

static enum err begin(struct call *call, enum pending_kind kind, struct pending **out)
{
    struct mono due = {call->now.mono.ms + KNOCKS_PATIENCE_MS};
    if (!call->class) {
        return ERR_NO_CLASS;
    }
    if (!call->class->known) {
        return ERR_CLASS_WAITS;
    }
    if (!request_is_of_teacher(call, call->class)) {
        return ERR_NOT_TEACHER;
    }
    *out = pending_new(call, kind, due);
    admission_want(call->device, call->now);
    return *out ? OK : ERR_BUSY;
}

enum err method_knocks(struct call *call, struct pack *p)
{
    struct pending *pending;
    (void)p;
    return begin(call, PENDING_KNOCKS, &pending);
}

enum err method_admit(struct call *call, struct pack *p)
{
    struct slice which = {NULL, 0};
    struct pending *pending;
    bool all = false;
    (void)p;
    map_bool(call->params, "all", &all);
    map_text(call->params, "which", &which);
    snprintf(call->what, sizeof(call->what), "which machines");
    if (all ? which.len > 0 : which.len == 0) {
        return all ? ERR_MALFORMED : ERR_EMPTY;
    }
    if (which.len > NAME_BYTES_MAX) {
        return ERR_TOO_LONG;
    }
    enum err err = begin(call, PENDING_ADMIT, &pending);
    if (err == OK && which.len) {
        memcpy(pending->name, which.at, which.len);
    }
    return err;
}

/* ---- which ------------------------------------------------------------------------------------------------------ */

static bool same_name(const char *a, struct slice b)
{
    char key_a[NAME_BYTES_MAX * 3 + 1], key_b[NAME_BYTES_MAX * 3 + 1];
    size_t len = text_key(slice_str(a), key_a, sizeof(key_a));
    return len > 0 && len == text_key(b, key_b, sizeof(key_b)) && memcmp(key_a, key_b, len) == 0;
}

/* How the class called the machine with that hardware; false if it never was there. */
static bool seat_of(struct class *class, const struct knocker *k, char out[LABEL_BYTES])
{
    struct hardware_id hardware;
    class_hardware(class, &k->knock.hardware, &hardware);
    return seat_of_hardware(class->store, &hardware, out);
}

static bool is_called(struct class *class, const struct knocker *k, struct slice name)
{
    char seat[LABEL_BYTES], words[KEY_TEXT_MAX];
    memcpy(words, k->words, sizeof(words));
    for (char *at = words; *at; at++) {
        if (*at == ' ') {
            *at = '-';
        }
    }
    return same_name(k->knock.host, name) || same_name(k->words, name) || same_name(words, name) ||
           (seat_of(class, k, seat) && same_name(seat, name));
}

static bool read_number(struct slice text, uint32_t *out)
{
    uint32_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return false;
        }
        n = n * 10 + text.at[i] - '0';
    }
    *out = n;
    return text.len > 0 && text.len <= NUMBER_DIGITS_MAX;
}

/* "7" or "1-30" */
static bool read_range(struct slice text, uint32_t *from, uint32_t *to)
{
    const uint8_t *dash = memchr(text.at, '-', text.len);
    if (!dash) {
        return read_number(text, from) && read_number(text, to);
    }
    size_t len = (size_t)(dash - text.at);
    return read_number(slice_of(text.at, len), from) &&
           read_number(slice_of(dash + 1, text.len - len - 1), to);
}

struct choice {
    struct device *device;
    struct class *class;
    struct now now;
    bool chosen[KNOCKERS_MAX]; /* by index in device->knockers */
    uint32_t count;
};

static void choose(struct choice *c, uint32_t i)
{
    c->count += !c->chosen[i];
    c->chosen[i] = true;
}

static uint32_t knockers_count(const struct device *device)
{
    return device->knockers ? device->knockers->count : 0;
}

/* One word, or all of what was typed. *found: how many it means. */
static void choose_named(struct choice *c, struct slice typed, bool numbers, uint32_t *found)
{
    uint32_t from = 0, to = 0;
    bool range = numbers && read_range(typed, &from, &to);
    *found = 0;
    for (uint32_t i = 0; i < knockers_count(c->device); i++) {
        const struct knocker *k = &c->device->knockers->at[i];
        bool meant = range ? k->number >= from && k->number <= to : is_called(c->class, k, typed);
        if (meant && admission_waits(c->class, k, c->now)) {
            choose(c, i);
            ++*found;
        }
    }
    *found = range && *found ? 1 : *found;
}

static struct slice take_word(struct slice *rest)
{
    size_t begin = 0;
    while (begin < rest->len && strchr(" ,;", rest->at[begin])) {
        begin++;
    }
    size_t end = begin;
    while (end < rest->len && !strchr(" ,;", rest->at[end])) {
        end++;
    }
    struct slice word = slice_of(rest->at + begin, end - begin);
    *rest = slice_of(rest->at + end, rest->len - end);
    return word;
}

/* What was typed is one name, or numbers and names. */
static enum err choose_typed(struct choice *c, const char *typed, struct slice *wrong)
{
    struct slice rest = slice_str(typed), word;
    uint32_t found;
    *wrong = rest;
    choose_named(c, rest, true, &found);
    if (found) {
        return found == 1 ? OK : ERR_AMBIGUOUS;
    }
    while ((word = take_word(&rest)).len) {
        choose_named(c, word, true, &found);
        if (found != 1) {
            *wrong = word;
            return found ? ERR_AMBIGUOUS : ERR_NO_SUCH_KNOCK;
        }
    }
    return c->count ? OK : ERR_NO_SUCH_KNOCK;
}

static void choose_all(struct choice *c)
{
    for (uint32_t i = 0; i < knockers_count(c->device); i++) {
        if (admission_waits(c->class, &c->device->knockers->at[i], c->now)) {
            choose(c, i);
        }
    }
}

/* ---- telling ---------------------------------------------------------------------------------------------------- */

static void pack_knocker(struct pack *p, struct choice *c, const struct knocker *k)
{
    char id[17], seat[LABEL_BYTES];
    bool before = seat_of(c->class, k, seat);
    struct age age = {.age_ms = c->now.mono.ms - k->first.ms, .clock = AGE_SEEN};
    age.at_ms = c->now.wall.ms - age.age_ms;
    pack_map(p, 11);
    pack_str(p, "n");
    pack_uint(p, k->number);
    pack_str(p, "id");
    pack_str(p, hex(id, k->knock.device.b, 8));
    pack_str(p, "host");
    pack_str(p, k->knock.host);
    pack_str(p, "seat");
    pack_str(p, before ? seat : NULL);
    pack_str(p, "before");
    pack_bool(p, before);
    pack_str(p, "words");
    pack_str(p, *k->words ? k->words : NULL);
    pack_str(p, "same");
    pack_bool(p, knockers_alike(c->device->knockers, k, c->now));
    pack_str(p, "called");
    pack_bool(p, k->admitted);
    pack_age(p, &age);
}

static void pack_class_words(struct pack *p, struct class *class)
{
    pack_str(p, "class_words");
    pack_str(p, *class->words ? class->words : NULL);
}

static void pack_chosen(struct pack *p, const char *key, struct choice *c)
{
    pack_str(p, key);
    pack_array(p, c->count);
    for (uint32_t i = 0; i < knockers_count(c->device); i++) {
        if (c->chosen[i]) {
            pack_knocker(p, c, &c->device->knockers->at[i]);
        }
    }
}

/* Lets in whom nobody else looks like; tells the others too. */
static void admit(struct choice *c, struct pack *p)
{
    struct choice in = {.device = c->device, .class = c->class, .now = c->now}, same = in,
                  wait = in;
    for (uint32_t i = 0; i < knockers_count(c->device); i++) {
        struct knocker *k = &c->device->knockers->at[i];
        if (c->chosen[i] && !*k->words) {
            choose(&wait, i);
        } else if (c->chosen[i] && knockers_alike(c->device->knockers, k, c->now)) {
            choose(&same, i);
        } else if (c->chosen[i]) {
            choose(&in, i);
            admission_admit(c->class, k, c->now);
        }
    }
    pack_map(p, 5);
    pack_class(p, c->class);
    pack_class_words(p, c->class);
    pack_chosen(p, "admitted", &in);
    pack_chosen(p, "same", &same);
    pack_chosen(p, "wait", &wait);
}

/* Are the words of all that are chosen known? */
static bool words_are_there(const struct choice *c)
{
    for (uint32_t i = 0; i < knockers_count(c->device); i++) {
        if (c->chosen[i] && !*c->device->knockers->at[i].words) {
            return false;
        }
    }
    return true;
}

static void answer_knocks(struct choice *c, struct pending *pending, bool due)
{
    struct pack *p = &c->device->result;
    choose_all(c);
    if (!due && !(words_are_there(c) && *c->class->words)) {
        return;
    }
    pack_reset(p);
    pack_map(p, 3);
    pack_class(p, c->class);
    pack_class_words(p, c->class);
    pack_chosen(p, "knocks", c);
    request_reply(c->device, pending->client, pending->number, pack_bytes(p), false,
                  c->class->index);
    pending_end(pending);
}

static void answer_admit(struct choice *c, struct pending *pending, bool due)
{
    struct slice wrong = {NULL, 0};
    char what[NAME_BYTES_MAX + 1];
    enum err err = OK;
    if (*pending->name) {
        err = choose_typed(c, pending->name, &wrong);
    } else {
        choose_all(c);
    }
    if (!due && err == OK && !words_are_there(c)) {
        return;
    }
    if (err == OK) {
        pack_reset(&c->device->result);
        admit(c, &c->device->result);
        request_reply(c->device, pending->client, pending->number, pack_bytes(&c->device->result),
                      false, c->class->index);
    } else {
        snprintf(what, sizeof(what), "%.*s", (int)wrong.len, (const char *)wrong.at);
        request_refuse(c->device, pending->client, pending->number, err, what,
                       err == ERR_AMBIGUOUS ? "type their numbers: jam class admit" : NULL);
    }
    pending_end(pending);
}

void admit_tick(struct device *device, struct pending *pending, struct now now)
{
    struct choice c = {
        .device = device, .class = device->classes[pending->class_index], .now = now};
    bool due = now.mono.ms >= pending->due.ms;
    if (pending->kind == PENDING_KNOCKS) {
        answer_knocks(&c, pending, due);
    } else {
        answer_admit(&c, pending, due);
    }
}
