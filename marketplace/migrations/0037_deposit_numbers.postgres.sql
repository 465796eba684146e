-- Under which number of its own a caller began a deposit, so that a repetition finds it instead of beginning another.
ALTER TABLE balance_deposit ADD COLUMN external_id TEXT;
CREATE UNIQUE INDEX balance_deposit_of_number ON balance_deposit (organisation_id, external_id);
CREATE TRIGGER balance_deposit_keeps_its_number BEFORE UPDATE ON balance_deposit FOR EACH ROW
WHEN (NEW.external_id IS DISTINCT FROM OLD.external_id)
EXECUTE FUNCTION refuse('balance_deposit_keeps_its_number');
