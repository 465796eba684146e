-- People, organisations and what opens their doors: links, sessions, passkeys, codes, keys. Secrets stand here only as hashes,
-- except a one-time-code secret, which must be computed with. The audit trail can only grow, and each entry seals the one before it.

CREATE TABLE organisation (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL CHECK (trim(name) <> ''),
  provider_id TEXT UNIQUE REFERENCES provider (id),
  created_at TIMESTAMP NOT NULL
);

CREATE TABLE person (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT UNIQUE,
  locale TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  erased_at TIMESTAMP,
  CHECK ((email IS NULL) = (erased_at IS NOT NULL))
);

CREATE TABLE membership (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES person (id),
  organisation_id TEXT NOT NULL REFERENCES organisation (id),
  role TEXT NOT NULL CHECK (role IN ('owner', 'buyer', 'provider')),
  created_at TIMESTAMP NOT NULL,
  UNIQUE (person_id, organisation_id)
);
CREATE INDEX membership_by_organisation ON membership (organisation_id);

-- what a person may do for the service itself, whatever organisation it belongs to
CREATE TABLE service_role (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES person (id),
  role TEXT NOT NULL CHECK (role IN ('operator', 'auditor')),
  created_at TIMESTAMP NOT NULL,
  UNIQUE (person_id, role)
);

CREATE TABLE sign_in_link (
  id TEXT PRIMARY KEY,
  token_sha256 TEXT NOT NULL UNIQUE,
  browser_sha256 TEXT NOT NULL,
  email TEXT NOT NULL,
  locale TEXT NOT NULL,
  next_path TEXT,
  created_at TIMESTAMP NOT NULL,
  expires_at TIMESTAMP NOT NULL,
  used_at TIMESTAMP
);
CREATE INDEX sign_in_link_by_email ON sign_in_link (email, created_at);

CREATE TABLE invitation (
  id TEXT PRIMARY KEY,
  token_sha256 TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('owner', 'buyer', 'provider', 'operator', 'auditor')),
  organisation_id TEXT REFERENCES organisation (id),
  invited_by TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  expires_at TIMESTAMP NOT NULL,
  accepted_at TIMESTAMP,
  withdrawn_at TIMESTAMP,
  CHECK ((role IN ('operator', 'auditor')) = (organisation_id IS NULL)),
  CHECK (accepted_at IS NULL OR withdrawn_at IS NULL)
);
CREATE INDEX invitation_by_organisation ON invitation (organisation_id);

-- `organisation_id` is the one the person acts for at present
CREATE TABLE sign_in_session (
  id TEXT PRIMARY KEY,
  token_sha256 TEXT NOT NULL UNIQUE,
  person_id TEXT NOT NULL REFERENCES person (id),
  organisation_id TEXT REFERENCES organisation (id),
  device TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  last_seen_at TIMESTAMP NOT NULL,
  expires_at TIMESTAMP NOT NULL,
  second_factor_at TIMESTAMP
);
CREATE INDEX sign_in_session_by_person ON sign_in_session (person_id);

CREATE TABLE passkey (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES person (id),
  credential_id TEXT NOT NULL UNIQUE,
  public_key TEXT NOT NULL,
  sign_count INTEGER NOT NULL CHECK (typeof(sign_count) = 'integer'),
  name TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  last_used_at TIMESTAMP
);
CREATE INDEX passkey_by_person ON passkey (person_id);

-- what an authenticator was asked to sign, once, in one browser
CREATE TABLE passkey_challenge (
  id TEXT PRIMARY KEY,
  challenge TEXT NOT NULL UNIQUE,
  browser_sha256 TEXT NOT NULL,
  person_id TEXT REFERENCES person (id),
  expires_at TIMESTAMP NOT NULL
);

-- `last_step` is the newest 30-second step whose code was taken, so that no code is taken twice
CREATE TABLE one_time_code (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL UNIQUE REFERENCES person (id),
  secret TEXT NOT NULL,
  last_step INTEGER NOT NULL CHECK (typeof(last_step) = 'integer'),
  created_at TIMESTAMP NOT NULL,
  confirmed_at TIMESTAMP
);

CREATE TABLE recovery_code (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES person (id),
  code_sha256 TEXT NOT NULL,
  used_at TIMESTAMP,
  UNIQUE (person_id, code_sha256)
);

CREATE TABLE api_key (
  id TEXT PRIMARY KEY,
  organisation_id TEXT NOT NULL REFERENCES organisation (id),
  name TEXT NOT NULL CHECK (trim(name) <> ''),
  shown_part TEXT NOT NULL,
  secret_sha256 TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL,
  created_by TEXT NOT NULL REFERENCES person (id),
  created_at TIMESTAMP NOT NULL,
  expires_at TIMESTAMP,
  last_used_at TIMESTAMP,
  revoked_at TIMESTAMP
);
CREATE INDEX api_key_by_organisation ON api_key (organisation_id);

-- an order without a row here is a guest's and opens with its token alone
CREATE TABLE order_owner (
  order_id TEXT PRIMARY KEY REFERENCES buyer_order (id),
  organisation_id TEXT NOT NULL REFERENCES organisation (id),
  by_whom TEXT NOT NULL,
  since TIMESTAMP NOT NULL
);
CREATE INDEX order_owner_by_organisation ON order_owner (organisation_id, order_id);

CREATE TABLE kept_footprint (
  id TEXT PRIMARY KEY,
  organisation_id TEXT NOT NULL REFERENCES organisation (id),
  footprint_id TEXT NOT NULL REFERENCES footprint (id),
  kept_by TEXT NOT NULL,
  kept_at TIMESTAMP NOT NULL,
  UNIQUE (organisation_id, footprint_id)
);

