/* Every bound that Jam keeps, with its reason. A number that limits what a stranger can make us do stands here and
 * nowhere else; PROTOCOL.md, "Limits", repeats those that other implementations must agree on. */
#ifndef JAM_BOUNDS_H
#define JAM_BOUNDS_H

/* What machines must agree on: an entry beyond these is refused by everybody. */
enum {
    OP_BYTES_MAX = 8192, /* one op, encoded: a page of text in any script */
    SALT_BYTES = 16,     /* before each op, so that its hash can't be guessed back to the text */
    PAYLOAD_BYTES_MAX = SALT_BYTES + OP_BYTES_MAX,
    AFTER_MAX = 32, /* tips that one entry names; a class of thirty that writes at once fits */
    FEED_ENTRIES_MAX = 50000, /* one run of one daemon */
    RUN_ENTRIES_MAX =
        128, /* entries under one signature: its cost vanishes, a fork's proof stays small */
    RUN_BYTES_MAX = 28 * 1024, /* two runs fit a message, as a fork's proof is two */
    HANDLE_BYTES_MAX = 48,     /* what a person types to sign in */
    NAME_BYTES_MAX = 96,       /* names of people, jams, roles, seats, classes, hosts */
    TITLE_BYTES_MAX = 240,     /* purposes, task titles, what one does solo */
    TEXT_BYTES_MAX = 4000,     /* notes, glow, grow */
    LEAVE_ADDS_MAX = 64,       /* joins that one leave takes back */
    KEYS_MAX = 8,              /* people of one handle whom a KEYS tells */
    BOX_BYTES_MAX = 4000,      /* what is sealed to somebody; two of them fit an op */
    STRETCH_PASSES_MAX = 8,    /* of Argon2id that a sealed key from the log may ask for, ... */
    STRETCH_MIB_MAX = 512,     /* ... and its memory: else one entry asks for a terabyte */
};

/* What a message may be. */
enum {
    MESSAGE_BYTES_MAX =
        64 * 1024, /* between machines; ZMQ_MAXMSGSIZE refuses more before we see it */
    PACK_DEPTH_MAX = 8,
    PACK_ITEMS_MAX = 8192,     /* a full RUNS has some 6,000; msgpack-c spends 24 bytes on each */
    RANGES_MAX = 64,           /* fingerprints in one RANGES */
    HEADS_MAX = 256,           /* heads in one HEADS */
    WANT_MAX = 256,            /* feeds in one WANT */
    PEERS_MAX = 64,            /* addresses in one PEERS */
    MISSING_MAX = 64,          /* ids in one MISSING, and as many ends */
    RANGE_LEAF = 16,           /* a range of at most so many feeds is told as heads, not split */
    CREDIT_BYTES = 512 * 1024, /* what one WANT lets the other send */
    BEACON_BYTES = 128,        /* every beacon, whatever it says */
    HOST_BYTES_MAX = 64,       /* Linux's longest host name */
    KNOCK_BYTES = 122,         /* every knock, whoever knocks */
    OFFER_BYTES = 228,         /* every offer, whatever the class is called */
    DATAGRAM_BYTES_MAX = OFFER_BYTES,
};

/* What one machine keeps for strangers. */
enum {
    CLASSES_MAX = 16,           /* classes of one daemon */
    SECRETS_MAX = 4,            /* of a class at a time: the present one, and those before */
    KEYRING_MAX = 64,           /* people who are signed in at one machine */
    DEVICES_MAX = 1024,         /* devices of a class that presence remembers */
    NEIGHBOURS_MAX = 50,        /* links to all, up to here */
    WAITING_ENTRIES_MAX = 8192, /* verified entries that wait for their causes, in all */
    WAITING_BYTES_MAX = 4 * 1024 * 1024,
    FORKS_MAX = 64,             /* proofs of equivocation kept for passing on */
    KNOCKERS_MAX = 256,         /* machines that knock; with all classes' a room has thirty */
    KNOCKERS_OF_SOURCE_MAX = 8, /* of them from one address: one machine can't fill the list */
    /* what one peer may bring to the log: at once, and how fast more (quota.h). Its pushes alone: */
    QUOTA_PUSH_ENTRIES = 500,
    QUOTA_PUSH_ENTRIES_S = 5,
    QUOTA_PUSH_BYTES = 1024 * 1024, /* and so much a minute */
    /* and with what it was asked for: a year of a class's history comes at once */
    QUOTA_ENTRIES = 50000,
    QUOTA_ENTRIES_S = 50,
    QUOTA_BYTES = 64 * 1024 * 1024,          /* and so much a day */
    QUOTA_ANSWER_BYTES = 2 * 1024 * 1024,    /* of entries that one peer gets at once, ... */
    QUOTA_ANSWER_BYTES_S = 16 * 1024 * 1024, /* ... and a second */
    QUOTA_FORK_ENTRIES = 500,                /* a fork counts as so many: all views are made anew */
    /* how many entries are folded again a second, on average, and for how long that may have been saved up: a tenth of what
     * an old machine can do */
    REFOLD_ENTRIES_S = 5000,
    REFOLD_SAVED_MS = 20 * 1000,
    HISTORY_BYTES = 256 * 1024 * 1024, /* before a machine that started agrees with anybody */
    LETTERS_ASKED_MAX =
        1024, /* sealed letters that one answer tries, about 50 ms; older ones in turns: */
    LETTERS_TURN_MAX = 128,
    BAD_MESSAGES_MAX = 8, /* broken messages of one peer before it is cut off for a growing pause */
};

/* What the local socket allows. */
enum {
    CLIENTS_MAX = 64,
    REQUEST_BYTES_MAX = 64 * 1024,
    PASSPHRASE_BYTES_MAX = 256,    /* as typed: a long sentence */
    REPLY_BYTES_MAX = 1024 * 1024, /* a reply to a client: a long journal */
    /* unread by a client before it is dropped: a watch begins with a whole state, behind which changes come while it is read */
    CLIENT_QUEUE_BYTES_MAX = REPLY_BYTES_MAX + 256 * 1024,
    LIST_MAX = 512,       /* numbered lines of one list */
    REDACTIONS_KEPT = 64, /* requests to erase whose receipts are kept */
    RETRIES_KEPT = 4096,  /* request ids remembered, so that a retry is the same op */
};

#endif
