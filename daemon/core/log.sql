-- The log, and what one machine alone knows. Never dropped: only views can be made again.

-- A feed: one run of one daemon. key and device come from its first entry.
CREATE TABLE IF NOT EXISTS feed (
    id INTEGER PRIMARY KEY,
    feed BLOB NOT NULL UNIQUE,
    key BLOB NOT NULL,
    device BLOB NOT NULL,
    -- 0, or the seq from which all is void
    void_seq INTEGER NOT NULL DEFAULT 0,
    -- the proof of equivocation: two encoded runs
    proof_a BLOB,
    proof_b BLOB
);

-- Applied entries, in the order in which they were applied here: each after its causes.
CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY,
    feed INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    lamport INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    -- the entry's id
    hash BLOB NOT NULL,
    -- ids of other feeds' entries, one behind the other
    after BLOB,
    -- salt and op; NULL when erased or not told, then length, stub and rest remain (entry.h)
    payload BLOB,
    length INTEGER,
    stub BLOB,
    rest BLOB,
    -- where one stands; at least one in every RUN_ENTRIES_MAX entries, and at every feed's end
    signature BLOB,
    -- the op's kind, to count what newer versions made
    kind INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS entry_place ON entry (feed, seq);
-- what newer versions of Jam made (29: the first kind that this one doesn't know)
CREATE INDEX IF NOT EXISTS entry_newer ON entry (kind) WHERE kind >= 29;
-- what authority rests on (authority.h), to learn it again without reading all
CREATE INDEX IF NOT EXISTS entry_authority ON entry (kind) WHERE kind BETWEEN 4 AND 5 OR kind BETWEEN 18 AND 23;
-- redactions, and what they erased or what came without its payload
CREATE INDEX IF NOT EXISTS entry_redact ON entry (kind) WHERE kind=24;
CREATE INDEX IF NOT EXISTS entry_erased ON entry (id) WHERE payload IS NULL;
-- an entry by the first eight bytes of its id
CREATE INDEX IF NOT EXISTS entry_hash ON entry (substr(hash, 1, 8));

-- Headers of void entries that were never applied here, branch by branch (from 1) of their feed, each from where it parts on: entries of other feeds name
-- them as causes.
CREATE TABLE IF NOT EXISTS branch (
    feed INTEGER NOT NULL,
    branch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    lamport INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    hash BLOB NOT NULL,
    after BLOB,
    length INTEGER NOT NULL,
    stub BLOB NOT NULL,
    rest BLOB NOT NULL,
    signature BLOB,
    PRIMARY KEY (feed, branch, seq)
) WITHOUT ROWID;
-- From which other branch one parts; from what was applied here, if it isn't told.
CREATE TABLE IF NOT EXISTS branch_parent (
    feed INTEGER NOT NULL,
    branch INTEGER NOT NULL,
    parent INTEGER NOT NULL,
    PRIMARY KEY (feed, branch)
) WITHOUT ROWID;
-- From where on a branch's entries have no place in the order yet: causes of theirs aren't here, or they lie. Behind the branch's
-- end: all have one.
CREATE TABLE IF NOT EXISTS branch_unplaced (
    feed INTEGER NOT NULL,
    branch INTEGER NOT NULL,
    first INTEGER NOT NULL,
    PRIMARY KEY (feed, branch)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS branch_hash ON branch (substr(hash, 1, 8));

-- Of a feed whose last entries here no signature covers yet: a run of these and of those behind them up to one that has it,
-- without payloads that can be erased. It proves them, though what waits may be forgotten.
CREATE TABLE IF NOT EXISTS loose (
    feed INTEGER PRIMARY KEY,
    run BLOB NOT NULL
);

-- Runs of a damaged database that can't be applied yet, as what stands before them couldn't be read there: until others tell that.
-- last is the seq of the run's last entry.
CREATE TABLE IF NOT EXISTS salvaged (
    feed BLOB NOT NULL,
    last INTEGER NOT NULL,
    run BLOB NOT NULL,
    PRIMARY KEY (feed, last)
) WITHOUT ROWID;

-- What this machine keeps to itself.
CREATE TABLE IF NOT EXISTS local (
    key TEXT PRIMARY KEY,
    value BLOB
) WITHOUT ROWID;

-- Redactions that were asked for at this machine: where the last of each request stands, and how many there were.
CREATE TABLE IF NOT EXISTS redaction (
    id INTEGER PRIMARY KEY,
    feed BLOB NOT NULL,
    seq INTEGER NOT NULL,
    -- what it erased; of many the last
    entry BLOB NOT NULL,
    entries INTEGER NOT NULL,
    time_ms INTEGER NOT NULL
);

-- Devices that have taken it.
CREATE TABLE IF NOT EXISTS receipt (
    redaction INTEGER NOT NULL,
    device BLOB NOT NULL,
    PRIMARY KEY (redaction, device)
) WITHOUT ROWID;

-- Answers to requests, so that a retry is the same act.
CREATE TABLE IF NOT EXISTS retry (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    request BLOB NOT NULL UNIQUE,
    reply BLOB NOT NULL
);
