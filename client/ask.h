/* Asking who sits at the terminal: a line, or one that nobody else is to see; and passphrases from a file. */
#ifndef JAM_ASK_H
#define JAM_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "bounds.h"
#include "err.h"

/* A passphrase and its end, and a byte more, so that one that is too long stays so and jamd can say it. */
enum { SECRET_ROOM = PASSPHRASE_BYTES_MAX + 2 };

/* Can anybody be asked? Standard input and output are a terminal. */
bool ask_can(void);
/* Prints the prompt and reads a line; what is beyond room is lost. False: nothing was typed, or no more comes. */
bool ask_line(const char *prompt, char *out, size_t room);
/* The same without echo. The terminal is as before afterwards, also when a signal ends or stops jam. False as well if echo
 * can't be turned off. The caller wipes out. */
bool ask_secret(const char *prompt, char out[SECRET_ROOM]);
/* Yes or no; anything but yes is no. */
bool ask_yes(const char *prompt);
/* The same; anything but no is yes. */
bool ask_not_no(const char *prompt);

/* Reads so many lines of a file ("-" is standard input), without their ends; lines that aren't there are "". ERR_DISK
 * (it can't be read), ERR_EMPTY (nothing on the first line), ERR_TOO_LONG, ERR_BAD_TEXT (a zero
 * byte). The caller wipes lines. */
enum err secret_read(const char *path, char (*lines)[SECRET_ROOM], int count);

#endif
