-- Event pages that attendees open on their phones, and each one's own travel: paid by the organiser, by themselves, or by both.
-- What the organiser has promised on a page never exceeds its cap, whoever joins at the same moment.

CREATE TABLE event_page (
  id TEXT PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  organisation_id TEXT NOT NULL REFERENCES organisation (id),
  name TEXT NOT NULL CHECK (name <> ''),
  place TEXT NOT NULL,
  venue TEXT NOT NULL,
  first_day DATE NOT NULL,
  last_day DATE NOT NULL CHECK (last_day >= first_day),
  reduction_effort TEXT NOT NULL CHECK (reduction_effort <> ''),
  payer TEXT NOT NULL CHECK (payer IN ('organiser', 'attendee', 'split')),
  organiser_percent INTEGER NOT NULL CHECK (typeof(organiser_percent) = 'integer' AND organiser_percent BETWEEN 0 AND 100),
  cap_yen INTEGER NOT NULL CHECK (typeof(cap_yen) = 'integer' AND cap_yen >= 0),
  committed_yen INTEGER NOT NULL CHECK (typeof(committed_yen) = 'integer' AND committed_yen >= 0),
  state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
  opened_by TEXT NOT NULL,
  opened_at TIMESTAMP NOT NULL,
  closed_at TIMESTAMP,
  CONSTRAINT event_page_cap_holds CHECK (committed_yen <= cap_yen),
  CHECK (CASE payer WHEN 'organiser' THEN organiser_percent = 100 WHEN 'attendee' THEN organiser_percent = 0
    ELSE organiser_percent BETWEEN 1 AND 99 END),
  CHECK ((state = 'closed') = (closed_at IS NOT NULL))
);
CREATE INDEX event_page_by_organisation ON event_page (organisation_id, id);

-- order_id is what the attendee pays, organiser_order_id what the organiser pays; before that order exists, organiser_quote_id
-- holds its grams and an account of the ledger its money. `email` is kept until the mail about the organiser's part is written.
CREATE TABLE participation (
  id TEXT PRIMARY KEY,
  event_page_id TEXT NOT NULL REFERENCES event_page (id),
  key TEXT NOT NULL UNIQUE,
  token TEXT NOT NULL UNIQUE,
  footprint_id TEXT NOT NULL REFERENCES footprint (id),
  locale TEXT NOT NULL,
  organiser_sees_name BOOLEAN NOT NULL,
  email TEXT,
  order_id TEXT UNIQUE REFERENCES buyer_order (id),
  attendee_g INTEGER NOT NULL CHECK (typeof(attendee_g) = 'integer' AND attendee_g >= 0),
  attendee_yen INTEGER NOT NULL CHECK (typeof(attendee_yen) = 'integer' AND attendee_yen >= 0),
  organiser_quote_id TEXT UNIQUE REFERENCES quote (id),
  organiser_order_id TEXT UNIQUE REFERENCES buyer_order (id),
  organiser_g INTEGER NOT NULL CHECK (typeof(organiser_g) = 'integer' AND organiser_g >= 0),
  organiser_yen INTEGER NOT NULL CHECK (typeof(organiser_yen) = 'integer' AND organiser_yen >= 0),
  organiser_part TEXT NOT NULL CHECK (organiser_part IN ('none', 'held', 'spent', 'returned')),
  joined_at TIMESTAMP NOT NULL,
  settled_at TIMESTAMP,
  CHECK (attendee_g + organiser_g > 0),
  CHECK ((order_id IS NULL) = (attendee_g = 0)),
  CHECK ((organiser_part = 'none') = (organiser_g = 0)),
  CHECK ((organiser_quote_id IS NULL) = (organiser_g = 0)),
  CHECK (organiser_part <> 'spent' OR organiser_order_id IS NOT NULL)
);
CREATE INDEX participation_by_page ON participation (event_page_id, id);
CREATE INDEX participation_open ON participation (joined_at) WHERE settled_at IS NULL;

