-- Activity files that are computed in the background, found again by their address, and what people write to the operator.

CREATE TABLE bulk_run (
  id TEXT PRIMARY KEY,
  organisation_id TEXT REFERENCES organisation (id),
  file_name TEXT NOT NULL,
  bytes BIGINT NOT NULL CHECK (bytes >= 0),
  state TEXT NOT NULL CHECK (state IN ('receiving', 'waiting', 'running', 'done', 'refused', 'failed')),
  received_at TIMESTAMP NOT NULL,
  started_at TIMESTAMP,
  finished_at TIMESTAMP,
  worked_on_until TIMESTAMP,
  token TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  result TEXT,
  expires_at TIMESTAMP NOT NULL,
  CHECK ((state IN ('done', 'refused', 'failed')) = (finished_at IS NOT NULL)),
  CHECK (state NOT IN ('done', 'refused') OR result IS NOT NULL)
);
CREATE INDEX bulk_run_of_organisation ON bulk_run (organisation_id, id);
CREATE INDEX bulk_run_under_way ON bulk_run (state) WHERE finished_at IS NULL;
CREATE INDEX bulk_run_by_age ON bulk_run (expires_at);

CREATE TABLE bulk_piece (
  run_id TEXT NOT NULL REFERENCES bulk_run (id) ON DELETE CASCADE,
  file TEXT NOT NULL CHECK (file IN ('source', 'totals', 'rejected')),
  number INTEGER NOT NULL CHECK (number >= 0),
  content BLOB NOT NULL,
  PRIMARY KEY (run_id, file, number)
);

CREATE TABLE contact_message (
  id TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  topic TEXT NOT NULL,
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  about TEXT NOT NULL,
  body TEXT NOT NULL,
  locale TEXT NOT NULL,
  suspect INTEGER NOT NULL,
  sent_at TIMESTAMP NOT NULL,
  settled_at TIMESTAMP,
  settled_by TEXT,
  CHECK ((settled_at IS NULL) = (settled_by IS NULL))
);
CREATE INDEX contact_message_open ON contact_message (sent_at) WHERE settled_at IS NULL;
