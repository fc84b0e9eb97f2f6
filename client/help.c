/* Help and completion, made from the table of commands. */
#include "run.h"

#ifndef JAM_VERSION
#define JAM_VERSION "0.1"
#endif

static void print_option(const struct option *option)
{
    printf("  --%-16s %s\n", option->name, gettext(option->help));
}

static void print_command(const struct command *command)
{
    printf("%s %s\n", _("Usage:"), command->usage);
    printf("  %s\n", gettext(command->help));
    printf("%s %s\n", _("Example:"), command->example);
    for (int i = 0; i < OPTIONS_MAX && command->options[i].name; i++) {
        print_option(&command->options[i]);
    }
    for (const struct option *option = options_always; option->name; option++) {
        print_option(option);
    }
}

/* Commands of two words: what they are about. */
static const struct family {
    const char *name;
    const char *help;
} families[] = {
    {"role", N_("who does what in the jam")},
    {"task", N_("what is to do")},
    {"class", N_("the classes of this machine, and their machines")},
    {"people", N_("who is in the class, for teachers")},
    {"lesson", N_("when it begins and ends, for teachers")},
};
enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

/* Is it one of that family's commands? The family's word alone may be one too. */
static bool is_of(const struct command *command, const char *family)
{
    size_t len = strlen(family);
    return strncmp(command->name, family, len) == 0 && strchr(" ", command->name[len]);
}

static const struct family *family_of(const struct command *command)
{
    for (size_t i = 0; i < FAMILIES; i++) {
        if (is_of(command, families[i].name)) {
            return &families[i];
        }
    }
    return NULL;
}

/* One line a command, one line a family: all of it is to be seen at once on a screen. */
static void print_all(void)
{
    const struct family *last = NULL;
    for (const struct command *command = commands; command->name; command++) {
        const struct family *family = family_of(command);
        if (family && family != last) {
            printf("  jam %-11s %s: jam help %s\n", family->name, gettext(family->help),
                   family->name);
        } else if (!family && !command->quiet) {
            printf("  jam %-11s %s\n", command->name, gettext(command->help));
        }
        last = family;
    }
    printf("%s jam help join\n", _("More about one:"));
    printf("%s --json --plain --class --socket --help --version\n", _("With each of them:"));
}

enum { COLUMNS = 80, USAGE_COLUMNS = 40 };

/* On one line if it fits there. Bytes are counted: never fewer than columns. */
static void print_usage(const struct command *command)
{
    const char *help = gettext(command->help);
    if (strlen(command->usage) <= USAGE_COLUMNS && USAGE_COLUMNS + 3 + strlen(help) <= COLUMNS) {
        printf("  %-*s %s\n", USAGE_COLUMNS, command->usage, help);
    } else {
        printf("  %s\n  %*s %s\n", command->usage, USAGE_COLUMNS, "", help);
    }
}

static void print_family(const char *word)
{
    const char *example = "";
    for (const struct command *command = commands; command->name; command++) {
        if (is_of(command, word)) {
            print_usage(command);
            example = *example ? example : command->example;
        }
    }
    printf("%s %s\n", _("Example:"), example);
}

/* ---- for programs ----------------------------------------------------------------------------------------------- */

static void pack_options(struct pack *p, const struct option *options, uint32_t most)
{
    uint32_t count = 0;
    while (count < most && options[count].name) {
        count++;
    }
    pack_array(p, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_map(p, 2);
        pack_str(p, "name");
        pack_str(p, options[i].name);
        pack_str(p, "help");
        pack_str(p, gettext(options[i].help));
    }
}

static void pack_command(struct pack *p, const struct command *command)
{
    pack_map(p, 5);
    pack_str(p, "name");
    pack_str(p, command->name);
    pack_str(p, "help");
    pack_str(p, gettext(command->help));
    pack_str(p, "usage");
    pack_str(p, command->usage);
    pack_str(p, "example");
    pack_str(p, command->example);
    pack_str(p, "options");
    pack_options(p, command->options, OPTIONS_MAX);
}

/* Shows what a program asked for as any other answer. Exit status. */
static int answer_packed(struct run *run, struct pack *p)
{
    struct doc doc;
    enum err err = p->failed ? ERR_NOMEM : doc_open(&doc, pack_bytes(p), PACK_LOCAL);
    if (err == OK) {
        run->show->answer(&run->style, &doc.root, NULL);
        doc_clear(&doc);
    }
    pack_clear(p);
    return err == OK ? EXIT_DONE : run_refuse(run, err, NULL);
}

