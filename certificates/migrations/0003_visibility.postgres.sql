-- What the public page of a certificate shows. Its owner may change it at any time; nothing that was signed depends on it.
-- A certificate without a row is listed and shows all its texts. Link codes are kept as hashes only.
CREATE TABLE certificate_visibility (
  certificate_id TEXT PRIMARY KEY REFERENCES certificate (id),
  link_code_sha256 TEXT CHECK (length(link_code_sha256) = 64),
  hidden_fields TEXT NOT NULL,
  hidden_until DATE
);
