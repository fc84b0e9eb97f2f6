/* Takes the command line apart. Options may stand before or after the command; free text needs no quotes. */
#include "args.h"

#include <limits.h>
#include <stdlib.h>

#include "text.h"

static enum err wrong(struct args *args, const char *template, const char *word)
{
    args->wrong = template;
    args->wrong_word = word;
    return ERR_USAGE;
}

void args_clear(struct args *args)
{
    free(args->words);
    free(args->room);
}

/* Joins words[0..count) with spaces, in room that was made for all of them. */
static char *join(struct args *args, char **words, int count)
{
    char *text = args->room + args->room_used;
    char *end = text;
    for (int i = 0; i < count; i++) {
        end = stpcpy(end, words[i]);
        *end++ = ' ';
    }
    end[-1] = '\0';
    args->room_used += (size_t)(end - text);
    return text;
}

const char *args_join(struct args *args, int from)
{
    return from < args->words_count ? join(args, args->words + from, args->words_count - from)
                                    : NULL;
}

/* The option that `word` names, up to a '='; NULL. */
static const struct option *find_option(const struct option *options, size_t max, const char *word)
{
    size_t len = strcspn(word, "=");
    for (size_t i = 0; i < max && options[i].name; i++) {
        if (strlen(options[i].name) == len && memcmp(options[i].name, word, len) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

/* The option that was probably meant; NULL. */
static const char *near_option(const struct args *args, const char *word)
{
    enum { FAR = 3 };
    const char *near = NULL;
    size_t least = FAR;
    for (int own = 0; own < 2; own++) {
        const struct option *options =
            own && args->command ? args->command->options : options_always;
        for (int i = 0; i < (own ? OPTIONS_MAX : INT_MAX) && options[i].name; i++) {
            size_t far = text_distance(slice_str(options[i].name), slice_str(word), FAR);
            if (far < least) {
                least = far;
                near = options[i].name;
            }
        }
    }
    return near;
}

static void set_always(struct args *args, const char *name, const char *value)
{
    args->socket = strcmp(name, "socket") == 0 ? value : args->socket;
    args->class = strcmp(name, "class") == 0 ? value : args->class;
    args->json = args->json || strcmp(name, "json") == 0;
    args->plain = args->plain || strcmp(name, "plain") == 0;
    args->help = args->help || strcmp(name, "help") == 0;
    args->version = args->version || strcmp(name, "version") == 0;
}

/* Text after an option: up to the next one. */
static int words_until_option(int argc, char **argv)
{
    int count = 0;
    while (count < argc && strncmp(argv[count], "--", 2) != 0) {
        count++;
    }
    return count;
}

/* Reads the option in argv[0] and its value. *used is how many words that took. */
static enum err read_option(struct args *args, int argc, char **argv, int *used)
{
    const char *typed = argv[0];
    const char *word = strcmp(typed, "-h") == 0 ? "help" : typed + 2;
    const struct option *own = args->command ? args->command->options : NULL;
    const struct option *option = own ? find_option(own, OPTIONS_MAX, word) : NULL;
    size_t index = option ? (size_t)(option - own) : 0;
    own = option;
    option = option ? option : find_option(options_always, SIZE_MAX, word);
    if (!option) {
        args->near = near_option(args, word);
        return wrong(args, _("There is no option %1 here."), typed);
    }
    const char *value = strchr(word, '=');
    *used = 1;
    if (option->kind == OPTION_FLAG && value) {
        return wrong(args, _("The option %1 takes nothing after it."), typed);
    }
    if (option->kind == OPTION_FLAG) {
        value = "";
    } else if (value) {
        value++;
    } else if (argc < 2) {
        return wrong(args, _("Something is missing after %1."), typed);
    } else {
        int count = option->kind == OPTION_WORDS ? words_until_option(argc - 1, argv + 1) : 1;
        if (count == 0) {
            return wrong(args, _("Something is missing after %1."), typed);
        }
        value = join(args, argv + 1, count);
        *used += count;
    }
    if (own) {
        args->values[index] = value;
    } else {
        set_always(args, option->name, value);
    }
    return OK;
}

/* Takes argv[0], and argv[1] if it belongs to it, as the command. */
static int read_command(struct args *args, int argc, char **argv)
{
    const char *second = argc > 1 && argv[1][0] != '-' ? argv[1] : NULL;
    int used = 1;
    args->name[0] = argv[0];
    args->name[1] = second;
    args->command = command_find(argv[0], second, &used);
    return used;
}

static bool is_option(const char *word)
{
    bool letter = (word[1] >= 'a' && word[1] <= 'z') || (word[1] >= 'A' && word[1] <= 'Z');
    return strncmp(word, "--", 2) == 0 || (word[0] == '-' && letter && word[2] == '\0');
}

enum err args_read(struct args *args, int argc, char **argv)
{
    size_t bytes = 1;
    bool text_only = false;
    enum err err = OK;
    *args = (struct args){.wrong = "", .wrong_word = ""};
    for (int i = 0; i < argc; i++) {
        bytes += 2 * (strlen(argv[i]) + 1); /* each word is joined at most twice */
    }
    args->words = calloc((size_t)argc + 1, sizeof(*args->words));
    args->room = malloc(bytes);
    if (!args->words || !args->room) {
        return ERR_NOMEM;
    }
    for (int i = 1, used; i < argc && err == OK; i += used) {
        used = 1;
        if (!text_only && strcmp(argv[i], "--") == 0) {
            text_only = true;
        } else if (!text_only && is_option(argv[i]) &&
                   (args->words_count == 0 || argv[i][1] == '-' || argv[i][1] == 'h')) {
            err = read_option(args, argc - i, argv + i, &used);
        } else if (!args->name[0]) {
            used = read_command(args, argc - i, argv + i);
        } else {
            args->words[args->words_count++] = argv[i];
        }
    }
    if (!args->name[0]) {
        int used;
        args->command = command_find("", NULL, &used);
    }
    return err;
}

const char *args_value(const struct args *args, const char *option)
{
    const struct option *found = find_option(args->command->options, OPTIONS_MAX, option);
    return found ? args->values[found - args->command->options] : NULL;
}

static enum err words_question(struct args *args, struct question *question)
{
    int at = 0;
    for (int i = 0; i < WORDS_MAX && args->command->words[i].param; i++) {
        const struct word *word = &args->command->words[i];
        const char *text = at < args->words_count ? args->words[at] : NULL;
        if (text && word->rest) {
            text = args_join(args, at);
            at = args->words_count;
        } else if (text) {
            at++;
        }
        if (word->must && !text) {
            return wrong(args, _("Something is missing."), "");
        }
        question_text(question, word->param, text);
    }
    return at < args->words_count ? wrong(args, _("\"%1\" is too much."), args->words[at]) : OK;
}

enum err args_question(struct args *args, struct question *question)
{
    *question = (struct question){.method = args->command->method};
    question_text(question, "class", args->class);
    for (int i = 0; i < OPTIONS_MAX && args->command->options[i].name; i++) {
        const struct option *option = &args->command->options[i];
        if (option->param && args->values[i] && option->kind == OPTION_FLAG) {
            question_flag(question, option->param);
        } else if (option->param) {
            question_text(question, option->param, args->values[i]);
        }
    }
    return words_question(args, question);
}
