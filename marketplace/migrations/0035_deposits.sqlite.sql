-- Money that an organisation pays ahead into its prepaid balance, through a payment page as for an order.

CREATE TABLE balance_deposit (
  id TEXT PRIMARY KEY,
  organisation_id TEXT NOT NULL REFERENCES organisation (id),
  amount_yen INTEGER NOT NULL CHECK (typeof(amount_yen) = 'integer' AND amount_yen > 0),
  state TEXT NOT NULL CHECK (state IN ('awaiting_payment', 'paid', 'lapsed')),
  locale TEXT NOT NULL,
  email TEXT NOT NULL,
  checkout_session TEXT UNIQUE,
  checkout_url TEXT,
  provider_payment TEXT UNIQUE,
  pay_until TIMESTAMP NOT NULL,
  created_at TIMESTAMP NOT NULL,
  captured_at TIMESTAMP,
  CHECK ((state = 'paid') = (provider_payment IS NOT NULL)),
  CHECK ((state = 'paid') = (captured_at IS NOT NULL))
);
CREATE INDEX balance_deposit_by_organisation ON balance_deposit (organisation_id, created_at);
CREATE INDEX balance_deposit_awaited ON balance_deposit (pay_until) WHERE state = 'awaiting_payment';
CREATE TRIGGER balance_deposit_never_vanishes BEFORE DELETE ON balance_deposit
BEGIN
  SELECT RAISE(ABORT, 'balance_deposit_never_vanishes');
END;
-- money that comes after all is taken in; what was taken in stays
CREATE TRIGGER balance_deposit_is_frozen BEFORE UPDATE ON balance_deposit
WHEN NEW.id <> OLD.id OR NEW.organisation_id <> OLD.organisation_id OR NEW.amount_yen <> OLD.amount_yen OR OLD.state = 'paid'
  OR (OLD.state = 'lapsed' AND NEW.state = 'awaiting_payment')
BEGIN
  SELECT RAISE(ABORT, 'balance_deposit_is_frozen');
END;
