-- The sandbox registry's own books. The rules that must never break are constraints and triggers here, so that they hold
-- whatever the code above does. SQLite turns an overflowing integer into a float, hence the typeof() checks. Spans of one table
-- never overlap within a block, so only the last one that begins before another's end can touch it.

CREATE TABLE IF NOT EXISTS account (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS block (
    id TEXT PRIMARY KEY,
    first INTEGER NOT NULL CHECK (typeof(first) = 'integer' AND first > 0),
    last INTEGER NOT NULL CHECK (typeof(last) = 'integer' AND last >= first),
    serial_prefix TEXT NOT NULL,
    acts TEXT NOT NULL,
    title TEXT NOT NULL
);

-- What was ever issued into an account: a repeated seed must not bring cancelled credits back.
CREATE TABLE IF NOT EXISTS issue (
    block TEXT NOT NULL REFERENCES block (id),
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    account TEXT NOT NULL REFERENCES account (id),
    PRIMARY KEY (block, first, last)
);

CREATE TABLE IF NOT EXISTS holding (
    block TEXT NOT NULL REFERENCES block (id),
    first INTEGER NOT NULL CHECK (typeof(first) = 'integer'),
    last INTEGER NOT NULL CHECK (typeof(last) = 'integer' AND last >= first),
    account TEXT NOT NULL REFERENCES account (id),
    PRIMARY KEY (block, first)
);
CREATE INDEX IF NOT EXISTS holding_by_account ON holding (account, block, first);

CREATE TABLE IF NOT EXISTS application (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client TEXT NOT NULL,
    reference TEXT NOT NULL,
    -- set only while the registry refuses repeated references; some real ones do not know the idea
    unique_reference TEXT UNIQUE,
    account TEXT NOT NULL,
    block TEXT NOT NULL,
    first INTEGER NOT NULL CHECK (typeof(first) = 'integer'),
    last INTEGER NOT NULL CHECK (typeof(last) = 'integer' AND last >= first),
    act TEXT NOT NULL,
    purpose TEXT NOT NULL,
    purpose_detail TEXT NOT NULL,
    credit_user TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'confirmed', 'rejected')),
    rejection_reason TEXT CHECK ((rejection_reason IS NOT NULL) = (state = 'rejected')),
    fault TEXT,
    submitted_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    decided_at TEXT CHECK ((decided_at IS NULL) = (state = 'pending'))
);
CREATE INDEX IF NOT EXISTS application_by_reference ON application (reference);
CREATE INDEX IF NOT EXISTS application_by_account ON application (account, id);
CREATE INDEX IF NOT EXISTS application_due ON application (due_at, id) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS application_pending ON application (block, first) WHERE state = 'pending';

CREATE TRIGGER IF NOT EXISTS pending_serials_once BEFORE INSERT ON application WHEN NEW.state = 'pending'
BEGIN
    SELECT RAISE(ABORT, 'in_another_application') WHERE NEW.first <= (
        SELECT last FROM application WHERE state = 'pending' AND block = NEW.block AND first <= NEW.last
        ORDER BY first DESC LIMIT 1);
END;

CREATE TRIGGER IF NOT EXISTS decided_is_final BEFORE UPDATE ON application WHEN OLD.state <> 'pending'
BEGIN
    SELECT RAISE(ABORT, 'decided_is_final');
END;

CREATE TRIGGER IF NOT EXISTS application_stays BEFORE DELETE ON application
BEGIN
    SELECT RAISE(ABORT, 'application_stays');
END;

CREATE TABLE IF NOT EXISTS cancelled (
    block TEXT NOT NULL REFERENCES block (id),
    first INTEGER NOT NULL CHECK (typeof(first) = 'integer'),
    last INTEGER NOT NULL CHECK (typeof(last) = 'integer' AND last >= first),
    application INTEGER NOT NULL REFERENCES application (id),
    PRIMARY KEY (block, first)
);

CREATE TRIGGER IF NOT EXISTS cancelled_once BEFORE INSERT ON cancelled
BEGIN
    SELECT RAISE(ABORT, 'already_cancelled') WHERE NEW.first <= (
        SELECT last FROM cancelled WHERE block = NEW.block AND first <= NEW.last
        ORDER BY first DESC LIMIT 1);
    SELECT RAISE(ABORT, 'still_held') WHERE NEW.first <= (
        SELECT last FROM holding WHERE block = NEW.block AND first <= NEW.last
        ORDER BY first DESC LIMIT 1);
    SELECT RAISE(ABORT, 'serials_outside_block') WHERE NOT EXISTS (
        SELECT 1 FROM block WHERE id = NEW.block AND first <= NEW.first AND last >= NEW.last);
END;

CREATE TRIGGER IF NOT EXISTS cancelled_is_final_update BEFORE UPDATE ON cancelled
BEGIN
    SELECT RAISE(ABORT, 'cancelled_is_final');
END;

CREATE TRIGGER IF NOT EXISTS cancelled_is_final_delete BEFORE DELETE ON cancelled
BEGIN
    SELECT RAISE(ABORT, 'cancelled_is_final');
END;

CREATE TRIGGER IF NOT EXISTS held_once BEFORE INSERT ON holding
BEGIN
    SELECT RAISE(ABORT, 'held_twice') WHERE NEW.first <= (
        SELECT last FROM holding WHERE block = NEW.block AND first <= NEW.last
        ORDER BY first DESC LIMIT 1);
    SELECT RAISE(ABORT, 'already_cancelled') WHERE NEW.first <= (
        SELECT last FROM cancelled WHERE block = NEW.block AND first <= NEW.last
        ORDER BY first DESC LIMIT 1);
    SELECT RAISE(ABORT, 'serials_outside_block') WHERE NOT EXISTS (
        SELECT 1 FROM block WHERE id = NEW.block AND first <= NEW.first AND last >= NEW.last);
END;

CREATE TRIGGER IF NOT EXISTS holding_is_replaced_not_updated BEFORE UPDATE ON holding
BEGIN
    SELECT RAISE(ABORT, 'holding_is_replaced_not_updated');
END;

-- `facts` is what the notice states, as JSON; the document is drawn from it when it is first asked for.
CREATE TABLE IF NOT EXISTS notice (
    number TEXT PRIMARY KEY,
    application INTEGER NOT NULL UNIQUE REFERENCES application (id),
    facts TEXT NOT NULL,
    document BLOB
);

CREATE TABLE IF NOT EXISTS transfer (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client TEXT NOT NULL,
    reference TEXT NOT NULL,
    from_account TEXT NOT NULL REFERENCES account (id),
    to_account TEXT NOT NULL REFERENCES account (id),
    block TEXT NOT NULL REFERENCES block (id),
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    recorded_at TEXT NOT NULL,
    UNIQUE (client, reference)
);

CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    operation TEXT NOT NULL,
    reference TEXT,
    remaining INTEGER NOT NULL CHECK (remaining >= 0),
    seconds REAL NOT NULL
);

-- The clock, the schedule and the revision of the holdings.
CREATE TABLE IF NOT EXISTS control (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
