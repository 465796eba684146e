-- Which version of the terms and of the text about personal data somebody agreed to, when, and in which language it was read.
CREATE TABLE agreement (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES person (id),
  document TEXT NOT NULL CHECK (document IN ('terms', 'privacy')),
  version TEXT NOT NULL CHECK (trim(version) <> ''),
  locale TEXT NOT NULL,
  agreed_at TIMESTAMPTZ NOT NULL,
  UNIQUE (person_id, document, version)
);
CREATE TRIGGER agreement_never_changes BEFORE UPDATE OR DELETE ON agreement
FOR EACH ROW EXECUTE FUNCTION refuse('agreement_never_changes');
