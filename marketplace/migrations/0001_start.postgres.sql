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
  invented BOOLEAN NOT NULL
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
  serial_width BIGINT NOT NULL,
  first_serial BIGINT NOT NULL CHECK (first_serial > 0),
  last_serial BIGINT NOT NULL,
  size BIGINT NOT NULL CHECK (size = last_serial - first_serial + 1 AND size > 0),
  tiled BIGINT NOT NULL,
  vintages TEXT NOT NULL,
  mwh TEXT,
  gj TEXT,
  invented BOOLEAN NOT NULL,
  UNIQUE (registry, serial_prefix, first_serial),
  UNIQUE (id, size),
  -- checked at commit: the intervals' lengths add up to the block's size
  CONSTRAINT block_is_tiled FOREIGN KEY (id, tiled) REFERENCES block (id, size) DEFERRABLE INITIALLY DEFERRED
);
CREATE TYPE textrange AS RANGE (subtype = text, collation = "C");
ALTER TABLE block ADD CONSTRAINT block_no_overlap EXCLUDE USING gist (
  textrange(registry || '/' || serial_prefix, registry || '/' || serial_prefix, '[]') WITH &&,
  int8range(first_serial, last_serial, '[]') WITH &&
);

CREATE TABLE holding (
  id TEXT PRIMARY KEY,
  block_id TEXT NOT NULL REFERENCES block (id),
  account_id TEXT NOT NULL REFERENCES registry_account (id),
  UNIQUE (block_id, account_id)
);

CREATE TABLE listing (
  id TEXT PRIMARY KEY,
  holding_id TEXT NOT NULL REFERENCES holding (id),
  yen_per_tonne BIGINT NOT NULL CHECK (yen_per_tonne > 0),
  minimum_tonnes BIGINT NOT NULL CHECK (minimum_tonnes > 0),
  open BOOLEAN NOT NULL
);
CREATE INDEX listing_by_holding ON listing (holding_id);

CREATE TABLE footprint (
  id TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  total_g BIGINT NOT NULL CHECK (total_g >= 0),
  document TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE quote (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('open', 'used', 'expired')),
  footprint_id TEXT REFERENCES footprint (id),
  tonnes BIGINT NOT NULL CHECK (tonnes > 0),
  credits_yen BIGINT NOT NULL CHECK (credits_yen > 0),
  fee_yen BIGINT NOT NULL CHECK (fee_yen >= 0),
  tax_yen BIGINT NOT NULL CHECK (tax_yen >= 0),
  total_yen BIGINT NOT NULL CHECK (total_yen = credits_yen + fee_yen + tax_yen),
  terms TEXT NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE quote_line (
  id TEXT PRIMARY KEY,
  quote_id TEXT NOT NULL REFERENCES quote (id),
  listing_id TEXT NOT NULL REFERENCES listing (id),
  tonnes BIGINT NOT NULL CHECK (tonnes > 0),
  yen_per_tonne BIGINT NOT NULL CHECK (yen_per_tonne > 0)
);
CREATE INDEX quote_line_by_quote ON quote_line (quote_id);

CREATE TABLE unit_interval (
  id TEXT PRIMARY KEY,
  block_id TEXT NOT NULL REFERENCES block (id),
  holding_id TEXT NOT NULL REFERENCES holding (id),
  first_serial BIGINT NOT NULL CHECK (first_serial > 0),
  last_serial BIGINT NOT NULL CHECK (last_serial >= first_serial),
  state TEXT NOT NULL CHECK (state IN ('available', 'reserved', 'cancelling', 'cancelled', 'withdrawn')),
  quote_line_id TEXT REFERENCES quote_line (id),
  reserved_until TIMESTAMPTZ,
  CHECK ((state IN ('available', 'withdrawn')) = (quote_line_id IS NULL)),
  CHECK ((state = 'reserved') = (reserved_until IS NOT NULL))
  ,
  CONSTRAINT interval_no_overlap EXCLUDE USING gist (
    textrange(block_id, block_id, '[]') WITH &&,
    int8range(first_serial, last_serial, '[]') WITH &&
  )
);
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
  total_yen BIGINT NOT NULL CHECK (total_yen > 0),
  instruction TEXT NOT NULL,
  consent TEXT NOT NULL,
  pay_until TIMESTAMPTZ NOT NULL,
  checkout_session TEXT UNIQUE,
  checkout_url TEXT,
  certificate_number TEXT UNIQUE,
  refund_reason TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  CHECK (state <> 'fulfilled' OR certificate_number IS NOT NULL),
  CHECK ((state IN ('refund_due', 'refunded')) = (refund_reason IS NOT NULL))
);
CREATE INDEX order_by_deadline ON buyer_order (pay_until) WHERE state IN ('quoted', 'awaiting_payment', 'payment_failed');

CREATE TABLE order_event (
  id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  order_id TEXT NOT NULL REFERENCES buyer_order (id),
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL
);
CREATE INDEX order_event_by_order ON order_event (order_id);

