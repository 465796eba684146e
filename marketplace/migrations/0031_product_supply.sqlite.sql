-- How cover is bought again by rule, never above the month's limit, and which shops report their orders.

CREATE TABLE product_rule (
  product_id TEXT PRIMARY KEY REFERENCES product (id),
  below_units INTEGER NOT NULL CHECK (typeof(below_units) = 'integer' AND below_units > 0),
  buy_units INTEGER NOT NULL CHECK (typeof(buy_units) = 'integer' AND buy_units > 0),
  most_yen_a_month INTEGER NOT NULL CHECK (typeof(most_yen_a_month) = 'integer' AND most_yen_a_month > 0),
  listing_id TEXT REFERENCES listing (id),
  consent_version TEXT NOT NULL,
  locale TEXT NOT NULL,
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  set_by TEXT NOT NULL,
  set_at TIMESTAMP NOT NULL
);
CREATE TRIGGER product_rule_never_vanishes BEFORE DELETE ON product_rule
BEGIN
  SELECT RAISE(ABORT, 'product_rule_never_vanishes');
END;

INSERT INTO state_move (machine, from_state, to_state) VALUES
  ('product_top_up', 'wanted', 'reserved'),
  ('product_top_up', 'wanted', 'dropped'),
  ('product_top_up', 'reserved', 'ordered'),
  ('product_top_up', 'reserved', 'dropped');

-- `month` is the month in Japan (2026-11) whose limit the yen count against; one purchase is under way at a time
CREATE TABLE product_top_up (
  id TEXT PRIMARY KEY,
  product_id TEXT NOT NULL REFERENCES product_rule (product_id),
  period_id TEXT NOT NULL REFERENCES cover_period (id),
  month TEXT NOT NULL CHECK (month GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]'),
  units INTEGER NOT NULL CHECK (typeof(units) = 'integer' AND units > 0),
  state TEXT NOT NULL CHECK (state IN ('wanted', 'reserved', 'ordered', 'dropped')),
  yen INTEGER NOT NULL CHECK (typeof(yen) = 'integer' AND yen >= 0),
  quote_id TEXT UNIQUE REFERENCES product_cover (quote_id),
  order_id TEXT UNIQUE REFERENCES buyer_order (id),
  reason TEXT,
  created_at TIMESTAMP NOT NULL,
  CHECK ((state = 'ordered') = (order_id IS NOT NULL)),
  CHECK ((state = 'dropped') = (reason IS NOT NULL)),
  CHECK (state NOT IN ('reserved', 'ordered') OR (quote_id IS NOT NULL AND yen > 0))
);
CREATE UNIQUE INDEX product_top_up_one_at_a_time ON product_top_up (product_id) WHERE state IN ('wanted', 'reserved');
CREATE INDEX product_top_up_by_month ON product_top_up (product_id, month);
CREATE TRIGGER product_top_up_moves BEFORE UPDATE OF state ON product_top_up
WHEN NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'product_top_up_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'product_top_up' AND from_state = OLD.state AND to_state = NEW.state);
END;
CREATE TRIGGER product_top_up_never_vanishes BEFORE DELETE ON product_top_up
BEGIN
  SELECT RAISE(ABORT, 'product_top_up_never_vanishes');
END;
CREATE TRIGGER product_top_up_is_frozen BEFORE UPDATE ON product_top_up
WHEN NEW.id <> OLD.id OR NEW.product_id <> OLD.product_id OR NEW.period_id <> OLD.period_id OR NEW.month <> OLD.month
  OR NEW.units <> OLD.units OR (OLD.state <> 'wanted' AND (NEW.yen <> OLD.yen OR NEW.quote_id IS NOT OLD.quote_id))
BEGIN
  SELECT RAISE(ABORT, 'product_top_up_is_frozen');
END;
CREATE TRIGGER product_top_ups_stay_in_limit BEFORE UPDATE ON product_top_up
WHEN NEW.state IN ('reserved', 'ordered')
BEGIN
  SELECT RAISE(ABORT, 'top_up_above_limit')
   WHERE NEW.yen + (SELECT COALESCE(SUM(yen), 0) FROM product_top_up
                     WHERE product_id = NEW.product_id AND month = NEW.month AND id <> NEW.id AND state IN ('reserved', 'ordered'))
       > (SELECT most_yen_a_month FROM product_rule WHERE product_id = NEW.product_id);
END;
CREATE TRIGGER product_top_up_begins_as_a_wish BEFORE INSERT ON product_top_up
WHEN NEW.state <> 'wanted'
BEGIN
  SELECT RAISE(ABORT, 'product_top_up_moves');
END;

-- a shop that sends its orders; the secret is kept as it is, because a signature is checked with it
CREATE TABLE product_shop (
  id TEXT PRIMARY KEY,
  product_id TEXT NOT NULL REFERENCES product (id),
  name TEXT NOT NULL CHECK (name <> ''),
  skus TEXT NOT NULL,
  secret TEXT NOT NULL UNIQUE,
  created_at TIMESTAMP NOT NULL,
  heard_at TIMESTAMP,
  problem TEXT,
  problem_at TIMESTAMP,
  revoked_at TIMESTAMP,
  CHECK ((problem IS NULL) = (problem_at IS NULL))
);
CREATE INDEX product_shop_by_product ON product_shop (product_id);
