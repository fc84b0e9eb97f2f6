/* The command line, taken apart by the command's row of the table. */
#ifndef JAM_ARGS_H
#define JAM_ARGS_H

#include "call.h"
#include "command.h"

struct args {
    const struct command *command; /* NULL: none of this name */
    const char *name[2];           /* what was typed where a command belongs; NULL */
    const char *socket;            /* NULL: not said */
    const char *class;             /* NULL: not said */
    bool json;
    bool plain;
    bool help;
    bool version;
    char **words; /* after the command; point into argv */
    int words_count;
    const char *values[OPTIONS_MAX]; /* by the command's options; "" for a flag that is set; NULL */
    /* why it is wrong usage; only when args_read says so */
    const char *wrong; /* translated; %1 is the word */
    const char *wrong_word;
    const char *near; /* an option that was probably meant, or NULL */
    char *room;       /* joined words */
    size_t room_used;
};

/* ERR_USAGE: wrong and wrong_word say why. Command and global options are filled in as far as they were understood. argv
 * is borrowed. args_clear is owed in any case. */
enum err args_read(struct args *, int argc, char **argv);
void args_clear(struct args *);

/* The value of an option of the command; NULL if it wasn't given. */
const char *args_value(const struct args *, const char *option);
/* Words from the index on, as one text; NULL if there are none. Lives as long as args. */
const char *args_join(struct args *, int from);
/* Everything that the row of the table turns into params. ERR_USAGE: a word is missing or too much. */
enum err args_question(struct args *, struct question *);

#endif
