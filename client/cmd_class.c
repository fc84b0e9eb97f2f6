/* What jam says about classes and their machines. */
#include "phrase.h"
#include "say.h"

static const char *class_name(struct page *page, const msgpack_object *result)
{
    return page_get(page, map_get(result, "class"), "name");
}

void say_class_create(struct page *page, const msgpack_object *result)
{
    const char *rescue = page_get(page, result, "rescue");
    page_say(page,
             _("Made the class %s%s. Its other machines knock, once jamd runs there: jam class "
               "admit. Or bring them in by words: jam class invite"),
             class_name(page, result), phrase_as(page));
    if (*rescue) {
        page_say(page,
                 _("Put these words on paper, and show them to nobody; they bring your class back "
                   "if you forget your passphrase (jam class rescue):"));
        page_say(page, "    %s", rescue);
    }
}

void say_class_invite(struct page *page, const msgpack_object *result)
{
    page_say(page, _("To bring a machine into %s, type there: jam class join %s"),
             class_name(page, result), page_get(page, result, "invite"));
}

void say_class_join(struct page *page, const msgpack_object *result)
{
    if (is_set(result, "waits")) {
        page_say(page, _("The words are right. No machine of that class has answered yet; this one "
                         "goes on asking. If it takes long: jam doctor"));
        return;
    }
    page_say(page, _("This machine is in %s now. Next: jam hello YOUR-NAME"),
             class_name(page, result));
}

void say_class_list(struct page *page, const msgpack_object *result)
{
    struct items classes = items_of(result, "classes");
    for (uint32_t i = 0; i < classes.count; i++) {
        const msgpack_object *class = &classes.at[i];
        const char *name = page_get(page, class, "name");
        unsigned people = number_of(class, "people");
        unsigned machines = number_of(class, "machines");
        page_put(page, "%2u %s", number_of(class, "n"), *name ? name : _("(no name yet)"));
        if (is_set(class, "waits")) {
            page_put(page, "  %s", _("nobody has answered yet"));
        } else {
            page_put(page, "  ");
            page_put(page, ngettext("%u person", "%u people", people), people);
            page_put(page, ", ");
            page_put(page, ngettext("%u machine", "%u machines", machines), machines);
        }
        const char *until = page_get(page, class, "until");
        page_put(page, *until ? _(", until %s") : "%s", until);
        page_put(page, "%s", is_set(class, "closed") ? _(", has ended") : "");
        page_put(page, "%s", is_set(class, "current") ? _("  (in use)") : "");
        const char *words = page_get(page, class, "words");
        page_put(page, *words ? _("; its words: %s") : "%s", words);
        page_end(page);
    }
    if (classes.count == 0) {
        page_say(page, _("This machine is in no class yet. jam class join WORDS, or "
                         "jam class create NAME"));
        say_knocking(page, map_get(result, "knock"));
    }
}

void say_class_use(struct page *page, const msgpack_object *result)
{
    const char *other = page_get(page, result, "signed_out");
    if (*other) {
        page_say(page, _("%s is signed out here."), other);
    }
    page_say(page, _("This machine uses %s now. Who is there: jam who"), class_name(page, result));
}

void say_class_until(struct page *page, const msgpack_object *result)
{
    const char *until = page_get(page, result, "until");
    if (*until) {
        page_say(page,
                 _("The class's last day is %s now%s. Nothing is erased by its coming, but by: "
                   "jam class close"),
                 until, phrase_as(page));
        if (is_set(result, "over")) {
            page_say(page, _("By this machine's clock that day is over. Another: jam class until "
                             "DAY"));
        }
    } else {
        page_say(page, _("The class has no last day now%s."), phrase_as(page));
    }
}

void say_class_seat(struct page *page, const msgpack_object *result)
{
    const char *host = page_get(page, result, "host");
    const char *seat = page_get(page, result, "seat");
    if (*host) {
        page_say(page, _("The machine %s is \"%s\" now%s. All of them: jam status"), host, seat,
                 phrase_as(page));
    } else {
        page_say(page, _("This machine is \"%s\" now%s. All of them: jam status"), seat,
                 phrase_as(page));
    }
}
