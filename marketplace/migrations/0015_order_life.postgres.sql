-- A request that has not left us yet may be taken back by the buyer; an order may cover what an earlier one left open.
INSERT INTO state_move (machine, from_state, to_state) VALUES ('retirement', 'queued', 'rejected');

ALTER TABLE quote ADD COLUMN tops_up TEXT REFERENCES buyer_order (id);
