/* Letters: encoding, padding, sealing. */
#include "letter.h"

#include "pack.h"
#include "text.h"

enum { LENGTH_BYTES = 2, FIELDS = 7 };

static const char *const kinds[] = {"jam feedback 1", "jam note 1"};

bool letter_box_fits(size_t box_len)
{
    return box_len > BOX_OVERHEAD && box_len - BOX_OVERHEAD <= LETTER_BYTES_MAX &&
           (box_len - BOX_OVERHEAD) % LETTER_BLOCK == 0;
}

/* Does it say what its kind says, within bounds? */
static enum err letter_check(const struct letter *letter)
{
    bool note = letter->kind == LETTER_NOTE;
    if (letter->text.len == 0 && (note || letter->more.len == 0)) {
        return ERR_MALFORMED;
    }
    if (note &&
        (letter->has_about || letter->more.len > 0 || !SAME(letter->author, letter->recipient))) {
        return ERR_MALFORMED;
    }
    enum err err = text_check(letter->text, TEXT_BYTES_MAX);
    return err == OK ? text_check(letter->more, TEXT_BYTES_MAX) : err;
}

/* ---- encoding ---------------------------------------------------------------------------------------------------- */

static void pack_text_or_nil(struct pack *p, struct slice text)
{
    if (text.len > 0) {
        pack_text(p, text);
    } else {
        pack_nil(p);
    }
}

enum err letter_encode(const struct letter *letter, uint8_t out[LETTER_BYTES_MAX], size_t *len)
{
    struct pack p;
    enum err err = letter_check(letter);
    if (err != OK) {
        return err;
    }
    memset(out, 0, LETTER_BYTES_MAX);
    pack_init_room(&p, out + LENGTH_BYTES, LETTER_BYTES_MAX - LENGTH_BYTES);
    pack_array(&p, FIELDS);
    pack_str(&p, kinds[letter->kind]);
    pack_bin(&p, SLICE(letter->author));
    pack_bin(&p, SLICE(letter->class));
    pack_bin(&p, SLICE(letter->recipient));
    if (letter->has_about) {
        pack_bin(&p, SLICE(letter->about));
    } else {
        pack_nil(&p);
    }
    pack_text_or_nil(&p, letter->text);
    pack_text_or_nil(&p, letter->more);
    if (p.failed) {
        return ERR_TOO_LONG;
    }
    size_t used = pack_bytes(&p).len;
    out[0] = (uint8_t)(used >> 8);
    out[1] = (uint8_t)used;
    *len = (LENGTH_BYTES + used + LETTER_BLOCK - 1) / LETTER_BLOCK * LETTER_BLOCK;
    return OK;
}

/* ---- decoding ---------------------------------------------------------------------------------------------------- */

static bool read_kind(const msgpack_object *o, enum letter_kind *kind)
{
    struct slice text;
    for (size_t i = 0; read_text(o, &text) && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (slice_is(text, kinds[i])) {
            *kind = (enum letter_kind)i;
            return true;
        }
    }
    return false;
}

/* Nothing is written as nil, never as an empty text. */
static bool read_text_or_nil(const msgpack_object *o, struct slice *text)
{
    return o->type == MSGPACK_OBJECT_NIL || (read_text(o, text) && text->len > 0);
}

static enum err read_letter(const msgpack_object *root, struct letter *letter)
{
    const msgpack_object *items;
    uint32_t count;
    if (!read_array(root, &items, &count) || count != FIELDS ||
        !read_kind(&items[0], &letter->kind) ||
        !read_fixed(&items[1], letter->author.b, sizeof(letter->author.b)) ||
        !read_fixed(&items[2], letter->class.b, sizeof(letter->class.b)) ||
        !read_fixed(&items[3], letter->recipient.b, sizeof(letter->recipient.b))) {
        return ERR_MALFORMED;
    }
    letter->has_about = items[4].type != MSGPACK_OBJECT_NIL;
    if ((letter->has_about && !read_fixed(&items[4], letter->about.b, sizeof(letter->about.b))) ||
        !read_text_or_nil(&items[5], &letter->text) ||
        !read_text_or_nil(&items[6], &letter->more)) {
        return ERR_MALFORMED;
    }
    return letter_check(letter);
}

enum err letter_decode(struct slice plain, struct letter *letter)
{
    struct doc doc;
    memset(letter, 0, sizeof(*letter));
    if (plain.len == 0 || plain.len % LETTER_BLOCK != 0 || plain.len > LETTER_BYTES_MAX) {
        return ERR_MALFORMED;
    }
    size_t used = (size_t)plain.at[0] << 8 | plain.at[1];
    size_t end = LENGTH_BYTES + used;
    /* no block more than it needs, and nothing hidden in the padding */
    if (end > plain.len || end + LETTER_BLOCK <= plain.len) {
        return ERR_MALFORMED;
    }
    for (size_t i = end; i < plain.len; i++) {
        if (plain.at[i] != 0) {
            return ERR_MALFORMED;
        }
    }
    enum err err = doc_open(&doc, slice_of(plain.at + LENGTH_BYTES, used), PACK_STRICT);
    if (err == OK) {
        err = read_letter(&doc.root, letter);
        doc_clear(&doc);
    }
    return err;
}

