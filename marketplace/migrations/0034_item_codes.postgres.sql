-- Codes on single items: only as many as units are covered, and how often, never by whom, one was looked up.

CREATE TABLE item_batch (
  id TEXT PRIMARY KEY,
  tag BIGINT NOT NULL UNIQUE CHECK (tag BETWEEN 0 AND 4294967295),
  product_id TEXT NOT NULL REFERENCES product (id),
  period_id TEXT NOT NULL REFERENCES cover_period (id),
  name TEXT NOT NULL CHECK (name <> ''),
  made_on DATE NOT NULL,
  items BIGINT NOT NULL CHECK (items BETWEEN 1 AND 1000000),
  secret TEXT NOT NULL CHECK (length(secret) = 64),
  state TEXT NOT NULL CHECK (state IN ('active', 'withdrawn')),
  created_at TIMESTAMPTZ NOT NULL,
  withdrawn_at TIMESTAMPTZ,
  CHECK ((state = 'withdrawn') = (withdrawn_at IS NOT NULL))
);
CREATE INDEX item_batch_by_product ON item_batch (product_id, id);
CREATE INDEX item_batch_by_period ON item_batch (period_id);

CREATE TABLE item_scan (
  batch_id TEXT NOT NULL REFERENCES item_batch (id),
  item BIGINT NOT NULL CHECK (item > 0),
  day DATE NOT NULL,
  scans BIGINT NOT NULL CHECK (scans BETWEEN 1 AND 1000),
  PRIMARY KEY (batch_id, item, day)
);
CREATE INDEX item_scan_by_day ON item_scan (day);

INSERT INTO state_move (machine, from_state, to_state) VALUES ('item_batch', 'active', 'withdrawn');

CREATE FUNCTION item_batch_within_cover() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- two batches of one period at once queue here
  PERFORM 1 FROM cover_period WHERE id = NEW.period_id FOR UPDATE;
  IF NEW.items + (SELECT COALESCE(SUM(items), 0) FROM item_batch WHERE period_id = NEW.period_id AND state = 'active')
      > (SELECT COALESCE(SUM(CASE kind WHEN 'covered' THEN units WHEN 'uncovered' THEN -units ELSE 0 END), 0)
           FROM product_entry WHERE period_id = NEW.period_id) THEN
    RAISE EXCEPTION USING MESSAGE = 'item_batch_within_cover', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER item_batch_within_cover BEFORE INSERT ON item_batch FOR EACH ROW EXECUTE FUNCTION item_batch_within_cover();
CREATE TRIGGER item_batch_moves BEFORE UPDATE OF state ON item_batch FOR EACH ROW EXECUTE FUNCTION check_move('item_batch');
CREATE TRIGGER item_batch_is_frozen BEFORE UPDATE ON item_batch FOR EACH ROW
WHEN (NEW.id <> OLD.id OR NEW.tag <> OLD.tag OR NEW.product_id <> OLD.product_id OR NEW.period_id <> OLD.period_id
  OR NEW.name <> OLD.name OR NEW.made_on <> OLD.made_on OR NEW.items <> OLD.items OR NEW.secret <> OLD.secret)
EXECUTE FUNCTION refuse('item_batch_is_frozen');
CREATE TRIGGER item_batch_never_vanishes BEFORE DELETE ON item_batch
FOR EACH ROW EXECUTE FUNCTION refuse('item_batch_never_vanishes');
