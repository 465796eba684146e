-- Requests made under an idempotency key. A key means one request for ever; an answer once given never changes.

CREATE TABLE keyed_request (
  id TEXT PRIMARY KEY,
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  request_sha256 TEXT NOT NULL,
  lease_token TEXT NOT NULL,
  lease_until TIMESTAMP NOT NULL,
  status INTEGER CHECK (typeof(status) IN ('integer', 'null')) CHECK (status BETWEEN 200 AND 499),
  headers TEXT,
  body BLOB,
  created_at TIMESTAMP NOT NULL,
  answered_at TIMESTAMP,
  UNIQUE (scope, key),
  CHECK ((status IS NULL) = (answered_at IS NULL)),
  CHECK ((status IS NULL) = (body IS NULL)),
  CHECK ((status IS NULL) = (headers IS NULL))
);
CREATE TRIGGER keyed_request_answer_stays BEFORE UPDATE ON keyed_request
WHEN OLD.answered_at IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'keyed_request_answer_stays');
END;
CREATE TRIGGER keyed_request_means_one_request BEFORE UPDATE ON keyed_request
WHEN NEW.id <> OLD.id OR NEW.scope <> OLD.scope OR NEW.key <> OLD.key OR NEW.request_sha256 <> OLD.request_sha256
BEGIN
  SELECT RAISE(ABORT, 'keyed_request_means_one_request');
END;
CREATE TRIGGER keyed_request_stays BEFORE DELETE ON keyed_request
BEGIN
  SELECT RAISE(ABORT, 'keyed_request_stays');
END;
