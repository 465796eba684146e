-- Refunds and disputes of money that was paid ahead: the balance it went into pays, as far as it holds something. It never falls
-- below zero (buyer_balance), and what it could give stays as it was written.

CREATE TABLE taken_back (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('refund', 'dispute')),
  provider_payment TEXT NOT NULL,
  balance_of TEXT NOT NULL,
  amount_yen INTEGER NOT NULL CHECK (typeof(amount_yen) = 'integer' AND amount_yen > 0),
  from_balance_yen INTEGER NOT NULL CHECK (typeof(from_balance_yen) = 'integer'),
  state TEXT NOT NULL CHECK (state IN ('asked', 'withheld', 'gone', 'returned')),
  changes INTEGER NOT NULL,
  opened_at TIMESTAMP NOT NULL,
  changed_at TIMESTAMP NOT NULL,
  CHECK (from_balance_yen >= 0 AND from_balance_yen <= amount_yen)
);
CREATE INDEX taken_back_by_balance ON taken_back (balance_of, opened_at);
CREATE INDEX taken_back_by_opening ON taken_back (opened_at);
INSERT INTO state_move (machine, from_state, to_state) VALUES
  ('taken_back', 'asked', 'withheld'),
  ('taken_back', 'asked', 'gone'),
  ('taken_back', 'asked', 'returned'),
  ('taken_back', 'withheld', 'gone'),
  ('taken_back', 'withheld', 'returned'),
  ('taken_back', 'gone', 'returned');
CREATE TRIGGER taken_back_moves BEFORE UPDATE OF state ON taken_back
WHEN NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'taken_back_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'taken_back' AND from_state = OLD.state AND to_state = NEW.state);
END;
CREATE TRIGGER taken_back_is_frozen BEFORE UPDATE ON taken_back
WHEN NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.provider_payment <> OLD.provider_payment OR NEW.balance_of <> OLD.balance_of
  OR NEW.amount_yen <> OLD.amount_yen OR (OLD.state <> 'asked' AND NEW.from_balance_yen <> OLD.from_balance_yen)
BEGIN
  SELECT RAISE(ABORT, 'taken_back_is_frozen');
END;
CREATE TRIGGER taken_back_never_vanishes BEFORE DELETE ON taken_back
BEGIN
  SELECT RAISE(ABORT, 'taken_back_is_frozen');
END;
