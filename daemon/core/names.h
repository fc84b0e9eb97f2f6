/* What a person typed, found: by the line of the list that was last shown, by id, by name, or by the beginning of a name
 * that no other has. A write never guesses: what fits nothing gets the nearest name as a suggestion, what fits several
 * gets them told. */
#ifndef JAM_NAMES_H
#define JAM_NAMES_H

#include "rows.h"

/* `type` is how the command begins, for suggestions: "jam join". ERR_NO_SUCH_JAM, ERR_AMBIGUOUS, ERR_NO_LIST. Of jams of
 * one name, the one that I'm in counts, then the one that I'm a member of. */
enum err name_jam(struct ask *, struct slice typed, const char *type, struct ref *);
/* Also "ana~k3f". ERR_NO_SUCH_PERSON, ERR_AMBIGUOUS, ERR_NO_LIST. */
enum err name_person(struct ask *, struct slice typed, const char *type, struct person_id *);
/* The same, but not by the beginning of a name: for what can't be undone, or says who somebody is. */
enum err name_person_whole(struct ask *, struct slice typed, const char *type, struct person_id *);
/* A name may have spaces, and came as the first word alone: words with which `rest` begins go over to `typed` if they make
 * somebody's whole name, as many as do. Both may be changed; *typed then lies in ask->room. */
void name_spread(struct ask *, struct slice *typed, struct slice *rest);
/* For signing in: the person of exactly this handle, "ana~k3f", a list's line or an id. ERR_NO_SUCH_PERSON also tells
 * that somebody new may sign up: then *is_new. ERR_REMOVED: a teacher removed who was called so, and nobody else is, nor
 * has the roster the name again. */
enum err name_self(struct ask *, struct slice typed, struct person_id *, bool *is_new);
/* Of the jam that I'm in, and of my own. ERR_NO_SUCH_TASK, ERR_AMBIGUOUS, ERR_NO_LIST. */
enum err name_task(struct ask *, struct slice typed, struct ref *);
/* An entry: a line of the journal or inbox that was shown last, or an id. ERR_NO_SUCH_ENTRY, ERR_NO_LIST. */
enum err name_entry(struct ask *, struct slice typed, struct ref *);
/* A machine, by its seat's label or host name. ERR_NO_SUCH_SEAT, ERR_AMBIGUOUS. */
enum err name_seat(struct ask *, struct slice typed, struct hardware_id *);

/* Does this look like a line of a list, or like an id? Then it can't be a name. */
bool name_is_line(struct slice typed);
bool name_is_id(struct slice typed, struct ref *);

#endif
