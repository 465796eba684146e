-- The desk: cancellations that people carry out in a registry's own web form.
-- An item is what one retirement asks for; an application is what is typed into the form in one go, every word of it frozen.
-- Nothing here is confirmed without the registry's notice and its stored document.

INSERT INTO state_move (machine, from_state, to_state) VALUES
  ('desk_application', 'prepared', 'taken'),
  ('desk_application', 'prepared', 'withdrawn'),
  ('desk_application', 'taken', 'prepared'),
  ('desk_application', 'taken', 'executed'),
  ('desk_application', 'taken', 'refused'),
  ('desk_application', 'taken', 'withdrawn'),
  ('desk_application', 'executed', 'taken'),
  ('desk_application', 'executed', 'noticed'),
  ('desk_application', 'executed', 'confirmed'),
  ('desk_application', 'executed', 'partly_confirmed'),
  ('desk_application', 'executed', 'refused'),
  ('desk_application', 'noticed', 'executed'),
  ('desk_application', 'noticed', 'confirmed'),
  ('desk_application', 'noticed', 'partly_confirmed'),
  ('desk_item', 'waiting', 'frozen'),
  ('desk_item', 'waiting', 'rejected'),
  ('desk_item', 'frozen', 'waiting'),
  ('desk_item', 'frozen', 'confirmed'),
  ('desk_item', 'frozen', 'partly_confirmed'),
  ('desk_item', 'frozen', 'rejected');

CREATE TABLE desk_application (
  id TEXT PRIMARY KEY,
  registry TEXT NOT NULL,
  account TEXT NOT NULL,
  provider_id TEXT NOT NULL REFERENCES provider (id),
  act TEXT NOT NULL,
  use_code TEXT NOT NULL,
  purpose_detail TEXT NOT NULL,
  credit_user TEXT NOT NULL,
  scope TEXT NOT NULL,
  tonnes INTEGER NOT NULL CHECK (typeof(tonnes) IN ('integer', 'null')) CHECK (tonnes > 0),
  content TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('prepared', 'taken', 'executed', 'noticed', 'confirmed', 'partly_confirmed', 'refused', 'withdrawn')),
  waiting_since TIMESTAMP NOT NULL,
  due_at TIMESTAMP NOT NULL,
  frozen_at TIMESTAMP NOT NULL,
  frozen_by TEXT,
  holder TEXT,
  held_since TIMESTAMP,
  executed_by TEXT,
  executed_at TIMESTAMP,
  executed_on DATE,
  notice_number TEXT,
  recorded_on DATE,
  notice TEXT,
  document_sha256 TEXT,
  entered_by TEXT,
  entered_at TIMESTAMP,
  confirmed_by TEXT,
  decided_at TIMESTAMP,
  rejection_reason TEXT,
  reminded_at TIMESTAMP,
  alarmed_at TIMESTAMP,
  CHECK ((holder IS NULL) = (held_since IS NULL)),
  CHECK (state IN ('prepared', 'withdrawn') OR holder IS NOT NULL),
  CHECK (state NOT IN ('executed', 'noticed', 'confirmed', 'partly_confirmed') OR
    (executed_by IS NOT NULL AND executed_at IS NOT NULL AND executed_on IS NOT NULL)),
  CHECK (state NOT IN ('noticed', 'confirmed', 'partly_confirmed') OR
    (notice_number IS NOT NULL AND recorded_on IS NOT NULL AND notice IS NOT NULL AND document_sha256 IS NOT NULL
      AND entered_by IS NOT NULL AND entered_at IS NOT NULL)),
  CHECK (state NOT IN ('confirmed', 'partly_confirmed') OR confirmed_by IS NOT NULL),
  CHECK ((state IN ('confirmed', 'partly_confirmed', 'refused', 'withdrawn')) = (decided_at IS NOT NULL)),
  CHECK ((state = 'refused') = (rejection_reason IS NOT NULL)),
  FOREIGN KEY (id, document_sha256) REFERENCES desk_document (application_id, sha256)
);
CREATE INDEX desk_application_open ON desk_application (due_at, id)
  WHERE state IN ('prepared', 'taken', 'executed', 'noticed');
