/* What jam says at a glance: where I am, whether it is safe to switch off, one field for a prompt. */
#include "phrase.h"
#include "run.h"
#include "say.h"

static const char *freshness(struct page *page, const msgpack_object *result)
{
    return is_set(result, "live") ? _("live")
                                  : page_format(page, _("NOT LIVE for %s"),
                                                phrase_seconds(page, number_of(result, "live_s")));
}

/* "Period 3 · you are Ana at PC 7 · 26 people, 5 jams · live" */
static void put_first_line(struct page *page, const msgpack_object *result)
{
    const char *person = page_get(page, result, "person");
    const char *seat = page_get(page, result, "seat");
    const char *dot = phrase_sign(page, " · ", ", ");
    unsigned people = number_of(result, "people");
    unsigned jams = number_of(result, "jams");
    page_put(page, "%s", page_get(page, result, "class"));
    if (*person && *seat) {
        page_put(page, _("%syou are %s at %s"), dot, person, seat);
    } else if (*person) {
        page_put(page, _("%syou are %s"), dot, person);
    } else if (*seat) {
        page_put(page, _("%sthis is %s"), dot, seat);
    }
    page_put(page, "%s", dot);
    page_may_break(page);
    page_put(page, ngettext("%u person here", "%u people here", people), people);
    page_put(page, ", ");
    page_put(page, ngettext("%u jam", "%u jams", jams), jams);
    page_put(page, "%s", dot);
    page_may_break(page);
    page_put(page, "%s", freshness(page, result));
    page_end(page);
}

static void say_my_place(struct page *page, const msgpack_object *result)
{
    const msgpack_object *place = map_get(result, "place");
    const char *roles = phrase_names(page, map_get(result, "roles"));
    const char *with = phrase_names(page, map_get(result, "with"));
    page_put(page, "  %s", phrase_place(page, place));
    if (*roles) {
        page_put(page, " (%s)", roles);
    }
    if (*with) {
        page_put(page, _(" with %s"), with);
    }
    const char *age = phrase_age(page, place);
    if (!*age) {
        age = phrase_age(page, result);
    }
    page_put(page, "%s%s", *age ? phrase_sign(page, " · ", ", ") : "", age);
    if (!*phrase_jam_of(page, place)) {
        page_put(page, "%s", _(". Into a jam: jam list, then jam join NAME"));
    }
    page_end(page);
}

static void say_waiting(struct page *page, const msgpack_object *result)
{
    struct items waiting = items_of(result, "waiting");
    for (uint32_t i = 0; i < waiting.count; i++) {
        const char *from = page_get(page, &waiting.at[i], "from");
        unsigned n = number_of(&waiting.at[i], "n");
        page_put(page, ngettext("  %u piece of feedback", "  %u pieces of feedback", n), n);
        page_put(page, *from ? _(" from %s") : "%s", from);
        page_put(page, "%s", _(". Read it: jam inbox"));
        page_end(page);
    }
}

void say_here(struct page *page, const msgpack_object *result)
{
    const msgpack_object *knock = map_get(result, "knock");
    if (knock) {
        say_knocking(page, knock);
        return;
    }
    put_first_line(page, result);
    say_over(page, result);
    if (!*page_get(page, result, "person")) {
        const char *left = phrase_left(page, map_get(result, "left"));
        if (*left) {
            page_say(page, "  %s", left);
        }
        page_say(page, _("  Nobody is signed in here. Type: jam hello YOUR-NAME"));
        const char *words = page_get(page, result, "class_words");
        if (*words) {
            page_say(page, _("  The class's words: %s. Your teacher's screen shows the same."),
                     words);
        }
        return;
    }
    say_my_place(page, result);
    struct items tasks = items_of(result, "tasks");
    for (uint32_t i = 0; i < tasks.count; i++) {
        page_say(page, _("  your task: %s (%s)"), phrase_task(page, &tasks.at[i]),
                 phrase_task_state(&tasks.at[i]));
    }
    say_waiting(page, result);
}

