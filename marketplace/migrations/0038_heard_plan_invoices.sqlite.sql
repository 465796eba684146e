-- Invoices of plans that the provider says are paid, until each is a month or is handed to a job of its own. Workers take many
-- at a time; a worker that dies gives them back when its time is over.

CREATE TABLE heard_plan_invoice (
  invoice TEXT PRIMARY KEY,
  -- when the provider made the invoice, as its event said: only where to look for it in the provider's list
  made_at TIMESTAMP NOT NULL,
  heard_at TIMESTAMP NOT NULL,
  taken_until TIMESTAMP,
  settled_at TIMESTAMP
);
CREATE INDEX heard_plan_invoice_waiting ON heard_plan_invoice (made_at) WHERE settled_at IS NULL;
CREATE TRIGGER heard_plan_invoice_is_settled_once BEFORE UPDATE ON heard_plan_invoice
WHEN OLD.settled_at IS NOT NULL OR NEW.invoice <> OLD.invoice
BEGIN
  SELECT RAISE(ABORT, 'heard_plan_invoice_is_settled_once');
END;
CREATE TRIGGER heard_plan_invoice_never_vanishes BEFORE DELETE ON heard_plan_invoice
BEGIN
  SELECT RAISE(ABORT, 'heard_plan_invoice_is_settled_once');
END;
