/* What works on this network and what doesn't, in a teacher's words, and what to do. */
#include "phrase.h"
#include "run.h"
#include "say.h"

/* A check by jamd's name for it: when it is well, when it isn't, and what to do then. %1 is the interface, %2 what jamd
 * found. `path`: one of several ways that machines find each other by; one of them is enough. `mild`: good to know, but
 * nobody need do anything now. */
static const struct check {
    const char *id;
    bool path;
    bool mild;
    const char *good;
    const char *bad;
    const char *todo;
} checks[] = {
    {"broadcast", true, false, N_("machines find each other on %1 by broadcast"),
     N_("broadcast doesn't come through on %1"), ""},
    {"multicast4", true, false, N_("multicast works on %1"),
     N_("multicast doesn't come through on %1"), ""},
    {"multicast6", true, false, N_("multicast over IPv6 works on %1"),
     N_("multicast over IPv6 doesn't come through on %1"), ""},
    {"reached", false, false, N_("other machines reach this one"),
     N_("other machines can't reach this one"),
     N_("A firewall may stand between: let jamd through on this machine")},
    {"called", false, false, N_("this machine reaches the others"),
     N_("this machine can't reach the others"),
     N_("Many a Wi-Fi keeps machines apart: use a cable, or the teacher's hotspot")},
    {"address", false, false, N_("every machine has its own address"),
     N_("two machines have one address: %2"), N_("Switch one of them off and on again")},
    {"clock", false, true, N_("the clocks agree"), N_("clocks are wrong: %2"),
     N_("Jam works all the same; set them when you have time")},
    {"lasting", false, true, N_("disks keep what is saved"),
     N_("disks here forget everything when they start again"),
     N_("Before the bell, leave a machine on whose disk keeps things")},
    {"disk", false, false, N_("the disk is well"), N_("the disk can't take more: %2"),
     N_("Make room on the disk of this machine")},
    {"peers", false, false, N_("other machines of the class are here"),
     N_("no other machine of the class is heard"),
     N_("Are they on, with jamd running and in this class? Is the cable in?")},
};

static const struct check *check_of(const msgpack_object *one)
{
    struct slice id = {0};
    map_text(one, "id", &id);
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (slice_is(id, checks[i].id)) {
            return &checks[i];
        }
    }
    return NULL;
}

/* Is there a way by which machines find each other? */
static bool any_path(struct items all)
{
    bool any = false;
    for (uint32_t i = 0; i < all.count; i++) {
        const struct check *check = check_of(&all.at[i]);
        any = any || (check && check->path && is_set(&all.at[i], "ok"));
    }
    return any;
}

/* Does it need a person? */
static bool is_grave(const msgpack_object *one, bool path)
{
    const struct check *check = check_of(one);
    if (is_set(one, "ok") || !map_get(one, "ok")) {
        return false;
    }
    return check && (check->path ? !path : !check->mild);
}

static void say_check(struct page *page, const msgpack_object *one, bool path)
{
    const struct check *check = check_of(one);
    bool ok = is_set(one, "ok");
    bool grave = is_grave(one, path);
    const char *iface = page_get(page, one, "iface");
    const char *what = page_get(page, one, "what");
    unsigned of = number_of(one, "of");
    page_put(page, "  %s ",
             ok      ? sign(page, "✓", _("good:"))
             : grave ? sign(page, "✗", _("bad:"))
                     : sign(page, "!", _("note:")));
    page_hang(page);
    if (!check) {
        page_put(page, "%s %s %s", page_get(page, one, "id"), iface, what);
    } else {
        page_put(
            page, "%s",
            page_fill(page, gettext(ok ? check->good : check->bad), *iface ? iface : "", what));
    }
    if (of > 0) {
        page_put(page, _(" (%u of %u)"), number_of(one, "count"), of);
    }
    if (!ok && check && *check->todo) {
        page_put(page, ". %s", gettext(check->todo));
    } else if (!ok && check && check->path) {
        page_put(page, "%s",
                 grave ? _(". The switch or Wi-Fi swallows it: use a cable, or jamd --peer ADDRESS")
                       : _(". Nothing to do: another way works"));
    }
    page_end(page);
}

void say_doctor(struct page *page, const msgpack_object *result)
{
    struct items all = items_of(result, "checks");
    bool path = any_path(all);
    bool grave = false;
    const char *bad = sign(page, "✗", _("bad:"));
    for (uint32_t i = 0; i < all.count; i++) {
        grave = grave || is_grave(&all.at[i], path);
        say_check(page, &all.at[i], path);
    }
    page_say(page, "%s",
             grave ? page_format(page, _("This needs a person: see each line with %s"), bad)
                   : _("All is well here."));
}

int run_doctor(struct run *run)
{
    struct question question;
    struct answer answer = {0};
    if (args_question(run->args, &question) != OK) {
        return run_usage(run);
    }
    int status = EXIT_DONE;
    enum err err = call_ask(&run->call, &question, &answer);
    if (err != OK) {
        status = run_refuse(run, err, &answer);
    } else {
        struct items all = items_of(answer.result, "checks");
        bool path = any_path(all);
        for (uint32_t i = 0; i < all.count; i++) {
            status = is_grave(&all.at[i], path) ? EXIT_REFUSED : status;
        }
        run->show->answer(&run->style, answer.result, say_doctor);
    }
    answer_clear(&answer);
    return status;
}