INSERT INTO state_move (machine, from_state, to_state) VALUES
  ('event_page', 'open', 'closed'),
  ('organiser_part', 'held', 'spent'),
  ('organiser_part', 'held', 'returned'),
  ('organiser_part', 'spent', 'returned');

CREATE TRIGGER event_page_moves BEFORE UPDATE OF state ON event_page
WHEN NEW.state <> OLD.state
BEGIN
  SELECT RAISE(ABORT, 'event_page_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'event_page' AND from_state = OLD.state AND to_state = NEW.state);
END;
CREATE TRIGGER event_page_terms_are_frozen BEFORE UPDATE ON event_page
WHEN NEW.id <> OLD.id OR NEW.code <> OLD.code OR NEW.organisation_id <> OLD.organisation_id OR NEW.name <> OLD.name
  OR NEW.place <> OLD.place OR NEW.venue <> OLD.venue OR NEW.first_day <> OLD.first_day OR NEW.last_day <> OLD.last_day
  OR NEW.reduction_effort <> OLD.reduction_effort OR NEW.payer <> OLD.payer OR NEW.organiser_percent <> OLD.organiser_percent
BEGIN
  SELECT RAISE(ABORT, 'event_page_terms_are_frozen');
END;
CREATE TRIGGER event_page_never_vanishes BEFORE DELETE ON event_page
BEGIN
  SELECT RAISE(ABORT, 'event_page_never_vanishes');
END;

CREATE TRIGGER participation_needs_open_page BEFORE INSERT ON participation
BEGIN
  SELECT RAISE(ABORT, 'participation_needs_open_page') WHERE NOT EXISTS (
    SELECT 1 FROM event_page WHERE id = NEW.event_page_id AND state = 'open');
END;
CREATE TRIGGER participation_commits AFTER INSERT ON participation
WHEN NEW.organiser_part IN ('held', 'spent')
BEGIN
  UPDATE event_page SET committed_yen = committed_yen + NEW.organiser_yen WHERE id = NEW.event_page_id;
END;
CREATE TRIGGER participation_frees AFTER UPDATE OF organiser_part ON participation
WHEN OLD.organiser_part <> 'returned' AND NEW.organiser_part = 'returned'
BEGIN
  UPDATE event_page SET committed_yen = committed_yen - NEW.organiser_yen WHERE id = NEW.event_page_id;
END;
CREATE TRIGGER participation_moves BEFORE UPDATE OF organiser_part ON participation
WHEN OLD.organiser_part <> NEW.organiser_part
BEGIN
  SELECT RAISE(ABORT, 'participation_moves') WHERE NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'organiser_part' AND from_state = OLD.organiser_part AND to_state = NEW.organiser_part);
END;
CREATE TRIGGER participation_terms_are_frozen BEFORE UPDATE ON participation
WHEN NEW.id <> OLD.id OR NEW.event_page_id <> OLD.event_page_id OR NEW.key <> OLD.key OR NEW.token <> OLD.token
  OR NEW.footprint_id <> OLD.footprint_id OR NEW.organiser_sees_name <> OLD.organiser_sees_name
  OR NEW.order_id IS NOT OLD.order_id OR NEW.attendee_g <> OLD.attendee_g OR NEW.attendee_yen <> OLD.attendee_yen
  OR NEW.organiser_quote_id IS NOT OLD.organiser_quote_id OR NEW.organiser_g <> OLD.organiser_g
  OR NEW.organiser_yen <> OLD.organiser_yen
  OR (OLD.organiser_order_id IS NOT NULL AND NEW.organiser_order_id IS NOT OLD.organiser_order_id)
BEGIN
  SELECT RAISE(ABORT, 'participation_terms_are_frozen');
END;
CREATE TRIGGER participation_never_vanishes BEFORE DELETE ON participation
BEGIN
  SELECT RAISE(ABORT, 'participation_never_vanishes');
END;
