-- Refunds with states and attempts, disputes, prepaid balances. A refund now may be a part of a payment, and a payment may
-- have several; all of them together never exceed it, whatever state they are in, because what failed is still owed.

INSERT INTO state_move (machine, from_state, to_state) VALUES
  ('refund', 'requested', 'pending'),
  ('refund', 'requested', 'succeeded'),
  ('refund', 'requested', 'failed'),
  ('refund', 'pending', 'succeeded'),
  ('refund', 'pending', 'failed'),
  ('refund', 'succeeded', 'failed'),
  ('refund', 'failed', 'requested'),
  ('dispute', 'inquiry', 'withdrawn'),
  ('dispute', 'inquiry', 'won'),
  ('dispute', 'inquiry', 'lost'),
  ('dispute', 'withdrawn', 'won'),
  ('dispute', 'withdrawn', 'lost'),
  ('dispute', 'lost', 'won');

ALTER TABLE refund RENAME TO refund_without_states;
CREATE TABLE refund (
  id TEXT PRIMARY KEY,
  payment_id TEXT NOT NULL REFERENCES payment (id),
  key TEXT NOT NULL UNIQUE,
  amount_yen BIGINT NOT NULL CHECK (amount_yen > 0),
  reason TEXT NOT NULL CHECK (reason <> ''),
  borne_by TEXT NOT NULL CHECK (borne_by IN ('order', 'service', 'providers')),
  -- null: back the way it came; else the buyer whose prepaid balance it is added to
  to_balance_of TEXT,
  state TEXT NOT NULL CHECK (state IN ('requested', 'pending', 'succeeded', 'failed')),
  attempt BIGINT NOT NULL CHECK (attempt > 0),
  failure TEXT,
  requested_at TIMESTAMPTZ NOT NULL,
  decided_at TIMESTAMPTZ,
  CHECK ((state = 'failed') = (failure IS NOT NULL)),
  CHECK ((state IN ('succeeded', 'failed')) = (decided_at IS NOT NULL))
);
CREATE TABLE refund_attempt (
  refund_id TEXT NOT NULL REFERENCES refund (id),
  number BIGINT NOT NULL CHECK (number > 0),
  provider_refund TEXT NOT NULL UNIQUE,
  at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (refund_id, number)
);
INSERT INTO refund (id, payment_id, key, amount_yen, reason, borne_by, state, attempt, requested_at, decided_at)
  SELECT f.id, f.payment_id, f.id, f.amount_yen, COALESCE(o.refund_reason, 'registry_refused'), 'order', 'succeeded', 1, f.refunded_at, f.refunded_at
    FROM refund_without_states f JOIN payment p ON p.id = f.payment_id JOIN buyer_order o ON o.id = p.order_id;
INSERT INTO refund_attempt (refund_id, number, provider_refund, at)
  SELECT id, 1, provider_refund, refunded_at FROM refund_without_states;
DROP TABLE refund_without_states;
CREATE INDEX refund_by_payment ON refund (payment_id);
CREATE INDEX refund_open ON refund (requested_at) WHERE state <> 'succeeded';

CREATE FUNCTION refund_within_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE captured BIGINT;
BEGIN
  -- two refunds of one payment at once queue here
  SELECT amount_yen INTO captured FROM payment WHERE id = NEW.payment_id FOR UPDATE;
  IF NEW.amount_yen + (SELECT COALESCE(SUM(amount_yen), 0) FROM refund WHERE payment_id = NEW.payment_id) > captured THEN
    RAISE EXCEPTION USING MESSAGE = 'refund_within_payment', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refund_within_payment BEFORE INSERT ON refund FOR EACH ROW EXECUTE FUNCTION refund_within_payment();
