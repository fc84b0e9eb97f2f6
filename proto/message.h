/* What machines say to each other over their links. PROTOCOL.md, "Messages". Each is one MessagePack array
 * [kind, …] of at most MESSAGE_BYTES_MAX, scanned strictly before it is read. */
#ifndef JAM_MESSAGE_H
#define JAM_MESSAGE_H

#include "bytes.h"
#include "entry.h"
#include "err.h"
#include "keys.h"
#include "bounds.h"
#include "pack.h"

enum { PROTOCOL_VERSION = 1 };

enum message_kind {
    MESSAGE_HELLO = 1,     /* first on a link: who I am, and the port of my inbox */
    MESSAGE_BEAT = 2,      /* I'm here, and this is the fingerprint of what I have on disk */
    MESSAGE_LEAVE = 3,     /* I stop now */
    MESSAGE_RANGES = 4,    /* fingerprints of ranges of feeds: compare */
    MESSAGE_HEADS = 5,     /* all heads that I have in some ranges */
    MESSAGE_WANT = 6,      /* send me these feeds from here on, so many bytes */
    MESSAGE_RUNS = 7,      /* entries */
    MESSAGE_ACK = 8,       /* your feed is on my disk up to here */
    MESSAGE_PEERS = 9,     /* addresses of others */
    MESSAGE_SUSPECT = 10,  /* do you still hear that machine? */
    MESSAGE_HEARD = 11,    /* the answer */
    MESSAGE_GONE = 12,     /* two of us stopped hearing it */
    MESSAGE_FORK = 13,     /* a proof of equivocation */
    MESSAGE_REFUSE = 14,   /* why I stop listening to you */
    MESSAGE_INBOX = 15,    /* where I take messages for another of the class's secrets */
    MESSAGE_CLOSED = 16,   /* the class has ended, says its root key; I erased it */
    MESSAGE_LACKS = 17,    /* entries that came to me without their payloads: do you have these? */
    MESSAGE_PAYLOADS = 18, /* those that I have */
    MESSAGE_MISSING = 19,  /* which void feed has these entries? */
    MESSAGE_WHO = 20,      /* who is called so? */
    MESSAGE_KEYS = 21,     /* these are: their keys, sealed */
};

/* An IPv6 address (IPv4 as ::ffff:a.b.c.d), its interface where it is link-local, and a port. */
struct address {
    uint8_t ip[16];
    uint32_t scope; /* interface index on this machine; never sent */
    uint16_t port;
    uint8_t
        secret; /* by which of the class's secrets it is reached: this machine's number; never sent */
};

/* 128 bits over all heads in a range; all zero for an empty range. */
struct fingerprint {
    uint8_t b[16];
};

/* A range: all feeds whose ids begin with these half-bytes. Depth 0 is all feeds. */
struct prefix {
    uint8_t nibbles; /* 0 to 32 */
    uint8_t b[16];   /* the rest is zero */
};

struct range {
    struct prefix prefix;
    struct fingerprint fingerprint;
};

struct head {
    struct feed_id feed;
    uint64_t seq;
    struct ref last;   /* first half of the last entry's id */
    uint64_t void_seq; /* from here on void; 0 if not */
    uint64_t lamport;  /* of the last entry: older feeds are fetched first; not fingerprinted */
};

struct want {
    struct feed_id feed;
    uint64_t have; /* last seq that I have; send what follows */
};

/* The payload of an entry. */
struct told_payload {
    struct feed_id feed;
    uint64_t seq;
    struct slice payload; /* borrowed */
};

/* With what somebody's key is sealed. */
enum told_seal {
    TOLD_WORDS, /* words of their own */
    TOLD_CARD,  /* the words of a teacher's card */
    TOLD_LATER, /* the same, and only who has the log may let them in by it */
    TOLD_COUNT,
};

/* How somebody's key is sealed, as another machine knows it. */
struct told_key {
    struct slice handle; /* borrowed */
    struct person_id person;
    struct sign_pk key;
    struct sealed_key secret;
    uint64_t seal; /* enum told_seal */
};

struct peer_hint {
    struct device_id device;
    uint64_t run;
    struct address address;
};

enum {
    BEAT_WATCH = 1,    /* I count on you to notice when I vanish */
    BEAT_ANSWER = 2,   /* answer with a BEAT: I'm not sure of you */
    BEAT_LACKS = 4,    /* I have all headers, but lack payloads: don't count on me */
    BEAT_UNSURE = 8,   /* I may have been set back: I can't tell what was erased since */
    RUNS_PUSH = 1,     /* just written, not asked for */
    RUNS_MORE = 2,     /* your credit ended before my entries did: WANT again */
    RUNS_END = 4,      /* the last one for your WANT */
    HELLO_LASTING = 1, /* my disk has outlasted a boot */
    HELLO_LACKS = 2,   /* as BEAT_LACKS */
    HELLO_UNSURE = 4,  /* as BEAT_UNSURE */
    HELLO_UNHEARD = 8, /* of you I hear nothing */
    HEADS_ANSWER = 1,  /* tell me yours in return */
};

