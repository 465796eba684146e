-- A registry confirmed a part of an application: what it confirmed is certified at once, ahead of the rest of its order.
-- One row per retirement in such a certificate; the last certificate of an order stands in the order itself.
CREATE TABLE certified_part (
  retirement_id TEXT PRIMARY KEY REFERENCES retirement (id),
  order_id TEXT NOT NULL REFERENCES buyer_order (id),
  part INTEGER NOT NULL CHECK (typeof(part) = 'integer' AND part > 0),
  number TEXT NOT NULL,
  certified_at TIMESTAMP NOT NULL
);
CREATE INDEX certified_part_by_order ON certified_part (order_id);
CREATE INDEX certified_part_by_number ON certified_part (number);
CREATE TRIGGER certified_part_is_confirmed BEFORE INSERT ON certified_part
BEGIN
  SELECT RAISE(ABORT, 'certified_part_is_confirmed') WHERE NOT EXISTS (
    SELECT 1 FROM retirement r JOIN buyer_order o ON o.id = r.order_id
     WHERE r.id = NEW.retirement_id AND r.order_id = NEW.order_id AND r.state = 'confirmed' AND o.state = 'retiring');
END;
CREATE TRIGGER certified_part_has_one_certificate BEFORE INSERT ON certified_part
BEGIN
  SELECT RAISE(ABORT, 'certified_part_has_one_certificate') WHERE EXISTS (
    SELECT 1 FROM certified_part
     WHERE (number = NEW.number AND (order_id <> NEW.order_id OR part <> NEW.part))
        OR (order_id = NEW.order_id AND part = NEW.part AND number <> NEW.number));
END;
CREATE TRIGGER certified_part_never_changes BEFORE UPDATE ON certified_part
BEGIN
  SELECT RAISE(ABORT, 'certified_part_never_changes');
END;
CREATE TRIGGER certified_part_never_vanishes BEFORE DELETE ON certified_part
BEGIN
  SELECT RAISE(ABORT, 'certified_part_never_vanishes');
END;
-- what is certified can be refunded in money for the rest only, never as a whole order
CREATE TRIGGER certified_part_keeps_its_order BEFORE UPDATE OF state ON buyer_order
WHEN NEW.state = 'refund_due' AND OLD.state <> 'refund_due'
BEGIN
  SELECT RAISE(ABORT, 'certified_part_keeps_its_order') WHERE EXISTS (
    SELECT 1 FROM certified_part WHERE order_id = NEW.id);
END;
