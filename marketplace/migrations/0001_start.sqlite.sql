-- The market's first tables. Rules that must never break stand here, not only in the code:
-- intervals of a block never overlap and tile it at every commit; states move only along drawn arrows;
-- money postings sum to zero and never change; a confirmed retirement holds the registry's notice.

CREATE TABLE state_move (
  machine TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  PRIMARY KEY (machine, from_state, to_state)
);

INSERT INTO state_move (machine, from_state, to_state) VALUES
  ('interval', 'available', 'reserved'),
  ('interval', 'available', 'withdrawn'),
  ('interval', 'withdrawn', 'available'),
  ('interval', 'reserved', 'available'),
  ('interval', 'reserved', 'cancelling'),
  ('interval', 'cancelling', 'cancelled'),
  ('interval', 'cancelling', 'available'),
  ('quote', 'open', 'used'),
  ('quote', 'open', 'expired'),
  ('order', 'quoted', 'awaiting_payment'),
  ('order', 'quoted', 'paid'),
  ('order', 'quoted', 'expired'),
  ('order', 'awaiting_payment', 'paid'),
  ('order', 'awaiting_payment', 'expired'),
  ('order', 'awaiting_payment', 'payment_failed'),
  ('order', 'payment_failed', 'paid'),
  ('order', 'expired', 'paid'),
  ('order', 'paid', 'retiring'),
  ('order', 'paid', 'refund_due'),
  ('order', 'retiring', 'fulfilled'),
  ('order', 'retiring', 'refund_due'),
  ('order', 'refund_due', 'refunded'),
  ('retirement', 'queued', 'submitted'),
  ('retirement', 'submitted', 'confirmed'),
  ('retirement', 'submitted', 'rejected'),
  ('retirement', 'submitted', 'unknown'),
  ('retirement', 'unknown', 'submitted'),
  ('retirement', 'unknown', 'confirmed'),
  ('retirement', 'unknown', 'rejected');

CREATE TABLE provider (
  id TEXT PRIMARY KEY,
  name_ja TEXT NOT NULL,
  name_en TEXT NOT NULL,
  invented INTEGER NOT NULL
);

CREATE TABLE registry_account (
  id TEXT PRIMARY KEY,
  registry TEXT NOT NULL,
  number TEXT NOT NULL,
  provider_id TEXT NOT NULL REFERENCES provider (id),
  UNIQUE (registry, number)
);

CREATE TABLE block (
  id TEXT PRIMARY KEY,
  registry TEXT NOT NULL,
  project_key TEXT NOT NULL,
  methodology TEXT NOT NULL,
  credit_kind TEXT NOT NULL,
  certification_number TEXT NOT NULL,
  serial_prefix TEXT NOT NULL,
  serial_width INTEGER NOT NULL,
  first_serial INTEGER NOT NULL CHECK (typeof(first_serial) IN ('integer', 'null')) CHECK (first_serial > 0),
  last_serial INTEGER NOT NULL CHECK (typeof(last_serial) IN ('integer', 'null')),
  size INTEGER NOT NULL CHECK (typeof(size) IN ('integer', 'null')) CHECK (size = last_serial - first_serial + 1 AND size > 0),
  tiled INTEGER NOT NULL CHECK (typeof(tiled) IN ('integer', 'null')),
  vintages TEXT NOT NULL,
  mwh TEXT,
  gj TEXT,
  invented INTEGER NOT NULL,
  UNIQUE (registry, serial_prefix, first_serial),
  UNIQUE (id, size),
  -- checked at commit: the intervals' lengths add up to the block's size
  CONSTRAINT block_is_tiled FOREIGN KEY (id, tiled) REFERENCES block (id, size) DEFERRABLE INITIALLY DEFERRED
);
CREATE TRIGGER block_no_overlap_insert BEFORE INSERT ON block
BEGIN
  SELECT RAISE(ABORT, 'block_no_overlap') WHERE EXISTS (
    SELECT 1 FROM block WHERE registry = NEW.registry AND serial_prefix = NEW.serial_prefix
      AND first_serial <= NEW.last_serial AND last_serial >= NEW.first_serial);
