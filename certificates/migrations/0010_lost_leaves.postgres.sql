-- A leaf that was published and whose certificate is not on the books any more, because a backup was restored: the log goes on from
-- it (certificates/log/adopt.py). Every other leaf has its certificate, as before.

ALTER TABLE log_event DROP CONSTRAINT log_event_number_fkey;
ALTER TABLE log_event ADD COLUMN lost BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE log_event ADD COLUMN of_certificate TEXT
  GENERATED ALWAYS AS (CASE WHEN lost THEN NULL ELSE number END) STORED
  CONSTRAINT log_event_has_its_certificate REFERENCES certificate (number) DEFERRABLE INITIALLY DEFERRED;
CREATE FUNCTION lost_leaf_has_no_certificate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM certificate WHERE number = NEW.number) THEN
    RAISE EXCEPTION USING MESSAGE = 'lost_leaf_has_no_certificate', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER lost_leaf_has_no_certificate BEFORE INSERT ON log_event FOR EACH ROW WHEN (NEW.lost)
EXECUTE FUNCTION lost_leaf_has_no_certificate();
CREATE INDEX log_event_lost ON log_event (number) WHERE lost;
-- a lost certificate may be brought back from its holder's file (certificates/brought_back.py)
DROP TRIGGER log_event_never_changes ON log_event;
CREATE TRIGGER log_event_never_goes BEFORE DELETE ON log_event
FOR EACH ROW EXECUTE FUNCTION certificates_refuse('log_event_never_changes');
CREATE TRIGGER log_event_never_changes BEFORE UPDATE ON log_event FOR EACH ROW
WHEN (NOT (OLD.lost AND NOT NEW.lost AND NEW.id = OLD.id AND NEW.number = OLD.number AND NEW.event = OLD.event AND NEW.leaf = OLD.leaf))
EXECUTE FUNCTION certificates_refuse('log_event_never_changes');
