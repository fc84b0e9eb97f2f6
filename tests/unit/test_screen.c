/* client: what the watch paints from recorded states, at 80 and 40 columns and in sentences, compared with the screens in
 * tests/screens. JAM_SCREENS=write rewrites those; then look at the diff. Also breaking lines, and harmless names. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "args.h"
#include "phrase.h"
#include "record.h"
#include "say.h"
#include "screen.h"
#include "show.h"

/* ---- recorded states: JSON as in LOCAL.md, read into MessagePack ------------------------------------------------- */

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \n");
}

static const char *pack_json(struct pack *, const char *at);

/* The items of {...} or [...] are packed apart, since their count stands before them. */
static const char *pack_json_items(struct pack *p, const char *at)
{
    bool map = *at == '{';
    struct pack items;
    uint32_t count = 0;
    pack_init(&items);
    at = skip_space(at + 1);
    while (*at != '}' && *at != ']') {
        assert_true(*at != '\0');
        at = skip_space(pack_json(&items, at));
        count++;
        at = skip_space(*at == ',' || *at == ':' ? at + 1 : at);
    }
    if (map) {
        pack_map(p, count / 2);
    } else {
        pack_array(p, count);
    }
    pack_raw(p, pack_bytes(&items));
    pack_clear(&items);
    return at + 1;
}

static const char *pack_json_text(struct pack *p, const char *at)
{
    char text[512];
    size_t len = 0;
    for (at++; *at != '"'; at++) {
        assert_true(*at != '\0' && len + 1 < sizeof(text));
        if (strncmp(at, "\\u00", 4) == 0) { /* only controls are written so */
            text[len++] = (char)strtol((char[]){at[4], at[5], '\0'}, NULL, 16);
            at += 5;
        } else {
            text[len++] = *at;
        }
    }
    pack_text(p, slice_of(text, len));
    return at + 1;
}

static const char *pack_json(struct pack *p, const char *at)
{
    char *end;
    if (*at == '{' || *at == '[') {
        return pack_json_items(p, at);
    }
    if (*at == '"') {
        return pack_json_text(p, at);
    }
    if (*at == 't' || *at == 'f') {
        pack_bool(p, *at == 't');
        return at + (*at == 't' ? 4 : 5);
    }
    if (*at == 'n') {
        pack_nil(p);
        return at + 4;
    }
    pack_int(p, strtoll(at, &end, 10));
    assert_true(end > at);
    return end;
}

static void open_json(const char *json, struct pack *p, struct doc *doc)
{
    pack_init(p);
    pack_json(p, skip_space(json));
    assert_false(p->failed);
    assert_int_equal(doc_open(doc, pack_bytes(p), PACK_LOCAL), OK);
}

static void close_json(struct pack *p, struct doc *doc)
{
    doc_clear(doc);
    pack_clear(p);
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 64 * 1024);
    assert_non_null(text);
    if (file) {
        assert_true(fread(text, 1, 64 * 1024 - 1, file) < 64 * 1024 - 1);
        fclose(file);
    }
    return text;
}

static void expect_file(const char *path, const char *text)
{
    const char *wish = getenv("JAM_SCREENS");
    if (wish && strcmp(wish, "write") == 0) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fputs(text, file) >= 0 && fclose(file) == 0, true);
    }
    char *expected = read_file(path);
    assert_string_equal(text, expected);
    free(expected);
}

/* ---- screens ---------------------------------------------------------------------------------------------------- */

struct shape {
    const char *name;
    unsigned columns;
    bool plain;
    bool ascii;
};

static size_t widest_line(const char *text)
{
    struct page ruler;
    size_t most = 0;
    assert_true(page_init(&ruler, 0));
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        page_put(&ruler, "%.*s", (int)len, text);
        most = page_column(&ruler) > most ? page_column(&ruler) : most;
        page_end(&ruler);
        text += len + 1;
    }
    page_clear(&ruler);
    return most;
}

static void paint_as(const char *name, const msgpack_object *state, const struct shape *shape,
                     int64_t elapsed_ms)
{
    char path[128];
    struct page page;
    struct screen screen = screen_of(state);
    assert_true(page_init(&page, shape->columns));
    page.plain = shape->plain;
    page.ascii = shape->ascii;
    page.elapsed_ms = elapsed_ms;
    screen.lost_s += elapsed_ms / 1000;
    screen_paint(&page, &screen);
    assert_false(page.failed);
    if (shape->columns > 0) {
        assert_in_range(widest_line(page_text(&page)), 1, shape->columns);
    }
    snprintf(path, sizeof(path), "tests/screens/%s.%s", name, shape->name);
    expect_file(path, page_text(&page));
    page_clear(&page);
}

