-- What was left of a gift and went back to the giver, but was sent back by the bank: it lies on the gift's balance again, and
-- another return may follow.

CREATE TABLE plan_return_bounce (
  return_id TEXT PRIMARY KEY REFERENCES plan_return (id),
  provider_refund TEXT NOT NULL UNIQUE,
  heard_at TIMESTAMP NOT NULL
);
CREATE TRIGGER plan_return_bounces_after_it_went BEFORE INSERT ON plan_return_bounce
BEGIN
  SELECT RAISE(ABORT, 'plan_return_bounces_after_it_went')
    WHERE NOT EXISTS (SELECT 1 FROM plan_return WHERE id = NEW.return_id AND returned_at IS NOT NULL);
END;
CREATE TRIGGER plan_return_bounce_is_final BEFORE UPDATE ON plan_return_bounce
BEGIN
  SELECT RAISE(ABORT, 'plan_return_bounce_is_final');
END;
CREATE TRIGGER plan_return_bounce_never_vanishes BEFORE DELETE ON plan_return_bounce
BEGIN
  SELECT RAISE(ABORT, 'plan_return_bounce_is_final');
END;
DROP TRIGGER plan_return_within_gift;
CREATE TRIGGER plan_return_within_gift BEFORE INSERT ON plan_return
BEGIN
  SELECT RAISE(ABORT, 'plan_return_within_gift') WHERE NEW.amount_yen
    + (SELECT COALESCE(SUM(amount_yen), 0) FROM plan_return r WHERE plan_id = NEW.plan_id
       AND NOT EXISTS (SELECT 1 FROM plan_return_bounce b WHERE b.return_id = r.id))
    > (SELECT amount_yen FROM plan_gift WHERE plan_id = NEW.plan_id);
END;