END;
CREATE TRIGGER block_no_overlap_update BEFORE UPDATE OF registry, serial_prefix, first_serial, last_serial ON block
BEGIN
  SELECT RAISE(ABORT, 'block_no_overlap') WHERE EXISTS (
    SELECT 1 FROM block WHERE id <> NEW.id AND registry = NEW.registry AND serial_prefix = NEW.serial_prefix
      AND first_serial <= NEW.last_serial AND last_serial >= NEW.first_serial);
END;

CREATE TABLE holding (
  id TEXT PRIMARY KEY,
  block_id TEXT NOT NULL REFERENCES block (id),
  account_id TEXT NOT NULL REFERENCES registry_account (id),
  UNIQUE (block_id, account_id)
);

CREATE TABLE listing (
  id TEXT PRIMARY KEY,
  holding_id TEXT NOT NULL REFERENCES holding (id),
  yen_per_tonne INTEGER NOT NULL CHECK (typeof(yen_per_tonne) IN ('integer', 'null')) CHECK (yen_per_tonne > 0),
  minimum_tonnes INTEGER NOT NULL CHECK (typeof(minimum_tonnes) IN ('integer', 'null')) CHECK (minimum_tonnes > 0),
  open INTEGER NOT NULL
);
CREATE INDEX listing_by_holding ON listing (holding_id);

CREATE TABLE footprint (
  id TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  total_g INTEGER NOT NULL CHECK (typeof(total_g) IN ('integer', 'null')) CHECK (total_g >= 0),
  document TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL
);

CREATE TABLE quote (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('open', 'used', 'expired')),
  footprint_id TEXT REFERENCES footprint (id),
  tonnes INTEGER NOT NULL CHECK (typeof(tonnes) IN ('integer', 'null')) CHECK (tonnes > 0),
  credits_yen INTEGER NOT NULL CHECK (typeof(credits_yen) IN ('integer', 'null')) CHECK (credits_yen > 0),
  fee_yen INTEGER NOT NULL CHECK (typeof(fee_yen) IN ('integer', 'null')) CHECK (fee_yen >= 0),
  tax_yen INTEGER NOT NULL CHECK (typeof(tax_yen) IN ('integer', 'null')) CHECK (tax_yen >= 0),
  total_yen INTEGER NOT NULL CHECK (typeof(total_yen) IN ('integer', 'null')) CHECK (total_yen = credits_yen + fee_yen + tax_yen),
  terms TEXT NOT NULL,
  expires_at TIMESTAMP NOT NULL,
  created_at TIMESTAMP NOT NULL
);

CREATE TABLE quote_line (
  id TEXT PRIMARY KEY,
  quote_id TEXT NOT NULL REFERENCES quote (id),
  listing_id TEXT NOT NULL REFERENCES listing (id),
  tonnes INTEGER NOT NULL CHECK (typeof(tonnes) IN ('integer', 'null')) CHECK (tonnes > 0),
  yen_per_tonne INTEGER NOT NULL CHECK (typeof(yen_per_tonne) IN ('integer', 'null')) CHECK (yen_per_tonne > 0)
);
CREATE INDEX quote_line_by_quote ON quote_line (quote_id);

CREATE TABLE unit_interval (
  id TEXT PRIMARY KEY,
  block_id TEXT NOT NULL REFERENCES block (id),
  holding_id TEXT NOT NULL REFERENCES holding (id),
  first_serial INTEGER NOT NULL CHECK (typeof(first_serial) IN ('integer', 'null')) CHECK (first_serial > 0),
  last_serial INTEGER NOT NULL CHECK (typeof(last_serial) IN ('integer', 'null')) CHECK (last_serial >= first_serial),
  state TEXT NOT NULL CHECK (state IN ('available', 'reserved', 'cancelling', 'cancelled', 'withdrawn')),
  quote_line_id TEXT REFERENCES quote_line (id),
  reserved_until TIMESTAMP,
  CHECK ((state IN ('available', 'withdrawn')) = (quote_line_id IS NULL)),
  CHECK ((state = 'reserved') = (reserved_until IS NOT NULL))
);
CREATE TRIGGER interval_no_overlap_insert BEFORE INSERT ON unit_interval
BEGIN
  SELECT RAISE(ABORT, 'interval_no_overlap') WHERE EXISTS (
    SELECT 1 FROM unit_interval WHERE block_id = NEW.block_id
      AND first_serial <= NEW.last_serial AND last_serial >= NEW.first_serial);
