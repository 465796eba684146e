-- What an organisation is told of its own orders, certificates, products and plans: events, and the webhooks that carry them.

-- What happened and has not been told yet; written in the transaction in which it happened.
CREATE TABLE untold (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  organisation_id TEXT NOT NULL REFERENCES organisation (id),
  source TEXT NOT NULL CHECK (source IN ('time_line', 'use_case')),
  subject TEXT NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  at TIMESTAMP NOT NULL
);

-- one writer per organisation at a time, so that no event appears behind one that was read already
CREATE TABLE event_counter (
  organisation_id TEXT PRIMARY KEY REFERENCES organisation (id),
  last_position INTEGER NOT NULL CHECK (typeof(last_position) = 'integer')
);

CREATE TABLE event (
  id TEXT PRIMARY KEY,
  organisation_id TEXT NOT NULL REFERENCES organisation (id),
  position INTEGER NOT NULL CHECK (typeof(position) = 'integer'),
  type TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  at TIMESTAMP NOT NULL,
  told_at TIMESTAMP NOT NULL,
  UNIQUE (organisation_id, position)
);
CREATE INDEX event_by_time ON event (told_at);
CREATE TRIGGER event_never_changes BEFORE UPDATE ON event
BEGIN
  SELECT RAISE(ABORT, 'event_never_changes');
END;

CREATE TABLE webhook_endpoint (
  id TEXT PRIMARY KEY,
  organisation_id TEXT NOT NULL REFERENCES organisation (id),
  url TEXT NOT NULL,
  description TEXT NOT NULL,
  types TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  disabled_at TIMESTAMP,
  disabled_because TEXT CHECK (disabled_because IN ('gone', 'failing', 'by_owner')),
  last_success_at TIMESTAMP,
  paused_until TIMESTAMP,
  busy_until TIMESTAMP,
  busy_token TEXT,
  UNIQUE (organisation_id, url),
  CHECK ((disabled_at IS NULL) = (disabled_because IS NULL))
);

-- after a rotation the old secret signs beside the new one until `ends_at`
CREATE TABLE webhook_secret (
  id TEXT PRIMARY KEY,
  endpoint_id TEXT NOT NULL REFERENCES webhook_endpoint (id) ON DELETE CASCADE,
  secret TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  ends_at TIMESTAMP
);
CREATE UNIQUE INDEX webhook_secret_one_without_end ON webhook_secret (endpoint_id) WHERE ends_at IS NULL;

CREATE TABLE webhook_delivery (
  id TEXT PRIMARY KEY,
  endpoint_id TEXT NOT NULL REFERENCES webhook_endpoint (id) ON DELETE CASCADE,
  event_id TEXT NOT NULL REFERENCES event (id) ON DELETE CASCADE,
  position INTEGER NOT NULL CHECK (typeof(position) = 'integer'),
  subject TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up')),
  attempts INTEGER NOT NULL CHECK (typeof(attempts) = 'integer') CHECK (attempts BETWEEN 0 AND 10),
  begun_at TIMESTAMP,
  next_at TIMESTAMP,
  settled_at TIMESTAMP,
  UNIQUE (endpoint_id, event_id),
  CHECK ((state = 'waiting') = (settled_at IS NULL)),
  CHECK ((state = 'waiting') = (next_at IS NOT NULL))
);
CREATE INDEX webhook_delivery_waiting ON webhook_delivery (endpoint_id, subject, position) WHERE state = 'waiting';
CREATE INDEX webhook_delivery_due ON webhook_delivery (next_at) WHERE state = 'waiting';
CREATE INDEX webhook_delivery_by_event ON webhook_delivery (event_id);

-- written before the request leaves; without an outcome the process ended in between
CREATE TABLE webhook_attempt (
  id TEXT PRIMARY KEY,
  delivery_id TEXT NOT NULL REFERENCES webhook_delivery (id) ON DELETE CASCADE,
  at TIMESTAMP NOT NULL,
  outcome TEXT,
  status INTEGER CHECK (typeof(status) IN ('integer', 'null')),
  duration_ms INTEGER CHECK (typeof(duration_ms) IN ('integer', 'null')),
  snippet TEXT NOT NULL
);
CREATE INDEX webhook_attempt_by_delivery ON webhook_attempt (delivery_id);

-- Whatever an order's time line says, its organisation is told: no use case can forget it.
CREATE TRIGGER order_event_is_told AFTER INSERT ON order_event
BEGIN
  INSERT INTO untold (organisation_id, source, subject, kind, detail, at)
  SELECT organisation_id, 'time_line', NEW.order_id, NEW.kind, NEW.detail, NEW.at
    FROM order_owner WHERE order_id = NEW.order_id;
END;
