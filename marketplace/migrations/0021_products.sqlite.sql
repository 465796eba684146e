-- Products and their cover: what one unit emits and how much of that is covered, the periods, and one ledger of units to which
-- certificates add, from which sales take, and to which returns give back.

CREATE TABLE product (
  id TEXT PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  organisation_id TEXT NOT NULL REFERENCES organisation (id),
  environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
  name TEXT NOT NULL CHECK (name <> ''),
  functional_unit TEXT NOT NULL CHECK (functional_unit <> ''),
  market TEXT NOT NULL CHECK (market IN ('jp', 'eu', 'other')),
  reduction_effort TEXT NOT NULL CHECK (reduction_effort <> ''),
  state TEXT NOT NULL CHECK (state IN ('active', 'ended')),
  created_at TIMESTAMP NOT NULL,
  ended_at TIMESTAMP,
  CHECK ((state = 'ended') = (ended_at IS NOT NULL))
);
CREATE INDEX product_by_organisation ON product (organisation_id, id);
CREATE TRIGGER product_never_vanishes BEFORE DELETE ON product
BEGIN
  SELECT RAISE(ABORT, 'product_never_vanishes');
END;
CREATE TRIGGER product_is_frozen BEFORE UPDATE ON product
WHEN NEW.id <> OLD.id OR NEW.number <> OLD.number OR NEW.organisation_id <> OLD.organisation_id
  OR NEW.environment <> OLD.environment OR NEW.functional_unit <> OLD.functional_unit OR NEW.market <> OLD.market
  OR NEW.created_at <> OLD.created_at OR OLD.state = 'ended'
BEGIN
  SELECT RAISE(ABORT, 'product_is_frozen');
END;

-- from `from_day` (Japan time) on a unit emits `g_per_unit`, of which `covered_g_per_unit` are to be covered
CREATE TABLE product_footprint (
  id TEXT PRIMARY KEY,
  product_id TEXT NOT NULL REFERENCES product (id),
  footprint_id TEXT REFERENCES footprint (id),
  g_per_unit INTEGER NOT NULL CHECK (typeof(g_per_unit) = 'integer' AND g_per_unit BETWEEN 1 AND 1000000000000),
  covered_g_per_unit INTEGER NOT NULL
    CHECK (typeof(covered_g_per_unit) = 'integer' AND covered_g_per_unit > 0 AND covered_g_per_unit <= g_per_unit),
  from_day DATE NOT NULL,
  created_at TIMESTAMP NOT NULL,
  UNIQUE (product_id, from_day)
);
CREATE TRIGGER product_footprint_never_changes BEFORE UPDATE ON product_footprint
BEGIN
  SELECT RAISE(ABORT, 'product_footprint_never_changes');
END;
CREATE TRIGGER product_footprint_never_vanishes BEFORE DELETE ON product_footprint
BEGIN
  SELECT RAISE(ABORT, 'product_footprint_never_changes');
END;

-- days in Japan time, both included
CREATE TABLE cover_period (
  id TEXT PRIMARY KEY,
  product_id TEXT NOT NULL REFERENCES product (id),
  first_day DATE NOT NULL,
  last_day DATE NOT NULL,
  created_at TIMESTAMP NOT NULL,
  CHECK (first_day <= last_day)
);
CREATE INDEX cover_period_by_product ON cover_period (product_id, first_day);
CREATE TRIGGER cover_periods_never_overlap BEFORE INSERT ON cover_period
BEGIN
  SELECT RAISE(ABORT, 'cover_periods_never_overlap') WHERE EXISTS (
    SELECT 1 FROM cover_period WHERE product_id = NEW.product_id AND first_day <= NEW.last_day AND last_day >= NEW.first_day);
END;
CREATE TRIGGER cover_period_never_changes BEFORE UPDATE ON cover_period
BEGIN
  SELECT RAISE(ABORT, 'cover_period_never_changes');
END;

-- a purchase that is meant to cover units; it counts once the order of its quote is certified
CREATE TABLE product_cover (
  id TEXT PRIMARY KEY,
  product_id TEXT NOT NULL REFERENCES product (id),
  period_id TEXT NOT NULL REFERENCES cover_period (id),
  quote_id TEXT NOT NULL UNIQUE REFERENCES quote (id),
  units INTEGER NOT NULL CHECK (typeof(units) = 'integer' AND units >= 0),
  grams INTEGER NOT NULL CHECK (typeof(grams) = 'integer' AND grams > 0),
  covered_g_per_unit INTEGER NOT NULL CHECK (typeof(covered_g_per_unit) = 'integer' AND covered_g_per_unit > 0),
  origin TEXT NOT NULL CHECK (origin IN ('bulk', 'rule', 'order')),
  created_at TIMESTAMP NOT NULL,
  CHECK (units = grams / covered_g_per_unit)
);
CREATE INDEX product_cover_by_period ON product_cover (period_id);
CREATE TRIGGER product_cover_never_changes BEFORE UPDATE ON product_cover
BEGIN
  SELECT RAISE(ABORT, 'product_cover_never_changes');
END;
CREATE TRIGGER product_cover_never_vanishes BEFORE DELETE ON product_cover
BEGIN
  SELECT RAISE(ABORT, 'product_cover_never_changes');
END;