/* May this machine be switched off without losing anything? */
static void say_safe(struct page *page, const msgpack_object *status)
{
    unsigned lasting = number_of(status, "safe_on");
    unsigned on = lasting > 0 ? lasting : number_of(status, "copies");
    if (on > 0) {
        page_put(
            page,
            ngettext("Your work is on %u other machine", "Your work is on %u other machines", on),
            on);
        page_put(page, "%s",
                 lasting > 0              ? _(": safe to switch off.")
                 : is_set(status, "safe") ? _(": safe to switch off, while they stay on.")
                                          : _(", which forgets it when it is switched off: leave "
                                              "one of the two on."));
    } else if (number_of(status, "peers") == 0) {
        page_put(page, "%s",
                 _("No other machine is heard: what is new here is on this machine only. What to "
                   "do: jam doctor"));
    } else {
        page_put(page, "%s",
                 _("Wait before you switch off: not all of your work is on another machine yet."));
    }
    page_end(page);
}

static const char *machine_state(struct page *page, const msgpack_object *machine)
{
    struct slice state = {0};
    map_text(machine, "state", &state);
    const char *age = phrase_age(page, machine);
    return slice_is(state, "here")   ? _("here")
           : slice_is(state, "left") ? page_format(page, _("switched off, %s"), age)
           : slice_is(state, "gone") ? page_format(page, _("silent, %s"), age)
                                     : page_get(page, machine, "state");
}

enum { CLOCK_OFF_S = 60 }; /* a clock that is less wrong than this isn't worth a word */

static void say_machine(struct page *page, const msgpack_object *machine)
{
    const char *seat = page_get(page, machine, "seat");
    int64_t off = 0;
    page_put(page, "  %s", *seat ? seat : page_get(page, machine, "host"));
    page_pad(page, page->plain ? 0 : 20);
    page_put(page, "%s", machine_state(page, machine));
    if (map_int(machine, "clock_off_s", &off) && (off >= CLOCK_OFF_S || off <= -CLOCK_OFF_S)) {
        page_put(page, off > 0 ? _(", its clock is %s ahead") : _(", its clock is %s behind"),
                 phrase_seconds(page, off > 0 ? off : -off));
    }
    if (map_get(machine, "safe") && !is_set(machine, "safe")) {
        page_put(page, "%s", _(", not everything is on it yet"));
    }
    if (page->more) {
        page_put(page, ", %s %s %s", page_get(page, machine, "host"),
                 page_get(page, machine, "address"), page_get(page, machine, "iface"));
    }
    page_end(page);
}

/* Words for those who keep the machines; asked for by --long. */
static void say_inside(struct page *page, const msgpack_object *status)
{
    static const char *const numbers[] = {"entries", "feeds", "waiting",         "behind",
                                          "copies",  "newer", "lasting_machines"};
    static const char *const texts[] = {"fingerprint", "views", "run"};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        page_say(page, "  %s: %u", numbers[i], number_of(status, numbers[i]));
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        page_say(page, "  %s: %s", texts[i], page_get(page, status, texts[i]));
    }
}

/* What somebody wrote who may not: it is kept and has no effect. */
static void say_refused(struct page *page, const msgpack_object *status)
{
    struct items refused = items_of(status, "refused");
    for (uint32_t i = 0; i < refused.count; i++) {
        const char *seat = page_get(page, &refused.at[i], "seat");
        page_say(page, _("Refused entries from %s: %u"),
                 *seat ? seat : page_get(page, &refused.at[i], "device"),
                 number_of(&refused.at[i], "count"));
    }
}

enum { ERASURES_SHOWN = 3 }; /* the newest: a machine may never wake */

/* What is to be erased everywhere, and isn't yet. */
static void say_erasures(struct page *page, const msgpack_object *status)
{
    struct items redactions = items_of(status, "redactions");
    struct items closings = items_of(status, "closings");
    for (uint32_t i = 0; i < redactions.count && i < ERASURES_SHOWN; i++) {
        say_receipt(page, &redactions.at[i]);
    }
    if (redactions.count > ERASURES_SHOWN) {
        unsigned more = redactions.count - ERASURES_SHOWN;
        page_say(page,
                 ngettext("%u more isn't erased everywhere: jam redact --receipt",
                          "%u more aren't erased everywhere: jam redact --receipt", more),
                 more);
    }
    for (uint32_t i = 0; i < closings.count; i++) {
        say_class_close(page, &closings.at[i]);
    }
}

