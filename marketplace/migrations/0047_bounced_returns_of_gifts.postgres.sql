-- What was left of a gift and went back to the giver, but was sent back by the bank: it lies on the gift's balance again, and
-- another return may follow.

CREATE TABLE plan_return_bounce (
  return_id TEXT PRIMARY KEY REFERENCES plan_return (id),
  provider_refund TEXT NOT NULL UNIQUE,
  heard_at TIMESTAMPTZ NOT NULL
);
CREATE FUNCTION plan_return_bounces_after_it_went() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM plan_return WHERE id = NEW.return_id AND returned_at IS NOT NULL) THEN
    RAISE EXCEPTION USING MESSAGE = 'plan_return_bounces_after_it_went', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER plan_return_bounces_after_it_went BEFORE INSERT ON plan_return_bounce
FOR EACH ROW EXECUTE FUNCTION plan_return_bounces_after_it_went();
CREATE TRIGGER plan_return_bounce_is_final BEFORE UPDATE OR DELETE ON plan_return_bounce
FOR EACH ROW EXECUTE FUNCTION refuse('plan_return_bounce_is_final');
CREATE OR REPLACE FUNCTION plan_return_within_gift() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- returns of one gift queue here
  PERFORM 1 FROM plan_gift WHERE plan_id = NEW.plan_id FOR UPDATE;
  IF NEW.amount_yen + (SELECT COALESCE(SUM(amount_yen), 0) FROM plan_return r WHERE plan_id = NEW.plan_id
      AND NOT EXISTS (SELECT 1 FROM plan_return_bounce b WHERE b.return_id = r.id))
    > (SELECT amount_yen FROM plan_gift WHERE plan_id = NEW.plan_id) THEN
    RAISE EXCEPTION USING MESSAGE = 'plan_return_within_gift', ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
