-- How cover is bought again by rule, never above the month's limit, and which shops report their orders.

CREATE TABLE product_rule (
  product_id TEXT PRIMARY KEY REFERENCES product (id),
  below_units BIGINT NOT NULL CHECK (below_units > 0),
  buy_units BIGINT NOT NULL CHECK (buy_units > 0),
  most_yen_a_month BIGINT NOT NULL CHECK (most_yen_a_month > 0),
  listing_id TEXT REFERENCES listing (id),
  consent_version TEXT NOT NULL,
  locale TEXT NOT NULL,
  active BOOLEAN NOT NULL,
  set_by TEXT NOT NULL,
  set_at TIMESTAMPTZ NOT NULL
);
CREATE TRIGGER product_rule_never_vanishes BEFORE DELETE ON product_rule
FOR EACH ROW EXECUTE FUNCTION refuse('product_rule_never_vanishes');

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
  month TEXT NOT NULL CHECK (month ~ '^[0-9]{4}-[0-9]{2}$'),
  units BIGINT NOT NULL CHECK (units > 0),
  state TEXT NOT NULL CHECK (state IN ('wanted', 'reserved', 'ordered', 'dropped')),
  yen BIGINT NOT NULL CHECK (yen >= 0),
  quote_id TEXT UNIQUE REFERENCES product_cover (quote_id),
  order_id TEXT UNIQUE REFERENCES buyer_order (id),
  reason TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  CHECK ((state = 'ordered') = (order_id IS NOT NULL)),
  CHECK ((state = 'dropped') = (reason IS NOT NULL)),
  CHECK (state NOT IN ('reserved', 'ordered') OR (quote_id IS NOT NULL AND yen > 0))
);
CREATE UNIQUE INDEX product_top_up_one_at_a_time ON product_top_up (product_id) WHERE state IN ('wanted', 'reserved');
CREATE INDEX product_top_up_by_month ON product_top_up (product_id, month);
CREATE TRIGGER product_top_up_moves BEFORE UPDATE OF state ON product_top_up
FOR EACH ROW EXECUTE FUNCTION check_move('product_top_up');
CREATE TRIGGER product_top_up_never_vanishes BEFORE DELETE ON product_top_up
FOR EACH ROW EXECUTE FUNCTION refuse('product_top_up_never_vanishes');
CREATE TRIGGER product_top_up_is_frozen BEFORE UPDATE ON product_top_up FOR EACH ROW
WHEN (NEW.id <> OLD.id OR NEW.product_id <> OLD.product_id OR NEW.period_id <> OLD.period_id OR NEW.month <> OLD.month
  OR NEW.units <> OLD.units OR (OLD.state <> 'wanted' AND (NEW.yen <> OLD.yen OR NEW.quote_id IS DISTINCT FROM OLD.quote_id)))
EXECUTE FUNCTION refuse('product_top_up_is_frozen');

CREATE FUNCTION product_top_ups_stay_in_limit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  most BIGINT;
BEGIN
  -- purchases of one product queue here, so that each sees what the others have spent
  SELECT most_yen_a_month INTO most FROM product_rule WHERE product_id = NEW.product_id FOR NO KEY UPDATE;
  IF NEW.yen + (SELECT COALESCE(SUM(yen), 0) FROM product_top_up
                 WHERE product_id = NEW.product_id AND month = NEW.month AND id <> NEW.id AND state IN ('reserved', 'ordered')) > most THEN
    RAISE EXCEPTION USING MESSAGE = 'top_up_above_limit', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER product_top_ups_stay_in_limit BEFORE INSERT OR UPDATE ON product_top_up FOR EACH ROW
WHEN (NEW.state IN ('reserved', 'ordered')) EXECUTE FUNCTION product_top_ups_stay_in_limit();

-- a shop that sends its orders; the secret is kept as it is, because a signature is checked with it
CREATE TABLE product_shop (
  id TEXT PRIMARY KEY,
  product_id TEXT NOT NULL REFERENCES product (id),
  name TEXT NOT NULL CHECK (name <> ''),
  skus TEXT NOT NULL,
  secret TEXT NOT NULL UNIQUE,
  created_at TIMESTAMPTZ NOT NULL,
  heard_at TIMESTAMPTZ,
  problem TEXT,
  problem_at TIMESTAMPTZ,
  revoked_at TIMESTAMPTZ,
  CHECK ((problem IS NULL) = (problem_at IS NULL))
);
CREATE INDEX product_shop_by_product ON product_shop (product_id);
