/* What a command is: the one table (commands.c) from which dispatch, help and completion come. */
#ifndef JAM_COMMAND_H
#define JAM_COMMAND_H

#include <stdbool.h>

#include "page.h"

struct run;

/* What completion offers: the names of LOCAL.md's method `names`, or nothing. */
enum names {
    NAMES_NONE,
    NAMES_JAMS,
    NAMES_PEOPLE,
    NAMES_ROLES,
    NAMES_CLASSES,
    NAMES_SEATS,
    NAMES_COMMANDS,
    NAMES_FILES,
};

enum option_kind {
    OPTION_FLAG,
    OPTION_VALUE, /* one word */
    OPTION_WORDS, /* all words up to the next option */
};

struct option {
    const char *name;  /* without the dashes */
    const char *param; /* how jamd's method calls it; NULL: the client's own */
    enum option_kind kind;
    enum names completes;
    const char *help;
};

enum { OPTIONS_MAX = 8, WORDS_MAX = 3 };

/* A word after the command that becomes a param. */
struct word {
    const char *param; /* NULL: no more words */
    bool must;         /* it can't be left out */
    bool rest;         /* all that follows, as one text; the last word only */
};

struct command {
    const char *name;   /* as typed: "task add"; "" is jam alone */
    const char *method; /* what jamd calls it */
    /* Says the answer to people. */
    void (*say)(struct page *, const msgpack_object *result);
    /* Does it otherwise than by asking once; NULL for most. Returns the exit status. */
    int (*run)(struct run *);
    const char *help; /* one line */
    const char *usage;
    const char *example;
    struct word words[WORDS_MAX];
    struct option options[OPTIONS_MAX];
    enum names completes; /* its first word */
    enum names then;      /* its second */
    bool quiet;           /* not in the help's list */
};

extern const struct command commands[];      /* name == NULL at the end */
extern const struct option options_always[]; /* name == NULL at the end */

/* The command of these words ("task", "add"), and how many of them are its name; NULL. */
const struct command *command_find(const char *first, const char *second, int *used);
/* Is it the first word of commands of two ("task")? */
bool command_is_family(const char *word);
/* The name that was probably meant, of two words if the first is a family; NULL. */
const char *command_near(const char *first, const char *second);

#endif
