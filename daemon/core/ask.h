/* What a request says: its texts, checked and tidied, and refusals that say what was wrong. */
#ifndef JAM_ASK_H
#define JAM_ASK_H

#include "rows.h"

/* Returns err, having noted what was meant and a suggestion (see err.h; both may be empty). */
enum err refuse(struct ask *, enum err, struct slice what, const char *detail);

/* A text param, tidied, of at most bytes_max; it lives in ask->room. ERR_EMPTY (missing, or nothing visible),
 * ERR_TOO_LONG, ERR_MALFORMED. */
enum err ask_text(struct ask *, const char *key, size_t bytes_max, bool lines, struct slice *out);
/* The same where nothing is an answer too: then *out is empty. */
enum err ask_text_if(struct ask *, const char *key, size_t bytes_max, bool lines,
                     struct slice *out);
/* As ask_text, for what is to serve as a name: ERR_BAD_TEXT if it looks like a list's line or an id. */
enum err ask_name(struct ask *, const char *key, size_t bytes_max, struct slice *out);
/* What a person typed to name something that is there: text, or a number. False if missing, nil or empty. */
bool ask_typed(struct ask *, const char *key, struct slice *out);
bool ask_flag(const struct ask *, const char *key);

/* The jam that `jam` names, else the one that I'm in. ERR_NOT_IN_JAM, and the errors of name_jam. `type` is how the
 * command begins, for suggestions: "jam show". */
enum err ask_jam(struct ask *, const char *type, struct ref *jam);
/* The same; ERR_NOT_MEMBER unless I'm a member of it. */
enum err ask_my_jam(struct ask *, const char *type, struct ref *jam);
/* The jam that I'm in; false if I'm in none. */
bool ask_in_jam(struct ask *, struct ref *jam);

/* Adds an op by who asks. The caller sets its fields and their bits. */
struct op *ask_op(struct ask *, enum op_kind);
/* Keeps my place as it is before the ops in ask->was. */
void ask_keep_place(struct ask *);

#endif
