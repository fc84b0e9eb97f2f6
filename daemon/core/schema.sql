-- The views: what the ops add up to. Made from the log alone, so they can be dropped and folded again; byte-equal on
-- all machines that have the same entries. A stamp is 28 bytes that compare as the total order; x'' is before all.
--
--   table     a row for each                        merged by
--   class     the class: name, policy                  greatest stamp
--   person    person: handle and name               greatest stamp, each field for itself
--   roster    name to pick: as it was typed          greatest stamp
--   lesson    the lesson: does it run                greatest stamp
--   session   person: at which machine, or at none  greatest stamp
--   place     person: in a jam, solo or away        greatest stamp
--   joined    JAM and JOIN of a person              a set that only grows
--   removed   such a join that a LEAVE took back    a set that only grows
--   jam       jam: name and purpose                 greatest stamp, each field for itself
--   role      jam, role and person: holds it or not greatest stamp
--   task      task: title, state and holder         greatest stamp, each field for itself
--   story     line of a journal                     a set that only grows
--   feedback  glow and grow                         a set that only grows
--   redacted  REDACT                                a set that only grows
--   seat      piece of hardware: its label          greatest stamp
--   device    device: its host name and hardware    greatest stamp
--   closing   the end: its signature                greatest, of those that fit
--   rotation  box of a ROTATE                       a set that only grows
--
-- Authority (authority.h), learnt before all others:
--   grants      HELLO with a signature that fits       a set; `until` by the first BYE in its feed
--   farewell    who left this device without a grant   a set
--   person_key  key of a person                        greatest stamp: what it is sealed with, by a KEY before a RESET; when it was given
--   teacher     who was named                          greatest stamp
--   bound       EXPEL, REMOVE, RESET, REVOKE, TEACHER  a set
--   bound_past  the causal past of such an entry       of its entry alone
--   refused     entry that has no effect               of the others alone

