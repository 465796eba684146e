-- What a registry's answers lead to: parts of an order that could not be cancelled, and differences found by reconciliation.

-- a part of a paid order that nothing could replace: its price goes back, the rest is certified
CREATE TABLE order_shortfall (
  retirement_id TEXT PRIMARY KEY REFERENCES retirement (id),
  order_id TEXT NOT NULL REFERENCES buyer_order (id),
  quote_line_id TEXT NOT NULL REFERENCES quote_line (id),
  tonnes INTEGER NOT NULL CHECK (typeof(tonnes) IN ('integer', 'null')) CHECK (tonnes > 0),
  reason TEXT NOT NULL CHECK (reason IN ('registry_refused', 'partly_confirmed')),
  at TIMESTAMP NOT NULL
);
CREATE INDEX order_shortfall_by_order ON order_shortfall (order_id);
CREATE TRIGGER order_shortfall_is_of_a_refusal BEFORE INSERT ON order_shortfall
BEGIN
  SELECT RAISE(ABORT, 'order_shortfall_is_of_a_refusal') WHERE NOT EXISTS (
    SELECT 1 FROM retirement WHERE id = NEW.retirement_id AND order_id = NEW.order_id AND state = 'rejected');
END;
CREATE TRIGGER order_shortfall_never_changes BEFORE UPDATE ON order_shortfall
BEGIN
  SELECT RAISE(ABORT, 'order_shortfall_never_changes');
END;
CREATE TRIGGER order_shortfall_never_vanishes BEFORE DELETE ON order_shortfall
BEGIN
  SELECT RAISE(ABORT, 'order_shortfall_never_vanishes');
END;

CREATE INDEX retirement_needing_a_person ON retirement (id) WHERE review_reason IS NOT NULL;
CREATE INDEX retirement_by_state ON retirement (state, submitted_at) WHERE state IN ('submitted', 'unknown');
-- the public ledger reads from the latest backwards
CREATE INDEX retirement_confirmed ON retirement (recorded_on, id) WHERE state = 'confirmed';
CREATE INDEX job_parked ON job (parked_at) WHERE parked_at IS NOT NULL;

-- one comparison of one account with what its registry says; differences make cases
CREATE TABLE reconciliation_run (
  id TEXT PRIMARY KEY,
  registry TEXT NOT NULL,
  account TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('gateway', 'list')),
  state TEXT NOT NULL CHECK (state IN ('compared', 'not_compared')),
  reason TEXT,
  differences INTEGER NOT NULL CHECK (typeof(differences) IN ('integer', 'null')) CHECK (differences >= 0),
  started_at TIMESTAMP NOT NULL,
  compared_on DATE NOT NULL,
  CHECK ((state = 'not_compared') = (reason IS NOT NULL))
);
CREATE INDEX reconciliation_run_by_account ON reconciliation_run (registry, account, started_at);

INSERT INTO state_move (machine, from_state, to_state) VALUES
  ('reconciliation_case', 'open', 'taken'),
  ('reconciliation_case', 'open', 'gone'),
  ('reconciliation_case', 'taken', 'open'),
  ('reconciliation_case', 'taken', 'explained'),
  ('reconciliation_case', 'taken', 'gone'),
  ('reconciliation_case', 'explained', 'taken'),
  ('reconciliation_case', 'explained', 'gone'),
  ('reconciliation_case', 'gone', 'open');

CREATE TABLE reconciliation_case (
  key TEXT PRIMARY KEY,
  registry TEXT NOT NULL,
  account TEXT NOT NULL,
  block TEXT NOT NULL,
  first_serial INTEGER NOT NULL CHECK (typeof(first_serial) IN ('integer', 'null')) CHECK (first_serial > 0),
  last_serial INTEGER NOT NULL CHECK (typeof(last_serial) IN ('integer', 'null')) CHECK (last_serial >= first_serial),
  code TEXT NOT NULL,
  gravity INTEGER NOT NULL CHECK (typeof(gravity) IN ('integer', 'null')),
  ours TEXT NOT NULL,
  theirs TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'taken', 'explained', 'gone')),
  owner TEXT,
  first_seen TIMESTAMP NOT NULL,
  last_seen TIMESTAMP NOT NULL,
  -- nobody closes a difference without having taken it
  CHECK (state <> 'taken' OR owner IS NOT NULL),
  CHECK (state <> 'explained' OR owner IS NOT NULL)
);
CREATE INDEX reconciliation_case_by_state ON reconciliation_case (state, gravity, last_seen);
CREATE INDEX reconciliation_case_by_account ON reconciliation_case (registry, account);
CREATE TRIGGER reconciliation_case_moves BEFORE UPDATE OF state ON reconciliation_case
WHEN NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'reconciliation_case_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'reconciliation_case' AND from_state = OLD.state AND to_state = NEW.state);
END;
CREATE TRIGGER reconciliation_case_never_vanishes BEFORE DELETE ON reconciliation_case
BEGIN
  SELECT RAISE(ABORT, 'reconciliation_case_never_vanishes');
END;

CREATE TABLE reconciliation_note (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  case_key TEXT NOT NULL REFERENCES reconciliation_case (key),
  author TEXT NOT NULL,
  act TEXT NOT NULL CHECK (act IN ('found', 'found_again', 'gone', 'taken', 'given_back', 'explained', 'noted')),
  text TEXT,
  at TIMESTAMP NOT NULL,
  CHECK (act NOT IN ('given_back', 'explained', 'noted') OR text IS NOT NULL)
);
CREATE INDEX reconciliation_note_by_case ON reconciliation_note (case_key, id);
CREATE TRIGGER reconciliation_note_never_changes BEFORE UPDATE ON reconciliation_note
BEGIN
  SELECT RAISE(ABORT, 'reconciliation_note_never_changes');
END;
CREATE TRIGGER reconciliation_note_never_vanishes BEFORE DELETE ON reconciliation_note
BEGIN
  SELECT RAISE(ABORT, 'reconciliation_note_never_vanishes');
END;