static void paint(const char *name, int64_t elapsed_ms)
{
    static const struct shape shapes[] = {
        {"80", 80, false, false},
        {"40", 40, false, false},
        {"plain", 0, true, false},
        {"ascii", 80, false, true},
    };
    char path[128];
    struct pack p;
    struct doc doc;
    snprintf(path, sizeof(path), "tests/screens/%s.json", name);
    char *json = read_file(path);
    open_json(json, &p, &doc);
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        paint_as(name, &doc.root, &shapes[i], elapsed_ms);
    }
    close_json(&p, &doc);
    free(json);
}

static void a_lesson_is_painted_as_recorded(void **state)
{
    (void)state;
    paint("lesson", 0);
}

static void hostile_names_stay_in_their_places(void **state)
{
    (void)state;
    paint("hostile", 0);
}

static void a_lost_class_says_since_when(void **state)
{
    (void)state;
    paint("lost",
          61000); /* a minute after the state came: ages count on, the mark of a change is gone */
}

static void an_empty_class_says_what_to_type(void **state)
{
    (void)state;
    paint("empty", 0);
}

static void any_map_at_all_can_be_painted(void **state)
{
    (void)state;
    static const char *const maps[] = {
        "{}",
        "{\"jams\":[1,null,[],{}],\"solo\":[{}],\"away\":[{}],\"forks\":[7]}",
        "{\"jams\":{\"in\":3},\"solo\":7,\"at\":-5,\"live\":\"yes\",\"peers\":-3}",
        "{\"jams\":[{\"in\":[null],\"tasks\":[[]],\"solo\":[9],\"changed_s\":-4}],\"class\":9}",
    };
    for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
        struct pack p;
        struct doc doc;
        struct page page;
        open_json(maps[i], &p, &doc);
        assert_true(page_init(&page, 40));
        struct screen screen = screen_of(&doc.root);
        screen_paint(&page, &screen);
        assert_false(page.failed);
        page_clear(&page);
        close_json(&p, &doc);
    }
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static void lines_break_at_marks_first_and_hang(void **state)
{
    (void)state;
    struct page page;
    assert_true(page_init(&page, 20));
    page_put(&page, "who: ");
    page_hang(&page);
    for (int i = 0; i < 4; i++) {
        page_put(&page, "Ana %d min, ", i);
        page_may_break(&page);
    }
    page_end(&page);
    page_say(&page, "%s", "one sentence without any marks");
    page_say(&page, "%s", "unbreakableunbreakable");
    assert_string_equal(page_text(&page), "who: Ana 0 min,\n     Ana 1 min,\n     Ana 2 min,\n"
                                          "     Ana 3 min,\n"
                                          "one sentence without\n  any marks\n"
                                          "unbreakableunbreakable\n");
    page_clear(&page);
}

static void without_columns_a_sentence_is_one_line(void **state)
{
    (void)state;
    struct page page;
    assert_true(page_init(&page, 0));
    for (int i = 0; i < 100; i++) {
        page_put(&page, "word ");
    }
    page_end(&page);
    assert_int_equal(strlen(page_text(&page)), 500); /* the last space became the line feed */
    assert_null(strchr(page_text(&page), '\n')[1] ? page_text(&page) : NULL);
    page_clear(&page);
}

static void ages_are_short_and_doubt_is_marked(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *said;
    } ages[] = {
        {"{\"age_s\":0,\"clock\":\"seen\"}", "0 s"},
        {"{\"age_s\":59,\"clock\":\"seen\"}", "59 s"},
        {"{\"age_s\":60,\"clock\":\"class\"}", "1 min~"},
        {"{\"age_s\":3599,\"clock\":\"guessed\"}", "59 min~"},
        {"{\"age_s\":3600,\"clock\":\"seen\"}", "1 h"},
        {"{\"age_s\":172800,\"clock\":\"seen\"}", "2 days"},
        {"{\"age_s\":-9,\"clock\":\"seen\"}", "0 s"},
        {"{\"age_s\":5}", "5 s~"},
        {"{}", ""},
    };
    for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
        struct pack p;
        struct doc doc;
        struct page page;
        open_json(ages[i].json, &p, &doc);
        assert_true(page_init(&page, 0));
        assert_string_equal(phrase_age(&page, &doc.root), ages[i].said);
        page_clear(&page);
        close_json(&p, &doc);
    }
}

