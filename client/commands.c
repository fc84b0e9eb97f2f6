/* The one table of commands: dispatch, questions to jamd, help and completion all come from it. */
#include "command.h"

#include "run.h"
#include "say.h"
#include "text.h"

const struct option options_always[] = {
    {"json", NULL, OPTION_FLAG, NAMES_NONE, N_("answer in JSON")},
    {"plain", NULL, OPTION_FLAG, NAMES_NONE, N_("sentences only, for screen readers")},
    {"class", NULL, OPTION_VALUE, NAMES_CLASSES,
     N_("NAME or number: another class of this machine")},
    {"socket", NULL, OPTION_VALUE, NAMES_FILES, N_("PATH: where jamd listens")},
    {"help", NULL, OPTION_FLAG, NAMES_NONE, N_("how a command is used")},
    {"version", NULL, OPTION_FLAG, NAMES_NONE, N_("which version this is")},
    {0},
};

#define OPTION_SOLO                                                                                \
    {                                                                                              \
        "solo", "solo", OPTION_FLAG, NAMES_NONE, N_("my own, not the jam's")                       \
    }
#define OPTION_PASSPHRASE                                                                          \
    {                                                                                              \
        "passphrase-file", NULL, OPTION_VALUE, NAMES_FILES,                                        \
            N_("FILE: the passphrase is its first line; - is standard input")                      \
    }
#define OPTION_JAM                                                                                 \
    {                                                                                              \
        "jam", "jam", OPTION_WORDS, NAMES_JAMS, N_("NAME: of this jam")                            \
    }