END;
CREATE TRIGGER interval_no_overlap_update BEFORE UPDATE OF block_id, first_serial, last_serial ON unit_interval
BEGIN
  SELECT RAISE(ABORT, 'interval_no_overlap') WHERE EXISTS (
    SELECT 1 FROM unit_interval WHERE id <> NEW.id AND block_id = NEW.block_id
      AND first_serial <= NEW.last_serial AND last_serial >= NEW.first_serial);
END;
CREATE INDEX interval_by_holding ON unit_interval (holding_id, state);
CREATE INDEX interval_by_quote_line ON unit_interval (quote_line_id);
CREATE INDEX interval_by_deadline ON unit_interval (reserved_until) WHERE state = 'reserved';

CREATE TABLE buyer_order (
  id TEXT PRIMARY KEY,
  access_token TEXT NOT NULL UNIQUE,
  quote_id TEXT NOT NULL UNIQUE REFERENCES quote (id),
  external_id TEXT UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('quoted', 'awaiting_payment', 'paid', 'retiring', 'fulfilled', 'expired', 'payment_failed', 'refund_due', 'refunded')),
  locale TEXT NOT NULL,
  email TEXT,
  total_yen INTEGER NOT NULL CHECK (typeof(total_yen) IN ('integer', 'null')) CHECK (total_yen > 0),
  instruction TEXT NOT NULL,
  consent TEXT NOT NULL,
  pay_until TIMESTAMP NOT NULL,
  checkout_session TEXT UNIQUE,
  checkout_url TEXT,
  certificate_number TEXT UNIQUE,
  refund_reason TEXT,
  created_at TIMESTAMP NOT NULL,
  CHECK (state <> 'fulfilled' OR certificate_number IS NOT NULL),
  CHECK ((state IN ('refund_due', 'refunded')) = (refund_reason IS NOT NULL))
);
CREATE INDEX order_by_deadline ON buyer_order (pay_until) WHERE state IN ('quoted', 'awaiting_payment', 'payment_failed');

CREATE TABLE order_event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id TEXT NOT NULL REFERENCES buyer_order (id),
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  at TIMESTAMP NOT NULL
);
CREATE INDEX order_event_by_order ON order_event (order_id);

CREATE TABLE payment (
  id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL UNIQUE REFERENCES buyer_order (id),
  provider_payment TEXT NOT NULL UNIQUE,
  amount_yen INTEGER NOT NULL CHECK (typeof(amount_yen) IN ('integer', 'null')) CHECK (amount_yen > 0),
  captured_at TIMESTAMP NOT NULL
);

CREATE TABLE refund (
  id TEXT PRIMARY KEY,
  payment_id TEXT NOT NULL UNIQUE REFERENCES payment (id),
  provider_refund TEXT NOT NULL UNIQUE,
  amount_yen INTEGER NOT NULL CHECK (typeof(amount_yen) IN ('integer', 'null')) CHECK (amount_yen > 0),
  refunded_at TIMESTAMP NOT NULL
);

CREATE TABLE payment_event (
  id TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  object_id TEXT NOT NULL,
  body BLOB NOT NULL,
  created_at TIMESTAMP NOT NULL,
  received_at TIMESTAMP NOT NULL
);

-- how far the poller has asked the payment provider for events; webhooks never move it
CREATE TABLE payment_poll (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  polled_until TIMESTAMP NOT NULL
);

