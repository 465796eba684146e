-- Pool certificates and the grams they hand on: a certificate's grams are its shares of cancellations plus its shares of
-- pools, and no pool hands on more grams than it states.

CREATE UNIQUE INDEX certificate_by_identity ON certificate (id, number, grams);

-- The certificates whose grams are handed on; handed_g counts what valid or revoked certificates hold of them.
CREATE TABLE pool_certificate (
  certificate_id TEXT PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  grams INTEGER NOT NULL CHECK (typeof(grams) = 'integer'),
  handed_g INTEGER NOT NULL CHECK (typeof(handed_g) = 'integer' AND handed_g >= 0),
  FOREIGN KEY (certificate_id, number, grams) REFERENCES certificate (id, number, grams) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT pool_not_handed_on_twice CHECK (handed_g <= grams)
);
CREATE TRIGGER pool_certificate_never_changes BEFORE UPDATE OF certificate_id, number, grams ON pool_certificate
BEGIN
  SELECT RAISE(ABORT, 'pool_certificate_never_changes');
END;
CREATE TRIGGER pool_certificate_never_goes BEFORE DELETE ON pool_certificate
BEGIN
  SELECT RAISE(ABORT, 'pool_certificate_never_changes');
END;

-- Which grams of which pool a certificate holds; written before the certificate, in the same transaction.
CREATE TABLE certificate_pool_share (
  certificate_id TEXT NOT NULL REFERENCES certificate (id) DEFERRABLE INITIALLY DEFERRED,
  pool_id TEXT NOT NULL REFERENCES pool_certificate (certificate_id),
  grams INTEGER NOT NULL CHECK (typeof(grams) = 'integer' AND grams > 0),
  PRIMARY KEY (certificate_id, pool_id)
);
CREATE INDEX certificate_pool_share_by_pool ON certificate_pool_share (pool_id);
CREATE TRIGGER certificate_pool_share_never_changes BEFORE UPDATE ON certificate_pool_share
BEGIN
  SELECT RAISE(ABORT, 'certificate_pool_share_never_changes');
END;
CREATE TRIGGER certificate_pool_share_never_goes BEFORE DELETE ON certificate_pool_share
BEGIN
  SELECT RAISE(ABORT, 'certificate_pool_share_never_changes');
END;
CREATE TRIGGER certificate_pool_share_comes_first BEFORE INSERT ON certificate_pool_share
BEGIN
  SELECT RAISE(ABORT, 'certificate_share_comes_first')
    WHERE EXISTS (SELECT 1 FROM certificate WHERE id = NEW.certificate_id);
  SELECT RAISE(ABORT, 'pool_has_ended')
    WHERE EXISTS (SELECT 1 FROM certificate_end WHERE certificate_id = NEW.pool_id);
END;
CREATE TRIGGER certificate_pool_share_is_counted AFTER INSERT ON certificate_pool_share
BEGIN
  UPDATE pool_certificate SET handed_g = handed_g + NEW.grams WHERE certificate_id = NEW.pool_id;
END;

DROP TRIGGER certificate_is_backed;
CREATE TRIGGER certificate_is_backed BEFORE INSERT ON certificate
BEGIN
  SELECT RAISE(ABORT, 'certificate_grams_are_its_shares')
    WHERE NEW.grams IS NOT (SELECT COALESCE(SUM(grams), 0) FROM certificate_share WHERE certificate_id = NEW.id)
      + (SELECT COALESCE(SUM(grams), 0) FROM certificate_pool_share WHERE certificate_id = NEW.id);
END;

CREATE TRIGGER certificate_correction_hands_pool_on AFTER INSERT ON certificate_end WHEN NEW.kind = 'corrected'
BEGIN
  UPDATE pool_certificate SET handed_g = handed_g - (
    SELECT grams FROM certificate_pool_share s
    WHERE s.certificate_id = NEW.certificate_id AND s.pool_id = pool_certificate.certificate_id)
  WHERE certificate_id IN (SELECT pool_id FROM certificate_pool_share WHERE certificate_id = NEW.certificate_id);
END;

-- Whoever holds grams of a pool relies on it: it can neither be revoked nor corrected.
CREATE TRIGGER pool_with_parts_stays BEFORE INSERT ON certificate_end
BEGIN
  SELECT RAISE(ABORT, 'pool_with_parts_stays')
    WHERE EXISTS (SELECT 1 FROM pool_certificate WHERE certificate_id = NEW.certificate_id AND handed_g > 0);
END;
