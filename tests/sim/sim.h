/* A simulated room: many machines with the very core of jamd in one process, from one seed. world.c has time and the turn of a
 * machine's loop, net.c what lies between machines, machine.c their starts and ends, chaos.c decides what goes wrong and
 * when, lesson.c is the people, hostile.c the devices that lie, check.c what must hold.
 *
 * Everything that is drawn comes from the seed, each kind of fault from a stream of its own, so that one can be left out
 * without changing when the others come. Each step is traced; the hash of the trace tells two runs apart. */
#ifndef JAM_SIM_H
#define JAM_SIM_H

#include "device_inside.h"
#include "disk.h"
#include "door.h"

enum {
    MACHINES_MAX = 60,
    PEOPLE_MAX = 60,
    SCREENS = 3,
    INBOXES_MAX = 16,
    ACKED_FULL = 4096, /* of what was acknowledged then, only a sample is remembered */
    TOKEN_BYTES = 16,  /* a word that stands in one op alone */
    LINK_QUEUE_MAX = 32,
    LINK_FLIGHT_MAX = 96, /* messages on their way on one link */
    PORT_FIRST = 7733,
    SECOND = 1000,
    MINUTE = 60 * SECOND,
};

/* What can go wrong. Each seed draws which of them do, and how much. names: chaos.c */
enum fault {
    FAULT_LOSS,      /* datagrams are lost */
    FAULT_DELAY,     /* all takes long, and not always as long */
    FAULT_REORDER,   /* datagrams overtake each other */
    FAULT_DUPLICATE, /* datagrams come twice */
    FAULT_RUDE, /* messages on links are lost, doubled, and overtake each other, which TCP wouldn't do */
    FAULT_FILTER,  /* the network has no multicast, or none at all */
    FAULT_SLOW,    /* some machines' lines are slow */
    FAULT_SPLIT,   /* the room falls into parts */
    FAULT_ONEWAY,  /* packets pass in one direction only, or connections can be made in one only */
    FAULT_RESET,   /* connections break */
    FAULT_ADDRESS, /* a machine gets another address */
    FAULT_KILL,    /* the daemon is killed, between any two steps */
    FAULT_POWER,   /* the power of a machine fails, between any two steps and in any write */
    FAULT_LEAVE,   /* the daemon is ended in good order, and starts again */
    FAULT_STALL,   /* a machine stands still */
    FAULT_DISK,    /* calls of the disk fail */
    FAULT_FULL,    /* a disk is full for a while */
    FAULT_RESTORE, /* a machine's disk is put back to what it was */
    FAULT_CLONE,   /* another machine starts with a copy of a disk */
    FAULT_RESUME,  /* a virtual machine goes on from a snapshot */
    FAULT_CLOCK,   /* a wall clock jumps, by seconds or decades */
    FAULT_RETRY,   /* answers to clients are lost, and they ask again */
    FAULT_HOSTILE, /* some devices lie */
    FAULTS
};
extern const char *const fault_names[FAULTS];

/* What a seed draws, or the command line says. */
struct plan {
    uint64_t seed;
    int machines, people, hostile;
    int minutes; /* of a day */
    int days; /* at the end of each but the last all machines are switched off, until the next morning */
    int pace;    /* people, liars and chance rest so many times as long as in a crowded minute */
    bool images; /* each morning some machines begin with the disk that they once had */
    bool open;   /* the class has no passphrases */
    bool knocks; /* machines are let in after knocking; else by words */
    uint32_t amount[FAULTS]; /* 0: doesn't occur; to 100 */
    uint32_t without;        /* bits of faults that are left out */
    bool verbose;
};

struct parcel_bytes;
enum parcel_kind {
    PARCEL_EVENT,    /* for the core of a machine, in this life of it */
    PARCEL_DATAGRAM, /* the same, unless the way is cut now */
    PARCEL_MESSAGE,  /* over a link, if it still stands */
    PARCEL_SETTLE,   /* a machine ends its turn */
    PARCEL_CONNECT,  /* a link tries to connect */
    PARCEL_BREAK,    /* a link is found to be broken */
    PARCEL_CALL,     /* something else that is due, by a function */
};

struct world;
typedef void (*due_fn)(struct world *, int64_t number);

struct parcel {
    int64_t at;
    uint64_t order;
    enum parcel_kind kind;
    int to, from;     /* machines */
    uint32_t life;    /* of `to`, or of `from` for what concerns a link */
    uint64_t link;    /* a link's number: CONNECT, BREAK, MESSAGE */
    uint64_t session; /* of that link */
    due_fn call;
    int64_t number;
    struct event event;
    uint8_t bytes[];
};

struct sim_inbox {
    bool on, told;
    uint32_t class_index;
    uint8_t number;
    struct class_secret secret;
    uint16_t port;
};