/* ---- what answers say --------------------------------------------------------------------------------------------- */

static void expect_said(void (*say)(struct page *, const msgpack_object *), const char *json,
                        const char *expected)
{
    struct pack p;
    struct doc doc;
    struct page page;
    open_json(json, &p, &doc);
    assert_true(page_init(&page, 0));
    page.as = "ana";
    say(&page, &doc.root);
    assert_string_equal(page_text(&page), expected);
    page_clear(&page);
    close_json(&p, &doc);
}

static void feedback_says_who_can_read_it(void **state)
{
    (void)state;
    expect_said(say_feedback,
                "{\"feedback\":{\"to\":\"ben\",\"sealed\":true,\"readers\":[\"ben\"]}}",
                "Sent to ben, as ana. ben alone can read it.\n");
    expect_said(say_feedback,
                "{\"feedback\":{\"to\":\"ben\",\"sealed\":true,\"readers\":[\"ben\","
                "\"teachers\"]}}",
                "Sent to ben, as ana. ben can read it, and so can the teachers of this class.\n");
    expect_said(say_feedback,
                "{\"feedback\":{\"to\":\"bridge\",\"sealed\":false,\"readers\":[\"everybody\"]}}",
                "Sent to bridge, as ana. Everybody in the class can read it.\n");
    expect_said(say_inbox, "{\"inbox\":[],\"old_key\":true}",
                "No feedback for you yet. Give some: jam feedback PERSON\n"
                "What was sealed to you before you got a new key can't be opened any more.\n");
    expect_said(say_note, "{\"jam\":null,\"sealed\":true}",
                "Noted for you alone, as ana. Read it: jam journal --solo\n");
    expect_said(say_journal,
                "{\"journal\":[{\"op\":\"note\",\"by\":\"ana\",\"text\":null}],\"old_key\":1}",
                "  0          ana wrote a note\n"
                "1 note was sealed with your old key and can't be opened.\n");
    expect_said(say_journal,
                "{\"journal\":[{\"op\":\"task-set\",\"by\":\"ana\",\"text\":\"measure\","
                "\"state\":\"open\"}]}",
                "  0          ana opened the task measure again\n");
}

static void who_was_never_here_has_been_away_for_no_time(void **state)
{
    (void)state;
    expect_said(say_who,
                "{\"people\":[{\"n\":1,\"person\":\"ana\",\"place\":{\"kind\":\"away\"},\"age_s\":"
                "null}]}",
                " 1 ana            away\n");
    expect_said(say_who,
                "{\"person\":{\"person\":\"ana\",\"place\":{\"kind\":\"away\"},\"age_s\":60,"
                "\"clock\":\"seen\"}}",
                "ana: away, 1 min\n");
}

/* Else who reads it looks for a cable. */
static void a_machine_that_is_not_let_in_says_why(void **state)
{
    (void)state;
    expect_said(say_status, "{\"status\":{\"class\":\"Period 3\",\"refusal\":\"expelled\"}}",
                "This machine was put out of the class. Ask a teacher.\n"
                "No other machine is heard: what is new here is on this machine only. What to do: "
                "jam doctor\nPeriod 3: 0 other machines are heard.\n");
    expect_said(
        say_doctor, "{\"checks\":[{\"id\":\"expelled\",\"ok\":false}]}",
        "  \xe2\x9c\x97 this machine was put out of the class. Ask a teacher; what follows here "
        "comes of that\nThis needs a person: see each line with \xe2\x9c\x97\n");
}

static void a_receipt_tells_when_not_a_number(void **state)
{
    (void)state;
    expect_said(say_redact,
                "{\"redactions\":[{\"entry\":\"354248e6825eda8087319aa73a4631bc\",\"at\":"
                "1790000000000,\"done\":1,\"of\":2,\"waiting\":[\"pc2\"]}]}",
                "14:13 Erased on 1 of 2 machines, as ana. pc2 will when it wakes.\n");
}

