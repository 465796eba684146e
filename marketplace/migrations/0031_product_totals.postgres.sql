-- Daily sums of a product's ledger, kept by the database, so that a badge adds up days and not single sales.
-- Cover is summed up by its period, sales and returns have none.

CREATE TABLE product_total (
  product_id TEXT NOT NULL REFERENCES product (id),
  period_id TEXT NOT NULL,
  day DATE NOT NULL,
  kind TEXT NOT NULL,
  units BIGINT NOT NULL CHECK (units >= 0),
  grams BIGINT NOT NULL CHECK (grams >= 0),
  entries BIGINT NOT NULL CHECK (entries > 0),
  PRIMARY KEY (product_id, period_id, day, kind)
);
INSERT INTO product_total (product_id, period_id, day, kind, units, grams, entries)
SELECT product_id, COALESCE(period_id, ''), day, kind, SUM(units), SUM(grams), COUNT(*) FROM product_entry
 GROUP BY product_id, COALESCE(period_id, ''), day, kind;

CREATE FUNCTION product_entry_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO product_total AS t (product_id, period_id, day, kind, units, grams, entries)
  VALUES (NEW.product_id, COALESCE(NEW.period_id, ''), NEW.day, NEW.kind, NEW.units, NEW.grams, 1)
  ON CONFLICT (product_id, period_id, day, kind) DO UPDATE
  SET units = t.units + EXCLUDED.units, grams = t.grams + EXCLUDED.grams, entries = t.entries + 1;
  RETURN NULL;
END $$;
CREATE TRIGGER product_entry_counts AFTER INSERT ON product_entry FOR EACH ROW EXECUTE FUNCTION product_entry_counts();
CREATE TRIGGER product_total_never_vanishes BEFORE DELETE ON product_total
FOR EACH ROW EXECUTE FUNCTION refuse('product_total_never_vanishes');