struct message {
    enum message_kind kind;
    uint64_t flags; /* HELLO, BEAT, RUNS, HEADS; bits that this version doesn't know mean nothing */
    /* HELLO; run also in LEAVE, SUSPECT, HEARD, GONE */
    uint64_t version;
    struct device_id device; /* also SUSPECT, HEARD, GONE */
    struct sign_pk root;     /* the class's root key */
    uint64_t run;            /* drawn at each start of a daemon: tells a restart from a reconnect */
    uint64_t port;
    int64_t wall_ms;
    struct slice host;              /* at most NAME_BYTES_MAX */
    struct fingerprint fingerprint; /* HELLO, BEAT */
    /* HEARD: heard within ago_ms, or never */
    bool heard;
    uint64_t ago_ms;
    /* WANT */
    uint64_t credit_bytes;
    /* ACK */
    struct feed_id feed;
    uint64_t seq;
    /* REFUSE */
    uint64_t reason; /* enum err, or a newer one's: 1 to 65535 */
    /* INBOX, with port */
    struct secret_tag tag;
    /* CLOSED */
    struct signature signature;
    /* WHO */
    struct slice handle; /* at most HANDLE_BYTES_MAX */
    /* MISSING: the ends of branches that are known, beside the ids in items */
    uint32_t ends_count;
    const msgpack_object *ends;
    /* RANGES, HEADS (its ranges: prefixes with heads), WANT, PEERS, RUNS, FORK, LACKS, PAYLOADS, MISSING, KEYS: read
     * item by item */
    uint32_t count;
    const msgpack_object *items;
};

/* Reads and checks the outer form of a scanned message; items are borrowed from the doc. ERR_MALFORMED, ERR_LIMIT,
 * ERR_VERSION (an unknown kind: from a newer version, to be ignored; or a HELLO of another version, then kind and
 * version are set, so that it can be told why). On any other error *message means nothing. */
enum err message_read(const msgpack_object *, struct message *);

/* The i-th item of a RANGES, HEADS, WANT (or LACKS: have is the entry's seq), PEERS, PAYLOADS, MISSING (ids; and ends). For HEADS item i is a prefix with `heads_count` heads, read in turn
 * with message_head. ERR_MALFORMED. */
enum err message_range(const struct message *, uint32_t i, struct range *);
enum err message_heads(const struct message *, uint32_t i, struct prefix *,
                       const msgpack_object **heads, uint32_t *heads_count);
enum err message_head(const msgpack_object *heads, uint32_t i, struct head *);
enum err message_want(const struct message *, uint32_t i, struct want *);
enum err message_missing(const struct message *, uint32_t i, struct hash *);
enum err message_end(const struct message *, uint32_t i, struct hash *);
enum err message_hint(const struct message *, uint32_t i, struct peer_hint *);
enum err message_payload(const struct message *, uint32_t i, struct told_payload *);
enum err message_key(const struct message *, uint32_t i, struct told_key *);

/* Writers. Those with a count are followed by that many items. */
void pack_hello(struct pack *, const struct message *);
void pack_beat(struct pack *, const struct fingerprint *, uint64_t flags);
void pack_leave(struct pack *, uint64_t run);
void pack_ranges(struct pack *, uint32_t count);
void pack_range(struct pack *, const struct range *);
void pack_heads(struct pack *, uint64_t flags, uint32_t ranges_count);
void pack_heads_of(struct pack *, const struct prefix *, uint32_t heads_count);
void pack_head(struct pack *, const struct head *);
void pack_wants(struct pack *, uint64_t credit_bytes, uint32_t count);
void pack_want(struct pack *, const struct want *);
void pack_runs(struct pack *, uint64_t flags, uint32_t count);
void pack_ack(struct pack *, const struct feed_id *, uint64_t seq);
void pack_peers(struct pack *, uint32_t count);
void pack_hint(struct pack *, const struct peer_hint *);
void pack_suspect(struct pack *, const struct device_id *, uint64_t run);
void pack_heard(struct pack *, const struct device_id *, uint64_t run, bool heard, uint64_t ago_ms);
void pack_gone(struct pack *, const struct device_id *, uint64_t run);
void pack_fork(struct pack *, struct slice run_a, struct slice run_b); /* each an encoded run */
/* Both counts are of ids, as pack_bin writes them. */
void pack_missing(struct pack *, const struct hash *ids, uint32_t ids_count,
                  const struct hash *ends, uint32_t ends_count);
void pack_refuse(struct pack *, enum err);
void pack_lacks(struct pack *, uint32_t count); /* items: pack_want */
void pack_payloads(struct pack *, uint32_t count);
void pack_payload(struct pack *, const struct told_payload *);
void pack_who(struct pack *, struct slice handle);
void pack_keys(struct pack *, uint32_t count);
void pack_key(struct pack *, const struct told_key *);
void pack_inbox(struct pack *, const struct secret_tag *, uint16_t port);
void pack_closed(struct pack *, const struct signature *);

#endif
