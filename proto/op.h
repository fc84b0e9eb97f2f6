/* What entries say. One table tells the number, name and fields of every op; encoding, decoding, bounds and the fuzz
 * seeds come from it. PROTOCOL.md, "Ops". A new op is a row here, a view in daemon/core, a command in client. */
#ifndef JAM_OP_H
#define JAM_OP_H

#include "bytes.h"
#include "err.h"
#include "keys.h"
#include "bounds.h"
#include "pack.h"

enum op_kind {
    OP_OPEN = 1,    /* a feed begins: its key, its device, that machine */
    OP_CLASS = 2,   /* the class's root key, name and policy, signed with that key */
    OP_PERSON = 3,  /* a person's handle or display name, as they wish it */
    OP_HELLO = 4,   /* the grant: a person lets this feed speak for them, and is at this machine */
    OP_BYE = 5,     /* the grant ends; the person is at no machine */
    OP_SEAT = 6,    /* the label of a machine */
    OP_JAM = 7,     /* a jam is started, and joined by who starts it */
    OP_JAM_SET = 8, /* another name or purpose */
    OP_JOIN = 9,    /* go in: a place, and a membership */
    OP_SOLO = 10,   /* go out, to work alone */
    OP_LEAVE = 11,  /* stop being a member */
    OP_ROLE =
        12, /* who writes lets go of a role, `person` holds it (take: oneself; drop: nobody) */
    OP_TASK = 13,     /* a task of a jam, or one's own */
    OP_TASK_SET = 14, /* its title, state or holder */
    OP_NOTE = 15,     /* a line in the journal of a jam, or one's own */
    OP_FEEDBACK = 16, /* to a person or a jam */
    OP_KEY = 17,      /* a person's key, its secret half sealed with their passphrase */
    OP_RESET = 18,    /* a teacher gives a person another key, sealed with the words of a card */
    OP_CONFIRM = 19,  /* a teacher says how a person is called */
    OP_TEACHER = 20,  /* a teacher names another; the root key's holder also takes it back */
    OP_REMOVE = 21,   /* a teacher: this person isn't of the class any more */
    OP_REVOKE = 22,   /* grants given before end here: `bye --everywhere` */
    OP_EXPEL = 23,    /* a teacher: this device is out */
    OP_REDACT = 24,   /* the payload of an entry is erased everywhere */
    OP_ROTATE = 25,   /* another class secret, sealed to each device that stays */
    OP_CLOSE = 26,    /* the class has ended: every machine erases it */
    OP_ROSTER = 27,   /* a name to pick at the first hello */
    OP_LESSON = 28,   /* a lesson begins or ends */
    OP_STRIKE = 29,   /* a name of the roster is struck out */
    OP_KINDS          /* one above the last known */
};

/* What a class has decided, as bits; shown to everybody at hello. */
enum policy {
    POLICY_OPEN = 1, /* for the youngest: no passphrases, and so nothing is sealed to pupils */
    POLICY_TEACHERS_READ = 2, /* teachers are among the readers of sealed feedback */
    POLICY_READMIT = 4,       /* a machine whose hardware the log knows is let in again unasked */
    POLICY_ALL = 7,
};

enum task_state {
    TASK_OPEN = 0,
    TASK_TRYING = 1,
    TASK_DONE = 2,
};

/* All that any op can say; which members count is in the kind's row of the table. An optional member that is absent
 * has its flag in `has` unset. Text borrows from the bytes that were decoded. */
enum op_field {
    FIELD_BY = 1 << 0,
    FIELD_PERSON = 1 << 1,
    FIELD_JAM = 1 << 2,
    FIELD_TASK = 1 << 3,
    FIELD_HANDLE = 1 << 4,
    FIELD_NAME = 1 << 5,
    FIELD_TITLE = 1 << 6,
    FIELD_TEXT = 1 << 7,
    FIELD_MORE = 1 << 8,
    FIELD_STATE = 1 << 9,
    FIELD_MOVES = 1 << 10,
    FIELD_ADDS = 1 << 11,
    FIELD_KEY = 1 << 12,
    FIELD_DEVICE = 1 << 13,
    FIELD_SIGNATURE = 1 << 14,
    FIELD_HARDWARE = 1 << 15,
    FIELD_SECRET = 1 << 16,
    FIELD_BOX = 1 << 17,
    FIELD_SECOND = 1 << 18,
    FIELD_ENTRY = 1 << 19,
    FIELD_YES = 1 << 20,
    FIELD_POLICY = 1 << 21,
    FIELD_UNTIL = 1 << 22,
    FIELD_LAST = FIELD_UNTIL,
};

struct op {
    uint32_t kind;
    uint32_t has; /* which of the members below are there, as FIELD_ bits */
    struct person_id by;
    struct person_id person;
    struct ref jam;
    struct ref task;
    struct slice handle;
    struct slice name;
    struct slice title;
    struct slice text;
    struct slice more;
    uint64_t state; /* enum task_state */
    bool
        moves; /* LEAVE: who leaves was in that jam and is solo now; HELLO: has just come, and is solo */
    struct ref adds[LEAVE_ADDS_MAX];
    uint32_t adds_count;
    struct sign_pk key;
    struct device_id device;
    struct signature signature;
    struct hardware_id hardware;
    struct sealed_key secret; /* the seed of `key`, sealed */
    struct slice box;         /* sealed to who may read it; ROTATE: to each device */
    struct slice second;      /* FEEDBACK: the teachers' box, or as many random bytes */
    struct ref entry;         /* REDACT: which; `jam`, if there, is in whose journal it stood */
    bool yes;                 /* TEACHER, LESSON: it begins; else it ends */
    uint64_t policy;          /* enum policy bits */
    uint64_t until_ms;        /* CLASS: its last day, since 1970 UTC; 0: not said */
};

/* A row of the table: required and optional fields. They are encoded in ascending order of their FIELD_ bits. */
struct op_row {
    enum op_kind kind;
    const char *name;
    uint32_t required;
    uint32_t optional;
};
/* The row of a kind; NULL for kinds that this version doesn't know. */
const struct op_row *op_row(uint32_t kind);

/* Can a REDACT erase such an op? 0: what no version writes. Kinds of newer versions can be erased. */
bool op_is_erasable(uint32_t kind);

/* Appends the op as an array [kind, field, …], nil for an absent optional field. ERR_MALFORMED (a required field is
 * missing or one is there that doesn't belong), ERR_TOO_LONG, ERR_BAD_TEXT (invalid UTF-8, or NUL), ERR_LIMIT (too
 * many adds), ERR_VERSION (no such state); then nothing was appended. */
enum err op_encode(struct pack *, const struct op *);

/* Decodes one op. The bytes must outlive *op. ERR_VERSION for a kind or a form that a newer version made: an unknown
 * kind, more fields than the row has, a state or policy that it doesn't know (keep it, it has no effect here); ERR_MALFORMED,
 * ERR_LIMIT, ERR_TOO_LONG, ERR_BAD_TEXT and the errors of doc_open for what no version makes. The kind and the count
 * are judged first, then the fields in turn; the first that doesn't fit decides. But for ERR_NOMEM the result depends
 * on the bytes alone, so that all machines agree. */
enum err op_decode(struct slice bytes, struct op *);

/* Names for people and JSON ("join", "trying"); "unknown" for what this version doesn't know. */
const char *op_name(uint32_t kind);
const char *task_state_name(uint64_t state);

#endif
