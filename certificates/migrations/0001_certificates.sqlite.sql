-- Certificates and what they rest on. The rules that must never break stand here, not only in the code:
-- a certificate never changes and never goes away; every gram it states is a gram of a recorded cancellation;
-- no gram of a cancellation stands behind two certificates; no serial belongs to two cancellations.

-- The number and the place in a status list, taken before anything is signed. A place is never given out again.
CREATE TABLE certificate_reservation (
  order_reference TEXT PRIMARY KEY,
  environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
  number TEXT NOT NULL UNIQUE,
  status_list INTEGER NOT NULL CHECK (typeof(status_list) = 'integer' AND status_list > 0),
  status_index INTEGER NOT NULL CHECK (typeof(status_index) = 'integer' AND status_index BETWEEN 0 AND 131071),
  reserved_at TIMESTAMP NOT NULL,
  UNIQUE (status_list, status_index),
  UNIQUE (order_reference, number, environment)
);
CREATE TRIGGER certificate_reservation_never_changes BEFORE UPDATE ON certificate_reservation
BEGIN
  SELECT RAISE(ABORT, 'certificate_reservation_never_changes');
END;
CREATE TRIGGER certificate_reservation_never_goes BEFORE DELETE ON certificate_reservation
BEGIN
  SELECT RAISE(ABORT, 'certificate_reservation_never_changes');
END;

CREATE TABLE certificate (
  id TEXT PRIMARY KEY,
  order_reference TEXT NOT NULL UNIQUE,
  environment TEXT NOT NULL,
  number TEXT NOT NULL UNIQUE,
  statement TEXT NOT NULL,
  statement_sha256 TEXT NOT NULL CHECK (length(statement_sha256) = 64),
  credential TEXT NOT NULL,
  proof TEXT NOT NULL,
  grams INTEGER NOT NULL CHECK (typeof(grams) = 'integer' AND grams > 0),
  replaces TEXT UNIQUE REFERENCES certificate (number),
  issued_at TIMESTAMP NOT NULL,
  FOREIGN KEY (order_reference, number, environment)
    REFERENCES certificate_reservation (order_reference, number, environment)
);
CREATE TRIGGER certificate_never_changes BEFORE UPDATE ON certificate
BEGIN
  SELECT RAISE(ABORT, 'certificate_never_changes');
END;
CREATE TRIGGER certificate_never_goes BEFORE DELETE ON certificate
BEGIN
  SELECT RAISE(ABORT, 'certificate_never_changes');
END;

-- The texts behind the statement's commitments. Deleting one erases it; no proof depends on it.
CREATE TABLE certificate_text (
  certificate_id TEXT NOT NULL REFERENCES certificate (id),
  field TEXT NOT NULL,
  salt TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (certificate_id, field)
);
CREATE TRIGGER certificate_text_never_changes BEFORE UPDATE ON certificate_text
BEGIN
  SELECT RAISE(ABORT, 'certificate_text_never_changes');
END;

-- A certificate ends at most once: revoked, or corrected by another one.
CREATE TABLE certificate_end (
  certificate_id TEXT PRIMARY KEY REFERENCES certificate (id),
  kind TEXT NOT NULL CHECK (kind IN ('revoked', 'corrected')),
  reason TEXT NOT NULL,
  replaced_by TEXT UNIQUE REFERENCES certificate (number) DEFERRABLE INITIALLY DEFERRED,
  ended_at TIMESTAMP NOT NULL,
  CHECK ((kind = 'corrected') = (replaced_by IS NOT NULL))
);
CREATE TRIGGER certificate_end_never_changes BEFORE UPDATE ON certificate_end
BEGIN
  SELECT RAISE(ABORT, 'certificate_end_is_final');
END;
CREATE TRIGGER certificate_end_never_goes BEFORE DELETE ON certificate_end
BEGIN
  SELECT RAISE(ABORT, 'certificate_end_is_final');
END;

-- One row per cancellation a registry confirmed; certified_g counts the grams that valid or revoked certificates hold.
CREATE TABLE certified_cancellation (
  our_reference TEXT PRIMARY KEY,
  registry TEXT NOT NULL,
  block TEXT NOT NULL,
  tonnes INTEGER NOT NULL CHECK (typeof(tonnes) = 'integer' AND tonnes > 0),
  certified_g INTEGER NOT NULL CHECK (typeof(certified_g) = 'integer' AND certified_g >= 0),
  CONSTRAINT cancellation_not_certified_twice CHECK (certified_g <= tonnes * 1000000)
);
CREATE TRIGGER certified_cancellation_never_changes
BEFORE UPDATE OF our_reference, registry, block, tonnes ON certified_cancellation
BEGIN
  SELECT RAISE(ABORT, 'certified_cancellation_never_changes');
