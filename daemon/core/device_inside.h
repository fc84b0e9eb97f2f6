/* What the files of the device share: device.c is the waist, class.c one class with its log and its peers, request.c
 * what clients ask, sitting.c who sits here, pending.c what waits for its answer, method_*.c the methods that are no
 * view's, watcher.c who watches. Nobody else includes this. */
#ifndef JAM_DEVICE_INSIDE_H
#define JAM_DEVICE_INSIDE_H

#include "ages.h"
#include "bounds.h"
#include "device.h"
#include "inbox.h"
#include "knockers.h"
#include "presence.h"
#include "replica.h"
#include "rows.h"
#include "sync.h"
#include "view.h"
#include "rotation.h"
#include "words.h"

enum {
    PATH_BYTES = 512,
    CLASS_FILE_BYTES = 64, /* a database's name, and its end */
    SITTINGS_MAX = 64,
    CLASSES_CROWD = CLASSES_MAX / 2, /* with more of them, those that have ended make room */
    WATCH_PAUSE_MS = 50,      /* between two whole states told to one watcher, at least … */
    WATCH_BYTES_MS = 512,     /* … and a millisecond more for so many bytes of the last */
    FRESH_MS = 5000,          /* between two signs of life to a watcher */
    CLOSE_PATIENCE_MS = 3000, /* a `class close` waits so long for others to erase it */
    JOIN_PATIENCE_MS = 3000,  /* a `class join` waits so long for somebody to answer */
    LAZY_MS =
        20, /* what others wrote is synced so long after it came, at most: they have it on their disks */
    REFRESH_MS =
        5000, /* after we were cut off, others have so long to be heard again before they count as away */
    GOING_OVER_MS = 3000, /* a link by the present secret is up by then, or isn't */
    FAILED_MS =
        10 *
        1000, /* a disk that refused a turn is said to be full so long, though a small one fits in */
    REFUSAL_MS = 1000, /* between two REFUSE to machines that aren't let in */
    REFUSAL_HOLDS_MS =
        60000, /* a REFUSE counts so long at least: others who aren't let in either may greet us */
    FORMER_EVERY = 4,         /* so many of our beacons are also sealed with a secret before */
    CHECK_MS = 1500,          /* a `doctor` listens so long */
    IDLE_MS = 45 * 60 * 1000, /* who types nothing for so long, and no lesson runs, is signed out */
    IDLE_CHECK_MS = 30 * 1000,
    LETTERS_PAUSE_MS = 25,          /* between two turns of trying letters that nobody waits for */
    SLOW_MS_MAX = 60 * 1000,        /* Argon2id that took longer is lost */
    OFFER_MS = 1000,                /* an offer is said again so often, */
    OFFER_PATIENCE_MS = 60 * 1000,  /* for so long */
    OFFERS_WAIT_MS = 2000,          /* after the first offer another class may call for so long */
    KNOCKS_PATIENCE_MS = 10 * 1000, /* `class admit` waits so long for words of those who knock */
    WRONG_FREE = 3,                 /* so many wrong passphrases cost no pause */
    PAUSE_MS_MAX = 60 * 1000,
};

enum {
    SEEK_PEERS = NEIGHBOURS_MAX, /* who are asked for somebody's key: few may have the log by now */
    SEEK_KEYS_OF_ONE = 2,        /* of what one of them tells, so many are tried */
    LOG_PATIENCE_MS = 20 * 1000, /* what needs the log waits for it so long: less than jam waits */
    HERE_MS = 120 * 1000,        /* who typed so lately sits there still */
};

/* A class's secret goes with it for so long after there is another. */
#define FORMER_MS (INT64_C(30) * 24 * 3600 * 1000)

/* A secret that a class had, by which machines that were away still come. */
struct former {
    bool used;
    struct class_secret secret;
    struct seal_key beacon_key;
    uint16_t port;    /* of its inbox; 0 until bound */
    int64_t until_ms; /* by this machine's wall clock */
};

/* A handle is asked of neighbours, for who says hello here before the log has come. */
struct seeking {
    struct mono until; /* then it is answered, or forgotten; 0: nothing is */
    bool answered;
    bool failed;  /* what was told was tried in vain */
    bool patient; /* it was so the last time: liars are quick, so all are heard to the end */
    struct {
        struct device_id device;
        bool answered;
    } asked[SEEK_PEERS];
    uint32_t asked_count, answers, denials; /* who answers that nobody is called so has the log */
    char handle_key[KEY_BYTES];
    struct sought sought;
};

