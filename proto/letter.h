/* What is sealed to a person: feedback, and notes to oneself. A sealed box has no sender, so the letter says inside who
 * wrote it, to whom and in which class: else anybody could post another's box as their own. PROTOCOL.md, "Letters". */
#ifndef JAM_LETTER_H
#define JAM_LETTER_H

#include "bounds.h"
#include "bytes.h"
#include "err.h"
#include "keys.h"

enum {
    LETTER_BLOCK = 256,     /* a letter is padded to blocks, so that its length tells little */
    LETTER_READERS_MAX = 7, /* of a shared box: as many as fit beside the longest letter */
    LETTER_ID_BYTES = 32,   /* a shared box: an ephemeral public key, ... */
    LETTER_PART_BYTES =
        32 + 16, /* ... for each reader the letter's key, sealed to theirs, and the letter */
    LETTER_SHARED_MAX = LETTER_ID_BYTES + LETTER_READERS_MAX * LETTER_PART_BYTES + SEAL_OVERHEAD,
    LETTER_BYTES_MAX = (BOX_BYTES_MAX - LETTER_SHARED_MAX) / LETTER_BLOCK * LETTER_BLOCK,
};

enum letter_kind {
    LETTER_FEEDBACK,
    LETTER_NOTE, /* to oneself */
};

struct letter {
    enum letter_kind kind;
    struct person_id author;
    struct class_id class;
    struct person_id recipient;
    bool has_about; /* FEEDBACK: on an entry */
    struct ref about;
    struct slice text; /* glow; a note's text. Empty: none */
    struct slice more; /* grow */
};

/* Could a box of so many bytes hold a letter? */
bool letter_box_fits(size_t box_len);

/* Encoded and padded; *len a multiple of LETTER_BLOCK. ERR_TOO_LONG (it fits no box), ERR_MALFORMED (nothing is said, or
 * what its kind can't say), ERR_BAD_TEXT. */
enum err letter_encode(const struct letter *, uint8_t out[LETTER_BYTES_MAX], size_t *len);
/* The texts borrow from the bytes. Whatever letter_encode wouldn't write is refused: ERR_MALFORMED, ERR_TOO_LONG,
 * ERR_BAD_TEXT, or the errors of doc_open. */
enum err letter_decode(struct slice plain, struct letter *);

/* Encodes and seals; box gets *len bytes. As letter_encode; ERR_SIGNATURE: `to` is no point of the curve. */
enum err letter_seal(const struct letter *, const struct sign_pk *to, struct rng *,
                     uint8_t box[BOX_BYTES_MAX], size_t *len);
/* The same for several, in one shared box; for who is no point of the curve nobody gets a part. ERR_LIMIT: none, or more than
 * LETTER_READERS_MAX; ERR_SIGNATURE: nobody is. */
enum err letter_share(const struct letter *, const struct sign_pk *to, uint32_t count, struct rng *,
                      uint8_t box[BOX_BYTES_MAX], size_t *len);
/* Could a shared box of so many bytes hold the letter that a box of box_len holds? */
bool letter_shared_fits(size_t shared_len, size_t box_len);
/* Opens and decodes into room, which the caller wipes. ERR_SIGNATURE: not for this key. */
enum err letter_open(const struct box_key *, struct slice box, uint8_t room[LETTER_BYTES_MAX],
                     struct letter *);
/* The same of a shared box. */
enum err letter_open_shared(const struct box_key *, struct slice shared,
                            uint8_t room[LETTER_BYTES_MAX], struct letter *);

#endif