const struct command commands[] = {
    {"", "here", say_here, NULL, N_("where am I, who is with me, what waits for me"), "jam", "jam",
     .completes = NAMES_NONE},
    {"hello", "hello", say_hello, run_hello, N_("sign in at this machine"),
     "jam hello [YOUR-NAME] [--name NAME]", "jam hello ana", .words = {{"handle", false, true}},
     .options = {{"name", "name", OPTION_WORDS, NAMES_NONE, N_("NAME: how others see it")},
                 OPTION_PASSPHRASE,
                 {"take-over", NULL, OPTION_FLAG, NAMES_NONE,
                  N_("whoever is signed in here is signed out")}},
     .completes = NAMES_PEOPLE},
    {"bye", "bye", say_bye, NULL, N_("sign out"), "jam bye [--everywhere]", "jam bye",
     .options = {{"everywhere", "everywhere", OPTION_FLAG, NAMES_NONE,
                  N_("at all machines; what they write as you from now on doesn't count")}}},
    {"passphrase", "passphrase", say_passphrase, run_passphrase, N_("choose another passphrase"),
     "jam passphrase", "jam passphrase",
     .options = {{"passphrase-file", NULL, OPTION_VALUE, NAMES_FILES,
                  N_("FILE: two lines, the old one and the new one; - is standard input")}}},
    {"who", "who", say_who, NULL, N_("who is here, or where somebody is"), "jam who [PERSON]",
     "jam who ben", .words = {{"person", false, true}}, .completes = NAMES_PEOPLE},

    {"list", "list", say_list, NULL, N_("all jams, and who plays there"), "jam list", "jam list",
     .completes = NAMES_NONE},
    {"show", "show", say_show, NULL, N_("all about one jam"), "jam show [JAM]", "jam show bridge",
     .words = {{"jam", false, true}}, .completes = NAMES_JAMS},
    {"start", "start", say_start, NULL, N_("start a jam and go in"), "jam start NAME [PURPOSE]",
     "jam start bridge span a metre", .words = {{"name", true, false}, {"purpose", false, true}}},
    {"join", "join", say_join, NULL, N_("go into a jam"), "jam join JAM", "jam join bridge",
     .words = {{"jam", true, true}}, .completes = NAMES_JAMS},
    {"solo", "solo", say_solo, NULL, N_("go out, to work alone"), "jam solo [WHAT YOU DO]",
     "jam solo free-body diagrams", .words = {{"task", false, true}}},
    {"back", "back", say_back, NULL, N_("go back to the jam where I was"), "jam back", "jam back",
     .completes = NAMES_NONE},
    {"leave", "leave", say_leave, NULL, N_("stop being a member of a jam"), "jam leave [JAM]",
     "jam leave volcano", .words = {{"jam", false, true}}, .completes = NAMES_JAMS},
    {"set", "jam.set", say_set, NULL, N_("give a jam another name or purpose"),
     "jam set [JAM] [--name NAME] [--purpose TEXT]", "jam set --purpose hold two kilos",
     .words = {{"jam", false, true}},
     .options = {{"name", "name", OPTION_WORDS, NAMES_NONE, N_("NAME: its new name")},
                 {"purpose", "purpose", OPTION_WORDS, NAMES_NONE, N_("TEXT: what it is for")}},
     .completes = NAMES_JAMS},

    {"role take", "role.take", say_role_take, NULL, N_("take a role in the jam"),
     "jam role take ROLE", "jam role take recorder", .words = {{"role", true, true}},
     .options = {OPTION_JAM}, .completes = NAMES_ROLES},
    {"role drop", "role.drop", say_role_drop, NULL, N_("let go of a role"), "jam role drop ROLE",
     "jam role drop recorder", .words = {{"role", true, true}}, .options = {OPTION_JAM},
     .completes = NAMES_ROLES},
    {"role give", "role.give", say_role_give, NULL, N_("pass a role on"),
     "jam role give PERSON ROLE", "jam role give ben recorder",
     .words = {{"person", true, false}, {"role", true, true}}, .options = {OPTION_JAM},
     .completes = NAMES_PEOPLE, .then = NAMES_ROLES},
    {"role list", "role.list", say_role_list, NULL, N_("who has which role"), "jam role list [JAM]",
     "jam role list", .words = {{"jam", false, true}}, .completes = NAMES_JAMS},

    {"task add", "task.add", say_task_add, NULL, N_("put a task on the list"),
     "jam task add WHAT IS TO DO [--solo]", "jam task add measure the load",
     .words = {{"title", true, true}}, .options = {OPTION_SOLO}},
    {"task take", "task.take", say_task_take, NULL, N_("begin a task"), "jam task take NUMBER",
     "jam task take 2", .words = {{"task", true, true}}},
    {"task done", "task.done", say_task_done, NULL, N_("finish a task"), "jam task done NUMBER",
     "jam task done 2", .words = {{"task", true, true}}},
    {"task open", "task.open", say_task_open, NULL, N_("a task is to be done after all"),
     "jam task open NUMBER", "jam task open 2", .words = {{"task", true, true}}},
    {"task list", "task.list", say_task_list, NULL, N_("what is to do"),
     "jam task list [JAM] [--solo]", "jam task list", .words = {{"jam", false, true}},
     .options = {OPTION_SOLO}, .completes = NAMES_JAMS},

    {"note", "note", say_note, NULL, N_("write into the journal"), "jam note TEXT",
     "jam note triangles hold best", .words = {{"text", true, true}}},
    {"journal", "journal", say_journal, NULL, N_("read what happened"),
     "jam journal [JAM] [--new] [--solo]", "jam journal --new", .words = {{"jam", false, true}},
     .options = {{"new", "new", OPTION_FLAG, NAMES_NONE, N_("only since I was there")},
                 OPTION_SOLO},
     .completes = NAMES_JAMS},
    {"feedback", "feedback", say_feedback, run_feedback,
     N_("tell somebody what is good, what next"), "jam feedback PERSON [--glow TEXT] [--grow TEXT]",
     "jam feedback ben --glow clean joints --grow show the load",
     .words = {{"person", false, true}},
     .options = {{"glow", "glow", OPTION_WORDS, NAMES_NONE, N_("TEXT: what is good")},
                 {"grow", "grow", OPTION_WORDS, NAMES_NONE, N_("TEXT: what could come next")},
                 {"jam", "jam", OPTION_WORDS, NAMES_JAMS,
                  N_("NAME: to a whole jam, not a person")}},
     .completes = NAMES_PEOPLE},
    {"inbox", "inbox", say_inbox, NULL, N_("feedback for me"), "jam inbox", "jam inbox",
     .completes = NAMES_NONE},
    {"redact", "redact", say_redact, run_redact,
     N_("erase what I wrote, on all machines; or see how far that got"),
     "jam redact NUMBER --why REASON [--whole], or --receipt", "jam redact 3 --why a home address",
     .words = {{"entry", false, true}},
     .options = {{"why", "why", OPTION_WORDS, NAMES_NONE, N_("REASON: everybody can read it")},
                 {"whole", "whole", OPTION_FLAG, NAMES_NONE,
                  N_("also the line where a jam began, with all that stands in it")},
                 {"receipt", NULL, OPTION_FLAG, NAMES_NONE,
                  N_("on which machines it is erased, and which still have it")}}},

    {"watch", "watch", NULL, run_watch, N_("see the whole class live"), "jam watch [--once]",
     "jam watch",
     .options = {{"once", NULL, OPTION_FLAG, NAMES_NONE, N_("one picture, then end")}}},
    {"status", "status", say_status, NULL, N_("is my work safe; which machines are here"),
     "jam status [--long]", "jam status",
     .options = {{"long", NULL, OPTION_FLAG, NAMES_NONE,
                  N_("with numbers for those who look after it")}}},
    {"doctor", "doctor", say_doctor, run_doctor, N_("what works on this network, what to do"),
     "jam doctor", "jam doctor", .completes = NAMES_NONE},

    {"class create", "class.create", say_class_create, run_class_create,
     N_("make a class, and be its teacher"), "jam class create NAME [--as YOUR-NAME] [--until DAY]",
     "jam class create Period 3 --until 2027-07-01", .words = {{"name", true, true}},
     .options = {{"as", "handle", OPTION_WORDS, NAMES_NONE, N_("YOUR-NAME: how you sign in")},
                 OPTION_PASSPHRASE,
                 {"until", "until", OPTION_VALUE, NAMES_NONE, N_("DAY: its last, as 2027-07-01")},
                 {"open", "open", OPTION_FLAG, NAMES_NONE,
                  N_("no passphrases, for the youngest: nothing is sealed to pupils")},
                 {"teachers-read", "teachers_read", OPTION_FLAG, NAMES_NONE,
                  N_("teachers can read sealed feedback; everybody is told")},
                 {"readmit", "readmit", OPTION_FLAG, NAMES_NONE,
                  N_("machines whose disks were wiped come back unasked")}}},
    {"class rescue", "class.rescue", say_class_rescue, run_class_rescue,
     N_("your words on paper bring it back"), "jam class rescue [WORDS]", "jam class rescue",
     .words = {{"words", false, true}}, .options = {OPTION_PASSPHRASE}},
    {"class admit", "class.admit", say_class_admit, run_admit, N_("let in the machines that knock"),
     "jam class admit [NUMBERS or NAMES] [--all]", "jam class admit 1-30",
     .words = {{"which", false, true}},
     .options = {{"all", "all", OPTION_FLAG, NAMES_NONE, N_("all that knock now")}},
     .completes = NAMES_NONE},
    {"class invite", "class.invite", say_class_invite, NULL, N_("the words that bring machines in"),
     "jam class invite", "jam class invite", .completes = NAMES_NONE},
    {"class join", "class.join", say_class_join, NULL, N_("bring this machine into a class"),
     "jam class join WORDS", "jam class join river lamp fox ...", .words = {{"words", true, true}}},
    {"class list", "class.list", say_class_list, NULL, N_("the classes of this machine"),
     "jam class list", "jam class list", .completes = NAMES_NONE},
    {"class use", "class.use", say_class_use, NULL, N_("change to another class"),
     "jam class use NAME", "jam class use 2", .words = {{"name", true, true}},
     .completes = NAMES_CLASSES},
    {"class seat", "class.seat", say_class_seat, NULL, N_("say where a machine stands"),
     "jam class seat LABEL [--machine SEAT]", "jam class seat PC 7, window",
     .words = {{"label", true, true}},
     .options = {{"machine", "machine", OPTION_WORDS, NAMES_SEATS, N_("SEAT: another machine")}},
     .completes = NAMES_SEATS},

    {"class roster", "class.roster", say_class_roster, run_roster,
     N_("enter its names, one a line"), "jam class roster FILE, or --remove NAME",
     "jam class roster names.txt", .words = {{"names", false, true}},
     .options = {{"remove", NULL, OPTION_WORDS, NAMES_NONE, N_("NAME: is not on it any more")}},
     .completes = NAMES_FILES},
    {"class devices", "class.devices", say_class_devices, NULL,
     N_("its machines, and when last seen"), "jam class devices", "jam class devices",
     .completes = NAMES_NONE},
    {"class expel", "class.expel", say_class_expel, NULL, N_("put a machine out of the class"),
     "jam class expel MACHINE", "jam class expel PC 7", .words = {{"device", true, true}},
     .completes = NAMES_SEATS},
    {"class rotate", "class.rotate", say_class_rotate, NULL, N_("a new secret and new words"),
     "jam class rotate", "jam class rotate", .completes = NAMES_NONE},
    {"class export", "class.export", say_class_export, run_class_export,
     N_("keep what it wrote, in a file"), "jam class export [FILE or FOLDER] [--replace]",
     "jam class export period3.md", .words = {{"to", false, true}},
     .options = {{"replace", NULL, OPTION_FLAG, NAMES_NONE, N_("a file that is there already")}},
     .completes = NAMES_FILES},
    {"class until", "class.until", say_class_until, NULL, N_("another last day"),
     "jam class until DAY, or none", "jam class until 2027-07-01",
     .words = {{"until", true, false}}},
    {"class close", "class.close", say_class_close, run_class_close,
     N_("erase the class on all machines"), "jam class close [--export FILE] [--yes]",
     "jam class close",
     .options = {{"export", NULL, OPTION_VALUE, NAMES_FILES,
                  N_("FILE or FOLDER: keep first what it wrote (jam class export)")},
                 {"no-export", NULL, OPTION_FLAG, NAMES_NONE, N_("keep nothing")},
                 {"yes", "yes", OPTION_FLAG, NAMES_NONE, N_("don't ask whether I mean it")}}},

    {"people confirm", "people.confirm", say_people_confirm, NULL,
     N_("these are who they say they are"), "jam people confirm PERSON [NAME], or --all",
     "jam people confirm ana", .words = {{"person", false, false}, {"handle", false, true}},
     .options = {{"all", "all", OPTION_FLAG, NAMES_NONE, N_("everybody who waits for it")}},
     .completes = NAMES_PEOPLE},
    {"people rename", "people.rename", say_people_rename, NULL, N_("give somebody another name"),
     "jam people rename PERSON NAME", "jam people rename ana~k3f anna",
     .words = {{"person", true, false}, {"handle", true, true}}, .completes = NAMES_PEOPLE},
    {"people reset", "people.reset", say_people_reset, NULL, N_("a card, passphrase forgotten"),
     "jam people reset PERSON [--taken]", "jam people reset ana", .words = {{"person", true, true}},
     .options = {{"taken", "taken", OPTION_FLAG, NAMES_NONE,
                  N_("another took the name: puts them out, and makes a card for its owner")}},
     .completes = NAMES_PEOPLE},
    {"people remove", "people.remove", say_people_remove, NULL,
     N_("take somebody out of the class"), "jam people remove PERSON", "jam people remove ana",
     .words = {{"person", true, true}}, .completes = NAMES_PEOPLE},
    {"people teacher", "people.teacher", say_people_teacher, NULL,
     N_("make somebody a teacher too"), "jam people teacher PERSON [--off]",
     "jam people teacher ben", .words = {{"person", true, true}},
     .options = {{"off", "off", OPTION_FLAG, NAMES_NONE, N_("not any more")}},
     .completes = NAMES_PEOPLE},
    {"people forget", "people.forget", say_redact, run_forget,
     N_("erase all notes and feedback by somebody"), "jam people forget PERSON --why REASON",
     "jam people forget ana --why she asked for it", .words = {{"person", true, true}},
     .options = {{"why", "why", OPTION_WORDS, NAMES_NONE, N_("REASON: everybody can read it")}},
     .completes = NAMES_PEOPLE},
    {"people", "people.list", say_people, NULL, N_("everybody in the class"), "jam people",
     "jam people", .completes = NAMES_NONE},
    {"cards", "people.cards", say_cards, run_cards, N_("one-time cards to sign in with"),
     "jam cards [PERSON] [--html FILE]", "jam cards --html cards.html",
     .words = {{"person", false, true}},
     .options = {{"html", NULL, OPTION_VALUE, NAMES_FILES, N_("FILE: a page to print and cut")}},
     .completes = NAMES_PEOPLE},
    {"lesson start", "lesson.start", say_lesson_start, NULL, N_("a lesson begins"),
     "jam lesson start", "jam lesson start", .completes = NAMES_NONE},
    {"lesson end", "lesson.end", say_lesson_end, NULL, N_("it ends: all are signed out"),
     "jam lesson end", "jam lesson end", .completes = NAMES_NONE},

    {"prompt", "prompt", say_prompt, run_prompt, N_("one short field for a shell's prompt"),
     "jam prompt", "PS1='$(jam prompt) \\$ '", .completes = NAMES_NONE},
    {"help", NULL, NULL, run_help, N_("how a command is used"), "jam help [COMMAND]",
     "jam help join", .words = {{"command", false, true}},
     .options = {{"completion", NULL, OPTION_FLAG, NAMES_NONE,
                  N_("print the completion for bash")}},
     .completes = NAMES_COMMANDS},
    {"names", "names", say_names, run_names, N_("names for completion"),
     "jam names jams|people|roles|classes|seats", "jam names jams", .words = {{"of", true, false}},
     .quiet = true},
    {0},
};