/* One command, those of a family, or all: the same keys for each. */
static int answer_commands(struct run *run, const struct command *one, const char *family)
{
    struct pack p, list;
    uint32_t count = 0;
    pack_init(&p);
    pack_init(&list);
    for (const struct command *command = commands; command->name; command++) {
        if (one ? command == one : family ? is_of(command, family) : !command->quiet) {
            pack_command(&list, command);
            count++;
        }
    }
    pack_map(&p, 2);
    pack_str(&p, "commands");
    pack_list(&p, count, &list);
    pack_str(&p, "options");
    pack_options(&p, options_always, UINT32_MAX);
    return answer_packed(run, &p);
}

static int answer_text(struct run *run, const char *key, const char *text)
{
    struct pack p;
    pack_init(&p);
    pack_map(&p, 1);
    pack_str(&p, key);
    pack_str(&p, text);
    return answer_packed(run, &p);
}

int help_all(struct run *run)
{
    if (run->args->json) {
        return answer_commands(run, NULL, NULL);
    }
    print_all();
    return EXIT_DONE;
}

int help_command(struct run *run, const struct command *command)
{
    if (run->args->json) {
        return answer_commands(run, command, NULL);
    }
    print_command(command);
    return EXIT_DONE;
}

int help_family(struct run *run, const char *word)
{
    if (run->args->json) {
        return answer_commands(run, NULL, word);
    }
    print_family(word);
    return EXIT_DONE;
}

int help_version(struct run *run)
{
    if (run->args->json) {
        return answer_text(run, "version", JAM_VERSION);
    }
    puts("jam " JAM_VERSION);
    return EXIT_DONE;
}

static int help_json(struct run *run)
{
    const char *text = _(
        "With --json every command prints one object on one line. It begins with \"v\":1. Keys "
        "are\n"
        "only ever added. Ids are text. A time is \"at\" (RFC 3339), \"age_s\" (how long ago, in\n"
        "seconds) and \"clock\": \"seen\" (this machine saw it happen), \"class\" (another "
        "machine's\n"
        "clock, corrected) or \"guessed\". Errors go to standard error:\n"
        "{\"v\":1,\"error\":{\"code\":\"no-such-jam\",\"message\":\"...\",\"try\":\"...\"}}\n"
        "jam watch --json prints the state, then a line for each change, and a line of type\n"
        "\"fresh\" every five seconds. proto/LOCAL.md lists the keys of every answer.");
    if (run->args->json) {
        return answer_text(run, "text", text);
    }
    puts(text);
    return EXIT_DONE;
}

/* ---- completion ------------------------------------------------------------------------------------------------- */

static const char *const kinds[] = {
    [NAMES_NONE] = "",
    [NAMES_JAMS] = "jams",
    [NAMES_PEOPLE] = "people",
    [NAMES_ROLES] = "roles",
    [NAMES_CLASSES] = "classes",
    [NAMES_SEATS] = "seats",
    [NAMES_COMMANDS] = "commands",
    [NAMES_FILES] = "files",
};

/* One line a command: what its words are, and its options with what follows them. */
static void print_case(const struct command *command)
{
    printf("    '%s') kind='%s' then='%s' options='", command->name, kinds[command->completes],
           kinds[command->then]);
    for (int i = 0; i < OPTIONS_MAX && command->options[i].name; i++) {
        printf("%s--%s", i > 0 ? " " : "", command->options[i].name);
    }
    fputs("'", stdout);
    for (int i = 0; i < OPTIONS_MAX && command->options[i].name; i++) {
        if (command->options[i].completes != NAMES_NONE) {
            printf("\n        [[ $before == --%s ]] && kind=%s words=0", command->options[i].name,
                   kinds[command->options[i].completes]);
        }
    }
    fputs(" ;;\n", stdout);
}

/* The first words, or the second words of a family. */
static void print_words(const char *family)
{
    const char *last = "";
    size_t last_len = 0;
    size_t skip = family ? strlen(family) + 1 : 0;
    for (const struct command *command = commands; command->name; command++) {
        if (command->quiet || (family && (strncmp(command->name, family, skip - 1) != 0 ||
                                          command->name[skip - 1] != ' '))) {
            continue;
        }
        const char *word = command->name + skip;
        size_t len = strcspn(word, " ");
        if (len > 0 && (len != last_len || memcmp(word, last, len) != 0)) {
            printf("%s%.*s", last_len > 0 ? " " : "", (int)len, word);
        }
        last = word;
        last_len = len;
    }
}

static void print_families(void)
{
    for (size_t i = 0; i < FAMILIES; i++) {
        printf("    %s) commands='", families[i].name);
        print_words(families[i].name);
        fputs("' ;;\n", stdout);
    }
}

