-- Factors that turned out wrong (kept for ever), and calculator forms that a visitor wants to continue (until they expire).

CREATE TABLE factor_recall (
  id TEXT PRIMARY KEY,
  factor_id TEXT NOT NULL CHECK (factor_id <> ''),
  reason TEXT NOT NULL CHECK (trim(reason) <> ''),
  corrected_value TEXT,
  recalled_at TIMESTAMP NOT NULL
);
CREATE INDEX factor_recall_by_factor ON factor_recall (factor_id);
CREATE TRIGGER factor_recall_never_changes BEFORE UPDATE ON factor_recall
BEGIN
  SELECT RAISE(ABORT, 'factor_recall_never_changes');
END;
CREATE TRIGGER factor_recall_never_vanishes BEFORE DELETE ON factor_recall
BEGIN
  SELECT RAISE(ABORT, 'factor_recall_never_vanishes');
END;

CREATE TABLE footprint_draft (
  id TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  typed TEXT NOT NULL,
  expires_at TIMESTAMP NOT NULL
);
CREATE INDEX footprint_draft_by_expiry ON footprint_draft (expires_at);
