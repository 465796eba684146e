-- A leaf that was published and whose certificate is not on the books any more, because a backup was restored: the log goes on from
-- it (certificates/log/adopt.py). Every other leaf has its certificate, as before.

-- A foreign key goes only with its table. Those that point at it are emptied first and filled again, so that none is left behind.
CREATE TABLE log_entry_kept AS SELECT position, event_id FROM log_entry;
CREATE TABLE log_pending_kept AS SELECT event_id FROM log_pending;
CREATE TABLE log_event_kept AS SELECT id, number, event, leaf FROM log_event;
DROP TABLE log_entry;
DROP TABLE log_pending;
DROP TABLE log_event;

CREATE TABLE log_event (
  id TEXT PRIMARY KEY,
  number TEXT NOT NULL,
  event TEXT NOT NULL CHECK (event IN ('issued', 'revoked', 'corrected')),
  leaf BLOB NOT NULL CHECK (length(leaf) <= 65535),
  lost INTEGER NOT NULL DEFAULT 0 CHECK (lost IN (0, 1)),
  of_certificate TEXT GENERATED ALWAYS AS (CASE WHEN lost THEN NULL ELSE number END) STORED
    CONSTRAINT log_event_has_its_certificate REFERENCES certificate (number) DEFERRABLE INITIALLY DEFERRED,
  UNIQUE (number, event)
);
INSERT INTO log_event (id, number, event, leaf) SELECT id, number, event, leaf FROM log_event_kept;
DROP TABLE log_event_kept;
CREATE INDEX log_event_lost ON log_event (number) WHERE lost;
-- a lost certificate may be brought back from its holder's file (certificates/brought_back.py)
CREATE TRIGGER log_event_never_changes BEFORE UPDATE ON log_event
WHEN NOT (OLD.lost AND NOT NEW.lost AND NEW.id = OLD.id AND NEW.number = OLD.number AND NEW.event = OLD.event AND NEW.leaf = OLD.leaf)
BEGIN
  SELECT RAISE(ABORT, 'log_event_never_changes');
END;
CREATE TRIGGER log_event_never_goes BEFORE DELETE ON log_event
BEGIN
  SELECT RAISE(ABORT, 'log_event_never_changes');
END;
CREATE TRIGGER lost_leaf_has_no_certificate BEFORE INSERT ON log_event WHEN NEW.lost
BEGIN
  SELECT RAISE(ABORT, 'lost_leaf_has_no_certificate') WHERE EXISTS (SELECT 1 FROM certificate WHERE number = NEW.number);
END;

CREATE TABLE log_pending (
  event_id TEXT PRIMARY KEY REFERENCES log_event (id)
);
INSERT INTO log_pending (event_id) SELECT event_id FROM log_pending_kept;
DROP TABLE log_pending_kept;
CREATE TRIGGER log_event_is_pending AFTER INSERT ON log_event
BEGIN
  INSERT INTO log_pending (event_id) VALUES (NEW.id);
END;

CREATE TABLE log_entry (
  position INTEGER PRIMARY KEY CHECK (position >= 0),
  event_id TEXT NOT NULL UNIQUE REFERENCES log_event (id)
);
INSERT INTO log_entry (position, event_id) SELECT position, event_id FROM log_entry_kept ORDER BY position;
DROP TABLE log_entry_kept;
CREATE TRIGGER log_entry_has_no_gap BEFORE INSERT ON log_entry
BEGIN
  SELECT RAISE(ABORT, 'log_entry_has_no_gap')
    WHERE NEW.position <> (SELECT COALESCE(MAX(position) + 1, 0) FROM log_entry);
END;
CREATE TRIGGER log_entry_never_changes BEFORE UPDATE ON log_entry
BEGIN
  SELECT RAISE(ABORT, 'log_entry_never_changes');
END;
CREATE TRIGGER log_entry_never_goes BEFORE DELETE ON log_entry
BEGIN
  SELECT RAISE(ABORT, 'log_entry_never_changes');
END;
CREATE TRIGGER log_pending_goes_only_into_the_log BEFORE DELETE ON log_pending
BEGIN
  SELECT RAISE(ABORT, 'log_pending_goes_only_into_the_log')
    WHERE NOT EXISTS (SELECT 1 FROM log_entry WHERE event_id = OLD.event_id);
END;
