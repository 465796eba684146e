-- Codes on single items: only as many as units are covered, and how often, never by whom, one was looked up.

CREATE TABLE item_batch (
  id TEXT PRIMARY KEY,
  tag INTEGER NOT NULL UNIQUE CHECK (typeof(tag) = 'integer' AND tag BETWEEN 0 AND 4294967295),
  product_id TEXT NOT NULL REFERENCES product (id),
  period_id TEXT NOT NULL REFERENCES cover_period (id),
  name TEXT NOT NULL CHECK (name <> ''),
  made_on DATE NOT NULL,
  items INTEGER NOT NULL CHECK (typeof(items) = 'integer' AND items BETWEEN 1 AND 1000000),
  secret TEXT NOT NULL CHECK (length(secret) = 64),
  state TEXT NOT NULL CHECK (state IN ('active', 'withdrawn')),
  created_at TIMESTAMP NOT NULL,
  withdrawn_at TIMESTAMP,
  CHECK ((state = 'withdrawn') = (withdrawn_at IS NOT NULL))
);
CREATE INDEX item_batch_by_product ON item_batch (product_id, id);
CREATE INDEX item_batch_by_period ON item_batch (period_id);

CREATE TABLE item_scan (
  batch_id TEXT NOT NULL REFERENCES item_batch (id),
  item INTEGER NOT NULL CHECK (typeof(item) = 'integer' AND item > 0),
  day DATE NOT NULL,
  scans INTEGER NOT NULL CHECK (typeof(scans) = 'integer' AND scans BETWEEN 1 AND 1000),
  PRIMARY KEY (batch_id, item, day)
);
CREATE INDEX item_scan_by_day ON item_scan (day);

INSERT INTO state_move (machine, from_state, to_state) VALUES ('item_batch', 'active', 'withdrawn');

CREATE TRIGGER item_batch_within_cover BEFORE INSERT ON item_batch
BEGIN
  SELECT RAISE(ABORT, 'item_batch_within_cover') WHERE NEW.items
    + (SELECT COALESCE(SUM(items), 0) FROM item_batch WHERE period_id = NEW.period_id AND state = 'active')
    > (SELECT COALESCE(SUM(CASE kind WHEN 'covered' THEN units WHEN 'uncovered' THEN -units ELSE 0 END), 0)
         FROM product_entry WHERE period_id = NEW.period_id);
END;
CREATE TRIGGER item_batch_moves BEFORE UPDATE OF state ON item_batch
WHEN NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'item_batch_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'item_batch' AND from_state = OLD.state AND to_state = NEW.state);
END;
CREATE TRIGGER item_batch_is_frozen BEFORE UPDATE ON item_batch
WHEN NEW.id <> OLD.id OR NEW.tag <> OLD.tag OR NEW.product_id <> OLD.product_id OR NEW.period_id <> OLD.period_id
  OR NEW.name <> OLD.name OR NEW.made_on <> OLD.made_on OR NEW.items <> OLD.items OR NEW.secret <> OLD.secret
BEGIN
  SELECT RAISE(ABORT, 'item_batch_is_frozen');
END;
CREATE TRIGGER item_batch_never_vanishes BEFORE DELETE ON item_batch
BEGIN
  SELECT RAISE(ABORT, 'item_batch_never_vanishes');
END;
