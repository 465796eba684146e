-- The secrets of item codes and of shops lie sealed: `sealed_with` names the key. A secret without such a name is older than that
-- and stands as it is, until the sweep seals it.

ALTER TABLE item_batch DROP CONSTRAINT item_batch_secret_check;
ALTER TABLE item_batch ADD COLUMN sealed_with TEXT;
ALTER TABLE product_shop ADD COLUMN sealed_with TEXT;

-- a batch's secret never changes, only its seal: every printed code rests on it
DROP TRIGGER item_batch_is_frozen ON item_batch;
CREATE TRIGGER item_batch_is_frozen BEFORE UPDATE ON item_batch FOR EACH ROW
WHEN (NEW.id <> OLD.id OR NEW.tag <> OLD.tag OR NEW.product_id <> OLD.product_id OR NEW.period_id <> OLD.period_id
  OR NEW.name <> OLD.name OR NEW.made_on <> OLD.made_on OR NEW.items <> OLD.items
  OR (NEW.secret <> OLD.secret) <> (NEW.sealed_with IS DISTINCT FROM OLD.sealed_with))
EXECUTE FUNCTION refuse('item_batch_is_frozen');