END;
CREATE TRIGGER certified_cancellation_never_goes BEFORE DELETE ON certified_cancellation
BEGIN
  SELECT RAISE(ABORT, 'certified_cancellation_never_changes');
END;

CREATE TABLE certified_span (
  our_reference TEXT NOT NULL REFERENCES certified_cancellation (our_reference),
  registry TEXT NOT NULL,
  block TEXT NOT NULL,
  first_serial INTEGER NOT NULL CHECK (typeof(first_serial) = 'integer' AND first_serial > 0),
  last_serial INTEGER NOT NULL CHECK (typeof(last_serial) = 'integer' AND last_serial >= first_serial),
  PRIMARY KEY (registry, block, first_serial)
);
CREATE TRIGGER serial_cancelled_once BEFORE INSERT ON certified_span
BEGIN
  SELECT RAISE(ABORT, 'serial_cancelled_once') WHERE EXISTS (
    SELECT 1 FROM certified_span WHERE registry = NEW.registry AND block = NEW.block
      AND first_serial <= NEW.last_serial AND last_serial >= NEW.first_serial);
END;
CREATE TRIGGER certified_span_never_changes BEFORE UPDATE ON certified_span
BEGIN
  SELECT RAISE(ABORT, 'certified_span_never_changes');
END;
CREATE TRIGGER certified_span_never_goes BEFORE DELETE ON certified_span
BEGIN
  SELECT RAISE(ABORT, 'certified_span_never_changes');
END;

-- Which grams of which cancellation a certificate holds; written before the certificate, in the same transaction.
CREATE TABLE certificate_share (
  certificate_id TEXT NOT NULL REFERENCES certificate (id) DEFERRABLE INITIALLY DEFERRED,
  our_reference TEXT NOT NULL REFERENCES certified_cancellation (our_reference),
  grams INTEGER NOT NULL CHECK (typeof(grams) = 'integer' AND grams > 0),
  PRIMARY KEY (certificate_id, our_reference)
);
CREATE INDEX certificate_share_by_reference ON certificate_share (our_reference);
CREATE TRIGGER certificate_share_never_changes BEFORE UPDATE ON certificate_share
BEGIN
  SELECT RAISE(ABORT, 'certificate_share_never_changes');
END;
CREATE TRIGGER certificate_share_never_goes BEFORE DELETE ON certificate_share
BEGIN
  SELECT RAISE(ABORT, 'certificate_share_never_changes');
END;
CREATE TRIGGER certificate_share_comes_first BEFORE INSERT ON certificate_share
BEGIN
  SELECT RAISE(ABORT, 'certificate_share_comes_first')
    WHERE EXISTS (SELECT 1 FROM certificate WHERE id = NEW.certificate_id);
END;
CREATE TRIGGER certificate_share_is_counted AFTER INSERT ON certificate_share
BEGIN
  UPDATE certified_cancellation SET certified_g = certified_g + NEW.grams WHERE our_reference = NEW.our_reference;
END;

CREATE TRIGGER certificate_is_backed BEFORE INSERT ON certificate
BEGIN
  SELECT RAISE(ABORT, 'certificate_grams_are_its_shares')
    WHERE NEW.grams IS NOT (SELECT SUM(grams) FROM certificate_share WHERE certificate_id = NEW.id);
END;
CREATE TRIGGER certificate_replaces_an_ended_one BEFORE INSERT ON certificate WHEN NEW.replaces IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'certificate_replaces_an_ended_one') WHERE NOT EXISTS (
    SELECT 1 FROM certificate_end e JOIN certificate c ON c.id = e.certificate_id
    WHERE c.number = NEW.replaces AND e.replaced_by = NEW.number);
END;

-- A correction hands the grams on to the replacement. A revocation keeps them: they were claimed once already.
CREATE TRIGGER certificate_correction_hands_on AFTER INSERT ON certificate_end WHEN NEW.kind = 'corrected'
BEGIN
  UPDATE certified_cancellation SET certified_g = certified_g - (
    SELECT grams FROM certificate_share s
    WHERE s.certificate_id = NEW.certificate_id AND s.our_reference = certified_cancellation.our_reference)
  WHERE our_reference IN (SELECT our_reference FROM certificate_share WHERE certificate_id = NEW.certificate_id);
END;
