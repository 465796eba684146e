-- Pool tonnes: units that are cancelled in the service's own name and handed on in grams. A quote's pool lines draw grams
-- from pools; no pool gives more than it has, and what was handed on never comes back.

ALTER TABLE quote ADD COLUMN pool_g BIGINT NOT NULL DEFAULT 0 CHECK (pool_g >= 0);

INSERT INTO state_move (machine, from_state, to_state) VALUES
  ('pool', 'planned', 'opening'),
  ('pool', 'planned', 'dropped'),
  ('pool', 'opening', 'open'),
  ('pool', 'opening', 'failed');

CREATE TABLE pool_line (
  id TEXT PRIMARY KEY,
  quote_id TEXT NOT NULL REFERENCES quote (id),
  listing_id TEXT NOT NULL REFERENCES listing (id),
  grams BIGINT NOT NULL CHECK (grams > 0),
  yen_per_tonne BIGINT NOT NULL CHECK (yen_per_tonne > 0)
);
CREATE INDEX pool_line_by_quote ON pool_line (quote_id);

-- quote_id is the service's own quote that holds the units, order_id its own order that has them cancelled
CREATE TABLE pool (
  id TEXT PRIMARY KEY,
  listing_id TEXT NOT NULL REFERENCES listing (id),
  quote_id TEXT NOT NULL UNIQUE REFERENCES quote (id),
  order_id TEXT UNIQUE REFERENCES buyer_order (id),
  state TEXT NOT NULL CHECK (state IN ('planned', 'opening', 'open', 'dropped', 'failed')),
  grams BIGINT NOT NULL CHECK (grams > 0),
  drawn_g BIGINT NOT NULL CHECK (drawn_g >= 0),
  certificate_number TEXT UNIQUE,
  created_at TIMESTAMPTZ NOT NULL,
  CONSTRAINT pool_not_drawn_twice CHECK (drawn_g <= grams),
  CHECK ((state = 'open') = (certificate_number IS NOT NULL)),
  CHECK ((state IN ('planned', 'dropped')) = (order_id IS NULL)),
  CHECK (drawn_g = 0 OR state NOT IN ('dropped', 'failed'))
);
CREATE INDEX pool_with_grams_left ON pool (listing_id, state) WHERE drawn_g < grams;
CREATE INDEX pool_not_settled ON pool (created_at) WHERE state IN ('planned', 'opening');

CREATE TABLE pool_draw (
  pool_line_id TEXT NOT NULL REFERENCES pool_line (id),
  pool_id TEXT NOT NULL REFERENCES pool (id),
  grams BIGINT NOT NULL CHECK (grams > 0),
  handed_on BOOLEAN NOT NULL,
  PRIMARY KEY (pool_line_id, pool_id)
);
CREATE INDEX pool_draw_by_pool ON pool_draw (pool_id);
CREATE INDEX pool_draw_waiting ON pool_draw (pool_id) WHERE NOT handed_on;

CREATE TRIGGER pool_line_never_changes BEFORE UPDATE OR DELETE ON pool_line
FOR EACH ROW EXECUTE FUNCTION refuse('pool_line_never_changes');
CREATE TRIGGER pool_never_vanishes BEFORE DELETE ON pool FOR EACH ROW EXECUTE FUNCTION refuse('pool_never_vanishes');
CREATE TRIGGER pool_moves BEFORE UPDATE OF state ON pool FOR EACH ROW EXECUTE FUNCTION check_move('pool');
CREATE TRIGGER pool_keeps_its_units BEFORE UPDATE ON pool FOR EACH ROW
WHEN (NEW.id <> OLD.id OR NEW.listing_id <> OLD.listing_id OR NEW.quote_id <> OLD.quote_id
  OR NEW.grams > OLD.grams OR (NEW.grams <> OLD.grams AND OLD.state <> 'opening'))
EXECUTE FUNCTION refuse('pool_keeps_its_units');

CREATE FUNCTION pool_counts_draws() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.handed_on OR NEW.pool_line_id <> OLD.pool_line_id OR NEW.pool_id <> OLD.pool_id OR NEW.grams <> OLD.grams THEN
      RAISE EXCEPTION USING MESSAGE = 'pool_draw_is_final', ERRCODE = 'restrict_violation';
    END IF;
  ELSIF TG_OP = 'DELETE' THEN
    IF OLD.handed_on THEN
      RAISE EXCEPTION USING MESSAGE = 'pool_draw_is_final', ERRCODE = 'restrict_violation';
    END IF;
    UPDATE pool SET drawn_g = drawn_g - OLD.grams WHERE id = OLD.pool_id;
    RETURN OLD;
  ELSE
    UPDATE pool SET drawn_g = drawn_g + NEW.grams WHERE id = NEW.pool_id;
  END IF;
  IF NEW.handed_on AND NOT EXISTS (SELECT 1 FROM pool WHERE id = NEW.pool_id AND state = 'open') THEN
    RAISE EXCEPTION USING MESSAGE = 'pool_hands_on_when_open', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER pool_counts_draws BEFORE INSERT OR UPDATE OR DELETE ON pool_draw
FOR EACH ROW EXECUTE FUNCTION pool_counts_draws();
