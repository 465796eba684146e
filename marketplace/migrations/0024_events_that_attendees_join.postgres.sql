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
  organiser_percent BIGINT NOT NULL CHECK (organiser_percent BETWEEN 0 AND 100),
  cap_yen BIGINT NOT NULL CHECK (cap_yen >= 0),
  committed_yen BIGINT NOT NULL CHECK (committed_yen >= 0),
  state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
  opened_by TEXT NOT NULL,
  opened_at TIMESTAMPTZ NOT NULL,
  closed_at TIMESTAMPTZ,
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
  attendee_g BIGINT NOT NULL CHECK (attendee_g >= 0),
  attendee_yen BIGINT NOT NULL CHECK (attendee_yen >= 0),
  organiser_quote_id TEXT UNIQUE REFERENCES quote (id),
  organiser_order_id TEXT UNIQUE REFERENCES buyer_order (id),
  organiser_g BIGINT NOT NULL CHECK (organiser_g >= 0),
  organiser_yen BIGINT NOT NULL CHECK (organiser_yen >= 0),
  organiser_part TEXT NOT NULL CHECK (organiser_part IN ('none', 'held', 'spent', 'returned')),
  joined_at TIMESTAMPTZ NOT NULL,
  settled_at TIMESTAMPTZ,
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

CREATE TRIGGER event_page_moves BEFORE UPDATE OF state ON event_page FOR EACH ROW EXECUTE FUNCTION check_move('event_page');
CREATE TRIGGER event_page_terms_are_frozen BEFORE UPDATE ON event_page FOR EACH ROW
WHEN (NEW.id <> OLD.id OR NEW.code <> OLD.code OR NEW.organisation_id <> OLD.organisation_id OR NEW.name <> OLD.name
  OR NEW.place <> OLD.place OR NEW.venue <> OLD.venue OR NEW.first_day <> OLD.first_day OR NEW.last_day <> OLD.last_day
  OR NEW.reduction_effort <> OLD.reduction_effort OR NEW.payer <> OLD.payer OR NEW.organiser_percent <> OLD.organiser_percent)
EXECUTE FUNCTION refuse('event_page_terms_are_frozen');
CREATE TRIGGER event_page_never_vanishes BEFORE DELETE ON event_page
FOR EACH ROW EXECUTE FUNCTION refuse('event_page_never_vanishes');

CREATE FUNCTION participation_needs_open_page() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- the page is locked: nobody joins while it is being closed
  IF (SELECT state FROM event_page WHERE id = NEW.event_page_id FOR UPDATE) <> 'open' THEN
    RAISE EXCEPTION USING MESSAGE = 'participation_needs_open_page', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER participation_needs_open_page BEFORE INSERT ON participation
FOR EACH ROW EXECUTE FUNCTION participation_needs_open_page();
CREATE FUNCTION participation_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE event_page SET committed_yen = committed_yen + NEW.organiser_yen WHERE id = NEW.event_page_id;
  ELSE
    UPDATE event_page SET committed_yen = committed_yen - NEW.organiser_yen WHERE id = NEW.event_page_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER participation_commits AFTER INSERT ON participation FOR EACH ROW
WHEN (NEW.organiser_part IN ('held', 'spent')) EXECUTE FUNCTION participation_counts();
CREATE TRIGGER participation_frees AFTER UPDATE OF organiser_part ON participation FOR EACH ROW
WHEN (OLD.organiser_part <> 'returned' AND NEW.organiser_part = 'returned') EXECUTE FUNCTION participation_counts();

CREATE FUNCTION participation_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM state_move WHERE machine = 'organiser_part'
      AND from_state = OLD.organiser_part AND to_state = NEW.organiser_part) THEN
    RAISE EXCEPTION USING MESSAGE = 'participation_moves', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER participation_moves BEFORE UPDATE OF organiser_part ON participation FOR EACH ROW
WHEN (OLD.organiser_part <> NEW.organiser_part) EXECUTE FUNCTION participation_moves();
CREATE TRIGGER participation_terms_are_frozen BEFORE UPDATE ON participation FOR EACH ROW
WHEN (NEW.id <> OLD.id OR NEW.event_page_id <> OLD.event_page_id OR NEW.key <> OLD.key OR NEW.token <> OLD.token
  OR NEW.footprint_id <> OLD.footprint_id OR NEW.organiser_sees_name <> OLD.organiser_sees_name
  OR NEW.order_id IS DISTINCT FROM OLD.order_id OR NEW.attendee_g <> OLD.attendee_g OR NEW.attendee_yen <> OLD.attendee_yen
  OR NEW.organiser_quote_id IS DISTINCT FROM OLD.organiser_quote_id OR NEW.organiser_g <> OLD.organiser_g
  OR NEW.organiser_yen <> OLD.organiser_yen
  OR (OLD.organiser_order_id IS NOT NULL AND NEW.organiser_order_id IS DISTINCT FROM OLD.organiser_order_id))
EXECUTE FUNCTION refuse('participation_terms_are_frozen');
CREATE TRIGGER participation_never_vanishes BEFORE DELETE ON participation
FOR EACH ROW EXECUTE FUNCTION refuse('participation_never_vanishes');
