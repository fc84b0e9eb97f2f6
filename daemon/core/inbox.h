/* What is for the one who asks: open feedback by its receiver, sealed feedback by trying which boxes their key opens. What
 * a box says, and whose it is, is only ever known here, in memory, while its receiver is signed in. PROTOCOL.md,
 * "Letters". */
#ifndef JAM_INBOX_H
#define JAM_INBOX_H

#include "letter.h"
#include "rows.h"

/* Which sealed feedback opens for a key, by stamp, newest first: so that each box is tried once in a sitting. */
struct tried {
    struct stamp stamp;
    uint16_t bytes; /* of the letter's texts; 0: it doesn't open */
};
struct opened {
    struct sign_pk key; /* for whom */
    struct tried *at;   /* owned: opened_forget */
    uint32_t count;
    bool more; /* older ones weren't tried yet: inbox_go_on */
};
void opened_forget(struct opened *);
/* Tries some of those, so that nobody waits for all of them, and the machine does nothing else meanwhile. */
void inbox_go_on(struct ask *);

/* Opens what stands at a stamp for who asks: feedback to them, or that the class's policy lets them read, or a note to
 * themselves. False if it isn't there or doesn't open; if it was posted by another than who wrote it, or in another class;
 * or if it says to be for somebody else. The texts borrow from room, which the caller wipes. */
bool letter_read(struct ask *, enum letter_kind, const struct stamp *,
                 uint8_t room[LETTER_BYTES_MAX], struct letter *);

/* The receiver of rows that are sealed. */
extern const struct ref sealed_receiver;

/* Feedback by others to who asks and to their jams after a stamp, newest first. Of sealed feedback what was tried:
 * LETTERS_ASKED_MAX at once, older ones a moment later. */
void inbox_read(struct ask *, const struct stamp *after, struct lines *);
/* As inbox_read: what they haven't read on this machine, or if they never read here, what came since they signed in the
 * time before. */
void inbox_unread(struct ask *, struct lines *);
/* One of those lines, as in `inbox`; n is 0 where it has no number. nil if it isn't there. */
void pack_letter(struct ask *, struct pack *, uint32_t n, const struct line *);
/* All that is here now was read. */
void inbox_mark_read(struct ask *);
/* Was anything sealed before a teacher gave them another key? It may have been for them. */
bool inbox_lost(struct ask *);

#endif
