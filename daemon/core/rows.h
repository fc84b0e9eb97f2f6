/* Rows of the views as values: what several views read alike. Ids are collected first and each row is read by its id
 * afterwards, so that no statement runs inside itself. */
#ifndef JAM_ROWS_H
#define JAM_ROWS_H

#include "bounds.h"
#include "text.h"
#include "view.h"

enum {
    KEY_BYTES = 256,                                 /* a name's text_key, terminated */
    TAIL_BYTES = 27,                                 /* a person's id in base32, terminated */
    SHOWN_BYTES = HANDLE_BYTES_MAX + 1 + TAIL_BYTES, /* handle, ~, tail */
    LABEL_BYTES = NAME_BYTES_MAX + 1,
};

enum place_kind {
    PLACE_SOLO = 0,
    PLACE_JAM = 1,
    PLACE_AWAY = 2,
};

/* When something happened, for the order and for people. All zero: never. */
struct moment {
    struct stamp stamp;
    uint64_t time_ms;
};

struct place {
    enum place_kind kind;
    struct ref jam; /* PLACE_JAM */
    bool titled;    /* PLACE_SOLO: they said on what */
    char title[TITLE_BYTES_MAX + 1];
    struct moment since;
};

/* Where a person is signed in, or was last. */
struct session {
    bool open; /* signed in */
    bool here; /* and that machine is heard */
    struct device_id device;
    struct moment since;
};

/* A line of a journal, a feedback: where it stands, and of whom it is. */
struct line {
    struct ref owner; /* its key's first half: jam, person or task */
    struct stamp stamp;
    struct ref id;
    struct person_id author;
};
enum {
    LINE_BYTES = 320,                          /* what a line takes besides its text */
    LINES_BYTES_MAX = REPLY_BYTES_MAX * 3 / 4, /* with them, an answer stays within its bound */
};
struct lines {
    uint32_t count;
    struct line at[LIST_MAX];
};

/* An entry of the log, as far as everybody knows it, whether its payload is there or not. */
struct logged {
    int64_t row;
    bool is_void; /* then others may not have it */
    bool whole;   /* its payload is here */
    uint32_t kind;
    bool authored;
    struct person_id author;
    struct moment moment;
};
/* False if it isn't here. */
bool entry_find(struct store *, const struct ref *, struct logged *);

/* Ids in the first column of every row, up to LIST_MAX. */
void ids_read(struct store *, sqlite3_stmt *, struct shown_list *);
struct person_id id_person(const struct ref *);
struct ref person_ref(const struct person_id *);
/* Columns `column` and the one behind it. */
struct moment column_moment(sqlite3_stmt *, int column);
/* Cut at a character, terminated. Returns out. */
char *text_copy(char *out, size_t out_len, struct slice);
/* By which names are compared; empty if nothing of it can be seen. */
struct slice name_key(struct slice name, char out[KEY_BYTES]);

/* False if nobody of this id has a handle. */
bool person_exists(struct store *, const struct person_id *);
/* The handle: plain if a teacher confirmed it and no other so, or if nobody else's looks the same and the class is open or
 * its roster has it; else with a tail of the id. Returns out. */
char *person_shown(struct store *, const struct person_id *, char out[SHOWN_BYTES]);
/* The id in base32 (a-z2-7), as tails are made of. */
void person_tail(const struct person_id *, char out[TAIL_BYTES]);
/* The roster's names that nobody has yet, in order: handle and name of each. Borrowed, as store_query's. */
sqlite3_stmt *roster_waiting(struct store *);
/* Does the roster have this name? */
bool roster_has(struct store *, struct slice handle);
/* Was somebody called so when a teacher removed them? */
bool was_removed(struct store *, struct slice handle);
/* A card for who has been here before is good for this long. That is each machine's word, by what it knows of the clocks:
 * in the log no time counts. One for the first time is good until it is used, or until there is another. */
enum { CARD_S = 15 * 60 };
/* Is their key still sealed with the words of a teacher's card? */
bool is_card(struct store *, const struct person_id *);
/* When a teacher gave them their present key. False: none did. */
bool card_given(struct store *, const struct person_id *, struct moment *);
/* When they last said how they want to be called. False: a teacher said it for them. */
bool signed_up(struct store *, const struct person_id *, struct moment *);
bool session_read(struct store *, const struct person_id *, struct session *);
/* Away if they never said a word; solo if their jam is none. */
void place_read(struct store *, const struct person_id *, struct place *);

/* People, in order of their names: who is in this jam and here; who is a member. */
void jam_people(struct store *, const struct ref *jam, struct shown_list *);
void jam_members(struct store *, const struct ref *jam, struct shown_list *);
void all_people(struct store *, struct shown_list *);
/* Does one of the person's newest joins stand? */
bool is_member(struct store *, const struct person_id *, const struct ref *jam);
/* The jams of which the person is a member, in order of founding. */
void person_jams(struct store *, const struct person_id *, struct shown_list *);
/* The jam that the person, still a member, was in last, if not in `but` (NULL: none). */
bool jam_before(struct store *, const struct person_id *, const struct ref *but, struct ref *jam);
/* When the person last went out of this jam, not counting visits that began at `before` or later. */
bool jam_left(struct store *, const struct person_id *, const struct ref *jam,
              const struct stamp *before, struct moment *);

bool jam_exists(struct store *, const struct ref *jam);
/* "" if there is no such jam. Returns out. */
char *jam_name(struct store *, const struct ref *jam, char out[LABEL_BYTES]);
/* The newest jams, in order of founding. */
void all_jams(struct store *, struct shown_list *);
/* When a jam, its tasks included, last changed. */
struct moment jam_changed(struct store *, const struct ref *jam);
/* The tasks of a jam, or somebody's own, in order of founding. */
void tasks_of(struct store *, const struct ref *owner, struct shown_list *);
/* The newest lines of a jam's or a person's journal after a stamp, oldest first; at most lines_max of them. */
void journal_read(struct store *, const struct ref *owner, const struct stamp *after,
                  uint32_t lines_max, struct lines *);
/* How a machine is called: its seat's label, else its host name. False if unknown; then out is "". */
bool seat_of_device(struct store *, const struct device_id *, char out[LABEL_BYTES]);
bool seat_of_hardware(struct store *, const struct hardware_id *, char out[LABEL_BYTES]);

#endif