/* Which words came before the one that is being typed. */
static const char completion_head[] =
    "# Completion of jam for bash. Made from the table of commands: jam help --completion\n"
    "_jam() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local first='' second='' kind='' then='' options='' commands='' words=0 quote='' i name\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case ${COMP_WORDS[i]} in\n"
    "        --class | --socket) ((i++)) ;;\n"
    "        -*) ;;\n"
    "        *) if [[ -z $first ]]; then first=${COMP_WORDS[i]}\n"
    "            else second=${second:-${COMP_WORDS[i]}} words=$((words + 1)); fi ;;\n"
    "        esac\n"
    "    done\n";

/* Names were typed by anybody: they are compared and quoted here, never handed to compgen -W, which would run a command
 * that stands in them. */
static const char completion_tail[] =
    "    case $cur in \\'* | \\\"*) quote=${cur:0:1} cur=${cur:1} ;; esac\n"
    "    cur=${cur//\\\\/}\n"
    "    COMPREPLY=()\n"
    "    if [[ $cur == -* ]]; then\n"
    "        kind='' commands=$options\n"
    "    fi\n"
    "    if [[ $kind == files ]]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
    "        return\n"
    "    fi\n"
    "    while IFS= read -r name; do\n"
    "        name=${name#$'\\xe2\\x81\\xa8'} name=${name%$'\\xe2\\x81\\xa9'} # isolates: for the "
    "eye\n"
    "        if [[ -n $name && ${name,,} == \"${cur,,}\"* ]]; then\n"
    "            [[ -n $quote ]] || name=$(printf '%q' \"$name\")\n"
    "            COMPREPLY+=(\"$name\")\n"
    "        fi\n"
    "    done < <(if [[ -n $kind ]]; then jam names \"$kind\" 2>/dev/null\n"
    "        else printf '%s\\n' \"${commands// /$'\\n'}\"; fi)\n"
    "}\n"
    "complete -F _jam jam\n";

static void print_always(void)
{
    for (const struct option *option = options_always; option->name; option++) {
        if (option->completes != NAMES_NONE) {
            printf("    [[ $before == --%s ]] && kind='%s' words=0\n", option->name,
                   kinds[option->completes]);
        }
    }
    fputs("    options+=' ", stdout);
    for (const struct option *option = options_always; option->name; option++) {
        printf("%s--%s", option == options_always ? "" : " ", option->name);
    }
    fputs("'\n", stdout);
}

static void print_completion(void)
{
    fputs(completion_head, stdout);
    fputs("    local all='", stdout);
    print_words(NULL);
    fputs("'\n    case $first in\n    '') commands=$all ;;\n", stdout);
    print_families();
    fputs("    esac\n"
          "    if [[ -n $commands && -n $first && -n $second ]]; then\n"
          "        first=\"$first $second\" commands='' words=$((words - 1))\n"
          "    fi\n"
          "    case $first in\n",
          stdout);
    for (const struct command *command = commands; command->name; command++) {
        if (*command->name && !command->quiet) {
            print_case(command);
        }
    }
    fputs("    esac\n", stdout);
    print_always();
    fputs("    ((words == 1)) && kind=$then\n"
          "    ((words > 1)) && kind=''\n"
          "    [[ $kind == commands ]] && kind='' commands=$all\n",
          stdout);
    fputs(completion_tail, stdout);
}

int run_help(struct run *run)
{
    const struct args *args = run->args;
    if (args_value(args, "completion")) {
        print_completion();
        return EXIT_DONE;
    }
    if (args->words_count == 0) {
        return help_all(run);
    }
    int used;
    const char *second = args->words_count > 1 ? args->words[1] : NULL;
    const struct command *command = command_find(args->words[0], second, &used);
    if (command && (second || !command_is_family(args->words[0]))) {
        return help_command(run, command);
    }
    if (command_is_family(args->words[0])) {
        return help_family(run, args->words[0]);
    }
    if (strcmp(args->words[0], "json") == 0) {
        return help_json(run);
    }
    return run_unknown(run, args->words[0], second);
}

int run_names(struct run *run)
{
    struct question question;
    if (args_question(run->args, &question) != OK) {
        return run_usage(run);
    }
    for (enum names kind = NAMES_JAMS; kind <= NAMES_SEATS; kind++) {
        if (strcmp(kinds[kind], run->args->words[0]) == 0) {
            return run_ask(run, &question);
        }
    }
    run->args->wrong = _("There are no names of the kind \"%1\".");
    run->args->wrong_word = run->args->words[0];
    return run_usage(run);
}
