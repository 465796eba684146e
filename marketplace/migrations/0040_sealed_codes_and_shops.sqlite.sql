-- The secrets of item codes and of shops lie sealed: `sealed_with` names the key. A secret without such a name is older than that
-- and stands as it is, until the sweep seals it.

DROP TRIGGER item_batch_is_frozen;
-- the column takes its check of 64 characters with it
ALTER TABLE item_batch ADD COLUMN sealed_secret TEXT NOT NULL DEFAULT '';
UPDATE item_batch SET sealed_secret = secret;
ALTER TABLE item_batch DROP COLUMN secret;
ALTER TABLE item_batch RENAME COLUMN sealed_secret TO secret;
ALTER TABLE item_batch ADD COLUMN sealed_with TEXT;
ALTER TABLE product_shop ADD COLUMN sealed_with TEXT;

-- a batch's secret never changes, only its seal: every printed code rests on it
CREATE TRIGGER item_batch_is_frozen BEFORE UPDATE ON item_batch
WHEN NEW.id <> OLD.id OR NEW.tag <> OLD.tag OR NEW.product_id <> OLD.product_id OR NEW.period_id <> OLD.period_id
  OR NEW.name <> OLD.name OR NEW.made_on <> OLD.made_on OR NEW.items <> OLD.items
  OR (NEW.secret <> OLD.secret) <> (NEW.sealed_with IS NOT OLD.sealed_with)
BEGIN
  SELECT RAISE(ABORT, 'item_batch_is_frozen');
END;