CREATE INDEX desk_application_decided ON desk_application (decided_at) WHERE decided_at IS NOT NULL;
-- one notice settles one application
CREATE UNIQUE INDEX desk_notice_once ON desk_application (registry, notice_number)
  WHERE state IN ('noticed', 'confirmed', 'partly_confirmed');

CREATE TABLE desk_document (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  application_id TEXT NOT NULL REFERENCES desk_application (id),
  sha256 TEXT NOT NULL,
  media_type TEXT NOT NULL CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg')),
  content BLOB NOT NULL,
  uploaded_by TEXT NOT NULL,
  uploaded_at TIMESTAMP NOT NULL,
  UNIQUE (application_id, sha256)
);

CREATE TABLE desk_item (
  reference TEXT PRIMARY KEY,
  registry TEXT NOT NULL,
  account TEXT NOT NULL,
  provider_id TEXT NOT NULL REFERENCES provider (id),
  block TEXT NOT NULL,
  first_serial INTEGER NOT NULL CHECK (typeof(first_serial) IN ('integer', 'null')) CHECK (first_serial > 0),
  last_serial INTEGER NOT NULL CHECK (typeof(last_serial) IN ('integer', 'null')) CHECK (last_serial >= first_serial),
  act TEXT NOT NULL,
  use_code TEXT NOT NULL,
  purpose_detail TEXT NOT NULL,
  credit_user TEXT NOT NULL,
  scope TEXT NOT NULL,
  batch_key TEXT NOT NULL,
  queued_at TIMESTAMP NOT NULL,
  freeze_at TIMESTAMP NOT NULL,
  due_at TIMESTAMP NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'frozen', 'confirmed', 'partly_confirmed', 'rejected')),
  application_id TEXT REFERENCES desk_application (id),
  confirmed_serials TEXT,
  rejection_reason TEXT,
  decided_at TIMESTAMP,
  CHECK (state = 'waiting' OR state = 'rejected' OR application_id IS NOT NULL),
  CHECK (state <> 'waiting' OR application_id IS NULL),
  CHECK ((state IN ('confirmed', 'partly_confirmed')) = (confirmed_serials IS NOT NULL)),
  CHECK ((state = 'rejected') = (rejection_reason IS NOT NULL)),
  CHECK ((state IN ('waiting', 'frozen')) = (decided_at IS NULL))
);
CREATE INDEX desk_item_waiting ON desk_item (batch_key, queued_at) WHERE state = 'waiting';
CREATE INDEX desk_item_to_freeze ON desk_item (freeze_at) WHERE state = 'waiting';
CREATE INDEX desk_item_by_application ON desk_item (application_id);

CREATE TRIGGER desk_application_moves BEFORE UPDATE OF state ON desk_application
WHEN NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'desk_application_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'desk_application' AND from_state = OLD.state AND to_state = NEW.state);
END;
CREATE TRIGGER desk_application_is_frozen BEFORE UPDATE ON desk_application
WHEN NEW.id <> OLD.id OR NEW.registry <> OLD.registry OR NEW.account <> OLD.account OR NEW.provider_id <> OLD.provider_id
  OR NEW.act <> OLD.act OR NEW.use_code <> OLD.use_code OR NEW.purpose_detail <> OLD.purpose_detail
  OR NEW.credit_user <> OLD.credit_user OR NEW.scope <> OLD.scope OR NEW.tonnes <> OLD.tonnes
  OR NEW.content <> OLD.content OR NEW.fingerprint <> OLD.fingerprint OR NEW.frozen_at <> OLD.frozen_at
BEGIN
  SELECT RAISE(ABORT, 'desk_application_is_frozen');
END;
CREATE TRIGGER desk_application_is_final BEFORE UPDATE ON desk_application
WHEN OLD.decided_at IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'desk_application_is_final');
END;
CREATE TRIGGER desk_application_never_vanishes BEFORE DELETE ON desk_application
BEGIN
  SELECT RAISE(ABORT, 'desk_application_never_vanishes');
END;
CREATE TRIGGER desk_document_never_changes BEFORE UPDATE ON desk_document
BEGIN
  SELECT RAISE(ABORT, 'desk_document_never_changes');
