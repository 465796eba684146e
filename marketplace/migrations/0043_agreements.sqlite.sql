-- Which version of the terms and of the text about personal data somebody agreed to, when, and in which language it was read.
CREATE TABLE agreement (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES person (id),
  document TEXT NOT NULL CHECK (document IN ('terms', 'privacy')),
  version TEXT NOT NULL CHECK (trim(version) <> ''),
  locale TEXT NOT NULL,
  agreed_at TIMESTAMP NOT NULL,
  UNIQUE (person_id, document, version)
);
CREATE TRIGGER agreement_never_changes BEFORE UPDATE ON agreement
BEGIN
  SELECT RAISE(ABORT, 'agreement_never_changes');
END;
CREATE TRIGGER agreement_never_vanishes BEFORE DELETE ON agreement
BEGIN
  SELECT RAISE(ABORT, 'agreement_never_changes');
END;
