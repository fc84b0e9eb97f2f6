/* A question to jamd that may need a passphrase, or a word of who sits at the terminal: hello, class create, passphrase,
 * class rescue. What jamd refuses for want of it is asked for, and the question is asked again. */
#ifndef JAM_TALK_H
#define JAM_TALK_H

#include "ask.h"
#include "run.h"

struct talk {
    struct run *run;
    struct question question; /* without passphrases */
    const char *known_param;  /* how the method calls the passphrase that somebody has */
    const char *fresh_param;  /* ... and one that they choose; may be the same */
    bool terminal;            /* somebody can be asked */
    bool take_over;
    int wrong; /* so many wrong passphrases were typed */
    char known[SECRET_ROOM];
    char fresh[SECRET_ROOM];
    char proposed[SECRET_ROOM]; /* words that jamd proposes */
};

/* Reads the command line, and the file of --passphrase-file: its first line is `known`; where the two params differ, its
 * second is `fresh`. Not OK: *status is the exit status, and why was said. talk_end is owed in any case. */
enum err talk_begin(struct talk *, struct run *, const char *known_param, const char *fresh_param,
                    int *status);
/* Asks until there is an answer or a refusal that nothing can be done about; shows it. Exit status. */
int talk(struct talk *);
void talk_end(struct talk *);

#endif
