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

CREATE TABLE refund_with_states (
  id TEXT PRIMARY KEY,
  payment_id TEXT NOT NULL REFERENCES payment (id),
  key TEXT NOT NULL UNIQUE,
  amount_yen INTEGER NOT NULL CHECK (typeof(amount_yen) = 'integer') CHECK (amount_yen > 0),
  reason TEXT NOT NULL CHECK (reason <> ''),
  borne_by TEXT NOT NULL CHECK (borne_by IN ('order', 'service', 'providers')),
  -- null: back the way it came; else the buyer whose prepaid balance it is added to
  to_balance_of TEXT,
  state TEXT NOT NULL CHECK (state IN ('requested', 'pending', 'succeeded', 'failed')),
  attempt INTEGER NOT NULL CHECK (typeof(attempt) = 'integer') CHECK (attempt > 0),
  failure TEXT,
  requested_at TIMESTAMP NOT NULL,
  decided_at TIMESTAMP,
  CHECK ((state = 'failed') = (failure IS NOT NULL)),
  CHECK ((state IN ('succeeded', 'failed')) = (decided_at IS NOT NULL))
);
CREATE TABLE refund_attempt (
  refund_id TEXT NOT NULL REFERENCES refund_with_states (id),
  number INTEGER NOT NULL CHECK (typeof(number) = 'integer') CHECK (number > 0),
  provider_refund TEXT NOT NULL UNIQUE,
  at TIMESTAMP NOT NULL,
  PRIMARY KEY (refund_id, number)
);
INSERT INTO refund_with_states (id, payment_id, key, amount_yen, reason, borne_by, state, attempt, requested_at, decided_at)
  SELECT f.id, f.payment_id, f.id, f.amount_yen, COALESCE(o.refund_reason, 'registry_refused'), 'order', 'succeeded', 1, f.refunded_at, f.refunded_at
    FROM refund f JOIN payment p ON p.id = f.payment_id JOIN buyer_order o ON o.id = p.order_id;
INSERT INTO refund_attempt (refund_id, number, provider_refund, at)
  SELECT id, 1, provider_refund, refunded_at FROM refund;
DROP TABLE refund;
ALTER TABLE refund_with_states RENAME TO refund;
CREATE INDEX refund_by_payment ON refund (payment_id);
CREATE INDEX refund_open ON refund (requested_at) WHERE state <> 'succeeded';

CREATE TRIGGER refund_within_payment BEFORE INSERT ON refund
BEGIN
  SELECT RAISE(ABORT, 'refund_within_payment') WHERE NEW.amount_yen
    + (SELECT COALESCE(SUM(amount_yen), 0) FROM refund WHERE payment_id = NEW.payment_id)
    > (SELECT amount_yen FROM payment WHERE id = NEW.payment_id);
END;
CREATE TRIGGER refund_moves BEFORE UPDATE OF state ON refund
WHEN NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'refund_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'refund' AND from_state = OLD.state AND to_state = NEW.state);
END;
CREATE TRIGGER refund_terms_are_frozen BEFORE UPDATE ON refund
WHEN NEW.id <> OLD.id OR NEW.payment_id <> OLD.payment_id OR NEW.key <> OLD.key OR NEW.amount_yen <> OLD.amount_yen
  OR NEW.reason <> OLD.reason OR NEW.borne_by <> OLD.borne_by OR NEW.to_balance_of IS NOT OLD.to_balance_of OR NEW.attempt < OLD.attempt
BEGIN
  SELECT RAISE(ABORT, 'refund_terms_are_frozen');
END;
CREATE TRIGGER refund_never_vanishes BEFORE DELETE ON refund
BEGIN
  SELECT RAISE(ABORT, 'refund_never_vanishes');
END;
CREATE TRIGGER refund_attempt_never_changes BEFORE UPDATE ON refund_attempt
BEGIN
  SELECT RAISE(ABORT, 'refund_attempt_never_changes');
END;
CREATE TRIGGER refund_attempt_never_vanishes BEFORE DELETE ON refund_attempt
BEGIN
  SELECT RAISE(ABORT, 'refund_attempt_never_vanishes');
END;

CREATE TABLE dispute (
  id TEXT PRIMARY KEY,
  payment_id TEXT NOT NULL REFERENCES payment (id),
  amount_yen INTEGER NOT NULL CHECK (typeof(amount_yen) = 'integer') CHECK (amount_yen > 0),
  reason TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('inquiry', 'withdrawn', 'won', 'lost')),
  changes INTEGER NOT NULL CHECK (typeof(changes) = 'integer') CHECK (changes >= 0),
  answer_by TIMESTAMP,
  opened_at TIMESTAMP NOT NULL,
  changed_at TIMESTAMP NOT NULL
);
CREATE INDEX dispute_by_payment ON dispute (payment_id);
CREATE TRIGGER dispute_moves BEFORE UPDATE OF state ON dispute
WHEN NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'dispute_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'dispute' AND from_state = OLD.state AND to_state = NEW.state);
END;
CREATE TRIGGER dispute_terms_are_frozen BEFORE UPDATE ON dispute
WHEN NEW.id <> OLD.id OR NEW.payment_id <> OLD.payment_id OR NEW.amount_yen <> OLD.amount_yen
BEGIN
  SELECT RAISE(ABORT, 'dispute_terms_are_frozen');
END;
CREATE TRIGGER dispute_never_vanishes BEFORE DELETE ON dispute
BEGIN
  SELECT RAISE(ABORT, 'dispute_never_vanishes');
END;

-- refunds and disputes of a payment that we do not know yet: looked at again when its money is booked
CREATE TABLE early_payment_news (
  object_id TEXT PRIMARY KEY,
  subject TEXT NOT NULL CHECK (subject IN ('refund', 'dispute')),
  provider_payment TEXT NOT NULL,
  seen_at TIMESTAMP NOT NULL
);
CREATE INDEX early_payment_news_by_payment ON early_payment_news (provider_payment);

-- a payment that was made from a prepaid balance, to which its refunds return
CREATE TABLE prepaid_payment (
  payment_id TEXT PRIMARY KEY REFERENCES payment (id),
  buyer TEXT NOT NULL
);
CREATE TRIGGER prepaid_payment_never_changes BEFORE UPDATE ON prepaid_payment
BEGIN
  SELECT RAISE(ABORT, 'prepaid_payment_never_changes');
END;
CREATE TRIGGER prepaid_payment_never_vanishes BEFORE DELETE ON prepaid_payment
BEGIN
  SELECT RAISE(ABORT, 'prepaid_payment_never_vanishes');
END;

-- what each buyer has prepaid: kept by the ledger's postings alone, and never below zero
CREATE TABLE buyer_balance (
  buyer TEXT PRIMARY KEY,
  yen INTEGER NOT NULL CHECK (typeof(yen) = 'integer') CONSTRAINT buyer_balance_not_below_zero CHECK (yen >= 0)
);
CREATE TRIGGER buyer_balance_follows AFTER INSERT ON ledger_posting
WHEN substr(NEW.account, 1, 14) = 'buyer_balance:'
BEGIN
  INSERT INTO buyer_balance (buyer, yen) VALUES (substr(NEW.account, 15), 0) ON CONFLICT (buyer) DO NOTHING;
  UPDATE buyer_balance SET yen = yen - NEW.amount_yen WHERE buyer = substr(NEW.account, 15);
END;