CREATE TABLE IF NOT EXISTS class (
    -- always 0: there is one
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    -- enum policy bits
    policy INTEGER NOT NULL,
    -- its last day; 0: not said
    until_ms INTEGER NOT NULL,
    stamp BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS person (
    person BLOB PRIMARY KEY,
    -- what counts of the two below
    handle TEXT,
    -- by which two handles are the same; '' for who has none, or was removed, and isn't shown
    handle_key TEXT NOT NULL DEFAULT '',
    -- what they call themselves
    wish TEXT,
    wish_key TEXT NOT NULL DEFAULT '',
    wish_stamp BLOB NOT NULL DEFAULT x'',
    -- what a teacher says
    confirmed TEXT,
    confirmed_key TEXT NOT NULL DEFAULT '',
    confirmed_stamp BLOB NOT NULL DEFAULT x'',
    name TEXT,
    name_stamp BLOB NOT NULL DEFAULT x'',
    removed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS person_handle ON person (handle_key);

-- Names to pick at the first hello.
CREATE TABLE IF NOT EXISTS roster (
    handle_key TEXT PRIMARY KEY,
    handle TEXT NOT NULL,
    name TEXT,
    -- 0 after a STRIKE
    listed INTEGER NOT NULL,
    stamp BLOB NOT NULL
) WITHOUT ROWID;

-- One row, once there was a lesson.
CREATE TABLE IF NOT EXISTS lesson (
    id INTEGER PRIMARY KEY,
    runs INTEGER NOT NULL,
    stamp BLOB NOT NULL,
    time_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS session (
    person BLOB PRIMARY KEY,
    -- 1 after a HELLO, 0 after a BYE
    here INTEGER NOT NULL,
    device BLOB NOT NULL,
    stamp BLOB NOT NULL,
    time_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS place (
    person BLOB PRIMARY KEY,
    -- enum place_kind
    kind INTEGER NOT NULL,
    jam BLOB,
    -- what one does solo
    title TEXT,
    stamp BLOB NOT NULL,
    time_ms INTEGER NOT NULL
) WITHOUT ROWID;
-- who is in a jam: a screen asks for each
CREATE INDEX IF NOT EXISTS place_jam ON place (jam) WHERE kind=1;

-- Who was when in which jam, and by that: who may be a member. id is the entry's, which a LEAVE names.
CREATE TABLE IF NOT EXISTS joined (
    person BLOB NOT NULL,
    jam BLOB NOT NULL,
    stamp BLOB NOT NULL,
    id BLOB NOT NULL,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (person, jam, stamp)
) WITHOUT ROWID;

-- May be here before its join is.
CREATE TABLE IF NOT EXISTS removed (
    person BLOB NOT NULL,
    jam BLOB NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (person, jam, id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS jam (
    jam BLOB PRIMARY KEY,
    -- of the JAM; x'' until it came, then the jam isn't shown
    stamp BLOB NOT NULL DEFAULT x'',
    time_ms INTEGER,
    author BLOB,
    name TEXT,
    name_stamp BLOB NOT NULL DEFAULT x'',
    purpose TEXT,
    purpose_stamp BLOB NOT NULL DEFAULT x''
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS role (
    jam BLOB NOT NULL,
    -- by which two roles are the same
    role TEXT NOT NULL,
    person BLOB NOT NULL,
    holds INTEGER NOT NULL,
    -- as it was typed
    name TEXT,
    stamp BLOB NOT NULL,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (jam, role, person)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS task (
    task BLOB PRIMARY KEY,
    -- of the TASK; x'' until it came, then the task isn't shown
    stamp BLOB NOT NULL DEFAULT x'',
    time_ms INTEGER,
    author BLOB,
    -- its jam, or its author
    owner BLOB,
    in_jam INTEGER,
    title TEXT,
    title_stamp BLOB NOT NULL DEFAULT x'',
    -- enum task_state
    state INTEGER NOT NULL DEFAULT 0,
    state_stamp BLOB NOT NULL DEFAULT x'',
    state_time_ms INTEGER,
    holder BLOB,
    holder_stamp BLOB NOT NULL DEFAULT x''
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS task_owner ON task (owner);

-- owner: a jam, a person (their own journal), or a task (a TASK_SET doesn't say of which jam).
CREATE TABLE IF NOT EXISTS story (
    owner BLOB NOT NULL,
    stamp BLOB NOT NULL,
    id BLOB NOT NULL,
    -- enum op_kind
    op INTEGER NOT NULL,
    author BLOB NOT NULL,
    other BLOB,
    -- TASK_SET: enum task_state
    state INTEGER,
    text TEXT,
    -- NOTE to oneself: bytes of its box, which stays in the log; it has no text
    sealed INTEGER,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (owner, stamp)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS feedback (
    -- a person or a jam; zeros: it is sealed, its boxes stay in the log, and this isn't told
    receiver BLOB NOT NULL,
    stamp BLOB NOT NULL,
    id BLOB NOT NULL,
    author BLOB NOT NULL,
    to_jam INTEGER NOT NULL,
    glow TEXT,
    grow TEXT,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (receiver, stamp)
) WITHOUT ROWID;

-- Only of who may redact that entry, as far as it is here.
CREATE TABLE IF NOT EXISTS redacted (
    -- what is erased
    entry BLOB NOT NULL,
    -- of the REDACT
    stamp BLOB NOT NULL,
    author BLOB NOT NULL,
    -- in whose journal it stood
    jam BLOB,
    why TEXT NOT NULL,
    -- 0 while that entry isn't here, or is void
    effective INTEGER NOT NULL,
    PRIMARY KEY (entry, stamp)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS seat (
    hardware BLOB PRIMARY KEY,
    label TEXT,
    stamp BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS device (
    device BLOB PRIMARY KEY,
    host TEXT,
    hardware BLOB NOT NULL,
    stamp BLOB NOT NULL
) WITHOUT ROWID;

-- One row, once the class has ended.
CREATE TABLE IF NOT EXISTS closing (
    id INTEGER PRIMARY KEY,
    signature BLOB NOT NULL
) WITHOUT ROWID;

-- Of the newest rotation counts each box. id: by which those of one rotation belong together.
CREATE TABLE IF NOT EXISTS rotation (
    stamp BLOB PRIMARY KEY,
    id BLOB NOT NULL,
    box BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS grants (
    feed BLOB NOT NULL,
    person BLOB NOT NULL,
    seq INTEGER NOT NULL,
    key BLOB NOT NULL,
    -- seq of the BYE, or before the next HELLO
    until INTEGER,
    device BLOB NOT NULL,
    lamport INTEGER NOT NULL,
    PRIMARY KEY (feed, person, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS grants_person ON grants (person, device);

-- BYEs that stood under no grant of their feed: they hang on the device's other feeds.
CREATE TABLE IF NOT EXISTS farewell (
    person BLOB NOT NULL,
    device BLOB NOT NULL,
    -- the greatest of them
    lamport INTEGER NOT NULL,
    PRIMARY KEY (person, device)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS person_key (
    person BLOB NOT NULL,
    key BLOB NOT NULL,
    -- of the last RESET by which a teacher gave it; x'': none did
    reset_stamp BLOB NOT NULL,
    secret BLOB NOT NULL,
    -- of the last KEY; if there is none, of that RESET
    secret_stamp BLOB NOT NULL,
    PRIMARY KEY (person, key)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS teacher (
    person BLOB PRIMARY KEY,
    -- of the last TEACHER by the root key's holder; x'': another named them
    stamp BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS bound (
    -- enum bound_kind
    kind INTEGER NOT NULL,
    -- a device or a person
    subject BLOB NOT NULL,
    -- of the entry that sets it
    stamp BLOB NOT NULL,
    -- by the root key's holder
    firm INTEGER NOT NULL,
    -- RESET: the key that is the right one
    key BLOB,
    PRIMARY KEY (subject, kind, stamp)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS bound_stamp ON bound (stamp);

-- How far a feed lies in the past of the entry with this stamp: those of the device, or those with a grant of the person.
-- A feed that isn't there doesn't.
CREATE TABLE IF NOT EXISTS bound_past (
    stamp BLOB NOT NULL,
    feed BLOB NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (stamp, feed)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS refused (
    feed BLOB NOT NULL,
    seq INTEGER NOT NULL,
    author BLOB NOT NULL,
    -- enum op_kind
    kind INTEGER NOT NULL,
    device BLOB NOT NULL,
    PRIMARY KEY (feed, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS refused_author ON refused (author);
