-- Who has the host's turn; NULL: nobody, and next_request_at is the end of a pause.
-- depends: 0002_ledger_move

ALTER TABLE hosts ADD COLUMN held_by text;
