-- Plans given to somebody else: paid once, delivered month by month out of a prepaid balance. What is left when the plan ends
-- goes back the way it came.

CREATE TABLE plan_gift (
  plan_id TEXT PRIMARY KEY REFERENCES plan (id),
  provider_payment TEXT NOT NULL UNIQUE,
  amount_yen BIGINT NOT NULL CHECK (amount_yen > 0),
  captured_at TIMESTAMPTZ NOT NULL
);
CREATE TRIGGER plan_gift_never_changes BEFORE UPDATE OR DELETE ON plan_gift
FOR EACH ROW EXECUTE FUNCTION refuse('plan_gift_never_changes');

CREATE TABLE plan_return (
  id TEXT PRIMARY KEY,
  plan_id TEXT NOT NULL REFERENCES plan_gift (plan_id),
  amount_yen BIGINT NOT NULL CHECK (amount_yen > 0),
  requested_at TIMESTAMPTZ NOT NULL,
  returned_at TIMESTAMPTZ
);
CREATE INDEX plan_return_by_plan ON plan_return (plan_id);
CREATE FUNCTION plan_return_within_gift() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- returns of one gift queue here
  PERFORM 1 FROM plan_gift WHERE plan_id = NEW.plan_id FOR UPDATE;
  IF NEW.amount_yen + (SELECT COALESCE(SUM(amount_yen), 0) FROM plan_return WHERE plan_id = NEW.plan_id)
    > (SELECT amount_yen FROM plan_gift WHERE plan_id = NEW.plan_id) THEN
    RAISE EXCEPTION USING MESSAGE = 'plan_return_within_gift', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER plan_return_within_gift BEFORE INSERT ON plan_return
FOR EACH ROW EXECUTE FUNCTION plan_return_within_gift();
CREATE TRIGGER plan_return_is_final BEFORE UPDATE ON plan_return FOR EACH ROW
WHEN (OLD.returned_at IS NOT NULL OR NEW.id <> OLD.id OR NEW.plan_id <> OLD.plan_id OR NEW.amount_yen <> OLD.amount_yen)
EXECUTE FUNCTION refuse('plan_return_is_final');
CREATE TRIGGER plan_return_never_vanishes BEFORE DELETE ON plan_return
FOR EACH ROW EXECUTE FUNCTION refuse('plan_return_is_final');