static void hello_says_who_can_read_what(void **state)
{
    (void)state;
    expect_said(say_hello, "{\"person\":\"ana\",\"readers\":\"recipient\"}",
                "Welcome back, ana. Next: jam list, then jam join NAME\n"
                "Feedback to you is sealed: you alone can read it.\n");
    expect_said(say_hello,
                "{\"person\":\"ana\",\"readers\":\"recipient and teachers\",\"was\":{\"jam\":"
                "\"bridge\"},\"moved_from\":\"PC 12\"}",
                "Welcome back, ana (moved here from PC 12). You were in bridge: jam back\n"
                "Feedback to you is sealed: you and the teachers of this class can "
                "read it.\n");
    expect_said(say_hello,
                "{\"person\":\"ana\",\"readers\":\"everybody\",\"key_reset\":true,\"signed_out\":"
                "\"ben\"}",
                "ben is signed out here.\n"
                "Welcome back, ana. Next: jam list, then jam join NAME\n"
                "This class has no passphrases: anybody in it can sign in as you, and nothing is "
                "sealed.\n"
                "The card is used up: your own words are good from now on. Feedback that was "
                "sealed to you before it can't be opened any more; nobody can tell how much that "
                "is.\n");
    expect_said(say_hello, "{\"person\":\"emil\",\"new\":true,\"card\":true}",
                "Welcome, emil. What you write in a jam the whole class can read. Next: jam list, "
                "then jam join NAME\n");
    expect_said(say_hello, "{\"person\":\"zoe~k3f\",\"new\":true}",
                "Welcome, zoe~k3f, a new name here. (Not new? Find yours: jam who.) What you write "
                "in a jam the whole class can read. Next: jam list, then jam join NAME\n"
                "Your teacher can take the ~k3f away: jam people confirm\n");
    expect_said(say_hello, "{\"person\":\"ana\"}",
                "Welcome back, ana. Next: jam list, then jam join NAME\n");
    expect_said(say_bye, "{\"person\":\"ana\",\"everywhere\":true}",
                "Bye, ana, at all machines. Next time: jam hello YOUR-NAME\n");
    expect_said(say_passphrase, "{}", "Your passphrase is another one now, as ana.\n");
}

static void a_founder_is_told_what_belongs_on_paper(void **state)
{
    (void)state;
    expect_said(say_class_create,
                "{\"class\":{\"name\":\"Period 3\"},\"invite\":\"one two\",\"rescue\":\"river "
                "lamp\"}",
                "Made the class Period 3, as ana. Its other machines knock, once jamd runs there: "
                "jam class admit. Or bring them in by words: jam class invite\nPut these words on "
                "paper, and show them to nobody; they bring your class back if you forget your "
                "passphrase (jam class rescue):\n    river lamp\n");
    expect_said(say_class_create, "{\"class\":{\"name\":\"P\"},\"invite\":\"w\",\"rescue\":null}",
                "Made the class P, as ana. Its other machines knock, once jamd runs there: jam "
                "class admit. Or bring them in by words: jam class invite\n");
    expect_said(say_class_rescue, "{\"class\":{\"name\":\"P\"}}",
                "The class is yours again, as ana, with the new passphrase. Keep the paper: its "
                "words go on working.\n");
}

