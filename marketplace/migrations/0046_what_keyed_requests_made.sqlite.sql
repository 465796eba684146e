-- What a request under a key has made, written with the thing itself: after a crash the same request finds it.
CREATE TABLE keyed_effect (
  request_id TEXT PRIMARY KEY REFERENCES keyed_request (id),
  made_id TEXT NOT NULL
);
CREATE TRIGGER keyed_effect_never_changes BEFORE UPDATE ON keyed_effect
BEGIN
  SELECT RAISE(ABORT, 'keyed_effect_never_changes');
END;
CREATE TRIGGER keyed_effect_stays BEFORE DELETE ON keyed_effect
BEGIN
  SELECT RAISE(ABORT, 'keyed_effect_stays');
END;
