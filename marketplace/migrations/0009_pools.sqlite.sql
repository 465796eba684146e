-- Pool tonnes: units that are cancelled in the service's own name and handed on in grams. A quote's pool lines draw grams
-- from pools; no pool gives more than it has, and what was handed on never comes back.

ALTER TABLE quote ADD COLUMN pool_g INTEGER NOT NULL DEFAULT 0 CHECK (typeof(pool_g) = 'integer' AND pool_g >= 0);

INSERT INTO state_move (machine, from_state, to_state) VALUES
  ('pool', 'planned', 'opening'),
  ('pool', 'planned', 'dropped'),
  ('pool', 'opening', 'open'),
  ('pool', 'opening', 'failed');

CREATE TABLE pool_line (
  id TEXT PRIMARY KEY,
  quote_id TEXT NOT NULL REFERENCES quote (id),
  listing_id TEXT NOT NULL REFERENCES listing (id),
  grams INTEGER NOT NULL CHECK (typeof(grams) = 'integer' AND grams > 0),
  yen_per_tonne INTEGER NOT NULL CHECK (typeof(yen_per_tonne) = 'integer' AND yen_per_tonne > 0)
);
CREATE INDEX pool_line_by_quote ON pool_line (quote_id);

-- quote_id is the service's own quote that holds the units, order_id its own order that has them cancelled
CREATE TABLE pool (
  id TEXT PRIMARY KEY,
  listing_id TEXT NOT NULL REFERENCES listing (id),
  quote_id TEXT NOT NULL UNIQUE REFERENCES quote (id),
  order_id TEXT UNIQUE REFERENCES buyer_order (id),
  state TEXT NOT NULL CHECK (state IN ('planned', 'opening', 'open', 'dropped', 'failed')),
  grams INTEGER NOT NULL CHECK (typeof(grams) = 'integer' AND grams > 0),
  drawn_g INTEGER NOT NULL CHECK (typeof(drawn_g) = 'integer' AND drawn_g >= 0),
  certificate_number TEXT UNIQUE,
  created_at TIMESTAMP NOT NULL,
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
  grams INTEGER NOT NULL CHECK (typeof(grams) = 'integer' AND grams > 0),
  handed_on BOOLEAN NOT NULL,
  PRIMARY KEY (pool_line_id, pool_id)
);
CREATE INDEX pool_draw_by_pool ON pool_draw (pool_id);
CREATE INDEX pool_draw_waiting ON pool_draw (pool_id) WHERE NOT handed_on;

CREATE TRIGGER pool_line_never_changes BEFORE UPDATE ON pool_line
BEGIN
  SELECT RAISE(ABORT, 'pool_line_never_changes');
END;
CREATE TRIGGER pool_line_never_vanishes BEFORE DELETE ON pool_line
BEGIN
  SELECT RAISE(ABORT, 'pool_line_never_changes');
END;
CREATE TRIGGER pool_never_vanishes BEFORE DELETE ON pool
BEGIN
  SELECT RAISE(ABORT, 'pool_never_vanishes');
END;
CREATE TRIGGER pool_moves BEFORE UPDATE OF state ON pool
WHEN NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'pool_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'pool' AND from_state = OLD.state AND to_state = NEW.state);
END;
CREATE TRIGGER pool_keeps_its_units BEFORE UPDATE ON pool
WHEN NEW.id <> OLD.id OR NEW.listing_id <> OLD.listing_id OR NEW.quote_id <> OLD.quote_id
  OR NEW.grams > OLD.grams OR (NEW.grams <> OLD.grams AND OLD.state <> 'opening')
BEGIN
  SELECT RAISE(ABORT, 'pool_keeps_its_units');
END;

CREATE TRIGGER pool_draw_is_final BEFORE UPDATE ON pool_draw
WHEN OLD.handed_on OR NEW.pool_line_id <> OLD.pool_line_id OR NEW.pool_id <> OLD.pool_id OR NEW.grams <> OLD.grams
BEGIN
  SELECT RAISE(ABORT, 'pool_draw_is_final');
END;
CREATE TRIGGER pool_draw_stays_when_handed_on BEFORE DELETE ON pool_draw
WHEN OLD.handed_on
BEGIN
  SELECT RAISE(ABORT, 'pool_draw_is_final');
END;
CREATE TRIGGER pool_hands_on_when_open BEFORE UPDATE ON pool_draw
WHEN NEW.handed_on
BEGIN
  SELECT RAISE(ABORT, 'pool_hands_on_when_open')
    WHERE NOT EXISTS (SELECT 1 FROM pool WHERE id = NEW.pool_id AND state = 'open');
END;
CREATE TRIGGER pool_draw_begins_undecided BEFORE INSERT ON pool_draw
WHEN NEW.handed_on
BEGIN
  SELECT RAISE(ABORT, 'pool_hands_on_when_open')
    WHERE NOT EXISTS (SELECT 1 FROM pool WHERE id = NEW.pool_id AND state = 'open');
END;
CREATE TRIGGER pool_counts_a_draw AFTER INSERT ON pool_draw
BEGIN
  UPDATE pool SET drawn_g = drawn_g + NEW.grams WHERE id = NEW.pool_id;
END;
CREATE TRIGGER pool_counts_a_return AFTER DELETE ON pool_draw
BEGIN
  UPDATE pool SET drawn_g = drawn_g - OLD.grams WHERE id = OLD.pool_id;
END;