CREATE TABLE retirement (
  id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL REFERENCES buyer_order (id),
  interval_id TEXT NOT NULL REFERENCES unit_interval (id),
  reference TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('queued', 'submitted', 'confirmed', 'rejected', 'unknown')),
  registry TEXT NOT NULL,
  request TEXT NOT NULL,
  submitted_at TIMESTAMP,
  decided_at TIMESTAMP,
  rejection_reason TEXT,
  review_reason TEXT,
  notice_number TEXT,
  recorded_on DATE,
  notice TEXT,
  notice_document BLOB,
  notice_media_type TEXT,
  notice_sha256 TEXT,
  created_at TIMESTAMP NOT NULL,
  UNIQUE (registry, notice_number),
  -- a certificate says "cancelled" only with the registry's notice stored
  CHECK (state <> 'confirmed' OR (notice_number IS NOT NULL AND recorded_on IS NOT NULL AND notice IS NOT NULL
    AND notice_document IS NOT NULL AND notice_sha256 IS NOT NULL AND review_reason IS NULL)),
  CHECK ((state = 'rejected') = (rejection_reason IS NOT NULL)),
  CHECK (state = 'queued' OR submitted_at IS NOT NULL)
);
CREATE INDEX retirement_by_order ON retirement (order_id);
-- an interval may be asked for again only after the registry refused the earlier request
CREATE UNIQUE INDEX retirement_one_live_per_interval ON retirement (interval_id) WHERE state <> 'rejected';

