-- The Idempotency-Key under which an organisation placed an order that also has a number of its own, so that it is found by both.
CREATE TABLE order_key (
  order_id TEXT PRIMARY KEY REFERENCES buyer_order (id),
  organisation_id TEXT NOT NULL REFERENCES organisation (id),
  idempotency_key TEXT NOT NULL
);
CREATE INDEX order_key_by_key ON order_key (organisation_id, idempotency_key);

-- What shall happen to an order in a sandbox. A fault strikes one application, the first: `struck` is its reference.
CREATE TABLE sandbox_wish (
  order_id TEXT PRIMARY KEY REFERENCES buyer_order (id),
  payment TEXT CHECK (payment IN ('paid', 'declined_card')),
  registry TEXT CHECK (registry IN ('closed_at_night', 'timeout_after_commit', 'partial_acceptance', 'serial_clash')),
  struck TEXT UNIQUE,
  CHECK (payment IS NOT NULL OR registry IS NOT NULL)
);
