-- The public log. A certificate, its end and their leaves are written in one transaction, one leaf each; leaves get
-- their positions afterwards, one after the other without a gap; what was published never changes.

CREATE TABLE log_event (
  id TEXT PRIMARY KEY,
  number TEXT NOT NULL REFERENCES certificate (number) DEFERRABLE INITIALLY DEFERRED,
  event TEXT NOT NULL CHECK (event IN ('issued', 'revoked', 'corrected')),
  leaf BLOB NOT NULL CHECK (length(leaf) <= 65535),
  UNIQUE (number, event)
);
CREATE TRIGGER log_event_never_changes BEFORE UPDATE ON log_event
BEGIN
  SELECT RAISE(ABORT, 'log_event_never_changes');
END;
CREATE TRIGGER log_event_never_goes BEFORE DELETE ON log_event
BEGIN
  SELECT RAISE(ABORT, 'log_event_never_changes');
END;
CREATE TRIGGER certificate_is_logged BEFORE INSERT ON certificate
BEGIN
  SELECT RAISE(ABORT, 'certificate_is_logged')
    WHERE NOT EXISTS (SELECT 1 FROM log_event WHERE number = NEW.number AND event = 'issued');
END;
CREATE TRIGGER certificate_end_is_logged BEFORE INSERT ON certificate_end
BEGIN
  SELECT RAISE(ABORT, 'certificate_end_is_logged') WHERE NOT EXISTS (
    SELECT 1 FROM log_event e JOIN certificate c ON c.number = e.number
    WHERE c.id = NEW.certificate_id AND e.event = NEW.kind);
END;

-- Leaves that have no position yet; the sequencer takes them from here.
CREATE TABLE log_pending (
  event_id TEXT PRIMARY KEY REFERENCES log_event (id)
);
CREATE TRIGGER log_event_is_pending AFTER INSERT ON log_event
BEGIN
  INSERT INTO log_pending (event_id) VALUES (NEW.id);
END;

CREATE TABLE log_entry (
  position INTEGER PRIMARY KEY CHECK (position >= 0),
  event_id TEXT NOT NULL UNIQUE REFERENCES log_event (id)
);
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

-- A tile's hashes so far, at most 256; a partial tile is a prefix of the full one.
CREATE TABLE log_tile (
  id TEXT PRIMARY KEY,
  hashes BLOB NOT NULL CHECK (length(hashes) > 0 AND length(hashes) <= 8192 AND length(hashes) % 32 = 0)
);
CREATE TRIGGER log_tile_only_grows BEFORE UPDATE ON log_tile
BEGIN
  SELECT RAISE(ABORT, 'log_tile_only_grows')
    WHERE NEW.id <> OLD.id OR substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes;
END;
CREATE TRIGGER log_tile_never_goes BEFORE DELETE ON log_tile
BEGIN
  SELECT RAISE(ABORT, 'log_tile_only_grows');
END;

CREATE TABLE log_checkpoint (
  size INTEGER PRIMARY KEY CHECK (size > 0),
  note TEXT NOT NULL,
  signed_at TIMESTAMP NOT NULL
);
CREATE TRIGGER log_checkpoint_only_grows BEFORE INSERT ON log_checkpoint
BEGIN
  SELECT RAISE(ABORT, 'log_checkpoint_only_grows')
    WHERE NEW.size <= (SELECT COALESCE(MAX(size), 0) FROM log_checkpoint)
       OR NEW.size <> (SELECT COALESCE(MAX(position) + 1, 0) FROM log_entry);
END;
CREATE TRIGGER log_checkpoint_never_changes BEFORE UPDATE ON log_checkpoint
BEGIN
  SELECT RAISE(ABORT, 'log_checkpoint_never_changes');
END;
CREATE TRIGGER log_checkpoint_never_goes BEFORE DELETE ON log_checkpoint
BEGIN
  SELECT RAISE(ABORT, 'log_checkpoint_never_changes');
END;

CREATE TABLE log_cosignature (
  id TEXT PRIMARY KEY,
  size INTEGER NOT NULL REFERENCES log_checkpoint (size),
  witness TEXT NOT NULL,
  line TEXT NOT NULL,
  UNIQUE (size, witness)
);

-- The size a witness says it has seen.
CREATE TABLE log_witness (
  name TEXT PRIMARY KEY,
  size INTEGER NOT NULL CHECK (typeof(size) = 'integer' AND size >= 0)
);

-- One row; sequencers queue on it.
CREATE TABLE log_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  size INTEGER NOT NULL CHECK (typeof(size) = 'integer' AND size >= 0)
);
INSERT INTO log_head (id, size) VALUES (1, 0);
CREATE TRIGGER log_head_only_grows BEFORE UPDATE ON log_head
BEGIN
  SELECT RAISE(ABORT, 'log_head_only_grows') WHERE NEW.size <= OLD.size;
END;
CREATE TRIGGER log_head_never_goes BEFORE DELETE ON log_head
BEGIN
  SELECT RAISE(ABORT, 'log_head_only_grows');
END;
