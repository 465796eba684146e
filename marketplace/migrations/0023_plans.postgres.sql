-- Monthly plans: a household's electricity, paid month by month. What a month costs and covers is written down before it is
-- paid; no day of a plan is paid twice, and no payment makes two months.

INSERT INTO state_move (machine, from_state, to_state) VALUES
  ('plan', 'awaiting_payment', 'active'),
  ('plan', 'awaiting_payment', 'lapsed'),
  ('plan', 'active', 'paused'),
  ('plan', 'active', 'past_due'),
  ('plan', 'active', 'ended'),
  ('plan', 'paused', 'active'),
  ('plan', 'paused', 'past_due'),
  ('plan', 'paused', 'ended'),
  ('plan', 'past_due', 'active'),
  ('plan', 'past_due', 'ended');

CREATE TABLE plan (
  id TEXT PRIMARY KEY,
  access_token TEXT NOT NULL UNIQUE,
  external_id TEXT UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('awaiting_payment', 'active', 'paused', 'past_due', 'ended', 'lapsed')),
  state_since TIMESTAMPTZ NOT NULL,
  -- counts what the person or we decided, so that a slow call to the provider notices that it is out of date
  version BIGINT NOT NULL CHECK (version > 0),
  email TEXT NOT NULL,
  locale TEXT NOT NULL,
  public_name TEXT NOT NULL,
  reduction_effort TEXT NOT NULL CHECK (reduction_effort <> ''),
  consent TEXT NOT NULL,
  -- a gift is paid once, for this many months, by somebody else
  gift_months BIGINT CHECK (gift_months BETWEEN 1 AND 24),
  giver_email TEXT,
  giver_name TEXT,
  edition TEXT NOT NULL,
  checkout_session TEXT UNIQUE,
  checkout_url TEXT,
  pay_until TIMESTAMPTZ NOT NULL,
  subscription TEXT UNIQUE,
  customer TEXT,
  paid_until TIMESTAMPTZ,
  ended_because TEXT CHECK (ended_because IN ('by_person', 'card_failed', 'provider', 'gift_over')),
  created_at TIMESTAMPTZ NOT NULL,
  CHECK ((state = 'ended') = (ended_because IS NOT NULL)),
  CHECK ((gift_months IS NULL) = (giver_email IS NULL)),
  CHECK (gift_months IS NULL OR subscription IS NULL)
);
CREATE INDEX plan_by_email ON plan (email);
CREATE INDEX plan_not_begun ON plan (pay_until) WHERE state = 'awaiting_payment';
CREATE INDEX plan_by_paid_until ON plan (paid_until) WHERE state IN ('active', 'paused', 'past_due');
CREATE INDEX plan_by_edition ON plan (edition) WHERE state IN ('active', 'paused', 'past_due');
CREATE INDEX plan_past_due ON plan (state_since) WHERE state = 'past_due';

CREATE TRIGGER plan_moves BEFORE UPDATE OF state ON plan FOR EACH ROW EXECUTE FUNCTION check_move('plan');
CREATE TRIGGER plan_never_vanishes BEFORE DELETE ON plan FOR EACH ROW EXECUTE FUNCTION refuse('plan_never_vanishes');

-- what a month costs and covers from a moment on; the newest version is what the next month will be
CREATE TABLE plan_terms (
  id TEXT PRIMARY KEY,
  plan_id TEXT NOT NULL REFERENCES plan (id),
  version BIGINT NOT NULL CHECK (version > 0),
  because TEXT NOT NULL CHECK (because IN ('begun', 'changed', 'edition', 'bill')),
  menu TEXT,
  kwh TEXT,
  household_size TEXT,
  edition TEXT NOT NULL,
  footprint_id TEXT NOT NULL REFERENCES footprint (id),
  month_g BIGINT NOT NULL CHECK (month_g > 0),
  carried_g BIGINT NOT NULL,
  listing_id TEXT NOT NULL REFERENCES listing (id),
  yen_per_tonne BIGINT NOT NULL CHECK (yen_per_tonne > 0),
  fee_basis_points BIGINT NOT NULL CHECK (fee_basis_points >= 0),
  total_yen BIGINT NOT NULL CHECK (total_yen > 0),
  created_at TIMESTAMPTZ NOT NULL,
  UNIQUE (plan_id, version),
  UNIQUE (plan_id, id),
  CHECK ((kwh IS NULL) <> (household_size IS NULL)),
  -- a month comes out of one pool tonne
  CHECK (month_g + carried_g > 0 AND month_g + carried_g < 1000000)
);
CREATE TRIGGER plan_terms_never_change BEFORE UPDATE OR DELETE ON plan_terms
FOR EACH ROW EXECUTE FUNCTION refuse('plan_terms_never_change');