/* Is the command's name these words? A second word that isn't there counts as "". */
static bool is_called(const struct command *command, const char *first, const char *second)
{
    size_t len = strcspn(command->name, " ");
    const char *rest = command->name[len] == ' ' ? command->name + len + 1 : "";
    return strlen(first) == len && memcmp(first, command->name, len) == 0 &&
           strcmp(rest, second) == 0;
}

const struct command *command_find(const char *first, const char *second, int *used)
{
    for (const struct command *command = commands; command->name; command++) {
        if (second && is_called(command, first, second) && strchr(command->name, ' ')) {
            *used = 2;
            return command;
        }
        if (is_called(command, first, "")) {
            *used = 1;
            return command;
        }
    }
    return NULL;
}

bool command_is_family(const char *word)
{
    size_t len = strlen(word);
    for (const struct command *command = commands; command->name; command++) {
        if (strncmp(command->name, word, len) == 0 && command->name[len] == ' ') {
            return true;
        }
    }
    return false;
}

const char *command_near(const char *first, const char *second)
{
    enum { FAR = 3 };
    const char *near = NULL;
    size_t least = FAR;
    bool family = command_is_family(first);
    char typed[64];
    snprintf(typed, sizeof(typed), "%s%s%s", first, second ? " " : "", second ? second : "");
    for (const struct command *command = commands; command->name; command++) {
        bool two = strchr(command->name, ' ');
        struct slice name = slice_str(command->name);
        size_t far = text_distance(name, slice_str(two ? typed : first), FAR);
        bool close = far < least && far + 1 < name.len &&
                     far + 1 < strlen(typed); /* of three letters one may be wrong */
        if (close && (two || !family) && !command->quiet) {
            least = far;
            near = command->name;
        }
    }
    return near;
}