/* As in daemon/io/links.c. */
struct link {
    struct link *next;
    uint64_t id, session; /* a session for each connection */
    uint32_t class_index;
    bool called; /* its device isn't known */
    struct link_pk peer;
    struct address address;
    int to; /* the machine at the other end, while it is up */
    bool up, told, breaking;
    int64_t born, tries, last_arrival;
    uint32_t flight;
    struct parcel *queue[LINK_QUEUE_MAX];
    uint32_t queue_len;
};

/* Where the next crash of a machine comes: between any two steps. */
enum doom { DOOM_NONE, DOOM_STEP, DOOM_COMMIT, DOOM_OUTPUT, DOOM_WRITE };

/* What is needed to make a running machine again as it was: its core is deterministic. */
struct tape {
    bool on;
    struct disk *disk; /* as at the start of this life */
    struct fed *first, *end;
    struct fed *mark; /* up to and with this, when the snapshot was taken; NULL: none was */
    struct sim_inbox inboxes[INBOXES_MAX]; /* at the mark */
};

struct machine {
    int index;
    bool hostile;
    bool gone;             /* it stays off */
    struct device *device; /* NULL: off */
    uint32_t life;         /* rises with each start and end */
    struct disk *disk;
    struct disk *image; /* what a restore puts back; NULL: none */
    uint8_t key_seed[32];
    struct sign_key key;
    struct device_id id;
    struct link_pk link;
    struct hardware_id hardware;
    uint8_t boot[16], run_seed[32];
    uint32_t starts;
    uint8_t ip[2];
    const struct invite *invite; /* the daemon is started with it */
    int64_t mono_offset, wall_offset, wake, standing_until, up_at;
    bool fed;
    struct sim_inbox inboxes[INBOXES_MAX];
    struct link *links;
    struct door door;
    enum doom doom;
    uint32_t doom_after;
    bool doom_power;
    bool restored, resumed, cloned, disk_failed, imaged;
    uint32_t slow_bytes_ms; /* 0: fast */
    bool vm;                /* of which snapshots are taken */
    struct tape tape;
    struct hostile *lies; /* NULL: honest */
};

/* An op that somebody was told `ok` for. */
struct acked {
    struct ref entry;
    int machine;
    int64_t at;
    char token[TOKEN_BYTES + 1];
    bool lost;     /* legitimately: its only disk was put back */
    bool unsealed; /* its text stands in views */
    bool erased;   /* somebody was told `ok` for erasing it */
    bool sealed;
    bool note;
    int person;
};

enum ask_state { ASK_IDLE, ASK_WAITS, ASK_AGAIN };

struct human {
    int index;
    bool teacher, present, signed_up;
    int machine; /* where they sit */
    char handle[24], passphrase[64];
    struct login login;
    int64_t next;
    /* the question that is under way */
    enum ask_state state;
    client_id client;
    uint32_t life;
    int64_t asked;
    uint32_t tries;
    char method[24];
    char token[TOKEN_BYTES + 1];
    bool sealed, unsealed;
    int erases; /* index of acked; -1 */
    uint8_t *request;
    size_t request_len;
    int in_jam; /* as far as they know: the jam's number, or -1 */
};

/* Where somebody watches. */
struct screen {
    int machine;
    bool states; /* whole ones; else single changes */
    bool on;
    client_id client;
    uint32_t life; /* of the machine when it was turned on */
    int64_t heard;
    uint64_t seq;
    uint8_t *shown; /* the message that told the last state */
    size_t shown_len;
};

struct counts {
    uint64_t steps, turns, messages, datagrams, asked, answered, acked, refused, retries, probes;
    uint64_t faults[FAULTS];
    int64_t simulated_ms;
};

struct world {
    struct plan plan;
    int64_t t; /* ms */
    uint64_t order, step;
    struct parcel **heap;
    size_t heap_len, heap_room;
    struct machine machines[MACHINES_MAX];
    int count;
    struct human people[PEOPLE_MAX];
    int people_count;
    struct screen screens[SCREENS + 1]; /* and one that others are compared with */
    struct rng streams[FAULTS], net, lesson, lies, probe, fate, watch;
    bool no_packets[MACHINES_MAX][MACHINES_MAX], no_connect[MACHINES_MAX][MACHINES_MAX];
    uint32_t filtered; /* lan_path bits */
    bool calm;         /* liveness: nothing goes wrong any more */
    int64_t
        work; /* and people go on: so long they rest between two acts at the most; 0: they don't */
    size_t spread; /* of what was acknowledged since, so much is everywhere */
    bool made;     /* the class is there */
    char invite_words[INVITE_TEXT_MAX];
    struct invite invite;
    struct acked *acked;
    size_t acked_len, acked_room;
    uint64_t links, sessions, clients, tokens;
    int64_t next[FAULTS];
    uint64_t hash; /* of the trace */
    struct counts counts;
    uint64_t until_step; /* ends here; 0: at its end */
    uint64_t lists;
    char failure[512];
};