-- a paid month: its days in Japan time, both included, and the order that covers it
CREATE TABLE plan_month (
  id TEXT PRIMARY KEY,
  plan_id TEXT NOT NULL REFERENCES plan (id),
  terms_id TEXT NOT NULL REFERENCES plan_terms (id),
  first_day DATE NOT NULL,
  last_day DATE NOT NULL,
  invoice TEXT UNIQUE,
  order_id TEXT NOT NULL UNIQUE REFERENCES buyer_order (id),
  paid_at TIMESTAMPTZ NOT NULL,
  told_at TIMESTAMPTZ,
  UNIQUE (plan_id, first_day),
  CHECK (first_day <= last_day),
  CONSTRAINT plan_month_no_day_twice EXCLUDE USING gist (
    textrange(plan_id, plan_id, '[]') WITH &&,
    daterange(first_day, last_day, '[]') WITH &&
  )
);
CREATE INDEX plan_month_untold ON plan_month (order_id) WHERE told_at IS NULL;
ALTER TABLE plan_month ADD CONSTRAINT plan_month_of_own_terms FOREIGN KEY (plan_id, terms_id) REFERENCES plan_terms (plan_id, id);
CREATE TRIGGER plan_month_never_changes BEFORE UPDATE ON plan_month FOR EACH ROW
WHEN (NEW.id <> OLD.id OR NEW.plan_id <> OLD.plan_id OR NEW.terms_id <> OLD.terms_id OR NEW.first_day <> OLD.first_day
  OR NEW.last_day <> OLD.last_day OR NEW.invoice IS DISTINCT FROM OLD.invoice OR NEW.order_id <> OLD.order_id OR OLD.told_at IS NOT NULL)
EXECUTE FUNCTION refuse('plan_month_never_changes');
CREATE TRIGGER plan_month_never_vanishes BEFORE DELETE ON plan_month
FOR EACH ROW EXECUTE FUNCTION refuse('plan_month_never_changes');

-- each try with a card that did not work, as the provider counts them
CREATE TABLE plan_failure (
  id TEXT PRIMARY KEY,
  plan_id TEXT NOT NULL REFERENCES plan (id),
  invoice TEXT NOT NULL,
  attempt BIGINT NOT NULL CHECK (attempt > 0),
  next_attempt_at TIMESTAMPTZ,
  at TIMESTAMPTZ NOT NULL,
  UNIQUE (invoice, attempt)
);
CREATE INDEX plan_failure_by_plan ON plan_failure (plan_id);

-- what the bill of a month said; the newest row of a month counts. An extra order covers what the month did not.
CREATE TABLE plan_bill (
  id TEXT PRIMARY KEY,
  plan_month_id TEXT NOT NULL REFERENCES plan_month (id),
  kwh TEXT NOT NULL,
  actual_g BIGINT NOT NULL CHECK (actual_g >= 0),
  order_id TEXT UNIQUE REFERENCES buyer_order (id),
  entered_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX plan_bill_by_month ON plan_bill (plan_month_id);
CREATE TRIGGER plan_bill_never_changes BEFORE UPDATE ON plan_bill FOR EACH ROW
WHEN (NEW.id <> OLD.id OR NEW.plan_month_id <> OLD.plan_month_id OR NEW.kwh <> OLD.kwh OR NEW.actual_g <> OLD.actual_g
  OR (OLD.order_id IS NOT NULL AND NEW.order_id <> OLD.order_id))
EXECUTE FUNCTION refuse('plan_bill_never_changes');
