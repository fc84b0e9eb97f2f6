/* One machine of a class for targets that play whole conversations: the very core of jamd, with a class of some people and
 * what they wrote on a disk in memory. What it says is checked: messages and answers are always well formed, the disk never
 * refuses, and time goes on. */
#ifndef JAM_FUZZ_MACHINE_H
#define JAM_FUZZ_MACHINE_H

#include "device_inside.h"
#include "disk.h"
#include "fuzz.h"

enum {
    MACHINE_CLIENT = 1,
    MACHINE_PATH_BYTES = 16,
    MACHINE_KNOWN_MAX = 64,
    MACHINE_TICKS_MAX = 2000, /* of one input */
};

/* A device that is of the class but not ours: what it writes is signed, and may say anything. */
struct member {
    struct sign_key device_key, feed_key, key;
    struct device_id device;
    struct link_pk link;
    struct feed_id feed;
    struct sign_pk feed_pk;
    struct person_id person;
    uint64_t seq, lamport;
    struct hash last, before_last;
    uint64_t lamport_before;
};

enum { MEMBER_PUPIL, MEMBER_TEACHER, MEMBERS };

struct machine {
    struct disk *disk;
    struct device *device;
    struct now now;
    struct mono wake;
    uint32_t ticks;
    size_t
        spent; /* the most memory that one event took, beside FUZZ_FACTOR for each of its bytes */
    bool damaged; /* its disk was changed: what it says needn't make sense */
    struct member members[MEMBERS];
};

/* The disk as it was left by a lesson; the machine is off. */
void machine_disk(struct machine *);
/* Its database there. */
extern const char machine_path[MACHINE_PATH_BYTES];
/* Changes bytes of it, or of its log, while nobody has it open; or how long it is. Numbers beyond its end are counted round. */
void machine_file_write(struct machine *, bool log, uint64_t at, struct slice bytes);
void machine_file_cut(struct machine *, bool log, uint64_t len);

void machine_open(struct machine *);
void machine_close(struct machine *);
/* Time passes. */
void machine_pass(struct machine *, uint64_t ms);
void machine_ask(struct machine *, uint8_t login, struct slice request);
/* A member says something, that it is here first of all. */
void machine_hello(struct machine *, uint32_t member);
void machine_tell(struct machine *, uint32_t member, struct slice message);
void machine_datagram(struct machine *, struct slice datagram);
/* A member's next entry says this op; `known`: it knows what the other one wrote last. With `fork` it stands where its last one
 * stands. */
void machine_write(struct machine *, uint32_t member, struct slice op, bool known, bool fork);
/* The n-th thing that the class has: people, devices, feeds, entries. NULL and 0 beyond. */
struct slice machine_known(uint32_t n);
/* Do the views tell the same when the log is folded again? */
void machine_check_views(struct machine *);

#endif