static void teachers_are_told_in_a_line(void **state)
{
    (void)state;
    expect_said(say_class_roster, "{\"people\":26,\"new\":24}",
                "26 people on the list, 24 of them new. Print their cards: jam cards --html "
                "FILE\n");
    expect_said(say_people,
                "{\"people\":[{\"n\":1,\"person\":\"ana\",\"name\":\"ana\",\"teacher\":true,"
                "\"confirmed\":true,\"key\":true},{\"n\":2,\"person\":\"ben~2\",\"name\":\"Ben "
                "\\u001b[2J\",\"card\":true}],\"waiting\":[{\"handle\":\"emil\",\"name\":\"Emil "
                "B\"},{\"handle\":\"finn\",\"name\":null}]}",
                " 1 ana, teacher\n 2 ben~2 (Ben \xef\xbf\xbd[2J), not confirmed, not here yet, has "
                "a card\n   emil (Emil B), not here yet\n   finn, not here yet\n");
    expect_said(
        say_people,
        "{\"teacher\":true,\"people\":[{\"n\":1,\"person\":\"ben\",\"confirmed\":false,"
        "\"key\":true,\"signed_up\":{\"seat\":\"PC 3\",\"age_s\":120,\"clock\":\"seen\"}}]}",
        " 1 ben, not confirmed, signed up at PC 3 (2 min ago)\nThey are who they say: jam "
        "people confirm --all. One of them isn't: jam people reset NAME --taken\n");
    expect_said(
        say_people,
        "{\"open\":true,\"teacher\":true,\"people\":[{\"n\":1,\"person\":\"ben\",\"key\":true}]}",
        " 1 ben, not confirmed\n");
    expect_said(say_class_roster, "{\"people\":1,\"new\":0,\"removed\":[\"emil\"]}",
                "Not on the list any more, as ana: emil.\n");
    expect_said(say_people_confirm, "{\"people\":[\"ben\",\"chloe\"]}",
                "Confirmed, as ana: ben, chloe.\n");
    expect_said(say_people_confirm, "{\"people\":[]}",
                "Nobody waits to be confirmed. All: jam people\n");
    expect_said(say_people_rename, "{\"was\":\"ben~2\",\"person\":\"benno\"}",
                "ben~2 is called benno now, as ana.\n");
    expect_said(say_people_reset,
                "{\"card\":{\"person\":\"ben\",\"words\":\"sun owl ink\",\"valid_s\":900}"
                "}",
                "One-time card for ben: sun owl ink, for 15 min. It is good once. There: jam hello "
                "ben\n");
    expect_said(say_people_remove, "{\"person\":\"ben\"}",
                "ben isn't in this class any more, as ana. What they wrote until now stays.\n");
    expect_said(say_people_teacher, "{\"person\":\"ben\",\"teacher\":true}",
                "ben is a teacher of this class now, as ana.\n");
    expect_said(say_people_teacher, "{\"person\":\"ben\",\"teacher\":false}",
                "ben isn't a teacher of this class any more, as ana.\n");
    expect_said(say_lesson_end,
                "{\"lesson\":{\"people\":26},\"safe\":28,\"of\":30,\"behind\":[\"PC 7\",\"PC "
                "12\"]}",
                "Lesson over, as ana, 26 people signed out. Safe to switch off: 28 of 30 machines; "
                "PC 7, PC 12 when they wake.\n");
    expect_said(say_lesson_end, "{\"lesson\":{\"people\":1},\"safe\":29,\"of\":30,\"behind\":[]}",
                "Lesson over, as ana, 1 person signed out. Safe to switch off: 29 of 30 machines; "
                "the rest in a moment: jam status\n");
    expect_said(say_lesson_start, "{}",
                "The lesson begins, as ana. Its end signs everybody out: jam lesson end\n");
}

static void machines_are_told_by_seat_host_or_key(void **state)
{
    (void)state;
    expect_said(say_class_devices,
                "{\"machines\":[{\"n\":1,\"seat\":\"PC 7\",\"host\":\"lab7\",\"state\":\"here\","
                "\"age_s\":3,\"clock\":\"seen\"},{\"n\":2,\"device\":\"f3ab\",\"state\":\"gone\","
                "\"expelled\":true}]}",
                " 1 PC 7           lab7        here, 3 s\n"
                " 2 f3ab                       away, put out of the class\n");
    expect_said(say_class_expel, "{\"seat\":null,\"host\":\"lab7\"}",
                "lab7 is out of the class, as ana: what it writes from now on doesn't count. It "
                "still knows the class's words; new ones: jam class rotate\n");
    expect_said(say_class_rotate, "{\"class\":{\"name\":\"P\"}}",
                "P has a new secret, as ana. Its machines go over by themselves, also those that "
                "are off now; the old words let nobody in. New words: jam class invite\n");
    expect_said(say_class_close, "{\"class\":{\"name\":\"P\"},\"done\":1,\"of\":1,\"behind\":[]}",
                "P is closed and erased on 1 of 1 machine.\n");
}

static void last_days_and_ends_are_told(void **state)
{
    (void)state;
    expect_said(say_over, "{\"until\":\"2027-07-01\",\"days_left\":15,\"over\":false}", "");
    expect_said(say_over, "{\"until\":null,\"days_left\":null,\"over\":false}", "");
    expect_said(say_over, "{\"until\":\"2027-07-01\",\"days_left\":1,\"over\":false}",
                "The class's last day is 2027-07-01, in 1 day. Keep what you want: jam class "
                "export\n");
    expect_said(say_over, "{\"until\":\"2027-07-01\",\"days_left\":0,\"over\":false}",
                "Today is the class's last day. Keep what you want: jam class export\n");
    expect_said(say_over, "{\"until\":\"2027-07-01\",\"days_left\":null,\"over\":true}",
                "The class's last day is over. Keep what you want: jam class export. Its teacher "
                "ends it, and erases what was written: jam class close\n");
    expect_said(say_class_until, "{\"until\":\"2027-07-01\"}",
                "The class's last day is 2027-07-01 now, as ana. Nothing is erased by its coming, "
                "but by: jam class close\n");
    expect_said(say_class_until, "{\"until\":\"2020-01-01\",\"over\":true}",
                "The class's last day is 2020-01-01 now, as ana. Nothing is erased by its coming, "
                "but by: jam class close\nBy this machine's clock that day is over. Another: jam "
                "class until DAY\n");
    expect_said(say_class_until, "{\"until\":null}", "The class has no last day now, as ana.\n");
}

