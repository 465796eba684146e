-- The rules are the same, looked up by index instead of by reading every interval or retirement there is. PostgreSQL needs no
-- such file: its exclusion constraint is an index, and it sees by itself that a confirmed retirement is not a rejected one.

CREATE INDEX interval_by_serial ON unit_interval (block_id, first_serial);

-- Intervals of a block never overlap, so only the last one that begins before the new one's end can touch it.
DROP TRIGGER interval_no_overlap_insert;
CREATE TRIGGER interval_no_overlap_insert BEFORE INSERT ON unit_interval
BEGIN
  SELECT RAISE(ABORT, 'interval_no_overlap') WHERE NEW.first_serial <= (
    SELECT last_serial FROM unit_interval WHERE block_id = NEW.block_id AND first_serial <= NEW.last_serial
    ORDER BY first_serial DESC LIMIT 1);
END;
DROP TRIGGER interval_no_overlap_update;
CREATE TRIGGER interval_no_overlap_update BEFORE UPDATE OF block_id, first_serial, last_serial ON unit_interval
BEGIN
  SELECT RAISE(ABORT, 'interval_no_overlap') WHERE NEW.first_serial <= (
    SELECT last_serial FROM unit_interval WHERE block_id = NEW.block_id AND first_serial <= NEW.last_serial AND id <> NEW.id
    ORDER BY first_serial DESC LIMIT 1);
END;

-- SQLite takes the index of live retirements only where the statement repeats the index's own condition.
DROP TRIGGER interval_cancelled_with_notice;
CREATE TRIGGER interval_cancelled_with_notice BEFORE UPDATE OF state ON unit_interval
WHEN NEW.state = 'cancelled' AND OLD.state <> 'cancelled'
BEGIN
  SELECT RAISE(ABORT, 'interval_cancelled_with_notice') WHERE NOT EXISTS (
    SELECT 1 FROM retirement WHERE interval_id = NEW.id AND state <> 'rejected' AND state = 'confirmed');
END;