END;
CREATE TRIGGER desk_document_never_vanishes BEFORE DELETE ON desk_document
BEGIN
  SELECT RAISE(ABORT, 'desk_document_never_vanishes');
END;
CREATE TRIGGER desk_item_moves BEFORE UPDATE OF state ON desk_item
WHEN NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'desk_item_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'desk_item' AND from_state = OLD.state AND to_state = NEW.state);
END;
CREATE TRIGGER desk_item_is_final BEFORE UPDATE ON desk_item
WHEN OLD.decided_at IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'desk_item_is_final');
END;
CREATE TRIGGER desk_item_request_is_frozen BEFORE UPDATE ON desk_item
WHEN NEW.reference <> OLD.reference OR NEW.registry <> OLD.registry OR NEW.account <> OLD.account
  OR NEW.provider_id <> OLD.provider_id OR NEW.block <> OLD.block OR NEW.first_serial <> OLD.first_serial
  OR NEW.last_serial <> OLD.last_serial OR NEW.act <> OLD.act OR NEW.use_code <> OLD.use_code
  OR NEW.purpose_detail <> OLD.purpose_detail OR NEW.credit_user <> OLD.credit_user OR NEW.scope <> OLD.scope
  OR NEW.batch_key <> OLD.batch_key OR NEW.queued_at <> OLD.queued_at
BEGIN
  SELECT RAISE(ABORT, 'desk_item_request_is_frozen');
END;
CREATE TRIGGER desk_item_confirmed_with_notice BEFORE UPDATE OF state ON desk_item
WHEN NEW.state IN ('confirmed', 'partly_confirmed') AND NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'desk_item_confirmed_with_notice') WHERE NOT EXISTS (
    SELECT 1 FROM desk_application WHERE id = NEW.application_id AND state IN ('confirmed', 'partly_confirmed'));
END;
CREATE TRIGGER desk_item_never_vanishes BEFORE DELETE ON desk_item
BEGIN
  SELECT RAISE(ABORT, 'desk_item_never_vanishes');
END;

-- One notice may answer for many retirements, since one application does. SQLite cannot drop a constraint, so the table is
-- written anew, but for that constraint as it was; no other table points at it.
CREATE TABLE retirement_before AS SELECT * FROM retirement;
DROP TABLE retirement;
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
  -- a certificate says "cancelled" only with the registry's notice stored
  CHECK (state <> 'confirmed' OR (notice_number IS NOT NULL AND recorded_on IS NOT NULL AND notice IS NOT NULL
    AND notice_document IS NOT NULL AND notice_sha256 IS NOT NULL AND review_reason IS NULL)),
  CHECK ((state = 'rejected') = (rejection_reason IS NOT NULL)),
  CHECK (state = 'queued' OR submitted_at IS NOT NULL)
);
CREATE INDEX retirement_by_order ON retirement (order_id);
-- an interval may be asked for again only after the registry refused the earlier request
CREATE UNIQUE INDEX retirement_one_live_per_interval ON retirement (interval_id) WHERE state <> 'rejected';

INSERT INTO retirement (id, order_id, interval_id, reference, state, registry, request, submitted_at, decided_at, rejection_reason, review_reason, notice_number, recorded_on, notice, notice_document, notice_media_type, notice_sha256, created_at)
  SELECT id, order_id, interval_id, reference, state, registry, request, submitted_at, decided_at, rejection_reason, review_reason, notice_number, recorded_on, notice, notice_document, notice_media_type, notice_sha256, created_at FROM retirement_before;
DROP TABLE retirement_before;
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
CREATE TRIGGER retirement_never_vanishes BEFORE DELETE ON retirement
BEGIN
  SELECT RAISE(ABORT, 'retirement_never_vanishes');
END;
CREATE INDEX retirement_by_notice ON retirement (registry, notice_number);
CREATE TRIGGER retirement_same_notice_same_document BEFORE UPDATE OF state ON retirement
WHEN NEW.state = 'confirmed'
BEGIN
  SELECT RAISE(ABORT, 'retirement_same_notice_same_document') WHERE EXISTS (
    SELECT 1 FROM retirement WHERE registry = NEW.registry AND notice_number = NEW.notice_number
      AND notice_sha256 <> NEW.notice_sha256);
END;
