/* Who may do what in a class, as the log says. */
#ifndef JAM_AUTHORITY_H
#define JAM_AUTHORITY_H

#include "store.h"

/* Is that person a teacher of the class? */
bool authority_is_teacher(struct store *, const struct person_id *);
/* What the class has decided: enum policy bits. */
uint64_t class_policy(struct store *);

#endif