/* ---- what a class leaves behind ---------------------------------------------------------------------------------- */

/* The text of a file that these records make. The caller frees it. */
static char *keep(const char *const *records, bool json)
{
    char *text = NULL;
    size_t len;
    struct record r = {.json = json};
    r.out = open_memstream(&text, &len);
    assert_non_null(r.out);
    for (; *records; records++) {
        struct pack p;
        struct doc doc;
        open_json(*records, &p, &doc);
        record_put(&r, &doc.root);
        close_json(&p, &doc);
    }
    assert_int_equal(fclose(r.out), 0);
    return text;
}

static const char *const kept_class[] = {
    "{\"type\":\"class\",\"name\":\"Period 3\",\"for\":\"ana\",\"until\":null,\"at\":1790000000000,"
    "\"sealed\":true}",
    "{\"type\":\"jam\",\"name\":\"bridge\",\"purpose\":\"span a metre\",\"by\":\"ana\",\"at\":"
    "1790000000000,\"clock\":\"seen\",\"members\":[\"ana\",\"ben\"],\"roles\":[{\"role\":"
    "\"recorder\",\"holders\":[\"ben\"]}]}",
    "{\"type\":\"task\",\"jam\":\"bridge\",\"task\":{\"title\":\"measure\",\"state\":\"done\","
    "\"holder\":\"ben\"}}",
    "{\"type\":\"line\",\"jam\":\"bridge\",\"line\":{\"op\":\"role\",\"by\":\"ana\",\"other\":"
    "\"ben\",\"text\":\"recorder\",\"at\":1790000060000,\"clock\":\"guessed\"}}",
    "{\"type\":\"line\",\"jam\":\"bridge\",\"line\":{\"op\":\"note\",\"by\":\"ben\",\"text\":"
    "\"so:\\u000a- 2026, ana: *I* am <b>wrong</b>\\u000a# x\\u001b[2J\",\"at\":1790000120000,"
    "\"clock\":\"seen\"}}",
    "{\"type\":\"feedback\",\"jam\":\"bridge\",\"feedback\":{\"from\":\"lee\",\"to\":\"bridge\","
    "\"glow\":\"it stands\",\"grow\":null,\"at\":1790000180000,\"clock\":\"class\"}}",
    "{\"type\":\"line\",\"jam\":null,\"line\":{\"op\":\"note\",\"by\":\"ana\",\"text\":null,"
    "\"at\":1790000240000,\"clock\":\"seen\"}}",
    NULL};

static void a_class_is_kept_as_a_text(void **state)
{
    (void)state;
    char *text = keep(kept_class, false);
    expect_file("tests/screens/kept.md", text);
    free(text);
    text = keep(kept_class, true);
    assert_int_equal(strncmp(text, "{\"v\":1,\"type\":\"class\"", 21), 0);
    assert_null(strstr(text, "\x1b"));
    free(text);
}

static void a_file_is_named_by_letters_only(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"Period 3", "Period 3"},
        {"../../etc/passwd", "etc-passwd"},
        {"-rf /", "rf"},
        {".hidden", "hidden"},
        {"a\nb\x1b[0mc", "a-b-0mc"},
        {"\xe2\x80\xaegnp.exe", "gnp-exe"},
        {"", "class"},
        {"///", "class"},
        {"\xff\xfe", "class"},
        {"\xc3\x89t\xc3\xa9 \xd7\x90", "\xc3\x89t\xc3\xa9 \xd7\x90"},
    };
    char out[96];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_string_equal(record_name(slice_str(names[i][0]), out), names[i][1]);
    }
    char longest[300];
    memset(longest, 'x', sizeof(longest));
    longest[79] = '\xc3'; /* an é lies across the edge */
    longest[80] = '\xa9';
    assert_int_equal(strlen(record_name(slice_of(longest, sizeof(longest)), out)), 79);
}

