-- Money goes back only while nothing of the order is, or may yet be, cancelled in a registry.
CREATE TRIGGER order_refund_needs_nothing_cancelled BEFORE UPDATE OF state ON buyer_order
WHEN NEW.state = 'refund_due' AND OLD.state <> 'refund_due'
BEGIN
  SELECT RAISE(ABORT, 'order_refund_needs_nothing_cancelled') WHERE EXISTS (
    SELECT 1 FROM retirement WHERE order_id = NEW.id AND state <> 'rejected');
END;
