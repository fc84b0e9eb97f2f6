/* One run of jam: what was typed, how answers are shown, and the line to jamd. */
#ifndef JAM_RUN_H
#define JAM_RUN_H

#include "args.h"
#include "show.h"

enum exit_status {
    EXIT_DONE = 0,
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
    EXIT_NO_DAEMON = 3,
};

struct run {
    struct args *args;
    const struct show *show;
    struct style style;
    struct call call;
};

/* Asks what the row of the table makes of the words, or this question; shows the answer or why not. Exit status. */
int run_ask(struct run *, const struct question *);
/* Shows an answer as the command says it. */
void run_answer(struct run *, const struct answer *);
/* Says why not, and gives the exit status for it. The answer may hold jamd's texts. */
int run_refuse(struct run *, enum err, const struct answer *);
/* Says what is wrong with the words that were typed, and how they go. */
int run_usage(struct run *);
/* There is no such command: says which was probably meant. */
int run_unknown(struct run *, const char *first, const char *second);

/* Commands that do more than ask once. */
int run_feedback(struct run *);
int run_admit(struct run *);
int run_watch(struct run *);
int run_doctor(struct run *);
int run_prompt(struct run *);
int run_help(struct run *);
int run_names(struct run *);
int run_hello(struct run *);
int run_passphrase(struct run *);
int run_class_create(struct run *);
int run_class_rescue(struct run *);
int run_class_close(struct run *);
int run_class_export(struct run *);
int run_roster(struct run *);
int run_cards(struct run *);
int run_redact(struct run *);
int run_forget(struct run *);

/* cmd_export.c: keeps the class in a file, or in a folder under a name of its own. Says so, or why not. */
int run_keep(struct run *, const char *to, bool replace);

/* help.c: to people, or with --json to programs. Exit status. */
int help_all(struct run *); /* every command, a line each */
int help_command(struct run *, const struct command *);
int help_family(struct run *, const char *word);
int help_version(struct run *);

#endif
