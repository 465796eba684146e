-- A registry confirmed a part of an application: what it confirmed is certified at once, ahead of the rest of its order.
-- One row per retirement in such a certificate; the last certificate of an order stands in the order itself.
CREATE TABLE certified_part (
  retirement_id TEXT PRIMARY KEY REFERENCES retirement (id),
  order_id TEXT NOT NULL REFERENCES buyer_order (id),
  part INTEGER NOT NULL CHECK (part > 0),
  number TEXT NOT NULL,
  certified_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX certified_part_by_order ON certified_part (order_id);
CREATE INDEX certified_part_by_number ON certified_part (number);
CREATE FUNCTION certified_part_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- a decision about the same order waits until this one is committed
  PERFORM 1 FROM buyer_order WHERE id = NEW.order_id FOR UPDATE;
  IF NOT EXISTS (
      SELECT 1 FROM retirement r JOIN buyer_order o ON o.id = r.order_id
       WHERE r.id = NEW.retirement_id AND r.order_id = NEW.order_id AND r.state = 'confirmed' AND o.state = 'retiring') THEN
    RAISE EXCEPTION USING MESSAGE = 'certified_part_is_confirmed', ERRCODE = 'restrict_violation';
  END IF;
  IF EXISTS (
    SELECT 1 FROM certified_part
     WHERE (number = NEW.number AND (order_id <> NEW.order_id OR part <> NEW.part))
        OR (order_id = NEW.order_id AND part = NEW.part AND number <> NEW.number)) THEN
    RAISE EXCEPTION USING MESSAGE = 'certified_part_has_one_certificate', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER certified_part_rules BEFORE INSERT ON certified_part
FOR EACH ROW EXECUTE FUNCTION certified_part_rules();
CREATE TRIGGER certified_part_never_changes BEFORE UPDATE ON certified_part
FOR EACH ROW EXECUTE FUNCTION refuse('certified_part_never_changes');
CREATE TRIGGER certified_part_never_vanishes BEFORE DELETE ON certified_part
FOR EACH ROW EXECUTE FUNCTION refuse('certified_part_never_vanishes');
-- what is certified can be refunded in money for the rest only, never as a whole order
CREATE FUNCTION certified_part_keeps_its_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM certified_part WHERE order_id = NEW.id) THEN
    RAISE EXCEPTION USING MESSAGE = 'certified_part_keeps_its_order', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER certified_part_keeps_its_order BEFORE UPDATE OF state ON buyer_order
FOR EACH ROW WHEN (NEW.state = 'refund_due' AND OLD.state <> 'refund_due')
EXECUTE FUNCTION certified_part_keeps_its_order();