/* A pupil's name is on the page that the teacher opens in a browser. */
static void cards_are_a_page_in_which_no_name_does_anything(void **state)
{
    (void)state;
    struct pack p;
    struct doc doc;
    char *text = NULL;
    size_t len = 0;
    const char *json = "{\"cards\":[{\"person\":\"ana\",\"words\":\"sun owl ink\"},"
                       "{\"person\":\"<script src='//x'>&\",\"words\":\"a b c\"}]}";
    open_json(json, &p, &doc);
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    cards_page(out, &doc.root);
    fclose(out);
    assert_non_null(strstr(text, "<bdi>ana</bdi></p><p class=\"words\">sun owl ink</p><p>At a "
                                 "machine of the class type: jam hello ana. Then these words: "
                                 "they are good once. Then choose your own.</p>"));
    assert_non_null(strstr(text, "<bdi>&lt;script src=&#39;//x&#39;&gt;&amp;</bdi>"));
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, "://"));
    assert_null(strstr(text, "url("));
    free(text);
    close_json(&p, &doc);
    expect_said(say_cards, json,
                "ana               sun owl ink\n<script src='//x'>& a b c\nEach is "
                "good once: who signs in with it chooses words of their own. They aren't shown "
                "again.\n");
    expect_said(say_cards, "{\"cards\":[]}",
                "All on the list have a card or a passphrase. Another card for one of them: jam "
                "cards PERSON\n");
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static void json_has_times_as_text_and_nothing_a_terminal_obeys(void **state)
{
    (void)state;
    struct pack p;
    struct doc doc;
    char *text = NULL;
    size_t len = 0;
    open_json("{\"at\":1795428580123,\"list\":[{\"at\":0,\"n\":-3}],\"ok\":true,\"no\":null,"
              "\"text\":\"a\\u001b[2J \xe2\x80\xae\xc2\x9b \xc3\xa9\"}",
              &p, &doc);
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    show_json_line(out, true, "state", &doc.root);
    fclose(out);
    assert_string_equal(text, "{\"v\":1,\"type\":\"state\",\"at\":\"2026-11-23T10:09:40Z\","
                              "\"list\":[{\"at\":\"1970-01-01T00:00:00Z\",\"n\":-3}],\"ok\":true,"
                              "\"no\":null,\"text\":\"a\\u001b[2J \\u202e\\u009b \xc3\xa9\"}\n");
    free(text);
    close_json(&p, &doc);
}

/* ---- what is typed ---------------------------------------------------------------------------------------------- */

struct typed {
    struct args args;
    struct question question;
    enum err err;
};

static void type(struct typed *typed, int argc, const char **argv)
{
    typed->err = args_read(&typed->args, argc, (char **)(uintptr_t)argv);
    if (typed->err == OK && typed->args.command) {
        typed->err = args_question(&typed->args, &typed->question);
    }
}
#define TYPE(typed, ...)                                                                           \
    type(typed, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                            \
         (const char *[]){__VA_ARGS__})

static const char *param(const struct typed *typed, const char *key)
{
    for (uint32_t i = 0; i < typed->question.count; i++) {
        if (strcmp(typed->question.params[i].key, key) == 0) {
            return typed->question.params[i].text ? typed->question.params[i].text : "(set)";
        }
    }
    return "(none)";
}

static void free_text_needs_no_quotes(void **state)
{
    (void)state;
    struct typed typed;
    TYPE(&typed, "jam", "--json", "note", "triangles", "hold", "-5", "best", "--class", "p3");
    assert_int_equal(typed.err, OK);
    assert_string_equal(typed.question.method, "note");
    assert_string_equal(param(&typed, "text"), "triangles hold -5 best");
    assert_string_equal(param(&typed, "class"), "p3");
    assert_true(typed.args.json);
    args_clear(&typed.args);

    TYPE(&typed, "jam", "feedback", "ben", "--glow", "clean", "joints", "--grow=show it",
         "--plain");
    assert_int_equal(typed.err, OK);
    assert_string_equal(param(&typed, "person"), "ben");
    assert_string_equal(param(&typed, "glow"), "clean joints");
    assert_string_equal(param(&typed, "grow"), "show it");
    args_clear(&typed.args);

    TYPE(&typed, "jam", "people", "confirm", "--all");
    assert_int_equal(typed.err, OK);
    assert_string_equal(typed.question.method, "people.confirm");
    assert_string_equal(param(&typed, "all"), "(set)");
    args_clear(&typed.args);
    TYPE(&typed, "jam", "people", "--plain");
    assert_int_equal(typed.err, OK);
    assert_string_equal(typed.question.method, "people.list");
    args_clear(&typed.args);

    TYPE(&typed, "jam", "task", "add", "--solo", "measure", "--", "--load");
    assert_int_equal(typed.err, OK);
    assert_string_equal(typed.question.method, "task.add");
    assert_string_equal(param(&typed, "title"), "measure --load");
    assert_string_equal(param(&typed, "solo"), "(set)");
    args_clear(&typed.args);
}

