-- Certificates and what they rest on. The rules that must never break stand here, not only in the code:
-- a certificate never changes and never goes away; every gram it states is a gram of a recorded cancellation;
-- no gram of a cancellation stands behind two certificates; no serial belongs to two cancellations.

CREATE FUNCTION certificates_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'restrict_violation';
END
$$;

-- The number and the place in a status list, taken before anything is signed. A place is never given out again.
CREATE TABLE certificate_reservation (
  order_reference TEXT PRIMARY KEY,
  environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
  number TEXT NOT NULL UNIQUE,
  status_list INTEGER NOT NULL CHECK (status_list > 0),
  status_index INTEGER NOT NULL CHECK (status_index BETWEEN 0 AND 131071),
  reserved_at TIMESTAMPTZ NOT NULL,
  UNIQUE (status_list, status_index),
  UNIQUE (order_reference, number, environment)
);
CREATE TRIGGER certificate_reservation_never_changes BEFORE UPDATE OR DELETE ON certificate_reservation
FOR EACH ROW EXECUTE FUNCTION certificates_refuse('certificate_reservation_never_changes');

CREATE TABLE certificate (
  id TEXT PRIMARY KEY,
  order_reference TEXT NOT NULL UNIQUE,
  environment TEXT NOT NULL,
  number TEXT NOT NULL UNIQUE,
  statement TEXT NOT NULL,
  statement_sha256 TEXT NOT NULL CHECK (length(statement_sha256) = 64),
  credential TEXT NOT NULL,
  proof TEXT NOT NULL,
  grams BIGINT NOT NULL CHECK (grams > 0),
  replaces TEXT UNIQUE REFERENCES certificate (number),
  issued_at TIMESTAMPTZ NOT NULL,
  FOREIGN KEY (order_reference, number, environment)
    REFERENCES certificate_reservation (order_reference, number, environment)
);
CREATE TRIGGER certificate_never_changes BEFORE UPDATE OR DELETE ON certificate
FOR EACH ROW EXECUTE FUNCTION certificates_refuse('certificate_never_changes');

-- The texts behind the statement's commitments. Deleting one erases it; no proof depends on it.
CREATE TABLE certificate_text (
  certificate_id TEXT NOT NULL REFERENCES certificate (id),
  field TEXT NOT NULL,
  salt TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (certificate_id, field)
);
CREATE TRIGGER certificate_text_never_changes BEFORE UPDATE ON certificate_text
FOR EACH ROW EXECUTE FUNCTION certificates_refuse('certificate_text_never_changes');

-- A certificate ends at most once: revoked, or corrected by another one.
CREATE TABLE certificate_end (
  certificate_id TEXT PRIMARY KEY REFERENCES certificate (id),
  kind TEXT NOT NULL CHECK (kind IN ('revoked', 'corrected')),
  reason TEXT NOT NULL,
  replaced_by TEXT UNIQUE REFERENCES certificate (number) DEFERRABLE INITIALLY DEFERRED,
  ended_at TIMESTAMPTZ NOT NULL,
  CHECK ((kind = 'corrected') = (replaced_by IS NOT NULL))
);
CREATE TRIGGER certificate_end_is_final BEFORE UPDATE OR DELETE ON certificate_end
FOR EACH ROW EXECUTE FUNCTION certificates_refuse('certificate_end_is_final');

-- One row per cancellation a registry confirmed; certified_g counts the grams that valid or revoked certificates hold.
CREATE TABLE certified_cancellation (
  our_reference TEXT PRIMARY KEY,
  registry TEXT NOT NULL,
  block TEXT NOT NULL,
  tonnes BIGINT NOT NULL CHECK (tonnes > 0),
  certified_g BIGINT NOT NULL CHECK (certified_g >= 0),
  CONSTRAINT cancellation_not_certified_twice CHECK (certified_g <= tonnes * 1000000)
);
CREATE TRIGGER certified_cancellation_never_changes
BEFORE UPDATE OF our_reference, registry, block, tonnes OR DELETE ON certified_cancellation
FOR EACH ROW EXECUTE FUNCTION certificates_refuse('certified_cancellation_never_changes');

CREATE TYPE certificates_textrange AS RANGE (subtype = text, collation = "C");
CREATE TABLE certified_span (
  our_reference TEXT NOT NULL REFERENCES certified_cancellation (our_reference),
  registry TEXT NOT NULL,
  block TEXT NOT NULL,
  first_serial BIGINT NOT NULL CHECK (first_serial > 0),
  last_serial BIGINT NOT NULL CHECK (last_serial >= first_serial),
  PRIMARY KEY (registry, block, first_serial),
  CONSTRAINT serial_cancelled_once EXCLUDE USING gist (
    certificates_textrange(registry || '/' || block, registry || '/' || block, '[]') WITH &&,
    int8range(first_serial, last_serial, '[]') WITH &&
  )
);
CREATE TRIGGER certified_span_never_changes BEFORE UPDATE OR DELETE ON certified_span
FOR EACH ROW EXECUTE FUNCTION certificates_refuse('certified_span_never_changes');

-- Which grams of which cancellation a certificate holds; written before the certificate, in the same transaction.
CREATE TABLE certificate_share (
  certificate_id TEXT NOT NULL REFERENCES certificate (id) DEFERRABLE INITIALLY DEFERRED,
  our_reference TEXT NOT NULL REFERENCES certified_cancellation (our_reference),
  grams BIGINT NOT NULL CHECK (grams > 0),
  PRIMARY KEY (certificate_id, our_reference)
);
CREATE INDEX certificate_share_by_reference ON certificate_share (our_reference);
CREATE TRIGGER certificate_share_never_changes BEFORE UPDATE OR DELETE ON certificate_share
FOR EACH ROW EXECUTE FUNCTION certificates_refuse('certificate_share_never_changes');

CREATE FUNCTION certificates_count_share() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM certificate WHERE id = NEW.certificate_id) THEN
    RAISE EXCEPTION USING MESSAGE = 'certificate_share_comes_first', ERRCODE = 'restrict_violation';
  END IF;
  UPDATE certified_cancellation SET certified_g = certified_g + NEW.grams WHERE our_reference = NEW.our_reference;
  RETURN NEW;
END
$$;
CREATE TRIGGER certificate_share_is_counted BEFORE INSERT ON certificate_share
FOR EACH ROW EXECUTE FUNCTION certificates_count_share();

CREATE FUNCTION certificates_check_certificate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.grams IS DISTINCT FROM (SELECT SUM(grams) FROM certificate_share WHERE certificate_id = NEW.id) THEN
    RAISE EXCEPTION USING MESSAGE = 'certificate_grams_are_its_shares', ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.replaces IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM certificate_end e JOIN certificate c ON c.id = e.certificate_id
    WHERE c.number = NEW.replaces AND e.replaced_by = NEW.number) THEN
    RAISE EXCEPTION USING MESSAGE = 'certificate_replaces_an_ended_one', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER certificate_is_backed BEFORE INSERT ON certificate
FOR EACH ROW EXECUTE FUNCTION certificates_check_certificate();

-- A correction hands the grams on to the replacement. A revocation keeps them: they were claimed once already.
CREATE FUNCTION certificates_release_shares() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE certified_cancellation t SET certified_g = t.certified_g - s.grams
  FROM certificate_share s WHERE s.certificate_id = NEW.certificate_id AND s.our_reference = t.our_reference;
  RETURN NEW;
END
$$;
CREATE TRIGGER certificate_correction_hands_on AFTER INSERT ON certificate_end
FOR EACH ROW WHEN (NEW.kind = 'corrected') EXECUTE FUNCTION certificates_release_shares();
