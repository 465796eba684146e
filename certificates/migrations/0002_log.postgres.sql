-- The public log. A certificate, its end and their leaves are written in one transaction, one leaf each; leaves get
-- their positions afterwards, one after the other without a gap; what was published never changes.

CREATE TABLE log_event (
  id TEXT PRIMARY KEY,
  number TEXT NOT NULL REFERENCES certificate (number) DEFERRABLE INITIALLY DEFERRED,
  event TEXT NOT NULL CHECK (event IN ('issued', 'revoked', 'corrected')),
  leaf BYTEA NOT NULL CHECK (length(leaf) <= 65535),
  UNIQUE (number, event)
);
CREATE TRIGGER log_event_never_changes BEFORE UPDATE OR DELETE ON log_event
FOR EACH ROW EXECUTE FUNCTION certificates_refuse('log_event_never_changes');
CREATE FUNCTION certificate_is_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM log_event WHERE number = NEW.number AND event = 'issued') THEN
    RAISE EXCEPTION USING MESSAGE = 'certificate_is_logged', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER certificate_is_logged BEFORE INSERT ON certificate FOR EACH ROW EXECUTE FUNCTION certificate_is_logged();
CREATE FUNCTION certificate_end_is_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM log_event e JOIN certificate c ON c.number = e.number
    WHERE c.id = NEW.certificate_id AND e.event = NEW.kind) THEN
    RAISE EXCEPTION USING MESSAGE = 'certificate_end_is_logged', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER certificate_end_is_logged BEFORE INSERT ON certificate_end FOR EACH ROW EXECUTE FUNCTION certificate_end_is_logged();

-- Leaves that have no position yet; the sequencer takes them from here.
CREATE TABLE log_pending (
  event_id TEXT PRIMARY KEY REFERENCES log_event (id)
);
CREATE FUNCTION log_event_is_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO log_pending (event_id) VALUES (NEW.id);
  RETURN NEW;
END
$$;
CREATE TRIGGER log_event_is_pending AFTER INSERT ON log_event FOR EACH ROW EXECUTE FUNCTION log_event_is_pending();

CREATE TABLE log_entry (
  position BIGINT PRIMARY KEY CHECK (position >= 0),
  event_id TEXT NOT NULL UNIQUE REFERENCES log_event (id)
);
CREATE FUNCTION log_entry_has_no_gap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.position <> (SELECT COALESCE(MAX(position) + 1, 0) FROM log_entry) THEN
    RAISE EXCEPTION USING MESSAGE = 'log_entry_has_no_gap', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER log_entry_has_no_gap BEFORE INSERT ON log_entry FOR EACH ROW EXECUTE FUNCTION log_entry_has_no_gap();
CREATE TRIGGER log_entry_never_changes BEFORE UPDATE OR DELETE ON log_entry
FOR EACH ROW EXECUTE FUNCTION certificates_refuse('log_entry_never_changes');
CREATE FUNCTION log_pending_goes_only_into_the_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM log_entry WHERE event_id = OLD.event_id) THEN
    RAISE EXCEPTION USING MESSAGE = 'log_pending_goes_only_into_the_log', ERRCODE = 'restrict_violation';
  END IF;
  RETURN OLD;
END
$$;
CREATE TRIGGER log_pending_goes_only_into_the_log BEFORE DELETE ON log_pending FOR EACH ROW EXECUTE FUNCTION log_pending_goes_only_into_the_log();

-- A tile's hashes so far, at most 256; a partial tile is a prefix of the full one.
CREATE TABLE log_tile (
  id TEXT PRIMARY KEY,
  hashes BYTEA NOT NULL CHECK (length(hashes) > 0 AND length(hashes) <= 8192 AND length(hashes) % 32 = 0)
);
CREATE FUNCTION log_tile_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id <> OLD.id OR substring(NEW.hashes FROM 1 FOR length(OLD.hashes)) <> OLD.hashes THEN
    RAISE EXCEPTION USING MESSAGE = 'log_tile_only_grows', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER log_tile_only_grows BEFORE UPDATE ON log_tile FOR EACH ROW EXECUTE FUNCTION log_tile_only_grows();
CREATE TRIGGER log_tile_never_goes BEFORE DELETE ON log_tile
FOR EACH ROW EXECUTE FUNCTION certificates_refuse('log_tile_only_grows');

CREATE TABLE log_checkpoint (
  size BIGINT PRIMARY KEY CHECK (size > 0),
  note TEXT NOT NULL,
  signed_at TIMESTAMPTZ NOT NULL
);
CREATE FUNCTION log_checkpoint_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.size <= (SELECT COALESCE(MAX(size), 0) FROM log_checkpoint)
       OR NEW.size <> (SELECT COALESCE(MAX(position) + 1, 0) FROM log_entry) THEN
    RAISE EXCEPTION USING MESSAGE = 'log_checkpoint_only_grows', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER log_checkpoint_only_grows BEFORE INSERT ON log_checkpoint FOR EACH ROW EXECUTE FUNCTION log_checkpoint_only_grows();
CREATE TRIGGER log_checkpoint_never_changes BEFORE UPDATE OR DELETE ON log_checkpoint
FOR EACH ROW EXECUTE FUNCTION certificates_refuse('log_checkpoint_never_changes');

CREATE TABLE log_cosignature (
  id TEXT PRIMARY KEY,
  size BIGINT NOT NULL REFERENCES log_checkpoint (size),
  witness TEXT NOT NULL,
  line TEXT NOT NULL,
  UNIQUE (size, witness)
);

-- The size a witness says it has seen.
CREATE TABLE log_witness (
  name TEXT PRIMARY KEY,
  size BIGINT NOT NULL CHECK (size >= 0)
);

-- One row; sequencers queue on it.
CREATE TABLE log_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  size BIGINT NOT NULL CHECK (size >= 0)
);
INSERT INTO log_head (id, size) VALUES (1, 0);
CREATE FUNCTION log_head_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.size <= OLD.size THEN
    RAISE EXCEPTION USING MESSAGE = 'log_head_only_grows', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER log_head_only_grows BEFORE UPDATE ON log_head FOR EACH ROW EXECUTE FUNCTION log_head_only_grows();
CREATE TRIGGER log_head_never_goes BEFORE DELETE ON log_head
FOR EACH ROW EXECUTE FUNCTION certificates_refuse('log_head_only_grows');