/* One class that this machine is in. */
struct class
{
    uint32_t index;
    char file[CLASS_FILE_BYTES]; /* its database, inside the state folder */
    struct store *store;
    struct mono look_due; /* when more of a large database is looked at; 0: all was */
    struct class_secret secret;
    struct seal_key beacon_key;
    struct invite invite;
    uint8_t number; /* of the secret, in addresses: which former[] it leaves free */
    struct former former[SECRETS_MAX];
    uint8_t rotation[ROTATION_ID_BYTES]; /* the last one that it followed */
    uint64_t turning;                    /* Argon2id for the next one; 0: none */
    struct invite turning_to;
    uint32_t beacons; /* how many were sent */
    bool known;       /* its root key is: else we wait for somebody to tell */
    bool learnt;      /* a moment ago: those we met before must hear it */
    struct class_id id;
    struct sign_pk root;
    struct author author; /* borrowed by the replica */
    struct ages *ages;
    struct replica *replica; /* NULL until the class is known */
    struct presence *presence;
    struct sync *sync;      /* with the replica */
    uint16_t port;          /* of the inbox; 0 until bound */
    bool started;           /* it was bound, and said so to all */
    bool behind;            /* sync_is_behind, in the last turn */
    bool changed;           /* since watchers were told */
    bool urgent;            /* somebody waits for this turn's sync */
    struct mono open_since; /* since when a transaction is open; 0: none */
    char aside
        [CLASS_FILE_BYTES]; /* the database that was found damaged at this start, and set aside; or "" */
    uint64_t salvaged;      /* runs of it that wait for what couldn't be read */
    uint64_t salvaged_at;    /* how many entries there were when that was last tried */
    struct mono salvage_due; /* when to try again; 0: not */
    uint64_t
        unobeyed; /* kinds of ops, as bits, that couldn't be looked at: again in the next turn */
    bool stale;   /* after a failed turn its log couldn't be read: nothing may rest on it */
    struct mono again;     /* when to try that again */
    bool failed;           /* the disk refused the last turn */
    struct mono failed_at; /* when it last did; 0: never */
    char disk_why[160];
    uint64_t used;          /* rises with each `class use`: the highest is the default */
    uint64_t seq;           /* of states told to watchers */
    struct mono receipts;   /* when to look who has erased what was redacted here; 0: all have */
    struct mono refresh;    /* when to say again who is here; 0: not */
    struct mono live_since; /* since then it is live, or alone */
    bool live;
    struct signature proof;   /* that it has ended */
    enum err lost;            /* what was written in this turn isn't on the disk, and why; or OK */
    bool closed;              /* it has ended, and is erased */
    struct mono end_due;      /* it has ended, and when to try again to erase it; 0: no need */
    bool expelled;            /* this machine was, says the log */
    enum err refusal;         /* why others don't let us in, as one of them said; OK: none did */
    struct mono refused;      /* when they last said so */
    struct mono refusal_told; /* when we last told somebody */
    bool lasting;             /* the database was there in two earlier boots */
    char words[KEY_TEXT_MAX]; /* of its root key; "" until they are known */
    struct seeking seeking;
};

/* Who sits at a terminal. A login stays in one class at a time. */
struct sitting {
    bool used;
    struct login login;
    uint32_t class_index;
    bool chosen; /* by `class use` */
    bool signed_in;
    bool told;      /* they came before the log: see sitting_settle */
    bool in_jam;    /* they were in a jam then, ... */
    struct ref jam; /* ... this one */
    bool left; /* `person` sat here and never said bye: hello elsewhere ended it, or a teacher */
    struct person_id person;
    uint64_t last_used;
    struct mono active;       /* the last request */
    uint32_t wrong;           /* passphrases in a row */
    struct mono paused;       /* until then none is tried */
    struct shown_list *lists; /* LIST_KINDS of them; made when first needed */
    struct opened opened;     /* for who is signed in */
    struct mono tried;        /* when letters were last tried that nobody waits for */
};