CREATE TABLE ledger_transaction (
  id TEXT PRIMARY KEY,
  event TEXT NOT NULL UNIQUE,
  order_id TEXT REFERENCES buyer_order (id),
  balance INTEGER NOT NULL CHECK (typeof(balance) IN ('integer', 'null')),
  zero INTEGER NOT NULL CHECK (typeof(zero) IN ('integer', 'null')) CHECK (zero = 0),
  at TIMESTAMP NOT NULL,
  UNIQUE (id, zero),
  -- checked at commit: the postings of a transaction sum to zero
  CONSTRAINT ledger_balances FOREIGN KEY (id, balance) REFERENCES ledger_transaction (id, zero) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX ledger_transaction_by_order ON ledger_transaction (order_id);

CREATE TABLE ledger_posting (
  id TEXT PRIMARY KEY,
  transaction_id TEXT NOT NULL REFERENCES ledger_transaction (id),
  account TEXT NOT NULL,
  amount_yen INTEGER NOT NULL CHECK (typeof(amount_yen) IN ('integer', 'null')) CHECK (amount_yen <> 0)
);
CREATE INDEX ledger_posting_by_account ON ledger_posting (account);
CREATE INDEX ledger_posting_by_transaction ON ledger_posting (transaction_id);

CREATE TABLE job (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  key TEXT NOT NULL UNIQUE,
  payload TEXT NOT NULL,
  run_at TIMESTAMP NOT NULL,
  lease_until TIMESTAMP,
  lease_token TEXT,
  attempts INTEGER NOT NULL,
  done_at TIMESTAMP,
  parked_at TIMESTAMP,
  error TEXT
);
CREATE INDEX job_ready ON job (run_at) WHERE done_at IS NULL AND parked_at IS NULL;

CREATE TRIGGER interval_tiles_insert AFTER INSERT ON unit_interval
BEGIN
  UPDATE block SET tiled = tiled + (NEW.last_serial - NEW.first_serial + 1) WHERE id = NEW.block_id;
END;
CREATE TRIGGER interval_tiles_update AFTER UPDATE OF first_serial, last_serial ON unit_interval
WHEN NEW.last_serial - NEW.first_serial <> OLD.last_serial - OLD.first_serial
BEGIN
  UPDATE block SET tiled = tiled + (NEW.last_serial - NEW.first_serial) - (OLD.last_serial - OLD.first_serial) WHERE id = NEW.block_id;
END;
CREATE TRIGGER interval_tiles_delete AFTER DELETE ON unit_interval
BEGIN
  UPDATE block SET tiled = tiled - (OLD.last_serial - OLD.first_serial + 1) WHERE id = OLD.block_id;
END;
CREATE TRIGGER interval_inside_block_insert BEFORE INSERT ON unit_interval
BEGIN
  SELECT RAISE(ABORT, 'interval_inside_block') WHERE NOT EXISTS (
    SELECT 1 FROM block b JOIN holding h ON h.block_id = b.id WHERE b.id = NEW.block_id AND h.id = NEW.holding_id
      AND b.first_serial <= NEW.first_serial AND NEW.last_serial <= b.last_serial);
END;
CREATE TRIGGER interval_inside_block_update BEFORE UPDATE OF first_serial, last_serial ON unit_interval
BEGIN
  SELECT RAISE(ABORT, 'interval_inside_block') WHERE NOT EXISTS (
    SELECT 1 FROM block b WHERE b.id = NEW.block_id AND b.first_serial <= NEW.first_serial AND NEW.last_serial <= b.last_serial);
END;
CREATE TRIGGER interval_never_changes_home BEFORE UPDATE OF id, block_id, holding_id ON unit_interval
WHEN NEW.id <> OLD.id OR NEW.block_id <> OLD.block_id OR NEW.holding_id <> OLD.holding_id
BEGIN
  SELECT RAISE(ABORT, 'interval_never_changes_home');
END;
CREATE TRIGGER interval_moves BEFORE UPDATE OF state ON unit_interval
WHEN NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'interval_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'interval' AND from_state = OLD.state AND to_state = NEW.state);
END;
CREATE TRIGGER interval_cancelled_with_notice BEFORE UPDATE OF state ON unit_interval
WHEN NEW.state = 'cancelled' AND OLD.state <> 'cancelled'
BEGIN
  SELECT RAISE(ABORT, 'interval_cancelled_with_notice') WHERE NOT EXISTS (
    SELECT 1 FROM retirement WHERE interval_id = NEW.id AND state = 'confirmed');
END;
CREATE TRIGGER interval_never_born_cancelled BEFORE INSERT ON unit_interval
WHEN NEW.state = 'cancelled'
BEGIN
  SELECT RAISE(ABORT, 'interval_never_born_cancelled');
END;
CREATE TRIGGER interval_cancelled_is_final BEFORE UPDATE ON unit_interval
WHEN OLD.state = 'cancelled'
BEGIN
  SELECT RAISE(ABORT, 'interval_cancelled_is_final');
END;
CREATE TRIGGER interval_only_available_vanishes BEFORE DELETE ON unit_interval
WHEN OLD.state <> 'available'
BEGIN
  SELECT RAISE(ABORT, 'interval_only_available_vanishes');
END;
CREATE TRIGGER quote_moves BEFORE UPDATE OF state ON quote
WHEN NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'quote_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'quote' AND from_state = OLD.state AND to_state = NEW.state);
END;
CREATE TRIGGER order_moves BEFORE UPDATE OF state ON buyer_order
WHEN NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'order_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'order' AND from_state = OLD.state AND to_state = NEW.state);
END;
CREATE TRIGGER order_terms_are_frozen BEFORE UPDATE OF quote_id, total_yen, instruction, consent ON buyer_order
WHEN NEW.quote_id <> OLD.quote_id OR NEW.total_yen <> OLD.total_yen OR NEW.instruction <> OLD.instruction OR NEW.consent <> OLD.consent
BEGIN
  SELECT RAISE(ABORT, 'order_terms_are_frozen');
END;
CREATE TRIGGER retirement_moves BEFORE UPDATE OF state ON retirement
WHEN NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'retirement_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'retirement' AND from_state = OLD.state AND to_state = NEW.state);
END;
CREATE TRIGGER retirement_is_final BEFORE UPDATE ON retirement
WHEN OLD.state IN ('confirmed', 'rejected')
BEGIN
  SELECT RAISE(ABORT, 'retirement_is_final');
END;
CREATE TRIGGER retirement_request_is_frozen BEFORE UPDATE OF order_id, interval_id, reference, registry, request ON retirement
WHEN NEW.order_id <> OLD.order_id OR NEW.interval_id <> OLD.interval_id OR NEW.reference <> OLD.reference OR NEW.registry <> OLD.registry OR NEW.request <> OLD.request
BEGIN
  SELECT RAISE(ABORT, 'retirement_request_is_frozen');
END;
CREATE TRIGGER ledger_adds_up AFTER INSERT ON ledger_posting
BEGIN
  UPDATE ledger_transaction SET balance = balance + NEW.amount_yen WHERE id = NEW.transaction_id;
END;
CREATE TRIGGER order_event_never_changes BEFORE UPDATE ON order_event
BEGIN
  SELECT RAISE(ABORT, 'order_event_never_changes');
END;
CREATE TRIGGER payment_never_changes BEFORE UPDATE ON payment
BEGIN
  SELECT RAISE(ABORT, 'payment_never_changes');
END;
CREATE TRIGGER refund_never_changes BEFORE UPDATE ON refund
BEGIN
  SELECT RAISE(ABORT, 'refund_never_changes');
END;
CREATE TRIGGER payment_event_never_changes BEFORE UPDATE ON payment_event
BEGIN
  SELECT RAISE(ABORT, 'payment_event_never_changes');
END;
CREATE TRIGGER ledger_posting_never_changes BEFORE UPDATE ON ledger_posting
BEGIN
  SELECT RAISE(ABORT, 'ledger_posting_never_changes');
END;
CREATE TRIGGER footprint_never_changes BEFORE UPDATE ON footprint
BEGIN
  SELECT RAISE(ABORT, 'footprint_never_changes');
END;
CREATE TRIGGER quote_line_never_changes BEFORE UPDATE ON quote_line
BEGIN
  SELECT RAISE(ABORT, 'quote_line_never_changes');
END;
CREATE TRIGGER order_event_never_vanishes BEFORE DELETE ON order_event
BEGIN
  SELECT RAISE(ABORT, 'order_event_never_vanishes');
END;
CREATE TRIGGER payment_never_vanishes BEFORE DELETE ON payment
BEGIN
  SELECT RAISE(ABORT, 'payment_never_vanishes');
END;
CREATE TRIGGER refund_never_vanishes BEFORE DELETE ON refund
BEGIN
  SELECT RAISE(ABORT, 'refund_never_vanishes');
END;
CREATE TRIGGER payment_event_never_vanishes BEFORE DELETE ON payment_event
BEGIN
  SELECT RAISE(ABORT, 'payment_event_never_vanishes');
END;
CREATE TRIGGER ledger_posting_never_vanishes BEFORE DELETE ON ledger_posting
BEGIN
  SELECT RAISE(ABORT, 'ledger_posting_never_vanishes');
END;
CREATE TRIGGER footprint_never_vanishes BEFORE DELETE ON footprint
BEGIN
  SELECT RAISE(ABORT, 'footprint_never_vanishes');
END;
CREATE TRIGGER quote_line_never_vanishes BEFORE DELETE ON quote_line
BEGIN
  SELECT RAISE(ABORT, 'quote_line_never_vanishes');
END;
CREATE TRIGGER buyer_order_never_vanishes BEFORE DELETE ON buyer_order
BEGIN
  SELECT RAISE(ABORT, 'buyer_order_never_vanishes');
END;
CREATE TRIGGER retirement_never_vanishes BEFORE DELETE ON retirement
BEGIN
  SELECT RAISE(ABORT, 'retirement_never_vanishes');
END;
CREATE TRIGGER ledger_transaction_never_vanishes BEFORE DELETE ON ledger_transaction
BEGIN
  SELECT RAISE(ABORT, 'ledger_transaction_never_vanishes');
END;
CREATE TRIGGER block_never_vanishes BEFORE DELETE ON block
BEGIN
  SELECT RAISE(ABORT, 'block_never_vanishes');
END;
CREATE TRIGGER quote_never_vanishes BEFORE DELETE ON quote
BEGIN
  SELECT RAISE(ABORT, 'quote_never_vanishes');
END;