-- the ledger: `source` counts once per product, for ever; a return stands on its sale, a lost cover on the cover it takes back
CREATE TABLE product_entry (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  product_id TEXT NOT NULL REFERENCES product (id),
  kind TEXT NOT NULL CHECK (kind IN ('covered', 'uncovered', 'sold', 'returned')),
  units INTEGER NOT NULL CHECK (typeof(units) = 'integer' AND units BETWEEN 0 AND 1000000000000),
  grams INTEGER NOT NULL CHECK (typeof(grams) = 'integer' AND grams BETWEEN 1 AND 1000000000000000),
  day DATE NOT NULL,
  period_id TEXT REFERENCES cover_period (id),
  source TEXT NOT NULL,
  sale_id INTEGER REFERENCES product_entry (id),
  cover_id TEXT REFERENCES product_cover (id),
  certificate_number TEXT,
  happened_at TIMESTAMP NOT NULL,
  counted_at TIMESTAMP NOT NULL,
  CONSTRAINT product_entry_counts_once UNIQUE (product_id, source),
  CHECK ((kind IN ('covered', 'uncovered')) = (cover_id IS NOT NULL)),
  CHECK ((cover_id IS NOT NULL) = (period_id IS NOT NULL)),
  CHECK ((cover_id IS NOT NULL) = (certificate_number IS NOT NULL)),
  CHECK ((kind = 'returned') = (sale_id IS NOT NULL)),
  CHECK (cover_id IS NOT NULL OR units > 0)
);
CREATE UNIQUE INDEX product_entry_one_per_cover ON product_entry (cover_id, kind) WHERE cover_id IS NOT NULL;
CREATE INDEX product_entry_of_cover ON product_entry (period_id, kind) WHERE period_id IS NOT NULL;
CREATE INDEX product_entry_by_day ON product_entry (product_id, day, kind, units, grams) WHERE period_id IS NULL;
CREATE INDEX product_entry_of_sale ON product_entry (sale_id) WHERE sale_id IS NOT NULL;
CREATE INDEX product_entry_by_certificate ON product_entry (certificate_number) WHERE kind = 'covered';
CREATE TRIGGER product_entry_never_changes BEFORE UPDATE ON product_entry
BEGIN
  SELECT RAISE(ABORT, 'product_entry_never_changes');
END;
CREATE TRIGGER product_entry_never_vanishes BEFORE DELETE ON product_entry
BEGIN
  SELECT RAISE(ABORT, 'product_entry_never_changes');
END;
CREATE TRIGGER product_sells_while_active BEFORE INSERT ON product_entry
WHEN NEW.kind = 'sold'
BEGIN
  SELECT RAISE(ABORT, 'product_ended') WHERE NOT EXISTS (
    SELECT 1 FROM product WHERE id = NEW.product_id AND state = 'active');
END;
CREATE TRIGGER product_return_fits_sale BEFORE INSERT ON product_entry
WHEN NEW.kind = 'returned'
BEGIN
  SELECT RAISE(ABORT, 'return_without_sale') WHERE NOT EXISTS (
    SELECT 1 FROM product_entry
     WHERE id = NEW.sale_id AND kind = 'sold' AND product_id = NEW.product_id AND day = NEW.day);
  SELECT RAISE(ABORT, 'return_differs_from_sale') WHERE NOT EXISTS (
    SELECT 1 FROM product_entry WHERE id = NEW.sale_id AND grams / units * NEW.units = NEW.grams);
  SELECT RAISE(ABORT, 'returns_exceed_sale')
   WHERE NEW.units + (SELECT COALESCE(SUM(units), 0) FROM product_entry WHERE sale_id = NEW.sale_id)
       > (SELECT units FROM product_entry WHERE id = NEW.sale_id);
END;
CREATE TRIGGER product_cover_fits_purchase BEFORE INSERT ON product_entry
WHEN NEW.kind = 'covered'
BEGIN
  SELECT RAISE(ABORT, 'cover_differs_from_purchase') WHERE NOT EXISTS (
    SELECT 1 FROM product_cover WHERE id = NEW.cover_id AND product_id = NEW.product_id AND period_id = NEW.period_id
       AND grams >= NEW.grams AND units >= NEW.units);
END;
CREATE TRIGGER product_uncovered_fits_cover BEFORE INSERT ON product_entry
WHEN NEW.kind = 'uncovered'
BEGIN
  SELECT RAISE(ABORT, 'uncovered_without_cover') WHERE NOT EXISTS (
    SELECT 1 FROM product_entry WHERE cover_id = NEW.cover_id AND kind = 'covered' AND product_id = NEW.product_id
       AND period_id = NEW.period_id AND units = NEW.units AND grams = NEW.grams);
END;

-- what the owners were told: once per period, threshold and amount of cover (`covers` counts what has entered so far)
CREATE TABLE product_notice (
  id TEXT PRIMARY KEY,
  product_id TEXT NOT NULL REFERENCES product (id),
  period_id TEXT NOT NULL REFERENCES cover_period (id),
  percent INTEGER NOT NULL CHECK (percent IN (80, 100)),
  covers INTEGER NOT NULL CHECK (typeof(covers) = 'integer' AND covers >= 0),
  at TIMESTAMP NOT NULL,
  UNIQUE (period_id, percent, covers)
);
CREATE TRIGGER product_notice_never_changes BEFORE UPDATE ON product_notice
BEGIN
  SELECT RAISE(ABORT, 'product_notice_never_changes');
END;
CREATE TRIGGER product_notice_never_vanishes BEFORE DELETE ON product_notice
BEGIN
  SELECT RAISE(ABORT, 'product_notice_never_changes');
END;