static void wrong_usage_is_found_before_anything_is_asked(void **state)
{
    (void)state;
    struct typed typed;
    TYPE(&typed, "jam", "join");
    assert_int_equal(typed.err, ERR_USAGE);
    args_clear(&typed.args);
    TYPE(&typed, "jam", "back", "now");
    assert_int_equal(typed.err, ERR_USAGE);
    assert_string_equal(typed.args.wrong_word, "now");
    args_clear(&typed.args);
    TYPE(&typed, "jam", "note", "x", "--glow", "y");
    assert_int_equal(typed.err, ERR_USAGE);
    args_clear(&typed.args);
    TYPE(&typed, "jam", "list", "--class");
    assert_int_equal(typed.err, ERR_USAGE);
    args_clear(&typed.args);
    TYPE(&typed, "jam", "list", "--json=x");
    assert_int_equal(typed.err, ERR_USAGE);
    args_clear(&typed.args);
    TYPE(&typed, "jam", "joi", "bridge");
    assert_null(typed.args.command);
    assert_string_equal(command_near("joi", "bridge"), "join");
    args_clear(&typed.args);
}

static void every_command_has_help_and_an_example_that_fits_it(void **state)
{
    (void)state;
    for (const struct command *command = commands; command->name; command++) {
        assert_non_null(command->help);
        assert_non_null(command->usage);
        assert_true(command->say || command->run);
        assert_true(command->method || command->run);
        assert_true(strncmp(command->usage, "jam", 3) == 0);
        if (strncmp(command->example, "jam", 3) != 0) {
            continue; /* the shell's prompt */
        }
        char example[128];
        const char *argv[16];
        int argc = 0;
        snprintf(example, sizeof(example), "%s", command->example);
        char *rest = NULL;
        for (char *word = strtok_r(example, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
            argv[argc++] = word;
        }
        struct typed typed;
        type(&typed, argc, argv);
        assert_int_equal(typed.err, OK);
        assert_ptr_equal(typed.args.command, command);
        args_clear(&typed.args);
    }
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lesson_is_painted_as_recorded),
        cmocka_unit_test(hostile_names_stay_in_their_places),
        cmocka_unit_test(a_lost_class_says_since_when),
        cmocka_unit_test(an_empty_class_says_what_to_type),
        cmocka_unit_test(any_map_at_all_can_be_painted),
        cmocka_unit_test(lines_break_at_marks_first_and_hang),
        cmocka_unit_test(without_columns_a_sentence_is_one_line),
        cmocka_unit_test(ages_are_short_and_doubt_is_marked),
        cmocka_unit_test(feedback_says_who_can_read_it),
        cmocka_unit_test(who_was_never_here_has_been_away_for_no_time),
        cmocka_unit_test(a_machine_that_is_not_let_in_says_why),
        cmocka_unit_test(a_receipt_tells_when_not_a_number),
        cmocka_unit_test(hello_says_who_can_read_what),
        cmocka_unit_test(a_founder_is_told_what_belongs_on_paper),
        cmocka_unit_test(teachers_are_told_in_a_line),
        cmocka_unit_test(machines_are_told_by_seat_host_or_key),
        cmocka_unit_test(last_days_and_ends_are_told),
        cmocka_unit_test(a_class_is_kept_as_a_text),
        cmocka_unit_test(a_file_is_named_by_letters_only),
        cmocka_unit_test(cards_are_a_page_in_which_no_name_does_anything),
        cmocka_unit_test(json_has_times_as_text_and_nothing_a_terminal_obeys),
        cmocka_unit_test(free_text_needs_no_quotes),
        cmocka_unit_test(wrong_usage_is_found_before_anything_is_asked),
        cmocka_unit_test(every_command_has_help_and_an_example_that_fits_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
