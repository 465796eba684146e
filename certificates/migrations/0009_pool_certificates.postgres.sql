-- Pool certificates and the grams they hand on: a certificate's grams are its shares of cancellations plus its shares of
-- pools, and no pool hands on more grams than it states.

CREATE UNIQUE INDEX certificate_by_identity ON certificate (id, number, grams);

-- The certificates whose grams are handed on; handed_g counts what valid or revoked certificates hold of them.
CREATE TABLE pool_certificate (
  certificate_id TEXT PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  grams BIGINT NOT NULL,
  handed_g BIGINT NOT NULL CHECK (handed_g >= 0),
  FOREIGN KEY (certificate_id, number, grams) REFERENCES certificate (id, number, grams) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT pool_not_handed_on_twice CHECK (handed_g <= grams)
);
CREATE TRIGGER pool_certificate_never_changes BEFORE UPDATE OF certificate_id, number, grams OR DELETE ON pool_certificate
FOR EACH ROW EXECUTE FUNCTION certificates_refuse('pool_certificate_never_changes');

-- Which grams of which pool a certificate holds; written before the certificate, in the same transaction.
CREATE TABLE certificate_pool_share (
  certificate_id TEXT NOT NULL REFERENCES certificate (id) DEFERRABLE INITIALLY DEFERRED,
  pool_id TEXT NOT NULL REFERENCES pool_certificate (certificate_id),
  grams BIGINT NOT NULL CHECK (grams > 0),
  PRIMARY KEY (certificate_id, pool_id)
);
CREATE INDEX certificate_pool_share_by_pool ON certificate_pool_share (pool_id);
CREATE TRIGGER certificate_pool_share_never_changes BEFORE UPDATE OR DELETE ON certificate_pool_share
FOR EACH ROW EXECUTE FUNCTION certificates_refuse('certificate_pool_share_never_changes');

CREATE FUNCTION certificates_count_pool_share() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM certificate WHERE id = NEW.certificate_id) THEN
    RAISE EXCEPTION USING MESSAGE = 'certificate_share_comes_first', ERRCODE = 'restrict_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM certificate_end WHERE certificate_id = NEW.pool_id) THEN
    RAISE EXCEPTION USING MESSAGE = 'pool_has_ended', ERRCODE = 'restrict_violation';
  END IF;
  UPDATE pool_certificate SET handed_g = handed_g + NEW.grams WHERE certificate_id = NEW.pool_id;
  RETURN NEW;
END
$$;
CREATE TRIGGER certificate_pool_share_is_counted BEFORE INSERT ON certificate_pool_share
FOR EACH ROW EXECUTE FUNCTION certificates_count_pool_share();

CREATE OR REPLACE FUNCTION certificates_check_certificate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.grams IS DISTINCT FROM
      (SELECT COALESCE(SUM(grams), 0) FROM certificate_share WHERE certificate_id = NEW.id)
      + (SELECT COALESCE(SUM(grams), 0) FROM certificate_pool_share WHERE certificate_id = NEW.id) THEN
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

CREATE OR REPLACE FUNCTION certificates_release_shares() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE certified_cancellation t SET certified_g = t.certified_g - s.grams
  FROM certificate_share s WHERE s.certificate_id = NEW.certificate_id AND s.our_reference = t.our_reference;
  UPDATE pool_certificate p SET handed_g = p.handed_g - s.grams
  FROM certificate_pool_share s WHERE s.certificate_id = NEW.certificate_id AND s.pool_id = p.certificate_id;
  RETURN NEW;
END
$$;

-- Whoever holds grams of a pool relies on it: it can neither be revoked nor corrected. The lock makes a share wait.
CREATE FUNCTION certificates_pool_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT handed_g FROM pool_certificate WHERE certificate_id = NEW.certificate_id FOR UPDATE) > 0 THEN
    RAISE EXCEPTION USING MESSAGE = 'pool_with_parts_stays', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER pool_with_parts_stays BEFORE INSERT ON certificate_end
FOR EACH ROW EXECUTE FUNCTION certificates_pool_stays();
