-- Plans given to somebody else: paid once, delivered month by month out of a prepaid balance. What is left when the plan ends
-- goes back the way it came.

CREATE TABLE plan_gift (
  plan_id TEXT PRIMARY KEY REFERENCES plan (id),
  provider_payment TEXT NOT NULL UNIQUE,
  amount_yen INTEGER NOT NULL CHECK (typeof(amount_yen) = 'integer' AND amount_yen > 0),
  captured_at TIMESTAMP NOT NULL
);
CREATE TRIGGER plan_gift_never_changes BEFORE UPDATE ON plan_gift
BEGIN
  SELECT RAISE(ABORT, 'plan_gift_never_changes');
END;
CREATE TRIGGER plan_gift_never_vanishes BEFORE DELETE ON plan_gift
BEGIN
  SELECT RAISE(ABORT, 'plan_gift_never_changes');
END;

CREATE TABLE plan_return (
  id TEXT PRIMARY KEY,
  plan_id TEXT NOT NULL REFERENCES plan_gift (plan_id),
  amount_yen INTEGER NOT NULL CHECK (typeof(amount_yen) = 'integer' AND amount_yen > 0),
  requested_at TIMESTAMP NOT NULL,
  returned_at TIMESTAMP
);
CREATE INDEX plan_return_by_plan ON plan_return (plan_id);
CREATE TRIGGER plan_return_within_gift BEFORE INSERT ON plan_return
BEGIN
  SELECT RAISE(ABORT, 'plan_return_within_gift') WHERE NEW.amount_yen
    + (SELECT COALESCE(SUM(amount_yen), 0) FROM plan_return WHERE plan_id = NEW.plan_id)
    > (SELECT amount_yen FROM plan_gift WHERE plan_id = NEW.plan_id);
END;
CREATE TRIGGER plan_return_is_final BEFORE UPDATE ON plan_return
WHEN OLD.returned_at IS NOT NULL OR NEW.id <> OLD.id OR NEW.plan_id <> OLD.plan_id OR NEW.amount_yen <> OLD.amount_yen
BEGIN
  SELECT RAISE(ABORT, 'plan_return_is_final');
END;
CREATE TRIGGER plan_return_never_vanishes BEFORE DELETE ON plan_return
BEGIN
  SELECT RAISE(ABORT, 'plan_return_is_final');
END;
