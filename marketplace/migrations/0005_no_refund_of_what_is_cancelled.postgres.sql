-- Money goes back only while nothing of the order is, or may yet be, cancelled in a registry.
CREATE FUNCTION order_refund_needs_nothing_cancelled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM retirement WHERE order_id = NEW.id AND state <> 'rejected') THEN
    RAISE EXCEPTION USING MESSAGE = 'order_refund_needs_nothing_cancelled', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER order_refund_needs_nothing_cancelled BEFORE UPDATE OF state ON buyer_order FOR EACH ROW
WHEN (NEW.state = 'refund_due' AND OLD.state <> 'refund_due')
EXECUTE FUNCTION order_refund_needs_nothing_cancelled();