/* Why it is alone, if others said so: else who reads this looks for a cable. */
static void say_refusal(struct page *page, const msgpack_object *status)
{
    struct slice refusal = {0};
    map_text(status, "refusal", &refusal);
    if (slice_is(refusal, "expelled")) {
        page_say(page, _("This machine was put out of the class. Ask a teacher."));
    } else if (slice_is(refusal, "old-words")) {
        page_say(page,
                 _("The class has other words now. Ask your teacher for them, then: jam class "
                   "join WORDS"));
    }
}

void say_status(struct page *page, const msgpack_object *result)
{
    const msgpack_object *status = map_get(result, "status");
    struct items machines = items_of(status, "machines");
    struct items forks = items_of(status, "forks");
    struct items lacking = items_of(status, "lacking");
    const char *disk = page_get(page, status, "disk");
    unsigned peers = number_of(status, "peers");
    unsigned behind = number_of(status, "behind");
    say_refusal(page, status);
    say_safe(page, status);
    page_put(page, "%s: ", page_get(page, status, "class"));
    page_put(page, ngettext("%u other machine is heard", "%u other machines are heard", peers),
             peers);
    page_put(page, behind > 0 ? _("; still catching up.") : ".");
    page_end(page);
    if (*disk) {
        page_say(page, _("This machine's disk can't take it: %s. Tell your teacher."), disk);
    }
    if (*page_get(page, status, "damaged")) {
        page_say(page, _("What this machine had saved was damaged. It is set aside; what could be "
                         "read of it is "
                         "here, and the other machines give the rest. Tell your teacher."));
    }
    for (uint32_t i = 0; i < forks.count; i++) {
        struct slice fork;
        if (read_text(&forks.at[i], &fork)) {
            page_say(page, _("Two different stories came from %s: what it says is not used."),
                     page_shown(page, fork, 0));
        }
    }
    for (uint32_t i = 0; i < lacking.count; i++) {
        struct slice id;
        if (read_text(&lacking.at[i], &id)) {
            page_say(page,
                     _("An entry came without what it says; it is asked for elsewhere. A teacher "
                       "can give it up: jam redact %s --why REASON"),
                     page_shown(page, id, 0));
        }
    }
    say_refused(page, status);
    say_erasures(page, status);
    for (uint32_t i = 0; i < machines.count; i++) {
        say_machine(page, &machines.at[i]);
    }
    if (page->more) {
        say_inside(page, status);
    }
}

void say_names(struct page *page, const msgpack_object *result)
{
    struct items names = items_of(result, "names");
    for (uint32_t i = 0; i < names.count; i++) {
        struct slice name;
        if (read_text(&names.at[i], &name)) {
            page_say(page, "%s", page_shown(page, name, 0));
        }
    }
}

void say_prompt(struct page *page, const msgpack_object *result)
{
    const char *text = page_get(page, result, "text");
    const char *moved_to = page_get(page, map_get(result, "left"), "seat");
    if (*text) {
        page_say(page, "%s", text);
    } else if (*moved_to) {
        page_say(page, _("moved to %s"), moved_to);
    }
}

/* A shell's prompt is no place for complaints. */
int run_prompt(struct run *run)
{
    struct question question;
    struct answer answer = {0};
    int status = EXIT_NO_DAEMON;
    if (args_question(run->args, &question) != OK) {
        return run_usage(run);
    }
    enum err err = call_ask(&run->call, &question, &answer);
    if (err == OK) {
        run->show->answer(&run->style, answer.result, say_prompt);
    }
    status = err == OK ? EXIT_DONE : err == ERR_NO_DAEMON ? EXIT_NO_DAEMON : EXIT_REFUSED;
    answer_clear(&answer);
    return status;
}
