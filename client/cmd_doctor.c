/* What works on this network and what doesn't, in a teacher's words, and what to do. */
#include "phrase.h"
#include "run.h"
#include "say.h"

/* A check by jamd's name for it: when it is well, when it isn't, and what to do then. %1 is " on eth0" or nothing, %2 what
 * jamd found. `path`: one of several ways by which machines find each other; one of them is enough. `mild`: good to know,
 * but nobody need do anything now. `tried`: means nothing unless another machine was there. */
static const struct check {
    const char *id;
    bool path;
    bool mild;
    bool tried;
    const char *good;
    const char *bad;
    const char *todo;
} checks[] = {
    {"broadcast", true, true, false, N_("machines find each other by broadcast%1"),
     N_("nobody is heard by broadcast%1"), ""},
    {"multicast4", true, true, false, N_("machines find each other by multicast%1"),
     N_("nobody is heard by multicast%1"), ""},
    {"multicast6", true, true, false, N_("machines find each other by multicast over IPv6%1"),
     N_("nobody is heard by multicast over IPv6%1"), ""},
    {"peers", false, false, false, N_("other machines of the class are here"),
     N_("no other machine of the class is heard"),
     N_("Are they on, with jamd running and in this class? Is the cable in? Some switches and "
        "Wi-Fis "
        "keep machines apart: use a cable, the teacher's hotspot, or jamd --peer ADDRESS")},
    {"reached", false, false, true, N_("other machines reach this one"),
     N_("other machines can't reach this one"),
     N_("A firewall may stand between: let jamd through on this machine")},
    {"called", false, false, true, N_("this machine reaches the others"),
     N_("this machine can't reach the others"),
     N_("Many a Wi-Fi keeps machines apart: use a cable, or the teacher's hotspot")},
    {"address", false, false, false, N_("every machine has its own address"),
     N_("two machines have one address: %2"), N_("Switch one of them off and on again")},
    {"copy", false, false, false, N_("every machine has its own key"),
     N_("a disk is a copy of another's, and two machines have one key: %2"),
     N_("Switch both off and on again: each then makes a key of its own")},
    {"clock", false, true, false, N_("the clocks agree"), N_("clocks are wrong: %2"),
     N_("Jam works all the same; set them when you have time")},
    {"lasting", false, true, false, N_("disks keep what is saved"),
     N_("disks here forget everything when they start again"),
     N_("Before you go home, switch on a machine whose disk keeps things")},
    {"expelled", false, false, false, "", N_("this machine was put out of the class"),
     N_("Ask a teacher; what follows here comes of that")},
    {"old-words", false, false, false, "", N_("the class has other words now"),
     N_("Ask your teacher for them, then: jam class join WORDS")},
    {"knocks", false, false, false, "",
     N_("this machine is in no class, and knocks. Its words: %2"),
     N_("A teacher lets it in: jam class admit")},
    {"calls", false, false, false, "", N_("two classes call this machine: %2"),
     N_("Ask your teacher; then: jam class join WORDS")},
    {"disk", false, false, false, N_("the disk is well"), N_("the disk can't take more: %2"),
     N_("Make room on the disk of this machine")},
    {"kept", false, true, false, N_("the disk here kept what was saved"),
     N_("the disk here lost what was saved; other machines gave it back"),
     N_("If it isn't meant to forget, this machine needs another disk")},
    {"damaged", false, false, false, N_("what is saved here can be read"),
     N_("what was saved here is damaged, and set aside: %2"),
     N_("The others give it back. If it comes again, this machine needs another disk")},
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
static bool is_grave(const msgpack_object *one)
{
    const struct check *check = check_of(one);
    bool ok = true;
    map_bool(one, "ok", &ok);
    return !ok && check && !check->mild && (!check->tried || number_of(one, "of") > 0);
}

static const char *todo_of(const struct check *check, const msgpack_object *one, bool path)
{
    if (check->path) {
        return path ? _("Nothing to do: another way works") : "";
    }
    if (check->tried && number_of(one, "of") == 0) {
        return _("But no other machine was there to try it with");
    }
    return *check->todo ? gettext(check->todo) : "";
}

static void say_check(struct page *page, const msgpack_object *one, bool path)
{
    const struct check *check = check_of(one);
    bool ok = is_set(one, "ok");
    const char *iface = page_get(page, one, "iface");
    const char *what = page_get(page, one, "what");
    unsigned of = number_of(one, "of");
    page_put(page, "  %s ",
             ok              ? phrase_sign(page, "✓", _("good:"))
             : is_grave(one) ? phrase_sign(page, "✗", _("bad:"))
                             : phrase_sign(page, "!", _("note:")));
    page_hang(page);
    if (!check) {
        page_say(page, "%s %s %s", page_get(page, one, "id"), iface, what);
        return;
    }
    const char *on = *iface ? page_format(page, _(" on %s"), iface) : "";
    page_put(page, "%s", page_fill(page, gettext(ok ? check->good : check->bad), on, what));
    unsigned count = number_of(one, "count");
    if (of > 0 && !(ok && count == 0)) { /* "well: 0 of 30" would count what is wrong */
        page_put(page, _(" (%u of %u)"), count, of);
    }
    const char *todo = ok ? "" : todo_of(check, one, path);
    page_put(page, *todo ? ". %s" : "%s", todo);
    page_end(page);
}

void say_doctor(struct page *page, const msgpack_object *result)
{
    struct items all = items_of(result, "checks");
    bool path = any_path(all);
    bool grave = false;
    const char *bad = phrase_sign(page, "✗", _("bad:"));
    for (uint32_t i = 0; i < all.count; i++) {
        grave = grave || is_grave(&all.at[i]);
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
        for (uint32_t i = 0; i < all.count; i++) {
            status = is_grave(&all.at[i]) ? EXIT_REFUSED : status;
        }
        run->show->answer(&run->style, answer.result, say_doctor);
    }
    answer_clear(&answer);
    return status;
}
