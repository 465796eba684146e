-- Invoices and credit notes in gapless series, what each seller is owed and was sent, and the daily check of the books.

INSERT INTO state_move (machine, from_state, to_state) VALUES
  ('payout', 'due', 'sent'),
  ('payout', 'due', 'held'),
  ('payout', 'held', 'released'),
  ('payout', 'released', 'sent'),
  ('payout', 'due', 'dropped'),
  ('payout', 'held', 'dropped'),
  ('payout', 'released', 'dropped');

CREATE TABLE invoice_series (
  kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
  year INTEGER NOT NULL CHECK (typeof(year) = 'integer'),
  last_number INTEGER NOT NULL CHECK (typeof(last_number) = 'integer') CHECK (last_number > 0),
  PRIMARY KEY (kind, year)
);
CREATE TABLE invoice (
  number TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
  year INTEGER NOT NULL CHECK (typeof(year) = 'integer'),
  sequence INTEGER NOT NULL CHECK (typeof(sequence) = 'integer') CHECK (sequence > 0),
  order_id TEXT NOT NULL REFERENCES buyer_order (id),
  refund_id TEXT UNIQUE REFERENCES refund (id),
  content TEXT NOT NULL,
  issued_at TIMESTAMP NOT NULL,
  UNIQUE (kind, year, sequence),
  CHECK ((kind = 'credit_note') = (refund_id IS NOT NULL))
);
CREATE INDEX invoice_by_order ON invoice (order_id);
CREATE UNIQUE INDEX invoice_one_per_order ON invoice (order_id) WHERE kind = 'invoice';
CREATE TRIGGER invoice_without_gaps BEFORE INSERT ON invoice
BEGIN
  SELECT RAISE(ABORT, 'invoice_without_gaps') WHERE NEW.sequence <> 1
    + (SELECT COALESCE(MAX(sequence), 0) FROM invoice WHERE kind = NEW.kind AND year = NEW.year);
END;
CREATE TRIGGER invoice_never_changes BEFORE UPDATE ON invoice
BEGIN
  SELECT RAISE(ABORT, 'invoice_never_changes');
END;
CREATE TRIGGER invoice_never_vanishes BEFORE DELETE ON invoice
BEGIN
  SELECT RAISE(ABORT, 'invoice_never_vanishes');
END;

-- a seller's own number for qualified invoices, and the day on which seller and service agreed that the service invoices for it
CREATE TABLE seller_registration (
  provider_id TEXT PRIMARY KEY REFERENCES provider (id),
  registration_number TEXT NOT NULL CHECK (registration_number GLOB 'T[0-9]*' AND length(registration_number) = 14),
  agreed_on DATE NOT NULL
);

CREATE TABLE payout_account (
  provider_id TEXT PRIMARY KEY REFERENCES provider (id),
  account TEXT NOT NULL UNIQUE,
  ready INTEGER NOT NULL,
  missing TEXT NOT NULL,
  changed_at TIMESTAMP NOT NULL
);
-- `asked_yen` is written before the provider is asked for the transfer: a repeated call asks for the same
CREATE TABLE payout (
  id TEXT PRIMARY KEY,
  provider_id TEXT NOT NULL REFERENCES provider (id),
  order_id TEXT NOT NULL REFERENCES buyer_order (id),
  amount_yen INTEGER NOT NULL CHECK (typeof(amount_yen) = 'integer') CHECK (amount_yen > 0),
  reduced_yen INTEGER NOT NULL CHECK (typeof(reduced_yen) = 'integer') CHECK (reduced_yen BETWEEN 0 AND amount_yen),
  state TEXT NOT NULL CHECK (state IN ('due', 'held', 'released', 'sent', 'dropped')),
  asked_yen INTEGER CHECK (typeof(asked_yen) IN ('integer', 'null')) CHECK (asked_yen > 0 AND asked_yen <= amount_yen),
  transfer TEXT UNIQUE,
  failure TEXT,
  created_at TIMESTAMP NOT NULL,
  sent_at TIMESTAMP,
  UNIQUE (provider_id, order_id),
  CHECK ((state = 'sent') = (transfer IS NOT NULL)),
  CHECK (state <> 'sent' OR asked_yen IS NOT NULL),
  CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX payout_unsent ON payout (created_at) WHERE state IN ('due', 'held', 'released');
CREATE TRIGGER payout_moves BEFORE UPDATE OF state ON payout
WHEN NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'payout_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'payout' AND from_state = OLD.state AND to_state = NEW.state);
END;
CREATE TRIGGER payout_terms_are_frozen BEFORE UPDATE ON payout
WHEN NEW.id <> OLD.id OR NEW.provider_id <> OLD.provider_id OR NEW.order_id <> OLD.order_id OR NEW.amount_yen <> OLD.amount_yen
  OR NEW.reduced_yen < OLD.reduced_yen OR (OLD.transfer IS NOT NULL AND NEW.transfer IS NOT OLD.transfer)
  OR (OLD.asked_yen IS NOT NULL AND NEW.asked_yen IS NOT OLD.asked_yen)
BEGIN
  SELECT RAISE(ABORT, 'payout_terms_are_frozen');
END;
CREATE TRIGGER payout_never_vanishes BEFORE DELETE ON payout
BEGIN
  SELECT RAISE(ABORT, 'payout_never_vanishes');
END;
-- what a refund takes back of a payout, once per refund: `done` when the money that was sent has come back, or was not sent
CREATE TABLE payout_reduction (
  payout_id TEXT NOT NULL REFERENCES payout (id),
  refund_id TEXT NOT NULL REFERENCES refund (id),
  amount_yen INTEGER NOT NULL CHECK (typeof(amount_yen) = 'integer') CHECK (amount_yen > 0),
  done_at TIMESTAMP,
  PRIMARY KEY (payout_id, refund_id)
);
CREATE TRIGGER payout_reduction_never_vanishes BEFORE DELETE ON payout_reduction
BEGIN
  SELECT RAISE(ABORT, 'payout_reduction_never_vanishes');
END;

-- one row per run; `findings` is a JSON list, empty when all books agree
CREATE TABLE ledger_check (
  id TEXT PRIMARY KEY,
  day DATE NOT NULL,
  findings TEXT NOT NULL,
  finding_count INTEGER NOT NULL CHECK (typeof(finding_count) = 'integer') CHECK (finding_count >= 0),
  at TIMESTAMP NOT NULL
);
CREATE INDEX ledger_check_by_day ON ledger_check (day);