/* A request whose answer must wait: for Argon2id, for a first peer, for beacons. */
enum pending_kind {
    PENDING_NONE,
    PENDING_ASK,     /* Argon2id for a method of a view: it is asked again when that is done */
    PENDING_FOUND,   /* Argon2id for `class create`: the teacher's passphrase, ... */
    PENDING_CREATE,  /* ... then the invite's words */
    PENDING_JOIN,    /* Argon2id for `class join` */
    PENDING_HELLO,   /* `class join`: somebody to answer */
    PENDING_CHECK,   /* `doctor`: beacons */
    PENDING_RECEIPT, /* `redact.receipt`: the machines that are here to erase */
    PENDING_CLOSE,   /* `class.close`: the others to erase it */
    PENDING_KNOCKS,  /* `class.knocks`: the words of those who knock */
    PENDING_SEEK,    /* for a method of a view: neighbours, who may know a key */
    PENDING_LOG,     /* for a method of a view that writes: the log, which must come first */
    PENDING_ADMIT,   /* `class.admit`: the same; `name` tells which, "" all */
};
struct pending {
    enum pending_kind kind;
    client_id client;
    uint64_t number; /* of the request */
    uint64_t work;
    struct mono due;
    uint32_t class_index;
    struct invite invite;
    uint8_t rescue[RESCUE_BYTES]; /* the root seed is made of it */
    char name[NAME_BYTES_MAX + 1];
    uint64_t policy, until_ms;         /* of the class that is being made */
    char handle[HANDLE_BYTES_MAX + 1]; /* of its teacher */
    struct login login;
    bool has_id;
    uint8_t id[16];                /* of the request that makes a class */
    struct stretching *stretching; /* owned; NULL: none */
    uint8_t *request;              /* ASK: owned */
    size_t request_len;
};

struct watcher {
    bool used;
    client_id client;
    struct login login;
    bool left; /* it was told that who sat here is gone */
    uint32_t class_index;
    bool changes; /* else whole states */
    bool dirty;
    uint32_t safe;       /* as told last: machines that could be switched off */
    struct mono look_at; /* is that still so? not asked before this */
    bool look_due;       /* there was a turn since it was asked */
    struct mono next;    /* state: not before this */
    struct mono fresh;   /* last sign of life */
};

/* An output with the bytes that it owns. */
struct queued {
    struct queued *next;
    struct output output;
    bool write; /* a reply that must turn into an error if the turn isn't saved */
    uint32_t write_class;
    uint64_t number;
    uint8_t bytes[];
};

/* Keys whose words are wanted go through Argon2id one after the other. */
struct stretcher {
    uint64_t work;        /* under way; 0: none */
    struct mono since;    /* when it began */
    struct mono pause;    /* nothing new before then */
    struct device_id key; /* this machine's, a class's root, or a knocker's */
    struct mono wanted;   /* until then words of knockers are */
    int64_t credit_ms;    /* how many of them may be made at once, by time */
    struct mono credit_at;
};

/* What this machine does to get into a class: while it is in none it knocks. */
struct knocking {
    uint32_t knocks; /* since it began, or since the network changed */
    struct mono began, said, due;
    char words[KEY_TEXT_MAX]; /* of this machine's key; "" until they are known */
    struct offer offers[2];   /* that differ */
    uint32_t offers_count;
    struct mono decide; /* when the first offer is taken; 0: there is none */
    bool torn;          /* two classes call: a person must decide */
    uint64_t work;      /* Argon2id of the class that it joins; 0: none */
    struct mono since;  /* when that began */
    struct invite invite;
    struct sign_pk root;
    bool has_root; /* else it joins by an invite alone, from --invite-file */
};

struct device {
    char state[PATH_BYTES];
    char *vfs;
    struct rng rng;
    struct sign_key key;
    struct device_id id;
    struct hardware_id hardware; /* unsalted */
    char host[NAME_BYTES_MAX + 1];
    uint8_t boot[16];
    uint64_t run;
    struct class *classes[CLASSES_MAX];
    uint32_t classes_count;
    struct sitting sittings[SITTINGS_MAX];
    struct pending pending[CLIENTS_MAX];
    struct watcher watchers[CLIENTS_MAX];
    struct queued *first, *last, *told;
    bool exhausted; /* an output found no memory */
    bool again;     /* OUTPUT_AGAIN is said */
    bool doubts;    /* it was, by the run before */
    struct mono opened;
    struct address calls[16]; /* --peer */
    uint32_t calls_count;
    uint64_t uses, works;
    struct mono idle_checked;
    struct knocking knocking;
    struct knockers *knockers; /* NULL until somebody knocks */
    struct stretcher stretcher;
    struct ask *ask; /* room for the request that is being answered */
    struct pack pack, result;
    bool leaving;
    bool twin_told;       /* that another machine has our key */
    struct mono bad_said; /* when the log was last told of a message that can't be; 0: not yet */
    uint32_t bad_unsaid;  /* such messages since */
};