/* ---- boxes ------------------------------------------------------------------------------------------------------- */

enum err letter_seal(const struct letter *letter, const struct sign_pk *to, struct rng *rng,
                     uint8_t box[BOX_BYTES_MAX], size_t *len)
{
    uint8_t plain[LETTER_BYTES_MAX];
    size_t plain_len = 0;
    enum err err = letter_encode(letter, plain, &plain_len);
    if (err == OK) {
        *len = plain_len + BOX_OVERHEAD;
        err = box_seal(to, rng, slice_of(plain, plain_len), box) ? OK : ERR_SIGNATURE;
    }
    wipe(plain, sizeof(plain));
    return err;
}

enum err letter_open(const struct box_key *key, struct slice box, uint8_t room[LETTER_BYTES_MAX],
                     struct letter *letter)
{
    if (!letter_box_fits(box.len)) {
        return ERR_SIGNATURE;
    }
    enum err err = box_try(key, box, room);
    return err == OK ? letter_decode(slice_of(room, box.len - BOX_OVERHEAD), letter) : err;
}

/* ---- shared boxes ------------------------------------------------------------------------------------------------ */

/* How many parts a shared box has beside a letter of so many bytes; 0: it is none. */
static size_t parts_of(size_t shared_len, size_t letter_len)
{
    size_t rest = LETTER_ID_BYTES + SEAL_OVERHEAD + letter_len;
    size_t parts = shared_len > rest ? (shared_len - rest) / LETTER_PART_BYTES : 0;
    bool whole = rest + parts * LETTER_PART_BYTES == shared_len;
    return whole && parts <= LETTER_READERS_MAX ? parts : 0;
}

bool letter_shared_fits(size_t shared_len, size_t box_len)
{
    return letter_box_fits(box_len) && parts_of(shared_len, box_len - BOX_OVERHEAD) > 0;
}

enum err letter_share(const struct letter *letter, const struct sign_pk *to, uint32_t count,
                      struct rng *rng, uint8_t box[BOX_BYTES_MAX], size_t *len)
{
    uint8_t plain[LETTER_BYTES_MAX], seed[32], part[LETTER_ID_BYTES + LETTER_PART_BYTES];
    struct seal_key key;
    size_t plain_len = 0;
    if (count == 0 || count > LETTER_READERS_MAX) {
        return ERR_LIMIT;
    }
    enum err err = letter_encode(letter, plain, &plain_len);
    rng_fill(rng, seed, sizeof(seed));
    rng_fill(rng, key.b, sizeof(key.b));
    *len = LETTER_ID_BYTES;
    for (uint32_t i = 0; i < count && err == OK; i++) {
        if (box_seal_with(seed, &to[i], SLICE(key), part)) {
            memcpy(box, part, LETTER_ID_BYTES);
            memcpy(box + *len, part + LETTER_ID_BYTES, LETTER_PART_BYTES);
            *len += LETTER_PART_BYTES;
        }
    }
    err = err == OK && *len == LETTER_ID_BYTES ? ERR_SIGNATURE : err;
    if (err == OK) {
        seal(&key, rng, "jam letter 1", slice_of(plain, plain_len), box + *len);
        *len += plain_len + SEAL_OVERHEAD;
    }
    wipe(plain, sizeof(plain));
    wipe(seed, sizeof(seed));
    wipe(&key, sizeof(key));
    return err;
}

/* The letter's length isn't said, so each that leaves whole parts is tried: they are few, and one fits. */
enum err letter_open_shared(const struct box_key *own, struct slice shared,
                            uint8_t room[LETTER_BYTES_MAX], struct letter *letter)
{
    uint8_t part[LETTER_ID_BYTES + LETTER_PART_BYTES];
    struct seal_key key;
    enum err err = ERR_SIGNATURE;
    size_t len = 0, parts = 0;
    for (len = LETTER_BLOCK; len <= LETTER_BYTES_MAX && parts == 0; len += LETTER_BLOCK) {
        parts = parts_of(shared.len, len);
    }
    len -= LETTER_BLOCK;
    for (size_t i = 0; i < parts && err != OK; i++) {
        memcpy(part, shared.at, LETTER_ID_BYTES);
        memcpy(part + LETTER_ID_BYTES, shared.at + LETTER_ID_BYTES + i * LETTER_PART_BYTES,
               LETTER_PART_BYTES);
        err = box_try(own, slice_of(part, sizeof(part)), key.b);
    }
    if (err == OK) {
        size_t at = LETTER_ID_BYTES + parts * LETTER_PART_BYTES;
        err = seal_open(&key, "jam letter 1", slice_of(shared.at + at, shared.len - at), room);
    }
    wipe(&key, sizeof(key));
    return err == OK ? letter_decode(slice_of(room, len), letter) : err;
}
