/* What jam says about people: who comes, who goes, who is here. */
#include "phrase.h"
#include "say.h"

static const char *name_of(struct page *page, const msgpack_object *map)
{
    const char *name = page_get(page, map, "name");
    return *name ? name : page_get(page, map, "person");
}

/* Why somebody is called ana~k3f, and what can be done about it. */
static void say_tail(struct page *page, const char *person)
{
    const char *tail = strrchr(person, '~');
    if (tail) {
        page_say(page, _("Your teacher can take the %s away: jam people confirm"), tail);
    }
}

static void say_welcome(struct page *page, const msgpack_object *result)
{
    const char *from = page_get(page, result, "moved_from");
    const char *was = phrase_jam_of(page, map_get(result, "was"));
    unsigned waiting = number_of(result, "feedback_waiting");
    if (is_set(result, "new") && is_set(result, "card")) {
        page_say(page,
                 _("Welcome, %s. What you write in a jam the whole class can read. Next: jam list, "
                   "then jam join NAME"),
                 name_of(page, result));
        return;
    }
    if (is_set(result, "new")) {
        page_say(page,
                 _("Welcome, %s, a new name here. (Not new? Find yours: jam who.) What you write "
                   "in a jam the whole class can read. Next: jam list, then jam join NAME"),
                 name_of(page, result));
        say_tail(page, page_get(page, result, "person"));
        return;
    }
    page_put(page, _("Welcome back, %s"), name_of(page, result));
    if (*from) {
        page_put(page, _(" (moved here from %s)"), from);
    }
    page_put(page, ".");
    if (waiting > 0) {
        page_put(page, " ");
        page_put(page,
                 ngettext("%u piece of feedback waits: jam inbox.",
                          "%u pieces of feedback wait: jam inbox.", waiting),
                 waiting);
    }
    if (*was) {
        page_put(page, _(" You were in %s: jam back"), was);
    } else {
        page_put(page, "%s", _(" Next: jam list, then jam join NAME"));
    }
    page_end(page);
}

/* Who can read what is written to one person, in a line. */
static void say_policy(struct page *page, const msgpack_object *result)
{
    struct slice readers = {0};
    map_text(result, "readers", &readers);
    if (slice_is(readers, "everybody")) {
        page_say(page, _("This class has no passphrases: anybody in it can sign in as you, and "
                         "nothing is sealed."));
    } else if (slice_is(readers, "recipient and teachers")) {
        page_say(page, _("Feedback to you is sealed: you and the teachers of this class can "
                         "read it."));
    } else if (slice_is(readers, "recipient")) {
        page_say(page, _("Feedback to you is sealed: you alone can read it."));
    }
}

enum { LAST_DAYS = 14 }; /* it is said so many days before */

void say_over(struct page *page, const msgpack_object *result)
{
    const char *until = page_get(page, result, "until");
    unsigned left = number_of(result, "days_left");
    if (is_set(result, "over")) {
        page_say(page, _("The class's last day is over. Keep what you want: jam class export. Its "
                         "teacher ends it, and erases what was written: jam class close"));
    } else if (*until && left == 0) {
        page_say(page, _("Today is the class's last day. Keep what you want: jam class export"));
    } else if (*until && left <= LAST_DAYS) {
        page_put(page,
                 ngettext("The class's last day is %s, in %u day. ",
                          "The class's last day is %s, in %u days. ", left),
                 until, left);
        page_say(page, "%s", _("Keep what you want: jam class export"));
    }
}

void say_hello(struct page *page, const msgpack_object *result)
{
    const char *other = page_get(page, result, "signed_out");
    if (*other) {
        page_say(page, _("%s is signed out here."), other);
    }
    say_welcome(page, result);
    say_policy(page, result);
    say_over(page, result);
    if (is_set(result, "key_reset")) {
        page_say(page,
                 _("The card is used up: your own words are good from now on. Feedback that was "
                   "sealed to you before it can't be opened any more; nobody can tell how much "
                   "that is."));
    }
}

void say_bye(struct page *page, const msgpack_object *result)
{
    const char *was = phrase_jam_of(page, map_get(result, "was"));
    page_put(page, is_set(result, "everywhere") ? _("Bye, %s, at all machines.") : _("Bye, %s."),
             name_of(page, result));
    if (*was) {
        page_put(page, _(" You stay a member of %s: next time jam hello, then jam back"), was);
    } else {
        page_put(page, "%s", _(" Next time: jam hello YOUR-NAME"));
    }
    page_end(page);
}

/* Their place, and since when; who was never here has been away for no time. */
static void put_where(struct page *page, const msgpack_object *person)
{
    const char *age = phrase_age(page, person);
    page_put(page, "%s", phrase_place(page, map_get(person, "place")));
    page_put(page, *age ? ", %s" : "%s", age);
}

static void say_person(struct page *page, const msgpack_object *person)
{
    const char *seat = page_get(page, person, "seat");
    const char *members = phrase_names(page, map_get(person, "member_of"));
    struct items roles = items_of(person, "roles");
    page_put(page, "%s", name_of(page, person));
    if (*seat && is_set(person, "here")) {
        page_put(page, _(" at %s"), seat);
    }
    page_put(page, ": ");
    put_where(page, person);
    page_end(page);
    if (*members) {
        page_say(page, _("  member of %s"), members);
    }
    for (uint32_t i = 0; i < roles.count; i++) {
        page_say(page, _("  %s in %s"), page_get(page, &roles.at[i], "role"),
                 page_get(page, &roles.at[i], "jam"));
    }
}

void say_who(struct page *page, const msgpack_object *result)
{
    struct items people = items_of(result, "people");
    const msgpack_object *one = map_get(result, "person");
    if (one) {
        say_person(page, one);
        return;
    }
    for (uint32_t i = 0; i < people.count; i++) {
        const msgpack_object *person = &people.at[i];
        const char *seat = page_get(page, person, "seat");
        page_put(page, "%2u %s", number_of(person, "n"), name_of(page, person));
        page_pad(page, page->plain ? 0 : 18);
        put_where(page, person);
        if (*seat && is_set(person, "here")) {
            page_put(page, _(", at %s"), seat);
        }
        page_end(page);
    }
    if (people.count == 0) {
        page_say(page, _("Nobody has been here yet. Sign in: jam hello YOUR-NAME"));
    }
}
