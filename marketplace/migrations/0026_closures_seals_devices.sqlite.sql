-- What operators have closed for now; a name stands here while it is closed. Who closed it and why is in the audit trail.

CREATE TABLE closure (
  name TEXT PRIMARY KEY CHECK (trim(name) <> ''),
  closed_at TIMESTAMP NOT NULL,
  opens_at TIMESTAMP,
  CHECK (opens_at IS NULL OR opens_at > closed_at)
);

-- The key that the secret of an authenticator app is sealed with; NULL until a secret of older days is sealed.
ALTER TABLE one_time_code ADD COLUMN sealed_with TEXT;
CREATE INDEX one_time_code_by_seal ON one_time_code (sealed_with);

-- Browsers that somebody has signed in with, by the hash of a random mark: another one is told to its owner by mail.
CREATE TABLE known_device (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES person (id),
  mark_sha256 TEXT NOT NULL,
  first_seen_at TIMESTAMP NOT NULL,
  last_seen_at TIMESTAMP NOT NULL,
  UNIQUE (person_id, mark_sha256)
);
CREATE INDEX known_device_by_age ON known_device (last_seen_at);
