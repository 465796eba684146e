-- Mails, each decided on once. What was to be filled in may hold a secret link and is erased when the mail is settled.
CREATE TABLE mail (
  id TEXT PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  message TEXT NOT NULL,
  recipient TEXT NOT NULL,
  locale TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'kept', 'withheld', 'refused')),
  params TEXT,
  subject TEXT,
  body TEXT,
  refusal TEXT,
  created_at TIMESTAMP NOT NULL,
  settled_at TIMESTAMP,
  CHECK ((state = 'waiting') = (params IS NOT NULL)),
  CHECK ((state = 'waiting') = (settled_at IS NULL)),
  CHECK ((state = 'kept') = (subject IS NOT NULL)),
  CHECK ((state = 'kept') = (body IS NOT NULL)),
  CHECK ((state = 'refused') = (refusal IS NOT NULL))
);
CREATE INDEX mail_by_time ON mail (created_at);

CREATE TRIGGER mail_is_settled_once BEFORE UPDATE OF state ON mail
WHEN OLD.state <> 'waiting'
BEGIN
  SELECT RAISE(ABORT, 'mail_is_settled_once');
END;
