-- A list of holdings that was checked and not yet brought in, kept so that nobody has to choose the file twice; a day at most.

CREATE TABLE checked_list (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES registry_account (id),
  file_name TEXT NOT NULL,
  content BLOB NOT NULL,
  checked_by TEXT NOT NULL,
  checked_at TIMESTAMP NOT NULL
);
CREATE INDEX checked_list_by_age ON checked_list (checked_at);
