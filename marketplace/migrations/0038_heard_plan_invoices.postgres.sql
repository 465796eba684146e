-- Invoices of plans that the provider says are paid, until each is a month or is handed to a job of its own. Workers take many
-- at a time; a worker that dies gives them back when its time is over.

CREATE TABLE heard_plan_invoice (
  invoice TEXT PRIMARY KEY,
  -- when the provider made the invoice, as its event said: only where to look for it in the provider's list
  made_at TIMESTAMPTZ NOT NULL,
  heard_at TIMESTAMPTZ NOT NULL,
  taken_until TIMESTAMPTZ,
  settled_at TIMESTAMPTZ
);
CREATE INDEX heard_plan_invoice_waiting ON heard_plan_invoice (made_at) WHERE settled_at IS NULL;
CREATE TRIGGER heard_plan_invoice_is_settled_once BEFORE UPDATE ON heard_plan_invoice FOR EACH ROW
WHEN (OLD.settled_at IS NOT NULL OR NEW.invoice <> OLD.invoice)
EXECUTE FUNCTION refuse('heard_plan_invoice_is_settled_once');
CREATE TRIGGER heard_plan_invoice_never_vanishes BEFORE DELETE ON heard_plan_invoice
FOR EACH ROW EXECUTE FUNCTION refuse('heard_plan_invoice_is_settled_once');