/* ---- world.c ---- */

void trace(struct world *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Something that must hold doesn't: the seed has failed. Only the first counts. */
void failed(struct world *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void *sim_alloc(size_t);
struct parcel *parcel_new(enum parcel_kind, struct slice bytes);
void post(struct world *, struct parcel *, int64_t at);
void post_call(struct world *, due_fn, int64_t number, int64_t at);
uint32_t below(struct rng *, uint32_t bound);
/* One in a hundred of `percent`. */
bool chance(struct rng *, uint32_t percent);
struct now now_of(const struct world *, const struct machine *);
/* Runs until then, or until the seed has failed. */
void world_run(struct world *, int64_t until);
void world_free(struct world *);
/* An event for a machine's core, at once. */
void feed(struct world *, struct machine *, const struct event *);

/* ---- net.c ---- */

void net_output(struct world *, struct machine *, const struct output *);
void net_deliver(struct world *, struct parcel *);
void net_connect(struct world *, struct parcel *);
void net_break(struct world *, struct parcel *);
/* All links of a machine are gone; links to it are: at once if its end was heard. */
void net_down(struct world *, struct machine *, bool heard);
void net_break_link(struct world *, struct machine *, struct link *);
void net_reset(struct world *, struct machine *);
struct address address_of_machine(const struct machine *);
bool net_passes(const struct world *, int from, int to);
/* A message of a hostile device, into the inbox of a machine, as over a link. */
/* For a hostile device: opens a link there, unless there is one. True, once, when it is up. */
bool net_dial(struct world *, struct machine *from, int to);
void net_raw(struct world *, struct machine *from, int to, struct slice);

/* ---- machine.c ---- */

void machine_make(struct world *, struct machine *, int index);
void machine_start(struct world *, struct machine *);
/* The process is gone, or the power. */
void machine_end(struct world *, struct machine *, bool power);
void machine_new_key(struct world *, struct machine *);
/* A turn of its loop is over: commit, outputs. */
void machine_settle(struct world *, struct machine *);
void machine_free(struct world *, struct machine *);
/* Goes on from its snapshot. */
void machine_resume(struct world *, struct machine *);
/* Its disk is as it was when the image was taken. */
void machine_restore(struct world *, struct machine *);
/* Takes a snapshot, if the machine is between two turns. */
void machine_mark(struct world *, struct machine *);
void tape_event(struct machine *, struct now, const struct event *);
struct class *machine_class(const struct machine *);

/* ---- chaos.c ---- */

void plan_draw(struct plan *);
void chaos_start(struct world *);
void chaos_calm(struct world *);
/* All go home: the machines end, each in its way. */
void chaos_evening(struct world *);
void chaos_morning(struct world *);

/* ---- lesson.c ---- */

void lesson_start(struct world *);
/* All is healed: people go on, resting so many ms at the most, and each has an answer soon. */
void lesson_go_on(struct world *, int64_t rest_ms);
/* A machine is brought into the class, unless it is in it by itself. */
void lesson_bring_in(struct world *, struct machine *);
void lesson_reply(struct world *, struct machine *, client_id, struct slice);
/* Begins a request of a client; so many pairs of its map follow, and pack_clear is owed. */
void lesson_pack_head(struct pack *, const char *method, uint32_t params);

/* ---- screens.c ---- */

void screens_start(struct world *);
/* True: it was for a screen. */
bool screens_hear(struct world *, const struct machine *, client_id, struct slice);
/* All is quiet: screens that are on show what is so. */
void screens_check(struct world *);
void screens_free(struct world *);

/* ---- hostile.c ---- */

void hostile_make(struct world *, struct machine *);
void hostile_hears(struct world *, struct machine *, const struct event *);
void hostile_free(struct machine *);

/* ---- check.c ---- */

/* The entry is on this machine's disk, as it would be after a power cut now. */
void check_durable(struct world *, struct machine *, const struct ref *);
bool machine_has(struct machine *, const struct ref *);
bool check_converged(struct world *, char *why, size_t why_len);
void check_acked_of(struct world *, struct machine *);
/* Some acknowledged entries may be lost now, since a disk was put back. */
void check_forgive(struct world *, struct machine *restored);
void check_sent(struct world *, struct machine *, struct slice);
/* How long something may take where all is healed, in ms. A question that was on a link that is made anew is asked again after
 * some seconds; and a machine that starts hears out the others one by one, unless that takes longer than it waits for the log. */
int64_t soon(const struct world *);
/* From now on, what is acknowledged is soon everywhere. */
void check_spread(struct world *);
void check_end(struct world *);

/* A whole seed. */
void sim_run(struct world *, const struct plan *);

#endif
