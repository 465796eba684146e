-- The sandbox payment provider's own books. Objects are kept as the JSON that the API shows.

CREATE TABLE IF NOT EXISTS object (
    position INTEGER PRIMARY KEY AUTOINCREMENT,      -- lists are newest first by this
    id       TEXT NOT NULL UNIQUE,
    kind     TEXT NOT NULL,
    parent   TEXT,                                   -- what its list is filtered by: a refund's payment, a line's session
    due      INTEGER,                                -- when something happens to it by itself: a session runs out
    body     TEXT NOT NULL CHECK (json_valid(body)),
    -- money that was taken can be given back once
    CHECK (kind <> 'charge' OR json_extract(body, '$.amount_refunded') BETWEEN 0 AND json_extract(body, '$.amount')),
    CHECK (kind <> 'transfer' OR json_extract(body, '$.amount_reversed') BETWEEN 0 AND json_extract(body, '$.amount'))
) STRICT;
CREATE INDEX IF NOT EXISTS object_list ON object (kind, parent, position);
CREATE INDEX IF NOT EXISTS object_due ON object (due) WHERE due IS NOT NULL;
CREATE INDEX IF NOT EXISTS invoice_made ON object (json_extract(body, '$.created'), position) WHERE kind = 'invoice';
CREATE INDEX IF NOT EXISTS transfer_source ON object (json_extract(body, '$.source_transaction')) WHERE kind = 'transfer';

CREATE TABLE IF NOT EXISTS event (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL UNIQUE,
    type     TEXT NOT NULL,
    created  INTEGER NOT NULL,
    body     TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE INDEX IF NOT EXISTS event_created ON event (created, position);

CREATE TABLE IF NOT EXISTS delivery (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    event    TEXT NOT NULL REFERENCES event (id),
    state    TEXT NOT NULL CHECK (state IN ('queued', 'held', 'delivered', 'dropped', 'given_up')),
    due      REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    answer   TEXT                                    -- the last HTTP status, or what went wrong
) STRICT;
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (due) WHERE state = 'queued';

CREATE TABLE IF NOT EXISTS idempotency (
    key         TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    request     TEXT NOT NULL,                       -- the id of the first request, named by its replays
    status      INTEGER NOT NULL,
    body        TEXT NOT NULL,
    created     INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS idempotency_created ON idempotency (created);

-- what was asked to go wrong, in the order in which it was asked
CREATE TABLE IF NOT EXISTS fault (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    kind      TEXT NOT NULL,
    method    TEXT,
    path      TEXT,
    seconds   REAL NOT NULL,
    remaining INTEGER NOT NULL CHECK (remaining > 0)
) STRICT;
CREATE TABLE IF NOT EXISTS event_rule (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    action    TEXT NOT NULL CHECK (action IN ('drop', 'delay', 'duplicate', 'hold')),
    type      TEXT,
    seconds   REAL NOT NULL,
    copies    INTEGER NOT NULL,
    remaining INTEGER NOT NULL CHECK (remaining > 0)
) STRICT;

CREATE TABLE IF NOT EXISTS clock (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    ahead  REAL NOT NULL                             -- seconds ahead of the machine's clock
) STRICT;
INSERT OR IGNORE INTO clock (id, ahead) VALUES (1, 0);
