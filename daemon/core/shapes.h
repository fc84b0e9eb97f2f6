/* The shapes in which clients see rows: people, places, tasks, jams, journals (proto/LOCAL.md, "Common shapes"). */
#ifndef JAM_SHAPES_H
#define JAM_SHAPES_H

#include "rows.h"

void pack_hex(struct pack *, const void *id);                /* of 16 bytes; NULL writes nil */
void pack_column(struct pack *, sqlite3_stmt *, int column); /* text, or nil */
/* The pair "entry". */
void pack_entry(struct ask *, struct pack *); /* two pairs: "entry" and "as", who wrote it */
/* The class's last day: three pairs, "until", "days_left" and "over", the latter by this machine's clock. */
void pack_last_day(struct ask *, struct pack *);
struct age moment_age(struct ask *, const struct moment *);
/* The three pairs of an age; nil if never. */
void pack_moment(struct ask *, struct pack *, const struct moment *);
void pack_person(struct ask *, struct pack *, const struct person_id *);
/* Who one is: three pairs, person, handle, name. */
void pack_names(struct ask *, struct pack *, const struct person_id *);
/* Key and map, or nil: when and at which machine they signed up. */
void pack_signed_up(struct ask *, struct pack *, const struct person_id *);
/* Key and map, or nil: why ask->me, who sat at this terminal, does no longer. */
void pack_left(struct ask *, struct pack *);
void pack_people(struct ask *, struct pack *, const struct shown_list *);
void pack_place(struct ask *, struct pack *, const struct place *);
/* My place now, and as it was before the ops. */
void pack_my_place(struct ask *, struct pack *);
void pack_was(struct ask *, struct pack *);
void pack_jam_name(struct ask *, struct pack *, const struct ref *jam); /* NULL writes nil */
void pack_jam_names(struct ask *, struct pack *, const struct shown_list *);
/* The jams of which a person is a member. */
void pack_member_of(struct ask *, struct pack *, const struct person_id *);
void pack_seat(struct ask *, struct pack *, const struct device_id *);
/* n is the line; 0 writes nil. */
void pack_line(struct pack *, uint32_t n);
void pack_task(struct ask *, struct pack *, uint32_t n, const struct ref *task);
/* Tasks with their places in the list as lines. */
void pack_tasks(struct ask *, struct pack *, const struct shown_list *);
/* What a person does for a jam: texts. */
void pack_roles_of(struct ask *, struct pack *, const struct ref *jam, const struct person_id *);
/* Who holds a role of a jam: texts; and all roles of it with their holders. `role` is the role's key. */
void pack_holders(struct ask *, struct pack *, const struct ref *jam, struct slice role);
void pack_roles(struct ask *, struct pack *, const struct ref *jam);
/* The pairs of a jam as in `list`: JAM_PAIRS. */
enum { JAM_PAIRS = 9 };
void pack_jam_pairs(struct ask *, struct pack *, uint32_t n, const struct ref *jam);
void pack_journal(struct ask *, struct pack *, const struct lines *);
/* n is the line; 0 writes nil. */
void pack_journal_line(struct ask *, struct pack *, uint32_t n, const struct line *);

/* Remembers what is shown on this terminal, so that its lines can be typed. */
void list_show(struct ask *, enum list_kind, const struct shown_list *);
/* The line of an id in that list; added behind if it isn't there. 0 if there is no room. */
uint32_t list_line(struct ask *, enum list_kind, const struct ref *);

#endif
