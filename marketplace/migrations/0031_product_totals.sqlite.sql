-- Daily sums of a product's ledger, kept by the database, so that a badge adds up days and not single sales.
-- Cover is summed up by its period, sales and returns have none.

CREATE TABLE product_total (
  product_id TEXT NOT NULL REFERENCES product (id),
  period_id TEXT NOT NULL,
  day DATE NOT NULL,
  kind TEXT NOT NULL,
  units INTEGER NOT NULL CHECK (typeof(units) = 'integer' AND units >= 0),
  grams INTEGER NOT NULL CHECK (typeof(grams) = 'integer' AND grams >= 0),
  entries INTEGER NOT NULL CHECK (typeof(entries) = 'integer' AND entries > 0),
  PRIMARY KEY (product_id, period_id, day, kind)
);
INSERT INTO product_total (product_id, period_id, day, kind, units, grams, entries)
SELECT product_id, COALESCE(period_id, ''), day, kind, SUM(units), SUM(grams), COUNT(*) FROM product_entry
 GROUP BY product_id, COALESCE(period_id, ''), day, kind;

CREATE TRIGGER product_entry_counts AFTER INSERT ON product_entry
BEGIN
  INSERT INTO product_total (product_id, period_id, day, kind, units, grams, entries)
  VALUES (NEW.product_id, COALESCE(NEW.period_id, ''), NEW.day, NEW.kind, NEW.units, NEW.grams, 1)
  ON CONFLICT (product_id, period_id, day, kind) DO UPDATE
  SET units = units + excluded.units, grams = grams + excluded.grams, entries = entries + 1;
END;
CREATE TRIGGER product_total_never_vanishes BEFORE DELETE ON product_total
BEGIN
  SELECT RAISE(ABORT, 'product_total_never_vanishes');
END;