/* What every method of the device gets. */
struct call {
    struct device *device;
    client_id client;
    uint64_t number;
    struct sitting *sitting;
    struct class *class; /* NULL: this machine is in none, or none was meant */
    const msgpack_object *params;
    struct now now;
    char what[256], detail[256]; /* of a refusal */
    bool later;                  /* the answer comes by itself: nothing is said now */
    struct watcher *watch;       /* `watch`: begins after its answer */
    struct slice bytes;          /* the whole request */
    struct login login;
    bool owner;                    /* see struct event */
    struct stretching *stretching; /* what was stretched for it, if it is asked again */
};

/* A method that is no view's: writes one map, or refuses, or sets call->later. */
struct device_method {
    const char *name;
    enum err (*run)(struct call *, struct pack *);
};
extern const struct device_method device_methods[]; /* name == NULL at the end */

/* ---- device.c ---------------------------------------------------------------------------------------------------- */

/* Queues an output; its bytes are copied. NULL: no memory; then OUTPUT_QUIT comes last. */
struct queued *device_put(struct device *, const struct output *);
/* It is in no class that goes on. */
bool device_is_free(const struct device *);
void device_log(struct device *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Saves what must be saved in this turn; tells those who hung on it if it can't be. */
void device_save(struct device *, struct now);

/* ---- class.c ------------------------------------------------------------------------------------------------------ */

/* A new class of this machine: root NULL if only its invite is known yet; `damaged` is the database instead of which it is
 * begun, or NULL. */
enum err class_new(struct device *, const struct class_secret *, const struct invite *,
                   const struct sign_pk *root, const char *damaged, struct now, struct class **out);
/* A class that was there before. Where there are many, one that all its machines have erased is forgotten. */
enum err class_load(struct device *, const char *file, bool many, struct now);
/* The class whose database this is, or was begun instead of this one; NULL: none. */
struct class *class_by_file(struct device *, const char *file, bool damaged);
/* A turn failed: nothing of it remains. Returns the error. */
enum err class_fail(struct class *, enum err);
void class_free(struct class **);
/* As if it had never been made; only if it is the one made last, else it stays. */
void class_forget(struct device *, struct class *);
/* The inbox is bound: announce. */
void class_bound(struct device *, struct class *, uint8_t number, uint16_t port, struct now);
void class_message(struct device *, struct class *, const struct event *, struct now);
bool class_datagram(struct device *, struct class *, const struct event *, struct now);
void class_tick(struct device *, struct class *, struct now);
/* Turns what presence and sync want into outputs; only after the turn is saved. */
void class_pump(struct device *, struct class *, struct now);
/* Must what is open be saved in this turn: because somebody waits for it, or because it waited long enough? */
bool class_is_due(struct class *, struct now);
/* Is its log as on the disk? If it isn't, tries to read it now and then. */
bool class_is_usable(struct class *, struct now);
/* Saves the class's part of the turn. */
enum err class_commit(struct device *, struct class *, struct now);
/* What is wrong with its disk; NULL: nothing. */
const char *class_disk(const struct class *, struct now);
struct mono class_wake(const struct class *);
/* The class's name, or "…" while it isn't known; out holds NAME_BYTES_MAX + 1. */
char *class_name(struct class *, char *out);
/* On how many other machines everything that this one wrote is; how many of those have disks that outlast a boot. */
void class_safety(struct class *, uint32_t *copies, uint32_t *lasting);
/* How many machines that are here could be switched off and nothing would be lost, as far as we know: there is no
 * difference between them and us, or for this one, somebody has all of it. */
uint32_t class_safe_machines(struct class *);
/* Appends and folds ops of this device. If it fails half-way, the turn can't be saved. */
enum err class_append(struct class *, const struct op *, uint32_t count, struct now,
                      struct hash *ids);

/* Says something to a peer. */
void class_say(struct device *, struct class *, const struct peer *, struct slice bytes);
/* Says HELLO on the link to a peer, once it can say where the inbox for that link's secret is. */
void class_greet(struct device *, struct class *, const struct peer *, struct now);
/* Says REFUSE at an address, to one that isn't let in: it may not know why. At most one in REFUSAL_MS. */
void class_refuse(struct device *, struct class *, const struct address *, enum err, struct now);

/* ---- turnover.c ---- */

/* Binds the inboxes of the class's secrets. */
void turnover_begin(struct device *, struct class *);
/* Those of before, as its database has them; turnover_begin does. */
void turnover_former(struct device *, struct class *);
/* Another secret from now on. */
void turnover_go(struct device *, struct class *, const struct class_secret *,
                 const struct invite *, struct now);
/* To be called when a ROTATE may have been folded. */
void turnover_look(struct device *, struct class *);
/* False: that work wasn't for this. */
bool turnover_stretched(struct device *, uint64_t work, struct slice bytes, struct now);
/* Keeps the former secrets on the disk, in the open transaction. */
void turnover_keep(struct class *);
/* Lets go of secrets whose time is over. */
void turnover_tick(struct device *, struct class *, struct now);
/* Tells a peer our inbox for the present secret, if it uses another. */
void turnover_say(struct device *, struct class *, const struct peer *);
/* The inbox for a secret is bound: greets those who are reached by that secret; if it is the present one, tells the others. */
void turnover_bound(struct device *, struct class *, uint8_t number, struct now);
/* A peer's INBOX. */
void turnover_hear(struct class *, struct peer *, const struct message *, struct now);
/* By a former secret only those come in whom the log knows. */
bool turnover_admits(struct class *, uint8_t number, const struct device_id *);
/* Of the inbox for this secret; 0: it isn't bound. */
uint16_t turnover_port(const struct class *, uint8_t number);

/* ---- ending.c ---- */

/* To be called when a CLOSE may have been folded. */
void ending_look(struct device *, struct class *);
/* Tells a peer that the class has ended, if it has. */
void ending_say(struct device *, struct class *, const struct peer *);
/* Erases what couldn't be erased when the end came. */
void ending_tick(struct device *, struct class *, struct now);
/* A peer's CLOSED: it has erased the class, and so must we. ERR_SIGNATURE: that isn't true. */
enum err ending_hear(struct device *, struct class *, const struct peer *,
                     const struct signature *);
/* Of a class whose database was opened: false if it hasn't ended. */
bool ending_load(struct class *, const struct sign_pk *root);
/* How many machines would erase it. */
uint32_t ending_machines(struct device *, struct class *);
/* Have all its machines erased it? */
bool ending_is_complete(struct class *);
/* Three pairs of a map: on how many machines it is erased, of how many, and on which it isn't. */
void ending_receipt(struct class *, struct pack *);

/* ---- expulsion.c ---- */

/* Who was expelled is cut off, and forgotten: to be called when an EXPEL may have been folded. */
void expulsion_look(struct device *, struct class *, struct now);
/* A machine's hardware as the log of this class knows it. */
void class_hardware(const struct class *, const struct hardware_id *unsalted,
                    struct hardware_id *out);

/* ---- seeking.c ---- */

/* Asks neighbours for the keys of a handle. ERR_BUSY: another is asked for. */
enum err seeking_begin(struct device *, struct class *, struct slice handle, struct now);
/* What they told, while it is fresh; NULL. */
const struct sought *seeking_told(const struct class *, struct now);
/* It was of no use: the next time they are asked anew. */
void seeking_forget(struct class *);
/* Is there nothing more to wait for? */
bool seeking_done(struct class *, struct now);
/* A peer asks; a peer answers. */
enum err seeking_hear_who(struct device *, struct class *, struct peer *, const struct message *,
                          struct now);
enum err seeking_hear_keys(struct class *, const struct peer *, const struct message *, struct now);

/* ---- knocking.c: this machine knocks ---- */

/* Begins; also to join by an invite, unless it is NULL or of a class that this machine is in. */
void knocking_start(struct device *, const struct invite *, struct now);
void knocking_network(struct device *, struct now);
void knocking_offer(struct device *, struct slice datagram, struct now);
/* False: that work wasn't for this. */
bool knocking_stretched(struct device *, uint64_t work, struct slice bytes, struct now);
void knocking_tick(struct device *, struct now);
struct mono knocking_wake(const struct device *);
/* Key and map: what a screen says of a machine that is in no class. */
void knocking_tell(struct device *, struct pack *);

/* ---- admission.c: others knock here ---- */

void admission_knock(struct device *, const struct event *, struct now);
/* It is in a class of ours: it knocks no more. */
void admission_came(struct device *, const struct device_id *);
bool admission_stretched(struct device *, uint64_t work, struct slice bytes, struct now);
void admission_tick(struct device *, struct now);
struct mono admission_wake(const struct device *);
/* Words of those who knock are wanted for a while. */
void admission_want(struct device *, struct now);
/* Lets one into a class: it is offered until it is there. */
void admission_admit(struct class *, struct knocker *, struct now);
/* Does it knock, and isn't in this class yet? */
bool admission_waits(struct class *, const struct knocker *, struct now);

/* ---- method_admit.c ---- */

enum err method_knocks(struct call *, struct pack *);
enum err method_admit(struct call *, struct pack *);
/* Answers if the words are there, or it waited long enough. */
void admit_tick(struct device *, struct pending *, struct now);
/* "class": {id, name, policy, until} */
void pack_class(struct pack *, struct class *);

/* ---- salvage.c ---- */

/* A class's database is damaged: sets it aside and begins the class anew with what can be read of it; the rest comes from
 * peers. OK also if nothing could be saved: that is said in the log. */
enum err salvage(struct device *, const char *file, struct now);

/* ---- salvage_log.c ---- */

/* Copies the log of a damaged store into the class's, as far as it can be read. What waits for an entry that can't be is kept in
 * the class's database. ERR_NOMEM, or what is wrong with the class's own disk. */
enum err salvage_log(struct device *, struct store *, struct class *, struct now);
/* Tries what waits, in the turn's transaction. */
enum err salvage_again(struct class *, struct now);
/* The same, if it is time. */
void salvage_tick(struct class *, struct now);

/* ---- request.c ---------------------------------------------------------------------------------------------------- */

/* The class of this name, rather one that goes on than one that has ended; or of this line in the list of them; NULL. */
struct class *class_named(struct device *, const msgpack_object *wanted);
void request_receive(struct device *, const struct event *, struct now);
/* What was stretched for a PENDING_ASK is there (empty: nothing was), or told for a PENDING_SEEK: asks again. */
void request_again(struct device *, struct pending *, struct slice stretched, struct now);
/* The id by which a retry of the request is known; false: it has none. */
bool request_id(const struct call *, struct slice *id);
/* A retry is answered as the first time, without doing it again. False: this class knows of no request with this id. */
bool request_answer_retry(struct call *, struct class *, struct slice id);
/* How it is answered then: kept sealed in the class's database. */
void request_remember(struct device *, struct class *, struct slice id, struct slice reply);
/* Is a teacher of this class signed in where it came from? */
bool request_is_of_teacher(const struct call *, const struct class *);
/* Does who asks hold the class's root key? ERR_NOT_YOURS, ERR_NOT_TEACHER, ERR_SIGNED_OUT. Fills device->ask. */
enum err request_may_close(struct call *);
/* Writes that the class has ended: for who holds its root key. */
enum err request_close(struct call *);
void request_reply(struct device *, client_id, uint64_t number, struct slice result, bool write,
                   uint32_t class_index);
void request_refuse(struct device *, client_id, uint64_t number, enum err, const char *what,
                    const char *detail);
void request_notify(struct device *, client_id, const char *method, struct slice params);
/* Fills device->ask for reading views of a class on behalf of nobody. */
struct ask *ask_class(struct device *, struct class *, struct now);

/* ---- pending.c ---------------------------------------------------------------------------------------------------- */

/* A free place for a request whose answer must wait; NULL: too many do. */
struct pending *pending_new(struct call *, enum pending_kind, struct mono due);
/* Hands words to Argon2id; EVENT_STRETCHED comes with pending->work. */
enum err pending_stretch(struct device *, struct pending *, struct slice words,
                         const uint8_t salt[16], struct cost);
/* Ends it, and wipes it. */
void pending_end(struct pending *);
void stretching_free(struct stretching **);

/* ---- sitting.c ---------------------------------------------------------------------------------------------------- */

/* The login's sitting, made if there is none. Borrowed. */
struct sitting *sitting_find(struct device *, const struct login *);
/* Who sits there, as the log says now: sets ask->signed_in, ask->left and ask->me. */
void sitting_look(struct ask *, struct sitting *, struct class *);
/* Why nobody does: ERR_SIGNED_OUT, ERR_MOVED, ERR_REMOVED. After sitting_look. */
enum err sitting_refuse(struct ask *);
/* Who asks is who sits there, if they are still signed in at this machine. */
enum err sitting_ask(struct ask *, struct sitting *, struct class *);
/* Signs in at this terminal, as these ops say. */
enum err sitting_sign_in(struct device *, struct class *, struct sitting *, const struct ask *,
                         struct now);
/* hello and bye among the ops that were written change who sits at this terminal. */
void sitting_follow(struct device *, struct class *, struct sitting *, const struct ask *);
/* The terminal goes to another class: who is signed in there in one before says goodbye to it, unless they sit at another
 * terminal too. False: nobody had to. */
bool sitting_leave(struct device *, struct sitting *, const struct class *to, struct now);
/* A passphrase was tried: wrong ones cost a growing pause at this terminal. */
void sitting_tried(struct sitting *, enum err, struct now);
/* Signs everybody out who is signed in here in that class, in the log too. */
void sitting_sign_out_all(struct device *, struct class *, struct now);
/* Who came before the log, and is still there, comes once more when it is here, if what was written before seems to be later,
 * such as the end of a lesson that this machine hadn't heard of. */
void sitting_settle(struct device *, struct class *, struct now);
/* The same for one, though it isn't. */
void sitting_come(struct device *, struct class *, struct sitting *, struct now);
/* Says goodbye for those whose lesson has ended. */
void sitting_lessons(struct device *, struct class *, struct now);
/* A login has ended: says goodbye for who sat there, unless they sit at another of this machine too. */
void sitting_logout(struct device *, const struct login *, struct now);
/* Says goodbye for who has been idle. */
void sitting_tick(struct device *, struct now);
struct mono sitting_wake(const struct device *);

/* ---- method_class.c, method_machine.c, watcher.c ------------------------------------------------------------------- */

void method_stretched(struct device *, uint64_t work, struct slice secret, struct now);
/* Asks again what waited for neighbours, or for the log. Before the turn is saved: it may write. */
void method_resume(struct device *, struct now);
/* Answers what has waited long enough, or has got what it waited for. */
void method_tick(struct device *, struct now);
struct mono method_wake(const struct device *);
enum err method_status(struct call *, struct pack *);
enum err method_doctor(struct call *, struct pack *);
void doctor_without_class(struct device *, struct pack *);
void doctor_answer(struct device *, struct pending *, struct now);

/* ---- receipts.c ---- */

/* Every other machine of the class that may hold its log: of those with one hardware the one that is here, or else the newest, and whoever is met and never
 * wrote; not who was expelled. By seat. At most `max`, into out; returns how many. */
uint32_t class_machines(struct class *, const struct device_id *self, uint32_t max,
                        struct device_id out[]);
/* Its seat, else its host name, else "". */
void class_machine_label(struct class *, const struct device_id *, char out[NAME_BYTES_MAX + 1]);
void receipts_tick(struct device *, struct class *, struct now);
enum err method_receipt(struct call *, struct pack *);
/* The pair "redactions": those asked for at this machine, the newest first; all, or those that some machine still lacks. */
void receipts_pack(struct device *, struct class *, bool open_only, struct pack *);
/* Answers a `redact.receipt` that waits, if the machines that are here are done or it waited long enough. */
void receipt_answer(struct device *, struct pending *, struct now);

/* What a machine is called: its seat, else its host's name, else, if only others told of it, how its id begins. */
void machine_name(struct class *, const struct peer *, char out[NAME_BYTES_MAX + 1]);
enum err method_watch(struct call *, struct pack *);
void watchers_facts(struct device *, struct class *, struct now);
void watchers_machine(struct device *, struct class *, const struct peer *, struct now);
void watchers_tick(struct device *, struct now);
struct mono watchers_wake(const struct device *);
/* The class has ended: that is the last that its watchers are told. */
void watchers_end(struct device *, struct class *);
void watchers_hangup(struct device *, client_id);

#endif