-- who did what when. Persons stand here by id only, so that a name can be erased and the chain still holds.
CREATE TABLE audit_entry (
  position INTEGER PRIMARY KEY CHECK (typeof(position) = 'integer'),
  at TIMESTAMP NOT NULL,
  actor TEXT NOT NULL,
  organisation_id TEXT,
  act TEXT NOT NULL CHECK (act <> ''),
  subject TEXT NOT NULL,
  reason TEXT CHECK (reason IS NULL OR trim(reason) <> ''),
  detail TEXT NOT NULL,
  previous TEXT NOT NULL,
  seal TEXT NOT NULL UNIQUE
);
CREATE INDEX audit_entry_by_subject ON audit_entry (subject);

-- an act that one person proposes and another approves
CREATE TABLE proposal (
  id TEXT PRIMARY KEY,
  act TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (trim(reason) <> ''),
  state TEXT NOT NULL CHECK (state IN ('open', 'approved', 'refused', 'expired')),
  proposed_by TEXT NOT NULL,
  proposed_at TIMESTAMP NOT NULL,
  expires_at TIMESTAMP NOT NULL,
  decided_by TEXT,
  decided_at TIMESTAMP,
  CHECK ((state IN ('approved', 'refused')) = (decided_by IS NOT NULL)),
  CHECK ((state = 'open') = (decided_at IS NULL)),
  CONSTRAINT two_persons CHECK (decided_by IS NULL OR state <> 'approved' OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX proposal_one_open_per_subject ON proposal (act, subject) WHERE state = 'open';

INSERT INTO state_move (machine, from_state, to_state) VALUES
  ('proposal', 'open', 'approved'),
  ('proposal', 'open', 'refused'),
  ('proposal', 'open', 'expired');

CREATE TRIGGER proposal_moves BEFORE UPDATE ON proposal
BEGIN
  SELECT RAISE(ABORT, 'proposal_moves') WHERE OLD.state <> 'open' OR (NEW.state <> OLD.state AND NOT EXISTS (
    SELECT 1 FROM state_move WHERE machine = 'proposal' AND from_state = OLD.state AND to_state = NEW.state));
END;
CREATE TRIGGER proposal_is_frozen BEFORE UPDATE ON proposal
WHEN NEW.id <> OLD.id OR NEW.act <> OLD.act OR NEW.subject <> OLD.subject OR NEW.detail <> OLD.detail OR NEW.reason <> OLD.reason
  OR NEW.proposed_by <> OLD.proposed_by OR NEW.proposed_at <> OLD.proposed_at OR NEW.expires_at <> OLD.expires_at
BEGIN
  SELECT RAISE(ABORT, 'proposal_is_frozen');
END;
CREATE TRIGGER proposal_never_vanishes BEFORE DELETE ON proposal
BEGIN
  SELECT RAISE(ABORT, 'proposal_never_vanishes');
END;

CREATE TRIGGER audit_entry_continues BEFORE INSERT ON audit_entry
BEGIN
  SELECT RAISE(ABORT, 'audit_entry_continues') WHERE NEW.position <> COALESCE((SELECT max(position) FROM audit_entry), 0) + 1
    OR NEW.previous <> COALESCE((SELECT seal FROM audit_entry ORDER BY position DESC LIMIT 1), '');
END;
CREATE TRIGGER audit_entry_never_changes BEFORE UPDATE ON audit_entry
BEGIN
  SELECT RAISE(ABORT, 'audit_entry_never_changes');
END;
CREATE TRIGGER audit_entry_never_vanishes BEFORE DELETE ON audit_entry
BEGIN
  SELECT RAISE(ABORT, 'audit_entry_never_vanishes');
END;

CREATE TRIGGER last_owner_stays_update BEFORE UPDATE ON membership
WHEN OLD.role = 'owner' AND (NEW.role <> 'owner' OR NEW.organisation_id <> OLD.organisation_id)
BEGIN
  SELECT RAISE(ABORT, 'last_owner_stays') WHERE NOT EXISTS (
    SELECT 1 FROM membership WHERE organisation_id = OLD.organisation_id AND role = 'owner' AND id <> OLD.id)
    AND EXISTS (SELECT 1 FROM membership WHERE organisation_id = OLD.organisation_id);
END;
-- the very last member may go, for instance when a person is erased
CREATE TRIGGER last_owner_stays_delete BEFORE DELETE ON membership
WHEN OLD.role = 'owner'
BEGIN
  SELECT RAISE(ABORT, 'last_owner_stays') WHERE NOT EXISTS (
    SELECT 1 FROM membership WHERE organisation_id = OLD.organisation_id AND role = 'owner' AND id <> OLD.id)
    AND EXISTS (SELECT 1 FROM membership WHERE organisation_id = OLD.organisation_id AND id <> OLD.id);
END;
CREATE TRIGGER order_owner_stays BEFORE UPDATE ON order_owner
BEGIN
  SELECT RAISE(ABORT, 'order_owner_stays');
END;
CREATE TRIGGER order_owner_never_vanishes BEFORE DELETE ON order_owner
BEGIN
  SELECT RAISE(ABORT, 'order_owner_never_vanishes');
END;
CREATE TRIGGER invitation_is_used_once BEFORE UPDATE ON invitation
WHEN OLD.accepted_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'invitation_is_used_once');
END;
CREATE TRIGGER sign_in_link_is_used_once BEFORE UPDATE ON sign_in_link
WHEN OLD.used_at IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'sign_in_link_is_used_once');
END;
CREATE TRIGGER api_key_stays_revoked BEFORE UPDATE ON api_key
WHEN OLD.revoked_at IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'api_key_stays_revoked');
END;