CREATE TABLE payment (
  id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL UNIQUE REFERENCES buyer_order (id),
  provider_payment TEXT NOT NULL UNIQUE,
  amount_yen BIGINT NOT NULL CHECK (amount_yen > 0),
  captured_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE refund (
  id TEXT PRIMARY KEY,
  payment_id TEXT NOT NULL UNIQUE REFERENCES payment (id),
  provider_refund TEXT NOT NULL UNIQUE,
  amount_yen BIGINT NOT NULL CHECK (amount_yen > 0),
  refunded_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE payment_event (
  id TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  object_id TEXT NOT NULL,
  body BYTEA NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  received_at TIMESTAMPTZ NOT NULL
);

-- how far the poller has asked the payment provider for events; webhooks never move it
CREATE TABLE payment_poll (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  polled_until TIMESTAMPTZ NOT NULL
);

CREATE TABLE retirement (
  id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL REFERENCES buyer_order (id),
  interval_id TEXT NOT NULL REFERENCES unit_interval (id),
  reference TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('queued', 'submitted', 'confirmed', 'rejected', 'unknown')),
  registry TEXT NOT NULL,
  request TEXT NOT NULL,
  submitted_at TIMESTAMPTZ,
  decided_at TIMESTAMPTZ,
  rejection_reason TEXT,
  review_reason TEXT,
  notice_number TEXT,
  recorded_on DATE,
  notice TEXT,
  notice_document BYTEA,
  notice_media_type TEXT,
  notice_sha256 TEXT,
  created_at TIMESTAMPTZ NOT NULL,
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
  balance BIGINT NOT NULL,
  zero BIGINT NOT NULL CHECK (zero = 0),
  at TIMESTAMPTZ NOT NULL,
  UNIQUE (id, zero),
  -- checked at commit: the postings of a transaction sum to zero
  CONSTRAINT ledger_balances FOREIGN KEY (id, balance) REFERENCES ledger_transaction (id, zero) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX ledger_transaction_by_order ON ledger_transaction (order_id);

CREATE TABLE ledger_posting (
  id TEXT PRIMARY KEY,
  transaction_id TEXT NOT NULL REFERENCES ledger_transaction (id),
  account TEXT NOT NULL,
  amount_yen BIGINT NOT NULL CHECK (amount_yen <> 0)
);
CREATE INDEX ledger_posting_by_account ON ledger_posting (account);
CREATE INDEX ledger_posting_by_transaction ON ledger_posting (transaction_id);

CREATE TABLE job (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  key TEXT NOT NULL UNIQUE,
  payload TEXT NOT NULL,
  run_at TIMESTAMPTZ NOT NULL,
  lease_until TIMESTAMPTZ,
  lease_token TEXT,
  attempts BIGINT NOT NULL,
  done_at TIMESTAMPTZ,
  parked_at TIMESTAMPTZ,
  error TEXT
);
CREATE INDEX job_ready ON job (run_at) WHERE done_at IS NULL AND parked_at IS NULL;

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION interval_rules() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE rule TEXT;
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.state <> 'available' THEN rule := 'interval_only_available_vanishes'; END IF;
  ELSE
    IF TG_OP = 'UPDATE' THEN
      IF OLD.state = 'cancelled' THEN rule := 'interval_cancelled_is_final';
      ELSIF NEW.id <> OLD.id OR NEW.block_id <> OLD.block_id OR NEW.holding_id <> OLD.holding_id THEN
        rule := 'interval_never_changes_home';
      ELSIF NEW.state <> OLD.state AND NOT EXISTS (
          SELECT 1 FROM state_move WHERE machine = 'interval' AND from_state = OLD.state AND to_state = NEW.state) THEN
        rule := 'interval_moves';
      ELSIF NEW.state = 'cancelled' AND NOT EXISTS (
          SELECT 1 FROM retirement WHERE interval_id = NEW.id AND state = 'confirmed') THEN
        rule := 'interval_cancelled_with_notice';
      END IF;
    ELSIF NEW.state = 'cancelled' THEN rule := 'interval_never_born_cancelled';
    END IF;
    IF rule IS NULL AND NOT EXISTS (
        SELECT 1 FROM block b JOIN holding h ON h.block_id = b.id WHERE b.id = NEW.block_id AND h.id = NEW.holding_id
          AND b.first_serial <= NEW.first_serial AND NEW.last_serial <= b.last_serial) THEN
      rule := 'interval_inside_block';
    END IF;
  END IF;
  IF rule IS NOT NULL THEN RAISE EXCEPTION USING MESSAGE = rule, ERRCODE = 'restrict_violation'; END IF;
  RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER interval_rules BEFORE INSERT OR UPDATE OR DELETE ON unit_interval
FOR EACH ROW EXECUTE FUNCTION interval_rules();

CREATE FUNCTION interval_tiles() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE grown BIGINT := 0;
BEGIN
  IF TG_OP <> 'INSERT' THEN grown := grown - (OLD.last_serial - OLD.first_serial + 1); END IF;
  IF TG_OP <> 'DELETE' THEN grown := grown + (NEW.last_serial - NEW.first_serial + 1); END IF;
  IF grown <> 0 THEN UPDATE block SET tiled = tiled + grown WHERE id = COALESCE(NEW.block_id, OLD.block_id); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER interval_tiles AFTER INSERT OR UPDATE OR DELETE ON unit_interval
FOR EACH ROW EXECUTE FUNCTION interval_tiles();

CREATE FUNCTION check_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> OLD.state AND NOT EXISTS (
      SELECT 1 FROM state_move WHERE machine = TG_ARGV[0] AND from_state = OLD.state AND to_state = NEW.state) THEN
    RAISE EXCEPTION USING MESSAGE = TG_ARGV[0] || '_moves', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER quote_moves BEFORE UPDATE OF state ON quote FOR EACH ROW EXECUTE FUNCTION check_move('quote');
CREATE TRIGGER order_moves BEFORE UPDATE OF state ON buyer_order FOR EACH ROW EXECUTE FUNCTION check_move('order');
CREATE TRIGGER retirement_moves BEFORE UPDATE OF state ON retirement FOR EACH ROW EXECUTE FUNCTION check_move('retirement');

CREATE TRIGGER order_terms_are_frozen BEFORE UPDATE ON buyer_order FOR EACH ROW
WHEN (NEW.quote_id <> OLD.quote_id OR NEW.total_yen <> OLD.total_yen OR NEW.instruction <> OLD.instruction OR NEW.consent <> OLD.consent)
EXECUTE FUNCTION refuse('order_terms_are_frozen');
CREATE TRIGGER retirement_is_final BEFORE UPDATE ON retirement FOR EACH ROW
WHEN (OLD.state IN ('confirmed', 'rejected')) EXECUTE FUNCTION refuse('retirement_is_final');
CREATE TRIGGER retirement_request_is_frozen BEFORE UPDATE ON retirement FOR EACH ROW
WHEN (NEW.order_id <> OLD.order_id OR NEW.interval_id <> OLD.interval_id OR NEW.reference <> OLD.reference OR NEW.registry <> OLD.registry OR NEW.request <> OLD.request)
EXECUTE FUNCTION refuse('retirement_request_is_frozen');

CREATE FUNCTION ledger_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE ledger_transaction SET balance = balance + NEW.amount_yen WHERE id = NEW.transaction_id;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_adds_up AFTER INSERT ON ledger_posting FOR EACH ROW EXECUTE FUNCTION ledger_adds_up();
CREATE TRIGGER order_event_never_changes BEFORE UPDATE OR DELETE ON order_event
FOR EACH ROW EXECUTE FUNCTION refuse('order_event_never_changes');
CREATE TRIGGER payment_never_changes BEFORE UPDATE OR DELETE ON payment
FOR EACH ROW EXECUTE FUNCTION refuse('payment_never_changes');
CREATE TRIGGER refund_never_changes BEFORE UPDATE OR DELETE ON refund
FOR EACH ROW EXECUTE FUNCTION refuse('refund_never_changes');
CREATE TRIGGER payment_event_never_changes BEFORE UPDATE OR DELETE ON payment_event
FOR EACH ROW EXECUTE FUNCTION refuse('payment_event_never_changes');
CREATE TRIGGER ledger_posting_never_changes BEFORE UPDATE OR DELETE ON ledger_posting
FOR EACH ROW EXECUTE FUNCTION refuse('ledger_posting_never_changes');
CREATE TRIGGER footprint_never_changes BEFORE UPDATE OR DELETE ON footprint
FOR EACH ROW EXECUTE FUNCTION refuse('footprint_never_changes');
CREATE TRIGGER quote_line_never_changes BEFORE UPDATE OR DELETE ON quote_line
FOR EACH ROW EXECUTE FUNCTION refuse('quote_line_never_changes');
CREATE TRIGGER buyer_order_never_vanishes BEFORE DELETE ON buyer_order
FOR EACH ROW EXECUTE FUNCTION refuse('buyer_order_never_vanishes');
CREATE TRIGGER retirement_never_vanishes BEFORE DELETE ON retirement
FOR EACH ROW EXECUTE FUNCTION refuse('retirement_never_vanishes');
CREATE TRIGGER ledger_transaction_never_vanishes BEFORE DELETE ON ledger_transaction
FOR EACH ROW EXECUTE FUNCTION refuse('ledger_transaction_never_vanishes');
CREATE TRIGGER block_never_vanishes BEFORE DELETE ON block
FOR EACH ROW EXECUTE FUNCTION refuse('block_never_vanishes');
CREATE TRIGGER quote_never_vanishes BEFORE DELETE ON quote
FOR EACH ROW EXECUTE FUNCTION refuse('quote_never_vanishes');
