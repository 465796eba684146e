-- What providers bring in and on which terms they sell it: the registry's marks of a block, JCM attributes, the files that were
-- imported, and until when and for which uses a listing is offered.

ALTER TABLE block ADD COLUMN scheme_symbol TEXT;
ALTER TABLE block ADD COLUMN credit_symbol TEXT;
ALTER TABLE block ADD COLUMN jcm_side TEXT CHECK (jcm_side IN ('japan', 'partner'));
ALTER TABLE block ADD COLUMN jcm_authorised INTEGER CHECK (jcm_authorised IN (0, 1));
ALTER TABLE block ADD COLUMN corresponding_adjustment TEXT
  CHECK (corresponding_adjustment IN ('not_applicable', 'due', 'applied'));

-- what stands in the registry is brought in once and never rewritten; only the tiling counter moves
CREATE TRIGGER block_facts_never_change BEFORE UPDATE OF registry, project_key, methodology, credit_kind, certification_number,
  serial_prefix, serial_width, first_serial, last_serial, vintages, mwh, gj, scheme_symbol, credit_symbol, jcm_side, jcm_authorised,
  corresponding_adjustment ON block
BEGIN
  SELECT RAISE(ABORT, 'block_facts_never_change');
END;

-- `uses` is a JSON list of purposes, NULL for all; the days are Japan time, both included
ALTER TABLE listing ADD COLUMN uses TEXT;
ALTER TABLE listing ADD COLUMN opens_on DATE;
ALTER TABLE listing ADD COLUMN closes_on DATE CHECK (opens_on IS NULL OR closes_on IS NULL OR opens_on <= closes_on);

CREATE TABLE holding_import (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES registry_account (id),
  sha256 TEXT NOT NULL,
  file_name TEXT NOT NULL,
  imported_by TEXT NOT NULL,
  imported_at TIMESTAMP NOT NULL,
  new_rows INTEGER NOT NULL CHECK (typeof(new_rows) = 'integer' AND new_rows >= 0),
  known_rows INTEGER NOT NULL CHECK (typeof(known_rows) = 'integer' AND known_rows >= 0),
  refused_rows INTEGER NOT NULL CHECK (typeof(refused_rows) = 'integer' AND refused_rows >= 0)
);
CREATE INDEX holding_import_by_account ON holding_import (account_id, imported_at);
