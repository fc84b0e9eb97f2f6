/* Who knocks here: machines that are in no class and can be heard. All that they say is only claimed, and anybody can knock
 * with as many keys as they like; so their number is bounded, in all and of one address, and who keeps knocking isn't
 * pushed out by who comes later. */
#ifndef JAM_KNOCKERS_H
#define JAM_KNOCKERS_H

#include "device.h"
#include "knock.h"

enum { KNOCK_SILENT_MS = 60 * 1000 }; /* who didn't knock for so long doesn't any more */

struct knocker {
    struct knock knock;
    uint32_t number;          /* by which people name it: rises, and stays */
    struct address from;      /* of its last knock */
    struct mono first;        /* knock */
    struct mono heard;        /* last one */
    char words[KEY_TEXT_MAX]; /* of its key; "" until they are known */
    /* what is offered to it */
    bool admitted;
    bool by_itself; /* nobody let it in: the class's policy did */
    uint32_t class_index;
    struct mono until;     /* then it is given up */
    struct mono offer_due; /* next time that it is said */
    struct mono
        looked; /* when it was last looked whether the class's policy lets it in; 0: not yet */
};

struct knockers {
    uint32_t count;
    uint32_t numbers;                /* given so far */
    struct knocker at[KNOCKERS_MAX]; /* in order of their numbers: who knocked first is first */
};

/* It knocked. NULL: there is no room for it. Pointers are good until the next call. */
struct knocker *knockers_hear(struct knockers *, const struct knock *, const struct address *from,
                              struct now);
struct knocker *knockers_find(struct knockers *, const struct device_id *);
void knockers_remove(struct knockers *, const struct knocker *);
bool knocker_knocks(const struct knocker *, struct now);
/* Does another one that knocks show the same words? */
bool knockers_alike(const struct knockers *, const struct knocker *, struct now);

#endif