CREATE TRIGGER refund_moves BEFORE UPDATE OF state ON refund FOR EACH ROW EXECUTE FUNCTION check_move('refund');
CREATE TRIGGER refund_terms_are_frozen BEFORE UPDATE ON refund FOR EACH ROW
WHEN (NEW.id <> OLD.id OR NEW.payment_id <> OLD.payment_id OR NEW.key <> OLD.key OR NEW.amount_yen <> OLD.amount_yen
  OR NEW.reason <> OLD.reason OR NEW.borne_by <> OLD.borne_by OR NEW.to_balance_of IS DISTINCT FROM OLD.to_balance_of OR NEW.attempt < OLD.attempt)
EXECUTE FUNCTION refuse('refund_terms_are_frozen');
CREATE TRIGGER refund_never_vanishes BEFORE DELETE ON refund FOR EACH ROW EXECUTE FUNCTION refuse('refund_never_vanishes');
CREATE TRIGGER refund_attempt_never_changes BEFORE UPDATE OR DELETE ON refund_attempt
FOR EACH ROW EXECUTE FUNCTION refuse('refund_attempt_never_changes');

CREATE TABLE dispute (
  id TEXT PRIMARY KEY,
  payment_id TEXT NOT NULL REFERENCES payment (id),
  amount_yen BIGINT NOT NULL CHECK (amount_yen > 0),
  reason TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('inquiry', 'withdrawn', 'won', 'lost')),
  changes BIGINT NOT NULL CHECK (changes >= 0),
  answer_by TIMESTAMPTZ,
  opened_at TIMESTAMPTZ NOT NULL,
  changed_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX dispute_by_payment ON dispute (payment_id);
CREATE TRIGGER dispute_moves BEFORE UPDATE OF state ON dispute FOR EACH ROW EXECUTE FUNCTION check_move('dispute');
CREATE TRIGGER dispute_terms_are_frozen BEFORE UPDATE ON dispute FOR EACH ROW
WHEN (NEW.id <> OLD.id OR NEW.payment_id <> OLD.payment_id OR NEW.amount_yen <> OLD.amount_yen)
EXECUTE FUNCTION refuse('dispute_terms_are_frozen');
CREATE TRIGGER dispute_never_vanishes BEFORE DELETE ON dispute FOR EACH ROW EXECUTE FUNCTION refuse('dispute_never_vanishes');

-- refunds and disputes of a payment that we do not know yet: looked at again when its money is booked
CREATE TABLE early_payment_news (
  object_id TEXT PRIMARY KEY,
  subject TEXT NOT NULL CHECK (subject IN ('refund', 'dispute')),
  provider_payment TEXT NOT NULL,
  seen_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX early_payment_news_by_payment ON early_payment_news (provider_payment);

-- a payment that was made from a prepaid balance, to which its refunds return
CREATE TABLE prepaid_payment (
  payment_id TEXT PRIMARY KEY REFERENCES payment (id),
  buyer TEXT NOT NULL
);
CREATE TRIGGER prepaid_payment_never_changes BEFORE UPDATE OR DELETE ON prepaid_payment
FOR EACH ROW EXECUTE FUNCTION refuse('prepaid_payment_never_changes');

-- what each buyer has prepaid: kept by the ledger's postings alone, and never below zero
CREATE TABLE buyer_balance (
  buyer TEXT PRIMARY KEY,
  yen BIGINT NOT NULL CONSTRAINT buyer_balance_not_below_zero CHECK (yen >= 0)
);
CREATE FUNCTION buyer_balance_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO buyer_balance (buyer, yen) VALUES (substr(NEW.account, 15), 0) ON CONFLICT (buyer) DO NOTHING;
  UPDATE buyer_balance SET yen = yen - NEW.amount_yen WHERE buyer = substr(NEW.account, 15);
  RETURN NULL;
END $$;
CREATE TRIGGER buyer_balance_follows AFTER INSERT ON ledger_posting FOR EACH ROW
WHEN (starts_with(NEW.account, 'buyer_balance:')) EXECUTE FUNCTION buyer_balance_follows();
