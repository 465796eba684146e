-- How much of a policy's allowance a caller has used up in a window, over all processes. Rows of past windows are deleted.

CREATE TABLE allowance (
  policy TEXT NOT NULL,
  caller TEXT NOT NULL,
  window_number BIGINT NOT NULL,
  taken BIGINT NOT NULL CHECK (taken > 0),
  PRIMARY KEY (policy, caller, window_number)
);
CREATE INDEX allowance_by_window ON allowance (policy, window_number);
